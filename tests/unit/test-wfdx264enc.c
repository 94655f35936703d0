// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * wfdx264enc: that it believes what it is told of a picture, and what that saves, counted in
 * bytes and pictures.
 */
#include <string.h>

#include "wfdx264enc-fixture.h"

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

static void set_up_three(struct fixture *f, gconstpointer profile)
{
	set_up_with(f, profile, 3, TRUE);
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
	begin_tests(&argc, &argv);
	add("refines-and-rests", test_refines_and_rests);
	add("believes", test_believes);
	add("part", test_part);
	add("small-at-once", test_small_at_once);
	add("refines-in-motion", test_refines_in_motion);
	add("key-frames", test_key_frames);
	add("nothing-stale", test_nothing_stale);
	add("endless-area", test_endless_area);
	add("motion", test_motion);
	add("bit-rate", test_bit_rate);
	add("burst", test_burst);
	g_test_add("/wfdx264enc/slices", struct fixture, "high", set_up_three, test_slices, tear_down);
	g_test_add_func("/wfdx264enc/interlaced", test_interlaced);
	g_test_add_func("/wfdx264enc/level", test_level);
	return g_test_run();
}
