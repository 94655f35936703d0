// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The states of a session, and what leads from one to the other: see session.h.
 */
#include "session.h"

static const char *const state_names[] = {
#define S(id, name) [SESSION_##id] = name,
	SESSION_STATES(S)
#undef S
};

/* One more than the state, so that 0 is "means nothing here". */
#define TO(state) (SESSION_##state + 1)

static const guint8 transitions[N_SESSION_STATES][N_SESSION_EVENTS] = {
	[SESSION_FOUND] = {
		[SESSION_EVENT_CONNECT] = TO(LINKING),
		[SESSION_EVENT_ASK] = TO(ASKING),
		[SESSION_EVENT_END] = TO(ENDING),
	},
	[SESSION_ASKING] = {
		[SESSION_EVENT_ACCEPTED] = TO(LINKING),
		[SESSION_EVENT_END] = TO(ENDING),
	},
	[SESSION_LINKING] = {
		[SESSION_EVENT_LINK_UP] = TO(RTSP),
		[SESSION_EVENT_OTHER_WAY] = TO(LINKING),
		[SESSION_EVENT_END] = TO(ENDING),
	},
	[SESSION_RTSP] = {
		[SESSION_EVENT_OTHER_WAY] = TO(LINKING),
		[SESSION_EVENT_DIALLED] = TO(NEGOTIATING),
		[SESSION_EVENT_END] = TO(ENDING),
	},
	[SESSION_NEGOTIATING] = {
		[SESSION_EVENT_HUNG_UP] = TO(RTSP),
		[SESSION_EVENT_STREAMING] = TO(STREAMING),
		[SESSION_EVENT_END] = TO(ENDING),
	},
	[SESSION_STREAMING] = {
		[SESSION_EVENT_END] = TO(ENDING),
	},
	[SESSION_ENDING] = {
		[SESSION_EVENT_WAIT] = TO(WAITING),
		[SESSION_EVENT_ENDED] = TO(GONE),
	},
	[SESSION_WAITING] = {
		[SESSION_EVENT_AGAIN] = TO(LINKING),
		[SESSION_EVENT_END] = TO(ENDING),
	},
};

const char *session_state_name(enum session_state state)
{
	g_return_val_if_fail(state < N_SESSION_STATES, "unknown");
	return state_names[state];
}

gboolean session_next_state(enum session_state state, enum session_event event,
			    enum session_state *next)
{
	if (!transitions[state][event])
		return FALSE;
	*next = transitions[state][event] - 1;
	return TRUE;
}
