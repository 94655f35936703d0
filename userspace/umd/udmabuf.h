/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * udmabuf.h - a dma-buf of ordinary memory, for tests of those who import such
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * struct udmabuf - what is written to @data is in the dma-buf @fd
 */
struct udmabuf {
	int fd;
	guint8 *data;
	gsize size;
};

/*
 * Of @size bytes at least, zero.  Fails where the kernel has no /dev/udmabuf (CONFIG_UDMABUF,
 * not in Debian 12), or not for us.
 */
struct udmabuf *udmabuf_new(gsize size, GError **error);
void udmabuf_free(struct udmabuf *buffer);
typedef struct udmabuf udmabuf;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(udmabuf, udmabuf_free)

/* The call itself: a dma-buf of the pages of @memfd, or -1 with errno. */
int udmabuf_create(int memfd, gsize size);

G_END_DECLS
