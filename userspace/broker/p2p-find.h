/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * p2p-find.h - looking for displays
 *
 * A find keeps the radio from its other work; so it looks, and rests, in turns.
 * What is wanted is a time until which it is to look; what has been reached:
 *
 *	state		what happens		then
 *	idle		start			preparing, or looking; ending if the
 *						radio is not free
 *	preparing	the device is ready	looking
 *	preparing	the device is gone	ending, with its error
 *	looking		FindStopped, the limit	resting; ending if the time is up
 *	resting		the rest is over	looking; ending if the time is up
 *	any but idle	stop, quiet, no device	ending
 *	ending		its source runs		idle, and find_ended is said
 *	ending		start			as from idle; one find_ended is said
 *
 * wpa_supplicant does not say FindStopped when it is told to stop, or to connect,
 * between two of its scans; so "ending" does not wait for it.
 */
#pragma once

#include "p2p.h"

G_BEGIN_DECLS

/* One turn; the limit is for one that wpa_supplicant does not end by itself. */
#define P2P_FIND_BURST_SECONDS 10
#define P2P_FIND_BURST_LIMIT_SECONDS 15
#define P2P_FIND_REST_SECONDS 2

p2p_find *p2p_find_new(struct p2p *p2p);
void p2p_find_free(p2p_find *find);

/**
 * p2p_find_start - look for @seconds from now on; what runs is prolonged
 *
 * find_ended follows, always, with REASON_LINK_BUSY if a connection has the radio.
 */
void p2p_find_start(p2p_find *find, guint seconds);
/* find_ended follows soon. */
void p2p_find_stop(p2p_find *find);
/* For the end of the backend: nothing follows. */
void p2p_find_abort(p2p_find *find);

/* A connection needs the radio: what runs ends, in good order. */
void p2p_find_quiet(p2p_find *find);

/* What the device and wpa_supplicant say. */
void p2p_find_device_ready(p2p_find *find);
void p2p_find_device_gone(p2p_find *find, const GError *error);
void p2p_find_burst_over(p2p_find *find);

G_END_DECLS
