// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Who is asked for a password: see ctl-agent.h.
 */
#include "ctl-agent.h"

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <gio/gio.h>
#include <glib-unix.h>

/* Its descriptor that it closes when it has registered. */
#define NOTIFY_FD 3

static void end_with_us(gpointer user_data)
{
	prctl(PR_SET_PDEATHSIG, SIGTERM);
}

void ctl_agent_start(void)
{
	g_autoptr(GSubprocessLauncher) launcher = NULL;
	g_autoptr(GSubprocess) agent = NULL;
	g_autofree char *process = g_strdup_printf("--process=%d", (int)getpid());
	g_autofree char *notify = g_strdup_printf("--notify-fd=%d", NOTIFY_FD);
	struct pollfd ready = { .events = POLLIN };
	int ends[2];

	if (!isatty(STDIN_FILENO) || !g_unix_open_pipe(ends, FD_CLOEXEC, NULL))
		return;
	/* It speaks to the terminal itself. That there is no polkit is no news. */
	launcher = g_subprocess_launcher_new(G_SUBPROCESS_FLAGS_STDOUT_SILENCE | G_SUBPROCESS_FLAGS_STDERR_SILENCE);
	g_subprocess_launcher_take_fd(launcher, ends[1], NOTIFY_FD);
	g_subprocess_launcher_set_child_setup(launcher, end_with_us, NULL, NULL);
	agent = g_subprocess_launcher_spawn(launcher, NULL, "pkttyagent", "--fallback", process, notify, NULL);
	/* The end that is ours, so that its end is seen. */
	g_subprocess_launcher_close(launcher);
	ready.fd = ends[0];
	if (agent)
		poll(&ready, 1, CTL_AGENT_SECONDS * 1000);
	close(ends[0]);
}
