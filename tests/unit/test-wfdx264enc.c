// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * wfdx264enc: that it believes what it is told of a picture, and what that saves, counted in
 * bytes and pictures.
 */
#define GST_USE_UNSTABLE_API

#include <string.h>

#include <gst/check/gstharness.h>
#include <gst/codecparsers/gsth264parser.h>
#include <gst/video/video.h>

#include "wfdchanged.h"

#define WIDTH 640
#define HEIGHT 480
#define SIZE (WIDTH * HEIGHT * 3 / 2)
#define FPS 30
#define KBIT 3000
#define PERIOD (GST_SECOND / FPS)
/* Bytes that a decoder buffers by default, and so the most that a picture may have. */
#define MOST (KBIT * 1000 / 8 * 80 / 1000)
/* ... one that is new everywhere some more: libx264 sees after each row what it has spent. */
#define MOST_NEW (MOST * 5 / 4)
/* A picture of which nothing is coded: delimiter, slice header, one run of skipped macroblocks. */
#define NOTHING 64
/* What is refined comes so long after the picture before. */
#define REPEAT (PERIOD * 3 / 2)

struct fixture {
	GstHarness *harness;
	GstHarness *decoder; /* NULL: nobody looks at the pictures */
	guint8 picture[SIZE];
	GRand *random;
	GstClockTime pts;
	guint reference; /* nal_ref_idc of the latest picture */
	guint pictures;
};

static void set_up_with(struct fixture *f, gconstpointer profile, guint slices, gboolean patches)
{
	g_autofree char *caps = g_strdup_printf("video/x-h264,profile=%s,level=(string)4,stream-format=byte-stream,"
						"alignment=au", (const char *)profile);
	GstHarness *h = f->harness = gst_harness_new("wfdx264enc");

	g_object_set(h->element, "bitrate", KBIT, "slices", slices, "patches", patches, NULL);
	gst_harness_set_sink_caps_str(h, caps);
	gst_harness_set_src_caps_str(h, "video/x-raw,format=I420,width=640,height=480,framerate=30/1,"
					"interlace-mode=progressive,colorimetry=bt709");
	f->random = g_rand_new_with_seed(1);
	memset(f->picture, 128, SIZE);
}

static void set_up(struct fixture *f, gconstpointer profile)
{
	set_up_with(f, profile, 1, TRUE);
}

static void set_up_three(struct fixture *f, gconstpointer profile)
{
	set_up_with(f, profile, 3, TRUE);
}

static void tear_down(struct fixture *f, gconstpointer profile)
{
	g_clear_pointer(&f->decoder, gst_harness_teardown);
	gst_harness_teardown(f->harness);
	g_rand_free(f->random);
}

static void draw(struct fixture *f, guint x, guint y, guint width, guint height)
{
	for (guint row = y; row < y + height; row++) {
		for (guint column = x; column < x + width; column++)
			f->picture[row * WIDTH + column] = g_rand_int_range(f->random, 16, 235);
	}
}

static GstBuffer *make_buffer(struct fixture *f, GstClockTime after)
{
	GstBuffer *buffer = gst_buffer_new_memdup(f->picture, SIZE);

	f->pts += after;
	GST_BUFFER_PTS(buffer) = f->pts;
	return buffer;
}

/* nal_ref_idc of its slices. */
static guint reference_of(GstBuffer *unit)
{
	guint reference = G_MAXUINT;
	GstMapInfo map;

	g_assert_true(gst_buffer_map(unit, &map, GST_MAP_READ));
	for (const guint8 *p = map.data; p + 3 < map.data + map.size; p++) {
		if (!p[0] && !p[1] && p[2] == 1 && ((p[3] & 0x1f) == 1 || (p[3] & 0x1f) == 5))
			reference = p[3] >> 5;
	}
	gst_buffer_unmap(unit, &map);
	g_assert_cmpuint(reference, <=, 3);
	return reference;
}

/* Bytes of the access unit. */
static gsize encode(struct fixture *f, GstBuffer *buffer, gboolean *key)
{
	g_autoptr(GstBuffer) out = NULL;

	g_assert_cmpint(gst_harness_push(f->harness, buffer), ==, GST_FLOW_OK);
	/* None is held back. */
	out = gst_harness_try_pull(f->harness);
	g_assert_nonnull(out);
	g_assert_cmpuint(GST_BUFFER_PTS(out), ==, f->pts);
	f->reference = reference_of(out);
	f->pictures++;
	if (f->decoder)
		g_assert_cmpint(gst_harness_push(f->decoder, gst_buffer_ref(out)), ==, GST_FLOW_OK);
	if (key)
		*key = !GST_BUFFER_FLAG_IS_SET(out, GST_BUFFER_FLAG_DELTA_UNIT);
	return gst_buffer_get_size(out);
}

static gsize encode_new(struct fixture *f)
{
	gsize size = encode(f, make_buffer(f, PERIOD), NULL);

	g_assert_cmpuint(size, <=, MOST_NEW);
	return size;
}

static gsize encode_unchanged(struct fixture *f)
{
	GstBuffer *buffer = make_buffer(f, REPEAT);

	gboolean key;
	gsize size;

	wfd_picture_add_changed(buffer, 0, 0, 0, 0);
	size = encode(f, buffer, &key);
	g_assert_cmpuint(size, <=, key ? MOST_NEW : MOST);
	return size;
}

static gsize encode_changed(struct fixture *f, guint x, guint y, guint width, guint height)
{
	GstBuffer *buffer = make_buffer(f, PERIOD);
	gsize size;

	wfd_picture_add_changed(buffer, 0, 0, 0, 0);
	wfd_picture_add_changed(buffer, x, y, width, height);
	size = encode(f, buffer, NULL);
	g_assert_cmpuint(size, <=, MOST);
	return size;
}

static gboolean has_settled(struct fixture *f)
{
	gboolean settled;

	g_object_get(f->harness->element, "settled", &settled, NULL);
	return settled;
}

/* Repeats until nothing is added any more; their number. */
static guint settle(struct fixture *f, gsize *bytes)
{
	guint n = 0;

	*bytes = 0;
	do {
		g_assert_cmpuint(++n, <, 200);
		*bytes += encode_unchanged(f);
	} while (!has_settled(f));
	return n;
}

/* A new page gets better until it is as good as it gets, within the bit rate, and then costs nothing. */
static void test_refines_and_rests(struct fixture *f, gconstpointer profile)
{
	gsize first, more;
	guint n;

	draw(f, 0, 0, WIDTH, HEIGHT);
	first = encode_new(f);
	n = settle(f, &more);
	g_test_message("%" G_GSIZE_FORMAT " bytes, then %" G_GSIZE_FORMAT " in %u repeats", first, more, n);
	/* Noise of so many pixels has far more bits than fit into one picture. */
	g_assert_cmpuint(more, >, first);
	/* Each macroblock once: no more bits than the noise has, at the quantiser that is the least. */
	g_assert_cmpuint(more, <, SIZE);
	/* Of the bits that there are for all this time, and of what was saved up before. */
	g_assert_cmpuint(8 * more, <, KBIT * 1000 * ((double)n * REPEAT / GST_SECOND + .1));
	/* ... and nearly all of them: each repeat costs the processor what it costs, however little it adds. */
	g_assert_cmpuint(8 * more, >, KBIT * 1000 * ((double)n * REPEAT / GST_SECOND) * .9);
	for (guint i = 0; i < 10; i++)
		g_assert_cmpuint(encode_unchanged(f), <=, NOTHING);
}

/* What is said to be unchanged is not even looked at. */
static void test_believes(struct fixture *f, gconstpointer profile)
{
	gsize bytes;

	draw(f, 0, 0, WIDTH, HEIGHT);
	encode_new(f);
	settle(f, &bytes);
	draw(f, 0, 0, WIDTH, HEIGHT);
	g_assert_cmpuint(encode_unchanged(f), <=, NOTHING);
	/* A buffer that says nothing is new everywhere. */
	g_assert_cmpuint(encode_new(f), >, 100 * NOTHING);
}

/* Of a picture only what was drawn is coded: all macroblocks that the area touches, and no others. */
static void test_part(struct fixture *f, gconstpointer profile)
{
	gsize bytes, part, whole;

	draw(f, 0, 0, WIDTH, HEIGHT);
	encode_new(f);
	settle(f, &bytes);
	draw(f, 100, 100, 60, 60);
	part = encode_changed(f, 100, 100, 60, 60);
	g_assert_cmpuint(part, >, NOTHING);
	g_assert_cmpuint(part, <, 6000);
	settle(f, &bytes);
	/* The same, and the rest is other noise that nobody told of: as many macroblocks. */
	draw(f, 0, 0, WIDTH, HEIGHT);
	whole = encode_changed(f, 100, 100, 60, 60);
	g_assert_cmpuint(whole, <, 6000);
	settle(f, &bytes);
	/* At the edge. */
	g_assert_cmpuint(encode_changed(f, WIDTH - 1, HEIGHT - 1, 1, 1), <, 1200);
}

/* What is new and small is as good as it gets at once; what is large is not. */
static void test_small_at_once(struct fixture *f, gconstpointer profile)
{
	gsize bytes;

	draw(f, 0, 0, WIDTH, HEIGHT);
	encode_new(f);
	settle(f, &bytes);
	for (guint i = 0; i < 10; i++) {
		draw(f, 64 + 16 * i, 64, 16, 32);
		encode_changed(f, 64 + 16 * i, 64, 16, 32);
		g_assert_true(has_settled(f));
	}
	draw(f, 0, 0, WIDTH, HEIGHT / 2);
	encode_changed(f, 0, 0, WIDTH, HEIGHT / 2);
	g_assert_false(has_settled(f));
}

/* What moves while the rest still gets better takes precedence: that has what is left. */
static void test_refines_in_motion(struct fixture *f, gconstpointer profile)
{
	gsize bytes = 0;

	draw(f, 0, 0, WIDTH, HEIGHT);
	encode_new(f);
	for (guint i = 0; i < 60; i++) {
		draw(f, 64, 64, 16, 16);
		bytes += encode_changed(f, 64, 64, 16, 16);
	}
	g_assert_cmpuint(8 * bytes, <, KBIT * 1000 * (2 + .1));
	/* It has got better meanwhile: little is left to do. */
	settle(f, &bytes);
	g_assert_cmpuint(bytes, <, SIZE / 8);
}

/* A key frame comes first, and when it is asked for. */
static void test_key_frames(struct fixture *f, gconstpointer profile)
{
	gboolean key;
	gsize bytes;

	encode(f, make_buffer(f, PERIOD), &key);
	g_assert_true(key);
	for (guint i = 0; i < 40; i++) {
		draw(f, 0, 0, WIDTH, HEIGHT);
		g_assert_cmpuint(encode(f, make_buffer(f, PERIOD), &key), <=, MOST_NEW);
		g_assert_false(key);
	}
	gst_harness_push_upstream_event(f->harness, gst_video_event_new_upstream_force_key_unit(
							    f->pts + PERIOD, TRUE, 0));
	/* Of a picture that says that it has not changed, too. */
	settle(f, &bytes);
	gst_harness_push_upstream_event(f->harness, gst_video_event_new_upstream_force_key_unit(
							    GST_CLOCK_TIME_NONE, TRUE, 0));
	{
		GstBuffer *buffer = make_buffer(f, REPEAT);

		wfd_picture_add_changed(buffer, 0, 0, 0, 0);
		encode(f, buffer, &key);
		g_assert_true(key);
	}
	settle(f, &bytes);
	g_assert_cmpuint(bytes, >, 10 * NOTHING);
}

/* From here on somebody looks at the pictures. */
static void begin_decoding(struct fixture *f)
{
	f->decoder = gst_harness_new_parse("avdec_h264 max-threads=1");
	gst_harness_set_src_caps_str(f->decoder, "video/x-h264,stream-format=byte-stream,alignment=au,"
						 "width=640,height=480");
}

/* The picture that a decoder has after all access units so far. */
static GstBuffer *decode(struct fixture *f)
{
	GstBuffer *shown = NULL;
	GstBuffer *next;

	g_assert_true(gst_harness_push_event(f->decoder, gst_event_new_eos()));
	while ((next = gst_harness_try_pull(f->decoder))) {
		g_clear_pointer(&shown, gst_buffer_unref);
		shown = next;
	}
	g_assert_nonnull(shown);
	return shown;
}

/* Of each macroblock's luma, against the picture: the largest mean difference of a pixel. */
static double worst_difference(struct fixture *f, GstBuffer *shown)
{
	double worst = 0;
	GstMapInfo map;

	g_assert_true(gst_buffer_map(shown, &map, GST_MAP_READ));
	g_assert_cmpuint(map.size, ==, SIZE);
	for (guint at = 0; at < WIDTH / 16 * (HEIGHT / 16); at++) {
		const guint first = at / (WIDTH / 16) * 16 * WIDTH + at % (WIDTH / 16) * 16;
		guint sum = 0;

		for (guint i = 0; i < 256; i++) {
			const guint pixel = first + i / 16 * WIDTH + i % 16;

			sum += ABS(map.data[pixel] - f->picture[pixel]);
		}
		worst = MAX(worst, sum / 256.0);
	}
	gst_buffer_unmap(shown, &map);
	return worst;
}

/* Whatever comes, in the end the display shows what the desktop does, all of it. */
static void test_nothing_stale(struct fixture *f, gconstpointer profile)
{
	g_autoptr(GstBuffer) shown = NULL;
	double worst;
	gsize bytes;

	begin_decoding(f);
	draw(f, 0, 0, WIDTH, HEIGHT);
	encode(f, make_buffer(f, PERIOD), NULL);
	for (guint i = 0; i < 200; i++) {
		const guint x = g_rand_int_range(f->random, 0, WIDTH), y = g_rand_int_range(f->random, 0, HEIGHT);
		const guint part = g_rand_boolean(f->random) ? 1 : 10;
		const guint width = g_rand_int_range(f->random, 0, (WIDTH - x) / part + 1);
		const guint height = g_rand_int_range(f->random, 0, (HEIGHT - y) / part + 1);
		GstBuffer *buffer;

		/* At a rate at which noise has the largest quantiser, too. */
		if (i % 20 == 0)
			g_object_set(f->harness->element, "bitrate", i / 20 % 2 ? KBIT : KBIT / 30, NULL);
		if (i % 37 == 0)
			gst_harness_push_upstream_event(f->harness, gst_video_event_new_upstream_force_key_unit(
									    GST_CLOCK_TIME_NONE, TRUE, 0));
		draw(f, x, y, width, height);
		buffer = make_buffer(f, PERIOD * g_rand_int_range(f->random, 1, 10));
		if (i % 23) {
			wfd_picture_add_changed(buffer, 0, 0, 0, 0);
			wfd_picture_add_changed(buffer, x, y, width, height);
		}
		encode(f, buffer, NULL);
	}
	g_object_set(f->harness->element, "bitrate", KBIT, NULL);
	settle(f, &bytes);
	shown = decode(f);
	worst = worst_difference(f, shown);
	g_test_message("a pixel of the worst macroblock is wrong by %.2f", worst);
	g_assert_cmpfloat(worst, <, 2);
}

/* Both are the picture's, from here on: what a decoder has shown of each access unit is held against it at the end. */
struct shown {
	guint8 *picture;
	gboolean whole; /* it had settled: nothing of it is rough */
};

static void remember(struct fixture *f, GArray *pictures)
{
	struct shown shown = { g_memdup2(f->picture, SIZE), has_settled(f) };

	g_array_append_val(pictures, shown);
}

static void free_shown(gpointer data)
{
	g_free(((struct shown *)data)->picture);
}

/* Each of them, in its place; the latest ones may be in the decoder. */
static void compare_all(struct fixture *f, GArray *pictures)
{
	guint whole = 0;
	double worst = 0;

	g_assert_true(gst_harness_push_event(f->decoder, gst_event_new_eos()));
	for (guint i = 0; i < pictures->len; i++) {
		const struct shown *shown = &g_array_index(pictures, struct shown, i);
		g_autoptr(GstBuffer) decoded = gst_harness_try_pull(f->decoder);

		g_assert_nonnull(decoded);
		if (!shown->whole)
			continue;
		memcpy(f->picture, shown->picture, SIZE);
		worst = MAX(worst, worst_difference(f, decoded));
		whole++;
	}
	g_test_message("a pixel of the worst macroblock of %u pictures is wrong by %.2f", whole, worst);
	g_assert_cmpfloat(worst, <, 2);
	g_assert_cmpuint(whole, >, pictures->len / 2);
}

/* The place of a picture, as the decoder is told it, is the next one since the key frame; pictures without a reference are
 * no more than their count can tell apart. */
static void check_order(struct fixture *f, GstBuffer *unit, GstH264NalParser *parser)
{
	static guint number, between;
	GstH264ParserResult found;
	GstMapInfo map;
	gsize at = 0;

	g_assert_true(gst_buffer_map(unit, &map, GST_MAP_READ));
	do {
		GstH264SliceHdr slice;
		GstH264NalUnit nal;

		found = gst_h264_parser_identify_nalu(parser, map.data, at, map.size, &nal);
		g_assert_true(found == GST_H264_PARSER_OK || found == GST_H264_PARSER_NO_NAL_END);
		g_assert_cmpint(gst_h264_parser_parse_nal(parser, &nal), ==, GST_H264_PARSER_OK);
		at = nal.offset + nal.size;
		if (nal.type != GST_H264_NAL_SLICE && nal.type != GST_H264_NAL_SLICE_IDR)
			continue;
		g_assert_cmpint(gst_h264_parser_parse_slice_hdr(parser, &nal, &slice, TRUE, TRUE), ==, GST_H264_PARSER_OK);
		if (nal.type == GST_H264_NAL_SLICE_IDR)
			number = between = 0;
		g_assert_cmpuint(slice.pps->sequence->pic_order_cnt_type, ==, 0);
		g_assert_cmpuint(slice.pps->sequence->vui_parameters.num_reorder_frames, ==, 0);
		g_assert_cmpuint(slice.pic_order_cnt_lsb, ==, 2 * number++ % 256);
		between = nal.ref_idc ? 0 : between + 1;
		g_assert_cmpuint(between, <=, 60);
		/* The last one ends with the unit. */
	} while (found == GST_H264_PARSER_OK);
	gst_buffer_unmap(unit, &map);
}

/* An area with what it had before, or with something else. */
static void change(struct fixture *f, const guint8 *before, guint x, guint y, guint width, guint height)
{
	if (!before) {
		draw(f, x, y, width, height);
		return;
	}
	for (guint row = y; row < y + height; row++)
		memcpy(f->picture + row * WIDTH + x, before + row * WIDTH + x, width);
}

/*
 * What is new and small of a picture that has settled is there as it is, without the encoder, as often as it comes; a decoder shows
 * it, and goes on as if it had not been, be the next one large, or a key frame.
 */
static void test_patches(struct fixture *f, gconstpointer profile)
{
	g_autoptr(GArray) pictures = g_array_new(FALSE, FALSE, sizeof(struct shown));
	GstH264NalParser *parser = gst_h264_nal_parser_new();
	g_autofree guint8 *page = NULL;
	guint patches = 0, settled = 0, x = 0, y = 0, from_x, from_y;

	g_array_set_clear_func(pictures, free_shown);
	/* For some forty macroblocks in a patch. */
	g_object_set(f->harness->element, "bitrate", 4 * KBIT, NULL);
	begin_decoding(f);
	draw(f, 0, 0, WIDTH, HEIGHT);
	for (guint i = 0; i < 400; i++) {
		const gboolean large = i % 90 == 89, key = i % 130 == 129, rest = i % 7 == 3;
		const gboolean moves = i > 40 && !rest && !large;
		g_autoptr(GstBuffer) out = NULL;
		GstBuffer *buffer;

		/* A cursor: where it was is what was there before. */
		if (i > 40 && !page)
			page = g_memdup2(f->picture, SIZE);
		if (large) {
			draw(f, 0, 0, WIDTH, HEIGHT);
			g_clear_pointer(&page, g_free);
		}
		if (key)
			gst_harness_push_upstream_event(f->harness, gst_video_event_new_upstream_force_key_unit(
									    GST_CLOCK_TIME_NONE, TRUE, 0));
		from_x = x;
		from_y = y;
		if (moves) {
			change(f, page, x, y, 20, 20);
			x = i * 37 % (WIDTH - 20);
			y = i * 53 % (HEIGHT - 20);
			change(f, NULL, x, y, 20, 20);
		}
		buffer = make_buffer(f, REPEAT);
		if (i && !large) {
			wfd_picture_add_changed(buffer, 0, 0, 0, 0);
			if (moves) {
				wfd_picture_add_changed(buffer, from_x, from_y, 20, 20);
				wfd_picture_add_changed(buffer, x, y, 20, 20);
			}
		}
		settled += has_settled(f);
		g_assert_cmpint(gst_harness_push(f->harness, buffer), ==, GST_FLOW_OK);
		out = gst_harness_try_pull(f->harness);
		g_assert_nonnull(out);
		check_order(f, out, parser);
		patches += !reference_of(out);
		/* Nine macroblocks where it is, and as many where it was in the encoder's pictures; the rest is as it was there. */
		if (!reference_of(out))
			g_assert_cmpuint(gst_buffer_get_size(out), <, 27 * 390);
		g_assert_cmpint(gst_harness_push(f->decoder, g_steal_pointer(&out)), ==, GST_FLOW_OK);
		remember(f, pictures);
	}
	g_test_message("%u of %u pictures that came after one that had settled were patches", patches, settled);
	g_assert_cmpuint(settled, >, 250);
	g_assert_cmpuint(patches * 10, >, settled * 8);
	compare_all(f, pictures);
	gst_h264_nal_parser_free(parser);
}

/* However long it has rested, and made its key frames as good as they get: some pictures later there are patches again. */
static void test_patches_after_rest(struct fixture *f, gconstpointer profile)
{
	guint until = 0;
	gsize bytes;

	draw(f, 0, 0, WIDTH, HEIGHT);
	encode_new(f);
	for (guint i = 0; i < 10; i++) {
		gst_harness_push_upstream_event(f->harness, gst_video_event_new_upstream_force_key_unit(
								    GST_CLOCK_TIME_NONE, TRUE, 0));
		encode_unchanged(f);
		settle(f, &bytes);
	}
	do {
		encode_unchanged(f);
		until++;
	} while (f->reference);
	g_test_message("a patch is the picture number %u", until);
	g_assert_cmpuint(until, <=, 16);
}

/* One plane of the picture, against what was shown: the largest difference, where a macroblock that is cut by an edge counts, too. */
static guint plane_difference(const GstVideoFrame *a, const GstVideoFrame *b, guint plane)
{
	guint worst = 0;

	for (gint y = 0; y < GST_VIDEO_FRAME_COMP_HEIGHT(a, plane); y++) {
		const guint8 *row = (guint8 *)GST_VIDEO_FRAME_PLANE_DATA(a, plane) + y * GST_VIDEO_FRAME_PLANE_STRIDE(a, plane);
		const guint8 *other = (guint8 *)GST_VIDEO_FRAME_PLANE_DATA(b, plane) + y * GST_VIDEO_FRAME_PLANE_STRIDE(b, plane);

		for (gint x = 0; x < GST_VIDEO_FRAME_COMP_WIDTH(a, plane); x++)
			worst = MAX(worst, (guint)ABS(row[x] - other[x]));
	}
	return worst;
}

/* Noise in the planes from @first on of the square, as far as it is in the picture. */
static void draw_planes(GstVideoFrame *frame, GRand *random, guint first, gint left, gint top, gint size)
{
	for (guint plane = first; plane < 3; plane++) {
		const gint part = plane ? 2 : 1;

		for (gint y = top / part; y < MIN((top + size) / part, GST_VIDEO_FRAME_COMP_HEIGHT(frame, plane)); y++) {
			guint8 *row = (guint8 *)GST_VIDEO_FRAME_PLANE_DATA(frame, plane) + y * GST_VIDEO_FRAME_PLANE_STRIDE(frame, plane);

			for (gint x = left / part; x < MIN((left + size) / part, GST_VIDEO_FRAME_COMP_WIDTH(frame, plane)); x++)
				row[x] = g_rand_int_range(random, 0, 256);
		}
	}
}

/*
 * Colours, and macroblocks that an edge cuts, by the last picture of all, a patch: what was drawn before libx264 has as well as it
 * can, what is drawn last is as it is, whatever bytes that has.
 */
static void test_patches_at_edges(void)
{
	/* The last one comes once, and with colours alone. */
	static const gint places[][2] = { { 166, 114 }, { 0, 0 }, { 172, 20 }, { 20, 124 }, { 96, 64 } };
	GstHarness *h = gst_harness_new("wfdx264enc"), *decoder = gst_harness_new_parse("avdec_h264 max-threads=1");
	g_autoptr(GRand) random = g_rand_new_with_seed(5);
	g_autoptr(GstBuffer) shown = NULL;
	GstBuffer *next;
	GstVideoFrame decoded, drawn;
	GstBuffer *picture;
	GstVideoInfo info;

	gst_video_info_set_format(&info, GST_VIDEO_FORMAT_I420, 182, 130);
	picture = gst_buffer_new_allocate(NULL, info.size, NULL);
	gst_buffer_memset(picture, 0, 90, info.size);
	g_object_set(h->element, "bitrate", 8000, NULL);
	gst_harness_set_sink_caps_str(h, "video/x-h264,profile=high,stream-format=byte-stream,alignment=au");
	gst_harness_set_src_caps_str(h, "video/x-raw,format=I420,width=182,height=130,framerate=30/1,interlace-mode=progressive");
	gst_harness_set_src_caps_str(decoder, "video/x-h264,stream-format=byte-stream,alignment=au,width=182,height=130");
	for (guint i = 0; i < 40; i++) {
		const gboolean colours = i == 39;
		const gint *place = places[colours ? 4 : i % 4];
		GstBuffer *buffer;

		if (i >= 20) {
			g_assert_true(gst_video_frame_map(&drawn, &info, picture, GST_MAP_READWRITE));
			draw_planes(&drawn, random, colours, place[0], place[1], 16);
			gst_video_frame_unmap(&drawn);
		}
		buffer = gst_buffer_copy_deep(picture);
		GST_BUFFER_PTS(buffer) = i * PERIOD;
		if (i)
			wfd_picture_add_changed(buffer, 0, 0, 0, 0);
		if (i >= 20)
			wfd_picture_add_changed(buffer, place[0], place[1], 16, 16);
		g_assert_cmpint(gst_harness_push(h, buffer), ==, GST_FLOW_OK);
		next = gst_harness_try_pull(h);
		g_assert_nonnull(next);
		if (i >= 20)
			g_assert_cmpuint(reference_of(next), ==, 0);
		g_assert_cmpint(gst_harness_push(decoder, next), ==, GST_FLOW_OK);
	}
	g_assert_true(gst_harness_push_event(decoder, gst_event_new_eos()));
	while ((next = gst_harness_try_pull(decoder))) {
		g_clear_pointer(&shown, gst_buffer_unref);
		shown = next;
	}
	g_assert_nonnull(shown);
	g_assert_true(gst_video_frame_map(&decoded, &info, shown, GST_MAP_READ));
	g_assert_true(gst_video_frame_map(&drawn, &info, picture, GST_MAP_READ));
	for (guint plane = 0; plane < 3; plane++)
		g_assert_cmpuint(plane_difference(&drawn, &decoded, plane), <=, 1);
	gst_video_frame_unmap(&decoded);
	gst_video_frame_unmap(&drawn);
	gst_buffer_unref(picture);
	gst_harness_teardown(h);
	gst_harness_teardown(decoder);
}

/* A third of what a picture may have, ten macroblocks here, and not one more: libx264 needs a tenth of the bits. */
static void test_patch_is_small(struct fixture *f, gconstpointer profile)
{
	gsize bytes;

	draw(f, 0, 0, WIDTH, HEIGHT);
	encode_new(f);
	settle(f, &bytes);
	for (guint i = 0; i < 40; i++)
		encode_unchanged(f);
	g_assert_cmpuint(f->reference, ==, 0);
	draw(f, 160, 160, 5 * 16, 2 * 16);
	encode_changed(f, 160, 160, 5 * 16, 2 * 16);
	g_assert_cmpuint(f->reference, ==, 0);
	/* One more, and those that the encoder has not seen. */
	draw(f, 0, 0, 16, 16);
	encode_changed(f, 0, 0, 16, 16);
	g_assert_cmpuint(f->reference, >, 0);
}

/* Whoever cannot show them gets none: all pictures are libx264's, and nothing is said of their order. */
static void test_no_patches(void)
{
	GstH264NalParser *parser = gst_h264_nal_parser_new();
	struct fixture f = { 0 };

	set_up_with(&f, "high", 1, FALSE);
	draw(&f, 0, 0, WIDTH, HEIGHT);
	for (guint i = 0; i < 60; i++) {
		GstBuffer *buffer = make_buffer(&f, REPEAT);
		g_autoptr(GstBuffer) out = NULL;
		GstH264NalUnit nal = { 0 };
		GstH264SPS sps;
		GstMapInfo map;

		if (i)
			wfd_picture_add_changed(buffer, 0, 0, 0, 0);
		g_assert_cmpint(gst_harness_push(f.harness, buffer), ==, GST_FLOW_OK);
		out = gst_harness_try_pull(f.harness);
		g_assert_nonnull(out);
		g_assert_cmpuint(reference_of(out), >, 0);
		if (i)
			continue;
		g_assert_true(gst_buffer_map(out, &map, GST_MAP_READ));
		do {
			g_assert_cmpint(gst_h264_parser_identify_nalu(parser, map.data, nal.offset + nal.size, map.size, &nal), ==,
					GST_H264_PARSER_OK);
		} while (nal.type != GST_H264_NAL_SPS);
		g_assert_cmpint(gst_h264_parser_parse_sps(parser, &nal, &sps), ==, GST_H264_PARSER_OK);
		g_assert_cmpuint(sps.pic_order_cnt_type, ==, 2);
		gst_h264_sps_clear(&sps);
		gst_buffer_unmap(out, &map);
	}
	g_assert_true(has_settled(&f));
	tear_down(&f, "high");
	gst_h264_nal_parser_free(parser);
}

/* Areas are claims: one without end goes as far as the picture. */
static void test_endless_area(struct fixture *f, gconstpointer profile)
{
	gsize bytes;

	draw(f, 0, 0, WIDTH, HEIGHT);
	encode_new(f);
	settle(f, &bytes);
	draw(f, 0, 0, WIDTH, HEIGHT);
	g_assert_cmpuint(encode_changed(f, 16, 16, G_MAXUINT, G_MAXUINT), >, 10 * NOTHING);
}

/* What moves is no worse than what stands still, as soon as the bit rate allows. */
static void test_motion(struct fixture *f, gconstpointer profile)
{
	g_autoptr(GstBuffer) shown = NULL;
	guint8 line[WIDTH];

	begin_decoding(f);
	draw(f, 0, 0, WIDTH, HEIGHT / 2);
	encode(f, make_buffer(f, PERIOD), NULL);
	for (guint i = 0; i < 60; i++) {
		memcpy(line, f->picture, WIDTH);
		memmove(f->picture, f->picture + WIDTH, WIDTH * (HEIGHT / 2 - 1));
		memcpy(f->picture + WIDTH * (HEIGHT / 2 - 1), line, WIDTH);
		encode_changed(f, 0, 0, WIDTH, HEIGHT / 2);
	}
	shown = decode(f);
	g_test_message("a pixel of the worst macroblock is wrong by %.2f", worst_difference(f, shown));
	g_assert_cmpfloat(worst_difference(f, shown), <, 1.5);
}

/* While it runs. */
static void test_bit_rate(struct fixture *f, gconstpointer profile)
{
	gsize at[2] = { 0 };

	for (guint half = 0; half < 2; half++) {
		g_object_set(f->harness->element, "bitrate", half ? KBIT / 3 : KBIT, NULL);
		for (guint i = 0; i < 90; i++) {
			gsize size;

			draw(f, 0, 0, WIDTH, HEIGHT / 4);
			size = encode_changed(f, 0, 0, WIDTH, HEIGHT / 4);
			/* The first second of each gets used to it. */
			at[half] += i >= 30 ? size : 0;
		}
	}
	g_test_message("%" G_GSIZE_FORMAT " and %" G_GSIZE_FORMAT " bytes in two seconds", at[0], at[1]);
	g_assert_cmpuint(8 * at[0], <, 2 * KBIT * 1100);
	g_assert_cmpuint(8 * at[1], <, 2 * KBIT / 3 * 1100);
	g_assert_cmpuint(at[1], <, at[0] / 2);
}

/* Bytes of a new page and of the pictures in which it gets better: the first, and all of @n. */
static void new_page(struct fixture *f, guint n, gsize *first, gsize *all)
{
	draw(f, 0, 0, WIDTH, HEIGHT);
	*first = *all = encode(f, make_buffer(f, PERIOD), NULL);
	while (--n) {
		GstBuffer *buffer = make_buffer(f, PERIOD);

		wfd_picture_add_changed(buffer, 0, 0, 0, 0);
		*all += encode(f, buffer, NULL);
	}
}

/* What was left of the bit rate is there at once for a new page, once, and what moves on has the bit rate. */
static void test_burst(struct fixture *f, gconstpointer profile)
{
	/* 150 ms of it beyond the bit rate. */
	const gsize saved = KBIT * 150 / 8;
	gsize first[3], all[3], moving = 0, bytes;

	draw(f, 0, 0, WIDTH, HEIGHT);
	encode_new(f);
	for (guint i = 0; i < G_N_ELEMENTS(first); i++) {
		settle(f, &bytes);
		g_object_set(f->harness->element, "burst-bitrate", i == 1 ? 2 * KBIT : 0, NULL);
		for (guint n = 0; n < 20; n++)
			g_assert_cmpuint(encode_unchanged(f), <=, NOTHING);
		new_page(f, 5, &first[i], &all[i]);
		g_test_message("burst %u: %" G_GSIZE_FORMAT " bytes, %" G_GSIZE_FORMAT " in five pictures", i == 1, first[i], all[i]);
		g_assert_cmpuint(first[i], <=, i == 1 ? 2 * MOST_NEW : MOST_NEW);
		g_assert_cmpuint(all[i], <, MOST_NEW + KBIT * 1000 / 8 * 5 / FPS + (i == 1 ? saved : 0));
		if (i == 1) {
			/* Used up: no more than the bit rate from here on. */
			for (guint n = 0; n < 60; n++) {
				draw(f, 0, 0, WIDTH, HEIGHT / 2);
				moving += encode_changed(f, 0, 0, WIDTH, HEIGHT / 2);
			}
			g_object_set(f->harness->element, "burst-bitrate", 0, NULL);
		}
	}
	/* As many as libx264 gives a P picture, half of its buffer, or not much less: it has not lost sight of the time. */
	g_assert_cmpuint(MIN(first[0], first[2]), >, MOST / 3);
	g_assert_cmpuint(first[1] * 10, >, 14 * MAX(first[0], first[2]));
	g_assert_cmpuint(all[1], >, MAX(all[0], all[2]) + saved * 7 / 10);
	g_test_message("%" G_GSIZE_FORMAT " bytes in two seconds", moving);
	g_assert_cmpuint(8 * moving, <, 2 * KBIT * 1050);
}

/* Caps need not say that pictures are progressive, and interlaced ones are refused. */
static void test_interlaced(void)
{
	for (guint interlaced = 0; interlaced < 2; interlaced++) {
		GstHarness *h = gst_harness_new("wfdx264enc");
		GstBuffer *buffer = gst_buffer_new_allocate(NULL, SIZE, NULL);
		g_autofree char *caps = g_strdup_printf("video/x-raw,format=I420,width=640,height=480,framerate=30/1%s",
							interlaced ? ",interlace-mode=interleaved" : "");

		gst_buffer_memset(buffer, 0, 128, SIZE);
		gst_harness_set_sink_caps_str(h, "video/x-h264,profile=high,stream-format=byte-stream,alignment=au");
		gst_harness_set_src_caps_str(h, caps);
		GST_BUFFER_PTS(buffer) = 0;
		g_assert_cmpint(gst_harness_push(h, buffer), ==, interlaced ? GST_FLOW_NOT_NEGOTIATED : GST_FLOW_OK);
		gst_harness_teardown(h);
	}
}

/* A level that does not hold such pictures is refused, and not only warned of. */
static void test_level(void)
{
	GstHarness *h = gst_harness_new("wfdx264enc");
	GstBuffer *buffer = gst_buffer_new_allocate(NULL, 1920 * 1080 * 3 / 2, NULL);

	gst_harness_set_sink_caps_str(h, "video/x-h264,profile=high,level=(string)3.1,stream-format=byte-stream");
	gst_harness_set_src_caps_str(h, "video/x-raw,format=I420,width=1920,height=1080,framerate=30/1,"
					"interlace-mode=progressive");
	GST_BUFFER_PTS(buffer) = 0;
	g_assert_cmpint(gst_harness_push(h, buffer), ==, GST_FLOW_NOT_NEGOTIATED);
	gst_harness_teardown(h);
}

static void add(const char *name, void (*test)(struct fixture *f, gconstpointer profile))
{
	static const char *const profiles[] = { "constrained-baseline", "high" };

	for (guint i = 0; i < G_N_ELEMENTS(profiles); i++) {
		g_autofree char *path = g_strdup_printf("/wfdx264enc/%s/%s", name, profiles[i]);

		g_test_add(path, struct fixture, profiles[i], set_up, test, tear_down);
	}
}

/* First macroblock of each slice of an access unit, in ue(v): 1 is 0. */
static GArray *first_macroblocks(GstBuffer *unit)
{
	GArray *found = g_array_new(FALSE, FALSE, sizeof(guint));
	GstMapInfo map;

	g_assert_true(gst_buffer_map(unit, &map, GST_MAP_READ));
	for (gsize i = 0; i + 8 < map.size; i++) {
		const guint8 *p = map.data + i;
		guint zeros = 0, value;
		guint32 bits;

		if (p[0] || p[1] || p[2] != 1 || ((p[3] & 0x1f) != 1 && (p[3] & 0x1f) != 5))
			continue;
		bits = (guint32)p[4] << 24 | p[5] << 16 | p[6] << 8 | p[7];
		while (!(bits << zeros & 0x80000000))
			zeros++;
		value = (bits << zeros >> (31 - zeros)) - 1;
		g_array_append_val(found, value);
	}
	gst_buffer_unmap(unit, &map);
	return found;
}

/* As M4 says: so many in each picture, of one size, be it new everywhere or here and there. */
static void test_slices(struct fixture *f, gconstpointer profile)
{
	const guint mbs = WIDTH / 16 * HEIGHT / 16;

	for (guint i = 0; i < 12; i++) {
		g_autoptr(GArray) first = NULL;
		g_autoptr(GstBuffer) out = NULL;
		GstBuffer *buffer;

		draw(f, i * 16, i * 32, i < 4 ? 300 : 16, 64);
		buffer = make_buffer(f, PERIOD);
		if (i >= 4) {
			wfd_picture_add_changed(buffer, 0, 0, 0, 0);
			wfd_picture_add_changed(buffer, i * 16, i * 32, 16, 64);
		}
		g_assert_cmpint(gst_harness_push(f->harness, buffer), ==, GST_FLOW_OK);
		out = gst_harness_try_pull(f->harness);
		g_assert_nonnull(out);
		first = first_macroblocks(out);
		g_assert_cmpuint(first->len, ==, 3);
		for (guint n = 0; n < 3; n++)
			g_assert_cmpuint(g_array_index(first, guint, n), ==, n * mbs / 3);
	}
}

int main(int argc, char **argv)
{
	g_autoptr(GstPlugin) plugin = NULL;
	g_autoptr(GError) error = NULL;

	gst_init(NULL, NULL);
	g_test_init(&argc, &argv, NULL);
	plugin = gst_plugin_load_file(X264_PLUGIN, &error);
	g_assert_no_error(error);
	add("refines-and-rests", test_refines_and_rests);
	add("believes", test_believes);
	add("part", test_part);
	add("small-at-once", test_small_at_once);
	add("refines-in-motion", test_refines_in_motion);
	add("key-frames", test_key_frames);
	add("nothing-stale", test_nothing_stale);
	add("patches", test_patches);
	add("patch-is-small", test_patch_is_small);
	add("patches-after-rest", test_patches_after_rest);
	add("endless-area", test_endless_area);
	add("motion", test_motion);
	add("bit-rate", test_bit_rate);
	add("burst", test_burst);
	g_test_add("/wfdx264enc/slices", struct fixture, "high", set_up_three, test_slices, tear_down);
	g_test_add_func("/wfdx264enc/no-patches", test_no_patches);
	g_test_add_func("/wfdx264enc/patches-at-edges", test_patches_at_edges);
	g_test_add_func("/wfdx264enc/interlaced", test_interlaced);
	g_test_add_func("/wfdx264enc/level", test_level);
	return g_test_run();
}
