// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ioctl structures that may grow: "Growing" in <uapi/drm/miracast.h>.
 *
 * Requests are told apart by type and number; the size and the direction that
 * the caller has encoded are those of its own, older or newer, header.
 */
#include <linux/ioctl.h>
#include <linux/minmax.h>
#include <linux/uaccess.h>

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
