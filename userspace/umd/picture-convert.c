// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Conversion of picture-convert.h.
 */
#include "picture-convert.h"

#include <string.h>

#include <drm_fourcc.h>

/* Even, so that chroma is never shared between tiles. */
#define TILE_WIDTH 128
#define TILE_HEIGHT 16

static const struct {
	guint32 fourcc;
	GstVideoFormat format;
	guint bytes;
	gboolean eight_bit;   /* 8 bits per colour, 32 per pixel */
	gboolean red_first; /* in memory */
} formats[] = {
	{ DRM_FORMAT_XRGB8888, GST_VIDEO_FORMAT_BGRx, 4, TRUE, FALSE },
	{ DRM_FORMAT_ARGB8888, GST_VIDEO_FORMAT_BGRx, 4, TRUE, FALSE },
	{ DRM_FORMAT_XBGR8888, GST_VIDEO_FORMAT_RGBx, 4, TRUE, TRUE },
	{ DRM_FORMAT_ABGR8888, GST_VIDEO_FORMAT_RGBx, 4, TRUE, TRUE },
	{ DRM_FORMAT_RGB565, GST_VIDEO_FORMAT_RGB16, 2, FALSE, FALSE },
	{ DRM_FORMAT_XRGB2101010, GST_VIDEO_FORMAT_BGR10A2_LE, 4, FALSE, FALSE },
	{ DRM_FORMAT_ARGB2101010, GST_VIDEO_FORMAT_BGR10A2_LE, 4, FALSE, FALSE },
};

struct picture_converter {
	guint format; /* index of formats */
	guint width;
	guint height;
	GstVideoInfo rgb_info;
	GstVideoInfo tile_rgb_info;
	GstVideoInfo tile_i420_info;
	GstVideoConverter *whole;
	GstVideoConverter *tile;
	guint8 *scratch; /* a tile of RGB for the cursor */
};

static gboolean find_format(guint32 fourcc, guint *format)
{
	for (*format = 0; *format < G_N_ELEMENTS(formats); (*format)++) {
		if (formats[*format].fourcc == fourcc)
			return TRUE;
	}
	return FALSE;
}

static void make_info(GstVideoInfo *info, GstVideoFormat format, guint width, guint height)
{
	gst_video_info_set_format(info, format, width, height);
	if (GST_VIDEO_FORMAT_INFO_IS_RGB(info->finfo))
		gst_video_colorimetry_from_string(&info->colorimetry, GST_VIDEO_COLORIMETRY_SRGB);
	else
		gst_video_colorimetry_from_string(&info->colorimetry, PICTURE_COLORIMETRY);
	/* A desktop is shown as it is: only the matrix changes. */
	info->colorimetry.transfer = GST_VIDEO_TRANSFER_BT709;
	info->colorimetry.primaries = GST_VIDEO_COLOR_PRIMARIES_BT709;
	/* The mean of four pixels: no tile needs its neighbours. */
	info->chroma_site = GST_VIDEO_CHROMA_SITE_JPEG;
}

static GstVideoConverter *make_converter(GstVideoInfo *from, GstVideoInfo *to)
{
	GstStructure *options = gst_structure_new(
		"options", GST_VIDEO_CONVERTER_OPT_DITHER_METHOD, GST_TYPE_VIDEO_DITHER_METHOD,
		GST_VIDEO_DITHER_NONE, GST_VIDEO_CONVERTER_OPT_THREADS, G_TYPE_UINT, 1, NULL);

	return gst_video_converter_new(from, to, options);
}

struct picture_converter *picture_converter_new(guint32 fourcc, guint width, guint height)
{
	struct picture_converter *c;
	GstVideoInfo i420;
	guint format;

	if (!find_format(fourcc, &format) || width < TILE_WIDTH || height < TILE_HEIGHT)
		return NULL;
	c = g_new0(struct picture_converter, 1);
	c->format = format;
	c->width = width;
	c->height = height;
	make_info(&c->rgb_info, formats[format].format, width, height);
	make_info(&i420, GST_VIDEO_FORMAT_I420, width, height);
	make_info(&c->tile_rgb_info, formats[format].format, TILE_WIDTH, TILE_HEIGHT);
	make_info(&c->tile_i420_info, GST_VIDEO_FORMAT_I420, TILE_WIDTH, TILE_HEIGHT);
	c->whole = make_converter(&c->rgb_info, &i420);
	c->tile = make_converter(&c->tile_rgb_info, &c->tile_i420_info);
	c->scratch = g_malloc(TILE_WIDTH * TILE_HEIGHT * formats[format].bytes);
	if (!c->whole || !c->tile) {
		picture_converter_free(c);
		return NULL;
	}
	return c;
}

void picture_converter_free(struct picture_converter *c)
{
	if (!c)
		return;
	g_clear_pointer(&c->whole, gst_video_converter_free);
	g_clear_pointer(&c->tile, gst_video_converter_free);
	g_free(c->scratch);
	g_free(c);
}

guint picture_converter_bytes_per_pixel(const struct picture_converter *c)
{
	return formats[c->format].bytes;
}

/* A frame that borrows its memory: the converter looks at nothing but this. */
static void borrow_rgb(GstVideoFrame *frame, const GstVideoInfo *info, const guint8 *data, guint pitch)
{
	memset(frame, 0, sizeof(*frame));
	frame->info = *info;
	frame->info.stride[0] = pitch;
	frame->data[0] = (gpointer)data;
}

static void borrow_picture(GstVideoFrame *frame, const GstVideoInfo *info,
			   const struct picture *picture, guint x, guint y)
{
	memset(frame, 0, sizeof(*frame));
	frame->info = *info;
	for (guint plane = 0; plane < 3; plane++) {
		guint shift = plane ? 1 : 0;
		int stride = picture_stride(picture, plane);

		frame->info.stride[plane] = stride;
		frame->data[plane] = picture_plane(picture, plane) + (y >> shift) * stride +
				     (x >> shift);
	}
}

static void convert_tile(struct picture_converter *c, const struct rgb_view *view,
			 const struct picture *picture, guint x, guint y)
{
	GstVideoFrame from, to;

	borrow_rgb(&from, &c->tile_rgb_info, view->data, view->pitch);
	borrow_picture(&to, &c->tile_i420_info, picture, x, y);
	gst_video_converter_frame(c->tile, &from, &to);
}

static void convert_whole(struct picture_converter *c, const struct rgb_view *source,
			  const struct picture *picture)
{
	GstVideoFrame from, to;

	borrow_rgb(&from, &c->rgb_info, source->data, source->pitch);
	borrow_picture(&to, &picture->info, picture, 0, 0);
	gst_video_converter_frame(c->whole, &from, &to);
}

/* Where the tile that covers @position begins: the last ones are moved inwards. */
static guint tile_origin(guint position, guint tile, guint size)
{
	return MIN(position / tile * tile, (size - tile) & ~1u);
}

void picture_converter_run(struct picture_converter *c, const struct rgb_view *source,
			   const struct picture *picture, const struct area *area)
{
	guint64 pixels = (guint64)(area->x2 - area->x1) * (area->y2 - area->y1);
	guint bytes = formats[c->format].bytes;

	/* Tiles cost about a quarter more per pixel; odd edges need the whole. */
	if (pixels * 4 > (guint64)c->width * c->height * 3 || c->width % 2 || c->height % 2) {
		convert_whole(c, source, picture);
		return;
	}
	for (guint y = area->y1 / TILE_HEIGHT * TILE_HEIGHT; y < area->y2; y += TILE_HEIGHT) {
		for (guint x = area->x1 / TILE_WIDTH * TILE_WIDTH; x < area->x2; x += TILE_WIDTH) {
			guint left = tile_origin(x, TILE_WIDTH, c->width);
			guint top = tile_origin(y, TILE_HEIGHT, c->height);
			struct rgb_view view = {
				source->data + (gsize)top * source->pitch + left * bytes,
				source->pitch,
			};

			convert_tile(c, &view, picture, left, top);
		}
	}
}

struct area cursor_area(const struct cursor_image *cursor, guint width, guint height)
{
	gint64 x1 = CLAMP(cursor->x, 0, (int)width);
	gint64 y1 = CLAMP(cursor->y, 0, (int)height);
	gint64 x2 = CLAMP((gint64)cursor->x + cursor->width, 0, width);
	gint64 y2 = CLAMP((gint64)cursor->y + cursor->height, 0, height);

	if (x1 >= x2 || y1 >= y2)
		return (struct area){ 0, 0, 0, 0 };
	return (struct area){ x1, y1, x2, y2 };
}

/* Premultiplied source over opaque destination. */
static guint8 over(guint8 source, guint8 alpha, guint8 below)
{
	guint blended = below * (255 - alpha) + 127;

	return MIN(source + (blended + (blended >> 8) + 1) / 256, 255);
}

/* Blend what of the cursor lies in the tile at (@left, @top) into the scratch tile. */
static void blend_tile(struct picture_converter *c, const struct cursor_image *cursor, guint left,
		       guint top)
{
	guint red = formats[c->format].red_first ? 0 : 2;
	guint blue = 2 - red;

	for (guint row = 0; row < TILE_HEIGHT; row++) {
		gint64 cursor_y = (gint64)top + row - cursor->y;

		if (cursor_y < 0 || cursor_y >= cursor->height)
			continue;
		for (guint column = 0; column < TILE_WIDTH; column++) {
			gint64 cursor_x = (gint64)left + column - cursor->x;
			guint8 *pixel = c->scratch + (row * TILE_WIDTH + column) * 4;
			const guint8 *argb;

			if (cursor_x < 0 || cursor_x >= cursor->width)
				continue;
			argb = cursor->data + cursor_y * cursor->pitch + cursor_x * 4;
			pixel[blue] = over(argb[0], argb[3], pixel[blue]);
			pixel[1] = over(argb[1], argb[3], pixel[1]);
			pixel[red] = over(argb[2], argb[3], pixel[red]);
		}
	}
}

gboolean picture_converter_cursor(struct picture_converter *c, const struct rgb_view *source,
				  const struct picture *picture, const struct cursor_image *cursor)
{
	struct area area = cursor_area(cursor, c->width, c->height);
	struct rgb_view scratch = { c->scratch, TILE_WIDTH * 4 };

	if (!formats[c->format].eight_bit)
		return FALSE;
	for (guint y = area.y1 / TILE_HEIGHT * TILE_HEIGHT; y < area.y2; y += TILE_HEIGHT) {
		for (guint x = area.x1 / TILE_WIDTH * TILE_WIDTH; x < area.x2; x += TILE_WIDTH) {
			guint left = tile_origin(x, TILE_WIDTH, c->width);
			guint top = tile_origin(y, TILE_HEIGHT, c->height);

			for (guint row = 0; row < TILE_HEIGHT; row++)
				memcpy(c->scratch + row * TILE_WIDTH * 4,
				       source->data + (gsize)(top + row) * source->pitch + left * 4,
				       TILE_WIDTH * 4);
			blend_tile(c, cursor, left, top);
			convert_tile(c, &scratch, picture, left, top);
		}
	}
	return TRUE;
}
