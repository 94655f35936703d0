/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The message state machine: pure data, no device, no user memory, no waiting.
 *
 * A queue is the table of one session's messages and the list of records that
 * its readers are owed. All functions but the three that say otherwise want
 * queue->lock held; what they hand back is to be completed after the lock has
 * been dropped.
 *
 * Life of a message
 * =================
 *
 *	                                    reply, stop, end
 *	  +-----------------------------------------------------> CLAIMED
 *	  | any claim                            |                   ^
 *	  |                take                  |                   |
 *	QUEUED <-------------------------> DELIVERED                 |
 *	  ^          untake (a fault)            | cancel, timeout   |
 *	  | add                                  v        take, stop |
 *	(new)                                CANCELLED --------------+
 *	  | add behind a shut gate                                   |
 *	  v                                                          |
 *	DEFERRED ----------------------------------------------------+
 *
 * Claiming
 *	A message in QUEUED or DELIVERED is in the table. Whoever takes it out
 *	of the table, under the lock, has claimed it and must complete it; the
 *	table is the only way to a message, so everybody else finds nothing.
 *	That is the whole proof that a message completes exactly once, be it by
 *	a reply, a cancel, its timeout, a stop or the end of the context.
 *
 * References
 *	The table has one, which passes to the claimer; a reader has one while
 *	it copies; the list of records has one for a CANCELLED message, which
 *	has been completed and lives on as its own cancel record. So a record
 *	for the reader never needs an allocation.
 *
 * Limits
 *	A message counts against the limits until it has left both the table
 *	and the list. Cancel records, too, are thereby bounded.
 */
#ifndef _MIRACAST_QUEUE_H_
#define _MIRACAST_QUEUE_H_

#include <linux/hashtable.h>
#include <linux/list.h>
#include <linux/refcount.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/wait.h>

#include <drm/miracast.h>

/**
 * enum miracast_gate - what becomes of a message that is sent now
 * @MIRACAST_GATE_HELD: accepted, handed to readers later (R48, R49)
 * @MIRACAST_GATE_OPEN: accepted, handed to readers
 * @MIRACAST_GATE_SHUT: accepted, completed with -ESHUTDOWN (R50)
 * @MIRACAST_GATE_DEAD: refused; the last state of every queue
 */
enum miracast_gate {
	MIRACAST_GATE_HELD,
	MIRACAST_GATE_OPEN,
	MIRACAST_GATE_SHUT,
	MIRACAST_GATE_DEAD,
};

enum miracast_msg_state {
	/* In the table and in the list of records. */
	MIRACAST_MSG_QUEUED,
	/* In the table only: a reader has it, or is copying it. */
	MIRACAST_MSG_DELIVERED,
	/* In the list of records only: completed, its reader is to be told. */
	MIRACAST_MSG_CANCELLED,
	/* In the list of deferred ones: sent behind a shut gate. */
	MIRACAST_MSG_DEFERRED,
	/* In none of them: belongs to whoever claimed it. */
	MIRACAST_MSG_CLAIMED,
};

/**
 * struct miracast_msg - one message
 * @ref: see "References"
 * @state: protected by queue->lock
 * @hash: place in queue->live; protected by queue->lock
 * @link: place in queue->records or queue->deferred, or in
 *	struct miracast_claims.drop; protected by queue->lock
 * @claim: place in struct miracast_claims.complete; owned by the claimer. Not
 *	@link, since a cancelled message is also in the list of records
 * @id: unique in the queue; written once, before the message is in the table
 * @generation: of the queue when it was sent; constant like @id
 * @deadline: time of its timeout, 0 for none; constant like @id
 * @sent: when it was sent, for traces; constant like @id
 * @status: what to complete it with; owned by the claimer
 * @out_max: most bytes of a reply; constant
 * @in_len: bytes at @in; constant
 * @done: completion callback or NULL; constant
 * @ctx: for @done; constant
 * @in: the input; constant
 */
struct miracast_msg {
	refcount_t ref;
	enum miracast_msg_state state;
	struct hlist_node hash;
	struct list_head link;
	struct list_head claim;
	u64 id;
	u64 generation;
	u64 deadline;
	u64 sent;
	int status;
	u32 out_max;
	u32 in_len;
	miracast_done_t done;
	void *ctx;
	u8 in[];
};

/**
 * struct miracast_claims - what is to be done after the lock was dropped
 * @complete: messages to complete with their status
 * @drop: cancel records that nobody will read, to be put
 */
struct miracast_claims {
	struct list_head complete;
	struct list_head drop;
};

#define MIRACAST_QUEUE_BITS	6

/**
 * struct miracast_queue - messages of one session
 * @lock: protects everything here. A leaf: nothing is called, copied or
 *	waited for under it
 * @gate: what becomes of new messages
 * @generation: counts how often the gate was shut
 * @last_id: id of the newest message; ids rise and are never reused
 * @count: messages that count against MIRACAST_MAX_QUEUED
 * @bytes: bytes that count against MIRACAST_MAX_QUEUED_BYTES
 * @busy: claimed messages not yet completed, and calls into the driver
 * @next_deadline: earliest deadline that a timer was asked for, or U64_MAX
 * @records: what readers are owed, in order
 * @deferred: messages that wait for a worker to complete them
 * @live: the table, by id
 * @idle: woken when @busy falls to zero; not protected
 */
struct miracast_queue {
	spinlock_t lock; /* everything here */
	enum miracast_gate gate;
	u64 generation;
	u64 last_id;
	unsigned int count;
	size_t bytes;
	unsigned int busy;
	u64 next_deadline;
	struct list_head records;
	struct list_head deferred;
	DECLARE_HASHTABLE(live, MIRACAST_QUEUE_BITS);
	wait_queue_head_t idle;
};

/* Without the lock. */
void miracast_queue_init(struct miracast_queue *queue);
struct miracast_msg *miracast_msg_alloc(const void *in, size_t in_len,
					size_t out_max, miracast_done_t done,
					void *ctx, gfp_t gfp);
void miracast_msg_put(struct miracast_msg *msg);
void miracast_claims_init(struct miracast_claims *claims);

/* With queue->lock held. */
int miracast_queue_add(struct miracast_queue *queue, struct miracast_msg *msg);
bool miracast_queue_readable(struct miracast_queue *queue);
struct miracast_msg *miracast_queue_take(struct miracast_queue *queue,
					 size_t room,
					 struct miracast_record *record);
bool miracast_queue_taken(struct miracast_queue *queue,
			  struct miracast_msg *msg);
void miracast_queue_untake(struct miracast_queue *queue,
			   struct miracast_msg *msg, u16 type);
struct miracast_msg *miracast_queue_reply(struct miracast_queue *queue,
					  u64 id, size_t bytes);
struct miracast_msg *miracast_queue_cancel(struct miracast_queue *queue,
					   u64 id);
void miracast_queue_expire(struct miracast_queue *queue, u64 now,
			   struct miracast_claims *claims);
void miracast_queue_set_gate(struct miracast_queue *queue,
			     enum miracast_gate gate,
			     struct miracast_claims *claims);
void miracast_queue_claim_deferred(struct miracast_queue *queue,
				   struct miracast_claims *claims);
bool miracast_queue_enter(struct miracast_queue *queue);
void miracast_queue_exit(struct miracast_queue *queue);

#endif /* _MIRACAST_QUEUE_H_ */
