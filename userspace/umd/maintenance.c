// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The lock of maintenance.h.
 */
#include "maintenance.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#define TRY_AGAIN_US 10000

static int open_lock(int flags)
{
	g_autofree char *path = g_build_filename(g_get_user_cache_dir(), "miracast", "lock", NULL);

	return open(path, flags | O_CLOEXEC | O_NOFOLLOW, 0644);
}

void maintenance_begin(void)
{
	static int lock = -1;

	if (lock < 0)
		lock = open_lock(O_RDWR | O_CREAT);
	if (lock >= 0 && flock(lock, LOCK_EX | LOCK_NB) < 0)
		g_debug("somebody else maintains, or waits");
}

void maintenance_await(void)
{
	gint64 deadline = g_get_monotonic_time() + MAINTENANCE_WAIT_MS * 1000;
	int lock = open_lock(O_RDONLY);

	if (lock < 0)
		return;
	while (flock(lock, LOCK_SH | LOCK_NB) < 0 && g_get_monotonic_time() < deadline)
		g_usleep(TRY_AGAIN_US);
	close(lock);
}
