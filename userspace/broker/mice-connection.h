/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mice-connection.h - one display by Miracast over Infrastructure ([MS-MICE] 3.2)
 *
 * We are a TCP client of the display twice over: on the control channel we say
 * Source Ready with the port on which we listen; then the display dials that port,
 * and from there on everything is as over any other link.  The control channel stays
 * open as long as the session, whose end is the end of it:
 *
 *	resolving --> connecting --> announced --> in use
 *	    |             |            |   |         |
 *	    |             |            |   +-> lost <+
 *	    v             v            v       |     v
 *	    +-------------+--> failed <--------+-----+
 *
 *	any of them -- disconnect() --> stopping --> closed
 *
 *	resolving	the host has to become addresses: MICE_RESOLVE_MS
 *	connecting	the control channel is being opened: MICE_CONNECT_SECONDS
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
 * encryption fails it with security-unsupported; any other one, one that cannot be
 * parsed, and one that has not come whole when the channel ends, with control-protocol:
 * the specification wants the connection torn down then.
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
	const char *name;
	const guint8 *source_id;
	void (*closed)(link_backend *backend, link_sink *sink);
};

/* All as link.h has it; a mice_connection begins with its link_connection. */
link_connection *mice_connection_new(link_backend *backend, link_sink *sink,
				     const struct mice_target *target,
				     const struct link_connection_events *events,
				     gpointer user_data);
void mice_connection_next_call(link_connection *base);
void mice_connection_answered(link_connection *base);
void mice_connection_disconnect(link_connection *base);
void mice_connection_free(link_connection *base);

G_END_DECLS
