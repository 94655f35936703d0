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
#include "picture.h"

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
	guint changed; /* pictures with something new in them */
	guint dropped;
	gint64 last_us;
	gint64 least_gap_us; /* between two pictures */
	struct picture_changes changes; /* of the latest one */
	const guint8 *memory;		/* ... and where it lies */
	GPtrArray *held;		/* buffers of pictures, as an encoder holds them; NULL: it does not */
	gint64 ran_us;
	gint says;			/* the encoder of each picture: 1 + enum picture_gain; 0: nothing */
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
	f->changed += info->changes.everything || info->changes.n;
	f->changes = info->changes;
	f->memory = picture->data;
	if (f->held)
		g_ptr_array_add(f->held, picture_to_buffer(picture));
	g_mutex_unlock(&f->lock);
	if (g_atomic_int_get(&f->says))
		frame_pump_encoded(f->pump, info->seq, FALSE, g_atomic_int_get(&f->says) - 1);
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
	info->flip_ns = g_get_monotonic_time() * 1000;
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
	const gint64 begun = g_get_monotonic_time();

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
	f->ran_us = g_get_monotonic_time() - begun;
}

/* A desktop in motion has its own next picture, and no other one comes. */
static void test_needed_in_motion(void)
{
	struct fixture f = { 0 };

	run_poked(&f, TRUE);
	g_assert_cmpuint(f.pictures, >, 30);
	/* A late flip may be overtaken. */
	g_assert_cmpuint(f.pictures, <=, 30 * f.ran_us / G_USEC_PER_SEC + 6);
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

/* --------------------------------------------------------- refining, and at rest */

/* A desktop that flips when the test says so, and says what has changed. */
struct script {
	int fd;
	struct picture_changes changes;
	enum frame_result result;
};

static enum frame_result script_take(gpointer data, const struct picture *picture, struct frame_info *info)
{
	struct script *script = data;
	eventfd_t value;

	if (eventfd_read(script->fd, &value) < 0)
		return FRAME_NONE;
	info->seq++;
	info->changes = script->changes;
	picture->data[0]++;
	return script->result;
}

static int script_wait_fd(gpointer data, short *events)
{
	struct script *script = data;

	*events = POLLIN;
	return script->fd;
}

static const struct frame_source_class script_class = {
	.name = "script",
	.wait_fd = script_wait_fd,
	.set_mode = source_set_mode,
	.take = script_take,
};

static void begin_script(struct fixture *f, struct script *script, guint rest_ms)
{
	const struct stream_mode mode = { 640, 480, 60000, rest_ms };

	*script = (struct script){ .fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), .result = FRAME_TAKEN };
	f->pump = frame_pump_new(&script_class, script, &funcs, f, NULL);
	frame_pump_set_mode(f->pump, &mode);
	frame_pump_want(f->pump);
	frame_pump_set_running(f->pump, TRUE);
}

static void end_script(struct fixture *f, struct script *script)
{
	frame_pump_free(f->pump);
	close(script->fd);
}

static guint pictures_in(struct fixture *f, guint ms)
{
	guint before, after;

	g_mutex_lock(&f->lock);
	before = f->pictures;
	g_mutex_unlock(&f->lock);
	g_usleep(ms * 1000);
	g_mutex_lock(&f->lock);
	after = f->pictures;
	g_mutex_unlock(&f->lock);
	return after - before;
}

/* One comes, however slow the machine is. */
static void wait_for_picture(struct fixture *f)
{
	gint64 until = g_get_monotonic_time() + 10 * G_USEC_PER_SEC;

	while (!pictures_in(f, 100))
		g_assert_cmpint(g_get_monotonic_time(), <, until);
}

/* One flip, and the picture of it. */
static struct picture_changes flip(struct fixture *f, struct script *script, struct picture_changes changes,
				   enum frame_result result)
{
	struct picture_changes shown;
	guint before;

	script->changes = changes;
	script->result = result;
	g_mutex_lock(&f->lock);
	before = f->pictures - f->repeats;
	g_mutex_unlock(&f->lock);
	eventfd_write(script->fd, 1);
	for (guint i = 0; result == FRAME_TAKEN; i++) {
		gboolean there;

		g_assert_cmpuint(i, <, 5000);
		g_usleep(1000);
		g_mutex_lock(&f->lock);
		there = f->pictures - f->repeats > before;
		g_mutex_unlock(&f->lock);
		if (there)
			break;
	}
	if (result != FRAME_TAKEN)
		g_usleep(50000);
	g_mutex_lock(&f->lock);
	shown = f->changes;
	g_mutex_unlock(&f->lock);
	return shown;
}

static const struct picture_changes one_area = { .n = 1, .area = { { 16, 16, 32, 32 } } };

/* An encoder that goes on adding gets the picture again at the mode's rate, for a second. */
static void test_refines(void)
{
	struct fixture f = { 0 };
	struct script script;

	begin_script(&f, &script, 0);
	/* 40 a second at 60 Hz; a busy machine has fewer. */
	g_assert_cmpuint(pictures_in(&f, 800), >, 12);
	g_usleep(400000);
	g_assert_cmpuint(pictures_in(&f, 2000), <=, 3);
	end_script(&f, &script);
}

/* One that has nothing to add does not, and a picture that stands still is left alone. */
static void test_rests(void)
{
	struct fixture f = { .says = 1 + GAIN_NONE };
	struct script script;

	begin_script(&f, &script, 0);
	g_usleep(100000);
	g_assert_cmpuint(pictures_in(&f, 2500), <=, 3);
	/* What is new is shown at once, and that is all. */
	flip(&f, &script, one_area, FRAME_TAKEN);
	g_assert_cmpuint(pictures_in(&f, 500), <=, 1);
	/* A key frame is worse than what was there. */
	g_atomic_int_set(&f.says, 0);
	frame_pump_encoded(f.pump, 1, TRUE, GAIN_UNKNOWN);
	g_assert_cmpuint(pictures_in(&f, 600), >, 4);
	end_script(&f, &script);
}

/* As long as the encoder says that there is something to gain, however slowly, it goes on. */
static void test_refines_on(void)
{
	struct fixture f = { .says = 1 + GAIN_SOME };
	struct script script;

	begin_script(&f, &script, 0);
	g_usleep(1500000);
	g_assert_cmpuint(pictures_in(&f, 800), >, 4);
	g_atomic_int_set(&f.says, 1 + GAIN_NONE);
	g_usleep(100000);
	g_assert_cmpuint(pictures_in(&f, 1500), <=, 2);
	/* ... but not for ever. */
	g_atomic_int_set(&f.says, 1 + GAIN_SOME);
	flip(&f, &script, one_area, FRAME_TAKEN);
	g_usleep(10200000);
	g_assert_cmpuint(pictures_in(&f, 1500), <=, 3);
	end_script(&f, &script);
}

/* A picture with nothing to gain is sent once more soon: some decoders show it only then. */
static void test_follows(void)
{
	struct fixture f = { .says = 1 + GAIN_NONE };
	struct script script;
	gint64 shown;

	begin_script(&f, &script, 0);
	g_usleep(1500000);
	flip(&f, &script, one_area, FRAME_TAKEN);
	shown = f.last_us;
	for (guint i = 0; i < 5000 && f.last_us == shown; i++)
		g_usleep(1000);
	/* A machine with other things to do may take its time, but no second. */
	g_assert_cmpint(f.last_us - shown, <, 900000);
	g_assert_false(f.changes.everything);
	g_assert_cmpuint(f.changes.n, ==, 0);
	end_script(&f, &script);
}

/* Where a display was promised a picture more often, it has it. */
static void test_rests_as_promised(void)
{
	struct fixture f = { .says = 1 + GAIN_NONE };
	struct script script;

	begin_script(&f, &script, 200);
	g_usleep(100000);
	g_assert_cmpuint(pictures_in(&f, 1500), >=, 5);
	end_script(&f, &script);
}

/* A picture says how it differs from the one that was shown before it, not from one that was not. */
static void test_changes(void)
{
	struct fixture f = { .says = 1 + GAIN_NONE };
	struct picture_changes changes;
	struct script script;
	guint changed;

	begin_script(&f, &script, 0);
	changes = flip(&f, &script, one_area, FRAME_TAKEN);
	changes = flip(&f, &script, one_area, FRAME_TAKEN);
	g_assert_false(changes.everything);
	g_assert_cmpuint(changes.n, ==, 1);
	g_assert_cmpuint(changes.area[0].x2, ==, 32);
	/* Again: nothing is new in it. */
	frame_pump_poke(f.pump);
	wait_for_picture(&f);
	g_assert_false(f.changes.everything);
	g_assert_cmpuint(f.changes.n, ==, 0);
	flip(&f, &script, one_area, FRAME_TORN);
	changes = flip(&f, &script, one_area, FRAME_TAKEN);
	g_assert_true(changes.everything);
	/* Black, and not black any more. */
	frame_pump_set_blank(f.pump, TRUE);
	wait_for_picture(&f);
	g_assert_true(f.changes.everything);
	/* It stays what it is while the desktop draws. */
	changed = f.changed;
	script.changes = one_area;
	eventfd_write(script.fd, 1);
	frame_pump_poke(f.pump);
	wait_for_picture(&f);
	g_assert_cmpuint(f.changed, ==, changed);
	frame_pump_set_blank(f.pump, FALSE);
	changes = flip(&f, &script, one_area, FRAME_TAKEN);
	g_assert_cmpuint(pictures_in(&f, 100), <=, 1);
	end_script(&f, &script);
}

/* Nothing is copied as long as the encoder is done with a picture before it wants another. */
static void test_drawn_in_place(void)
{
	struct fixture f = { .says = 1 + GAIN_NONE };
	const guint8 *memory;
	struct script script;

	begin_script(&f, &script, 0);
	flip(&f, &script, one_area, FRAME_TAKEN);
	memory = f.memory;
	for (guint i = 0; i < 5; i++) {
		flip(&f, &script, one_area, FRAME_TAKEN);
		g_assert_true(f.memory == memory);
	}
	end_script(&f, &script);
}

/* What an element writes into a buffer is its own. */
static void test_not_written(void)
{
	struct picture picture = { 0 };
	g_autoptr(GstBuffer) buffer = NULL;
	GstMapInfo map;

	picture_make_black(&picture, 64, 64);
	buffer = picture_to_buffer(&picture);
	g_assert_true(gst_buffer_map(buffer, &map, GST_MAP_READWRITE));
	map.data[0]++;
	gst_buffer_unmap(buffer, &map);
	g_assert_cmpuint(picture.data[0], ==, 16);
	picture_clear(&picture);
}

/* ... and if it is not, it keeps what it was given. */
static void test_held_is_not_drawn_into(void)
{
	struct fixture f = { .says = 1 + GAIN_NONE };
	struct script script;
	guint8 last = 0;

	f.held = g_ptr_array_new_with_free_func((GDestroyNotify)gst_buffer_unref);
	begin_script(&f, &script, 0);
	for (guint i = 0; i < 5; i++)
		flip(&f, &script, one_area, FRAME_TAKEN);
	end_script(&f, &script);
	for (guint i = 0; i < f.held->len; i++) {
		guint8 shown = 0;

		gst_buffer_extract(g_ptr_array_index(f.held, i), 0, &shown, 1);
		/* Black is 16, and each flip adds one. */
		g_assert_cmpuint(shown, >=, MAX(last, 16));
		g_assert_cmpuint(shown, <=, last ? last + 1u : 17u);
		last = shown;
	}
	g_assert_cmpuint(last, ==, 16 + 5);
	g_ptr_array_unref(f.held);
}

/*
 * Of a desktop that shows 30 pictures a second in a mode of 30 each second one is taken, each third one, and all
 * again; what is there meanwhile wakes nobody.
 */
static void test_divisor(void)
{
	static const guint divisors[] = { 1, 2, 3, 1 };
	const struct itimerspec thirty = { { 0, 1000000000 / 30 }, { 0, 1 } };
	const struct stream_mode mode = { 640, 480, 30000 };
	struct fixture f = { 0 };
	struct timespec before, after;

	f.source.fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	timerfd_settime(f.source.fd, 0, &thirty, NULL);
	f.pump = frame_pump_new(&paced_class, &f.source, &funcs, &f, NULL);
	frame_pump_set_mode(f.pump, &mode);
	frame_pump_want(f.pump);
	frame_pump_set_running(f.pump, TRUE);
	for (guint i = 0; i < G_N_ELEMENTS(divisors); i++) {
		guint pictures;

		frame_pump_set_divisor(f.pump, divisors[i]);
		g_usleep(200 * 1000);
		g_mutex_lock(&f.lock);
		f.pictures = 0;
		f.last_us = 0;
		f.least_gap_us = G_MAXINT64;
		g_mutex_unlock(&f.lock);
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
		g_usleep(2 * G_USEC_PER_SEC);
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
		g_mutex_lock(&f.lock);
		pictures = f.pictures;
		g_assert_cmpint(f.least_gap_us, >=, divisors[i] > 1 ? (divisors[i] * 4 - 1) * 1000000 / 30 / 4 : 0);
		g_mutex_unlock(&f.lock);
		g_test_message("one of %u: %u pictures", divisors[i], pictures);
		g_assert_cmpuint(pictures, <=, 60 / divisors[i] + 3);
		g_assert_cmpuint(pictures, >=, 60 / divisors[i] * 2 / 3);
		/* A fifth of a processor; to look all the time would take all of one. */
		g_assert_cmpint((after.tv_sec - before.tv_sec) * 1000 + (after.tv_nsec - before.tv_nsec) / 1000000, <, 400);
	}
	frame_pump_stop(f.pump);
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
	g_test_add_func("/frame-pump/divisor", test_divisor);
	g_test_add_func("/frame-pump/refines", test_refines);
	g_test_add_func("/frame-pump/refines-on", test_refines_on);
	g_test_add_func("/frame-pump/rests", test_rests);
	g_test_add_func("/frame-pump/follows", test_follows);
	g_test_add_func("/frame-pump/rests-as-promised", test_rests_as_promised);
	g_test_add_func("/frame-pump/changes", test_changes);
	g_test_add_func("/frame-pump/memory/drawn-in-place", test_drawn_in_place);
	g_test_add_func("/frame-pump/memory/not-written", test_not_written);
	g_test_add_func("/frame-pump/memory/held-is-not-drawn-into", test_held_is_not_drawn_into);
	return g_test_run();
}
