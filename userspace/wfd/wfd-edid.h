/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * wfd-edid.h - is an EDID usable, and one for sinks that give none
 *
 * (VESA E-EDID 1.4, CTA-861-G.)  A sink's EDID is either taken whole or not at
 * all; it is never edited.  For the others this builds one from the sink's
 * name and the modes that were negotiated, so that the desktop sees an
 * ordinary monitor.
 */
#pragma once

#include <glib.h>

#include "wfd-error.h"
#include "wfd-modes.h"

G_BEGIN_DECLS

/**
 * wfd_edid_check - may this be shown to the kernel?
 *
 * Size a multiple of 128 and equal to 1 + the extension count of block 0
 * blocks; header; version 1; checksum of each block.
 */
gboolean wfd_edid_check(const guint8 *data, gsize len, GError **error);

#define WFD_EDID_MAX_MODES 64

/**
 * struct wfd_edid_desc - what to build from
 * @manufacturer: three letters A to Z (PNP id); NULL = "LNX"
 * @product: product code
 * @serial: serial number, 0 = none
 * @name: friendly name, any UTF-8; what is not ASCII becomes '?', cut after 13
 *	characters as the format demands; NULL or empty = "Miracast"
 * @modes, @n_modes: progressive modes, the preferred one first; at least one
 * @width_mm, @height_mm: picture size, 0 = not known
 * @audio: announce basic audio
 */
struct wfd_edid_desc {
	const char *manufacturer;
	guint16 product;
	guint32 serial;
	const char *name;
	const struct wfd_mode *const *modes;
	guint n_modes;
	guint width_mm;
	guint height_mm;
	gboolean audio;
};

/**
 * wfd_edid_build - a base block and a CTA extension
 *
 * The first mode becomes the preferred detailed timing.  The others become
 * VICs where CTA-861 has one, established or standard timings where EDID has
 * one, and detailed timings of CVT reduced blanking in both blocks while there is
 * room.  640x480p60 is always in it.  A mode wider than the 4095 pixels of a detailed timing (4096x2160) can
 * only be a VIC; as the preferred mode it becomes the first of them, and the next
 * mode gets the detailed timing.
 *
 * @n_dropped: (out) (optional): modes for which there was no room
 *
 * Returns: (transfer full): 256 bytes that pass wfd_edid_check()
 */
GBytes *wfd_edid_build(const struct wfd_edid_desc *desc, guint *n_dropped, GError **error);

G_END_DECLS
