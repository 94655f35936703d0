/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * wpa-connect.h - asking a peer for a group: the calls of wpa-supplicant.h that do it
 *
 * By push button one call is enough.  For a PIN the peer is told first what is wanted of
 * it, by a Provision Discovery (Wi-Fi P2P 1.7, 3.1.4.3): to show a PIN, or to have
 * one typed that we show.  Only then does it show one, and is the Connect of use.
 *
 *	wpas_provision() -> provisioned, or provision_failed
 *	wpas_connect() -> connect_failed, or negotiated, or negotiation_failed, ...
 *	wpas_cancel() -> cancelled; the connect, or the invitation, is given up, and the provisioning rests
 *
 * wpa_supplicant tries a provisioning again for about a minute when the peer does not
 * answer, and says so then.  Cancel has no word for one that is under way: it stops the
 * timer, and what was not answered is sent again with the next Find that hears the peer,
 * until it has answered or is forgotten.  So a display may show a PIN for which nobody
 * waits any more.  Only Flush would end that, which forgets every peer that was found, for
 * other programs as well.
 *
 * The answers are those of the P2P device: another program's come as well, and one may
 * come after wpas_cancel().
 *
 * Connect asks for more than 20 MHz where it can (wpa-control.h).
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct wpas wpas;

/**
 * enum wpas_method - how the two devices prove that they mean each other (WSC 2.0)
 * @WPAS_PUSH_BUTTON: they do not
 * @WPAS_KEYPAD: the peer shows a PIN, which is typed here
 * @WPAS_DISPLAY: we show a PIN, which is typed there
 */
enum wpas_method {
	WPAS_PUSH_BUTTON,
	WPAS_KEYPAD,
	WPAS_DISPLAY,
};

/* Bits of what a peer says that it can do (WSC 2.0, 12, Configuration Methods). */
#define WPAS_CAN_SHOW_PIN 0x0008
#define WPAS_CAN_PUSH_BUTTON 0x0080
#define WPAS_CAN_TYPE_PIN 0x0100

/* config_error of WpsFailed: the other side has another PIN (WSC 2.0, 12). */
#define WPAS_ERROR_PASSWORD 18

/**
 * struct wpas_request - a group with whom, and how
 * @peer_path: object path of the peer
 * @join: the peer is group owner: join its group
 * @go_intent: 0 to 15
 * @frequency: MHz, 0 = wpa_supplicant chooses
 * @method: how it is proved who they are
 * @pin: digits, four or eight; NULL with WPAS_PUSH_BUTTON
 * @persistent: both are to keep the key to the group, see wpa-persistent.h
 */
struct wpas_request {
	const char *peer_path;
	gboolean join;
	guint go_intent;
	guint frequency;
	enum wpas_method method;
	const char *pin;
	gboolean persistent;
};

/* Tell the peer that a PIN is wanted; not with WPAS_PUSH_BUTTON. */
void wpas_provision(wpas *w, const char *peer_path, enum wpas_method method);
/* Form a group. */
void wpas_connect(wpas *w, const struct wpas_request *request);
/* Another program makes the connect for us; the same follows, but not connect_failed. */
void wpas_expect(wpas *w);
/* Give up a connect that has not brought a group, and let a provisioning rest; cancelled follows. */
void wpas_cancel(wpas *w);

G_END_DECLS
