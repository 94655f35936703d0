// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Buffers of desktop-buffers.h.
 */
#include "desktop-buffers.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <drm/miracast.h>
#include <linux/dma-buf.h>

/* So many frames in a row that cannot be mapped are no accident ... */
#define UNMAPPED_FRAMES 5
/* ... and so many measurements in a row that are slow; one may be an accident. */
#define SLOW_PROBES 2
/* Slow is both: so much per second at most, and so much less than our own memory. */
#define SLOW_BYTES_PER_S (400 * 1000 * 1000)
#define SLOW_FACTOR 8
/* So much is read to know; a buffer that is smaller is quick enough in any case. */
#define PROBE_BYTES (1 << 20)

static void mapping_free(gpointer data)
{
	struct mapping *mapping = data;

	if (mapping->data)
		munmap(mapping->data, mapping->size);
	gpu_memory_free(mapping->gpu);
	close(mapping->fd);
	g_free(mapping);
}

void desktop_buffers_init(struct desktop_buffers *b, struct miracast_host *host)
{
	*b = (struct desktop_buffers){
		.host = host,
		.table = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, mapping_free),
	};
}

void desktop_buffers_clear(struct desktop_buffers *b)
{
	g_hash_table_unref(b->table);
}

void desktop_buffers_drop_retired(struct desktop_buffers *b)
{
	uint64_t ids[16];
	int n;

	do {
		n = miracast_frames_get_retired(b->host, ids);
		for (int i = 0; i < n; i++) {
			gint64 id = ids[i];

			g_hash_table_remove(b->table, &id);
		}
	} while (n == G_N_ELEMENTS(ids));
}

void mapping_sync(const struct mapping *mapping, guint64 flags)
{
	struct dma_buf_sync sync = { .flags = flags | DMA_BUF_SYNC_READ };
	int result;

	do {
		result = ioctl(mapping->fd, DMA_BUF_IOCTL_SYNC, &sync);
	} while (result < 0 && (errno == EINTR || errno == EAGAIN));
}

const struct gpu_memory *mapping_for_gpu(struct mapping *mapping)
{
	if (!mapping->gpu)
		mapping->gpu = gpu_memory_new(mapping->fd);
	return mapping->gpu;
}

static guint64 thread_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return now.tv_sec * G_GUINT64_CONSTANT(1000000000) + now.tv_nsec;
}

static guint64 copy_ns(guint8 *to, const guint8 *from)
{
	guint64 begun = thread_ns(), spent;

	memcpy(to, from, PROBE_BYTES);
	spent = thread_ns() - begun;
	return MAX(spent, 1);
}

/*
 * Processor time counts, so that it does not matter what else there is to do. Not of
 * buffers of our own: those are ordinary memory, whatever a slow or emulated processor
 * says, and there is nothing better that the desktop could draw into.
 */
static void probe_speed(struct desktop_buffers *b, struct mapping *mapping)
{
	g_autofree guint8 *to = NULL;
	g_autofree guint8 *own = NULL;
	guint64 ns, own_ns;

	if (!mapping->imported || mapping->probed || mapping->size < PROBE_BYTES)
		return;
	to = g_malloc(PROBE_BYTES);
	own = g_malloc(PROBE_BYTES);
	memset(to, 1, PROBE_BYTES);
	memset(own, 1, PROBE_BYTES);
	mapping_sync(mapping, DMA_BUF_SYNC_START);
	copy_ns(to, mapping->data); /* brings the pages in */
	ns = copy_ns(to, mapping->data);
	mapping_sync(mapping, DMA_BUF_SYNC_END);
	own_ns = copy_ns(to, own);
	mapping->read_rate = PROBE_BYTES * G_GUINT64_CONSTANT(1000000000) / ns;
	if (ns < own_ns * SLOW_FACTOR || mapping->read_rate > SLOW_BYTES_PER_S) {
		b->slow = 0;
		mapping->probed = TRUE;
		return;
	}
	mapping->probed = mapping->slow;
	mapping->slow = TRUE;
	g_debug("1 MiB of a buffer is read in %" G_GUINT64_FORMAT " us, of other memory in %"
		G_GUINT64_FORMAT " us", ns / 1000, own_ns / 1000);
	if (++b->slow < SLOW_PROBES)
		return;
	b->slow = 0;
	b->unreadable = "The desktop's pictures are in memory that the processor reads too slowly";
}

/* Only the first plane is needed: all formats that are read have one. */
struct mapping *desktop_buffers_find(struct desktop_buffers *b, guint64 id)
{
	gint64 key = id;
	struct mapping *mapping = g_hash_table_lookup(b->table, &key);
	uint32_t flags = 0;
	int fds[4];
	int n;

	if (mapping)
		return mapping;
	n = miracast_frames_get_buffer(b->host, id, fds, &flags);
	if (n < 1)
		return NULL;
	for (int i = 1; i < n; i++) {
		gboolean again = FALSE;

		for (int j = 0; j < i; j++)
			again |= fds[j] == fds[i];
		if (!again)
			close(fds[i]);
	}
	mapping = g_new0(struct mapping, 1);
	mapping->fd = fds[0];
	mapping->imported = (flags & MIRACAST_BUFFER_IMPORTED) != 0;
	g_hash_table_insert(b->table, g_memdup2(&key, sizeof(key)), mapping);
	return mapping;
}

static gboolean map(struct mapping *mapping)
{
	off_t size = lseek(mapping->fd, 0, SEEK_END);
	gpointer data;

	if (size <= 0) {
		errno = EINVAL;
		return FALSE;
	}
	data = mmap(NULL, size, PROT_READ, MAP_SHARED, mapping->fd, 0);
	if (data == MAP_FAILED)
		return FALSE;
	mapping->data = data;
	mapping->size = size;
	return TRUE;
}

struct mapping *desktop_buffers_map(struct desktop_buffers *b, guint64 id)
{
	struct mapping *mapping = desktop_buffers_find(b, id);
	const gint64 key = id;

	if (!mapping || mapping->data || map(mapping))
		return mapping;
	if (!b->complained)
		g_message("a buffer of the desktop cannot be mapped: %s", g_strerror(errno));
	b->complained = TRUE;
	/* It is looked at anew, unless it serves another way. */
	if (!mapping->gpu)
		g_hash_table_remove(b->table, &key);
	return NULL;
}

struct mapping *desktop_buffers_map_picture(struct desktop_buffers *b, guint64 id)
{
	struct mapping *mapping = desktop_buffers_map(b, id);

	if (!mapping) {
		if (++b->unmapped == UNMAPPED_FRAMES) {
			b->unmapped = 0;
			b->unreadable = "The desktop's pictures are in memory that cannot be mapped";
		}
		return NULL;
	}
	b->unmapped = 0;
	probe_speed(b, mapping);
	return mapping;
}
