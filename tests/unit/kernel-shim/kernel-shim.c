// SPDX-License-Identifier: GPL-2.0-only
/*
 * The parts of the shim that have state; see kernel-shim.h.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/uio.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "kernel-shim.h"

_Thread_local struct kernel_shim_user kernel_shim_user = { .good = SIZE_MAX };
_Thread_local unsigned int kernel_shim_fail_alloc;
_Thread_local unsigned int kernel_shim_spinlocks;
_Thread_local void (*kernel_shim_waking)(void);

void kernel_shim_bug(const char *file, int line, const char *what)
{
	fprintf(stderr, "kernel-shim: %s:%d: %s\n", file, line, what);
	abort();
}

/* ------------------------------------------------------------------ locks */

const void *kernel_shim_self(void)
{
	static _Thread_local char self;

	return &self;
}

void kernel_shim_lock_init(struct kernel_shim_lock *lock)
{
	pthread_mutex_init(&lock->mutex, NULL);
	WRITE_ONCE(lock->holder, NULL);
}

void kernel_shim_lock(struct kernel_shim_lock *lock)
{
	KERNEL_SHIM_ASSERT(!kernel_shim_lock_held(lock));
	pthread_mutex_lock(&lock->mutex);
	WRITE_ONCE(lock->holder, kernel_shim_self());
}

void kernel_shim_unlock(struct kernel_shim_lock *lock)
{
	KERNEL_SHIM_ASSERT(kernel_shim_lock_held(lock));
	WRITE_ONCE(lock->holder, NULL);
	pthread_mutex_unlock(&lock->mutex);
}

bool kernel_shim_lock_held(const struct kernel_shim_lock *lock)
{
	return READ_ONCE(lock->holder) == kernel_shim_self();
}

/* ------------------------------------------------------------ wait queues */

static unsigned int kernel_shim_asleep;

unsigned int kernel_shim_sleepers(void)
{
	return READ_ONCE(kernel_shim_asleep);
}

void init_waitqueue_head(wait_queue_head_t *head)
{
	pthread_mutex_init(&head->mutex, NULL);
	INIT_LIST_HEAD(&head->waiters);
}

void kernel_shim_prepare_to_wait(wait_queue_head_t *head,
				 struct kernel_shim_waiter *waiter)
{
	pthread_mutex_lock(&head->mutex);
	if (list_empty(&waiter->link)) {
		if (waiter->exclusive)
			list_add_tail(&waiter->link, &head->waiters);
		else
			list_add(&waiter->link, &head->waiters);
	}
	pthread_mutex_unlock(&head->mutex);
}

void kernel_shim_sleep(wait_queue_head_t *head, struct kernel_shim_waiter *waiter)
{
	__atomic_fetch_add(&kernel_shim_asleep, 1, __ATOMIC_RELAXED);
	pthread_mutex_lock(&head->mutex);
	while (!list_empty(&waiter->link))
		pthread_cond_wait(&waiter->cond, &head->mutex);
	pthread_mutex_unlock(&head->mutex);
	__atomic_fetch_sub(&kernel_shim_asleep, 1, __ATOMIC_RELAXED);
}

void kernel_shim_finish_wait(wait_queue_head_t *head,
			     struct kernel_shim_waiter *waiter)
{
	pthread_mutex_lock(&head->mutex);
	list_del_init(&waiter->link);
	pthread_mutex_unlock(&head->mutex);
}

void kernel_shim_wake(wait_queue_head_t *head, bool all)
{
	void (*waking)(void) = kernel_shim_spinlocks ? NULL : kernel_shim_waking;
	struct kernel_shim_waiter *waiter, *tmp;

	if (waking) {
		kernel_shim_waking = NULL;
		waking();
	}
	pthread_mutex_lock(&head->mutex);
	list_for_each_entry_safe(waiter, tmp, &head->waiters, link) {
		bool last = waiter->exclusive && !all;

		list_del_init(&waiter->link);
		pthread_cond_signal(&waiter->cond);
		if (last)
			break;
	}
	pthread_mutex_unlock(&head->mutex);
}

/* ------------------------------------------------------------- workqueues */

static struct {
	pthread_mutex_t mutex;
	pthread_cond_t done;
	struct list_head pending;
	u64 jiffies;
} kernel_shim_works = {
	.mutex = PTHREAD_MUTEX_INITIALIZER,
	.done = PTHREAD_COND_INITIALIZER,
	.pending = LIST_HEAD_INIT(kernel_shim_works.pending),
	/* So that a difference of times that is taken the wrong way shows. */
	.jiffies = 1000,
};

u64 get_jiffies_64(void)
{
	return READ_ONCE(kernel_shim_works.jiffies);
}

void kernel_shim_advance(uint64_t jiffies)
{
	__atomic_fetch_add(&kernel_shim_works.jiffies, jiffies, __ATOMIC_RELAXED);
}

struct workqueue_struct *alloc_workqueue(const char *name, unsigned int flags,
					 int max_active)
{
	return kzalloc(1, GFP_KERNEL);
}

void destroy_workqueue(struct workqueue_struct *wq)
{
	KERNEL_SHIM_ASSERT(list_empty(&kernel_shim_works.pending));
	kfree(wq);
}

void kernel_shim_work_init(struct work_struct *work, work_func_t func)
{
	memset(work, 0, sizeof(*work));
	work->func = func;
	INIT_LIST_HEAD(&work->link);
}

static bool kernel_shim_work_queue(struct work_struct *work, u64 delay, bool modify)
{
	bool pending;

	pthread_mutex_lock(&kernel_shim_works.mutex);
	pending = !list_empty(&work->link);
	if (!pending || modify)
		work->expires = get_jiffies_64() + delay;
	if (!pending)
		list_add_tail(&work->link, &kernel_shim_works.pending);
	pthread_mutex_unlock(&kernel_shim_works.mutex);

	return pending;
}

bool queue_work(struct workqueue_struct *wq, struct work_struct *work)
{
	return !kernel_shim_work_queue(work, 0, false);
}

bool mod_delayed_work(struct workqueue_struct *wq, struct delayed_work *dwork,
		      unsigned long delay)
{
	return kernel_shim_work_queue(&dwork->work, delay, true);
}

bool cancel_work_sync(struct work_struct *work)
{
	bool pending;

	might_sleep();
	pthread_mutex_lock(&kernel_shim_works.mutex);
	KERNEL_SHIM_ASSERT(work->runner != kernel_shim_self());
	pending = !list_empty(&work->link);
	list_del_init(&work->link);
	while (work->runner)
		pthread_cond_wait(&kernel_shim_works.done, &kernel_shim_works.mutex);
	/* The relay promises that work which is cancelled for good stays away. */
	KERNEL_SHIM_ASSERT(list_empty(&work->link));
	pthread_mutex_unlock(&kernel_shim_works.mutex);

	return pending;
}

bool cancel_delayed_work_sync(struct delayed_work *dwork)
{
	return cancel_work_sync(&dwork->work);
}

/* Work that may begin now: never twice at once, as in the kernel. */
static struct work_struct *kernel_shim_next_work(void)
{
	struct work_struct *work;

	list_for_each_entry(work, &kernel_shim_works.pending, link)
		if (!work->runner && work->expires <= get_jiffies_64())
			return work;

	return NULL;
}

unsigned int kernel_shim_run_work(void)
{
	struct work_struct *work;
	unsigned int n = 0;

	might_sleep();
	pthread_mutex_lock(&kernel_shim_works.mutex);
	while ((work = kernel_shim_next_work())) {
		list_del_init(&work->link);
		work->runner = kernel_shim_self();
		pthread_mutex_unlock(&kernel_shim_works.mutex);

		work->func(work);
		n++;

		pthread_mutex_lock(&kernel_shim_works.mutex);
		work->runner = NULL;
		pthread_cond_broadcast(&kernel_shim_works.done);
	}
	pthread_mutex_unlock(&kernel_shim_works.mutex);

	return n;
}

/* ----------------------------------------------------------------- memory */

static bool kernel_shim_alloc_fails(void)
{
	return kernel_shim_fail_alloc && !--kernel_shim_fail_alloc;
}

void *kvmalloc(size_t size, gfp_t gfp)
{
	might_sleep();
	return kernel_shim_alloc_fails() ? NULL : malloc(size);
}

void *kvcalloc(size_t n, size_t size, gfp_t gfp)
{
	might_sleep();
	return kernel_shim_alloc_fails() ? NULL : calloc(n, size);
}

void *kzalloc(size_t size, gfp_t gfp)
{
	return kvcalloc(1, size, gfp);
}

void kvfree(const void *ptr)
{
	free((void *)ptr);
}

void kfree(const void *ptr)
{
	free((void *)ptr);
}

/* ------------------------------------------------------------ user memory */

size_t kernel_shim_copy(void *to, const void *from, size_t len)
{
	struct kernel_shim_user *user = &kernel_shim_user;

	might_sleep();
	if (user->copying)
		user->copying(user->data);
	if (len > user->good)
		len = user->good;
	if (user->good != SIZE_MAX)
		user->good -= len;
	if (len)
		memcpy(to, from, len);

	return len;
}

size_t copy_to_iter(const void *from, size_t len, struct iov_iter *to)
{
	size_t n = kernel_shim_copy(to->pos, from, len < to->count ? len : to->count);

	to->pos += n;
	to->count -= n;
	return n;
}

bool copy_from_iter_full(void *to, size_t len, struct iov_iter *from)
{
	if (len > from->count || kernel_shim_copy(to, from->pos, len) != len)
		return false;
	from->pos += len;
	from->count -= len;
	return true;
}

/* ---------------------------------------------------------- time, threads */

u64 ktime_get_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

static pthread_key_t kernel_shim_task_key;

static void kernel_shim_task_exit(void *data)
{
	struct task_struct *task = data;

	put_pid(task->pid);
	free(task);
}

static void kernel_shim_task_init(void)
{
	pthread_key_create(&kernel_shim_task_key, kernel_shim_task_exit);
}

struct task_struct *kernel_shim_current(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct task_struct *task;

	pthread_once(&once, kernel_shim_task_init);
	task = pthread_getspecific(kernel_shim_task_key);
	if (!task) {
		task = calloc(1, sizeof(*task));
		task->pid = calloc(1, sizeof(*task->pid));
		refcount_set(&task->pid->count, 1);
		pthread_setspecific(kernel_shim_task_key, task);
	}

	return task;
}

struct pid *get_pid(struct pid *pid)
{
	if (pid)
		refcount_inc(&pid->count);
	return pid;
}

void put_pid(struct pid *pid)
{
	if (pid && refcount_dec_and_test(&pid->count))
		free(pid);
}
