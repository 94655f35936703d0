/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mice-sinks.h - which displays of the network are known
 *
 * One sink for each host and port; and one for several of them that announce the same
 * container id: a display that is in two networks has a host name in each.  It is known
 *
 *	found		as long as a service in the network says so; when none does any
 *			more, or nobody looks, it stays as "not in sight", and the one
 *			that was seen longest ago is forgotten when there are more than
 *			MICE_MAX_SINKS
 *	heard		as long as a display that is in sight over another link says that it
 *			has this host or address (mice-offer.h); on MICE_PORT. If that was
 *			all, it is forgotten with it
 *	used		as long as somebody has a connection to it, though it was never found
 *
 * What is found or heard is for all; what is only used is whose it is made for (mice_sinks_reach()), until it is found.
 *
 * What is heard has no certain host name: "tv" may be found as "tv.local" later, and
 * then becomes that.
 *
 * Names of services and hosts come from the network: names are cleaned, a host that is
 * none is no sink.
 */
#pragma once

#include "avahi.h"
#include "link.h"

G_BEGIN_DECLS

#define LINK_MICE_PREFIX "mice:"
#define MICE_MAX_SINKS 64

typedef struct mice_sinks mice_sinks;

/* @backend: for whom sink_changed and sink_gone are emitted */
mice_sinks *mice_sinks_new(link_backend *backend);
void mice_sinks_free(mice_sinks *sinks);

/* From avahi.h. */
void mice_sinks_found(mice_sinks *sinks, const struct avahi_service *service);
void mice_sinks_lost(mice_sinks *sinks, const char *key);
/* Nobody looks any more: whatever was found is out of sight. */
void mice_sinks_lose_all(mice_sinks *sinks);

/* Of link_impl: a display of another link has an address here, or has none any more. */
void mice_sinks_heard(mice_sinks *sinks, link_sink *other, gboolean gone);

/* By host and port; (transfer full); one that is not known is made, @owner's, and not told of. */
link_sink *mice_sinks_reach(mice_sinks *sinks, const char *host, guint16 port, gint64 owner);
/*
 * A connection to it begins, or has ended; the first is told of by the connection.  One that
 * has been forgotten meanwhile is known again, as it is.
 */
void mice_sinks_use(mice_sinks *sinks, link_sink *sink);
void mice_sinks_unuse(mice_sinks *sinks, link_sink *sink);
/* Drop it, without an event; FALSE: it is in sight, or in use. */
gboolean mice_sinks_forget(mice_sinks *sinks, link_sink *sink);
/*
 * (element-type GSocketAddress) (transfer full): where it was found, NULL if it is not in sight;
 * of one that has been forgotten, where it was
 */
GPtrArray *mice_sinks_addresses(mice_sinks *sinks, link_sink *sink);

G_END_DECLS
