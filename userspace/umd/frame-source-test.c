// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A moving test picture at the rate of the mode: colour bars, a block that
 * wanders, and the number of the frame, as digits for people and as a row of 32
 * black and white squares (most significant bit first) for programs.
 *
 * Pictures are shown at multiples of the period from each whole second of CLOCK_MONOTONIC on.
 * Those of the first FLASH_NS of a second are white between the squares and the lower edge,
 * where the bars stay: sound_source_test clicks with the first of them.
 */
#include "frame-source.h"

#include <errno.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <drm/miracast.h>
#include <drm_fourcc.h>
#include <poll.h>

#include "gpu-way.h"
#include "udmabuf.h"

#define NS_PER_S G_GINT64_CONSTANT(1000000000)
#define FLASH_NS (50 * G_GUINT64_CONSTANT(1000000))
#define DIGITS 8
#define BITS 32
/* A GPU that has not read the picture by then is not waited for. */
#define READ_MS 30

/* What is drawn into: the one or the other. */
struct canvas {
	guint width;
	guint height;
	const struct picture *picture; /* I420 */
	guint32 *pixels;	       /* XRGB8888, without gaps */
};

struct test_source {
	int timer;
	guint64 seq;
	guint64 start_ns;
	guint64 period_ns;
	gboolean background_due;
	guint block_x; /* where the block is now */

	gpu_way *way; /* NULL: there is none */
	gboolean tried; /* to make the next two, for this mode */
	udmabuf *buffer; /* of which @memory is; NULL: none, or given up */
	struct gpu_memory *memory;
};

struct color {
	guint8 y, u, v;
	guint32 rgb;
};

/* 75 % bars, BT.709 limited range. */
static const struct color bars[] = {
	{ 180, 128, 128, 0xbfbfbf }, { 168, 44, 136, 0xbfbf00 }, { 145, 147, 44, 0x00bfbf },
	{ 133, 63, 52, 0x00bf00 },   { 63, 193, 204, 0xbf00bf }, { 51, 109, 212, 0xbf0000 },
	{ 28, 212, 120, 0x0000bf },  { 16, 128, 128, 0x000000 },
};
static const struct color black = { 16, 128, 128, 0x000000 };
static const struct color white = { 235, 128, 128, 0xffffff };

/* 3x5 pixels per digit, one octal number per row. */
static const guint16 font[10] = {
	075557, 026227, 071747, 071717, 055711, 074717, 074757, 071111, 075757, 075717,
};

static void fill_picture(const struct picture *picture, const struct area *area, struct color color)
{
	for (guint row = area->y1; row < area->y2; row++)
		memset(picture_plane(picture, 0) + row * picture_stride(picture, 0) + area->x1, color.y,
		       area->x2 - area->x1);
	for (guint row = area->y1 / 2; row < area->y2 / 2; row++) {
		memset(picture_plane(picture, 1) + row * picture_stride(picture, 1) + area->x1 / 2,
		       color.u, (area->x2 - area->x1) / 2);
		memset(picture_plane(picture, 2) + row * picture_stride(picture, 2) + area->x1 / 2,
		       color.v, (area->x2 - area->x1) / 2);
	}
}

/* Coordinates are rounded down to even ones, as chroma wants them. */
static void fill(const struct canvas *canvas, guint x, guint y, guint width, guint height,
		 struct color color)
{
	const struct area area = {
		.x1 = x & ~1u,
		.y1 = y & ~1u,
		.x2 = MIN(x + width, canvas->width) & ~1u,
		.y2 = MIN(y + height, canvas->height) & ~1u,
	};

	if (area.x1 >= area.x2)
		return;
	if (canvas->picture) {
		fill_picture(canvas->picture, &area, color);
		return;
	}
	for (guint row = area.y1; row < area.y2; row++) {
		for (guint column = area.x1; column < area.x2; column++)
			canvas->pixels[row * canvas->width + column] = color.rgb;
	}
}

static void draw_background(const struct canvas *canvas)
{
	guint width = canvas->width;
	guint height = canvas->height;
	guint step = width / G_N_ELEMENTS(bars);

	for (guint i = 0; i < G_N_ELEMENTS(bars); i++)
		fill(canvas, i * step, 0, width - i * step, height, bars[i]);
}

static void draw_bits(const struct canvas *canvas, guint32 number)
{
	guint side = canvas->width / BITS;

	for (guint i = 0; i < BITS; i++)
		fill(canvas, i * side, 0, side, side, number >> (BITS - 1 - i) & 1 ? white : black);
}

static void draw_number(const struct canvas *canvas, guint64 number)
{
	guint dot = MAX(canvas->width / (DIGITS * 4 * 2), 2) & ~1u;
	guint left = canvas->width / 4;
	guint top = canvas->height / 3;

	for (guint i = DIGITS; i-- > 0; number /= 10) {
		for (guint bit = 0; bit < 15; bit++) {
			gboolean on = font[number % 10] >> (14 - bit) & 1;

			fill(canvas, left + (i * 4 + bit % 3) * dot, top + bit / 3 * dot, dot, dot,
			     on ? white : black);
		}
	}
}

/* What is drawn over the background after a flash, in which it does not lie. */
static void draw_flash(const struct canvas *canvas)
{
	guint width = canvas->width;
	guint height = canvas->height;
	guint top = (width / BITS + 1) & ~1u;

	fill(canvas, 0, top, width, height * 15 / 16 - top, white);
}

/* The block goes from left to right below the number. */
static void move_block(struct test_source *source, const struct canvas *canvas)
{
	guint width = canvas->width;
	guint height = canvas->height;
	guint side = height / 8;
	guint top = height * 3 / 4;

	fill(canvas, 0, top, width, side, black);
	source->block_x = (source->seq * MAX(width / 240, 2)) % (width - side);
	fill(canvas, source->block_x, top, side, side, white);
}

static void draw(struct test_source *source, const struct canvas *canvas, gboolean flash)
{
	if (source->background_due)
		draw_background(canvas);
	source->background_due = flash;
	draw_bits(canvas, source->seq);
	if (flash) {
		draw_flash(canvas);
	} else {
		draw_number(canvas, source->seq);
		move_block(source, canvas);
	}
}

/* ------------------------------------------------------------------- the GPU way */

static void drop_buffer(struct test_source *source)
{
	g_clear_pointer(&source->memory, gpu_memory_free);
	g_clear_pointer(&source->buffer, udmabuf_free);
}

static void make_buffer(struct test_source *source, guint width, guint height)
{
	g_autoptr(GError) error = NULL;

	source->tried = TRUE;
	source->buffer = udmabuf_new((gsize)width * height * 4, &error);
	if (source->buffer)
		source->memory = gpu_memory_new(source->buffer->fd);
	if (!source->memory) {
		g_debug("the test picture goes through the processor: %s", error ? error->message : g_strerror(errno));
		drop_buffer(source);
		return;
	}
	source->background_due = TRUE;
}

/* The buffer is drawn into again, so it has to have been read. */
static void wait_until_read(const struct gpu_memory *memory)
{
	struct pollfd fence = { .fd = gpu_memory_fence(memory), .events = POLLIN };

	if (fence.fd < 0)
		return;
	poll(&fence, 1, READ_MS);
	close(fence.fd);
}

/* NULL: it does not go, now and later. */
static GstBuffer *draw_on_gpu(struct test_source *source, guint width, guint height, gboolean flash)
{
	struct gpu_picture picture = {
		.fourcc = DRM_FORMAT_XRGB8888,
		.modifier = DRM_FORMAT_MOD_LINEAR,
		.width = width,
		.height = height,
		.pitch = width * 4,
	};
	GstBuffer *converted = NULL;

	if (!source->way)
		return NULL;
	if (!source->tried)
		make_buffer(source, width, height);
	if (!source->memory)
		return NULL;
	picture.memory = source->memory;
	if (!gpu_way_given_up(source->way)) {
		const struct canvas canvas = { width, height, .pixels = (guint32 *)source->buffer->data };

		draw(source, &canvas, flash);
		converted = gpu_way_convert(source->way, &picture, NULL);
	}
	if (converted) {
		wait_until_read(source->memory);
		return converted;
	}
	drop_buffer(source);
	/* The other picture is as old as the buffer. */
	source->background_due = TRUE;
	return NULL;
}

static void test_set_gpu_way(gpointer data, gpu_way *way)
{
	struct test_source *source = data;

	source->way = way;
}

static gpointer test_create(struct miracast_host *host, const struct miracast_callbacks *callbacks,
			    GError **error)
{
	struct test_source *source = g_new0(struct test_source, 1);

	source->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (source->timer < 0) {
		g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno), "timerfd: %s",
			    g_strerror(errno));
		g_free(source);
		return NULL;
	}
	return source;
}

static void test_destroy(gpointer data)
{
	struct test_source *source = data;

	drop_buffer(source);
	close(source->timer);
	g_free(source);
}

static int test_wait_fd(gpointer data, short *events)
{
	struct test_source *source = data;

	*events = POLLIN;
	return source->timer;
}

static void test_set_mode(gpointer data, const struct stream_mode *mode)
{
	struct test_source *source = data;
	guint64 now = g_get_monotonic_time() * 1000;
	guint64 second = now - now % NS_PER_S;
	struct itimerspec timer = { 0 };

	source->period_ns = NS_PER_S * 1000 / MAX(mode->refresh_mhz, 1000);
	source->start_ns = second + ((now - second) / source->period_ns + 1) * source->period_ns;
	source->background_due = TRUE;
	source->tried = FALSE;
	drop_buffer(source);
	timer.it_interval.tv_sec = source->period_ns / NS_PER_S;
	timer.it_interval.tv_nsec = source->period_ns % NS_PER_S;
	timer.it_value.tv_sec = source->start_ns / NS_PER_S;
	timer.it_value.tv_nsec = source->start_ns % NS_PER_S;
	timerfd_settime(source->timer, TFD_TIMER_ABSTIME, &timer, NULL);
}

static enum frame_result test_take(gpointer data, const struct picture *picture,
				   struct frame_info *info)
{
	struct test_source *source = data;
	const struct canvas canvas = {
		.width = GST_VIDEO_INFO_WIDTH(&picture->info),
		.height = GST_VIDEO_INFO_HEIGHT(&picture->info),
		.picture = picture,
	};
	guint64 begin = g_get_monotonic_time();
	guint64 ticks = 0;
	gboolean flash;

	if (read(source->timer, &ticks, sizeof(ticks)) != sizeof(ticks) || !ticks)
		return FRAME_NONE;
	source->seq += ticks;
	/* The last tick of the timer is when a desktop would have flipped. */
	info->seq = source->seq;
	info->flip_ns = begin * 1000 - (begin * 1000 - source->start_ns) % source->period_ns;
	info->shown_ns = info->flip_ns;
	/* The period is rounded down: a flip comes a little before the second that it belongs to. */
	flash = (info->flip_ns + source->period_ns / 2) % NS_PER_S < FLASH_NS;
	info->gpu = draw_on_gpu(source, canvas.width, canvas.height, flash);
	if (!info->gpu)
		draw(source, &canvas, flash);
	info->skipped = ticks - 1;
	info->offered = ticks;
	info->convert_us = g_get_monotonic_time() - begin;
	return FRAME_TAKEN;
}

const struct frame_source_class frame_source_test = {
	.name = "test",
	.create = test_create,
	.destroy = test_destroy,
	.wait_fd = test_wait_fd,
	.set_mode = test_set_mode,
	.set_gpu_way = test_set_gpu_way,
	.take = test_take,
};
