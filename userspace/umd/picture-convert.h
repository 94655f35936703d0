/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * picture-convert.h - parts of an RGB buffer into an I420 picture
 *
 * The matrix is that of PICTURE_COLORIMETRY; primaries and transfer stay, since a
 * desktop is shown as it is.  A chroma sample is the mean of four pixels (JPEG
 * siting), so that a part of a picture becomes the same whatever is around it.
 *
 * Own code, against a library's: libyuv has this matrix for RGB only in versions that
 * Debian 12 and 13 lack, GStreamer's converter takes five to nine times as long and works on
 * whole frames.  Any thread, one at a time for each converter.
 */
#pragma once

#include "frame-source.h"
#include "picture-color.h"

G_BEGIN_DECLS

/**
 * struct rgb_view - pixels of a linear buffer
 * @data: first pixel of the picture
 * @pitch: bytes per line
 */
struct rgb_view {
	const guint8 *data;
	guint pitch;
};

struct picture_converter;

/* NULL if @fourcc is not known. */
struct picture_converter *picture_converter_new(guint32 fourcc, guint width, guint height);
void picture_converter_free(struct picture_converter *converter);
/* What becomes of the colours of all that is converted from now on, with the cursor's. */
void picture_converter_set_color(struct picture_converter *converter, const struct miracast_color *color);
guint picture_converter_bytes_per_pixel(const struct picture_converter *converter);

/* Convert @area, which must lie within the picture, and what shares chroma with its edges. */
void picture_converter_run(struct picture_converter *converter, const struct rgb_view *source,
			   const struct picture *picture, const struct area *area);

/**
 * struct cursor_image - premultiplied ARGB8888
 * @x, @y: of the left upper corner in the picture; may be outside
 */
struct cursor_image {
	const guint8 *data;
	guint pitch;
	int x, y;
	guint width, height;
};

/* The part of the picture that a cursor covers; empty (x1 == x2) if none. */
struct area cursor_area(const struct cursor_image *cursor, guint width, guint height);

/*
 * Put the cursor over the picture: reads what is below it from @source, so
 * @picture need not be fresh there.
 */
void picture_converter_cursor(struct picture_converter *converter, const struct rgb_view *source,
			      const struct picture *picture, const struct cursor_image *cursor);

G_END_DECLS
