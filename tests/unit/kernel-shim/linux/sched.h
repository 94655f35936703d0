/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KERNEL_SHIM_SCHED_H
#define KERNEL_SHIM_SCHED_H

#include <linux/pid.h>

struct task_struct {
	struct pid *pid;
	void *mm;
};

struct task_struct *kernel_shim_current(void);
#define current	kernel_shim_current()

static inline struct pid *task_pid(struct task_struct *task)
{
	return task->pid;
}

#endif
