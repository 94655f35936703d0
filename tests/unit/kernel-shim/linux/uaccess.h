/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KERNEL_SHIM_UACCESS_H
#define KERNEL_SHIM_UACCESS_H

#include <linux/kernel.h>

/* Bytes of @len that can be copied now; see struct kernel_shim_user. */
size_t kernel_shim_copy(void *to, const void *from, size_t len);

static inline void *u64_to_user_ptr(u64 address)
{
	return (void *)(uintptr_t)address;
}

static inline unsigned long copy_to_user(void *to, const void *from, size_t len)
{
	return len - kernel_shim_copy(to, from, len);
}

#endif
