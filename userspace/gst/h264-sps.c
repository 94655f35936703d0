/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * h264-sps.c - the sequence parameter set says when pictures come
 */
#include "h264-sps.h"

#include <string.h>

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

/* 7.3.2.1.1 up to the frame's size */
static void skip_before_size(struct bits *bits)
{
	guint profile_idc = read_bits(bits, 8), order;

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
	read_ue(bits);
	order = read_ue(bits);
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
	skip_before_size(bits);
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

/* 7.4.1.1: without, and with emulation prevention bytes. */
static void unescape(const guint8 *nal, gsize size, GByteArray *rbsp)
{
	guint zeros = 0;

	for (gsize i = 0; i < size; i++) {
		if (zeros >= 2 && nal[i] == 3) {
			zeros = 0;
			continue;
		}
		zeros = nal[i] ? 0 : zeros + 1;
		g_byte_array_append(rbsp, nal + i, 1);
	}
}

static void escape(const GByteArray *rbsp, GByteArray *out)
{
	static const guint8 prevention = 3;
	guint zeros = 0;

	for (gsize i = 0; i < rbsp->len; i++) {
		if (zeros >= 2 && rbsp->data[i] <= 3) {
			g_byte_array_append(out, &prevention, 1);
			zeros = 0;
		}
		zeros = rbsp->data[i] ? 0 : zeros + 1;
		g_byte_array_append(out, rbsp->data + i, 1);
	}
}

/* As an encoder writes it; what is not is left to the sink. */
static gboolean is_well_formed(const guint8 *nal, gsize size, const GByteArray *rbsp)
{
	g_autoptr(GByteArray) again = g_byte_array_sized_new(size);

	escape(rbsp, again);
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

gboolean wfd_h264_clear_fixed_rate(const guint8 *data, gsize size, GByteArray *out)
{
	g_autoptr(GByteArray) rbsp = NULL;
	struct bits bits = { 0 };
	gsize start, end;

	if (!find_sps(data, size, &start, &end))
		return FALSE;
	rbsp = g_byte_array_sized_new(end - start);
	unescape(data + start, end - start, rbsp);
	bits.data = rbsp->data;
	bits.size = rbsp->len * 8;
	if (!is_well_formed(data + start, end - start, rbsp) || !find_fixed_rate(&bits) ||
	    !(rbsp->data[bits.at / 8] & 0x80 >> bits.at % 8))
		return FALSE;
	rbsp->data[bits.at / 8] &= ~(0x80 >> bits.at % 8);
	/* The stop bit follows, or it was cut. */
	if (!rbsp->data[rbsp->len - 1])
		return FALSE;
	g_byte_array_append(out, data, start);
	escape(rbsp, out);
	g_byte_array_append(out, data + end, size - end);
	return TRUE;
}
