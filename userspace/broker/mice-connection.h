/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mice-connection.h - one display by Miracast over Infrastructure ([MS-MICE] 3.2)
 *
 * We are a TCP client of the display twice over: on the control channel we say
 * Source Ready with the port on which we listen; then the display dials that port,
 * and from there on everything is as over any other link.  The control channel stays
 * open as long as the session, whose end is the end of it:
 *
 *	resolving --> connecting ----------------------> announced --> in use
 *	    |          |   |                              ^ |   |         |
 *	    |          |   +--> securing -----------------+ |   +-> lost <+
 *	    |          |          |   |                   | |       |     |
 *	    |          |          |   +--> asking <--> proving      |     |
 *	    v          v          v          v            v v       v     v
 *	    +----------+----------+--------> failed <-----+-+-------+-----+
 *
 *	any of them -- disconnect() --> stopping --> closed
 *
 *	resolving	the host has to become addresses: MICE_RESOLVE_MS
 *	connecting	the control channel is being opened: MICE_CONNECT_SECONDS
 *	securing	if it is wanted: the keys of the stream are being agreed on
 *			(mice-dtls.h), after a Session Request if a PIN is wanted as well:
 *			MICE_HANDSHAKE_MS for each of the display's answers
 *	asking		the display shows a PIN, our owner has to say it (enter_pin):
 *			MICE_PIN_SECONDS
 *	proving		PIN Challenge was sent: MICE_PROVE_SECONDS for the answer.  A wrong
 *			PIN is asked for again, MICE_PIN_ATTEMPTS in all
 *	announced	Source Ready was sent, a port of ours is open for the address at
 *			the other end of the control channel, on the address at this end:
 *			MICE_ANSWER_SECONDS until the display has dialled
 *	in use		it has dialled; further calls as rtsp-listener.h says. No limit here:
 *			the session has them
 *	lost		the display has closed the control channel.  Mostly it has ended the
 *			session in RTSP as well, which says more: MICE_LOST_MS for that
 *	failed		the owner was told and has to say disconnect(); the control channel
 *			is closed already, unless it was us who was disappointed: a display
 *			that is asked to stop does not show a frozen picture
 *	stopping	Stop Projection was sent and our half closed, the display has to
 *			close its own: MICE_STOP_MS; after that it is not waited for
 *	closed		"closed" was emitted; nothing is left but memory
 *
 * What the display may say on the control channel is Stop Projection, at any time: then
 * the session is over, with the name sink-left.  A message that belongs to PINs and
 * encryption fails it with security-unsupported if they are not wanted; any other one, one
 * that cannot be parsed, and one that has not come whole when the channel ends, with
 * control-protocol: the specification wants the connection torn down then.
 *
 * In a session with a PIN the values of all messages after the handshake are encrypted.
 * The PIN itself is never sent, only mice_pin_hash() of it with our address; who answers
 * that it is right shows that he knows it as well, by the hash with his address.  The
 * specification's text has the one that was sent to him instead, its examples have his:
 * either is taken.  What this is good for is little: the PIN has few digits, and somebody
 * in the middle of the handshake can try them all on the hash that we send.  It keeps
 * those out who only found the display in the network.
 *
 * The port is LINK_DEFAULT_PORT of that address, which firewalls know, or any if that
 * is taken; it is closed as soon as the display has answered in RTSP.
 *
 * The sink is told of (sink_changed) with the first event of its connection.
 *
 * All sockets are non-blocking and watched by the main loop; there is no operation
 * that could outlive the connection.
 */
#pragma once

#include "link.h"
#include "mice-message.h"

G_BEGIN_DECLS

/* What Windows gives it ([MS-MICE] 3.2.2). */
#define MICE_CONNECT_SECONDS 5
/* As long as the display itself waits for a session (3.1.2); it may ask its user. */
#define MICE_ANSWER_SECONDS 30
/* [MS-MICE] 3.2.2, Security Handshake Message timer */
#define MICE_HANDSHAKE_MS 1000
/* As long as the display waits for a session with a PIN (3.1.2). */
#define MICE_PIN_SECONDS 120
#define MICE_PIN_ATTEMPTS 3
#define MICE_PROVE_SECONDS 5
#define MICE_LOST_MS 500
#define MICE_STOP_MS 1000

typedef struct mice_connection mice_connection;

/**
 * struct mice_target - to whom, and as whom; read by mice_connection_new() only
 * @host: of mice_host_parse()
 * @port: of its control channel
 * @addresses: (element-type GSocketAddress): where it was found, or NULL
 * @bus: for the resolver, or NULL
 * @rtsp_port: of ours, 0 = any
 * @answer_seconds: 0: MICE_ANSWER_SECONDS
 * @handshake_ms: 0: MICE_HANDSHAKE_MS
 * @pin_seconds: 0: MICE_PIN_SECONDS
 * @encrypted, @pin: what is wanted; no @pin without @encrypted
 * @name: what the display shows
 * @source_id: MICE_SOURCE_ID_SIZE bytes
 * @closed: called before "closed" is emitted
 */
struct mice_target {
	const char *host;
	guint16 port;
	GPtrArray *addresses;
	GDBusConnection *bus;
	guint16 rtsp_port;
	guint answer_seconds;
	guint handshake_ms;
	guint pin_seconds;
	gboolean encrypted;
	gboolean pin;
	const char *name;
	const guint8 *source_id;
	void (*closed)(link_backend *backend, link_sink *sink);
};

/* All as link.h has it; a mice_connection begins with its link_connection. */
link_connection *mice_connection_new(link_backend *backend, link_sink *sink,
				     const struct mice_target *target,
				     const struct link_connection_events *events,
				     gpointer user_data);
void mice_connection_enter_pin(link_connection *base, const char *pin);
void mice_connection_next_call(link_connection *base);
void mice_connection_answered(link_connection *base);
void mice_connection_disconnect(link_connection *base);
void mice_connection_free(link_connection *base);

G_END_DECLS
