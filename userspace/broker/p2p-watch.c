// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * How the radio link of a P2P connection is, while pictures flow over it: see p2p-private.h.
 */
#define G_LOG_DOMAIN "miracastd"

#include "p2p-private.h"

static void link_heard(const struct wifi_link *link, gpointer user_data)
{
	p2p_connection *conn = user_data;
	g_autoptr(GVariant) radio = g_variant_ref_sink(wifi_link_to_variant(link));

	link_emit_radio(&conn->base, radio);
}

void p2p_connection_streams(p2p_connection *conn)
{
	if (conn->state != P2P_UP || !conn->has_group)
		return;
	p2p_connection_remember(conn);
	if (!conn->watch)
		conn->watch = p2p_of(conn)->watch->open(conn->group.ifname, link_heard, conn);
}

void p2p_connection_stop_watching(p2p_connection *conn)
{
	p2p_of(conn)->watch->free(g_steal_pointer(&conn->watch));
}
