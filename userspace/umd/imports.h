/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * imports.h - whose buffers a process can read with the processor
 *
 * The session process maps the desktop's pictures.  Of which drivers that shows what
 * was drawn has to be known before, since nothing tells a mapping that is out of date
 * from a desktop that stands still ("Buffers of other drivers" in <drm/miracast.h>).
 * The list of them is here, and nowhere else: the session process tells it the kernel,
 * and `miracastctl doctor` the user.  How fast such memory is read is not in it: that is
 * measured (frame-source-kernel.c).
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * enum import_verdict - of a card's buffers
 * @IMPORT_READABLE: the processor sees what was drawn
 * @IMPORT_STALE: it may see what was in them before
 * @IMPORT_UNKNOWN: nobody has looked; taken only if its driver says that it makes
 *	memory ready for the processor, which the kernel knows
 */
enum import_verdict {
	IMPORT_READABLE,
	IMPORT_STALE,
	IMPORT_UNKNOWN,
};

/**
 * struct import_card - a card of this machine
 * @name: "card0"
 * @driver: of its device
 */
struct import_card {
	char *name;
	char *driver;
	enum import_verdict verdict;
};

/**
 * imports_cards - the cards that a desktop may draw with
 * @drm_class: /sys/class/drm
 *
 * Without those of this project, and those without a driver of their own.  If it cannot
 * be looked at there is one whose buffers may be stale.
 *
 * Returns: (element-type struct import_card): by name
 */
GPtrArray *imports_cards(const char *drm_class);

/**
 * imports_drivers - whose buffers can be read on a machine with these cards
 *
 * Returns: (transfer container): names for struct miracast_import, which live for ever
 */
GPtrArray *imports_drivers(GPtrArray *cards);

G_END_DECLS
