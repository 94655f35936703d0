// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Displays that are slow are waited for, those that are not need not wait. Time is the test's: it
 * stands still but for pass(), so nothing here depends on how fast the machine is.
 */
#include <string.h>

#include "p2p-connection.h"
#include "p2p-fixture.h"

/* ---- time --------------------------------------------------------------------------- */

static gint64 now_us = 1000 * G_USEC_PER_SEC;
static GPtrArray *timers;

struct timer {
	GSource source;
	gint64 due_us;
	gint64 interval_us;
};

static gboolean timer_check(GSource *source)
{
	return ((struct timer *)source)->due_us <= now_us;
}

static gboolean timer_prepare(GSource *source, int *timeout)
{
	*timeout = -1;
	return timer_check(source);
}

static gboolean timer_dispatch(GSource *source, GSourceFunc callback, gpointer data)
{
	struct timer *timer = (struct timer *)source;

	timer->due_us = now_us + timer->interval_us;
	return callback(data);
}

static void timer_finalize(GSource *source)
{
	g_ptr_array_remove(timers, source);
}

static GSourceFuncs timer_funcs = { timer_prepare, timer_check, timer_dispatch, timer_finalize, NULL, NULL };

static guint add_timer(gint64 interval_us, GSourceFunc function, gpointer data)
{
	struct timer *timer = (struct timer *)g_source_new(&timer_funcs, sizeof(struct timer));
	guint id;

	timer->interval_us = interval_us;
	timer->due_us = now_us + interval_us;
	g_ptr_array_add(timers, timer);
	g_source_set_callback(&timer->source, function, data, NULL);
	id = g_source_attach(&timer->source, NULL);
	g_source_unref(&timer->source);
	return id;
}

gint64 __wrap_g_get_monotonic_time(void);
gint64 __wrap_g_get_monotonic_time(void)
{
	return now_us;
}

guint __wrap_g_timeout_add(guint ms, GSourceFunc function, gpointer data);
guint __wrap_g_timeout_add(guint ms, GSourceFunc function, gpointer data)
{
	return add_timer((gint64)ms * 1000, function, data);
}

guint __wrap_g_timeout_add_seconds(guint seconds, GSourceFunc function, gpointer data);
guint __wrap_g_timeout_add_seconds(guint seconds, GSourceFunc function, gpointer data)
{
	return add_timer((gint64)seconds * G_USEC_PER_SEC, function, data);
}

static gint64 next_due(void)
{
	gint64 first = G_MAXINT64;

	for (guint i = 0; i < timers->len; i++) {
		struct timer *timer = g_ptr_array_index(timers, i);

		if (!g_source_is_destroyed(&timer->source))
			first = MIN(first, timer->due_us);
	}
	return first;
}

/* From one timer to the next, each with all that comes of it. */
static void pass(struct fixture *f, guint seconds)
{
	gint64 end_us = now_us + (gint64)seconds * G_USEC_PER_SEC;

	settle(f);
	for (gint64 due_us = next_due(); due_us <= end_us; due_us = next_due()) {
		now_us = MAX(now_us, due_us);
		settle(f);
	}
	now_us = end_us;
	settle(f);
}

/* ---- what displays do ---------------------------------------------------------------- */

/* Association with the group, for one that retries; then until it knows where it is. */
#define ASSOCIATES_AFTER 10
#define REGISTERS_FOR 30

static void set_up_patient(struct fixture *f, gconstpointer data)
{
	set_up(f, GINT_TO_POINTER(MOCK_COMPLETE));
	stop_broker(f);
	/* As the daemon has them. */
	f->config.rtsp_timeout = SESSION_RTSP_TIMEOUT;
	f->accept_seconds = LINK_P2P_ACCEPT_SECONDS;
	start_broker(f);
	scan(f);
}

static gboolean is_asked(struct fixture *f)
{
	return f->wpas->connects > 0;
}

static gboolean forms(struct fixture *f)
{
	return has_phase(f, "group-forming");
}

/* Its user has accepted, and it takes its time to come. */
static void test_associates_late(struct fixture *f, gconstpointer data)
{
	g_autoptr(GSocketConnection) sink = NULL;

	f->wpas->answer = MOCK_IGNORE;
	begin(f);
	wait_until(is_asked, f);
	mock_wpas_signal(f->wpas, MOCK_SIGNAL_NEGOTIATED);
	wait_until(forms, f);
	pass(f, ASSOCIATES_AFTER);
	mock_wpas_signal(f->wpas, MOCK_SIGNAL_GROUP_STARTED);
	wait_until(waits_for_call, f);
	pass(f, REGISTERS_FOR);
	sink = call_and_stream(f);
}

/* The group stands, the display has left it after WPS and comes back. */
static void test_leaves_first(struct fixture *f, gconstpointer data)
{
	g_autoptr(GSocketConnection) sink = NULL;

	begin(f);
	wait_until(waits_for_call, f);
	mock_wpas_station(f->wpas, FALSE);
	pass(f, ASSOCIATES_AFTER + REGISTERS_FOR);
	g_assert_true(waits_for_call(f));
	mock_wpas_station(f->wpas, TRUE);
	pass(f, REGISTERS_FOR);
	sink = call_and_stream(f);
	/* Now it is known what it is like: who leaves is away. */
	mock_wpas_station(f->wpas, FALSE);
	pass(f, P2P_REJOIN_SECONDS);
	wait_until(is_gone, f);
	assert_reason(f, "group-ended");
}

static void test_stays_away(struct fixture *f, gconstpointer data)
{
	begin(f);
	wait_until(waits_for_call, f);
	mock_wpas_station(f->wpas, FALSE);
	pass(f, P2P_JOIN_SECONDS);
	wait_until(is_gone, f);
	assert_reason(f, "group-ended");
}

/* As owner it hands out addresses only when it is ready itself. */
static void test_leases_late(struct fixture *f, gconstpointer data)
{
	g_autoptr(GSocketConnection) sink = NULL;

	/* What p2p-net.c waits for, which is played here. */
	g_assert_cmpuint(P2P_NET_LEASE_SECONDS, >, ASSOCIATES_AFTER + REGISTERS_FOR);
	g_assert_cmpuint(P2P_NET_LEASE_SECONDS, <, P2P_ADDRESS_SECONDS);
	f->wpas->answer = MOCK_ACCEPT_AS_OWNER;
	net_is_silent = TRUE;
	begin(f);
	settle(f);
	g_assert_cmpuint(open_nets, ==, 1);
	pass(f, P2P_NET_LEASE_SECONDS);
	net_rises();
	g_assert_true(waits_for_call(f));
	sink = call_and_stream(f);
}

/* But for ever nobody is waited for. */
static void test_never_calls(struct fixture *f, gconstpointer data)
{
	begin(f);
	wait_until(waits_for_call, f);
	pass(f, SESSION_RTSP_TIMEOUT - 1);
	g_assert_true(waits_for_call(f));
	pass(f, 1);
	wait_until(is_gone, f);
	assert_reason(f, "sink-never-dialled");
}

static gint64 time_of(struct fixture *f, const char *name)
{
	GPtrArray *phases = session_phases(only_session(f));

	for (guint i = 0; i < phases->len; i++) {
		struct session_phase *phase = g_ptr_array_index(phases, i);

		if (strcmp(phase->name, name) == 0)
			return phase->time_us;
	}
	g_assert_not_reached();
}

/*
 * Some leave half a second after their lease if nobody has spoken to them: no timer lies between
 * the lease and our first word. The port is open before the lease is there.
 */
static void test_haste_as_owner(struct fixture *f, gconstpointer data)
{
	g_autoptr(GSocketConnection) sink = NULL;

	begin(f);
	wait_until(waits_for_call, f);
	pass(f, ASSOCIATES_AFTER);
	net_leases();
	sink = call_and_stream(f);
	g_assert_cmpint(time_of(f, "dialled") - time_of(f, "leased"), <, G_USEC_PER_SEC / 2);
	g_assert_cmpint(now_us, ==, time_of(f, "leased"));
}

/* The same where the lease is ours: who is told of it can call at once. */
static void test_haste_as_client(struct fixture *f, gconstpointer data)
{
	g_autoptr(GSocketConnection) sink = NULL;
	gint64 leased_us;

	f->wpas->answer = MOCK_ACCEPT_AS_OWNER;
	net_is_silent = TRUE;
	begin(f);
	pass(f, ASSOCIATES_AFTER);
	leased_us = now_us;
	net_rises();
	/* Not even the main loop is gone through before that. */
	sink = dial_from(f, "127.0.0.2");
	g_assert_nonnull(sink);
	g_output_stream_printf(g_io_stream_get_output_stream(G_IO_STREAM(sink)), NULL, NULL, NULL, "stream\n");
	wait_until(streams, f);
	g_assert_cmpint(time_of(f, "dialled") - leased_us, <, G_USEC_PER_SEC / 2);
	g_assert_cmpint(now_us, ==, leased_us);
}

/* That the group stands is acted on at once as well: association, address, port. */
static void test_haste_to_group(struct fixture *f, gconstpointer data)
{
	gint64 began_us = now_us;

	begin(f);
	wait_until(waits_for_call, f);
	g_assert_cmpint(time_of(f, "link-up") - began_us, <, G_USEC_PER_SEC / 2);
}

int main(int argc, char *argv[])
{
	timers = g_ptr_array_new();
	g_test_init(&argc, &argv, NULL);
#define ADD(name, function) \
	g_test_add("/broker-p2p-patience/" name, struct fixture, NULL, set_up_patient, function, tear_down)
	ADD("associates-late", test_associates_late);
	ADD("leaves-first", test_leaves_first);
	ADD("stays-away", test_stays_away);
	ADD("leases-late", test_leases_late);
	ADD("never-calls", test_never_calls);
	ADD("haste-as-owner", test_haste_as_owner);
	ADD("haste-as-client", test_haste_as_client);
	ADD("haste-to-group", test_haste_to_group);
	return g_test_run();
}
