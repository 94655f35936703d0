// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Memory of udmabuf.h.
 */
#include "udmabuf.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

void udmabuf_free(struct udmabuf *buffer)
{
	if (!buffer)
		return;
	if (buffer->data)
		munmap(buffer->data, buffer->size);
	if (buffer->fd >= 0)
		close(buffer->fd);
	g_free(buffer);
}

/* Whole pages, which nobody can take away. */
static int make_memory(gsize size)
{
	int memfd = memfd_create("miracast-test", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (memfd >= 0 && (ftruncate(memfd, size) < 0 || fcntl(memfd, F_ADD_SEALS, F_SEAL_SHRINK) < 0)) {
		close(memfd);
		return -1;
	}
	return memfd;
}

struct udmabuf *udmabuf_new(gsize size, GError **error)
{
	g_autoptr(udmabuf) buffer = g_new0(struct udmabuf, 1);
	const gsize page = sysconf(_SC_PAGESIZE);
	int memfd, err;

	buffer->fd = -1;
	buffer->size = (size + page - 1) / page * page;
	memfd = make_memory(buffer->size);
	if (memfd >= 0) {
		gpointer data = mmap(NULL, buffer->size, PROT_READ | PROT_WRITE, MAP_SHARED, memfd, 0);

		buffer->data = data == MAP_FAILED ? NULL : data;
		if (buffer->data)
			buffer->fd = udmabuf_create(memfd, buffer->size);
		err = errno;
		close(memfd);
		errno = err;
	}
	if (buffer->fd >= 0)
		return g_steal_pointer(&buffer);
	g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno), "no buffer to test it with: %s",
		    g_strerror(errno));
	return NULL;
}
