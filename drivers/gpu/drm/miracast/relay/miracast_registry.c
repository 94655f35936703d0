// SPDX-License-Identifier: GPL-2.0-only
/*
 * Registry of targets, and the begin and end of sessions on them.
 */
#include <linux/err.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "miracast_relay.h"

struct miracast_targets miracast_targets = {
	.lock = __MUTEX_INITIALIZER(miracast_targets.lock),
	.list = LIST_HEAD_INIT(miracast_targets.list),
	.wait = __WAIT_QUEUE_HEAD_INITIALIZER(miracast_targets.wait),
};

static void miracast_target_release(struct kref *ref)
{
	struct miracast_target *target =
		container_of(ref, struct miracast_target, ref);

	mutex_destroy(&target->class_lock);
	kfree(target);
}

void miracast_target_put(struct miracast_target *target)
{
	kref_put(&target->ref, miracast_target_release);
}

/* ------------------------------------------------------- display drivers */

/* Call with miracast_targets.lock held; then wake miracast_targets.wait. */
static void miracast_targets_changed(int by)
{
	lockdep_assert_held(&miracast_targets.lock);

	miracast_targets.num += by;
	WRITE_ONCE(miracast_targets.changes, miracast_targets.changes + 1);
}

static bool miracast_ops_valid(const struct miracast_target_ops *ops)
{
	unsigned int i;

	if (!ops->create_context || !ops->destroy_context)
		return false;

	for (i = 0; i < ops->num_ioctls; i++)
		if (_IOC_NR(ops->ioctls[i].cmd) < MIRACAST_IOC_DRIVER_BASE ||
		    _IOC_SIZE(ops->ioctls[i].cmd) > MIRACAST_MAX_IOCTL_SIZE)
			return false;

	return true;
}

/**
 * miracast_register_target() - offer a place for sessions
 * @desc: what it is called; copied
 * @ops: callbacks; must stay until the target is unregistered
 * @driver_data: for @ops->create_context
 * @registered: receives the target
 *
 * Sessions may begin before this function returns, but not before @registered
 * is set. After an error it is as before.
 *
 * Context: Process context, may sleep.
 *
 * Return: 0, -EINVAL, -ENOMEM or -ENOSPC.
 */
int miracast_register_target(const struct miracast_target_desc *desc,
			     const struct miracast_target_ops *ops,
			     void *driver_data,
			     struct miracast_target **registered)
{
	struct miracast_target *target;

	if (WARN_ON(!miracast_ops_valid(ops)))
		return -EINVAL;

	target = kzalloc(sizeof(*target), GFP_KERNEL);
	if (!target)
		return -ENOMEM;

	kref_init(&target->ref);
	mutex_init(&target->class_lock);
	target->ops = ops;
	target->driver_data = driver_data;
	strscpy(target->driver, desc->driver, sizeof(target->driver));
	strscpy(target->name, desc->name, sizeof(target->name));
	target->connector_id = desc->connector_id;
	target->card_minor = desc->card_minor;
	target->last_status = MIRACAST_STATUS_NONE;

	mutex_lock(&miracast_targets.lock);
	if (miracast_targets.last_id == U32_MAX) {
		mutex_unlock(&miracast_targets.lock);
		miracast_target_put(target);
		return -ENOSPC;
	}
	*registered = target;
	target->id = ++miracast_targets.last_id;
	list_add_tail(&target->link, &miracast_targets.list);
	miracast_targets_changed(1);
	mutex_unlock(&miracast_targets.lock);
	wake_up_interruptible_poll(&miracast_targets.wait, EPOLLPRI);

	return 0;
}
EXPORT_SYMBOL_GPL(miracast_register_target);

/**
 * miracast_unregister_target() - take back a target
 * @target: from miracast_register_target()
 *
 * Destroys a session that lives there, under its user. No callback runs, or
 * will run, when this function returns, and @target must not be used.
 *
 * Context: Process context, may sleep. Not from a callback of the target, nor
 * with a lock held that one of its callbacks takes.
 */
void miracast_unregister_target(struct miracast_target *target)
{
	mutex_lock(&miracast_targets.lock);
	list_del_init(&target->link);
	miracast_targets_changed(-1);
	mutex_unlock(&miracast_targets.lock);
	wake_up_interruptible_poll(&miracast_targets.wait, EPOLLPRI);

	/* A session that is being opened is there after this, or will fail. */
	mutex_lock(&target->class_lock);
	target->gone = true;
	mutex_unlock(&target->class_lock);

	miracast_target_destroy_session(target);
	miracast_target_put(target);
}
EXPORT_SYMBOL_GPL(miracast_unregister_target);

/**
 * miracast_target_set_plugged() - tell the broker whether a monitor is reported
 * @target: the target
 * @plugged: whether it is
 *
 * Context: Any.
 */
void miracast_target_set_plugged(struct miracast_target *target, bool plugged)
{
	WRITE_ONCE(target->plugged, plugged);
}
EXPORT_SYMBOL_GPL(miracast_target_set_plugged);

/* ------------------------------------------------------------------ walk */

/* Lowest id that is at least @id, or NULL; with miracast_targets.lock held. */
static struct miracast_target *miracast_target_from(u32 id)
{
	struct miracast_target *target;

	lockdep_assert_held(&miracast_targets.lock);

	list_for_each_entry(target, &miracast_targets.list, link)
		if (target->id >= id)
			return target;

	return NULL;
}

/* The target with this id, referenced, or NULL. */
struct miracast_target *miracast_target_find(u32 id)
{
	struct miracast_target *target;

	mutex_lock(&miracast_targets.lock);
	target = miracast_target_from(id);
	if (target && target->id == id)
		kref_get(&target->ref);
	else
		target = NULL;
	mutex_unlock(&miracast_targets.lock);

	return target;
}

unsigned int miracast_targets_count(void)
{
	unsigned int num;

	mutex_lock(&miracast_targets.lock);
	num = miracast_targets.num;
	mutex_unlock(&miracast_targets.lock);

	return num;
}

/*
 * MIRACAST_IOC_NEXT_TARGET. At the end of the walk, -ENOENT, @changes is what
 * the walk has seen.
 */
int miracast_target_next(struct miracast_target_info *info, u64 *changes)
{
	struct miracast_target *target = NULL;
	int ret = -ENOENT;

	mutex_lock(&miracast_targets.lock);
	if (info->id != U32_MAX)
		target = miracast_target_from(info->id + 1);
	if (target) {
		memset(info, 0, sizeof(*info));
		info->id = target->id;
		info->connector_id = target->connector_id;
		info->card_minor = target->card_minor;
		info->last_status = READ_ONCE(target->last_status);
		info->state = MIRACAST_STATE_STOPPED;
		memcpy(info->driver, target->driver, sizeof(info->driver));
		memcpy(info->name, target->name, sizeof(info->name));
		if (target->session) {
			info->state = miracast_session_state(target->session);
			info->flags |= MIRACAST_TARGET_OPEN;
		}
		if (READ_ONCE(target->plugged))
			info->flags |= MIRACAST_TARGET_PLUGGED;
		ret = 0;
	} else {
		*changes = miracast_targets.changes;
	}
	mutex_unlock(&miracast_targets.lock);

	return ret;
}

/* -------------------------------------------------------------- sessions */

static int miracast_target_create_context(struct miracast_target *target,
					  struct miracast_session *session)
{
	int ret;

	lockdep_assert_held(&target->class_lock);

	if (target->gone)
		return -ENOENT;
	if (target->session)
		return -EBUSY;
	if (!try_module_get(target->ops->owner))
		return -ENOENT;

	ret = target->ops->create_context(target->driver_data, session,
					  &session->context);
	if (ret) {
		module_put(target->ops->owner);
		return ret;
	}

	mutex_lock(&miracast_targets.lock);
	target->session = miracast_session_get(session);
	mutex_unlock(&miracast_targets.lock);

	return 0;
}

/* Begin a session on this target; returns it with a reference. */
static struct miracast_session *
miracast_target_open_this(struct miracast_target *target)
{
	struct miracast_session *session;
	int ret;

	session = miracast_session_alloc(target);
	if (IS_ERR(session))
		return session;

	mutex_lock(&target->class_lock);
	ret = miracast_target_create_context(target, session);
	mutex_unlock(&target->class_lock);
	if (ret) {
		/* The driver may have sent messages, which were accepted. */
		miracast_session_kill(session);
		miracast_session_wait_idle(session);
		miracast_session_put(session);
		return ERR_PTR(ret);
	}

	return session;
}

/*
 * MIRACAST_IOC_OPEN_SINK. With @id 0 the targets are tried in order; one that
 * is busy, or goes away meanwhile, is passed over.
 */
struct miracast_session *miracast_target_open(u32 id)
{
	struct miracast_session *session = ERR_PTR(-EBUSY);
	struct miracast_target *target;
	u32 next = id;

	if (id) {
		target = miracast_target_find(id);
		if (!target)
			return ERR_PTR(-ENOENT);
		session = miracast_target_open_this(target);
		miracast_target_put(target);
		return session;
	}

	do {
		mutex_lock(&miracast_targets.lock);
		target = miracast_target_from(next);
		while (target && target->session)
			target = miracast_target_from(target->id + 1);
		if (target)
			kref_get(&target->ref);
		mutex_unlock(&miracast_targets.lock);
		if (!target)
			return ERR_PTR(-EBUSY);

		session = miracast_target_open_this(target);
		next = target->id + 1;
		miracast_target_put(target);
	} while ((session == ERR_PTR(-EBUSY) || session == ERR_PTR(-ENOENT)) &&
		 next);

	return session;
}

/* MIRACAST_IOC_DESTROY_SINK and the end of a target. */
int miracast_target_destroy_session(struct miracast_target *target)
{
	struct miracast_session *session;

	mutex_lock(&miracast_targets.lock);
	session = target->session;
	if (session)
		miracast_session_get(session);
	mutex_unlock(&miracast_targets.lock);
	if (!session)
		return -ENOENT;

	miracast_session_destroy(session);
	miracast_session_put(session);

	return 0;
}

/* The broker has gone. Nobody can open a session meanwhile. */
void miracast_targets_destroy_sessions(void)
{
	struct miracast_target *target;
	u32 next = 1;

	do {
		mutex_lock(&miracast_targets.lock);
		target = miracast_target_from(next);
		if (target)
			kref_get(&target->ref);
		mutex_unlock(&miracast_targets.lock);
		if (!target)
			return;

		miracast_target_destroy_session(target);
		next = target->id + 1;
		miracast_target_put(target);
	} while (next);
}
