// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Do OpenGL's elements make NV12 of a dma-buf, as gpu-way.h has them?
 *
 * Real ones, of this system, on what Mesa has in the place of a GPU, which imports dma-bufs of ordinary memory.  An encoder
 * that takes their textures, NVENC's, is not here.  Says where what comes out is not what was drawn, and fails.
 *
 * A processor that is emulated takes seconds for what a GPU does in a millisecond, and is given them.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <drm_fourcc.h>
#include <gst/app/gstappsink.h>

#include "gpu-way.h"
#include "udmabuf.h"

#define WIDTH 640
#define HEIGHT 480
/* The picture is not at the beginning of its buffer, and its lines have something behind them. */
#define PITCH (WIDTH * 4 + 256)
#define OFFSET 4096
#define TURNS 4
#define PATIENCE 100
/* Of 255. */
#define TOLERANCE 3

/* What the quarters of a picture have, going round from one to the next, and what BT.709 makes of it. */
static const struct colour {
	guint32 rgb;
	guint8 y, u, v;
} colours[] = {
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

static const struct colour *colour_of(guint x, guint y, guint turn)
{
	return &colours[(x * 2 / WIDTH + y * 2 / HEIGHT * 2 + turn) % G_N_ELEMENTS(colours)];
}

static void draw(udmabuf *desktop, guint turn)
{
	memset(desktop->data, 0x55, desktop->size);
	for (guint y = 0; y < HEIGHT; y++) {
		guint32 *line = (guint32 *)(desktop->data + OFFSET + y * PITCH);

		for (guint x = 0; x < WIDTH; x++)
			line[x] = colour_of(x, y, turn)->rgb;
	}
}

static gboolean is_near(guint8 a, guint8 b)
{
	return ABS((int)a - (int)b) <= TOLERANCE;
}

/* NV12: the planes lie one behind the other. */
static gboolean looks_right(GstBuffer *buffer, guint x, guint y, guint turn)
{
	const struct colour *colour = colour_of(x, y, turn);
	guint8 luma = 0, chroma[2] = { 0 };

	gst_buffer_extract(buffer, y * WIDTH + x, &luma, 1);
	gst_buffer_extract(buffer, WIDTH * HEIGHT + y / 2 * WIDTH + x / 2 * 2, chroma, 2);
	if (is_near(luma, colour->y) && is_near(chroma[0], colour->u) && is_near(chroma[1], colour->v))
		return TRUE;
	printf("picture %u: at %u, %u is %u %u %u, not %u %u %u\n", turn, x, y, luma, chroma[0], chroma[1], colour->y,
	       colour->u, colour->v);
	return FALSE;
}

static gboolean try_picture(gpu_way *way, udmabuf *desktop, struct gpu_memory *memory, guint turn)
{
	const struct gpu_picture picture = {
		.memory = memory, .fourcc = DRM_FORMAT_XRGB8888, .modifier = DRM_FORMAT_MOD_LINEAR,
		.width = WIDTH, .height = HEIGHT, .offset = OFFSET, .pitch = PITCH,
	};
	/* Within the quarters, and near the corners. */
	static const guint columns[] = { 2, WIDTH / 4, WIDTH * 3 / 4, WIDTH - 3 };
	static const guint rows[] = { 2, HEIGHT / 4, HEIGHT * 3 / 4, HEIGHT - 3 };
	g_autoptr(GstBuffer) buffer = NULL;
	g_autoptr(GError) error = NULL;

	draw(desktop, turn);
	buffer = gpu_way_convert(way, &picture, &error);
	if (!buffer) {
		printf("picture %u: %s\n", turn, error->message);
		return FALSE;
	}
	if (!g_str_has_prefix(gst_buffer_peek_memory(buffer, 0)->allocator->mem_type, "GLMemory")) {
		printf("picture %u is no texture\n", turn);
		return FALSE;
	}
	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		for (guint j = 0; j < G_N_ELEMENTS(columns); j++) {
			if (!looks_right(buffer, columns[j], rows[i], turn))
				return FALSE;
		}
	}
	return TRUE;
}

int main(int argc, char **argv)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(gpu_way) way = NULL;
	g_autoptr(udmabuf) desktop = NULL;
	struct gpu_memory *memory;
	gboolean right = TRUE;

	/* Whatever becomes of this process. */
	setvbuf(stdout, NULL, _IOLBF, 0);
	gpu_way_set_environment();
	gst_init(&argc, &argv);
	desktop = udmabuf_new(OFFSET + HEIGHT * PITCH, &error);
	memory = desktop ? gpu_memory_new(desktop->fd) : NULL;
	if (!memory) {
		printf("no dma-buf to try it with: %s\n", desktop ? g_strerror(errno) : error->message);
		return EXIT_FAILURE;
	}
	way = gpu_way_new(GPU_KIND_GL, "glupload ! glcolorconvert");
	for (guint i = 0; i < TURNS && right; i++)
		right = try_picture(way, desktop, memory, i);
	gpu_memory_free(memory);
	if (right)
		printf("%u pictures of four colours\n", TURNS);
	return right ? EXIT_SUCCESS : EXIT_FAILURE;
}
