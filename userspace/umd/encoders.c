// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The table of encoders: see encoders.h.
 */
#include "encoders-private.h"

#include <gio/gio.h>
#include <gst/video/video.h>
#include <string.h>

#include "frame-source.h"

/*
 * A picture's bits arrive before it is due if the bit rate's buffer is no longer
 * than the sink's lead and the link a little faster than the stream; a shorter one
 * makes key frames visible.
 */
#define VBV_MS 80
#define VBV_MS_TEXT "80"

/*
 * No B frames, one reference, CBR, no CABAC: nothing is held back, nothing is
 * bursty, and it is the Constrained High Profile of WFD R1.
 */
#define CHP WFD_H264_PROFILE_CHP
#define CBP WFD_H264_PROFILE_CBP

static const struct encoder_setting va_settings[] = {
	{ "rate-control", "cbr", NEEDED },
	{ "b-frames", "0", NEEDED },
	{ "ref-frames", "1", NEEDED },
	{ "cabac", "false", NEEDED },
	{ "dct8x8", "false", NEEDED, CBP },
	/* Without it and CABAC it would choose Baseline. */
	{ "dct8x8", "true", NEEDED, CHP },
	{ "target-usage", "6", WISH },
	{ "aud", "true", WISH },
	{ NULL },
};

/* Up to 1.24, and since 1.26, which has "cabac", and tunes instead of presets. */
static const struct encoder_setting nv_settings[] = {
	{ "rc-mode", "cbr", NEEDED },
	{ "bframes", "0", IF_THERE },
	{ "rc-lookahead", "0", IF_THERE },
	{ "zerolatency", "true", NEEDED },
	/* Without the property High Profile is CABAC. */
	{ "cabac", "false", NEEDED, CHP },
	{ "cabac", "false", IF_THERE, CBP },
	{ "weighted-pred", "false", IF_THERE },
	{ "tune", "ultra-low-latency", WISH },
	{ "preset", "p3|low-latency-hq", WISH },
	{ "aud", "true", WISH },
	{ NULL },
};

/* What "nvh264enc" has become, as it was named up to 1.24. */
static const struct encoder_setting nvcuda_settings[] = {
	{ "rate-control", "cbr", NEEDED },
	{ "b-frames", "0", IF_THERE },
	{ "rc-lookahead", "0", IF_THERE },
	{ "zero-reorder-delay", "true", NEEDED },
	{ "cabac", "false", NEEDED, CHP },
	{ "cabac", "false", IF_THERE, CBP },
	{ "weighted-pred", "false", IF_THERE },
	{ "tune", "ultra-low-latency", WISH },
	{ "preset", "p3|low-latency-hq", WISH },
	{ "aud", "true", WISH },
	{ NULL },
};

static const struct encoder_setting qsv_settings[] = {
	{ "rate-control", "cbr", NEEDED },
	{ "b-frames", "0", NEEDED },
	{ "ref-frames", "1", NEEDED },
	{ "cabac", "off", NEEDED },
	{ "low-latency", "true", NEEDED },
	{ "target-usage", "6", WISH },
	{ NULL },
};

static const struct encoder_setting v4l2_settings[] = {
	{ NULL },
};

/*
 * "zerolatency" also means one slice per thread, which a sink need not accept:
 * sliced-threads is set explicitly below.  The rate of pictures stays constant for
 * it although it is not: x264 holds one picture back otherwise, to know how long it
 * is shown.
 */
static const struct encoder_setting x264_settings[] = {
	{ "tune", "zerolatency", NEEDED },
	{ "speed-preset", "ultrafast", WISH },
	{ "pass", "cbr", NEEDED },
	{ "bframes", "0", NEEDED },
	{ "cabac", "false", NEEDED },
	{ "dct8x8", "false", NEEDED, CBP },
	{ "dct8x8", "true", NEEDED, CHP },
	{ "ref", "1", NEEDED },
	{ "rc-lookahead", "0", NEEDED },
	{ "sync-lookahead", "0", NEEDED },
	{ "vbv-buf-capacity", VBV_MS_TEXT, WISH },
	/* A picture at rest gets better until it is there, and then costs nothing. */
	{ "qp-min", "12", WISH },
	{ "aud", "true", WISH },
	{ "byte-stream", "true", WISH },
	{ "threads", "1", NEEDED },
	{ "sliced-threads", "false", NEEDED },
	{ "option-string", "scenecut=0", WISH },
	{ NULL },
};

/* All else is what the element is (wfdx264enc.h). */
static const struct encoder_setting wfdx264_settings[] = {
	{ "vbv-buf-capacity", VBV_MS_TEXT, NEEDED },
	{ NULL },
};

static const struct encoder_setting openh264_settings[] = {
	{ "rate-control", "bitrate", NEEDED },
	{ "usage-type", "screen", WISH },
	{ "complexity", "low", WISH },
	{ "slice-mode", "n-slices", NEEDED },
	{ "scene-change-detection", "false", WISH },
	{ "multi-thread", "1", NEEDED },
	{ NULL },
};

/* Kbit/s; what the VA elements take as CPB is half a second at least, or it is two. */
#define VA_SCALED \
	{ { "bitrate", 1000, 1000, TRUE, NEEDED }, { "cpb-size", 1000, 500, TRUE, WISH } }

#define NV_SCALED \
	{ { "bitrate", 1000, 1000, TRUE, NEEDED }, { "vbv-buffer-size", 1000, VBV_MS, FALSE, WISH } }

/*
 * Of the first device that EGL has. Where that is not the encoder's the two do not meet, which the test at start finds
 * out. GStreamer's elements take no other one.
 */
#define GL_CONVERTER "glupload ! glcolorconvert"

/* Of all devices that convert; without the properties it copies. */
#define V4L2_CONVERTER "v4l2convert output-io-mode=dmabuf-import capture-io-mode=dmabuf"

static const struct encoder_setting v4l2_gpu_settings[] = {
	{ "output-io-mode", "dmabuf-import", NEEDED },
	{ NULL },
};

static const struct encoder_row rows[] = {
	{ .element = "vah264enc",
	  .others = "varenderD*h264enc",
	  .converter = "vapostproc",
	  .other_converters = "varenderD*postproc",
	  .kind = GPU_KIND_VA,
	  .settings = va_settings,
	  .scaled = VA_SCALED,
	  .key_interval = "key-int-max",
	  .slices = "num-slices",
	  .profiles = BOTH_PROFILES },
	/* The low-power entry point: all that the free build of Intel's driver has. */
	{ .element = "vah264lpenc",
	  .others = "varenderD*h264lpenc",
	  .converter = "vapostproc",
	  .other_converters = "varenderD*postproc",
	  .kind = GPU_KIND_VA,
	  .settings = va_settings,
	  .scaled = VA_SCALED,
	  .key_interval = "key-int-max",
	  .slices = "num-slices",
	  .profiles = BOTH_PROFILES },
	{ .element = "nvcudah264enc",
	  .others = "nvcudah264device*enc",
	  .converter = GL_CONVERTER,
	  .other_converters = GL_CONVERTER,
	  .kind = GPU_KIND_GL,
	  .settings = nvcuda_settings,
	  .scaled = NV_SCALED,
	  .key_interval = "gop-size",
	  .profiles = BOTH_PROFILES,
	  .says_colour = TRUE },
	{ .element = "nvh264enc",
	  .others = "nvh264device*enc",
	  .converter = GL_CONVERTER,
	  .other_converters = GL_CONVERTER,
	  .kind = GPU_KIND_GL,
	  .settings = nv_settings,
	  .scaled = NV_SCALED,
	  .key_interval = "gop-size",
	  .profiles = BOTH_PROFILES,
	  .says_colour = TRUE },
	{ .element = "qsvh264enc",
	  .others = "qsvh264device*enc",
	  .settings = qsv_settings,
	  .scaled = { { "bitrate", 1000, 1000, TRUE, NEEDED } },
	  .key_interval = "gop-size",
	  .profiles = BOTH_PROFILES,
	  .says_colour = TRUE },
	/* Names of controls as the kernel has them. What a device does not have is not set. */
	{ .element = "v4l2h264enc",
	  .others = "v4l2video*h264enc",
	  .converter = V4L2_CONVERTER,
	  .other_converters = V4L2_CONVERTER,
	  .kind = GPU_KIND_V4L2,
	  .gpu_settings = v4l2_gpu_settings,
	  .settings = v4l2_settings,
	  .controls = "controls,video_bitrate_mode=1,video_bitrate=%u,h264_i_frame_period=%u,"
		      "video_gop_size=%u,video_b_frames=0,h264_entropy_mode=0,"
		      "repeat_sequence_header=1",
	  .running_controls = "controls,video_bitrate=%u",
	  .profiles = BOTH_PROFILES,
	  .takes_level = TRUE },
	/* Ours; not there where it was built without libx264. */
	{ .element = "wfdx264enc",
	  .settings = wfdx264_settings,
	  .scaled = { { "bitrate", 1000, 1000, TRUE, NEEDED }, { "burst-bitrate", 1000, 1000, TRUE, NEEDED, TRUE } },
	  .key_interval = "key-int-max",
	  .slices = "slices",
	  .short_cuts = "patches",
	  .profiles = BOTH_PROFILES,
	  .takes_level = TRUE,
	  .says_colour = TRUE,
	  .software = TRUE,
	  .pixel_rate = 1920 * 1080 * 30 },
	{ .element = "x264enc",
	  .settings = x264_settings,
	  .scaled = { { "bitrate", 1000, 1000, TRUE, NEEDED } },
	  .key_interval = "key-int-max",
	  .profiles = BOTH_PROFILES,
	  .takes_level = TRUE,
	  .says_colour = TRUE,
	  .software = TRUE,
	  .pixel_rate = 1920 * 1080 * 30 },
	/* Nothing else limits what it makes of a key frame. */
	{ .element = "openh264enc",
	  .settings = openh264_settings,
	  .scaled = { { "max-bitrate", 1, 1250, FALSE, WISH }, { "bitrate", 1, 1000, TRUE, NEEDED } },
	  .key_interval = "gop-size",
	  .slices = "num-slices",
	  .profiles = CBP,
	  .takes_level = TRUE,
	  .software = TRUE,
	  .pixel_rate = 1280 * 720 * 30 },
};

/* Part of a software encoder's thread that is left for it: the rest muxes and sends. */
#define ENCODER_SHARE_PERCENT 80
/* See video_encoder_limits(). */
#define LEAST_PIXEL_RATE (G_GUINT64_CONSTANT(1920) * 1080 * 30)

static GMutex lock;

const struct encoder_row *encoder_rows(gsize *n)
{
	*n = G_N_ELEMENTS(rows);
	return rows;
}

void video_encoders_lock(void)
{
	g_mutex_lock(&lock);
}

void video_encoders_unlock(void)
{
	g_mutex_unlock(&lock);
}

void video_encoders_wait(GCond *cond)
{
	g_cond_wait(cond, &lock);
}

/* The largest number that @field of some caps may have; 0: any. */
static guint largest(const GstCaps *caps, const char *field)
{
	guint found = 0;

	for (guint i = 0; i < gst_caps_get_size(caps); i++) {
		const GValue *value =
			gst_structure_get_value(gst_caps_get_structure(caps, i), field);

		if (!value || !GST_VALUE_HOLDS_INT_RANGE(value))
			return 0;
		found = MAX(found, (guint)gst_value_get_int_range_max(value));
	}
	return found == G_MAXINT ? 0 : found;
}

static void read_sizes(struct video_encoder *encoder, GstElementFactory *factory)
{
	const GList *templates = gst_element_factory_get_static_pad_templates(factory);

	for (; templates; templates = templates->next) {
		GstStaticPadTemplate *template = templates->data;
		g_autoptr(GstCaps) caps = NULL;

		if (template->direction != GST_PAD_SINK)
			continue;
		caps = gst_static_caps_get(&template->static_caps);
		encoder->max_width = largest(caps, "width");
		encoder->max_height = largest(caps, "height");
	}
}

/* The profiles that an element can be configured for. */
static void check_profiles(struct video_encoder *encoder, GstElementFactory *factory)
{
	encoder->unfit = BOTH_PROFILES & ~encoder->row->profiles;
	for (guint i = 0; i < 2; i++) {
		const struct video_encoder_settings settings = {
			.bit_rate = 4000000, .fps = 30, .slices = 1, .high = i == 1,
		};
		g_autoptr(GstElement) element = NULL;
		g_autoptr(GError) error = NULL;

		if (encoder->unfit & 1u << i)
			continue;
		element = gst_element_factory_create(factory, NULL);
		if (element)
			gst_object_ref_sink(element);
		if (element &&
		    encoder_apply_row(encoder->row, G_OBJECT(element), &settings, &error))
			continue;
		encoder->unfit |= 1u << i;
		g_free(encoder->why);
		encoder->why = g_strdup(error ? error->message : "it cannot be made");
		g_message("%s is not used for %s: %s", encoder->element,
			  i ? "Constrained High" : "Constrained Baseline", encoder->why);
	}
}

/* What stands for the "*" of @glob in @name, put in the place of that of @other, if it has one. */
static char *same_device(const char *name, const char *glob, const char *other)
{
	gsize before = strchr(glob, '*') - glob, behind = strlen(glob) - before - 1;
	g_autofree char *device = g_strndup(name + before, strlen(name) - before - behind);
	const char *star = strchr(other, '*');

	return star ? g_strdup_printf("%.*s%s%s", (int)(star - other), other, device, star + 1) : g_strdup(other);
}

/* All elements of a converter. */
static gboolean are_installed(const char *converter)
{
	g_auto(GStrv) elements = gpu_way_elements(converter);

	for (char **element = elements; *element; element++) {
		g_autoptr(GstElementFactory) factory = gst_element_factory_find(*element);

		if (!factory)
			return FALSE;
	}
	return TRUE;
}

static char *find_converter(const struct encoder_row *row, const char *element)
{
	g_autofree char *converter = NULL;

	if (!row->converter)
		return NULL;
	converter = g_str_equal(element, row->element) ? g_strdup(row->converter) :
							 same_device(element, row->others, row->other_converters);
	return are_installed(converter) ? g_steal_pointer(&converter) : NULL;
}

static void add_factory(GPtrArray *found, const struct encoder_row *row, GstElementFactory *factory)
{
	struct video_encoder *encoder = g_new0(struct video_encoder, 1);

	encoder->row = row;
	encoder->element = g_strdup(gst_plugin_feature_get_name(GST_PLUGIN_FEATURE(factory)));
	encoder->converter = find_converter(row, encoder->element);
	read_sizes(encoder, factory);
	check_profiles(encoder, factory);
	g_ptr_array_add(found, encoder);
}

static gint compare_names(gconstpointer a, gconstpointer b)
{
	return strcmp(gst_plugin_feature_get_name(GST_PLUGIN_FEATURE(a)),
		      gst_plugin_feature_get_name(GST_PLUGIN_FEATURE(b)));
}

static gpointer find_installed(gpointer unused)
{
	GPtrArray *found = g_ptr_array_new();
	GList *all = gst_element_factory_list_get_elements(
		GST_ELEMENT_FACTORY_TYPE_ENCODER | GST_ELEMENT_FACTORY_TYPE_MEDIA_VIDEO,
		GST_RANK_NONE);

	all = g_list_sort(all, compare_names);
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GstElementFactory) first = gst_element_factory_find(rows[i].element);

		if (first)
			add_factory(found, &rows[i], first);
		for (GList *at = all; at && rows[i].others; at = at->next) {
			if (g_pattern_match_simple(rows[i].others,
						   gst_plugin_feature_get_name(at->data)))
				add_factory(found, &rows[i], at->data);
		}
	}
	gst_plugin_feature_list_free(all);
	return found;
}

const GPtrArray *video_encoders_installed(void)
{
	static GOnce once = G_ONCE_INIT;

	return g_once(&once, find_installed, NULL);
}

static void say_missing(const char *name, const char *why, GError **error)
{
	g_autoptr(GString) known = g_string_new(NULL);

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
		g_string_append_printf(known, "%s%s", i ? ", " : "", rows[i].element);
	if (why)
		g_set_error(error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
			    "no H.264 encoder works: %s", why);
	else if (name)
		g_set_error(error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
			    "encoder \"%s\" is not installed or not known; known are %s", name,
			    known->str);
	else
		g_set_error(error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
			    "no H.264 encoder is installed; one of %s is needed", known->str);
}

struct video_encoder *video_encoder_find_locked(const char *name, GError **error)
{
	const GPtrArray *installed = video_encoders_installed();
	g_autoptr(GString) why = g_string_new(NULL);

	for (guint i = 0; i < installed->len; i++) {
		struct video_encoder *encoder = g_ptr_array_index(installed, i);

		if (name && strcmp(name, encoder->element) != 0)
			continue;
		if (encoder->unfit != BOTH_PROFILES)
			return encoder;
		g_string_append_printf(why, "%s%s: %s", why->len ? "; " : "", encoder->element,
				       encoder->why);
	}
	say_missing(name, why->len ? why->str : NULL, error);
	return NULL;
}

const struct video_encoder *video_encoder_find(const char *name, GError **error)
{
	const struct video_encoder *found;

	video_encoders_installed();
	g_mutex_lock(&lock);
	found = video_encoder_find_locked(name, error);
	g_mutex_unlock(&lock);
	return found;
}

void video_encoder_give_up(const struct video_encoder *constant, guint8 profiles, const char *why)
{
	struct video_encoder *encoder = (struct video_encoder *)constant;

	g_mutex_lock(&lock);
	if (profiles & ~encoder->unfit) {
		g_message("%s is not used any more: %s", encoder->element, why);
		g_free(encoder->why);
		encoder->why = g_strdup(why);
		encoder->unfit |= profiles;
	}
	g_mutex_unlock(&lock);
}

const char *video_encoder_element(const struct video_encoder *encoder)
{
	return encoder->element;
}

void video_encoder_limits(const struct video_encoder *encoder, struct wfd_encoder_limits *limits)
{
	guint64 rate;

	g_mutex_lock(&lock);
	limits->h264_profiles = BOTH_PROFILES & ~encoder->unfit;
	limits->max_width = encoder->max_width;
	limits->max_height = encoder->max_height;
	rate = encoder->measured * ENCODER_SHARE_PERCENT / 100;
	g_mutex_unlock(&lock);
	if (!rate)
		rate = encoder->row->pixel_rate;
	limits->max_level = WFD_LEVEL_5_2;
	limits->slices = encoder->row->slices ? WFD_SLICES : 1;
	limits->software = encoder->row->software;
	limits->max_pixel_rate = rate ? MAX(rate, LEAST_PIXEL_RATE) : 0;
}

GstCaps *video_encoder_caps(const struct video_encoder *encoder,
			    const struct wfd_selection *selection)
{
	const char *profile = selection->profile == WFD_H264_PROFILE_CHP ? "high" :
									   "constrained-baseline";
	GstCaps *caps = gst_caps_new_simple("video/x-h264", "profile", G_TYPE_STRING, profile,
					    "stream-format", G_TYPE_STRING, "byte-stream",
					    "alignment", G_TYPE_STRING, "au", NULL);

	if (encoder->row->takes_level)
		gst_caps_set_simple(caps, "level", G_TYPE_STRING, wfd_level_name(selection->level),
				    NULL);
	return caps;
}

const char *video_encoder_colorimetry(const struct video_encoder *encoder, const struct wfd_mode *mode)
{
	return encoder->row->says_colour || mode->height > 576 ? PICTURE_COLORIMETRY : GST_VIDEO_COLORIMETRY_BT601;
}

GstCaps *video_encoder_input_caps(const struct video_encoder *encoder, const struct wfd_mode *mode)
{
	const char *colorimetry = video_encoder_colorimetry(encoder, mode);

	if (g_str_equal(colorimetry, PICTURE_COLORIMETRY))
		return gst_caps_new_any();
	return gst_caps_new_simple("video/x-raw", "colorimetry", G_TYPE_STRING, colorimetry, NULL);
}

enum gpu_kind video_encoder_gpu_kind(const struct video_encoder *encoder)
{
	return encoder->row->kind;
}

const char *video_encoder_converter(const struct video_encoder *encoder)
{
	enum gpu_verdict verdict;

	g_mutex_lock(&lock);
	verdict = encoder->gpu;
	g_mutex_unlock(&lock);
	return verdict == GPU_ENCODED || verdict == GPU_SEEN ? encoder->converter : NULL;
}

char *video_encoder_pictures(const struct video_encoder *encoder)
{
	g_auto(GStrv) elements = gpu_way_elements(encoder->converter ? encoder->converter : "");
	g_autofree char *through = g_strjoinv(" and ", elements);
	char *said = NULL;

	g_mutex_lock(&lock);
	if (encoder->row->software)
		said = g_strdup("through the processor, where the encoder is");
	else if (!encoder->converter)
		said = g_strdup("through the processor: no converter of its device is there");
	else if (encoder->gpu == GPU_SEEN)
		said = g_strdup_printf("through %s, as far as its driver imports the desktop's", through);
	else if (encoder->gpu == GPU_ENCODED)
		said = g_strdup_printf("through %s, as far as its driver imports the desktop's; nobody has seen "
				       "them, for want of a decoder", through);
	else
		said = g_strdup_printf("through the processor: %s",
				       encoder->gpu_why ? encoder->gpu_why : "nothing else was tested");
	g_mutex_unlock(&lock);
	return said;
}

gboolean video_encoder_configure(const struct video_encoder *encoder, GstElement *element,
				 const struct video_encoder_settings *settings, GError **error)
{
	return encoder_apply_row(encoder->row, G_OBJECT(element), settings, error);
}

void video_encoder_set_bit_rate(const struct video_encoder *encoder, GstElement *element,
				guint bit_rate, guint burst_bit_rate)
{
	encoder_apply_bit_rate(encoder->row, G_OBJECT(element), bit_rate, burst_bit_rate);
}
