// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Programs of several users: see bus-program.h.
 */
#include "bus-program.h"

#include <string.h>

#include "main-loop.h"
#include "test-bus.h"

#define OBJECT_MANAGER "org.freedesktop.DBus.ObjectManager"
/* As long as the bus takes to say whose a name is, and longer. */
#define ASK_MS 20

/* (element-type struct program): those that are on the bus */
static GPtrArray *programs;

/* ---- whose it is ------------------------------------------------------------------ */

void __wrap_dbus_caller_ask(GDBusConnection *bus, const char *name, GCancellable *cancellable, dbus_caller_known *done,
			    gpointer user_data);

struct later {
	struct dbus_caller who;
	GCancellable *cancellable;
	dbus_caller_known *done;
	gpointer user_data;
};

static gboolean say(gpointer user_data)
{
	struct later *later = user_data;

	if (!g_cancellable_is_cancelled(later->cancellable))
		later->done(&later->who, later->user_data);
	g_object_unref(later->cancellable);
	g_free(later);
	return G_SOURCE_REMOVE;
}

void __wrap_dbus_caller_ask(GDBusConnection *bus, const char *name, GCancellable *cancellable, dbus_caller_known *done,
			    gpointer user_data)
{
	struct later *later = g_new0(struct later, 1);

	later->who.uid = -1;
	for (guint i = 0; programs && i < programs->len; i++) {
		const struct program *p = g_ptr_array_index(programs, i);

		if (g_strcmp0(g_dbus_connection_get_unique_name(p->bus), name) == 0)
			later->who = p->who;
	}
	later->cancellable = g_object_ref(cancellable);
	later->done = done;
	later->user_data = user_data;
	g_timeout_add(ASK_MS, say, later);
}

/* ---- on the bus -------------------------------------------------------------------- */

void program_begin(struct program *p, GTestDBus *bus, gint64 uid, gboolean member)
{
	*p = (struct program){ .bus = test_bus_connect(bus), .who = { .uid = uid, .member = member } };
	if (!programs)
		programs = g_ptr_array_new();
	g_ptr_array_add(programs, p);
}

void program_end(struct program *p)
{
	if (!p->bus)
		return;
	g_ptr_array_remove(programs, p);
	if (programs->len == 0)
		g_clear_pointer(&programs, g_ptr_array_unref);
	g_dbus_connection_close_sync(p->bus, NULL, NULL);
	g_clear_object(&p->bus);
	if (p->heard)
		g_string_free(p->heard, TRUE);
	p->heard = NULL;
	g_clear_pointer(&p->said, g_free);
	g_clear_error(&p->error);
	g_clear_pointer(&p->reply, g_variant_unref);
}

static void hear(GDBusConnection *bus, const char *sender, const char *path, const char *interface, const char *signal,
		 GVariant *parameters, gpointer user_data)
{
	struct program *p = user_data;
	const char *about = path;

	/* It has left while this was under way. */
	if (!p->heard)
		return;
	if (strcmp(interface, OBJECT_MANAGER) == 0)
		g_variant_get_child(parameters, 0, "&o", &about);
	g_string_append_printf(p->heard, "%s%s ", strcmp(signal, "InterfacesAdded") == 0   ? "+" :
						  strcmp(signal, "InterfacesRemoved") == 0 ? "-" :
											      "~", about);
	g_free(p->said);
	p->said = g_variant_print(parameters, FALSE);
}

void program_hear(struct program *p, GDBusConnection *server)
{
	p->heard = g_string_new(NULL);
	/* Whatever arrives at this connection: no rule at the bus is needed for what goes to it by name. */
	g_dbus_connection_signal_subscribe(p->bus, g_dbus_connection_get_unique_name(server), NULL, NULL, NULL, NULL,
					   G_DBUS_SIGNAL_FLAGS_NONE, hear, p, NULL);
}

/* ---- calls -------------------------------------------------------------------------- */

static void answered(GObject *source, GAsyncResult *result, gpointer user_data)
{
	struct program *p = user_data;

	g_clear_error(&p->error);
	g_clear_pointer(&p->reply, g_variant_unref);
	p->reply = g_dbus_connection_call_finish(G_DBUS_CONNECTION(source), result, &p->error);
	p->answered++;
	/* It has left while this was under way. */
	if (!p->bus)
		g_clear_error(&p->error);
}

void program_begin_call(struct program *p, const char *name, const char *path, const char *interface, const char *method,
			GVariant *arguments)
{
	g_dbus_connection_call(p->bus, name, path, interface, method, arguments, NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL,
			       answered, p);
}

gboolean program_call(struct program *p, const char *name, const char *path, const char *interface, const char *method,
		      GVariant *arguments)
{
	guint before = p->answered;

	program_begin_call(p, name, path, interface, method, arguments);
	WAIT(p->answered > before);
	return !p->error;
}

gboolean program_lists(struct program *p, const char *name, const char *root, const char *path)
{
	g_autoptr(GVariant) objects = NULL, found = NULL;

	g_assert_true(program_call(p, name, root, OBJECT_MANAGER, "GetManagedObjects", NULL));
	objects = g_variant_get_child_value(p->reply, 0);
	found = g_variant_lookup_value(objects, path, NULL);
	return found != NULL;
}
