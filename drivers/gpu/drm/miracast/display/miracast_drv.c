// SPDX-License-Identifier: GPL-2.0-only
/*
 * The card: one platform device with a fixed pool of monitors that are plugged
 * in by Miracast sessions. See miracast_drv.h for how it is built.
 *
 * There is no fbdev emulation, as a console has no business on a television,
 * and no render node, as there is nothing to render with. What is on the screen
 * can be seen by who may see it on any card, the DRM master and CAP_SYS_ADMIN
 * (GETFB2), and by who has opened /dev/miracast or been given a sink fd.
 */
#include <linux/dma-mapping.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/pm.h>
#include <linux/seq_file.h>

#include <drm/drm_atomic_helper.h>
#include <drm/drm_debugfs.h>
#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/drm_gem.h>
#include <drm/drm_ioctl.h>
#include <drm/drm_managed.h>
#include <drm/drm_mode_config.h>
#include <drm/drm_modeset_helper.h>
#include <drm/drm_print.h>
#include <drm/drm_vblank.h>

#include "miracast_drv.h"
#include "relay/miracast_relay.h"
#include "miracast_sound.h"

#define MIRACAST_NAME	"miracast"

static unsigned int miracast_max_sinks = 4;
module_param_named(max_sinks, miracast_max_sinks, uint, 0444);
MODULE_PARM_DESC(max_sinks, "monitors at the same time, 1 to 8 (default: 4)");

/* --------------------------------------------------------------- debugfs */

static void miracast_pipe_show(struct seq_file *m, struct miracast_pipe *pipe)
{
	struct miracast_monitor *monitor = miracast_monitor_get(pipe);
	struct miracast_mode_state mode;
	struct miracast_stats stats;
	unsigned int held = 0, i;
	bool on, streaming;

	spin_lock_irq(&pipe->frame_lock);
	mode = pipe->mode;
	on = pipe->on;
	stats = pipe->stats;
	streaming = pipe->context && pipe->context->streaming;
	for (i = 0; pipe->context && i < MIRACAST_MAX_HELD; i++)
		held += pipe->context->holds[i].state != MIRACAST_HOLD_NONE;
	spin_unlock_irq(&pipe->frame_lock);

	seq_printf(m, "%s: mode %ux%u@%u serial %u %s%s\n",
		   pipe->connector.name, mode.width, mode.height, mode.refresh,
		   mode.serial, on ? "on" : "off",
		   streaming ? " streaming" : "");
	seq_printf(m, "  pictures %llu acquired %llu held %u held flips %llu revoked %llu refused %llu\n",
		   stats.pictures, stats.acquired, held, stats.held_flips,
		   stats.revoked, stats.refused);

	if (monitor)
		seq_printf(m, "  monitor type %u modes %u edid %u flags 0x%x\n",
			   monitor->plug.monitor_type, monitor->plug.num_modes,
			   monitor->plug.edid_len, monitor->plug.flags);
	miracast_monitor_put(monitor);
	miracast_sound_show(m, pipe);
}

static int miracast_pipes_show(struct seq_file *m, void *data)
{
	struct drm_info_node *node = m->private;
	struct miracast_device *mdev = to_miracast_device(node->minor->dev);
	unsigned int i;

	for (i = 0; i < mdev->num_pipes; i++)
		miracast_pipe_show(m, mdev->pipes[i]);

	return 0;
}

static const struct drm_info_list miracast_debugfs_list[] = {
	{ "pipes", miracast_pipes_show },
};

static void miracast_drm_debugfs_init(struct drm_minor *minor)
{
	drm_debugfs_create_files(miracast_debugfs_list,
				 ARRAY_SIZE(miracast_debugfs_list),
				 minor->debugfs_root, minor);
}

/* -------------------------------------------------------------- DRM driver */

static void miracast_drm_postclose(struct drm_device *drm, struct drm_file *file)
{
	miracast_crtc_clean_up(drm);
}

DEFINE_DRM_GEM_FOPS(miracast_fops);

static const struct drm_driver miracast_drm_driver = {
	.driver_features = DRIVER_MODESET | DRIVER_ATOMIC | DRIVER_GEM |
			   DRIVER_SYNCOBJ | DRIVER_SYNCOBJ_TIMELINE,
	.fops = &miracast_fops,
	.name = MIRACAST_NAME,
	.desc = "Miracast (Wi-Fi Display) source",
	MIRACAST_DRIVER_DATE
	.major = 1,
	.minor = 0,
	MIRACAST_DRIVER_PRIME
	MIRACAST_DRIVER_PRIME_MMAP
	.gem_prime_import = miracast_gem_prime_import,
	.dumb_create = miracast_gem_dumb_create,
	.dumb_map_offset = miracast_gem_dumb_map_offset,
	.debugfs_init = miracast_drm_debugfs_init,
	.postclose = miracast_drm_postclose,
};

static const struct drm_mode_config_funcs miracast_mode_config_funcs = {
	.fb_create = MIRACAST_FB_CREATE,
	.atomic_check = drm_atomic_helper_check,
	.atomic_commit = drm_atomic_helper_commit,
};

static const struct drm_mode_config_helper_funcs miracast_mode_config_helpers = {
	.atomic_commit_tail = miracast_crtc_commit_tail,
};

/* ----------------------------------------------------------------- set-up */

static struct miracast_pipe *miracast_pipe_create(struct drm_device *drm,
						  unsigned int index)
{
	struct drm_plane *primary, *cursor;
	struct miracast_pipe *pipe;
	int ret;

	primary = miracast_primary_create(drm, BIT(index));
	if (IS_ERR(primary))
		return ERR_CAST(primary);
	cursor = miracast_cursor_create(drm, BIT(index));
	if (IS_ERR(cursor))
		return ERR_CAST(cursor);
	pipe = miracast_crtc_create(drm, primary, cursor);
	if (IS_ERR(pipe))
		return pipe;

	spin_lock_init(&pipe->frame_lock);
	ret = miracast_connector_init(pipe);

	return ret ? ERR_PTR(ret) : pipe;
}

static void miracast_work_queue_release(struct drm_device *drm, void *data)
{
	destroy_workqueue(data);
}

static int miracast_device_init(struct miracast_device *mdev)
{
	struct drm_device *drm = &mdev->drm;
	struct drm_mode_config *config = &drm->mode_config;
	unsigned int num_pipes = clamp(miracast_max_sinks, 1, MIRACAST_MAX_PIPES);
	struct miracast_pipe *pipe;
	int ret;

	mdev->work_queue = alloc_workqueue("miracast", WQ_UNBOUND, 0);
	if (!mdev->work_queue)
		return -ENOMEM;
	ret = drmm_add_action_or_reset(drm, miracast_work_queue_release,
				       mdev->work_queue);
	if (ret)
		return ret;

	ret = drmm_mode_config_init(drm);
	if (ret)
		return ret;
	config->funcs = &miracast_mode_config_funcs;
	config->helper_private = &miracast_mode_config_helpers;
	config->max_width = MIRACAST_MAX_FB_SIZE;
	config->max_height = MIRACAST_MAX_FB_SIZE;
	config->cursor_width = MIRACAST_MAX_CURSOR;
	config->cursor_height = MIRACAST_MAX_CURSOR;
	config->preferred_depth = 24;

	while (mdev->num_pipes < num_pipes) {
		pipe = miracast_pipe_create(drm, mdev->num_pipes);
		if (IS_ERR(pipe))
			return PTR_ERR(pipe);
		mdev->pipes[mdev->num_pipes++] = pipe;
	}

	ret = drm_vblank_init(drm, num_pipes);
	if (ret)
		return ret;
	/* Time stamps are exact, whether the timer runs or not. */
	drm->vblank_disable_immediate = true;

	drm_mode_config_reset(drm);

	return 0;
}

static void miracast_unregister_targets(struct miracast_device *mdev)
{
	unsigned int i;

	for (i = 0; i < mdev->num_pipes; i++) {
		struct miracast_pipe *pipe = mdev->pipes[i];

		if (pipe->target)
			miracast_unregister_target(pipe->target);
		pipe->target = NULL;
		cancel_delayed_work_sync(&pipe->hotplug_work);
	}
}

static int miracast_register_targets(struct miracast_device *mdev)
{
	unsigned int i;
	int ret;

	for (i = 0; i < mdev->num_pipes; i++) {
		struct miracast_pipe *pipe = mdev->pipes[i];
		const struct miracast_target_desc desc = {
			.driver = MIRACAST_NAME,
			.name = pipe->connector.name,
			.connector_id = pipe->connector.base.id,
			.card_minor = mdev->drm.primary->index,
		};

		ret = miracast_register_target(&desc, &miracast_target_ops,
					       pipe, &pipe->target);
		if (ret)
			return ret;
	}

	return 0;
}

/* --------------------------------------------------------- platform driver */

/*
 * Unbind, under running sessions and compositors: end the sessions, so that
 * nobody is waited for; then let nobody in; then switch off, which completes
 * what compositors wait for.
 */
static void miracast_remove(void *data)
{
	struct miracast_device *mdev = data;

	miracast_unregister_targets(mdev);
	drm_dev_unplug(&mdev->drm);
	drm_atomic_helper_shutdown(&mdev->drm);
}

static int miracast_probe(struct platform_device *pdev)
{
	struct miracast_device *mdev;
	int ret;

	mdev = devm_drm_dev_alloc(&pdev->dev, &miracast_drm_driver,
				  struct miracast_device, drm);
	if (IS_ERR(mdev))
		return PTR_ERR(mdev);
	platform_set_drvdata(pdev, mdev);

	/* Those who import our buffers map them for themselves. */
	ret = dma_coerce_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(64));
	if (ret)
		return ret;

	ret = miracast_device_init(mdev);
	if (ret)
		return ret;

	ret = drm_dev_register(&mdev->drm, 0);
	if (ret)
		return ret;
	/* From here on a compositor may have lit something, also if this fails. */
	ret = devm_add_action_or_reset(&pdev->dev, miracast_remove, mdev);
	if (ret)
		return ret;

	return miracast_register_targets(mdev);
}

static void miracast_shutdown(struct platform_device *pdev)
{
	struct miracast_device *mdev = platform_get_drvdata(pdev);

	drm_atomic_helper_shutdown(&mdev->drm);
}

/* The daemon may be frozen by now, but nothing waits for it for long. */
static int miracast_suspend(struct device *dev)
{
	struct miracast_device *mdev = dev_get_drvdata(dev);

	return drm_mode_config_helper_suspend(&mdev->drm);
}

static int miracast_resume(struct device *dev)
{
	struct miracast_device *mdev = dev_get_drvdata(dev);

	return drm_mode_config_helper_resume(&mdev->drm);
}

static DEFINE_SIMPLE_DEV_PM_OPS(miracast_pm_ops, miracast_suspend,
				miracast_resume);

static struct platform_driver miracast_platform_driver = {
	.probe = miracast_probe,
	.shutdown = miracast_shutdown,
	.driver = {
		.name = MIRACAST_NAME,
		.pm = pm_sleep_ptr(&miracast_pm_ops),
	},
};

/* ----------------------------------------------------------------- module */

static struct platform_device *miracast_platform_device;

static int __init miracast_init(void)
{
	int ret;

	ret = miracast_relay_init();
	if (ret)
		return ret;

	ret = platform_driver_register(&miracast_platform_driver);
	if (ret)
		goto err_relay;

	miracast_platform_device =
		platform_device_register_simple(MIRACAST_NAME,
						PLATFORM_DEVID_NONE, NULL, 0);
	ret = PTR_ERR_OR_ZERO(miracast_platform_device);
	if (ret)
		goto err_driver;

	return 0;

err_driver:
	platform_driver_unregister(&miracast_platform_driver);
err_relay:
	miracast_relay_exit();
	return ret;
}
module_init(miracast_init);

static void __exit miracast_exit(void)
{
	platform_device_unregister(miracast_platform_device);
	platform_driver_unregister(&miracast_platform_driver);
	miracast_sound_exit();
	miracast_relay_exit();
}
module_exit(miracast_exit);

MODULE_DESCRIPTION("Miracast (Wi-Fi Display) source");
MODULE_LICENSE("GPL");
