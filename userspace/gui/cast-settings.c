// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What was chosen in the window last: see cast-settings.h.
 */
#include "cast-settings.h"

#define GROUP "cast"

char *cast_settings_path(void)
{
	return g_build_filename(g_get_user_config_dir(), "miracast", "cast.conf", NULL);
}

static void load_switch(GKeyFile *keys, const char *key, gboolean *value)
{
	g_autoptr(GError) error = NULL;
	gboolean found = g_key_file_get_boolean(keys, GROUP, key, &error);

	if (!error)
		*value = found;
}

static void load_latency(GKeyFile *keys, enum channel_latency *latency)
{
	g_autofree char *word = g_key_file_get_string(keys, GROUP, "latency", NULL);

	if (word)
		channel_latency_from_name(word, latency);
}

void cast_settings_load(const char *path, struct cast_settings *settings)
{
	g_autoptr(GKeyFile) keys = g_key_file_new();

	*settings = (struct cast_settings){ .sound = TRUE };
	if (!g_key_file_load_from_file(keys, path, G_KEY_FILE_NONE, NULL))
		return;
	load_switch(keys, "sound", &settings->sound);
	load_switch(keys, "stay", &settings->stay);
	load_switch(keys, "pin", &settings->pin);
	load_latency(keys, &settings->latency);
}

gboolean cast_settings_save(const char *path, const struct cast_settings *settings, GError **error)
{
	g_autoptr(GKeyFile) keys = g_key_file_new();
	g_autofree char *directory = g_path_get_dirname(path);

	g_key_file_load_from_file(keys, path, G_KEY_FILE_KEEP_COMMENTS, NULL);
	g_key_file_set_boolean(keys, GROUP, "sound", settings->sound);
	g_key_file_set_boolean(keys, GROUP, "stay", settings->stay);
	g_key_file_set_boolean(keys, GROUP, "pin", settings->pin);
	g_key_file_set_string(keys, GROUP, "latency", channel_latency_name(settings->latency));
	/* If that fails, so does what follows, and says why. */
	g_mkdir_with_parents(directory, 0700);
	return g_key_file_save_to_file(keys, path, error);
}

GVariant *cast_settings_options(const struct cast_settings *settings)
{
	g_auto(GVariantDict) dict = G_VARIANT_DICT_INIT(NULL);

	if (!settings->sound)
		g_variant_dict_insert(&dict, "audio", "s", "none");
	if (settings->stay)
		g_variant_dict_insert(&dict, "stay", "s", "yes");
	if (settings->pin)
		g_variant_dict_insert(&dict, "security", "s", "pin");
	/* One that is named is kept to, whatever the display asks for. */
	if (settings->latency != CHANNEL_LATENCY_NORMAL)
		g_variant_dict_insert(&dict, "latency", "s", channel_latency_name(settings->latency));
	return g_variant_dict_end(&dict);
}
