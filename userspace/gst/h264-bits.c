// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * h264-bits.c - what those have in common that read and write slices of libx264's
 */
#include "h264-bits.h"

#define MAX_ZEROS 15

gboolean h264_read_ue(GstBitReader *reader, guint *value)
{
	guint zeros = 0;
	guint32 rest = 0;
	guint8 bit;

	for (;;) {
		if (!gst_bit_reader_get_bits_uint8(reader, &bit, 1))
			return FALSE;
		if (bit)
			break;
		if (++zeros > MAX_ZEROS)
			return FALSE;
	}
	if (!gst_bit_reader_get_bits_uint32(reader, &rest, zeros))
		return FALSE;
	*value = (1u << zeros) - 1 + rest;
	return TRUE;
}

void h264_write_ue(GstBitWriter *writer, guint value)
{
	const guint zeros = g_bit_storage(value + 1) - 1;

	gst_bit_writer_put_bits_uint32(writer, value + 1, 2 * zeros + 1);
}

gsize h264_nal_header(const guint8 *nal, gsize size)
{
	gsize zeros = 0;

	while (zeros < size && !nal[zeros])
		zeros++;
	return zeros >= 2 && zeros + 2 < size && nal[zeros] == 1 ? zeros + 1 : 0;
}
