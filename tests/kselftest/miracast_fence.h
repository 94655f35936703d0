/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A fence that signals when it is told to.
 */
#ifndef _MIRACAST_FENCE_H
#define _MIRACAST_FENCE_H

#include <drm/vgem_drm.h>
#include <linux/dma-buf.h>

#include "miracast_kms.h"

/* A fence that user space signals, of vgem: a sync_file, and what to signal. */
struct vgem_fence {
	int vgem;
	int sync_file;
	uint32_t id;
};

static inline int vgem_fence_make(struct vgem_fence *fence)
{
	struct drm_mode_create_dumb create = {
		.width = 64, .height = 64, .bpp = 32,
	};
	struct drm_vgem_fence_attach attach = {
		.flags = VGEM_FENCE_WRITE,
	};
	struct dma_buf_export_sync_file export = {
		.flags = DMA_BUF_SYNC_READ,
	};
	int ret, prime;

	fence->vgem = card_open_driver("vgem");
	if (fence->vgem < 0)
		return fence->vgem;
	ret = dev_ioctl(fence->vgem, DRM_IOCTL_MODE_CREATE_DUMB, &create);
	attach.handle = create.handle;
	if (!ret)
		ret = dev_ioctl(fence->vgem, DRM_IOCTL_VGEM_FENCE_ATTACH, &attach);
	if (!ret)
		ret = errno_of(drmPrimeHandleToFD(fence->vgem, create.handle,
						  DRM_CLOEXEC | DRM_RDWR, &prime));
	if (!ret)
		ret = dev_ioctl(prime, DMA_BUF_IOCTL_EXPORT_SYNC_FILE, &export);
	fence->id = attach.out_fence;
	fence->sync_file = export.fd;

	return ret;
}

static inline int vgem_fence_signal(const struct vgem_fence *fence)
{
	struct drm_vgem_fence_signal signal = { .fence = fence->id };

	return dev_ioctl(fence->vgem, DRM_IOCTL_VGEM_FENCE_SIGNAL, &signal);
}

#endif /* _MIRACAST_FENCE_H */
