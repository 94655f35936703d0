// SPDX-License-Identifier: GPL-2.0-only
/*
 * Connector: the monitor that the daemon has plugged in, and its modes.
 *
 * The EDID is shown as it is (R72, R73), unless the administrator has another one
 * for the connector. What sink, link and encoder cannot carry is taken out of the
 * modes, not of the EDID.
 */
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/kref.h>
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
#include "miracast_sound.h"

/*
 * Least time between two hotplugs that user space is told of. Each is a probe and
 * a new layout of the whole desktop, and how many there are is in the hands of
 * the daemon, which is not to hold up the desktop.
 */
#define MIRACAST_HOTPLUG_DISTANCE	(HZ / 4)

/* --------------------------------------------------------------- monitor */

static void miracast_monitor_release(struct kref *ref)
{
	kvfree(container_of(ref, struct miracast_monitor, ref));
}

/**
 * miracast_monitor_put() - put a reference to a monitor
 * @monitor: the monitor, or NULL
 */
void miracast_monitor_put(struct miracast_monitor *monitor)
{
	if (monitor)
		kref_put(&monitor->ref, miracast_monitor_release);
}

/**
 * miracast_monitor_get() - what is plugged in
 * @pipe: the pipe
 *
 * Return: the monitor with a reference for the caller, or NULL.
 */
struct miracast_monitor *miracast_monitor_get(struct miracast_pipe *pipe)
{
	struct miracast_monitor *monitor;

	spin_lock(&pipe->monitor_lock);
	monitor = pipe->monitor;
	if (monitor)
		kref_get(&monitor->ref);
	spin_unlock(&pipe->monitor_lock);

	return monitor;
}

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

static const struct miracast_import *
miracast_monitor_import_list(const struct miracast_monitor *monitor)
{
	return (const struct miracast_import *)(miracast_monitor_edid(monitor) +
						monitor->plug.edid_len);
}

/**
 * miracast_monitor_imports() - whether buffers of another driver can be read
 * @monitor: the monitor
 * @synced: the driver makes its memory ready for the CPU
 * @driver: its name
 *
 * Return: true if whoever has plugged it in says so.
 */
bool miracast_monitor_imports(const struct miracast_monitor *monitor,
			      bool synced, const char *driver)
{
	const struct miracast_import *import = miracast_monitor_import_list(monitor);
	const struct miracast_plug *plug = &monitor->plug;
	unsigned int i;

	if (plug->flags & MIRACAST_PLUG_IMPORT ||
	    (synced && plug->flags & MIRACAST_PLUG_IMPORT_SYNCED))
		return true;

	for (i = 0; i < plug->num_imports; i++, import++) {
		if (!strcmp(import->driver, driver))
			return true;
	}

	return false;
}

static bool miracast_import_sane(const struct miracast_import *import)
{
	size_t len = strnlen(import->driver, sizeof(import->driver));

	return len && len < sizeof(import->driver);
}

static bool miracast_mode_sane(const struct miracast_mode *mode)
{
	return mode->width && mode->width <= MIRACAST_MAX_FB_SIZE &&
	       mode->height && mode->height <= MIRACAST_MAX_FB_SIZE &&
	       mode->refresh && mode->refresh <= 1000000 &&
	       !(mode->flags & ~MIRACAST_MODE_PREFERRED);
}

/* The name is NUL terminated, and has no control characters. */
static bool miracast_sound_name_sane(const char *name, size_t size)
{
	size_t len = strnlen(name, size), i;

	for (i = 0; i < len; i++)
		if ((u8)name[i] < ' ' || name[i] == 0x7f)
			return false;

	return len && len < size;
}

static bool miracast_plug_sound_sane(const struct miracast_plug *plug)
{
	if (!plug->sound_rates)
		return !plug->sound_channels && !plug->sound_name[0];

	return !(plug->sound_rates &
		 ~(MIRACAST_SOUND_44100 | MIRACAST_SOUND_48000)) &&
	       (plug->sound_channels == 2 || plug->sound_channels == 6) &&
	       miracast_sound_name_sane(plug->sound_name,
					sizeof(plug->sound_name));
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
	    plug->num_imports > MIRACAST_MAX_IMPORTS ||
	    plug->import_size > MIRACAST_MAX_IO_CONTROL ||
	    plug->monitor_type > DRM_MODE_CONNECTOR_USB ||
	    plug->flags & ~(MIRACAST_PLUG_CURSOR | MIRACAST_PLUG_IMPORT |
			    MIRACAST_PLUG_IMPORT_SYNCED))
		return -EINVAL;
	if (!plug->num_modes && !plug->edid_len)
		return -EINVAL;
	if (!miracast_plug_sound_sane(plug))
		return -EINVAL;
	if (in_len != size + plug->num_modes * plug->mode_size + plug->edid_len +
		      plug->num_imports * plug->import_size)
		return -EINVAL;

	return 0;
}

/* Whose buffers can be read, at @in; checked lengths. */
static int miracast_monitor_fill_imports(struct miracast_import *imports,
					 const struct miracast_plug *plug,
					 const void *in)
{
	unsigned int i;
	int ret;

	for (i = 0; i < plug->num_imports; i++, in += plug->import_size) {
		ret = miracast_copy_struct(&imports[i], sizeof(imports[i]), in,
					   plug->import_size);
		if (ret)
			return ret;
		if (!miracast_import_sane(&imports[i]))
			return -EINVAL;
	}

	return 0;
}

/* What follows @plug's own structure at @in; checked lengths. */
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

	return miracast_monitor_fill_imports((void *)&modes[i] + plug->edid_len,
					     plug, in + plug->edid_len);
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

	len = plug.num_modes * sizeof(struct miracast_mode) + plug.edid_len +
	      plug.num_imports * sizeof(struct miracast_import);
	monitor = kvmalloc(struct_size(monitor, data, len), MIRACAST_GFP_USER);
	if (!monitor)
		return ERR_PTR(-ENOMEM);

	kref_init(&monitor->ref);
	monitor->plug = plug;
	ret = miracast_monitor_fill(monitor, in + plug.size);
	if (ret) {
		miracast_monitor_put(monitor);
		return ERR_PTR(ret);
	}

	return monitor;
}

/**
 * miracast_connector_kick() - let a worker look at the monitor and tell user space
 * @pipe: the pipe
 *
 * Context: Process. Waits for nobody.
 */
void miracast_connector_kick(struct miracast_pipe *pipe)
{
	u64 now = get_jiffies_64(), next;

	spin_lock(&pipe->monitor_lock);
	next = pipe->hotplug_next;
	spin_unlock(&pipe->monitor_lock);

	queue_delayed_work(miracast_work_queue(pipe), &pipe->hotplug_work,
			   next > now ? next - now : 0);
}

/*
 * Replace the monitor and its sound, and have user space told. With @keep the
 * sound stays that is there, if it is still the one that @monitor wants: false,
 * and nothing has changed, if not.
 */
static bool miracast_connector_set_monitor(struct miracast_pipe *pipe,
					   struct miracast_monitor *monitor,
					   struct miracast_sound *sound,
					   bool keep)
{
	struct miracast_monitor *old;

	spin_lock(&pipe->monitor_lock);
	if (keep && (!pipe->sound ||
		     !miracast_sound_matches(pipe->sound, &monitor->plug))) {
		spin_unlock(&pipe->monitor_lock);
		return false;
	}
	if (monitor)
		WRITE_ONCE(pipe->cursor_allowed,
			   monitor->plug.flags & MIRACAST_PLUG_CURSOR);
	old = pipe->monitor;
	pipe->monitor = monitor;
	if (!keep)
		swap(pipe->sound, sound);
	spin_unlock(&pipe->monitor_lock);

	miracast_target_set_plugged(pipe->target, monitor);
	if (old || monitor)
		miracast_connector_kick(pipe);
	miracast_monitor_put(old);
	miracast_sound_remove(sound);

	return true;
}

/* With the sound that is there, or with a new one. */
static int miracast_connector_set_sounding(struct miracast_pipe *pipe,
					   struct miracast_monitor *monitor)
{
	const u8 *edid = monitor->plug.edid_len ?
			 miracast_monitor_edid(monitor) : NULL;
	struct miracast_sound *sound;

	if (miracast_connector_set_monitor(pipe, monitor, NULL, true))
		return 0;

	sound = miracast_sound_create(pipe, &monitor->plug, edid);
	if (IS_ERR(sound))
		return PTR_ERR(sound);
	miracast_connector_set_monitor(pipe, monitor, sound, false);

	return 0;
}

/**
 * miracast_connector_plug() - monitor arrival (R67), or a new EDID
 * @pipe: the pipe
 * @in: struct miracast_plug and what follows it
 * @in_len: bytes of it
 *
 * Return: 0; -EINVAL, -E2BIG, -EOPNOTSUPP, -ENOSPC or -ENOMEM: then nothing has
 * changed.
 */
int miracast_connector_plug(struct miracast_pipe *pipe, const void *in,
			    size_t in_len)
{
	struct miracast_monitor *monitor = miracast_monitor_create(in, in_len);
	int ret;

	if (IS_ERR(monitor))
		return PTR_ERR(monitor);

	if (!monitor->plug.sound_rates) {
		miracast_connector_set_monitor(pipe, monitor, NULL, false);
		return 0;
	}
	ret = miracast_connector_set_sounding(pipe, monitor);
	if (ret)
		miracast_monitor_put(monitor);

	return ret;
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
	miracast_connector_set_monitor(pipe, NULL, NULL, false);
}

/* ----------------------------------------------------------------- modes */

/* The size is equal and the refresh rate within 0.5 %. */
static bool miracast_mode_matches(const struct miracast_mode *entry, u32 width,
				  u32 height, u32 refresh)
{
	return entry->width == width && entry->height == height &&
	       max(entry->refresh, refresh) - min(entry->refresh, refresh) <=
	       entry->refresh / 200;
}

/* The entry of the daemon's list that such a mode matches, or NULL. */
static const struct miracast_mode *
miracast_monitor_find(const struct miracast_monitor *monitor, u32 width,
		      u32 height, u32 refresh)
{
	const struct miracast_mode *entry = miracast_monitor_modes(monitor);
	unsigned int i;

	for (i = 0; i < monitor->plug.num_modes; i++, entry++) {
		if (miracast_mode_matches(entry, width, height, refresh))
			return entry;
	}

	return NULL;
}

static const struct miracast_mode *
miracast_monitor_find_mode(const struct miracast_monitor *monitor,
			   const struct drm_display_mode *mode)
{
	return miracast_monitor_find(monitor, mode->hdisplay, mode->vdisplay,
				     miracast_mode_refresh(mode));
}

/* An empty list sets no limit. */
static bool miracast_monitor_takes(const struct miracast_monitor *monitor,
				   u32 width, u32 height, u32 refresh)
{
	return !monitor || !monitor->plug.num_modes ||
	       miracast_monitor_find(monitor, width, height, refresh);
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

/* A block of the daemon's EDID, as if it came over a cable. */
static int miracast_connector_read_block(void *context, u8 *buf,
					 unsigned int block, size_t len)
{
	const struct miracast_monitor *monitor = context;
	size_t at = block * MIRACAST_EDID_BLOCK;

	if (at + len > monitor->plug.edid_len)
		return -ENXIO;
	memcpy(buf, miracast_monitor_edid(monitor) + at, len);

	return 0;
}

/* The administrator's comes first (edid_override, drm.edid_firmware). */
static int miracast_connector_add_edid(struct drm_connector *connector,
				       struct miracast_monitor *monitor)
{
	const struct drm_edid *edid;
	int count;

	edid = drm_edid_read_custom(connector, miracast_connector_read_block,
				    monitor);
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

/* Whether core will keep a mode of the EDID, whatever the daemon's list says. */
static bool miracast_connector_keeps(struct drm_connector *connector,
				     const struct drm_display_mode *mode)
{
	struct drm_crtc *crtc = &connector_to_pipe(connector)->crtc;

	return drm_mode_validate_driver(connector->dev, mode) == MODE_OK &&
	       miracast_crtc_mode_valid(crtc, mode) == MODE_OK;
}

/*
 * What the daemon prefers comes before what the EDID prefers. Returns whether
 * the list and the EDID have a mode in common.
 */
static bool miracast_connector_prefer(struct drm_connector *connector,
				      const struct miracast_monitor *monitor)
{
	const struct miracast_mode *entry;
	struct drm_display_mode *mode;
	bool any = false, preferred = false;

	list_for_each_entry(mode, &connector->probed_modes, head) {
		/* An interlaced one would match by size and rate. */
		if (!miracast_connector_keeps(connector, mode))
			continue;
		entry = miracast_monitor_find_mode(monitor, mode);
		any |= !!entry;
		preferred |= entry && entry->flags & MIRACAST_MODE_PREFERRED;
	}
	if (!preferred)
		return any;

	list_for_each_entry(mode, &connector->probed_modes, head) {
		entry = miracast_monitor_find_mode(monitor, mode);
		if (entry && entry->flags & MIRACAST_MODE_PREFERRED)
			mode->type |= DRM_MODE_TYPE_PREFERRED;
		else
			mode->type &= ~DRM_MODE_TYPE_PREFERRED;
	}

	return true;
}

/*
 * Whether two modes differ in their blanking only, which nobody sees. The rate of
 * a detailed timing is as exact as its clock, 10 kHz; 60 and 59.94 Hz are two.
 */
static bool miracast_mode_looks_like(const struct drm_display_mode *a,
				     const struct drm_display_mode *b)
{
	u32 first, second;

	if (a->hdisplay != b->hdisplay || a->vdisplay != b->vdisplay)
		return false;

	first = miracast_mode_refresh(a);
	second = miracast_mode_refresh(b);

	return max(first, second) - min(first, second) <= first / 4000;
}

/* The one before @mode that looks like it, or NULL. */
static struct drm_display_mode *
miracast_connector_find_twin(struct drm_connector *connector,
			     const struct drm_display_mode *mode)
{
	struct drm_display_mode *other;

	list_for_each_entry(other, &connector->probed_modes, head) {
		if (other == mode)
			break;
		if (miracast_mode_looks_like(other, mode) &&
		    miracast_connector_keeps(connector, other))
			return other;
	}

	return NULL;
}

/*
 * An EDID may have the same mode as a detailed timing, as a video code, and as
 * one of both for each aspect ratio; users are to choose once. Returns how many
 * modes are left out.
 */
static int miracast_connector_drop_twins(struct drm_connector *connector)
{
	struct drm_display_mode *mode, *next, *twin;
	int count = 0;

	list_for_each_entry_safe(mode, next, &connector->probed_modes, head) {
		if (!miracast_connector_keeps(connector, mode))
			continue;
		twin = miracast_connector_find_twin(connector, mode);
		if (!twin)
			continue;
		twin->type |= mode->type & DRM_MODE_TYPE_PREFERRED;
		list_del(&mode->head);
		drm_mode_destroy(connector->dev, mode);
		count++;
	}

	return count;
}

static int miracast_connector_get_modes(struct drm_connector *connector)
{
	struct miracast_monitor *monitor =
		miracast_monitor_get(connector_to_pipe(connector));
	int count;

	if (!monitor)
		return 0;

	count = miracast_connector_add_edid(connector, monitor);
	if (!miracast_connector_prefer(connector, monitor)) {
		count += miracast_connector_add_list(connector, monitor);
		miracast_connector_prefer(connector, monitor);
	}
	count -= miracast_connector_drop_twins(connector);
	miracast_monitor_put(monitor);

	return count;
}

/* Whether the monitor that is plugged in takes the mode; without one, any. */
static bool miracast_connector_takes(struct miracast_pipe *pipe,
				     const struct drm_display_mode *mode)
{
	struct miracast_monitor *monitor = miracast_monitor_get(pipe);
	bool takes = miracast_monitor_takes(monitor, mode->hdisplay,
					    mode->vdisplay,
					    miracast_mode_refresh(mode));

	miracast_monitor_put(monitor);

	return takes;
}

static enum drm_mode_status
miracast_connector_mode_valid(struct drm_connector *connector,
			      MIRACAST_CONST_MODE struct drm_display_mode *mode)
{
	return miracast_connector_takes(connector_to_pipe(connector), mode) ?
	       MODE_OK : MODE_BAD;
}

/* --------------------------------------------------------------- hotplug */

/*
 * Whether the desktop has to choose another mode: the one that is set is not for
 * the monitor that is plugged in, or the daemon has said that it cannot carry it.
 */
static bool miracast_connector_link_bad(struct miracast_pipe *pipe)
{
	struct miracast_monitor *monitor = miracast_monitor_get(pipe);
	struct miracast_mode_state mode;
	bool refused, bad;

	spin_lock_irq(&pipe->frame_lock);
	mode = pipe->mode;
	refused = pipe->refused && pipe->refused == mode.serial;
	spin_unlock_irq(&pipe->frame_lock);

	bad = monitor && mode.width &&
	      (refused || !miracast_monitor_takes(monitor, mode.width,
						  mode.height, mode.refresh));
	miracast_monitor_put(monitor);

	return bad;
}

static void miracast_connector_hotplug_work(struct work_struct *work)
{
	struct miracast_pipe *pipe =
		container_of(work, struct miracast_pipe, hotplug_work.work);
	struct drm_connector *connector = &pipe->connector;

	spin_lock(&pipe->monitor_lock);
	pipe->hotplug_next = get_jiffies_64() + MIRACAST_HOTPLUG_DISTANCE;
	spin_unlock(&pipe->monitor_lock);

	/* Whoever keeps a mode as long as it is set has to be told to give it up. */
	drm_connector_set_link_status_property(connector,
					       miracast_connector_link_bad(pipe) ?
					       DRM_MODE_LINK_STATUS_BAD :
					       DRM_MODE_LINK_STATUS_GOOD);

	/* Connected before and after: the EDID, the modes or the link have changed. */
	if (!drm_connector_helper_hpd_irq_event(connector))
		drm_kms_helper_connector_hotplug_event(connector);
}

/* ------------------------------------------------------------- connector */

static int miracast_connector_detect(struct drm_connector *connector,
				     struct drm_modeset_acquire_ctx *ctx,
				     bool force)
{
	struct miracast_monitor *monitor;
	bool plugged;

	/* A probe does not ask when the administrator has forced it; a hotplug does. */
	if (connector->force)
		return connector->force == DRM_FORCE_OFF ?
			       connector_status_disconnected :
			       connector_status_connected;

	monitor = miracast_monitor_get(connector_to_pipe(connector));
	plugged = monitor;
	miracast_monitor_put(monitor);

	return plugged ? connector_status_connected :
			 connector_status_disconnected;
}

/*
 * Modes of user space's own making do not pass mode_valid() otherwise. The
 * monitor may be another one when the commit is carried out, as with any
 * connector; then the desktop is told as above.
 */
static int miracast_connector_atomic_check(struct drm_connector *connector,
					   struct miracast_commit *commit)
{
	struct drm_connector_state *state =
		drm_atomic_get_new_connector_state(commit, connector);
	const struct drm_crtc_state *crtc_state;

	if (!state->crtc || commit->duplicated)
		return 0;

	crtc_state = drm_atomic_get_new_crtc_state(commit, state->crtc);
	if (!crtc_state || !crtc_state->enable ||
	    !(crtc_state->mode_changed || crtc_state->connectors_changed))
		return 0;

	if (!miracast_connector_takes(connector_to_pipe(connector),
				      &crtc_state->mode)) {
		drm_dbg_atomic(connector->dev,
			       "[CONNECTOR:%d:%s] sink does not take " DRM_MODE_FMT "\n",
			       connector->base.id, connector->name,
			       DRM_MODE_ARG(&crtc_state->mode));
		return -EINVAL;
	}

	/* There is no link but what the mode makes of it. */
	state->link_status = DRM_MODE_LINK_STATUS_GOOD;

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

	miracast_monitor_put(pipe->monitor);
}

/* Encoder and connector of @pipe, unplugged (R6); managed by its device. */
int miracast_connector_init(struct miracast_pipe *pipe)
{
	struct drm_connector *connector = &pipe->connector;
	struct drm_encoder *encoder = &pipe->encoder;
	struct drm_device *drm = pipe->crtc.dev;
	int ret;

	spin_lock_init(&pipe->monitor_lock);
	INIT_DELAYED_WORK(&pipe->hotplug_work, miracast_connector_hotplug_work);
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
	/* A stream is 4:2:0 in any case. */
	connector->ycbcr_420_allowed = true;
	/* Never polled (R5). */
	connector->polled = DRM_CONNECTOR_POLL_HPD;

	return drm_connector_attach_encoder(connector, encoder);
}
