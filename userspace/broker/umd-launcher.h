/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * umd-launcher.h - start user-mode drivers, confined
 *
 * All processes of a user-mode driver are started here, with a clean environment, by
 * miracast-sandbox (sandbox.h), for one of two purposes:
 *
 *	session		speaks with a sink.  If we are root, or systemd starts it, it runs as
 *			miracast-umd-N, N from 1 to UMD_LAUNCHER_ACCOUNTS; an account is
 *			in use until its process is gone, even one that was given up,
 *			so that no two processes share one
 *	maintenance	is told nothing by a sink: finds out which plug-ins and encoders
 *			there are, and writes that down for the sessions, which can read
 *			it only.  As miracast-cache
 *
 * Who starts them.  Where there are units for that (unit-call.h), systemd: the daemon needs
 * no right to become somebody else, or to end him.  What is started then is the process's stand-in,
 * and the account is in use as long as that lives, which is as long as the process does if it was
 * ended by umd_launcher_kill_signal().  Otherwise the daemon, and as root as somebody else.
 *
 * What is known is kept in $XDG_CACHE_HOME; without it, and as root, in
 * /var/cache/miracast, else in ~/.cache.
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define UMD_LAUNCHER_ACCOUNTS 8

enum umd_purpose {
	UMD_PURPOSE_SESSION,
	UMD_PURPOSE_MAINTENANCE,
};

typedef struct umd_launcher umd_launcher;

/**
 * umd_launcher_new - reference counted, since processes hold it as long as they live
 * @program: path of miracast-umd
 * @sandbox: path of miracast-sandbox; NULL: drivers are not confined, for debuggers
 *	and sanitizers
 */
umd_launcher *umd_launcher_new(const char *program, const char *sandbox);
umd_launcher *umd_launcher_ref(umd_launcher *launcher);
void umd_launcher_unref(umd_launcher *launcher);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(umd_launcher, umd_launcher_unref)

/* For what is started from now on: processes of systemd's, if it has sockets in @directory for all of them. */
void umd_launcher_use_units(umd_launcher *launcher, const char *directory);
gboolean umd_launcher_uses_units(const umd_launcher *launcher);
/*
 * A session process will be wanted soon: whoever starts it gets ready, which takes a unit longer than it takes us
 * to start it.  Does not wait, and what does not come about is not missed.
 */
void umd_launcher_prepare(const umd_launcher *launcher);
/* What ends a process of ours that hangs, and is gone itself when that is. */
int umd_launcher_kill_signal(const umd_launcher *launcher);

gboolean umd_launcher_confines(const umd_launcher *launcher);

/**
 * umd_launcher_start - a process of the driver
 * @process: with its descriptors; its environment is set here
 * @argument: (nullable): for the driver
 *
 * Does not wait: what miracast-sandbox cannot do shows in the exit status.  Fails with
 * REASON_UMD_START.
 */
GSubprocess *umd_launcher_start(umd_launcher *launcher, enum umd_purpose purpose,
				GSubprocessLauncher *process, const char *argument, GError **error);

/* The same, to be told how far a session can be confined here (miracast-sandbox --check). */
GSubprocess *umd_launcher_start_check(umd_launcher *launcher, GError **error);

/**
 * umd_launcher_ended - a process of ours is gone
 *
 * For who knows it before GSubprocess does: its account is free from now on, and not when
 * GLib's thread has collected the exit status.
 */
void umd_launcher_ended(GSubprocess *process);

G_END_DECLS
