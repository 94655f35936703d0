/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KERNEL_SHIM_OVERFLOW_H
#define KERNEL_SHIM_OVERFLOW_H

/* Callers have bounded the count. */
#define struct_size(ptr, member, count) \
	(sizeof(*(ptr)) + sizeof((ptr)->member[0]) * (count))

#endif
