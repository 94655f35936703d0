/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KERNEL_SHIM_STRING_H
#define KERNEL_SHIM_STRING_H

#include <linux/errno.h>
#include <linux/types.h>
#include <string.h>

static inline const void *memchr_inv(const void *start, int c, size_t bytes)
{
	const u8 *at = start;

	for (; bytes; at++, bytes--)
		if (*at != (u8)c)
			return at;

	return NULL;
}

static inline ssize_t strscpy(char *dest, const char *src, size_t size)
{
	size_t len = strnlen(src, size);
	bool fits = len < size;

	memset(dest, 0, size);
	memcpy(dest, src, fits ? len : size - 1);
	return fits ? (ssize_t)len : -E2BIG;
}

#endif
