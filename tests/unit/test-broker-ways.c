// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * One display that can be reached over the network and over Wi-Fi P2P: it is one, and
 * the session takes the other way if the first one leads nowhere.
 */
#include <string.h>
#include <unistd.h>

#include "link-mice.h"
#include "mice-message.h"
#include "mock-resolver.h"
#include "p2p-fixture.h"

#define HOST "tv-7"
#define MICE_ID "mice:" HOST

static GSocket *door;
static char *door_address;

/* Of this process alone; MICE_PORT is what displays say that they have. */
static char *display_address(void)
{
	guint pid = getpid();

	return g_strdup_printf("127.%u.%u.%u", 1 + (pid >> 16) % 254, pid >> 8 & 0xff, pid & 0xff);
}

static void append_attribute(GByteArray *out, guint16 id, const char *value, gsize len)
{
	const guint8 header[] = { (guint8)(id >> 8), (guint8)id, (guint8)(len >> 8), (guint8)len };

	g_byte_array_append(out, header, sizeof(header));
	g_byte_array_append(out, (const guint8 *)value, len);
}

/* The TV says that it has this host name and address in the network; NULL: it does not. */
static void offer(struct fixture *f, guint8 capability, const char *host, const char *address)
{
	GByteArray *out = g_byte_array_new();

	g_byte_array_append(out, (const guint8[]){ 0x00, 0x01, 0x37 }, 3);
	append_attribute(out, 0x2001, (const char *)&capability, 1);
	if (host)
		append_attribute(out, 0x2002, host, strlen(host));
	if (address)
		append_attribute(out, 0x2005, address, strlen(address));
	g_clear_pointer(&f->wpas->vendor, g_bytes_unref);
	f->wpas->vendor = g_byte_array_free_to_bytes(out);
}

static void open_door(void)
{
	g_autoptr(GSocketAddress) address = g_inet_socket_address_new_from_string(door_address, MICE_PORT);
	g_autoptr(GError) error = NULL;

	door = g_socket_new(G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, NULL);
	g_socket_set_blocking(door, FALSE);
	g_socket_bind(door, address, TRUE, &error);
	g_assert_no_error(error);
	g_assert_true(g_socket_listen(door, NULL));
}

/* For a display that was told where to call. */
#define ANSWER_SECONDS 1

static void ways_set_up(struct fixture *f, gconstpointer data)
{
	set_up(f, data);
	/* The link gives up before the session does, as it does in a daemon. */
	stop_broker(f);
	f->config.rtsp_timeout = 3 * ANSWER_SECONDS;
	start_broker(f);
	door_address = display_address();
	broker_add_link(f->broker, link_mice_new(&(struct link_mice_config){ .bus = f->bus, .answer_seconds = ANSWER_SECONDS },
						 broker_link_events(), f->broker));
	mock_resolver_add(HOST, door_address, NULL);
	offer(f, 0x05, "TV-7", NULL);
}

static void ways_tear_down(struct fixture *f, gconstpointer data)
{
	tear_down(f, data);
	mock_resolver_clear();
	g_clear_object(&door);
	g_clear_pointer(&door_address, g_free);
}

static link_sink *sink_of(struct fixture *f, const char *id)
{
	GPtrArray *sinks = broker_sinks(f->broker);

	for (guint i = 0; i < sinks->len; i++) {
		link_sink *sink = g_ptr_array_index(sinks, i);

		if (strcmp(sink->id, id) == 0)
			return sink;
	}
	return NULL;
}

static gboolean both_are_found(struct fixture *f)
{
	return sink_of(f, MOCK_PEER_ID) && sink_of(f, MICE_ID);
}

static gboolean peer_is_lost(struct fixture *f)
{
	link_sink *p2p = sink_of(f, MOCK_PEER_ID);

	return p2p && !p2p->present;
}

static void find_both(struct fixture *f)
{
	scan(f);
	wait_until(both_are_found, f);
}

/* By name, as people do. */
static void begin_with(struct fixture *f, GVariant *options)
{
	g_autoptr(GError) error = NULL;
	link_sink *sink = broker_find_sink(f->broker, "Living", OWNER_ALL, &error);

	g_assert_no_error(error);
	g_assert_cmpstr(sink->id, ==, MICE_ID);
	broker_connect(f->broker, sink, options, &error);
	g_assert_no_error(error);
}

static void begin_both(struct fixture *f)
{
	find_both(f);
	begin_with(f, g_variant_new("a{sv}", NULL));
}

/* ---- one display ---------------------------------------------------------------------- */

static void test_heard(struct fixture *f, gconstpointer data)
{
	link_sink *p2p, *mice;

	find_both(f);
	p2p = sink_of(f, MOCK_PEER_ID);
	mice = sink_of(f, MICE_ID);
	g_assert_cmpstr(p2p->host, ==, HOST);
	g_assert_cmpstr(mice->name, ==, MOCK_PEER_NAME);
	g_assert_true(mice->present);
	g_assert_true(broker_same_display(p2p, mice));
	g_assert_true(broker_better_way(f->broker, p2p) == mice);
	g_assert_null(broker_better_way(f->broker, mice));
	g_assert_true(broker_find_sink(f->broker, MOCK_PEER_ID, OWNER_ALL, NULL) == p2p);
	/* As long as it is in sight, and no longer. */
	mock_wpas_show_peer(f->wpas, FALSE);
	wait_until(peer_is_lost, f);
	g_assert_null(sink_of(f, MICE_ID));
}

/* It has moved to another network meanwhile, or has left. */
static void test_changes(struct fixture *f, gconstpointer data)
{
	find_both(f);
	offer(f, 0x05, "tv-8", NULL);
	mock_wpas_peer_changed(f->wpas);
	settle(f);
	g_assert_null(sink_of(f, MICE_ID));
	g_assert_nonnull(sink_of(f, "mice:tv-8"));
	offer(f, 0x04, "tv-8", NULL);
	mock_wpas_peer_changed(f->wpas);
	settle(f);
	g_assert_null(sink_of(f, "mice:tv-8"));
	offer(f, 0x05, NULL, "192.0.2.7");
	mock_wpas_peer_changed(f->wpas);
	settle(f);
	g_assert_nonnull(sink_of(f, "mice:192.0.2.7"));
	g_assert_cmpuint(broker_sinks(f->broker)->len, ==, 2);
}

/* What cannot be, and what must not be. */
static void test_hostile(struct fixture *f, gconstpointer data)
{
	static const struct {
		const char *host, *address;
	} offers[] = {
		{ "$(id)", NULL }, { "", "" }, { "127.0.0.1", NULL }, { NULL, "127.0.0.1" },
		{ NULL, "::1" }, { NULL, "0.0.0.0" }, { NULL, "224.0.0.1" }, { NULL, "fe80::1" },
		{ NULL, "\033[2J" }, { "a b", "tv" },
	};

	scan(f);
	for (guint i = 0; i < G_N_ELEMENTS(offers); i++) {
		g_test_message("%s %s", offers[i].host, offers[i].address);
		offer(f, 0x05, offers[i].host, offers[i].address);
		mock_wpas_peer_changed(f->wpas);
		settle(f);
		g_assert_cmpuint(broker_sinks(f->broker)->len, ==, 1);
	}
}

/* Two hosts that have one name are two displays; a host that is not known is none. */
static void test_two_displays(struct fixture *f, gconstpointer data)
{
	const struct link_events *say = broker_link_events();
	g_autoptr(link_sink) mice = link_sink_new("mice", "mice:beamer.local", MOCK_PEER_NAME);
	g_autoptr(link_sink) plain = link_sink_new("mice", "mice:192.0.2.9", MOCK_PEER_NAME);
	g_autoptr(GError) error = NULL;
	link_sink *p2p;

	find_both(f);
	p2p = sink_of(f, MOCK_PEER_ID);
	mice->host = g_strdup("beamer.local");
	say->sink_changed(NULL, mice, f->broker);
	g_assert_false(broker_same_display(p2p, mice));
	g_assert_true(broker_same_display(p2p, plain));
	g_assert_null(broker_find_sink(f->broker, MOCK_PEER_NAME, OWNER_ALL, &error));
	g_assert_error(error, REASON_ERROR, REASON_SINK_UNKNOWN);
	g_assert_nonnull(strstr(error->message, "beamer.local"));
	g_assert_null(strstr(error->message, MOCK_PEER_ID));
	say->sink_gone(NULL, mice, f->broker);
}

/* ---- the first way -------------------------------------------------------------------- */

static gboolean was_called(struct fixture *f)
{
	g_autoptr(GSocket) control = g_socket_accept(door, NULL, NULL);

	return control != NULL;
}

/* It is the network; nobody walks to the display for a group. */
static void test_network(struct fixture *f, gconstpointer data)
{
	open_door();
	begin_both(f);
	wait_until(was_called, f);
	wait_until(is_gone, f);
	/* It has hung up: somebody said no. */
	assert_reason(f, "rejected");
	g_assert_false(has_phase(f, "other-way"));
	g_assert_cmpuint(f->wpas->connects, ==, 0);
}

/* ---- the other one ---------------------------------------------------------------------- */

static gboolean waits_in_group(struct fixture *f)
{
	return f->wpas->group && waits_for_call(f);
}

static void assert_falls_back(struct fixture *f, gdouble seconds)
{
	g_autoptr(GSocketConnection) sink = NULL;
	gint64 start = g_get_monotonic_time();

	begin_both(f);
	wait_until(waits_in_group, f);
	g_assert_true(has_phase(f, "other-way"));
	g_assert_cmpint(g_get_monotonic_time() - start, <, seconds * G_USEC_PER_SEC);
	g_assert_cmpstr(session_sink(only_session(f))->id, ==, MOCK_PEER_ID);
	sink = call_and_stream(f);
	g_assert_cmpuint(f->wpas->connects, ==, 1);
	session_end(only_session(f), reason_new_code(REASON_DISCONNECTED, "enough"));
	wait_until(is_gone, f);
	assert_reason(f, "disconnected");
}

static void test_refused(struct fixture *f, gconstpointer data)
{
	assert_falls_back(f, 5);
}

static void test_unknown_host(struct fixture *f, gconstpointer data)
{
	mock_resolver_clear();
	mock_resolver_add_silent(HOST);
	mock_resolver_add_silent(HOST ".local");
	assert_falls_back(f, 5);
}

static GSocket *control;

static gboolean was_answered_with_handshake(struct fixture *f)
{
	static const char handshake[] = { 0, 8, 1, 3, 4, 0, 1, 0x16 };

	if (!control)
		control = g_socket_accept(door, NULL, NULL);
	return control && g_socket_send(control, handshake, sizeof(handshake), NULL, NULL) > 0;
}

/* Somebody is there, and wants what we cannot: the path was up already. */
static void test_after_up(struct fixture *f, gconstpointer data)
{
	g_autoptr(GSocketConnection) sink = NULL;

	open_door();
	begin_both(f);
	wait_until(was_answered_with_handshake, f);
	wait_until(waits_in_group, f);
	g_assert_true(has_phase(f, "other-way"));
	sink = call_and_stream(f);
	g_clear_object(&control);
}

/* It takes the message, and never calls. */
static void test_silent(struct fixture *f, gconstpointer data)
{
	open_door();
	assert_falls_back(f, 20);
}

static void test_forbidden(struct fixture *f, gconstpointer data)
{
	find_both(f);
	begin_with(f, g_variant_new_parsed("{'other-ways': <'no'>}"));
	wait_until(is_gone, f);
	assert_reason(f, "control-refused");
	g_assert_cmpuint(f->wpas->connects, ==, 0);
}

/* Who wants a PIN does not get less, however it is tried: this one has none over Wi-Fi P2P. */
static void test_security(struct fixture *f, gconstpointer data)
{
	g_autoptr(GVariant) options = g_variant_ref_sink(g_variant_new_parsed("{'security': <'pin'>}"));
	g_autoptr(GError) error = NULL;

	find_both(f);
	begin_with(f, options);
	wait_until(is_gone, f);
	assert_reason(f, "no-pin");
	g_assert_true(has_phase(f, "other-way"));
	g_assert_cmpuint(f->wpas->connects, ==, 0);
	broker_connect(f->broker, sink_of(f, MOCK_PEER_ID), options, &error);
	g_assert_no_error(error);
	wait_until(last_is_gone, f);
	g_assert_cmpstr(session_reason(last_session(f))->name, ==, "no-pin");
	g_assert_cmpuint(f->wpas->connects, ==, 0);
}

static gboolean wants_pin(struct fixture *f)
{
	return session_wants_pin(only_session(f));
}

/* The wish goes along, to where it can be had. */
static void test_pin_goes_along(struct fixture *f, gconstpointer data)
{
	f->wpas->config_methods = 0x0088;
	find_both(f);
	begin_with(f, g_variant_new_parsed("{'security': <'pin'>}"));
	wait_until(wants_pin, f);
	g_assert_true(has_phase(f, "other-way"));
	g_assert_true(session_enter_pin(only_session(f), MOCK_PIN, NULL));
	wait_until(waits_in_group, f);
	g_assert_cmpstr(f->wpas->method, ==, "keypad");
}

/* Whoever has named its address goes there as well, to the one that all see; they are two displays for all that. */
static void test_named(struct fixture *f, gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(link_sink) named = NULL;

	find_both(f);
	named = broker_reach_sink(f->broker, HOST ":7251", 1000, &error);
	g_assert_null(named);
	g_clear_error(&error);
	named = broker_reach_sink(f->broker, MICE_ID ":7251", 1000, &error);
	g_assert_no_error(error);
	g_assert_cmpint(named->owner, ==, 1000);
	g_assert_false(broker_same_display(named, sink_of(f, MOCK_PEER_ID)));
	broker_connect(f->broker, named, g_variant_new("a{sv}", NULL), &error);
	g_assert_no_error(error);
	wait_until(waits_in_group, f);
	g_assert_cmpstr(session_sink(only_session(f))->id, ==, MOCK_PEER_ID);
}

static void give_alias(struct fixture *f, const char *id)
{
	g_autoptr(GError) error = NULL;

	broker_set_alias(f->broker, id, OWNER_ALL, "Kitchen", &error);
	g_assert_no_error(error);
}

/* Also by its beginning, it means the sink that got it, and not a better way that may be another's. */
static void test_alias(struct fixture *f, gconstpointer data)
{
	g_autoptr(GError) error = NULL;

	find_both(f);
	give_alias(f, MOCK_PEER_ID);
	g_assert_cmpstr(broker_find_sink(f->broker, "Living", OWNER_ALL, &error)->id, ==, MICE_ID);
	g_assert_cmpstr(broker_find_sink(f->broker, "kitch", OWNER_ALL, &error)->id, ==, MOCK_PEER_ID);
	g_assert_cmpstr(broker_find_sink(f->broker, "kitchen", OWNER_ALL, &error)->id, ==, MOCK_PEER_ID);
}

/* What is called as the display with the alias, and says that it has its host, gets no picture for that. */
static void test_alias_unknown(struct fixture *f, gconstpointer data)
{
	find_both(f);
	give_alias(f, MICE_ID);
	begin_both(f);
	wait_until(is_gone, f);
	assert_reason(f, "control-refused");
	g_assert_cmpuint(f->wpas->connects, ==, 0);
}

static void test_alias_known(struct fixture *f, gconstpointer data)
{
	find_both(f);
	give_alias(f, MICE_ID);
	remembered_cast(broker_remembered(f->broker), sink_of(f, MOCK_PEER_ID), NULL);
	assert_falls_back(f, 5);
}

/* What both say is told; and there is no third one. */
static void test_both_fail(struct fixture *f, gconstpointer data)
{
	const reason *why;

	f->wpas->answer = MOCK_STATUS;
	f->wpas->status = 11;
	begin_both(f);
	wait_until(is_gone, f);
	assert_reason(f, "rejected");
	why = session_reason(only_session(f));
	g_assert_nonnull(strstr(why->message, "and before that: "));
	g_assert_nonnull(strstr(why->message, HOST));
}

/* Out of sight over the air at this moment. */
static void test_lost(struct fixture *f, gconstpointer data)
{
	const struct link_events *say = broker_link_events();
	link_sink *p2p;

	find_both(f);
	begin_with(f, g_variant_new("a{sv}", NULL));
	/* Nothing has run since: it is not known yet that nobody listens. */
	p2p = sink_of(f, MOCK_PEER_ID);
	p2p->present = FALSE;
	say->sink_changed(broker_link(f->broker, "p2p"), p2p, f->broker);
	wait_until(is_gone, f);
	assert_reason(f, "control-refused");
	g_assert_cmpuint(f->wpas->connects, ==, 0);
}

static gboolean takes_other_way(struct fixture *f)
{
	return has_phase(f, "other-way");
}

/* Between the two, and in the second one. */
static void test_ended_between(struct fixture *f, gconstpointer data)
{
	begin_both(f);
	wait_until(takes_other_way, f);
	session_end(only_session(f), reason_new_code(REASON_DISCONNECTED, "enough"));
	wait_until(is_gone, f);
	assert_reason(f, "disconnected");
	g_assert_cmpuint(f->wpas->connects, ==, 0);
}

static gboolean has_asked(struct fixture *f)
{
	return f->wpas->connects > 0;
}

static void test_ended_in_second(struct fixture *f, gconstpointer data)
{
	f->wpas->answer = MOCK_IGNORE;
	begin_both(f);
	wait_until(has_asked, f);
	session_end(only_session(f), reason_new_code(REASON_DISCONNECTED, "enough"));
	wait_until(is_gone, f);
	assert_reason(f, "disconnected");
}

/* ---- coming back ------------------------------------------------------------------------- */

static gboolean is_called(struct fixture *f)
{
	if (!control)
		control = g_socket_accept(door, NULL, NULL);
	return control != NULL;
}

static gboolean waits(struct fixture *f)
{
	/* It is told that it is over, and hangs up. */
	if (session_state(only_session(f)) == SESSION_ENDING)
		g_clear_object(&control);
	return session_state(only_session(f)) == SESSION_WAITING;
}

/* Nobody speaks of it any more, and its host name leads nowhere: it is still itself. */
static void test_forgotten(struct fixture *f, gconstpointer data)
{
	const struct link_events *say = broker_link_events();
	g_autoptr(link_sink) heard = link_sink_new("p2p", "02:00:00:00:09:09", "Beamer");
	g_autoptr(GError) error = NULL;

	heard->host = g_strdup("beamer-9");
	heard->addresses = g_strsplit(door_address, " ", -1);
	say->sink_changed(NULL, heard, f->broker);
	open_door();
	broker_connect(f->broker, sink_of(f, "mice:beamer-9"), g_variant_new_parsed("{'stay': <'yes'>}"), &error);
	g_assert_no_error(error);
	wait_until(is_called, f);
	broker_suspend(f->broker);
	wait_until(waits, f);
	say->sink_gone(NULL, heard, f->broker);
	g_assert_null(sink_of(f, "mice:beamer-9"));
	broker_resume(f->broker);
	wait_until(is_called, f);
	g_assert_cmpstr(session_sink(only_session(f))->name, ==, "Beamer");
	session_end(only_session(f), reason_new_code(REASON_DISCONNECTED, "enough"));
	g_clear_object(&control);
	wait_until(is_gone, f);
	g_assert_cmpuint(broker_sinks(f->broker)->len, ==, 0);
}

#define ADD(name, function) \
	g_test_add("/ways/" name, struct fixture, GINT_TO_POINTER(MOCK_COMPLETE), ways_set_up, function, \
		   ways_tear_down)

int main(int argc, char **argv)
{
	int status;

	g_test_init(&argc, &argv, NULL);
	mock_resolver_install();
	ADD("heard", test_heard);
	ADD("changes", test_changes);
	ADD("hostile", test_hostile);
	ADD("two-displays", test_two_displays);
	ADD("network", test_network);
	ADD("refused", test_refused);
	ADD("unknown-host", test_unknown_host);
	ADD("after-up", test_after_up);
	ADD("silent", test_silent);
	ADD("forbidden", test_forbidden);
	ADD("security", test_security);
	ADD("pin-goes-along", test_pin_goes_along);
	ADD("named", test_named);
	ADD("alias", test_alias);
	ADD("alias-unknown", test_alias_unknown);
	ADD("alias-known", test_alias_known);
	ADD("both-fail", test_both_fail);
	ADD("lost", test_lost);
	ADD("ended-between", test_ended_between);
	ADD("ended-in-second", test_ended_in_second);
	ADD("forgotten", test_forgotten);
	status = g_test_run();
	mock_resolver_remove();
	return status;
}
