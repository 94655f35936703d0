// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * One display by Miracast over Infrastructure: see mice-connection.h.
 */
#define G_LOG_DOMAIN "miracastd"

#include "mice-connection.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#include "mice-dial.h"
#include "mice-dtls.h"
#include "mice-resolve.h"
#include "rtsp-listener.h"

enum mice_state {
	MICE_RESOLVING,
	MICE_CONNECTING,
	MICE_SECURING,
	MICE_ASKING,
	MICE_PROVING,
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
	guint handshake_ms;
	guint pin_seconds;
	gboolean encrypted;
	gboolean pin;
	char *name;
	guint8 source_id[MICE_SOURCE_ID_SIZE];
	void (*closed)(link_backend *backend, link_sink *sink);

	mice_resolve *resolve;
	mice_dial *dial;
	GSocket *control; /* NULL: not open, or no longer */
	GSource *readable;
	guint8 in[MICE_MESSAGE_MAX];
	gsize n_in;
	GSocketAddress *local_address; /* our end of the control channel */
	GSocketAddress *peer_address; /* its end */
	char *local;
	char *peer;
	mice_dtls *dtls; /* NULL: not encrypted */
	gboolean sealed; /* so are the values of messages: a PIN is wanted, and the handshake is done */
	guint attempts; /* PINs that were tried */
	guint8 our_hash[MICE_HASH_SIZE]; /* of the latest one */
	guint8 its_hash[MICE_HASH_SIZE];
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

static GBytes *make_message(mice_connection *c, const struct mice_message *message, GError **error)
{
	g_autoptr(GByteArray) values = NULL;
	g_autoptr(GBytes) record = NULL;
	gsize len;
	const guint8 *data;

	if (!c->sealed || message->command == MICE_SECURITY_HANDSHAKE)
		return mice_message_build(message);
	values = mice_message_build_values(message);
	record = mice_dtls_seal(c->dtls, values->data, values->len, error);
	if (!record)
		return NULL;
	data = g_bytes_get_data(record, &len);
	return mice_message_seal(message->command, data, len);
}

/* A few kB in a connection's life: they always have room, unless it is broken. */
static gboolean say_message(mice_connection *c, struct mice_message *message, GError **error)
{
	g_autoptr(GBytes) bytes = NULL;
	gsize len;
	gssize sent;

	message->has_source_id = TRUE;
	memcpy(message->source_id, c->source_id, sizeof(message->source_id));
	bytes = make_message(c, message, error);
	if (!bytes)
		return FALSE;
	len = g_bytes_get_size(bytes);
	sent = g_socket_send_with_blocking(c->control, g_bytes_get_data(bytes, NULL), len, FALSE, NULL,
					   error);
	if (sent >= 0 && (gsize)sent < len)
		g_set_error(error, G_IO_ERROR, G_IO_ERROR_PARTIAL_INPUT,
			    "only a part of %s could be sent", mice_command_name(message->command));
	return sent >= 0 && (gsize)sent == len;
}

static gboolean say(mice_connection *c, enum mice_command command, guint16 rtsp_port, GError **error)
{
	struct mice_message message = { .command = command, .name = c->name, .rtsp_port = rtsp_port };

	return say_message(c, &message, error);
}

/* What could not be said: others fail with a reason of their own, the channel with one of GIO. */
static void fail_to_say(mice_connection *c, const GError *error)
{
	if (error->domain == REASON_ERROR)
		fail_with(c, error);
	else
		fail(c, REASON_CONTROL_REFUSED, "the control channel to %s broke: %s",
		     c->base.sink->name, error->message);
}

/* ---- what is heard -------------------------------------------------------------- */

/* The display will hear no more of us, nor want to. */
static void closed_by_display(mice_connection *c, const GError *error)
{
	const char *name = c->base.sink->name;
	const char *why = error ? error->message : "it has hung up";

	close_control(c);
	switch (c->state) {
	case MICE_ANNOUNCED:
		fail(c, REASON_REJECTED, "%s has closed the control channel instead of calling (%s)%s", name, why,
		     c->pin ? "" : "; it may want a PIN (--pin)");
		break;
	case MICE_SECURING:
		fail(c, REASON_ENCRYPTION_FAILED, "%s has closed the control channel within the security handshake (%s)",
		     name, why);
		break;
	case MICE_ASKING:
	case MICE_PROVING:
		fail(c, c->attempts ? REASON_PIN_WRONG : REASON_REJECTED,
		     c->attempts ? "%s did not take the PIN, and has closed the control channel (%s)" :
				   "%s has closed the control channel instead of waiting for the PIN (%s)",
		     name, why);
		break;
	default:
		enter(c, MICE_LOST, MICE_LOST_MS);
		break;
	}
}

/* ---- PIN and encryption ------------------------------------------------------------- */

static void announce(mice_connection *c);

static void ask_pin(mice_connection *c, const char *phase, const char *text)
{
	enter(c, MICE_ASKING, c->pin_seconds * 1000);
	link_emit_progress(&c->base, phase, text);
	link_emit_wants_pin(&c->base);
}

/* The next step of the handshake. */
static void shake(mice_connection *c, GBytes *token)
{
	g_autoptr(GPtrArray) tokens = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
	g_autoptr(GError) error = NULL;
	g_autoptr(GError) broken = NULL;
	gboolean shaken = mice_dtls_shake(c->dtls, token, tokens, &error);
	g_autofree char *description = NULL;

	for (guint i = 0; i < tokens->len && !broken; i++) {
		struct mice_message message = { .command = MICE_SECURITY_HANDSHAKE,
						.token = g_ptr_array_index(tokens, i) };

		say_message(c, &message, &broken);
	}
	if (!shaken || broken) {
		fail_to_say(c, shaken ? broken : error);
		return;
	}
	if (!mice_dtls_is_ready(c->dtls)) {
		enter(c, MICE_SECURING, c->handshake_ms);
		return;
	}
	description = mice_dtls_describe(c->dtls);
	g_debug("mice: %s: %s", c->base.sink->name, description);
	c->sealed = c->pin;
	if (c->pin)
		ask_pin(c, "pin-wanted", "the display shows a PIN");
	else
		announce(c);
}

static void secure(mice_connection *c)
{
	struct mice_message request = { .command = MICE_SESSION_REQUEST, .name = c->name,
					.options = MICE_OPTION_ENCRYPTION | MICE_OPTION_PIN };
	g_autoptr(GError) error = NULL;

	c->dtls = mice_dtls_new(&error);
	if (!c->dtls || (c->pin && !say_message(c, &request, &error))) {
		fail_to_say(c, error);
		return;
	}
	enter(c, MICE_SECURING, c->handshake_ms);
	link_emit_progress(&c->base, "securing", "agreeing on keys with the display");
	shake(c, NULL);
}

static void hash_with(const char *pin, GSocketAddress *from, guint8 *hash)
{
	GInetAddress *address = g_inet_socket_address_get_address(G_INET_SOCKET_ADDRESS(from));

	mice_pin_hash(pin, g_inet_address_to_bytes(address), g_inet_address_get_native_size(address), hash);
}

static gboolean knows_pin(mice_connection *c, const struct mice_message *answer)
{
	return memcmp(answer->hash, c->its_hash, MICE_HASH_SIZE) == 0 ||
	       memcmp(answer->hash, c->our_hash, MICE_HASH_SIZE) == 0;
}

static void heard_pin_response(mice_connection *c, const struct mice_message *answer)
{
	const char *name = c->base.sink->name;

	if (answer->result == MICE_PIN_ACCEPTED && knows_pin(c, answer))
		announce(c);
	else if (answer->result == MICE_PIN_ACCEPTED)
		fail(c, REASON_PIN_WRONG, "%s says that the PIN is right, but does not know it", name);
	else if (answer->result != MICE_PIN_WRONG)
		fail(c, REASON_CONTROL_PROTOCOL, "%s did not understand the PIN (%u)", name, answer->result);
	else if (c->attempts < MICE_PIN_ATTEMPTS)
		ask_pin(c, "pin-wrong", "the PIN was wrong");
	else
		fail(c, REASON_PIN_WRONG, "the PIN was wrong %d times", MICE_PIN_ATTEMPTS);
}

/* ---- messages ------------------------------------------------------------------------- */

static void heard_message(mice_connection *c, const struct mice_message *message)
{
	const char *name = c->base.sink->name;

	if (message->command == MICE_STOP_PROJECTION) {
		close_control(c);
		fail(c, REASON_SINK_LEFT, "%s has ended it", name);
	} else if (message->command == MICE_SECURITY_HANDSHAKE && c->state == MICE_SECURING) {
		shake(c, message->token);
	} else if (message->command == MICE_PIN_RESPONSE && c->state == MICE_PROVING) {
		heard_pin_response(c, message);
	} else if (message->command == MICE_SOURCE_READY || c->encrypted) {
		fail(c, REASON_CONTROL_PROTOCOL, "%s sent %s, which does not belong there", name,
		     mice_command_name(message->command));
	} else {
		fail(c, REASON_SECURITY_UNSUPPORTED, "%s wants a PIN or encryption (%s)", name,
		     mice_command_name(message->command));
	}
}

/* The values of a message, whether they are encrypted or not. */
static gboolean parse_message(mice_connection *c, gsize size, struct mice_message *message, GError **error)
{
	g_autoptr(GBytes) plain = NULL;
	enum mice_command command;
	const guint8 *body;
	gsize len;

	if (!mice_message_open(c->in, size, &command, &body, &len, error))
		return FALSE;
	if (c->sealed && command != MICE_SECURITY_HANDSHAKE) {
		plain = mice_dtls_open(c->dtls, body, len, error);
		/* Who can write on the channel can end it as well. */
		if (!plain && command == MICE_STOP_PROJECTION) {
			g_clear_error(error);
			*message = (struct mice_message){ .command = command };
			return TRUE;
		}
		if (!plain)
			return FALSE;
		body = g_bytes_get_data(plain, &len);
	}
	return mice_message_parse_values(command, body, len, message, error);
}

static gboolean is_listening(mice_connection *c)
{
	return c->state >= MICE_SECURING && c->state <= MICE_IN_USE;
}

/* Whole messages in what has come; each may be the end of it. */
static void take_messages(mice_connection *c)
{
	while (is_listening(c)) {
		struct mice_message message;
		g_autoptr(GError) error = NULL;
		gsize size;

		if (!mice_message_size(c->in, c->n_in, &size, &error) ||
		    (size && size <= c->n_in && !parse_message(c, size, &message, &error))) {
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

static gboolean note_addresses(mice_connection *c, GError **error)
{
	c->local_address = g_socket_get_local_address(c->control, error);
	if (c->local_address)
		c->peer_address = g_socket_get_remote_address(c->control, error);
	if (!c->peer_address)
		return FALSE;
	c->local = rtsp_address_to_string(c->local_address);
	c->peer = rtsp_address_to_string(c->peer_address);
	return TRUE;
}

static gboolean open_listener(mice_connection *c, GError **error)
{
	g_autoptr(GError) taken = NULL;

	c->calls = rtsp_calls_new(call_in_use, c);
	if (listen_for(c, c->local_address, c->peer_address, c->rtsp_port, &taken))
		return TRUE;
	if (g_error_matches(taken, REASON_ERROR, REASON_ADDRESS_IN_USE))
		return listen_for(c, c->local_address, c->peer_address, 0, error);
	g_propagate_error(error, g_steal_pointer(&taken));
	return FALSE;
}

/* How the stream is encrypted, in the words of the channel; NULL without an error: it is not. */
static GVariant *make_media(mice_connection *c, GError **error)
{
	g_auto(GVariantDict) media = G_VARIANT_DICT_INIT(NULL);
	struct mice_dtls_keys keys;

	if (!c->dtls || !mice_dtls_give_keys(c->dtls, &keys, error))
		return NULL;
	g_variant_dict_insert_value(&media, "rtp-key",
				    g_variant_new_fixed_array(G_VARIANT_TYPE_BYTE, keys.key, keys.key_len, 1));
	g_variant_dict_insert_value(&media, "rtp-salt",
				    g_variant_new_fixed_array(G_VARIANT_TYPE_BYTE, keys.salt, sizeof(keys.salt), 1));
	g_variant_dict_insert(&media, "rtp-sequence", "t", MICE_DTLS_MEDIA_FIRST);
	return g_variant_dict_end(&media);
}

/* Whatever is wanted of security is there. */
static void announce(mice_connection *c)
{
	g_autoptr(GError) error = NULL;
	struct link_path path = { .local = c->local, .peer = c->peer };

	if (!open_listener(c, &error) ||
	    !say(c, MICE_SOURCE_READY, rtsp_listener_port(c->listener), &error)) {
		fail_to_say(c, error);
		return;
	}
	path.media = make_media(c, &error);
	if (error) {
		fail_with(c, error);
		return;
	}
	enter(c, MICE_ANNOUNCED, c->answer_seconds * 1000);
	link_emit_up(&c->base, &path);
}

static void control_open(mice_dial *dial, GSocket *socket, const GError *failure,
			 gpointer user_data)
{
	mice_connection *c = user_data;
	g_autoptr(GError) error = NULL;

	if (!socket) {
		fail(c, REASON_CONTROL_REFUSED, "%s takes no connection by Miracast over Infrastructure (%s port %u): %s",
		     c->base.sink->name, c->host, c->port, failure->message);
		return;
	}
	c->control = g_object_ref(socket);
	/* A step of the handshake is several messages: the second one is not to wait until the first was confirmed. */
	g_socket_set_option(c->control, IPPROTO_TCP, TCP_NODELAY, 1, NULL);
	g_clear_pointer(&c->dial, mice_dial_free);
	if (!note_addresses(c, &error)) {
		fail_to_say(c, error);
		return;
	}
	watch_control(c);
	if (c->encrypted)
		secure(c);
	else
		announce(c);
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

/* It has answered in time, and it is us who have not looked yet. */
static gboolean has_answered(mice_connection *c)
{
	return c->control && (g_socket_condition_check(c->control, G_IO_IN) & G_IO_IN) != 0;
}

static gboolean limit_reached(gpointer user_data)
{
	mice_connection *c = user_data;

	if ((c->state == MICE_SECURING || c->state == MICE_PROVING) && has_answered(c))
		return G_SOURCE_CONTINUE;
	c->limit = 0;
	switch (c->state) {
	case MICE_SECURING:
		fail(c, REASON_ENCRYPTION_FAILED, "%s did not go on with the security handshake within %u ms",
		     c->base.sink->name, c->handshake_ms);
		break;
	case MICE_ASKING:
		fail(c, REASON_PIN_NOT_ENTERED, "the PIN that %s shows was not typed within %u s",
		     c->base.sink->name, c->pin_seconds);
		break;
	case MICE_PROVING:
		fail(c, REASON_CONTROL_PROTOCOL, "%s did not say within %d s whether the PIN is right",
		     c->base.sink->name, MICE_PROVE_SECONDS);
		break;
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
	c->handshake_ms = target->handshake_ms ? target->handshake_ms : MICE_HANDSHAKE_MS;
	c->pin_seconds = target->pin_seconds ? target->pin_seconds : MICE_PIN_SECONDS;
	c->encrypted = target->encrypted;
	c->pin = target->pin;
	c->name = g_strdup(target->name);
	c->closed = target->closed;
	memcpy(c->source_id, target->source_id, sizeof(c->source_id));
	/* Both have their limit themselves. */
	enter(c, MICE_RESOLVING, 0);
	c->resolve = mice_resolve_new(c->host, c->port, target->addresses, target->bus,
				      host_resolved, c);
	return &c->base;
}

void mice_connection_enter_pin(link_connection *base, const char *pin)
{
	mice_connection *c = (mice_connection *)base;
	struct mice_message challenge = { .command = MICE_PIN_CHALLENGE, .has_hash = TRUE };
	g_autoptr(GError) error = NULL;

	if (c->state != MICE_ASKING)
		return;
	c->attempts++;
	hash_with(pin, c->local_address, c->our_hash);
	hash_with(pin, c->peer_address, c->its_hash);
	memcpy(challenge.hash, c->our_hash, MICE_HASH_SIZE);
	/* If it cannot be said, the channel is broken, and its end is heard of from the main loop. */
	if (!say_message(c, &challenge, &error))
		g_debug("mice: %s: %s", c->base.sink->name, error->message);
	enter(c, MICE_PROVING, MICE_PROVE_SECONDS * 1000);
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
	mice_dtls_free(c->dtls);
	g_clear_object(&c->local_address);
	g_clear_object(&c->peer_address);
	g_free(c->local);
	g_free(c->peer);
	g_free(c);
}
