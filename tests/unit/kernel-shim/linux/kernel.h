/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KERNEL_SHIM_KERNEL_H
#define KERNEL_SHIM_KERNEL_H

#include <linux/align.h>
#include <linux/bits.h>
#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/limits.h>
#include <linux/minmax.h>
#include <linux/types.h>

#include "kernel-shim.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

#define container_of(ptr, type, member) \
	((type *)((char *)(ptr) - offsetof(type, member)))

#define BUILD_BUG_ON(cond)	_Static_assert(!(cond), #cond)
#define BUILD_BUG_ON_NOT_POWER_OF_2(n) \
	BUILD_BUG_ON((n) == 0 || ((n) & ((n) - 1)) != 0)

/* What warns in the kernel is a finding here. */
#define WARN_ON(cond) ({					\
	bool warn_ = (cond);					\
	if (warn_)						\
		kernel_shim_bug(__FILE__, __LINE__, #cond);	\
	warn_; })
#define WARN_ON_ONCE(cond)	WARN_ON(cond)

#define might_sleep()	KERNEL_SHIM_ASSERT(!kernel_shim_spinlocks)

#endif
