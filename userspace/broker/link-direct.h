/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * link-direct.h - sinks that reach us over a network that is there already
 *
 * Listens on addresses of this machine.  Whoever dials is a sink, named by its
 * IP address; one address has one session at a time.  For wired networks, VPNs,
 * tests, and for sinks that were told our address by other means.
 *
 * Nobody says who he is.  So a listener is for a peer that it names ("from"), an address or a network, which is as good
 * as the network is; or, without one, for whoever people say yes to, each time:
 *
 *	call -> held -> connect()	somebody has said yes
 *	          |---> turn_away()	nobody has, or somebody has said no
 *
 * Nothing is read from a call that is held, and nothing sent.  Its address has one, the newest: the next call closes it
 * and takes its place.
 *
 * Whoever calls decides how often people are asked, so there are so many questions: each takes one of
 * LINK_DIRECT_QUESTIONS, and gives it back with a yes, when nobody has answered, or when its call was hung up on and none
 * has followed for LINK_DIRECT_REDIAL_SECONDS; with a no only after LINK_DIRECT_QUIET_SECONDS, for which every call from
 * that address is closed at once.  So it is after a question that nobody has answered, also one that was hung up on, twice
 * as long each time, up to LINK_DIRECT_QUIET_MOST_SECONDS; a yes ends that, or as long a time without a question.  When no
 * place is left every further call is closed; the log says so, once in LINK_DIRECT_SAY_SECONDS.
 *
 * start_find and stop_find do nothing: there is nothing to look for.
 */
#pragma once

#include "link.h"

G_BEGIN_DECLS

#define LINK_DIRECT_MAX_LISTENING 16
/* Half of BROKER_MAX_SESSIONS. */
#define LINK_DIRECT_QUESTIONS 4
#define LINK_DIRECT_QUIET_SECONDS 60
#define LINK_DIRECT_QUIET_MOST_SECONDS (8 * LINK_DIRECT_QUIET_SECONDS)
/* Addresses that are remembered for that. */
#define LINK_DIRECT_MAX_QUIET 64
#define LINK_DIRECT_REDIAL_SECONDS 10
#define LINK_DIRECT_SAY_SECONDS 60
/* Of a network that is somebody in particular. */
#define LINK_DIRECT_LEAST_BITS_IPV4 8
#define LINK_DIRECT_LEAST_BITS_IPV6 16
/* The uid of who listens, and its name on the bus; no options of users'. */
#define LINK_DIRECT_OWNER "owner"
#define LINK_DIRECT_OWNER_NAME "owner-name"

link_backend *link_direct_new(const struct link_events *events, gpointer user_data);

/**
 * link_direct_listen - one more address to listen on
 * @address: as rtsp_parse_address() takes it
 * @options: a{sv} for the sessions that come of it, and "from": who may call, see link_direct_names_nobody();
 *	LINK_DIRECT_OWNER (x), also the owner of the sinks that call there, and _OWNER_NAME (s) are kept for who asks
 *	link_direct_options()
 * @bound: (out) (transfer full) (optional): "address:port"
 *
 * Fails with REASON_ADDRESS_INVALID, REASON_ADDRESS_IN_USE, REASON_CONFIGURATION (from), or, with
 * LINK_DIRECT_MAX_LISTENING of them, REASON_TOO_MANY_ADDRESSES.
 */
gboolean link_direct_listen(link_backend *backend, const char *address, GVariant *options,
			    char **bound, GError **error);
/*
 * Whether people are to be asked about who calls: @from is NULL, or a network so large that it is nobody in particular.
 * What is no network at all is refused by link_direct_listen().
 */
gboolean link_direct_names_nobody(const char *from);
/* FALSE if nothing listens there. */
gboolean link_direct_unlisten(link_backend *backend, const char *bound);
/* "address:port" of each; (transfer full) */
char **link_direct_listening(link_backend *backend);
/* Whether a sink that has come (incoming) was named by nobody, so that people are to be asked. */
gboolean link_direct_asks(link_backend *backend, link_sink *sink);
/* Options given with the address that the sink dialled, or NULL. */
GVariant *link_direct_options(link_backend *backend, link_sink *sink);
/* The same of an address, (transfer full); NULL: nothing listens there. */
GVariant *link_direct_options_at(link_backend *backend, const char *bound);

G_END_DECLS
