/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Four blocks from encoders: two bytes each say how long they are. What comes of them ends with an END. */
#include "fuzz.h"
#include "aac-join.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(GByteArray) out = g_byte_array_new();
	struct aac_block blocks[AAC_PARTS];
	size_t at = 2 * AAC_PARTS, all = 0;

	if (size < at)
		return 0;
	for (guint i = 0; i < AAC_PARTS; i++) {
		size_t length = MIN((size_t)(data[2 * i] << 8 | data[2 * i + 1]), size - at);

		/* Of its own, so that what is read behind it is seen. */
		blocks[i] = (struct aac_block){ g_memdup2(data + at, length), length };
		at += length;
		all += length;
	}
	if (aac_join(blocks, out)) {
		g_assert_cmpuint(out->len, <=, all);
		g_assert_cmpuint(out->data[out->len - 1], !=, 0);
	} else {
		g_assert_cmpuint(out->len, ==, 0);
	}
	for (guint i = 0; i < AAC_PARTS; i++)
		g_free((gpointer)blocks[i].data);
	return 0;
}
