/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * wfdaac51enc.c - see wfdaac51enc.h
 */
#include "wfdaac51enc.h"

#include <gst/audio/audio.h>

#include "aac-join.h"

#define CHANNELS 6
#define CHANNEL_CONFIGURATION 6
#define DEFAULT_BIT_RATE 448000
/* What an LFE channel is for; nothing above makes its encoder change windows. */
#define LFE_HZ 120

GST_DEBUG_CATEGORY_STATIC(wfd_aac_51_enc_debug);
#define GST_CAT_DEFAULT wfd_aac_51_enc_debug

#define RAW_CAPS                                                                                  \
	"audio/x-raw, format=(string)" GST_AUDIO_NE(S16) ", layout=(string)interleaved, channels=(int)6, " \
	"channel-mask=(bitmask)0x3f, rate=(int){ 48000, 44100 }"
#define AAC_CAPS                                                                             \
	"audio/mpeg, mpegversion=(int)4, stream-format=(string)raw, base-profile=(string)lc, " \
	"rate=(int){ 48000, 44100 }, channels=(int)"

static GstStaticPadTemplate sink_template =
	GST_STATIC_PAD_TEMPLATE("sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS(RAW_CAPS));
static GstStaticPadTemplate src_template =
	GST_STATIC_PAD_TEMPLATE("src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS(AAC_CAPS "6"));
static GstStaticPadTemplate part_template =
	GST_STATIC_PAD_TEMPLATE("part-%u", GST_PAD_SINK, GST_PAD_SOMETIMES, GST_STATIC_CAPS(AAC_CAPS "{ 1, 2 }"));

/* ------------------------------------------------------------------------ join */

/* Everything belongs to the one thread that pushes. */
struct _WfdAacJoin {
	GstElement parent;

	GstPad *parts[AAC_PARTS];
	GstPad *src;
	GstBuffer *waiting[AAC_PARTS];
	GByteArray *joined;
};

#define WFD_TYPE_AAC_JOIN (wfd_aac_join_get_type())
G_DECLARE_FINAL_TYPE(WfdAacJoin, wfd_aac_join, WFD, AAC_JOIN, GstElement)
G_DEFINE_FINAL_TYPE(WfdAacJoin, wfd_aac_join, GST_TYPE_ELEMENT)

static void drop_waiting(WfdAacJoin *self)
{
	for (guint i = 0; i < AAC_PARTS; i++)
		gst_clear_buffer(&self->waiting[i]);
}

/* The frames of one moment are there, or are not of one moment: then they are of no use. */
static gboolean is_complete(WfdAacJoin *self)
{
	for (guint i = 0; i < AAC_PARTS; i++) {
		if (!self->waiting[i] || GST_BUFFER_PTS(self->waiting[i]) != GST_BUFFER_PTS(self->waiting[0]))
			return FALSE;
	}
	return TRUE;
}

/* NULL: one of them is not what voaacenc writes. */
static GstBuffer *join(WfdAacJoin *self)
{
	struct aac_block blocks[AAC_PARTS];
	GstMapInfo maps[AAC_PARTS];
	GstBuffer *buffer = NULL;
	guint mapped = 0;

	while (mapped < AAC_PARTS && gst_buffer_map(self->waiting[mapped], &maps[mapped], GST_MAP_READ)) {
		blocks[mapped] = (struct aac_block){ maps[mapped].data, maps[mapped].size };
		mapped++;
	}
	if (mapped == AAC_PARTS && aac_join(blocks, self->joined)) {
		buffer = gst_buffer_new_memdup(self->joined->data, self->joined->len);
		gst_buffer_copy_into(buffer, self->waiting[0], GST_BUFFER_COPY_FLAGS | GST_BUFFER_COPY_TIMESTAMPS, 0,
				     -1);
	}
	while (mapped--)
		gst_buffer_unmap(self->waiting[mapped], &maps[mapped]);
	return buffer;
}

static GstFlowReturn part_chain(GstPad *pad, GstObject *parent, GstBuffer *buffer)
{
	WfdAacJoin *self = WFD_AAC_JOIN(parent);
	GstBuffer *joined;
	guint part;

	for (part = 0; self->parts[part] != pad; part++)
		;
	gst_clear_buffer(&self->waiting[part]);
	self->waiting[part] = buffer;
	if (part != AAC_PARTS - 1)
		return GST_FLOW_OK;
	if (!is_complete(self)) {
		drop_waiting(self);
		return GST_FLOW_OK;
	}
	joined = join(self);
	drop_waiting(self);
	if (!joined) {
		GST_ELEMENT_ERROR(self, STREAM, ENCODE, (NULL), ("a part is no block with one element"));
		return GST_FLOW_ERROR;
	}
	return gst_pad_push(self->src, joined);
}

static gboolean set_caps(WfdAacJoin *self, GstCaps *part_caps)
{
	GstStructure *structure = gst_caps_get_structure(part_caps, 0);
	g_autoptr(GstCaps) caps = NULL;
	g_autoptr(GstBuffer) config = NULL;
	guint8 bytes[2];
	gint rate = 0;
	guint index;

	gst_structure_get_int(structure, "rate", &rate);
	/* AudioSpecificConfig (ISO/IEC 14496-3 1.6.2.1): AAC-LC, the rate's index, the channels. */
	index = rate == 48000 ? 3 : 4;
	bytes[0] = 2 << 3 | index >> 1;
	bytes[1] = (index & 1) << 7 | CHANNEL_CONFIGURATION << 3;
	config = gst_buffer_new_memdup(bytes, sizeof(bytes));
	caps = gst_caps_new_simple("audio/mpeg", "mpegversion", G_TYPE_INT, 4, "stream-format", G_TYPE_STRING, "raw",
				   "base-profile", G_TYPE_STRING, "lc", "rate", G_TYPE_INT, rate, "channels",
				   G_TYPE_INT, CHANNELS, "framed", G_TYPE_BOOLEAN, TRUE, "codec_data",
				   GST_TYPE_BUFFER, config, NULL);
	return gst_pad_push_event(self->src, gst_event_new_caps(caps));
}

/* All parts are told the same: what the last one is told goes on. */
static gboolean part_event(GstPad *pad, GstObject *parent, GstEvent *event)
{
	WfdAacJoin *self = WFD_AAC_JOIN(parent);
	gboolean last = pad == self->parts[AAC_PARTS - 1], done = TRUE;

	if (last && GST_EVENT_TYPE(event) == GST_EVENT_CAPS) {
		GstCaps *caps;

		gst_event_parse_caps(event, &caps);
		done = set_caps(self, caps);
	} else if (last && GST_EVENT_TYPE(event) != GST_EVENT_TAG) {
		if (GST_EVENT_TYPE(event) == GST_EVENT_FLUSH_STOP)
			drop_waiting(self);
		return gst_pad_push_event(self->src, event);
	}
	gst_event_unref(event);
	return done;
}

static GstStateChangeReturn wfd_aac_join_change_state(GstElement *element, GstStateChange transition)
{
	GstStateChangeReturn ret =
		GST_ELEMENT_CLASS(wfd_aac_join_parent_class)->change_state(element, transition);

	if (transition == GST_STATE_CHANGE_PAUSED_TO_READY)
		drop_waiting(WFD_AAC_JOIN(element));
	return ret;
}

static void wfd_aac_join_finalize(GObject *object)
{
	WfdAacJoin *self = WFD_AAC_JOIN(object);

	drop_waiting(self);
	g_byte_array_unref(self->joined);
	G_OBJECT_CLASS(wfd_aac_join_parent_class)->finalize(object);
}

static void wfd_aac_join_class_init(WfdAacJoinClass *class)
{
	G_OBJECT_CLASS(class)->finalize = wfd_aac_join_finalize;
	GST_ELEMENT_CLASS(class)->change_state = wfd_aac_join_change_state;
	gst_element_class_add_static_pad_template(GST_ELEMENT_CLASS(class), &part_template);
	gst_element_class_add_static_pad_template(GST_ELEMENT_CLASS(class), &src_template);
	gst_element_class_set_static_metadata(GST_ELEMENT_CLASS(class), "AAC joiner", "Codec/Muxer/Audio",
					      "Makes AAC of 5.1 channels of its parts", "miracast");
}

static void wfd_aac_join_init(WfdAacJoin *self)
{
	self->joined = g_byte_array_new();
	for (guint i = 0; i < AAC_PARTS; i++) {
		g_autofree char *name = g_strdup_printf("part-%u", i);

		self->parts[i] = gst_pad_new_from_static_template(&part_template, name);
		gst_pad_set_chain_function(self->parts[i], part_chain);
		gst_pad_set_event_function(self->parts[i], part_event);
		gst_element_add_pad(GST_ELEMENT(self), self->parts[i]);
	}
	self->src = gst_pad_new_from_static_template(&src_template, "src");
	gst_pad_use_fixed_caps(self->src);
	gst_element_add_pad(GST_ELEMENT(self), self->src);
}

/* ------------------------------------------------------------------------- bin */

/* In the order of GStreamer: FL FR FC LFE RL RR. */
static const struct {
	const char *name;
	guint channels;
	guint from; /* the first of its channels */
	double loud;
	guint share; /* of the bit rate, in 28ths */
} parts[AAC_PARTS] = {
	[AAC_CENTRE] = { "centre", 1, 2, 1.0, 6 },
	[AAC_FRONT] = { "front", 2, 0, 1.0, 10 },
	[AAC_REAR] = { "rear", 2, 4, 1.0, 10 },
	[AAC_LFE] = { "lfe", 1, 3, 1.0 / AAC_LFE_SOFTER, 2 },
};

struct _WfdAac51Enc {
	GstBin parent;

	gboolean complete;
	GstElement *encoders[AAC_PARTS];
	guint bit_rate; /* object lock */
};

G_DEFINE_FINAL_TYPE(WfdAac51Enc, wfd_aac_51_enc, GST_TYPE_BIN)

enum {
	PROP_BITRATE = 1,
	N_PROPS,
};

static GstElement *add(WfdAac51Enc *self, const char *factory)
{
	GstElement *element = gst_element_factory_make(factory, NULL);

	if (element)
		gst_bin_add(GST_BIN(self), element);
	return element;
}

/* A row for each channel that comes out, with a column for each that goes in. */
static void set_matrix(GstElement *convert, enum aac_part part)
{
	GValue matrix = G_VALUE_INIT;

	g_value_init(&matrix, GST_TYPE_ARRAY);
	for (guint out = 0; out < parts[part].channels; out++) {
		GValue row = G_VALUE_INIT;

		g_value_init(&row, GST_TYPE_ARRAY);
		for (guint in = 0; in < CHANNELS; in++) {
			GValue factor = G_VALUE_INIT;

			g_value_init(&factor, G_TYPE_FLOAT);
			g_value_set_float(&factor, in == parts[part].from + out ? parts[part].loud : 0);
			gst_value_array_append_and_take_value(&row, &factor);
		}
		gst_value_array_append_and_take_value(&matrix, &row);
	}
	g_object_set_property(G_OBJECT(convert), "mix-matrix", &matrix);
	g_value_unset(&matrix);
}

static GstElement *add_convert(WfdAac51Enc *self)
{
	GstElement *convert = add(self, "audioconvert");

	if (convert) {
		gst_util_set_object_arg(G_OBJECT(convert), "dithering", "none");
		gst_util_set_object_arg(G_OBJECT(convert), "noise-shaping", "none");
	}
	return convert;
}

static GstElement *add_filter(WfdAac51Enc *self, const char *format, guint channels)
{
	g_autoptr(GstCaps) caps = gst_caps_new_simple("audio/x-raw", "format", G_TYPE_STRING, format, "channels",
						      G_TYPE_INT, channels, NULL);
	GstElement *filter = add(self, "capsfilter");

	if (!filter)
		return NULL;
	if (channels == 2)
		gst_caps_set_simple(caps, "channel-mask", GST_TYPE_BITMASK, (guint64)3, NULL);
	g_object_set(filter, "caps", caps, NULL);
	return filter;
}

/* tee ! ... ! join.part-N; FALSE: something is not installed. */
static gboolean add_part(WfdAac51Enc *self, GstElement *tee, GstElement *join, enum aac_part part)
{
	g_autofree char *pad = g_strdup_printf("part-%u", part);
	GstElement *convert = add_convert(self), *filter, *encoder;
	GstElement *last = convert;

	if (!convert)
		return FALSE;
	set_matrix(convert, part);
	if (part == AAC_LFE) {
		GstElement *floats = add_filter(self, GST_AUDIO_NE(F32), 1), *low_pass = add(self, "audiocheblimit");

		last = add_convert(self);
		if (!floats || !low_pass || !last)
			return FALSE;
		gst_util_set_object_arg(G_OBJECT(low_pass), "mode", "low-pass");
		g_object_set(low_pass, "cutoff", (gfloat)LFE_HZ, NULL);
		if (!gst_element_link_many(convert, floats, low_pass, last, NULL))
			return FALSE;
	}
	filter = add_filter(self, GST_AUDIO_NE(S16), parts[part].channels);
	encoder = self->encoders[part] = add(self, "voaacenc");
	return filter && encoder && gst_element_link(tee, convert) &&
	       gst_element_link_many(last, filter, encoder, NULL) && gst_element_link_pads(encoder, "src", join, pad);
}

static void add_ghost(WfdAac51Enc *self, const char *name, GstElement *element, GstStaticPadTemplate *of)
{
	g_autoptr(GstPadTemplate) template = gst_static_pad_template_get(of);
	g_autoptr(GstPad) target = element ? gst_element_get_static_pad(element, name) : NULL;
	GstPad *pad = target ? gst_ghost_pad_new_from_template(name, target, template) :
			       gst_ghost_pad_new_no_target_from_template(name, template);

	gst_element_add_pad(GST_ELEMENT(self), pad);
}

static void set_bit_rates(WfdAac51Enc *self)
{
	guint bit_rate;

	GST_OBJECT_LOCK(self);
	bit_rate = self->bit_rate;
	GST_OBJECT_UNLOCK(self);
	for (guint i = 0; i < AAC_PARTS; i++)
		g_object_set(self->encoders[i], "bitrate", (gint)(bit_rate / 28 * parts[i].share), NULL);
}

static GstStateChangeReturn wfd_aac_51_enc_change_state(GstElement *element, GstStateChange transition)
{
	WfdAac51Enc *self = WFD_AAC_51_ENC(element);

	if (transition == GST_STATE_CHANGE_NULL_TO_READY) {
		if (!self->complete) {
			GST_ELEMENT_ERROR(self, CORE, MISSING_PLUGIN, (NULL), ("voaacenc or audiocheblimit"));
			return GST_STATE_CHANGE_FAILURE;
		}
		set_bit_rates(self);
	}
	return GST_ELEMENT_CLASS(wfd_aac_51_enc_parent_class)->change_state(element, transition);
}

static void wfd_aac_51_enc_set_property(GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
	WfdAac51Enc *self = WFD_AAC_51_ENC(object);

	if (id != PROP_BITRATE) {
		G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
		return;
	}
	GST_OBJECT_LOCK(self);
	self->bit_rate = g_value_get_uint(value);
	GST_OBJECT_UNLOCK(self);
}

static void wfd_aac_51_enc_get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
	WfdAac51Enc *self = WFD_AAC_51_ENC(object);

	if (id != PROP_BITRATE) {
		G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
		return;
	}
	GST_OBJECT_LOCK(self);
	g_value_set_uint(value, self->bit_rate);
	GST_OBJECT_UNLOCK(self);
}

static void wfd_aac_51_enc_class_init(WfdAac51EncClass *class)
{
	GObjectClass *object_class = G_OBJECT_CLASS(class);
	GstElementClass *element_class = GST_ELEMENT_CLASS(class);

	GST_DEBUG_CATEGORY_INIT(wfd_aac_51_enc_debug, "wfdaac51enc", 0, "AAC of 5.1 channels");
	object_class->set_property = wfd_aac_51_enc_set_property;
	object_class->get_property = wfd_aac_51_enc_get_property;
	g_object_class_install_property(
		object_class, PROP_BITRATE,
		g_param_spec_uint("bitrate", "Bit rate", "Bits per second of all channels", 224000, 1024000,
				  DEFAULT_BIT_RATE, G_PARAM_READWRITE | G_PARAM_CONSTRUCT | G_PARAM_STATIC_STRINGS));
	element_class->change_state = wfd_aac_51_enc_change_state;
	gst_element_class_add_static_pad_template(element_class, &sink_template);
	gst_element_class_add_static_pad_template(element_class, &src_template);
	gst_element_class_set_static_metadata(element_class, "AAC encoder for 5.1 channels", "Codec/Encoder/Audio",
					      "Encodes AAC-LC without looking ahead", "miracast");
}

static void wfd_aac_51_enc_init(WfdAac51Enc *self)
{
	GstElement *tee = add(self, "tee"), *join = g_object_new(WFD_TYPE_AAC_JOIN, "name", "join", NULL);

	gst_bin_add(GST_BIN(self), join);
	self->complete = tee != NULL;
	/* The parts come in the order in which they are linked. */
	for (guint i = 0; i < AAC_PARTS && self->complete; i++)
		self->complete = add_part(self, tee, join, i);
	add_ghost(self, "sink", self->complete ? tee : NULL, &sink_template);
	add_ghost(self, "src", self->complete ? join : NULL, &src_template);
}
