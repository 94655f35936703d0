// SPDX-License-Identifier: LGPL-2.1-or-later
/* What a sink may send to the port of reports. */
#include "fuzz.h"
#include "rtp-sockets.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rtcp_counters counters = { 0 };

	rtcp_count(data, size, &counters);
	/* Each packet has 8 bytes at least. */
	g_assert_cmpuint(counters.reports + counters.feedback, <=, size / 8);
	g_assert_cmpuint(counters.invalid, <=, 1);
	g_assert_cmpint(ABS(counters.lost), <=, 0x800000);
	return 0;
}
