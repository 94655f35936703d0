/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ctl-pseudonyms.h - text without personal data
 *
 * What tells one person, room or device from others gets a pseudonym, a word and six digits: "name-3fa2c1".  The same
 * thing has the same pseudonym wherever it is written and however (a MAC address with colons, in a D-Bus path or
 * turned to capitals), and in each text of the same machine; so what belongs together can still be seen.  Nobody
 * without the key finds the thing by trying: it is an HMAC.
 *
 *	known		what pseudonyms_add() was told, as a word of its own, in any case
 *	mac, ip		MAC and IP addresses, but those of the loopback and "any"
 *	id		UUIDs and machine ids
 *	network		names of Wi-Fi P2P groups, DIRECT-...
 *	serial		what follows "serial" or "serial number"
 *	device		sound devices of displays, which have name and serial number in theirs
 *	user		names of home directories
 *
 * What follows "pin", "psk", "passphrase" or "password" goes altogether.  Models and versions stay: they are what a
 * report is about.
 */
#pragma once

#include <glib.h>
#include <json-glib/json-glib.h>

G_BEGIN_DECLS

typedef struct pseudonyms pseudonyms;

/* @key: the machine's, and its secret */
pseudonyms *pseudonyms_new(const char *key);
void pseudonyms_free(pseudonyms *p);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(pseudonyms, pseudonyms_free)

/**
 * pseudonyms_add - text that nobody could recognise by its form
 * @word: that begins its pseudonym: "name", "host" ...
 *
 * Of one character, or of white space, nothing can be told: it is left alone; an address is recognised anyway.
 */
void pseudonyms_add(pseudonyms *p, const char *word, const char *text);
/* @text: valid UTF-8 */
char *pseudonyms_apply(pseudonyms *p, const char *text);
/* Each text of it, and no name of a member; a PIN that is shown, "pin-shown" of a session, goes altogether. */
JsonNode *pseudonyms_apply_json(pseudonyms *p, JsonNode *node);

G_END_DECLS
