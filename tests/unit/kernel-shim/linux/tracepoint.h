/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KERNEL_SHIM_TRACEPOINT_H
#define KERNEL_SHIM_TRACEPOINT_H

#include <linux/types.h>

/* Nobody listens: the arguments are evaluated and dropped. */
#define TP_PROTO(...)	__VA_ARGS__
#define TP_ARGS(...)	__VA_ARGS__
#define TRACE_EVENT(name, proto, ...) \
	static inline void trace_##name(proto) {}
#define DECLARE_EVENT_CLASS(name, ...)
#define DEFINE_EVENT(class, name, proto, ...) \
	static inline void trace_##name(proto) {}

#endif
