// SPDX-License-Identifier: GPL-2.0-only
/*
 * The message state machine; see miracast_queue.h.
 */
#include <linux/compiler.h>
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/lockdep.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "miracast_queue.h"

void miracast_queue_init(struct miracast_queue *queue)
{
	spin_lock_init(&queue->lock);
	queue->gate = MIRACAST_GATE_HELD;
	queue->generation = 0;
	queue->last_id = 0;
	queue->count = 0;
	queue->bytes = 0;
	queue->busy = 0;
	queue->next_deadline = U64_MAX;
	INIT_LIST_HEAD(&queue->records);
	INIT_LIST_HEAD(&queue->deferred);
	hash_init(queue->live);
	init_waitqueue_head(&queue->idle);
}

void miracast_claims_init(struct miracast_claims *claims)
{
	INIT_LIST_HEAD(&claims->complete);
	INIT_LIST_HEAD(&claims->drop);
}

/* Lengths have been checked by the caller. */
struct miracast_msg *miracast_msg_alloc(const void *in, size_t in_len,
					size_t out_max, miracast_done_t done,
					void *ctx, gfp_t gfp)
{
	struct miracast_msg *msg;

	msg = kvmalloc(struct_size(msg, in, in_len), gfp);
	if (!msg)
		return NULL;

	memset(msg, 0, sizeof(*msg));
	refcount_set(&msg->ref, 1);
	INIT_HLIST_NODE(&msg->hash);
	INIT_LIST_HEAD(&msg->link);
	INIT_LIST_HEAD(&msg->claim);
	msg->out_max = out_max;
	msg->in_len = in_len;
	msg->done = done;
	msg->ctx = ctx;
	if (in_len)
		memcpy(msg->in, in, in_len);

	return msg;
}

void miracast_msg_put(struct miracast_msg *msg)
{
	if (refcount_dec_and_test(&msg->ref))
		kvfree(msg);
}

/* ---------------------------------------------------------------- limits */

static size_t miracast_msg_charge(const struct miracast_msg *msg)
{
	return (size_t)msg->in_len + msg->out_max;
}

static bool miracast_queue_has_room(const struct miracast_queue *queue,
				    const struct miracast_msg *msg)
{
	return queue->count < MIRACAST_MAX_QUEUED &&
	       queue->bytes + miracast_msg_charge(msg) <= MIRACAST_MAX_QUEUED_BYTES;
}

static void miracast_queue_charge(struct miracast_queue *queue,
				  const struct miracast_msg *msg)
{
	queue->count++;
	queue->bytes += miracast_msg_charge(msg);
}

static void miracast_queue_uncharge(struct miracast_queue *queue,
				    const struct miracast_msg *msg)
{
	queue->count--;
	queue->bytes -= miracast_msg_charge(msg);
}

/* --------------------------------------------------------- claim and find */

static struct miracast_msg *miracast_queue_find(struct miracast_queue *queue,
						u64 id)
{
	struct miracast_msg *msg;

	hash_for_each_possible(queue->live, msg, hash, id)
		if (msg->id == id)
			return msg;

	return NULL;
}

/*
 * The one place where a message leaves the table. The caller owns it now and
 * must complete it with @status; queue->busy counts it until then.
 */
static void miracast_queue_claim(struct miracast_queue *queue,
				 struct miracast_msg *msg, int status)
{
	lockdep_assert_held(&queue->lock);

	hash_del(&msg->hash);
	list_del_init(&msg->link);
	miracast_queue_uncharge(queue, msg);
	msg->state = MIRACAST_MSG_CLAIMED;
	msg->status = status;
	queue->busy++;
}

/*
 * Claim a message whose sender has lost interest. Is it with a reader, then
 * that one is told: the message becomes its own cancel record.
 */
static void miracast_queue_claim_cancelled(struct miracast_queue *queue,
					   struct miracast_msg *msg, int status)
{
	bool delivered = msg->state == MIRACAST_MSG_DELIVERED;

	miracast_queue_claim(queue, msg, status);
	if (!delivered)
		return;

	/* Whatever the limits say: this very message has just been taken off. */
	miracast_queue_charge(queue, msg);
	refcount_inc(&msg->ref);
	msg->state = MIRACAST_MSG_CANCELLED;
	list_add_tail(&msg->link, &queue->records);
}

/* The list of records gives up a cancel record; its reference goes along. */
static void miracast_queue_unlist_cancelled(struct miracast_queue *queue,
					    struct miracast_msg *msg)
{
	list_del_init(&msg->link);
	miracast_queue_uncharge(queue, msg);
	msg->state = MIRACAST_MSG_CLAIMED;
}

/* ----------------------------------------------------------------- sender */

/**
 * miracast_queue_add() - accept a message
 * @queue: the queue
 * @msg: from miracast_msg_alloc(), with deadline and sent filled in; the
 *	reference passes to the queue
 *
 * Return: 0; -ENODEV when the gate is dead; -ENOBUFS when a limit is reached.
 * After an error the message still belongs to the caller. After 0 msg->state
 * says whether it can be read (QUEUED) or waits for a worker (DEFERRED).
 */
int miracast_queue_add(struct miracast_queue *queue, struct miracast_msg *msg)
{
	lockdep_assert_held(&queue->lock);

	if (queue->gate == MIRACAST_GATE_DEAD)
		return -ENODEV;
	if (!miracast_queue_has_room(queue, msg))
		return -ENOBUFS;

	miracast_queue_charge(queue, msg);
	msg->id = ++queue->last_id;
	msg->generation = queue->generation;

	if (queue->gate == MIRACAST_GATE_SHUT) {
		msg->state = MIRACAST_MSG_DEFERRED;
		list_add_tail(&msg->link, &queue->deferred);
		return 0;
	}

	msg->state = MIRACAST_MSG_QUEUED;
	hash_add(queue->live, &msg->hash, msg->id);
	list_add_tail(&msg->link, &queue->records);
	if (msg->deadline && msg->deadline < queue->next_deadline)
		queue->next_deadline = msg->deadline;

	return 0;
}

/**
 * miracast_queue_cancel() - claim a message for its sender
 * @queue: the queue
 * @id: the message
 *
 * Return: the message, to be completed, or NULL when it has been claimed.
 */
struct miracast_msg *miracast_queue_cancel(struct miracast_queue *queue, u64 id)
{
	struct miracast_msg *msg;

	lockdep_assert_held(&queue->lock);

	msg = miracast_queue_find(queue, id);
	if (msg)
		miracast_queue_claim_cancelled(queue, msg, -ECANCELED);

	return msg;
}

/**
 * miracast_queue_expire() - claim messages whose time has come
 * @queue: the queue
 * @now: in the unit of the deadlines
 * @claims: where to put them
 *
 * queue->next_deadline is right afterwards.
 */
void miracast_queue_expire(struct miracast_queue *queue, u64 now,
			   struct miracast_claims *claims)
{
	struct miracast_msg *msg;
	struct hlist_node *tmp;
	int bucket;

	lockdep_assert_held(&queue->lock);

	queue->next_deadline = U64_MAX;
	hash_for_each_safe(queue->live, bucket, tmp, msg, hash) {
		if (!msg->deadline)
			continue;
		if (msg->deadline <= now) {
			miracast_queue_claim_cancelled(queue, msg, -ETIMEDOUT);
			list_add_tail(&msg->claim, &claims->complete);
		} else if (msg->deadline < queue->next_deadline) {
			queue->next_deadline = msg->deadline;
		}
	}
}

/* ----------------------------------------------------------------- reader */

/**
 * miracast_queue_readable() - would miracast_queue_take() return a record?
 * @queue: the queue
 *
 * Return: true if so.
 */
bool miracast_queue_readable(struct miracast_queue *queue)
{
	lockdep_assert_held(&queue->lock);

	return queue->gate == MIRACAST_GATE_OPEN && !list_empty(&queue->records);
}

/**
 * miracast_queue_take() - take the next record for a reader
 * @queue: the queue
 * @room: bytes that the reader has room for
 * @record: filled in
 *
 * The caller copies the record and, unless it is a cancel record, the input
 * of the message, without the lock; then calls miracast_queue_taken() or
 * miracast_queue_untake(); then puts the message.
 *
 * Return: the message with a reference for the caller; -EAGAIN when there is
 * none; -EMSGSIZE when it does not fit: it stays.
 */
struct miracast_msg *miracast_queue_take(struct miracast_queue *queue,
					 size_t room,
					 struct miracast_record *record)
{
	struct miracast_msg *msg;

	lockdep_assert_held(&queue->lock);

	if (!miracast_queue_readable(queue))
		return ERR_PTR(-EAGAIN);

	msg = list_first_entry(&queue->records, struct miracast_msg, link);
	memset(record, 0, sizeof(*record));
	record->id = msg->id;
	record->len = sizeof(*record);
	record->header_len = sizeof(*record);
	if (msg->state == MIRACAST_MSG_CANCELLED) {
		record->type = MIRACAST_REC_CANCEL;
	} else {
		record->type = MIRACAST_REC_MESSAGE;
		record->len += msg->in_len;
		record->out_max = msg->out_max;
	}
	if (record->len > room)
		return ERR_PTR(-EMSGSIZE);

	if (msg->state == MIRACAST_MSG_CANCELLED) {
		miracast_queue_unlist_cancelled(queue, msg);
	} else {
		list_del_init(&msg->link);
		msg->state = MIRACAST_MSG_DELIVERED;
		refcount_inc(&msg->ref);
	}

	return msg;
}

/**
 * miracast_queue_taken() - a record has been copied
 * @queue: the queue
 * @msg: from miracast_queue_take()
 *
 * Return: false when a stop has overtaken the copy: the reader must not see
 * the record, since its session's gate is no longer that of the message.
 */
bool miracast_queue_taken(struct miracast_queue *queue,
			  struct miracast_msg *msg)
{
	lockdep_assert_held(&queue->lock);

	return queue->gate == MIRACAST_GATE_OPEN &&
	       queue->generation == msg->generation;
}

/* Back in front, but behind what was sent before and has come back, too. */
static void miracast_queue_relist(struct miracast_queue *queue,
				  struct miracast_msg *msg)
{
	struct list_head *after = &queue->records;
	struct miracast_msg *pos;

	list_for_each_entry(pos, &queue->records, link) {
		if (pos->state != MIRACAST_MSG_QUEUED)
			continue;
		if (pos->id > msg->id)
			break;
		after = &pos->link;
	}
	list_add(&msg->link, after);
}

/**
 * miracast_queue_untake() - a record could not be copied
 * @queue: the queue
 * @msg: from miracast_queue_take()
 * @type: enum miracast_record_type, of the record that was taken
 *
 * Puts the record back in its place. Whatever has happened to the message during
 * the copy is looked up anew, never remembered.
 */
void miracast_queue_untake(struct miracast_queue *queue,
			   struct miracast_msg *msg, u16 type)
{
	lockdep_assert_held(&queue->lock);

	if (!miracast_queue_taken(queue, msg))
		return;

	if (type == MIRACAST_REC_CANCEL) {
		/* Over the limit by what came in meanwhile, at worst. */
		miracast_queue_charge(queue, msg);
		refcount_inc(&msg->ref);
		msg->state = MIRACAST_MSG_CANCELLED;
		list_add(&msg->link, &queue->records);
	} else if (msg->state == MIRACAST_MSG_DELIVERED) {
		msg->state = MIRACAST_MSG_QUEUED;
		miracast_queue_relist(queue, msg);
	} else if (msg->state == MIRACAST_MSG_CANCELLED) {
		/* Nobody has seen the message, so nobody need hear of its end. */
		miracast_queue_unlist_cancelled(queue, msg);
		refcount_dec(&msg->ref);
	}
}

/**
 * miracast_queue_reply() - claim a message for a reply
 * @queue: the queue
 * @id: the message
 * @bytes: payload bytes of the reply
 *
 * Return: the message, to be completed; -ENOENT when no reader has it, or it
 * has been claimed; -EMSGSIZE when the reply is too long, the message stays.
 */
struct miracast_msg *miracast_queue_reply(struct miracast_queue *queue,
					  u64 id, size_t bytes)
{
	struct miracast_msg *msg;

	lockdep_assert_held(&queue->lock);

	msg = miracast_queue_find(queue, id);
	if (!msg || msg->state != MIRACAST_MSG_DELIVERED)
		return ERR_PTR(-ENOENT);
	if (bytes > msg->out_max)
		return ERR_PTR(-EMSGSIZE);

	miracast_queue_claim(queue, msg, 0);
	return msg;
}

/* ------------------------------------------------------------------- gate */

/**
 * miracast_queue_claim_deferred() - claim what was sent behind a shut gate
 * @queue: the queue
 * @claims: where to put it
 */
void miracast_queue_claim_deferred(struct miracast_queue *queue,
				   struct miracast_claims *claims)
{
	struct miracast_msg *msg, *tmp;

	lockdep_assert_held(&queue->lock);

	list_for_each_entry_safe(msg, tmp, &queue->deferred, link) {
		miracast_queue_claim(queue, msg, -ESHUTDOWN);
		list_add_tail(&msg->claim, &claims->complete);
	}
}

/**
 * miracast_queue_set_gate() - the session has moved on
 * @queue: the queue
 * @gate: what becomes of messages from now on
 * @claims: everything that a gate that closes has claimed
 */
void miracast_queue_set_gate(struct miracast_queue *queue,
			     enum miracast_gate gate,
			     struct miracast_claims *claims)
{
	struct miracast_msg *msg, *tmp;
	struct hlist_node *next;
	int bucket;

	lockdep_assert_held(&queue->lock);

	WRITE_ONCE(queue->gate, gate);
	if (gate == MIRACAST_GATE_HELD || gate == MIRACAST_GATE_OPEN)
		return;

	queue->generation++;
	queue->next_deadline = U64_MAX;

	/* What no reader has seen is completed in the order of sending. */
	list_for_each_entry_safe(msg, tmp, &queue->records, link) {
		if (msg->state == MIRACAST_MSG_CANCELLED) {
			miracast_queue_unlist_cancelled(queue, msg);
			list_add_tail(&msg->link, &claims->drop);
		} else {
			miracast_queue_claim(queue, msg, -ECANCELED);
			list_add_tail(&msg->claim, &claims->complete);
		}
	}
	hash_for_each_safe(queue->live, bucket, next, msg, hash) {
		miracast_queue_claim(queue, msg, -ECANCELED);
		list_add_tail(&msg->claim, &claims->complete);
	}

	if (gate == MIRACAST_GATE_DEAD)
		miracast_queue_claim_deferred(queue, claims);
}

/* --------------------------------------------------- calls to the driver */

/**
 * miracast_queue_enter() - a call into the driver begins
 * @queue: the queue
 *
 * Return: false when the gate is dead: the driver must not be called.
 */
bool miracast_queue_enter(struct miracast_queue *queue)
{
	lockdep_assert_held(&queue->lock);

	if (queue->gate == MIRACAST_GATE_DEAD)
		return false;

	queue->busy++;
	return true;
}

/**
 * miracast_queue_exit() - a call into the driver, or a completion, has ended
 * @queue: the queue
 */
void miracast_queue_exit(struct miracast_queue *queue)
{
	lockdep_assert_held(&queue->lock);

	if (!--queue->busy)
		wake_up(&queue->idle);
}
