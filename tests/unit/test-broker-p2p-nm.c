// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The group with a display where NetworkManager has the adapter: it is NetworkManager
 * that makes it, since it ends any other. What is of somebody else in it stays.
 */
#include <string.h>

#include "p2p-fixture.h"

static void set_up_beside_nm(struct fixture *f, gconstpointer data)
{
	set_up(f, GINT_TO_POINTER(MOCK_COMPLETE));
	start_nm(f);
}

static void end(struct fixture *f)
{
	session_end(last_session(f), reason_new_code(REASON_DISCONNECTED, "enough"));
	wait_until(is_gone, f);
}

static gboolean is_asked(struct fixture *f)
{
	return f->nm->asks > 0;
}

static gboolean tv_is_asked(struct fixture *f)
{
	return f->wpas->connects > 0;
}

static gboolean tv_is_asked_twice(struct fixture *f)
{
	return f->wpas->connects > 1;
}

static gboolean nm_waits(struct fixture *f)
{
	return f->nm->asked != NULL;
}

static void assert_settings(struct fixture *f)
{
	static const struct {
		const char *setting, *name, *value;
	} expected[] = {
		{ "connection", "type", "'wifi-p2p'" },
		{ "connection", "autoconnect", "false" },
		{ "connection", "zone", "'trusted'" },
		{ "wifi-p2p", "peer", "'" MOCK_PEER_ID "'" },
		{ "wifi-p2p", "wps-method", "uint32 4" },
		{ "ipv4", "method", "'disabled'" },
		{ "ipv6", "method", "'disabled'" },
	};
	g_autofree char *options = g_variant_print(f->nm->options, FALSE);

	for (guint i = 0; i < G_N_ELEMENTS(expected); i++) {
		g_autoptr(GVariant) setting =
			g_variant_lookup_value(f->nm->settings, expected[i].setting, NULL);
		g_autoptr(GVariant) value = g_variant_lookup_value(setting, expected[i].name, NULL);
		g_autofree char *text = g_variant_print(value, TRUE);

		g_assert_cmpstr(text, ==, expected[i].value);
	}
	g_assert_cmpstr(options, ==, "{'persist': <'volatile'>, 'bind-activation': <'dbus-client'>}");
}

/* @data: enum mock_answer: either role */
static void test_cast(struct fixture *f, gconstpointer data)
{
	g_autoptr(GSocketConnection) sink = NULL;

	f->wpas->answer = GPOINTER_TO_INT(data);
	scan(f);
	begin(f);
	wait_until(waits_for_call, f);
	assert_settings(f);
	g_assert_true(net_in_zone);
	sink = call_and_stream(f);
	g_assert_true(f->nm->group);
	end(f);
	assert_reason(f, "disconnected");
	g_assert_false(f->nm->active);
	g_assert_cmpuint(f->nm->asks, ==, 1);
	g_assert_cmpuint(f->nm->ends, ==, 1);
	g_assert_cmpuint(f->nm->removed, ==, 0);
	g_assert_cmpuint(f->wpas->connects, ==, 1);
	/* It has cleared the element; the mock demands it of each Find. */
	broker_stop_scan(f->broker);
	wait_until(scan_is_over, f);
	g_assert_true(broker_scan(f->broker, 60, NULL));
	settle(f);
	g_assert_cmpuint(g_variant_n_children(f->wpas->wfd), ==, 9);
}

/* Without rules of ours it is firewalld that keeps the display out, if anything does. */
static void test_no_rules(struct fixture *f, gconstpointer data)
{
	g_autoptr(GVariant) setting = NULL;

	net_has_no_rules = TRUE;
	scan(f);
	begin(f);
	wait_until(waits_for_call, f);
	setting = g_variant_lookup_value(f->nm->settings, "connection", NULL);
	g_assert_nonnull(setting);
	g_assert_null(g_variant_lookup_value(setting, "zone", NULL));
	g_assert_false(net_in_zone);
	end(f);
}

/* What a display refuses is asked for once more while NetworkManager still waits. */
static void test_other_role(struct fixture *f, gconstpointer data)
{
	f->wpas->answer = MOCK_STATUS_ONCE;
	f->wpas->status = 9; /* both want to be owner */
	scan(f);
	begin(f);
	wait_until(waits_for_call, f);
	g_assert_cmpuint(f->nm->asks, ==, 1);
	g_assert_cmpuint(f->wpas->connects, ==, 2);
	g_assert_true(f->nm->group);
	end(f);
}

static void test_refused(struct fixture *f, gconstpointer data)
{
	f->nm->refuses = TRUE;
	scan(f);
	begin(f);
	wait_until(is_gone, f);
	assert_reason(f, "link-unavailable");
	g_assert_nonnull(strstr(session_reason(only_session(f))->message, "not today"));
	g_assert_cmpstr(session_reason(only_session(f))->hint, !=, "");
	g_assert_cmpuint(f->wpas->connects, ==, 0);
}

/* NetworkManager waits for a shorter time than a person may take. */
static void test_asked_again(struct fixture *f, gconstpointer data)
{
	f->wpas->answer = MOCK_IGNORE;
	f->nm->gives_up_after = 100;
	scan(f);
	begin(f);
	wait_until(tv_is_asked, f);
	settle(f);
	f->wpas->answer = MOCK_ACCEPT;
	wait_until(waits_for_call, f);
	g_assert_cmpuint(f->nm->asks, ==, 2);
	g_assert_cmpuint(f->nm->removed, ==, 0);
	end(f);
}

static void test_never_accepted(struct fixture *f, gconstpointer data)
{
	f->wpas->answer = MOCK_IGNORE;
	scan(f);
	begin(f);
	wait_until(is_gone, f);
	assert_reason(f, "not-accepted");
	g_assert_false(f->nm->active);
	g_assert_cmpuint(f->nm->ends, ==, 1);
}

/* Given up before NetworkManager has answered: what then comes of it is ended. */
static void test_late_answer(struct fixture *f, gconstpointer data)
{
	f->nm->silent = TRUE;
	scan(f);
	begin(f);
	wait_until(nm_waits, f);
	end(f);
	f->wpas->answer = MOCK_IGNORE;
	mock_nm_answer(f->nm);
	settle(f);
	g_assert_cmpuint(f->nm->ends, ==, 1);
	g_assert_false(f->nm->active);
}

/* One that does not do what it is told. */
static void test_deaf(struct fixture *f, gconstpointer data)
{
	scan(f);
	begin(f);
	wait_until(waits_for_call, f);
	f->nm->deaf = TRUE;
	end(f);
	g_assert_false(f->wpas->group);
}

/* It goes away while the display is asked: then we ask. */
static void test_gone_while_negotiating(struct fixture *f, gconstpointer data)
{
	f->wpas->answer = MOCK_IGNORE;
	scan(f);
	begin(f);
	wait_until(tv_is_asked, f);
	settle(f);
	g_clear_pointer(&f->nm, mock_nm_free);
	wait_until(tv_is_asked_twice, f);
	f->wpas->answer = MOCK_ACCEPT;
	mock_wpas_signal(f->wpas, MOCK_SIGNAL_NEGOTIATED);
	mock_wpas_signal(f->wpas, MOCK_SIGNAL_GROUP_STARTED);
	wait_until(waits_for_call, f);
	end(f);
}

/* It dies while there is a group: the group goes on, and ends whole. */
static void test_gone_while_up(struct fixture *f, gconstpointer data)
{
	g_autoptr(GSocketConnection) sink = NULL;

	scan(f);
	begin(f);
	wait_until(waits_for_call, f);
	g_clear_pointer(&f->nm, mock_nm_free);
	settle(f);
	sink = call_and_stream(f);
	end(f);
	assert_reason(f, "disconnected");
	g_assert_false(f->wpas->group);
}

static void test_comes_while_up(struct fixture *f, gconstpointer data)
{
	g_autoptr(GSocketConnection) sink = NULL;

	g_clear_pointer(&f->nm, mock_nm_free);
	scan(f);
	begin(f);
	wait_until(waits_for_call, f);
	start_nm(f);
	settle(f);
	sink = call_and_stream(f);
	end(f);
	g_assert_cmpuint(f->nm->asks + f->nm->ends, ==, 0);
}

/* Its user ends the connection. */
static void test_ended_by_user(struct fixture *f, gconstpointer data)
{
	scan(f);
	begin(f);
	wait_until(waits_for_call, f);
	mock_nm_end(f->nm);
	wait_until(is_gone, f);
	assert_reason(f, "group-ended");
	g_assert_cmpuint(f->nm->asks, ==, 1);
}

/* A connection of its user's own. */
static void test_busy(struct fixture *f, gconstpointer data)
{
	f->nm->p2p_device = MOCK_NM_ACTIVATED;
	scan(f);
	begin(f);
	wait_until(is_gone, f);
	assert_reason(f, "link-busy");
	g_assert_cmpuint(f->nm->asks + f->nm->ends, ==, 0);
	g_assert_cmpuint(f->wpas->connects, ==, 0);
}

/* @data: of the P2P device; where NetworkManager does not listen to wpa_supplicant */
static void test_not_concerned(struct fixture *f, gconstpointer data)
{
	f->nm->p2p_device = GPOINTER_TO_INT(data);
	f->nm->wifi_device = MOCK_NM_UNMANAGED;
	f->nm->tolerant = TRUE;
	scan(f);
	begin(f);
	wait_until(waits_for_call, f);
	g_assert_cmpuint(f->nm->asks, ==, 0);
	g_assert_false(net_in_zone);
	end(f);
}

/* The device is not managed, but the adapter is: groups would be ended all the same. */
static void test_half_managed(struct fixture *f, gconstpointer data)
{
	f->nm->p2p_device = MOCK_NM_UNMANAGED;
	scan(f);
	begin(f);
	wait_until(is_asked, f);
	wait_until(waits_for_call, f);
	end(f);
}

/* The next connection comes while the last one is still being ended. */
static void test_at_once_again(struct fixture *f, gconstpointer data)
{
	for (guint i = 1; i <= 3; i++) {
		f->wpas->answer = MOCK_ACCEPT;
		scan(f);
		begin(f);
		while (session_state(last_session(f)) != SESSION_RTSP)
			g_main_context_iteration(NULL, TRUE);
		g_assert_cmpuint(f->nm->asks, ==, i);
		session_end(last_session(f), reason_new_code(REASON_DISCONNECTED, "enough"));
		while (session_state(last_session(f)) != SESSION_GONE)
			g_main_context_iteration(NULL, TRUE);
	}
	g_assert_cmpuint(f->nm->removed, ==, 0);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *path;
		void (*test)(struct fixture *f, gconstpointer data);
		int data;
	} tests[] = {
		{ "/p2p-nm/cast/owner", test_cast, MOCK_ACCEPT },
		{ "/p2p-nm/cast/client", test_cast, MOCK_ACCEPT_AS_OWNER },
		{ "/p2p-nm/no-rules", test_no_rules },
		{ "/p2p-nm/other-role", test_other_role },
		{ "/p2p-nm/refused", test_refused },
		{ "/p2p-nm/asked-again", test_asked_again },
		{ "/p2p-nm/never-accepted", test_never_accepted },
		{ "/p2p-nm/late-answer", test_late_answer },
		{ "/p2p-nm/deaf", test_deaf },
		{ "/p2p-nm/gone/negotiating", test_gone_while_negotiating },
		{ "/p2p-nm/gone/up", test_gone_while_up },
		{ "/p2p-nm/comes", test_comes_while_up },
		{ "/p2p-nm/ended-by-user", test_ended_by_user },
		{ "/p2p-nm/busy", test_busy },
		{ "/p2p-nm/not-concerned/no-device", test_not_concerned, MOCK_NM_NO_DEVICE },
		{ "/p2p-nm/not-concerned/unmanaged", test_not_concerned, MOCK_NM_UNMANAGED },
		{ "/p2p-nm/not-concerned/unavailable", test_not_concerned, MOCK_NM_UNAVAILABLE },
		{ "/p2p-nm/half-managed", test_half_managed },
		{ "/p2p-nm/at-once-again", test_at_once_again },
	};

	g_test_init(&argc, &argv, NULL);
	/* What the broker warns of is what some of the tests are about. */
	g_log_set_always_fatal(G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL);
	for (guint i = 0; i < G_N_ELEMENTS(tests); i++)
		g_test_add(tests[i].path, struct fixture, GINT_TO_POINTER(tests[i].data),
			   set_up_beside_nm, tests[i].test, tear_down);
	return g_test_run();
}
