/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * p2p-pin.h - what a display and we prove to each other before there is a group
 *
 * The method is chosen from what the display says that it can do, before it is asked for
 * anything:
 *
 *	it takes push button, and the user has not asked for a PIN	push button
 *	else, it can show a PIN						it is typed here
 *	else, it can have a PIN typed					we show one
 *	else								refused
 *
 * A display that says nothing of methods takes what is asked for, mostly.  Who has
 * asked for a PIN never gets push button instead.
 *
 *	state		waits for			limit
 *	idle		p2p_pin_ask()			-
 *	provisioning	the display's word that it shows	P2P_PIN_ANSWER_SECONDS, but not
 *			a PIN, or waits for ours	longer than its user may take
 *	entering	p2p_pin_enter()			@seconds from the display's word on
 *	ready		-: Connect's arguments are known	-: the owner's
 *	failed		p2p_pin_forget()		-: the owner's
 *
 * Transitions; what is not in the table is ignored:
 *
 *			chosen	ask	it shows one	it waits for ours	entered	refusal, limit	forget
 *	idle		ready if push	provis.	-	-		-	-	idle
 *			button, else idle
 *	provisioning	-	-	entering	ready		-	failed		idle
 *	entering	-	-	-		-		ready	failed (limit)	idle
 *	ready		-	-	-		-		-	-		idle
 *	failed		-	-	-		-		-	-		idle
 *
 * What the display says counts: one that was told to show a PIN, and waits for ours
 * instead, gets ours.
 *
 * A PIN of Wi-Fi P2P has four digits, or eight, of which the last one is a check digit
 * (WSC 2.0, 7.4.1).  Others are asked for again at once, within the same limit, since a
 * wrong one costs the whole attempt; one whose check digit alone is wrong is taken when
 * it is typed twice, for there are displays that do not know of it.  Whether it is the
 * right one shows only while the group is being formed (p2p_pin_was_wrong()); then
 * the display makes another one, and the owner begins again.
 *
 * Errors, of the domain REASON_ERROR:
 *
 *	REASON_NEEDS_PIN	it takes neither push button nor a PIN that could be told
 *	REASON_NO_PIN		a PIN was asked for, and it takes push button only
 *	REASON_SINK_NOT_IN_SIGHT	it did not answer when it was told that a PIN is wanted
 *	REASON_PIN_REFUSED	it did, and does not want one
 *	REASON_PIN_NOT_ENTERED	nobody has typed it within the limit
 *	REASON_PIN_WRONG	it was another one than the one that was shown
 *	REASON_GROUP_FAILED	wpa_supplicant refused to ask
 *
 * All runs in the main context and nothing waits.  While "provisioning" the radio has to
 * be quiet; while "entering" somebody has to look for the display, since
 * wpa_supplicant forgets after a minute whom it does not hear.  Who gives up says
 * wpas_cancel(), as for a Connect; what that leaves of a provisioning is in wpa-connect.h,
 * and what the display still says is ignored.
 */
#pragma once

#include "link.h"
#include "wpa-supplicant.h"

G_BEGIN_DECLS

/* A display answers by itself, as soon as it listens on the channel. */
#define P2P_PIN_ANSWER_SECONDS 30

typedef struct p2p_pin p2p_pin;

/**
 * struct p2p_pin_funcs - what the connection hears: from inside of p2p_pin_provisioned()
 *	and p2p_pin_provision_failed(), with which wpa_supplicant's word is passed on, and of no
 *	other call
 * @progress: as in link.h
 * @wanted: p2p_pin_enter() is waited for
 * @shown: the user is to be shown this PIN, which is to be typed at the display
 * @ready: Connect can be called
 * @failed: at most once before p2p_pin_forget()
 */
struct p2p_pin_funcs {
	void (*progress)(p2p_pin *pin, const char *phase, const char *text, gpointer user_data);
	void (*wanted)(p2p_pin *pin, gpointer user_data);
	void (*shown)(p2p_pin *pin, const char *digits, gpointer user_data);
	void (*ready)(p2p_pin *pin, gpointer user_data);
	void (*failed)(p2p_pin *pin, const GError *error, gpointer user_data);
};

/* Whether there is any method for a display with these config_methods (wpa-connect.h). */
gboolean p2p_pin_has_method(guint16 methods);
/* Whether one of them is a PIN, so that asking for it is of use. */
gboolean p2p_pin_is_offered(guint16 methods);

/**
 * p2p_pin_new - of one connection
 * @sink: the display; borrowed, outlives it
 * @asked_for: the user has asked for a PIN
 * @seconds: how long it may take to type it, here or there
 */
p2p_pin *p2p_pin_new(wpas *w, link_sink *sink, gboolean asked_for, guint seconds,
		     const struct p2p_pin_funcs *funcs, gpointer user_data);
void p2p_pin_free(p2p_pin *pin);

/* Choose the method, unless that is done. FALSE: there is none. */
gboolean p2p_pin_choose(p2p_pin *pin, guint16 methods, GError **error);
/* Tell the display of that object path what is wanted of it; in "idle" only. */
void p2p_pin_ask(p2p_pin *pin, const char *peer_path);
/* The PIN that the display shows: digits. Not waited for: nothing happens. */
void p2p_pin_enter(p2p_pin *pin, const char *digits);
/* Back to "idle", with the method chosen, for another attempt; push button stays ready. */
void p2p_pin_forget(p2p_pin *pin);

/* What wpa_supplicant says. */
void p2p_pin_provisioned(p2p_pin *pin, const char *peer_path, enum wpas_method method,
			 const char *digits);
void p2p_pin_provision_failed(p2p_pin *pin, const char *peer_path, const GError *error);

gboolean p2p_pin_is_ready(p2p_pin *pin);
gboolean p2p_pin_is_entering(p2p_pin *pin);
/* A PIN, and not push button. */
gboolean p2p_pin_is_needed(p2p_pin *pin);
/* Once ready: the method and the PIN of a request. */
void p2p_pin_fill(p2p_pin *pin, struct wpas_request *request);

/* What to say when WPS has failed for the PIN, and when the display's user has not typed ours. */
GError *p2p_pin_was_wrong(p2p_pin *pin);
GError *p2p_pin_was_not_typed(p2p_pin *pin);

G_END_DECLS
