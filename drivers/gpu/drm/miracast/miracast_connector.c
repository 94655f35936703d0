// SPDX-License-Identifier: GPL-2.0-only
/*
 * Connector: the monitor that the daemon has plugged in, and its modes.
 *
 * The EDID is shown as it is (R72, R73). What sink, link and encoder cannot
 * carry is taken out of the modes, not of the EDID.
 */
#include <linux/err.h>
#include <linux/slab.h>

#include <drm/drm_atomic.h>
#include <drm/drm_atomic_helper.h>
#include <drm/drm_atomic_state_helper.h>
#include <drm/drm_edid.h>
#include <drm/drm_managed.h>
#include <drm/drm_modes.h>
#include <drm/drm_print.h>
#include <drm/drm_probe_helper.h>

#include "miracast_drv.h"
#include "miracast_edid.h"

/* --------------------------------------------------------------- monitor */

static const struct miracast_mode *
miracast_monitor_modes(const struct miracast_monitor *monitor)
{
	return (const struct miracast_mode *)monitor->data;
}

static const u8 *miracast_monitor_edid(const struct miracast_monitor *monitor)
{
	return monitor->data +
	       monitor->plug.num_modes * sizeof(struct miracast_mode);
}

static bool miracast_mode_sane(const struct miracast_mode *mode)
{
	return mode->width && mode->width <= MIRACAST_MAX_FB_SIZE &&
	       mode->height && mode->height <= MIRACAST_MAX_FB_SIZE &&
	       mode->refresh && mode->refresh <= 1000000 &&
	       !(mode->flags & ~MIRACAST_MODE_PREFERRED);
}

/* The head of MIRACAST_CTL_PLUG's input, of an older or a newer program. */
static int miracast_plug_copy(struct miracast_plug *plug, const void *in,
			      size_t in_len)
{
	u32 size;
	int ret;

	if (in_len < sizeof(size))
		return -EINVAL;
	memcpy(&size, in, sizeof(size));
	if (size < sizeof(size) || size > in_len)
		return -EINVAL;
	ret = miracast_copy_struct(plug, sizeof(*plug), in, size);
	if (ret)
		return ret;

	if (plug->num_modes > MIRACAST_MAX_MODES ||
	    plug->mode_size > MIRACAST_MAX_IO_CONTROL ||
	    plug->edid_len > MIRACAST_MAX_EDID ||
	    plug->monitor_type > DRM_MODE_CONNECTOR_USB ||
	    plug->flags & ~(MIRACAST_PLUG_CURSOR | MIRACAST_PLUG_IMPORT))
		return -EINVAL;
	if (!plug->num_modes && !plug->edid_len)
		return -EINVAL;
	if (in_len != size + plug->num_modes * plug->mode_size + plug->edid_len)
		return -EINVAL;

	return 0;
}

/* Modes and EDID, which follow @plug's own structure at @in; checked lengths. */
static int miracast_monitor_fill(struct miracast_monitor *monitor, const void *in)
{
	struct miracast_mode *modes = (struct miracast_mode *)monitor->data;
	const struct miracast_plug *plug = &monitor->plug;
	unsigned int i;
	int ret;

	for (i = 0; i < plug->num_modes; i++, in += plug->mode_size) {
		ret = miracast_copy_struct(&modes[i], sizeof(modes[i]), in,
					   plug->mode_size);
		if (ret)
			return ret;
		if (!miracast_mode_sane(&modes[i]))
			return -EINVAL;
	}
	memcpy(&modes[i], in, plug->edid_len);
	if (plug->edid_len &&
	    !miracast_edid_valid(miracast_monitor_edid(monitor), plug->edid_len))
		return -EINVAL;

	return 0;
}

/* Take over the input of MIRACAST_CTL_PLUG. */
static struct miracast_monitor *miracast_monitor_create(const void *in,
							size_t in_len)
{
	struct miracast_monitor *monitor;
	struct miracast_plug plug;
	size_t len;
	int ret;

	ret = miracast_plug_copy(&plug, in, in_len);
	if (ret)
		return ERR_PTR(ret);

	len = plug.num_modes * sizeof(struct miracast_mode) + plug.edid_len;
	monitor = kvmalloc(struct_size(monitor, data, len), MIRACAST_GFP_USER);
	if (!monitor)
		return ERR_PTR(-ENOMEM);

	monitor->plug = plug;
	ret = miracast_monitor_fill(monitor, in + plug.size);
	if (ret) {
		kvfree(monitor);
		return ERR_PTR(ret);
	}

	return monitor;
}

/* Replace the monitor, and let a worker tell user space. */
static void miracast_connector_set_monitor(struct miracast_pipe *pipe,
					   struct miracast_monitor *monitor)
{
	struct miracast_monitor *old;

	mutex_lock(&pipe->monitor_lock);
	old = pipe->monitor;
	pipe->monitor = monitor;
	mutex_unlock(&pipe->monitor_lock);

	miracast_target_set_plugged(pipe->target, monitor);
	if (old || monitor)
		queue_work(miracast_work_queue(pipe), &pipe->hotplug_work);
	kvfree(old);
}

/**
 * miracast_connector_plug() - monitor arrival (R67), or a new EDID
 * @pipe: the pipe
 * @in: struct miracast_plug and what follows it
 * @in_len: bytes of it
 *
 * Return: 0; -EINVAL, -E2BIG or -ENOMEM: then nothing has changed.
 */
int miracast_connector_plug(struct miracast_pipe *pipe, const void *in,
			    size_t in_len)
{
	struct miracast_monitor *monitor = miracast_monitor_create(in, in_len);

	if (IS_ERR(monitor))
		return PTR_ERR(monitor);

	WRITE_ONCE(pipe->cursor_allowed,
		   monitor->plug.flags & MIRACAST_PLUG_CURSOR);
	miracast_connector_set_monitor(pipe, monitor);

	return 0;
}

/**
 * miracast_connector_unplug() - monitor departure, also when there is none (R24)
 * @pipe: the pipe
 *
 * Leaves pipe->cursor_allowed alone: until the compositor has noticed, its
 * commits had better not begin to fail.
 */
void miracast_connector_unplug(struct miracast_pipe *pipe)
{
	miracast_connector_set_monitor(pipe, NULL);
}

static void miracast_connector_hotplug_work(struct work_struct *work)
{
	struct miracast_pipe *pipe =
		container_of(work, struct miracast_pipe, hotplug_work);
	struct drm_connector *connector = &pipe->connector;

	/* Connected before and after: the EDID or the modes have changed. */
	if (!drm_connector_helper_hpd_irq_event(connector))
		drm_kms_helper_connector_hotplug_event(connector);
}

/* ----------------------------------------------------------------- modes */

/* The size is equal and the refresh rate within 0.5 %. */
static bool miracast_mode_matches(const struct miracast_mode *entry,
				  const struct drm_display_mode *mode)
{
	u32 refresh = miracast_mode_refresh(mode);

	return entry->width == mode->hdisplay &&
	       entry->height == mode->vdisplay &&
	       max(entry->refresh, refresh) - min(entry->refresh, refresh) <=
	       entry->refresh / 200;
}

static const struct miracast_mode *
miracast_monitor_find(const struct miracast_monitor *monitor,
		      const struct drm_display_mode *mode)
{
	const struct miracast_mode *entry = miracast_monitor_modes(monitor);
	unsigned int i;

	for (i = 0; i < monitor->plug.num_modes; i++, entry++) {
		if (miracast_mode_matches(entry, mode))
			return entry;
	}

	return NULL;
}

/* A mode of the list, for want of the sink's own timing with CVT's blanking. */
static struct drm_display_mode *
miracast_mode_create(struct drm_device *drm, const struct miracast_mode *entry)
{
	struct drm_display_mode *mode = drm_mode_create(drm);

	if (!mode)
		return NULL;

	mode->hdisplay = entry->width;
	mode->hsync_start = mode->hdisplay + 48;
	mode->hsync_end = mode->hsync_start + 32;
	mode->htotal = mode->hsync_end + 80;
	mode->vdisplay = entry->height;
	mode->vsync_start = mode->vdisplay + 3;
	mode->vsync_end = mode->vsync_start + 6;
	mode->vtotal = mode->vsync_end + 22;
	mode->clock = div_u64((u64)mode->htotal * mode->vtotal * entry->refresh,
			      1000000);
	mode->flags = DRM_MODE_FLAG_PHSYNC | DRM_MODE_FLAG_NVSYNC;
	mode->type = DRM_MODE_TYPE_DRIVER;
	drm_mode_set_name(mode);

	return mode;
}

static int miracast_connector_add_edid(struct drm_connector *connector,
				       const struct miracast_monitor *monitor)
{
	const struct drm_edid *edid = NULL;
	int count;

	if (monitor->plug.edid_len)
		edid = drm_edid_alloc(miracast_monitor_edid(monitor),
				      monitor->plug.edid_len);
	count = miracast_compat_edid_modes(connector, edid);
	drm_edid_free(edid);

	return count;
}

static int miracast_connector_add_list(struct drm_connector *connector,
				       const struct miracast_monitor *monitor)
{
	const struct miracast_mode *entry = miracast_monitor_modes(monitor);
	struct drm_display_mode *mode;
	unsigned int i;
	int count = 0;

	for (i = 0; i < monitor->plug.num_modes; i++, entry++) {
		mode = miracast_mode_create(connector->dev, entry);
		if (!mode)
			break;
		drm_mode_probed_add(connector, mode);
		count++;
	}

	return count;
}

/*
 * What the daemon prefers comes before what the EDID prefers. Returns whether
 * the list and the EDID have a mode in common.
 */
static bool miracast_connector_prefer(struct drm_connector *connector,
				      const struct miracast_monitor *monitor)
{
	struct drm_crtc *crtc = &connector_to_pipe(connector)->crtc;
	const struct miracast_mode *entry;
	struct drm_display_mode *mode;
	bool any = false, preferred = false;

	list_for_each_entry(mode, &connector->probed_modes, head) {
		/* An interlaced one would match by size and rate. */
		if (miracast_crtc_mode_valid(crtc, mode) != MODE_OK)
			continue;
		entry = miracast_monitor_find(monitor, mode);
		any |= !!entry;
		preferred |= entry && entry->flags & MIRACAST_MODE_PREFERRED;
	}
	if (!preferred)
		return any;

	list_for_each_entry(mode, &connector->probed_modes, head) {
		entry = miracast_monitor_find(monitor, mode);
		if (entry && entry->flags & MIRACAST_MODE_PREFERRED)
			mode->type |= DRM_MODE_TYPE_PREFERRED;
		else
			mode->type &= ~DRM_MODE_TYPE_PREFERRED;
	}

	return true;
}

static int miracast_connector_get_modes(struct drm_connector *connector)
{
	struct miracast_pipe *pipe = connector_to_pipe(connector);
	const struct miracast_monitor *monitor;
	int count = 0;

	mutex_lock(&pipe->monitor_lock);
	monitor = pipe->monitor;
	if (monitor) {
		count = miracast_connector_add_edid(connector, monitor);
		if (!miracast_connector_prefer(connector, monitor)) {
			count += miracast_connector_add_list(connector, monitor);
			miracast_connector_prefer(connector, monitor);
		}
	}
	mutex_unlock(&pipe->monitor_lock);

	return count;
}

static enum drm_mode_status
miracast_connector_mode_valid(struct drm_connector *connector,
			      MIRACAST_CONST_MODE struct drm_display_mode *mode)
{
	struct miracast_pipe *pipe = connector_to_pipe(connector);
	const struct miracast_monitor *monitor;
	enum drm_mode_status status = MODE_OK;

	mutex_lock(&pipe->monitor_lock);
	monitor = pipe->monitor;
	if (monitor && monitor->plug.num_modes &&
	    !miracast_monitor_find(monitor, mode))
		status = MODE_BAD;
	mutex_unlock(&pipe->monitor_lock);

	return status;
}

/* ------------------------------------------------------------- connector */

static int miracast_connector_detect(struct drm_connector *connector,
				     struct drm_modeset_acquire_ctx *ctx,
				     bool force)
{
	struct miracast_pipe *pipe = connector_to_pipe(connector);
	bool plugged;

	/* A probe does not ask when the administrator has forced it; a hotplug does. */
	if (connector->force)
		return connector->force == DRM_FORCE_OFF ?
			       connector_status_disconnected :
			       connector_status_connected;

	mutex_lock(&pipe->monitor_lock);
	plugged = pipe->monitor;
	mutex_unlock(&pipe->monitor_lock);

	return plugged ? connector_status_connected :
			 connector_status_disconnected;
}

/* Modes of user space's own making do not pass mode_valid() otherwise. */
static int miracast_connector_atomic_check(struct drm_connector *connector,
					   struct miracast_commit *commit)
{
	const struct drm_connector_state *state =
		drm_atomic_get_new_connector_state(commit, connector);
	struct drm_crtc_state *crtc_state;
	struct drm_display_mode mode;

	if (!state->crtc || commit->duplicated)
		return 0;

	crtc_state = drm_atomic_get_new_crtc_state(commit, state->crtc);
	if (!crtc_state || !crtc_state->mode_changed || !crtc_state->enable)
		return 0;

	mode = crtc_state->mode;
	if (miracast_connector_mode_valid(connector, &mode) != MODE_OK) {
		drm_dbg_atomic(connector->dev,
			       "[CONNECTOR:%d:%s] sink does not take " DRM_MODE_FMT "\n",
			       connector->base.id, connector->name,
			       DRM_MODE_ARG(&mode));
		return -EINVAL;
	}

	return 0;
}

static const struct drm_connector_helper_funcs miracast_connector_helper_funcs = {
	.get_modes = miracast_connector_get_modes,
	.mode_valid = miracast_connector_mode_valid,
	.detect_ctx = miracast_connector_detect,
	.atomic_check = miracast_connector_atomic_check,
};

static const struct drm_connector_funcs miracast_connector_funcs = {
	.fill_modes = drm_helper_probe_single_connector_modes,
	.reset = drm_atomic_helper_connector_reset,
	.atomic_duplicate_state = drm_atomic_helper_connector_duplicate_state,
	.atomic_destroy_state = drm_atomic_helper_connector_destroy_state,
};

static void miracast_connector_release(struct drm_device *drm, void *data)
{
	struct miracast_pipe *pipe = data;

	kvfree(pipe->monitor);
	mutex_destroy(&pipe->monitor_lock);
}

/* Encoder and connector of @pipe, unplugged (R6); managed by its device. */
int miracast_connector_init(struct miracast_pipe *pipe)
{
	struct drm_connector *connector = &pipe->connector;
	struct drm_encoder *encoder = &pipe->encoder;
	struct drm_device *drm = pipe->crtc.dev;
	int ret;

	mutex_init(&pipe->monitor_lock);
	INIT_WORK(&pipe->hotplug_work, miracast_connector_hotplug_work);
	ret = drmm_add_action_or_reset(drm, miracast_connector_release, pipe);
	if (ret)
		return ret;

	ret = drmm_encoder_init(drm, encoder, NULL, DRM_MODE_ENCODER_VIRTUAL,
				NULL);
	if (ret)
		return ret;
	encoder->possible_crtcs = drm_crtc_mask(&pipe->crtc);

	ret = drmm_connector_init(drm, connector, &miracast_connector_funcs,
				  DRM_MODE_CONNECTOR_VIRTUAL, NULL);
	if (ret)
		return ret;
	drm_connector_helper_add(connector, &miracast_connector_helper_funcs);
	drm_connector_attach_edid_property(connector);
	/* Never polled (R5). */
	connector->polled = DRM_CONNECTOR_POLL_HPD;

	return drm_connector_attach_encoder(connector, encoder);
}
