// SPDX-License-Identifier: GPL-2.0-only
/*
 * /sys/kernel/debug/miracast/targets: targets, their sessions and messages.
 */
#include <linux/debugfs.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/seq_file.h>

#include "miracast_relay.h"

static struct dentry *miracast_debugfs;

static const char * const miracast_state_names[] = {
	[MIRACAST_STATE_STOPPED] = "stopped",
	[MIRACAST_STATE_STARTING] = "starting",
	[MIRACAST_STATE_STARTED] = "started",
	[MIRACAST_STATE_STOPPING] = "stopping",
};

static const char * const miracast_msg_state_names[] = {
	[MIRACAST_MSG_QUEUED] = "queued",
	[MIRACAST_MSG_DELIVERED] = "delivered",
	[MIRACAST_MSG_CANCELLED] = "cancelled",
	[MIRACAST_MSG_DEFERRED] = "deferred",
	[MIRACAST_MSG_CLAIMED] = "claimed",
};

static void miracast_debugfs_msg(struct seq_file *m,
				 const struct miracast_msg *msg)
{
	seq_printf(m, "\tmessage %llu %s in=%u out_max=%u age_ms=%llu%s\n",
		   msg->id, miracast_msg_state_names[msg->state], msg->in_len,
		   msg->out_max,
		   div_u64(ktime_get_ns() - msg->sent, NSEC_PER_MSEC),
		   msg->deadline ? " timeout" : "");
}

static void miracast_debugfs_session(struct seq_file *m,
				     struct miracast_session *session)
{
	struct miracast_queue *queue = &session->queue;
	struct miracast_msg *msg;
	int bucket;

	spin_lock(&queue->lock);
	seq_printf(m, "\tsession %s messages=%u bytes=%zu sent=%llu stops=%llu busy=%u chunks=%llu\n",
		   miracast_state_names[session->state], queue->count,
		   queue->bytes, queue->last_id, queue->generation, queue->busy,
		   READ_ONCE(session->chunks.head) - READ_ONCE(session->chunks.tail));
	hash_for_each(queue->live, bucket, msg, hash)
		miracast_debugfs_msg(m, msg);
	list_for_each_entry(msg, &queue->records, link)
		if (msg->state == MIRACAST_MSG_CANCELLED)
			miracast_debugfs_msg(m, msg);
	list_for_each_entry(msg, &queue->deferred, link)
		miracast_debugfs_msg(m, msg);
	spin_unlock(&queue->lock);
}

static int miracast_targets_show(struct seq_file *m, void *data)
{
	struct miracast_target *target;

	mutex_lock(&miracast_targets.lock);
	list_for_each_entry(target, &miracast_targets.list, link) {
		seq_printf(m, "target %u %s %s%s last_status=%d\n", target->id,
			   target->driver, target->name,
			   READ_ONCE(target->plugged) ? " plugged" : "",
			   (int)READ_ONCE(target->last_status));
		if (target->session)
			miracast_debugfs_session(m, target->session);
	}
	mutex_unlock(&miracast_targets.lock);

	return 0;
}
DEFINE_SHOW_ATTRIBUTE(miracast_targets);

void miracast_debugfs_init(void)
{
	miracast_debugfs = debugfs_create_dir("miracast", NULL);
	debugfs_create_file("targets", 0400, miracast_debugfs, NULL,
			    &miracast_targets_fops);
}

void miracast_debugfs_exit(void)
{
	debugfs_remove(miracast_debugfs);
}
