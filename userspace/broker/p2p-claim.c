// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Which group is ours: see p2p-claim.h.
 */
#include "p2p-claim.h"

#include <string.h>

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
	if (result->peer && strcmp(result->peer, claim->peer) != 0)
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
