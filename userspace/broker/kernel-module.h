/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * kernel-module.h - the module is loaded when a session needs it
 *
 * Not when the daemon starts: who looks for displays must not be given one more
 * graphics card, nor be kept from it by a module that cannot be loaded.  The
 * daemon itself may not load modules; systemd does so by starting
 * miracast-module.service, which ends when the daemon has ended.
 *
 *	idle --kernel_module_need()--> the device is opened
 *	          |  there is none: RestartUnit ----> its job has ended -----> opened
 *	          |  no right: SetUnitProperties(DeviceAllow) --------------> opened
 *	          |  loaded by somebody else: StartUnit ---> its job has ended
 *	          +--> open, or the reason why not --> done() of all who asked --> idle
 *
 * Only a daemon that is miracastd.service asks systemd for anything: for any other
 * one the module has to be loaded.  If it is loaded already, by somebody else or
 * since it could not be unloaded, the unit is started all the same: it is what
 * unloads the module.  Its start is waited for, since a unit that is to be started
 * when the daemon is stopped is forgotten, and the module with it; but that it does
 * not start is no reason to fail.
 *
 * It is restarted, since a unit that is active says nothing about a module that
 * somebody has unloaded or unbound meanwhile.  The rule about the device is made
 * since those of a unit are made when it
 * starts, for the device nodes that exist then.  Every call to systemd has a
 * time limit, and a job that has not ended after MODULE_SECONDS is given up.
 *
 * Why a module was not loaded is told by the exit status of miracast-module
 * (data/miracast-module), which are those of enum module_exit.
 */
#pragma once

#include <gio/gio.h>

#include "kernel.h"

G_BEGIN_DECLS

#define MODULE_UNIT "miracast-module.service"
#define MODULE_SECONDS 20

/* Of data/miracast-module; the same numbers are there. */
enum module_exit {
	MODULE_EXIT_NOT_INSTALLED = 3,
	MODULE_EXIT_REJECTED = 4,
};

typedef struct kernel_module kernel_module;

/* @error: NULL: the device is open */
typedef void kernel_module_done(const GError *error, gpointer user_data);

/**
 * kernel_module_new - somebody who can have it loaded
 * @k: borrowed
 * @bus: where systemd is; NULL: the system bus, which is asked for when needed
 * @is_unit: we are miracastd.service
 */
kernel_module *kernel_module_new(kernel *k, GDBusConnection *bus, gboolean is_unit);
/* Those who wait are not told any more. */
void kernel_module_free(kernel_module *m);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(kernel_module, kernel_module_free)

/**
 * kernel_module_need - have it loaded, and the device open
 * @done: called once, from the main loop, never from inside of this call
 *
 * Fails with the reasons of kernel_open(), and REASON_MODULE_NOT_INSTALLED,
 * _MODULE_REJECTED or _MODULE_FAILED.
 */
void kernel_module_need(kernel_module *m, kernel_module_done *done, gpointer user_data);

G_END_DECLS
