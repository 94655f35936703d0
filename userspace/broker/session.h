/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * session.h - one attempt to use one sink, from "connect" to its end
 *
 * A session joins a link connection (link.h) and a UMD process (umd-process.h)
 * and owns the kernel context until the UMD has it.
 *
 *	found -> linking -> rtsp -> negotiating -> streaming -> ending -> gone
 *	   +---> asking --^
 *
 *	found		known, nothing has been done
 *	asking		a display that nobody has named has called, and somebody has to say yes first
 *	linking		the network path is coming up
 *	rtsp		it is up, the sink has to dial our RTSP port
 *	negotiating	it has dialled, a UMD speaks with it
 *	streaming	pictures flow
 *	ending		UMD and link are being taken down
 *	waiting		they are down, and it comes back by itself (stay.h): to "linking" again
 *	gone		nothing is left; the object only tells why
 *
 * Every way out of the row leads to "ending" with a reason; the first one counts.  From
 * "ending" a session that is to stay goes to "waiting" and back to "linking"; nothing of
 * the attempt before is kept but its reason, so its memory does not grow.
 *
 * Each state has a limit, one timer that is armed when it is entered:
 *
 *	asking		consent_timeout of struct session_env
 *	linking		SESSION_LINKING_SECONDS: the sum of the link's own limits
 *	rtsp		rtsp_timeout of struct session_env
 *	negotiating	negotiation_timeout: each message has its own limit in the
 *			UMD, this one is for a UMD that hangs
 *	waiting		stay.h has the waits; none while the machine sleeps, which sleep.h
 *			has a limit for
 *	streaming	none: the UMD's "stats" are awaited (umd-process.h)
 *	ending		SESSION_ENDING_SECONDS: UMD and link have their own limits
 *			within it; what is not down then is let go of
 *
 * "found" is left in the same breath, "gone" is over.
 *
 * While it is "asking" there is nothing but its entry: the link holds the call, from which nothing is read and to which
 * nothing is sent, there is no UMD, no kernel context and so no connector.  session_accept() is the yes, session_end()
 * the no.  A display may lose patience meanwhile, hang up, and call again: the link keeps the newest call.  If none is
 * alive at the yes, the next one is waited for, SESSION_REDIAL_SECONDS in "rtsp", and the session ends as one whose
 * display has vanished.
 *
 * A display that can be reached in two ways is given up only when both have failed: if
 * the first one, over the network that is there, is no way, or leads to nobody who takes
 * it, the session takes it down and goes back to "linking" with the sink that is the
 * same display over Wi-Fi P2P, once; if that is in sight at that moment, also when the session
 * comes back (stay.h): it would stay on that way, and nobody looks there for what may be back
 * in the network first.  The limits are those of the link, which has them
 * of Windows: 1.5 s for the host name, 5 s for the control channel ([MS-MICE] 3.2.2).
 * What people decide (rejected, sink-left) is no such failure, nor is anything after the
 * display's first call.  The option "other-ways" ("no") forbids it.  A wish for PIN or
 * encryption ("security") goes along: over Wi-Fi P2P everything is encrypted, and a PIN is
 * asked for there as well, or it fails.
 *
 * A sink that hangs up before it has answered anything may not have been able to
 * wait for our first word, and dial again (rtsp-listener.h): the session goes
 * back from "negotiating" to "rtsp", for SESSION_REDIAL_SECONDS, and begins with
 * another UMD and another kernel context.  If no call comes, or after
 * SESSION_MAX_CALLS, it ends with what the first UMD has said.
 */
#pragma once

#include "kernel.h"
#include "link.h"
#include "reason.h"
#include "remembered.h"
#include "umd-launcher.h"

G_BEGIN_DECLS

/* S(id, name) */
#define SESSION_STATES(S) \
	S(FOUND, "found") \
	S(ASKING, "asking") \
	S(LINKING, "linking") \
	S(RTSP, "rtsp") \
	S(NEGOTIATING, "negotiating") \
	S(STREAMING, "streaming") \
	S(ENDING, "ending") \
	S(WAITING, "waiting") \
	S(GONE, "gone")

enum session_state {
#define S(id, name) SESSION_##id,
	SESSION_STATES(S)
#undef S
	N_SESSION_STATES,
};

/**
 * enum session_event - what moves it on
 * @SESSION_EVENT_CONNECT: begin
 * @SESSION_EVENT_ASK: begin with a question
 * @SESSION_EVENT_ACCEPTED: the answer is yes
 * @SESSION_EVENT_LINK_UP: there is a network path
 * @SESSION_EVENT_OTHER_WAY: the path did not come about, there is another one
 * @SESSION_EVENT_DIALLED: the sink's RTSP connection is there
 * @SESSION_EVENT_HUNG_UP: the sink has hung up before it has answered anything
 * @SESSION_EVENT_STREAMING: the UMD sends
 * @SESSION_EVENT_END: somebody or something ends it
 * @SESSION_EVENT_WAIT: UMD and link are gone, and it is to come back
 * @SESSION_EVENT_AGAIN: it is time to
 * @SESSION_EVENT_ENDED: UMD and link are gone
 */
enum session_event {
	SESSION_EVENT_CONNECT,
	SESSION_EVENT_ASK,
	SESSION_EVENT_ACCEPTED,
	SESSION_EVENT_LINK_UP,
	SESSION_EVENT_OTHER_WAY,
	SESSION_EVENT_DIALLED,
	SESSION_EVENT_HUNG_UP,
	SESSION_EVENT_STREAMING,
	SESSION_EVENT_END,
	SESSION_EVENT_WAIT,
	SESSION_EVENT_AGAIN,
	SESSION_EVENT_ENDED,
	N_SESSION_EVENTS,
};

const char *session_state_name(enum session_state state);
/* The state machine: FALSE if the event means nothing in that state. */
gboolean session_next_state(enum session_state state, enum session_event event,
			    enum session_state *next);

typedef struct session session;

/* What has changed; a mask. */
enum session_change {
	SESSION_CHANGED_STATE = 1 << 0,
	SESSION_CHANGED_PHASES = 1 << 1,
	SESSION_CHANGED_SINK = 1 << 2,
	SESSION_CHANGED_MODE = 1 << 3,
	SESSION_CHANGED_STATS = 1 << 4,
	SESSION_CHANGED_WAY = 1 << 5,
	SESSION_CHANGED_PIN = 1 << 6,
	SESSION_CHANGED_STAY = 1 << 7,
};

typedef void session_changed(session *s, enum session_change what, gpointer user_data);

/**
 * struct session_phase - how far it came, and when
 * @name: machine name: of a state, a phase of the link, or of CHANNEL_PHASES
 * @time_us: CLOCK_MONOTONIC
 * @text: for people
 */
struct session_phase {
	char *name;
	gint64 time_us;
	char *text;
};

/**
 * struct session_env - what sessions use of the broker
 * @kernel: NULL with the test source
 * @quirks_dir: see quirk-files.h; may be NULL
 * @launcher: of user-mode drivers
 * @rtsp_timeout: seconds that a sink has for dialling (WFD v2.1, 6.5: 90)
 * @remembered: what was learnt of sinks before; sessions add to it
 * @negotiation_timeout: seconds from its call to the stream
 * @consent_timeout: seconds that people have to say whether a display that has called may have the screen
 * @make_room: for one more session that does not ask; who waits to come back to @sink gives up its place. Fails with
 *	why there is none
 * @other_way: the sink by which the display of @sink can be reached as well, borrowed,
 *	and its backend; NULL if there is none. May be NULL
 * @again: (transfer full): what is known of @sink now, or it itself, and its backend: the
 *	session is going to try it again. NULL: none comes back
 * @user_data: for @make_room, @other_way and @again
 */
struct session_env {
	kernel *kernel;
	const char *quirks_dir;
	umd_launcher *launcher;
	guint rtsp_timeout;
	remembered *remembered;
	guint negotiation_timeout;
	guint consent_timeout;
	gboolean (*make_room)(link_sink *sink, gpointer user_data, GError **error);
	link_sink *(*other_way)(link_sink *sink, link_backend **backend, gpointer user_data);
	link_sink *(*again)(link_sink *sink, link_backend **backend, gpointer user_data);
	gpointer user_data;
};

#define SESSION_RTSP_TIMEOUT 90
/* M1 to M7 with a sink that uses the time it has for each, and a slow start. */
#define SESSION_NEGOTIATION_TIMEOUT 90
/* To read it, and to get up and look which display it is. */
#define SESSION_CONSENT_TIMEOUT 60
/*
 * The longest one, over Wi-Fi P2P (p2p-connection.h): 47 s for the P2P device; then, with a PIN
 * twice, a display that is searched (30 s), half a minute until it shows one, two minutes for who
 * types it, a display that is searched again after that (30 s), two minutes each for its own user
 * and for WPS; a second between the two; a minute for addresses.
 */
#define SESSION_LINKING_SECONDS (47 + 2 * (30 + 30 + 120 + 30 + 120 + 120) + 1 + 60)
/* UMD: 3 + 1, IP: 3, group: 3 */
#define SESSION_ENDING_SECONDS 11
/* Sinks that dial again do so within some seconds, and about five times. */
#define SESSION_REDIAL_SECONDS 10
#define SESSION_MAX_CALLS 8

/**
 * session_new - a session in state "found"
 * @id: unique
 * @env: borrowed, outlives the session
 * @options: a{sv} that options_check() has accepted, kept
 * @changed: called for each change, not from inside of session_new()
 */
session *session_new(guint id, link_sink *sink, const struct session_env *env, GVariant *options,
		     session_changed *changed, gpointer user_data);
/* Only in state "gone", or when the broker has given up. */
void session_free(session *s);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(session, session_free)

/* Reserve a connector and bring the link up. A failure ends the session. */
void session_connect(session *s, link_backend *backend);
/* Instead of that: hold the call of @backend's sink until somebody says yes. */
void session_ask(session *s, link_backend *backend);
/* It waits for session_accept(). */
gboolean session_wants_consent(session *s);
/* Its link was begun with, whatever came of it; not one that only asked whether it may be. */
gboolean session_was_let_in(session *s);
/**
 * session_accept - the display that has called may have the screen
 *
 * From now on as with session_connect().  Fails with REASON_CONSENT_NOT_WANTED, and with what make_room() of struct
 * session_env says, after which it can be said again.
 */
gboolean session_accept(session *s, GError **error);
/* Its display has hung up while people were asked, and has not called again: it ends with "sink-vanished". */
void session_caller_left(session *s);
/*
 * End it; @why is taken. In "ending" and "gone" nothing happens, but that it does not come
 * back if that was on purpose.
 */
void session_end(session *s, reason *why);
/* The machine is going to sleep: end it, "suspended"; what waits goes on with that. */
void session_suspend(session *s);
/* It is awake. */
void session_resume(session *s);
/* The display shows a PIN and waits for it. */
gboolean session_wants_pin(session *s);
/* What is to be typed at the display; NULL: nothing. */
const char *session_shown_pin(session *s);
/**
 * session_enter_pin - the PIN that the display shows
 * @pin: as typed: digits, and blanks and dashes between them
 *
 * Whether it was right shows in what follows: wanted again, or not.  Fails with
 * REASON_PIN_NOT_WANTED, _CONFIGURATION.
 */
gboolean session_enter_pin(session *s, const char *pin, GError **error);
#define SESSION_PIN_MIN 4
#define SESSION_PIN_MAX 16
/* Send a key frame; FALSE if it is not streaming. */
gboolean session_request_idr(session *s);

guint session_id(session *s);
enum session_state session_state(session *s);
/* Another one after SESSION_EVENT_OTHER_WAY. */
link_sink *session_sink(session *s);
/* Of the connector of its monitor (place.h); NULL: there is none, or it has no name. */
const char *session_place(session *s);
/* Nothing of it is in the system: "waiting" or "gone". */
gboolean session_is_down(session *s);
/* Of "ending", "gone" and "waiting"; else NULL. */
const reason *session_reason(session *s);
/* (element-type struct session_phase), borrowed */
GPtrArray *session_phases(session *s);
/* a{sv} as the UMD said last (channel.h: sink, mode, stats; stats with what the link says, wifi-link.h); never NULL */
GVariant *session_sink_info(session *s);
GVariant *session_mode(session *s);
GVariant *session_stats(session *s);
/* a{sv}, floating: stay_to_variant() */
GVariant *session_stay(session *s);
/* Interface, local address and peer as far as known: a{sv} */
GVariant *session_path(session *s);

G_END_DECLS
