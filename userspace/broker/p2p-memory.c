// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * How a group with this display came about last time: see p2p-private.h.
 */
#define G_LOG_DOMAIN "miracastd"

#include "p2p-private.h"

#define GO_INTENT_OWNER 15

/* Those of any display. */
static const struct remembered_group usual = { .go_intent = GO_INTENT_OWNER };

void p2p_connection_recall(p2p_connection *conn, GVariant *options)
{
	remembered *r = p2p_of(conn)->remembered;
	struct remembered_group group = usual;
	/* Not one after the other: what one wishes for may not go with the other of last time. */
	gboolean wished = g_variant_lookup(options, "go-intent", "u", &group.go_intent);

	wished |= g_variant_lookup(options, "frequency", "u", &group.frequency);
	if (!wished && r)
		conn->recalled = remembered_find_group(r, conn->base.sink->id, &group);
	if (conn->recalled)
		g_info("the last group with %s came of intent %u, frequency %u", name_of(conn), group.go_intent,
		       group.frequency);
	conn->go_intent = group.go_intent;
	conn->frequency = group.frequency;
}

/*
 * Of a request of NetworkManager's, or to join a group that was there, they are not the reason. Nor is
 * a frequency that was asked for together with less width: the next cast finds out whether the width was
 * enough, or all of them would be on the slowest channel.
 */
void p2p_connection_remember(p2p_connection *conn)
{
	const struct remembered_group group = { conn->go_intent, conn->guessed ? 0 : conn->frequency };
	gboolean is_usual = group.go_intent == usual.go_intent && group.frequency == usual.frequency;
	remembered *r = p2p_of(conn)->remembered;
	struct remembered_group before;

	conn->streamed = TRUE;
	p2p_connection_remember_key(conn);
	if (!r || !conn->asked_directly || conn->claim->join)
		return;
	if (!is_usual && remembered_find_group(r, conn->base.sink->id, &before) &&
	    before.go_intent == group.go_intent && before.frequency == group.frequency)
		return;
	remembered_learn_group(r, conn->base.sink, is_usual ? NULL : &group);
}

void p2p_connection_unlearn(p2p_connection *conn)
{
	if (!conn->recalled)
		return;
	conn->recalled = FALSE;
	remembered_learn_group(p2p_of(conn)->remembered, conn->base.sink, NULL);
	conn->go_intent = usual.go_intent;
	conn->frequency = usual.frequency;
}

/* What people decide, and what another program does, is none of it. */
void p2p_connection_unlearn_after(p2p_connection *conn, const GError *error)
{
	static const enum reason_code codes[] = {
		REASON_NOT_ACCEPTED, REASON_NO_COMMON_CHANNEL, REASON_WPS_FAILED,    REASON_GROUP_FAILED,
		REASON_GROUP_ENDED,  REASON_ADDRESS_FAILED,    REASON_ADDRESS_REFUSED,
	};

	for (guint i = 0; !conn->streamed && i < G_N_ELEMENTS(codes); i++) {
		if (!g_error_matches(error, REASON_ERROR, codes[i]))
			continue;
		p2p_connection_unlearn(conn);
		if (conn->invited)
			p2p_connection_forget_key(conn);
	}
}
