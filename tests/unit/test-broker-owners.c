// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Whose a session is, and what wants an administrator: the daemon's whole interface, with callers of several users, whom
 * the test names, and a polkit that says no.
 */
#include <string.h>
#include <unistd.h>

#include "broker.h"
#include "bus-program.h"
#include "dbus-api.h"
#include "fake-link.h"
#include "link-direct.h"
#include "link-mice.h"
#include "main-loop.h"
#include "miracast1-dbus.h"
#include "mock-polkit.h"
#include "test-bus.h"

#define MANAGER DBUS_API_NAME ".Manager"
#define SESSION DBUS_API_NAME ".Session"
#define CAST DBUS_API_NAME ".cast"
#define MANAGE DBUS_API_NAME ".manage"
#define RTSP_PORT 17242

struct fixture {
	GTestDBus *test_bus;
	GDBusConnection *nowhere; /* a bus without the services that the network has */
	mock_polkit *polkit;
	struct broker_config config;
	broker *broker;
	dbus_api *api;
	gboolean ready, stopped;
	struct program one, other, stranger;
	GString *one_asked, *other_asked; /* what their agents were called with; NULL: they have none */
};

static void free_string(GString *text)
{
	g_string_free(text, TRUE);
}

/* ---- the daemon ---------------------------------------------------------------------- */

static void sinks_changed(broker *b, gpointer user_data)
{
	dbus_api_sinks_changed(((struct fixture *)user_data)->api);
}

static void remembered_has_changed(broker *b, gpointer user_data)
{
	dbus_api_remembered_changed(((struct fixture *)user_data)->api);
}

static void session_added(broker *b, session *s, gpointer user_data)
{
	dbus_api_session_added(((struct fixture *)user_data)->api, s);
}

static void session_has_changed(broker *b, session *s, enum session_change what, gpointer user_data)
{
	dbus_api_session_changed(((struct fixture *)user_data)->api, s, what);
}

static void session_removed(broker *b, session *s, gpointer user_data)
{
	dbus_api_session_removed(((struct fixture *)user_data)->api, s);
}

static void stopped(broker *b, gpointer user_data)
{
	((struct fixture *)user_data)->stopped = TRUE;
}

static const struct broker_events events = {
	.sinks_changed = sinks_changed,
	.remembered_changed = remembered_has_changed,
	.session_added = session_added,
	.session_changed = session_has_changed,
	.session_removed = session_removed,
	.stopped = stopped,
};

static void ready(gpointer user_data)
{
	((struct fixture *)user_data)->ready = TRUE;
}

static void failed(const GError *error, gpointer user_data)
{
	g_assert_no_error(error);
}

static void used(gpointer user_data)
{
}

static const struct dbus_api_funcs funcs = { .ready = ready, .failed = failed, .used = used };

static void set_up(struct fixture *f, gconstpointer data)
{
	g_autoptr(GDBusConnection) polkit_bus = NULL;
	g_autoptr(link_sink) tv = link_sink_new("p2p", "02:00:00:00:01:00", "TV");
	struct fake_link *p2p;

	f->test_bus = g_test_dbus_new(G_TEST_DBUS_NONE);
	g_test_dbus_up(f->test_bus);
	polkit_bus = test_bus_connect(f->test_bus);
	f->polkit = mock_polkit_new(polkit_bus);
	f->polkit->mood = MOCK_POLKIT_DENIES;
	f->config.launcher = umd_launcher_new(FAKE_UMD, NULL);
	f->config.keep_ended = 60;
	f->broker = broker_new(&f->config);
	p2p = fake_link_new("p2p", f->broker);
	broker_add_link(f->broker, &p2p->base);
	broker_add_link(f->broker, link_direct_new(broker_link_events(), f->broker));
	f->nowhere = test_bus_connect(f->test_bus);
	broker_add_link(f->broker, link_mice_new(&(struct link_mice_config){ .bus = f->nowhere, .rtsp_port = RTSP_PORT },
						 broker_link_events(), f->broker));
	f->api = dbus_api_new(f->broker,
			      &(struct dbus_api_config){ .bus = G_BUS_TYPE_SESSION,
							 .diagnosis.launcher = f->config.launcher },
			      &funcs, f);
	broker_set_events(f->broker, &events, f);
	fake_link_sink(p2p, tv, TRUE);
	WAIT(f->ready);
	program_begin(&f->one, f->test_bus, getuid() + 1000, TRUE);
	program_begin(&f->other, f->test_bus, getuid() + 1001, TRUE);
	program_begin(&f->stranger, f->test_bus, getuid() + 1002, FALSE);
}

static void tear_down(struct fixture *f, gconstpointer data)
{
	broker_stop(f->broker, reason_new_code(REASON_SHUTDOWN, "the test is over"));
	WAIT(f->stopped);
	dbus_api_free(f->api);
	broker_free(f->broker);
	umd_launcher_unref(f->config.launcher);
	program_end(&f->one);
	program_end(&f->other);
	program_end(&f->stranger);
	mock_polkit_free(f->polkit);
	g_object_unref(f->nowhere);
	g_test_dbus_down(f->test_bus);
	g_clear_pointer(&f->one_asked, free_string);
	g_clear_pointer(&f->other_asked, free_string);
	g_object_unref(f->test_bus);
}

/* ---- programs -------------------------------------------------------------------------- */

static gboolean call(struct program *p, const char *path, const char *interface, const char *method, GVariant *arguments)
{
	return program_call(p, DBUS_API_NAME, path, interface, method, arguments);
}

static gboolean manage(struct program *p, const char *method, GVariant *arguments)
{
	return call(p, DBUS_API_PATH "/Manager", MANAGER, method, arguments);
}

static gboolean listens(struct program *p, gboolean from)
{
	return manage(p, "Listen",
		      g_variant_new_parsed(from ? "('127.0.0.1:0', {'from': <'127.0.0.1'>})" : "('127.0.0.1:0', @a{sv} {})"));
}

static gboolean sees(struct program *p, guint id)
{
	g_autofree char *path = g_strdup_printf(DBUS_API_PATH "/Session/%u", id);

	return program_lists(p, DBUS_API_NAME, DBUS_API_PATH, path);
}

/* The first session is that of @p, and @other can do nothing with it. */
static void assert_owner(struct fixture *f, struct program *p, struct program *other)
{
	session *s = g_ptr_array_index(broker_sessions(f->broker), 0);

	g_assert_true(sees(p, 1));
	g_assert_false(sees(other, 1));
	g_assert_false(call(other, DBUS_API_PATH "/Session/1", SESSION, "Disconnect", NULL));
	g_assert_error(other->error, REASON_ERROR, REASON_OTHERS_CAST);
	g_assert_true(manage(other, "DisconnectAll", NULL));
	/* It may have come further meanwhile. */
	g_assert_cmpint(session_state(s), <, SESSION_ENDING);
	g_assert_true(manage(p, "DisconnectAll", NULL));
	g_assert_cmpint(session_state(s), >=, SESSION_ENDING);
}

/* ---- tests ------------------------------------------------------------------------------- */

static void test_connect(struct fixture *f, gconstpointer data)
{
	g_assert_false(manage(&f->stranger, "Connect", g_variant_new_parsed("('TV', @a{sv} {})")));
	g_assert_error(f->stranger.error, REASON_ERROR, REASON_NOT_ALLOWED);
	g_assert_cmpuint(broker_sessions(f->broker)->len, ==, 0);
	g_assert_true(manage(&f->one, "Connect", g_variant_new_parsed("('TV', @a{sv} {})")));
	assert_owner(f, &f->one, &f->other);
}

/* What comes of listening is his who listens, whoever has called. */
static void test_listen(struct fixture *f, gconstpointer data)
{
	g_autoptr(GSocketClient) client = g_socket_client_new();
	g_autoptr(GSocketConnection) sink = NULL;
	const char *bound;

	g_assert_true(listens(&f->one, GPOINTER_TO_INT(data)));
	g_variant_get(f->one.reply, "(&s)", &bound);
	sink = g_socket_client_connect_to_host(client, bound, 0, NULL, NULL);
	g_assert_nonnull(sink);
	WAIT(broker_sessions(f->broker)->len == 1);
	assert_owner(f, &f->one, &f->other);
}

/* A call to the address that @p listens on, with nobody named. */
static GSocketConnection *call_listener(struct fixture *f, struct program *p, const char *host)
{
	g_autoptr(GSocketClient) client = g_socket_client_new();
	g_autoptr(GSocketAddress) local = g_inet_socket_address_new_from_string(host, 0);
	GSocketConnection *sink;
	const char *bound;

	g_assert_true(listens(p, FALSE));
	g_variant_get(p->reply, "(&s)", &bound);
	g_socket_client_set_local_address(client, local);
	sink = g_socket_client_connect_to_host(client, bound, 0, NULL, NULL);
	g_assert_nonnull(sink);
	WAIT(broker_sessions(f->broker)->len > 0);
	return sink;
}

/* Nobody says yes for somebody else; and who says it for himself has the session at once. */
static void test_accept(struct fixture *f, gconstpointer data)
{
	g_autoptr(GSocketConnection) sink = call_listener(f, &f->one, "127.0.0.1");
	session *s = g_ptr_array_index(broker_sessions(f->broker), 0);

	g_assert_false(call(&f->other, DBUS_API_PATH "/Session/1", SESSION, "Accept", NULL));
	g_assert_error(f->other.error, REASON_ERROR, REASON_OTHERS_CAST);
	g_assert_false(call(&f->stranger, DBUS_API_PATH "/Session/1", SESSION, "Accept", NULL));
	g_assert_cmpint(session_state(s), ==, SESSION_ASKING);
	g_assert_true(call(&f->one, DBUS_API_PATH "/Session/1", SESSION, "Accept", NULL));
	g_assert_cmpint(session_state(s), >, SESSION_ASKING);
	g_assert_false(call(&f->one, DBUS_API_PATH "/Session/1", SESSION, "Accept", NULL));
	g_assert_error(f->one.error, REASON_ERROR, REASON_CONSENT_NOT_WANTED);
}

/* It is a matter of who may cast, as the rest of what is done with one's own casts. */
static void test_accept_action(struct fixture *f, gconstpointer data)
{
	g_autoptr(GSocketConnection) sink = NULL;

	f->polkit->mood = MOCK_POLKIT_ALLOWS;
	sink = call_listener(f, &f->stranger, "127.0.0.1");
	g_assert_true(call(&f->stranger, DBUS_API_PATH "/Session/1", SESSION, "Accept", NULL));
	g_assert_cmpstr(f->polkit->action, ==, CAST);
}

/* ---- whose a display is ------------------------------------------------------------------ */

/* Of whatever the daemon shows to @p: how often @what is in it. */
static guint count_shown(struct program *p, const char *what)
{
	g_autofree char *all = NULL;
	guint n = 0;

	g_assert_true(call(p, DBUS_API_PATH, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects", NULL));
	all = g_variant_print(p->reply, FALSE);
	for (const char *next = all; (next = strstr(next, what)); next++)
		n++;
	return n;
}

static gboolean shows(struct program *p, const char *property, const char *what)
{
	g_autofree char *all = NULL;

	g_assert_true(call(p, DBUS_API_PATH "/Manager", "org.freedesktop.DBus.Properties", "Get",
			   g_variant_new("(ss)", MANAGER, property)));
	all = g_variant_print(p->reply, FALSE);
	return strstr(all, what) != NULL;
}

/* Nothing that @p can ask has @what in its answer, and no question shows that it is there. */
static void assert_hidden(struct fixture *f, struct program *p, const char *what, const char *part)
{
	static const char *const methods[] = { "SetAlias", "SetAutoconnect", "Forget" };
	static const char *const arguments[] = { "(%s, 'mine')", "(%s, true)", "(%s,)" };
	const char *const ways[] = { what, part };
	g_autofree char *unknown = NULL;

	g_assert_cmpuint(count_shown(p, what), ==, 0);
	g_assert_false(shows(p, "Sinks", what));
	g_assert_false(shows(p, "Remembered", what));
	for (guint i = 0; i < G_N_ELEMENTS(ways); i++) {
		g_autofree char *known = g_strdup_printf("no display \"%s\" is known", ways[i]);

		for (guint j = 0; j < G_N_ELEMENTS(methods); j++) {
			g_assert_false(manage(p, methods[j], g_variant_new_parsed(arguments[j], ways[i])));
			g_assert_error(p->error, REASON_ERROR, REASON_SINK_UNKNOWN);
			g_assert_nonnull(strstr(p->error->message, known));
		}
	}
	/* Of what is no address. */
	unknown = g_strdup_printf("no display \"%s\" has been found", part);
	g_assert_false(manage(p, "Connect", g_variant_new_parsed("(%s, @a{sv} {})", part)));
	g_assert_error(p->error, REASON_ERROR, REASON_SINK_UNKNOWN);
	g_assert_nonnull(strstr(p->error->message, unknown));
}

static void assert_shown(struct program *p, const char *what)
{
	g_assert_cmpuint(count_shown(p, what), >, 0);
	g_assert_true(shows(p, "Sinks", what));
	g_assert_true(shows(p, "Remembered", what));
}

/* Who has called where somebody listens is his, and what he says of it as well; also when it has gone. */
static void test_caller(struct fixture *f, gconstpointer data)
{
	g_autoptr(GSocketConnection) sink = NULL;
	g_autoptr(GDBusConnection) server = g_bus_get_sync(G_BUS_TYPE_SESSION, NULL, NULL);
	struct program root;

	program_begin(&root, f->test_bus, 0, FALSE);
	program_hear(&f->other, server);
	g_assert_cmpuint(count_shown(&f->other, "127.0.0.2"), ==, 0);
	sink = call_listener(f, &f->one, "127.0.0.2");
	g_assert_true(manage(&f->one, "SetAlias", g_variant_new_parsed("('127.0.0.2', 'Desk')")));
	assert_shown(&f->one, "'Desk'");
	assert_shown(&root, "'Desk'");
	assert_hidden(f, &f->other, "127.0.0.2", "127.");
	assert_hidden(f, &f->other, "Desk", "Des");
	/* The alias is free for what he sees. */
	g_assert_true(manage(&f->other, "SetAlias", g_variant_new_parsed("('TV', 'Desk')")));
	g_assert_true(manage(&f->other, "SetAlias", g_variant_new_parsed("('TV', '')")));
	g_assert_true(call(&f->one, DBUS_API_PATH "/Session/1", SESSION, "Disconnect", NULL));
	WAIT(!shows(&f->one, "Sinks", "Desk"));
	g_assert_true(shows(&f->one, "Remembered", "Desk"));
	g_assert_cmpuint(count_shown(&f->one, "'Desk'"), >, 0);
	assert_hidden(f, &f->other, "127.0.0.2", "127.");
	assert_hidden(f, &f->other, "Desk", "Des");
	g_assert_true(manage(&f->one, "Forget", g_variant_new_parsed("('Desk',)")));
	/* Of the alias of the TV, and of nothing else. */
	turn(100);
	g_assert_null(strstr(f->other.heard->str, "+"));
	g_assert_null(strstr(f->other.heard->str, "-"));
	g_assert_true(!f->other.said || !strstr(f->other.said, "127.0.0.2"));
	program_end(&root);
}

/* So is who is cast to by his address, whatever comes of it. */
static void test_named(struct fixture *f, gconstpointer data)
{
	g_autoptr(GSocketListener) display = g_socket_listener_new();
	guint16 port = g_socket_listener_add_any_inet_port(display, NULL, NULL);
	g_autofree char *address = g_strdup_printf("127.0.0.1:%u", port);
	g_autofree char *id = g_strconcat("mice:", address, NULL);
	struct program root;

	program_begin(&root, f->test_bus, 0, FALSE);
	/* It takes the call, and says nothing. */
	g_assert_true(manage(&f->one, "Connect", g_variant_new_parsed("(%s, @a{sv} {})", address)));
	g_assert_true(manage(&f->one, "SetAlias", g_variant_new_parsed("(%s, 'Desk')", id)));
	assert_shown(&f->one, "'Desk'");
	assert_shown(&root, "'Desk'");
	assert_hidden(f, &f->other, "Desk", "Des");
	assert_hidden(f, &f->other, id, "12");
	g_assert_true(call(&f->one, DBUS_API_PATH "/Session/1", SESSION, "Disconnect", NULL));
	WAIT(!shows(&f->one, "Sinks", "Desk"));
	g_assert_true(shows(&f->one, "Remembered", "Desk"));
	assert_hidden(f, &f->other, "Desk", "Des");
	assert_hidden(f, &f->other, id, "12");
	/* The other one's of the same address is his, and comes and goes without the first one's. */
	g_assert_true(manage(&f->other, "Connect", g_variant_new_parsed("(%s, @a{sv} {})", address)));
	g_assert_true(manage(&f->other, "SetAlias", g_variant_new_parsed("(%s, 'Wall')", id)));
	assert_shown(&f->other, "'Wall'");
	g_assert_cmpuint(count_shown(&f->other, "'Desk'"), ==, 0);
	g_assert_cmpuint(count_shown(&f->one, "'Wall'"), ==, 0);
	g_assert_false(shows(&f->one, "Remembered", "'Wall'"));
	g_assert_true(shows(&f->one, "Remembered", "'Desk'"));
	/* That it is cast to keeps nobody from forgetting what he has of it. */
	g_assert_false(manage(&f->other, "Forget", g_variant_new_parsed("('Wall',)")));
	g_assert_error(f->other.error, REASON_ERROR, REASON_SINK_BUSY);
	g_assert_true(manage(&f->one, "Forget", g_variant_new_parsed("('Desk',)")));
	g_assert_false(shows(&f->one, "Remembered", "'Desk'"));
	assert_shown(&f->other, "'Wall'");
	program_end(&root);
}

/* What was found is everybody's, whoever has cast to it. */
static void test_found(struct fixture *f, gconstpointer data)
{
	g_assert_true(manage(&f->one, "SetAlias", g_variant_new_parsed("('TV', 'Kitchen')")));
	assert_shown(&f->one, "'Kitchen'");
	assert_shown(&f->other, "'Kitchen'");
	g_assert_true(manage(&f->other, "Forget", g_variant_new_parsed("('kitchen',)")));
	g_assert_cmpuint(count_shown(&f->one, "'Kitchen'"), ==, 0);
}

/* An administrator whom polkit has let at it may do with it what its user may. */
static void test_display_of_others(struct fixture *f, gconstpointer data)
{
	g_autoptr(GSocketConnection) sink = call_listener(f, &f->one, "127.0.0.1");
	static const char display[] = DBUS_API_PATH "/Display/2";

	g_assert_true(program_lists(&f->one, DBUS_API_NAME, DBUS_API_PATH, display));
	g_assert_false(program_lists(&f->other, DBUS_API_NAME, DBUS_API_PATH, display));
	g_assert_false(call(&f->other, display, DBUS_API_NAME ".Display", "SetAlias", g_variant_new("(s)", "Desk")));
	g_assert_error(f->other.error, REASON_ERROR, REASON_OTHERS_CAST);
	f->polkit->mood = MOCK_POLKIT_ALLOWS;
	g_assert_true(call(&f->other, display, DBUS_API_NAME ".Display", "SetAlias", g_variant_new("(s)", "Desk")));
	g_assert_true(shows(&f->one, "Remembered", "'Desk'"));
}

/* ---- who is asked ------------------------------------------------------------------------ */

static void agent_called(GDBusConnection *bus, const char *sender, const char *path, const char *interface,
			 const char *method, GVariant *parameters, GDBusMethodInvocation *invocation, gpointer user_data)
{
	GString *calls = user_data;

	g_string_append_printf(calls, "%s ", method);
	g_dbus_method_invocation_return_value(invocation, NULL);
}

/* What the agent of @p is called with; it answers yes to everything. */
static GString *add_agent(struct program *p)
{
	static const GDBusInterfaceVTable vtable = { .method_call = agent_called };
	g_autoptr(GError) error = NULL;
	GString *calls = g_string_new(NULL);

	g_dbus_connection_register_object(p->bus, "/agent", miracast1_agent_interface_info(), &vtable, calls, NULL, &error);
	g_assert_no_error(error);
	g_assert_true(manage(p, "RegisterAgent", g_variant_new_parsed("(objectpath '/agent',)")));
	return calls;
}

/* Who listens, and nobody else, whoever has registered an agent; also of two programs of one user's. */
static void test_agents(struct fixture *f, gconstpointer data)
{
	g_autoptr(GSocketConnection) sink = NULL;

	if (data)
		f->other.who.uid = f->one.who.uid;
	f->one_asked = add_agent(&f->one);
	f->other_asked = add_agent(&f->other);
	sink = call_listener(f, &f->one, "127.0.0.1");
	WAIT(f->one_asked->len);
	g_assert_cmpstr(f->one_asked->str, ==, "RequestConsent ");
	WAIT(session_state(g_ptr_array_index(broker_sessions(f->broker), 0)) > SESSION_ASKING);
	g_assert_cmpstr(f->other_asked->str, ==, "");
}

/* Which of the two actions polkit is asked about. */
static void test_actions(struct fixture *f, gconstpointer data)
{
	static const struct {
		const char *method, *arguments, *action;
	} rows[] = {
		{ "Scan", "(uint32 1,)", CAST },
		{ "StopScan", "()", CAST },
		{ "Connect", "('TV', @a{sv} {})", CAST },
		{ "RegisterAgent", "(objectpath '/a',)", CAST },
		{ "UnregisterAgent", "()", CAST },
		{ "DisconnectAll", "()", CAST },
		{ "Diagnose", "()", CAST },
		{ "Listen", "('127.0.0.1:0', {'from': <'127.0.0.1'>})", CAST },
		{ "Listen", "('127.0.0.1:0', @a{sv} {})", MANAGE },
		{ "Listen", "('127.0.0.1:0', {'from': <'0.0.0.0/0'>})", MANAGE },
		{ "Listen", "('127.0.0.1:0', {'from': <'126.0.0.0/7'>})", MANAGE },
		{ "Listen", "('127.0.0.1:0', {'from': <'127.0.0.0/8'>})", CAST },
		{ "StopListening", "('127.0.0.1:1',)", MANAGE },
		{ "SetAlias", "('TV', 'x')", MANAGE },
		{ "SetAutoconnect", "('TV', true)", MANAGE },
		{ "Forget", "('TV',)", MANAGE },
	};

	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_assert_false(manage(&f->stranger, rows[i].method, g_variant_new_parsed(rows[i].arguments)));
		g_assert_error(f->stranger.error, REASON_ERROR, REASON_NOT_ALLOWED);
		g_assert_cmpstr(f->polkit->action, ==, rows[i].action);
	}
	g_assert_cmpuint(f->polkit->asks, ==, G_N_ELEMENTS(rows));
}

/* One's own is no matter of all users'. */
static void test_stop_listening(struct fixture *f, gconstpointer data)
{
	g_autofree char *bound = NULL;

	f->polkit->mood = MOCK_POLKIT_ALLOWS;
	g_assert_true(listens(&f->stranger, TRUE));
	g_assert_cmpstr(f->polkit->action, ==, CAST);
	g_variant_get(f->stranger.reply, "(s)", &bound);
	g_assert_true(manage(&f->stranger, "StopListening", g_variant_new("(s)", bound)));
	g_assert_cmpstr(f->polkit->action, ==, CAST);
}

static GLogWriterOutput quiet(GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer user_data)
{
	return level <= G_LOG_LEVEL_CRITICAL ? g_log_writer_default(level, fields, n_fields, NULL) :
					       G_LOG_WRITER_HANDLED;
}

#define TEST(path, function) g_test_add(path, struct fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_log_set_writer_func(quiet, NULL, NULL);
	TEST("/owners/connect", test_connect);
	TEST("/owners/listen", test_listen);
	g_test_add("/owners/listen-from", struct fixture, GINT_TO_POINTER(TRUE), set_up, test_listen, tear_down);
	TEST("/owners/accept", test_accept);
	TEST("/owners/accept-action", test_accept_action);
	TEST("/owners/caller", test_caller);
	TEST("/owners/named", test_named);
	TEST("/owners/found", test_found);
	TEST("/owners/display-of-others", test_display_of_others);
	TEST("/owners/agents", test_agents);
	g_test_add("/owners/agents-of-one-user", struct fixture, GINT_TO_POINTER(TRUE), set_up, test_agents, tear_down);
	TEST("/owners/actions", test_actions);
	TEST("/owners/stop-listening", test_stop_listening);
	return g_test_run();
}
