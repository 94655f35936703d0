/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KERNEL_SHIM_MEMCONTROL_H
#define KERNEL_SHIM_MEMCONTROL_H

#include <linux/types.h>

/* There are no memory cgroups. */
struct mem_cgroup;

static inline struct mem_cgroup *get_mem_cgroup_from_mm(void *mm)
{
	return NULL;
}

static inline void mem_cgroup_put(struct mem_cgroup *memcg)
{
}

static inline struct mem_cgroup *set_active_memcg(struct mem_cgroup *memcg)
{
	return NULL;
}

#endif
