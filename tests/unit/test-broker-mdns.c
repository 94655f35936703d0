// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Displays that are found in the network: the broker with the link of Miracast over
 * Infrastructure, and an Avahi that the test plays on a bus of its own.
 */
#include <string.h>

#include "avahi.h"
#include "broker.h"
#include "link-mice.h"
#include "mice-sinks.h"
#include "mock-avahi.h"
#include "mock-resolver.h"
#include "test-bus.h"

#define PATIENCE_US (30 * G_USEC_PER_SEC)

/* Data of a test; NULL: nothing of all that. */
struct setting {
	gboolean without_avahi;
	guint linger_seconds; /* 0: as for users */
};

struct fixture {
	struct broker_config config;
	GTestDBus *test_bus;
	GDBusConnection *bus;
	mock_avahi *avahi;
	broker *broker;
	guint changes;
	gboolean stopped;
	GSocket *door; /* what a display listens on */
	guint16 port;
	/* for the conditions below */
	const char *id;
	guint n;
};

typedef gboolean condition(struct fixture *f);

static void wait_until(condition *done, struct fixture *f)
{
	gint64 deadline = g_get_monotonic_time() + PATIENCE_US;

	while (!done(f)) {
		g_assert_cmpint(g_get_monotonic_time(), <, deadline);
		if (!g_main_context_iteration(NULL, FALSE))
			g_usleep(1000);
	}
}

static void spin(struct fixture *f, guint ms)
{
	gint64 end = g_get_monotonic_time() + ms * 1000;

	while (g_get_monotonic_time() < end) {
		if (!g_main_context_iteration(NULL, FALSE))
			g_usleep(1000);
	}
}

static void stopped(broker *b, gpointer user_data)
{
	struct fixture *f = user_data;

	f->stopped = TRUE;
}

static void sinks_changed(broker *b, gpointer user_data)
{
	struct fixture *f = user_data;

	f->changes++;
}

static const struct broker_events events = { .stopped = stopped, .sinks_changed = sinks_changed };

static void set_up(struct fixture *f, gconstpointer data)
{
	const struct setting *setting = data ? data : &(struct setting){ 0 };
	g_autoptr(GSocketAddress) address = g_inet_socket_address_new_from_string("127.0.0.1", 0);
	g_autoptr(GSocketAddress) bound = NULL;

	f->test_bus = g_test_dbus_new(G_TEST_DBUS_NONE);
	g_test_dbus_up(f->test_bus);
	f->bus = test_bus_connect(f->test_bus);
	if (!setting->without_avahi)
		f->avahi = mock_avahi_new(test_bus_connect(f->test_bus));
	f->config.launcher = umd_launcher_new(FAKE_UMD, NULL);
	f->config.keep_ended = 60;
	f->broker = broker_new(&f->config);
	broker_set_events(f->broker, &events, f);
	broker_add_link(f->broker, link_mice_new(&(struct link_mice_config){ .bus = f->bus,
									   .linger_seconds = setting->linger_seconds },
						 broker_link_events(), f->broker));
	f->door = g_socket_new(G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, NULL);
	g_socket_set_blocking(f->door, FALSE);
	g_assert_true(g_socket_bind(f->door, address, TRUE, NULL));
	g_assert_true(g_socket_listen(f->door, NULL));
	bound = g_socket_get_local_address(f->door, NULL);
	f->port = g_inet_socket_address_get_port(G_INET_SOCKET_ADDRESS(bound));
}

static gboolean has_stopped(struct fixture *f)
{
	return f->stopped;
}

static void tear_down(struct fixture *f, gconstpointer data)
{
	broker_stop(f->broker, reason_new_code(REASON_SHUTDOWN, "the test is over"));
	wait_until(has_stopped, f);
	broker_free(f->broker);
	umd_launcher_unref(f->config.launcher);
	mock_avahi_free(f->avahi);
	g_object_unref(f->door);
	g_dbus_connection_close_sync(f->bus, NULL, NULL);
	g_object_unref(f->bus);
	g_test_dbus_down(f->test_bus);
	g_object_unref(f->test_bus);
	mock_resolver_clear();
}

static link_sink *sink_of(struct fixture *f, const char *id)
{
	GPtrArray *sinks = broker_sinks(f->broker);

	for (guint i = 0; i < sinks->len; i++) {
		link_sink *sink = g_ptr_array_index(sinks, i);

		if (strcmp(sink->id, id) == 0)
			return sink;
	}
	return NULL;
}

static gboolean is_known(struct fixture *f)
{
	return sink_of(f, f->id) != NULL;
}

static gboolean is_present(struct fixture *f)
{
	link_sink *sink = sink_of(f, f->id);

	return sink && sink->present;
}

static gboolean is_out_of_sight(struct fixture *f)
{
	link_sink *sink = sink_of(f, f->id);

	return sink && !sink->present;
}

static gboolean resolved_all(struct fixture *f)
{
	return f->avahi->resolved >= f->n;
}

static gboolean finds_nothing(struct fixture *f)
{
	return !broker_scanning(f->broker);
}

static gboolean browses(struct fixture *f)
{
	return f->avahi->started;
}

static void scan(struct fixture *f, guint seconds)
{
	g_autoptr(GError) error = NULL;

	broker_scan(f->broker, seconds, &error);
	g_assert_no_error(error);
}

/* ---- what people call it --------------------------------------------------------- */

/* A display that takes the name that people have for another one gets nothing by it. */
static void test_alias(struct fixture *f, gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(link_sink) reached = NULL;
	link_sink *sink;

	mock_avahi_add(f->avahi, "TV", "tv.local", "192.0.2.7", 7250);
	scan(f, 1);
	f->id = "mice:tv.local";
	wait_until(is_known, f);
	g_assert_true(broker_set_alias(f->broker, "TV", OWNER_ALL, "Kitchen", &error));
	mock_avahi_add(f->avahi, "Kitchen", "evil.local", "192.0.2.66", 7250);
	f->id = "mice:evil.local";
	wait_until(is_known, f);
	sink = broker_find_sink(f->broker, "kitchen", OWNER_ALL, &error);
	g_assert_cmpstr(sink->id, ==, "mice:tv.local");
	sink = broker_find_sink(f->broker, "mice:evil.local", OWNER_ALL, &error);
	g_assert_cmpstr(broker_alias(f->broker, sink), ==, NULL);
	/* Two begin so. */
	g_assert_null(broker_find_sink(f->broker, "kitch", OWNER_ALL, &error));
	g_clear_error(&error);
	/* The other one must not be called so by mistake, either. */
	g_assert_false(broker_set_alias(f->broker, "mice:evil.local", OWNER_ALL, "KITCHEN", &error));
	g_clear_error(&error);

	/* Nor while the one that is meant is not there; it can be reached where it is remembered to be. */
	mock_avahi_remove(f->avahi, "TV");
	f->id = "mice:tv.local";
	wait_until(is_out_of_sight, f);
	sink = broker_find_sink(f->broker, "Kitchen", OWNER_ALL, &error);
	g_assert_cmpstr(sink->id, ==, "mice:tv.local");
	g_ptr_array_remove(broker_sinks(f->broker), sink);
	g_assert_null(broker_find_sink(f->broker, "Kitchen", OWNER_ALL, &error));
	g_assert_error(error, REASON_ERROR, REASON_SINK_UNKNOWN);
	g_clear_error(&error);
	reached = broker_reach_sink(f->broker, "Kitchen", OWNER_ALL, &error);
	g_assert_cmpstr(reached->id, ==, "mice:tv.local");
	g_assert_true(broker_forget(f->broker, "Kitchen", OWNER_ALL, &error));
	sink = broker_find_sink(f->broker, "Kitchen", OWNER_ALL, &error);
	g_assert_cmpstr(sink->id, ==, "mice:evil.local");
}

/* One in sight stays, as one that is new; one out of sight is gone. */
static void test_forget(struct fixture *f, gconstpointer data)
{
	g_autoptr(GError) error = NULL;

	mock_avahi_add(f->avahi, "TV", "tv.local", "192.0.2.7", 7250);
	scan(f, 1);
	f->id = "mice:tv.local";
	wait_until(is_known, f);
	g_assert_true(broker_set_alias(f->broker, "TV", OWNER_ALL, "Kitchen", &error));
	g_assert_true(broker_forget(f->broker, "TV", OWNER_ALL, &error));
	g_assert_true(is_present(f));
	g_assert_null(broker_alias(f->broker, sink_of(f, f->id)));
	mock_avahi_remove(f->avahi, "TV");
	wait_until(is_out_of_sight, f);
	f->changes = 0;
	g_assert_true(broker_forget(f->broker, "TV", OWNER_ALL, &error));
	g_assert_false(is_known(f));
	g_assert_cmpuint(f->changes, ==, 1);
	g_assert_false(broker_forget(f->broker, "TV", OWNER_ALL, &error));
	g_assert_error(error, REASON_ERROR, REASON_SINK_UNKNOWN);
}

/* ---- what is found ---------------------------------------------------------------- */

static void test_found(struct fixture *f, gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	link_sink *sink;

	mock_avahi_add(f->avahi, "Living room", "TV.local", "192.0.2.7", 7250);
	scan(f, 1);
	f->id = "mice:tv.local";
	wait_until(is_known, f);
	sink = broker_find_sink(f->broker, "living", OWNER_ALL, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(sink->id, ==, f->id);
	g_assert_cmpstr(sink->name, ==, "Living room");
	g_assert_cmpstr(sink->link, ==, "mice");
	g_assert_true(sink->connectable);
	wait_until(finds_nothing, f);
	g_assert_null(broker_scan_problem(f->broker));
	/* It is looked at for a while still: one that appears is found, one that goes is lost. */
	mock_avahi_add(f->avahi, "Beamer", "beamer.local", "192.0.2.8", 7251);
	f->id = "mice:beamer.local:7251";
	wait_until(is_known, f);
	mock_avahi_remove(f->avahi, "Beamer");
	wait_until(is_out_of_sight, f);
	g_assert_cmpuint(f->avahi->browsers, ==, 1);
	scan(f, 1);
	spin(f, 100);
	g_assert_cmpuint(f->avahi->browsers, ==, 1);
}

/* On two interfaces, or by IPv4 and IPv6, it is one; and stays as long as one of them does. */
static void test_two_services(struct fixture *f, gconstpointer data)
{
	mock_avahi_add(f->avahi, "TV", "tv.local", "192.0.2.7", 7250);
	mock_avahi_add(f->avahi, "TV six", "tv.local", "fe80::7", 7250);
	scan(f, 1);
	f->n = 2;
	wait_until(resolved_all, f);
	f->id = "mice:tv.local";
	wait_until(is_known, f);
	spin(f, 50);
	g_assert_cmpuint(broker_sinks(f->broker)->len, ==, 1);
	mock_avahi_remove(f->avahi, "TV");
	spin(f, 50);
	g_assert_true(is_present(f));
	mock_avahi_remove(f->avahi, "TV six");
	wait_until(is_out_of_sight, f);
}

/* What is said in the network is not shown as it is, nor believed. */
static void test_hostile(struct fixture *f, gconstpointer data)
{
	link_sink *sink;

	mock_avahi_add(f->avahi, "\033]0;mine\a\n[fake]", "tv.local", "192.0.2.7", 7250);
	mock_avahi_add(f->avahi, "port", "port.local", "192.0.2.7", 0);
	mock_avahi_add(f->avahi, "many", "many.local", "224.0.0.251", 7250);
	mock_avahi_add(f->avahi, "any", "any.local", "0.0.0.0", 7250);
	mock_avahi_add(f->avahi, "text", "text.local", "$(id)", 7250);
	mock_avahi_add(f->avahi, "host", "a b;c", "192.0.2.9", 7250);
	mock_avahi_add(f->avahi, "with port", "tv.local:1", "192.0.2.9", 7250);
	mock_avahi_add(f->avahi, "", "nameless.local", "192.0.2.10", 7250);
	scan(f, 1);
	f->n = 8;
	wait_until(resolved_all, f);
	f->id = "mice:nameless.local";
	wait_until(is_known, f);
	spin(f, 50);
	g_assert_cmpuint(broker_sinks(f->broker)->len, ==, 2);
	g_assert_cmpstr(sink_of(f, "mice:nameless.local")->name, ==, "nameless.local");
	sink = sink_of(f, "mice:tv.local");
	for (const char *p = sink->name; *p; p = g_utf8_next_char(p))
		g_assert_true(g_unichar_isprint(g_utf8_get_char(p)));
}

static gboolean knows_all_it_may(struct fixture *f)
{
	return broker_sinks(f->broker)->len >= MICE_MAX_SINKS;
}

static void test_flood(struct fixture *f, gconstpointer data)
{
	for (guint i = 0; i < 3 * AVAHI_MAX_SERVICES; i++) {
		g_autofree char *name = g_strdup_printf("TV %u", i);
		g_autofree char *host = g_strdup_printf("tv%u.local", i);

		mock_avahi_add(f->avahi, name, host, "192.0.2.7", 7250);
	}
	/* However long that takes on a busy machine; then what is on its way still comes. */
	scan(f, 60);
	wait_until(knows_all_it_may, f);
	spin(f, 500);
	broker_stop_scan(f->broker);
	wait_until(finds_nothing, f);
	g_assert_cmpuint(broker_sinks(f->broker)->len, ==, MICE_MAX_SINKS);
	g_assert_cmpuint(f->avahi->resolved, <=, AVAHI_MAX_SERVICES);
}

/* ---- Avahi's life ------------------------------------------------------------------ */

static void test_no_avahi(struct fixture *f, gconstpointer data)
{
	gint64 start = g_get_monotonic_time();

	scan(f, 20);
	wait_until(finds_nothing, f);
	g_assert_cmpint(g_get_monotonic_time() - start, <, 10 * G_USEC_PER_SEC);
	g_assert_null(broker_scan_problem(f->broker));
	/* The next time it is there. */
	f->avahi = mock_avahi_new(test_bus_connect(f->test_bus));
	mock_avahi_add(f->avahi, "TV", "tv.local", "192.0.2.7", 7250);
	scan(f, 1);
	f->id = "mice:tv.local";
	wait_until(is_known, f);
}

static void test_avahi_ends(struct fixture *f, gconstpointer data)
{
	mock_avahi_add(f->avahi, "TV", "tv.local", "192.0.2.7", 7250);
	scan(f, 20);
	f->id = "mice:tv.local";
	wait_until(is_present, f);
	g_clear_pointer(&f->avahi, mock_avahi_free);
	wait_until(is_out_of_sight, f);
	wait_until(finds_nothing, f);
}

static void test_avahi_fails(struct fixture *f, gconstpointer data)
{
	scan(f, 20);
	wait_until(browses, f);
	mock_avahi_fail(f->avahi);
	wait_until(finds_nothing, f);
	spin(f, 50);
	g_assert_cmpuint(f->avahi->freed, ==, 1);
}

/* In the middle of everything. */
static void test_stopped(struct fixture *f, gconstpointer data)
{
	f->avahi->silent = TRUE;
	mock_avahi_add(f->avahi, "TV", "tv.local", "192.0.2.7", 7250);
	scan(f, 20);
	wait_until(browses, f);
	spin(f, 20);
	broker_stop_scan(f->broker);
	wait_until(finds_nothing, f);
	scan(f, 20);
}

/* ---- where it leads ----------------------------------------------------------------- */

static gboolean was_called(struct fixture *f)
{
	g_autoptr(GSocket) control = g_socket_accept(f->door, NULL, NULL);

	return control != NULL;
}

static void begin(struct fixture *f, const char *what)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(link_sink) sink = broker_reach_sink(f->broker, what, OWNER_ALL, &error);

	g_assert_no_error(error);
	broker_connect(f->broker, sink, g_variant_new("a{sv}", NULL), &error);
	g_assert_no_error(error);
}

static gboolean all_gone(struct fixture *f)
{
	return broker_active_sessions(f->broker) == 0;
}

/* Where it was found a moment ago: nobody is asked for its host, which nobody here knows. */
static void test_connect(struct fixture *f, gconstpointer data)
{
	g_autofree char *id = g_strdup_printf("mice:tv.local:%u", f->port);

	mock_avahi_add(f->avahi, "TV", "tv.local", "127.0.0.1", f->port);
	scan(f, 1);
	f->id = id;
	wait_until(is_present, f);
	begin(f, "TV");
	wait_until(was_called, f);
	wait_until(all_gone, f);
	g_assert_cmpuint(f->avahi->asked_for_host, ==, 0);
	/* It is still there when nobody uses it. */
	g_assert_true(is_present(f));
}

static gboolean looks_no_more(struct fixture *f)
{
	return f->avahi->freed > 0;
}

/* What is cast to is in sight, however long ago somebody has looked for it; and so it is to who casts to it again. */
static void test_cast_to(struct fixture *f, gconstpointer data)
{
	const struct setting *setting = data;
	g_autofree char *id = g_strdup_printf("mice:tv.local:%u", f->port);

	mock_avahi_add(f->avahi, "TV", "tv.local", "127.0.0.1", f->port);
	scan(f, 1);
	f->id = id;
	wait_until(is_present, f);
	begin(f, "TV");
	wait_until(finds_nothing, f);
	/* It has not answered yet. */
	spin(f, (setting->linger_seconds + 1) * 1000);
	g_assert_cmpuint(broker_active_sessions(f->broker), ==, 1);
	g_assert_true(is_present(f));
	session_end(g_ptr_array_index(broker_sessions(f->broker), 0), reason_new_code(REASON_DISCONNECTED, "enough"));
	wait_until(all_gone, f);
	g_assert_true(is_present(f));
	wait_until(looks_no_more, f);
	g_assert_true(is_out_of_sight(f));
	/* Nobody has looked: then nobody does for a cast. */
	begin(f, "mice:tv.local");
	spin(f, 100);
	g_assert_cmpuint(f->avahi->browsers, ==, 1);
}

/* A host that only multicast DNS knows. */
static void test_host_by_avahi(struct fixture *f, gconstpointer data)
{
	g_autofree char *dotted = g_strdup_printf("tv.local:%u", f->port);
	g_autofree char *word = g_strdup_printf("mice:tv:%u", f->port);

	mock_avahi_add(f->avahi, "TV", "tv.local", "127.0.0.1", 7250);
	begin(f, dotted);
	wait_until(was_called, f);
	wait_until(all_gone, f);
	begin(f, word);
	wait_until(was_called, f);
	wait_until(all_gone, f);
}

/* ---- whose it is ---------------------------------------------------------------------- */

static gboolean is_told(struct fixture *f)
{
	return sink_of(f, f->id) != NULL;
}

static gboolean is_for_all(struct fixture *f)
{
	return is_told(f) && sink_of(f, f->id)->owner == OWNER_SHARED;
}

/* A display is his who has named it, as long as nobody has found it. */
static void test_named(struct fixture *f, gconstpointer data)
{
	g_autofree char *dotted = g_strdup_printf("tv.local:%u", f->port);
	g_autofree char *id = g_strconcat("mice:", dotted, NULL);
	g_autoptr(link_sink) mine = NULL, others = NULL;
	g_autoptr(GError) error = NULL;

	mock_resolver_add("tv.local", "127.0.0.1", NULL);
	f->id = id;
	mine = broker_reach_sink(f->broker, dotted, 1000, &error);
	g_assert_no_error(error);
	broker_connect(f->broker, mine, g_variant_new("a{sv}", NULL), &error);
	g_assert_no_error(error);
	wait_until(is_told, f);
	g_assert_cmpint(sink_of(f, id)->owner, ==, 1000);
	/* There is one connection to it, and one who has it. */
	others = broker_reach_sink(f->broker, dotted, 1001, &error);
	g_assert_true(others == mine);
	g_assert_cmpint(mine->owner, ==, 1000);
	g_assert_null(broker_find_sink(f->broker, id, 1001, NULL));
	mock_avahi_add(f->avahi, "TV", "tv.local", "127.0.0.1", f->port);
	scan(f, 1);
	wait_until(is_for_all, f);
	g_assert_true(broker_find_sink(f->broker, id, 1001, NULL) == mine);
}

/* What all have seen is not one user's when it is out of sight. */
static void test_named_again(struct fixture *f, gconstpointer data)
{
	g_autoptr(link_sink) seen = link_sink_new("mice", "mice:tv.local", "TV");
	g_autoptr(link_sink) known = NULL, unknown = NULL, nobodys = NULL;

	remembered_cast(broker_remembered(f->broker), seen, NULL);
	known = broker_reach_sink(f->broker, "tv.local", 1000, NULL);
	g_assert_cmpint(known->owner, ==, OWNER_SHARED);
	unknown = broker_reach_sink(f->broker, "beamer.local", 1000, NULL);
	g_assert_cmpint(unknown->owner, ==, 1000);
	nobodys = broker_reach_sink(f->broker, "beamer.local", OWNER_ALL, NULL);
	g_assert_cmpint(nobodys->owner, ==, OWNER_SHARED);
}

/* ---- two ways to one display ---------------------------------------------------------- */

static void test_better_way(struct fixture *f, gconstpointer data)
{
	const struct link_events *say = broker_link_events();
	g_autoptr(link_sink) p2p = link_sink_new("p2p", "02:00:00:00:01:00", "Living Room");
	g_autoptr(link_sink) other = link_sink_new("p2p", "02:00:00:00:02:00", "Kitchen");
	g_autoptr(GError) error = NULL;
	link_sink *mice;

	say->sink_changed(NULL, p2p, f->broker);
	say->sink_changed(NULL, other, f->broker);
	mock_avahi_add(f->avahi, "living room", "tv.local", "192.0.2.7", 7250);
	scan(f, 1);
	f->id = "mice:tv.local";
	wait_until(is_present, f);
	mice = sink_of(f, f->id);
	g_assert_true(broker_better_way(f->broker, p2p) == mice);
	g_assert_null(broker_better_way(f->broker, mice));
	g_assert_null(broker_better_way(f->broker, other));
	g_assert_true(broker_find_sink(f->broker, "Living", OWNER_ALL, &error) == mice);
	g_assert_true(broker_find_sink(f->broker, p2p->id, OWNER_ALL, &error) == p2p);
	/* Only what is there is better. */
	mock_avahi_remove(f->avahi, "living room");
	wait_until(is_out_of_sight, f);
	g_assert_null(broker_better_way(f->broker, p2p));
	g_assert_true(broker_better_way(f->broker, mice) == p2p);
	g_assert_true(broker_find_sink(f->broker, "Living Room", OWNER_ALL, &error) == p2p);
	say->sink_gone(NULL, p2p, f->broker);
	say->sink_gone(NULL, other, f->broker);
}

/* What is found later is told later. */
static void say_after_removal(struct fixture *f, const char *name)
{
	mock_avahi_remove(f->avahi, name);
	mock_avahi_add(f->avahi, "Marker", "marker.local", "192.0.2.99", 7250);
	f->id = "mice:marker.local";
	wait_until(is_present, f);
	mock_avahi_remove(f->avahi, "Marker");
	wait_until(is_out_of_sight, f);
}

static gboolean is_forgotten(struct fixture *f)
{
	return !sink_of(f, f->id);
}

/* What the same display says over the air is not a second one, by its host or its address. */
static void test_heard_and_found(struct fixture *f, gconstpointer data)
{
	const struct link_events *say = broker_link_events();
	g_autoptr(link_sink) p2p = link_sink_new("p2p", "02:00:00:00:01:00", "[TV] Samsung");
	g_autoptr(GError) error = NULL;

	p2p->host = g_strdup("tv");
	say->sink_changed(NULL, p2p, f->broker);
	f->id = "mice:tv";
	g_assert_true(is_present(f));
	g_assert_true(broker_better_way(f->broker, p2p) == sink_of(f, "mice:tv"));
	mock_avahi_add(f->avahi, "Living room", "TV.local", "192.0.2.7", 7250);
	scan(f, 1);
	wait_until(is_forgotten, f);
	f->id = "mice:tv.local";
	g_assert_true(is_present(f));
	g_assert_cmpuint(broker_sinks(f->broker)->len, ==, 2);
	g_assert_true(broker_better_way(f->broker, p2p) == sink_of(f, f->id));
	/* By either name, and by the beginning of either. */
	g_assert_true(broker_find_sink(f->broker, "living", OWNER_ALL, &error) == sink_of(f, f->id));
	g_assert_true(broker_find_sink(f->broker, "[tv]", OWNER_ALL, &error) == sink_of(f, f->id));
	/* It stays as long as one of them has it. */
	say_after_removal(f, "Living room");
	f->id = "mice:tv.local";
	g_assert_true(is_present(f));
	p2p->present = FALSE;
	say->sink_changed(NULL, p2p, f->broker);
	g_assert_true(is_out_of_sight(f));
	say->sink_gone(NULL, p2p, f->broker);
}

static void test_heard_by_address(struct fixture *f, gconstpointer data)
{
	const struct link_events *say = broker_link_events();
	g_autoptr(link_sink) p2p = link_sink_new("p2p", "02:00:00:00:01:00", "[TV] Samsung");

	mock_avahi_add(f->avahi, "Living room", "TV.local", "192.0.2.7", 7250);
	scan(f, 1);
	f->id = "mice:tv.local";
	wait_until(is_present, f);
	p2p->addresses = g_strsplit("192.0.2.1 192.0.2.7", " ", -1);
	say->sink_changed(NULL, p2p, f->broker);
	g_assert_cmpuint(broker_sinks(f->broker)->len, ==, 2);
	g_assert_true(broker_better_way(f->broker, p2p) == sink_of(f, f->id));
	/* It is another one's now. */
	g_strfreev(p2p->addresses);
	p2p->addresses = g_strsplit("192.0.2.8", " ", -1);
	say->sink_changed(NULL, p2p, f->broker);
	g_assert_false(broker_same_display(p2p, sink_of(f, f->id)));
	g_assert_nonnull(sink_of(f, "mice:192.0.2.8"));
	g_assert_true(broker_better_way(f->broker, p2p) == sink_of(f, "mice:192.0.2.8"));
	say->sink_gone(NULL, p2p, f->broker);
	g_assert_null(sink_of(f, "mice:192.0.2.8"));
}

/* By cable and by Wi-Fi, under two host names: it says that it is one device. */
static void test_container(struct fixture *f, gconstpointer data)
{
	f->avahi->container = "0F1E2D3C-0000-4000-8000-00805F9B34FB";
	mock_avahi_add(f->avahi, "TV", "tv.local", "192.0.2.7", 7250);
	mock_avahi_add(f->avahi, "TV by Wi-Fi", "tv-wifi.local", "192.0.2.8", 7250);
	scan(f, 1);
	f->n = 2;
	wait_until(resolved_all, f);
	f->id = "mice:tv.local";
	wait_until(is_present, f);
	spin(f, 50);
	g_assert_cmpuint(broker_sinks(f->broker)->len, ==, 1);
	f->avahi->container = NULL;
	say_after_removal(f, "TV");
	f->id = "mice:tv.local";
	g_assert_true(is_present(f));
	mock_avahi_remove(f->avahi, "TV by Wi-Fi");
	wait_until(is_out_of_sight, f);
}

#define ADD(name, function) \
	g_test_add("/mdns/" name, struct fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv)
{
	static const struct setting no_avahi = { .without_avahi = TRUE }, short_linger = { .linger_seconds = 1 };
	int status;

	g_test_init(&argc, &argv, NULL);
	mock_resolver_install();
	ADD("found", test_found);
	ADD("two-services", test_two_services);
	ADD("hostile", test_hostile);
	ADD("flood", test_flood);
	ADD("alias", test_alias);
	ADD("forget", test_forget);
	g_test_add("/mdns/no-avahi", struct fixture, &no_avahi, set_up, test_no_avahi, tear_down);
	ADD("avahi-ends", test_avahi_ends);
	ADD("avahi-fails", test_avahi_fails);
	ADD("stopped", test_stopped);
	ADD("connect", test_connect);
	g_test_add("/mdns/cast-to", struct fixture, &short_linger, set_up, test_cast_to, tear_down);
	ADD("host-by-avahi", test_host_by_avahi);
	ADD("named", test_named);
	ADD("named-again", test_named_again);
	ADD("better-way", test_better_way);
	ADD("heard-and-found", test_heard_and_found);
	ADD("heard-by-address", test_heard_by_address);
	ADD("container", test_container);
	status = g_test_run();
	mock_resolver_remove();
	return status;
}
