/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * picture.h - memory of pictures, which the encoder reads in place
 *
 * A picture is drawn into again and again.  A buffer of it shares its memory, so nothing is
 * copied on the way to the encoder; in turn nobody may draw while a buffer is in use, and no
 * element can write into it.  Encoders that work in the thread that calls them are done with it
 * before they want the next picture.  For others, picture_make_writable() gives the picture
 * another memory with the same content, and leaves the old one to the buffer.
 */
#pragma once

#include "frame-source.h"

G_BEGIN_DECLS

/* Memory for such a picture, black; what it had before is let go. */
void picture_make_black(struct picture *picture, guint width, guint height);
/* Lets its memory go. */
void picture_clear(struct picture *picture);
/* Call before drawing into it.  TRUE: it had to be copied. */
gboolean picture_make_writable(struct picture *picture);
/* It is in memory of the GPU, @gpu, taken; or, with NULL, no more. */
void picture_set_gpu(struct picture *picture, GstBuffer *gpu);
/* A buffer that shows it; without a memory that can be shared, of a copy. */
GstBuffer *picture_to_buffer(const struct picture *picture);

G_END_DECLS
