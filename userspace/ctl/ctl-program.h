/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ctl-program.h - other programs that are asked something
 *
 * No shell is between.  Any thread.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * program_find - where a program is
 * @root: "" for this system; tests have a directory in its place
 * @name: of it, without a directory
 *
 * In PATH, and where that of a user may not lead: /usr/sbin.
 *
 * Returns: (transfer full): its path, NULL if it is not there
 */
char *program_find(const char *root, const char *name);

/* Whether a program has to say that it has done well for its words to count. */
enum program_status {
	PROGRAM_SUCCESS,
	PROGRAM_ANY_STATUS,
};

/**
 * program_output - what a program prints
 * @argv: at most five words, and NULL
 *
 * It is run with English words, since those are looked at, and ended after some seconds.
 *
 * Returns: (transfer full): its standard output; NULL if it could not be started, did not answer in time, or has failed
 */
char *program_output(enum program_status wanted, const char *const *argv);
#define PROGRAM_OUTPUT(wanted, ...) program_output(wanted, (const char *const[]){ __VA_ARGS__, NULL })

G_END_DECLS
