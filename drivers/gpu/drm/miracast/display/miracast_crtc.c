// SPDX-License-Identifier: GPL-2.0-only
/*
 * CRTC: modes, vertical blanking, and when a flip is complete.
 */
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/mutex.h>

#include <drm/drm_atomic.h>
#include <drm/drm_atomic_helper.h>
#include <drm/drm_drv.h>
#include <drm/drm_modes.h>
#include <drm/drm_modeset_lock.h>
#include <drm/drm_print.h>
#include <drm/drm_vblank.h>

#include "miracast_drv.h"

/* More than any sink takes, and little enough for a timer per vblank. */
#define MIRACAST_MAX_CLOCK	1200000		/* kHz */
#define MIRACAST_MAX_REFRESH	240000		/* mHz */
#define MIRACAST_MIN_REFRESH	23900		/* mHz, R76 */

/* Least time that a hold may delay a flip; else it is two refresh periods. */
#define MIRACAST_MIN_HOLD_NS	(34 * NSEC_PER_MSEC)

/* ----------------------------------------------------------------- modes */

/**
 * miracast_mode_refresh() - exact refresh rate
 * @mode: the mode
 *
 * Return: millihertz, 0 for a mode that makes no sense.
 */
u32 miracast_mode_refresh(const struct drm_display_mode *mode)
{
	u64 pixels = (u64)mode->htotal * mode->vtotal;

	if (!pixels || mode->clock <= 0)
		return 0;

	return min_t(u64, U32_MAX,
		     div64_u64((u64)mode->clock * 1000000 + pixels / 2, pixels));
}

/**
 * miracast_crtc_mode_valid() - what the pipe can do, whatever the sink can
 * @crtc: the CRTC
 * @mode: the mode
 *
 * Return: MODE_OK, or why not (R75, R76).
 */
enum drm_mode_status
miracast_crtc_mode_valid(struct drm_crtc *crtc,
			 const struct drm_display_mode *mode)
{
	u32 refresh = miracast_mode_refresh(mode);

	if (mode->clock > MIRACAST_MAX_CLOCK)
		return MODE_CLOCK_HIGH;
	/* Would multiply the lines, modulo 65536, behind the refresh rate's back. */
	if (mode->vscan > 1)
		return MODE_NO_VSCAN;
	if (refresh < MIRACAST_MIN_REFRESH || refresh > MIRACAST_MAX_REFRESH)
		return MODE_VSYNC;
	if (mode->flags & DRM_MODE_FLAG_INTERLACE)
		return MODE_NO_INTERLACE;
	if (mode->flags & DRM_MODE_FLAG_DBLSCAN)
		return MODE_NO_DBLESCAN;
	if (mode->flags & DRM_MODE_FLAG_3D_MASK)
		return MODE_NO_STEREO;

	return MODE_OK;
}

static int miracast_crtc_atomic_check(struct drm_crtc *crtc,
				      struct miracast_commit *commit)
{
	const struct drm_crtc_state *crtc_state =
		drm_atomic_get_new_crtc_state(commit, crtc);

	if (!miracast_color_check(crtc_state)) {
		drm_dbg_atomic(crtc->dev,
			       "[CRTC:%d:%s] curves of colours want %u entries\n",
			       crtc->base.id, crtc->name, MIRACAST_COLOR_LUT);
		return -EINVAL;
	}

	return 0;
}

/* ----------------------------------------------------------------- flips */

static void miracast_crtc_complete_flip(struct miracast_pipe *pipe)
{
	struct drm_crtc *crtc = &pipe->crtc;

	lockdep_assert_held(&crtc->dev->event_lock);

	drm_crtc_send_vblank_event(crtc, pipe->flip);
	pipe->flip = NULL;
	drm_crtc_vblank_put(crtc);
}

/**
 * miracast_crtc_end_hold() - no reader is to be waited for any more
 * @pipe: the pipe
 *
 * Revokes what is held, and completes a flip that waits for it.
 */
void miracast_crtc_end_hold(struct miracast_pipe *pipe)
{
	spinlock_t *event_lock = &pipe->crtc.dev->event_lock;

	spin_lock_irq(event_lock);
	miracast_hold_expire(pipe);
	if (pipe->flip && pipe->flip_held)
		miracast_crtc_complete_flip(pipe);
	spin_unlock_irq(event_lock);
}

/*
 * Have a flip wait for what holds it: until the deadline, or, when it signals a
 * fence, until the next vblank, at which it would be complete without any hold.
 * Fences must not wait for user space, see "Indefinite DMA Fences" in
 * Documentation/driver-api/dma-buf.rst.
 */
static void miracast_crtc_hold_flip(struct miracast_pipe *pipe)
{
	u64 wait = max_t(u64, 2 * miracast_vblank_period(&pipe->crtc),
			 MIRACAST_MIN_HOLD_NS);

	lockdep_assert_held(&pipe->crtc.dev->event_lock);

	pipe->flip_held = true;
	pipe->flip_until = pipe->flip->base.fence ? 0 : ktime_add_ns(ktime_get(), wait);
}

/*
 * Have a flip wait for the vblank at @shown, which was the next one when its
 * picture was published. That the vblank may have been meanwhile is why core's
 * drm_crtc_arm_vblank_event() is not used: the event would come a period after
 * the time that the picture has.
 */
static void miracast_crtc_begin_flip(struct miracast_pipe *pipe,
				     struct drm_pending_vblank_event *event,
				     u64 shown)
{
	lockdep_assert_held(&pipe->crtc.dev->event_lock);

	pipe->flip = event;
	pipe->flip_from = miracast_vblank_number(&pipe->crtc, shown);
	pipe->flip_held = false;
}

static bool miracast_crtc_flip_due(struct miracast_pipe *pipe)
{
	lockdep_assert_held(&pipe->crtc.dev->event_lock);

	return drm_crtc_vblank_count(&pipe->crtc) >= pipe->flip_from;
}

/*
 * Core calls this for each CRTC of a commit, also for one that is off before and
 * after, so this is where changes of the mode are seen: a CRTC that is blanked
 * first and disabled then has no atomic_disable() at its end.
 *
 * By now all fences have been waited for: the picture is finished, and is
 * published at once. @busy: a reader has a buffer that the desktop may draw into
 * when this has completed.
 */
static void miracast_crtc_atomic_flush(struct drm_crtc *crtc,
				       struct miracast_commit *commit)
{
	struct drm_crtc_state *crtc_state =
		drm_atomic_get_new_crtc_state(commit, crtc);
	struct miracast_pipe *pipe = crtc_to_pipe(crtc);
	struct drm_pending_vblank_event *event = crtc_state->event;
	/* Before the time: no vblank is to be missed between the two. */
	bool paced = event && !drm_crtc_vblank_get(crtc);
	ktime_t now = ktime_get();
	u64 shown = miracast_vblank_after(crtc, now);
	bool busy = miracast_frame_publish(pipe, commit, now, shown);

	spin_lock_irq(&crtc->dev->event_lock);
	crtc_state->event = NULL;
	if (!event) {
		/* Nobody waits, so nobody can be made to wait. */
	} else if (!paced) {
		drm_crtc_send_vblank_event(crtc, event);
	} else if (pipe->flip) {
		drm_crtc_arm_vblank_event(crtc, event);
	} else {
		miracast_crtc_begin_flip(pipe, event, shown);
		if (busy)
			miracast_crtc_hold_flip(pipe);
		else if (miracast_crtc_flip_due(pipe))
			miracast_crtc_complete_flip(pipe);
		busy = false;
	}
	if (busy)
		miracast_hold_expire(pipe);
	spin_unlock_irq(&crtc->dev->event_lock);
}

static bool miracast_crtc_busy(struct miracast_pipe *pipe)
{
	unsigned long flags;
	bool busy;

	spin_lock_irqsave(&pipe->frame_lock, flags);
	busy = miracast_hold_busy(pipe);
	spin_unlock_irqrestore(&pipe->frame_lock, flags);

	return busy;
}

/**
 * miracast_crtc_handle_vblank() - a vblank
 * @crtc: the CRTC
 *
 * What a flip waits for is revoked before the flip is reported, so that nobody
 * draws into a buffer while its reader is not told.
 *
 * Context: Interrupt.
 */
void miracast_crtc_handle_vblank(struct drm_crtc *crtc)
{
	struct miracast_pipe *pipe = crtc_to_pipe(crtc);
	unsigned long flags;

	drm_crtc_handle_vblank(crtc);

	spin_lock_irqsave(&crtc->dev->event_lock, flags);
	if (pipe->flip && miracast_crtc_flip_due(pipe)) {
		if (pipe->flip_held &&
		    ktime_compare(ktime_get(), pipe->flip_until) >= 0)
			miracast_hold_expire(pipe);
		if (!pipe->flip_held || !miracast_crtc_busy(pipe))
			miracast_crtc_complete_flip(pipe);
	}
	spin_unlock_irqrestore(&crtc->dev->event_lock, flags);
}

/* ------------------------------------------------------------ on and off */

/* No vblank comes that a flip could wait for. */
static void miracast_crtc_end_flip(struct miracast_pipe *pipe)
{
	spinlock_t *event_lock = &pipe->crtc.dev->event_lock;

	miracast_crtc_end_hold(pipe);

	spin_lock_irq(event_lock);
	if (pipe->flip)
		miracast_crtc_complete_flip(pipe);
	spin_unlock_irq(event_lock);
}

static void miracast_crtc_atomic_enable(struct drm_crtc *crtc,
					struct miracast_commit *commit)
{
	miracast_vblank_on(crtc);
}

static void miracast_crtc_atomic_disable(struct drm_crtc *crtc,
					 struct miracast_commit *commit)
{
	miracast_crtc_end_flip(crtc_to_pipe(crtc));
	drm_crtc_vblank_off(crtc);
}

/* --------------------------------------------------------------- commits */

/**
 * miracast_crtc_commit_tail() - carry out a commit
 * @commit: the commit
 *
 * Ends when the flips have completed, so that what is not on the screen any
 * more is cleaned up no earlier. Planes of CRTCs that are off are committed,
 * too, for their events.
 */
void miracast_crtc_commit_tail(struct miracast_commit *commit)
{
	struct drm_device *drm = commit->dev;

	drm_atomic_helper_commit_modeset_disables(drm, commit);
	drm_atomic_helper_commit_modeset_enables(drm, commit);
	drm_atomic_helper_commit_planes(drm, commit, 0);
	drm_atomic_helper_commit_hw_done(commit);
	drm_atomic_helper_wait_for_flip_done(drm, commit);
	drm_atomic_helper_cleanup_planes(drm, commit);
}

/* ----------------------------------------------------------- left-overs */

static int miracast_crtc_switch_off(struct drm_crtc *crtc,
				    struct drm_modeset_acquire_ctx *ctx)
{
	struct drm_mode_set off = { .crtc = crtc };

	return drm_atomic_helper_set_config(&off, ctx);
}

static bool miracast_crtc_abandoned(struct drm_crtc *crtc)
{
	return crtc->state->enable &&
	       !(crtc->state->plane_mask & drm_plane_mask(crtc->primary));
}

/**
 * miracast_crtc_clean_up() - switch off what a desktop that is gone has left lit
 * @drm: the device
 *
 * When core takes the buffers of a client away it leaves CRTCs lit that show
 * nothing, if the driver lets it. We do: who is alive may want that for a while.
 * But when nobody is master any more, nobody would ever switch them off, the
 * sink would be kept busy, and the next desktop would find a mode that it has not
 * set. A picture that was left on purpose stays.
 *
 * Context: Process, without locks.
 */
void miracast_crtc_clean_up(struct drm_device *drm)
{
	struct drm_modeset_acquire_ctx ctx;
	struct drm_crtc *crtc;
	int ret;

	/* Nobody becomes master meanwhile. */
	mutex_lock(&drm->master_mutex);
	if (drm->master)
		goto unlock;

	DRM_MODESET_LOCK_ALL_BEGIN(drm, ctx, 0, ret);
	drm_for_each_crtc(crtc, drm) {
		if (!miracast_crtc_abandoned(crtc))
			continue;
		ret = miracast_crtc_switch_off(crtc, &ctx);
		if (ret)
			break;
	}
	DRM_MODESET_LOCK_ALL_END(drm, ctx, ret);
	if (ret)
		drm_dbg_kms(drm, "cannot switch off: %d\n", ret);

unlock:
	mutex_unlock(&drm->master_mutex);
}

/* ---------------------------------------------------------------- set-up */

static const struct drm_crtc_helper_funcs miracast_crtc_helper_funcs = {
	.mode_valid = miracast_crtc_mode_valid,
	.atomic_check = miracast_crtc_atomic_check,
	.atomic_flush = miracast_crtc_atomic_flush,
	.atomic_enable = miracast_crtc_atomic_enable,
	.atomic_disable = miracast_crtc_atomic_disable,
};

static const struct drm_crtc_funcs miracast_crtc_funcs = {
	.set_config = drm_atomic_helper_set_config,
	.page_flip = drm_atomic_helper_page_flip,
	.reset = drm_atomic_helper_crtc_reset,
	.atomic_duplicate_state = drm_atomic_helper_crtc_duplicate_state,
	.atomic_destroy_state = drm_atomic_helper_crtc_destroy_state,
	.enable_vblank = miracast_vblank_enable,
	.disable_vblank = miracast_vblank_disable,
	.get_vblank_timestamp = miracast_vblank_get_timestamp,
};

/* The pipe around a new CRTC, zeroed but for the CRTC; managed by @drm. */
struct miracast_pipe *miracast_crtc_create(struct drm_device *drm,
					   struct drm_plane *primary,
					   struct drm_plane *cursor)
{
	struct miracast_pipe *pipe;
	int ret;

	pipe = drmm_crtc_alloc_with_planes(drm, struct miracast_pipe, crtc,
					   primary, cursor,
					   &miracast_crtc_funcs, NULL);
	if (IS_ERR(pipe))
		return pipe;

	drm_crtc_helper_add(&pipe->crtc, &miracast_crtc_helper_funcs);
	pipe->primary = primary;
	pipe->cursor = cursor;

	ret = miracast_color_init(&pipe->crtc);
	if (ret)
		return ERR_PTR(ret);
	ret = miracast_vblank_init(&pipe->crtc);
	if (ret)
		return ERR_PTR(ret);

	return pipe;
}
