/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a display does on the control channel, in any order and in pieces: the owner hears what link.h promises, is told of
 * a path only when the display has done what was asked of it, and the connection always comes to its end.
 *
 * The display is a socket of the loopback.  The first byte of the input says what is wanted (WANTS_*), the others are
 * steps.  Time does not pass: what waits for a limit waits for the next step.
 */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#include "fuzz.h"
#include "mice-connection.h"
#include "mice-message.h"
#include "mock-dtls.h"
#include "reason.h"
#include "steps.h"

#define PIN "12345678"
#define WANTS_ENCRYPTION 0x01
#define WANTS_PIN 0x02 /* with encryption */
/* For an event that is due; more means that none comes. */
#define PATIENCE_US (5 * G_USEC_PER_SEC)

enum step {
	STEP_BYTES, /* two bytes: how many; those, as they are */
	STEP_MESSAGE, /* one byte: the command; STEP_BYTES: its values, with the right length around them */
	STEP_SHAKE, /* the display's side of the handshake, as far as it goes */
	STEP_SEALED, /* as STEP_MESSAGE, but encrypted, if it can be */
	STEP_PIN_IS_RIGHT, /* says the display, and shows that it knows it */
	STEP_PIN_IS_WRONG,
	STEP_ENTER, /* the user types it */
	STEP_ENTER_WRONG,
	STEP_DIAL, /* the display calls where it was told to, if it was */
	STEP_HANG_UP, /* that call */
	STEP_ANSWERED, /* on it */
	STEP_NEXT_CALL,
	STEP_CLOSE, /* the control channel */
	STEP_DISCONNECT,
	N_STEPS,
};

struct scene {
	struct link_backend backend;
	link_connection *connection;
	gboolean pin_is_wanted, encryption_is_wanted;
	/* the display */
	GSocket *control;
	GSocket *call;
	mock_dtls *dtls;
	guint8 heard[MICE_MESSAGE_MAX];
	gsize n_heard;
	guint16 port; /* where it was told to dial */
	gboolean says_that_it_is_right; /* and knows it */
	/* the owner */
	guint ups, faileds, closeds, sink_closeds, pins_wanted;
	gboolean pin_is_asked_for, pin_is_right;
	gboolean disconnected;
	GSocketConnection *rtsp;
};

static gboolean is_secured(const struct scene *scene)
{
	return scene->dtls && mock_dtls_is_ready(scene->dtls);
}

/* ---- the owner: what it hears -------------------------------------------------------- */

static void progress(link_connection *connection, const char *phase, const char *text, gpointer user_data)
{
	struct scene *scene = user_data;

	g_assert_cmpuint(scene->faileds + scene->closeds, ==, 0);
	g_assert_true(*phase && *text);
}

static void wants_pin(link_connection *connection, gpointer user_data)
{
	struct scene *scene = user_data;

	g_assert_cmpuint(scene->faileds + scene->closeds + scene->ups, ==, 0);
	g_assert_true(scene->pin_is_wanted && is_secured(scene));
	g_assert_cmpuint(++scene->pins_wanted, <=, MICE_PIN_ATTEMPTS);
	scene->pin_is_asked_for = TRUE;
}

static void up(link_connection *connection, const struct link_path *path, gpointer user_data)
{
	struct scene *scene = user_data;

	g_assert_cmpuint(scene->faileds + scene->closeds, ==, 0);
	g_assert_cmpuint(++scene->ups, ==, 1);
	g_assert_true(!scene->encryption_is_wanted || is_secured(scene));
	g_assert_true(!scene->pin_is_wanted || (scene->pin_is_right && scene->says_that_it_is_right));
	g_assert_true(scene->encryption_is_wanted == (path->media != NULL));
	if (path->media)
		g_variant_unref(g_variant_ref_sink(path->media));
	g_assert_cmpstr(path->peer, ==, "127.0.0.1");
}

static void dialled(link_connection *connection, GSocketConnection *rtsp, gpointer user_data)
{
	struct scene *scene = user_data;

	g_assert_cmpuint(scene->ups, ==, 1);
	g_assert_cmpuint(scene->faileds + scene->closeds, ==, 0);
	g_set_object(&scene->rtsp, rtsp);
}

static void failed(link_connection *connection, const GError *error, gpointer user_data)
{
	struct scene *scene = user_data;

	g_assert_cmpuint(++scene->faileds, ==, 1);
	g_assert_cmpuint(scene->closeds, ==, 0);
	g_assert_false(scene->disconnected);
	g_assert_true(error->domain == REASON_ERROR);
	g_assert_true(g_utf8_validate(error->message, -1, NULL));
}

static void closed(link_connection *connection, gpointer user_data)
{
	struct scene *scene = user_data;

	g_assert_true(scene->disconnected);
	g_assert_cmpuint(++scene->closeds, ==, 1);
	g_assert_cmpuint(scene->sink_closeds, ==, 1);
}

static const struct link_connection_events connection_events = {
	.progress = progress,
	.wants_pin = wants_pin,
	.up = up,
	.dialled = dialled,
	.failed = failed,
	.closed = closed,
};

static void sink_changed(link_backend *backend, link_sink *sink, gpointer user_data)
{
}

static void sink_closed(link_backend *backend, link_sink *sink)
{
	struct scene *scene = backend->user_data;

	g_assert_true(scene->disconnected);
	g_assert_cmpuint(++scene->sink_closeds, ==, 1);
}

static const struct link_events backend_events = { .sink_changed = sink_changed };

/* ---- the display ----------------------------------------------------------------------- */

/* All that is due. */
static void settle(void)
{
	while (g_main_context_iteration(NULL, FALSE))
		;
}

static void say(struct scene *scene, GBytes *bytes)
{
	/* Who does not listen any more has closed it, which is his right. */
	if (scene->control && g_bytes_get_size(bytes))
		g_socket_send(scene->control, g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), NULL, NULL);
}

static void answer_handshake(struct scene *scene, GBytes *token)
{
	g_autoptr(GPtrArray) answers = mock_dtls_shake(scene->dtls, token);

	for (guint i = 0; i < answers->len; i++) {
		const struct mice_message answer = { .command = MICE_SECURITY_HANDSHAKE, .token = answers->pdata[i] };
		g_autoptr(GBytes) bytes = mice_message_build(&answer);

		say(scene, bytes);
	}
}

static void hear_message(struct scene *scene, enum mice_command command, const guint8 *body, gsize len)
{
	g_autoptr(GBytes) plain = NULL;
	struct mice_message message;

	if (scene->pin_is_wanted && is_secured(scene) && command != MICE_SECURITY_HANDSHAKE) {
		plain = mock_dtls_open(scene->dtls, body, len);
		/* The end of the handshake may not have come to us. */
		g_assert_true(plain || command == MICE_STOP_PROJECTION);
		if (plain)
			body = g_bytes_get_data(plain, &len);
	}
	g_assert_true(mice_message_parse_values(command, body, len, &message, NULL));
	if (command == MICE_SOURCE_READY)
		scene->port = message.rtsp_port;
	if (command == MICE_SECURITY_HANDSHAKE && !is_secured(scene))
		answer_handshake(scene, message.token);
	mice_message_clear(&message);
}

/* FALSE: there is no whole message yet. What we say is never wrong. */
static gboolean take_message(struct scene *scene)
{
	enum mice_command command;
	const guint8 *body;
	gsize size, len;

	g_assert_true(mice_message_size(scene->heard, scene->n_heard, &size, NULL));
	if (!size || size > scene->n_heard)
		return FALSE;
	g_assert_true(mice_message_open(scene->heard, size, &command, &body, &len, NULL));
	hear_message(scene, command, body, len);
	scene->n_heard -= size;
	memmove(scene->heard, scene->heard + size, scene->n_heard);
	return TRUE;
}

/* What has come. */
static void hear(struct scene *scene)
{
	gssize n = 1;

	while (scene->control && n > 0) {
		n = g_socket_receive(scene->control, (char *)scene->heard + scene->n_heard,
				     sizeof(scene->heard) - scene->n_heard, NULL, NULL);
		scene->n_heard += (gsize)MAX(n, 0);
		while (take_message(scene))
			;
	}
}

static void say_message(struct scene *scene, enum mice_command command, GBytes *values, gboolean sealed)
{
	g_autoptr(GBytes) record = NULL;
	g_autoptr(GBytes) message = NULL;

	/* One message, as one record. */
	if (g_bytes_get_size(values) > 1024)
		return;
	if (sealed && g_bytes_get_size(values) && is_secured(scene))
		record = mock_dtls_seal(scene->dtls, g_bytes_get_data(values, NULL), g_bytes_get_size(values));
	else
		record = g_bytes_ref(values);
	message = mice_message_seal(command, g_bytes_get_data(record, NULL), g_bytes_get_size(record));
	say(scene, message);
}

static void answer_pin(struct scene *scene, guint8 result)
{
	static const guint8 address[] = { 127, 0, 0, 1 };
	struct mice_message answer = { .command = MICE_PIN_RESPONSE, .has_hash = TRUE, .has_result = TRUE, .result = result };
	g_autoptr(GBytes) values = NULL;

	mice_pin_hash(PIN, address, sizeof(address), answer.hash);
	values = g_byte_array_free_to_bytes(mice_message_build_values(&answer));
	scene->says_that_it_is_right |= result == MICE_PIN_ACCEPTED;
	say_message(scene, MICE_PIN_RESPONSE, values, TRUE);
}

/* Without a trace, or the ports of the machine are used up. */
static void hang_up(GSocket **socket)
{
	const struct linger now = { .l_onoff = 1 };

	if (!*socket)
		return;
	setsockopt(g_socket_get_fd(*socket), SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	g_socket_close(*socket, NULL);
	g_clear_object(socket);
}

static void dial(struct scene *scene)
{
	g_autoptr(GSocketAddress) where = NULL;

	hear(scene);
	if (!scene->port)
		return;
	hang_up(&scene->call);
	where = g_inet_socket_address_new_from_string("127.0.0.1", scene->port);
	scene->call = g_socket_new(G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, NULL);
	/* It is not taken any more once it was answered. */
	g_socket_connect(scene->call, where, NULL, NULL);
}

/* ---- steps ------------------------------------------------------------------------------ */

static void enter_pin(struct scene *scene, const char *pin)
{
	if (!scene->pin_is_asked_for || scene->disconnected)
		return;
	scene->pin_is_asked_for = FALSE;
	scene->pin_is_right = g_str_equal(pin, PIN);
	mice_connection_enter_pin(scene->connection, pin);
}

static void end(struct scene *scene)
{
	if (scene->disconnected)
		return;
	scene->disconnected = TRUE;
	mice_connection_disconnect(scene->connection);
}

static void take_step(struct scene *scene, struct steps *steps)
{
	enum step step = steps_u8(steps) % N_STEPS;
	enum mice_command command;
	g_autoptr(GBytes) bytes = NULL;

	switch (step) {
	case STEP_BYTES:
		bytes = steps_bytes(steps);
		say(scene, bytes);
		break;
	case STEP_MESSAGE:
	case STEP_SEALED:
		command = steps_u8(steps);
		bytes = steps_bytes(steps);
		say_message(scene, command, bytes, step == STEP_SEALED);
		break;
	case STEP_SHAKE:
		hear(scene);
		break;
	case STEP_PIN_IS_RIGHT:
		answer_pin(scene, MICE_PIN_ACCEPTED);
		break;
	case STEP_PIN_IS_WRONG:
		answer_pin(scene, MICE_PIN_WRONG);
		break;
	case STEP_ENTER:
		enter_pin(scene, PIN);
		break;
	case STEP_ENTER_WRONG:
		enter_pin(scene, "00000000");
		break;
	case STEP_DIAL:
		dial(scene);
		break;
	case STEP_HANG_UP:
		hang_up(&scene->call);
		break;
	case STEP_ANSWERED:
		if (scene->rtsp && !scene->disconnected)
			mice_connection_answered(scene->connection);
		break;
	case STEP_NEXT_CALL:
		if (scene->rtsp && !scene->disconnected)
			mice_connection_next_call(scene->connection);
		break;
	case STEP_CLOSE:
		hang_up(&scene->control);
		break;
	case STEP_DISCONNECT:
		end(scene);
		break;
	case N_STEPS:
		g_assert_not_reached();
	}
	settle();
}

/* One for all inputs. */
static GSocket *door(guint16 *port)
{
	static GSocket *socket;
	static guint16 bound;

	if (!socket) {
		g_autoptr(GSocketAddress) any = g_inet_socket_address_new_from_string("127.0.0.1", 0);
		g_autoptr(GSocketAddress) here = NULL;

		socket = g_socket_new(G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, NULL);
		g_assert_true(g_socket_bind(socket, any, TRUE, NULL) && g_socket_listen(socket, NULL));
		g_socket_set_blocking(socket, FALSE);
		here = g_socket_get_local_address(socket, NULL);
		bound = g_inet_socket_address_get_port(G_INET_SOCKET_ADDRESS(here));
	}
	*port = bound;
	return socket;
}

static void begin(struct scene *scene, guint8 wants)
{
	static const guint8 id[MICE_SOURCE_ID_SIZE] = { 1 };
	guint16 port;
	GSocket *socket = door(&port);
	g_autoptr(GPtrArray) addresses = g_ptr_array_new_with_free_func(g_object_unref);
	g_autoptr(link_sink) sink = link_sink_new("mice", "mice:tv", "TV");
	struct mice_target target = {
		.host = "tv",
		.port = port,
		.addresses = addresses,
		.encrypted = (wants & (WANTS_ENCRYPTION | WANTS_PIN)) != 0,
		.pin = (wants & WANTS_PIN) != 0,
		.name = "PC",
		.source_id = id,
		.closed = sink_closed,
	};

	scene->backend.events = &backend_events;
	scene->backend.user_data = scene;
	scene->encryption_is_wanted = target.encrypted;
	scene->pin_is_wanted = target.pin;
	scene->dtls = target.encrypted ? mock_dtls_new(NULL) : NULL;
	g_ptr_array_add(addresses, g_inet_socket_address_new_from_string("127.0.0.1", port));
	scene->connection = mice_connection_new(&scene->backend, sink, &target, &connection_events, scene);
	while (!(scene->control = g_socket_accept(socket, NULL, NULL)))
		g_main_context_iteration(NULL, TRUE);
	g_socket_set_blocking(scene->control, FALSE);
	g_socket_set_option(scene->control, IPPROTO_TCP, TCP_NODELAY, 1, NULL);
	settle();
}

/* It comes to its end as soon as the display has hung up, whatever state it is in. */
static void finish(struct scene *scene)
{
	gint64 deadline = g_get_monotonic_time() + PATIENCE_US;

	end(scene);
	hang_up(&scene->call);
	hang_up(&scene->control);
	while (!scene->closeds) {
		g_main_context_iteration(NULL, TRUE);
		g_assert_cmpint(g_get_monotonic_time(), <, deadline);
	}
	settle();
	mice_connection_free(scene->connection);
	g_clear_object(&scene->rtsp);
	mock_dtls_free(scene->dtls);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct steps steps = { data, size };
	struct scene scene = { 0 };

	begin(&scene, steps_u8(&steps));
	while (steps.left)
		take_step(&scene, &steps);
	finish(&scene);
	return 0;
}
