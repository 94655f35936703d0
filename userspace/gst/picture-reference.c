// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * picture-reference.c - how a picture differs from the encoder's latest one, by macroblock
 */
#include "picture-reference.h"

#include <string.h>

#define MACROBLOCK 16
#define N_PLANES 3

struct picture_reference {
	GstVideoInfo info;
	guint8 *samples; /* laid out as @info says */
	guint mb_width, n;
	guint8 *kept, *different; /* by macroblock */
	guint unknown;		  /* how many are not kept */
};

picture_reference *picture_reference_new(const GstVideoInfo *info)
{
	picture_reference *r = g_new0(picture_reference, 1);
	guint height = (GST_VIDEO_INFO_HEIGHT(info) + MACROBLOCK - 1) / MACROBLOCK;

	gst_video_info_set_format(&r->info, GST_VIDEO_FORMAT_I420, GST_VIDEO_INFO_WIDTH(info), GST_VIDEO_INFO_HEIGHT(info));
	r->samples = g_malloc(GST_VIDEO_INFO_SIZE(&r->info));
	r->mb_width = (GST_VIDEO_INFO_WIDTH(info) + MACROBLOCK - 1) / MACROBLOCK;
	r->n = r->unknown = r->mb_width * height;
	r->kept = g_malloc0(r->n);
	r->different = g_malloc0(r->n);
	return r;
}

void picture_reference_free(picture_reference *r)
{
	g_free(r->samples);
	g_free(r->kept);
	g_free(r->different);
	g_free(r);
}

/* A macroblock's part of a plane, here and there. */
struct square {
	guint8 *ours;
	const guint8 *theirs;
	guint our_stride, their_stride;
	guint width, height;
};

static struct square square_of(const picture_reference *r, const GstVideoFrame *picture, guint at, guint plane)
{
	const guint size = plane ? MACROBLOCK / 2 : MACROBLOCK;
	const guint x = at % r->mb_width * size, y = at / r->mb_width * size;
	struct square s = {
		.our_stride = GST_VIDEO_INFO_PLANE_STRIDE(&r->info, plane),
		.their_stride = GST_VIDEO_FRAME_PLANE_STRIDE(picture, plane),
		.width = MIN(size, GST_VIDEO_INFO_COMP_WIDTH(&r->info, plane) - x),
		.height = MIN(size, GST_VIDEO_INFO_COMP_HEIGHT(&r->info, plane) - y),
	};

	s.ours = r->samples + GST_VIDEO_INFO_PLANE_OFFSET(&r->info, plane) + (gsize)y * s.our_stride + x;
	s.theirs = (const guint8 *)GST_VIDEO_FRAME_PLANE_DATA(picture, plane) + (gsize)y * s.their_stride + x;
	return s;
}

static gboolean is_kept(const picture_reference *r, const GstVideoFrame *picture, guint at)
{
	for (guint plane = 0; plane < N_PLANES; plane++) {
		const struct square s = square_of(r, picture, at, plane);

		for (guint i = 0; i < s.height; i++) {
			if (memcmp(s.ours + (gsize)i * s.our_stride, s.theirs + (gsize)i * s.their_stride, s.width) != 0)
				return FALSE;
		}
	}
	return TRUE;
}

static void keep(const picture_reference *r, const GstVideoFrame *picture, guint at)
{
	for (guint plane = 0; plane < N_PLANES; plane++) {
		const struct square s = square_of(r, picture, at, plane);

		for (guint i = 0; i < s.height; i++)
			memcpy(s.ours + (gsize)i * s.our_stride, s.theirs + (gsize)i * s.their_stride, s.width);
	}
}

guint picture_reference_look(picture_reference *r, const GstVideoFrame *picture, const guint8 *unchanged, guint most)
{
	guint looked = 0, found = 0;

	for (guint at = 0; at < r->n; at++) {
		if (unchanged[at] && !r->different[at])
			continue;
		if (looked++ == most)
			return most + 1;
		r->different[at] = !r->kept[at] || !is_kept(r, picture, at);
		found += r->different[at];
	}
	return found;
}

const guint8 *picture_reference_different(const picture_reference *r)
{
	return r->different;
}

void picture_reference_encoded(picture_reference *r, const guint8 *unchanged)
{
	for (guint at = 0; at < r->n; at++) {
		if (unchanged && unchanged[at] && !r->different[at])
			continue;
		r->unknown += r->kept[at];
		r->kept[at] = r->different[at] = FALSE;
	}
}

void picture_reference_keep(picture_reference *r, const GstVideoFrame *picture, const guint8 *unchanged)
{
	if (!r->unknown)
		return;
	for (guint at = 0; at < r->n; at++) {
		if (r->kept[at] || !unchanged[at] || r->different[at])
			continue;
		keep(r, picture, at);
		r->kept[at] = TRUE;
		r->unknown--;
	}
}
