/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * rtp-ports.h - the pair of UDP ports of a session, which the broker opens
 *
 * The process that speaks with a sink can open no socket (sandbox.h).  So it is
 * given two that are bound: RTP has an even port, its reports (RTCP) the odd one
 * above it (RFC 3550, 11).
 *
 * A UDP socket could send anywhere.  These send to whom the broker connects them, and
 * until then to nobody, since nothing that names an address is let pass in the sandbox;
 * that for reports is never connected, and only receives.  They use the interface of the
 * link only, if the link has one of its own, and no router if the sink is not behind
 * one; who holds them there cannot change that.
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * struct rtp_ports - descriptors, close-on-exec, -1: none
 */
struct rtp_ports {
	int rtp;
	int rtcp;
};

#define RTP_PORTS_NONE { -1, -1 }

/**
 * rtp_ports_open - bind a pair
 * @address: numeric, of ours
 * @peer: numeric, the sink's
 * @interface: (nullable): of the link, if nothing else is reached through it
 *
 * Never waits.  Fails with G_IO_ERROR; @ports are closed then.
 */
gboolean rtp_ports_open(struct rtp_ports *ports, const char *address, const char *peer,
			const char *interface, GError **error);
/**
 * rtp_ports_connect - the sink has said where it receives
 * @rtp: descriptor; that of a duplicate will do, they are one socket
 * @peer: numeric, the sink's
 *
 * Never waits.  Fails with G_IO_ERROR; the socket is as before then.
 */
gboolean rtp_ports_connect(int rtp, const char *peer, guint16 port, GError **error);
/* The port of one of them; 0: it is none. */
guint16 rtp_ports_number(int fd);
void rtp_ports_close(struct rtp_ports *ports);

G_END_DECLS
