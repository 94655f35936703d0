// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sessions: life, states, and the calls into the display driver.
 */
#include <linux/bits.h>
#include <linux/kernel.h>
#include <linux/memcontrol.h>
#include <linux/module.h>
#include <linux/pid.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "miracast_relay.h"
#include "miracast_trace.h"

/* ------------------------------------------------------------- references */

static void miracast_session_release(struct kref *ref)
{
	struct miracast_session *session =
		container_of(ref, struct miracast_session, ref);

	/* A reporter that only had a reference may have queued it last. */
	irq_work_sync(&session->chunk_wake);
	miracast_chunk_ring_free(&session->chunks);
	mem_cgroup_put(session->memcg);
	put_pid(session->owner);
	mutex_destroy(&session->state_lock);
	miracast_target_put(session->target);
	kfree(session);
}

/**
 * miracast_session_get() - keep a session's memory
 * @session: the session
 *
 * Does not keep its context: calls on it may begin to fail with -ENODEV.
 *
 * Return: @session.
 */
struct miracast_session *miracast_session_get(struct miracast_session *session)
{
	kref_get(&session->ref);
	return session;
}
EXPORT_SYMBOL_GPL(miracast_session_get);

/**
 * miracast_session_put() - let go of a session
 * @session: the session
 *
 * Context: Process context.
 */
void miracast_session_put(struct miracast_session *session)
{
	kref_put(&session->ref, miracast_session_release);
}
EXPORT_SYMBOL_GPL(miracast_session_put);

/* -------------------------------------------------- calls into the driver */

/* What the driver's callbacks need is there until miracast_session_exit(). */
bool miracast_session_enter(struct miracast_session *session)
{
	bool alive;

	spin_lock(&session->queue.lock);
	alive = miracast_queue_enter(&session->queue);
	spin_unlock(&session->queue.lock);

	return alive;
}

void miracast_session_exit(struct miracast_session *session)
{
	spin_lock(&session->queue.lock);
	miracast_queue_exit(&session->queue);
	spin_unlock(&session->queue.lock);
}

bool miracast_session_dead(struct miracast_session *session)
{
	return READ_ONCE(session->queue.gate) == MIRACAST_GATE_DEAD;
}

static bool miracast_session_idle(struct miracast_session *session)
{
	bool idle;

	spin_lock(&session->queue.lock);
	idle = !session->queue.busy;
	spin_unlock(&session->queue.lock);

	return idle;
}

/* ------------------------------------------------------------------- life */

static void miracast_session_chunk_wake(struct irq_work *work)
{
	struct miracast_session *session =
		container_of(work, struct miracast_session, chunk_wake);

	miracast_session_wake(session, EPOLLRDBAND);
}

/* A session that nobody can reach yet, and that the driver has not heard of. */
struct miracast_session *miracast_session_alloc(struct miracast_target *target)
{
	struct miracast_session *session;
	int ret;

	session = kzalloc(sizeof(*session), MIRACAST_GFP_USER);
	if (!session)
		return ERR_PTR(-ENOMEM);

	ret = miracast_chunk_ring_init(&session->chunks);
	if (ret) {
		kfree(session);
		return ERR_PTR(ret);
	}

	kref_init(&session->ref);
	kref_get(&target->ref);
	session->target = target;
	session->memcg = get_mem_cgroup_from_mm(current->mm);
	session->state = MIRACAST_STATE_STOPPED;
	mutex_init(&session->state_lock);
	init_waitqueue_head(&session->state_wait);
	init_irq_work(&session->chunk_wake, miracast_session_chunk_wake);
	miracast_session_init_messages(session);

	return session;
}

/*
 * Let nobody in any more, and complete everything; no lock may be held. Calls
 * that have begun before may still run.
 */
void miracast_session_kill(struct miracast_session *session)
{
	miracast_session_kill_messages(session);
	miracast_chunk_ring_close(&session->chunks);
	irq_work_sync(&session->chunk_wake);
	wake_up_all(&session->state_wait);
}

/* Wait for calls that began before miracast_session_kill(). */
void miracast_session_wait_idle(struct miracast_session *session)
{
	wait_event(session->queue.idle, miracast_session_idle(session));
}

/* See "Ends" in miracast_relay.h. Returns when the context is gone. */
void miracast_session_destroy(struct miracast_session *session)
{
	struct miracast_target *target = session->target;

	miracast_session_kill(session);

	mutex_lock(&target->class_lock);
	if (target->session != session) {
		mutex_unlock(&target->class_lock);
		return;
	}

	miracast_session_wait_idle(session);
	target->ops->destroy_context(session->context);
	module_put(target->ops->owner);

	mutex_lock(&miracast_targets.lock);
	target->session = NULL;
	mutex_unlock(&miracast_targets.lock);
	mutex_unlock(&target->class_lock);

	trace_miracast_session_state(target->id, session->state,
				     MIRACAST_STATE_STOPPED, 0, -ENODEV);
	miracast_session_put(session);
}

/* ----------------------------------------------------------------- states */

/* What is not an enum miracast_session_op: a status report (R80). */
#define MIRACAST_SESSION_STATUS_REPORT	0

/**
 * struct miracast_arrow - an arrow of the state machine in the ABI's manual
 * @from: states that it starts in, as bits
 * @to: state that it leads to
 * @gate: what becomes of messages there
 * @takes_owner: the caller's thread gets through with I/O control (R59)
 */
struct miracast_arrow {
	u8 from;
	u8 to;
	enum miracast_gate gate;
	bool takes_owner;
};

static const struct miracast_arrow miracast_arrows[] = {
	[MIRACAST_SESSION_STATUS_REPORT] = {
		.from = BIT(MIRACAST_STATE_STARTING) | BIT(MIRACAST_STATE_STARTED),
		.to = MIRACAST_STATE_STOPPING,
		.gate = MIRACAST_GATE_SHUT,
	},
	[MIRACAST_SESSION_BEGIN_START] = {
		.from = BIT(MIRACAST_STATE_STOPPED),
		.to = MIRACAST_STATE_STARTING,
		.gate = MIRACAST_GATE_HELD,
		.takes_owner = true,
	},
	[MIRACAST_SESSION_END_START] = {
		.from = BIT(MIRACAST_STATE_STARTING),
		.to = MIRACAST_STATE_STARTED,
		.gate = MIRACAST_GATE_OPEN,
	},
	[MIRACAST_SESSION_FAIL_START] = {
		.from = BIT(MIRACAST_STATE_STARTING),
		.to = MIRACAST_STATE_STOPPING,
		.gate = MIRACAST_GATE_SHUT,
		.takes_owner = true,
	},
	[MIRACAST_SESSION_BEGIN_STOP] = {
		.from = BIT(MIRACAST_STATE_STOPPED) |
			BIT(MIRACAST_STATE_STARTED) |
			BIT(MIRACAST_STATE_STOPPING),
		.to = MIRACAST_STATE_STOPPING,
		.gate = MIRACAST_GATE_SHUT,
		.takes_owner = true,
	},
	[MIRACAST_SESSION_END_STOP] = {
		.from = BIT(MIRACAST_STATE_STOPPING),
		.to = MIRACAST_STATE_STOPPED,
		.gate = MIRACAST_GATE_SHUT,
	},
};

/**
 * miracast_session_state() - the state of a session
 * @session: the session
 *
 * Return: the state; it may change at any time.
 */
enum miracast_state miracast_session_state(struct miracast_session *session)
{
	return READ_ONCE(session->state);
}
EXPORT_SYMBOL_GPL(miracast_session_state);

/* The one place where a session's state changes. */
static int miracast_session_follow(struct miracast_session *session,
				   const struct miracast_arrow *arrow,
				   u32 info, int status)
{
	const struct miracast_target_ops *ops = session->target->ops;
	struct miracast_queue *queue = &session->queue;
	struct pid *owner = NULL, *old_owner = NULL;
	struct miracast_claims claims;
	enum miracast_state from;
	int ret = 0;

	if (arrow->takes_owner)
		owner = get_pid(task_pid(current));
	miracast_claims_init(&claims);

	mutex_lock(&session->state_lock);
	spin_lock(&queue->lock);
	from = session->state;
	if (queue->gate == MIRACAST_GATE_DEAD) {
		ret = -ENODEV;
	} else if (!(arrow->from & BIT(from))) {
		ret = from == MIRACAST_STATE_STOPPING ? -ESHUTDOWN : -EBUSY;
	} else {
		miracast_queue_enter(queue);
		WRITE_ONCE(session->state, arrow->to);
		old_owner = session->owner;
		session->owner = owner;
		miracast_queue_set_gate(queue, arrow->gate, &claims);
	}
	spin_unlock(&queue->lock);

	if (!ret) {
		trace_miracast_session_state(session->target->id, from,
					     arrow->to, info, status);
		if (ops->session_state && from != arrow->to)
			ops->session_state(session->context, arrow->to, info);
		miracast_session_exit(session);
	}
	mutex_unlock(&session->state_lock);

	if (ret) {
		put_pid(owner);
		return ret;
	}

	put_pid(old_owner);
	wake_up_all(&session->state_wait);
	if (arrow->gate == MIRACAST_GATE_OPEN)
		wake_up_interruptible_all(&session->readers);
	wake_up_interruptible_poll(&session->pollers, EPOLLIN | EPOLLRDNORM);
	miracast_session_complete(session, &claims);

	return 0;
}

/* MIRACAST_IOC_SESSION. */
int miracast_session_change(struct miracast_session *session,
			    const struct miracast_session_ctl *ctl)
{
	u32 info = 0;

	if (ctl->op < MIRACAST_SESSION_BEGIN_START ||
	    ctl->op > MIRACAST_SESSION_END_STOP)
		return -EINVAL;

	if (ctl->op == MIRACAST_SESSION_END_START)
		info = MIRACAST_SESSION_MONITOR_CONNECTED |
		       MIRACAST_SESSION_REDUCED_MODES;
	if (ctl->info & ~info)
		return -EINVAL;

	if (ctl->op == MIRACAST_SESSION_FAIL_START) {
		if (ctl->status >= 0 || ctl->status < -MAX_ERRNO)
			return -EINVAL;
	} else if (ctl->status) {
		return -EINVAL;
	}

	return miracast_session_follow(session, &miracast_arrows[ctl->op],
				       ctl->info, ctl->status);
}

/* MIRACAST_IOC_REPORT_STATUS: the first one ends the session (R80). */
int miracast_session_report_status(struct miracast_session *session,
				   const struct miracast_report_status *report)
{
	const struct miracast_arrow *arrow =
		&miracast_arrows[MIRACAST_SESSION_STATUS_REPORT];
	int ret;

	if (report->status > MIRACAST_STATUS_SINK_FAILED_MODE_CHANGE ||
	    report->error > 0 || report->error < -MAX_ERRNO)
		return -EINVAL;

	ret = miracast_session_follow(session, arrow, 0, report->error);
	trace_miracast_status(session->target->id, report->status,
			      report->error, !ret);
	if (!ret)
		WRITE_ONCE(session->target->last_status, report->status);

	return ret == -ENODEV ? ret : 0;
}

/* ------------------------------------------------------------ I/O control */

/* 0: go on; -EAGAIN: wait for the end of the start (R59). */
static int miracast_session_admit(struct miracast_session *session)
{
	bool owner;
	int ret = 0;

	spin_lock(&session->queue.lock);
	owner = session->owner == task_pid(current);
	if (session->queue.gate == MIRACAST_GATE_DEAD)
		ret = -ENODEV;
	else if (session->state == MIRACAST_STATE_STARTING && !owner)
		ret = -EAGAIN;
	else if (session->state == MIRACAST_STATE_STOPPING && !owner)
		ret = -ESHUTDOWN;
	spin_unlock(&session->queue.lock);

	return ret;
}

/*
 * Call the driver for the user (R57). The wait for the end of a start is done
 * without the lock: it may be long, and a destroy must not wait for it.
 */
int miracast_session_io_control(struct miracast_session *session, u32 code,
				u32 flags, const void *in, size_t in_len,
				void *out, size_t out_len,
				size_t *bytes_returned)
{
	struct miracast_target *target = session->target;
	int ret;

	*bytes_returned = 0;

	for (;;) {
		ret = mutex_lock_interruptible(&target->class_lock);
		if (ret)
			return -ERESTARTSYS;
		ret = miracast_session_admit(session);
		if (ret != -EAGAIN)
			break;
		mutex_unlock(&target->class_lock);

		ret = wait_event_interruptible(session->state_wait,
					       miracast_session_admit(session) != -EAGAIN);
		if (ret)
			return ret;
	}

	if (!ret) {
		if (target->ops->io_control)
			ret = target->ops->io_control(session->context, code,
						      flags, in, in_len, out,
						      out_len, bytes_returned);
		else
			ret = -EOPNOTSUPP;
	}
	mutex_unlock(&target->class_lock);

	if (ret)
		*bytes_returned = 0;
	else if (WARN_ON_ONCE(*bytes_returned > out_len))
		*bytes_returned = out_len;

	return ret;
}
