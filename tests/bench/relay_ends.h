/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * User space's ends of the ways that relay-bench compares. Each answers what
 * the kernel hands over with the same bytes: one read and one write.
 */
#ifndef _RELAY_ENDS_H_
#define _RELAY_ENDS_H_

#include <stdbool.h>
#include <stdint.h>

#include "miracast_bench.h"

/**
 * struct relay_end - one way, ready to be used by threads
 * @way: enum miracast_bench_way
 * @fd_to: for struct miracast_bench_run
 * @fd_from: for struct miracast_bench_run
 * @fd: where the threads read
 * @fd_reply: where they write
 * @payload: bytes each way
 * @polled: the thread sleeps in poll(), as libmiracast's do, and not in read()
 */
struct relay_end {
	uint32_t way;
	int fd_to;
	int fd_from;
	int fd;
	int fd_reply;
	uint32_t payload;
	bool polled;
};

void relay_end_open(struct relay_end *end, uint32_t way, uint32_t payload, bool polled);

/* One answer; false when there is nothing more to answer. */
bool relay_end_answer(const struct relay_end *end, unsigned int work);

/* First while threads still answer, then when they have gone. */
void relay_end_hang_up(const struct relay_end *end);
void relay_end_close(const struct relay_end *end);

/* Burns this much time of the processor, in turns of a loop. */
void burn(unsigned int turns);

#endif /* _RELAY_ENDS_H_ */
