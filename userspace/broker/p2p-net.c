// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * IPv4 on a P2P group: see p2p-net.h.
 */
#define G_LOG_DOMAIN "miracastd"

#include "p2p-net.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/neighbour.h>
#include <netlink/route/addr.h>
#include <netlink/route/neighbour.h>
#include <netlink/route/route.h>

#include "firewalld.h"
#include "link-filter.h"
#include "p2p-address.h"
#include "p2p-dhcp.h"
#include "p2p-routes.h"

#define OWNER_HOST 1

/**
 * struct p2p_net - see the header
 * @opening: what was asked for, until it is begun
 * @firewalld: NULL: it is not told, or no more
 * @closing: close() waits for an answer of each of @dhcp and @firewalld
 */
struct p2p_net {
	char *ifname;
	int ifindex;
	const struct p2p_net_funcs *funcs;
	gpointer user_data;

	GInetAddress *local;
	guint prefix;
	GInetAddressMask *peers;
	gboolean address_set; /* by us: to be removed by us */
	char *former_file; /* what to set again */
	link_filter *filter; /* NULL: there can be none */
	firewalld *firewalld;
	struct p2p_net_request *opening;
	gboolean closing;

	p2p_dhcp *dhcp;
	guint idle;
	guint timer;

	gboolean made;
	GInetAddress *display; /* of one that is made, or NULL */
	guint rounds; /* of looking at it */
};

static void net_fail(p2p_net *net, const GError *error)
{
	g_clear_handle_id(&net->timer, g_source_remove);
	net->funcs->failed(net, error, net->user_data);
}

/* ---- the interface ------------------------------------------------------- */

/* The settings that keep a display out, and what stands for them while it is there. */
static const struct {
	const char *protocol;
	const char *name;
	char value;
} settings[] = {
	/*
	 * Also removes what has come before now. Through netlink one can only switch the link-local
	 * address off, without which Router Advertisements are still obeyed.
	 */
	{ "ipv6", "disable_ipv6", '1' },
	{ "ipv4", "forwarding", '0' },
};
#define N_SETTINGS G_N_ELEMENTS(settings)

/* wpa_supplicant's name for an interface that it makes for a group, and that goes with it. */
#define GROUP_PREFIX "p2p-"

/* In the runtime directory, for the next daemon: the former values, a character each. */
#define FORMER_PREFIX "settings-"

static int open_setting(const char *ifname, guint i, int flags)
{
	g_autofree char *path = g_strdup_printf("/proc/sys/net/%s/conf/%s/%s", settings[i].protocol,
						ifname, settings[i].name);

	return open(path, flags | O_CLOEXEC);
}

static gboolean write_setting(const char *ifname, guint i, char value)
{
	int fd = open_setting(ifname, i, O_WRONLY);
	gboolean ok = fd >= 0 && write(fd, &value, 1) == 1;
	int err = errno;

	if (fd >= 0)
		close(fd);
	errno = err;
	return ok;
}

/* What is there before us, or '-' where the kernel has no such protocol. */
static char read_setting(const char *ifname, guint i)
{
	int fd = open_setting(ifname, i, O_RDONLY);
	char value;

	if (fd < 0)
		return '-';
	if (read(fd, &value, 1) != 1 || (value != '0' && value != '1'))
		value = '-';
	close(fd);
	return value;
}

static void restore_settings(const char *ifname, const char *former)
{
	for (guint i = 0; i < N_SETTINGS; i++) {
		if ((former[i] == '0' || former[i] == '1') && former[i] != settings[i].value)
			write_setting(ifname, i, former[i]);
	}
}

static gboolean close_interface(p2p_net *net, const char *runtime_dir, GError **error)
{
	g_autoptr(GError) cause = NULL;
	char former[N_SETTINGS];

	for (guint i = 0; i < N_SETTINGS; i++)
		former[i] = read_setting(net->ifname, i);
	if (!g_str_has_prefix(net->ifname, GROUP_PREFIX))
		net->former_file = g_strdup_printf("%s/" FORMER_PREFIX "%s", runtime_dir, net->ifname);
	if (net->former_file &&
	    !g_file_set_contents(net->former_file, former, N_SETTINGS, &cause)) {
		g_set_error(error, REASON_ERROR, REASON_ADDRESS_FAILED,
			    "cannot remember the settings of %s: %s", net->ifname, cause->message);
		return FALSE;
	}
	for (guint i = 0; i < N_SETTINGS; i++) {
		if (former[i] == '-' || write_setting(net->ifname, i, settings[i].value))
			continue;
		g_set_error(error, REASON_ERROR, REASON_ADDRESS_FAILED,
			    "cannot set %s of %s: %s", settings[i].name, net->ifname,
			    g_strerror(errno));
		return FALSE;
	}
	return TRUE;
}

static void open_interface(const char *former_file, const char *ifname)
{
	g_autofree char *former = NULL;
	gsize len;

	if (!g_file_get_contents(former_file, &former, &len, NULL))
		return;
	if (len == N_SETTINGS)
		restore_settings(ifname, former);
	unlink(former_file);
}

/* A machine that can have no rules casts all the same; that is said once. */
static void keep_out(p2p_net *net, gboolean owner)
{
	g_autoptr(GError) error = NULL;

	net->filter = link_filter_new(net->ifname, owner, &error);
	if (!net->filter)
		link_filter_do_without(net->ifname, error);
}

/* ---- addresses ----------------------------------------------------------- */

static struct nl_sock *open_route_socket(GError **error)
{
	struct nl_sock *sock = nl_socket_alloc();
	int err = sock ? nl_connect(sock, NETLINK_ROUTE) : -NLE_NOMEM;

	if (err < 0) {
		g_set_error(error, REASON_ERROR, REASON_ADDRESS_FAILED, "rtnetlink: %s",
			    nl_geterror(err));
		nl_socket_free(sock);
		return NULL;
	}
	return sock;
}

/* Those of other interfaces. */
struct networks {
	int but; /* interface index */
	GPtrArray *used;
};

static void add_network(GPtrArray *used, struct nl_addr *addr)
{
	if (addr && nl_addr_get_family(addr) == AF_INET && nl_addr_get_len(addr) == 4)
		p2p_address_add_used(used, nl_addr_get_binary_addr(addr),
				     nl_addr_get_prefixlen(addr));
}

static void collect_address(struct nl_object *object, void *data)
{
	struct rtnl_addr *address = (struct rtnl_addr *)object;
	struct networks *networks = data;

	if (rtnl_addr_get_ifindex(address) == networks->but)
		return;
	add_network(networks->used, rtnl_addr_get_local(address));
	/* The other end of a point-to-point link. */
	add_network(networks->used, rtnl_addr_get_peer(address));
}

static void collect_route(struct nl_object *object, void *data)
{
	struct rtnl_route *route = (struct rtnl_route *)object;
	struct rtnl_nexthop *hop = rtnl_route_nexthop_n(route, 0);
	struct networks *networks = data;

	if (!hop || rtnl_route_nh_get_ifindex(hop) != networks->but)
		add_network(networks->used, rtnl_route_get_dst(route));
}

/* Networks of all addresses and routes; the kernel answers at once. */
static GPtrArray *used_networks(p2p_net *net, struct nl_sock *sock, GError **error)
{
	g_autoptr(GPtrArray) used = g_ptr_array_new_with_free_func(g_object_unref);
	struct networks networks = { net->ifindex, used };
	struct nl_cache *cache;
	int err = rtnl_addr_alloc_cache(sock, &cache);

	if (err >= 0) {
		nl_cache_foreach(cache, collect_address, &networks);
		nl_cache_free(cache);
		err = rtnl_route_alloc_cache(sock, AF_INET, 0, &cache);
	}
	if (err < 0) {
		g_set_error(error, REASON_ERROR, REASON_ADDRESS_FAILED,
			    "cannot read addresses and routes: %s", nl_geterror(err));
		return NULL;
	}
	nl_cache_foreach(cache, collect_route, &networks);
	nl_cache_free(cache);
	return g_steal_pointer(&used);
}

static struct rtnl_addr *make_address(p2p_net *net)
{
	struct rtnl_addr *address = rtnl_addr_alloc();
	struct nl_addr *local = nl_addr_build(AF_INET, g_inet_address_to_bytes(net->local), 4);
	guint32 broadcast;
	struct nl_addr *all;

	memcpy(&broadcast, g_inet_address_to_bytes(net->local), 4);
	broadcast |= htonl((1u << (32 - net->prefix)) - 1);
	all = nl_addr_build(AF_INET, &broadcast, 4);
	nl_addr_set_prefixlen(local, net->prefix);
	rtnl_addr_set_ifindex(address, net->ifindex);
	rtnl_addr_set_local(address, local);
	rtnl_addr_set_broadcast(address, all);
	nl_addr_put(local);
	nl_addr_put(all);
	return address;
}

/*
 * By ARP, a request of one's own address (RFC 5227, 3): the kernel makes it, and sends it three times, when it is to find
 * out who has that.  Good to have: without it a display with a fresh memory works all the same.
 */
static void announce_address(p2p_net *net, struct nl_sock *sock)
{
	struct rtnl_neigh *neighbour = rtnl_neigh_alloc();
	struct nl_addr *local = nl_addr_build(AF_INET, g_inet_address_to_bytes(net->local), 4);
	int err;

	rtnl_neigh_set_ifindex(neighbour, net->ifindex);
	rtnl_neigh_set_dst(neighbour, local);
	rtnl_neigh_set_state(neighbour, NUD_NONE);
	rtnl_neigh_set_flags(neighbour, NTF_USE);
	err = rtnl_neigh_add(sock, neighbour, NLM_F_CREATE | NLM_F_REPLACE);
	if (err < 0)
		g_info("%s: cannot announce the address: %s", net->ifname, nl_geterror(err));
	nl_addr_put(local);
	rtnl_neigh_put(neighbour);
}

static gboolean set_address(p2p_net *net, struct nl_sock *sock, GError **error)
{
	struct rtnl_addr *address = make_address(net);
	int err = rtnl_addr_add(sock, address, NLM_F_REPLACE);

	rtnl_addr_put(address);
	if (err < 0) {
		g_autofree char *text = g_inet_address_to_string(net->local);

		g_set_error(error, REASON_ERROR, REASON_ADDRESS_FAILED,
			    "cannot give %s the address %s: %s", net->ifname, text,
			    nl_geterror(err));
		return FALSE;
	}
	net->address_set = TRUE;
	announce_address(net, sock);
	return TRUE;
}

/* The interface has usually gone with the group, and the address with it. */
static void remove_address(p2p_net *net)
{
	struct nl_sock *sock;
	struct rtnl_addr *address;
	int err;

	if (!net->address_set)
		return;
	net->address_set = FALSE;
	sock = open_route_socket(NULL);
	if (!sock)
		return;
	address = make_address(net);
	err = rtnl_addr_delete(sock, address, 0);
	if (err < 0)
		g_debug("%s: address not removed: %s", net->ifname, nl_geterror(err));
	rtnl_addr_put(address);
	nl_socket_free(sock);
}

static void set_local(p2p_net *net, GInetAddress *local, guint prefix)
{
	net->local = g_object_ref(local);
	net->prefix = prefix;
	net->peers = p2p_address_network(local, prefix);
}

static void emit_up(p2p_net *net)
{
	net->funcs->up(net, net->local, net->peers, net->user_data);
}

/* ---- group owner --------------------------------------------------------- */

static void peer_leased(p2p_dhcp *dhcp, GInetAddress *address, int prefix, gpointer user_data)
{
	p2p_net *net = user_data;
	g_autofree char *text = g_inet_address_to_string(address);
	g_autofree char *progress = g_strdup_printf("the display has the address %s", text);
	struct nl_sock *sock = open_route_socket(NULL);

	if (sock)
		announce_address(net, sock);
	nl_socket_free(sock);
	net->funcs->progress(net, "leased", progress, net->user_data);
}

static void dhcp_ended(p2p_dhcp *dhcp, const GError *error, gpointer user_data)
{
	net_fail(user_data, error);
}

static void dhcp_closed(p2p_dhcp *dhcp, gpointer user_data);

static const struct p2p_dhcp_funcs server_funcs = {
	.leased = peer_leased,
	.ended = dhcp_ended,
	.closed = dhcp_closed,
};

static gboolean open_owner(p2p_net *net, const struct p2p_net_request *request, GError **error)
{
	struct nl_sock *sock = open_route_socket(error);
	g_autoptr(GPtrArray) used = sock ? used_networks(net, sock, error) : NULL;
	g_autoptr(GInetAddress) local = NULL;
	int third = used ? p2p_address_choose(used) : -1;
	gboolean ok = FALSE;

	if (used && third < 0) {
		g_set_error_literal(error, REASON_ERROR, REASON_ADDRESS_FAILED,
				    "no 192.168.x.0 network is free on this machine");
	} else if (used) {
		g_autofree char *text = g_strdup_printf("192.168.%d.%d", third, OWNER_HOST);

		local = g_inet_address_new_from_string(text);
		set_local(net, local, P2P_ADDRESS_PREFIX);
		ok = set_address(net, sock, error);
	}
	nl_socket_free(sock);
	if (!ok)
		return FALSE;
	net->dhcp = p2p_dhcp_serve(net->ifname, net->peers, request->runtime_dir, &server_funcs, net,
				   error);
	return net->dhcp != NULL;
}

/* ---- group client -------------------------------------------------------- */

static gboolean take_address(p2p_net *net, GInetAddress *local, int prefix, GInetAddress *owner,
			     GError **error)
{
	struct nl_sock *sock = open_route_socket(error);
	g_autoptr(GPtrArray) used = sock ? used_networks(net, sock, error) : NULL;
	gboolean ok = used && p2p_address_check(local, prefix, owner, used, error);

	if (ok) {
		set_local(net, local, prefix);
		if (owner) {
			g_object_unref(net->peers);
			net->peers = p2p_address_network(owner, 32);
		}
		ok = net->made || set_address(net, sock, error);
	}
	nl_socket_free(sock);
	return ok;
}

/*
 * A display that later gives us another address has forgotten the first one. Connections hang on
 * that, and end with it by their own time limits if the display means it.
 */
static void we_leased(p2p_dhcp *dhcp, GInetAddress *address, int prefix, gpointer user_data)
{
	p2p_net *net = user_data;
	g_autoptr(GError) error = NULL;

	if (net->local) {
		if (!g_inet_address_equal(net->local, address))
			g_message("%s: the display now gives another address; the first one stays",
				  net->ifname);
		return;
	}
	g_clear_handle_id(&net->timer, g_source_remove);
	if (take_address(net, address, prefix, NULL, &error))
		emit_up(net);
	else
		net_fail(net, error);
}

static const struct p2p_dhcp_funcs client_funcs = {
	.leased = we_leased,
	.ended = dhcp_ended,
	.closed = dhcp_closed,
};

static gboolean client_timed_out(gpointer user_data)
{
	p2p_net *net = user_data;
	g_autoptr(GError) error =
		g_error_new(REASON_ERROR, REASON_ADDRESS_FAILED,
			    "the display gave us no IP address within %d s", P2P_NET_LEASE_SECONDS);

	net->timer = 0;
	net_fail(net, error);
	return G_SOURCE_REMOVE;
}

static gboolean open_client(p2p_net *net, const struct p2p_net_request *request, GError **error)
{
	if (request->ip)
		return take_address(net, request->ip, request->prefix, request->owner_ip, error);
	net->dhcp = p2p_dhcp_ask(net->ifname, request->runtime_dir, &client_funcs, net, error);
	if (!net->dhcp)
		return FALSE;
	net->timer = g_timeout_add_seconds(P2P_NET_LEASE_SECONDS, client_timed_out, net);
	return TRUE;
}

/* ---- made by another program ----------------------------------------------- */

static gboolean look_again(gpointer user_data);

/* Who has made it sets what it sets in its own time, and again with a new lease: ever less often is looked. */
static gboolean look_at_made(p2p_net *net, GError **error)
{
	g_autoptr(GInetAddress) address = NULL;
	int prefix;

	if (!net->local) {
		address = p2p_routes_find_address(net->ifindex, &prefix);
		if (address && !take_address(net, address, prefix, net->display, error))
			return FALSE;
		if (!net->local && net->rounds >= P2P_NET_MADE_SECONDS) {
			g_set_error(error, REASON_ERROR, REASON_ADDRESS_FAILED, "%s has got no address", net->ifname);
			return FALSE;
		}
	}
	if (net->local)
		p2p_routes_remove_strays(net->ifname, net->ifindex);
	net->timer = g_timeout_add_seconds(net->local ? 1 << MIN(net->rounds, 6) : 1, look_again, net);
	net->rounds++;
	return TRUE;
}

static gboolean look_again(gpointer user_data)
{
	p2p_net *net = user_data;
	gboolean was_up = net->local != NULL;
	g_autoptr(GError) error = NULL;

	net->timer = 0;
	if (!look_at_made(net, &error))
		net_fail(net, error);
	else if (net->local && !was_up)
		emit_up(net);
	return G_SOURCE_REMOVE;
}

/* ---- life ---------------------------------------------------------------- */

/* Its pointers are ours, but for the name, which is @net's. */
static struct p2p_net_request *copy_request(p2p_net *net, const struct p2p_net_request *request)
{
	struct p2p_net_request *copy = g_memdup2(request, sizeof(*request));

	copy->ifname = net->ifname;
	copy->runtime_dir = g_strdup(request->runtime_dir);
	if (request->bus)
		g_object_ref(request->bus);
	if (request->ip)
		g_object_ref(request->ip);
	if (request->owner_ip)
		g_object_ref(request->owner_ip);
	return copy;
}

static void free_request(struct p2p_net_request *request)
{
	g_clear_object(&request->bus);
	g_clear_object(&request->ip);
	g_clear_object(&request->owner_ip);
	g_free((char *)request->runtime_dir);
	g_free(request);
}

/* What keeps the display out is there. */
static void begin(p2p_net *net)
{
	const struct p2p_net_request *request = net->opening;
	g_autoptr(GError) error = NULL;
	gboolean ok;

	if (net->made)
		ok = look_at_made(net, &error);
	else
		ok = request->owner ? open_owner(net, request, &error) : open_client(net, request, &error);
	g_clear_pointer(&net->opening, free_request);
	if (ok && net->local)
		emit_up(net);
	if (error)
		net_fail(net, error);
}

static void closed(p2p_net *net);

static void firewalld_entered(firewalld *fw, gpointer user_data)
{
	begin(user_data);
}

static void firewalld_refused(firewalld *fw, const char *text, gpointer user_data)
{
	p2p_net *net = user_data;

	net->funcs->progress(net, "firewalld-refused", text, net->user_data);
}

static void firewalld_left(firewalld *fw, gpointer user_data)
{
	p2p_net *net = user_data;

	g_clear_pointer(&net->firewalld, firewalld_free);
	if (net->closing)
		closed(net);
	else if (net->opening)
		begin(net);
}

static const struct firewalld_funcs firewalld_callbacks = {
	.entered = firewalld_entered,
	.refused = firewalld_refused,
	.left = firewalld_left,
};

static void filter_lost(gpointer user_data)
{
	p2p_net *net = user_data;

	if (net->firewalld && !net->closing)
		firewalld_leave(net->firewalld);
}

/* TRUE: what it answers is waited for.  Without rules of ours it has to keep the display out itself. */
static gboolean tell_firewalld(p2p_net *net)
{
	const struct p2p_net_request *request = net->opening;

	if (!net->filter && !request->in_zone)
		return FALSE;
	net->firewalld = firewalld_enter(&(struct firewalld_request){
						 .bus = request->bus,
						 .ifname = net->ifname,
						 .runtime_dir = request->runtime_dir,
						 .in_zone = request->in_zone,
					 }, &firewalld_callbacks, net);
	if (net->filter)
		link_filter_when_lost(net->filter, filter_lost, net);
	else
		firewalld_leave(net->firewalld);
	return TRUE;
}

static gboolean open_now(gpointer user_data)
{
	p2p_net *net = user_data;
	const struct p2p_net_request *request = net->opening;
	g_autoptr(GError) error = NULL;

	net->idle = 0;
	net->ifindex = if_nametoindex(net->ifname);
	if (net->ifindex == 0) {
		g_set_error(&error, REASON_ERROR, REASON_ADDRESS_FAILED, "there is no interface %s",
			    net->ifname);
	} else if (close_interface(net, request->runtime_dir, &error)) {
		keep_out(net, request->owner);
		if (!tell_firewalld(net))
			begin(net);
	}
	if (error)
		net_fail(net, error);
	return G_SOURCE_REMOVE;
}

static p2p_net *net_open(const struct p2p_net_request *request, const struct p2p_net_funcs *funcs,
			 gpointer user_data)
{
	p2p_net *net = g_new0(p2p_net, 1);

	net->ifname = g_strdup(request->ifname);
	net->funcs = funcs;
	net->user_data = user_data;
	net->made = request->made;
	if (net->made)
		g_set_object(&net->display, request->owner_ip);
	net->opening = copy_request(net, request);
	net->idle = g_idle_add_full(G_PRIORITY_DEFAULT, open_now, net, NULL);
	return net;
}

/* What keeps the display out is needed for as long as it may be there. */
static void undo(p2p_net *net)
{
	remove_address(net);
	g_clear_pointer(&net->filter, link_filter_free);
	if (net->former_file)
		open_interface(net->former_file, net->ifname);
	g_clear_pointer(&net->former_file, g_free);
}

/* One of those that close() waits for has ended. */
static void closed(p2p_net *net)
{
	if (net->dhcp || net->firewalld)
		return;
	remove_address(net);
	net->funcs->closed(net, net->user_data);
}

static void dhcp_closed(p2p_dhcp *dhcp, gpointer user_data)
{
	p2p_net *net = user_data;

	g_clear_pointer(&net->dhcp, p2p_dhcp_free);
	closed(net);
}

static gboolean close_now(gpointer user_data)
{
	p2p_net *net = user_data;

	net->idle = 0;
	closed(net);
	return G_SOURCE_REMOVE;
}

static void net_close(p2p_net *net)
{
	g_clear_handle_id(&net->idle, g_source_remove);
	g_clear_handle_id(&net->timer, g_source_remove);
	net->closing = TRUE;
	if (net->firewalld)
		firewalld_leave(net->firewalld);
	if (net->dhcp)
		p2p_dhcp_close(net->dhcp);
	if (!net->firewalld && !net->dhcp)
		net->idle = g_idle_add_full(G_PRIORITY_DEFAULT, close_now, net, NULL);
}

static void net_free(p2p_net *net)
{
	g_clear_handle_id(&net->idle, g_source_remove);
	g_clear_handle_id(&net->timer, g_source_remove);
	g_clear_pointer(&net->dhcp, p2p_dhcp_free);
	/* Before the rules go. */
	g_clear_pointer(&net->firewalld, firewalld_free);
	undo(net);
	g_clear_pointer(&net->opening, free_request);
	g_clear_object(&net->local);
	g_clear_object(&net->display);
	g_clear_object(&net->peers);
	g_free(net->ifname);
	g_free(net);
}

static gboolean net_keeps_out(void)
{
	return link_filter_check(NULL);
}

const struct p2p_net_impl p2p_net_system = {
	.open = net_open,
	.close = net_close,
	.free = net_free,
	.keeps_out = net_keeps_out,
};

void p2p_net_clean_up(GDBusConnection *bus, const char *runtime_dir)
{
	g_autoptr(GDir) dir = g_dir_open(runtime_dir, 0, NULL);
	const char *name;

	p2p_dhcp_clean_up(runtime_dir);
	firewalld_clean_up(bus, runtime_dir);
	while (dir && (name = g_dir_read_name(dir))) {
		g_autofree char *path = g_build_filename(runtime_dir, name, NULL);

		if (g_str_has_prefix(name, FORMER_PREFIX))
			open_interface(path, name + strlen(FORMER_PREFIX));
	}
}
