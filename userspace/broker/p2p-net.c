// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * IPv4 on a P2P group: see p2p-net.h.
 */
#define G_LOG_DOMAIN "miracastd"

#include "p2p-net.h"

#include <errno.h>
#include <net/if.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include <glib-unix.h>
#include <netlink/route/addr.h>
#include <netlink/route/route.h>

/* Where the search for a free network starts; the value that Android uses. */
#define FIRST_CHOICE 49

#define OWNER_HOST 1
#define LEASE_FIRST 10
#define LEASE_LAST 20
#define PREFIX 24

/* A DHCP client asks for up to 10 s and more when the server is slow. */
#define DHCP_CLIENT_SECONDS 30

/* Time that a DHCP program has for its own end. */
#define KILL_SECONDS 2

struct p2p_net {
	char *ifname;
	int ifindex;
	const struct p2p_net_funcs *funcs;
	gpointer user_data;

	GInetAddress *local;
	GInetAddressMask *peers;
	gboolean address_set; /* by us: to be removed by us */

	GSubprocess *dhcp;
	GCancellable *cancellable; /* of the wait for its end */
	gboolean closing;
	guint idle;
	guint timer;

	char *lease_file;
	char *pid_file;
	GFileMonitor *lease_monitor;

	struct nl_cache_mngr *addresses; /* as DHCP client: to see the address come */
	guint addresses_source;
};

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

static void add_network(GPtrArray *used, struct nl_addr *addr)
{
	g_autoptr(GInetAddress) address = NULL;
	GInetAddressMask *mask;
	guint prefix;

	if (!addr || nl_addr_get_family(addr) != AF_INET || nl_addr_get_len(addr) != 4)
		return;
	prefix = nl_addr_get_prefixlen(addr);
	if (prefix == 0)
		return; /* the default route */
	address = g_inet_address_new_from_bytes(nl_addr_get_binary_addr(addr),
						G_SOCKET_FAMILY_IPV4);
	mask = g_object_new(G_TYPE_INET_ADDRESS_MASK, "address", address, "length", prefix, NULL);
	g_ptr_array_add(used, mask);
}

static void collect_address(struct nl_object *object, void *used)
{
	add_network(used, rtnl_addr_get_local((struct rtnl_addr *)object));
}

static void collect_route(struct nl_object *object, void *used)
{
	add_network(used, rtnl_route_get_dst((struct rtnl_route *)object));
}

/* Networks of all addresses and routes; the kernel answers at once. */
static GPtrArray *used_networks(struct nl_sock *sock, GError **error)
{
	g_autoptr(GPtrArray) used = g_ptr_array_new_with_free_func(g_object_unref);
	struct nl_cache *cache;
	int err = rtnl_addr_alloc_cache(sock, &cache);

	if (err >= 0) {
		nl_cache_foreach(cache, collect_address, used);
		nl_cache_free(cache);
		err = rtnl_route_alloc_cache(sock, AF_INET, 0, &cache);
	}
	if (err < 0) {
		g_set_error(error, REASON_ERROR, REASON_ADDRESS_FAILED,
			    "cannot read addresses and routes: %s", nl_geterror(err));
		return NULL;
	}
	nl_cache_foreach(cache, collect_route, used);
	nl_cache_free(cache);
	return g_steal_pointer(&used);
}

static gboolean overlaps(GInetAddressMask *mask, guint third)
{
	const guint8 *bytes = g_inet_address_to_bytes(g_inet_address_mask_get_address(mask));
	guint length = MIN(g_inet_address_mask_get_length(mask), PREFIX);
	guint32 network = (guint32)bytes[0] << 24 | bytes[1] << 16 | bytes[2] << 8;
	guint32 candidate = 192u << 24 | 168 << 16 | third << 8;

	return length == 0 || ((network ^ candidate) >> (32 - length)) == 0;
}

int p2p_net_choose(GPtrArray *used)
{
	for (guint i = 0; i < 256; i++) {
		guint third = (FIRST_CHOICE + i) % 256;
		guint j = 0;

		while (j < used->len && !overlaps(g_ptr_array_index(used, j), third))
			j++;
		if (j == used->len)
			return third;
	}
	return -1;
}

static struct rtnl_addr *make_address(p2p_net *net)
{
	struct rtnl_addr *address = rtnl_addr_alloc();
	struct nl_addr *local = nl_addr_build(AF_INET, g_inet_address_to_bytes(net->local), 4);
	guint32 broadcast;
	struct nl_addr *all;

	memcpy(&broadcast, g_inet_address_to_bytes(net->local), 4);
	broadcast |= htonl((1u << (32 - PREFIX)) - 1);
	all = nl_addr_build(AF_INET, &broadcast, 4);
	nl_addr_set_prefixlen(local, PREFIX);
	rtnl_addr_set_ifindex(address, net->ifindex);
	rtnl_addr_set_local(address, local);
	rtnl_addr_set_broadcast(address, all);
	nl_addr_put(local);
	nl_addr_put(all);
	return address;
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
	guint32 network;
	g_autoptr(GInetAddress) base = NULL;

	memcpy(&network, g_inet_address_to_bytes(local), 4);
	network &= prefix ? htonl(~0u << (32 - prefix)) : 0;
	base = g_inet_address_new_from_bytes((guint8 *)&network, G_SOCKET_FAMILY_IPV4);
	net->local = g_object_ref(local);
	net->peers = g_object_new(G_TYPE_INET_ADDRESS_MASK, "address", base, "length", prefix, NULL);
}

/* ---- DHCP programs ------------------------------------------------------- */

static void net_fail(p2p_net *net, const GError *error)
{
	g_clear_handle_id(&net->timer, g_source_remove);
	net->funcs->failed(net, error, net->user_data);
}

static gboolean emit_closed(gpointer user_data)
{
	p2p_net *net = user_data;

	net->idle = 0;
	remove_address(net);
	if (net->lease_file) {
		unlink(net->lease_file);
		unlink(net->pid_file);
	}
	net->funcs->closed(net, net->user_data);
	return G_SOURCE_REMOVE;
}

static void dhcp_ended(GObject *source, GAsyncResult *result, gpointer user_data)
{
	p2p_net *net;
	g_autoptr(GError) error = NULL;

	if (!g_subprocess_wait_finish(G_SUBPROCESS(source), result, NULL))
		return; /* cancelled: freed already */
	net = user_data;
	g_clear_object(&net->dhcp);
	g_clear_handle_id(&net->timer, g_source_remove);
	if (net->closing) {
		net->idle = g_idle_add(emit_closed, net);
		return;
	}
	g_set_error(&error, REASON_ERROR, REASON_ADDRESS_FAILED,
		    "the DHCP program for %s has ended by itself", net->ifname);
	net_fail(net, error);
}

static gboolean start_program(p2p_net *net, const char *const *argv, const char *package,
			      GError **error)
{
	g_autoptr(GError) cause = NULL;
	g_autofree char *line = g_strjoinv(" ", (char **)argv);

	g_debug("running %s", line);
	net->dhcp = g_subprocess_newv(argv, G_SUBPROCESS_FLAGS_NONE, &cause);
	if (!net->dhcp) {
		gboolean missing = g_error_matches(cause, G_SPAWN_ERROR, G_SPAWN_ERROR_NOENT);

		g_set_error(error, REASON_ERROR, missing ? REASON_DHCP_MISSING : REASON_ADDRESS_FAILED,
			    missing ? "there is no %s (Debian: package %s)" : "cannot run %s (%s)",
			    argv[0], package);
		return FALSE;
	}
	net->cancellable = g_cancellable_new();
	g_subprocess_wait_async(net->dhcp, net->cancellable, dhcp_ended, net);
	return TRUE;
}

static void lease_changed(GFileMonitor *monitor, GFile *file, GFile *other,
			  GFileMonitorEvent event, gpointer user_data)
{
	p2p_net *net = user_data;
	g_autofree char *content = NULL;
	g_auto(GStrv) fields = NULL;
	g_autofree char *text = NULL;

	if (event != G_FILE_MONITOR_EVENT_CHANGES_DONE_HINT ||
	    !g_file_get_contents(net->lease_file, &content, NULL, NULL))
		return;
	/* "expiry MAC address name client-id" */
	fields = g_strsplit(content, " ", 4);
	if (g_strv_length(fields) < 4)
		return;
	text = g_strdup_printf("the display has the address %s", fields[2]);
	net->funcs->progress(net, "leased", text, net->user_data);
	g_clear_object(&net->lease_monitor);
}

static void watch_leases(p2p_net *net)
{
	g_autoptr(GFile) file = g_file_new_for_path(net->lease_file);

	unlink(net->lease_file);
	net->lease_monitor = g_file_monitor_file(file, G_FILE_MONITOR_NONE, NULL, NULL);
	if (net->lease_monitor)
		g_signal_connect(net->lease_monitor, "changed", G_CALLBACK(lease_changed), net);
}

/*
 * Its own configuration files, name server, and scripts stay out. An empty
 * router option keeps the sink from sending the rest of its traffic to us.
 */
static gboolean start_server(p2p_net *net, const char *runtime_dir, GError **error)
{
	g_autofree char *prefix = g_inet_address_to_string(
		g_inet_address_mask_get_address(net->peers));
	g_autofree char *interface = g_strdup_printf("--interface=%s", net->ifname);
	g_autofree char *pid_option = NULL;
	g_autofree char *lease_option = NULL;
	g_autofree char *range = NULL;

	*strrchr(prefix, '.') = '\0';
	range = g_strdup_printf("--dhcp-range=%s.%d,%s.%d,255.255.255.0,1h", prefix, LEASE_FIRST,
				prefix, LEASE_LAST);
	net->pid_file = g_strdup_printf("%s/dnsmasq-%s.pid", runtime_dir, net->ifname);
	pid_option = g_strdup_printf("--pid-file=%s", net->pid_file);
	net->lease_file = g_strdup_printf("%s/dnsmasq-%s.leases", runtime_dir, net->ifname);
	lease_option = g_strdup_printf("--dhcp-leasefile=%s", net->lease_file);
	watch_leases(net);

	const char *const argv[] = {
		"dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--port=0",
		"--no-resolv", "--no-hosts", "--no-ping", "--bind-interfaces",
		"--except-interface=lo", interface, range, "--dhcp-option=option:router",
		"--dhcp-authoritative", "--dhcp-rapid-commit", "--dhcp-no-override",
		"--log-facility=-", lease_option, pid_option, NULL,
	};
	return start_program(net, argv, "dnsmasq-base", error);
}

/* ---- group owner --------------------------------------------------------- */

static gboolean open_owner(p2p_net *net, const char *runtime_dir, GError **error)
{
	struct nl_sock *sock = open_route_socket(error);
	g_autoptr(GPtrArray) used = sock ? used_networks(sock, error) : NULL;
	g_autoptr(GInetAddress) local = NULL;
	int third = used ? p2p_net_choose(used) : -1;
	gboolean ok = FALSE;

	if (used && third < 0) {
		g_set_error_literal(error, REASON_ERROR, REASON_ADDRESS_FAILED,
				    "no 192.168.x.0 network is free on this machine");
	} else if (used) {
		g_autofree char *text = g_strdup_printf("192.168.%d.%d", third, OWNER_HOST);

		local = g_inet_address_new_from_string(text);
		set_local(net, local, PREFIX);
		ok = set_address(net, sock, error);
	}
	nl_socket_free(sock);
	return ok && start_server(net, runtime_dir, error);
}

/* ---- group client -------------------------------------------------------- */

static void emit_up(p2p_net *net)
{
	net->funcs->up(net, net->local, net->peers, net->user_data);
}

static void address_seen(struct nl_cache *cache, struct nl_object *object, int action, void *data)
{
	p2p_net *net = data;
	struct rtnl_addr *address = (struct rtnl_addr *)object;
	struct nl_addr *local = rtnl_addr_get_local(address);
	g_autoptr(GInetAddress) inet = NULL;

	if (action == NL_ACT_DEL || net->local || net->closing ||
	    rtnl_addr_get_ifindex(address) != net->ifindex ||
	    rtnl_addr_get_family(address) != AF_INET || !local)
		return;
	inet = g_inet_address_new_from_bytes(nl_addr_get_binary_addr(local), G_SOCKET_FAMILY_IPV4);
	if (g_inet_address_get_is_link_local(inet))
		return; /* made up for want of a server */
	set_local(net, inet, nl_addr_get_prefixlen(local));
	g_clear_handle_id(&net->timer, g_source_remove);
	emit_up(net);
}

static gboolean addresses_readable(gint fd, GIOCondition condition, gpointer user_data)
{
	p2p_net *net = user_data;

	nl_cache_mngr_data_ready(net->addresses);
	return G_SOURCE_CONTINUE;
}

static gboolean client_timed_out(gpointer user_data)
{
	p2p_net *net = user_data;
	g_autoptr(GError) error =
		g_error_new(REASON_ERROR, REASON_ADDRESS_FAILED,
			    "the display gave us no IP address within %d s", DHCP_CLIENT_SECONDS);

	net->timer = 0;
	net_fail(net, error);
	return G_SOURCE_REMOVE;
}

static gboolean watch_addresses(p2p_net *net, GError **error)
{
	int err = nl_cache_mngr_alloc(NULL, NETLINK_ROUTE, NL_AUTO_PROVIDE, &net->addresses);

	if (err >= 0)
		err = nl_cache_mngr_add(net->addresses, "route/addr", address_seen, net, NULL);
	if (err < 0) {
		g_set_error(error, REASON_ERROR, REASON_ADDRESS_FAILED,
			    "cannot watch addresses: %s", nl_geterror(err));
		return FALSE;
	}
	net->addresses_source = g_unix_fd_add(nl_cache_mngr_get_fd(net->addresses), G_IO_IN,
					      addresses_readable, net);
	return TRUE;
}

static gboolean open_client(p2p_net *net, const struct p2p_net_request *request, GError **error)
{
	const char *const argv[] = {
		"dhcpcd", "--nobackground", "--ipv4only", "--noarp", "--nogateway",
		"--config", "/dev/null", "--script", "/bin/true", net->ifname, NULL,
	};

	if (request->ip) {
		struct nl_sock *sock = open_route_socket(error);
		gboolean ok = sock != NULL;

		set_local(net, request->ip, request->prefix);
		ok = ok && set_address(net, sock, error);
		nl_socket_free(sock);
		return ok;
	}
	if (!watch_addresses(net, error) || !start_program(net, argv, "dhcpcd-base", error))
		return FALSE;
	net->timer = g_timeout_add_seconds(DHCP_CLIENT_SECONDS, client_timed_out, net);
	return TRUE;
}

/* ---- life ---------------------------------------------------------------- */

struct opening {
	p2p_net *net;
	GInetAddress *ip;
	guint prefix;
	gboolean owner;
	char *runtime_dir;
};

static void opening_free(gpointer data)
{
	struct opening *opening = data;

	g_clear_object(&opening->ip);
	g_free(opening->runtime_dir);
	g_free(opening);
}

static gboolean open_now(gpointer user_data)
{
	struct opening *opening = user_data;
	p2p_net *net = opening->net;
	const struct p2p_net_request request = { .ip = opening->ip, .prefix = opening->prefix };
	g_autoptr(GError) error = NULL;

	net->idle = 0;
	net->ifindex = if_nametoindex(net->ifname);
	if (!(opening->owner ? open_owner(net, opening->runtime_dir, &error) :
			       open_client(net, &request, &error)))
		net_fail(net, error);
	else if (net->local)
		emit_up(net);
	return G_SOURCE_REMOVE;
}

static p2p_net *net_open(const struct p2p_net_request *request, const struct p2p_net_funcs *funcs,
			 gpointer user_data)
{
	p2p_net *net = g_new0(p2p_net, 1);
	struct opening *opening = g_new0(struct opening, 1);

	net->ifname = g_strdup(request->ifname);
	net->funcs = funcs;
	net->user_data = user_data;
	opening->net = net;
	opening->owner = request->owner;
	opening->runtime_dir = g_strdup(request->runtime_dir);
	opening->prefix = request->prefix;
	if (request->ip)
		opening->ip = g_object_ref(request->ip);
	net->idle = g_idle_add_full(G_PRIORITY_DEFAULT, open_now, opening, opening_free);
	return net;
}

static gboolean kill_dhcp(gpointer user_data)
{
	p2p_net *net = user_data;

	net->timer = 0;
	g_subprocess_force_exit(net->dhcp);
	return G_SOURCE_REMOVE;
}

static void net_close(p2p_net *net)
{
	net->closing = TRUE;
	g_clear_handle_id(&net->idle, g_source_remove);
	g_clear_handle_id(&net->timer, g_source_remove);
	g_clear_object(&net->lease_monitor);
	if (net->dhcp) {
		g_subprocess_send_signal(net->dhcp, SIGTERM);
		net->timer = g_timeout_add_seconds(KILL_SECONDS, kill_dhcp, net);
	} else {
		net->idle = g_idle_add(emit_closed, net);
	}
}

static void net_free(p2p_net *net)
{
	g_clear_handle_id(&net->idle, g_source_remove);
	g_clear_handle_id(&net->timer, g_source_remove);
	g_clear_handle_id(&net->addresses_source, g_source_remove);
	g_clear_pointer(&net->addresses, nl_cache_mngr_free);
	if (net->cancellable)
		g_cancellable_cancel(net->cancellable);
	g_clear_object(&net->cancellable);
	if (net->dhcp)
		g_subprocess_send_signal(net->dhcp, SIGTERM);
	g_clear_object(&net->dhcp);
	g_clear_object(&net->lease_monitor);
	remove_address(net);
	g_clear_object(&net->local);
	g_clear_object(&net->peers);
	g_free(net->lease_file);
	g_free(net->pid_file);
	g_free(net->ifname);
	g_free(net);
}

const struct p2p_net_impl p2p_net_system = {
	.open = net_open,
	.close = net_close,
	.free = net_free,
};

/* ---- after a crash ------------------------------------------------------- */

/* Only if the process is still the one that wrote the file. */
static void end_leftover(const char *pid_file)
{
	g_autofree char *content = NULL, *path = NULL, *command = NULL;
	g_autofree char *option = g_strdup_printf("--pid-file=%s", pid_file);
	gint64 pid;
	gsize len = 0;
	int fd;

	if (!g_file_get_contents(pid_file, &content, NULL, NULL))
		return;
	pid = g_ascii_strtoll(content, NULL, 10);
	fd = pid > 1 ? pidfd_open(pid, 0) : -1;
	path = g_strdup_printf("/proc/%" G_GINT64_FORMAT "/cmdline", pid);
	if (fd >= 0 && g_file_get_contents(path, &command, &len, NULL) &&
	    memmem(command, len, option, strlen(option) + 1)) {
		g_message("ending a DHCP server that was left behind (process %s)",
			  g_strstrip(content));
		pidfd_send_signal(fd, SIGTERM, NULL, 0);
	}
	if (fd >= 0)
		close(fd);
	unlink(pid_file);
}

void p2p_net_clean_up(const char *runtime_dir)
{
	g_autoptr(GDir) dir = g_dir_open(runtime_dir, 0, NULL);
	const char *name;

	while (dir && (name = g_dir_read_name(dir))) {
		g_autofree char *path = g_build_filename(runtime_dir, name, NULL);

		if (!g_str_has_prefix(name, "dnsmasq-"))
			continue;
		if (g_str_has_suffix(name, ".pid"))
			end_leftover(path);
		else
			unlink(path);
	}
}
