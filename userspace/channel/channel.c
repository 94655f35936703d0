// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The messages between broker and UMD: see channel.h.
 */
#include "channel.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <glib-unix.h>

#include <drm/miracast.h>

#define CHANNEL_TYPE G_VARIANT_TYPE("(sa{sv})")

/* So many datagrams at once, then the other sources have their turn. */
#define CHANNEL_BURST 16

static const struct {
	const char *name;
	enum channel_side receiver;
} messages[] = {
#define M(id, name, receiver) [CHANNEL_##id] = { name, receiver },
	CHANNEL_MESSAGES(M)
#undef M
};

static const struct channel_field fields_table[] = {
#define F(message, key, type, presence) { CHANNEL_##message, key, type, presence },
	CHANNEL_FIELDS(F)
#undef F
};

static const char *const audio_kinds[] = {
#define A(id, name) [CHANNEL_AUDIO_##id] = name,
	CHANNEL_AUDIO(A)
#undef A
};

static const char *const latencies[] = {
#define L(id, name) [CHANNEL_LATENCY_##id] = name,
	CHANNEL_LATENCIES(L)
#undef L
};

static const char *const phases[] = {
#define P(id, name) [CHANNEL_PHASE_##id] = name,
	CHANNEL_PHASES(P)
#undef P
};

static const struct {
	const char *name;
	guint32 status;
	enum hint_id hint;
	const char *text;
} reasons[] = {
#define R(id, name, status, hint, text) \
	[CHANNEL_REASON_##id] = { name, MIRACAST_STATUS_##status, HINT_##hint, text },
	CHANNEL_REASONS(R)
#undef R
};

const char *channel_message_name(enum channel_message message)
{
	g_return_val_if_fail(message < CHANNEL_N_MESSAGES, "unknown");
	return messages[message].name;
}

gboolean channel_audio_from_name(const char *name, enum channel_audio *audio)
{
	for (guint i = 0; i < CHANNEL_N_AUDIO; i++) {
		if (strcmp(audio_kinds[i], name) == 0) {
			*audio = i;
			return TRUE;
		}
	}
	return FALSE;
}

gboolean channel_latency_from_name(const char *name, enum channel_latency *latency)
{
	for (guint i = 0; i < CHANNEL_N_LATENCIES; i++) {
		if (strcmp(latencies[i], name) == 0) {
			*latency = i;
			return TRUE;
		}
	}
	return FALSE;
}

const char *channel_latency_name(enum channel_latency latency)
{
	g_return_val_if_fail(latency < CHANNEL_N_LATENCIES, "unknown");
	return latencies[latency];
}

const char *channel_phase_name(enum channel_phase phase)
{
	g_return_val_if_fail(phase < CHANNEL_N_PHASES, "unknown");
	return phases[phase];
}

gboolean channel_phase_from_name(const char *name, enum channel_phase *phase)
{
	for (guint i = 0; i < CHANNEL_N_PHASES; i++) {
		if (strcmp(phases[i], name) == 0) {
			*phase = i;
			return TRUE;
		}
	}
	return FALSE;
}

const char *channel_reason_name(enum channel_reason reason)
{
	g_return_val_if_fail(reason < CHANNEL_N_REASONS, "unknown");
	return reasons[reason].name;
}

gboolean channel_reason_from_name(const char *name, enum channel_reason *reason)
{
	for (guint i = 0; i < CHANNEL_N_REASONS; i++) {
		if (strcmp(reasons[i].name, name) == 0) {
			*reason = i;
			return TRUE;
		}
	}
	return FALSE;
}

guint32 channel_reason_status(enum channel_reason reason)
{
	g_return_val_if_fail(reason < CHANNEL_N_REASONS, MIRACAST_STATUS_CRITICAL_ERROR);
	return reasons[reason].status;
}

struct hint channel_reason_hint(enum channel_reason reason)
{
	g_return_val_if_fail(reason < CHANNEL_N_REASONS, NO_HINT);
	return (struct hint){ hint_code(reasons[reason].hint), reasons[reason].text };
}

char *channel_clean_text(const char *text, guint max)
{
	g_autofree char *valid = g_utf8_make_valid(text, -1);
	GString *clean = g_string_new(NULL);
	guint n = 0;

	/* Printable is all but control, format and unassigned characters; of lines there is one. */
	for (const char *p = valid; *p && n < max; p = g_utf8_next_char(p), n++) {
		gunichar c = g_utf8_get_char(p);

		g_string_append_unichar(clean, g_unichar_isprint(c) && !g_unichar_isspace(c) ? c : ' ');
	}
	g_strstrip(clean->str);
	return g_string_free(clean, FALSE);
}

const struct channel_field *channel_fields(gsize *n)
{
	*n = G_N_ELEMENTS(fields_table);
	return fields_table;
}

static const struct channel_field *find_field(enum channel_message message, const char *key)
{
	for (gsize i = 0; i < G_N_ELEMENTS(fields_table); i++) {
		if (fields_table[i].message == message && strcmp(fields_table[i].key, key) == 0)
			return &fields_table[i];
	}
	return NULL;
}

/* What a message must have, whoever made it. */
static gboolean check_fields(enum channel_message message, GVariant *fields, GIOErrorEnum code,
			     GError **error)
{
	for (gsize i = 0; i < G_N_ELEMENTS(fields_table); i++) {
		const struct channel_field *field = &fields_table[i];
		g_autoptr(GVariant) value = NULL;

		if (field->message != message)
			continue;
		value = g_variant_lookup_value(fields, field->key, NULL);
		if (!value) {
			if (field->presence == CHANNEL_OPTIONAL)
				continue;
			g_set_error(error, G_IO_ERROR, code, "message \"%s\" lacks field \"%s\"",
				    messages[message].name, field->key);
			return FALSE;
		}
		if (!g_variant_is_of_type(value, G_VARIANT_TYPE(field->type))) {
			g_set_error(error, G_IO_ERROR, code,
				    "message \"%s\": field \"%s\" is of type %s instead of %s",
				    messages[message].name, field->key,
				    g_variant_get_type_string(value), field->type);
			return FALSE;
		}
	}
	return TRUE;
}

/* The sender's own mistakes: keys that the list does not have. */
static gboolean check_keys(enum channel_message message, GVariant *fields, GError **error)
{
	GVariantIter iter;
	const char *key;

	g_variant_iter_init(&iter, fields);
	while (g_variant_iter_next(&iter, "{&sv}", &key, NULL)) {
		if (!find_field(message, key)) {
			g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
				    "message \"%s\" has no field \"%s\"", messages[message].name,
				    key);
			return FALSE;
		}
	}
	return TRUE;
}

/* What is not in the list is not looked at, nor handed on. */
static GVariant *clean_fields(enum channel_message message, GVariant *fields)
{
	g_auto(GVariantDict) clean = G_VARIANT_DICT_INIT(NULL);

	for (gsize i = 0; i < G_N_ELEMENTS(fields_table); i++) {
		const struct channel_field *field = &fields_table[i];
		g_autoptr(GVariant) value = NULL;
		g_autofree char *text = NULL;

		if (field->message == message)
			value = g_variant_lookup_value(fields, field->key, NULL);
		if (!value)
			continue;
		if (g_variant_is_of_type(value, G_VARIANT_TYPE_STRING)) {
			text = channel_clean_text(g_variant_get_string(value, NULL), CHANNEL_MAX_TEXT);
			g_variant_dict_insert(&clean, field->key, "s", text);
		} else {
			g_variant_dict_insert_value(&clean, field->key, value);
		}
	}
	return g_variant_ref_sink(g_variant_dict_end(&clean));
}

GBytes *channel_encode(enum channel_message message, GVariant *fields, GError **error)
{
	g_autoptr(GVariant) owned = g_variant_ref_sink(fields);
	g_autoptr(GVariant) datagram = NULL;

	g_return_val_if_fail(message < CHANNEL_N_MESSAGES, NULL);
	g_return_val_if_fail(g_variant_is_of_type(owned, G_VARIANT_TYPE_VARDICT), NULL);

	if (!check_keys(message, owned, error) ||
	    !check_fields(message, owned, G_IO_ERROR_INVALID_ARGUMENT, error))
		return NULL;

	datagram = g_variant_ref_sink(g_variant_new("(s@a{sv})", messages[message].name, owned));
	if (g_variant_get_size(datagram) > CHANNEL_MAX_DATAGRAM) {
		g_set_error(error, G_IO_ERROR, G_IO_ERROR_MESSAGE_TOO_LARGE,
			    "message \"%s\" has %" G_GSIZE_FORMAT " bytes, at most %d can be sent",
			    messages[message].name, g_variant_get_size(datagram),
			    CHANNEL_MAX_DATAGRAM);
		return NULL;
	}
	return g_variant_get_data_as_bytes(datagram);
}

gboolean channel_decode(gconstpointer data, gsize len, enum channel_side side,
			enum channel_message *message, GVariant **fields, GError **error)
{
	g_autoptr(GBytes) bytes = NULL;
	g_autoptr(GVariant) datagram = NULL;
	g_autoptr(GVariant) dict = NULL;
	const char *name;

	*message = CHANNEL_N_MESSAGES;
	*fields = NULL;

	if (len == 0 || len > CHANNEL_MAX_DATAGRAM) {
		g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
			    "datagram of %" G_GSIZE_FORMAT " bytes, 1 to %d are allowed", len,
			    CHANNEL_MAX_DATAGRAM);
		return FALSE;
	}
	/* A copy, which is aligned and which nobody changes after the check. */
	bytes = g_bytes_new(data, len);
	datagram = g_variant_ref_sink(g_variant_new_from_bytes(CHANNEL_TYPE, bytes, FALSE));
	if (!g_variant_is_normal_form(datagram)) {
		g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
				    "datagram is not a message in normal form");
		return FALSE;
	}
	g_variant_get(datagram, "(&s@a{sv})", &name, &dict);

	for (guint i = 0; i < CHANNEL_N_MESSAGES; i++) {
		if (strcmp(messages[i].name, name) != 0)
			continue;
		if (messages[i].receiver != side) {
			g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
				    "message \"%s\" came from the wrong side", name);
			return FALSE;
		}
		if (!check_fields(i, dict, G_IO_ERROR_INVALID_DATA, error))
			return FALSE;
		*message = i;
		*fields = side == CHANNEL_BROKER ? clean_fields(i, dict) : g_steal_pointer(&dict);
		return TRUE;
	}
	return TRUE;
}

struct channel {
	gatomicrefcount refs; /* the owner, and a dispatch that is under way */
	int fd;
	enum channel_side side;
	const struct channel_funcs *funcs;
	gpointer user_data;
	GSource *source; /* NULL: closed was called, or the owner let go */
};

static void channel_unref(channel *ch)
{
	if (!g_atomic_ref_count_dec(&ch->refs))
		return;
	close(ch->fd);
	g_free(ch);
}

static void channel_stop_listening(channel *ch)
{
	if (!ch->source)
		return;
	g_source_destroy(ch->source);
	g_clear_pointer(&ch->source, g_source_unref);
}

static void channel_report_closed(channel *ch, const GError *error)
{
	channel_stop_listening(ch);
	ch->funcs->closed(ch, error, ch->user_data);
}

/* Take one datagram; FALSE when there is none left or the channel is over. */
static gboolean channel_receive_one(channel *ch)
{
	guint8 data[CHANNEL_MAX_DATAGRAM];
	struct iovec iov = { data, sizeof(data) };
	struct msghdr header = { .msg_iov = &iov, .msg_iovlen = 1 };
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) fields = NULL;
	enum channel_message message;
	ssize_t n;

	do {
		n = recvmsg(ch->fd, &header, MSG_DONTWAIT);
	} while (n < 0 && errno == EINTR);

	if (n < 0 && errno == EAGAIN)
		return FALSE;
	if (n < 0 && errno != ECONNRESET) {
		g_set_error(&error, G_IO_ERROR, g_io_error_from_errno(errno),
			    "control channel: %s", g_strerror(errno));
	} else if (n <= 0) {
		channel_report_closed(ch, NULL);
		return FALSE;
	} else if (header.msg_flags & MSG_TRUNC) {
		g_set_error(&error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
			    "datagram of more than %d bytes", CHANNEL_MAX_DATAGRAM);
	} else {
		channel_decode(data, n, ch->side, &message, &fields, &error);
	}
	if (error) {
		channel_report_closed(ch, error);
		return FALSE;
	}
	if (fields)
		ch->funcs->message(ch, message, fields, ch->user_data);
	return ch->source != NULL;
}

static gboolean channel_readable(gint fd, GIOCondition condition, gpointer user_data)
{
	channel *ch = user_data;

	g_atomic_ref_count_inc(&ch->refs);
	for (guint i = 0; i < CHANNEL_BURST; i++) {
		if (!channel_receive_one(ch))
			break;
	}
	channel_unref(ch);
	return G_SOURCE_CONTINUE;
}

channel *channel_new(int fd, enum channel_side side, const struct channel_funcs *funcs,
		     gpointer user_data, GError **error)
{
	channel *ch;
	int type = 0;
	socklen_t len = sizeof(type);

	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) < 0 || type != SOCK_SEQPACKET) {
		g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
			    "file descriptor %d is not a SOCK_SEQPACKET socket", fd);
		return NULL;
	}
	if (!g_unix_set_fd_nonblocking(fd, TRUE, error))
		return NULL;

	ch = g_new0(channel, 1);
	g_atomic_ref_count_init(&ch->refs);
	ch->fd = fd;
	ch->side = side;
	ch->funcs = funcs;
	ch->user_data = user_data;
	ch->source = g_unix_fd_source_new(fd, G_IO_IN | G_IO_HUP | G_IO_ERR);
	g_source_set_callback(ch->source, G_SOURCE_FUNC(channel_readable), ch, NULL);
	g_source_attach(ch->source, g_main_context_get_thread_default());
	return ch;
}

void channel_free(channel *ch)
{
	if (!ch)
		return;
	channel_stop_listening(ch);
	channel_unref(ch);
}

gboolean channel_send(channel *ch, enum channel_message message, GVariant *fields, GError **error)
{
	g_autoptr(GBytes) datagram = channel_encode(message, fields, error);
	gconstpointer data;
	gsize len;
	ssize_t n;

	if (!datagram)
		return FALSE;
	data = g_bytes_get_data(datagram, &len);
	do {
		n = send(ch->fd, data, len, MSG_DONTWAIT | MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	if (n < 0) {
		int err = errno;

		g_set_error(error, G_IO_ERROR, g_io_error_from_errno(err),
			    "cannot send \"%s\" on the control channel: %s",
			    messages[message].name, g_strerror(err));
		return FALSE;
	}
	return TRUE;
}
