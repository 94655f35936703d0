// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * How far a session has come, in words: see session-private.h.
 */
#define G_LOG_DOMAIN "miracastd"

#include "session-private.h"

#include <string.h>

void session_add_phase(session *s, const char *name, gint64 time_us, const char *text)
{
	struct session_phase *phase = g_new0(struct session_phase, 1);

	if (s->phases->len == SESSION_PHASES_MAX)
		g_ptr_array_remove_index(s->phases, SESSION_PHASES_MAX / 2);
	phase->name = g_strdup(name);
	phase->time_us = time_us;
	phase->text = g_strdup(text);
	g_ptr_array_add(s->phases, phase);
	g_message("session %u: %s: %s", s->id, name, text);
}

static void phase_free(struct session_phase *phase)
{
	g_free(phase->name);
	g_free(phase->text);
	g_free(phase);
}

GPtrArray *session_phases_new(void)
{
	return g_ptr_array_new_with_free_func((GDestroyNotify)phase_free);
}

const char *session_phase_text(const char *phase)
{
	static const struct {
		const char *phase;
		const char *text;
	} texts[] = {
		{ "connected", N_("the display was spoken to") },
		{ "answered", N_("the display answers") },
		{ "capabilities", N_("the display has said what it can show") },
		{ "monitor", N_("the desktop has a new monitor") },
		{ "mode", N_("the display has accepted a mode") },
		{ "setup", N_("the stream is set up") },
		{ "play", N_("the display plays") },
		{ "streaming", N_("pictures are being sent") },
	};

	for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
		if (strcmp(texts[i].phase, phase) == 0)
			return texts[i].text;
	}
	return phase;
}
