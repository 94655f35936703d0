/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * stream-state.h - what the desktop wants of the stream, and what has been reached
 *
 * These are two things.  The desktop switches its output off and on, and changes
 * its mode, whenever it likes; the sink answers when it likes, refuses, or pauses
 * by itself.  So both are kept here, each event changes one of them, and
 * stream_state_next() alone says what has to be done to bring them together:
 *
 *	wanted                              reached
 *	shown: output on and powered        phase: preparing, playing, paused, standby
 *	mode                                mode of the pictures; black or not
 *	                                    what the sink has been asked and has not
 *	                                    answered: one thing at a time
 *
 * The owner calls it after every event, does what it says, tells that, and calls it
 * again until there is nothing to do.  An answer that comes late finds what is
 * wanted by then.
 *
 * A picture of the desktop goes out only while the desktop is shown and the stream
 * has its mode.  At all other times the pictures are black, and they keep coming:
 * sinks end a session without RTP.  No sink is asked to pause: some end the session
 * over it, some answer 200 and leave the last picture on their screen.  A sink that
 * offers standby is asked for it (M12) when the desktop has gone and black has been
 * shown for a while, so that black is what stays if it only says yes; not while the
 * desktop has yet to come.  From there it is asked to play
 * (M5); if it refuses, or does not play in time, the stream goes on unasked.
 *
 *	PREPARING --M7--> PLAYING <--M7--> PAUSED (M9, or M12 of the sink)
 *	                    |  ^
 *	        M12 answered|  |M7, or unasked after STREAM_WAKE_US
 *	                    v  |
 *	                  STANDBY
 *
 * In PAUSED only the sink goes on: it has been paused by somebody who looks at it.
 *
 * A mode that the sink refuses in play is dropped: the stream keeps its own, black
 * until the desktop has another one.
 *
 * Pure: no I/O, no clock, no allocation; one thread.
 */
#pragma once

#include <glib.h>

#include "wfd-modes.h"

G_BEGIN_DECLS

/* Black goes before standby for so long. */
#define STREAM_BLACK_US (5 * G_USEC_PER_SEC)
/* M7 has to come so soon after M5 PLAY (6.5). */
#define STREAM_WAKE_US (6 * G_USEC_PER_SEC)

enum stream_phase {
	STREAM_PREPARING,
	STREAM_PLAYING,
	STREAM_PAUSED,
	STREAM_STANDBY,
};

/**
 * enum stream_action - what has to be done
 * @STREAM_NOTHING: wait for an event, or for the time that is due
 * @STREAM_BLANK, @STREAM_UNBLANK: pictures are black from now on, or the desktop's
 * @STREAM_SLEEP: ask the sink for standby
 * @STREAM_WAKE: ask the sink to play
 * @STREAM_PLAY_UNASKED: stream again without being asked
 * @STREAM_CHANGE_MODE: agree on the wanted mode
 * @STREAM_DROP_MODE: the sink does not take the wanted mode: the desktop shall have
 *	another one
 */
enum stream_action {
	STREAM_NOTHING,
	STREAM_BLANK,
	STREAM_UNBLANK,
	STREAM_SLEEP,
	STREAM_WAKE,
	STREAM_PLAY_UNASKED,
	STREAM_CHANGE_MODE,
	STREAM_DROP_MODE,
};

/**
 * struct stream_state - for reading only; the functions change it
 * @output_on, @power_on, @wanted: the desktop's; @wanted NULL: none that can be shown
 * @was_on: the desktop has had a mode
 * @can_sleep: the sink offers standby, and has not refused it
 * @phase, @mode, @black: reached; @mode NULL: none is agreed on
 * @asked: SLEEP, WAKE, CHANGE_MODE while its answer is awaited, else NOTHING
 * @asked_mode: of CHANGE_MODE
 * @wake_failed: in STANDBY: the sink was asked in vain
 * @mode_dropped: @wanted was refused; @mode_told: DROP_MODE is done
 * @since_us: when it was asked; when black began
 */
struct stream_state {
	gboolean output_on;
	gboolean power_on;
	gboolean was_on;
	const struct wfd_mode *wanted;
	gboolean can_sleep;

	enum stream_phase phase;
	const struct wfd_mode *mode;
	gboolean black;
	enum stream_action asked;
	const struct wfd_mode *asked_mode;
	gboolean wake_failed;
	gboolean mode_dropped;
	gboolean mode_told;
	gint64 asked_us;
	gint64 black_us;
};

/* Preparing, black, output off and powered. */
void stream_state_init(struct stream_state *state);

/* The desktop; @mode NULL: one that the sink cannot show. */
void stream_state_want_mode(struct stream_state *state, const struct wfd_mode *mode);
void stream_state_want_off(struct stream_state *state);
void stream_state_want_power(struct stream_state *state, gboolean on);

/* The sink: standby is offered; M4 was accepted before the stream; M7; M9 or its own M12. */
void stream_state_offers_standby(struct stream_state *state);
void stream_state_agreed(struct stream_state *state, const struct wfd_mode *mode);
void stream_state_plays(struct stream_state *state, gint64 now_us);
void stream_state_paused(struct stream_state *state);

/**
 * stream_state_next - what has to be done now
 * @due_us: (out): when to ask again though nothing has happened; -1: never
 */
enum stream_action stream_state_next(const struct stream_state *state, gint64 now_us, gint64 *due_us);

/* The owner has done @action: for SLEEP, WAKE and CHANGE_MODE it has asked the sink. */
void stream_state_done(struct stream_state *state, enum stream_action action, gint64 now_us);
/*
 * The sink's answer to what it was asked: @accepted for SLEEP that it is in standby,
 * for WAKE that M7 shall come, for CHANGE_MODE that pictures have the mode now.
 */
void stream_state_answered(struct stream_state *state, gboolean accepted);

G_END_DECLS
