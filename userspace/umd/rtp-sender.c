// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The sender of rtp-sender.h.
 */
#include "rtp-sender.h"

#include <errno.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <sys/ioctl.h>
#include <sys/uio.h>

#include "log-limit.h"

/* wfdrtppay gives a header and one piece of a transport stream. */
#define MAX_MEMORIES 4
/*
 * A key frame has a hundred datagrams, which the kernel takes in less than a millisecond: more
 * than a sink's socket holds (106,496 bytes by default, that is 46 datagrams as the kernel
 * counts), if the sink does not read at once, and more than an access point has room for beside
 * others' packets.  So there are gaps in one picture, no longer together than a part of
 * a picture's period (media-delay.h): the encoder waits meanwhile.  Pieces are as small as gaps
 * of a length that is worth a wake-up make them.
 */
#define LEAST_PIECE 8
#define LEAST_GAP_US 1000
#define SOCKET_GAP_US 500
/* A full datagram, and what the kernel counts for it in SIOCOUTQ: two kilobytes, and a header. */
#define FULL_DATAGRAM 1328
#define FULL_COUNTED 2304

struct rtp_sender {
	const struct rtp_sender_funcs *funcs;
	gpointer user_data;
	GSocket *socket;
	GCancellable *stopped;

	gint64 failing_us; /* since when packets are refused; 0: they are not */
	gint64 taken_us;   /* when one was taken last, or failing began */
	guint64 refused;   /* since failing_us */
	gboolean lost;
	gint64 blocked_us; /* in the call that runs */
	struct log_limit refused_limit;
	struct log_limit recovered_limit;
	gint spread_us; /* atomic */
	rtp_seal *seal; /* NULL: packets leave as they are */
	guint8 record[RTP_SEAL_MAX];
};

/* A packet was not taken; returns whether trying the others makes sense. */
static gboolean refuse(rtp_sender *sender, int error)
{
	gint64 now = g_get_monotonic_time();

	if (!sender->failing_us) {
		sender->failing_us = sender->taken_us = now;
		sender->refused = 0;
	}
	sender->refused++;
	log_limited(&sender->refused_limit, "packets do not leave: %s", g_strerror(error));
	if (!sender->lost && now - sender->taken_us >= RTP_SENDER_LOST_US) {
		g_autofree char *message = g_strdup_printf("Nothing has left for %d s: %s",
							   (int)(RTP_SENDER_LOST_US / G_USEC_PER_SEC),
							   g_strerror(error));

		sender->lost = TRUE;
		sender->funcs->lost(message, sender->user_data);
	}
	switch (error) {
	case ENETUNREACH:
	case ENETDOWN:
	case ENODEV:
	case ENXIO:
	case EADDRNOTAVAIL:
	case EAGAIN:
		return FALSE;
	default:
		return TRUE;
	}
}

/* Wait until the socket takes more; FALSE: it does not, or the sender is stopped. */
static gboolean wait_writable(rtp_sender *sender)
{
	const gint64 begin = g_get_monotonic_time();
	gboolean writable = g_socket_condition_timed_wait(sender->socket, G_IO_OUT, RTP_SENDER_BLOCK_US,
							  sender->stopped, NULL);

	sender->blocked_us += g_get_monotonic_time() - begin;
	return writable;
}

/* Bytes that the kernel still has; 0 also where it does not know. */
static guint waiting_bytes(rtp_sender *sender)
{
	int counted = 0;

	if (ioctl(g_socket_get_fd(sender->socket), SIOCOUTQ, &counted) < 0 || counted <= 0)
		return 0;
	return (guint64)counted * FULL_DATAGRAM / FULL_COUNTED;
}

/* What the kernel says of a datagram; 0: it was taken. */
static int write_datagram(rtp_sender *sender, const struct iovec *vectors, guint n)
{
	gboolean told = FALSE;

	for (;;) {
		int error;

		if (writev(g_socket_get_fd(sender->socket), vectors, n) >= 0)
			return 0;
		error = errno;
		/* Of one that was sent before: nobody listens there yet, or any more. */
		if (error == ECONNREFUSED && !told)
			told = TRUE;
		else if (error != EINTR && (error != EAGAIN || !wait_writable(sender)))
			return error;
	}
}

/* A packet, encrypted if that is wanted; 0: it was taken. Adds to @bytes what was. */
static int send_vectors(rtp_sender *sender, struct iovec *vectors, guint n, gsize *bytes)
{
	int error;

	if (sender->seal) {
		gsize size = rtp_seal_packet(sender->seal, vectors, n, sender->record);

		if (!size)
			return EMSGSIZE;
		vectors[0] = (struct iovec){ sender->record, size };
		n = 1;
	}
	error = write_datagram(sender, vectors, n);
	for (guint i = 0; i < n && !error; i++)
		*bytes += vectors[i].iov_len;
	return error;
}

/* Adds to @bytes what was taken; FALSE: trying the others does not make sense. */
static gboolean send_packet(rtp_sender *sender, GstBuffer *packet, guint *taken, gsize *bytes)
{
	struct iovec vectors[MAX_MEMORIES];
	GstMapInfo maps[MAX_MEMORIES];
	guint n = gst_buffer_n_memory(packet), mapped = 0;
	gboolean go_on = TRUE;
	int error;

	for (; n <= MAX_MEMORIES && mapped < n; mapped++) {
		if (!gst_memory_map(gst_buffer_peek_memory(packet, mapped), &maps[mapped], GST_MAP_READ))
			break;
		vectors[mapped] = (struct iovec){ maps[mapped].data, maps[mapped].size };
	}
	if (mapped == n) {
		error = send_vectors(sender, vectors, n, bytes);
		if (!error) {
			(*taken)++;
			sender->taken_us = g_get_monotonic_time();
		} else {
			go_on = !g_cancellable_is_cancelled(sender->stopped) && refuse(sender, error);
		}
	}
	while (mapped-- > 0)
		gst_memory_unmap(maps[mapped].memory, &maps[mapped]);
	return go_on;
}

static void recover(rtp_sender *sender)
{
	log_limited(&sender->recovered_limit,
		    "packets leave again after %" G_GINT64_FORMAT " ms; %" G_GUINT64_FORMAT " did not",
		    (g_get_monotonic_time() - sender->failing_us) / 1000, sender->refused);
	sender->failing_us = 0;
	sender->funcs->recovered(sender->user_data);
}

/* Of @n packets: how many leave without a gap, and how long that is. */
static guint find_gaps(rtp_sender *sender, guint n, gint64 *gap_us)
{
	const guint beyond = MIN(n - MIN(n, RTP_SENDER_AT_ONCE), RTP_SENDER_LARGE - RTP_SENDER_AT_ONCE);
	const gint64 all_us = (gint64)g_atomic_int_get(&sender->spread_us) * beyond /
			      (RTP_SENDER_LARGE - RTP_SENDER_AT_ONCE);
	guint gaps, piece;

	if (!beyond)
		return MAX(n, 1);
	gaps = MAX(MIN((n - 1) / LEAST_PIECE, all_us / LEAST_GAP_US), (n - 1) / RTP_SENDER_AT_ONCE);
	piece = (n + gaps) / (gaps + 1);
	gaps = (n - 1) / piece;
	*gap_us = all_us >= SOCKET_GAP_US * gaps ? all_us / gaps : SOCKET_GAP_US;
	return piece;
}

guint rtp_sender_send(rtp_sender *sender, GstBufferList *packets, struct rtp_sending *sending)
{
	guint n = gst_buffer_list_length(packets);
	gint64 gap_us = 0;
	guint piece = find_gaps(sender, n, &gap_us);
	gboolean go_on = !g_cancellable_is_cancelled(sender->stopped);

	*sending = (struct rtp_sending){ .waiting = waiting_bytes(sender) };
	sender->blocked_us = 0;
	for (guint i = 0; i < n && go_on; i++) {
		if (i && i % piece == 0)
			g_usleep(gap_us);
		go_on = send_packet(sender, gst_buffer_list_get(packets, i), &sending->packets, &sending->bytes);
	}
	sending->blocked_us = sender->blocked_us;
	if (sender->failing_us && n && sending->packets == n)
		recover(sender);
	return sending->packets;
}

static void set_dscp(GSocket *socket, guint dscp)
{
	g_autoptr(GError) error = NULL;
	gboolean ok = g_socket_get_family(socket) == G_SOCKET_FAMILY_IPV6 ?
			      g_socket_set_option(socket, IPPROTO_IPV6, IPV6_TCLASS, dscp << 2, &error) :
			      g_socket_set_option(socket, IPPROTO_IP, IP_TOS, dscp << 2, &error);

	if (!ok)
		g_message("packets go without their DSCP: %s", error->message);
}

rtp_sender *rtp_sender_new(GSocket *socket, guint dscp, const struct rtp_sender_funcs *funcs,
			   gpointer user_data)
{
	rtp_sender *sender = g_new0(rtp_sender, 1);

	sender->funcs = funcs;
	sender->user_data = user_data;
	sender->socket = g_object_ref(socket);
	sender->stopped = g_cancellable_new();
	set_dscp(socket, dscp);
	return sender;
}

void rtp_sender_seal(rtp_sender *sender, rtp_seal *seal)
{
	sender->seal = seal;
}

void rtp_sender_set_spread(rtp_sender *sender, gint64 spread_us)
{
	g_atomic_int_set(&sender->spread_us, (gint)spread_us);
}

void rtp_sender_stop(rtp_sender *sender)
{
	g_cancellable_cancel(sender->stopped);
}

void rtp_sender_free(rtp_sender *sender)
{
	if (!sender)
		return;
	g_object_unref(sender->socket);
	g_object_unref(sender->stopped);
	g_free(sender);
}
