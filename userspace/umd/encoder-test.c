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

#include <errno.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <gst/app/gstappsink.h>
#include <gst/app/gstappsrc.h>
#include <gst/video/video.h>

#include "h264-promise.h"

/* So long is waited for the test of one encoder. */
#define TEST_US (2 * G_USEC_PER_SEC)
/* For one picture: what takes longer hangs, or is so slow that it comes to the same. */
#define PICTURE_NS (GST_SECOND)
#define PICTURE_SOFTWARE_NS (30 * GST_SECOND)
/* What measuring may take; two pictures at least. */
#define MEASURE_US (G_USEC_PER_SEC * 60 / 1000)
#define MEASURE_PICTURES 12
#define TEST_PICTURES 3

/* Notes of boot and version, so that a new driver, kernel or GStreamer has a new chance. */
#define GROUP_ALL "all"
#define KEY_FOR "for"
#define KEY_TESTING "testing" /* process id */
#define KEY_ENDED "ended-while-testing" /* so many processes */
#define ENDED_MOST 2
#define KEY_FAILED "failed" /* WFD_H264_PROFILE_* that a session has lost it with */
#define KEY_TESTS_FAILED "tests-failed" /* so many with either profile; the second is no accident */
#define TESTS_FAILED_MOST 2
#define KEY_MEASURED "pixels-per-second"
#define KEY_PASSED "passed"

/* -------------------------------------------------------------------- the file */

static char *file_name(void)
{
	return g_build_filename(g_get_user_cache_dir(), "miracast", "encoders", NULL);
}

static char *what_it_is_for(void)
{
	g_autofree char *boot = NULL;
	g_autofree char *version = gst_version_string();

	if (!g_file_get_contents("/proc/sys/kernel/random/boot_id", &boot, NULL, NULL))
		return g_strdup(version);
	return g_strdup_printf("%s, boot %s", version, g_strchomp(boot));
}

static GKeyFile *load_notes(void)
{
	g_autofree char *name = file_name();
	g_autofree char *wanted = what_it_is_for();
	g_autoptr(GKeyFile) notes = g_key_file_new();
	g_autofree char *found = NULL;

	if (g_key_file_load_from_file(notes, name, G_KEY_FILE_NONE, NULL))
		found = g_key_file_get_string(notes, GROUP_ALL, KEY_FOR, NULL);
	if (g_strcmp0(found, wanted) == 0)
		return g_steal_pointer(&notes);
	g_key_file_unref(notes);
	notes = g_key_file_new();
	g_key_file_set_string(notes, GROUP_ALL, KEY_FOR, wanted);
	return g_steal_pointer(&notes);
}

/* Nothing depends on it: where it cannot be written the next process tests again. */
static void save_notes(GKeyFile *notes)
{
	g_autofree char *name = file_name();
	g_autofree char *directory = g_path_get_dirname(name);
	g_autoptr(GError) error = NULL;

	if (g_mkdir_with_parents(directory, 0700) < 0 ||
	    !g_key_file_save_to_file(notes, name, &error))
		g_debug("%s is not written: %s", name, error ? error->message : g_strerror(errno));
}

static void note_testing(const struct video_encoder *encoder)
{
	g_autoptr(GKeyFile) notes = load_notes();

	if (encoder->row->software)
		return;
	g_key_file_set_integer(notes, encoder->element, KEY_TESTING, getpid());
	save_notes(notes);
}

/* Have processes ended in the midst of it? Others may be testing it now. */
static gboolean kills(GKeyFile *notes, const struct video_encoder *encoder)
{
	const char *group = encoder->element;
	gint ended = g_key_file_get_integer(notes, group, KEY_ENDED, NULL);
	gint process = g_key_file_get_integer(notes, group, KEY_TESTING, NULL);

	if (process > 0 && kill(process, 0) < 0 && errno == ESRCH) {
		g_key_file_set_integer(notes, group, KEY_ENDED, ++ended);
		g_key_file_remove_key(notes, group, KEY_TESTING, NULL);
		save_notes(notes);
	}
	return ended >= ENDED_MOST;
}

static void note_result(const struct video_encoder *encoder)
{
	g_autoptr(GKeyFile) notes = load_notes();
	gint passed[2];

	video_encoders_lock();
	for (guint i = 0; i < 2; i++)
		passed[i] = encoder->passed[i];
	if (encoder->measured)
		g_key_file_set_uint64(notes, encoder->element, KEY_MEASURED, encoder->measured);
	video_encoders_unlock();
	g_key_file_set_integer_list(notes, encoder->element, KEY_PASSED, passed, 2);
	g_key_file_remove_key(notes, encoder->element, KEY_TESTING, NULL);
	save_notes(notes);
}

void video_encoder_failed(const struct video_encoder *encoder, guint8 profiles, const char *why)
{
	g_autoptr(GKeyFile) notes = NULL;

	video_encoder_give_up(encoder, profiles, why);
	if (encoder->row->software)
		return;
	notes = load_notes();
	profiles |= g_key_file_get_integer(notes, encoder->element, KEY_FAILED, NULL);
	g_key_file_set_integer(notes, encoder->element, KEY_FAILED, profiles);
	save_notes(notes);
}

static void note_test_failed(const struct video_encoder *encoder, guint index)
{
	g_autoptr(GKeyFile) notes = NULL;
	g_autofree gint *found = NULL;
	gint counts[2] = { 0 };
	gsize n = 0;

	if (encoder->row->software)
		return;
	notes = load_notes();
	found = g_key_file_get_integer_list(notes, encoder->element, KEY_TESTS_FAILED, &n, NULL);
	for (guint i = 0; i < 2; i++)
		counts[i] = (n == 2 ? found[i] : 0) + (i == index);
	g_key_file_set_integer_list(notes, encoder->element, KEY_TESTS_FAILED, counts, 2);
	save_notes(notes);
}

static void recall_failures(struct video_encoder *encoder, GKeyFile *notes)
{
	g_autofree gint *failed = NULL;
	gsize n = 0;

	video_encoder_give_up(encoder,
			      g_key_file_get_integer(notes, encoder->element, KEY_FAILED, NULL),
			      "it has failed in a session");
	failed = g_key_file_get_integer_list(notes, encoder->element, KEY_TESTS_FAILED, &n, NULL);
	for (guint i = 0; i < n && i < 2; i++) {
		if (failed[i] >= TESTS_FAILED_MOST)
			video_encoder_give_up(encoder, 1u << i, "it has failed its tests");
	}
}

/* What an earlier process has found out; TRUE: there is no need to test. */
static gboolean recall(struct video_encoder *encoder)
{
	g_autoptr(GKeyFile) notes = load_notes();
	g_autofree gint *passed = NULL;
	gboolean known = TRUE;
	gsize n = 0;

	if (kills(notes, encoder)) {
		video_encoder_give_up(encoder, BOTH_PROFILES,
				      "processes have ended while they tested it");
		return TRUE;
	}
	recall_failures(encoder, notes);
	passed = g_key_file_get_integer_list(notes, encoder->element, KEY_PASSED, &n, NULL);
	video_encoders_lock();
	for (guint i = 0; i < 2; i++) {
		encoder->passed[i] |= n == 2 ? passed[i] : 0;
		known &= encoder->passed[i] || encoder->unfit & 1u << i;
	}
	encoder->measured = g_key_file_get_uint64(notes, encoder->element, KEY_MEASURED, NULL);
	if (encoder->row->software)
		known = encoder->measured > 0;
	video_encoders_unlock();
	return known;
}

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
	GstElement *pipeline;
	GstElement *source; /* the elements are the pipeline's */
	GstElement *sink;
	GstClockTime patience; /* for one picture */
	GRand *random;
	guint8 *noise;
	gsize size;
	const struct wfd_mode *mode;
	struct stopwatch watch;
} encoder_bench;

static void bench_free(struct bench *bench)
{
	if (bench->pipeline) {
		gst_element_set_state(bench->pipeline, GST_STATE_NULL);
		gst_object_unref(bench->pipeline);
	}
	g_clear_pointer(&bench->random, g_rand_free);
	g_free(bench->noise);
	g_free(bench);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(encoder_bench, bench_free)

static GstElement *add(struct bench *bench, const char *factory, GError **error)
{
	GstElement *element = gst_element_factory_make(factory, NULL);

	if (element)
		gst_bin_add(GST_BIN(bench->pipeline), element);
	else
		g_set_error(error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "there is no %s", factory);
	return element;
}

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
	const struct video_encoder_settings settings = {
		.bit_rate = selection->bitrate,
		.fps = mode->refresh_hz,
		.slices = 1,
		.high = selection->profile == WFD_H264_PROFILE_CHP,
	};
	g_autoptr(GstCaps) caps = gst_caps_new_simple(
		"video/x-raw", "format", G_TYPE_STRING, "I420", "width", G_TYPE_INT, mode->width,
		"height", G_TYPE_INT, mode->height, "framerate", GST_TYPE_FRACTION,
		mode->refresh_hz, 1, NULL);
	g_autoptr(GstCaps) encoded = video_encoder_caps(encoder, selection);
	g_autoptr(GstPad) in = NULL;
	g_autoptr(GstPad) out = NULL;
	GstElement *convert, *element, *filter, *parse;

	bench->mode = mode;
	bench->patience = encoder->row->software ? PICTURE_SOFTWARE_NS : PICTURE_NS;
	bench->random = g_rand_new_with_seed(1);
	bench->watch.clock = encoder->row->software ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC;
	make_noise(bench);
	bench->pipeline = gst_object_ref_sink(gst_pipeline_new("encoder-test"));
	if (!(bench->source = add(bench, "appsrc", error)) ||
	    !(convert = add(bench, "videoconvert", error)) ||
	    !(element = add(bench, encoder->element, error)) ||
	    !(filter = add(bench, "capsfilter", error)) ||
	    !(parse = add(bench, "h264parse", error)) || !(bench->sink = add(bench, "appsink", error)))
		return NULL;
	g_object_set(bench->source, "caps", caps, "format", GST_FORMAT_TIME, NULL);
	g_object_set(filter, "caps", encoded, NULL);
	g_object_set(bench->sink, "sync", FALSE, NULL);
	if (!video_encoder_configure(encoder, element, &settings, error))
		return NULL;
	if (!gst_element_link_many(bench->source, convert, element, filter, parse, bench->sink,
				   NULL)) {
		g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_FAILED,
				    "it does not take pictures from memory");
		return NULL;
	}
	in = gst_element_get_static_pad(element, "sink");
	out = gst_element_get_static_pad(element, "src");
	gst_pad_add_probe(in, GST_PAD_PROBE_TYPE_BUFFER, picture_in, &bench->watch, NULL);
	gst_pad_add_probe(out, GST_PAD_PROBE_TYPE_BUFFER, picture_out, &bench->watch, NULL);
	if (gst_element_set_state(bench->pipeline, GST_STATE_PLAYING) == GST_STATE_CHANGE_FAILURE) {
		g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_FAILED, "it does not start");
		return NULL;
	}
	return g_steal_pointer(&bench);
}

/* Why nothing came. */
static void say_why(const struct bench *bench, GError **error)
{
	g_autoptr(GstBus) bus = gst_element_get_bus(bench->pipeline);
	g_autoptr(GstMessage) message = gst_bus_pop_filtered(bus, GST_MESSAGE_ERROR);
	g_autoptr(GError) cause = NULL;

	if (message)
		gst_message_parse_error(message, &cause, NULL);
	g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "no picture comes out of it: %s",
		    cause ? cause->message : "it says nothing");
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

/* One picture goes in, one has to come out. */
static gboolean encode(const struct bench *bench, guint i, const struct wfd_selection *selection,
		       GError **error)
{
	g_autoptr(GstSample) sample = NULL;

	gst_app_src_push_buffer(GST_APP_SRC(bench->source), make_picture(bench, i));
	sample = gst_app_sink_try_pull_sample(GST_APP_SINK(bench->sink), bench->patience);
	if (!sample) {
		say_why(bench, error);
		return FALSE;
	}
	return i || check_sample(sample, selection, error);
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

/* ------------------------------------------------------------------ in a thread */

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

/* A test under way; the one who waits and the thread have a reference each. */
typedef struct attempt {
	gatomicrefcount refs;
	struct video_encoder *encoder;
	struct wfd_selection selection;
	gboolean measure;

	GMutex lock;
	GCond ended_cond;
	gboolean ended;
	GError *error;
} test_attempt;

static void attempt_unref(struct attempt *attempt)
{
	if (!g_atomic_ref_count_dec(&attempt->refs))
		return;
	g_mutex_clear(&attempt->lock);
	g_cond_clear(&attempt->ended_cond);
	g_clear_error(&attempt->error);
	g_free(attempt);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(test_attempt, attempt_unref)

static gpointer attempt_thread(gpointer data)
{
	g_autoptr(test_attempt) attempt = data;
	g_autoptr(GError) error = NULL;

	test_selection(attempt->encoder, &attempt->selection, attempt->measure, &error);
	g_mutex_lock(&attempt->lock);
	attempt->ended = TRUE;
	attempt->error = g_steal_pointer(&error);
	g_cond_signal(&attempt->ended_cond);
	g_mutex_unlock(&attempt->lock);
	return NULL;
}

static void wait_for(struct attempt *attempt, GError **error)
{
	gint64 end = g_get_monotonic_time() + TEST_US;
	gboolean in_time = TRUE;

	g_mutex_lock(&attempt->lock);
	while (!attempt->ended && in_time)
		in_time = g_cond_wait_until(&attempt->ended_cond, &attempt->lock, end);
	if (!attempt->ended)
		g_set_error(error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
			    "it encodes nothing within %d s", (int)(TEST_US / G_USEC_PER_SEC));
	else if (attempt->error)
		g_propagate_error(error, g_steal_pointer(&attempt->error));
	g_mutex_unlock(&attempt->lock);
}

static gboolean run_test(struct video_encoder *encoder, const struct wfd_selection *selection,
			 gboolean measure, GError **error)
{
	g_autoptr(test_attempt) attempt = g_new0(struct attempt, 1);
	g_autoptr(GThread) thread = NULL;
	g_autoptr(GError) cause = NULL;

	g_atomic_ref_count_init(&attempt->refs);
	g_mutex_init(&attempt->lock);
	g_cond_init(&attempt->ended_cond);
	attempt->encoder = encoder;
	attempt->selection = *selection;
	attempt->measure = measure;
	g_atomic_ref_count_inc(&attempt->refs);
	thread = g_thread_try_new("encoder-test", attempt_thread, attempt, &cause);
	if (!thread)
		attempt_unref(attempt);
	else
		wait_for(attempt, &cause);
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
	note_testing(encoder);
	passed = run_test(encoder, selection, FALSE, &cause);
	if (!passed && !limit_size(encoder, selection)) {
		video_encoder_give_up(encoder, selection->profile, cause->message);
		note_test_failed(encoder, profile_index(selection));
	}
	note_result(encoder);
	if (cause)
		g_propagate_error(error, g_steal_pointer(&cause));
	return passed;
}

/* ------------------------------------------------------------------- beforehand */

static struct wfd_selection selection_of(guint bit, guint profile)
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

/* CEA bits */
#define HD_30 5
#define FULL_HD_60 8

/* What a display is offered most; less if the device says that it cannot. */
static guint mode_to_test(const struct video_encoder *encoder)
{
	gboolean small = (encoder->max_width && encoder->max_width < 1920) ||
			 (encoder->max_height && encoder->max_height < 1080);

	return encoder->row->software || small ? HD_30 : FULL_HD_60;
}

static void test_encoder(struct video_encoder *encoder, gboolean wanted)
{
	if ((!wanted || encoder->row->software) && recall(encoder))
		return;
	note_testing(encoder);
	for (guint profile = WFD_H264_PROFILE_CBP; profile <= WFD_H264_PROFILE_CHP; profile <<= 1) {
		struct wfd_selection selection =
			selection_of(mode_to_test(encoder), profile);
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
			note_test_failed(encoder, profile_index(&selection));
		}
		if (encoder->row->software)
			break;
	}
	note_result(encoder);
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
