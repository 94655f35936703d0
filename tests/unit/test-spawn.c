// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Programs that a unit starts: the caller is to the daemon what the program itself would be, whatever becomes of
 * either, and of the server between them.
 *
 * systemd is played by this test: it accepts, or does not, and starts the server.
 */
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <gio/gio.h>
#include <glib/gstdio.h>

#include "sandbox.h"
#include "spawn.h"

struct fixture {
	char *directory;
	char *path;
	int listening;
	GSubprocess *caller;
	GSubprocess *server;
	int words; /* what the program writes to its descriptor 5, to be read until its end */
};

static void set_up(struct fixture *f, gconstpointer data)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	f->directory = g_dir_make_tmp("miracast-XXXXXX", NULL);
	f->path = g_build_filename(f->directory, "unit", NULL);
	g_strlcpy(address.sun_path, f->path, sizeof(address.sun_path));
	f->listening = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	g_assert_no_errno(bind(f->listening, (struct sockaddr *)&address, sizeof(address)));
	g_assert_no_errno(listen(f->listening, 5));
	f->words = -1;
}

static void tear_down(struct fixture *f, gconstpointer data)
{
	g_clear_object(&f->caller);
	g_clear_object(&f->server);
	close(f->listening);
	if (f->words >= 0)
		close(f->words);
	g_unlink(f->path);
	g_rmdir(f->directory);
	g_free(f->path);
	g_free(f->directory);
}

static void call(struct fixture *f, const char *program, const char *option, const char *argument)
{
	g_autoptr(GSubprocessLauncher) launcher = g_subprocess_launcher_new(G_SUBPROCESS_FLAGS_STDERR_SILENCE);
	g_autoptr(GError) error = NULL;
	int fds[2];

	g_assert_no_errno(pipe2(fds, O_CLOEXEC));
	f->words = fds[0];
	g_subprocess_launcher_take_fd(launcher, fds[1], 5);
	g_subprocess_launcher_setenv(launcher, "OF_THE_CALLER", "as it is", TRUE);
	f->caller = g_subprocess_launcher_spawn(launcher, &error, MIRACAST_SPAWN, "call", f->path, program, option,
						argument, NULL);
	g_assert_no_error(error);
}

/* @fd: taken over; a connection, or what is listened at. */
static void serve(struct fixture *f, int fd)
{
	g_autoptr(GSubprocessLauncher) launcher = g_subprocess_launcher_new(G_SUBPROCESS_FLAGS_STDERR_SILENCE);
	g_autoptr(GError) error = NULL;

	g_subprocess_launcher_take_fd(launcher, fd, 3);
	g_subprocess_launcher_setenv(launcher, "LISTEN_FDS", "1", TRUE);
	g_subprocess_launcher_setenv(launcher, "OF_THE_UNIT", "not to be", TRUE);
	f->server = g_subprocess_launcher_spawn(launcher, &error, MIRACAST_SPAWN, "serve", NULL);
	g_assert_no_error(error);
}

static void run(struct fixture *f, const char *script)
{
	call(f, "sh", "-c", script);
	serve(f, accept4(f->listening, NULL, NULL, SOCK_CLOEXEC));
}

/* Until @n bytes have come, or the last process that has the other end is gone. */
static const char *hear(struct fixture *f, gsize most)
{
	static char text[256];
	gsize len = 0;
	ssize_t n;

	while (len < most && (n = read(f->words, text + len, most - len)) > 0)
		len += n;
	text[len] = '\0';
	return text;
}

static const char *hear_all(struct fixture *f)
{
	return hear(f, 255);
}

static void assert_exits(struct fixture *f, int status)
{
	g_assert_true(g_subprocess_wait(f->caller, NULL, NULL));
	g_assert_true(g_subprocess_get_if_exited(f->caller));
	g_assert_cmpint(g_subprocess_get_exit_status(f->caller), ==, status);
}

static void assert_killed(struct fixture *f, int by)
{
	g_assert_true(g_subprocess_wait(f->caller, NULL, NULL));
	g_assert_true(g_subprocess_get_if_signaled(f->caller));
	g_assert_cmpint(g_subprocess_get_term_sig(f->caller), ==, by);
}

/* It has what the caller had, and nothing of the unit's. */
static void test_passed(struct fixture *f, gconstpointer data)
{
	run(f, "echo \"$OF_THE_CALLER,$OF_THE_UNIT$LISTEN_FDS\" >&5; "
	       "for n in 0 1 2 3 4 5 6 7 8 16 17 18; do [ ! -e /proc/$$/fd/$n ] || echo $n >&5; done; exit 7");
	g_assert_cmpstr(hear_all(f), ==, "as it is,\n0\n1\n2\n5\n");
	assert_exits(f, 7);
	g_assert_true(g_subprocess_wait_check(f->server, NULL, NULL));
}

/* Of the accounts of sessions the unit accepts by itself. */
static void test_listening(struct fixture *f, gconstpointer data)
{
	call(f, "sh", "-c", "echo here >&5");
	serve(f, fcntl(f->listening, F_DUPFD_CLOEXEC, 0));
	g_assert_cmpstr(hear_all(f), ==, "here\n");
	assert_exits(f, 0);
}

/* It was to be ready, twice, before it is called. */
static void test_prepared(struct fixture *f, gconstpointer data)
{
	serve(f, fcntl(f->listening, F_DUPFD_CLOEXEC, 0));
	for (guint i = 0; i < 2; i++) {
		struct sockaddr_un address = { .sun_family = AF_UNIX };
		int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

		g_strlcpy(address.sun_path, f->path, sizeof(address.sun_path));
		g_assert_no_errno(connect(fd, (struct sockaddr *)&address, sizeof(address)));
		close(fd);
	}
	call(f, "sh", "-c", "echo here >&5");
	g_assert_cmpstr(hear_all(f), ==, "here\n");
	assert_exits(f, 0);
	g_assert_true(g_subprocess_wait_check(f->server, NULL, NULL));
}

static void test_crash(struct fixture *f, gconstpointer data)
{
	run(f, "kill -SEGV $$");
	assert_killed(f, SIGSEGV);
}

static void test_missing(struct fixture *f, gconstpointer data)
{
	call(f, "/no/such/program", NULL, NULL);
	serve(f, accept4(f->listening, NULL, NULL, SOCK_CLOEXEC));
	assert_exits(f, SPAWN_EXIT_MISSING);
}

static void test_not_executed(struct fixture *f, gconstpointer data)
{
	call(f, "/dev/null", NULL, NULL);
	serve(f, accept4(f->listening, NULL, NULL, SOCK_CLOEXEC));
	assert_exits(f, SANDBOX_EXIT_PROGRAM);
}

static void test_asked_to_end(struct fixture *f, gconstpointer data)
{
	run(f, "trap 'echo bye >&5; exit 3' TERM; echo hi >&5; while :; do sleep 0.1; done");
	g_assert_cmpstr(hear(f, 3), ==, "hi\n");
	g_subprocess_send_signal(f->caller, SIGTERM);
	g_assert_cmpstr(hear_all(f), ==, "bye\n");
	assert_exits(f, 3);
}

/* One that is stopped, and would not listen. */
static void test_killed(struct fixture *f, gconstpointer data)
{
	run(f, "trap '' TERM; echo hi >&5; kill -STOP $$; sleep 1000");
	g_assert_cmpstr(hear(f, 3), ==, "hi\n");
	g_subprocess_send_signal(f->caller, SIGUSR1);
	assert_killed(f, SIGKILL);
	g_assert_cmpstr(hear_all(f), ==, "");
}

static void test_caller_dies(struct fixture *f, gconstpointer data)
{
	gint64 start = g_get_monotonic_time();

	run(f, "trap 'echo bye >&5' TERM; echo hi >&5; while :; do sleep 0.1; done");
	g_assert_cmpstr(hear(f, 3), ==, "hi\n");
	g_subprocess_force_exit(f->caller);
	g_assert_cmpstr(hear_all(f), ==, "bye\n");
	g_assert_cmpint(g_get_monotonic_time() - start, >=, (SPAWN_GRACE_SECONDS - 1) * G_TIME_SPAN_SECOND);
	g_assert_true(g_subprocess_wait_check(f->server, NULL, NULL));
}

static void test_server_dies(struct fixture *f, gconstpointer data)
{
	run(f, "echo hi >&5; exec sleep 1000");
	g_assert_cmpstr(hear(f, 3), ==, "hi\n");
	g_subprocess_force_exit(f->server);
	g_assert_cmpstr(hear_all(f), ==, "");
	assert_killed(f, SIGKILL);
}

static void test_no_unit(struct fixture *f, gconstpointer data)
{
	g_unlink(f->path);
	call(f, "true", NULL, NULL);
	assert_exits(f, SANDBOX_EXIT_PROGRAM);
}

/* The unit has ended without a word, or says nothing. */
static void test_unit_fails(struct fixture *f, gconstpointer data)
{
	call(f, "true", NULL, NULL);
	close(accept4(f->listening, NULL, NULL, SOCK_CLOEXEC));
	assert_exits(f, SANDBOX_EXIT_PROGRAM);
}

static void test_unit_hangs(struct fixture *f, gconstpointer data)
{
	call(f, "true", NULL, NULL);
	assert_exits(f, SANDBOX_EXIT_PROGRAM);
}

/* What is no request starts nothing. */
static void test_nonsense(struct fixture *f, gconstpointer data)
{
	const struct {
		struct spawn_request request;
		char words[8];
		gsize len;
	} calls[] = {
		{ { 0 }, "", 2 },
		{ { 0, 0, 0 }, "", sizeof(struct spawn_request) },
		{ { 0, 1, 0 }, "true", sizeof(struct spawn_request) + 4 },
		{ { 0, 1, 1 }, "true", sizeof(struct spawn_request) + 5 },
		{ { 0, SPAWN_STRINGS + 1, 0 }, "true", sizeof(struct spawn_request) + 8 },
		{ { 1u << 5, 1, 0 }, "true", sizeof(struct spawn_request) + 5 },
	};

	for (guint i = 0; i < G_N_ELEMENTS(calls); i++) {
		int fds[2];
		char answer;

		g_assert_no_errno(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds));
		g_assert_cmpint(send(fds[0], &calls[i], calls[i].len, 0), ==, calls[i].len);
		serve(f, fds[1]);
		g_assert_false(g_subprocess_wait_check(f->server, NULL, NULL));
		g_assert_true(g_subprocess_get_if_exited(f->server));
		g_assert_cmpint(recv(fds[0], &answer, 1, 0), ==, 0);
		g_clear_object(&f->server);
		close(fds[0]);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define ADD(name, function) \
	g_test_add("/spawn/" name, struct fixture, NULL, set_up, function, tear_down)
	ADD("passed", test_passed);
	ADD("listening", test_listening);
	ADD("prepared", test_prepared);
	ADD("crash", test_crash);
	ADD("missing", test_missing);
	ADD("not-executed", test_not_executed);
	ADD("asked-to-end", test_asked_to_end);
	ADD("killed", test_killed);
	ADD("caller-dies", test_caller_dies);
	ADD("server-dies", test_server_dies);
	ADD("no-unit", test_no_unit);
	ADD("unit-fails", test_unit_fails);
	ADD("unit-hangs", test_unit_hangs);
	ADD("nonsense", test_nonsense);
	return g_test_run();
}
