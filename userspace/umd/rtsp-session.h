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
 *	latency SET_PARAMETER ----------->                  (sinks that manage theirs)
 *	                      <-----------  M13 IDR         key_frame()
 *	    rtsp_session_teardown()
 *	M5 trigger TEARDOWN   ----------->
 *	                      <-----------  M8 TEARDOWN     ended()
 *
 * Some sinks take one read of their socket for one message, and lose what came
 * with it.  So a request of ours keeps a distance (@gap) from what we sent before,
 * unless the sink has answered that and so has read it: M3 from the answer to M2,
 * a request in play from the answer to M7.  M3 waits for M2 as long as a sink may
 * take to send it; if its long form is refused, not answered, or answered with
 * nothing that could be used, its short form is tried.
 *
 * Everything runs in the thread-default main context of rtsp_session_new().
 * The reader is liberal, the writer strict; nothing that a sink sends makes it
 * use more than a bounded amount of memory.
 */
#pragma once

#include <gio/gio.h>

#include "channel.h"
#include "rtsp-message.h"
#include "wfd-caps.h"
#include "wfd-quirks.h"

G_BEGIN_DECLS

/**
 * struct rtsp_timers - how long things may take, milliseconds (6.5)
 * @response: answer to a request
 * @request: next request of the sink while the session is being set up, M2 among
 *	them, without which it goes on
 * @teardown: TEARDOWN of the sink after we have asked for it
 * @gap: from a message that the sink has perhaps not read yet to our next request
 * @second: length of a second of session timeout; tests shorten it
 */
struct rtsp_timers {
	guint response;
	guint request;
	guint teardown;
	guint gap;
	guint second;
};

/* 5 s, 6 s, 800 ms, 80 ms, 1 s. */
extern const struct rtsp_timers rtsp_timers_default;

/**
 * struct rtsp_session_config - borrowed for the call
 * @local_address: our numeric address, for wfd_presentation_URL
 * @quirk_table: kept for as long as the session lives, and not the session's
 * @friendly_name, @device_model, @device_address: of the sink as the broker knows it, for
 *	the quirks; the last two may be NULL
 * @m3_scope: how much M3 asks at first, unless the quirks want it short
 * @latency: what a sink that manages its latency ([MS-WFDPE] 2.4.1.1) is told with its first PLAY
 * @timers: NULL: the defaults
 */
struct rtsp_session_config {
	const char *local_address;
	const wfd_quirk_table *quirk_table;
	const char *friendly_name;
	const char *device_model;
	const char *device_address;
	enum wfd_m3_scope m3_scope;
	enum channel_latency latency;
	const struct rtsp_timers *timers;
};

typedef struct rtsp_session rtsp_session;

/**
 * enum rtsp_wish - what the source can ask of a sink in a session
 * @RTSP_WISH_STANDBY: M12; with the answer 200 the sink is in standby
 * @RTSP_WISH_PLAY: M5 PLAY; with the answer 200 M7 should follow
 */
enum rtsp_wish {
	RTSP_WISH_STANDBY,
	RTSP_WISH_PLAY,
};

/**
 * struct rtsp_session_funcs - what the owner hears
 * @identified: who the sink is, from headers; may come more than once
 * @answered: M1 was answered: somebody who speaks RTSP is there
 * @hung_up_on_m3: the sink has closed the connection instead of answering the long M3,
 *	and should be asked in short next time; ended() follows
 * @capabilities: M3 was answered; the owner answers with rtsp_session_select(),
 *	now or within a few seconds (sinks give up after 6)
 * @mode_accepted: M4 was answered with 200; @in_play: a change while playing
 * @mode_refused: M4 was refused, for these reasons (element struct
 *	wfd_param_error; perhaps none) and in these words.  Not @in_play, the owner
 *	selects another mode or ends the session; @in_play the mode stays
 * @setup: M6: RTP shall go to @client, and its reports come from there.  Fills
 *	@server with our own ports, both of them; or FALSE with @error set: the
 *	session ends
 * @play: M7 was answered, and the answer has been handed to the kernel: start or
 *	resume streaming, with a key frame first
 * @pause: M9 or standby: stop streaming, keep everything
 * @wish_answered: the answer to rtsp_session_ask(): whether with 200
 * @key_frame: M13
 * @latency: the sink wants that latency
 * @unplugged: M11: the sink has lost its panel; the session ends
 * @ended: exactly once, and the last call; from the main loop, never from
 *	within a call of the owner.  The session may be freed in it
 */
struct rtsp_session_funcs {
	void (*identified)(rtsp_session *session, const char *user_agent,
			   const struct wfd_quirks *quirks, gpointer user_data);
	void (*answered)(rtsp_session *session, gpointer user_data);
	void (*hung_up_on_m3)(rtsp_session *session, gpointer user_data);
	void (*capabilities)(rtsp_session *session, const wfd_sink_caps *caps,
			     const struct wfd_quirks *quirks, gpointer user_data);
	void (*mode_accepted)(rtsp_session *session, gboolean in_play, gpointer user_data);
	void (*mode_refused)(rtsp_session *session, gboolean in_play, const GArray *errors,
			     const char *why, gpointer user_data);
	gboolean (*setup)(rtsp_session *session, const struct rtsp_ports *client,
			  struct rtsp_ports *server, gpointer user_data, GError **error);
	void (*play)(rtsp_session *session, gpointer user_data);
	void (*pause)(rtsp_session *session, gpointer user_data);
	void (*wish_answered)(rtsp_session *session, enum rtsp_wish wish, gboolean accepted,
			      gpointer user_data);
	void (*key_frame)(rtsp_session *session, gpointer user_data);
	void (*latency)(rtsp_session *session, enum channel_latency latency, gpointer user_data);
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
 * Once after capabilities(), and once after each mode_refused() not in play.
 */
void rtsp_session_select(rtsp_session *session, const struct wfd_selection *selection);

/**
 * rtsp_session_change_mode - M4 while playing
 * @pts: 90 kHz, of the first picture in the new mode
 *
 * Ends with mode_accepted() or mode_refused().  FALSE if the session does not
 * play, or a change is already under way.
 */
gboolean rtsp_session_change_mode(rtsp_session *session, const struct wfd_selection *selection,
				  guint64 pts);

/**
 * rtsp_session_ask - ask the sink to go into standby, or to play
 *
 * wish_answered() follows, and then pause() has been called for a standby, or play()
 * will be when M7 comes.  FALSE if the session is in no state for it: standby is for
 * one that plays, playing for one that does not, and either only once at a time.
 */
gboolean rtsp_session_ask(rtsp_session *session, enum rtsp_wish wish);

/**
 * rtsp_session_play_unasked - stream again though the sink has not asked for it
 *
 * For sinks that do not answer M5 PLAY with M7; play() is called. If M7 comes all the
 * same, pause() and play() are.
 */
void rtsp_session_play_unasked(rtsp_session *session);

/* Orderly end: M5 TEARDOWN where there is a session; ended() with STOPPED follows. */
void rtsp_session_teardown(rtsp_session *session);

/* The owner cannot go on: as rtsp_session_teardown(), but ended() gets @reason. */
void rtsp_session_fail(rtsp_session *session, enum channel_reason reason, const char *message);

G_END_DECLS
