// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What the window of miracast-cast shows, without the window: the list of displays and the states of casts, by what a
 * miracastd that the test plays says on a bus.
 */
#include <string.h>

#include <glib/gstdio.h>

#include "cast-daemon.h"
#include "cast-keep.h"
#include "cast-mock.h"
#include "cast-remedy.h"
#include "cast-settings.h"
#include "cast-words.h"
#include "reason.h"

#define NOTHING "{'link': <'p2p'>}"

struct fixture {
	mock mock;
	CastDaemon *daemon;
	GString *moves; /* states that displays have come to, a letter each */
};

static char letter(enum cast_state state)
{
	return ".cawpqSWef"[state];
}

static void moved(CastDaemon *daemon, CastDisplay *display, int before, struct fixture *f)
{
	g_string_append_c(f->moves, letter(cast_display_state(display)));
}

static void set_up(struct fixture *f, gconstpointer data)
{
	mock_set_up(&f->mock, NULL);
	f->moves = g_string_new(NULL);
	f->daemon = cast_daemon_new(G_BUS_TYPE_SESSION);
	g_signal_connect(f->daemon, "moved", G_CALLBACK(moved), f);
}

/* And a daemon that is looked at. */
static void set_up_daemon(struct fixture *f, gconstpointer data)
{
	set_up(f, data);
	mock_start(&f->mock);
	cast_daemon_scan(f->daemon);
	WAIT(cast_daemon_state(f->daemon) == CAST_DAEMON_THERE && f->mock.scans == 1);
}

static void tear_down(struct fixture *f, gconstpointer data)
{
	gpointer gone = f->daemon;

	g_object_run_dispose(G_OBJECT(f->daemon));
	g_object_add_weak_pointer(G_OBJECT(f->daemon), &gone);
	g_object_unref(f->daemon);
	/* Whatever it has asked for has come back. */
	WAIT(!gone);
	mock_tear_down(&f->mock, NULL);
	g_string_free(f->moves, TRUE);
}

static guint count(struct fixture *f)
{
	return g_list_model_get_n_items(cast_daemon_displays(f->daemon));
}

static CastDisplay *at(struct fixture *f, guint i)
{
	g_autoptr(CastDisplay) display = g_list_model_get_item(cast_daemon_displays(f->daemon), i);

	g_assert_nonnull(display);
	return display;
}

static gboolean status_is(CastDisplay *display, const char *expected)
{
	g_autofree char *status = cast_words_status(display);

	return strcmp(status, expected) == 0;
}

/* One display, and a click on it. */
static CastDisplay *connect_one(struct fixture *f)
{
	mock_sink(&f->mock, "a", "TV", NOTHING);
	WAIT(count(f) == 1);
	cast_daemon_connect(f->daemon, at(f, 0), g_variant_new_parsed("{'audio': <'none'>}"));
	return at(f, 0);
}

/* ---- the list ----------------------------------------------------------------------- */

static void test_found(struct fixture *f, gconstpointer data)
{
	g_assert_true(cast_daemon_is_scanning(f->daemon));
	mock_sink(&f->mock, "b", "Study", "{'level': <-72>, 'model': <'X1'>}");
	WAIT(count(f) == 1);
	mock_sink(&f->mock, "a", "Attic", NOTHING);
	WAIT(count(f) == 2);
	/* By name. */
	g_assert_cmpstr(cast_display_name(at(f, 0)), ==, "Attic");
	g_assert_true(status_is(at(f, 0), "Ready"));
	g_assert_cmpstr(cast_display_name(at(f, 1)), ==, "Study");
	g_assert_cmpstr(cast_display_model(at(f, 1)), ==, "X1");
	g_assert_true(status_is(at(f, 1), "Ready, weak signal"));
	mock_sink(&f->mock, "b", "Study", "{'level': <-60>, 'alias': <'A TV'>}");
	WAIT(strcmp(cast_display_name(at(f, 0)), "A TV") == 0);
	g_assert_true(status_is(at(f, 0), "Ready, good signal"));
	mock_sink(&f->mock, "b", NULL, NULL);
	WAIT(count(f) == 1);
	miracast1_manager_set_scanning(f->mock.manager, FALSE);
	WAIT(!cast_daemon_is_scanning(f->daemon));
}

static void count_change(GListModel *list, guint at_, guint removed, guint added, guint *n)
{
	*n += removed + added;
}

/* A row that is not moved is not taken out: what is typed there would be lost. */
static void test_order(struct fixture *f, gconstpointer data)
{
	guint changed = 0;

	mock_sink(&f->mock, "a", "Attic", NOTHING);
	mock_sink(&f->mock, "b", "Den", NOTHING);
	mock_sink(&f->mock, "c", "Study", NOTHING);
	WAIT(count(f) == 3);
	g_signal_connect(cast_daemon_displays(f->daemon), "items-changed", G_CALLBACK(count_change), &changed);
	mock_sink(&f->mock, "b", "Den", "{'alias': <'Loft'>}");
	WAIT(strcmp(cast_display_name(at(f, 1)), "Loft") == 0);
	g_assert_cmpuint(changed, ==, 0);
	mock_sink(&f->mock, "b", "Den", "{'alias': <'TV'>}");
	WAIT(strcmp(cast_display_name(at(f, 2)), "TV") == 0);
	g_assert_cmpstr(cast_display_name(at(f, 0)), ==, "Attic");
	g_assert_cmpstr(cast_display_name(at(f, 1)), ==, "Study");
	g_assert_cmpuint(changed, ==, 2);
}

static void test_obstacle(struct fixture *f, gconstpointer data)
{
	g_autoptr(GVariant) sink = g_variant_ref_sink(
		g_variant_new_parsed("{'a': {'name': <'TV'>, 'present': <true>, 'connectable': <false>,"
				     " 'obstacle': <'it wants <HDCP>'>}}"));

	miracast1_manager_set_sinks(f->mock.manager, sink);
	WAIT(count(f) == 1);
	g_assert_false(cast_display_is_connectable(at(f, 0)));
	g_assert_true(status_is(at(f, 0), "it wants <HDCP>"));
}

static void remember(struct fixture *f, const char *text)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) known = g_variant_parse(G_VARIANT_TYPE("a{sa{sv}}"), text, NULL, NULL, &error);

	g_assert_no_error(error);
	miracast1_manager_set_remembered(f->mock.manager, known);
}

/* Those out of sight come last, and one that can be called where it is can be clicked. */
static void test_remembered(struct fixture *f, gconstpointer data)
{
	remember(f, "{'a': {'name': <'X'>, 'alias': <'Attic'>, 'link': <'p2p'>},"
		    " 'mice:b': {'name': <'Beamer'>, 'link': <'mice'>}}");
	WAIT(count(f) == 2);
	g_assert_cmpstr(cast_display_name(at(f, 0)), ==, "Attic");
	g_assert_true(status_is(at(f, 0), "Not in sight"));
	g_assert_true(cast_display_is_away(at(f, 0)));
	g_assert_true(cast_display_is_remembered(at(f, 0)));
	g_assert_false(cast_display_is_connectable(at(f, 0)));
	g_assert_true(cast_display_is_connectable(at(f, 1)));
	mock_sink(&f->mock, "c", "Study", NOTHING);
	WAIT(count(f) == 3);
	g_assert_cmpstr(cast_display_name(at(f, 0)), ==, "Study");
	mock_sink(&f->mock, "a", "X", "{'alias': <'Attic'>}");
	WAIT(strcmp(cast_display_name(at(f, 0)), "Attic") == 0);
	g_assert_true(status_is(at(f, 0), "Ready"));
	g_assert_cmpuint(count(f), ==, 3);
	mock_sink(&f->mock, "a", NULL, NULL);
	WAIT(strcmp(cast_display_name(at(f, 1)), "Attic") == 0);
	remember(f, "{}");
	WAIT(count(f) == 1);
}

/* Of two ways to one display that is out of sight only one is a row. */
static void test_two_ways(struct fixture *f, gconstpointer data)
{
	const char *const ids[] = { "a", "mice:b", NULL };

	mock_display(&f->mock, 1, ids);
	remember(f, "{'a': {'name': <'X'>, 'link': <'p2p'>},"
		    " 'mice:b': {'name': <'X'>, 'link': <'mice'>}}");
	WAIT(count(f) == 1);
	g_assert_cmpstr(cast_display_id(at(f, 0)), ==, "a");
	mock_sink(&f->mock, "mice:b", "X", "{'other-ways': <['a']>}");
	mock_display(&f->mock, 1, (const char *const[]){ "mice:b", "a", NULL });
	WAIT(count(f) == 1 && strcmp(cast_display_id(at(f, 0)), "mice:b") == 0);
}

/* ---- switches ------------------------------------------------------------------------- */

static void test_settings(void)
{
	g_autofree char *top = g_dir_make_tmp("cast-XXXXXX", NULL);
	g_autofree char *directory = g_build_filename(top, "miracast", NULL);
	g_autofree char *path = g_build_filename(directory, "cast.conf", NULL);
	g_autofree char *text = NULL;
	struct cast_settings settings;
	g_autoptr(GError) error = NULL;

	cast_settings_load(path, &settings);
	g_assert_true(settings.sound && !settings.stay && !settings.pin);
	g_assert_cmpint(settings.latency, ==, CHANNEL_LATENCY_NORMAL);
	settings = (struct cast_settings){ .stay = TRUE, .latency = CHANNEL_LATENCY_HIGH };
	g_assert_true(cast_settings_save(path, &settings, NULL));
	settings = (struct cast_settings){ .sound = TRUE };
	cast_settings_load(path, &settings);
	g_assert_true(!settings.sound && settings.stay && !settings.pin);
	g_assert_cmpint(settings.latency, ==, CHANNEL_LATENCY_HIGH);

	/* What others wrote is kept, and what is wrong is as at first. */
	g_assert_true(g_file_set_contents(path, "# mine\n[cast]\nsound=maybe\npin=true\nlatency=soon\n[other]\nx=y\n", -1, NULL));
	cast_settings_load(path, &settings);
	g_assert_true(settings.sound && !settings.stay && settings.pin);
	g_assert_cmpint(settings.latency, ==, CHANNEL_LATENCY_NORMAL);
	g_assert_true(cast_settings_save(path, &settings, NULL));
	g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
	g_assert_nonnull(strstr(text, "# mine"));
	g_assert_nonnull(strstr(text, "x=y"));
	g_unlink(path);
	g_rmdir(directory);
	g_assert_true(g_file_set_contents(directory, "in the way", -1, NULL));
	g_assert_false(cast_settings_save(path, &settings, &error));
	g_assert_nonnull(error);
	g_unlink(directory);
	g_rmdir(top);
}

static void assert_options(struct cast_settings settings, const char *expected)
{
	g_autoptr(GVariant) options = g_variant_ref_sink(cast_settings_options(&settings));
	g_autofree char *text = g_variant_print(options, TRUE);

	g_assert_cmpstr(text, ==, expected);
}

/* What is not otherwise than at first is left to the daemon, and a latency to the display. */
static void test_options(void)
{
	assert_options((struct cast_settings){ .sound = TRUE }, "@a{sv} {}");
	assert_options((struct cast_settings){ .sound = FALSE }, "{'audio': <'none'>}");
	assert_options((struct cast_settings){ .sound = TRUE, .stay = TRUE }, "{'stay': <'yes'>}");
	assert_options((struct cast_settings){ .sound = TRUE, .pin = TRUE }, "{'security': <'pin'>}");
	assert_options((struct cast_settings){ .sound = TRUE, .latency = CHANNEL_LATENCY_LOW }, "{'latency': <'low'>}");
	assert_options((struct cast_settings){ .sound = TRUE, .latency = CHANNEL_LATENCY_HIGH }, "{'latency': <'high'>}");
}

static void test_scan_problem(struct fixture *f, gconstpointer data)
{
	miracast1_manager_set_scan_problem(f->mock.manager, g_variant_new("(sss)", "no-wifi", "no Wi-Fi", "Plug in one"));
	WAIT(*cast_daemon_message(f->daemon));
	g_assert_cmpstr(cast_daemon_message(f->daemon), ==, "no Wi-Fi");
	g_assert_cmpstr(cast_daemon_hint(f->daemon).text, ==, "Plug in one");
}

/* ---- casts ------------------------------------------------------------------------------ */

static void test_cast(struct fixture *f, gconstpointer data)
{
	CastDisplay *display = connect_one(f);
	g_autoptr(Miracast1Session) session = NULL;
	g_autofree char *mode = NULL, *title = NULL, *body = NULL;
	const char *audio;

	/* At once, whatever the daemon does. */
	g_assert_cmpint(cast_display_state(display), ==, CAST_CONNECTING);
	g_assert_true(status_is(display, "Connecting"));
	WAIT(cast_display_session(display));
	g_assert_cmpstr(f->mock.connected_to, ==, "a");
	g_assert_true(g_variant_lookup(f->mock.options, "audio", "&s", &audio));
	g_assert_cmpstr(audio, ==, "none");
	session = mock_last_session(&f->mock);
	mock_session_state(session, "linking", "searching", "looking for the display");
	WAIT(status_is(display, "Connecting: looking for the display"));
	g_assert_false(cast_words_notification(display, &title, &body));
	mock_session_state(session, "linking", "waiting-for-acceptance", "accept it");
	WAIT(cast_display_state(display) == CAST_ACCEPT);
	g_assert_true(status_is(display, "Accept the connection at the display"));
	g_assert_true(cast_words_notification(display, &title, &body));
	g_assert_cmpstr(title, ==, "Accept the connection at TV");
	g_assert_cmpstr(body, ==, "The display asks whether this computer may show its picture there.");
	mock_session_state(session, "rtsp", "answered", "the display answers");
	WAIT(cast_display_state(display) == CAST_CONNECTING);
	miracast1_session_set_mode(session, g_variant_new_parsed("{'width': <uint32 1280>, 'height': <uint32 720>,"
								 " 'refresh': <uint32 59940>, 'audio': <'none'>}"));
	mock_session_state(session, "streaming", "streaming", "pictures are being sent");
	WAIT(cast_display_state(display) == CAST_STREAMING);
	g_assert_true(status_is(display, "Casting"));
	mode = cast_words_mode(display);
	g_assert_cmpstr(mode, ==, "1280 × 720, 59.94 Hz, without sound");
	g_assert_false(cast_display_has_sound(display));
	miracast1_session_set_mode(session, g_variant_new_parsed("{'audio': <'LPCM'>}"));
	WAIT(cast_display_has_sound(display));
	cast_daemon_disconnect(f->daemon, display);
	WAIT(cast_display_state(display) == CAST_IDLE);
	g_assert_false(cast_display_has_sound(display));
	g_assert_cmpuint(f->mock.disconnects, ==, 1);
	g_assert_cmpstr(f->moves->str, ==, "cacSe.");
	/* A second click is nothing while it is busy. */
	g_assert_cmpuint(f->mock.connects, ==, 1);
}

static void test_busy(struct fixture *f, gconstpointer data)
{
	CastDisplay *display = connect_one(f);

	cast_daemon_connect(f->daemon, display, g_variant_new("a{sv}", NULL));
	WAIT(cast_display_session(display));
	cast_daemon_connect(f->daemon, display, g_variant_new("a{sv}", NULL));
	for (guint i = 0; i < 10; i++)
		turn(10);
	g_assert_cmpuint(f->mock.connects, ==, 1);
}

static void test_quality(struct fixture *f, gconstpointer data)
{
	CastDisplay *display = connect_one(f);
	g_autoptr(Miracast1Session) session = NULL;

	WAIT(cast_display_session(display));
	session = mock_last_session(&f->mock);
	miracast1_session_set_mode(session, g_variant_new_parsed("{'bit-rate': <uint32 8000000>}"));
	miracast1_session_set_stats(
		session, g_variant_new_parsed("{'frames-sent': <uint64 9>, 'latency-p95-us': <uint64 80000>,"
					      " 'latency-sending-us': <uint64 60000>}"));
	mock_session_state(session, "streaming", "streaming", "pictures are being sent");
	WAIT(status_is(display, "Casting, in fair quality (delay: most of it is the network: move closer to the display,"
				" or use 5 GHz)"));
}

/* Those of a moment ago are nothing of a cast that has stopped. */
static void test_numbers(struct fixture *f, gconstpointer data)
{
	CastDisplay *display = connect_one(f);
	g_autoptr(Miracast1Session) session = NULL;
	const struct quality_row *row;
	g_autofree char *what = NULL, *number = NULL;

	WAIT(cast_display_session(display));
	session = mock_last_session(&f->mock);
	g_assert_cmpuint(cast_display_numbers(display)->len, ==, 0);
	miracast1_session_set_mode(session, g_variant_new_parsed("{'bit-rate': <uint32 8000000>}"));
	miracast1_session_set_stats(session, g_variant_new_parsed("{'frames-sent': <uint64 9>, 'last-us': <uint64 1000000>,"
								  " 'last-bytes': <uint64 500000>, 'bit-rate': <uint64 3000000>}"));
	mock_session_state(session, "streaming", "streaming", "pictures are being sent");
	WAIT(cast_display_numbers(display)->len == 2);
	row = g_ptr_array_index(cast_display_numbers(display), 1);
	g_assert_cmpstr(row->text, ==, "4.0 Mbit/s, the encoder may have 3.0 of 8.0");
	what = cast_words_what(row);
	number = cast_words_number(row);
	g_assert_cmpstr(what, ==, "Bit rate");
	g_assert_cmpstr(cast_words_verdict(row), ==, "poor");
	g_assert_cmpstr(number, ==, "Bit rate: poor");
	g_assert_cmpint(cast_display_quality(display), ==, QUALITY_POOR);
	g_assert_cmpstr(cast_display_quality_what(display), ==, "bit rate");
	mock_session_state(session, "waiting", "waiting", "next try in 4 s");
	WAIT(cast_display_state(display) == CAST_WAITING);
	g_assert_cmpuint(cast_display_numbers(display)->len, ==, 0);
	mock_session_state(session, "streaming", "streaming", "pictures are being sent");
	WAIT(cast_display_numbers(display)->len == 2);
	cast_daemon_disconnect(f->daemon, display);
	WAIT(cast_display_state(display) == CAST_IDLE);
	g_assert_cmpuint(cast_display_numbers(display)->len, ==, 0);
	g_assert_cmpint(cast_display_quality(display), ==, QUALITY_UNKNOWN);
}

static void test_refused(struct fixture *f, gconstpointer data)
{
	CastDisplay *display;
	g_autofree char *trouble = NULL;

	f->mock.refuse_with = g_error_new_literal(REASON_ERROR, REASON_NO_FREE_CONNECTOR, "all 4 monitors are in use");
	display = connect_one(f);
	WAIT(cast_display_state(display) == CAST_FAILED);
	trouble = cast_words_trouble(display);
	g_assert_cmpstr(trouble, ==, "All 4 monitors are in use\n"
				     "Disconnect another display, or load the module with a larger max_sinks.");
	/* It can be tried again. */
	g_assert_true(cast_display_is_connectable(display));
	g_clear_error(&f->mock.refuse_with);
	cast_daemon_connect(f->daemon, display, g_variant_new("a{sv}", NULL));
	g_assert_cmpstr(cast_display_message(display), ==, "");
	WAIT(cast_display_session(display));
}

/* The display has been told of as gone, but why the cast has ended is to be read. */
static void test_left(struct fixture *f, gconstpointer data)
{
	g_autofree char *title = NULL, *body = NULL;
	CastDisplay *display = connect_one(f);
	g_autoptr(Miracast1Session) session = NULL;

	WAIT(cast_display_session(display));
	session = mock_last_session(&f->mock);
	mock_session_state(session, "streaming", "streaming", "pictures are being sent");
	WAIT(cast_display_state(display) == CAST_STREAMING);
	g_assert_false(cast_words_notification(display, &title, &body));
	mock_sink(&f->mock, "a", NULL, NULL);
	mock_session_end(session, "sink-left", "the display has ended the session", "Connect again.");
	WAIT(cast_display_state(display) == CAST_FAILED);
	g_assert_cmpuint(count(f), ==, 1);
	g_assert_true(cast_words_notification(display, &title, &body));
	g_assert_cmpstr(title, ==, "TV has left");
	g_assert_cmpstr(body, ==, "The display has ended the session\nConnect again.");
	/* The object goes a minute later, and is no news. */
	mock_session_remove(&f->mock, 1);
	for (guint i = 0; i < 10; i++)
		turn(10);
	g_assert_cmpstr(f->moves->str, ==, "cSf");
	cast_display_forget_failure(display);
	mock_sink(&f->mock, "b", "other", NOTHING);
	WAIT(count(f) == 1 && strcmp(cast_display_id(at(f, 0)), "b") == 0);
}

static void test_never_came(struct fixture *f, gconstpointer data)
{
	g_autofree char *title = NULL, *body = NULL;
	CastDisplay *display = connect_one(f);
	g_autoptr(Miracast1Session) session = NULL;

	WAIT(cast_display_session(display));
	session = mock_last_session(&f->mock);
	mock_session_state(session, "ending", "ending", "not accepted");
	mock_session_end(session, "not-accepted", "not accepted", "Accept there.");
	WAIT(cast_display_state(display) == CAST_FAILED);
	g_assert_true(cast_words_notification(display, &title, &body));
	g_assert_cmpstr(title, ==, "TV could not be connected to");
}

static void test_comes_back(struct fixture *f, gconstpointer data)
{
	CastDisplay *display = connect_one(f);
	g_autoptr(Miracast1Session) session = NULL;

	WAIT(cast_display_session(display));
	session = mock_last_session(&f->mock);
	mock_session_state(session, "streaming", "streaming", "pictures are being sent");
	WAIT(cast_display_state(display) == CAST_STREAMING);
	miracast1_session_set_stay(session, g_variant_new_parsed("{'wanted': <true>, 'message': <'the link was lost'>}"));
	mock_session_state(session, "waiting", "waiting", "next try in 4 s");
	WAIT(cast_display_state(display) == CAST_WAITING);
	g_assert_cmpstr(cast_display_message(display), ==, "the link was lost");
	mock_session_state(session, "streaming", "streaming", "pictures are being sent");
	WAIT(cast_display_state(display) == CAST_STREAMING);
	g_assert_cmpstr(cast_display_message(display), ==, "");
}

static void test_given_up(struct fixture *f, gconstpointer data)
{
	CastDisplay *display;

	f->mock.hold = TRUE;
	display = connect_one(f);
	WAIT(f->mock.held);
	cast_daemon_disconnect(f->daemon, display);
	g_assert_cmpint(cast_display_state(display), ==, CAST_ENDING);
	mock_answer(&f->mock);
	WAIT(f->mock.disconnects == 1 && cast_display_state(display) == CAST_IDLE);
	g_assert_cmpstr(f->moves->str, ==, "ce.");
}

static void test_pin(struct fixture *f, gconstpointer data)
{
	CastDisplay *display = connect_one(f);
	g_autoptr(Miracast1Session) session = NULL;

	WAIT(cast_display_session(display));
	session = mock_last_session(&f->mock);
	miracast1_session_set_pin_wanted(session, TRUE);
	WAIT(cast_display_state(display) == CAST_PIN_WANTED);
	cast_daemon_enter_pin(f->daemon, display, "12");
	WAIT(*cast_display_answer_problem(display));
	g_assert_cmpstr(cast_display_answer_problem(display), ==, "a PIN has 4 to 16 digits");
	cast_daemon_enter_pin(f->daemon, display, "1234-5670");
	g_assert_cmpstr(cast_display_answer_problem(display), ==, "");
	WAIT(g_strcmp0(f->mock.pin, "1234-5670") == 0);
	miracast1_session_set_pin_wanted(session, FALSE);
	WAIT(cast_display_state(display) == CAST_CONNECTING);
	miracast1_session_set_pin_shown(session, "76543210");
	WAIT(cast_display_state(display) == CAST_PIN_SHOWN);
	g_assert_cmpstr(cast_display_pin(display), ==, "76543210");
	g_assert_cmpstr(f->moves->str, ==, "cwcp");
}

/* A display that has called. */
static void test_consent(struct fixture *f, gconstpointer data)
{
	g_autoptr(Miracast1Session) session = mock_session(&f->mock, 7, "192.0.2.20", "192.0.2.20");
	g_autofree char *title = NULL, *body = NULL;
	CastDisplay *display;

	miracast1_session_set_consent_wanted(session, TRUE);
	mock_session_state(session, "asking", "consent-wanted", "it asks");
	WAIT(count(f) == 1 && cast_display_state(at(f, 0)) == CAST_CONSENT);
	display = at(f, 0);
	g_assert_true(cast_daemon_find(f->daemon, "192.0.2.20") == display);
	g_assert_null(cast_daemon_find(f->daemon, "192.0.2.21"));
	g_assert_true(status_is(display, "Asks to show your screen"));
	g_assert_true(cast_words_notification(display, &title, &body));
	g_assert_cmpstr(title, ==, "192.0.2.20 asks to show your screen");
	g_assert_true(g_str_has_prefix(body, "It calls from 192.0.2.20. Allow it only if"));
	/* What people call it is not what calls. */
	mock_sink(&f->mock, "192.0.2.20", "192.0.2.20", "{'alias': <'Loft'>}");
	WAIT(strcmp(cast_display_name(display), "Loft") == 0);
	g_assert_true(status_is(display, "192.0.2.20 asks to show your screen"));
	g_clear_pointer(&title, g_free);
	g_clear_pointer(&body, g_free);
	g_assert_true(cast_words_notification(display, &title, &body));
	g_assert_cmpstr(title, ==, "Loft asks to show your screen");
	g_assert_true(g_str_has_prefix(body, "It calls from 192.0.2.20. Allow it only if"));
	f->mock.refuse_with = g_error_new_literal(REASON_ERROR, REASON_NO_FREE_CONNECTOR, "8 sessions are running");
	cast_daemon_accept(f->daemon, display);
	WAIT(*cast_display_answer_problem(display));
	g_assert_cmpstr(cast_display_answer_problem(display), ==, "8 sessions are running");
	g_clear_error(&f->mock.refuse_with);
	cast_daemon_accept(f->daemon, display);
	g_assert_cmpstr(cast_display_answer_problem(display), ==, "");
	WAIT(f->mock.accepts == 2);
	miracast1_session_set_consent_wanted(session, FALSE);
	mock_session_state(session, "linking", "linking", "connecting");
	WAIT(cast_display_state(display) == CAST_CONNECTING);
	/* Whoever has answered does so once. */
	cast_daemon_accept(f->daemon, display);
	cast_daemon_disconnect(f->daemon, display);
	WAIT(f->mock.disconnects == 1);
	g_assert_cmpuint(f->mock.accepts, ==, 2);
}

/* It is cast to in another way than the one that was clicked: it stays the same display. */
static void test_other_way(struct fixture *f, gconstpointer data)
{
	CastDisplay *display;
	g_autoptr(Miracast1Session) session = NULL;

	mock_sink(&f->mock, "a", "TV", "{'other-ways': <['b']>}");
	WAIT(count(f) == 1);
	display = at(f, 0);
	cast_daemon_connect(f->daemon, display, g_variant_new("a{sv}", NULL));
	WAIT(cast_display_session(display));
	session = mock_last_session(&f->mock);
	miracast1_session_set_sink_id(session, "b");
	mock_session_state(session, "streaming", "streaming", "pictures are being sent");
	WAIT(cast_display_state(display) == CAST_STREAMING);
	g_assert_cmpuint(count(f), ==, 1);
}

/* Of miracastctl, or of a display that has called, which the daemon lists only as long as it casts. */
static void test_of_others(struct fixture *f, gconstpointer data)
{
	g_autoptr(Miracast1Session) session = mock_session(&f->mock, 7, "192.0.2.1", "Caller");
	g_autoptr(Miracast1Session) old = mock_session(&f->mock, 6, "192.0.2.2", "Old");

	WAIT(count(f) == 2);
	mock_session_end(old, "disconnected", "", "");
	mock_session_state(session, "streaming", "streaming", "pictures are being sent");
	WAIT(count(f) == 1 && cast_display_state(at(f, 0)) == CAST_STREAMING);
	g_assert_cmpstr(cast_display_name(at(f, 0)), ==, "Caller");
	cast_daemon_disconnect(f->daemon, at(f, 0));
	WAIT(count(f) == 0);
}

/* ---- what is to be done ----------------------------------------------------------------- */

/* By the code, whatever the sentence is. */
static void test_remedy(struct fixture *f, gconstpointer data)
{
	CastDisplay *display = connect_one(f);
	g_autoptr(Miracast1Session) session = NULL;

	WAIT(cast_display_session(display));
	session = mock_last_session(&f->mock);
	miracast1_session_set_hint_code(session, "connect-without-pin");
	mock_session_end(session, "no-pin", "it takes push button", "In words.");
	WAIT(cast_display_state(display) == CAST_FAILED);
	g_assert_cmpstr(cast_display_hint(display).code, ==, "connect-without-pin");
	g_assert_cmpstr(cast_display_hint(display).text, ==, "In words.");
	g_assert_cmpint(cast_remedy_of(cast_display_hint(display).code), ==, CAST_REMEDY_WITHOUT_PIN);
	/* What is over is not offered any more. */
	cast_display_forget_failure(display);
	g_assert_cmpstr(cast_display_hint(display).code, ==, "");

	miracast1_manager_set_scan_hint_code(f->mock.manager, "switch-on-wifi");
	miracast1_manager_set_scan_problem(f->mock.manager, g_variant_new("(sss)", "no-wifi", "no Wi-Fi", "Plug in one"));
	WAIT(*cast_daemon_message(f->daemon));
	g_assert_cmpint(cast_remedy_of(cast_daemon_hint(f->daemon).code), ==, CAST_REMEDY_NETWORK);
}

/* Of an error of the bus, and of a daemon that says more or less than this one. */
static void test_remedy_of_error(struct fixture *f, gconstpointer data)
{
	CastDisplay *display;

	f->mock.refuse_with = g_error_new_literal(REASON_ERROR, REASON_SINK_NOT_IN_SIGHT, "TV is not in sight");
	display = connect_one(f);
	WAIT(cast_display_state(display) == CAST_FAILED);
	g_assert_cmpint(cast_remedy_of(cast_display_hint(display).code), ==, CAST_REMEDY_AGAIN);
	g_assert_cmpint(cast_remedy_of("plant-an-aerial"), ==, CAST_REMEDY_NONE);
	g_assert_cmpint(cast_remedy_of(""), ==, CAST_REMEDY_NONE);
	for (enum cast_remedy remedy = 0; remedy <= CAST_REMEDY_DISPLAYS; remedy++)
		g_assert_cmpint(remedy == CAST_REMEDY_NONE, ==, *cast_remedy_label(remedy) == '\0');
}

/* That of another desktop, which lies in the way, is passed over. */
static void test_panels(void)
{
	static const char *const names[] = { "gnome-wifi-panel.desktop", "kcm_networkmanagement.desktop",
					     "gnome-sound-panel.desktop", "pavucontrol.desktop",
					     "gnome-display-panel.desktop", "network.cycles.wdisplays.desktop" };
	g_autofree char *directory = g_build_filename(g_get_user_data_dir(), "applications", NULL);
	g_autoptr(GAppInfo) none = NULL, panel = NULL, sound = NULL, displays = NULL;

	g_assert_cmpint(g_mkdir(directory, 0700), ==, 0);
	for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *path = g_build_filename(directory, names[i], NULL);
		g_autofree char *text = g_strdup_printf("[Desktop Entry]\nType=Application\nName=Panel\nExec=true\n"
							"NoDisplay=true\nOnlyShowIn=%s\n", i % 2 == 0 ? "GNOME;" : "KDE;");

		g_assert_true(g_file_set_contents(path, text, -1, NULL));
	}
	none = cast_remedy_settings(CAST_REMEDY_AGAIN);
	g_assert_null(none);
	panel = cast_remedy_settings(CAST_REMEDY_NETWORK);
	g_assert_nonnull(panel);
	g_assert_cmpstr(g_app_info_get_id(panel), ==, names[1]);
	sound = cast_remedy_settings(CAST_REMEDY_SOUND);
	g_assert_nonnull(sound);
	g_assert_cmpstr(g_app_info_get_id(sound), ==, names[3]);
	displays = cast_remedy_settings(CAST_REMEDY_DISPLAYS);
	g_assert_nonnull(displays);
	g_assert_cmpstr(g_app_info_get_id(displays), ==, names[5]);
	g_assert_true(cast_remedy_opens_settings(CAST_REMEDY_SOUND));
	g_assert_false(cast_remedy_opens_settings(CAST_REMEDY_AGAIN));
	for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *path = g_build_filename(directory, names[i], NULL);

		g_unlink(path);
	}
	g_rmdir(directory);
}

/* ---- what is kept -------------------------------------------------------------------------- */

static void test_keep(struct fixture *f, gconstpointer data)
{
	g_autofree char *problem = NULL;
	CastDisplay *display;

	mock_sink(&f->mock, "a", "TV", "{'remembered': <true>, 'alias': <'Attic'>}");
	WAIT(count(f) == 1);
	display = at(f, 0);
	g_assert_true(cast_display_is_remembered(display));
	g_assert_cmpstr(cast_display_alias(display), ==, "Attic");
	g_assert_false(cast_display_is_autoconnect(display));

	cast_keep_autoconnect(f->daemon, display, TRUE);
	WAIT(g_strcmp0(f->mock.kept, "a autoconnect 1") == 0);
	/* It is on when the daemon says so. */
	g_assert_false(cast_display_is_autoconnect(display));
	mock_sink(&f->mock, "a", "TV", "{'remembered': <true>, 'autoconnect': <true>}");
	WAIT(cast_display_is_autoconnect(display));

	f->mock.refuse_with = g_error_new_literal(REASON_ERROR, REASON_SINK_BUSY, "it is being cast to");
	cast_keep_nothing(f->daemon, display);
	WAIT(*cast_display_problem(display));
	g_assert_cmpstr(f->mock.kept, ==, "a forget");
	problem = cast_words_problem(display);
	g_assert_cmpstr(problem, ==, "It is being cast to");
	g_assert_cmpint(cast_display_state(display), ==, CAST_IDLE);

	g_clear_error(&f->mock.refuse_with);
	cast_keep_alias(f->daemon, display, "");
	g_assert_cmpstr(cast_display_problem(display), ==, "");
	WAIT(g_strcmp0(f->mock.kept, "a alias ") == 0);
}

/* ---- the daemon ----------------------------------------------------------------------------- */

static void test_no_daemon(struct fixture *f, gconstpointer data)
{
	cast_daemon_scan(f->daemon);
	g_assert_true(cast_daemon_is_scanning(f->daemon));
	WAIT(cast_daemon_state(f->daemon) == CAST_DAEMON_FAILED);
	g_assert_cmpstr(cast_daemon_message(f->daemon), ==, "miracastd is not running");
	g_assert_cmpstr(cast_daemon_hint(f->daemon).text, ==, "Start it: systemctl start miracastd");
	g_assert_false(cast_daemon_is_scanning(f->daemon));
	/* Somebody else has started it. */
	mock_start(&f->mock);
	mock_sink(&f->mock, "a", "TV", NOTHING);
	WAIT(cast_daemon_state(f->daemon) == CAST_DAEMON_THERE && count(f) == 1);
}

static void test_daemon_ends(struct fixture *f, gconstpointer data)
{
	CastDisplay *display = connect_one(f);

	mock_sink(&f->mock, "b", "other", NOTHING);
	WAIT(cast_display_session(display) && count(f) == 2);
	mock_stop(&f->mock);
	WAIT(cast_daemon_state(f->daemon) == CAST_DAEMON_AWAY);
	g_assert_cmpuint(count(f), ==, 1);
	g_assert_cmpint(cast_display_state(at(f, 0)), ==, CAST_FAILED);
	g_assert_cmpstr(cast_display_message(at(f, 0)), ==, "miracastd has ended");
	/* The next one. */
	mock_start(&f->mock);
	WAIT(cast_daemon_state(f->daemon) == CAST_DAEMON_THERE);
	cast_daemon_scan(f->daemon);
	WAIT(f->mock.scans == 2);
}

/* While a call is under way, and with it everything else. */
static void test_window_closes(struct fixture *f, gconstpointer data)
{
	f->mock.hold = TRUE;
	connect_one(f);
	WAIT(f->mock.held);
	g_object_run_dispose(G_OBJECT(f->daemon));
	f->mock.refuse_with = g_error_new_literal(REASON_ERROR, REASON_SHUTDOWN, "miracastd is ending");
	mock_answer(&f->mock);
}

/* ---- words ------------------------------------------------------------------------------------- */

/* Those who show notifications may take it for markup. */
static void test_no_markup(struct fixture *f, gconstpointer data)
{
	g_autofree char *title = NULL, *body = NULL;
	CastDisplay *display;

	mock_sink(&f->mock, "a", "<b>T&V</b>", NOTHING);
	WAIT(count(f) == 1);
	display = at(f, 0);
	g_assert_cmpstr(cast_display_name(display), ==, "<b>T&V</b>");
	cast_display_end(display, "<a href='x'>no</a>", HINT(REPORT, "a & b"));
	g_assert_true(cast_words_notification(display, &title, &body));
	g_assert_null(strpbrk(title, "<>&"));
	g_assert_null(strpbrk(body, "<>&"));
}

static void test_blank(void)
{
	g_assert_cmpstr(cast_words(""), ==, "");
}

int main(int argc, char **argv)
{
	static const struct {
		const char *path;
		void (*run)(struct fixture *f, gconstpointer data);
	} tests[] = {
		{ "/cast/found", test_found },
		{ "/cast/order", test_order },
		{ "/cast/obstacle", test_obstacle },
		{ "/cast/remembered", test_remembered },
		{ "/cast/two-ways", test_two_ways },
		{ "/cast/scan-problem", test_scan_problem },
		{ "/cast/cast", test_cast },
		{ "/cast/busy", test_busy },
		{ "/cast/quality", test_quality },
		{ "/cast/numbers", test_numbers },
		{ "/cast/refused", test_refused },
		{ "/cast/left", test_left },
		{ "/cast/never-came", test_never_came },
		{ "/cast/comes-back", test_comes_back },
		{ "/cast/given-up", test_given_up },
		{ "/cast/pin", test_pin },
		{ "/cast/consent", test_consent },
		{ "/cast/other-way", test_other_way },
		{ "/cast/of-others", test_of_others },
		{ "/cast/remedy", test_remedy },
		{ "/cast/remedy-of-error", test_remedy_of_error },
		{ "/cast/keep", test_keep },
		{ "/cast/daemon-ends", test_daemon_ends },
		{ "/cast/window-closes", test_window_closes },
		{ "/cast/no-markup", test_no_markup },
	};

	g_autofree char *data = g_dir_make_tmp("cast-XXXXXX", NULL);
	int status;

	/* No application of this machine's. */
	g_setenv("XDG_DATA_HOME", data, TRUE);
	g_setenv("XDG_DATA_DIRS", data, TRUE);
	g_setenv("XDG_CURRENT_DESKTOP", "KDE", TRUE);
	g_test_init(&argc, &argv, NULL);
	for (guint i = 0; i < G_N_ELEMENTS(tests); i++)
		g_test_add(tests[i].path, struct fixture, NULL, set_up_daemon, tests[i].run, tear_down);
	g_test_add("/cast/no-daemon", struct fixture, NULL, set_up, test_no_daemon, tear_down);
	g_test_add_func("/cast/settings", test_settings);
	g_test_add_func("/cast/options", test_options);
	g_test_add_func("/cast/panels", test_panels);
	g_test_add_func("/cast/blank", test_blank);
	status = g_test_run();
	g_rmdir(data);
	return status;
}
