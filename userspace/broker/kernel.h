/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * kernel.h - the broker's end of /dev/miracast
 *
 * A thin wrapper around the broker fd of <drm/miracast.h>, whose use is to turn
 * errno values into errors that say what to do.
 *
 * The device is opened when it is needed first and not before: the module need
 * not be loaded to look for displays (kernel-module.h loads it).  One that has
 * gone, with its driver, is closed and can be opened again.
 */
#pragma once

#include <glib.h>

#include <drm/miracast.h>

G_BEGIN_DECLS

#define KERNEL_DEVICE "/dev/miracast"

typedef struct kernel kernel;

/* @path: KERNEL_DEVICE, or another node for tests; nothing is opened yet */
kernel *kernel_new(const char *path);
/**
 * kernel_open - open the device and shake hands, unless that was done
 *
 * Fails with REASON_MODULE_MISSING, _NO_RIGHTS, _OTHER_BROKER, _ABI_MISMATCH or
 * _KERNEL.
 */
gboolean kernel_open(kernel *k, GError **error);
/* Whether monitors may come with a sound card; as HELLO said, FALSE while nothing is open. */
gboolean kernel_has_sound(kernel *k);
const char *kernel_path(kernel *k);
void kernel_free(kernel *k);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(kernel, kernel_free)

/**
 * kernel_list_targets - all connectors there are, free or not; opens the device first
 *
 * Returns: (element-type struct miracast_target_info) (transfer full): in the order of their ids; what the kernel
 * does not tell is not in it.  NULL as kernel_open()
 */
GArray *kernel_list_targets(kernel *k, GError **error);

/**
 * kernel_open_sink - create a context on a free target; opens the device first
 * @wanted: id of the target to have; 0, or one that is taken or has gone by now: any
 * @target: (out): its id
 *
 * Returns: the sink fd (close-on-exec, blocking, owned by the caller), or -1
 * with REASON_NO_FREE_CONNECTOR or _KERNEL, or as kernel_open()
 */
int kernel_open_sink(kernel *k, guint32 wanted, guint32 *target, GError **error);

/* Destroys a context under a UMD that hangs; one that is gone is no error. */
gboolean kernel_destroy_sink(kernel *k, guint32 target, GError **error);

/* Which of the calls above failed. */
enum kernel_call {
	KERNEL_OPEN,
	KERNEL_HELLO,
	KERNEL_OPEN_SINK,
	KERNEL_DESTROY_SINK,
};

/**
 * kernel_set_error - errno as an error for the user
 * @path: of the device
 * @kernel_abi: with KERNEL_HELLO: what the kernel speaks
 */
void kernel_set_error(GError **error, enum kernel_call call, int err, const char *path,
		      guint32 kernel_abi);

G_END_DECLS
