/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "wfd-params.h"

struct line {
	char *name;
	char *value;
};

struct wfd_params {
	GArray *lines; /* struct line */
};

static void line_clear(gpointer data)
{
	struct line *line = data;

	g_free(line->name);
	g_free(line->value);
}

wfd_params *wfd_params_new(void)
{
	wfd_params *params = g_new0(wfd_params, 1);

	params->lines = g_array_new(FALSE, FALSE, sizeof(struct line));
	g_array_set_clear_func(params->lines, line_clear);
	return params;
}

void wfd_params_free(wfd_params *params)
{
	if (!params)
		return;
	g_array_unref(params->lines);
	g_free(params);
}

static gboolean body_is_text(const char *body, gsize len, GError **error)
{
	for (gsize i = 0; i < len; i++) {
		guchar c = body[i];

		if ((c < 0x20 && c != '\r' && c != '\n' && c != '\t') || c == 0x7f) {
			g_set_error(error, WFD_ERROR, WFD_ERROR_SYNTAX,
				    "control character 0x%02x at byte %" G_GSIZE_FORMAT
				    " of a parameter list",
				    c, i);
			return FALSE;
		}
	}
	return TRUE;
}

/* Takes one line without its end; an empty one is no parameter. */
static gboolean parse_line(wfd_params *params, const char *text, gsize len, GError **error)
{
	g_autofree char *copy = g_strndup(text, len);
	struct line line = { 0 };
	char *colon;

	g_strstrip(copy);
	if (!*copy)
		return TRUE;
	if (params->lines->len >= WFD_PARAMS_MAX_LINES) {
		g_set_error(error, WFD_ERROR, WFD_ERROR_TOO_BIG,
			    "more than %d lines in a parameter list", WFD_PARAMS_MAX_LINES);
		return FALSE;
	}

	colon = strchr(copy, ':');
	if (colon)
		*colon = '\0';
	g_strchomp(copy);
	if (!*copy || strlen(copy) > WFD_PARAMS_MAX_NAME || strpbrk(copy, " \t\r")) {
		g_set_error(error, WFD_ERROR, WFD_ERROR_SYNTAX,
			    "line %u of a parameter list has no parameter name",
			    params->lines->len + 1);
		return FALSE;
	}
	if (colon && strchr(colon + 1, '\r')) {
		g_set_error(error, WFD_ERROR, WFD_ERROR_SYNTAX,
			    "%s: a carriage return inside the value", copy);
		return FALSE;
	}
	line.name = g_strdup(copy);
	if (colon)
		line.value = g_strdup(g_strchug(colon + 1));
	g_array_append_val(params->lines, line);
	return TRUE;
}

wfd_params *wfd_params_parse(const void *body, gsize len, GError **error)
{
	g_autoptr(wfd_params) params = wfd_params_new();
	const char *pos = body ? body : "";
	const char *end = pos + len;

	if (len > WFD_PARAMS_MAX_BODY) {
		g_set_error(error, WFD_ERROR, WFD_ERROR_TOO_BIG,
			    "a parameter list of %" G_GSIZE_FORMAT " bytes; the limit is %d", len,
			    WFD_PARAMS_MAX_BODY);
		return NULL;
	}
	if (!body_is_text(pos, len, error))
		return NULL;

	while (pos < end) {
		const char *newline = memchr(pos, '\n', end - pos);
		const char *stop = newline ? newline : end;

		if (!parse_line(params, pos, stop - pos, error))
			return NULL;
		pos = newline ? newline + 1 : end;
	}
	return g_steal_pointer(&params);
}

guint wfd_params_n(const wfd_params *params)
{
	return params->lines->len;
}

struct wfd_param wfd_params_at(const wfd_params *params, guint i)
{
	const struct line *line = &g_array_index(params->lines, struct line, i);

	return (struct wfd_param){ .name = line->name, .value = line->value };
}

static const struct line *find(const wfd_params *params, const char *name)
{
	for (guint i = 0; i < params->lines->len; i++) {
		const struct line *line = &g_array_index(params->lines, struct line, i);

		if (g_ascii_strcasecmp(line->name, name) == 0)
			return line;
	}
	return NULL;
}

gboolean wfd_params_has(const wfd_params *params, const char *name)
{
	return find(params, name) != NULL;
}

const char *wfd_params_get(const wfd_params *params, const char *name)
{
	const struct line *line = find(params, name);

	if (!line)
		return NULL;
	return line->value ? line->value : "";
}

void wfd_params_add(wfd_params *params, const char *name, const char *value)
{
	struct line line = { .name = g_strdup(name), .value = g_strdup(value) };

	g_array_append_val(params->lines, line);
}

void wfd_params_addf(wfd_params *params, const char *name, const char *format, ...)
{
	struct line line = { .name = g_strdup(name) };
	va_list args;

	va_start(args, format);
	line.value = g_strdup_vprintf(format, args);
	va_end(args);
	g_array_append_val(params->lines, line);
}

char *wfd_params_format(const wfd_params *params, gsize *len)
{
	GString *body = g_string_new(NULL);

	for (guint i = 0; i < params->lines->len; i++) {
		const struct line *line = &g_array_index(params->lines, struct line, i);

		g_string_append(body, line->name);
		if (line->value)
			g_string_append_printf(body, ": %s", line->value);
		g_string_append(body, "\r\n");
	}
	if (len)
		*len = body->len;
	return g_string_free(body, FALSE);
}

static void param_error_clear(gpointer data)
{
	g_free(((struct wfd_param_error *)data)->name);
}

/* FALSE leaves the codes read so far. */
static gboolean parse_codes(const char *value, struct wfd_param_error *out)
{
	const char *pos = value;

	while (out->n_codes < G_N_ELEMENTS(out->codes)) {
		char *end;
		guint64 code;

		while (g_ascii_isspace(*pos))
			pos++;
		if (!g_ascii_isdigit(*pos))
			return FALSE;
		code = g_ascii_strtoull(pos, &end, 10);
		if (code > G_MAXUINT16)
			return FALSE;
		out->codes[out->n_codes++] = code;
		pos = end;
		while (g_ascii_isspace(*pos))
			pos++;
		if (!*pos)
			return TRUE;
		if (*pos++ != ',')
			return FALSE;
	}
	return FALSE;
}

GArray *wfd_param_errors_parse(const void *body, gsize len, GError **error)
{
	g_autoptr(wfd_params) params = wfd_params_parse(body, len, error);
	GArray *errors;

	if (!params)
		return NULL;

	errors = g_array_new(FALSE, FALSE, sizeof(struct wfd_param_error));
	g_array_set_clear_func(errors, param_error_clear);
	for (guint i = 0; i < wfd_params_n(params); i++) {
		struct wfd_param param = wfd_params_at(params, i);
		struct wfd_param_error entry = { .name = g_strdup(param.name) };

		if (!parse_codes(param.value ? param.value : "", &entry) && entry.n_codes == 0)
			entry.codes[entry.n_codes++] = WFD_REASON_UNKNOWN;
		g_array_append_val(errors, entry);
	}
	return errors;
}

char *wfd_param_errors_to_string(const GArray *errors)
{
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < errors->len; i++) {
		const struct wfd_param_error *entry = &g_array_index(errors, struct wfd_param_error, i);

		g_string_append_printf(text, "%s%s: ", i ? "; " : "", entry->name);
		for (guint j = 0; j < entry->n_codes; j++)
			g_string_append_printf(text, "%s%s (%u)", j ? ", " : "",
					       wfd_reason_text(entry->codes[j]), entry->codes[j]);
	}
	return g_string_free(text, FALSE);
}
