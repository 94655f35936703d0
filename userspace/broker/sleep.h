/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * sleep.h - the machine goes to sleep, and wakes up (logind)
 *
 * A display that is not told sees its picture stand still until its own timers end the
 * session; and what a suspended machine wakes up with is a session that the other side
 * has given up, which takes a minute to find out.  So logind is asked to wait for us: a
 * "delay" inhibitor for "sleep" is a file descriptor that is held as long as there is
 * something to do first, and closed when it is done.
 *
 *	state	    meaning					limit
 *	absent	    no bus, or no logind there			-: it may come
 *	asking	    Inhibit was called				SLEEP_ASK_MS, then awake
 *								without an inhibitor
 *	awake	    with the inhibitor, or it was refused	-
 *	settling    PrepareForSleep(true) has come: the owner	SLEEP_SETTLE_SECONDS
 *		    takes down what he has, and says
 *		    sleep_watch_settled()
 *	asleep	    the inhibitor was let go of			SLEEP_ASLEEP_SECONDS of
 *								time awake
 *
 *		    PrepareForSleep(true)   settled(), limit   PrepareForSleep(false)	logind goes
 *	asking	    settling		    awake (limit)      -			absent
 *	awake	    settling		    -		       -			absent
 *	settling    -			    asleep	       asking: resumed		absent: resumed
 *	asleep	    -			    asking: resumed    asking: resumed		absent: resumed
 *				(limit)
 *
 * logind waits for InhibitDelayMaxSec, 5 s by default, of all who have asked it to;
 * ours is less.  It says that the machine is awake also if it could not sleep.  One that
 * has not said so after SLEEP_ASLEEP_SECONDS awake is not waited for: those are counted by
 * CLOCK_MONOTONIC, which stands still in between.
 *
 * Where there is no logind, or it refuses the inhibitor, that is said once, and nothing
 * else is different: without the inhibitor what can be done before the machine sleeps is
 * done.  logind gives delay inhibitors to everybody (polkit action
 * org.freedesktop.login1.inhibit-delay-sleep), and to root without asking polkit.
 *
 * Signals are taken from the owner of logind's name alone; the system bus lets root have
 * it, and nobody else.  The descriptor is ours, and closed in each state but awake and
 * settling.  All runs in the main context and nothing waits.
 *
 * [org.freedesktop.login1(5), "Inhibitor locks": systemd.io/INHIBITOR_LOCKS]
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define SLEEP_ASK_MS 5000
#define SLEEP_SETTLE_SECONDS 3
#define SLEEP_ASLEEP_SECONDS 120

typedef struct sleep_watch sleep_watch;

/**
 * struct sleep_watch_funcs - what the owner hears, one after the other in turns
 * @suspend: the machine wants to sleep; say sleep_watch_settled(), also from inside of it
 * @resume: it is awake again, or has not slept
 */
struct sleep_watch_funcs {
	void (*suspend)(sleep_watch *w, gpointer user_data);
	void (*resume)(sleep_watch *w, gpointer user_data);
};

/* @bus: where logind is; NULL: the system bus, which need not be there. Does not wait. */
sleep_watch *sleep_watch_new(GDBusConnection *bus, const struct sleep_watch_funcs *funcs,
			     gpointer user_data);
/* Nothing is left to be done before the machine sleeps; at another time it means nothing. */
void sleep_watch_settled(sleep_watch *w);
/* Lets go of the inhibitor. */
void sleep_watch_free(sleep_watch *w);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(sleep_watch, sleep_watch_free)

G_END_DECLS
