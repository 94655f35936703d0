/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mock-resolver.h - names of hosts, for tests
 *
 * Takes the place of GLib's resolver; a name that was not added is not known.
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

void mock_resolver_install(void);
void mock_resolver_remove(void);
/* Addresses as text, ended by NULL; none: the name is not known. */
void mock_resolver_add(const char *name, ...) G_GNUC_NULL_TERMINATED;
/* It is asked for, and there is never an answer. */
void mock_resolver_add_silent(const char *name);
/* All names are forgotten. */
void mock_resolver_clear(void);

G_END_DECLS
