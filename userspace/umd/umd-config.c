// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The broker's "config" message, checked: see umd-session.h.
 */
#include "umd-session.h"

#include <string.h>

static char *lookup_string(GVariant *fields, const char *key)
{
	char *value = NULL;

	g_variant_lookup(fields, key, "s", &value);
	return value;
}

static gboolean check_address(const char *key, const char *address, GError **error)
{
	/* With an interface, if it is a link-local one. */
	g_autoptr(GSocketAddress) parsed = g_inet_socket_address_new_from_string(address, 0);

	if (parsed)
		return TRUE;
	g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
		    "%s \"%s\" is not a numeric address", key, address);
	return FALSE;
}

static gboolean set_source(struct umd_config *config, const char *source, GError **error)
{
	config->kernel = g_strcmp0(source, "kernel") == 0;
	if (config->kernel || g_strcmp0(source, "test") == 0)
		return TRUE;
	g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
		    "source \"%s\" is neither \"kernel\" nor \"test\"", source);
	return FALSE;
}

static gboolean set_audio(struct umd_config *config, const char *audio, GError **error)
{
	config->audio = CHANNEL_AUDIO_DESKTOP;
	if (audio && !channel_audio_from_name(audio, &config->audio)) {
		g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
			    "audio \"%s\" is none of %s", audio, CHANNEL_AUDIO_WORDS);
		return FALSE;
	}
	return TRUE;
}

static gboolean set_latency(struct umd_config *config, const char *latency, GError **error)
{
	config->latency_chosen = latency != NULL;
	if (!latency || channel_latency_from_name(latency, &config->latency))
		return TRUE;
	g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
		    "latency \"%s\" is none of %s", latency, CHANNEL_LATENCY_WORDS);
	return FALSE;
}

/* Reading another driver's buffer may be slow or show what is old: the user can tell. */
static gboolean set_import(struct umd_config *config, const char *import, GError **error)
{
	config->copies = g_strcmp0(import, "no") == 0;
	config->imports = g_strcmp0(import, "yes") == 0;
	if (!import || config->copies || config->imports)
		return TRUE;
	g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
		    "import \"%s\" is neither \"yes\" nor \"no\"", import);
	return FALSE;
}

static gsize copy_bytes(GVariant *fields, const char *key, guint8 *bytes, gsize size)
{
	g_autoptr(GVariant) value = g_variant_lookup_value(fields, key, G_VARIANT_TYPE_BYTESTRING);
	gsize len = 0;
	gconstpointer data = value ? g_variant_get_fixed_array(value, &len, 1) : NULL;

	if (len && len <= size)
		memcpy(bytes, data, len);
	return len;
}

/* All that is needed, or nothing; what is in it is rtp-seal.h's matter. */
static gboolean set_seal(struct umd_config *config, GVariant *fields, GError **error)
{
	struct rtp_seal_config *seal = &config->seal;
	gboolean sequence = g_variant_lookup(fields, "rtp-sequence", "t", &seal->sequence);
	gsize salt = copy_bytes(fields, "rtp-salt", seal->salt, sizeof(seal->salt));

	seal->key_len = copy_bytes(fields, "rtp-key", seal->key, sizeof(seal->key));
	if (!sequence && !salt && !seal->key_len)
		return TRUE;
	if (sequence && salt == sizeof(seal->salt) && seal->key_len && seal->key_len <= sizeof(seal->key))
		return TRUE;
	g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
		    "\"rtp-key\", \"rtp-salt\" and \"rtp-sequence\" do not go together");
	return FALSE;
}

/* The broker has looked at them, and left out what is wrong. */
static gboolean set_quirks(struct umd_config *config, GVariant *fields, GError **error)
{
	g_autofree const char **texts = NULL;

	config->quirk_table = wfd_quirk_table_new();
	if (!g_variant_lookup(fields, "quirks", "^a&s", &texts))
		return TRUE;
	for (guint i = 0; texts[i]; i++) {
		if (!wfd_quirk_table_add(config->quirk_table, texts[i], error))
			return FALSE;
	}
	return TRUE;
}

struct umd_config *umd_config_new(GVariant *fields, GError **error)
{
	g_autoptr(umd_config) config = g_new0(struct umd_config, 1);
	g_autofree char *source = lookup_string(fields, "source");
	g_autofree char *audio = lookup_string(fields, "audio");
	g_autofree char *latency = lookup_string(fields, "latency");
	g_autofree char *import = lookup_string(fields, "import");
	gboolean card = TRUE;

	config->friendly_name = lookup_string(fields, "friendly-name");
	config->device_id = lookup_string(fields, "device-id");
	config->device_model = lookup_string(fields, "device-model");
	config->peer_address = lookup_string(fields, "peer-address");
	config->local_address = lookup_string(fields, "local-address");
	config->encoder = lookup_string(fields, "encoder");
	g_variant_lookup(fields, "max-bit-rate", "t", &config->max_bit_rate);
	g_variant_lookup(fields, "short-m3", "b", &config->short_m3);
	g_variant_lookup(fields, "sound-card", "b", &card);
	config->no_card = !card;
	g_variant_lookup(fields, "width", "u", &config->wish.width);
	g_variant_lookup(fields, "height", "u", &config->wish.height);
	g_variant_lookup(fields, "refresh", "u", &config->wish.refresh_mhz);

	if (!set_quirks(config, fields, error) || !set_source(config, source, error) || !set_audio(config, audio, error) ||
	    !set_latency(config, latency, error) || !set_import(config, import, error) || !set_seal(config, fields, error) ||
	    !check_address("peer-address", config->peer_address, error) ||
	    !check_address("local-address", config->local_address, error))
		return NULL;
	return g_steal_pointer(&config);
}

void umd_config_free(struct umd_config *config)
{
	if (!config)
		return;
	g_free(config->friendly_name);
	g_free(config->device_id);
	g_free(config->device_model);
	wfd_quirk_table_free(config->quirk_table);
	g_free(config->peer_address);
	g_free(config->local_address);
	g_free(config->encoder);
	explicit_bzero(&config->seal, sizeof(config->seal));
	g_free(config);
}
