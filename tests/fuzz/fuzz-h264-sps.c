/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An access unit from an encoder: what comes out says no more that its rate is fixed, and is else as it was. */
#include "fuzz.h"
#include "h264-sps.h"

/* Bits that are not the same, of the bytes that are not emulation prevention. */
static guint differences(const guint8 *a, gsize a_size, const guint8 *b, gsize b_size)
{
	guint found = 0;
	gsize i = 0, j = 0;

	for (; i < a_size && j < b_size; i++, j++) {
		/* A byte of one alone: it has to be a prevention byte. */
		if (a[i] != b[j] && b[j] == 3 && j + (a_size - i) < b_size)
			j++;
		else if (a[i] != b[j] && a[i] == 3 && i + (b_size - j) < a_size)
			i++;
		found += __builtin_popcount(a[i] ^ b[j]);
	}
	return found;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(GByteArray) out = g_byte_array_new();
	g_autoptr(GByteArray) again = g_byte_array_new();

	if (!wfd_h264_clear_fixed_rate(data, size, out)) {
		g_assert_cmpuint(out->len, ==, 0);
		return 0;
	}
	g_assert_cmpuint(out->len, <=, size + 1);
	g_assert_false(wfd_h264_clear_fixed_rate(out->data, out->len, again));
	if (out->len == size)
		g_assert_cmpuint(differences(data, size, out->data, out->len), ==, 1);
	return 0;
}
