/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * p2p-routes.h - what another program has set on a P2P link that it has made
 *
 * As p2p-net.h says of those.  The kernel answers at once; main context.
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* The IPv4 address of a network interface, (transfer full), and its prefix; NULL: it has none yet. */
GInetAddress *p2p_routes_find_address(int ifindex, int *prefix);

/*
 * Of IPv4 all routes over the interface, but those that the kernel itself has made for the address. What
 * is removed, or cannot be, is in the log.
 */
void p2p_routes_remove_strays(const char *ifname, int ifindex);

G_END_DECLS
