// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The ports of rtp-sockets.h.
 */
#include "rtp-sockets.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* Datagrams that are read before something else gets its turn, and how much of each. */
#define MAX_AT_ONCE 16
#define MAX_DATAGRAM 1500

#define RTCP_VERSION 2
#define RTCP_SR 200
#define RTCP_RR 201
#define RTCP_LAST 206 /* RTPFB 205, PSFB 206 */
#define RTCP_RTPFB 205
#define RTCP_HEADER 8 /* with the sender's SSRC */
#define RTCP_SENDER_INFO 20
#define RTCP_BLOCK 24

struct rtp_sockets {
	GSocket *rtp;
	GSocket *rtcp;
	GSource *readable;
	guint16 port;
	struct rtcp_counters counters;
	rtp_sockets_reported *reported; /* NULL: nobody wants to know */
	gpointer user_data;
};

/* The signed 24 bits of "cumulative number of packets lost". */
static gint32 read_lost(const guint8 *block)
{
	gint32 lost = block[5] << 16 | block[6] << 8 | block[7];

	return lost & 0x800000 ? lost - 0x1000000 : lost;
}

static void count_blocks(const guint8 *block, const guint8 *end, guint n, struct rtcp_counters *counters)
{
	for (; n && end - block >= RTCP_BLOCK; n--, block += RTCP_BLOCK) {
		counters->blocks++;
		counters->lost = read_lost(block);
		counters->loss = block[4];
		counters->highest = block[10] << 8 | block[11];
	}
}

/* One packet of a compound one. */
static void count_packet(const guint8 *packet, gsize len, struct rtcp_counters *counters)
{
	guint n = packet[0] & 0x1f;

	switch (packet[1]) {
	case RTCP_RR:
		counters->reports++;
		count_blocks(packet + RTCP_HEADER, packet + len, n, counters);
		break;
	case RTCP_SR:
		if (!n || len < RTCP_HEADER + RTCP_SENDER_INFO)
			break;
		counters->reports++;
		count_blocks(packet + RTCP_HEADER + RTCP_SENDER_INFO, packet + len, n, counters);
		break;
	case RTCP_RTPFB:
		counters->feedback++;
		break;
	default:
		break;
	}
}

void rtcp_count(const guint8 *data, gsize len, struct rtcp_counters *counters)
{
	do {
		gsize size = len >= RTCP_HEADER ? 4 * ((data[2] << 8 | data[3]) + 1) : 0;

		if (size < RTCP_HEADER || size > len || data[0] >> 6 != RTCP_VERSION ||
		    data[1] < RTCP_SR || data[1] > RTCP_LAST) {
			counters->invalid++;
			return;
		}
		count_packet(data, size, counters);
		data += size;
		len -= size;
	} while (len);
}

static gboolean report_came(GSocket *rtcp, GIOCondition condition, gpointer user_data)
{
	rtp_sockets *sockets = user_data;
	const guint64 blocks = sockets->counters.blocks;
	guint8 data[MAX_DATAGRAM];

	for (guint i = 0; i < MAX_AT_ONCE; i++) {
		/* An error is that of something sent before, or that there is no more. */
		gssize n = g_socket_receive_with_blocking(rtcp, (gchar *)data, sizeof(data), FALSE,
							  NULL, NULL);

		if (n < 0)
			break;
		if (!sockets->counters.reports && !sockets->counters.invalid)
			g_message("the sink sends reports about RTP");
		rtcp_count(data, n, &sockets->counters);
	}
	if (sockets->reported && sockets->counters.blocks != blocks)
		sockets->reported(&sockets->counters, sockets->user_data);
	return G_SOURCE_CONTINUE;
}

/* @fd stays the caller's. */
static GSocket *socket_of(int fd, GError **error)
{
	g_autoptr(GSocket) bound = NULL;
	int ours = fcntl(fd, F_DUPFD_CLOEXEC, 3);

	if (ours < 0) {
		g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno), "%s",
			    g_strerror(errno));
		return NULL;
	}
	bound = g_socket_new_from_fd(ours, error);
	if (!bound)
		close(ours);
	return g_steal_pointer(&bound);
}

static guint16 port_of(GSocket *bound)
{
	g_autoptr(GSocketAddress) address = g_socket_get_local_address(bound, NULL);

	return G_IS_INET_SOCKET_ADDRESS(address) ?
		       g_inet_socket_address_get_port(G_INET_SOCKET_ADDRESS(address)) : 0;
}

rtp_sockets *rtp_sockets_new(const struct rtp_ports *ports, GError **error)
{
	g_autoptr(rtp_sockets) sockets = g_new0(rtp_sockets, 1);
	g_autoptr(GMainContext) context = g_main_context_ref_thread_default();

	sockets->rtp = socket_of(ports->rtp, error);
	if (!sockets->rtp)
		return NULL;
	sockets->rtcp = socket_of(ports->rtcp, error);
	if (!sockets->rtcp)
		return NULL;
	sockets->port = port_of(sockets->rtp);
	if (!sockets->port || sockets->port & 1 || port_of(sockets->rtcp) != sockets->port + 1) {
		g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
				    "the sockets for RTP and RTCP are no pair");
		return NULL;
	}
	sockets->readable = g_socket_create_source(sockets->rtcp, G_IO_IN, NULL);
	g_source_set_callback(sockets->readable, G_SOURCE_FUNC(report_came), sockets, NULL);
	g_source_attach(sockets->readable, context);
	return g_steal_pointer(&sockets);
}

void rtp_sockets_free(rtp_sockets *sockets)
{
	if (!sockets)
		return;
	if (sockets->readable) {
		g_source_destroy(sockets->readable);
		g_source_unref(sockets->readable);
	}
	g_clear_object(&sockets->rtp);
	g_clear_object(&sockets->rtcp);
	g_free(sockets);
}

void rtp_sockets_watch(rtp_sockets *sockets, rtp_sockets_reported *reported, gpointer user_data)
{
	sockets->reported = reported;
	sockets->user_data = user_data;
}

GSocket *rtp_sockets_get_rtp(const rtp_sockets *sockets)
{
	return sockets->rtp;
}

guint16 rtp_sockets_get_port(const rtp_sockets *sockets)
{
	return sockets->port;
}

void rtp_sockets_get_counters(const rtp_sockets *sockets, struct rtcp_counters *counters)
{
	*counters = sockets->counters;
}
