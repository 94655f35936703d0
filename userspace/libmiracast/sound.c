// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The sound fd: see miracast/sound.h.
 */
#include "host-private.h"

#include <errno.h>
#include <sys/ioctl.h>

#include <miracast/sound.h>

int miracast_sound_open(struct miracast_host *host, struct miracast_open_sound *open)
{
	*open = (struct miracast_open_sound){ .flags = MIRACAST_OPEN_NONBLOCK };
	if (host->config.sink_fd < 0 || !host_alive(host))
		return -ENODEV;
	return ioctl(host->config.sink_fd, MIRACAST_IOC_OPEN_SOUND, open) < 0 ? -errno : open->fd;
}
