/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ctl-process.h - miracastctl as a process, with the daemon of the test's bus
 */
#pragma once

#include <gio/gio.h>

/* @arguments: NULL-terminated, without the program's name.  Returns: (transfer full): it runs. */
GSubprocess *ctl_process(GSubprocessFlags flags, const char *const *arguments);
