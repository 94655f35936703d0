/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * rtsp-message.h - single RTSP messages
 */
#pragma once

#include <gio/gio.h>
#include <gst/rtsp/rtsp.h>

G_BEGIN_DECLS

typedef GstRTSPMessage rtsp_message;

static inline void rtsp_message_clear(rtsp_message *message)
{
	gst_rtsp_message_unset(message);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(rtsp_message, rtsp_message_clear)

/* One debug line per header and body line; @mark is "<" or ">". */
void rtsp_trace(const GstRTSPMessage *message, const char *mark);

/* The answer to @request with its CSeq and Session; @reason NULL: the usual phrase. */
void rtsp_init_response(GstRTSPMessage *response, const GstRTSPMessage *request,
			GstRTSPStatusCode code, const char *reason);

gboolean rtsp_get_cseq(const GstRTSPMessage *message, guint64 *cseq);

/* A header's value as valid, printable UTF-8 of bounded length; caller frees. */
char *rtsp_header_text(const char *value);

/* "303 See Other: wfd_video_formats: ... (457)"; caller frees. */
char *rtsp_refusal_text(const GstRTSPMessage *response);

/*
 * The reasons of a refusal, element struct wfd_param_error; empty if it has none
 * that can be read.
 */
GArray *rtsp_refusal_errors(const GstRTSPMessage *response);

/*
 * microsoft_teardown_reason of M8 ([MS-WFDPE] 2.5), in words where the code is
 * known, or NULL; caller frees.
 */
char *rtsp_teardown_reason(const GstRTSPMessage *request);

/**
 * struct rtsp_ports - of one side
 * @rtp: UDP port of RTP
 * @rtcp: that of its reports; 0: none was named
 */
struct rtsp_ports {
	guint16 rtp;
	guint16 rtcp;
};

/* client_port of the Transport of SETUP, which must be unicast RTP over UDP. */
gboolean rtsp_client_ports(const GstRTSPMessage *request, struct rtsp_ports *ports, GError **error);

/* The Transport that answers SETUP: a pair where the sink has named a pair. Caller frees. */
char *rtsp_transport_text(const struct rtsp_ports *client, const struct rtsp_ports *server);

G_END_DECLS
