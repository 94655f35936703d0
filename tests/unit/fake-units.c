// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * systemd's part: see fake-units.h.
 */
#include "fake-units.h"

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "umd-launcher.h"
#include "unit-call.h"

#define SOCKETS (UMD_LAUNCHER_ACCOUNTS + 2)

struct unit {
	fake_units *units;
	char *path;
	int listening;
	GThread *thread;
};

struct fake_units {
	char *directory;
	struct unit sockets[SOCKETS];
	guint calls, prepared; /* atomic */
};

static gpointer accept_all(gpointer data)
{
	struct unit *unit = data;
	int fd;

	while ((fd = accept4(unit->listening, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
		g_autoptr(GSubprocessLauncher) launcher = g_subprocess_launcher_new(G_SUBPROCESS_FLAGS_NONE);
		g_autoptr(GSubprocess) server = NULL;
		g_autoptr(GError) error = NULL;
		char byte;

		if (recv(fd, &byte, 1, MSG_PEEK) <= 0) {
			g_atomic_int_inc(&unit->units->prepared);
			close(fd);
			continue;
		}
		g_atomic_int_inc(&unit->units->calls);
		g_subprocess_launcher_take_fd(launcher, fd, 3);
		g_subprocess_launcher_setenv(launcher, "LISTEN_FDS", "1", TRUE);
		server = g_subprocess_launcher_spawn(launcher, &error, MIRACAST_SPAWN, "serve", NULL);
		g_assert_no_error(error);
	}
	return NULL;
}

static void start(fake_units *units, struct unit *unit, const char *name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	unit->units = units;
	unit->path = g_build_filename(units->directory, name, NULL);
	g_strlcpy(address.sun_path, unit->path, sizeof(address.sun_path));
	unit->listening = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	g_assert_no_errno(bind(unit->listening, (struct sockaddr *)&address, sizeof(address)));
	g_assert_no_errno(listen(unit->listening, 5));
	unit->thread = g_thread_new(name, accept_all, unit);
}

fake_units *fake_units_new(void)
{
	fake_units *units = g_new0(fake_units, 1);

	unit_call_set_program(MIRACAST_SPAWN);
	units->directory = g_dir_make_tmp("miracast-XXXXXX", NULL);
	for (guint i = 0; i < UMD_LAUNCHER_ACCOUNTS; i++) {
		g_autofree char *name = g_strdup_printf("umd-%u", i + 1);

		start(units, &units->sockets[i], name);
	}
	start(units, &units->sockets[SOCKETS - 2], "cache");
	start(units, &units->sockets[SOCKETS - 1], "dhcp");
	return units;
}

const char *fake_units_directory(const fake_units *units)
{
	return units->directory;
}

guint fake_units_calls(const fake_units *units)
{
	return g_atomic_int_get(&units->calls);
}

guint fake_units_prepared(const fake_units *units)
{
	return g_atomic_int_get(&units->prepared);
}

void fake_units_free(fake_units *units)
{
	for (guint i = 0; i < SOCKETS; i++) {
		shutdown(units->sockets[i].listening, SHUT_RDWR);
		g_thread_join(units->sockets[i].thread);
		close(units->sockets[i].listening);
		g_unlink(units->sockets[i].path);
		g_free(units->sockets[i].path);
	}
	g_rmdir(units->directory);
	g_free(units->directory);
	g_free(units);
}
