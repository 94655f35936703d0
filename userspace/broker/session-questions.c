// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What people are asked: whether a display may have the screen, and for PINs. See session-private.h.
 */
#include "session-private.h"

#include <string.h>

/* ---- consent -------------------------------------------------------------- */

void session_ask(session *s, link_backend *backend)
{
	s->asking = backend;
	session_add_phase(s, "consent-wanted", g_get_monotonic_time(),
			  N_("the display asks for your screen, and is not answered before somebody says yes"));
	session_move(s, SESSION_EVENT_ASK);
}

/* What people have said who were asked. */
static enum link_turned_away answer_of(const reason *why)
{
	if (strcmp(why->name, reason_code_name(REASON_DISCONNECTED)) == 0)
		return LINK_REFUSED;
	if (strcmp(why->name, reason_code_name(REASON_CALL_NOT_ACCEPTED)) == 0 ||
	    strcmp(why->name, channel_reason_name(CHANNEL_REASON_SINK_VANISHED)) == 0)
		return LINK_UNANSWERED;
	return LINK_WITHDRAWN;
}

void session_turn_away(session *s)
{
	link_backend *backend = g_steal_pointer(&s->asking);

	if (backend)
		link_turn_away(backend, s->sink, answer_of(s->why));
}

static reason *caller_vanished(void)
{
	return reason_new(channel_reason_name(CHANNEL_REASON_SINK_VANISHED),
			  "the display has hung up before somebody said yes, and has not called again",
			  channel_reason_hint(CHANNEL_REASON_SINK_VANISHED));
}

void session_caller_left(session *s)
{
	session_end(s, caller_vanished());
}

gboolean session_wants_consent(session *s)
{
	return s->asking != NULL;
}

gboolean session_was_let_in(session *s)
{
	return s->let_in;
}

gboolean session_accept(session *s, GError **error)
{
	if (!s->asking) {
		g_set_error(error, REASON_ERROR, REASON_CONSENT_NOT_WANTED, "session %u does not ask for the screen",
			    s->id);
		return FALSE;
	}
	if (s->env->make_room && !s->env->make_room(s->sink, s->env->user_data, error))
		return FALSE;
	/* What it is if no call is alive any more, and none comes. */
	s->hung_up = caller_vanished();
	session_begin(s, g_steal_pointer(&s->asking), SESSION_EVENT_ACCEPTED, N_("somebody has said yes"));
	return TRUE;
}

/* ---- PINs ----------------------------------------------------------------- */

void session_set_wants_pin(session *s, gboolean wanted)
{
	if (s->wants_pin == wanted)
		return;
	s->wants_pin = wanted;
	s->changed(s, SESSION_CHANGED_PIN, s->user_data);
}

void session_set_shown_pin(session *s, const char *pin)
{
	if (g_strcmp0(s->shown_pin, pin) == 0)
		return;
	g_free(s->shown_pin);
	s->shown_pin = g_strdup(pin);
	s->changed(s, SESSION_CHANGED_PIN, s->user_data);
}

void session_forget_pin(session *s)
{
	session_set_wants_pin(s, FALSE);
	session_set_shown_pin(s, NULL);
}

gboolean session_wants_pin(session *s)
{
	return s->wants_pin;
}

const char *session_shown_pin(session *s)
{
	return s->shown_pin;
}

/* NULL: it is none. */
static char *clean_pin(const char *typed)
{
	g_autoptr(GString) pin = g_string_new(NULL);

	for (const char *p = typed; *p; p++) {
		if (g_ascii_isdigit(*p))
			g_string_append_c(pin, *p);
		else if (*p != ' ' && *p != '-')
			return NULL;
	}
	if (pin->len < SESSION_PIN_MIN || pin->len > SESSION_PIN_MAX)
		return NULL;
	return g_string_free(g_steal_pointer(&pin), FALSE);
}

gboolean session_enter_pin(session *s, const char *typed, GError **error)
{
	g_autofree char *pin = clean_pin(typed);

	if (!s->wants_pin) {
		g_set_error(error, REASON_ERROR, REASON_PIN_NOT_WANTED, "session %u does not wait for a PIN", s->id);
		return FALSE;
	}
	if (!pin) {
		g_set_error(error, REASON_ERROR, REASON_CONFIGURATION, "a PIN has %d to %d digits, and nothing else",
			    SESSION_PIN_MIN, SESSION_PIN_MAX);
		return FALSE;
	}
	session_set_wants_pin(s, FALSE);
	link_enter_pin(s->link, pin);
	return TRUE;
}
