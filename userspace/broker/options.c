// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Options of sessions: see options.h.
 */
#include "options.h"

#include <string.h>

#include "reason.h"

struct option {
	const char *key;
	const char *type;
	enum option_user user;
	guint64 minimum, maximum;
	const char *words;
};

static const struct option known[] = {
#define O(key, type, user, minimum, maximum, words) { key, type, user, minimum, maximum, words },
	SESSION_OPTIONS(O)
#undef O
};

static const struct option *find(const char *key, GError **error)
{
	for (guint i = 0; i < G_N_ELEMENTS(known); i++) {
		if (strcmp(known[i].key, key) == 0)
			return &known[i];
	}
	g_set_error(error, REASON_ERROR, REASON_CONFIGURATION, "there is no option \"%s\"", key);
	return NULL;
}

static gboolean is_text(const struct option *option)
{
	return *option->type == 's';
}

/* What was given, in the form in which it was given. */
static gboolean fail(const struct option *option, const char *given, GError **error)
{
	if (option->words) {
		g_auto(GStrv) words = g_strsplit(option->words, "|", -1);
		g_autofree char *list = g_strjoinv(", ", words);

		g_set_error(error, REASON_ERROR, REASON_CONFIGURATION,
			    "option \"%s\" is \"%s\", it is one of: %s", option->key, given, list);
	} else {
		g_set_error(error, REASON_ERROR, REASON_CONFIGURATION,
			    "option \"%s\" is \"%s\", it %s %" G_GUINT64_FORMAT
			    " to %" G_GUINT64_FORMAT "%s", option->key, given,
			    is_text(option) ? "has" : "goes from", option->minimum,
			    option->maximum, is_text(option) ? " characters" : "");
	}
	return FALSE;
}

static gboolean check_text(const struct option *option, const char *text, GError **error)
{
	glong length = g_utf8_strlen(text, -1);
	g_auto(GStrv) words = option->words ? g_strsplit(option->words, "|", -1) : NULL;

	if ((guint64)length < option->minimum || (guint64)length > option->maximum ||
	    (words && !g_strv_contains((const char *const *)words, text)))
		return fail(option, text, error);
	return TRUE;
}

static gboolean check_one(const struct option *option, GVariant *value, GError **error)
{
	g_autofree char *given = NULL;
	guint64 number;

	if (!g_variant_is_of_type(value, G_VARIANT_TYPE(option->type))) {
		g_set_error(error, REASON_ERROR, REASON_CONFIGURATION,
			    "option \"%s\" is of type %s instead of %s", option->key,
			    g_variant_get_type_string(value), option->type);
		return FALSE;
	}
	if (is_text(option))
		return check_text(option, g_variant_get_string(value, NULL), error);
	number = *option->type == 't' ? g_variant_get_uint64(value) : g_variant_get_uint32(value);
	if (number >= option->minimum && number <= option->maximum)
		return TRUE;
	given = g_strdup_printf("%" G_GUINT64_FORMAT, number);
	return fail(option, given, error);
}

gboolean options_check(GVariant *options, GError **error)
{
	GVariantIter iter;
	const char *key;
	GVariant *item;

	g_variant_iter_init(&iter, options);
	while (g_variant_iter_next(&iter, "{&sv}", &key, &item)) {
		g_autoptr(GVariant) value = item;
		const struct option *option = find(key, error);

		if (!option || !check_one(option, value, error))
			return FALSE;
	}
	return TRUE;
}

gboolean options_parse(const char *key, const char *text, GVariantDict *options, GError **error)
{
	const struct option *option = find(key, error);
	guint64 number = 0;

	if (!option || !text)
		return option != NULL;
	if (is_text(option)) {
		if (!g_utf8_validate(text, -1, NULL)) {
			g_set_error(error, REASON_ERROR, REASON_CONFIGURATION,
				    "option \"%s\" is not valid UTF-8", key);
			return FALSE;
		}
		if (!check_text(option, text, error))
			return FALSE;
		g_variant_dict_insert(options, key, "s", text);
		return TRUE;
	}
	if (!g_ascii_string_to_unsigned(text, 10, option->minimum, option->maximum, &number, NULL))
		return fail(option, text, error);
	if (*option->type == 't')
		g_variant_dict_insert(options, key, "t", number);
	else
		g_variant_dict_insert(options, key, "u", (guint)number);
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

gboolean options_parse_audio(const char *text, gboolean no_sound, GVariantDict *options, GError **error)
{
	if (no_sound && text && strcmp(text, "none") != 0) {
		g_set_error(error, REASON_ERROR, REASON_CONFIGURATION,
			    "--no-sound and --audio=%s contradict each other", text);
		return FALSE;
	}
	return options_parse("audio", no_sound ? "none" : text, options, error);
}

gboolean options_parse_mode(const char *text, GVariantDict *options, GError **error)
{
	g_autoptr(GRegex) regex =
		g_regex_new("^([1-9][0-9]{1,4})x([1-9][0-9]{1,4})(?:@([1-9][0-9]{1,2}(?:\\.[0-9]{1,3})?))?$",
			    0, 0, NULL);
	g_autoptr(GMatchInfo) match = NULL;
	g_autofree char *width = NULL, *height = NULL, *hertz = NULL, *refresh = NULL;

	if (!text)
		return TRUE;
	if (!g_regex_match(regex, text, 0, &match)) {
		g_set_error(error, REASON_ERROR, REASON_CONFIGURATION,
			    "\"%s\" is not a mode: WIDTHxHEIGHT or WIDTHxHEIGHT@HERTZ", text);
		return FALSE;
	}
	width = g_match_info_fetch(match, 1);
	height = g_match_info_fetch(match, 2);
	hertz = g_match_info_fetch(match, 3);
	if (hertz && *hertz)
		refresh = g_strdup_printf("%u", (guint)(g_ascii_strtod(hertz, NULL) * 1000 + 0.5));
	return options_parse("width", width, options, error) &&
	       options_parse("height", height, options, error) &&
	       options_parse("refresh", refresh, options, error);
}
