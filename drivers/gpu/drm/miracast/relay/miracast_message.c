// SPDX-License-Identifier: GPL-2.0-only
/*
 * Messages between a display driver and the user-mode driver of its session.
 *
 * Here the message state machine (miracast_queue.c) meets user memory, time,
 * and those who wait. The pattern is the same everywhere: under the queue's
 * lock take what is yours, drop the lock, then copy or call.
 */
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/memcontrol.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/stddef.h>

#include "miracast_relay.h"
#include "miracast_trace.h"

/* Replies up to this many bytes need no allocation. */
#define MIRACAST_SMALL_REPLY	128

static struct workqueue_struct *miracast_wq;

/* ------------------------------------------------------------- completion */

/* The one place that tells a sender. @msg has been claimed by the caller. */
static void miracast_msg_complete(struct miracast_session *session,
				  struct miracast_msg *msg, int status,
				  const void *out, size_t bytes)
{
	trace_miracast_msg_done(session->target->id, msg->id, status, bytes,
				ktime_get_ns() - msg->sent);
	if (msg->done)
		msg->done(msg->ctx, status, bytes ? out : NULL, bytes);
	miracast_msg_put(msg);

	spin_lock(&session->queue.lock);
	miracast_queue_exit(&session->queue);
	spin_unlock(&session->queue.lock);
}

/* Complete what was claimed; no lock may be held. */
void miracast_session_complete(struct miracast_session *session,
			       struct miracast_claims *claims)
{
	struct miracast_msg *msg, *tmp;

	might_sleep();

	list_for_each_entry_safe(msg, tmp, &claims->complete, claim)
		miracast_msg_complete(session, msg, msg->status, NULL, 0);
	list_for_each_entry_safe(msg, tmp, &claims->drop, link)
		miracast_msg_put(msg);
}

static void miracast_deferred_work(struct work_struct *work)
{
	struct miracast_session *session =
		container_of(work, struct miracast_session, deferred_work);
	struct miracast_claims claims;

	miracast_claims_init(&claims);
	spin_lock(&session->queue.lock);
	miracast_queue_claim_deferred(&session->queue, &claims);
	spin_unlock(&session->queue.lock);

	miracast_session_complete(session, &claims);
}

/* Under the queue's lock: work is never armed once the gate is dead. */
static void miracast_session_arm_timeout(struct miracast_session *session)
{
	u64 now = get_jiffies_64(), next = session->queue.next_deadline;

	lockdep_assert_held(&session->queue.lock);

	if (next == U64_MAX)
		return;
	mod_delayed_work(miracast_wq, &session->timeout_work,
			 next > now ? min_t(u64, next - now, MAX_JIFFY_OFFSET) : 0);
}

static void miracast_timeout_work(struct work_struct *work)
{
	struct miracast_session *session =
		container_of(to_delayed_work(work), struct miracast_session,
			     timeout_work);
	struct miracast_claims claims;
	bool readable;

	miracast_claims_init(&claims);
	spin_lock(&session->queue.lock);
	miracast_queue_expire(&session->queue, get_jiffies_64(), &claims);
	miracast_session_arm_timeout(session);
	readable = miracast_queue_readable(&session->queue);
	spin_unlock(&session->queue.lock);

	if (readable)
		miracast_session_wake(session, EPOLLIN | EPOLLRDNORM);
	miracast_session_complete(session, &claims);
}

void miracast_session_init_messages(struct miracast_session *session)
{
	miracast_queue_init(&session->queue);
	init_waitqueue_head(&session->readers);
	init_waitqueue_head(&session->pollers);
	INIT_DELAYED_WORK(&session->timeout_work, miracast_timeout_work);
	INIT_WORK(&session->deferred_work, miracast_deferred_work);
}

/*
 * Set the gate to dead and complete everything. Does not wait for completions
 * that others have begun. May be called more than once.
 */
void miracast_session_kill_messages(struct miracast_session *session)
{
	struct miracast_claims claims;

	miracast_claims_init(&claims);
	spin_lock(&session->queue.lock);
	miracast_queue_set_gate(&session->queue, MIRACAST_GATE_DEAD, &claims);
	spin_unlock(&session->queue.lock);

	wake_up_interruptible_all(&session->readers);
	wake_up_interruptible_poll(&session->pollers, EPOLLHUP | EPOLLERR);

	miracast_session_complete(session, &claims);
	cancel_delayed_work_sync(&session->timeout_work);
	cancel_work_sync(&session->deferred_work);
}

/* ---------------------------------------------------------------- senders */

/**
 * miracast_send_message() - send a message to the user-mode driver
 * @session: the session
 * @in: input, copied; may be NULL when @in_len is 0
 * @in_len: bytes of input, at most MIRACAST_MAX_MESSAGE
 * @out_max: most bytes that the reply may carry, at most MIRACAST_MAX_MESSAGE;
 *	0 when there is no @done to hand them to
 * @timeout_ms: complete it with -ETIMEDOUT after this time, counted from now;
 *	0 for no limit
 * @done: called once with the result, or NULL
 * @ctx: for @done
 * @id: out: the message, for miracast_cancel_message(); written before it can
 *	complete; may be NULL
 *
 * Waits for nobody: 0 says that the message was accepted, not that anybody has
 * seen it (R38); only @done tells what became of it (R40), perhaps before this
 * function returns (R41). A message that is sent while the session is stopping
 * or after a stop is accepted and completed with -ESHUTDOWN by a worker (R50),
 * so that a @done that sends again does not recurse.
 *
 * Context: Process context, may sleep (R37).
 *
 * Return: 0, or without any call of @done: -EINVAL; -EMSGSIZE when a length is
 * above its limit; -ENOBUFS when MIRACAST_MAX_QUEUED messages or
 * MIRACAST_MAX_QUEUED_BYTES are outstanding; -ENODEV when the context is gone;
 * -ENOMEM.
 */
int miracast_send_message(struct miracast_session *session,
			  const void *in, size_t in_len, size_t out_max,
			  unsigned int timeout_ms,
			  miracast_done_t done, void *ctx, u64 *id)
{
	struct miracast_queue *queue = &session->queue;
	struct mem_cgroup *memcg;
	struct miracast_msg *msg;
	u64 next_deadline;
	bool held = false;
	int ret;

	might_sleep();

	if ((in_len && !in) || (out_max && !done))
		return -EINVAL;
	if (in_len > MIRACAST_MAX_MESSAGE || out_max > MIRACAST_MAX_MESSAGE)
		return -EMSGSIZE;

	/* The one who opened the session pays. */
	memcg = set_active_memcg(session->memcg);
	msg = miracast_msg_alloc(in, in_len, out_max, done, ctx,
				 MIRACAST_GFP_USER);
	set_active_memcg(memcg);
	if (!msg)
		return -ENOMEM;

	msg->sent = ktime_get_ns();
	if (timeout_ms)
		msg->deadline = get_jiffies_64() + msecs_to_jiffies(timeout_ms) + 1;

	spin_lock(&queue->lock);
	next_deadline = queue->next_deadline;
	ret = miracast_queue_add(queue, msg);
	if (!ret) {
		if (id)
			*id = msg->id;
		held = queue->gate == MIRACAST_GATE_HELD;
		trace_miracast_msg_send(session->target->id, msg->id, in_len,
					out_max, held);
		if (msg->state == MIRACAST_MSG_DEFERRED)
			queue_work(miracast_wq, &session->deferred_work);
		if (queue->next_deadline != next_deadline)
			miracast_session_arm_timeout(session);
	}
	spin_unlock(&queue->lock);

	/* The message may have completed by now: it is not touched again. */
	if (ret)
		miracast_msg_put(msg);
	else if (!held)
		miracast_session_wake(session, EPOLLIN | EPOLLRDNORM);

	return ret;
}
EXPORT_SYMBOL_GPL(miracast_send_message);

/**
 * miracast_cancel_message() - complete a message with -ECANCELED
 * @session: the session
 * @id: from miracast_send_message()
 *
 * Calls the completion callback before it returns. A reader that has the
 * message already is told with a cancel record.
 *
 * Context: Process context, may sleep.
 *
 * Return: 0; -ENOENT when the message has completed, or is being completed by
 * somebody else, whose callback may still run.
 */
int miracast_cancel_message(struct miracast_session *session, u64 id)
{
	struct miracast_queue *queue = &session->queue;
	struct miracast_msg *msg;
	bool readable;

	might_sleep();

	spin_lock(&queue->lock);
	msg = miracast_queue_cancel(queue, id);
	readable = miracast_queue_readable(queue);
	spin_unlock(&queue->lock);
	if (!msg)
		return -ENOENT;

	if (readable)
		miracast_session_wake(session, EPOLLIN | EPOLLRDNORM);
	miracast_msg_complete(session, msg, -ECANCELED, NULL, 0);

	return 0;
}
EXPORT_SYMBOL_GPL(miracast_cancel_message);

/**
 * miracast_session_wake() - wake those who poll or read the sink fd
 * @session: the session
 * @events: EPOLL* conditions that have come true
 *
 * Context: Any but hard interrupts on PREEMPT_RT.
 */
void miracast_session_wake(struct miracast_session *session, __poll_t events)
{
	if (events & EPOLLIN)
		wake_up_interruptible(&session->readers);
	wake_up_interruptible_poll(&session->pollers, events);
}
EXPORT_SYMBOL_GPL(miracast_session_wake);

/* ---------------------------------------------------------------- readers */

static bool miracast_session_read_ready(struct miracast_session *session)
{
	bool ready;

	spin_lock(&session->queue.lock);
	ready = session->queue.gate == MIRACAST_GATE_DEAD ||
		miracast_queue_readable(&session->queue);
	spin_unlock(&session->queue.lock);

	return ready;
}

/* Copy one record. No lock is held: the copy may take as long as it likes. */
static bool miracast_copy_record(const struct miracast_record *record,
				 const struct miracast_msg *msg,
				 struct iov_iter *to)
{
	size_t payload = record->len - sizeof(*record);

	return copy_to_iter(record, sizeof(*record), to) == sizeof(*record) &&
	       copy_to_iter(msg->in, payload, to) == payload;
}

/* One record, or -EAGAIN when there is none now. */
static ssize_t miracast_session_read_one(struct miracast_session *session,
					 struct iov_iter *to)
{
	struct miracast_queue *queue = &session->queue;
	struct miracast_record record;
	struct miracast_msg *msg;
	ssize_t ret;

	spin_lock(&queue->lock);
	if (queue->gate == MIRACAST_GATE_DEAD)
		msg = ERR_PTR(-ENODEV);
	else
		msg = miracast_queue_take(queue, iov_iter_count(to), &record);
	spin_unlock(&queue->lock);
	if (IS_ERR(msg))
		return PTR_ERR(msg);

	ret = record.len;
	if (!miracast_copy_record(&record, msg, to))
		ret = -EFAULT;

	spin_lock(&queue->lock);
	if (ret < 0)
		miracast_queue_untake(queue, msg, record.type);
	else if (!miracast_queue_taken(queue, msg))
		ret = -EAGAIN;
	spin_unlock(&queue->lock);

	if (ret > 0)
		trace_miracast_msg_deliver(session->target->id, record.id,
					   record.type,
					   ktime_get_ns() - msg->sent);
	miracast_msg_put(msg);

	return ret;
}

ssize_t miracast_session_read(struct miracast_session *session,
			      struct iov_iter *to, bool nonblock)
{
	struct iov_iter start = *to;
	ssize_t ret;

	for (;;) {
		ret = miracast_session_read_one(session, to);
		if (ret != -EAGAIN || nonblock)
			break;
		*to = start;
		ret = wait_event_interruptible_exclusive(session->readers,
							 miracast_session_read_ready(session));
		if (ret)
			return ret;
	}

	/* The wake-up for a record that stays belongs to another reader. */
	if (ret == -EMSGSIZE || ret == -EFAULT)
		miracast_session_wake(session, EPOLLIN | EPOLLRDNORM);

	return ret;
}

/* What a reply must say at least: which message it is for. */
#define MIRACAST_MIN_REPLY	offsetofend(struct miracast_reply, id)

/*
 * The header of a reply, which may be that of an older or a newer program, see
 * "Growing" in <uapi/drm/miracast.h>. @from is at the payload afterwards.
 */
static int miracast_copy_reply(struct miracast_reply *reply,
			       struct iov_iter *from)
{
	size_t len = iov_iter_count(from), more;
	union {
		struct miracast_reply begin;
		u8 bytes[MIRACAST_MAX_HEADER];
	} header;

	if (len < MIRACAST_MIN_REPLY)
		return -EINVAL;
	if (!copy_from_iter_full(&header, MIRACAST_MIN_REPLY, from))
		return -EFAULT;
	if (header.begin.len != len || header.begin.header_len > len ||
	    header.begin.header_len < MIRACAST_MIN_REPLY)
		return -EINVAL;
	if (header.begin.header_len > sizeof(header))
		return -E2BIG;
	more = header.begin.header_len - MIRACAST_MIN_REPLY;
	if (!copy_from_iter_full(header.bytes + MIRACAST_MIN_REPLY, more, from))
		return -EFAULT;

	return miracast_copy_struct(reply, sizeof(*reply), &header,
				    header.begin.header_len);
}

/*
 * One reply. The payload is copied first and the message claimed then: user
 * memory may make us wait for as long as it likes, or fail.
 */
ssize_t miracast_session_write(struct miracast_session *session,
			       struct iov_iter *from)
{
	struct miracast_queue *queue = &session->queue;
	size_t len = iov_iter_count(from), bytes;
	u8 small[MIRACAST_SMALL_REPLY];
	struct miracast_reply reply;
	struct miracast_msg *msg;
	void *out = small;
	ssize_t ret;

	if (miracast_session_dead(session))
		return -ENODEV;
	ret = miracast_copy_reply(&reply, from);
	if (ret)
		return ret;

	bytes = len - reply.header_len;
	if (reply.flags || reply.reserved || reply.status > 0 ||
	    reply.status < -MAX_ERRNO || (reply.status && bytes))
		return -EINVAL;
	if (bytes > MIRACAST_MAX_MESSAGE)
		return -EMSGSIZE;

	if (bytes > sizeof(small)) {
		out = kvmalloc(bytes, MIRACAST_GFP_USER);
		if (!out)
			return -ENOMEM;
	}
	if (!copy_from_iter_full(out, bytes, from)) {
		ret = -EFAULT;
		goto free_out;
	}

	spin_lock(&queue->lock);
	if (queue->gate == MIRACAST_GATE_DEAD)
		msg = ERR_PTR(-ENODEV);
	else
		msg = miracast_queue_reply(queue, reply.id, bytes);
	spin_unlock(&queue->lock);
	if (IS_ERR(msg)) {
		ret = PTR_ERR(msg);
		goto free_out;
	}

	miracast_msg_complete(session, msg, reply.status, out, bytes);
	ret = len;

free_out:
	if (out != small)
		kvfree(out);
	return ret;
}

/* ----------------------------------------------------------------- chunks */

/**
 * miracast_report_chunk() - queue an encode chunk record for the user (R60)
 * @session: the session
 * @info: what was processed
 * @data: private data, copied; may be NULL when @len is 0
 * @len: bytes of private data, at most MIRACAST_MAX_CHUNK_DATA (R61)
 *
 * Context: Any but NMI.
 *
 * Return: 0; -EINVAL; -EMSGSIZE; -ENODEV when the context is gone; -ENOBUFS
 * when the queue was full: this record and all queued ones are lost, the
 * reader is told, and the next picture should be an IDR (R62, R63).
 */
int miracast_report_chunk(struct miracast_session *session,
			  const struct miracast_chunk_info *info,
			  const void *data, size_t len)
{
	int ret;

	if (len > MIRACAST_MAX_CHUNK_DATA)
		return -EMSGSIZE;
	if (len && !data)
		return -EINVAL;

	ret = miracast_chunk_ring_put(&session->chunks, info, data, len);
	trace_miracast_chunk(session->target->id, info, len, ret);
	if (ret != -ENODEV)
		irq_work_queue(&session->chunk_wake);

	return ret;
}
EXPORT_SYMBOL_GPL(miracast_report_chunk);

/* ----------------------------------------------------------------- module */

int miracast_messages_init(void)
{
	miracast_wq = alloc_workqueue("miracast", WQ_UNBOUND, 0);

	return miracast_wq ? 0 : -ENOMEM;
}

void miracast_messages_exit(void)
{
	destroy_workqueue(miracast_wq);
}
