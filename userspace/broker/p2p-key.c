// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The key of a persistent group: see p2p-key.h.
 */
#include "p2p-key.h"

#include <string.h>

#define SSID_MAX 32
#define PASSPHRASE_MIN 8
#define RAW_DIGITS 64

GBytes *p2p_key_bytes(const char *hex)
{
	gsize digits = strlen(hex);
	g_autofree guint8 *bytes = g_malloc0(digits / 2 + 1);

	for (gsize i = 0; i < digits; i++) {
		if (!g_ascii_isxdigit(hex[i]))
			return NULL;
		bytes[i / 2] = bytes[i / 2] << 4 | g_ascii_xdigit_value(hex[i]);
	}
	return digits && digits % 2 == 0 ? g_bytes_new(bytes, digits / 2) : NULL;
}

static char *hex_of(GBytes *bytes)
{
	GString *hex = g_string_new(NULL);
	gsize len;
	const guint8 *data = g_bytes_get_data(bytes, &len);

	for (gsize i = 0; i < len; i++)
		g_string_append_printf(hex, "%02x", data[i]);
	return g_string_free(hex, FALSE);
}

static gboolean is_psk(const char *psk)
{
	gsize len = strlen(psk);

	for (gsize i = 0; i < len; i++) {
		if (!g_ascii_isprint(psk[i]) || (len == RAW_DIGITS && !g_ascii_isxdigit(psk[i])))
			return FALSE;
	}
	return len >= PASSPHRASE_MIN && len <= RAW_DIGITS;
}

static gboolean is_address(const char *text)
{
	for (guint i = 0; i < 17; i++) {
		if (i % 3 == 2 ? text[i] != ':' : !g_ascii_isxdigit(text[i]))
			return FALSE;
	}
	return !text[17];
}

struct p2p_key *p2p_key_new(gboolean owner, GBytes *ssid, const char *psk, const char *owner_address)
{
	struct p2p_key *key;

	if (!ssid || !g_bytes_get_size(ssid) || g_bytes_get_size(ssid) > SSID_MAX || !psk || !is_psk(psk) ||
	    !owner_address || !is_address(owner_address))
		return NULL;
	key = g_new0(struct p2p_key, 1);
	key->owner = owner;
	key->ssid = g_bytes_ref(ssid);
	key->psk = g_strdup(psk);
	key->owner_address = g_strdup(owner_address);
	return key;
}

struct p2p_key *p2p_key_copy(const struct p2p_key *key)
{
	struct p2p_key *copy = p2p_key_new(key->owner, key->ssid, key->psk, key->owner_address);

	copy->narrowed = key->narrowed;
	copy->by_pin = key->by_pin;
	return copy;
}

void p2p_key_free(struct p2p_key *key)
{
	if (!key)
		return;
	g_bytes_unref(key->ssid);
	g_free(key->psk);
	g_free(key->owner_address);
	g_free(key);
}

gboolean p2p_key_equal(const struct p2p_key *a, const struct p2p_key *b)
{
	return a->owner == b->owner && g_bytes_equal(a->ssid, b->ssid) && strcmp(a->psk, b->psk) == 0 &&
	       g_ascii_strcasecmp(a->owner_address, b->owner_address) == 0 && a->narrowed == b->narrowed &&
	       a->by_pin == b->by_pin;
}

gboolean p2p_key_is_raw(const struct p2p_key *key)
{
	return strlen(key->psk) == RAW_DIGITS;
}

void p2p_key_save(const struct p2p_key *key, GKeyFile *keys, const char *group)
{
	g_autofree char *ssid = hex_of(key->ssid);

	g_key_file_set_boolean(keys, group, "p2p-owner", key->owner);
	g_key_file_set_string(keys, group, "p2p-ssid", ssid);
	g_key_file_set_string(keys, group, "p2p-psk", key->psk);
	g_key_file_set_string(keys, group, "p2p-owner-address", key->owner_address);
	g_key_file_set_integer(keys, group, "p2p-narrowed", key->narrowed);
	g_key_file_set_boolean(keys, group, "p2p-by-pin", key->by_pin);
}

struct p2p_key *p2p_key_load(GKeyFile *keys, const char *group)
{
	g_autofree char *hex = g_key_file_get_string(keys, group, "p2p-ssid", NULL);
	g_autofree char *psk = g_key_file_get_string(keys, group, "p2p-psk", NULL);
	g_autofree char *address = g_key_file_get_string(keys, group, "p2p-owner-address", NULL);
	g_autoptr(GBytes) ssid = hex ? p2p_key_bytes(hex) : NULL;
	struct p2p_key *key = p2p_key_new(g_key_file_get_boolean(keys, group, "p2p-owner", NULL), ssid, psk, address);

	if (!key)
		return NULL;
	key->narrowed = CLAMP(g_key_file_get_integer(keys, group, "p2p-narrowed", NULL), 0, 2);
	key->by_pin = g_key_file_get_boolean(keys, group, "p2p-by-pin", NULL);
	return key;
}
