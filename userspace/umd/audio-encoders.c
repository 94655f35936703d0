// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The table of audio-encoders.h, and the test of its rows.
 *
 * The delays were measured with FFmpeg's decoders: encode a burst, decode it, compare the time
 * stamps (tests/unit/test-audio-encoders.c does it for what is installed).  fdkaacenc's is what
 * its library says.
 */
#include "audio-encoders.h"

#define TEST_FRAMES 6
#define TEST_SECONDS 2

/*
 * voaacenc gives a frame out when it has it; the others look ahead or write more before the
 * first sample.  It has no six channels: wfdaac51enc, which is ours, is made of four of them.
 */
static const struct audio_encoder rows[] = {
	{ "voaacenc", "aacparse", WFD_AUDIO_AAC, 2, 192000, 1024, 1600, 0 },
	{ "fdkaacenc", "aacparse", WFD_AUDIO_AAC, 2, 192000, 1024, 2048, 0 },
	{ "avenc_aac", "aacparse", WFD_AUDIO_AAC, 2, 192000, 1024, 1024, 1024 },
	{ "fdkaacenc", "aacparse", WFD_AUDIO_AAC, 6, 448000, 1024, 2048, 0 },
	{ "wfdaac51enc", "aacparse", WFD_AUDIO_AAC, 6, 448000, 1024, 1600, 0, "voaacenc" },
	{ "avenc_aac", "aacparse", WFD_AUDIO_AAC, 6, 448000, 1024, 1024, 1024 },
	{ "avenc_ac3", "ac3parse", WFD_AUDIO_AC3, 2, 256000, 1536, 256, 0 },
	{ "avenc_ac3", "ac3parse", WFD_AUDIO_AC3, 6, 448000, 1536, 256, 0 },
};

enum verdict {
	UNKNOWN,
	WORKS,
	FAILS,
};

static GMutex lock;
static enum verdict verdicts[G_N_ELEMENTS(rows)];

const struct audio_encoder *audio_encoders(gsize *n)
{
	*n = G_N_ELEMENTS(rows);
	return rows;
}

GstCaps *audio_stream_caps(enum wfd_audio_format format, guint rate, guint channels)
{
	GstCaps *caps;

	switch (format) {
	case WFD_AUDIO_LPCM:
		caps = gst_caps_new_simple("audio/x-raw", "format", G_TYPE_STRING, "S16BE", "layout",
					   G_TYPE_STRING, "interleaved", NULL);
		break;
	case WFD_AUDIO_AC3:
		caps = gst_caps_new_simple("audio/x-ac3", "framed", G_TYPE_BOOLEAN, TRUE, NULL);
		break;
	default:
		caps = gst_caps_new_simple("audio/mpeg", "mpegversion", G_TYPE_INT, 4,
					   "stream-format", G_TYPE_STRING, "adts", "framed",
					   G_TYPE_BOOLEAN, TRUE, NULL);
		break;
	}
	gst_caps_set_simple(caps, "rate", G_TYPE_INT, rate, "channels", G_TYPE_INT, channels, NULL);
	return caps;
}

void audio_encoder_configure(const struct audio_encoder *encoder, GstElement *element)
{
	g_autofree char *bit_rate = g_strdup_printf("%u", encoder->bit_rate);

	/* By its text, since the elements differ in the type. */
	gst_util_set_object_arg(G_OBJECT(element), "bitrate", bit_rate);
	/* The other way of searching takes as much time as a video encoder, to save bits that there are. */
	if (g_object_class_find_property(G_OBJECT_GET_CLASS(element), "aac-coder"))
		gst_util_set_object_arg(G_OBJECT(element), "aac-coder", "fast");
	/* Only MPEG-4 has it, and the stream type says MPEG-2. */
	if (g_object_class_find_property(G_OBJECT_GET_CLASS(element), "aac-pns"))
		g_object_set(element, "aac-pns", FALSE, NULL);
}

static gboolean is_installed(const char *name)
{
	g_autoptr(GstElementFactory) factory = gst_element_factory_find(name);

	return factory != NULL;
}

static gboolean encodes(const struct audio_encoder *row)
{
	g_autoptr(GstCaps) caps = audio_stream_caps(row->format, 48000, row->channels);
	g_autofree char *out = gst_caps_to_string(caps);
	g_autofree char *text = g_strdup_printf(
		"audiotestsrc num-buffers=%u samplesperbuffer=%u ! audio/x-raw,rate=48000,channels=%u%s "
		"! audioconvert ! %s name=encoder ! %s ! %s ! fakesink async=false sync=false",
		TEST_FRAMES, row->frame, row->channels,
		row->channels == 6 ? ",channel-mask=(bitmask)0x3f" : "", row->element, row->parser, out);
	g_autoptr(GError) error = NULL;
	g_autoptr(GstElement) pipeline = gst_parse_launch(text, &error);
	g_autoptr(GstElement) encoder = NULL;
	g_autoptr(GstMessage) message = NULL;
	g_autoptr(GstBus) bus = NULL;

	if (!pipeline || error)
		return FALSE;
	encoder = gst_bin_get_by_name(GST_BIN(pipeline), "encoder");
	audio_encoder_configure(row, encoder);
	bus = gst_element_get_bus(pipeline);
	if (gst_element_set_state(pipeline, GST_STATE_PLAYING) != GST_STATE_CHANGE_FAILURE)
		message = gst_bus_timed_pop_filtered(bus, TEST_SECONDS * GST_SECOND,
						     GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
	gst_element_set_state(pipeline, GST_STATE_NULL);
	return message && GST_MESSAGE_TYPE(message) == GST_MESSAGE_EOS;
}

/* With the lock held. */
static gboolean works(guint i)
{
	if (verdicts[i] == UNKNOWN) {
		gboolean installed = is_installed(rows[i].element) && is_installed(rows[i].parser) &&
				     (!rows[i].made_of || is_installed(rows[i].made_of));

		verdicts[i] = installed && encodes(&rows[i]) ? WORKS : FAILS;
		if (installed && verdicts[i] == FAILS)
			g_message("%s is installed, but does not encode %u channels", rows[i].element,
				  rows[i].channels);
	}
	return verdicts[i] == WORKS;
}

const struct audio_encoder *audio_encoder_find(enum wfd_audio_format format, guint channels)
{
	const struct audio_encoder *found = NULL;

	g_mutex_lock(&lock);
	for (guint i = 0; i < G_N_ELEMENTS(rows) && !found; i++) {
		if (rows[i].format == format && rows[i].channels == channels && works(i))
			found = &rows[i];
	}
	g_mutex_unlock(&lock);
	return found;
}

void audio_encoders_available(guint *stereo, guint *six)
{
	*stereo = 1u << WFD_AUDIO_LPCM;
	*six = 0;
	for (guint format = WFD_AUDIO_AAC; format <= WFD_AUDIO_AC3; format++) {
		if (audio_encoder_find(format, 2))
			*stereo |= 1u << format;
		if (audio_encoder_find(format, 6))
			*six |= 1u << format;
	}
}
