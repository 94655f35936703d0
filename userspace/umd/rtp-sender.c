// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The sender of rtp-sender.h.
 */
#include "rtp-sender.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <sys/socket.h>

#include "log-limit.h"

/* wfdrtppay gives a header and one piece of a transport stream. */
#define MAX_MEMORIES 4
/*
 * Datagrams in one call.  A key frame has a hundred, which the kernel takes in less than a
 * millisecond: more than a sink's socket holds (106,496 bytes by default, that is 46
 * datagrams as the kernel counts), if the sink does not read at once.  So the calls for one
 * picture are apart, but for no longer together than a small part of a picture's period:
 * the encoder waits meanwhile.
 */
#define MAX_BATCH 32
#define BATCH_GAP_US 2000
#define MAX_GAPS_US 8000

struct batch {
	guint n;
	struct mmsghdr messages[MAX_BATCH];
	struct iovec vectors[MAX_BATCH][MAX_MEMORIES];
	GstMapInfo maps[MAX_BATCH][MAX_MEMORIES];
	guint n_maps[MAX_BATCH];
};

struct rtp_sender {
	const struct rtp_sender_funcs *funcs;
	gpointer user_data;
	GSocket *socket;
	GCancellable *stopped;
	struct sockaddr_storage to;
	socklen_t to_size;

	gint64 failing_us; /* since when packets are refused; 0: they are not */
	gint64 taken_us;   /* when one was taken last, or failing began */
	guint64 refused;   /* since failing_us */
	gboolean lost;
	struct log_limit refused_limit;
	struct log_limit recovered_limit;
	struct batch batch; /* of rtp_sender_send() */
	rtp_seal *seal; /* NULL: packets leave as they are */
	guint8 *records; /* MAX_BATCH of RTP_SEAL_MAX bytes, with @seal */
};

static void unmap_packet(struct batch *batch, guint i)
{
	while (batch->n_maps[i] > 0) {
		GstMapInfo *map = &batch->maps[i][--batch->n_maps[i]];

		gst_memory_unmap(map->memory, map);
	}
}

/* What was mapped is in the record; FALSE: it cannot be. */
static gboolean seal_packet(rtp_sender *sender, guint i, guint *n)
{
	struct batch *batch = &sender->batch;
	guint8 *record = sender->records + i * RTP_SEAL_MAX;
	gsize size = rtp_seal_packet(sender->seal, batch->vectors[i], *n, record);

	unmap_packet(batch, i);
	batch->vectors[i][0] = (struct iovec){ record, size };
	*n = 1;
	return size > 0;
}

static gboolean map_packet(struct batch *batch, guint i, GstBuffer *packet, guint n)
{
	batch->n_maps[i] = 0;
	while (batch->n_maps[i] < n) {
		guint at = batch->n_maps[i];
		GstMapInfo *map = &batch->maps[i][at];

		if (!gst_memory_map(gst_buffer_peek_memory(packet, at), map, GST_MAP_READ)) {
			unmap_packet(batch, i);
			return FALSE;
		}
		batch->vectors[i][at] = (struct iovec){ map->data, map->size };
		batch->n_maps[i]++;
	}
	return TRUE;
}

static gboolean add_packet(rtp_sender *sender, GstBuffer *packet)
{
	struct batch *batch = &sender->batch;
	guint i = batch->n, n = gst_buffer_n_memory(packet);

	if (n > MAX_MEMORIES || !map_packet(batch, i, packet, n) ||
	    (sender->seal && !seal_packet(sender, i, &n)))
		return FALSE;
	batch->messages[i] = (struct mmsghdr){
		.msg_hdr = {
			.msg_name = &sender->to,
			.msg_namelen = sender->to_size,
			.msg_iov = batch->vectors[i],
			.msg_iovlen = n,
		},
	};
	batch->n++;
	return TRUE;
}

static void unmap(struct batch *batch)
{
	for (guint i = 0; i < batch->n; i++)
		unmap_packet(batch, i);
	batch->n = 0;
}

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
	return g_socket_condition_timed_wait(sender->socket, G_IO_OUT, RTP_SENDER_BLOCK_US,
					     sender->stopped, NULL);
}

/* Sends a batch; returns how many were taken, and in @go_on whether the next one may be. */
static guint send_batch(rtp_sender *sender, gsize *bytes, gboolean *go_on)
{
	struct batch *batch = &sender->batch;
	guint at = 0, taken = 0;

	while (at < batch->n) {
		int n = sendmmsg(g_socket_get_fd(sender->socket), batch->messages + at, batch->n - at,
				 MSG_NOSIGNAL);
		int error = errno;

		if (n > 0) {
			for (int i = 0; i < n; i++)
				*bytes += batch->messages[at + i].msg_len;
			at += n;
			taken += n;
			sender->taken_us = g_get_monotonic_time();
			continue;
		}
		if (error == EINTR || (error == EAGAIN && wait_writable(sender)))
			continue;
		if (g_cancellable_is_cancelled(sender->stopped) || !refuse(sender, error)) {
			*go_on = FALSE;
			return taken;
		}
		at++;
	}
	return taken;
}

static void recover(rtp_sender *sender)
{
	log_limited(&sender->recovered_limit,
		    "packets leave again after %" G_GINT64_FORMAT " ms; %" G_GUINT64_FORMAT " did not",
		    (g_get_monotonic_time() - sender->failing_us) / 1000, sender->refused);
	sender->failing_us = 0;
	sender->funcs->recovered(sender->user_data);
}

guint rtp_sender_send(rtp_sender *sender, GstBufferList *packets, gsize *bytes)
{
	guint n = gst_buffer_list_length(packets), taken = 0;
	guint gaps = n ? (n - 1) / MAX_BATCH : 0;
	gboolean go_on = !g_cancellable_is_cancelled(sender->stopped);
	struct batch *batch = &sender->batch;

	*bytes = 0;
	for (guint i = 0; i < n && go_on;) {
		while (i < n && batch->n < MAX_BATCH && add_packet(sender, gst_buffer_list_get(packets, i)))
			i++;
		if (batch->n)
			taken += send_batch(sender, bytes, &go_on);
		else
			i++; /* cannot be mapped, or encrypted */
		unmap(batch);
		if (i < n && go_on)
			g_usleep(MIN(BATCH_GAP_US, MAX_GAPS_US / MAX(gaps, 1)));
	}
	if (sender->failing_us && n && taken == n)
		recover(sender);
	return taken;
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

rtp_sender *rtp_sender_new(GSocket *socket, const char *address, guint16 port, guint dscp,
			   const struct rtp_sender_funcs *funcs, gpointer user_data, GError **error)
{
	g_autoptr(GSocketAddress) to = g_inet_socket_address_new_from_string(address, port);
	rtp_sender *sender;

	if (!to) {
		g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "\"%s\" is no address", address);
		return NULL;
	}
	sender = g_new0(rtp_sender, 1);
	sender->to_size = g_socket_address_get_native_size(to);
	if (!g_socket_address_to_native(to, &sender->to, sizeof(sender->to), error)) {
		g_free(sender);
		return NULL;
	}
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
	if (seal)
		sender->records = g_malloc(MAX_BATCH * RTP_SEAL_MAX);
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
	g_free(sender->records);
	g_free(sender);
}
