// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * miracastctl accept, and what the others say of displays that have called and wait for it.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl-fixture.h"

/* Where anybody may call. */
static void listen_for_all(struct fixture *f)
{
	g_autoptr(JsonNode) json = NULL;

	g_assert_cmpint(CTL(&json, "listen", "127.0.0.1:0"), ==, 0);
	g_free(f->address);
	f->address = g_strdup(json_object_get_string_member(object(json), "listening"));
}

static GSocketConnection *call_from(struct fixture *f, const char *host)
{
	g_autoptr(GSocketClient) client = g_socket_client_new();
	g_autoptr(GSocketAddress) local = g_inet_socket_address_new_from_string(host, 0);
	GSocketConnection *sink;

	g_socket_client_set_local_address(client, local);
	sink = g_socket_client_connect_to_host(client, f->address, 0, NULL, NULL);
	g_assert_nonnull(sink);
	return sink;
}

static gboolean wants_consent(JsonNode *session)
{
	return json_object_get_boolean_member(object(session), "consent-wanted");
}

static void test_accept(struct fixture *f, gconstpointer data)
{
	g_autoptr(JsonNode) none = NULL, asking = NULL, unnamed = NULL, accepted = NULL, running = NULL, again = NULL, running_again = NULL;
	g_autoptr(GSocketConnection) sink = NULL;
	g_autofree char *text = NULL, *said = NULL;

	listen_for_all(f);
	g_assert_cmpint(CTL(&none, "accept"), ==, 1);
	assert_error(none, "consent-not-wanted");
	sink = dial(f, "stream");
	asking = wait_session("sessions", "asking");
	g_assert_true(wants_consent(asking));
	text = SAY("status");
	g_assert_nonnull(strstr(text, "    the display asks for your screen, and is not answered before somebody says yes\n"
				      "    -> yes: miracastctl --session-bus accept 1; no: miracastctl --session-bus disconnect 1\n"));
	/* Whoever asks at this moment is nobody in particular, and there is no terminal to ask at. */
	g_assert_cmpint(CTL(&unnamed, "accept"), ==, 1);
	assert_error(unnamed, "session-unknown");
	said = SAY("accept");
	g_assert_nonnull(strstr(said, "127.0.0.1 (127.0.0.1, session 1) asks for your screen, and nobody can be asked here"));
	g_assert_cmpint(CTL(&accepted, "accept", "1"), ==, 0);
	g_assert_cmpint(json_object_get_int_member(object(accepted), "accepted"), ==, 1);
	running = wait_session("sessions", "streaming");
	g_assert_false(wants_consent(running));
	g_assert_cmpint(CTL(&again, "accept"), ==, 1);
	assert_error(again, "consent-not-wanted");
	g_assert_cmpint(CTL(&running_again, "accept", "1"), ==, 1);
	assert_error(running_again, "consent-not-wanted");
}

static void test_refuse(struct fixture *f, gconstpointer data)
{
	g_autoptr(JsonNode) asking = NULL, json = NULL, ended = NULL;
	g_autoptr(GSocketConnection) sink = NULL;
	char heard[2];

	listen_for_all(f);
	sink = dial(f, "stream");
	asking = wait_session("sessions", "asking");
	g_assert_cmpint(CTL(&json, "disconnect", "127.0.0.1"), ==, 0);
	ended = wait_session("ended", "gone");
	g_assert_cmpstr(json_object_get_string_member(object(ended), "reason"), ==, "disconnected");
	/* What it has said was not read, so it may hear a reset. */
	g_assert_cmpint(g_input_stream_read(g_io_stream_get_input_stream(G_IO_STREAM(sink)), heard, sizeof(heard), NULL,
					    NULL), <=, 0);
}

/* Whoever says yes says to whom. */
static void test_several(struct fixture *f, gconstpointer data)
{
	g_autoptr(JsonNode) asking = NULL, json = NULL, accepted = NULL;
	g_autoptr(GSocketConnection) one = NULL, other = NULL;
	g_autofree char *text = NULL, *offered = NULL, *left = NULL, *said = NULL;

	listen_for_all(f);
	one = call_from(f, "127.0.0.2");
	asking = wait_session("sessions", "asking");
	other = call_from(f, "127.0.0.3");
	while (!text || !strstr(text, "127.0.0.3")) {
		g_free(text);
		text = SAY("status");
	}
	g_assert_cmpint(CTL(&json, "accept"), ==, 1);
	assert_error(json, "session-unknown");
	g_assert_nonnull(strstr(json_object_get_string_member(json_object_get_object_member(object(json), "error"), "message"),
				"2 displays ask for your screen: 127.0.0.2, 127.0.0.3"));
	offered = SAY("complete", "accept", "");
	g_assert_cmpstr(offered, ==, "127.0.0.2\t1\n127.0.0.3\t2\n");
	said = SAY("accept", "127.0.0.3");
	g_assert_cmpstr(said, ==, "127.0.0.3 may have your screen. To see how it goes: miracastctl status\n");
	left = SAY("complete", "accept", "");
	g_assert_cmpstr(left, ==, "127.0.0.2\t1\n");
	g_assert_cmpint(CTL(&accepted, "accept", "1"), ==, 0);
}

/* An address that begins as another one is not that one. */
static void test_beginning(struct fixture *f, gconstpointer data)
{
	g_autoptr(JsonNode) asking = NULL, begins = NULL, named = NULL, still = NULL, accepted = NULL, late = NULL;
	g_autoptr(GSocketConnection) sink = NULL;

	listen_for_all(f);
	sink = call_from(f, "127.0.0.23");
	asking = wait_session("sessions", "asking");
	g_assert_cmpint(CTL(&begins, "accept", "127.0.0.2"), ==, 1);
	assert_error(begins, "session-unknown");
	g_assert_cmpint(CTL(&named, "alias", "127.0.0.23", "Kitchen"), ==, 0);
	g_clear_pointer(&begins, json_node_unref);
	g_assert_cmpint(CTL(&begins, "accept", "kit"), ==, 1);
	assert_error(begins, "session-unknown");
	still = wait_session("sessions", "asking");
	g_assert_cmpint(CTL(&accepted, "accept", "kitchen"), ==, 0);
	g_assert_cmpint(CTL(&late, "accept", "127.0.0.23"), ==, 1);
	assert_error(late, "consent-not-wanted");
}

/* What miracastctl says at a terminal at which @typed is typed; *@status: how it ends. */
static char *at_terminal(const char *typed, int *status)
{
	g_autoptr(GSubprocessLauncher) launcher = g_subprocess_launcher_new(G_SUBPROCESS_FLAGS_STDOUT_PIPE);
	g_autoptr(GSubprocess) process = NULL;
	g_autofree char *output = NULL;
	char said[1000] = "";
	int terminal = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	int end;
	gssize n;

	g_assert_cmpint(terminal, >=, 0);
	g_assert_cmpint(grantpt(terminal), ==, 0);
	g_assert_cmpint(unlockpt(terminal), ==, 0);
	end = open(ptsname(terminal), O_RDWR | O_NOCTTY | O_CLOEXEC);
	g_assert_cmpint(end, >=, 0);
	g_subprocess_launcher_take_stdin_fd(launcher, dup(end));
	g_subprocess_launcher_take_stderr_fd(launcher, end);
	process = g_subprocess_launcher_spawn(launcher, NULL, MIRACASTCTL, "--session-bus", "accept", NULL);
	g_assert_nonnull(process);
	g_assert_cmpint(write(terminal, typed, strlen(typed)), ==, strlen(typed));
	g_assert_true(g_subprocess_communicate_utf8(process, NULL, NULL, &output, NULL, NULL));
	*status = g_subprocess_get_exit_status(process);
	n = read(terminal, said, sizeof(said) - 1);
	g_assert_cmpint(n, >, 0);
	close(terminal);
	return g_strconcat(said, output, NULL);
}

static void test_asked(struct fixture *f, gconstpointer data)
{
	static const char *const no[] = { "n\n", "\n", "yellow\n", "\4" };
	g_autoptr(JsonNode) asking = NULL, running = NULL;
	g_autoptr(GSocketConnection) sink = NULL;
	g_autofree char *yes = NULL;
	int status;

	listen_for_all(f);
	sink = dial(f, "stream");
	asking = wait_session("sessions", "asking");
	for (guint i = 0; i < G_N_ELEMENTS(no); i++) {
		g_autoptr(JsonNode) still = NULL;
		g_autofree char *said = at_terminal(no[i], &status);

		g_assert_cmpint(status, ==, 1);
		g_assert_nonnull(strstr(said, "127.0.0.1 (127.0.0.1, session 1) asks for your screen. May it have it? [y/N] "));
		still = wait_session("sessions", "asking");
	}
	yes = at_terminal("Y\n", &status);
	g_assert_cmpint(status, ==, 0);
	g_assert_nonnull(strstr(yes, "127.0.0.1 may have your screen."));
	running = wait_session("sessions", "streaming");
}

static void test_monitor(struct fixture *f, gconstpointer data)
{
	g_autoptr(GSubprocess) monitor = g_subprocess_new(G_SUBPROCESS_FLAGS_STDOUT_PIPE, NULL, MIRACASTCTL, "--session-bus",
							  "monitor", NULL);
	g_autoptr(GDataInputStream) lines = NULL;
	g_autoptr(GSocketConnection) sink = NULL;
	g_autofree char *line = NULL;

	g_assert_nonnull(monitor);
	lines = g_data_input_stream_new(g_subprocess_get_stdout_pipe(monitor));
	listen_for_all(f);
	sink = dial(f, "stream");
	/* A line that never comes is no reason to wait for ever. */
	alarm(30);
	do {
		g_free(line);
		line = g_data_input_stream_read_line(lines, NULL, NULL, NULL);
		g_assert_nonnull(line);
	} while (!strstr(line, "->"));
	alarm(0);
	g_assert_cmpstr(line, ==, "1  -> yes: miracastctl accept 1; no: miracastctl disconnect 1");
	g_subprocess_send_signal(monitor, SIGTERM);
	g_assert_true(g_subprocess_wait(monitor, NULL, NULL));
}

static void test_accept_usage(struct fixture *f, gconstpointer data)
{
	g_autoptr(JsonNode) two = NULL, blank = NULL, unknown = NULL;

	g_assert_cmpint(CTL(&two, "accept", "1", "2"), ==, 2);
	g_assert_cmpint(CTL(&blank, "accept", ""), ==, 2);
	g_assert_cmpint(CTL(&unknown, "accept", "nobody"), ==, 1);
	assert_error(unknown, "session-unknown");
}

/* A daemon that nobody can speak to cannot ask. */
static void test_no_bus(struct fixture *f, gconstpointer data)
{
	g_autoptr(GSubprocess) daemon = g_subprocess_new(G_SUBPROCESS_FLAGS_STDERR_PIPE, NULL, MIRACASTD, "--no-bus",
							 "--source=test", "--listen=127.0.0.1:0", NULL);
	g_autofree char *said = NULL;

	g_assert_nonnull(daemon);
	g_assert_true(g_subprocess_communicate_utf8(daemon, NULL, NULL, NULL, &said, NULL));
	g_assert_cmpint(g_subprocess_get_exit_status(daemon), ==, 2);
	g_assert_nonnull(strstr(said, "nobody can be asked who may have the screen: --from says it"));
}

/* The first session is the end of that one; a call that was refused is none, and no stranger ends it. */
static void test_once(struct fixture *f, gconstpointer data)
{
	g_autoptr(GSubprocess) daemon = g_subprocess_new(
		G_SUBPROCESS_FLAGS_NONE, NULL, MIRACASTD, "--session-bus", "--no-p2p", "--source=test", "--umd=" FAKE_UMD, "--sandbox=",
		"--once", "--listen=127.0.0.1:0", NULL);
	g_autoptr(JsonNode) asking = NULL, refused = NULL, ended = NULL, again = NULL, accepted = NULL, status = NULL;
	g_autoptr(GSocketConnection) stranger = NULL, sink = NULL;
	gint64 deadline = g_get_monotonic_time() + 30 * G_USEC_PER_SEC;

	g_assert_nonnull(daemon);
	while (CTL(&status, "status") != 0) {
		g_assert_cmpint(g_get_monotonic_time(), <, deadline);
		g_clear_pointer(&status, json_node_unref);
		g_usleep(50000);
	}
	f->address = g_strdup(json_array_get_string_element(json_object_get_array_member(object(status), "listening"), 0));
	stranger = call_from(f, "127.0.0.2");
	asking = wait_session("sessions", "asking");
	g_assert_cmpint(CTL(&refused, "disconnect", "1"), ==, 0);
	ended = wait_session("ended", "gone");
	sink = dial(f, "leave");
	again = wait_session("sessions", "asking");
	g_assert_cmpint(CTL(&accepted, "accept", "127.0.0.1"), ==, 0);
	g_assert_true(g_subprocess_wait(daemon, NULL, NULL));
	g_assert_cmpint(g_subprocess_get_exit_status(daemon), ==, 0);
}

/* Not in a suite of their own: that would come after the one that holds what was printed against the schema. */
#define TEST(name, function) g_test_add("/ctl/consent-" name, struct fixture, NULL, start_daemon, function, tear_down)

void add_consent_tests(void)
{
	TEST("accept", test_accept);
	TEST("refuse", test_refuse);
	TEST("several", test_several);
	TEST("beginning", test_beginning);
	TEST("asked", test_asked);
	TEST("monitor", test_monitor);
	TEST("usage", test_accept_usage);
	g_test_add("/ctl/consent-once", struct fixture, NULL, set_up, test_once, tear_down);
	g_test_add("/ctl/consent-no-bus", struct fixture, NULL, set_up, test_no_bus, tear_down);
}
