// SPDX-License-Identifier: GPL-2.0-only
/*
 * Vertical blanking by a timer, for kernels without drm_vblank_helper.h, under
 * the names that they would have.
 *
 * The timer is stopped from under locks that the timer function wants as well,
 * so the stop cannot wait for it: an interval of 0 makes it end by itself.
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

static void miracast_vblank_set_interval(struct miracast_vblank_timer *vblank,
					 ktime_t interval)
{
	unsigned long flags;

	spin_lock_irqsave(&vblank->lock, flags);
	vblank->interval = interval;
	spin_unlock_irqrestore(&vblank->lock, flags);
}

static enum hrtimer_restart miracast_vblank_timeout(struct hrtimer *timer)
{
	struct miracast_vblank_timer *vblank =
		container_of(timer, struct miracast_vblank_timer, timer);
	ktime_t interval = miracast_vblank_interval(vblank);

	if (!interval)
		return HRTIMER_NORESTART;

	/*
	 * Before the handler, as with hardware: time stamps are taken from the
	 * expiry, which has to be that of the next vblank by then.
	 */
	hrtimer_forward_now(timer, interval);

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

	/* The last stop may not have had its way yet. */
	while (hrtimer_active(&vblank->timer))
		hrtimer_try_to_cancel(&vblank->timer);

	drm_calc_timestamping_constants(crtc, &crtc->mode);
	miracast_vblank_set_interval(vblank, ns_to_ktime(core->framedur_ns));
	hrtimer_start(&vblank->timer, ns_to_ktime(core->framedur_ns),
		      HRTIMER_MODE_REL);

	return 0;
}

void miracast_compat_disable_vblank(struct drm_crtc *crtc)
{
	struct miracast_vblank_timer *vblank = crtc_to_timer(crtc);

	miracast_vblank_set_interval(vblank, 0);
	hrtimer_try_to_cancel(&vblank->timer);
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
