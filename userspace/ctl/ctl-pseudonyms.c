// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Text without personal data: see ctl-pseudonyms.h.
 */
#include "ctl-pseudonyms.h"

#include <string.h>

#include <gio/gio.h>

struct known {
	const char *word; /* interned */
	char *text;
};

struct pseudonyms {
	char *key;
	GHashTable *known; /* folded text -> struct known */
	GRegex *regex;     /* of all; NULL: something was added */
};

/* Not in the middle of a word. */
#define BEGIN "(?<![\\p{L}\\p{N}])"
#define END "(?![\\p{L}\\p{N}])"
#define HEX "[0-9a-f]"
#define VALUE "[^\\s\"',;()]+"
#define REMOVED "[removed]"

/*
 * In this order at each place. A group's name tells what it is; what stands before the thing, and stays, is in a group
 * whose name begins with "before".
 */
static const char patterns[] =
	BEGIN "(?<mac>" HEX "{2}(?:[:-]" HEX "{2}){5}|" HEX "{12})" END "|"
	BEGIN "(?<id>" HEX "{8}(?:-" HEX "{4}){3}-" HEX "{12}|" HEX "{32})" END "|"
	"(?<![\\p{L}\\p{N}:.])(?<ip>(?:" HEX "*:" HEX "*:[0-9a-f:.]*" HEX "|" HEX "+(?::" HEX "+)*::)(?!:)|"
	"\\d{1,3}(?:\\.\\d{1,3}){3}(?!\\.\\d))" END "|"
	BEGIN "(?<network>(?-i:DIRECT-)" VALUE ")|"
	BEGIN "(?<before_serial>serial(?: number)?[\"']?\\s*[=:]?\\s*[\"']?)(?<=[\\s=:\"'])(?<serial>" VALUE ")|"
	BEGIN "(?<before_device>alsa_(?:output|card)\\.miracast-)(?<device>" VALUE ")|"
	"(?<before_user>/home/)(?<user>[^/\\s\"',;()]+)|"
	BEGIN "(?<before_secret>(?:pin|psk|passphrase|password)[\"']?\\s*[=:]\\s*[\"']?)(?<secret>(?<=\")[^\"]*|(?<=')[^']*|" VALUE ")";

static const char *const groups[] = { "mac", "id", "ip", "network", "serial", "device", "user", "secret" };

static void known_free(gpointer data)
{
	struct known *known = data;

	g_free(known->text);
	g_free(known);
}

/* ---- a pseudonym ------------------------------------------------------------ */

static char *make(pseudonyms *p, const char *word, const char *thing)
{
	g_autofree char *folded = g_utf8_casefold(thing, -1);
	g_autofree char *digest = g_compute_hmac_for_string(G_CHECKSUM_SHA256, (const guchar *)p->key,
							    strlen(p->key), folded, -1);

	return g_strdup_printf("%s-%.6s", word, digest);
}

static char *hex_digits(const char *text)
{
	GString *digits = g_string_new(NULL);

	for (; *text; text++) {
		if (g_ascii_isxdigit(*text))
			g_string_append_c(digits, *text);
	}
	return g_string_free(digits, FALSE);
}

/* NULL: it is no address, or one that everybody has. */
static char *address(const char *text)
{
	g_autoptr(GInetAddress) inet = g_inet_address_new_from_string(text);

	if (!inet || g_inet_address_get_is_loopback(inet) || g_inet_address_get_is_any(inet))
		return NULL;
	return g_inet_address_to_string(inet);
}

/* What stands in the place of @thing, which a group has found. */
static char *replacement(pseudonyms *p, const char *group, const char *thing)
{
	g_autofree char *same = NULL;

	if (strcmp(group, "secret") == 0)
		return g_strdup(REMOVED);
	if (strcmp(group, "mac") == 0)
		same = hex_digits(thing);
	else if (strcmp(group, "ip") == 0)
		same = address(thing);
	else
		same = g_strdup(thing);
	return same ? make(p, group, same) : g_strdup(thing);
}

/* ---- text --------------------------------------------------------------------- */

static int compare_lengths(gconstpointer a, gconstpointer b)
{
	gsize first = strlen(*(const char *const *)a), second = strlen(*(const char *const *)b);

	return first > second ? -1 : first < second;
}

/* The longest first: "TV" is in "TV kitchen". */
static GRegex *compile(pseudonyms *p)
{
	g_autoptr(GPtrArray) known = g_ptr_array_new();
	g_autoptr(GString) all = g_string_new(NULL);
	g_autoptr(GError) error = NULL;
	GHashTableIter iter;
	struct known *one;
	GRegex *regex;

	g_hash_table_iter_init(&iter, p->known);
	while (g_hash_table_iter_next(&iter, NULL, (gpointer *)&one))
		g_ptr_array_add(known, one->text);
	g_ptr_array_sort(known, compare_lengths);
	for (guint i = 0; i < known->len; i++) {
		g_autofree char *escaped = g_regex_escape_string(g_ptr_array_index(known, i), -1);

		g_string_append_printf(all, "%s%s", i ? "|" : BEGIN "(?<known>", escaped);
	}
	g_string_append(all, known->len ? ")" END "|" : "");
	g_string_append(all, patterns);
	regex = g_regex_new(all->str, G_REGEX_CASELESS | G_REGEX_OPTIMIZE, 0, &error);
	if (!regex)
		g_error("pseudonyms: %s", error->message);
	return regex;
}

static gboolean replace(const GMatchInfo *match, GString *result, gpointer user_data)
{
	pseudonyms *p = user_data;
	g_autofree char *known = g_match_info_fetch_named(match, "known");

	if (known && *known) {
		g_autofree char *folded = g_utf8_casefold(known, -1);
		const struct known *one = g_hash_table_lookup(p->known, folded);
		g_autofree char *name = make(p, one ? one->word : "name", known);

		g_string_append(result, name);
		return FALSE;
	}
	for (guint i = 0; i < G_N_ELEMENTS(groups); i++) {
		g_autofree char *before_name = g_strconcat("before_", groups[i], NULL);
		g_autofree char *thing = g_match_info_fetch_named(match, groups[i]);
		g_autofree char *before = g_match_info_fetch_named(match, before_name);
		g_autofree char *instead = NULL;

		if (!thing || !*thing)
			continue;
		instead = replacement(p, groups[i], thing);
		g_string_append_printf(result, "%s%s", before ? before : "", instead);
		return FALSE;
	}
	return FALSE;
}

/* Some displays have nothing else to call themselves. */
static gboolean is_address(const char *text)
{
	g_autoptr(GInetAddress) inet = g_inet_address_new_from_string(text);

	return inet || g_regex_match_simple("^" HEX "{2}([:-]" HEX "{2}){5}$", text, G_REGEX_CASELESS, 0);
}

void pseudonyms_add(pseudonyms *p, const char *word, const char *text)
{
	g_autofree char *stripped = g_strstrip(g_strdup(text));
	g_autofree char *folded = g_utf8_casefold(stripped, -1);
	struct known *known;

	if (g_utf8_strlen(stripped, -1) < 2 || is_address(stripped) || g_hash_table_contains(p->known, folded))
		return;
	known = g_new0(struct known, 1);
	known->word = g_intern_string(word);
	known->text = g_steal_pointer(&stripped);
	g_hash_table_insert(p->known, g_steal_pointer(&folded), known);
	g_clear_pointer(&p->regex, g_regex_unref);
}

char *pseudonyms_apply(pseudonyms *p, const char *text)
{
	g_autoptr(GError) error = NULL;
	char *result;

	if (!p->regex)
		p->regex = compile(p);
	result = g_regex_replace_eval(p->regex, text, -1, 0, 0, replace, p, &error);
	/* Rather nothing than what was not looked through. */
	return result ? result : g_strdup_printf("[%s]", error->message);
}

/* ---- objects -------------------------------------------------------------------- */

/* What only a display and its user are to know, and nobody could recognise by its form. */
static gboolean is_secret(const char *member)
{
	return strcmp(member, "pin-shown") == 0;
}

static JsonNode *apply_object(pseudonyms *p, JsonObject *from)
{
	JsonNode *node = json_node_new(JSON_NODE_OBJECT);
	JsonObject *object = json_object_new();
	JsonObjectIter iter;
	const char *name;
	JsonNode *value;

	json_object_iter_init_ordered(&iter, from);
	while (json_object_iter_next_ordered(&iter, &name, &value)) {
		const char *text = JSON_NODE_HOLDS_VALUE(value) ? json_node_get_string(value) : NULL;

		if (is_secret(name) && text && *text)
			json_object_set_string_member(object, name, REMOVED);
		else
			json_object_set_member(object, name, pseudonyms_apply_json(p, value));
	}
	json_node_take_object(node, object);
	return node;
}

static JsonNode *apply_array(pseudonyms *p, JsonArray *from)
{
	JsonNode *node = json_node_new(JSON_NODE_ARRAY);
	JsonArray *array = json_array_new();

	for (guint i = 0; i < json_array_get_length(from); i++)
		json_array_add_element(array, pseudonyms_apply_json(p, json_array_get_element(from, i)));
	json_node_take_array(node, array);
	return node;
}

JsonNode *pseudonyms_apply_json(pseudonyms *p, JsonNode *node)
{
	JsonNode *copy;

	if (JSON_NODE_HOLDS_OBJECT(node))
		return apply_object(p, json_node_get_object(node));
	if (JSON_NODE_HOLDS_ARRAY(node))
		return apply_array(p, json_node_get_array(node));
	copy = json_node_copy(node);
	if (JSON_NODE_HOLDS_VALUE(node) && json_node_get_value_type(node) == G_TYPE_STRING) {
		g_autofree char *text = pseudonyms_apply(p, json_node_get_string(node));

		json_node_set_string(copy, text);
	}
	return copy;
}

pseudonyms *pseudonyms_new(const char *key)
{
	pseudonyms *p = g_new0(pseudonyms, 1);

	p->key = g_strdup(key);
	p->known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, known_free);
	return p;
}

void pseudonyms_free(pseudonyms *p)
{
	if (!p)
		return;
	g_clear_pointer(&p->regex, g_regex_unref);
	g_hash_table_unref(p->known);
	g_free(p->key);
	g_free(p);
}
