/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * rtp-sender.h - hands RTP packets to the network, and survives it
 *
 * udpsink gives up the rest of a picture after one packet that the kernel refuses,
 * says so in the log for each, and never tells anybody that the path is back.
 * Here a refused packet costs that packet; the log gets a few lines a minute;
 * when packets leave again the owner hears of it, since the sink has a gap that it
 * may not report; and a network that takes nothing at all for RTP_SENDER_LOST_US
 * is lost.
 *
 * States, by what the kernel said of the latest packets:
 *
 *	working --refused--> failing --all of a list taken--> working, recovered()
 *	failing --no packet taken for RTP_SENDER_LOST_US--> lost, lost() once
 *
 * A packet that cannot be encrypted is as one that is refused: it does not leave.
 * That nobody listens at the sink's port is no refusal: it is told of a packet that was
 * sent, and sinks open their port when they please.
 *
 * One thread at a time sends; a blocked send ends when the sender is stopped, or
 * after RTP_SENDER_BLOCK_US as refused.
 */
#pragma once

#include <gio/gio.h>
#include <gst/gst.h>

#include "rtp-seal.h"
#include "ts-packer.h"

G_BEGIN_DECLS

/* Longer than an access point takes to change its channel, or a P2P client to come back. */
#define RTP_SENDER_LOST_US (15 * G_USEC_PER_SEC)
/* Datagrams without a gap: as a picture in motion has them; no more fit into every sink's socket. */
#define RTP_SENDER_AT_ONCE WFD_TS_RTP_AT_ONCE
#define RTP_SENDER_LARGE 96
/* The queue of the interface is full so long that what waits is of no use. */
#define RTP_SENDER_BLOCK_US (G_USEC_PER_SEC / 2)

/**
 * struct rtp_sender_funcs - what the owner hears, in the thread that sends
 * @recovered: packets leave again after some did not
 * @lost: the network has taken nothing for long; once
 */
struct rtp_sender_funcs {
	void (*recovered)(gpointer user_data);
	void (*lost)(const char *message, gpointer user_data);
};

typedef struct rtp_sender rtp_sender;

/**
 * rtp_sender_new() - send to whom a socket is connected to
 * @socket: UDP; a reference is taken.  While it is not connected packets are refused:
 *	somebody else connects it (rtp-ports.h)
 * @dscp: for the link layer's access category, 0 to 63
 */
rtp_sender *rtp_sender_new(GSocket *socket, guint dscp, const struct rtp_sender_funcs *funcs,
			   gpointer user_data);
/**
 * rtp_sender_seal() - encrypt what is sent, before the first packet
 * @seal: borrowed for the sender's life; its numbers go on with the next sender. NULL:
 *	nothing is encrypted
 */
void rtp_sender_seal(rtp_sender *sender, rtp_seal *seal);
/**
 * rtp_sender_set_spread() - how long the gaps in one picture may be together
 * @spread_us: of a picture so large that it needs them all; 0, as at first: there are only those
 *	that a sink's socket needs.  Any thread
 */
void rtp_sender_set_spread(rtp_sender *sender, gint64 spread_us);
/* Ends a send that blocks, and lets nothing leave from now on. Any thread. */
void rtp_sender_stop(rtp_sender *sender);
/* NULL is allowed. No thread may be sending. */
void rtp_sender_free(rtp_sender *sender);

/**
 * struct rtp_sending - what became of packets, and how the way is
 * @packets, @bytes: that the kernel took
 * @waiting: bytes of those before that the kernel still had: about, since it counts what its
 *	memory is taken up by
 * @blocked_us: for how long it took nothing
 */
struct rtp_sending {
	guint packets;
	gsize bytes;
	guint waiting;
	gint64 blocked_us;
};

/**
 * rtp_sender_send() - send packets now
 * @packets: a datagram each; borrowed.  Up to RTP_SENDER_AT_ONCE leave at once.  More, a large
 *	picture, leave in pieces with gaps of one length between them: the gaps grow with the
 *	picture, up to what rtp_sender_set_spread() says for one of RTP_SENDER_LARGE packets
 * @sending: gets what became of them
 *
 * Return: number of packets that the kernel took
 */
guint rtp_sender_send(rtp_sender *sender, GstBufferList *packets, struct rtp_sending *sending);

G_END_DECLS
