/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What older kernels lack, and nothing else.
 *
 * The driver is written against the newest supported kernel. The Makefile looks
 * for the interfaces below in the kernel's headers and defines
 * MIRACAST_HAVE_<interface> for each that is there; version numbers would say
 * little, as stable branches and distributions bring interfaces back. A tree
 * that has them all needs neither this file nor miracast_compat_*.c.
 */
#ifndef _MIRACAST_COMPAT_H_
#define _MIRACAST_COMPAT_H_

#include <linux/dma-buf.h>
#include <linux/hrtimer.h>
#include <linux/module.h>
#include <linux/spinlock.h>

#include <drm/drm_atomic_helper.h>
#include <drm/drm_connector.h>
#include <drm/drm_crtc.h>
#include <drm/drm_device.h>
#include <drm/drm_edid.h>
#include <drm/drm_fourcc.h>
#include <drm/drm_gem.h>
#include <drm/drm_gem_framebuffer_helper.h>
#include <drm/drm_prime.h>

/* What an atomic commit is called. */
#ifdef MIRACAST_HAVE_ATOMIC_COMMIT
#define miracast_commit		drm_atomic_commit
#else
#define miracast_commit		drm_atomic_state
#endif

/* The name space of dma-buf was a token once. */
#ifdef MIRACAST_HAVE_STRING_NS
#define MIRACAST_IMPORT_NS_DMA_BUF	MODULE_IMPORT_NS("DMA_BUF")
#else
#define MIRACAST_IMPORT_NS_DMA_BUF	MODULE_IMPORT_NS(DMA_BUF)
#endif

/* struct drm_driver: a date, and the ways of PRIME, had to be asked for. */
#ifdef MIRACAST_HAVE_DRIVER_DATE
#define MIRACAST_DRIVER_DATE		.date = "20260101",
#else
#define MIRACAST_DRIVER_DATE
#endif
#ifdef MIRACAST_HAVE_PRIME_DEFAULTS
#define MIRACAST_DRIVER_PRIME
#else
#define MIRACAST_DRIVER_PRIME \
	.prime_handle_to_fd = drm_gem_prime_handle_to_fd, \
	.prime_fd_to_handle = drm_gem_prime_fd_to_handle,
#endif
#ifdef MIRACAST_HAVE_PRIME_MMAP
#define MIRACAST_DRIVER_PRIME_MMAP	.gem_prime_mmap = drm_gem_prime_mmap,
#else
#define MIRACAST_DRIVER_PRIME_MMAP
#endif

/* The check that a CRTC has a primary plane was one of several in a function. */
#ifndef MIRACAST_HAVE_PRIMARY_CHECK
static inline int
drm_atomic_helper_check_crtc_primary_plane(struct drm_crtc_state *crtc_state)
{
	return drm_atomic_helper_check_crtc_state(crtc_state, false);
}
#endif

/* Connectors' mode_valid() was allowed to change the mode. */
#ifdef MIRACAST_HAVE_CONST_MODE_VALID
#define MIRACAST_CONST_MODE	const
#else
#define MIRACAST_CONST_MODE
#endif

/* Planes' atomic_async_check() is told whether it is about a flip. */
#ifdef MIRACAST_HAVE_ASYNC_CHECK_FLIP
#define MIRACAST_ASYNC_CHECK_ARGS \
	struct drm_plane *plane, struct miracast_commit *commit, bool flip
#else
#define MIRACAST_ASYNC_CHECK_ARGS \
	struct drm_plane *plane, struct miracast_commit *commit
#endif

/* Set the EDID and add its modes; returns their number. */
static inline int miracast_compat_edid_modes(struct drm_connector *connector,
					     const struct drm_edid *edid)
{
#ifdef MIRACAST_HAVE_EDID_ADD_MODES
	drm_edid_connector_update(connector, edid);
	return drm_edid_connector_add_modes(connector);
#else
	return drm_edid_connector_update(connector, edid);
#endif
}

/* Framebuffers are given the format since its look-up became expensive. */
#ifdef MIRACAST_HAVE_FB_INFO
#define MIRACAST_FB_CREATE		miracast_fb_create
#define miracast_compat_fb_init		drm_gem_fb_init_with_funcs
#else
struct drm_framebuffer *
miracast_compat_fb_create(struct drm_device *drm, struct drm_file *file,
			  const struct drm_mode_fb_cmd2 *cmd);

#define MIRACAST_FB_CREATE		miracast_compat_fb_create
static inline int
miracast_compat_fb_init(struct drm_device *drm, struct drm_framebuffer *fb,
			struct drm_file *file,
			const struct drm_format_info *info,
			const struct drm_mode_fb_cmd2 *cmd,
			const struct drm_framebuffer_funcs *funcs)
{
	return drm_gem_fb_init_with_funcs(drm, fb, file, cmd, funcs);
}
#endif

/*
 * Whether this device has exported the dma-buf. Before that could be asked,
 * the owner told, as the only dma-bufs that this module exports are GEM's.
 */
#ifndef MIRACAST_HAVE_IS_PRIME_EXPORTED
static inline bool
drm_gem_is_prime_exported_dma_buf(struct drm_device *drm,
				  struct dma_buf *dma_buf)
{
	struct drm_gem_object *obj;

	if (dma_buf->owner != THIS_MODULE)
		return false;

	obj = dma_buf->priv;
	return obj->dev == drm;
}
#endif

/* Vertical blanking by a timer, see miracast_compat_vblank.c. */
#ifdef MIRACAST_HAVE_VBLANK_TIMER
#include <drm/drm_vblank_helper.h>

#define MIRACAST_HANDLE_VBLANK_TIMEOUT(func)	.handle_vblank_timeout = (func),

struct miracast_vblank_timer {
};

static inline int miracast_vblank_timer_init(struct drm_crtc *crtc)
{
	return 0;
}
#else
#define DRM_CRTC_VBLANK_TIMER_FUNCS \
	.enable_vblank = miracast_compat_enable_vblank, \
	.disable_vblank = miracast_compat_disable_vblank, \
	.get_vblank_timestamp = miracast_compat_get_vblank_timestamp

#define MIRACAST_HANDLE_VBLANK_TIMEOUT(func)

/**
 * struct miracast_vblank_timer - a CRTC's timer
 * @timer: expires with each vblank
 * @crtc: whose it is; constant
 * @lock: protects @interval and the arming of @timer; a leaf but for the
 *	timer's own
 * @interval: time between two vblanks; 0 when they are off
 */
struct miracast_vblank_timer {
	struct hrtimer timer;
	struct drm_crtc *crtc;
	spinlock_t lock;	/* protects interval, and arming */
	ktime_t interval;
};

int miracast_vblank_timer_init(struct drm_crtc *crtc);
int miracast_compat_enable_vblank(struct drm_crtc *crtc);
void miracast_compat_disable_vblank(struct drm_crtc *crtc);
bool miracast_compat_get_vblank_timestamp(struct drm_crtc *crtc, int *max_error,
					  ktime_t *vblank_time,
					  bool in_vblank_irq);
#endif

#endif /* _MIRACAST_COMPAT_H_ */
