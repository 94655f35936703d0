// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * NetworkManager's P2P device is told to keep out and gets back what it had, with a
 * NetworkManager that the test plays on a bus of its own.
 */
#include <string.h>

#include <glib/gstdio.h>

#include "network-manager.h"

#define NM_NAME "org.freedesktop.NetworkManager"
#define WIFI "/org/freedesktop/NetworkManager/Devices/2"
#define P2P "/org/freedesktop/NetworkManager/Devices/3"
#define PATIENCE_US (10 * G_USEC_PER_SEC)

struct fixture {
	GTestDBus *test_bus;
	GDBusConnection *ours, *theirs;
	guint name_id;
	guint objects[2];
	char *dir;
	network_manager *nm;
	gboolean managed;
	guint32 state; /* of the P2P device */
	guint sets;
	gboolean done;
};

static const char xml[] =
	"<node>"
	"<interface name='org.freedesktop.DBus.ObjectManager'>"
	" <method name='GetManagedObjects'><arg type='a{oa{sa{sv}}}' direction='out'/></method>"
	"</interface>"
	"<interface name='org.freedesktop.NetworkManager.Device'>"
	" <property name='Managed' type='b' access='readwrite'/>"
	"</interface>"
	"</node>";

static void method_called(GDBusConnection *bus, const char *sender, const char *path,
			  const char *iface, const char *method, GVariant *args,
			  GDBusMethodInvocation *call, gpointer user_data)
{
	struct fixture *f = user_data;

	g_dbus_method_invocation_return_value(
		call, g_variant_new_parsed(
			      "(@a{oa{sa{sv}}} {%o: {'org.freedesktop.NetworkManager.Device': "
			      "{'Interface': <'wlan0'>, 'Managed': <true>, 'State': <uint32 100>}}, "
			      "%o: {'org.freedesktop.NetworkManager.Device': {'Interface': "
			      "<'p2p-dev-wlan0'>, 'Managed': <%b>, 'State': <%u>}}},)",
			      WIFI, P2P, f->managed, f->state));
}

static GVariant *get_property(GDBusConnection *bus, const char *sender, const char *path,
			      const char *iface, const char *property, GError **error,
			      gpointer user_data)
{
	struct fixture *f = user_data;

	return g_variant_new_boolean(f->managed);
}

static gboolean set_property(GDBusConnection *bus, const char *sender, const char *path,
			     const char *iface, const char *property, GVariant *value,
			     GError **error, gpointer user_data)
{
	struct fixture *f = user_data;

	f->managed = g_variant_get_boolean(value);
	f->sets++;
	return TRUE;
}

static const GDBusInterfaceVTable vtable = { method_called, get_property, set_property, { 0 } };

static GDBusConnection *connect_bus(struct fixture *f)
{
	return g_dbus_connection_new_for_address_sync(
		g_test_dbus_get_bus_address(f->test_bus),
		G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
			G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
		NULL, NULL, NULL);
}

static void set_up(struct fixture *f, gconstpointer data)
{
	g_autoptr(GDBusNodeInfo) info = g_dbus_node_info_new_for_xml(xml, NULL);

	f->test_bus = g_test_dbus_new(G_TEST_DBUS_NONE);
	g_test_dbus_up(f->test_bus);
	f->ours = connect_bus(f);
	f->theirs = connect_bus(f);
	f->managed = TRUE;
	f->state = 30;
	f->objects[0] = g_dbus_connection_register_object(f->theirs, "/org/freedesktop",
							  info->interfaces[0], &vtable, f, NULL, NULL);
	f->objects[1] = g_dbus_connection_register_object(f->theirs, P2P, info->interfaces[1],
							  &vtable, f, NULL, NULL);
	if (data)
		f->name_id = g_bus_own_name_on_connection(f->theirs, NM_NAME,
							  G_BUS_NAME_OWNER_FLAGS_NONE, NULL, NULL,
							  NULL, NULL);
	f->dir = g_dir_make_tmp("miracast-XXXXXX", NULL);
	f->nm = network_manager_new(f->ours, f->dir);
}

/* What was set has been set back: no file, and the device as it was. */
static void tear_down(struct fixture *f, gconstpointer data)
{
	g_assert_true(f->managed);
	network_manager_free(f->nm);
	g_assert_cmpint(g_rmdir(f->dir), ==, 0);
	g_free(f->dir);
	if (f->name_id)
		g_bus_unown_name(f->name_id);
	for (guint i = 0; i < G_N_ELEMENTS(f->objects); i++)
		g_dbus_connection_unregister_object(f->theirs, f->objects[i]);
	g_object_unref(f->ours);
	g_object_unref(f->theirs);
	g_test_dbus_down(f->test_bus);
	g_object_unref(f->test_bus);
}

static void wait_for(const gboolean *flag, gboolean value)
{
	gint64 deadline = g_get_monotonic_time() + PATIENCE_US;

	while (*flag != value) {
		g_assert_cmpint(g_get_monotonic_time(), <, deadline);
		if (!g_main_context_iteration(NULL, FALSE))
			g_usleep(1000);
	}
}

static void spin(void)
{
	gint64 until = g_get_monotonic_time() + G_USEC_PER_SEC / 3;

	while (g_get_monotonic_time() < until)
		if (!g_main_context_iteration(NULL, FALSE))
			g_usleep(1000);
}

static void is_done(gpointer user_data)
{
	struct fixture *f = user_data;

	f->done = TRUE;
}

static void release(struct fixture *f)
{
	f->done = FALSE;
	network_manager_release(f->nm, is_done, f);
	g_assert_false(f->done);
	wait_for(&f->done, TRUE);
}

static void test_hold(struct fixture *f, gconstpointer data)
{
	for (guint i = 0; i < 2; i++) {
		network_manager_hold(f->nm, "wlan0");
		wait_for(&f->managed, FALSE);
		network_manager_hold(f->nm, "wlan0");
		release(f);
		g_assert_true(f->managed);
	}
	g_assert_cmpuint(f->sets, ==, 4);
}

/* Another adapter's, one that is not managed anyway, one that NetworkManager is using. */
static void test_not_ours(struct fixture *f, gconstpointer data)
{
	network_manager_hold(f->nm, "wlan1");
	spin();
	release(f);
	f->state = 100;
	network_manager_hold(f->nm, "wlan0");
	spin();
	release(f);
	f->state = 30;
	f->managed = FALSE;
	network_manager_hold(f->nm, "wlan0");
	spin();
	release(f);
	g_assert_false(f->managed);
	g_assert_cmpuint(f->sets, ==, 0);
	f->managed = TRUE;
}

static void test_killed(struct fixture *f, gconstpointer data)
{
	network_manager_hold(f->nm, "wlan0");
	wait_for(&f->managed, FALSE);
	network_manager_free(f->nm);
	f->nm = network_manager_new(f->ours, f->dir);
	wait_for(&f->managed, TRUE);
	/* And at once again. */
	network_manager_hold(f->nm, "wlan0");
	wait_for(&f->managed, FALSE);
	release(f);
}

/* Released before anything has come of it. */
static void test_hasty(struct fixture *f, gconstpointer data)
{
	network_manager_hold(f->nm, "wlan0");
	release(f);
	spin();
	network_manager_hold(f->nm, "wlan0");
	while (f->sets == 0)
		g_main_context_iteration(NULL, TRUE);
	network_manager_release(f->nm, NULL, NULL);
	release(f);
}

static void test_none(struct fixture *f, gconstpointer data)
{
	network_manager_hold(f->nm, "wlan0");
	spin();
	release(f);
	g_assert_cmpuint(f->sets, ==, 0);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add("/network-manager/hold", struct fixture, "", set_up, test_hold, tear_down);
	g_test_add("/network-manager/not-ours", struct fixture, "", set_up, test_not_ours, tear_down);
	g_test_add("/network-manager/killed", struct fixture, "", set_up, test_killed, tear_down);
	g_test_add("/network-manager/hasty", struct fixture, "", set_up, test_hasty, tear_down);
	g_test_add("/network-manager/none", struct fixture, NULL, set_up, test_none, tear_down);
	return g_test_run();
}
