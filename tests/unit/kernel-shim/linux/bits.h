/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KERNEL_SHIM_BITS_H
#define KERNEL_SHIM_BITS_H

#define BIT(nr)	(1UL << (nr))

#endif
