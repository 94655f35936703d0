// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * IPv4 on a P2P group's interface, in network namespaces, as the display at its other end sees it.
 */
#include <arpa/inet.h>
#include <netinet/if_ether.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "link-net.h"
#include "main-loop.h"
#include "p2p-net.h"

struct heard {
	gboolean up, closed;
};

static void progress(p2p_net *net, const char *phase, const char *text, gpointer user_data)
{
}

static void up(p2p_net *net, GInetAddress *local, GInetAddressMask *peers, gpointer user_data)
{
	struct heard *heard = user_data;

	heard->up = TRUE;
}

static void failed(p2p_net *net, const GError *error, gpointer user_data)
{
	g_error("%s", error->message);
}

static void closed(p2p_net *net, gpointer user_data)
{
	struct heard *heard = user_data;

	heard->closed = TRUE;
}

static const struct p2p_net_funcs funcs = { .progress = progress, .up = up, .failed = failed, .closed = closed };

/* The next request of an address by who has it. */
static gboolean hears_announcement(int fd, const char *address)
{
	struct pollfd polled = { .fd = fd, .events = POLLIN };
	struct in_addr wanted;
	struct ether_arp arp;

	g_assert_cmpint(inet_pton(AF_INET, address, &wanted), ==, 1);
	while (poll(&polled, 1, 5000) > 0) {
		if (recv(fd, &arp, sizeof(arp), 0) == sizeof(arp) && ntohs(arp.ea_hdr.ar_op) == ARPOP_REQUEST &&
		    memcmp(arp.arp_spa, &wanted, sizeof(wanted)) == 0 && memcmp(arp.arp_tpa, &wanted, sizeof(wanted)) == 0)
			return TRUE;
	}
	return FALSE;
}

/* A display may have the former owner of our address in its ARP cache. */
static void test_announced(void)
{
	g_autofree char *why = link_net_enter();
	g_autofree char *directory = NULL;
	g_autoptr(GInetAddress) address = g_inet_address_new_from_string(LINK_NET_HERE);
	struct p2p_net_request request = { .ifname = LINK_NET_IFNAME, .ip = address, .prefix = 24 };
	struct heard heard = { 0 };
	p2p_net *net;
	int fd;

	if (why) {
		g_test_skip(why);
		return;
	}
	directory = g_dir_make_tmp("miracast-XXXXXX", NULL);
	request.runtime_dir = directory;
	fd = link_net_hear_arp(TV);
	net = p2p_net_system.open(&request, &funcs, &heard);
	WAIT(heard.up);
	g_assert_true(hears_announcement(fd, LINK_NET_HERE));
	p2p_net_system.close(net);
	WAIT(heard.closed);
	p2p_net_system.free(net);
	close(fd);
	g_rmdir(directory);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_log_set_always_fatal(G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL);
	g_test_add_func("/p2p-net/announced", test_announced);
	return g_test_run();
}
