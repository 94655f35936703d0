/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * rtp-sockets.h - the pair of UDP ports of a session: RTP and its reports (RTCP)
 *
 * The broker has bound them (rtp-ports.h); both stay open for as long as the session
 * lasts, since sinks that ask for a pair in SETUP send receiver reports there.  RTP
 * itself is sent by the pipeline; reports are read here, in the main context, and
 * counted.
 */
#pragma once

#include <gio/gio.h>

#include "rtp-ports.h"

G_BEGIN_DECLS

/**
 * struct rtcp_counters - what has come
 * @reports: receiver reports (RFC 3550, 6.4.2), those in sender reports too
 * @feedback: transport layer feedback (RFC 4585, 6.2), such as NACK
 * @lost: packets that the sink misses since the session began, by its newest report
 * @invalid: datagrams that are no RTCP
 * @blocks: of the reports, each of which tells of a stream; of the newest:
 * @loss: part of 256 that was lost since the one before
 * @highest: RTP sequence number of the last packet that has come
 */
struct rtcp_counters {
	guint64 reports;
	guint64 feedback;
	gint32 lost;
	guint64 invalid;
	guint64 blocks;
	guint8 loss;
	guint16 highest;
};

/* Adds one datagram to @counters. Pure; reads no more than @len bytes. */
void rtcp_count(const guint8 *data, gsize len, struct rtcp_counters *counters);

typedef struct rtp_sockets rtp_sockets;

/*
 * @ports: copied, they stay the caller's; reports are read in the thread-default main
 * context.  Fails with G_IO_ERROR if they are no such pair.
 */
rtp_sockets *rtp_sockets_new(const struct rtp_ports *ports, GError **error);
void rtp_sockets_free(rtp_sockets *sockets);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(rtp_sockets, rtp_sockets_free)

/* A report has come that tells of the stream; in the main context. */
typedef void rtp_sockets_reported(const struct rtcp_counters *counters, gpointer user_data);
void rtp_sockets_watch(rtp_sockets *sockets, rtp_sockets_reported *reported, gpointer user_data);

/* Borrowed. */
GSocket *rtp_sockets_get_rtp(const rtp_sockets *sockets);
/* Even; that of RTCP is one more. */
guint16 rtp_sockets_get_port(const rtp_sockets *sockets);
void rtp_sockets_get_counters(const rtp_sockets *sockets, struct rtcp_counters *counters);

G_END_DECLS
