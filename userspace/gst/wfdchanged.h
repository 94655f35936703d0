/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * wfdchanged.h - what is new in a picture, for encoders
 *
 * A buffer's metas of type GstVideoRegionOfInterestMeta with the name WFD_CHANGED say where it
 * differs from the buffer before; one without an area, that it does not.  A buffer without such
 * a meta may differ everywhere.  Elements that do not know the name leave them alone.
 */
#pragma once

#include <gst/video/video.h>

G_BEGIN_DECLS

/* Name of the metas that say where a picture has changed. */
#define WFD_CHANGED "wfd-changed"

/* Says that this area of @buffer, in pixels, is new; without width or height: nothing is so far. */
static inline void wfd_picture_add_changed(GstBuffer *buffer, guint x, guint y, guint width, guint height)
{
	gst_buffer_add_video_region_of_interest_meta(buffer, WFD_CHANGED, x, y, width, height);
}

G_END_DECLS
