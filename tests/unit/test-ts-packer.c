/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-ts-packer.c - the packets of the transport stream, byte by byte
 *
 * What was written is read back by a small reader of its own; tables and PES
 * headers are compared with bytes put together by hand from the specification.
 */
#include <glib.h>
#include <string.h>

#include "ts-packer.h"

#define MSEC G_GINT64_CONSTANT(1000000)
#define SEC (1000 * MSEC)

/* Reader */

struct packet {
	guint pid;
	gboolean unit_start;
	guint counter;
	gboolean has_payload;
	gboolean random_access;
	gboolean discontinuity;
	gboolean has_pcr;
	guint64 pcr; /* 27 MHz */
	const guint8 *payload;
	gsize size;
};

static void read_packet(const guint8 *p, struct packet *packet)
{
	guint control = p[3] >> 4 & 3;
	gsize at = 4;

	g_assert_cmphex(p[0], ==, 0x47);
	g_assert_cmphex(p[1] & 0x80, ==, 0);
	g_assert_cmphex(p[3] & 0xc0, ==, 0);
	memset(packet, 0, sizeof(*packet));
	packet->unit_start = (p[1] & 0x40) != 0;
	packet->pid = (p[1] & 0x1f) << 8 | p[2];
	packet->counter = p[3] & 0x0f;
	packet->has_payload = (control & 1) != 0;
	if (control & 2) {
		gsize length = p[4];

		g_assert_cmpuint(length, <=, packet->has_payload ? 182 : 183);
		at += 1 + length;
		if (length > 0) {
			packet->discontinuity = (p[5] & 0x80) != 0;
			packet->random_access = (p[5] & 0x40) != 0;
			packet->has_pcr = (p[5] & 0x10) != 0;
		}
		if (packet->has_pcr) {
			guint64 base = (guint64)p[6] << 25 | p[7] << 17 | p[8] << 9 | p[9] << 1 | p[10] >> 7;

			packet->pcr = base * 300 + ((p[10] & 1) << 8 | p[11]);
		}
		for (gsize i = packet->has_pcr ? 12 : 6; length > 0 && i < at; i++)
			g_assert_cmphex(p[i], ==, 0xff);
	}
	packet->payload = p + at;
	packet->size = WFD_TS_PACKET_SIZE - at;
}

static guint count_packets(const GByteArray *out)
{
	g_assert_cmpuint(out->len % WFD_TS_PACKET_SIZE, ==, 0);
	return out->len / WFD_TS_PACKET_SIZE;
}

/* The payload of one PID, which must start with a unit. */
static GByteArray *payload_of(const GByteArray *out, guint pid)
{
	GByteArray *payload = g_byte_array_new();

	for (guint i = 0; i < count_packets(out); i++) {
		struct packet packet;

		read_packet(out->data + i * WFD_TS_PACKET_SIZE, &packet);
		if (packet.pid != pid)
			continue;
		g_assert_true(packet.unit_start == (payload->len == 0));
		g_byte_array_append(payload, packet.payload, packet.size);
	}
	return payload;
}

static gboolean find_packet(const GByteArray *out, guint pid, struct packet *packet)
{
	for (guint i = 0; i < count_packets(out); i++) {
		read_packet(out->data + i * WFD_TS_PACKET_SIZE, packet);
		if (packet->pid == pid)
			return TRUE;
	}
	return FALSE;
}

static guint64 read_timestamp(const guint8 *p)
{
	return (guint64)(p[0] >> 1 & 7) << 30 | p[1] << 22 | (p[2] >> 1) << 15 | p[3] << 7 | p[4] >> 1;
}

/* Writer's helpers */

static const struct wfd_ts_format h264 = { WFD_TS_CODEC_H264, 0x42, 0xc0, 0x1f };
static const struct wfd_ts_format lpcm = { WFD_TS_CODEC_LPCM, .rate = 48000, .channels = 2 };
static const struct wfd_ts_format aac = { WFD_TS_CODEC_AAC, .rate = 48000, .channels = 2 };
static const struct wfd_ts_format ac3 = { WFD_TS_CODEC_AC3, .rate = 48000, .channels = 2 };

static struct wfd_ts_packer *new_packer(const struct wfd_ts_format *video, const struct wfd_ts_format *audio)
{
	struct wfd_ts_packer *packer = wfd_ts_packer_new();

	if (video)
		g_assert_true(wfd_ts_packer_set_format(packer, WFD_TS_VIDEO, video));
	if (audio)
		g_assert_true(wfd_ts_packer_set_format(packer, WFD_TS_AUDIO, audio));
	return packer;
}

static guint pack(struct wfd_ts_packer *packer, enum wfd_ts_stream stream, const guint8 *data, gsize size,
		  gint64 pts, gint64 now, gboolean random_access, GByteArray *out)
{
	struct wfd_ts_access_unit au = {
		.stream = stream,
		.slices = { { data, size } },
		.n_slices = 1,
		.pts = pts,
		.dts = pts,
		.now = now,
		.random_access = random_access,
	};

	return wfd_ts_packer_pack(packer, &au, out);
}

/* Tests */

static void assert_section(const guint8 *packet, const char *hex)
{
	g_autoptr(GString) got = g_string_new(NULL);
	gsize size = strlen(hex) / 2;

	g_assert_cmphex(packet[4], ==, 0); /* pointer_field */
	for (gsize i = 0; i < size; i++)
		g_string_append_printf(got, "%02x", packet[5 + i]);
	g_assert_cmpstr(got->str, ==, hex);
	for (gsize i = 5 + size; i < WFD_TS_PACKET_SIZE; i++)
		g_assert_cmphex(packet[i], ==, 0xff);
}

static void test_tables(void)
{
	g_autoptr(wfd_ts_packer) packer = new_packer(&h264, &lpcm);
	g_autoptr(GByteArray) out = g_byte_array_new();
	const guint8 byte = 0;
	struct packet packet;

	pack(packer, WFD_TS_VIDEO, &byte, 1, 0, 0, TRUE, out);
	g_assert_cmpuint(count_packets(out), ==, 4);

	read_packet(out->data, &packet);
	g_assert_cmphex(packet.pid, ==, 0x0000);
	assert_section(out->data, "00b00d0001c100000001e100e8f95e7d");

	read_packet(out->data + 188, &packet);
	g_assert_cmphex(packet.pid, ==, 0x0100);
	assert_section(out->data + 188, "02b0250001c10000f000f000"
					"1bf011f00a280442c01f3f2a027e1f"
					"83f100f0048302462f"
					"d25017d6");

	read_packet(out->data + 2 * 188, &packet);
	g_assert_cmphex(packet.pid, ==, 0x1000);
	g_assert_true(packet.has_pcr && !packet.has_payload && packet.discontinuity);

	read_packet(out->data + 3 * 188, &packet);
	g_assert_cmphex(packet.pid, ==, 0x1011);
	g_assert_true(packet.random_access && packet.unit_start);
}

static void test_codecs(void)
{
	static const struct {
		const struct wfd_ts_format *format;
		const char *entry; /* in the PMT */
		guint8 stream_id;
	} cases[] = {
		{ &aac, "0ff100f0052b03010200", 0xc0 },
		{ &ac3, "81f100f006050441432d33", 0xbd },
		{ &lpcm, "83f100f0048302462f", 0xbd },
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(wfd_ts_packer) packer = new_packer(NULL, cases[i].format);
		g_autoptr(GByteArray) out = g_byte_array_new();
		g_autoptr(GByteArray) pes = NULL;
		g_autoptr(GString) got = g_string_new(NULL);
		const guint8 data[WFD_TS_LPCM_BYTES] = { 0 };

		pack(packer, WFD_TS_AUDIO, data, sizeof(data), 0, 0, FALSE, out);
		for (gsize n = 0; n < strlen(cases[i].entry) / 2; n++)
			g_string_append_printf(got, "%02x", out->data[188 + 5 + 12 + n]);
		g_assert_cmpstr(got->str, ==, cases[i].entry);
		pes = payload_of(out, WFD_TS_PID_AUDIO);
		g_assert_cmphex(pes->data[3], ==, cases[i].stream_id);
	}
}

static void test_formats_refused(void)
{
	static const struct wfd_ts_format bad[] = {
		{ WFD_TS_CODEC_H264 },
		{ WFD_TS_N_CODECS },
		{ WFD_TS_CODEC_LPCM, .rate = 32000, .channels = 2 },
		{ WFD_TS_CODEC_LPCM, .rate = 48000, .channels = 1 },
		{ WFD_TS_CODEC_AAC, .rate = 48000, .channels = 9 },
		{ WFD_TS_CODEC_AAC, .rate = 48000, .channels = 0 },
	};
	g_autoptr(wfd_ts_packer) packer = wfd_ts_packer_new();

	for (guint i = 0; i < G_N_ELEMENTS(bad); i++)
		g_assert_false(wfd_ts_packer_set_format(packer, WFD_TS_AUDIO, &bad[i]));
	g_assert_false(wfd_ts_packer_set_format(packer, WFD_TS_VIDEO, &lpcm));
	g_assert_false(wfd_ts_packer_set_pmt_pid(packer, 0x000f));
	g_assert_false(wfd_ts_packer_set_pmt_pid(packer, 0x1fff));
	g_assert_false(wfd_ts_packer_set_pmt_pid(packer, WFD_TS_PID_PCR));
	g_assert_false(wfd_ts_packer_set_pmt_pid(packer, WFD_TS_PID_VIDEO));
}

/* Every length near the borders of packets, and pictures too long for a PES length. */
static void test_payload(void)
{
	g_autoptr(wfd_ts_packer) packer = new_packer(&h264, NULL);
	guint expected = 0;
	gint64 time = 0;

	for (gsize size = 1; size < 200000; size = size < 800 ? size + 1 : size * 3 + 7) {
		g_autoptr(GByteArray) out = g_byte_array_new();
		g_autoptr(GByteArray) pes = NULL;
		g_autofree guint8 *data = g_malloc(size);
		gsize length = size + 8;

		for (gsize i = 0; i < size; i++)
			data[i] = i * 7 + size;
		pack(packer, WFD_TS_VIDEO, data, size, time, time, size % 3 == 0, out);
		time += 10 * MSEC;

		for (guint i = 0; i < count_packets(out); i++) {
			struct packet packet;

			read_packet(out->data + i * WFD_TS_PACKET_SIZE, &packet);
			if (packet.pid != WFD_TS_PID_VIDEO)
				continue;
			g_assert_cmpuint(packet.counter, ==, expected);
			expected = (expected + 1) & 15;
			g_assert_true(packet.random_access == (packet.unit_start && size % 3 == 0));
		}
		pes = payload_of(out, WFD_TS_PID_VIDEO);
		g_assert_cmpmem(pes->data, 4, "\x00\x00\x01\xe0", 4);
		g_assert_cmpuint(pes->data[4] << 8 | pes->data[5], ==, length <= 65535 ? length : 0);
		g_assert_cmpmem(pes->data + 6, 3, "\x84\x80\x05", 3);
		g_assert_cmpmem(pes->data + 14, pes->len - 14, data, size);
	}
}

static void test_slices_join(void)
{
	g_autoptr(wfd_ts_packer) packer = new_packer(&h264, NULL);
	g_autoptr(GByteArray) out = g_byte_array_new();
	g_autoptr(GByteArray) pes = NULL;
	struct wfd_ts_access_unit au = {
		.slices = { { (const guint8 *)"ab", 2 }, { NULL, 0 }, { (const guint8 *)"c", 1 },
			    { (const guint8 *)"def", 3 } },
		.n_slices = 4,
	};

	wfd_ts_packer_pack(packer, &au, out);
	pes = payload_of(out, WFD_TS_PID_VIDEO);
	g_assert_cmpmem(pes->data + 14, pes->len - 14, "abcdef", 6);
}

static void test_lpcm_exact(void)
{
	static const guint8 header[] = {
		0x00, 0x00, 0x01, 0xbd, 0x07, 0x8e, 0x84, 0x80, 0x07, 0x21, 0x00, 0x37, 0x77, 0x41, 0xff, 0xff,
		0xa0, 0x06, 0x00, 0x11,
	};
	g_autoptr(wfd_ts_packer) packer = new_packer(NULL, &lpcm);
	g_autoptr(GByteArray) out = g_byte_array_new();
	g_autoptr(GByteArray) pes = NULL;
	guint8 data[WFD_TS_LPCM_BYTES];

	for (guint i = 0; i < sizeof(data); i++)
		data[i] = i;
	/* PTS 0 is written as 10 s: 900000 = 0xdbba0 */
	pack(packer, WFD_TS_AUDIO, data, sizeof(data), 0, 0, FALSE, out);
	pes = payload_of(out, WFD_TS_PID_AUDIO);
	g_assert_cmpuint(read_timestamp(pes->data + 9), ==, 900000);
	g_assert_cmpmem(pes->data, sizeof(header), header, sizeof(header));
	g_assert_cmpmem(pes->data + sizeof(header), pes->len - sizeof(header), data, sizeof(data));
}

static void test_lpcm_44100(void)
{
	static const struct wfd_ts_format format = { WFD_TS_CODEC_LPCM, .rate = 44100, .channels = 2 };
	g_autoptr(wfd_ts_packer) packer = new_packer(NULL, &format);
	g_autoptr(GByteArray) out = g_byte_array_new();
	g_autoptr(GByteArray) pes = NULL;
	const guint8 data[WFD_TS_LPCM_BYTES] = { 0 };

	pack(packer, WFD_TS_AUDIO, data, sizeof(data), 0, 0, FALSE, out);
	g_assert_cmphex(out->data[188 + 5 + 12 + 7], ==, 0x26);
	pes = payload_of(out, WFD_TS_PID_AUDIO);
	g_assert_cmphex(pes->data[19], ==, 0x09);
}

static void test_dts(void)
{
	g_autoptr(wfd_ts_packer) packer = new_packer(&h264, NULL);
	g_autoptr(GByteArray) out = g_byte_array_new();
	g_autoptr(GByteArray) pes = NULL;
	struct wfd_ts_access_unit au = {
		.slices = { { (const guint8 *)"x", 1 } },
		.n_slices = 1,
		.pts = 2 * SEC,
		.dts = SEC,
		.now = SEC,
	};

	wfd_ts_packer_pack(packer, &au, out);
	pes = payload_of(out, WFD_TS_PID_VIDEO);
	g_assert_cmpmem(pes->data + 6, 3, "\x84\xc0\x0a", 3);
	g_assert_cmphex(pes->data[9] >> 4, ==, 3);
	g_assert_cmphex(pes->data[14] >> 4, ==, 1);
	g_assert_cmpuint(read_timestamp(pes->data + 9), ==, 12 * 90000);
	g_assert_cmpuint(read_timestamp(pes->data + 14), ==, 11 * 90000);
}

/* PTS and PCR pass 2^33 ticks (26.5 h) without a jump. */
static void test_wrap(void)
{
	const gint64 wrap = (G_GINT64_CONSTANT(1) << 33) * 100000 / 9 - WFD_TS_TIME_BASE;
	const guint64 mask = (G_GUINT64_CONSTANT(1) << 33) - 1;
	g_autoptr(wfd_ts_packer) packer = new_packer(&h264, NULL);
	guint64 last_pts = 0, last_pcr = 0;
	gboolean pts_wrapped = FALSE, pcr_wrapped = FALSE;

	for (gint64 time = wrap - SEC; time < wrap + SEC; time += 40 * MSEC) {
		g_autoptr(GByteArray) out = g_byte_array_new();
		g_autoptr(GByteArray) pes = NULL;
		const guint8 byte = 0;
		struct packet packet;
		guint64 pts;

		pack(packer, WFD_TS_VIDEO, &byte, 1, time, time, FALSE, out);
		pes = payload_of(out, WFD_TS_PID_VIDEO);
		pts = read_timestamp(pes->data + 9);
		g_assert_cmpuint(pts, ==, wfd_ts_time_to_90k(time));
		g_assert_true(find_packet(out, WFD_TS_PID_PCR, &packet));
		if (time > wrap - SEC) {
			g_assert_cmpuint(((pts - last_pts) & mask), ==, 3600);
			g_assert_cmpuint((packet.pcr / 300 - last_pcr) & mask, ==, 3600);
			g_assert_false(packet.discontinuity);
			pts_wrapped |= pts < last_pts;
			pcr_wrapped |= packet.pcr / 300 < last_pcr;
		}
		last_pts = pts;
		last_pcr = packet.pcr / 300;
	}
	g_assert_true(pts_wrapped);
	g_assert_true(pcr_wrapped);
}

struct clockwork {
	struct wfd_ts_packer *packer;
	gint64 last_psi;
	gint64 last_pcr;
	guint64 pcr;
	gboolean started;
	guint idle;
};

/* What left at @now: neither tables nor clock came more than 100 ms after the last, nor went back. */
static void check_clockwork(struct clockwork *c, const GByteArray *out, guint wrote, gint64 now)
{
	struct packet packet;

	g_assert_true(!!(wrote & WFD_TS_WROTE_PSI) == find_packet(out, WFD_TS_PID_PMT, &packet));
	g_assert_true(!!(wrote & WFD_TS_WROTE_PCR) == find_packet(out, WFD_TS_PID_PCR, &packet));
	if (wrote & WFD_TS_WROTE_PSI) {
		g_assert_cmpint(now - c->last_psi, <=, c->started ? 100 * MSEC : now);
		c->last_psi = now;
	}
	if (wrote & WFD_TS_WROTE_PCR) {
		g_assert_cmpint(now - c->last_pcr, <=, c->started ? 100 * MSEC : now);
		g_assert_cmpuint(packet.pcr, >, c->pcr);
		c->last_pcr = now;
		c->pcr = packet.pcr;
	}
	c->started = TRUE;
}

static void run_idle(struct clockwork *c, gint64 until)
{
	gint64 deadline;

	while ((deadline = wfd_ts_packer_idle_deadline(c->packer)) < until) {
		g_autoptr(GByteArray) out = g_byte_array_new();
		guint wrote = wfd_ts_packer_pack_idle(c->packer, deadline, out);

		check_clockwork(c, out, wrote, deadline);
		c->idle++;
	}
}

/*
 * At any frame rate and with an encoder whose delay varies: tables and clock are
 * never more than 100 ms apart, the clock does not go back, and it is always at
 * least the lead behind the PTS.  An even stream needs no help from the timer.
 */
static void check_intervals(gdouble fps, gint64 jitter)
{
	g_autoptr(wfd_ts_packer) packer = new_packer(&h264, &aac);
	g_autoptr(GRand) rand = g_rand_new_with_seed(fps * 1000);
	struct clockwork clockwork = { .packer = packer };

	for (guint n = 0; n < 600; n++) {
		gint64 pts = n * SEC / fps;
		gint64 now = pts + 20 * MSEC + (jitter ? g_rand_int_range(rand, 0, jitter / 1000) * 1000 : 0);
		g_autoptr(GByteArray) out = g_byte_array_new();
		const guint8 byte = 0;
		guint wrote;

		run_idle(&clockwork, now);
		wrote = pack(packer, WFD_TS_VIDEO, &byte, 1, pts, now, n == 0, out);
		check_clockwork(&clockwork, out, wrote, now);
		if (wrote & WFD_TS_WROTE_PCR)
			g_assert_cmpint((pts + WFD_TS_TIME_BASE) * 27 / 1000 - (gint64)clockwork.pcr, >=,
					40 * 27000 - 27);
	}
	if (!jitter)
		g_assert_cmpuint(clockwork.idle, ==, 0);
}

static void test_intervals(void)
{
	static const gdouble rates[] = { 24, 25, 30000 / 1001., 30, 50, 60 };

	for (guint i = 0; i < G_N_ELEMENTS(rates); i++) {
		check_intervals(rates[i], 0);
		check_intervals(rates[i], 15 * MSEC);
	}
}

/* What a sink makes of an access unit: how long after its arrival it is shown. */
struct arrival {
	gint64 lead; /* PTS - PCR when it comes */
	gint64 pts;
	gboolean step; /* a PCR that is marked as discontinuous came with it */
};

/* Packs at @now, and goes on with the clock as a sink does: from PCR to PCR, 27 MHz between. */
static struct arrival arrive(struct wfd_ts_packer *packer, enum wfd_ts_stream stream, gint64 pts, gint64 now,
			     gint64 *clock_offset)
{
	g_autoptr(GByteArray) out = g_byte_array_new();
	g_autoptr(GByteArray) pes = NULL;
	const guint8 byte = 0;
	struct arrival arrival = { 0 };
	struct packet packet;

	pack(packer, stream, &byte, 1, pts, now, FALSE, out);
	if (find_packet(out, WFD_TS_PID_PCR, &packet)) {
		gint64 offset = (gint64)(packet.pcr / 27) * 1000 - now;

		arrival.step = packet.discontinuity;
		/* 30 ppm of 100 ms are 3 us; 1 us is what reading it in microseconds costs. */
		if (*clock_offset && !packet.discontinuity)
			g_assert_cmpint(ABS(offset - *clock_offset), <=, 2000);
		*clock_offset = offset;
	}
	pes = payload_of(out, stream == WFD_TS_VIDEO ? WFD_TS_PID_VIDEO : WFD_TS_PID_AUDIO);
	arrival.pts = (gint64)read_timestamp(pes->data + 9) * 100000 / 9;
	arrival.lead = arrival.pts - (now + *clock_offset);
	return arrival;
}

/*
 * A picture that is late by 50 ms to 900 ms is shown as soon as it is there.  Neither before
 * nor after it the clock moves, and the others are shown at their times.
 */
static void test_late_picture(void)
{
	static const gint64 late[] = { 50, 100, 150, 400, 900 };

	for (guint i = 0; i < G_N_ELEMENTS(late); i++) {
		g_autoptr(wfd_ts_packer) packer = new_packer(&h264, NULL);
		gint64 offset = 0, last = 0, now = 0;

		for (guint n = 0; n < 60 * 20; n++) {
			gint64 pts = n * SEC / 60;
			struct arrival arrival;

			/* What comes behind a late picture waits for it, too. */
			now = MAX(now, n == 120 ? pts + late[i] * MSEC : pts + 5 * MSEC);
			arrival = arrive(packer, WFD_TS_VIDEO, pts, now, &offset);
			g_assert_true(arrival.step == (n == 0));
			g_assert_cmpint(arrival.pts, >, last);
			g_assert_cmpint(arrival.lead, >=, 5 * MSEC - 12000);
			g_assert_cmpint(arrival.lead, <=, 76 * MSEC);
			if (n < 120 || n >= 180) {
				g_assert_cmpint(arrival.lead, >=, 74 * MSEC);
				g_assert_cmpint(ABS(arrival.pts - pts - WFD_TS_TIME_BASE), <=, 12000);
			}
			last = arrival.pts;
		}
	}
}

/* What takes long to leave has a time at which its end is there; the others keep theirs. */
static void test_spread(void)
{
	static const gsize sizes[] = { 1000, 32 * 7 * 184, 32 * 7 * 184 + 1, 100000 };
	g_autoptr(wfd_ts_packer) packer = new_packer(&h264, NULL);
	g_autofree guint8 *data = g_malloc0(100000);
	gint64 now = SEC;

	wfd_ts_packer_set_pcr_lag(packer, 30 * MSEC);
	wfd_ts_packer_set_spread(packer, 16 * MSEC);
	for (guint i = 0; i < 2 * G_N_ELEMENTS(sizes); i++, now += SEC / 30) {
		const gsize size = sizes[i / 2];
		const gint64 took = i % 2 ? 20 * MSEC : 5 * MSEC;
		g_autoptr(GByteArray) out = g_byte_array_new();
		g_autoptr(GByteArray) pes = NULL;
		gint64 lead, late;

		pack(packer, WFD_TS_VIDEO, data, size, now - took, now, FALSE, out);
		pes = payload_of(out, WFD_TS_PID_VIDEO);
		lead = (gint64)read_timestamp(pes->data + 9) * 100000 / 9 - WFD_TS_TIME_BASE - (now - 30 * MSEC);
		late = size > 32 * 7 * 184 && i % 2 ? 21 * MSEC : 30 * MSEC - took;
		g_assert_cmpint(ABS(lead - late), <=, 12000);
	}
}

/* Sound moves nothing, however late, and keeps its times. */
static void test_late_sound(void)
{
	g_autoptr(wfd_ts_packer) packer = new_packer(&h264, &aac);
	gint64 offset = 0;

	for (guint n = 0; n < 60 * 20; n++) {
		gint64 pts = n * SEC / 60;
		struct arrival video = arrive(packer, WFD_TS_VIDEO, pts, pts + 5 * MSEC, &offset);
		struct arrival audio = arrive(packer, WFD_TS_AUDIO, pts - (n > 100 ? 500 * MSEC : 0),
					      pts + 6 * MSEC, &offset);

		g_assert_true(video.step == (n == 0));
		g_assert_false(audio.step);
		g_assert_cmpint(ABS(video.lead - 75 * MSEC), <=, MSEC);
		g_assert_cmpint(ABS(audio.lead - (n > 100 ? -426 : 74) * MSEC), <=, MSEC);
	}
}

/* Another lag is another clock, and says so. */
static void test_lag(void)
{
	g_autoptr(wfd_ts_packer) packer = new_packer(&h264, NULL);
	gint64 offset = 0, lag = 80;

	for (guint n = 0; n < 600; n++) {
		gint64 pts = n * SEC / 60;
		struct arrival arrival;

		if (n == 200 || n == 400) {
			lag = n == 200 ? 60 : 100;
			wfd_ts_packer_set_pcr_lag(packer, lag * MSEC);
		}
		arrival = arrive(packer, WFD_TS_VIDEO, pts, pts, &offset);
		g_assert_true(arrival.step == (n == 0 || n == 200 || n == 400));
		g_assert_cmpint(ABS(arrival.lead - lag * MSEC), <=, MSEC);
	}
}

static void test_idr_has_tables(void)
{
	g_autoptr(wfd_ts_packer) packer = new_packer(&h264, NULL);
	g_autoptr(GByteArray) out = g_byte_array_new();
	const guint8 byte = 0;

	pack(packer, WFD_TS_VIDEO, &byte, 1, 0, 0, TRUE, out);
	g_assert_false(pack(packer, WFD_TS_VIDEO, &byte, 1, 10 * MSEC, 10 * MSEC, FALSE, out) & WFD_TS_WROTE_PSI);
	g_assert_true(pack(packer, WFD_TS_VIDEO, &byte, 1, 20 * MSEC, 20 * MSEC, TRUE, out) & WFD_TS_WROTE_PSI);
}

static guint pmt_version(const GByteArray *out)
{
	struct packet packet;

	g_assert_true(find_packet(out, WFD_TS_PID_PMT, &packet));
	return packet.payload[1 + 5] >> 1 & 0x1f;
}

static void test_version(void)
{
	static const struct wfd_ts_format none = { WFD_TS_CODEC_NONE };
	struct wfd_ts_format changed = h264;
	g_autoptr(wfd_ts_packer) packer = new_packer(&h264, &aac);
	g_autoptr(GByteArray) out = g_byte_array_new();
	const guint8 byte = 0;
	gint64 time = 0;

	pack(packer, WFD_TS_VIDEO, &byte, 1, time, time, TRUE, out);
	g_assert_cmpuint(pmt_version(out), ==, 0);

	/* The same again is no change. */
	g_assert_true(wfd_ts_packer_set_format(packer, WFD_TS_VIDEO, &h264));
	g_assert_false(pack(packer, WFD_TS_VIDEO, &byte, 1, time, time, FALSE, out) & WFD_TS_WROTE_PSI);

	/* Two changes before the next table are one. */
	changed.level_idc = 0x28;
	g_assert_true(wfd_ts_packer_set_format(packer, WFD_TS_VIDEO, &changed));
	g_assert_true(wfd_ts_packer_set_format(packer, WFD_TS_AUDIO, &none));
	g_byte_array_set_size(out, 0);
	g_assert_true(pack(packer, WFD_TS_VIDEO, &byte, 1, time, time, FALSE, out) & WFD_TS_WROTE_PSI);
	g_assert_cmpuint(pmt_version(out), ==, 1);

	for (guint i = 2; i < 34; i++) {
		g_byte_array_set_size(out, 0);
		changed.level_idc = i;
		g_assert_true(wfd_ts_packer_set_format(packer, WFD_TS_VIDEO, &changed));
		pack(packer, WFD_TS_VIDEO, &byte, 1, time, time, FALSE, out);
		g_assert_cmpuint(pmt_version(out), ==, i % 32);
	}
}

static void test_pmt_pid(void)
{
	g_autoptr(wfd_ts_packer) packer = new_packer(&h264, NULL);
	g_autoptr(GByteArray) out = g_byte_array_new();
	const guint8 byte = 0;
	struct packet packet;

	pack(packer, WFD_TS_VIDEO, &byte, 1, 0, 0, TRUE, out);
	g_byte_array_set_size(out, 0);
	g_assert_true(wfd_ts_packer_set_pmt_pid(packer, 0x0020));
	pack(packer, WFD_TS_VIDEO, &byte, 1, MSEC, MSEC, FALSE, out);
	g_assert_true(find_packet(out, WFD_TS_PID_PAT, &packet));
	g_assert_cmphex(packet.payload[1 + 5], ==, 0xc3); /* version 1, current */
	g_assert_cmphex(packet.payload[1 + 10] << 8 | packet.payload[1 + 11], ==, 0xe020);
	g_assert_true(find_packet(out, 0x0020, &packet));
}

static void test_idle(void)
{
	g_autoptr(wfd_ts_packer) packer = new_packer(&h264, NULL);
	g_autoptr(GByteArray) out = g_byte_array_new();
	const guint8 byte = 0;
	guint64 pcr = 0;
	gint64 last = 0;

	g_assert_cmpint(wfd_ts_packer_idle_deadline(packer), ==, G_MAXINT64);
	g_assert_cmpuint(wfd_ts_packer_pack_idle(packer, SEC, out), ==, 0);
	pack(packer, WFD_TS_VIDEO, &byte, 1, 0, 0, TRUE, out);

	for (guint i = 0; i < 20; i++) {
		gint64 deadline = wfd_ts_packer_idle_deadline(packer);
		struct packet packet;

		g_assert_cmpint(deadline, >, last);
		g_assert_cmpint(deadline - last, <, 100 * MSEC);
		g_byte_array_set_size(out, 0);
		g_assert_cmpuint(wfd_ts_packer_pack_idle(packer, deadline - 1, out), ==, 0);
		g_assert_cmpuint(wfd_ts_packer_pack_idle(packer, deadline, out), ==,
				 WFD_TS_WROTE_PSI | WFD_TS_WROTE_PCR);
		g_assert_cmpuint(count_packets(out), ==, 3);
		g_assert_true(find_packet(out, WFD_TS_PID_PCR, &packet));
		g_assert_cmpuint(packet.pcr, >, pcr);
		g_assert_false(packet.discontinuity);
		pcr = packet.pcr;
		last = deadline;
	}
}

static void test_discontinuity(void)
{
	g_autoptr(wfd_ts_packer) packer = new_packer(&h264, NULL);
	g_autoptr(GByteArray) out = g_byte_array_new();
	const guint8 byte = 0;
	struct packet packet;
	guint64 pcr;

	pack(packer, WFD_TS_VIDEO, &byte, 1, 100 * SEC, 100 * SEC, TRUE, out);
	g_assert_true(find_packet(out, WFD_TS_PID_PCR, &packet));
	pcr = packet.pcr;

	wfd_ts_packer_discontinuity(packer);
	g_byte_array_set_size(out, 0);
	g_assert_cmpuint(pack(packer, WFD_TS_VIDEO, &byte, 1, SEC, SEC, FALSE, out), ==,
			 WFD_TS_WROTE_PSI | WFD_TS_WROTE_PCR | WFD_TS_WROTE_DISCONTINUITY);
	g_assert_true(find_packet(out, WFD_TS_PID_PCR, &packet));
	g_assert_true(packet.discontinuity);
	g_assert_cmpuint(packet.pcr, <, pcr);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/ts-packer/tables", test_tables);
	g_test_add_func("/ts-packer/codecs", test_codecs);
	g_test_add_func("/ts-packer/formats-refused", test_formats_refused);
	g_test_add_func("/ts-packer/payload", test_payload);
	g_test_add_func("/ts-packer/slices-join", test_slices_join);
	g_test_add_func("/ts-packer/lpcm-exact", test_lpcm_exact);
	g_test_add_func("/ts-packer/lpcm-44100", test_lpcm_44100);
	g_test_add_func("/ts-packer/dts", test_dts);
	g_test_add_func("/ts-packer/wrap", test_wrap);
	g_test_add_func("/ts-packer/intervals", test_intervals);
	g_test_add_func("/ts-packer/late-picture", test_late_picture);
	g_test_add_func("/ts-packer/spread", test_spread);
	g_test_add_func("/ts-packer/late-sound", test_late_sound);
	g_test_add_func("/ts-packer/lag", test_lag);
	g_test_add_func("/ts-packer/idr-has-tables", test_idr_has_tables);
	g_test_add_func("/ts-packer/version", test_version);
	g_test_add_func("/ts-packer/pmt-pid", test_pmt_pid);
	g_test_add_func("/ts-packer/idle", test_idle);
	g_test_add_func("/ts-packer/discontinuity", test_discontinuity);
	return g_test_run();
}
