/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cast-window.h - the window: displays, what the next cast is to have, and what is wrong
 *
 * Looks for displays when it is opened and when it is told to.  Closing it ends no cast.
 */
#pragma once

#include <adwaita.h>

#include "cast-daemon.h"

G_BEGIN_DECLS

#define CAST_TYPE_WINDOW (cast_window_get_type())
G_DECLARE_FINAL_TYPE(CastWindow, cast_window, CAST, WINDOW, AdwApplicationWindow)

/* Holds a reference to @daemon. */
GtkWindow *cast_window_new(GtkApplication *app, CastDaemon *daemon);

G_END_DECLS
