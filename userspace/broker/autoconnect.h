/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * autoconnect.h - displays that are cast to whenever they are in sight
 *
 * What is wanted is kept with the display (remembered_set_autoconnect()), by the id of each way that was known when it
 * was said.  What has been reached is the session's (session.h), which is asked to stay (stay.h).  Here is only what
 * lies between: when one is begun.
 *
 * For each such id:
 *
 *	away	not in sight, or what is in its way is not gone
 *	  | comes in sight, and AUTOCONNECT_AGAIN_SECONDS since the last try are over
 *	  v
 *	tried	a session was begun, once, whatever came of it, by us or by anybody
 *	  | goes out of sight: away			| its session is ended by a user
 *	  v						v
 *						held	until somebody connects to it by hand, it is said anew that it
 *							is wanted, or the daemon ends
 *
 * So a display that says no is not asked again as long as it stands there, and a user who has ended a cast is not
 * contradicted.  Waking up is coming in sight.
 *
 * Displays have to be looked for.  As long as one is wanted the daemon does not end by itself, and looks for
 * AUTOCONNECT_LOOK_SECONDS each AUTOCONNECT_EVERY_SECONDS; but not while anything is cast, which the search would
 * disturb, nor while the machine sleeps.  As long as it cannot look, twice as rarely each time, up to
 * AUTOCONNECT_MOST_SECONDS.
 *
 * What is begun is for all, and so what is wanted is never of one user's display (remembered_set_autoconnect()).
 *
 * An id is as certain as it is for aliases (remembered.h): nobody else has it who does not pretend to.
 *
 * Threads: all functions are for the main one.  Sessions are begun from the main loop, never from inside of a call.
 */
#pragma once

#include "broker.h"
#include "kernel-module.h"

G_BEGIN_DECLS

#define AUTOCONNECT_LOOK_SECONDS 10
#define AUTOCONNECT_EVERY_SECONDS 120
#define AUTOCONNECT_MOST_SECONDS 1800
#define AUTOCONNECT_AGAIN_SECONDS 60

typedef struct autoconnect autoconnect;

/**
 * struct autoconnect_config - read by autoconnect_new() only
 * @broker: borrowed, outlives it
 * @module: borrowed: loaded before a session is begun; NULL with the test source
 * @every_ms, @again_ms: 0: those above
 */
struct autoconnect_config {
	broker *broker;
	kernel_module *module;
	guint every_ms;
	guint again_ms;
};

/* Looks at once if one is wanted. */
autoconnect *autoconnect_new(const struct autoconnect_config *config);
/* Only when @module calls nobody any more. */
void autoconnect_free(autoconnect *a);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(autoconnect, autoconnect_free)

/* One at least is wanted. */
gboolean autoconnect_is_wanted(autoconnect *a);

/* To be called for the broker's events sinks_changed and remembered_changed, ... */
void autoconnect_displays_changed(autoconnect *a);
/* ... scanning_changed ... */
void autoconnect_scanning_changed(autoconnect *a);
/* ... and session_changed. */
void autoconnect_session_changed(autoconnect *a, session *s, enum session_change what);
/* The machine sleeps, or the daemon is ending: nothing is begun. FALSE: it is awake. */
void autoconnect_rest(autoconnect *a, gboolean resting);

G_END_DECLS
