/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * h264-au.c - what a transport stream has to know of an H.264 access unit
 */
#include "h264-au.h"

#include <string.h>

/* nal_unit_type, H.264 table 7-1 */
enum {
	NAL_SLICE = 1,
	NAL_IDR = 5,
	NAL_SPS = 7,
	NAL_PPS = 8,
	NAL_AUD = 9,
};

struct nal {
	const guint8 *data; /* the NAL unit header */
	gsize size; /* without trailing zero bytes */
	gsize end; /* offset in the byte stream */
};

/* Offset behind the next start code prefix 00 00 01, @size if there is none. */
static gsize find_start_code(const guint8 *data, gsize size, gsize from)
{
	gsize at = from + 2;

	while (at < size) {
		const guint8 *one = memchr(data + at, 0x01, size - at);

		if (!one)
			return size;
		at = one - data;
		if (data[at - 1] == 0 && data[at - 2] == 0)
			return at + 1;
		at++;
	}
	return size;
}

/* The NAL unit that starts at @start, and in @start where the next one starts. */
static gboolean next_nal(const guint8 *data, gsize size, gsize *start, struct nal *nal)
{
	gsize next, end;

	if (*start >= size)
		return FALSE;
	nal->data = data + *start;
	next = find_start_code(data, size, *start);
	end = next;
	/* A prefix at the very end begins no NAL unit, but ends this one. */
	if (next - *start >= 3 && data[next - 1] == 1 && data[next - 2] == 0 && data[next - 3] == 0)
		end -= 3;
	while (end > *start && data[end - 1] == 0)
		end--;
	nal->size = end - *start;
	nal->end = end;
	*start = next;
	return TRUE;
}

static void append_nal(GByteArray *sets, const guint8 *data, gsize size)
{
	static const guint8 start_code[] = { 0, 0, 0, 1 };

	if (sets->len + size + sizeof(start_code) > WFD_H264_MAX_PARAMETER_SETS)
		return;
	g_byte_array_append(sets, start_code, sizeof(start_code));
	g_byte_array_append(sets, data, size);
}

/* The first set of its kind in an access unit makes those of former ones obsolete. */
static void store_set(GByteArray *sets, gboolean *seen, const guint8 *data, gsize size)
{
	if (!*seen)
		g_byte_array_set_size(sets, 0);
	*seen = TRUE;
	append_nal(sets, data, size);
}

void wfd_h264_au_scan(const guint8 *data, gsize size, struct wfd_h264_parameter_sets *sets,
		      struct wfd_h264_au *au)
{
	gboolean first = TRUE;
	struct nal nal;
	gsize start;

	memset(au, 0, sizeof(*au));
	if (size == 0)
		return;
	for (start = find_start_code(data, size, 0); start < size; first = FALSE) {
		guint type = data[start] & 0x1f;

		/* The rest, nearly all bytes, is slices. */
		if (type >= NAL_SLICE && type <= NAL_IDR) {
			au->has_slice = TRUE;
			au->idr = type == NAL_IDR;
			return;
		}
		if (!next_nal(data, size, &start, &nal))
			return;
		if (type == NAL_AUD && first) {
			au->has_aud = TRUE;
			au->aud_end = nal.end;
		} else if (type == NAL_SPS && sets) {
			store_set(sets->sps, &au->has_sps, nal.data, nal.size);
		} else if (type == NAL_PPS && sets) {
			store_set(sets->pps, &au->has_pps, nal.data, nal.size);
		}
		au->has_sps |= type == NAL_SPS;
		au->has_pps |= type == NAL_PPS;
	}
}

void wfd_h264_parameter_sets_init(struct wfd_h264_parameter_sets *sets)
{
	sets->sps = g_byte_array_new();
	sets->pps = g_byte_array_new();
}

void wfd_h264_parameter_sets_clear(struct wfd_h264_parameter_sets *sets)
{
	g_clear_pointer(&sets->sps, g_byte_array_unref);
	g_clear_pointer(&sets->pps, g_byte_array_unref);
}

gboolean wfd_h264_parameter_sets_profile(const struct wfd_h264_parameter_sets *sets, guint8 bytes[3])
{
	/* start code, NAL unit header, then the three bytes */
	if (sets->sps->len < 4 + 1 + 3)
		return FALSE;
	memcpy(bytes, sets->sps->data + 5, 3);
	return TRUE;
}

/* A list of NAL units, each behind a 16-bit length; returns the bytes used, 0 on error. */
static gsize read_avcc_list(const guint8 *data, gsize size, guint count, GByteArray *sets)
{
	gsize at = 0;

	for (guint i = 0; i < count; i++) {
		gsize length;

		if (size - at < 2)
			return 0;
		length = data[at] << 8 | data[at + 1];
		at += 2;
		if (length == 0 || length > size - at)
			return 0;
		append_nal(sets, data + at, length);
		at += length;
	}
	return at;
}

static gboolean read_avcc(const guint8 *data, gsize size, struct wfd_h264_parameter_sets *sets)
{
	gsize used;

	if (size < 7)
		return FALSE;
	used = read_avcc_list(data + 6, size - 6, data[5] & 0x1f, sets->sps);
	if (used == 0 || size - 6 - used < 1)
		return FALSE;
	data += 6 + used;
	size -= 6 + used;
	return read_avcc_list(data + 1, size - 1, data[0], sets->pps) > 0;
}

gboolean wfd_h264_codec_data(const guint8 *data, gsize size, struct wfd_h264_parameter_sets *sets)
{
	struct wfd_h264_parameter_sets found;
	gboolean ok;

	wfd_h264_parameter_sets_init(&found);
	if (size > 0 && data[0] == 1) {
		ok = read_avcc(data, size, &found);
	} else {
		struct wfd_h264_au au;

		wfd_h264_au_scan(data, size, &found, &au);
		ok = TRUE;
	}
	ok = ok && found.sps->len > 0 && found.pps->len > 0;
	if (ok) {
		wfd_h264_parameter_sets_clear(sets);
		*sets = found;
	} else {
		wfd_h264_parameter_sets_clear(&found);
	}
	return ok;
}
