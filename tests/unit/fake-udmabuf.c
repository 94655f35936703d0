// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * /dev/udmabuf for programs that have none: preloaded, and the dma-buf that is made of a memfd is that
 * memfd.  It can be mapped and has no fences, which is all that fake-gpu.h wants of it.
 */
/* Both names of open() are defined here: they must not be one, nor inline. */
#undef _FILE_OFFSET_BITS
#undef _TIME_BITS
#undef _FORTIFY_SOURCE

#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include <linux/udmabuf.h>

#define DEVICE "/dev/udmabuf"

static int open_any(const char *name, const char *path, int flags, va_list list)
{
	int (*next)(const char *, int, ...) = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, name);
	const mode_t mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(list, mode_t) : 0;

	/* Something that can be closed. */
	if (strcmp(path, DEVICE) == 0)
		return memfd_create(DEVICE, MFD_CLOEXEC);
	return next(path, flags, mode);
}

int open(const char *path, int flags, ...)
{
	va_list list;
	int fd;

	va_start(list, flags);
	fd = open_any("open", path, flags, list);
	va_end(list);
	return fd;
}

int open64(const char *path, int flags, ...)
{
	va_list list;
	int fd;

	va_start(list, flags);
	fd = open_any("open64", path, flags, list);
	va_end(list);
	return fd;
}

int ioctl(int fd, unsigned long request, ...)
{
	int (*next)(int, unsigned long, ...) = (int (*)(int, unsigned long, ...))dlsym(RTLD_NEXT, "ioctl");
	va_list list;
	void *argument;

	va_start(list, request);
	argument = va_arg(list, void *);
	va_end(list);
	if (request == UDMABUF_CREATE)
		return fcntl(((struct udmabuf_create *)argument)->memfd, F_DUPFD_CLOEXEC, 3);
	return next(fd, request, argument);
}
