/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KERNEL_SHIM_MODULE_H
#define KERNEL_SHIM_MODULE_H

#include <linux/refcount.h>

/**
 * struct module - who is in the kernel
 * @users: references; a test sees that they come back to zero
 * @going: no more of them
 */
struct module {
	int users;
	bool going;
};

static inline bool try_module_get(struct module *module)
{
	if (!module)
		return true;
	if (READ_ONCE(module->going))
		return false;
	__atomic_fetch_add(&module->users, 1, __ATOMIC_RELAXED);
	return true;
}

static inline void module_put(struct module *module)
{
	if (module)
		KERNEL_SHIM_ASSERT(__atomic_fetch_sub(&module->users, 1, __ATOMIC_RELAXED) > 0);
}

#define EXPORT_SYMBOL_GPL(symbol)	_Static_assert(sizeof(&(symbol)) > 0, #symbol)

#endif
