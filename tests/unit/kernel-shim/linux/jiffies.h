/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KERNEL_SHIM_JIFFIES_H
#define KERNEL_SHIM_JIFFIES_H

#include <limits.h>
#include <linux/types.h>

#define HZ			1000
#define MAX_JIFFY_OFFSET	((LONG_MAX >> 1) - 1)

u64 get_jiffies_64(void);

static inline unsigned long msecs_to_jiffies(unsigned int ms)
{
	return ms;
}

#endif
