/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * wfd-scan.h - reading the fields of a parameter value; internal
 *
 * Each function skips blanks, takes one field from *@pos and moves *@pos
 * behind it.  On failure *@pos is somewhere inside the field.
 */
#pragma once

#include <glib.h>
#include <string.h>

#include "wfd-error.h"

static inline void scan_blanks(const char **pos)
{
	while (**pos == ' ' || **pos == '\t')
		(*pos)++;
}

static inline gboolean scan_field_ends(const char *pos)
{
	return *pos == '\0' || *pos == ' ' || *pos == '\t' || *pos == ',' || *pos == ';';
}

/* Is there nothing but blanks left? */
static inline gboolean scan_end(const char **pos)
{
	scan_blanks(pos);
	return **pos == '\0';
}

/* One character, such as a comma. */
static inline gboolean scan_char(const char **pos, char c)
{
	scan_blanks(pos);
	if (**pos != c)
		return FALSE;
	(*pos)++;
	return TRUE;
}

/* A whole word, in either case. */
static inline gboolean scan_word(const char **pos, const char *word)
{
	gsize len = strlen(word);

	scan_blanks(pos);
	if (g_ascii_strncasecmp(*pos, word, len) != 0 || !scan_field_ends(*pos + len))
		return FALSE;
	*pos += len;
	return TRUE;
}

/* "name=" in front of a field; blanks around the "=" are allowed. */
static inline gboolean scan_key(const char **pos, const char *key)
{
	gsize len = strlen(key);

	scan_blanks(pos);
	if (g_ascii_strncasecmp(*pos, key, len) != 0)
		return FALSE;
	*pos += len;
	return scan_char(pos, '=');
}

/* A hexadecimal number of at most @bits (<= 64) bits. */
static inline gboolean scan_hex(const char **pos, guint bits, guint64 *out)
{
	guint64 value = 0;

	scan_blanks(pos);
	if (!g_ascii_isxdigit(**pos))
		return FALSE;
	for (; g_ascii_isxdigit(**pos); (*pos)++) {
		if (value >> 60)
			return FALSE;
		value = value << 4 | g_ascii_xdigit_value(**pos);
	}
	if (bits < 64 && value >> bits)
		return FALSE;
	*out = value;
	return scan_field_ends(*pos);
}

/* A decimal number from 0 to @max. */
static inline gboolean scan_decimal(const char **pos, guint64 max, guint64 *out)
{
	guint64 value = 0;

	scan_blanks(pos);
	if (!g_ascii_isdigit(**pos))
		return FALSE;
	for (; g_ascii_isdigit(**pos); (*pos)++) {
		if (value > (G_MAXUINT64 - 9) / 10)
			return FALSE;
		value = value * 10 + g_ascii_digit_value(**pos);
	}
	*out = value;
	return value <= max && scan_field_ends(*pos);
}

/* Is the whole value the word "none"? */
static inline gboolean scan_is_none(const char *value)
{
	return scan_word(&value, "none") && scan_end(&value);
}

/* Error of a parser whose value does not follow the grammar; returns FALSE. */
static inline gboolean scan_fail(GError **error, const char *name, const char *value,
				 const char *at, const char *expected)
{
	g_autofree char *shown = g_strndup(value, 80);

	g_set_error(error, WFD_ERROR, WFD_ERROR_SYNTAX,
		    "%s: expected %s at character %" G_GSIZE_FORMAT " of \"%s%s\"", name, expected,
		    (gsize)(at - value) + 1, shown, strlen(value) > 80 ? "..." : "");
	return FALSE;
}
