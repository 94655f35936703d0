// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The table of encoders: see encoders.h.
 */
#include "encoders.h"

#include <gio/gio.h>

/* A property and its value as gst_util_set_object_arg() reads it. */
struct setting {
	const char *property;
	const char *value;
};

/**
 * struct video_encoder - a row
 * @element: name of the factory
 * @fixed: properties that never change, ended by a NULL
 * @bit_rate, @bit_rate_unit: property, and bits per second in one unit of it
 * @key_interval: property for the distance of key frames, in frames
 * @slices: property for the number of slices, or NULL
 * @transform_8x8: property for the 8x8 transform, which is what makes a stream
 *	High Profile without CABAC; NULL if there is no choice
 * @profiles: WFD_H264_PROFILE_*
 * @max_level: highest level
 * @software: runs on the CPU
 * @pixel_rate_per_cpu: pixels per second that one CPU manages; software only
 */
struct video_encoder {
	const char *element;
	const struct setting *fixed;
	const char *bit_rate;
	guint bit_rate_unit;
	const char *key_interval;
	const char *slices;
	const char *transform_8x8;
	guint8 profiles;
	enum wfd_level max_level;
	gboolean software;
	guint64 pixel_rate_per_cpu;
};

/* No B frames, one reference, CBR: nothing is held back, nothing is bursty. */
static const struct setting va_settings[] = {
	{ "rate-control", "cbr" }, { "b-frames", "0" },	     { "ref-frames", "1" },
	{ "cabac", "false" },	   { "target-usage", "6" },  { "aud", "true" },
	{ NULL, NULL },
};

static const struct setting nv_settings[] = {
	{ "rc-mode", "cbr" },	     { "bframes", "0" },   { "zerolatency", "true" },
	{ "preset", "low-latency-hq" }, { "aud", "true" }, { NULL, NULL },
};

/*
 * "zerolatency" also means one slice per thread, which a sink need not accept:
 * sliced-threads is set explicitly below.  A small VBV keeps key frames from
 * blocking the link.
 */
static const struct setting x264_settings[] = {
	{ "tune", "zerolatency" },    { "speed-preset", "superfast" }, { "bframes", "0" },
	{ "cabac", "false" },	      { "ref", "1" },		       { "rc-lookahead", "0" },
	{ "vbv-buf-capacity", "120" }, { "aud", "true" },	       { "byte-stream", "true" },
	{ "threads", "1" },	      { "sliced-threads", "false" },
	{ "option-string", "scenecut=0" },
	{ NULL, NULL },
};

static const struct setting openh264_settings[] = {
	{ "usage-type", "screen" }, { "complexity", "low" },	  { "rate-control", "bitrate" },
	{ "slice-mode", "n-slices" }, { "scene-change-detection", "false" },
	{ "multi-thread", "1" },    { NULL, NULL },
};

static const struct video_encoder encoders[] = {
	{ .element = "vah264enc",
	  .fixed = va_settings,
	  .bit_rate = "bitrate",
	  .bit_rate_unit = 1000,
	  .key_interval = "key-int-max",
	  .slices = "num-slices",
	  .transform_8x8 = "dct8x8",
	  .profiles = WFD_H264_PROFILE_CBP | WFD_H264_PROFILE_CHP,
	  .max_level = WFD_LEVEL_5_2 },
	{ .element = "nvh264enc",
	  .fixed = nv_settings,
	  .bit_rate = "bitrate",
	  .bit_rate_unit = 1000,
	  .key_interval = "gop-size",
	  .profiles = WFD_H264_PROFILE_CBP | WFD_H264_PROFILE_CHP,
	  .max_level = WFD_LEVEL_5_2 },
	{ .element = "x264enc",
	  .fixed = x264_settings,
	  .bit_rate = "bitrate",
	  .bit_rate_unit = 1000,
	  .key_interval = "key-int-max",
	  .transform_8x8 = "dct8x8",
	  .profiles = WFD_H264_PROFILE_CBP | WFD_H264_PROFILE_CHP,
	  .max_level = WFD_LEVEL_5_2,
	  .software = TRUE,
	  .pixel_rate_per_cpu = 1920 * 1080 * 30 },
	{ .element = "openh264enc",
	  .fixed = openh264_settings,
	  .bit_rate = "bitrate",
	  .bit_rate_unit = 1,
	  .key_interval = "gop-size",
	  .slices = "num-slices",
	  .profiles = WFD_H264_PROFILE_CBP,
	  .max_level = WFD_LEVEL_5_2,
	  .software = TRUE,
	  .pixel_rate_per_cpu = 1280 * 720 * 30 },
};

/* Best first.  LPCM needs none. */
static const struct {
	enum wfd_audio_format format;
	const char *element;
} audio_encoders[] = {
	{ WFD_AUDIO_AAC, "fdkaacenc" },
	{ WFD_AUDIO_AAC, "avenc_aac" },
	{ WFD_AUDIO_AAC, "voaacenc" },
	{ WFD_AUDIO_AC3, "avenc_ac3" },
};

static gboolean is_installed(const char *element)
{
	g_autoptr(GstElementFactory) factory = gst_element_factory_find(element);

	return factory != NULL;
}

const struct video_encoder *video_encoder_find(const char *name, GError **error)
{
	g_autoptr(GString) known = g_string_new(NULL);

	for (gsize i = 0; i < G_N_ELEMENTS(encoders); i++) {
		const char *element = encoders[i].element;

		g_string_append_printf(known, "%s%s", i ? ", " : "", element);
		if ((!name || g_strcmp0(name, element) == 0) && is_installed(element))
			return &encoders[i];
	}
	if (name)
		g_set_error(error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
			    "encoder \"%s\" is not installed or not known; known are %s", name,
			    known->str);
	else
		g_set_error(error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
			    "no H.264 encoder is installed; one of %s is needed", known->str);
	return NULL;
}

const char *video_encoder_element(const struct video_encoder *encoder)
{
	return encoder->element;
}

void video_encoder_limits(const struct video_encoder *encoder, struct wfd_encoder_limits *limits)
{
	limits->h264_profiles = encoder->profiles;
	limits->max_level = encoder->max_level;
	limits->software = encoder->software;
	limits->max_pixel_rate = encoder->pixel_rate_per_cpu * g_get_num_processors();
}

static void set_property(GstElement *element, const char *property, const char *value)
{
	if (g_object_class_find_property(G_OBJECT_GET_CLASS(element), property))
		gst_util_set_object_arg(G_OBJECT(element), property, value);
	else
		g_debug("%s has no property %s", GST_ELEMENT_NAME(element), property);
}

static void set_number(GstElement *element, const char *property, guint64 value)
{
	g_autofree char *text = g_strdup_printf("%" G_GUINT64_FORMAT, value);

	set_property(element, property, text);
}

void video_encoder_configure(const struct video_encoder *encoder, GstElement *element,
			     const struct video_encoder_settings *settings)
{
	for (const struct setting *setting = encoder->fixed; setting->property; setting++)
		set_property(element, setting->property, setting->value);
	if (encoder->slices)
		set_number(element, encoder->slices, MAX(settings->slices, 1));
	if (encoder->transform_8x8)
		set_property(element, encoder->transform_8x8, settings->high ? "true" : "false");
	set_number(element, encoder->key_interval,
		   (guint64)settings->key_interval_s * settings->fps);
	video_encoder_set_bit_rate(encoder, element, settings->bit_rate);
}

void video_encoder_set_bit_rate(const struct video_encoder *encoder, GstElement *element,
				guint bit_rate)
{
	set_number(element, encoder->bit_rate, MAX(bit_rate / encoder->bit_rate_unit, 1));
}

const char *audio_encoder_element(enum wfd_audio_format format)
{
	for (gsize i = 0; i < G_N_ELEMENTS(audio_encoders); i++) {
		if (audio_encoders[i].format == format && is_installed(audio_encoders[i].element))
			return audio_encoders[i].element;
	}
	return NULL;
}

guint audio_encoders_available(void)
{
	guint available = 1u << WFD_AUDIO_LPCM;

	for (gsize i = 0; i < G_N_ELEMENTS(audio_encoders); i++) {
		if (is_installed(audio_encoders[i].element))
			available |= 1u << audio_encoders[i].format;
	}
	return available;
}
