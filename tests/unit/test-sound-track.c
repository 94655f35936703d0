// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The sound track: each sample has its place, whatever plays, and when, and how late it is looked at.
 */
#include "sound-track.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define MSEC SOUND_TRACK_MSEC
#define BEGIN (1000 * G_GUINT64_CONSTANT(1000000000) + 123456789)

/* Warnings are counted, not fatal. */
static guint warnings;

/* What the debug log says of what was left out: from when, to when, how much. */
static struct {
	guint64 from, to, sum;
} left_out;

static void read_left_out(const char *message)
{
	guint64 from, length;

	if (sscanf(message, "sound left out: %" G_GUINT64_FORMAT " ns from %" G_GUINT64_FORMAT, &length, &from) != 2)
		return;
	left_out.from = left_out.sum ? MIN(left_out.from, from) : from;
	left_out.to = MAX(left_out.to, from + length);
	left_out.sum += length;
}

static GLogWriterOutput write_log(GLogLevelFlags level, const GLogField *fields, gsize n, gpointer data)
{
	for (gsize i = 0; i < n; i++) {
		if (g_str_equal(fields[i].key, "MESSAGE"))
			read_left_out(fields[i].value);
	}
	if (!(level & G_LOG_LEVEL_WARNING))
		return g_log_writer_default(level, fields, n, data);
	warnings++;
	return G_LOG_WRITER_HANDLED;
}

/* A player, and what becomes of its samples. */
struct fixture {
	sound_track *track;
	struct sound_layout layout;
	GArray *samples; /* gint16, all that came out */
	guint units;
	guint gaps; /* units that do not follow the one before, the first one apart */
	guint silent;
	guint64 first_ns; /* time of the first sample since the latest gap ... */
	guint64 frames;	  /* ... and how many followed */
	guint64 now;
};

static void take_unit(const struct sound_unit *unit, gpointer data)
{
	struct fixture *f = data;
	guint64 expected = f->first_ns + (f->frames * 1000000000 + f->layout.format.rate / 2) / f->layout.format.rate;

	g_assert_cmpuint(unit->frames, ==, f->layout.unit);
	if (unit->discont) {
		f->gaps += f->units > 0;
		g_assert_cmpuint(unit->time_ns, >=, f->units ? expected : BEGIN);
		f->first_ns = unit->time_ns;
		f->frames = 0;
	} else {
		/* Nothing adds up. */
		g_assert_cmpint(ABS((gint64)(unit->time_ns - expected)), <=, 1);
	}
	g_assert_cmpint(unit->silent, ==, unit->taken_ns == 0);
	f->silent += unit->silent;
	f->units++;
	f->frames += unit->frames;
	g_array_append_vals(f->samples, unit->samples, unit->frames * f->layout.format.channels);
}

static void begin(struct fixture *f, guint rate, guint channels, guint unit)
{
	*f = (struct fixture){ .layout = { { rate, channels }, unit, 2 } };
	f->samples = g_array_new(FALSE, FALSE, sizeof(gint16));
	f->track = sound_track_new(&f->layout, take_unit, f);
	f->now = BEGIN;
	sound_track_begin(f->track, BEGIN);
	memset(&left_out, 0, sizeof(left_out));
}

static void end(struct fixture *f)
{
	sound_track_free(f->track);
	g_array_unref(f->samples);
}

static void assert_counters(struct fixture *f, guint64 skipped_us, guint64 lost_us)
{
	struct sound_counters counters;

	sound_track_get_counters(f->track, &counters);
	g_assert_cmpuint(counters.skipped_us, ==, skipped_us);
	g_assert_cmpuint(counters.lost_us, ==, lost_us);
}

/* All between two times was left out, and is told once: in the log, in the counters, as so many gaps. */
static void assert_left_out(struct fixture *f, guint64 from, guint64 to, guint gaps)
{
	struct sound_counters counters;

	sound_track_get_counters(f->track, &counters);
	g_assert_cmpuint(counters.gaps, ==, gaps);
	g_assert_cmpint(ABS((gint64)(left_out.from - from)), <, MSEC / 10);
	g_assert_cmpint(ABS((gint64)(left_out.to - to)), <, MSEC / 10);
	g_assert_cmpint(ABS((gint64)(left_out.sum - (to - from))), <, MSEC / 10);
	g_assert_cmpint(ABS((gint64)(left_out.sum / 1000 - counters.skipped_us - counters.lost_us)), <=, 100);
}

static gint16 sample(const struct fixture *f, guint frame, guint channel)
{
	guint at = frame * f->layout.format.channels + channel;

	g_assert_cmpuint(at, <, f->samples->len);
	return g_array_index(f->samples, gint16, at);
}

/* Frame @first of a stream and those behind it: the n-th has n + 1 in each channel, and the channel's number in thousands. */
static gint16 *ramp(guint first, guint frames, guint channels)
{
	gint16 *samples = g_new(gint16, frames * channels);

	for (guint n = 0; n < frames; n++) {
		for (guint c = 0; c < channels; c++)
			samples[n * channels + c] = (first + n) % 1000 + 1 + 1000 * c;
	}
	return samples;
}

static void play(struct fixture *f, const struct sound_format *format, guint first, guint frames, guint64 time_ns, guint lost)
{
	g_autofree gint16 *samples = ramp(first, frames, format->channels);
	const struct sound_block block = {
		.format = *format,
		.samples = samples,
		.frames = frames,
		.time_ns = time_ns,
		.lost = lost,
	};

	sound_track_lost(f->track, &block);
	sound_track_samples(f->track, &block, f->now);
}

/* Time passes. */
static void idle(struct fixture *f, guint64 ns)
{
	for (guint64 until = f->now + ns; f->now < until; f->now += MIN((guint64)MSEC, until - f->now))
		sound_track_advance(f->track, f->now);
	sound_track_advance(f->track, f->now);
}

/* --------------------------------------------------------------------------- silence */

/* It follows the clock, not too soon, not too late, and with few wakeups. */
static void test_silence(void)
{
	struct fixture f;
	guint calls = 0;
	guint64 due = BEGIN;

	begin(&f, 48000, 2, 480);
	while (due < BEGIN + 10 * G_GUINT64_CONSTANT(1000000000)) {
		guint units = f.units;
		guint64 next = sound_track_advance(f.track, due);

		g_assert_cmpuint(next, >, due);
		calls++;
		g_assert_cmpuint(f.units - units, ==, calls == 1 ? 0 : 2);
		due = next;
	}
	g_assert_cmpuint(calls, <=, 501);
	g_assert_cmpuint(f.units, >=, 996);
	g_assert_cmpuint(f.silent, ==, f.units);
	g_assert_cmpuint(f.gaps, ==, 0);
	for (guint i = 0; i < f.samples->len; i++)
		g_assert_cmpint(g_array_index(f.samples, gint16, i), ==, 0);
	assert_counters(&f, 0, 0);
	end(&f);
}

/* -------------------------------------------------------------------------- a player */

/* One that plays, ahead of its time, in pieces of 5 ms; returns the time of its first sample. */
static guint64 play_pieces(struct fixture *f, const struct sound_format *format, guint pieces, guint lead_ms)
{
	guint frames = format->rate / 200;
	guint64 began = f->now;

	sound_track_start(f->track, format);
	for (guint i = 0; i < pieces; i++) {
		guint64 at = began + (guint64)i * frames * 1000000000 / format->rate;

		play(f, format, i * frames, frames, at, 0);
		idle(f, MAX(at, f->now + lead_ms * MSEC) - f->now - lead_ms * MSEC);
	}
	idle(f, began + (guint64)pieces * frames * 1000000000 / format->rate - f->now);
	return began;
}

/* Where the n-th sample of the track belongs that was played from @time on. */
static guint place_of(guint64 time, guint rate)
{
	return ((time - BEGIN) * rate + 500000000) / 1000000000;
}

static void check_exact(guint rate, guint channels, guint unit, guint lead_ms)
{
	const struct sound_format format = { rate, channels };
	struct fixture f;
	guint64 began;
	guint at, n = 200 * (rate / 200);

	begin(&f, rate, channels, unit);
	idle(&f, 77 * MSEC + 4321);
	began = play_pieces(&f, &format, 200, lead_ms);
	sound_track_stop(f.track);
	idle(&f, 200 * MSEC);
	at = place_of(began, rate);
	g_assert_cmpint(sample(&f, at - 1, 0), ==, 0);
	for (guint i = 0; i < n; i++) {
		for (guint c = 0; c < channels; c++)
			g_assert_cmpint(sample(&f, at + i, c), ==, i % 1000 + 1 + 1000 * c);
	}
	g_assert_cmpint(sample(&f, at + n, 0), ==, 0);
	g_assert_cmpuint(f.gaps, ==, 0);
	assert_counters(&f, 0, 0);
	end(&f);
}

/* Bit by bit what was played, at its time. */
static void test_exact(void)
{
	check_exact(48000, 2, 480, 20);
	check_exact(48000, 2, 1024, 0);
	check_exact(44100, 2, 480, 20);
	check_exact(48000, 6, 1536, 20);
}

/* A pause, and players one after the other: what is played next has its own time. */
static void test_again(void)
{
	const struct sound_format format = { 48000, 2 };
	guint64 times[5];
	struct fixture f;

	begin(&f, 48000, 2, 1024);
	for (guint i = 0; i < G_N_ELEMENTS(times); i++) {
		times[i] = play_pieces(&f, &format, 20, 20);
		sound_track_stop(f.track);
		idle(&f, (i * 37 + 1) * MSEC);
	}
	idle(&f, 200 * MSEC);
	for (guint i = 0; i < G_N_ELEMENTS(times); i++) {
		guint at = place_of(times[i], 48000);

		g_assert_cmpint(sample(&f, at, 0), ==, 1);
		g_assert_cmpint(sample(&f, at + 4799, 0), ==, 4799 % 1000 + 1);
		g_assert_cmpint(sample(&f, at + 4800, 0), ==, 0);
	}
	g_assert_cmpuint(f.gaps, ==, 0);
	assert_counters(&f, 0, 0);
	end(&f);
}

/* ------------------------------------------------------------------ rate and channels */

static guint crossings(const struct fixture *f, guint from, guint to)
{
	guint n = 0;

	for (guint i = from; i < to; i++)
		n += sample(f, i, 0) < 0 && sample(f, i + 1, 0) >= 0;
	return n;
}

/* A tone of 1 kHz that begins with its largest sample, at any rate, on a track at another one. */
static void check_resampled(guint from, guint to)
{
	const struct sound_format format = { from, 2 };
	guint piece = from / 100, began_at;
	guint64 began;
	struct fixture f;

	begin(&f, to, 2, 480);
	idle(&f, 50 * MSEC);
	began = f.now;
	sound_track_start(f.track, &format);
	for (guint i = 0; i < 600; i++) {
		g_autofree gint16 *samples = g_new(gint16, piece * 2);
		const struct sound_block block = {
			.format = format,
			.samples = samples,
			.frames = piece,
			.time_ns = began + i * 10 * MSEC,
		};

		for (guint n = 0; n < piece; n++)
			samples[2 * n] = samples[2 * n + 1] = lrint(16000 * cos(2 * G_PI * 1000 * (n + i * piece) / from));
		sound_track_samples(f.track, &block, f.now);
		idle(&f, 10 * MSEC);
	}
	sound_track_stop(f.track);
	idle(&f, 200 * MSEC);
	began_at = place_of(began, to);
	/* At its time, to half a millisecond, at the end as in the beginning, and as many waves as there were. */
	g_assert_cmpint(ABS(sample(&f, began_at - to / 2000, 0)), <, 1000);
	g_assert_cmpint(sample(&f, began_at + 10 * to / 1000, 0), >, 14000);
	g_assert_cmpint(sample(&f, began_at + to * 5, 0), >, 14000);
	g_assert_cmpint(sample(&f, began_at + to * 5 + to / 2000, 0), <, -13000);
	g_assert_cmpint(ABS((int)crossings(&f, began_at, began_at + to * 5) - 5000), <=, 1);
	g_assert_cmpint(ABS(sample(&f, began_at + to * 6 + to / 500, 0)), <, 1000);
	g_assert_cmpuint(f.gaps, ==, 0);
	assert_counters(&f, 0, 0);
	end(&f);
}

static void test_rates(void)
{
	check_resampled(44100, 48000);
	check_resampled(48000, 44100);
	check_resampled(96000, 48000);
	check_resampled(8000, 48000);
}

static void play_constant(struct fixture *f, const struct sound_format *format, const gint16 *values)
{
	gint16 samples[480 * SOUND_MAX_CHANNELS];
	const struct sound_block block = { .format = *format, .samples = samples, .frames = 480, .time_ns = f->now };

	for (guint n = 0; n < 480; n++)
		memcpy(samples + n * format->channels, values, format->channels * sizeof(gint16));
	sound_track_start(f->track, format);
	sound_track_samples(f->track, &block, f->now);
	idle(f, 10 * MSEC);
	sound_track_stop(f->track);
	idle(f, 100 * MSEC);
}

/* The middle of what was played last. */
static void assert_last(const struct fixture *f, const gint16 *values)
{
	guint n = f->samples->len / f->layout.format.channels;

	while (n > 0 && !sample(f, n - 1, 0))
		n--;
	for (guint c = 0; c < f->layout.format.channels; c++)
		g_assert_cmpint(ABS(sample(f, n - 240, c) - values[c]), <=, 2);
}

static void test_channels(void)
{
	struct fixture f;

	begin(&f, 48000, 2, 480);
	play_constant(&f, &(struct sound_format){ 48000, 1 }, (gint16[]){ 500 });
	assert_last(&f, (gint16[]){ 500, 500 });
	/* FL FR RL RR FC LFE: the centre is heard on both sides, the left ones on the left. */
	play_constant(&f, &(struct sound_format){ 48000, 6 }, (gint16[]){ 0, 0, 0, 0, 8000, 0 });
	g_assert_cmpint(sample(&f, f.samples->len / 2 - 1, 0), ==, 0);
	{
		guint n = f.samples->len / 2;

		while (!sample(&f, n - 1, 0))
			n--;
		g_assert_cmpint(sample(&f, n - 240, 0), >, 1000);
		g_assert_cmpint(sample(&f, n - 240, 0), ==, sample(&f, n - 240, 1));
	}
	play_constant(&f, &(struct sound_format){ 48000, 6 }, (gint16[]){ 4000, 0, 4000, 0, 0, 0 });
	{
		guint n = f.samples->len / 2;

		while (!sample(&f, n - 1, 0))
			n--;
		g_assert_cmpint(sample(&f, n - 240, 0), >, 1000);
		g_assert_cmpint(sample(&f, n - 240, 1), ==, 0);
	}
	end(&f);

	begin(&f, 48000, 6, 480);
	play_constant(&f, &(struct sound_format){ 48000, 2 }, (gint16[]){ 700, -600 });
	assert_last(&f, (gint16[]){ 700, -600, 0, 0, 0, 0 });
	play_constant(&f, &(struct sound_format){ 48000, 6 }, (gint16[]){ 1, -2, 3, -4, 5, -6 });
	assert_last(&f, (gint16[]){ 1, -2, 3, -4, 5, -6 });
	play_constant(&f, &(struct sound_format){ 44100, 2 }, (gint16[]){ 700, -600 });
	assert_last(&f, (gint16[]){ 700, -600, 0, 0, 0, 0 });
	end(&f);
}

/* The sound server changes its mind: the track has no gap, and each has its time. */
static void test_changes(void)
{
	static const struct sound_format formats[] = { { 48000, 2 }, { 44100, 2 }, { 48000, 6 }, { 48000, 2 }, { 96000, 1 } };
	struct fixture f;

	begin(&f, 48000, 2, 480);
	for (guint i = 0; i < 20; i++) {
		play_pieces(&f, &formats[i % G_N_ELEMENTS(formats)], 10, 0);
		if (i % 2)
			sound_track_stop(f.track);
	}
	sound_track_stop(f.track);
	idle(&f, 200 * MSEC);
	g_assert_cmpuint(f.gaps, ==, 0);
	assert_counters(&f, 0, 0);
	g_assert_cmpuint(f.silent, <, f.units);
	end(&f);
}

/* What nobody can convert is silent, and harms nobody. */
static void test_unusable(void)
{
	static const struct sound_format formats[] = { { 0, 2 }, { 48000, 0 }, { 48000, 99 }, { 4000000, 2 } };
	gint16 samples[960] = { 5 };
	struct fixture f;

	begin(&f, 48000, 2, 480);
	for (guint i = 0; i < G_N_ELEMENTS(formats); i++) {
		const struct sound_block block = { .format = formats[i], .samples = samples, .frames = 1, .time_ns = f.now };

		sound_track_start(f.track, &formats[i]);
		g_assert_cmpuint(warnings, ==, 1);
		sound_track_samples(f.track, &block, f.now);
		idle(&f, 100 * MSEC);
	}
	g_assert_cmpuint(f.silent, ==, f.units);
	g_assert_cmpuint(f.units, >, 30);
	end(&f);
}

/* ------------------------------------------------------------------------------ late */

/* Silence is where samples belong that come now: those are skipped, the next ones are at their place. */
static void test_place_taken(void)
{
	const struct sound_format format = { 48000, 2 };
	struct fixture f;
	guint64 began;
	guint at;

	begin(&f, 48000, 2, 480);
	idle(&f, 500 * MSEC);
	began = f.now - 60 * MSEC;
	sound_track_start(f.track, &format);
	/* 100 ms, of which at least 36 have their places taken, at most 60. */
	play(&f, &format, 0, 4800, began, 0);
	idle(&f, 200 * MSEC);
	sound_track_stop(f.track);
	at = place_of(began, 48000);
	g_assert_cmpint(sample(&f, at, 0), ==, 0);
	g_assert_cmpint(sample(&f, at + 60 * 48, 0), ==, 60 * 48 % 1000 + 1);
	g_assert_cmpint(sample(&f, at + 4799, 0), ==, 4799 % 1000 + 1);
	{
		struct sound_counters counters;

		sound_track_get_counters(f.track, &counters);
		g_assert_cmpuint(counters.skipped_us, >=, 36000);
		g_assert_cmpuint(counters.skipped_us, <=, 60000);
		assert_left_out(&f, began, began + counters.skipped_us * 1000, 1);
	}
	g_assert_cmpuint(f.gaps, ==, 0);
	end(&f);
}

/* Nobody has looked for 400 ms: what is too old is skipped once, and what follows is no later for it. */
static void test_stalled(void)
{
	const struct sound_format format = { 48000, 2 };
	struct sound_counters counters;
	struct fixture f;
	guint64 began;

	begin(&f, 48000, 2, 480);
	began = play_pieces(&f, &format, 20, 0);
	f.now += 400 * MSEC;
	for (guint i = 20; i < 120; i++) {
		play(&f, &format, i * 240, 240, began + i * 5 * MSEC, 0);
		if (i >= 100)
			idle(&f, 5 * MSEC);
	}
	sound_track_stop(f.track);
	idle(&f, 100 * MSEC);
	g_assert_cmpuint(f.gaps, ==, 1);
	sound_track_get_counters(f.track, &counters);
	g_assert_cmpuint(counters.skipped_us, >=, 195000);
	g_assert_cmpuint(counters.skipped_us, <=, 205000);
	assert_left_out(&f, began + 100 * MSEC, began + 100 * MSEC + counters.skipped_us * 1000, 1);
	/* Since the gap: each sample at its time. */
	{
		guint frames = f.samples->len / 2, gap = frames - f.frames;
		guint at = gap + ((began + 100 * 5 * MSEC - f.first_ns) * 48000 + 500000000) / 1000000000;

		g_assert_cmpint(sample(&f, at, 0), ==, 100 * 240 % 1000 + 1);
		g_assert_cmpint(sample(&f, at + 239, 0), ==, (100 * 240 + 239) % 1000 + 1);
	}
	end(&f);
}

/* What was overwritten is silence of the same length, and counted. */
static void test_lost(void)
{
	const struct sound_format format = { 48000, 2 };
	struct fixture f;
	guint64 began;
	guint at;

	begin(&f, 48000, 2, 480);
	began = play_pieces(&f, &format, 4, 0);
	play(&f, &format, 1440, 480, began + 30 * MSEC, 480);
	sound_track_lost(f.track, &(struct sound_block){ .torn = TRUE });
	idle(&f, 200 * MSEC);
	sound_track_stop(f.track);
	at = place_of(began, 48000);
	g_assert_cmpint(sample(&f, at + 959, 0), ==, 960);
	g_assert_cmpint(sample(&f, at + 960, 0), ==, 0);
	g_assert_cmpint(sample(&f, at + 1439, 0), ==, 0);
	g_assert_cmpint(sample(&f, at + 1440, 0), ==, 441);
	assert_counters(&f, 0, 20000);
	assert_left_out(&f, began + 20 * MSEC, began + 40 * MSEC, 1);
	g_assert_cmpuint(f.gaps, ==, 0);
	end(&f);
}

/* A player from which nothing comes: the track goes on in silence, and with it when something comes. */
static void test_starved(void)
{
	const struct sound_format format = { 48000, 2 };
	struct fixture f;
	guint64 began;
	guint at;

	begin(&f, 48000, 2, 480);
	began = play_pieces(&f, &format, 10, 0);
	idle(&f, 3000 * MSEC);
	g_assert_cmpuint(f.units, >=, 295);
	g_assert_cmpuint(f.gaps, ==, 0);
	play(&f, &format, 0, 480, f.now, 0);
	at = place_of(f.now, 48000);
	idle(&f, 200 * MSEC);
	g_assert_cmpint(sample(&f, at, 0), ==, 1);
	g_assert_cmpint(sample(&f, place_of(began, 48000) + 2399, 0), ==, 400);
	assert_counters(&f, 0, 0);
	end(&f);
}

/* After a pause of the session it begins anew; what was played before that is of no interest. */
static void test_begin(void)
{
	const struct sound_format format = { 48000, 2 };
	struct fixture f;

	begin(&f, 48000, 2, 480);
	play_pieces(&f, &format, 11, 0);
	f.now += 1000 * MSEC;
	sound_track_begin(f.track, f.now);
	play(&f, &format, 0, 480, f.now - 1000 * MSEC, 0);
	play(&f, &format, 480, 480, f.now - 5 * MSEC, 40000);
	idle(&f, 200 * MSEC);
	g_assert_cmpuint(f.gaps, ==, 1);
	assert_counters(&f, 0, 0);
	/* Its first sample is the first of the track, or nearly. */
	{
		gint16 first = sample(&f, f.samples->len / 2 - f.frames, 0);

		g_assert_cmpint(first, >=, (480 + 240) % 1000 + 1);
		g_assert_cmpint(first, <=, (480 + 242) % 1000 + 1);
	}
	end(&f);
}

/* A piece that begins before the track, and ends behind the silence that it has by now. */
static void test_begin_late(void)
{
	const struct sound_format format = { 48000, 2 };
	struct fixture f;
	guint next;

	begin(&f, 48000, 2, 480);
	idle(&f, 60 * MSEC);
	next = f.samples->len / 2;
	g_assert_cmpuint(next, >, 0);
	sound_track_start(f.track, &format);
	play(&f, &format, 0, 4800, BEGIN - 30 * MSEC, 0);
	idle(&f, 200 * MSEC);
	g_assert_cmpint(sample(&f, next - 1, 0), ==, 0);
	g_assert_cmpint(sample(&f, next, 0), ==, (next + 30 * 48) % 1000 + 1);
	g_assert_cmpint(sample(&f, 70 * 48 - 1, 0), ==, 4799 % 1000 + 1);
	g_assert_cmpint(sample(&f, 70 * 48, 0), ==, 0);
	end(&f);
}

int main(int argc, char **argv)
{
	gst_init(NULL, NULL);
	g_test_init(&argc, &argv, NULL);
	g_log_set_writer_func(write_log, NULL, NULL);
	g_log_set_always_fatal(G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL);
	g_test_add_func("/sound-track/silence", test_silence);
	g_test_add_func("/sound-track/exact", test_exact);
	g_test_add_func("/sound-track/again", test_again);
	g_test_add_func("/sound-track/rates", test_rates);
	g_test_add_func("/sound-track/channels", test_channels);
	g_test_add_func("/sound-track/changes", test_changes);
	g_test_add_func("/sound-track/unusable", test_unusable);
	g_test_add_func("/sound-track/late/place-taken", test_place_taken);
	g_test_add_func("/sound-track/late/stalled", test_stalled);
	g_test_add_func("/sound-track/lost", test_lost);
	g_test_add_func("/sound-track/starved", test_starved);
	g_test_add_func("/sound-track/begin/again", test_begin);
	g_test_add_func("/sound-track/begin/late", test_begin_late);
	return g_test_run();
}
