/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * rfkill.h - is Wi-Fi switched off?
 *
 * The kernel has a switch for each adapter, and some machines have one more, for all of them: flight mode, or a key.
 * Each says whether it is off by software, which software can undo, or at the machine, which only a hand can
 * (Documentation/ABI/stable/sysfs-class-rfkill of the kernel's sources).
 *
 * Reads of sysfs, which do not wait; any thread.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Where all switches of the machine are. */
#define RFKILL_ALL "/sys/class/rfkill"

enum rfkill {
	RFKILL_ON, /* as well: there is no switch, or nothing is known */
	RFKILL_SOFT, /* off by software */
	RFKILL_HARD, /* off at the machine, and perhaps by software, too */
};

/**
 * rfkill_read - the worst that a switch for Wi-Fi says
 * @directory: RFKILL_ALL, or the directory of an adapter (phy80211); others than those for Wi-Fi are passed over
 */
enum rfkill rfkill_read(const char *directory);

G_END_DECLS
