// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Requests of the sink: M2, M6 to M15, and what is not one of them.
 */
#include "rtsp-private.h"

#include "log-limit.h"

static void handle_options(rtsp_session *s, const GstRTSPMessage *request)
{
	g_auto(rtsp_message) message = { 0 };

	rtsp_session_remember_agent(s, request);
	rtsp_init_response(&message, request, GST_RTSP_STS_OK, NULL);
	gst_rtsp_message_add_header(&message, GST_RTSP_HDR_SERVER, RTSP_SERVER_NAME);
	gst_rtsp_message_add_header(&message, GST_RTSP_HDR_PUBLIC,
				    "org.wfa.wfd1.0, " RTSP_METHODS);
	if (!rtsp_session_send(s, &message))
		return;
	s->m2_seen = TRUE;
	rtsp_session_greeted(s);
}

static void make_session_id(rtsp_session *s)
{
	guint digits = CLAMP(s->quirks.max_session_id, 1, 8);
	guint32 bound = 1;

	for (guint i = 0; i < digits; i++)
		bound *= 10;
	/* No leading zero: some sinks keep it as a number. */
	g_snprintf(s->session_id, sizeof(s->session_id), "%u",
		   (guint)g_random_int_range(bound / 10, bound));
}

static void handle_setup(rtsp_session *s, const GstRTSPMessage *request)
{
	g_auto(rtsp_message) message = { 0 };
	g_autofree char *transport = NULL;
	g_autofree char *session = NULL;
	g_autoptr(GError) error = NULL;
	struct rtsp_ports client, server = { 0 };

	if (s->state != STATE_M5_SENT && s->state != STATE_WAIT_M6) {
		rtsp_session_respond(s, request, GST_RTSP_STS_METHOD_NOT_VALID_IN_THIS_STATE, NULL, NULL);
		return;
	}
	if (!rtsp_client_ports(request, &client, &error)) {
		rtsp_session_respond(s, request, GST_RTSP_STS_UNSUPPORTED_TRANSPORT, NULL, NULL);
		rtsp_session_end(s, CHANNEL_REASON_TRANSPORT_REFUSED,
			    "The sink asked for a transport that cannot be served: %s",
			    error->message);
		return;
	}
	if (client.rtp != s->caps->rtp_ports.port0)
		g_message("the sink wants RTP on port %u, in M3 it was %u", client.rtp,
			  s->caps->rtp_ports.port0);
	if (!s->funcs->setup(s, &client, &server, s->user_data, &error)) {
		rtsp_session_respond(s, request, GST_RTSP_STS_INTERNAL_SERVER_ERROR, NULL, NULL);
		rtsp_session_end(s, CHANNEL_REASON_PIPELINE_FAILED, "The stream cannot be prepared: %s",
			    error->message);
		return;
	}

	make_session_id(s);
	transport = rtsp_transport_text(&client, &server);
	session = s->quirks.session_timeout ?
			  g_strdup_printf("%s;timeout=%u", s->session_id, s->quirks.session_timeout) :
			  g_strdup(s->session_id);
	rtsp_init_response(&message, request, GST_RTSP_STS_OK, NULL);
	gst_rtsp_message_remove_header(&message, GST_RTSP_HDR_SESSION, -1);
	gst_rtsp_message_add_header(&message, GST_RTSP_HDR_SESSION, session);
	gst_rtsp_message_add_header(&message, GST_RTSP_HDR_TRANSPORT, transport);
	gst_rtsp_message_add_header(&message, GST_RTSP_HDR_SERVER, RTSP_SERVER_NAME);
	if (rtsp_session_send(s, &message))
		rtsp_session_set_state(s, STATE_WAIT_M7);
}

void rtsp_session_begin_play(rtsp_session *s)
{
	s->play_due = FALSE;
	if (s->state != STATE_PLAYING)
		return;
	s->funcs->play(s, s->user_data);
	if (s->state == STATE_PLAYING)
		rtsp_session_tell_latency(s);
}

/* Nothing of the stream may leave before the answer has. */
static void answer_play(rtsp_session *s, const GstRTSPMessage *request)
{
	rtsp_session_respond(s, request, GST_RTSP_STS_OK, NULL, NULL);
	if (s->state == STATE_ENDED)
		return;
	rtsp_session_set_state(s, STATE_PLAYING);
	s->unasked = FALSE;
	s->play_due = TRUE;
	if (!rtsp_connection_is_waiting(s->connection))
		rtsp_session_begin_play(s);
}

static void handle_play(rtsp_session *s, const GstRTSPMessage *request)
{
	switch (s->state) {
	case STATE_WAIT_M7:
	case STATE_PAUSED:
	case STATE_STANDBY:
		answer_play(s, request);
		break;
	case STATE_PLAYING:
		if (s->unasked) {
			/* It was only late: now it begins for the sink, too. */
			s->funcs->pause(s, s->user_data);
			answer_play(s, request);
		} else {
			rtsp_session_respond(s, request, GST_RTSP_STS_NOT_ACCEPTABLE, "in-play-state",
					     NULL);
		}
		break;
	default:
		rtsp_session_respond(s, request, GST_RTSP_STS_METHOD_NOT_VALID_IN_THIS_STATE, NULL, NULL);
		break;
	}
}

static void handle_pause(rtsp_session *s, const GstRTSPMessage *request)
{
	switch (s->state) {
	case STATE_PLAYING:
		rtsp_session_respond(s, request, GST_RTSP_STS_OK, NULL, NULL);
		if (s->state == STATE_ENDED)
			return;
		rtsp_session_set_state(s, STATE_PAUSED);
		s->funcs->pause(s, s->user_data);
		break;
	case STATE_PAUSED:
	case STATE_STANDBY:
		rtsp_session_respond(s, request, GST_RTSP_STS_NOT_ACCEPTABLE, "in-pause-state", NULL);
		break;
	default:
		rtsp_session_respond(s, request, GST_RTSP_STS_METHOD_NOT_VALID_IN_THIS_STATE, NULL, NULL);
		break;
	}
}

static void handle_teardown(rtsp_session *s, const GstRTSPMessage *request)
{
	g_autofree char *why = rtsp_teardown_reason(request);

	rtsp_session_respond(s, request, GST_RTSP_STS_OK, NULL, NULL);
	if (s->state == STATE_TEARDOWN)
		rtsp_session_end(s, CHANNEL_REASON_STOPPED, "Stopped");
	else
		rtsp_session_end(s, CHANNEL_REASON_SINK_LEFT, "The sink ended the session%s%s",
			    why ? ": " : "", why ? why : "");
}

/* Standby that the sink asks for; it wakes with M7 (6.4.12). */
static void sink_standby(rtsp_session *s)
{
	if (s->state != STATE_PLAYING && s->state != STATE_PAUSED)
		return;
	rtsp_session_set_state(s, STATE_STANDBY);
	s->funcs->pause(s, s->user_data);
}

static void sink_wants_key_frame(rtsp_session *s)
{
	s->funcs->key_frame(s, s->user_data);
}

/* Another word is none of the specification, and changes nothing. */
static void sink_wants_latency(rtsp_session *s, const char *value)
{
	g_autofree char *word = g_ascii_strdown(value ? value : "", -1);
	enum channel_latency latency;

	if (channel_latency_from_name(word, &latency))
		s->funcs->latency(s, latency, s->user_data);
	else
		log_limited_here("the sink wants a latency that there is not");
}

/* What a sink may set (M10 to M15 and Microsoft's); neither: a line in the log. */
static const struct {
	const char *name;
	void (*apply)(rtsp_session *s);
	void (*apply_value)(rtsp_session *s, const char *value);
} parameters[] = {
	{ "wfd_idr_request", sink_wants_key_frame, NULL },
	{ "wfd_standby", sink_standby, NULL },
	{ "wfd_connector_type", NULL, NULL },
	{ "microsoft_latency_management_capability", NULL, sink_wants_latency },
	{ "microsoft_audio_mute", NULL, NULL },
};

/* 0: done; all that was not advertised is refused with 404. */
static enum wfd_reason apply_parameter(rtsp_session *s, const struct wfd_param *param)
{
	for (gsize i = 0; i < G_N_ELEMENTS(parameters); i++) {
		if (g_ascii_strcasecmp(param->name, parameters[i].name) != 0)
			continue;
		if (parameters[i].apply)
			parameters[i].apply(s);
		else if (parameters[i].apply_value)
			parameters[i].apply_value(s, param->value);
		else
			log_limited_here("the sink says %s: %s", param->name,
				  param->value ? param->value : "");
		return 0;
	}
	return WFD_REASON_NOT_ADVERTISED;
}

/* M11 with which the sink says that it has lost its panel (R71). */
static gboolean is_unplugged(const struct wfd_param *param)
{
	int type;

	return g_ascii_strcasecmp(param->name, "wfd_connector_type") == 0 && param->value &&
	       wfd_connector_type_parse(param->value, &type, NULL) && type < 0;
}

static void handle_set_parameter(rtsp_session *s, const GstRTSPMessage *request)
{
	g_autoptr(wfd_params) params = NULL;
	g_autoptr(wfd_params) refusals = wfd_params_new();
	g_autoptr(GError) error = NULL;
	gboolean unplugged = FALSE;
	guint8 *body = NULL;
	guint len = 0;

	gst_rtsp_message_get_body(request, &body, &len);
	params = wfd_params_parse(body, len, &error);
	if (!params) {
		log_limited_here("the sink's SET_PARAMETER cannot be read: %s", error->message);
		rtsp_session_respond(s, request, GST_RTSP_STS_BAD_REQUEST, NULL, NULL);
		return;
	}
	for (guint i = 0; i < wfd_params_n(params); i++) {
		struct wfd_param param = wfd_params_at(params, i);
		enum wfd_reason reason = apply_parameter(s, &param);

		unplugged |= is_unplugged(&param);
		if (reason)
			wfd_params_addf(refusals, param.name, "%d", reason);
	}
	if (wfd_params_n(refusals)) {
		g_autofree char *text = wfd_params_format(refusals, NULL);

		rtsp_session_respond(s, request, GST_RTSP_STS_SEE_OTHER, NULL, text);
	} else {
		rtsp_session_respond(s, request, GST_RTSP_STS_OK, NULL, NULL);
	}
	if (unplugged) {
		s->funcs->unplugged(s, s->user_data);
		rtsp_session_fail(s, CHANNEL_REASON_SINK_LEFT, "The display was unplugged from the sink");
	}
}

/* RFC 2326 12.6 */
static void refuse_method(rtsp_session *s, const GstRTSPMessage *request)
{
	g_auto(rtsp_message) message = { 0 };

	rtsp_init_response(&message, request, GST_RTSP_STS_METHOD_NOT_ALLOWED, NULL);
	gst_rtsp_message_add_header(&message, GST_RTSP_HDR_SERVER, RTSP_SERVER_NAME);
	gst_rtsp_message_add_header(&message, GST_RTSP_HDR_ALLOW, "OPTIONS, " RTSP_METHODS);
	rtsp_session_send(s, &message);
}

void rtsp_session_handle_request(rtsp_session *s, const GstRTSPMessage *request)
{
	switch (request->type_data.request.method) {
	case GST_RTSP_OPTIONS:
		handle_options(s, request);
		break;
	case GST_RTSP_SETUP:
		handle_setup(s, request);
		break;
	case GST_RTSP_PLAY:
		handle_play(s, request);
		break;
	case GST_RTSP_PAUSE:
		handle_pause(s, request);
		break;
	case GST_RTSP_TEARDOWN:
		handle_teardown(s, request);
		break;
	case GST_RTSP_SET_PARAMETER:
		handle_set_parameter(s, request);
		break;
	case GST_RTSP_GET_PARAMETER:
		/* Nothing of ours can be asked; names that are not known are left out. */
		rtsp_session_respond(s, request, GST_RTSP_STS_OK, NULL, NULL);
		break;
	default:
		refuse_method(s, request);
		break;
	}
}
