// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * How a cast over Wi-Fi P2P ends when something goes away, and how soon that is known; and
 * that it comes back if it is to stay, or sleeps well.
 */
#include <string.h>

#include <glib/gstdio.h>

#include "p2p-fixture.h"

#define KNOWN_SECONDS 5

static void begin_to_stay(struct fixture *f)
{
	g_autoptr(GError) error = NULL;

	broker_connect(f->broker, tv(f), g_variant_new_parsed("{'stay': <'yes'>}"), &error);
	g_assert_no_error(error);
}

static gboolean has_ended(struct fixture *f)
{
	return session_reason(only_session(f)) != NULL;
}

static gboolean waits(struct fixture *f)
{
	return session_state(only_session(f)) == SESSION_WAITING;
}

/* ---- what goes away ---------------------------------------------------------------------- */

static GSocketConnection *sink;

static void hang_up(struct fixture *f)
{
	g_clear_object(&sink);
}

static void tell(const char *line)
{
	GOutputStream *out = g_io_stream_get_output_stream(G_IO_STREAM(sink));

	g_assert_true(g_output_stream_printf(out, NULL, NULL, NULL, "%s\n", line));
}

static void leave(struct fixture *f)
{
	tell("leave");
}

static void die(struct fixture *f)
{
	tell("crash");
}

static void end_group(struct fixture *f)
{
	mock_wpas_end_group(f->wpas);
}

/* The station roams, and the radio has one channel at a time. */
static void move_network(struct fixture *f)
{
	/* Else the network would be gone, and not the group. */
	g_assert_true(f->wpas->station_first);
	mock_wpas_end_group_for(f->wpas, "FREQ_CONFLICT");
}

static void end_group_unused(struct fixture *f)
{
	mock_wpas_end_group_for(f->wpas, "IDLE");
}

static void leave_group(struct fixture *f)
{
	mock_wpas_station(f->wpas, FALSE);
}

static void unplug(struct fixture *f)
{
	mock_wpas_unplug(f->wpas);
}

static void end_supplicant(struct fixture *f)
{
	g_clear_pointer(&f->wpas, mock_wpas_free);
	g_assert_true(g_dbus_connection_close_sync(f->wpas_bus, NULL, NULL));
}

static const struct loss {
	const char *path;
	void (*happen)(struct fixture *f);
	const char *reason;
	gboolean control; /* wpa_supplicant has a control socket */
} losses[] = {
	{ "/loss/hung-up", hang_up, "sink-vanished" },
	{ "/loss/left", leave, "sink-left" },
	{ "/loss/umd-died", die, "umd-died" },
	{ "/loss/group-ended", end_group, "group-ended" },
	{ "/loss/network-moved", move_network, "no-common-channel", TRUE },
	{ "/loss/group-unused", end_group_unused, "group-ended", TRUE },
	{ "/loss/station-left", leave_group, "group-ended" },
	{ "/loss/adapter", unplug, "no-wifi" },
	{ "/loss/supplicant", end_supplicant, "supplicant-missing" },
};

static void set_up_cast(struct fixture *f, gconstpointer data)
{
	set_up(f, GINT_TO_POINTER(MOCK_COMPLETE));
}

static void tear_down_cast(struct fixture *f, gconstpointer data)
{
	g_clear_object(&sink);
	tear_down(f, data);
}

static void stream(struct fixture *f)
{
	wait_until(waits_for_call, f);
	sink = call_and_stream(f);
}

/* It is told within five seconds, whichever end it is seen at. */
static void test_known(struct fixture *f, gconstpointer data)
{
	const struct loss *loss = data;
	gint64 begin_us;

	if (loss->control)
		mock_wpas_open_control(f->wpas);
	scan(f);
	begin(f);
	stream(f);
	begin_us = g_get_monotonic_time();
	loss->happen(f);
	wait_until(has_ended, f);
	g_assert_cmpint(g_get_monotonic_time() - begin_us, <, KNOWN_SECONDS * G_USEC_PER_SEC);
	assert_reason(f, loss->reason);
	wait_until(is_gone, f);
	assert_reason(f, loss->reason);
	if (!loss->control)
		return;
	/* Nobody listens when there is no group. */
	settle(f);
	g_assert_null(f->wpas->listener);
}

/* Another program's group is its own concern, and so is what it gives way to. */
static void test_foreign(struct fixture *f, gconstpointer data)
{
	mock_wpas_open_control(f->wpas);
	scan(f);
	mock_wpas_foreign_group(f->wpas, TRUE);
	settle(f);
	g_assert_false(f->wpas->station_first);
	g_assert_null(f->wpas->listener);
	mock_wpas_foreign_group(f->wpas, FALSE);
	settle(f);
	begin(f);
	stream(f);
	g_assert_true(f->wpas->station_first);
	g_assert_nonnull(f->wpas->listener);
	session_end(only_session(f), reason_new_code(REASON_DISCONNECTED, "enough"));
	wait_until(is_gone, f);
	settle(f);
	g_assert_null(f->wpas->listener);
}

/* ---- coming back -------------------------------------------------------------------------- */

/* The group that comes of it is another one, the session is not. */
static void test_back(struct fixture *f, gconstpointer data)
{
	scan(f);
	begin_to_stay(f);
	stream(f);
	mock_wpas_end_group(f->wpas);
	wait_until(waits, f);
	assert_reason(f, "group-ended");
	g_clear_object(&sink);
	stream(f);
	g_assert_cmpuint(broker_sessions(f->broker)->len, ==, 1);
	g_assert_true(f->wpas->group);
}

/* Whose user says no is not asked for ever. */
static void test_refused(struct fixture *f, gconstpointer data)
{
	scan(f);
	begin_to_stay(f);
	stream(f);
	f->wpas->answer = MOCK_STATUS;
	f->wpas->status = 11; /* rejected by user */
	/* Nor does it join the group that it knows. */
	f->wpas->invitation = MOCK_INVITATION_STATUS;
	f->wpas->invitation_status = 11;
	mock_wpas_end_group(f->wpas);
	wait_until(waits, f);
	wait_until(is_gone, f);
	assert_reason(f, "rejected");
}

static guint times_settled;

/* The machine may sleep when nothing of the group is left. */
static void settled(broker *b, gpointer user_data)
{
	struct fixture *f = user_data;

	times_settled++;
	g_assert_false(f->wpas->group);
	g_assert_cmpuint(open_nets, ==, 0);
}

static gboolean has_settled(struct fixture *f)
{
	return times_settled > 0;
}

static void test_sleep(struct fixture *f, gconstpointer data)
{
	static const struct broker_events events = { .settled = settled };

	times_settled = 0;
	broker_set_events(f->broker, &events, f);
	scan(f);
	begin_to_stay(f);
	stream(f);
	broker_suspend(f->broker);
	wait_until(has_settled, f);
	assert_reason(f, "suspended");
	g_clear_object(&sink);
	broker_resume(f->broker);
	stream(f);
	g_assert_cmpuint(times_settled, ==, 1);
	reset_events(f);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_log_set_always_fatal(G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL);
	for (guint i = 0; i < G_N_ELEMENTS(losses); i++)
		g_test_add(losses[i].path, struct fixture, &losses[i], set_up_cast, test_known, tear_down_cast);
	g_test_add("/loss/foreign", struct fixture, NULL, set_up_cast, test_foreign, tear_down_cast);
	g_test_add("/loss/back", struct fixture, NULL, set_up_cast, test_back, tear_down_cast);
	g_test_add("/loss/refused", struct fixture, NULL, set_up_cast, test_refused, tear_down_cast);
	g_test_add("/loss/sleep", struct fixture, NULL, set_up_cast, test_sleep, tear_down_cast);
	return g_test_run();
}
