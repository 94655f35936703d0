// SPDX-License-Identifier: GPL-2.0-only
/*
 * Buffer ids that a daemon has been given, and news of those that are gone.
 *
 * A framebuffer goes away when nobody can allocate for it, so the node that
 * carries the news is made when its id is given out.
 */
#include <linux/hashtable.h>
#include <linux/list.h>
#include <linux/slab.h>

#include "miracast_drv.h"

/**
 * struct miracast_known - an id that was given out
 * @id: of the framebuffer; constant
 * @hash: in context->known, until the framebuffer goes
 * @link: in context->retired or context->telling, afterwards
 *
 * Protected by pipe->frame_lock.
 */
struct miracast_known {
	u64 id;
	struct hlist_node hash;
	struct list_head link;
};

static struct miracast_known *
miracast_retire_find(struct miracast_context *context, u64 id)
{
	struct miracast_known *known;

	lockdep_assert_held(&context->pipe->frame_lock);

	hash_for_each_possible(context->known, known, hash, id) {
		if (known->id == id)
			return known;
	}

	return NULL;
}

/* How many of @ids the daemon has not been given yet; 0 is no id. */
unsigned int miracast_retire_unknown(struct miracast_context *context,
				     const u64 *ids, unsigned int num)
{
	unsigned int i, unknown = 0;

	for (i = 0; i < num; i++)
		unknown += ids[i] && !miracast_retire_find(context, ids[i]);

	return unknown;
}

/* Have nodes for @num new ids; without the lock. */
int miracast_retire_reserve(struct miracast_spare *spare, unsigned int num)
{
	while (spare->num < num) {
		struct miracast_known *known =
			kzalloc(sizeof(*known), MIRACAST_GFP_USER);

		if (!known)
			return -ENOMEM;
		spare->known[spare->num++] = known;
	}

	return 0;
}

void miracast_retire_unreserve(struct miracast_spare *spare)
{
	while (spare->num)
		kfree(spare->known[--spare->num]);
}

/* Note that the daemon is given @id; takes a node, if it is new. */
void miracast_retire_learn(struct miracast_context *context, u64 id,
			   struct miracast_spare *spare)
{
	struct miracast_known *known;

	if (!id || miracast_retire_find(context, id))
		return;

	known = spare->known[--spare->num];
	known->id = id;
	hash_add(context->known, &known->hash, id);
	context->num_known++;
}

static void miracast_retire_in(struct miracast_pipe *pipe, u64 id)
{
	struct miracast_session *session = NULL;
	struct miracast_known *known;

	spin_lock_irq(&pipe->frame_lock);
	if (pipe->context) {
		known = miracast_retire_find(pipe->context, id);
		if (known) {
			hash_del(&known->hash);
			list_add_tail(&known->link, &pipe->context->retired);
			session = miracast_session_get(pipe->context->session);
		}
	}
	spin_unlock_irq(&pipe->frame_lock);

	if (session) {
		miracast_session_wake(session, EPOLLPRI);
		miracast_session_put(session);
	}
}

/**
 * miracast_retire_fb() - a framebuffer is gone
 * @drm: the device
 * @id: of the framebuffer
 *
 * Context: Process context.
 */
void miracast_retire_fb(struct drm_device *drm, u64 id)
{
	struct miracast_device *mdev = to_miracast_device(drm);
	unsigned int i;

	for (i = 0; i < mdev->num_pipes; i++)
		miracast_retire_in(mdev->pipes[i], id);
}

/* The context is gone from the pipe: free what it knew. */
void miracast_retire_drain(struct miracast_context *context)
{
	struct miracast_known *known, *next;
	struct hlist_node *tmp;
	int bucket;

	hash_for_each_safe(context->known, bucket, tmp, known, hash) {
		hash_del(&known->hash);
		kfree(known);
	}
	list_splice(&context->telling, &context->retired);
	list_for_each_entry_safe(known, next, &context->retired, link)
		kfree(known);
}

/* MIRACAST_IOC_GET_RETIRED. */
int miracast_retire_get(void *ctx, void *arg)
{
	struct miracast_context *context = ctx;
	struct miracast_get_retired *retired = arg;
	struct miracast_known *known, *next;

	memset(retired, 0, sizeof(*retired));

	spin_lock_irq(&context->pipe->frame_lock);
	list_for_each_entry_safe(known, next, &context->retired, link) {
		if (retired->num_ids == ARRAY_SIZE(retired->ids)) {
			retired->outstanding++;
			continue;
		}
		retired->ids[retired->num_ids++] = known->id;
		list_move_tail(&known->link, &context->telling);
	}
	spin_unlock_irq(&context->pipe->frame_lock);

	return retired->num_ids ? 0 : -EAGAIN;
}

static bool miracast_retired_has(const struct miracast_get_retired *retired,
				 u64 id)
{
	unsigned int i;

	for (i = 0; i < retired->num_ids; i++)
		if (retired->ids[i] == id)
			return true;

	return false;
}

/* The daemon has been told of these ids, or is to be told again. */
void miracast_retire_got(void *ctx, void *arg, bool copied)
{
	struct miracast_context *context = ctx;
	struct miracast_known *known, *next;
	LIST_HEAD(told);

	spin_lock_irq(&context->pipe->frame_lock);
	list_for_each_entry_safe(known, next, &context->telling, link) {
		if (!miracast_retired_has(arg, known->id))
			continue;
		if (copied) {
			list_move_tail(&known->link, &told);
			context->num_known--;
		} else {
			list_move_tail(&known->link, &context->retired);
		}
	}
	spin_unlock_irq(&context->pipe->frame_lock);

	list_for_each_entry_safe(known, next, &told, link)
		kfree(known);
	if (!copied)
		miracast_session_wake(context->session, EPOLLPRI);
}
