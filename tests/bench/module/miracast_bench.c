// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel's end of the round trips that relay-bench measures: a display
 * driver without a display that sends messages, and the same exchange by the
 * other ways that a kernel and a daemon have of talking. See miracast_bench.h.
 */
#include <linux/compat.h>
#include <linux/completion.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/ktime.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include <net/genetlink.h>

#include <drm/miracast.h>

#include "miracast_bench.h"

static struct miracast_target *bench_target;

/* The session of the target, referenced, or NULL. */
static DEFINE_MUTEX(bench_session_lock);
static struct miracast_session *bench_session;

/**
 * struct bench_trip - one task's round trips
 * @run: what was asked for
 * @session: of the relay
 * @to: file to write to
 * @from: file to read from
 * @data: payload, either way
 * @done: the reply is there
 * @status: what it says
 */
struct bench_trip {
	const struct miracast_bench_run *run;
	struct miracast_session *session;
	struct file *to;
	struct file *from;
	void *data;
	struct completion done;
	int status;
};

/* ------------------------------------------------------------------ relay */

static int bench_create_context(void *driver_data,
				struct miracast_session *session, void **context)
{
	mutex_lock(&bench_session_lock);
	bench_session = miracast_session_get(session);
	mutex_unlock(&bench_session_lock);

	*context = NULL;
	return 0;
}

static void bench_destroy_context(void *context)
{
	mutex_lock(&bench_session_lock);
	miracast_session_put(bench_session);
	bench_session = NULL;
	mutex_unlock(&bench_session_lock);
}

static const struct miracast_target_ops bench_ops = {
	.owner = THIS_MODULE,
	.create_context = bench_create_context,
	.destroy_context = bench_destroy_context,
};

static struct miracast_session *bench_get_session(void)
{
	struct miracast_session *session;

	mutex_lock(&bench_session_lock);
	session = bench_session;
	if (session)
		miracast_session_get(session);
	mutex_unlock(&bench_session_lock);

	return session;
}

static void bench_relay_done(void *ctx, int status, const void *out, size_t bytes)
{
	struct bench_trip *trip = ctx;

	trip->status = status;
	if (!status && bytes != trip->run->payload)
		trip->status = -EBADMSG;
	else if (bytes)
		memcpy(trip->data, out, bytes);
	complete(&trip->done);
}

static int bench_relay(struct bench_trip *trip)
{
	u32 payload = trip->run->payload;
	u64 id;
	int ret;

	reinit_completion(&trip->done);
	ret = miracast_send_message(trip->session, trip->data, payload, payload, 0,
				    bench_relay_done, trip, &id);
	if (ret)
		return ret;
	ret = wait_for_completion_killable(&trip->done);
	if (ret) {
		miracast_cancel_message(trip->session, id);
		/* The callback has begun at least, and needs @trip. */
		wait_for_completion(&trip->done);
		return ret;
	}

	return trip->status;
}

/* ----------------------------------------------------------- pipe and file */

static int bench_read(struct bench_trip *trip)
{
	u32 len = 0;
	loff_t pos = 0;
	ssize_t ret;

	while (len < trip->run->payload) {
		ret = kernel_read(trip->from, trip->data + len,
				  trip->run->payload - len, &pos);
		if (ret <= 0)
			return ret ?: -EPIPE;
		len += ret;
	}

	return 0;
}

static int bench_pipe(struct bench_trip *trip)
{
	u32 payload = trip->run->payload;
	loff_t pos = 0;
	ssize_t ret;

	ret = kernel_write(trip->to, trip->data, payload, &pos);
	if (ret != payload)
		return ret < 0 ? ret : -EPIPE;

	return bench_read(trip);
}

/* ---------------------------------------------------------------- netlink */

static struct genl_family bench_family;

/* Who waits for a reply, one at a time, and the socket of the other end. */
static DEFINE_MUTEX(bench_netlink_lock);
static DEFINE_SPINLOCK(bench_trip_lock);
static struct bench_trip *bench_netlink_trip;
static u32 bench_portid;

static int bench_hello(struct sk_buff *skb, struct genl_info *info)
{
	WRITE_ONCE(bench_portid, info->snd_portid);

	return 0;
}

static int bench_pong(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr *attr = info->attrs[MIRACAST_BENCH_ATTR_PAYLOAD];
	struct bench_trip *trip;

	if (!attr)
		return -EINVAL;

	spin_lock(&bench_trip_lock);
	trip = bench_netlink_trip;
	bench_netlink_trip = NULL;
	if (trip && nla_len(attr) == trip->run->payload) {
		trip->status = 0;
		nla_memcpy(trip->data, attr, trip->run->payload);
	} else if (trip) {
		trip->status = -EBADMSG;
	}
	if (trip)
		complete(&trip->done);
	spin_unlock(&bench_trip_lock);

	return trip ? 0 : -ENOENT;
}

static int bench_netlink_send(struct bench_trip *trip)
{
	u32 payload = trip->run->payload;
	struct sk_buff *skb;
	void *head;

	skb = genlmsg_new(nla_total_size(payload), GFP_KERNEL);
	if (!skb)
		return -ENOMEM;
	head = genlmsg_put(skb, 0, 0, &bench_family, 0, MIRACAST_BENCH_CMD_PING);
	if (!head || nla_put(skb, MIRACAST_BENCH_ATTR_PAYLOAD, payload, trip->data)) {
		nlmsg_free(skb);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, head);

	return genlmsg_unicast(&init_net, skb, READ_ONCE(bench_portid));
}

static int bench_netlink(struct bench_trip *trip)
{
	int ret;

	reinit_completion(&trip->done);
	spin_lock(&bench_trip_lock);
	bench_netlink_trip = trip;
	spin_unlock(&bench_trip_lock);

	ret = bench_netlink_send(trip);
	if (!ret)
		ret = wait_for_completion_killable(&trip->done);
	if (!ret)
		return trip->status;

	spin_lock(&bench_trip_lock);
	bench_netlink_trip = NULL;
	spin_unlock(&bench_trip_lock);

	return ret;
}

static const struct nla_policy bench_policy[MIRACAST_BENCH_ATTR_MAX + 1] = {
	[MIRACAST_BENCH_ATTR_PAYLOAD] = {
		.type = NLA_BINARY, .len = MIRACAST_BENCH_MAX_PAYLOAD,
	},
};

static const struct genl_ops bench_genl_ops[] = {
	{ .cmd = MIRACAST_BENCH_CMD_HELLO, .doit = bench_hello },
	{ .cmd = MIRACAST_BENCH_CMD_PONG, .doit = bench_pong },
};

static struct genl_family bench_family = {
	.name = MIRACAST_BENCH_FAMILY,
	.version = 1,
	.maxattr = MIRACAST_BENCH_ATTR_MAX,
	.policy = bench_policy,
	.ops = bench_genl_ops,
	.n_ops = ARRAY_SIZE(bench_genl_ops),
	/* Else all families of the system would share one mutex. */
	.parallel_ops = true,
	.module = THIS_MODULE,
};

/* ------------------------------------------------------------------- runs */

static int (*const bench_ways[])(struct bench_trip *trip) = {
	[MIRACAST_BENCH_RELAY] = bench_relay,
	[MIRACAST_BENCH_PIPE] = bench_pipe,
	[MIRACAST_BENCH_NETLINK] = bench_netlink,
	[MIRACAST_BENCH_FILE] = bench_read,
};

static int bench_trips(struct bench_trip *trip, u32 *samples, u64 *total)
{
	u64 begin = ktime_get_ns(), before = begin, after = begin;
	u32 i;
	int ret;

	for (i = 0; i < trip->run->count; i++) {
		ret = bench_ways[trip->run->way](trip);
		if (ret)
			return ret;
		after = ktime_get_ns();
		if (samples)
			samples[i] = min_t(u64, after - before, U32_MAX);
		before = after;
	}
	*total = after - begin;

	return 0;
}

static int bench_open_ends(struct bench_trip *trip)
{
	switch (trip->run->way) {
	case MIRACAST_BENCH_RELAY:
		trip->session = bench_get_session();
		return trip->session ? 0 : -ENXIO;
	case MIRACAST_BENCH_PIPE:
		trip->to = fget(trip->run->fd_to);
		fallthrough;
	case MIRACAST_BENCH_FILE:
		trip->from = fget(trip->run->fd_from);
		if (!trip->from || !(trip->from->f_mode & FMODE_READ))
			return -EBADF;
		if (trip->run->way == MIRACAST_BENCH_PIPE &&
		    (!trip->to || !(trip->to->f_mode & FMODE_WRITE)))
			return -EBADF;
		return 0;
	case MIRACAST_BENCH_NETLINK:
		mutex_lock(&bench_netlink_lock);
		return 0;
	default:
		return -EINVAL;
	}
}

static void bench_close_ends(struct bench_trip *trip)
{
	if (trip->session)
		miracast_session_put(trip->session);
	if (trip->to)
		fput(trip->to);
	if (trip->from)
		fput(trip->from);
	if (trip->run->way == MIRACAST_BENCH_NETLINK)
		mutex_unlock(&bench_netlink_lock);
}

static int bench_run(struct miracast_bench_run *run)
{
	struct bench_trip trip = { .run = run };
	u32 *samples = NULL;
	int ret = -ENOMEM;

	if (run->way >= ARRAY_SIZE(bench_ways) || run->reserved || !run->count ||
	    run->count > MIRACAST_BENCH_MAX_COUNT || !run->payload ||
	    run->payload > MIRACAST_BENCH_MAX_PAYLOAD)
		return -EINVAL;

	init_completion(&trip.done);
	trip.data = kzalloc(run->payload, GFP_KERNEL);
	if (!trip.data)
		return -ENOMEM;
	if (run->samples_ptr) {
		samples = kvcalloc(run->count, sizeof(*samples), GFP_KERNEL);
		if (!samples)
			goto free;
	}

	ret = bench_open_ends(&trip);
	if (!ret)
		ret = bench_trips(&trip, samples, &run->total_ns);
	bench_close_ends(&trip);

	if (!ret && samples &&
	    copy_to_user(u64_to_user_ptr(run->samples_ptr), samples,
			 run->count * sizeof(*samples)))
		ret = -EFAULT;
free:
	kvfree(samples);
	kfree(trip.data);
	return ret;
}

static long bench_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	void __user *user = (void __user *)arg;
	struct miracast_bench_run run;
	int ret;

	if (cmd != MIRACAST_BENCH_IOC_RUN)
		return -ENOTTY;
	if (copy_from_user(&run, user, sizeof(run)))
		return -EFAULT;
	ret = bench_run(&run);
	if (ret)
		return ret;

	return copy_to_user(user, &run, sizeof(run)) ? -EFAULT : 0;
}

/* ----------------------------------------------------------------- module */

static const struct file_operations bench_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = bench_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

static struct miscdevice bench_misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "miracast_bench",
	.fops = &bench_fops,
	.mode = 0600,
};

static int __init bench_init(void)
{
	const struct miracast_target_desc desc = {
		.driver = MIRACAST_BENCH_DRIVER,
		.name = "bench",
		.card_minor = ~0U,
	};
	int ret;

	ret = genl_register_family(&bench_family);
	if (ret)
		return ret;
	ret = miracast_register_target(&desc, &bench_ops, NULL, &bench_target);
	if (ret)
		goto unregister_family;
	ret = misc_register(&bench_misc);
	if (ret)
		goto unregister_target;

	return 0;

unregister_target:
	miracast_unregister_target(bench_target);
unregister_family:
	genl_unregister_family(&bench_family);
	return ret;
}

static void __exit bench_exit(void)
{
	misc_deregister(&bench_misc);
	miracast_unregister_target(bench_target);
	genl_unregister_family(&bench_family);
}

module_init(bench_init);
module_exit(bench_exit);

MODULE_DESCRIPTION("Round trips between kernel and user space, for benchmarks");
MODULE_LICENSE("GPL");
