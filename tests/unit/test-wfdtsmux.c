/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-wfdtsmux.c - wfdtsmux and wfdrtppay as elements
 *
 * Tables are read by GStreamer's MPEG-TS library, whole streams by tsdemux and
 * by ffprobe: none of them shares a line with what wrote them.
 */
#define GST_USE_UNSTABLE_API

#include <gst/check/gstharness.h>
#include <gst/check/gsttestclock.h>
#include <gst/mpegts/mpegts.h>
#include <gst/rtp/gstrtpbuffer.h>
#include <gst/video/video.h>
#include <glib/gstdio.h>
#include <string.h>

#include "wfdtsmux.h"

#define PACKET 188
#define H264_CAPS "video/x-h264,stream-format=byte-stream,alignment=au,profile=constrained-baseline,width=64,height=64"
#define LPCM_CAPS "audio/x-raw,format=S16BE,layout=interleaved,rate=48000,channels=2"

#define AUD "\0\0\0\1\x09\xf0"
#define SPS "\0\0\0\1\x67\x42\xc0\x1f\xda"
#define PPS "\0\0\0\1\x68\xce\x3c\x80"
#define IDR "\0\0\0\1\x65\x88\x84"
#define P "\0\0\0\1\x41\x9a\x02"

static GstBuffer *new_buffer(const void *bytes, gsize size, GstClockTime pts)
{
	GstBuffer *buffer = gst_buffer_new_memdup(bytes, size);

	GST_BUFFER_PTS(buffer) = GST_BUFFER_DTS(buffer) = pts;
	return buffer;
}

#define BUFFER(literal, pts) new_buffer(literal, sizeof(literal) - 1, pts)

static GstHarness *new_harness(const char *pad, const char *caps)
{
	GstHarness *h = gst_harness_new_with_padnames("wfdtsmux", pad, "src");

	gst_harness_set_src_caps_str(h, caps);
	return h;
}

/* All that waits at the end of the harness. */
static GByteArray *pull_all(GstHarness *h)
{
	GByteArray *bytes = g_byte_array_new();
	GstBuffer *buffer;

	while ((buffer = gst_harness_try_pull(h))) {
		GstMapInfo map;

		g_assert_cmpuint(gst_buffer_get_size(buffer), <=, 7 * PACKET);
		g_assert_true(gst_buffer_map(buffer, &map, GST_MAP_READ));
		g_byte_array_append(bytes, map.data, map.size);
		gst_buffer_unmap(buffer, &map);
		gst_buffer_unref(buffer);
	}
	g_assert_cmpuint(bytes->len % PACKET, ==, 0);
	return bytes;
}

static guint packet_pid(const guint8 *packet)
{
	return (packet[1] & 0x1f) << 8 | packet[2];
}

static const guint8 *find_packet(const GByteArray *bytes, guint pid)
{
	for (guint at = 0; at < bytes->len; at += PACKET) {
		if (packet_pid(bytes->data + at) == pid)
			return bytes->data + at;
	}
	return NULL;
}

static GByteArray *elementary_stream(const GByteArray *bytes, guint pid)
{
	GByteArray *stream = g_byte_array_new();

	for (guint at = 0; at < bytes->len; at += PACKET) {
		const guint8 *packet = bytes->data + at;
		guint skip = 4 + (packet[3] & 0x20 ? 1 + packet[4] : 0);

		if (packet_pid(packet) != pid)
			continue;
		if (packet[1] & 0x40)
			skip += 9 + packet[skip + 8];
		g_byte_array_append(stream, packet + skip, PACKET - skip);
	}
	return stream;
}

#define assert_es(bytes, pid, literal)                                                \
	do {                                                                          \
		g_autoptr(GByteArray) es_ = elementary_stream(bytes, pid);            \
		g_assert_cmpmem(es_->data, es_->len, literal, sizeof(literal) - 1);   \
	} while (0)

/* The section in a packet; its CRC is checked by the library. */
static GstMpegtsSection *read_section(const GByteArray *bytes, guint pid)
{
	const guint8 *packet = find_packet(bytes, pid);
	gsize size;

	g_assert_nonnull(packet);
	size = 3 + ((packet[6] & 0x0f) << 8 | packet[7]);
	return gst_mpegts_section_new(pid, g_memdup2(packet + 5, size), size);
}

static void test_tables(void)
{
	GstHarness *h = new_harness("video", H264_CAPS);
	g_autoptr(GByteArray) bytes = NULL;
	g_autoptr(GPtrArray) programs = NULL;
	GstMpegtsSection *pat, *pmt_section;
	const GstMpegtsPMT *pmt;
	GstMpegtsPMTStream *stream;

	gst_harness_push(h, BUFFER(SPS PPS IDR, 0));
	bytes = pull_all(h);
	pat = read_section(bytes, 0);
	programs = gst_mpegts_section_get_pat(pat);
	g_assert_cmpuint(programs->len, ==, 1);
	g_assert_cmphex(((GstMpegtsPatProgram *)programs->pdata[0])->network_or_program_map_PID, ==, 0x0100);

	pmt_section = read_section(bytes, 0x0100);
	pmt = gst_mpegts_section_get_pmt(pmt_section);
	g_assert_nonnull(pmt);
	g_assert_cmphex(pmt->pcr_pid, ==, 0x1000);
	g_assert_cmpuint(pmt->streams->len, ==, 1);
	stream = pmt->streams->pdata[0];
	g_assert_cmphex(stream->stream_type, ==, GST_MPEGTS_STREAM_TYPE_VIDEO_H264);
	g_assert_cmphex(stream->pid, ==, 0x1011);
	g_assert_nonnull(gst_mpegts_find_descriptor(stream->descriptors, GST_MTS_DESC_AVC_VIDEO));
	g_assert_nonnull(gst_mpegts_find_descriptor(stream->descriptors, GST_MTS_DESC_AVC_TIMING_AND_HRD));
	g_assert_nonnull(find_packet(bytes, 0x1000));

	gst_mpegts_section_unref(pat);
	gst_mpegts_section_unref(pmt_section);
	gst_harness_teardown(h);
}

static void test_starts_with_idr(void)
{
	GstHarness *h = new_harness("video", H264_CAPS);
	g_autoptr(GByteArray) bytes = NULL;

	gst_harness_push(h, BUFFER(P, 0));
	gst_harness_push(h, BUFFER(IDR, 0));
	g_assert_cmpuint(gst_harness_buffers_received(h), ==, 0);
	gst_harness_push(h, BUFFER(SPS PPS IDR, 0));
	bytes = pull_all(h);
	assert_es(bytes, 0x1011, AUD SPS PPS IDR);
	gst_harness_teardown(h);
}

static void test_parameter_sets_repeated(void)
{
	GstHarness *h = new_harness("video", H264_CAPS);
	g_autoptr(GByteArray) first = NULL;
	g_autoptr(GByteArray) second = NULL;
	g_autoptr(GByteArray) third = NULL;

	gst_harness_push(h, BUFFER(AUD SPS PPS IDR, 0));
	first = pull_all(h);
	assert_es(first, 0x1011, AUD SPS PPS IDR);
	gst_harness_push(h, BUFFER(AUD IDR, 20 * GST_MSECOND));
	second = pull_all(h);
	assert_es(second, 0x1011, AUD SPS PPS IDR);
	g_assert_nonnull(find_packet(second, 0));
	gst_harness_push(h, BUFFER(P, 30 * GST_MSECOND));
	third = pull_all(h);
	assert_es(third, 0x1011, AUD P);
	g_assert_null(find_packet(third, 0));
	gst_harness_teardown(h);
}

static void test_codec_data(void)
{
	GstHarness *h = gst_harness_new_with_padnames("wfdtsmux", "video", "src");
	GstCaps *caps = gst_caps_from_string(H264_CAPS);
	g_autoptr(GstBuffer) codec_data = BUFFER(SPS PPS, 0);
	g_autoptr(GByteArray) bytes = NULL;

	gst_caps_set_simple(caps, "codec_data", GST_TYPE_BUFFER, codec_data, NULL);
	gst_harness_set_src_caps(h, caps);
	gst_harness_push(h, BUFFER(IDR, 0));
	bytes = pull_all(h);
	assert_es(bytes, 0x1011, AUD SPS PPS IDR);
	gst_harness_teardown(h);
}

/* Nothing of a picture is kept back, whatever its size; flags are as promised. */
static void test_flushed(void)
{
	GstHarness *h = new_harness("video", H264_CAPS);
	gboolean first = TRUE;

	for (gsize size = 30; size < 40000; size = size * 5 / 3) {
		g_autofree guint8 *data = g_malloc0(size);
		g_autoptr(GByteArray) bytes = g_byte_array_new();
		g_autoptr(GByteArray) es = NULL;
		gboolean head = TRUE;
		GstBuffer *buffer;

		memcpy(data, SPS PPS IDR, sizeof(SPS PPS IDR) - 1);
		gst_harness_set_time(h, size * GST_USECOND);
		gst_harness_push(h, new_buffer(data, size, 0));
		while ((buffer = gst_harness_try_pull(h))) {
			gboolean last = gst_harness_buffers_in_queue(h) == 0;
			GstMapInfo map;

			g_assert_true(gst_buffer_map(buffer, &map, GST_MAP_READ));
			g_byte_array_append(bytes, map.data, map.size);
			g_assert_cmpuint(map.size, <=, 7 * PACKET);
			g_assert_true(last || map.size == 7 * PACKET);
			gst_buffer_unmap(buffer, &map);
			g_assert_cmpuint(GST_BUFFER_PTS(buffer), ==, size * GST_USECOND);
			g_assert_true(GST_BUFFER_IS_DISCONT(buffer) == first);
			g_assert_true(!!GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_HEADER) == head);
			g_assert_true(!!GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_DELTA_UNIT) == !head);
			g_assert_true(!!GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_MARKER) == last);
			gst_buffer_unref(buffer);
			first = head = FALSE;
		}
		es = elementary_stream(bytes, 0x1011);
		g_assert_cmpuint(es->len, ==, size + sizeof(AUD) - 1);
	}
	gst_harness_teardown(h);
}

static void test_lpcm(void)
{
	GstHarness *h = new_harness("audio", LPCM_CAPS);
	guint8 samples[1920 * 2];
	g_autoptr(GByteArray) bytes = NULL;
	const guint8 *packet;

	for (guint i = 0; i < sizeof(samples); i++)
		samples[i] = i * 3;
	/* 1000 + 1000 + 1840 bytes make two PES packets, the second 10 ms after the first. */
	gst_harness_push(h, new_buffer(samples, 1000, 0));
	g_assert_cmpuint(gst_harness_buffers_received(h), ==, 0);
	gst_harness_push(h, new_buffer(samples + 1000, 1000, gst_util_uint64_scale(250, GST_SECOND, 48000)));
	bytes = pull_all(h);
	packet = find_packet(bytes, 0x1100);
	g_assert_cmpmem(packet + 4, 9, "\0\0\1\xbd\x07\x8e\x84\x80\x07", 9);
	g_assert_cmpmem(packet + 4 + 16, 4, "\xa0\x06\x00\x11", 4);
	g_assert_cmpmem(packet + 4 + 20, 164, samples, 164);
	g_byte_array_unref(g_steal_pointer(&bytes));

	gst_harness_push(h, new_buffer(samples + 2000, 1840, gst_util_uint64_scale(500, GST_SECOND, 48000)));
	bytes = pull_all(h);
	packet = find_packet(bytes, 0x1100);
	g_assert_cmpmem(packet + 4 + 20, 164, samples + 1920, 164);
	/* 10.01 s: 900900 ticks */
	g_assert_cmpuint(packet[14] << 22 | (packet[15] >> 1) << 15 | packet[16] << 7 | packet[17] >> 1, >=, 900899);
	g_assert_cmpuint(packet[14] << 22 | (packet[15] >> 1) << 15 | packet[16] << 7 | packet[17] >> 1, <=, 900900);
	gst_harness_teardown(h);
}

/* The stream type is that of MPEG-2 AAC, so its headers say so; those with a checksum cannot. */
static void test_adts(void)
{
	GstHarness *h = new_harness("audio", "audio/mpeg,mpegversion=4,stream-format=adts,framed=true,rate=48000,"
					     "channels=2");
	g_autoptr(GByteArray) plain = NULL;
	g_autoptr(GByteArray) checked = NULL;
	g_autoptr(GByteArray) cut = NULL;

	gst_harness_push(h, BUFFER("\xff\xf1\x4c\x80\x01\x7f\xfc\x21\x10\x05\x20", 0));
	plain = pull_all(h);
	assert_es(plain, 0x1100, "\xff\xf9\x4c\x80\x01\x7f\xfc\x21\x10\x05\x20");
	gst_harness_push(h, BUFFER("\xff\xf0\x4c\x80\x01\xbf\xfc\x12\x34\x21\x10\x05\x20", GST_MSECOND));
	checked = pull_all(h);
	assert_es(checked, 0x1100, "\xff\xf0\x4c\x80\x01\xbf\xfc\x12\x34\x21\x10\x05\x20");
	gst_harness_push(h, BUFFER("\xff\xf1\x4c", 2 * GST_MSECOND));
	cut = pull_all(h);
	assert_es(cut, 0x1100, "\xff\xf1\x4c");
	gst_harness_teardown(h);
}

/* Nothing leaves while it is muted, tables and clock included; then an IDR, and sound of its time. */
static void test_muted(void)
{
	GstElement *mux = gst_element_factory_make("wfdtsmux", NULL);
	GstHarness *video = gst_harness_new_with_element(mux, "video", "src");
	GstHarness *audio = gst_harness_new_with_element(mux, "audio", NULL);
	const guint8 samples[1920] = { 0 };
	g_autoptr(GByteArray) bytes = NULL;
	guint before;

	gst_harness_set_src_caps_str(video, H264_CAPS);
	gst_harness_set_src_caps_str(audio, LPCM_CAPS);
	gst_harness_push(video, BUFFER(SPS PPS IDR, 0));
	gst_harness_push(audio, new_buffer(samples, sizeof(samples), 10 * GST_MSECOND));
	before = gst_harness_buffers_received(video);
	g_object_set(mux, "muted", TRUE, NULL);
	gst_harness_push(video, BUFFER(P, 20 * GST_MSECOND));
	gst_harness_push(video, BUFFER(SPS PPS IDR, 30 * GST_MSECOND));
	gst_harness_push(audio, new_buffer(samples, sizeof(samples), 40 * GST_MSECOND));
	g_object_set(mux, "muted", FALSE, NULL);
	gst_harness_push(video, BUFFER(P, 50 * GST_MSECOND));
	gst_harness_push(audio, new_buffer(samples, sizeof(samples), 50 * GST_MSECOND));
	g_assert_cmpuint(gst_harness_buffers_received(video), ==, before);
	g_byte_array_unref(pull_all(video));

	gst_harness_push(video, BUFFER(IDR, 60 * GST_MSECOND));
	bytes = pull_all(video);
	assert_es(bytes, 0x1011, AUD SPS PPS IDR);
	g_assert_nonnull(find_packet(bytes, 0));
	g_byte_array_unref(g_steal_pointer(&bytes));
	gst_harness_push(audio, new_buffer(samples, sizeof(samples), 55 * GST_MSECOND));
	gst_harness_push(audio, new_buffer(samples, sizeof(samples), 65 * GST_MSECOND));
	bytes = pull_all(video);
	g_assert_cmpuint(bytes->len, ==, 11 * PACKET);

	gst_harness_teardown(audio);
	gst_harness_teardown(video);
	gst_object_unref(mux);
}

/* While encoders start sound may be late: it begins with what is in time, or half a second later. */
static void test_sound_begins(void)
{
	static const struct {
		guint pts, now; /* ms */
		gboolean leaves;
	} units[] = {
		{ 0, 150, FALSE }, { 10, 151, FALSE }, { 100, 152, TRUE }, { 110, 300, TRUE }, { 300, 301, TRUE },
	};

	for (guint never = 0; never < 2; never++) {
		GstElement *mux = gst_element_factory_make("wfdtsmux", NULL);
		GstHarness *video = gst_harness_new_with_element(mux, "video", "src");
		GstHarness *audio = gst_harness_new_with_element(mux, "audio", NULL);
		const guint8 samples[1920] = { 0 };

		gst_harness_use_testclock(video);
		gst_harness_set_src_caps_str(video, H264_CAPS);
		gst_harness_set_src_caps_str(audio, LPCM_CAPS);
		gst_harness_play(video);
		gst_harness_push(video, BUFFER(SPS PPS IDR, 0));
		g_byte_array_unref(pull_all(video));
		for (guint i = 0; i < (never ? 60 : G_N_ELEMENTS(units)); i++) {
			GstClockTime pts = never ? i * 10 : units[i].pts, now = never ? i * 10 + 200 : units[i].now;
			g_autoptr(GByteArray) bytes = NULL;

			gst_harness_set_time(video, now * GST_MSECOND);
			gst_harness_push(audio, new_buffer(samples, sizeof(samples), pts * GST_MSECOND));
			bytes = pull_all(video);
			g_assert_true(!!find_packet(bytes, 0x1100) == (never ? pts >= 500 : units[i].leaves));
		}
		gst_harness_teardown(audio);
		gst_harness_teardown(video);
		gst_object_unref(mux);
	}
}

static void test_no_timestamp(void)
{
	GstHarness *h = new_harness("video", H264_CAPS);

	g_assert_cmpint(gst_harness_push(h, BUFFER(SPS PPS IDR, GST_CLOCK_TIME_NONE)), ==, GST_FLOW_ERROR);
	gst_harness_teardown(h);
}

/* Audio waits for the first picture, and is in its PMT though it has not begun. */
static void test_audio_announced(void)
{
	GstElement *mux = gst_element_factory_make("wfdtsmux", NULL);
	GstHarness *video = gst_harness_new_with_element(mux, "video", "src");
	GstHarness *audio = gst_harness_new_with_element(mux, "audio", NULL);
	g_autoptr(GByteArray) bytes = NULL;
	const guint8 samples[1920] = { 0 };
	GstMpegtsSection *section;

	gst_harness_set_src_caps_str(video, H264_CAPS);
	gst_harness_set_src_caps_str(audio, LPCM_CAPS);
	gst_harness_push(audio, new_buffer(samples, sizeof(samples), 0));
	g_assert_cmpuint(gst_harness_buffers_received(video), ==, 0);
	gst_harness_push(video, BUFFER(SPS PPS IDR, 0));
	bytes = pull_all(video);
	section = read_section(bytes, 0x0100);
	g_assert_cmpuint(gst_mpegts_section_get_pmt(section)->streams->len, ==, 2);
	gst_mpegts_section_unref(section);
	g_byte_array_unref(g_steal_pointer(&bytes));

	gst_harness_push(audio, new_buffer(samples, sizeof(samples), 10 * GST_MSECOND));
	bytes = pull_all(video);
	g_assert_nonnull(find_packet(bytes, 0x1100));

	gst_harness_teardown(audio);
	gst_harness_teardown(video);
	gst_object_unref(mux);
}

static void test_level_change(void)
{
	GstHarness *h = new_harness("video", H264_CAPS);
	GstMpegtsSection *section;
	g_autoptr(GByteArray) bytes = NULL;

	gst_harness_push(h, BUFFER(SPS PPS IDR, 0));
	g_byte_array_unref(pull_all(h));
	gst_harness_push(h, BUFFER("\0\0\0\1\x67\x42\xc0\x28\xda" PPS IDR, GST_MSECOND));
	bytes = pull_all(h);
	section = read_section(bytes, 0x0100);
	g_assert_cmpuint(section->version_number, ==, 1);
	gst_mpegts_section_unref(section);
	gst_harness_teardown(h);
}

/* A still screen: PAT, PMT and PCR keep coming, less than 100 ms apart. */
static void test_idle(void)
{
	GstHarness *h = new_harness("video", H264_CAPS);
	GstTestClock *clock;
	GstClockTime last;

	clock = gst_harness_get_testclock(h);
	gst_harness_play(h);
	gst_harness_push(h, BUFFER(SPS PPS IDR, 0));
	g_byte_array_unref(pull_all(h));
	last = gst_clock_get_time(GST_CLOCK(clock));

	for (guint i = 0; i < 10; i++) {
		GstBuffer *buffer;
		GstMapInfo map;
		GstClockTime now;

		g_assert_true(gst_harness_crank_single_clock_wait(h));
		now = gst_clock_get_time(GST_CLOCK(clock));
		g_assert_cmpuint(now, >, last);
		g_assert_cmpuint(now - last, <, 100 * GST_MSECOND);
		last = now;
		buffer = gst_harness_pull(h);
		g_assert_true(gst_buffer_map(buffer, &map, GST_MAP_READ));
		g_assert_cmpuint(map.size, ==, 3 * PACKET);
		g_assert_cmphex(packet_pid(map.data), ==, 0);
		g_assert_cmphex(packet_pid(map.data + PACKET), ==, 0x0100);
		g_assert_cmphex(packet_pid(map.data + 2 * PACKET), ==, 0x1000);
		gst_buffer_unmap(buffer, &map);
		g_assert_true(GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_HEADER));
		gst_buffer_unref(buffer);
	}
	gst_object_unref(clock);
	gst_harness_teardown(h);
}

struct sent {
	guint count;
	guint64 pts;
	guint64 flip;
	guint64 time;
};

static void on_au_sent(GstElement *mux, guint64 pts, guint64 flip, guint64 time, gpointer data)
{
	struct sent *sent = data;

	sent->count++;
	sent->pts = pts;
	sent->flip = flip;
	sent->time = time;
}

static void test_au_sent(void)
{
	GstHarness *h = new_harness("video", H264_CAPS);
	g_autoptr(GstCaps) caps = gst_caps_from_string(WFD_FLIP_TIME_CAPS);
	GstBuffer *buffer = BUFFER(SPS PPS IDR, 7 * GST_MSECOND);
	guint64 before = g_get_monotonic_time() * 1000;
	struct sent sent = { 0 };
	GstBuffer *out;

	g_signal_connect(h->element, "au-sent", G_CALLBACK(on_au_sent), &sent);
	gst_buffer_add_reference_timestamp_meta(buffer, caps, 12345, GST_CLOCK_TIME_NONE);
	gst_harness_push(h, buffer);
	g_assert_cmpuint(sent.count, ==, 1);
	g_assert_cmpuint(sent.pts, ==, 7 * GST_MSECOND);
	g_assert_cmpuint(sent.flip, ==, 12345);
	g_assert_cmpuint(sent.time, >=, before);

	out = gst_harness_pull(h);
	g_assert_cmpuint(gst_buffer_get_reference_timestamp_meta(out, caps)->timestamp, ==, 12345);
	gst_buffer_unref(out);

	gst_harness_push(h, BUFFER(P, 8 * GST_MSECOND));
	g_assert_cmpuint(sent.count, ==, 2);
	g_assert_cmpuint(sent.flip, ==, GST_CLOCK_TIME_NONE);
	gst_harness_teardown(h);
}

static void test_force_key_unit(void)
{
	GstHarness *h = new_harness("video", H264_CAPS);
	GstEvent *event;

	gst_harness_push(h, BUFFER(SPS PPS IDR, 0));
	gst_harness_push_upstream_event(
		h, gst_video_event_new_upstream_force_key_unit(GST_CLOCK_TIME_NONE, TRUE, 1));
	while ((event = gst_harness_try_pull_upstream_event(h))) {
		gboolean found = gst_video_event_is_force_key_unit(event);

		gst_event_unref(event);
		if (found)
			break;
	}
	g_assert_nonnull(event);
	gst_harness_teardown(h);
}

static void test_pads(void)
{
	g_autoptr(GstElement) mux = gst_object_ref_sink(gst_element_factory_make("wfdtsmux", NULL));
	GstPadTemplate *template = gst_element_get_pad_template(mux, "video");
	GstPad *pad = gst_element_request_pad_simple(mux, "video");

	g_assert_nonnull(pad);
	g_assert_null(gst_element_request_pad(mux, template, NULL, NULL));
	gst_element_release_request_pad(mux, pad);
	gst_object_unref(pad);
	pad = gst_element_request_pad_simple(mux, "video");
	g_assert_nonnull(pad);
	gst_object_unref(pad);
}

/* RTP */

static GstHarness *new_pay_harness(void)
{
	GstHarness *h = gst_harness_new("wfdrtppay");

	gst_harness_set_src_caps_str(h, "video/mpegts,systemstream=true,packetsize=188");
	return h;
}

static GstBuffer *ts_buffer(guint packets, GstClockTime pts, guint flags)
{
	GstBuffer *buffer = gst_buffer_new_allocate(NULL, packets * PACKET, NULL);

	gst_buffer_memset(buffer, 0, 0x47, packets * PACKET);
	GST_BUFFER_PTS(buffer) = pts;
	GST_BUFFER_FLAG_SET(buffer, flags);
	return buffer;
}

static void check_rtp(GstHarness *h, guint packets, gboolean marker, guint32 *timestamp)
{
	GstBuffer *buffer = gst_harness_try_pull(h);
	GstRTPBuffer rtp = GST_RTP_BUFFER_INIT;

	g_assert_nonnull(buffer);
	g_assert_true(gst_rtp_buffer_map(buffer, GST_MAP_READ, &rtp));
	g_assert_cmpuint(gst_rtp_buffer_get_payload_type(&rtp), ==, 33);
	g_assert_cmpuint(gst_rtp_buffer_get_payload_len(&rtp), ==, packets * PACKET);
	g_assert_true(gst_rtp_buffer_get_marker(&rtp) == marker);
	*timestamp = gst_rtp_buffer_get_timestamp(&rtp);
	gst_rtp_buffer_unmap(&rtp);
	gst_buffer_unref(buffer);
}

static void test_rtp_nothing_held(void)
{
	GstHarness *h = new_pay_harness();
	guint32 first, second;

	gst_harness_push(h, ts_buffer(2, 0, GST_BUFFER_FLAG_DISCONT));
	check_rtp(h, 2, TRUE, &first);
	gst_harness_push(h, ts_buffer(7, GST_SECOND, GST_BUFFER_FLAG_MARKER));
	check_rtp(h, 7, FALSE, &second);
	g_assert_cmpuint(second - first, ==, 90000);
	g_assert_null(gst_harness_try_pull(h));
	gst_harness_teardown(h);
}

static void test_rtp_list(void)
{
	GstHarness *h = new_pay_harness();
	GstBufferList *list = gst_buffer_list_new();
	guint32 first, second;

	g_object_set(h->element, "mtu", 1280 - 28, "end-of-frame-marker", TRUE, NULL);
	gst_buffer_list_add(list, ts_buffer(7, GST_SECOND, 0));
	gst_buffer_list_add(list, ts_buffer(3, GST_SECOND, GST_BUFFER_FLAG_MARKER));
	g_assert_cmpint(gst_pad_push_list(h->srcpad, list), ==, GST_FLOW_OK);
	check_rtp(h, 6, FALSE, &first);
	check_rtp(h, 1, FALSE, &second);
	g_assert_cmpuint(first, ==, second);
	check_rtp(h, 3, TRUE, &second);
	g_assert_cmpuint(first, ==, second);
	g_assert_null(gst_harness_try_pull(h));
	gst_harness_teardown(h);
}

/* Whole streams */

static void run_pipeline(const char *description)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GstElement) pipeline = gst_parse_launch(description, &error);
	g_autoptr(GstBus) bus = NULL;
	g_autoptr(GstMessage) message = NULL;

	g_assert_no_error(error);
	bus = gst_element_get_bus(pipeline);
	gst_element_set_state(pipeline, GST_STATE_PLAYING);
	message = gst_bus_timed_pop_filtered(bus, 120 * GST_SECOND, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
	g_assert_nonnull(message);
	if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR)
		gst_message_parse_error(message, &error, NULL);
	g_assert_no_error(error);
	gst_element_set_state(pipeline, GST_STATE_NULL);
}

/* Live, as in a session: audio that runs ahead of the first IDR is dropped. */
#define VIDEO                                                                                           \
	"videotestsrc is-live=true num-buffers=60 ! video/x-raw,format=I420,width=320,height=240,framerate=30/1 ! "  \
	"x264enc tune=zerolatency speed-preset=ultrafast key-int-max=30 ! "                             \
	"video/x-h264,profile=constrained-baseline,stream-format=byte-stream ! mux.video "
#define AUDIO "audiotestsrc is-live=true num-buffers=200 samplesperbuffer=480 ! audio/x-raw,rate=48000,channels=2"
#define AAC AUDIO " ! audioconvert ! avenc_aac ! aacparse ! audio/mpeg,mpegversion=4,stream-format=adts ! mux.audio "
#define LPCM AUDIO ",format=S16BE ! mux.audio "

static char *stream_path(void)
{
	g_autofree char *name = g_strdup_printf("wfdtsmux-%d.ts", g_random_int_range(0, G_MAXINT32));

	return g_build_filename(g_get_tmp_dir(), name, NULL);
}

static void test_ffprobe(void)
{
	g_autofree char *path = stream_path();
	g_autofree char *pipeline = g_strdup_printf(VIDEO AAC "wfdtsmux name=mux ! filesink location=%s", path);
	const char *argv[] = { "ffprobe", "-v", "error", "-count_frames", "-show_entries",
			       "stream=id,codec_name,profile,nb_read_frames", "-of", "csv=p=0", path, NULL };
	g_autofree char *out = NULL;
	g_autofree char *err = NULL;
	g_autoptr(GError) error = NULL;
	gint status;

	run_pipeline(pipeline);
	g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &out, &err, &status, &error);
	g_assert_no_error(error);
	g_assert_cmpint(status, ==, 0);
	g_assert_cmpstr(err, ==, "");
	g_assert_nonnull(strstr(out, "h264,Constrained Baseline,0x1011,60"));
	g_assert_nonnull(strstr(out, "aac,LC,0x1100,"));
	g_unlink(path);
}

static void test_tsdemux(void)
{
	g_autofree char *path = stream_path();
	g_autofree char *write = g_strdup_printf(VIDEO LPCM "wfdtsmux name=mux ! filesink location=%s", path);
	g_autofree char *read = g_strdup_printf("filesrc location=%s ! tsdemux ! h264parse ! "
						"video/x-h264,width=320,height=240,"
						"profile=constrained-baseline ! avdec_h264 ! fakesink",
						path);

	run_pipeline(write);
	run_pipeline(read);
	g_unlink(path);
}

/* The meta of a raw frame comes out of a software encoder and the parser. */
static GstPadProbeReturn add_flip_time(GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
	g_autoptr(GstCaps) caps = gst_caps_from_string(WFD_FLIP_TIME_CAPS);
	GstBuffer *buffer = gst_buffer_make_writable(GST_PAD_PROBE_INFO_BUFFER(info));

	gst_buffer_add_reference_timestamp_meta(buffer, caps, GST_BUFFER_PTS(buffer) + 1, GST_CLOCK_TIME_NONE);
	GST_PAD_PROBE_INFO_DATA(info) = buffer;
	return GST_PAD_PROBE_OK;
}

static void on_au_sent_check_flip(GstElement *mux, guint64 pts, guint64 flip, guint64 time, gpointer data)
{
	guint *count = data;

	g_assert_cmpuint(flip, ==, pts + 1);
	++*count;
}

static void test_flip_time_through_encoder(gconstpointer encoder)
{
	g_autofree char *description =
		g_strdup_printf("videotestsrc name=src num-buffers=30 ! video/x-raw,format=I420,width=320,height=240 ! "
				"%s ! h264parse ! video/x-h264,stream-format=byte-stream,alignment=au ! "
				"wfdtsmux name=mux ! fakesink",
				(const char *)encoder);
	g_autoptr(GError) error = NULL;
	g_autoptr(GstElement) pipeline = gst_parse_launch(description, &error);
	g_autoptr(GstElement) src = gst_bin_get_by_name(GST_BIN(pipeline), "src");
	g_autoptr(GstElement) mux = gst_bin_get_by_name(GST_BIN(pipeline), "mux");
	g_autoptr(GstPad) pad = gst_element_get_static_pad(src, "src");
	g_autoptr(GstBus) bus = gst_element_get_bus(pipeline);
	g_autoptr(GstMessage) message = NULL;
	guint count = 0;

	g_assert_no_error(error);
	gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, add_flip_time, NULL, NULL);
	g_signal_connect(mux, "au-sent", G_CALLBACK(on_au_sent_check_flip), &count);
	gst_element_set_state(pipeline, GST_STATE_PLAYING);
	message = gst_bus_timed_pop_filtered(bus, 60 * GST_SECOND, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
	g_assert_cmpint(GST_MESSAGE_TYPE(message), ==, GST_MESSAGE_EOS);
	gst_element_set_state(pipeline, GST_STATE_NULL);
	g_assert_cmpuint(count, ==, 30);
}

int main(int argc, char **argv)
{
	gst_init(&argc, &argv);
	g_test_init(&argc, &argv, NULL);
	gst_mpegts_initialize();
	g_assert_true(wfd_ts_mux_register());
	g_test_add_func("/wfdtsmux/tables", test_tables);
	g_test_add_func("/wfdtsmux/starts-with-idr", test_starts_with_idr);
	g_test_add_func("/wfdtsmux/parameter-sets-repeated", test_parameter_sets_repeated);
	g_test_add_func("/wfdtsmux/codec-data", test_codec_data);
	g_test_add_func("/wfdtsmux/flushed", test_flushed);
	g_test_add_func("/wfdtsmux/lpcm", test_lpcm);
	g_test_add_func("/wfdtsmux/adts", test_adts);
	g_test_add_func("/wfdtsmux/muted", test_muted);
	g_test_add_func("/wfdtsmux/sound-begins", test_sound_begins);
	g_test_add_func("/wfdtsmux/no-timestamp", test_no_timestamp);
	g_test_add_func("/wfdtsmux/audio-announced", test_audio_announced);
	g_test_add_func("/wfdtsmux/level-change", test_level_change);
	g_test_add_func("/wfdtsmux/idle", test_idle);
	g_test_add_func("/wfdtsmux/au-sent", test_au_sent);
	g_test_add_func("/wfdtsmux/force-key-unit", test_force_key_unit);
	g_test_add_func("/wfdtsmux/pads", test_pads);
	g_test_add_func("/wfdrtppay/nothing-held", test_rtp_nothing_held);
	g_test_add_func("/wfdrtppay/list", test_rtp_list);
	g_test_add_func("/wfdtsmux/ffprobe", test_ffprobe);
	g_test_add_func("/wfdtsmux/tsdemux", test_tsdemux);
	g_test_add_data_func("/wfdtsmux/flip-time/x264enc", "x264enc tune=zerolatency speed-preset=ultrafast",
			     test_flip_time_through_encoder);
	g_test_add_data_func("/wfdtsmux/flip-time/openh264enc", "openh264enc", test_flip_time_through_encoder);
	return g_test_run();
}
