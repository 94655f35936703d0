// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of the message state machine: the ways that a message can take,
 * with the kernel's own lists, tables and reference counts underneath.
 */
#include <kunit/test.h>

#include <linux/err.h>
#include <linux/slab.h>

#include "relay/miracast_queue.h"

#define IN_LEN	4
#define OUT_MAX	8

static int queue_test_init(struct kunit *test)
{
	struct miracast_queue *queue;

	queue = kunit_kzalloc(test, sizeof(*queue), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, queue);
	miracast_queue_init(queue);
	test->priv = queue;

	return 0;
}

/* What the completer of a claim does, minus the callback. */
static void queue_test_complete(struct kunit *test, struct miracast_msg *msg,
				int status)
{
	struct miracast_queue *queue = test->priv;

	KUNIT_EXPECT_EQ(test, msg->status, status);
	miracast_msg_put(msg);
	spin_lock(&queue->lock);
	miracast_queue_exit(queue);
	spin_unlock(&queue->lock);
}

/* Completes all that was claimed, and says how much that was. */
static unsigned int queue_test_settle(struct kunit *test,
				      struct miracast_claims *claims, int status)
{
	struct miracast_msg *msg, *tmp;
	unsigned int n = 0;

	list_for_each_entry_safe(msg, tmp, &claims->complete, claim) {
		queue_test_complete(test, msg, status);
		n++;
	}
	list_for_each_entry_safe(msg, tmp, &claims->drop, link)
		miracast_msg_put(msg);

	return n;
}

static unsigned int queue_test_gate(struct kunit *test, enum miracast_gate gate,
				    int status)
{
	struct miracast_queue *queue = test->priv;
	struct miracast_claims claims;

	miracast_claims_init(&claims);
	spin_lock(&queue->lock);
	miracast_queue_set_gate(queue, gate, &claims);
	spin_unlock(&queue->lock);

	return queue_test_settle(test, &claims, status);
}

static int queue_test_add(struct kunit *test, size_t in_len, size_t out_max,
			  u64 deadline)
{
	struct miracast_queue *queue = test->priv;
	struct miracast_msg *msg;
	void *in = NULL;
	int ret;

	if (in_len) {
		in = kunit_kzalloc(test, in_len, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, in);
	}
	msg = miracast_msg_alloc(in, in_len, out_max, NULL, NULL, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, msg);
	msg->deadline = deadline;
	spin_lock(&queue->lock);
	ret = miracast_queue_add(queue, msg);
	spin_unlock(&queue->lock);
	if (ret)
		miracast_msg_put(msg);

	return ret;
}

static void queue_test_add_many(struct kunit *test, unsigned int n)
{
	while (n--)
		KUNIT_ASSERT_EQ(test, 0, queue_test_add(test, IN_LEN, OUT_MAX, 0));
}

static struct miracast_msg *queue_test_take(struct kunit *test,
					    struct miracast_record *record)
{
	struct miracast_queue *queue = test->priv;
	struct miracast_msg *msg;

	spin_lock(&queue->lock);
	msg = miracast_queue_take(queue, MIRACAST_MAX_MESSAGE, record);
	spin_unlock(&queue->lock);

	return msg;
}

/* A read that goes well; it must bring this record. */
static void queue_test_read(struct kunit *test, u16 type, u64 id)
{
	struct miracast_queue *queue = test->priv;
	struct miracast_record record;
	struct miracast_msg *msg;
	bool taken;

	msg = queue_test_take(test, &record);
	KUNIT_ASSERT_FALSE(test, IS_ERR(msg));
	spin_lock(&queue->lock);
	taken = miracast_queue_taken(queue, msg);
	spin_unlock(&queue->lock);
	miracast_msg_put(msg);
	KUNIT_EXPECT_TRUE(test, taken);
	KUNIT_EXPECT_EQ(test, record.type, type);
	KUNIT_EXPECT_EQ(test, record.id, id);
}

static int queue_test_reply(struct kunit *test, u64 id, size_t bytes)
{
	struct miracast_queue *queue = test->priv;
	struct miracast_msg *msg;

	spin_lock(&queue->lock);
	msg = miracast_queue_reply(queue, id, bytes);
	spin_unlock(&queue->lock);
	if (IS_ERR(msg))
		return PTR_ERR(msg);
	queue_test_complete(test, msg, 0);

	return 0;
}

static bool queue_test_cancel(struct kunit *test, u64 id)
{
	struct miracast_queue *queue = test->priv;
	struct miracast_msg *msg;

	spin_lock(&queue->lock);
	msg = miracast_queue_cancel(queue, id);
	spin_unlock(&queue->lock);
	if (msg)
		queue_test_complete(test, msg, -ECANCELED);

	return msg;
}

/* Every test ends here: the queue dies, and nothing is left of it. */
static void queue_test_exit(struct kunit *test)
{
	struct miracast_queue *queue = test->priv;

	queue_test_gate(test, MIRACAST_GATE_DEAD, -ECANCELED);
	KUNIT_EXPECT_EQ(test, queue->count, 0);
	KUNIT_EXPECT_EQ(test, queue->bytes, 0);
	KUNIT_EXPECT_EQ(test, queue->busy, 0);
	KUNIT_EXPECT_TRUE(test, list_empty(&queue->records));
	KUNIT_EXPECT_TRUE(test, list_empty(&queue->deferred));
	KUNIT_EXPECT_TRUE(test, hash_empty(queue->live));
	KUNIT_EXPECT_EQ(test, -ENODEV, queue_test_add(test, 0, 0, 0));
}

static void queue_test_reply_claims_once(struct kunit *test)
{
	struct miracast_record record;

	queue_test_add_many(test, 1);
	/* Held: nothing to read, nothing to reply to. */
	KUNIT_EXPECT_EQ(test, PTR_ERR(queue_test_take(test, &record)), -EAGAIN);
	queue_test_gate(test, MIRACAST_GATE_OPEN, 0);
	KUNIT_EXPECT_EQ(test, queue_test_reply(test, 1, 0), -ENOENT);
	queue_test_read(test, MIRACAST_REC_MESSAGE, 1);
	KUNIT_EXPECT_EQ(test, queue_test_reply(test, 1, OUT_MAX + 1), -EMSGSIZE);
	KUNIT_EXPECT_EQ(test, queue_test_reply(test, 1, OUT_MAX), 0);
	KUNIT_EXPECT_EQ(test, queue_test_reply(test, 1, OUT_MAX), -ENOENT);
	KUNIT_EXPECT_FALSE(test, queue_test_cancel(test, 1));
}

static void queue_test_cancel_tells_the_reader(struct kunit *test)
{
	struct miracast_record record;

	queue_test_gate(test, MIRACAST_GATE_OPEN, 0);
	queue_test_add_many(test, 2);
	queue_test_read(test, MIRACAST_REC_MESSAGE, 1);
	KUNIT_EXPECT_TRUE(test, queue_test_cancel(test, 1));
	/* Nobody has read it, so nobody is told. */
	KUNIT_EXPECT_TRUE(test, queue_test_cancel(test, 2));
	KUNIT_EXPECT_EQ(test, queue_test_reply(test, 1, 0), -ENOENT);
	queue_test_read(test, MIRACAST_REC_CANCEL, 1);
	KUNIT_EXPECT_EQ(test, PTR_ERR(queue_test_take(test, &record)), -EAGAIN);
}

static void queue_test_untake_keeps_the_order(struct kunit *test)
{
	struct miracast_queue *queue = test->priv;
	struct miracast_record record;
	struct miracast_msg *msg[2];
	int i;

	queue_test_gate(test, MIRACAST_GATE_OPEN, 0);
	queue_test_add_many(test, 3);
	for (i = 0; i < 2; i++) {
		msg[i] = queue_test_take(test, &record);
		KUNIT_ASSERT_FALSE(test, IS_ERR(msg[i]));
	}
	/* Both copies fail, in the order in which they began. */
	for (i = 0; i < 2; i++) {
		spin_lock(&queue->lock);
		miracast_queue_untake(queue, msg[i], MIRACAST_REC_MESSAGE);
		spin_unlock(&queue->lock);
		miracast_msg_put(msg[i]);
	}
	for (i = 1; i <= 3; i++)
		queue_test_read(test, MIRACAST_REC_MESSAGE, i);
}

static void queue_test_stop_overtakes_a_copy(struct kunit *test)
{
	struct miracast_queue *queue = test->priv;
	struct miracast_record record;
	struct miracast_msg *msg;

	queue_test_gate(test, MIRACAST_GATE_OPEN, 0);
	queue_test_add_many(test, 2);
	msg = queue_test_take(test, &record);
	KUNIT_ASSERT_FALSE(test, IS_ERR(msg));
	KUNIT_EXPECT_EQ(test, 2, queue_test_gate(test, MIRACAST_GATE_SHUT,
						 -ECANCELED));
	/* A restart makes no difference to it. */
	queue_test_gate(test, MIRACAST_GATE_OPEN, 0);
	spin_lock(&queue->lock);
	KUNIT_EXPECT_FALSE(test, miracast_queue_taken(queue, msg));
	miracast_queue_untake(queue, msg, MIRACAST_REC_MESSAGE);
	spin_unlock(&queue->lock);
	miracast_msg_put(msg);
	KUNIT_EXPECT_EQ(test, PTR_ERR(queue_test_take(test, &record)), -EAGAIN);
}

static void queue_test_shut_gate_defers(struct kunit *test)
{
	struct miracast_queue *queue = test->priv;
	struct miracast_claims claims;

	queue_test_gate(test, MIRACAST_GATE_SHUT, 0);
	queue_test_add_many(test, 3);
	miracast_claims_init(&claims);
	spin_lock(&queue->lock);
	miracast_queue_claim_deferred(queue, &claims);
	spin_unlock(&queue->lock);
	KUNIT_EXPECT_EQ(test, 3, queue_test_settle(test, &claims, -ESHUTDOWN));
	/* What no worker has got to dies with the queue. */
	queue_test_add_many(test, 2);
	KUNIT_EXPECT_EQ(test, 2, queue_test_gate(test, MIRACAST_GATE_DEAD,
						 -ESHUTDOWN));
}

static void queue_test_deadlines(struct kunit *test)
{
	struct miracast_queue *queue = test->priv;
	struct miracast_claims claims;

	queue_test_gate(test, MIRACAST_GATE_OPEN, 0);
	KUNIT_ASSERT_EQ(test, 0, queue_test_add(test, 0, 0, 30));
	KUNIT_ASSERT_EQ(test, 0, queue_test_add(test, 0, 0, 10));
	KUNIT_ASSERT_EQ(test, 0, queue_test_add(test, 0, 0, 0));
	KUNIT_EXPECT_EQ(test, queue->next_deadline, 10);

	miracast_claims_init(&claims);
	spin_lock(&queue->lock);
	miracast_queue_expire(queue, 9, &claims);
	KUNIT_EXPECT_TRUE(test, list_empty(&claims.complete));
	miracast_queue_expire(queue, 10, &claims);
	spin_unlock(&queue->lock);
	KUNIT_EXPECT_EQ(test, 1, queue_test_settle(test, &claims, -ETIMEDOUT));
	KUNIT_EXPECT_EQ(test, queue->next_deadline, 30);
	queue_test_read(test, MIRACAST_REC_MESSAGE, 1);
	queue_test_read(test, MIRACAST_REC_MESSAGE, 3);
}

static void queue_test_limits(struct kunit *test)
{
	const size_t most = MIRACAST_MAX_QUEUED_BYTES / MIRACAST_MAX_MESSAGE;
	size_t i;

	queue_test_add_many(test, MIRACAST_MAX_QUEUED);
	KUNIT_EXPECT_EQ(test, -ENOBUFS, queue_test_add(test, 0, 0, 0));
	KUNIT_EXPECT_TRUE(test, queue_test_cancel(test, 7));
	KUNIT_EXPECT_EQ(test, 0, queue_test_add(test, 0, 0, 0));
	KUNIT_EXPECT_EQ(test, MIRACAST_MAX_QUEUED,
			queue_test_gate(test, MIRACAST_GATE_SHUT, -ECANCELED));

	queue_test_gate(test, MIRACAST_GATE_OPEN, 0);
	for (i = 0; i < most; i++)
		KUNIT_ASSERT_EQ(test, 0, queue_test_add(test, 0, MIRACAST_MAX_MESSAGE, 0));
	KUNIT_EXPECT_EQ(test, -ENOBUFS, queue_test_add(test, 0, 1, 0));
	KUNIT_EXPECT_EQ(test, 0, queue_test_add(test, 0, 0, 0));
}

static struct kunit_case queue_test_cases[] = {
	KUNIT_CASE(queue_test_reply_claims_once),
	KUNIT_CASE(queue_test_cancel_tells_the_reader),
	KUNIT_CASE(queue_test_untake_keeps_the_order),
	KUNIT_CASE(queue_test_stop_overtakes_a_copy),
	KUNIT_CASE(queue_test_shut_gate_defers),
	KUNIT_CASE(queue_test_deadlines),
	KUNIT_CASE(queue_test_limits),
	{}
};

static struct kunit_suite queue_test_suite = {
	.name = "miracast_queue",
	.init = queue_test_init,
	.exit = queue_test_exit,
	.test_cases = queue_test_cases,
};

kunit_test_suite(queue_test_suite);
