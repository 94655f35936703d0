// SPDX-License-Identifier: GPL-2.0-only
/*
 * relay-bench latency | throughput | trace WAY COUNT PAYLOAD
 *
 * Round trips of a message of the relay, and of the same exchange over a pair of
 * pipes, generic netlink and FUSE. Prints one JSON object a line. With trace,
 * the kernel's tracing is on during COUNT round trips and nothing else.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "relay_ends.h"

#define REPETITIONS	5
#define ROUND_TRIPS	400	/* in a repetition */
#define WARM_UP		100

/* Beside those of the kernel's end. */
enum {
	/* Two tasks of user space, as pipes are used; the others begin in the kernel. */
	WAY_THREADS = MIRACAST_BENCH_FILE + 1,
	/* The relay, with a reader that sleeps in poll(). */
	WAY_POLLED,
	WAYS,
};

static const char *const way_names[WAYS] = {
	[MIRACAST_BENCH_RELAY] = "relay",
	[MIRACAST_BENCH_PIPE] = "pipe",
	[MIRACAST_BENCH_NETLINK] = "netlink",
	[MIRACAST_BENCH_FILE] = "fuse",
	[WAY_THREADS] = "pipe-threads",
	[WAY_POLLED] = "relay-polled",
};

static int bench;

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

/* ---------------------------------------------------------------- readers */

struct reader {
	const struct relay_end *end;
	unsigned int work;
	pthread_t thread;
	pid_t tid;
};

static void *reader_thread(void *data)
{
	struct reader *reader = data;

	__atomic_store_n(&reader->tid, (pid_t)syscall(SYS_gettid), __ATOMIC_RELEASE);
	while (relay_end_answer(reader->end, reader->work))
		;
	return NULL;
}

static void reader_start(struct reader *reader, const struct relay_end *end,
			 unsigned int work)
{
	*reader = (struct reader) { .end = end, .work = work };
	if (pthread_create(&reader->thread, NULL, reader_thread, reader))
		errx(2, "no thread");
	while (!__atomic_load_n(&reader->tid, __ATOMIC_ACQUIRE))
		usleep(1000);
}

static void reader_stop(struct reader *reader)
{
	pthread_cancel(reader->thread);
	pthread_join(reader->thread, NULL);
}

/* ------------------------------------------------------------ round trips */

static uint64_t run_threads(const struct relay_end *end, uint32_t count,
			    uint32_t *samples)
{
	uint8_t data[MIRACAST_BENCH_MAX_PAYLOAD] = {};
	uint64_t begin = now_ns(), before = begin, after = begin;

	for (uint32_t i = 0; i < count; i++) {
		if (write(end->fd_to, data, end->payload) != end->payload ||
		    read(end->fd_from, data, end->payload) != end->payload)
			err(2, "pipe");
		after = now_ns();
		if (samples)
			samples[i] = (uint32_t)(after - before);
		before = after;
	}
	return after - begin;
}

/* Returns the time of all of them. */
static uint64_t run(uint32_t way, const struct relay_end *end, uint32_t count,
		    uint32_t *samples)
{
	struct miracast_bench_run request = {
		.way = end->way, .count = count, .payload = end->payload,
		.fd_to = end->fd_to, .fd_from = end->fd_from,
		.samples_ptr = (uintptr_t)samples,
	};

	if (way == WAY_THREADS)
		return run_threads(end, count, samples);
	if (ioctl(bench, MIRACAST_BENCH_IOC_RUN, &request))
		err(2, "round trips by %s", way_names[way]);
	return request.total_ns;
}

static void end_open(struct relay_end *end, uint32_t way, uint32_t payload)
{
	static const uint32_t kernel_way[WAYS] = {
		MIRACAST_BENCH_RELAY, MIRACAST_BENCH_PIPE, MIRACAST_BENCH_NETLINK,
		MIRACAST_BENCH_FILE,
		[WAY_THREADS] = MIRACAST_BENCH_PIPE, [WAY_POLLED] = MIRACAST_BENCH_RELAY,
	};

	relay_end_open(end, kernel_way[way], payload, way == WAY_POLLED);
}

/* ---------------------------------------------------------------- latency */

static int compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static void pin(pthread_t thread, int cpu)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(cpu, &cpus);
	if (pthread_setaffinity_np(thread, sizeof(cpus), &cpus))
		errx(2, "cannot run on processor %d", cpu);
}

static void latency_one(uint32_t way, uint32_t payload, int cpus, unsigned int repetition)
{
	static uint32_t samples[ROUND_TRIPS];
	struct reader reader;
	struct relay_end end;

	end_open(&end, way, payload);
	reader_start(&reader, &end, 0);
	pin(pthread_self(), 0);
	pin(reader.thread, cpus - 1);

	run(way, &end, WARM_UP, NULL);
	run(way, &end, ROUND_TRIPS, samples);
	qsort(samples, ROUND_TRIPS, sizeof(samples[0]), compare);
	printf("{\"what\": \"latency\", \"way\": \"%s\", \"cpus\": %d, \"payload\": %u, "
	       "\"repetition\": %u, \"median_ns\": %u, \"p95_ns\": %u}\n",
	       way_names[way], cpus, payload, repetition,
	       samples[ROUND_TRIPS / 2], samples[ROUND_TRIPS * 95 / 100]);
	fflush(stdout);

	relay_end_hang_up(&end);
	reader_stop(&reader);
	relay_end_close(&end);
}

/* What a call costs that has nothing to do: what one call less would save. */
static void empty_call(void)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	uint64_t begin = now_ns();
	char byte;

	for (int i = 0; i < 10000; i++)
		if (read(null, &byte, 1))
			err(2, "/dev/null");
	printf("{\"what\": \"empty-call\", \"ns\": %llu}\n",
	       (unsigned long long)(now_ns() - begin) / 10000);
	close(null);
}

/* All ways in each repetition, so that what disturbs one disturbs all. */
static void latency(void)
{
	static const uint32_t payloads[] = { 64, MIRACAST_BENCH_MAX_PAYLOAD };

	empty_call();
	for (unsigned int i = 0; i < REPETITIONS; i++)
		for (int payload = 0; payload < 2; payload++)
			for (int cpus = 1; cpus <= 2; cpus++)
				for (uint32_t way = 0; way < WAYS; way++)
					latency_one((way + i) % WAYS, payloads[payload], cpus, i);
}

/* ------------------------------------------------------------- throughput */

#define SENDERS		4
#define MAX_READERS	4
#define WORK_NS		1000000
#define TRIPS_OF_ONE	200

static void *sender_thread(void *data)
{
	run(MIRACAST_BENCH_RELAY, data, TRIPS_OF_ONE, NULL);
	return NULL;
}

static void throughput_one(unsigned int num_readers, bool polled, unsigned int work,
			   unsigned int repetition)
{
	struct reader readers[MAX_READERS];
	pthread_t senders[SENDERS];
	struct relay_end end;
	uint64_t begin, took;

	relay_end_open(&end, MIRACAST_BENCH_RELAY, 64, polled);
	for (unsigned int i = 0; i < num_readers; i++)
		reader_start(&readers[i], &end, work);
	run(MIRACAST_BENCH_RELAY, &end, 20, NULL);

	begin = now_ns();
	for (int i = 0; i < SENDERS; i++)
		if (pthread_create(&senders[i], NULL, sender_thread, &end))
			errx(2, "no thread");
	for (int i = 0; i < SENDERS; i++)
		pthread_join(senders[i], NULL);
	took = now_ns() - begin;

	relay_end_hang_up(&end);
	for (unsigned int i = 0; i < num_readers; i++)
		reader_stop(&readers[i]);
	relay_end_close(&end);
	printf("{\"what\": \"throughput\", \"readers\": %u, \"polled\": %s, \"work\": %s, "
	       "\"repetition\": %u, \"messages\": %u, \"ns\": %llu}\n",
	       num_readers, polled ? "true" : "false", work ? "true" : "false", repetition,
	       SENDERS * TRIPS_OF_ONE, (unsigned long long)took);
	fflush(stdout);
}

/* Turns of burn() that take WORK_NS. */
static unsigned int calibrate(void)
{
	uint64_t best = UINT64_MAX;

	for (int i = 0; i < 10; i++) {
		uint64_t begin = now_ns(), took;

		burn(100000);
		took = now_ns() - begin;
		if (took < best)
			best = took;
	}
	return (unsigned int)(100000ULL * WORK_NS / best);
}

static void throughput(void)
{
	static const unsigned int nums[] = { 1, 2, 4 };
	unsigned int work = calibrate();

	for (unsigned int i = 0; i < REPETITIONS; i++)
		for (int n = 0; n < 3; n++)
			for (int polled = 0; polled < 2; polled++) {
				throughput_one(nums[n], polled, 0, i);
				throughput_one(nums[n], polled, work, i);
			}
}

/* ------------------------------------------------------------------ trace */

static void tracing(const char *on)
{
	int fd = open("/sys/kernel/tracing/tracing_on", O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, on, 1) != 1)
		err(2, "tracing_on");
	close(fd);
}

static void trace(const char *name, uint32_t count, uint32_t payload)
{
	struct relay_end end;
	struct reader reader;
	uint32_t way = 0;

	while (way < WAYS && strcmp(name, way_names[way]))
		way++;
	if (way == WAYS)
		errx(2, "no way is called %s", name);
	end_open(&end, way, payload);
	reader_start(&reader, &end, 0);
	run(way, &end, WARM_UP, NULL);
	tracing("1");
	run(way, &end, count, NULL);
	tracing("0");
	printf("{\"what\": \"tasks\", \"sender\": %ld, \"reader\": %d}\n",
	       syscall(SYS_gettid), reader.tid);

	relay_end_hang_up(&end);
	reader_stop(&reader);
	relay_end_close(&end);
}

int main(int argc, char **argv)
{
	bench = open("/dev/miracast_bench", O_RDWR | O_CLOEXEC);
	if (bench < 0)
		err(2, "/dev/miracast_bench");

	if (argc == 2 && !strcmp(argv[1], "latency")) {
		latency();
	} else if (argc == 2 && !strcmp(argv[1], "throughput")) {
		throughput();
	} else if (argc == 5 && !strcmp(argv[1], "trace")) {
		trace(argv[2], (uint32_t)atoi(argv[3]), (uint32_t)atoi(argv[4]));
	} else {
		errx(2, "usage: relay-bench latency | throughput | trace WAY COUNT PAYLOAD");
	}

	return 0;
}
