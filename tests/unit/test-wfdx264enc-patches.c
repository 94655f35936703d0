// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * wfdx264enc: pictures of which little is new, without libx264: when they come, and that a decoder shows the desktop as it is
 * and goes on as if they had not been.
 */
#define GST_USE_UNSTABLE_API

#include <string.h>

#include <gst/codecparsers/gsth264parser.h>

#include "wfdx264enc-fixture.h"

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

int main(int argc, char **argv)
{
	begin_tests(&argc, &argv);
	add("patches", test_patches);
	add("patch-is-small", test_patch_is_small);
	add("patches-after-rest", test_patches_after_rest);
	g_test_add_func("/wfdx264enc/no-patches", test_no_patches);
	g_test_add_func("/wfdx264enc/patches-at-edges", test_patches_at_edges);
	return g_test_run();
}
