/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * p2p-claim.h - which group is ours
 *
 * wpa_supplicant tells every program of every group.  Ours is the one that was
 * negotiated with the peer that we asked, known by its SSID, or that of an invitation,
 * or, where we join the group of a display, one in which we are a client.  Others are neither used nor
 * ended; while there is one, the radio is theirs (REASON_LINK_BUSY).
 */
#pragma once

#include "p2p-key.h"
#include "wpa-supplicant.h"

G_BEGIN_DECLS

/**
 * struct p2p_claim - how to know the group that comes of our request
 * @peer: object path of the peer that was asked
 * @join: its group is joined
 * @invited: it was asked to the group that both know
 * @negotiated: GO negotiation with it has succeeded, or is not needed
 * @role_known, @owner: who becomes owner by that
 * @ssid: the name by that, or NULL
 */
struct p2p_claim {
	char *peer;
	gboolean join;
	gboolean invited;
	gboolean negotiated;
	gboolean role_known;
	gboolean owner;
	GBytes *ssid;
};

/* Of an invitation. */
struct p2p_claim *p2p_claim_invited(const char *peer, const struct p2p_key *key);
void p2p_claim_free(struct p2p_claim *claim);
/* FALSE: with another peer. */
gboolean p2p_claim_negotiated(struct p2p_claim *claim, const struct wpas_negotiation *result);
gboolean p2p_claim_fits(const struct p2p_claim *claim, const struct wpas_group *group);

G_END_DECLS
