// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What the table of audio encoders says of those that are installed, measured: how soon a frame comes
 * out, and how much later than its time stamp FFmpeg's decoder gives out what went in.  And the same
 * of those that are spared most of the silence (sound-silence.h).
 */
#include <stdlib.h>

#include <gst/app/gstappsink.h>
#include <gst/app/gstappsrc.h>

#include "audio-encoders.h"
#include "sound-silence.h"
#include "wfdtsmux.h"

#define RATE 48000
#define BURST_AT RATE
/* Another one, after two seconds of silence. */
#define AGAIN_AT (3 * RATE)
#define BURST 480

struct fixture {
	const struct audio_encoder *row;
	GstElement *pipeline;
	GstAppSrc *source;
	GstAppSink *sink;
	guint pushed;
	gint frames; /* that have come out */
	gint64 found; /* the latest burst */
	gint64 decoded_to; /* ns */
};

static GstPadProbeReturn encoded(GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
	struct fixture *f = data;

	g_atomic_int_inc(&f->frames);
	return GST_PAD_PROBE_OK;
}

static void begin(struct fixture *f, const struct audio_encoder *row)
{
	g_autoptr(GstCaps) caps = audio_stream_caps(row->format, RATE, row->channels);
	g_autofree char *stream = gst_caps_to_string(caps);
	g_autofree char *text = g_strdup_printf(
		"appsrc name=source is-live=true format=time caps=audio/x-raw,format=S16LE,layout=interleaved,rate=%u,channels=%u%s "
		"! audioconvert dithering=none noise-shaping=none ! %s name=encoder ! %s name=parser ! %s ! %s ! audioconvert "
		"! audio/x-raw,format=S16LE,channels=%u ! appsink name=sink sync=false",
		RATE, row->channels, row->channels == 6 ? ",channel-mask=(bitmask)0x3f" : "", row->element, row->parser, stream,
		row->format == WFD_AUDIO_AAC ? "avdec_aac" : "avdec_ac3", row->channels);
	g_autoptr(GError) error = NULL;
	g_autoptr(GstElement) encoder = NULL;
	g_autoptr(GstPad) pad = NULL;

	*f = (struct fixture){ .row = row };
	f->pipeline = gst_parse_launch(text, &error);
	g_assert_no_error(error);
	encoder = gst_bin_get_by_name(GST_BIN(f->pipeline), "encoder");
	audio_encoder_configure(row, encoder);
	pad = gst_element_get_static_pad(encoder, "src");
	gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, encoded, f, NULL);
	f->source = GST_APP_SRC(gst_bin_get_by_name(GST_BIN(f->pipeline), "source"));
	f->sink = GST_APP_SINK(gst_bin_get_by_name(GST_BIN(f->pipeline), "sink"));
	gst_element_set_state(f->pipeline, GST_STATE_PLAYING);
}

static void end(struct fixture *f)
{
	gst_element_set_state(f->pipeline, GST_STATE_NULL);
	gst_object_unref(f->source);
	gst_object_unref(f->sink);
	gst_object_unref(f->pipeline);
}

/* A frame of silence; of a loud square wave in the burst. */
static void push_frame(struct fixture *f)
{
	guint frame = f->row->frame, channels = f->row->channels;
	gsize size = frame * channels * sizeof(gint16);
	gint16 *samples = g_malloc0(size);
	GstBuffer *buffer;

	for (guint n = 0; n < frame; n++) {
		guint at = f->pushed + n, since = at - (at < AGAIN_AT ? BURST_AT : AGAIN_AT);

		for (guint c = 0; c < channels && at >= BURST_AT && since < BURST; c++)
			samples[n * channels + c] = since / 24 % 2 ? 20000 : -20000;
	}
	buffer = gst_buffer_new_wrapped(samples, size);
	GST_BUFFER_PTS(buffer) = gst_util_uint64_scale(f->pushed, GST_SECOND, RATE);
	GST_BUFFER_DURATION(buffer) = gst_util_uint64_scale(frame, GST_SECOND, RATE);
	f->pushed += frame;
	gst_app_src_push_buffer(f->source, buffer);
}

/* TRUE when so many frames have come out within the time. */
static gboolean come_out(struct fixture *f, gint frames, gint64 ms)
{
	gint64 until = g_get_monotonic_time() + ms * 1000;

	while (g_atomic_int_get(&f->frames) < frames && g_get_monotonic_time() < until)
		g_usleep(500);
	return g_atomic_int_get(&f->frames) >= frames;
}

/* The number of the sample, by its time stamp, with which the next burst begins; -1: there is none. */
static gint64 find_burst(struct fixture *f)
{
	gint64 last = f->found ? f->found + RATE : 0;

	for (;;) {
		g_autoptr(GstSample) sample = gst_app_sink_pull_sample(f->sink);
		gint64 found = -1;
		GstBuffer *buffer;
		GstMapInfo map;

		if (!sample)
			return -1;
		buffer = gst_sample_get_buffer(sample);
		g_assert_true(gst_buffer_map(buffer, &map, GST_MAP_READ));
		/* What comes out has no gap, and nothing is there twice. */
		if (f->decoded_to)
			g_assert_cmpint(ABS((gint64)GST_BUFFER_PTS(buffer) - f->decoded_to), <=, 1000);
		f->decoded_to = GST_BUFFER_PTS(buffer) + GST_BUFFER_DURATION(buffer);
		for (gsize i = 0; i < map.size / sizeof(gint16) && found < 0; i += f->row->channels) {
			gint64 at = gst_util_uint64_scale_round(GST_BUFFER_PTS(buffer), RATE, GST_SECOND) +
				    i / f->row->channels;

			if (abs(((const gint16 *)map.data)[i]) > 7000 && at >= last)
				found = at;
		}
		gst_buffer_unmap(buffer, &map);
		if (found >= 0)
			return f->found = found;
	}
}

static void test_row(gconstpointer data)
{
	const struct audio_encoder *row = data;
	guint held = (row->ahead + row->frame - 1) / row->frame;
	gint64 begins;
	struct fixture f;

	begin(&f, row);
	/* Each frame comes as soon as what the encoder looks ahead is there, and not before. */
	for (guint n = 1; f.pushed < BURST_AT + 3 * RATE / 10; n++) {
		push_frame(&f);
		if (n > held)
			g_assert_true(come_out(&f, n - held, 5000));
	}
	if (held)
		g_assert_false(come_out(&f, f.pushed / row->frame, 100));
	gst_app_src_end_of_stream(f.source);
	begins = find_burst(&f) - BURST_AT;
	g_test_message("%s, %u channels: %" G_GINT64_FORMAT " samples in front", row->element, row->channels, begins);
	g_assert_cmpint(ABS(begins - (gint64)row->delay), <=, 24);
	end(&f);
}

/*
 * Of silence an encoder makes some frames, and the same is decoded as if it had made all: each burst is in
 * its place, nothing is missing, and nothing is heard that was not there.
 */
static void test_silence(gconstpointer data)
{
	const struct audio_encoder *row = data;
	g_autoptr(GstElement) parser = NULL;
	g_autoptr(GstPad) in = NULL;
	g_autoptr(GstPad) out = NULL;
	struct fixture f;
	gint64 begins;
	gint n;

	begin(&f, row);
	parser = gst_bin_get_by_name(GST_BIN(f.pipeline), "parser");
	in = gst_element_get_static_pad(GST_ELEMENT(f.source), "src");
	out = gst_element_get_static_pad(parser, "src");
	sound_silence_watch(in, out);
	while (f.pushed < AGAIN_AT + 3 * RATE / 10)
		push_frame(&f);
	gst_app_src_end_of_stream(f.source);
	for (guint i = 0; i < 2; i++) {
		begins = find_burst(&f) - (i ? AGAIN_AT : BURST_AT);
		g_test_message("%s, %u channels: %" G_GINT64_FORMAT " samples in front", row->element, row->channels, begins);
		g_assert_cmpint(ABS(begins - (gint64)row->delay), <=, 24);
	}
	g_assert_cmpint(find_burst(&f), ==, -1);
	n = g_atomic_int_get(&f.frames);
	g_test_message("%d of %u frames were encoded", n, f.pushed / row->frame);
	g_assert_cmpint(n, <=, f.pushed / row->frame * 3 / 5);
	/* All but what goes in front of the first sample is there. */
	g_assert_cmpint(ABS((gint64)gst_util_uint64_scale_round(f.decoded_to, RATE, GST_SECOND) - (gint64)f.pushed), <=, 2 * row->frame);
	end(&f);
}

static GstPadProbeReturn look_at_window(GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
	struct fixture *f = data;
	guint8 head[3] = { 0 };

	/* id_syn_ele, element_instance_tag, global_gain, a bit, and the window_sequence: 0 is a long one. */
	gst_buffer_extract(gst_pad_probe_info_get_buffer(info), 0, head, sizeof(head));
	g_assert_cmphex(head[2] & 0xc0, ==, 0);
	g_atomic_int_inc(&f->frames);
	return GST_PAD_PROBE_OK;
}

/* A loud beat, as loud as can be, is nothing that the LFE channel's element could not hold. */
static void test_lfe(void)
{
	const struct audio_encoder *row = audio_encoder_find(WFD_AUDIO_AAC, 6);
	g_autoptr(GstElement) encoder = NULL;
	g_autoptr(GstElement) join = NULL;
	g_autoptr(GstPad) pad = NULL;
	struct fixture f;

	begin(&f, row);
	encoder = gst_bin_get_by_name(GST_BIN(f.pipeline), "encoder");
	join = gst_bin_get_by_name(GST_BIN(encoder), "join");
	pad = gst_element_get_static_pad(join, "part-3");
	gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, look_at_window, &f, NULL);
	for (guint n = 0; n < 100; n++) {
		gsize size = row->frame * 6 * sizeof(gint16);
		gint16 *samples = g_malloc0(size);
		GstBuffer *buffer;

		for (guint i = 0; i < row->frame * 6; i++)
			samples[i] = (n * row->frame + i / 6) / 7000 % 2 ? 32767 : -32767;
		buffer = gst_buffer_new_wrapped(samples, size);
		GST_BUFFER_PTS(buffer) = gst_util_uint64_scale(n * row->frame, GST_SECOND, RATE);
		GST_BUFFER_DURATION(buffer) = gst_util_uint64_scale(row->frame, GST_SECOND, RATE);
		gst_app_src_push_buffer(f.source, buffer);
	}
	/* What leaves the encoder, and what goes into its last part. */
	g_assert_true(come_out(&f, 200, 10000));
	end(&f);
}

/* What is installed here is found, and the best first. */
static void test_found(void)
{
	guint stereo, six;

	audio_encoders_available(&stereo, &six);
	g_assert_cmphex(stereo, ==, 1 << WFD_AUDIO_LPCM | 1 << WFD_AUDIO_AAC | 1 << WFD_AUDIO_AC3);
	g_assert_cmphex(six, ==, 1 << WFD_AUDIO_AAC | 1 << WFD_AUDIO_AC3);
	g_assert_cmpstr(audio_encoder_find(WFD_AUDIO_AAC, 2)->element, ==, "voaacenc");
	g_assert_cmpstr(audio_encoder_find(WFD_AUDIO_AAC, 6)->element, ==, "wfdaac51enc");
	g_assert_null(audio_encoder_find(WFD_AUDIO_LPCM, 2));
	g_assert_null(audio_encoder_find(WFD_AUDIO_AAC, 4));
}

/* The elements that everybody gets who asks for them by these names: one that is there and does nothing. */
static void take_away(const char *name)
{
	g_autoptr(GstElementFactory) factory = gst_element_factory_find("identity");
	GstElement *element = gst_element_factory_create(factory, NULL);
	GType type = G_OBJECT_TYPE(element);

	gst_object_unref(element);
	g_assert_true(gst_element_register(NULL, name, GST_RANK_PRIMARY, type));
}

/* One that is installed and encodes nothing is not promised to anybody. */
static void test_broken(void)
{
	guint stereo, six;

	if (g_test_subprocess()) {
		/* Its plugin is loaded now, and takes nothing back later. */
		gst_object_unref(gst_object_ref_sink(gst_element_factory_make("avenc_ac3", NULL)));
		take_away("voaacenc");
		take_away("avenc_ac3");
		audio_encoders_available(&stereo, &six);
		g_assert_cmphex(stereo, ==, 1 << WFD_AUDIO_LPCM | 1 << WFD_AUDIO_AAC);
		g_assert_cmphex(six, ==, 1 << WFD_AUDIO_AAC);
		g_assert_cmpstr(audio_encoder_find(WFD_AUDIO_AAC, 2)->element, !=, "voaacenc");
		g_assert_cmpstr(audio_encoder_find(WFD_AUDIO_AAC, 6)->element, !=, "wfdaac51enc");
		return;
	}
	g_test_trap_subprocess(NULL, 0, 0);
	g_test_trap_assert_passed();
}

int main(int argc, char **argv)
{
	const struct audio_encoder *rows;
	gsize n;

	gst_init(NULL, NULL);
	g_test_init(&argc, &argv, NULL);
	g_assert_true(wfd_ts_mux_register());
	rows = audio_encoders(&n);
	for (gsize i = 0; i < n; i++) {
		g_autoptr(GstElementFactory) factory = gst_element_factory_find(rows[i].element);
		g_autofree char *path = g_strdup_printf("/audio-encoders/row/%s-%u", rows[i].element, rows[i].channels);
		g_autofree char *silence = g_strdup_printf("/audio-encoders/silence/%s-%u", rows[i].element,
							   rows[i].channels);

		/* fdkaacenc is in no distribution's main archive. */
		if (!factory)
			continue;
		g_test_add_data_func(path, &rows[i], test_row);
		g_test_add_data_func(silence, &rows[i], test_silence);
	}
	g_test_add_func("/audio-encoders/found", test_found);
	g_test_add_func("/audio-encoders/lfe", test_lfe);
	g_test_add_func("/audio-encoders/broken", test_broken);
	return g_test_run();
}
