/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What wpa_supplicant's control socket answers about a peer: whatever number comes of it is in there. */
#include <string.h>

#include "fuzz.h"
#include "wpa-peer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *answer = g_strndup((const char *)data, size);

	for (int owner = 0; owner < 2; owner++) {
		guint mhz = wpa_peer_frequency(answer, owner);
		g_autofree char *digits = g_strdup_printf("%u", mhz);

		g_assert_cmpuint(mhz, <=, 100000);
		g_assert_true(mhz == 0 || strstr(answer, digits));
	}
	return 0;
}
