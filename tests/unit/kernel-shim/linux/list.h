/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KERNEL_SHIM_LIST_H
#define KERNEL_SHIM_LIST_H

#include <linux/kernel.h>

struct list_head {
	struct list_head *next, *prev;
};

#define LIST_HEAD_INIT(name)	{ &(name), &(name) }

static inline void INIT_LIST_HEAD(struct list_head *head)
{
	head->next = head;
	head->prev = head;
}

static inline bool list_empty(const struct list_head *head)
{
	return head->next == head;
}

static inline void kernel_shim_list_insert(struct list_head *entry,
					   struct list_head *prev,
					   struct list_head *next)
{
	KERNEL_SHIM_ASSERT(prev->next == next && next->prev == prev);
	KERNEL_SHIM_ASSERT(entry != prev && entry != next);
	entry->prev = prev;
	entry->next = next;
	prev->next = entry;
	next->prev = entry;
}

static inline void list_add(struct list_head *entry, struct list_head *head)
{
	kernel_shim_list_insert(entry, head, head->next);
}

static inline void list_add_tail(struct list_head *entry, struct list_head *head)
{
	kernel_shim_list_insert(entry, head->prev, head);
}

static inline void list_del_init(struct list_head *entry)
{
	KERNEL_SHIM_ASSERT(entry->prev->next == entry && entry->next->prev == entry);
	entry->prev->next = entry->next;
	entry->next->prev = entry->prev;
	INIT_LIST_HEAD(entry);
}

#define list_entry(ptr, type, member)	container_of(ptr, type, member)
#define list_first_entry(head, type, member) \
	list_entry((head)->next, type, member)
#define list_next_entry(pos, member) \
	list_entry((pos)->member.next, __typeof__(*(pos)), member)
#define list_entry_is_head(pos, head, member)	(&(pos)->member == (head))

#define list_for_each_entry(pos, head, member)				\
	for (pos = list_first_entry(head, __typeof__(*pos), member);	\
	     !list_entry_is_head(pos, head, member);			\
	     pos = list_next_entry(pos, member))

#define list_for_each_entry_safe(pos, tmp, head, member)		\
	for (pos = list_first_entry(head, __typeof__(*pos), member),	\
	     tmp = list_next_entry(pos, member);			\
	     !list_entry_is_head(pos, head, member);			\
	     pos = tmp, tmp = list_next_entry(tmp, member))

struct hlist_node {
	struct hlist_node *next, **pprev;
};

struct hlist_head {
	struct hlist_node *first;
};

static inline void INIT_HLIST_NODE(struct hlist_node *node)
{
	node->next = NULL;
	node->pprev = NULL;
}

static inline void hlist_add_head(struct hlist_node *node, struct hlist_head *head)
{
	KERNEL_SHIM_ASSERT(!node->pprev);
	node->next = head->first;
	node->pprev = &head->first;
	if (node->next)
		node->next->pprev = &node->next;
	head->first = node;
}

static inline void hlist_del_init(struct hlist_node *node)
{
	if (!node->pprev)
		return;
	KERNEL_SHIM_ASSERT(*node->pprev == node);
	*node->pprev = node->next;
	if (node->next)
		node->next->pprev = node->pprev;
	INIT_HLIST_NODE(node);
}

#define hlist_entry_safe(ptr, type, member) ({			\
	struct hlist_node *node_ = (ptr);			\
	node_ ? container_of(node_, type, member) : NULL; })

#define hlist_for_each_entry(pos, head, member)				\
	for (pos = hlist_entry_safe((head)->first, __typeof__(*(pos)), member); \
	     pos;							\
	     pos = hlist_entry_safe((pos)->member.next, __typeof__(*(pos)), member))

#define hlist_for_each_entry_safe(pos, tmp, head, member)		\
	for (pos = hlist_entry_safe((head)->first, __typeof__(*(pos)), member); \
	     pos && (tmp = (pos)->member.next, true);			\
	     pos = hlist_entry_safe(tmp, __typeof__(*(pos)), member))

#endif
