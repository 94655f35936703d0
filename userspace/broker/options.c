// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Options of sessions: see options.h.
 */
#include "options.h"

#include <string.h>

#include "reason.h"

static const struct {
	const char *key;
	const char *type;
	enum option_user user;
} known[] = {
#define O(key, type, user) { key, type, user },
	SESSION_OPTIONS(O)
#undef O
};

static gboolean check_one(const char *key, GVariant *value, GError **error)
{
	for (guint i = 0; i < G_N_ELEMENTS(known); i++) {
		if (strcmp(known[i].key, key) != 0)
			continue;
		if (g_variant_is_of_type(value, G_VARIANT_TYPE(known[i].type)))
			return TRUE;
		g_set_error(error, REASON_ERROR, REASON_CONFIGURATION,
			    "option \"%s\" is of type %s instead of %s", key,
			    g_variant_get_type_string(value), known[i].type);
		return FALSE;
	}
	g_set_error(error, REASON_ERROR, REASON_CONFIGURATION, "there is no option \"%s\"", key);
	return FALSE;
}

gboolean options_check(GVariant *options, GError **error)
{
	GVariantIter iter;
	const char *key;
	GVariant *item;
	guint intent = 0;

	g_variant_iter_init(&iter, options);
	while (g_variant_iter_next(&iter, "{&sv}", &key, &item)) {
		g_autoptr(GVariant) value = item;

		if (!check_one(key, value, error))
			return FALSE;
	}
	if (g_variant_lookup(options, "go-intent", "u", &intent) && intent > 15) {
		g_set_error(error, REASON_ERROR, REASON_CONFIGURATION,
			    "option \"go-intent\" is %u, it goes from 0 to 15", intent);
		return FALSE;
	}
	return TRUE;
}

void options_copy_for_umd(GVariant *options, GVariantDict *config)
{
	for (guint i = 0; i < G_N_ELEMENTS(known); i++) {
		g_autoptr(GVariant) value = NULL;

		if (known[i].user == OPTION_UMD)
			value = g_variant_lookup_value(options, known[i].key, NULL);
		if (value)
			g_variant_dict_insert_value(config, known[i].key, value);
	}
}

gboolean options_parse_mode(const char *text, GVariantDict *options, GError **error)
{
	g_autoptr(GRegex) regex =
		g_regex_new("^([1-9][0-9]{1,4})x([1-9][0-9]{1,4})(?:@([1-9][0-9]{1,2}(?:\\.[0-9]{1,3})?))?$",
			    0, 0, NULL);
	g_autoptr(GMatchInfo) match = NULL;
	g_autofree char *width = NULL, *height = NULL, *refresh = NULL;

	if (!g_regex_match(regex, text, 0, &match)) {
		g_set_error(error, REASON_ERROR, REASON_CONFIGURATION,
			    "\"%s\" is not a mode: WIDTHxHEIGHT or WIDTHxHEIGHT@HERTZ", text);
		return FALSE;
	}
	width = g_match_info_fetch(match, 1);
	height = g_match_info_fetch(match, 2);
	refresh = g_match_info_fetch(match, 3);
	g_variant_dict_insert(options, "width", "u", (guint)g_ascii_strtoull(width, NULL, 10));
	g_variant_dict_insert(options, "height", "u", (guint)g_ascii_strtoull(height, NULL, 10));
	if (refresh && *refresh)
		g_variant_dict_insert(options, "refresh", "u",
				      (guint)(g_ascii_strtod(refresh, NULL) * 1000 + 0.5));
	return TRUE;
}
