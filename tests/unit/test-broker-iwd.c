// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Wi-Fi P2P through an iwd that the test plays: displays are found and joined by iwd's own
 * interface, and all that was changed of it is as it was, however a test went.
 */
#include "mock-iwd.h"
#include "p2p-fixture.h"
#include "link-iwd.h"
#include "test-bus.h"

#include <string.h>

#include <glib/gstdio.h>

static mock_iwd *iwd;

static void start_iwd(struct fixture *f, gboolean enabled)
{
	iwd = mock_iwd_new(test_bus_connect(f->test_bus), enabled);
}

static void set_up_iwd(struct fixture *f, gconstpointer data)
{
	set_up(f, GINT_TO_POINTER(-1));
	stop_broker(f);
	f->wifi = TRUE;
	start_iwd(f, FALSE);
	start_broker(f);
}

static void tear_down_iwd(struct fixture *f, gconstpointer data)
{
	stop_broker(f);
	if (iwd) {
		/* What was changed is as it was. */
		g_assert_false(iwd->registered);
		g_assert_false(iwd->discovery);
		g_assert_false(iwd->connected);
		g_assert_cmpuint(iwd->enables, ==, iwd->disables);
	}
	g_clear_pointer(&iwd, mock_iwd_free);
	start_broker(f);
	tear_down(f, data);
}

static void assert_fails(struct fixture *f, const char *expected)
{
	wait_until(last_is_gone, f);
	g_assert_cmpstr(session_reason(last_session(f))->name, ==, expected);
	g_assert_cmpuint(open_nets, ==, 0);
	g_assert_false(iwd && iwd->connected);
}

/* ---- finding -------------------------------------------------------------------------- */

static gboolean level_is_known(struct fixture *f)
{
	return tv(f) && tv(f)->level != 0;
}

static gboolean tv_is_away(struct fixture *f)
{
	return tv(f) && !tv(f)->present;
}

static gboolean tv_is_present(struct fixture *f)
{
	return tv(f) && tv(f)->present;
}

static void test_found(struct fixture *f, gconstpointer data)
{
	scan(f);
	g_assert_cmpstr(tv(f)->id, ==, MOCK_IWD_TV);
	g_assert_cmpstr(tv(f)->link, ==, "p2p");
	g_assert_true(tv(f)->connectable);
	g_assert_true(tv(f)->hdcp);
	g_assert_true(iwd->enabled);
	g_assert_true(iwd->source);
	g_assert_false(iwd->sink);
	g_assert_cmpuint(iwd->port, ==, 7236);
	wait_until(level_is_known, f);
	g_assert_cmpint(tv(f)->level, ==, -42);
	mock_iwd_show(iwd, FALSE);
	wait_until(tv_is_away, f);
	mock_iwd_show(iwd, TRUE);
	wait_until(tv_is_present, f);
	broker_stop_scan(f->broker);
	wait_until(scan_is_over, f);
	g_assert_null(broker_scan_problem(f->broker));
	g_assert_true(iwd->discoveries == 1);
	/* Somebody looks at what was found. */
	g_assert_true(iwd->registered);
}

static gboolean is_released(struct fixture *f)
{
	return !iwd->enabled && !iwd->registered;
}

static void test_lingers(struct fixture *f, gconstpointer data)
{
	stop_broker(f);
	f->linger = 1;
	start_broker(f);
	scan(f);
	broker_stop_scan(f->broker);
	wait_until(is_released, f);
	wait_until(tv_is_away, f);
}

/* One that was enabled by somebody else stays so. */
static void test_was_enabled(struct fixture *f, gconstpointer data)
{
	stop_broker(f);
	iwd->enabled = TRUE;
	start_broker(f);
	scan(f);
	stop_broker(f);
	g_assert_true(iwd->enabled);
	g_assert_cmpuint(iwd->disables, ==, 0);
	start_broker(f);
}

/* After one that was killed, by the next one, as soon as that begins. */
static void test_killed(struct fixture *f, gconstpointer data)
{
	g_autofree char *file = g_build_filename(f->runtime_dir, "iwd.state", NULL);
	g_autofree char *content = g_strdup_printf("[wpa_supplicant]\nowner=%s\ncreated=/net/connman/iwd/0\n",
						   g_dbus_connection_get_unique_name(iwd->bus));

	stop_broker(f);
	iwd->enabled = TRUE;
	iwd->enables = 1;
	g_assert_true(g_file_set_contents(file, content, -1, NULL));
	f->linger = 1;
	start_broker(f);
	wait_until(is_released, f);
	g_assert_false(g_file_test(file, G_FILE_TEST_EXISTS));
}

static void test_written_down(struct fixture *f, gconstpointer data)
{
	g_autofree char *file = g_build_filename(f->runtime_dir, "iwd.state", NULL);

	scan(f);
	g_assert_true(g_file_test(file, G_FILE_TEST_EXISTS));
	stop_broker(f);
	g_assert_false(g_file_test(file, G_FILE_TEST_EXISTS));
	start_broker(f);
}

static void test_foreign_text(struct fixture *f, gconstpointer data)
{
	iwd->name = "T\x1b[2J\nV\xe2\x80\xae";
	mock_iwd_show(iwd, TRUE);
	g_assert_true(broker_scan(f->broker, 60, NULL));
	for (guint i = 0; i < 3000 && broker_sinks(f->broker)->len == 0; i++)
		spin(10);
	g_assert_cmpuint(broker_sinks(f->broker)->len, ==, 1);
	for (const char *c = ((link_sink *)g_ptr_array_index(broker_sinks(f->broker), 0))->name; *c; c++)
		g_assert_true((guchar)*c >= ' ');
	/* And nothing at all of it that could be read. */
	iwd->odd_types = TRUE;
	mock_iwd_show(iwd, TRUE);
	for (guint i = 0; i < 3000 && ((link_sink *)g_ptr_array_index(broker_sinks(f->broker), 0))->present; i++)
		spin(10);
	g_assert_false(((link_sink *)g_ptr_array_index(broker_sinks(f->broker), 0))->present);
}

/* ---- why it cannot ------------------------------------------------------------------------ */

static void test_no_iwd(struct fixture *f, gconstpointer data)
{
	g_clear_pointer(&iwd, mock_iwd_free);
	/* What wpa_supplicant's way has said. */
	assert_scan_fails(f, "supplicant-missing", "wpa_supplicant");
	start_iwd(f, FALSE);
	scan(f);
}

static void test_no_p2p(struct fixture *f, gconstpointer data)
{
	iwd->no_p2p = TRUE;
	assert_scan_fails(f, "no-p2p-support", "iwd");
}

static void test_no_display_service(struct fixture *f, gconstpointer data)
{
	iwd->no_display = TRUE;
	assert_scan_fails(f, "link-unavailable", "iwd");
	g_assert_false(iwd->enabled);
}

static void test_taken(struct fixture *f, gconstpointer data)
{
	iwd->taken = TRUE;
	assert_scan_fails(f, "link-busy", "another program");
	g_assert_false(iwd->enabled);
}

static gboolean is_registering(struct fixture *f)
{
	return iwd->registering != NULL;
}

/* @data: another program has a display service, and keeps it. iwd would let us end it. */
static void test_stopped_early(struct fixture *f, gconstpointer data)
{
	iwd->slow = TRUE;
	iwd->taken = data != NULL;
	g_assert_true(broker_scan(f->broker, 60, NULL));
	wait_until(is_registering, f);
	stop_broker(f);
	g_assert_false(iwd->registered);
	g_assert_null(iwd->registering);
	start_broker(f);
}

static void test_cannot_enable(struct fixture *f, gconstpointer data)
{
	iwd->cannot_enable = TRUE;
	assert_scan_fails(f, "link-unavailable", "iwd");
	wait_until(is_released, f);
}

static void test_other_adapter(struct fixture *f, gconstpointer data)
{
	stop_broker(f);
	f->interface = "wlan9";
	start_broker(f);
	assert_scan_fails(f, "no-p2p-support", "wlan9");
	stop_broker(f);
	f->interface = "wlan0";
	start_broker(f);
	scan(f);
}

/* wpa_supplicant has no adapter of its own, and takes none of iwd's. */
static void test_beside_supplicant(struct fixture *f, gconstpointer data)
{
	f->wpas = mock_wpas_new(f->wpas_bus, MOCK_NO_INTERFACE);
	f->interface = "wlan0";
	stop_broker(f);
	start_broker(f);
	scan(f);
	g_assert_false(f->wpas->interface);
	g_assert_true(iwd->discovery);
}

/* ---- connecting ---------------------------------------------------------------------------- */

static void test_stream(struct fixture *f, gconstpointer data)
{
	static const char *const phases[] = {
		"linking", "waiting-for-acceptance", "group-started", "link-up", "dialled", "connected", "streaming",
	};
	g_autoptr(GSocketConnection) sink = NULL;
	const char *interface = "";

	sink = scan_and_stream(f);
	for (guint i = 0; i < G_N_ELEMENTS(phases); i++)
		g_assert_true(has_phase(f, phases[i]));
	g_assert_cmpuint(iwd->buttons, ==, 1);
	g_assert_false(iwd->discovery);
	g_assert_cmpstr(net_opened, ==, "made for 192.168.1.20");
	g_variant_lookup(session_path(only_session(f)), "interface", "&s", &interface);
	g_assert_cmpstr(interface, ==, "lo");
	session_end(only_session(f), reason_new_code(REASON_DISCONNECTED, "enough"));
	wait_until(is_gone, f);
	g_assert_false(iwd->connected);
	g_assert_cmpuint(iwd->disconnects, ==, 1);
	g_assert_cmpuint(open_nets, ==, 0);
}

/* While there is a connection nothing is looked for; after it again. */
static void test_busy(struct fixture *f, gconstpointer data)
{
	scan(f);
	begin(f);
	wait_until(waits_for_call, f);
	wait_until(scan_is_over, f);
	assert_scan_fails(f, "link-busy", "TV");
	end_last(f);
	scan(f);
	begin(f);
	wait_until(last_waits_for_call, f);
	end_last(f);
}

/* The display was in sight, and is not any more. */
static void scan_and_lose(struct fixture *f)
{
	scan(f);
	mock_iwd_show(iwd, FALSE);
	wait_until(tv_is_away, f);
	broker_stop_scan(f->broker);
	wait_until(scan_is_over, f);
}

/* One that went out of sight is looked for. */
static void test_searched(struct fixture *f, gconstpointer data)
{
	scan_and_lose(f);
	begin(f);
	spin(200);
	g_assert_true(has_phase(f, "searching"));
	g_assert_true(iwd->discovery);
	g_assert_cmpuint(iwd->buttons, ==, 0);
	mock_iwd_show(iwd, TRUE);
	wait_until(last_waits_for_call, f);
}

static gboolean shows_pin(struct fixture *f)
{
	return session_shown_pin(last_session(f)) != NULL;
}

static void test_pin(struct fixture *f, gconstpointer data)
{
	scan(f);
	iwd->answer = MOCK_IWD_IGNORES;
	begin_secure(f, "pin");
	wait_until(shows_pin, f);
	g_assert_cmpstr(session_shown_pin(last_session(f)), ==, "12345670");
	settle(f);
	g_assert_cmpstr(iwd->pin, ==, "12345670");
	g_assert_cmpuint(iwd->buttons, ==, 0);
	end_last(f);
	iwd->answer = MOCK_IWD_ACCEPTS;
	begin_secure(f, "pin");
	wait_until(last_waits_for_call, f);
	g_assert_false(shows_pin(f));
}

static void refused_with(struct fixture *f, const char *error, const char *security, const char *expected)
{
	iwd->answer = MOCK_IWD_SAYS;
	iwd->error = error;
	begin_secure(f, security);
	assert_fails(f, expected);
}

static void test_refused(struct fixture *f, gconstpointer data)
{
	scan(f);
	refused_with(f, "Failed", NULL, "group-failed");
	refused_with(f, "NotSupported", NULL, "needs-pin");
	refused_with(f, "NotSupported", "pin", "no-pin");
	refused_with(f, "Busy", NULL, "link-busy");
	refused_with(f, "SimpleConfiguration.WalkTimerExpired", NULL, "not-accepted");
	iwd->answer = MOCK_IWD_ONLY_SAYS_SO;
	begin(f);
	assert_fails(f, "group-failed");
	/* And then all is well. */
	iwd->answer = MOCK_IWD_ACCEPTS;
	begin(f);
	wait_until(last_waits_for_call, f);
}

static gboolean is_asked(struct fixture *f)
{
	return iwd->asked != NULL;
}

static void test_cancelled(struct fixture *f, gconstpointer data)
{
	scan(f);
	iwd->answer = MOCK_IWD_IGNORES;
	begin(f);
	wait_until(is_asked, f);
	end_last(f);
	g_assert_null(iwd->asked);
	g_assert_cmpuint(iwd->disconnects, ==, 1);
}

/* @data: iwd does not say that it is no longer connected, only that it has room again */
static void test_ended(struct fixture *f, gconstpointer data)
{
	g_autoptr(GSocketConnection) sink = NULL;

	iwd->silent_end = data != NULL;
	sink = scan_and_stream(f);
	mock_iwd_end(iwd);
	assert_fails(f, "group-ended");
}

/* The one that streams is not free for another session, and is not shown for a while: that ends nothing. */
static void test_out_of_list(struct fixture *f, gconstpointer data)
{
	g_autoptr(GSocketConnection) sink = scan_and_stream(f);

	mock_iwd_show(iwd, FALSE);
	settle(f);
	spin(200);
	g_assert_true(streams(f));
}

static void iwd_dies(void)
{
	iwd->enables = iwd->disables = 0;
	g_clear_pointer(&iwd, mock_iwd_free);
}

/* @data: when */
static void test_dies(struct fixture *f, gconstpointer data)
{
	g_autoptr(GSocketConnection) sink = NULL;

	if (GPOINTER_TO_INT(data) == 0) {
		scan(f);
		iwd_dies();
		wait_until(scan_is_over, f);
		g_assert_cmpstr(broker_scan_problem(f->broker)->name, ==, "link-unavailable");
		g_assert_true(tv_is_away(f));
	} else {
		if (GPOINTER_TO_INT(data) == 1) {
			scan(f);
			iwd->answer = MOCK_IWD_IGNORES;
			begin(f);
			wait_until(is_asked, f);
		} else {
			sink = scan_and_stream(f);
		}
		iwd_dies();
		assert_fails(f, "link-unavailable");
	}
	start_iwd(f, FALSE);
	scan(f);
}

/* ---- time limits ---------------------------------------------------------------------------- */

/* Minutes pass as seconds. */
guint __real_g_timeout_add_seconds(guint seconds, GSourceFunc function, gpointer data);
guint __wrap_g_timeout_add_seconds(guint seconds, GSourceFunc function, gpointer data);
static gboolean quick;

guint __wrap_g_timeout_add_seconds(guint seconds, GSourceFunc function, gpointer data)
{
	return quick ? g_timeout_add(seconds * 20, function, data) : __real_g_timeout_add_seconds(seconds, function, data);
}

static void test_never_in_sight(struct fixture *f, gconstpointer data)
{
	scan_and_lose(f);
	quick = TRUE;
	begin(f);
	assert_fails(f, "sink-not-in-sight");
	quick = FALSE;
}

static void test_never_accepted(struct fixture *f, gconstpointer data)
{
	scan(f);
	broker_stop_scan(f->broker);
	wait_until(scan_is_over, f);
	iwd->answer = MOCK_IWD_IGNORES;
	quick = TRUE;
	begin(f);
	assert_fails(f, "not-accepted");
	quick = FALSE;
	g_assert_null(iwd->asked);
}

/* An address is waited for, and the net does not close. */
static void test_net_hangs(struct fixture *f, gconstpointer data)
{
	scan(f);
	broker_stop_scan(f->broker);
	wait_until(scan_is_over, f);
	net_does_not_close = TRUE;
	begin(f);
	wait_until(last_waits_for_call, f);
	quick = TRUE;
	end_last(f);
	quick = FALSE;
	g_assert_false(iwd->connected);
}

static void add(const char *path, gconstpointer data, void (*test)(struct fixture *f, gconstpointer data))
{
	g_test_add(path, struct fixture, data, set_up_iwd, test, tear_down_iwd);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	/* Warnings are to be expected here. */
	g_log_set_always_fatal(G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK);
	add("/iwd/find/found", NULL, test_found);
	add("/iwd/find/lingers", NULL, test_lingers);
	add("/iwd/find/was-enabled", NULL, test_was_enabled);
	add("/iwd/find/killed", NULL, test_killed);
	add("/iwd/find/written-down", NULL, test_written_down);
	add("/iwd/find/foreign-text", NULL, test_foreign_text);
	add("/iwd/cannot/no-iwd", NULL, test_no_iwd);
	add("/iwd/cannot/no-p2p", NULL, test_no_p2p);
	add("/iwd/cannot/no-display-service", NULL, test_no_display_service);
	add("/iwd/cannot/taken", NULL, test_taken);
	add("/iwd/cannot/stopped-early", NULL, test_stopped_early);
	add("/iwd/cannot/stopped-early-taken", "", test_stopped_early);
	add("/iwd/cannot/enable", NULL, test_cannot_enable);
	add("/iwd/cannot/other-adapter", NULL, test_other_adapter);
	add("/iwd/beside-supplicant", NULL, test_beside_supplicant);
	add("/iwd/connect/stream", NULL, test_stream);
	add("/iwd/connect/busy", NULL, test_busy);
	add("/iwd/connect/searched", NULL, test_searched);
	add("/iwd/connect/pin", NULL, test_pin);
	add("/iwd/connect/refused", NULL, test_refused);
	add("/iwd/connect/cancelled", NULL, test_cancelled);
	add("/iwd/ended/said", NULL, test_ended);
	add("/iwd/ended/not-said", "", test_ended);
	add("/iwd/ended/out-of-list", NULL, test_out_of_list);
	add("/iwd/dies/finding", GINT_TO_POINTER(0), test_dies);
	add("/iwd/dies/asking", GINT_TO_POINTER(1), test_dies);
	add("/iwd/dies/streaming", GINT_TO_POINTER(2), test_dies);
	add("/iwd/limit/never-in-sight", NULL, test_never_in_sight);
	add("/iwd/limit/never-accepted", NULL, test_never_accepted);
	add("/iwd/limit/net-hangs", NULL, test_net_hangs);
	return g_test_run();
}
