// SPDX-License-Identifier: LGPL-2.1-or-later
#include "wfd-quirks.h"

#include <gio/gio.h>
#include <string.h>

#include "quirks-resource.h"
#include "wfd-error.h"
#include "wfd-values.h"

/* What a key looks at: the members of struct wfd_sink_identity. */
enum subject {
	USER_AGENT = 1 << 0,
	SERVER = 1 << 1,
	MANUFACTURER = 1 << 2,
	MODEL = 1 << 3,
	DEVICE_NAME = 1 << 4,
	DEVICE_MODEL = 1 << 5,
	ADDRESS = 1 << 6,
};

static const struct key {
	const char *name;
	guint subjects;
} keys[] = {
	{ "any", USER_AGENT | SERVER | MANUFACTURER | MODEL | DEVICE_NAME | DEVICE_MODEL },
	{ "user-agent", USER_AGENT | SERVER },
	{ "manufacturer", MANUFACTURER | DEVICE_MODEL },
	{ "model", MODEL | DEVICE_MODEL },
	{ "name", DEVICE_NAME },
	{ "address", ADDRESS },
};

/* One of a list of words; each stands for a value. */
struct word {
	const char *name;
	guint value;
};

enum value_type {
	TYPE_NUMBER, /* 0, if it is allowed besides, or from least to most; times factor */
	TYPE_BOOLEAN,
	TYPE_WORD,
	TYPE_WORDS, /* several; a mask of their values */
};

static const struct word keep_alive_words[] = {
	{ "auto", WFD_KEEPALIVE_AUTO },
	{ "on", WFD_KEEPALIVE_ON },
	{ "off", WFD_KEEPALIVE_OFF },
	{ NULL, 0 },
};

static const struct word codec_words[] = {
	{ "LPCM", 1u << WFD_AUDIO_LPCM },
	{ "AAC", 1u << WFD_AUDIO_AAC },
	{ "AC3", 1u << WFD_AUDIO_AC3 },
	{ NULL, 0 },
};

static const struct kind {
	const char *name;
	gsize offset;
	enum value_type type;
	const struct word *words;
	gboolean zero;
	guint least;
	guint most;
	guint factor;
} kinds[] = {
#define FIELD(field) G_STRUCT_OFFSET(struct wfd_quirks, field)
	{ "keep-alive", FIELD(keepalive), TYPE_WORD, keep_alive_words, 0, 0, 0, 0 },
	/* 6.5.1: at least 10 s. */
	{ "session-timeout", FIELD(session_timeout), TYPE_NUMBER, NULL, TRUE, 10, 3600, 1 },
	{ "session-id-length", FIELD(max_session_id), TYPE_NUMBER, NULL, FALSE, 1, 15, 1 },
	{ "audio-required", FIELD(audio_required), TYPE_BOOLEAN, NULL, 0, 0, 0, 0 },
	{ "audio-codecs", FIELD(audio_codecs), TYPE_WORDS, codec_words, 0, 0, 0, 0 },
	{ "standby", FIELD(standby), TYPE_BOOLEAN, NULL, 0, 0, 0, 0 },
	{ "pmt-pid", FIELD(pmt_pid), TYPE_NUMBER, NULL, FALSE, 0x20, 0x1ffe, 1 },
	{ "baseline-only", FIELD(baseline_only), TYPE_BOOLEAN, NULL, 0, 0, 0, 0 },
	{ "max-bit-rate", FIELD(max_bit_rate), TYPE_NUMBER, NULL, TRUE, 100, 100000, 1000 },
	{ "short-m3", FIELD(short_m3), TYPE_BOOLEAN, NULL, 0, 0, 0, 0 },
	{ "frame-marker", FIELD(frame_marker), TYPE_BOOLEAN, NULL, 0, 0, 0, 0 },
	{ "lead", FIELD(lead_ms), TYPE_NUMBER, NULL, TRUE, 50, 1000, 1 },
	{ "plain-video", FIELD(plain_video), TYPE_BOOLEAN, NULL, 0, 0, 0, 0 },
#undef FIELD
};

/* All fields but the name are set alike. */
G_STATIC_ASSERT(sizeof(enum wfd_keepalive) == sizeof(guint) && sizeof(gboolean) == sizeof(guint));

static const struct wfd_quirks defaults = {
	.name = "default",
	.keepalive = WFD_KEEPALIVE_AUTO,
	.max_session_id = 15,
	.session_timeout = 30,
	.audio_codecs = ~0u,
	.standby = TRUE,
	.pmt_pid = 0x0100,
};

struct row {
	char *name;
	char **words[G_N_ELEMENTS(keys)]; /* NULL: that key is not there */
	guint has_key;			  /* mask over keys */
	guint sets;			  /* mask over kinds */
	guint values[G_N_ELEMENTS(kinds)];
};

struct wfd_quirk_table {
	GPtrArray *rows;
};

static void row_free(gpointer data)
{
	struct row *row = data;

	if (!row)
		return;
	g_free(row->name);
	for (guint i = 0; i < G_N_ELEMENTS(keys); i++)
		g_strfreev(row->words[i]);
	g_free(row);
}

typedef struct row quirk_row;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(quirk_row, row_free)

/* --------------------------------------------------------------- reading rows */

static char *choices(const struct word *words)
{
	GString *text = g_string_new(NULL);

	for (; words->name; words++)
		g_string_append_printf(text, "%s%s", text->len ? ", " : "", words->name);
	return g_string_free(text, FALSE);
}

static gboolean look_up(const struct word *words, const char *text, guint *value)
{
	for (; words->name; words++) {
		if (g_ascii_strcasecmp(words->name, text) == 0) {
			*value = words->value;
			return TRUE;
		}
	}
	return FALSE;
}

static gboolean read_words(const struct kind *kind, const char *text, guint *value)
{
	g_auto(GStrv) parts = g_strsplit(text, kind->type == TYPE_WORDS ? ";" : "\n", -1);
	guint mask = 0;

	for (guint i = 0; parts[i]; i++) {
		guint one;

		g_strstrip(parts[i]);
		/* A list may end with ";", as lists of this format do. */
		if (!*parts[i] && i > 0 && !parts[i + 1])
			break;
		if (!look_up(kind->words, parts[i], &one))
			return FALSE;
		mask |= one;
	}
	*value = mask;
	return parts[0] && (kind->type != TYPE_WORDS || mask);
}

static gboolean read_boolean(const char *text, guint *value)
{
	*value = strcmp(text, "true") == 0;
	return *value || strcmp(text, "false") == 0;
}

static gboolean read_number(const struct kind *kind, const char *text, guint *value)
{
	guint base = g_str_has_prefix(text, "0x") ? 16 : 10;
	guint64 number;

	if (!g_ascii_string_to_unsigned(base == 16 ? text + 2 : text, base, 0, G_MAXUINT, &number, NULL))
		return FALSE;
	if ((number || !kind->zero) && (number < kind->least || number > kind->most))
		return FALSE;
	*value = (guint)number * kind->factor;
	return TRUE;
}

static gboolean read_setting(const struct kind *kind, const char *text, guint *value)
{
	switch (kind->type) {
	case TYPE_NUMBER:
		return read_number(kind, text, value);
	case TYPE_BOOLEAN:
		return read_boolean(text, value);
	case TYPE_WORD:
	case TYPE_WORDS:
		return read_words(kind, text, value);
	}
	g_assert_not_reached();
}

static char *what_is_right(const struct kind *kind)
{
	g_autofree char *names = kind->words ? choices(kind->words) : NULL;

	switch (kind->type) {
	case TYPE_NUMBER:
		return g_strdup_printf("%s%u to %u", kind->zero ? "0, or " : "", kind->least, kind->most);
	case TYPE_BOOLEAN:
		return g_strdup("true or false");
	case TYPE_WORD:
		return g_strdup_printf("one of %s", names);
	case TYPE_WORDS:
		return g_strdup_printf("some of %s, with \";\" between them", names);
	}
	g_assert_not_reached();
}

static gboolean add_words(struct row *row, guint key, const char *text, GError **error)
{
	g_auto(GStrv) parts = g_strsplit(text, ";", -1);
	g_autoptr(GStrvBuilder) words = g_strv_builder_new();
	guint n = 0;

	for (guint i = 0; parts[i]; i++) {
		g_strstrip(parts[i]);
		if (*parts[i]) {
			g_strv_builder_add(words, parts[i]);
			n++;
		}
	}
	if (!n) {
		g_set_error(error, WFD_ERROR, WFD_ERROR_RANGE, "[%s] %s= names nothing", row->name,
			    keys[key].name);
		return FALSE;
	}
	row->words[key] = g_strv_builder_end(words);
	row->has_key |= 1u << key;
	return TRUE;
}

static gboolean add_setting(struct row *row, guint i, const char *text, GError **error)
{
	g_autofree char *right = NULL;

	if (read_setting(&kinds[i], text, &row->values[i])) {
		row->sets |= 1u << i;
		return TRUE;
	}
	right = what_is_right(&kinds[i]);
	g_set_error(error, WFD_ERROR, WFD_ERROR_RANGE, "[%s] %s=%s: should be %s", row->name,
		    kinds[i].name, text, right);
	return FALSE;
}

static gboolean add_line(struct row *row, const char *name, const char *text, GError **error)
{
	for (guint i = 0; i < G_N_ELEMENTS(keys); i++) {
		if (strcmp(keys[i].name, name) == 0)
			return add_words(row, i, text, error);
	}
	for (guint i = 0; i < G_N_ELEMENTS(kinds); i++) {
		if (strcmp(kinds[i].name, name) == 0)
			return add_setting(row, i, text, error);
	}
	g_set_error(error, WFD_ERROR, WFD_ERROR_SYNTAX, "[%s] %s= is not known", row->name, name);
	return FALSE;
}

static struct row *read_row(GKeyFile *file, const char *group, GError **error)
{
	g_autoptr(quirk_row) row = g_new0(struct row, 1);
	g_auto(GStrv) names = g_key_file_get_keys(file, group, NULL, error);

	if (!names)
		return NULL;
	row->name = g_strdup(group);
	for (guint i = 0; names[i]; i++) {
		g_autofree char *text = g_key_file_get_string(file, group, names[i], NULL);

		if (!text) {
			g_set_error(error, WFD_ERROR, WFD_ERROR_SYNTAX, "[%s] %s= is not text", group, names[i]);
			return NULL;
		}
		if (!add_line(row, names[i], g_strstrip(text), error))
			return NULL;
	}
	if (row->sets && !row->has_key) {
		g_set_error(error, WFD_ERROR, WFD_ERROR_MISSING,
			    "[%s] does not say for which display; any=, name=, model= and others do", group);
		return NULL;
	}
	return g_steal_pointer(&row);
}

static GPtrArray *read_rows(const char *text, GError **error)
{
	g_autoptr(GKeyFile) file = g_key_file_new();
	g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func(row_free);
	g_auto(GStrv) groups = NULL;
	g_autoptr(GError) cause = NULL;
	gsize n;

	if (!g_key_file_load_from_data(file, text, strlen(text), G_KEY_FILE_NONE, &cause)) {
		g_set_error(error, WFD_ERROR, WFD_ERROR_SYNTAX, "%s", cause->message);
		return NULL;
	}
	groups = g_key_file_get_groups(file, &n);
	if (n > WFD_QUIRKS_MAX_ROWS) {
		g_set_error(error, WFD_ERROR, WFD_ERROR_TOO_BIG, "more than %d rows", WFD_QUIRKS_MAX_ROWS);
		return NULL;
	}
	for (gsize i = 0; i < n; i++) {
		struct row *row = read_row(file, groups[i], error);

		if (!row)
			return NULL;
		g_ptr_array_add(rows, row);
	}
	return g_steal_pointer(&rows);
}

/* ------------------------------------------------------------------ the table */

static void drop_row(GPtrArray *rows, const char *name)
{
	for (guint i = 0; i < rows->len; i++) {
		const struct row *row = g_ptr_array_index(rows, i);

		if (strcmp(row->name, name) == 0) {
			g_ptr_array_remove_index(rows, i);
			return;
		}
	}
}

gboolean wfd_quirk_table_add(wfd_quirk_table *table, const char *text, GError **error)
{
	g_autoptr(GPtrArray) rows = NULL;

	if (strlen(text) > WFD_QUIRKS_MAX_TEXT) {
		g_set_error(error, WFD_ERROR, WFD_ERROR_TOO_BIG, "more than %d bytes", WFD_QUIRKS_MAX_TEXT);
		return FALSE;
	}
	rows = read_rows(text, error);
	if (!rows)
		return FALSE;
	while (rows->len) {
		struct row *row = g_ptr_array_steal_index(rows, 0);

		drop_row(table->rows, row->name);
		g_ptr_array_add(table->rows, row);
	}
	return TRUE;
}

wfd_quirk_table *wfd_quirk_table_new(void)
{
	wfd_quirk_table *table = g_new0(wfd_quirk_table, 1);
	g_autoptr(GBytes) text = g_resource_lookup_data(wfd_quirks_get_resource(), "/miracast/quirks.conf",
							G_RESOURCE_LOOKUP_FLAGS_NONE, NULL);
	g_autoptr(GError) error = NULL;

	table->rows = g_ptr_array_new_with_free_func(row_free);
	/* GResource ends its data with a NUL. Built in and tested. */
	if (!wfd_quirk_table_add(table, g_bytes_get_data(text, NULL), &error))
		g_error("quirks.conf: %s", error->message);
	return table;
}

void wfd_quirk_table_free(wfd_quirk_table *table)
{
	if (!table)
		return;
	g_ptr_array_unref(table->rows);
	g_free(table);
}

/* ------------------------------------------------------------------- matching */

static gboolean has_word(const char *text, const char *word)
{
	gsize len = strlen(word);

	for (const char *pos = text; *pos; pos++) {
		if ((pos == text || !g_ascii_isalnum(pos[-1])) &&
		    g_ascii_strncasecmp(pos, word, len) == 0 && !g_ascii_isalnum(pos[len]))
			return TRUE;
	}
	return FALSE;
}

static gboolean key_fits(const struct key *key, char **words, const struct wfd_sink_identity *identity)
{
	const char *const texts[] = {
		identity->user_agent,  identity->server,       identity->manufacturer, identity->model,
		identity->device_name, identity->device_model, identity->address,
	};

	for (; *words; words++) {
		for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
			if (!(key->subjects & 1u << i) || !texts[i])
				continue;
			if (1u << i == ADDRESS ? g_ascii_strncasecmp(texts[i], *words, strlen(*words)) == 0 :
						 has_word(texts[i], *words))
				return TRUE;
		}
	}
	return FALSE;
}

static gboolean row_fits(const struct row *row, const struct wfd_sink_identity *identity)
{
	for (guint i = 0; i < G_N_ELEMENTS(keys); i++) {
		if (row->words[i] && !key_fits(&keys[i], row->words[i], identity))
			return FALSE;
	}
	return row->has_key != 0;
}

static void apply(struct wfd_quirks *out, const struct row *row, gboolean first)
{
	if (first)
		out->name[0] = '\0';
	else
		g_strlcat(out->name, "+", sizeof(out->name));
	g_strlcat(out->name, row->name, sizeof(out->name));
	for (guint i = 0; i < G_N_ELEMENTS(kinds); i++) {
		if (row->sets & 1u << i)
			G_STRUCT_MEMBER(guint, out, kinds[i].offset) = row->values[i];
	}
}

void wfd_quirks_match(const wfd_quirk_table *table, const struct wfd_sink_identity *identity,
		      struct wfd_quirks *out)
{
	gboolean first = TRUE;

	*out = defaults;
	for (guint i = 0; i < table->rows->len; i++) {
		const struct row *row = g_ptr_array_index(table->rows, i);

		if (!row_fits(row, identity))
			continue;
		apply(out, row, first);
		first = FALSE;
	}
}
