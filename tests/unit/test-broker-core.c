// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The parts of the broker that need nothing around them: state machine, errors
 * of the kernel, options, addresses, choice of a network.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "kernel.h"
#include "link-p2p.h"
#include "link.h"
#include "options.h"
#include "p2p-address.h"
#include "p2p-connection.h"
#include "p2p-dhcp.h"
#include "p2p-pin.h"
#include "p2p-state.h"
#include "reason.h"
#include "link-direct.h"
#include "rtsp-listener.h"
#include "session.h"
#include "wifi-users.h"

/* ---- session.h --------------------------------------------------------------- */

/* Drawn in session.h; every arrow that is not in here must not be in the code. */
static const struct {
	enum session_state from;
	enum session_event event;
	enum session_state to;
} arrows[] = {
	{ SESSION_FOUND, SESSION_EVENT_CONNECT, SESSION_LINKING },
	{ SESSION_FOUND, SESSION_EVENT_ASK, SESSION_ASKING },
	{ SESSION_ASKING, SESSION_EVENT_ACCEPTED, SESSION_LINKING },
	{ SESSION_ASKING, SESSION_EVENT_END, SESSION_ENDING },
	{ SESSION_LINKING, SESSION_EVENT_LINK_UP, SESSION_RTSP },
	{ SESSION_LINKING, SESSION_EVENT_OTHER_WAY, SESSION_LINKING },
	{ SESSION_RTSP, SESSION_EVENT_OTHER_WAY, SESSION_LINKING },
	{ SESSION_RTSP, SESSION_EVENT_DIALLED, SESSION_NEGOTIATING },
	{ SESSION_NEGOTIATING, SESSION_EVENT_HUNG_UP, SESSION_RTSP },
	{ SESSION_NEGOTIATING, SESSION_EVENT_STREAMING, SESSION_STREAMING },
	{ SESSION_FOUND, SESSION_EVENT_END, SESSION_ENDING },
	{ SESSION_LINKING, SESSION_EVENT_END, SESSION_ENDING },
	{ SESSION_RTSP, SESSION_EVENT_END, SESSION_ENDING },
	{ SESSION_NEGOTIATING, SESSION_EVENT_END, SESSION_ENDING },
	{ SESSION_STREAMING, SESSION_EVENT_END, SESSION_ENDING },
	{ SESSION_ENDING, SESSION_EVENT_ENDED, SESSION_GONE },
	{ SESSION_ENDING, SESSION_EVENT_WAIT, SESSION_WAITING },
	{ SESSION_WAITING, SESSION_EVENT_AGAIN, SESSION_LINKING },
	{ SESSION_WAITING, SESSION_EVENT_END, SESSION_ENDING },
};

static void test_states(void)
{
	guint found = 0;

	for (enum session_state from = 0; from < N_SESSION_STATES; from++) {
		for (enum session_event event = 0; event < N_SESSION_EVENTS; event++) {
			enum session_state to = N_SESSION_STATES;
			gboolean expected = FALSE;

			for (guint i = 0; i < G_N_ELEMENTS(arrows); i++) {
				if (arrows[i].from != from || arrows[i].event != event)
					continue;
				expected = TRUE;
				g_assert_true(session_next_state(from, event, &to));
				g_assert_cmpint(to, ==, arrows[i].to);
				found++;
			}
			if (!expected)
				g_assert_false(session_next_state(from, event, &to));
		}
	}
	g_assert_cmpuint(found, ==, G_N_ELEMENTS(arrows));
}

/* A link that breaks its promise. */
static link_connection *deaf_connect(link_backend *backend, link_sink *sink, GVariant *options,
				     const struct link_connection_events *link_events,
				     gpointer user_data)
{
	link_connection *conn = g_new0(link_connection, 1);

	link_connection_init(conn, backend, sink, link_events, user_data);
	return conn;
}

static void deaf_disconnect(link_connection *conn)
{
}

static void deaf_free(link_connection *conn)
{
	link_connection_finish(conn);
	g_free(conn);
}

static void nothing_changed(session *s, enum session_change what, gpointer user_data)
{
}

/* Nobody who does not answer keeps a session for ever. */
static void test_ending_limit(void)
{
	static const struct link_impl impl = {
		.name = "deaf",
		.connect = deaf_connect,
		.disconnect = deaf_disconnect,
		.connection_free = deaf_free,
	};
	g_autoptr(umd_launcher) launcher = umd_launcher_new("/nonexistent", NULL);
	const struct session_env env = { .launcher = launcher, .rtsp_timeout = 1 };
	link_backend backend = { .impl = &impl };
	g_autoptr(link_sink) sink = link_sink_new("deaf", "id", "TV");
	g_autoptr(session) s = session_new(1, sink, &env, g_variant_new("a{sv}", NULL),
					   nothing_changed, NULL);
	gint64 deadline;

	session_connect(s, &backend);
	session_end(s, reason_new_code(REASON_DISCONNECTED, "enough"));
	deadline = g_get_monotonic_time() + (SESSION_ENDING_SECONDS + 2) * G_USEC_PER_SEC;
	while (session_state(s) != SESSION_GONE) {
		g_assert_cmpint(g_get_monotonic_time(), <, deadline);
		if (!g_main_context_iteration(NULL, FALSE))
			g_usleep(1000);
	}
}

static link_connection *latest;

static link_connection *played_connect(link_backend *backend, link_sink *sink, GVariant *options,
				       const struct link_connection_events *link_events, gpointer user_data)
{
	latest = deaf_connect(backend, sink, options, link_events, user_data);
	return latest;
}

static const struct link_impl played_impl = {
	.name = "played",
	.connect = played_connect,
	.disconnect = deaf_disconnect,
	.connection_free = deaf_free,
};
static link_backend played = { .impl = &played_impl };

static link_sink *same_again(link_sink *sink, link_backend **backend, gpointer user_data)
{
	*backend = &played;
	return sink;
}

static void assert_no_pin(session *s)
{
	g_assert_false(session_wants_pin(s));
	g_assert_null(session_shown_pin(s));
}

/* The PIN of a way that leads nowhere is of no use on the other one, nor is that of a session that ends. */
static void test_pin_of_the_way(void)
{
	g_autoptr(umd_launcher) launcher = umd_launcher_new("/nonexistent", NULL);
	const struct session_env env = { .launcher = launcher, .rtsp_timeout = 1, .other_way = same_again };
	g_autoptr(link_sink) sink = link_sink_new("played", "id", "TV");
	g_autoptr(session) s = session_new(1, sink, &env, g_variant_new("a{sv}", NULL), nothing_changed, NULL);
	g_autoptr(GError) error = g_error_new(REASON_ERROR, REASON_CONTROL_PROTOCOL, "nonsense");

	session_connect(s, &played);
	link_emit_wants_pin(latest);
	link_emit_shows_pin(latest, "12345670");
	g_assert_true(session_wants_pin(s) && session_shown_pin(s));
	link_emit_failed(latest, error);
	g_assert_cmpint(session_state(s), ==, SESSION_LINKING);
	assert_no_pin(s);
	link_emit_wants_pin(latest);
	link_emit_shows_pin(latest, "12345670");
	assert_no_pin(s);
	link_emit_closed(latest);
	link_emit_wants_pin(latest);
	link_emit_shows_pin(latest, "12345670");
	g_assert_true(session_wants_pin(s) && session_shown_pin(s));
	session_end(s, reason_new_code(REASON_DISCONNECTED, "enough"));
	assert_no_pin(s);
	link_emit_wants_pin(latest);
	link_emit_shows_pin(latest, "12345670");
	assert_no_pin(s);
	link_emit_closed(latest);
	g_assert_cmpint(session_state(s), ==, SESSION_GONE);
}

/* A session does not give up a link that still keeps to its limits, with a PIN and all. */
static void test_linking_limit(void)
{
	guint once = P2P_SEARCH_SECONDS + P2P_PIN_ANSWER_SECONDS + LINK_P2P_ACCEPT_SECONDS + P2P_SEARCH_SECONDS +
		     LINK_P2P_ACCEPT_SECONDS + LINK_P2P_ACCEPT_SECONDS;

	g_assert_cmpuint(SESSION_LINKING_SECONDS, >=, P2P_PREPARE_SECONDS + 2 * once + 1 + P2P_ADDRESS_SECONDS);
}

/* ---- kernel.h -------------------------------------------------------------- */

static void test_kernel_errors(void)
{
	static const struct {
		enum kernel_call call;
		int err;
		enum reason_code reason;
		const char *says;
	} cases[] = {
		{ KERNEL_OPEN, ENOENT, REASON_MODULE_MISSING, "not loaded" },
		{ KERNEL_OPEN, ENODEV, REASON_MODULE_MISSING, "not loaded" },
		{ KERNEL_OPEN, EACCES, REASON_NO_RIGHTS, "may open it" },
		{ KERNEL_OPEN, EPERM, REASON_NO_RIGHTS, "may open it" },
		{ KERNEL_OPEN, EBUSY, REASON_OTHER_BROKER, "in use" },
		{ KERNEL_OPEN, EIO, REASON_KERNEL, "Input/output" },
		{ KERNEL_HELLO, EPROTONOSUPPORT, REASON_ABI_MISMATCH, "version 7" },
		{ KERNEL_HELLO, ENOTTY, REASON_ABI_MISMATCH, "does not speak" },
		{ KERNEL_OPEN_SINK, EBUSY, REASON_NO_FREE_CONNECTOR, "in use" },
		{ KERNEL_OPEN_SINK, ENOENT, REASON_NO_FREE_CONNECTOR, "in use" },
		{ KERNEL_OPEN_SINK, EMFILE, REASON_KERNEL, "OPEN_SINK" },
		{ KERNEL_DESTROY_SINK, ENODEV, REASON_MODULE_MISSING, "gone" },
		{ KERNEL_DESTROY_SINK, EFAULT, REASON_KERNEL, "DESTROY_SINK" },
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;

		kernel_set_error(&error, cases[i].call, cases[i].err, "/dev/miracast", 7);
		g_assert_error(error, REASON_ERROR, (int)cases[i].reason);
		g_assert_nonnull(strstr(error->message, cases[i].says));
		g_assert_cmpstr(reason_error_hint(error).text, !=, "");
	}
}

static void test_kernel_open(void)
{
	g_autoptr(kernel) nothing = kernel_new("/dev/no-such-device");
	g_autoptr(kernel) other = kernel_new("/dev/null");
	g_autoptr(GError) missing = NULL, wrong = NULL, no_sink = NULL;
	guint32 target;

	g_assert_false(kernel_open(nothing, &missing));
	g_assert_error(missing, REASON_ERROR, REASON_MODULE_MISSING);
	/* A session that begins without anybody having asked for the module says the same. */
	g_assert_cmpint(kernel_open_sink(nothing, 0, &target, &no_sink), ==, -1);
	g_assert_error(no_sink, REASON_ERROR, REASON_MODULE_MISSING);
	/* Any other device does not know HELLO; it is tried anew each time. */
	for (guint i = 0; i < 2; i++) {
		g_assert_false(kernel_open(other, &wrong));
		g_assert_error(wrong, REASON_ERROR, REASON_ABI_MISMATCH);
		g_clear_error(&wrong);
	}
}

/* The module's group is named, so that one knows which to join. */
static void test_kernel_group(void)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *path = NULL;
	int fd = g_file_open_tmp("miracast-XXXXXX", &path, NULL);

	g_assert_cmpint(fd, >=, 0);
	close(fd);
	g_assert_cmpint(g_chmod(path, 0660), ==, 0);
	kernel_set_error(&error, KERNEL_OPEN, EACCES, path, 0);
	g_assert_nonnull(strstr(error->message, "group"));
	g_unlink(path);
}

/* ---- reason.h ------------------------------------------------------------------ */

static void test_reasons(void)
{
	g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);
	g_autoptr(GError) error = g_error_new(REASON_ERROR, REASON_REJECTED, "TV said no");
	g_autoptr(GError) other = g_error_new(G_IO_ERROR, G_IO_ERROR_FAILED, "something");
	g_autoptr(reason) ours = reason_from_error(error, REASON_KERNEL);
	g_autoptr(reason) theirs = reason_from_error(other, REASON_GROUP_ENDED);

	for (enum reason_code code = 0; code < N_REASONS; code++) {
		const char *name = reason_code_name(code);

		g_assert_true(g_regex_match_simple("^[a-z][a-z0-9]*(-[a-z0-9]+)*$", name, 0, 0));
		g_assert_true(g_hash_table_add(names, (gpointer)name));
		/* Only what the user did himself needs no advice. */
		if (code != REASON_DISCONNECTED)
			g_assert_cmpstr(reason_code_hint(code).text, !=, "");
	}
	g_assert_cmpstr(ours->name, ==, "rejected");
	g_assert_cmpstr(ours->message, ==, "TV said no");
	g_assert_cmpstr(theirs->name, ==, "group-ended");
}

/* An error goes over D-Bus and comes back as what it was. */
static void test_reason_on_dbus(void)
{
	g_autoptr(GError) error = g_error_new(REASON_ERROR, REASON_SINK_BUSY, "in use");
	g_autofree char *name = g_dbus_error_encode_gerror(error);
	g_autoptr(GError) back = g_dbus_error_new_for_dbus_error(name, error->message);

	g_assert_cmpstr(name, ==, "org.miracast.Miracast1.Error.sink_busy");
	g_assert_error(back, REASON_ERROR, REASON_SINK_BUSY);
}

/* ---- options.h ----------------------------------------------------------------- */

static void test_options(void)
{
	static const struct {
		const char *options;
		const char *says; /* NULL: accepted */
	} cases[] = {
		{ "@a{sv} {}", NULL },
		{ "{'width': <uint32 800>, 'audio': <'tone'>, 'max-bit-rate': <uint64 5000000>}", NULL },
		{ "{'audio': <'bogus'>}", "\"audio\" is \"bogus\", it is one of: none, desktop, silence, tone" },
		{ "{'audio': <'none|silence'>}", "one of" },
		{ "{'latency': <'low'>}", NULL },
		{ "{'latency': <'lowest'>}", "it is one of: normal, low, high" },
		{ "{'encoder': <''>}", "it has 1 to 64 characters" },
		{ "{'max-bit-rate': <uint64 5>}", "it goes from 100000 to 1000000000" },
		{ "{'width': <uint32 99999>}", "\"width\" is \"99999\", it goes from 640 to 4096" },
		{ "{'height': <uint32 10>}", "height" },
		{ "{'refresh': <uint32 60>}", "refresh" },
		{ "{'frequency': <uint32 1>}", "frequency" },
		{ "{'go-intent': <uint32 15>}", NULL },
		{ "{'import': <'yes'>}", NULL },
		{ "{'import': <true>}", "type b instead of s" },
		{ "{'go-intent': <uint32 16>}", "go-intent" },
		{ "{'width': <1>}", "type i instead of u" },
		{ "{'colour': <'red'>}", "no option \"colour\"" },
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(GVariant) options = g_variant_parse(G_VARIANT_TYPE_VARDICT,
							      cases[i].options, NULL, NULL, &error);

		g_assert_no_error(error);
		g_assert_cmpint(options_check(options, &error), ==, !cases[i].says);
		if (!cases[i].says)
			continue;
		g_assert_error(error, REASON_ERROR, REASON_CONFIGURATION);
		g_assert_nonnull(strstr(error->message, cases[i].says));
	}
}

/* As they are typed. */
static void test_options_parse(void)
{
	static const struct {
		const char *key, *text;
		const char *inserted; /* NULL: refused */
	} cases[] = {
		{ "audio", "tone", "{'audio': <'tone'>}" },
		{ "audio", "Tone", NULL },
		{ "encoder", "x264enc", "{'encoder': <'x264enc'>}" },
		{ "encoder", "\xff", NULL },
		{ "encoder", NULL, "@a{sv} {}" },
		{ "max-bit-rate", "8000000", "{'max-bit-rate': <uint64 8000000>}" },
		{ "max-bit-rate", "-5", NULL },
		{ "max-bit-rate", "8M", NULL },
		{ "go-intent", "0", "{'go-intent': <uint32 0>}" },
		{ "go-intent", "-3", NULL },
		{ "go-intent", "16", NULL },
		{ "frequency", "5180", "{'frequency': <uint32 5180>}" },
		{ "frequency", "-1", NULL },
		{ "frequency", "4294969476", NULL },
		{ "colour", "red", NULL },
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_auto(GVariantDict) dict = G_VARIANT_DICT_INIT(NULL);
		g_autoptr(GVariant) inserted = NULL;
		g_autofree char *text = NULL;
		g_autoptr(GError) error = NULL;

		g_assert_cmpint(options_parse(cases[i].key, cases[i].text, &dict, &error), ==,
				cases[i].inserted != NULL);
		if (!cases[i].inserted) {
			g_assert_error(error, REASON_ERROR, REASON_CONFIGURATION);
			g_assert_nonnull(strstr(error->message, cases[i].key));
			continue;
		}
		inserted = g_variant_ref_sink(g_variant_dict_end(&dict));
		g_assert_true(options_check(inserted, NULL));
		text = g_variant_print(inserted, TRUE);
		g_assert_cmpstr(text, ==, cases[i].inserted);
	}
}

static void test_no_sound(void)
{
	static const struct {
		const char *text;
		gboolean no_sound;
		const char *inserted; /* NULL: refused */
	} cases[] = {
		{ NULL, FALSE, "@a{sv} {}" },
		{ NULL, TRUE, "{'audio': <'none'>}" },
		{ "none", TRUE, "{'audio': <'none'>}" },
		{ "desktop", FALSE, "{'audio': <'desktop'>}" },
		{ "desktop", TRUE, NULL },
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_auto(GVariantDict) dict = G_VARIANT_DICT_INIT(NULL);
		g_autoptr(GVariant) inserted = NULL;
		g_autofree char *text = NULL;
		g_autoptr(GError) error = NULL;

		g_assert_cmpint(options_parse_audio(cases[i].text, cases[i].no_sound, &dict, &error), ==,
				cases[i].inserted != NULL);
		inserted = g_variant_ref_sink(g_variant_dict_end(&dict));
		text = g_variant_print(inserted, TRUE);
		if (cases[i].inserted)
			g_assert_cmpstr(text, ==, cases[i].inserted);
		else
			g_assert_error(error, REASON_ERROR, REASON_CONFIGURATION);
	}
}

static void test_modes(void)
{
	static const struct {
		const char *text;
		guint width, height, refresh; /* 0: not accepted, or not given */
	} cases[] = {
		{ "1920x1080@60", 1920, 1080, 60000 },
		{ "1920x1080@59.94", 1920, 1080, 59940 },
		{ "1280x720", 1280, 720, 0 },
		{ "1280", 0, 0, 0 },
		{ "0x720", 0, 0, 0 },
		{ "1280x720@", 0, 0, 0 },
		{ "1280x720@60 ", 0, 0, 0 },
		{ "-1280x720", 0, 0, 0 },
		{ "999999x720", 0, 0, 0 },
		{ "99999x10", 0, 0, 0 },
		{ "1280x720@59,94", 0, 0, 0 },
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_auto(GVariantDict) dict = G_VARIANT_DICT_INIT(NULL);
		guint width = 0, height = 0, refresh = 0;

		g_assert_cmpint(options_parse_mode(cases[i].text, &dict, NULL), ==,
				cases[i].width != 0);
		g_variant_dict_lookup(&dict, "width", "u", &width);
		g_variant_dict_lookup(&dict, "height", "u", &height);
		g_variant_dict_lookup(&dict, "refresh", "u", &refresh);
		g_assert_cmpuint(width, ==, cases[i].width);
		g_assert_cmpuint(height, ==, cases[i].height);
		g_assert_cmpuint(refresh, ==, cases[i].refresh);
	}
}

/* ---- rtsp-listener.h ------------------------------------------------------------- */

static void test_addresses(void)
{
	static const struct {
		const char *text;
		const char *host; /* NULL: refused */
		guint16 port;
	} cases[] = {
		{ "192.0.2.1", "192.0.2.1", 7236 },
		{ "192.0.2.1:80", "192.0.2.1", 80 },
		{ "2001:db8::1", "2001:db8::1", 7236 },
		{ "[2001:db8::1]", "2001:db8::1", 7236 },
		{ "[2001:db8::1]:80", "2001:db8::1", 80 },
		{ "0.0.0.0", NULL, 0 },
		{ "::", NULL, 0 },
		{ "::ffff:0.0.0.0", NULL, 0 },
		{ "[::ffff:0:0]:7236", NULL, 0 },
		{ "::ffff:192.0.2.1", NULL, 0 },
		{ "::fffe:192.0.2.1", "::fffe:c000:201", 7236 },
		{ "localhost", NULL, 0 },
		{ "192.0.2.1:", NULL, 0 },
		{ "192.0.2.1:65536", NULL, 0 },
		{ "[2001:db8::1", NULL, 0 },
		{ "[2001:db8::1]x", NULL, 0 },
		{ "", NULL, 0 },
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(GSocketAddress) address = rtsp_parse_address(cases[i].text, 7236, &error);
		g_autofree char *host = address ? rtsp_address_to_string(address) : NULL;

		g_assert_cmpstr(host, ==, cases[i].host);
		if (address)
			g_assert_cmpuint(g_inet_socket_address_get_port(
						 G_INET_SOCKET_ADDRESS(address)), ==, cases[i].port);
		else
			g_assert_error(error, REASON_ERROR, REASON_ADDRESS_INVALID);
	}
}

/* Half the world is nobody in particular. */
static void test_nobody(void)
{
	static const struct {
		const char *from;
		gboolean nobody;
	} cases[] = {
		{ NULL, TRUE }, { "0.0.0.0/0", TRUE }, { "128.0.0.0/1", TRUE }, { "192.0.0.0/7", TRUE },
		{ "10.0.0.0/8", FALSE }, { "192.0.2.7", FALSE }, { "::/0", TRUE }, { "2000::/15", TRUE },
		{ "2001::/16", FALSE }, { "2001:db8::1", FALSE },
		/* It fails as what it is. */
		{ "tv", FALSE },
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
		g_assert_cmpint(link_direct_names_nobody(cases[i].from), ==, cases[i].nobody);
}

static void test_peers(void)
{
	static const struct {
		const char *text, *local;
		const char *peers; /* NULL: refused */
	} cases[] = {
		{ "192.0.2.7", "192.0.2.1", "192.0.2.7" },
		{ "192.0.2.0/24", "192.0.2.1", "192.0.2.0/24" },
		{ "0.0.0.0/0", "192.0.2.1", "0.0.0.0/0" },
		{ "2001:db8::/32", "2001:db8::1", "2001:db8::/32" },
		{ "192.0.2.7/24", "192.0.2.1", NULL },
		{ "192.0.2.0/33", "192.0.2.1", NULL },
		{ "192.0.2.0/", "192.0.2.1", NULL },
		{ "192.0.2.7:7236", "192.0.2.1", NULL },
		{ "tv", "192.0.2.1", NULL },
		{ "", "192.0.2.1", NULL },
		{ "2001:db8::/32", "192.0.2.1", NULL },
		{ "192.0.2.7", "2001:db8::1", NULL },
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GSocketAddress) local = rtsp_parse_address(cases[i].local, 7236, NULL);
		g_autoptr(GError) error = NULL;
		g_autoptr(GInetAddressMask) peers = rtsp_parse_peers(cases[i].text, local, &error);
		g_autofree char *text = peers ? g_inet_address_mask_to_string(peers) : NULL;

		g_assert_cmpstr(text, ==, cases[i].peers);
		if (!peers)
			g_assert_error(error, REASON_ERROR, REASON_CONFIGURATION);
	}
}

/* ---- p2p-address.h --------------------------------------------------------------- */

static int choose(const char *const *networks)
{
	g_autoptr(GPtrArray) used = g_ptr_array_new_with_free_func(g_object_unref);

	for (guint i = 0; networks[i]; i++) {
		GInetAddressMask *mask = g_inet_address_mask_new_from_string(networks[i], NULL);

		g_assert_nonnull(mask);
		g_ptr_array_add(used, mask);
	}
	return p2p_address_choose(used);
}

static void test_network_choice(void)
{
	g_assert_cmpint(choose((const char *[]){ NULL }), ==, 49);
	g_assert_cmpint(choose((const char *[]){ "10.0.0.0/8", "192.168.1.0/24", NULL }), ==, 49);
	g_assert_cmpint(choose((const char *[]){ "192.168.49.0/24", NULL }), ==, 50);
	/* One host route, or one address, is enough to spoil it. */
	g_assert_cmpint(choose((const char *[]){ "192.168.49.7/32", NULL }), ==, 50);
	/* A larger network around it, too. */
	g_assert_cmpint(choose((const char *[]){ "192.168.48.0/20", NULL }), ==, 64);
	g_assert_cmpint(choose((const char *[]){ "192.168.128.0/17", "192.168.32.0/19",
						 "192.168.64.0/18", NULL }), ==, 0);
	g_assert_cmpint(choose((const char *[]){ "192.168.0.0/16", NULL }), ==, -1);
	g_assert_cmpint(choose((const char *[]){ "192.0.0.0/2", NULL }), ==, -1);
}

static guint8 *bytes_of(const char *text, guint8 bytes[4])
{
	g_autoptr(GInetAddress) address = g_inet_address_new_from_string(text);

	memcpy(bytes, g_inet_address_to_bytes(address), 4);
	return bytes;
}

/* The way to everywhere, in one route or in halves of one, is no network. */
static void test_networks_used(void)
{
	static const struct {
		const char *address;
		guint prefix;
		const char *network; /* or NULL: not added */
	} cases[] = {
		{ "0.0.0.0", 0, NULL },
		{ "0.0.0.0", 1, NULL },
		{ "128.0.0.0", 1, NULL },
		{ "192.0.0.0", 2, NULL },
		{ "192.0.0.0", 7, NULL },
		{ "10.0.0.0", 8, "10.0.0.0/8" },
		{ "192.168.1.7", 24, "192.168.1.0/24" },
		{ "192.168.1.7", 32, "192.168.1.7" },
		{ "192.168.1.7", 33, NULL },
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GPtrArray) used = g_ptr_array_new_with_free_func(g_object_unref);
		g_autofree char *network = NULL;
		guint8 bytes[4];

		p2p_address_add_used(used, bytes_of(cases[i].address, bytes), cases[i].prefix);
		g_assert_cmpuint(used->len, ==, cases[i].network ? 1 : 0);
		if (used->len)
			network = g_inet_address_mask_to_string(used->pdata[0]);
		g_assert_cmpstr(network, ==, cases[i].network);
	}
}

static void test_prefix(void)
{
	static const struct {
		const char *mask;
		int prefix;
	} cases[] = {
		{ "0.0.0.0", 0 }, { "128.0.0.0", 1 }, { "255.255.0.0", 16 },
		{ "255.255.255.0", 24 }, { "255.255.255.252", 30 }, { "255.255.255.255", 32 },
		{ "255.0.255.0", -1 }, { "0.255.255.255", -1 }, { "255.255.255.1", -1 },
	};
	guint8 bytes[4];

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
		g_assert_cmpint(p2p_address_prefix(bytes_of(cases[i].mask, bytes)), ==,
				cases[i].prefix);
}

/* What a display may make of us: one host of a small private network that nobody here is in. */
static void test_address_check(void)
{
	static const struct {
		const char *local;
		int prefix;
		const char *owner;
		const char *used;
		const char *message; /* part of it, or NULL: taken */
	} cases[] = {
		{ "192.168.49.20", 24, NULL, NULL, NULL },
		{ "192.168.49.20", 24, "192.168.49.1", NULL, NULL },
		{ "10.123.0.2", 30, "10.123.0.1", NULL, NULL },
		{ "172.16.0.2", 16, NULL, NULL, NULL },
		{ "192.168.49.20", 24, NULL, "192.168.48.0/24", NULL },
		/* Absurd sizes. */
		{ "192.168.49.20", -1, NULL, NULL, "impossible size" },
		{ "192.168.49.20", 0, NULL, NULL, "impossible size" },
		{ "192.168.49.20", 1, NULL, NULL, "impossible size" },
		{ "10.0.0.20", 8, NULL, NULL, "impossible size" },
		{ "10.0.0.20", 15, NULL, NULL, "impossible size" },
		{ "10.0.0.20", 31, NULL, NULL, "impossible size" },
		{ "10.0.0.20", 32, NULL, NULL, "impossible size" },
		/* The Internet's addresses, and those of nobody. */
		{ "9.9.9.10", 24, NULL, NULL, "private" },
		{ "172.32.0.10", 24, NULL, NULL, "private" },
		{ "127.0.0.10", 24, NULL, NULL, "private" },
		{ "169.254.1.10", 16, NULL, NULL, "private" },
		{ "224.0.0.10", 24, NULL, NULL, "private" },
		{ "192.168.49.0", 24, NULL, NULL, "private" },
		{ "192.168.49.255", 24, NULL, NULL, "private" },
		/* The owner's own. */
		{ "192.168.49.20", 24, "192.168.50.1", NULL, "192.168.50.1" },
		{ "192.168.49.20", 24, "192.168.49.20", NULL, "not in that network" },
		{ "192.168.49.20", 24, "192.168.49.255", NULL, "not in that network" },
		{ "192.168.49.20", 24, "fe80::1", NULL, "not IPv4" },
		/* A network that is in use. */
		{ "192.168.1.77", 24, NULL, "192.168.1.0/24", "192.168.1.0/24" },
		{ "192.168.1.77", 24, NULL, "192.168.0.0/16", "192.168.0.0/16" },
		{ "192.168.1.77", 16, NULL, "192.168.200.3/32", "192.168.200.3" },
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GPtrArray) used = g_ptr_array_new_with_free_func(g_object_unref);
		g_autoptr(GInetAddress) local = g_inet_address_new_from_string(cases[i].local);
		g_autoptr(GInetAddress) owner = NULL;
		g_autoptr(GError) error = NULL;
		gboolean ok;

		if (cases[i].owner)
			owner = g_inet_address_new_from_string(cases[i].owner);
		if (cases[i].used)
			g_ptr_array_add(used, g_inet_address_mask_new_from_string(cases[i].used,
										  NULL));
		ok = p2p_address_check(local, cases[i].prefix, owner, used, &error);
		if (!cases[i].message) {
			g_assert_no_error(error);
			g_assert_true(ok);
			continue;
		}
		g_assert_error(error, REASON_ERROR, REASON_ADDRESS_REFUSED);
		g_assert_nonnull(strstr(error->message, cases[i].message));
	}
}

static void test_lease(void)
{
	static const struct {
		const char *line;
		const char *address; /* or NULL: no lease */
		int prefix;
	} cases[] = {
		{ "bound 192.168.49.20 255.255.255.0", "192.168.49.20", 24 },
		{ "renew 192.168.49.20 255.255.255.0", "192.168.49.20", 24 },
		{ "bound 192.168.49.20 128.0.0.0", "192.168.49.20", 1 },
		{ "bound 192.168.49.20 255.0.255.0", "192.168.49.20", -1 },
		{ "bound 192.168.49.20 -", "192.168.49.20", -1 },
		{ "bound 192.168.49.20", NULL, -1 },
		{ "bound - -", NULL, -1 },
		{ "bound fe80::1 255.255.255.0", NULL, -1 },
		{ "deconfig - -", NULL, -1 },
		{ "deconfig 192.168.49.20 255.255.255.0", NULL, -1 },
		{ "bound 192.168.49.20 255.255.255.0 more", NULL, -1 },
		{ "", NULL, -1 },
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		int prefix = 99;
		g_autoptr(GInetAddress) address =
			p2p_address_parse_lease(cases[i].line, &prefix);
		g_autofree char *text = address ? g_inet_address_to_string(address) : NULL;

		g_assert_cmpstr(text, ==, cases[i].address);
		g_assert_cmpint(prefix, ==, cases[i].prefix);
	}
}

/* ---- p2p-state.h ----------------------------------------------------------------- */

static void test_leftovers(void)
{
	g_autofree char *dir = g_dir_make_tmp("miracast-XXXXXX", NULL);
	g_autofree char *created = NULL, *group = NULL;
	g_autoptr(GVariant) former = NULL, set = g_variant_ref_sink(g_variant_new_parsed(
		"(objectpath '/if/0', {'DeviceName': <'a \"b\"'>, 'PrimaryDeviceType': <b'\x07'>}, @ms nothing)"));
	p2p_state *killed = p2p_state_new(dir, "p2p.state");
	p2p_state *next = p2p_state_new(dir, "p2p.state");

	g_assert_false(p2p_state_take_leftovers(next, ":1.5", &created, &group, NULL));
	p2p_state_begin(killed, ":1.5", "/if/0");
	p2p_state_set_group(killed, "/if/1");
	p2p_state_set_former(killed, set);
	g_assert_true(p2p_state_take_leftovers(next, ":1.5", &created, &group, &former));
	g_assert_cmpstr(created, ==, "/if/0");
	g_assert_cmpstr(group, ==, "/if/1");
	g_assert_true(g_variant_equal(former, set));
	g_clear_pointer(&former, g_variant_unref);
	g_clear_pointer(&created, g_free);
	g_clear_pointer(&group, g_free);

	/* Taken once. */
	g_assert_false(p2p_state_take_leftovers(next, ":1.5", &created, &group, NULL));
	/* Another wpa_supplicant: the same path is somebody else's interface. */
	p2p_state_set_group(killed, "/if/1");
	g_assert_false(p2p_state_take_leftovers(next, ":1.6", &created, &group, &former));
	g_assert_null(former);
	g_assert_null(created);
	g_assert_null(group);

	/* An orderly end leaves nothing. */
	p2p_state_begin(killed, ":1.5", NULL);
	p2p_state_end(killed);
	g_assert_false(p2p_state_take_leftovers(next, ":1.5", &created, &group, NULL));
	p2p_state_free(killed);
	p2p_state_free(next);
	g_assert_cmpint(g_rmdir(dir), ==, 0);
}

/* ---- wifi-users.h ---------------------------------------------------------------- */

/* Whatever this machine has: an interface without Wi-Fi is nobody's, and it is said soon. */
static void test_kernel_of_no_wifi(void)
{
	gint64 start = g_get_monotonic_time();

	g_assert_null(wifi_users_system.kernel("lo"));
	g_assert_null(wifi_users_system.kernel("no-such-iface"));
	g_assert_cmpint(g_get_monotonic_time() - start, <, 5 * G_USEC_PER_SEC);
}

/* ---- link.h -------------------------------------------------------------------- */

static void test_clean_text(void)
{
	g_autofree char *plain = link_clean_text("Living room TV");
	g_autofree char *control = link_clean_text("\x1b[31mTV\n");
	g_autofree char *invalid = link_clean_text("TV\xff\xfe");
	g_autofree char *many = g_strnfill(500, 'x');
	g_autofree char *cut = link_clean_text(many);

	g_assert_cmpstr(plain, ==, "Living room TV");
	g_assert_cmpstr(control, ==, "[31mTV");
	g_assert_true(g_utf8_validate(invalid, -1, NULL));
	g_assert_cmpuint(strlen(cut), ==, 64);
}

/* ---- p2p-dhcp.h -------------------------------------------------------------- */

static void test_search_path(void)
{
	static const struct {
		const char *path;
		const char *expected;
	} cases[] = {
		{ NULL, "/usr/bin:/bin:/usr/sbin:/sbin" },
		{ "", "/usr/bin:/bin:/usr/sbin:/sbin" },
		{ "/home/me/bin:/usr/bin", "/home/me/bin:/usr/bin:/usr/sbin:/sbin" },
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *path = p2p_dhcp_search_path(cases[i].path);

		g_assert_cmpstr(path, ==, cases[i].expected);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	/* What the broker warns of is what some of the tests are about. */
	g_log_set_always_fatal(G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL);
	g_test_add_func("/session/states", test_states);
	g_test_add_func("/session/ending-limit", test_ending_limit);
	g_test_add_func("/session/linking-limit", test_linking_limit);
	g_test_add_func("/session/pin-of-the-way", test_pin_of_the_way);
	g_test_add_func("/kernel/errors", test_kernel_errors);
	g_test_add_func("/kernel/open", test_kernel_open);
	g_test_add_func("/kernel/group", test_kernel_group);
	g_test_add_func("/reason/table", test_reasons);
	g_test_add_func("/reason/dbus", test_reason_on_dbus);
	g_test_add_func("/options/check", test_options);
	g_test_add_func("/options/parse", test_options_parse);
	g_test_add_func("/options/no-sound", test_no_sound);
	g_test_add_func("/options/mode", test_modes);
	g_test_add_func("/rtsp-listener/address", test_addresses);
	g_test_add_func("/rtsp-listener/peers", test_peers);
	g_test_add_func("/link-direct/nobody", test_nobody);
	g_test_add_func("/p2p-address/choose", test_network_choice);
	g_test_add_func("/p2p-address/used", test_networks_used);
	g_test_add_func("/p2p-address/prefix", test_prefix);
	g_test_add_func("/p2p-address/check", test_address_check);
	g_test_add_func("/p2p-address/lease", test_lease);
	g_test_add_func("/p2p-dhcp/search-path", test_search_path);
	g_test_add_func("/p2p-state/leftovers", test_leftovers);
	g_test_add_func("/wifi-users/no-wifi", test_kernel_of_no_wifi);
	g_test_add_func("/link/clean-text", test_clean_text);
	return g_test_run();
}
