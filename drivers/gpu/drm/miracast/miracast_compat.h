/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What older kernels lack, and nothing else.
 *
 * The driver is written against the newest supported kernel. When it is built
 * for another, out of the tree, the Makefile looks for the interfaces below in
 * that kernel's headers and defines MIRACAST_OLD_<interface> for each that is as
 * it once was; version numbers would say little, as stable branches and
 * distributions bring interfaces back. In a kernel tree that has the driver
 * nothing is old, and miracast_compat_fb.c is not built.
 */
#ifndef _MIRACAST_COMPAT_H_
#define _MIRACAST_COMPAT_H_

#include <linux/dma-buf.h>
#include <linux/hrtimer.h>
#include <linux/module.h>

#include <drm/drm_connector.h>
#include <drm/drm_crtc.h>
#include <drm/drm_device.h>
#include <drm/drm_edid.h>
#ifndef MIRACAST_OLD_ELD_HEADER
#include <drm/drm_eld.h>
#endif
#include <drm/drm_fourcc.h>
#include <drm/drm_gem.h>
#include <drm/drm_gem_framebuffer_helper.h>
#include <drm/drm_plane.h>
#include <drm/drm_prime.h>
#include <drm/drm_vblank.h>

/* What an atomic commit is called. */
#ifndef MIRACAST_OLD_ATOMIC_COMMIT
#define miracast_commit		drm_atomic_commit
#else
#define miracast_commit		drm_atomic_state
#endif

/* The name space of dma-buf was a token once. */
#ifndef MIRACAST_OLD_STRING_NS
#define MIRACAST_IMPORT_NS_DMA_BUF	MODULE_IMPORT_NS("DMA_BUF")
#else
#define MIRACAST_IMPORT_NS_DMA_BUF	MODULE_IMPORT_NS(DMA_BUF)
#endif

/* struct drm_driver: a date, and the ways of PRIME, had to be asked for. */
#ifdef MIRACAST_OLD_DRIVER_DATE
#define MIRACAST_DRIVER_DATE		.date = "20260101",
#else
#define MIRACAST_DRIVER_DATE
#endif
#ifndef MIRACAST_OLD_PRIME_DEFAULTS
#define MIRACAST_DRIVER_PRIME
#else
#define MIRACAST_DRIVER_PRIME \
	.prime_handle_to_fd = drm_gem_prime_handle_to_fd, \
	.prime_fd_to_handle = drm_gem_prime_fd_to_handle,
#endif
#ifdef MIRACAST_OLD_PRIME_MMAP
#define MIRACAST_DRIVER_PRIME_MMAP	.gem_prime_mmap = drm_gem_prime_mmap,
#else
#define MIRACAST_DRIVER_PRIME_MMAP
#endif

/* Connectors' mode_valid() was allowed to change the mode. */
#ifndef MIRACAST_OLD_CONST_MODE_VALID
#define MIRACAST_CONST_MODE	const
#else
#define MIRACAST_CONST_MODE
#endif

/* Planes' atomic_async_check() is told whether it is about a flip. */
#ifndef MIRACAST_OLD_ASYNC_CHECK_FLIP
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
#ifndef MIRACAST_OLD_EDID_ADD_MODES
	drm_edid_connector_update(connector, edid);
	return drm_edid_connector_add_modes(connector);
#else
	return drm_edid_connector_update(connector, edid);
#endif
}

/* Framebuffers are given the format since its look-up became expensive. */
#ifndef MIRACAST_OLD_FB_INFO
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
#ifdef MIRACAST_OLD_IS_PRIME_EXPORTED
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

/* Cursor planes could not say which sizes they like. */
#ifdef MIRACAST_OLD_SIZE_HINTS
struct drm_plane_size_hint {
	__u16 width;
	__u16 height;
};

static inline int
drm_plane_add_size_hints_property(struct drm_plane *plane,
				  const struct drm_plane_size_hint *hints,
				  int num_hints)
{
	return 0;
}
#endif

/* The state of a CRTC's vblanks had to be found by its index. */
#ifdef MIRACAST_OLD_VBLANK_CRTC
static inline struct drm_vblank_crtc *drm_crtc_vblank_crtc(struct drm_crtc *crtc)
{
	return &crtc->dev->vblank[drm_crtc_index(crtc)];
}
#endif

/* Timers were initialised without their function. */
#ifdef MIRACAST_OLD_HRTIMER_SETUP
static inline void
hrtimer_setup(struct hrtimer *timer,
	      enum hrtimer_restart (*function)(struct hrtimer *),
	      clockid_t clock_id, enum hrtimer_mode mode)
{
	hrtimer_init(timer, clock_id, mode);
	timer->function = function;
}
#endif

#endif /* _MIRACAST_COMPAT_H_ */
