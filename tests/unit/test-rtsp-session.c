// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The RTSP dialogue against sinks of all kinds.
 */
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "rtsp-connection.h"
#include "rtsp-script.h"

#define OK "200 OK\r\n"
#define CAPS_BODY \
	"wfd_video_formats: 00 00 02 10 0001FFFF 3FFFFFFF 00000FFF 00 0000 0000 11 none none\r\n" \
	"wfd_audio_codecs: LPCM 00000003 00, AAC 00000001 00\r\n" \
	"wfd_client_rtp_ports: RTP/AVP/UDP;unicast 19000 0 mode=play\r\n" \
	"wfd_standby_resume_capability: supported\r\n"

/* The steps of a session that goes well. */
#define M1 \
	{ EXPECT, "OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n|Require: org.wfa.wfd1.0\r\n" }, \
	{ ANSWER, OK "Public: org.wfa.wfd1.0, GET_PARAMETER, SET_PARAMETER\r\n\r\n" }
#define M2 \
	{ SEND, "OPTIONS * RTSP/1.0\r\nCSeq: 0\r\nRequire: org.wfa.wfd1.0\r\n" \
		"User-Agent: script/1\r\n\r\n" }, \
	{ EXPECT, "RTSP/1.0 200 OK\r\n|CSeq: 0\r\n|Public: org.wfa.wfd1.0, SET_PARAMETER, " \
		  "GET_PARAMETER, SETUP, PLAY, PAUSE, TEARDOWN\r\n" }
#define M3_REQUEST \
	{ EXPECT, "GET_PARAMETER rtsp://localhost/wfd1.0 RTSP/1.0\r\nCSeq: 2\r\n|" \
		  "Content-Type: text/parameters\r\n|wfd_video_formats\r\n|wfd_audio_codecs\r\n|" \
		  "wfd_client_rtp_ports\r\n" }
#define M3 M3_REQUEST, { ANSWER, OK "Content-Type: text/parameters\r\n\r\n" CAPS_BODY }
/* What every sink knows, and nothing else. */
#define M3_SHORT \
	{ EXPECT, "GET_PARAMETER |Content-Length: 59\r\n|\r\n\r\nwfd_video_formats\r\n" \
		  "wfd_audio_codecs\r\nwfd_client_rtp_ports\r\n" }
#define M4_REQUEST \
	{ EXPECT, "SET_PARAMETER rtsp://localhost/wfd1.0 RTSP/1.0\r\nCSeq: 3\r\n|" \
		  "wfd_video_formats: 00 00 |wfd_audio_codecs: |" \
		  "wfd_presentation_URL: rtsp://127.0.0.1/wfd1.0/streamid=0 none\r\n|" \
		  "wfd_client_rtp_ports: RTP/AVP/UDP;unicast 19000 0 mode=play\r\n" }
#define M4 M4_REQUEST, { ANSWER, OK "\r\n" }
#define M5_REQUEST { EXPECT, "SET_PARAMETER |wfd_trigger_method: SETUP\r\n" }
#define M5 M5_REQUEST, { ANSWER, OK "\r\n" }
#define M6_SEND(transport) \
	{ SEND, "SETUP rtsp://127.0.0.1/wfd1.0/streamid=0 RTSP/1.0\r\nCSeq: 2\r\n" \
		"Transport: " transport "\r\n\r\n" }
#define M6 \
	M6_SEND("RTP/AVP/UDP;unicast;client_port=19000"), \
	{ EXPECT, "RTSP/1.0 200 OK\r\n|CSeq: 2\r\n|;timeout=|" \
		  "Transport: RTP/AVP/UDP;unicast;client_port=19000;server_port=5000\r\n" }
#define M7_SEND \
	{ SEND, "PLAY rtsp://127.0.0.1/wfd1.0/streamid=0 RTSP/1.0\r\nCSeq: 3\r\n" \
		"Session: 12345678\r\n\r\n" }
#define M7 M7_SEND, { EXPECT, "RTSP/1.0 200 OK\r\n|CSeq: 3\r\n" }
#define UP_TO_PLAY M1, M2, M3, M4, M5, M6, M7
#define STREAM "rtsp://127.0.0.1/wfd1.0/streamid=0 RTSP/1.0\r\nCSeq: 9\r\n\r\n"

/* ----------------------------------------------------------------- the scripts */

static void call_select(rtsp_session *session)
{
	rtsp_session_select(session, &selection);
}

static void call_change_mode(rtsp_session *session)
{
	g_assert_true(rtsp_session_change_mode(session, &selection, 0x123456780));
	/* One at a time. */
	g_assert_false(rtsp_session_change_mode(session, &selection, 0x123456780));
}

static void call_standby(rtsp_session *session)
{
	g_assert_true(rtsp_session_ask(session, RTSP_WISH_STANDBY));
	/* One at a time, and nothing to wake yet. */
	g_assert_false(rtsp_session_ask(session, RTSP_WISH_STANDBY));
	g_assert_false(rtsp_session_ask(session, RTSP_WISH_PLAY));
}

static void call_wake(rtsp_session *session)
{
	g_assert_true(rtsp_session_ask(session, RTSP_WISH_PLAY));
	g_assert_false(rtsp_session_ask(session, RTSP_WISH_PLAY));
}

static void call_fail(rtsp_session *session)
{
	rtsp_session_fail(session, CHANNEL_REASON_PIPELINE_FAILED, "the encoder burns");
}

#define SET_LATENCY(cseq, length, word) \
	{ SEND, "SET_PARAMETER rtsp://localhost/wfd1.0 RTSP/1.0\r\nCSeq: " cseq "\r\n" \
		"Content-Type: text/parameters\r\nContent-Length: " length "\r\n\r\n" \
		"microsoft_latency_management_capability: " word "\r\n" }, \
	{ EXPECT, "RTSP/1.0 200 OK\r\n|CSeq: " cseq "\r\n" }

/* Up to what a sink is told that manages its latency, behind the answer to M7. */
#define MANAGED_LATENCY \
	M1, M2, M3_REQUEST, \
	{ ANSWER, OK "Content-Type: text/parameters\r\n\r\n" CAPS_BODY \
		     "microsoft_latency_management_capability: supported\r\n" }, \
	M4, M5, M6, M7, \
	{ EXPECT, "SET_PARAMETER |microsoft_latency_management_capability: low\r\n" }

#define HEADER64 "X-Header: 01234567890123456789012345678901234567890123456789012\r\n"

#define X4 "X: y\r\nX: y\r\nX: y\r\nX: y\r\n"
#define X16 X4 X4 X4 X4

#define STEPS (const struct step[])

static const struct step good[] = {
	UP_TO_PLAY,
	{ EVENTS, "identified script/1,capabilities,mode,setup 19000,play," },
	{ SEND, "SET_PARAMETER rtsp://localhost/wfd1.0 RTSP/1.0\r\nCSeq: 4\r\n"
		"Content-Type: text/parameters\r\nContent-Length: 17\r\n\r\nwfd_idr_request\r\n" },
	{ EXPECT, "RTSP/1.0 200 OK\r\n|CSeq: 4\r\n" },
	{ EVENTS, "key frame," },
	{ EXPECT, "GET_PARAMETER rtsp://localhost/wfd1.0 |Session: " },
	{ ANSWER, OK "\r\n" },
	{ CALL, .call = rtsp_session_teardown },
	{ EXPECT, "SET_PARAMETER |wfd_trigger_method: TEARDOWN\r\n" },
	{ ANSWER, OK "\r\n" },
	{ SEND, "TEARDOWN " STREAM },
	{ EXPECT, "RTSP/1.0 200 OK\r\n" },
	{ ENDED, "stopped" },
	{ DONE },
};

static const struct test tests[] = {
	{ "good", good },
	{ "m2-first", STEPS{ { EXPECT, "OPTIONS *" },
			     { SEND, "OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n" },
			     { EXPECT, "RTSP/1.0 200 OK\r\n|CSeq: 1" },
			     { ANSWER, OK "\r\n" },
			     M3,
			     M4_REQUEST,
			     { DONE } } },
	/* As long as a sink may take. */
	{ "m2-never", STEPS{ M1, { ALONE, .number = 350 }, M3, M4_REQUEST, { DONE } } },
	{ "select-late", STEPS{ M1, M2, M3, { SLEEP, .number = 100 }, { CALL, .call = call_select },
				M4, M5, M6, M7, { DONE } }, TRUE },
	{ "setup-before-m5-answer",
	  STEPS{ M1, M2, M3, M4, M5_REQUEST, M6, { ANSWER, OK "\r\n" }, M7, { DONE } } },
	{ "byte-by-byte",
	  STEPS{ { EXPECT, "OPTIONS *" }, { TRICKLE, OK "Public: x\r\n\r\n" }, M2, M3_REQUEST,
		 { TRICKLE, OK "Content-Type: text/parameters\r\n\r\n" CAPS_BODY }, M4_REQUEST,
		 { DONE } } },
	{ "answers-out-of-order",
	  STEPS{ UP_TO_PLAY, { EXPECT, "GET_PARAMETER |CSeq: 5" }, { CALL, .call = call_change_mode },
		 { EXPECT, "SET_PARAMETER |CSeq: 6" }, { SEND, "RTSP/1.0 200 OK\r\nCSeq: 6\r\n\r\n" },
		 { EVENTS, "identified script/1,capabilities,mode,setup 19000,play,new mode," },
		 { SEND, "RTSP/1.0 200 OK\r\nCSeq: 5\r\n\r\n" }, { SLEEP, .number = 50 },
		 { CALL, .call = rtsp_session_teardown }, { EXPECT, "TEARDOWN" }, { DONE } } },

	/* Refusals. */
	{ "refuse-m1", STEPS{ { EXPECT, "OPTIONS *" }, { ANSWER, "404 Not Found\r\n\r\n" },
			      { ENDED, "request-refused|M1|404" }, { DONE } } },
	{ "refuse-m3", STEPS{ M1, M2, M3_REQUEST, { ANSWER, "451 Parameter Not Understood\r\n\r\n" },
			      M3_SHORT, { ANSWER, "451 Parameter Not Understood\r\n\r\n" },
			      { ENDED, "request-refused|M3|451" }, { DONE } } },
	{ "refuse-long-m3",
	  STEPS{ M1, M2, M3_REQUEST, { ANSWER, "404 Not Found\r\n\r\n" }, M3_SHORT,
		 { ANSWER, OK "\r\n" CAPS_BODY },
		 { EXPECT, "SET_PARAMETER |CSeq: 4|wfd_video_formats: " }, { DONE } } },
	{ "refuse-m4",
	  STEPS{ M1, M2, M3, M4_REQUEST,
		 { ANSWER, "303 See Other\r\nContent-Type: text/parameters\r\n\r\n"
			   "wfd_video_formats: 457, 415\r\n" },
		 { ENDED, "mode-refused|wfd_video_formats|457|415" }, { DONE } } },
	{ "refuse-m4-once",
	  STEPS{ M1, M2, M3, M4_REQUEST,
		 { ANSWER, "303 See Other\r\nContent-Type: text/parameters\r\n\r\n"
			   "wfd_audio_codecs: 415\r\nwfd_video_formats: 457\r\n" },
		 { EVENTS, "identified script/1,capabilities,mode refused (303 See Other: "
			   "wfd_audio_codecs: audio or video format not supported (415); "
			   "wfd_video_formats: H.264 profile or level not supported (457)) for "
			   "wfd_audio_codecs wfd_video_formats," },
		 { EXPECT, "SET_PARAMETER |CSeq: 4\r\n|wfd_video_formats: 00 00 " },
		 { ANSWER, "400 Bad Request\r\n\r\n" },
		 { EXPECT, "SET_PARAMETER |CSeq: 5\r\n|wfd_video_formats: 00 00 " },
		 { ANSWER, OK "\r\n" }, M5, M6, M7, { DONE } }, .select_again = TRUE },
	{ "refuse-m5", STEPS{ M1, M2, M3, M4, M5_REQUEST, { ANSWER, "406 Not Acceptable\r\n\r\n" },
			      { ENDED, "request-refused|M5|406" }, { DONE } } },
	{ "refuse-m16-goes-on",
	  STEPS{ UP_TO_PLAY, { EXPECT, "GET_PARAMETER " }, { ANSWER, "405 Method Not Allowed\r\n\r\n" },
		 { SLEEP, .number = 900 }, { CALL, .call = rtsp_session_teardown },
		 { EXPECT, "wfd_trigger_method: TEARDOWN" }, { DONE } } },
	{ "refuse-mode-change",
	  STEPS{ UP_TO_PLAY, { CALL, .call = call_change_mode },
		 { EXPECT, "SET_PARAMETER |wfd_av_format_change_timing: " },
		 { EVENTS, "identified script/1,capabilities,mode,setup 19000,play," },
		 { ANSWER, "303 See Other\r\n\r\nwfd_video_formats: 552\r\n" },
		 { EVENTS, "new mode refused (303 See Other: wfd_video_formats: resolution change "
			   "refused (552)) for wfd_video_formats," },
		 /* The old one is kept, and another may be tried. */
		 { CALL, .call = call_change_mode },
		 { EXPECT, "SET_PARAMETER |wfd_av_format_change_timing: " }, { ANSWER, OK "\r\n" },
		 { EVENTS, "new mode," }, { DONE } } },

	/* Latency, of sinks that manage theirs and of others. */
	{ "latency-told", STEPS{ MANAGED_LATENCY, { ANSWER, OK "\r\n" }, { EXPECT, "GET_PARAMETER " },
				 { ANSWER, OK "\r\n" }, { CALL, .call = rtsp_session_teardown },
				 { EXPECT, "TEARDOWN" }, { DONE } } },
	{ "latency-told-once",
	  STEPS{ MANAGED_LATENCY, { ANSWER, OK "\r\n" },
		 { SEND, "PAUSE " STREAM }, { EXPECT, "RTSP/1.0 200 OK\r\n" }, M7,
		 { EXPECT, "GET_PARAMETER " }, { DONE } } },
	{ "latency-refused",
	  STEPS{ MANAGED_LATENCY, { ANSWER, "451 Parameter Not Understood\r\n\r\n" },
		 { EXPECT, "GET_PARAMETER " }, { ANSWER, OK "\r\n" }, { CALL, .call = rtsp_session_teardown },
		 { EXPECT, "TEARDOWN" }, { DONE } } },
	{ "latency-unanswered",
	  STEPS{ MANAGED_LATENCY, { SLEEP, .number = 600 }, { CALL, .call = rtsp_session_teardown },
		 { EXPECT, "TEARDOWN" }, { DONE } }, .quirks = "[mine]\nname=script\nkeep-alive=off\n" },
	{ "latency-wanted",
	  STEPS{ UP_TO_PLAY, { EVENTS, "identified script/1,capabilities,mode,setup 19000,play," },
		 SET_LATENCY("4", "47", "high"), { EVENTS, "latency high," },
		 SET_LATENCY("5", "46", "Low"), { EVENTS, "latency low," },
		 SET_LATENCY("6", "46", "lol"), SET_LATENCY("7", "43", ""), { EVENTS, "" },
		 { EXPECT, "GET_PARAMETER " }, { DONE } } },

	/* Silence. */
	{ "silent-m1", STEPS{ { EXPECT, "OPTIONS *" }, { ENDED, "response-timeout|M1" }, { DONE } } },
	{ "silent-m3",
	  STEPS{ M1, M2, M3_REQUEST, M3_SHORT, { ENDED, "response-timeout|M3" }, { DONE } } },
	{ "hung-up-on-m3",
	  STEPS{ M1, M2, M3_REQUEST, { CLOSE }, { ENDED, "sink-vanished" },
		 { EVENTS, "identified script/1,hung up on m3," }, { DONE } } },
	{ "hung-up-on-short-m3",
	  STEPS{ M1, M2, M3_REQUEST, M3_SHORT, { CLOSE }, { ENDED, "sink-vanished" },
		 { EVENTS, "identified script/1," }, { DONE } } },
	{ "hung-up-in-m3",
	  STEPS{ M1, M2, M3_REQUEST, { SEND, "RTSP/1.0 200" }, { CLOSE }, { ENDED, "sink-vanished" },
		 { EVENTS, "identified script/1," }, { DONE } } },
	{ "m3-short-at-once",
	  STEPS{ M1, M2, { EXPECT, "CSeq: 2|Content-Length: 59\r\n" }, { ANSWER, OK "\r\n" CAPS_BODY },
		 M4, M5, { DONE } }, .m3_scope = WFD_M3_MINIMAL },
	{ "m3-short-by-quirk",
	  STEPS{ M1, M2, { EXPECT, "CSeq: 2|Content-Length: 59\r\n" }, { ANSWER, OK "\r\n" CAPS_BODY },
		 M4, M5, { DONE } }, .quirks = "[mine]\nname=script\nshort-m3=true\n" },
	/* It is known who the sink is with its M2, which comes before M3. */
	{ "m3-short-by-agent",
	  STEPS{ M1, M2, { EXPECT, "CSeq: 2|Content-Length: 59\r\n" }, { ANSWER, OK "\r\n" CAPS_BODY },
		 M4, M5, { DONE } }, .quirks = "[mine]\nuser-agent=script\nshort-m3=true\n" },
	{ "lost-m3",
	  STEPS{ M1, M2, M3_REQUEST, M3_SHORT, { ANSWER, OK "\r\n" CAPS_BODY },
		 { EXPECT, "SET_PARAMETER |CSeq: 4|wfd_video_formats: " }, { DONE } } },
	{ "late-m3",
	  STEPS{ M1, M2, M3_REQUEST, M3_SHORT,
		 { SEND, "RTSP/1.0 200 OK\r\nCSeq: 2\r\nContent-Length: 241\r\n\r\n" CAPS_BODY },
		 { EVENTS, "identified script/1,capabilities," }, { ANSWER, OK "\r\n" CAPS_BODY },
		 { EXPECT, "SET_PARAMETER |CSeq: 4|wfd_video_formats: " }, { ANSWER, OK "\r\n" },
		 M5_REQUEST, { EVENTS, "mode," }, { DONE } } },
	{ "silent-m4",
	  STEPS{ M1, M2, M3, M4_REQUEST, { ENDED, "response-timeout|M4" }, { DONE } } },
	{ "silent-m5",
	  STEPS{ M1, M2, M3, M4, M5_REQUEST, { ENDED, "response-timeout|M5" }, { DONE } } },
	{ "silent-m6",
	  STEPS{ M1, M2, M3, M4, M5, { ENDED, "request-timeout|M6" }, { DONE } } },
	{ "silent-m7",
	  STEPS{ M1, M2, M3, M4, M5, M6, { ENDED, "request-timeout|M7" }, { DONE } } },
	{ "silent-m8",
	  STEPS{ UP_TO_PLAY, { CALL, .call = rtsp_session_teardown }, { EXPECT, "TEARDOWN" },
		 { ANSWER, OK "\r\n" }, { ENDED, "stopped|M8" }, { DONE } } },
	{ "silent-m16",
	  STEPS{ UP_TO_PLAY, { EXPECT, "GET_PARAMETER " }, { ENDED, "keepalive-lost|M16" },
		 { DONE } } },
	{ "silent-mode-change",
	  STEPS{ UP_TO_PLAY, { CALL, .call = call_change_mode }, { EXPECT, "SET_PARAMETER " },
		 { ENDED, "response-timeout|M4" }, { DONE } } },

	/* Nonsense. */
	{ "garbage", STEPS{ { EXPECT, "OPTIONS *" }, { SEND, "\x01\xff\x7f nonsense\r\n\r\n" },
			    { ENDED, "protocol-error" }, { DONE } } },
	{ "answer-without-cseq", STEPS{ { EXPECT, "OPTIONS *" }, { SEND, "RTSP/1.0 200 OK\r\n\r\n" },
					M2, M3_REQUEST, { DONE } } },
	{ "answer-to-nothing",
	  STEPS{ { EXPECT, "OPTIONS *" }, { SEND, "RTSP/1.0 200 OK\r\nCSeq: 77\r\n\r\n" },
		 { ENDED, "response-timeout|M1" }, { DONE } } },
	{ "http", STEPS{ { EXPECT, "OPTIONS *" }, { SEND, "GET / HTTP/1.1\r\nHost: x\r\n\r\n" },
			 { ENDED, "protocol-error" }, { DONE } } },
	{ "data-frame", STEPS{ M1, { FLOOD, "$\x01\x10\x10xxxxxxxxxxxxxxxx", .number = 2 * RTSP_MAX_HEAD },
			       { ENDED, "protocol-error" }, { DONE } } },
	{ "oversize-body",
	  STEPS{ M1, M2, M3_REQUEST,
		 { SEND, "RTSP/1.0 200 OK\r\nCSeq: 2\r\nContent-Length: 999999999\r\n\r\nx" },
		 { ENDED, "protocol-error" }, { DONE } } },
	{ "negative-body",
	  STEPS{ M1, M2, M3_REQUEST,
		 { SEND, "RTSP/1.0 200 OK\r\nCSeq: 2\r\nContent-Length: -1\r\n\r\nx" },
		 { ENDED, "protocol-error" }, { DONE } } },
	{ "endless-headers",
	  STEPS{ UP_TO_PLAY, { SEND, "SET_PARAMETER x RTSP/1.0\r\n" },
		 { FLOOD, HEADER64 HEADER64 HEADER64 HEADER64 HEADER64 HEADER64 HEADER64 HEADER64,
		   .number = 8 * RTSP_MAX_HEAD },
		 { ENDED, "protocol-error|more than" }, { DONE } } },
	{ "too-many-headers",
	  STEPS{ { EXPECT, "OPTIONS *" },
		 { SEND, "RTSP/1.0 200 OK\r\nCSeq: 1\r\n" X16 X16 X16 X16 "\r\n" },
		 { ENDED, "protocol-error|64 headers" }, { DONE } } },
	{ "capabilities-empty", STEPS{ M1, M2, M3_REQUEST, { ANSWER, OK "\r\n" }, M3_SHORT,
				       { ANSWER, OK "\r\n" },
				       { ENDED, "capabilities-invalid" }, { DONE } } },
	{ "capabilities-garbage",
	  STEPS{ M1, M2, M3_REQUEST, { ANSWER, OK "\r\n\x01\x02\x03" }, M3_SHORT,
		 { ANSWER, OK "\r\n\x01\x02\x03" },
		 { ENDED, "capabilities-invalid" }, { DONE } } },
	{ "half-a-message", STEPS{ { EXPECT, "OPTIONS *" }, { SEND, "RTSP/1.0 200 O" }, { CLOSE },
				   { ENDED, "sink-vanished" }, { DONE } } },
	{ "bad-set-parameter",
	  STEPS{ UP_TO_PLAY,
		 { SEND, "SET_PARAMETER x RTSP/1.0\r\nCSeq: 5\r\nContent-Length: 3\r\n\r\n\x01\r\n" },
		 { EXPECT, "RTSP/1.0 400 |CSeq: 5\r\n" }, { DONE } } },
	{ "unknown-parameter",
	  STEPS{ UP_TO_PLAY,
		 { SEND, "SET_PARAMETER x RTSP/1.0\r\nCSeq: 5\r\nContent-Length: 29\r\n\r\n"
			 "wfd_uibc_setting: enable\r\nx\r\n" },
		 { EXPECT, "RTSP/1.0 303 |CSeq: 5\r\n|wfd_uibc_setting: 404\r\n|x: 404\r\n" },
		 { DONE } } },
	{ "other-methods",
	  STEPS{ UP_TO_PLAY, { SEND, "DESCRIBE " STREAM }, { EXPECT, "RTSP/1.0 405 |CSeq: 9\r\n|Allow: OPTIONS, SET_PARAMETER, GET_PARAMETER, SETUP, "
			   "PLAY, PAUSE, TEARDOWN\r\n" },
		 { SEND, "SETUP " STREAM }, { EXPECT, "RTSP/1.0 455 |CSeq: 9\r\n" },
		 { SEND, "GET_PARAMETER " STREAM }, { EXPECT, "RTSP/1.0 200 |CSeq: 9\r\n" },
		 { DONE } } },
	{ "too-early",
	  STEPS{ M1, { SEND, "PLAY " STREAM }, { EXPECT, "RTSP/1.0 455 " },
		 { SEND, "PAUSE " STREAM }, { EXPECT, "RTSP/1.0 455 " },
		 { SEND, "SETUP " STREAM }, { EXPECT, "RTSP/1.0 455 " }, { DONE } } },

	/* Messages do not come together. */
	{ "m3-keeps-its-distance", STEPS{ M1, M2, { ALONE, .number = 100 }, M3, M4, M5, { DONE } },
	  .gap = 200 },
	{ "m2-first-and-at-once",
	  STEPS{ { EXPECT, "OPTIONS *" },
		 { SEND, "OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\nRTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n" },
		 { EXPECT, "RTSP/1.0 200 OK\r\n|CSeq: 1" }, { ALONE, .number = 100 }, M3_REQUEST,
		 { DONE } }, .gap = 200 },
	{ "requests-in-play-keep-their-distance",
	  STEPS{ UP_TO_PLAY, { CALL, .call = call_change_mode }, { CALL, .call = call_standby },
		 { ALONE, .number = 100 }, { EXPECT, "SET_PARAMETER |wfd_av_format_change_timing: " },
		 { ALONE, .number = 100 }, { EXPECT, "SET_PARAMETER |wfd_standby\r\n" },
		 { CALL, .call = rtsp_session_teardown }, { ANSWER, OK "\r\n" },
		 { AT_ONCE, "wfd_trigger_method: TEARDOWN\r\n", .number = 150 }, { DONE } },
	  .gap = 200 },
	/* What is answered has been read: nothing waits for anything but M3. */
	{ "no-distance-from-what-was-answered",
	  STEPS{ M1, M2, M3_REQUEST, { ANSWER, OK "\r\n" CAPS_BODY },
		 { AT_ONCE, "SET_PARAMETER |wfd_video_formats: ", .number = 700 },
		 { ANSWER, OK "\r\n" },
		 { AT_ONCE, "SET_PARAMETER |wfd_trigger_method: SETUP\r\n", .number = 700 },
		 { DONE } }, .gap = 1000 },

	/* M6 and the stream. */
	{ "port-pair",
	  STEPS{ M1, M2, M3, M4, M5, M6_SEND("RTP/AVP/UDP;unicast;client_port=19000-19001"),
		 { EXPECT, "RTSP/1.0 200 OK\r\n|Transport: RTP/AVP/UDP;unicast;"
			   "client_port=19000-19001;server_port=5000-5001\r\n" },
		 { EVENTS, "identified script/1,capabilities,mode,setup 19000-19001," }, { DONE } } },
	{ "port-pair-of-one",
	  STEPS{ M1, M2, M3, M4, M5, M6_SEND("RTP/AVP/UDP;unicast;client_port=19000-0"),
		 { EXPECT, "Transport: RTP/AVP/UDP;unicast;client_port=19000;server_port=5000\r\n" },
		 { DONE } } },
	/* Without M16 a sink that counts on a time would end the session. */
	{ "no-keep-alive-no-timeout",
	  STEPS{ M1, { SEND, "OPTIONS * RTSP/1.0\r\nCSeq: 0\r\nUser-Agent: MSFT-WDD/10\r\n\r\n" },
		 { EXPECT, "RTSP/1.0 200 OK\r\n" }, M3, M4, M5,
		 M6_SEND("RTP/AVP/UDP;unicast;client_port=19000"),
		 { EXPECT, "RTSP/1.0 200 OK\r\n|Session: |!timeout" }, M7,
		 { ALONE, .number = 600 }, { DONE } } },
	{ "transport-tcp",
	  STEPS{ M1, M2, M3, M4, M5, M6_SEND("RTP/AVP/TCP;unicast;interleaved=0-1"),
		 { EXPECT, "RTSP/1.0 461 " }, { ENDED, "transport-refused|RTP/AVP/TCP" }, { DONE } } },
	{ "transport-none",
	  STEPS{ M1, M2, M3, M4, M5, { SEND, "SETUP " STREAM }, { EXPECT, "RTSP/1.0 461 " },
		 { ENDED, "transport-refused" }, { DONE } } },
	{ "setup-fails",
	  STEPS{ M1, M2, M3, M4, M5, M6_SEND("RTP/AVP/UDP;unicast;client_port=666"),
		 { EXPECT, "RTSP/1.0 500 " }, { ENDED, "pipeline-failed|no encoder" }, { DONE } } },
	{ "pause-and-play",
	  STEPS{ UP_TO_PLAY, { EVENTS, "identified script/1,capabilities,mode,setup 19000,play," },
		 { SEND, "PLAY " STREAM }, { EXPECT, "RTSP/1.0 406 in-play-state\r\n" },
		 { SEND, "PAUSE " STREAM }, { EXPECT, "RTSP/1.0 200 " },
		 { SEND, "PAUSE " STREAM }, { EXPECT, "RTSP/1.0 406 in-pause-state\r\n" },
		 { EVENTS, "pause," }, { SEND, "PLAY " STREAM }, { EXPECT, "RTSP/1.0 200 " },
		 { EVENTS, "play," }, { DONE } } },
	{ "standby",
	  STEPS{ UP_TO_PLAY, { EVENTS, "identified script/1,capabilities,mode,setup 19000,play," },
		 { CALL, .call = call_standby }, { EXPECT, "SET_PARAMETER |\r\n\r\nwfd_standby\r\n" },
		 { EVENTS, "" }, { ANSWER, OK "\r\n" }, { EVENTS, "pause,standby accepted," },
		 { CALL, .call = call_wake }, { EXPECT, "wfd_trigger_method: PLAY\r\n" },
		 { ANSWER, OK "\r\n" }, { EVENTS, "playing accepted," },
		 { SEND, "PLAY " STREAM }, { EXPECT, "RTSP/1.0 200 " }, { EVENTS, "play," },
		 { DONE } } },
	{ "refuse-standby",
	  STEPS{ UP_TO_PLAY, { EVENTS, "identified script/1,capabilities,mode,setup 19000,play," },
		 { CALL, .call = call_standby }, { EXPECT, "wfd_standby\r\n" },
		 { ANSWER, "406 Not Acceptable\r\n\r\n" }, { EVENTS, "standby refused," },
		 /* It plays as before. */
		 { SEND, "PLAY " STREAM }, { EXPECT, "RTSP/1.0 406 in-play-state\r\n" },
		 { CALL, .call = call_change_mode }, { EXPECT, "SET_PARAMETER " }, { DONE } } },
	{ "refuse-play",
	  STEPS{ UP_TO_PLAY, { EVENTS, "identified script/1,capabilities,mode,setup 19000,play," },
		 { CALL, .call = call_standby }, { EXPECT, "wfd_standby\r\n" }, { ANSWER, OK "\r\n" },
		 { EVENTS, "pause,standby accepted," }, { CALL, .call = call_wake },
		 { EXPECT, "wfd_trigger_method: PLAY\r\n" },
		 { ANSWER, "406 Not Acceptable\r\n\r\n" }, { EVENTS, "playing refused," },
		 { CALL, .call = rtsp_session_play_unasked }, { EVENTS, "play," },
		 /* Now it asks; it gets a beginning. */
		 { SEND, "PLAY " STREAM }, { EXPECT, "RTSP/1.0 200 " }, { EVENTS, "pause,play," },
		 { SEND, "PLAY " STREAM }, { EXPECT, "RTSP/1.0 406 " }, { DONE } } },
	{ "sink-standby",
	  STEPS{ UP_TO_PLAY, { EVENTS, "identified script/1,capabilities,mode,setup 19000,play," },
		 { SEND, "SET_PARAMETER x RTSP/1.0\r\nCSeq: 5\r\nContent-Length: 13\r\n\r\n"
			 "wfd_standby\r\n" },
		 { EXPECT, "RTSP/1.0 200 " }, { EVENTS, "pause," }, { SEND, "PLAY " STREAM },
		 { EXPECT, "RTSP/1.0 200 " }, { EVENTS, "play," }, { DONE } } },
	{ "mode-change",
	  STEPS{ UP_TO_PLAY, { EVENTS, "identified script/1,capabilities,mode,setup 19000,play," },
		 { CALL, .call = call_change_mode },
		 { EXPECT, "SET_PARAMETER |wfd_video_formats: |wfd_av_format_change_timing: " },
		 { ANSWER, OK "\r\n" }, { EVENTS, "new mode," }, { DONE } } },

	/* Endings. */
	{ "sink-leaves",
	  STEPS{ UP_TO_PLAY,
		 { SEND, "TEARDOWN x RTSP/1.0\r\nCSeq: 5\r\nContent-Length: 47\r\n\r\n"
			 "microsoft_teardown_reason: C00D4278 no packets\r\n" },
		 { EXPECT, "RTSP/1.0 200 " },
		 { ENDED, "sink-left|no RTP packet came for 2 minutes|C00D4278" }, { DONE } } },
	{ "R71-unplugged",
	  STEPS{ UP_TO_PLAY,
		 { SEND, "SET_PARAMETER x RTSP/1.0\r\nCSeq: 5\r\nContent-Length: 24\r\n\r\n"
			 "wfd_connector_type: 05\r\n" },
		 { EXPECT, "RTSP/1.0 200 |CSeq: 5\r\n" },
		 { SEND, "SET_PARAMETER x RTSP/1.0\r\nCSeq: 6\r\nContent-Length: 26\r\n\r\n"
			 "wfd_connector_type: none\r\n" },
		 { EXPECT, "RTSP/1.0 200 |CSeq: 6\r\n" },
		 { EXPECT, "wfd_trigger_method: TEARDOWN\r\n" }, { ANSWER, OK "\r\n" },
		 { SEND, "TEARDOWN " STREAM }, { EXPECT, "RTSP/1.0 200 " },
		 { ENDED, "sink-left|unplugged" }, { DONE } } },
	{ "fail-says-goodbye",
	  STEPS{ UP_TO_PLAY, { CALL, .call = call_fail }, { EXPECT, "TEARDOWN" },
		 { ANSWER, OK "\r\n" }, { SEND, "TEARDOWN " STREAM }, { EXPECT, "RTSP/1.0 200 " },
		 { ENDED, "pipeline-failed|the encoder burns" }, { DONE } } },
	{ "stop-early", STEPS{ M1, M2, M3_REQUEST, { CALL, .call = rtsp_session_teardown },
			       { ENDED, "stopped" }, { DONE } } },
	{ "stop-at-once",
	  STEPS{ { CALL, .call = rtsp_session_teardown }, { ENDED, "stopped" }, { DONE } } },
};

#define MANY 100

/*
 * A sink that does not read: its answer to PLAY waits for the kernel to take what was
 * sent before, and so does the stream, which would overtake it.
 */
static void test_play_waits_for_its_answer(void)
{
	static const struct step before[] = { M1, M2, M3, M4, M5, M6, { DONE } };
	static const char options[] = "OPTIONS * RTSP/1.0\r\nCSeq: 77\r\n\r\n";
	static const char play_request[] = "PLAY " STREAM;
	struct rtsp_timers timers = script_timers;
	g_autoptr(wfd_quirk_table) quirks = wfd_quirk_table_new();
	const struct rtsp_session_config config = {
		.local_address = "127.0.0.1",
		.quirk_table = quirks,
		.timers = &timers,
	};
	g_autoptr(GError) error = NULL;
	struct fixture f = { 0 };
	const int small = 1;
	int pair[2];

	timers.second = 1000;
	f.received = g_string_new(NULL);
	f.events = g_string_new(NULL);
	g_assert_no_errno(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
	/* The kernel's least, some kilobytes. */
	g_assert_no_errno(setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof(small)));
	f.sink = pair[1];
	f.session = rtsp_session_new(pair[0], &config, &script_funcs, &f, &error);
	g_assert_no_error(error);
	run_steps(&f, before);
	g_string_truncate(f.events, 0);

	for (guint i = 0; i < MANY; i++)
		g_assert_cmpint(send(f.sink, options, strlen(options), 0), ==, strlen(options));
	g_assert_cmpint(send(f.sink, play_request, strlen(play_request), 0), ==, strlen(play_request));
	for (gint64 until = g_get_monotonic_time() + 200000; g_get_monotonic_time() < until;) {
		if (!g_main_context_iteration(NULL, FALSE))
			g_usleep(100);
	}
	g_assert_cmpstr(f.events->str, ==, "");
	for (guint i = 0; i < MANY; i++)
		expect(&f, "RTSP/1.0 200 OK\r\n|CSeq: 77\r\n");
	expect(&f, "RTSP/1.0 200 OK\r\n|CSeq: 9\r\n");
	sleep_ms(&f, 20);
	g_assert_cmpstr(f.events->str, ==, "play,");

	rtsp_session_free(f.session);
	close(pair[0]);
	close(pair[1]);
	g_string_free(f.received, TRUE);
	g_string_free(f.events, TRUE);
	g_free(f.last_cseq);
}

/* The sink goes after each step of a good session. */
static struct test vanish[G_N_ELEMENTS(good)];

static void add_vanish_tests(void)
{
	/* The last steps are the teardown, after which going is right. */
	for (guint i = 1; i < G_N_ELEMENTS(good) && good[i].verb != CALL; i++) {
		g_autofree char *path = g_strdup_printf("/rtsp-session/vanish/%u", i);

		vanish[i] = (struct test){ .steps = good, .cut = i };
		g_test_add_data_func(path, &vanish[i], run_test);
	}
}

int main(int argc, char *argv[])
{
	g_test_init(&argc, &argv, NULL);
	for (gsize i = 0; i < G_N_ELEMENTS(tests); i++) {
		g_autofree char *path = g_strdup_printf("/rtsp-session/%s", tests[i].name);

		g_test_add_data_func(path, &tests[i], run_test);
	}
	g_test_add_func("/rtsp-session/play-waits-for-its-answer", test_play_waits_for_its_answer);
	add_vanish_tests();
	return g_test_run();
}
