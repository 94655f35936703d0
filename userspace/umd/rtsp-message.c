// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Single RTSP messages: see rtsp-message.h.
 */
#include "rtsp-message.h"

#include <string.h>

#include "wfd-params.h"

#define MAX_HEADER_TEXT 128

static void append_headers(const GstRTSPMessage *message, GString *text)
{
	for (int field = GST_RTSP_HDR_INVALID + 1; field < GST_RTSP_HDR_LAST; field++) {
		char *value = NULL;

		if (gst_rtsp_message_get_header(message, field, &value, 0) == GST_RTSP_OK)
			g_string_append_printf(text, " | %s: %s", gst_rtsp_header_as_text(field),
					       value);
	}
}

void rtsp_trace(const GstRTSPMessage *message, const char *mark)
{
	g_autoptr(GString) text = NULL;
	g_autofree char *safe = NULL;
	guint8 *body = NULL;
	guint len = 0;

	if (g_log_writer_default_would_drop(G_LOG_LEVEL_DEBUG, G_LOG_DOMAIN))
		return;
	text = g_string_new(NULL);
	switch (message->type) {
	case GST_RTSP_MESSAGE_REQUEST:
		g_string_append_printf(text, "%s %s",
				       gst_rtsp_method_as_text(message->type_data.request.method),
				       message->type_data.request.uri);
		break;
	case GST_RTSP_MESSAGE_RESPONSE:
		g_string_append_printf(text, "%d %s", message->type_data.response.code,
				       message->type_data.response.reason);
		break;
	default:
		g_string_append_printf(text, "message of type %d", message->type);
		break;
	}
	append_headers(message, text);
	gst_rtsp_message_get_body(message, &body, &len);
	if (body)
		g_string_append_printf(text, " || %.*s", (int)len, body);
	safe = g_utf8_make_valid(text->str, text->len);
	g_strdelimit(safe, "\r\n", ' ');
	g_debug("RTSP %s %s", mark, safe);
}

void rtsp_init_response(GstRTSPMessage *response, const GstRTSPMessage *request,
			GstRTSPStatusCode code, const char *reason)
{
	gst_rtsp_message_init_response(response, code,
				       reason ? reason : gst_rtsp_status_as_text(code), request);
}

gboolean rtsp_get_cseq(const GstRTSPMessage *message, guint64 *cseq)
{
	char *value = NULL;

	return gst_rtsp_message_get_header(message, GST_RTSP_HDR_CSEQ, &value, 0) == GST_RTSP_OK &&
	       g_ascii_string_to_unsigned(value, 10, 0, G_MAXUINT32, cseq, NULL);
}

char *rtsp_header_text(const char *value)
{
	char *text = g_utf8_make_valid(value, strnlen(value, MAX_HEADER_TEXT));

	for (char *c = text; *c; c++) {
		if (g_ascii_iscntrl(*c))
			*c = ' ';
	}
	return g_strstrip(text);
}

GArray *rtsp_refusal_errors(const GstRTSPMessage *response)
{
	GArray *errors = NULL;
	guint8 *body = NULL;
	guint len = 0;

	gst_rtsp_message_get_body(response, &body, &len);
	if (body)
		errors = wfd_param_errors_parse(body, len, NULL);
	return errors ? errors : wfd_param_errors_parse("", 0, NULL);
}

char *rtsp_refusal_text(const GstRTSPMessage *response)
{
	g_autoptr(GArray) errors = rtsp_refusal_errors(response);
	g_autofree char *details = NULL;
	g_autofree char *phrase = NULL;
	const char *reason = response->type_data.response.reason;

	phrase = rtsp_header_text(reason ? reason : "");
	if (errors->len)
		details = wfd_param_errors_to_string(errors);
	return g_strdup_printf("%d %s%s%s", response->type_data.response.code, phrase, details ? ": " : "",
			       details ? details : "");
}

/* Codes of [MS-WFDPE] 2.5 whose meaning is published; the others are shown as they come. */
static const struct {
	const char *code;
	const char *words;
} teardown_reasons[] = {
	{ "C00D4278", "no RTP packet came for 2 minutes" },
};

char *rtsp_teardown_reason(const GstRTSPMessage *request)
{
	g_autoptr(wfd_params) params = NULL;
	g_autofree char *text = NULL;
	guint8 *body = NULL;
	guint len = 0;
	const char *value;

	gst_rtsp_message_get_body(request, &body, &len);
	if (!body)
		return NULL;
	params = wfd_params_parse(body, len, NULL);
	value = params ? wfd_params_get(params, "microsoft_teardown_reason") : NULL;
	if (!value)
		return NULL;
	text = rtsp_header_text(value);
	for (gsize i = 0; i < G_N_ELEMENTS(teardown_reasons); i++) {
		if (g_ascii_strncasecmp(text, teardown_reasons[i].code,
					strlen(teardown_reasons[i].code)) == 0)
			return g_strdup_printf("%s (%s)", teardown_reasons[i].words, text);
	}
	return g_steal_pointer(&text);
}

/* Transports are not reference counted and have no autoptr of GStreamer's. */
static gboolean read_client_ports(const char *header, struct rtsp_ports *ports)
{
	GstRTSPTransport *transport;
	gboolean usable;

	gst_rtsp_transport_new(&transport);
	usable = gst_rtsp_transport_parse(header, transport) == GST_RTSP_OK &&
		 transport->trans == GST_RTSP_TRANS_RTP &&
		 transport->lower_transport == GST_RTSP_LOWER_TRANS_UDP &&
		 transport->client_port.min >= 1 && transport->client_port.min <= G_MAXUINT16;
	if (usable) {
		ports->rtp = transport->client_port.min;
		ports->rtcp = 0;
		if (transport->client_port.max >= 1 && transport->client_port.max <= G_MAXUINT16 &&
		    transport->client_port.max != transport->client_port.min)
			ports->rtcp = transport->client_port.max;
	}
	gst_rtsp_transport_free(transport);
	return usable;
}

gboolean rtsp_client_ports(const GstRTSPMessage *request, struct rtsp_ports *ports, GError **error)
{
	g_autofree char *text = NULL;
	char *header = NULL;

	if (gst_rtsp_message_get_header(request, GST_RTSP_HDR_TRANSPORT, &header, 0) !=
	    GST_RTSP_OK) {
		g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
				    "SETUP without Transport");
		return FALSE;
	}
	if (read_client_ports(header, ports))
		return TRUE;
	text = rtsp_header_text(header);
	g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
		    "\"%s\" is not unicast RTP over UDP with a client_port", text);
	return FALSE;
}

char *rtsp_transport_text(const struct rtsp_ports *client, const struct rtsp_ports *server)
{
	if (!client->rtcp)
		return g_strdup_printf("RTP/AVP/UDP;unicast;client_port=%u;server_port=%u",
				       client->rtp, server->rtp);
	return g_strdup_printf("RTP/AVP/UDP;unicast;client_port=%u-%u;server_port=%u-%u",
			       client->rtp, client->rtcp, server->rtp, server->rtcp);
}
