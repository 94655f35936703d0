// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The pump of frame-pump.h.
 */
#include "frame-pump.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "picture.h"

/* At rest a picture is sent again this often, and more often where the sink was promised it. */
#define REST_US G_USEC_PER_SEC
/* ... but once so soon after it has changed: some decoders show a picture when the next one begins. */
#define FOLLOW_US (G_USEC_PER_SEC / 5)
/* An encoder that has not said by then that it gets done with a picture never will. */
#define REFINE_US G_USEC_PER_SEC
/* ... and one that says so, but not by then, is mistaken. */
#define MAX_REFINE_US (10 * G_USEC_PER_SEC)
/*
 * One that is needed, or may get better, comes so long after the one before: three halves of a
 * period.  A desktop that shows something new each period is faster than that, so nothing
 * comes on top of its pictures.
 */
#define NEEDED_US(mode) (G_GINT64_CONSTANT(1500000000) / (mode)->refresh_mhz)
/* After so long without any picture a torn one is shown. */
#define TORN_US G_USEC_PER_SEC

struct frame_pump {
	const struct frame_source_class *source_class;
	gpointer source;
	const struct frame_pump_funcs *funcs;
	gpointer user_data;
	GThread *thread;
	int wake_fd;

	GMutex lock; /* everything below is set by any thread, used by ours */
	gboolean quit;
	gboolean running;
	gboolean blank;
	gboolean wanted;
	gboolean poked;
	gboolean mode_changed;
	struct stream_mode mode; /* width 0: none yet */
	guint divisor;
	struct frame_pump_counters counters;
	guint64 shown_seq;    /* of the picture that was handed on last */
	gboolean settled;     /* to show it again does not make it better */
	gint64 refined_us;    /* when it was new, a key frame, or said to get better, the latest of them */
	gint64 rough_us;      /* ... of the first two */
};

/* What the thread has to know for one turn of its loop. */
struct orders {
	gboolean quit;
	gboolean active; /* a picture may be handed on */
	gboolean blank;
	gboolean poked;
	gboolean mode_changed;
	struct stream_mode mode;
	guint divisor;
	gboolean held; /* it is too soon for a picture */
	gboolean settled;
	gint64 refined_us;
	gint64 rough_us;
};

struct pump_state {
	struct picture picture; /* what the source draws into */
	struct picture black;
	const struct picture *shown;	/* the one of them that was handed on last */
	struct picture_changes changes; /* of the picture, since then */
	struct frame_info info;
	gint64 last_us; /* when the last picture was handed on; 0: none in this mode */
	gint64 flip_us; /* of what was handed on last; of what is not new: then */
	gint64 still_since_us; /* ... or, then, when the mode began */
	gboolean mode_new; /* no picture of it was handed on */
	gboolean followed; /* what was shown last has been shown again */
	gboolean torn;
};

static void get_orders(frame_pump *pump, struct orders *orders)
{
	g_mutex_lock(&pump->lock);
	*orders = (struct orders){
		.quit = pump->quit,
		.active = pump->running && pump->wanted && pump->mode.width,
		.blank = pump->blank,
		.poked = pump->poked,
		.mode_changed = pump->mode_changed,
		.mode = pump->mode,
		.divisor = pump->divisor,
		.settled = pump->settled,
		.refined_us = pump->refined_us,
		.rough_us = pump->rough_us,
	};
	pump->mode_changed = FALSE;
	g_mutex_unlock(&pump->lock);
}

static void apply_mode(frame_pump *pump, struct pump_state *state, const struct stream_mode *mode)
{
	picture_make_black(&state->picture, mode->width, mode->height);
	picture_make_black(&state->black, mode->width, mode->height);
	state->mode_new = TRUE;
	pump->source_class->set_mode(pump->source, mode);
	state->last_us = 0;
	state->still_since_us = g_get_monotonic_time();
	state->torn = FALSE;
}

static void add_changes(struct picture_changes *changes, const struct picture_changes *more)
{
	if (more->everything || changes->n + more->n > PICTURE_MAX_CHANGES)
		changes->everything = TRUE;
	for (guint i = 0; i < more->n && !changes->everything; i++)
		changes->area[changes->n++] = more->area[i];
}

static void hand_on(frame_pump *pump, struct pump_state *state, const struct picture *picture,
		    gboolean repeat)
{
	static const struct picture_changes no_changes = { 0 };
	const gint64 now = g_get_monotonic_time();

	/* Black is always the same, whatever the desktop does meanwhile. */
	state->info.changes = picture == &state->black ? no_changes : state->changes;
	if (picture != state->shown || state->mode_new)
		state->info.changes.everything = TRUE;
	state->mode_new = FALSE;
	state->shown = picture;
	state->changes = no_changes;
	state->followed = !state->info.changes.everything && !state->info.changes.n;
	g_mutex_lock(&pump->lock);
	pump->wanted = FALSE;
	pump->poked = FALSE;
	pump->shown_seq = state->info.seq;
	if (state->info.changes.everything || state->info.changes.n) {
		pump->settled = FALSE;
		pump->refined_us = pump->rough_us = now;
	}
	g_mutex_unlock(&pump->lock);
	state->last_us = state->still_since_us = now;
	state->flip_us = repeat || !state->info.flip_ns ? now : (gint64)(state->info.flip_ns / 1000);
	pump->funcs->picture(picture, &state->info, repeat, pump->user_data);
}

static void count(frame_pump *pump, guint offered, guint taken, guint dropped)
{
	g_mutex_lock(&pump->lock);
	pump->counters.offered += offered;
	pump->counters.taken += taken;
	pump->counters.dropped += dropped;
	g_mutex_unlock(&pump->lock);
}

/* Returns FALSE when the source has gone. */
static gboolean take(frame_pump *pump, struct pump_state *state, const struct orders *orders)
{
	struct frame_info info = state->info;
	enum frame_result result;

	info.offered = 0;
	info.lost = FALSE;
	info.unreadable = NULL;
	info.gpu = NULL;
	info.accept_torn = g_get_monotonic_time() - state->still_since_us > TORN_US;
	info.changes = (struct picture_changes){ .everything = TRUE };
	picture_make_writable(&state->picture);
	result = pump->source_class->take(pump->source, &state->picture, &info);
	if (info.lost)
		pump->funcs->lost(pump->user_data);
	if (info.unreadable)
		pump->funcs->unreadable(info.unreadable, pump->user_data);
	switch (result) {
	case FRAME_TAKEN:
		count(pump, info.offered, 1, info.skipped);
		picture_set_gpu(&state->picture, g_steal_pointer(&info.gpu));
		state->info = info;
		state->torn = FALSE;
		add_changes(&state->changes, &info.changes);
		if (!orders->blank)
			hand_on(pump, state, &state->picture, FALSE);
		break;
	case FRAME_TORN:
		count(pump, info.offered, 1, 1 + info.skipped);
		state->torn = TRUE;
		state->changes.everything = TRUE;
		pump->funcs->dropped(info.seq, pump->user_data);
		break;
	case FRAME_NONE:
		count(pump, info.offered, 0, 0);
		break;
	case FRAME_GONE:
		pump->funcs->gone(pump->user_data);
		return FALSE;
	}
	return TRUE;
}

/* How long after a picture it is sent again. */
static gint64 repeat_after(const struct pump_state *state, const struct orders *orders, gint64 now)
{
	const gint64 rest = orders->mode.rest_ms ? orders->mode.rest_ms * G_GINT64_CONSTANT(1000) : REST_US;

	if (orders->poked || (!orders->settled && now - orders->refined_us < REFINE_US &&
			      now - orders->rough_us < MAX_REFINE_US))
		return NEEDED_US(&orders->mode);
	return MIN(rest, state->followed ? REST_US : FOLLOW_US);
}

/* Repeat when it is time; returns how long until then, milliseconds. */
static int repeat_when_due(frame_pump *pump, struct pump_state *state, const struct orders *orders)
{
	gint64 now = g_get_monotonic_time();
	gint64 due = state->last_us + repeat_after(state, orders, now);

	/* A torn picture is not shown; the frame that repairs it is on its way. */
	if (state->torn && !orders->blank)
		return REST_US / 1000;
	if (state->last_us && now < due)
		return (due - now + 999) / 1000;
	hand_on(pump, state, orders->blank ? &state->black : &state->picture, TRUE);
	return 0;
}

/*
 * Until a picture may be taken, ms; 0: now.  By the flip of the one before, so that the desktop's next one
 * but so many has just come, which may be an eighth of a period late.
 */
static int held_ms(const struct pump_state *state, const struct orders *orders)
{
	const gint64 distance = (8 * orders->divisor + 1) * G_GINT64_CONSTANT(125000000) / orders->mode.refresh_mhz;
	const gint64 left = state->flip_us + distance - g_get_monotonic_time();

	return orders->divisor > 1 && state->last_us && left > 0 ? (MIN(left, distance) + 999) / 1000 : 0;
}

static void wait_for_work(frame_pump *pump, const struct orders *orders, int timeout_ms)
{
	struct pollfd fds[2] = { { .fd = pump->wake_fd, .events = POLLIN } };
	eventfd_t value;

	/* What is there while it is too soon would wake us at once. */
	const gboolean look = orders->active && !orders->held;

	if (look)
		fds[1].fd = pump->source_class->wait_fd(pump->source, &fds[1].events);
	poll(fds, look ? 2 : 1, orders->active ? timeout_ms : -1);
	if (fds[0].revents)
		eventfd_read(pump->wake_fd, &value);
}

static gpointer pump_thread(gpointer data)
{
	frame_pump *pump = data;
	struct pump_state state = { 0 };
	struct orders orders;

	for (;;) {
		int timeout_ms = -1;

		get_orders(pump, &orders);
		if (orders.quit)
			break;
		if (orders.mode_changed)
			apply_mode(pump, &state, &orders.mode);
		timeout_ms = orders.active ? held_ms(&state, &orders) : 0;
		orders.held = timeout_ms > 0;
		if (orders.held) {
			wait_for_work(pump, &orders, timeout_ms);
			continue;
		}
		timeout_ms = -1;
		if (orders.active) {
			if (!take(pump, &state, &orders))
				break;
			get_orders(pump, &orders);
			if (orders.mode_changed)
				apply_mode(pump, &state, &orders.mode);
		}
		if (orders.quit)
			break;
		if (orders.active) {
			timeout_ms = repeat_when_due(pump, &state, &orders);
			if (timeout_ms == 0)
				continue;
		}
		wait_for_work(pump, &orders, timeout_ms);
	}
	picture_clear(&state.picture);
	picture_clear(&state.black);
	return NULL;
}

static void wake(frame_pump *pump)
{
	eventfd_write(pump->wake_fd, 1);
}

frame_pump *frame_pump_new(const struct frame_source_class *source_class, gpointer source,
			   const struct frame_pump_funcs *funcs, gpointer user_data, GError **error)
{
	frame_pump *pump = g_new0(frame_pump, 1);

	pump->source_class = source_class;
	pump->source = source;
	pump->funcs = funcs;
	pump->user_data = user_data;
	pump->divisor = 1;
	g_mutex_init(&pump->lock);
	pump->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (pump->wake_fd < 0) {
		g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno), "eventfd: %s",
			    g_strerror(errno));
		frame_pump_free(pump);
		return NULL;
	}
	pump->thread = g_thread_try_new("frames", pump_thread, pump, error);
	if (!pump->thread) {
		frame_pump_free(pump);
		return NULL;
	}
	return pump;
}

void frame_pump_stop(frame_pump *pump)
{
	if (!pump->thread)
		return;
	g_mutex_lock(&pump->lock);
	pump->quit = TRUE;
	g_mutex_unlock(&pump->lock);
	wake(pump);
	g_thread_join(g_steal_pointer(&pump->thread));
}

void frame_pump_free(frame_pump *pump)
{
	if (!pump)
		return;
	frame_pump_stop(pump);
	if (pump->wake_fd >= 0)
		close(pump->wake_fd);
	g_mutex_clear(&pump->lock);
	g_free(pump);
}

void frame_pump_set_mode(frame_pump *pump, const struct stream_mode *mode)
{
	g_mutex_lock(&pump->lock);
	pump->mode = *mode;
	pump->mode_changed = TRUE;
	g_mutex_unlock(&pump->lock);
	wake(pump);
}

void frame_pump_set_running(frame_pump *pump, gboolean running)
{
	g_mutex_lock(&pump->lock);
	pump->running = running;
	pump->poked = TRUE;
	g_mutex_unlock(&pump->lock);
	wake(pump);
}

void frame_pump_set_blank(frame_pump *pump, gboolean blank)
{
	g_mutex_lock(&pump->lock);
	pump->blank = blank;
	pump->poked = TRUE;
	g_mutex_unlock(&pump->lock);
	wake(pump);
}

void frame_pump_want(frame_pump *pump)
{
	g_mutex_lock(&pump->lock);
	pump->wanted = TRUE;
	g_mutex_unlock(&pump->lock);
	wake(pump);
}

void frame_pump_poke(frame_pump *pump)
{
	g_mutex_lock(&pump->lock);
	pump->poked = TRUE;
	g_mutex_unlock(&pump->lock);
	wake(pump);
}

void frame_pump_encoded(frame_pump *pump, guint64 seq, gboolean key, enum picture_gain gain)
{
	gboolean again = FALSE;

	g_mutex_lock(&pump->lock);
	if (gain == GAIN_NONE) {
		pump->settled |= seq == pump->shown_seq;
	} else if (key || gain == GAIN_SOME) {
		again = key;
		pump->settled = FALSE;
		pump->refined_us = g_get_monotonic_time();
		if (key)
			pump->rough_us = pump->refined_us;
	}
	g_mutex_unlock(&pump->lock);
	/* It may have wanted the next picture before, and the thread waits for one that is far away. */
	if (again)
		wake(pump);
}

void frame_pump_set_divisor(frame_pump *pump, guint divisor)
{
	g_mutex_lock(&pump->lock);
	pump->divisor = divisor;
	g_mutex_unlock(&pump->lock);
	wake(pump);
}

void frame_pump_get_counters(frame_pump *pump, struct frame_pump_counters *counters)
{
	g_mutex_lock(&pump->lock);
	*counters = pump->counters;
	g_mutex_unlock(&pump->lock);
}
