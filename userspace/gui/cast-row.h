/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cast-row.h - a display in the list: what it is called, how it is, and what can be done
 *
 * Holds a reference to its display and keeps itself up to date.  What comes from the network is only ever set as the
 * text of a label, never as markup.
 */
#pragma once

#include <gtk/gtk.h>

#include "cast-display.h"

G_BEGIN_DECLS

#define CAST_TYPE_ROW (cast_row_get_type())
G_DECLARE_FINAL_TYPE(CastRow, cast_row, CAST, ROW, GtkListBoxRow)

/*
 * Signals:
 *	"connect-clicked" (CastDisplay *)
 *	"disconnect-clicked" (CastDisplay *)
 *	"accept-clicked" (CastDisplay *)
 *	"pin-typed" (CastDisplay *, const char *pin)
 *	"remedy-clicked" (CastDisplay *, int remedy): enum cast_remedy, not NONE or AGAIN
 *	"autoconnect-switched" (CastDisplay *, gboolean on)
 *	"named" (CastDisplay *, const char *alias)
 *	"forget-clicked" (CastDisplay *)
 */
GtkWidget *cast_row_new(CastDisplay *display);

G_END_DECLS
