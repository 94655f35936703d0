/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Ring of encode chunk records (R60 to R66).
 *
 * Written in any context, drained by one reader at a time in process context.
 * When it runs full everything in it is lost, and the reader is told once:
 * after a gap in the stream only a new IDR picture helps, so what was queued
 * before the gap is of no use.
 */
#ifndef _MIRACAST_CHUNK_H_
#define _MIRACAST_CHUNK_H_

#include <linux/spinlock.h>
#include <linux/types.h>

#include <drm/miracast.h>

/**
 * struct miracast_chunk_slot - one record
 * @info: what was processed
 * @len: valid bytes of @data
 * @data: private data of the driver
 */
struct miracast_chunk_slot {
	struct miracast_chunk_info info;
	u32 len;
	u8 data[MIRACAST_MAX_CHUNK_DATA];
};

/**
 * struct miracast_chunk_ring - the ring
 * @lock: protects everything here; raw, since interrupt handlers take it
 * @head: records ever put in, slot is the remainder
 * @tail: records ever taken out or lost
 * @lost: the reader has to be told of a loss
 * @closed: nothing is taken in any more
 * @slots: MIRACAST_MAX_CHUNKS of them; constant
 */
struct miracast_chunk_ring {
	raw_spinlock_t lock;
	u64 head;
	u64 tail;
	bool lost;
	bool closed;
	struct miracast_chunk_slot *slots;
};

int miracast_chunk_ring_init(struct miracast_chunk_ring *ring);
void miracast_chunk_ring_close(struct miracast_chunk_ring *ring);
void miracast_chunk_ring_free(struct miracast_chunk_ring *ring);
int miracast_chunk_ring_put(struct miracast_chunk_ring *ring,
			    const struct miracast_chunk_info *info,
			    const void *data, size_t len);
bool miracast_chunk_ring_readable(struct miracast_chunk_ring *ring);
int miracast_chunk_ring_drain(struct miracast_chunk_ring *ring,
			      struct miracast_get_chunks *get);

#endif /* _MIRACAST_CHUNK_H_ */
