// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * miracastctl at a terminal: colours where they are wanted, and nowhere else.
 */
#include <pty.h>
#include <string.h>
#include <unistd.h>

#include "ctl-colour.h"
#include "ctl-fixture.h"

#define ESCAPE "\033"

static void test_wanted(void)
{
	g_assert_true(colour_is_wanted(TRUE, "xterm", NULL));
	g_assert_true(colour_is_wanted(TRUE, "xterm", ""));
	g_assert_false(colour_is_wanted(TRUE, "xterm", "1"));
	g_assert_false(colour_is_wanted(TRUE, "xterm", "0"));
	g_assert_false(colour_is_wanted(TRUE, "dumb", NULL));
	g_assert_false(colour_is_wanted(TRUE, "", NULL));
	g_assert_false(colour_is_wanted(TRUE, NULL, NULL));
	g_assert_false(colour_is_wanted(FALSE, "xterm", NULL));
}

/* What somebody sees at a terminal. @no_color: NULL: not set */
static char *see(const char *command, const char *option, const char *term, const char *no_color)
{
	g_autoptr(GSubprocessLauncher) launcher = g_subprocess_launcher_new(G_SUBPROCESS_FLAGS_NONE);
	g_autoptr(GSubprocess) process = NULL;
	g_autoptr(GError) error = NULL;
	GString *seen = g_string_new(NULL);
	int terminal, program;
	char part[4096];
	gssize n;

	g_assert_cmpint(openpty(&terminal, &program, NULL, NULL, NULL), ==, 0);
	g_subprocess_launcher_take_stdout_fd(launcher, program);
	g_subprocess_launcher_setenv(launcher, "TERM", term, TRUE);
	g_subprocess_launcher_unsetenv(launcher, "NO_COLOR");
	if (no_color)
		g_subprocess_launcher_setenv(launcher, "NO_COLOR", no_color, TRUE);
	process = g_subprocess_launcher_spawn(launcher, &error, MIRACASTCTL, "--session-bus", command, option, NULL);
	g_assert_no_error(error);
	/* The program's end is open here, too. */
	g_clear_object(&launcher);
	/* It fails when nobody has the other end any more. */
	while ((n = read(terminal, part, sizeof(part))) > 0)
		g_string_append_len(seen, part, n);
	close(terminal);
	g_assert_true(g_subprocess_wait(process, NULL, NULL));
	return g_string_free(seen, FALSE);
}

static void test_terminal(struct fixture *f, gconstpointer data)
{
	g_autoptr(GSocketConnection) sink = dial(f, "stream");
	g_autoptr(JsonNode) running = wait_session("sessions", "streaming");
	g_autofree char *doctor = see("doctor", NULL, "xterm", NULL);
	g_autofree char *status = see("status", NULL, "xterm", NULL);
	g_autofree char *plain = see("status", NULL, "xterm", "1");
	g_autofree char *dumb = see("status", NULL, "dumb", NULL);
	g_autofree char *json = see("status", "--json", "xterm", NULL);
	g_autofree char *piped = SAY("status");

	g_assert_nonnull(strstr(doctor, "\n" ESCAPE "[32mok" ESCAPE "[0m    daemon "));
	g_assert_nonnull(strstr(status, "    delay       " ESCAPE "[32mgood" ESCAPE "[0m     "));
	g_assert_nonnull(strstr(status, "    frame rate  " ESCAPE "[31mpoor" ESCAPE "[0m     "));
	g_assert_nonnull(strstr(status, "    losses      unknown  "));
	g_assert_null(strstr(plain, ESCAPE));
	g_assert_nonnull(strstr(plain, "    delay       good     "));
	g_assert_null(strstr(dumb, ESCAPE));
	g_assert_null(strstr(json, ESCAPE));
	g_assert_null(strstr(piped, ESCAPE));
	g_assert_nonnull(strstr(piped, "    delay       good     "));
}

void add_colour_tests(void)
{
	g_test_add_func("/ctl/colour/wanted", test_wanted);
	g_test_add("/ctl/colour/terminal", struct fixture, NULL, start_daemon, test_terminal, tear_down);
}
