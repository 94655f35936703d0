/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * host-private.h - inside of struct miracast_host
 *
 * host.c		the session's state machine and the program's calls
 * host-callbacks.c	what the driver calls
 * host-dispatch.c	threads that bring the kernel's messages to the driver
 * host-watch.c		the data rate's clock, and the watch over slow functions
 * frames.c		wrappers of the frame ioctls
 *
 * One lock protects everything that changes after miracast_host_new(); it is
 * never held during a call of the driver, the program or the kernel.
 */
#pragma once

#include <pthread.h>

#include "miracast/frames.h"

/*
 * What an I/O control meets (R59).
 */
enum host_gate {
	GATE_DEAD, /* -ENODEV: no context (R18) */
	GATE_BUSY, /* -EBUSY */
	GATE_WAIT, /* wait for the next state */
	GATE_OPEN,
	GATE_SHUT, /* -ESHUTDOWN */
};

/*
 * The states, and their gates: H(state, gate for the thread of
 * miracast_host_run(), gate for other threads).
 */
#define HOST_STATES(H) \
	H(NEW, GATE_DEAD, GATE_DEAD)       /* not running yet */ \
	H(CREATING, GATE_OPEN, GATE_BUSY)  /* create_context() runs */ \
	H(CREATED, GATE_BUSY, GATE_BUSY) \
	H(STARTING, GATE_OPEN, GATE_WAIT)  /* start_session() runs */ \
	H(STARTED, GATE_OPEN, GATE_OPEN)   /* messages flow */ \
	H(STOPPING, GATE_OPEN, GATE_SHUT)  /* handlers drain, stop_session() runs */ \
	H(STOPPED, GATE_SHUT, GATE_SHUT) \
	H(DESTROYING, GATE_OPEN, GATE_SHUT) /* destroy_context() runs */ \
	H(DEAD, GATE_DEAD, GATE_DEAD)

enum host_state {
#define H(state, own, other) HOST_##state,
	HOST_STATES(H)
#undef H
};

/* A message that is with the driver. */
struct host_message {
	uint64_t id;
	bool cancelled; /* its sender has gone: no reply is wanted */
};

struct host_dispatcher {
	struct miracast_host *host;
	pthread_t thread;
	struct host_message message; /* host->lock; id 0: none */
};

struct miracast_host {
	struct miracast_host_config config;
	int wake_fd; /* eventfd, readable once dispatch threads shall end */

	pthread_mutex_t lock;
	pthread_cond_t changed; /* state, or a reason to stop */

	enum host_state state;
	pthread_t owner; /* of miracast_host_run(), valid from HOST_CREATING on */
	void *context;   /* the driver's; does not change while others read it */
	bool stop_requested;
	bool status_reported;
	int lost; /* why the kernel's context is gone, negative errno, or 0 */

	struct host_dispatcher dispatchers[MIRACAST_HOST_MAX_THREADS];
	unsigned int num_dispatchers; /* the owner's */

	/* Data rate: registration by the owner only, values under the lock. */
	pthread_t rate_thread;
	pthread_cond_t rate_changed;
	miracast_data_rate_notify *rate_notify; /* NULL: not registered */
	void *rate_data;
	bool rate_quit;
	struct miracast_data_rate rate;

	/* Watch over functions that may not take long. */
	pthread_t watch_thread;
	pthread_cond_t watch_changed;
	const char *watch_what; /* NULL: nothing is watched */
	int64_t watch_deadline_ns;
	bool watch_quit;
};

extern const struct miracast_callbacks host_callbacks;

/* host.c: the gate for the calling thread; waits while it is GATE_WAIT. */
enum host_gate host_gate(struct miracast_host *host);
bool host_alive(struct miracast_host *host);
bool host_is_owner_in(struct miracast_host *host, enum host_state state);
void host_lost(struct miracast_host *host, int err);
/* A thread with all signals blocked: they are the program's. */
int host_thread_create(pthread_t *thread, void *(*function)(void *), void *data);
int64_t host_now_ns(void);
/* FALSE when @deadline_ns has passed. The lock is held. */
bool host_wait_until(struct miracast_host *host, pthread_cond_t *cond, int64_t deadline_ns);

/* host-dispatch.c */
int host_dispatch_start(struct miracast_host *host);
void host_dispatch_drain(struct miracast_host *host);

/* host-watch.c */
int host_watch_start(struct miracast_host *host);
void host_watch_finish(struct miracast_host *host);
void host_watch_begin(struct miracast_host *host, const char *what, unsigned int ms);
void host_watch_end(struct miracast_host *host);
int host_rate_start(struct miracast_host *host, miracast_data_rate_notify *notify, void *data);
/* @last: call the driver with NULL. */
void host_rate_end(struct miracast_host *host, bool last);
