/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KERNEL_SHIM_STRING_H
#define KERNEL_SHIM_STRING_H

#include <linux/errno.h>
#include <linux/types.h>
#include <string.h>

static inline ssize_t strscpy(char *dest, const char *src, size_t size)
{
	size_t len = strnlen(src, size);
	bool fits = len < size;

	memset(dest, 0, size);
	memcpy(dest, src, fits ? len : size - 1);
	return fits ? (ssize_t)len : -E2BIG;
}

#endif
