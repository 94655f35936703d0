/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Message relay: what its files share.
 *
 * Objects
 * =======
 *
 * Target (struct miracast_target)
 *	Made by a display driver, on the list of targets until the driver
 *	unregisters it. Refcounted: the list has a reference, and so have each
 *	session and each broker call that found it there. What a reference
 *	keeps is the memory and the locks; driver callbacks are only made while
 *	the target has a session that is alive.
 *
 * Session (struct miracast_session)
 *	One context on one target (R16). Refcounted: the sink's file has a
 *	reference, the target has one while the context exists, a driver may
 *	take more. It dies once: its gate is set to dead, and nothing enters
 *	the driver any more. What outlives that is memory only; a process that
 *	sits in read(), or in a page fault of a copy, holds the memory and
 *	nothing that anybody waits for.
 *
 * Message (struct miracast_msg)
 *	Belongs to the session's queue; see miracast_queue.h.
 *
 * Broker
 *	The one open broker file. It owns every session in the sense that its
 *	close destroys them all.
 *
 * Ends
 * ====
 *
 * A session ends by close of the sink fd, MIRACAST_IOC_DESTROY_SINK, close of
 * the broker fd, or miracast_unregister_target(): any of them, several at
 * once. miracast_session_destroy() is the one way:
 *
 *	1. Set the gate to dead and complete everything, no lock held. Calls
 *	   that begin after this fail with -ENODEV.
 *	2. With target->class_lock, so that no io_control() runs: wait until
 *	   completions and driver calls that began before have returned. These
 *	   are driver code; none of them copies from or to user memory.
 *	3. Call destroy_context(). The target is free again.
 *
 * Who comes second waits in step 2 for the first, and finds it done.
 *
 * Locks, outermost first
 * ======================
 *
 * target->class_lock (mutex)
 *	One of create_context(), destroy_context(), io_control() at a time
 *	(R14). Held across these callbacks.
 * session->state_lock (mutex)
 *	One state change at a time, so that session_state() calls come in the
 *	order of changes. Held across that callback.
 * miracast_targets.lock (mutex)
 *	The list of targets and target->session. Nothing is called under it.
 * session->queue.lock (spinlock)
 *	Messages and session state. A leaf, but for the wait queue of those who
 *	wait for idle.
 * session->chunks.lock (raw spinlock, interrupts off)
 *	Chunk records. A leaf; taken in any context.
 *
 * None of them is held while user memory is copied or a completion runs.
 */
#ifndef _MIRACAST_RELAY_H_
#define _MIRACAST_RELAY_H_

#include <linux/irq_work.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/types.h>
#include <linux/uio.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include <drm/miracast.h>

#include "miracast_chunk.h"
#include "miracast_queue.h"

struct file;
struct mem_cgroup;
struct pid;
struct seq_file;

/**
 * struct miracast_target - a place for a session
 * @ref: see "Objects"
 * @id: unique while the module is loaded; constant
 * @ops: of the display driver; constant, valid until it unregisters
 * @driver_data: for @ops->create_context; constant
 * @driver: name of the display driver; constant
 * @name: name of the target; constant
 * @connector_id: of DRM, or 0; constant
 * @card_minor: of DRM, or ~0; constant
 * @plugged: a monitor is reported; READ_ONCE/WRITE_ONCE
 * @last_status: last status that ended a session; READ_ONCE/WRITE_ONCE
 * @class_lock: see "Locks"
 * @link: in the list of targets; protected by miracast_targets.lock
 * @gone: unregistered; written under @class_lock
 * @session: the live session or NULL; written under both @class_lock and
 *	miracast_targets.lock, so either is enough to read it
 */
struct miracast_target {
	struct kref ref;
	u32 id;
	const struct miracast_target_ops *ops;
	void *driver_data;
	char driver[32];
	char name[32];
	u32 connector_id;
	u32 card_minor;

	bool plugged;
	u32 last_status;

	struct mutex class_lock; /* one driver callback of its class */
	struct list_head link;
	bool gone;
	struct miracast_session *session;
};

/**
 * struct miracast_session - one context
 * @ref: see "Objects"
 * @target: where it is; constant, referenced
 * @context: of the driver; written by create_context() before anybody else
 *	knows the session, valid while the gate is not dead
 * @memcg: who pays for messages: the cgroup of the opener; constant
 * @queue: messages, and the gate that all callers pass; has its own lock
 * @state_lock: see "Locks"
 * @state: written under @state_lock and queue.lock; either is enough to read
 * @owner: thread whose I/O control gets through while starting or stopping
 *	(R59), or NULL; as @state. Compared only, a reference keeps it unique
 * @state_wait: woken when @state changes or the session dies
 * @readers: exclusive waiters for a record
 * @pollers: those who poll the sink fd
 * @timeout_work: runs at queue.next_deadline; armed under queue.lock, so never
 *	after the session has died
 * @deferred_work: completes deferred messages; queued as @timeout_work is
 * @chunks: chunk records; has its own lock
 * @chunk_wake: wakes @pollers for a chunk that came in interrupt context
 */
struct miracast_session {
	struct kref ref;
	struct miracast_target *target;
	void *context;
	struct mem_cgroup *memcg;

	struct miracast_queue queue;

	struct mutex state_lock; /* one state change */
	enum miracast_state state;
	struct pid *owner;
	wait_queue_head_t state_wait;

	wait_queue_head_t readers;
	wait_queue_head_t pollers;

	struct delayed_work timeout_work;
	struct work_struct deferred_work;

	struct miracast_chunk_ring chunks;
	struct irq_work chunk_wake;
};

#define MIRACAST_MAX_FDS	4	/* one for each memory plane */

/**
 * struct miracast_fds - descriptors that a request gives to its caller
 * @data: kernel copy of its structure
 * @size: bytes of @data that the caller gets
 * @num: how many
 * @fd: their numbers, reserved
 * @file: what they will be; referenced
 *
 * They become visible to the process only after it has been told of them, so a
 * fault leaves nothing behind that nobody knows.
 */
struct miracast_fds {
	const void *data;
	size_t size;
	unsigned int num;
	int fd[MIRACAST_MAX_FDS];
	struct file *file[MIRACAST_MAX_FDS];
};

/**
 * struct miracast_targets - the list of targets
 * @lock: see "Locks"
 * @list: struct miracast_target.link, ids rising; protected by @lock
 * @num: entries of @list; protected by @lock
 * @last_id: newest id; protected by @lock
 * @changes: counts comings and goings; written under @lock
 * @wait: broker's poll, woken when @changes changes
 */
struct miracast_targets {
	struct mutex lock; /* the list and target->session */
	struct list_head list;
	unsigned int num;
	u32 last_id;
	u64 changes;
	wait_queue_head_t wait;
};

extern struct miracast_targets miracast_targets;

/* miracast_message.c: messages */
int miracast_messages_init(void);
void miracast_messages_exit(void);
void miracast_session_init_messages(struct miracast_session *session);
void miracast_session_kill_messages(struct miracast_session *session);
void miracast_session_complete(struct miracast_session *session,
			       struct miracast_claims *claims);
ssize_t miracast_session_read(struct miracast_session *session,
			      struct iov_iter *to, bool nonblock);
ssize_t miracast_session_write(struct miracast_session *session,
			       struct iov_iter *from);

/* miracast_session.c: life, states, calls into the driver */
struct miracast_session *miracast_session_alloc(struct miracast_target *target);
void miracast_session_kill(struct miracast_session *session);
void miracast_session_wait_idle(struct miracast_session *session);
void miracast_session_destroy(struct miracast_session *session);
bool miracast_session_enter(struct miracast_session *session);
void miracast_session_exit(struct miracast_session *session);
bool miracast_session_dead(struct miracast_session *session);
int miracast_session_change(struct miracast_session *session,
			    const struct miracast_session_ctl *ctl);
int miracast_session_report_status(struct miracast_session *session,
				   const struct miracast_report_status *report);
int miracast_session_io_control(struct miracast_session *session, u32 code,
				u32 flags, const void *in, size_t in_len,
				void *out, size_t out_len,
				size_t *bytes_returned);

/* miracast_registry.c: registry */
struct miracast_target *miracast_target_find(u32 id);
void miracast_target_put(struct miracast_target *target);
unsigned int miracast_targets_count(void);
int miracast_target_next(struct miracast_target_info *info, u64 *changes);
struct miracast_session *miracast_target_open(u32 id);
int miracast_target_destroy_session(struct miracast_target *target);
void miracast_targets_destroy_sessions(void);

/* miracast_ioctl.c: structures that may grow, descriptors for the caller */
int miracast_copy_in(unsigned int cmd, const void __user *arg, void *data,
		     size_t size);
int miracast_copy_out(unsigned int cmd, void __user *arg, const void *data,
		      size_t size);
void miracast_fds_init(struct miracast_fds *fds, unsigned int cmd,
		       const void *data);
void miracast_fds_settle(struct miracast_fds *fds, bool copied);
int miracast_ioctl_call(const struct miracast_ioctl *ioctl, void *context,
			void *data, struct miracast_fds *fds);
const struct miracast_ioctl *
miracast_find_ioctl(const struct miracast_ioctl *ioctls, unsigned int num,
		    unsigned int cmd);

/* miracast_broker.c and miracast_sink.c: the two kinds of file */
int miracast_relay_init(void);
void miracast_relay_exit(void);
struct file *miracast_sink_file(struct miracast_session *session, bool nonblock);

/* miracast_debugfs.c */
void miracast_debugfs_init(void);
void miracast_debugfs_exit(void);

#endif /* _MIRACAST_RELAY_H_ */
