// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Sound without a sound card: see sound-source.h.
 */
#include "sound-source.h"

#include <errno.h>
#include <math.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define NS_PER_S G_GUINT64_CONSTANT(1000000000)
/* As the kernel's module does. */
#define TICK_NS (5 * 1000 * 1000)
/* What nobody has taken for so long is lost. */
#define MAX_FRAMES 4800

#define TONE_AMPLITUDE (0.25 * 32767)
#define CLICK_AMPLITUDE (0.5 * 32767)
#define CLICK_HZ 4000
#define CLICKS_PER_S 100 /* as long as a click is */
#define LFE 5

static const guint tones_hz[SOUND_MAX_CHANNELS] = { 440, 660, 1100, 1320, 880, 60, 440, 660 };

struct test_source {
	struct sound_format format;
	gint16 *second; /* what is played in each second */
	int timer;
	gboolean started;
	guint64 next; /* number of the next sample, counted from time 0 ... */
	guint64 due;  /* ... and of the one that was not yet there at the last tick */
};

static void make_second(struct test_source *s)
{
	guint rate = s->format.rate, channels = s->format.channels;

	s->second = g_new(gint16, rate * channels);
	for (guint n = 0; n < rate; n++) {
		double click = n < rate / CLICKS_PER_S ? CLICK_AMPLITUDE * sin(2 * G_PI * CLICK_HZ * n / rate) : 0;

		for (guint channel = 0; channel < channels; channel++) {
			double tone = TONE_AMPLITUDE * sin(2 * G_PI * tones_hz[channel] * n / rate);

			s->second[n * channels + channel] = lrint(tone + (channel == LFE ? 0 : click));
		}
	}
}

static gpointer test_create(struct miracast_host *host, const struct sound_format *format,
			    GError **error)
{
	struct test_source *s = g_new0(struct test_source, 1);
	const struct itimerspec timer = {
		.it_value.tv_nsec = TICK_NS,
		.it_interval.tv_nsec = TICK_NS,
	};

	g_return_val_if_fail(format->channels <= SOUND_MAX_CHANNELS, NULL);
	s->format = *format;
	s->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (s->timer < 0 || timerfd_settime(s->timer, 0, &timer, NULL) < 0) {
		g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno), "timerfd: %s",
			    g_strerror(errno));
		if (s->timer >= 0)
			close(s->timer);
		g_free(s);
		return NULL;
	}
	make_second(s);
	return s;
}

static void test_destroy(gpointer data)
{
	struct test_source *s = data;

	close(s->timer);
	g_free(s->second);
	g_free(s);
}

static void test_look(gpointer data)
{
}

static int test_wait_fd(gpointer data)
{
	struct test_source *s = data;

	return s->timer;
}

static guint64 frames_at(const struct test_source *s, guint64 ns)
{
	return ns / NS_PER_S * s->format.rate + ns % NS_PER_S * s->format.rate / NS_PER_S;
}

static guint64 time_of(const struct test_source *s, guint64 frame)
{
	guint rate = s->format.rate;

	return frame / rate * NS_PER_S + frame % rate * NS_PER_S / rate;
}

static enum sound_result test_take(gpointer data, struct sound_block *block)
{
	struct test_source *s = data;
	guint64 ticks;
	guint at;

	block->format = s->format;
	if (read(s->timer, &ticks, sizeof(ticks)) == sizeof(ticks))
		s->due = frames_at(s, g_get_monotonic_time() * 1000 + SOUND_TEST_LEAD_NS);
	if (!s->started) {
		s->started = TRUE;
		s->next = s->due = frames_at(s, g_get_monotonic_time() * 1000);
		return SOUND_START;
	}
	if (s->due - s->next > MAX_FRAMES) {
		block->lost = s->due - MAX_FRAMES - s->next;
		s->next = s->due - MAX_FRAMES;
	}
	at = s->next % s->format.rate;
	block->frames = MIN(s->due - s->next, s->format.rate - at);
	if (!block->frames)
		return SOUND_NONE;
	block->samples = s->second + at * s->format.channels;
	block->time_ns = time_of(s, s->next);
	block->waited_ns = TICK_NS;
	s->next += block->frames;
	return SOUND_SAMPLES;
}

const struct sound_source_class sound_source_test = {
	.name = "test",
	.create = test_create,
	.destroy = test_destroy,
	.look = test_look,
	.wait_fd = test_wait_fd,
	.take = test_take,
};

/* ---------------------------------------------------------------------- nothing */

static gpointer silence_create(struct miracast_host *host, const struct sound_format *format,
			       GError **error)
{
	static char nothing;

	return &nothing;
}

static void silence_destroy(gpointer data)
{
}

static int silence_wait_fd(gpointer data)
{
	return -1;
}

static enum sound_result silence_take(gpointer data, struct sound_block *block)
{
	return SOUND_NONE;
}

const struct sound_source_class sound_source_silence = {
	.name = "silence",
	.create = silence_create,
	.destroy = silence_destroy,
	.look = test_look,
	.wait_fd = silence_wait_fd,
	.take = silence_take,
};
