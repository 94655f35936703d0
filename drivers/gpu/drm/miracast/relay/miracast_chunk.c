// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ring of encode chunk records; see miracast_chunk.h.
 */
#include <linux/align.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "miracast_chunk.h"

/* What GET_CHUNKS copies out for one slot. */
struct miracast_chunk_packet {
	struct miracast_chunk head;
	u8 data[ALIGN(MIRACAST_MAX_CHUNK_DATA, 8)];
};

int miracast_chunk_ring_init(struct miracast_chunk_ring *ring)
{
	raw_spin_lock_init(&ring->lock);
	ring->head = 0;
	ring->tail = 0;
	ring->lost = false;
	ring->closed = false;
	ring->slots = kvcalloc(MIRACAST_MAX_CHUNKS, sizeof(*ring->slots),
			       MIRACAST_GFP_USER);

	return ring->slots ? 0 : -ENOMEM;
}

/* From now on records are refused. */
void miracast_chunk_ring_close(struct miracast_chunk_ring *ring)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&ring->lock, flags);
	ring->closed = true;
	ring->tail = ring->head;
	ring->lost = false;
	raw_spin_unlock_irqrestore(&ring->lock, flags);
}

void miracast_chunk_ring_free(struct miracast_chunk_ring *ring)
{
	kvfree(ring->slots);
}

static struct miracast_chunk_slot *
miracast_chunk_slot(struct miracast_chunk_ring *ring, u64 pos)
{
	BUILD_BUG_ON_NOT_POWER_OF_2(MIRACAST_MAX_CHUNKS);

	return &ring->slots[pos & (MIRACAST_MAX_CHUNKS - 1)];
}

/*
 * Any context. @len is at most MIRACAST_MAX_CHUNK_DATA. -ENOBUFS: the ring was
 * full; this record and all before it are lost (R62).
 */
int miracast_chunk_ring_put(struct miracast_chunk_ring *ring,
			    const struct miracast_chunk_info *info,
			    const void *data, size_t len)
{
	struct miracast_chunk_slot *slot;
	unsigned long flags;
	int ret = 0;

	raw_spin_lock_irqsave(&ring->lock, flags);
	if (ring->closed) {
		ret = -ENODEV;
	} else if (ring->head - ring->tail == MIRACAST_MAX_CHUNKS) {
		ring->tail = ring->head;
		ring->lost = true;
		ret = -ENOBUFS;
	} else {
		slot = miracast_chunk_slot(ring, ring->head++);
		slot->info = *info;
		slot->len = len;
		if (len)
			memcpy(slot->data, data, len);
	}
	raw_spin_unlock_irqrestore(&ring->lock, flags);

	return ret;
}

bool miracast_chunk_ring_readable(struct miracast_chunk_ring *ring)
{
	unsigned long flags;
	bool readable;

	raw_spin_lock_irqsave(&ring->lock, flags);
	readable = ring->lost || ring->head != ring->tail;
	raw_spin_unlock_irqrestore(&ring->lock, flags);

	return readable;
}

/*
 * Copy the oldest record, which stays. Returns its position, to be given to
 * miracast_chunk_ring_pop(), or -EAGAIN, or, once, -ECONNRESET.
 */
static int miracast_chunk_ring_peek(struct miracast_chunk_ring *ring,
				    bool tell_loss, u64 *pos,
				    struct miracast_chunk_packet *packet)
{
	const struct miracast_chunk_slot *slot;
	unsigned long flags;
	int ret = 0;

	raw_spin_lock_irqsave(&ring->lock, flags);
	if (ring->lost) {
		ret = tell_loss ? -ECONNRESET : -EAGAIN;
		if (tell_loss)
			ring->lost = false;
	} else if (ring->head == ring->tail) {
		ret = -EAGAIN;
	} else {
		*pos = ring->tail;
		slot = miracast_chunk_slot(ring, *pos);
		packet->head.info = slot->info;
		packet->head.header_len = sizeof(packet->head);
		packet->head.data_len = slot->len;
		packet->head.len = ALIGN(sizeof(packet->head) + slot->len, 8);
		memcpy(packet->data, slot->data, slot->len);
		memset(packet->data + slot->len, 0,
		       packet->head.len - sizeof(packet->head) - slot->len);
	}
	raw_spin_unlock_irqrestore(&ring->lock, flags);

	return ret;
}

/* The record at @pos is with the reader; false: it was lost meanwhile. */
static bool miracast_chunk_ring_pop(struct miracast_chunk_ring *ring, u64 pos)
{
	unsigned long flags;
	bool there;

	raw_spin_lock_irqsave(&ring->lock, flags);
	there = ring->tail == pos;
	if (there)
		ring->tail++;
	raw_spin_unlock_irqrestore(&ring->lock, flags);

	return there;
}

/*
 * MIRACAST_IOC_GET_CHUNKS. A record leaves the ring only after it has been
 * copied, so a fault loses nothing; a record that another reader, or an
 * overflow, took away during the copy is not counted as given.
 */
int miracast_chunk_ring_drain(struct miracast_chunk_ring *ring,
			      struct miracast_get_chunks *get)
{
	u8 __user *buf = u64_to_user_ptr(get->buf_ptr);
	struct miracast_chunk_packet packet;
	unsigned long flags;
	int ret;
	u64 pos;

	get->used = 0;
	get->needed = 0;

	for (;;) {
		ret = miracast_chunk_ring_peek(ring, !get->used, &pos, &packet);
		if (ret)
			break;
		if (packet.head.len > get->buf_len - get->used) {
			ret = -EMSGSIZE;
			break;
		}
		if (copy_to_user(buf + get->used, &packet, packet.head.len)) {
			ret = -EFAULT;
			break;
		}
		if (miracast_chunk_ring_pop(ring, pos))
			get->used += packet.head.len;
	}

	if (ret == -EMSGSIZE && !get->used)
		get->needed = packet.head.len;

	raw_spin_lock_irqsave(&ring->lock, flags);
	get->outstanding = ring->head - ring->tail;
	raw_spin_unlock_irqrestore(&ring->lock, flags);

	return get->used ? 0 : ret;
}
