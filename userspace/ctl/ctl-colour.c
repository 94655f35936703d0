// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Words in colours: see ctl-colour.h.
 */
#include "ctl-colour.h"

#include <string.h>
#include <unistd.h>

/* ECMA-48, "select graphic rendition": the eight colours that every terminal has, in the shades of its user. */
static const char *const begin[] = {
	[COLOUR_NONE] = "",
	[COLOUR_GOOD] = "\033[32m",
	[COLOUR_FAIR] = "\033[33m",
	[COLOUR_POOR] = "\033[31m",
};
#define END "\033[0m"

gboolean colour_is_wanted(gboolean terminal, const char *term, const char *no_color)
{
	return terminal && term && *term && strcmp(term, "dumb") != 0 && !(no_color && *no_color);
}

static gboolean stdout_has_colours(void)
{
	static int known = -1;

	if (known < 0)
		known = colour_is_wanted(isatty(STDOUT_FILENO), g_getenv("TERM"), g_getenv("NO_COLOR"));
	return known;
}

void colour_print(enum colour colour, const char *word, guint columns)
{
	gboolean coloured = colour != COLOUR_NONE && stdout_has_colours();
	guint used = strlen(word);

	g_print("%s%s%s%*s", coloured ? begin[colour] : "", word, coloured ? END : "", used < columns ? (int)(columns - used) : 0,
		"");
}
