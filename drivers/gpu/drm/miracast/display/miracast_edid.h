/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Whether bytes from a sink may be believed to be an EDID.
 *
 * A sink is not trusted, and some of the EDID code of older kernels trusts the
 * extension count in it. So what is passed on has exactly the length that it
 * claims (R72). Pure: no DRM.
 */
#ifndef _MIRACAST_EDID_H_
#define _MIRACAST_EDID_H_

#include <linux/types.h>

#define MIRACAST_EDID_BLOCK	128	/* bytes */

bool miracast_edid_valid(const u8 *edid, size_t len);

#endif /* _MIRACAST_EDID_H_ */
