// SPDX-License-Identifier: GPL-2.0-only
/*
 * Framebuffers: what the daemon knows by an id.
 */
#include <linux/slab.h>

#include <drm/drm_damage_helper.h>
#include <drm/drm_framebuffer.h>
#include <drm/drm_gem_framebuffer_helper.h>

#include "miracast_drv.h"

static void miracast_fb_destroy(struct drm_framebuffer *fb)
{
	struct miracast_fb *mfb = to_miracast_fb(fb);

	miracast_retire_fb(fb->dev, mfb->id);
	drm_gem_fb_destroy(fb);
}

static const struct drm_framebuffer_funcs miracast_fb_funcs = {
	.destroy = miracast_fb_destroy,
	.create_handle = drm_gem_fb_create_handle,
	/* Drawing into the front buffer becomes a commit with damage. */
	.dirty = drm_atomic_helper_dirtyfb,
};

/**
 * miracast_fb_create() - make a framebuffer
 * @drm: the device
 * @file: for whom
 * @info: its format
 * @cmd: the request
 *
 * Return: the framebuffer or an ERR_PTR().
 */
struct drm_framebuffer *
miracast_fb_create(struct drm_device *drm, struct drm_file *file,
		   const struct drm_format_info *info,
		   const struct drm_mode_fb_cmd2 *cmd)
{
	struct miracast_fb *mfb;
	int ret;

	mfb = kzalloc(sizeof(*mfb), GFP_KERNEL);
	if (!mfb)
		return ERR_PTR(-ENOMEM);

	mfb->id = atomic64_inc_return(&to_miracast_device(drm)->last_buffer_id);
	ret = miracast_compat_fb_init(drm, &mfb->base, file, info, cmd,
				      &miracast_fb_funcs);
	if (ret) {
		kfree(mfb);
		return ERR_PTR(ret);
	}

	return &mfb->base;
}
