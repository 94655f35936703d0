/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An access unit from an encoder: what comes out says no more that its rate is fixed, and is else as it was. */
#include "fuzz.h"
#include "h264-sps.h"

/* Without emulation prevention bytes. */
static GByteArray *plain(const guint8 *data, gsize size)
{
	GByteArray *bytes = g_byte_array_new();
	guint zeros = 0;

	for (gsize i = 0; i < size; i++) {
		if (zeros >= 2 && data[i] == 3) {
			zeros = 0;
			continue;
		}
		zeros = data[i] ? 0 : zeros + 1;
		g_byte_array_append(bytes, data + i, 1);
	}
	return bytes;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(GByteArray) out = g_byte_array_new();
	g_autoptr(GByteArray) again = g_byte_array_new();

	if (!wfd_h264_clear_fixed_rate(data, size, out)) {
		g_assert_cmpuint(out->len, ==, 0);
		return 0;
	}
	g_assert_cmpuint(out->len, <=, size + 2);
	g_assert_false(wfd_h264_clear_fixed_rate(out->data, out->len, again));
	{
		g_autoptr(GByteArray) before = plain(data, size);
		g_autoptr(GByteArray) after = plain(out->data, out->len);
		guint bits = 0;

		g_assert_cmpuint(before->len, ==, after->len);
		for (guint i = 0; i < before->len; i++)
			bits += __builtin_popcount(before->data[i] ^ after->data[i]);
		g_assert_cmpuint(bits, ==, 1);
	}
	return 0;
}
