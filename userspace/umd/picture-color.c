// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Colours of picture-color.h.
 */
#include "picture-color.h"

#include <drm/miracast.h>

/* Fractions of the matrix; its elements go to 16 at most, so that no sum overflows. */
#define FRACTION 16
#define ELEMENT_MAX (16 << FRACTION)
/* Of a matrix of the desktop's. */
#define SIGN (G_GUINT64_CONSTANT(1) << 63)
#define ONE (G_GUINT64_CONSTANT(1) << 32)

G_STATIC_ASSERT(3 * G_GINT64_CONSTANT(255) * ELEMENT_MAX + (1 << FRACTION) <= G_MAXINT32);

struct picture_color {
	gboolean has_matrix;
	gint32 matrix[3][3]; /* rows are what comes out */
	guint8 curves[3][256];
};

static gint32 element(guint64 sign_magnitude)
{
	guint64 magnitude = MIN((sign_magnitude & ~SIGN) >> (32 - FRACTION), ELEMENT_MAX);

	return sign_magnitude & SIGN ? -(gint32)magnitude : (gint32)magnitude;
}

static gboolean set_matrix(struct picture_color *c, const struct miracast_color *color)
{
	gboolean changes = FALSE;

	if (!(color->flags & MIRACAST_COLOR_MATRIX))
		return FALSE;
	for (guint i = 0; i < 9; i++) {
		c->matrix[i / 3][i % 3] = element(color->matrix[i]);
		changes |= color->matrix[i] != (i % 4 ? 0 : ONE);
	}
	return changes;
}

/* Of 16 bits the nearest of 8. */
static gboolean set_curves(struct picture_color *c, const struct miracast_color *color)
{
	const guint16 *const curves[] = { color->red, color->green, color->blue };
	gboolean changes = FALSE;

	for (guint i = 0; i < 3; i++) {
		for (guint value = 0; value < 256; value++) {
			c->curves[i][value] = color->flags & MIRACAST_COLOR_CURVES ? (curves[i][value] + 128u) / 257 :
										     value;
			changes |= c->curves[i][value] != value;
		}
	}
	return changes;
}

struct picture_color *picture_color_new(const struct miracast_color *color)
{
	struct picture_color *c = g_new0(struct picture_color, 1);
	gboolean has_curves = set_curves(c, color);

	c->has_matrix = set_matrix(c, color);
	if (!c->has_matrix && !has_curves)
		g_clear_pointer(&c, g_free);
	return c;
}

void picture_color_free(struct picture_color *color)
{
	g_free(color);
}

static inline guint8 multiply(const gint32 row[3], gint32 red, gint32 green, gint32 blue)
{
	gint32 sum = row[0] * red + row[1] * green + row[2] * blue + (1 << (FRACTION - 1));

	return CLAMP(sum, 0, (256 << FRACTION) - 1) >> FRACTION;
}

static void apply_matrix(const struct picture_color *c, guint32 *rgb, guint width)
{
	for (guint x = 0; x < width; x++) {
		gint32 red = rgb[x] >> 16 & 0xff, green = rgb[x] >> 8 & 0xff, blue = rgb[x] & 0xff;

		rgb[x] = multiply(c->matrix[0], red, green, blue) << 16 |
			 multiply(c->matrix[1], red, green, blue) << 8 | multiply(c->matrix[2], red, green, blue);
	}
}

void picture_color_apply(const struct picture_color *c, guint32 *rgb, guint width)
{
	if (c->has_matrix)
		apply_matrix(c, rgb, width);
	for (guint x = 0; x < width; x++)
		rgb[x] = c->curves[0][rgb[x] >> 16 & 0xff] << 16 | c->curves[1][rgb[x] >> 8 & 0xff] << 8 |
			 c->curves[2][rgb[x] & 0xff];
}
