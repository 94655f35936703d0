// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The RTSP port: see rtsp-listener.h.
 */
#define G_LOG_DOMAIN "miracastd"

#include "rtsp-listener.h"

#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "reason.h"

/* More than one sink at once is rare, strangers are dropped at once. */
#define BACKLOG 8

struct rtsp_listener {
	GSocket *socket;
	GSource *source; /* NULL while @pause runs */
	guint pause; /* until it is looked for connections again */
	gint64 credit_us; /* a call costs a second, at most RTSP_CALLS_BURST are saved */
	gint64 credited_us; /* CLOCK_MONOTONIC: up to here */
	gboolean refusing; /* said so */
	gboolean stranger; /* one was dropped, and that was said; until the next that is none */
	GInetAddressMask *peers;
	char *address;
	guint16 port;
	rtsp_listener_accepted *accepted;
	gpointer user_data;
};

char *rtsp_address_to_string(GSocketAddress *address)
{
	GInetSocketAddress *inet = G_INET_SOCKET_ADDRESS(address);
	g_autofree char *text =
		g_inet_address_to_string(g_inet_socket_address_get_address(inet));
	guint32 scope = 0;
	char name[IF_NAMESIZE];

	if (g_socket_address_get_family(address) == G_SOCKET_FAMILY_IPV6)
		scope = g_inet_socket_address_get_scope_id(inet);
	if (scope && if_indextoname(scope, name))
		return g_strdup_printf("%s%%%s", text, name);
	return g_steal_pointer(&text);
}

static gboolean split_port(const char *text, char **host, guint16 *port)
{
	const char *colon = strrchr(text, ':');
	guint64 value;

	if (text[0] == '[') {
		const char *end = strchr(text, ']');

		if (!end || (end[1] != '\0' && end[1] != ':'))
			return FALSE;
		*host = g_strndup(text + 1, end - text - 1);
		colon = end[1] ? end + 1 : NULL;
	} else if (colon && strchr(text, ':') == colon) {
		*host = g_strndup(text, colon - text);
	} else {
		*host = g_strdup(text);
		colon = NULL;
	}
	if (!colon)
		return TRUE;
	if (!g_ascii_string_to_unsigned(colon + 1, 10, 0, G_MAXUINT16, &value, NULL))
		return FALSE;
	*port = value;
	return TRUE;
}

GSocketAddress *rtsp_parse_address(const char *text, guint16 default_port, GError **error)
{
	g_autoptr(GSocketAddress) address = NULL;
	g_autofree char *host = NULL;
	guint16 port = default_port;

	if (split_port(text, &host, &port))
		address = g_inet_socket_address_new_from_string(host, port);
	if (!address) {
		g_set_error(error, REASON_ERROR, REASON_ADDRESS_INVALID,
			    "\"%s\" is not a numeric IP address", text);
		return NULL;
	}
	/* ::ffff:192.0.2.1, of which GLib makes that one: what was named and what is listened on would be two things. */
	if (strchr(host, ':') && g_socket_address_get_family(address) == G_SOCKET_FAMILY_IPV4) {
		g_set_error(error, REASON_ERROR, REASON_ADDRESS_INVALID,
			    "%s is an IPv4 address in IPv6, and is to be written as the one that it is", text);
		return NULL;
	}
	if (g_inet_address_get_is_any(
		    g_inet_socket_address_get_address(G_INET_SOCKET_ADDRESS(address)))) {
		g_set_error(error, REASON_ERROR, REASON_ADDRESS_INVALID,
			    "%s would listen on every network of this machine", text);
		return NULL;
	}
	return g_steal_pointer(&address);
}

GInetAddressMask *rtsp_parse_peers(const char *text, GSocketAddress *local, GError **error)
{
	g_autoptr(GError) cause = NULL;
	g_autoptr(GInetAddressMask) peers = g_inet_address_mask_new_from_string(text, &cause);

	if (!peers) {
		g_set_error(error, REASON_ERROR, REASON_CONFIGURATION,
			    "\"%s\" says not who may call: an address (192.0.2.7) or a network (192.0.2.0/24): %s",
			    text, cause->message);
		return NULL;
	}
	if (g_inet_address_mask_get_family(peers) != g_socket_address_get_family(local)) {
		g_autofree char *address = rtsp_address_to_string(local);

		g_set_error(error, REASON_ERROR, REASON_CONFIGURATION,
			    "nobody from %s can call %s: one is IPv4, the other IPv6", text, address);
		return NULL;
	}
	return g_steal_pointer(&peers);
}

static gboolean is_allowed(rtsp_listener *listener, GSocketAddress *peer)
{
	if (!listener->peers)
		return TRUE;
	return g_inet_address_mask_matches(
		listener->peers,
		g_inet_socket_address_get_address(G_INET_SOCKET_ADDRESS(peer)));
}

/* FALSE: too many have called lately. */
static gboolean take_credit(rtsp_listener *listener)
{
	gint64 now = g_get_monotonic_time();

	listener->credit_us = MIN(listener->credit_us + now - listener->credited_us,
				  (gint64)RTSP_CALLS_BURST * G_USEC_PER_SEC);
	listener->credited_us = now;
	if (listener->credit_us < G_USEC_PER_SEC) {
		if (!listener->refusing)
			g_warning("too many calls on %s, no more than one a second is answered",
				  listener->address);
		listener->refusing = TRUE;
		return FALSE;
	}
	listener->credit_us -= G_USEC_PER_SEC;
	listener->refusing = FALSE;
	return TRUE;
}

static void watch(rtsp_listener *listener);

static gboolean paused_enough(gpointer user_data)
{
	rtsp_listener *listener = user_data;

	listener->pause = 0;
	watch(listener);
	return G_SOURCE_REMOVE;
}

/* The connection still waits to be accepted: to look again at once would be to do nothing else. */
static void pause_watching(rtsp_listener *listener)
{
	g_source_destroy(listener->source);
	g_clear_pointer(&listener->source, g_source_unref);
	listener->pause = g_timeout_add_seconds(1, paused_enough, listener);
}

static gboolean incoming(GSocket *socket, GIOCondition condition, gpointer user_data)
{
	rtsp_listener *listener = user_data;
	g_autoptr(GSocketConnection) connection = NULL;
	g_autoptr(GSocketAddress) peer = NULL;
	g_autoptr(GSocket) accepted = NULL;
	g_autoptr(GError) error = NULL;
	g_autofree char *text = NULL;

	accepted = g_socket_accept(listener->socket, NULL, &error);
	if (!accepted) {
		if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
			return G_SOURCE_CONTINUE;
		g_warning("cannot accept on %s: %s", listener->address, error->message);
		pause_watching(listener);
		return G_SOURCE_REMOVE;
	}
	peer = g_socket_get_remote_address(accepted, NULL);
	if (!peer)
		return G_SOURCE_CONTINUE; /* it has hung up already */
	text = rtsp_address_to_string(peer);
	if (!is_allowed(listener, peer)) {
		/* Who calls as often as it can must not fill the log. */
		if (!listener->stranger)
			g_message("dropped a connection from %s, which is not the sink", text);
		listener->stranger = TRUE;
		return G_SOURCE_CONTINUE;
	}
	listener->stranger = FALSE;
	if (!take_credit(listener))
		return G_SOURCE_CONTINUE;
	/* Answers are small and each waits for the one before. */
	g_socket_set_option(accepted, IPPROTO_TCP, TCP_NODELAY, 1, NULL);
	connection = g_socket_connection_factory_create_connection(accepted);
	listener->accepted(listener, connection, listener->user_data);
	return G_SOURCE_CONTINUE;
}

static void watch(rtsp_listener *listener)
{
	listener->source = g_socket_create_source(listener->socket, G_IO_IN, NULL);
	g_source_set_callback(listener->source, G_SOURCE_FUNC(incoming), listener, NULL);
	g_source_attach(listener->source, g_main_context_get_thread_default());
}

static gboolean bind_socket(rtsp_listener *listener, const struct rtsp_listen *where,
			    GError **error)
{
	GSocket *socket = listener->socket;
	g_autoptr(GError) cause = NULL;
	g_autofree char *text = rtsp_address_to_string(where->address);

	if (where->interface &&
	    setsockopt(g_socket_get_fd(socket), SOL_SOCKET, SO_BINDTODEVICE, where->interface,
		       strlen(where->interface)) < 0) {
		g_set_error(error, REASON_ERROR, REASON_ADDRESS_INVALID,
			    "cannot listen on interface %s: %s", where->interface,
			    g_strerror(errno));
		return FALSE;
	}
	g_socket_set_blocking(socket, FALSE);
	g_socket_set_listen_backlog(socket, BACKLOG);
	if (g_socket_bind(socket, where->address, TRUE, &cause) &&
	    g_socket_listen(socket, &cause))
		return TRUE;
	g_set_error(error, REASON_ERROR,
		    g_error_matches(cause, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE) ?
			    REASON_ADDRESS_IN_USE : REASON_ADDRESS_INVALID,
		    "cannot listen on %s port %u: %s", text,
		    g_inet_socket_address_get_port(G_INET_SOCKET_ADDRESS(where->address)),
		    cause->message);
	return FALSE;
}

rtsp_listener *rtsp_listener_new(const struct rtsp_listen *where, rtsp_listener_accepted *accepted,
				 gpointer user_data, GError **error)
{
	g_autoptr(rtsp_listener) listener = g_new0(rtsp_listener, 1);
	g_autoptr(GSocketAddress) bound = NULL;
	g_autofree char *text = NULL;

	listener->accepted = accepted;
	listener->user_data = user_data;
	if (where->peers)
		listener->peers = g_object_ref(where->peers);
	listener->socket = g_socket_new(g_socket_address_get_family(where->address),
					G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, error);
	if (!listener->socket || !bind_socket(listener, where, error))
		return NULL;
	bound = g_socket_get_local_address(listener->socket, error);
	if (!bound)
		return NULL;
	text = rtsp_address_to_string(bound);
	listener->port = g_inet_socket_address_get_port(G_INET_SOCKET_ADDRESS(bound));
	listener->address = g_strdup_printf(strchr(text, ':') ? "[%s]:%u" : "%s:%u", text,
					    listener->port);

	listener->credit_us = (gint64)RTSP_CALLS_BURST * G_USEC_PER_SEC;
	listener->credited_us = g_get_monotonic_time();
	watch(listener);
	return g_steal_pointer(&listener);
}

const char *rtsp_listener_address(rtsp_listener *listener)
{
	return listener->address;
}

guint16 rtsp_listener_port(rtsp_listener *listener)
{
	return listener->port;
}

void rtsp_listener_free(rtsp_listener *listener)
{
	if (!listener)
		return;
	g_clear_handle_id(&listener->pause, g_source_remove);
	if (listener->source)
		g_source_destroy(listener->source);
	g_clear_pointer(&listener->source, g_source_unref);
	g_clear_object(&listener->socket);
	g_clear_object(&listener->peers);
	g_free(listener->address);
	g_free(listener);
}

/* ---- sinks that dial again ----------------------------------------------- */

enum calls_state {
	CALLS_WAITING,
	CALLS_IN_USE,
	CALLS_SETTLED,
};

struct rtsp_calls {
	enum calls_state state;
	GSocketConnection *in_use;
	GSocketConnection *kept;
	guint idle; /* gives the kept one to the owner */
	rtsp_calls_dialled *dialled;
	gpointer user_data;
};

gboolean rtsp_has_hung_up(GSocketConnection *connection)
{
	GSocket *socket = g_socket_connection_get_socket(connection);
	struct pollfd fd = { .fd = g_socket_get_fd(socket), .events = POLLRDHUP };

	/* Also true while something that it has sent before is still unread. */
	return poll(&fd, 1, 0) == 1 && (fd.revents & (POLLRDHUP | POLLHUP | POLLERR | POLLNVAL));
}

guint rtsp_watch_hang_up(GSocketConnection *connection, GUnixFDSourceFunc func, gpointer user_data)
{
	int fd = g_socket_get_fd(g_socket_connection_get_socket(connection));

	/* GLib has no name for it, and hands all but its own to poll() and back. What is unread is not looked at. */
	return g_unix_fd_add(fd, (GIOCondition)POLLRDHUP, func, user_data);
}

rtsp_calls *rtsp_calls_new(rtsp_calls_dialled *dialled, gpointer user_data)
{
	rtsp_calls *calls = g_new0(rtsp_calls, 1);

	calls->dialled = dialled;
	calls->user_data = user_data;
	return calls;
}

static void calls_use(rtsp_calls *calls, GSocketConnection *connection)
{
	g_set_object(&calls->in_use, connection);
	calls->state = CALLS_IN_USE;
	calls->dialled(calls, calls->in_use, calls->user_data);
}

gboolean rtsp_calls_offer(rtsp_calls *calls, GSocketConnection *connection)
{
	if (calls->state == CALLS_SETTLED)
		return FALSE;
	if (calls->state == CALLS_IN_USE && !rtsp_has_hung_up(calls->in_use))
		return FALSE;
	if (calls->state == CALLS_IN_USE || calls->idle)
		g_set_object(&calls->kept, connection);
	else
		calls_use(calls, connection);
	return TRUE;
}

static gboolean use_kept(gpointer user_data)
{
	rtsp_calls *calls = user_data;
	g_autoptr(GSocketConnection) kept = g_steal_pointer(&calls->kept);

	calls->idle = 0;
	if (!rtsp_has_hung_up(kept))
		calls_use(calls, kept);
	return G_SOURCE_REMOVE;
}

void rtsp_calls_next(rtsp_calls *calls)
{
	if (calls->state != CALLS_IN_USE)
		return;
	g_clear_object(&calls->in_use);
	calls->state = CALLS_WAITING;
	if (calls->kept)
		calls->idle = g_timeout_add(0, use_kept, calls);
}

void rtsp_calls_answered(rtsp_calls *calls)
{
	calls->state = CALLS_SETTLED;
	g_clear_handle_id(&calls->idle, g_source_remove);
	g_clear_object(&calls->kept);
}

GSocketConnection *rtsp_calls_in_use(rtsp_calls *calls)
{
	return calls->in_use;
}

void rtsp_calls_free(rtsp_calls *calls)
{
	if (!calls)
		return;
	g_clear_handle_id(&calls->idle, g_source_remove);
	g_clear_object(&calls->in_use);
	g_clear_object(&calls->kept);
	g_free(calls);
}
