/* SPDX-License-Identifier: GPL-2.0-only */
/* The C library includes this file, too. */
#ifndef KERNEL_SHIM_STDDEF_H
#define KERNEL_SHIM_STDDEF_H

#include_next <linux/stddef.h>
#include <stddef.h>

#define offsetofend(type, member) \
	(offsetof(type, member) + sizeof(((type *)0)->member))

#endif
