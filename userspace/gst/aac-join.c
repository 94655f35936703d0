// SPDX-License-Identifier: LGPL-2.1-or-later
#include "aac-join.h"

#include <string.h>

/* id_syn_ele, 3 bits, and element_instance_tag, 4. */
#define ID_BITS 3
#define HEAD_BITS 7
/* global_gain is what an element with one channel begins with. */
#define GAIN_BITS 8
#define GAIN_MAX 255
#define END 7

enum {
	SINGLE = 0,
	PAIR = 1,
	LOW = 3,
};

/* What a part is, and what it becomes. */
static const struct {
	guint id;
	guint new_id;
	guint tag;
} parts[AAC_PARTS] = {
	[AAC_CENTRE] = { SINGLE, SINGLE, 0 },
	[AAC_FRONT] = { PAIR, PAIR, 0 },
	[AAC_REAR] = { PAIR, PAIR, 1 },
	[AAC_LFE] = { SINGLE, LOW, 0 },
};

/* Up to 8 bits from bit @at on, all of which are there. */
static guint get(const guint8 *data, gsize at, guint n)
{
	guint shift = at % 8, bits = data[at / 8] << 8;

	if (shift + n > 8)
		bits |= data[at / 8 + 1];
	return bits >> (16 - shift - n) & ((1u << n) - 1);
}

/* The same into zeros. */
static void put(guint8 *data, gsize *at, guint value, guint n)
{
	guint shift = *at % 8, bits = value << (16 - shift - n);

	data[*at / 8] |= bits >> 8;
	if (shift + n > 8)
		data[*at / 8 + 1] |= bits;
	*at += n;
}

/*
 * The bits of the element and of what fills it up: all in front of the END that every block
 * ends with.  Zeros up to a whole byte follow that, and it is ones, so it ends with the last
 * one that is set.  0: there is no END.
 */
static gsize element_bits(const struct aac_block *block)
{
	gsize size = block->size, bits;

	while (size && !block->data[size - 1])
		size--;
	if (!size)
		return 0;
	bits = size * 8 - (g_bit_nth_lsf(block->data[size - 1], -1));
	if (bits < HEAD_BITS + GAIN_BITS + ID_BITS || get(block->data, bits - ID_BITS, ID_BITS) != END)
		return 0;
	return bits - ID_BITS;
}

static gboolean put_part(guint8 *data, gsize *at, const struct aac_block *block, enum aac_part part)
{
	gsize bits = element_bits(block), from = HEAD_BITS;

	if (!bits || get(block->data, 0, ID_BITS) != parts[part].id)
		return FALSE;
	put(data, at, parts[part].new_id, ID_BITS);
	put(data, at, parts[part].tag, HEAD_BITS - ID_BITS);
	if (part == AAC_LFE) {
		guint gain = get(block->data, from, GAIN_BITS) + AAC_LFE_GAIN;

		put(data, at, MIN(gain, GAIN_MAX), GAIN_BITS);
		from += GAIN_BITS;
	}
	for (; from < bits; from += 8) {
		guint n = MIN(8, bits - from);

		put(data, at, get(block->data, from, n), n);
	}
	return TRUE;
}

gboolean aac_join(const struct aac_block blocks[AAC_PARTS], GByteArray *out)
{
	gsize size = 1, at = 0;

	for (guint i = 0; i < AAC_PARTS; i++)
		size += blocks[i].size;
	g_byte_array_set_size(out, size);
	memset(out->data, 0, size);
	for (guint i = 0; i < AAC_PARTS; i++) {
		if (!put_part(out->data, &at, &blocks[i], i)) {
			g_byte_array_set_size(out, 0);
			return FALSE;
		}
	}
	put(out->data, &at, END, ID_BITS);
	g_byte_array_set_size(out, (at + 7) / 8);
	return TRUE;
}
