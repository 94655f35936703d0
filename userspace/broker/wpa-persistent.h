/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * wpa-persistent.h - groups that two devices know already: a part of wpa-supplicant.h
 *
 * Who asks for a persistent group (struct wpas_request) is told its key with it (struct wpas_group), and keeps that
 * himself.  wpa_supplicant keeps what it has made of it as well, among the networks of its configuration, and
 * writes that to a file where "update_config" lets it; so there, and where it does not say, no persistent group is
 * asked for.  Elsewhere it is in its memory only, and wpas_drop_kept() takes it out of there.
 *
 *	wpas_invite() -> invited, status 0 -> group_started, or formation_failed, or nothing ever
 *	              -> invited, another status
 *	wpas_cancel(): given up
 *	wpas_invitation_is_over(): the group has come
 *
 * For an invitation wpa_supplicant needs the key in its configuration, from wpas_invite() until one of the last two.
 * A process that is killed in between leaves it in wpa_supplicant's memory.
 *
 * D-Bus has no words for the width of the group that an invitation brings, nor for its frequency; the control
 * interface has (wpa-control.h), on the socket of the radio's P2P device or, where it has none of its own, on that
 * of the radio.  By D-Bus the frequency is wpa_supplicant's choice, and the width 20 MHz.
 *
 * wpa_supplicant tries for some ten seconds when the peer does not answer; the caller has a limit of his own.
 * One that we have invited as owner of the group has 15 s to join; then the group ends.
 */
#pragma once

#include <glib.h>

#include "p2p-key.h"

G_BEGIN_DECLS

typedef struct wpas wpas;

/* FALSE: what wpa_supplicant keeps of a group would be written to a file. */
gboolean wpas_may_persist(wpas *w);

/**
 * wpas_invite - ask a peer to the group that both know
 * @peer_path: object path of the peer
 * @frequency: MHz, 0 = wpa_supplicant chooses
 */
void wpas_invite(wpas *w, const char *peer_path, const struct p2p_key *key, guint frequency);
/* The group has come: what it needs it has. Without an invitation nothing happens. */
void wpas_invitation_is_over(wpas *w);
/* What wpa_supplicant keeps of a group, by struct wpas_group; NULL: nothing. */
void wpas_drop_kept(wpas *w, const char *kept);

G_END_DECLS
