// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Which group is ours: see p2p-claim.h.
 */
#include "p2p-claim.h"

#include <string.h>

struct p2p_claim *p2p_claim_invited(const char *peer, const struct p2p_key *key)
{
	struct p2p_claim *claim = g_new0(struct p2p_claim, 1);

	claim->peer = g_strdup(peer);
	claim->invited = TRUE;
	claim->negotiated = TRUE;
	claim->role_known = TRUE;
	claim->owner = key->owner;
	claim->ssid = g_bytes_ref(key->ssid);
	return claim;
}

void p2p_claim_free(struct p2p_claim *claim)
{
	if (!claim)
		return;
	g_free(claim->peer);
	g_clear_pointer(&claim->ssid, g_bytes_unref);
	g_free(claim);
}

gboolean p2p_claim_negotiated(struct p2p_claim *claim, const struct wpas_negotiation *result)
{
	/* Nothing is negotiated of a group that is there. */
	if (claim->invited || (result->peer && strcmp(result->peer, claim->peer) != 0))
		return FALSE;
	claim->negotiated = TRUE;
	claim->role_known = result->role_known;
	claim->owner = result->owner;
	g_clear_pointer(&claim->ssid, g_bytes_unref);
	if (result->ssid)
		claim->ssid = g_bytes_ref(result->ssid);
	return TRUE;
}

gboolean p2p_claim_fits(const struct p2p_claim *claim, const struct wpas_group *group)
{
	if (!claim->negotiated)
		return claim->join && !group->owner;
	if (claim->ssid && group->ssid)
		return g_bytes_equal(claim->ssid, group->ssid);
	return !claim->role_known || claim->owner == group->owner;
}
