// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The group with one display: see p2p-connection.h.
 */
#define G_LOG_DOMAIN "miracastd"

#include "p2p-connection.h"

#include <string.h>

#include "p2p-find.h"
#include "p2p-path.h"

#define RETRY_SECONDS 1
/*
 * A sink that was asked and shows a question to its user answers "not available
 * now" and comes back later, but does not say so when the user refuses: it says
 * that only when it is asked again.
 */
#define ASK_AGAIN_SECONDS 15

#define GO_INTENT_OWNER 15
/* When both want to be owner: any lower value makes it the other. */
#define GO_INTENT_YIELD 7
/* Channel 6: every radio has it, no regulatory domain forbids it. */
#define FREQUENCY_EVERYWHERE 2437

enum state {
	BEGINNING,
	PREPARING,
	SEARCHING,
	NEGOTIATING,
	RETRYING,
	FORMING,
	ADDRESSING,
	UP,
	FAILED,
	CLOSING_NET,
	CLOSING_GROUP,
	CLOSED,
	N_STATES,
};

enum event {
	EVENT_BEGIN,
	EVENT_READY,
	EVENT_SIGHTED, /* in sight, or time to ask again */
	EVENT_LOST,
	EVENT_NEGOTIATED,
	EVENT_AGAIN,
	EVENT_GROUP,
	EVENT_ADDRESS,
	EVENT_FAIL,
	EVENT_DISCONNECT,
	EVENT_NET_CLOSED,
	EVENT_GROUP_CLOSED,
	N_EVENTS,
};

/**
 * struct p2p_connection - see the header
 * @limit: of the state
 * @work: begins the state: "beginning" and "closing-net" only
 * @ask: of "negotiating" and "retrying": when to ask again
 * @rejoin: of "up": the display is away
 * @accept_until: when its user must have accepted; 0 before the first Connect
 * @asked: how often
 * @asking: wpa_supplicant may have a request of ours
 * @cancelling: Cancel has not been answered
 * @second_try: after WPS or the formation had failed
 * @holding: the device
 * @error: of "failed"
 * @group, @has_group: its strings are ours
 */
struct p2p_connection {
	link_connection base;
	enum state state;
	guint limit;
	guint work;
	guint ask;
	guint rejoin;

	gint64 accept_until;
	guint asked;
	gboolean asking;
	gboolean cancelling;
	gboolean second_try;
	gboolean holding;
	guint go_intent;
	guint frequency;
	GError *error;

	struct p2p_claim *claim;
	struct wpas_group group;
	gboolean has_group;
	p2p_path *path;
};

static struct p2p *p2p_of(p2p_connection *conn)
{
	return (struct p2p *)conn->base.backend;
}

static const char *name_of(p2p_connection *conn)
{
	return conn->base.sink->name;
}

static const struct p2p_peer *peer_of(p2p_connection *conn)
{
	return p2p_sinks_lookup(p2p_of(conn)->sinks, conn->base.sink->id);
}

static gboolean in_sight(p2p_connection *conn)
{
	const struct p2p_peer *peer = peer_of(conn);

	return peer && peer->path;
}

/* ---- the machine ------------------------------------------------------------------ */

/* One more than the state, so that 0 is "ignored". The table of the header. */
#define TO(state) (state + 1)

static const guint8 transitions[N_STATES][N_EVENTS] = {
	[BEGINNING] = {
		[EVENT_BEGIN] = TO(PREPARING),
		[EVENT_FAIL] = TO(FAILED),
		[EVENT_DISCONNECT] = TO(CLOSING_NET),
	},
	[PREPARING] = {
		[EVENT_READY] = TO(SEARCHING),
		[EVENT_FAIL] = TO(FAILED),
		[EVENT_DISCONNECT] = TO(CLOSING_NET),
	},
	[SEARCHING] = {
		[EVENT_SIGHTED] = TO(NEGOTIATING),
		[EVENT_NEGOTIATED] = TO(FORMING),
		[EVENT_GROUP] = TO(ADDRESSING),
		[EVENT_FAIL] = TO(FAILED),
		[EVENT_DISCONNECT] = TO(CLOSING_NET),
	},
	[NEGOTIATING] = {
		[EVENT_LOST] = TO(SEARCHING),
		[EVENT_NEGOTIATED] = TO(FORMING),
		[EVENT_AGAIN] = TO(RETRYING),
		[EVENT_GROUP] = TO(ADDRESSING),
		[EVENT_FAIL] = TO(FAILED),
		[EVENT_DISCONNECT] = TO(CLOSING_NET),
	},
	[RETRYING] = {
		[EVENT_SIGHTED] = TO(NEGOTIATING),
		[EVENT_LOST] = TO(SEARCHING),
		[EVENT_NEGOTIATED] = TO(FORMING),
		[EVENT_GROUP] = TO(ADDRESSING),
		[EVENT_FAIL] = TO(FAILED),
		[EVENT_DISCONNECT] = TO(CLOSING_NET),
	},
	[FORMING] = {
		[EVENT_AGAIN] = TO(RETRYING),
		[EVENT_GROUP] = TO(ADDRESSING),
		[EVENT_FAIL] = TO(FAILED),
		[EVENT_DISCONNECT] = TO(CLOSING_NET),
	},
	[ADDRESSING] = {
		[EVENT_ADDRESS] = TO(UP),
		[EVENT_FAIL] = TO(FAILED),
		[EVENT_DISCONNECT] = TO(CLOSING_NET),
	},
	[UP] = {
		[EVENT_FAIL] = TO(FAILED),
		[EVENT_DISCONNECT] = TO(CLOSING_NET),
	},
	[FAILED] = {
		[EVENT_DISCONNECT] = TO(CLOSING_NET),
	},
	[CLOSING_NET] = {
		[EVENT_NET_CLOSED] = TO(CLOSING_GROUP),
	},
	[CLOSING_GROUP] = {
		[EVENT_GROUP_CLOSED] = TO(CLOSED),
	},
};

/* What a state begins with. */
struct state_info {
	const char *name;
	void (*begin)(p2p_connection *conn);
};

static const struct state_info infos[N_STATES];

/*
 * The only place where the state changes. All timers and sources belong to a state,
 * so they end with it.
 */
static gboolean happen(p2p_connection *conn, enum event event)
{
	enum state next = transitions[conn->state][event];

	if (!next)
		return FALSE;
	next--;
	g_clear_handle_id(&conn->limit, g_source_remove);
	g_clear_handle_id(&conn->work, g_source_remove);
	g_clear_handle_id(&conn->ask, g_source_remove);
	g_clear_handle_id(&conn->rejoin, g_source_remove);
	g_debug("%s: %s -> %s", conn->base.sink->id, infos[conn->state].name, infos[next].name);
	conn->state = next;
	infos[next].begin(conn);
	return TRUE;
}

static void fail_with(p2p_connection *conn, GError *error)
{
	if (!transitions[conn->state][EVENT_FAIL]) {
		g_error_free(error);
		return;
	}
	conn->error = error;
	happen(conn, EVENT_FAIL);
}

static void fail(p2p_connection *conn, enum reason_code code, const char *format, ...)
	G_GNUC_PRINTF(3, 4);
static void fail(p2p_connection *conn, enum reason_code code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fail_with(conn, g_error_new_valist(REASON_ERROR, code, format, args));
	va_end(args);
}

static void say_not_accepted(p2p_connection *conn)
{
	fail(conn, REASON_NOT_ACCEPTED, "%s did not accept within %u s%s", name_of(conn),
	     p2p_of(conn)->accept_seconds, in_sight(conn) ? "" : ", and is no longer in sight");
}

static gboolean limit_reached(gpointer user_data)
{
	p2p_connection *conn = user_data;

	conn->limit = 0;
	switch (conn->state) {
	case PREPARING:
		fail(conn, REASON_SUPPLICANT_FAILED, "wpa_supplicant gave us no P2P device");
		break;
	case SEARCHING:
		if (conn->asked)
			say_not_accepted(conn);
		else
			fail(conn, REASON_SINK_NOT_IN_SIGHT, "%s was not seen for %d s", name_of(conn),
			     P2P_SEARCH_SECONDS);
		break;
	case NEGOTIATING:
	case RETRYING:
		say_not_accepted(conn);
		break;
	case FORMING:
		fail(conn, REASON_GROUP_FAILED, "%s accepted, but no group came of it", name_of(conn));
		break;
	case ADDRESSING:
		fail(conn, REASON_ADDRESS_FAILED, "no IP addresses were agreed on with %s within %d s",
		     name_of(conn), P2P_ADDRESS_SECONDS);
		break;
	case CLOSING_NET:
		g_warning("the addresses of the group with %s were not taken down", name_of(conn));
		g_clear_pointer(&conn->path, p2p_path_free);
		happen(conn, EVENT_NET_CLOSED);
		break;
	case CLOSING_GROUP:
		g_warning("the group with %s, or the request for one, was not ended", name_of(conn));
		happen(conn, EVENT_GROUP_CLOSED);
		break;
	default:
		break;
	}
	return G_SOURCE_REMOVE;
}

/* Not rounded to whole seconds, so that what comes first by its length does come first. */
static void set_limit(p2p_connection *conn, gint64 ms)
{
	conn->limit = g_timeout_add(MAX(ms, 0), limit_reached, conn);
}

static void set_accept_limit(p2p_connection *conn, gint64 at_most_ms)
{
	gint64 left = (conn->accept_until - g_get_monotonic_time()) / 1000;

	set_limit(conn, conn->accept_until ? MIN(left, at_most_ms) : at_most_ms);
}

/* ---- begin to search ---------------------------------------------------------------- */

static gboolean begin(gpointer user_data)
{
	p2p_connection *conn = user_data;
	struct p2p *p2p = p2p_of(conn);

	conn->work = 0;
	if (p2p->connection) {
		fail(conn, REASON_LINK_BUSY, "the Wi-Fi adapter is in use for %s",
		     name_of(p2p->connection));
		return G_SOURCE_REMOVE;
	}
	p2p->connection = conn;
	happen(conn, EVENT_BEGIN);
	return G_SOURCE_REMOVE;
}

static void beginning(p2p_connection *conn)
{
	conn->work = g_idle_add_full(G_PRIORITY_DEFAULT, begin, conn, NULL);
}

static void preparing(p2p_connection *conn)
{
	struct p2p *p2p = p2p_of(conn);

	set_limit(conn, P2P_PREPARE_SECONDS * 1000);
	conn->holding = TRUE;
	p2p_device_hold(p2p->device);
	if (p2p_device_is_ready(p2p->device))
		happen(conn, EVENT_READY);
}

static void searching(p2p_connection *conn)
{
	gint64 most = P2P_SEARCH_SECONDS * 1000;

	if (in_sight(conn)) {
		happen(conn, EVENT_SIGHTED);
		return;
	}
	link_emit_progress(&conn->base, "searching", "looking for the display");
	/* Its user is on the way to it: as long as he may take. */
	set_accept_limit(conn, conn->asked ? G_MAXINT : most);
	p2p_find_start(p2p_of(conn)->find, conn->asked ? p2p_of(conn)->accept_seconds :
							  P2P_SEARCH_SECONDS);
}

/* ---- negotiate and form ----------------------------------------------------------------- */

static gboolean ask_again(gpointer user_data)
{
	p2p_connection *conn = user_data;

	conn->ask = 0;
	if (!in_sight(conn))
		happen(conn, EVENT_LOST);
	else if (conn->state == RETRYING)
		happen(conn, EVENT_SIGHTED);
	else
		infos[NEGOTIATING].begin(conn);
	return G_SOURCE_REMOVE;
}

static void ask_in(p2p_connection *conn, guint seconds)
{
	g_clear_handle_id(&conn->ask, g_source_remove);
	conn->ask = g_timeout_add(seconds * 1000, ask_again, conn);
}

static void claim(p2p_connection *conn, const struct p2p_peer *peer)
{
	struct p2p *p2p = p2p_of(conn);

	/* What still comes of the last request to it is of this one. */
	if (p2p->late && strcmp(p2p->late->peer, peer->path) == 0)
		g_clear_pointer(&p2p->late, p2p_claim_free);
	p2p_claim_free(conn->claim);
	conn->claim = g_new0(struct p2p_claim, 1);
	conn->claim->peer = g_strdup(peer->path);
	conn->claim->join = peer->group_owner;
}

static void ask_directly(p2p_connection *conn)
{
	const struct p2p_peer *peer = peer_of(conn);

	if (peer && peer->path)
		wpas_connect(p2p_of(conn)->wpas, peer->path, conn->claim->join, conn->go_intent,
			     conn->frequency);
}

/* Also when the same request is made once more, within the same limit. */
static void negotiating(p2p_connection *conn)
{
	struct p2p *p2p = p2p_of(conn);
	const struct p2p_peer *peer = peer_of(conn);
	const char *other = wpas_other_group(p2p->wpas, NULL);

	if (other) {
		fail(conn, REASON_LINK_BUSY, "another program uses the Wi-Fi adapter for a group, on %s",
		     other);
		return;
	}
	if (!peer->push_button) {
		fail(conn, REASON_NEEDS_PIN, "%s does not take push button; it wants a PIN",
		     name_of(conn));
		return;
	}
	if (!conn->asked) {
		conn->accept_until = g_get_monotonic_time() +
				     (gint64)p2p->accept_seconds * G_USEC_PER_SEC;
		link_emit_progress(&conn->base, "waiting-for-acceptance",
				   "waiting for you to accept on the display");
	}
	if (!conn->limit)
		set_accept_limit(conn, G_MAXINT);
	p2p_find_quiet(p2p->find);
	claim(conn, peer);
	conn->asked++;
	conn->asking = TRUE;
	if (network_manager_is_active(p2p->nm))
		ask_directly(conn);
	else
		network_manager_ask(p2p->nm, wpas_ifname(p2p->wpas), conn->base.sink->id);
	ask_in(conn, ASK_AGAIN_SECONDS);
}

static void retrying(p2p_connection *conn)
{
	set_accept_limit(conn, G_MAXINT);
	ask_in(conn, RETRY_SECONDS);
}

static void forming(p2p_connection *conn)
{
	link_emit_progress(&conn->base, "group-forming", "the display has accepted");
	set_limit(conn, (gint64)p2p_of(conn)->accept_seconds * 1000);
}

/*
 * Keys that were not agreed on, a group that did not start: the commonest repair is to
 * try once more; where the channel may be the reason, on one that is always allowed.
 */
static gboolean try_once_more(p2p_connection *conn, gboolean other_channel)
{
	if (conn->second_try || !transitions[conn->state][EVENT_AGAIN])
		return FALSE;
	conn->second_try = TRUE;
	if (other_channel)
		conn->frequency = conn->frequency ? 0 : FREQUENCY_EVERYWHERE;
	g_message("trying once more to form a group with %s", name_of(conn));
	return happen(conn, EVENT_AGAIN);
}

/* ---- addresses, and up ---------------------------------------------------------------- */

static void path_progress(p2p_path *path, const char *phase, const char *text,
			  gpointer user_data)
{
	p2p_connection *conn = user_data;

	if (conn->state < FAILED)
		link_emit_progress(&conn->base, phase, text);
}

static void path_up(p2p_path *path, const struct link_path *where, gpointer user_data)
{
	p2p_connection *conn = user_data;

	if (happen(conn, EVENT_ADDRESS))
		link_emit_up(&conn->base, where);
}

static void path_dialled(p2p_path *path, GSocketConnection *rtsp, gpointer user_data)
{
	p2p_connection *conn = user_data;

	if (conn->state == UP)
		link_emit_dialled(&conn->base, rtsp);
}

static void path_failed(p2p_path *path, const GError *error, gpointer user_data)
{
	fail_with(user_data, g_error_copy(error));
}

static void path_closed(p2p_path *path, gpointer user_data)
{
	p2p_connection *conn = user_data;

	g_clear_pointer(&conn->path, p2p_path_free);
	happen(conn, EVENT_NET_CLOSED);
}

static const struct p2p_path_funcs path_callbacks = {
	.progress = path_progress,
	.up = path_up,
	.dialled = path_dialled,
	.failed = path_failed,
	.closed = path_closed,
};

static void addressing(p2p_connection *conn)
{
	struct p2p *p2p = p2p_of(conn);
	const struct p2p_net_request request = {
		.ifname = conn->group.ifname,
		.owner = conn->group.owner,
		.ip = conn->group.ip,
		.prefix = conn->group.prefix,
		.owner_ip = conn->group.owner_ip,
		.runtime_dir = p2p->runtime_dir,
	};

	link_emit_progress(&conn->base, "group-started",
			   conn->group.owner ? "the radio link is up, we own the group" :
					       "the radio link is up, the display owns the group");
	set_limit(conn, P2P_ADDRESS_SECONDS * 1000);
	conn->path = p2p_path_open(p2p->net, &request, p2p->rtsp_port, &path_callbacks, conn);
}

/* The owner has the limits. */
static void up(p2p_connection *conn)
{
}

static gboolean stays_away(gpointer user_data)
{
	p2p_connection *conn = user_data;

	conn->rejoin = 0;
	fail(conn, REASON_GROUP_ENDED, "%s has left the Wi-Fi group", name_of(conn));
	return G_SOURCE_REMOVE;
}

/* ---- down ------------------------------------------------------------------------------ */

static void cancel(p2p_connection *conn)
{
	if (!conn->asking || !conn->holding)
		return;
	conn->asking = FALSE;
	conn->cancelling = TRUE;
	wpas_cancel(p2p_of(conn)->wpas);
}

/* What NetworkManager has is of the connection that has the radio. TRUE: nothing is left. */
static gboolean give_back(p2p_connection *conn)
{
	struct p2p *p2p = p2p_of(conn);

	if (p2p->connection != conn)
		return TRUE;
	network_manager_release(p2p->nm);
	return network_manager_is_idle(p2p->nm);
}

static void failed(p2p_connection *conn)
{
	cancel(conn);
	/* With the group go its addresses: those first. */
	if (!conn->has_group)
		give_back(conn);
	link_emit_failed(&conn->base, conn->error);
}

static gboolean close_net(gpointer user_data)
{
	p2p_connection *conn = user_data;

	conn->work = 0;
	cancel(conn);
	if (conn->path)
		p2p_path_close(conn->path);
	else
		happen(conn, EVENT_NET_CLOSED);
	return G_SOURCE_REMOVE;
}

/* disconnect() may come from inside of what we have just told the owner. */
static void closing_net(p2p_connection *conn)
{
	set_limit(conn, P2P_CLOSE_SECONDS * 1000);
	conn->work = g_idle_add_full(G_PRIORITY_DEFAULT, close_net, conn, NULL);
}

static void check_group_closed(p2p_connection *conn)
{
	if (conn->state == CLOSING_GROUP && !conn->has_group && !conn->cancelling && give_back(conn))
		happen(conn, EVENT_GROUP_CLOSED);
}

static void closing_group(p2p_connection *conn)
{
	set_limit(conn, P2P_CLOSE_SECONDS * 1000);
	give_back(conn);
	if (conn->has_group)
		wpas_disconnect(p2p_of(conn)->wpas, conn->group.path);
	check_group_closed(conn);
}

static void forget_group(p2p_connection *conn)
{
	conn->has_group = FALSE;
	g_clear_pointer((char **)&conn->group.path, g_free);
	g_clear_pointer((char **)&conn->group.ifname, g_free);
	g_clear_object(&conn->group.ip);
	g_clear_object(&conn->group.owner_ip);
}

static void group_is_over(p2p_connection *conn)
{
	forget_group(conn);
	p2p_device_note_group(p2p_of(conn)->device, NULL);
}

static gboolean late_is_over(gpointer user_data)
{
	struct p2p *p2p = user_data;

	p2p->late_timer = 0;
	g_clear_pointer(&p2p->late, p2p_claim_free);
	return G_SOURCE_REMOVE;
}

/* Something may still come of what we asked for. */
static void leave_claim(p2p_connection *conn)
{
	struct p2p *p2p = p2p_of(conn);

	if (!conn->claim)
		return;
	p2p_claim_free(p2p->late);
	p2p->late = g_steal_pointer(&conn->claim);
	g_clear_handle_id(&p2p->late_timer, g_source_remove);
	p2p->late_timer = g_timeout_add_seconds(P2P_LATE_SECONDS, late_is_over, p2p);
}

static void let_go(p2p_connection *conn)
{
	struct p2p *p2p = p2p_of(conn);

	/* If it is still there, the file says so to who comes next. */
	forget_group(conn);
	give_back(conn);
	if (p2p->connection == conn)
		p2p->connection = NULL;
	if (conn->holding)
		p2p_device_drop(p2p->device);
	conn->holding = FALSE;
}

static void closed(p2p_connection *conn)
{
	leave_claim(conn);
	let_go(conn);
	link_emit_closed(&conn->base);
}

static const struct state_info infos[N_STATES] = {
	[BEGINNING] = { "beginning", beginning },
	[PREPARING] = { "preparing", preparing },
	[SEARCHING] = { "searching", searching },
	[NEGOTIATING] = { "negotiating", negotiating },
	[RETRYING] = { "retrying", retrying },
	[FORMING] = { "forming", forming },
	[ADDRESSING] = { "addressing", addressing },
	[UP] = { "up", up },
	[FAILED] = { "failed", failed },
	[CLOSING_NET] = { "closing-net", closing_net },
	[CLOSING_GROUP] = { "closing-group", closing_group },
	[CLOSED] = { "closed", closed },
};

/* ---- what comes in -------------------------------------------------------------------- */

void p2p_connection_device_ready(p2p_connection *conn)
{
	if (conn)
		happen(conn, EVENT_READY);
}

/* What was in it has gone with it. */
void p2p_connection_device_gone(p2p_connection *conn, const GError *error)
{
	if (!conn)
		return;
	conn->holding = FALSE;
	conn->asking = FALSE;
	conn->cancelling = FALSE;
	if (conn->has_group)
		group_is_over(conn);
	fail_with(conn, g_error_copy(error));
	check_group_closed(conn);
}

void p2p_connection_peer_seen(p2p_connection *conn)
{
	if (conn && conn->state == SEARCHING && in_sight(conn) && conn->base.sink->connectable)
		happen(conn, EVENT_SIGHTED);
}

void p2p_connection_refused(p2p_connection *conn, const GError *error)
{
	if (!conn || conn->state != NEGOTIATING)
		return;
	if (g_error_matches(error, REASON_ERROR, REASON_NO_COMMON_CHANNEL) && conn->frequency &&
	    try_once_more(conn, TRUE))
		return;
	/* Asking again may come at a bad moment; asking at all must be possible. */
	if (conn->asked == 1)
		fail_with(conn, g_error_copy(error));
}

void p2p_connection_negotiated(p2p_connection *conn, const struct wpas_negotiation *result)
{
	if (conn && conn->claim && p2p_claim_negotiated(conn->claim, result))
		happen(conn, EVENT_NEGOTIATED);
}

void p2p_connection_negotiation_failed(p2p_connection *conn, const char *peer, int status)
{
	if (!conn || conn->state != NEGOTIATING || (peer && strcmp(peer, conn->claim->peer) != 0))
		return;
	g_info("GO negotiation with %s: status %d", name_of(conn), status);
	switch (status) {
	case P2P_STATUS_REJECTED:
		fail(conn, REASON_REJECTED, "%s has refused the connection", name_of(conn));
		break;
	case P2P_STATUS_PROVISIONING:
		fail(conn, REASON_NEEDS_PIN, "%s does not take push button; it wants a PIN",
		     name_of(conn));
		break;
	case P2P_STATUS_NO_COMMON_CHANNEL:
		if (!conn->frequency || !try_once_more(conn, TRUE))
			fail(conn, REASON_NO_COMMON_CHANNEL,
			     "%s and this machine have no common channel", name_of(conn));
		break;
	case P2P_STATUS_BOTH_WANT_OWNER:
		/* Such a sink only works as group owner. */
		conn->go_intent = GO_INTENT_YIELD;
		G_GNUC_FALLTHROUGH;
	case P2P_STATUS_NO_ANSWER:
	case P2P_STATUS_UNAVAILABLE:
		/* Its user may still be on the way to it; the time limit goes on. */
		happen(conn, EVENT_AGAIN);
		break;
	default:
		fail(conn, REASON_GROUP_FAILED, "%s ended the negotiation with P2P status %d",
		     name_of(conn), status);
	}
}

static gboolean is_forming(p2p_connection *conn)
{
	return conn && (conn->state == NEGOTIATING || conn->state == FORMING);
}

void p2p_connection_wps_failed(p2p_connection *conn, const char *why)
{
	if (is_forming(conn) && !try_once_more(conn, FALSE))
		fail(conn, REASON_WPS_FAILED, "%s and this machine could not agree on keys: %s",
		     name_of(conn), why);
}

void p2p_connection_formation_failed(p2p_connection *conn, const char *why)
{
	if (is_forming(conn) && !try_once_more(conn, TRUE))
		fail(conn, REASON_GROUP_FAILED, "no group with %s: %s", name_of(conn),
		     *why ? why : "formation failed");
}

gboolean p2p_connection_group_started(p2p_connection *conn, const struct wpas_group *group)
{
	if (!conn || !conn->claim || !p2p_claim_fits(conn->claim, group))
		return FALSE;
	if (conn->has_group) {
		/* Two of one request; the second one is of no use. */
		if (strcmp(conn->group.path, group->path) != 0)
			wpas_disconnect(p2p_of(conn)->wpas, group->path);
		return TRUE;
	}
	conn->has_group = TRUE;
	conn->group.path = g_strdup(group->path);
	conn->group.ifname = g_strdup(group->ifname);
	conn->group.owner = group->owner;
	conn->group.ip = group->ip ? g_object_ref(group->ip) : NULL;
	conn->group.prefix = group->prefix;
	conn->group.owner_ip = group->owner_ip ? g_object_ref(group->owner_ip) : NULL;
	p2p_device_note_group(p2p_of(conn)->device, group->path);
	g_info("group on %s as %s", group->ifname, group->owner ? "owner" : "client");
	if (conn->state == CLOSING_GROUP)
		wpas_disconnect(p2p_of(conn)->wpas, conn->group.path);
	else if (conn->state < FAILED)
		conn->asking = FALSE;
	happen(conn, EVENT_GROUP);
	return TRUE;
}

void p2p_connection_group_ended(p2p_connection *conn, const char *path)
{
	if (!conn || !conn->has_group || strcmp(conn->group.path, path) != 0)
		return;
	group_is_over(conn);
	fail(conn, REASON_GROUP_ENDED, "%s has left the Wi-Fi group", name_of(conn));
	check_group_closed(conn);
}

void p2p_connection_station(p2p_connection *conn, const char *path, gboolean joined)
{
	if (!conn || conn->state != UP || !conn->has_group || strcmp(conn->group.path, path) != 0)
		return;
	g_clear_handle_id(&conn->rejoin, g_source_remove);
	if (!joined)
		conn->rejoin = g_timeout_add_seconds(P2P_REJOIN_SECONDS, stays_away, conn);
}

void p2p_connection_cancelled(p2p_connection *conn)
{
	if (!conn || !conn->cancelling)
		return;
	conn->cancelling = FALSE;
	check_group_closed(conn);
}

/* ---- what NetworkManager says --------------------------------------------------------- */

void p2p_connection_ask_directly(p2p_connection *conn)
{
	if (conn && conn->state == NEGOTIATING)
		ask_directly(conn);
}

void p2p_connection_asked(p2p_connection *conn)
{
	if (!conn || !conn->asking)
		return;
	wpas_expect(p2p_of(conn)->wpas);
	/* It cannot join a group: that is for us to ask, once it has begun. */
	if (conn->state == NEGOTIATING && conn->claim->join)
		ask_in(conn, RETRY_SECONDS);
}

void p2p_connection_not_asked(p2p_connection *conn, const GError *error)
{
	if (conn && conn->state >= SEARCHING && conn->state <= FORMING)
		fail_with(conn, g_error_copy(error));
}

/* If there is a group, wpa_supplicant says whether it ends, too. */
void p2p_connection_request_ended(p2p_connection *conn)
{
	if (!conn)
		return;
	if (conn->state == NEGOTIATING)
		happen(conn, EVENT_AGAIN);
	else if (conn->state == FORMING && !try_once_more(conn, FALSE))
		fail(conn, REASON_GROUP_FAILED, "NetworkManager made no group with %s", name_of(conn));
	check_group_closed(conn);
}

/* ---- what the header declares ------------------------------------------------------------ */

link_connection *p2p_connection_new(struct p2p *p2p, link_sink *sink, GVariant *options,
				    const struct link_connection_events *events,
				    gpointer user_data)
{
	p2p_connection *conn = g_new0(p2p_connection, 1);

	link_connection_init(&conn->base, &p2p->base, sink, events, user_data);
	conn->go_intent = GO_INTENT_OWNER;
	g_variant_lookup(options, "go-intent", "u", &conn->go_intent);
	g_variant_lookup(options, "frequency", "u", &conn->frequency);
	conn->state = BEGINNING;
	beginning(conn);
	return &conn->base;
}

void p2p_connection_disconnect(p2p_connection *conn)
{
	happen(conn, EVENT_DISCONNECT);
}

void p2p_connection_next_call(p2p_connection *conn)
{
	if (conn->path)
		p2p_path_next_call(conn->path);
}

void p2p_connection_answered(p2p_connection *conn)
{
	if (conn->path)
		p2p_path_answered(conn->path);
}

void p2p_connection_free(p2p_connection *conn)
{
	let_go(conn);
	g_clear_handle_id(&conn->limit, g_source_remove);
	g_clear_handle_id(&conn->work, g_source_remove);
	g_clear_handle_id(&conn->ask, g_source_remove);
	g_clear_handle_id(&conn->rejoin, g_source_remove);
	g_clear_error(&conn->error);
	g_clear_pointer(&conn->claim, p2p_claim_free);
	g_clear_pointer(&conn->path, p2p_path_free);
	link_connection_finish(&conn->base);
	g_free(conn);
}

const char *p2p_connection_needs_quiet(p2p_connection *conn)
{
	return conn && conn->state > SEARCHING && conn->state < FAILED ? name_of(conn) : NULL;
}

gboolean p2p_connection_searches(p2p_connection *conn)
{
	return conn && conn->state == SEARCHING;
}

link_sink *p2p_connection_sink(p2p_connection *conn)
{
	return conn ? conn->base.sink : NULL;
}
