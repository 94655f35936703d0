/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * picture-color.h - colours of a monitor as a whole, night light for example
 *
 * What the desktop has set (struct miracast_color), prepared for pixels of 8 bits per
 * colour: the matrix in fixed point, the curves as tables.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

struct miracast_color;
struct picture_color;

/* (nullable): NULL if @color changes nothing. */
struct picture_color *picture_color_new(const struct miracast_color *color);
void picture_color_free(struct picture_color *color);

/* Of @width pixels of XRGB8888; any thread. */
void picture_color_apply(const struct picture_color *color, guint32 *rgb, guint width);

G_END_DECLS
