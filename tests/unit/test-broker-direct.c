// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Whole sessions over the loopback: the broker with its direct link and a
 * fake-umd that does what the "sink", this test, tells it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "direct-fixture.h"
#include "rtsp-listener.h"

/* ---- a kernel that the test plays; its device is /dev/null ---------------------- */

static guint64 kernel_features;
static guint contexts; /* opened so far */

static int kernel_ioctl(unsigned long request, void *argument)
{
	switch (request) {
	case MIRACAST_IOC_HELLO: {
		struct miracast_hello *hello = argument;

		hello->abi = hello->abi_max;
		hello->features = kernel_features;
		return 0;
	}
	case MIRACAST_IOC_OPEN_SINK: {
		struct miracast_open_sink *sink = argument;

		contexts++;
		sink->fd = open("/dev/null", O_RDWR | O_CLOEXEC);
		return sink->fd < 0 ? -1 : 0;
	}
	default:
		errno = ENOTTY;
		return -1;
	}
}

/* In front of the C library's: the broker calls this one. */
int ioctl(int fd, unsigned long request, ...)
{
	va_list args;
	void *argument;

	va_start(args, request);
	argument = va_arg(args, void *);
	va_end(args);
	return _IOC_TYPE(request) == MIRACAST_IOC_MAGIC ? kernel_ioctl(request, argument) :
							  (int)syscall(SYS_ioctl, fd, request, argument);
}

static void set_up_kernel(struct fixture *f, gconstpointer features)
{
	kernel_features = GPOINTER_TO_SIZE(features);
	f->config.kernel = kernel_new("/dev/null");
	set_up(f, NULL);
}

static void tear_down_kernel(struct fixture *f, gconstpointer features)
{
	tear_down(f, features);
	kernel_free(f->config.kernel);
}

static void test_streaming(struct fixture *f, gconstpointer data)
{
	g_autoptr(GSocketConnection) sink = dial(f);
	guint width = 0;
	session *s;

	tell(sink, "stream");
	wait_until(streams, f);
	s = only_session(f);
	g_assert_true(g_variant_lookup(session_mode(s), "width", "u", &width));
	g_assert_cmpuint(width, ==, 1280);
	g_assert_cmpuint(f->states, ==, 1u << SESSION_LINKING | 1u << SESSION_RTSP |
		1u << SESSION_NEGOTIATING | 1u << SESSION_STREAMING);
	session_end(s, reason_new_code(REASON_DISCONNECTED, "enough"));
	wait_until(is_gone, f);
	assert_reason(f, "disconnected");
	g_assert_cmpuint(broker_sinks(f->broker)->len, ==, 0);
}

/* Defaults, options of the address, and what the connection says. */
static void test_config(struct fixture *f, gconstpointer data)
{
	static const char *const expected[] = {
		"'source': <'test'>", "'peer-address': <'127.0.0.1'>", "'local-address': <'127.0.0.1'>",
		"'device-id': <'127.0.0.1'>",
		"'width': <uint32 1280>", "'audio': <'tone'>", "'max-bit-rate': <uint64 5>",
	};
	g_autoptr(GSocketConnection) sink = dial(f);
	g_autofree char *config = NULL;

	tell(sink, "config");
	config = hear(sink);
	for (guint i = 0; i < G_N_ELEMENTS(expected); i++)
		g_assert_nonnull(strstr(config, expected[i]));
}

static void assert_config_has(struct fixture *f, const char *words)
{
	g_autoptr(GSocketConnection) sink = dial(f);
	g_autofree char *config = NULL;

	tell(sink, "config");
	config = hear(sink);
	g_assert_nonnull(strstr(config, words));
	tell(sink, "leave");
	wait_until(is_gone, f);
}

/* What HELLO says of the kernel the UMD is told, so that it does not have to try. */
static void test_config_kernel(struct fixture *f, gconstpointer features)
{
	gboolean sound = GPOINTER_TO_SIZE(features) & MIRACAST_FEATURE_SOUND;

	assert_config_has(f, "'source': <'kernel'>");
	assert_config_has(f, sound ? "'sound-card': <true>" : "'sound-card': <false>");
}

/* Who has not been let in has no connector. */
static void test_no_context(struct fixture *f, gconstpointer features)
{
	g_autoptr(GSocketConnection) sink = NULL;
	g_autofree char *config = NULL;

	contexts = 0;
	sink = dial(f);
	tell(sink, "config");
	wait_until(asks, f);
	g_assert_cmpuint(contexts, ==, 0);
	g_assert_true(session_accept(only_session(f), NULL));
	g_assert_cmpuint(contexts, ==, 1);
	config = hear(sink);
	g_assert_nonnull(strstr(config, "'source': <'kernel'>"));
}

static void set_up_question(struct fixture *f, gconstpointer features)
{
	f->options = "@a{sv} {}";
	set_up_kernel(f, features);
}

/* A display that hung up on the long M3 gets the short one when it comes back. */
static void test_short_m3(struct fixture *f, gconstpointer data)
{
	g_autoptr(GSocketConnection) sink = NULL;

	assert_config_has(f, "'short-m3': <false>");
	sink = dial(f);
	tell(sink, "stream");
	wait_until(streams, f);
	tell(sink, "choke");
	wait_until(is_gone, f);
	assert_config_has(f, "'short-m3': <true>");
	g_assert_true(broker_forget(f->broker, "127.0.0.1", OWNER_ALL, NULL));
	assert_config_has(f, "'short-m3': <false>");
}

static void test_idr(struct fixture *f, gconstpointer data)
{
	g_autoptr(GSocketConnection) sink = dial(f);
	g_autofree char *heard = NULL;

	tell(sink, "stream");
	wait_until(streams, f);
	g_assert_true(session_request_idr(only_session(f)));
	heard = hear(sink);
	g_assert_cmpstr(heard, ==, "idr\n");
}

/* A UMD can send only to the sink, and only where that has said: the broker connects its socket. */
static void test_rtp_port(struct fixture *f, gconstpointer data)
{
	g_autoptr(GSocket) receiver = g_socket_new(G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_DATAGRAM,
						   G_SOCKET_PROTOCOL_UDP, NULL);
	g_autoptr(GSocketAddress) any = g_inet_socket_address_new_from_string("127.0.0.1", 0);
	g_autoptr(GSocketAddress) bound = NULL;
	g_autoptr(GSocketConnection) sink = dial(f);
	g_autofree char *line = NULL;
	gint64 deadline = g_get_monotonic_time() + PATIENCE_US;
	char word[4] = "";

	g_assert_true(g_socket_bind(receiver, any, FALSE, NULL));
	bound = g_socket_get_local_address(receiver, NULL);
	line = g_strdup_printf("rtp %u", g_inet_socket_address_get_port(G_INET_SOCKET_ADDRESS(bound)));
	tell(sink, "stream");
	wait_until(streams, f);
	tell(sink, line);
	g_socket_set_blocking(receiver, FALSE);
	while (g_socket_receive(receiver, word, 3, NULL, NULL) < 0) {
		g_assert_cmpint(g_get_monotonic_time(), <, deadline);
		g_main_context_iteration(NULL, FALSE);
		g_usleep(1000);
	}
	g_assert_cmpstr(word, ==, "rtp");
	tell(sink, "leave");
	wait_until(is_gone, f);
	assert_reason(f, "sink-left");
}

/* However a session ends, the next one works. */
static void test_ends(struct fixture *f, gconstpointer data)
{
	static const struct {
		const char *line;
		const char *reason;
	} ends[] = {
		{ "leave", "sink-left" },
		{ "crash", "umd-died" },
		{ "garbage", "umd-protocol" },
		{ "rtp 0", "umd-protocol" },
		{ "rtp 65536", "umd-protocol" },
	};

	for (guint i = 0; i < G_N_ELEMENTS(ends); i++) {
		g_autoptr(GSocketConnection) sink = dial(f);

		tell(sink, "stream");
		wait_until(streams, f);
		tell(sink, ends[i].line);
		wait_until(is_gone, f);
		assert_reason(f, ends[i].reason);
	}
	g_assert_cmpuint(f->added, ==, G_N_ELEMENTS(ends));
}

/* Nothing that a UMD says comes through as it is: it may have been taken over. */
static void test_lies(struct fixture *f, gconstpointer data)
{
	g_autoptr(GSocketConnection) sink = dial(f);
	g_autofree char *model = NULL;
	const reason *why;

	tell(sink, "lie");
	wait_until(is_gone, f);
	assert_reason(f, "umd-protocol");
	why = session_reason(only_session(f));
	g_assert_nonnull(strstr(why->message, "listening on $(id)"));
	g_assert_true(g_variant_lookup(session_sink_info(only_session(f)), "model", "s", &model));
	g_assert_cmpstr(model, ==, "]0;mine  listening on $(id)  gnihton");
	for (const char *p = why->message; *p; p = g_utf8_next_char(p))
		g_assert_true(g_unichar_isprint(g_utf8_get_char(p)));
}

static void test_sink_hangs_up(struct fixture *f, gconstpointer data)
{
	GSocketConnection *sink = dial(f);

	tell(sink, "stream");
	wait_until(streams, f);
	g_object_unref(sink);
	wait_until(is_gone, f);
	assert_reason(f, "sink-vanished");
}

/* ---- a sink that dials again --------------------------------------------------- */

static gboolean negotiates(struct fixture *f)
{
	session *s = only_session(f);

	return s && session_state(s) == SESSION_NEGOTIATING;
}

static gboolean waits_for_call(struct fixture *f)
{
	session *s = only_session(f);

	return s && session_state(s) == SESSION_RTSP;
}

static guint count_phases(struct fixture *f, const char *name)
{
	GPtrArray *phases = session_phases(only_session(f));
	guint n = 0;

	for (guint i = 0; i < phases->len; i++)
		n += g_str_equal(((struct session_phase *)g_ptr_array_index(phases, i))->name, name);
	return n;
}

/* The UMD is not there yet when the sink hangs up and dials again: its second call counts. */
static void test_redial_early(struct fixture *f, gconstpointer data)
{
	g_autoptr(GSocketConnection) second = NULL;
	GSocketConnection *first;

	g_setenv("GST_FAKE_UMD_LATE_MS", "500", TRUE);
	first = dial(f);
	wait_until(negotiates, f);
	g_unsetenv("GST_FAKE_UMD_LATE_MS");
	g_object_unref(first);
	second = dial(f);
	tell(second, "stream");
	wait_until(streams, f);
	g_assert_cmpuint(f->added, ==, 1);
	g_assert_cmpuint(count_phases(f, "dialled"), ==, 2);
	g_assert_cmpuint(count_phases(f, "hung-up"), ==, 1);
}

/* The UMD has noticed that nobody is there before the sink dials again. */
static void test_redial_late(struct fixture *f, gconstpointer data)
{
	g_autoptr(GSocketConnection) second = NULL;
	GSocketConnection *first = dial(f);

	wait_until(negotiates, f);
	g_object_unref(first);
	wait_until(waits_for_call, f);
	second = dial(f);
	tell(second, "stream");
	wait_until(streams, f);
	g_assert_cmpuint(f->added, ==, 1);
	g_object_unref(g_steal_pointer(&second));
	/* It has answered: to hang up now is the end. */
	wait_until(is_gone, f);
	assert_reason(f, "sink-vanished");
}

/* Of two calls that are hung up as well, none is of use; the third is. */
static void test_redial_of_redial(struct fixture *f, gconstpointer data)
{
	g_autoptr(GSocketConnection) third = NULL;
	GSocketConnection *first;

	g_setenv("GST_FAKE_UMD_LATE_MS", "500", TRUE);
	first = dial(f);
	wait_until(negotiates, f);
	g_unsetenv("GST_FAKE_UMD_LATE_MS");
	g_object_unref(first);
	g_object_unref(dial(f));
	wait_until(waits_for_call, f);
	third = dial(f);
	tell(third, "stream");
	wait_until(streams, f);
	g_assert_cmpuint(f->added, ==, 1);
}

/* Not for ever, and the reason is that of the connection that came to nothing. */
static void test_no_redial(struct fixture *f, gconstpointer data)
{
	GSocketConnection *sink = dial(f);

	wait_until(negotiates, f);
	g_object_unref(sink);
	wait_until(waits_for_call, f);
	wait_until(is_gone, f);
	assert_reason(f, "sink-vanished");
}

/* A peer that does nothing but dial and hang up gets so many processes, and no more. */
static void test_redial_for_ever(struct fixture *f, gconstpointer data)
{
	guint n = 0;

	while (f->added == 0 || !is_gone(f)) {
		GSocketConnection *sink = dial(f);

		n++;
		wait_until(negotiates, f);
		g_object_unref(sink);
		while (!waits_for_call(f) && !is_gone(f))
			g_main_context_iteration(NULL, TRUE);
	}
	g_assert_cmpuint(f->added, ==, 1);
	g_assert_cmpuint(n, ==, SESSION_MAX_CALLS);
	assert_reason(f, "sink-vanished");
}

/* It gets its 3 seconds, and is killed. The first reason counts. */
static void test_umd_hangs(struct fixture *f, gconstpointer data)
{
	g_autoptr(GSocketConnection) sink = dial(f);
	gint64 start;

	tell(sink, "stream");
	wait_until(streams, f);
	tell(sink, "hang");
	tell(sink, "config");
	g_free(hear(sink));
	start = g_get_monotonic_time();
	session_end(only_session(f), reason_new_code(REASON_DISCONNECTED, "enough"));
	wait_until(is_gone, f);
	g_assert_cmpint(g_get_monotonic_time() - start, >=, 2 * G_USEC_PER_SEC);
	assert_reason(f, "disconnected");
}

static gboolean one_was_added(struct fixture *f)
{
	return f->added == 1;
}

static gboolean one_is_active(struct fixture *f)
{
	return broker_active_sessions(f->broker) == 1;
}

/*
 * One session is allowed here: another sink is turned away, as is another
 * connection of the same one, and nobody is harmed.
 */
static void test_no_room(struct fixture *f, gconstpointer data)
{
	static const char *const others[] = { "127.0.0.1", "127.0.0.2" };
	g_autoptr(GSocketConnection) sink = dial(f);

	wait_until(one_was_added, f);
	for (guint i = 0; i < G_N_ELEMENTS(others); i++) {
		g_autoptr(GSocketConnection) other = dial_from(f, others[i]);
		g_autofree char *heard = hear(other);

		g_assert_cmpstr(heard, ==, "");
	}
	g_assert_cmpuint(broker_sinks(f->broker)->len, ==, 1);
	tell(sink, "stream");
	wait_until(streams, f);
	g_assert_cmpuint(f->added, ==, 1);
}

static gboolean was_removed(struct fixture *f)
{
	return f->removed == 1;
}

/* An ended session can be asked why, for as long as configured. */
static void test_forgotten(struct fixture *f, gconstpointer data)
{
	g_autoptr(GSocketConnection) sink = dial(f);

	tell(sink, "crash");
	wait_until(is_gone, f);
	g_assert_cmpuint(f->removed, ==, 0);
	wait_until(was_removed, f);
	g_assert_null(only_session(f));
}

/* ---- strangers ------------------------------------------------------------------ */

static gboolean is_idle(struct fixture *f)
{
	return broker_active_sessions(f->broker) == 0;
}

/* Dials and hangs up, as fast as it can. */
static void test_flood(struct fixture *f, gconstpointer data)
{
	gint64 end = g_get_monotonic_time() + 3 * G_USEC_PER_SEC;
	guint dials = 0;

	f->config.keep_ended = 60;
	while (g_get_monotonic_time() < end) {
		/* Another address each time: other calls of the same sink are calls of its session. */
		g_autofree char *host = g_strdup_printf("127.0.1.%u", 1 + dials % 200);
		g_autoptr(GSocketConnection) stranger = dial_from(f, host);

		dials++;
		/* It may be closed already. */
		g_output_stream_write(g_io_stream_get_output_stream(G_IO_STREAM(stranger)),
				      "leave\n", 6, NULL, NULL);
		for (guint i = 0; i < 20; i++) {
			g_main_context_iteration(NULL, FALSE);
			g_usleep(1000);
		}
	}
	g_test_message("%u calls, %u sessions", dials, f->added);
	g_assert_cmpuint(dials, >, 2 * RTSP_CALLS_BURST);
	g_assert_cmpuint(f->added, <=, RTSP_CALLS_BURST + 4);
	wait_until(is_idle, f);
	while (g_main_context_iteration(NULL, FALSE))
		;
	g_assert_cmpuint(broker_sinks(f->broker)->len, ==, 0);
	g_assert_cmpuint(broker_sessions(f->broker)->len, <=, BROKER_MAX_ENDED);
}

static gboolean enough_ended(struct fixture *f)
{
	return f->added >= 2 * BROKER_MAX_ENDED && is_idle(f) &&
	       broker_sessions(f->broker)->len <= BROKER_MAX_ENDED;
}

/* Those who may call one a second for ever are not remembered for ever: the last ones are. */
static void test_many_ended(struct fixture *f, gconstpointer data)
{
	f->config.keep_ended = 60;
	for (guint i = 0; i < 2 * BROKER_MAX_ENDED; i++) {
		g_autoptr(GSocketConnection) sink = NULL;

		/* A listener of its own: the rate of calls is another test's. */
		if (i % RTSP_CALLS_BURST == 0) {
			link_direct_unlisten(f->direct, f->bound);
			g_free(f->bound);
			g_assert_true(link_direct_listen(f->direct, "127.0.0.1:0",
							 g_variant_new_parsed(FROM_HERE), &f->bound,
							 NULL));
		}
		sink = dial(f);
		tell(sink, "leave");
		wait_until(one_is_active, f);
		wait_until(is_idle, f);
	}
	wait_until(enough_ended, f);
	g_assert_cmpuint(session_id(only_session(f)), ==, 2 * BROKER_MAX_ENDED);
	g_assert_cmpuint(f->removed, ==, BROKER_MAX_ENDED);
}

/* No descriptor is left to accept a call with: that is no reason to do nothing but try. */
static void test_no_descriptors(struct fixture *f, gconstpointer data)
{
	g_autoptr(GSocketAddress) address = rtsp_parse_address(f->bound, 0, NULL);
	g_autoptr(GSocket) sink = g_socket_new(G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM,
					       G_SOCKET_PROTOCOL_TCP, NULL);
	g_autoptr(GArray) taken = g_array_new(FALSE, FALSE, sizeof(int));
	gint64 end = g_get_monotonic_time() + 500000;
	struct rlimit old, low;
	guint rounds = 0;
	int fd;

	g_assert_cmpint(getrlimit(RLIMIT_NOFILE, &old), ==, 0);
	low = old;
	low.rlim_cur = MIN(old.rlim_cur, 64);
	g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &low), ==, 0);
	while ((fd = dup(0)) >= 0)
		g_array_append_val(taken, fd);
	g_assert_true(g_socket_connect(sink, address, NULL, NULL));
	while (g_get_monotonic_time() < end) {
		g_main_context_iteration(NULL, FALSE);
		g_usleep(100);
		rounds += g_main_context_pending(NULL);
	}
	for (guint i = 0; i < taken->len; i++)
		close(g_array_index(taken, int, i));
	g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &old), ==, 0);
	g_assert_cmpuint(rounds, <, 20);
	wait_until(one_was_added, f);
}

static void test_too_many_addresses(struct fixture *f, gconstpointer data)
{
	g_autoptr(GVariant) none = g_variant_ref_sink(g_variant_new("a{sv}", NULL));
	g_autoptr(GError) error = NULL;

	for (guint i = 1; i < LINK_DIRECT_MAX_LISTENING; i++)
		g_assert_true(link_direct_listen(f->direct, "127.0.0.1:0", none, NULL, NULL));
	g_assert_false(link_direct_listen(f->direct, "127.0.0.1:0", none, NULL, &error));
	g_assert_error(error, REASON_ERROR, REASON_TOO_MANY_ADDRESSES);
	g_assert_true(link_direct_unlisten(f->direct, f->bound));
	g_assert_true(link_direct_listen(f->direct, "127.0.0.1:0", none, NULL, NULL));
}

static void test_listen_errors(struct fixture *f, gconstpointer data)
{
	g_autoptr(GVariant) none = g_variant_ref_sink(g_variant_new("a{sv}", NULL));
	g_autoptr(GError) in_use = NULL, invalid = NULL, foreign = NULL;

	g_assert_false(link_direct_listen(f->direct, f->bound, none, NULL, &in_use));
	g_assert_error(in_use, REASON_ERROR, REASON_ADDRESS_IN_USE);
	g_assert_false(link_direct_listen(f->direct, "tv", none, NULL, &invalid));
	g_assert_error(invalid, REASON_ERROR, REASON_ADDRESS_INVALID);
	/* TEST-NET-1: no machine has it. */
	g_assert_false(link_direct_listen(f->direct, "192.0.2.1", none, NULL, &foreign));
	g_assert_error(foreign, REASON_ERROR, REASON_ADDRESS_INVALID);
	g_assert_true(link_direct_unlisten(f->direct, f->bound));
	g_assert_false(link_direct_unlisten(f->direct, f->bound));
}

/* Who may not call is not even a sink. */
static void test_from(struct fixture *f, gconstpointer data)
{
	g_autoptr(GSocketConnection) stranger = NULL, sink = NULL;
	g_autofree char *heard = NULL;

	link_direct_unlisten(f->direct, f->bound);
	g_free(f->bound);
	g_assert_true(link_direct_listen(f->direct, "127.0.0.1:0",
					 g_variant_new_parsed("{'from': <'127.0.0.4/30'>}"), &f->bound,
					 NULL));
	stranger = dial_from(f, "127.0.0.8");
	/* A session would answer. */
	tell(stranger, "config");
	heard = hear(stranger);
	g_assert_cmpstr(heard, ==, "");
	g_assert_cmpuint(f->added, ==, 0);
	sink = dial_from(f, "127.0.0.7");
	tell(sink, "stream");
	wait_until(streams, f);
	g_assert_cmpuint(f->added, ==, 1);
}

static guint dropped;

static GLogWriterOutput count_dropped(GLogLevelFlags level, const GLogField *fields, gsize n,
				      gpointer user_data)
{
	g_autofree char *text = g_log_writer_format_fields(level, fields, n, FALSE);

	dropped += strstr(text, "dropped a connection from 127.0.0.8") != NULL;
	return g_log_writer_default(level, fields, n, user_data);
}

static void refuse_many(struct fixture *f)
{
	for (guint i = 0; i < 4; i++) {
		g_autoptr(GSocketConnection) stranger = dial_from(f, "127.0.0.8");
		g_autofree char *heard = hear(stranger);

		g_assert_cmpstr(heard, ==, "");
	}
}

/* Who may not call cannot fill the log, and is heard of again when somebody else has called. */
static void test_strangers(struct fixture *f, gconstpointer data)
{
	g_autoptr(GSocketConnection) sink = NULL;

	link_direct_unlisten(f->direct, f->bound);
	g_free(f->bound);
	g_assert_true(link_direct_listen(f->direct, "127.0.0.1:0",
					 g_variant_new_parsed("{'from': <'127.0.0.4/30'>}"), &f->bound,
					 NULL));
	dropped = 0;
	refuse_many(f);
	g_assert_cmpuint(dropped, ==, 1);
	sink = dial_from(f, "127.0.0.7");
	tell(sink, "stream");
	wait_until(streams, f);
	g_assert_cmpuint(dropped, ==, 1);
	refuse_many(f);
	g_assert_cmpuint(dropped, ==, 2);
}

static void add(const char *name, const char *umd, void (*test)(struct fixture *, gconstpointer))
{
	g_test_add(name, struct fixture, umd, set_up, test, tear_down);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_log_set_writer_func(count_dropped, NULL, NULL);
	/* The broker warns of a UMD that hangs; that is what one test is about. */
	g_log_set_always_fatal(G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL);
	add("/direct/streaming", NULL, test_streaming);
	add("/direct/config", NULL, test_config);
	g_test_add("/direct/config/sound", struct fixture, GSIZE_TO_POINTER(MIRACAST_FEATURE_SOUND),
		   set_up_kernel, test_config_kernel, tear_down_kernel);
	g_test_add("/direct/config/no-sound", struct fixture,
		   GSIZE_TO_POINTER(MIRACAST_FEATURE_REVOKED | MIRACAST_FEATURE_IMPORT),
		   set_up_kernel, test_config_kernel, tear_down_kernel);
	g_test_add("/direct/no-context", struct fixture, NULL, set_up_question, test_no_context, tear_down_kernel);
	add("/direct/short-m3", NULL, test_short_m3);
	add("/direct/idr", NULL, test_idr);
	add("/direct/rtp-port", NULL, test_rtp_port);
	add("/direct/ends", NULL, test_ends);
	add("/direct/lies", NULL, test_lies);
	add("/direct/sink-hangs-up", NULL, test_sink_hangs_up);
	add("/direct/redial-early", NULL, test_redial_early);
	add("/direct/redial-late", NULL, test_redial_late);
	add("/direct/redial-of-redial", NULL, test_redial_of_redial);
	add("/direct/no-redial", NULL, test_no_redial);
	add("/direct/redial-for-ever", NULL, test_redial_for_ever);
	add("/direct/umd-hangs", NULL, test_umd_hangs);
	add("/direct/no-room", NULL, test_no_room);
	add("/direct/forgotten", NULL, test_forgotten);
	add("/direct/flood", NULL, test_flood);
	add("/direct/many-ended", NULL, test_many_ended);
	add("/direct/no-descriptors", NULL, test_no_descriptors);
	add("/direct/too-many-addresses", NULL, test_too_many_addresses);
	add("/direct/from", NULL, test_from);
	add("/direct/strangers", NULL, test_strangers);
	add("/direct/listen-errors", NULL, test_listen_errors);
	return g_test_run();
}
