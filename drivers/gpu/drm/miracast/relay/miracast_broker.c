// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/miracast: the broker's file; and the begin and end of the relay.
 */
#include <linux/compat.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "miracast_relay.h"

#define MIRACAST_FEATURES \
	(MIRACAST_FEATURE_REVOKED | MIRACAST_FEATURE_IMPORT | \
	 MIRACAST_FEATURE_IMPORT_LIST | MIRACAST_FEATURE_COLOR | \
	 (IS_ENABLED(CONFIG_DRM_MIRACAST_SOUND) ? MIRACAST_FEATURE_SOUND : 0))

/**
 * struct miracast_broker - an open /dev/miracast
 * @lock: protects @abi; nothing is called under it
 * @abi: version agreed on, 0 before the handshake; written under @lock
 * @changes: of miracast_targets, seen by the last complete walk; READ_ONCE
 */
struct miracast_broker {
	struct mutex lock; /* one handshake at a time */
	u32 abi;
	u64 changes;
};

/* Set while a broker is open, and until its sessions are gone. */
static atomic_t miracast_broker_open;

/* --------------------------------------------------------------- requests */

static int miracast_broker_hello(void *context, void *arg)
{
	struct miracast_broker *broker = context;
	struct miracast_hello *hello = arg;
	int ret = 0;

	if (hello->reserved || hello->abi_min > hello->abi_max)
		return -EINVAL;

	hello->abi = MIRACAST_ABI_VERSION;
	hello->num_targets = miracast_targets_count();
	hello->features = MIRACAST_FEATURES;
	hello->max_chunk_data = MIRACAST_MAX_CHUNK_DATA;

	mutex_lock(&broker->lock);
	if (broker->abi)
		ret = -EBUSY;
	else if (hello->abi_min > MIRACAST_ABI_VERSION ||
		 hello->abi_max < MIRACAST_ABI_VERSION)
		ret = -EPROTONOSUPPORT;
	else
		WRITE_ONCE(broker->abi, MIRACAST_ABI_VERSION);
	mutex_unlock(&broker->lock);

	return ret;
}

static int miracast_broker_next_target(void *context, void *arg)
{
	struct miracast_broker *broker = context;
	struct miracast_target_info *info = arg;
	u64 changes;
	int ret;

	if (info->reserved)
		return -EINVAL;

	ret = miracast_target_next(info, &changes);
	if (ret == -ENOENT)
		WRITE_ONCE(broker->changes, changes);

	return ret;
}

static int miracast_broker_destroy_sink(void *context, void *arg)
{
	struct miracast_destroy_sink *destroy = arg;
	struct miracast_target *target;
	int ret;

	if (destroy->reserved)
		return -EINVAL;

	target = miracast_target_find(destroy->target);
	if (!target)
		return -ENOENT;
	ret = miracast_target_destroy_session(target);
	miracast_target_put(target);

	return ret;
}

static int miracast_broker_open_sink(void *context, void *arg,
				     struct miracast_fds *fds)
{
	struct miracast_open_sink *open = arg;
	struct miracast_session *session;
	struct file *file;

	if (open->flags & ~MIRACAST_OPEN_NONBLOCK)
		return -EINVAL;

	session = miracast_target_open(open->target);
	if (IS_ERR(session))
		return PTR_ERR(session);
	open->target_opened = session->target->id;

	/* From here on the file owns the session, whatever happens. */
	file = miracast_sink_file(session, open->flags & MIRACAST_OPEN_NONBLOCK);
	if (IS_ERR(file)) {
		miracast_session_destroy(session);
		miracast_session_put(session);
		return PTR_ERR(file);
	}

	return miracast_fds_add(fds, file, &open->fd);
}

static const struct miracast_ioctl miracast_broker_ioctls[] = {
	{ MIRACAST_IOC_HELLO, miracast_broker_hello },
	{ MIRACAST_IOC_NEXT_TARGET, miracast_broker_next_target },
	{ MIRACAST_IOC_OPEN_SINK, .give = miracast_broker_open_sink },
	{ MIRACAST_IOC_DESTROY_SINK, miracast_broker_destroy_sink },
};

static long miracast_broker_ioctl(struct file *file, unsigned int cmd,
				  unsigned long arg)
{
	struct miracast_broker *broker = file->private_data;
	u8 data[sizeof(struct miracast_target_info)] __aligned(8);
	void __user *user = (void __user *)arg;
	const struct miracast_ioctl *ioctl;
	struct miracast_fds fds;
	int ret, copied;

	if (_IOC_TYPE(cmd) == MIRACAST_IOC_MAGIC &&
	    _IOC_NR(cmd) != _IOC_NR(MIRACAST_IOC_HELLO) &&
	    !READ_ONCE(broker->abi))
		return -EPROTO;

	ioctl = miracast_find_ioctl(miracast_broker_ioctls,
				    ARRAY_SIZE(miracast_broker_ioctls), cmd);
	if (!ioctl)
		return -ENOTTY;

	ret = miracast_copy_in(cmd, user, data, _IOC_SIZE(ioctl->cmd));
	if (ret)
		return ret;
	miracast_fds_init(&fds, cmd, data);
	ret = miracast_ioctl_call(ioctl, broker, data, &fds);
	copied = miracast_copy_out(cmd, user, data, _IOC_SIZE(ioctl->cmd));
	miracast_fds_settle(&fds, !ret && !copied);

	return copied ?: ret;
}

/* ------------------------------------------------------------------- file */

static __poll_t miracast_broker_poll(struct file *file, poll_table *wait)
{
	struct miracast_broker *broker = file->private_data;

	poll_wait(file, &miracast_targets.wait, wait);

	return READ_ONCE(broker->changes) != READ_ONCE(miracast_targets.changes) ?
	       EPOLLPRI : 0;
}

static int miracast_broker_file_open(struct inode *inode, struct file *file)
{
	struct miracast_broker *broker;

	if (atomic_cmpxchg(&miracast_broker_open, 0, 1))
		return -EBUSY;

	broker = kzalloc(sizeof(*broker), MIRACAST_GFP_USER);
	if (!broker) {
		atomic_set(&miracast_broker_open, 0);
		return -ENOMEM;
	}
	mutex_init(&broker->lock);
	file->private_data = broker;

	return nonseekable_open(inode, file);
}

static int miracast_broker_file_release(struct inode *inode, struct file *file)
{
	struct miracast_broker *broker = file->private_data;

	miracast_targets_destroy_sessions();
	mutex_destroy(&broker->lock);
	kfree(broker);
	atomic_set_release(&miracast_broker_open, 0);

	return 0;
}

static const struct file_operations miracast_broker_fops = {
	.owner = THIS_MODULE,
	.open = miracast_broker_file_open,
	.release = miracast_broker_file_release,
	.poll = miracast_broker_poll,
	.unlocked_ioctl = miracast_broker_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

static struct miscdevice miracast_misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "miracast",
	.fops = &miracast_broker_fops,
	.mode = 0600,
};

/* ----------------------------------------------------------------- module */

int miracast_relay_init(void)
{
	int ret;

	ret = miracast_messages_init();
	if (ret)
		return ret;

	ret = misc_register(&miracast_misc);
	if (ret) {
		miracast_messages_exit();
		return ret;
	}
	miracast_debugfs_init();

	return 0;
}

void miracast_relay_exit(void)
{
	miracast_debugfs_exit();
	misc_deregister(&miracast_misc);
	miracast_messages_exit();
}
