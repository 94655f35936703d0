// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The sink and the owner of rtsp-script.h.
 */
#include "rtsp-script.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "wfd-negotiate.h"

const struct rtsp_timers script_timers = {
	.response = 500,
	.request = 500,
	.teardown = 100,
	.gap = 4,
	.second = 10,
};

/* ------------------------------------------------------------------ the owner */

struct wfd_selection selection;

static void identified(rtsp_session *session, const char *user_agent,
		       const struct wfd_quirks *quirks, gpointer data)
{
	struct fixture *f = data;

	g_string_append_printf(f->events, "identified %s,", user_agent);
}

static void hung_up_on_m3(rtsp_session *session, gpointer data)
{
	g_string_append(((struct fixture *)data)->events, "hung up on m3,");
}

static void was_answered(rtsp_session *session, gpointer data)
{
	((struct fixture *)data)->m1_answered++;
}

static void capabilities(rtsp_session *session, const wfd_sink_caps *caps,
			 const struct wfd_quirks *quirks, gpointer data)
{
	struct fixture *f = data;
	const struct wfd_encoder_limits limits = { .max_level = WFD_LEVEL_4_2, .audio = ~0u };
	g_autoptr(GError) error = NULL;

	/* Once, before anything that comes of it. */
	g_assert_cmpuint(f->m1_answered, ==, 1);
	g_string_append(f->events, "capabilities,");
	g_assert_true(wfd_negotiate(caps, &limits, NULL, &selection, &error));
	if (!f->select_late)
		rtsp_session_select(session, &selection);
}

static void mode_accepted(rtsp_session *session, gboolean in_play, gpointer data)
{
	struct fixture *f = data;

	g_string_append(f->events, in_play ? "new mode," : "mode,");
}

static void mode_refused(rtsp_session *session, gboolean in_play, const GArray *errors,
			 const char *why, gpointer data)
{
	struct fixture *f = data;

	g_string_append_printf(f->events, "%s refused (%s) for", in_play ? "new mode" : "mode", why);
	for (guint i = 0; i < errors->len; i++)
		g_string_append_printf(f->events, " %s",
				       g_array_index(errors, struct wfd_param_error, i).name);
	g_string_append_c(f->events, ',');
	if (!in_play && f->select_again)
		rtsp_session_select(session, &selection);
	else if (!in_play)
		rtsp_session_fail(session, CHANNEL_REASON_MODE_REFUSED, why);
}

static gboolean setup(rtsp_session *session, const struct rtsp_ports *client,
		      struct rtsp_ports *server, gpointer data, GError **error)
{
	struct fixture *f = data;

	g_string_append_printf(f->events, "setup %u", client->rtp);
	if (client->rtcp)
		g_string_append_printf(f->events, "-%u", client->rtcp);
	g_string_append_c(f->events, ',');
	if (client->rtp == 666) {
		g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_FAILED, "no encoder");
		return FALSE;
	}
	*server = (struct rtsp_ports){ 5000, 5001 };
	return TRUE;
}

static void play(rtsp_session *session, gpointer data)
{
	g_string_append(((struct fixture *)data)->events, "play,");
}

static void pause_stream(rtsp_session *session, gpointer data)
{
	g_string_append(((struct fixture *)data)->events, "pause,");
}

static void wish_answered(rtsp_session *session, enum rtsp_wish wish, gboolean accepted,
			  gpointer data)
{
	g_string_append_printf(((struct fixture *)data)->events, "%s %s,",
			       wish == RTSP_WISH_STANDBY ? "standby" : "playing",
			       accepted ? "accepted" : "refused");
}

static void key_frame(rtsp_session *session, gpointer data)
{
	g_string_append(((struct fixture *)data)->events, "key frame,");
}

static void latency_wanted(rtsp_session *session, enum channel_latency latency, gpointer data)
{
	g_string_append_printf(((struct fixture *)data)->events, "latency %s,", channel_latency_name(latency));
}

static void unplugged(rtsp_session *session, gpointer data)
{
	g_string_append(((struct fixture *)data)->events, "unplugged,");
}

static void ended(rtsp_session *session, enum channel_reason reason, const char *message,
		  gpointer data)
{
	struct fixture *f = data;

	g_assert_false(f->ended);
	f->ended = TRUE;
	f->reason = reason;
	f->message = g_strdup(message);
}

const struct rtsp_session_funcs script_funcs = {
	.identified = identified,
	.answered = was_answered,
	.hung_up_on_m3 = hung_up_on_m3,
	.capabilities = capabilities,
	.mode_accepted = mode_accepted,
	.mode_refused = mode_refused,
	.setup = setup,
	.play = play,
	.pause = pause_stream,
	.wish_answered = wish_answered,
	.key_frame = key_frame,
	.latency = latency_wanted,
	.unplugged = unplugged,
	.ended = ended,
};

/* ------------------------------------------------------------------- the sink */

static void make_tcp_pair(int pair[2])
{
	struct sockaddr_storage address;
	socklen_t len = sizeof(address);
	g_autoptr(GSocketAddress) any = g_inet_socket_address_new_from_string("127.0.0.1", 0);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	g_assert_true(g_socket_address_to_native(any, &address, sizeof(address), NULL));
	g_assert_no_errno(bind(listener, (struct sockaddr *)&address, sizeof(struct sockaddr_in)));
	g_assert_no_errno(listen(listener, 1));
	g_assert_no_errno(getsockname(listener, (struct sockaddr *)&address, &len));
	pair[1] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	g_assert_no_errno(connect(pair[1], (struct sockaddr *)&address, len));
	pair[0] = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	g_assert_cmpint(pair[0], >=, 0);
	close(listener);
}

/* Body included; 0 while it is not complete. */
static gsize message_length(const GString *received)
{
	const char *end = strstr(received->str, "\r\n\r\n");
	const char *length = strstr(received->str, "Content-Length: ");
	gsize total;

	if (!end)
		return 0;
	total = end + 4 - received->str;
	if (length && length < end)
		total += g_ascii_strtoull(length + strlen("Content-Length: "), NULL, 10);
	return total <= received->len ? total : 0;
}

static gboolean turn(struct fixture *f)
{
	char bytes[4096];
	ssize_t n;

	g_main_context_iteration(NULL, FALSE);
	if (f->sink < 0)
		return FALSE;
	n = recv(f->sink, bytes, sizeof(bytes), MSG_DONTWAIT);
	if (n > 0)
		g_string_append_len(f->received, bytes, n);
	else
		g_usleep(100);
	return n > 0;
}

#define DEADLINE_US (3 * G_USEC_PER_SEC)

static char *next_message(struct fixture *f)
{
	gint64 deadline = g_get_monotonic_time() + DEADLINE_US;
	char *message;
	gsize len;

	while (!(len = message_length(f->received))) {
		g_assert_cmpint(g_get_monotonic_time(), <, deadline);
		g_assert_false(f->ended);
		turn(f);
	}
	message = g_strndup(f->received->str, len);
	g_string_erase(f->received, 0, len);
	return message;
}

void expect(struct fixture *f, const char *wanted)
{
	g_autofree char *message = next_message(f);
	g_auto(GStrv) parts = g_strsplit(wanted, "|", -1);
	const char *cseq = strstr(message, "CSeq: ");

	for (guint i = 0; parts[i]; i++) {
		gboolean absent = parts[i][0] == '!';

		if ((strstr(message, parts[i] + absent) == NULL) != absent) {
			g_test_message("\"%s\" is wrong for:\n%s", parts[i], message);
			g_test_fail();
		}
	}
	if (cseq && !g_str_has_prefix(message, "RTSP/")) {
		g_free(f->last_cseq);
		f->last_cseq = g_strndup(cseq + 6, strcspn(cseq + 6, "\r"));
	}
}

static void expect_at_once(struct fixture *f, const char *wanted, guint ms)
{
	gint64 begin = g_get_monotonic_time();

	expect(f, wanted);
	g_assert_cmpint(g_get_monotonic_time() - begin, <, ms * 1000);
}

static void sink_send(struct fixture *f, const char *text, gsize len)
{
	for (gsize sent = 0; sent < len && !f->ended;) {
		ssize_t n = send(f->sink, text + sent, len - sent, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n > 0)
			sent += n;
		else if (errno != EAGAIN)
			break;
		turn(f);
	}
}

void sleep_ms(struct fixture *f, guint ms)
{
	gint64 until = g_get_monotonic_time() + ms * 1000;

	while (g_get_monotonic_time() < until)
		turn(f);
}

/* "200 OK\r\nheaders\r\n\r\nbody" */
static void answer(struct fixture *f, const char *text, gsize segment)
{
	const char *headers = strstr(text, "\r\n") + 2;
	const char *body = strstr(text, "\r\n\r\n") + 4;
	g_autoptr(GString) message = g_string_new("RTSP/1.0 ");

	g_string_append_len(message, text, headers - text);
	g_string_append_printf(message, "CSeq: %s\r\n", f->last_cseq);
	if (*body)
		g_string_append_printf(message, "Content-Length: %zu\r\n", strlen(body));
	g_string_append(message, headers);
	for (gsize sent = 0; sent < message->len; sent += segment) {
		sink_send(f, message->str + sent, MIN(segment, message->len - sent));
		sleep_ms(f, 0);
	}
}

static void expect_alone(struct fixture *f, guint ms)
{
	g_assert_cmpstr(f->received->str, ==, "");
	sleep_ms(f, ms);
	g_assert_cmpstr(f->received->str, ==, "");
}

static void expect_end(struct fixture *f, const char *wanted)
{
	g_auto(GStrv) parts = g_strsplit(wanted, "|", -1);
	gint64 deadline = g_get_monotonic_time() + DEADLINE_US;

	while (!f->ended && g_get_monotonic_time() < deadline)
		turn(f);
	g_assert_true(f->ended);
	g_test_message("%s", f->message);
	g_assert_cmpstr(channel_reason_name(f->reason), ==, parts[0]);
	for (guint i = 1; parts[i]; i++) {
		if (!strstr(f->message, parts[i])) {
			g_test_message("\"%s\" is not in \"%s\"", parts[i], f->message);
			g_test_fail();
		}
	}
}

static void flood(struct fixture *f, const char *text, guint bytes)
{
	for (guint sent = 0; sent < bytes && !f->ended; sent += strlen(text))
		sink_send(f, text, strlen(text));
}

static void run_step(struct fixture *f, const struct step *step)
{
	switch (step->verb) {
	case EXPECT:
		expect(f, step->text);
		break;
	case ALONE:
		expect_alone(f, step->number);
		break;
	case AT_ONCE:
		expect_at_once(f, step->text, step->number);
		break;
	case SEND:
		sink_send(f, step->text, strlen(step->text));
		break;
	case ANSWER:
		answer(f, step->text, G_MAXINT);
		break;
	case TRICKLE:
		answer(f, step->text, 1);
		break;
	case CLOSE:
		close(f->sink);
		f->sink = -1;
		break;
	case EVENTS:
		sleep_ms(f, 20);
		g_assert_cmpstr(f->events->str, ==, step->text);
		g_string_truncate(f->events, 0);
		break;
	case CALL:
		step->call(f->session);
		break;
	case SLEEP:
		sleep_ms(f, step->number);
		break;
	case FLOOD:
		flood(f, step->text, step->number);
		break;
	case ENDED:
		expect_end(f, step->text);
		break;
	case DONE:
		break;
	}
}

void run_steps(struct fixture *f, const struct step *steps)
{
	for (guint i = 0; steps[i].verb != DONE; i++)
		run_step(f, &steps[i]);
}

void run_test(gconstpointer data)
{
	const struct test *test = data;
	struct rtsp_timers timers = script_timers;
	g_autoptr(wfd_quirk_table) quirks = wfd_quirk_table_new();
	const struct rtsp_session_config config = {
		.local_address = "127.0.0.1",
		.quirk_table = quirks,
		.friendly_name = "script",
		.m3_scope = test->m3_scope,
		.latency = CHANNEL_LATENCY_LOW,
		.timers = &timers,
	};
	g_autoptr(GError) error = NULL;
	struct fixture f = {
		.select_late = test->select_late,
		.select_again = test->select_again,
	};
	int pair[2];

	if (test->quirks)
		g_assert_true(wfd_quirk_table_add(quirks, test->quirks, NULL));
	if (test->gap) {
		timers.gap = test->gap;
		/* Nothing else in between. */
		timers.second = 1000;
		timers.response = 5000;
	}
	f.received = g_string_new(NULL);
	f.events = g_string_new(NULL);
	make_tcp_pair(pair);
	f.sink = pair[1];
	f.session = rtsp_session_new(pair[0], &config, &script_funcs, &f, &error);
	g_assert_no_error(error);

	for (guint i = 0; test->steps[i].verb != DONE; i++) {
		if (test->cut && i == test->cut) {
			run_step(&f, &(struct step){ CLOSE });
			run_step(&f, &(struct step){ ENDED, "sink-vanished" });
			break;
		}
		run_step(&f, &test->steps[i]);
	}
	rtsp_session_free(f.session);
	/* The socket itself is not the session's to close (R27). */
	g_assert_cmpint(fcntl(pair[0], F_GETFD), >=, 0);
	close(pair[0]);
	if (f.sink >= 0)
		close(f.sink);
	g_string_free(f.received, TRUE);
	g_string_free(f.events, TRUE);
	g_free(f.last_cseq);
	g_free(f.message);
}
