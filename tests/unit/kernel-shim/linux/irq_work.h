/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KERNEL_SHIM_IRQ_WORK_H
#define KERNEL_SHIM_IRQ_WORK_H

#include <linux/kernel.h>

/* Comes at once, so that there is never one to wait for. */
struct irq_work {
	void (*func)(struct irq_work *work);
};

static inline void init_irq_work(struct irq_work *work,
				 void (*func)(struct irq_work *work))
{
	work->func = func;
}

static inline bool irq_work_queue(struct irq_work *work)
{
	work->func(work);
	return true;
}

static inline void irq_work_sync(struct irq_work *work)
{
	might_sleep();
}

#endif
