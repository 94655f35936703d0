/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * p2p-device.h - wpa_supplicant's P2P device: taken while somebody needs it
 *
 * What is wanted is the number of holders, what has been reached is the state; the
 * one follows the other:
 *
 *	state		holders		what happens		then
 *	idle		first comes	wpas_acquire()		acquiring
 *	idle		none		there are leftovers	acquiring
 *	acquiring	any		ready			ready; lingering if none; releasing if none ever
 *	acquiring	any		failed, or the limit	idle
 *	ready		last leaves	-			lingering
 *	lingering	one comes	-			ready
 *	lingering	none		the limit		releasing
 *	releasing	any		released, or the limit	idle; acquiring if some
 *	ready, lingering		it has gone		idle
 *
 * A stop counts as "no holders", does not linger, and is answered when idle is
 * reached.  Each state but "idle" and "ready" has a time limit.
 *
 * It lingers because a person looks at what was found before he chooses.  As long
 * as it is held or lingers, we are announced as a WFD source, and a file says what
 * is ours in wpa_supplicant (p2p-state.h).
 *
 * What an earlier process has left, one that was killed, is taken over or ended when wpa_supplicant
 * is found, and that is looked for at the start: nobody else ends a group whose interface has
 * lost the rules that kept others out.  A wpa_supplicant that does not run any more is not started for that.
 */
#pragma once

#include "p2p-state.h"
#include "wpa-supplicant.h"

G_BEGIN_DECLS

/* wpa_supplicant may have to be started, and be asked about several adapters. */
#define P2P_DEVICE_ACQUIRE_SECONDS 40
#define P2P_DEVICE_LINGER_SECONDS 60
#define P2P_DEVICE_RELEASE_SECONDS 2

typedef struct p2p_device p2p_device;

/**
 * struct p2p_device_funcs - what the owner hears; never from inside of a call
 * @ready: it can be used
 * @gone: acquiring failed (@error says why), or it went away with all that was in
 *	it; nobody holds it any more
 * @stopped: answer to p2p_device_stop()
 */
struct p2p_device_funcs {
	void (*ready)(p2p_device *device, gpointer user_data);
	void (*gone)(p2p_device *device, const GError *error, gpointer user_data);
	void (*stopped)(p2p_device *device, gpointer user_data);
};

/**
 * p2p_device_new - nothing happens before it is held, unless there are leftovers
 * @w: borrowed; its owner hands found, created, ready, failed and released on
 * @runtime_dir: for p2p-state.h
 * @linger_seconds: 0: P2P_DEVICE_LINGER_SECONDS
 */
p2p_device *p2p_device_new(wpas *w, const char *runtime_dir, guint linger_seconds,
			   const struct p2p_device_funcs *funcs, gpointer user_data);
void p2p_device_free(p2p_device *device);

/* ready or gone follows, unless it is ready. */
void p2p_device_hold(p2p_device *device);
void p2p_device_drop(p2p_device *device);
gboolean p2p_device_is_ready(p2p_device *device);
/* Give everything back now; stopped follows. Nobody must hold it any more. */
void p2p_device_stop(p2p_device *device);
/* A group of ours exists, or (NULL) none any more: for the file. */
void p2p_device_note_group(p2p_device *device, const char *path);

/* What wpas_funcs says. */
void p2p_device_found(p2p_device *device, const char *owner);
void p2p_device_created(p2p_device *device, const char *path);
void p2p_device_configured(p2p_device *device, GVariant *former);
void p2p_device_acquired(p2p_device *device);
void p2p_device_lost(p2p_device *device, const GError *error);
void p2p_device_released(p2p_device *device);

G_END_DECLS
