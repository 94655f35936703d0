// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * See wfdx264enc-fixture.h.
 */
#include "wfdx264enc-fixture.h"

#include <string.h>

void begin_tests(int *argc, char ***argv)
{
	g_autoptr(GstPlugin) plugin = NULL;
	g_autoptr(GError) error = NULL;

	gst_init(NULL, NULL);
	g_test_init(argc, argv, NULL);
	plugin = gst_plugin_load_file(X264_PLUGIN, &error);
	g_assert_no_error(error);
}

void set_up_with(struct fixture *f, gconstpointer profile, guint slices, gboolean patches)
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

void tear_down(struct fixture *f, gconstpointer profile)
{
	g_clear_pointer(&f->decoder, gst_harness_teardown);
	gst_harness_teardown(f->harness);
	g_rand_free(f->random);
}

void draw(struct fixture *f, guint x, guint y, guint width, guint height)
{
	for (guint row = y; row < y + height; row++) {
		for (guint column = x; column < x + width; column++)
			f->picture[row * WIDTH + column] = g_rand_int_range(f->random, 16, 235);
	}
}

GstBuffer *make_buffer(struct fixture *f, GstClockTime after)
{
	GstBuffer *buffer = gst_buffer_new_memdup(f->picture, SIZE);

	f->pts += after;
	GST_BUFFER_PTS(buffer) = f->pts;
	return buffer;
}

guint reference_of(GstBuffer *unit)
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

gsize encode(struct fixture *f, GstBuffer *buffer, gboolean *key)
{
	g_autoptr(GstBuffer) out = NULL;

	g_assert_cmpint(gst_harness_push(f->harness, buffer), ==, GST_FLOW_OK);
	/* None is held back. */
	out = gst_harness_try_pull(f->harness);
	g_assert_nonnull(out);
	g_assert_cmpuint(GST_BUFFER_PTS(out), ==, f->pts);
	f->reference = reference_of(out);
	if (f->decoder)
		g_assert_cmpint(gst_harness_push(f->decoder, gst_buffer_ref(out)), ==, GST_FLOW_OK);
	if (key)
		*key = !GST_BUFFER_FLAG_IS_SET(out, GST_BUFFER_FLAG_DELTA_UNIT);
	return gst_buffer_get_size(out);
}

gsize encode_new(struct fixture *f)
{
	gsize size = encode(f, make_buffer(f, PERIOD), NULL);

	g_assert_cmpuint(size, <=, MOST_NEW);
	return size;
}

gsize encode_unchanged(struct fixture *f)
{
	GstBuffer *buffer = make_buffer(f, REPEAT);

	gboolean key;
	gsize size;

	wfd_picture_add_changed(buffer, 0, 0, 0, 0);
	size = encode(f, buffer, &key);
	g_assert_cmpuint(size, <=, key ? MOST_NEW : MOST);
	return size;
}

gsize encode_changed(struct fixture *f, guint x, guint y, guint width, guint height)
{
	GstBuffer *buffer = make_buffer(f, PERIOD);
	gsize size;

	wfd_picture_add_changed(buffer, 0, 0, 0, 0);
	wfd_picture_add_changed(buffer, x, y, width, height);
	size = encode(f, buffer, NULL);
	g_assert_cmpuint(size, <=, MOST);
	return size;
}

gboolean has_settled(struct fixture *f)
{
	gboolean settled;

	g_object_get(f->harness->element, "settled", &settled, NULL);
	return settled;
}

guint settle(struct fixture *f, gsize *bytes)
{
	guint n = 0;

	*bytes = 0;
	do {
		g_assert_cmpuint(++n, <, 200);
		*bytes += encode_unchanged(f);
	} while (!has_settled(f));
	return n;
}

void begin_decoding(struct fixture *f)
{
	f->decoder = gst_harness_new_parse("avdec_h264 max-threads=1");
	gst_harness_set_src_caps_str(f->decoder, "video/x-h264,stream-format=byte-stream,alignment=au,"
						 "width=640,height=480");
}

GstBuffer *decode(struct fixture *f)
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

double worst_difference(struct fixture *f, GstBuffer *shown)
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

static void set_up(struct fixture *f, gconstpointer profile)
{
	set_up_with(f, profile, 1, TRUE);
}

void add(const char *name, void (*test)(struct fixture *f, gconstpointer profile))
{
	static const char *const profiles[] = { "constrained-baseline", "high" };

	for (guint i = 0; i < G_N_ELEMENTS(profiles); i++) {
		g_autofree char *path = g_strdup_printf("/wfdx264enc/%s/%s", name, profiles[i]);

		g_test_add(path, struct fixture, profiles[i], set_up, test, tear_down);
	}
}
