// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Sound in the pipeline of media-pipeline.h.
 *
 * Time.  A unit's PTS is its time on the axis of the pictures.  What an encoder puts in front
 * of its first sample comes out of the decoder, too, so PTS are smaller by that.  Then sound
 * and picture of one moment are shown at one moment, if the sound is there in time: the clock
 * of the sink lags behind by what pictures need (media-delay.h), and sound has no say
 * in that.  An encoder that is too slow for it has its sound shown a little later, by
 * MAX_DELAY_NS at most: a delay that nobody notices (EBU R37 lets pass 60 ms, ITU-R BT.1359
 * finds that 125 ms are noticed), where units that come too late would be gaps.
 */
#include "media-pipeline-private.h"

#include <string.h>

#include "audio-encoders.h"
#include "media-delay.h"
#include "sound-pump.h"
#include "sound-silence.h"

/* LPCM: one PES packet, 10 ms at 48 kHz, and three of them of silence. */
#define LPCM_FRAMES 480
#define LPCM_SILENT_UNITS 3

#define MAX_DELAY_NS (45 * GST_MSECOND)
/* What may pass, besides the encoder, until a unit has left; and some for the air. */
#define TICK_NS (6 * GST_MSECOND)
#define AIR_NS (3 * GST_MSECOND)
/* The shortest lag there is, that of 60 Hz. */
#define FASTEST_HZ 60

static const struct audio_encoder *encoder_of(const struct wfd_selection *selection)
{
	return audio_encoder_find(selection->audio_format,
				  wfd_audio_channels(selection->audio_format, selection->audio_mode));
}

gboolean media_pipeline_sound_layout(const struct wfd_selection *selection,
				     struct sound_layout *layout)
{
	const struct audio_encoder *encoder;

	if (selection->audio_format == WFD_AUDIO_NONE)
		return FALSE;
	encoder = encoder_of(selection);
	*layout = (struct sound_layout){
		.format = {
			.rate = wfd_audio_rate(selection->audio_format, selection->audio_mode),
			.channels = wfd_audio_channels(selection->audio_format, selection->audio_mode),
		},
		.unit = encoder ? encoder->frame : LPCM_FRAMES,
		.silent_units = encoder ? 1 : LPCM_SILENT_UNITS,
	};
	return TRUE;
}

/* How much smaller PTS are than the time. */
static gint64 shift_of(const media_pipeline *p, const struct audio_encoder *encoder, guint rate)
{
	gint64 in_front, waits, delay;

	if (!encoder)
		return 0;
	in_front = gst_util_uint64_scale(encoder->delay, GST_SECOND, rate);
	waits = gst_util_uint64_scale(encoder->frame + encoder->ahead, GST_SECOND, rate);
	delay = in_front + waits + (gint64)(TICK_NS + AIR_NS) -
		(gint64)(SOUND_TEST_LEAD_NS + media_delay_lag(p->latency_mode, p->lead_ms, FASTEST_HZ));
	return in_front - CLAMP(delay, 0, (gint64)MAX_DELAY_NS);
}

static GstCaps *track_caps(const struct sound_format *format)
{
	GstCaps *caps = gst_caps_new_simple("audio/x-raw", "format", G_TYPE_STRING,
					    GST_AUDIO_NE(S16), "layout", G_TYPE_STRING,
					    "interleaved", "rate", G_TYPE_INT, format->rate,
					    "channels", G_TYPE_INT, format->channels, NULL);

	if (format->channels > 2)
		gst_caps_set_simple(caps, "channel-mask", GST_TYPE_BITMASK,
				    gst_audio_channel_get_fallback_mask(format->channels), NULL);
	return caps;
}

static void sound_sent(GstElement *mux, guint64 pts, guint64 sent_ns, gpointer user_data)
{
	media_pipeline *p = user_data;

	g_mutex_lock(&p->lock);
	for (guint i = 0; i < MIN(p->n_sounds, SOUNDS_INSIDE); i++) {
		const struct sound_inside *sound = &p->sounds[i];

		/* Encoders round. */
		if (sound->taken_ns && ABS((gint64)pts - sound->pts) < (gint64)GST_MSECOND)
			latency_window_add(p->sound_latency, (sent_ns - sound->taken_ns) / 1000);
	}
	g_mutex_unlock(&p->lock);
}

/* What waits for the encoder. */
static guint64 waiting_ns(media_pipeline *p)
{
	const struct sound_format *format = &p->sound_layout.format;
	guint64 frames = gst_app_src_get_current_level_bytes(GST_APP_SRC(p->sound)) / sound_bytes(format, 1);

	return gst_util_uint64_scale(frames, GST_SECOND, format->rate);
}

/* With the lock held: @frames from @time_ns on are not sent; @follow: those before were not, either. */
static void skip(media_pipeline *p, guint frames, guint64 time_ns, gboolean follow)
{
	guint64 length = gst_util_uint64_scale(frames, GST_SECOND, p->sound_layout.format.rate);

	p->stats.sound_skipped_us += length / 1000;
	p->stats.sound_gaps += !follow;
	sound_log_left_out(time_ns, length, "too much waits for the encoder");
}

/* In the thread that encodes sound: a unit leaves appsrc. */
static GstPadProbeReturn unit_leaves(GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
	media_pipeline *p = user_data;
	GstBuffer *buffer = gst_pad_probe_info_get_buffer(info);

	if (!p->sound_first) {
		sound_thread_first();
		p->sound_first = TRUE;
	}
	if (waiting_ns(p) > MEDIA_SOUND_WAITS_NS) {
		g_mutex_lock(&p->lock);
		skip(p, p->sound_layout.unit, GST_BUFFER_PTS(buffer) + p->sound_shift + p->base_ns, p->sound_cut);
		g_mutex_unlock(&p->lock);
		p->sound_cut = TRUE;
		return GST_PAD_PROBE_DROP;
	}
	if (p->sound_cut) {
		buffer = gst_buffer_make_writable(buffer);
		GST_BUFFER_FLAG_SET(buffer, GST_BUFFER_FLAG_DISCONT);
		GST_PAD_PROBE_INFO_DATA(info) = buffer;
		p->sound_cut = FALSE;
	}
	return GST_PAD_PROBE_OK;
}

gboolean media_sound_build(media_pipeline *p, const struct media_pipeline_config *config,
			   GError **error)
{
	const struct wfd_selection *selection = config->selection;
	const struct audio_encoder *encoder;
	g_autoptr(GstCaps) caps = NULL;
	g_autoptr(GstCaps) stream_caps = NULL;
	g_autoptr(GstPad) pad = NULL;
	g_autoptr(GstPad) frames = NULL;
	GstElement *last, *filter;

	if (!media_pipeline_sound_layout(selection, &p->sound_layout))
		return TRUE;
	encoder = encoder_of(selection);
	p->sound_shift = shift_of(p, encoder, p->sound_layout.format.rate);
	caps = track_caps(&p->sound_layout.format);
	stream_caps = audio_stream_caps(selection->audio_format, p->sound_layout.format.rate,
					p->sound_layout.format.channels);
	if (!(p->sound = media_add_element(p, "appsrc", "sound", error)) ||
	    !(last = media_add_element(p, "audioconvert", "sound-layout", error)) ||
	    !(filter = media_add_element(p, "capsfilter", "audio-format", error)))
		return FALSE;
	g_object_set(p->sound, "is-live", TRUE, "format", GST_FORMAT_TIME, "block", FALSE, NULL);
	gst_app_src_set_caps(GST_APP_SRC(p->sound), caps);
	/* Samples of 16 bits stay what they are. */
	gst_util_set_object_arg(G_OBJECT(last), "dithering", "none");
	gst_util_set_object_arg(G_OBJECT(last), "noise-shaping", "none");
	g_object_set(filter, "caps", stream_caps, NULL);
	if (!media_link_elements(p->sound, last, error))
		return FALSE;
	if (encoder) {
		GstElement *audio_encoder, *parse;

		if (!(audio_encoder = media_add_element(p, encoder->element, "audio-encoder", error)) ||
		    !(parse = media_add_element(p, encoder->parser, "audio-parser", error)) ||
		    !media_link_elements(last, audio_encoder, error) ||
		    !media_link_elements(audio_encoder, parse, error))
			return FALSE;
		audio_encoder_configure(encoder, audio_encoder);
		last = parse;
	}
	pad = gst_element_get_static_pad(p->sound, "src");
	gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, unit_leaves, p, NULL);
	if (encoder) {
		frames = gst_element_get_static_pad(last, "src");
		sound_silence_watch(pad, frames);
	}
	g_signal_connect(p->mux, "sound-sent", G_CALLBACK(sound_sent), p);
	return media_link_elements(last, filter, error) && media_link_to_mux(p, filter, "audio", error);
}

/* GStreamer wants channels in the order of its own numbers. */
static void order_channels(media_pipeline *p, GstBuffer *buffer)
{
	GstAudioChannelPosition ordered[G_N_ELEMENTS(sound_positions)];
	guint channels = p->sound_layout.format.channels;

	if (channels != G_N_ELEMENTS(sound_positions))
		return;
	memcpy(ordered, sound_positions, sizeof(ordered));
	gst_audio_channel_positions_to_valid_order(ordered, channels);
	gst_audio_buffer_reorder_channels(buffer, GST_AUDIO_FORMAT_S16, channels, sound_positions, ordered);
}

void media_pipeline_push_sound(media_pipeline *p, const struct sound_unit *unit)
{
	gsize size = sound_bytes(&p->sound_layout.format, unit->frames);
	gboolean room = waiting_ns(p) < MEDIA_SOUND_HELD_NS;
	GstBuffer *buffer;
	gint64 pts;

	g_mutex_lock(&p->lock);
	pts = unit->time_ns - p->base_ns - p->sound_shift;
	if (!room)
		skip(p, unit->frames, unit->time_ns, p->sound_gap);
	if (!p->base_ns || pts < 0 || !room) {
		g_mutex_unlock(&p->lock);
		p->sound_gap = TRUE;
		return;
	}
	p->sounds[p->n_sounds % SOUNDS_INSIDE] = (struct sound_inside){ pts, unit->taken_ns };
	p->n_sounds++;
	g_mutex_unlock(&p->lock);

	buffer = gst_buffer_new_allocate(NULL, size, NULL);
	gst_buffer_fill(buffer, 0, unit->samples, size);
	order_channels(p, buffer);
	GST_BUFFER_PTS(buffer) = pts;
	GST_BUFFER_DURATION(buffer) =
		gst_util_uint64_scale(unit->frames, GST_SECOND, p->sound_layout.format.rate);
	if (unit->discont || p->sound_gap)
		GST_BUFFER_FLAG_SET(buffer, GST_BUFFER_FLAG_DISCONT);
	p->sound_gap = FALSE;
	/* Refused while stopping, which is no error. */
	gst_app_src_push_buffer(GST_APP_SRC(p->sound), buffer);
}
