// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Displays and sessions in words: see client.h.
 */
#include <string.h>

#include "client.h"

const char *client_sink_name(GVariant *sink)
{
	const char *name = "";

	if (!g_variant_lookup(sink, "alias", "&s", &name))
		g_variant_lookup(sink, "name", "&s", &name);
	return name;
}

gboolean client_scan_problem(Miracast1Manager *manager, const char **name, const char **message, struct hint *hint)
{
	GVariant *problem = manager ? miracast1_manager_get_scan_problem(manager) : NULL;
	const char *code = manager ? miracast1_manager_get_scan_hint_code(manager) : NULL;

	*name = *message = "";
	*hint = NO_HINT;
	if (problem)
		g_variant_get(problem, "(&s&s&s)", name, message, &hint->text);
	if (code)
		hint->code = code;
	return **name != '\0';
}

struct hint client_session_hint(Miracast1Session *session)
{
	const char *code = miracast1_session_get_hint_code(session), *text = miracast1_session_get_hint(session);

	return (struct hint){ code ? code : "", text ? text : "" };
}

gboolean client_session_has_ended(Miracast1Session *session)
{
	return g_strcmp0(miracast1_session_get_state(session), "gone") == 0;
}

char *client_session_alias(Miracast1Manager *manager, Miracast1Session *session)
{
	GVariant *known = miracast1_manager_get_remembered(manager);
	const char *id = miracast1_session_get_sink_id(session);
	g_autoptr(GVariant) display = known && id ? g_variant_lookup_value(known, id, G_VARIANT_TYPE_VARDICT) : NULL;
	char *alias = NULL;

	if (display)
		g_variant_lookup(display, "alias", "s", &alias);
	return alias ? alias : g_strdup("");
}

char *client_session_name(Miracast1Manager *manager, Miracast1Session *session)
{
	g_autofree char *alias = client_session_alias(manager, session);
	const char *name = miracast1_session_get_sink_name(session);

	return *alias ? g_steal_pointer(&alias) : g_strdup(name ? name : "");
}

gint64 client_session_begin(Miracast1Session *session)
{
	GVariant *phases = miracast1_session_get_phases(session);
	gint64 time_us = 0;

	if (phases && g_variant_n_children(phases) > 0)
		g_variant_get_child(phases, 0, "(&sx&s)", NULL, &time_us, NULL);
	return time_us;
}

char *client_session_step(Miracast1Session *session)
{
	GVariant *phases = miracast1_session_get_phases(session);
	gsize n = phases ? g_variant_n_children(phases) : 0;
	char *text;

	if (n == 0)
		return g_strdup("");
	g_variant_get_child(phases, n - 1, "(sxs)", NULL, NULL, &text);
	return text;
}

char *client_session_mode(Miracast1Session *session)
{
	GVariant *mode = miracast1_session_get_mode(session);
	const char *codec = "", *profile = "", *level = "", *audio = "";
	guint width = 0, height = 0, refresh = 0;

	if (!mode || !g_variant_lookup(mode, "width", "u", &width))
		return g_strdup("");
	g_variant_lookup(mode, "height", "u", &height);
	g_variant_lookup(mode, "refresh", "u", &refresh);
	g_variant_lookup(mode, "codec", "&s", &codec);
	g_variant_lookup(mode, "profile", "&s", &profile);
	g_variant_lookup(mode, "level", "&s", &level);
	g_variant_lookup(mode, "audio", "&s", &audio);
	return g_strdup_printf("%ux%u at %g Hz, %s %s %s, audio %s", width, height,
			       refresh / 1000.0, codec, profile, level, audio);
}

/* Of the display, in dBm; 0: not known. */
static int level_of(Miracast1Manager *manager, Miracast1Session *session)
{
	GVariant *sinks = miracast1_manager_get_sinks(manager);
	const char *id = miracast1_session_get_sink_id(session);
	g_autoptr(GVariant) sink = NULL;
	gint level = 0;

	if (sinks && id)
		sink = g_variant_lookup_value(sinks, id, G_VARIANT_TYPE_VARDICT);
	if (sink)
		g_variant_lookup(sink, "level", "i", &level);
	return level;
}

GPtrArray *client_session_quality(Miracast1Manager *manager, Miracast1Session *session, quality_words words)
{
	GVariant *phases = miracast1_session_get_phases(session);
	gint64 begin_us = g_get_monotonic_time();
	const char *name;
	gint64 time_us;

	for (guint i = 0; phases && i < g_variant_n_children(phases); i++) {
		g_variant_get_child(phases, i, "(&sx&s)", &name, &time_us, NULL);
		if (strcmp(name, "streaming") == 0)
			begin_us = MIN(begin_us, time_us);
	}
	return quality_of(miracast1_session_get_mode(session), miracast1_session_get_stats(session),
			  level_of(manager, session), g_get_monotonic_time() - begin_us, words);
}
