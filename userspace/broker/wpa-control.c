// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * wpa_supplicant's control interface: see wpa-control.h.
 */
#define G_LOG_DOMAIN "miracastd"

#include "wpa-control.h"

#include <string.h>

#include <gio/gunixsocketaddress.h>

#define ANSWER_MAX_BYTES 4096
/* Of events that are heard in one turn of the main loop. */
#define MOST_EVENTS 32

struct request {
	GCancellable *cancellable;
	GSocket *socket;
	GSource *source; /* of its answer */
	guint seconds;
	guint timer;
	GError *error; /* of sending: reported later */
	wpa_control_done *done;
	gpointer user_data;
	GDestroyNotify destroy;
};

char *wpa_control_path(const char *setting, const char *ifname)
{
	const char *directory = setting;
	g_autofree char *alone = NULL;

	if (g_str_has_prefix(setting, "DIR="))
		directory = setting + strlen("DIR=");
	alone = g_strndup(directory, strcspn(directory, " "));
	return *alone == '/' ? g_build_filename(alone, ifname, NULL) : NULL;
}

static void request_free(struct request *r)
{
	if (r->source) {
		g_source_destroy(r->source);
		g_source_unref(r->source);
	}
	g_clear_handle_id(&r->timer, g_source_remove);
	g_clear_object(&r->socket);
	g_clear_object(&r->cancellable);
	g_clear_error(&r->error);
	if (r->destroy)
		r->destroy(r->user_data);
	g_free(r);
}

static void finish(struct request *r, const char *answer, const GError *error)
{
	if (!g_cancellable_is_cancelled(r->cancellable))
		r->done(answer, error, r->user_data);
	request_free(r);
}

/* The source ends by the cancellable, too. */
static gboolean answered(GSocket *socket, GIOCondition condition, gpointer user_data)
{
	struct request *r = user_data;
	g_autoptr(GError) error = NULL;
	char answer[ANSWER_MAX_BYTES + 1];
	gssize len;

	if (g_cancellable_is_cancelled(r->cancellable)) {
		request_free(r);
		return G_SOURCE_REMOVE;
	}
	len = g_socket_receive(socket, answer, ANSWER_MAX_BYTES, NULL, &error);
	if (len < 0) {
		finish(r, NULL, error);
		return G_SOURCE_REMOVE;
	}
	answer[len] = '\0';
	/* Events come only to those who attach. */
	finish(r, g_strchomp(answer), NULL);
	return G_SOURCE_REMOVE;
}

static gboolean timed_out(gpointer user_data)
{
	struct request *r = user_data;
	g_autoptr(GError) error = g_steal_pointer(&r->error);

	r->timer = 0;
	if (!error)
		error = g_error_new(G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "no answer within %u s",
				    r->seconds);
	finish(r, NULL, error);
	return G_SOURCE_REMOVE;
}

/* The first command is sent with it. */
static GSocket *open_socket(const char *path, const char *command, GError **error)
{
	g_autoptr(GSocketAddress) peer = g_unix_socket_address_new(path);
	/* The kernel gives a name that is in no file system. */
	g_autoptr(GSocketAddress) own =
		g_unix_socket_address_new_with_type("", 0, G_UNIX_SOCKET_ADDRESS_ANONYMOUS);
	g_autoptr(GSocket) socket = g_socket_new(G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_DATAGRAM,
						 G_SOCKET_PROTOCOL_DEFAULT, error);

	if (!socket)
		return NULL;
	g_socket_set_blocking(socket, FALSE);
	/* Connected: nobody else's datagrams are taken. */
	if (!g_socket_bind(socket, own, FALSE, error) || !g_socket_connect(socket, peer, NULL, error) ||
	    g_socket_send(socket, command, strlen(command), NULL, error) < 0)
		return NULL;
	return g_steal_pointer(&socket);
}

void wpa_control_request(const char *path, const char *command, guint seconds, GCancellable *cancellable,
			 wpa_control_done *done, gpointer user_data, GDestroyNotify destroy)
{
	struct request *r = g_new0(struct request, 1);

	r->seconds = seconds;
	r->cancellable = g_object_ref(cancellable);
	r->done = done;
	r->user_data = user_data;
	r->destroy = destroy;
	r->socket = open_socket(path, command, &r->error);
	if (!r->socket) {
		r->timer = g_timeout_add(0, timed_out, r);
		return;
	}
	r->timer = g_timeout_add_seconds(seconds, timed_out, r);
	r->source = g_socket_create_source(r->socket, G_IO_IN, cancellable);
	g_source_set_callback(r->source, G_SOURCE_FUNC(answered), r, NULL);
	g_source_attach(r->source, g_main_context_get_thread_default());
}

/* ---- events ------------------------------------------------------------------------ */

struct wpa_control_ear {
	GSocket *socket;
	GSource *source;
	wpa_control_heard *heard;
	gpointer user_data;
};

/* FALSE: nothing is there. */
static gboolean hear_one(wpa_control_ear *ear)
{
	char text[ANSWER_MAX_BYTES + 1];
	gssize len = g_socket_receive(ear->socket, text, ANSWER_MAX_BYTES, NULL, NULL);
	const char *level_end;

	if (len < 0)
		return FALSE;
	text[len] = '\0';
	/* "<3>CTRL-EVENT-..." */
	level_end = *text == '<' ? strchr(text, '>') : NULL;
	ear->heard(level_end ? level_end + 1 : g_strchomp(text), ear->user_data);
	return TRUE;
}

gboolean wpa_control_tell(wpa_control_ear *ear, const char *command)
{
	return g_socket_send(ear->socket, command, strlen(command), NULL, NULL) >= 0;
}

static gboolean something_came(GSocket *socket, GIOCondition condition, gpointer user_data)
{
	for (guint i = 0; i < MOST_EVENTS && hear_one(user_data); i++)
		;
	/* Of one that has ended nothing more is heard. */
	return condition & (G_IO_ERR | G_IO_HUP) ? G_SOURCE_REMOVE : G_SOURCE_CONTINUE;
}

wpa_control_ear *wpa_control_listen(const char *path, wpa_control_heard *heard, gpointer user_data)
{
	g_autoptr(GSocket) socket = open_socket(path, "ATTACH", NULL);
	wpa_control_ear *ear;

	if (!socket)
		return NULL;
	ear = g_new0(wpa_control_ear, 1);
	ear->socket = g_steal_pointer(&socket);
	ear->heard = heard;
	ear->user_data = user_data;
	ear->source = g_socket_create_source(ear->socket, G_IO_IN, NULL);
	g_source_set_callback(ear->source, G_SOURCE_FUNC(something_came), ear, NULL);
	g_source_attach(ear->source, g_main_context_get_thread_default());
	return ear;
}

/* One that is not told forgets who does not take its datagrams, after some of them. */
void wpa_control_ear_free(wpa_control_ear *ear)
{
	if (!ear)
		return;
	wpa_control_tell(ear, "DETACH");
	g_source_destroy(ear->source);
	g_source_unref(ear->source);
	g_object_unref(ear->socket);
	g_free(ear);
}
