// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Addresses and routes that others have set: see p2p-routes.h.
 */
#define G_LOG_DOMAIN "miracastd"

#include "p2p-routes.h"

#include <linux/rtnetlink.h>

#include <netlink/route/addr.h>
#include <netlink/route/route.h>

struct search {
	int ifindex;
	GInetAddress *address;
	int prefix;
};

static struct nl_sock *open_socket(void)
{
	struct nl_sock *sock = nl_socket_alloc();

	if (sock && nl_connect(sock, NETLINK_ROUTE) >= 0)
		return sock;
	nl_socket_free(sock);
	return NULL;
}

static void see_address(struct nl_object *object, void *data)
{
	struct rtnl_addr *address = (struct rtnl_addr *)object;
	struct nl_addr *local = rtnl_addr_get_local(address);
	struct search *search = data;

	if (search->address || rtnl_addr_get_ifindex(address) != search->ifindex || !local ||
	    nl_addr_get_family(local) != AF_INET)
		return;
	search->address = g_inet_address_new_from_bytes(nl_addr_get_binary_addr(local), G_SOCKET_FAMILY_IPV4);
	search->prefix = rtnl_addr_get_prefixlen(address);
}

GInetAddress *p2p_routes_find_address(int ifindex, int *prefix)
{
	struct search search = { .ifindex = ifindex };
	struct nl_sock *sock = open_socket();
	struct nl_cache *cache;

	if (sock && rtnl_addr_alloc_cache(sock, &cache) >= 0) {
		nl_cache_foreach(cache, see_address, &search);
		nl_cache_free(cache);
	}
	nl_socket_free(sock);
	*prefix = search.prefix;
	return search.address;
}

struct strays {
	const char *ifname;
	int ifindex;
	struct nl_sock *sock;
};

static void remove_stray(struct nl_object *object, void *data)
{
	struct rtnl_route *route = (struct rtnl_route *)object;
	struct rtnl_nexthop *hop = rtnl_route_nexthop_n(route, 0);
	struct strays *strays = data;
	int err;

	if (!hop || rtnl_route_nh_get_ifindex(hop) != strays->ifindex ||
	    rtnl_route_get_protocol(route) == RTPROT_KERNEL)
		return;
	err = rtnl_route_delete(strays->sock, route, 0);
	if (err < 0)
		g_warning("%s: the display is the way to other networks, and a route stays: %s", strays->ifname,
			  nl_geterror(err));
	else
		g_message("%s: removed a route through the display", strays->ifname);
}

void p2p_routes_remove_strays(const char *ifname, int ifindex)
{
	struct nl_sock *reader = open_socket();
	struct strays strays = { ifname, ifindex, open_socket() };
	struct nl_cache *cache;

	if (reader && strays.sock && rtnl_route_alloc_cache(reader, AF_INET, 0, &cache) >= 0) {
		nl_cache_foreach(cache, remove_stray, &strays);
		nl_cache_free(cache);
	}
	nl_socket_free(reader);
	nl_socket_free(strays.sock);
}
