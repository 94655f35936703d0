// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The state machine of rtsp-session.h.
 */
#include "rtsp-session.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gst/rtsp/rtsp.h>
#include <linux/tcp.h>

#include "rtsp-private.h"

#define SOURCE_URI "rtsp://localhost/wfd1.0"
#define SERVER_NAME "miracast-umd"

/* M16 comes this often where the session timeout allows it. */
#define KEEPALIVE_PERIOD_S 25
/* ... and always so long before the sink would give up (6.5.1). */
#define KEEPALIVE_MARGIN_S 6
/* When the quirk says not to announce a timeout: the default of 6.5.1. */
#define DEFAULT_TIMEOUT_S 60

const struct rtsp_timers rtsp_timers_default = {
	.response = 5000,
	.request = 6000,
	.teardown = 800,
	.second = 1000,
};

/*
 * S(state, timer, what is waited for): the timer runs from entering the state
 * and ends the session, except for M2, whose absence is tolerated.
 */
#define SESSION_STATES(S) \
	S(M1_SENT, NONE, NULL) \
	S(WAIT_M2, M2, "M2 (OPTIONS)") \
	S(M3_SENT, NONE, NULL) \
	S(SELECTING, NONE, NULL) \
	S(M4_SENT, NONE, NULL) \
	S(M5_SENT, NONE, NULL) \
	S(WAIT_M6, REQUEST, "M6 (SETUP)") \
	S(WAIT_M7, REQUEST, "M7 (PLAY)") \
	S(PLAYING, NONE, NULL) \
	S(PAUSED, NONE, NULL) \
	S(STANDBY, NONE, NULL) \
	S(TEARDOWN, TEARDOWN, "M8 (TEARDOWN)") \
	S(ENDED, NONE, NULL)

enum session_state {
#define S(state, timer, what) STATE_##state,
	SESSION_STATES(S)
#undef S
};

enum state_timer {
	TIMER_NONE,
	TIMER_M2,
	TIMER_REQUEST,
	TIMER_TEARDOWN,
};

static const struct {
	const char *name;
	enum state_timer timer;
	const char *what;
} states[] = {
#define S(state, timer, what) [STATE_##state] = { #state, TIMER_##timer, what },
	SESSION_STATES(S)
#undef S
};

/* Q(request, name in messages): what we ask of the sink. */
#define SESSION_REQUESTS(Q) \
	Q(M1, "M1 (OPTIONS)") \
	Q(M3, "M3 (GET_PARAMETER, capabilities)") \
	Q(M4, "M4 (SET_PARAMETER, mode)") \
	Q(M4_IN_PLAY, "M4 (SET_PARAMETER, mode change)") \
	Q(M5_SETUP, "M5 (trigger SETUP)") \
	Q(M5_PLAY, "M5 (trigger PLAY)") \
	Q(M5_PAUSE, "M5 (trigger PAUSE)") \
	Q(M5_TEARDOWN, "M5 (trigger TEARDOWN)") \
	Q(M12, "M12 (standby)") \
	Q(M16, "M16 (keep-alive)")

enum session_request {
#define Q(request, name) REQUEST_##request,
	SESSION_REQUESTS(Q)
#undef Q
};

static const char *const request_names[] = {
#define Q(request, name) [REQUEST_##request] = name,
	SESSION_REQUESTS(Q)
#undef Q
};

/* A request of ours that was not answered yet. */
struct pending_request {
	rtsp_session *session;
	guint cseq;
	enum session_request request;
	GSource *timer; /* NULL for M16, which has the keep-alive timer */
};

struct rtsp_session {
	const struct rtsp_session_funcs *funcs;
	gpointer user_data;
	struct rtsp_timers timers;
	char *presentation_url;
	char *friendly_name;

	GMainContext *context;
	GSocket *socket;
	GstRTSPConnection *connection;
	GstRTSPWatch *watch;
	guint64 input_mark; /* TCP bytes received when the last message was complete */

	enum session_state state;
	GSource *state_timer;
	guint next_cseq; /* the number that GstRTSPConnection will give */
	GPtrArray *pending;

	gboolean m1_answered;
	gboolean m2_seen;
	wfd_sink_caps *caps;
	struct wfd_quirks quirks;
	char *user_agent;
	char *server;
	char session_id[16];
	guint16 client_port;

	GSource *keepalive_timer;  /* sends M16 */
	GSource *keepalive_expiry; /* armed while M16 is unanswered */
	gboolean keepalive_given_up;

	enum channel_reason end_reason;
	char *end_message;
	GSource *end_source;
};

static void session_set_state(rtsp_session *s, enum session_state state);

/* ------------------------------------------------------------------ timers */

static void clear_source(GSource **source)
{
	if (!*source)
		return;
	g_source_destroy(*source);
	g_clear_pointer(source, g_source_unref);
}

static GSource *add_timer(rtsp_session *s, guint ms, GSourceFunc function, gpointer data)
{
	GSource *source = g_timeout_source_new(ms);

	g_source_set_callback(source, function, data, NULL);
	g_source_attach(source, s->context);
	return source;
}

/* --------------------------------------------------------------------- end */

static gboolean deliver_end(gpointer data)
{
	rtsp_session *s = data;

	clear_source(&s->end_source);
	s->funcs->ended(s, s->end_reason, s->end_message, s->user_data);
	return G_SOURCE_REMOVE;
}

/* The first reason counts; what happens afterwards is a consequence of it. */
static void remember_reason(rtsp_session *s, enum channel_reason reason, const char *message)
{
	if (s->end_message)
		return;
	s->end_reason = reason;
	s->end_message = g_strdup(message);
}

static void session_end(rtsp_session *s, enum channel_reason reason, const char *format, ...)
	G_GNUC_PRINTF(3, 4);

static void session_end(rtsp_session *s, enum channel_reason reason, const char *format, ...)
{
	g_autofree char *message = NULL;
	va_list args;

	if (s->state == STATE_ENDED)
		return;
	va_start(args, format);
	message = g_strdup_vprintf(format, args);
	va_end(args);
	remember_reason(s, reason, message);
	session_set_state(s, STATE_ENDED);

	s->end_source = g_idle_source_new();
	g_source_set_priority(s->end_source, G_PRIORITY_DEFAULT);
	g_source_set_callback(s->end_source, deliver_end, s, NULL);
	g_source_attach(s->end_source, s->context);
}

/* ----------------------------------------------------------------- sending */

static void pending_free(gpointer data)
{
	struct pending_request *pending = data;

	clear_source(&pending->timer);
	g_free(pending);
}

static gboolean response_timeout(gpointer data)
{
	struct pending_request *pending = data;
	rtsp_session *s = pending->session;

	session_end(s, CHANNEL_REASON_RESPONSE_TIMEOUT, "The sink did not answer %s within %u ms",
		    request_names[pending->request], s->timers.response);
	return G_SOURCE_REMOVE;
}

static gboolean send_message(rtsp_session *s, GstRTSPMessage *message)
{
	GstRTSPResult result;

	rtsp_trace(message, ">");
	result = gst_rtsp_watch_send_message(s->watch, message, NULL);
	if (result == GST_RTSP_OK)
		return TRUE;
	session_end(s, CHANNEL_REASON_SINK_VANISHED, "Cannot send to the sink: %s",
		    rtsp_result_text(result));
	return FALSE;
}

/* @body is consumed; NULL for none. */
static gboolean send_request(rtsp_session *s, enum session_request request, GstRTSPMethod method,
			     const char *uri, char *body, gsize len)
{
	g_autofree char *owned = body;
	g_auto(rtsp_message) message = { 0 };
	struct pending_request *pending;

	gst_rtsp_message_init_request(&message, method, uri);
	if (method == GST_RTSP_OPTIONS)
		gst_rtsp_message_add_header(&message, GST_RTSP_HDR_REQUIRE, "org.wfa.wfd1.0");
	if (s->session_id[0])
		gst_rtsp_message_add_header(&message, GST_RTSP_HDR_SESSION, s->session_id);
	if (owned) {
		gst_rtsp_message_add_header(&message, GST_RTSP_HDR_CONTENT_TYPE, "text/parameters");
		gst_rtsp_message_set_body(&message, (guint8 *)owned, len);
	}
	if (!send_message(s, &message))
		return FALSE;

	pending = g_new0(struct pending_request, 1);
	pending->session = s;
	pending->cseq = s->next_cseq++;
	pending->request = request;
	if (request != REQUEST_M16)
		pending->timer = add_timer(s, s->timers.response, response_timeout, pending);
	g_ptr_array_add(s->pending, pending);
	return TRUE;
}

static gboolean send_parameters(rtsp_session *s, enum session_request request, wfd_params *params)
{
	gsize len;
	char *body = wfd_params_format(params, &len);

	return send_request(s, request, GST_RTSP_SET_PARAMETER, SOURCE_URI, body, len);
}

static gboolean send_trigger(rtsp_session *s, enum session_request request, enum wfd_trigger trigger)
{
	g_autoptr(wfd_params) params = wfd_params_new();

	wfd_params_add(params, "wfd_trigger_method", wfd_trigger_name(trigger));
	return send_parameters(s, request, params);
}

/* An answer; @reason NULL for the standard phrase, @body NULL for none. */
static void send_response(rtsp_session *s, const GstRTSPMessage *request, GstRTSPStatusCode code,
			  const char *reason, const char *body)
{
	g_auto(rtsp_message) message = { 0 };

	rtsp_init_response(&message, request, code, reason);
	gst_rtsp_message_add_header(&message, GST_RTSP_HDR_SERVER, SERVER_NAME);
	if (body) {
		gst_rtsp_message_add_header(&message, GST_RTSP_HDR_CONTENT_TYPE, "text/parameters");
		gst_rtsp_message_set_body(&message, (const guint8 *)body, strlen(body));
	}
	send_message(s, &message);
}

static void send_m1(rtsp_session *s)
{
	send_request(s, REQUEST_M1, GST_RTSP_OPTIONS, "*", NULL, 0);
}

static void send_m3(rtsp_session *s)
{
	gsize len;
	char *body = wfd_m3_request_body(WFD_M3_FULL, &len);

	session_set_state(s, STATE_M3_SENT);
	send_request(s, REQUEST_M3, GST_RTSP_GET_PARAMETER, SOURCE_URI, body, len);
}

/* -------------------------------------------------------------- keep-alive */

static guint session_timeout_s(const rtsp_session *s)
{
	return s->quirks.session_timeout ? s->quirks.session_timeout : DEFAULT_TIMEOUT_S;
}

static gboolean keepalive_expired(gpointer data)
{
	rtsp_session *s = data;

	session_end(s, CHANNEL_REASON_KEEPALIVE_LOST, "The sink left M16 unanswered for %u s",
		    session_timeout_s(s));
	return G_SOURCE_REMOVE;
}

static gboolean keepalive_due(gpointer data)
{
	rtsp_session *s = data;

	if (!send_request(s, REQUEST_M16, GST_RTSP_GET_PARAMETER, SOURCE_URI, NULL, 0))
		return G_SOURCE_REMOVE;
	if (!s->keepalive_expiry)
		s->keepalive_expiry = add_timer(s, session_timeout_s(s) * s->timers.second,
						keepalive_expired, s);
	return G_SOURCE_CONTINUE;
}

static void keepalive_stop(rtsp_session *s)
{
	clear_source(&s->keepalive_timer);
	clear_source(&s->keepalive_expiry);
}

static void keepalive_start(rtsp_session *s)
{
	guint timeout = session_timeout_s(s);
	guint period = MIN(KEEPALIVE_PERIOD_S, timeout - MIN(KEEPALIVE_MARGIN_S, timeout - 1));

	if (s->keepalive_timer || s->keepalive_given_up || s->quirks.keepalive == WFD_KEEPALIVE_OFF)
		return;
	s->keepalive_timer = add_timer(s, period * s->timers.second, keepalive_due, s);
}

/* ------------------------------------------------------------ state machine */

static gboolean state_timer_expired(gpointer data)
{
	rtsp_session *s = data;

	switch (states[s->state].timer) {
	case TIMER_M2:
		g_message("the sink has not sent M2 within %u ms; going on with M3",
			  s->quirks.m2_grace_ms);
		send_m3(s);
		break;
	case TIMER_REQUEST:
		session_end(s, CHANNEL_REASON_REQUEST_TIMEOUT, "The sink did not send %s within %u ms",
			    states[s->state].what, s->timers.request);
		break;
	case TIMER_TEARDOWN:
		session_end(s, CHANNEL_REASON_STOPPED, "Stopped; the sink did not send %s",
			    states[s->state].what);
		break;
	case TIMER_NONE:
		break;
	}
	return G_SOURCE_REMOVE;
}

static guint state_timer_ms(const rtsp_session *s, enum state_timer timer)
{
	switch (timer) {
	case TIMER_M2:
		return (guint64)s->quirks.m2_grace_ms * s->timers.second / 1000;
	case TIMER_REQUEST:
		return s->timers.request;
	case TIMER_TEARDOWN:
		return s->timers.teardown;
	case TIMER_NONE:
		break;
	}
	return 0;
}

/* The one place that changes the state. */
static void session_set_state(rtsp_session *s, enum session_state state)
{
	enum state_timer timer = states[state].timer;

	g_debug("RTSP session: %s -> %s", states[s->state].name, states[state].name);
	clear_source(&s->state_timer);
	s->state = state;
	if (timer != TIMER_NONE)
		s->state_timer = add_timer(s, state_timer_ms(s, timer), state_timer_expired, s);
	switch (state) {
	case STATE_PLAYING:
		keepalive_start(s);
		break;
	case STATE_ENDED:
		keepalive_stop(s);
		g_ptr_array_set_size(s->pending, 0);
		break;
	default:
		break;
	}
}

/* M3 goes out once M1 is answered and M2 has come: MSFT-WDD sinks insist. */
static void maybe_send_m3(rtsp_session *s)
{
	if (!s->m1_answered || (s->state != STATE_M1_SENT && s->state != STATE_WAIT_M2))
		return;
	if (s->m2_seen)
		send_m3(s);
	else if (s->state == STATE_M1_SENT)
		session_set_state(s, STATE_WAIT_M2);
}

static void update_identity(rtsp_session *s)
{
	struct wfd_sink_identity identity = {
		.user_agent = s->user_agent,
		.server = s->server,
		.manufacturer = s->caps ? s->caps->manufacturer : NULL,
		.model = s->caps ? s->caps->model_name : NULL,
		.device_name = s->friendly_name,
	};

	wfd_quirks_match(&identity, &s->quirks);
}

static void remember_agent(rtsp_session *s, const GstRTSPMessage *message)
{
	char *agent = NULL;
	char *server = NULL;

	gst_rtsp_message_get_header(message, GST_RTSP_HDR_USER_AGENT, &agent, 0);
	gst_rtsp_message_get_header(message, GST_RTSP_HDR_SERVER, &server, 0);
	if ((!agent || s->user_agent) && (!server || s->server))
		return;
	if (agent && !s->user_agent)
		s->user_agent = rtsp_header_text(agent);
	if (server && !s->server)
		s->server = rtsp_header_text(server);
	update_identity(s);
	s->funcs->identified(s, s->user_agent ? s->user_agent : s->server, &s->quirks,
			     s->user_data);
}

/* --------------------------------------------------- answers to our requests */

static void m3_answered(rtsp_session *s, const GstRTSPMessage *response)
{
	g_autoptr(GError) error = NULL;
	guint8 *body = NULL;
	guint len = 0;

	gst_rtsp_message_get_body(response, &body, &len);
	s->caps = wfd_sink_caps_parse(body, rtsp_body_length(body, len), &error);
	if (!s->caps) {
		session_end(s, CHANNEL_REASON_CAPABILITIES_INVALID,
			    "The sink's capabilities (M3) cannot be used: %s", error->message);
		return;
	}
	for (guint i = 0; i < s->caps->problems->len; i++)
		g_message("sink's capabilities: %s", (char *)s->caps->problems->pdata[i]);
	update_identity(s);
	session_set_state(s, STATE_SELECTING);
	s->funcs->capabilities(s, s->caps, &s->quirks, s->user_data);
}

static void answered(rtsp_session *s, enum session_request request, const GstRTSPMessage *response)
{
	switch (request) {
	case REQUEST_M1:
		s->m1_answered = TRUE;
		maybe_send_m3(s);
		break;
	case REQUEST_M3:
		if (s->state == STATE_M3_SENT)
			m3_answered(s, response);
		break;
	case REQUEST_M4:
		if (s->state != STATE_M4_SENT)
			break;
		session_set_state(s, STATE_M5_SENT);
		s->funcs->mode_accepted(s, FALSE, s->user_data);
		if (s->state == STATE_M5_SENT)
			send_trigger(s, REQUEST_M5_SETUP, WFD_TRIGGER_SETUP);
		break;
	case REQUEST_M4_IN_PLAY:
		s->funcs->mode_accepted(s, TRUE, s->user_data);
		break;
	case REQUEST_M5_SETUP:
		/* A hasty sink has sent SETUP before its answer. */
		if (s->state == STATE_M5_SENT)
			session_set_state(s, STATE_WAIT_M6);
		break;
	case REQUEST_M5_PLAY:
	case REQUEST_M5_PAUSE:
	case REQUEST_M5_TEARDOWN:
	case REQUEST_M12:
	case REQUEST_M16:
		break;
	}
}

static void refused(rtsp_session *s, enum session_request request, const GstRTSPMessage *response)
{
	g_autofree char *why = rtsp_refusal_text(response);

	switch (request) {
	case REQUEST_M4:
	case REQUEST_M4_IN_PLAY:
		session_end(s, CHANNEL_REASON_MODE_REFUSED, "The sink refused the mode (%s)", why);
		break;
	case REQUEST_M16:
		if (s->quirks.keepalive == WFD_KEEPALIVE_AUTO) {
			g_message("the sink does not know M16 (%s); no more of them", why);
			s->keepalive_given_up = TRUE;
			keepalive_stop(s);
		}
		break;
	case REQUEST_M5_TEARDOWN:
		session_end(s, CHANNEL_REASON_STOPPED, "Stopped; the sink refused the trigger (%s)",
			    why);
		break;
	case REQUEST_M5_PLAY:
	case REQUEST_M5_PAUSE:
	case REQUEST_M12:
		g_message("the sink refused %s (%s)", request_names[request], why);
		break;
	case REQUEST_M1:
	case REQUEST_M3:
	case REQUEST_M5_SETUP:
		session_end(s, CHANNEL_REASON_REQUEST_REFUSED, "The sink refused %s: %s",
			    request_names[request], why);
		break;
	}
}

/* A response without CSeq is taken for that of the oldest request. */
static gboolean find_pending(rtsp_session *s, const GstRTSPMessage *response, guint *index)
{
	guint64 cseq;

	if (!rtsp_get_cseq(response, &cseq)) {
		*index = 0;
		return s->pending->len > 0;
	}
	for (*index = 0; *index < s->pending->len; (*index)++) {
		struct pending_request *pending = s->pending->pdata[*index];

		if (pending->cseq == cseq)
			return TRUE;
	}
	return FALSE;
}

static void handle_response(rtsp_session *s, const GstRTSPMessage *response)
{
	struct pending_request *pending;
	enum session_request request;
	guint index;

	if (!find_pending(s, response, &index)) {
		g_message("the sink answered a request that we have not sent; ignored");
		return;
	}
	pending = s->pending->pdata[index];
	request = pending->request;
	g_ptr_array_remove_index(s->pending, index);

	remember_agent(s, response);
	if (response->type_data.response.code == GST_RTSP_STS_OK)
		answered(s, request, response);
	else
		refused(s, request, response);
}

/* ------------------------------------------------------- requests of the sink */

static void handle_options(rtsp_session *s, const GstRTSPMessage *request)
{
	g_auto(rtsp_message) message = { 0 };

	remember_agent(s, request);
	rtsp_init_response(&message, request, GST_RTSP_STS_OK, NULL);
	gst_rtsp_message_add_header(&message, GST_RTSP_HDR_SERVER, SERVER_NAME);
	gst_rtsp_message_add_header(&message, GST_RTSP_HDR_PUBLIC,
				    "org.wfa.wfd1.0, SET_PARAMETER, GET_PARAMETER, SETUP, PLAY, "
				    "PAUSE, TEARDOWN");
	if (!send_message(s, &message))
		return;
	s->m2_seen = TRUE;
	maybe_send_m3(s);
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
	guint16 server_port;

	if (s->state != STATE_M5_SENT && s->state != STATE_WAIT_M6) {
		send_response(s, request, GST_RTSP_STS_METHOD_NOT_VALID_IN_THIS_STATE, NULL, NULL);
		return;
	}
	if (!rtsp_client_port(request, &s->client_port, &error)) {
		send_response(s, request, GST_RTSP_STS_UNSUPPORTED_TRANSPORT, NULL, NULL);
		session_end(s, CHANNEL_REASON_TRANSPORT_REFUSED,
			    "The sink asked for a transport that cannot be served: %s",
			    error->message);
		return;
	}
	if (s->client_port != s->caps->rtp_ports.port0)
		g_message("the sink wants RTP on port %u, in M3 it was %u", s->client_port,
			  s->caps->rtp_ports.port0);
	server_port = s->funcs->setup(s, s->client_port, s->user_data, &error);
	if (!server_port) {
		send_response(s, request, GST_RTSP_STS_INTERNAL_SERVER_ERROR, NULL, NULL);
		session_end(s, CHANNEL_REASON_PIPELINE_FAILED, "The stream cannot be prepared: %s",
			    error->message);
		return;
	}

	make_session_id(s);
	transport = g_strdup_printf("RTP/AVP/UDP;unicast;client_port=%u;server_port=%u",
				    s->client_port, server_port);
	session = s->quirks.session_timeout ?
			  g_strdup_printf("%s;timeout=%u", s->session_id, s->quirks.session_timeout) :
			  g_strdup(s->session_id);
	rtsp_init_response(&message, request, GST_RTSP_STS_OK, NULL);
	gst_rtsp_message_remove_header(&message, GST_RTSP_HDR_SESSION, -1);
	gst_rtsp_message_add_header(&message, GST_RTSP_HDR_SESSION, session);
	gst_rtsp_message_add_header(&message, GST_RTSP_HDR_TRANSPORT, transport);
	gst_rtsp_message_add_header(&message, GST_RTSP_HDR_SERVER, SERVER_NAME);
	if (send_message(s, &message))
		session_set_state(s, STATE_WAIT_M7);
}

static void handle_play(rtsp_session *s, const GstRTSPMessage *request)
{
	switch (s->state) {
	case STATE_WAIT_M7:
	case STATE_PAUSED:
	case STATE_STANDBY:
		send_response(s, request, GST_RTSP_STS_OK, NULL, NULL);
		if (s->state == STATE_ENDED)
			return;
		session_set_state(s, STATE_PLAYING);
		s->funcs->play(s, s->user_data);
		break;
	case STATE_PLAYING:
		send_response(s, request, GST_RTSP_STS_NOT_ACCEPTABLE, "in-play-state", NULL);
		break;
	default:
		send_response(s, request, GST_RTSP_STS_METHOD_NOT_VALID_IN_THIS_STATE, NULL, NULL);
		break;
	}
}

static void handle_pause(rtsp_session *s, const GstRTSPMessage *request)
{
	switch (s->state) {
	case STATE_PLAYING:
		send_response(s, request, GST_RTSP_STS_OK, NULL, NULL);
		if (s->state == STATE_ENDED)
			return;
		session_set_state(s, STATE_PAUSED);
		s->funcs->pause(s, s->user_data);
		break;
	case STATE_PAUSED:
	case STATE_STANDBY:
		send_response(s, request, GST_RTSP_STS_NOT_ACCEPTABLE, "in-pause-state", NULL);
		break;
	default:
		send_response(s, request, GST_RTSP_STS_METHOD_NOT_VALID_IN_THIS_STATE, NULL, NULL);
		break;
	}
}

static void handle_teardown(rtsp_session *s, const GstRTSPMessage *request)
{
	g_autofree char *why = rtsp_teardown_reason(request);

	send_response(s, request, GST_RTSP_STS_OK, NULL, NULL);
	if (s->state == STATE_TEARDOWN)
		session_end(s, CHANNEL_REASON_STOPPED, "Stopped");
	else
		session_end(s, CHANNEL_REASON_SINK_LEFT, "The sink ended the session%s%s",
			    why ? ": " : "", why ? why : "");
}

/* Standby that the sink asks for; it wakes with M7 (6.4.12). */
static void sink_standby(rtsp_session *s)
{
	if (s->state != STATE_PLAYING && s->state != STATE_PAUSED)
		return;
	session_set_state(s, STATE_STANDBY);
	s->funcs->pause(s, s->user_data);
}

/* P(parameter, what to do): everything else is refused with 404. */
static enum wfd_reason apply_parameter(rtsp_session *s, const struct wfd_param *param)
{
	if (g_ascii_strcasecmp(param->name, "wfd_idr_request") == 0) {
		s->funcs->key_frame(s, s->user_data);
		return 0;
	}
	if (g_ascii_strcasecmp(param->name, "wfd_standby") == 0) {
		sink_standby(s);
		return 0;
	}
	/* Worth a line in the log, and nothing to do about. */
	if (g_ascii_strcasecmp(param->name, "wfd_connector_type") == 0 ||
	    g_ascii_strcasecmp(param->name, "microsoft_latency_management_capability") == 0 ||
	    g_ascii_strcasecmp(param->name, "microsoft_audio_mute") == 0) {
		g_message("the sink says %s: %s", param->name, param->value ? param->value : "");
		return 0;
	}
	return WFD_REASON_NOT_ADVERTISED;
}

static void handle_set_parameter(rtsp_session *s, const GstRTSPMessage *request)
{
	g_autoptr(wfd_params) params = NULL;
	g_autoptr(wfd_params) refusals = wfd_params_new();
	g_autoptr(GError) error = NULL;
	guint8 *body = NULL;
	guint len = 0;

	gst_rtsp_message_get_body(request, &body, &len);
	params = wfd_params_parse(body, rtsp_body_length(body, len), &error);
	if (!params) {
		g_message("the sink's SET_PARAMETER cannot be read: %s", error->message);
		send_response(s, request, GST_RTSP_STS_BAD_REQUEST, NULL, NULL);
		return;
	}
	for (guint i = 0; i < wfd_params_n(params); i++) {
		struct wfd_param param = wfd_params_at(params, i);
		enum wfd_reason reason = apply_parameter(s, &param);

		if (reason)
			wfd_params_addf(refusals, param.name, "%d", reason);
	}
	if (wfd_params_n(refusals)) {
		g_autofree char *text = wfd_params_format(refusals, NULL);

		send_response(s, request, GST_RTSP_STS_SEE_OTHER, NULL, text);
	} else {
		send_response(s, request, GST_RTSP_STS_OK, NULL, NULL);
	}
}

static void handle_request(rtsp_session *s, const GstRTSPMessage *request)
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
		send_response(s, request, GST_RTSP_STS_OK, NULL, NULL);
		break;
	default:
		send_response(s, request, GST_RTSP_STS_METHOD_NOT_ALLOWED, NULL, NULL);
		break;
	}
}

/* -------------------------------------------------------------- the connection */

static guint64 input_bytes(const rtsp_session *s)
{
	struct tcp_info info = { 0 };
	socklen_t len = sizeof(info);

	if (getsockopt(g_socket_get_fd(s->socket), IPPROTO_TCP, TCP_INFO, &info, &len) < 0)
		return s->input_mark;
	return info.tcpi_bytes_received;
}

void rtsp_session_check_input(rtsp_session *s)
{
	if (s->state == STATE_ENDED || input_bytes(s) - s->input_mark <= RTSP_MAX_MESSAGE)
		return;
	session_end(s, CHANNEL_REASON_PROTOCOL_ERROR,
		    "The sink sent more than %d bytes that are no complete message",
		    RTSP_MAX_MESSAGE);
}

static GstRTSPResult message_received(GstRTSPWatch *watch, GstRTSPMessage *message, gpointer data)
{
	rtsp_session *s = data;

	if (s->state == STATE_ENDED)
		return GST_RTSP_OK;
	s->input_mark = input_bytes(s);
	/* Whatever it says, the sink is alive. */
	clear_source(&s->keepalive_expiry);
	rtsp_trace(message, "<");
	if (rtsp_count_headers(message) > RTSP_MAX_HEADERS) {
		session_end(s, CHANNEL_REASON_PROTOCOL_ERROR,
			    "The sink sent a message with more than %d headers", RTSP_MAX_HEADERS);
		return GST_RTSP_OK;
	}
	switch (gst_rtsp_message_get_type(message)) {
	case GST_RTSP_MESSAGE_REQUEST:
		handle_request(s, message);
		break;
	case GST_RTSP_MESSAGE_RESPONSE:
		handle_response(s, message);
		break;
	default:
		session_end(s, CHANNEL_REASON_PROTOCOL_ERROR,
			    "The sink sent something that is neither request nor response");
		break;
	}
	return GST_RTSP_OK;
}

static GstRTSPResult connection_closed(GstRTSPWatch *watch, gpointer data)
{
	rtsp_session *s = data;

	if (s->state == STATE_TEARDOWN)
		session_end(s, CHANNEL_REASON_STOPPED, "Stopped; the sink closed the connection");
	else
		session_end(s, CHANNEL_REASON_SINK_VANISHED,
			    "The sink closed the connection without a word (%s)",
			    states[s->state].name);
	return GST_RTSP_OK;
}

static GstRTSPResult connection_error(GstRTSPWatch *watch, GstRTSPResult result,
				      GstRTSPMessage *message, guint id, gpointer data)
{
	rtsp_session *s = data;

	if (result == GST_RTSP_ESYS || result == GST_RTSP_EEOF)
		session_end(s, CHANNEL_REASON_SINK_VANISHED, "The connection to the sink broke: %s",
			    rtsp_result_text(result));
	else
		session_end(s, CHANNEL_REASON_PROTOCOL_ERROR,
			    "What the sink sent cannot be read as RTSP: %s",
			    rtsp_result_text(result));
	return GST_RTSP_OK;
}

static GstRTSPWatchFuncs watch_funcs = {
	.message_received = message_received,
	.closed = connection_closed,
	.error_full = connection_error,
};

/* Answers that may wait for the sink to read: it has stopped reading then. */
#define BACKLOG_BYTES (64 * 1024)
#define BACKLOG_MESSAGES 64

static gboolean session_connect(rtsp_session *s, int fd, GError **error)
{
	GstRTSPResult result;
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);

	if (copy < 0) {
		g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno), "RTSP socket: %s",
			    g_strerror(errno));
		return FALSE;
	}
	s->socket = g_socket_new_from_fd(copy, error);
	if (!s->socket) {
		close(copy);
		return FALSE;
	}
	/* The address is only used for tunnels, which do not occur. */
	result = gst_rtsp_connection_create_from_socket(s->socket, "127.0.0.1", 0, NULL,
							&s->connection);
	if (result != GST_RTSP_OK) {
		g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "RTSP connection: %s",
			    rtsp_result_text(result));
		return FALSE;
	}
	gst_rtsp_connection_set_content_length_limit(s->connection, RTSP_MAX_BODY);
	gst_rtsp_connection_set_remember_session_id(s->connection, FALSE);
	s->watch = gst_rtsp_watch_new(s->connection, &watch_funcs, s, NULL);
	gst_rtsp_watch_set_send_backlog(s->watch, BACKLOG_BYTES, BACKLOG_MESSAGES);
	gst_rtsp_watch_attach(s->watch, s->context);
	return TRUE;
}

rtsp_session *rtsp_session_new(int fd, const struct rtsp_session_config *config,
			       const struct rtsp_session_funcs *funcs, gpointer user_data,
			       GError **error)
{
	g_autoptr(rtsp_session) s = g_new0(rtsp_session, 1);

	s->funcs = funcs;
	s->user_data = user_data;
	s->timers = config->timers ? *config->timers : rtsp_timers_default;
	s->presentation_url = wfd_presentation_url_format(config->local_address, 0);
	s->friendly_name = g_strdup(config->friendly_name);
	s->context = g_main_context_ref_thread_default();
	s->pending = g_ptr_array_new_with_free_func(pending_free);
	s->next_cseq = 1;
	update_identity(s);
	if (!session_connect(s, fd, error))
		return NULL;
	session_set_state(s, STATE_M1_SENT);
	send_m1(s);
	return g_steal_pointer(&s);
}

void rtsp_session_free(rtsp_session *s)
{
	if (!s)
		return;
	clear_source(&s->end_source);
	clear_source(&s->state_timer);
	keepalive_stop(s);
	g_ptr_array_unref(s->pending);
	if (s->watch) {
		g_source_destroy((GSource *)s->watch);
		gst_rtsp_watch_unref(s->watch);
	}
	/* Closes the duplicate, and with it nothing of the owner of the socket. */
	if (s->connection)
		gst_rtsp_connection_free(s->connection);
	g_clear_object(&s->socket);
	wfd_sink_caps_free(s->caps);
	g_main_context_unref(s->context);
	g_free(s->presentation_url);
	g_free(s->friendly_name);
	g_free(s->user_agent);
	g_free(s->server);
	g_free(s->end_message);
	g_free(s);
}

/* ------------------------------------------------------------------ the owner */

void rtsp_session_select(rtsp_session *s, const struct wfd_selection *selection)
{
	g_autoptr(wfd_params) params = NULL;

	if (s->state != STATE_SELECTING)
		return;
	params = wfd_m4_params(selection, &s->caps->rtp_ports, s->presentation_url);
	session_set_state(s, STATE_M4_SENT);
	send_parameters(s, REQUEST_M4, params);
}

static gboolean request_is_pending(const rtsp_session *s, enum session_request request)
{
	for (guint i = 0; i < s->pending->len; i++) {
		const struct pending_request *pending = s->pending->pdata[i];

		if (pending->request == request)
			return TRUE;
	}
	return FALSE;
}

gboolean rtsp_session_change_mode(rtsp_session *s, const struct wfd_selection *selection, guint64 pts)
{
	g_autoptr(wfd_params) params = NULL;
	g_autofree char *timing = NULL;

	if (s->state != STATE_PLAYING || request_is_pending(s, REQUEST_M4_IN_PLAY))
		return FALSE;
	params = wfd_m4_params(selection, &s->caps->rtp_ports, s->presentation_url);
	timing = wfd_av_timing_format(pts, pts);
	wfd_params_add(params, "wfd_av_format_change_timing", timing);
	return send_parameters(s, REQUEST_M4_IN_PLAY, params);
}

gboolean rtsp_session_standby(rtsp_session *s, gboolean on)
{
	if (on) {
		g_autoptr(wfd_params) params = NULL;

		if (s->state != STATE_PLAYING || !s->caps->standby_resume)
			return FALSE;
		params = wfd_params_new();
		wfd_params_add(params, "wfd_standby", NULL);
		session_set_state(s, STATE_STANDBY);
		s->funcs->pause(s, s->user_data);
		return send_parameters(s, REQUEST_M12, params);
	}
	if (s->state != STATE_STANDBY)
		return FALSE;
	return send_trigger(s, REQUEST_M5_PLAY, WFD_TRIGGER_PLAY);
}

gboolean rtsp_session_pause(rtsp_session *s, gboolean paused)
{
	if (paused)
		return s->state == STATE_PLAYING &&
		       send_trigger(s, REQUEST_M5_PAUSE, WFD_TRIGGER_PAUSE);
	return s->state == STATE_PAUSED && send_trigger(s, REQUEST_M5_PLAY, WFD_TRIGGER_PLAY);
}

void rtsp_session_teardown(rtsp_session *s)
{
	switch (s->state) {
	case STATE_WAIT_M7:
	case STATE_PLAYING:
	case STATE_PAUSED:
	case STATE_STANDBY:
		session_set_state(s, STATE_TEARDOWN);
		send_trigger(s, REQUEST_M5_TEARDOWN, WFD_TRIGGER_TEARDOWN);
		break;
	case STATE_TEARDOWN:
		break;
	default:
		session_end(s, CHANNEL_REASON_STOPPED, "Stopped");
		break;
	}
}

void rtsp_session_fail(rtsp_session *s, enum channel_reason reason, const char *message)
{
	if (s->state == STATE_ENDED)
		return;
	remember_reason(s, reason, message);
	rtsp_session_teardown(s);
}
