// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ioctls of both kinds of file: structures that may grow, see "Growing" in
 * <uapi/drm/miracast.h>, and descriptors that are given to the caller.
 *
 * Requests are told apart by type and number; the size and the direction that
 * the caller has encoded are those of its own, older or newer, header.
 */
#include <linux/build_bug.h>
#include <linux/fcntl.h>
#include <linux/file.h>
#include <linux/ioctl.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/uaccess.h>

#include "miracast_layout.h"
#include "miracast_relay.h"

/* -E2BIG: the caller's structure is longer and its tail is not zero. */
int miracast_copy_in(unsigned int cmd, const void __user *arg, void *data,
		     size_t size)
{
	if (!(_IOC_DIR(cmd) & _IOC_WRITE)) {
		memset(data, 0, size);
		return 0;
	}

	return copy_struct_from_user(data, size, arg, _IOC_SIZE(cmd));
}

int miracast_copy_out(unsigned int cmd, void __user *arg, const void *data,
		      size_t size)
{
	if (!(_IOC_DIR(cmd) & _IOC_READ))
		return 0;

	size = min_t(size_t, size, _IOC_SIZE(cmd));
	return copy_to_user(arg, data, size) ? -EFAULT : 0;
}

const struct miracast_ioctl *
miracast_find_ioctl(const struct miracast_ioctl *ioctls, unsigned int num,
		    unsigned int cmd)
{
	unsigned int i;

	for (i = 0; i < num; i++)
		if (_IOC_TYPE(ioctls[i].cmd) == _IOC_TYPE(cmd) &&
		    _IOC_NR(ioctls[i].cmd) == _IOC_NR(cmd) &&
		    _IOC_DIR(ioctls[i].cmd) == _IOC_DIR(cmd))
			return &ioctls[i];

	return NULL;
}

int miracast_ioctl_call(const struct miracast_ioctl *ioctl, void *context,
			void *data, struct miracast_fds *fds)
{
	return ioctl->give ? ioctl->give(context, data, fds) :
			     ioctl->func(context, data);
}

/* ------------------------------------------------------------ descriptors */

void miracast_fds_init(struct miracast_fds *fds, unsigned int cmd,
		       const void *data)
{
	fds->data = data;
	fds->size = _IOC_SIZE(cmd);
	fds->num = 0;
}

/**
 * miracast_fds_add() - give a descriptor to the caller of a request
 * @fds: as &miracast_ioctl.give got it
 * @file: what it will be; the reference passes to @fds, whatever happens
 * @fd: where in the structure of the request its number belongs
 *
 * The descriptor is O_CLOEXEC. It comes to life when the request has succeeded
 * and the caller has been told of it.
 *
 * Context: Process context, may sleep; only during &miracast_ioctl.give.
 *
 * Return: 0; -EINVAL when the caller's structure is too short to be told;
 * -EMFILE.
 */
int miracast_fds_add(struct miracast_fds *fds, struct file *file, __s32 *fd)
{
	size_t end = (const u8 *)(fd + 1) - (const u8 *)fds->data;
	int ret;

	if (end > fds->size || WARN_ON_ONCE(fds->num == MIRACAST_MAX_FDS)) {
		ret = -EINVAL;
		goto put_file;
	}
	ret = get_unused_fd_flags(O_CLOEXEC);
	if (ret < 0)
		goto put_file;

	*fd = ret;
	fds->fd[fds->num] = ret;
	fds->file[fds->num++] = file;

	return 0;

put_file:
	fput(file);
	return ret;
}
EXPORT_SYMBOL_GPL(miracast_fds_add);

/* The caller knows its descriptors, or never will. */
void miracast_fds_settle(struct miracast_fds *fds, bool copied)
{
	unsigned int i;

	for (i = 0; i < fds->num; i++) {
		if (copied) {
			fd_install(fds->fd[i], fds->file[i]);
		} else {
			put_unused_fd(fds->fd[i]);
			fput(fds->file[i]);
		}
	}
}
