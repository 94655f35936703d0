// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * One display by Miracast over Infrastructure: see mice-connection.h.
 */
#define G_LOG_DOMAIN "miracastd"

#include "mice-connection.h"

#include <string.h>
#include <sys/socket.h>

#include "mice-dial.h"
#include "mice-resolve.h"
#include "rtsp-listener.h"

enum mice_state {
	MICE_RESOLVING,
	MICE_CONNECTING,
	MICE_ANNOUNCED,
	MICE_IN_USE,
	MICE_LOST,
	MICE_FAILED,
	MICE_STOPPING,
	MICE_CLOSED,
};

struct mice_connection {
	link_connection base;
	enum mice_state state;
	guint limit; /* of the state */
	char *host;
	guint16 port;
	guint16 rtsp_port;
	guint answer_seconds;
	char *name;
	guint8 source_id[MICE_SOURCE_ID_SIZE];
	void (*closed)(link_backend *backend, link_sink *sink);

	mice_resolve *resolve;
	mice_dial *dial;
	GSocket *control; /* NULL: not open, or no longer */
	GSource *readable;
	guint8 in[MICE_MESSAGE_MAX];
	gsize n_in;
	char *local; /* our end of the control channel */
	char *peer; /* its end */
	rtsp_listener *listener;
	rtsp_calls *calls;
};

/* ---- states ------------------------------------------------------------------- */

static gboolean limit_reached(gpointer user_data);

/* The only place where the state changes, and its limit with it; 0: none. */
static void enter(mice_connection *c, enum mice_state state, guint limit_ms)
{
	c->state = state;
	g_clear_handle_id(&c->limit, g_source_remove);
	if (limit_ms)
		c->limit = g_timeout_add(limit_ms, limit_reached, c);
}

static void close_control(mice_connection *c)
{
	if (c->readable)
		g_source_destroy(c->readable);
	g_clear_pointer(&c->readable, g_source_unref);
	if (c->control)
		g_socket_close(c->control, NULL);
	g_clear_object(&c->control);
}

/* Nobody is waited for any more, but for the end of the control channel. */
static void let_go(mice_connection *c)
{
	g_clear_pointer(&c->resolve, mice_resolve_free);
	g_clear_pointer(&c->dial, mice_dial_free);
	g_clear_pointer(&c->listener, rtsp_listener_free);
	g_clear_pointer(&c->calls, rtsp_calls_free);
}

static void fail_with(mice_connection *c, const GError *error)
{
	enter(c, MICE_FAILED, 0);
	let_go(c);
	link_emit_failed(&c->base, error);
}

static void fail(mice_connection *c, enum reason_code code, const char *format, ...)
	G_GNUC_PRINTF(3, 4);

static void fail(mice_connection *c, enum reason_code code, const char *format, ...)
{
	g_autoptr(GError) error = NULL;
	va_list args;

	va_start(args, format);
	error = g_error_new_valist(REASON_ERROR, code, format, args);
	va_end(args);
	fail_with(c, error);
}

/* ---- what is said --------------------------------------------------------------- */

/* A few hundred bytes, twice in a connection's life: they always have room, unless it is broken. */
static gboolean say(mice_connection *c, enum mice_command command, guint16 rtsp_port, GError **error)
{
	struct mice_message message = { .command = command, .name = c->name,
					.rtsp_port = rtsp_port, .has_source_id = TRUE };
	g_autoptr(GBytes) bytes = NULL;
	gsize len;
	gssize sent;

	memcpy(message.source_id, c->source_id, sizeof(message.source_id));
	bytes = mice_message_build(&message);
	len = g_bytes_get_size(bytes);
	sent = g_socket_send_with_blocking(c->control, g_bytes_get_data(bytes, NULL), len, FALSE, NULL,
					   error);
	if (sent >= 0 && (gsize)sent < len)
		g_set_error(error, G_IO_ERROR, G_IO_ERROR_PARTIAL_INPUT,
			    "only a part of %s could be sent", mice_command_name(command));
	return sent >= 0 && (gsize)sent == len;
}

/* ---- what is heard -------------------------------------------------------------- */

/* The display will hear no more of us, nor want to. */
static void closed_by_display(mice_connection *c, const GError *error)
{
	close_control(c);
	if (c->state == MICE_ANNOUNCED)
		fail(c, REASON_REJECTED, "%s has closed the control channel instead of calling%s%s",
		     c->base.sink->name, error ? ": " : "", error ? error->message : "");
	else
		enter(c, MICE_LOST, MICE_LOST_MS);
}

static void heard_message(mice_connection *c, const struct mice_message *message)
{
	switch (message->command) {
	case MICE_STOP_PROJECTION:
		close_control(c);
		fail(c, REASON_SINK_LEFT, "%s has ended it", c->base.sink->name);
		break;
	case MICE_SECURITY_HANDSHAKE:
	case MICE_SESSION_REQUEST:
	case MICE_PIN_CHALLENGE:
	case MICE_PIN_RESPONSE:
		fail(c, REASON_SECURITY_UNSUPPORTED,
		     "%s wants a PIN or encryption (%s), which is not possible yet over the network",
		     c->base.sink->name, mice_command_name(message->command));
		break;
	default:
		fail(c, REASON_CONTROL_PROTOCOL, "%s sent %s, which only a source may say",
		     c->base.sink->name, mice_command_name(message->command));
		break;
	}
}

/* Whole messages in what has come; each may be the end of it. */
static void take_messages(mice_connection *c)
{
	while (c->state == MICE_ANNOUNCED || c->state == MICE_IN_USE) {
		struct mice_message message;
		g_autoptr(GError) error = NULL;
		gsize size;

		if (!mice_message_size(c->in, c->n_in, &size, &error) ||
		    (size && size <= c->n_in && !mice_message_parse(c->in, size, &message, &error))) {
			fail(c, REASON_CONTROL_PROTOCOL, "%s says something on the control channel that cannot be understood: %s",
			     c->base.sink->name, error->message);
			return;
		}
		if (!size || size > c->n_in)
			return;
		c->n_in -= size;
		memmove(c->in, c->in + size, c->n_in);
		heard_message(c, &message);
		mice_message_clear(&message);
	}
}

/* TRUE: there may be more. */
static gboolean read_some(mice_connection *c)
{
	g_autoptr(GError) error = NULL;
	gssize n = g_socket_receive_with_blocking(c->control, (char *)c->in + c->n_in,
						  sizeof(c->in) - c->n_in, FALSE, NULL, &error);

	if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
		return FALSE;
	if (n > 0) {
		c->n_in += (gsize)n;
		return TRUE;
	}
	if (c->n_in && c->state == MICE_IN_USE) {
		close_control(c);
		fail(c, REASON_CONTROL_PROTOCOL, "%s has closed the control channel within a message",
		     c->base.sink->name);
	} else {
		closed_by_display(c, error);
	}
	return FALSE;
}

static void finish(mice_connection *c)
{
	close_control(c);
	enter(c, MICE_CLOSED, 0);
	c->closed(c->base.backend, c->base.sink);
	link_emit_closed(&c->base);
}

/* What it says after its session is over is nobody's business, until it has closed. */
static void drain(mice_connection *c)
{
	gssize n = g_socket_receive_with_blocking(c->control, (char *)c->in, sizeof(c->in), FALSE,
						  NULL, NULL);

	if (n <= 0 && c->state == MICE_STOPPING)
		finish(c);
	else if (n <= 0)
		close_control(c);
}

static gboolean readable(GSocket *socket, GIOCondition condition, gpointer user_data)
{
	mice_connection *c = user_data;

	if (c->state == MICE_FAILED || c->state == MICE_STOPPING)
		drain(c);
	else if (read_some(c))
		take_messages(c);
	/* Who closes the channel destroys the source. */
	return G_SOURCE_CONTINUE;
}

static void watch_control(mice_connection *c)
{
	c->readable = g_socket_create_source(c->control, G_IO_IN, NULL);
	g_source_set_callback(c->readable, G_SOURCE_FUNC(readable), c, NULL);
	g_source_attach(c->readable, g_main_context_get_thread_default());
}

/* ---- the way up ------------------------------------------------------------------ */

static void call_in_use(rtsp_calls *calls, GSocketConnection *rtsp, gpointer user_data)
{
	mice_connection *c = user_data;

	if (c->state == MICE_ANNOUNCED)
		enter(c, MICE_IN_USE, 0);
	link_emit_dialled(&c->base, rtsp);
}

static void accepted(rtsp_listener *listener, GSocketConnection *rtsp, gpointer user_data)
{
	mice_connection *c = user_data;

	if (!rtsp_calls_offer(c->calls, rtsp))
		g_message("dropped a second connection from %s", c->peer);
}

static GSocketAddress *with_port(GSocketAddress *address, guint16 port)
{
	GInetSocketAddress *inet = G_INET_SOCKET_ADDRESS(address);
	gboolean v6 = g_socket_address_get_family(address) == G_SOCKET_FAMILY_IPV6;

	return g_object_new(G_TYPE_INET_SOCKET_ADDRESS,
			    "address", g_inet_socket_address_get_address(inet), "port", (guint)port,
			    "scope-id", v6 ? g_inet_socket_address_get_scope_id(inet) : 0, NULL);
}

/* On our end of the control channel, for who is at its other end. */
static gboolean listen_for(mice_connection *c, GSocketAddress *local, GSocketAddress *peer,
			   guint16 port, GError **error)
{
	GInetAddress *address = g_inet_socket_address_get_address(G_INET_SOCKET_ADDRESS(peer));
	g_autoptr(GSocketAddress) where = with_port(local, port);
	g_autoptr(GInetAddressMask) only =
		g_inet_address_mask_new(address, g_inet_address_get_native_size(address) * 8, error);

	if (!only)
		return FALSE;
	c->listener = rtsp_listener_new(&(struct rtsp_listen){ .address = where, .peers = only },
					accepted, c, error);
	return c->listener != NULL;
}

static gboolean open_listener(mice_connection *c, GError **error)
{
	g_autoptr(GSocketAddress) local = g_socket_get_local_address(c->control, error);
	g_autoptr(GSocketAddress) peer = NULL;
	g_autoptr(GError) taken = NULL;

	if (local)
		peer = g_socket_get_remote_address(c->control, error);
	if (!peer)
		return FALSE;
	c->local = rtsp_address_to_string(local);
	c->peer = rtsp_address_to_string(peer);
	c->calls = rtsp_calls_new(call_in_use, c);
	if (listen_for(c, local, peer, c->rtsp_port, &taken))
		return TRUE;
	if (g_error_matches(taken, REASON_ERROR, REASON_ADDRESS_IN_USE))
		return listen_for(c, local, peer, 0, error);
	g_propagate_error(error, g_steal_pointer(&taken));
	return FALSE;
}

static void control_open(mice_dial *dial, GSocket *socket, const GError *failure,
			 gpointer user_data)
{
	mice_connection *c = user_data;
	g_autoptr(GError) error = NULL;
	struct link_path path;

	if (!socket) {
		fail(c, REASON_CONTROL_REFUSED, "%s takes no connection by Miracast over Infrastructure (%s port %u): %s",
		     c->base.sink->name, c->host, c->port, failure->message);
		return;
	}
	c->control = g_object_ref(socket);
	g_clear_pointer(&c->dial, mice_dial_free);
	if (!open_listener(c, &error) ||
	    !say(c, MICE_SOURCE_READY, rtsp_listener_port(c->listener), &error)) {
		/* A listener fails with a reason of its own, the channel with one of GIO. */
		if (error->domain == REASON_ERROR)
			fail_with(c, error);
		else
			fail(c, REASON_CONTROL_REFUSED, "the control channel to %s broke: %s",
			     c->base.sink->name, error->message);
		return;
	}
	watch_control(c);
	enter(c, MICE_ANNOUNCED, c->answer_seconds * 1000);
	path = (struct link_path){ .local = c->local, .peer = c->peer };
	link_emit_up(&c->base, &path);
}

static void host_resolved(mice_resolve *resolve, GPtrArray *addresses, const GError *error,
			  gpointer user_data)
{
	mice_connection *c = user_data;

	link_emit_sink_changed(c->base.backend, c->base.sink);
	if (!addresses) {
		fail_with(c, error);
		return;
	}
	enter(c, MICE_CONNECTING, 0);
	c->dial = mice_dial_new(addresses, MICE_CONNECT_SECONDS * 1000, control_open, c);
	g_clear_pointer(&c->resolve, mice_resolve_free);
	link_emit_progress(&c->base, "contacting", "contacting the display over the network");
}

/* ---- limits ---------------------------------------------------------------------- */

static gboolean limit_reached(gpointer user_data)
{
	mice_connection *c = user_data;

	c->limit = 0;
	switch (c->state) {
	case MICE_ANNOUNCED:
		fail(c, REASON_SINK_NEVER_DIALLED, "%s was told to connect to port %u of %s, but did not within %u s",
		     c->base.sink->name, rtsp_listener_port(c->listener), c->local,
		     c->answer_seconds);
		break;
	case MICE_LOST:
		fail(c, REASON_CONTROL_LOST, "%s has closed the control channel", c->base.sink->name);
		break;
	case MICE_STOPPING:
		finish(c);
		break;
	default:
		break;
	}
	return G_SOURCE_REMOVE;
}

/* ---- for the backend ------------------------------------------------------------- */

link_connection *mice_connection_new(link_backend *backend, link_sink *sink,
				     const struct mice_target *target,
				     const struct link_connection_events *events,
				     gpointer user_data)
{
	mice_connection *c = g_new0(mice_connection, 1);

	link_connection_init(&c->base, backend, sink, events, user_data);
	c->host = g_strdup(target->host);
	c->port = target->port;
	c->rtsp_port = target->rtsp_port;
	c->answer_seconds = target->answer_seconds ? target->answer_seconds : MICE_ANSWER_SECONDS;
	c->name = g_strdup(target->name);
	c->closed = target->closed;
	memcpy(c->source_id, target->source_id, sizeof(c->source_id));
	/* Both have their limit themselves. */
	enter(c, MICE_RESOLVING, 0);
	c->resolve = mice_resolve_new(c->host, c->port, target->addresses, target->bus,
				      host_resolved, c);
	return &c->base;
}

void mice_connection_next_call(link_connection *base)
{
	mice_connection *c = (mice_connection *)base;

	if (c->calls)
		rtsp_calls_next(c->calls);
}

void mice_connection_answered(link_connection *base)
{
	mice_connection *c = (mice_connection *)base;

	if (!c->calls)
		return;
	rtsp_calls_answered(c->calls);
	/* It has served its purpose; and may be for another display to be told of. */
	g_clear_pointer(&c->listener, rtsp_listener_free);
}

/* FALSE: there is nobody who could be told, or would answer. */
static gboolean begin_stop(mice_connection *c)
{
	int fd;

	if (!c->control || !say(c, MICE_STOP_PROJECTION, 0, NULL))
		return FALSE;
	/* To close it now could take the message away from a display that has sent something. */
	fd = g_socket_get_fd(c->control);
	return shutdown(fd, SHUT_WR) == 0;
}

void mice_connection_disconnect(link_connection *base)
{
	mice_connection *c = (mice_connection *)base;

	let_go(c);
	if (begin_stop(c)) {
		enter(c, MICE_STOPPING, MICE_STOP_MS);
		return;
	}
	close_control(c);
	/* From the main loop, as all events. */
	enter(c, MICE_STOPPING, 1);
}

void mice_connection_free(link_connection *base)
{
	mice_connection *c = (mice_connection *)base;

	g_clear_handle_id(&c->limit, g_source_remove);
	let_go(c);
	close_control(c);
	link_connection_finish(base);
	g_free(c->host);
	g_free(c->name);
	g_free(c->local);
	g_free(c->peer);
	g_free(c);
}
