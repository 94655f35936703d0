/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * steps.h - an input that is what happens, one after another
 *
 * Behind its end there are zeros, so that each input means something.
 */
#pragma once

#include <glib.h>

struct steps {
	const guint8 *data;
	gsize left;
};

static inline guint8 steps_u8(struct steps *steps)
{
	if (!steps->left)
		return 0;
	steps->left--;
	return *steps->data++;
}

static inline guint16 steps_u16(struct steps *steps)
{
	guint16 high = steps_u8(steps);

	return (guint16)(high << 8 | steps_u8(steps));
}

/* Two bytes: how many; those, or what is left. */
static inline GBytes *steps_bytes(struct steps *steps)
{
	const gsize wanted = steps_u16(steps);
	const gsize n = MIN(wanted, steps->left);
	GBytes *bytes = g_bytes_new(steps->data, n);

	steps->data += n;
	steps->left -= n;
	return bytes;
}
