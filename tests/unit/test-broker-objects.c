// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The door before the objects on the bus: who is let in, who sees and hears what, and that nobody waits for another.
 * Users are this test's; polkit is played.
 */
#include <string.h>
#include <unistd.h>

#include "bus-program.h"
#include "dbus-objects.h"
#include "main-loop.h"
#include "miracast1-dbus.h"
#include "mock-polkit.h"
#include "reason.h"
#include "test-bus.h"

#define ROOT "/objects"
#define SHARED ROOT "/Manager"
#define OWNED ROOT "/Session/1"
#define OWNER (getuid() + 1000)
#define OTHER (getuid() + 1001)
#define OBJECT_MANAGER "org.freedesktop.DBus.ObjectManager"
#define PROPERTIES "org.freedesktop.DBus.Properties"

struct fixture {
	GTestDBus *test_bus;
	GDBusConnection *server;
	mock_polkit *polkit;
	dbus_objects *objects;
	Miracast1Manager *manager;
	Miracast1Session *session;
	struct program owner, other, stranger, root;
	guint scans, disconnects;
};

/* ---- programs ---------------------------------------------------------------------- */

static const char *server_name(struct fixture *f)
{
	return g_dbus_connection_get_unique_name(f->server);
}

static void begin(struct fixture *f, struct program *p, gint64 uid, gboolean member)
{
	program_begin(p, f->test_bus, uid, member);
	program_hear(p, f->server);
}

static void begin_scan(struct fixture *f, struct program *p)
{
	program_begin_call(p, server_name(f), SHARED, "org.miracast.Miracast1.Manager", "Scan", g_variant_new("(u)", 1));
}

static gboolean call(struct fixture *f, struct program *p, const char *path, const char *interface, const char *method,
		     GVariant *arguments)
{
	return program_call(p, server_name(f), path, interface, method, arguments);
}

static gboolean read_from(struct fixture *f, struct program *p, const char *path)
{
	return call(f, p, path, PROPERTIES, "GetAll",
		    g_variant_new("(s)", strcmp(path, SHARED) == 0 ? "org.miracast.Miracast1.Manager" :
								     "org.miracast.Miracast1.Session"));
}

static gboolean lists(struct fixture *f, struct program *p, const char *path)
{
	return program_lists(p, server_name(f), ROOT, path);
}

static gboolean scan(struct fixture *f, struct program *p)
{
	return call(f, p, SHARED, "org.miracast.Miracast1.Manager", "Scan", g_variant_new("(u)", 1));
}

static gboolean disconnect(struct fixture *f, struct program *p)
{
	return call(f, p, OWNED, "org.miracast.Miracast1.Session", "Disconnect", NULL);
}

static void assert_refused(struct program *p, enum reason_code code)
{
	g_assert_error(p->error, REASON_ERROR, (int)code);
}

/* ---- fixture ------------------------------------------------------------------------ */

static gboolean handle_scan(Miracast1Manager *manager, GDBusMethodInvocation *invocation, guint seconds, gpointer user_data)
{
	((struct fixture *)user_data)->scans++;
	miracast1_manager_complete_scan(manager, invocation);
	return TRUE;
}

static gboolean handle_disconnect(Miracast1Session *session, GDBusMethodInvocation *invocation, gpointer user_data)
{
	((struct fixture *)user_data)->disconnects++;
	miracast1_session_complete_disconnect(session, invocation);
	return TRUE;
}

static enum authority_action action_of(const char *interface, const char *method, GVariant *parameters, gint64 uid,
				       gpointer user_data)
{
	return strcmp(method, "StopScan") == 0 ? AUTHORITY_CONFIGURE : AUTHORITY_CAST;
}

static void add_session(struct fixture *f)
{
	dbus_objects_add(f->objects, OWNED, G_DBUS_INTERFACE_SKELETON(f->session), OWNER);
}

static void set_up(struct fixture *f, gconstpointer data)
{
	g_autoptr(GDBusConnection) polkit_bus = NULL;

	f->test_bus = g_test_dbus_new(G_TEST_DBUS_NONE);
	g_test_dbus_up(f->test_bus);
	f->server = test_bus_connect(f->test_bus);
	polkit_bus = test_bus_connect(f->test_bus);
	f->polkit = mock_polkit_new(polkit_bus);
	f->polkit->mood = MOCK_POLKIT_DENIES;
	f->objects = dbus_objects_new(ROOT, action_of, f);
	f->manager = miracast1_manager_skeleton_new();
	f->session = miracast1_session_skeleton_new();
	g_signal_connect(f->manager, "handle-scan", G_CALLBACK(handle_scan), f);
	g_signal_connect(f->session, "handle-disconnect", G_CALLBACK(handle_disconnect), f);
	dbus_objects_add(f->objects, SHARED, G_DBUS_INTERFACE_SKELETON(f->manager), OWNER_SHARED);
	add_session(f);
	dbus_objects_set_connection(f->objects, f->server);
	begin(f, &f->owner, OWNER, TRUE);
	begin(f, &f->other, OTHER, TRUE);
	begin(f, &f->stranger, getuid() + 1002, FALSE);
	begin(f, &f->root, 0, FALSE);
}

static void tear_down(struct fixture *f, gconstpointer data)
{
	program_end(&f->owner);
	program_end(&f->other);
	program_end(&f->stranger);
	program_end(&f->root);
	dbus_objects_free(f->objects);
	g_object_unref(f->manager);
	g_object_unref(f->session);
	mock_polkit_free(f->polkit);
	g_object_unref(f->server);
	g_test_dbus_down(f->test_bus);
	g_object_unref(f->test_bus);
}

/* ---- who is let in -------------------------------------------------------------------- */

static void test_members(struct fixture *f, gconstpointer data)
{
	g_assert_true(scan(f, &f->owner));
	g_assert_true(scan(f, &f->other));
	g_assert_true(read_from(f, &f->other, SHARED));
	g_assert_cmpuint(f->scans, ==, 2);
	g_assert_cmpuint(f->polkit->asks, ==, 0);
	g_assert_cmpint(dbus_objects_uid(f->objects, g_dbus_connection_get_unique_name(f->other.bus)), ==, OTHER);
}

static void test_strangers(struct fixture *f, gconstpointer data)
{
	g_assert_false(scan(f, &f->stranger));
	assert_refused(&f->stranger, REASON_NOT_ALLOWED);
	g_assert_false(read_from(f, &f->stranger, SHARED));
	assert_refused(&f->stranger, REASON_NOT_ALLOWED);
	g_assert_false(call(f, &f->stranger, ROOT, OBJECT_MANAGER, "GetManagedObjects", NULL));
	assert_refused(&f->stranger, REASON_NOT_ALLOWED);
	g_assert_cmpuint(f->scans, ==, 0);
	f->polkit->mood = MOCK_POLKIT_ALLOWS;
	g_assert_true(scan(f, &f->stranger));
	g_assert_cmpstr(f->polkit->action, ==, "org.miracast.Miracast1.cast");
	/* Here of another action; that nothing answers it is another matter. */
	call(f, &f->stranger, SHARED, "org.miracast.Miracast1.Manager", "StopScan", NULL);
	g_assert_cmpstr(f->polkit->action, ==, "org.miracast.Miracast1.manage");
}

/* Who was let in reads on, as proxies do by themselves: he hears it anyway. Whatever he wants to do is asked about. */
static void test_reads_on(struct fixture *f, gconstpointer data)
{
	f->polkit->mood = MOCK_POLKIT_ALLOWS;
	g_assert_true(read_from(f, &f->stranger, SHARED));
	g_assert_cmpuint(f->polkit->asks, ==, 1);
	f->polkit->mood = MOCK_POLKIT_CHALLENGES;
	g_assert_true(read_from(f, &f->stranger, SHARED));
	g_assert_cmpuint(f->polkit->asks, ==, 1);
	/* Not what is other users'. */
	g_assert_true(lists(f, &f->stranger, SHARED));
	g_assert_false(lists(f, &f->stranger, OWNED));
	g_assert_false(read_from(f, &f->stranger, OWNED));
	assert_refused(&f->stranger, REASON_OTHERS_CAST);
	g_assert_false(scan(f, &f->stranger));
	assert_refused(&f->stranger, REASON_NOT_ALLOWED);
}

/* ---- whose a cast is ------------------------------------------------------------------- */

static void test_others(struct fixture *f, gconstpointer data)
{
	g_assert_true(lists(f, &f->owner, OWNED));
	g_assert_false(lists(f, &f->other, OWNED));
	g_assert_true(lists(f, &f->other, SHARED));
	g_assert_true(lists(f, &f->root, OWNED));
	g_assert_true(read_from(f, &f->owner, OWNED));
	g_assert_false(read_from(f, &f->other, OWNED));
	assert_refused(&f->other, REASON_OTHERS_CAST);
	g_assert_false(disconnect(f, &f->other));
	assert_refused(&f->other, REASON_OTHERS_CAST);
	g_assert_cmpuint(f->disconnects, ==, 0);
	g_assert_true(disconnect(f, &f->owner));
	g_assert_true(disconnect(f, &f->root));
	g_assert_cmpuint(f->disconnects, ==, 2);
	/* An administrator has said yes. */
	f->polkit->mood = MOCK_POLKIT_ALLOWS;
	g_assert_true(disconnect(f, &f->other));
	g_assert_true(lists(f, &f->other, OWNED));
}

/* ---- who hears ---------------------------------------------------------------------------- */

static void test_hears(struct fixture *f, gconstpointer data)
{
	/* Nobody has called yet. */
	miracast1_session_set_state(f->session, "streaming");
	turn(100);
	g_assert_cmpstr(f->root.heard->str, ==, "");
	g_assert_true(lists(f, &f->owner, OWNED));
	g_assert_true(lists(f, &f->root, OWNED));
	g_assert_false(lists(f, &f->other, OWNED));
	g_assert_false(read_from(f, &f->stranger, SHARED));
	miracast1_session_set_state(f->session, "ending");
	WAIT(f->owner.heard->len && f->root.heard->len);
	/* As it is already: nothing to tell. */
	miracast1_session_set_state(f->session, "ending");
	dbus_objects_flush(f->objects, OWNED);
	miracast1_manager_set_scanning(f->manager, TRUE);
	WAIT(f->other.heard->len);
	dbus_objects_remove(f->objects, OWNED);
	add_session(f);
	WAIT(g_str_has_suffix(f->owner.heard->str, "+" OWNED " ") && g_str_has_suffix(f->root.heard->str, "+" OWNED " "));
	turn(100);
	g_assert_cmpstr(f->owner.heard->str, ==, "~" OWNED " ~" SHARED " -" OWNED " +" OWNED " ");
	g_assert_cmpstr(f->root.heard->str, ==, f->owner.heard->str);
	g_assert_cmpstr(f->other.heard->str, ==, "~" SHARED " ");
	g_assert_cmpstr(f->stranger.heard->str, ==, "");
}

/* ---- whose an item is ------------------------------------------------------------------------ */

/* Of a property that all may read; @mine: how many of the owner's are in it. */
static void set_sinks(struct fixture *f, guint mine)
{
	GVariantBuilder sinks;

	g_variant_builder_init(&sinks, G_VARIANT_TYPE("a{sa{sv}}"));
	for (guint i = 0; i < mine; i++) {
		g_autofree char *name = g_strdup_printf("mine-%u", i);

		g_variant_builder_add_parsed(&sinks, "{%s, {'owner': <%x>}}", name, (gint64)OWNER);
	}
	g_variant_builder_add_parsed(&sinks, "{'both', {'owner': <%x>}}", (gint64)OWNER);
	g_variant_builder_add_parsed(&sinks, "{'both', {'owner': <%x>}}", (gint64)OTHER);
	g_variant_builder_add_parsed(&sinks, "{'both', {'level': <1>}}");
	g_variant_builder_add_parsed(&sinks, "{'all', @a{sv} {}}");
	miracast1_manager_set_sinks(f->manager, g_variant_builder_end(&sinks));
	dbus_objects_flush(f->objects, SHARED);
}

/* The last answer of @p says so anywhere. */
static gboolean says(struct program *p, const char *text)
{
	g_autofree char *all = g_variant_print(p->reply, FALSE);

	return strstr(all, text) != NULL;
}

/* Whichever way he reads them, @p sees of "mine-0" so much. */
static void assert_items(struct fixture *f, struct program *p, gboolean mine)
{
	g_autofree char *owner = g_strdup_printf("int64 %u", OWNER);

	for (guint way = 0; way < 3; way++) {
		if (way == 0)
			g_assert_true(read_from(f, p, SHARED));
		else if (way == 1)
			g_assert_true(call(f, p, SHARED, PROPERTIES, "Get",
					   g_variant_new("(ss)", "org.miracast.Miracast1.Manager", "Sinks")));
		else
			g_assert_true(lists(f, p, SHARED));
		g_assert_cmpint(says(p, "mine-0"), ==, mine);
		g_assert_cmpint(says(p, owner), ==, mine);
		g_assert_true(says(p, "all"));
	}
}

static void test_items(struct fixture *f, gconstpointer data)
{
	g_autofree char *other = g_strdup_printf("int64 %u", OTHER);

	set_sinks(f, 1);
	assert_items(f, &f->owner, TRUE);
	assert_items(f, &f->other, FALSE);
	assert_items(f, &f->root, TRUE);
	/* The first one of those that he may see. */
	g_assert_true(read_from(f, &f->owner, SHARED));
	g_assert_false(says(&f->owner, other) || says(&f->owner, "'level'"));
	g_assert_true(read_from(f, &f->other, SHARED));
	g_assert_true(says(&f->other, other));
	g_assert_false(says(&f->other, "'level'"));
	f->polkit->mood = MOCK_POLKIT_ALLOWS;
	g_assert_true(read_from(f, &f->stranger, SHARED));
	g_assert_true(says(&f->stranger, "'level'"));
	/* An administrator has said that this one may see what is others'. */
	g_assert_true(disconnect(f, &f->other));
	g_assert_true(read_from(f, &f->other, SHARED));
	g_assert_true(says(&f->other, "mine-0"));
}

/* Whoever does not see it does not hear either that it is another one. */
static void test_items_heard(struct fixture *f, gconstpointer data)
{
	set_sinks(f, 0);
	g_assert_true(read_from(f, &f->owner, SHARED));
	g_assert_true(read_from(f, &f->other, SHARED));
	g_assert_true(read_from(f, &f->root, SHARED));
	set_sinks(f, 1);
	set_sinks(f, 2);
	WAIT(strlen(f->owner.heard->str) >= 2 * strlen("~" SHARED " "));
	miracast1_manager_set_scanning(f->manager, TRUE);
	WAIT(f->other.heard->len);
	turn(100);
	g_assert_cmpstr(f->owner.heard->str, ==, "~" SHARED " ~" SHARED " ~" SHARED " ");
	g_assert_cmpstr(f->root.heard->str, ==, f->owner.heard->str);
	g_assert_cmpstr(f->other.heard->str, ==, "~" SHARED " ");
}

/* An object that comes, and one that changes, say the same as one that is read. */
static void test_items_told(struct fixture *f, gconstpointer data)
{
	g_assert_true(lists(f, &f->owner, SHARED));
	g_assert_true(lists(f, &f->other, SHARED));
	set_sinks(f, 1);
	WAIT(f->owner.said && strstr(f->owner.said, "mine-0"));
	WAIT(f->other.said && strstr(f->other.said, "all"));
	g_assert_null(strstr(f->other.said, "mine-0"));
	dbus_objects_remove(f->objects, SHARED);
	dbus_objects_add(f->objects, SHARED, G_DBUS_INTERFACE_SKELETON(f->manager), OWNER_SHARED);
	WAIT(strchr(f->owner.heard->str, '+') && strchr(f->other.heard->str, '+'));
	g_assert_nonnull(strstr(f->owner.said, "mine-0"));
	g_assert_nonnull(strstr(f->other.said, "all"));
	g_assert_null(strstr(f->other.said, "mine-0"));
}

/* ---- what was said is not kept -------------------------------------------------------------- */

#define TOLD_OFTEN 5

static void count_freed(gpointer user_data)
{
	guint *freed = user_data;

	(*freed)++;
}

/* Statistics that say when nobody has them any more. */
static GVariant *counted(const char *bytes, gsize size, guint *freed)
{
	return g_variant_new_from_data(G_VARIANT_TYPE_VARDICT, bytes, size, TRUE, count_freed, freed);
}

/* To everybody who asks, and to those who hear, for as long as the daemon runs: it would grow by all that it has said. */
static void test_keeps_nothing(struct fixture *f, gconstpointer data)
{
	g_autoptr(GVariant) first = g_variant_ref_sink(g_variant_new_parsed("{'frames': <1>}"));
	g_autoptr(GVariant) second = g_variant_ref_sink(g_variant_new_parsed("{'frames': <2>}"));
	guint freed = 0;

	for (guint i = 0; i < TOLD_OFTEN; i++) {
		GVariant *stats = i % 2 ? second : first;

		miracast1_session_set_stats(f->session,
					    counted(g_variant_get_data(stats), g_variant_get_size(stats), &freed));
		g_assert_true(lists(f, &f->owner, OWNED));
		g_assert_true(read_from(f, &f->owner, OWNED));
	}
	dbus_objects_remove(f->objects, OWNED);
	dbus_objects_add(f->objects, OWNED, G_DBUS_INTERFACE_SKELETON(f->session), OWNER);
	dbus_objects_remove(f->objects, OWNED);
	miracast1_session_set_stats(f->session, g_variant_new("a{sv}", NULL));
	turn(100);
	g_assert_cmpuint(freed, ==, TOLD_OFTEN);
}

/* ---- nobody waits for another -------------------------------------------------------------- */

static void test_waits(struct fixture *f, gconstpointer data)
{
	f->polkit->mood = MOCK_POLKIT_IS_SILENT;
	begin_scan(f, &f->stranger);
	WAIT(f->polkit->asks == 1);
	g_assert_true(scan(f, &f->owner));
	g_assert_cmpuint(f->stranger.answered, ==, 0);
	/* Who waits leaves: the question goes with him, and nothing is done for him. */
	program_end(&f->stranger);
	WAIT(f->polkit->taken_back == 1);
	g_assert_cmpuint(f->scans, ==, 1);
}

static void test_too_many(struct fixture *f, gconstpointer data)
{
	f->polkit->mood = MOCK_POLKIT_IS_SILENT;
	for (guint i = 0; i < DBUS_OBJECTS_WAITING + 1; i++)
		begin_scan(f, &f->stranger);
	WAIT(f->stranger.answered == 1);
	assert_refused(&f->stranger, REASON_LINK_BUSY);
	g_assert_cmpuint(f->polkit->asks, <=, DBUS_OBJECTS_WAITING);
	program_end(&f->stranger);
	g_assert_true(scan(f, &f->other));
}

/* The daemon ends while somebody is asked about. */
static void test_ends(struct fixture *f, gconstpointer data)
{
	f->polkit->mood = MOCK_POLKIT_IS_SILENT;
	begin_scan(f, &f->stranger);
	WAIT(f->polkit->asks == 1);
	dbus_objects_set_connection(f->objects, NULL);
	WAIT(f->stranger.answered == 1);
	assert_refused(&f->stranger, REASON_SHUTDOWN);
}

#define TEST(path, function) g_test_add(path, struct fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	TEST("/objects/members", test_members);
	TEST("/objects/strangers", test_strangers);
	TEST("/objects/reads-on", test_reads_on);
	TEST("/objects/others", test_others);
	TEST("/objects/hears", test_hears);
	TEST("/objects/items", test_items);
	TEST("/objects/items-heard", test_items_heard);
	TEST("/objects/items-told", test_items_told);
	TEST("/objects/keeps-nothing", test_keeps_nothing);
	TEST("/objects/waits", test_waits);
	TEST("/objects/too-many", test_too_many);
	TEST("/objects/ends", test_ends);
	return g_test_run();
}
