// SPDX-License-Identifier: GPL-2.0-only
/*
 * Vertical blanking by a timer, for kernels without drm_vblank_helper.h, under
 * the names that they would have.
 *
 * The timer is started and stopped from under locks that the timer function
 * wants as well, so neither can wait for it: an interval of 0 makes it end by
 * itself, and a start beside a function that still runs arms the timer, which
 * the function then leaves alone. (The kernels' own helper waits in the start;
 * a stop, a start and a function that has just begun, all within microseconds,
 * would make that a deadlock.)
 */
#include <linux/hrtimer.h>
#include <linux/ktime.h>

#include <drm/drm_managed.h>
#include <drm/drm_vblank.h>

#include "miracast_drv.h"

static struct miracast_vblank_timer *crtc_to_timer(struct drm_crtc *crtc)
{
	return &crtc_to_pipe(crtc)->vblank_timer;
}

static ktime_t miracast_vblank_interval(struct miracast_vblank_timer *vblank)
{
	unsigned long flags;
	ktime_t interval;

	spin_lock_irqsave(&vblank->lock, flags);
	interval = vblank->interval;
	spin_unlock_irqrestore(&vblank->lock, flags);

	return interval;
}

/*
 * Have the timer expire with the next vblank; false: it is not for us to do.
 * Vblanks may have been switched off, or off and on again: then the timer is
 * armed already.
 */
static bool miracast_vblank_forward(struct miracast_vblank_timer *vblank)
{
	unsigned long flags;
	bool forward;

	spin_lock_irqsave(&vblank->lock, flags);
	forward = vblank->interval && !hrtimer_is_queued(&vblank->timer);
	if (forward)
		hrtimer_forward_now(&vblank->timer, vblank->interval);
	spin_unlock_irqrestore(&vblank->lock, flags);

	return forward;
}

static enum hrtimer_restart miracast_vblank_timeout(struct hrtimer *timer)
{
	struct miracast_vblank_timer *vblank =
		container_of(timer, struct miracast_vblank_timer, timer);

	/*
	 * Before the handler, as with hardware: time stamps are taken from the
	 * expiry, which has to be that of the next vblank by then.
	 */
	if (!miracast_vblank_forward(vblank))
		return HRTIMER_NORESTART;

	return miracast_crtc_handle_vblank_timeout(vblank->crtc) ?
	       HRTIMER_RESTART : HRTIMER_NORESTART;
}

static void miracast_vblank_timer_release(struct drm_device *drm, void *data)
{
	struct miracast_vblank_timer *vblank = data;

	hrtimer_cancel(&vblank->timer);
}

/**
 * miracast_vblank_timer_init() - prepare a CRTC's timer
 * @crtc: the CRTC
 *
 * Return: 0 or a negative errno. The timer goes away with the device.
 */
int miracast_vblank_timer_init(struct drm_crtc *crtc)
{
	struct miracast_vblank_timer *vblank = crtc_to_timer(crtc);

	vblank->crtc = crtc;
	spin_lock_init(&vblank->lock);
#ifdef MIRACAST_HAVE_HRTIMER_SETUP
	hrtimer_setup(&vblank->timer, miracast_vblank_timeout, CLOCK_MONOTONIC,
		      HRTIMER_MODE_REL);
#else
	hrtimer_init(&vblank->timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL);
	vblank->timer.function = miracast_vblank_timeout;
#endif

	return drmm_add_action_or_reset(crtc->dev, miracast_vblank_timer_release,
					vblank);
}

int miracast_compat_enable_vblank(struct drm_crtc *crtc)
{
	struct miracast_vblank_timer *vblank = crtc_to_timer(crtc);
	struct drm_vblank_crtc *core = &crtc->dev->vblank[drm_crtc_index(crtc)];
	unsigned long flags;

	drm_calc_timestamping_constants(crtc, &crtc->mode);

	spin_lock_irqsave(&vblank->lock, flags);
	vblank->interval = ns_to_ktime(core->framedur_ns);
	hrtimer_start(&vblank->timer, vblank->interval, HRTIMER_MODE_REL);
	spin_unlock_irqrestore(&vblank->lock, flags);

	return 0;
}

void miracast_compat_disable_vblank(struct drm_crtc *crtc)
{
	struct miracast_vblank_timer *vblank = crtc_to_timer(crtc);
	unsigned long flags;

	spin_lock_irqsave(&vblank->lock, flags);
	vblank->interval = 0;
	hrtimer_try_to_cancel(&vblank->timer);
	spin_unlock_irqrestore(&vblank->lock, flags);
}

bool miracast_compat_get_vblank_timestamp(struct drm_crtc *crtc, int *max_error,
					  ktime_t *vblank_time,
					  bool in_vblank_irq)
{
	struct miracast_vblank_timer *vblank = crtc_to_timer(crtc);
	struct drm_vblank_crtc *core = &crtc->dev->vblank[drm_crtc_index(crtc)];
	ktime_t last;
	u64 count;

	if (!READ_ONCE(core->enabled)) {
		*vblank_time = ktime_get();
		return true;
	}

	/* The timer may expire just now; read until both belong together. */
	do {
		count = drm_crtc_vblank_count_and_time(crtc, &last);
		*vblank_time = READ_ONCE(vblank->timer.node.expires);
	} while (count != drm_crtc_vblank_count_and_time(crtc, &last));

	/* The expiry is that of the next vblank, but for a timer that is late. */
	if (ktime_compare(*vblank_time, last))
		*vblank_time = ktime_sub(*vblank_time,
					 miracast_vblank_interval(vblank));

	return true;
}
