/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The relay under eight threads: whatever they do to one another, an accepted
 * message completes exactly once and before its context ends, readers get
 * records in the order of sending, and nobody who waits is forgotten.
 *
 * Meant for ThreadSanitizer: what the callbacks touch has no locks of its own,
 * so that it shows when the relay does not order them.
 *
 *   meson setup build-tsan -Db_sanitize=thread -Db_lundef=false
 *   RELAY_SECONDS=120 RELAY_SEED=7 build-tsan/tests/unit/test-relay-threads
 */
#include <glib.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

#include <linux/err.h>
#include <linux/string.h>

#include "relay-fixture.h"

#define MAX_IN		64
#define MAX_OUT		300	/* more than what a reply has on the stack */
#define DRAIN		200

enum reader_mode { ONE_READER_FAULTS, READERS_WITHOUT_FAULTS, READERS_FAULT, N_MODES };

/* One message: plain fields are for the relay to order. */
struct sent {
	u64 id;
	guint out_max;
	guint depth;
	gint done;	/* atomic */
	gint *left;	/* atomic */
};

static struct {
	struct relay_driver driver;
	pthread_mutex_t mutex;
	struct miracast_session *session; /* protected by mutex */
	enum reader_mode mode;
	guint seed;

	/* atomic */
	gint stop_drivers, stop_readers;
	guint64 accepted, completed, without_done;
	guint64 statuses[4];
	guint64 records, faults, cancels, starts, sessions, late_replies, replies;
} stress = { .mutex = PTHREAD_MUTEX_INITIALIZER };

static __thread GRand *rng;

static guint roll(guint n)
{
	return g_rand_int_range(rng, 0, n);
}

static void count(guint64 *counter)
{
	__atomic_fetch_add(counter, 1, __ATOMIC_RELAXED);
}

static guint64 get(guint64 *counter)
{
	return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

static bool stopped(gint *flag)
{
	return __atomic_load_n(flag, __ATOMIC_ACQUIRE);
}

static struct miracast_session *session_get(void)
{
	struct miracast_session *session;

	pthread_mutex_lock(&stress.mutex);
	session = stress.session;
	if (session)
		miracast_session_get(session);
	pthread_mutex_unlock(&stress.mutex);
	return session;
}

/* ----------------------------------------------------------------- senders */

static int send_one(struct miracast_session *session, guint depth, guint timeout,
		    gint *left);

static u8 reply_byte(u64 id, gsize i)
{
	return id * 31 + i;
}

static void message_done(void *ctx, int status, const void *out, size_t bytes)
{
	struct sent *sent = ctx;

	KERNEL_SHIM_ASSERT(!kernel_shim_spinlocks);
	/* R43; and before the end of the context, which TSan holds us to. */
	g_assert_cmpint(__atomic_fetch_add(&sent->done, 1, __ATOMIC_RELAXED), ==, 0);
	g_assert_true(stress.driver.alive);
	g_assert_cmpuint(sent->id, !=, 0);
	switch (status) {
	case 0:
		g_assert_cmpuint(bytes, <=, sent->out_max);
		for (gsize i = 0; i < bytes; i++)
			g_assert_cmpuint(((const u8 *)out)[i], ==, reply_byte(sent->id, i));
		count(&stress.statuses[0]);
		break;
	case -ECANCELED:
		count(&stress.statuses[1]);
		break;
	case -ESHUTDOWN:
		count(&stress.statuses[2]);
		break;
	case -ETIMEDOUT:
		count(&stress.statuses[3]);
		break;
	default:
		g_assert_cmpint(status, ==, -EIO);
	}
	if (status)	/* R45 */
		g_assert_true(!out && !bytes);

	/* It may send and cancel. */
	if (sent->depth < 3 && !roll(4)) {
		struct miracast_session *session = session_get();

		if (session) {
			if (roll(2))
				send_one(session, sent->depth + 1, 0, NULL);
			else
				miracast_cancel_message(session, sent->id + roll(4));
			miracast_session_put(session);
		}
	}
	if (sent->left)
		__atomic_fetch_sub(sent->left, 1, __ATOMIC_RELEASE);
	count(&stress.completed);
	free(sent);
}

static int send_one(struct miracast_session *session, guint depth, guint timeout,
		    gint *left)
{
	struct sent *sent = calloc(1, sizeof(*sent));
	u8 in[MAX_IN];
	gsize len = roll(MAX_IN + 1);
	int ret;

	sent->out_max = roll(MAX_OUT);
	sent->depth = depth;
	sent->left = left;
	memset(in, len, len);
	ret = miracast_send_message(session, in, len, sent->out_max, timeout,
				    message_done, sent, &sent->id);
	/* From here on sent may be gone. */
	if (ret) {
		g_assert_true(ret == -ENODEV || ret == -ENOBUFS);
		free(sent);
		return ret;
	}
	count(&stress.accepted);
	return 0;
}

static void *sender(void *data)
{
	u64 near = 1;

	rng = g_rand_new_with_seed(stress.seed + GPOINTER_TO_UINT(data));
	while (!stopped(&stress.stop_drivers)) {
		struct miracast_session *session = session_get();
		u8 out[8];
		size_t bytes;
		u64 id;
		int ret;

		if (!session) {
			sched_yield();
			continue;
		}
		switch (roll(16)) {
		case 0 ... 9:
			ret = send_one(session, 0, roll(3) ? 0 : 1 + roll(20), NULL);
			if (ret == -ENOBUFS)
				sched_yield();
			break;
		case 10:
			/* Nobody wants to hear of it, R39; its id tells where ids are. */
			if (!miracast_send_message(session, NULL, 0, 0, roll(5), NULL, NULL, &id)) {
				near = id;
				count(&stress.without_done);
			}
			break;
		case 11 ... 13:
			ret = miracast_cancel_message(session, near - 8 + roll(32));
			g_assert_true(!ret || ret == -ENOENT);
			if (!ret)
				count(&stress.cancels);
			break;
		case 14:
			ret = miracast_session_io_control(session, 1, 0, NULL, 0, out,
							  sizeof(out), &bytes);
			g_assert_true(!ret || ret == -ENODEV || ret == -ESHUTDOWN);
			break;
		default:
			sched_yield();
		}
		miracast_session_put(session);
	}
	g_rand_free(rng);
	return NULL;
}

/* ----------------------------------------------------------------- readers */

struct reader {
	guint number;
	pthread_t thread;
	struct miracast_session *session;
	u64 last;
	struct { u64 id; u32 out_max; } backlog[8];
	guint n_backlog;
};

static void dawdle(void *data)
{
	if (!roll(8))
		sched_yield();
}

/* The reply to an entry of the backlog, R52: to any. */
static void reply_one(struct reader *reader)
{
	struct {
		struct miracast_reply head;
		u8 data[MAX_OUT];
	} write;
	guint i = roll(reader->n_backlog);
	gsize bytes = roll(reader->backlog[i].out_max + 1);
	u64 id = reader->backlog[i].id;
	ssize_t ret;

	if (!roll(8))
		bytes = 0;
	write.head = (struct miracast_reply) { .header_len = sizeof(write.head), .id = id };
	write.head.status = bytes || roll(2) ? 0 : -EIO;
	write.head.len = sizeof(write.head) + bytes;
	for (gsize j = 0; j < bytes; j++)
		write.data[j] = reply_byte(id, j);
	if (!roll(8))
		kernel_shim_user.good = roll(write.head.len);
	ret = relay_write(reader->session, &write, write.head.len);
	kernel_shim_user.good = SIZE_MAX;
	if (ret == -EFAULT) {
		count(&stress.faults);
		return;
	}
	reader->backlog[i] = reader->backlog[--reader->n_backlog];
	if (ret == -ENOENT || ret == -ENODEV) {
		count(&stress.late_replies);
		return;
	}
	g_assert_cmpint(ret, ==, write.head.len);
	count(&stress.replies);
}

static void check_record(struct reader *reader, const struct miracast_record *record,
			 gssize len)
{
	const u8 *in = (const u8 *)(record + 1);

	g_assert_cmpint(len, ==, record->len);
	g_assert_cmpuint(record->id, !=, 0);
	count(&stress.records);
	if (record->type == MIRACAST_REC_CANCEL) {
		g_assert_cmpuint(record->len, ==, sizeof(*record));
		for (guint i = 0; i < reader->n_backlog; i++)
			if (reader->backlog[i].id == record->id && roll(2)) {
				reader->backlog[i] = reader->backlog[--reader->n_backlog];
				break;
			}
		return;
	}
	g_assert_cmpuint(record->type, ==, MIRACAST_REC_MESSAGE);
	len -= sizeof(*record);
	for (gssize i = 0; i < len; i++)
		g_assert_cmpuint(in[i], ==, len);
	if (stress.mode != READERS_FAULT) {
		g_assert_cmpuint(record->id, >, reader->last);
		reader->last = record->id;
	}
	reader->backlog[reader->n_backlog].id = record->id;
	reader->backlog[reader->n_backlog++].out_max = record->out_max;
}

static void read_one(struct reader *reader)
{
	struct {
		struct miracast_record head;
		u8 in[MAX_IN];
	} read;
	/* Who waits with a reply owed might wait for ever. */
	bool nonblock = reader->n_backlog || roll(2);
	gsize size = sizeof(read);
	ssize_t ret;

	if (stress.mode != READERS_WITHOUT_FAULTS && !roll(3))
		kernel_shim_user.good = roll(sizeof(read));
	if (!roll(10))
		size = roll(sizeof(read));
	ret = relay_read(reader->session, &read, size, nonblock);
	kernel_shim_user.good = SIZE_MAX;
	if (ret >= 0) {
		check_record(reader, &read.head, ret);
		return;
	}
	switch (ret) {
	case -EFAULT:
		count(&stress.faults);
		break;
	case -EAGAIN:
		g_assert_true(nonblock);
		sched_yield();
		break;
	case -ENODEV:
		miracast_session_put(reader->session);
		reader->session = NULL;
		break;
	default:
		g_assert_cmpint(ret, ==, -EMSGSIZE);
		g_assert_cmpuint(size, <, sizeof(read));
	}
}

static void *reader_loop(void *data)
{
	struct reader *reader = data;

	rng = g_rand_new_with_seed(stress.seed + 100 + reader->number);
	kernel_shim_user.copying = dawdle;
	while (!stopped(&stress.stop_readers)) {
		if (!reader->session) {
			reader->session = session_get();
			reader->last = 0;
			reader->n_backlog = 0;
			sched_yield();
			continue;
		}
		if (stress.mode == ONE_READER_FAULTS && reader->number) {
			/* The others leave it to one, but answer what is not theirs. */
			reader->backlog[0].id = get(&stress.records) / 2 + roll(50);
			reader->backlog[0].out_max = 0;
			reader->n_backlog = 1;
			reply_one(reader);
			reader->n_backlog = 0;
			if (miracast_session_dead(reader->session)) {
				miracast_session_put(reader->session);
				reader->session = NULL;
			}
			sched_yield();
			continue;
		}
		if (reader->n_backlog < G_N_ELEMENTS(reader->backlog) &&
		    (!reader->n_backlog || roll(2)))
			read_one(reader);
		else
			reply_one(reader);
	}
	if (reader->session)
		miracast_session_put(reader->session);
	g_rand_free(rng);
	return NULL;
}

/* --------------------------------------------- time, states, life, the end */

static void *worker(void *data)
{
	rng = g_rand_new_with_seed(stress.seed + 200);
	while (!stopped(&stress.stop_readers)) {
		kernel_shim_advance(roll(3));
		if (!kernel_shim_run_work())
			sched_yield();
	}
	while (kernel_shim_run_work())
		;
	g_rand_free(rng);
	return NULL;
}

static void *mover(void *data)
{
	static const enum miracast_session_op ops[] = {
		MIRACAST_SESSION_BEGIN_START, MIRACAST_SESSION_END_START,
		MIRACAST_SESSION_BEGIN_START, MIRACAST_SESSION_END_START,
		MIRACAST_SESSION_FAIL_START, MIRACAST_SESSION_BEGIN_STOP,
		MIRACAST_SESSION_END_STOP, MIRACAST_SESSION_END_STOP,
	};
	static const struct miracast_report_status report = {
		.status = MIRACAST_STATUS_MISSING_KEEPALIVE,
	};

	rng = g_rand_new_with_seed(stress.seed + 300);
	while (!stopped(&stress.stop_drivers)) {
		struct miracast_session *session = session_get();
		enum miracast_state state;
		guint naps;
		int ret;

		if (!session) {
			sched_yield();
			continue;
		}
		state = miracast_session_state(session);
		if (!roll(20))
			ret = miracast_session_report_status(session, &report);
		else
			ret = relay_session(session, ops[roll(G_N_ELEMENTS(ops))]);
		g_assert_true(!ret || ret == -EBUSY || ret == -ESHUTDOWN || ret == -ENODEV);
		if (!ret)
			count(&stress.starts);
		miracast_session_put(session);
		/* Most of the time messages should flow. */
		naps = state == MIRACAST_STATE_STARTED ? roll(200) : roll(4);
		while (naps--)
			sched_yield();
	}
	g_rand_free(rng);
	return NULL;
}

static void replace_session(void)
{
	struct miracast_session *old, *new;

	pthread_mutex_lock(&stress.mutex);
	old = stress.session;
	if (roll(2))
		stress.session = NULL;
	pthread_mutex_unlock(&stress.mutex);

	/* From outside first, R23, or by close of the sink fd alone. */
	if (old && roll(2))
		miracast_target_destroy_session(stress.driver.target);
	pthread_mutex_lock(&stress.mutex);
	stress.session = NULL;
	pthread_mutex_unlock(&stress.mutex);
	if (old)
		relay_close(old);

	new = relay_open(&stress.driver);
	g_assert_false(IS_ERR(new));
	count(&stress.sessions);
	pthread_mutex_lock(&stress.mutex);
	stress.session = new;
	pthread_mutex_unlock(&stress.mutex);
}

static void *destroyer(void *data)
{
	rng = g_rand_new_with_seed(stress.seed + 400);
	while (!stopped(&stress.stop_drivers)) {
		usleep(roll(20000));
		replace_session();
	}
	g_rand_free(rng);
	return NULL;
}

/* Everybody but the readers has gone: they must get, and answer, what is sent now. */
static void drain(void)
{
	gint left = 0;

	relay_session(stress.session, MIRACAST_SESSION_END_START);
	relay_stop(stress.session);
	g_assert_cmpint(relay_start(stress.session), ==, 0);
	for (guint i = 0; i < DRAIN; i++) {
		__atomic_fetch_add(&left, 1, __ATOMIC_RELAXED);
		while (send_one(stress.session, 3, 0, &left) == -ENOBUFS)
			sched_yield();
		if (!roll(10))
			usleep(roll(300));
	}
	for (guint ms = 0; __atomic_load_n(&left, __ATOMIC_ACQUIRE); ms++) {
		if (ms > 30000)
			g_error("%d messages wait, %u threads sleep: a wake-up was lost", left,
				kernel_shim_sleepers());
		usleep(1000);
	}
}

static void run_mode(enum reader_mode mode, gdouble seconds)
{
	struct reader readers[3] = { { .number = 0 }, { .number = 1 }, { .number = 2 } };
	pthread_t drivers[4], work;

	stress.mode = mode;
	stress.stop_drivers = 0;
	stress.stop_readers = 0;
	relay_driver_init(&stress.driver);
	replace_session();
	for (guint i = 0; i < G_N_ELEMENTS(readers); i++)
		pthread_create(&readers[i].thread, NULL, reader_loop, &readers[i]);
	pthread_create(&work, NULL, worker, NULL);
	pthread_create(&drivers[0], NULL, sender, GUINT_TO_POINTER(1));
	pthread_create(&drivers[1], NULL, sender, GUINT_TO_POINTER(2));
	pthread_create(&drivers[2], NULL, mover, NULL);
	pthread_create(&drivers[3], NULL, destroyer, NULL);

	g_usleep(seconds * G_USEC_PER_SEC);
	__atomic_store_n(&stress.stop_drivers, 1, __ATOMIC_RELEASE);
	/* A start in progress holds up I/O control until somebody moves on. */
	for (guint i = 2; i < 4; i++)
		pthread_join(drivers[i], NULL);
	relay_session(stress.session, MIRACAST_SESSION_END_START);
	for (guint i = 0; i < 2; i++)
		pthread_join(drivers[i], NULL);

	drain();
	__atomic_store_n(&stress.stop_readers, 1, __ATOMIC_RELEASE);
	relay_close(stress.session);
	for (guint i = 0; i < G_N_ELEMENTS(readers); i++)
		pthread_join(readers[i].thread, NULL);
	pthread_join(work, NULL);
	stress.session = NULL;
	relay_driver_exit(&stress.driver);

	g_assert_cmpuint(stress.accepted, ==, stress.completed);
	g_assert_cmpuint(kernel_shim_sleepers(), ==, 0);
}

static void test_threads(gconstpointer data)
{
	const char *seconds = g_getenv("RELAY_SECONDS") ?: "2";
	guint64 before = stress.completed, done = stress.statuses[0];

	rng = g_rand_new_with_seed(stress.seed);
	alarm(120 + g_ascii_strtod(seconds, NULL));
	run_mode(GPOINTER_TO_UINT(data), g_ascii_strtod(seconds, NULL) / N_MODES);
	alarm(0);
	g_rand_free(rng);

	/* Else the test has tested nothing. */
	g_assert_cmpuint(stress.completed, >, before + DRAIN);
	g_assert_cmpuint(stress.statuses[0], >, done);
	g_test_message("%" G_GUINT64_FORMAT " accepted: %" G_GUINT64_FORMAT " replied, %"
		       G_GUINT64_FORMAT " cancelled, %" G_GUINT64_FORMAT " shut down, %"
		       G_GUINT64_FORMAT " timed out; %" G_GUINT64_FORMAT " records, %"
		       G_GUINT64_FORMAT " late replies, %" G_GUINT64_FORMAT " faults, %"
		       G_GUINT64_FORMAT " state changes, %" G_GUINT64_FORMAT " sessions",
		       stress.accepted, stress.statuses[0], stress.statuses[1],
		       stress.statuses[2], stress.statuses[3], stress.records,
		       stress.late_replies, stress.faults, stress.starts, stress.sessions);
}

int main(int argc, char *argv[])
{
	g_test_init(&argc, &argv, NULL);
	stress.seed = g_ascii_strtoull(g_getenv("RELAY_SEED") ?: "1", NULL, 10) * 1000;
	g_test_add_data_func("/relay/threads/R43-R52-one-reader-faults",
			     GUINT_TO_POINTER(ONE_READER_FAULTS), test_threads);
	g_test_add_data_func("/relay/threads/R43-R52-readers",
			     GUINT_TO_POINTER(READERS_WITHOUT_FAULTS), test_threads);
	g_test_add_data_func("/relay/threads/R43-R52-readers-fault",
			     GUINT_TO_POINTER(READERS_FAULT), test_threads);
	return g_test_run();
}
