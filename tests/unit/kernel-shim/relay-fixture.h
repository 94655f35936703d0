/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * relay-fixture - a display driver with one target, and system calls on its sink
 *
 * What a test of the relay needs around it. The driver counts; what it does
 * wrong, or has done to it in the wrong order, aborts.
 */
#ifndef RELAY_FIXTURE_H
#define RELAY_FIXTURE_H

#include <linux/module.h>

#include "kernel-shim.h"
#include "miracast_relay.h"

/**
 * struct relay_driver - the display driver
 * @module: who pins it
 * @target: its one target
 * @alive: a context exists
 * @created: contexts that were created
 * @state: last state that session_state() told
 * @states: calls of session_state()
 * @controls: calls of io_control()
 * @create: called in create_context(), its result is that of it; may be NULL
 * @data: for @create
 */
struct relay_driver {
	struct module module;
	struct miracast_target *target;
	bool alive;
	unsigned int created;
	enum miracast_state state;
	unsigned int states;
	unsigned int controls;
	int (*create)(void *data, struct miracast_session *session);
	void *data;
};

/* Loads the relay and registers the target; unregisters and unloads. */
void relay_driver_init(struct relay_driver *driver);
void relay_driver_exit(struct relay_driver *driver);

/* As MIRACAST_IOC_OPEN_SINK, close(), read(), write(), MIRACAST_IOC_SESSION. */
struct miracast_session *relay_open(struct relay_driver *driver);
void relay_close(struct miracast_session *session);
ssize_t relay_read(struct miracast_session *session, void *buf, size_t size,
		   bool nonblock);
ssize_t relay_write(struct miracast_session *session, const void *buf, size_t size);
int relay_session(struct miracast_session *session, enum miracast_session_op op);

/* BEGIN_START and END_START; BEGIN_STOP and END_STOP. */
int relay_start(struct miracast_session *session);
int relay_stop(struct miracast_session *session);

#endif
