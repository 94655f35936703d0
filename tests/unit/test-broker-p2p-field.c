// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What displays in the field need of the P2P link: see p2p-connection.h. The wpa_supplicant and the radio are played.
 */
#include <string.h>

#include <glib/gstdio.h>

#include "p2p-fixture.h"
#include "wifi-silence.h"

/* ---- how the link is --------------------------------------------------------------- */

static gboolean radio_is_told(struct fixture *f)
{
	guint channel = 0;

	return g_variant_lookup(session_stats(only_session(f)), "radio-channel", "u", &channel) && channel == 36;
}

static gboolean other_radio_is_told(struct fixture *f)
{
	guint channel = 0;

	return g_variant_lookup(session_stats(only_session(f)), "radio-channel", "u", &channel) && channel == 6;
}

/* Only while pictures flow: before that there is nothing to say, and each question costs the radio something. */
static void test_radio(struct fixture *f, gconstpointer data)
{
	g_autoptr(GSocketConnection) sink = NULL;
	guint64 frames = 0, rate = 0;

	scan(f);
	begin(f);
	wait_until(waits_for_call, f);
	g_assert_cmpuint(open_watches, ==, 0);
	sink = call_and_stream(f);
	g_assert_cmpuint(open_watches, ==, 1);
	radio_says(&(struct wifi_link){ .frequency = 5180, .width = 40, .rate = 400000000, .signal = -50 });
	wait_until(radio_is_told, f);
	/* Beside what the user-mode driver has said. */
	g_assert_true(g_variant_lookup(session_stats(only_session(f)), "frames-sent", "t", &frames));
	g_assert_true(g_variant_lookup(session_stats(only_session(f)), "radio-rate", "t", &rate));
	g_assert_cmpuint(rate, ==, 400000000);
	/* It has changed the channel, and the driver no longer knows its rate: what was is not said any more. */
	radio_says(&(struct wifi_link){ .frequency = 2437, .signal = -50 });
	wait_until(other_radio_is_told, f);
	g_assert_false(g_variant_lookup(session_stats(only_session(f)), "radio-rate", "t", &rate));

	session_end(only_session(f), reason_new_code(REASON_DISCONNECTED, "enough"));
	wait_until(is_gone, f);
	g_assert_cmpuint(open_watches, ==, 0);
}

/* Whatever ends it. */
static void test_radio_ends(struct fixture *f, gconstpointer data)
{
	g_autoptr(GSocketConnection) sink = NULL;

	sink = scan_and_stream(f);
	g_assert_cmpuint(open_watches, ==, 1);
	mock_wpas_unplug(f->wpas);
	wait_until(is_gone, f);
	g_assert_cmpuint(open_watches, ==, 0);
}

static void silent_for(guint32 ms)
{
	radio_says(&(struct wifi_link){ .frequency = 5180, .has_inactive = TRUE, .inactive_ms = ms });
}

static gboolean is_called_silent(struct fixture *f)
{
	return has_phase(f, "silent");
}

/* To whoever asks how good the cast is. */
static gboolean silence_is_told(struct fixture *f)
{
	guint seconds = 0;

	return g_variant_lookup(session_stats(only_session(f)), "radio-silent", "u", &seconds) &&
	       seconds == WIFI_SILENCE_MS / 1000;
}

static gboolean is_heard_again(struct fixture *f)
{
	return has_phase(f, "heard");
}

/* Its plug was pulled: nobody says so, and neither Wi-Fi nor RTSP notices within a minute. */
static void test_radio_silent(struct fixture *f, gconstpointer data)
{
	g_autoptr(GSocketConnection) sink = NULL;

	sink = scan_and_stream(f);
	for (guint i = 0; i < WIFI_SILENCE_LEARN; i++)
		silent_for(5);
	silent_for(WIFI_SILENCE_MS);
	wait_until(is_called_silent, f);
	wait_until(silence_is_told, f);
	silent_for(5);
	wait_until(is_heard_again, f);
	silent_for(WIFI_SILENCE_END_MS);
	wait_until(is_gone, f);
	assert_reason(f, "group-ended");
	g_assert_cmpuint(open_watches, ==, 0);
}

/* A display that comes and goes for an evening fills no memory. */
static void test_radio_flickers(struct fixture *f, gconstpointer data)
{
	g_autoptr(GSocketConnection) sink = NULL;

	sink = scan_and_stream(f);
	for (guint i = 0; i < 200; i++)
		silent_for(i % 4 == 3 ? WIFI_SILENCE_MS : 5);
	g_assert_cmpuint(session_phases(only_session(f))->len, ==, 64);
	g_assert_true(is_called_silent(f));

	session_end(only_session(f), reason_new_code(REASON_DISCONNECTED, "enough"));
	wait_until(is_gone, f);
}

/* ---- flight mode ------------------------------------------------------------------- */

/* wpa_supplicant goes on as if nothing were: it takes all orders, and names what it has seen before. */
static void test_wifi_is_switched_off(struct fixture *f, gconstpointer data)
{
	g_autoptr(GSocketConnection) sink = NULL;

	sink = scan_and_stream(f);
	wifi_is_off = TRUE;
	mock_wpas_end_group(f->wpas);
	wait_until(is_gone, f);
	assert_reason(f, "no-wifi");

	g_assert_true(broker_scan(f->broker, 60, NULL));
	wait_until(scan_is_over, f);
	g_assert_cmpstr(broker_scan_problem(f->broker)->name, ==, "no-wifi");
	g_assert_false(tv(f)->present);

	wifi_is_off = FALSE;
	scan(f);
	g_assert_null(broker_scan_problem(f->broker));
}

/* Told at once, and not after the time that a display has to show itself. */
static void test_connect_while_wifi_is_off(struct fixture *f, gconstpointer data)
{
	guint before;

	scan(f);
	before = f->wpas->connects;
	wifi_is_off = TRUE;
	begin(f);
	wait_until(is_gone, f);
	assert_reason(f, "no-wifi");
	g_assert_false(has_phase(f, "searching"));
	g_assert_cmpuint(f->wpas->connects, ==, before);
}

/* ---- what is asked twice ------------------------------------------------------------ */

/* config_methods of a display that shows a PIN, and takes no push button */
#define SHOWS 0x0008

static gboolean wants_pin(struct fixture *f)
{
	return session_wants_pin(last_session(f));
}

static gboolean is_asked(struct fixture *f)
{
	return f->wpas->connects > 0;
}

static void type(struct fixture *f, const char *pin)
{
	g_autoptr(GError) error = NULL;

	wait_until(wants_pin, f);
	session_enter_pin(last_session(f), pin, &error);
	g_assert_no_error(error);
}

/* A television that has said that it takes push button, and refuses the first one of it (status 10). */
static void test_second_request(struct fixture *f, gconstpointer data)
{
	f->wpas->answer = MOCK_STATUS_ONCE;
	f->wpas->status = 10;
	scan(f);
	begin(f);
	wait_until(waits_for_call, f);
	g_assert_cmpuint(f->wpas->connects, ==, 2);
	/* The same once more: nothing of it was wrong. */
	g_assert_cmpstr(f->wpas->method, ==, "pbc");
	g_assert_cmpuint(f->wpas->last_intent, ==, 15);
	g_assert_cmpuint(f->wpas->last_frequency, ==, 0);
}

/* That was another thing than keys that are not agreed on, which has its own second try. */
static void test_second_request_and_try(struct fixture *f, gconstpointer data)
{
	/* Time for two tries, a second apart. */
	stop_broker(f);
	f->accept_seconds = 20;
	start_broker(f);
	f->wpas->answer = MOCK_STATUS;
	f->wpas->status = 10;
	scan(f);
	begin(f);
	wait_until(is_asked, f);
	settle(f);
	g_assert_cmpuint(f->wpas->connects, ==, 1);
	f->wpas->answer = MOCK_WPS_FAILS;
	wait_until(is_gone, f);
	assert_reason(f, "wps-failed");
	g_assert_cmpuint(f->wpas->connects, ==, 3);
}

/* With a PIN: the display is told once more, since it makes another one then. */
static void test_second_pin(struct fixture *f, gconstpointer data)
{
	f->wpas->answer = MOCK_STATUS_ONCE;
	f->wpas->status = 10;
	f->wpas->config_methods = SHOWS;
	scan(f);
	begin(f);
	type(f, MOCK_PIN);
	wait_until(is_asked, f);
	type(f, MOCK_NEXT_PIN);
	wait_until(waits_for_call, f);
	g_assert_cmpuint(f->wpas->provisions, ==, 2);
	g_assert_cmpuint(f->wpas->connects, ==, 2);
	g_assert_cmpstr(f->wpas->pin, ==, MOCK_NEXT_PIN);
}

/* And if it still does not take it, that is said of a PIN, and not that one is wanted. */
static void test_pin_refused(struct fixture *f, gconstpointer data)
{
	f->wpas->answer = MOCK_STATUS;
	f->wpas->status = 10;
	f->wpas->config_methods = SHOWS;
	scan(f);
	begin(f);
	type(f, MOCK_PIN);
	wait_until(is_asked, f);
	type(f, MOCK_NEXT_PIN);
	wait_until(is_gone, f);
	assert_reason(f, "pin-refused");
	g_assert_cmpuint(f->wpas->connects, ==, 2);
}

/* @words: how the message ends; @connects: how often the display was asked until it was over */
static const struct named {
	const char *name;
	int status;
	const char *options;
	const char *words;
	guint connects;
} named[] = {
	{ "3", 3, "@a{sv} {}", "status 3: it has no room for another connection", 1 },
	{ "77", 77, "@a{sv} {}", "status 77", 1 },
	/* We give way once; if that is of no use there is nothing that the user could accept. */
	{ "9", 9, "@a{sv} {}", "status 9: it says that we want to own the group as it does, although we have given way", 2 },
	{ "9-given-way", 9, "{'go-intent': <uint32 3>}",
	  "status 9: it says that we want to own the group as it does, although we have given way", 1 },
};

/* What nothing can be done about is named. */
static void test_named(struct fixture *f, gconstpointer data)
{
	const struct named *expected = data;

	/* It is told long before the time for a user who accepts is over. */
	stop_broker(f);
	f->accept_seconds = 60;
	start_broker(f);
	f->wpas->answer = MOCK_STATUS;
	f->wpas->status = expected->status;
	scan(f);
	begin_options(f, expected->options);
	wait_until(is_gone, f);
	assert_reason(f, "group-failed");
	g_assert_cmpuint(f->wpas->connects, ==, expected->connects);
	g_assert_true(g_str_has_suffix(session_reason(only_session(f))->message, expected->words));
}

/* ---- what is remembered ------------------------------------------------------------- */

static void begin_as(struct fixture *f, enum mock_answer answer, int status, const char *options)
{
	f->wpas->connects = 0;
	f->wpas->answer = answer;
	f->wpas->status = status;
	begin_options(f, options);
}

/* A whole cast, with pictures. */
static void cast(struct fixture *f, enum mock_answer answer, int status, const char *options)
{
	begin_as(f, answer, status, options);
	stream_and_end(f);
}

/* One that is over before there are pictures. */
static void cast_in_vain(struct fixture *f, enum mock_answer answer, int status)
{
	begin_as(f, answer, status, "@a{sv} {}");
	wait_until(last_is_gone, f);
}

/* With what the first request of the next cast is made, which comes to nothing. */
static void assert_first_request(struct fixture *f, guint intent, guint frequency)
{
	begin_as(f, MOCK_IGNORE, 0, "@a{sv} {}");
	wait_until(is_asked, f);
	g_assert_cmpuint(f->wpas->last_intent, ==, intent);
	g_assert_cmpuint(f->wpas->last_frequency, ==, frequency);
	end_last(f);
}

#define YIELDS 7
#define OWNER 15

/* Found out once: such a display works only as owner itself (status 9). */
static void test_role(struct fixture *f, gconstpointer data)
{
	scan(f);
	assert_first_request(f, OWNER, 0);
	cast(f, MOCK_STATUS_ONCE, 9, "@a{sv} {}");
	g_assert_cmpuint(f->wpas->connects, ==, 2);
	cast(f, MOCK_ACCEPT_AS_OWNER, 0, "@a{sv} {}");
	g_assert_cmpuint(f->wpas->connects, ==, 1);
	g_assert_cmpuint(f->wpas->last_intent, ==, YIELDS);
	assert_first_request(f, YIELDS, 0);
	/* As all that is remembered of it. */
	g_assert_true(broker_forget(f->broker, MOCK_PEER_ID, OWNER_ALL, NULL));
	scan(f);
	assert_first_request(f, OWNER, 0);
}

static void test_channel(struct fixture *f, gconstpointer data)
{
	scan(f);
	cast(f, MOCK_CHANNEL_FAILS, 0, "@a{sv} {}");
	g_assert_cmpuint(f->wpas->connects, ==, 2);
	cast(f, MOCK_CHANNEL_FAILS, 0, "@a{sv} {}");
	g_assert_cmpuint(f->wpas->connects, ==, 1);
	g_assert_cmpuint(f->wpas->last_frequency, ==, MOCK_GOOD_FREQUENCY);
}

/* A driver that refuses wide channels is no reason to be on the slowest one for ever. */
static void test_width(struct fixture *f, gconstpointer data)
{
	mock_wpas_open_control(f->wpas);
	scan(f);
	cast(f, MOCK_FORMATION_FAILS_ONCE, 0, "@a{sv} {}");
	g_assert_true(g_str_has_suffix(f->wpas->command, " freq=2437 ht40"));
	cast(f, MOCK_ACCEPT, 0, "@a{sv} {}");
	g_assert_true(g_str_has_suffix(f->wpas->command, " go_intent=15 ht40"));
	/* That was not enough; then 20 MHz are left, and it cannot be the width any more. */
	cast(f, MOCK_FORMATION_FAILS_ONCE, 0, "@a{sv} {}");
	g_assert_cmpuint(f->wpas->last_frequency, ==, MOCK_GOOD_FREQUENCY);
	assert_first_request(f, OWNER, 0);
	cast(f, MOCK_CHANNEL_FAILS, 0, "@a{sv} {}");
	assert_first_request(f, OWNER, MOCK_GOOD_FREQUENCY);
}

/* A group over which no picture went says nothing. */
static void test_no_pictures(struct fixture *f, gconstpointer data)
{
	scan(f);
	begin_as(f, MOCK_STATUS_ONCE, 9, "@a{sv} {}");
	wait_until(last_waits_for_call, f);
	end_last(f);
	assert_first_request(f, OWNER, 0);
}

/* What the user wishes comes before it, and is remembered as well if it was good. */
static void test_wish(struct fixture *f, gconstpointer data)
{
	scan(f);
	cast(f, MOCK_STATUS_ONCE, 9, "@a{sv} {}");
	cast(f, MOCK_ACCEPT, 0, "{'frequency': <uint32 5180>}");
	g_assert_cmpuint(f->wpas->last_intent, ==, OWNER);
	g_assert_cmpuint(f->wpas->last_frequency, ==, 5180);
	assert_first_request(f, OWNER, 5180);
	cast(f, MOCK_ACCEPT, 0, "{'go-intent': <uint32 15>}");
	assert_first_request(f, OWNER, 0);
}

/* It fails: the second try is that of any display, and nothing is remembered any more. */
static void test_unlearnt(struct fixture *f, gconstpointer data)
{
	struct remembered_group group;

	scan(f);
	cast(f, MOCK_STATUS_ONCE, 9, "{'frequency': <uint32 5180>}");
	g_assert_true(remembered_find_group(broker_remembered(f->broker), MOCK_PEER_ID, &group));
	g_assert_cmpuint(group.go_intent, ==, YIELDS);
	g_assert_cmpuint(group.frequency, ==, 5180);
	begin_as(f, MOCK_WPS_FAILS_ONCE, 0, "@a{sv} {}");
	wait_until(last_waits_for_call, f);
	g_assert_cmpuint(f->wpas->connects, ==, 2);
	g_assert_cmpuint(f->wpas->last_intent, ==, OWNER);
	g_assert_cmpuint(f->wpas->last_frequency, ==, 0);
	g_assert_false(remembered_find_group(broker_remembered(f->broker), MOCK_PEER_ID, &group));
	end_last(f);
}

/* The channel of last time is no good any more, in any of the ways in which that shows. */
static void test_channel_unlearnt(struct fixture *f, gconstpointer data)
{
	scan(f);
	cast(f, MOCK_ACCEPT, 0, "{'frequency': <uint32 2437>}");
	begin_as(f, MOCK_FORMATION_FAILS_ONCE, 0, "@a{sv} {}");
	wait_until(last_waits_for_call, f);
	/* On any other one. */
	g_assert_cmpuint(f->wpas->last_frequency, ==, 0);
	end_last(f);
	assert_first_request(f, OWNER, 0);
}

/* @data: what the display says next time, and whether that is a reason to forget */
static const struct ending {
	const char *name;
	int status;
	gboolean forgotten;
} endings[] = {
	{ "rejected", 11, FALSE }, /* by its user */
	{ "method", 10, FALSE },
	{ "busy", 3, TRUE },
	{ "no-answer", -1, TRUE },
};

static void test_ending(struct fixture *f, gconstpointer data)
{
	const struct ending *ending = data;

	scan(f);
	cast(f, MOCK_STATUS_ONCE, 9, "@a{sv} {}");
	cast_in_vain(f, MOCK_STATUS, ending->status);
	assert_first_request(f, ending->forgotten ? OWNER : YIELDS, 0);
}

/* Nothing is persistent there, so that each cast asks the display anew. */
static void set_up_complete(struct fixture *f, gconstpointer data)
{
	set_up(f, GINT_TO_POINTER(MOCK_COMPLETE));
	f->wpas->update_config = "1";
}

int main(int argc, char *argv[])
{
	g_test_init(&argc, &argv, NULL);
	/* The broker warns when Wi-Fi is off. */
	g_log_set_always_fatal(G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL);
#define ADD(name, function) \
	g_test_add("/broker-p2p-field/" name, struct fixture, NULL, set_up_complete, function, tear_down)
	ADD("radio", test_radio);
	ADD("radio-ends", test_radio_ends);
	ADD("radio-silent", test_radio_silent);
	ADD("radio-flickers", test_radio_flickers);
	ADD("wifi-off", test_wifi_is_switched_off);
	ADD("wifi-off-connect", test_connect_while_wifi_is_off);
	ADD("second-request", test_second_request);
	ADD("second-request-and-try", test_second_request_and_try);
	ADD("second-pin", test_second_pin);
	ADD("pin-refused", test_pin_refused);
	for (guint i = 0; i < G_N_ELEMENTS(named); i++) {
		g_autofree char *name = g_strconcat("/broker-p2p-field/named/", named[i].name, NULL);

		g_test_add(name, struct fixture, &named[i], set_up_complete, test_named, tear_down);
	}
	ADD("role", test_role);
	ADD("channel", test_channel);
	ADD("width", test_width);
	ADD("no-pictures", test_no_pictures);
	ADD("wish", test_wish);
	ADD("unlearnt", test_unlearnt);
	ADD("channel-unlearnt", test_channel_unlearnt);
	for (guint i = 0; i < G_N_ELEMENTS(endings); i++) {
		g_autofree char *name = g_strconcat("/broker-p2p-field/ending/", endings[i].name, NULL);

		g_test_add(name, struct fixture, &endings[i], set_up_complete, test_ending, tear_down);
	}
	return g_test_run();
}
