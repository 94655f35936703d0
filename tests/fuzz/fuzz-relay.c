/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The relay, as the kernel's own files in a process, against a simple model of
 * what <uapi/drm/miracast.h> and <drm/miracast.h> promise. The bytes are
 * operations of a display driver, of readers and of a broker. Operations also
 * happen in the middle of others: while user memory is copied, and in
 * completion callbacks; that is where other threads would come in.
 */
#include "fuzz.h"

#include <string.h>

#include <linux/err.h>

#include "relay-fixture.h"

#define MAX_NESTING	3
#define MIN_REPLY	offsetofend(struct miracast_reply, id)
#define SIZE_READ	(sizeof(struct miracast_record) + MIRACAST_MAX_MESSAGE)

/* A message as the model sees it. */
struct message {
	u64 id;
	u32 in_len, out_max;
	u64 deadline;
	u8 fill;
	guint stops;	/* of the session when it was sent */
	bool live;	/* accepted, not completed, not deferred */
	bool deferred;
	bool delivered;
	/* Its completion is due, within the operation that goes on. */
	bool expected;
	int status;
	const u8 *out;
	gsize bytes;
};

struct record {
	u16 type;
	struct message *msg;
};

static struct relay_driver driver;

/* The session and its model; see begin_session(). */
static struct {
	struct miracast_session *session;
	bool dead;
	enum miracast_state state;
	guint stops;
	GPtrArray *messages;	/* by id, from 1 on */
	GArray *records;
	guint n_expected;
	u64 now;
} m;

static struct {
	const u8 *data;
	gsize size;
	guint nesting;
	bool working;
} input;

static u8 next(void)
{
	if (!input.size)
		return 0;
	input.size--;
	return *input.data++;
}

static void operation(void);

static u32 some_length(void)
{
	static const u32 lengths[] = {
		0, 1, 7, 127, 128, 129, 4096, MIRACAST_MAX_MESSAGE - 1, MIRACAST_MAX_MESSAGE,
		MIRACAST_MAX_MESSAGE + 1,
	};

	return lengths[next() % G_N_ELEMENTS(lengths)];
}

/* ------------------------------------------------------------------- model */

/* Messages are held before the first start, but refused after a stop. */
static bool is_shut(void)
{
	return m.state == MIRACAST_STATE_STOPPING ||
	       (m.state == MIRACAST_STATE_STOPPED && m.stops);
}

static bool is_open(void)
{
	return !m.dead && m.state == MIRACAST_STATE_STARTED;
}

static u64 charge(const struct message *msg)
{
	return (u64)msg->in_len + msg->out_max;
}

static void usage(u64 *n, u64 *bytes)
{
	*n = m.records->len;
	*bytes = 0;
	for (guint i = 0; i < m.records->len; i++) {
		struct record *record = &g_array_index(m.records, struct record, i);

		if (record->type == MIRACAST_REC_MESSAGE)
			--*n;	/* counted below */
		else
			*bytes += charge(record->msg);
	}
	for (guint i = 0; i < m.messages->len; i++) {
		struct message *msg = m.messages->pdata[i];

		if (msg->live || msg->deferred) {
			++*n;
			*bytes += charge(msg);
		}
	}
}

static void expect(struct message *msg, int status, const u8 *out, gsize bytes)
{
	g_assert_true(msg->live || msg->deferred);
	msg->live = false;
	msg->deferred = false;
	msg->expected = true;
	msg->status = status;
	msg->out = out;
	msg->bytes = bytes;
	m.n_expected++;
}

static gint find_record(u16 type, const struct message *msg)
{
	for (guint i = 0; i < m.records->len; i++) {
		struct record *record = &g_array_index(m.records, struct record, i);

		if (record->type == type && record->msg == msg)
			return i;
	}
	return -1;
}

/* Its sender has lost interest: who has it is told, who has not never sees it. */
static void expect_cancelled(struct message *msg, int status)
{
	struct record record = { MIRACAST_REC_CANCEL, msg };
	gint i = find_record(MIRACAST_REC_MESSAGE, msg);

	expect(msg, status, NULL, 0);
	if (i >= 0)
		g_array_remove_index(m.records, i);
	else
		g_array_append_val(m.records, record);
}

static void model_shut(bool dead)
{
	m.stops++;
	g_array_set_size(m.records, 0);
	for (guint i = 0; i < m.messages->len; i++) {
		struct message *msg = m.messages->pdata[i];

		if (msg->live)
			expect(msg, -ECANCELED, NULL, 0);
		else if (msg->deferred && dead)
			expect(msg, -ESHUTDOWN, NULL, 0);
	}
}

/* The order of sending, whoever brings back a record last. */
static void model_untake(const struct record *taken)
{
	struct message *msg = taken->msg;
	guint place = 0;
	gint i;

	if (!is_open() || msg->stops != m.stops)
		return;
	if (taken->type == MIRACAST_REC_CANCEL) {
		g_array_prepend_val(m.records, *taken);
		return;
	}
	if (!msg->live) {
		i = find_record(MIRACAST_REC_CANCEL, msg);
		if (i >= 0)
			g_array_remove_index(m.records, i);
		return;
	}
	for (guint j = 0; j < m.records->len; j++) {
		struct record *record = &g_array_index(m.records, struct record, j);

		if (record->type == MIRACAST_REC_MESSAGE && record->msg->id < msg->id)
			place = j + 1;
	}
	msg->delivered = false;
	g_array_insert_val(m.records, place, *taken);
}

/* What can be seen from outside, and what must not be seen. */
static void check(void)
{
	struct miracast_queue *queue = &m.session->queue;
	struct miracast_msg *pos;
	u64 n, bytes;
	guint i = 0;

	g_assert_cmpuint(m.n_expected, ==, 0);
	usage(&n, &bytes);
	g_assert_cmpuint(queue->count, ==, n);
	g_assert_cmpuint(queue->bytes, ==, bytes);
	g_assert_cmpuint(queue->busy, ==, 0);
	g_assert_cmpint(miracast_session_dead(m.session), ==, m.dead);
	g_assert_cmpint(miracast_session_state(m.session), ==, m.state);
	g_assert_cmpint(driver.alive, ==, !m.dead);
	if (!m.dead)
		g_assert_cmpint(driver.state, ==, m.state);
	g_assert_cmpuint(kernel_shim_spinlocks, ==, 0);

	list_for_each_entry(pos, &queue->records, link) {
		g_assert_cmpuint(i, <, m.records->len);
		g_assert_cmpuint(pos->id, ==, g_array_index(m.records, struct record, i).msg->id);
		i++;
	}
	g_assert_cmpuint(i, ==, m.records->len);
}

/* Of what times out together the order is open: take over that of the cancel records. */
static void adopt_order(guint from)
{
	struct miracast_msg *pos;
	guint i = 0;

	list_for_each_entry(pos, &m.session->queue.records, link) {
		if (i >= from) {
			for (guint j = i; j < m.records->len; j++) {
				struct record *a = &g_array_index(m.records, struct record, i);
				struct record *b = &g_array_index(m.records, struct record, j);

				if (b->msg->id == pos->id) {
					struct record swap = *a;

					*a = *b;
					*b = swap;
					break;
				}
			}
		}
		i++;
	}
}

/* ------------------------------------------------------------------ driver */

static void do_send(void);
static void do_cancel(void);

static void done(void *ctx, int status, const void *out, size_t bytes)
{
	struct message *msg = ctx;

	g_assert_true(msg->expected);
	g_assert_true(driver.alive);
	g_assert_cmpuint(kernel_shim_spinlocks, ==, 0);
	g_assert_cmpint(status, ==, msg->status);
	g_assert_cmpuint(bytes, ==, msg->bytes);
	if (bytes)
		g_assert_cmpmem(out, bytes, msg->out, bytes);
	else
		g_assert_null(out);
	msg->expected = false;
	m.n_expected--;

	/* What is due otherwise must not depend on what comes first: not under a worker. */
	if (input.working || input.nesting >= MAX_NESTING || !input.size)
		return;
	input.nesting++;
	switch (next() % 8) {
	case 0:
		do_send();
		break;
	case 1:
		do_cancel();
		break;
	}
	input.nesting--;
}

static int send_message(u32 in_len, u32 out_max, guint timeout, u8 fill, bool fail)
{
	struct message *msg = g_new0(struct message, 1);
	g_autofree u8 *in = g_malloc(MAX(in_len, 1));
	u64 n, bytes, id = 0;
	int expected = 0, ret;

	memset(in, fill, in_len);
	msg->in_len = in_len;
	msg->out_max = out_max;
	msg->fill = fill;
	msg->stops = m.stops;
	usage(&n, &bytes);
	if (in_len > MIRACAST_MAX_MESSAGE || out_max > MIRACAST_MAX_MESSAGE)
		expected = -EMSGSIZE;
	else if (fail)
		expected = -ENOMEM;
	else if (m.dead)
		expected = -ENODEV;
	else if (n >= MIRACAST_MAX_QUEUED || bytes + charge(msg) > MIRACAST_MAX_QUEUED_BYTES)
		expected = -ENOBUFS;

	kernel_shim_fail_alloc = fail;
	ret = miracast_send_message(m.session, in, in_len, out_max, timeout, done, msg, &id);
	kernel_shim_fail_alloc = 0;
	g_assert_cmpint(ret, ==, expected);
	if (ret) {
		g_assert_cmpuint(id, ==, 0);
		g_free(msg);
		return ret;
	}
	g_ptr_array_add(m.messages, msg);
	g_assert_cmpuint(id, ==, m.messages->len);
	msg->id = id;
	if (timeout)
		msg->deadline = m.now + timeout + 1;
	if (is_shut()) {
		msg->deferred = true;
	} else {
		struct record record = { MIRACAST_REC_MESSAGE, msg };

		msg->live = true;
		g_array_append_val(m.records, record);
	}
	return 0;
}

static void do_send(void)
{
	u32 in_len = some_length(), out_max = some_length();
	guint timeout = next() % 64;
	u8 fill = next();

	send_message(in_len, out_max, timeout < 32 ? 0 : timeout - 32, fill, fill == 0xff);
}

static void do_send_many(void)
{
	guint n = next();

	while (n-- && !send_message(n % 3, 0, 0, n, false))
		;
}

static struct message *some_message(void)
{
	guint back = next();

	if (!m.messages->len)
		return NULL;
	return m.messages->pdata[m.messages->len - 1 - back % m.messages->len];
}

static void do_cancel(void)
{
	struct message *msg = some_message();
	u64 id = msg ? msg->id : next();
	bool live = msg && msg->live;

	if (live)
		expect_cancelled(msg, -ECANCELED);
	g_assert_cmpint(miracast_cancel_message(m.session, id), ==, live ? 0 : -ENOENT);
}

/* ------------------------------------------------------------------- sinks */

/* Something else happens while a copy is made. */
static void meanwhile(void)
{
	struct kernel_shim_user user = kernel_shim_user;

	if (input.nesting >= MAX_NESTING || !input.size || next() % 4)
		return;
	kernel_shim_user = KERNEL_SHIM_USER_GOOD;
	input.nesting++;
	operation();
	input.nesting--;
	kernel_shim_user = user;
}

static gsize some_fault(gsize size)
{
	u8 where = next();

	return where & 1 ? (where >> 1) % (size + 1) : SIZE_MAX;
}

struct reading {
	bool taken;
	struct record record;
};

static void reading_copies(void *data)
{
	struct reading *reading = data;

	if (!reading->taken) {
		reading->taken = true;
		g_assert_true(is_open());
		g_assert_cmpuint(m.records->len, >, 0);
		reading->record = g_array_index(m.records, struct record, 0);
		g_array_remove_index(m.records, 0);
		if (reading->record.type == MIRACAST_REC_MESSAGE)
			reading->record.msg->delivered = true;
	}
	meanwhile();
}

static void check_record(const struct record *record, const struct miracast_record *got,
			 gsize len)
{
	bool message = record->type == MIRACAST_REC_MESSAGE;
	const u8 *in = (const u8 *)(got + 1);

	g_assert_cmpuint(got->len, ==, len);
	g_assert_cmpuint(got->type, ==, record->type);
	g_assert_cmpuint(got->id, ==, record->msg->id);
	g_assert_cmpuint(got->out_max, ==, message ? record->msg->out_max : 0);
	g_assert_cmpuint(got->flags, ==, 0);
	g_assert_cmpuint(got->header_len, ==, sizeof(*got));
	g_assert_cmpuint(len, ==, sizeof(*got) + (message ? record->msg->in_len : 0));
	for (gsize i = 0; i < len - sizeof(*got); i++)
		if (in[i] != record->msg->fill)
			g_assert_not_reached();
}

static void do_read(void)
{
	static const gsize sizes[] = { SIZE_READ, SIZE_READ, SIZE_READ, 0, 23, 24, 25, 200 };
	struct record *first = NULL;
	struct reading reading = { .taken = false };
	struct miracast_session *session = m.session;
	gsize size = sizes[next() % G_N_ELEMENTS(sizes)];
	gsize good = some_fault(64), len = 0;
	g_autofree void *buf = g_malloc(size);
	ssize_t ret;

	if (m.records->len) {
		first = &g_array_index(m.records, struct record, 0);
		len = sizeof(struct miracast_record);
		if (first->type == MIRACAST_REC_MESSAGE)
			len += first->msg->in_len;
	}
	if (!m.dead && (!is_open() || !first)) {
		g_assert_cmpint(relay_read(session, buf, size, true), ==, -EAGAIN);
		return;
	}
	if (m.dead || len > size) {
		g_assert_cmpint(relay_read(session, buf, size, true), ==,
				m.dead ? -ENODEV : -EMSGSIZE);
		return;
	}

	kernel_shim_user = (struct kernel_shim_user) {
		.good = good, .copying = reading_copies, .data = &reading,
	};
	ret = relay_read(session, buf, size, true);
	kernel_shim_user = KERNEL_SHIM_USER_GOOD;

	g_assert_true(reading.taken);
	if (good < len) {
		g_assert_cmpint(ret, ==, -EFAULT);
		model_untake(&reading.record);
	} else if (!is_open() || reading.record.msg->stops != m.stops) {
		g_assert_cmpint(ret, ==, -EAGAIN);
	} else {
		g_assert_cmpint(ret, ==, len);
		check_record(&reading.record, buf, len);
	}
}

struct writing {
	guint copies;
	const u8 *buf;
	gsize size, good;
	int ret;
};

/* What an older program does not say is zero. */
static int reply_status(const struct miracast_reply *reply)
{
	return reply->header_len < offsetofend(struct miracast_reply, status) ? 0 : reply->status;
}

/* Is the header all right, as far as it goes? 0 or a negative errno. */
static int check_header(const struct miracast_reply *reply, gsize size, gsize good)
{
	struct miracast_reply known = { 0 };
	const u8 *bytes = (const void *)reply;

	if (reply->len != size || reply->header_len > size || reply->header_len < MIN_REPLY)
		return -EINVAL;
	if (reply->header_len > MIRACAST_MAX_HEADER)
		return -E2BIG;
	if (good < reply->header_len)
		return -EFAULT;
	for (gsize i = sizeof(*reply); i < reply->header_len; i++) {
		if (bytes[i])
			return -E2BIG;
	}
	memcpy(&known, reply, MIN(reply->header_len, sizeof(known)));
	if (known.flags || known.reserved || known.status > 0 || known.status < -4095 ||
	    (known.status && size > reply->header_len))
		return -EINVAL;
	return size - reply->header_len > MIRACAST_MAX_MESSAGE ? -EMSGSIZE : 0;
}

/* The reply is whole: what is decided now is not overtaken any more. */
static void model_reply(struct writing *writing)
{
	const struct miracast_reply *reply = (const void *)writing->buf;
	gsize bytes = writing->size - reply->header_len;
	struct message *msg = NULL;

	if (writing->good < writing->size) {
		writing->ret = -EFAULT;
		return;
	}
	if (reply->id && reply->id <= m.messages->len)
		msg = m.messages->pdata[reply->id - 1];
	if (m.dead) {
		writing->ret = -ENODEV;
	} else if (!msg || !msg->live || !msg->delivered) {
		writing->ret = -ENOENT;
	} else if (bytes > msg->out_max) {
		writing->ret = -EMSGSIZE;
	} else {
		expect(msg, reply_status(reply), writing->buf + reply->header_len, bytes);
		writing->ret = writing->size;
	}
}

static void writing_copies(void *data)
{
	struct writing *writing = data;

	/* Both parts of the header, then, if that is right, the payload. */
	meanwhile();
	if (writing->copies++ == 2)
		model_reply(writing);
}

static void write_bytes(const u8 *buf, gsize size, gsize good)
{
	const struct miracast_reply *reply = (const void *)buf;
	struct writing writing = { .buf = buf, .size = size, .good = good };

	if (m.dead)
		writing.ret = -ENODEV;
	else if (size < MIN_REPLY)
		writing.ret = -EINVAL;
	else if (good < MIN_REPLY)
		writing.ret = -EFAULT;
	else
		writing.ret = check_header(reply, size, good);

	kernel_shim_user = (struct kernel_shim_user) {
		.good = good, .copying = writing_copies, .data = &writing,
	};
	g_assert_cmpint(relay_write(m.session, buf, size), ==, writing.ret);
	kernel_shim_user = KERNEL_SHIM_USER_GOOD;
}

static void do_write(void)
{
	struct message *msg = some_message();
	/* Headers of older and newer programs, too. */
	static const guint16 headers[] = { 24, 24, 24, 16, 20, 32, MIRACAST_MAX_HEADER,
					   MIRACAST_MAX_HEADER + 1, 15 };
	guint16 header = headers[next() % G_N_ELEMENTS(headers)];
	gsize bytes = some_length(), size = header + bytes;
	u8 how = next();
	g_autofree u8 *buf = g_malloc(MAX(size, sizeof(struct miracast_reply)));
	struct miracast_reply *reply = (void *)buf;

	memset(buf, how, size);
	/* Something that the kernel does not know, rarely. */
	memset(buf, 0, how == 0xfe ? sizeof(*reply) : MAX(header, sizeof(*reply)));
	reply->header_len = header;
	reply->id = msg ? msg->id : how;
	reply->len = how == 0xff ? size - 1 : size;
	reply->status = bytes ? 0 : -(how & 0x7f);
	write_bytes(buf, size, some_fault(size));
}

/* The bytes as they are. */
static void do_write_raw(void)
{
	gsize wanted = next() % 48, size = MIN(wanted, input.size);
	g_autofree u8 *buf = g_memdup2(input.data, size);

	input.data += size;
	input.size -= size;
	write_bytes(buf, size, SIZE_MAX);
}

/* -------------------------------------------------------- states and lives */

static void do_session(void)
{
	/* The figure in <uapi/drm/miracast.h>: op, from, to. */
	static const struct {
		enum miracast_session_op op;
		enum miracast_state from, to;
	} arrows[] = {
		{ MIRACAST_SESSION_BEGIN_START, MIRACAST_STATE_STOPPED, MIRACAST_STATE_STARTING },
		{ MIRACAST_SESSION_END_START, MIRACAST_STATE_STARTING, MIRACAST_STATE_STARTED },
		{ MIRACAST_SESSION_FAIL_START, MIRACAST_STATE_STARTING, MIRACAST_STATE_STOPPING },
		{ MIRACAST_SESSION_BEGIN_STOP, MIRACAST_STATE_STARTED, MIRACAST_STATE_STOPPING },
		{ MIRACAST_SESSION_BEGIN_STOP, MIRACAST_STATE_STOPPING, MIRACAST_STATE_STOPPING },
		{ MIRACAST_SESSION_BEGIN_STOP, MIRACAST_STATE_STOPPED, MIRACAST_STATE_STOPPING },
		{ MIRACAST_SESSION_END_STOP, MIRACAST_STATE_STOPPING, MIRACAST_STATE_STOPPED },
	};
	struct miracast_session_ctl ctl = { .op = next() % 7 };
	u8 more = next();
	int expected = m.state == MIRACAST_STATE_STOPPING ? -ESHUTDOWN : -EBUSY;
	enum miracast_state to = m.state;

	if (ctl.op == MIRACAST_SESSION_FAIL_START)
		ctl.status = -5;
	if (more >= 0xf0)
		ctl.info = more & 7;
	else if (more >= 0xe0)
		ctl.status = (more & 7) - 4;

	for (gsize i = 0; i < G_N_ELEMENTS(arrows); i++) {
		if (arrows[i].op == ctl.op && arrows[i].from == m.state) {
			to = arrows[i].to;
			expected = 0;
		}
	}
	if (ctl.op < MIRACAST_SESSION_BEGIN_START || ctl.op > MIRACAST_SESSION_END_STOP ||
	    (ctl.info & ~(ctl.op == MIRACAST_SESSION_END_START ? 3 : 0)) ||
	    (ctl.op == MIRACAST_SESSION_FAIL_START ? ctl.status >= 0 : ctl.status != 0))
		expected = -EINVAL;
	else if (m.dead)
		expected = -ENODEV;
	if (!expected) {
		m.state = to;
		if (to == MIRACAST_STATE_STOPPING ||
		    (to == MIRACAST_STATE_STOPPED && ctl.op == MIRACAST_SESSION_END_STOP))
			model_shut(false);
	}
	g_assert_cmpint(miracast_session_change(m.session, &ctl), ==, expected);
}

/* Straight to where messages flow, and straight back: both fit into one copy. */
static void do_start_or_stop(void)
{
	if (m.dead)
		return;
	if (m.state == MIRACAST_STATE_STOPPED) {
		m.state = MIRACAST_STATE_STARTED;
		g_assert_cmpint(relay_start(m.session), ==, 0);
	} else if (m.state == MIRACAST_STATE_STARTED) {
		m.state = MIRACAST_STATE_STOPPED;
		model_shut(false);
		g_assert_cmpint(relay_stop(m.session), ==, 0);
	}
}

static void do_report_status(void)
{
	struct miracast_report_status report = { .status = next() % 6 };
	int expected = report.status > 4 ? -EINVAL : m.dead ? -ENODEV : 0;

	if (!expected && (m.state == MIRACAST_STATE_STARTING ||
			  m.state == MIRACAST_STATE_STARTED)) {
		m.state = MIRACAST_STATE_STOPPING;
		model_shut(false);
	}
	g_assert_cmpint(miracast_session_report_status(m.session, &report), ==, expected);
}

/* Time passes, and the workers get round to what is due. */
static void do_wait(void)
{
	guint jiffies = next() % 32, from = 0;

	kernel_shim_advance(jiffies);
	m.now += jiffies;
	for (guint i = 0; i < m.messages->len; i++) {
		struct message *msg = m.messages->pdata[i];

		if (msg->deferred)
			expect(msg, -ESHUTDOWN, NULL, 0);
	}
	for (guint i = 0; i < m.messages->len; i++) {
		struct message *msg = m.messages->pdata[i];

		if (msg->live && msg->deadline && msg->deadline <= m.now)
			expect_cancelled(msg, -ETIMEDOUT);
	}
	for (guint i = 0; i < m.records->len; i++) {
		struct record *record = &g_array_index(m.records, struct record, i);

		if (record->type == MIRACAST_REC_CANCEL && record->msg->expected)
			break;
		from = i + 1;
	}
	input.working = true;
	kernel_shim_run_work();
	input.working = false;
	adopt_order(from);
}

static void do_destroy(void)
{
	int expected = m.dead ? -ENOENT : 0;

	if (!m.dead) {
		m.dead = true;
		model_shut(true);
	}
	g_assert_cmpint(miracast_target_destroy_session(driver.target), ==, expected);
}

static int create(void *data, struct miracast_session *session)
{
	m.session = session;
	/* In create_context() they are held already, R48. */
	if (next() & 1)
		do_send();
	return 0;
}

static void begin_session(void)
{
	struct miracast_session *session;

	m.dead = false;
	m.state = MIRACAST_STATE_STOPPED;
	m.stops = 0;
	m.messages = g_ptr_array_new_with_free_func(g_free);
	m.records = g_array_new(FALSE, FALSE, sizeof(struct record));
	m.now = 0;
	session = relay_open(&driver);
	g_assert_false(IS_ERR(session));
	g_assert_true(session == m.session);
	/* R16: one at a time. */
	g_assert_cmpint(PTR_ERR(relay_open(&driver)), ==, -EBUSY);
	check();
}

static void end_session(void)
{
	if (!m.dead) {
		m.dead = true;
		model_shut(true);
	}
	miracast_session_destroy(m.session);
	check();
	miracast_session_put(m.session);
	m.session = NULL;
	g_ptr_array_unref(m.messages);
	g_array_unref(m.records);
}

static void operation(void)
{
	switch (next() % 16) {
	case 0 ... 2:
		do_send();
		break;
	case 3:
		do_send_many();
		break;
	case 4 ... 6:
		do_read();
		break;
	case 7:
	case 8:
		do_write();
		break;
	case 9:
		do_write_raw();
		break;
	case 10:
		do_cancel();
		break;
	case 11:
		do_wait();
		break;
	case 12:
		do_session();
		break;
	case 13:
		do_start_or_stop();
		break;
	case 14:
		do_report_status();
		break;
	case 15:
		do_destroy();
		break;
	}
	/* In the middle of another operation calls of that may go on. */
	if (!input.nesting)
		check();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	memset(&input, 0, sizeof(input));
	input.data = data;
	input.size = size;
	relay_driver_init(&driver);
	driver.create = create;
	begin_session();
	while (input.size) {
		if (m.dead && next() & 1) {
			end_session();
			begin_session();
		}
		operation();
	}
	end_session();
	relay_driver_exit(&driver);
	return 0;
}
