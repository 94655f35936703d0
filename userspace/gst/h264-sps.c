/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * h264-sps.c - the sequence parameter set says when pictures come, and in which order
 */
#include "h264-sps.h"

#include <string.h>

#include "h264-rbsp.h"

/* nal_unit_type, H.264 table 7-1 */
enum {
	NAL_SLICE = 1,
	NAL_IDR = 5,
	NAL_SPS = 7,
};

#define EXTENDED_SAR 255
/* Highest values that H.264 7.4.2.1.1 allows; a loop never runs longer. */
#define MAX_POC_CYCLE 255

/* An RBSP; reading behind its end gives zeros and is remembered. */
struct bits {
	guint8 *data;
	gsize size; /* in bits */
	gsize at;
	gboolean over;
};

static guint32 read_bits(struct bits *bits, guint n)
{
	guint32 value = 0;

	for (; n > 0; n--, bits->at++) {
		if (bits->at >= bits->size)
			bits->over = TRUE;
		else
			value = value << 1 | (bits->data[bits->at / 8] >> (7 - bits->at % 8) & 1);
	}
	return value;
}

static guint32 read_ue(struct bits *bits)
{
	guint zeros = 0;

	while (!bits->over && !read_bits(bits, 1)) {
		if (++zeros == 32) {
			bits->over = TRUE;
			return 0;
		}
	}
	return (G_GUINT64_CONSTANT(1) << zeros) - 1 + read_bits(bits, zeros);
}

static gint32 read_se(struct bits *bits)
{
	guint32 value = read_ue(bits);

	return value & 1 ? (gint32)(value / 2 + 1) : -(gint32)(value / 2);
}

static void skip_scaling_list(struct bits *bits, guint size)
{
	guint last = 8, next = 8;

	for (guint i = 0; i < size && !bits->over; i++) {
		if (next)
			next = (last + read_se(bits)) & 0xff;
		last = next ? next : last;
	}
}

static gboolean has_chroma_format(guint profile_idc)
{
	static const guint8 profiles[] = { 100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135 };

	return memchr(profiles, profile_idc, sizeof(profiles)) != NULL;
}

/* 7.3.2.1.1 up to how pictures are put in order; FALSE: their frame_num has more bits than four */
static gboolean skip_before_order(struct bits *bits)
{
	guint profile_idc = read_bits(bits, 8);

	read_bits(bits, 16);
	read_ue(bits);
	if (has_chroma_format(profile_idc)) {
		guint chroma = read_ue(bits);

		if (chroma == 3)
			read_bits(bits, 1);
		read_ue(bits);
		read_ue(bits);
		read_bits(bits, 1);
		if (read_bits(bits, 1)) {
			for (guint i = 0; i < (chroma == 3 ? 12 : 8); i++) {
				if (read_bits(bits, 1))
					skip_scaling_list(bits, i < 6 ? 16 : 64);
			}
		}
	}
	return !read_ue(bits);
}

/* ... and from there to the frame's size */
static void skip_order(struct bits *bits)
{
	guint order = read_ue(bits);

	if (order == 0) {
		read_ue(bits);
	} else if (order == 1) {
		guint n;

		read_bits(bits, 1);
		read_se(bits);
		read_se(bits);
		n = MIN(read_ue(bits), MAX_POC_CYCLE);
		while (n-- > 0 && !bits->over)
			read_se(bits);
	}
	read_ue(bits);
	read_bits(bits, 1);
}

static void skip_size(struct bits *bits)
{
	read_ue(bits);
	read_ue(bits);
	if (!read_bits(bits, 1))
		read_bits(bits, 1);
	read_bits(bits, 1);
	if (read_bits(bits, 1)) {
		for (guint i = 0; i < 4; i++)
			read_ue(bits);
	}
}

/* E.1.1 up to the flag, which is the next bit then; FALSE if there is none. */
static gboolean find_fixed_rate(struct bits *bits)
{
	skip_before_order(bits);
	skip_order(bits);
	skip_size(bits);
	if (!read_bits(bits, 1))
		return FALSE;
	if (read_bits(bits, 1) && read_bits(bits, 8) == EXTENDED_SAR)
		read_bits(bits, 32);
	if (read_bits(bits, 1))
		read_bits(bits, 1);
	if (read_bits(bits, 1)) {
		read_bits(bits, 4);
		if (read_bits(bits, 1))
			read_bits(bits, 24);
	}
	if (read_bits(bits, 1)) {
		read_ue(bits);
		read_ue(bits);
	}
	if (!read_bits(bits, 1))
		return FALSE;
	read_bits(bits, 32);
	read_bits(bits, 32);
	return !bits->over && bits->at < bits->size;
}

/* As an encoder writes it; what is not is left to the sink. */
static gboolean is_well_formed(const guint8 *nal, gsize size, const GByteArray *rbsp)
{
	g_autoptr(GByteArray) again = g_byte_array_sized_new(size);

	wfd_h264_escape(rbsp->data, rbsp->len, again);
	return again->len == size && memcmp(again->data, nal, size) == 0;
}

static gboolean is_start_code(const guint8 *data)
{
	return data[0] == 0 && data[1] == 0 && data[2] == 1;
}

/* The payload of the first SPS, without NAL unit header and trailing zeros. */
static gboolean find_sps(const guint8 *data, gsize size, gsize *start, gsize *end)
{
	gsize i = 0;

	for (; i + 4 < size; i++) {
		guint type = data[i + 3] & 0x1f;

		if (!is_start_code(data + i))
			continue;
		if (type == NAL_SPS)
			break;
		if (type >= NAL_SLICE && type <= NAL_IDR)
			return FALSE;
	}
	if (i + 4 >= size)
		return FALSE;
	*start = i + 4;
	for (*end = *start; *end < size; ++*end) {
		if (*end + 3 <= size && is_start_code(data + *end))
			break;
	}
	while (*end > *start && data[*end - 1] == 0)
		--*end;
	return *end > *start;
}

/* Of the first SPS: what is in front of and behind its payload, and that itself; FALSE: there is none, or it is malformed. */
static gboolean take_sps(const guint8 *data, gsize size, gsize *start, gsize *end, GByteArray *rbsp)
{
	if (!find_sps(data, size, start, end))
		return FALSE;
	wfd_h264_unescape(data + *start, *end - *start, rbsp);
	/* The stop bit is in the last byte, or it was cut. */
	return is_well_formed(data + *start, *end - *start, rbsp) && rbsp->data[rbsp->len - 1];
}

static void put_sps(const guint8 *data, gsize size, gsize start, gsize end, const GByteArray *rbsp, GByteArray *out)
{
	g_byte_array_append(out, data, start);
	wfd_h264_escape(rbsp->data, rbsp->len, out);
	g_byte_array_append(out, data + end, size - end);
}

gboolean wfd_h264_clear_fixed_rate(const guint8 *data, gsize size, GByteArray *out)
{
	g_autoptr(GByteArray) rbsp = g_byte_array_new();
	struct bits bits = { 0 };
	gsize start, end;

	if (!take_sps(data, size, &start, &end, rbsp))
		return FALSE;
	bits.data = rbsp->data;
	bits.size = rbsp->len * 8;
	if (!find_fixed_rate(&bits) || !(rbsp->data[bits.at / 8] & 0x80 >> bits.at % 8))
		return FALSE;
	rbsp->data[bits.at / 8] &= ~(0x80 >> bits.at % 8);
	if (!rbsp->data[rbsp->len - 1])
		return FALSE;
	put_sps(data, size, start, end, rbsp, out);
	return TRUE;
}

/* Bits of @from, from @at on, to the end of @to, which has @n bits so far. */
static void copy_bits(const struct bits *from, gsize at, gsize end, GByteArray *to, gsize n)
{
	g_byte_array_set_size(to, (n + end - at + 7) / 8);
	for (; at < end; at++, n++) {
		const guint8 mask = 0x80 >> n % 8;

		if (from->data[at / 8] & 0x80 >> at % 8)
			to->data[n / 8] |= mask;
		else
			to->data[n / 8] &= ~mask;
	}
}

gboolean wfd_h264_say_order(const guint8 *data, gsize size, GByteArray *out)
{
	/* ue(0), and log2_max_pic_order_cnt_lsb_minus4, ue(4) */
	static const guint8 said[] = { 0x94 };
	const struct bits order = { .data = (guint8 *)said, .size = 6 };
	g_autoptr(GByteArray) rbsp = g_byte_array_new(), changed = g_byte_array_new();
	struct bits bits = { 0 };
	gsize start, end, at, last;

	G_STATIC_ASSERT(WFD_H264_ORDER_BITS == 8);
	if (!take_sps(data, size, &start, &end, rbsp))
		return FALSE;
	bits.data = rbsp->data;
	bits.size = rbsp->len * 8;
	if (!skip_before_order(&bits))
		return FALSE;
	at = bits.at;
	if (bits.over || read_ue(&bits) != 2 || bits.over)
		return FALSE;
	/* Up to the stop bit, which is copied with the rest. */
	last = bits.size;
	while (!(rbsp->data[(last - 1) / 8] & 0x80 >> (last - 1) % 8))
		last--;
	copy_bits(&bits, 0, at, changed, 0);
	copy_bits(&order, 0, order.size, changed, at);
	copy_bits(&bits, bits.at, last, changed, at + order.size);
	for (gsize n = at + order.size + last - bits.at; n % 8; n++)
		changed->data[n / 8] &= ~(0x80 >> n % 8);
	put_sps(data, size, start, end, changed, out);
	return TRUE;
}
