// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Pictures' memory: see picture.h.
 */
#include "picture.h"

#include <string.h>

/* The memory has a reference of the picture and one of each buffer; it is freed with the last. */
static void set_memory(struct picture *picture)
{
	gsize size = GST_VIDEO_INFO_SIZE(&picture->info);

	picture->data = g_malloc(size);
	/* Elements that write into what they get make a copy. */
	picture->memory = gst_memory_new_wrapped(GST_MEMORY_FLAG_READONLY, picture->data, size, 0, size, picture->data, g_free);
}

void picture_clear(struct picture *picture)
{
	g_clear_pointer(&picture->memory, gst_memory_unref);
	gst_clear_buffer(&picture->gpu);
	picture->data = NULL;
}

void picture_set_gpu(struct picture *picture, GstBuffer *gpu)
{
	gst_clear_buffer(&picture->gpu);
	picture->gpu = gpu;
}

void picture_make_black(struct picture *picture, guint width, guint height)
{
	picture_clear(picture);
	gst_video_info_set_format(&picture->info, GST_VIDEO_FORMAT_I420, width, height);
	set_memory(picture);
	memset(picture->data, 16, GST_VIDEO_INFO_PLANE_OFFSET(&picture->info, 1));
	memset(picture->data + GST_VIDEO_INFO_PLANE_OFFSET(&picture->info, 1), 128,
	       GST_VIDEO_INFO_SIZE(&picture->info) - GST_VIDEO_INFO_PLANE_OFFSET(&picture->info, 1));
}

gboolean picture_make_writable(struct picture *picture)
{
	struct picture shown = *picture;

	if (!shown.memory || GST_MINI_OBJECT_REFCOUNT_VALUE(shown.memory) == 1)
		return FALSE;
	set_memory(picture);
	shown.gpu = NULL;
	memcpy(picture->data, shown.data, GST_VIDEO_INFO_SIZE(&shown.info));
	picture_clear(&shown);
	return TRUE;
}

GstBuffer *picture_to_buffer(const struct picture *picture)
{
	gsize size = GST_VIDEO_INFO_SIZE(&picture->info);
	GstBuffer *buffer;

	if (picture->gpu) {
		buffer = gst_buffer_copy(picture->gpu);
		/* The converter must not draw into its memory again as long as somebody has this one. */
		gst_buffer_add_parent_buffer_meta(buffer, picture->gpu);
		return buffer;
	}
	if (picture->memory) {
		buffer = gst_buffer_new();
		gst_buffer_append_memory(buffer, gst_memory_ref(picture->memory));
		return buffer;
	}
	buffer = gst_buffer_new_allocate(NULL, size, NULL);
	gst_buffer_fill(buffer, 0, picture->data, size);
	return buffer;
}
