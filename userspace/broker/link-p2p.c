// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Wi-Fi P2P: see link-p2p.h.
 */
#define G_LOG_DOMAIN "miracastd"

#include "link-p2p.h"

#include <string.h>

#include "p2p-sinks.h"
#include "p2p-state.h"
#include "rtsp-listener.h"
#include "wfd-ie.h"
#include "wpa-supplicant.h"

/* What we say that we can send; Windows says the same. */
#define THROUGHPUT_MBIT 200

/* A find keeps the radio from its other work; so it looks, and rests. */
#define BURST_SECONDS 10
#define REST_SECONDS 2

#define SEARCH_SECONDS 30
#define RETRY_SECONDS 1
/*
 * A sink that was asked and shows a question to its user answers "not available
 * now" and comes back later, but does not say so when the user refuses: it says
 * that only when it is asked again.
 */
#define ASK_AGAIN_SECONDS 15
/* Devices lose their association for a moment and come back. */
#define REJOIN_SECONDS 5
#define CLOSE_SECONDS 5

#define GO_INTENT_OWNER 15
/* When both want to be owner: any lower value makes it the other. */
#define GO_INTENT_YIELD 7

/* The P2P device, shared by finds and connections. */
enum device_state {
	DEVICE_IDLE,
	DEVICE_ACQUIRING,
	DEVICE_READY,
	DEVICE_RELEASING,
};

struct p2p {
	link_backend base;
	wpas *wpas;
	const struct p2p_net_impl *net;
	p2p_state *file;
	char *runtime_dir;
	guint16 rtsp_port;
	guint accept_seconds;

	enum device_state device;
	gboolean stop_wanted;
	guint stop_idle;

	p2p_sinks *sinks;

	gboolean finding;
	gint64 find_until; /* CLOCK_MONOTONIC, microseconds */
	gboolean burst_running;
	guint bursts;
	guint find_timer;

	struct p2p_connection *conn; /* the one that is not closed */
};

/**
 * enum conn_state - of a connection
 * @CONN_PREPARING: waiting for the P2P device
 * @CONN_SEARCHING: the sink is not in sight
 * @CONN_NEGOTIATING: GO negotiation, or joining the sink's group
 * @CONN_FORMING: negotiated, WPS and 4-way handshake
 * @CONN_ADDRESSING: the group is there, IP comes
 * @CONN_UP: the sink may dial, or has
 * @CONN_FAILED: waiting for disconnect()
 * @CONN_CLOSING_NET: taking IP down
 * @CONN_CLOSING_GROUP: ending the group
 * @CONN_CLOSED: nothing left
 */
enum conn_state {
	CONN_PREPARING,
	CONN_SEARCHING,
	CONN_NEGOTIATING,
	CONN_FORMING,
	CONN_ADDRESSING,
	CONN_UP,
	CONN_FAILED,
	CONN_CLOSING_NET,
	CONN_CLOSING_GROUP,
	CONN_CLOSED,
};

struct p2p_connection {
	link_connection base;
	enum conn_state state;
	guint timer; /* of the state */
	guint retry; /* when to ask again */
	guint asked; /* how often */
	gint64 accept_until;
	guint go_intent;
	guint frequency;
	GError *error; /* of CONN_FAILED */

	struct wpas_group group; /* its strings are ours */
	gboolean has_group;
	p2p_net *p2p_net;
	GInetAddress *local;
	GInetAddressMask *peers;
	rtsp_listener *listener;
};

static struct p2p *p2p_of(struct p2p_connection *conn)
{
	return (struct p2p *)conn->base.backend;
}

static const struct p2p_peer *peer_of(struct p2p_connection *conn)
{
	return p2p_sinks_lookup(p2p_of(conn)->sinks, conn->base.sink->id);
}

static void conn_enter(struct p2p_connection *conn, enum conn_state state);

static void conn_fail(struct p2p_connection *conn, enum reason_code code, const char *format, ...)
	G_GNUC_PRINTF(3, 4);

static void conn_fail_error(struct p2p_connection *conn, GError *error)
{
	if (conn->state >= CONN_FAILED) {
		g_error_free(error);
		return;
	}
	conn->error = error;
	conn_enter(conn, CONN_FAILED);
}

static void conn_fail(struct p2p_connection *conn, enum reason_code code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	conn_fail_error(conn, g_error_new_valist(REASON_ERROR, code, format, args));
	va_end(args);
}

/* ---- finding ------------------------------------------------------------- */

static void find_end(struct p2p *p2p, const GError *error)
{
	g_clear_handle_id(&p2p->find_timer, g_source_remove);
	if (!p2p->finding)
		return;
	p2p->finding = FALSE;
	link_emit_find_ended(&p2p->base, error);
}

static guint seconds_left(gint64 until)
{
	gint64 left = until - g_get_monotonic_time();

	return left > 0 ? (left + G_USEC_PER_SEC - 1) / G_USEC_PER_SEC : 0;
}

/* Every second burst looks on all channels: owners of groups may be anywhere. */
static void find_burst(struct p2p *p2p)
{
	guint left = seconds_left(p2p->find_until);

	if (left == 0) {
		find_end(p2p, NULL);
		return;
	}
	p2p->burst_running = TRUE;
	wpas_find(p2p->wpas, MIN(left, BURST_SECONDS), p2p->bursts++ % 2 == 1);
}

static gboolean rested(gpointer user_data)
{
	struct p2p *p2p = user_data;

	p2p->find_timer = 0;
	find_burst(p2p);
	return G_SOURCE_REMOVE;
}

static gboolean conn_needs_quiet(struct p2p *p2p)
{
	return p2p->conn && p2p->conn->state > CONN_SEARCHING && p2p->conn->state < CONN_FAILED;
}

static void find_continue(struct p2p *p2p)
{
	if (!p2p->finding || p2p->burst_running || p2p->find_timer)
		return;
	if (seconds_left(p2p->find_until) == 0 || conn_needs_quiet(p2p))
		find_end(p2p, NULL);
	else
		p2p->find_timer = g_timeout_add_seconds(REST_SECONDS, rested, p2p);
}

static void on_find_stopped(wpas *w, gpointer user_data)
{
	struct p2p *p2p = user_data;

	p2p->burst_running = FALSE;
	find_continue(p2p);
}

static void acquire(struct p2p *p2p)
{
	if (p2p->device != DEVICE_IDLE)
		return;
	p2p->device = DEVICE_ACQUIRING;
	wpas_acquire(p2p->wpas);
}

static void find_until(struct p2p *p2p, guint seconds)
{
	gint64 until = g_get_monotonic_time() + (gint64)seconds * G_USEC_PER_SEC;

	p2p->find_until = MAX(until, p2p->finding ? p2p->find_until : 0);
	p2p->finding = TRUE;
	if (p2p->device != DEVICE_READY)
		acquire(p2p);
	else if (!p2p->burst_running && !conn_needs_quiet(p2p))
		find_burst(p2p);
	else
		find_continue(p2p);
}

/* ---- peers --------------------------------------------------------------- */

static void on_peer(wpas *w, const struct wpas_peer *found, gpointer user_data)
{
	struct p2p *p2p = user_data;
	struct p2p_connection *conn = p2p->conn;
	const struct p2p_peer *peer =
		p2p_sinks_update(p2p->sinks, found, conn ? conn->base.sink : NULL);

	if (peer && conn && conn->state == CONN_SEARCHING && peer == peer_of(conn) &&
	    peer->sink->connectable)
		conn_enter(conn, CONN_NEGOTIATING);
}

static void on_peer_lost(wpas *w, const char *path, gpointer user_data)
{
	struct p2p *p2p = user_data;

	p2p_sinks_lose(p2p->sinks, path);
}

/* ---- connection: the steps --------------------------------------------------- */

static gboolean retry_connect(gpointer user_data);

static void retry_in(struct p2p_connection *conn, guint seconds)
{
	g_clear_handle_id(&conn->retry, g_source_remove);
	/* Not rounded to whole seconds, which would let the time limit come first. */
	conn->retry = g_timeout_add(seconds * 1000, retry_connect, conn);
}

static void conn_connect(struct p2p_connection *conn)
{
	const struct p2p_peer *peer = peer_of(conn);

	if (!peer || !peer->path) {
		conn_fail(conn, REASON_SINK_NOT_IN_SIGHT, "%s is no longer in sight",
			  conn->base.sink->name);
		return;
	}
	wpas_connect(p2p_of(conn)->wpas, peer->path, peer->group_owner, conn->go_intent,
		     conn->frequency);
	conn->asked++;
	retry_in(conn, ASK_AGAIN_SECONDS);
}

static gboolean retry_connect(gpointer user_data)
{
	struct p2p_connection *conn = user_data;

	conn->retry = 0;
	conn_connect(conn);
	return G_SOURCE_REMOVE;
}

static void net_progress(p2p_net *net, const char *phase, const char *text, gpointer user_data)
{
	struct p2p_connection *conn = user_data;

	if (conn->state < CONN_FAILED)
		link_emit_progress(&conn->base, phase, text);
}

static void net_up(p2p_net *net, GInetAddress *local, GInetAddressMask *peers, gpointer user_data)
{
	struct p2p_connection *conn = user_data;

	if (conn->state != CONN_ADDRESSING)
		return;
	conn->local = g_object_ref(local);
	conn->peers = g_object_ref(peers);
	conn_enter(conn, CONN_UP);
}

static void net_failed(p2p_net *net, const GError *error, gpointer user_data)
{
	conn_fail_error(user_data, g_error_copy(error));
}

static void net_closed(p2p_net *net, gpointer user_data)
{
	struct p2p_connection *conn = user_data;

	p2p_of(conn)->net->free(net);
	conn->p2p_net = NULL;
	conn_enter(conn, CONN_CLOSING_GROUP);
}

static const struct p2p_net_funcs net_callbacks = {
	.progress = net_progress,
	.up = net_up,
	.failed = net_failed,
	.closed = net_closed,
};

static void open_net(struct p2p_connection *conn)
{
	struct p2p *p2p = p2p_of(conn);
	const struct p2p_net_request request = {
		.ifname = conn->group.ifname,
		.owner = conn->group.owner,
		.ip = conn->group.ip,
		.prefix = conn->group.mask,
		.runtime_dir = p2p->runtime_dir,
	};

	conn->p2p_net = p2p->net->open(&request, &net_callbacks, conn);
}

static void dialled(rtsp_listener *listener, GSocketConnection *rtsp, gpointer user_data)
{
	struct p2p_connection *conn = user_data;

	/* It has called; nobody else is wanted. */
	g_clear_pointer(&conn->listener, rtsp_listener_free);
	link_emit_dialled(&conn->base, rtsp);
}

static void open_listener(struct p2p_connection *conn)
{
	g_autoptr(GSocketAddress) address =
		g_inet_socket_address_new(conn->local, p2p_of(conn)->rtsp_port);
	g_autofree char *local = g_inet_address_to_string(conn->local);
	const struct link_path path = { .local = local, .interface = conn->group.ifname };
	GError *error = NULL;

	conn->listener = rtsp_listener_new(&(struct rtsp_listen){
						   .address = address,
						   .interface = conn->group.ifname,
						   .peers = conn->peers,
					   }, dialled, conn, &error);
	if (conn->listener)
		link_emit_up(&conn->base, &path);
	else
		conn_fail_error(conn, error);
}

static gboolean timed_out(gpointer user_data)
{
	struct p2p_connection *conn = user_data;
	const char *name = conn->base.sink->name;

	conn->timer = 0;
	switch (conn->state) {
	case CONN_SEARCHING:
		conn_fail(conn, REASON_SINK_NOT_IN_SIGHT, "%s was not seen for %d s", name,
			  SEARCH_SECONDS);
		break;
	case CONN_NEGOTIATING:
		conn_fail(conn, REASON_NOT_ACCEPTED, "%s did not accept within %u s", name,
			  p2p_of(conn)->accept_seconds);
		break;
	case CONN_FORMING:
		conn_fail(conn, REASON_GROUP_FAILED, "%s accepted, but no group came of it", name);
		break;
	case CONN_UP:
		conn_fail(conn, REASON_GROUP_ENDED, "%s has left the Wi-Fi group", name);
		break;
	case CONN_CLOSING_GROUP:
		g_warning("wpa_supplicant did not end the group of %s", name);
		conn_enter(conn, CONN_CLOSED);
		break;
	default:
		break;
	}
	return G_SOURCE_REMOVE;
}

static void arm(struct p2p_connection *conn, guint seconds)
{
	conn->timer = g_timeout_add_seconds(seconds, timed_out, conn);
}

static void close_group(struct p2p_connection *conn)
{
	struct p2p *p2p = p2p_of(conn);

	if (conn->has_group && p2p->device == DEVICE_READY) {
		arm(conn, CLOSE_SECONDS);
		wpas_disconnect(p2p->wpas, conn->group.path);
	} else {
		conn_enter(conn, CONN_CLOSED);
	}
}

static void conn_closed(struct p2p_connection *conn)
{
	struct p2p *p2p = p2p_of(conn);

	/* Unless it was turned away because of another one. */
	if (p2p->conn == conn) {
		p2p_state_set_group(p2p->file, NULL);
		p2p->conn = NULL;
	}
	link_emit_closed(&conn->base);
}

/* The only place where the state changes; what a state begins with is done here. */
static void conn_enter(struct p2p_connection *conn, enum conn_state state)
{
	struct p2p *p2p = p2p_of(conn);
	const struct p2p_peer *peer = peer_of(conn);
	gboolean was_negotiating = conn->state == CONN_NEGOTIATING || conn->state == CONN_FORMING;

	g_clear_handle_id(&conn->timer, g_source_remove);
	g_clear_handle_id(&conn->retry, g_source_remove);
	conn->state = state;
	switch (state) {
	case CONN_PREPARING:
		if (p2p->device == DEVICE_READY)
			conn_enter(conn, CONN_SEARCHING);
		else
			acquire(p2p);
		break;
	case CONN_SEARCHING:
		if (peer && peer->path) {
			conn_enter(conn, CONN_NEGOTIATING);
			break;
		}
		link_emit_progress(&conn->base, "searching", "looking for the display");
		arm(conn, SEARCH_SECONDS);
		find_until(p2p, SEARCH_SECONDS);
		break;
	case CONN_NEGOTIATING:
		g_clear_handle_id(&p2p->find_timer, g_source_remove);
		link_emit_progress(&conn->base, "waiting-for-acceptance",
				   "waiting for you to accept on the display");
		arm(conn, p2p->accept_seconds);
		conn_connect(conn);
		break;
	case CONN_FORMING:
		link_emit_progress(&conn->base, "group-forming", "the display has accepted");
		arm(conn, p2p->accept_seconds);
		break;
	case CONN_ADDRESSING:
		link_emit_progress(&conn->base, "group-started",
				   conn->group.owner ? "the radio link is up, we own the group" :
						       "the radio link is up, the display owns the group");
		open_net(conn);
		break;
	case CONN_UP:
		open_listener(conn);
		break;
	case CONN_FAILED:
		if (was_negotiating && p2p->device == DEVICE_READY)
			wpas_cancel(p2p->wpas);
		link_emit_failed(&conn->base, conn->error);
		break;
	case CONN_CLOSING_NET:
		if (was_negotiating && p2p->device == DEVICE_READY)
			wpas_cancel(p2p->wpas);
		g_clear_pointer(&conn->listener, rtsp_listener_free);
		if (conn->p2p_net)
			p2p->net->close(conn->p2p_net);
		else
			conn_enter(conn, CONN_CLOSING_GROUP);
		break;
	case CONN_CLOSING_GROUP:
		close_group(conn);
		break;
	case CONN_CLOSED:
		conn_closed(conn);
		break;
	}
}

/* ---- connection: what comes in ------------------------------------------------ */

static void on_connect_failed(wpas *w, const GError *error, gpointer user_data)
{
	struct p2p *p2p = user_data;
	struct p2p_connection *conn = p2p->conn;

	/* Asking again may come at a bad moment; asking at all must be possible. */
	if (conn && conn->state == CONN_NEGOTIATING && conn->asked == 1)
		conn_fail_error(conn, g_error_copy(error));
}

static void on_negotiated(wpas *w, gpointer user_data)
{
	struct p2p *p2p = user_data;

	if (p2p->conn && p2p->conn->state == CONN_NEGOTIATING)
		conn_enter(p2p->conn, CONN_FORMING);
}

static void on_negotiation_failed(wpas *w, int status, gpointer user_data)
{
	struct p2p *p2p = user_data;
	struct p2p_connection *conn = p2p->conn;
	const char *name;

	if (!conn || conn->state != CONN_NEGOTIATING)
		return;
	name = conn->base.sink->name;
	g_info("GO negotiation with %s: status %d", name, status);
	switch (status) {
	case P2P_STATUS_REJECTED:
		conn_fail(conn, REASON_REJECTED, "%s has refused the connection", name);
		break;
	case P2P_STATUS_PROVISIONING:
		conn_fail(conn, REASON_NEEDS_PIN, "%s does not take push button; it wants a PIN",
			  name);
		break;
	case P2P_STATUS_NO_COMMON_CHANNEL:
		conn_fail(conn, REASON_NO_COMMON_CHANNEL,
			  "%s and this machine have no common channel", name);
		break;
	case P2P_STATUS_BOTH_WANT_OWNER:
		/* Such a sink only works as group owner. */
		conn->go_intent = GO_INTENT_YIELD;
		G_GNUC_FALLTHROUGH;
	case P2P_STATUS_NO_ANSWER:
	case P2P_STATUS_UNAVAILABLE:
		/* Its user may still be on the way to it; the time limit goes on. */
		retry_in(conn, RETRY_SECONDS);
		break;
	default:
		conn_fail(conn, REASON_GROUP_FAILED,
			  "%s ended the negotiation with P2P status %d", name, status);
	}
}

static gboolean is_forming(struct p2p_connection *conn)
{
	return conn && (conn->state == CONN_NEGOTIATING || conn->state == CONN_FORMING);
}

static void on_wps_failed(wpas *w, const char *why, gpointer user_data)
{
	struct p2p *p2p = user_data;

	if (is_forming(p2p->conn))
		conn_fail(p2p->conn, REASON_WPS_FAILED, "%s and this machine could not agree on keys: %s",
			  p2p->conn->base.sink->name, why);
}

static void on_formation_failed(wpas *w, const char *why, gpointer user_data)
{
	struct p2p *p2p = user_data;

	if (is_forming(p2p->conn))
		conn_fail(p2p->conn, REASON_GROUP_FAILED, "no group with %s: %s",
			  p2p->conn->base.sink->name, *why ? why : "formation failed");
}

static void on_group_started(wpas *w, const struct wpas_group *group, gpointer user_data)
{
	struct p2p *p2p = user_data;
	struct p2p_connection *conn = p2p->conn;

	if (!conn || conn->has_group || conn->state == CONN_CLOSED)
		return; /* somebody else's */
	conn->has_group = TRUE;
	conn->group.path = g_strdup(group->path);
	conn->group.ifname = g_strdup(group->ifname);
	conn->group.owner = group->owner;
	conn->group.ip = group->ip ? g_object_ref(group->ip) : NULL;
	conn->group.mask = group->mask;
	p2p_state_set_group(p2p->file, group->path);
	g_info("group on %s as %s", group->ifname, group->owner ? "owner" : "client");
	if (is_forming(conn))
		conn_enter(conn, CONN_ADDRESSING);
	else if (conn->state == CONN_CLOSING_GROUP)
		close_group(conn);
}

static void on_group_ended(wpas *w, const char *path, gpointer user_data)
{
	struct p2p *p2p = user_data;
	struct p2p_connection *conn = p2p->conn;

	if (!conn || !conn->has_group || strcmp(conn->group.path, path) != 0)
		return;
	conn->has_group = FALSE;
	if (conn->state == CONN_CLOSING_GROUP)
		conn_enter(conn, CONN_CLOSED);
	else if (conn->state < CONN_FAILED)
		conn_fail(conn, REASON_GROUP_ENDED, "%s has left the Wi-Fi group",
			  conn->base.sink->name);
}

static void on_station(wpas *w, const char *path, gboolean joined, gpointer user_data)
{
	struct p2p *p2p = user_data;
	struct p2p_connection *conn = p2p->conn;

	if (!conn || conn->state != CONN_UP || !conn->has_group ||
	    strcmp(conn->group.path, path) != 0)
		return;
	g_clear_handle_id(&conn->timer, g_source_remove);
	if (!joined)
		arm(conn, REJOIN_SECONDS);
}

/* ---- connection: what the header declares ---------------------------------------- */

static gboolean begin(gpointer user_data)
{
	struct p2p_connection *conn = user_data;
	struct p2p *p2p = p2p_of(conn);

	conn->timer = 0;
	if (p2p->conn) {
		conn_fail(conn, REASON_LINK_BUSY, "the Wi-Fi adapter is in use for %s",
			  p2p->conn->base.sink->name);
		return G_SOURCE_REMOVE;
	}
	p2p->conn = conn;
	conn_enter(conn, CONN_PREPARING);
	return G_SOURCE_REMOVE;
}

static link_connection *p2p_connect(link_backend *backend, link_sink *sink, GVariant *options,
				    const struct link_connection_events *events,
				    gpointer user_data)
{
	struct p2p_connection *conn = g_new0(struct p2p_connection, 1);

	link_connection_init(&conn->base, backend, sink, events, user_data);
	conn->go_intent = GO_INTENT_OWNER;
	g_variant_lookup(options, "go-intent", "u", &conn->go_intent);
	g_variant_lookup(options, "frequency", "u", &conn->frequency);
	conn->timer = g_idle_add(begin, conn);
	return &conn->base;
}

static gboolean begin_closing(gpointer user_data)
{
	struct p2p_connection *conn = user_data;

	conn->timer = 0;
	conn_enter(conn, CONN_CLOSING_NET);
	return G_SOURCE_REMOVE;
}

static void p2p_disconnect(link_connection *base)
{
	struct p2p_connection *conn = (struct p2p_connection *)base;

	g_clear_handle_id(&conn->timer, g_source_remove);
	conn->timer = g_idle_add(begin_closing, conn);
}

static void p2p_connection_free(link_connection *base)
{
	struct p2p_connection *conn = (struct p2p_connection *)base;
	struct p2p *p2p = p2p_of(conn);

	if (p2p->conn == conn)
		p2p->conn = NULL;
	g_clear_handle_id(&conn->timer, g_source_remove);
	g_clear_handle_id(&conn->retry, g_source_remove);
	g_clear_error(&conn->error);
	g_clear_pointer(&conn->listener, rtsp_listener_free);
	g_clear_pointer(&conn->p2p_net, p2p->net->free);
	g_clear_object(&conn->local);
	g_clear_object(&conn->peers);
	g_free((char *)conn->group.path);
	g_free((char *)conn->group.ifname);
	g_clear_object(&conn->group.ip);
	link_connection_finish(base);
	g_free(conn);
}

/* ---- the P2P device ---------------------------------------------------------- */

static void emit_stopped(struct p2p *p2p)
{
	p2p->stop_wanted = FALSE;
	link_emit_stopped(&p2p->base);
}

static void release(struct p2p *p2p)
{
	p2p->device = DEVICE_RELEASING;
	wpas_release(p2p->wpas);
}

static void on_ready(wpas *w, gpointer user_data)
{
	struct p2p *p2p = user_data;
	g_autofree char *group = NULL, *created = NULL;

	p2p->device = DEVICE_READY;
	/* A process before us that was killed: its things are ours to remove. */
	if (p2p_state_take_leftovers(p2p->file, wpas_owner(w), &created, &group)) {
		if (group)
			wpas_disconnect(w, group);
		if (created && !wpas_created(w))
			wpas_adopt_created(w, created);
	}
	p2p_state_begin(p2p->file, wpas_owner(w), wpas_created(w));
	if (p2p->stop_wanted) {
		release(p2p);
		return;
	}
	if (p2p->finding)
		find_burst(p2p);
	if (p2p->conn && p2p->conn->state == CONN_PREPARING)
		conn_enter(p2p->conn, CONN_SEARCHING);
}

static void on_failed(wpas *w, const GError *error, gpointer user_data)
{
	struct p2p *p2p = user_data;

	/* What was in it has gone with it. */
	if (p2p->device == DEVICE_READY)
		p2p_state_end(p2p->file);
	p2p->device = DEVICE_IDLE;
	p2p->burst_running = FALSE;
	p2p_sinks_lose(p2p->sinks, NULL);
	find_end(p2p, error);
	if (p2p->conn) {
		p2p->conn->has_group = FALSE;
		conn_fail_error(p2p->conn, g_error_copy(error));
	}
	if (p2p->stop_wanted)
		emit_stopped(p2p);
}

static void on_released(wpas *w, gpointer user_data)
{
	struct p2p *p2p = user_data;

	p2p->device = DEVICE_IDLE;
	p2p_state_end(p2p->file);
	if (p2p->stop_wanted)
		emit_stopped(p2p);
}

static const struct wpas_funcs wpas_callbacks = {
	.ready = on_ready,
	.failed = on_failed,
	.released = on_released,
	.peer = on_peer,
	.peer_lost = on_peer_lost,
	.find_stopped = on_find_stopped,
	.connect_failed = on_connect_failed,
	.negotiated = on_negotiated,
	.negotiation_failed = on_negotiation_failed,
	.wps_failed = on_wps_failed,
	.formation_failed = on_formation_failed,
	.group_started = on_group_started,
	.group_ended = on_group_ended,
	.station = on_station,
};

/* ---- backend ------------------------------------------------------------- */

static void p2p_start_find(link_backend *backend, guint seconds)
{
	find_until((struct p2p *)backend, seconds);
}

static void p2p_stop_find(link_backend *backend)
{
	struct p2p *p2p = (struct p2p *)backend;

	p2p->find_until = 0;
	if (p2p->burst_running)
		wpas_stop_find(p2p->wpas); /* its end is reported */
	else if (p2p->find_timer) {
		g_source_remove(p2p->find_timer);
		p2p->find_timer = g_timeout_add(0, rested, p2p);
	}
}

static gboolean nothing_to_stop(gpointer user_data)
{
	struct p2p *p2p = user_data;

	p2p->stop_idle = 0;
	emit_stopped(p2p);
	return G_SOURCE_REMOVE;
}

static void p2p_stop(link_backend *backend)
{
	struct p2p *p2p = (struct p2p *)backend;

	p2p->stop_wanted = TRUE;
	g_clear_handle_id(&p2p->find_timer, g_source_remove);
	p2p->finding = FALSE;
	if (p2p->device == DEVICE_READY)
		release(p2p);
	else if (p2p->device == DEVICE_IDLE && !p2p->stop_idle)
		p2p->stop_idle = g_idle_add(nothing_to_stop, p2p);
}

static void p2p_free(link_backend *backend)
{
	struct p2p *p2p = (struct p2p *)backend;

	g_clear_handle_id(&p2p->find_timer, g_source_remove);
	g_clear_handle_id(&p2p->stop_idle, g_source_remove);
	wpas_free(p2p->wpas);
	p2p_state_free(p2p->file);
	p2p_sinks_free(p2p->sinks);
	g_free(p2p->runtime_dir);
	g_free(p2p);
}

static const struct link_impl p2p_impl = {
	.name = "p2p",
	.start_find = p2p_start_find,
	.stop_find = p2p_stop_find,
	.connect = p2p_connect,
	.disconnect = p2p_disconnect,
	.connection_free = p2p_connection_free,
	.stop = p2p_stop,
	.free = p2p_free,
};

/* What the display shows when it asks its user. */
static const char *device_name(void)
{
	const char *name = g_get_host_name();

	/* glibc and GLib have these two for a machine that has no name. */
	if (!*name || strcmp(name, "(none)") == 0 || strcmp(name, "localhost") == 0)
		return "Linux";
	return name;
}

link_backend *link_p2p_new(const struct link_p2p_config *config, const struct link_events *events,
			   gpointer user_data)
{
	struct p2p *p2p = g_new0(struct p2p, 1);
	g_autoptr(GBytes) wfd = NULL;
	struct wfd_ie ie;

	p2p->base.impl = &p2p_impl;
	p2p->base.events = events;
	p2p->base.user_data = user_data;
	p2p->net = config->net ? config->net : &p2p_net_system;
	p2p->rtsp_port = config->rtsp_port ? config->rtsp_port : LINK_DEFAULT_PORT;
	p2p->accept_seconds = config->accept_seconds ? config->accept_seconds :
						       LINK_P2P_ACCEPT_SECONDS;
	p2p->runtime_dir = g_strdup(config->runtime_dir ? config->runtime_dir : "/run/miracast");
	if (g_mkdir_with_parents(p2p->runtime_dir, 0755) < 0)
		g_warning("cannot make %s", p2p->runtime_dir);
	p2p_net_clean_up(p2p->runtime_dir);
	p2p->file = p2p_state_new(p2p->runtime_dir);
	p2p->sinks = p2p_sinks_new(&p2p->base);
	wfd_ie_init_source(&ie, p2p->rtsp_port, THROUGHPUT_MBIT);
	wfd = wfd_ie_build_subelements(&ie);
	p2p->wpas = wpas_new(config->bus, config->interface, device_name(), wfd,
			     &wpas_callbacks, p2p);
	return &p2p->base;
}
