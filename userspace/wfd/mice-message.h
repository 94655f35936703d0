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
 *
 * A handshake's token, a hash, options and a reason are checked, and not kept.
 */
struct mice_message {
	enum mice_command command;
	char *name;
	guint16 rtsp_port;
	gboolean has_source_id;
	guint8 source_id[MICE_SOURCE_ID_SIZE];
};

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
 * mice_message_build - the bytes of a message that a source sends
 *
 * With everything that is set.  A name that is too long is cut between two
 * characters; @name must be valid UTF-8.
 */
GBytes *mice_message_build(const struct mice_message *message);

G_END_DECLS
