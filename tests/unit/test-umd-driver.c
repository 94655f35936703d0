// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The driver of miracast-umd under libmiracast's host, between a kernel and a
 * sink that the test plays: the kernel's ioctls are those of this file, its
 * messages come through a socket pair; the sink is a thread that is content with
 * everything.
 */
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <drm_fourcc.h>
#include <gst/gst.h>

#include "umd-driver.h"
#include "wfd-edid.h"
#include "wfdtsmux.h"

#define DEADLINE_US (20 * G_USEC_PER_SEC)
#define FRAME_US (G_USEC_PER_SEC / 30)
#define VGA_PITCH (640 * 4)
#define HDMI 11 /* DRM_MODE_CONNECTOR_HDMIA */

#define VGA "00 00 02 10 00000001 00000000 00000000 00 0000 0000 00 none none"
#define MANY "00 00 02 10 0001FFFF 3FFFFFFF 00000FFF 00 0000 0000 00 none none"

/* ------------------------------------------------------------ the kernel's half */

static struct {
	GMutex lock;
	GString *ops;	    /* session ops and I/O control, in order */
	GByteArray *plug;   /* input of MIRACAST_CTL_PLUG */
	GArray *statistics; /* struct miracast_statistic */
	guint32 info;
	gboolean frames;  /* the desktop draws all the time ... */
	gboolean still;	  /* ... or one frame only */
	gint64 flip_us;   /* its last frame */
	gboolean revokes; /* its hold is revoked */
	guint64 seq;
	guint64 announced; /* frames of which a chunk record was read */
	gboolean chunks_lost;
} kernel;

static int kernel_acquire(struct miracast_frame *frame)
{
	gint64 now = g_get_monotonic_time();

	if (!kernel.frames || (kernel.still && kernel.seq) || now - kernel.flip_us < FRAME_US) {
		errno = EAGAIN;
		return -1;
	}
	kernel.flip_us = now;
	*frame = (struct miracast_frame){
		.seq = ++kernel.seq,
		.buffer_id = 1,
		.fourcc = DRM_FORMAT_XRGB8888,
		.num_planes = 1,
		.pitch = { VGA_PITCH },
		.width = 640,
		.height = 480,
		.flags = MIRACAST_FRAME_FULL,
	};
	return 0;
}

/* A record for each frame, before it is acquired; one at a time, as a small buffer would have it. */
static int kernel_get_chunks(struct miracast_get_chunks *get)
{
	struct miracast_chunk *chunk = (struct miracast_chunk *)(uintptr_t)get->buf_ptr;

	if (kernel.chunks_lost || kernel.announced > kernel.seq || !kernel.frames) {
		errno = kernel.chunks_lost ? ECONNRESET : EAGAIN;
		kernel.chunks_lost = FALSE;
		return -1;
	}
	*chunk = (struct miracast_chunk){
		.len = sizeof(*chunk),
		.info = { .type = MIRACAST_CHUNK_FRAME_START,
			  .id = MIRACAST_CHUNK_ID(++kernel.announced, 0) },
	};
	get->used = sizeof(*chunk);
	return 0;
}

static int kernel_get_buffer(struct miracast_get_buffer *get)
{
	get->num_fds = 1;
	get->fd[0] = memfd_create("frame", MFD_CLOEXEC);
	return ftruncate(get->fd[0], VGA_PITCH * 480);
}

static int kernel_ioctl(unsigned long request, void *argument)
{
	static const char *const names[] = { "", "begin-start", "end-start", "fail-start",
					     "begin-stop", "end-stop" };

	switch (request) {
	case MIRACAST_IOC_SESSION: {
		struct miracast_session_ctl *ctl = argument;

		g_string_append(kernel.ops, names[ctl->op]);
		if (ctl->status)
			g_string_append_printf(kernel.ops, "(%d)", ctl->status);
		g_string_append_c(kernel.ops, ' ');
		kernel.info |= ctl->info;
		return 0;
	}
	case MIRACAST_IOC_IO_CONTROL: {
		struct miracast_io_control *ctl = argument;

		g_string_append_printf(kernel.ops, "control-%u ", ctl->code);
		if (ctl->code == MIRACAST_CTL_PLUG)
			g_byte_array_append(kernel.plug, (const guint8 *)(uintptr_t)ctl->in_ptr,
					    ctl->in_len);
		return 0;
	}
	case MIRACAST_IOC_REPORT_STATUS:
		g_string_append_printf(kernel.ops, "status-%u ",
				       ((struct miracast_report_status *)argument)->status);
		return 0;
	case MIRACAST_IOC_REPORT_STATISTIC:
		g_array_append_vals(kernel.statistics, argument, 1);
		return 0;
	case MIRACAST_IOC_ACQUIRE_FRAME:
		return kernel_acquire(argument);
	case MIRACAST_IOC_GET_BUFFER:
		return kernel_get_buffer(argument);
	case MIRACAST_IOC_RELEASE_FRAME:
		((struct miracast_release_frame *)argument)->flags =
			kernel.revokes ? MIRACAST_RELEASE_REVOKED : 0;
		return 0;
	case MIRACAST_IOC_GET_CHUNKS:
		return kernel_get_chunks(argument);
	default:
		errno = EAGAIN; /* nothing retired */
		return -1;
	}
}

/* In front of the C library's: libmiracast calls this one. */
int ioctl(int fd, unsigned long request, ...)
{
	va_list args;
	void *argument;
	int ret;

	va_start(args, request);
	argument = va_arg(args, void *);
	va_end(args);
	if (_IOC_TYPE(request) != MIRACAST_IOC_MAGIC)
		return syscall(SYS_ioctl, fd, request, argument);
	g_mutex_lock(&kernel.lock);
	ret = kernel_ioctl(request, argument);
	g_mutex_unlock(&kernel.lock);
	return ret;
}

static guint count(guint type)
{
	guint n = 0;

	g_mutex_lock(&kernel.lock);
	for (guint i = 0; i < kernel.statistics->len; i++)
		n += g_array_index(kernel.statistics, struct miracast_statistic, i).type == type;
	g_mutex_unlock(&kernel.lock);
	return n;
}

/* ---------------------------------------------------------------- the fixture */

struct fixture {
	int sink[2];	/* sink fd; [0] is the driver's */
	int channel[2]; /* to the broker; the same */
	channel *broker;
	guint64 offered, acquired, sent, idr, bit_rate; /* of its newest statistics */
	guint same_idr;			/* statistics since idr grew */
	int rtsp[2];	/* the same */
	int rtp;
	const char *video;
	const char *more; /* of M3 */
	struct umd_config config;
	struct miracast_wfd_connection_stats stats;
	struct umd_driver_data driver;
	struct miracast_host *host;
	GThread *runner;
	GThread *sink_thread;
	gint result;
	gint done;
	GMutex lock;
	GString *heard; /* requests that the sink got */
};

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

static void sink_say(int fd, const char *head, const char *cseq, const char *body)
{
	g_autofree char *text = g_strdup_printf("%s\r\nCSeq: %s\r\nContent-Length: %zu\r\n"
						"Content-Type: text/parameters\r\n\r\n%s",
						head, cseq, strlen(body), body);

	send(fd, text, strlen(text), MSG_NOSIGNAL);
}

#define STREAM "rtsp://127.0.0.1/wfd1.0/streamid=0 RTSP/1.0"

/* Says yes to everything, and does what it is told. */
static void sink_obey(struct fixture *f, const char *message, const char *cseq)
{
	int fd = f->rtsp[1];

	if (strstr(message, "\nwfd_video_formats\r\n")) {
		g_autofree char *body = g_strdup_printf(
			"wfd_video_formats: %s\r\nwfd_audio_codecs: LPCM 00000002 00\r\n"
			"wfd_client_rtp_ports: RTP/AVP/UDP;unicast %u 0 mode=play\r\n"
			"wfd_standby_resume_capability: supported\r\n%s",
			f->video, bind_loopback(f->rtp), f->more ? f->more : "");

		sink_say(fd, "RTSP/1.0 200 OK", cseq, body);
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

static gboolean sink_heard(struct fixture *f, const char *text)
{
	gboolean heard;

	g_mutex_lock(&f->lock);
	heard = strstr(f->heard->str, text) != NULL;
	g_mutex_unlock(&f->lock);
	return heard;
}

/* ----------------------------------------------------------------- a session */

static void driver_told(channel *ch, enum channel_message message, GVariant *fields, gpointer data)
{
}

static void broker_told(channel *ch, enum channel_message message, GVariant *fields, gpointer data)
{
	struct fixture *f = data;
	guint64 idr = f->idr;

	if (message != CHANNEL_STATS)
		return;
	g_variant_lookup(fields, "frames-offered", "t", &f->offered);
	g_variant_lookup(fields, "frames-acquired", "t", &f->acquired);
	g_variant_lookup(fields, "frames-sent", "t", &f->sent);
	g_variant_lookup(fields, "idr", "t", &f->idr);
	g_variant_lookup(fields, "bit-rate", "t", &f->bit_rate);
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

static void begin(struct fixture *f)
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

	f->config.friendly_name = "script";
	f->config.peer_address = "127.0.0.1";
	f->config.local_address = "127.0.0.1";
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
static void wait_until(gboolean (*come)(struct fixture *f), struct fixture *f)
{
	gint64 deadline = g_get_monotonic_time() + DEADLINE_US;

	while (!come(f)) {
		g_assert_cmpint(g_get_monotonic_time(), <, deadline);
		if (!g_main_context_iteration(NULL, FALSE))
			g_usleep(500);
	}
}

static gboolean is_done(struct fixture *f)
{
	return g_atomic_int_get(&f->done);
}

static int end(struct fixture *f)
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
	g_free(f->driver.message);
	return f->result;
}

static void clear(struct fixture *f)
{
	g_string_free(f->heard, TRUE);
	g_string_free(kernel.ops, TRUE);
	g_byte_array_unref(kernel.plug);
	g_array_unref(kernel.statistics);
}

/* A message of the display driver; returns the driver's status. */
static int tell(struct fixture *f, guint32 code, gconstpointer payload, gsize size)
{
	static guint64 id;
	struct {
		struct miracast_record record;
		struct miracast_message message;
		guint8 payload[32];
	} out = {
		.record = { .type = MIRACAST_REC_MESSAGE, .id = ++id },
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

/* --------------------------------------------------------------------- tests */

static gboolean some_sent(struct fixture *f)
{
	return count(MIRACAST_STATISTIC_CHUNK_SENT) >= 10 && count(MIRACAST_STATISTIC_EVENT);
}

static gboolean is_standby(struct fixture *f)
{
	return sink_heard(f, "\r\nwfd_standby\r\n");
}

static gboolean is_awake(struct fixture *f)
{
	return sink_heard(f, "wfd_trigger_method: PLAY\r\n");
}

/* Conversion, encoding, sending: each once for each frame, in this order. */
static void check_statistics(void)
{
	g_autoptr(GHashTable) steps = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);

	for (guint i = 0; i < kernel.statistics->len; i++) {
		const struct miracast_statistic *s =
			&g_array_index(kernel.statistics, struct miracast_statistic, i);
		guint64 id = s->info.id;
		guint step = GPOINTER_TO_UINT(g_hash_table_lookup(steps, &id));

		if (s->type == MIRACAST_STATISTIC_EVENT) {
			g_assert_cmpuint(s->event, ==, MIRACAST_EVENT_IDR_REQUEST);
			continue;
		}
		g_assert_cmpuint(MIRACAST_CHUNK_ID_PART(id), ==, 0);
		if (s->type == MIRACAST_STATISTIC_CHUNK_SENT) {
			g_assert_cmpuint(step, ==, 2);
		} else if (s->info.type == MIRACAST_CHUNK_ENCODE) {
			g_assert_cmpuint(step, ==, 1);
			g_assert_cmpuint(s->info.processing_time, >, 0);
			g_assert_cmpuint(s->info.encode_rate, >, 0);
		} else {
			g_assert_cmpuint(s->info.type, ==, MIRACAST_CHUNK_COLOR_CONVERT);
			g_assert_cmpuint(step, ==, 0);
			g_assert_cmpuint(s->info.encode_rate, ==, 0);
		}
		g_hash_table_replace(steps, g_memdup2(&id, sizeof(id)), GUINT_TO_POINTER(step + 1));
	}
}

static void test_statistics(void)
{
	struct fixture f = { .video = VGA };

	begin(&f);
	wait_until(some_sent, &f);
	g_assert_cmpint(end(&f), ==, 0);
	g_assert_cmpstr(kernel.ops->str, ==, "begin-start end-start begin-stop end-stop ");
	check_statistics();
	clear(&f);
}

static void test_messages(void)
{
	const struct miracast_mode_state odd = { .width = 123, .height = 45, .refresh = 60000 };
	struct fixture f = { .video = VGA };
	struct miracast_power power = { 0 };

	begin(&f);
	wait_until(some_sent, &f);
	g_assert_cmpint(tell(&f, 99, "", 0), ==, -EOPNOTSUPP);
	g_assert_cmpint(tell(&f, MIRACAST_MSG_POWER, "", 0), ==, -EINVAL);
	g_assert_cmpint(tell(&f, MIRACAST_MSG_MODE_SET, &odd, sizeof(odd)), ==, -ERANGE);
	g_assert_cmpint(tell(&f, MIRACAST_MSG_KEY_FRAME, "", 0), ==, 0);
	g_assert_cmpint(tell(&f, MIRACAST_MSG_POWER, &power, sizeof(power)), ==, 0);
	wait_until(is_standby, &f);
	power.on = 1;
	g_assert_cmpint(tell(&f, MIRACAST_MSG_POWER, &power, sizeof(power)), ==, 0);
	wait_until(is_awake, &f);
	g_assert_cmpint(end(&f), ==, 0);
	clear(&f);
}

static gboolean is_plugged(struct fixture *f)
{
	gboolean plugged;

	g_mutex_lock(&kernel.lock);
	plugged = kernel.plug->len > 0;
	g_mutex_unlock(&kernel.lock);
	return plugged;
}

static gboolean mode_is_set(struct fixture *f)
{
	return sink_heard(f, "wfd_presentation_URL");
}

/* The monitor that the sink describes is the monitor that the kernel gets. */
static void test_monitor(void)
{
	const struct wfd_mode *mode = wfd_mode_lookup(WFD_SET_R1, WFD_TABLE_CEA, 0);
	const struct miracast_mode_state vga = { .width = 640, .height = 480, .refresh = 60000 };
	struct wfd_edid_desc desc = { .name = "Panel", .modes = &mode, .n_modes = 1 };
	g_autoptr(GBytes) edid = wfd_edid_build(&desc, NULL, NULL);
	g_autoptr(GString) more = g_string_new("wfd_connector_type: 05\r\nwfd_display_edid: 0002 ");
	const guint8 *bytes = g_bytes_get_data(edid, NULL);
	struct fixture f = { .video = VGA, .config.kernel = TRUE };
	const struct miracast_plug *plug;
	const struct miracast_mode *modes;

	for (gsize i = 0; i < g_bytes_get_size(edid); i++)
		g_string_append_printf(more, "%02x", bytes[i]);
	g_string_append(more, "\r\n");
	f.more = more->str;
	begin(&f);
	wait_until(is_plugged, &f);
	g_assert_cmpuint(kernel.info, ==, MIRACAST_SESSION_MONITOR_CONNECTED);
	plug = (const struct miracast_plug *)kernel.plug->data;
	modes = (const struct miracast_mode *)(plug + 1);
	g_assert_cmpuint(plug->monitor_type, ==, HDMI);
	g_assert_cmpuint(plug->num_modes, ==, 1);
	g_assert_cmpuint(modes[0].width, ==, 640);
	g_assert_cmpuint(modes[0].refresh, ==, 60000);
	g_assert_cmpmem(modes + 1, plug->edid_len, bytes, g_bytes_get_size(edid));

	/* The desktop's mode is the sink's. */
	g_assert_cmpint(tell(&f, MIRACAST_MSG_MODE_SET, &vga, sizeof(vga)), ==, 0);
	wait_until(mode_is_set, &f);
	g_assert_cmpint(end(&f), ==, 0);
	g_assert_cmpstr(kernel.ops->str, ==, "begin-start end-start control-1 begin-stop end-stop ");
	clear(&f);
}

static gboolean has_event(guint event)
{
	gboolean has = FALSE;

	g_mutex_lock(&kernel.lock);
	for (guint i = 0; i < kernel.statistics->len; i++) {
		const struct miracast_statistic *s =
			&g_array_index(kernel.statistics, struct miracast_statistic, i);

		has |= s->type == MIRACAST_STATISTIC_EVENT && s->event == event;
	}
	g_mutex_unlock(&kernel.lock);
	return has;
}

/* The sink asks for a key frame once it plays. */
static gboolean is_playing(struct fixture *f)
{
	return has_event(MIRACAST_EVENT_IDR_REQUEST);
}

/* The panel is pulled out of the sink: the session ends by itself, and both are told. */
static void test_unplugged(void)
{
	const struct miracast_mode_state vga = { .width = 640, .height = 480, .refresh = 60000 };
	struct fixture f = { .video = VGA, .config.kernel = TRUE };

	begin(&f);
	wait_until(is_plugged, &f);
	g_assert_true(has_event(MIRACAST_EVENT_MONITOR_ARRIVE));
	g_assert_cmpint(tell(&f, MIRACAST_MSG_MODE_SET, &vga, sizeof(vga)), ==, 0);
	wait_until(is_playing, &f);
	g_assert_false(has_event(MIRACAST_EVENT_MONITOR_DEPART));
	sink_say(f.rtsp[1], "SET_PARAMETER " STREAM, "200", "wfd_connector_type: none\r\n");
	wait_until(is_done, &f);
	g_assert_true(has_event(MIRACAST_EVENT_MONITOR_DEPART));
	g_assert_true(sink_heard(&f, "wfd_trigger_method: TEARDOWN"));
	g_assert_cmpint(end(&f), ==, 0);
	g_assert_cmpstr(kernel.ops->str, ==,
			"begin-start end-start control-1 status-2 begin-stop end-stop ");
	clear(&f);
}

static gboolean some_dropped(struct fixture *f)
{
	return count(MIRACAST_STATISTIC_CHUNK_COMPLETE) >= 3;
}

/* The kernel takes each frame back before it is read: none of them is sent. */
static void test_dropped(void)
{
	const struct miracast_mode_state vga = { .width = 640, .height = 480, .refresh = 60000 };
	struct fixture f = { .video = VGA, .config.kernel = TRUE };
	guint n = 0;

	kernel.frames = TRUE;
	kernel.revokes = TRUE;
	begin(&f);
	wait_until(is_plugged, &f);
	g_assert_cmpint(tell(&f, MIRACAST_MSG_MODE_SET, &vga, sizeof(vga)), ==, 0);
	wait_until(some_dropped, &f);
	g_assert_cmpint(end(&f), ==, 0);
	for (guint i = 0; i < kernel.statistics->len; i++) {
		const struct miracast_statistic *s =
			&g_array_index(kernel.statistics, struct miracast_statistic, i);

		if (s->type == MIRACAST_STATISTIC_EVENT)
			continue;
		g_assert_cmpuint(s->type, ==, MIRACAST_STATISTIC_CHUNK_COMPLETE);
		g_assert_cmpuint(s->info.type, ==, MIRACAST_CHUNK_FRAME_DROPPED);
		g_assert_cmpuint(s->info.id, ==, MIRACAST_CHUNK_ID(++n, 0));
	}
	kernel.frames = FALSE;
	kernel.revokes = FALSE;
	clear(&f);
}

static gboolean sends_again(struct fixture *f)
{
	return f->acquired && f->sent >= 8;
}

/* A picture that is sent again and again is reported once. */
static void test_still_picture(void)
{
	const struct miracast_mode_state vga = { .width = 640, .height = 480, .refresh = 60000 };
	struct fixture f = { .video = VGA, .config.kernel = TRUE };

	kernel.frames = TRUE;
	kernel.still = TRUE;
	begin(&f);
	wait_until(is_plugged, &f);
	g_assert_cmpint(tell(&f, MIRACAST_MSG_MODE_SET, &vga, sizeof(vga)), ==, 0);
	wait_until(sends_again, &f);
	g_assert_cmpint(end(&f), ==, 0);
	g_assert_cmpuint(f.acquired, ==, 1);
	/* Converted and encoded; sent. */
	g_assert_cmpuint(count(MIRACAST_STATISTIC_CHUNK_COMPLETE), ==, 2);
	g_assert_cmpuint(count(MIRACAST_STATISTIC_CHUNK_SENT), ==, 1);
	kernel.frames = FALSE;
	kernel.still = FALSE;
	clear(&f);
}

static gboolean plays_without_idr(struct fixture *f)
{
	return f->acquired >= 10 && f->idr && f->same_idr >= 2;
}

static gboolean sends_idr(struct fixture *f)
{
	return f->same_idr == 0;
}

/*
 * The records of the kernel are read: they count the desktop's frames, and when
 * some were lost the sink, which would ask for key frames, gets one unasked.
 */
static void test_chunks(void)
{
	const struct miracast_mode_state vga = { .width = 640, .height = 480, .refresh = 60000 };
	struct fixture f = {
		.video = VGA,
		.more = "wfd_idr_request_capability: 1\r\n",
		.config.kernel = TRUE,
	};

	kernel.frames = TRUE;
	begin(&f);
	wait_until(is_plugged, &f);
	g_assert_cmpint(tell(&f, MIRACAST_MSG_MODE_SET, &vga, sizeof(vga)), ==, 0);
	wait_until(plays_without_idr, &f);
	g_mutex_lock(&kernel.lock);
	kernel.chunks_lost = TRUE;
	g_mutex_unlock(&kernel.lock);
	wait_until(sends_idr, &f);
	/* One record for each frame, perhaps one of a frame that is not acquired yet. */
	g_assert_cmpuint(f.offered - f.acquired, <=, 1);
	g_assert_cmpint(end(&f), ==, 0);
	kernel.frames = FALSE;
	clear(&f);
}

static gboolean has_bit_rate(struct fixture *f)
{
	return f->bit_rate > 0;
}

static gboolean has_slower_rate(struct fixture *f)
{
	return f->bit_rate == 2000000 * 85 / 100;
}

static gboolean has_old_rate(struct fixture *f)
{
	return f->bit_rate > 2000000;
}

/* The encoder follows what the link carries, down and up again; 0 is no news. */
static void test_data_rate(void)
{
	struct miracast_data_rate rate = { .encoder_bit_rate = 2000000 };
	struct fixture f = { .video = VGA };
	guint64 before;

	begin(&f);
	wait_until(has_bit_rate, &f);
	before = f.bit_rate;
	g_assert_cmpuint(before, >, 2000000);
	miracast_host_set_data_rate(f.host, &rate);
	wait_until(has_slower_rate, &f);
	rate.encoder_bit_rate = 100000000;
	miracast_host_set_data_rate(f.host, &rate);
	wait_until(has_old_rate, &f);
	g_assert_cmpuint(f.bit_rate, ==, before);
	rate.encoder_bit_rate = 0;
	miracast_host_set_data_rate(f.host, &rate);
	f.bit_rate = 0;
	wait_until(has_bit_rate, &f);
	g_assert_cmpuint(f.bit_rate, ==, before);
	g_assert_cmpint(end(&f), ==, 0);
	clear(&f);
}

/* A sink that says that it has no panel: no error, even on a slow link, and a stream. */
static void test_no_panel(void)
{
	struct fixture f = {
		.video = VGA,
		.more = "wfd_connector_type: none\r\nwfd_display_edid: none\r\n",
		.config.kernel = TRUE,
		.stats.current_bit_rate = 1000000,
	};

	begin(&f);
	wait_until(is_plugged, &f);
	g_assert_cmpuint(kernel.info & MIRACAST_SESSION_MONITOR_CONNECTED, ==, 0);
	g_assert_cmpint(end(&f), ==, 0);
	clear(&f);
}

static guint count_modes(guint64 bit_rate, guint32 *info)
{
	struct fixture f = { .video = MANY, .config.kernel = TRUE, .stats.current_bit_rate = bit_rate };
	guint modes;

	begin(&f);
	wait_until(is_plugged, &f);
	modes = ((const struct miracast_plug *)kernel.plug->data)->num_modes;
	*info = kernel.info;
	g_assert_cmpint(end(&f), ==, 0);
	clear(&f);
	return modes;
}

/* A slow link leaves out modes, and the kernel is told so; a fast one, or an unknown one, does not. */
static void test_slower_link(void)
{
	const guint32 connected = MIRACAST_SESSION_MONITOR_CONNECTED;
	guint32 info, fast_info, slow_info;
	guint modes = count_modes(0, &info);
	guint fast_modes = count_modes(100000000, &fast_info);
	guint slow_modes = count_modes(2000000, &slow_info);

	g_assert_cmpuint(info, ==, connected);
	g_assert_cmpuint(fast_info, ==, connected);
	g_assert_cmpuint(slow_info, ==, connected | MIRACAST_SESSION_REDUCED_MODES);
	g_assert_cmpuint(fast_modes, ==, modes);
	g_assert_cmpuint(slow_modes, <, modes);
	g_assert_cmpuint(slow_modes, >, 1);
}

static void test_slow_link(void)
{
	struct fixture f = { .video = VGA, .stats.current_bit_rate = 1000000 };

	begin(&f);
	wait_until(is_done, &f);
	g_assert_cmpint(end(&f), ==, -ENOSPC);
	g_assert_cmpstr(kernel.ops->str, ==, "begin-start fail-start(-28) end-stop ");
	clear(&f);
}

int main(int argc, char *argv[])
{
	g_test_init(&argc, &argv, NULL);
	gst_init(NULL, NULL);
	g_assert_true(wfd_ts_mux_register());
	g_test_add_func("/umd-driver/R81-R86-statistics", test_statistics);
	g_test_add_func("/umd-driver/R55-messages", test_messages);
	g_test_add_func("/umd-driver/R34-R35-R67-R72-monitor", test_monitor);
	g_test_add_func("/umd-driver/R70-R71-R81-unplugged", test_unplugged);
	g_test_add_func("/umd-driver/R87-dropped", test_dropped);
	g_test_add_func("/umd-driver/R83-still-picture", test_still_picture);
	g_test_add_func("/umd-driver/R60-R63-R64-chunks", test_chunks);
	g_test_add_func("/umd-driver/R88-R89-data-rate", test_data_rate);
	g_test_add_func("/umd-driver/R29-R33-no-panel", test_no_panel);
	g_test_add_func("/umd-driver/R29-R30-slower-link", test_slower_link);
	g_test_add_func("/umd-driver/R32-link-too-slow", test_slow_link);
	return g_test_run();
}
