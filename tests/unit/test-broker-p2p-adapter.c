// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What is done to the Wi-Fi adapter and to wpa_supplicant, and undone: what others have is left to them, and
 * what was ours before a SIGKILL is taken down by the next start.
 */
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <glib/gstdio.h>

#include "mock-firewalld.h"
#include "p2p-fixture.h"
#include "test-bus.h"

/* ---- before and after ------------------------------------------------------------ */

static void test_created_interface(struct fixture *f, gconstpointer data)
{
	scan(f);
	g_assert_true(f->wpas->interface);
	stop_broker(f);
	g_assert_false(f->wpas->interface);
	start_broker(f);
}

/* One that somebody else has made is left alone. */
static void test_foreign_interface(struct fixture *f, gconstpointer data)
{
	scan(f);
	stop_broker(f);
	g_assert_true(f->wpas->interface);
	g_assert_cmpuint(f->wpas->removes, ==, 0);
	start_broker(f);
}

static gboolean nothing_is_left(struct fixture *f)
{
	g_autofree char *state = g_build_filename(f->runtime_dir, "p2p.state", NULL);

	return !f->wpas->group && g_variant_n_children(f->wpas->wfd) == 0 &&
	       !g_file_test(state, G_FILE_TEST_EXISTS);
}

/* The next one takes it down, and nobody has to ask for anything; within two seconds. */
static void start_next(struct fixture *f)
{
	gint64 began = g_get_monotonic_time();

	start_broker(f);
	wait_until(nothing_is_left, f);
	g_assert_cmpint(g_get_monotonic_time() - began, <, 2 * G_USEC_PER_SEC);
	settle(f);
}

/* SIGKILL: nothing is taken down. */
static void test_killed(struct fixture *f, gconstpointer data)
{
	scan(f);
	begin(f);
	wait_until(waits_for_call, f);
	g_clear_pointer(&f->broker, broker_free);
	g_assert_true(f->wpas->group);
	g_assert_true(f->wpas->interface);
	g_assert_cmpuint(g_variant_n_children(f->wpas->wfd), ==, 9);

	start_next(f);
	g_assert_false(f->wpas->interface);
}

/* Of an interface that is not ours: it is called and announced as it was before. */
static void test_killed_restored(struct fixture *f, gconstpointer data)
{
	scan(f);
	settle(f);
	g_assert_cmpstr(f->wpas->device_name, !=, "");
	g_clear_pointer(&f->broker, broker_free);
	start_next(f);
	g_assert_true(f->wpas->interface);
	g_assert_cmpstr(f->wpas->device_name, ==, "");
	g_assert_cmpstr(f->wpas->device_type, ==, MOCK_OLD_TYPE);
	g_assert_cmpstr(f->wpas->methods, ==, MOCK_OLD_METHODS);
}

/* Somebody scans at once: what is left goes, and the scan goes on. */
static void test_killed_scan(struct fixture *f, gconstpointer data)
{
	scan(f);
	begin(f);
	wait_until(waits_for_call, f);
	g_clear_pointer(&f->broker, broker_free);
	start_broker(f);
	scan(f);
	g_assert_false(f->wpas->group);
	g_assert_cmpstr(f->wpas->device_name, !=, "");
	begin(f);
	wait_until(waits_for_call, f);
	stop_broker(f);
	g_assert_cmpstr(f->wpas->device_name, ==, "");
	start_broker(f);
}

/* What was in a wpa_supplicant that has ended is gone; that one is not started for it, but for a scan it is. */
static void test_killed_both(struct fixture *f, gconstpointer data)
{
	g_autofree char *state = g_build_filename(f->runtime_dir, "p2p.state", NULL);

	scan(f);
	g_clear_pointer(&f->broker, broker_free);
	g_clear_pointer(&f->wpas, mock_wpas_free);
	start_broker(f);
	while (g_file_test(state, G_FILE_TEST_EXISTS))
		g_main_context_iteration(NULL, TRUE);
	assert_scan_fails(f, "supplicant-missing", "wpa_supplicant");
}

/* ---- what is not ours ------------------------------------------------------------------ */

static const char iwd_xml[] =
	"<node><interface name='org.freedesktop.DBus.ObjectManager'>"
	"<method name='GetManagedObjects'><arg type='a{oa{sa{sv}}}' direction='out'/></method>"
	"</interface>"
	"<interface name='org.freedesktop.NetworkManager'>"
	"<method name='GetDeviceByIpIface'><arg type='s' direction='in'/><arg type='o' direction='out'/></method>"
	"</interface>"
	"<interface name='org.freedesktop.NetworkManager.Device'>"
	"<property name='State' type='u' access='read'/>"
	"</interface></node>";

static void manager_called(GDBusConnection *bus, const char *sender, const char *path,
			   const char *iface, const char *method, GVariant *args,
			   GDBusMethodInvocation *call, gpointer user_data)
{
	if (strcmp(method, "GetManagedObjects") == 0)
		g_dbus_method_invocation_return_value(
			call, g_variant_new_parsed(
				      "({objectpath '/net/connman/iwd/0/3': {'net.connman.iwd.Device': "
				      "{'Name': <'wlan0'>, 'Powered': <true>}}},)"));
	else
		g_dbus_method_invocation_return_value(call, g_variant_new("(o)", "/device"));
}

static GVariant *manager_state(GDBusConnection *bus, const char *sender, const char *path,
			       const char *iface, const char *property, GError **error,
			       gpointer user_data)
{
	return g_variant_new_uint32(100); /* activated */
}

/* @name: on the bus of the test; an object with interface @index of the XML */
static void play_manager(struct fixture *f, const char *path, guint index)
{
	static const GDBusInterfaceVTable vtable = { manager_called, manager_state, NULL, { 0 } };
	g_autoptr(GDBusNodeInfo) info = g_dbus_node_info_new_for_xml(iwd_xml, NULL);
	g_autoptr(GError) error = NULL;

	g_dbus_connection_register_object(f->wpas_bus, path, info->interfaces[index], &vtable, NULL,
					  NULL, &error);
	g_assert_no_error(error);
}

static void own_name(struct fixture *f, const char *name)
{
	g_autoptr(GVariant) result = g_dbus_connection_call_sync(
		f->wpas_bus, "org.freedesktop.DBus", "/org/freedesktop/DBus",
		"org.freedesktop.DBus", "RequestName", g_variant_new("(su)", name, 0), NULL,
		G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL);

	g_assert_nonnull(result);
}

static void assert_adapter_is_left(struct fixture *f, const char *whose)
{
	assert_scan_fails(f, "link-unavailable", whose);
	g_assert_nonnull(strstr(broker_scan_problem(f->broker)->message, "wlan0"));
	g_assert_false(f->wpas->interface);
}

static void test_iwd(struct fixture *f, gconstpointer data)
{
	play_manager(f, "/", 0);
	own_name(f, "net.connman.iwd");
	assert_adapter_is_left(f, "iwd");
}

static void test_associated(struct fixture *f, gconstpointer data)
{
	set_kernel_user("an access point");
	assert_adapter_is_left(f, "an access point");
	/* It may be free later. */
	set_kernel_user(NULL);
	scan(f);
}

/* ifupdown's, or wpa_supplicant@wlan0.service */
static void test_control_socket(struct fixture *f, gconstpointer data)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	g_snprintf(address.sun_path, sizeof(address.sun_path), "%s/wlan0", f->runtime_dir);
	g_assert_cmpint(bind(fd, (struct sockaddr *)&address, sizeof(address)), ==, 0);
	assert_adapter_is_left(f, "another");
	/* Only its file is left: nobody is there. */
	close(fd);
	scan(f);
	g_unlink(address.sun_path);
}

/* Between our look and our call somebody gives it to wpa_supplicant. */
static void test_somebody_was_quicker(struct fixture *f, gconstpointer data)
{
	f->wpas->exists = TRUE;
	test_foreign_interface(f, data);
}

static void test_adopted_by_manager(struct fixture *f, gconstpointer data)
{
	scan(f);
	play_manager(f, "/org/freedesktop/NetworkManager", 1);
	play_manager(f, "/device", 2);
	own_name(f, "org.freedesktop.NetworkManager");
	stop_broker(f);
	g_assert_true(f->wpas->interface);
	start_broker(f);
}

static void test_adopted(struct fixture *f, gconstpointer data)
{
	scan(f);
	f->wpas->adopted = TRUE;
	stop_broker(f);
	g_assert_true(f->wpas->interface);
	start_broker(f);
}

/* What cannot be used is not left behind, and not only at our end. */
static void test_created_in_vain(struct fixture *f, gconstpointer data)
{
	assert_scan_fails(f, "no-p2p-support", "P2P");
	g_assert_false(f->wpas->interface);
	g_assert_cmpuint(f->wpas->removes, ==, 1);
}

static void test_refuses_element(struct fixture *f, gconstpointer data)
{
	mock_wpas_unplug(f->wpas);
	assert_scan_fails(f, "supplicant-failed", "refused our Wi-Fi Display element");
	g_assert_false(f->wpas->interface);
	g_assert_cmpuint(f->wpas->removes, ==, 1);
}

static void test_restored(struct fixture *f, gconstpointer data)
{
	scan(f);
	g_assert_cmpstr(f->wpas->device_name, !=, "");
	g_assert_nonnull(strstr(f->wpas->methods, "push_button"));
	stop_broker(f);
	g_assert_cmpstr(f->wpas->device_name, ==, "");
	g_assert_cmpstr(f->wpas->device_type, ==, MOCK_OLD_TYPE);
	g_assert_cmpstr(f->wpas->methods, ==, MOCK_OLD_METHODS);
	start_broker(f);
}

/* A name of 40 bytes; the 32nd is in the middle of a character. */
static void test_long_name(struct fixture *f, gconstpointer data)
{
	stop_broker(f);
	f->device_name = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\303\244.example";
	start_broker(f);
	scan(f);
	g_assert_cmpstr(f->wpas->device_name, ==, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
}

/* Then a computer without a name. */
static void test_refused_name(struct fixture *f, gconstpointer data)
{
	f->wpas->refuses_name = TRUE;
	scan(f);
	settle(f);
	g_assert_nonnull(strstr(f->wpas->device_type, "0x50"));
}

static gboolean is_not_announced(struct fixture *f)
{
	return g_variant_n_children(f->wpas->wfd) == 0;
}

/* Nobody needs it any more: we are no source on the air until the next scan. */
static void test_idle(struct fixture *f, gconstpointer data)
{
	stop_broker(f);
	f->linger = 1;
	start_broker(f);
	scan(f);
	broker_stop_scan(f->broker);
	wait_until(scan_is_over, f);
	g_assert_false(is_not_announced(f));
	wait_until(is_not_announced, f);
	settle(f);
	g_assert_false(f->wpas->interface);
	scan(f);
	begin(f);
	wait_until(waits_for_call, f);
}

/* The group that is on its way out is no other program's. */
static void test_killed_with_group(struct fixture *f, gconstpointer data)
{
	scan(f);
	begin(f);
	wait_until(waits_for_call, f);
	g_clear_pointer(&f->broker, broker_free);
	f->wpas->group_ifname = "p2p-wlan0-0";
	start_next(f);
	f->wpas->group_ifname = NULL;
	scan(f);
	begin(f);
	wait_until(waits_for_call, f);
}

static mock_firewalld *firewalld;

static gboolean firewalld_is_asked(struct fixture *f)
{
	return firewalld->removes > 0;
}

static gboolean is_forgotten(struct fixture *f)
{
	g_autofree char *path = g_build_filename(f->runtime_dir, "firewalld-p2p-wlan0-0", NULL);

	return !g_file_test(path, G_FILE_TEST_EXISTS);
}

/* Nothing protects any more what firewalld lets in: the next one does not wait until somebody looks for displays. */
static void test_killed_in_zone(struct fixture *f, gconstpointer data)
{
	g_autofree char *path = g_build_filename(f->runtime_dir, "firewalld-p2p-wlan0-0", NULL);

	firewalld = mock_firewalld_new(test_bus_connect(f->test_bus));
	mock_firewalld_put(firewalld, "p2p-wlan0-0", "trusted");
	g_clear_pointer(&f->broker, broker_free);
	g_assert_true(g_file_set_contents(path, "", 0, NULL));
	start_broker(f);
	wait_until(firewalld_is_asked, f);
	wait_until(is_forgotten, f);
	g_assert_null(mock_firewalld_zone(firewalld, "p2p-wlan0-0"));
	g_clear_pointer(&firewalld, mock_firewalld_free);
}

/* SIGKILL between creating the interface and using it: the file says so already. */
static void test_killed_early(struct fixture *f, gconstpointer data)
{
	g_autofree char *path = g_build_filename(f->runtime_dir, "p2p.state", NULL);

	g_assert_true(broker_scan(f->broker, 60, NULL));
	for (;;) {
		g_autofree char *text = NULL;

		g_file_get_contents(path, &text, NULL, NULL);
		if (text && strstr(text, "created="))
			break;
		g_main_context_iteration(NULL, TRUE);
	}
	g_assert_true(is_not_announced(f));
	g_clear_pointer(&f->broker, broker_free);
	settle(f);
	g_assert_true(f->wpas->interface);
	start_next(f);
	g_assert_false(f->wpas->interface);
}

static void add(const char *name, int build, void (*test)(struct fixture *, gconstpointer))
{
	g_test_add(name, struct fixture, GINT_TO_POINTER(build), set_up, test, tear_down);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	/* What the broker warns of is what some of the tests are about. */
	g_log_set_always_fatal(G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL);
	add("/p2p/created-interface", MOCK_NO_INTERFACE, test_created_interface);
	add("/p2p/foreign-interface", MOCK_COMPLETE, test_foreign_interface);
	add("/p2p/killed", MOCK_NO_INTERFACE, test_killed);
	add("/p2p/killed/restored", MOCK_COMPLETE, test_killed_restored);
	add("/p2p/killed/scan", MOCK_COMPLETE, test_killed_scan);
	add("/p2p/killed/both", MOCK_COMPLETE, test_killed_both);
	add("/p2p/killed-in-zone", MOCK_COMPLETE, test_killed_in_zone);
	add("/p2p/killed-with-group", MOCK_COMPLETE, test_killed_with_group);
	add("/p2p/killed-early", MOCK_NO_INTERFACE, test_killed_early);
	add("/p2p/adapter/iwd", MOCK_NO_INTERFACE, test_iwd);
	add("/p2p/adapter/kernel", MOCK_NO_INTERFACE, test_associated);
	add("/p2p/adapter/control-socket", MOCK_NO_INTERFACE, test_control_socket);
	add("/p2p/adapter/exists", MOCK_NO_INTERFACE, test_somebody_was_quicker);
	add("/p2p/adapter/adopted-by-manager", MOCK_NO_INTERFACE, test_adopted_by_manager);
	add("/p2p/adapter/adopted", MOCK_NO_INTERFACE, test_adopted);
	add("/p2p/adapter/created-in-vain", MOCK_CREATED_NO_P2P, test_created_in_vain);
	add("/p2p/adapter/refuses-element", MOCK_REFUSES_WFD, test_refuses_element);
	add("/p2p/adapter/restored", MOCK_COMPLETE, test_restored);
	add("/p2p/adapter/long-name", MOCK_COMPLETE, test_long_name);
	add("/p2p/adapter/refused-name", MOCK_COMPLETE, test_refused_name);
	add("/p2p/adapter/idle", MOCK_NO_INTERFACE, test_idle);
	return g_test_run();
}
