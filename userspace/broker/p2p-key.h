/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * p2p-key.h - what lets in to a persistent Wi-Fi P2P group
 *
 * Two devices that have made a persistent group keep its name and key, and either of them may invite the other to
 * it again, without WPS and without a question to anybody (Wi-Fi P2P 1.7, 3.1.5.1).  Who has the key can join the
 * group whenever it is there: it is a secret as the password of a network is.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * struct p2p_key - of one group
 * @owner: this machine owns it
 * @ssid: 1 to 32 bytes
 * @psk: 8 to 63 printable characters of ASCII: the passphrase; or 64 hexadecimal digits: the key that is made of it
 * @owner_address: P2P device address of whoever owns it, xx:xx:xx:xx:xx:xx
 * @narrowed: wpas_narrowed() when the group came about
 * @by_pin: it was made with a PIN, so that its owner and its client have been proved to each other
 */
struct p2p_key {
	gboolean owner;
	GBytes *ssid;
	char *psk;
	char *owner_address;
	guint narrowed;
	gboolean by_pin;
};

/* NULL: one of them is not what it has to be. */
struct p2p_key *p2p_key_new(gboolean owner, GBytes *ssid, const char *psk, const char *owner_address);
struct p2p_key *p2p_key_copy(const struct p2p_key *key);
/* NULL is allowed. */
void p2p_key_free(struct p2p_key *key);
typedef struct p2p_key p2p_key;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(p2p_key, p2p_key_free)
gboolean p2p_key_equal(const struct p2p_key *a, const struct p2p_key *b);

/* TRUE: @psk is the key itself, and no passphrase. */
gboolean p2p_key_is_raw(const struct p2p_key *key);
/* Pairs of hexadecimal digits; NULL: it is something else. */
GBytes *p2p_key_bytes(const char *hex);

/* As rows of a group of a file; load() is NULL if there are none, or wrong ones. */
void p2p_key_save(const struct p2p_key *key, GKeyFile *keys, const char *group);
struct p2p_key *p2p_key_load(GKeyFile *keys, const char *group);

G_END_DECLS
