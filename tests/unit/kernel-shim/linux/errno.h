/* SPDX-License-Identifier: GPL-2.0-only */
/* The C library includes this file, too. */
#ifndef KERNEL_SHIM_ERRNO_H
#define KERNEL_SHIM_ERRNO_H

#include_next <linux/errno.h>

#define ERESTARTSYS	512

#endif
