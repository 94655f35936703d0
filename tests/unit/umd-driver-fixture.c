// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The sink, the broker and a session of umd-driver-fixture.h.
 */
#include "umd-driver-fixture.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gst/gst.h>

#include "wfdtsmux.h"

#define DEADLINE_US (20 * G_USEC_PER_SEC)

/* ---------------------------------------------------------------- sockets */

static guint16 bind_loopback(int fd)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t len = sizeof(address);

	g_assert_no_errno(bind(fd, (struct sockaddr *)&address, sizeof(address)));
	g_assert_no_errno(getsockname(fd, (struct sockaddr *)&address, &len));
	return ntohs(address.sin_port);
}

static void make_tcp_pair(int pair[2])
{
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		.sin_port = htons(bind_loopback(listener)),
	};

	g_assert_no_errno(listen(listener, 1));
	pair[1] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	g_assert_no_errno(connect(pair[1], (struct sockaddr *)&address, sizeof(address)));
	pair[0] = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	g_assert_cmpint(pair[0], >=, 0);
	close(listener);
}

/* ------------------------------------------------------------------- the sink */

/* One message with its body; NULL when the source has gone. */
static char *sink_receive(int fd, GString *received)
{
	for (;;) {
		char *end = strstr(received->str, "\r\n\r\n");
		char *length = strstr(received->str, "Content-Length: ");
		gsize total = end ? (gsize)(end + 4 - received->str) : G_MAXSIZE;
		char bytes[4096];
		ssize_t n;

		if (end && length && length < end)
			total += g_ascii_strtoull(length + strlen("Content-Length: "), NULL, 10);
		if (total <= received->len) {
			char *message = g_strndup(received->str, total);

			g_string_erase(received, 0, total);
			return message;
		}
		n = recv(fd, bytes, sizeof(bytes), 0);
		if (n <= 0)
			return NULL;
		g_string_append_len(received, bytes, n);
	}
}

void sink_say(int fd, const char *head, const char *cseq, const char *body)
{
	g_autofree char *text = g_strdup_printf("%s\r\nCSeq: %s\r\nContent-Length: %zu\r\n"
						"Content-Type: text/parameters\r\n\r\n%s",
						head, cseq, strlen(body), body);

	send(fd, text, strlen(text), MSG_NOSIGNAL);
}

/* Says yes to everything, and does what it is told. */
static void sink_obey(struct fixture *f, const char *message, const char *cseq)
{
	int fd = f->rtsp[1];

	if (strstr(message, "\nwfd_video_formats\r\n")) {
		g_autofree char *body = g_strdup_printf(
			"wfd_video_formats: %s\r\nwfd_audio_codecs: %s\r\n"
			"wfd_client_rtp_ports: RTP/AVP/UDP;unicast %u 0 mode=play\r\n"
			"wfd_standby_resume_capability: supported\r\n%s",
			f->video, f->audio ? f->audio : "LPCM 00000002 00", bind_loopback(f->rtp), f->more ? f->more : "");

		sink_say(fd, "RTSP/1.0 200 OK", cseq, body);
		return;
	}
	if (f->refused && strstr(message, f->refused)) {
		sink_say(fd, "RTSP/1.0 303 See Other", cseq,
			 f->why ? f->why : "wfd_video_formats: 415\r\n");
		return;
	}
	sink_say(fd, "RTSP/1.0 200 OK", cseq, "");
	if (g_str_has_prefix(message, "OPTIONS"))
		sink_say(fd, "OPTIONS * RTSP/1.0\r\nRequire: org.wfa.wfd1.0", "100", "");
	if (strstr(message, "wfd_trigger_method: SETUP")) {
		struct sockaddr_in address;
		socklen_t len = sizeof(address);
		g_autofree char *head = NULL;

		getsockname(f->rtp, (struct sockaddr *)&address, &len);
		head = g_strdup_printf("SETUP " STREAM "\r\nTransport: RTP/AVP/UDP;unicast;client_port=%u",
				       ntohs(address.sin_port));
		sink_say(fd, head, "101", "");
		sink_say(fd, "PLAY " STREAM, "102", "");
		sink_say(fd, "SET_PARAMETER " STREAM, "103", "wfd_idr_request\r\n");
	}
	if (strstr(message, "wfd_trigger_method: TEARDOWN"))
		sink_say(fd, "TEARDOWN " STREAM, "104", "");
}

static gpointer sink_thread(gpointer data)
{
	struct fixture *f = data;
	g_autoptr(GString) received = g_string_new(NULL);
	char *message;

	while ((message = sink_receive(f->rtsp[1], received))) {
		const char *cseq = strstr(message, "CSeq: ");

		if (!g_str_has_prefix(message, "RTSP/") && cseq) {
			g_autofree char *number = g_strndup(cseq + 6, strcspn(cseq + 6, "\r"));

			g_mutex_lock(&f->lock);
			g_string_append(f->heard, message);
			g_mutex_unlock(&f->lock);
			sink_obey(f, message, number);
		}
		g_free(message);
	}
	return NULL;
}

guint sink_heard_times(struct fixture *f, const char *text)
{
	guint n = 0;

	g_mutex_lock(&f->lock);
	for (const char *at = f->heard->str; (at = strstr(at, text)); at++)
		n++;
	g_mutex_unlock(&f->lock);
	return n;
}

gboolean sink_heard(struct fixture *f, const char *text)
{
	return sink_heard_times(f, text) > 0;
}

/* ----------------------------------------------------------------- a session */

static void driver_told(channel *ch, enum channel_message message, GVariant *fields, gpointer data)
{
}

static void broker_told(channel *ch, enum channel_message message, GVariant *fields, gpointer data)
{
	struct fixture *f = data;
	guint64 idr = f->idr;
	const char *sound;
	guint32 port = 0;

	if (message == CHANNEL_RTP_PORT) {
		g_variant_lookup(fields, "port", "u", &port);
		g_assert_true(rtp_ports_connect(f->config.ports.rtp, "127.0.0.1", port, NULL));
	}
	if (message == CHANNEL_MODE) {
		g_clear_pointer(&f->encoder, g_free);
		g_variant_lookup(fields, "encoder", "s", &f->encoder);
	}
	if (message != CHANNEL_STATS)
		return;
	g_variant_lookup(fields, "frames-offered", "t", &f->offered);
	g_variant_lookup(fields, "frames-acquired", "t", &f->acquired);
	g_variant_lookup(fields, "frames-sent", "t", &f->sent);
	g_variant_lookup(fields, "idr", "t", &f->idr);
	g_variant_lookup(fields, "bit-rate", "t", &f->bit_rate);
	g_clear_pointer(&f->pictures, g_free);
	g_clear_pointer(&f->pictures_why, g_free);
	f->read_rate = 0;
	g_variant_lookup(fields, "pictures", "s", &f->pictures);
	g_variant_lookup(fields, "pictures-why", "s", &f->pictures_why);
	g_variant_lookup(fields, "pictures-read-rate", "t", &f->read_rate);
	g_variant_lookup(fields, "slow-width", "u", &f->slow_width);
	g_variant_lookup(fields, "slow-lowered", "b", &f->slow_lowered);
	g_variant_lookup(fields, "sound-latency-median-us", "t", &f->sound_latency);
	if (g_variant_lookup(fields, "sound", "&s", &sound))
		g_strlcpy(f->sound, sound, sizeof(f->sound));
	f->same_idr = f->idr == idr ? f->same_idr + 1 : 0;
}

static void channel_closed(channel *ch, const GError *error, gpointer data)
{
}

static const struct channel_funcs driver_handlers = {
	.message = driver_told,
	.closed = channel_closed,
};

static const struct channel_funcs broker_handlers = {
	.message = broker_told,
	.closed = channel_closed,
};

static gpointer run(gpointer data)
{
	struct fixture *f = data;

	f->result = miracast_host_run(f->host);
	g_atomic_int_set(&f->done, TRUE);
	g_main_context_wakeup(NULL);
	return NULL;
}

void umd_driver_init(int *argc, char ***argv)
{
	g_test_init(argc, argv, NULL);
	gst_init(NULL, NULL);
	g_assert_true(wfd_ts_mux_register());
}

void begin(struct fixture *f)
{
	struct miracast_host_config config = {
		.driver = &umd_driver,
		.driver_data = &f->driver,
		.has_data_rate = true,
		.stats = f->stats,
	};
	g_autoptr(GError) error = NULL;

	kernel.ops = g_string_new(NULL);
	kernel.plug = g_byte_array_new();
	kernel.statistics = g_array_new(FALSE, FALSE, sizeof(struct miracast_statistic));
	kernel.info = 0;
	kernel.seq = 0;
	kernel.announced = 0;
	f->heard = g_string_new(NULL);
	g_assert_no_errno(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, f->sink));
	g_assert_no_errno(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, f->channel));
	make_tcp_pair(f->rtsp);
	f->rtp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	f->config.quirk_table = wfd_quirk_table_new();
	if (f->quirks)
		g_assert_true(wfd_quirk_table_add(f->config.quirk_table, f->quirks, NULL));
	f->config.friendly_name = "script";
	f->config.peer_address = "127.0.0.1";
	f->config.local_address = "127.0.0.1";
	g_assert_true(rtp_ports_open(&f->config.ports, "127.0.0.1", "127.0.0.1", NULL, &error));
	g_assert_no_error(error);
	f->driver.config = &f->config;
	f->driver.ch = channel_new(f->channel[0], CHANNEL_UMD, &driver_handlers, f, &error);
	g_assert_no_error(error);
	f->broker = channel_new(f->channel[1], CHANNEL_BROKER, &broker_handlers, f, &error);
	g_assert_no_error(error);
	f->driver.context = g_main_context_default();
	config.sink_fd = f->sink[0];
	config.rtsp_fd = f->rtsp[0];
	g_assert_cmpint(miracast_host_new(&config, &f->host), ==, 0);
	f->sink_thread = g_thread_new("sink", sink_thread, f);
	f->runner = g_thread_new("host", run, f);
}

/* The driver's loop, until what is waited for has come. */
void wait_until(gboolean (*come)(struct fixture *f), struct fixture *f)
{
	gint64 deadline = g_get_monotonic_time() + DEADLINE_US;

	while (!come(f)) {
		g_assert_cmpint(g_get_monotonic_time(), <, deadline);
		if (!g_main_context_iteration(NULL, FALSE))
			g_usleep(500);
	}
}

gboolean is_done(struct fixture *f)
{
	return g_atomic_int_get(&f->done);
}

int end(struct fixture *f)
{
	miracast_host_request_stop(f->host);
	wait_until(is_done, f);
	g_thread_join(f->runner);
	miracast_host_free(f->host);
	/* R27: the socket is the program's, and still works. */
	g_assert_cmpint(send(f->rtsp[0], "x", 1, MSG_NOSIGNAL), ==, 1);
	shutdown(f->rtsp[0], SHUT_RDWR);
	g_thread_join(f->sink_thread);
	channel_free(f->driver.ch);
	channel_free(f->broker);
	for (guint i = 0; i < 2; i++) {
		close(f->rtsp[i]);
		close(f->sink[i]);
	}
	close(f->rtp);
	rtp_ports_close(&f->config.ports);
	g_free(f->driver.message);
	wfd_quirk_table_free(f->config.quirk_table);
	return f->result;
}

void clear(struct fixture *f)
{
	g_free(f->encoder);
	g_free(f->pictures);
	g_free(f->pictures_why);
	g_string_free(f->heard, TRUE);
	g_string_free(kernel.ops, TRUE);
	g_byte_array_unref(kernel.plug);
	g_array_unref(kernel.statistics);
}

/* A message of the display driver; returns the driver's status. */
int tell(struct fixture *f, guint32 code, gconstpointer payload, gsize size)
{
	static guint64 id;
	struct {
		struct miracast_record record;
		struct miracast_message message;
		guint8 payload[32];
	} out = {
		.record = { .header_len = sizeof(out.record),
			    .type = MIRACAST_REC_MESSAGE,
			    .id = ++id },
		.message = { .code = code, .len = sizeof(out.message) + size },
	};
	struct miracast_reply reply;
	struct pollfd wait = { f->sink[1], POLLIN, 0 };

	memcpy(out.payload, payload, size);
	out.record.len = sizeof(out.record) + out.message.len;
	g_assert_cmpint(send(f->sink[1], &out, out.record.len, 0), ==, out.record.len);
	g_assert_cmpint(poll(&wait, 1, 10000), ==, 1);
	g_assert_cmpint(recv(f->sink[1], &reply, sizeof(reply), 0), ==, sizeof(reply));
	g_assert_cmpuint(reply.id, ==, id);
	return reply.status;
}

int tell_mode(struct fixture *f, guint width, guint height, guint hz)
{
	const struct miracast_mode_state mode = { .width = width, .height = height, .refresh = hz * 1000 };

	return tell(f, MIRACAST_MSG_MODE_SET, &mode, sizeof(mode));
}

gboolean some_sent(struct fixture *f)
{
	return count(MIRACAST_STATISTIC_CHUNK_SENT) >= 10 && count(MIRACAST_STATISTIC_EVENT);
}

gboolean mode_is_set(struct fixture *f)
{
	return sink_heard(f, "wfd_presentation_URL");
}

gboolean is_playing(struct fixture *f)
{
	return has_event(MIRACAST_EVENT_IDR_REQUEST);
}

void assert_sends(struct fixture *f)
{
	guint64 before = f->sent;
	gint64 deadline = g_get_monotonic_time() + 5 * G_USEC_PER_SEC;

	while (f->sent < before + 2) {
		g_assert_cmpint(g_get_monotonic_time(), <, deadline);
		if (!g_main_context_iteration(NULL, FALSE))
			g_usleep(500);
	}
}
