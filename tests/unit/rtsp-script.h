/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * rtsp-script.h - a sink that follows a script, and an owner that notes what it hears
 *
 * Over loopback TCP and with times shortened.  A script is an array of steps: what
 * the sink has to receive, what it sends, what the owner does, and how it all ends.
 */
#pragma once

#include <gio/gio.h>

#include "rtsp-session.h"

enum verb {
	DONE,
	EXPECT,	 /* the next message has all of these, "|" between them, and none with "!" */
	ALONE,	 /* nothing came with the last message, nor does for so many milliseconds */
	AT_ONCE, /* the next message has these, too, and comes within so many milliseconds */
	SEND,	 /* these bytes */
	ANSWER,	 /* status line's end, headers and body, to the last request received */
	CLOSE,	 /* the sink goes */
	EVENTS,	 /* what the owner heard since the last EVENTS */
	CALL,	 /* the owner does something */
	SLEEP,	 /* milliseconds */
	TRICKLE, /* like ANSWER, one byte at a time */
	FLOOD,	 /* send so many bytes of this text, and more */
	ENDED,	 /* the session ends with this reason; "reason|words of the message" */
};

struct step {
	enum verb verb;
	const char *text;
	void (*call)(rtsp_session *session);
	guint number;
};

struct test {
	const char *name;
	const struct step *steps;
	gboolean select_late;
	guint cut; /* the sink vanishes after so many steps; 0: it does not */
	gboolean select_again;
	guint gap; /* 0: the usual one */
	enum wfd_m3_scope m3_scope;
	const char *quirks; /* rows for this one, which is called "script" */
};

struct fixture {
	int sink;
	rtsp_session *session;
	GString *received;
	char *last_cseq; /* of the last request that was received */
	GString *events;
	gboolean ended;
	enum channel_reason reason;
	char *message;
	gboolean select_late;
	guint m1_answered;
	gboolean select_again;
};

/* 20 times faster than real, except for what the machine itself needs. */
extern const struct rtsp_timers script_timers;
/* What the owner has chosen. */
extern struct wfd_selection selection;
/* Notes each call in fixture.events; user_data is the fixture. */
extern const struct rtsp_session_funcs script_funcs;

/* A GTestDataFunc; @data: struct test. */
void run_test(gconstpointer data);
/* Up to DONE. */
void run_steps(struct fixture *f, const struct step *steps);
/* The next message has what an EXPECT step has. */
void expect(struct fixture *f, const char *wanted);
/* The loop runs for so long. */
void sleep_ms(struct fixture *f, guint ms);
