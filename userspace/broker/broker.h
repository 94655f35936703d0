/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * broker.h - sinks, sessions and links together
 *
 * What miracastd is without its D-Bus interface: the same object serves
 * --no-bus, the tests and dbus-api.c.
 */
#pragma once

#include "kernel.h"
#include "link.h"
#include "session.h"

G_BEGIN_DECLS

typedef struct broker broker;

/**
 * struct broker_config - borrowed for the broker's life
 * @kernel: NULL with the test source; need not be open yet
 * @quirks_dir: the user's quirks (quirk-files.h); NULL: none
 * @state_dir: what is remembered of displays (remembered.h); NULL: nothing is kept
 * @launcher: of user-mode drivers
 * @defaults: a{sv}: options of sessions that do not say otherwise, or NULL
 * @rtsp_timeout: seconds, 0 = SESSION_RTSP_TIMEOUT
 * @negotiation_timeout: seconds, 0 = SESSION_NEGOTIATION_TIMEOUT
 * @consent_timeout: seconds, 0 = SESSION_CONSENT_TIMEOUT
 * @keep_ended: seconds that an ended session can still be asked why
 * @max_sessions: at once, further ones are refused; 0 = BROKER_MAX_SESSIONS.  Those that ask whether they may begin
 *	(session.h) do not count before they do: whoever calls cannot take the place of a cast
 */
struct broker_config {
	kernel *kernel;
	const char *quirks_dir;
	const char *state_dir;
	umd_launcher *launcher;
	GVariant *defaults;
	guint rtsp_timeout;
	guint negotiation_timeout;
	guint consent_timeout;
	guint keep_ended;
	guint max_sessions;
};

#define BROKER_MAX_SESSIONS 8
#define BROKER_KEEP_ENDED 60
/* Ended sessions that can be asked why; the oldest goes when there are more. */
#define BROKER_MAX_ENDED 16

/**
 * struct broker_events - for the D-Bus interface; all may be NULL
 * @session_removed: the last call for it, it is freed next
 * @settled: answer to broker_suspend(), also from inside of it
 * @stopped: answer to broker_stop(); nothing of us is left in the system
 */
struct broker_events {
	void (*sinks_changed)(broker *b, gpointer user_data);
	void (*scanning_changed)(broker *b, gpointer user_data);
	void (*remembered_changed)(broker *b, gpointer user_data);
	void (*session_added)(broker *b, session *s, gpointer user_data);
	void (*session_changed)(broker *b, session *s, enum session_change what,
				gpointer user_data);
	void (*session_removed)(broker *b, session *s, gpointer user_data);
	void (*settled)(broker *b, gpointer user_data);
	void (*stopped)(broker *b, gpointer user_data);
};

broker *broker_new(const struct broker_config *config);
void broker_free(broker *b);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(broker, broker_free)
/* One listener at most; events not set stay silent. */
void broker_set_events(broker *b, const struct broker_events *events, gpointer user_data);

/* To make backends with; pass the broker as their user_data. */
const struct link_events *broker_link_events(void);
/* The broker owns it from now on. */
void broker_add_link(broker *b, link_backend *backend);
/* By name; NULL if there is none. */
link_backend *broker_link(broker *b, const char *name);

/**
 * broker_scan - look for sinks
 * @seconds: 1 to BROKER_MAX_SCAN; a scan that runs is prolonged
 *
 * Fails with REASON_LINK_UNAVAILABLE if no link can look, _CONFIGURATION.
 */
gboolean broker_scan(broker *b, guint seconds, GError **error);
void broker_stop_scan(broker *b);
gboolean broker_scanning(broker *b);
/* Why the last scan found nothing, or NULL. */
const reason *broker_scan_problem(broker *b);
#define BROKER_MAX_SCAN 300

/* (element-type link_sink), borrowed; in no order */
GPtrArray *broker_sinks(broker *b);
/**
 * broker_better_way - another sink that is the same display, and the way to take
 *
 * A display can be reached over several links, as a sink of each.  They are known to be
 * one by the host name or an address that both say they have in the network that is
 * there; or else by their name, unless they say that they are two hosts.  Two sinks of
 * one link are two displays, and so are two of which not the same users are told
 * (link_sink.owner).  What is in sight and connectable is better than what is
 * not, and the network that is there better than one that has to be made.  Two displays
 * of one name can still be told apart by their ids.
 *
 * Returns: NULL if @sink itself is the way
 */
link_sink *broker_better_way(broker *b, link_sink *sink);
gboolean broker_same_display(link_sink *sink, link_sink *other);
/**
 * broker_find_sink - by id, or by name
 * @what: alias, id, or name, or the beginning of the alias or name of just one display, over
 *	any link; case is ignored.  A name means the best way to that display.  An alias means
 *	the display that people gave it to, and no other, also if that one is not in sight:
 *	what a display calls itself cannot take the place of one that they know
 * @viewer: who asks (owner.h): there is nothing for him but what he is told of
 *
 * Fails with REASON_SINK_UNKNOWN, saying which ones are meant if several are.
 */
link_sink *broker_find_sink(broker *b, const char *what, gint64 viewer, GError **error);

/**
 * broker_reach_sink - as broker_find_sink(), and if that has nothing, by address
 * @what: also an alias of one that is not in sight; the address or host name of a display in the network, with "mice:"
 *	before it if it has no dot
 * @viewer: also whose it is then, unless it is remembered as one that all see.  One that somebody casts to by this
 *	address is found for everybody who names it: there is one connection to it only
 *
 * Returns: (transfer full).  Fails as broker_find_sink() does, and with
 * REASON_HOST_UNKNOWN.
 */
link_sink *broker_reach_sink(broker *b, const char *what, gint64 viewer, GError **error);

/* What is remembered of displays; borrowed. */
remembered *broker_remembered(broker *b);
/* What people who are told of it call it, its own or that of the same display on another link; NULL: nothing. */
const char *broker_alias(broker *b, link_sink *sink);

/**
 * broker_know_sink - as broker_find_sink(), and if that has nothing, as it is remembered
 *
 * Returns: (transfer full).  Fails with REASON_SINK_UNKNOWN.
 */
link_sink *broker_know_sink(broker *b, const char *what, gint64 viewer, GError **error);

/**
 * broker_set_alias - give a display that is found or remembered an alias
 * @alias: "" takes it away
 *
 * Fails with REASON_SINK_UNKNOWN, _CONFIGURATION.
 */
gboolean broker_set_alias(broker *b, const char *what, gint64 viewer, const char *alias, GError **error);

/**
 * broker_forget - whatever @viewer is told of a display, on each link
 *
 * One that is in sight is found again, as one that is new.  Fails with
 * REASON_SINK_UNKNOWN, and with _SINK_BUSY while it is cast to.
 */
gboolean broker_forget(broker *b, const char *what, gint64 viewer, GError **error);

/**
 * broker_connect - new session
 * @options: a{sv}, checked with options_check(); a floating one is consumed
 *
 * Over the network that is there, Wi-Fi P2P is what the session turns to if the display
 * is in sight there as well (session.h); but if it has an alias, only if what is in sight
 * there was cast to before, since that they are one display is only what they say.
 *
 * A session that waits to come back to this display ends with it (stay.h); it counts among
 * those that there may be.
 *
 * Fails with REASON_SINK_BUSY, _SINK_UNAVAILABLE, _CONFIGURATION,
 * _NO_FREE_CONNECTOR, _SUSPENDED; everything later ends the session with its reason.
 */
session *broker_connect(broker *b, link_sink *sink, GVariant *options, GError **error);

/* Would broker_connect() try? Fails as it does. */
gboolean broker_check_connect(broker *b, link_sink *sink, GVariant *options, GError **error);

/**
 * broker_check_security - is there what the options want of security?
 * @link: name of the backend
 * @options: checked with options_check()
 *
 * A wish for PIN or encryption must not come to nothing without a word.  Fails with
 * REASON_CONFIGURATION where there is neither.
 */
gboolean broker_check_security(const char *link, GVariant *options, GError **error);

/* (element-type session), borrowed; ended ones for a while, too */
GPtrArray *broker_sessions(broker *b);
/* Sessions that have not ended. */
guint broker_active_sessions(broker *b);
/* Of those the ones with a connector, or on the way to one: not who only asks whether he may. */
guint broker_running_sessions(broker *b);

/**
 * broker_suspend - the machine is going to sleep
 *
 * Ends all sessions, "suspended", as displays expect it; those that are to stay wait.  New ones
 * are refused with that reason until broker_resume().  Once: settled, when each session is down.
 */
void broker_suspend(broker *b);
/* It is awake again, also if not everything has settled; what waits comes back. */
void broker_resume(broker *b);

/* End all sessions, then take all links down; stopped follows. */
void broker_stop(broker *b, reason *why);

G_END_DECLS
