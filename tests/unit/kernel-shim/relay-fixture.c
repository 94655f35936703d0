// SPDX-License-Identifier: GPL-2.0-only
/*
 * Around the relay in a test; see relay-fixture.h.
 */
#include <linux/err.h>
#include <linux/string.h>

#include "relay-fixture.h"

static int relay_create_context(void *driver_data, struct miracast_session *session,
				void **context)
{
	struct relay_driver *driver = driver_data;
	int ret;

	KERNEL_SHIM_ASSERT(!driver->alive && !kernel_shim_spinlocks);
	ret = driver->create ? driver->create(driver->data, session) : 0;
	if (ret)
		return ret;

	*context = driver;
	driver->alive = true;
	driver->created++;
	driver->state = MIRACAST_STATE_STOPPED;
	return 0;
}

static void relay_destroy_context(void *context)
{
	struct relay_driver *driver = context;

	KERNEL_SHIM_ASSERT(driver->alive && !kernel_shim_spinlocks);
	driver->alive = false;
}

static void relay_session_state(void *context, enum miracast_state state, u32 info)
{
	struct relay_driver *driver = context;

	/* Begins after create_context(), ends before destroy_context(). */
	KERNEL_SHIM_ASSERT(driver->alive && !kernel_shim_spinlocks);
	KERNEL_SHIM_ASSERT(driver->state != state);
	driver->state = state;
	driver->states++;
}

static int relay_io_control(void *context, u32 code, u32 flags, const void *in,
			    size_t in_len, void *out, size_t out_len,
			    size_t *bytes_returned)
{
	struct relay_driver *driver = context;

	KERNEL_SHIM_ASSERT(driver->alive && !kernel_shim_spinlocks);
	driver->controls++;
	*bytes_returned = out_len;
	return 0;
}

static struct miracast_target_ops relay_ops = {
	.create_context = relay_create_context,
	.destroy_context = relay_destroy_context,
	.session_state = relay_session_state,
	.io_control = relay_io_control,
};

void relay_driver_init(struct relay_driver *driver)
{
	static const struct miracast_target_desc desc = {
		.driver = "fixture",
		.name = "Virtual-1",
	};

	memset(driver, 0, sizeof(*driver));
	relay_ops.owner = &driver->module;
	KERNEL_SHIM_ASSERT(!miracast_messages_init());
	KERNEL_SHIM_ASSERT(!miracast_register_target(&desc, &relay_ops, driver, &driver->target));
}

void relay_driver_exit(struct relay_driver *driver)
{
	miracast_unregister_target(driver->target);
	KERNEL_SHIM_ASSERT(!driver->alive && !driver->module.users);
	KERNEL_SHIM_ASSERT(!miracast_targets_count());
	miracast_messages_exit();
}

struct miracast_session *relay_open(struct relay_driver *driver)
{
	return miracast_target_open(driver->target->id);
}

void relay_close(struct miracast_session *session)
{
	miracast_session_destroy(session);
	miracast_session_put(session);
}

ssize_t relay_read(struct miracast_session *session, void *buf, size_t size,
		   bool nonblock)
{
	struct iov_iter to = { .pos = buf, .count = size };

	return miracast_session_read(session, &to, nonblock);
}

ssize_t relay_write(struct miracast_session *session, const void *buf, size_t size)
{
	struct iov_iter from = { .pos = (u8 *)buf, .count = size };

	return miracast_session_write(session, &from);
}

int relay_session(struct miracast_session *session, enum miracast_session_op op)
{
	struct miracast_session_ctl ctl = {
		.op = op,
		.status = op == MIRACAST_SESSION_FAIL_START ? -EIO : 0,
	};

	return miracast_session_change(session, &ctl);
}

int relay_start(struct miracast_session *session)
{
	return relay_session(session, MIRACAST_SESSION_BEGIN_START) ?:
	       relay_session(session, MIRACAST_SESSION_END_START);
}

int relay_stop(struct miracast_session *session)
{
	return relay_session(session, MIRACAST_SESSION_BEGIN_STOP) ?:
	       relay_session(session, MIRACAST_SESSION_END_STOP);
}
