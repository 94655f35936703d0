/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KERNEL_SHIM_MINMAX_H
#define KERNEL_SHIM_MINMAX_H

/* Like the kernel's, they take two values of one type only. */
#define KERNEL_SHIM_CHOOSE(a, b, op) ({				\
	__typeof__(a) a_ = (a);					\
	__typeof__(b) b_ = (b);					\
	(void)(&a_ == &b_);					\
	a_ op b_ ? a_ : b_; })
#define min(a, b)		KERNEL_SHIM_CHOOSE(a, b, <)
#define max(a, b)		KERNEL_SHIM_CHOOSE(a, b, >)
#define min_t(type, a, b)	min((type)(a), (type)(b))
#define max_t(type, a, b)	max((type)(a), (type)(b))

#endif
