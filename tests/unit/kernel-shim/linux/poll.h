/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KERNEL_SHIM_POLL_H
#define KERNEL_SHIM_POLL_H

#include <linux/types.h>
#include <linux/wait.h>
#include <sys/epoll.h>

#endif
