// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Reads and writes the slices of h264-patch.h.
 */
#include "h264-patch.h"

#include <string.h>

#include "h264-bits.h"
#include "h264-order.h"
#include "h264-rbsp.h"
#include "h264-sps.h"

/* Slice types, H.264 table 7-6: this slice is one of that kind; all of the picture are. */
#define SLICE_P 0
#define SLICE_P_ALL 5
/* slice_qp_delta as ue(v): 52 up or down. */
#define MAX_QP_DELTA 104
/* mb_type of I_PCM in a P slice, table 7-13: behind the five of P macroblocks. */
#define MB_PCM (5 + 25)
/* Longer is no header that can be here. */
#define HEADER_MAX 32
#define MACROBLOCK 16

static const guint8 delimiter[] = { 0, 0, 0, 1, 0x09, 0x30 };
static const guint8 slice_start[] = { 0, 0, 0, 1, H264_NAL_SLICE };

/* first_mb_in_slice, slice_type, pic_parameter_set_id, frame_num: all pictures begin with these. */
static gboolean read_begin(GstBitReader *reader, struct h264_patch *patch)
{
	guint first, set;
	guint8 frame_num;

	if (!h264_read_ue(reader, &first) || first || !h264_read_ue(reader, &patch->slice_type) || !h264_read_ue(reader, &set) || set ||
	    !gst_bit_reader_get_bits_uint8(reader, &frame_num, H264_FRAME_NUM_BITS))
		return FALSE;
	patch->frame_num = frame_num;
	return TRUE;
}

/* The rest of the header of a P slice that refers to one picture, changes neither lists nor marks, and is not deblocked. */
static gboolean read_rest(GstBitReader *reader, struct h264_patch *patch)
{
	guint8 override, refs = 1, reorders, marks;
	guint qp_delta;

	if ((patch->slice_type != SLICE_P && patch->slice_type != SLICE_P_ALL) ||
	    !gst_bit_reader_get_bits_uint8(reader, &override, 1))
		return FALSE;
	/* ue(0) */
	if (override && (!gst_bit_reader_get_bits_uint8(reader, &refs, 1) || !refs))
		return FALSE;
	patch->override = override;
	return gst_bit_reader_get_bits_uint8(reader, &reorders, 1) && !reorders &&
	       gst_bit_reader_get_bits_uint8(reader, &marks, 1) && !marks && h264_read_ue(reader, &qp_delta) &&
	       qp_delta <= MAX_QP_DELTA && h264_read_ue(reader, &patch->deblocking) && patch->deblocking == 1;
}

static gboolean agree(const struct h264_patch *a, const struct h264_patch *b)
{
	return a->slice_type == b->slice_type && a->override == b->override && a->deblocking == b->deblocking;
}

void h264_patch_learn(struct h264_patch *patch, const guint8 *slice, gsize size)
{
	const gsize header = h264_nal_header(slice, size);
	struct h264_patch found = { .seen = TRUE };
	GstBitReader reader;
	guint type;

	if (!header)
		return;
	type = slice[header] & H264_NAL_TYPE;
	gst_bit_reader_init(&reader, slice + header + 1, MIN(size - header - 1, HEADER_MAX));
	if (!read_begin(&reader, &found)) {
		*patch = (struct h264_patch){ 0 };
	} else if (type == H264_NAL_IDR) {
		patch->frame_num = found.frame_num;
	} else if (type != H264_NAL_SLICE || !(slice[header] & H264_NAL_REF_IDC) || !read_rest(&reader, &found)) {
		*patch = (struct h264_patch){ 0 };
	} else {
		found.known = patch->seen && agree(patch, &found);
		*patch = found;
	}
}

static void write_header(const struct h264_patch *patch, guint number, GstBitWriter *writer)
{
	h264_write_ue(writer, 0);
	h264_write_ue(writer, patch->slice_type);
	h264_write_ue(writer, 0);
	gst_bit_writer_put_bits_uint8(writer, (patch->frame_num + 1) % (1 << H264_FRAME_NUM_BITS), H264_FRAME_NUM_BITS);
	gst_bit_writer_put_bits_uint8(writer, h264_order_lsb(number), WFD_H264_ORDER_BITS);
	gst_bit_writer_put_bits_uint8(writer, patch->override, 1);
	if (patch->override)
		h264_write_ue(writer, 0);
	gst_bit_writer_put_bits_uint8(writer, 0, 1);
	/* Nothing has coefficients. */
	h264_write_ue(writer, 0);
	h264_write_ue(writer, patch->deblocking);
}

/* Samples of a square of the plane; the last row and column go on beyond the edge. */
static void write_samples(const GstVideoFrame *picture, guint plane, guint x, guint y, guint size, GstBitWriter *writer)
{
	const guint right = GST_VIDEO_FRAME_COMP_WIDTH(picture, plane) - 1, bottom = GST_VIDEO_FRAME_COMP_HEIGHT(picture, plane) - 1;
	const guint8 *samples = GST_VIDEO_FRAME_PLANE_DATA(picture, plane);
	guint8 row[MACROBLOCK];

	for (guint i = 0; i < size; i++) {
		const guint8 *from = samples + (gsize)MIN(y + i, bottom) * GST_VIDEO_FRAME_PLANE_STRIDE(picture, plane);

		for (guint n = 0; n < size; n++)
			row[n] = from[MIN(x + n, right)];
		gst_bit_writer_put_bytes(writer, row, size);
	}
}

static void write_macroblock(const GstVideoFrame *picture, guint x, guint y, GstBitWriter *writer)
{
	h264_write_ue(writer, MB_PCM);
	gst_bit_writer_align_bytes(writer, 0);
	write_samples(picture, 0, x * MACROBLOCK, y * MACROBLOCK, MACROBLOCK, writer);
	write_samples(picture, 1, x * MACROBLOCK / 2, y * MACROBLOCK / 2, MACROBLOCK / 2, writer);
	write_samples(picture, 2, x * MACROBLOCK / 2, y * MACROBLOCK / 2, MACROBLOCK / 2, writer);
}

gboolean h264_patch_write(const struct h264_patch *patch, guint number, const GstVideoFrame *picture, const guint8 *wanted,
			  GByteArray *out)
{
	const guint width = (GST_VIDEO_FRAME_WIDTH(picture) + MACROBLOCK - 1) / MACROBLOCK;
	const guint height = (GST_VIDEO_FRAME_HEIGHT(picture) + MACROBLOCK - 1) / MACROBLOCK;
	GstBitWriter writer;
	guint skipped = 0;

	if (!patch->known)
		return FALSE;
	gst_bit_writer_init(&writer);
	write_header(patch, number, &writer);
	for (guint at = 0; at < width * height; at++) {
		if (!wanted || !wanted[at]) {
			skipped++;
			continue;
		}
		h264_write_ue(&writer, skipped);
		skipped = 0;
		write_macroblock(picture, at % width, at / width, &writer);
	}
	if (skipped)
		h264_write_ue(&writer, skipped);
	gst_bit_writer_put_bits_uint8(&writer, 1, 1);
	gst_bit_writer_align_bytes(&writer, 0);
	g_byte_array_append(out, delimiter, sizeof(delimiter));
	g_byte_array_append(out, slice_start, sizeof(slice_start));
	wfd_h264_escape(gst_bit_writer_get_data(&writer), gst_bit_writer_get_size(&writer) / 8, out);
	gst_bit_writer_reset(&writer);
	return TRUE;
}
