/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * p2p-connection.h - the group with one display
 *
 * States, and what ends them.  Every state in which something of the outside is
 * waited for has a time limit:
 *
 *	state		waits for			limit
 *	beginning	its own source			-
 *	preparing	the P2P device			P2P_PREPARE_SECONDS
 *	searching	the display in sight		P2P_SEARCH_SECONDS, but not longer
 *							than the display may take to accept
 *	pairing		what Connect needs to know	p2p-pin.h's
 *	inviting	the answer to our invitation	P2P_INVITE_SECONDS
 *	negotiating	the answer to our Connect	accept_seconds from the first
 *							Connect on
 *	retrying	a second, to ask again		the same
 *	forming		WPS and 4-way handshake		accept_seconds; P2P_REINVOKE_SECONDS
 *							when it was invited
 *	addressing	IPv4 (p2p-path.h)		P2P_ADDRESS_SECONDS
 *	up		the owner, who has limits	-; when the display is away
 *							P2P_JOIN_SECONDS before its call,
 *							P2P_REJOIN_SECONDS after it
 *	failed		disconnect()			-: the owner's
 *	closing-net	IPv4 taken down			P2P_CLOSE_SECONDS
 *	closing-group	Cancel's answer, the group's	P2P_CLOSE_SECONDS
 *			end, NetworkManager's end
 *	closed		free()				-
 *
 * What leads from one to the other: p2p-steps.h.  disconnect() makes the state
 * "closing-net" there and then; only the work of it is done later, from a source of its
 * own.  So nothing that comes in between can undo it.
 *
 * With a PIN (p2p-pin.h) everything from "pairing" on may be gone through twice: when
 * the formation has failed for another reason than the PIN, the display is told once
 * more, since it makes another PIN then, and its user has his time once more.  A display
 * that is lost while a PIN is typed is looked for again when that is done.
 *
 * Who asks the display: network-manager.h is asked first.  Where NetworkManager has no
 * part in it, we do, with wpas_connect().  Where it has, NetworkManager does; whenever
 * the display is to be asked again, we do, as long as NetworkManager's connection
 * lasts.  That one ends by itself when no group has come within 45 s: "again", and
 * NetworkManager is asked for another one, within accept_seconds.  It refuses: failed.
 * Its connection is ours to end, in "closing-group", and in "failed" already when there
 * is no group.  It asks by push button only; where a PIN is needed the display is asked with
 * it a moment later, by us.  One that takes push button in that moment is refused.
 *
 * A display that keeps the key to the group of last time (wpa-persistent.h) is invited to it
 * instead, and asks nobody: "inviting", then "forming" until it has joined.  Where it refuses, or
 * says nothing, or does not come, the key is forgotten, and it is asked as any other in the
 * same attempt.  What is kept of a group is for whoever asks wpa_supplicant himself: a group of
 * NetworkManager's is not persistent.
 *
 * "closed" means: no group, no request for one, no address, no process, no socket.  What
 * keeps the display from this machine (p2p-net.h) is there until then, and so longer than
 * the group, but for one that was not ended within its limit.
 *
 * Which group is ours: p2p-claim.h.  One that comes up only after we had given up is ended:
 * while closing, and for P2P_LATE_SECONDS after that.
 */
#pragma once

#include "p2p-claim.h"
#include "p2p.h"

G_BEGIN_DECLS

#define P2P_PREPARE_SECONDS (P2P_DEVICE_ACQUIRE_SECONDS + P2P_DEVICE_RELEASE_SECONDS + 5)
#define P2P_SEARCH_SECONDS 30
/* A display that listens answers within a second or two, one that does not know invitations never. */
#define P2P_INVITE_SECONDS 6
/* wpa_supplicant gives up after 15. */
#define P2P_REINVOKE_SECONDS 20
/* p2p-net.h has limits of its own; this is for one that does not keep to them. */
#define P2P_ADDRESS_SECONDS 60
/* Devices lose their association for a moment and come back. */
#define P2P_REJOIN_SECONDS 3
/*
 * Some leave after WPS and take ten seconds to associate with what they have learnt there, some half a
 * minute to find their way about after that.
 */
#define P2P_JOIN_SECONDS 45
#define P2P_CLOSE_SECONDS 3
#define P2P_LATE_SECONDS 10

/* As in struct link_impl. */
link_connection *p2p_connection_new(struct p2p *p2p, link_sink *sink, GVariant *options,
				    const struct link_connection_events *events,
				    gpointer user_data);
void p2p_connection_enter_pin(p2p_connection *conn, const char *pin);
void p2p_connection_next_call(p2p_connection *conn);
void p2p_connection_answered(p2p_connection *conn);
void p2p_connection_streams(p2p_connection *conn);
void p2p_connection_disconnect(p2p_connection *conn);
void p2p_connection_free(p2p_connection *conn);

/* NULL is allowed: there is none. */

/* Name of the display for which the radio must not look around, or NULL. */
const char *p2p_connection_needs_quiet(p2p_connection *conn);
/* It finds, until its display is in sight, or while a PIN is typed. */
gboolean p2p_connection_searches(p2p_connection *conn);
link_sink *p2p_connection_sink(p2p_connection *conn);

/* What the device and wpa_supplicant say. */
void p2p_connection_device_ready(p2p_connection *conn);
void p2p_connection_device_gone(p2p_connection *conn, const GError *error);
void p2p_connection_peer_seen(p2p_connection *conn);
void p2p_connection_refused(p2p_connection *conn, const GError *error);
void p2p_connection_provisioned(p2p_connection *conn, const char *peer, enum wpas_method method,
				const char *pin);
void p2p_connection_provision_failed(p2p_connection *conn, const char *peer, const GError *error);
void p2p_connection_negotiated(p2p_connection *conn, const struct wpas_negotiation *result);
void p2p_connection_negotiation_failed(p2p_connection *conn, const char *peer, int status);
void p2p_connection_invited(p2p_connection *conn, int status);
void p2p_connection_wps_failed(p2p_connection *conn, const char *why, gboolean password);
void p2p_connection_formation_failed(p2p_connection *conn, const char *why);
/* TRUE: it is ours. */
gboolean p2p_connection_group_started(p2p_connection *conn, const struct wpas_group *group);
void p2p_connection_group_ended(p2p_connection *conn, const char *path, gboolean displaced);
void p2p_connection_station(p2p_connection *conn, const char *path, gboolean joined);
void p2p_connection_cancelled(p2p_connection *conn);

/* What network-manager.h says, in its order. */
void p2p_connection_ask_directly(p2p_connection *conn);
void p2p_connection_asked(p2p_connection *conn);
void p2p_connection_not_asked(p2p_connection *conn, const GError *error);
void p2p_connection_request_ended(p2p_connection *conn);

G_END_DECLS
