/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KERNEL_SHIM_WAIT_H
#define KERNEL_SHIM_WAIT_H

#include <linux/list.h>
#include <linux/spinlock.h>
#include <pthread.h>

typedef struct {
	pthread_mutex_t mutex;
	struct list_head waiters;
} wait_queue_head_t;

#define __WAIT_QUEUE_HEAD_INITIALIZER(name) {		\
	.mutex = PTHREAD_MUTEX_INITIALIZER,		\
	.waiters = LIST_HEAD_INIT((name).waiters) }

/**
 * struct kernel_shim_waiter - a thread that waits
 * @link: in the wait queue while it has not been woken
 * @cond: signalled when it is
 * @exclusive: one of these is woken at a time, and they come last
 */
struct kernel_shim_waiter {
	struct list_head link;
	pthread_cond_t cond;
	bool exclusive;
};

void init_waitqueue_head(wait_queue_head_t *head);
void kernel_shim_prepare_to_wait(wait_queue_head_t *head,
				 struct kernel_shim_waiter *waiter);
void kernel_shim_sleep(wait_queue_head_t *head, struct kernel_shim_waiter *waiter);
void kernel_shim_finish_wait(wait_queue_head_t *head,
			     struct kernel_shim_waiter *waiter);
void kernel_shim_wake(wait_queue_head_t *head, bool all);

#define KERNEL_SHIM_WAIT(head, cond_, exclusive_) ({			\
	struct kernel_shim_waiter waiter_ = {				\
		.link = LIST_HEAD_INIT(waiter_.link),			\
		.cond = PTHREAD_COND_INITIALIZER,			\
		.exclusive = exclusive_,				\
	};								\
	might_sleep();							\
	for (;;) {							\
		kernel_shim_prepare_to_wait(&(head), &waiter_);		\
		if (cond_)						\
			break;						\
		kernel_shim_sleep(&(head), &waiter_);			\
	}								\
	kernel_shim_finish_wait(&(head), &waiter_);			\
	0; })

#define wait_event(head, cond)		(void)KERNEL_SHIM_WAIT(head, cond, false)
/* Nobody is ever interrupted here. */
#define wait_event_interruptible(head, cond) \
	KERNEL_SHIM_WAIT(head, cond, false)
#define wait_event_interruptible_exclusive(head, cond) \
	KERNEL_SHIM_WAIT(head, cond, true)

#define wake_up(head)				kernel_shim_wake(head, false)
#define wake_up_all(head)			kernel_shim_wake(head, true)
#define wake_up_interruptible(head)		kernel_shim_wake(head, false)
#define wake_up_interruptible_all(head)		kernel_shim_wake(head, true)
#define wake_up_interruptible_poll(head, events) \
	do { (void)(events); kernel_shim_wake(head, false); } while (0)

#endif
