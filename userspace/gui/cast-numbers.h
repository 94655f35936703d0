/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cast-numbers.h - the part of a row that says what a cast does, number by number, and how good each is
 *
 * The rows of cast_display_numbers(), which is what `miracastctl status` shows, behind an expander; there while there are
 * any.  Holds a reference to its display and keeps itself up to date while it is open, each second, without making anything
 * anew: who is at a number stays there.
 *
 * Screen readers have a list, and for each number its name and verdict, "Delay: fair"; that is said again only when the
 * verdict is another one.  The number itself, and what to do, describe it: as they were when it was come to, until it is
 * left, or the verdict is another one.
 */
#pragma once

#include <gtk/gtk.h>

#include "cast-display.h"

G_BEGIN_DECLS

#define CAST_TYPE_NUMBERS (cast_numbers_get_type())
G_DECLARE_FINAL_TYPE(CastNumbers, cast_numbers, CAST, NUMBERS, GtkBox)

GtkWidget *cast_numbers_new(CastDisplay *display);

G_END_DECLS
