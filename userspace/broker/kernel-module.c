// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Have the module loaded: see kernel-module.h.
 */
#define G_LOG_DOMAIN "miracastd"

#include "kernel-module.h"

#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "reason.h"

#define SYSTEMD "org.freedesktop.systemd1"
#define SYSTEMD_PATH "/org/freedesktop/systemd1"
#define SYSTEMD_MANAGER SYSTEMD ".Manager"
#define CALL_MS (MODULE_SECONDS * 1000)

struct kernel_module {
	kernel *kernel;
	GDBusConnection *bus;
	gboolean is_unit;
	GCancellable *cancellable; /* of the calls that are under way */
	GQueue waiting; /* struct waiter */
	gboolean busy; /* a way to open it is being tried, or its end is due */
	gboolean loaded; /* by us, for those who wait now */
	gboolean open; /* only the unit has to be told yet, which is not reason to fail */
	gboolean allowed;
	char *job;
	GHashTable *ended_jobs; /* path -> result, of jobs that ended before we knew ours */
	guint job_signal;
	guint timer; /* of the job, or of the first step */
};

struct waiter {
	kernel_module_done *done;
	gpointer user_data;
};

static void try_to_open(kernel_module *m);

static void finish(kernel_module *m, const GError *error)
{
	GQueue waiting = m->waiting;
	struct waiter *waiter;

	g_clear_handle_id(&m->timer, g_source_remove);
	if (m->job_signal)
		g_dbus_connection_signal_unsubscribe(m->bus, m->job_signal);
	m->job_signal = 0;
	g_clear_pointer(&m->job, g_free);
	g_hash_table_remove_all(m->ended_jobs);
	g_queue_init(&m->waiting);
	m->busy = FALSE;
	while ((waiter = g_queue_pop_head(&waiting))) {
		waiter->done(error, waiter->user_data);
		g_free(waiter);
	}
}

static void finish_failed(kernel_module *m, enum reason_code code, const char *format, ...)
	G_GNUC_PRINTF(3, 4);

static void finish_failed(kernel_module *m, enum reason_code code, const char *format, ...)
{
	g_autoptr(GError) error = NULL;
	va_list args;

	va_start(args, format);
	error = g_error_new_valist(REASON_ERROR, code, format, args);
	va_end(args);
	if (m->open)
		g_warning("%s has not started: the module will stay loaded when the daemon ends", MODULE_UNIT);
	finish(m, m->open ? NULL : error);
}

/* ---- loading --------------------------------------------------------------- */

static const char *release(void)
{
	static struct utsname uts;

	uname(&uts);
	return uts.release;
}

static void status_came(GObject *source, GAsyncResult *result, gpointer user_data)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) reply =
		g_dbus_connection_call_finish(G_DBUS_CONNECTION(source), result, &error);
	g_autoptr(GVariant) value = NULL;
	int status = -1;

	if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
		return;
	if (reply) {
		g_variant_get(reply, "(v)", &value);
		if (g_variant_is_of_type(value, G_VARIANT_TYPE_INT32))
			status = g_variant_get_int32(value);
	}
	if (status == MODULE_EXIT_NOT_INSTALLED)
		finish_failed(user_data, REASON_MODULE_NOT_INSTALLED,
			      "the kernel module miracast is not installed for kernel %s", release());
	else if (status == MODULE_EXIT_REJECTED)
		finish_failed(user_data, REASON_MODULE_REJECTED,
			      "the kernel refuses the module miracast, since it does not know the key that signs it");
	else
		finish_failed(user_data, REASON_MODULE_FAILED,
			      "the kernel module miracast cannot be loaded (status %d)", status);
}

static void job_ended(kernel_module *m, const char *result)
{
	if (strcmp(result, "done") == 0) {
		m->loaded = TRUE;
		try_to_open(m);
		return;
	}
	g_dbus_connection_call(m->bus, SYSTEMD, SYSTEMD_PATH "/unit/miracast_2dmodule_2eservice",
			       "org.freedesktop.DBus.Properties", "Get",
			       g_variant_new("(ss)", SYSTEMD ".Service", "ExecMainStatus"),
			       G_VARIANT_TYPE("(v)"), G_DBUS_CALL_FLAGS_NO_AUTO_START, CALL_MS,
			       m->cancellable, status_came, m);
}

static void job_removed(GDBusConnection *bus, const char *sender, const char *path,
			const char *interface, const char *name, GVariant *parameters,
			gpointer user_data)
{
	kernel_module *m = user_data;
	const char *job, *result;

	if (!g_variant_is_of_type(parameters, G_VARIANT_TYPE("(uoss)")))
		return;
	g_variant_get(parameters, "(u&o&s&s)", NULL, &job, NULL, &result);
	if (!m->job) {
		g_hash_table_replace(m->ended_jobs, g_strdup(job), g_strdup(result));
	} else if (strcmp(m->job, job) == 0) {
		g_clear_pointer(&m->job, g_free);
		job_ended(m, result);
	}
}

static void unit_starts(GObject *source, GAsyncResult *result, gpointer user_data)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) reply =
		g_dbus_connection_call_finish(G_DBUS_CONNECTION(source), result, &error);
	kernel_module *m = user_data;
	const char *ended;

	if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
		return;
	if (!reply) {
		/* No systemd, or not our unit: whoever runs the daemon loads it himself. */
		g_info("%s cannot be started: %s", MODULE_UNIT, error->message);
		finish_failed(m, REASON_MODULE_MISSING,
			      "there is no %s: the kernel module miracast is not loaded",
			      kernel_path(m->kernel));
		return;
	}
	g_variant_get(reply, "(o)", &m->job);
	ended = g_hash_table_lookup(m->ended_jobs, m->job);
	if (ended) {
		g_clear_pointer(&m->job, g_free);
		job_ended(m, ended);
	}
}

static gboolean load_timed_out(gpointer user_data)
{
	kernel_module *m = user_data;

	m->timer = 0;
	g_cancellable_cancel(m->cancellable);
	g_object_unref(m->cancellable);
	m->cancellable = g_cancellable_new();
	finish_failed(m, REASON_MODULE_FAILED, "the kernel module was not loaded within %d s",
		      MODULE_SECONDS);
	return G_SOURCE_REMOVE;
}

static void call_unit(kernel_module *m, const char *method)
{
	m->timer = g_timeout_add_seconds(MODULE_SECONDS, load_timed_out, m);
	m->job_signal = g_dbus_connection_signal_subscribe(
		m->bus, SYSTEMD, SYSTEMD_MANAGER, "JobRemoved", SYSTEMD_PATH, NULL,
		G_DBUS_SIGNAL_FLAGS_NONE, job_removed, m, NULL);
	/* Without this it tells nobody of its jobs. */
	g_dbus_connection_call(m->bus, SYSTEMD, SYSTEMD_PATH, SYSTEMD_MANAGER, "Subscribe", NULL, NULL,
			       G_DBUS_CALL_FLAGS_NO_AUTO_START, CALL_MS, m->cancellable, NULL, NULL);
	g_dbus_connection_call(m->bus, SYSTEMD, SYSTEMD_PATH, SYSTEMD_MANAGER, method,
			       g_variant_new("(ss)", MODULE_UNIT, "replace"), G_VARIANT_TYPE("(o)"),
			       G_DBUS_CALL_FLAGS_NO_AUTO_START, CALL_MS, m->cancellable, unit_starts,
			       m);
}

/* ---- the rules about devices of our unit ------------------------------------- */

static void was_allowed(GObject *source, GAsyncResult *result, gpointer user_data)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) reply =
		g_dbus_connection_call_finish(G_DBUS_CONNECTION(source), result, &error);

	if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
		return;
	if (!reply)
		g_warning("systemd does not let us use the device: %s", error->message);
	try_to_open(user_data);
}

static void allow_device(kernel_module *m)
{
	GVariantBuilder properties, rules;

	g_variant_builder_init(&rules, G_VARIANT_TYPE("a(ss)"));
	g_variant_builder_add(&rules, "(ss)", kernel_path(m->kernel), "rw");
	g_variant_builder_init(&properties, G_VARIANT_TYPE("a(sv)"));
	g_variant_builder_add(&properties, "(sv)", "DeviceAllow", g_variant_builder_end(&rules));
	m->allowed = TRUE;
	g_dbus_connection_call(m->bus, SYSTEMD, SYSTEMD_PATH, SYSTEMD_MANAGER, "SetUnitProperties",
			       g_variant_new("(sb@a(sv))", "miracastd.service", TRUE,
					     g_variant_builder_end(&properties)),
			       NULL, G_DBUS_CALL_FLAGS_NO_AUTO_START, CALL_MS, m->cancellable,
			       was_allowed, m);
}

/* ---- opening ----------------------------------------------------------------- */

static void try_to_open(kernel_module *m)
{
	g_autoptr(GError) error = NULL;

	gboolean may_ask = m->is_unit && m->bus;

	if (kernel_open(m->kernel, &error)) {
		if (may_ask && !m->loaded) {
			m->open = TRUE;
			call_unit(m, "StartUnit");
		} else {
			finish(m, NULL);
		}
	} else if (error->code == REASON_MODULE_MISSING && may_ask && !m->loaded) {
		g_message("loading the kernel module");
		call_unit(m, "RestartUnit");
	} else if (error->code == REASON_NO_RIGHTS && may_ask && !m->allowed) {
		allow_device(m);
	} else {
		finish(m, error);
	}
}

static void bus_came(GObject *source, GAsyncResult *result, gpointer user_data)
{
	g_autoptr(GError) error = NULL;
	GDBusConnection *bus = g_bus_get_finish(result, &error);
	kernel_module *m = user_data;

	if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
		return;
	m->bus = bus;
	try_to_open(m);
}

static gboolean begin(gpointer user_data)
{
	kernel_module *m = user_data;

	m->timer = 0;
	m->loaded = m->allowed = m->open = FALSE;
	if (m->bus || !m->is_unit)
		try_to_open(m);
	else
		g_bus_get(G_BUS_TYPE_SYSTEM, m->cancellable, bus_came, m);
	return G_SOURCE_REMOVE;
}

void kernel_module_need(kernel_module *m, kernel_module_done *done, gpointer user_data)
{
	struct waiter *waiter = g_new0(struct waiter, 1);

	waiter->done = done;
	waiter->user_data = user_data;
	g_queue_push_tail(&m->waiting, waiter);
	if (m->busy)
		return;
	m->busy = TRUE;
	m->timer = g_timeout_add(0, begin, m);
}

kernel_module *kernel_module_new(kernel *k, GDBusConnection *bus, gboolean is_unit)
{
	kernel_module *m = g_new0(kernel_module, 1);

	m->kernel = k;
	m->is_unit = is_unit;
	if (bus)
		m->bus = g_object_ref(bus);
	m->cancellable = g_cancellable_new();
	m->ended_jobs = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	g_queue_init(&m->waiting);
	return m;
}

void kernel_module_free(kernel_module *m)
{
	if (!m)
		return;
	g_cancellable_cancel(m->cancellable);
	g_object_unref(m->cancellable);
	g_clear_handle_id(&m->timer, g_source_remove);
	if (m->job_signal)
		g_dbus_connection_signal_unsubscribe(m->bus, m->job_signal);
	g_queue_clear_full(&m->waiting, g_free);
	g_hash_table_unref(m->ended_jobs);
	g_clear_object(&m->bus);
	g_free(m->job);
	g_free(m);
}
