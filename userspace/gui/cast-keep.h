/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cast-keep.h - what is kept of a display: its name, whether it is connected to by itself, and that it is known at all
 *
 * Each asks the daemon and returns at once, in the main thread.  What comes of it is told of the display as everything
 * else is; why it was refused is in cast_display_problem() until the next of these.  The daemon may have the user asked
 * whether he may do that, so an answer is waited for as long as it takes.  Nothing while the daemon is not there.
 */
#pragma once

#include "cast-daemon.h"

G_BEGIN_DECLS

/* Connect whenever it is in sight, until its cast is ended by a user. */
void cast_keep_autoconnect(CastDaemon *daemon, CastDisplay *display, gboolean on);
/* @alias: "" for what it calls itself */
void cast_keep_alias(CastDaemon *daemon, CastDisplay *display, const char *alias);
/* Refused while it is cast to. */
void cast_keep_nothing(CastDaemon *daemon, CastDisplay *display);

G_END_DECLS
