// SPDX-License-Identifier: LGPL-2.1-or-later
/* A NAL unit from an encoder, with the place of its picture: taken or not, never more than its bytes and some. */
#include "fuzz.h"
#include "h264-order.h"

/* Eight bits more, and bytes of emulation prevention that they make necessary; an SPS says them with five bits more. */
#define MORE 4

/* Start codes, and what would have needed a byte of prevention. */
static guint not_prevented(const guint8 *data, gsize size)
{
	guint found = 0;

	for (gsize i = 0; i + 2 < size; i++)
		found += !data[i] && !data[i + 1] && data[i + 2] < 3;
	return found;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(GByteArray) out = g_byte_array_new();

	if (size < 1)
		return 0;
	if (!h264_order_add(data + 1, size - 1, data[0], out)) {
		g_assert_cmpuint(out->len, ==, 0);
		return 0;
	}
	g_assert_cmpuint(not_prevented(out->data, out->len), <=, not_prevented(data + 1, size - 1));
	g_assert_cmpuint(out->len, <=, size - 1 + MORE);
	g_assert_cmpuint(out->len + MORE, >=, size - 1);
	return 0;
}
