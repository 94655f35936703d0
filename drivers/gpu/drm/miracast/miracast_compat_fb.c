// SPDX-License-Identifier: GPL-2.0-only
/*
 * For kernels that do not give fb_create() the format.
 */
#include <drm/drm_plane.h>

#include "display/miracast_drv.h"

struct drm_framebuffer *
miracast_compat_fb_create(struct drm_device *drm, struct drm_file *file,
			  const struct drm_mode_fb_cmd2 *cmd)
{
	/* The oldest of them do not look themselves if a plane could show it. */
	if (!drm_any_plane_has_format(drm, cmd->pixel_format, cmd->modifier[0]))
		return ERR_PTR(-EINVAL);

	return miracast_fb_create(drm, file, drm_get_format_info(drm, cmd), cmd);
}
