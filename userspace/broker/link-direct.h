/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * link-direct.h - sinks that reach us over a network that is there already
 *
 * Listens on addresses of this machine.  Whoever dials is a sink, named by its
 * IP address; one address has one session at a time.  Nobody is asked who he is: who may
 * call can be narrowed to an address or a network, which is as good as the network is.  For wired networks, VPNs,
 * tests, and for sinks that were told our address by other means.
 *
 * start_find and stop_find do nothing: there is nothing to look for.
 */
#pragma once

#include "link.h"

G_BEGIN_DECLS

#define LINK_DIRECT_MAX_LISTENING 16
/* The uid of who listens; no option of users'. */
#define LINK_DIRECT_OWNER "owner"

link_backend *link_direct_new(const struct link_events *events, gpointer user_data);

/**
 * link_direct_listen - one more address to listen on
 * @address: as rtsp_parse_address() takes it
 * @options: a{sv} for the sessions that come of it, and "from": who may call; LINK_DIRECT_OWNER (x) is kept for
 *	who asks link_direct_options()
 * @bound: (out) (transfer full) (optional): "address:port"
 *
 * Fails with REASON_ADDRESS_INVALID, REASON_ADDRESS_IN_USE, REASON_CONFIGURATION (from), or, with
 * LINK_DIRECT_MAX_LISTENING of them, REASON_TOO_MANY_ADDRESSES.
 */
gboolean link_direct_listen(link_backend *backend, const char *address, GVariant *options,
			    char **bound, GError **error);
/* FALSE if nothing listens there. */
gboolean link_direct_unlisten(link_backend *backend, const char *bound);
/* "address:port" of each; (transfer full) */
char **link_direct_listening(link_backend *backend);
/* Options given with the address that the sink dialled, or NULL. */
GVariant *link_direct_options(link_backend *backend, link_sink *sink);
/* The same of an address, (transfer full); NULL: nothing listens there. */
GVariant *link_direct_options_at(link_backend *backend, const char *bound);

G_END_DECLS
