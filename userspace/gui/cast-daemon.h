/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cast-daemon.h - miracastd, as the window sees it: a list of displays that keeps itself up to date
 *
 * All calls are asynchronous and all signals come in the main thread; nothing here waits.  The daemon is started by each
 * cast_daemon_scan() that does not find it: it ends by itself when it has nothing to do.
 *
 * States of the daemon:
 *
 *	AWAY		it was not asked for yet, or has ended; the next scan starts it
 *	STARTING	the bus was asked to start it; START_SECONDS at most
 *	THERE		it answers
 *	FAILED		it cannot be reached, or may not be used; message and hint say more.  The next scan tries again
 *
 * Displays are those that were found, and those that are remembered: out of sight, but their users know that they are
 * there.  Of one with two ways only the one to take is shown.
 *
 * A session belongs to the display with its SinkId, or to the one of which that is another way; one of a display that
 * the daemon does not list gets a row of its own.  Sessions that others have begun, such as miracastctl, are shown as
 * well.  A session that has ended before it was seen here is passed over.
 */
#pragma once

#include "cast-display.h"

G_BEGIN_DECLS

enum cast_daemon_state {
	CAST_DAEMON_AWAY,
	CAST_DAEMON_STARTING,
	CAST_DAEMON_THERE,
	CAST_DAEMON_FAILED,
};

#define CAST_TYPE_DAEMON (cast_daemon_get_type())
G_DECLARE_FINAL_TYPE(CastDaemon, cast_daemon, CAST, DAEMON, GObject)

/*
 * Signals:
 *	"changed"	state, problem, or whether it looks for displays
 *	"moved" (CastDisplay *display, int before)	the state of a display is another one: before, enum cast_state
 */
CastDaemon *cast_daemon_new(GBusType bus);

/* NULL: there is none of this id */
CastDisplay *cast_daemon_find(CastDaemon *daemon, const char *id);
/* Of CastDisplay, those in sight first, by name; it lives as long as the daemon. */
GListModel *cast_daemon_displays(CastDaemon *daemon);
enum cast_daemon_state cast_daemon_state(CastDaemon *daemon);
/* FAILED: why, and what to do next; THERE: why it could not look for displays; else "" and NO_HINT */
const char *cast_daemon_message(CastDaemon *daemon);
struct hint cast_daemon_hint(CastDaemon *daemon);
gboolean cast_daemon_is_scanning(CastDaemon *daemon);
/* A moving picture is cast instead of a monitor. */
gboolean cast_daemon_is_test(CastDaemon *daemon);

/* Look for displays; one that is under way is prolonged. */
void cast_daemon_scan(CastDaemon *daemon);
/* @options: a{sv} of Connect; a floating reference is consumed. Nothing if the display is busy. */
void cast_daemon_connect(CastDaemon *daemon, CastDisplay *display, GVariant *options);
void cast_daemon_disconnect(CastDaemon *daemon, CastDisplay *display);
/* The no is cast_daemon_disconnect(). */
void cast_daemon_accept(CastDaemon *daemon, CastDisplay *display);
/* What is wrong with it is in cast_display_answer_problem(), and so is what was wrong with the yes. */
void cast_daemon_enter_pin(CastDaemon *daemon, CastDisplay *display, const char *pin);

/* ---- for cast-keep.c ------------------------------------------------------------ */

/* NULL unless THERE */
Miracast1Manager *cast_daemon_manager(CastDaemon *daemon);
/* Of all calls: the daemon's user has gone. */
GCancellable *cast_daemon_cancellable(CastDaemon *daemon);

G_END_DECLS
