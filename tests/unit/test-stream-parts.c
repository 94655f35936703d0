// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The parts of the media pipeline that need neither elements nor a network: which picture
 * is which, which one is a key frame, how many lines the log gets; and the sender, for
 * which the tests play the kernel (writev is wrapped).
 */
#include <errno.h>
#include <string.h>
#include <sys/uio.h>

#include "encoder-load.h"
#include "key-frames.h"
#include "log-limit.h"
#include "media-delay.h"
#include "picture-times.h"
#include "rtp-sender.h"

#define MSEC_NS G_GINT64_CONSTANT(1000000)
#define SEC_US ((gint64)G_USEC_PER_SEC)

/* ------------------------------------------------------------------- picture-times */

static void push(struct picture_times *times, gint64 pts, guint64 seq)
{
	struct picture_time picture = { .pts = pts, .seq = seq };

	picture_times_push(times, &picture);
}

static guint64 pop(struct picture_times *times, gint64 pts)
{
	struct picture_time picture;

	return picture_times_pop(times, pts, &picture) ? picture.seq : 0;
}

static void test_oldest_first(void)
{
	struct picture_times times;

	picture_times_init(&times);
	g_assert_cmpuint(pop(&times, 5), ==, 0);
	push(&times, 100, 1);
	push(&times, 200, 2);
	g_assert_cmpuint(pop(&times, 7777), ==, 1);
	push(&times, 300, 3);
	g_assert_cmpuint(pop(&times, -1), ==, 2);
	g_assert_cmpuint(pop(&times, 300), ==, 3);
	g_assert_cmpuint(pop(&times, 300), ==, 0);
}

/* An encoder that drops pictures: seen where times are kept; where they are not, it cannot fall far behind. */
static void test_dropped(void)
{
	struct picture_times times;
	guint64 seq = 0;

	picture_times_init(&times);
	push(&times, 100, 1);
	push(&times, 200, 2);
	g_assert_cmpuint(pop(&times, 200), ==, 2);
	g_assert_cmpuint(pop(&times, -1), ==, 0);

	for (guint i = 1; i <= 100; i++) {
		push(&times, i * 1000, i);
		if (i % 3)
			seq = pop(&times, 5);
		g_assert_cmpuint(i - seq, <=, PICTURE_TIMES_MAX);
	}
}

/* What was inside the encoder before does not come out of this one. */
static void test_another_encoder(void)
{
	struct picture_times times;

	picture_times_init(&times);
	for (guint i = 1; i <= 4; i++) {
		struct picture_time picture = { .pts = i, .seq = i, .encoder = i / 3 };

		picture_times_push(&times, &picture);
	}
	picture_times_forget(&times, 1);
	g_assert_cmpuint(pop(&times, -1), ==, 3);
	picture_times_forget(&times, 2);
	g_assert_cmpuint(pop(&times, -1), ==, 0);
}

static void test_pts(void)
{
	struct picture_times times;

	picture_times_init(&times);
	/* Before the first PLAY. */
	g_assert_cmpint(picture_times_pts(&times, 0, -1), ==, 0);
	g_assert_cmpint(picture_times_pts(&times, 100 * MSEC_NS, 90 * MSEC_NS), ==, 90 * MSEC_NS);
	/* Not far in the future, not the same again, not older than the one before. */
	g_assert_cmpint(picture_times_pts(&times, 110 * MSEC_NS, 153 * MSEC_NS), ==, 110 * MSEC_NS);
	g_assert_cmpint(picture_times_pts(&times, 110 * MSEC_NS, 110 * MSEC_NS), ==, 110 * MSEC_NS + PICTURE_TIMES_STEP_NS);
	g_assert_cmpint(picture_times_pts(&times, 120 * MSEC_NS, 100 * MSEC_NS), ==, 110 * MSEC_NS + 2 * PICTURE_TIMES_STEP_NS);
	/* What was shown long ago is shown now. */
	g_assert_cmpint(picture_times_pts(&times, 9000 * MSEC_NS, 200 * MSEC_NS), >=, 8950 * MSEC_NS);
	g_assert_cmpint(picture_times_pts(&times, 0, -1), >, 8950 * MSEC_NS);
	/* The next vertical blank, also where the one before it was shown again meanwhile. */
	g_assert_cmpint(picture_times_pts(&times, 9100 * MSEC_NS, 9130 * MSEC_NS), ==, 9130 * MSEC_NS);
	g_assert_cmpint(picture_times_pts(&times, 9110 * MSEC_NS, -1), ==, 9130 * MSEC_NS + PICTURE_TIMES_STEP_NS);
	g_assert_cmpint(picture_times_pts(&times, 9134 * MSEC_NS, 9163 * MSEC_NS), ==, 9163 * MSEC_NS);
}

/* ---------------------------------------------------------------------- key-frames */

/* Pictures each @period, with a request every @asks; the longest time without a key frame, and their number. */
static gint64 longest_gap(gint64 period, gint64 asks, guint *number)
{
	struct key_frames keys = { 0 };
	gint64 begin = 1000 * SEC_US, last = begin, longest = 0;

	key_frames_restart(&keys);
	*number = 0;
	for (gint64 now = begin; now < begin + 60 * SEC_US; now += period) {
		if (asks && (now - begin) / asks != (now - begin - period) / asks)
			key_frames_ask(&keys);
		if (!key_frames_next(&keys, now))
			continue;
		if (*number)
			g_assert_cmpint(now - last, >=, KEY_FRAME_GAP_US);
		else
			g_assert_cmpint(now, ==, begin);
		longest = MAX(longest, now - last);
		last = now;
		++*number;
	}
	return MAX(longest, begin + 60 * SEC_US - last);
}

static void test_key_frames(void)
{
	static const gint64 periods[] = { SEC_US / 60, SEC_US / 30, SEC_US / 24, SEC_US / 5, SEC_US };
	guint number;

	for (guint i = 0; i < G_N_ELEMENTS(periods); i++) {
		g_assert_cmpint(longest_gap(periods[i], 0, &number), <=, KEY_FRAME_INTERVAL_US + periods[i]);
		g_assert_cmpuint(number, <=, 15);
		/* 50 requests a second: four key frames, or half of the pictures where they are further apart. */
		longest_gap(periods[i], SEC_US / 50, &number);
		g_assert_cmpuint(number, <=, 60 * 4 + 1);
		g_assert_cmpuint(number, >=, MIN(60 * 3, 30 * SEC_US / periods[i]) - 1);
	}
	g_assert_cmpint(KEY_FRAME_INTERVAL_US, <=, 5 * SEC_US);
}

static void test_key_frame_due(void)
{
	struct key_frames keys = { 0 };

	key_frames_restart(&keys);
	g_assert_true(key_frames_next(&keys, SEC_US));
	g_assert_cmpint(key_frames_due(&keys), ==, G_MAXINT64);
	key_frames_ask(&keys);
	g_assert_cmpint(key_frames_due(&keys), ==, SEC_US + KEY_FRAME_GAP_US);
	g_assert_false(key_frames_next(&keys, SEC_US + KEY_FRAME_GAP_US - 1));
	g_assert_true(key_frames_next(&keys, SEC_US + KEY_FRAME_GAP_US));
	g_assert_cmpint(key_frames_due(&keys), ==, G_MAXINT64);
	/* A new PLAY does not wait. */
	key_frames_restart(&keys);
	g_assert_true(key_frames_next(&keys, SEC_US + KEY_FRAME_GAP_US + 1));
}

/* Pictures in motion at @fps for a minute; the longest time without a key frame. */
static gint64 in_motion(struct key_frames *keys, guint fps, guint *number)
{
	gint64 last = 0, longest = 0;

	*number = 0;
	for (gint64 now = SEC_US; now < 61 * SEC_US; now += SEC_US / fps) {
		if (!key_frames_next(keys, now)) {
			key_frames_busy(keys);
			continue;
		}
		if (last)
			longest = MAX(longest, now - last);
		last = now;
		++*number;
	}
	return longest;
}

/* Behind a key frame that took 80 ms of the 133 to the next one, three pictures have what is left: they are in motion. */
static void test_key_frames_busy(void)
{
	const gsize share = 4000000 / 30, left = (4000000 / 1000 * 133 - 4000000 / 1000 * 80) / 3 / 8;

	g_assert_true(key_frames_is_busy(left, share));
	g_assert_true(key_frames_is_busy(share / 8, share));
	g_assert_false(key_frames_is_busy(left * 4 / 5, share));
	g_assert_false(key_frames_is_busy(0, share));
}

/* What a sink misses that tells nobody is there again within a fifth of a second, if all moves. */
static void test_key_frames_in_motion(void)
{
	static const guint rates[] = { 24, 30, 60 };
	struct key_frames keys = { 0 };
	gint64 longest;
	guint number;

	for (guint i = 0; i < G_N_ELEMENTS(rates); i++) {
		keys = (struct key_frames){ 0 };
		key_frames_restart(&keys);
		longest = in_motion(&keys, rates[i], &number);
		g_assert_cmpint(longest, <=, KEY_FRAME_BUSY_US + 2 * SEC_US / rates[i]);
		g_assert_cmpint(longest, <=, SEC_US / 5);
		g_assert_cmpuint(number, <=, 60 * SEC_US / KEY_FRAME_BUSY_US + 1);
	}
	/* Only what moves counts. */
	key_frames_restart(&keys);
	g_assert_true(key_frames_next(&keys, SEC_US));
	for (guint i = 0; i < KEY_FRAME_BUSY - 1; i++)
		key_frames_busy(&keys);
	g_assert_false(key_frames_next(&keys, 3 * SEC_US));
	key_frames_busy(&keys);
	g_assert_true(key_frames_next(&keys, 3 * SEC_US));
}

/* Who asks, or reports that all is there, gets none of them; who reports losses gets one, too. */
static void test_key_frames_told(void)
{
	struct key_frames keys = { 0 };
	guint number;

	key_frames_restart(&keys);
	key_frames_requested(&keys, 61 * SEC_US);
	in_motion(&keys, 30, &number);
	g_assert_cmpuint(number, <=, 16);
	keys = (struct key_frames){ 0 };
	key_frames_restart(&keys);
	key_frames_reported(&keys, FALSE, 61 * SEC_US);
	in_motion(&keys, 30, &number);
	g_assert_cmpuint(number, <=, 16);
	key_frames_reported(&keys, TRUE, 61 * SEC_US);
	g_assert_cmpint(key_frames_due(&keys), <, G_MAXINT64);
	key_frames_restart(&keys);
	in_motion(&keys, 30, &number);
	g_assert_cmpuint(number, >, 100);
}

/* Where packets get lost and the sink asks for nothing there are more; not for ever, and not once it misses nothing. */
static void test_key_frames_lossy(void)
{
	struct key_frames keys = { 0 };
	guint number, more;

	key_frames_restart(&keys);
	in_motion(&keys, 30, &number);
	keys = (struct key_frames){ 0 };
	key_frames_restart(&keys);
	key_frames_reported(&keys, TRUE, 0);
	g_assert_cmpint(in_motion(&keys, 30, &more), <=, SEC_US / 5);
	/* A quarter of the minute. */
	g_assert_cmpuint(more, >, number * 6 / 5);
	g_assert_cmpuint(more, <, number * 6 / 4);
	key_frames_reported(&keys, TRUE, 61 * SEC_US);
	key_frames_reported(&keys, FALSE, 0);
	keys.last_us = 0;
	in_motion(&keys, 30, &more);
	g_assert_cmpuint(more, <=, number);
}

/* ----------------------------------------------------------------------- log-limit */

static void test_log_limit(void)
{
	struct log_limit limit = { 0 };
	guint passed = 0, left_out, all_left_out = 0;

	/* Sixty a second for ten minutes. */
	for (guint i = 0; i < 60 * 600; i++) {
		if (log_limit_pass(&limit, SEC_US + i * SEC_US / 60, &left_out)) {
			passed++;
			all_left_out += left_out;
		}
	}
	g_assert_cmpuint(passed, ==, 10 * LOG_LIMIT_LINES);
	g_assert_true(log_limit_pass(&limit, 3600 * SEC_US, &left_out));
	/* Not one is forgotten. */
	g_assert_cmpuint(passed + 1 + all_left_out + left_out, ==, 60 * 600 + 1);
}

/* -------------------------------------------------------------------- encoder-load */

#define PERIOD_US (G_USEC_PER_SEC / 60)

/*
 * A desktop that draws 60 pictures a second, of which the newest is taken when the encoder has time and the
 * divisor allows it.  Pictures take @took_us; returns the time behind @us of that.
 */
static gint64 encode_for(struct encoder_load *load, gint64 now, gint64 us, gint64 took_us, guint *changes, guint *taken)
{
	const gint64 end = now + us;
	gint64 flip = now / PERIOD_US;

	while (now < end) {
		const guint n = encoder_load_divisor(load);
		gint64 begin = MAX(now, (flip + n) * PERIOD_US + (n > 1 ? PERIOD_US / 8 : 0));

		flip = begin / PERIOD_US;
		now = begin + took_us;
		*changes += encoder_load_sent(load, begin, now, now);
		(*taken)++;
	}
	return now;
}

static void test_load(void)
{
	struct encoder_load load;
	guint changes = 0, taken = 0;
	gint64 now = SEC_US;

	encoder_load_init(&load, 60);
	/* It keeps up, if only just. */
	now = encode_for(&load, now, 10 * SEC_US, PERIOD_US * 9 / 10, &changes, &taken);
	g_assert_cmpuint(encoder_load_divisor(&load), ==, 1);
	/* 25 ms a picture: half of them, within a third of a second; then each has the time that it needs. */
	now = encode_for(&load, now, SEC_US / 3, 25000, &changes, &taken);
	g_assert_cmpuint(encoder_load_divisor(&load), ==, 2);
	taken = 0;
	now = encode_for(&load, now, 10 * SEC_US, 25000, &changes, &taken);
	g_assert_cmpuint(changes, ==, 1);
	g_assert_cmpuint(taken, >=, 299);
	g_assert_cmpuint(taken, <=, 302);
	/* 60 ms: a quarter is the least there is. */
	now = encode_for(&load, now, 2 * SEC_US, 60000, &changes, &taken);
	g_assert_cmpuint(encoder_load_divisor(&load), ==, 4);
	now = encode_for(&load, now, 2 * SEC_US, 200000, &changes, &taken);
	g_assert_cmpuint(encoder_load_divisor(&load), ==, 4);
	/* And back, a step each two seconds. */
	changes = 0;
	now = encode_for(&load, now, 7 * SEC_US, 8000, &changes, &taken);
	g_assert_cmpuint(encoder_load_divisor(&load), ==, 1);
	g_assert_cmpuint(changes, ==, 3);
}

/* What is too slow again as soon as it was trusted is trusted later and later. */
static void test_load_relapse(void)
{
	struct encoder_load load;
	guint changes = 0, taken = 0;
	gint64 now = SEC_US;

	encoder_load_init(&load, 60);
	/* Quick where half the pictures come, slow where all do. */
	for (gint64 end = now + 120 * SEC_US; now < end;)
		now = encode_for(&load, now, 1, encoder_load_divisor(&load) == 1 ? 25000 : 11000, &changes, &taken);
	g_assert_cmpuint(changes, >=, 8);
	g_assert_cmpuint(changes, <=, 16);
}

/* Not even half of the pictures, for a while: that is said, once, with what one of them takes. */
static void test_load_too_slow(void)
{
	struct encoder_load load;
	guint changes = 0, taken = 0;
	gint64 now = SEC_US, slow_us;

	encoder_load_init(&load, 60);
	/* Half of them are not too many, however long. */
	now = encode_for(&load, now, 60 * SEC_US, 30000, &changes, &taken);
	g_assert_cmpint(encoder_load_too_slow(&load), ==, 0);
	/* A compiler runs for some seconds, again and again. */
	for (guint i = 0; i < 6; i++) {
		now = encode_for(&load, now, 8 * SEC_US, 60000, &changes, &taken);
		g_assert_cmpint(encoder_load_too_slow(&load), ==, 0);
		now = encode_for(&load, now, 8 * SEC_US, 30000, &changes, &taken);
	}
	/* Slow it is, but two pictures a second are not too many for it. */
	now = encode_for(&load, now, 3 * SEC_US, 60000, &changes, &taken);
	g_assert_cmpuint(encoder_load_divisor(&load), >, 2);
	for (guint i = 0; i < 120; i++) {
		now += SEC_US / 2;
		encoder_load_sent(&load, now, now + 60000, now + 60000);
		g_assert_cmpint(encoder_load_too_slow(&load), ==, 0);
	}
	now = encode_for(&load, now, 12 * SEC_US, 60000, &changes, &taken);
	slow_us = encoder_load_too_slow(&load);
	g_assert_cmpint(slow_us, >, 59900);
	g_assert_cmpint(slow_us, <=, 60000);
	now = encode_for(&load, now, 60 * SEC_US, 60000, &changes, &taken);
	g_assert_cmpint(encoder_load_too_slow(&load), ==, 0);
}

/* It is the network that takes the time: another mode is not what helps. */
static void test_load_slow_network(void)
{
	struct encoder_load load;
	gint64 now = SEC_US;

	encoder_load_init(&load, 60);
	for (guint i = 0; i < 1000; i++) {
		encoder_load_sent(&load, now, now + 20000, now + 80000);
		now += 81000;
	}
	g_assert_cmpuint(encoder_load_divisor(&load), ==, LOAD_MOST);
	g_assert_cmpint(encoder_load_too_slow(&load), ==, 0);
}

/* A slow encoder harms nobody on a desktop where little happens. */
static void test_load_idle(void)
{
	struct encoder_load load;

	encoder_load_init(&load, 60);
	for (guint i = 1; i < 200; i++)
		g_assert_false(encoder_load_sent(&load, i * 125000, i * 125000 + 30000, i * 125000 + 30000));
	/* Nor where an encoder works on several at a time. */
	for (guint i = 1; i < 200; i++)
		g_assert_false(encoder_load_sent(&load, 30 * SEC_US + i * PERIOD_US, 30 * SEC_US + i * PERIOD_US + 40000,
						 30 * SEC_US + i * PERIOD_US + 40000));
	g_assert_cmpint(encoder_load_too_slow(&load), ==, 0);
}

/* ---------------------------------------------------------------------- rtp-sender */

static struct {
	gint error; /* 0: packets are taken */
	guint error_at; /* ... or only this one of a list, from 1 */
	guint taken;
	guint calls;
	guint burst; /* packets without a gap */
	guint largest; /* ... at most */
	guint gaps;
	gint64 slept_us; /* in them */
	gint64 time_us; /* added to the clock */
	gint64 stopped_us; /* the clock stands at this, but for the above; 0: it does not */
	guint8 last[16]; /* how the latest one begins */
} kernel;

ssize_t __wrap_writev(int fd, const struct iovec *vectors, int n);
gint64 __wrap_g_get_monotonic_time(void);
gint64 __real_g_get_monotonic_time(void);

gint64 __wrap_g_get_monotonic_time(void)
{
	return (kernel.stopped_us ? kernel.stopped_us : __real_g_get_monotonic_time()) + kernel.time_us;
}

void __wrap_g_usleep(gulong us);

void __wrap_g_usleep(gulong us)
{
	kernel.gaps++;
	kernel.slept_us += us;
	kernel.burst = 0;
}

ssize_t __wrap_writev(int fd, const struct iovec *vectors, int n)
{
	ssize_t size = 0;

	kernel.burst++;
	kernel.largest = MAX(kernel.largest, kernel.burst);
	if (kernel.error && (!kernel.error_at || kernel.error_at == ++kernel.calls)) {
		errno = kernel.error;
		return -1;
	}
	memcpy(kernel.last, vectors[0].iov_base, MIN(sizeof(kernel.last), vectors[0].iov_len));
	for (int i = 0; i < n; i++)
		size += vectors[i].iov_len;
	kernel.taken++;
	return size;
}

struct owner {
	guint recovered;
	guint lost;
	guint lines;
};

static void recovered(gpointer data)
{
	((struct owner *)data)->recovered++;
}

static void lost(const char *message, gpointer data)
{
	((struct owner *)data)->lost++;
	g_assert_nonnull(strstr(message, "15 s"));
}

static const struct rtp_sender_funcs sender_funcs = { recovered, lost };

static GLogWriterOutput count_line(GLogLevelFlags level, const GLogField *fields, gsize n, gpointer data)
{
	((struct owner *)data)->lines += level == G_LOG_LEVEL_MESSAGE;
	return G_LOG_WRITER_HANDLED;
}

static struct owner owner;

static rtp_sender *begin_sending(GSocket **socket)
{
	g_autoptr(GError) error = NULL;

	memset(&kernel, 0, sizeof(kernel));
	memset(&owner, 0, sizeof(owner));
	*socket = g_socket_new(G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_DATAGRAM, G_SOCKET_PROTOCOL_UDP, &error);
	g_assert_no_error(error);
	return rtp_sender_new(*socket, 40, &sender_funcs, &owner);
}

/* A picture of @n packets of header and payload, each of @size bytes in the network. */
static guint send_packets(rtp_sender *sender, guint n, gsize payload, gsize size)
{
	g_autoptr(GstBufferList) list = gst_buffer_list_new();
	struct rtp_sending sending;
	guint sent;

	for (guint i = 0; i < n; i++) {
		GstBuffer *buffer = gst_buffer_new_allocate(NULL, 12, NULL);

		gst_buffer_memset(buffer, 0, 0, 12);
		gst_buffer_append_memory(buffer, gst_allocator_alloc(NULL, payload, NULL));
		gst_buffer_list_add(list, buffer);
	}
	sent = rtp_sender_send(sender, list, &sending);
	g_assert_cmpuint(sending.packets, ==, sent);
	g_assert_cmpuint(sending.bytes, ==, sent * size);
	return sent;
}

static guint send_picture(rtp_sender *sender, guint n)
{
	return send_packets(sender, n, 1316, 1328);
}

static guint64 record_number(void)
{
	guint64 number;

	memcpy(&number, kernel.last + 3, sizeof(number));
	return GUINT64_FROM_BE(number);
}

/* Each packet is a record, and no two have one number, whoever sends them and whatever becomes of them. */
static void test_sealed(void)
{
	const struct rtp_seal_config config = { .key_len = 16, .sequence = 1000 };
	const guint64 epoch = G_GUINT64_CONSTANT(1) << 48;
	g_autoptr(rtp_seal) seal = rtp_seal_new(&config, NULL);
	g_autoptr(GSocket) socket = NULL, again = NULL;
	rtp_sender *sender = begin_sending(&socket);

	rtp_sender_seal(sender, seal);
	g_assert_cmpuint(send_packets(sender, 100, 1316, 1328 + RTP_SEAL_OVERHEAD), ==, 100);
	g_assert_cmpmem(kernel.last, 3, "\x17\xfe\xfd", 3);
	g_assert_cmpuint(record_number(), ==, epoch + 1099);
	/* Refused ones have had theirs. */
	kernel.error = EPERM;
	g_assert_cmpuint(send_packets(sender, 3, 1316, 1328 + RTP_SEAL_OVERHEAD), ==, 0);
	kernel.error = 0;
	g_assert_cmpuint(send_packets(sender, 1, 1316, 1328 + RTP_SEAL_OVERHEAD), ==, 1);
	g_assert_cmpuint(record_number(), ==, epoch + 1103);
	/* What is too long to be encrypted does not leave as it is. */
	g_assert_cmpuint(send_packets(sender, 2, RTP_SEAL_MAX_PACKET, 0), ==, 0);
	rtp_sender_free(sender);
	sender = begin_sending(&again);
	rtp_sender_seal(sender, seal);
	g_assert_cmpuint(send_packets(sender, 1, 188, 200 + RTP_SEAL_OVERHEAD), ==, 1);
	g_assert_cmpuint(record_number(), ==, epoch + 1104);
	rtp_sender_free(sender);
}

static void test_sends(void)
{
	g_autoptr(GSocket) socket = NULL;
	rtp_sender *sender = begin_sending(&socket);

	g_assert_cmpuint(send_picture(sender, 1), ==, 1);
	g_assert_cmpuint(send_picture(sender, 200), ==, 200);
	g_assert_cmpuint(kernel.taken, ==, 201);
	g_assert_cmpuint(owner.recovered + owner.lost + owner.lines, ==, 0);
	rtp_sender_free(sender);
}

/*
 * A key frame is no burst that a sink's socket cannot hold, but spread evenly over what it may be, and no
 * longer; a picture as there are many leaves at once.  By the gaps that are asked for: how long they get is
 * the machine's matter.
 */
static void check_spread(rtp_sender *sender, gint64 spread_us)
{
	static const guint sizes[] = { 1, 32, 33, 48, 81, 96, 130, 400 };

	rtp_sender_set_spread(sender, spread_us);
	for (guint i = 0; i < G_N_ELEMENTS(sizes); i++) {
		const guint n = sizes[i];
		gint64 most = MAX(spread_us, (n - 1) / 32 * 500);

		kernel.burst = kernel.largest = kernel.gaps = 0;
		kernel.slept_us = 0;
		g_assert_cmpuint(send_picture(sender, n), ==, n);
		g_test_message("%u packets: %u gaps, %" G_GINT64_FORMAT " us", n, kernel.gaps, kernel.slept_us);
		g_assert_cmpuint(kernel.largest, <=, 32);
		g_assert_cmpint(kernel.slept_us, <=, most);
		if (n <= 32)
			g_assert_cmpuint(kernel.gaps, ==, 0);
		if (n >= 96)
			g_assert_cmpint(kernel.slept_us, >=, spread_us * 95 / 100);
		/* As evenly as gaps of a millisecond make it. */
		if (n == 81 && spread_us >= 8000)
			g_assert_cmpuint(kernel.largest, <=, 16);
	}
}

static void test_large_picture(void)
{
	g_autoptr(GSocket) socket = NULL;
	rtp_sender *sender = begin_sending(&socket);

	check_spread(sender, 0);
	for (guint latency = 0; latency < CHANNEL_N_LATENCIES; latency++) {
		check_spread(sender, media_delay_spread_us(latency, 30));
		check_spread(sender, media_delay_spread_us(latency, 60));
	}
	rtp_sender_free(sender);
}

/* What counts more is what the words say: the lag, and what a key frame is spread over. */
static void test_delay(void)
{
	static const guint rates[] = { 24, 30, 60 };

	for (guint i = 0; i < G_N_ELEMENTS(rates); i++) {
		const GstClockTime period = GST_SECOND / rates[i];

		g_assert_cmpuint(media_delay_lag(CHANNEL_LATENCY_LOW, 0, rates[i]), <=, period + 5 * GST_MSECOND);
		g_assert_cmpuint(media_delay_lag(CHANNEL_LATENCY_NORMAL, 0, rates[i]), <=, period + 10 * GST_MSECOND);
		g_assert_cmpuint(media_delay_lag(CHANNEL_LATENCY_NORMAL, 0, rates[i]), >, period);
		g_assert_cmpuint(media_delay_lag(CHANNEL_LATENCY_HIGH, 0, rates[i]), >=, 100 * GST_MSECOND);
		/* With what the sink may take, WFDPE: 500 ms. */
		g_assert_cmpuint(media_delay_lag(CHANNEL_LATENCY_HIGH, 0, rates[i]), <=, 200 * GST_MSECOND);
		for (guint latency = 0; latency < CHANNEL_N_LATENCIES; latency++) {
			g_assert_cmpuint(media_delay_lag(latency, 300, rates[i]), ==, 300 * GST_MSECOND);
			g_assert_cmpint(media_delay_spread_us(latency, rates[i]), <=, period / 1000);
			g_assert_cmpint(media_delay_spread_us(latency, rates[i]), >=, period / 4100);
		}
	}
}

/* One packet that the kernel refuses costs that packet, and a key frame. */
static void test_one_refused(void)
{
	static const gint errors[] = { ENOBUFS, EPERM, EMSGSIZE, EHOSTUNREACH, EDESTADDRREQ };

	for (guint i = 0; i < G_N_ELEMENTS(errors); i++) {
		g_autoptr(GSocket) socket = NULL;
		rtp_sender *sender = begin_sending(&socket);

		kernel.error = errors[i];
		kernel.error_at = 5;
		g_assert_cmpuint(send_picture(sender, 81), ==, 80);
		g_assert_cmpuint(owner.recovered, ==, 0);
		g_assert_cmpuint(send_picture(sender, 3), ==, 3);
		g_assert_cmpuint(owner.recovered, ==, 1);
		g_assert_cmpuint(send_picture(sender, 3), ==, 3);
		g_assert_cmpuint(owner.recovered, ==, 1);
		g_assert_cmpuint(owner.lost, ==, 0);
		rtp_sender_free(sender);
	}
}

/* That a packet came to a closed port is told by the next call, which has sent nothing. */
static void test_closed_port(void)
{
	g_autoptr(GSocket) socket = NULL;
	rtp_sender *sender = begin_sending(&socket);

	kernel.error = ECONNREFUSED;
	kernel.error_at = 5;
	g_assert_cmpuint(send_picture(sender, 81), ==, 81);
	g_assert_cmpuint(kernel.taken, ==, 81);
	g_assert_cmpuint(owner.recovered + owner.lost + owner.lines, ==, 0);
	/* A kernel that says nothing else is no reason to go on for ever. */
	kernel.error_at = 0;
	g_assert_cmpuint(send_picture(sender, 3), ==, 0);
	rtp_sender_free(sender);
}

/* The interface is down for 12 s: a few lines, the session goes on. For 20 s: once, it is lost. */
static void test_network_down(void)
{
	static const struct {
		gint error;
		guint seconds;
		gboolean lost;
	} cases[] = {
		{ ENETUNREACH, 2, FALSE }, { ENETUNREACH, 12, FALSE }, { ENETDOWN, 12, FALSE },
		{ ENETUNREACH, 60, TRUE }, { ENODEV, 60, TRUE },       { ENOBUFS, 60, TRUE },
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GSocket) socket = NULL;
		rtp_sender *sender = begin_sending(&socket);

		/* However long the test itself takes. */
		kernel.stopped_us = __real_g_get_monotonic_time();
		send_picture(sender, 3);
		kernel.error = cases[i].error;
		for (guint n = 0; n < cases[i].seconds * 60; n++) {
			g_assert_cmpuint(send_picture(sender, 20), ==, 0);
			kernel.time_us += SEC_US / 60;
		}
		g_assert_cmpuint(owner.lines, <=, 3 * (1 + cases[i].seconds / 60));
		g_assert_cmpuint(owner.lost, ==, cases[i].lost);
		kernel.error = 0;
		g_assert_cmpuint(send_picture(sender, 20), ==, 20);
		g_assert_cmpuint(owner.recovered, ==, 1);
		rtp_sender_free(sender);
	}
}

int main(int argc, char **argv)
{
	gst_init(&argc, &argv);
	g_test_init(&argc, &argv, NULL);
	g_log_set_writer_func(count_line, &owner, NULL);
	g_test_add_func("/picture-times/oldest-first", test_oldest_first);
	g_test_add_func("/picture-times/dropped", test_dropped);
	g_test_add_func("/picture-times/another-encoder", test_another_encoder);
	g_test_add_func("/picture-times/pts", test_pts);
	g_test_add_func("/key-frames/by-time", test_key_frames);
	g_test_add_func("/key-frames/due", test_key_frame_due);
	g_test_add_func("/key-frames/busy", test_key_frames_busy);
	g_test_add_func("/key-frames/in-motion", test_key_frames_in_motion);
	g_test_add_func("/key-frames/told", test_key_frames_told);
	g_test_add_func("/key-frames/lossy", test_key_frames_lossy);
	g_test_add_func("/log-limit", test_log_limit);
	g_test_add_func("/rtp-sender/sends", test_sends);
	g_test_add_func("/rtp-sender/sealed", test_sealed);
	g_test_add_func("/media-delay", test_delay);
	g_test_add_func("/encoder-load/slower", test_load);
	g_test_add_func("/encoder-load/relapse", test_load_relapse);
	g_test_add_func("/encoder-load/idle", test_load_idle);
	g_test_add_func("/encoder-load/too-slow", test_load_too_slow);
	g_test_add_func("/encoder-load/slow-network", test_load_slow_network);
	g_test_add_func("/rtp-sender/large-picture", test_large_picture);
	g_test_add_func("/rtp-sender/one-refused", test_one_refused);
	g_test_add_func("/rtp-sender/closed-port", test_closed_port);
	g_test_add_func("/rtp-sender/network-down", test_network_down);
	return g_test_run();
}
