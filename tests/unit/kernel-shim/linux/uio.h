/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KERNEL_SHIM_UIO_H
#define KERNEL_SHIM_UIO_H

#include <linux/uaccess.h>

/**
 * struct iov_iter - a buffer of the user
 * @pos: where to go on
 * @count: bytes from there on
 */
struct iov_iter {
	u8 *pos;
	size_t count;
};

static inline size_t iov_iter_count(const struct iov_iter *iter)
{
	return iter->count;
}

size_t copy_to_iter(const void *from, size_t len, struct iov_iter *to);
bool copy_from_iter_full(void *to, size_t len, struct iov_iter *from);

#endif
