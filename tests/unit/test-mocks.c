// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Programs that the tests play die while they are called: nothing that is still on its way to one reaches it.
 */
#include "mock-iwd.h"
#include "mock-wpas.h"
#include "test-bus.h"

struct fixture {
	GTestDBus *bus;
	GDBusConnection *caller;
	gboolean answered;
	char *error;
	gint set; /* calls that have come; atomic */
};

static void set_up(struct fixture *f, gconstpointer data)
{
	f->bus = g_test_dbus_new(G_TEST_DBUS_NONE);
	g_test_dbus_up(f->bus);
	f->caller = test_bus_connect(f->bus);
}

static void tear_down(struct fixture *f, gconstpointer data)
{
	g_dbus_connection_close_sync(f->caller, NULL, NULL);
	g_clear_object(&f->caller);
	g_test_dbus_down(f->bus);
	g_clear_object(&f->bus);
	g_clear_pointer(&f->error, g_free);
}

static void answered(GObject *source, GAsyncResult *result, gpointer user_data)
{
	struct fixture *f = user_data;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) answer = g_dbus_connection_call_finish(G_DBUS_CONNECTION(source), result, &error);

	f->error = error ? g_dbus_error_get_remote_error(error) : NULL;
	f->answered = TRUE;
}

static void call(struct fixture *f, const char *name, const char *path, const char *interface, const char *method,
		 GVariant *args)
{
	f->answered = FALSE;
	g_dbus_connection_call(f->caller, name, path, interface, method, args, NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL,
			       answered, f);
}

/* In a thread of GLib's. */
static GDBusMessage *look(GDBusConnection *bus, GDBusMessage *message, gboolean incoming, gpointer user_data)
{
	struct fixture *f = user_data;

	if (incoming && g_strcmp0(g_dbus_message_get_member(message), "Set") == 0)
		g_atomic_int_inc(&f->set);
	return message;
}

/* A connection whose calls are looked at. */
static GDBusConnection *watched(struct fixture *f)
{
	GDBusConnection *bus = test_bus_connect(f->bus);

	g_dbus_connection_add_filter(bus, look, f, NULL);
	return bus;
}

static void drain(void)
{
	while (g_main_context_iteration(NULL, FALSE))
		;
}

/* The call has come, and its function is yet to be called from the main context, which has nothing else. */
static void wait_until_it_is_due(struct fixture *f)
{
	for (guint i = 0; i < 10000 && !(g_atomic_int_get(&f->set) && g_main_context_pending(NULL)); i++)
		g_usleep(1000);
	g_assert_cmpint(g_atomic_int_get(&f->set), ==, 1);
	g_assert_true(g_main_context_pending(NULL));
}

/* It has an answer, of nobody: the caller is told that there is no such object any more, or no such program. */
static void assert_nobody_is_reached(struct fixture *f)
{
	while (!f->answered)
		g_main_context_iteration(NULL, TRUE);
	g_assert_nonnull(f->error);
	g_assert_true(g_str_has_prefix(f->error, "org.freedesktop.DBus.Error."));
}

static void test_iwd_is_told_to_set(struct fixture *f, gconstpointer data)
{
	mock_iwd *iwd = mock_iwd_new(watched(f), FALSE);

	drain();
	call(f, "net.connman.iwd", "/net/connman/iwd/0", "org.freedesktop.DBus.Properties", "Set",
	     g_variant_new("(ssv)", "net.connman.iwd.p2p.Device", "Enabled", g_variant_new_boolean(TRUE)));
	wait_until_it_is_due(f);
	mock_iwd_free(iwd);
	assert_nobody_is_reached(f);
}

/* Its answer is kept for a while: it dies before that is over. */
static void test_iwd_is_slow(struct fixture *f, gconstpointer data)
{
	mock_iwd *iwd = mock_iwd_new(test_bus_connect(f->bus), FALSE);

	iwd->slow = TRUE;
	call(f, "net.connman.iwd", "/net/connman/iwd", "net.connman.iwd.p2p.ServiceManager", "RegisterDisplayService",
	     g_variant_new_parsed("({'Source': <true>},)"));
	while (!iwd->registering)
		g_main_context_iteration(NULL, TRUE);
	mock_iwd_free(iwd);
	for (gint64 end = g_get_monotonic_time() + 400 * 1000; g_get_monotonic_time() < end; g_usleep(10000))
		while (g_main_context_iteration(NULL, FALSE))
			;
	assert_nobody_is_reached(f);
}

static void test_wpas_is_told_to_set(struct fixture *f, gconstpointer data)
{
	g_autoptr(GDBusConnection) own = watched(f);
	mock_wpas *wpas = mock_wpas_new(own, MOCK_COMPLETE);

	drain();
	call(f, "fi.w1.wpa_supplicant1", "/fi/w1/wpa_supplicant1", "org.freedesktop.DBus.Properties", "Set",
	     g_variant_new("(ssv)", "fi.w1.wpa_supplicant1", "WFDIEs",
			   g_variant_new_fixed_array(G_VARIANT_TYPE_BYTE, "\1", 1, 1)));
	wait_until_it_is_due(f);
	mock_wpas_free(wpas);
	assert_nobody_is_reached(f);
	g_dbus_connection_close_sync(own, NULL, NULL);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add("/mocks/iwd/is-told-to-set", struct fixture, NULL, set_up, test_iwd_is_told_to_set, tear_down);
	g_test_add("/mocks/iwd/is-slow", struct fixture, NULL, set_up, test_iwd_is_slow, tear_down);
	g_test_add("/mocks/wpas/is-told-to-set", struct fixture, NULL, set_up, test_wpas_is_told_to_set, tear_down);
	return g_test_run();
}
