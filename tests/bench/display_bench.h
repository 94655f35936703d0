/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What display-bench wants of the driver that it measures: display_miracast.c
 * and display_evdi.c, one of them in each program.
 */
#ifndef _DISPLAY_BENCH_H_
#define _DISPLAY_BENCH_H_

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#define WIDTH	1920
#define HEIGHT	1080

extern const char screen_name[];

/* Plugs in a monitor of WIDTH x HEIGHT; where it appeared. */
void screen_open(uint32_t *card_minor, uint32_t *connector);

/**
 * screen_take() - take the newest picture
 * @timeout_ms: how long to wait for one
 * @pixel: out: its first pixel, read from the memory that was handed over
 *
 * Adds to screen_cpu_ns. Return: false when none came.
 */
bool screen_take(int timeout_ms, uint32_t *pixel);

/* Give it back. Adds to screen_cpu_ns. */
void screen_release(void);

/*
 * Time that the calls of the driver which hand a picture over have taken of the
 * processor, without those that wait for it.
 */
extern uint64_t screen_cpu_ns;

static inline uint64_t thread_cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

#endif /* _DISPLAY_BENCH_H_ */
