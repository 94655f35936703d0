/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * monitor.h - the monitor that the desktop sees, made from what the sink said
 */
#pragma once

#include <miracast/umd.h>

#include "wfd-negotiate.h"

G_BEGIN_DECLS

/**
 * enum monitor_import - which buffers of other drivers the desktop may hand over
 * @MONITOR_IMPORT_NONE: none, it has to copy
 * @MONITOR_IMPORT_READABLE: those that are known to show what was drawn (imports.h)
 * @MONITOR_IMPORT_ANY: whichever can be mapped
 */
enum monitor_import {
	MONITOR_IMPORT_NONE,
	MONITOR_IMPORT_READABLE,
	MONITOR_IMPORT_ANY,
};

/**
 * struct monitor_desc - what the monitor is made of; all of it borrowed
 * @modes: (element-type struct wfd_mode_choice): what can be carried, best first
 * @preferred: the one to mark as preferred; must be one of @modes
 * @friendly_name: for an EDID of our own
 * @device_id: (nullable): what tells this device from all others, and does not
 *	change: its P2P device address
 * @import: whose buffers may be handed over
 * @drivers: (nullable) (element-type utf8): with MONITOR_IMPORT_READABLE: of these drivers,
 *	and of those that make them readable themselves
 * @blends_cursor: into the picture; FALSE: the desktop has to draw it there
 * @sound_channels: of the sound card that comes with it, 0: none does.  It is named after
 *	the display
 */
struct monitor_desc {
	const wfd_sink_caps *caps;
	const GArray *modes;
	const struct wfd_mode *preferred;
	const char *friendly_name;
	const char *device_id;
	enum monitor_import import;
	const GPtrArray *drivers;
	gboolean blends_cursor;
	guint sound_channels;
};

/**
 * monitor_plug - input of MIRACAST_CTL_PLUG
 *
 * The sink's EDID is shown as it is if it is sound (R72); else one is built.  In
 * that, product and serial number are the same for the same device each time, and
 * differ between devices, since desktops know monitors by them.
 */
GBytes *monitor_plug(const struct monitor_desc *monitor, GError **error);

/* The mode of @modes that has this size and rate, or NULL. */
const struct wfd_mode *monitor_find_mode(const GArray *modes, guint width, guint height,
					 guint refresh_mhz);

G_END_DECLS
