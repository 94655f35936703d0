// SPDX-License-Identifier: GPL-2.0-only
/*
 * The sink fd: a session as its user-mode driver sees it.
 */
#include <linux/anon_inodes.h>
#include <linux/compat.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "miracast_relay.h"
#include "miracast_trace.h"

/* --------------------------------------------------------------- requests */

static int miracast_sink_session(void *context, void *arg)
{
	struct miracast_session *session = context;
	struct miracast_session_ctl *ctl = arg;
	int ret;

	ret = miracast_session_change(session, ctl);
	ctl->state = miracast_session_state(session);

	return ret;
}

static int miracast_sink_io_control(void *context, void *arg)
{
	struct miracast_io_control *ctl = arg;
	void *in = NULL, *out = NULL;
	size_t bytes = 0;
	int ret;

	if ((ctl->flags & ~MIRACAST_IO_CONTROL_HARDWARE_ACCESS) || ctl->reserved)
		return -EINVAL;
	if (ctl->in_len > MIRACAST_MAX_IO_CONTROL ||
	    ctl->out_len > MIRACAST_MAX_IO_CONTROL)
		return -EMSGSIZE;

	if (ctl->in_len) {
		in = kvmalloc(ctl->in_len, MIRACAST_GFP_USER);
		if (!in)
			return -ENOMEM;
		if (copy_from_user(in, u64_to_user_ptr(ctl->in_ptr), ctl->in_len)) {
			ret = -EFAULT;
			goto free;
		}
	}
	if (ctl->out_len) {
		out = kvzalloc(ctl->out_len, MIRACAST_GFP_USER);
		if (!out) {
			ret = -ENOMEM;
			goto free;
		}
	}

	ret = miracast_session_io_control(context, ctl->code, ctl->flags,
					  in, ctl->in_len, out, ctl->out_len,
					  &bytes);
	ctl->bytes_returned = bytes;
	if (bytes && copy_to_user(u64_to_user_ptr(ctl->out_ptr), out, bytes))
		ret = -EFAULT;

free:
	kvfree(out);
	kvfree(in);
	return ret;
}

static int miracast_sink_report_status(void *context, void *arg)
{
	return miracast_session_report_status(context, arg);
}

static int miracast_sink_report_statistic(void *context, void *arg)
{
	struct miracast_session *session = context;
	struct miracast_statistic *stat = arg;

	switch (stat->type) {
	case MIRACAST_STATISTIC_CHUNK_COMPLETE:
	case MIRACAST_STATISTIC_CHUNK_SENT:
		if (stat->event || stat->info.reserved)
			return -EINVAL;
		break;
	case MIRACAST_STATISTIC_EVENT:
		if (stat->event > MIRACAST_EVENT_MONITOR_DEPART ||
		    memchr_inv(&stat->info, 0, sizeof(stat->info)))
			return -EINVAL;
		break;
	default:
		return -EINVAL;
	}

	trace_miracast_statistic(session->target->id, stat);

	return 0;
}

static int miracast_sink_get_chunks(void *context, void *arg)
{
	struct miracast_session *session = context;

	return miracast_chunk_ring_drain(&session->chunks, arg);
}

static const struct miracast_ioctl miracast_sink_ioctls[] = {
	{ MIRACAST_IOC_SESSION, miracast_sink_session },
	{ MIRACAST_IOC_IO_CONTROL, miracast_sink_io_control },
	{ MIRACAST_IOC_REPORT_STATUS, miracast_sink_report_status },
	{ MIRACAST_IOC_REPORT_STATISTIC, miracast_sink_report_statistic },
	{ MIRACAST_IOC_GET_CHUNKS, miracast_sink_get_chunks },
};

/* By value: the driver's table may go away with the driver. */
static bool miracast_sink_find_driver_ioctl(struct miracast_session *session,
					    unsigned int cmd,
					    struct miracast_ioctl *found)
{
	const struct miracast_target_ops *ops = session->target->ops;
	const struct miracast_ioctl *ioctl;

	if (!miracast_session_enter(session))
		return false;
	ioctl = miracast_find_ioctl(ops->ioctls, ops->num_ioctls, cmd);
	if (ioctl)
		*found = *ioctl;
	miracast_session_exit(session);

	return ioctl;
}

static int miracast_sink_driver_call(struct miracast_session *session,
				     const struct miracast_ioctl *ioctl,
				     void *data, struct miracast_fds *fds)
{
	int ret;

	if (!miracast_session_enter(session))
		return -ENODEV;
	ret = miracast_ioctl_call(ioctl, session->context, data, fds);
	miracast_session_exit(session);

	return ret;
}

static void miracast_sink_driver_finish(struct miracast_session *session,
					const struct miracast_ioctl *ioctl,
					void *data, bool copied)
{
	if (!ioctl->finish || !miracast_session_enter(session))
		return;
	ioctl->finish(session->context, data, copied);
	miracast_session_exit(session);
}

/*
 * The copies are made around the call, so that nobody who waits for the end of
 * a driver call waits for user memory.
 */
static long miracast_sink_ioctl(struct file *file, unsigned int cmd,
				unsigned long arg)
{
	struct miracast_session *session = file->private_data;
	u8 data[MIRACAST_MAX_IOCTL_SIZE] __aligned(8);
	void __user *user = (void __user *)arg;
	const struct miracast_ioctl *own;
	struct miracast_ioctl ioctl;
	struct miracast_fds fds;
	int ret, copied;

	if (miracast_session_dead(session))
		return -ENODEV;

	own = miracast_find_ioctl(miracast_sink_ioctls,
				  ARRAY_SIZE(miracast_sink_ioctls), cmd);
	if (own)
		ioctl = *own;
	else if (!miracast_sink_find_driver_ioctl(session, cmd, &ioctl))
		return miracast_session_dead(session) ? -ENODEV : -ENOTTY;

	ret = miracast_copy_in(cmd, user, data, _IOC_SIZE(ioctl.cmd));
	if (ret)
		return ret;
	miracast_fds_init(&fds, cmd, data);
	ret = own ? miracast_ioctl_call(&ioctl, session, data, &fds) :
		    miracast_sink_driver_call(session, &ioctl, data, &fds);
	copied = miracast_copy_out(cmd, user, data, _IOC_SIZE(ioctl.cmd));
	miracast_fds_settle(&fds, !ret && !copied);
	if (!ret)
		miracast_sink_driver_finish(session, &ioctl, data, !copied);

	return copied ?: ret;
}

/* ------------------------------------------------------------------- file */

static ssize_t miracast_sink_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	bool nonblock = (iocb->ki_filp->f_flags & O_NONBLOCK) ||
			(iocb->ki_flags & IOCB_NOWAIT);

	return miracast_session_read(iocb->ki_filp->private_data, to, nonblock);
}

static ssize_t miracast_sink_write_iter(struct kiocb *iocb,
					struct iov_iter *from)
{
	return miracast_session_write(iocb->ki_filp->private_data, from);
}

static __poll_t miracast_sink_poll(struct file *file, poll_table *wait)
{
	struct miracast_session *session = file->private_data;
	__poll_t events = 0;

	poll_wait(file, &session->pollers, wait);

	if (!miracast_session_enter(session))
		return EPOLLHUP | EPOLLERR;

	if (session->target->ops->poll)
		events = session->target->ops->poll(session->context);
	if (miracast_chunk_ring_readable(&session->chunks))
		events |= EPOLLRDBAND;
	spin_lock(&session->queue.lock);
	if (miracast_queue_readable(&session->queue))
		events |= EPOLLIN | EPOLLRDNORM;
	spin_unlock(&session->queue.lock);

	miracast_session_exit(session);

	return events;
}

/* The last close of every duplicate: the session ends (R21). */
static int miracast_sink_release(struct inode *inode, struct file *file)
{
	struct miracast_session *session = file->private_data;

	miracast_session_destroy(session);
	miracast_session_put(session);

	return 0;
}

static const struct file_operations miracast_sink_fops = {
	.owner = THIS_MODULE,
	.release = miracast_sink_release,
	.read_iter = miracast_sink_read_iter,
	.write_iter = miracast_sink_write_iter,
	.poll = miracast_sink_poll,
	.unlocked_ioctl = miracast_sink_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

/* The caller's reference passes to the file, unless there is an error. */
struct file *miracast_sink_file(struct miracast_session *session, bool nonblock)
{
	struct file *file;

	file = anon_inode_getfile("[miracast-sink]", &miracast_sink_fops, session,
				  O_RDWR | (nonblock ? O_NONBLOCK : 0));
	if (IS_ERR(file))
		return file;

	stream_open(file_inode(file), file);
	/* A read does not wait when the call, or io_uring, says so; a reply never. */
	file->f_mode |= FMODE_NOWAIT;

	return file;
}
