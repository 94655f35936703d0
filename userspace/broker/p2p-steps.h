/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * p2p-steps.h - the states of a P2P connection, and what leads from one to the other
 *
 * What happens in a state, and how long it may take, is p2p-connection.h's.  What is
 * not in the table is ignored:
 *
 *			begin	ready	sighted	lost	paired	negotiated again	group	address	fail	disconnect
 *	beginning	prepar.	-	-	-	-	-	-	-	-	failed	closing
 *	preparing	-	search.	-	-	-	-	-	-	-	failed	closing
 *	searching	-	-	pairing	-	-	forming	-	addr.	-	failed	closing
 *	pairing		-	-	-	search.	negot.	-	-	-	-	failed	closing
 *	inviting	-	-	-	-	-	forming	retry.	addr.	-	failed	closing
 *	negotiating	-	-	-	search.	-	forming	retry.	addr.	-	failed	closing
 *	retrying	-	-	pairing	search.	-	forming	-	addr.	-	failed	closing
 *	forming		-	-	-	-	-	-	retry.	addr.	-	failed	closing
 *	addressing	-	-	-	-	-	-	-	-	up	failed	closing
 *	up		-	-	-	-	-	-	-	-	-	failed	closing
 *	failed		-	-	-	-	-	-	-	-	-	-	closing
 *
 * and pairing -> inviting, when the display is known (P2P_EVENT_KNOWN); and
 * closing-net -> closing-group -> closed, each when what it waits for has come
 * or its limit is reached.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* P(id, name), in the order in which they are gone through */
#define P2P_STEPS(P) \
	P(BEGINNING, "beginning") \
	P(PREPARING, "preparing") \
	P(SEARCHING, "searching") \
	P(PAIRING, "pairing") \
	P(INVITING, "inviting") \
	P(NEGOTIATING, "negotiating") \
	P(RETRYING, "retrying") \
	P(FORMING, "forming") \
	P(ADDRESSING, "addressing") \
	P(UP, "up") \
	P(FAILED, "failed") \
	P(CLOSING_NET, "closing-net") \
	P(CLOSING_GROUP, "closing-group") \
	P(CLOSED, "closed")

enum p2p_step {
#define P(id, name) P2P_##id,
	P2P_STEPS(P)
#undef P
	P2P_N_STEPS,
};

/**
 * enum p2p_event - what moves it on
 * @P2P_EVENT_SIGHTED: in sight, or time to ask again
 * @P2P_EVENT_KNOWN: there is a group that both know
 * @P2P_EVENT_PAIRED: what Connect needs is known
 * @P2P_EVENT_NEGOTIATED: the display has agreed, be it to an invitation
 */
enum p2p_event {
	P2P_EVENT_BEGIN,
	P2P_EVENT_READY,
	P2P_EVENT_SIGHTED,
	P2P_EVENT_LOST,
	P2P_EVENT_KNOWN,
	P2P_EVENT_PAIRED,
	P2P_EVENT_NEGOTIATED,
	P2P_EVENT_AGAIN,
	P2P_EVENT_GROUP,
	P2P_EVENT_ADDRESS,
	P2P_EVENT_FAIL,
	P2P_EVENT_DISCONNECT,
	P2P_EVENT_NET_CLOSED,
	P2P_EVENT_GROUP_CLOSED,
	P2P_N_EVENTS,
};

const char *p2p_step_name(enum p2p_step step);
/* FALSE if the event means nothing in that state. @next may be NULL. */
gboolean p2p_step_next(enum p2p_step step, enum p2p_event event, enum p2p_step *next);

G_END_DECLS
