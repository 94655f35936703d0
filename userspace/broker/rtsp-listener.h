/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * rtsp-listener.h - the TCP port that sinks dial
 *
 * Listens on one local address only, never on all of them.
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

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
void rtsp_listener_free(rtsp_listener *listener);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(rtsp_listener, rtsp_listener_free)

/**
 * rtsp_parse_address - "192.0.2.1", "192.0.2.1:7236", "2001:db8::1", "[...]:7236"
 *
 * Without a port it is @default_port.  Fails with REASON_ADDRESS_INVALID; the
 * unspecified address is refused, since it would listen everywhere.
 */
GSocketAddress *rtsp_parse_address(const char *text, guint16 default_port, GError **error);

/* Numeric address of one end of a connection, with scope where it has one. */
char *rtsp_address_to_string(GSocketAddress *address);

G_END_DECLS
