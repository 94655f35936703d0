// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Programs that a unit of systemd's starts: see unit-call.h.
 */
#include "unit-call.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static const char *program = MIRACAST_SPAWN;

void unit_call_set_program(const char *path)
{
	program = path;
}

gboolean unit_call_answers(const char *directory, const char *name)
{
	g_autofree char *path = g_build_filename(directory, name, NULL);

	return access(path, W_OK) == 0;
}

/* systemd starts the server for it; that it has hung up by then tells the server to wait. */
void unit_call_prepare(const char *directory, const char *name)
{
	g_autofree char *path = g_build_filename(directory, name, NULL);
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return;
	if (g_strlcpy(address.sun_path, path, sizeof(address.sun_path)) >= sizeof(address.sun_path) ||
	    connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		g_debug("%s cannot be prepared", path);
	close(fd);
}

void unit_call_add(GPtrArray *argv, const char *directory, const char *name)
{
	g_ptr_array_add(argv, g_strdup(program));
	g_ptr_array_add(argv, g_strdup("call"));
	g_ptr_array_add(argv, g_build_filename(directory, name, NULL));
}
