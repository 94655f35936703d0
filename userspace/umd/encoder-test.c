// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Does an encoder work, and how fast is it? See encoders.h.
 *
 * A few pictures go through the element as the stream's would. For a hardware
 * encoder both profiles are tested: the driver may have one, or say that it has.
 * A software encoder is the same everywhere, but not as fast: its time per picture
 * of moving noise is measured. It encodes in the thread that brings the picture, so
 * that the thread's processor time says what an idle processor would need.
 *
 * A test runs in a thread of its own, because a driver may hang: then the encoder is
 * given up and the thread left alone. A software encoder does not hang. It may be slow,
 * or the machine be busy: it is used all the same, and what it can do is known when the
 * test ends. A driver may also crash: the file says which
 * process tests a hardware encoder, and when such processes have ended in the midst
 * of it twice, which may also be because somebody stopped them, it is not used.
 */
#include "encoders-private.h"

#include <time.h>

#include <gio/gio.h>
#include <gst/video/video.h>

#include "h264-promise.h"

/* For one picture: what takes longer hangs, or is so slow that it comes to the same. */
#define PICTURE_NS (GST_SECOND)
#define PICTURE_SOFTWARE_NS (30 * GST_SECOND)
/* What measuring may take; two pictures at least. */
#define MEASURE_US (G_USEC_PER_SEC * 60 / 1000)
#define MEASURE_PICTURES 12
#define TEST_PICTURES 3

/* ---------------------------------------------------------------- some pictures */

struct stopwatch {
	clockid_t clock;
	guint64 begun_ns;
	guint64 fastest_ns;
	guint pictures;
};

static guint64 now_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec * G_GUINT64_CONSTANT(1000000000) + now.tv_nsec;
}

static GstPadProbeReturn picture_in(GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
	struct stopwatch *watch = data;

	watch->begun_ns = now_ns(watch->clock);
	return GST_PAD_PROBE_OK;
}

/*
 * The first one is not counted: it opens the encoder, and is a key frame. Of the others,
 * which are much alike, the fastest counts: caches are cold at first, and others use
 * them, too.
 */
static GstPadProbeReturn picture_out(GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
	struct stopwatch *watch = data;
	guint64 taken = now_ns(watch->clock) - watch->begun_ns;

	if (watch->pictures++)
		watch->fastest_ns = watch->fastest_ns ? MIN(watch->fastest_ns, taken) : taken;
	return GST_PAD_PROBE_OK;
}

typedef struct bench {
	struct encoder_line line;
	GstClockTime patience; /* for one picture */
	GRand *random;
	guint8 *noise;
	gsize size;
	const struct wfd_mode *mode;
	struct stopwatch watch;
} encoder_bench;

static void bench_free(struct bench *bench)
{
	encoder_line_clear(&bench->line);
	g_clear_pointer(&bench->random, g_rand_free);
	g_free(bench->noise);
	g_free(bench);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(encoder_bench, bench_free)

/* What a desktop has when it has most: areas that move, with some noise in half of them. */
static void make_noise(struct bench *bench)
{
	gsize luma = (gsize)bench->mode->width * bench->mode->height;

	bench->size = luma * 3 / 2;
	bench->noise = g_malloc(bench->size + 64 * bench->mode->width);
	for (gsize i = 0; i < bench->size + 64 * bench->mode->width; i++) {
		guint x = i % bench->mode->width, y = i / bench->mode->width;
		guint grain = (x / 64 + y / 64) % 2 ? 48 : 4;

		bench->noise[i] = 64 + (x + 2 * y) % 96 + g_rand_int_range(bench->random, 0, grain);
	}
}

static GstBuffer *make_picture(const struct bench *bench, guint i)
{
	GstBuffer *buffer = gst_buffer_new_allocate(NULL, bench->size, NULL);

	gst_buffer_fill(buffer, 0, bench->noise + (i * 4 % 64) * bench->mode->width + i % 7,
			bench->size);
	GST_BUFFER_PTS(buffer) = gst_util_uint64_scale(i, GST_SECOND, bench->mode->refresh_hz);
	return buffer;
}

static struct bench *bench_new(const struct video_encoder *encoder,
			       const struct wfd_selection *selection, GError **error)
{
	g_autoptr(encoder_bench) bench = g_new0(struct bench, 1);
	const struct wfd_mode *mode = selection->mode;
	g_autoptr(GstCaps) caps = gst_caps_new_simple(
		"video/x-raw", "format", G_TYPE_STRING, "I420", "width", G_TYPE_INT, mode->width,
		"height", G_TYPE_INT, mode->height, "framerate", GST_TYPE_FRACTION,
		mode->refresh_hz, 1, NULL);
	g_autoptr(GstPad) in = NULL;
	g_autoptr(GstPad) out = NULL;

	bench->mode = mode;
	bench->patience = encoder->row->software ? PICTURE_SOFTWARE_NS : PICTURE_NS;
	bench->random = g_rand_new_with_seed(1);
	bench->watch.clock = encoder->row->software ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC;
	make_noise(bench);
	if (!encoder_line_build(&bench->line, encoder, selection, caps, error))
		return NULL;
	in = gst_element_get_static_pad(bench->line.encoder, "sink");
	out = gst_element_get_static_pad(bench->line.encoder, "src");
	gst_pad_add_probe(in, GST_PAD_PROBE_TYPE_BUFFER, picture_in, &bench->watch, NULL);
	gst_pad_add_probe(out, GST_PAD_PROBE_TYPE_BUFFER, picture_out, &bench->watch, NULL);
	return encoder_line_start(&bench->line, error) ? g_steal_pointer(&bench) : NULL;
}

/* The first access unit: that of M4? */
static gboolean check_sample(GstSample *sample, const struct wfd_selection *selection, GError **error)
{
	const GstStructure *caps = gst_caps_get_structure(gst_sample_get_caps(sample), 0);
	GstBuffer *buffer = gst_sample_get_buffer(sample);
	enum h264_promise promise;
	g_autofree guint8 *data = NULL;
	gsize size;
	int width = 0, height = 0;

	gst_structure_get_int(caps, "width", &width);
	gst_structure_get_int(caps, "height", &height);
	if (width != selection->mode->width || height != selection->mode->height) {
		g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "its SPS says %dx%d, not %ux%u",
			    width, height, selection->mode->width, selection->mode->height);
		return FALSE;
	}
	gst_buffer_extract_dup(buffer, 0, gst_buffer_get_size(buffer), (gpointer *)&data, &size);
	promise = h264_promise_keep(data, size, selection->profile, selection->level);
	if (promise == H264_PROMISE_KEPT || promise == H264_PROMISE_MENDED)
		return TRUE;
	g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "its SPS says profile %s",
		    promise == H264_PROMISE_NONE ? "nothing of a" :
						   gst_structure_get_string(caps, "profile"));
	return FALSE;
}

static gboolean encode(const struct bench *bench, guint i, const struct wfd_selection *selection,
		       GError **error)
{
	g_autoptr(GstSample) sample = encoder_line_encode(&bench->line, make_picture(bench, i), bench->patience,
							  error);

	return sample && (i || check_sample(sample, selection, error));
}

static gboolean test_selection(struct video_encoder *encoder, const struct wfd_selection *selection,
			       gboolean measure, GError **error)
{
	gint64 end = g_get_monotonic_time() + MEASURE_US;
	g_autoptr(encoder_bench) bench = bench_new(encoder, selection, error);
	guint pictures = measure ? MEASURE_PICTURES : TEST_PICTURES;

	if (!bench)
		return FALSE;
	for (guint i = 0; i < pictures; i++) {
		if (!encode(bench, i, selection, error))
			return FALSE;
		if (measure && i >= 2 && g_get_monotonic_time() >= end)
			break;
	}
	if (measure && bench->watch.fastest_ns) {
		const guint64 pixels = (guint64)selection->mode->width * selection->mode->height;

		video_encoders_lock();
		encoder->measured = gst_util_uint64_scale(pixels, 1000000000,
							  bench->watch.fastest_ns);
		video_encoders_unlock();
	}
	return TRUE;
}

/* ------------------------------------------------------------------ of an encoder */

static enum size_class size_class(const struct wfd_mode *mode)
{
	if (mode->width <= 1280 && mode->height <= 720)
		return SIZE_HD;
	return mode->width <= 1920 && mode->height <= 1200 ? SIZE_FULL_HD : SIZE_UHD;
}

static guint profile_index(const struct wfd_selection *selection)
{
	return selection->profile == WFD_H264_PROFILE_CHP;
}

/* A test under way, of the thread that it runs in. */
struct test_data {
	struct video_encoder *encoder;
	struct wfd_selection selection;
	gboolean measure;
};

static gboolean test_in_thread(gpointer data, GError **error)
{
	struct test_data *test = data;

	return test_selection(test->encoder, &test->selection, test->measure, error);
}

static gboolean run_test(struct video_encoder *encoder, const struct wfd_selection *selection,
			 gboolean measure, GError **error)
{
	struct test_data *data = g_new0(struct test_data, 1);
	g_autoptr(GError) cause = NULL;

	*data = (struct test_data){ encoder, *selection, measure };
	encoder_attempt(test_in_thread, data, g_free, &cause);
	if (encoder->row->software && g_error_matches(cause, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
		return TRUE;
	if (cause) {
		g_propagate_error(error, g_steal_pointer(&cause));
		return FALSE;
	}
	video_encoders_lock();
	/* Smaller ones, too. */
	encoder->passed[profile_index(selection)] |= (2u << size_class(selection->mode)) - 1;
	video_encoders_unlock();
	return TRUE;
}

/* It encodes smaller pictures: that is all it is used for. */
static gboolean limit_size(struct video_encoder *encoder, const struct wfd_selection *selection)
{
	gboolean limit;

	video_encoders_lock();
	limit = size_class(selection->mode) == SIZE_UHD && encoder->passed[profile_index(selection)];
	if (limit) {
		encoder->max_width = 1920;
		encoder->max_height = 1200;
	}
	video_encoders_unlock();
	return limit;
}

gboolean video_encoder_try(const struct video_encoder *constant,
			   const struct wfd_selection *selection, GError **error)
{
	struct video_encoder *encoder = (struct video_encoder *)constant;
	g_autoptr(GError) cause = NULL;
	gboolean passed;

	video_encoders_lock();
	passed = encoder->row->software || encoder->passed[profile_index(selection)] &
						   1u << size_class(selection->mode);
	video_encoders_unlock();
	if (passed)
		return TRUE;
	if (!encoder->row->software)
		encoder_note_testing(encoder->element);
	passed = run_test(encoder, selection, FALSE, &cause);
	if (!passed && !limit_size(encoder, selection)) {
		video_encoder_give_up(encoder, selection->profile, cause->message);
		encoder_note_test_failed(encoder, profile_index(selection));
	}
	encoder_note_result(encoder);
	if (cause)
		g_propagate_error(error, g_steal_pointer(&cause));
	return passed;
}

/* ------------------------------------------------------------------- beforehand */

struct wfd_selection encoder_test_selection(guint bit, guint profile)
{
	const struct wfd_mode *mode = wfd_mode_lookup(WFD_SET_R1, WFD_TABLE_CEA, bit);
	const struct wfd_encoder_limits limits = { 0 };
	struct wfd_selection selection = {
		.mode = mode,
		.set = WFD_SET_R1,
		.profile = profile,
		.level = mode->min_level,
	};

	selection.bitrate = wfd_suggest_bitrate(mode, selection.level, profile, &limits, 0);
	return selection;
}

/* What a display is offered most; less if the device says that it cannot. */
static guint mode_to_test(const struct video_encoder *encoder)
{
	gboolean small = (encoder->max_width && encoder->max_width < 1920) ||
			 (encoder->max_height && encoder->max_height < 1080);

	return encoder->row->software || small ? ENCODER_TEST_HD_30 : ENCODER_TEST_FULL_HD_60;
}

static void test_profiles(struct video_encoder *encoder, gboolean wanted)
{
	if ((!wanted || encoder->row->software) && encoder_recall(encoder))
		return;
	if (!encoder->row->software)
		encoder_note_testing(encoder->element);
	for (guint profile = WFD_H264_PROFILE_CBP; profile <= WFD_H264_PROFILE_CHP; profile <<= 1) {
		struct wfd_selection selection =
			encoder_test_selection(mode_to_test(encoder), profile);
		g_autoptr(GError) error = NULL;
		gboolean fit;

		video_encoders_lock();
		fit = !(encoder->unfit & profile);
		video_encoders_unlock();
		if (!fit)
			continue;
		if (!run_test(encoder, &selection, encoder->row->software, &error)) {
			/* What software fails with one profile it fails with the other. */
			video_encoder_give_up(encoder, encoder->row->software ? BOTH_PROFILES : profile,
					      error->message);
			encoder_note_test_failed(encoder, profile_index(&selection));
		}
		if (encoder->row->software)
			break;
	}
	encoder_note_result(encoder);
}

static void test_encoder(struct video_encoder *encoder, gboolean wanted)
{
	test_profiles(encoder, wanted);
	if (encoder->row->converter)
		encoder_test_gpu(encoder, wanted);
}

static GCond tested_cond;

/* One after the other until one works; others wait for one that is being tested. */
const struct video_encoder *video_encoder_choose(const char *name, GError **error)
{
	struct video_encoder *encoder;

	video_encoders_installed();
	video_encoders_lock();
	while ((encoder = video_encoder_find_locked(name, error)) && !encoder->tested) {
		if (encoder->testing) {
			video_encoders_wait(&tested_cond);
			continue;
		}
		encoder->testing = TRUE;
		video_encoders_unlock();
		test_encoder(encoder, name != NULL);
		video_encoders_lock();
		encoder->testing = FALSE;
		encoder->tested = TRUE;
		g_cond_broadcast(&tested_cond);
	}
	video_encoders_unlock();
	return encoder;
}
