// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The pump between a source that the tests play and an encoder that always wants
 * one more picture.
 */
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "frame-pump.h"

/* A source that has a new frame each time; set by the test before the pump runs. */
struct source {
	int fd; /* always readable */
	gboolean torn;
};

struct fixture {
	struct source source;
	frame_pump *pump;

	GMutex lock;
	guint pictures;
	guint repeats;
	guint dropped;
	gint64 last_us;
	gint64 least_gap_us; /* between two pictures */
};

static int source_wait_fd(gpointer data, short *events)
{
	struct source *source = data;

	*events = POLLIN;
	return source->fd;
}

static void source_set_mode(gpointer data, const struct stream_mode *mode)
{
}

static enum frame_result source_take(gpointer data, const struct picture *picture,
				     struct frame_info *info)
{
	struct source *source = data;

	/* No more than a desktop has. */
	g_usleep(G_USEC_PER_SEC / 60);
	info->seq++;
	return source->torn && !info->accept_torn ? FRAME_TORN : FRAME_TAKEN;
}

static const struct frame_source_class source_class = {
	.name = "test",
	.wait_fd = source_wait_fd,
	.set_mode = source_set_mode,
	.take = source_take,
};

static void picture(const struct picture *picture, const struct frame_info *info, gboolean repeat,
		    gpointer user_data)
{
	struct fixture *f = user_data;
	gint64 now = g_get_monotonic_time();

	g_mutex_lock(&f->lock);
	if (f->last_us)
		f->least_gap_us = MIN(f->least_gap_us, now - f->last_us);
	f->last_us = now;
	f->pictures++;
	f->repeats += repeat;
	g_mutex_unlock(&f->lock);
	frame_pump_want(f->pump);
}

static void dropped(guint64 seq, gpointer user_data)
{
	struct fixture *f = user_data;

	g_mutex_lock(&f->lock);
	f->dropped++;
	g_mutex_unlock(&f->lock);
}

static void nothing(gpointer user_data)
{
}

static void unreadable(const char *why, gpointer user_data)
{
}

static const struct frame_pump_funcs funcs = {
	.picture = picture,
	.dropped = dropped,
	.lost = nothing,
	.unreadable = unreadable,
	.gone = nothing,
};

static void run(struct fixture *f, gboolean torn, guint milliseconds)
{
	const struct stream_mode mode = { 640, 480, 60000 };

	f->source.torn = torn;
	f->source.fd = eventfd(1, EFD_CLOEXEC);
	f->pump = frame_pump_new(&source_class, &f->source, &funcs, f, NULL);
	frame_pump_set_mode(f->pump, &mode);
	frame_pump_want(f->pump);
	frame_pump_set_running(f->pump, TRUE);
	g_usleep(milliseconds * 1000);
	frame_pump_stop(f->pump);
}

static void clear(struct fixture *f)
{
	frame_pump_free(f->pump);
	close(f->source.fd);
}

static void test_each_frame(void)
{
	struct fixture f = { 0 };
	struct frame_pump_counters counters;

	run(&f, FALSE, 500);
	frame_pump_get_counters(f.pump, &counters);
	g_assert_cmpuint(counters.taken, ==, f.pictures);
	g_assert_cmpuint(f.pictures, >, 3);
	g_assert_cmpuint(f.repeats, ==, 0);
	g_assert_cmpuint(f.dropped, ==, 0);
	clear(&f);
}

/* Not even as a repetition of what was there before. */
static void test_torn_is_not_shown(void)
{
	struct fixture f = { 0 };
	struct frame_pump_counters counters;

	run(&f, TRUE, 300);
	frame_pump_get_counters(f.pump, &counters);
	g_assert_cmpuint(f.pictures, ==, 0);
	g_assert_cmpuint(f.dropped, >, 3);
	g_assert_cmpuint(counters.dropped, ==, f.dropped);
	clear(&f);
}

/* A machine that is always too slow shows one picture a second, instead of none. */
static void test_torn_for_long(void)
{
	struct fixture f = { 0 };

	run(&f, TRUE, 3500);
	g_assert_cmpuint(f.pictures, >=, 2);
	g_assert_cmpuint(f.pictures, <=, 3);
	g_assert_cmpuint(f.repeats, ==, 0);
	g_assert_cmpuint(f.dropped, >, 3);
	clear(&f);
}

/* ------------------------------------------------------------- a picture is needed */

/* A desktop that shows something new 30 times a second, or never. */
static enum frame_result paced_take(gpointer data, const struct picture *picture, struct frame_info *info)
{
	struct source *source = data;
	guint64 flips;

	if (read(source->fd, &flips, sizeof(flips)) != sizeof(flips))
		return FRAME_NONE;
	info->seq++;
	return FRAME_TAKEN;
}

static const struct frame_source_class paced_class = {
	.name = "paced",
	.wait_fd = source_wait_fd,
	.set_mode = source_set_mode,
	.take = paced_take,
};

/* Asks for a picture 50 times a second, for 2 s. */
static void run_poked(struct fixture *f, gboolean moves)
{
	const struct stream_mode mode = { 640, 480, 30000 };
	const struct timespec period = { .tv_nsec = G_GINT64_CONSTANT(1000000000) / 30 };
	const struct itimerspec flips = { period, period };

	f->least_gap_us = G_MAXINT64;
	f->source.fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (moves)
		g_assert_cmpint(timerfd_settime(f->source.fd, 0, &flips, NULL), ==, 0);
	f->pump = frame_pump_new(&paced_class, &f->source, &funcs, f, NULL);
	frame_pump_set_mode(f->pump, &mode);
	frame_pump_want(f->pump);
	frame_pump_set_running(f->pump, TRUE);
	for (guint i = 0; i < 100; i++) {
		g_usleep(20000);
		frame_pump_poke(f->pump);
	}
	frame_pump_stop(f->pump);
}

/* A desktop in motion has its own next picture, and no other one comes. */
static void test_needed_in_motion(void)
{
	struct fixture f = { 0 };

	run_poked(&f, TRUE);
	g_assert_cmpuint(f.pictures, >, 30);
	/* A little more than 2 s may pass, and a late flip may be overtaken. */
	g_assert_cmpuint(f.pictures, <=, 66);
	g_assert_cmpuint(f.repeats, <=, 5);
	clear(&f);
}

/* One that stands still is repeated, but not faster than the mode. */
static void test_needed_while_still(void)
{
	struct fixture f = { 0 };

	run_poked(&f, FALSE);
	g_assert_cmpuint(f.pictures, >, 20);
	g_assert_cmpuint(f.pictures, ==, f.repeats);
	g_assert_cmpint(f.least_gap_us, >=, G_USEC_PER_SEC / 30);
	clear(&f);
}

int main(int argc, char **argv)
{
	gst_init(NULL, NULL);
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/frame-pump/each-frame", test_each_frame);
	g_test_add_func("/frame-pump/torn/is-not-shown", test_torn_is_not_shown);
	g_test_add_func("/frame-pump/torn/for-long", test_torn_for_long);
	g_test_add_func("/frame-pump/needed/in-motion", test_needed_in_motion);
	g_test_add_func("/frame-pump/needed/while-still", test_needed_while_still);
	return g_test_run();
}
