// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Does the GPU way (gpu-way.h) of an encoder work? See encoders.h.
 *
 * Three pictures of four colours, which change places from one to the next, are in a dma-buf of
 * ordinary memory, as those of the monitor's own buffers are. They go through converter and
 * encoder of the device as the stream's would, one in and one out, and then through a
 * decoder, if one is installed: what is seen has to be what the processor makes of the same
 * buffer (picture-convert.h). Channels that have changed places, a green or an old picture,
 * lines that are too long, another matrix: all that is what drivers do that say that they can.
 *
 * That a driver imports such a buffer does not say that it imports those of the desktop, in
 * the GPU's memory and perhaps in tiles. What it does not import is seen with the first frame, and goes
 * the CPU way.
 *
 * As with encoders, the thread of a driver that hangs is left alone, and a device with
 * which processes have ended is not used this way; its encoder is.
 */
#include "encoders-private.h"

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <gst/app/gstappsink.h>
#include <gst/app/gstappsrc.h>
#include <gst/video/video.h>

#include <drm_fourcc.h>

#include "gpu-way.h"
#include "picture-convert.h"
#include "picture.h"
#include "udmabuf.h"

#define PICTURES 3
#define PICTURE_NS (GST_SECOND)
/* Of 255: what a coarse picture loses at most; BT.601 in the place of BT.709 is more. */
#define TOLERANCE 10

#define KEY_VERDICT "verdict"
#define KEY_WHY "why"
/* Words for enum gpu_verdict in the file. */
static const char *const words[] = {
	[GPU_UNTESTED] = "", [GPU_FAILED] = "failed", [GPU_ENCODED] = "encoded", [GPU_SEEN] = "seen",
};

/* Best first: one that gives each picture at once. */
static const char *const decoders[] = { "avdec_h264", "openh264dec" };

/* ------------------------------------------------------------------------- notes */

static char *group_of(const struct video_encoder *encoder)
{
	return g_strdup_printf("%s, pictures in dma-bufs", encoder->element);
}

static void set_verdict(struct video_encoder *encoder, enum gpu_verdict verdict, const char *why)
{
	video_encoders_lock();
	encoder->gpu = verdict;
	g_free(encoder->gpu_why);
	encoder->gpu_why = g_strdup(why);
	video_encoders_unlock();
}

static void note_verdict(struct video_encoder *encoder, enum gpu_verdict verdict, const char *why)
{
	g_autoptr(GKeyFile) notes = encoder_notes_load();
	g_autofree char *group = group_of(encoder);

	set_verdict(encoder, verdict, why);
	encoder_notes_tested(notes, group);
	g_key_file_set_string(notes, group, KEY_VERDICT, words[verdict]);
	g_key_file_set_string(notes, group, KEY_WHY, why ? why : "");
	encoder_notes_save(notes);
}

static gboolean recall(struct video_encoder *encoder)
{
	g_autoptr(GKeyFile) notes = encoder_notes_load();
	g_autofree char *group = group_of(encoder);
	g_autofree char *verdict = NULL;
	g_autofree char *why = NULL;

	if (encoder_notes_kills(notes, group)) {
		set_verdict(encoder, GPU_FAILED, "processes have ended while they tested it");
		return TRUE;
	}
	verdict = g_key_file_get_string(notes, group, KEY_VERDICT, NULL);
	why = g_key_file_get_string(notes, group, KEY_WHY, NULL);
	for (guint i = GPU_FAILED; i < G_N_ELEMENTS(words); i++) {
		if (g_strcmp0(verdict, words[i]) != 0)
			continue;
		set_verdict(encoder, i, i == GPU_FAILED ? why : NULL);
		return TRUE;
	}
	return FALSE;
}

void video_encoder_gpu_failed(const struct video_encoder *encoder, const char *why)
{
	g_autofree char *sentence = g_strdup_printf("it has failed in a session: %s", why);

	note_verdict((struct video_encoder *)encoder, GPU_FAILED, sentence);
}

/* ---------------------------------------------------------------------- pictures */

/* Everything of one test. */
typedef struct gpu_test {
	struct video_encoder *encoder; /* the process's */
	struct wfd_selection selection;
	struct encoder_line line;
	udmabuf *buffer;
	struct gpu_memory *memory;
	gpu_way *way;
	struct picture wanted[PICTURES]; /* what the processor makes of them */
	GPtrArray *units;		 /* GstSample, encoded */
	gboolean seen;			 /* out: they were decoded */
} gpu_test;

static void test_free(gpointer data)
{
	struct gpu_test *test = data;

	encoder_line_clear(&test->line);
	gpu_way_free(test->way);
	gpu_memory_free(test->memory);
	udmabuf_free(test->buffer);
	for (guint i = 0; i < PICTURES; i++)
		picture_clear(&test->wanted[i]);
	g_ptr_array_unref(test->units);
	g_free(test);
}

/* Each quarter of the picture has a colour; they go round. */
static void draw(const struct gpu_test *test, guint turn)
{
	static const guint32 colours[] = { 0x00c02020, 0x0020a030, 0x002030d0, 0x00909090 };
	const guint width = test->selection.mode->width, height = test->selection.mode->height;
	guint32 *pixels = (guint32 *)test->buffer->data;

	for (guint y = 0; y < height; y++) {
		for (guint x = 0; x < width; x++)
			pixels[y * width + x] = colours[(x * 2 / width + y * 2 / height * 2 + turn) % 4];
	}
}

static void convert_by_processor(struct gpu_test *test, guint i)
{
	const guint width = test->selection.mode->width, height = test->selection.mode->height;
	struct picture_converter *converter = picture_converter_new(DRM_FORMAT_XRGB8888, width, height);
	const struct rgb_view view = { test->buffer->data, width * 4 };

	picture_make_black(&test->wanted[i], width, height);
	picture_converter_run(converter, &view, &test->wanted[i], &(struct area){ 0, 0, width, height });
	picture_converter_free(converter);
}

static gboolean encode(struct gpu_test *test, guint i, GError **error)
{
	const struct wfd_mode *mode = test->selection.mode;
	const struct gpu_picture picture = {
		.memory = test->memory,
		.fourcc = DRM_FORMAT_XRGB8888,
		.modifier = DRM_FORMAT_MOD_LINEAR,
		.width = mode->width,
		.height = mode->height,
		.pitch = mode->width * 4,
	};
	GstBuffer *converted;
	GstSample *unit;
	int fence;

	draw(test, i);
	convert_by_processor(test, i);
	converted = gpu_way_convert(test->way, &picture, error);
	if (!converted)
		return FALSE;
	/* It is drawn into again: so the fence is tried, too. */
	fence = gpu_memory_fence(test->memory);
	if (fence >= 0) {
		g_poll(&(GPollFD){ .fd = fence, .events = G_IO_IN }, 1, PICTURE_NS / GST_MSECOND);
		g_close(fence, NULL);
	}
	converted = gst_buffer_make_writable(converted);
	GST_BUFFER_PTS(converted) = gst_util_uint64_scale(i, GST_SECOND, mode->refresh_hz);
	unit = encoder_line_encode(&test->line, converted, PICTURE_NS, error);
	if (!unit)
		return FALSE;
	g_ptr_array_add(test->units, unit);
	return TRUE;
}

static gboolean encode_all(struct gpu_test *test, GError **error)
{
	const struct wfd_mode *mode = test->selection.mode;
	g_autoptr(GstCaps) caps = gpu_way_caps(test->encoder->row->kind, mode->width, mode->height,
						 mode->refresh_hz, PICTURE_COLORIMETRY);

	test->memory = gpu_memory_new(test->buffer->fd);
	test->way = gpu_way_new(test->encoder->row->kind, test->encoder->converter);
	if (!test->memory) {
		g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_FAILED, "no buffer to test it with");
		return FALSE;
	}
	if (!encoder_line_build(&test->line, test->encoder, &test->selection, caps, error) ||
	    !encoder_line_start(&test->line, error))
		return FALSE;
	for (guint i = 0; i < PICTURES; i++) {
		if (!encode(test, i, error))
			return FALSE;
	}
	return TRUE;
}

/* ---------------------------------------------------------------------- decoding */

static gboolean is_near(const struct picture *wanted, GstVideoFrame *seen, guint x, guint y)
{
	for (guint plane = 0; plane < 3; plane++) {
		const guint step = plane ? 2 : 1;
		guint8 a = picture_plane(wanted, plane)[y / step * picture_stride(wanted, plane) + x / step];
		guint8 b = ((guint8 *)GST_VIDEO_FRAME_PLANE_DATA(seen, plane))
			[y / step * GST_VIDEO_FRAME_PLANE_STRIDE(seen, plane) + x / step];

		if (ABS((int)a - (int)b) > TOLERANCE)
			return FALSE;
	}
	return TRUE;
}

/* In the middle of each quarter, and near the corners of the picture. */
static gboolean looks_right(const struct picture *wanted, GstSample *sample)
{
	const guint width = GST_VIDEO_INFO_WIDTH(&wanted->info), height = GST_VIDEO_INFO_HEIGHT(&wanted->info);
	GstVideoFrame frame;
	GstVideoInfo info;
	gboolean right = TRUE;

	if (!gst_video_info_from_caps(&info, gst_sample_get_caps(sample)) ||
	    GST_VIDEO_INFO_FORMAT(&info) != GST_VIDEO_FORMAT_I420 ||
	    (guint)GST_VIDEO_INFO_WIDTH(&info) != width || (guint)GST_VIDEO_INFO_HEIGHT(&info) != height ||
	    !gst_video_frame_map(&frame, &info, gst_sample_get_buffer(sample), GST_MAP_READ))
		return FALSE;
	for (guint i = 0; i < 4; i++) {
		const guint right_half = i % 2, lower_half = i / 2;

		right &= is_near(wanted, &frame, width / 4 + right_half * width / 2, height / 4 + lower_half * height / 2);
		right &= is_near(wanted, &frame, right_half ? width - 9 : 8, lower_half ? height - 9 : 8);
	}
	gst_video_frame_unmap(&frame);
	return right;
}

static GstElement *make_decoder(void)
{
	for (guint i = 0; i < G_N_ELEMENTS(decoders); i++) {
		GstElement *decoder = gst_element_factory_make(decoders[i], NULL);

		if (decoder)
			return decoder;
	}
	return NULL;
}

static gboolean look_at(struct gpu_test *test, GstElement *source, GstElement *sink, GError **error)
{
	for (guint i = 0; i < test->units->len; i++)
		gst_app_src_push_buffer(GST_APP_SRC(source),
					gst_buffer_ref(gst_sample_get_buffer(g_ptr_array_index(test->units, i))));
	gst_app_src_end_of_stream(GST_APP_SRC(source));
	for (guint i = 0; i < PICTURES; i++) {
		g_autoptr(GstSample) sample = gst_app_sink_try_pull_sample(GST_APP_SINK(sink), PICTURE_NS);

		if (sample && looks_right(&test->wanted[i], sample))
			continue;
		g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "picture %u of %u %s", i + 1, PICTURES,
			    sample ? "is not what was drawn" : "cannot be decoded");
		return FALSE;
	}
	return TRUE;
}

/* TRUE also without a decoder: then nobody has seen them. */
static gboolean decode_all(struct gpu_test *test, GError **error)
{
	GstElement *decoder = make_decoder();
	g_autoptr(GstElement) pipeline = NULL;
	GstElement *source, *sink;
	gboolean right;

	if (!decoder)
		return TRUE;
	pipeline = gst_object_ref_sink(gst_pipeline_new("gpu-test"));
	source = gst_element_factory_make("appsrc", NULL);
	sink = gst_element_factory_make("appsink", NULL);
	gst_bin_add_many(GST_BIN(pipeline), source, decoder, sink, NULL);
	g_object_set(source, "caps", gst_sample_get_caps(g_ptr_array_index(test->units, 0)), "format",
		     GST_FORMAT_TIME, NULL);
	g_object_set(sink, "sync", FALSE, NULL);
	if (!gst_element_link_many(source, decoder, sink, NULL))
		return TRUE;
	gst_element_set_state(pipeline, GST_STATE_PLAYING);
	right = look_at(test, source, sink, error);
	gst_element_set_state(pipeline, GST_STATE_NULL);
	test->seen = right;
	return right;
}

/* ---------------------------------------------------------------------- the test */

static gboolean test_in_thread(gpointer data, GError **error)
{
	struct gpu_test *test = data;

	if (!encode_all(test, error) || !decode_all(test, error))
		return FALSE;
	/* Unless it is late: then it has been given up. */
	video_encoders_lock();
	if (test->encoder->gpu == GPU_UNTESTED)
		test->encoder->gpu = test->seen ? GPU_SEEN : GPU_ENCODED;
	video_encoders_unlock();
	return TRUE;
}

static guint fit_profile(struct video_encoder *encoder)
{
	guint profiles;

	video_encoders_lock();
	profiles = BOTH_PROFILES & ~encoder->unfit;
	video_encoders_unlock();
	return profiles & WFD_H264_PROFILE_CBP ? WFD_H264_PROFILE_CBP : profiles;
}

static struct gpu_test *test_new(struct video_encoder *encoder, guint profile, GError **error)
{
	struct gpu_test *test = g_new0(struct gpu_test, 1);

	test->encoder = encoder;
	test->selection = encoder_test_selection(ENCODER_TEST_HD_30, profile);
	test->units = g_ptr_array_new_with_free_func((GDestroyNotify)gst_sample_unref);
	test->buffer = udmabuf_new((gsize)test->selection.mode->width * test->selection.mode->height * 4, error);
	if (test->buffer)
		return test;
	test_free(test);
	return NULL;
}

void encoder_test_gpu(struct video_encoder *encoder, gboolean again)
{
	g_autofree char *group = group_of(encoder);
	g_autoptr(GError) error = NULL;
	struct gpu_test *test;
	guint profile = fit_profile(encoder);
	enum gpu_verdict verdict;

	if (!encoder->converter || !profile || (!again && recall(encoder)))
		return;
	test = test_new(encoder, profile, &error);
	if (!test) {
		/* A session may not test, and takes the word of the process that may. */
		if (!recall(encoder))
			set_verdict(encoder, GPU_FAILED, error->message);
		return;
	}
	set_verdict(encoder, GPU_UNTESTED, NULL);
	encoder_note_testing(group);
	encoder_attempt(test_in_thread, test, test_free, &error);
	video_encoders_lock();
	verdict = error ? GPU_FAILED : encoder->gpu;
	video_encoders_unlock();
	if (error)
		g_message("pictures for %s go through the processor: %s", encoder->element, error->message);
	note_verdict(encoder, verdict, error ? error->message : NULL);
}
