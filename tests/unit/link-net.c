// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Network namespaces: see link-net.h.
 */
#include "link-net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <netlink/route/addr.h>
#include <netlink/route/link.h>
#include <netlink/route/link/veth.h>
#include <netlink/route/nexthop.h>
#include <netlink/route/route.h>

#include "link-filter.h"

/* What goes through goes through at once; what does not has to be waited for. */
#define IN_VAIN_MS 400

static int machines[N_MACHINES];

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	g_assert_no_errno(fd);
	g_assert_cmpint(write(fd, text, strlen(text)), ==, strlen(text));
	close(fd);
}

static void go_to(enum machine machine)
{
	g_assert_no_errno(setns(machines[machine], CLONE_NEWNET));
}

/* root may have a network; whoever is not has to become root of his own first. */
static gboolean new_network(void)
{
	g_autofree char *uid = g_strdup_printf("0 %u 1", geteuid());
	g_autofree char *gid = g_strdup_printf("0 %u 1", getegid());

	if (unshare(CLONE_NEWNET) == 0)
		return TRUE;
	if (unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
		return FALSE;
	write_file("/proc/self/setgroups", "deny");
	write_file("/proc/self/uid_map", uid);
	write_file("/proc/self/gid_map", gid);
	return TRUE;
}

static int this_network(void)
{
	int fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

	g_assert_no_errno(fd);
	return fd;
}

static struct nl_sock *route_socket(void)
{
	struct nl_sock *sock = nl_socket_alloc();

	g_assert_cmpint(nl_connect(sock, NETLINK_ROUTE), ==, 0);
	return sock;
}

static struct nl_addr *parse(const char *text)
{
	struct nl_addr *addr = NULL;

	g_assert_cmpint(nl_addr_parse(text, AF_INET, &addr), ==, 0);
	return addr;
}

static void set_up(struct nl_sock *sock, int ifindex)
{
	struct rtnl_link *old = rtnl_link_alloc(), *change = rtnl_link_alloc();

	rtnl_link_set_ifindex(old, ifindex);
	rtnl_link_set_flags(change, IFF_UP);
	g_assert_cmpint(rtnl_link_change(sock, old, change, 0), ==, 0);
	rtnl_link_put(old);
	rtnl_link_put(change);
}

static void set_address(struct nl_sock *sock, int ifindex, const char *text)
{
	g_autofree char *with_prefix = g_strdup_printf("%s/24", text);
	struct nl_addr *local = parse(with_prefix);
	struct rtnl_addr *address = rtnl_addr_alloc();

	rtnl_addr_set_ifindex(address, ifindex);
	rtnl_addr_set_local(address, local);
	g_assert_cmpint(rtnl_addr_add(sock, address, 0), ==, 0);
	rtnl_addr_put(address);
	nl_addr_put(local);
}

static void set_default_route(struct nl_sock *sock, int ifindex, const char *via)
{
	struct nl_addr *gateway = parse(via), *all = parse("0.0.0.0/0");
	struct rtnl_route *route = rtnl_route_alloc();
	struct rtnl_nexthop *hop = rtnl_route_nh_alloc();

	rtnl_route_nh_set_ifindex(hop, ifindex);
	rtnl_route_nh_set_gateway(hop, gateway);
	rtnl_route_add_nexthop(route, hop);
	rtnl_route_set_dst(route, all);
	g_assert_cmpint(rtnl_route_add(sock, route, 0), ==, 0);
	rtnl_route_put(route);
	nl_addr_put(gateway);
	nl_addr_put(all);
}

/* In HERE; the other end is eth0 of @machine. */
static void connect_machine(enum machine machine, const char *ifname, const char *here, const char *there)
{
	struct nl_sock *sock = route_socket();
	struct rtnl_link *link = rtnl_link_veth_alloc(), *peer = rtnl_link_veth_get_peer(link);

	rtnl_link_set_name(link, ifname);
	rtnl_link_set_name(peer, "eth0");
	rtnl_link_set_ns_fd(peer, machines[machine]);
	g_assert_cmpint(rtnl_link_add(sock, link, NLM_F_CREATE | NLM_F_EXCL), ==, 0);
	rtnl_link_put(peer);
	rtnl_link_put(link);
	set_address(sock, if_nametoindex(ifname), here);
	set_up(sock, if_nametoindex(ifname));
	nl_socket_free(sock);

	go_to(machine);
	sock = route_socket();
	set_up(sock, if_nametoindex("lo"));
	set_address(sock, if_nametoindex("eth0"), there);
	set_up(sock, if_nametoindex("eth0"));
	set_default_route(sock, if_nametoindex("eth0"), here);
	nl_socket_free(sock);
	go_to(HERE);
}

char *link_net_enter(void)
{
	struct nl_sock *sock;

	/* Who is on the machine's bus knows nothing of this network. */
	g_setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent", TRUE);
	if (!new_network())
		return g_strdup_printf("no network namespace: %s", g_strerror(errno));
	machines[HERE] = this_network();
	for (enum machine i = HERE + 1; i < N_MACHINES; i++) {
		g_assert_no_errno(unshare(CLONE_NEWNET));
		machines[i] = this_network();
	}
	go_to(HERE);
	sock = route_socket();
	set_up(sock, if_nametoindex("lo"));
	nl_socket_free(sock);
	connect_machine(TV, LINK_NET_IFNAME, LINK_NET_HERE, LINK_NET_TV);
	connect_machine(PC, "lan", LINK_NET_LAN, LINK_NET_PC);
	write_file("/proc/sys/net/ipv4/ip_forward", "1");
	return NULL;
}

gboolean link_net_has_rules(void)
{
	static gboolean entered;
	static char *why;
	g_autoptr(GError) error = NULL;

	if (!entered && !why) {
		why = link_net_enter();
		if (!why && !link_filter_check(&error))
			why = g_strdup(error->message);
		entered = !why;
	}
	if (why)
		g_test_skip(why);
	return entered;
}

/* ---- sockets ------------------------------------------------------------- */

void link_net_go_through_tv(void)
{
	struct nl_sock *sock = route_socket();

	set_default_route(sock, if_nametoindex(LINK_NET_IFNAME), LINK_NET_TV);
	nl_socket_free(sock);
}

static struct sockaddr_in address_of(const char *text, guint16 port)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(port) };

	g_assert_cmpint(inet_pton(AF_INET, text, &address.sin_addr), ==, 1);
	return address;
}

static int socket_in(enum machine machine, int type, int protocol)
{
	int fd;

	go_to(machine);
	fd = socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);
	g_assert_no_errno(fd);
	go_to(HERE);
	return fd;
}

static void bind_port(int fd, guint16 port)
{
	struct sockaddr_in address = address_of("0.0.0.0", port);
	int on = 1;

	g_assert_no_errno(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)));
	g_assert_no_errno(bind(fd, (struct sockaddr *)&address, sizeof(address)));
}

int link_net_serve(enum machine machine, int type, guint16 port)
{
	int fd = socket_in(machine, type, 0);

	bind_port(fd, port);
	if (type == SOCK_STREAM)
		g_assert_no_errno(listen(fd, 16));
	return fd;
}

guint16 link_net_port(int fd)
{
	struct sockaddr_in address;
	socklen_t len = sizeof(address);

	g_assert_no_errno(getsockname(fd, (struct sockaddr *)&address, &len));
	return ntohs(address.sin_port);
}

int link_net_hear_arp(enum machine machine)
{
	int fd;

	go_to(machine);
	fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, htons(ETH_P_ARP));
	g_assert_no_errno(fd);
	go_to(HERE);
	return fd;
}

static gboolean comes(int fd, short events)
{
	struct pollfd poll_fd = { .fd = fd, .events = events };

	return poll(&poll_fd, 1, IN_VAIN_MS) == 1;
}

gboolean link_net_calls(enum machine from, const char *text, guint16 port)
{
	struct sockaddr_in address = address_of(text, port);
	int fd = socket_in(from, SOCK_STREAM, 0);
	gboolean called = connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0 ||
			  (errno == EINPROGRESS && comes(fd, POLLOUT));
	int err = 0;
	socklen_t len = sizeof(err);

	g_assert_no_errno(getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len));
	close(fd);
	return called && err == 0;
}

gboolean link_net_sends(enum machine from, guint16 from_port, const char *text, guint16 port, int to)
{
	struct sockaddr_in address = address_of(text, port);
	int fd = socket_in(from, SOCK_DGRAM, 0);
	gboolean came = FALSE;
	char byte = 'x';
	int on = 1;

	g_assert_no_errno(setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &on, sizeof(on)));
	bind_port(fd, from_port);
	g_assert_cmpint(sendto(fd, &byte, 1, 0, (struct sockaddr *)&address, sizeof(address)), ==, 1);
	if (comes(to, POLLIN))
		came = recv(to, &byte, 1, 0) == 1;
	close(fd);
	return came;
}

gboolean link_net_echoes(enum machine from, const char *text)
{
	struct sockaddr_in address = address_of(text, 0);
	int fd = socket_in(from, SOCK_RAW, IPPROTO_ICMP);
	struct icmphdr request = { .type = ICMP_ECHO };
	char answer[128];
	gboolean came;

	/* The one's complement of the one's complement sum of one word that is not 0. */
	request.checksum = ~htons(ICMP_ECHO << 8);
	g_assert_cmpint(sendto(fd, &request, sizeof(request), 0, (struct sockaddr *)&address,
			       sizeof(address)), ==, sizeof(request));
	came = comes(fd, POLLIN) && recv(fd, answer, sizeof(answer), 0) > 0;
	close(fd);
	return came;
}
