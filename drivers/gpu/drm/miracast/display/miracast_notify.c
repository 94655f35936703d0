// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the daemon is told: modes, blanking, key frames.
 *
 * See "Messages" in miracast_drv.h. The one place that knows what to say next
 * is miracast_notify_next().
 */
#include <linux/kernel.h>
#include <linux/string.h>

#include <drm/drm_modes.h>
#include <drm/drm_print.h>

#include "miracast_drv.h"

/*
 * A mode set takes several round trips to the sink, each of which may take
 * five seconds by the specification. Nobody waits; but what comes after would.
 */
#define MIRACAST_NOTIFY_TIMEOUT_MS	20000

/* When a message for which there was no memory is tried again. */
#define MIRACAST_NOTIFY_RETRY		(HZ / 5)

/*
 * How often a desktop is asked to choose another mode for one monitor. One that
 * makes nothing of it, for a daemon that refuses whatever it is told, would else
 * lay out its screens for ever.
 */
#define MIRACAST_MAX_REFUSALS		3

/* A message with its payload. */
struct miracast_notice {
	struct miracast_message head;
	union {
		struct miracast_mode_state mode;
		struct miracast_power power;
	};
};

static void miracast_notice_init(struct miracast_notice *notice, u32 code,
				 size_t payload)
{
	notice->head.code = code;
	notice->head.len = sizeof(notice->head) + payload;
}

/*
 * The next thing that the daemon does not know. Fills @notice, notes in
 * @context that it will have been told, and returns true; false: nothing.
 */
static bool miracast_notify_next(struct miracast_context *context,
				 struct miracast_notice *notice)
{
	struct miracast_pipe *pipe = context->pipe;
	struct miracast_told *told = &context->told;
	/* A monitor that is lit and has no picture is as dark as a blanked one. */
	bool on = pipe->on && pipe->picture.fb;

	lockdep_assert_held(&pipe->frame_lock);

	if (!context->streaming || context->told_code)
		return false;

	if (!pipe->mode.width) {
		if (!told->serial)
			return false;
		told->serial = 0;
		miracast_notice_init(notice, MIRACAST_MSG_MODE_OFF, 0);
	} else if (told->serial != pipe->mode.serial) {
		/* Monitors come up lit, and with a key frame. */
		told->serial = pipe->mode.serial;
		told->on = true;
		context->key_frame = false;
		miracast_notice_init(notice, MIRACAST_MSG_MODE_SET,
				     sizeof(notice->mode));
		notice->mode = pipe->mode;
	} else if (told->on != on) {
		told->on = on;
		miracast_notice_init(notice, MIRACAST_MSG_POWER,
				     sizeof(notice->power));
		notice->power.on = on;
		notice->power.reserved = 0;
	} else if (context->key_frame) {
		context->key_frame = false;
		miracast_notice_init(notice, MIRACAST_MSG_KEY_FRAME, 0);
	} else {
		return false;
	}

	context->told_code = notice->head.code;

	return true;
}

/* Completion: the context outlives its messages. */
static void miracast_notify_done(void *ctx, int status, const void *out,
				 size_t bytes_returned)
{
	struct miracast_context *context = ctx;
	struct miracast_pipe *pipe = context->pipe;
	bool refused = false;
	u32 code;

	spin_lock_irq(&pipe->frame_lock);
	code = context->told_code;
	context->told_code = 0;
	if (status)
		pipe->stats.refused++;
	if (pipe->context == context) {
		refused = status == -ERANGE && code == MIRACAST_MSG_MODE_SET &&
			  pipe->refusals < MIRACAST_MAX_REFUSALS;
		if (refused) {
			pipe->refused = context->told.serial;
			pipe->refusals++;
		}
		miracast_notify_kick(pipe);
	}
	spin_unlock_irq(&pipe->frame_lock);

	/* The desktop would not know otherwise why nobody sees anything. */
	if (refused)
		miracast_connector_kick(pipe);

	if (status)
		drm_dbg_kms(pipe->crtc.dev,
			    "[CONNECTOR:%d:%s] message %u: daemon says %d\n",
			    pipe->connector.base.id, pipe->connector.name, code,
			    status);
}

/*
 * A message was not sent (R54): the daemon does not know after all what it would
 * have been told. When it is memory that was short, or room in the session's
 * queue, it is tried again; otherwise the session has ended.
 */
static void miracast_notify_unsent(struct miracast_context *context,
				   const struct miracast_told *before,
				   const struct miracast_told *after,
				   bool key_frame, int error)
{
	struct miracast_pipe *pipe = context->pipe;

	spin_lock_irq(&pipe->frame_lock);
	if (context->told.serial == after->serial &&
	    context->told.on == after->on) {
		context->told = *before;
		context->key_frame |= key_frame;
	}
	context->told_code = 0;
	if (pipe->context == context && context->streaming &&
	    (error == -ENOMEM || error == -ENOBUFS))
		queue_delayed_work(miracast_work_queue(pipe),
				   &context->notify_work, MIRACAST_NOTIFY_RETRY);
	spin_unlock_irq(&pipe->frame_lock);
}

static void miracast_notify_work(struct work_struct *work)
{
	struct miracast_context *context =
		container_of(work, struct miracast_context, notify_work.work);
	struct miracast_pipe *pipe = context->pipe;
	struct miracast_notice notice;
	struct miracast_told before, after;
	bool picture, message, key_frame;
	int ret;

	spin_lock_irq(&pipe->frame_lock);
	picture = context->streaming;
	before = context->told;
	key_frame = context->key_frame;
	message = miracast_notify_next(context, &notice);
	after = context->told;
	spin_unlock_irq(&pipe->frame_lock);

	/* A revoked picture is offered again from interrupt context. */
	if (picture)
		miracast_session_wake(context->session, EPOLLPRI);
	if (!message)
		return;

	ret = miracast_send_message(context->session, &notice, notice.head.len,
				    0, MIRACAST_NOTIFY_TIMEOUT_MS,
				    miracast_notify_done, context, NULL);
	if (!ret)
		return;

	miracast_notify_unsent(context, &before, &after, key_frame, ret);
	drm_dbg_kms(pipe->crtc.dev,
		    "[CONNECTOR:%d:%s] cannot send message %u: %d\n",
		    pipe->connector.base.id, pipe->connector.name,
		    notice.head.code, ret);
}

void miracast_notify_init(struct miracast_context *context)
{
	INIT_DELAYED_WORK(&context->notify_work, miracast_notify_work);
}

/**
 * miracast_notify_kick() - have the daemon told what it does not know
 * @pipe: the pipe
 *
 * Context: Any, with pipe->frame_lock held.
 */
void miracast_notify_kick(struct miracast_pipe *pipe)
{
	lockdep_assert_held(&pipe->frame_lock);

	/* At once, also when it is to be tried again later. */
	if (pipe->context)
		mod_delayed_work(miracast_work_queue(pipe),
				 &pipe->context->notify_work, 0);
}

/**
 * miracast_notify_mode() - the CRTC's mode or power has changed
 * @pipe: the pipe
 * @crtc_state: the new state
 *
 * A mode counts as set when it is lit: what is chosen while the monitor is
 * blanked is told when it wakes. One that is set once more, as desktops do when
 * they are told that the link is bad, is a new one.
 *
 * Context: Commit tail, with pipe->frame_lock held.
 */
void miracast_notify_mode(struct miracast_pipe *pipe,
			  const struct drm_crtc_state *crtc_state)
{
	struct miracast_mode_state mode = {};

	lockdep_assert_held(&pipe->frame_lock);

	if (crtc_state->enable) {
		mode.width = crtc_state->mode.hdisplay;
		mode.height = crtc_state->mode.vdisplay;
		mode.refresh = miracast_mode_refresh(&crtc_state->mode);
	}

	pipe->on = crtc_state->active;
	mode.serial = pipe->mode.serial;
	if (!crtc_state->enable) {
		pipe->mode = mode;
	} else if (crtc_state->active &&
		   (crtc_state->mode_changed || crtc_state->connectors_changed ||
		    memcmp(&mode, &pipe->mode, sizeof(mode)))) {
		/* 0 stands for no mode. */
		mode.serial = mode.serial + 1 ?: 1;
		pipe->mode = mode;
	}
	miracast_notify_kick(pipe);
}
