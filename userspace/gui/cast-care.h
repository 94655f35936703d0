/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cast-care.h - the part of a row that is not there until it is asked for: what is kept of its display
 *
 * A switch for connecting by itself, the name that people give it, and a button that forgets it.  Holds a reference to
 * its display and keeps itself up to date; the switch and the name are those of the daemon, so what it has refused goes
 * back to what it was.  It does nothing itself: the signals are for who has the daemon.
 */
#pragma once

#include <gtk/gtk.h>

#include "cast-display.h"

G_BEGIN_DECLS

#define CAST_TYPE_CARE (cast_care_get_type())
G_DECLARE_FINAL_TYPE(CastCare, cast_care, CAST, CARE, GtkBox)

/*
 * Signals:
 *	"autoconnect-switched" (gboolean on)
 *	"named" (const char *alias)
 *	"forget-clicked"
 */
GtkWidget *cast_care_new(CastDisplay *display);

G_END_DECLS
