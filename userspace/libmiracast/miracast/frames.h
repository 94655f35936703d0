/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * frames.h - the desktop's pictures, for drivers of miracast.ko
 *
 * Thin wrappers of the frame ioctls of <drm/miracast.h>, which describes their
 * rules: a mailbox of the newest picture, buffers whose dma-buf is fetched once
 * per id and cached, a hold that is revoked after two refresh periods.  All may
 * be called by any thread between create_context() and the end of
 * destroy_context().  They return negative errno; -ENODEV on a host without a
 * kernel or after the context has gone.
 */
#ifndef MIRACAST_FRAMES_H
#define MIRACAST_FRAMES_H

#include <miracast/umd.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * miracast_frames_fd - file descriptor to wait on
 *
 * poll() for POLLPRI: a picture, or retired buffers.  POLLHUP or POLLERR: gone.
 * Borrowed: neither read, write nor close it.
 */
int miracast_frames_fd(struct miracast_host *host);

/**
 * miracast_frames_acquire - take the newest picture
 * @frame: out: what it is; its revoked names pictures that were released with a
 *	sync_file and may have been torn since
 *
 * Returns 0; -EAGAIN: none; -ENODATA: monitor off; -EBUSY: too many held.
 */
int miracast_frames_acquire(struct miracast_host *host, struct miracast_frame *frame);

/**
 * miracast_frames_release - give it back
 * @sync_file: -1, or a sync_file; see struct miracast_release_frame
 *
 * Returns 0; 1: the hold had been revoked, what was read may be torn; -ENOENT.
 */
int miracast_frames_release(struct miracast_host *host, uint64_t seq, int sync_file);

/**
 * miracast_frames_get_buffer - dma-bufs of a buffer of a held frame
 * @fds: out: one per memory plane, the caller's to close
 * @flags: out: MIRACAST_BUFFER_*; 0 from a module that does not say
 *
 * Returns the number of descriptors.  Planes that share a dma-buf share its
 * number: close each number once.
 */
int miracast_frames_get_buffer(struct miracast_host *host, uint64_t buffer_id, int fds[4],
			       uint32_t *flags);

/**
 * miracast_frames_get_retired - buffers that will not come back
 * @ids: out: at most 16
 *
 * Returns their number, 0 if there are none; ask again while it is 16.
 */
int miracast_frames_get_retired(struct miracast_host *host, uint64_t ids[16]);

#ifdef __cplusplus
}
#endif

#endif /* MIRACAST_FRAMES_H */
