// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * How long a session may be in each state, and what has failed by then: see session.h, and session-private.h for its other rooms.
 */
#define G_LOG_DOMAIN "miracastd"

#include "session-private.h"

/* 0: none */
static guint seconds_of(session *s, enum session_state state)
{
	switch (state) {
	case SESSION_ASKING:
		return s->env->consent_timeout;
	case SESSION_LINKING:
		return SESSION_LINKING_SECONDS;
	case SESSION_RTSP:
		return s->hung_up ? MIN(SESSION_REDIAL_SECONDS, s->env->rtsp_timeout) :
				    s->env->rtsp_timeout;
	case SESSION_NEGOTIATING:
		return s->env->negotiation_timeout;
	case SESSION_ENDING:
		return SESSION_ENDING_SECONDS;
	case SESSION_WAITING:
		return s->stay.asleep ? 0 : MAX(1, (stay_wait_ms(&s->stay, g_get_monotonic_time()) + 999) / 1000);
	default:
		return 0;
	}
}

/* Whoever has not done what he was told is left where he is. */
static void give_up(session *s)
{
	g_warning("session %u: %s was not taken down within %d s", s->id,
		  s->umd ? "the user-mode driver" : "the link", SESSION_ENDING_SECONDS);
	g_clear_pointer(&s->umd, umd_process_free);
	g_clear_pointer(&s->link, link_connection_free);
	session_take_down(s);
}

static gboolean limit_reached(gpointer user_data)
{
	session *s = user_data;

	s->limit = 0;
	switch (s->state) {
	case SESSION_ASKING:
		session_end(s, reason_new_code(REASON_CALL_NOT_ACCEPTED,
					       "%s has called, and nobody said within %u s that it may have the screen",
					       s->sink->name, s->env->consent_timeout));
		break;
	case SESSION_LINKING:
		session_end(s, reason_new_code(REASON_LINK_UNAVAILABLE,
					       "there was no path to %s within %d s", s->sink->name,
					       SESSION_LINKING_SECONDS));
		break;
	case SESSION_RTSP:
		session_end(s, s->hung_up ? g_steal_pointer(&s->hung_up) :
			       reason_new_code(REASON_SINK_NEVER_DIALLED,
					       "%s has joined, but did not connect to our RTSP port within %u s",
					       s->sink->name, s->env->rtsp_timeout));
		break;
	case SESSION_NEGOTIATING:
		session_end(s, reason_new_code(REASON_UMD_HUNG,
					       "no stream to %s came about within %u s", s->sink->name,
					       s->env->negotiation_timeout));
		break;
	case SESSION_ENDING:
		give_up(s);
		break;
	case SESSION_WAITING:
		session_try_again(s);
		break;
	default:
		break;
	}
	return G_SOURCE_REMOVE;
}

void session_arm_limit(session *s)
{
	guint seconds = seconds_of(s, s->state);

	g_clear_handle_id(&s->limit, g_source_remove);
	if (seconds)
		s->limit = g_timeout_add_seconds(seconds, limit_reached, s);
}
