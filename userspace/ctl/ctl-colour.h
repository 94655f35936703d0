/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ctl-colour.h - words that say whether it is good, in green, yellow and red
 *
 * Only for people: on a terminal that knows colours, and if they do not say that they want none (NO_COLOR, see
 * https://no-color.org).  The words say the same without.  One thread.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

enum colour {
	COLOUR_NONE,
	COLOUR_GOOD,
	COLOUR_FAIR,
	COLOUR_POOR,
};

/**
 * colour_is_wanted - shall words be coloured?
 * @terminal: what is printed goes to one
 * @term: $TERM; NULL: not set
 * @no_color: $NO_COLOR; NULL: not set
 */
gboolean colour_is_wanted(gboolean terminal, const char *term, const char *no_color);

/* Prints @word to stdout, coloured if that is wanted there, and spaces up to @columns. */
void colour_print(enum colour colour, const char *word, guint columns);

G_END_DECLS
