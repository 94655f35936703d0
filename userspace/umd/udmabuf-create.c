// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The call of udmabuf.h, apart: tests have no such device, and put theirs in its place.
 */
#include "udmabuf.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/udmabuf.h>

int udmabuf_create(int memfd, gsize size)
{
	struct udmabuf_create create = { .memfd = memfd, .flags = UDMABUF_FLAGS_CLOEXEC, .size = size };
	int device = open("/dev/udmabuf", O_RDWR | O_CLOEXEC);
	int fd, err;

	if (device < 0)
		return -1;
	fd = ioctl(device, UDMABUF_CREATE, &create);
	err = errno;
	close(device);
	errno = err;
	return fd;
}
