// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What is kept of a display: see cast-keep.h.
 */
#include "cast-keep.h"

static void answered(GObject *source, GAsyncResult *result, gpointer user_data)
{
	g_autoptr(CastDisplay) display = user_data;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) reply = g_dbus_proxy_call_finish(G_DBUS_PROXY(source), result, &error);
	g_autofree char *text = NULL;

	if (reply || g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
		return;
	text = client_error_text(error);
	cast_display_set_problem(display, text);
}

static void ask(CastDaemon *daemon, CastDisplay *display, const char *method, GVariant *arguments)
{
	g_autoptr(GVariant) owned = g_variant_ref_sink(arguments);
	Miracast1Manager *manager = cast_daemon_manager(daemon);

	if (!manager)
		return;
	cast_display_set_problem(display, NULL);
	g_dbus_proxy_call(G_DBUS_PROXY(manager), method, owned,
			  G_DBUS_CALL_FLAGS_NO_AUTO_START | G_DBUS_CALL_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION, G_MAXINT,
			  cast_daemon_cancellable(daemon), answered, g_object_ref(display));
}

void cast_keep_autoconnect(CastDaemon *daemon, CastDisplay *display, gboolean on)
{
	ask(daemon, display, "SetAutoconnect", g_variant_new("(sb)", cast_display_id(display), on));
}

void cast_keep_alias(CastDaemon *daemon, CastDisplay *display, const char *alias)
{
	ask(daemon, display, "SetAlias", g_variant_new("(ss)", cast_display_id(display), alias));
}

void cast_keep_nothing(CastDaemon *daemon, CastDisplay *display)
{
	ask(daemon, display, "Forget", g_variant_new("(s)", cast_display_id(display)));
}
