/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * umd-stderr.h - what session processes write to stderr
 *
 * It goes where the daemon's goes.  The journal shows no control characters; a terminal, of a daemon that somebody has
 * started by hand, obeys them, and a session process that was taken over could write any.  So there it goes through a
 * pipe, and through channel_clean_text(), line by line.
 *
 * Where a unit of its own has started it (unit-call.h) it would be in that unit's part of the journal; through the pipe
 * it is in the daemon's, where it is looked for.
 *
 * Nothing waits for it: it is read from the main loop until the process closes it, some KiB at a time.
 *
 * Threads: all functions are for the main one.
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* To start it with. */
GSubprocessFlags umd_stderr_flags(gboolean of_a_unit);
/* And then, whatever the flags were. */
void umd_stderr_show(GSubprocess *process);

G_END_DECLS
