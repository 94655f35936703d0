/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KERNEL_SHIM_WORKQUEUE_H
#define KERNEL_SHIM_WORKQUEUE_H

#include <linux/list.h>

struct work_struct;
struct workqueue_struct;

typedef void (*work_func_t)(struct work_struct *work);

/**
 * struct work_struct - work; all of it is protected by the shim's own mutex
 * @func: what to do
 * @link: among the pending ones
 * @expires: when, in jiffies
 * @runner: kernel_shim_self() of the thread that does it now, or NULL
 */
struct work_struct {
	work_func_t func;
	struct list_head link;
	u64 expires;
	const void *runner;
};

struct delayed_work {
	struct work_struct work;
};

#define WQ_UNBOUND	(1 << 1)

static inline struct delayed_work *to_delayed_work(struct work_struct *work)
{
	return container_of(work, struct delayed_work, work);
}

void kernel_shim_work_init(struct work_struct *work, work_func_t func);
#define INIT_WORK(work, func)		kernel_shim_work_init(work, func)
#define INIT_DELAYED_WORK(dwork, func)	kernel_shim_work_init(&(dwork)->work, func)

struct workqueue_struct *alloc_workqueue(const char *name, unsigned int flags,
					 int max_active);
void destroy_workqueue(struct workqueue_struct *wq);
bool queue_work(struct workqueue_struct *wq, struct work_struct *work);
bool mod_delayed_work(struct workqueue_struct *wq, struct delayed_work *dwork,
		      unsigned long delay);
bool cancel_work_sync(struct work_struct *work);
bool cancel_delayed_work_sync(struct delayed_work *dwork);

#endif
