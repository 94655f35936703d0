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
#include <poll.h>

#define NS_PER_S G_GINT64_CONSTANT(1000000000)
#define FLASH_NS (50 * G_GUINT64_CONSTANT(1000000))
#define DIGITS 8
#define BITS 32

struct test_source {
	int timer;
	guint64 seq;
	guint64 start_ns;
	guint64 period_ns;
	gboolean background_due;
	guint block_x; /* where the block is now */
};

struct color {
	guint8 y, u, v;
};

/* 75 % bars, BT.709 limited range. */
static const struct color bars[] = {
	{ 180, 128, 128 }, { 168, 44, 136 }, { 145, 147, 44 }, { 133, 63, 52 },
	{ 63, 193, 204 },  { 51, 109, 212 }, { 28, 212, 120 }, { 16, 128, 128 },
};
static const struct color black = { 16, 128, 128 };
static const struct color white = { 235, 128, 128 };

/* 3x5 pixels per digit, one octal number per row. */
static const guint16 font[10] = {
	075557, 026227, 071747, 071717, 055711, 074717, 074757, 071111, 075757, 075717,
};

/* Coordinates are rounded down to even ones, as chroma wants them. */
static void fill(const struct picture *picture, guint x, guint y, guint width, guint height,
		 struct color color)
{
	guint right = MIN(x + width, (guint)GST_VIDEO_INFO_WIDTH(&picture->info)) & ~1u;
	guint bottom = MIN(y + height, (guint)GST_VIDEO_INFO_HEIGHT(&picture->info)) & ~1u;
	guint left = x & ~1u;
	guint top = y & ~1u;

	if (left >= right)
		return;
	for (guint row = top; row < bottom; row++)
		memset(picture_plane(picture, 0) + row * picture_stride(picture, 0) + left, color.y,
		       right - left);
	for (guint row = top / 2; row < bottom / 2; row++) {
		memset(picture_plane(picture, 1) + row * picture_stride(picture, 1) + left / 2,
		       color.u, (right - left) / 2);
		memset(picture_plane(picture, 2) + row * picture_stride(picture, 2) + left / 2,
		       color.v, (right - left) / 2);
	}
}

static void draw_background(const struct picture *picture)
{
	guint width = GST_VIDEO_INFO_WIDTH(&picture->info);
	guint height = GST_VIDEO_INFO_HEIGHT(&picture->info);
	guint step = width / G_N_ELEMENTS(bars);

	for (guint i = 0; i < G_N_ELEMENTS(bars); i++)
		fill(picture, i * step, 0, width - i * step, height, bars[i]);
}

static void draw_bits(const struct picture *picture, guint32 number)
{
	guint side = GST_VIDEO_INFO_WIDTH(&picture->info) / BITS;

	for (guint i = 0; i < BITS; i++)
		fill(picture, i * side, 0, side, side, number >> (BITS - 1 - i) & 1 ? white : black);
}

static void draw_number(const struct picture *picture, guint64 number)
{
	guint dot = MAX(GST_VIDEO_INFO_WIDTH(&picture->info) / (DIGITS * 4 * 2), 2) & ~1u;
	guint left = GST_VIDEO_INFO_WIDTH(&picture->info) / 4;
	guint top = GST_VIDEO_INFO_HEIGHT(&picture->info) / 3;

	for (guint i = DIGITS; i-- > 0; number /= 10) {
		for (guint bit = 0; bit < 15; bit++) {
			gboolean on = font[number % 10] >> (14 - bit) & 1;

			fill(picture, left + (i * 4 + bit % 3) * dot, top + bit / 3 * dot, dot, dot,
			     on ? white : black);
		}
	}
}

/* What is drawn over the background after a flash, in which it does not lie. */
static void draw_flash(const struct picture *picture)
{
	guint width = GST_VIDEO_INFO_WIDTH(&picture->info);
	guint height = GST_VIDEO_INFO_HEIGHT(&picture->info);
	guint top = (width / BITS + 1) & ~1u;

	fill(picture, 0, top, width, height * 15 / 16 - top, white);
}

/* The block goes from left to right below the number. */
static void move_block(struct test_source *source, const struct picture *picture)
{
	guint width = GST_VIDEO_INFO_WIDTH(&picture->info);
	guint height = GST_VIDEO_INFO_HEIGHT(&picture->info);
	guint side = height / 8;
	guint top = height * 3 / 4;

	fill(picture, 0, top, width, side, black);
	source->block_x = (source->seq * MAX(width / 240, 2)) % (width - side);
	fill(picture, source->block_x, top, side, side, white);
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
	guint64 begin = g_get_monotonic_time();
	guint64 ticks = 0;

	if (read(source->timer, &ticks, sizeof(ticks)) != sizeof(ticks) || !ticks)
		return FRAME_NONE;
	source->seq += ticks;
	/* The last tick of the timer is when a desktop would have flipped. */
	info->seq = source->seq;
	info->flip_ns = begin * 1000 - (begin * 1000 - source->start_ns) % source->period_ns;
	info->shown_ns = info->flip_ns;
	if (source->background_due)
		draw_background(picture);
	/* The period is rounded down: a flip comes a little before the second that it belongs to. */
	source->background_due = (info->flip_ns + source->period_ns / 2) % NS_PER_S < FLASH_NS;
	draw_bits(picture, source->seq);
	if (source->background_due) {
		draw_flash(picture);
	} else {
		draw_number(picture, source->seq);
		move_block(source, picture);
	}
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
	.take = test_take,
};
