/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * quirk-files.h - the user's rows of quirks
 *
 * Files of a directory, /etc/miracast/quirks.d unless the daemon was told another one, in
 * the format of wfd-quirks.h.  They are read when a session begins, so that a change
 * counts from the next one on, and handed to its process, which sees no files, as they
 * are.  Those that end with ".conf" count, in the order of their names.
 *
 * Short local files of root's: they are read at once; what is no regular file is not
 * opened for longer than to see that.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Bytes of all of them; further ones are left out. They go to the session in one datagram. */
#define QUIRK_FILES_MAX_TEXT (8 * 1024)

/**
 * quirk_files_read - the texts that can be used
 * @directory: may be missing, or NULL: no files
 * @problems: (out) (transfer full) (array zero-terminated=1): a sentence for each file that
 *	cannot be used, whole or in part: it is left out then
 *
 * Returns: (transfer full) (array zero-terminated=1): each one is taken by
 * wfd_quirk_table_add()
 */
char **quirk_files_read(const char *directory, char ***problems);

G_END_DECLS
