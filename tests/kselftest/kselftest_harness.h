/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The part of the kernel's tools/testing/selftests/kselftest_harness.h that the
 * tests here use, with its names, so that they build out of a kernel tree, too.
 * In a kernel tree its own header is found instead of this one.
 *
 * Each test runs in a process of its own, in a process group of its own, and is
 * killed after its time. ASSERT_* ends the test, its teardown still runs;
 * EXPECT_* goes on. Both only in the thread that the test began in. Output is
 * TAP.
 */
#ifndef _KSELFTEST_HARNESS_H
#define _KSELFTEST_HARNESS_H

#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define TEST_TIMEOUT_DEFAULT	30	/* seconds */

struct __test_metadata {
	const char *fixture;
	const char *name;
	void (*run)(struct __test_metadata *_metadata);
	int timeout;
	bool failed;
	bool skipped;
	jmp_buf abort;
	struct __test_metadata *next;
};

static struct __test_metadata *__tests, **__tests_end = &__tests;

#define TH_LOG(fmt, ...) \
	printf("# %s:%d:%s: " fmt "\n", __FILE__, __LINE__, _metadata->name, \
	       ##__VA_ARGS__)

#define SKIP(statement, fmt, ...) do { \
	TH_LOG("SKIP " fmt, ##__VA_ARGS__); \
	_metadata->skipped = true; \
	statement; \
} while (0)

/* ----------------------------------------------------------------- tests */

#define __REGISTER(_fixture, _name, _run, _timeout) \
	static struct __test_metadata _run##_metadata = { \
		.fixture = _fixture, .name = _name, .run = _run, \
		.timeout = _timeout, \
	}; \
	static void __attribute__((constructor)) _run##_register(void) \
	{ \
		*__tests_end = &_run##_metadata; \
		__tests_end = &_run##_metadata.next; \
	}

#define TEST(test_name) TEST_TIMEOUT(test_name, TEST_TIMEOUT_DEFAULT)
#define TEST_TIMEOUT(test_name, timeout) \
	static void test_name(struct __test_metadata *_metadata); \
	static void __run_##test_name(struct __test_metadata *_metadata) \
	{ \
		if (!setjmp(_metadata->abort)) \
			test_name(_metadata); \
	} \
	__REGISTER("global", #test_name, __run_##test_name, timeout) \
	static void test_name(struct __test_metadata *_metadata \
			      __attribute__((unused)))

#define FIXTURE_DATA(fixture_name) struct __fixture_##fixture_name
#define FIXTURE(fixture_name) FIXTURE_DATA(fixture_name)
#define FIXTURE_SETUP(fixture_name) \
	static void fixture_name##_setup( \
		struct __test_metadata *_metadata __attribute__((unused)), \
		FIXTURE_DATA(fixture_name) *self)
#define FIXTURE_TEARDOWN(fixture_name) \
	static void fixture_name##_teardown( \
		struct __test_metadata *_metadata __attribute__((unused)), \
		FIXTURE_DATA(fixture_name) *self)

#define TEST_F(fixture_name, test_name) \
	TEST_F_TIMEOUT(fixture_name, test_name, TEST_TIMEOUT_DEFAULT)
#define TEST_F_TIMEOUT(fixture_name, test_name, timeout) \
	static void fixture_name##_##test_name( \
		struct __test_metadata *_metadata, \
		FIXTURE_DATA(fixture_name) *self); \
	static void __run_##fixture_name##_##test_name( \
		struct __test_metadata *_metadata) \
	{ \
		static FIXTURE_DATA(fixture_name) self; \
		if (!setjmp(_metadata->abort)) { \
			fixture_name##_setup(_metadata, &self); \
			if (!_metadata->failed && !_metadata->skipped) \
				fixture_name##_##test_name(_metadata, &self); \
		} \
		if (!setjmp(_metadata->abort)) \
			fixture_name##_teardown(_metadata, &self); \
	} \
	__REGISTER(#fixture_name, #test_name, \
		   __run_##fixture_name##_##test_name, timeout) \
	static void fixture_name##_##test_name( \
		struct __test_metadata *_metadata __attribute__((unused)), \
		FIXTURE_DATA(fixture_name) *self __attribute__((unused)))

/* ---------------------------------------------------------------- checks */

static inline void __check_failed(struct __test_metadata *_metadata, bool assert)
{
	fflush(stdout);
	_metadata->failed = true;
	if (assert)
		longjmp(_metadata->abort, 1);
}

#define __CHECK(_expected, _seen, _op, _assert) do { \
	__typeof__(1 ? (_expected) : (_expected)) __exp = (_expected); \
	__typeof__(1 ? (_seen) : (_seen)) __seen = (_seen); \
	if (!(__exp _op __seen)) { \
		TH_LOG("expected %s (%lld) %s %s (%lld)", #_expected, \
		       (long long)(intptr_t)__exp, #_op, #_seen, \
		       (long long)(intptr_t)__seen); \
		__check_failed(_metadata, _assert); \
	} \
} while (0)

#define __CHECK_STR(_expected, _seen, _op, _assert) do { \
	const char *__exp = (_expected), *__seen = (_seen); \
	if (!(strcmp(__exp, __seen) _op 0)) { \
		TH_LOG("expected '%s' %s '%s'", __exp, #_op, __seen); \
		__check_failed(_metadata, _assert); \
	} \
} while (0)

#define ASSERT_EQ(expected, seen) __CHECK(expected, seen, ==, true)
#define ASSERT_NE(expected, seen) __CHECK(expected, seen, !=, true)
#define ASSERT_LT(expected, seen) __CHECK(expected, seen, <, true)
#define ASSERT_LE(expected, seen) __CHECK(expected, seen, <=, true)
#define ASSERT_GT(expected, seen) __CHECK(expected, seen, >, true)
#define ASSERT_GE(expected, seen) __CHECK(expected, seen, >=, true)
#define ASSERT_TRUE(seen) __CHECK(0, !!(seen), !=, true)
#define ASSERT_FALSE(seen) __CHECK(0, !!(seen), ==, true)
#define ASSERT_STREQ(expected, seen) __CHECK_STR(expected, seen, ==, true)
#define EXPECT_EQ(expected, seen) __CHECK(expected, seen, ==, false)
#define EXPECT_NE(expected, seen) __CHECK(expected, seen, !=, false)
#define EXPECT_LT(expected, seen) __CHECK(expected, seen, <, false)
#define EXPECT_LE(expected, seen) __CHECK(expected, seen, <=, false)
#define EXPECT_GT(expected, seen) __CHECK(expected, seen, >, false)
#define EXPECT_GE(expected, seen) __CHECK(expected, seen, >=, false)
#define EXPECT_TRUE(seen) __CHECK(0, !!(seen), !=, false)
#define EXPECT_FALSE(seen) __CHECK(0, !!(seen), ==, false)
#define EXPECT_STREQ(expected, seen) __CHECK_STR(expected, seen, ==, false)

/* ---------------------------------------------------------------- runner */

enum { __TEST_PASS = 0, __TEST_FAIL = 1, __TEST_SKIP = 4 };

static inline int __run_test(struct __test_metadata *t)
{
	struct timespec nap = { .tv_nsec = 10 * 1000 * 1000 };
	struct timespec now, end;
	pid_t child, reaped;
	int status = 0;

	printf("#  RUN           %s.%s ...\n", t->fixture, t->name);
	fflush(stdout);

	child = fork();
	if (child < 0)
		return __TEST_FAIL;
	if (!child) {
		setpgid(0, 0);
		t->run(t);
		fflush(stdout);
		_exit(t->failed ? __TEST_FAIL :
		      t->skipped ? __TEST_SKIP : __TEST_PASS);
	}

	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += t->timeout;
	while (!(reaped = waitpid(child, &status, WNOHANG))) {
		clock_gettime(CLOCK_MONOTONIC, &now);
		if (now.tv_sec >= end.tv_sec) {
			printf("# %s: timed out after %d s\n", t->name, t->timeout);
			kill(-child, SIGKILL);
			kill(child, SIGKILL);
			waitpid(child, &status, 0);
			return __TEST_FAIL;
		}
		nanosleep(&nap, NULL);
	}
	/* What the test has left behind must not meet the next one. */
	kill(-child, SIGKILL);

	if (reaped != child || !WIFEXITED(status)) {
		printf("# %s: ended by signal %d\n", t->name, WTERMSIG(status));
		return __TEST_FAIL;
	}
	return WEXITSTATUS(status);
}

static inline int __test_harness_run(int argc, char **argv)
{
	unsigned int num = 0, at = 0, pass = 0, fail = 0, skip = 0;
	struct __test_metadata *t;
	int i, result;
	bool wanted;

	for (t = __tests; t; t = t->next)
		num++;
	printf("TAP version 13\n1..%u\n", argc > 1 ? (unsigned int)argc - 1 : num);

	for (t = __tests; t; t = t->next) {
		wanted = argc <= 1;
		for (i = 1; i < argc; i++)
			wanted = wanted || !strcmp(argv[i], t->name);
		if (!wanted)
			continue;

		result = __run_test(t);
		at++;
		if (result == __TEST_PASS) {
			pass++;
			printf("ok %u %s.%s\n", at, t->fixture, t->name);
		} else if (result == __TEST_SKIP) {
			skip++;
			printf("ok %u %s.%s # SKIP\n", at, t->fixture, t->name);
		} else {
			fail++;
			printf("not ok %u %s.%s\n", at, t->fixture, t->name);
		}
		fflush(stdout);
	}

	printf("# Totals: pass:%u fail:%u xfail:0 xpass:0 skip:%u error:0\n",
	       pass, fail, skip);
	return fail || !pass ? EXIT_FAILURE : EXIT_SUCCESS;
}

#define TEST_HARNESS_MAIN \
	int main(int argc, char **argv) \
	{ \
		return __test_harness_run(argc, argv); \
	}

#endif /* _KSELFTEST_HARNESS_H */
