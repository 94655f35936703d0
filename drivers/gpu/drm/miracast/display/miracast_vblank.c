// SPDX-License-Identifier: GPL-2.0-only
/*
 * Vertical blanking, by a timer.
 *
 * Vblanks are at whole periods after the moment at which the mode was set,
 * whether anybody wants to know of them or not. So the time of the last one can
 * be computed at any time, the timer can be stopped when nobody waits, and when
 * it is started again everything goes on where it would be otherwise: neither
 * number nor phase of vblanks depends on who looked.
 *
 * The timer is started and stopped from under locks that the timer function
 * wants as well, so neither can wait for it: what is stopped makes the function
 * end by itself, and a start beside a function that still runs arms the timer,
 * which the function then leaves alone. The kernel's own helper, since there is
 * one, waits for the function in the start, which is a deadlock when a commit
 * that has the event lock starts what was stopped a moment ago; therefore it is
 * not used.
 */
#include <linux/hrtimer.h>
#include <linux/ktime.h>
#include <linux/math64.h>

#include <drm/drm_managed.h>
#include <drm/drm_vblank.h>

#include "miracast_drv.h"

static struct miracast_vblank *crtc_to_vblank(struct drm_crtc *crtc)
{
	return &crtc_to_pipe(crtc)->vblank;
}

/* The last vblank that was due at @now. */
static ktime_t miracast_vblank_before(const struct miracast_vblank *vblank,
				      ktime_t now)
{
	s64 since = ktime_sub(now, vblank->origin);

	lockdep_assert_held(&vblank->lock);

	return ktime_add_ns(vblank->origin,
			    div64_s64(since, vblank->period) * vblank->period);
}

/* The last vblank that was due. */
static ktime_t miracast_vblank_last(const struct miracast_vblank *vblank)
{
	return miracast_vblank_before(vblank, ktime_get());
}

/*
 * Have the timer expire with the next vblank; false: it is not for us to do.
 * Vblanks may have been switched off, or off and on again: then the timer is
 * armed already.
 */
static bool miracast_vblank_forward(struct miracast_vblank *vblank)
{
	unsigned long flags;
	bool forward;

	spin_lock_irqsave(&vblank->lock, flags);
	forward = vblank->enabled && !hrtimer_is_queued(&vblank->timer);
	if (forward)
		hrtimer_forward_now(&vblank->timer,
				    ns_to_ktime(vblank->period));
	spin_unlock_irqrestore(&vblank->lock, flags);

	return forward;
}

static enum hrtimer_restart miracast_vblank_timeout(struct hrtimer *timer)
{
	struct miracast_vblank *vblank =
		container_of(timer, struct miracast_vblank, timer);

	miracast_crtc_handle_vblank(vblank->crtc);

	/* Core has stopped it meanwhile, when nobody waits any more. */
	return miracast_vblank_forward(vblank) ? HRTIMER_RESTART :
						 HRTIMER_NORESTART;
}

static void miracast_vblank_release(struct drm_device *drm, void *data)
{
	struct miracast_vblank *vblank = data;

	hrtimer_cancel(&vblank->timer);
}

/**
 * miracast_vblank_init() - prepare a CRTC's vblanks
 * @crtc: the CRTC
 *
 * Return: 0 or a negative errno. The timer goes away with the device.
 */
int miracast_vblank_init(struct drm_crtc *crtc)
{
	struct miracast_vblank *vblank = crtc_to_vblank(crtc);

	vblank->crtc = crtc;
	spin_lock_init(&vblank->lock);
	hrtimer_setup(&vblank->timer, miracast_vblank_timeout, CLOCK_MONOTONIC,
		      HRTIMER_MODE_ABS);

	return drmm_add_action_or_reset(crtc->dev, miracast_vblank_release,
					vblank);
}

/**
 * miracast_vblank_on() - a mode has been set
 * @crtc: the CRTC, whose vblanks are off
 *
 * Vblanks are counted from now on, at the rate of the mode.
 */
void miracast_vblank_on(struct drm_crtc *crtc)
{
	struct miracast_vblank *vblank = crtc_to_vblank(crtc);

	spin_lock_irq(&vblank->lock);
	vblank->period = drm_crtc_vblank_crtc(crtc)->framedur_ns;
	vblank->origin = ktime_get();
	spin_unlock_irq(&vblank->lock);

	drm_crtc_vblank_on(crtc);
}

/**
 * miracast_vblank_period() - time between two vblanks
 * @crtc: the CRTC, which is on
 *
 * Return: nanoseconds.
 */
u64 miracast_vblank_period(struct drm_crtc *crtc)
{
	struct miracast_vblank *vblank = crtc_to_vblank(crtc);
	unsigned long flags;
	u64 period;

	spin_lock_irqsave(&vblank->lock, flags);
	period = vblank->period;
	spin_unlock_irqrestore(&vblank->lock, flags);

	return period;
}

/**
 * miracast_vblank_after() - when the first vblank after a moment is
 * @crtc: the CRTC
 * @now: the moment, not before the mode was set
 *
 * Return: nanoseconds of CLOCK_MONOTONIC, 0 where no mode was ever set.
 */
u64 miracast_vblank_after(struct drm_crtc *crtc, ktime_t now)
{
	struct miracast_vblank *vblank = crtc_to_vblank(crtc);
	unsigned long flags;
	u64 next = 0;

	spin_lock_irqsave(&vblank->lock, flags);
	if (vblank->period)
		next = ktime_to_ns(miracast_vblank_before(vblank, now)) +
		       vblank->period;
	spin_unlock_irqrestore(&vblank->lock, flags);

	return next;
}

/**
 * miracast_vblank_number() - the number of a vblank
 * @crtc: the CRTC, which is on
 * @time: when the vblank is or was, from miracast_vblank_after()
 *
 * Context: With a vblank reference since before @time.
 *
 * Return: what events have, and drm_crtc_vblank_count() once it has been.
 */
u64 miracast_vblank_number(struct drm_crtc *crtc, u64 time)
{
	u64 period = miracast_vblank_period(crtc), number;
	ktime_t counted;

	/* Whichever vblank has been counted last: they are whole periods apart. */
	number = drm_crtc_vblank_count_and_time(crtc, &counted);

	return number + div64_s64(time - ktime_to_ns(counted), period);
}

/* Core wants to hear of vblanks. */
int miracast_vblank_enable(struct drm_crtc *crtc)
{
	struct miracast_vblank *vblank = crtc_to_vblank(crtc);
	unsigned long flags;

	spin_lock_irqsave(&vblank->lock, flags);
	vblank->enabled = true;
	hrtimer_start(&vblank->timer,
		      ktime_add_ns(miracast_vblank_last(vblank), vblank->period),
		      HRTIMER_MODE_ABS);
	spin_unlock_irqrestore(&vblank->lock, flags);

	return 0;
}

/* Not any more. */
void miracast_vblank_disable(struct drm_crtc *crtc)
{
	struct miracast_vblank *vblank = crtc_to_vblank(crtc);
	unsigned long flags;

	spin_lock_irqsave(&vblank->lock, flags);
	vblank->enabled = false;
	hrtimer_try_to_cancel(&vblank->timer);
	spin_unlock_irqrestore(&vblank->lock, flags);
}

bool miracast_vblank_get_timestamp(struct drm_crtc *crtc, int *max_error,
				   ktime_t *vblank_time, bool in_vblank_irq)
{
	struct miracast_vblank *vblank = crtc_to_vblank(crtc);
	unsigned long flags;
	bool known;

	spin_lock_irqsave(&vblank->lock, flags);
	/* No mode was ever set. */
	known = vblank->period;
	if (known)
		*vblank_time = miracast_vblank_last(vblank);
	spin_unlock_irqrestore(&vblank->lock, flags);

	return known;
}
