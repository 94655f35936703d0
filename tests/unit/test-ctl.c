// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * miracastctl with miracastd and fake-umd: what it prints as JSON, what it says, and its exit status.
 */
#include <signal.h>
#include <string.h>

#include <glib/gstdio.h>

#include "ctl-fixture.h"
#include "test-bus.h"

/* ---- tests ------------------------------------------------------------------------ */

static void test_no_daemon(struct fixture *f, gconstpointer data)
{
	static const char *const commands[][3] = {
		{ "status" }, { "list" }, { "scan" }, { "connect", "TV" }, { "listen", "127.0.0.1" },
		{ "disconnect" },
	};

	for (guint i = 0; i < G_N_ELEMENTS(commands); i++) {
		g_autoptr(JsonNode) json = NULL;

		g_assert_cmpint(ctl(&json, commands[i]), ==, 3);
		assert_error(json, "daemon-not-running");
	}
}

static void test_usage(struct fixture *f, gconstpointer data)
{
	static const char *const commands[][5] = {
		{ NULL },
		{ "cast" },
		{ "connect" },
		{ "connect", "TV", "--mode=big" },
		{ "connect", "TV", "--no-such-option" },
		{ "connect", "TV", "--mode=99999x10" },
		{ "connect", "TV", "--audio=bogus" },
		{ "connect", "TV", "--max-bit-rate=-5" },
		{ "connect", "TV", "--other-ways=maybe" },
		{ "listen", "127.0.0.1", "--stay" },
		{ "connect", "TV", "--pin", "--no-wait" },
		{ "connect", "TV", "--go-intent=-3" },
		{ "connect", "TV", "--frequency=-1" },
		{ "listen", "127.0.0.1", "--audio=bogus" },
		{ "listen", "127.0.0.1", "--from=" },
		{ "connect", "TV", "--from=127.0.0.1" },
		{ "connect", "TV", "--no-sound", "--audio=tone" },
		{ "listen" },
		{ "disconnect", "" },
		{ "disconnect", "-1" },
		{ "disconnect", "1", "2" },
		{ "connect", "TV", "--seconds=-1" },
		{ "connect", "TV", "--seconds=301" },
		{ "monitor", "it" },
		{ "scan", "--seconds", "0" },
		{ "status", "now" },
		{ "alias", "TV" },
		{ "alias", "TV", "" },
		{ "alias", "--remove" },
		{ "autoconnect", "TV" },
		{ "autoconnect", "TV", "maybe" },
		{ "forget" },
		{ "forget", "TV", "TV" },
		{ "help", "cast" },
		{ "help", "scan", "list" },
	};

	for (guint i = 0; i < G_N_ELEMENTS(commands); i++) {
		g_autoptr(JsonNode) json = NULL;

		g_assert_cmpint(ctl(&json, commands[i]), ==, 2);
		assert_error(json, "usage");
	}
}

static void test_session(struct fixture *f, gconstpointer data)
{
	g_autoptr(GSocketConnection) sink = dial(f, "stream");
	g_autoptr(JsonNode) running = wait_session("sessions", "streaming");
	g_autoptr(JsonNode) ended = NULL, json = NULL;
	JsonObject *session = object(running);
	JsonArray *phases = json_object_get_array_member(session, "phases");
	JsonObject *first = json_array_get_object_element(phases, 0);
	JsonObject *last = json_array_get_object_element(phases, json_array_get_length(phases) - 1);

	g_assert_cmpint(json_object_get_int_member(session, "id"), ==, 1);
	g_assert_cmpstr(json_object_get_string_member(
				json_object_get_object_member(session, "sink"), "id"), ==,
			"127.0.0.1");
	/* In the order in which they were reached. */
	g_assert_cmpstr(json_object_get_string_member(first, "name"), ==, "linking");
	g_assert_cmpstr(json_object_get_string_member(last, "name"), ==, "streaming");
	g_assert_cmpint(json_object_get_int_member(last, "time-us"), >=,
			json_object_get_int_member(first, "time-us"));
	g_assert_cmpint(json_object_get_int_member(
				json_object_get_object_member(session, "mode"), "height"), ==, 720);

	g_assert_cmpint(CTL(&json, "disconnect", "1"), ==, 0);
	ended = wait_session("ended", "gone");
	g_assert_cmpstr(json_object_get_string_member(object(ended), "reason"), ==,
			"disconnected");
}

/* As people call it. */
static void test_disconnect_name(struct fixture *f, gconstpointer data)
{
	g_autoptr(GSocketConnection) sink = dial(f, "stream");
	g_autoptr(JsonNode) running = wait_session("sessions", "streaming");
	g_autoptr(JsonNode) ended = NULL, other = NULL, json = NULL;

	g_assert_cmpint(CTL(&other, "disconnect", "128"), ==, 1);
	assert_error(other, "session-unknown");
	g_assert_cmpint(CTL(&json, "disconnect", "127.0"), ==, 0);
	ended = wait_session("ended", "gone");
	g_assert_cmpstr(json_object_get_string_member(object(ended), "reason"), ==, "disconnected");
}

/* An object of monitor's ends where a bracket stands alone. */
static void note_line(GString *text, const char *line)
{
	g_autoptr(JsonNode) json = NULL;
	g_autoptr(GError) error = NULL;

	g_string_append(text, line);
	if (strcmp(line, "}") != 0)
		return;
	json = json_from_string(text->str, &error);
	g_assert_no_error(error);
	note((const char *const[]){ "monitor", NULL }, json);
	g_string_truncate(text, 0);
}

/* All that comes and goes, in the order in which it does. */
static void test_monitor(struct fixture *f, gconstpointer data)
{
	static const char *const expected[] = { "\"sink\"", "\"linking\"", "\"streaming\"", "\"gone\"" };
	g_autoptr(GError) error = NULL;
	g_autoptr(GSubprocess) monitor = g_subprocess_new(G_SUBPROCESS_FLAGS_STDOUT_PIPE, &error, MIRACASTCTL,
							  "--session-bus", "--json", "monitor", NULL);
	g_autoptr(GDataInputStream) said = NULL;
	g_autoptr(GSocketConnection) sink = NULL;
	g_autoptr(GString) object_text = g_string_new(NULL);
	gboolean connected = FALSE;

	g_assert_no_error(error);
	said = g_data_input_stream_new(g_subprocess_get_stdout_pipe(monitor));
	sink = dial(f, "stream");
	for (guint i = 0; i < G_N_ELEMENTS(expected);) {
		g_autofree char *line = g_data_input_stream_read_line(said, NULL, NULL, &error);

		g_assert_no_error(error);
		g_assert_nonnull(line);
		note_line(object_text, line);
		if (!strstr(line, expected[i]))
			continue;
		if (i == 2 && !connected) {
			g_autoptr(JsonNode) json = NULL;

			connected = TRUE;
			g_assert_cmpint(CTL(&json, "disconnect"), ==, 0);
		}
		i++;
	}
	g_subprocess_send_signal(monitor, SIGTERM);
	g_assert_true(g_subprocess_wait_check(monitor, NULL, NULL));
}

static void test_sink_leaves(struct fixture *f, gconstpointer data)
{
	g_autoptr(GSocketConnection) sink = dial(f, "leave");
	g_autoptr(JsonNode) ended = wait_session("ended", "gone");

	g_assert_cmpstr(json_object_get_string_member(object(ended), "reason"), ==, "sink-left");
	g_assert_cmpstr(json_object_get_string_member(object(ended), "hint"), !=, "");
	g_assert_cmpstr(json_object_get_string_member(object(ended), "hint-code"), ==, "connect-again");
}

static void test_sinks(struct fixture *f, gconstpointer data)
{
	g_autoptr(GSocketConnection) sink = dial(f, "stream");
	g_autoptr(JsonNode) running = wait_session("sessions", "streaming");
	g_autoptr(JsonNode) list = NULL, scan = NULL, busy = NULL;
	JsonArray *sinks;

	g_assert_cmpint(CTL(&list, "list"), ==, 0);
	sinks = json_object_get_array_member(object(list), "sinks");
	g_assert_cmpuint(json_array_get_length(sinks), ==, 1);
	g_assert_cmpstr(json_object_get_string_member(json_array_get_object_element(sinks, 0),
						      "link"), ==, "direct");
	g_assert_cmpint(CTL(&scan, "scan", "--seconds", "1"), ==, 0);
	g_assert_false(json_object_get_boolean_member(object(scan), "scanning"));
	g_assert_cmpint(CTL(&busy, "connect", "127.0.0.1"), ==, 1);
	assert_error(busy, "sink-busy");
}

/* Wi-Fi P2P cannot look, since there is no system bus; it is told if nothing was found in another way. */
static void test_scan_problem(struct fixture *f, gconstpointer data)
{
	g_autoptr(JsonNode) nothing = NULL, scan = NULL, running = NULL;
	g_autoptr(GSocketConnection) sink = NULL;

	g_assert_cmpint(CTL(&nothing, "scan", "--seconds", "1"), ==, 1);
	g_assert_true(json_object_has_member(object(nothing), "error"));
	sink = dial(f, "stream");
	running = wait_session("sessions", "streaming");
	g_assert_cmpint(CTL(&scan, "scan", "--seconds", "1"), ==, 0);
	g_assert_cmpuint(json_array_get_length(json_object_get_array_member(object(scan), "sinks")), ==, 1);
}

static void test_failures(struct fixture *f, gconstpointer data)
{
	static const struct {
		const char *arguments[3];
		const char *reason;
	} cases[] = {
		{ { "connect", "no such TV", "--seconds=0" }, "sink-unknown" },
		{ { "connect", "no such TV", "--seconds=1" }, "sink-unknown" },
		{ { "disconnect", "no such TV" }, "session-unknown" },
		{ { "listen", "0.0.0.0" }, "address-invalid" },
		{ { "unlisten", "127.0.0.1:1" }, "address-invalid" },
		{ { "connect", "mice:no such host" }, "host-unknown" },
		{ { "connect", "--wait", "127.0.0.1:1" }, "control-refused" },
		{ { "disconnect", "99" }, "session-unknown" },
		{ { "listen", "127.0.0.1:0", "--encoder=nonsense" }, "configuration" },
		{ { "listen", "127.0.0.1:0", "--from=tv" }, "configuration" },
		{ { "listen", "127.0.0.1:0", "--from=127.0.0.1/8" }, "configuration" },
		{ { "listen", "127.0.0.1:0", "--from=::1" }, "configuration" },
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		const char *const arguments[] = { cases[i].arguments[0], cases[i].arguments[1],
						  cases[i].arguments[2], NULL };
		g_autoptr(JsonNode) json = NULL;

		g_assert_cmpint(ctl(&json, arguments), ==, 1);
		assert_error(json, cases[i].reason);
	}
}

/* What whoever listens lets himself in for. */
static void test_listen_text(struct fixture *f, gconstpointer data)
{
	static const char *const large[] = { "0.0.0.0/0", "126.0.0.0/7" };
	g_autofree char *anybody = SAY("listen", "127.0.0.1:0");
	g_autofree char *some = SAY("listen", "127.0.0.1:0", "--from=127.0.0.0/8");

	g_assert_nonnull(strstr(anybody, "each call waits a minute for your yes:\nmiracastctl status, miracastctl accept."));
	g_assert_nonnull(strstr(some, " now, from 127.0.0.0/8 only."));
	g_assert_null(strstr(some, "anybody"));
	/* Whom so large a network names the daemon asks about, as if there were none. */
	for (guint i = 0; i < G_N_ELEMENTS(large); i++) {
		g_autofree char *from = g_strconcat("--from=", large[i], NULL);
		g_autofree char *words = g_strdup_printf(" from %s, which is too large to name anybody, so each call waits", large[i]);
		g_autofree char *said = SAY("listen", "127.0.0.1:0", from);

		g_assert_nonnull(strstr(said, words));
		g_assert_nonnull(strstr(said, "miracastctl accept."));
		g_assert_null(strstr(said, "only"));
	}
}

/* It has no meaning for a display that is named; miracastctl does not offer it there. */
static void test_connect_from(struct fixture *f, gconstpointer data)
{
	g_autoptr(GDBusConnection) bus = g_bus_get_sync(G_BUS_TYPE_SESSION, NULL, NULL);
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) reply = g_dbus_connection_call_sync(
		bus, "org.miracast.Miracast1", "/org/miracast/Miracast1/Manager", "org.miracast.Miracast1.Manager",
		"Connect", g_variant_new_parsed("('127.0.0.1', {'from': <'127.0.0.1'>})"), NULL,
		G_DBUS_CALL_FLAGS_NONE, -1, NULL, &error);

	g_assert_null(reply);
	g_assert_nonnull(strstr(error->message, "\"from\" is for listening"));
}

static void test_unlisten(struct fixture *f, gconstpointer data)
{
	g_autoptr(JsonNode) json = NULL, status = NULL;

	g_assert_cmpint(CTL(&json, "unlisten", f->address), ==, 0);
	g_assert_cmpint(CTL(&status, "status"), ==, 0);
	g_assert_cmpuint(json_array_get_length(json_object_get_array_member(object(status),
									    "listening")), ==, 0);
}

/* ---- text for people ---------------------------------------------------------------- */

/* After `connect --no-wait` this is the only way to learn what to do now. */
static void test_step(struct fixture *f, gconstpointer data)
{
	g_autoptr(GSocketConnection) sink = dial(f, "config");
	g_autoptr(JsonNode) running = wait_session("sessions", "negotiating");
	g_autofree char *text = SAY("status");

	g_assert_nonnull(strstr(text, "    the display has called\n"));
}

/* Beside the picture's, what there is to know of the sound. */
static void test_sound_row(struct fixture *f, gconstpointer data)
{
	g_autoptr(GSocketConnection) sink = dial(f, "stream");
	g_autoptr(JsonNode) running = wait_session("sessions", "streaming");
	g_autofree char *text = SAY("status");
	const char *row = "    sound: LPCM, 48 kHz, 2 channels: playing (44.1 kHz, 2 channels); "
			  "latency 15.2 ms, 95 %: 20.4 ms; skipped 10.0 ms, lost 0.0 ms, in 2 places\n";

	g_assert_nonnull(strstr(text, row));
}

/* Whose memory the pictures are in, and what that costs: 1280x720 at 60 Hz. */
static void assert_pictures_row(struct fixture *f, const char *command, const char *row)
{
	g_autoptr(GSocketConnection) sink = dial(f, command);
	g_autoptr(JsonNode) running = wait_session("sessions", "streaming");
	g_autofree char *text = SAY("status");

	g_assert_nonnull(strstr(text, row));
}

static void test_shared_pictures(struct fixture *f, gconstpointer data)
{
	assert_pictures_row(f, "stream", "    the mode was lowered because this computer cannot encode 1920x1080 fast enough\n"
					 "    pictures: read out of the GPU's memory, 2.5 GB/s; the desktop copies "
					 "nothing\n    to the encoder: in the GPU; the processor sees no pixel\n");
}

static void test_copied_pictures(struct fixture *f, gconstpointer data)
{
	assert_pictures_row(f, "stream-copies", "    this computer cannot encode 1920x1080 fast enough: a lower mode would look "
					 "smoother\n    pictures: the desktop copies them, up to 0.22 GB/s, since it must\n"
					 "    to the encoder: through the processor: the driver is tired\n");
}

/* Numbers, and whether they are good. */
static void test_quality(struct fixture *f, gconstpointer data)
{
	g_autoptr(GSocketConnection) sink = dial(f, "stream");
	g_autoptr(JsonNode) running = wait_session("sessions", "streaming");
	JsonArray *rows = json_object_get_array_member(object(running), "quality");
	g_autofree char *text = SAY("status");

	g_assert_nonnull(strstr(text, "    frame rate  poor     3 per second, 85 % of the desktop's left out\n"));
	g_assert_nonnull(strstr(text, "-> many are left out"));
	g_assert_nonnull(strstr(text, "    delay       good     5.0 ms, 95 % within 9.0, 99 % within 9.5 "
				      "(waiting 1.0, encoding 3.5, sending 0.5)\n"));
	g_assert_nonnull(strstr(text, "    losses      unknown  not known\n"));
	g_assert_cmpuint(json_array_get_length(rows), ==, 6);
	g_assert_cmpstr(json_object_get_string_member(json_array_get_object_element(rows, 1), "quality"), ==, "good");
	/* A display that calls us is reached over whatever there is, which need not be a radio. */
	g_assert_null(strstr(text, "    link "));
}

static void test_help(struct fixture *f, gconstpointer data)
{
	g_autofree char *all = SAY("help");
	g_autofree char *one = SAY("help", "connect");
	g_autofree char *option = SAY("connect", "--help");

	g_assert_nonnull(strstr(all, "Exit status:"));
	/* The longest one has its column, too. */
	g_assert_nonnull(strstr(all, "\n  connect NAME|MAC|HOST [--no-wait]  cast to a display\n"));
	g_assert_nonnull(strstr(all, "\n  status                             what is running\n"));
	g_assert_nonnull(strstr(one, "miracastctl connect ["));
	g_assert_cmpstr(one, ==, option);
}

/* What a shell is offered; the way in which it puts it into the line is test-completion's. */
static void test_complete(struct fixture *f, gconstpointer data)
{
	g_autoptr(GSocketConnection) sink = dial(f, "stream");
	g_autoptr(JsonNode) running = wait_session("sessions", "streaming");
	g_autofree char *listening = g_strdup_printf("%s\t\n", f->address);
	const struct {
		const char *words[5];
		const char *only; /* all that is said */
		const char *has; /* or a part of it */
		const char *has_not;
	} cases[] = {
		{ { "" }, .has = "scan\tlook for displays\n", .has_not = "--json" },
		{ { "--" }, .has = "--json\t", .has_not = "scan" },
		{ { "--json", "" }, .has = "monitor\t", .has_not = "--json" },
		{ { "cast", "" }, .only = "" },
		{ { "connect", "-" }, .has = "--no-wait\t", .has_not = "--wait\t" },
		{ { "--json", "connect", "--" }, .has = "--mode\tPreferred mode\n", .has_not = "127.0.0.1" },
		{ { "connect", "--mode", "" }, .only = "" },
		{ { "connect", "--mode=1280x720", "" }, .only = "127.0.0.1\t127.0.0.1\n" },
		{ { "connect", "--help", "" }, .only = "" },
		{ { "connect", "TV", "" }, .only = "" },
		{ { "connect", "" }, .only = "127.0.0.1\t127.0.0.1\n" },
		{ { "scan", "--seconds", "" }, .only = "" },
		{ { "unlisten", "" }, .only = listening },
		{ { "disconnect", "" }, .only = "all\tevery session\n127.0.0.1\t1\n" },
		{ { "disconnect", "1" }, .has = "1\t127.0.0.1\n" },
		{ { "help", "" }, .has = "doctor\t", .has_not = "Exit status" },
		{ { "help", "-" }, .has = "--json\t" },
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		const char *const *words = cases[i].words;
		g_autofree char *said = SAY("complete", words[0], words[1], words[2]);

		if (cases[i].only)
			g_assert_cmpstr(said, ==, cases[i].only);
		g_assert_true(!cases[i].has || strstr(said, cases[i].has));
		g_assert_false(cases[i].has_not && strstr(said, cases[i].has_not));
	}
}

/* Whoever presses TAB is not told what is wrong. */
static void test_complete_no_daemon(struct fixture *f, gconstpointer data)
{
	g_autofree char *said = SAY("complete", "connect", "");

	g_assert_cmpstr(said, ==, "");
}

/* ---- a daemon that does not start, or has nothing to do --------------------------------- */

/* Does the bus start what @program is for the daemon's name? */
static void make_activatable(struct fixture *f, const char *exec)
{
	g_autofree char *directory = g_dir_make_tmp("miracast-bus-XXXXXX", NULL);
	g_autofree char *file = g_build_filename(directory, "org.miracast.Miracast1.service", NULL);
	g_autofree char *text =
		g_strdup_printf("[D-BUS Service]\nName=org.miracast.Miracast1\nExec=%s\n", exec);

	g_assert_true(g_file_set_contents(file, text, -1, NULL));
	f->test_bus = g_test_dbus_new(G_TEST_DBUS_NONE);
	g_test_dbus_add_service_dir(f->test_bus, directory);
	g_test_dbus_up(f->test_bus);
	f->services = g_steal_pointer(&directory);
}

static void test_does_not_start(struct fixture *f, gconstpointer data)
{
	g_autoptr(JsonNode) json = NULL;
	gint64 start = g_get_monotonic_time();

	make_activatable(f, "/bin/false");
	g_assert_cmpint(CTL(&json, "scan"), ==, 3);
	assert_error(json, "daemon-failed");
	g_assert_cmpint(g_get_monotonic_time() - start, <, 5 * G_USEC_PER_SEC);
}

#define SHORT_IDLE "--session-bus --no-p2p --source=test --sandbox= --umd=" FAKE_UMD " --idle-exit=1"

static gboolean has_owner(void)
{
	g_autoptr(GDBusConnection) bus = g_bus_get_sync(G_BUS_TYPE_SESSION, NULL, NULL);
	g_autoptr(GVariant) reply = g_dbus_connection_call_sync(
		bus, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
		"NameHasOwner", g_variant_new("(s)", "org.miracast.Miracast1"),
		G_VARIANT_TYPE("(b)"), G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL);
	gboolean has = FALSE;

	g_variant_get(reply, "(b)", &has);
	return has;
}

/* It ends when nobody needs it, is there again when somebody does, and stays while it listens. */
static void test_idle(struct fixture *f, gconstpointer data)
{
	g_autoptr(JsonNode) first = NULL, listening = NULL, again = NULL, unlistened = NULL;
	gint64 deadline = g_get_monotonic_time() + 10 * G_USEC_PER_SEC;
	const char *address;

	make_activatable(f, MIRACASTD " " SHORT_IDLE);
	g_assert_cmpint(CTL(&first, "status"), ==, 0);
	while (has_owner()) {
		g_assert_cmpint(g_get_monotonic_time(), <, deadline);
		g_usleep(50000);
	}
	g_assert_cmpint(CTL(&listening, "listen", "127.0.0.1:0"), ==, 0);
	g_usleep(3 * G_USEC_PER_SEC);
	g_assert_true(has_owner());
	g_assert_cmpint(CTL(&again, "status"), ==, 0);
	address = json_array_get_string_element(
		json_object_get_array_member(object(again), "listening"), 0);
	g_assert_cmpint(CTL(&unlistened, "unlisten", address), ==, 0);
	deadline = g_get_monotonic_time() + 10 * G_USEC_PER_SEC;
	while (has_owner()) {
		g_assert_cmpint(g_get_monotonic_time(), <, deadline);
		g_usleep(50000);
	}
}

/* Without the module it looks for displays; who wants to cast is told at once what is missing. */
static void test_no_module(struct fixture *f, gconstpointer data)
{
	g_autoptr(JsonNode) scan = NULL, listen = NULL, status = NULL;
	gint64 start;

	make_activatable(f, MIRACASTD " --session-bus --no-p2p --device=/nonexistent/miracast "
				      "--idle-exit=20");
	g_assert_cmpint(CTL(&scan, "scan", "--seconds", "1"), ==, 0);
	start = g_get_monotonic_time();
	g_assert_cmpint(CTL(&listen, "listen", "127.0.0.1:0"), ==, 1);
	assert_error(listen, "module-missing");
	g_assert_cmpint(g_get_monotonic_time() - start, <, 2 * G_USEC_PER_SEC);
	g_assert_cmpint(CTL(&status, "status"), ==, 0);
	g_assert_cmpstr(json_object_get_string_member(object(status), "source"), ==, "kernel");
	g_assert_cmpuint(json_array_get_length(json_object_get_array_member(object(status),
									    "listening")), ==, 0);
}

/* One --from is for all addresses that are listened on; nobody could call one of these two. */
static void test_from_of_one_family(struct fixture *f, gconstpointer data)
{
	g_autoptr(GSubprocess) daemon =
		g_subprocess_new(G_SUBPROCESS_FLAGS_STDERR_PIPE, NULL, MIRACASTD, "--no-bus", "--source=test",
				 "--listen=127.0.0.1:0", "--listen=[::1]:0", "--from=127.0.0.0/8", NULL);
	g_autofree char *said = NULL;

	g_assert_nonnull(daemon);
	g_assert_true(g_subprocess_communicate_utf8(daemon, NULL, NULL, NULL, &said, NULL));
	g_assert_cmpint(g_subprocess_get_exit_status(daemon), ==, 2);
	g_assert_nonnull(strstr(said, "--from is of IPv4 or of IPv6"));
}

struct answers {
	guint n, refused;
};

static void was_diagnosed(GObject *source, GAsyncResult *result, gpointer user_data)
{
	struct answers *answers = user_data;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) checks =
		g_dbus_connection_call_finish(G_DBUS_CONNECTION(source), result, &error);
	g_autofree char *name = error ? g_dbus_error_get_remote_error(error) : NULL;

	answers->n++;
	if (checks)
		return;
	g_assert_cmpstr(name, ==, "org.miracast.Miracast1.Error.link_busy");
	answers->refused++;
}

/* Calls that take their time are bounded; all are answered. */
static void test_many_calls(struct fixture *f, gconstpointer data)
{
	g_autoptr(GDBusConnection) bus = g_bus_get_sync(G_BUS_TYPE_SESSION, NULL, NULL);
	struct answers answers = { 0 };

	for (guint i = 0; i < 40; i++)
		g_dbus_connection_call(bus, "org.miracast.Miracast1",
				       "/org/miracast/Miracast1/Manager",
				       "org.miracast.Miracast1.Manager", "Diagnose", NULL, NULL,
				       G_DBUS_CALL_FLAGS_NONE, -1, NULL, was_diagnosed, &answers);
	while (answers.n < 40)
		g_main_context_iteration(NULL, TRUE);
	g_assert_cmpuint(answers.refused, >=, 1);
	g_assert_cmpuint(answers.refused, <, 40);
}

/* What it finds depends on the machine; its form, and that it agrees with itself, do not. */
static void test_doctor(struct fixture *f, gconstpointer data)
{
	g_autoptr(JsonNode) json = NULL;
	int status = CTL(&json, "doctor");
	JsonArray *checks = json_object_get_array_member(object(json), "checks");
	gboolean failed = FALSE, daemon_ok = FALSE, encoder_ok = FALSE, supplicant = FALSE;

	for (guint i = 0; i < json_array_get_length(checks); i++) {
		JsonObject *check = json_array_get_object_element(checks, i);
		const char *result = json_object_get_string_member(check, "result");
		gboolean ok = strcmp(result, "ok") == 0;

		failed |= strcmp(result, "fail") == 0;
		g_assert_cmpstr(json_object_get_string_member(check, "text"), !=, "");
		g_assert_cmpint(ok, ==, *json_object_get_string_member(check, "next") == '\0');
		if (strcmp(json_object_get_string_member(check, "check"), "daemon") == 0)
			daemon_ok = ok;
		/* The daemon's user-mode driver says so, not what GStreamer there is for this user. */
		if (strcmp(json_object_get_string_member(check, "check"), "encoder") == 0)
			encoder_ok = strcmp(json_object_get_string_member(check, "text"),
					    "video with fakeenc") == 0;
		if (strcmp(json_object_get_string_member(check, "check"), "wpa_supplicant") == 0)
			supplicant = TRUE;
	}
	g_assert_cmpint(status, ==, failed ? 1 : 0);
	g_assert_true(daemon_ok);
	g_assert_true(encoder_ok);
	g_assert_true(supplicant);
}

static JsonObject *check_named(JsonNode *json, const char *name)
{
	JsonArray *checks = json_object_get_array_member(object(json), "checks");

	for (guint i = 0; i < json_array_get_length(checks); i++) {
		JsonObject *check = json_array_get_object_element(checks, i);

		if (strcmp(json_object_get_string_member(check, "check"), name) == 0)
			return check;
	}
	return NULL;
}

/* Where there can be rules of our own, there is nothing to do for links; where there cannot, firewalld is not told of them. */
static void test_doctor_firewalld(struct fixture *f, gconstpointer data)
{
	g_autofree char *former = g_strdup(g_getenv("DBUS_SYSTEM_BUS_ADDRESS"));
	g_autoptr(GDBusConnection) bus = test_bus_connect(f->test_bus);
	g_autoptr(JsonNode) json = NULL;
	JsonObject *firewall, *filter;
	gboolean ok;

	g_variant_unref(g_dbus_connection_call_sync(bus, "org.freedesktop.DBus", "/", "org.freedesktop.DBus",
						    "RequestName", g_variant_new("(su)", "org.fedoraproject.FirewallD1", 0),
						    NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL));
	g_setenv("DBUS_SYSTEM_BUS_ADDRESS", g_test_dbus_get_bus_address(f->test_bus), TRUE);
	CTL(&json, "doctor");
	if (former)
		g_setenv("DBUS_SYSTEM_BUS_ADDRESS", former, TRUE);
	else
		g_unsetenv("DBUS_SYSTEM_BUS_ADDRESS");
	firewall = check_named(json, "firewall");
	filter = check_named(json, "filter");
	g_assert_nonnull(firewall);
	g_assert_nonnull(filter);
	ok = strcmp(json_object_get_string_member(filter, "result"), "ok") == 0;
	g_assert_cmpstr(json_object_get_string_member(firewall, "result"), ==, ok ? "ok" : "warn");
	g_assert_nonnull(strstr(json_object_get_string_member(firewall, "text"), ok ? "\"trusted\"" : "may keep displays out"));
	g_assert_cmpstr(json_object_get_string_member(firewall, "next-code"), ==, ok ? "" : "open-firewall");
}

/* The user's files count from the next session on; what is wrong in them is told. */
static void test_quirks(struct fixture *f, gconstpointer data)
{
	g_autoptr(JsonNode) doctor = NULL;
	g_autoptr(JsonNode) session = NULL;
	g_autoptr(GSocketConnection) sink = NULL;
	JsonArray *checks;
	JsonObject *info;
	guint wrong = 0, right = 0;

	put_file(f, CTL_QUIRKS_GOOD, "[mine]\nname=Fake\nstandby=false\n");
	put_file(f, CTL_QUIRKS_WRONG, "[mine]\nname=Fake\nstandby=perhaps\n");
	sink = dial(f, "stream");
	session = wait_session("sessions", "streaming");
	info = json_object_get_object_member(object(session), "sink-info");
	g_assert_cmpstr(json_object_get_string_member(info, "quirks"), ==, "[mine] name=Fake standby=false");
	CTL(&doctor, "doctor");
	checks = json_object_get_array_member(object(doctor), "checks");
	for (guint i = 0; i < json_array_get_length(checks); i++) {
		JsonObject *check = json_array_get_object_element(checks, i);
		const char *text = json_object_get_string_member(check, "text");

		if (strcmp(json_object_get_string_member(check, "check"), "quirks") != 0)
			continue;
		if (strcmp(json_object_get_string_member(check, "result"), "ok") == 0)
			right += strstr(text, "1 of your files") != NULL;
		else
			wrong += strstr(text, "wrong.conf") != NULL && strstr(text, "true or false") != NULL;
	}
	g_assert_cmpuint(right, ==, 1);
	g_assert_cmpuint(wrong, ==, 1);
}

/* A session that is begun and not waited for. */
static void test_no_wait(struct fixture *f, gconstpointer data)
{
	g_autoptr(JsonNode) json = NULL;

	g_assert_cmpint(CTL(&json, "connect", "--no-wait", "127.0.0.1:1"), ==, 0);
	g_assert_cmpstr(json_object_get_string_member(
				json_object_get_object_member(object(json), "sink"), "id"), ==, "mice:127.0.0.1:1");
}

static void test_help_json(struct fixture *f, gconstpointer data)
{
	g_autoptr(JsonNode) all = NULL, one = NULL, option = NULL, version = NULL;

	g_assert_cmpint(CTL(&all, "help"), ==, 0);
	g_assert_cmpuint(json_array_get_length(json_object_get_array_member(object(all), "commands")), >=, 12);
	g_assert_cmpint(CTL(&one, "help", "connect"), ==, 0);
	g_assert_cmpint(CTL(&option, "connect", "--help"), ==, 0);
	g_assert_cmpstr(json_object_get_string_member(object(one), "help"), ==,
			json_object_get_string_member(object(option), "help"));
	g_assert_cmpint(CTL(&version, "--version"), ==, 0);
	g_assert_true(json_object_has_member(object(version), "version"));
}

/* All that the tests above have got is as it is documented; each command was seen to say something. */
static void test_schema(struct fixture *f, gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GSubprocess) check = NULL;

	check = g_subprocess_new(G_SUBPROCESS_FLAGS_NONE, &error, JSON_SCHEMA, notes_file(), NULL);
	g_assert_no_error(error);
	g_assert_true(g_subprocess_wait_check(check, NULL, &error));
}

int main(int argc, char **argv)
{
	int status;

	g_test_init(&argc, &argv, NULL);
	notes_begin();
	/* What runs on this machine is left alone. */
	g_setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent", TRUE);
	g_test_add("/ctl/no-daemon", struct fixture, NULL, set_up, test_no_daemon, tear_down);
	g_test_add("/ctl/usage", struct fixture, NULL, set_up, test_usage, tear_down);
	g_test_add("/ctl/session", struct fixture, NULL, start_daemon, test_session, tear_down);
	g_test_add("/ctl/disconnect-name", struct fixture, NULL, start_daemon, test_disconnect_name, tear_down);
	g_test_add("/ctl/monitor", struct fixture, NULL, start_daemon, test_monitor, tear_down);
	g_test_add("/ctl/sink-leaves", struct fixture, NULL, start_daemon, test_sink_leaves, tear_down);
	g_test_add("/ctl/sinks", struct fixture, NULL, start_daemon, test_sinks, tear_down);
	g_test_add("/ctl/scan-problem", struct fixture, "--p2p-interface=none0", start_daemon, test_scan_problem,
		   tear_down);
	g_test_add("/ctl/failures", struct fixture, NULL, start_daemon, test_failures, tear_down);
	add_colour_tests();
	add_consent_tests();
	add_display_tests();
	g_test_add("/ctl/listen-text", struct fixture, NULL, start_daemon, test_listen_text, tear_down);
	g_test_add("/ctl/connect-from", struct fixture, NULL, start_daemon, test_connect_from, tear_down);
	add_stay_tests();
	add_refused_tests();
	add_pin_tests();
	g_test_add("/ctl/unlisten", struct fixture, NULL, start_daemon, test_unlisten, tear_down);
	g_test_add("/ctl/quirks", struct fixture, NULL, start_daemon, test_quirks, tear_down);
	g_test_add("/ctl/doctor", struct fixture, NULL, start_daemon, test_doctor, tear_down);
	g_test_add("/ctl/doctor/firewalld", struct fixture, NULL, start_daemon, test_doctor_firewalld, tear_down);
	g_test_add("/ctl/many-calls", struct fixture, NULL, start_daemon, test_many_calls, tear_down);
	g_test_add("/ctl/step", struct fixture, NULL, start_daemon, test_step, tear_down);
	g_test_add("/ctl/sound", struct fixture, NULL, start_daemon, test_sound_row, tear_down);
	g_test_add("/ctl/pictures/shared", struct fixture, NULL, start_daemon, test_shared_pictures, tear_down);
	g_test_add("/ctl/pictures/copied", struct fixture, NULL, start_daemon, test_copied_pictures, tear_down);
	g_test_add("/ctl/quality", struct fixture, NULL, start_daemon, test_quality, tear_down);
	g_test_add("/ctl/help", struct fixture, NULL, set_up, test_help, tear_down);
	g_test_add("/ctl/complete", struct fixture, NULL, start_daemon, test_complete, tear_down);
	g_test_add("/ctl/complete-no-daemon", struct fixture, NULL, set_up, test_complete_no_daemon, tear_down);
	g_test_add("/ctl/does-not-start", struct fixture, NULL, NULL, test_does_not_start, tear_down);
	g_test_add("/ctl/idle", struct fixture, NULL, NULL, test_idle, tear_down);
	g_test_add("/ctl/no-module", struct fixture, NULL, NULL, test_no_module, tear_down);
	g_test_add("/ctl/from-of-one-family", struct fixture, NULL, NULL, test_from_of_one_family, NULL);
	g_test_add("/ctl/no-wait", struct fixture, NULL, start_daemon, test_no_wait, tear_down);
	g_test_add("/ctl/help-json", struct fixture, NULL, set_up, test_help_json, tear_down);
	/* The last one. */
	g_test_add("/ctl/schema", struct fixture, NULL, set_up, test_schema, tear_down);
	status = g_test_run();
	notes_end();
	return status;
}
