/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * wfdrtppay.c - RTP payloader for the transport stream
 */
#include "wfdrtppay.h"

#include <gst/rtp/gstrtpbuffer.h>

#include "ts-packer.h"

#define RTP_HEADER_SIZE 12

GST_DEBUG_CATEGORY_STATIC(wfd_rtp_pay_debug);
#define GST_CAT_DEFAULT wfd_rtp_pay_debug

struct _WfdRtpPay {
	GstRTPBasePayload parent;

	gboolean end_of_frame_marker; /* object lock */
	/* Streaming thread: packets made of the buffer list that is being chained. */
	GstBufferList *collected;
};

G_DEFINE_FINAL_TYPE(WfdRtpPay, wfd_rtp_pay, GST_TYPE_RTP_BASE_PAYLOAD)

enum {
	PROP_END_OF_FRAME_MARKER = 1,
	N_PROPS,
};

static GstStaticPadTemplate sink_template =
	GST_STATIC_PAD_TEMPLATE("sink", GST_PAD_SINK, GST_PAD_ALWAYS,
				GST_STATIC_CAPS("video/mpegts, packetsize=(int)188, systemstream=(boolean)true"));

static GstStaticPadTemplate src_template =
	GST_STATIC_PAD_TEMPLATE("src", GST_PAD_SRC, GST_PAD_ALWAYS,
				GST_STATIC_CAPS("application/x-rtp, media=(string)video, payload=(int)33, "
						"clock-rate=(int)90000, encoding-name=(string)MP2T"));

static gboolean wfd_rtp_pay_set_caps(GstRTPBasePayload *payload, GstCaps *caps)
{
	gst_rtp_base_payload_set_options(payload, "video", FALSE, "MP2T", 90000);
	return gst_rtp_base_payload_set_outcaps(payload, NULL);
}

/* One RTP packet of @size bytes from @offset of @buffer, whose memory it shares. */
static GstBuffer *make_packet(WfdRtpPay *self, GstBuffer *buffer, gsize offset, gsize size, gboolean marker)
{
	GstBuffer *packet = gst_rtp_base_payload_allocate_output_buffer(GST_RTP_BASE_PAYLOAD(self), 0, 0, 0);

	if (marker) {
		GstRTPBuffer rtp = GST_RTP_BUFFER_INIT;

		gst_rtp_buffer_map(packet, GST_MAP_WRITE, &rtp);
		gst_rtp_buffer_set_marker(&rtp, TRUE);
		gst_rtp_buffer_unmap(&rtp);
		GST_BUFFER_FLAG_SET(packet, GST_BUFFER_FLAG_MARKER);
	}
	gst_buffer_copy_into(packet, buffer, GST_BUFFER_COPY_META, 0, -1);
	gst_buffer_copy_into(packet, buffer, GST_BUFFER_COPY_MEMORY, offset, size);
	GST_BUFFER_PTS(packet) = GST_BUFFER_PTS(buffer);
	return packet;
}

static GstFlowReturn wfd_rtp_pay_handle_buffer(GstRTPBasePayload *payload, GstBuffer *buffer)
{
	WfdRtpPay *self = WFD_RTP_PAY(payload);
	gsize size = gst_buffer_get_size(buffer);
	guint mtu = GST_RTP_BASE_PAYLOAD_MTU(payload);
	guint per_packet = mtu > RTP_HEADER_SIZE ? (mtu - RTP_HEADER_SIZE) / WFD_TS_PACKET_SIZE : 0;
	gsize limit = CLAMP(per_packet, 1, WFD_TS_PACKETS_PER_RTP) * WFD_TS_PACKET_SIZE;
	gboolean mark_last, mark_first;
	GstBufferList *list;

	GST_OBJECT_LOCK(self);
	mark_last = self->end_of_frame_marker && GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_MARKER);
	mark_first = !self->end_of_frame_marker && GST_BUFFER_IS_DISCONT(buffer);
	GST_OBJECT_UNLOCK(self);

	list = self->collected ? self->collected : gst_buffer_list_new();
	for (gsize offset = 0; offset < size; offset += limit) {
		gsize length = MIN(limit, size - offset);
		gboolean marker = (mark_first && offset == 0) || (mark_last && offset + length == size);

		gst_buffer_list_add(list, make_packet(self, buffer, offset, length, marker));
	}
	gst_buffer_unref(buffer);
	if (self->collected)
		return GST_FLOW_OK;
	return gst_rtp_base_payload_push_list(payload, list);
}

/*
 * The base class takes lists apart and would send each packet by itself; gather
 * what it makes of them and send it together.
 */
static GstFlowReturn wfd_rtp_pay_chain_list(GstPad *pad, GstObject *parent, GstBufferList *list)
{
	WfdRtpPay *self = WFD_RTP_PAY(parent);
	GstFlowReturn ret = GST_FLOW_OK;
	guint n = gst_buffer_list_length(list);
	GstBufferList *packets;

	self->collected = gst_buffer_list_new_sized(n);
	for (guint i = 0; i < n && ret == GST_FLOW_OK; i++)
		ret = GST_PAD_CHAINFUNC(pad)(pad, parent, gst_buffer_ref(gst_buffer_list_get(list, i)));
	gst_buffer_list_unref(list);

	packets = g_steal_pointer(&self->collected);
	if (ret == GST_FLOW_OK && gst_buffer_list_length(packets) > 0)
		return gst_rtp_base_payload_push_list(GST_RTP_BASE_PAYLOAD(self), packets);
	gst_buffer_list_unref(packets);
	return ret;
}

static void wfd_rtp_pay_set_property(GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
	WfdRtpPay *self = WFD_RTP_PAY(object);

	switch (id) {
	case PROP_END_OF_FRAME_MARKER:
		GST_OBJECT_LOCK(self);
		self->end_of_frame_marker = g_value_get_boolean(value);
		GST_OBJECT_UNLOCK(self);
		break;
	default:
		G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
	}
}

static void wfd_rtp_pay_get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
	WfdRtpPay *self = WFD_RTP_PAY(object);

	switch (id) {
	case PROP_END_OF_FRAME_MARKER:
		GST_OBJECT_LOCK(self);
		g_value_set_boolean(value, self->end_of_frame_marker);
		GST_OBJECT_UNLOCK(self);
		break;
	default:
		G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
	}
}

static void wfd_rtp_pay_class_init(WfdRtpPayClass *klass)
{
	GObjectClass *object_class = G_OBJECT_CLASS(klass);
	GstElementClass *element_class = GST_ELEMENT_CLASS(klass);
	GstRTPBasePayloadClass *payload_class = GST_RTP_BASE_PAYLOAD_CLASS(klass);

	GST_DEBUG_CATEGORY_INIT(wfd_rtp_pay_debug, "wfdrtppay", 0, "Wi-Fi Display RTP payloader");
	object_class->set_property = wfd_rtp_pay_set_property;
	object_class->get_property = wfd_rtp_pay_get_property;
	g_object_class_install_property(
		object_class, PROP_END_OF_FRAME_MARKER,
		g_param_spec_boolean("end-of-frame-marker", "End-of-frame marker",
				     "Set the marker bit on the last packet of a picture instead of at jumps of time",
				     FALSE, G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS));

	gst_element_class_add_static_pad_template(element_class, &sink_template);
	gst_element_class_add_static_pad_template(element_class, &src_template);
	gst_element_class_set_static_metadata(element_class, "Wi-Fi Display RTP payloader",
					      "Codec/Payloader/Network/RTP",
					      "Puts a transport stream into RTP without waiting for full packets",
					      "Miracast for Linux");
	payload_class->set_caps = wfd_rtp_pay_set_caps;
	payload_class->handle_buffer = wfd_rtp_pay_handle_buffer;
}

static void wfd_rtp_pay_init(WfdRtpPay *self)
{
	GstRTPBasePayload *payload = GST_RTP_BASE_PAYLOAD(self);

	GST_RTP_BASE_PAYLOAD_PT(payload) = GST_RTP_PAYLOAD_MP2T;
	gst_pad_set_chain_list_function(GST_RTP_BASE_PAYLOAD_SINKPAD(payload), wfd_rtp_pay_chain_list);
}
