/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fake-units.h - systemd, as far as it starts programs for the daemon (spawn.h)
 *
 * A thread for each socket accepts, and starts the server, as whoever the test is.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct fake_units fake_units;

/* Sockets for all that the daemon has started, in a directory of their own, and the miracast-spawn of the build to call by. */
fake_units *fake_units_new(void);
const char *fake_units_directory(const fake_units *units);
/* How often somebody has called. */
guint fake_units_calls(const fake_units *units);
/* How often somebody was to be ready. */
guint fake_units_prepared(const fake_units *units);
void fake_units_free(fake_units *units);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(fake_units, fake_units_free)

G_END_DECLS
