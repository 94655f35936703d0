// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Messages of Miracast over Infrastructure: see mice-message.h.
 */
#include "mice-message.h"

#include <string.h>

enum tlv_type {
	TLV_NAME = 0,
	TLV_RTSP_PORT = 2,
	TLV_SOURCE_ID = 3,
	TLV_TOKEN = 4,
	TLV_OPTIONS = 5,
	TLV_HASH = 6,
	TLV_REASON = 7,
	N_TLV_TYPES,
};

#define TLV_HEADER_SIZE 3

/* How long a value of each type is; a type that is not assigned has no maximum. */
static const struct {
	const char *name;
	guint16 min, max;
} tlv_sizes[N_TLV_TYPES] = {
	[TLV_NAME] = { "friendly name", 0, MICE_NAME_BYTES_MAX },
	[TLV_RTSP_PORT] = { "RTSP port", 2, 2 },
	[TLV_SOURCE_ID] = { "source id", MICE_SOURCE_ID_SIZE, MICE_SOURCE_ID_SIZE },
	[TLV_TOKEN] = { "security token", 1, MICE_MESSAGE_MAX },
	/* What a later version adds is behind the first byte. */
	[TLV_OPTIONS] = { "security options", 1, MICE_MESSAGE_MAX },
	[TLV_HASH] = { "PIN hash", MICE_HASH_SIZE, MICE_HASH_SIZE },
	[TLV_REASON] = { "PIN response reason", 1, 1 },
};

#define BIT(type) (1u << TLV_##type)

/*
 * What a message cannot do without. Stop Projection says all it has to by being sent on
 * this connection; not all sinks name the source in it.
 */
static const guint8 required[] = {
	[MICE_SOURCE_READY] = BIT(NAME) | BIT(RTSP_PORT) | BIT(SOURCE_ID),
	[MICE_STOP_PROJECTION] = 0,
	[MICE_SECURITY_HANDSHAKE] = BIT(TOKEN),
	[MICE_SESSION_REQUEST] = BIT(OPTIONS) | BIT(NAME) | BIT(SOURCE_ID),
	[MICE_PIN_CHALLENGE] = BIT(HASH) | BIT(SOURCE_ID),
	[MICE_PIN_RESPONSE] = BIT(HASH) | BIT(REASON),
};

const char *mice_command_name(enum mice_command command)
{
	switch (command) {
#define C(id, number, name) case MICE_##id: return name;
	MICE_COMMANDS(C)
#undef C
	}
	return "unknown";
}

static guint16 get16(const guint8 *data)
{
	return (guint16)(data[0] << 8 | data[1]);
}

gboolean mice_message_size(const guint8 *data, gsize len, gsize *size, GError **error)
{
	guint16 says;

	*size = 0;
	if (len < MICE_HEADER_SIZE)
		return TRUE;
	says = get16(data);
	if (says < MICE_HEADER_SIZE) {
		g_set_error(error, WFD_ERROR, WFD_ERROR_SYNTAX,
			    "a message says that it has %u bytes, its header alone has %d", says,
			    MICE_HEADER_SIZE);
		return FALSE;
	}
	if (says > MICE_MESSAGE_MAX) {
		g_set_error(error, WFD_ERROR, WFD_ERROR_TOO_BIG,
			    "a message says that it has %u bytes, more than %d are not taken", says,
			    MICE_MESSAGE_MAX);
		return FALSE;
	}
	if (data[2] != MICE_VERSION) {
		g_set_error(error, WFD_ERROR, WFD_ERROR_RANGE,
			    "a message is of version %u, only %d is known", data[2], MICE_VERSION);
		return FALSE;
	}
	*size = says;
	return TRUE;
}

static gboolean parse_name(const guint8 *value, gsize len, char **name, GError **error)
{
	gunichar2 units[MICE_NAME_BYTES_MAX / 2];

	if (len % 2 != 0) {
		g_set_error(error, WFD_ERROR, WFD_ERROR_SYNTAX,
			    "a friendly name of %" G_GSIZE_FORMAT " bytes is not UTF-16", len);
		return FALSE;
	}
	for (gsize i = 0; i < len / 2; i++)
		units[i] = (gunichar2)(value[2 * i] | value[2 * i + 1] << 8);
	*name = g_utf16_to_utf8(units, (glong)(len / 2), NULL, NULL, NULL);
	if (*name)
		return TRUE;
	g_set_error(error, WFD_ERROR, WFD_ERROR_SYNTAX, "a friendly name is not valid UTF-16");
	return FALSE;
}

static gboolean take_value(guint8 type, const guint8 *value, guint16 len,
			   struct mice_message *message, GError **error)
{
	switch (type) {
	case TLV_NAME:
		return parse_name(value, len, &message->name, error);
	case TLV_RTSP_PORT:
		message->rtsp_port = get16(value);
		if (message->rtsp_port)
			return TRUE;
		g_set_error(error, WFD_ERROR, WFD_ERROR_RANGE, "the RTSP port is 0");
		return FALSE;
	case TLV_SOURCE_ID:
		message->has_source_id = TRUE;
		memcpy(message->source_id, value, MICE_SOURCE_ID_SIZE);
		return TRUE;
	case TLV_TOKEN:
		message->token = g_bytes_new(value, len);
		return TRUE;
	case TLV_OPTIONS:
		message->options = value[0] & (MICE_OPTION_ENCRYPTION | MICE_OPTION_PIN);
		return TRUE;
	case TLV_HASH:
		message->has_hash = TRUE;
		memcpy(message->hash, value, MICE_HASH_SIZE);
		return TRUE;
	case TLV_REASON:
		message->has_result = TRUE;
		message->result = value[0];
		return TRUE;
	default:
		return TRUE;
	}
}

static gboolean parse_tlvs(const guint8 *data, gsize len, struct mice_message *message,
			   guint *seen, GError **error)
{
	gsize at = 0;

	while (at < len) {
		guint8 type = data[at];
		guint16 size;

		if (len - at < TLV_HEADER_SIZE || get16(data + at + 1) > len - at - TLV_HEADER_SIZE) {
			g_set_error(error, WFD_ERROR, WFD_ERROR_TRUNCATED,
				    "value of type %u goes beyond the message", type);
			return FALSE;
		}
		size = get16(data + at + 1);
		at += TLV_HEADER_SIZE;
		if (type < N_TLV_TYPES && tlv_sizes[type].max) {
			if (size < tlv_sizes[type].min || size > tlv_sizes[type].max) {
				g_set_error(error, WFD_ERROR, WFD_ERROR_RANGE, "%s has %u bytes",
					    tlv_sizes[type].name, size);
				return FALSE;
			}
			if (*seen & 1u << type) {
				g_set_error(error, WFD_ERROR, WFD_ERROR_SYNTAX, "%s comes twice",
					    tlv_sizes[type].name);
				return FALSE;
			}
			*seen |= 1u << type;
			if (!take_value(type, data + at, size, message, error))
				return FALSE;
		}
		at += size;
	}
	return TRUE;
}

static gboolean check_required(enum mice_command command, guint seen, GError **error)
{
	guint missing = required[command] & ~seen;

	for (guint type = 0; type < N_TLV_TYPES; type++) {
		if (!(missing & 1u << type))
			continue;
		g_set_error(error, WFD_ERROR, WFD_ERROR_MISSING, "%s has no %s",
			    mice_command_name(command), tlv_sizes[type].name);
		return FALSE;
	}
	return TRUE;
}

gboolean mice_message_open(const guint8 *data, gsize len, enum mice_command *command,
			   const guint8 **body, gsize *body_len, GError **error)
{
	gsize size;

	if (!mice_message_size(data, len, &size, error))
		return FALSE;
	if (size == 0 || size != len) {
		g_set_error(error, WFD_ERROR, WFD_ERROR_TRUNCATED,
			    "%" G_GSIZE_FORMAT " bytes are not one message", len);
		return FALSE;
	}
	if (data[3] == 0 || data[3] >= G_N_ELEMENTS(required)) {
		g_set_error(error, WFD_ERROR, WFD_ERROR_RANGE, "there is no command %u", data[3]);
		return FALSE;
	}
	*command = data[3];
	*body = data + MICE_HEADER_SIZE;
	*body_len = len - MICE_HEADER_SIZE;
	return TRUE;
}

gboolean mice_message_parse_values(enum mice_command command, const guint8 *body, gsize body_len,
				   struct mice_message *message, GError **error)
{
	guint seen = 0;

	memset(message, 0, sizeof(*message));
	message->command = command;
	if (parse_tlvs(body, body_len, message, &seen, error) &&
	    check_required(command, seen, error))
		return TRUE;
	mice_message_clear(message);
	return FALSE;
}

gboolean mice_message_parse(const guint8 *data, gsize len, struct mice_message *message,
			    GError **error)
{
	enum mice_command command;
	const guint8 *body;
	gsize body_len;

	memset(message, 0, sizeof(*message));
	return mice_message_open(data, len, &command, &body, &body_len, error) &&
	       mice_message_parse_values(command, body, body_len, message, error);
}

void mice_message_clear(struct mice_message *message)
{
	g_clear_pointer(&message->name, g_free);
	g_clear_pointer(&message->token, g_bytes_unref);
}

static void append_tlv(GByteArray *out, enum tlv_type type, const void *value, gsize len)
{
	const guint8 header[] = { type, (guint8)(len >> 8), (guint8)len };

	g_byte_array_append(out, header, sizeof(header));
	g_byte_array_append(out, value, (guint)len);
}

static void append_name(GByteArray *out, const char *name)
{
	guint8 bytes[MICE_NAME_BYTES_MAX];
	gsize len = 0;

	/* Characters, not units: half of a pair would be none. */
	for (const char *p = name; *p; p = g_utf8_next_char(p)) {
		g_autofree gunichar2 *units = g_utf8_to_utf16(p, g_utf8_next_char(p) - p, NULL, NULL, NULL);
		gsize n = 0;

		while (units && units[n])
			n++;
		if (len + 2 * n > sizeof(bytes))
			break;
		for (gsize i = 0; i < n; i++) {
			bytes[len++] = (guint8)units[i];
			bytes[len++] = (guint8)(units[i] >> 8);
		}
	}
	append_tlv(out, TLV_NAME, bytes, len);
}

GByteArray *mice_message_build_values(const struct mice_message *message)
{
	const guint8 port[] = { (guint8)(message->rtsp_port >> 8), (guint8)message->rtsp_port };
	GByteArray *out = g_byte_array_new();

	if (message->options)
		append_tlv(out, TLV_OPTIONS, &message->options, 1);
	if (message->name)
		append_name(out, message->name);
	if (message->rtsp_port)
		append_tlv(out, TLV_RTSP_PORT, port, sizeof(port));
	if (message->token)
		append_tlv(out, TLV_TOKEN, g_bytes_get_data(message->token, NULL),
			   g_bytes_get_size(message->token));
	if (message->has_hash)
		append_tlv(out, TLV_HASH, message->hash, MICE_HASH_SIZE);
	if (message->has_result)
		append_tlv(out, TLV_REASON, &message->result, 1);
	if (message->has_source_id)
		append_tlv(out, TLV_SOURCE_ID, message->source_id, MICE_SOURCE_ID_SIZE);
	return out;
}

GBytes *mice_message_seal(enum mice_command command, const guint8 *body, gsize body_len)
{
	gsize size = MICE_HEADER_SIZE + body_len;
	const guint8 header[MICE_HEADER_SIZE] = { (guint8)(size >> 8), (guint8)size, MICE_VERSION,
						  (guint8)command };
	GByteArray *out = g_byte_array_sized_new((guint)size);

	g_byte_array_append(out, header, sizeof(header));
	g_byte_array_append(out, body, (guint)body_len);
	return g_byte_array_free_to_bytes(out);
}

GBytes *mice_message_build(const struct mice_message *message)
{
	g_autoptr(GByteArray) values = mice_message_build_values(message);

	return mice_message_seal(message->command, values->data, values->len);
}

void mice_pin_hash(const char *pin, const guint8 *address, gsize address_len, guint8 *hash)
{
	g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);
	gsize len = MICE_HASH_SIZE;

	g_checksum_update(checksum, (const guchar *)pin, -1);
	g_checksum_update(checksum, address, (gssize)address_len);
	g_checksum_get_digest(checksum, hash, &len);
}
