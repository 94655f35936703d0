/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The message state machine of the relay (miracast_queue.c), transition by
 * transition.  R-numbers are the rules that the table of rules lists; the rest
 * is what <uapi/drm/miracast.h> promises.
 */
#include <glib.h>

#include <linux/err.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "kernel-shim.h"
#include "miracast_queue.h"

static struct miracast_queue queue;
static struct miracast_record record;

static void done(void *ctx, int status, const void *out, size_t bytes)
{
	g_assert_not_reached();
}

/* Test functions hold the lock from begin() to end(), as the queue wants it. */
static void begin(void)
{
	miracast_queue_init(&queue);
	spin_lock(&queue.lock);
}

static void put_unlocked(struct miracast_msg *msg)
{
	spin_unlock(&queue.lock);
	miracast_msg_put(msg);
	spin_lock(&queue.lock);
}

/* What the completer of a claim does. */
static void complete(struct miracast_msg *msg, int status)
{
	g_assert_cmpint(msg->state, !=, MIRACAST_MSG_QUEUED);
	g_assert_cmpint(msg->state, !=, MIRACAST_MSG_DELIVERED);
	g_assert_cmpint(msg->state, !=, MIRACAST_MSG_DEFERRED);
	g_assert_cmpint(msg->status, ==, status);
	put_unlocked(msg);
	miracast_queue_exit(&queue);
}

static guint complete_all(struct miracast_claims *claims, int status)
{
	struct miracast_msg *msg, *tmp;
	guint n = 0;

	list_for_each_entry_safe(msg, tmp, &claims->complete, claim) {
		complete(msg, status);
		n++;
	}
	return n;
}

static guint drop_all(struct miracast_claims *claims)
{
	struct miracast_msg *msg, *tmp;
	guint n = 0;

	list_for_each_entry_safe(msg, tmp, &claims->drop, link) {
		put_unlocked(msg);
		n++;
	}
	return n;
}

/* Returns how many messages the gate completed, all with the status. */
static guint set_gate(enum miracast_gate gate, int status)
{
	struct miracast_claims claims;
	guint n;

	miracast_claims_init(&claims);
	miracast_queue_set_gate(&queue, gate, &claims);
	n = complete_all(&claims, status);
	drop_all(&claims);
	return n;
}

static void assert_empty(void)
{
	g_assert_cmpuint(queue.count, ==, 0);
	g_assert_cmpuint(queue.bytes, ==, 0);
	g_assert_cmpuint(queue.busy, ==, 0);
	g_assert_true(list_empty(&queue.records));
	g_assert_true(list_empty(&queue.deferred));
	for (gsize i = 0; i < G_N_ELEMENTS(queue.live); i++)
		g_assert_null(queue.live[i].first);
}

static void end(void)
{
	set_gate(MIRACAST_GATE_DEAD, -ECANCELED);
	assert_empty();
	spin_unlock(&queue.lock);
}

static struct miracast_msg *alloc(size_t in_len, size_t out_max, u64 deadline)
{
	g_autofree char *in = g_malloc0(in_len);
	struct miracast_msg *msg;

	spin_unlock(&queue.lock);
	msg = miracast_msg_alloc(in, in_len, out_max, done, &queue, GFP_KERNEL);
	spin_lock(&queue.lock);
	g_assert_nonnull(msg);
	msg->deadline = deadline;
	return msg;
}

static int try_add(size_t in_len, size_t out_max)
{
	struct miracast_msg *msg = alloc(in_len, out_max, 0);
	int ret = miracast_queue_add(&queue, msg);

	if (ret)
		put_unlocked(msg);
	return ret;
}

static struct miracast_msg *add_until(u64 deadline)
{
	struct miracast_msg *msg = alloc(4, 8, deadline);

	g_assert_cmpint(miracast_queue_add(&queue, msg), ==, 0);
	return msg;
}

static u64 add(void)
{
	return add_until(0)->id;
}

static struct miracast_msg *take(u16 type, u64 id)
{
	struct miracast_msg *msg = miracast_queue_take(&queue, MIRACAST_MAX_MESSAGE, &record);

	g_assert_false(IS_ERR(msg));
	g_assert_cmpuint(record.type, ==, type);
	g_assert_cmpuint(record.id, ==, id);
	return msg;
}

static int take_error(size_t room)
{
	return PTR_ERR(miracast_queue_take(&queue, room, &record));
}

/* A read that goes well. */
static void deliver(u16 type, u64 id)
{
	struct miracast_msg *msg = take(type, id);

	g_assert_true(miracast_queue_taken(&queue, msg));
	put_unlocked(msg);
}

/* The end of a read that faults. */
static void untake(struct miracast_msg *msg, u16 type)
{
	miracast_queue_untake(&queue, msg, type);
	put_unlocked(msg);
}

static void reply(u64 id)
{
	struct miracast_msg *msg = miracast_queue_reply(&queue, id, 8);

	g_assert_false(IS_ERR(msg));
	complete(msg, 0);
}

static int reply_error(u64 id, size_t bytes)
{
	return PTR_ERR(miracast_queue_reply(&queue, id, bytes));
}

static void cancel(u64 id)
{
	struct miracast_msg *msg = miracast_queue_cancel(&queue, id);

	g_assert_nonnull(msg);
	complete(msg, -ECANCELED);
}

static guint expire(u64 now)
{
	struct miracast_claims claims;

	miracast_claims_init(&claims);
	miracast_queue_expire(&queue, now, &claims);
	g_assert_true(list_empty(&claims.drop));
	return complete_all(&claims, -ETIMEDOUT);
}

/* ------------------------------------------------------------------ sender */

static void test_r38_accepted_in_every_live_gate(void)
{
	begin();
	g_assert_cmpint(add_until(0)->state, ==, MIRACAST_MSG_QUEUED);
	set_gate(MIRACAST_GATE_OPEN, 0);
	g_assert_cmpint(add_until(0)->state, ==, MIRACAST_MSG_QUEUED);
	set_gate(MIRACAST_GATE_SHUT, -ECANCELED);
	g_assert_cmpint(add_until(0)->state, ==, MIRACAST_MSG_DEFERRED);
	g_assert_cmpuint(queue.count, ==, 1);

	struct miracast_claims claims;

	miracast_claims_init(&claims);
	miracast_queue_claim_deferred(&queue, &claims);
	g_assert_cmpuint(complete_all(&claims, -ESHUTDOWN), ==, 1);
	end();
}

static void test_r38_rejected_when_dead(void)
{
	begin();
	set_gate(MIRACAST_GATE_DEAD, 0);
	g_assert_cmpint(try_add(0, 0), ==, -ENODEV);
	end();
}

static void test_ids_rise_and_are_never_reused(void)
{
	u64 last = 0;

	begin();
	for (guint round = 0; round < 3; round++) {
		set_gate(MIRACAST_GATE_HELD, 0);
		for (guint i = 0; i < 10; i++) {
			u64 id = add();

			g_assert_cmpuint(id, >, last);
			last = id;
		}
		set_gate(MIRACAST_GATE_OPEN, 0);
		deliver(MIRACAST_REC_MESSAGE, last - 9);
		reply(last - 9);
		cancel(last);
		g_assert_cmpint(reply_error(last, 0), ==, -ENOENT);
		g_assert_cmpuint(set_gate(MIRACAST_GATE_SHUT, -ECANCELED), ==, 8);
	}
	end();
}

static void test_r42_input_is_a_copy(void)
{
	char in[] = "abc";
	struct miracast_msg *msg = miracast_msg_alloc(in, sizeof(in), 0, NULL, NULL, GFP_KERNEL);

	in[0] = 'x';
	g_assert_cmpmem(msg->in, msg->in_len, "abc", 4);
	miracast_msg_put(msg);
}

static void test_no_memory(void)
{
	kernel_shim_fail_alloc = 1;
	g_assert_null(miracast_msg_alloc("", 1, 0, NULL, NULL, GFP_KERNEL));
}

/* ------------------------------------------------------------------ limits */

static void test_limit_of_messages(void)
{
	begin();
	set_gate(MIRACAST_GATE_OPEN, 0);
	for (guint i = 0; i < MIRACAST_MAX_QUEUED; i++)
		g_assert_cmpint(try_add(0, 0), ==, 0);
	g_assert_cmpint(try_add(0, 0), ==, -ENOBUFS);

	/* It makes no difference to the limit that a reader has it. */
	deliver(MIRACAST_REC_MESSAGE, 1);
	g_assert_cmpint(try_add(0, 0), ==, -ENOBUFS);
	/* A refused message takes no id. */
	cancel(2);
	g_assert_cmpuint(add(), ==, MIRACAST_MAX_QUEUED + 1);
	end();
}

static void test_limit_of_bytes(void)
{
	const size_t most = MIRACAST_MAX_QUEUED_BYTES / (2 * MIRACAST_MAX_MESSAGE);

	begin();
	for (size_t i = 1; i < most; i++)
		g_assert_cmpint(try_add(MIRACAST_MAX_MESSAGE, MIRACAST_MAX_MESSAGE), ==, 0);
	g_assert_cmpint(try_add(MIRACAST_MAX_MESSAGE, MIRACAST_MAX_MESSAGE - 1), ==, 0);
	g_assert_cmpint(try_add(1, 1), ==, -ENOBUFS);
	g_assert_cmpint(try_add(2, 0), ==, -ENOBUFS);
	g_assert_cmpint(try_add(0, 2), ==, -ENOBUFS);
	g_assert_cmpint(try_add(1, 0), ==, 0);
	g_assert_cmpuint(queue.bytes, ==, MIRACAST_MAX_QUEUED_BYTES);
	g_assert_cmpint(try_add(0, 1), ==, -ENOBUFS);
	g_assert_cmpint(try_add(0, 0), ==, 0);
	end();
}

static void test_limit_counts_deferred(void)
{
	begin();
	set_gate(MIRACAST_GATE_SHUT, 0);
	for (guint i = 0; i < MIRACAST_MAX_QUEUED; i++)
		g_assert_cmpint(try_add(0, 0), ==, 0);
	g_assert_cmpint(try_add(0, 0), ==, -ENOBUFS);

	struct miracast_claims claims;

	miracast_claims_init(&claims);
	miracast_queue_claim_deferred(&queue, &claims);
	g_assert_cmpuint(complete_all(&claims, -ESHUTDOWN), ==, MIRACAST_MAX_QUEUED);
	g_assert_cmpuint(queue.count, ==, 0);
	end();
}

static void test_limit_counts_cancel_records(void)
{
	begin();
	set_gate(MIRACAST_GATE_OPEN, 0);
	for (guint i = 1; i <= MIRACAST_MAX_QUEUED; i++) {
		g_assert_cmpint(try_add(0, 0), ==, 0);
		deliver(MIRACAST_REC_MESSAGE, i);
	}
	for (guint i = 1; i <= MIRACAST_MAX_QUEUED; i++)
		cancel(i);
	g_assert_cmpint(try_add(0, 0), ==, -ENOBUFS);
	deliver(MIRACAST_REC_CANCEL, 1);
	g_assert_cmpint(try_add(0, 0), ==, 0);
	end();
}

/* A cancel record that comes back may be one too many; then the count must still be right. */
static void test_limit_exceeded_by_untake(void)
{
	struct miracast_msg *msg;

	begin();
	set_gate(MIRACAST_GATE_OPEN, 0);
	for (guint i = 1; i <= MIRACAST_MAX_QUEUED; i++) {
		g_assert_cmpint(try_add(0, 4), ==, 0);
		deliver(MIRACAST_REC_MESSAGE, i);
	}
	cancel(1);
	msg = take(MIRACAST_REC_CANCEL, 1);
	g_assert_cmpint(try_add(0, 4), ==, 0);
	untake(msg, MIRACAST_REC_CANCEL);
	g_assert_cmpuint(queue.count, ==, MIRACAST_MAX_QUEUED + 1);
	g_assert_cmpint(try_add(0, 0), ==, -ENOBUFS);

	cancel(2);
	g_assert_cmpuint(queue.count, ==, MIRACAST_MAX_QUEUED + 1);
	g_assert_cmpuint(queue.bytes, ==, 4 * (MIRACAST_MAX_QUEUED + 1));
	deliver(MIRACAST_REC_CANCEL, 1);
	g_assert_cmpint(try_add(0, 0), ==, -ENOBUFS);
	end();
}

/* ------------------------------------------------------------------ reader */

static void test_record_says_all(void)
{
	begin();
	set_gate(MIRACAST_GATE_OPEN, 0);
	g_assert_cmpint(try_add(5, 7), ==, 0);
	memset(&record, 0xff, sizeof(record));
	deliver(MIRACAST_REC_MESSAGE, 1);
	g_assert_cmpuint(record.len, ==, sizeof(record) + 5);
	g_assert_cmpuint(record.out_max, ==, 7);
	g_assert_cmpuint(record.flags, ==, 0);
	g_assert_cmpuint(record.header_len, ==, sizeof(record));

	cancel(1);
	memset(&record, 0xff, sizeof(record));
	deliver(MIRACAST_REC_CANCEL, 1);
	g_assert_cmpuint(record.len, ==, sizeof(record));
	g_assert_cmpuint(record.out_max, ==, 0);
	g_assert_cmpuint(record.flags, ==, 0);
	g_assert_cmpuint(record.header_len, ==, sizeof(record));
	end();
}

static void test_take_without_room_leaves_the_record(void)
{
	begin();
	set_gate(MIRACAST_GATE_OPEN, 0);
	add();
	g_assert_cmpint(take_error(0), ==, -EMSGSIZE);
	g_assert_cmpint(take_error(sizeof(record) + 3), ==, -EMSGSIZE);
	g_assert_true(miracast_queue_readable(&queue));

	struct miracast_msg *msg = miracast_queue_take(&queue, sizeof(record) + 4, &record);

	g_assert_cmpuint(msg->id, ==, 1);
	put_unlocked(msg);
	g_assert_cmpint(take_error(MIRACAST_MAX_MESSAGE), ==, -EAGAIN);

	cancel(1);
	g_assert_cmpint(take_error(sizeof(record) - 1), ==, -EMSGSIZE);
	deliver(MIRACAST_REC_CANCEL, 1);
	end();
}

static void test_untake_brings_the_message_back_in_front(void)
{
	struct miracast_msg *msg;

	begin();
	set_gate(MIRACAST_GATE_OPEN, 0);
	add();
	add();
	msg = take(MIRACAST_REC_MESSAGE, 1);
	g_assert_cmpint(msg->state, ==, MIRACAST_MSG_DELIVERED);
	untake(msg, MIRACAST_REC_MESSAGE);
	g_assert_cmpint(msg->state, ==, MIRACAST_MSG_QUEUED);
	/* Nobody has it, so nobody can answer it. */
	g_assert_cmpint(reply_error(1, 0), ==, -ENOENT);
	deliver(MIRACAST_REC_MESSAGE, 1);
	deliver(MIRACAST_REC_MESSAGE, 2);
	reply(1);
	reply(2);
	assert_empty();
	end();
}

static void test_untake_by_several_readers_keeps_the_order(void)
{
	static const guint8 orders[][3] = {
		{ 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 }, { 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(orders); i++) {
		struct miracast_msg *msg[3];

		begin();
		set_gate(MIRACAST_GATE_OPEN, 0);
		for (guint j = 0; j < 4; j++)
			add();
		for (guint j = 0; j < 3; j++)
			msg[j] = take(MIRACAST_REC_MESSAGE, j + 1);
		for (guint j = 0; j < 3; j++)
			untake(msg[orders[i][j]], MIRACAST_REC_MESSAGE);
		for (guint j = 0; j < 4; j++)
			deliver(MIRACAST_REC_MESSAGE, j + 1);
		end();
	}
}

/* A cancel record in front does not hide a message behind it that was sent before. */
static void test_untake_orders_messages_past_cancel_records(void)
{
	struct miracast_msg *first, *second, *third;

	begin();
	set_gate(MIRACAST_GATE_OPEN, 0);
	for (guint i = 0; i < 4; i++)
		add();
	deliver(MIRACAST_REC_MESSAGE, 1);
	second = take(MIRACAST_REC_MESSAGE, 2);
	third = take(MIRACAST_REC_MESSAGE, 3);
	deliver(MIRACAST_REC_MESSAGE, 4);
	cancel(1);
	first = take(MIRACAST_REC_CANCEL, 1);
	untake(second, MIRACAST_REC_MESSAGE);
	untake(first, MIRACAST_REC_CANCEL);
	untake(third, MIRACAST_REC_MESSAGE);
	deliver(MIRACAST_REC_CANCEL, 1);
	deliver(MIRACAST_REC_MESSAGE, 2);
	deliver(MIRACAST_REC_MESSAGE, 3);
	end();
}

static void test_untake_of_what_was_cancelled_tells_nobody(void)
{
	struct miracast_msg *msg;

	begin();
	set_gate(MIRACAST_GATE_OPEN, 0);
	add();
	msg = take(MIRACAST_REC_MESSAGE, 1);
	cancel(1);
	g_assert_cmpint(msg->state, ==, MIRACAST_MSG_CANCELLED);
	untake(msg, MIRACAST_REC_MESSAGE);
	assert_empty();

	add_until(10);
	msg = take(MIRACAST_REC_MESSAGE, 2);
	g_assert_cmpuint(expire(10), ==, 1);
	untake(msg, MIRACAST_REC_MESSAGE);
	assert_empty();
	end();
}

static void test_untake_of_what_was_replied_to(void)
{
	struct miracast_msg *msg;

	begin();
	set_gate(MIRACAST_GATE_OPEN, 0);
	add();
	msg = take(MIRACAST_REC_MESSAGE, 1);
	reply(1);
	untake(msg, MIRACAST_REC_MESSAGE);
	assert_empty();
	end();
}

static void test_untake_of_a_cancel_record(void)
{
	struct miracast_msg *msg;

	begin();
	set_gate(MIRACAST_GATE_OPEN, 0);
	add();
	add();
	deliver(MIRACAST_REC_MESSAGE, 1);
	cancel(1);
	deliver(MIRACAST_REC_MESSAGE, 2);
	msg = take(MIRACAST_REC_CANCEL, 1);
	cancel(2);
	untake(msg, MIRACAST_REC_CANCEL);
	g_assert_cmpuint(queue.count, ==, 2);
	deliver(MIRACAST_REC_CANCEL, 1);
	deliver(MIRACAST_REC_CANCEL, 2);
	assert_empty();
	end();
}

/* The second of two readers has the cancel record when the first one faults. */
static void test_untake_of_both_records_of_a_message(void)
{
	struct miracast_msg *message, *record_;

	begin();
	set_gate(MIRACAST_GATE_OPEN, 0);
	add();
	message = take(MIRACAST_REC_MESSAGE, 1);
	cancel(1);
	record_ = take(MIRACAST_REC_CANCEL, 1);
	g_assert_true(message == record_);
	untake(record_, MIRACAST_REC_CANCEL);
	untake(message, MIRACAST_REC_MESSAGE);
	assert_empty();
	end();
}

/* A stop, or a stop and a start, while a reader copies. */
static void test_generation_gate(void)
{
	static const enum miracast_gate gates[] = {
		MIRACAST_GATE_SHUT, MIRACAST_GATE_HELD, MIRACAST_GATE_OPEN,
	};

	for (gsize i = 0; i < G_N_ELEMENTS(gates); i++) {
		struct miracast_msg *message, *record_;

		begin();
		set_gate(MIRACAST_GATE_OPEN, 0);
		add();
		add();
		deliver(MIRACAST_REC_MESSAGE, 1);
		message = take(MIRACAST_REC_MESSAGE, 2);
		cancel(1);
		record_ = take(MIRACAST_REC_CANCEL, 1);

		g_assert_cmpuint(set_gate(MIRACAST_GATE_SHUT, -ECANCELED), ==, 1);
		set_gate(gates[i], 0);
		g_assert_false(miracast_queue_taken(&queue, message));
		g_assert_false(miracast_queue_taken(&queue, record_));
		untake(message, MIRACAST_REC_MESSAGE);
		untake(record_, MIRACAST_REC_CANCEL);
		if (gates[i] != MIRACAST_GATE_SHUT)
			assert_empty();
		g_assert_true(list_empty(&queue.records));
		end();
	}
}

static void test_taken_stays_true_when_cancelled(void)
{
	struct miracast_msg *msg;

	begin();
	set_gate(MIRACAST_GATE_OPEN, 0);
	add();
	msg = take(MIRACAST_REC_MESSAGE, 1);
	cancel(1);
	g_assert_true(miracast_queue_taken(&queue, msg));
	put_unlocked(msg);
	deliver(MIRACAST_REC_CANCEL, 1);
	end();
}

/* ------------------------------------------------- reply, cancel, timeouts */

static void test_r43_reply_claims_once(void)
{
	begin();
	set_gate(MIRACAST_GATE_OPEN, 0);
	add();
	g_assert_cmpint(reply_error(1, 0), ==, -ENOENT);
	deliver(MIRACAST_REC_MESSAGE, 1);
	g_assert_cmpint(reply_error(1, 9), ==, -EMSGSIZE);
	g_assert_cmpint(reply_error(0, 0), ==, -ENOENT);
	g_assert_cmpint(reply_error(2, 0), ==, -ENOENT);
	reply(1);
	g_assert_cmpint(reply_error(1, 0), ==, -ENOENT);
	g_assert_null(miracast_queue_cancel(&queue, 1));
	assert_empty();
	end();
}

static void test_r43_cancel_claims_once(void)
{
	begin();
	set_gate(MIRACAST_GATE_OPEN, 0);
	/* Unseen: without a trace. */
	add();
	cancel(1);
	g_assert_null(miracast_queue_cancel(&queue, 1));
	assert_empty();

	/* Seen: the reader is told, once. */
	add();
	deliver(MIRACAST_REC_MESSAGE, 2);
	cancel(2);
	g_assert_null(miracast_queue_cancel(&queue, 2));
	g_assert_cmpint(reply_error(2, 0), ==, -ENOENT);
	g_assert_cmpuint(expire(U64_MAX), ==, 0);
	deliver(MIRACAST_REC_CANCEL, 2);
	g_assert_cmpint(take_error(1000), ==, -EAGAIN);
	assert_empty();
	end();
}

static void test_r43_deferred_is_out_of_reach(void)
{
	u64 id;

	begin();
	set_gate(MIRACAST_GATE_SHUT, 0);
	id = add_until(1)->id;
	g_assert_null(miracast_queue_cancel(&queue, id));
	g_assert_cmpint(reply_error(id, 0), ==, -ENOENT);
	g_assert_cmpuint(expire(2), ==, 0);
	g_assert_cmpuint(queue.next_deadline, ==, U64_MAX);

	/* Started again before the worker came: still refused, R50. */
	set_gate(MIRACAST_GATE_HELD, 0);
	set_gate(MIRACAST_GATE_OPEN, 0);
	g_assert_false(miracast_queue_readable(&queue));

	struct miracast_claims claims;

	miracast_claims_init(&claims);
	miracast_queue_claim_deferred(&queue, &claims);
	g_assert_cmpuint(complete_all(&claims, -ESHUTDOWN), ==, 1);
	end();
}

static void test_timeouts(void)
{
	begin();
	set_gate(MIRACAST_GATE_OPEN, 0);
	add_until(30);
	g_assert_cmpuint(queue.next_deadline, ==, 30);
	add_until(20);
	g_assert_cmpuint(queue.next_deadline, ==, 20);
	add_until(0);
	add_until(40);
	g_assert_cmpuint(queue.next_deadline, ==, 20);
	deliver(MIRACAST_REC_MESSAGE, 1);

	g_assert_cmpuint(expire(19), ==, 0);
	g_assert_cmpuint(queue.next_deadline, ==, 20);
	g_assert_cmpuint(expire(20), ==, 1);
	g_assert_cmpuint(queue.next_deadline, ==, 30);
	g_assert_cmpuint(expire(100), ==, 2);
	g_assert_cmpuint(queue.next_deadline, ==, U64_MAX);

	/* Only the reader of the first one has anything to be told. */
	deliver(MIRACAST_REC_MESSAGE, 3);
	deliver(MIRACAST_REC_CANCEL, 1);
	g_assert_cmpint(take_error(1000), ==, -EAGAIN);
	end();
}

static void test_timeout_while_held(void)
{
	begin();
	add_until(5);
	g_assert_cmpuint(expire(5), ==, 1);
	set_gate(MIRACAST_GATE_OPEN, 0);
	g_assert_false(miracast_queue_readable(&queue));
	assert_empty();
	end();
}

/* -------------------------------------------------------------------- gate */

static void test_r48_r49_held_until_open(void)
{
	begin();
	add();
	add();
	g_assert_false(miracast_queue_readable(&queue));
	g_assert_cmpint(take_error(1000), ==, -EAGAIN);
	set_gate(MIRACAST_GATE_HELD, 0);
	add();
	g_assert_cmpint(take_error(1000), ==, -EAGAIN);
	set_gate(MIRACAST_GATE_OPEN, 0);
	for (u64 id = 1; id <= 3; id++)
		deliver(MIRACAST_REC_MESSAGE, id);
	end();
}

static void test_r50_shut_completes_everything(void)
{
	struct miracast_claims claims;
	struct miracast_msg *msg;
	u64 id = 1;

	begin();
	set_gate(MIRACAST_GATE_OPEN, 0);
	for (guint i = 0; i < 20; i++)
		add_until(100);
	deliver(MIRACAST_REC_MESSAGE, 1);
	deliver(MIRACAST_REC_MESSAGE, 2);
	cancel(2);

	miracast_claims_init(&claims);
	miracast_queue_set_gate(&queue, MIRACAST_GATE_SHUT, &claims);
	g_assert_cmpuint(queue.next_deadline, ==, U64_MAX);
	g_assert_cmpuint(queue.count, ==, 0);
	g_assert_cmpuint(queue.busy, ==, 19);
	/* What nobody has seen in the order of sending, then the rest. */
	list_for_each_entry(msg, &claims.complete, claim)
		if (id < 19)
			g_assert_cmpuint(msg->id, ==, ++id + 1);
		else
			g_assert_cmpuint(msg->id, ==, 1);
	g_assert_cmpuint(complete_all(&claims, -ECANCELED), ==, 19);
	g_assert_cmpuint(drop_all(&claims), ==, 1);
	assert_empty();
	g_assert_cmpuint(set_gate(MIRACAST_GATE_SHUT, 0), ==, 0);
	end();
}

static void test_r51_readers_get_nothing_but_when_open(void)
{
	static const enum miracast_gate gates[] = {
		MIRACAST_GATE_HELD, MIRACAST_GATE_SHUT, MIRACAST_GATE_DEAD,
	};

	for (gsize i = 0; i < G_N_ELEMENTS(gates); i++) {
		begin();
		add();
		set_gate(gates[i], -ECANCELED);
		g_assert_false(miracast_queue_readable(&queue));
		g_assert_cmpint(take_error(1000), ==, -EAGAIN);
		end();
	}
}

static void test_dead_completes_deferred(void)
{
	struct miracast_claims claims;
	struct miracast_msg *msg;
	guint shutdown = 0, cancelled = 0;

	begin();
	set_gate(MIRACAST_GATE_SHUT, 0);
	add();
	set_gate(MIRACAST_GATE_HELD, 0);
	add();
	miracast_claims_init(&claims);
	miracast_queue_set_gate(&queue, MIRACAST_GATE_DEAD, &claims);
	list_for_each_entry(msg, &claims.complete, claim) {
		shutdown += msg->status == -ESHUTDOWN;
		cancelled += msg->status == -ECANCELED;
	}
	g_assert_cmpuint(shutdown, ==, 1);
	g_assert_cmpuint(cancelled, ==, 1);

	struct miracast_msg *tmp;

	list_for_each_entry_safe(msg, tmp, &claims.complete, claim)
		complete(msg, msg->status);
	assert_empty();
	end();
}

/* -------------------------------------------------------------------- idle */

static void test_busy_counts_claims_and_calls(void)
{
	struct miracast_msg *msg;

	begin();
	g_assert_true(miracast_queue_enter(&queue));
	add();
	msg = miracast_queue_cancel(&queue, 1);
	g_assert_cmpuint(queue.busy, ==, 2);
	complete(msg, -ECANCELED);
	g_assert_cmpuint(queue.busy, ==, 1);
	set_gate(MIRACAST_GATE_DEAD, 0);
	g_assert_false(miracast_queue_enter(&queue));
	g_assert_cmpuint(queue.busy, ==, 1);
	miracast_queue_exit(&queue);
	end();
}

int main(int argc, char *argv[])
{
	static const struct {
		const char *name;
		void (*func)(void);
	} tests[] = {
		{ "R38-accepted-in-every-live-gate", test_r38_accepted_in_every_live_gate },
		{ "R38-rejected-when-dead", test_r38_rejected_when_dead },
		{ "ids-rise-and-are-never-reused", test_ids_rise_and_are_never_reused },
		{ "R42-input-is-a-copy", test_r42_input_is_a_copy },
		{ "no-memory", test_no_memory },
		{ "limit-of-messages", test_limit_of_messages },
		{ "limit-of-bytes", test_limit_of_bytes },
		{ "limit-counts-deferred", test_limit_counts_deferred },
		{ "limit-counts-cancel-records", test_limit_counts_cancel_records },
		{ "limit-exceeded-by-untake", test_limit_exceeded_by_untake },
		{ "record-says-all", test_record_says_all },
		{ "take-without-room", test_take_without_room_leaves_the_record },
		{ "untake-in-front", test_untake_brings_the_message_back_in_front },
		{ "untake-by-several-readers", test_untake_by_several_readers_keeps_the_order },
		{ "untake-past-cancel-records", test_untake_orders_messages_past_cancel_records },
		{ "untake-cancelled", test_untake_of_what_was_cancelled_tells_nobody },
		{ "untake-replied", test_untake_of_what_was_replied_to },
		{ "untake-cancel-record", test_untake_of_a_cancel_record },
		{ "untake-message-and-cancel-record", test_untake_of_both_records_of_a_message },
		{ "generation-gate", test_generation_gate },
		{ "taken-though-cancelled", test_taken_stays_true_when_cancelled },
		{ "R43-reply-claims-once", test_r43_reply_claims_once },
		{ "R43-cancel-claims-once", test_r43_cancel_claims_once },
		{ "R43-R50-deferred-is-out-of-reach", test_r43_deferred_is_out_of_reach },
		{ "timeouts", test_timeouts },
		{ "timeout-while-held", test_timeout_while_held },
		{ "R48-R49-held-until-open", test_r48_r49_held_until_open },
		{ "R50-shut-completes-everything", test_r50_shut_completes_everything },
		{ "R51-nothing-but-when-open", test_r51_readers_get_nothing_but_when_open },
		{ "R50-dead-completes-deferred", test_dead_completes_deferred },
		{ "busy-counts-claims-and-calls", test_busy_counts_claims_and_calls },
	};

	g_test_init(&argc, &argv, NULL);
	for (gsize i = 0; i < G_N_ELEMENTS(tests); i++) {
		g_autofree char *path = g_strconcat("/relay/queue/", tests[i].name, NULL);

		g_test_add_func(path, tests[i].func);
	}
	return g_test_run();
}
