/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * desktop-buffers.h - the desktop's dma-bufs, as long as the kernel knows them
 *
 * Fetched once for each buffer, by frames that hold it; mapped for the processor and wrapped for the
 * GPU when they are wanted for that.  A desktop may hand over buffers that a GPU's driver has
 * made, and such memory may be mapped by nobody, or be read a tenth as fast as other memory.  How
 * fast each of those is read is measured with the first picture in it, and once more with the
 * second if that was slow, as a desktop may have one buffer only; after some that are like
 * that @unreadable says so.
 *
 * The thread of the source alone.
 */
#pragma once

#include <glib.h>
#include <miracast/frames.h>

#include "gpu-way.h"

G_BEGIN_DECLS

/**
 * struct mapping - a buffer
 * @fd: its dma-buf
 * @data, @size: mapped; NULL: not
 * @gpu: as a GPU imports it; NULL: not yet
 * @imported: another driver's
 * @read_rate: bytes per second; 0: not measured
 */
struct mapping {
	int fd;
	guint8 *data;
	gsize size;
	struct gpu_memory *gpu;
	gboolean imported;
	gboolean probed; /* its speed is known well enough */
	gboolean slow;	 /* it was measured, and found to be slow */
	guint64 read_rate;
};

/**
 * struct desktop_buffers - all of them
 * @unreadable: out: why the processor cannot do with them, a sentence; who has told it sets
 *	it to NULL
 */
struct desktop_buffers {
	struct miracast_host *host;
	GHashTable *table; /* buffer id -> struct mapping */
	guint unmapped;	   /* frames in a row */
	gboolean complained;
	guint slow; /* measurements in a row */
	const char *unreadable;
};

void desktop_buffers_init(struct desktop_buffers *buffers, struct miracast_host *host);
void desktop_buffers_clear(struct desktop_buffers *buffers);
/* Forgets those that will not come back. */
void desktop_buffers_drop_retired(struct desktop_buffers *buffers);
/* NULL: there is none, or no descriptor for it. */
struct mapping *desktop_buffers_find(struct desktop_buffers *buffers, guint64 id);
/* The same, mapped. */
struct mapping *desktop_buffers_map(struct desktop_buffers *buffers, guint64 id);
/* The same of the one with the picture, which there has to be, and its speed. */
struct mapping *desktop_buffers_map_picture(struct desktop_buffers *buffers, guint64 id);
/* DMA_BUF_SYNC_START and _END around reading. */
void mapping_sync(const struct mapping *mapping, guint64 flags);
/* For a GPU; NULL: it is no dma-buf. */
const struct gpu_memory *mapping_for_gpu(struct mapping *mapping);

G_END_DECLS
