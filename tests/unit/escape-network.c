// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Ways to others by sockets: new ones, those that are there, and none that was opened.
 */
#include <errno.h>
#include <linux/filter.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "escape.h"

static long new_socket(int family, int type, int protocol)
{
	int fd = socket(family, type, protocol);

	if (fd >= 0)
		close(fd);
	return fd;
}

static long inet_socket(const char *unused) { return new_socket(AF_INET, SOCK_STREAM, 0); }
static long inet6_socket(const char *unused) { return new_socket(AF_INET6, SOCK_DGRAM, 0); }
static long unix_socket(const char *unused) { return new_socket(AF_UNIX, SOCK_STREAM, 0); }
static long netlink_socket(const char *unused) { return new_socket(AF_NETLINK, SOCK_RAW, 0); }
static long packet_socket(const char *unused) { return new_socket(AF_PACKET, SOCK_RAW, 0); }
static long alg_socket(const char *unused) { return new_socket(AF_ALG, SOCK_SEQPACKET, 0); }
static long vsock_socket(const char *unused) { return new_socket(AF_VSOCK, SOCK_STREAM, 0); }
static long bluetooth_socket(const char *unused) { return new_socket(AF_BLUETOOTH, SOCK_RAW, 1); }

static long call_unix(const struct sockaddr_un *address, socklen_t size)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	long result = fd < 0 ? -1 : connect(fd, (const struct sockaddr *)address, size);

	if (fd >= 0)
		close(fd);
	return result;
}

static long call_socket_file(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	strncpy(address.sun_path, path, sizeof(address.sun_path) - 1);
	return call_unix(&address, sizeof(address));
}

/* Nobody has it, which only who may ask is told. */
static long call_abstract_socket(const char *unused)
{
	static const char name[] = "\0miracast-escape";
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	memcpy(address.sun_path, name, sizeof(name));
	return call_unix(&address, sizeof(sa_family_t) + sizeof(name) - 1);
}

static long redirect(int fd)
{
	struct sockaddr_in elsewhere = { .sin_family = AF_INET, .sin_port = htons(9),
					 .sin_addr = { htonl(INADDR_LOOPBACK) } };

	return connect(fd, (struct sockaddr *)&elsewhere, sizeof(elsewhere));
}

static long redirect_rtsp(const char *unused) { return redirect(FD_RTSP); }
static long redirect_rtp(const char *unused) { return redirect(FD_RTP); }

/* A socket that was never opened: nobody listens there, which only who may ask is told. */
static long call_by_pair(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct iovec vector = { "x", 1 };
	struct msghdr message = { .msg_name = &address, .msg_namelen = sizeof(address), .msg_iov = &vector,
				  .msg_iovlen = 1 };
	int fds[2];
	long result;

	strncpy(address.sun_path, path, sizeof(address.sun_path) - 1);
	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, fds) < 0)
		return -1;
	result = sendmsg(fds[0], &message, MSG_NOSIGNAL);
	if (result < 0 && (errno == ENOENT || errno == ECONNREFUSED))
		result = 0;
	close(fds[0]);
	close(fds[1]);
	return result;
}

static long datagram_pair(const char *unused)
{
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, fds) < 0)
		return -1;
	close(fds[0]);
	close(fds[1]);
	return 0;
}

/* As two processes would that work together. */
static long pass_descriptor(const char *unused)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control = { .header = { CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS } };
	struct iovec vector = { "x", 1 };
	struct msghdr message = { .msg_iov = &vector, .msg_iovlen = 1, .msg_control = &control,
				  .msg_controllen = sizeof(control) };
	int fds[2];
	long result;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) < 0)
		return -1;
	memcpy(CMSG_DATA(&control.header), &fds[0], sizeof(int));
	result = sendmsg(fds[0], &message, MSG_NOSIGNAL);
	close(fds[0]);
	close(fds[1]);
	return result;
}

/* Of this machine, where somebody may answer questions for all the world, as a resolver does. */
static struct sockaddr_in beside_us(void)
{
	return (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(9),
				     .sin_addr = { htonl(INADDR_LOOPBACK) } };
}

static long send_beside(const char *unused)
{
	struct sockaddr_in to = beside_us();

	return sendto(FD_RTP, "x", 1, 0, (struct sockaddr *)&to, sizeof(to));
}

static long send_message_beside(const char *unused)
{
	struct sockaddr_in to = beside_us();
	struct iovec vector = { "x", 1 };
	struct msghdr message = { .msg_name = &to, .msg_namelen = sizeof(to), .msg_iov = &vector,
				  .msg_iovlen = 1 };

	return sendmsg(FD_RTP, &message, 0);
}

static long send_messages_beside(const char *unused)
{
	struct sockaddr_in to = beside_us();
	struct iovec vector = { "x", 1 };
	struct mmsghdr message = { .msg_hdr = { .msg_name = &to, .msg_namelen = sizeof(to),
						.msg_iov = &vector, .msg_iovlen = 1 } };

	return sendmmsg(FD_RTP, &message, 1, 0);
}

/* What came is answered, whoever sent it. */
static long send_to_nobody(const char *unused)
{
	long result = send(FD_RTCP, "x", 1, MSG_NOSIGNAL);

	/* The address that is missing is one of the rights that it lacks. */
	if (result < 0 && (errno == EDESTADDRREQ || errno == ENOTCONN))
		errno = EPERM;
	return result;
}

static struct sockaddr_in far_away(void)
{
	/* TEST-NET-1: behind a router, if anywhere. */
	return (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(9),
				     .sin_addr = { htonl(0xc0000201) } };
}

static long send_far_away(const char *unused)
{
	struct sockaddr_in to = far_away();

	return sendto(FD_RTP, "x", 1, 0, (struct sockaddr *)&to, sizeof(to));
}

static long send_message_far_away(const char *unused)
{
	struct sockaddr_in to = far_away();
	struct iovec vector = { "x", 1 };
	struct msghdr message = { .msg_name = &to, .msg_namelen = sizeof(to), .msg_iov = &vector,
				  .msg_iovlen = 1 };

	return sendmsg(FD_RTP, &message, 0);
}

static long unset(int option)
{
	int off = 0;

	return setsockopt(FD_RTP, SOL_SOCKET, option, &off, sizeof(off));
}

static long forget_no_router(const char *unused) { return unset(SO_DONTROUTE); }
static long broadcast(const char *unused) { return unset(SO_BROADCAST); }

static long forget_interface(const char *unused)
{
	return setsockopt(FD_RTP, SOL_SOCKET, SO_BINDTODEVICE, "", 0);
}

static long attach_filter(const char *unused)
{
	struct sock_filter pass = BPF_STMT(BPF_RET | BPF_K, ~0u);
	struct sock_fprog program = { 1, &pass };

	return setsockopt(FD_RTP, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));
}

static long listen_there(const char *unused) { return listen(FD_RTSP, 1); }
static long accept_there(const char *unused) { return accept4(FD_RTSP, NULL, NULL, SOCK_NONBLOCK); }

static long list_interfaces(const char *unused)
{
	struct ifconf all = { 0 };

	return ioctl(FD_RTP, SIOCGIFCONF, &all);
}

static long interface_down(const char *unused)
{
	struct ifreq request = { .ifr_name = "no-such" };

	return ioctl(FD_RTP, SIOCSIFFLAGS, &request);
}

const struct attempt network_attempts[] = {
	{ "socket: IPv4", inet_socket, NULL },
	{ "socket: IPv6", inet6_socket, NULL },
	{ "socket: local", unix_socket, NULL },
	{ "socket: netlink", netlink_socket, NULL },
	{ "socket: packets", packet_socket, NULL },
	{ "socket: ciphers", alg_socket, NULL },
	{ "socket: hypervisor", vsock_socket, NULL },
	{ "socket: Bluetooth", bluetooth_socket, NULL },
	{ "call the system bus", call_socket_file, "/run/dbus/system_bus_socket" },
	{ "call systemd", call_socket_file, "/run/systemd/private" },
	{ "call the journal", call_socket_file, "/run/systemd/journal/stdout" },
	{ "call an abstract socket", call_abstract_socket, NULL },
	{ "call the journal by a pair of sockets", call_by_pair, "/run/systemd/journal/socket" },
	{ "call systemd by a pair of sockets", call_by_pair, "/run/systemd/notify" },
	{ "a pair of sockets for datagrams", datagram_pair, NULL },
	{ "pass a descriptor", pass_descriptor, NULL },
	{ "redirect the RTSP connection", redirect_rtsp, NULL },
	{ "redirect RTP", redirect_rtp, NULL },
	{ "send to a service of this machine", send_beside, NULL },
	{ "send a message to a service of this machine", send_message_beside, NULL },
	{ "send messages to a service of this machine", send_messages_beside, NULL },
	{ "send by the socket for reports", send_to_nobody, NULL },
	{ "send past a router", send_far_away, NULL },
	{ "send a message past a router", send_message_far_away, NULL },
	{ "let a socket past routers", forget_no_router, NULL },
	{ "let a socket off its interface", forget_interface, NULL },
	{ "broadcast", broadcast, NULL },
	{ "attach a filter to a socket", attach_filter, NULL },
	{ "listen", listen_there, NULL },
	{ "accept", accept_there, NULL },
	{ "list interfaces by a socket", list_interfaces, NULL },
	{ "set an interface down", interface_down, NULL },
	{ NULL },
};
