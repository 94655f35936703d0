// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Reads and writes the slices of h264-repeat.h.
 */
#include "h264-repeat.h"

#include <string.h>

#include <gst/base/base.h>

/* nal_unit_type, H.264 table 7-1 */
#define NAL_TYPE 0x1f
#define NAL_SLICE 1
#define NAL_IDR 5
#define NAL_REF_IDC 0x60
/* log2_max_frame_num: encoders that have one reference need no larger one. */
#define FRAME_NUM_BITS 4
/* Slice types, H.264 table 7-6: this slice is one of that kind; all of the picture are. */
#define SLICE_P 0
#define SLICE_P_ALL 5
/* Longer codes are those of numbers that no header here has. */
#define MAX_ZEROS 15
/* slice_qp_delta as ue(v): 52 up or down. */
#define MAX_QP_DELTA 104

static const guint8 delimiter[] = { 0, 0, 0, 1, 0x09, 0x30 };
static const guint8 slice_start[] = { 0, 0, 0, 1, NAL_SLICE };

static gboolean read_ue(GstBitReader *reader, guint *value)
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

static void write_ue(GstBitWriter *writer, guint value)
{
	const guint zeros = g_bit_storage(value + 1) - 1;

	gst_bit_writer_put_bits_uint32(writer, value + 1, 2 * zeros + 1);
}

/* first_mb_in_slice, slice_type, pic_parameter_set_id, frame_num: all pictures begin with these. */
static gboolean read_begin(GstBitReader *reader, struct h264_repeat *repeat)
{
	guint first, set;
	guint8 frame_num;

	if (!read_ue(reader, &first) || first || !read_ue(reader, &repeat->slice_type) || !read_ue(reader, &set) || set ||
	    !gst_bit_reader_get_bits_uint8(reader, &frame_num, FRAME_NUM_BITS))
		return FALSE;
	repeat->frame_num = frame_num;
	return TRUE;
}

/* A P slice, all of it skipped, and nothing behind that. */
static gboolean read_rest(GstBitReader *reader, struct h264_repeat *repeat, guint mbs)
{
	guint8 override, refs = 1, reorders, marks, stop;
	guint skipped;

	if ((repeat->slice_type != SLICE_P && repeat->slice_type != SLICE_P_ALL) ||
	    !gst_bit_reader_get_bits_uint8(reader, &override, 1))
		return FALSE;
	/* One picture is referred to: ue(0). */
	if (override && (!gst_bit_reader_get_bits_uint8(reader, &refs, 1) || !refs))
		return FALSE;
	repeat->override = override;
	return gst_bit_reader_get_bits_uint8(reader, &reorders, 1) && !reorders &&
	       gst_bit_reader_get_bits_uint8(reader, &marks, 1) && !marks && read_ue(reader, &repeat->qp_delta) &&
	       repeat->qp_delta <= MAX_QP_DELTA &&
	       read_ue(reader, &repeat->deblocking) && repeat->deblocking == 1 && read_ue(reader, &skipped) &&
	       skipped == mbs && gst_bit_reader_get_bits_uint8(reader, &stop, 1) && stop &&
	       gst_bit_reader_get_remaining(reader) < 8;
}

void h264_repeat_learn(struct h264_repeat *repeat, const guint8 *slice, gsize size, guint mbs)
{
	struct h264_repeat found = { 0 };
	GstBitReader reader;
	guint zeros = 0;

	while (zeros < size && !slice[zeros])
		zeros++;
	if (zeros < 2 || zeros + 2 >= size || slice[zeros] != 1)
		return;
	slice += zeros + 1;
	size -= zeros + 1;
	gst_bit_reader_init(&reader, slice + 1, MIN(size - 1, H264_REPEAT_MAX));
	if (!read_begin(&reader, &found)) {
		repeat->known = FALSE;
		return;
	}
	repeat->frame_num = found.frame_num;
	if ((slice[0] & NAL_TYPE) != NAL_SLICE || !(slice[0] & NAL_REF_IDC) || size > H264_REPEAT_MAX ||
	    !read_rest(&reader, &found, mbs))
		return;
	found.known = TRUE;
	*repeat = found;
}

gsize h264_repeat_write(const struct h264_repeat *repeat, guint mbs, guint8 out[H264_REPEAT_MAX])
{
	GstBitWriter writer;
	gsize size;

	if (!repeat->known)
		return 0;
	gst_bit_writer_init(&writer);
	gst_bit_writer_put_bytes(&writer, delimiter, sizeof(delimiter));
	gst_bit_writer_put_bytes(&writer, slice_start, sizeof(slice_start));
	write_ue(&writer, 0);
	write_ue(&writer, repeat->slice_type);
	write_ue(&writer, 0);
	gst_bit_writer_put_bits_uint8(&writer, (repeat->frame_num + 1) % (1 << FRAME_NUM_BITS), FRAME_NUM_BITS);
	gst_bit_writer_put_bits_uint8(&writer, repeat->override, 1);
	if (repeat->override)
		write_ue(&writer, 0);
	gst_bit_writer_put_bits_uint8(&writer, 0, 1);
	write_ue(&writer, repeat->qp_delta);
	write_ue(&writer, repeat->deblocking);
	/* Never two bytes of zeros and a small one: no emulation prevention. */
	write_ue(&writer, mbs);
	gst_bit_writer_put_bits_uint8(&writer, 1, 1);
	gst_bit_writer_align_bytes(&writer, 0);
	size = gst_bit_writer_get_size(&writer) / 8;
	if (size <= H264_REPEAT_MAX)
		memcpy(out, gst_bit_writer_get_data(&writer), size);
	else
		size = 0;
	gst_bit_writer_reset(&writer);
	return size;
}
