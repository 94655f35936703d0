/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KERNEL_SHIM_LOCKDEP_H
#define KERNEL_SHIM_LOCKDEP_H

#include <linux/kernel.h>
#include <pthread.h>

/**
 * struct kernel_shim_lock - spinlock, raw spinlock or mutex
 * @mutex: does the work
 * @holder: kernel_shim_self() of the thread that has it, or NULL
 */
struct kernel_shim_lock {
	pthread_mutex_t mutex;
	const void *holder;
};

#define KERNEL_SHIM_LOCK_INIT	{ .mutex = PTHREAD_MUTEX_INITIALIZER }

const void *kernel_shim_self(void);
void kernel_shim_lock_init(struct kernel_shim_lock *lock);
void kernel_shim_lock(struct kernel_shim_lock *lock);
void kernel_shim_unlock(struct kernel_shim_lock *lock);
bool kernel_shim_lock_held(const struct kernel_shim_lock *lock);

/* A spinlock or a mutex: either begins with the lock. */
#define lockdep_assert_held(lock) \
	KERNEL_SHIM_ASSERT(kernel_shim_lock_held((const void *)(lock)))

#endif
