// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the relay calls: the sessions of a pipe, and their I/O control.
 */
#include <linux/slab.h>

#include <drm/drm_print.h>

#include "miracast_drv.h"
#include "miracast_sound.h"

/* ------------------------------------------------------------------ life */

static int miracast_context_create(void *driver_data,
				   struct miracast_session *session,
				   void **context_ret)
{
	struct miracast_pipe *pipe = driver_data;
	struct miracast_context *context;

	context = kzalloc(sizeof(*context), MIRACAST_GFP_USER);
	if (!context)
		return -ENOMEM;

	context->pipe = pipe;
	context->session = miracast_session_get(session);
	hash_init(context->known);
	INIT_LIST_HEAD(&context->retired);
	INIT_LIST_HEAD(&context->telling);
	miracast_hold_init(context);
	miracast_notify_init(context);

	spin_lock_irq(&pipe->frame_lock);
	pipe->context = context;
	spin_unlock_irq(&pipe->frame_lock);

	*context_ret = context;

	return 0;
}

/*
 * Departure at once (R21), and never a wait for the desktop (R25): what may
 * take locks of the card is left to a worker.
 */
static void miracast_context_destroy(void *ctx)
{
	struct miracast_context *context = ctx;
	struct miracast_pipe *pipe = context->pipe;

	miracast_connector_unplug(pipe);
	miracast_frame_stop(context);

	spin_lock_irq(&pipe->frame_lock);
	pipe->context = NULL;
	spin_unlock_irq(&pipe->frame_lock);

	cancel_delayed_work_sync(&context->notify_work);
	miracast_hold_drain(context);
	miracast_retire_drain(context);
	miracast_session_put(context->session);
	kfree(context);
}

static void miracast_context_set_started(struct miracast_context *context,
					 bool started)
{
	spin_lock_irq(&context->pipe->frame_lock);
	context->started = started;
	spin_unlock_irq(&context->pipe->frame_lock);
}

static void miracast_context_session_state(void *ctx, enum miracast_state state,
					   u32 info)
{
	struct miracast_context *context = ctx;

	switch (state) {
	case MIRACAST_STATE_STARTING:
		break;
	case MIRACAST_STATE_STARTED:
		miracast_context_set_started(context, true);
		break;
	case MIRACAST_STATE_STOPPING:
		miracast_context_set_started(context, false);
		miracast_frame_stop(context);
		break;
	case MIRACAST_STATE_STOPPED:
		/* Departure may wait until here, but no longer (R68). */
		miracast_connector_unplug(context->pipe);
		break;
	}
}

/* ----------------------------------------------------------- I/O control */

/* A monitor arrives, if the session is started (R6, R34) and remains so. */
static int miracast_context_plug(struct miracast_context *context,
				 const void *in, size_t in_len)
{
	int ret;

	if (miracast_session_state(context->session) != MIRACAST_STATE_STARTED)
		return -EBUSY;

	ret = miracast_connector_plug(context->pipe, in, in_len);
	if (ret)
		return ret;

	ret = miracast_frame_start(context);
	if (ret)
		miracast_connector_unplug(context->pipe);

	return ret;
}

static int miracast_context_get_mode(struct miracast_context *context,
				     void *out, size_t out_len,
				     size_t *bytes_returned)
{
	struct miracast_pipe *pipe = context->pipe;

	out_len = min(out_len, sizeof(pipe->mode));
	spin_lock_irq(&pipe->frame_lock);
	memcpy(out, &pipe->mode, out_len);
	spin_unlock_irq(&pipe->frame_lock);
	*bytes_returned = out_len;

	return 0;
}

static int miracast_context_get_color(struct miracast_context *context,
				      void *out, size_t out_len,
				      size_t *bytes_returned)
{
	*bytes_returned = miracast_color_get(context->pipe, out, out_len);

	return 0;
}

static int miracast_context_io_control(void *ctx, u32 code, u32 flags,
				       const void *in, size_t in_len,
				       void *out, size_t out_len,
				       size_t *bytes_returned)
{
	struct miracast_context *context = ctx;

	/* There is no hardware to have access to (R15). */
	if (flags)
		return -EOPNOTSUPP;

	switch (code) {
	case MIRACAST_CTL_PLUG:
		return miracast_context_plug(context, in, in_len);
	case MIRACAST_CTL_UNPLUG:
		if (memchr_inv(in, 0, in_len))
			return -E2BIG;
		miracast_connector_unplug(context->pipe);
		miracast_frame_stop(context);
		return 0;
	case MIRACAST_CTL_GET_MODE:
		if (memchr_inv(in, 0, in_len))
			return -E2BIG;
		return miracast_context_get_mode(context, out, out_len,
						 bytes_returned);
	case MIRACAST_CTL_GET_COLOR:
		if (memchr_inv(in, 0, in_len))
			return -E2BIG;
		return miracast_context_get_color(context, out, out_len,
						  bytes_returned);
	default:
		return -EOPNOTSUPP;
	}
}

static const struct miracast_ioctl miracast_context_ioctls[] = {
	{ MIRACAST_IOC_ACQUIRE_FRAME, miracast_frame_acquire,
	  .finish = miracast_frame_acquired },
	{ MIRACAST_IOC_RELEASE_FRAME, miracast_frame_release },
	{ MIRACAST_IOC_GET_BUFFER, .give = miracast_frame_get_buffer },
	{ MIRACAST_IOC_GET_RETIRED, miracast_retire_get,
	  .finish = miracast_retire_got },
	{ MIRACAST_IOC_OPEN_SOUND, .give = miracast_sound_open },
};

const struct miracast_target_ops miracast_target_ops = {
	.owner = THIS_MODULE,
	.create_context = miracast_context_create,
	.destroy_context = miracast_context_destroy,
	.session_state = miracast_context_session_state,
	.io_control = miracast_context_io_control,
	.ioctls = miracast_context_ioctls,
	.num_ioctls = ARRAY_SIZE(miracast_context_ioctls),
	.poll = miracast_frame_poll,
};
