/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * sound-pump.h - brings what is played to the sound track, as it comes
 *
 * One thread, which does nothing else, since what is played is overwritten a few milliseconds
 * later: it copies (sound-source.h), makes the track (sound-track.h) and hands its units on.
 * While nothing plays it wakes up for each bit of silence, some 25 times a second, and while
 * it rests not at all.
 */
#pragma once

#include "sound-source.h"
#include "sound-track.h"

G_BEGIN_DECLS

typedef struct sound_pump sound_pump;

/**
 * enum sound_activity - what the source does
 * @SOUND_AWAY: there is no sound card
 * @SOUND_SILENT: nothing is played
 * @SOUND_PLAYING: something is, and the pump runs
 */
enum sound_activity {
	SOUND_AWAY,
	SOUND_SILENT,
	SOUND_PLAYING,
};

/**
 * struct sound_state
 * @format: of what is played, zeros with SOUND_AWAY and SOUND_SILENT
 */
struct sound_state {
	enum sound_activity activity;
	struct sound_format format;
	struct sound_counters counters;
};

/*
 * Starts the thread, which rests.  @unit is called by it; @source stays the caller's.
 */
sound_pump *sound_pump_new(const struct sound_source_class *source_class, gpointer source,
			   const struct sound_layout *layout,
			   void (*unit)(const struct sound_unit *unit, gpointer user_data),
			   gpointer user_data, GError **error);
/* Ends the thread, for good: @unit is not called afterwards; the others may be. */
void sound_pump_stop(sound_pump *pump);
/* Stops it, if it is not, and frees it. NULL is allowed. */
void sound_pump_free(sound_pump *pump);

/*
 * The calling thread goes before those that encode pictures: for threads of sound, which have little
 * to do and no time to wait.  Where the process may not ask for that it stays as it is.
 */
void sound_thread_first(void);

/* From any thread: */

/* Run, with a track that begins now; or rest. */
void sound_pump_set_running(sound_pump *pump, gboolean running);
/* There may be a sound card now. */
void sound_pump_look(sound_pump *pump);
void sound_pump_get_state(sound_pump *pump, struct sound_state *state);

G_END_DECLS
