// SPDX-License-Identifier: LGPL-2.1-or-later
/* A slice of as many macroblocks as the first two bytes say: what is written like it is short, and needs no escapes. */
#include <string.h>

#include "fuzz.h"
#include "h264-repeat.h"

/* Start code, delimiter, start code. */
#define HEAD 10

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct h264_repeat repeat = { 0 };
	guint8 out[H264_REPEAT_MAX];
	gsize written;
	guint mbs;

	if (size < 2)
		return 0;
	/* No larger than pictures are. */
	mbs = (data[0] << 8 | data[1]) % 40000;
	h264_repeat_learn(&repeat, data + 2, size - 2, mbs);
	written = h264_repeat_write(&repeat, mbs, out);
	g_assert_cmpint(written > 0, ==, repeat.known);
	g_assert_cmpuint(written, <=, sizeof(out));
	for (gsize i = HEAD; i + 2 < written; i++)
		g_assert_false(!out[i] && !out[i + 1] && out[i + 2] <= 3);
	if (written)
		g_assert_cmpint(out[written - 1], !=, 0);
	return 0;
}
