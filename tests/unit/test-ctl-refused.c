// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * miracastctl of a user who may not cast.
 */
#include <string.h>

#include "ctl-fixture.h"
#include "test-bus.h"

/* A daemon that refuses. @flags: of the last call */
struct refuser {
	GDBusConnection *bus;
	guint filter;
	gint flags;
};

/* In GDBus's thread: the test waits for miracastctl meanwhile. */
static GDBusMessage *refuse(GDBusConnection *bus, GDBusMessage *message, gboolean incoming, gpointer user_data)
{
	struct refuser *r = user_data;
	g_autoptr(GDBusMessage) reply = NULL;

	if (!incoming || g_dbus_message_get_message_type(message) != G_DBUS_MESSAGE_TYPE_METHOD_CALL)
		return message;
	g_atomic_int_set(&r->flags, g_dbus_message_get_flags(message));
	reply = g_dbus_message_new_method_error_literal(message, "org.miracast.Miracast1.Error.not_allowed",
							"you may not cast to displays: it was not allowed");
	g_dbus_connection_send_message(bus, reply, G_DBUS_SEND_MESSAGE_FLAGS_NONE, NULL, NULL);
	g_object_unref(message);
	return NULL;
}

static void refuser_begin(struct fixture *f, struct refuser *r)
{
	r->bus = test_bus_connect(f->test_bus);
	r->filter = g_dbus_connection_add_filter(r->bus, refuse, r, NULL);
	g_variant_unref(g_dbus_connection_call_sync(r->bus, "org.freedesktop.DBus", "/", "org.freedesktop.DBus",
						    "RequestName", g_variant_new("(su)", "org.miracast.Miracast1", 0), NULL,
						    G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL));
}

/* Who is refused is told what to do; before that, somebody may be asked, but not by a key that completes a line. */
static void test_refused(struct fixture *f, gconstpointer data)
{
	struct refuser r = { 0 };
	g_autoptr(JsonNode) json = NULL;
	g_autofree char *said = NULL, *offered = NULL;

	refuser_begin(f, &r);
	g_assert_cmpint(CTL(&json, "status"), ==, 3);
	assert_error(json, "not-allowed");
	g_assert_true(g_atomic_int_get(&r.flags) & G_DBUS_MESSAGE_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION);
	said = SAY("connect", "TV");
	g_assert_nonnull(strstr(said, "you may not cast to displays: it was not allowed"));
	g_assert_nonnull(strstr(said, "usermod -aG miracast"));
	offered = SAY("complete", "connect", "");
	g_assert_cmpstr(offered, ==, "");
	g_assert_false(g_atomic_int_get(&r.flags) & G_DBUS_MESSAGE_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION);
	g_dbus_connection_remove_filter(r.bus, r.filter);
	g_dbus_connection_close_sync(r.bus, NULL, NULL);
	g_object_unref(r.bus);
}

void add_refused_tests(void)
{
	g_test_add("/ctl/refused", struct fixture, NULL, set_up, test_refused, tear_down);
}
