// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A miracastd for the window that is played: it has found a display "Gallery", where somebody has to accept each
 * connection.  The real one waits for that over Wi-Fi P2P only.  It ends at SIGTERM.
 */
#include <signal.h>

#include <glib-unix.h>

#include "cast-mock.h"

/* Somebody has clicked. */
static gboolean look(gpointer user_data)
{
	mock *m = user_data;
	g_autoptr(Miracast1Session) session = NULL;

	if (m->n_sessions == 0)
		return G_SOURCE_CONTINUE;
	session = mock_last_session(m);
	mock_session_state(session, "linking", "waiting-for-acceptance", "accept the connection at the display");
	return G_SOURCE_REMOVE;
}

static gboolean stop(gpointer loop)
{
	g_main_loop_quit(loop);
	return G_SOURCE_CONTINUE;
}

int main(void)
{
	g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
	g_autoptr(GError) error = NULL;
	mock m = { 0 };
	GDBusConnection *bus = g_dbus_connection_new_for_address_sync(
		g_getenv("DBUS_SESSION_BUS_ADDRESS"),
		G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION, NULL, NULL,
		&error);

	g_assert_no_error(error);
	mock_start_on(&m, bus);
	mock_sink(&m, "a", "Gallery", "{'link': <'p2p'>}");
	g_timeout_add(50, look, &m);
	g_unix_signal_add(SIGTERM, stop, loop);
	g_main_loop_run(loop);
	mock_stop(&m);
	mock_clear(&m);
	return 0;
}
