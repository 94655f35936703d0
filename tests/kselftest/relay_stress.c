// SPDX-License-Identifier: GPL-2.0-only
/*
 * Everything at once: senders and cancellers, threads that answer, processes
 * that answer and are killed, sessions that start, stop, are destroyed and
 * opened anew, at random. The books of the test driver say what became of each
 * message: it completed once, and before its session's end.
 *
 *	MIRACAST_STRESS_SEED=N		the same chances again, as far as the
 *					scheduler allows (default: the time)
 *	MIRACAST_STRESS_MESSAGES=N	go on until so many have been accepted
 *					(default: for 10 s)
 */

#include "miracast_memory.h"

#define NUM_SENDERS	4
#define NUM_REPLIERS	4
#define NUM_THREADS	(NUM_SENDERS + NUM_REPLIERS)
#define NUM_PROCESSES	2
#define SHORT_MS	10000
#define REPORT_MS	10000

/* What a process replies, which may be killed before it could count. */
#define PROCESS_STATUS	(-EDOM)

struct stress {
	struct relay r;
	atomic_bool stop;
	atomic_int sink;
	atomic_ullong replied;
	unsigned int starts, stops, destroys, kills;
};

struct chance {
	struct stress *stress;
	unsigned int seed;
};

static unsigned int chance(unsigned int *seed, unsigned int below)
{
	return (unsigned int)rand_r(seed) % below;
}

/* ---------------------------------------------------------------- threads */

/* Small messages mostly, with any options, some of them cancelled. */
static void *send_thread(void *arg)
{
	struct chance *my = arg;
	int test = my->stress->r.test;

	while (!my->stress->stop) {
		struct miracast_test_send send = {
			.flags = MIRACAST_TEST_FORGET,
			.in_len = chance(&my->seed, 8) ? chance(&my->seed, 200) :
							 chance(&my->seed, 10000),
			.out_max = chance(&my->seed, 8) ? chance(&my->seed, 200) :
							  chance(&my->seed, 10000),
			.timeout_ms = chance(&my->seed, 4) ? 0 :
							     1 + chance(&my->seed, 5),
			.count = 1 + chance(&my->seed, 32),
			.resend = !chance(&my->seed, 8),
		};
		int ret = dev_ioctl(test, MIRACAST_TEST_IOC_SEND, &send);

		/* Cancel the last, whatever became of it. */
		if (!chance(&my->seed, 4))
			test_cancel(test, send.id);
		/* No room: a sender must not spin. */
		if (ret)
			sleep_ms(1);
	}
	return NULL;
}

/*
 * Read one record and answer it; false when there was none. Adds to @taken how
 * many replies were taken. Some records are never answered, some wrongly, as
 * the next one, and some twice.
 */
static bool answer(int sink, struct record *record, int status, unsigned int *seed,
		   unsigned int *taken)
{
	bool payload = !status && chance(seed, 2);
	__u64 id;

	if (sink_read(sink, record) <= 0)
		return false;
	if (record->head.type != MIRACAST_REC_MESSAGE || !chance(seed, 64))
		return true;
	id = record->head.id;
	if (!chance(seed, 64))
		*taken += sink_reply(sink, id + 1, status, NULL, 0) > 0;
	*taken += sink_reply(sink, id, status, record->data,
			     payload ? record->head.out_max : 0) > 0;
	if (!chance(seed, 64))
		*taken += sink_reply(sink, id, status, NULL, 0) > 0;

	return true;
}

static void *reply_thread(void *arg)
{
	struct record *record = malloc(sizeof(*record));
	struct chance *my = arg;
	unsigned int taken = 0;

	while (!my->stress->stop) {
		int sink = my->stress->sink;

		if (!answer(sink, record, 0, &my->seed, &taken))
			fd_poll(sink, POLLIN, 5);
	}
	my->stress->replied += taken;
	free(record);
	return NULL;
}

/* Ends with its session, or by a signal at any moment. */
static void reply_process(int sink, unsigned int seed)
{
	struct record *record = malloc(sizeof(*record));
	unsigned int taken = 0;

	do {
		while (answer(sink, record, PROCESS_STATUS, &seed, &taken))
			;
	} while (!(fd_poll(sink, POLLIN, 1000) & (POLLHUP | POLLNVAL)));
	_exit(0);
}

/* ---------------------------------------------------------- what goes wrong */

static void start_process(struct stress *stress, pid_t *child, unsigned int *seed)
{
	*child = fork();
	if (!*child) {
		close(stress->r.broker);
		reply_process(stress->sink, chance(seed, 1000000));
	}
}

static void kill_process(struct stress *stress, pid_t child)
{
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	stress->kills++;
}

/* Threads use the number of the last sink until they see the new one: keep it. */
static void open_session(struct __test_metadata *_metadata, struct stress *stress)
{
	struct relay *relay = &stress->r;

	relay->sink = broker_open_sink(relay->broker, relay->target,
				       MIRACAST_OPEN_NONBLOCK);
	ASSERT_LE(0, relay->sink);
	ASSERT_LE(0, dup2(relay->sink, stress->sink));
	close(relay->sink);
	relay->sink = stress->sink;
}

/* The session ends, by one of all the ways, and another one begins. */
static void new_session(struct __test_metadata *_metadata, struct stress *stress,
			unsigned int *seed)
{
	struct relay *relay = &stress->r;
	struct miracast_target_info info;

	if (!chance(seed, 4)) {
		ASSERT_EQ(0, test_bind(relay->test, 0, 0));
		ASSERT_EQ(0, test_bind(relay->test, 0, 1));
		relay->target = broker_find(relay->broker, 0, &info);
	} else {
		ASSERT_EQ(0, broker_destroy_sink(relay->broker, relay->target));
	}
	open_session(_metadata, stress);
	stress->destroys++;
}

static void stop_session(struct __test_metadata *_metadata, struct stress *stress,
			 unsigned int *seed)
{
	struct miracast_report_status report = { 0 };

	if (!chance(seed, 2)) {
		ASSERT_EQ(0, dev_ioctl(stress->sink, MIRACAST_IOC_REPORT_STATUS,
				       &report));
	}
	ASSERT_EQ(0, sink_op(stress->sink, MIRACAST_SESSION_BEGIN_STOP, 0, 0));
	if (chance(seed, 2))
		sleep_ms(chance(seed, 3));
	ASSERT_EQ(0, sink_op(stress->sink, MIRACAST_SESSION_END_STOP, 0, 0));
	stress->stops++;
}

static void start_session(struct __test_metadata *_metadata, struct stress *stress,
			  unsigned int *seed)
{
	ASSERT_EQ(0, sink_op(stress->sink, MIRACAST_SESSION_BEGIN_START, 0, 0));
	if (chance(seed, 2))
		sleep_ms(chance(seed, 3));
	if (!chance(seed, 8)) {
		ASSERT_EQ(0, sink_op(stress->sink, MIRACAST_SESSION_FAIL_START, 0,
				     -EIO));
		ASSERT_EQ(0, sink_op(stress->sink, MIRACAST_SESSION_END_STOP, 0, 0));
		ASSERT_EQ(0, sink_op(stress->sink, MIRACAST_SESSION_BEGIN_START, 0, 0));
	}
	ASSERT_EQ(0, sink_op(stress->sink, MIRACAST_SESSION_END_START, 0, 0));
	stress->starts++;
}

/* ------------------------------------------------------------------- books */

static unsigned long long number(const char *variable, unsigned long long fallback)
{
	const char *words = getenv(variable);

	return words && *words ? strtoull(words, NULL, 0) : fallback;
}

/* Bytes in the slabs that messages and sessions come from. */
static long slab_bytes(void)
{
	FILE *file = fopen("/proc/slabinfo", "r");
	unsigned long objects, size, bytes = 0;
	char line[512], name[64];

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "%63s %lu %*u %lu", name, &objects, &size) == 3 &&
		    !strncmp(name, "kmalloc", 7))
			bytes += objects * size;
	if (file)
		fclose(file);

	return (long)bytes;
}

static void report(struct stress *stress, __u64 start,
		   const struct miracast_test_stats *stats)
{
	const struct miracast_test_ends *ends = &stats->ends;
	unsigned long long ms = now_ms() - start;

	printf("# %llu messages in %llu.%llu s\n", stats->accepted, ms / 1000,
	       ms / 100 % 10);
	printf("#   answered by threads %llu, by processes %llu\n", ends->replied,
	       ends->failed);
	printf("#   cancelled %llu, timed out %llu, shut out %llu\n", ends->cancelled,
	       ends->timed_out, ends->shut_down);
	printf("#   %u starts, %u stops, %u ends of sessions, %u processes killed\n",
	       stress->starts, stress->stops, stress->destroys, stress->kills);
	fflush(stdout);
}

/* Go on for this long, or until there were so many messages. */
static void run(struct __test_metadata *_metadata, struct stress *stress,
		unsigned int seed, unsigned int ms, unsigned long long messages)
{
	struct chance my[NUM_THREADS];
	__u64 start = now_ms(), reported = start;
	struct miracast_test_stats stats;
	pthread_t thread[NUM_THREADS];
	pid_t child[NUM_PROCESSES];
	int i;

	stress->stop = false;
	start_session(_metadata, stress, &seed);
	for (i = 0; i < NUM_THREADS; i++) {
		my[i] = (struct chance) { .stress = stress, .seed = seed + i };
		ASSERT_EQ(0, pthread_create(&thread[i], NULL, i < NUM_SENDERS ?
					    send_thread : reply_thread, &my[i]));
	}
	for (i = 0; i < NUM_PROCESSES; i++)
		start_process(stress, &child[i], &seed);

	do {
		sleep_ms(1 + chance(&seed, 40));
		if (!chance(&seed, 4)) {
			i = (int)chance(&seed, NUM_PROCESSES);
			kill_process(stress, child[i]);
			start_process(stress, &child[i], &seed);
		}
		if (chance(&seed, 4)) {
			stop_session(_metadata, stress, &seed);
		} else {
			new_session(_metadata, stress, &seed);
			/* Those of the old one have nobody to talk to. */
			for (i = 0; i < NUM_PROCESSES; i++) {
				kill_process(stress, child[i]);
				start_process(stress, &child[i], &seed);
			}
		}
		start_session(_metadata, stress, &seed);

		ASSERT_EQ(0, test_stats(stress->r.test, &stats));
		if (now_ms() - reported > REPORT_MS) {
			report(stress, start, &stats);
			reported = now_ms();
		}
	} while (messages ? stats.accepted < messages : now_ms() - start < ms);

	stress->stop = true;
	for (i = 0; i < NUM_THREADS; i++)
		pthread_join(thread[i], NULL);
	for (i = 0; i < NUM_PROCESSES; i++)
		kill_process(stress, child[i]);
	/* The end of the context completes what is left. */
	new_session(_metadata, stress, &seed);
	ASSERT_EQ(0, test_stats(stress->r.test, &stats));
	report(stress, start, &stats);
}

/* Nothing lost, nothing doubled, nothing late. */
static void check_books(struct __test_metadata *_metadata, struct stress *stress)
{
	struct miracast_test_stats stats;
	struct miracast_test_ends *ends = &stats.ends;

	ASSERT_EQ(0, test_stats(stress->r.test, &stats));
	EXPECT_EQ(stats.accepted, stats.completed);
	EXPECT_EQ(stats.completed, ends->replied + ends->failed + ends->cancelled +
				   ends->timed_out + ends->shut_down);
	EXPECT_EQ(0, stats.duplicates);
	EXPECT_EQ(0, stats.late_calls);
	EXPECT_EQ(0, stats.outstanding_at_destroy);
	/* Every reply that write() took reached its sender, and no other did. */
	EXPECT_EQ(stress->replied, ends->replied);
}

/* Everybody has had a part in it. */
static void check_shares(struct __test_metadata *_metadata, struct stress *stress)
{
	struct miracast_test_stats stats;
	struct miracast_test_ends *ends = &stats.ends;

	ASSERT_EQ(0, test_stats(stress->r.test, &stats));
	EXPECT_LT(stats.accepted / 10, ends->replied);
	EXPECT_LT(0, ends->failed);
	EXPECT_LT(0, ends->cancelled);
	EXPECT_LT(0, ends->timed_out);
	EXPECT_LT(0, ends->shut_down);
}

/* New books, and what the old ones have kept is freed. */
static void clear_books(struct __test_metadata *_metadata, struct stress *stress)
{
	ASSERT_EQ(0, broker_destroy_sink(stress->r.broker, stress->r.target));
	ASSERT_EQ(0, test_setup(stress->r.test, 0, 0, 0));
	stress->replied = 0;
	stress->starts = 0;
	stress->stops = 0;
	stress->destroys = 0;
	stress->kills = 0;
}

FIXTURE(stress) {
	struct stress stress;
};

FIXTURE_SETUP(stress)
{
	relay_open(_metadata, &self->stress.r);
	self->stress.sink = self->stress.r.sink;
}

FIXTURE_TEARDOWN(stress)
{
	relay_check_usable(_metadata, &self->stress.r);
	relay_close(_metadata, &self->stress.r);
}

TEST_F_TIMEOUT(stress, R40_R43_exactly_once_whoever_dies, 3600)
{
	unsigned long long messages = number("MIRACAST_STRESS_MESSAGES", 0);
	unsigned int seed = (unsigned int)number("MIRACAST_STRESS_SEED", now_ms());
	struct stress *stress = &self->stress;
	long users, test_users, slab;

	printf("# MIRACAST_STRESS_SEED=%u\n", seed);
	fflush(stdout);

	/* What the first run leaves in caches is no leak. */
	run(_metadata, stress, seed, 1000, 0);
	check_books(_metadata, stress);
	clear_books(_metadata, stress);
	users = module_users("miracast");
	test_users = module_users("miracast_test");
	slab = slab_bytes();
	ASSERT_LT(0, users);

	open_session(_metadata, stress);
	run(_metadata, stress, seed + 1000, SHORT_MS, messages);
	check_books(_metadata, stress);
	check_shares(_metadata, stress);
	clear_books(_metadata, stress);
	EXPECT_EQ(users, module_users("miracast"));
	EXPECT_EQ(test_users, module_users("miracast_test"));
	/*
	 * One message in some hundred, one session in ten would show. KASAN keeps
	 * what is freed for a while; kmemleak knows better then, and is asked.
	 */
	slab = slab_bytes() - slab;
	TH_LOG("%ld KiB more in slabs", slab / 1024);
	if (access("/sys/kernel/debug/kmemleak", F_OK))
		EXPECT_GT(1024 * 1024, slab);
	open_session(_metadata, stress);
}

TEST_HARNESS_MAIN
