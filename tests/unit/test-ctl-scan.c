// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * miracastctl scan, as somebody sees it who waits for a display: each has its line when it is found, and not when the scan
 * is over.  The test plays miracastd.
 */
#include <string.h>

#include "client.h"
#include "main-loop.h"
#include "test-bus.h"

/* Of RequestName, as the specification of D-Bus has it. */
#define DO_NOT_QUEUE 4

struct fixture {
	GTestDBus *test_bus;
	GDBusConnection *bus;
	Miracast1Manager *manager;
	GSubprocess *scan;
	GDataInputStream *output;
	char *line; /* the last one that was printed */
	gboolean over; /* it has ended */
};

/* ---- what it prints ------------------------------------------------------------- */

static void has_line(GObject *source, GAsyncResult *result, gpointer user_data)
{
	struct fixture *f = user_data;

	g_free(f->line);
	f->line = g_data_input_stream_read_line_finish_utf8(f->output, result, NULL, NULL);
	if (!f->line)
		f->over = TRUE;
}

static void read_line(struct fixture *f)
{
	g_clear_pointer(&f->line, g_free);
	g_data_input_stream_read_line_async(f->output, G_PRIORITY_DEFAULT, NULL, has_line, f);
}

static void assert_line(struct fixture *f, const char *wanted)
{
	read_line(f);
	WAIT(f->line || f->over);
	g_assert_cmpstr(f->line, ==, wanted);
}

/* ---- a daemon --------------------------------------------------------------------- */

static gboolean handle_scan(Miracast1Manager *manager, GDBusMethodInvocation *call, guint seconds, gpointer user_data)
{
	g_assert_cmpuint(seconds, ==, 7);
	miracast1_manager_set_scanning(manager, TRUE);
	g_dbus_interface_skeleton_flush(G_DBUS_INTERFACE_SKELETON(manager));
	miracast1_manager_complete_scan(manager, call);
	return TRUE;
}

/* All displays at a time, as text of a{sa{sv}}. */
static void set_sinks(struct fixture *f, const char *text)
{
	g_autoptr(GVariant) sinks = g_variant_parse(G_VARIANT_TYPE("a{sa{sv}}"), text, NULL, NULL, NULL);

	g_assert_nonnull(sinks);
	miracast1_manager_set_sinks(f->manager, sinks);
}

static void own_name(struct fixture *f)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) reply = g_dbus_connection_call_sync(
		f->bus, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "RequestName",
		g_variant_new("(su)", CLIENT_BUS_NAME, DO_NOT_QUEUE), NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL, &error);

	g_assert_no_error(error);
}

static void set_up(struct fixture *f, gconstpointer data)
{
	g_autoptr(GError) error = NULL;

	f->test_bus = g_test_dbus_new(G_TEST_DBUS_NONE);
	g_test_dbus_up(f->test_bus);
	f->bus = test_bus_connect(f->test_bus);
	f->manager = miracast1_manager_skeleton_new();
	miracast1_manager_set_version(f->manager, "0");
	miracast1_manager_set_scan_problem(f->manager, g_variant_new("(sss)", "", "", ""));
	set_sinks(f, "{}");
	miracast1_manager_set_remembered(f->manager, g_variant_new("a{sa{sv}}", NULL));
	g_signal_connect(f->manager, "handle-scan", G_CALLBACK(handle_scan), f);
	g_dbus_interface_skeleton_export(G_DBUS_INTERFACE_SKELETON(f->manager), f->bus, CLIENT_PATH "/Manager", &error);
	g_assert_no_error(error);
	own_name(f);
	f->scan = g_subprocess_new(G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_SILENCE, &error, MIRACASTCTL,
				   "--session-bus", "scan", "--seconds=7", NULL);
	g_assert_no_error(error);
	f->output = g_data_input_stream_new(g_subprocess_get_stdout_pipe(f->scan));
	WAIT(miracast1_manager_get_scanning(f->manager));
}

static void tear_down(struct fixture *f, gconstpointer data)
{
	g_free(f->line);
	g_object_unref(f->output);
	g_object_unref(f->scan);
	g_dbus_interface_skeleton_unexport(G_DBUS_INTERFACE_SKELETON(f->manager));
	g_object_unref(f->manager);
	g_dbus_connection_close_sync(f->bus, NULL, NULL);
	g_object_unref(f->bus);
	g_test_dbus_down(f->test_bus);
	g_object_unref(f->test_bus);
}

static void assert_ends(struct fixture *f, int status)
{
	g_assert_true(g_subprocess_wait(f->scan, NULL, NULL));
	g_assert_cmpint(g_subprocess_get_exit_status(f->scan), ==, status);
}

/* ---- tests ---------------------------------------------------------------------------- */

#define PLAIN "'02:00:00:00:00:01': {'name': <'Beamer'>, 'model': <'LG 55'>, 'link': <'p2p'>, 'links': <['p2p', 'mice']>," \
	      " 'present': <true>, 'connectable': <true>, 'level': <-48>, 'band': <'5 GHz'>, 'remembered': <false>}"
#define WIDE "'02:00:00:00:00:02': {'name': <'客厅 TV'>, 'model': <'X'>, 'link': <'p2p'>, 'links': <['p2p']>," \
	     " 'present': <true>, 'connectable': <true>, 'band': <'2.4 GHz'>, 'remembered': <true>, 'autoconnect': <true>, 'alias': <'Wohnküche 客厅'>}"
#define BUSY "'mice:tv.local': {'name': <'TV'>, 'model': <''>, 'link': <'mice'>, 'links': <['mice']>, 'present': <true>," \
	     " 'connectable': <false>, 'obstacle': <'it is busy'>, 'remembered': <true>, 'level': <0>}"
#define AWAY "'02:00:00:00:00:03': {'name': <'Away'>, 'link': <'p2p'>, 'present': <false>, 'last-seen': <int64 1>}"

/* While it goes on; columns are those of a terminal, where some characters are two wide. */
static void test_lines(struct fixture *f, gconstpointer data)
{
	set_sinks(f, "{" PLAIN "," AWAY "}");
	assert_line(f, "Beamer                       02:00:00:00:00:01  p2p+mice LG 55  -48 dBm on 5 GHz  [new]");
	set_sinks(f, "{" PLAIN "," AWAY "," WIDE "}");
	assert_line(f, "Wohnküche 客厅               02:00:00:00:00:02  p2p      X  (客厅 TV)  on 2.4 GHz  [autoconnect]");
	set_sinks(f, "{" PLAIN "," AWAY "," WIDE "," BUSY "}");
	assert_line(f, "TV                           mice:tv.local      mice       [it is busy]");
	g_assert_true(miracast1_manager_get_scanning(f->manager));
	miracast1_manager_set_scanning(f->manager, FALSE);
	/* None has a second one. */
	assert_line(f, NULL);
	assert_ends(f, 0);
}

/* What was found stays on the screen, and that the daemon has gone is no end of the scan. */
static void test_daemon_ends(struct fixture *f, gconstpointer data)
{
	set_sinks(f, "{" PLAIN "}");
	assert_line(f, "Beamer                       02:00:00:00:00:01  p2p+mice LG 55  -48 dBm on 5 GHz  [new]");
	g_dbus_connection_close_sync(f->bus, NULL, NULL);
	assert_line(f, NULL);
	assert_ends(f, 1);
}

#define TEST(path, function) g_test_add(path, struct fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	TEST("/scan/lines", test_lines);
	TEST("/scan/daemon-ends", test_daemon_ends);
	return g_test_run();
}
