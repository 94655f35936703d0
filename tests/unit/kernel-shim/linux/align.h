/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KERNEL_SHIM_ALIGN_H
#define KERNEL_SHIM_ALIGN_H

#define ALIGN(x, a)	(((x) + (__typeof__(x))(a) - 1) & ~((__typeof__(x))(a) - 1))

#endif
