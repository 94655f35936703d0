// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What a P2P connection is told of from outside: see p2p-connection.h.
 */
#define G_LOG_DOMAIN "miracastd"

#include "p2p-private.h"

#include <string.h>

/* ---- the device ----------------------------------------------------------------------- */

void p2p_connection_device_ready(p2p_connection *conn)
{
	if (conn)
		p2p_connection_look(conn);
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
		p2p_connection_lose_group(conn);
	p2p_connection_fail_with(conn, g_error_copy(error));
	p2p_connection_check_closed(conn);
}

void p2p_connection_peer_seen(p2p_connection *conn)
{
	if (conn && conn->state == P2P_SEARCHING && in_sight(conn) && conn->base.sink->connectable)
		p2p_connection_happen(conn, P2P_EVENT_SIGHTED);
}

void p2p_connection_refused(p2p_connection *conn, const GError *error)
{
	if (!conn || conn->state != P2P_NEGOTIATING)
		return;
	if (g_error_matches(error, REASON_ERROR, REASON_NO_COMMON_CHANNEL) && conn->frequency &&
	    p2p_connection_try_once_more(conn, P2P_REMEDY_CHANNEL))
		return;
	/* Asking again may come at a bad moment; asking at all must be possible. */
	if (conn->asked == 1)
		p2p_connection_fail_with(conn, g_error_copy(error));
}

void p2p_connection_negotiated(p2p_connection *conn, const struct wpas_negotiation *result)
{
	if (!conn || !conn->claim || !p2p_claim_negotiated(conn->claim, result))
		return;
	/* Who has asked for a PIN does not get less. */
	if (p2p_pin_is_needed(conn->pin) && !conn->asked_directly)
		p2p_connection_fail(conn, REASON_PIN_REFUSED,
				    "NetworkManager has asked %s by push button, and it did not wait for the PIN",
				    name_of(conn));
	p2p_connection_happen(conn, P2P_EVENT_NEGOTIATED);
}

static gboolean is_forming(p2p_connection *conn)
{
	return conn && (conn->state == P2P_NEGOTIATING || conn->state == P2P_FORMING);
}

void p2p_connection_wps_failed(p2p_connection *conn, const char *why, gboolean password)
{
	if (!is_forming(conn) || conn->invited)
		return;
	if (password && p2p_pin_is_needed(conn->pin))
		p2p_connection_fail_with(conn, p2p_pin_was_wrong(conn->pin));
	else if (!p2p_connection_try_once_more(conn, P2P_REMEDY_KEYS))
		p2p_connection_fail(conn, REASON_WPS_FAILED, "%s and this machine could not agree on keys: %s",
				    name_of(conn), why);
}

void p2p_connection_formation_failed(p2p_connection *conn, const char *why)
{
	if (!is_forming(conn))
		return;
	if (conn->invited)
		p2p_connection_ask_anew(conn, TRUE);
	else if (!p2p_connection_try_once_more(conn, P2P_REMEDY_CHANNEL))
		p2p_connection_fail(conn, REASON_GROUP_FAILED, "no group with %s: %s", name_of(conn),
		     *why ? why : "formation failed");
}

void p2p_connection_provisioned(p2p_connection *conn, const char *peer, enum wpas_method method,
				const char *pin)
{
	if (conn && conn->state == P2P_PAIRING)
		p2p_pin_provisioned(conn->pin, peer, method, pin);
}

void p2p_connection_provision_failed(p2p_connection *conn, const char *peer, const GError *error)
{
	if (conn && conn->state == P2P_PAIRING)
		p2p_pin_provision_failed(conn->pin, peer, error);
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
	/* What is kept of it is kept here. */
	wpas_invitation_is_over(p2p_of(conn)->wpas);
	p2p_connection_learn_key(conn, group->key);
	conn->has_group = TRUE;
	conn->group.path = g_strdup(group->path);
	conn->group.ifname = g_strdup(group->ifname);
	conn->group.owner = group->owner;
	conn->group.ip = group->ip ? g_object_ref(group->ip) : NULL;
	conn->group.prefix = group->prefix;
	conn->group.owner_ip = group->owner_ip ? g_object_ref(group->owner_ip) : NULL;
	p2p_device_note_group(p2p_of(conn)->device, group->path);
	wpas_group_is_ours(p2p_of(conn)->wpas);
	g_info("group on %s as %s", group->ifname, group->owner ? "owner" : "client");
	if (conn->state == P2P_CLOSING_GROUP)
		wpas_disconnect(p2p_of(conn)->wpas, conn->group.path);
	else if (conn->state < P2P_FAILED)
		conn->asking = FALSE;
	if (p2p_connection_is_joined(conn))
		p2p_connection_happen(conn, P2P_EVENT_GROUP);
	return TRUE;
}

void p2p_connection_group_ended(p2p_connection *conn, const char *path, gboolean displaced)
{
	if (!conn || !conn->has_group || strcmp(conn->group.path, path) != 0)
		return;
	p2p_connection_lose_group(conn);
	if (displaced)
		p2p_connection_fail(conn, REASON_NO_COMMON_CHANNEL,
				    "this computer's Wi-Fi network is on another channel now, and the adapter serves one "
				    "at a time: the group with %s was given up", name_of(conn));
	else if (conn->invited && conn->state == P2P_FORMING)
		p2p_connection_ask_anew(conn, TRUE);
	else
		p2p_connection_fail(conn, REASON_GROUP_ENDED, "%s has left the Wi-Fi group", name_of(conn));
	p2p_connection_check_closed(conn);
}

static gboolean stays_away(gpointer user_data)
{
	p2p_connection *conn = user_data;

	conn->rejoin = 0;
	p2p_connection_fail(conn, REASON_GROUP_ENDED, "%s has left the Wi-Fi group", name_of(conn));
	return G_SOURCE_REMOVE;
}

void p2p_connection_station(p2p_connection *conn, const char *path, gboolean joined)
{
	if (!conn || (joined && p2p_connection_awaits_station(conn, path)))
		return;
	if (conn->state != P2P_UP || !conn->has_group || strcmp(conn->group.path, path) != 0)
		return;
	g_clear_handle_id(&conn->rejoin, g_source_remove);
	if (!joined)
		conn->rejoin = g_timeout_add_seconds(conn->dialled ? P2P_REJOIN_SECONDS : P2P_JOIN_SECONDS,
						     stays_away, conn);
}

void p2p_connection_cancelled(p2p_connection *conn)
{
	if (!conn || !conn->cancelling)
		return;
	conn->cancelling = FALSE;
	p2p_connection_check_closed(conn);
}

/* ---- what NetworkManager says --------------------------------------------------------- */

void p2p_connection_ask_directly(p2p_connection *conn)
{
	if (conn && conn->state == P2P_NEGOTIATING)
		p2p_connection_ask_now(conn);
}

void p2p_connection_asked(p2p_connection *conn)
{
	if (!conn || !conn->asking)
		return;
	wpas_expect(p2p_of(conn)->wpas);
	conn->asked_directly = FALSE;
	if (conn->state != P2P_NEGOTIATING)
		return;
	/* It can neither join a group nor ask with a PIN: that is for us, once it has begun. */
	if (conn->claim->join || p2p_pin_is_needed(conn->pin))
		p2p_connection_ask_in(conn, RETRY_SECONDS);
	else
		conn->asked++;
}

void p2p_connection_not_asked(p2p_connection *conn, const GError *error)
{
	if (conn && conn->state >= P2P_SEARCHING && conn->state <= P2P_FORMING)
		p2p_connection_fail_with(conn, g_error_copy(error));
}

/* If there is a group, wpa_supplicant says whether it ends, too. */
void p2p_connection_request_ended(p2p_connection *conn)
{
	if (!conn)
		return;
	if (conn->state == P2P_NEGOTIATING)
		p2p_connection_happen(conn, P2P_EVENT_AGAIN);
	else if (conn->state == P2P_FORMING && !p2p_connection_try_once_more(conn, P2P_REMEDY_KEYS))
		p2p_connection_fail(conn, REASON_GROUP_FAILED, "NetworkManager made no group with %s", name_of(conn));
	p2p_connection_check_closed(conn);
}

