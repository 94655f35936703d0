// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Who waits for whom: maintenance.h.
 */
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "maintenance.h"

#define LIMIT_MS 2000

/* Maintains until it is killed; returns when it does. */
static pid_t maintainer(void)
{
	int ready[2];
	pid_t child;
	char byte;

	g_assert_no_errno(pipe(ready));
	child = fork();
	if (child == 0) {
		maintenance_begin();
		if (write(ready[1], "x", 1) == 1)
			pause();
		_exit(0);
	}
	g_assert_cmpint(read(ready[0], &byte, 1), ==, 1);
	close(ready[0]);
	close(ready[1]);
	return child;
}

static gint64 awaited_ms(void)
{
	gint64 began = g_get_monotonic_time();

	maintenance_await(LIMIT_MS);
	return (g_get_monotonic_time() - began) / 1000;
}

static void end(pid_t child)
{
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

static gpointer end_later(gpointer child)
{
	g_usleep(300000);
	end(GPOINTER_TO_INT(child));
	return NULL;
}

/* First of all: no file is there yet. */
static void test_nobody(void)
{
	g_assert_cmpint(awaited_ms(), <, LIMIT_MS / 4);
}

/* However it ends. */
static void test_somebody(void)
{
	pid_t child = maintainer();
	GThread *thread = g_thread_new("end", end_later, GINT_TO_POINTER(child));
	gint64 ms = awaited_ms();

	g_assert_cmpint(ms, >=, 250);
	g_assert_cmpint(ms, <, LIMIT_MS);
	g_thread_join(thread);
	g_assert_cmpint(awaited_ms(), <, LIMIT_MS / 4);
}

static void test_limit(void)
{
	pid_t child = maintainer();

	g_assert_cmpint(awaited_ms(), >=, LIMIT_MS - 10);
	end(child);
}

/* Sessions can only read. One that holds whatever it can shall not have others wait. */
static void test_reader(void)
{
	static const int types[] = { F_RDLCK, F_WRLCK };
	g_autofree char *path = g_build_filename(g_get_user_cache_dir(), "miracast", "lock", NULL);
	int lock = open(path, O_RDONLY | O_CLOEXEC);

	g_assert_cmpint(lock, >=, 0);
	g_assert_cmpint(flock(lock, LOCK_EX | LOCK_NB), ==, 0);
	for (guint i = 0; i < G_N_ELEMENTS(types); i++) {
		struct flock whole = { .l_type = types[i], .l_whence = SEEK_SET };

		g_assert_cmpint(fcntl(lock, F_OFD_SETLK, &whole), ==, types[i] == F_RDLCK ? 0 : -1);
		g_assert_cmpint(awaited_ms(), <, LIMIT_MS / 4);
	}
	close(lock);
}

int main(int argc, char *argv[])
{
	g_autofree char *cache = g_dir_make_tmp("miracast-XXXXXX", NULL);
	g_autofree char *directory = g_build_filename(cache, "miracast", NULL);
	g_autofree char *lock = g_build_filename(directory, "lock", NULL);
	int result;

	g_setenv("XDG_CACHE_HOME", cache, TRUE);
	g_assert_no_errno(g_mkdir(directory, 0755));
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/maintenance/nobody", test_nobody);
	g_test_add_func("/maintenance/somebody", test_somebody);
	g_test_add_func("/maintenance/limit", test_limit);
	g_test_add_func("/maintenance/reader", test_reader);
	result = g_test_run();
	g_unlink(lock);
	g_rmdir(directory);
	g_rmdir(cache);
	return result;
}
