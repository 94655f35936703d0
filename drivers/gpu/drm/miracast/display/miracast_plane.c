// SPDX-License-Identifier: GPL-2.0-only
/*
 * Planes: the picture, and the cursor.
 *
 * Formats are few on purpose. What a daemon's GPU can import is not known when
 * the planes are made, and linear XRGB8888 is what every GPU can draw and
 * every converter can read. A stream has 8 bits per colour, so deeper formats
 * would promise what nobody sees; those with several memory planes are no
 * compositor's choice for a desktop.
 */
#include <linux/dma-resv.h>
#include <linux/minmax.h>

#include <drm/drm_atomic.h>
#include <drm/drm_atomic_helper.h>
#include <drm/drm_blend.h>
#include <drm/drm_fourcc.h>
#include <drm/drm_framebuffer.h>
#include <drm/drm_gem.h>
#include <drm/drm_plane.h>
#include <drm/drm_print.h>

#include "miracast_drv.h"

struct miracast_plane {
	struct drm_plane base;
};

static const u64 miracast_modifiers[] = {
	DRM_FORMAT_MOD_LINEAR,
	DRM_FORMAT_MOD_INVALID,
};

static const u32 miracast_primary_formats[] = {
	DRM_FORMAT_XRGB8888,
	DRM_FORMAT_ARGB8888,
	/* What legacy clients of 16 bits per pixel have; last, as it is least. */
	DRM_FORMAT_RGB565,
};

static const u32 miracast_cursor_formats[] = {
	DRM_FORMAT_ARGB8888,
};

/*
 * Sizes of the cursor, the best one first: small ones are drawn, copied and blended
 * in less time. Without them compositors draw the largest.
 */
static const struct drm_plane_size_hint miracast_cursor_sizes[] = {
	{ MIRACAST_MIN_CURSOR, MIRACAST_MIN_CURSOR },
	{ 2 * MIRACAST_MIN_CURSOR, 2 * MIRACAST_MIN_CURSOR },
	{ MIRACAST_MAX_CURSOR, MIRACAST_MAX_CURSOR },
};

/* Pictures are published once per commit, in the CRTC's atomic_flush(). */
static void miracast_plane_atomic_update(struct drm_plane *plane,
					 struct miracast_commit *commit)
{
}

/*
 * The state of the plane's new CRTC, or NULL when it is to be off, which
 * drm_atomic_helper_check_plane_state() takes for invisible.
 */
static const struct drm_crtc_state *
miracast_plane_crtc_state(struct drm_plane *plane,
			  struct miracast_commit *commit)
{
	const struct drm_plane_state *state =
		drm_atomic_get_new_plane_state(commit, plane);

	return state->crtc ? drm_atomic_get_new_crtc_state(commit, state->crtc) :
			     NULL;
}

/* --------------------------------------------------------------- primary */

static int miracast_primary_atomic_check(struct drm_plane *plane,
					 struct miracast_commit *commit)
{
	struct drm_plane_state *state =
		drm_atomic_get_new_plane_state(commit, plane);
	const struct drm_crtc_state *crtc_state =
		miracast_plane_crtc_state(plane, commit);

	return drm_atomic_helper_check_plane_state(state, crtc_state,
						   DRM_PLANE_NO_SCALING,
						   DRM_PLANE_NO_SCALING,
						   false, true);
}

static const struct drm_plane_helper_funcs miracast_primary_helper_funcs = {
	.atomic_check = miracast_primary_atomic_check,
	.atomic_update = miracast_plane_atomic_update,
};

/* ---------------------------------------------------------------- cursor */

/* Whether the commit leaves the cursor as it is: image, place, and monitor. */
static bool miracast_cursor_kept(const struct drm_plane_state *old,
				 const struct drm_plane_state *new)
{
	return old->fb == new->fb && old->crtc == new->crtc &&
	       old->crtc_x == new->crtc_x && old->crtc_y == new->crtc_y &&
	       old->crtc_w == new->crtc_w && old->crtc_h == new->crtc_h &&
	       old->src_x == new->src_x && old->src_y == new->src_y;
}

/*
 * A cursor that the daemon would not draw must not be accepted: refused, the
 * compositor draws it into the picture. But what was accepted before, for
 * another daemon, is no reason to refuse what the commit is about: a modeset has
 * the cursor in it, too, also that of a desktop that is gone. What is resumed
 * was accepted before as well.
 */
static int miracast_cursor_atomic_check(struct drm_plane *plane,
					struct miracast_commit *commit)
{
	struct drm_plane_state *state =
		drm_atomic_get_new_plane_state(commit, plane);
	const struct drm_plane_state *old =
		drm_atomic_get_old_plane_state(commit, plane);
	const struct drm_crtc_state *crtc_state =
		miracast_plane_crtc_state(plane, commit);
	int ret;

	ret = drm_atomic_helper_check_plane_state(state, crtc_state,
						  DRM_PLANE_NO_SCALING,
						  DRM_PLANE_NO_SCALING,
						  true, true);
	if (ret || !state->visible)
		return ret;

	if (!READ_ONCE(crtc_to_pipe(state->crtc)->cursor_allowed) &&
	    !commit->duplicated && !miracast_cursor_kept(old, state)) {
		drm_dbg_atomic(plane->dev, "sink takes no cursor\n");
		return -EINVAL;
	}

	if (state->crtc_w < MIRACAST_MIN_CURSOR ||
	    state->crtc_w > MIRACAST_MAX_CURSOR ||
	    state->crtc_h < MIRACAST_MIN_CURSOR ||
	    state->crtc_h > MIRACAST_MAX_CURSOR) {
		drm_dbg_atomic(plane->dev, "cursor size %ux%u not in %u..%u\n",
			       state->crtc_w, state->crtc_h,
			       MIRACAST_MIN_CURSOR, MIRACAST_MAX_CURSOR);
		return -EINVAL;
	}

	return 0;
}

/*
 * The pointer of a legacy client need not wait for flips, nor they for it: it
 * is not drawn here. Unless it is being drawn by a GPU: pictures are finished.
 */
static int miracast_cursor_atomic_async_check(MIRACAST_ASYNC_CHECK_ARGS)
{
	const struct drm_plane_state *state =
		drm_atomic_get_new_plane_state(commit, plane);
	const struct drm_crtc_state *crtc_state =
		miracast_plane_crtc_state(plane, commit);

	if (!crtc_state || !crtc_state->active || !state->fb)
		return -EINVAL;

	return dma_resv_test_signaled(state->fb->obj[0]->resv,
				      DMA_RESV_USAGE_WRITE) ? 0 : -EBUSY;
}

static void miracast_cursor_atomic_async_update(struct drm_plane *plane,
						struct miracast_commit *commit)
{
	struct drm_plane_state *new =
		drm_atomic_get_new_plane_state(commit, plane);
	struct drm_plane_state *state = plane->state;

	/* The new state is cleaned up, with what becomes of no use. */
	swap(state->fb, new->fb);
	state->crtc_x = new->crtc_x;
	state->crtc_y = new->crtc_y;
	state->crtc_w = new->crtc_w;
	state->crtc_h = new->crtc_h;
	state->src_x = new->src_x;
	state->src_y = new->src_y;
	state->src_w = new->src_w;
	state->src_h = new->src_h;
	state->src = new->src;
	state->dst = new->dst;
	state->visible = new->visible;

	miracast_frame_move_cursor(crtc_to_pipe(state->crtc), state);
}

static const struct drm_plane_helper_funcs miracast_cursor_helper_funcs = {
	.atomic_check = miracast_cursor_atomic_check,
	.atomic_update = miracast_plane_atomic_update,
	.atomic_async_check = miracast_cursor_atomic_async_check,
	.atomic_async_update = miracast_cursor_atomic_async_update,
};

/* ---------------------------------------------------------------- common */

/* What has an alpha channel has to say how it counts: premultiplied. */
#define MIRACAST_BLEND_MODES	BIT(DRM_MODE_BLEND_PREMULTI)

static const struct drm_plane_funcs miracast_plane_funcs = {
	.update_plane = drm_atomic_helper_update_plane,
	.disable_plane = drm_atomic_helper_disable_plane,
	.reset = drm_atomic_helper_plane_reset,
	.atomic_duplicate_state = drm_atomic_helper_plane_duplicate_state,
	.atomic_destroy_state = drm_atomic_helper_plane_destroy_state,
};

struct drm_plane *miracast_primary_create(struct drm_device *drm, u32 crtcs)
{
	struct miracast_plane *plane;
	int ret;

	plane = drmm_universal_plane_alloc(drm, struct miracast_plane, base,
					   crtcs, &miracast_plane_funcs,
					   miracast_primary_formats,
					   ARRAY_SIZE(miracast_primary_formats),
					   miracast_modifiers,
					   DRM_PLANE_TYPE_PRIMARY, NULL);
	if (IS_ERR(plane))
		return ERR_CAST(plane);

	drm_plane_helper_add(&plane->base, &miracast_primary_helper_funcs);
	drm_plane_enable_fb_damage_clips(&plane->base);
	ret = drm_plane_create_blend_mode_property(&plane->base,
						   MIRACAST_BLEND_MODES);

	return ret ? ERR_PTR(ret) : &plane->base;
}

struct drm_plane *miracast_cursor_create(struct drm_device *drm, u32 crtcs)
{
	struct miracast_plane *plane;
	int ret;

	plane = drmm_universal_plane_alloc(drm, struct miracast_plane, base,
					   crtcs, &miracast_plane_funcs,
					   miracast_cursor_formats,
					   ARRAY_SIZE(miracast_cursor_formats),
					   miracast_modifiers,
					   DRM_PLANE_TYPE_CURSOR, NULL);
	if (IS_ERR(plane))
		return ERR_CAST(plane);

	drm_plane_helper_add(&plane->base, &miracast_cursor_helper_funcs);
	ret = drm_plane_create_blend_mode_property(&plane->base,
						   MIRACAST_BLEND_MODES);
	if (ret)
		return ERR_PTR(ret);
	ret = drm_plane_add_size_hints_property(&plane->base,
						miracast_cursor_sizes,
						ARRAY_SIZE(miracast_cursor_sizes));

	return ret ? ERR_PTR(ret) : &plane->base;
}
