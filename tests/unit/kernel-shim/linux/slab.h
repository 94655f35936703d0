/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KERNEL_SHIM_SLAB_H
#define KERNEL_SHIM_SLAB_H

#include <linux/err.h>
#include <linux/kernel.h>

#define GFP_KERNEL		0x1u
#define GFP_KERNEL_ACCOUNT	0x2u
#define __GFP_RETRY_MAYFAIL	0x4u
#define __GFP_NOWARN		0x8u

/* All of them may sleep. */
void *kvmalloc(size_t size, gfp_t gfp);
void *kvcalloc(size_t n, size_t size, gfp_t gfp);
void *kzalloc(size_t size, gfp_t gfp);
void kvfree(const void *ptr);
void kfree(const void *ptr);

#endif
