// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A disconnect always ends: whatever wpa_supplicant says, in every state of a
 * connection, before and after we have been asked to end it. And it ends whole:
 * nothing of ours is left, nothing of others has been touched. The same beside a
 * NetworkManager that makes the group.
 */
#include <string.h>

#include "p2p-fixture.h"

/* Cancel, IP and group each have their limit; all is well before that. */
#define AT_ONCE_US (2 * G_USEC_PER_SEC)
#define AT_MOST_US (9 * G_USEC_PER_SEC)

/* Where a connection is when it happens. */
enum place {
	BEGINNING,
	SEARCHING,
	PROVISIONING,
	ENTERING,
	NEGOTIATING,
	INVITING,
	JOINING, /* the display was invited, its group is there, and it is not */
	RETRYING,
	FORMING,
	ADDRESSING,
	UP,
	STREAMING,
	N_PLACES,
};

static const char *const place_names[] = {
	"beginning", "searching", "provisioning", "entering", "negotiating", "inviting", "joining",
	"retrying", "forming", "addressing", "up", "streaming",
};

static gboolean is_provisioning(struct fixture *f)
{
	return f->wpas->provisions > 0;
}

static gboolean is_entering(struct fixture *f)
{
	return session_wants_pin(last_session(f));
}

static gboolean is_forming(struct fixture *f)
{
	return has_phase(f, "group-forming");
}

static gboolean has_group(struct fixture *f)
{
	return has_phase(f, "group-started");
}

static gboolean has_path(struct fixture *f)
{
	return session_state(last_session(f)) == SESSION_RTSP;
}

static gboolean is_streaming(struct fixture *f)
{
	return session_state(last_session(f)) == SESSION_STREAMING;
}

static gboolean tv_is_there(struct fixture *f)
{
	return tv(f) && tv(f)->present;
}

static gboolean tv_is_away(struct fixture *f)
{
	return !tv(f)->present;
}

static gboolean tv_is_asked(struct fixture *f)
{
	return f->wpas->connects > 0;
}

/* As it was before the first test. */
static void start_afresh(struct fixture *f)
{
	mock_wpas_plug(f->wpas);
	f->wpas->answer = MOCK_ACCEPT;
	f->wpas->connects = 0;
	f->wpas->provisions = 0;
	f->wpas->provisioning = MOCK_PROVISION_DONE;
	f->wpas->late = FALSE;
	net_is_silent = FALSE;
	f->wpas->invites = 0;
	mock_wpas_show_peer(f->wpas, TRUE);
	if (!tv(f) || !tv(f)->present) {
		g_assert_true(broker_scan(f->broker, 60, NULL));
		wait_until(tv_is_there, f);
	}
}

static gboolean tv_is_invited(struct fixture *f)
{
	return f->wpas->invites > 0;
}

static gboolean group_is_there(struct fixture *f)
{
	return f->wpas->group;
}

/* As after a cast. Otherwise the display is asked as if it knew nobody. */
static void let_it_know_us(struct fixture *f, enum place place)
{
	g_autoptr(GBytes) ssid = g_bytes_new_static(MOCK_SSID, strlen(MOCK_SSID));
	g_autoptr(p2p_key) key = p2p_key_new(TRUE, ssid, MOCK_PASSPHRASE, MOCK_OWN_ADDRESS);

	f->wpas->tv_knows = "GO";
	f->wpas->invitation = place == INVITING ? MOCK_INVITATION_IGNORED : MOCK_INVITATION_ABSENT;
	remembered_learn_key(broker_remembered(f->broker), tv(f),
			     place == INVITING || place == JOINING ? key : NULL);
}

static GSocketConnection *go_to(struct fixture *f, enum place place)
{
	static const enum mock_answer answers[N_PLACES] = {
		[NEGOTIATING] = MOCK_IGNORE,
		[RETRYING] = MOCK_STATUS,
		[FORMING] = MOCK_IGNORE,
	};
	GSocketConnection *sink = NULL;

	start_afresh(f);
	let_it_know_us(f, place);
	f->wpas->answer = answers[place];
	f->wpas->status = -1;
	net_is_silent = place == ADDRESSING;
	if (place == SEARCHING) {
		mock_wpas_show_peer(f->wpas, FALSE);
		wait_until(tv_is_away, f);
	}
	if (place == PROVISIONING)
		f->wpas->provisioning = MOCK_PROVISION_IGNORED;
	begin_secure(f, place == PROVISIONING || place == ENTERING ? "pin" : NULL);
	switch (place) {
	case SEARCHING:
		wait_until(is_searching, f);
		break;
	case PROVISIONING:
		wait_until(is_provisioning, f);
		break;
	case ENTERING:
		wait_until(is_entering, f);
		settle(f);
		break;
	case NEGOTIATING:
		wait_until(tv_is_asked, f);
		break;
	case INVITING:
		wait_until(tv_is_invited, f);
		break;
	case JOINING:
		wait_until(group_is_there, f);
		settle(f);
		break;
	case RETRYING:
		wait_until(tv_is_asked, f);
		settle(f);
		break;
	case FORMING:
		wait_until(tv_is_asked, f);
		mock_wpas_signal(f->wpas, MOCK_SIGNAL_NEGOTIATED);
		wait_until(is_forming, f);
		break;
	case ADDRESSING:
		wait_until(has_group, f);
		break;
	case UP:
		wait_until(has_path, f);
		break;
	case STREAMING:
		wait_until(has_path, f);
		sink = dial_from(f, "127.0.0.2");
		g_assert_nonnull(sink);
		g_output_stream_printf(g_io_stream_get_output_stream(G_IO_STREAM(sink)), NULL, NULL,
				       NULL, "stream\n");
		wait_until(is_streaming, f);
		break;
	default:
		break;
	}
	return sink;
}

static void end(struct fixture *f)
{
	session_end(last_session(f), reason_new_code(REASON_DISCONNECTED, "enough"));
}

static void assert_ends_within(struct fixture *f, gint64 us)
{
	gint64 deadline = g_get_monotonic_time() + us;

	while (session_state(last_session(f)) != SESSION_GONE) {
		g_assert_cmpint(g_get_monotonic_time(), <, deadline);
		if (!g_main_context_iteration(NULL, FALSE))
			g_usleep(500);
	}
	g_assert_cmpuint(open_nets, ==, 0);
}

static void assert_nothing_left(struct fixture *f, enum place place)
{
	/* What comes last is dealt with, too. */
	settle(f);
	/* Before we have asked it, a group with the TV is somebody else's. */
	if (place < NEGOTIATING && f->wpas->group) {
		mock_wpas_end_group(f->wpas);
		settle(f);
	}
	g_assert_false(f->wpas->group);
	g_assert_cmpuint(f->wpas->foreign_ends, ==, 0);
	if (f->wpas->foreign) {
		mock_wpas_foreign_group(f->wpas, FALSE);
		settle(f);
	}
}

/* The TV takes push button, and shows a PIN to who asks for it. */
static void set_up_complete(struct fixture *f, gconstpointer data)
{
	set_up(f, GINT_TO_POINTER(MOCK_COMPLETE));
	f->wpas->config_methods = 0x0088;
}

static void set_up_beside_nm(struct fixture *f, gconstpointer data)
{
	set_up_complete(f, data);
	start_nm(f);
	/* Nothing else ends a group here than we. */
	f->nm->tolerant = TRUE;
}

/* @data: the place */
static void test_signals(struct fixture *f, gconstpointer data)
{
	enum place place = GPOINTER_TO_INT(data);

	for (guint i = 0; i < 2 * MOCK_N_SIGNALS; i++) {
		enum mock_signal signal = i / 2;
		gboolean signal_first = i % 2;
		g_autoptr(GSocketConnection) sink = go_to(f, place);

		g_test_message("%s, signal %d, %s", place_names[place], signal,
			       signal_first ? "then the end" : "after the end");
		if (signal_first) {
			mock_wpas_signal(f->wpas, signal);
			g_usleep(5000); /* it is in our queue */
			end(f);
		} else {
			end(f);
			mock_wpas_signal(f->wpas, signal);
		}
		assert_ends_within(f, AT_ONCE_US);
		/* It came up before the answer to our Cancel: "gone" waits for its end. */
		if (signal == MOCK_SIGNAL_GROUP_STARTED && place >= NEGOTIATING)
			g_assert_false(f->wpas->group);
		assert_nothing_left(f, place);
		g_assert_false(f->nm && f->nm->active);
	}
	broker_stop_scan(f->broker);
	wait_until(scan_is_over, f);
}

/* Sometimes, if it is wanted. */
static void type_pin(struct fixture *f)
{
	if (g_test_rand_bit() && session_wants_pin(last_session(f)))
		g_assert_true(session_enter_pin(last_session(f), MOCK_PIN, NULL));
}

/* Any sequence of them; the seed is printed by the harness. */
static void test_random(struct fixture *f, gconstpointer data)
{
	for (guint round = 0; round < 60; round++) {
		enum place place = g_test_rand_int_range(PROVISIONING, STREAMING);
		g_autoptr(GSocketConnection) sink = go_to(f, place);
		guint n = g_test_rand_int_range(1, 6);

		for (guint i = 0; i < n; i++) {
			mock_wpas_signal(f->wpas, g_test_rand_int_range(0, MOCK_N_SIGNALS));
			type_pin(f);
			spin(g_test_rand_int_range(0, 4));
		}
		end(f);
		assert_ends_within(f, AT_ONCE_US);
		/* One that was up when we let go of it, and was then said again. */
		assert_nothing_left(f, f->wpas->connects ? place : BEGINNING);
	}
	broker_stop_scan(f->broker);
	wait_until(scan_is_over, f);
}

/* The TV accepts in the moment in which the user gives up. */
static void test_cancel_too_late(struct fixture *f, gconstpointer data)
{
	for (guint i = 0; i < 10; i++) {
		start_afresh(f);
		f->wpas->late = TRUE;
		begin(f);
		wait_until(tv_is_asked, f);
		end(f);
		assert_ends_within(f, AT_ONCE_US);
		assert_nothing_left(f, NEGOTIATING);
	}
}

/* ... and seconds after it. */
static void test_group_after_the_end(struct fixture *f, gconstpointer data)
{
	go_to(f, NEGOTIATING);
	end(f);
	assert_ends_within(f, AT_ONCE_US);
	spin(1000);
	mock_wpas_signal(f->wpas, MOCK_SIGNAL_GROUP_STARTED);
	settle(f);
	g_assert_false(f->wpas->group);
}

/* One request, two groups: none is forgotten. */
static void test_two_groups(struct fixture *f, gconstpointer data)
{
	go_to(f, UP);
	/* So long that the second one comes up before the end of the first is over. */
	net_does_not_close = TRUE;
	mock_wpas_end_group(f->wpas);
	mock_wpas_signal(f->wpas, MOCK_SIGNAL_GROUP_STARTED);
	assert_ends_within(f, AT_MOST_US);
	g_assert_false(f->wpas->group);
	assert_nothing_left(f, UP);
}

/* @data: enum mock_again. An answer about one start is not taken for the other's. */
static void test_started_again(struct fixture *f, gconstpointer data)
{
	start_afresh(f);
	f->wpas->again = GPOINTER_TO_INT(data);
	begin(f);
	wait_until(has_path, f);
	g_assert_cmpint(f->wpas->again, ==, MOCK_NOT_AGAIN);
	end(f);
	assert_ends_within(f, AT_ONCE_US);
	assert_nothing_left(f, UP);
}

/* A wpa_supplicant that does not do what it is told. */
static void test_deaf_supplicant(struct fixture *f, gconstpointer data)
{
	go_to(f, NEGOTIATING);
	f->wpas->deaf = TRUE;
	end(f);
	assert_ends_within(f, AT_MOST_US);
	f->wpas->deaf = FALSE;
	go_to(f, UP);
	f->wpas->deaf = TRUE;
	end(f);
	assert_ends_within(f, AT_MOST_US);
	/* Nobody has forgotten the group: the next broker ends it. */
	f->wpas->deaf = FALSE;
	g_clear_pointer(&f->broker, broker_free);
	start_broker(f);
	scan(f);
	settle(f);
	g_assert_false(f->wpas->group);
}

/* Not even SIGKILL ends it: played by a kill that does not arrive. */
static gboolean kill_is_lost;
void __wrap_g_subprocess_send_signal(GSubprocess *process, gint signal);
void __real_g_subprocess_send_signal(GSubprocess *process, gint signal);

void __wrap_g_subprocess_send_signal(GSubprocess *process, gint signal)
{
	if (!kill_is_lost)
		__real_g_subprocess_send_signal(process, signal);
}

static void hang(GSocketConnection *sink)
{
	g_output_stream_printf(g_io_stream_get_output_stream(G_IO_STREAM(sink)), NULL, NULL, NULL,
			       "hang\n");
	spin(200);
}

static void test_unkillable_umd(struct fixture *f, gconstpointer data)
{
	g_autoptr(GSocketConnection) sink = go_to(f, STREAMING);

	hang(sink);
	kill_is_lost = TRUE;
	end(f);
	assert_ends_within(f, AT_MOST_US);
	assert_nothing_left(f, STREAMING);
	kill_is_lost = FALSE;
}

/* Of whatever state the session is in: the daemon's end waits for no longer than this. */
static void test_stop_with_all_hanging(struct fixture *f, gconstpointer data)
{
	g_autoptr(GSocketConnection) sink = go_to(f, STREAMING);
	gint64 start = g_get_monotonic_time();

	hang(sink);
	kill_is_lost = TRUE;
	net_does_not_close = TRUE;
	f->wpas->deaf = TRUE;
	stop_broker(f);
	g_assert_cmpint(g_get_monotonic_time() - start, <, 13 * G_USEC_PER_SEC);
	kill_is_lost = FALSE;
	net_does_not_close = FALSE;
	f->wpas->deaf = FALSE;
	start_broker(f);
	mock_wpas_end_group(f->wpas);
	settle(f);
}

/* A UMD that hangs before there is a stream says nothing that a watchdog could miss. */
static void test_negotiation_hangs(struct fixture *f, gconstpointer data)
{
	g_autoptr(GSocketConnection) sink = NULL;

	stop_broker(f);
	f->config.negotiation_timeout = 1;
	start_broker(f);
	go_to(f, UP);
	sink = dial_from(f, "127.0.0.2");
	hang(sink);
	assert_ends_within(f, AT_MOST_US);
	g_assert_cmpstr(session_reason(last_session(f))->name, ==, "umd-hung");
}

static void test_net_hangs(struct fixture *f, gconstpointer data)
{
	go_to(f, UP);
	net_does_not_close = TRUE;
	end(f);
	assert_ends_within(f, AT_MOST_US);
	assert_nothing_left(f, UP);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	/* What the broker warns of is what some of the tests are about. */
	g_log_set_always_fatal(G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL);
	for (enum place place = 0; place < N_PLACES; place++) {
		g_autofree char *path = g_strconcat("/p2p-races/", place_names[place], NULL);

		g_test_add(path, struct fixture, GINT_TO_POINTER(place), set_up_complete,
			   test_signals, tear_down);
	}
	for (enum place place = PROVISIONING; place < N_PLACES; place++) {
		g_autofree char *path = g_strconcat("/p2p-races/nm/", place_names[place], NULL);

		g_test_add(path, struct fixture, GINT_TO_POINTER(place), set_up_beside_nm,
			   test_signals, tear_down);
	}
	g_test_add("/p2p-races/random", struct fixture, NULL, set_up_complete, test_random, tear_down);
	g_test_add("/p2p-races/nm/random", struct fixture, NULL, set_up_beside_nm, test_random,
		   tear_down);
	g_test_add("/p2p-races/cancel-too-late", struct fixture, NULL, set_up_complete,
		   test_cancel_too_late, tear_down);
	g_test_add("/p2p-races/group-after-the-end", struct fixture, NULL, set_up_complete,
		   test_group_after_the_end, tear_down);
	g_test_add("/p2p-races/two-groups", struct fixture, NULL, set_up_complete, test_two_groups,
		   tear_down);
	g_test_add("/p2p-races/said-again", struct fixture, GINT_TO_POINTER(MOCK_SAID_AGAIN),
		   set_up_complete, test_started_again, tear_down);
	g_test_add("/p2p-races/started-again", struct fixture, GINT_TO_POINTER(MOCK_STARTED_AGAIN),
		   set_up_complete, test_started_again, tear_down);
	g_test_add("/p2p-races/deaf-supplicant", struct fixture, NULL, set_up_complete,
		   test_deaf_supplicant, tear_down);
	g_test_add("/p2p-races/unkillable-umd", struct fixture, NULL, set_up_complete,
		   test_unkillable_umd, tear_down);
	g_test_add("/p2p-races/stop-with-all-hanging", struct fixture, NULL, set_up_complete,
		   test_stop_with_all_hanging, tear_down);
	g_test_add("/p2p-races/negotiation-hangs", struct fixture, NULL, set_up_complete,
		   test_negotiation_hangs, tear_down);
	g_test_add("/p2p-races/net-hangs", struct fixture, NULL, set_up_complete, test_net_hangs,
		   tear_down);
	return g_test_run();
}
