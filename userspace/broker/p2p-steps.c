// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The table of p2p-steps.h.
 */
#include "p2p-steps.h"

/* One more than the state, so that 0 is "ignored". */
#define TO(step) (P2P_##step + 1)

static const guint8 transitions[P2P_N_STEPS][P2P_N_EVENTS] = {
	[P2P_BEGINNING] = {
		[P2P_EVENT_BEGIN] = TO(PREPARING),
		[P2P_EVENT_FAIL] = TO(FAILED),
		[P2P_EVENT_DISCONNECT] = TO(CLOSING_NET),
	},
	[P2P_PREPARING] = {
		[P2P_EVENT_READY] = TO(SEARCHING),
		[P2P_EVENT_FAIL] = TO(FAILED),
		[P2P_EVENT_DISCONNECT] = TO(CLOSING_NET),
	},
	[P2P_SEARCHING] = {
		[P2P_EVENT_SIGHTED] = TO(PAIRING),
		[P2P_EVENT_NEGOTIATED] = TO(FORMING),
		[P2P_EVENT_GROUP] = TO(ADDRESSING),
		[P2P_EVENT_FAIL] = TO(FAILED),
		[P2P_EVENT_DISCONNECT] = TO(CLOSING_NET),
	},
	[P2P_PAIRING] = {
		[P2P_EVENT_LOST] = TO(SEARCHING),
		[P2P_EVENT_PAIRED] = TO(NEGOTIATING),
		[P2P_EVENT_FAIL] = TO(FAILED),
		[P2P_EVENT_DISCONNECT] = TO(CLOSING_NET),
	},
	[P2P_NEGOTIATING] = {
		[P2P_EVENT_LOST] = TO(SEARCHING),
		[P2P_EVENT_NEGOTIATED] = TO(FORMING),
		[P2P_EVENT_AGAIN] = TO(RETRYING),
		[P2P_EVENT_GROUP] = TO(ADDRESSING),
		[P2P_EVENT_FAIL] = TO(FAILED),
		[P2P_EVENT_DISCONNECT] = TO(CLOSING_NET),
	},
	[P2P_RETRYING] = {
		[P2P_EVENT_SIGHTED] = TO(PAIRING),
		[P2P_EVENT_LOST] = TO(SEARCHING),
		[P2P_EVENT_NEGOTIATED] = TO(FORMING),
		[P2P_EVENT_GROUP] = TO(ADDRESSING),
		[P2P_EVENT_FAIL] = TO(FAILED),
		[P2P_EVENT_DISCONNECT] = TO(CLOSING_NET),
	},
	[P2P_FORMING] = {
		[P2P_EVENT_AGAIN] = TO(RETRYING),
		[P2P_EVENT_GROUP] = TO(ADDRESSING),
		[P2P_EVENT_FAIL] = TO(FAILED),
		[P2P_EVENT_DISCONNECT] = TO(CLOSING_NET),
	},
	[P2P_ADDRESSING] = {
		[P2P_EVENT_ADDRESS] = TO(UP),
		[P2P_EVENT_FAIL] = TO(FAILED),
		[P2P_EVENT_DISCONNECT] = TO(CLOSING_NET),
	},
	[P2P_UP] = {
		[P2P_EVENT_FAIL] = TO(FAILED),
		[P2P_EVENT_DISCONNECT] = TO(CLOSING_NET),
	},
	[P2P_FAILED] = {
		[P2P_EVENT_DISCONNECT] = TO(CLOSING_NET),
	},
	[P2P_CLOSING_NET] = {
		[P2P_EVENT_NET_CLOSED] = TO(CLOSING_GROUP),
	},
	[P2P_CLOSING_GROUP] = {
		[P2P_EVENT_GROUP_CLOSED] = TO(CLOSED),
	},
};

const char *p2p_step_name(enum p2p_step step)
{
	static const char *const names[] = {
#define P(id, name) [P2P_##id] = name,
		P2P_STEPS(P)
#undef P
	};

	return names[step];
}

gboolean p2p_step_next(enum p2p_step step, enum p2p_event event, enum p2p_step *next)
{
	guint8 to = transitions[step][event];

	if (to && next)
		*next = to - 1;
	return to != 0;
}
