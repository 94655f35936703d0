/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KERNEL_SHIM_REFCOUNT_H
#define KERNEL_SHIM_REFCOUNT_H

#include <linux/kernel.h>

typedef struct {
	unsigned int refs;
} refcount_t;

static inline void refcount_set(refcount_t *ref, unsigned int n)
{
	__atomic_store_n(&ref->refs, n, __ATOMIC_RELAXED);
}

static inline void refcount_inc(refcount_t *ref)
{
	KERNEL_SHIM_ASSERT(__atomic_fetch_add(&ref->refs, 1, __ATOMIC_RELAXED) > 0);
}

static inline void refcount_dec(refcount_t *ref)
{
	KERNEL_SHIM_ASSERT(__atomic_fetch_sub(&ref->refs, 1, __ATOMIC_RELEASE) > 1);
}

static inline bool refcount_dec_and_test(refcount_t *ref)
{
	unsigned int old = __atomic_fetch_sub(&ref->refs, 1, __ATOMIC_ACQ_REL);

	KERNEL_SHIM_ASSERT(old > 0);
	return old == 1;
}

#endif
