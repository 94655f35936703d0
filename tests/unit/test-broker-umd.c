// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * How the processes of sessions begin and end, as the broker sees it: as whom, not at all, and with an exit status
 * that comes late.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "direct-fixture.h"
#include "fake-units.h"
#include "main-loop.h"
#include "sandbox.h"

/* In place of miracast-sandbox. */
static void set_up_script(struct fixture *f, const char *script)
{
	f->directory = g_dir_make_tmp("miracast-XXXXXX", NULL);
	f->sandbox = g_build_filename(f->directory, "sandbox", NULL);
	g_assert_true(g_file_set_contents_full(f->sandbox, script, -1, G_FILE_SET_CONTENTS_NONE, 0755, NULL));
	set_up_with(f, FAKE_UMD, f->sandbox);
}

static void set_up_not_confined(struct fixture *f, gconstpointer status)
{
	g_autofree char *script = g_strdup_printf("#!/bin/sh\nexit %d\n", GPOINTER_TO_INT(status));

	set_up_script(f, script);
}

/* It says as whom a session is. */
static void set_up_accounts(struct fixture *f, gconstpointer data)
{
	set_up_script(f, "#!/bin/sh\necho \"$1\" >>\"${0%/*}/accounts\"\n"
			 "for program; do :; done\nexec \"$program\"\n");
}

static void tear_down_script(struct fixture *f, gconstpointer data)
{
	g_autofree char *accounts = g_build_filename(f->directory, "accounts", NULL);
	g_autofree char *process = g_build_filename(f->directory, "process", NULL);

	tear_down(f, NULL);
	g_unlink(accounts);
	g_unlink(process);
	g_unlink(f->sandbox);
	g_rmdir(f->directory);
	g_free(f->sandbox);
	g_free(f->directory);
}

static fake_units *units;

/* systemd starts the processes. @script NULL: confined by nothing, for short. */
static void set_up_units(struct fixture *f, const char *script)
{
	units = fake_units_new();
	set_up_script(f, script ? script : "#!/bin/sh\necho $$ >\"${0%/*}/process\"\n"
					   "for program; do :; done\nexec \"$program\"\n");
	umd_launcher_use_units(f->config.launcher, fake_units_directory(units));
	g_assert_true(umd_launcher_uses_units(f->config.launcher));
}

static void set_up_unit(struct fixture *f, gconstpointer data)
{
	set_up_units(f, NULL);
}

static void set_up_unit_not_confined(struct fixture *f, gconstpointer status)
{
	g_autofree char *script = g_strdup_printf("#!/bin/sh\nexit %d\n", GPOINTER_TO_INT(status));

	set_up_units(f, script);
}

static void tear_down_units(struct fixture *f, gconstpointer data)
{
	tear_down_script(f, data);
	g_clear_pointer(&units, fake_units_free);
}

/* So long GLib's thread that collects exit statuses, and sends signals, does not come out of the kernel. */
static gint reap_late_ms;
static gint reaped_late;

/* GLib's call comes here, as the program is before the C library. */
int waitid(idtype_t type, id_t id, siginfo_t *info, int options)
{
	gint64 until = g_get_monotonic_time() + g_atomic_int_get(&reap_late_ms) * G_TIME_SPAN_MILLISECOND;

	if (g_atomic_int_get(&reap_late_ms))
		g_atomic_int_inc(&reaped_late);
	/* No longer than the test that wants it: others wait for a status. */
	while (g_atomic_int_get(&reap_late_ms) && g_get_monotonic_time() < until)
		g_usleep(10000);
	return syscall(SYS_waitid, type, id, info, options, NULL);
}

/* That thread has gone there, once it came back from the last time. */
static gboolean is_reaping(struct fixture *f)
{
	return g_atomic_int_get(&reaped_late) > 0;
}

static void reap_late(gint ms)
{
	g_atomic_int_set(&reaped_late, 0);
	g_atomic_int_set(&reap_late_ms, ms);
}

static gint64 time_until_gone(struct fixture *f)
{
	gint64 start = g_get_monotonic_time();

	wait_until(is_gone, f);
	return g_get_monotonic_time() - start;
}

/* A process that is gone has ended. What it has said counts; its status, if it has said nothing. */
static void test_reaped_late(struct fixture *f, gconstpointer data)
{
	static const struct {
		const char *line;
		const char *reason;
		gint64 at_most_us;
	} ends[] = {
		{ "leave", "sink-left", G_USEC_PER_SEC / 2 },
		{ "crash", "umd-died", 2 * G_USEC_PER_SEC },
	};

	for (guint i = 0; i < G_N_ELEMENTS(ends); i++) {
		g_autoptr(GSocketConnection) sink = dial(f);

		tell(sink, "stream");
		wait_until(streams, f);
		reap_late(4000);
		tell(sink, ends[i].line);
		g_assert_cmpint(time_until_gone(f), <, ends[i].at_most_us);
		assert_reason(f, ends[i].reason);
		wait_until(is_reaping, f);
		reap_late(0);
	}
}

/* The account of a process that is gone is the next one's, whenever its status comes. */
static void test_account_reaped_late(struct fixture *f, gconstpointer data)
{
	g_autofree char *path = g_build_filename(f->directory, "accounts", NULL);
	g_autofree char *accounts = NULL;

	reap_late(8000);
	for (guint i = 0; i < 2; i++) {
		g_autoptr(GSocketConnection) sink = dial(f);

		tell(sink, "stream");
		wait_until(streams, f);
		tell(sink, "leave");
		wait_until(is_gone, f);
	}
	reap_late(0);
	g_assert_true(g_file_get_contents(path, &accounts, NULL, NULL));
	if (geteuid() == 0)
		g_assert_cmpstr(accounts, ==, "--user=miracast-umd-1\n--user=miracast-umd-1\n");
}

static guint left_behind;

static GLogWriterOutput watch_log(GLogLevelFlags level, const GLogField *fields, gsize n, gpointer data)
{
	g_autofree char *line = g_log_writer_format_fields(level, fields, n, FALSE);

	left_behind += strstr(line, "leaving it behind") != NULL;
	return g_log_writer_default(level, fields, n, data);
}

/* One that hangs is killed while that thread is kept by another child. */
static void test_killed_meanwhile(struct fixture *f, gconstpointer data)
{
	g_autoptr(GSocketConnection) sink = dial(f);
	g_autoptr(GSubprocess) other = NULL;

	tell(sink, "stream");
	wait_until(streams, f);
	tell(sink, "hang");
	reap_late(8000);
	other = g_subprocess_new(G_SUBPROCESS_FLAGS_NONE, NULL, "true", NULL);
	wait_until(is_reaping, f);
	session_end(only_session(f), reason_new_code(REASON_DISCONNECTED, "enough"));
	wait_until(is_gone, f);
	g_assert_cmpuint(left_behind, ==, 0);
	reap_late(0);
}

/* What it writes itself to the terminal of a daemon that somebody has started there is text. */
static void test_terminal(struct fixture *f, gconstpointer data)
{
	g_autoptr(GSocketConnection) sink = NULL;
	int terminal = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	int before = dup(STDERR_FILENO);
	char text[1024];
	ssize_t n;
	int other;

	g_assert_cmpint(grantpt(terminal), ==, 0);
	g_assert_cmpint(unlockpt(terminal), ==, 0);
	other = open(ptsname(terminal), O_RDWR | O_NOCTTY | O_CLOEXEC);
	g_assert_cmpint(dup2(other, STDERR_FILENO), ==, STDERR_FILENO);
	sink = dial(f);
	tell(sink, "lie");
	wait_until(is_gone, f);
	turn(200);
	g_assert_cmpint(dup2(before, STDERR_FILENO), ==, STDERR_FILENO);
	n = read(terminal, text, sizeof(text) - 1);
	g_assert_cmpint(n, >, 0);
	text[n] = '\0';
	g_assert_nonnull(strstr(text, "listening on $(id)"));
	/* The log has colours of its own. */
	g_assert_null(strstr(text, "\033]"));
	g_assert_null(strchr(text, '\a'));
	close(other);
	close(before);
	close(terminal);
}

/* Why it has ended is known as if the process were our own. */
static void test_unit_ends(struct fixture *f, gconstpointer data)
{
	static const struct {
		const char *line;
		const char *reason;
	} ends[] = { { "leave", "sink-left" }, { "crash", "umd-died" } };

	for (guint i = 0; i < G_N_ELEMENTS(ends); i++) {
		g_autoptr(GSocketConnection) sink = dial(f);

		tell(sink, "stream");
		wait_until(streams, f);
		/* It was told before that it would be. */
		g_assert_cmpuint(fake_units_prepared(units), >, i);
		tell(sink, ends[i].line);
		g_assert_cmpint(time_until_gone(f), <, G_USEC_PER_SEC);
		assert_reason(f, ends[i].reason);
		g_assert_cmpuint(fake_units_calls(units), ==, i + 1);
	}
}

/* One that is stopped is ended, and the session is not over before it is gone. */
static void test_unit_hangs(struct fixture *f, gconstpointer data)
{
	g_autofree char *path = g_build_filename(f->directory, "process", NULL);
	g_autoptr(GSocketConnection) sink = dial(f);
	g_autofree char *process = NULL;

	tell(sink, "stream");
	wait_until(streams, f);
	g_assert_true(g_file_get_contents(path, &process, NULL, NULL));
	g_assert_no_errno(kill(atoi(process), SIGSTOP));
	session_end(only_session(f), reason_new_code(REASON_DISCONNECTED, "enough"));
	wait_until(is_gone, f);
	assert_reason(f, "disconnected");
	g_assert_cmpuint(left_behind, ==, 0);
	g_assert_cmpint(kill(atoi(process), 0), ==, -1);
	g_assert_cmpuint(fake_units_calls(units), ==, 1);
}

static void test_no_umd(struct fixture *f, gconstpointer data)
{
	g_autoptr(GSocketConnection) sink = dial(f);

	wait_until(is_gone, f);
	assert_reason(f, "umd-not-started");
}

/* What cannot be confined does not run. */
static void test_not_confined(struct fixture *f, gconstpointer status)
{
	g_autoptr(GSocketConnection) sink = dial(f);

	wait_until(is_gone, f);
	assert_reason(f, GPOINTER_TO_INT(status) == SANDBOX_EXIT_CONFINE ? "umd-not-confined" : "umd-not-started");
}

static void add(const char *name, const char *umd, void (*test)(struct fixture *, gconstpointer))
{
	g_test_add(name, struct fixture, umd, set_up, test, tear_down);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_log_set_writer_func(watch_log, NULL, NULL);
	/* The broker warns of a UMD that hangs; that is what one test is about. */
	g_log_set_always_fatal(G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL);
	add("/umd/reaped-late", NULL, test_reaped_late);
	add("/umd/killed-meanwhile", NULL, test_killed_meanwhile);
	g_test_add("/umd/account-reaped-late", struct fixture, NULL, set_up_accounts, test_account_reaped_late,
		   tear_down_script);
	add("/umd/terminal", NULL, test_terminal);
	add("/umd/none", "/no/such/program", test_no_umd);
	g_test_add("/umd/not-confined", struct fixture, GINT_TO_POINTER(SANDBOX_EXIT_CONFINE),
		   set_up_not_confined, test_not_confined, tear_down_script);
	g_test_add("/umd/not-executed", struct fixture, GINT_TO_POINTER(SANDBOX_EXIT_PROGRAM),
		   set_up_not_confined, test_not_confined, tear_down_script);
	g_test_add("/umd/unit/ends", struct fixture, NULL, set_up_unit, test_unit_ends, tear_down_units);
	g_test_add("/umd/unit/hangs", struct fixture, NULL, set_up_unit, test_unit_hangs, tear_down_units);
	g_test_add("/umd/unit/not-confined", struct fixture, GINT_TO_POINTER(SANDBOX_EXIT_CONFINE),
		   set_up_unit_not_confined, test_not_confined, tear_down_units);
	return g_test_run();
}
