// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Displays as people count them, and the objects that stand for them on a bus.
 */
#include <string.h>

#include <glib/gstdio.h>

#include "dbus-api.h"
#include "dbus-displays.h"
#include "display.h"
#include "fake-link.h"
#include "test-bus.h"

#define INTERFACE DBUS_API_NAME ".Display"
#define TV "02:00:00:00:01:00"
#define HOST "mice:tv.local"

struct fixture {
	struct broker_config config;
	broker *broker;
	struct fake_link *p2p, *mice;
	link_sink *tv, *host; /* the same display */

	GTestDBus *test_bus;
	GDBusConnection *server, *client;
	dbus_objects *objects;
	dbus_displays *displays;
	char *quirks_dir;
	guint heard_id;
	guint used;
	char *connected_to;
	GString *heard; /* of signals: "+PATH ", "-PATH ", and "PROPERTY=VALUE " */
};

static void changed(broker *b, gpointer user_data)
{
	struct fixture *f = user_data;

	if (f->displays)
		dbus_displays_changed(f->displays);
}

static const struct broker_events events = {
	.sinks_changed = changed,
	.remembered_changed = changed,
};

static void set_up(struct fixture *f, gconstpointer data)
{
	f->broker = broker_new(&f->config);
	broker_set_events(f->broker, &events, f);
	f->p2p = fake_link_new("p2p", f->broker);
	f->mice = fake_link_new("mice", f->broker);
	broker_add_link(f->broker, &f->p2p->base);
	broker_add_link(f->broker, &f->mice->base);
	f->tv = link_sink_new("p2p", TV, "TV");
	f->host = link_sink_new("mice", HOST, "TV");
}

static void tear_down(struct fixture *f, gconstpointer data)
{
	broker_free(f->broker);
	link_sink_unref(f->tv);
	link_sink_unref(f->host);
}

static void set_alias(struct fixture *f, const char *what, const char *alias)
{
	g_autoptr(GError) error = NULL;

	broker_set_alias(f->broker, what, OWNER_ALL, alias, &error);
	g_assert_no_error(error);
}

/* Each with its ways and its state: "ID+ID state, " */
static void assert_displays(struct fixture *f, const char *expected)
{
	g_autoptr(GPtrArray) displays = displays_list(f->broker);
	g_autoptr(GString) text = g_string_new(NULL);

	for (guint i = 0; i < displays->len; i++) {
		struct display *display = g_ptr_array_index(displays, i);
		g_autofree char *ids = g_strjoinv("+", display->ids);

		g_string_append_printf(text, "%s %s%s%s, ", ids, display_state_name(display_state_of(display)),
				       display->known ? " known" : "", display->autoconnect ? " auto" : "");
	}
	g_assert_cmpstr(text->str, ==, expected);
}

/* ---- which ways are one ------------------------------------------------------ */

static void test_ways(struct fixture *f, gconstpointer data)
{
	g_autoptr(link_sink) other = link_sink_new("p2p", "02:00:00:00:02:00", "Other");

	assert_displays(f, "");
	fake_link_sink(f->p2p, f->tv, TRUE);
	fake_link_sink(f->p2p, other, TRUE);
	assert_displays(f, TV " ready, 02:00:00:00:02:00 ready, ");
	/* The network that is there comes first. */
	fake_link_sink(f->mice, f->host, TRUE);
	assert_displays(f, "02:00:00:00:02:00 ready, " HOST "+" TV " ready, ");
	fake_link_sink(f->mice, f->host, FALSE);
	assert_displays(f, TV "+" HOST " ready, 02:00:00:00:02:00 ready, ");
	f->tv->connectable = FALSE;
	assert_displays(f, "02:00:00:00:02:00 ready, " HOST "+" TV " away, ");
}

static void test_remembered(struct fixture *f, gconstpointer data)
{
	fake_link_sink(f->p2p, f->tv, TRUE);
	set_alias(f, TV, "Kitchen");
	assert_displays(f, TV " ready known, ");
	link_emit_sink_gone(&f->p2p->base, f->tv);
	assert_displays(f, TV " away known, ");
	/* Who calls himself like it gets nothing of it. */
	fake_link_sink(f->mice, f->host, TRUE);
	assert_displays(f, HOST " ready, " TV " away known, ");
	/* Unless he is known himself. */
	set_alias(f, HOST, "Kitchen 2");
	assert_displays(f, HOST "+" TV " ready known, ");
}

static void test_autoconnect(struct fixture *f, gconstpointer data)
{
	g_autoptr(link_sink) caller = link_sink_new("direct", "192.0.2.1", "Caller");
	g_autoptr(GError) error = NULL;

	fake_link_sink(f->p2p, f->tv, TRUE);
	fake_link_sink(f->mice, f->host, TRUE);
	/* The other way has only said that it leads there. */
	g_assert_true(displays_set_autoconnect(f->broker, "tv", OWNER_ALL, TRUE, NULL));
	g_assert_true(remembered_autoconnect(broker_remembered(f->broker), HOST, OWNER_SHARED));
	g_assert_false(remembered_autoconnect(broker_remembered(f->broker), TV, OWNER_SHARED));
	set_alias(f, TV, "Kitchen");
	g_assert_true(displays_set_autoconnect(f->broker, HOST, OWNER_ALL, TRUE, NULL));
	g_assert_true(remembered_autoconnect(broker_remembered(f->broker), TV, OWNER_SHARED));
	assert_displays(f, HOST "+" TV " ready known auto, ");
	g_assert_true(displays_set_autoconnect(f->broker, "kitchen", OWNER_ALL, FALSE, NULL));
	g_assert_false(remembered_any_autoconnect(broker_remembered(f->broker)));

	fake_link_sink(f->p2p, caller, TRUE);
	g_assert_false(displays_set_autoconnect(f->broker, "caller", OWNER_ALL, TRUE, &error));
	g_assert_error(error, REASON_ERROR, REASON_CONFIGURATION);
	g_clear_error(&error);
	g_assert_false(displays_set_autoconnect(f->broker, "nobody", OWNER_ALL, TRUE, &error));
	g_assert_error(error, REASON_ERROR, REASON_SINK_UNKNOWN);
}

/* ---- whose they are ---------------------------------------------------------------- */

#define ONE 1000
#define OTHER 1001

/* Over the air, in the network, and two users': four by one name and one address. */
static void test_owners(struct fixture *f, gconstpointer data)
{
	g_autoptr(link_sink) caller = link_sink_new("direct", "192.0.2.1", "TV");
	g_autoptr(link_sink) named = link_sink_new("mice", "mice:192.0.2.1", "TV");

	f->tv->addresses = g_strsplit("192.0.2.1", ",", 0);
	named->addresses = g_strsplit("192.0.2.1", ",", 0);
	caller->owner = ONE;
	named->owner = OTHER;
	fake_link_sink(f->p2p, f->tv, TRUE);
	fake_link_sink(f->p2p, caller, TRUE);
	fake_link_sink(f->mice, named, TRUE);
	assert_displays(f, TV " ready, 192.0.2.1 ready, mice:192.0.2.1 ready, ");
	g_assert_false(broker_same_display(f->tv, caller));
	g_assert_false(broker_same_display(f->tv, named));
	g_assert_false(broker_same_display(caller, named));
	g_assert_null(broker_better_way(f->broker, f->tv));
	/* One user's two are one, as all users' are. */
	caller->owner = OTHER;
	assert_displays(f, TV " ready, mice:192.0.2.1+192.0.2.1 ready, ");
	named->owner = caller->owner = OWNER_SHARED;
	assert_displays(f, "mice:192.0.2.1+" TV "+192.0.2.1 ready, ");
}

/* An alias of his own says nothing to others of what they see. */
static void test_alias_of_one(struct fixture *f, gconstpointer data)
{
	g_autoptr(link_sink) caller = link_sink_new("direct", "192.0.2.1", "TV");

	caller->owner = ONE;
	fake_link_sink(f->p2p, f->tv, TRUE);
	fake_link_sink(f->p2p, caller, TRUE);
	g_assert_true(broker_set_alias(f->broker, "192.0.2.1", ONE, "Desk", NULL));
	g_assert_cmpstr(broker_alias(f->broker, caller), ==, "Desk");
	g_assert_null(broker_alias(f->broker, f->tv));
	assert_displays(f, TV " ready, 192.0.2.1 ready known, ");
}

static void assert_says(const GError *error, const char *words)
{
	g_assert_error(error, REASON_ERROR, REASON_SINK_UNKNOWN);
	g_assert_cmpstr(error->message, ==, words);
}

/* By no name and by no beginning of one, and with the words that are for what is not there. */
static void test_unseen(struct fixture *f, gconstpointer data)
{
	static const char *const ways[] = { "192.0.2.1", "TV of one", "TV", "desk", "de" };
	g_autoptr(link_sink) caller = link_sink_new("direct", "192.0.2.1", "TV of one");

	caller->owner = ONE;
	fake_link_sink(f->p2p, caller, TRUE);
	g_assert_true(broker_set_alias(f->broker, "192.0.2.1", ONE, "Desk", NULL));
	for (guint i = 0; i < G_N_ELEMENTS(ways); i++) {
		g_autofree char *not_found = g_strdup_printf("no display \"%s\" has been found", ways[i]);
		g_autofree char *not_known = g_strdup_printf("no display \"%s\" is known", ways[i]);
		g_autoptr(GError) found = NULL, reached = NULL, known = NULL, called = NULL, wanted = NULL,
				  forgotten = NULL;
		g_autoptr(link_sink) own = broker_know_sink(f->broker, ways[i], ONE, NULL);

		g_assert_true(own == caller);
		g_assert_true(broker_find_sink(f->broker, ways[i], ONE, NULL) == caller);
		g_assert_true(broker_find_sink(f->broker, ways[i], 0, NULL) == caller);
		g_assert_null(broker_find_sink(f->broker, ways[i], OTHER, &found));
		assert_says(found, not_found);
		g_assert_null(broker_reach_sink(f->broker, ways[i], OTHER, &reached));
		assert_says(reached, not_found);
		g_assert_null(broker_know_sink(f->broker, ways[i], OTHER, &known));
		assert_says(known, not_known);
		g_assert_false(broker_set_alias(f->broker, ways[i], OTHER, "mine", &called));
		assert_says(called, not_known);
		g_assert_false(displays_set_autoconnect(f->broker, ways[i], OTHER, TRUE, &wanted));
		assert_says(wanted, not_known);
		g_assert_false(broker_forget(f->broker, ways[i], OTHER, &forgotten));
		assert_says(forgotten, not_known);
	}
	/* Nor does it make what he sees ambiguous. */
	fake_link_sink(f->p2p, f->tv, TRUE);
	g_assert_true(broker_find_sink(f->broker, "T", OTHER, NULL) == f->tv);
	g_assert_null(broker_find_sink(f->broker, "T", ONE, NULL));
	g_assert_true(broker_set_alias(f->broker, TV, OTHER, "Desk", NULL));
	g_assert_true(broker_find_sink(f->broker, "desk", OTHER, NULL) == f->tv);
	g_assert_true(broker_find_sink(f->broker, "desk", ONE, NULL) == caller);
}

/* What others have of the same id stays theirs. */
static void test_forget_own(struct fixture *f, gconstpointer data)
{
	g_autoptr(link_sink) one = link_sink_new("mice", "mice:192.0.2.1", "192.0.2.1");
	g_autoptr(link_sink) other = link_sink_new("mice", "mice:192.0.2.1", "192.0.2.1");
	remembered *memory = broker_remembered(f->broker);

	one->owner = ONE;
	other->owner = OTHER;
	remembered_cast(memory, one, NULL);
	remembered_cast(memory, other, NULL);
	assert_displays(f, "mice:192.0.2.1 away known, mice:192.0.2.1 away known, ");
	fake_link_sink(f->mice, one, TRUE);
	assert_displays(f, "mice:192.0.2.1 ready known, mice:192.0.2.1 away known, ");
	/* Neither by its id nor by an alias of his own for it does he find the one that somebody else has. */
	g_assert_true(broker_set_alias(f->broker, "mice:192.0.2.1", OTHER, "Desk", NULL));
	g_assert_null(broker_find_sink(f->broker, "mice:192.0.2.1", OTHER, NULL));
	g_assert_null(broker_find_sink(f->broker, "Desk", OTHER, NULL));
	g_assert_true(broker_forget(f->broker, "mice:192.0.2.1", OTHER, NULL));
	g_assert_true(remembered_has(memory, "mice:192.0.2.1", ONE));
	g_assert_false(remembered_has(memory, "mice:192.0.2.1", OTHER));
	/* One that all see is the one that he is told of. */
	one->owner = OWNER_SHARED;
	assert_displays(f, "mice:192.0.2.1 ready, ");
}

/* ---- objects --------------------------------------------------------------------- */

static void used(gpointer user_data)
{
	((struct fixture *)user_data)->used++;
}

static void connect_for(GDBusMethodInvocation *call, const char *what, gint64 owner, GVariant *options, gpointer user_data)
{
	struct fixture *f = user_data;

	f->connected_to = g_strdup(what);
	g_dbus_method_invocation_return_value(call, g_variant_new("(o)", DBUS_API_PATH "/Session/1"));
}

static const struct dbus_displays_funcs callbacks = {
	.used = used,
	.connect = connect_for,
};

static void hear(GDBusConnection *bus, const char *sender, const char *path, const char *interface, const char *name,
		 GVariant *parameters, gpointer user_data)
{
	struct fixture *f = user_data;
	g_autoptr(GVariant) changes = NULL;
	GVariantIter iter;
	const char *key;
	GVariant *value;

	if (strcmp(name, "PropertiesChanged") != 0) {
		g_variant_get_child(parameters, 0, "&o", &path);
		g_string_append_printf(f->heard, "%c%s ", strcmp(name, "InterfacesAdded") == 0 ? '+' : '-',
				       strrchr(path, '/') + 1);
		return;
	}
	changes = g_variant_get_child_value(parameters, 1);
	g_variant_iter_init(&iter, changes);
	while (g_variant_iter_next(&iter, "{&sv}", &key, &value)) {
		g_autofree char *text = g_variant_print(value, FALSE);

		g_string_append_printf(f->heard, "%s=%s ", key, text);
		g_variant_unref(value);
	}
}

static void set_up_bus(struct fixture *f, gconstpointer data)
{
	g_autofree char *file = NULL;

	set_up(f, data);
	f->quirks_dir = g_dir_make_tmp("quirks-XXXXXX", NULL);
	file = g_build_filename(f->quirks_dir, "a.conf", NULL);
	g_assert_true(g_file_set_contents(file, "[mine]\nname=Odd\nstandby=false\n", -1, NULL));
	f->test_bus = g_test_dbus_new(G_TEST_DBUS_NONE);
	g_test_dbus_up(f->test_bus);
	f->server = test_bus_connect(f->test_bus);
	f->client = test_bus_connect(f->test_bus);
	f->heard = g_string_new(NULL);
	f->objects = dbus_objects_new(DBUS_API_PATH, NULL, NULL);
	f->displays = dbus_displays_new(f->broker, f->objects, f->quirks_dir, &callbacks, f);
	dbus_objects_set_connection(f->objects, f->server);
	f->heard_id = g_dbus_connection_signal_subscribe(f->client, g_dbus_connection_get_unique_name(f->server), NULL,
							 NULL, NULL, NULL, G_DBUS_SIGNAL_FLAGS_NONE, hear, f, NULL);
}

static void has_read(GObject *source, GAsyncResult *result, gpointer user_data)
{
	g_autoptr(GVariant) reply = g_dbus_connection_call_finish(G_DBUS_CONNECTION(source), result, NULL);

	g_assert_nonnull(reply);
	*(gboolean *)user_data = TRUE;
}

/* Who has never called hears nothing. */
static void read_objects(struct fixture *f)
{
	gboolean done = FALSE;

	g_dbus_connection_call(f->client, g_dbus_connection_get_unique_name(f->server), DBUS_API_PATH,
			       "org.freedesktop.DBus.ObjectManager", "GetManagedObjects", NULL, NULL,
			       G_DBUS_CALL_FLAGS_NONE, 20000, NULL, has_read, &done);
	while (!done)
		g_main_context_iteration(NULL, TRUE);
}

static void set_up_reader(struct fixture *f, gconstpointer data)
{
	set_up_bus(f, data);
	read_objects(f);
}

static void tear_down_bus(struct fixture *f, gconstpointer data)
{
	g_autofree char *file = g_build_filename(f->quirks_dir, "a.conf", NULL);

	g_dbus_connection_signal_unsubscribe(f->client, f->heard_id);
	g_clear_pointer(&f->displays, dbus_displays_free);
	dbus_objects_free(f->objects);
	g_assert_true(g_dbus_connection_close_sync(f->client, NULL, NULL));
	g_assert_true(g_dbus_connection_close_sync(f->server, NULL, NULL));
	g_object_unref(f->client);
	g_object_unref(f->server);
	g_test_dbus_down(f->test_bus);
	g_object_unref(f->test_bus);
	g_string_free(f->heard, TRUE);
	g_free(f->connected_to);
	g_unlink(file);
	g_rmdir(f->quirks_dir);
	g_free(f->quirks_dir);
	tear_down(f, data);
}

struct answer {
	GVariant *value;
	GError *error;
	gboolean done;
};

static void answered(GObject *source, GAsyncResult *result, gpointer user_data)
{
	struct answer *answer = user_data;

	answer->value = g_dbus_connection_call_finish(G_DBUS_CONNECTION(source), result, &answer->error);
	answer->done = TRUE;
}

/* To display @n; the error, or NULL. */
static GError *call(struct fixture *f, guint n, const char *interface, const char *method, GVariant *arguments,
		    GVariant **value)
{
	g_autofree char *path = g_strdup_printf(DBUS_API_PATH "/Display/%u", n);
	struct answer answer = { NULL };

	g_dbus_connection_call(f->client, g_dbus_connection_get_unique_name(f->server), path, interface, method,
			       arguments, NULL, G_DBUS_CALL_FLAGS_NONE, 20000, NULL, answered, &answer);
	while (!answer.done)
		g_main_context_iteration(NULL, TRUE);
	if (value)
		*value = answer.value;
	else if (answer.value)
		g_variant_unref(answer.value);
	return answer.error;
}

static int compare_words(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* What was said until now, by the time at which an answer is here; properties come in no order. */
static void assert_heard(struct fixture *f, const char *expected)
{
	g_autoptr(GError) error = call(f, 1, "org.freedesktop.DBus.Peer", "Ping", NULL, NULL);
	g_auto(GStrv) words = g_strsplit(g_strchomp(f->heard->str), " ", 0);
	g_autofree char *sorted = NULL;

	qsort(words, g_strv_length(words), sizeof(*words), compare_words);
	sorted = g_strjoinv(" ", words);
	g_assert_cmpstr(sorted, ==, expected);
	g_string_truncate(f->heard, 0);
}

static void assert_property(struct fixture *f, guint n, const char *name, const char *expected)
{
	g_autoptr(GVariant) value = NULL, inner = NULL;
	g_autofree char *text = NULL;
	GError *error = call(f, n, "org.freedesktop.DBus.Properties", "Get", g_variant_new("(ss)", INTERFACE, name),
			     &value);

	g_assert_no_error(error);
	g_variant_get(value, "(v)", &inner);
	text = g_variant_print(inner, FALSE);
	g_assert_cmpstr(text, ==, expected);
}

/* One object, whichever way is the best; what changes is said, and nothing else is. */
static void test_object(struct fixture *f, gconstpointer data)
{
	f->tv->level = -60;
	f->tv->band = "5 GHz";
	fake_link_sink(f->p2p, f->tv, TRUE);
	assert_heard(f, "+1");
	assert_property(f, 1, "Id", "'" TV "'");
	assert_property(f, 1, "Name", "'TV'");
	assert_property(f, 1, "State", "'ready'");
	assert_property(f, 1, "Signal", "-60");
	assert_property(f, 1, "Band", "'5 GHz'");
	assert_property(f, 1, "Known", "false");
	assert_property(f, 1, "Quirks", "'default'");
	f->host->addresses = g_strsplit("192.0.2.7", ",", 0);
	fake_link_sink(f->mice, f->host, TRUE);
	g_assert_null(strchr(f->heard->str, '+'));
	g_string_truncate(f->heard, 0);
	assert_property(f, 1, "Ids", "['" HOST "', '" TV "']");
	assert_property(f, 1, "Links", "['mice', 'p2p']");
	assert_property(f, 1, "Addresses", "['192.0.2.7']");
	g_string_truncate(f->heard, 0);
	set_alias(f, HOST, "Kitchen");
	assert_heard(f, "Alias='Kitchen' Known=true");
	fake_link_sink(f->mice, f->host, TRUE);
	assert_heard(f, "");
	link_emit_sink_gone(&f->p2p->base, f->tv);
	link_emit_sink_gone(&f->mice->base, f->host);
	assert_property(f, 1, "State", "'away'");
	assert_property(f, 1, "Addresses", "[]");
}

static void test_quirks(struct fixture *f, gconstpointer data)
{
	g_autoptr(link_sink) odd = link_sink_new("p2p", TV, "Odd one");

	fake_link_sink(f->p2p, odd, TRUE);
	assert_property(f, 1, "Quirks", "'mine'");
}

static void test_blocked(struct fixture *f, gconstpointer data)
{
	f->tv->obstacle = g_strdup("it wants HDCP");
	fake_link_sink(f->p2p, f->tv, TRUE);
	assert_property(f, 1, "Obstacle", "''");
	f->tv->connectable = FALSE;
	link_emit_sink_changed(&f->p2p->base, f->tv);
	assert_property(f, 1, "State", "'blocked'");
	assert_property(f, 1, "Obstacle", "'it wants HDCP'");
}

static void test_methods(struct fixture *f, gconstpointer data)
{
	g_autoptr(GError) too_long = NULL, gone = NULL;
	g_autofree char *long_one = g_strnfill(65, 'x');

	fake_link_sink(f->p2p, f->tv, TRUE);
	assert_heard(f, "+1");
	g_assert_no_error(call(f, 1, INTERFACE, "SetAlias", g_variant_new("(s)", "Den"), NULL));
	assert_property(f, 1, "Alias", "'Den'");
	too_long = call(f, 1, INTERFACE, "SetAlias", g_variant_new("(s)", long_one), NULL);
	g_assert_error(too_long, REASON_ERROR, REASON_CONFIGURATION);
	g_assert_no_error(call(f, 1, INTERFACE, "SetAutoconnect", g_variant_new("(b)", TRUE), NULL));
	assert_property(f, 1, "Autoconnect", "true");
	g_assert_no_error(call(f, 1, INTERFACE, "Connect", g_variant_new_parsed("(@a{sv} {},)"), NULL));
	g_assert_cmpstr(f->connected_to, ==, TV);
	link_emit_sink_gone(&f->p2p->base, f->tv);
	g_string_truncate(f->heard, 0);
	g_assert_no_error(call(f, 1, INTERFACE, "Forget", NULL, NULL));
	g_assert_cmpuint(f->used, ==, 4);
	gone = call(f, 1, INTERFACE, "Forget", NULL, NULL);
	g_assert_nonnull(gone);
	assert_heard(f, "-1 State='away'");
	/* What was forgotten is another one when it comes again. */
	fake_link_sink(f->p2p, f->tv, TRUE);
	assert_heard(f, "+2");
}

/* What was one user's and is for all now is another object: who saw the one is told that it goes. */
static void test_found_at_last(struct fixture *f, gconstpointer data)
{
	f->host->owner = 4000;
	fake_link_sink(f->mice, f->host, TRUE);
	assert_heard(f, "+1");
	f->host->owner = OWNER_SHARED;
	fake_link_sink(f->mice, f->host, TRUE);
	assert_heard(f, "+2 -1");
}

static GLogWriterOutput quiet(GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer user_data)
{
	return level <= G_LOG_LEVEL_CRITICAL ? g_log_writer_default(level, fields, n_fields, NULL) :
					       G_LOG_WRITER_HANDLED;
}

#define TEST(name, function) \
	g_test_add("/broker/displays/" name, struct fixture, NULL, set_up, function, tear_down)
#define BUS_TEST(name, function) \
	g_test_add("/broker/displays/" name, struct fixture, NULL, set_up_reader, function, tear_down_bus)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_log_set_always_fatal(G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL);
	g_log_set_writer_func(quiet, NULL, NULL);
	(void)REASON_ERROR; /* registers the names of errors */
	TEST("ways", test_ways);
	TEST("remembered", test_remembered);
	TEST("autoconnect", test_autoconnect);
	TEST("owners", test_owners);
	TEST("alias-of-one", test_alias_of_one);
	TEST("unseen", test_unseen);
	TEST("forget-own", test_forget_own);
	BUS_TEST("object", test_object);
	BUS_TEST("quirks", test_quirks);
	BUS_TEST("blocked", test_blocked);
	BUS_TEST("methods", test_methods);
	BUS_TEST("found-at-last", test_found_at_last);
	return g_test_run();
}
