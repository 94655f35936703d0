// SPDX-License-Identifier: GPL-2.0-only
/*
 * A display driver without a display: what the relay looks like from the other
 * side, driven by the kselftests. See miracast_test.h.
 */
#include <linux/compat.h>
#include <linux/delay.h>
#include <linux/device.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/irq_work.h>
#include <linux/list.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/platform_device.h>
#include <linux/pm.h>
#include <linux/poll.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/uaccess.h>
#include <linux/wait.h>

#include <drm/miracast.h>

#include "miracast_test.h"

/**
 * struct test_target - one target
 * @mutex: protects @target
 * @target: of the relay, NULL while unregistered
 * @lock: protects what follows
 * @setup: how to behave
 * @session: newest session, referenced; kept after its end on purpose, so that
 *	tests can send to a session that is gone
 * @ended: the same, when its context has been destroyed
 * @alive: its context exists
 * @poll: what poll() reports
 * @log: struct test_msg.link, completed and not collected
 * @log_len: entries of @log and messages that will get there
 * @forgotten: struct test_msg.link, completed and not to be collected
 * @num_forgotten: entries of @forgotten
 * @stats: what was seen
 * @sending: counted as accepted, but the relay has not said so yet
 * @in_done: callbacks that run
 * @in_class: create, destroy, I/O control that run
 * @wait: woken when @log grows
 */
struct test_target {
	struct mutex mutex; /* target */
	struct miracast_target *target;

	spinlock_t lock; /* everything below */
	struct miracast_test_setup setup;
	struct miracast_session *session;
	struct miracast_session *ended;
	bool alive;
	u32 poll;
	struct list_head log;
	unsigned int log_len;
	struct list_head forgotten;
	unsigned int num_forgotten;
	struct miracast_test_stats stats;
	u32 sending;
	u32 in_done;
	u32 in_class;
	wait_queue_head_t wait;
};

/**
 * struct test_msg - what one message was, and how it ended
 * @link: in test_target.log or test_target.forgotten
 * @target: whose
 * @session: where it was sent; compared only
 * @send: as it was sent
 * @done: how it ended
 * @accepted: miracast_send_message() has returned
 */
struct test_msg {
	struct list_head link;
	struct test_target *target;
	struct miracast_session *session;
	struct miracast_test_send send;
	struct miracast_test_completion done;
	bool accepted;
};

static struct test_target test_targets[MIRACAST_TEST_TARGETS];

/* ------------------------------------------------------------- messages */

static int test_send_one(struct test_target *t, struct miracast_session *session,
			 struct miracast_test_send *send);

static void test_count_end(struct miracast_test_ends *ends, int status)
{
	switch (status) {
	case 0:
		ends->replied++;
		break;
	case -ECANCELED:
		ends->cancelled++;
		break;
	case -ETIMEDOUT:
		ends->timed_out++;
		break;
	case -ESHUTDOWN:
		ends->shut_down++;
		break;
	default:
		ends->failed++;
	}
}

/* False: it has been here before, and is where it belongs. */
static bool test_count_done(struct test_target *t, struct test_msg *msg, int status)
{
	t->stats.completed++;
	test_count_end(&t->stats.ends, status);
	/* Before its context is destroyed, or never. */
	if (msg->session != t->session || msg->session == t->ended)
		t->stats.late_calls++;
	if (++msg->done.calls > 1) {
		t->stats.duplicates++;
		return false;
	}
	t->in_done++;
	t->stats.max_done = max(t->stats.max_done, t->in_done);

	return true;
}

/* Returns one that has been forgotten for long enough, to be freed. */
static struct test_msg *test_forget(struct test_target *t, struct test_msg *msg)
{
	struct test_msg *oldest = NULL;

	t->log_len--;
	list_add_tail(&msg->link, &t->forgotten);
	if (++t->num_forgotten > MIRACAST_TEST_MAX_LOG) {
		oldest = list_first_entry(&t->forgotten, struct test_msg, link);
		list_del(&oldest->link);
		t->num_forgotten--;
	}

	return oldest;
}

static void test_done(void *ctx, int status, const void *out, size_t bytes)
{
	struct test_msg *msg = ctx;
	struct test_target *t = msg->target;
	struct miracast_session *session = NULL;
	struct miracast_test_send send = msg->send;
	struct test_msg *oldest = NULL;
	bool first;

	might_sleep();

	spin_lock(&t->lock);
	first = test_count_done(t, msg, status);
	if (first && t->session)
		session = miracast_session_get(t->session);
	spin_unlock(&t->lock);
	if (!first)
		return;

	if (send.done_sleep_ms)
		msleep(send.done_sleep_ms);
	if (send.resend && session) {
		send.resend--;
		send.cookie += 1000000;
		test_send_one(t, session, &send);
	}

	spin_lock(&t->lock);
	msg->done.cookie = msg->send.cookie;
	msg->done.order = t->stats.completed;
	msg->done.status = status;
	msg->done.bytes = bytes;
	msg->done.has_out = !!out;
	msg->done.tid = task_pid_nr(current);
	msg->done.before_return = !READ_ONCE(msg->accepted);
	if (bytes)
		memcpy(msg->done.data, out, min(bytes, sizeof(msg->done.data)));
	t->in_done--;
	if (send.flags & MIRACAST_TEST_FORGET)
		oldest = test_forget(t, msg);
	else
		list_add_tail(&msg->link, &t->log);
	spin_unlock(&t->lock);

	kfree(oldest);
	wake_up_interruptible(&t->wait);
	if (session)
		miracast_session_put(session);
}

static struct test_msg *test_msg_alloc(struct test_target *t,
				       struct miracast_session *session,
				       const struct miracast_test_send *send)
{
	struct test_msg *msg;
	bool room;

	msg = kzalloc(sizeof(*msg), GFP_KERNEL);
	if (!msg)
		return ERR_PTR(-ENOMEM);
	msg->target = t;
	msg->session = session;
	msg->send = *send;

	spin_lock(&t->lock);
	room = t->log_len < MIRACAST_TEST_MAX_LOG;
	if (room) {
		t->log_len++;
		t->sending++;
		t->stats.accepted++;
	}
	spin_unlock(&t->lock);
	if (!room) {
		kfree(msg);
		return ERR_PTR(-ENOSPC);
	}

	return msg;
}

/*
 * The relay has said whether it accepted the message. If so, a message that is
 * not logged may be gone by now.
 */
static void test_msg_sent(struct test_target *t, struct test_msg *msg, bool forget,
			  int ret)
{
	spin_lock(&t->lock);
	t->sending--;
	if (ret) {
		t->log_len--;
		t->stats.accepted--;
	}
	spin_unlock(&t->lock);

	if (ret)
		kfree(msg);
	else if (!forget)
		WRITE_ONCE(msg->accepted, true);
}

static int test_send_one(struct test_target *t, struct miracast_session *session,
			 struct miracast_test_send *send)
{
	bool forget = send->flags & MIRACAST_TEST_FORGET;
	struct test_msg *msg = NULL;
	u8 *in;
	u32 i;
	int ret;

	in = kvmalloc(send->in_len + 1, GFP_KERNEL);
	if (!in)
		return -ENOMEM;
	for (i = 0; i < send->in_len; i++)
		in[i] = send->cookie + i;

	if (!(send->flags & MIRACAST_TEST_NO_DONE)) {
		msg = test_msg_alloc(t, session, send);
		if (IS_ERR(msg)) {
			ret = PTR_ERR(msg);
			goto free;
		}
	}

	ret = miracast_send_message(session,
				    send->flags & MIRACAST_TEST_NULL_IN ? NULL : in,
				    send->in_len, send->out_max, send->timeout_ms,
				    msg ? test_done : NULL, msg, &send->id);
	if (msg)
		test_msg_sent(t, msg, forget, ret);

free:
	kvfree(in);
	return ret;
}

static struct miracast_session *test_get_session(struct test_target *t)
{
	struct miracast_session *session;

	spin_lock(&t->lock);
	session = t->session;
	if (session)
		miracast_session_get(session);
	spin_unlock(&t->lock);

	return session;
}

/* Put completions that nobody has collected. */
static void test_clear_log(struct test_target *t)
{
	struct test_msg *msg, *tmp;
	LIST_HEAD(log);

	spin_lock(&t->lock);
	list_splice_init(&t->log, &log);
	list_for_each_entry(msg, &log, link)
		t->log_len--;
	list_splice_init(&t->forgotten, &log);
	t->num_forgotten = 0;
	spin_unlock(&t->lock);

	list_for_each_entry_safe(msg, tmp, &log, link)
		kfree(msg);
}

/* ------------------------------------------------------------ callbacks */

static void test_class_enter(struct test_target *t, bool needs_context)
{
	spin_lock(&t->lock);
	t->stats.max_class = max(t->stats.max_class, ++t->in_class);
	if (needs_context && !t->alive)
		t->stats.late_calls++;
	spin_unlock(&t->lock);
}

static void test_class_exit(struct test_target *t)
{
	spin_lock(&t->lock);
	t->in_class--;
	spin_unlock(&t->lock);
}

static int test_create_context(void *driver_data,
			       struct miracast_session *session, void **context)
{
	struct test_target *t = driver_data;
	struct miracast_test_send send = { .in_len = 8, .out_max = 64 };
	struct miracast_session *old;
	struct miracast_test_setup setup;
	u32 i;

	test_class_enter(t, false);
	spin_lock(&t->lock);
	setup = t->setup;
	spin_unlock(&t->lock);
	if (setup.create_sleep_ms)
		msleep(setup.create_sleep_ms);

	spin_lock(&t->lock);
	old = t->session;
	t->session = miracast_session_get(session);
	t->ended = NULL;
	spin_unlock(&t->lock);
	if (old)
		miracast_session_put(old);

	for (i = 0; i < setup.create_messages; i++) {
		send.cookie = i;
		test_send_one(t, session, &send);
	}

	spin_lock(&t->lock);
	if (!setup.create_error) {
		t->alive = true;
		t->stats.created++;
	}
	spin_unlock(&t->lock);
	test_class_exit(t);

	*context = t;
	return setup.create_error;
}

static void test_destroy_context(void *context)
{
	struct test_target *t = context;
	s64 outstanding;

	test_class_enter(t, true);
	spin_lock(&t->lock);
	t->alive = false;
	t->ended = t->session;
	t->stats.destroyed++;
	/* Those that are being sent may be refused: no more is certain. */
	outstanding = t->stats.accepted - t->stats.completed + t->in_done - t->sending;
	if (outstanding > 0)
		t->stats.outstanding_at_destroy += outstanding;
	spin_unlock(&t->lock);
	test_class_exit(t);
}

static void test_session_state(void *context, enum miracast_state state, u32 info)
{
	struct test_target *t = context;
	struct miracast_test_stats *stats = &t->stats;

	spin_lock(&t->lock);
	if (!t->alive)
		stats->late_calls++;
	if (stats->num_states < ARRAY_SIZE(stats->states)) {
		stats->states[stats->num_states] = state;
		stats->infos[stats->num_states++] = info;
	}
	spin_unlock(&t->lock);
}

static int test_io_control_run(u32 code, u32 flags, const void *in, size_t in_len,
			       void *out, size_t out_len, size_t *bytes_returned)
{
	u32 who[2] = { task_pid_nr(current), flags };

	switch (code) {
	case MIRACAST_TEST_CTL_ECHO:
		if (out_len < in_len)
			return -EINVAL;
		if (in_len)
			memcpy(out, in, in_len);
		*bytes_returned = in_len;
		return 0;
	case MIRACAST_TEST_CTL_SLEEP:
		if (in_len != sizeof(u32))
			return -EINVAL;
		msleep(min(*(const u32 *)in, 10000U));
		return 0;
	case MIRACAST_TEST_CTL_FAIL:
		return in_len == sizeof(s32) ? min(*(const s32 *)in, 0) : -EINVAL;
	case MIRACAST_TEST_CTL_WHO:
		if (out_len < sizeof(who))
			return -EINVAL;
		memcpy(out, who, sizeof(who));
		*bytes_returned = sizeof(who);
		return 0;
	default:
		return -EOPNOTSUPP;
	}
}

static int test_io_control(void *context, u32 code, u32 flags,
			   const void *in, size_t in_len,
			   void *out, size_t out_len, size_t *bytes_returned)
{
	struct test_target *t = context;
	int ret;

	test_class_enter(t, true);
	ret = test_io_control_run(code, flags, in, in_len, out, out_len,
				  bytes_returned);
	test_class_exit(t);

	return ret;
}

static int test_sink_add(void *context, void *arg)
{
	struct test_target *t = context;
	struct miracast_test_add *add = arg;

	if (add->sleep_ms)
		msleep(min(add->sleep_ms, 10000U));
	add->value++;

	spin_lock(&t->lock);
	if (!t->alive)
		t->stats.late_calls++;
	spin_unlock(&t->lock);

	return min(add->fail, 0);
}

static const struct miracast_ioctl test_sink_ioctls[] = {
	{ MIRACAST_TEST_SINK_IOC_ADD, test_sink_add },
};

static __poll_t test_poll(void *context)
{
	struct test_target *t = context;

	return (__force __poll_t)READ_ONCE(t->poll);
}

static const struct miracast_target_ops test_ops = {
	.owner = THIS_MODULE,
	.create_context = test_create_context,
	.destroy_context = test_destroy_context,
	.session_state = test_session_state,
	.io_control = test_io_control,
	.ioctls = test_sink_ioctls,
	.num_ioctls = ARRAY_SIZE(test_sink_ioctls),
	.poll = test_poll,
};

static int test_bind(struct test_target *t, bool bind)
{
	struct miracast_target_desc desc = {
		.driver = MIRACAST_TEST_DRIVER,
		.card_minor = ~0U,
	};
	char name[32];
	int ret = 0;

	snprintf(name, sizeof(name), "test-%u", (u32)(t - test_targets));
	desc.name = name;

	mutex_lock(&t->mutex);
	if (bind && !t->target) {
		ret = miracast_register_target(&desc, &test_ops, t, &t->target);
	} else if (!bind && t->target) {
		miracast_unregister_target(t->target);
		t->target = NULL;
	}
	mutex_unlock(&t->mutex);

	return ret;
}

/* -------------------------------------------------------------- requests */

static long test_ioc_setup(struct test_target *t, void *arg)
{
	struct miracast_test_setup *setup = arg;

	test_clear_log(t);
	spin_lock(&t->lock);
	t->setup = *setup;
	memset(&t->stats, 0, sizeof(t->stats));
	t->poll = 0;
	spin_unlock(&t->lock);

	return 0;
}

static long test_ioc_send(struct test_target *t, void *arg)
{
	struct miracast_test_send *send = arg;
	struct miracast_session *session;
	int ret = 0;

	/* One more than the relay takes, to see it refuse. */
	if (send->in_len > MIRACAST_MAX_MESSAGE + 1)
		return -EINVAL;

	session = test_get_session(t);
	if (!session)
		return -ENXIO;

	for (send->sent = 0; send->sent < send->count; send->sent++) {
		ret = test_send_one(t, session, send);
		if (ret)
			break;
		send->cookie++;
	}
	miracast_session_put(session);

	return ret;
}

static long test_ioc_cancel(struct test_target *t, void *arg)
{
	struct miracast_test_cancel *cancel = arg;
	struct miracast_session *session;
	int ret;

	session = test_get_session(t);
	if (!session)
		return -ENXIO;
	ret = miracast_cancel_message(session, cancel->id);
	miracast_session_put(session);

	return ret;
}

static struct test_msg *test_pop_log(struct test_target *t)
{
	struct test_msg *msg;

	spin_lock(&t->lock);
	msg = list_first_entry_or_null(&t->log, struct test_msg, link);
	if (msg) {
		list_del(&msg->link);
		t->log_len--;
	}
	spin_unlock(&t->lock);

	return msg;
}

static long test_ioc_collect(struct test_target *t, void *arg)
{
	struct miracast_test_completion *completion = arg;
	u32 target = completion->target, timeout_ms = completion->timeout_ms;
	struct test_msg *msg;
	long left;

	left = wait_event_interruptible_timeout(t->wait, (msg = test_pop_log(t)),
						msecs_to_jiffies(timeout_ms) + 1);
	if (left < 0)
		return left;
	if (!msg)
		return -ETIMEDOUT;

	*completion = msg->done;
	completion->target = target;
	completion->timeout_ms = timeout_ms;
	/* The sender still has to say that it was accepted. */
	while (!READ_ONCE(msg->accepted))
		usleep_range(100, 1000);
	kfree(msg);

	return 0;
}

static long test_ioc_stats(struct test_target *t, void *arg)
{
	struct miracast_test_stats *stats = arg;
	u32 target = stats->target;

	spin_lock(&t->lock);
	*stats = t->stats;
	spin_unlock(&t->lock);
	stats->target = target;

	return 0;
}

/**
 * struct test_chunk_work - chunk reports in hard interrupt context
 * @work: the interrupt
 * @session: where to
 * @chunk: what
 */
struct test_chunk_work {
	struct irq_work work;
	struct miracast_session *session;
	struct miracast_test_chunk *chunk;
};

static void test_report_chunks(struct miracast_session *session,
			       struct miracast_test_chunk *chunk)
{
	struct miracast_chunk_info info = { .type = MIRACAST_CHUNK_ENCODE };
	u8 data[MIRACAST_MAX_CHUNK_DATA + 1];
	u32 i;
	int ret;

	for (i = 0; i < chunk->count; i++) {
		info.id = MIRACAST_CHUNK_ID(chunk->frame + i, 0);
		info.processing_time = 1000 + i;
		info.encode_rate = 5000;
		memset(data, chunk->frame + i, sizeof(data));
		ret = miracast_report_chunk(session, &info, data, chunk->len);
		if (ret) {
			chunk->refused++;
			chunk->error = ret;
		}
	}
}

static void test_chunk_irq(struct irq_work *work)
{
	struct test_chunk_work *w = container_of(work, struct test_chunk_work, work);

	test_report_chunks(w->session, w->chunk);
}

static long test_ioc_chunk(struct test_target *t, void *arg)
{
	struct miracast_test_chunk *chunk = arg;
	struct test_chunk_work w = { .chunk = chunk };

	if (chunk->count > 1000 || chunk->len > MIRACAST_MAX_CHUNK_DATA + 1)
		return -EINVAL;

	w.session = test_get_session(t);
	if (!w.session)
		return -ENXIO;

	chunk->refused = 0;
	chunk->error = 0;
	if (chunk->flags & MIRACAST_TEST_CHUNK_IRQ) {
		w.work = IRQ_WORK_INIT_HARD(test_chunk_irq);
		irq_work_queue(&w.work);
		irq_work_sync(&w.work);
	} else {
		test_report_chunks(w.session, chunk);
	}
	miracast_session_put(w.session);

	return 0;
}

static long test_ioc_bind(struct test_target *t, void *arg)
{
	struct miracast_test_set *set = arg;

	return test_bind(t, set->value);
}

static long test_ioc_poll(struct test_target *t, void *arg)
{
	struct miracast_test_set *set = arg;
	struct miracast_session *session = test_get_session(t);

	WRITE_ONCE(t->poll, set->value);
	if (session) {
		miracast_session_wake(session, (__force __poll_t)set->value);
		miracast_session_put(session);
	}

	return 0;
}

static long test_ioc_plug(struct test_target *t, void *arg)
{
	struct miracast_test_set *set = arg;

	mutex_lock(&t->mutex);
	if (t->target)
		miracast_target_set_plugged(t->target, set->value);
	mutex_unlock(&t->mutex);

	return 0;
}

/* The devices below one: children sleep before their parents, and wake after them. */
static int test_suspend_child(struct device *dev, void *data)
{
	const struct dev_pm_ops *pm = dev->type ? dev->type->pm : NULL;
	bool suspend = *(bool *)data;
	int ret = 0;

	if (suspend)
		ret = device_for_each_child(dev, data, test_suspend_child);
	if (!ret && pm && suspend && pm->suspend)
		ret = pm->suspend(dev);
	if (!ret && pm && !suspend && pm->resume)
		ret = pm->resume(dev);
	if (!ret && !suspend)
		ret = device_for_each_child(dev, data, test_suspend_child);

	return ret;
}

/*
 * What the PM core does to the device of miracast.ko, and to those below it, when
 * the machine sleeps. To them alone: in a virtual machine what the test is read
 * from and written to may not come back.
 */
static long test_ioc_suspend(struct test_target *t, void *arg)
{
	const struct miracast_test_set *set = arg;
	const struct dev_pm_ops *pm;
	bool suspend = set->value;
	struct device *dev;
	long ret = -ENODEV;

	dev = bus_find_device_by_name(&platform_bus_type, NULL, "miracast");
	if (!dev)
		return ret;

	device_lock(dev);
	pm = dev->driver ? dev->driver->pm : NULL;
	if (pm && suspend) {
		ret = device_for_each_child(dev, &suspend, test_suspend_child);
		if (!ret)
			ret = pm->suspend(dev);
	} else if (pm) {
		ret = pm->resume(dev);
		if (!ret)
			ret = device_for_each_child(dev, &suspend,
						    test_suspend_child);
	}
	device_unlock(dev);
	put_device(dev);

	return ret;
}

/**
 * struct test_request - one request of /dev/miracast_test
 * @cmd: its number
 * @target: where the number of the target is in its structure
 * @func: what does it
 */
struct test_request {
	unsigned int cmd;
	size_t target;
	long (*func)(struct test_target *t, void *arg);
};

#define TEST_REQUEST(_cmd, _struct, _func) \
	{ (_cmd), offsetof(struct _struct, target), (_func) }

static const struct test_request test_requests[] = {
	TEST_REQUEST(MIRACAST_TEST_IOC_SETUP, miracast_test_setup, test_ioc_setup),
	TEST_REQUEST(MIRACAST_TEST_IOC_SEND, miracast_test_send, test_ioc_send),
	TEST_REQUEST(MIRACAST_TEST_IOC_CANCEL, miracast_test_cancel, test_ioc_cancel),
	TEST_REQUEST(MIRACAST_TEST_IOC_COLLECT, miracast_test_completion, test_ioc_collect),
	TEST_REQUEST(MIRACAST_TEST_IOC_STATS, miracast_test_stats, test_ioc_stats),
	TEST_REQUEST(MIRACAST_TEST_IOC_CHUNK, miracast_test_chunk, test_ioc_chunk),
	TEST_REQUEST(MIRACAST_TEST_IOC_BIND, miracast_test_set, test_ioc_bind),
	TEST_REQUEST(MIRACAST_TEST_IOC_POLL, miracast_test_set, test_ioc_poll),
	TEST_REQUEST(MIRACAST_TEST_IOC_PLUG, miracast_test_set, test_ioc_plug),
	TEST_REQUEST(MIRACAST_TEST_IOC_SUSPEND, miracast_test_set, test_ioc_suspend),
};

static long test_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	u8 data[sizeof(struct miracast_test_stats)] __aligned(8);
	void __user *user = (void __user *)arg;
	const struct test_request *request = NULL;
	unsigned int i;
	u32 target;
	long ret;

	for (i = 0; i < ARRAY_SIZE(test_requests); i++)
		if (test_requests[i].cmd == cmd)
			request = &test_requests[i];
	if (!request)
		return -ENOTTY;

	if (copy_from_user(data, user, _IOC_SIZE(cmd)))
		return -EFAULT;
	memcpy(&target, data + request->target, sizeof(target));
	if (target >= MIRACAST_TEST_TARGETS)
		return -EINVAL;

	ret = request->func(&test_targets[target], data);

	if ((_IOC_DIR(cmd) & _IOC_READ) && copy_to_user(user, data, _IOC_SIZE(cmd)))
		return -EFAULT;

	return ret;
}

/* ---------------------------------------------------------------- module */

static const struct file_operations test_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = test_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

static struct miscdevice test_misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "miracast_test",
	.fops = &test_fops,
	.mode = 0600,
};

static void test_remove_target(struct test_target *t)
{
	test_bind(t, false);
	if (t->session)
		miracast_session_put(t->session);
	test_clear_log(t);
	mutex_destroy(&t->mutex);
}

static int __init test_init(void)
{
	unsigned int i;
	int ret;

	for (i = 0; i < MIRACAST_TEST_TARGETS; i++) {
		struct test_target *t = &test_targets[i];

		mutex_init(&t->mutex);
		spin_lock_init(&t->lock);
		INIT_LIST_HEAD(&t->log);
		INIT_LIST_HEAD(&t->forgotten);
		init_waitqueue_head(&t->wait);
		ret = test_bind(t, true);
		if (ret)
			goto remove;
	}

	ret = misc_register(&test_misc);
	if (ret)
		goto remove;

	return 0;

remove:
	while (i--)
		test_remove_target(&test_targets[i]);
	return ret;
}

static void __exit test_exit(void)
{
	unsigned int i;

	misc_deregister(&test_misc);
	for (i = 0; i < MIRACAST_TEST_TARGETS; i++)
		test_remove_target(&test_targets[i]);
}

module_init(test_init);
module_exit(test_exit);

MODULE_DESCRIPTION("Test display driver for the Miracast message relay");
MODULE_LICENSE("GPL");
