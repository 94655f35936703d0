/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cast-display.h - a display, and the cast to it, as the window shows them
 *
 * What the daemon says of one display, of the session with it, and what was the end of the last one.  Made and changed
 * by cast-daemon.c only, in the main thread; whoever shows it reads it and listens to "changed", which comes once for
 * all that has changed together, and to "moved" (int before), which comes after it if the state is another one.
 *
 * Names, models and messages come from the network: they are text, never markup.
 *
 * States, and what they are made of:
 *
 *	IDLE		no session
 *	CONNECTING	the user has clicked, or there is a session that does not stream yet
 *	ACCEPT		somebody has to accept it at the display: phase "waiting-for-acceptance" is the last
 *	PIN_WANTED	the display shows a PIN that is to be typed here
 *	PIN_SHOWN	a PIN is shown here that is to be typed at the display
 *	CONSENT		it has called, and waits for somebody to say that it may have the screen
 *	STREAMING	pictures flow
 *	WAITING		it was lost and comes back by itself
 *	ENDING		it is being taken down
 *	FAILED		the last session has ended, not by the user, or could not begin; until the next one, or
 *			cast_display_forget_failure()
 *
 * Each of them but IDLE, STREAMING and FAILED ends by itself, since the daemon has a time limit for it and the call that
 * begins a session has one here.
 */
#pragma once

#include <gio/gio.h>

#include "client.h"

G_BEGIN_DECLS

enum cast_state {
	CAST_IDLE,
	CAST_CONNECTING,
	CAST_ACCEPT,
	CAST_PIN_WANTED,
	CAST_PIN_SHOWN,
	CAST_CONSENT,
	CAST_STREAMING,
	CAST_WAITING,
	CAST_ENDING,
	CAST_FAILED,
};

#define CAST_TYPE_DISPLAY (cast_display_get_type())
G_DECLARE_FINAL_TYPE(CastDisplay, cast_display, CAST, DISPLAY, GObject)

const char *cast_display_id(CastDisplay *display);
/* What people call it. */
const char *cast_display_name(CastDisplay *display);
/* The name that people have given it; "" */
const char *cast_display_alias(CastDisplay *display);
const char *cast_display_model(CastDisplay *display);
enum cast_state cast_display_state(CastDisplay *display);
/* Pictures have flowed in the last session, or do. */
gboolean cast_display_has_streamed(CastDisplay *display);
/* Whether there is something that can be ended. */
gboolean cast_display_is_busy(CastDisplay *display);
/* It can be connected to now. */
gboolean cast_display_is_connectable(CastDisplay *display);
/* Why not, if the daemon knows; "" */
const char *cast_display_obstacle(CastDisplay *display);
/* Seen lately. */
gboolean cast_display_is_present(CastDisplay *display);
/* The daemon knows it, and has not seen it lately; one of which it knows nothing but a session is not away. */
gboolean cast_display_is_away(CastDisplay *display);
/* The daemon keeps something of it, and not only sees it. */
gboolean cast_display_is_remembered(CastDisplay *display);
/* It is connected to whenever it is in sight. */
gboolean cast_display_is_autoconnect(CastDisplay *display);
/* Why the last change of what is kept of it was refused; "" */
const char *cast_display_problem(CastDisplay *display);
/* It is cast to, with sound. */
gboolean cast_display_has_sound(CastDisplay *display);
/* dBm, 0: not known */
int cast_display_level(CastDisplay *display);
/* FAILED or WAITING: why, and what to do next; else "" and NO_HINT */
const char *cast_display_message(CastDisplay *display);
struct hint cast_display_hint(CastDisplay *display);
/* PIN_SHOWN: the digits */
const char *cast_display_pin(CastDisplay *display);
/* PIN_WANTED, CONSENT: why the answer is not taken; "" */
const char *cast_display_answer_problem(CastDisplay *display);
/* While connecting: the daemon's words for the last step; "" */
const char *cast_display_step(CastDisplay *display);
/*
 * Element-type struct quality_row, with its text in the user's language; empty unless STREAMING.  It lives until the
 * next "changed".
 */
GPtrArray *cast_display_numbers(CastDisplay *display);
/* How good it is: of the worst row of these, what it is and why; "" if it is good */
enum quality cast_display_quality(CastDisplay *display);
const char *cast_display_quality_what(CastDisplay *display);
const char *cast_display_quality_why(CastDisplay *display);

/* ---- for cast-daemon.c -------------------------------------------------------- */

CastDisplay *cast_display_new(const char *id);
/* Of one that the daemon does not list. */
void cast_display_set_name(CastDisplay *display, const char *name);
/* Those in sight first, by name, then by id, for g_list_store_sort(). */
int cast_display_compare(gconstpointer a, gconstpointer b, gpointer user_data);
/* It, or another way to it that the daemon has named, has this id. */
gboolean cast_display_has_id(CastDisplay *display, const char *id);
/* @sink: a{sv} of Sinks; NULL: the daemon knows it no more */
void cast_display_set_sink(CastDisplay *display, GVariant *sink);
/* NULL: it is another display's. @manager: for the quality */
void cast_display_set_session(CastDisplay *display, Miracast1Session *session, Miracast1Manager *manager);
Miracast1Session *cast_display_session(CastDisplay *display);
/* Clicked, and the daemon has not said yet that there is a session. */
void cast_display_set_asked(CastDisplay *display, gboolean asked);
gboolean cast_display_is_asked(CastDisplay *display);
/* The user has given it up before there was a session to end. */
void cast_display_give_up(CastDisplay *display);
gboolean cast_display_is_given_up(CastDisplay *display);
/* There is no session any more, nor is one asked for: @message NULL: as the user wanted, else it has FAILED */
void cast_display_end(CastDisplay *display, const char *message, struct hint hint);
void cast_display_forget_failure(CastDisplay *display);
void cast_display_set_problem(CastDisplay *display, const char *problem);
void cast_display_set_answer_problem(CastDisplay *display, const char *problem);
/* There is nothing to show any more. */
gboolean cast_display_is_gone(CastDisplay *display);

G_END_DECLS
