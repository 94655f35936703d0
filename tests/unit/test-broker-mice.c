// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Sessions by Miracast over Infrastructure over the loopback: the broker with that
 * link and fake-umd; the display is this test, with both of its sockets.
 */
#include <string.h>
#include <sys/socket.h>

#include "link-mice.h"
#include "mice-fixture.h"
#include "mice-resolve.h"
#include "mock-resolver.h"
#include "rtsp-listener.h"

/* ---- the way up, and down ------------------------------------------------------- */

static void test_streaming(struct fixture *f, gconstpointer data)
{
	g_autofree char *id = g_strdup_printf("mice:127.0.0.1:%u", f->port);
	const char *local, *peer;

	start_streaming(f);
	g_assert_cmpstr(f->ready.name, ==, "Büro PC");
	g_assert_cmpstr(session_sink(only_session(f))->id, ==, id);
	g_assert_cmpuint(broker_sinks(f->broker)->len, ==, 1);
	g_assert_true(g_variant_lookup(session_path(only_session(f)), "local-address", "&s", &local));
	g_assert_true(g_variant_lookup(session_path(only_session(f)), "peer-address", "&s", &peer));
	g_assert_cmpstr(local, ==, "127.0.0.1");
	g_assert_cmpstr(peer, ==, "127.0.0.1");

	session_end(only_session(f), reason_new_code(REASON_DISCONNECTED, "enough"));
	wait_until(was_told_more, f);
	g_assert_cmpint(last_said.command, ==, MICE_STOP_PROJECTION);
	g_assert_cmpstr(last_said.name, ==, f->ready.name);
	g_assert_cmpmem(last_said.source_id, MICE_SOURCE_ID_SIZE, f->ready.source_id, MICE_SOURCE_ID_SIZE);
	mice_message_clear(&last_said);
	wait_until(was_told_more, f);
	g_assert_cmpint(last_said.command, ==, 0);
	g_clear_object(&f->control);
	wait_until(is_gone, f);
	assert_reason(f, "disconnected");
	g_assert_cmpuint(broker_sinks(f->broker)->len, ==, 0);
}

/* Who does not close his half is not waited for; and the next session is another one. */
static void test_again(struct fixture *f, gconstpointer data)
{
	guint8 first[MICE_SOURCE_ID_SIZE];

	start_streaming(f);
	memcpy(first, f->ready.source_id, sizeof(first));
	session_end(only_session(f), reason_new_code(REASON_DISCONNECTED, "enough"));
	wait_until(is_gone, f);
	forget_call(f);
	start_streaming(f);
	g_assert_cmpmem(first, sizeof(first), f->ready.source_id, MICE_SOURCE_ID_SIZE);
	end(f);
}

static void test_config(struct fixture *f, gconstpointer data)
{
	g_autofree char *text = NULL;

	begin_on(f, "127.0.0.1");
	wait_until(was_told, f);
	f->rtsp = dial_from(f, "127.0.0.1", "127.0.0.1");
	text = ask_config(f);
	g_assert_nonnull(strstr(text, "'peer-address': <'127.0.0.1'>"));
	g_assert_nonnull(strstr(text, "'local-address': <'127.0.0.1'>"));
	g_assert_nonnull(strstr(text, "'friendly-name': <'127.0.0.1'>"));
}

static void test_ipv6(struct fixture *f, gconstpointer host)
{
	begin_on(f, "[::1]");
	answer(f, host);
	end(f);
}

/* In use, or otherwise: a session of its own, or none. */
static void test_busy(struct fixture *f, gconstpointer data)
{
	g_autofree char *what = g_strdup_printf("127.0.0.1:%u", f->port);
	g_autoptr(link_sink) again = NULL;
	g_autoptr(GError) error = NULL;

	start_streaming(f);
	again = broker_reach_sink(f->broker, what, OWNER_ALL, &error);
	g_assert_no_error(error);
	g_assert_null(broker_connect(f->broker, again, g_variant_new("a{sv}", NULL), &error));
	g_assert_error(error, REASON_ERROR, REASON_SINK_BUSY);
	end(f);
}

/* Nobody but the display is let in, and nobody once it has answered. */
static void test_stranger(struct fixture *f, gconstpointer data)
{
	g_autoptr(GSocketConnection) stranger = NULL;
	g_autoptr(GSocketClient) client = g_socket_client_new();
	g_autoptr(GSocketAddress) remote = NULL;
	g_autoptr(GSocketConnection) late = NULL;

	begin_on(f, "127.0.0.1");
	wait_until(was_told, f);
	stranger = dial_from(f, "127.0.0.2", "127.0.0.1");
	f->rtsp = dial_from(f, "127.0.0.1", "127.0.0.1");
	tell(f, "stream");
	wait_until(streams, f);
	g_assert_true(rtsp_has_hung_up(stranger));
	remote = g_inet_socket_address_new_from_string("127.0.0.1", f->ready.rtsp_port);
	late = g_socket_client_connect(client, G_SOCKET_CONNECTABLE(remote), NULL, NULL);
	g_assert_null(late);
}

/* Another program has the port that firewalls know. */
static void test_port_taken(struct fixture *f, gconstpointer data)
{
	g_autoptr(GSocket) taken = listen_on("127.0.0.1", LINK_DEFAULT_PORT, 1);

	start_streaming(f);
	g_assert_cmpuint(f->ready.rtsp_port, !=, LINK_DEFAULT_PORT);
	end(f);
}

static gboolean negotiates(struct fixture *f)
{
	return session_state(only_session(f)) == SESSION_NEGOTIATING;
}

/* It hangs up before it was spoken to, and dials again. */
static void test_redial(struct fixture *f, gconstpointer data)
{
	begin_on(f, "127.0.0.1");
	wait_until(was_told, f);
	f->rtsp = dial_from(f, "127.0.0.1", "127.0.0.1");
	wait_until(negotiates, f);
	g_clear_object(&f->rtsp);
	f->rtsp = dial_from(f, "127.0.0.1", "127.0.0.1");
	tell(f, "stream");
	wait_until(streams, f);
	end(f);
}

/* ---- ends that the display makes --------------------------------------------------- */

static void test_stopped_by_display(struct fixture *f, gconstpointer data)
{
	start_streaming(f);
	SAY_STOP(f);
	wait_until(is_gone, f);
	assert_reason(f, "sink-left");
}

/* Its user says no before it calls; and the message comes in pieces. */
static void test_stopped_before(struct fixture *f, gconstpointer data)
{
	begin_on(f, "127.0.0.1");
	wait_until(was_told, f);
	SAY(f, 0x00);
	for (guint i = 0; i < 50; i++) {
		g_main_context_iteration(NULL, FALSE);
		g_usleep(1000);
	}
	SAY(f, 0x04, 0x01, 0x02);
	wait_until(is_gone, f);
	assert_reason(f, "sink-left");
}

static void test_lost(struct fixture *f, gconstpointer data)
{
	gint64 start;

	start_streaming(f);
	start = g_get_monotonic_time();
	g_clear_object(&f->control);
	wait_until(is_gone, f);
	assert_reason(f, "control-lost");
	g_assert_cmpint(g_get_monotonic_time() - start, <, 5 * G_USEC_PER_SEC);
}

/* It ends everything at once: what it says in RTSP tells more. */
static void test_left(struct fixture *f, gconstpointer data)
{
	start_streaming(f);
	g_clear_object(&f->control);
	for (guint i = 0; i < 50; i++) {
		g_main_context_iteration(NULL, FALSE);
		g_usleep(1000);
	}
	tell(f, "leave");
	wait_until(is_gone, f);
	assert_reason(f, "sink-left");
}

static void test_rejected(struct fixture *f, gconstpointer data)
{
	begin_on(f, "127.0.0.1");
	wait_until(was_told, f);
	g_clear_object(&f->control);
	wait_until(is_gone, f);
	assert_reason(f, "rejected");
}

static void test_silent(struct fixture *f, gconstpointer data)
{
	gint64 start = g_get_monotonic_time();

	begin_on(f, "127.0.0.1");
	wait_until(was_told, f);
	wait_until(is_gone, f);
	assert_reason(f, "sink-never-dialled");
	/* By the link's limit; the session has more patience. */
	g_assert_cmpint(g_get_monotonic_time() - start, <, f->config.rtsp_timeout * G_USEC_PER_SEC / 2);
	/* It is told that it is over. */
	g_assert_true(take_message(f->control, &last_said));
	g_assert_cmpint(last_said.command, ==, MICE_STOP_PROJECTION);
	mice_message_clear(&last_said);
}

#define HEARD(reason, ...) { reason, { __VA_ARGS__ }, sizeof((const guint8[]){ __VA_ARGS__ }) }

static const struct {
	const char *reason;
	guint8 data[48];
	gsize len;
} heard[] = {
	HEARD("control-protocol", 'H', 'T', 'T', 'P', '/', '1', '.', '1'),
	HEARD("control-protocol", 0, 0, 1, 2),
	HEARD("control-protocol", 0xff, 0xff, 1, 2),
	HEARD("control-protocol", 0, 4, 9, 2),
	HEARD("control-protocol", 0, 4, 1, 77),
	HEARD("control-protocol", 0, 8, 1, 2, 9, 0, 2, 0),
	HEARD("control-protocol", 0, 30, 1, 1, 0, 0, 2, 'T', 0, 2, 0, 2, 0x1c, 0x44, 3, 0, 16),
	HEARD("security-unsupported", 0, 8, 1, 3, 4, 0, 1, 0x16),
	HEARD("security-unsupported", 0, 43, 1, 6, 7, 0, 1, 1, 6, 0, 32),
};

static void hear(struct fixture *f, guint i)
{
	gsize len = heard[i].len;
	guint8 data[sizeof(heard[i].data)] = { 0 };

	/* The rest of what it says that it has is zeros. */
	memcpy(data, heard[i].data, len);
	if (data[0] == 0 && data[1] > len && data[1] <= sizeof(data))
		len = data[1];
	say(f, data, len);
	wait_until(is_gone_politely, f);
	g_test_message("%u: %s", i, session_reason(only_session(f))->message);
	assert_reason(f, heard[i].reason);
}

static void test_garbage(struct fixture *f, gconstpointer data)
{
	for (guint i = 0; i < G_N_ELEMENTS(heard); i++) {
		begin_on(f, "127.0.0.1");
		wait_until(was_told, f);
		hear(f, i);
		forget_call(f);
		start_streaming(f);
		hear(f, i);
		forget_call(f);
	}
}

static void test_half_message(struct fixture *f, gconstpointer data)
{
	start_streaming(f);
	SAY(f, 0x00, 0x04, 0x01);
	g_clear_object(&f->control);
	wait_until(is_gone, f);
	assert_reason(f, "control-protocol");
}

static void test_refused(struct fixture *f, gconstpointer data)
{
	g_clear_object(&f->door);
	begin_on(f, "127.0.0.1");
	wait_until(is_gone, f);
	assert_reason(f, "control-refused");
}

/* ---- the end in the middle ------------------------------------------------------- */

static void test_ended_at_once(struct fixture *f, gconstpointer data)
{
	begin_on(f, "127.0.0.1");
	end(f);
	g_assert_cmpuint(broker_sinks(f->broker)->len, ==, 0);
}

static void test_ended_announced(struct fixture *f, gconstpointer data)
{
	begin_on(f, "127.0.0.1");
	wait_until(was_told, f);
	end(f);
	/* Told, and not just hung up on. */
	g_assert_null(f->control);
}

/* ---- names ----------------------------------------------------------------------- */

static void test_named(struct fixture *f, gconstpointer data)
{
	g_autofree char *what = g_strdup_printf("TV.Local:%u", f->port);

	mock_resolver_add("tv.local", "127.0.0.1", NULL);
	begin(f, what);
	answer(f, "127.0.0.1");
	end(f);
}

/* A word alone is asked for in both ways; one answer is enough. */
static void test_word(struct fixture *f, gconstpointer data)
{
	mock_resolver_add("tv.local", "127.0.0.1", NULL);
	mock_resolver_add_silent("tv");
	begin_on(f, "tv");
	answer(f, "127.0.0.1");
	end(f);
}

#define CALLERS 3

/* Whoever calls 127.0.0.3 now waits: nobody takes those who are there. */
static void fill(struct fixture *f, GSocket *callers[CALLERS])
{
	for (guint i = 0; i < CALLERS; i++) {
		g_autoptr(GSocketAddress) there = g_inet_socket_address_new_from_string("127.0.0.3", f->port);

		callers[i] = g_socket_new(G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, NULL);
		g_socket_set_blocking(callers[i], FALSE);
		g_socket_connect(callers[i], there, NULL, NULL);
	}
}

/* An address that leads nowhere, and one that nobody listens on, cost little. */
static void test_second_address(struct fixture *f, gconstpointer data)
{
	g_autoptr(GSocket) full = listen_on("127.0.0.3", f->port, 0);
	GSocket *callers[CALLERS];
	gint64 start = g_get_monotonic_time();

	fill(f, callers);
	mock_resolver_add("tv.local", "127.0.0.3", "127.0.0.4", "127.0.0.1", NULL);
	begin_on(f, "tv.local");
	answer(f, "127.0.0.1");
	g_assert_cmpint(g_get_monotonic_time() - start, <, 2 * G_USEC_PER_SEC);
	end(f);
	for (guint i = 0; i < G_N_ELEMENTS(callers); i++)
		g_object_unref(callers[i]);
}

/* Within the limit, also if all addresses are of that kind. */
static void test_nowhere(struct fixture *f, gconstpointer data)
{
	g_autoptr(GSocket) full = listen_on("127.0.0.3", f->port, 0);
	GSocket *callers[CALLERS];
	gint64 start = g_get_monotonic_time();

	fill(f, callers);
	begin_on(f, "127.0.0.3");
	wait_until(is_gone, f);
	assert_reason(f, "control-refused");
	g_assert_cmpint(g_get_monotonic_time() - start, >, 4 * G_USEC_PER_SEC);
	g_assert_cmpint(g_get_monotonic_time() - start, <, 8 * G_USEC_PER_SEC);
	for (guint i = 0; i < G_N_ELEMENTS(callers); i++)
		g_object_unref(callers[i]);
}

static void test_unknown_name(struct fixture *f, gconstpointer data)
{
	begin_on(f, "no.such.host");
	wait_until(is_gone, f);
	assert_reason(f, "host-unknown");
	g_assert_cmpuint(broker_sinks(f->broker)->len, ==, 0);
}

static void test_useless_address(struct fixture *f, gconstpointer data)
{
	mock_resolver_add("tv.local", "fe80::1", "0.0.0.0", "224.0.0.1", NULL);
	begin_on(f, "tv.local");
	wait_until(is_gone, f);
	assert_reason(f, "host-unknown");
}

/* A resolver that does not answer; and it is not waited for when somebody gives up. */
static void test_silent_resolver(struct fixture *f, gconstpointer data)
{
	gint64 start = g_get_monotonic_time();

	mock_resolver_add_silent("tv.local");
	begin_on(f, "tv.local");
	wait_until(is_gone, f);
	assert_reason(f, "host-unknown");
	g_assert_cmpint(g_get_monotonic_time() - start, >, 1 * G_USEC_PER_SEC);
	g_assert_cmpint(g_get_monotonic_time() - start, <, 4 * G_USEC_PER_SEC);
	begin_on(f, "tv.local");
	end(f);
}

static void assert_not_reached(struct fixture *f, const char *what, int code)
{
	g_autoptr(GError) error = NULL;

	g_test_message("%s", what);
	g_assert_null(broker_reach_sink(f->broker, what, OWNER_ALL, &error));
	g_assert_error(error, REASON_ERROR, code);
}

static void test_not_an_address(struct fixture *f, gconstpointer data)
{
	assert_not_reached(f, "Living room", REASON_SINK_UNKNOWN);
	assert_not_reached(f, "tv", REASON_SINK_UNKNOWN);
	assert_not_reached(f, "", REASON_SINK_UNKNOWN);
	assert_not_reached(f, "mice:", REASON_HOST_UNKNOWN);
	assert_not_reached(f, "mice:Living room", REASON_HOST_UNKNOWN);
	assert_not_reached(f, "mice:-v", REASON_HOST_UNKNOWN);
	assert_not_reached(f, "mice:tv..local", REASON_HOST_UNKNOWN);
	assert_not_reached(f, "mice:tv.local:0", REASON_HOST_UNKNOWN);
	assert_not_reached(f, "mice:tv.local:70000", REASON_HOST_UNKNOWN);
	assert_not_reached(f, "mice:$(id).local", REASON_HOST_UNKNOWN);
	assert_not_reached(f, "mice:tv.local/x", REASON_HOST_UNKNOWN);
}

static const struct {
	const char *text;
	const char *host;
	guint16 port;
} hosts[] = {
	{ "192.0.2.1", "192.0.2.1", 7250 },
	{ "192.0.2.1:7251", "192.0.2.1", 7251 },
	{ "TV.local", "tv.local", 7250 },
	{ "tv.local.", "tv.local", 7250 },
	{ "tv:80", "tv", 80 },
	{ "2001:db8::1", "2001:db8::1", 7250 },
	{ "[2001:db8::1]:7251", "2001:db8::1", 7251 },
	{ "fe80::1%lo", "fe80::1%lo", 7250 },
	{ "[fe80::1%lo]:7251", "fe80::1%lo", 7251 },
	{ "bücher.example", "xn--bcher-kva.example", 7250 },
};

static void test_hosts(void)
{
	for (guint i = 0; i < G_N_ELEMENTS(hosts); i++) {
		guint16 port;
		g_autofree char *host = mice_host_parse(hosts[i].text, &port);

		g_test_message("%s", hosts[i].text);
		g_assert_cmpstr(host, ==, hosts[i].host);
		g_assert_cmpuint(port, ==, hosts[i].port);
	}
}

/* The same for one display; and two displays cannot tell that they know one machine. */
static void test_source_id(void)
{
	guint8 first[MICE_SOURCE_ID_SIZE], again[MICE_SOURCE_ID_SIZE], other[MICE_SOURCE_ID_SIZE],
		machine[MICE_SOURCE_ID_SIZE];

	link_mice_source_id("0123", "mice:tv.local", first);
	link_mice_source_id("0123", "mice:tv.local", again);
	link_mice_source_id("0123", "mice:beamer.local", other);
	link_mice_source_id("0124", "mice:tv.local", machine);
	g_assert_cmpmem(first, sizeof(first), again, sizeof(again));
	g_assert_cmpint(memcmp(first, other, sizeof(first)), !=, 0);
	g_assert_cmpint(memcmp(first, machine, sizeof(first)), !=, 0);
}

#define ADD(name, function) \
	g_test_add("/mice/" name, struct fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv)
{
	int status;

	g_test_init(&argc, &argv, NULL);
	mock_resolver_install();
	ADD("streaming", test_streaming);
	ADD("again", test_again);
	ADD("config", test_config);
	g_test_add("/mice/ipv6", struct fixture, "::1", set_up, test_ipv6, tear_down);
	ADD("busy", test_busy);
	ADD("stranger", test_stranger);
	ADD("port-taken", test_port_taken);
	ADD("redial", test_redial);
	ADD("stopped-by-display", test_stopped_by_display);
	ADD("stopped-before", test_stopped_before);
	ADD("lost", test_lost);
	ADD("left", test_left);
	ADD("rejected", test_rejected);
	ADD("silent", test_silent);
	ADD("garbage", test_garbage);
	ADD("half-message", test_half_message);
	ADD("refused", test_refused);
	ADD("ended-at-once", test_ended_at_once);
	ADD("ended-announced", test_ended_announced);
	ADD("named", test_named);
	ADD("word", test_word);
	ADD("second-address", test_second_address);
	ADD("nowhere", test_nowhere);
	ADD("unknown-name", test_unknown_name);
	ADD("useless-address", test_useless_address);
	ADD("silent-resolver", test_silent_resolver);
	ADD("not-an-address", test_not_an_address);
	g_test_add_func("/mice/hosts", test_hosts);
	g_test_add_func("/mice/source-id", test_source_id);
	status = g_test_run();
	mock_resolver_remove();
	return status;
}
