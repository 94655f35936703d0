/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * kernel-shim - enough of the kernel's interface to run our pure kernel code in a process
 *
 * The relay (miracast_queue.c, miracast_chunk.c, miracast_message.c,
 * miracast_session.c, miracast_registry.c) is compiled unchanged against the
 * headers of this directory. They declare what these files use, with the
 * kernel's meaning, and are stricter where that finds faults:
 *
 * - lockdep_assert_held() knows the holder; sleeping, allocating, copying and
 *   taking a mutex with a spinlock held abort;
 * - reference counts abort on a wrap, on a get from zero, on a drop to zero by
 *   refcount_dec();
 * - lists abort on a corrupted neighbour and on adding what is already there;
 * - READ_ONCE() and WRITE_ONCE() are relaxed atomics and locks are pthread
 *   mutexes, so that ThreadSanitizer sees what KCSAN would.
 *
 * What a test steers:
 */
#ifndef KERNEL_SHIM_H
#define KERNEL_SHIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Prints the reason and aborts. */
_Noreturn void kernel_shim_bug(const char *file, int line, const char *what);
#define KERNEL_SHIM_ASSERT(cond) \
	((cond) ? (void)0 : kernel_shim_bug(__FILE__, __LINE__, #cond))

/**
 * struct kernel_shim_user - how user memory behaves for the calling thread
 * @good: bytes that can still be copied before a fault
 * @copying: called before each copy, while the kernel code is in the middle of
 *	things and holds no lock; may be NULL
 * @data: for @copying
 */
struct kernel_shim_user {
	size_t good;
	void (*copying)(void *data);
	void *data;
};

#define KERNEL_SHIM_USER_GOOD ((struct kernel_shim_user) { .good = SIZE_MAX })

extern _Thread_local struct kernel_shim_user kernel_shim_user;

/* The allocation of the calling thread that fails, 1 is the next; 0 for none. */
extern _Thread_local unsigned int kernel_shim_fail_alloc;

/*
 * Called, once, when the calling thread wakes somebody and holds no lock: what
 * others may do before it goes on. NULL for nothing.
 */
extern _Thread_local void (*kernel_shim_waking)(void);

/* Spinlocks that the calling thread holds. */
extern _Thread_local unsigned int kernel_shim_spinlocks;

/* Lets time pass: jiffies stand still otherwise. HZ is 1000. */
void kernel_shim_advance(uint64_t jiffies);

/*
 * Runs work that is due, in the calling thread, until there is none; returns
 * how much. Workqueues have no threads of their own.
 */
unsigned int kernel_shim_run_work(void);

/* Waiters of all wait queues that sleep now. */
unsigned int kernel_shim_sleepers(void);

#endif
