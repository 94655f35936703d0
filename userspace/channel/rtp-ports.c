// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The pair of rtp-ports.h.
 */
#include "rtp-ports.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* A pair may be half taken; somewhere there is a free one. */
#define MAX_TRIES 32

/* Of no service; nothing is sent there. */
#define DISCARD_PORT 9

/* What both sockets of a pair are. */
struct place {
	const char *address;
	const char *interface;
	gboolean on_link;
};

static GSocket *new_socket(GSocketAddress *like, GError **error)
{
	return g_socket_new(g_socket_address_get_family(like), G_SOCKET_TYPE_DATAGRAM,
			    G_SOCKET_PROTOCOL_UDP, error);
}

static GSocketAddress *address_of(const char *text, guint16 port, GError **error)
{
	GSocketAddress *address = g_inet_socket_address_new_from_string(text, port);

	if (!address)
		g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
			    "\"%s\" is not a numeric address", text);
	return address;
}

/* A network of this machine's has it: the kernel is asked, nothing is sent. */
static gboolean is_on_link(const char *peer)
{
	g_autoptr(GSocketAddress) address = address_of(peer, DISCARD_PORT, NULL);
	g_autoptr(GSocket) probe = address ? new_socket(address, NULL) : NULL;

	return probe && g_socket_set_option(probe, SOL_SOCKET, SO_DONTROUTE, TRUE, NULL) &&
	       g_socket_connect(probe, address, NULL, NULL);
}

static gboolean bind_to_interface(GSocket *socket, const char *interface, GError **error)
{
	if (setsockopt(g_socket_get_fd(socket), SOL_SOCKET, SO_BINDTODEVICE, interface,
		       strlen(interface)) == 0)
		return TRUE;
	g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno), "interface %s: %s", interface,
		    g_strerror(errno));
	return FALSE;
}

static GSocket *bind_socket(const struct place *place, guint16 port, GError **error)
{
	g_autoptr(GSocketAddress) local = address_of(place->address, port, error);
	g_autoptr(GSocket) bound = local ? new_socket(local, error) : NULL;

	if (!bound || (place->interface && !bind_to_interface(bound, place->interface, error)) ||
	    (place->on_link &&
	     !g_socket_set_option(bound, SOL_SOCKET, SO_DONTROUTE, TRUE, error)) ||
	    !g_socket_bind(bound, local, FALSE, error))
		return NULL;
	return g_steal_pointer(&bound);
}

static guint16 port_of(GSocket *bound)
{
	g_autoptr(GSocketAddress) address = g_socket_get_local_address(bound, NULL);

	return address ? g_inet_socket_address_get_port(G_INET_SOCKET_ADDRESS(address)) : 0;
}

static int descriptor_of(GSocket *socket)
{
	return fcntl(g_socket_get_fd(socket), F_DUPFD_CLOEXEC, 3);
}

/* An even port that the kernel gives, and its neighbour, if that is free. */
static gboolean bind_pair(struct rtp_ports *ports, const struct place *place, GError **error)
{
	g_autoptr(GSocket) first = bind_socket(place, 0, error);
	g_autoptr(GSocket) second = NULL;
	guint16 port;

	if (!first)
		return FALSE;
	port = port_of(first);
	second = bind_socket(place, port ^ 1, error);
	if (!second)
		return FALSE;
	ports->rtp = descriptor_of(port & 1 ? second : first);
	ports->rtcp = descriptor_of(port & 1 ? first : second);
	if (ports->rtp >= 0 && ports->rtcp >= 0)
		return TRUE;
	g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno), "%s", g_strerror(errno));
	return FALSE;
}

gboolean rtp_ports_open(struct rtp_ports *ports, const char *address, const char *peer,
			const char *interface, GError **error)
{
	const struct place place = {
		.address = address,
		.interface = interface,
		.on_link = is_on_link(peer),
	};
	guint tries = 0;

	ports->rtp = ports->rtcp = -1;
	for (;;) {
		g_autoptr(GError) taken = NULL;

		if (bind_pair(ports, &place, &taken))
			return TRUE;
		rtp_ports_close(ports);
		if (!g_error_matches(taken, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE) ||
		    ++tries == MAX_TRIES) {
			g_propagate_error(error, g_steal_pointer(&taken));
			return FALSE;
		}
	}
}

gboolean rtp_ports_connect(int rtp, const char *peer, guint16 port, GError **error)
{
	g_autoptr(GSocketAddress) address = address_of(peer, port, error);
	struct sockaddr_storage native;

	if (!address || !g_socket_address_to_native(address, &native, sizeof(native), error))
		return FALSE;
	if (connect(rtp, (struct sockaddr *)&native, g_socket_address_get_native_size(address)) == 0)
		return TRUE;
	g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno), "%s port %u: %s", peer, port,
		    g_strerror(errno));
	return FALSE;
}

guint16 rtp_ports_number(int fd)
{
	struct sockaddr_storage native = { 0 };
	socklen_t len = sizeof(native);
	g_autoptr(GSocketAddress) address = NULL;

	if (getsockname(fd, (struct sockaddr *)&native, &len) == 0)
		address = g_socket_address_new_from_native(&native, len);
	return G_IS_INET_SOCKET_ADDRESS(address) ?
		       g_inet_socket_address_get_port(G_INET_SOCKET_ADDRESS(address)) : 0;
}

void rtp_ports_close(struct rtp_ports *ports)
{
	if (ports->rtp >= 0)
		close(ports->rtp);
	if (ports->rtcp >= 0)
		close(ports->rtcp);
	ports->rtp = ports->rtcp = -1;
}
