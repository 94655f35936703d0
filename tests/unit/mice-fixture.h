/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mice-fixture.h - a broker with the link of Miracast over Infrastructure, over the
 * loopback, and fake-umd; the display is the test, with both of its sockets
 */
#pragma once

#include "broker.h"
#include "mice-message.h"
#include "mock-dtls.h"

/* What the link is told to wait. */
#define ANSWER_SECONDS 1
#define HANDSHAKE_MS 3000
#define PIN_SECONDS 2
/* As what we introduce ourselves. */
#define OWN_NAME "Büro PC"

struct fixture {
	struct broker_config config;
	broker *broker;
	GSocket *door; /* the display's port */
	guint16 port;
	GSocket *control; /* NULL: we have not come yet */
	struct mice_message ready; /* what we said there */
	GSocketConnection *rtsp;
	gboolean stopped;
	mock_dtls *dtls; /* of the display */
	gboolean sealed; /* so are the values of messages */
	struct mice_message heard; /* by the display, of security */
};

typedef gboolean condition(struct fixture *f);

/* Of our listener; 0: the one that firewalls know. Tests run side by side. */
extern guint16 own_rtsp_port;
/* What the display heard last in was_told_more() and is_gone_politely(). */
extern struct mice_message last_said;

/* @host: where the display listens; NULL: 127.0.0.1 */
void set_up(struct fixture *f, gconstpointer host);
void tear_down(struct fixture *f, gconstpointer host);
void wait_until(condition *done, struct fixture *f);
/* For the next session of the same test. */
void forget_call(struct fixture *f);
GSocket *listen_on(const char *host, guint16 port, int backlog);

/* ---- we ---------------------------------------------------------------------------- */

/* The one that was begun last. */
session *only_session(struct fixture *f);
session *begin_with(struct fixture *f, const char *what, GVariant *options);
session *begin(struct fixture *f, const char *what);
/* The display at this host. */
session *begin_on(struct fixture *f, const char *host);
void start_streaming(struct fixture *f);
void end(struct fixture *f);
gboolean streams(struct fixture *f);
gboolean is_gone(struct fixture *f);
void assert_reason(struct fixture *f, const char *name);

/* ---- the display ------------------------------------------------------------------- */

gboolean was_contacted(struct fixture *f);
/* TRUE with a message, or with command 0 once the channel is closed. */
gboolean take_message(GSocket *control, struct mice_message *message);
/* @dtls: its values are encrypted with it; NULL: they are not */
gboolean take_sealed(GSocket *control, mock_dtls *dtls, struct mice_message *message);
/* In f->ready. */
gboolean was_told(struct fixture *f);
gboolean was_told_more(struct fixture *f);
/* The display hangs up when it was told to stop, as it should. */
gboolean is_gone_politely(struct fixture *f);
void say(struct fixture *f, const void *data, gsize len);
#define SAY(f, ...) say(f, (const guint8[]){ __VA_ARGS__ }, sizeof((const guint8[]){ __VA_ARGS__ }))
#define SAY_STOP(f) SAY(f, 0x00, 0x04, 0x01, 0x02)
/* It calls where it was told to. */
GSocketConnection *dial_from(struct fixture *f, const char *from, const char *to);
/* Over that call, to fake-umd. */
void tell(struct fixture *f, const char *line);
/* What the user-mode driver was configured with, as it prints it. */
char *ask_config(struct fixture *f);
/* Is told to call, calls, and plays. */
void answer(struct fixture *f, const char *host);
