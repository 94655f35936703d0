// SPDX-License-Identifier: GPL-2.0-only
/*
 * Colours of a monitor as a whole, night light for example: a matrix and a curve for
 * each of red, green and blue, which the daemon applies.
 */
#include <linux/minmax.h>
#include <linux/string.h>

#include <drm/drm_color_mgmt.h>
#include <drm/drm_crtc.h>
#include <drm/drm_mode.h>
#include <drm/drm_property.h>

#include "miracast_drv.h"

static_assert(sizeof_field(struct miracast_color, matrix) ==
	      sizeof_field(struct drm_color_ctm, matrix));

/**
 * miracast_color_init() - have desktops set the colours of a CRTC
 * @crtc: the CRTC
 *
 * Return: 0 or a negative errno.
 */
int miracast_color_init(struct drm_crtc *crtc)
{
	drm_crtc_enable_color_mgmt(crtc, 0, true, MIRACAST_COLOR_LUT);

	return drm_mode_crtc_set_gamma_size(crtc, MIRACAST_COLOR_LUT);
}

/**
 * miracast_color_check() - whether the colours are some that the daemon can be told
 * @crtc_state: with the colours; core has checked all but the number of entries
 *
 * Return: true if they are.
 */
bool miracast_color_check(const struct drm_crtc_state *crtc_state)
{
	return !crtc_state->gamma_lut ||
	       drm_color_lut_size(crtc_state->gamma_lut) == MIRACAST_COLOR_LUT;
}

static void miracast_color_set_curves(struct miracast_color *color,
				      const struct drm_color_lut *lut)
{
	unsigned int i;

	color->flags |= MIRACAST_COLOR_CURVES;
	for (i = 0; i < MIRACAST_COLOR_LUT; i++) {
		color->red[i] = lut[i].red;
		color->green[i] = lut[i].green;
		color->blue[i] = lut[i].blue;
	}
}

static void miracast_color_set_matrix(struct miracast_color *color,
				      const struct drm_color_ctm *ctm)
{
	color->flags |= MIRACAST_COLOR_MATRIX;
	memcpy(color->matrix, ctm->matrix, sizeof(color->matrix));
}

/**
 * miracast_color_update() - a commit has set the colours
 * @pipe: the pipe
 * @crtc_state: with the colours
 *
 * Context: Any, with pipe->frame_lock held.
 */
void miracast_color_update(struct miracast_pipe *pipe,
			   const struct drm_crtc_state *crtc_state)
{
	struct miracast_color *color = &pipe->color;
	u32 serial = color->serial + 1;

	lockdep_assert_held(&pipe->frame_lock);

	memset(color, 0, sizeof(*color));
	/* 0 is none. */
	color->serial = serial ?: 1;
	if (crtc_state->ctm)
		miracast_color_set_matrix(color, crtc_state->ctm->data);
	if (crtc_state->gamma_lut)
		miracast_color_set_curves(color, crtc_state->gamma_lut->data);
}

/**
 * miracast_color_get() - MIRACAST_CTL_GET_COLOR
 * @pipe: the pipe
 * @out: struct miracast_color, as much of it as fits
 * @out_len: bytes of @out
 *
 * Return: bytes that were written.
 */
size_t miracast_color_get(struct miracast_pipe *pipe, void *out, size_t out_len)
{
	out_len = min(out_len, sizeof(pipe->color));
	spin_lock_irq(&pipe->frame_lock);
	memcpy(out, &pipe->color, out_len);
	spin_unlock_irq(&pipe->frame_lock);

	return out_len;
}
