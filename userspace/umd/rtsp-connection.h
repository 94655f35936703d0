/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * rtsp-connection.h - RTSP messages over a connected socket (RFC 2326)
 *
 * Messages are GStreamer's GstRTSPMessage; framing is done here, because
 * GstRTSPConnection loses the end of a line when CR and LF come in two TCP
 * segments, has no limit on headers, and answers HTTP requests.
 */
#pragma once

#include <gio/gio.h>
#include <gst/rtsp/rtsp.h>

#include "wfd-params.h"

G_BEGIN_DECLS

/*
 * Most that a peer may send in one message: start line and headers, their
 * number, and the body, whose largest legal content wfd-params.h tells.
 */
#define RTSP_MAX_HEAD (16 * 1024)
#define RTSP_MAX_HEADERS 64
#define RTSP_MAX_BODY WFD_PARAMS_MAX_BODY

/**
 * enum rtsp_parse_result - what rtsp_parse() found
 * @RTSP_PARSE_MORE: the beginning of a message
 * @RTSP_PARSE_DONE: a message
 * @RTSP_PARSE_ERROR: no RTSP, or more than is allowed
 */
enum rtsp_parse_result {
	RTSP_PARSE_MORE,
	RTSP_PARSE_DONE,
	RTSP_PARSE_ERROR,
};

/**
 * rtsp_parse - the first message of a byte stream
 * @used: (out): with DONE the bytes that it took
 * @message: (out): with DONE the message, for gst_rtsp_message_unset(); its body
 *	has exactly the bytes that came.  Zeroed by the caller
 *
 * Liberal: LF instead of CRLF, empty lines before a message, folded headers,
 * white space, a method that is not known (GST_RTSP_INVALID).  Pure.
 */
enum rtsp_parse_result rtsp_parse(const guint8 *data, gsize len, gsize *used,
				  GstRTSPMessage *message, GError **error);

/* Strict.  Adds Content-Length; @cseq 0: the message has one already. */
GString *rtsp_format(GstRTSPMessage *message, guint cseq);

typedef struct rtsp_connection rtsp_connection;

/**
 * struct rtsp_connection_funcs - what the owner hears, in the main context
 * @message: borrowed for the call; the connection must not be freed in it
 * @drained: all that rtsp_connection_send() left waiting has been handed to the kernel
 * @closed: the peer has closed (@error NULL), the socket failed
 *	(G_IO_ERROR_CONNECTION_CLOSED), or what came is no RTSP
 *	(G_IO_ERROR_INVALID_DATA).  Nothing comes after it
 */
struct rtsp_connection_funcs {
	void (*message)(const GstRTSPMessage *message, gpointer user_data);
	void (*drained)(gpointer user_data);
	void (*closed)(const GError *error, gpointer user_data);
};

/* @fd: borrowed: it is duplicated, and becomes non-blocking. */
rtsp_connection *rtsp_connection_new(int fd, const struct rtsp_connection_funcs *funcs,
				     gpointer user_data, GError **error);
void rtsp_connection_free(rtsp_connection *connection);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(rtsp_connection, rtsp_connection_free)

/**
 * rtsp_connection_send - send a message, never waiting
 *
 * A request gets the next CSeq; it is returned, 1 for responses, 0 with @error
 * set if the peer has gone or does not read.
 */
guint rtsp_connection_send(rtsp_connection *connection, GstRTSPMessage *message, GError **error);

/* Whether the beginning of a message has come, and not its end. */
gboolean rtsp_connection_has_partial(const rtsp_connection *connection);

/* Whether something still waits for the kernel to take it; drained() follows. */
gboolean rtsp_connection_is_waiting(const rtsp_connection *connection);

G_END_DECLS
