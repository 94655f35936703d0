// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Framing of rtsp-connection.h.
 */
#include "rtsp-connection.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <glib-unix.h>

#define VERSION "RTSP/1.0"

/* What waits for the peer to read; it has stopped reading when it is more. */
#define MAX_UNSENT (64 * 1024)

/* ------------------------------------------------------------------- parsing */

static enum rtsp_parse_result bad(GError **error, const char *what)
{
	g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, what);
	return RTSP_PARSE_ERROR;
}

/* Bytes up to and with the empty line that ends the head; 0: it is not there. */
static gsize head_length(const guint8 *data, gsize len)
{
	const guint8 *line = data;
	const guint8 *end;

	while ((end = memchr(line, '\n', data + len - line))) {
		if (end == line || (end == line + 1 && *line == '\r'))
			return end + 1 - data;
		line = end + 1;
	}
	return 0;
}

/* Cuts the next line off @rest, folded ones with it; NULL at the end. */
static char *next_line(char **rest)
{
	char *line = *rest;
	char *end = strchr(line, '\n');

	if (!end)
		return NULL;
	while (end[1] == ' ' || end[1] == '\t') {
		*end = ' ';
		end = strchr(end, '\n');
		if (!end)
			return NULL;
	}
	*rest = end + 1;
	*end = '\0';
	g_strdelimit(line, "\r", ' ');
	return g_strstrip(line);
}

static gboolean parse_status_line(const char *line, GstRTSPMessage *message)
{
	char *end;
	guint64 code = g_ascii_strtoull(line, &end, 10);

	if (code < 100 || code > 999 || (*end && *end != ' '))
		return FALSE;
	while (*end == ' ')
		end++;
	return gst_rtsp_message_init_response(message, code, end, NULL) == GST_RTSP_OK;
}

static gboolean parse_request_line(const char *line, GstRTSPMessage *message)
{
	g_auto(GStrv) words = g_strsplit(line, " ", 4);

	if (g_strv_length(words) != 3 || !*words[0] || !*words[1] ||
	    !g_str_has_prefix(words[2], "RTSP/1."))
		return FALSE;
	return gst_rtsp_message_init_request(message, gst_rtsp_find_method(words[0]), words[1]) ==
	       GST_RTSP_OK;
}

static gboolean parse_start_line(const char *line, GstRTSPMessage *message)
{
	if (g_str_has_prefix(line, "RTSP/1.") && strchr(line, ' '))
		return parse_status_line(strchr(line, ' ') + 1, message);
	return parse_request_line(line, message);
}

static gboolean parse_headers(char *rest, GstRTSPMessage *message, GError **error)
{
	guint n = 0;
	char *line;

	while ((line = next_line(&rest)) && *line) {
		char *colon = strchr(line, ':');

		if (!colon || colon == line) {
			bad(error, "a header without a name");
			return FALSE;
		}
		if (++n > RTSP_MAX_HEADERS) {
			bad(error, "more than " G_STRINGIFY(RTSP_MAX_HEADERS) " headers");
			return FALSE;
		}
		*colon = '\0';
		gst_rtsp_message_add_header_by_name(message, g_strchomp(line),
						    g_strchug(colon + 1));
	}
	return TRUE;
}

static gboolean body_length(const GstRTSPMessage *message, gsize *len, GError **error)
{
	char *value = NULL;
	guint64 number = 0;

	if (gst_rtsp_message_get_header(message, GST_RTSP_HDR_CONTENT_LENGTH, &value, 0) ==
		    GST_RTSP_OK &&
	    !g_ascii_string_to_unsigned(value, 10, 0, RTSP_MAX_BODY, &number, NULL)) {
		bad(error, "a Content-Length that is no number up to " G_STRINGIFY(RTSP_MAX_BODY));
		return FALSE;
	}
	*len = number;
	return TRUE;
}

enum rtsp_parse_result rtsp_parse(const guint8 *data, gsize len, gsize *used,
				  GstRTSPMessage *message, GError **error)
{
	g_autofree char *head = NULL;
	gsize start = 0;
	gsize head_len, body_len;
	char *rest;

	while (start < len && start < RTSP_MAX_HEAD && (data[start] == '\r' || data[start] == '\n'))
		start++;
	head_len = head_length(data + start, MIN(len - start, RTSP_MAX_HEAD));
	if (!head_len && len - start >= RTSP_MAX_HEAD)
		return bad(error, "headers of more than " G_STRINGIFY(RTSP_MAX_HEAD) " bytes");
	if (memchr(data + start, '\0', head_len ? head_len : len - start))
		return bad(error, "a zero byte in the headers");
	if (!head_len)
		return RTSP_PARSE_MORE;

	head = g_strndup((const char *)data + start, head_len);
	rest = head;
	if (!parse_start_line(next_line(&rest), message))
		return bad(error, "neither a request nor a response");
	if (!parse_headers(rest, message, error) || !body_length(message, &body_len, error)) {
		gst_rtsp_message_unset(message);
		return RTSP_PARSE_ERROR;
	}
	if (len - start - head_len < body_len) {
		gst_rtsp_message_unset(message);
		return RTSP_PARSE_MORE;
	}
	if (body_len)
		gst_rtsp_message_set_body(message, data + start + head_len, body_len);
	*used = start + head_len + body_len;
	return RTSP_PARSE_DONE;
}

GString *rtsp_format(GstRTSPMessage *message, guint cseq)
{
	GString *text = g_string_new(NULL);
	guint8 *body = NULL;
	guint len = 0;

	if (message->type == GST_RTSP_MESSAGE_REQUEST)
		g_string_printf(text, "%s %s " VERSION "\r\n",
				gst_rtsp_method_as_text(message->type_data.request.method),
				message->type_data.request.uri);
	else
		g_string_printf(text, VERSION " %d %s\r\n", message->type_data.response.code,
				message->type_data.response.reason);
	if (cseq)
		g_string_append_printf(text, "CSeq: %u\r\n", cseq);
	gst_rtsp_message_append_headers(message, text);
	gst_rtsp_message_get_body(message, &body, &len);
	if (len)
		g_string_append_printf(text, "Content-Length: %u\r\n", len);
	g_string_append(text, "\r\n");
	return g_string_append_len(text, (const char *)body, len);
}

/* ---------------------------------------------------------------- the connection */

struct rtsp_connection {
	int fd;
	const struct rtsp_connection_funcs *funcs;
	gpointer user_data;
	GMainContext *context;
	GSource *readable; /* NULL: closed was called */
	GSource *writable; /* while something is unsent */
	GByteArray *received;
	GByteArray *unsent;
	guint next_cseq;
};

static void clear_source(GSource **source)
{
	if (!*source)
		return;
	g_source_destroy(*source);
	g_clear_pointer(source, g_source_unref);
}

static void report_closed(rtsp_connection *c, const GError *error)
{
	clear_source(&c->readable);
	clear_source(&c->writable);
	c->funcs->closed(error, c->user_data);
}

static void report_broken(rtsp_connection *c, int err)
{
	g_autoptr(GError) error = g_error_new(G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED, "%s",
					      g_strerror(err));

	report_closed(c, error);
}

static void deliver_messages(rtsp_connection *c)
{
	while (c->received->len && c->readable) {
		g_autoptr(GError) error = NULL;
		GstRTSPMessage message = { 0 };
		gsize used = 0;

		switch (rtsp_parse(c->received->data, c->received->len, &used, &message, &error)) {
		case RTSP_PARSE_MORE:
			return;
		case RTSP_PARSE_ERROR:
			report_closed(c, error);
			return;
		case RTSP_PARSE_DONE:
			g_byte_array_remove_range(c->received, 0, used);
			c->funcs->message(&message, c->user_data);
			gst_rtsp_message_unset(&message);
			break;
		}
	}
}

static gboolean socket_readable(gint fd, GIOCondition condition, gpointer user_data)
{
	rtsp_connection *c = user_data;
	guint8 data[RTSP_MAX_HEAD];
	ssize_t n = recv(fd, data, sizeof(data), MSG_DONTWAIT);

	if (n > 0) {
		g_byte_array_append(c->received, data, n);
		deliver_messages(c);
	} else if (n == 0) {
		report_closed(c, NULL);
	} else if (errno != EAGAIN && errno != EINTR) {
		report_broken(c, errno);
	}
	return G_SOURCE_CONTINUE;
}

/* Returns 0, or errno. */
static int flush(rtsp_connection *c)
{
	while (c->unsent->len) {
		ssize_t n = send(c->fd, c->unsent->data, c->unsent->len, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n >= 0)
			g_byte_array_remove_range(c->unsent, 0, n);
		else if (errno != EINTR)
			return errno == EAGAIN ? 0 : errno;
	}
	return 0;
}

static gboolean socket_writable(gint fd, GIOCondition condition, gpointer user_data)
{
	rtsp_connection *c = user_data;
	int err = flush(c);

	if (err) {
		report_broken(c, err);
	} else if (!c->unsent->len) {
		clear_source(&c->writable);
		c->funcs->drained(c->user_data);
	}
	return G_SOURCE_CONTINUE;
}

static GSource *watch(rtsp_connection *c, GIOCondition condition, GUnixFDSourceFunc function)
{
	GSource *source = g_unix_fd_source_new(c->fd, condition);

	g_source_set_callback(source, G_SOURCE_FUNC(function), c, NULL);
	g_source_attach(source, c->context);
	return source;
}

guint rtsp_connection_send(rtsp_connection *c, GstRTSPMessage *message, GError **error)
{
	gboolean request = message->type == GST_RTSP_MESSAGE_REQUEST;
	guint cseq = request ? c->next_cseq : 0;
	g_autoptr(GString) text = rtsp_format(message, cseq);
	int err = 0;

	g_byte_array_append(c->unsent, (const guint8 *)text->str, text->len);
	err = c->readable ? flush(c) : EPIPE;
	if (!err && c->unsent->len > MAX_UNSENT)
		err = ENOBUFS;
	if (err) {
		g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED, g_strerror(err));
		return 0;
	}
	if (c->unsent->len && !c->writable)
		c->writable = watch(c, G_IO_OUT, socket_writable);
	return request ? c->next_cseq++ : 1;
}

gboolean rtsp_connection_has_partial(const rtsp_connection *c)
{
	return c->received->len > 0;
}

gboolean rtsp_connection_is_waiting(const rtsp_connection *c)
{
	return c->unsent->len > 0;
}

rtsp_connection *rtsp_connection_new(int fd, const struct rtsp_connection_funcs *funcs,
				     gpointer user_data, GError **error)
{
	rtsp_connection *c;
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);

	if (copy < 0 || !g_unix_set_fd_nonblocking(copy, TRUE, NULL)) {
		g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno), "RTSP socket: %s",
			    g_strerror(errno));
		if (copy >= 0)
			close(copy);
		return NULL;
	}
	c = g_new0(rtsp_connection, 1);
	c->fd = copy;
	c->funcs = funcs;
	c->user_data = user_data;
	c->context = g_main_context_ref_thread_default();
	c->received = g_byte_array_new();
	c->unsent = g_byte_array_new();
	c->next_cseq = 1;
	c->readable = watch(c, G_IO_IN | G_IO_HUP | G_IO_ERR, socket_readable);
	return c;
}

void rtsp_connection_free(rtsp_connection *c)
{
	if (!c)
		return;
	clear_source(&c->readable);
	clear_source(&c->writable);
	g_byte_array_unref(c->received);
	g_byte_array_unref(c->unsent);
	g_main_context_unref(c->context);
	close(c->fd);
	g_free(c);
}
