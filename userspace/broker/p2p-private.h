/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * p2p-private.h - between p2p-connection.c (the states and what they begin with),
 * p2p-incoming.c (what wpa_supplicant, NetworkManager and the device say),
 * p2p-memory.c (how it came about last time), p2p-persistent.c (a display that knows this
 * computer), p2p-retry.c (what is tried once more) and
 * p2p-watch.c (how the radio link is); see p2p-connection.h
 */
#pragma once

#include "p2p-connection.h"
#include "p2p-path.h"
#include "p2p-pin.h"
#include "p2p-steps.h"
#include "wifi-silence.h"

G_BEGIN_DECLS

#define RETRY_SECONDS 1

/**
 * struct p2p_connection - see the header
 * @limit: of the state
 * @work: begins the state: "beginning" and "closing-net" only
 * @ask: of "negotiating" and "retrying": when to ask again
 * @rejoin: of "up": the display is away
 * @pin: what Connect needs to know beside the display
 * @accept_until: when its user must have accepted; 0 before the first Connect, and
 *	when there is another PIN
 * @asked: how often, in the way that it can take: by NetworkManager that is push button only
 * @asked_directly: by us last, and not by NetworkManager, which has no PIN
 * @in_zone: what NetworkManager was asked for, if it was, was for a zone of firewalld's, too
 * @asking: wpa_supplicant may have a request of ours
 * @cancelling: Cancel has not been answered
 * @second_try: after WPS or the formation had failed
 * @second_request: after the display had not taken the first one
 * @holding: the device
 * @go_intent, @frequency: of the next request; @recalled: as they were when a group with this
 *	display came about last time
 * @narrowed: wpas_narrowed() when it was asked last
 * @guessed: the frequency is another one since the group was not formed, which may have been for its width
 * @dialled: the display has called
 * @streamed: pictures have flowed over the group
 * @key: to the group of last time, with which the display is invited; or to the one that has been made; NULL: none
 * @invited: the group that is there, or is to come, is the one of last time
 * @joined_on: object path of the group which the display that was invited has joined, or NULL
 * @error: of "failed"
 * @group, @has_group: its strings are ours
 * @watch: of "up", while pictures flow; NULL: nobody asks how the link is
 * @silence: what has become of the display, of @watch
 */
struct p2p_connection {
	link_connection base;
	enum p2p_step state;
	guint limit;
	guint work;
	guint ask;
	guint rejoin;

	p2p_pin *pin;
	gint64 accept_until;
	guint asked;
	gboolean asked_directly;
	gboolean in_zone;
	gboolean asking;
	gboolean cancelling;
	gboolean second_try;
	gboolean second_request;
	gboolean holding;
	guint go_intent;
	guint frequency;
	guint narrowed;
	gboolean guessed;
	gboolean recalled;
	gboolean dialled;
	gboolean streamed;
	struct p2p_key *key;
	gboolean invited;
	char *joined_on;
	GError *error;

	struct p2p_claim *claim;
	struct wpas_group group;
	gboolean has_group;
	p2p_path *path;
	wifi_watch *watch;
	struct wifi_silence silence;
};

static inline struct p2p *p2p_of(p2p_connection *conn)
{
	return (struct p2p *)conn->base.backend;
}

static inline const char *name_of(p2p_connection *conn)
{
	return conn->base.sink->name;
}

static inline const struct p2p_peer *peer_of(p2p_connection *conn)
{
	return p2p_sinks_lookup(p2p_of(conn)->sinks, conn->base.sink->id);
}

static inline gboolean in_sight(p2p_connection *conn)
{
	const struct p2p_peer *peer = peer_of(conn);

	return peer && peer->path && !peer->doubted;
}

/*
 * The only place where the state changes. All timers and sources belong to a state,
 * so they end with it.  FALSE: the event means nothing in this one.
 */
gboolean p2p_connection_happen(p2p_connection *conn, enum p2p_event event);
/* Where nothing can fail any more nothing happens; the second one takes @error. */
void p2p_connection_fail(p2p_connection *conn, enum reason_code code, const char *format, ...)
	G_GNUC_PRINTF(3, 4);
void p2p_connection_fail_with(p2p_connection *conn, GError *error);

/* Ask the display, by ourselves. */
void p2p_connection_ask_now(p2p_connection *conn);
/* The same request once more, after a while, if the state is still the same then. */
void p2p_connection_ask_in(p2p_connection *conn, guint seconds);
/* Nobody is to type it any more, here or there. */
void p2p_connection_forget_pin(p2p_connection *conn);

/**
 * enum p2p_remedy - what trying once more is good for
 * @P2P_REMEDY_KEYS: keys were not agreed on; the commonest repair is the same again
 * @P2P_REMEDY_CHANNEL: the group did not start, or there is no channel for it: on another one,
 *	which is always allowed
 * @P2P_REMEDY_METHOD: the display does not take the way in which it was asked: televisions
 *	that have said that they take push button refuse the first request and take the second
 */
enum p2p_remedy {
	P2P_REMEDY_KEYS,
	P2P_REMEDY_CHANNEL,
	P2P_REMEDY_METHOD,
};

/* FALSE: that was done before; of the first two once for both. */
gboolean p2p_connection_try_once_more(p2p_connection *conn, enum p2p_remedy remedy);

/*
 * Who knows what the display wants need not find it out again: go_intent and frequency of
 * the first request, as @options have them, or as they were when pictures flowed to it last
 * time, or those of any display.
 */
void p2p_connection_recall(p2p_connection *conn, GVariant *options);
/* Pictures flow. */
void p2p_connection_remember(p2p_connection *conn);
/* What was recalled led to nothing: forgotten, and the next request is that of any display. */
void p2p_connection_unlearn(p2p_connection *conn);
/* The same, if that is the reason. */
void p2p_connection_unlearn_after(p2p_connection *conn, const GError *error);

/* The key of last time, if the display is to be invited with @options. */
void p2p_connection_recall_key(p2p_connection *conn, GVariant *options);
/* A group has started; NULL: there is no key to it. */
void p2p_connection_learn_key(p2p_connection *conn, const struct p2p_key *key);
/* Pictures flow. */
void p2p_connection_remember_key(p2p_connection *conn);
/* It is of no use. */
void p2p_connection_forget_key(p2p_connection *conn);
/* FALSE: the display is to be asked as any other. */
gboolean p2p_connection_invite(p2p_connection *conn);
/* What the state begins with. */
void p2p_connection_inviting(p2p_connection *conn);
/* The display has been invited in vain: it is asked as any other, in the same attempt. */
void p2p_connection_ask_anew(p2p_connection *conn, gboolean forget);
/* Of a group that is there: whether the display is in it. */
gboolean p2p_connection_is_joined(p2p_connection *conn);
/* A station has joined the group @path; FALSE: that is not waited for. */
gboolean p2p_connection_awaits_station(p2p_connection *conn, const char *path);

/* The P2P device is ready; whether Wi-Fi is on is another question. */
void p2p_connection_look(p2p_connection *conn);
/* Time for the state. */
void p2p_connection_limit(p2p_connection *conn, guint seconds);
/* Something may still come of what we asked for. */
void p2p_connection_leave_claim(p2p_connection *conn);

/* Nobody asks any more how the link is. */
void p2p_connection_stop_watching(p2p_connection *conn);

/* The group is no longer there. */
void p2p_connection_lose_group(p2p_connection *conn);
/* While closing: whether anything is left. */
void p2p_connection_check_closed(p2p_connection *conn);

G_END_DECLS
