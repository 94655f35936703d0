/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KERNEL_SHIM_HASHTABLE_H
#define KERNEL_SHIM_HASHTABLE_H

#include <linux/list.h>

#define DECLARE_HASHTABLE(name, bits)	struct hlist_head name[1 << (bits)]

static inline void kernel_shim_hash_init(struct hlist_head *table, size_t size)
{
	size_t i;

	for (i = 0; i < size; i++)
		table[i].first = NULL;
}

/* Fibonacci hashing, so that neighbours are spread as the kernel spreads them. */
static inline size_t kernel_shim_hash(u64 key, size_t size)
{
	return (key * 0x9e3779b97f4a7c15ULL) >> (64 - __builtin_ctzl(size));
}

#define hash_init(table)	kernel_shim_hash_init(table, ARRAY_SIZE(table))
#define hash_add(table, node, key) \
	hlist_add_head(node, &(table)[kernel_shim_hash(key, ARRAY_SIZE(table))])

static inline void hash_del(struct hlist_node *node)
{
	hlist_del_init(node);
}

#define hash_for_each_possible(table, obj, member, key)			\
	hlist_for_each_entry(obj,					\
		&(table)[kernel_shim_hash(key, ARRAY_SIZE(table))], member)

#define hash_for_each_safe(table, bucket, tmp, obj, member)		\
	for ((bucket) = 0, obj = NULL;					\
	     !obj && (size_t)(bucket) < ARRAY_SIZE(table); (bucket)++)	\
		hlist_for_each_entry_safe(obj, tmp, &(table)[bucket], member)

#endif
