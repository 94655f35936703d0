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
 * One thread at a time sends; a blocked send ends when the sender is stopped, or
 * after RTP_SENDER_BLOCK_US as refused.
 *
 * What the link does not take in time stands in a queue that the sender looks at
 * (rate-control.h): rtp_sender_wait() holds the next picture back, and rate() says how
 * much the link takes.
 */
#pragma once

#include <gio/gio.h>
#include <gst/gst.h>

G_BEGIN_DECLS

/* Longer than an access point takes to change its channel, or a P2P client to come back. */
#define RTP_SENDER_LOST_US (15 * G_USEC_PER_SEC)
/* The queue of the interface is full so long that what waits is of no use. */
#define RTP_SENDER_BLOCK_US (G_USEC_PER_SEC / 2)
/* The link takes next to nothing: a picture is sent now and then all the same. */
#define RTP_SENDER_WAIT_US G_USEC_PER_SEC

/**
 * struct rtp_sender_funcs - what the owner hears, in the thread that sends
 * @recovered: packets leave again after some did not
 * @lost: the network has taken nothing for long; once
 * @rate: the link takes about so many bits per second, or as many as are wanted; after each
 *	change; also in the thread that waits
 */
struct rtp_sender_funcs {
	void (*recovered)(gpointer user_data);
	void (*lost)(const char *message, gpointer user_data);
	void (*rate)(guint bit_rate, gpointer user_data);
};

typedef struct rtp_sender rtp_sender;

/**
 * rtp_sender_new() - send to one place
 * @socket: UDP, bound; a reference is taken
 * @address: numeric
 * @dscp: for the link layer's access category, 0 to 63
 */
rtp_sender *rtp_sender_new(GSocket *socket, const char *address, guint16 port, guint dscp,
			   const struct rtp_sender_funcs *funcs, gpointer user_data, GError **error);
/* What is sent needs @least bits per second, and has @most of them; at first there is no bound. Any thread. */
void rtp_sender_set_bounds(rtp_sender *sender, guint least, guint most);
/*
 * Until what was sent before has left but for RATE_CONTROL_QUEUE_US, the sender is stopped, or
 * RTP_SENDER_WAIT_US have passed. One thread; may be another one than that which sends.
 */
void rtp_sender_wait(rtp_sender *sender);
/* Ends a send that blocks, and lets nothing leave from now on. Any thread. */
void rtp_sender_stop(rtp_sender *sender);
/* NULL is allowed. No thread may be sending. */
void rtp_sender_free(rtp_sender *sender);

/**
 * rtp_sender_send() - send packets now
 * @packets: a datagram each; borrowed.  More than 32, a large picture, are spread over some
 *	milliseconds, 8 at most
 * @bytes: gets the number of bytes sent
 *
 * Return: number of packets that the kernel took
 */
guint rtp_sender_send(rtp_sender *sender, GstBufferList *packets, gsize *bytes);

G_END_DECLS
