// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Conversion of picture-convert.h.
 */
#include "picture-convert.h"

#include <string.h>

#include <drm_fourcc.h>

/* A line of what is not XRGB8888, has a cursor on it or other colours, is looked at in pieces of so many pixels. */
#define PIECE 256

/* BT.709 limited range: 8 bit RGB into 8 bit Y'CbCr, in units of 1 / 2^15 (ITU-R BT.709-6, 3.3 to 3.5). */
#define FRACTION 15
#define LUMA_RED 5983
#define LUMA_GREEN 20127
#define LUMA_BLUE 2032
#define CB_RED (-3298)
#define CB_GREEN (-11094)
#define CB_BLUE 14392
#define CR_RED 14392
#define CR_GREEN (-13072)
#define CR_BLUE (-1320)
#define LUMA_BASE 16
#define CHROMA_BASE 128

/* Neither white nor grey may be coloured by rounding. */
G_STATIC_ASSERT(LUMA_RED + LUMA_GREEN + LUMA_BLUE == 28142); /* 2^15 * 219 / 255 */
G_STATIC_ASSERT(CB_RED + CB_GREEN + CB_BLUE == 0);
G_STATIC_ASSERT(CR_RED + CR_GREEN + CR_BLUE == 0);

/*
 * Two lines of XRGB8888 into two lines of luma and one of chroma, which is the mean
 * of four pixels, so that no part of a picture needs what is beside it.  The last line
 * of a picture of odd height is its own neighbour, and so is the last column.
 */
struct line_pair {
	const guint32 *rgb[2];
	guint8 *luma[2];
	guint8 *cb, *cr;
	guint width;
};

typedef void (*convert_lines_func)(const struct line_pair *lines);

static inline __attribute__((always_inline)) int red_of(guint32 pixel)
{
	return pixel >> 16 & 0xff;
}

static inline __attribute__((always_inline)) int green_of(guint32 pixel)
{
	return pixel >> 8 & 0xff;
}

static inline __attribute__((always_inline)) int blue_of(guint32 pixel)
{
	return pixel & 0xff;
}

static inline __attribute__((always_inline)) void
convert_luma(const guint32 *restrict rgb, guint8 *restrict luma, guint width)
{
	const int base = (LUMA_BASE << FRACTION) + (1 << (FRACTION - 1));

	for (guint x = 0; x < width; x++)
		luma[x] = (LUMA_RED * red_of(rgb[x]) + LUMA_GREEN * green_of(rgb[x]) +
			   LUMA_BLUE * blue_of(rgb[x]) + base) >> FRACTION;
}

/* Sums of four pixels have two bits more. */
static inline __attribute__((always_inline)) guint8 chroma(int red, int green, int blue)
{
	return (red + green + blue + (CHROMA_BASE << (FRACTION + 2)) + (1 << (FRACTION + 1))) >>
	       (FRACTION + 2);
}

static inline __attribute__((always_inline)) void
convert_chroma(const guint32 *restrict upper, const guint32 *restrict lower, guint8 *restrict cb,
	       guint8 *restrict cr, guint width, guint step)
{
	for (guint x = 0; x < width; x++) {
		guint32 a = upper[2 * x], b = upper[2 * x + step];
		guint32 c = lower[2 * x], d = lower[2 * x + step];
		int red = red_of(a) + red_of(b) + red_of(c) + red_of(d);
		int green = green_of(a) + green_of(b) + green_of(c) + green_of(d);
		int blue = blue_of(a) + blue_of(b) + blue_of(c) + blue_of(d);

		cb[x] = chroma(CB_RED * red, CB_GREEN * green, CB_BLUE * blue);
		cr[x] = chroma(CR_RED * red, CR_GREEN * green, CR_BLUE * blue);
	}
}

static inline __attribute__((always_inline)) void convert_lines(const struct line_pair *lines)
{
	guint pairs = lines->width / 2;

	convert_luma(lines->rgb[0], lines->luma[0], lines->width);
	if (lines->luma[1])
		convert_luma(lines->rgb[1], lines->luma[1], lines->width);
	convert_chroma(lines->rgb[0], lines->rgb[1], lines->cb, lines->cr, pairs, 1);
	if (lines->width % 2)
		convert_chroma(lines->rgb[0] + 2 * pairs, lines->rgb[1] + 2 * pairs,
			       lines->cb + pairs, lines->cr + pairs, 1, 0);
}

/* Loops that the compiler makes vectors of: the same ones, for what the processor has. */
static void convert_lines_baseline(const struct line_pair *lines)
{
	convert_lines(lines);
}

#ifdef __x86_64__
__attribute__((target("avx2"))) static void convert_lines_avx2(const struct line_pair *lines)
{
	convert_lines(lines);
}
#endif

static convert_lines_func fastest_convert_lines(void)
{
#ifdef __x86_64__
	if (__builtin_cpu_supports("avx2"))
		return convert_lines_avx2;
#endif
	return convert_lines_baseline;
}

/* ------------------------------------------------------------------- formats */

/* @width pixels into XRGB8888. */
typedef void (*unpack_func)(const guint8 *restrict data, guint32 *restrict rgb, guint width);

static void unpack_xrgb8888(const guint8 *restrict data, guint32 *restrict rgb, guint width)
{
	memcpy(rgb, data, width * sizeof(*rgb));
}

static void unpack_xbgr8888(const guint8 *restrict data, guint32 *restrict rgb, guint width)
{
	for (guint x = 0; x < width; x++) {
		const guint8 *pixel = data + 4 * x;

		rgb[x] = pixel[0] << 16 | pixel[1] << 8 | pixel[2];
	}
}

static void unpack_rgb565(const guint8 *restrict data, guint32 *restrict rgb, guint width)
{
	for (guint x = 0; x < width; x++) {
		guint pixel = data[2 * x] | data[2 * x + 1] << 8;
		guint red = pixel >> 11, green = pixel >> 5 & 0x3f, blue = pixel & 0x1f;

		rgb[x] = (red << 3 | red >> 2) << 16 | (green << 2 | green >> 4) << 8 |
			 (blue << 3 | blue >> 2);
	}
}

static void unpack_xrgb2101010(const guint8 *restrict data, guint32 *restrict rgb, guint width)
{
	for (guint x = 0; x < width; x++) {
		const guint8 *bytes = data + 4 * x;
		guint32 pixel = bytes[0] | bytes[1] << 8 | bytes[2] << 16 | (guint32)bytes[3] << 24;

		rgb[x] = (pixel >> 22 & 0xff) << 16 | (pixel >> 12 & 0xff) << 8 | (pixel >> 2 & 0xff);
	}
}

static const struct {
	guint32 fourcc;
	guint bytes;
	unpack_func unpack;
} formats[] = {
	{ DRM_FORMAT_XRGB8888, 4, unpack_xrgb8888 },
	{ DRM_FORMAT_ARGB8888, 4, unpack_xrgb8888 },
	{ DRM_FORMAT_XBGR8888, 4, unpack_xbgr8888 },
	{ DRM_FORMAT_ABGR8888, 4, unpack_xbgr8888 },
	{ DRM_FORMAT_RGB565, 2, unpack_rgb565 },
	{ DRM_FORMAT_XRGB2101010, 4, unpack_xrgb2101010 },
	{ DRM_FORMAT_ARGB2101010, 4, unpack_xrgb2101010 },
};

/* ----------------------------------------------------------------- conversion */

struct picture_converter {
	guint format; /* index of formats */
	guint width;
	guint height;
	convert_lines_func convert_lines;
	struct picture_color *color; /* NULL: they stay */
};

struct picture_converter *picture_converter_new(guint32 fourcc, guint width, guint height)
{
	struct picture_converter *c;
	guint format = 0;

	while (format < G_N_ELEMENTS(formats) && formats[format].fourcc != fourcc)
		format++;
	if (format == G_N_ELEMENTS(formats) || !width || !height)
		return NULL;
	c = g_new0(struct picture_converter, 1);
	c->format = format;
	c->width = width;
	c->height = height;
	c->convert_lines = fastest_convert_lines();
	return c;
}

void picture_converter_free(struct picture_converter *c)
{
	if (c)
		picture_color_free(c->color);
	g_free(c);
}

void picture_converter_set_color(struct picture_converter *c, const struct miracast_color *color)
{
	picture_color_free(c->color);
	c->color = picture_color_new(color);
}

guint picture_converter_bytes_per_pixel(const struct picture_converter *c)
{
	return formats[c->format].bytes;
}

/* Premultiplied source over opaque destination. */
static guint32 over(guint8 source, guint alpha, guint below)
{
	guint blended = below * (255 - alpha) + 127;

	return MIN(source + (blended + (blended >> 8) + 1) / 256, 255);
}

/* What of the cursor lies on the line @y, from column @x on. */
static void blend_cursor(const struct cursor_image *cursor, guint32 *rgb, guint x, guint y, guint width)
{
	gint64 first = MAX((gint64)cursor->x - x, 0);
	gint64 end = MIN((gint64)cursor->x + cursor->width - x, width);
	const guint8 *line;

	if (y < (gint64)cursor->y || y >= (gint64)cursor->y + cursor->height)
		return;
	line = cursor->data + ((gint64)y - cursor->y) * cursor->pitch;
	for (gint64 i = first; i < end; i++) {
		const guint8 *argb = line + (x + i - cursor->x) * 4;

		rgb[i] = over(argb[2], argb[3], red_of(rgb[i])) << 16 |
			 over(argb[1], argb[3], green_of(rgb[i])) << 8 |
			 over(argb[0], argb[3], blue_of(rgb[i]));
	}
}

static void convert_piece(const struct picture_converter *c, const struct rgb_view *source,
			  const struct cursor_image *cursor, struct line_pair *lines, guint x, guint y)
{
	const guint bytes = formats[c->format].bytes;
	guint32 unpacked[2][PIECE];

	for (guint i = 0; i < 2; i++) {
		guint line = MIN(y + i, c->height - 1);

		formats[c->format].unpack(source->data + (gsize)line * source->pitch + (gsize)x * bytes,
					  unpacked[i], lines->width);
		if (cursor)
			blend_cursor(cursor, unpacked[i], x, line, lines->width);
		if (c->color)
			picture_color_apply(c->color, unpacked[i], lines->width);
		lines->rgb[i] = unpacked[i];
	}
	c->convert_lines(lines);
}

static gboolean is_in_place(const struct picture_converter *c, const struct rgb_view *source)
{
	return G_BYTE_ORDER == G_LITTLE_ENDIAN && formats[c->format].unpack == unpack_xrgb8888 &&
	       (guintptr)source->data % sizeof(guint32) == 0 && source->pitch % sizeof(guint32) == 0;
}

/* @cursor may be NULL. */
static void convert(const struct picture_converter *c, const struct rgb_view *source,
		    const struct picture *picture, const struct area *area,
		    const struct cursor_image *cursor)
{
	const guint left = area->x1 & ~1u, right = MIN((area->x2 + 1) & ~1u, c->width);
	const guint bottom = MIN((area->y2 + 1) & ~1u, c->height);
	const gboolean in_place = !cursor && !c->color && is_in_place(c, source);
	const guint length = in_place ? c->width : PIECE;
	const gsize luma_stride = picture_stride(picture, 0);

	for (guint y = area->y1 & ~1u; y < bottom; y += 2) {
		for (guint x = left; x < right; x += length) {
			guint8 *luma = picture_plane(picture, 0) + y * luma_stride + x;
			gsize at = (gsize)(y / 2) * picture_stride(picture, 1) + x / 2;
			struct line_pair lines = {
				.luma = { luma, y + 1 < c->height ? luma + luma_stride : NULL },
				.cb = picture_plane(picture, 1) + at,
				.cr = picture_plane(picture, 2) + at,
				.width = MIN(length, right - x),
			};

			if (!in_place) {
				convert_piece(c, source, cursor, &lines, x, y);
				continue;
			}
			for (guint i = 0; i < 2; i++)
				lines.rgb[i] = (gconstpointer)(source->data + (gsize)x * 4 +
							       (gsize)MIN(y + i, c->height - 1) *
								       source->pitch);
			c->convert_lines(&lines);
		}
	}
}

void picture_converter_run(struct picture_converter *c, const struct rgb_view *source,
			   const struct picture *picture, const struct area *area)
{
	convert(c, source, picture, area, NULL);
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

void picture_converter_cursor(struct picture_converter *c, const struct rgb_view *source,
			      const struct picture *picture, const struct cursor_image *cursor)
{
	struct area area = cursor_area(cursor, c->width, c->height);

	convert(c, source, picture, &area, cursor);
}
