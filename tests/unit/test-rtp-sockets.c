// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The pair of ports, and what comes to the second one.
 */
#include "rtp-sockets.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* SSRC and one report block: 5 of 256 lost, 0x000102 in all. */
#define SSRC 0x11, 0x22, 0x33, 0x44
#define BLOCK 0xaa, 0xbb, 0xcc, 0xdd, 5, 0, 1, 2, 0, 1, 3, 4, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0
#define RR 0x81, 201, 0, 7, SSRC, BLOCK
#define EMPTY_RR 0x80, 201, 0, 1, SSRC
#define SDES 0x81, 202, 0, 2, SSRC, 0, 0, 0, 0
#define NACK 0x81, 205, 0, 3, SSRC, 0xaa, 0xbb, 0xcc, 0xdd, 0, 9, 0, 0
#define SENDER_INFO 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
#define SR 0x81, 200, 0, 12, SSRC, SENDER_INFO, BLOCK
#define COUNT(counters, ...) \
	rtcp_count((const guint8[]){ __VA_ARGS__ }, sizeof((const guint8[]){ __VA_ARGS__ }), counters)

static void test_reports(void)
{
	struct rtcp_counters counters = { 0 };

	COUNT(&counters, RR, SDES);
	g_assert_cmpuint(counters.reports, ==, 1);
	g_assert_cmpint(counters.lost, ==, 0x102);
	g_assert_cmpuint(counters.blocks, ==, 1);
	g_assert_cmpuint(counters.loss, ==, 5);
	g_assert_cmpuint(counters.highest, ==, 0x304);
	COUNT(&counters, EMPTY_RR, NACK);
	g_assert_cmpuint(counters.reports, ==, 2);
	g_assert_cmpuint(counters.feedback, ==, 1);
	g_assert_cmpuint(counters.blocks, ==, 1);
	g_assert_cmpint(counters.lost, ==, 0x102);
	COUNT(&counters, SR);
	g_assert_cmpuint(counters.reports, ==, 3);
	g_assert_cmpuint(counters.invalid, ==, 0);
	/* Duplicates make it negative. */
	COUNT(&counters, 0x81, 201, 0, 7, SSRC, 0, 0, 0, 0, 0, 0xff, 0xff, 0xfe, 0, 0, 0, 0, 0, 0, 0, 0,
	      0, 0, 0, 0, 0, 0, 0, 0);
	g_assert_cmpint(counters.lost, ==, -2);
}

static void test_nonsense(void)
{
	struct rtcp_counters counters = { 0 };

	rtcp_count(NULL, 0, &counters);
	COUNT(&counters, 0);
	COUNT(&counters, 0x41, 201, 0, 1, SSRC); /* version 1 */
	COUNT(&counters, 0x80, 33, 0, 1, SSRC);	 /* RTP */
	COUNT(&counters, 0x80, 201, 0, 0, SSRC); /* no room for the SSRC */
	COUNT(&counters, 0x80, 201, 0, 2, SSRC); /* longer than the datagram */
	g_assert_cmpuint(counters.invalid, ==, 6);
	g_assert_cmpuint(counters.reports, ==, 0);
	/* More blocks announced than there are. */
	COUNT(&counters, 0x9f, 201, 0, 7, SSRC, BLOCK);
	g_assert_cmpint(counters.lost, ==, 0x102);
	/* What was right before the nonsense counts. */
	COUNT(&counters, RR, 1, 2, 3, 4);
	g_assert_cmpuint(counters.reports, ==, 2);
	g_assert_cmpuint(counters.invalid, ==, 7);
}

static guint16 port_of(GSocket *bound)
{
	g_autoptr(GSocketAddress) address = g_socket_get_local_address(bound, NULL);

	return g_inet_socket_address_get_port(G_INET_SOCKET_ADDRESS(address));
}

static void reported(const struct rtcp_counters *counters, gpointer data)
{
	g_assert_cmpuint(counters->loss, ==, 5);
	g_assert_cmpuint(counters->highest, ==, 0x304);
	++*(guint *)data;
}

static void test_pair(void)
{
	static const guint8 report[] = { RR };
	g_autoptr(GSocket) sink = NULL;
	g_autoptr(GSocketAddress) to = NULL;
	g_autoptr(GError) error = NULL;
	struct rtcp_counters counters = { 0 };
	/* Several at once, so that some neighbours are taken. */
	rtp_sockets *pairs[20];
	guint told = 0;

	for (guint i = 0; i < G_N_ELEMENTS(pairs); i++) {
		struct rtp_ports ports = RTP_PORTS_NONE;

		g_assert_true(rtp_ports_open(&ports, "127.0.0.1", "127.0.0.2", NULL, &error));
		g_assert_no_error(error);
		pairs[i] = rtp_sockets_new(&ports, &error);
		g_assert_no_error(error);
		rtp_ports_close(&ports);
		g_assert_cmpuint(rtp_sockets_get_port(pairs[i]) & 1, ==, 0);
		g_assert_cmpuint(port_of(rtp_sockets_get_rtp(pairs[i])), ==,
				 rtp_sockets_get_port(pairs[i]));
	}
	/* A connected socket, as sinks have: a closed port would refuse what it sends. */
	sink = g_socket_new(G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_DATAGRAM, G_SOCKET_PROTOCOL_UDP, NULL);
	to = g_inet_socket_address_new_from_string("127.0.0.1", rtp_sockets_get_port(pairs[0]) + 1);
	g_assert_true(g_socket_connect(sink, to, NULL, NULL));
	for (guint i = 0; i < 40; i++) {
		g_socket_send(sink, (const gchar *)report, sizeof(report), NULL, &error);
		g_assert_no_error(error);
	}
	rtp_sockets_watch(pairs[0], reported, &told);
	while (counters.reports < 40) {
		g_main_context_iteration(NULL, TRUE);
		rtp_sockets_get_counters(pairs[0], &counters);
	}
	g_assert_cmpint(counters.lost, ==, 0x102);
	g_assert_cmpuint(told, >, 0);
	for (guint i = 0; i < G_N_ELEMENTS(pairs); i++)
		rtp_sockets_free(pairs[i]);
}

static void test_no_address(void)
{
	struct rtp_ports ports = RTP_PORTS_NONE;
	g_autoptr(GError) error = NULL;

	/* TEST-NET-1, nobody's. */
	g_assert_false(rtp_ports_open(&ports, "192.0.2.1", "192.0.2.2", NULL, &error));
	g_assert_nonnull(error);
	g_assert_cmpint(ports.rtp, ==, -1);
	g_assert_cmpint(ports.rtcp, ==, -1);
}

/* What the broker passes on is looked at. */
static void test_no_pair(void)
{
	struct rtp_ports ports = RTP_PORTS_NONE, turned = RTP_PORTS_NONE;
	g_autoptr(GError) error = NULL;

	g_assert_null(rtp_sockets_new(&ports, &error));
	g_assert_nonnull(error);
	g_clear_error(&error);
	g_assert_true(rtp_ports_open(&ports, "127.0.0.1", "127.0.0.2", NULL, &error));
	turned.rtp = ports.rtcp;
	turned.rtcp = ports.rtp;
	g_assert_null(rtp_sockets_new(&turned, &error));
	g_assert_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
	rtp_ports_close(&ports);
}

static gboolean sends_to(const struct rtp_ports *ports, const char *address)
{
	g_autoptr(GSocketAddress) to = g_inet_socket_address_new_from_string(address, 9);
	struct sockaddr_storage native;

	g_assert_true(g_socket_address_to_native(to, &native, sizeof(native), NULL));
	return sendto(ports->rtp, "x", 1, 0, (struct sockaddr *)&native,
		      g_socket_address_get_native_size(to)) == 1;
}

/* Past no router, if the sink is not behind one: TEST-NET-1 is nobody's neighbour. */
static void test_on_link(void)
{
	struct rtp_ports ports = RTP_PORTS_NONE;
	g_autoptr(GError) error = NULL;

	g_assert_true(rtp_ports_open(&ports, "127.0.0.1", "127.0.0.2", NULL, &error));
	g_assert_true(sends_to(&ports, "127.0.0.2"));
	g_assert_false(sends_to(&ports, "192.0.2.1"));
	rtp_ports_close(&ports);
}

/* Through the link's interface alone. */
static void test_interface(void)
{
	struct rtp_ports ports = RTP_PORTS_NONE;
	g_autoptr(GError) error = NULL;
	char name[16] = "";
	socklen_t size = sizeof(name);

	g_assert_true(rtp_ports_open(&ports, "127.0.0.1", "127.0.0.2", "lo", &error));
	g_assert_cmpint(getsockopt(ports.rtp, SOL_SOCKET, SO_BINDTODEVICE, name, &size), ==, 0);
	g_assert_cmpstr(name, ==, "lo");
	rtp_ports_close(&ports);
	g_assert_false(rtp_ports_open(&ports, "127.0.0.1", "127.0.0.2", "gone0", &error));
	g_assert_nonnull(error);
}

/* To the sink, however often; to nobody before. */
static void test_connect(void)
{
	struct rtp_ports ports = RTP_PORTS_NONE;
	g_autoptr(GSocketAddress) local = g_inet_socket_address_new_from_string("127.0.0.2", 0);
	g_autoptr(GSocket) sink = g_socket_new(G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_DATAGRAM, G_SOCKET_PROTOCOL_UDP, NULL);
	g_autoptr(GError) error = NULL;
	char byte = 0;

	g_assert_true(g_socket_bind(sink, local, FALSE, NULL));
	g_assert_true(rtp_ports_open(&ports, "127.0.0.1", "127.0.0.2", NULL, &error));
	g_assert_cmpint(write(ports.rtp, "x", 1), ==, -1);
	g_assert_cmpint(errno, ==, EDESTADDRREQ);
	g_assert_false(rtp_ports_connect(ports.rtp, "nobody", port_of(sink), &error));
	g_clear_error(&error);
	g_assert_true(rtp_ports_connect(ports.rtp, "127.0.0.2", port_of(sink), &error));
	g_assert_no_error(error);
	g_assert_cmpint(write(ports.rtp, "x", 1), ==, 1);
	g_assert_cmpint(g_socket_receive(sink, &byte, 1, NULL, NULL), ==, 1);
	g_assert_cmpint(byte, ==, 'x');
	/* That for reports only receives. */
	g_assert_cmpint(write(ports.rtcp, "x", 1), ==, -1);
	rtp_ports_close(&ports);
}

int main(int argc, char *argv[])
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/rtp-sockets/reports", test_reports);
	g_test_add_func("/rtp-sockets/nonsense", test_nonsense);
	g_test_add_func("/rtp-sockets/pair", test_pair);
	g_test_add_func("/rtp-sockets/no-address", test_no_address);
	g_test_add_func("/rtp-sockets/no-pair", test_no_pair);
	g_test_add_func("/rtp-sockets/on-link", test_on_link);
	g_test_add_func("/rtp-sockets/connect", test_connect);
	g_test_add_func("/rtp-sockets/interface", test_interface);
	return g_test_run();
}
