// SPDX-License-Identifier: LGPL-2.1-or-later
#include "rtp-reader.h"

#include <string.h>
#include <sys/socket.h>

#define PACKET 188
#define RTP_HEADER 12
#define PID_PCR 0x1000
#define PID_VIDEO 0x1011
#define PID_AUDIO 0x1100

struct rtp_reader {
	GSocket *socket;
	GThread *thread;
	GCancellable *stop;

	GMutex lock;
	GPtrArray *done[2]; /* of video, of sound */
	struct rtp_unit *open[2];
	guint packets;
	guint steps;
	gint64 pcr; /* 90 kHz */
	guint32 pcr_rtp;
	gboolean marker; /* of the datagram that is read */
};

static void unit_free(gpointer data)
{
	struct rtp_unit *unit = data;

	g_byte_array_unref(unit->data);
	g_free(unit);
}

static void look_at(struct rtp_unit *unit)
{
	const guint8 *d = unit->data->data;

	for (guint i = 0; i + 6 < unit->data->len; i++) {
		if (d[i] || d[i + 1] || d[i + 2] != 1)
			continue;
		switch (d[i + 3] & 0x1f) {
		case 5:
			unit->idr = TRUE;
			break;
		case 7:
			unit->sps = TRUE;
			memcpy(unit->profile, d + i + 4, 3);
			break;
		case 8:
			unit->pps = TRUE;
			break;
		}
	}
}

static void finish(struct rtp_reader *r, guint which)
{
	if (!r->open[which])
		return;
	if (r->open[which]->video)
		look_at(r->open[which]);
	g_ptr_array_add(r->done[which], g_steal_pointer(&r->open[which]));
}

static gsize pes_length(const guint8 *pes)
{
	gsize length = pes[4] << 8 | pes[5];

	return length ? length - 3 - pes[8] : 0;
}

static void read_payload(struct rtp_reader *r, guint which, const guint8 *p, gsize size, gboolean start, guint32 rtp)
{
	struct rtp_unit *unit;

	if (start) {
		finish(r, which);
		unit = r->open[which] = g_new0(struct rtp_unit, 1);
		unit->video = which == 0;
		unit->data = g_byte_array_new();
		unit->pts = (guint64)(p[9] >> 1 & 7) << 30 | p[10] << 22 | (p[11] >> 1) << 15 | p[12] << 7 | p[13] >> 1;
		unit->pcr = r->pcr + (gint32)(rtp - r->pcr_rtp);
		unit->rtp = rtp;
		unit->arrival_us = g_get_monotonic_time();
		unit->steps = r->steps;
		unit->length = pes_length(p);
		size -= 9 + p[8];
		p += 9 + p[8];
	}
	unit = r->open[which];
	if (!unit)
		return;
	unit->last_us = g_get_monotonic_time();
	unit->marker = r->marker;
	g_byte_array_append(unit->data, p, size);
	if (unit->data->len == unit->length)
		finish(r, which);
}

static void read_packet(struct rtp_reader *r, const guint8 *p, guint32 rtp)
{
	guint pid = (p[1] & 0x1f) << 8 | p[2];
	gsize at = 4;

	g_assert_cmphex(p[0], ==, 0x47);
	if (p[3] & 0x20)
		at += 1 + p[4];
	if (pid == PID_PCR && p[4] && p[5] & 0x10) {
		r->pcr = (gint64)p[6] << 25 | p[7] << 17 | p[8] << 9 | p[9] << 1 | p[10] >> 7;
		r->pcr_rtp = rtp;
		r->steps += p[5] >> 7;
	}
	if (p[3] & 0x10 && (pid == PID_VIDEO || pid == PID_AUDIO))
		read_payload(r, pid == PID_AUDIO, p + at, PACKET - at, p[1] & 0x40, rtp);
}

static gpointer reader_thread(gpointer data)
{
	struct rtp_reader *r = data;
	guint8 packet[2048];
	gssize size;

	while ((size = g_socket_receive(r->socket, (char *)packet, sizeof(packet), r->stop, NULL)) > RTP_HEADER) {
		guint32 rtp = (guint32)packet[4] << 24 | packet[5] << 16 | packet[6] << 8 | packet[7];

		g_mutex_lock(&r->lock);
		r->packets++;
		r->marker = packet[1] >> 7;
		for (gssize at = RTP_HEADER; at < size; at += PACKET)
			read_packet(r, packet + at, rtp);
		g_mutex_unlock(&r->lock);
	}
	return NULL;
}

struct rtp_reader *rtp_reader_new(void)
{
	struct rtp_reader *r = g_new0(struct rtp_reader, 1);
	g_autoptr(GSocketAddress) address = g_inet_socket_address_new_from_string("127.0.0.1", 0);

	g_mutex_init(&r->lock);
	for (guint i = 0; i < 2; i++)
		r->done[i] = g_ptr_array_new_with_free_func(unit_free);
	r->stop = g_cancellable_new();
	r->socket = g_socket_new(G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_DATAGRAM, G_SOCKET_PROTOCOL_UDP, NULL);
	g_assert_true(g_socket_bind(r->socket, address, FALSE, NULL));
	g_assert_true(g_socket_set_option(r->socket, SOL_SOCKET, SO_RCVBUF, 4 << 20, NULL));
	r->thread = g_thread_new("reader", reader_thread, r);
	return r;
}

void rtp_reader_free(struct rtp_reader *r)
{
	g_cancellable_cancel(r->stop);
	g_thread_join(r->thread);
	for (guint i = 0; i < 2; i++) {
		finish(r, i);
		g_ptr_array_unref(r->done[i]);
	}
	g_object_unref(r->stop);
	g_object_unref(r->socket);
	g_mutex_clear(&r->lock);
	g_free(r);
}

guint16 rtp_reader_port(const struct rtp_reader *r)
{
	g_autoptr(GSocketAddress) address = g_socket_get_local_address(r->socket, NULL);

	return g_inet_socket_address_get_port(G_INET_SOCKET_ADDRESS(address));
}

static struct rtp_unit *copy_unit(const struct rtp_unit *unit)
{
	struct rtp_unit *copy = g_memdup2(unit, sizeof(*unit));

	g_byte_array_ref(copy->data);
	return copy;
}

GPtrArray *rtp_reader_units(struct rtp_reader *r, gboolean video)
{
	GPtrArray *units = g_ptr_array_new_with_free_func(unit_free);

	g_mutex_lock(&r->lock);
	for (guint i = 0; i < r->done[!video]->len; i++)
		g_ptr_array_add(units, copy_unit(g_ptr_array_index(r->done[!video], i)));
	g_mutex_unlock(&r->lock);
	return units;
}

guint rtp_reader_packets(struct rtp_reader *r)
{
	guint packets;

	g_mutex_lock(&r->lock);
	packets = r->packets;
	g_mutex_unlock(&r->lock);
	return packets;
}
