// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Writes the places of h264-order.h into slices.
 */
#include "h264-order.h"

#include <gst/base/base.h>

#include "h264-bits.h"
#include "h264-rbsp.h"
#include "h264-sps.h"

/* The header up to the place, and more: behind it all bytes are as they were, one later. */
#define HEAD_MAX 32

guint8 h264_order_lsb(guint number)
{
	G_STATIC_ASSERT(WFD_H264_ORDER_BITS == 8);
	/* A frame is two fields. */
	return 2 * number;
}

/* Bits in front of the place: first_mb_in_slice, slice_type, pic_parameter_set_id, frame_num, idr_pic_id. */
static gboolean find_place(const GByteArray *rbsp, gboolean idr, guint *at)
{
	GstBitReader reader;
	guint value;

	gst_bit_reader_init(&reader, rbsp->data, rbsp->len);
	if (!h264_read_ue(&reader, &value) || !h264_read_ue(&reader, &value) || !h264_read_ue(&reader, &value) ||
	    !gst_bit_reader_skip(&reader, H264_FRAME_NUM_BITS) || (idr && !h264_read_ue(&reader, &value)))
		return FALSE;
	*at = gst_bit_reader_get_pos(&reader);
	return *at + 16 <= 8 * rbsp->len;
}

/* What of a payload is taken apart: it does not end where emulation prevention may be, which would not be seen from one side. */
static gsize head_of(const guint8 *payload, gsize size)
{
	gsize head = MIN(size, HEAD_MAX);

	while (head < size && payload[head] <= 3)
		head++;
	return head;
}

static gboolean add_to_slice(const guint8 *nal, gsize size, gsize header, guint number, GByteArray *out)
{
	const gsize head = head_of(nal + header + 1, size - header - 1);
	g_autoptr(GByteArray) rbsp = g_byte_array_new(), changed = g_byte_array_new();
	const guint8 place = h264_order_lsb(number);
	guint at, shift;
	guint8 split[2];

	wfd_h264_unescape(nal + header + 1, head, rbsp);
	if (!find_place(rbsp, (nal[header] & H264_NAL_TYPE) == H264_NAL_IDR, &at))
		return FALSE;
	/* The byte in which the place begins becomes two, with the eight bits between its own. */
	shift = at % 8;
	at /= 8;
	split[0] = (rbsp->data[at] & ~(0xff >> shift)) | place >> shift;
	split[1] = place << (8 - shift) | (rbsp->data[at] & 0xff >> shift);
	g_byte_array_append(changed, rbsp->data, at);
	g_byte_array_append(changed, split, sizeof(split));
	g_byte_array_append(changed, rbsp->data + at + 1, rbsp->len - at - 1);
	g_byte_array_append(out, nal, header + 1);
	wfd_h264_escape(changed->data, changed->len, out);
	g_byte_array_append(out, nal + header + 1 + head, size - header - 1 - head);
	return TRUE;
}

gboolean h264_order_add(const guint8 *nal, gsize size, guint number, GByteArray *out)
{
	gsize header = h264_nal_header(nal, size);

	if (!header)
		return FALSE;
	switch (nal[header] & H264_NAL_TYPE) {
	case H264_NAL_SPS:
		return wfd_h264_say_order(nal, size, out);
	case H264_NAL_SLICE:
	case H264_NAL_IDR:
		return add_to_slice(nal, size, header, number, out);
	default:
		g_byte_array_append(out, nal, size);
		return TRUE;
	}
}
