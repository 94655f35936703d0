// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Wi-Fi P2P through iwd: see link-iwd.h.
 */
#define G_LOG_DOMAIN "miracastd"

#include "link-iwd.h"

#include <string.h>

#include "iwd-sinks.h"
#include "p2p-device.h"
#include "p2p-path.h"

enum device_state {
	DEVICE_IDLE,
	DEVICE_ACQUIRING,
	DEVICE_READY,
	DEVICE_RELEASING,
};

enum step {
	STEP_BEGINNING,
	STEP_PREPARING,
	STEP_SEARCHING,
	STEP_ASKING,
	STEP_ADDRESSING,
	STEP_UP,
	STEP_FAILED,
	STEP_CLOSING_NET,
	STEP_CLOSING_GROUP,
	STEP_CLOSED,
};

struct iwd_connection {
	link_connection base;
	enum step step;
	guint limit; /* of the state */
	guint work; /* begins it */
	gboolean pin;
	gboolean holding;
	gboolean asked; /* iwd has something of it */
	GError *error; /* of "failed", to be said */
	p2p_path *path;
};

struct link_iwd {
	link_backend base;
	iwd *iwd;
	enum device_state device;
	guint holders;
	guint linger;
	guint linger_seconds;
	gboolean stopping;
	guint stop_idle;
	iwd_sinks *sinks;
	struct iwd_connection *connection;
	guint find; /* its end, or its saying so */
	gint64 find_until;
	gboolean finding;
	GError *find_error;

	GDBusConnection *bus; /* NULL: system bus */
	const struct p2p_net_impl *net;
	char *runtime_dir;
	guint16 rtsp_port;
	guint accept_seconds;
};

static struct link_iwd *link_of(struct iwd_connection *conn)
{
	return (struct link_iwd *)conn->base.backend;
}

/* ---- sinks --------------------------------------------------------------------- */

static void sighted(struct iwd_connection *conn);

static void on_peer(iwd *w, const struct iwd_peer *peer, gpointer user_data)
{
	struct link_iwd *link = user_data;
	link_sink *used = link->connection ? link->connection->base.sink : NULL;

	if (iwd_sinks_update(link->sinks, peer, used) == used && used)
		sighted(link->connection);
}

static void on_peer_lost(iwd *w, const char *path, gpointer user_data)
{
	iwd_sinks_lose(((struct link_iwd *)user_data)->sinks, path);
}

/* ---- the P2P device --------------------------------------------------------------- */

static void follow(struct link_iwd *link);

static gboolean lingered(gpointer user_data)
{
	struct link_iwd *link = user_data;

	link->linger = 0;
	link->device = DEVICE_RELEASING;
	iwd_release(link->iwd);
	return G_SOURCE_REMOVE;
}

/* What is wanted is the number of holders. */
static void follow(struct link_iwd *link)
{
	if (link->holders || link->device != DEVICE_READY)
		g_clear_handle_id(&link->linger, g_source_remove);
	if (link->holders && link->device == DEVICE_IDLE) {
		link->device = DEVICE_ACQUIRING;
		iwd_acquire(link->iwd);
	} else if (!link->holders && link->device == DEVICE_READY) {
		if (link->stopping)
			lingered(link);
		else if (!link->linger)
			link->linger = g_timeout_add_seconds(link->linger_seconds, lingered, link);
	}
}

static void hold(struct link_iwd *link)
{
	link->holders++;
	follow(link);
}

static void drop(struct link_iwd *link)
{
	link->holders--;
	follow(link);
}

/* ---- finding ----------------------------------------------------------------------- */

static gboolean end_find(gpointer user_data)
{
	struct link_iwd *link = user_data;
	g_autoptr(GError) error = g_steal_pointer(&link->find_error);

	link->find = 0;
	if (link->finding) {
		link->finding = FALSE;
		if (!link->connection || link->connection->step != STEP_SEARCHING)
			iwd_find(link->iwd, FALSE);
		drop(link);
	}
	link_emit_find_ended(&link->base, error);
	return G_SOURCE_REMOVE;
}

static void end_find_soon(struct link_iwd *link, GError *error)
{
	g_clear_handle_id(&link->find, g_source_remove);
	g_clear_error(&link->find_error);
	link->find_error = error;
	link->find = g_idle_add_full(G_PRIORITY_DEFAULT, end_find, link, NULL);
}

static void iwd_start_find(link_backend *backend, guint seconds)
{
	struct link_iwd *link = (struct link_iwd *)backend;
	struct iwd_connection *conn = link->connection;
	gint64 until = g_get_monotonic_time() + (gint64)seconds * G_USEC_PER_SEC;

	if (conn && conn->step >= STEP_ASKING) {
		end_find_soon(link, g_error_new(REASON_ERROR, REASON_LINK_BUSY,
						"the Wi-Fi adapter is in use for %s and cannot look for others",
						conn->base.sink->name));
		return;
	}
	if (link->finding && !link->find_error && until <= link->find_until)
		return;
	g_clear_handle_id(&link->find, g_source_remove);
	g_clear_error(&link->find_error);
	link->find_until = until;
	link->find = g_timeout_add_seconds(seconds, end_find, link);
	if (!link->finding) {
		link->finding = TRUE;
		hold(link);
	}
	if (link->device == DEVICE_READY)
		iwd_find(link->iwd, TRUE);
}

static void iwd_stop_find(link_backend *backend)
{
	struct link_iwd *link = (struct link_iwd *)backend;

	if (link->finding && !link->find_error)
		end_find_soon(link, NULL);
}

/* ---- a connection --------------------------------------------------------------------- */

static void enter(struct iwd_connection *conn, enum step step);

static gboolean say_failed(gpointer user_data)
{
	struct iwd_connection *conn = user_data;

	conn->work = 0;
	link_emit_failed(&conn->base, conn->error);
	return G_SOURCE_REMOVE;
}

static void fail_with(struct iwd_connection *conn, const GError *error)
{
	if (conn->step >= STEP_FAILED)
		return;
	conn->error = g_error_copy(error);
	enter(conn, STEP_FAILED);
}

static void fail(struct iwd_connection *conn, enum reason_code code, const char *text)
{
	g_autoptr(GError) error = g_error_new_literal(REASON_ERROR, code, text);

	fail_with(conn, error);
}

static gboolean limit_reached(gpointer user_data)
{
	struct iwd_connection *conn = user_data;

	conn->limit = 0;
	switch (conn->step) {
	case STEP_PREPARING:
		fail(conn, REASON_LINK_UNAVAILABLE, "iwd does not answer");
		break;
	case STEP_SEARCHING:
		fail(conn, REASON_SINK_NOT_IN_SIGHT, "the display was not found within " G_STRINGIFY(LINK_IWD_SEARCH_SECONDS) " s");
		break;
	case STEP_ASKING:
		fail(conn, REASON_NOT_ACCEPTED, "nobody has accepted the connection at the display in time");
		break;
	case STEP_CLOSING_NET:
		enter(conn, STEP_CLOSING_GROUP);
		break;
	case STEP_CLOSING_GROUP:
		enter(conn, STEP_CLOSED);
		break;
	default:
		break;
	}
	return G_SOURCE_REMOVE;
}

static const char *path_of(struct iwd_connection *conn)
{
	return iwd_sinks_path(link_of(conn)->sinks, conn->base.sink->id);
}

static void sighted(struct iwd_connection *conn)
{
	if (conn->step == STEP_SEARCHING && path_of(conn))
		enter(conn, STEP_ASKING);
}

static gboolean begin(gpointer user_data)
{
	struct iwd_connection *conn = user_data;

	conn->work = 0;
	enter(conn, STEP_PREPARING);
	return G_SOURCE_REMOVE;
}

static gboolean close_net(gpointer user_data)
{
	struct iwd_connection *conn = user_data;

	conn->work = 0;
	if (conn->path)
		p2p_path_close(conn->path);
	else
		enter(conn, STEP_CLOSING_GROUP);
	return G_SOURCE_REMOVE;
}

static void ask(struct iwd_connection *conn)
{
	struct link_iwd *link = link_of(conn);

	/* iwd stops looking by itself meanwhile, but is not told to begin again. */
	if (link->finding)
		end_find_soon(link, NULL);
	iwd_find(link->iwd, FALSE);
	link_emit_progress(&conn->base, "waiting-for-acceptance", "waiting for you to accept on the display");
	conn->asked = TRUE;
	iwd_connect(link->iwd, path_of(conn), conn->pin, link->accept_seconds + LINK_IWD_GROUP_SECONDS);
}

static void search(struct iwd_connection *conn)
{
	link_emit_progress(&conn->base, "searching", "looking for the display");
	iwd_find(link_of(conn)->iwd, TRUE);
}

static void leave(struct iwd_connection *conn)
{
	struct link_iwd *link = link_of(conn);

	g_clear_pointer(&conn->path, p2p_path_free);
	if (conn->holding) {
		conn->holding = FALSE;
		if (!link->finding)
			iwd_find(link->iwd, FALSE);
		drop(link);
	}
	if (link->connection == conn)
		link->connection = NULL;
	link_emit_closed(&conn->base);
}

static guint limit_of(struct iwd_connection *conn)
{
	switch (conn->step) {
	case STEP_PREPARING:
		return LINK_IWD_PREPARE_SECONDS;
	case STEP_SEARCHING:
		return LINK_IWD_SEARCH_SECONDS;
	case STEP_ASKING:
		/* iwd.h's limit comes first, and says more. */
		return link_of(conn)->accept_seconds + LINK_IWD_GROUP_SECONDS + 2 * IWD_CALL_MS / 1000 + 1;
	case STEP_CLOSING_NET:
	case STEP_CLOSING_GROUP:
		return LINK_IWD_CLOSE_SECONDS;
	default:
		return 0;
	}
}

/* The only place where the state changes. */
static void enter(struct iwd_connection *conn, enum step step)
{
	struct link_iwd *link = link_of(conn);
	guint seconds;

	g_clear_handle_id(&conn->limit, g_source_remove);
	g_clear_handle_id(&conn->work, g_source_remove);
	conn->step = step;
	seconds = limit_of(conn);
	if (seconds)
		conn->limit = g_timeout_add_seconds(seconds, limit_reached, conn);
	switch (step) {
	case STEP_BEGINNING:
		conn->work = g_idle_add_full(G_PRIORITY_DEFAULT, begin, conn, NULL);
		break;
	case STEP_PREPARING:
		conn->holding = TRUE;
		hold(link);
		if (link->device == DEVICE_READY)
			enter(conn, STEP_SEARCHING);
		break;
	case STEP_SEARCHING:
		if (path_of(conn))
			enter(conn, STEP_ASKING);
		else
			search(conn);
		break;
	case STEP_ASKING:
		ask(conn);
		break;
	case STEP_FAILED:
		conn->work = g_idle_add_full(G_PRIORITY_DEFAULT, say_failed, conn, NULL);
		break;
	case STEP_CLOSING_NET:
		conn->work = g_idle_add_full(G_PRIORITY_DEFAULT, close_net, conn, NULL);
		break;
	case STEP_CLOSING_GROUP:
		if (conn->asked && link->device == DEVICE_READY)
			iwd_disconnect(link->iwd);
		else
			enter(conn, STEP_CLOSED);
		break;
	case STEP_CLOSED:
		leave(conn);
		break;
	default:
		break;
	}
}

/* ---- what the path says ------------------------------------------------------------------ */

static void path_progress(p2p_path *path, const char *phase, const char *text, gpointer user_data)
{
	link_emit_progress(user_data, phase, text);
}

static void path_up(p2p_path *path, const struct link_path *where, gpointer user_data)
{
	struct iwd_connection *conn = user_data;

	if (conn->step != STEP_ADDRESSING)
		return;
	enter(conn, STEP_UP);
	link_emit_up(&conn->base, where);
}

static void path_dialled(p2p_path *path, GSocketConnection *rtsp, gpointer user_data)
{
	struct iwd_connection *conn = user_data;

	if (conn->step == STEP_UP)
		link_emit_dialled(&conn->base, rtsp);
}

static void path_failed(p2p_path *path, const GError *error, gpointer user_data)
{
	fail_with(user_data, error);
}

static void path_closed(p2p_path *path, gpointer user_data)
{
	struct iwd_connection *conn = user_data;

	if (conn->step == STEP_CLOSING_NET)
		enter(conn, STEP_CLOSING_GROUP);
}

static const struct p2p_path_funcs path_callbacks = {
	.progress = path_progress,
	.up = path_up,
	.dialled = path_dialled,
	.failed = path_failed,
	.closed = path_closed,
};

/* ---- what iwd says ------------------------------------------------------------------------ */

static void on_ready(iwd *w, gpointer user_data)
{
	struct link_iwd *link = user_data;

	link->device = DEVICE_READY;
	if (link->finding)
		iwd_find(w, TRUE);
	if (link->connection && link->connection->step == STEP_PREPARING)
		enter(link->connection, STEP_SEARCHING);
	follow(link);
}

static void on_failed(iwd *w, const GError *error, gpointer user_data)
{
	struct link_iwd *link = user_data;
	struct iwd_connection *conn = link->connection;

	link->device = DEVICE_IDLE;
	if (link->finding) {
		link->finding = FALSE;
		link->holders--;
		end_find_soon(link, g_error_copy(error));
	}
	if (conn && conn->holding) {
		conn->holding = FALSE;
		link->holders--;
	}
	follow(link);
	if (conn) {
		conn->asked = FALSE;
		if (conn->step == STEP_CLOSING_GROUP)
			enter(conn, STEP_CLOSED);
		else
			fail_with(conn, error);
	}
	if (link->stopping)
		link_emit_stopped(&link->base);
}

static void on_released(iwd *w, gpointer user_data)
{
	struct link_iwd *link = user_data;

	link->device = DEVICE_IDLE;
	if (link->stopping)
		link_emit_stopped(&link->base);
	else
		follow(link);
}

static void on_pin(iwd *w, const char *pin, gpointer user_data)
{
	struct link_iwd *link = user_data;
	struct iwd_connection *conn = link->connection;

	if (!conn || conn->step != STEP_ASKING)
		return;
	link_emit_progress(&conn->base, "pin-shown", "type the PIN that is shown here at the display");
	link_emit_shows_pin(&conn->base, pin);
}

static void on_connected(iwd *w, const char *ifname, GInetAddress *peer, gpointer user_data)
{
	struct link_iwd *link = user_data;
	struct iwd_connection *conn = link->connection;

	if (!conn || conn->step != STEP_ASKING)
		return;
	enter(conn, STEP_ADDRESSING);
	if (conn->pin)
		link_emit_shows_pin(&conn->base, NULL);
	link_emit_progress(&conn->base, "group-started", "the radio link is up");
	conn->path = p2p_path_open(link->net, &(struct p2p_net_request){
					   .ifname = ifname,
					   .made = TRUE,
					   .owner_ip = peer,
					   .runtime_dir = link->runtime_dir,
					   .bus = link->bus,
				   }, link->rtsp_port, &path_callbacks, conn);
}

static void on_connect_failed(iwd *w, const GError *error, gpointer user_data)
{
	struct link_iwd *link = user_data;

	if (link->connection && link->connection->step == STEP_ASKING)
		fail_with(link->connection, error);
}

static void on_ended(iwd *w, gpointer user_data)
{
	struct link_iwd *link = user_data;

	if (link->connection)
		fail(link->connection, REASON_GROUP_ENDED, "the display has ended the radio link, or is out of reach");
}

static void on_disconnected(iwd *w, gpointer user_data)
{
	struct link_iwd *link = user_data;

	if (link->connection && link->connection->step == STEP_CLOSING_GROUP)
		enter(link->connection, STEP_CLOSED);
}

static const struct iwd_funcs iwd_callbacks = {
	.ready = on_ready,
	.failed = on_failed,
	.released = on_released,
	.peer = on_peer,
	.peer_lost = on_peer_lost,
	.pin = on_pin,
	.connected = on_connected,
	.connect_failed = on_connect_failed,
	.ended = on_ended,
	.disconnected = on_disconnected,
};

/* ---- backend -------------------------------------------------------------------------------- */

static link_connection *iwd_link_connect(link_backend *backend, link_sink *sink, GVariant *options,
					 const struct link_connection_events *events, gpointer user_data)
{
	struct link_iwd *link = (struct link_iwd *)backend;
	struct iwd_connection *conn = g_new0(struct iwd_connection, 1);
	const char *security = "none";

	link_connection_init(&conn->base, backend, sink, events, user_data);
	g_variant_lookup(options, "security", "&s", &security);
	conn->pin = strcmp(security, "pin") == 0;
	if (link->connection) {
		fail(conn, REASON_LINK_BUSY, "the Wi-Fi adapter is in use for another display");
		return &conn->base;
	}
	link->connection = conn;
	enter(conn, STEP_BEGINNING);
	return &conn->base;
}

static void iwd_next_call(link_connection *base)
{
	struct iwd_connection *conn = (struct iwd_connection *)base;

	if (conn->path)
		p2p_path_next_call(conn->path);
}

static void iwd_answered(link_connection *base)
{
	struct iwd_connection *conn = (struct iwd_connection *)base;

	if (conn->path)
		p2p_path_answered(conn->path);
}

static void iwd_link_disconnect(link_connection *base)
{
	struct iwd_connection *conn = (struct iwd_connection *)base;

	if (conn->step < STEP_CLOSING_NET)
		enter(conn, STEP_CLOSING_NET);
}

static void iwd_connection_free(link_connection *base)
{
	struct iwd_connection *conn = (struct iwd_connection *)base;

	g_clear_handle_id(&conn->limit, g_source_remove);
	g_clear_handle_id(&conn->work, g_source_remove);
	if (link_of(conn)->connection == conn)
		link_of(conn)->connection = NULL;
	p2p_path_free(conn->path);
	g_clear_error(&conn->error);
	link_connection_finish(base);
	g_free(conn);
}

static gboolean iwd_forget(link_backend *backend, link_sink *sink)
{
	struct link_iwd *link = (struct link_iwd *)backend;

	return !(link->connection && link->connection->base.sink == sink) && iwd_sinks_forget(link->sinks, sink);
}

static gboolean say_stopped(gpointer user_data)
{
	struct link_iwd *link = user_data;

	link->stop_idle = 0;
	link_emit_stopped(&link->base);
	return G_SOURCE_REMOVE;
}

static void iwd_stop(link_backend *backend)
{
	struct link_iwd *link = (struct link_iwd *)backend;

	/* The broker says it again when another session has gone. */
	if (link->stopping)
		return;
	link->stopping = TRUE;
	if (link->find)
		end_find_soon(link, NULL);
	if (link->device == DEVICE_IDLE) {
		link->stop_idle = g_idle_add(say_stopped, link);
	} else if (link->device != DEVICE_RELEASING) {
		g_clear_handle_id(&link->linger, g_source_remove);
		lingered(link);
	}
}

static void iwd_link_free(link_backend *backend)
{
	struct link_iwd *link = (struct link_iwd *)backend;

	g_clear_handle_id(&link->find, g_source_remove);
	g_clear_handle_id(&link->linger, g_source_remove);
	g_clear_handle_id(&link->stop_idle, g_source_remove);
	g_clear_error(&link->find_error);
	iwd_free(link->iwd);
	iwd_sinks_free(link->sinks);
	g_clear_object(&link->bus);
	g_free(link->runtime_dir);
	g_free(link);
}

gboolean link_iwd_is_used(link_backend *backend)
{
	return ((struct link_iwd *)backend)->connection != NULL;
}

static const struct link_impl iwd_impl = {
	.name = "p2p",
	.start_find = iwd_start_find,
	.stop_find = iwd_stop_find,
	.forget = iwd_forget,
	.connect = iwd_link_connect,
	.next_call = iwd_next_call,
	.answered = iwd_answered,
	.disconnect = iwd_link_disconnect,
	.connection_free = iwd_connection_free,
	.stop = iwd_stop,
	.free = iwd_link_free,
};

link_backend *link_iwd_new(const struct link_p2p_config *config, const struct link_events *events,
			   gpointer user_data)
{
	struct link_iwd *link = g_new0(struct link_iwd, 1);

	link->base = (link_backend){ &iwd_impl, events, user_data };
	link->bus = config->bus ? g_object_ref(config->bus) : NULL;
	link->net = config->net ? config->net : &p2p_net_system;
	link->rtsp_port = config->rtsp_port ? config->rtsp_port : LINK_DEFAULT_PORT;
	link->accept_seconds = config->accept_seconds ? config->accept_seconds : LINK_P2P_ACCEPT_SECONDS;
	link->linger_seconds = config->linger_seconds ? config->linger_seconds : P2P_DEVICE_LINGER_SECONDS;
	link->runtime_dir = g_strdup(config->runtime_dir ? config->runtime_dir : "/run/miracast");
	link->sinks = iwd_sinks_new(&link->base);
	link->iwd = iwd_new(&(struct iwd_config){
				    .bus = config->bus,
				    .interface = config->interface,
				    .rtsp_port = link->rtsp_port,
				    .runtime_dir = link->runtime_dir,
			    }, &iwd_callbacks, link);
	/* Nobody holds it: it is released as soon as it is ready. */
	if (iwd_has_leftovers(link->iwd)) {
		link->device = DEVICE_ACQUIRING;
		iwd_acquire(link->iwd);
	}
	return &link->base;
}
