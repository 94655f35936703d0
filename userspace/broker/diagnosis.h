/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * diagnosis.h - what only the daemon can say about its chances
 *
 * For `miracastctl doctor`.  Whether an encoder works, and what wpa_supplicant can
 * do, depends on who asks: on rights, and on what the daemon's unit lets it see.
 * So these questions are put by the daemon:
 *
 *	encoder		a miracast-umd encodes a few pictures; if that takes the processor,
 *			is there a graphics card that may have an encoder?
 *	wpa_supplicant	is it there, with P2P and Wi-Fi Display?
 *	p2p		each of its interfaces: can it do P2P, for which country?
 *	radio		those that can: beside the user's network, on how many channels?
 *	iwd		does it run, has it a P2P device (iwd.h), and does it give addresses?
 *	avahi		does it run? it finds the displays of the network
 *	filter		can a display be kept from this machine's services (link-filter.h)?
 *	quirks		are there files of the user's, and are they right?
 *	sandbox		each layer that a session process is confined by (sandbox.h): one
 *			row for all that are there, one for each that is not
 *
 * All are asked at the same time, nobody is started by it but the encoder's
 * process, and each has a time limit.
 */
#pragma once

#include <gio/gio.h>

#include "radio.h"
#include "umd-launcher.h"

G_BEGIN_DECLS

#define DIAGNOSIS_SECONDS 15

typedef struct diagnosis diagnosis;

/**
 * struct diagnosis_config - read by diagnosis_new() only
 * @launcher: of user-mode drivers
 * @quirks_dir: see quirk-files.h; NULL: none
 * @bus: where wpa_supplicant is
 * @radio: radio_ask(); tests have their own
 * @filter: link_filter_check(); tests have their own
 * @drm_class: /sys/class/drm; tests have their own
 */
struct diagnosis_config {
	umd_launcher *launcher;
	const char *quirks_dir;
	GBusType bus;
	radio *(*radio)(const char *ifname);
	gboolean (*filter)(GError **error);
	const char *drm_class;
};

/**
 * diagnosis_done - all have answered, or had their time
 * @checks: aa{sv}: check, result ("ok", "warn", "fail"), text, next, next-code (all s;
 *	next is what to do, and next-code its code, see hint.h; both "" with "ok"); borrowed
 *
 * Called once, from the main loop.  May free the diagnosis.
 */
typedef void diagnosis_done(diagnosis *d, GVariant *checks, gpointer user_data);

diagnosis *diagnosis_new(const struct diagnosis_config *config, diagnosis_done *done,
			 gpointer user_data);
/* Without a word if it was not done. */
void diagnosis_free(diagnosis *d);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(diagnosis, diagnosis_free)

G_END_DECLS
