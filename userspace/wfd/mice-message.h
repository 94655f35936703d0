/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mice-message.h - messages of Miracast over Infrastructure ([MS-MICE] 2.2)
 *
 * The control channel is a TCP connection that the source makes to port
 * MICE_PORT of the sink.  On it both send messages:
 *
 *	size(2) version(1) command(1) TLV*	TLV: type(1) length(2) value
 *
 * Numbers are big endian; the size is that of the whole message, the length that
 * of the value alone.  A friendly name is UTF-16, little endian, without a mark of
 * the byte order and without an end.
 *
 * In a session that began with a Session Request the values of each message after the
 * security handshake are encrypted, as one or more DTLS records in their place; only the
 * header stays readable.  mice_message_open() and mice_message_seal() are for that.
 *
 * What comes from a sink is not trusted: mice_message_parse() takes nothing that
 * has a value of a wrong length, one type twice, or not what its command must have.
 * Types that nobody knows are passed over, since a later version may have them;
 * commands that nobody knows are an error, as the specification wants it.
 *
 * Threads and errors: wfd-error.h.
 */
#pragma once

#include <glib.h>

#include "wfd-error.h"

G_BEGIN_DECLS

#define MICE_PORT 7250
#define MICE_VERSION 1
#define MICE_HEADER_SIZE 4
/* Ours; a handshake's token is the only thing that is large, and a few kB at most. */
#define MICE_MESSAGE_MAX 8192
#define MICE_NAME_BYTES_MAX 520
#define MICE_SOURCE_ID_SIZE 16
#define MICE_HASH_SIZE 32

/* C(id, number, name) */
#define MICE_COMMANDS(C) \
	C(SOURCE_READY, 1, "Source Ready") \
	C(STOP_PROJECTION, 2, "Stop Projection") \
	C(SECURITY_HANDSHAKE, 3, "Security Handshake") \
	C(SESSION_REQUEST, 4, "Session Request") \
	C(PIN_CHALLENGE, 5, "PIN Challenge") \
	C(PIN_RESPONSE, 6, "PIN Response")

enum mice_command {
#define C(id, number, name) MICE_##id = number,
	MICE_COMMANDS(C)
#undef C
};

/**
 * struct mice_message - one message
 * @command: enum mice_command
 * @name: friendly name of the source, UTF-8, or NULL
 * @rtsp_port: where the source listens, 0 = not said
 * @has_source_id, @source_id: which source; the same in all messages of a session
 * @token: of a handshake: DTLS records, or NULL
 * @options: MICE_OPTION_*; bits that nobody knows are passed over; 0 = not said
 * @has_hash, @hash: of mice_pin_hash()
 * @has_result, @result: of a PIN Response
 */
struct mice_message {
	enum mice_command command;
	char *name;
	guint16 rtsp_port;
	gboolean has_source_id;
	guint8 source_id[MICE_SOURCE_ID_SIZE];
	GBytes *token;
	guint8 options;
	gboolean has_hash;
	guint8 hash[MICE_HASH_SIZE];
	gboolean has_result;
	guint8 result;
};

#define MICE_OPTION_ENCRYPTION 0x01
/* The sink shows a PIN; only with encryption. */
#define MICE_OPTION_PIN 0x02

/* What is not assigned is no acceptance either. */
#define MICE_PIN_ACCEPTED 0
#define MICE_PIN_WRONG 1

/* "Source Ready" */
const char *mice_command_name(enum mice_command command);

/**
 * mice_message_size - how long is the message that begins here?
 * @size: (out): its size once @len is enough to know, 0 before
 *
 * Fails with WFD_ERROR_SYNTAX, _RANGE (another version) or _TOO_BIG; then nothing
 * that follows can be understood either.
 */
gboolean mice_message_size(const guint8 *data, gsize len, gsize *size, GError **error);

/**
 * mice_message_parse - a whole message
 * @len: what mice_message_size() said
 * @message: (out): cleared with mice_message_clear() if it succeeds
 *
 * Fails with any of enum wfd_error but _NO_MATCH.
 */
gboolean mice_message_parse(const guint8 *data, gsize len, struct mice_message *message,
			    GError **error);
void mice_message_clear(struct mice_message *message);

/**
 * mice_message_open - a whole message whose values may be encrypted
 * @command: (out)
 * @body, @body_len: (out): what is behind the header, in @data
 *
 * Fails with WFD_ERROR_TRUNCATED, and _RANGE for a command that is none.
 */
gboolean mice_message_open(const guint8 *data, gsize len, enum mice_command *command,
			   const guint8 **body, gsize *body_len, GError **error);

/* The values of an open message; fails as mice_message_parse() does. */
gboolean mice_message_parse_values(enum mice_command command, const guint8 *body, gsize body_len,
				   struct mice_message *message, GError **error);

/**
 * mice_message_build - the bytes of a message that a source sends
 *
 * With everything that is set.  A name that is too long is cut between two
 * characters; @name must be valid UTF-8.
 */
GBytes *mice_message_build(const struct mice_message *message);

/* The values alone, to be encrypted; and a message around what became of them. */
GByteArray *mice_message_build_values(const struct mice_message *message);
GBytes *mice_message_seal(enum mice_command command, const guint8 *body, gsize body_len);

/**
 * mice_pin_hash - what shows that one knows the PIN ([MS-MICE] 3.1.5.6.1)
 * @pin: as it is shown
 * @address: IP address of who sends the hash, in the order of the network
 * @address_len: 4 or 16
 * @hash: (out): MICE_HASH_SIZE bytes
 */
void mice_pin_hash(const char *pin, const guint8 *address, gsize address_len, guint8 *hash);

G_END_DECLS
