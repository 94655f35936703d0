/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * rtsp-session.h - the dialogue with a sink, M1 to M16 (WFD v2.1, 6.4 to 6.6)
 *
 * The source's half of Wi-Fi Display RTSP over one connected TCP socket.
 * Framing is in rtsp-connection.h; what the messages mean, in which order they come and
 * how long either side may take is here.  Policy (which mode, what to stream) is
 * the owner's, who is asked through struct rtsp_session_funcs:
 *
 *	source                              sink
 *	M1 OPTIONS            ----------->
 *	                      <-----------  M2 OPTIONS
 *	M3 GET_PARAMETER      ----------->                  capabilities()
 *	    rtsp_session_select()
 *	M4 SET_PARAMETER      ----------->                  mode_accepted()
 *	M5 trigger SETUP      ----------->
 *	                      <-----------  M6 SETUP        setup()
 *	                      <-----------  M7 PLAY         play()
 *	M16 GET_PARAMETER     ----------->
 *	                      <-----------  M13 IDR         key_frame()
 *	    rtsp_session_teardown()
 *	M5 trigger TEARDOWN   ----------->
 *	                      <-----------  M8 TEARDOWN     ended()
 *
 * Everything runs in the thread-default main context of rtsp_session_new().
 * The reader is liberal, the writer strict; nothing that a sink sends makes it
 * use more than a bounded amount of memory.
 */
#pragma once

#include <gio/gio.h>

#include "channel.h"
#include "wfd-caps.h"
#include "wfd-quirks.h"

G_BEGIN_DECLS

/**
 * struct rtsp_timers - how long things may take, milliseconds (6.5)
 * @response: answer to a request
 * @request: next request of the sink while the session is being set up
 * @teardown: TEARDOWN of the sink after we have asked for it
 * @second: length of a second of session timeout and M2 grace; tests shorten it
 */
struct rtsp_timers {
	guint response;
	guint request;
	guint teardown;
	guint second;
};

/* 5 s, 6 s, 800 ms, 1 s. */
extern const struct rtsp_timers rtsp_timers_default;

/**
 * struct rtsp_session_config - borrowed for the call
 * @local_address: our numeric address, for wfd_presentation_URL
 * @friendly_name: of the sink as the broker knows it, for the quirks
 * @timers: NULL: the defaults
 */
struct rtsp_session_config {
	const char *local_address;
	const char *friendly_name;
	const struct rtsp_timers *timers;
};

typedef struct rtsp_session rtsp_session;

/**
 * struct rtsp_session_funcs - what the owner hears
 * @identified: who the sink is, from headers; may come more than once
 * @answered: M1 was answered: somebody who speaks RTSP is there
 * @capabilities: M3 was answered; the owner answers with rtsp_session_select(),
 *	now or within a few seconds (sinks give up after 6)
 * @mode_accepted: M4 was answered with 200; @in_play: a change while playing
 * @setup: M6: RTP shall go to @client_port.  Returns the port that it will
 *	come from, or 0 with @error set: the session ends
 * @play: M7: start or resume streaming, with a key frame first
 * @pause: M9 or standby: stop streaming, keep everything
 * @key_frame: M13
 * @unplugged: M11: the sink has lost its panel; the session ends
 * @ended: exactly once, and the last call; from the main loop, never from
 *	within a call of the owner.  The session may be freed in it
 */
struct rtsp_session_funcs {
	void (*identified)(rtsp_session *session, const char *user_agent,
			   const struct wfd_quirks *quirks, gpointer user_data);
	void (*answered)(rtsp_session *session, gpointer user_data);
	void (*capabilities)(rtsp_session *session, const wfd_sink_caps *caps,
			     const struct wfd_quirks *quirks, gpointer user_data);
	void (*mode_accepted)(rtsp_session *session, gboolean in_play, gpointer user_data);
	guint16 (*setup)(rtsp_session *session, guint16 client_port, gpointer user_data,
			 GError **error);
	void (*play)(rtsp_session *session, gpointer user_data);
	void (*pause)(rtsp_session *session, gpointer user_data);
	void (*key_frame)(rtsp_session *session, gpointer user_data);
	void (*unplugged)(rtsp_session *session, gpointer user_data);
	void (*ended)(rtsp_session *session, enum channel_reason reason, const char *message,
		      gpointer user_data);
};

/**
 * rtsp_session_new - take a connected socket into use and send M1
 * @fd: borrowed: it is duplicated, and becomes non-blocking
 */
rtsp_session *rtsp_session_new(int fd, const struct rtsp_session_config *config,
			       const struct rtsp_session_funcs *funcs, gpointer user_data,
			       GError **error);
/* Closes our duplicate of the socket at once, without a word to the sink. */
void rtsp_session_free(rtsp_session *session);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(rtsp_session, rtsp_session_free)

/**
 * rtsp_session_select - the mode is chosen: M4, then M5 SETUP
 *
 * Once, after capabilities().
 */
void rtsp_session_select(rtsp_session *session, const struct wfd_selection *selection);

/**
 * rtsp_session_change_mode - M4 while playing
 * @pts: 90 kHz, of the first picture in the new mode
 *
 * Ends with mode_accepted() or, if the sink refuses, with ended().  FALSE if the
 * session does not play, or a change is already under way.
 */
gboolean rtsp_session_change_mode(rtsp_session *session, const struct wfd_selection *selection,
				  guint64 pts);

/**
 * rtsp_session_standby - put the sink into standby, or wake it (M12)
 *
 * Returns FALSE and does nothing if the sink has not offered standby: the owner
 * then goes on streaming, black.
 */
gboolean rtsp_session_standby(rtsp_session *session, gboolean on);

/**
 * rtsp_session_pause - have the sink pause, or play again (M5, then M9 or M7)
 *
 * Returns FALSE and does nothing if the session is not in a state for it.
 */
gboolean rtsp_session_pause(rtsp_session *session, gboolean paused);

/* Orderly end: M5 TEARDOWN where there is a session; ended() with STOPPED follows. */
void rtsp_session_teardown(rtsp_session *session);

/* The owner cannot go on: as rtsp_session_teardown(), but ended() gets @reason. */
void rtsp_session_fail(rtsp_session *session, enum channel_reason reason, const char *message);

G_END_DECLS
