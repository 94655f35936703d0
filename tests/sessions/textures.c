// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Do OpenGL's elements make NV12 of a dma-buf, as gpu-way.h has them?
 *
 * Real ones, of this system, on what Mesa has in the place of a GPU, which imports dma-bufs of ordinary memory.  An encoder
 * that takes their textures, NVENC's, is not here.  Prints what was seen of each picture; says why and fails where that is
 * not what was drawn.
 *
 * A processor that is emulated takes seconds for what a GPU does in a millisecond, and is given them.
 */
#include <stdio.h>
#include <stdlib.h>

#include <drm_fourcc.h>
#include <gst/app/gstappsink.h>

#include "gpu-way.h"
#include "udmabuf.h"

#define WIDTH 640
#define HEIGHT 480
#define PATIENCE 100
/* Of 255. */
#define TOLERANCE 3

/* What is drawn, and what BT.709 makes of it. */
static const struct {
	guint32 colour;
	guint8 y, u, v;
} pictures[] = {
	{ 0x00c02020, 73, 112, 198 },
	{ 0x0020a030, 123, 92, 76 },
	{ 0x002030d0, 64, 200, 115 },
	{ 0x00909090, 140, 128, 128 },
};

GstSample *__wrap_gst_app_sink_try_pull_sample(GstAppSink *sink, GstClockTime timeout);
GstSample *__real_gst_app_sink_try_pull_sample(GstAppSink *sink, GstClockTime timeout);

GstSample *__wrap_gst_app_sink_try_pull_sample(GstAppSink *sink, GstClockTime timeout)
{
	return __real_gst_app_sink_try_pull_sample(sink, PATIENCE * timeout);
}

static guint8 sample(GstBuffer *buffer, gsize at)
{
	guint8 value = 0;

	gst_buffer_extract(buffer, at, &value, 1);
	return value;
}

static gboolean is_near(guint8 a, guint8 b)
{
	return ABS((int)a - (int)b) <= TOLERANCE;
}

static gboolean try_picture(gpu_way *way, udmabuf *desktop, struct gpu_memory *memory, guint i)
{
	const struct gpu_picture picture = {
		.memory = memory, .fourcc = DRM_FORMAT_XRGB8888, .modifier = DRM_FORMAT_MOD_LINEAR,
		.width = WIDTH, .height = HEIGHT, .pitch = WIDTH * 4,
	};
	const gsize luma = HEIGHT / 2 * WIDTH + WIDTH / 2, chroma = WIDTH * HEIGHT + HEIGHT / 4 * WIDTH + WIDTH / 2;
	g_autoptr(GstBuffer) buffer = NULL;
	g_autoptr(GError) error = NULL;
	guint8 y, u, v;

	for (guint at = 0; at < WIDTH * HEIGHT; at++)
		((guint32 *)desktop->data)[at] = pictures[i].colour;
	buffer = gpu_way_convert(way, &picture, &error);
	if (!buffer) {
		printf("picture %u: %s\n", i, error->message);
		return FALSE;
	}
	y = sample(buffer, luma);
	u = sample(buffer, chroma);
	v = sample(buffer, chroma + 1);
	printf("%06x is %u %u %u in %s\n", pictures[i].colour, y, u, v, gst_buffer_peek_memory(buffer, 0)->allocator->mem_type);
	return is_near(y, pictures[i].y) && is_near(u, pictures[i].u) && is_near(v, pictures[i].v);
}

int main(int argc, char **argv)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(gpu_way) way = NULL;
	g_autoptr(udmabuf) desktop = NULL;
	struct gpu_memory *memory;
	gboolean right = TRUE;

	gpu_way_set_environment();
	gst_init(&argc, &argv);
	desktop = udmabuf_new(WIDTH * HEIGHT * 4, &error);
	if (!desktop) {
		printf("no dma-buf to try it with: %s\n", error->message);
		return EXIT_FAILURE;
	}
	memory = gpu_memory_new(desktop->fd);
	way = gpu_way_new(GPU_KIND_GL, "glupload ! glcolorconvert");
	for (guint i = 0; i < G_N_ELEMENTS(pictures) && right; i++)
		right = try_picture(way, desktop, memory, i);
	gpu_memory_free(memory);
	return right ? EXIT_SUCCESS : EXIT_FAILURE;
}
