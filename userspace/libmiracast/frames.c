// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Wrappers of the frame ioctls: see miracast/frames.h.
 */
#include "host-private.h"

#include <errno.h>
#include <sys/ioctl.h>

static int frames_ioctl(struct miracast_host *host, unsigned long request, void *argument)
{
	if (host->config.sink_fd < 0 || !host_alive(host))
		return -ENODEV;
	return ioctl(host->config.sink_fd, request, argument) < 0 ? -errno : 0;
}

int miracast_frames_fd(struct miracast_host *host)
{
	return host->config.sink_fd < 0 ? -ENODEV : host->config.sink_fd;
}

int miracast_frames_acquire(struct miracast_host *host, struct miracast_frame *frame)
{
	*frame = (struct miracast_frame){ 0 };
	return frames_ioctl(host, MIRACAST_IOC_ACQUIRE_FRAME, frame);
}

int miracast_frames_release(struct miracast_host *host, uint64_t seq, int sync_file)
{
	struct miracast_release_frame release = { .seq = seq, .sync_file = sync_file };
	int err = frames_ioctl(host, MIRACAST_IOC_RELEASE_FRAME, &release);

	if (err)
		return err;
	return release.flags & MIRACAST_RELEASE_REVOKED ? 1 : 0;
}

int miracast_frames_get_buffer(struct miracast_host *host, uint64_t buffer_id, int fds[4],
			       uint32_t *flags)
{
	struct miracast_get_buffer get = { .buffer_id = buffer_id };
	int err = frames_ioctl(host, MIRACAST_IOC_GET_BUFFER, &get);

	if (err)
		return err;
	if (get.num_fds > 4)
		return -EPROTO;
	for (uint32_t i = 0; i < get.num_fds; i++)
		fds[i] = get.fd[i];
	*flags = get.flags;
	return get.num_fds;
}

int miracast_frames_get_retired(struct miracast_host *host, uint64_t ids[16])
{
	struct miracast_get_retired retired = { 0 };
	int err = frames_ioctl(host, MIRACAST_IOC_GET_RETIRED, &retired);

	if (err == -EAGAIN)
		return 0;
	if (err)
		return err;
	if (retired.num_ids > 16)
		return -EPROTO;
	for (uint32_t i = 0; i < retired.num_ids; i++)
		ids[i] = retired.ids[i];
	return retired.num_ids;
}
