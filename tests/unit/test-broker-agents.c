// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Programs that ask people, on a bus with the policy that is installed. The link is this test's, and so are the agents.
 */
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "broker.h"
#include "dbus-agents.h"
#include "dbus-api.h"
#include "dbus-caller.h"
#include "fake-link.h"
#include "link-direct.h"
#include "main-loop.h"

#define TV "02:00:00:00:01:00"
#define AGENT_PATH "/agent"

/*
 * A program on the bus. @calls: what its agent was called with; @hold: a question is not answered before answer() or
 * answer_consent(); @refusal: name of the error that RequestConsent is answered with, NULL: yes
 */
struct program {
	GDBusConnection *bus;
	Miracast1Agent *agent;
	GString *calls;
	gboolean hold;
	GDBusMethodInvocation *held;
	const char *pin; /* NULL: an error */
	const char *refusal;
};

struct fixture {
	char *directory, *policy, *config_file;
	GSubprocess *bus_daemon;
	char *address;
	struct broker_config config;
	broker *broker;
	struct fake_link *p2p;
	link_backend *direct;
	GSocketConnection *sink; /* of the display that has called */
	link_sink *tv;
	GDBusConnection *server;
	GDBusObjectManagerServer *objects;
	Miracast1Manager *manager;
	dbus_agents *agents;
	guint used;
	gboolean stopped;
	struct program one, other;
};

/* ---- whose it is --------------------------------------------------------------- */

void __real_dbus_caller_ask(GDBusConnection *bus, const char *name, GCancellable *cancellable, dbus_caller_known *done,
			    gpointer user_data);
void __wrap_dbus_caller_ask(GDBusConnection *bus, const char *name, GCancellable *cancellable, dbus_caller_known *done,
			    gpointer user_data);

/* Of another user; NULL: nobody is. */
static const char *stranger;

struct later {
	dbus_caller_known *done;
	gpointer user_data;
};

static gboolean say_stranger(gpointer user_data)
{
	g_autofree struct later *later = user_data;

	later->done(&(struct dbus_caller){ .uid = getuid() + 1 }, later->user_data);
	return G_SOURCE_REMOVE;
}

void __wrap_dbus_caller_ask(GDBusConnection *bus, const char *name, GCancellable *cancellable, dbus_caller_known *done,
			    gpointer user_data)
{
	struct later *later;

	if (g_strcmp0(name, stranger) != 0) {
		__real_dbus_caller_ask(bus, name, cancellable, done, user_data);
		return;
	}
	later = g_new0(struct later, 1);
	later->done = done;
	later->user_data = user_data;
	g_idle_add(say_stranger, later);
}

/* ---- the bus --------------------------------------------------------------------- */

/* As systems have it: nobody calls anybody who is not allowed to. */
static const char bus_config[] =
	"<!DOCTYPE busconfig PUBLIC \"-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN\""
	" \"http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd\">\n"
	"<busconfig><type>system</type><listen>unix:dir=%s</listen><auth>EXTERNAL</auth>"
	"<policy context=\"default\"><allow user=\"*\"/><deny own=\"*\"/><deny send_type=\"method_call\"/>"
	"<allow send_type=\"signal\"/><allow send_requested_reply=\"true\" send_type=\"method_return\"/>"
	"<allow send_requested_reply=\"true\" send_type=\"error\"/><allow receive_type=\"method_call\"/>"
	"<allow receive_type=\"method_return\"/><allow receive_type=\"error\"/><allow receive_type=\"signal\"/>"
	"<allow send_destination=\"org.freedesktop.DBus\" send_interface=\"org.freedesktop.DBus\"/></policy>"
	"<include>%s</include></busconfig>\n";

/* The daemon is root; here it is whoever runs the test. */
static void start_bus(struct fixture *f)
{
	g_autofree char *policy = NULL, *config = NULL, *user = g_strdup_printf("user=\"%s\"", g_get_user_name());
	g_autoptr(GString) text = NULL;
	g_autoptr(GDataInputStream) said = NULL;
	g_autoptr(GError) error = NULL;

	f->directory = g_dir_make_tmp("agents-XXXXXX", NULL);
	f->policy = g_build_filename(f->directory, "policy.conf", NULL);
	f->config_file = g_build_filename(f->directory, "bus.conf", NULL);
	g_assert_true(g_file_get_contents(BUS_POLICY, &policy, NULL, NULL));
	text = g_string_new(policy);
	g_string_replace(text, "user=\"root\"", user, 0);
	/* Where it is not installed the group may not be there. */
	g_string_replace(text, "group=\"miracast\"", "group=\"root\"", 0);
	config = g_strdup_printf(bus_config, f->directory, f->policy);
	g_assert_true(g_file_set_contents(f->policy, text->str, -1, NULL));
	g_assert_true(g_file_set_contents(f->config_file, config, -1, NULL));
	f->bus_daemon = g_subprocess_new(G_SUBPROCESS_FLAGS_STDOUT_PIPE, &error, "dbus-daemon", "--nofork",
					 "--print-address", "--config-file", f->config_file, NULL);
	g_assert_no_error(error);
	said = g_data_input_stream_new(g_subprocess_get_stdout_pipe(f->bus_daemon));
	f->address = g_data_input_stream_read_line(said, NULL, NULL, &error);
	g_assert_no_error(error);
	g_assert_nonnull(f->address);
}

static GDBusConnection *open_bus(struct fixture *f)
{
	g_autoptr(GError) error = NULL;
	GDBusConnection *bus = g_dbus_connection_new_for_address_sync(
		f->address, G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
		NULL, NULL, &error);

	g_assert_no_error(error);
	return bus;
}

/* ---- agents ---------------------------------------------------------------------- */

static void note(struct program *p, const char *format, ...) G_GNUC_PRINTF(2, 3);
static void note(struct program *p, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	g_string_append_vprintf(p->calls, format, args);
	va_end(args);
	g_string_append(p->calls, "; ");
}

/* FALSE: not now, as the test wants it. */
static gboolean may_answer(struct program *p, GDBusMethodInvocation *call)
{
	if (p->hold)
		p->held = call;
	return !p->hold;
}

static void answer(struct program *p, GDBusMethodInvocation *call)
{
	if (p->pin)
		miracast1_agent_complete_request_pin(p->agent, call, p->pin);
	else
		g_dbus_method_invocation_return_dbus_error(call, "org.example.Canceled", "the user does not want to");
}

static gboolean request_pin(Miracast1Agent *agent, GDBusMethodInvocation *call, const char *path,
			    const char *display, struct program *p)
{
	note(p, "pin %s %s", strrchr(path, '/') + 1, display);
	if (may_answer(p, call))
		answer(p, call);
	return TRUE;
}

static void answer_consent(struct program *p, GDBusMethodInvocation *call)
{
	if (p->refusal)
		g_dbus_method_invocation_return_dbus_error(call, p->refusal, "the user does not want to");
	else
		miracast1_agent_complete_request_consent(p->agent, call);
}

static gboolean request_consent(Miracast1Agent *agent, GDBusMethodInvocation *call, const char *path,
				const char *display, struct program *p)
{
	note(p, "consent %s %s", strrchr(path, '/') + 1, display);
	if (may_answer(p, call))
		answer_consent(p, call);
	return TRUE;
}

static gboolean cancelled(Miracast1Agent *agent, GDBusMethodInvocation *call, const char *path, struct program *p)
{
	note(p, "cancel");
	miracast1_agent_complete_cancel(agent, call);
	return TRUE;
}

static gboolean show_pin(Miracast1Agent *agent, GDBusMethodInvocation *call, const char *path, const char *display,
			 const char *pin, struct program *p)
{
	note(p, "show %s", pin);
	miracast1_agent_complete_show_pin(agent, call);
	return TRUE;
}

static gboolean prompt(Miracast1Agent *agent, GDBusMethodInvocation *call, const char *path, const char *display,
		       const char *what, const char *text, struct program *p)
{
	note(p, "prompt %s", what);
	miracast1_agent_complete_prompt(agent, call);
	return TRUE;
}

static gboolean release(Miracast1Agent *agent, GDBusMethodInvocation *call, struct program *p)
{
	note(p, "release");
	miracast1_agent_complete_release(agent, call);
	return TRUE;
}

static void begin_program(struct fixture *f, struct program *p)
{
	g_autoptr(GError) error = NULL;

	p->bus = open_bus(f);
	p->calls = g_string_new(NULL);
	p->pin = "8765 4321";
	p->agent = miracast1_agent_skeleton_new();
	g_object_connect(p->agent,
			 "signal::handle-request-pin", request_pin, p,
			 "signal::handle-request-consent", request_consent, p,
			 "signal::handle-cancel", cancelled, p,
			 "signal::handle-show-pin", show_pin, p,
			 "signal::handle-prompt", prompt, p,
			 "signal::handle-release", release, p,
			 NULL);
	g_dbus_interface_skeleton_export(G_DBUS_INTERFACE_SKELETON(p->agent), p->bus, AGENT_PATH, &error);
	g_assert_no_error(error);
}

static void leave_bus(struct program *p)
{
	g_dbus_interface_skeleton_unexport(G_DBUS_INTERFACE_SKELETON(p->agent));
	g_assert_true(g_dbus_connection_close_sync(p->bus, NULL, NULL));
}

static void end_program(struct program *p)
{
	g_clear_object(&p->held);
	if (!g_dbus_connection_is_closed(p->bus))
		leave_bus(p);
	g_object_unref(p->agent);
	g_object_unref(p->bus);
	g_string_free(p->calls, TRUE);
}

struct reply {
	GError *error;
	gboolean done;
};

static void replied(GObject *source, GAsyncResult *result, gpointer user_data)
{
	struct reply *reply = user_data;
	g_autoptr(GVariant) value = g_dbus_connection_call_finish(G_DBUS_CONNECTION(source), result, &reply->error);

	reply->done = TRUE;
}

/* To the manager; the error, or NULL. */
static GError *call(GDBusConnection *bus, const char *method, GVariant *arguments)
{
	struct reply reply = { NULL };

	g_dbus_connection_call(bus, DBUS_API_NAME, DBUS_API_PATH "/Manager", DBUS_API_NAME ".Manager", method, arguments,
			       NULL, G_DBUS_CALL_FLAGS_NONE, 20000, NULL, replied, &reply);
	WAIT(reply.done);
	return reply.error;
}

static void register_agent(struct program *p)
{
	g_assert_no_error(call(p->bus, "RegisterAgent", g_variant_new("(o)", AGENT_PATH)));
}

static void connect_by(struct program *p)
{
	g_assert_no_error(call(p->bus, "Connect", g_variant_new_parsed("(%s, @a{sv} {})", TV)));
}

/* ---- the daemon --------------------------------------------------------------------- */

static char *path_of(session *s)
{
	return g_strdup_printf(DBUS_API_PATH "/Session/%u", session_id(s));
}

static void used(gpointer user_data)
{
	((struct fixture *)user_data)->used++;
}

static gboolean handle_connect(Miracast1Manager *manager, GDBusMethodInvocation *invocation, const char *what,
			       GVariant *options, struct fixture *f)
{
	session *s = broker_connect(f->broker, f->tv, options, NULL);
	g_autofree char *path = path_of(s);

	dbus_agents_session_begun(f->agents, s, invocation);
	miracast1_manager_complete_connect(manager, invocation, path);
	return TRUE;
}

static void session_did_change(broker *b, session *s, enum session_change what, gpointer user_data)
{
	struct fixture *f = user_data;

	if (f->agents)
		dbus_agents_session_changed(f->agents, s, what);
}

static void session_goes(broker *b, session *s, gpointer user_data)
{
	struct fixture *f = user_data;

	if (f->agents)
		dbus_agents_session_removed(f->agents, s);
}

static void stopped(broker *b, gpointer user_data)
{
	struct fixture *f = user_data;

	f->stopped = TRUE;
}

static const struct broker_events events = {
	.session_changed = session_did_change,
	.session_removed = session_goes,
	.stopped = stopped,
};

static session *last_session(struct fixture *f)
{
	GPtrArray *sessions = broker_sessions(f->broker);

	return g_ptr_array_index(sessions, sessions->len - 1);
}

static void start_daemon(struct fixture *f)
{
	g_autoptr(Miracast1ObjectSkeleton) object = miracast1_object_skeleton_new(DBUS_API_PATH "/Manager");
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) owned = NULL;

	f->config.launcher = umd_launcher_new(FAKE_UMD, NULL);
	f->config.keep_ended = BROKER_KEEP_ENDED;
	f->broker = broker_new(&f->config);
	broker_set_events(f->broker, &events, f);
	f->p2p = fake_link_new("p2p", f->broker);
	broker_add_link(f->broker, &f->p2p->base);
	f->direct = link_direct_new(broker_link_events(), f->broker);
	broker_add_link(f->broker, f->direct);
	f->tv = link_sink_new("p2p", TV, "TV");
	fake_link_sink(f->p2p, f->tv, TRUE);
	f->server = open_bus(f);
	f->objects = g_dbus_object_manager_server_new(DBUS_API_PATH);
	f->manager = miracast1_manager_skeleton_new();
	g_signal_connect(f->manager, "handle-connect", G_CALLBACK(handle_connect), f);
	f->agents = dbus_agents_new(f->manager, path_of, used, f);
	miracast1_object_skeleton_set_manager(object, f->manager);
	g_dbus_object_manager_server_export(f->objects, G_DBUS_OBJECT_SKELETON(object));
	g_dbus_object_manager_server_set_connection(f->objects, f->server);
	owned = g_dbus_connection_call_sync(f->server, "org.freedesktop.DBus", "/org/freedesktop/DBus",
					    "org.freedesktop.DBus", "RequestName",
					    g_variant_new("(su)", DBUS_API_NAME, 0), NULL, G_DBUS_CALL_FLAGS_NONE, -1,
					    NULL, &error);
	g_assert_no_error(error);
}

static void set_up(struct fixture *f, gconstpointer data)
{
	start_bus(f);
	start_daemon(f);
	begin_program(f, &f->one);
	begin_program(f, &f->other);
}

static void tear_down(struct fixture *f, gconstpointer data)
{
	stranger = NULL;
	g_clear_object(&f->sink);
	broker_stop(f->broker, reason_new_code(REASON_SHUTDOWN, "the test is over"));
	WAIT(f->stopped);
	g_clear_pointer(&f->agents, dbus_agents_free);
	broker_free(f->broker);
	turn(20);
	end_program(&f->one);
	end_program(&f->other);
	g_dbus_object_manager_server_set_connection(f->objects, NULL);
	g_object_unref(f->objects);
	g_object_unref(f->manager);
	g_assert_true(g_dbus_connection_close_sync(f->server, NULL, NULL));
	g_object_unref(f->server);
	turn(20);
	g_subprocess_send_signal(f->bus_daemon, SIGTERM);
	g_subprocess_wait(f->bus_daemon, NULL, NULL);
	g_object_unref(f->bus_daemon);
	umd_launcher_unref(f->config.launcher);
	link_sink_unref(f->tv);
	g_unlink(f->policy);
	g_unlink(f->config_file);
	g_rmdir(f->directory);
	g_free(f->policy);
	g_free(f->config_file);
	g_free(f->directory);
	g_free(f->address);
}

/* ---- tests ---------------------------------------------------------------------------- */

#define CALLS(p, expected) g_assert_cmpstr((p)->calls->str, ==, expected)

static void test_pin(struct fixture *f, gconstpointer data)
{
	register_agent(&f->one);
	g_assert_cmpuint(f->used, ==, 1);
	connect_by(&f->one);
	link_emit_wants_pin(f->p2p->connection);
	WAIT(f->p2p->pin);
	g_assert_cmpstr(f->p2p->pin, ==, "87654321");
	CALLS(&f->one, "pin 1 TV; ");
	/* It was a wrong one. */
	f->one.pin = "1234";
	link_emit_wants_pin(f->p2p->connection);
	WAIT(strcmp(f->p2p->pin, "1234") == 0);
	CALLS(&f->one, "pin 1 TV; pin 1 TV; ");
	g_assert_false(session_wants_pin(last_session(f)));
}

/* What is no PIN is asked for again, but not for ever; and who does not want to is not asked again. */
static void test_no_pin(struct fixture *f, gconstpointer data)
{
	register_agent(&f->one);
	connect_by(&f->one);
	f->one.pin = "x";
	link_emit_wants_pin(f->p2p->connection);
	turn(200);
	CALLS(&f->one, "pin 1 TV; pin 1 TV; pin 1 TV; ");
	g_assert_true(session_wants_pin(last_session(f)));
	/* As without an agent. */
	g_assert_true(session_enter_pin(last_session(f), "12345", NULL));
	g_string_truncate(f->one.calls, 0);
	f->one.pin = NULL;
	link_emit_wants_pin(f->p2p->connection);
	turn(100);
	link_emit_progress(f->p2p->connection, "searching", "searching");
	turn(100);
	CALLS(&f->one, "pin 1 TV; ");
	g_assert_true(session_wants_pin(last_session(f)));
}

static void test_same_user(struct fixture *f, gconstpointer data)
{
	register_agent(&f->other);
	connect_by(&f->one);
	link_emit_wants_pin(f->p2p->connection);
	WAIT(f->p2p->pin);
	CALLS(&f->other, "pin 1 TV; ");
	/* One's own comes first. */
	register_agent(&f->one);
	register_agent(&f->other);
	g_string_truncate(f->other.calls, 0);
	link_emit_wants_pin(f->p2p->connection);
	WAIT(*f->one.calls->str);
	CALLS(&f->one, "pin 1 TV; ");
	CALLS(&f->other, "");
}

/* Another user's agent hears nothing, nor does anybody of a session that nobody has begun by a call. */
static void test_other_user(struct fixture *f, gconstpointer data)
{
	g_autoptr(GVariant) options = g_variant_ref_sink(g_variant_new_parsed("@a{sv} {}"));

	stranger = g_dbus_connection_get_unique_name(f->other.bus);
	register_agent(&f->other);
	connect_by(&f->one);
	link_emit_shows_pin(f->p2p->connection, "12345670");
	link_emit_progress(f->p2p->connection, "waiting-for-acceptance", "accept");
	link_emit_wants_pin(f->p2p->connection);
	turn(200);
	CALLS(&f->other, "");
	g_assert_true(session_wants_pin(last_session(f)));
	/* One that comes later hears of it. */
	register_agent(&f->one);
	WAIT(f->p2p->pin);
	CALLS(&f->one, "pin 1 TV; show 12345670; prompt waiting-for-acceptance; ");

	g_string_truncate(f->one.calls, 0);
	session_end(last_session(f), reason_new_code(REASON_DISCONNECTED, "by the user"));
	WAIT(session_state(last_session(f)) == SESSION_GONE);
	g_assert_nonnull(broker_connect(f->broker, f->tv, options, NULL));
	link_emit_wants_pin(f->p2p->connection);
	turn(100);
	g_assert_null(strstr(f->one.calls->str, "pin"));
}

/* Somebody else was faster. */
static void test_cancel(struct fixture *f, gconstpointer data)
{
	register_agent(&f->one);
	connect_by(&f->one);
	f->one.hold = TRUE;
	link_emit_wants_pin(f->p2p->connection);
	WAIT(f->one.held);
	g_assert_true(session_enter_pin(last_session(f), "12345", NULL));
	WAIT(strstr(f->one.calls->str, "cancel"));
	answer(&f->one, g_steal_pointer(&f->one.held));
	turn(50);
	g_assert_cmpstr(f->p2p->pin, ==, "12345");
}

static void test_shown(struct fixture *f, gconstpointer data)
{
	register_agent(&f->one);
	connect_by(&f->one);
	link_emit_shows_pin(f->p2p->connection, "12345670");
	link_emit_progress(f->p2p->connection, "waiting-for-acceptance", "accept it there");
	link_emit_progress(f->p2p->connection, "searching", "searching");
	link_emit_shows_pin(f->p2p->connection, NULL);
	WAIT(g_str_has_suffix(f->one.calls->str, "show ; "));
	CALLS(&f->one, "show 12345670; prompt waiting-for-acceptance; show ; ");
}

/* ---- whether a display may have the screen ------------------------------------------------ */

/* One has called where @p listens. */
static session *call_in(struct fixture *f, struct program *p)
{
	GSocketConnection *sink;
	g_autoptr(GSocketClient) client = g_socket_client_new();
	guint before = broker_sessions(f->broker)->len;
	g_autofree char *bound = NULL;

	g_assert_true(link_direct_listen(f->direct, "127.0.0.1:0", g_variant_new("a{sv}", NULL), &bound, NULL));
	sink = g_socket_client_connect_to_host(client, bound, 0, NULL, NULL);
	g_assert_nonnull(sink);
	g_clear_object(&f->sink);
	f->sink = sink;
	WAIT(broker_sessions(f->broker)->len > before);
	dbus_agents_session_called(f->agents, last_session(f), g_dbus_connection_get_unique_name(p->bus), getuid());
	return last_session(f);
}

static void test_consent(struct fixture *f, gconstpointer data)
{
	session *s;

	register_agent(&f->one);
	s = call_in(f, &f->one);
	WAIT(!session_wants_consent(s));
	CALLS(&f->one, "consent 1 127.0.0.1; ");
	g_assert_cmpint(session_state(s), >, SESSION_ASKING);
	g_assert_cmpint(session_state(s), <, SESSION_ENDING);
}

/* The one that came last of the user's, where who listens has none or has left; and never another user's. */
static void test_consent_whose(struct fixture *f, gconstpointer data)
{
	session *s;

	stranger = g_dbus_connection_get_unique_name(f->other.bus);
	register_agent(&f->other);
	s = call_in(f, &f->one);
	turn(200);
	CALLS(&f->other, "");
	g_assert_true(session_wants_consent(s));
	stranger = NULL;
	register_agent(&f->other);
	WAIT(!session_wants_consent(s));
	g_assert_nonnull(strstr(f->other.calls->str, "consent 1 127.0.0.1; "));
}

/* What says that somebody has said no; all else is no answer, after which Accept is waited for. */
static void test_consent_refused(struct fixture *f, gconstpointer data)
{
	static const struct {
		const char *error;
		gboolean is_no;
	} rows[] = {
		{ "org.freedesktop.DBus.Error.UnknownMethod", FALSE },
		{ "org.freedesktop.DBus.Error.NoReply", FALSE },
		{ "org.example.Failed", FALSE },
		{ "org.miracast.Miracast1.Error.Refused", TRUE },
	};

	register_agent(&f->one);
	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		session *s;

		f->one.refusal = rows[i].error;
		g_string_truncate(f->one.calls, 0);
		s = call_in(f, &f->one);
		WAIT(*f->one.calls->str);
		turn(50);
		/* Once: there is nothing to be corrected. */
		g_assert_true(strchr(f->one.calls->str, ';') == strrchr(f->one.calls->str, ';'));
		g_assert_cmpint(session_wants_consent(s), ==, !rows[i].is_no);
		if (rows[i].is_no)
			break;
		/* As without an agent; the next one calls from the same address. */
		g_assert_true(session_accept(s, NULL));
		session_end(s, reason_new_code(REASON_SHUTDOWN, "enough"));
		WAIT(session_state(s) == SESSION_GONE);
		turn(20);
	}
	g_assert_cmpstr(session_reason(last_session(f))->name, ==, "disconnected");
}

/* A yes for which there is no room leaves it to Accept: to ask again would bring the same. */
static void test_consent_no_room(struct fixture *f, gconstpointer data)
{
	session *s;

	f->config.max_sessions = 1;
	register_agent(&f->one);
	f->one.hold = TRUE;
	s = call_in(f, &f->one);
	WAIT(f->one.held);
	connect_by(&f->one);
	f->one.hold = FALSE;
	answer_consent(&f->one, g_steal_pointer(&f->one.held));
	turn(200);
	g_assert_true(session_wants_consent(s));
	CALLS(&f->one, "consent 1 127.0.0.1; ");
}

/* Whoever is asked is told that it is over. */
static void test_consent_cancel(struct fixture *f, gconstpointer data)
{
	session *s;

	register_agent(&f->one);
	f->one.hold = TRUE;
	s = call_in(f, &f->one);
	WAIT(f->one.held);
	session_end(s, reason_new_code(REASON_DISCONNECTED, "elsewhere"));
	WAIT(strstr(f->one.calls->str, "cancel"));
	answer_consent(&f->one, g_steal_pointer(&f->one.held));
	turn(50);
	g_assert_cmpint(session_state(s), ==, SESSION_GONE);
}

/* It leaves in mid-question: Accept. */
static void test_consent_agent_leaves(struct fixture *f, gconstpointer data)
{
	session *s;

	register_agent(&f->one);
	f->one.hold = TRUE;
	s = call_in(f, &f->one);
	WAIT(f->one.held);
	leave_bus(&f->one);
	turn(200);
	g_assert_true(session_wants_consent(s));
	g_assert_true(session_accept(s, NULL));
}

/* They come and go; each program has one, and the daemon says when it ends. */
static void test_come_and_go(struct fixture *f, gconstpointer data)
{
	struct program many[AGENTS_MAX] = { { NULL } };
	g_autoptr(GError) error = NULL;

	register_agent(&f->other);
	leave_bus(&f->other);
	for (guint i = 0; i < AGENTS_MAX; i++)
		begin_program(f, &many[i]);
	/* The one that has left does not count. */
	for (guint i = 0; i < AGENTS_MAX; i++)
		register_agent(&many[i]);
	error = call(f->one.bus, "RegisterAgent", g_variant_new("(o)", AGENT_PATH));
	g_assert_error(error, REASON_ERROR, REASON_LINK_BUSY);
	g_assert_no_error(call(many[0].bus, "UnregisterAgent", NULL));
	WAIT(*many[0].calls->str);
	CALLS(&many[0], "release; ");
	register_agent(&f->one);
	g_clear_pointer(&f->agents, dbus_agents_free);
	WAIT(*f->one.calls->str);
	CALLS(&f->one, "release; ");
	turn(50);
	for (guint i = 0; i < AGENTS_MAX; i++)
		end_program(&many[i]);
}

static GLogWriterOutput quiet(GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer user_data)
{
	return level <= G_LOG_LEVEL_CRITICAL ? g_log_writer_default(level, fields, n_fields, NULL) :
					       G_LOG_WRITER_HANDLED;
}

#define TEST(name, function) g_test_add("/broker/agents/" name, struct fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_log_set_always_fatal(G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL);
	g_log_set_writer_func(quiet, NULL, NULL);
	(void)REASON_ERROR; /* registers the names of errors */
	TEST("pin", test_pin);
	TEST("no-pin", test_no_pin);
	TEST("same-user", test_same_user);
	TEST("other-user", test_other_user);
	TEST("cancel", test_cancel);
	TEST("shown", test_shown);
	TEST("consent", test_consent);
	TEST("consent-whose", test_consent_whose);
	TEST("consent-refused", test_consent_refused);
	TEST("consent-no-room", test_consent_no_room);
	TEST("consent-cancel", test_consent_cancel);
	TEST("consent-agent-leaves", test_consent_agent_leaves);
	TEST("come-and-go", test_come_and_go);
	return g_test_run();
}
