// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The lock of maintenance.h.
 */
#include "maintenance.h"

#include <errno.h>
#include <fcntl.h>
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
	struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	if (lock < 0)
		lock = open_lock(O_RDWR | O_CREAT);
	if (lock >= 0 && fcntl(lock, F_OFD_SETLK, &whole) < 0)
		g_debug("somebody else maintains: %s", g_strerror(errno));
}

/* Only who may write can hold what a reader's lock would have to wait for. */
static gboolean is_maintained(int lock)
{
	struct flock found = { .l_type = F_RDLCK, .l_whence = SEEK_SET };

	return fcntl(lock, F_OFD_GETLK, &found) == 0 && found.l_type != F_UNLCK;
}

void maintenance_await(guint limit_ms)
{
	gint64 deadline = g_get_monotonic_time() + limit_ms * G_TIME_SPAN_MILLISECOND;
	int lock = open_lock(O_RDONLY);

	if (lock < 0)
		return;
	while (is_maintained(lock) && g_get_monotonic_time() < deadline)
		g_usleep(TRY_AGAIN_US);
	close(lock);
}
