/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * rtsp-listener.h - the TCP port that sinks dial
 *
 * Listens on one local address only, never on all of them.
 *
 * Who dials makes work for us before anybody knows who it is: a process, and on
 * D-Bus an object.  So a listener takes RTSP_CALLS_BURST calls at once and then
 * one a second; the others are closed.  When the process has no descriptor left
 * for another connection, it looks again after a second.
 *
 * Sinks that dial again
 * =====================
 *
 * In Wi-Fi Display the sink dials and the source speaks first (M1).  Some sinks
 * wait only 2 s for that, hang up and dial again, a few times; and M1 can be
 * later than 2 s, since a process is started for it, which on a slow machine has
 * all of GStreamer's plug-ins to look at.  So one call is not enough: as long as
 * the sink has answered nothing, its next call takes the place of one that it
 * has hung up itself.  struct rtsp_calls keeps that for one sink:
 *
 *	           offer()                    answered()
 *	waiting ------------> in use --------------------------> settled
 *	   ^                    |  ^
 *	   |       next()       |  | offer() of a call while the one in use has been
 *	   +--------------------+  +--- hung up: it is kept, the newest counts
 *
 *	waiting		no call, or none that is of use; the listener is open
 *	in use		the owner has been given one with dialled()
 *	settled		the sink has answered: every further call is refused
 *
 * A call that comes while the one in use is alive is refused: the sink has no use
 * for two, and whoever else it is shall not take the place of the sink.  next() is
 * said by the owner when what it did with the call in use has come to nothing; a
 * call that was kept, if it has not been hung up as well, is given to it then,
 * from the main loop.  At most two connections are held at any time.  How long
 * and how often a sink may do so is the owner's matter.
 */
#pragma once

#include <gio/gio.h>
#include <glib-unix.h>

G_BEGIN_DECLS

/* More than a sink needs that dials again, and than there are sessions. */
#define RTSP_CALLS_BURST 16

typedef struct rtsp_listener rtsp_listener;

/**
 * struct rtsp_listen - where, and for whom
 * @address: local address and port
 * @interface: only connections that come in through it, or NULL
 * @peers: only peers of this network, or NULL for any
 */
struct rtsp_listen {
	GSocketAddress *address;
	const char *interface;
	GInetAddressMask *peers;
};

/**
 * rtsp_listener_accepted - a peer has dialled
 *
 * May free the listener.  Peers that are not allowed have been closed before.
 */
typedef void rtsp_listener_accepted(rtsp_listener *listener, GSocketConnection *connection,
				    gpointer user_data);

/* Fails with REASON_ADDRESS_IN_USE or REASON_ADDRESS_INVALID. */
rtsp_listener *rtsp_listener_new(const struct rtsp_listen *where, rtsp_listener_accepted *accepted,
				 gpointer user_data, GError **error);
/* "address:port" as bound; port 0 of the request has become a real one. */
const char *rtsp_listener_address(rtsp_listener *listener);
guint16 rtsp_listener_port(rtsp_listener *listener);
void rtsp_listener_free(rtsp_listener *listener);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(rtsp_listener, rtsp_listener_free)

typedef struct rtsp_calls rtsp_calls;

/**
 * rtsp_calls_dialled - a call for the owner
 *
 * Never called from inside of rtsp_calls_next().  @connection stays the one in
 * use, and open, until the next call of one of the functions below.
 */
typedef void rtsp_calls_dialled(rtsp_calls *calls, GSocketConnection *connection,
				gpointer user_data);

rtsp_calls *rtsp_calls_new(rtsp_calls_dialled *dialled, gpointer user_data);
/**
 * rtsp_calls_offer - a sink has dialled
 *
 * Returns: FALSE if it is not wanted; it is closed when the caller lets go of it
 */
gboolean rtsp_calls_offer(rtsp_calls *calls, GSocketConnection *connection);
/* The call in use came to nothing, take the next one, now or when there is one. */
void rtsp_calls_next(rtsp_calls *calls);
/* The sink has answered; nobody else is wanted. */
void rtsp_calls_answered(rtsp_calls *calls);
/* The call in use, or NULL. */
GSocketConnection *rtsp_calls_in_use(rtsp_calls *calls);
void rtsp_calls_free(rtsp_calls *calls);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(rtsp_calls, rtsp_calls_free)

/* The peer sends no more: it has closed the connection, or its half of it. */
gboolean rtsp_has_hung_up(GSocketConnection *connection);
/* @func is called when that is so: a source of the main loop, to be removed before @connection is let go of. */
guint rtsp_watch_hang_up(GSocketConnection *connection, GUnixFDSourceFunc func, gpointer user_data);

/**
 * rtsp_parse_address - "192.0.2.1", "192.0.2.1:7236", "2001:db8::1", "[...]:7236"
 *
 * Without a port it is @default_port.  Fails with REASON_ADDRESS_INVALID; the
 * unspecified address is refused, since it would listen everywhere, and so is an IPv4 one in IPv6
 * (::ffff:192.0.2.1).
 */
GSocketAddress *rtsp_parse_address(const char *text, guint16 default_port, GError **error);

/**
 * rtsp_parse_peers - "192.0.2.7", "192.0.2.0/24", "2001:db8::/32": who may call
 * @local: where; of the same kind
 *
 * Fails with REASON_CONFIGURATION.
 */
GInetAddressMask *rtsp_parse_peers(const char *text, GSocketAddress *local, GError **error);

/* Numeric address of one end of a connection, with scope where it has one. */
char *rtsp_address_to_string(GSocketAddress *address);

G_END_DECLS
