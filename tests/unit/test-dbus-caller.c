// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Whose a caller is, and whether he is of the group: as a bus says that names groups, and as the data base of users says
 * where the bus does not.  Both are played.
 */
#include <gio/gio.h>
#include <grp.h>
#include <pwd.h>
#include <sys/socket.h>

#include "dbus-caller.h"
#include "main-loop.h"

#define GROUP 4711u
#define USER 1234u
#define CALLER ":1.7"

/* ---- the data base --------------------------------------------------------------- */

static gint lookups;	     /* also from another thread */
static gboolean in_data_base;
static gulong data_base_us;

int __wrap_getgrnam_r(const char *name, struct group *entry, char *buffer, size_t size, struct group **found);
int __wrap_getpwuid_r(uid_t uid, struct passwd *entry, char *buffer, size_t size, struct passwd **found);
int __wrap_getgrouplist(const char *user, gid_t group, gid_t *groups, int *n);

int __wrap_getgrnam_r(const char *name, struct group *entry, char *buffer, size_t size, struct group **found)
{
	/* It may take its time: never where everything else waits. */
	g_assert_false(g_main_context_is_owner(g_main_context_default()));
	*entry = (struct group){ .gr_gid = GROUP };
	*found = g_str_equal(name, DBUS_CALLER_GROUP) ? entry : NULL;
	return 0;
}

int __wrap_getpwuid_r(uid_t uid, struct passwd *entry, char *buffer, size_t size, struct passwd **found)
{
	g_atomic_int_inc(&lookups);
	g_usleep(data_base_us);
	*entry = (struct passwd){ .pw_name = (char *)"somebody", .pw_gid = 100 };
	*found = uid == USER ? entry : NULL;
	return 0;
}

int __wrap_getgrouplist(const char *user, gid_t group, gid_t *groups, int *n)
{
	g_assert_cmpstr(user, ==, "somebody");
	groups[0] = group;
	groups[1] = GROUP;
	*n = in_data_base ? 2 : 1;
	return *n;
}

/* ---- the bus ---------------------------------------------------------------------- */

static const char xml[] = "<node><interface name='org.freedesktop.DBus'><method name='GetConnectionCredentials'>"
			  "<arg type='s' direction='in'/><arg type='a{sv}' direction='out'/></method></interface></node>";

/* @credentials: what it says; NULL: nothing but an error */
struct fixture {
	GDBusConnection *bus, *client;
	guint object;
	const char *credentials;
	guint known;
	struct dbus_caller who;
};

static void method_called(GDBusConnection *bus, const char *sender, const char *path, const char *iface, const char *method,
			  GVariant *args, GDBusMethodInvocation *call, gpointer user_data)
{
	struct fixture *f = user_data;
	const char *name;

	g_variant_get(args, "(&s)", &name);
	g_assert_cmpstr(name, ==, CALLER);
	if (f->credentials)
		g_dbus_method_invocation_return_value(
			call, g_variant_new("(@a{sv})", g_variant_new_parsed(f->credentials)));
	else
		g_dbus_method_invocation_return_error_literal(call, G_DBUS_ERROR, G_DBUS_ERROR_NAME_HAS_NO_OWNER, "gone");
}

static const GDBusInterfaceVTable vtable = { method_called, NULL, NULL, { 0 } };

static void connected(GObject *source, GAsyncResult *result, gpointer user_data)
{
	g_autoptr(GError) error = NULL;

	*(GDBusConnection **)user_data = g_dbus_connection_new_finish(result, &error);
	g_assert_no_error(error);
}

static GIOStream *stream_of(int fd)
{
	g_autoptr(GSocket) socket = g_socket_new_from_fd(fd, NULL);

	return G_IO_STREAM(g_socket_connection_factory_create_connection(socket));
}

static void set_up(struct fixture *f, gconstpointer data)
{
	g_autoptr(GDBusNodeInfo) info = g_dbus_node_info_new_for_xml(xml, NULL);
	g_autoptr(GIOStream) ours = NULL, theirs = NULL;
	g_autofree char *guid = g_dbus_generate_guid();
	int fds[2];

	g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
	ours = stream_of(fds[0]);
	theirs = stream_of(fds[1]);
	g_dbus_connection_new(theirs, guid, G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_SERVER, NULL, NULL, connected, &f->bus);
	g_dbus_connection_new(ours, NULL, G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT, NULL, NULL, connected, &f->client);
	WAIT(f->bus && f->client);
	f->object = g_dbus_connection_register_object(f->bus, "/org/freedesktop/DBus", info->interfaces[0], &vtable, f, NULL,
						      NULL);
	lookups = 0;
	in_data_base = TRUE;
	data_base_us = 0;
}

static void tear_down(struct fixture *f, gconstpointer data)
{
	g_dbus_connection_unregister_object(f->bus, f->object);
	g_dbus_connection_close_sync(f->client, NULL, NULL);
	g_object_unref(f->client);
	g_object_unref(f->bus);
}

static void known(const struct dbus_caller *who, gpointer user_data)
{
	struct fixture *f = user_data;

	f->who = *who;
	f->known++;
}

static void ask(struct fixture *f, const char *credentials)
{
	guint before = f->known;

	f->credentials = credentials;
	dbus_caller_ask(f->client, CALLER, NULL, known, f);
	WAIT(f->known > before);
}

static void test_named(struct fixture *f, gconstpointer data)
{
	ask(f, "{'UnixUserID': <uint32 1234>, 'UnixGroupIDs': <[uint32 100, 4711]>}");
	g_assert_cmpint(f->who.uid, ==, USER);
	g_assert_true(f->who.member);
	/* His process is of before he was taken in. */
	ask(f, "{'UnixUserID': <uint32 1234>, 'UnixGroupIDs': <[uint32 100]>}");
	g_assert_cmpint(f->who.uid, ==, USER);
	g_assert_false(f->who.member);
	g_assert_cmpint(lookups, ==, 0);
}

static void test_not_named(struct fixture *f, gconstpointer data)
{
	ask(f, "{'UnixUserID': <uint32 1234>}");
	g_assert_cmpint(f->who.uid, ==, USER);
	g_assert_true(f->who.member);
	in_data_base = FALSE;
	ask(f, "{'UnixUserID': <uint32 1234>}");
	g_assert_false(f->who.member);
	/* Whom nobody knows. */
	in_data_base = TRUE;
	ask(f, "{'UnixUserID': <uint32 99>}");
	g_assert_cmpint(f->who.uid, ==, 99);
	g_assert_false(f->who.member);
	g_assert_cmpint(lookups, ==, 3);
}

static void test_unknown(struct fixture *f, gconstpointer data)
{
	ask(f, NULL);
	g_assert_cmpint(f->who.uid, ==, -1);
	ask(f, "{'ProcessID': <uint32 1>}");
	g_assert_cmpint(f->who.uid, ==, -1);
	g_assert_false(f->who.member);
	g_assert_cmpint(lookups, ==, 0);
}

/* A data base that does not answer holds up nobody for ever, and makes nobody a member. */
static void test_slow(struct fixture *f, gconstpointer data)
{
	gint64 began = g_get_monotonic_time();

	data_base_us = (DBUS_CALLER_MS + 1500) * 1000;
	ask(f, "{'UnixUserID': <uint32 1234>}");
	g_assert_cmpint(g_get_monotonic_time() - began, <, (gint64)data_base_us);
	g_assert_cmpint(f->who.uid, ==, USER);
	g_assert_false(f->who.member);
	/* Its thread ends before the test does. */
	turn(2500);
}

/* Whoever wanted to know has gone: he is not told. */
static void test_gone(struct fixture *f, gconstpointer data)
{
	g_autoptr(GCancellable) cancellable = g_cancellable_new();

	data_base_us = 200 * 1000;
	f->credentials = "{'UnixUserID': <uint32 1234>}";
	dbus_caller_ask(f->client, CALLER, cancellable, known, f);
	WAIT(g_atomic_int_get(&lookups) == 1);
	g_cancellable_cancel(cancellable);
	turn(500);
	g_assert_cmpuint(f->known, ==, 0);
}

#define TEST(path, function) g_test_add(path, struct fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	TEST("/dbus-caller/named", test_named);
	TEST("/dbus-caller/not-named", test_not_named);
	TEST("/dbus-caller/unknown", test_unknown);
	TEST("/dbus-caller/slow", test_slow);
	TEST("/dbus-caller/gone", test_gone);
	return g_test_run();
}
