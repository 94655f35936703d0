// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A display over Wi-Fi P2P with a PIN, which it shows or has typed, or by push button: chosen
 * before it is asked, and however it goes wrong, said with what to do next.
 */
#include <signal.h>
#include <string.h>

#include <glib/gstdio.h>

#include "p2p-fixture.h"

#define PUSH_BUTTON 0x0080
#define SHOWS 0x0008
#define TYPES 0x0100

static gboolean wants_pin(struct fixture *f)
{
	return session_wants_pin(last_session(f));
}

static gboolean shows_pin(struct fixture *f)
{
	return session_shown_pin(last_session(f)) != NULL;
}

static gboolean is_told(struct fixture *f)
{
	return f->wpas->provisions > 0;
}

static gboolean is_told_twice(struct fixture *f)
{
	return f->wpas->provisions > 1;
}

static gboolean is_asked(struct fixture *f)
{
	return f->wpas->connects > 0;
}

static gboolean is_asked_twice(struct fixture *f)
{
	return f->wpas->connects > 1;
}

static gboolean was_wrong(struct fixture *f)
{
	return has_phase(f, "pin-wrong") && wants_pin(f);
}

static gboolean tv_is_away(struct fixture *f)
{
	return !tv(f)->present;
}

/* @methods: of the TV; @security: what the user wants, or NULL */
static void begin_with(struct fixture *f, guint16 methods, const char *security)
{
	f->wpas->config_methods = methods;
	scan(f);
	begin_secure(f, security);
}

static void type(struct fixture *f, const char *pin)
{
	g_autoptr(GError) error = NULL;

	session_enter_pin(last_session(f), pin, &error);
	g_assert_no_error(error);
}

static void assert_fails(struct fixture *f, const char *name)
{
	wait_until(is_gone, f);
	assert_reason(f, name);
	/* Who has ended it himself knows what to do next. */
	if (!g_str_equal(name, "disconnected"))
		g_assert_cmpstr(session_reason(only_session(f))->hint, !=, "");
	g_assert_false(wants_pin(f));
	g_assert_false(shows_pin(f));
	settle(f);
	g_assert_false(f->wpas->group);
	g_assert_cmpuint(f->wpas->cancels, >, 0);
}

static void test_tv_shows(struct fixture *f, gconstpointer data)
{
	g_autoptr(GSocketConnection) sink = NULL;

	begin_with(f, SHOWS | TYPES, NULL);
	wait_until(wants_pin, f);
	g_assert_cmpstr(f->wpas->asked_to, ==, "display");
	g_assert_cmpuint(f->wpas->connects, ==, 0);
	/* It is forgotten by wpa_supplicant if nobody looks for it meanwhile. */
	spin(50);
	g_assert_true(f->wpas->finding);
	type(f, "1234-5670");
	wait_until(waits_for_call, f);
	g_assert_cmpstr(f->wpas->method, ==, "keypad");
	g_assert_cmpstr(f->wpas->pin, ==, MOCK_PIN);
	g_assert_cmpuint(f->wpas->connects, ==, 1);
	g_assert_false(wants_pin(f));
	sink = call_and_stream(f);
}

static void test_we_show(struct fixture *f, gconstpointer data)
{
	g_autoptr(GSocketConnection) sink = NULL;

	f->wpas->answer = MOCK_IGNORE;
	begin_with(f, TYPES, NULL);
	wait_until(shows_pin, f);
	g_assert_cmpstr(f->wpas->asked_to, ==, "keypad");
	g_assert_cmpstr(session_shown_pin(only_session(f)), ==, MOCK_PIN);
	wait_until(is_asked, f);
	g_assert_cmpstr(f->wpas->method, ==, "display");
	g_assert_cmpstr(f->wpas->pin, ==, MOCK_PIN);
	/* As long as it may have to be typed. */
	g_assert_true(shows_pin(f));
	mock_wpas_signal(f->wpas, MOCK_SIGNAL_GROUP_STARTED);
	wait_until(waits_for_call, f);
	g_assert_false(shows_pin(f));
	sink = call_and_stream(f);
}

/* It has both, or says nothing: push button, unless a PIN is asked for. */
static void test_push_button(struct fixture *f, gconstpointer data)
{
	guint16 methods = GPOINTER_TO_UINT(data);

	begin_with(f, methods, NULL);
	wait_until(waits_for_call, f);
	g_assert_cmpstr(f->wpas->method, ==, "pbc");
	g_assert_cmpuint(f->wpas->provisions, ==, 0);
}

static void test_asked_for(struct fixture *f, gconstpointer data)
{
	begin_with(f, PUSH_BUTTON | SHOWS | TYPES, "pin");
	wait_until(wants_pin, f);
	type(f, MOCK_PIN);
	wait_until(waits_for_call, f);
	g_assert_cmpstr(f->wpas->method, ==, "keypad");
	g_assert_cmpuint(f->wpas->connects, ==, 1);
}

/* Everything over Wi-Fi P2P is. */
static void test_encryption(struct fixture *f, gconstpointer data)
{
	begin_with(f, PUSH_BUTTON, "encryption");
	wait_until(waits_for_call, f);
	g_assert_cmpstr(f->wpas->method, ==, "pbc");
}

/* @data: methods of a TV that refuses push button, though it has said that it takes it. */
static void test_push_button_refused(struct fixture *f, gconstpointer data)
{
	guint16 methods = GPOINTER_TO_UINT(data);
	const reason *why;

	f->wpas->answer = MOCK_STATUS;
	f->wpas->status = 10;
	begin_with(f, methods, NULL);
	assert_fails(f, "needs-pin");
	why = session_reason(only_session(f));
	/* With --pin it would say that it has none, and to do without. */
	g_assert_true((strstr(why->message, "--pin") != NULL) == (methods != PUSH_BUTTON));
	g_assert_null(strstr(why->hint, "--pin"));
}

/* Asked for of a display that has none: said before it is asked for anything. */
static void test_no_pin(struct fixture *f, gconstpointer data)
{
	begin_with(f, PUSH_BUTTON, "pin");
	wait_until(is_gone, f);
	assert_reason(f, "no-pin");
	g_assert_cmpuint(f->wpas->provisions, ==, 0);
	g_assert_cmpuint(f->wpas->connects, ==, 0);
}

/* It was to show one, and has ours typed instead: what it says counts. */
static void test_swapped(struct fixture *f, gconstpointer data)
{
	f->wpas->provisioning = MOCK_PROVISION_SWAPPED;
	begin_with(f, SHOWS | TYPES, NULL);
	wait_until(waits_for_call, f);
	g_assert_cmpstr(f->wpas->asked_to, ==, "display");
	g_assert_cmpstr(f->wpas->method, ==, "display");
}

static void test_wrong_pin(struct fixture *f, gconstpointer data)
{
	begin_with(f, SHOWS, NULL);
	wait_until(wants_pin, f);
	type(f, "87654325");
	assert_fails(f, "pin-wrong");
	/* A wrong one is not tried again. */
	g_assert_cmpuint(f->wpas->connects, ==, 1);
}

/* One that cannot be right does not cost the attempt. */
static void test_mistyped(struct fixture *f, gconstpointer data)
{
	begin_with(f, SHOWS, NULL);
	wait_until(wants_pin, f);
	type(f, "123456");
	wait_until(was_wrong, f);
	type(f, "12345671");
	spin(50);
	wait_until(was_wrong, f);
	g_assert_cmpuint(f->wpas->connects, ==, 0);
	type(f, MOCK_PIN);
	wait_until(waits_for_call, f);
}

/* There are displays that do not know of check digits. */
static void test_no_check_digit(struct fixture *f, gconstpointer data)
{
	begin_with(f, SHOWS, NULL);
	wait_until(wants_pin, f);
	type(f, "12345671");
	wait_until(was_wrong, f);
	type(f, "12345671");
	wait_until(is_asked, f);
	g_assert_cmpstr(f->wpas->pin, ==, "12345671");
	assert_fails(f, "pin-wrong");
}

static void test_refused(struct fixture *f, gconstpointer data)
{
	f->wpas->provisioning = MOCK_PROVISION_REFUSED;
	begin_with(f, SHOWS, NULL);
	assert_fails(f, "pin-refused");
	g_assert_cmpuint(f->wpas->connects, ==, 0);
}

static void test_not_asked(struct fixture *f, gconstpointer data)
{
	f->wpas->provisioning = MOCK_PROVISION_FAILS;
	begin_with(f, SHOWS, NULL);
	assert_fails(f, "group-failed");
	g_assert_cmpuint(f->wpas->connects, ==, 0);
}

static void test_no_answer(struct fixture *f, gconstpointer data)
{
	f->wpas->provisioning = MOCK_PROVISION_IGNORED;
	begin_with(f, SHOWS, NULL);
	assert_fails(f, "sink-not-in-sight");
	g_assert_cmpuint(f->wpas->connects, ==, 0);
}

static void test_not_typed(struct fixture *f, gconstpointer data)
{
	begin_with(f, SHOWS, NULL);
	wait_until(wants_pin, f);
	/* Once more it is looked for longer than is waited. */
	spin(1000);
	type(f, "123456");
	wait_until(was_wrong, f);
	assert_fails(f, "pin-not-entered");
	g_assert_cmpuint(f->wpas->connects, ==, 0);
	g_assert_false(f->wpas->finding);
}

static void test_not_typed_there(struct fixture *f, gconstpointer data)
{
	f->wpas->answer = MOCK_IGNORE;
	begin_with(f, TYPES, NULL);
	wait_until(shows_pin, f);
	assert_fails(f, "pin-not-entered");
}

/* Nobody looks any more, and what is typed then is not wanted. */
static void test_cancelled(struct fixture *f, gconstpointer data)
{
	g_autoptr(GError) error = NULL;

	begin_with(f, SHOWS, NULL);
	wait_until(wants_pin, f);
	session_end(only_session(f), reason_new_code(REASON_DISCONNECTED, "enough"));
	g_assert_false(session_enter_pin(only_session(f), MOCK_PIN, &error));
	g_assert_error(error, REASON_ERROR, REASON_PIN_NOT_WANTED);
	assert_fails(f, "disconnected");
	wait_until(scan_is_over, f);
	g_assert_cmpuint(f->wpas->connects, ==, 0);
	g_assert_false(f->wpas->finding);
}

/* In the moment in which it is looked at. */
static void test_cancelled_when_typed(struct fixture *f, gconstpointer data)
{
	begin_with(f, SHOWS, NULL);
	wait_until(wants_pin, f);
	type(f, MOCK_PIN);
	session_end(only_session(f), reason_new_code(REASON_DISCONNECTED, "enough"));
	wait_until(is_gone, f);
	settle(f);
	g_assert_cmpuint(f->wpas->connects, ==, 0);
	g_assert_false(f->wpas->group);
}

/* It may only not have been heard; with the PIN it is looked for again. */
static void test_disappears(struct fixture *f, gconstpointer data)
{
	begin_with(f, SHOWS, NULL);
	wait_until(wants_pin, f);
	mock_wpas_show_peer(f->wpas, FALSE);
	wait_until(tv_is_away, f);
	type(f, MOCK_PIN);
	wait_until(is_searching, f);
	g_assert_cmpuint(f->wpas->connects, ==, 0);
	mock_wpas_show_peer(f->wpas, TRUE);
	wait_until(waits_for_call, f);
	g_assert_cmpstr(f->wpas->pin, ==, MOCK_PIN);
	g_assert_cmpuint(f->wpas->provisions, ==, 1);
}

static void test_disappears_for_good(struct fixture *f, gconstpointer data)
{
	begin_with(f, SHOWS, NULL);
	wait_until(wants_pin, f);
	mock_wpas_show_peer(f->wpas, FALSE);
	assert_fails(f, "pin-not-entered");
	g_assert_cmpuint(f->wpas->connects, ==, 0);
}

/* No group for another reason: it makes another PIN for the second try. */
static void test_second_try(struct fixture *f, gconstpointer data)
{
	f->wpas->answer = MOCK_FORMATION_FAILS_ONCE;
	begin_with(f, SHOWS, NULL);
	wait_until(wants_pin, f);
	type(f, MOCK_PIN);
	wait_until(is_told_twice, f);
	wait_until(wants_pin, f);
	g_assert_cmpuint(f->wpas->connects, ==, 1);
	type(f, MOCK_NEXT_PIN);
	wait_until(waits_for_call, f);
	g_assert_cmpstr(f->wpas->pin, ==, MOCK_NEXT_PIN);
	g_assert_cmpuint(f->wpas->connects, ==, 2);
}

/* The first time is over then: that is no reason not to begin with the second. */
static void test_second_try_late(struct fixture *f, gconstpointer data)
{
	f->wpas->answer = MOCK_IGNORE;
	begin_with(f, SHOWS, NULL);
	wait_until(wants_pin, f);
	type(f, MOCK_PIN);
	wait_until(is_asked, f);
	spin(1200);
	mock_wpas_signal(f->wpas, MOCK_SIGNAL_NEGOTIATED);
	spin(1000);
	mock_wpas_signal(f->wpas, MOCK_SIGNAL_FORMATION_FAILED);
	wait_until(is_told_twice, f);
	wait_until(wants_pin, f);
	f->wpas->answer = MOCK_ACCEPT;
	type(f, MOCK_NEXT_PIN);
	wait_until(waits_for_call, f);
}

/* While its user is slow, or both want to own the group, the PIN stays. */
static void test_same_pin(struct fixture *f, gconstpointer data)
{
	f->wpas->answer = MOCK_STATUS_ONCE;
	f->wpas->status = GPOINTER_TO_INT(data);
	begin_with(f, SHOWS, NULL);
	wait_until(wants_pin, f);
	type(f, MOCK_PIN);
	wait_until(waits_for_call, f);
	g_assert_cmpuint(f->wpas->provisions, ==, 1);
	g_assert_cmpuint(f->wpas->connects, ==, 2);
}

/* What another display says is not for us, and the radio is of the first one. */
static void test_two_displays(struct fixture *f, gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	link_sink *other;

	f->wpas->two_displays = TRUE;
	f->wpas->provisioning = MOCK_PROVISION_IGNORED;
	begin_with(f, SHOWS, NULL);
	wait_until(is_told, f);
	settle(f);
	g_assert_false(wants_pin(f));
	mock_wpas_signal(f->wpas, MOCK_SIGNAL_PROVISIONED);
	wait_until(wants_pin, f);
	other = broker_find_sink(f->broker, MOCK_OTHER_NAME, OWNER_ALL, NULL);
	g_assert_nonnull(other);
	g_assert_nonnull(broker_connect(f->broker, other, g_variant_new("a{sv}", NULL), &error));
	g_assert_no_error(error);
	wait_until(last_is_gone, f);
	g_assert_cmpstr(session_reason(last_session(f))->name, ==, "link-busy");
	g_assert_true(session_enter_pin(only_session(f), MOCK_PIN, NULL));
	wait_until(waits_for_call, f);
}

/* The same of a wide group, over the control socket. */
static void test_wide(struct fixture *f, gconstpointer data)
{
	mock_wpas_open_control(f->wpas);
	begin_with(f, SHOWS, NULL);
	wait_until(wants_pin, f);
	type(f, MOCK_PIN);
	wait_until(waits_for_call, f);
	g_assert_cmpstr(f->wpas->command, ==,
			"P2P_CONNECT 02:00:00:00:01:00 12345670 keypad go_intent=15 persistent ht40 vht he");
	g_assert_cmpuint(f->wpas->connects, ==, 1);
}

/* NetworkManager knows push button only; the display is asked with the PIN after it. */
static void test_nm(struct fixture *f, gconstpointer data)
{
	start_nm(f);
	begin_with(f, SHOWS, NULL);
	wait_until(wants_pin, f);
	g_assert_cmpuint(f->nm->asks, ==, 0);
	type(f, MOCK_PIN);
	wait_until(is_asked_twice, f);
	wait_until(waits_for_call, f);
	g_assert_cmpstr(f->wpas->method, ==, "keypad");
	g_assert_cmpstr(f->wpas->pin, ==, MOCK_PIN);
}

/* One that takes that first question: who has asked for a PIN does not get less. */
static void test_nm_takes_less(struct fixture *f, gconstpointer data)
{
	start_nm(f);
	begin_with(f, PUSH_BUTTON | SHOWS, "pin");
	wait_until(wants_pin, f);
	type(f, MOCK_PIN);
	assert_fails(f, "pin-refused");
}

static gboolean nm_is_asked(struct fixture *f)
{
	return f->nm && f->nm->asked;
}

/* What comes of our own question is with the PIN, whoever is about to be asked to ask again. */
static void test_nm_too_late(struct fixture *f, gconstpointer data)
{
	f->wpas->answer = MOCK_STATUS_ONCE;
	f->wpas->status = 1;
	begin_with(f, SHOWS, NULL);
	wait_until(wants_pin, f);
	type(f, MOCK_PIN);
	wait_until(is_asked, f);
	start_nm(f);
	f->nm->silent = TRUE;
	f->nm->tolerant = TRUE;
	wait_until(nm_is_asked, f);
	f->wpas->answer = MOCK_IGNORE;
	mock_wpas_signal(f->wpas, MOCK_SIGNAL_GROUP_STARTED);
	wait_until(waits_for_call, f);
	mock_nm_answer(f->nm);
	settle(f);
	g_assert_true(waits_for_call(f));
}

/* NetworkManager's question was no use: the first one with the PIN is the first one. */
static void test_nm_not_asked(struct fixture *f, gconstpointer data)
{
	start_nm(f);
	f->wpas->answer = MOCK_REFUSE;
	begin_with(f, SHOWS, NULL);
	wait_until(wants_pin, f);
	type(f, MOCK_PIN);
	assert_fails(f, "no-common-channel");
	g_assert_cmpuint(f->wpas->connects, ==, 2);
}

/* ---- as a user has it ---------------------------------------------------------------- */

static gboolean has_ended;
static GPollableInputStream *ctl_stderr;
static GString *said;
static const char *awaited;

static gboolean has_said(struct fixture *f)
{
	char text[256];
	gssize n = g_pollable_input_stream_read_nonblocking(ctl_stderr, text, sizeof(text), NULL, NULL);

	if (n > 0)
		g_string_append_len(said, text, n);
	return strstr(said->str, awaited) != NULL;
}

static gboolean has_owner(struct fixture *f, const char *name)
{
	g_autoptr(GVariant) answer = g_dbus_connection_call_sync(
		f->bus, "org.freedesktop.DBus", "/", "org.freedesktop.DBus", "NameHasOwner",
		g_variant_new("(s)", name), NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL);
	gboolean owned = FALSE;

	g_variant_get(answer, "(b)", &owned);
	return owned;
}

static void ended(GObject *source, GAsyncResult *result, gpointer user_data)
{
	g_autoptr(GError) error = NULL;

	g_subprocess_wait_finish(G_SUBPROCESS(source), result, &error);
	g_assert_no_error(error);
	has_ended = TRUE;
}

static gboolean is_over(struct fixture *f)
{
	return has_ended;
}

/* It is told to end what it waits for, which takes the daemon to do. */
static void end(struct fixture *f, GSubprocess *process)
{
	g_subprocess_wait_async(process, NULL, ended, NULL);
	g_subprocess_send_signal(process, SIGTERM);
	wait_until(is_over, f);
	has_ended = FALSE;
}

/* Who has not waited for it, or was not there, is told by status. */
static void assert_status(const char *option, const char *const *texts)
{
	g_autoptr(GSubprocess) ctl = g_subprocess_new(G_SUBPROCESS_FLAGS_STDOUT_PIPE, NULL, MIRACASTCTL, "--session-bus",
						      option, "status", NULL);
	g_autofree char *text = NULL;

	g_assert_true(g_subprocess_communicate_utf8(ctl, NULL, NULL, &text, NULL, NULL));
	for (; *texts; texts++) {
		if (!strstr(text, *texts))
			g_test_message("%s is not in %s", *texts, text);
		g_assert_nonnull(strstr(text, *texts));
	}
}
#define ASSERT_STATUS(option, ...) assert_status(option, (const char *const[]){ __VA_ARGS__, NULL })

/* @data: methods of the TV. miracastd and miracastctl, from the question to what wpa_supplicant gets. */
static void test_ctl(struct fixture *f, gconstpointer data)
{
	gboolean here = GPOINTER_TO_UINT(data) == SHOWS;
	g_autoptr(GSubprocessLauncher) launcher = g_subprocess_launcher_new(
		G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_SILENCE | G_SUBPROCESS_FLAGS_STDERR_PIPE);
	g_autofree char *directory = g_dir_make_tmp("miracast-pin-XXXXXX", NULL);
	g_autofree char *runtime = g_strdup_printf("--runtime-dir=%s", directory);
	g_autoptr(GSubprocess) daemon = NULL, ctl = NULL;
	const char *address = g_test_dbus_get_bus_address(f->test_bus);

	f->wpas->config_methods = GPOINTER_TO_UINT(data);
	f->wpas->answer = MOCK_IGNORE;
	g_setenv("DBUS_SYSTEM_BUS_ADDRESS", address, TRUE);
	daemon = g_subprocess_new(G_SUBPROCESS_FLAGS_NONE, NULL, MIRACASTD, "--session-bus", "--source=test",
				  "--umd=" FAKE_UMD, "--sandbox=", runtime, NULL);
	g_assert_nonnull(daemon);
	while (!has_owner(f, "org.miracast.Miracast1"))
		spin(20);
	ctl = g_subprocess_launcher_spawn(launcher, NULL, MIRACASTCTL, "--session-bus", "connect", MOCK_PEER_NAME, NULL);
	g_assert_nonnull(ctl);
	ctl_stderr = G_POLLABLE_INPUT_STREAM(g_subprocess_get_stderr_pipe(ctl));
	said = g_string_new(NULL);
	awaited = here ? "PIN that " MOCK_PEER_NAME " shows: " :
			 "PIN to type at " MOCK_PEER_NAME ": " MOCK_PIN "\n";
	wait_until(has_said, f);
	if (here) {
		ASSERT_STATUS("--session-bus", MOCK_PEER_NAME " shows a PIN",
			      "-> miracastctl --session-bus pin 1\n");
		ASSERT_STATUS("--json", "\"pin-wanted\" : true", "\"pin-shown\" : \"\"");
	} else {
		ASSERT_STATUS("--session-bus", "PIN to type at " MOCK_PEER_NAME ": " MOCK_PIN);
		ASSERT_STATUS("--json", "\"pin-wanted\" : false", "\"pin-shown\" : \"" MOCK_PIN "\"");
	}
	if (here)
		g_output_stream_write_all(g_subprocess_get_stdin_pipe(ctl), "1234 5670\n", 10, NULL, NULL, NULL);
	wait_until(is_asked, f);
	g_assert_cmpstr(f->wpas->method, ==, here ? "keypad" : "display");
	g_assert_cmpstr(f->wpas->pin, ==, MOCK_PIN);
	end(f, ctl);
	g_string_free(said, TRUE);
	end(f, daemon);
	g_unsetenv("DBUS_SYSTEM_BUS_ADDRESS");
	g_assert_cmpint(g_rmdir(directory), ==, 0);
}

static void set_up_complete(struct fixture *f, gconstpointer data)
{
	set_up(f, GINT_TO_POINTER(MOCK_COMPLETE));
}

static void add(const char *path, gpointer data, void (*test)(struct fixture *f, gconstpointer data))
{
	g_test_add(path, struct fixture, data, set_up_complete, test, tear_down);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	add("/p2p-pin/tv-shows", NULL, test_tv_shows);
	add("/p2p-pin/we-show", NULL, test_we_show);
	add("/p2p-pin/push-button/preferred", GUINT_TO_POINTER(PUSH_BUTTON | SHOWS | TYPES), test_push_button);
	add("/p2p-pin/push-button/says-nothing", GUINT_TO_POINTER(0), test_push_button);
	add("/p2p-pin/push-button/refused", GUINT_TO_POINTER(PUSH_BUTTON), test_push_button_refused);
	add("/p2p-pin/push-button/refused-with-pin", GUINT_TO_POINTER(PUSH_BUTTON | SHOWS), test_push_button_refused);
	add("/p2p-pin/asked-for", NULL, test_asked_for);
	add("/p2p-pin/encryption", NULL, test_encryption);
	add("/p2p-pin/no-pin", NULL, test_no_pin);
	add("/p2p-pin/swapped", NULL, test_swapped);
	add("/p2p-pin/wrong", NULL, test_wrong_pin);
	add("/p2p-pin/mistyped", NULL, test_mistyped);
	add("/p2p-pin/no-check-digit", NULL, test_no_check_digit);
	add("/p2p-pin/refused", NULL, test_refused);
	add("/p2p-pin/not-asked", NULL, test_not_asked);
	add("/p2p-pin/no-answer", NULL, test_no_answer);
	add("/p2p-pin/not-typed", NULL, test_not_typed);
	add("/p2p-pin/not-typed-there", NULL, test_not_typed_there);
	add("/p2p-pin/cancelled", NULL, test_cancelled);
	add("/p2p-pin/cancelled-when-typed", NULL, test_cancelled_when_typed);
	add("/p2p-pin/disappears", NULL, test_disappears);
	add("/p2p-pin/disappears-for-good", NULL, test_disappears_for_good);
	add("/p2p-pin/second-try", NULL, test_second_try);
	add("/p2p-pin/second-try/late", NULL, test_second_try_late);
	add("/p2p-pin/same-pin/unavailable", GINT_TO_POINTER(1), test_same_pin);
	add("/p2p-pin/same-pin/both-want-owner", GINT_TO_POINTER(9), test_same_pin);
	add("/p2p-pin/two-displays", NULL, test_two_displays);
	add("/p2p-pin/wide", NULL, test_wide);
	add("/p2p-pin/ctl/typed-here", GUINT_TO_POINTER(SHOWS), test_ctl);
	add("/p2p-pin/ctl/typed-there", GUINT_TO_POINTER(TYPES), test_ctl);
	add("/p2p-pin/nm", NULL, test_nm);
	add("/p2p-pin/nm/takes-less", NULL, test_nm_takes_less);
	add("/p2p-pin/nm/too-late", NULL, test_nm_too_late);
	add("/p2p-pin/nm/not-asked", NULL, test_nm_not_asked);
	return g_test_run();
}
