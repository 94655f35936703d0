/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * stay.h - whether a session comes back, and when
 *
 * Somebody may want a display to stay (option "stay").  Then a session that was lost is
 * tried again: since the display was switched off, the link broke, the display ended it, or
 * the machine slept.  What is wanted is @wanted, from the option until the user says
 * disconnect, or it is given up; what has been reached is the session's state (session.h), which waits in
 * "waiting" for the next try.  All here is arithmetic with times that are given
 * (CLOCK_MONOTONIC, which stands still while the machine sleeps); the session has the timer.
 *
 * A session comes back if
 *	- it has streamed before; the first time the user is there, and is told why not.  One
 *	  that was ended by the machine's sleep comes back also if it was on its way
 *	- the reason is of those that may be gone the next time (stay_may_pass()).  A display
 *	  whose user says no, one that wants a PIN, what is missing or wrong on this machine
 *	  ends it for good; but not adapters that cannot do P2P: after waking up the one
 *	  that can may not be back yet
 *	- the next try would begin within STAY_SECONDS since it was lost, or since the machine
 *	  woke up
 *
 * Waits grow from STAY_FIRST_SECONDS, twice as long each time, up to STAY_MOST_SECONDS.  They
 * and STAY_SECONDS begin anew after a loss of a stream that had gone on for
 * STAY_SETTLED_SECONDS: a display that takes the stream and drops it at once is not asked for
 * ever.
 *
 * While the machine sleeps there is no next try (@asleep); waking up makes the first wait
 * begin: networks need a moment.
 */
#pragma once

#include "reason.h"

G_BEGIN_DECLS

#define STAY_FIRST_SECONDS 2
#define STAY_MOST_SECONDS 60
#define STAY_SECONDS 600
#define STAY_SETTLED_SECONDS 30

/**
 * struct stay - of a session; zeroed is "nobody wants it to"
 * @wanted: it shall come back
 * @asleep: the machine sleeps, or is about to
 * @streamed: it has been there once
 * @streams_since_us: 0: it does not stream
 * @lost_us: when it was lost, or the machine woke up after that; 0: it is not
 * @next_us: when it is tried again, 0: it does not wait, or not before the machine wakes up
 * @tries: since @lost_us
 * @cause: why the last try, or the stream, has ended; NULL: none has
 */
struct stay {
	gboolean wanted;
	gboolean asleep;
	gboolean streamed;
	gint64 streams_since_us;
	gint64 lost_us;
	gint64 next_us;
	guint tries;
	reason *cause;
};

void stay_init(struct stay *stay, GVariant *options);
void stay_clear(struct stay *stay);

/* May it be another one the next time? */
gboolean stay_may_pass(const reason *why);

/* Somebody ends it on purpose: then it is not wanted any more. */
void stay_heed(struct stay *stay, const reason *why);
/* Pictures flow. */
void stay_streams(struct stay *stay, gint64 now_us);
/**
 * stay_lose - it has ended
 * @why: if it comes back, kept as @cause (transfer full), else left alone, but for what is
 *	said of the tries in its message
 *
 * Returns: TRUE: it is to wait; for stay_wait_ms()
 */
gboolean stay_lose(struct stay *stay, reason *why, gint64 now_us);
/* Until the next try; -1: not before the machine wakes up. */
gint64 stay_wait_ms(const struct stay *stay, gint64 now_us);
/* It is being tried. */
void stay_try(struct stay *stay);
void stay_sleep(struct stay *stay);
void stay_wake(struct stay *stay, gint64 now_us);

/* What it waits for, for people; free it. */
char *stay_describe(const struct stay *stay, gint64 now_us);
/**
 * stay_to_variant - a{sv} for the bus, floating; empty if nobody has asked for it
 *
 * wanted (b: FALSE: it does not come back any more); and while it is lost: cause, message (s), tries (u), asleep (b), next-try (x, if
 * it waits for a time), until (x: later than that it is not tried)
 */
GVariant *stay_to_variant(const struct stay *stay, GVariant *options);

G_END_DECLS
