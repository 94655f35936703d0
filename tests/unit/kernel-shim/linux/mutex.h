/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KERNEL_SHIM_MUTEX_H
#define KERNEL_SHIM_MUTEX_H

#include <linux/lockdep.h>

struct mutex {
	struct kernel_shim_lock lock;
};

#define __MUTEX_INITIALIZER(name)	{ .lock = KERNEL_SHIM_LOCK_INIT }

static inline void mutex_init(struct mutex *mutex)
{
	kernel_shim_lock_init(&mutex->lock);
}

static inline void mutex_destroy(struct mutex *mutex)
{
	KERNEL_SHIM_ASSERT(!READ_ONCE(mutex->lock.holder));
}

static inline void mutex_lock(struct mutex *mutex)
{
	might_sleep();
	kernel_shim_lock(&mutex->lock);
}

/* Nobody is ever interrupted here. */
static inline int mutex_lock_interruptible(struct mutex *mutex)
{
	mutex_lock(mutex);
	return 0;
}

static inline void mutex_unlock(struct mutex *mutex)
{
	kernel_shim_unlock(&mutex->lock);
}

#endif
