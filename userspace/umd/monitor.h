/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * monitor.h - the monitor that the desktop sees, made from what the sink said
 */
#pragma once

#include <miracast/umd.h>

#include "wfd-negotiate.h"

G_BEGIN_DECLS

/**
 * monitor_plug - input of MIRACAST_CTL_PLUG
 * @modes: (element-type struct wfd_mode_choice): what can be carried, best first
 * @preferred: the one to mark as preferred; must be one of @modes
 * @friendly_name: for an EDID of our own
 *
 * The sink's EDID is shown as it is if it is sound (R72); else one is built from
 * @modes.
 */
GBytes *monitor_plug(const wfd_sink_caps *caps, const GArray *modes, const struct wfd_mode *preferred,
		     const char *friendly_name, GError **error);

/* The mode of @modes that has this size and rate, or NULL. */
const struct wfd_mode *monitor_find_mode(const GArray *modes, guint width, guint height,
					 guint refresh_mhz);

G_END_DECLS
