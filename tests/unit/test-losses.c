// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Packets are lost on the way to a sink that tells nobody: how much of its picture is wrong, and for
 * how long.  Our encoder, the rule for key frames (key-frames.h) and a decoder that conceals what it
 * misses; packets as the payloader makes them, lost at random.  What the decoder shows is compared
 * with what it shows of the same stream without losses.  No clock, so the machine's speed is nothing
 * to it; but the encoder's floating point differs from processor to processor, and with it which packet
 * is lost, so there are sinks enough, and no goal is that of the unluckiest one's worst moment.
 */
#include <math.h>
#include <string.h>

#include <gst/check/gstharness.h>
#include <gst/video/video.h>

#include "key-frames.h"
#include "wfd-negotiate.h"

#define WIDTH 640
#define HEIGHT 352
#define SIZE (WIDTH * HEIGHT * 3 / 2)
#define FPS 30
#define PICTURES (10 * FPS)
/* As for 720p30: as many packets. */
#define KBIT 4147
/* Bytes of the stream in one packet: seven times 184. */
#define PACKET 1288
/* The sink has got so many pictures before the first one is lost. */
#define CLEAN FPS
#define LATTICE 64
/* A place of the picture: a macroblock. */
#define PLACE 16
#define PLACES ((WIDTH / PLACE) * (HEIGHT / PLACE))

/**
 * struct sink - one that misses packets
 * @loss: part that it misses
 * @wrong_pictures, @wrong_pixels: in which more than 0.5 % is wrong; sum of parts of pictures
 * @runs: per place, in how many pictures one behind the other a tenth of it has been wrong.  Not of the
 *	picture as a whole: where each third one has a new fault somewhere, it is luck when one has none,
 *	and faults that have healed are counted with those that have not.
 * @healed: how many of such runs were so long; those that no picture has ended are not among them
 */
struct sink {
	double loss;
	GstHarness *decoder;
	GRand *random;
	guint8 shown[WIDTH * HEIGHT];
	guint wrong_pictures;
	double wrong_pixels;
	guint runs[PLACES];
	guint healed[PICTURES];
};

/* A camera that flies over noise: nothing stays, and all of it takes bits. */
static void draw(guint8 *picture, guint number)
{
	static guint8 lattice[LATTICE][LATTICE];
	static GRand *random;
	const double zoom = 0.05 + 0.04 * sin(number * 0.02), angle = number * 0.006;
	const double right = cos(angle) * zoom, down = sin(angle) * zoom;

	if (!random) {
		random = g_rand_new_with_seed(3);
		for (guint i = 0; i < sizeof(lattice); i++)
			lattice[i / LATTICE][i % LATTICE] = g_rand_int_range(random, 30, 220);
	}
	for (guint y = 0; y < HEIGHT; y++) {
		for (guint x = 0; x < WIDTH; x++) {
			double u = x * right - y * down + number * 0.1 + 1000;
			double v = x * down + y * right + 1000;
			guint i = (guint)u % LATTICE, j = (guint)v % LATTICE;

			picture[y * WIDTH + x] = lattice[j][i] + (number * 37 + x * 11 + y * 7) % 13;
		}
	}
	memset(picture + WIDTH * HEIGHT, 128, SIZE - WIDTH * HEIGHT);
}

static GstHarness *new_encoder(guint slices)
{
	GstHarness *h = gst_harness_new("wfdx264enc");

	g_object_set(h->element, "bitrate", KBIT, "burst-bitrate", 2 * KBIT, "slices", slices, NULL);
	gst_harness_set_sink_caps_str(h, "video/x-h264,profile=constrained-baseline,level=(string)4,"
					 "stream-format=byte-stream,alignment=au");
	gst_harness_set_src_caps_str(h, "video/x-raw,format=I420,width=640,height=352,framerate=30/1,"
					"interlace-mode=progressive,colorimetry=bt709");
	return h;
}

static GstHarness *new_decoder(void)
{
	GstHarness *h = gst_harness_new_parse("avdec_h264 max-threads=1 max-errors=-1");

	gst_harness_set_src_caps_str(h, "video/x-h264,stream-format=byte-stream,alignment=au,width=640,height=352,"
					"framerate=30/1,profile=constrained-baseline");
	return h;
}

/* The access unit without what is lost of it; NULL: nothing of it came. */
static GstBuffer *lose(GstBuffer *unit, struct sink *sink, guint number)
{
	GstBuffer *out = gst_buffer_new_allocate(NULL, gst_buffer_get_size(unit), NULL);
	gsize size = 0;
	GstMapInfo from, to;

	g_assert_true(gst_buffer_map(unit, &from, GST_MAP_READ));
	g_assert_true(gst_buffer_map(out, &to, GST_MAP_WRITE));
	for (gsize at = 0; at < from.size; at += PACKET) {
		gsize length = MIN(PACKET, from.size - at);

		if (sink->loss > 0 && number >= CLEAN && g_rand_double(sink->random) < sink->loss)
			continue;
		memcpy(to.data + size, from.data + at, length);
		size += length;
	}
	gst_buffer_unmap(out, &to);
	gst_buffer_unmap(unit, &from);
	GST_BUFFER_PTS(out) = GST_BUFFER_DTS(out) = GST_BUFFER_PTS(unit);
	gst_buffer_set_size(out, size);
	if (!size)
		gst_clear_buffer(&out);
	return out;
}

static void show(struct sink *sink, GstBuffer *unit, guint number)
{
	GstBuffer *got = lose(unit, sink, number);
	GstBuffer *picture;

	if (got)
		gst_harness_push(sink->decoder, got);
	/* None, and it goes on showing the one before. */
	while ((picture = gst_harness_try_pull(sink->decoder))) {
		gst_buffer_extract(picture, 0, sink->shown, sizeof(sink->shown));
		gst_buffer_unref(picture);
	}
}

static void judge(struct sink *sink, const struct sink *right)
{
	guint16 places[PLACES] = { 0 };
	guint wrong = 0;

	for (guint y = 0; y < HEIGHT; y++)
		for (guint x = 0; x < WIDTH; x++)
			places[y / PLACE * (WIDTH / PLACE) + x / PLACE] +=
				ABS(sink->shown[y * WIDTH + x] - right->shown[y * WIDTH + x]) > 24;
	for (guint i = 0; i < PLACES; i++) {
		wrong += places[i];
		if (places[i] * 10 > PLACE * PLACE) {
			sink->runs[i]++;
		} else {
			sink->healed[sink->runs[i]]++;
			sink->runs[i] = 0;
		}
	}
	sink->wrong_pixels += (double)wrong / (WIDTH * HEIGHT);
	sink->wrong_pictures += wrong > WIDTH * HEIGHT / 200;
}

static void force_key_frame(GstHarness *encoder, GstClockTime pts)
{
	g_autoptr(GstPad) pad = gst_element_get_static_pad(encoder->element, "src");

	gst_pad_send_event(pad, gst_video_event_new_upstream_force_key_unit(pts, TRUE, 0));
}

/*
 * The stream, of pictures of so many slices, to all of @sinks, of which the first one misses nothing.
 * @reported: as to one who reports, each five seconds, that something is missing
 */
static void cast(struct sink *sinks, guint n, guint slices, gboolean reported)
{
	g_autofree guint8 *picture = g_malloc(SIZE);
	GstHarness *encoder = new_encoder(slices);
	struct key_frames keys = { 0 };

	key_frames_restart(&keys);
	for (guint number = 0; number < PICTURES; number++) {
		GstBuffer *buffer;
		g_autoptr(GstBuffer) unit = NULL;
		gint64 now_us = G_USEC_PER_SEC + (gint64)number * G_USEC_PER_SEC / FPS;
		gboolean key;

		if (reported && number % (5 * FPS) == CLEAN)
			key_frames_reported(&keys, TRUE, now_us);
		key = key_frames_next(&keys, now_us);
		draw(picture, number);
		buffer = gst_buffer_new_memdup(picture, SIZE);
		GST_BUFFER_PTS(buffer) = number * GST_SECOND / FPS;
		if (key && number)
			force_key_frame(encoder, GST_BUFFER_PTS(buffer));
		g_assert_cmpint(gst_harness_push(encoder, buffer), ==, GST_FLOW_OK);
		unit = gst_harness_pull(encoder);
		g_assert_cmpint(key, ==, !GST_BUFFER_FLAG_IS_SET(unit, GST_BUFFER_FLAG_DELTA_UNIT));
		if (!key && key_frames_is_busy(gst_buffer_get_size(unit), KBIT * 1000 / FPS))
			key_frames_busy(&keys);
		for (guint i = 0; i < n; i++) {
			show(&sinks[i], unit, number);
			judge(&sinks[i], &sinks[0]);
		}
	}
	gst_harness_teardown(encoder);
}

#define SINKS 24

/* The part of all faults, each in its place, that were seen for longer; of those that the end has cut, too. */
static double longer_than(const struct sink *sinks, guint n, double seconds)
{
	guint all = 0, longer = 0;

	for (guint i = 0; i < n; i++) {
		for (guint run = 1; run < PICTURES; run++) {
			all += sinks[i].healed[run];
			longer += run > seconds * FPS ? sinks[i].healed[run] : 0;
		}
		for (guint place = 0; place < PLACES; place++) {
			all += sinks[i].runs[place] > 0;
			longer += sinks[i].runs[place] > seconds * FPS;
		}
	}
	return all ? (double)longer / all : 0;
}

/**
 * check() - sinks of all kinds of luck see one stream
 * @loss: part of the packets that is lost
 * @reported: see cast()
 * @pictures, @pixels: at most so many parts are wrong, in the mean of the sinks
 * @seconds: of the faults, at most 1 in 100 is seen for longer
 */
static void check(double loss, guint slices, gboolean reported, double pictures, double pixels, double seconds)
{
	struct sink *sinks = g_new0(struct sink, SINKS + 1);
	double wrong_pictures = 0, wrong_pixels = 0, longer;

	for (guint i = 0; i <= SINKS; i++) {
		sinks[i].loss = i ? loss : 0;
		sinks[i].random = g_rand_new_with_seed(i);
		sinks[i].decoder = new_decoder();
	}
	cast(sinks, SINKS + 1, slices, reported);
	for (guint i = 1; i <= SINKS; i++) {
		wrong_pictures += sinks[i].wrong_pictures / (double)(PICTURES - CLEAN) / SINKS;
		wrong_pixels += sinks[i].wrong_pixels / (PICTURES - CLEAN) / SINKS;
	}
	longer = longer_than(sinks + 1, SINKS, seconds);
	g_test_message("%.1f %% lost: %.1f %% of the pictures wrong, %.2f %% of the pixels, %.2f %% of the faults for "
		       "longer than %.2f s", 100 * loss, 100 * wrong_pictures, 100 * wrong_pixels, 100 * longer, seconds);
	for (guint i = 0; i <= SINKS; i++) {
		g_rand_free(sinks[i].random);
		gst_harness_teardown(sinks[i].decoder);
	}
	g_free(sinks);
	/* That something is wrong at all shows that packets were lost. */
	g_assert_cmpfloat(wrong_pictures, >, 0);
	g_assert_cmpfloat(wrong_pictures, <=, pictures);
	g_assert_cmpfloat(wrong_pixels, <=, pixels);
	g_assert_cmpfloat(longer, <=, 0.01);
}

static void test_few(void)
{
	check(0.001, 1, FALSE, 0.06, 0.008, 0.6);
}

static void test_many(void)
{
	check(0.01, 1, FALSE, 0.4, 0.05, 0.7);
}

static void test_reported(void)
{
	check(0.01, 1, TRUE, 0.4, 0.03, 0.7);
}

/* What sinks that take slices get: a loss costs one of them. */
static void test_slices(void)
{
	check(0.01, WFD_SLICES, FALSE, 0.4, 0.015, 0.7);
}

int main(int argc, char **argv)
{
	gst_init(&argc, &argv);
	g_test_init(&argc, &argv, NULL);
	gst_plugin_load_file(X264_PLUGIN, NULL);
	g_test_add_func("/losses/0.1-percent", test_few);
	g_test_add_func("/losses/1-percent", test_many);
	g_test_add_func("/losses/1-percent/reported", test_reported);
	g_test_add_func("/losses/1-percent-of-slices", test_slices);
	return g_test_run();
}
