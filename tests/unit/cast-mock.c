// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A miracastd that the test plays: see cast-mock.h.
 */
#include "cast-mock.h"
#include "test-bus.h"

/* ---- calls ---------------------------------------------------------------------------- */

static gboolean handle_scan(Miracast1Manager *manager, GDBusMethodInvocation *call, guint seconds, mock *m)
{
	m->scans++;
	miracast1_manager_set_scanning(manager, TRUE);
	miracast1_manager_complete_scan(manager, call);
	return TRUE;
}

static void answer(mock *m, GDBusMethodInvocation *call)
{
	g_autofree char *path = NULL;
	g_autoptr(Miracast1Session) session = NULL;

	if (m->refuse_with) {
		g_dbus_method_invocation_return_gerror(call, m->refuse_with);
		return;
	}
	session = mock_session(m, ++m->n_sessions, m->connected_to, m->connected_to);
	path = g_strdup_printf(CLIENT_PATH "/Session/%u", m->n_sessions);
	miracast1_manager_complete_connect(m->manager, call, path);
}

static gboolean handle_connect(Miracast1Manager *manager, GDBusMethodInvocation *call, const char *what,
			       GVariant *options, mock *m)
{
	m->connects++;
	g_free(m->connected_to);
	m->connected_to = g_strdup(what);
	g_clear_pointer(&m->options, g_variant_unref);
	m->options = g_variant_ref(options);
	if (m->hold)
		m->held = call;
	else
		answer(m, call);
	return TRUE;
}

void mock_answer(mock *m)
{
	GDBusMethodInvocation *call = g_steal_pointer(&m->held);

	g_assert_nonnull(call);
	answer(m, call);
}

static gboolean handle_disconnect(Miracast1Session *session, GDBusMethodInvocation *call, mock *m)
{
	m->disconnects++;
	miracast1_session_complete_disconnect(session, call);
	mock_session_state(session, "ending", "ending", "disconnected by the user");
	mock_session_end(session, "disconnected", "disconnected by the user", "");
	return TRUE;
}

static gboolean handle_accept(Miracast1Session *session, GDBusMethodInvocation *call, mock *m)
{
	m->accepts++;
	if (m->refuse_with)
		g_dbus_method_invocation_return_gerror(call, m->refuse_with);
	else
		miracast1_session_complete_accept(session, call);
	return TRUE;
}

static gboolean handle_enter_pin(Miracast1Session *session, GDBusMethodInvocation *call, const char *pin, mock *m)
{
	g_free(m->pin);
	m->pin = g_strdup(pin);
	if (g_str_equal(pin, "12"))
		g_dbus_method_invocation_return_dbus_error(call, CLIENT_BUS_NAME ".Error.configuration",
							   "a PIN has 4 to 16 digits");
	else
		miracast1_session_complete_enter_pin(session, call);
	return TRUE;
}

/* ---- what is kept ----------------------------------------------------------------------- */

static void keep(mock *m, GDBusMethodInvocation *call, char *what)
{
	g_free(m->kept);
	m->kept = what;
	if (m->refuse_with)
		g_dbus_method_invocation_return_gerror(call, m->refuse_with);
	else
		g_dbus_method_invocation_return_value(call, NULL);
}

static gboolean handle_autoconnect(Miracast1Manager *manager, GDBusMethodInvocation *call, const char *sink, gboolean on,
				   mock *m)
{
	keep(m, call, g_strdup_printf("%s autoconnect %d", sink, on));
	return TRUE;
}

static gboolean handle_alias(Miracast1Manager *manager, GDBusMethodInvocation *call, const char *sink, const char *alias,
			     mock *m)
{
	keep(m, call, g_strdup_printf("%s alias %s", sink, alias));
	return TRUE;
}

static gboolean handle_forget(Miracast1Manager *manager, GDBusMethodInvocation *call, const char *sink, mock *m)
{
	keep(m, call, g_strdup_printf("%s forget", sink));
	return TRUE;
}

/* ---- displays and sessions ------------------------------------------------------------- */

static void flush(gpointer skeleton)
{
	g_dbus_interface_skeleton_flush(G_DBUS_INTERFACE_SKELETON(skeleton));
}

static void say_sinks(mock *m)
{
	GVariantBuilder builder;
	GHashTableIter iter;
	gpointer id, sink;

	g_variant_builder_init(&builder, G_VARIANT_TYPE("a{sa{sv}}"));
	g_hash_table_iter_init(&iter, m->sinks);
	while (g_hash_table_iter_next(&iter, &id, &sink))
		g_variant_builder_add(&builder, "{s@a{sv}}", id, sink);
	miracast1_manager_set_sinks(m->manager, g_variant_builder_end(&builder));
	flush(m->manager);
}

void mock_sink(mock *m, const char *id, const char *name, const char *text)
{
	g_autoptr(GVariant) more = NULL;
	g_autoptr(GError) error = NULL;

	if (text) {
		g_auto(GVariantDict) dict = { 0 };

		more = g_variant_parse(G_VARIANT_TYPE_VARDICT, text, NULL, NULL, &error);
		g_assert_no_error(error);
		g_variant_dict_init(&dict, more);
		g_variant_dict_insert(&dict, "name", "s", name);
		g_variant_dict_insert(&dict, "present", "b", TRUE);
		g_variant_dict_insert(&dict, "connectable", "b", TRUE);
		g_hash_table_insert(m->sinks, g_strdup(id), g_variant_ref_sink(g_variant_dict_end(&dict)));
	} else {
		g_hash_table_remove(m->sinks, id);
	}
	say_sinks(m);
}

void mock_display(mock *m, guint n, const char *const *ids)
{
	g_autofree char *path = g_strdup_printf(CLIENT_PATH "/Display/%u", n);
	g_autoptr(GDBusObject) before = g_dbus_object_manager_get_object(G_DBUS_OBJECT_MANAGER(m->objects), path);
	g_autoptr(Miracast1Display) display = NULL;

	if (before) {
		display = miracast1_object_get_display(MIRACAST1_OBJECT(before));
		g_object_set(display, "id", ids[0], "ids", ids, NULL);
		flush(display);
	} else {
		g_autoptr(Miracast1ObjectSkeleton) object = miracast1_object_skeleton_new(path);

		display = miracast1_display_skeleton_new();
		g_object_set(display, "id", ids[0], "ids", ids, "name", "", "alias", "", "model", "", "state", "away",
			     "obstacle", "", "quirks", "default", NULL);
		miracast1_object_skeleton_set_display(object, display);
		g_dbus_object_manager_server_export(m->objects, G_DBUS_OBJECT_SKELETON(object));
	}
}

static GVariant *no_dict(void)
{
	return g_variant_new("a{sv}", NULL);
}

Miracast1Session *mock_session(mock *m, guint id, const char *sink_id, const char *sink_name)
{
	g_autofree char *path = g_strdup_printf(CLIENT_PATH "/Session/%u", id);
	g_autoptr(Miracast1ObjectSkeleton) object = miracast1_object_skeleton_new(path);
	Miracast1Session *session = miracast1_session_skeleton_new();

	g_object_set(session, "id", id, "sink-id", sink_id, "sink-name", sink_name, "state", "linking", "reason", "",
		     "message", "", "hint", "", "hint-code", "", "pin-shown", "", "stay", no_dict(), "mode", no_dict(), "stats",
		     no_dict(), "path", no_dict(), "sink-info", no_dict(), "phases", g_variant_new("a(sxs)", NULL), NULL);
	g_signal_connect(session, "handle-disconnect", G_CALLBACK(handle_disconnect), m);
	g_signal_connect(session, "handle-accept", G_CALLBACK(handle_accept), m);
	g_signal_connect(session, "handle-enter-pin", G_CALLBACK(handle_enter_pin), m);
	miracast1_object_skeleton_set_session(object, session);
	g_dbus_object_manager_server_export(m->objects, G_DBUS_OBJECT_SKELETON(object));
	return session;
}

Miracast1Session *mock_last_session(mock *m)
{
	g_autofree char *path = g_strdup_printf(CLIENT_PATH "/Session/%u", m->n_sessions);
	g_autoptr(GDBusObject) object = g_dbus_object_manager_get_object(G_DBUS_OBJECT_MANAGER(m->objects), path);

	g_assert_nonnull(object);
	return miracast1_object_get_session(MIRACAST1_OBJECT(object));
}

void mock_session_state(Miracast1Session *session, const char *state, const char *phase, const char *text)
{
	miracast1_session_set_phases(session, g_variant_new_parsed("[(%s, int64 1, %s)]", phase, text));
	miracast1_session_set_state(session, state);
	flush(session);
}

void mock_session_end(Miracast1Session *session, const char *reason, const char *message, const char *hint)
{
	g_object_set(session, "reason", reason, "message", message, "hint", hint, "state", "gone", NULL);
	flush(session);
}

void mock_session_remove(mock *m, guint id)
{
	g_autofree char *path = g_strdup_printf(CLIENT_PATH "/Session/%u", id);

	g_assert_true(g_dbus_object_manager_server_unexport(m->objects, path));
}

/* ---- the daemon -------------------------------------------------------------------------- */

void mock_start(mock *m)
{
	mock_start_on(m, test_bus_connect(m->test_bus));
}

void mock_start_on(mock *m, GDBusConnection *bus)
{
	g_autoptr(Miracast1ObjectSkeleton) object = miracast1_object_skeleton_new(CLIENT_PATH "/Manager");
	g_autoptr(GVariant) owned = NULL;
	g_autoptr(GError) error = NULL;

	m->bus = bus;
	if (!m->sinks)
		m->sinks = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_variant_unref);
	m->objects = g_dbus_object_manager_server_new(CLIENT_PATH);
	m->manager = miracast1_manager_skeleton_new();
	g_object_set(m->manager, "version", "0", "source", "kernel", "scan-problem",
		     g_variant_new("(sss)", "", "", ""), "remembered", g_variant_new("a{sa{sv}}", NULL),
		     "scan-hint-code", "", "hints", g_variant_new("a{s(ss)}", NULL), NULL);
	say_sinks(m);
	g_signal_connect(m->manager, "handle-scan", G_CALLBACK(handle_scan), m);
	g_signal_connect(m->manager, "handle-connect", G_CALLBACK(handle_connect), m);
	g_signal_connect(m->manager, "handle-set-autoconnect", G_CALLBACK(handle_autoconnect), m);
	g_signal_connect(m->manager, "handle-set-alias", G_CALLBACK(handle_alias), m);
	g_signal_connect(m->manager, "handle-forget", G_CALLBACK(handle_forget), m);
	miracast1_object_skeleton_set_manager(object, m->manager);
	g_dbus_object_manager_server_export(m->objects, G_DBUS_OBJECT_SKELETON(object));
	g_dbus_object_manager_server_set_connection(m->objects, m->bus);
	owned = g_dbus_connection_call_sync(m->bus, "org.freedesktop.DBus", "/", "org.freedesktop.DBus", "RequestName",
					    g_variant_new("(su)", CLIENT_BUS_NAME, 0), NULL, G_DBUS_CALL_FLAGS_NONE, -1,
					    NULL, &error);
	g_assert_no_error(error);
}

void mock_stop(mock *m)
{
	if (!m->bus)
		return;
	g_clear_object(&m->objects);
	g_clear_object(&m->manager);
	g_dbus_connection_close_sync(m->bus, NULL, NULL);
	g_clear_object(&m->bus);
}

void mock_set_up(mock *m, gconstpointer data)
{
	m->test_bus = g_test_dbus_new(G_TEST_DBUS_NONE);
	g_test_dbus_up(m->test_bus);
}

void mock_clear(mock *m)
{
	g_clear_pointer(&m->sinks, g_hash_table_unref);
	g_free(m->connected_to);
	g_free(m->pin);
	g_free(m->kept);
	g_clear_pointer(&m->options, g_variant_unref);
	g_clear_error(&m->refuse_with);
}

void mock_tear_down(mock *m, gconstpointer data)
{
	mock_stop(m);
	mock_clear(m);
	g_test_dbus_down(m->test_bus);
	g_object_unref(m->test_bus);
}
