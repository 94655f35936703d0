// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A display that knows this computer already: see p2p-private.h.
 */
#define G_LOG_DOMAIN "miracastd"

#include "p2p-private.h"

#include <string.h>

#include "p2p-find.h"

/* ---- the key of last time ---------------------------------------------------------------- */

/*
 * What one wishes for may be another role or channel than those of last time.  And who has asked for a PIN does
 * not get less than that.
 */
void p2p_connection_recall_key(p2p_connection *conn, GVariant *options)
{
	remembered *r = p2p_of(conn)->remembered;
	const struct p2p_key *key = r ? remembered_key(r, conn->base.sink->id) : NULL;
	const char *security = "none";
	guint wish;

	g_variant_lookup(options, "security", "&s", &security);
	if (!key || g_variant_lookup(options, "go-intent", "u", &wish) ||
	    g_variant_lookup(options, "frequency", "u", &wish) ||
	    (strcmp(security, "none") != 0 && !key->by_pin))
		return;
	conn->key = p2p_key_copy(key);
}

void p2p_connection_learn_key(p2p_connection *conn, const struct p2p_key *key)
{
	if (!key || conn->invited)
		return;
	p2p_key_free(conn->key);
	conn->key = p2p_key_copy(key);
	conn->key->by_pin = p2p_pin_is_needed(conn->pin);
}

/* Of an invitation it is there already. */
void p2p_connection_remember_key(p2p_connection *conn)
{
	remembered *r = p2p_of(conn)->remembered;
	const struct p2p_key *before = r ? remembered_key(r, conn->base.sink->id) : NULL;

	if (r && conn->key && !(before && p2p_key_equal(before, conn->key)))
		remembered_learn_key(r, conn->base.sink, conn->key);
}

void p2p_connection_forget_key(p2p_connection *conn)
{
	remembered *r = p2p_of(conn)->remembered;

	g_clear_pointer(&conn->key, p2p_key_free);
	if (r)
		remembered_learn_key(r, conn->base.sink, NULL);
}

/* ---- inviting ------------------------------------------------------------------------------ */

gboolean p2p_connection_invite(p2p_connection *conn)
{
	const struct p2p_peer *peer = peer_of(conn);

	/* A group that is there is joined. And what wpa_supplicant is given must not get into a file of its own. */
	if (!conn->key || peer->group_owner || !wpas_may_persist(p2p_of(conn)->wpas)) {
		g_clear_pointer(&conn->key, p2p_key_free);
		return FALSE;
	}
	return p2p_connection_happen(conn, P2P_EVENT_KNOWN);
}

void p2p_connection_inviting(p2p_connection *conn)
{
	struct p2p *p2p = p2p_of(conn);
	const struct p2p_peer *peer = peer_of(conn);

	p2p_claim_free(conn->claim);
	conn->claim = p2p_claim_invited(peer->path, conn->key);
	conn->invited = TRUE;
	conn->asking = TRUE;
	p2p_connection_limit(conn, P2P_INVITE_SECONDS);
	p2p_find_quiet(p2p->find);
	link_emit_progress(&conn->base, "inviting", "asking the display to the group that it knows");
	wpas_invite(p2p->wpas, peer->path, conn->key, conn->frequency);
}

void p2p_connection_ask_anew(p2p_connection *conn, gboolean forget)
{
	struct p2p *p2p = p2p_of(conn);

	g_message("%s does not join the group that it knew; it is asked as any other display", name_of(conn));
	conn->invited = FALSE;
	conn->asking = FALSE;
	g_clear_pointer(&conn->joined_on, g_free);
	if (conn->has_group) {
		wpas_disconnect(p2p->wpas, conn->group.path);
		p2p_connection_lose_group(conn);
	}
	p2p_connection_leave_claim(conn);
	wpas_cancel(p2p->wpas);
	if (forget)
		p2p_connection_forget_key(conn);
	g_clear_pointer(&conn->key, p2p_key_free);
	p2p_connection_happen(conn, P2P_EVENT_AGAIN);
}

void p2p_connection_invited(p2p_connection *conn, int status)
{
	if (!conn || conn->state != P2P_INVITING)
		return;
	g_info("invitation of %s: status %d", name_of(conn), status);
	if (status == P2P_STATUS_SUCCESS)
		p2p_connection_happen(conn, P2P_EVENT_NEGOTIATED);
	else
		/* One that says "not now" may want to ask its user first; it knows the group. */
		p2p_connection_ask_anew(conn, status != P2P_STATUS_UNAVAILABLE);
}

/* ---- until it has joined ------------------------------------------------------------------- */

/* The group that we own is there before the display is: only one that comes has the key still. */
gboolean p2p_connection_is_joined(p2p_connection *conn)
{
	return !conn->invited || !conn->group.owner || g_strcmp0(conn->joined_on, conn->group.path) == 0;
}

gboolean p2p_connection_awaits_station(p2p_connection *conn, const char *path)
{
	if (!conn->invited || (conn->state != P2P_INVITING && conn->state != P2P_FORMING))
		return FALSE;
	/* It may be there before all is known of the group. */
	g_free(conn->joined_on);
	conn->joined_on = g_strdup(path);
	if (conn->has_group && p2p_connection_is_joined(conn))
		p2p_connection_happen(conn, P2P_EVENT_GROUP);
	return TRUE;
}
