/* SPDX-License-Identifier: GPL-2.0-only */
/* The C library includes this file, too. */
#include_next <linux/limits.h>
#ifndef KERNEL_SHIM_LIMITS_H
#define KERNEL_SHIM_LIMITS_H

#define U8_MAX	((unsigned char)~0U)
#define U16_MAX	((unsigned short)~0U)
#define U32_MAX	(~0U)
#define U64_MAX	(~0ULL)

#endif
