/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * session-private.h - inside of a session
 *
 * session.c		life and end: the one place where the state changes, the kernel's context, the way down, coming back
 * session-state.c	which states there are, and what leads from one to the other
 * session-limits.c	how long each may take, and what has failed by then
 * session-phases.c	how far it has come, in words
 * session-link.c	what the link says (link.h), and the other way to the same display
 * session-umd.c	what the process says (umd-process.h), how it begins and ends
 * session-config.c	what that process is told before it begins
 * session-questions.c	what people are asked: consent and PINs
 *
 * The state is session_move()'s alone, which arms the limit with it. The other rooms say what has happened, by an event or
 * by an end: session_fail() and session_end() for what has failed or is over, and session_take_down() each time that the
 * process or the link has gone. struct session has its members under the room that fills them; others read them, and clear them
 * when what they tell of is over.
 *
 * All of it is in the main context of the daemon: there are no threads and no locks. Link and process call back from there, not
 * from inside of a call of theirs, and not after they have been freed, so either is freed in its own last callback
 * (closed, exited), or when it is given up. changed() may look at the session, but not free it: the broker does that later.
 */
#pragma once

#include "session.h"
#include "stay.h"
#include "umd-process.h"

G_BEGIN_DECLS

/* Found by who makes catalogues; the daemon itself speaks English. */
#define N_(String) (String)

/**
 * struct session - see session.h
 *
 * Given to session_new(): @env and @user_data are borrowed, @sink and @options are references of its own.
 * @sink is another one after another way, or when it comes back.
 *
 * session.c:
 * @sink_fd: the kernel's context, -1: there is none. It is the session's to close until the process has it, which then owns it
 * @target: its number for the kernel, until the end
 * @place: of the connector, or NULL
 * @why: why it ends, the first reason that was given; NULL: it does not. Becomes the cause of @stay when it comes back
 * @stay: whether and when it does
 *
 * session-limits.c:
 * @limit: source of the state's limit; 0: it has none
 *
 * session-phases.c:
 * @phases: what has been reached, oldest first
 *
 * session-link.c; all but @let_in are of one attempt:
 * @link: from session_begin() to "closed", and from there again by another way
 * @let_in: it is, or was, more than a question
 * @link_closing: it was told to disconnect
 * @next: by which it goes on when the link is closed, a reference; NULL: it does not
 * @next_backend: of @next, borrowed, as all backends are: they live longer than sessions
 * @media: of struct link_path, or NULL
 * @radio: what the link said last; NULL: nothing
 * @first_failure: why another way was taken; NULL: none was
 * @calls: how often the sink has dialled
 * @path: what session_path() tells
 *
 * session-umd.c; of one attempt, too:
 * @umd: from session_start_umd() to "exited"
 * @answered: the sink has said something on this connection
 * @hung_up: what the process said when it had not; with session_accept(), what it is if no call is alive any more
 * @encoder_failed: an encoder has, and that was written down
 * @gpu_failed: the same of its way from a dma-buf
 * @sink_info, @mode, @stats: what it said last, a{sv}, never NULL
 *
 * session-questions.c:
 * @asking: the backend that holds the call, borrowed; NULL: nobody is asked
 * @wants_pin: the display shows one
 * @shown_pin: what is to be typed there; NULL: nothing
 */
struct session {
	guint id;
	enum session_state state;
	link_sink *sink;
	const struct session_env *env;
	GVariant *options;
	session_changed *changed;
	gpointer user_data;

	int sink_fd;
	guint32 target;
	char *place;
	reason *why;
	struct stay stay;

	guint limit;

	GPtrArray *phases;

	link_connection *link;
	gboolean let_in;
	gboolean link_closing;
	link_sink *next;
	link_backend *next_backend;
	GVariant *media;
	GVariant *radio;
	char *first_failure;
	guint calls;
	GVariant *path;

	umd_process *umd;
	gboolean answered;
	reason *hung_up;
	gboolean encoder_failed;
	gboolean gpu_failed;
	GVariant *sink_info;
	GVariant *mode;
	GVariant *stats;

	link_backend *asking;
	gboolean wants_pin;
	char *shown_pin;
};

/* session.c */

/* The only place where the state changes, and its limit with it. FALSE: the event means nothing in this one. */
gboolean session_move(session *s, enum session_event event);
/* session_end() with what @error says, or else with @otherwise. */
void session_fail(session *s, const GError *error, enum reason_code otherwise);
/*
 * The next step of the way down, once there is a reason: the UMD first, since its TEARDOWN needs the link. Called again as
 * each has gone; after the last one it waits to come back, or is over.
 */
void session_take_down(session *s);
/* Reserve a connector for the UMD to come; a failure ends the session, and is FALSE. */
gboolean session_open_sink(session *s);
/* Out of "waiting": begin once more, with the sink as it is known now. */
void session_try_again(session *s);

/* session-limits.c: for the state that it is in, in place of the one before. */
void session_arm_limit(session *s);

/* session-phases.c */

/* The first ones, and the newest: a display may come and go for days. */
#define SESSION_PHASES_MAX 64

GPtrArray *session_phases_new(void);
/* One more, and a line of the log; who hears of changes is not told. */
void session_add_phase(session *s, const char *name, gint64 time_us, const char *text);
/* What a phase of the process (channel.h) is for people; @phase itself if nothing is known of it. */
const char *session_phase_text(const char *phase);

/* session-link.c */

/* An attempt: connect by @backend, with @event into "linking", and reserve a connector. */
void session_begin(session *s, link_backend *backend, enum session_event event, const char *text);
/* For session_path(); NULL leaves what is known. */
void session_set_path(session *s, const char *local, const char *peer, const char *interface);

/*
 * session-umd.c: the display has dialled. The process gets a duplicate of @rtsp, and takes the kernel's context over; if it is not
 * begun that is closed, now or on the way down.
 */
gboolean session_start_umd(session *s, GSocketConnection *rtsp, GError **error);

/* session-config.c: fields of "config" (channel.h), a{sv}, floating. */
GVariant *session_make_config(session *s, const char *local, const char *peer);

/* session-questions.c */

/* A question that is open is over, for the reason that the session ends with; the link does not ask again at once. */
void session_turn_away(session *s);
void session_set_wants_pin(session *s, gboolean wanted);
/* NULL: nothing is to be typed there any more. */
void session_set_shown_pin(session *s, const char *pin);
/* Nobody is to type one, here or there. */
void session_forget_pin(session *s);

G_END_DECLS
