// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The ports of rtp-sockets.h.
 */
#include "rtp-sockets.h"

/* A pair may be half taken; somewhere there is a free one. */
#define MAX_TRIES 32

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
};

/* The signed 24 bits of "cumulative number of packets lost". */
static gint32 read_lost(const guint8 *block)
{
	gint32 lost = block[5] << 16 | block[6] << 8 | block[7];

	return lost & 0x800000 ? lost - 0x1000000 : lost;
}

static void count_blocks(const guint8 *block, const guint8 *end, guint n, struct rtcp_counters *counters)
{
	for (; n && end - block >= RTCP_BLOCK; n--, block += RTCP_BLOCK)
		counters->lost = read_lost(block);
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
	return G_SOURCE_CONTINUE;
}

static GSocket *bind_socket(const char *address, guint16 port, GError **error)
{
	g_autoptr(GSocketAddress) local = g_inet_socket_address_new_from_string(address, port);
	g_autoptr(GSocket) bound = g_socket_new(g_socket_address_get_family(local),
						G_SOCKET_TYPE_DATAGRAM, G_SOCKET_PROTOCOL_UDP, error);

	if (!bound || !g_socket_bind(bound, local, FALSE, error))
		return NULL;
	return g_steal_pointer(&bound);
}

static guint16 port_of(GSocket *bound)
{
	g_autoptr(GSocketAddress) address = g_socket_get_local_address(bound, NULL);

	return address ? g_inet_socket_address_get_port(G_INET_SOCKET_ADDRESS(address)) : 0;
}

/* An even port that the kernel gives, and its neighbour, if that is free. */
static gboolean bind_pair(rtp_sockets *sockets, const char *address, GError **error)
{
	g_autoptr(GSocket) first = bind_socket(address, 0, error);
	g_autoptr(GSocket) second = NULL;
	guint16 port;

	if (!first)
		return FALSE;
	port = port_of(first);
	second = bind_socket(address, port ^ 1, error);
	if (!second)
		return FALSE;
	sockets->port = port & ~1;
	sockets->rtp = g_object_ref(port & 1 ? second : first);
	sockets->rtcp = g_object_ref(port & 1 ? first : second);
	return TRUE;
}

rtp_sockets *rtp_sockets_new(const char *address, GError **error)
{
	g_autoptr(rtp_sockets) sockets = g_new0(rtp_sockets, 1);
	g_autoptr(GMainContext) context = g_main_context_ref_thread_default();
	guint tries = 0;

	for (;;) {
		g_autoptr(GError) taken = NULL;

		if (bind_pair(sockets, address, &taken))
			break;
		if (!g_error_matches(taken, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE) ||
		    ++tries == MAX_TRIES) {
			g_propagate_error(error, g_steal_pointer(&taken));
			return NULL;
		}
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
