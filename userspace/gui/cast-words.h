/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cast-words.h - what is shown of displays and of the daemon, in the user's language
 *
 * Fixed texts of the daemon, such as hints, are in the catalogue and are translated; its sentences about one case are
 * shown as they are.  Results are plain text and are to be freed, unless they are const.  Any thread, once the
 * catalogue is bound.
 */
#pragma once

#include "cast-daemon.h"

G_BEGIN_DECLS

#define CAST_GETTEXT_DOMAIN "miracast-cast"

/* The catalogue's text, or @text itself; "" stays "". */
const char *cast_words(const char *text);
/* A line for its row: what it does, and how well. */
char *cast_words_status(CastDisplay *display);
/* While pictures flow, which and whether with sound: "1280 × 720, 60 Hz"; "" */
char *cast_words_mode(CastDisplay *display);
/* Of a row of cast_display_numbers(): what it is, how good that is, both: "Delay", "fair", "Delay: fair" */
char *cast_words_what(const struct quality_row *row);
const char *cast_words_verdict(const struct quality_row *row);
char *cast_words_number(const struct quality_row *row);
/* What happened and what to do, of a failure, of a cast that waits, or of an answer that was not taken, in one text; "" */
char *cast_words_trouble(CastDisplay *display);

/* Why the last change of what is kept of it was refused; "" */
char *cast_words_problem(CastDisplay *display);

/*
 * For a notification about a display that has come to another state: its title and text.  FALSE: there is nothing that
 * people have to be told.
 *
 * What shows notifications may take "<" and "&" of the text for markup: there are none.
 */
gboolean cast_words_notification(CastDisplay *display, char **title, char **body);

G_END_DECLS
