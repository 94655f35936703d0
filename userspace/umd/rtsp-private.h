/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * rtsp-private.h - inside of struct rtsp_session
 *
 * rtsp-session.c	state machine, timers, our requests and their answers
 * rtsp-requests.c	requests of the sink
 * rtsp-message.c	single messages
 * rtsp-connection.c	framing
 */
#pragma once

#include "rtsp-connection.h"
#include "rtsp-message.h"
#include "rtsp-session.h"

G_BEGIN_DECLS

/*
 * S(state, timer, what is waited for): the timer runs from entering the state
 * and ends the session, except for M2, whose absence is tolerated, and for the
 * answer to the long M3, after which a short one is tried.
 */
#define SESSION_STATES(S) \
	S(M1_SENT, NONE, NULL) \
	S(WAIT_M2, M2, "M2 (OPTIONS)") \
	S(M3_SENT, M3, "the answer to M3") \
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
	TIMER_M3,
	TIMER_REQUEST,
	TIMER_TEARDOWN,
};

/* Q(request, name in messages): what we ask of the sink. */
#define SESSION_REQUESTS(Q) \
	Q(M1, "M1 (OPTIONS)") \
	Q(M3, "M3 (GET_PARAMETER, capabilities)") \
	Q(M4, "M4 (SET_PARAMETER, mode)") \
	Q(M4_IN_PLAY, "M4 (SET_PARAMETER, mode change)") \
	Q(M5_SETUP, "M5 (trigger SETUP)") \
	Q(M5_PLAY, "M5 (trigger PLAY)") \
	Q(M5_TEARDOWN, "M5 (trigger TEARDOWN)") \
	Q(LATENCY, "SET_PARAMETER (latency)") \
	Q(M12, "M12 (standby)") \
	Q(M16, "M16 (keep-alive)")

enum session_request {
#define Q(request, name) REQUEST_##request,
	SESSION_REQUESTS(Q)
#undef Q
};

/* A request of ours that was not answered yet. */
struct pending_request {
	rtsp_session *session;
	guint cseq; /* 0: held back, see rtsp-session.h */
	enum session_request request;
	GSource *timer; /* NULL for M16, which has the keep-alive timer, and for what may stay unanswered */
	GstRTSPMessage message; /* of one that is held back, else zero */
};

struct rtsp_session {
	const struct rtsp_session_funcs *funcs;
	gpointer user_data;
	struct rtsp_timers timers;
	char *presentation_url;
	char *friendly_name;
	char *device_model;
	char *device_address;

	GMainContext *context;
	rtsp_connection *connection;

	enum session_state state;
	GSource *state_timer;
	GPtrArray *pending;
	gint64 sent_us;	  /* when the last message left; 0: the sink has read it */
	guint sent_cseq;  /* of that message; 0: it was an answer */
	GSource *release; /* sends the first request that is held back */

	gboolean m1_answered;
	gboolean m2_seen;
	enum wfd_m3_scope m3_scope;
	wfd_sink_caps *caps;
	const wfd_quirk_table *quirk_table;
	struct wfd_quirks quirks;
	char *user_agent;
	char *server;
	char session_id[16];
	gboolean play_due;  /* play() waits for the answer to M7 to leave */
	gboolean unasked;   /* playing without M7 */
	enum channel_latency latency;
	gboolean latency_told; /* or nothing is to be told */

	GSource *keepalive_timer;  /* sends M16 */
	GSource *keepalive_expiry; /* armed while M16 is unanswered */
	gboolean keepalive_given_up;

	enum channel_reason end_reason;
	char *end_message;
	GSource *end_source;
};

/* The one place that changes the state. */
void rtsp_session_set_state(rtsp_session *s, enum session_state state);
/* The session is over; the first reason counts. */
void rtsp_session_end(rtsp_session *s, enum channel_reason reason, const char *format, ...)
	G_GNUC_PRINTF(3, 4);
/* The CSeq of a request, 1 for a response; 0: the session has ended over it. */
guint rtsp_session_send(rtsp_session *s, GstRTSPMessage *message);
/* An answer; @reason NULL for the standard phrase, @body NULL for none. */
void rtsp_session_respond(rtsp_session *s, const GstRTSPMessage *request, GstRTSPStatusCode code,
			  const char *reason, const char *body);
/* M1 was answered, or M2 has come: M3 is sent once both are true. */
void rtsp_session_greeted(rtsp_session *s);
/* Who the sink is, from the headers of a message. */
void rtsp_session_remember_agent(rtsp_session *s, const GstRTSPMessage *message);

/* rtsp-requests.c: answer a request of the sink, and do what it wants. */
void rtsp_session_handle_request(rtsp_session *s, const GstRTSPMessage *request);

/* Once, to a sink that manages its latency: what ours is. */
void rtsp_session_tell_latency(rtsp_session *s);

/* The answer to M7 has left: the stream may begin. */
void rtsp_session_begin_play(rtsp_session *s);

/* What a source of WFD answers to besides OPTIONS; nothing else. */
#define RTSP_METHODS "SET_PARAMETER, GET_PARAMETER, SETUP, PLAY, PAUSE, TEARDOWN"

/* Value of the Server header. */
#define RTSP_SERVER_NAME "miracast-umd"

G_END_DECLS
