// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The group with one display: see p2p-connection.h.
 */
#define G_LOG_DOMAIN "miracastd"

#include "p2p-private.h"

#include <string.h>

#include "firewalld.h"
#include "p2p-find.h"

/*
 * A sink that was asked and shows a question to its user answers "not available
 * now" and comes back later, but does not say so when the user refuses: it says
 * that only when it is asked again.
 */
#define ASK_AGAIN_SECONDS 15


/* ---- the machine ------------------------------------------------------------------ */

/* What a state begins with. */
typedef void begin_state(p2p_connection *conn);
static begin_state *const begins[P2P_N_STEPS];

gboolean p2p_connection_happen(p2p_connection *conn, enum p2p_event event)
{
	enum p2p_step next;

	if (!p2p_step_next(conn->state, event, &next))
		return FALSE;
	g_clear_handle_id(&conn->limit, g_source_remove);
	g_clear_handle_id(&conn->work, g_source_remove);
	g_clear_handle_id(&conn->ask, g_source_remove);
	g_clear_handle_id(&conn->rejoin, g_source_remove);
	p2p_connection_stop_watching(conn);
	g_debug("%s: %s -> %s", conn->base.sink->id, p2p_step_name(conn->state),
		p2p_step_name(next));
	conn->state = next;
	begins[next](conn);
	return TRUE;
}

void p2p_connection_fail_with(p2p_connection *conn, GError *error)
{
	GError *off;

	if (!p2p_step_next(conn->state, P2P_EVENT_FAIL, NULL)) {
		g_error_free(error);
		return;
	}
	off = p2p_wifi_off(p2p_of(conn));
	/* Whatever did not work, this is why; and nothing is learnt from it of the display. */
	if (off) {
		g_error_free(error);
		error = off;
	}
	p2p_connection_unlearn_after(conn, error);
	if (conn->streamed)
		p2p_sinks_doubt(p2p_of(conn)->sinks, conn->base.sink->id);
	conn->error = error;
	p2p_connection_happen(conn, P2P_EVENT_FAIL);
}

void p2p_connection_fail(p2p_connection *conn, enum reason_code code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	p2p_connection_fail_with(conn, g_error_new_valist(REASON_ERROR, code, format, args));
	va_end(args);
}

static void say_not_accepted(p2p_connection *conn)
{
	struct wpas_request request = { 0 };

	p2p_pin_fill(conn->pin, &request);
	if (request.method == WPAS_DISPLAY && in_sight(conn)) {
		p2p_connection_fail_with(conn, p2p_pin_was_not_typed(conn->pin));
		return;
	}
	p2p_connection_fail(conn, REASON_NOT_ACCEPTED, "%s did not accept within %u s%s", name_of(conn),
	     p2p_of(conn)->accept_seconds, in_sight(conn) ? "" : ", and is no longer in sight");
	p2p_sinks_doubt(p2p_of(conn)->sinks, conn->base.sink->id);
}

static gboolean limit_reached(gpointer user_data)
{
	p2p_connection *conn = user_data;

	conn->limit = 0;
	switch (conn->state) {
	case P2P_PREPARING:
		p2p_connection_fail(conn, REASON_SUPPLICANT_FAILED, "wpa_supplicant gave us no P2P device");
		break;
	case P2P_SEARCHING:
		if (conn->accept_until)
			say_not_accepted(conn);
		else
			p2p_connection_fail(conn, REASON_SINK_NOT_IN_SIGHT, "%s was not seen for %d s", name_of(conn),
				    P2P_SEARCH_SECONDS);
		break;
	case P2P_NEGOTIATING:
	case P2P_RETRYING:
		say_not_accepted(conn);
		break;
	case P2P_INVITING:
		p2p_connection_ask_anew(conn, TRUE);
		break;
	case P2P_FORMING:
		if (conn->invited) {
			p2p_connection_ask_anew(conn, TRUE);
			break;
		}
		p2p_connection_fail(conn, REASON_GROUP_FAILED, "%s accepted, but no group came of it", name_of(conn));
		break;
	case P2P_ADDRESSING:
		p2p_connection_fail(conn, REASON_ADDRESS_FAILED, "no IP addresses were agreed on with %s within %d s",
				    name_of(conn), P2P_ADDRESS_SECONDS);
		break;
	case P2P_CLOSING_NET:
		g_warning("the addresses of the group with %s were not taken down", name_of(conn));
		p2p_connection_happen(conn, P2P_EVENT_NET_CLOSED);
		break;
	case P2P_CLOSING_GROUP:
		g_warning("the group with %s, or the request for one, was not ended", name_of(conn));
		p2p_connection_happen(conn, P2P_EVENT_GROUP_CLOSED);
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

void p2p_connection_limit(p2p_connection *conn, guint seconds)
{
	set_limit(conn, (gint64)seconds * 1000);
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
		p2p_connection_fail(conn, REASON_LINK_BUSY, "the Wi-Fi adapter is in use for %s",
				    name_of(p2p->connection));
		return G_SOURCE_REMOVE;
	}
	p2p->connection = conn;
	p2p_connection_happen(conn, P2P_EVENT_BEGIN);
	return G_SOURCE_REMOVE;
}

static void beginning(p2p_connection *conn)
{
	conn->work = g_idle_add_full(G_PRIORITY_DEFAULT, begin, conn, NULL);
}

void p2p_connection_look(p2p_connection *conn)
{
	GError *off = p2p_wifi_off(p2p_of(conn));

	if (off)
		p2p_connection_fail_with(conn, off);
	else
		p2p_connection_happen(conn, P2P_EVENT_READY);
}

static void preparing(p2p_connection *conn)
{
	struct p2p *p2p = p2p_of(conn);

	set_limit(conn, P2P_PREPARE_SECONDS * 1000);
	conn->holding = TRUE;
	p2p_device_hold(p2p->device);
	if (p2p_device_is_ready(p2p->device))
		p2p_connection_look(conn);
}

static void searching(p2p_connection *conn)
{
	gint64 most = P2P_SEARCH_SECONDS * 1000;

	if (in_sight(conn)) {
		p2p_connection_happen(conn, P2P_EVENT_SIGHTED);
		return;
	}
	link_emit_progress(&conn->base, "searching", "looking for the display");
	/* Its user is on the way to it: as long as he may take. */
	set_accept_limit(conn, conn->accept_until ? G_MAXINT : most);
	p2p_find_start(p2p_of(conn)->find, conn->accept_until ? p2p_of(conn)->accept_seconds :
								 P2P_SEARCH_SECONDS);
}

/* ---- pair: p2p-pin.h ----------------------------------------------------------------- */

static gboolean radio_is_free(p2p_connection *conn)
{
	const char *other = wpas_other_group(p2p_of(conn)->wpas, NULL);

	if (other)
		p2p_connection_fail(conn, REASON_LINK_BUSY, "another program uses the Wi-Fi adapter for a group, on %s",
				    other);
	return !other;
}

static gboolean late_is_over(gpointer user_data)
{
	struct p2p *p2p = user_data;

	p2p->late_timer = 0;
	g_clear_pointer(&p2p->late, p2p_claim_free);
	return G_SOURCE_REMOVE;
}

void p2p_connection_leave_claim(p2p_connection *conn)
{
	struct p2p *p2p = p2p_of(conn);

	if (!conn->claim)
		return;
	p2p_claim_free(p2p->late);
	p2p->late = g_steal_pointer(&conn->claim);
	g_clear_handle_id(&p2p->late_timer, g_source_remove);
	p2p->late_timer = g_timeout_add_seconds(P2P_LATE_SECONDS, late_is_over, p2p);
}

/* What still comes of the last request, with another PIN, is not wanted. */
static void pairing(p2p_connection *conn)
{
	const struct p2p_peer *peer = peer_of(conn);
	GError *error = NULL;

	if (!radio_is_free(conn) || p2p_connection_invite(conn))
		return;
	if (!p2p_pin_choose(conn->pin, peer->config_methods, &error)) {
		p2p_connection_fail_with(conn, error);
		return;
	}
	if (p2p_pin_is_ready(conn->pin)) {
		p2p_connection_happen(conn, P2P_EVENT_PAIRED);
		return;
	}
	p2p_connection_leave_claim(conn);
	conn->accept_until = 0;
	conn->asked = 0;
	conn->asking = TRUE;
	p2p_find_quiet(p2p_of(conn)->find);
	link_emit_progress(&conn->base, "provisioning", "telling the display that a PIN is wanted");
	p2p_pin_ask(conn->pin, peer->path);
}

static void pin_progress(p2p_pin *pin, const char *phase, const char *text, gpointer user_data)
{
	p2p_connection *conn = user_data;

	link_emit_progress(&conn->base, phase, text);
}

/* As long as its user may take: who is not heard is forgotten by wpa_supplicant. */
static void pin_wanted(p2p_pin *pin, gpointer user_data)
{
	p2p_connection *conn = user_data;

	p2p_find_start(p2p_of(conn)->find, p2p_of(conn)->accept_seconds);
	link_emit_wants_pin(&conn->base);
}

static void pin_shown(p2p_pin *pin, const char *digits, gpointer user_data)
{
	p2p_connection *conn = user_data;

	link_emit_shows_pin(&conn->base, digits);
}

static void pin_ready(p2p_pin *pin, gpointer user_data)
{
	p2p_connection *conn = user_data;

	p2p_connection_happen(conn, in_sight(conn) ? P2P_EVENT_PAIRED : P2P_EVENT_LOST);
}

static void pin_failed(p2p_pin *pin, const GError *error, gpointer user_data)
{
	p2p_connection *conn = user_data;

	/* Nobody types it any more: leave_pin() comes too late to know that somebody was to. */
	p2p_find_stop(p2p_of(conn)->find);
	p2p_connection_fail_with(conn, g_error_copy(error));
}

static const struct p2p_pin_funcs pin_callbacks = {
	.progress = pin_progress,
	.wanted = pin_wanted,
	.shown = pin_shown,
	.ready = pin_ready,
	.failed = pin_failed,
};

void p2p_connection_forget_pin(p2p_connection *conn)
{
	if (p2p_pin_is_needed(conn->pin))
		link_emit_shows_pin(&conn->base, NULL);
	p2p_pin_forget(conn->pin);
}

/* ---- negotiate and form ----------------------------------------------------------------- */

static gboolean ask_again(gpointer user_data)
{
	p2p_connection *conn = user_data;

	conn->ask = 0;
	if (!in_sight(conn))
		p2p_connection_happen(conn, P2P_EVENT_LOST);
	else if (conn->state == P2P_RETRYING)
		p2p_connection_happen(conn, P2P_EVENT_SIGHTED);
	else
		begins[P2P_NEGOTIATING](conn);
	return G_SOURCE_REMOVE;
}

void p2p_connection_ask_in(p2p_connection *conn, guint seconds)
{
	g_clear_handle_id(&conn->ask, g_source_remove);
	conn->ask = g_timeout_add(seconds * 1000, ask_again, conn);
}

static void claim(p2p_connection *conn, const struct p2p_peer *peer)
{
	struct p2p *p2p = p2p_of(conn);

	/* What still comes of the last request to it is of this one, but for the group of an invitation. */
	if (p2p->late && !p2p->late->invited && strcmp(p2p->late->peer, peer->path) == 0)
		g_clear_pointer(&p2p->late, p2p_claim_free);
	p2p_claim_free(conn->claim);
	conn->claim = g_new0(struct p2p_claim, 1);
	conn->claim->peer = g_strdup(peer->path);
	conn->claim->join = peer->group_owner;
}

void p2p_connection_ask_now(p2p_connection *conn)
{
	const struct p2p_peer *peer = peer_of(conn);
	struct wpas_request request = {
		.join = conn->claim->join,
		.go_intent = conn->go_intent,
		.frequency = conn->frequency,
		/* NetworkManager's would not be asked for again by us. */
		.persistent = wpas_may_persist(p2p_of(conn)->wpas) && !network_manager_is_active(p2p_of(conn)->nm),
	};

	if (!peer || !peer->path)
		return;
	request.peer_path = peer->path;
	p2p_pin_fill(conn->pin, &request);
	conn->asked++;
	conn->asked_directly = TRUE;
	conn->narrowed = wpas_narrowed(p2p_of(conn)->wpas);
	wpas_connect(p2p_of(conn)->wpas, &request);
}

static void ask_network_manager(p2p_connection *conn)
{
	struct p2p *p2p = p2p_of(conn);

	/* Before there is a group: NetworkManager puts it into a zone before we hear of it. */
	conn->in_zone = p2p->net->keeps_out();
	network_manager_ask(p2p->nm, wpas_ifname(p2p->wpas), conn->base.sink->id,
			    conn->in_zone ? FIREWALLD_ZONE : NULL);
}

/* Also when the same request is made once more, within the same limit. */
static void negotiating(p2p_connection *conn)
{
	struct p2p *p2p = p2p_of(conn);

	if (!radio_is_free(conn))
		return;
	if (!conn->accept_until) {
		conn->accept_until = g_get_monotonic_time() +
				     (gint64)p2p->accept_seconds * G_USEC_PER_SEC;
		link_emit_progress(&conn->base, "waiting-for-acceptance",
				   "waiting for you to accept on the display");
	}
	if (!conn->limit)
		set_accept_limit(conn, G_MAXINT);
	p2p_find_quiet(p2p->find);
	claim(conn, peer_of(conn));
	conn->asking = TRUE;
	if (network_manager_is_active(p2p->nm))
		p2p_connection_ask_now(conn);
	else
		ask_network_manager(conn);
	p2p_connection_ask_in(conn, ASK_AGAIN_SECONDS);
}

static void retrying(p2p_connection *conn)
{
	set_accept_limit(conn, (gint64)p2p_of(conn)->accept_seconds * 1000);
	p2p_connection_ask_in(conn, RETRY_SECONDS);
}

static void forming(p2p_connection *conn)
{
	link_emit_progress(&conn->base, "group-forming", "the display has accepted");
	p2p_connection_limit(conn, conn->invited ? P2P_REINVOKE_SECONDS : p2p_of(conn)->accept_seconds);
}

/* ---- addresses, and up ---------------------------------------------------------------- */

static void path_progress(p2p_path *path, const char *phase, const char *text,
			  gpointer user_data)
{
	p2p_connection *conn = user_data;

	if (conn->state < P2P_FAILED)
		link_emit_progress(&conn->base, phase, text);
}

static void path_up(p2p_path *path, const struct link_path *where, gpointer user_data)
{
	p2p_connection *conn = user_data;

	if (p2p_connection_happen(conn, P2P_EVENT_ADDRESS))
		link_emit_up(&conn->base, where);
}

static void path_dialled(p2p_path *path, GSocketConnection *rtsp, gpointer user_data)
{
	p2p_connection *conn = user_data;

	if (conn->state != P2P_UP)
		return;
	conn->dialled = TRUE;
	link_emit_dialled(&conn->base, rtsp);
}

static void path_failed(p2p_path *path, const GError *error, gpointer user_data)
{
	p2p_connection_fail_with(user_data, g_error_copy(error));
}

static void path_closed(p2p_path *path, gpointer user_data)
{
	p2p_connection_happen(user_data, P2P_EVENT_NET_CLOSED);
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
		.bus = p2p->bus,
		.in_zone = conn->in_zone && network_manager_is_active(p2p->nm),
	};

	p2p_connection_forget_pin(conn);
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

/* ---- down ------------------------------------------------------------------------------ */

/* While it was typed somebody had to look for the display. */
static void leave_pin(p2p_connection *conn)
{
	if (p2p_pin_is_entering(conn->pin))
		p2p_find_stop(p2p_of(conn)->find);
	p2p_pin_forget(conn->pin);
}

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
	leave_pin(conn);
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
		p2p_connection_happen(conn, P2P_EVENT_NET_CLOSED);
	return G_SOURCE_REMOVE;
}

/* disconnect() may come from inside of what we have just told the owner. */
static void closing_net(p2p_connection *conn)
{
	leave_pin(conn);
	set_limit(conn, P2P_CLOSE_SECONDS * 1000);
	conn->work = g_idle_add_full(G_PRIORITY_DEFAULT, close_net, conn, NULL);
}

void p2p_connection_check_closed(p2p_connection *conn)
{
	if (conn->state == P2P_CLOSING_GROUP && !conn->has_group && !conn->cancelling && give_back(conn))
		p2p_connection_happen(conn, P2P_EVENT_GROUP_CLOSED);
}

static void closing_group(p2p_connection *conn)
{
	set_limit(conn, P2P_CLOSE_SECONDS * 1000);
	give_back(conn);
	if (conn->has_group)
		wpas_disconnect(p2p_of(conn)->wpas, conn->group.path);
	p2p_connection_check_closed(conn);
}

static void forget_group(p2p_connection *conn)
{
	conn->has_group = FALSE;
	g_clear_pointer((char **)&conn->group.path, g_free);
	g_clear_pointer((char **)&conn->group.ifname, g_free);
	g_clear_object(&conn->group.ip);
	g_clear_object(&conn->group.owner_ip);
}

void p2p_connection_lose_group(p2p_connection *conn)
{
	forget_group(conn);
	p2p_device_note_group(p2p_of(conn)->device, NULL);
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
	p2p_connection_leave_claim(conn);
	/* Only now: until the group is gone the display could send. */
	g_clear_pointer(&conn->path, p2p_path_free);
	let_go(conn);
	link_emit_closed(&conn->base);
}

static begin_state *const begins[P2P_N_STEPS] = {
	[P2P_BEGINNING] = beginning,
	[P2P_PREPARING] = preparing,
	[P2P_SEARCHING] = searching,
	[P2P_PAIRING] = pairing,
	[P2P_INVITING] = p2p_connection_inviting,
	[P2P_NEGOTIATING] = negotiating,
	[P2P_RETRYING] = retrying,
	[P2P_FORMING] = forming,
	[P2P_ADDRESSING] = addressing,
	[P2P_UP] = up,
	[P2P_FAILED] = failed,
	[P2P_CLOSING_NET] = closing_net,
	[P2P_CLOSING_GROUP] = closing_group,
	[P2P_CLOSED] = closed,
};

/* ---- what the header declares ------------------------------------------------------------ */

link_connection *p2p_connection_new(struct p2p *p2p, link_sink *sink, GVariant *options,
				    const struct link_connection_events *events,
				    gpointer user_data)
{
	p2p_connection *conn = g_new0(p2p_connection, 1);
	const char *security = "none";

	link_connection_init(&conn->base, &p2p->base, sink, events, user_data);
	p2p_connection_recall(conn, options);
	p2p_connection_recall_key(conn, options);
	g_variant_lookup(options, "security", "&s", &security);
	conn->pin = p2p_pin_new(p2p->wpas, sink, g_str_equal(security, "pin"), p2p->accept_seconds,
				&pin_callbacks, conn);
	conn->state = P2P_BEGINNING;
	beginning(conn);
	return &conn->base;
}

void p2p_connection_disconnect(p2p_connection *conn)
{
	p2p_connection_happen(conn, P2P_EVENT_DISCONNECT);
}

void p2p_connection_enter_pin(p2p_connection *conn, const char *pin)
{
	p2p_pin_enter(conn->pin, pin);
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
	p2p_pin_free(conn->pin);
	g_clear_handle_id(&conn->limit, g_source_remove);
	g_clear_handle_id(&conn->work, g_source_remove);
	g_clear_handle_id(&conn->ask, g_source_remove);
	g_clear_handle_id(&conn->rejoin, g_source_remove);
	p2p_connection_stop_watching(conn);
	g_clear_error(&conn->error);
	g_clear_pointer(&conn->claim, p2p_claim_free);
	g_clear_pointer(&conn->path, p2p_path_free);
	p2p_key_free(conn->key);
	g_free(conn->joined_on);
	link_connection_finish(&conn->base);
	g_free(conn);
}

const char *p2p_connection_needs_quiet(p2p_connection *conn)
{
	return conn && conn->state > P2P_SEARCHING && conn->state < P2P_FAILED &&
	       !p2p_connection_searches(conn) ? name_of(conn) : NULL;
}

gboolean p2p_connection_searches(p2p_connection *conn)
{
	return conn && (conn->state == P2P_SEARCHING ||
			(conn->state == P2P_PAIRING && p2p_pin_is_entering(conn->pin)));
}

link_sink *p2p_connection_sink(p2p_connection *conn)
{
	return conn ? conn->base.sink : NULL;
}
