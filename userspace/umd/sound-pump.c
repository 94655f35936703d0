// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The pump of sound-pump.h.
 */
#include "sound-pump.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

/* So many pieces at a time; then silence, and what the owner wants, have their turn. */
#define PIECES_AT_A_TIME 64

/* As sound servers have it without real time. */
#define SOUND_NICE (-11)

struct sound_pump {
	const struct sound_source_class *source_class;
	gpointer source;
	sound_track *track; /* the thread's */
	GThread *thread;
	int wake_fd;

	GMutex lock; /* what is below */
	gboolean quit;
	gboolean running;
	gboolean begins; /* the track is to begin anew */
	struct sound_state state;
};

static guint64 now_ns(void)
{
	return g_get_monotonic_time() * 1000;
}

static void note(sound_pump *pump, enum sound_activity activity, const struct sound_format *format)
{
	g_mutex_lock(&pump->lock);
	pump->state.activity = activity;
	pump->state.format = format ? *format : (struct sound_format){ 0 };
	g_mutex_unlock(&pump->lock);
}

static void note_counters(sound_pump *pump)
{
	struct sound_counters counters;

	sound_track_get_counters(pump->track, &counters);
	g_mutex_lock(&pump->lock);
	pump->state.counters = counters;
	g_mutex_unlock(&pump->lock);
}

/* FALSE: there is nothing more for now. */
static gboolean take(sound_pump *pump)
{
	struct sound_block block = { 0 };
	enum sound_result result = pump->source_class->take(pump->source, &block);

	sound_track_lost(pump->track, &block);
	switch (result) {
	case SOUND_START:
		sound_track_start(pump->track, &block.format);
		note(pump, SOUND_PLAYING, &block.format);
		break;
	case SOUND_SAMPLES:
		sound_track_samples(pump->track, &block, now_ns());
		break;
	case SOUND_STOP:
		sound_track_stop(pump->track);
		note(pump, SOUND_SILENT, NULL);
		break;
	case SOUND_GONE:
		sound_track_stop(pump->track);
		note(pump, SOUND_AWAY, NULL);
		break;
	case SOUND_NONE:
		return FALSE;
	}
	return TRUE;
}

/* Until @due, or until something is there to be taken. */
static void wait_for_sound(sound_pump *pump, guint64 due)
{
	struct pollfd fds[2] = {
		{ .fd = pump->wake_fd, .events = POLLIN },
		/* poll() passes over a negative one. */
		{ .fd = due ? pump->source_class->wait_fd(pump->source) : -1, .events = POLLIN },
	};
	guint64 now = now_ns();
	/* Rounded up: not twice for one bit of silence. */
	int ms = !due ? -1 : due > now ? (int)((due - now + 999999) / 1000000) : 0;
	eventfd_t value;

	poll(fds, G_N_ELEMENTS(fds), ms);
	if (fds[0].revents)
		eventfd_read(pump->wake_fd, &value);
}

void sound_thread_first(void)
{
	if (setpriority(PRIO_PROCESS, 0, SOUND_NICE) < 0)
		g_debug("sound has no priority: %s", g_strerror(errno));
}

static gpointer pump_thread(gpointer data)
{
	sound_pump *pump = data;

	sound_thread_first();
	for (;;) {
		gboolean quit, running, begins;
		guint64 due = 0;

		g_mutex_lock(&pump->lock);
		quit = pump->quit;
		running = pump->running;
		begins = pump->begins;
		pump->begins = FALSE;
		g_mutex_unlock(&pump->lock);
		if (quit)
			break;
		if (begins)
			sound_track_begin(pump->track, now_ns());
		if (running) {
			guint64 asked = now_ns();

			for (guint i = 0; i < PIECES_AT_A_TIME && take(pump); i++)
				asked = now_ns();
			/*
			 * The thread may have waited for its turn since: what was played meanwhile
			 * is not missing, but was not asked for.
			 */
			due = sound_track_advance(pump->track, asked);
			note_counters(pump);
		}
		wait_for_sound(pump, due);
	}
	return NULL;
}

static void wake(sound_pump *pump)
{
	eventfd_write(pump->wake_fd, 1);
}

sound_pump *sound_pump_new(const struct sound_source_class *source_class, gpointer source,
			   const struct sound_layout *layout,
			   void (*unit)(const struct sound_unit *unit, gpointer user_data),
			   gpointer user_data, GError **error)
{
	sound_pump *pump = g_new0(sound_pump, 1);

	pump->source_class = source_class;
	pump->source = source;
	g_mutex_init(&pump->lock);
	pump->track = sound_track_new(layout, unit, user_data);
	pump->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (pump->wake_fd < 0) {
		g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno), "eventfd: %s",
			    g_strerror(errno));
		sound_pump_free(pump);
		return NULL;
	}
	pump->thread = g_thread_try_new("sound", pump_thread, pump, error);
	if (!pump->thread) {
		sound_pump_free(pump);
		return NULL;
	}
	return pump;
}

void sound_pump_stop(sound_pump *pump)
{
	if (!pump->thread)
		return;
	g_mutex_lock(&pump->lock);
	pump->quit = TRUE;
	g_mutex_unlock(&pump->lock);
	wake(pump);
	g_thread_join(g_steal_pointer(&pump->thread));
}

void sound_pump_free(sound_pump *pump)
{
	if (!pump)
		return;
	sound_pump_stop(pump);
	if (pump->wake_fd >= 0)
		close(pump->wake_fd);
	sound_track_free(pump->track);
	g_mutex_clear(&pump->lock);
	g_free(pump);
}

void sound_pump_set_running(sound_pump *pump, gboolean running)
{
	g_mutex_lock(&pump->lock);
	pump->begins |= running && !pump->running;
	pump->running = running;
	g_mutex_unlock(&pump->lock);
	wake(pump);
}

void sound_pump_look(sound_pump *pump)
{
	pump->source_class->look(pump->source);
	wake(pump);
}

void sound_pump_get_state(sound_pump *pump, struct sound_state *state)
{
	g_mutex_lock(&pump->lock);
	*state = pump->state;
	if (!pump->running && state->activity == SOUND_PLAYING) {
		state->activity = SOUND_SILENT;
		state->format = (struct sound_format){ 0 };
	}
	g_mutex_unlock(&pump->lock);
}
