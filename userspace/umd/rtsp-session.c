// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The state machine of rtsp-session.h.
 */
#include "rtsp-private.h"

#include "log-limit.h"

#define SOURCE_URI "rtsp://localhost/wfd1.0"

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
	.gap = 80,
	.second = 1000,
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

static const char *const request_names[] = {
#define Q(request, name) [REQUEST_##request] = name,
	SESSION_REQUESTS(Q)
#undef Q
};

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

void rtsp_session_end(rtsp_session *s, enum channel_reason reason, const char *format, ...)
{
	g_autofree char *message = NULL;
	va_list args;

	if (s->state == STATE_ENDED)
		return;
	va_start(args, format);
	message = g_strdup_vprintf(format, args);
	va_end(args);
	remember_reason(s, reason, message);
	rtsp_session_set_state(s, STATE_ENDED);

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
	gst_rtsp_message_unset(&pending->message);
	g_free(pending);
}

static gboolean response_timeout(gpointer data)
{
	struct pending_request *pending = data;
	rtsp_session *s = pending->session;

	rtsp_session_end(s, CHANNEL_REASON_RESPONSE_TIMEOUT, "The sink did not answer %s within %u ms",
		    request_names[pending->request], s->timers.response);
	return G_SOURCE_REMOVE;
}

guint rtsp_session_send(rtsp_session *s, GstRTSPMessage *message)
{
	g_autoptr(GError) error = NULL;
	guint cseq;

	rtsp_trace(message, ">");
	cseq = rtsp_connection_send(s->connection, message, &error);
	if (!cseq)
		rtsp_session_end(s, CHANNEL_REASON_SINK_VANISHED, "Cannot send to the sink: %s",
				 error->message);
	s->sent_us = g_get_monotonic_time();
	s->sent_cseq = message->type == GST_RTSP_MESSAGE_REQUEST ? cseq : 0;
	return cseq;
}

/* How long our next request has to keep away from what was sent last, milliseconds. */
static guint distance_ms(const rtsp_session *s)
{
	gint64 due = s->sent_us + s->timers.gap * 1000;
	gint64 now = g_get_monotonic_time();

	return s->sent_us && due > now ? (due - now + 999) / 1000 : 0;
}

/* FALSE: the session has ended over it, and @pending with it. */
static gboolean transmit(rtsp_session *s, struct pending_request *pending)
{
	guint cseq = rtsp_session_send(s, &pending->message);

	if (!cseq)
		return FALSE;
	gst_rtsp_message_unset(&pending->message);
	pending->cseq = cseq;
	if (pending->request != REQUEST_M16 && pending->request != REQUEST_LATENCY)
		pending->timer = add_timer(s, s->timers.response, response_timeout, pending);
	return TRUE;
}

/* Those that are held back are the last ones. */
static struct pending_request *first_held(const rtsp_session *s)
{
	for (guint i = 0; i < s->pending->len; i++) {
		struct pending_request *pending = s->pending->pdata[i];

		if (!pending->cseq)
			return pending;
	}
	return NULL;
}

static gboolean release_held(gpointer data);

/* One at a time: each has to keep its distance from the one before. */
static void send_held(rtsp_session *s)
{
	struct pending_request *held;

	clear_source(&s->release);
	while ((held = first_held(s))) {
		guint wait = distance_ms(s);

		if (wait) {
			s->release = add_timer(s, wait, release_held, s);
			return;
		}
		if (!transmit(s, held))
			return;
	}
}

static gboolean release_held(gpointer data)
{
	send_held(data);
	return G_SOURCE_REMOVE;
}

/* @body is consumed; NULL for none. */
static gboolean send_request(rtsp_session *s, enum session_request request, GstRTSPMethod method,
			     const char *uri, char *body, gsize len)
{
	struct pending_request *pending = g_new0(struct pending_request, 1);
	g_autofree char *owned = body;
	GstRTSPMessage *message = &pending->message;

	pending->session = s;
	pending->request = request;
	gst_rtsp_message_init_request(message, method, uri);
	if (method == GST_RTSP_OPTIONS)
		gst_rtsp_message_add_header(message, GST_RTSP_HDR_REQUIRE, "org.wfa.wfd1.0");
	if (s->session_id[0])
		gst_rtsp_message_add_header(message, GST_RTSP_HDR_SESSION, s->session_id);
	if (owned) {
		gst_rtsp_message_add_header(message, GST_RTSP_HDR_CONTENT_TYPE, "text/parameters");
		gst_rtsp_message_set_body(message, (guint8 *)owned, len);
	}
	g_ptr_array_add(s->pending, pending);
	if (!s->release)
		send_held(s);
	return s->state != STATE_ENDED;
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
void rtsp_session_respond(rtsp_session *s, const GstRTSPMessage *request, GstRTSPStatusCode code,
			  const char *reason, const char *body)
{
	g_auto(rtsp_message) message = { 0 };

	rtsp_init_response(&message, request, code, reason);
	gst_rtsp_message_add_header(&message, GST_RTSP_HDR_SERVER, RTSP_SERVER_NAME);
	if (body) {
		gst_rtsp_message_add_header(&message, GST_RTSP_HDR_CONTENT_TYPE, "text/parameters");
		gst_rtsp_message_set_body(&message, (const guint8 *)body, strlen(body));
	}
	rtsp_session_send(s, &message);
}

void rtsp_session_tell_latency(rtsp_session *s)
{
	g_autoptr(wfd_params) params = NULL;

	if (s->latency_told || !s->caps || !s->caps->latency_management)
		return;
	s->latency_told = TRUE;
	params = wfd_params_new();
	wfd_params_add(params, "microsoft_latency_management_capability", channel_latency_name(s->latency));
	send_parameters(s, REQUEST_LATENCY, params);
}

static void send_m1(rtsp_session *s)
{
	send_request(s, REQUEST_M1, GST_RTSP_OPTIONS, "*", NULL, 0);
}

static void send_m3(rtsp_session *s, enum wfd_m3_scope scope)
{
	gsize len;
	char *body = wfd_m3_request_body(scope, &len);

	s->m3_scope = scope;

	rtsp_session_set_state(s, STATE_M3_SENT);
	send_request(s, REQUEST_M3, GST_RTSP_GET_PARAMETER, SOURCE_URI, body, len);
}

/* Some sinks choke on the long list: FALSE if the short one was tried already. */
static gboolean try_short_m3(rtsp_session *s, const char *why)
{
	if (s->m3_scope == WFD_M3_MINIMAL)
		return FALSE;
	g_message("the sink %s; asking only for what it must know", why);
	send_m3(s, WFD_M3_MINIMAL);
	return TRUE;
}

/* -------------------------------------------------------------- keep-alive */

static guint session_timeout_s(const rtsp_session *s)
{
	return s->quirks.session_timeout ? s->quirks.session_timeout : DEFAULT_TIMEOUT_S;
}

static gboolean keepalive_expired(gpointer data)
{
	rtsp_session *s = data;

	rtsp_session_end(s, CHANNEL_REASON_KEEPALIVE_LOST, "The sink left M16 unanswered for %u s",
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
			  s->timers.request);
		send_m3(s, s->m3_scope);
		break;
	case TIMER_M3:
		try_short_m3(s, "has not answered M3 so far");
		break;
	case TIMER_REQUEST:
		rtsp_session_end(s, CHANNEL_REASON_REQUEST_TIMEOUT, "The sink did not send %s within %u ms",
			    states[s->state].what, s->timers.request);
		break;
	case TIMER_TEARDOWN:
		rtsp_session_end(s, CHANNEL_REASON_STOPPED, "Stopped; the sink did not send %s",
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
	case TIMER_M3:
		return s->timers.response / 2;
	case TIMER_M2:
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
void rtsp_session_set_state(rtsp_session *s, enum session_state state)
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
		clear_source(&s->release);
		g_ptr_array_set_size(s->pending, 0);
		break;
	default:
		break;
	}
}

/* M3 goes out once M1 is answered and M2 has come: MSFT-WDD sinks insist. */
void rtsp_session_greeted(rtsp_session *s)
{
	if (!s->m1_answered || (s->state != STATE_M1_SENT && s->state != STATE_WAIT_M2))
		return;
	if (s->m2_seen)
		send_m3(s, s->m3_scope);
	else if (s->state == STATE_M1_SENT)
		rtsp_session_set_state(s, STATE_WAIT_M2);
}

static void update_identity(rtsp_session *s)
{
	struct wfd_sink_identity identity = {
		.user_agent = s->user_agent,
		.server = s->server,
		.manufacturer = s->caps ? s->caps->manufacturer : NULL,
		.model = s->caps ? s->caps->model_name : NULL,
		.device_name = s->friendly_name,
		.device_model = s->device_model,
		.address = s->device_address,
	};

	wfd_quirks_match(s->quirk_table, &identity, &s->quirks);
	if (s->quirks.short_m3)
		s->m3_scope = WFD_M3_MINIMAL;
}

void rtsp_session_remember_agent(rtsp_session *s, const GstRTSPMessage *message)
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
	s->caps = wfd_sink_caps_parse(body, len, &error);
	if (!s->caps && try_short_m3(s, "has answered M3 with nothing that can be used"))
		return;
	if (!s->caps) {
		rtsp_session_end(s, CHANNEL_REASON_CAPABILITIES_INVALID,
			    "The sink's capabilities (M3) cannot be used: %s", error->message);
		return;
	}
	for (guint i = 0; i < s->caps->problems->len; i++)
		g_message("sink's capabilities: %s", (char *)s->caps->problems->pdata[i]);
	update_identity(s);
	rtsp_session_set_state(s, STATE_SELECTING);
	s->funcs->capabilities(s, s->caps, &s->quirks, s->user_data);
}

static void answered(rtsp_session *s, enum session_request request, const GstRTSPMessage *response)
{
	switch (request) {
	case REQUEST_M1:
		s->m1_answered = TRUE;
		s->funcs->answered(s, s->user_data);
		rtsp_session_greeted(s);
		break;
	case REQUEST_M3:
		if (s->state == STATE_M3_SENT)
			m3_answered(s, response);
		break;
	case REQUEST_M4:
		if (s->state != STATE_M4_SENT)
			break;
		rtsp_session_set_state(s, STATE_M5_SENT);
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
			rtsp_session_set_state(s, STATE_WAIT_M6);
		break;
	case REQUEST_M5_PLAY:
		s->funcs->wish_answered(s, RTSP_WISH_PLAY, TRUE, s->user_data);
		break;
	case REQUEST_M12:
		/* It may have paused by itself meanwhile. */
		if (s->state == STATE_PLAYING) {
			rtsp_session_set_state(s, STATE_STANDBY);
			s->funcs->pause(s, s->user_data);
		}
		s->funcs->wish_answered(s, RTSP_WISH_STANDBY, TRUE, s->user_data);
		break;
	case REQUEST_LATENCY:
	case REQUEST_M5_TEARDOWN:
	case REQUEST_M16:
		break;
	}
}

/* The owner says what shall be done about it. */
static void mode_refused(rtsp_session *s, gboolean in_play, const GstRTSPMessage *response,
			 const char *why)
{
	g_autoptr(GArray) errors = rtsp_refusal_errors(response);

	s->funcs->mode_refused(s, in_play, errors, why, s->user_data);
}

static void refused(rtsp_session *s, enum session_request request, const GstRTSPMessage *response)
{
	g_autofree char *why = rtsp_refusal_text(response);

	switch (request) {
	case REQUEST_M4:
		if (s->state != STATE_M4_SENT)
			break;
		rtsp_session_set_state(s, STATE_SELECTING);
		mode_refused(s, FALSE, response, why);
		break;
	case REQUEST_M4_IN_PLAY:
		mode_refused(s, TRUE, response, why);
		break;
	case REQUEST_M3:
		if (s->state != STATE_M3_SENT || try_short_m3(s, "refused M3"))
			break;
		rtsp_session_end(s, CHANNEL_REASON_REQUEST_REFUSED, "The sink refused %s: %s",
				 request_names[request], why);
		break;
	case REQUEST_M16:
		if (s->quirks.keepalive == WFD_KEEPALIVE_AUTO) {
			g_message("the sink does not know M16 (%s); no more of them", why);
			s->keepalive_given_up = TRUE;
			keepalive_stop(s);
		}
		break;
	case REQUEST_LATENCY:
		g_message("the sink keeps its latency (%s)", why);
		break;
	case REQUEST_M5_TEARDOWN:
		rtsp_session_end(s, CHANNEL_REASON_STOPPED, "Stopped; the sink refused the trigger (%s)",
			    why);
		break;
	case REQUEST_M5_PLAY:
	case REQUEST_M12:
		log_limited_here("the sink refused %s (%s)", request_names[request], why);
		s->funcs->wish_answered(
			s, request == REQUEST_M12 ? RTSP_WISH_STANDBY : RTSP_WISH_PLAY, FALSE,
			s->user_data);
		break;
	case REQUEST_M1:
	case REQUEST_M5_SETUP:
		rtsp_session_end(s, CHANNEL_REASON_REQUEST_REFUSED, "The sink refused %s: %s",
			    request_names[request], why);
		break;
	}
}

static const struct pending_request *first_pending(const rtsp_session *s)
{
	return s->pending->len ? s->pending->pdata[0] : NULL;
}

/* A response without CSeq is taken for that to the oldest request. */
static gboolean find_pending(rtsp_session *s, const GstRTSPMessage *response, guint *index)
{
	guint64 cseq;

	*index = 0;
	if (!rtsp_get_cseq(response, &cseq))
		return first_pending(s) && first_pending(s)->cseq;
	if (!cseq)
		return FALSE; /* what is held back has none yet */
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
		log_limited_here("the sink answered a request that we have not sent; ignored");
		return;
	}
	pending = s->pending->pdata[index];
	request = pending->request;
	if (pending->cseq == s->sent_cseq)
		s->sent_us = 0; /* it has read all that we have sent */
	g_ptr_array_remove_index(s->pending, index);
	if (s->release)
		send_held(s);

	rtsp_session_remember_agent(s, response);
	if (response->type_data.response.code == GST_RTSP_STS_OK)
		answered(s, request, response);
	else
		refused(s, request, response);
}

/* -------------------------------------------------------------- the connection */

static void message_received(const GstRTSPMessage *message, gpointer data)
{
	rtsp_session *s = data;

	if (s->state == STATE_ENDED)
		return;
	/* Whatever it says, the sink is alive. */
	clear_source(&s->keepalive_expiry);
	rtsp_trace(message, "<");
	if (message->type == GST_RTSP_MESSAGE_REQUEST)
		rtsp_session_handle_request(s, message);
	else
		handle_response(s, message);
}

static void connection_drained(gpointer data)
{
	rtsp_session *s = data;

	if (s->play_due)
		rtsp_session_begin_play(s);
}

/* M3 in its long form was the last that passed between us. */
static gboolean was_asked_much(const rtsp_session *s)
{
	const struct pending_request *pending = first_pending(s);

	return s->state == STATE_M3_SENT && s->m3_scope == WFD_M3_FULL && pending &&
	       pending->request == REQUEST_M3 && pending->cseq &&
	       !rtsp_connection_has_partial(s->connection);
}

static void connection_closed(const GError *error, gpointer data)
{
	rtsp_session *s = data;

	if (was_asked_much(s))
		s->funcs->hung_up_on_m3(s, s->user_data);
	if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA))
		rtsp_session_end(s, CHANNEL_REASON_PROTOCOL_ERROR,
				 "What the sink sent cannot be read as RTSP: %s", error->message);
	else if (s->state == STATE_TEARDOWN)
		rtsp_session_end(s, CHANNEL_REASON_STOPPED, "Stopped; the sink closed the connection");
	else
		rtsp_session_end(s, CHANNEL_REASON_SINK_VANISHED,
				 "The sink closed the connection without a word (%s%s%s)",
				 states[s->state].name, error ? ", " : "",
				 error ? error->message : "");
}

static const struct rtsp_connection_funcs connection_funcs = {
	.message = message_received,
	.drained = connection_drained,
	.closed = connection_closed,
};

rtsp_session *rtsp_session_new(int fd, const struct rtsp_session_config *config,
			       const struct rtsp_session_funcs *funcs, gpointer user_data,
			       GError **error)
{
	g_autoptr(rtsp_session) s = g_new0(rtsp_session, 1);

	s->funcs = funcs;
	s->user_data = user_data;
	s->timers = config->timers ? *config->timers : rtsp_timers_default;
	s->presentation_url = wfd_presentation_url_format(config->local_address, 0);
	s->quirk_table = config->quirk_table;
	s->friendly_name = g_strdup(config->friendly_name);
	s->device_model = g_strdup(config->device_model);
	s->device_address = g_strdup(config->device_address);
	s->m3_scope = config->m3_scope;
	s->latency = config->latency;
	s->context = g_main_context_ref_thread_default();
	s->pending = g_ptr_array_new_with_free_func(pending_free);
	update_identity(s);
	s->connection = rtsp_connection_new(fd, &connection_funcs, s, error);
	if (!s->connection)
		return NULL;
	rtsp_session_set_state(s, STATE_M1_SENT);
	send_m1(s);
	return g_steal_pointer(&s);
}

void rtsp_session_free(rtsp_session *s)
{
	if (!s)
		return;
	clear_source(&s->end_source);
	clear_source(&s->state_timer);
	clear_source(&s->release);
	keepalive_stop(s);
	g_ptr_array_unref(s->pending);
	rtsp_connection_free(s->connection);
	wfd_sink_caps_free(s->caps);
	g_main_context_unref(s->context);
	g_free(s->presentation_url);
	g_free(s->friendly_name);
	g_free(s->device_model);
	g_free(s->device_address);
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
	rtsp_session_set_state(s, STATE_M4_SENT);
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

gboolean rtsp_session_ask(rtsp_session *s, enum rtsp_wish wish)
{
	g_autoptr(wfd_params) params = NULL;

	switch (wish) {
	case RTSP_WISH_STANDBY:
		if (s->state != STATE_PLAYING || request_is_pending(s, REQUEST_M12))
			return FALSE;
		params = wfd_params_new();
		wfd_params_add(params, "wfd_standby", NULL);
		return send_parameters(s, REQUEST_M12, params);
	case RTSP_WISH_PLAY:
		if ((s->state != STATE_STANDBY && s->state != STATE_PAUSED) ||
		    request_is_pending(s, REQUEST_M5_PLAY))
			return FALSE;
		return send_trigger(s, REQUEST_M5_PLAY, WFD_TRIGGER_PLAY);
	}
	return FALSE;
}

void rtsp_session_play_unasked(rtsp_session *s)
{
	if (s->state != STATE_STANDBY && s->state != STATE_PAUSED)
		return;
	rtsp_session_set_state(s, STATE_PLAYING);
	s->unasked = TRUE;
	s->funcs->play(s, s->user_data);
}

void rtsp_session_teardown(rtsp_session *s)
{
	switch (s->state) {
	case STATE_WAIT_M7:
	case STATE_PLAYING:
	case STATE_PAUSED:
	case STATE_STANDBY:
		rtsp_session_set_state(s, STATE_TEARDOWN);
		send_trigger(s, REQUEST_M5_TEARDOWN, WFD_TRIGGER_TEARDOWN);
		break;
	case STATE_TEARDOWN:
		break;
	default:
		rtsp_session_end(s, CHANNEL_REASON_STOPPED, "Stopped");
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
