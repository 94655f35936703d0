/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KERNEL_SHIM_SPINLOCK_H
#define KERNEL_SHIM_SPINLOCK_H

#include <linux/lockdep.h>

typedef struct kernel_shim_lock spinlock_t;
typedef struct kernel_shim_lock raw_spinlock_t;

#define spin_lock_init(lock)		kernel_shim_lock_init(lock)
#define raw_spin_lock_init(lock)	kernel_shim_lock_init(lock)

static inline void spin_lock(spinlock_t *lock)
{
	kernel_shim_lock(lock);
	kernel_shim_spinlocks++;
}

static inline void spin_unlock(spinlock_t *lock)
{
	kernel_shim_spinlocks--;
	kernel_shim_unlock(lock);
}

#define raw_spin_lock_irqsave(lock, flags) \
	do { (flags) = 0; spin_lock(lock); } while (0)
#define raw_spin_unlock_irqrestore(lock, flags) \
	do { (void)(flags); spin_unlock(lock); } while (0)

#endif
