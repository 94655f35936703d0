// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The encoder of wfdx264enc.h, and the plugin that it is; its other rooms are in wfdx264enc-private.h.  Linked with
 * libx264 the plugin is under the GPL, version 2 or later.
 */
#include "wfdx264enc-private.h"

#include <string.h>

#include "h264-order.h"

#define DEFAULT_BITRATE 4000
#define DEFAULT_VBV_MS 80
#define DEFAULT_QP_MIN 12

enum {
	PROP_BITRATE = 1,
	PROP_BURST_BITRATE,
	PROP_VBV,
	PROP_QP_MIN,
	PROP_KEY_INTERVAL,
	PROP_SLICES,
	PROP_PATCHES,
	PROP_SETTLED,
};

static GstStaticPadTemplate sink_template =
	GST_STATIC_PAD_TEMPLATE("sink", GST_PAD_SINK, GST_PAD_ALWAYS,
				GST_STATIC_CAPS("video/x-raw, format=I420, width=[16, 4096], height=[16, 2304], "
						"framerate=(fraction)[1/1, 240/1]"));
static GstStaticPadTemplate src_template =
	GST_STATIC_PAD_TEMPLATE("src", GST_PAD_SRC, GST_PAD_ALWAYS,
				GST_STATIC_CAPS("video/x-h264, stream-format=byte-stream, alignment=au, "
						"profile={ constrained-baseline, high }"));

G_DEFINE_FINAL_TYPE(WfdX264Enc, wfd_x264_enc, GST_TYPE_VIDEO_ENCODER)

/* ------------------------------------------------------------------ the encoder */

static gboolean enc_stop(GstVideoEncoder *encoder)
{
	WfdX264Enc *self = WFD_X264_ENC(encoder);

	g_clear_pointer(&self->x264, x264_encoder_close);
	g_clear_pointer(&self->input, gst_video_codec_state_unref);
	g_clear_pointer(&self->reference, picture_reference_free);
	g_clear_pointer(&self->mb_info, g_free);
	g_clear_pointer(&self->offsets, g_free);
	g_clear_pointer(&self->rough, g_free);
	return TRUE;
}

static GstCaps *choose_caps(WfdX264Enc *self)
{
	GstCaps *caps = gst_pad_get_allowed_caps(GST_VIDEO_ENCODER_SRC_PAD(self));

	if (!caps)
		caps = gst_static_pad_template_get_caps(&src_template);
	if (gst_caps_is_empty(caps)) {
		gst_caps_unref(caps);
		return NULL;
	}
	return gst_caps_fixate(gst_caps_truncate(gst_caps_make_writable(caps)));
}

static gboolean enc_set_format(GstVideoEncoder *encoder, GstVideoCodecState *state)
{
	WfdX264Enc *self = WFD_X264_ENC(encoder);
	g_autoptr(GstCaps) caps = choose_caps(self);
	GstVideoCodecState *output;

	/* Caps need not name the mode of progressive pictures, so the template cannot ask for it. */
	if (!caps || GST_VIDEO_INFO_IS_INTERLACED(&state->info))
		return FALSE;
	enc_stop(encoder);
	wfd_x264_enc_begin_rate(self);
	self->input = gst_video_codec_state_ref(state);
	if (!wfd_x264_enc_set_parameters(self, gst_caps_get_structure(caps, 0)))
		return FALSE;
	self->x264 = x264_encoder_open(&self->param);
	if (!self->x264)
		return FALSE;
	x264_encoder_parameters(self->x264, &self->param);
	self->n = 0;
	self->since_key = self->number = 0;
	self->mb_width = (self->param.i_width + MACROBLOCK - 1) / MACROBLOCK;
	self->mb_height = (self->param.i_height + MACROBLOCK - 1) / MACROBLOCK;
	self->mb_info = g_malloc(mb_count(self));
	wfd_x264_enc_begin_refinement(self);
	wfd_x264_enc_begin_patches(self);
	output = gst_video_encoder_set_output_state(encoder, gst_caps_ref(caps), state);
	gst_video_codec_state_unref(output);
	return gst_video_encoder_negotiate(encoder);
}

/* ------------------------------------------------------------------ pictures */

/* The macroblocks that the area touches have changed. */
static void mark_changed(WfdX264Enc *self, const GstVideoRegionOfInterestMeta *area)
{
	/* Whoever gives the buffer may claim anything. */
	guint right = MIN(((guint64)area->x + area->w + MACROBLOCK - 1) / MACROBLOCK, self->mb_width);
	guint bottom = MIN(((guint64)area->y + area->h + MACROBLOCK - 1) / MACROBLOCK, self->mb_height);
	guint left = area->x / MACROBLOCK;

	for (guint y = area->y / MACROBLOCK; y < bottom && left < right && area->h; y++)
		memset(self->mb_info + y * self->mb_width + left, 0, right - left);
}

/* FALSE: everything is new, as far as is known. */
static gboolean find_changes(WfdX264Enc *self, GstBuffer *buffer)
{
	const GQuark changed = g_quark_from_static_string(WFD_CHANGED);
	gboolean known = FALSE;
	gpointer state = NULL;
	GstMeta *meta;

	while ((meta = gst_buffer_iterate_meta_filtered(buffer, &state, GST_VIDEO_REGION_OF_INTEREST_META_API_TYPE))) {
		const GstVideoRegionOfInterestMeta *area = (GstVideoRegionOfInterestMeta *)meta;

		if (area->roi_type != changed)
			continue;
		if (!known)
			memset(self->mb_info, X264_MBINFO_CONSTANT, mb_count(self));
		known = TRUE;
		if (area->w)
			mark_changed(self, area);
	}
	return known;
}

static gboolean is_key_frame(WfdX264Enc *self, const GstVideoCodecFrame *frame)
{
	guint most;

	GST_OBJECT_LOCK(self);
	most = self->key_interval;
	GST_OBJECT_UNLOCK(self);
	return !self->n || self->since_key >= most || GST_VIDEO_CODEC_FRAME_IS_FORCE_KEYFRAME(frame);
}

/* The NAL units of a picture lie one behind the other. NULL: x264 writes what it never did. */
static GstBuffer *make_output(WfdX264Enc *self, const x264_nal_t *nals, guint n, gsize size)
{
	g_autoptr(GByteArray) out = NULL;

	if (!self->reference)
		return gst_buffer_new_memdup(nals[0].p_payload, size);
	/* A place for each slice, and some for the SPS. */
	out = g_byte_array_sized_new(size + 2 * n + 8);
	for (guint i = 0; i < n; i++) {
		if (!h264_order_add(nals[i].p_payload, nals[i].i_payload, self->number, out))
			return NULL;
	}
	size = out->len;
	return gst_buffer_new_wrapped(g_byte_array_free(g_steal_pointer(&out), FALSE), size);
}

static GstFlowReturn fail(WfdX264Enc *self, GstVideoCodecFrame *frame, const char *what, int size)
{
	GST_ELEMENT_ERROR(self, STREAM, ENCODE, (NULL), ("x264 gives %s (%d)", what, size));
	gst_video_encoder_finish_frame(GST_VIDEO_ENCODER(self), frame);
	return GST_FLOW_ERROR;
}

static GstFlowReturn finish(WfdX264Enc *self, GstVideoCodecFrame *frame)
{
	self->number++;
	frame->dts = frame->pts;
	return gst_video_encoder_finish_frame(GST_VIDEO_ENCODER(self), frame);
}

static GstFlowReturn encode(WfdX264Enc *self, GstVideoCodecFrame *frame, const GstVideoFrame *input,
			    x264_picture_t *picture)
{
	gboolean known = find_changes(self, frame->input_buffer), key = picture->i_type == X264_TYPE_IDR;
	struct plan plan = { 0 };
	x264_picture_t out;
	x264_nal_t *nals;
	int n = 0, size;

	wfd_x264_enc_earn(self, frame->pts);
	if (known && !key && wfd_x264_enc_write_patch(self, frame, input))
		return finish(self, frame);
	wfd_x264_enc_take_patches(self, known);
	if (known && !key)
		wfd_x264_enc_plan(self, picture, &plan);
	size = x264_encoder_encode(self->x264, &nals, &n, picture, &out);
	if (size <= 0)
		return fail(self, frame, "no picture", size);
	if (out.b_keyframe) {
		self->number = 0;
		GST_VIDEO_CODEC_FRAME_SET_SYNC_POINT(frame);
	}
	frame->output_buffer = make_output(self, nals, n, size);
	if (!frame->output_buffer)
		return fail(self, frame, "a picture of another form", size);
	wfd_x264_enc_spend(self, size * 8.0);
	wfd_x264_enc_follow_x264(self, size * 8.0);
	h264_patch_learn(&self->patch, nals[n - 1].p_payload, nals[n - 1].i_payload);
	wfd_x264_enc_learn(self, &plan, out.i_qpplus1 - 1, size * 8.0, picture->prop.mb_info != NULL && !out.b_keyframe);
	return finish(self, frame);
}

static GstFlowReturn enc_handle_frame(GstVideoEncoder *encoder, GstVideoCodecFrame *frame)
{
	WfdX264Enc *self = WFD_X264_ENC(encoder);
	GstVideoFrame input;
	x264_picture_t picture;
	GstFlowReturn flow;

	if (!gst_video_frame_map(&input, &self->input->info, frame->input_buffer, GST_MAP_READ)) {
		gst_video_encoder_finish_frame(encoder, frame);
		return GST_FLOW_ERROR;
	}
	x264_picture_init(&picture);
	picture.img.i_csp = X264_CSP_I420;
	picture.img.i_plane = 3;
	for (guint i = 0; i < 3; i++) {
		picture.img.plane[i] = GST_VIDEO_FRAME_PLANE_DATA(&input, i);
		picture.img.i_stride[i] = GST_VIDEO_FRAME_PLANE_STRIDE(&input, i);
	}
	if (is_key_frame(self, frame)) {
		picture.i_type = X264_TYPE_IDR;
		self->since_key = 0;
	}
	self->since_key++;
	picture.i_pts = self->n++;
	flow = encode(self, frame, &input, &picture);
	gst_video_frame_unmap(&input);
	return flow;
}

/* ------------------------------------------------------------------- the element */

static void enc_set_property(GObject *object, guint id, const GValue *value, GParamSpec *spec)
{
	WfdX264Enc *self = WFD_X264_ENC(object);

	GST_OBJECT_LOCK(self);
	switch (id) {
	case PROP_BITRATE:
		self->bitrate = g_value_get_uint(value);
		self->bitrate_changed = TRUE;
		break;
	case PROP_BURST_BITRATE:
		self->burst_bitrate = g_value_get_uint(value);
		self->bitrate_changed = TRUE;
		break;
	case PROP_VBV:
		self->vbv_ms = g_value_get_uint(value);
		self->bitrate_changed = TRUE;
		break;
	case PROP_QP_MIN:
		self->qp_min = g_value_get_uint(value);
		break;
	case PROP_KEY_INTERVAL:
		self->key_interval = g_value_get_uint(value);
		break;
	case PROP_SLICES:
		self->slices = g_value_get_uint(value);
		break;
	case PROP_PATCHES:
		self->patches = g_value_get_boolean(value);
		break;
	default:
		G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
	}
	GST_OBJECT_UNLOCK(self);
}

static void enc_get_property(GObject *object, guint id, GValue *value, GParamSpec *spec)
{
	WfdX264Enc *self = WFD_X264_ENC(object);

	GST_OBJECT_LOCK(self);
	switch (id) {
	case PROP_BITRATE:
		g_value_set_uint(value, self->bitrate);
		break;
	case PROP_BURST_BITRATE:
		g_value_set_uint(value, self->burst_bitrate);
		break;
	case PROP_VBV:
		g_value_set_uint(value, self->vbv_ms);
		break;
	case PROP_QP_MIN:
		g_value_set_uint(value, self->qp_min);
		break;
	case PROP_KEY_INTERVAL:
		g_value_set_uint(value, self->key_interval);
		break;
	case PROP_SLICES:
		g_value_set_uint(value, self->slices);
		break;
	case PROP_PATCHES:
		g_value_set_boolean(value, self->patches);
		break;
	case PROP_SETTLED:
		g_value_set_boolean(value, g_atomic_int_get(&self->settled));
		break;
	default:
		G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
	}
	GST_OBJECT_UNLOCK(self);
}

static void add_property(GObjectClass *class, guint id, const char *name, const char *what, guint least, guint most,
			 guint normal, GParamFlags flags)
{
	g_object_class_install_property(class, id,
					g_param_spec_uint(name, name, what, least, most, normal,
							  G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | flags));
}

static void wfd_x264_enc_class_init(WfdX264EncClass *class)
{
	GObjectClass *object_class = G_OBJECT_CLASS(class);
	GstElementClass *element_class = GST_ELEMENT_CLASS(class);
	GstVideoEncoderClass *encoder_class = GST_VIDEO_ENCODER_CLASS(class);

	object_class->set_property = enc_set_property;
	object_class->get_property = enc_get_property;
	encoder_class->stop = enc_stop;
	encoder_class->set_format = enc_set_format;
	encoder_class->handle_frame = enc_handle_frame;
	add_property(object_class, PROP_BITRATE, "bitrate", "kbit/s", 1, 1000000, DEFAULT_BITRATE,
		     GST_PARAM_MUTABLE_PLAYING);
	add_property(object_class, PROP_BURST_BITRATE, "burst-bitrate", "kbit/s for a moment after a still picture; 0: as bitrate",
		     0, 1000000, 0, GST_PARAM_MUTABLE_PLAYING);
	add_property(object_class, PROP_VBV, "vbv-buf-capacity", "ms of the bit rate that a decoder buffers", 1, 10000,
		     DEFAULT_VBV_MS, GST_PARAM_MUTABLE_READY);
	add_property(object_class, PROP_QP_MIN, "qp-min", "least quantiser", 1, MOST_QP, DEFAULT_QP_MIN,
		     GST_PARAM_MUTABLE_READY);
	add_property(object_class, PROP_KEY_INTERVAL, "key-int-max", "pictures between key frames, at most", 1, G_MAXINT,
		     X264_KEYINT_MAX_INFINITE, GST_PARAM_MUTABLE_READY);
	add_property(object_class, PROP_SLICES, "slices", "slices of a picture, and threads", 1, 16, 1,
		     GST_PARAM_MUTABLE_READY);
	g_object_class_install_property(object_class, PROP_PATCHES,
					g_param_spec_boolean("patches", "patches", "pictures with little news are written without libx264",
							     TRUE, G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS |
							     GST_PARAM_MUTABLE_READY));
	g_object_class_install_property(object_class, PROP_SETTLED,
					g_param_spec_boolean("settled", "settled", "the latest picture gets no better",
							     FALSE, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS));
	gst_element_class_add_static_pad_template(element_class, &sink_template);
	gst_element_class_add_static_pad_template(element_class, &src_template);
	gst_element_class_set_static_metadata(element_class, "H.264 encoder for desktops", "Codec/Encoder/Video",
					      "libx264, told what has not changed", "miracast");
}

static void wfd_x264_enc_init(WfdX264Enc *self)
{
	self->bitrate = DEFAULT_BITRATE;
	self->vbv_ms = DEFAULT_VBV_MS;
	self->qp_min = DEFAULT_QP_MIN;
	self->key_interval = X264_KEYINT_MAX_INFINITE;
	self->slices = 1;
	self->patches = TRUE;
}

static gboolean plugin_init(GstPlugin *plugin)
{
	return gst_element_register(plugin, "wfdx264enc", GST_RANK_NONE, WFD_TYPE_X264_ENC);
}

#define PACKAGE "miracast"

GST_PLUGIN_DEFINE(GST_VERSION_MAJOR, GST_VERSION_MINOR, wfdx264, "H.264 encoder for desktops", plugin_init, VERSION,
		  "GPL", "miracast", "https://www.wi-fi.org/discover-wi-fi/miracast")
