// SPDX-License-Identifier: GPL-2.0-only
/*
 * Buffers: our own in shared memory, and other drivers' that we only pass on; and
 * the framebuffers in them, which the daemon knows by an id.
 *
 * A foreign buffer is imported without attaching to it. We never touch pixels,
 * so there is nothing to map, and the attachment alone would have a price:
 * some drivers move an attached buffer to system memory, keep the GPU awake
 * for it, or refuse. What is shared with the daemon is the original dma-buf.
 */
#include <linux/dma-buf.h>
#include <linux/math.h>
#include <linux/overflow.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include <drm/drm_damage_helper.h>
#include <drm/drm_drv.h>
#include <drm/drm_framebuffer.h>
#include <drm/drm_gem.h>
#include <drm/drm_gem_framebuffer_helper.h>
#include <drm/drm_gem_shmem_helper.h>
#include <drm/drm_mode.h>
#include <drm/drm_prime.h>
#include <drm/drm_print.h>

#include "miracast_drv.h"

MIRACAST_IMPORT_NS_DMA_BUF;

/* What GPUs demand of a linear buffer that they import. */
#define MIRACAST_PITCH_ALIGN	256	/* bytes */
#define MIRACAST_HEIGHT_ALIGN	16	/* lines */

/* --------------------------------------------------------------- imports */

/**
 * struct miracast_imported - a foreign buffer
 * @base: the GEM object, without memory
 * @dma_buf: the buffer; referenced; constant
 */
struct miracast_imported {
	struct drm_gem_object base;
	struct dma_buf *dma_buf;
};

static struct miracast_imported *to_miracast_imported(struct drm_gem_object *obj)
{
	return container_of(obj, struct miracast_imported, base);
}

static void miracast_imported_free(struct drm_gem_object *obj)
{
	struct miracast_imported *imported = to_miracast_imported(obj);

	drm_gem_object_release(obj);
	dma_buf_put(imported->dma_buf);
	kfree(imported);
}

static struct dma_buf *miracast_imported_export(struct drm_gem_object *obj,
						int flags)
{
	struct miracast_imported *imported = to_miracast_imported(obj);

	get_dma_buf(imported->dma_buf);

	return imported->dma_buf;
}

/* No pin, no pages, no vmap, no mmap: all of them fail. */
static const struct drm_gem_object_funcs miracast_imported_funcs = {
	.free = miracast_imported_free,
	.export = miracast_imported_export,
};

/**
 * miracast_gem_is_import() - whether a buffer is another driver's
 * @obj: the buffer
 *
 * Return: true if it is.
 */
bool miracast_gem_is_import(const struct drm_gem_object *obj)
{
	return obj->funcs == &miracast_imported_funcs;
}

/*
 * Whose the buffer is. A dma-buf that GEM's release function ends stands for a GEM
 * object, whatever else its exporter does in its own way; the name that these have
 * for debugging is often that of the helper.
 */
static const char *miracast_gem_exporter(const struct dma_buf *dma_buf)
{
	const struct drm_gem_object *obj = dma_buf->priv;

	return dma_buf->ops->release == drm_gem_dmabuf_release ?
	       obj->dev->driver->name : dma_buf->exp_name;
}

/* Whether whoever reads the pictures can read another driver's buffers. */
static bool miracast_gem_may_import(struct drm_device *drm,
				    const struct dma_buf *dma_buf)
{
	struct miracast_device *mdev = to_miracast_device(drm);
	bool synced = dma_buf->ops->begin_cpu_access;
	struct miracast_monitor *monitor;
	bool may = dma_buf->ops->mmap;
	unsigned int i;

	for (i = 0; may && i < mdev->num_pipes; i++) {
		monitor = miracast_monitor_get(mdev->pipes[i]);
		if (monitor)
			may = miracast_monitor_imports(monitor, synced,
						       miracast_gem_exporter(dma_buf));
		miracast_monitor_put(monitor);
	}

	return may;
}

/**
 * miracast_gem_prime_import() - import a dma-buf
 * @drm: the device
 * @dma_buf: the dma-buf
 *
 * One of our own becomes the object that it stands for, provided that it is
 * the dma-buf under which core knows the object: the daemon's are others.
 *
 * What a daemon cannot read must not be accepted: compositors that are refused
 * copy into a buffer of ours, and what they show by one that was accepted would
 * stay black.
 *
 * Context: drm->object_name_lock is held.
 *
 * Return: the object or an ERR_PTR().
 */
struct drm_gem_object *miracast_gem_prime_import(struct drm_device *drm,
						 struct dma_buf *dma_buf)
{
	struct miracast_imported *imported;

	lockdep_assert_held(&drm->object_name_lock);

	if (drm_gem_is_prime_exported_dma_buf(drm, dma_buf)) {
		struct drm_gem_object *obj = dma_buf->priv;

		if (obj->dma_buf == dma_buf) {
			drm_gem_object_get(obj);
			return obj;
		}
	}

	if (!miracast_gem_may_import(drm, dma_buf)) {
		drm_dbg_prime(drm, "buffer of %s: a daemon cannot read it\n",
			      miracast_gem_exporter(dma_buf));
		return ERR_PTR(-EOPNOTSUPP);
	}

	/* GEM objects are whole pages, exporters need not be. */
	if (!PAGE_ALIGNED(dma_buf->size))
		return ERR_PTR(-EINVAL);

	imported = kzalloc(sizeof(*imported), GFP_KERNEL_ACCOUNT);
	if (!imported)
		return ERR_PTR(-ENOMEM);

	get_dma_buf(dma_buf);
	imported->dma_buf = dma_buf;
	imported->base.funcs = &miracast_imported_funcs;
	/* Fences of whoever draws into it are waited for as usual. */
	imported->base.resv = dma_buf->resv;
	drm_gem_private_object_init(drm, &imported->base, dma_buf->size);

	return &imported->base;
}

/* ----------------------------------------------------------- our buffers */

/**
 * miracast_gem_dumb_create() - a buffer in shared memory
 * @file: for whom
 * @drm: the device
 * @args: size in, handle and layout out
 *
 * Return: 0 or a negative errno.
 */
int miracast_gem_dumb_create(struct drm_file *file, struct drm_device *drm,
			     struct drm_mode_create_dumb *args)
{
	struct drm_gem_shmem_object *shmem;
	u64 pitch, size;
	int ret;

	pitch = round_up((u64)args->width * DIV_ROUND_UP(args->bpp, 8),
			 MIRACAST_PITCH_ALIGN);
	if (pitch > U32_MAX ||
	    check_mul_overflow(pitch,
			       round_up((u64)args->height, MIRACAST_HEIGHT_ALIGN),
			       &size))
		return -EINVAL;

	size = round_up(size, PAGE_SIZE);
	if (!size || size > SIZE_MAX)
		return -EINVAL;

	shmem = drm_gem_shmem_create(drm, size);
	if (IS_ERR(shmem))
		return PTR_ERR(shmem);

	ret = drm_gem_handle_create(file, &shmem->base, &args->handle);
	drm_gem_object_put(&shmem->base);
	if (ret)
		return ret;

	args->pitch = pitch;
	args->size = size;

	return 0;
}

/* Where to map a buffer; core tells foreign ones by an attachment. */
int miracast_gem_dumb_map_offset(struct drm_file *file, struct drm_device *drm,
				 u32 handle, u64 *offset)
{
	struct drm_gem_object *obj = drm_gem_object_lookup(file, handle);
	bool import;

	if (!obj)
		return -ENOENT;
	import = miracast_gem_is_import(obj);
	drm_gem_object_put(obj);

	return import ? -EINVAL :
			drm_gem_dumb_map_offset(file, drm, handle, offset);
}

/**
 * miracast_gem_share() - the dma-buf that the daemon is given
 * @obj: the buffer
 *
 * The original one of a foreign buffer, a new read-only one of our own: nobody
 * but the daemon keeps it, as it pins the module.
 *
 * Return: a dma-buf with a reference for the caller, or an ERR_PTR().
 */
struct dma_buf *miracast_gem_share(struct drm_gem_object *obj)
{
	if (miracast_gem_is_import(obj))
		return miracast_imported_export(obj, 0);

	return drm_gem_prime_export(obj, O_RDONLY | O_CLOEXEC);
}

/* ---------------------------------------------------------- framebuffers */

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
