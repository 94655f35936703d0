// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * How user-mode drivers are started: as whom, with which environment, and what of the
 * words of one reaches the command line of another.
 *
 * Both programs are a script that writes down how it was called.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "encoder-check.h"
#include "fake-units.h"
#include "reason.h"
#include "umd-launcher.h"

struct fixture {
	char *directory;
	char *program;
	char *output;
	umd_launcher *launcher;
	fake_units *units; /* NULL: the processes are our own */
};

static void set_up(struct fixture *f, gconstpointer data)
{
	g_autofree char *script = NULL;

	f->directory = g_dir_make_tmp("miracast-XXXXXX", NULL);
	f->program = g_build_filename(f->directory, "program", NULL);
	f->output = g_build_filename(f->directory, "output", NULL);
	script = g_strdup_printf("#!/bin/sh\n"
				 "echo \"$* home=$HOME secret=$MIRACAST_SECRET "
				 "update=$GST_REGISTRY_UPDATE\" >>%s\nexec sleep 30 >/dev/null 2>&1\n",
				 f->output);
	g_assert_true(g_file_set_contents_full(f->program, script, -1, G_FILE_SET_CONTENTS_NONE, 0755,
					       NULL));
	f->launcher = umd_launcher_new("/the/driver", f->program);
}

static void set_up_units(struct fixture *f, gconstpointer data)
{
	set_up(f, data);
	f->units = fake_units_new();
	umd_launcher_use_units(f->launcher, fake_units_directory(f->units));
}

static void tear_down(struct fixture *f, gconstpointer data)
{
	g_clear_pointer(&f->units, fake_units_free);
	umd_launcher_unref(f->launcher);
	g_unlink(f->output);
	g_unlink(f->program);
	g_rmdir(f->directory);
	g_free(f->output);
	g_free(f->program);
	g_free(f->directory);
}

static char *written(struct fixture *f, guint lines)
{
	for (guint i = 0; i < 500; i++) {
		char *text = NULL;
		guint n = 0;

		if (g_file_get_contents(f->output, &text, NULL, NULL)) {
			for (const char *p = text; (p = strchr(p, '\n')); p++)
				n++;
		}
		if (n >= lines)
			return text;
		g_free(text);
		g_usleep(10000);
	}
	g_error("it was not started");
}

static GSubprocess *start(struct fixture *f, enum umd_purpose purpose, GError **error)
{
	g_autoptr(GSubprocessLauncher) process = g_subprocess_launcher_new(G_SUBPROCESS_FLAGS_NONE);

	return umd_launcher_start(f->launcher, purpose, process, NULL, error);
}

/* Once GLib's thread that collects exit statuses has given an account back. */
static GSubprocess *start_when_free(struct fixture *f)
{
	for (guint i = 0; i < 500; i++) {
		GSubprocess *process = start(f, UMD_PURPOSE_SESSION, NULL);

		if (process)
			return process;
		g_usleep(10000);
	}
	g_error("no account is free");
}

static void end(GSubprocess *process)
{
	g_subprocess_force_exit(process);
	g_subprocess_wait(process, NULL, NULL);
	g_object_unref(process);
}

static void test_session(struct fixture *f, gconstpointer data)
{
	g_autofree char *text = NULL;
	GSubprocess *process;

	g_setenv("MIRACAST_SECRET", "secret", TRUE);
	process = start(f, UMD_PURPOSE_SESSION, NULL);
	text = written(f, 1);
	if (geteuid() == 0)
		g_assert_true(g_str_has_prefix(text, "--user=miracast-umd-1 --cache=") &&
			      strstr(text, "home=/nonexistent "));
	else
		g_assert_true(g_str_has_prefix(text, "--cache="));
	g_assert_nonnull(strstr(text, " /the/driver "));
	g_assert_nonnull(strstr(text, "secret= "));
	g_assert_nonnull(strstr(text, "update=no\n"));
	g_assert_null(strstr(text, "--maintain"));
	end(process);
}

static void test_maintenance(struct fixture *f, gconstpointer data)
{
	GSubprocess *process = start(f, UMD_PURPOSE_MAINTENANCE, NULL);
	g_autofree char *text = written(f, 1);

	g_assert_nonnull(strstr(text, "--maintain /the/driver "));
	g_assert_nonnull(strstr(text, "update=\n"));
	if (geteuid() == 0)
		g_assert_true(g_str_has_prefix(text, "--user=miracast-cache "));
	end(process);
}

/* No two processes are one user; who comes when all accounts are in use has to wait. */
static void test_accounts(struct fixture *f, gconstpointer data)
{
	GSubprocess *processes[UMD_LAUNCHER_ACCOUNTS];
	g_autoptr(GError) error = NULL;
	g_autofree char *text = NULL;
	g_autofree char *more = NULL;
	pid_t given_up;

	if (geteuid() != 0)
		return;
	for (guint i = 0; i < UMD_LAUNCHER_ACCOUNTS; i++) {
		processes[i] = start(f, UMD_PURPOSE_SESSION, &error);
		g_assert_no_error(error);
	}
	text = written(f, UMD_LAUNCHER_ACCOUNTS);
	for (guint i = 1; i <= UMD_LAUNCHER_ACCOUNTS; i++) {
		g_autofree char *user = g_strdup_printf("--user=miracast-umd-%u ", i);

		g_assert_nonnull(strstr(text, user));
	}
	g_assert_null(start(f, UMD_PURPOSE_SESSION, &error));
	g_assert_error(error, REASON_ERROR, REASON_UMD_START);

	/* Given up is not gone. */
	given_up = atoi(g_subprocess_get_identifier(processes[3]));
	g_object_unref(processes[3]);
	g_clear_error(&error);
	g_assert_null(start(f, UMD_PURPOSE_SESSION, &error));
	end(processes[5]);
	g_unlink(f->output);
	processes[5] = start_when_free(f);
	more = written(f, 1);
	g_assert_nonnull(strstr(more, "--user=miracast-umd-6 "));
	for (guint i = 0; i < UMD_LAUNCHER_ACCOUNTS; i++) {
		if (i != 3)
			end(processes[i]);
	}
	kill(given_up, SIGKILL);
}

/* Who has seen that a process is gone need not wait for its status, nor anybody for the account. */
static void test_ended(struct fixture *f, gconstpointer data)
{
	GSubprocess *process = start(f, UMD_PURPOSE_SESSION, NULL);
	GSubprocess *next;
	g_autofree char *text = written(f, 1);
	g_autofree char *both = NULL;

	if (geteuid() == 0) {
		umd_launcher_ended(process);
		umd_launcher_ended(process);
		next = start(f, UMD_PURPOSE_SESSION, NULL);
		both = written(f, 2);
		g_assert_true(g_str_has_prefix(strchr(both, '\n') + 1, "--user=miracast-umd-1 "));
		end(next);
	}
	end(process);
}

/* By units: each account is one, with root or without, and has one process at a time, one that only tries, too. */
static void test_units(struct fixture *f, gconstpointer data)
{
	GSubprocess *session = start(f, UMD_PURPOSE_SESSION, NULL);
	g_autofree char *first = written(f, 1);
	GSubprocess *check = umd_launcher_start_check(f->launcher, NULL);
	g_autofree char *second = written(f, 2);
	GSubprocess *maintenance = start(f, UMD_PURPOSE_MAINTENANCE, NULL);
	g_autofree char *third = written(f, 3);

	g_assert_true(g_str_has_prefix(first, "--user=miracast-umd-1 --cache="));
	g_assert_nonnull(strstr(first, "/the/driver home=/nonexistent secret= "));
	g_assert_nonnull(strstr(second, "--user=miracast-umd-2 --cache="));
	g_assert_nonnull(strstr(third, "--user=miracast-cache --cache="));
	g_assert_cmpuint(fake_units_calls(f->units), ==, 3);

	g_assert_cmpint(umd_launcher_kill_signal(f->launcher), ==, SIGUSR1);
	g_subprocess_send_signal(session, umd_launcher_kill_signal(f->launcher));
	g_subprocess_wait(session, NULL, NULL);
	g_assert_cmpint(g_subprocess_get_term_sig(session), ==, SIGKILL);
	g_object_unref(session);
	end(check);
	end(maintenance);
}

/* Where systemd has no sockets, and where nothing is to be confined, they are our own. */
static void test_no_units(struct fixture *f, gconstpointer data)
{
	g_autoptr(umd_launcher) unconfined = umd_launcher_new("/the/driver", NULL);
	g_autoptr(fake_units) units = fake_units_new();

	umd_launcher_use_units(unconfined, fake_units_directory(units));
	g_assert_false(umd_launcher_uses_units(unconfined));
	umd_launcher_use_units(f->launcher, f->directory);
	g_assert_false(umd_launcher_uses_units(f->launcher));
	g_assert_cmpint(umd_launcher_kill_signal(f->launcher), ==, SIGKILL);
}

/* A session process has been taken over: what it says of an encoder becomes an argument. */
static void test_failure(struct fixture *f, gconstpointer data)
{
	g_autofree char *text = NULL;

	encoder_check_note_failure(f->launcher, "x;reboot", 1);
	encoder_check_note_failure(f->launcher, "--help", 0);
	encoder_check_note_failure(f->launcher, "", 1);
	encoder_check_note_failure(f->launcher, "vah264enc", 256);
	encoder_check_note_failure(f->launcher, "varenderD129h264enc", 2);
	text = written(f, 1);
	g_usleep(100000);
	g_assert_nonnull(strstr(text, "--maintain /the/driver --encoder-failed=varenderD129h264enc:2 "));
	g_assert_null(strstr(strchr(text, '\n') + 1, "\n"));
}

int main(int argc, char *argv[])
{
	g_test_init(&argc, &argv, NULL);
	g_unsetenv("GST_REGISTRY_UPDATE");
#define ADD(name, function) \
	g_test_add("/umd-launcher/" name, struct fixture, NULL, set_up, function, tear_down)
	ADD("session", test_session);
	ADD("maintenance", test_maintenance);
	ADD("accounts", test_accounts);
	ADD("ended", test_ended);
	ADD("failure", test_failure);
	ADD("no-units", test_no_units);
	g_test_add("/umd-launcher/units", struct fixture, NULL, set_up_units, test_units, tear_down);
	return g_test_run();
}
