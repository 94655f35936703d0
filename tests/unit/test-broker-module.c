// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Loading the module on demand, with a systemd that the test plays on a bus of its
 * own. The device that "loading" brings is one that does not know HELLO, so that
 * REASON_ABI_MISMATCH says that it was opened after it was loaded. One that is there
 * before is opened by the test.
 */
#include <glib/gstdio.h>

#include "kernel-module.h"
#include "reason.h"
#include "test-bus.h"

#define SYSTEMD_PATH "/org/freedesktop/systemd1"
#define JOB SYSTEMD_PATH "/job/7"

enum behaviour {
	NO_SYSTEMD,
	NO_UNIT,
	LOADS,
	LOADS_EARLY, /* the job has ended before the caller knows its name */
	LOADS_NOTHING, /* the job is done, and no device is there */
	FAILS, /* with exit_status */
	NEVER_ENDS,
	OPEN, /* somebody else has loaded it */
	OPEN_NO_UNIT,
	OPEN_FAILS,
	NOT_A_UNIT, /* but a daemon that somebody has started by hand */
};

struct fixture {
	GTestDBus *bus;
	GDBusConnection *server, *client;
	guint name_id;
	guint objects[2];
	char *directory, *device;
	kernel *kernel;
	kernel_module *module;

	enum behaviour behaviour;
	int exit_status;
	gboolean subscribed;
	guint restarts, starts;
	guint answers;
	int code; /* of the last answer; -1: none, -2: no error */
};

static const char introspection[] =
	"<node><interface name='org.freedesktop.systemd1.Manager'>"
	"<method name='Subscribe'/>"
	"<method name='StartUnit'><arg type='s' direction='in'/><arg type='s' direction='in'/>"
	"<arg type='o' direction='out'/></method>"
	"<method name='RestartUnit'><arg type='s' direction='in'/><arg type='s' direction='in'/>"
	"<arg type='o' direction='out'/></method>"
	"<signal name='JobRemoved'><arg type='u'/><arg type='o'/><arg type='s'/><arg type='s'/></signal>"
	"</interface>"
	"<interface name='org.freedesktop.systemd1.Service'>"
	"<property name='ExecMainStatus' type='i' access='read'/></interface></node>";

static gboolean is_open;

gboolean __real_kernel_open(kernel *k, GError **error);
gboolean __wrap_kernel_open(kernel *k, GError **error);

gboolean __wrap_kernel_open(kernel *k, GError **error)
{
	return is_open || __real_kernel_open(k, error);
}

static void end_job(struct fixture *f)
{
	gboolean fails = f->behaviour == FAILS || f->behaviour == OPEN_FAILS;
	const char *result = fails ? "failed" : "done";
	g_autoptr(GError) error = NULL;

	if (f->behaviour == LOADS || f->behaviour == LOADS_EARLY)
		g_assert_cmpint(symlink("/dev/null", f->device), ==, 0);
	/* Jobs of others end as well. */
	g_dbus_connection_emit_signal(f->server, NULL, SYSTEMD_PATH,
				      "org.freedesktop.systemd1.Manager", "JobRemoved",
				      g_variant_new("(uoss)", 6, SYSTEMD_PATH "/job/6", "x.service",
						    fails ? "done" : "failed"), &error);
	g_assert_no_error(error);
	g_dbus_connection_emit_signal(f->server, NULL, SYSTEMD_PATH,
				      "org.freedesktop.systemd1.Manager", "JobRemoved",
				      g_variant_new("(uoss)", 7, JOB, MODULE_UNIT, result), &error);
	g_assert_no_error(error);
}

static void called(GDBusConnection *connection, const char *sender, const char *path,
		   const char *interface, const char *method, GVariant *parameters,
		   GDBusMethodInvocation *call, gpointer user_data)
{
	struct fixture *f = user_data;
	const char *unit;

	if (g_str_equal(method, "Subscribe")) {
		f->subscribed = TRUE;
		g_dbus_method_invocation_return_value(call, NULL);
		return;
	}
	g_assert_true(f->subscribed);
	if (g_str_equal(method, "StartUnit"))
		f->starts++;
	else
		f->restarts++;
	g_variant_get(parameters, "(&s&s)", &unit, NULL);
	g_assert_cmpstr(unit, ==, MODULE_UNIT);
	if (f->behaviour == NO_UNIT || f->behaviour == OPEN_NO_UNIT) {
		g_dbus_method_invocation_return_dbus_error(
			call, "org.freedesktop.systemd1.NoSuchUnit", "Unit not found.");
		return;
	}
	if (f->behaviour == LOADS_EARLY)
		end_job(f);
	g_dbus_method_invocation_return_value(call, g_variant_new("(o)", JOB));
	if (f->behaviour != LOADS_EARLY && f->behaviour != NEVER_ENDS && f->behaviour != OPEN)
		end_job(f);
}

static GVariant *get_property(GDBusConnection *connection, const char *sender, const char *path,
			      const char *interface, const char *property, GError **error,
			      gpointer user_data)
{
	return g_variant_new_int32(((struct fixture *)user_data)->exit_status);
}

static void play_systemd(struct fixture *f)
{
	static const GDBusInterfaceVTable vtable = { called, get_property, NULL, { NULL } };
	g_autoptr(GDBusNodeInfo) node = g_dbus_node_info_new_for_xml(introspection, NULL);
	static const char *const paths[] = { SYSTEMD_PATH,
					     SYSTEMD_PATH "/unit/miracast_2dmodule_2eservice" };
	g_autoptr(GVariant) reply = NULL;
	g_autoptr(GError) error = NULL;

	for (guint i = 0; i < G_N_ELEMENTS(paths); i++) {
		f->objects[i] = g_dbus_connection_register_object(f->server, paths[i],
								  node->interfaces[i], &vtable, f,
								  NULL, &error);
		g_assert_no_error(error);
	}
	reply = g_dbus_connection_call_sync(f->server, "org.freedesktop.DBus",
					    "/org/freedesktop/DBus", "org.freedesktop.DBus",
					    "RequestName",
					    g_variant_new("(su)", "org.freedesktop.systemd1", 4u),
					    NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL, &error);
	g_assert_no_error(error);
}

static void set_up(struct fixture *f, gconstpointer data)
{
	f->behaviour = GPOINTER_TO_INT(data);
	f->code = -1;
	is_open = f->behaviour >= OPEN && f->behaviour <= OPEN_FAILS;
	f->bus = g_test_dbus_new(G_TEST_DBUS_NONE);
	g_test_dbus_up(f->bus);
	f->server = test_bus_connect(f->bus);
	f->client = test_bus_connect(f->bus);
	if (f->behaviour != NO_SYSTEMD)
		play_systemd(f);
	f->directory = g_dir_make_tmp("miracast-module-XXXXXX", NULL);
	f->device = g_build_filename(f->directory, "miracast", NULL);
	f->kernel = kernel_new(f->device);
	f->module = kernel_module_new(f->kernel, f->client, f->behaviour != NOT_A_UNIT);
}

static void tear_down(struct fixture *f, gconstpointer data)
{
	kernel_module_free(f->module);
	kernel_free(f->kernel);
	for (guint i = 0; i < G_N_ELEMENTS(f->objects); i++)
		if (f->objects[i])
			g_dbus_connection_unregister_object(f->server, f->objects[i]);
	g_dbus_connection_close_sync(f->client, NULL, NULL);
	g_dbus_connection_close_sync(f->server, NULL, NULL);
	g_object_unref(f->client);
	g_object_unref(f->server);
	g_test_dbus_down(f->bus);
	g_object_unref(f->bus);
	g_unlink(f->device);
	g_rmdir(f->directory);
	g_free(f->device);
	g_free(f->directory);
}

static void answered(const GError *error, gpointer user_data)
{
	struct fixture *f = user_data;

	f->answers++;
	f->code = error ? error->code : -2;
	g_assert_true(!error || error->domain == REASON_ERROR);
}

static void need(struct fixture *f)
{
	guint before = f->answers;

	kernel_module_need(f->module, answered, f);
	g_assert_cmpuint(f->answers, ==, before);
}

static void wait_for(struct fixture *f, guint answers)
{
	gint64 start = g_get_monotonic_time();

	while (f->answers < answers)
		g_main_context_iteration(NULL, TRUE);
	/* A command that waits for it is told at once. */
	g_assert_cmpint(g_get_monotonic_time() - start, <, G_USEC_PER_SEC);
}

static void test_loads(struct fixture *f, gconstpointer data)
{
	need(f);
	need(f);
	wait_for(f, 2);
	g_assert_cmpint(f->code, ==, REASON_ABI_MISMATCH);
	g_assert_cmpuint(f->restarts, ==, 1);
	/* It is there now, and nobody has to be asked. */
	need(f);
	wait_for(f, 3);
	g_assert_cmpuint(f->restarts, ==, 1);
}

static void test_loads_nothing(struct fixture *f, gconstpointer data)
{
	need(f);
	wait_for(f, 1);
	g_assert_cmpint(f->code, ==, REASON_MODULE_MISSING);
	g_assert_cmpuint(f->restarts, ==, 1);
	/* What did not work is tried again when somebody asks again. */
	need(f);
	wait_for(f, 2);
	g_assert_cmpuint(f->restarts, ==, 2);
}

static void test_fails(struct fixture *f, gconstpointer data)
{
	static const struct {
		int status;
		int reason;
	} cases[] = {
		{ MODULE_EXIT_NOT_INSTALLED, REASON_MODULE_NOT_INSTALLED },
		{ MODULE_EXIT_REJECTED, REASON_MODULE_REJECTED },
		{ 1, REASON_MODULE_FAILED },
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		f->exit_status = cases[i].status;
		need(f);
		wait_for(f, i + 1);
		g_assert_cmpint(f->code, ==, cases[i].reason);
	}
}

/* Whoever runs the daemon without systemd, or without our unit, loads it himself. */
static void test_no_unit(struct fixture *f, gconstpointer data)
{
	need(f);
	wait_for(f, 1);
	g_assert_cmpint(f->code, ==, REASON_MODULE_MISSING);
}

static void test_not_a_unit(struct fixture *f, gconstpointer data)
{
	test_no_unit(f, data);
	g_assert_cmpuint(f->restarts, ==, 0);
}

/* A unit that is yet to start when the daemon is stopped never starts, and unloads nothing. */
static void test_open(struct fixture *f, gconstpointer data)
{
	need(f);
	while (f->starts == 0)
		g_main_context_iteration(NULL, TRUE);
	for (guint i = 0; i < 20; i++) {
		g_main_context_iteration(NULL, FALSE);
		g_usleep(1000);
	}
	g_assert_cmpuint(f->answers, ==, 0);
	end_job(f);
	wait_for(f, 1);
	g_assert_cmpint(f->code, ==, -2);
	g_assert_cmpuint(f->restarts, ==, 0);
}

/* What matters is that it is open. */
static void test_open_no_unit(struct fixture *f, gconstpointer data)
{
	need(f);
	wait_for(f, 1);
	g_assert_cmpint(f->code, ==, -2);
	g_assert_cmpuint(f->starts, ==, 1);
}

static void test_freed(struct fixture *f, gconstpointer data)
{
	need(f);
	while (f->restarts == 0)
		g_main_context_iteration(NULL, TRUE);
	g_clear_pointer(&f->module, kernel_module_free);
	while (g_main_context_iteration(NULL, FALSE))
		;
	g_assert_cmpuint(f->answers, ==, 0);
}

static void add(const char *name, enum behaviour behaviour,
		void (*test)(struct fixture *, gconstpointer))
{
	g_test_add(name, struct fixture, GINT_TO_POINTER(behaviour), set_up, test, tear_down);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_log_set_always_fatal(G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL);
	add("/module/loads", LOADS, test_loads);
	add("/module/loads-early", LOADS_EARLY, test_loads);
	add("/module/loads-nothing", LOADS_NOTHING, test_loads_nothing);
	add("/module/fails", FAILS, test_fails);
	add("/module/no-unit", NO_UNIT, test_no_unit);
	add("/module/no-systemd", NO_SYSTEMD, test_no_unit);
	add("/module/not-a-unit", NOT_A_UNIT, test_not_a_unit);
	add("/module/open", OPEN, test_open);
	add("/module/open/no-unit", OPEN_NO_UNIT, test_open_no_unit);
	add("/module/open/fails", OPEN_FAILS, test_open_no_unit);
	add("/module/freed", NEVER_ENDS, test_freed);
	return g_test_run();
}
