// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * pkttyagent(1), which asks for a password at the terminal of miracastctl. It is a script here.
 */
#include <pty.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "ctl-agent.h"
#include "main-loop.h"

/* Where the script is, and what it leaves. */
#define DIRECTORY "CTL_AGENT_TEST"

#define BEGINS "#!/bin/sh\necho $$ \"$@\" >\"$" DIRECTORY "/said\"\n"
/* It closes the descriptor then. */
#define REGISTERS "sleep 0.3\necho registered >>\"$" DIRECTORY "/said\"\nexec 3>&-\n"
/* But not for ever, if nobody ends it. */
#define STAYS "i=0\nwhile [ $((i += 1)) -lt 600 ]; do sleep 0.1; done\n"

struct fixture {
	char *directory;
};

/* In the process that a test begins for itself it is there already. */
static void set_up(struct fixture *f, gconstpointer script)
{
	g_autofree char *program = NULL;

	if (g_test_subprocess())
		return;
	f->directory = g_dir_make_tmp("ctl-agent-XXXXXX", NULL);
	program = g_build_filename(f->directory, "pkttyagent", NULL);
	if (script)
		g_assert_true(g_file_set_contents_full(program, script, -1, G_FILE_SET_CONTENTS_NONE, 0700, NULL));
	g_setenv(DIRECTORY, f->directory, TRUE);
}

static void tear_down(struct fixture *f, gconstpointer script)
{
	static const char *const names[] = { "pkttyagent", "said" };

	if (g_test_subprocess())
		return;
	for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *path = g_build_filename(f->directory, names[i], NULL);

		g_unlink(path);
	}
	g_rmdir(f->directory);
	g_free(f->directory);
}

/* "PID ARGUMENTS", and whether it has registered; NULL: it was not started. */
static char *said(void)
{
	g_autofree char *path = g_build_filename(g_getenv(DIRECTORY), "said", NULL);
	char *text = NULL;

	g_file_get_contents(path, &text, NULL, NULL);
	return text;
}

/* How long the last call took. */
static gint64 took_us;

/* TRUE in a process of its own, after the call, with a terminal or a pipe to read from; FALSE in the test, after that process. */
static gboolean started(gboolean terminal)
{
	g_autofree char *path = NULL;
	gint64 begin;
	int ends[2];

	if (!g_test_subprocess()) {
		g_test_trap_subprocess(NULL, 0, G_TEST_SUBPROCESS_INHERIT_STDERR);
		g_test_trap_assert_passed();
		return FALSE;
	}
	path = g_strdup_printf("%s:/usr/bin:/bin", g_getenv(DIRECTORY));
	g_assert_cmpint(terminal ? openpty(&ends[0], &ends[1], NULL, NULL, NULL) : pipe(ends), ==, 0);
	g_assert_cmpint(dup2(ends[terminal ? 1 : 0], STDIN_FILENO), ==, STDIN_FILENO);
	g_setenv("PATH", path, TRUE);
	begin = g_get_monotonic_time();
	ctl_agent_start();
	took_us = g_get_monotonic_time() - begin;
	return TRUE;
}

/* Nobody may be there who takes notice of its end. */
static gboolean has_ended(int pid)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/cmdline", pid);
	g_autofree char *words = NULL;

	return !g_file_get_contents(path, &words, NULL, NULL) || !*words;
}

/* It has registered when the function returns, for this very process, and ends with it. */
static void test_terminal(struct fixture *f, gconstpointer script)
{
	g_autofree char *text = NULL, *expected = NULL;

	if (started(TRUE)) {
		g_assert_cmpint(took_us, <, CTL_AGENT_SECONDS * G_USEC_PER_SEC);
		text = said();
		expected = g_strdup_printf(" --fallback --process=%d --notify-fd=3\nregistered\n", (int)getpid());
		g_assert_nonnull(text);
		g_assert_cmpstr(strchr(text, ' '), ==, expected);
		g_assert_false(has_ended(atoi(text)));
		return;
	}
	text = said();
	g_assert_nonnull(text);
	WAIT(has_ended(atoi(text)));
}

/* Nobody is there: a script, or a program's. */
static void test_pipe(struct fixture *f, gconstpointer script)
{
	if (!started(FALSE))
		g_assert_null(said());
}

/* There is none, or it ends: nothing is waited for. */
static void test_none(struct fixture *f, gconstpointer script)
{
	if (started(TRUE))
		g_assert_cmpint(took_us, <, CTL_AGENT_SECONDS * G_USEC_PER_SEC);
}

/* It does not say that it has registered: the call is made all the same. */
static void test_silent(struct fixture *f, gconstpointer script)
{
	if (started(TRUE))
		g_assert_cmpint(took_us, <, (CTL_AGENT_SECONDS + 10) * G_USEC_PER_SEC);
}

#define TEST(path, script, function) g_test_add(path, struct fixture, script, set_up, function, tear_down)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	TEST("/ctl-agent/terminal", BEGINS REGISTERS STAYS, test_terminal);
	TEST("/ctl-agent/pipe", BEGINS REGISTERS STAYS, test_pipe);
	TEST("/ctl-agent/absent", NULL, test_none);
	TEST("/ctl-agent/ends", BEGINS "exit 1\n", test_none);
	TEST("/ctl-agent/silent", BEGINS STAYS, test_silent);
	return g_test_run();
}
