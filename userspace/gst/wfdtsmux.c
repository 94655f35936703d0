/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * wfdtsmux.c - the transport stream of Wi-Fi Display as a GStreamer element
 *
 * Pads, events, states, properties and the task; wfdtsmux-private.h tells how it
 * hangs together.
 */
#include "wfdtsmux-private.h"
#include "wfdaac51enc.h"
#include "wfdrtppay.h"

GST_DEBUG_CATEGORY(wfd_ts_mux_debug);
#define GST_CAT_DEFAULT wfd_ts_mux_debug

G_DEFINE_FINAL_TYPE(WfdTsMux, wfd_ts_mux, GST_TYPE_ELEMENT)

enum {
	PROP_PCR_INTERVAL = 1,
	PROP_PSI_INTERVAL,
	PROP_PCR_LAG,
	PROP_SPREAD,
	PROP_PACKETS_PER_BUFFER,
	PROP_PMT_PID,
	PROP_MUTED,
	N_PROPS,
};

static GParamSpec *props[N_PROPS];

static GstStaticPadTemplate video_template =
	GST_STATIC_PAD_TEMPLATE("video", GST_PAD_SINK, GST_PAD_REQUEST,
				GST_STATIC_CAPS("video/x-h264, stream-format=(string)byte-stream, "
						"alignment=(string)au"));

static GstStaticPadTemplate audio_template =
	GST_STATIC_PAD_TEMPLATE("audio", GST_PAD_SINK, GST_PAD_REQUEST,
				GST_STATIC_CAPS("audio/x-raw, format=(string)S16BE, layout=(string)interleaved, "
						"rate=(int){48000, 44100}, channels=(int)2; "
						"audio/mpeg, mpegversion=(int){2, 4}, stream-format=(string)adts, "
						"framed=(boolean)true; "
						"audio/x-ac3, framed=(boolean)true"));

static GstStaticPadTemplate src_template =
	GST_STATIC_PAD_TEMPLATE("src", GST_PAD_SRC, GST_PAD_ALWAYS,
				GST_STATIC_CAPS("video/mpegts, systemstream=(boolean)true, packetsize=(int)188"));

/* Task: tables and clock while nothing flows */

void wfd_ts_mux_set_flowing(WfdTsMux *self, gboolean flowing)
{
	g_mutex_lock(&self->task_lock);
	if (self->flowing != flowing) {
		self->flowing = flowing;
		g_cond_signal(&self->wake);
	}
	g_mutex_unlock(&self->task_lock);
}

/* Whether to go on; waits until there is something to watch. */
static gboolean task_wait_for_flow(WfdTsMux *self)
{
	gboolean run;

	g_mutex_lock(&self->task_lock);
	while (!self->stopping && !(self->playing && self->flowing))
		g_cond_wait(&self->wake, &self->task_lock);
	run = !self->stopping;
	g_mutex_unlock(&self->task_lock);
	return run;
}

static void task_sleep_until(WfdTsMux *self, gint64 time)
{
	g_autoptr(GstClock) clock = gst_element_get_clock(GST_ELEMENT(self));
	GstClockTime base = gst_element_get_base_time(GST_ELEMENT(self));
	GstClockID alarm = NULL;

	g_mutex_lock(&self->task_lock);
	if (self->playing && !self->stopping && clock)
		alarm = self->alarm = gst_clock_new_single_shot_id(clock, base + MAX(time, 0));
	g_mutex_unlock(&self->task_lock);
	if (!alarm)
		return;

	gst_clock_id_wait(alarm, NULL);

	g_mutex_lock(&self->task_lock);
	self->alarm = NULL;
	g_mutex_unlock(&self->task_lock);
	gst_clock_id_unref(alarm);
}

static void push_idle(WfdTsMux *self)
{
	GByteArray *packets = g_byte_array_sized_new(3 * WFD_TS_PACKET_SIZE);
	guint wrote = 0;
	gint64 now;

	wfd_ts_mux_apply_settings(self);
	if (!self->muted && wfd_ts_mux_clock_time(self, &now)) {
		wrote = wfd_ts_packer_pack_idle(self->packer, now, packets);
		self->now = now;
	}
	if (wrote)
		wfd_ts_mux_push_packets(self, packets, wrote, NULL, NULL);
	else
		g_byte_array_unref(packets);
}

static void wfd_ts_mux_loop(gpointer data)
{
	WfdTsMux *self = data;
	gint64 deadline;

	if (!task_wait_for_flow(self))
		return;
	g_mutex_lock(&self->lock);
	deadline = wfd_ts_packer_idle_deadline(self->packer);
	g_mutex_unlock(&self->lock);

	task_sleep_until(self, deadline);

	g_mutex_lock(&self->lock);
	push_idle(self);
	g_mutex_unlock(&self->lock);
}

static void set_playing(WfdTsMux *self, gboolean playing)
{
	g_mutex_lock(&self->task_lock);
	self->playing = playing;
	if (!playing && self->alarm)
		gst_clock_id_unschedule(self->alarm);
	g_cond_signal(&self->wake);
	g_mutex_unlock(&self->task_lock);
}

/* Waits for what is being sent. */
static void set_muted(WfdTsMux *self, gboolean muted)
{
	g_mutex_lock(&self->lock);
	if (self->muted != muted) {
		self->muted = muted;
		self->picture_sent = FALSE;
	}
	if (muted)
		wfd_ts_mux_set_flowing(self, FALSE);
	g_mutex_unlock(&self->lock);
}

static gboolean get_muted(WfdTsMux *self)
{
	gboolean muted;

	g_mutex_lock(&self->lock);
	muted = self->muted;
	g_mutex_unlock(&self->lock);
	return muted;
}

static gboolean wfd_ts_mux_src_activate_mode(GstPad *pad, GstObject *parent, GstPadMode mode, gboolean active)
{
	WfdTsMux *self = WFD_TS_MUX(parent);

	if (mode != GST_PAD_MODE_PUSH)
		return FALSE;
	g_mutex_lock(&self->task_lock);
	self->stopping = !active;
	if (!active && self->alarm)
		gst_clock_id_unschedule(self->alarm);
	g_cond_signal(&self->wake);
	g_mutex_unlock(&self->task_lock);
	if (active)
		return gst_pad_start_task(pad, wfd_ts_mux_loop, self, NULL);
	return gst_pad_stop_task(pad);
}

/* Events */

static gboolean set_caps(WfdTsMux *self, struct input *input, GstEvent *event)
{
	GstCaps *caps;
	gboolean ok;

	gst_event_parse_caps(event, &caps);
	g_mutex_lock(&self->lock);
	if (input == &self->inputs[WFD_TS_VIDEO])
		ok = wfd_ts_mux_set_video_caps(self, input, caps);
	else
		ok = wfd_ts_mux_set_audio_caps(self, input, caps);
	g_mutex_unlock(&self->lock);
	return ok;
}

static gboolean set_segment(WfdTsMux *self, struct input *input, GstEvent *event)
{
	const GstSegment *segment;

	gst_event_parse_segment(event, &segment);
	if (segment->format != GST_FORMAT_TIME) {
		GST_ERROR_OBJECT(input->pad, "segment in %s, wanted time", gst_format_get_name(segment->format));
		return FALSE;
	}
	g_mutex_lock(&self->lock);
	input->segment = *segment;
	g_mutex_unlock(&self->lock);
	return TRUE;
}

static gboolean end_stream(WfdTsMux *self, struct input *input)
{
	gboolean all = TRUE;

	g_mutex_lock(&self->lock);
	input->eos = TRUE;
	for (guint i = 0; i < WFD_TS_N_STREAMS; i++)
		all &= !self->inputs[i].pad || self->inputs[i].eos;
	if (all) {
		wfd_ts_mux_push_head(self);
		wfd_ts_mux_set_flowing(self, FALSE);
	}
	g_mutex_unlock(&self->lock);
	return !all || gst_pad_push_event(self->src, gst_event_new_eos());
}

/* Running time may start anew. */
static void flush(WfdTsMux *self, struct input *input)
{
	g_mutex_lock(&self->lock);
	gst_segment_init(&input->segment, GST_FORMAT_UNDEFINED);
	input->eos = FALSE;
	gst_adapter_clear(self->lpcm);
	wfd_ts_packer_discontinuity(self->packer);
	self->head_sent = FALSE;
	self->now = G_MININT64;
	g_mutex_unlock(&self->lock);
}

static gboolean wfd_ts_mux_sink_event(GstPad *pad, GstObject *parent, GstEvent *event)
{
	WfdTsMux *self = WFD_TS_MUX(parent);
	struct input *input = gst_pad_get_element_private(pad);
	gboolean ok = TRUE;

	switch (GST_EVENT_TYPE(event)) {
	case GST_EVENT_CAPS:
		ok = set_caps(self, input, event);
		break;
	case GST_EVENT_SEGMENT:
		ok = set_segment(self, input, event);
		break;
	case GST_EVENT_EOS:
		ok = end_stream(self, input);
		break;
	case GST_EVENT_FLUSH_STOP:
		flush(self, input);
		return gst_pad_event_default(pad, parent, event);
	case GST_EVENT_STREAM_START:
	case GST_EVENT_STREAM_COLLECTION:
	case GST_EVENT_STREAM_GROUP_DONE:
	case GST_EVENT_TAG:
	case GST_EVENT_TOC:
	case GST_EVENT_GAP:
		/* of one stream; the program has its own, or none */
		break;
	default:
		return gst_pad_event_default(pad, parent, event);
	}
	gst_event_unref(event);
	return ok;
}

/* Pads */

static GstPad *wfd_ts_mux_request_new_pad(GstElement *element, GstPadTemplate *template, const char *name,
					  const GstCaps *caps)
{
	WfdTsMux *self = WFD_TS_MUX(element);
	const char *kind = GST_PAD_TEMPLATE_NAME_TEMPLATE(template);
	struct input *input = &self->inputs[g_str_equal(kind, "video") ? WFD_TS_VIDEO : WFD_TS_AUDIO];
	GstPad *pad;

	g_mutex_lock(&self->lock);
	if (input->pad) {
		g_mutex_unlock(&self->lock);
		GST_ERROR_OBJECT(self, "pad %s is already in use; the program has one", kind);
		return NULL;
	}
	pad = gst_pad_new_from_template(template, kind);
	*input = (struct input){ .pad = pad };
	gst_segment_init(&input->segment, GST_FORMAT_UNDEFINED);
	g_mutex_unlock(&self->lock);

	gst_pad_set_element_private(pad, input);
	gst_pad_set_chain_function(pad, wfd_ts_mux_chain);
	gst_pad_set_event_function(pad, wfd_ts_mux_sink_event);
	gst_element_add_pad(element, pad);
	return pad;
}

static void wfd_ts_mux_release_pad(GstElement *element, GstPad *pad)
{
	static const struct wfd_ts_format none = { WFD_TS_CODEC_NONE };
	WfdTsMux *self = WFD_TS_MUX(element);
	struct input *input = gst_pad_get_element_private(pad);

	/* Waits for the chain function; nothing uses the input from here on. */
	gst_pad_set_active(pad, FALSE);
	g_mutex_lock(&self->lock);
	wfd_ts_packer_set_format(self->packer, input - self->inputs, &none);
	*input = (struct input){ 0 };
	g_mutex_unlock(&self->lock);
	gst_element_remove_pad(element, pad);
}

/* Element */

static void reset(WfdTsMux *self)
{
	static const struct wfd_ts_format none = { WFD_TS_CODEC_NONE };

	for (guint i = 0; i < WFD_TS_N_STREAMS; i++) {
		struct input *input = &self->inputs[i];

		wfd_ts_packer_set_format(self->packer, i, &none);
		*input = (struct input){ .pad = input->pad };
		gst_segment_init(&input->segment, GST_FORMAT_UNDEFINED);
	}
	wfd_ts_packer_discontinuity(self->packer);
	g_byte_array_set_size(self->sets.sps, 0);
	g_byte_array_set_size(self->sets.pps, 0);
	gst_adapter_clear(self->lpcm);
	self->head_sent = FALSE;
	self->picture_sent = FALSE;
	self->sound_from = G_MININT64;
	self->sound_sent = FALSE;
	self->live_known = FALSE;
	self->live = FALSE;
	self->discont = TRUE;
	self->now = G_MININT64;
	self->flowing = FALSE;
}

static GstStateChangeReturn wfd_ts_mux_change_state(GstElement *element, GstStateChange transition)
{
	WfdTsMux *self = WFD_TS_MUX(element);
	GstStateChangeReturn ret;

	if (transition == GST_STATE_CHANGE_PLAYING_TO_PAUSED)
		set_playing(self, FALSE);
	ret = GST_ELEMENT_CLASS(wfd_ts_mux_parent_class)->change_state(element, transition);
	if (ret == GST_STATE_CHANGE_FAILURE)
		return ret;
	if (transition == GST_STATE_CHANGE_PAUSED_TO_PLAYING)
		set_playing(self, TRUE);
	else if (transition == GST_STATE_CHANGE_PAUSED_TO_READY)
		reset(self);
	return ret;
}

static void wfd_ts_mux_set_property(GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
	WfdTsMux *self = WFD_TS_MUX(object);

	if (id == PROP_MUTED) {
		set_muted(self, g_value_get_boolean(value));
		return;
	}
	GST_OBJECT_LOCK(self);
	switch (id) {
	case PROP_PCR_INTERVAL:
		self->settings.pcr_interval = g_value_get_uint64(value);
		break;
	case PROP_PSI_INTERVAL:
		self->settings.psi_interval = g_value_get_uint64(value);
		break;
	case PROP_PCR_LAG:
		self->settings.pcr_lag = g_value_get_uint64(value);
		break;
	case PROP_SPREAD:
		self->settings.spread = g_value_get_uint64(value);
		break;
	case PROP_PACKETS_PER_BUFFER:
		self->settings.packets_per_buffer = g_value_get_uint(value);
		break;
	case PROP_PMT_PID:
		self->settings.pmt_pid = g_value_get_uint(value);
		break;
	default:
		G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
	}
	GST_OBJECT_UNLOCK(self);
}

static void wfd_ts_mux_get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
	WfdTsMux *self = WFD_TS_MUX(object);

	if (id == PROP_MUTED) {
		g_value_set_boolean(value, get_muted(self));
		return;
	}
	GST_OBJECT_LOCK(self);
	switch (id) {
	case PROP_PCR_INTERVAL:
		g_value_set_uint64(value, self->settings.pcr_interval);
		break;
	case PROP_PSI_INTERVAL:
		g_value_set_uint64(value, self->settings.psi_interval);
		break;
	case PROP_PCR_LAG:
		g_value_set_uint64(value, self->settings.pcr_lag);
		break;
	case PROP_SPREAD:
		g_value_set_uint64(value, self->settings.spread);
		break;
	case PROP_PACKETS_PER_BUFFER:
		g_value_set_uint(value, self->settings.packets_per_buffer);
		break;
	case PROP_PMT_PID:
		g_value_set_uint(value, self->settings.pmt_pid);
		break;
	default:
		G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
	}
	GST_OBJECT_UNLOCK(self);
}

static void wfd_ts_mux_finalize(GObject *object)
{
	WfdTsMux *self = WFD_TS_MUX(object);

	wfd_ts_packer_free(self->packer);
	wfd_h264_parameter_sets_clear(&self->sets);
	g_object_unref(self->lpcm);
	g_mutex_clear(&self->lock);
	g_mutex_clear(&self->task_lock);
	g_cond_clear(&self->wake);
	G_OBJECT_CLASS(wfd_ts_mux_parent_class)->finalize(object);
}

static void wfd_ts_mux_class_init(WfdTsMuxClass *klass)
{
	const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_CONSTRUCT | G_PARAM_STATIC_STRINGS;
	GObjectClass *object_class = G_OBJECT_CLASS(klass);
	GstElementClass *element_class = GST_ELEMENT_CLASS(klass);

	GST_DEBUG_CATEGORY_INIT(wfd_ts_mux_debug, "wfdtsmux", 0, "Wi-Fi Display transport stream");
	object_class->set_property = wfd_ts_mux_set_property;
	object_class->get_property = wfd_ts_mux_get_property;
	object_class->finalize = wfd_ts_mux_finalize;
	props[PROP_PCR_INTERVAL] =
		g_param_spec_uint64("pcr-interval", "PCR interval", "Longest time between two PCRs (ns)", 0,
				    WFD_TS_MAX_INTERVAL, 40 * GST_MSECOND, flags);
	props[PROP_PSI_INTERVAL] =
		g_param_spec_uint64("psi-interval", "PSI interval", "Longest time between two PATs and PMTs (ns)",
				    0, WFD_TS_MAX_INTERVAL, WFD_TS_MAX_INTERVAL / 2, flags);
	props[PROP_PCR_LAG] =
		g_param_spec_uint64("pcr-lag", "PCR lag",
				    "How far the PCR runs behind the time at which it leaves (ns)", 0,
				    GST_SECOND, 80 * GST_MSECOND, flags);
	props[PROP_SPREAD] =
		g_param_spec_uint64("spread", "Spread", "How long a large access unit may take to leave (ns)", 0,
				    GST_SECOND, 0, flags);
	props[PROP_PACKETS_PER_BUFFER] =
		g_param_spec_uint("packets-per-buffer", "Packets per buffer", "Transport packets in a buffer", 1,
				  WFD_TS_PACKETS_PER_RTP, WFD_TS_PACKETS_PER_RTP, flags);
	props[PROP_PMT_PID] = g_param_spec_uint("pmt-pid", "PMT PID", "Where the program map table is", 0x0010,
						0x1ffe, WFD_TS_PID_PMT, flags);
	props[PROP_MUTED] = g_param_spec_boolean("muted", "Muted", "Nothing leaves", FALSE,
						 G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS);
	g_object_class_install_properties(object_class, N_PROPS, props);
	g_signal_new("au-sent", WFD_TYPE_TS_MUX, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 3,
		     G_TYPE_UINT64, G_TYPE_UINT64, G_TYPE_UINT64);
	g_signal_new("sound-sent", WFD_TYPE_TS_MUX, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 2,
		     G_TYPE_UINT64, G_TYPE_UINT64);

	gst_element_class_add_static_pad_template(element_class, &video_template);
	gst_element_class_add_static_pad_template(element_class, &audio_template);
	gst_element_class_add_static_pad_template(element_class, &src_template);
	gst_element_class_set_static_metadata(element_class, "Wi-Fi Display transport stream", "Codec/Muxer",
					      "Packs H.264 and audio as Wi-Fi Display prescribes, without delay",
					      "Miracast for Linux");
	element_class->request_new_pad = wfd_ts_mux_request_new_pad;
	element_class->release_pad = wfd_ts_mux_release_pad;
	element_class->change_state = wfd_ts_mux_change_state;
}

static void wfd_ts_mux_init(WfdTsMux *self)
{
	g_mutex_init(&self->lock);
	g_mutex_init(&self->task_lock);
	g_cond_init(&self->wake);
	self->packer = wfd_ts_packer_new();
	self->lpcm = gst_adapter_new();
	wfd_h264_parameter_sets_init(&self->sets);
	reset(self);

	self->src = gst_pad_new_from_static_template(&src_template, "src");
	gst_pad_use_fixed_caps(self->src);
	gst_pad_set_activatemode_function(self->src, wfd_ts_mux_src_activate_mode);
	gst_element_add_pad(GST_ELEMENT(self), self->src);
}

gboolean wfd_ts_mux_register(void)
{
	return gst_element_register(NULL, "wfdtsmux", GST_RANK_NONE, WFD_TYPE_TS_MUX) &&
	       gst_element_register(NULL, "wfdrtppay", GST_RANK_NONE, WFD_TYPE_RTP_PAY) &&
	       gst_element_register(NULL, "wfdaac51enc", GST_RANK_NONE, WFD_TYPE_AAC_51_ENC);
}
