/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * packages.h - what to type to install a program that is missing
 *
 * Distributions call the same thing by different names.  All of these names are in
 * the one table in packages.c; the hints of miracastctl and miracastd take them from
 * there.  Pure functions, but for reading one file; any thread.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What may be missing on a system that has miracastd. */
enum package {
	PACKAGE_DNSMASQ, /* the program dnsmasq */
	PACKAGE_BUSYBOX, /* the program busybox, with udhcpc */
	PACKAGE_AVAHI, /* the daemon avahi-daemon */
	PACKAGE_SOUND_SERVER, /* PipeWire with WirePlumber, and PulseAudio's protocol */
	PACKAGE_VA_INTEL, /* VA-API for Intel's graphics, and GStreamer's elements for it */
	PACKAGE_VA_AMD, /* the same for AMD's */
	PACKAGE_MOKUTIL, /* the program mokutil */
	PACKAGE_DESKTOP, /* what a desktop needs of this project, which only some distributions have a package of */
	N_PACKAGES,
};

/*
 * package_command - how it is installed here
 * @os_release: path of the file that says which distribution this is, see
 *	os-release(5); NULL: where the system has it
 *
 * Returns: (transfer full): a command for root, such as "apt install busybox".  On a
 * distribution that is not in the table, neither by its ID nor by one that it says
 * it is like: "install busybox", without a command.  NULL if there is no such package
 * where only some have it.
 */
char *package_command(enum package package, const char *os_release);

G_END_DECLS
