/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * unit-call.h - programs that a unit of systemd's starts instead of us
 *
 * What needs an account, or rights, that the daemon does without has a unit with a socket (spawn.h), in the daemon's
 * runtime directory.  Where there is one the command line gets some words in front, and what is started is a stand-in
 * that behaves as the program would; where there is none, as without systemd and in tests, the program itself is
 * started, with what rights we have.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Where the units' sockets are. */
#define UNIT_CALL_DIRECTORY "/run/miracast"

/* Ends the stand-in's program as SIGKILL does; the stand-in lives until it is gone. */
#define UNIT_CALL_KILL SIGUSR1

/* Is there a unit that starts programs of this kind? */
gboolean unit_call_answers(const char *directory, const char *name);
/* The words that have what follows started by it. */
void unit_call_add(GPtrArray *argv, const char *directory, const char *name);
/* Have it ready for a call that is to come; it waits for one for SPAWN_READY_SECONDS. */
void unit_call_prepare(const char *directory, const char *name);
/* For tests: another miracast-spawn than the installed one; not copied. */
void unit_call_set_program(const char *path);

G_END_DECLS
