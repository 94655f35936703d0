/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ctl-desktop.h - does a desktop run, and does it use the monitors that displays are?
 *
 * Who has a black picture has to know whether the desktop gives any.  A desktop uses a
 * monitor from the moment at which it gives it a mode; the kernel says so for each
 * connector.  Reads files and changes nothing; any thread.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * struct desktop_monitor - a display that is connected
 * @name: as desktops call it, "Virtual-1"
 * @used: a desktop shows something on it
 */
struct desktop_monitor {
	char *name;
	gboolean used;
};

/**
 * desktop_monitors - the connected connectors of this project's cards
 * @drm_class: /sys/class/drm
 *
 * Returns: (transfer full) (element-type struct desktop_monitor): by name
 */
GPtrArray *desktop_monitors(const char *drm_class);

/**
 * desktop_name - the desktop that a program runs in
 * @environment: of the program
 *
 * Returns: (transfer full): for people, "GNOME, on Wayland"; NULL: it runs in none, as over
 * the network or under sudo
 */
char *desktop_name(char **environment);

G_END_DECLS
