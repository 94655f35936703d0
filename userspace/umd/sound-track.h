/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * sound-track.h - one sound track without gaps, made of what is played now and then
 *
 * A track is a row of samples at one rate, in one layout, each with a time of its own: that
 * of the first one and a whole number of periods, so that nothing adds up.  What is played
 * takes its place by its own time; where nothing is played there is silence.  It comes out in
 * units of a size that suits the encoder, each with the time of its first sample.
 *
 * Whatever the sound server does with rate and channels: the track keeps its own.  Samples
 * of its rate and channels stay as they are.  Others are resampled or mixed (GStreamer's
 * audio library); what the resampler holds back comes with the end.
 *
 * What is late is skipped, and never moves what comes after it:
 *
 *	samples whose place is taken (silence went there)	left out, counted
 *	samples older than SOUND_TRACK_LATE_NS			left out, counted
 *	places for which nothing has come			silence
 *	more of them than SOUND_TRACK_JUMP_NS			the track goes on behind them, and
 *								its next unit says so
 *
 * Silence is made some units at a time, and so long after its time that what begins to play
 * meanwhile finds its place free.
 *
 * No threads and no clock: the caller says what time it is.
 */
#pragma once

#include <gst/audio/audio.h>

#include "sound-source.h"

G_BEGIN_DECLS

#define SOUND_TRACK_MSEC G_GINT64_CONSTANT(1000000)

/* What is older than this is of no use to any sink. */
#define SOUND_TRACK_LATE_NS (200 * SOUND_TRACK_MSEC)
#define SOUND_TRACK_JUMP_NS (100 * SOUND_TRACK_MSEC)
/* Silence comes so long after its time: that a player has begun is known within less. */
#define SOUND_TRACK_MARGIN_NS (4 * SOUND_TRACK_MSEC)
/* A stream is taken for silent when nothing has come so long after it was due. */
#define SOUND_TRACK_STARVED_NS (40 * SOUND_TRACK_MSEC)
/* Samples that are off by less than this follow those before: times are rounded. */
#define SOUND_TRACK_TOLERANCE_NS (1 * SOUND_TRACK_MSEC)

/**
 * struct sound_layout - what comes out
 * @format: of the track
 * @unit: samples of a channel in a unit
 * @silent_units: units of silence that are made at a time
 */
struct sound_layout {
	struct sound_format format;
	guint unit;
	guint silent_units;
};

/**
 * struct sound_unit - a piece of the track
 * @samples: borrowed for the call
 * @frames: the layout's unit
 * @time_ns: CLOCK_MONOTONIC of the first sample
 * @discont: it does not follow the unit before
 * @silent: nothing was played in it
 * @taken_ns: when the first sample of it was there to be taken; 0: nothing was
 */
struct sound_unit {
	const gint16 *samples;
	guint frames;
	guint64 time_ns;
	gboolean discont;
	gboolean silent;
	guint64 taken_ns;
};

/**
 * struct sound_counters - what was left out of the track since it was made
 * @skipped_us: came too late for their place, or at all; microseconds of sound
 * @lost_us: overwritten before they were read, or while they were; the same
 * @gaps: in so many places; what is left out without a pause is one
 *
 * Each piece is a line of the debug log as well: how much, from which time on, and why.
 */
struct sound_counters {
	guint64 skipped_us;
	guint64 lost_us;
	guint64 gaps;
};

/* That line.  @time_ns: CLOCK_MONOTONIC at which it was due. */
void sound_log_left_out(guint64 time_ns, guint64 duration_ns, const char *why);

/* What the channels are if there are six, for GStreamer. */
extern const GstAudioChannelPosition sound_positions[6];

typedef struct sound_track sound_track;

sound_track *sound_track_new(const struct sound_layout *layout,
			     void (*unit)(const struct sound_unit *unit, gpointer user_data),
			     gpointer user_data);
void sound_track_free(sound_track *track);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(sound_track, sound_track_free)

/* It begins, or begins anew, at @time_ns: what was played, or lost, before that is of no interest. */
void sound_track_begin(sound_track *track, guint64 time_ns);

/* A stream of this format begins.  One that cannot be converted is silent, which is said once. */
void sound_track_start(sound_track *track, const struct sound_format *format);
/* Samples of it. */
void sound_track_samples(sound_track *track, const struct sound_block *block, guint64 now_ns);
/* @block, whatever it is, says what was lost or torn before it. */
void sound_track_lost(sound_track *track, const struct sound_block *block);
/* It has ended. */
void sound_track_stop(sound_track *track);

/*
 * Silence, as far as it is due at @now_ns.  Returns: when more of it will be, unless
 * something is played.
 */
guint64 sound_track_advance(sound_track *track, guint64 now_ns);

void sound_track_get_counters(const sound_track *track, struct sound_counters *counters);

G_END_DECLS
