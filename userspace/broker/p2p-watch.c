// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * How the radio link of a P2P connection is, while pictures flow over it: see p2p-private.h.
 */
#define G_LOG_DOMAIN "miracastd"

#include "p2p-private.h"

/* a{sv}, floating: of wifi-link.h, and radio-silent (u, seconds) of a display that is not heard any more */
static GVariant *describe(const struct wifi_silence *silence, const struct wifi_link *link)
{
	g_autoptr(GVariant) radio = g_variant_ref_sink(wifi_link_to_variant(link));
	g_auto(GVariantDict) dict = G_VARIANT_DICT_INIT(radio);

	if (silence->state == WIFI_SILENT)
		g_variant_dict_insert(&dict, "radio-silent", "u", link->inactive_ms / 1000);
	return g_variant_dict_end(&dict);
}

static void link_heard(const struct wifi_link *link, gpointer user_data)
{
	p2p_connection *conn = user_data;
	enum wifi_silence_state before = conn->silence.state;
	gboolean moved = wifi_silence_hear(&conn->silence, link);
	g_autoptr(GVariant) radio = g_variant_ref_sink(describe(&conn->silence, link));

	link_emit_radio(&conn->base, radio);
	if (!moved)
		return;
	if (conn->silence.state == WIFI_SILENT)
		link_emit_progress(&conn->base, "silent",
				   "the display is not heard any more: it is switched off or out of reach");
	else if (conn->silence.state == WIFI_HEARD && before == WIFI_SILENT)
		link_emit_progress(&conn->base, "heard", "the display is heard again");
	else if (conn->silence.state == WIFI_LOST)
		p2p_connection_fail(conn, REASON_GROUP_ENDED, "%s was not heard for %d seconds", name_of(conn),
				    WIFI_SILENCE_END_MS / 1000);
}

void p2p_connection_streams(p2p_connection *conn)
{
	if (conn->state != P2P_UP || !conn->has_group)
		return;
	p2p_connection_remember(conn);
	if (conn->watch)
		return;
	conn->silence = (struct wifi_silence){ 0 };
	conn->watch = p2p_of(conn)->watch->open(conn->group.ifname, link_heard, conn);
}

void p2p_connection_stop_watching(p2p_connection *conn)
{
	p2p_of(conn)->watch->free(g_steal_pointer(&conn->watch));
}
