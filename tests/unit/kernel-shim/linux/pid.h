/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KERNEL_SHIM_PID_H
#define KERNEL_SHIM_PID_H

#include <linux/refcount.h>

/* A thread. */
struct pid {
	refcount_t count;
};

struct pid *get_pid(struct pid *pid);
void put_pid(struct pid *pid);

#endif
