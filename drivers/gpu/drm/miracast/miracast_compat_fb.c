// SPDX-License-Identifier: GPL-2.0-only
/*
 * For kernels that do not give fb_create() the format.
 */
#include "miracast_drv.h"

struct drm_framebuffer *
miracast_compat_fb_create(struct drm_device *drm, struct drm_file *file,
			  const struct drm_mode_fb_cmd2 *cmd)
{
	return miracast_fb_create(drm, file, drm_get_format_info(drm, cmd), cmd);
}
