/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The kernel's check of an EDID: as it comes, and with header and checksums set
 * right, which hardly ever come by themselves.
 */
#include <string.h>

#include <uapi/drm/miracast.h>

#include "fuzz.h"
#include "miracast_edid.h"

static void check(const guint8 *edid, gsize size)
{
	if (!miracast_edid_valid(edid, size))
		return;
	g_assert_cmpuint(size % MIRACAST_EDID_BLOCK, ==, 0);
	g_assert_cmpuint(size, <=, MIRACAST_MAX_EDID);
	/* Nobody who counts by the base block may read behind the end. */
	g_assert_cmpuint(size, >=, (1 + edid[126]) * MIRACAST_EDID_BLOCK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const guint8 header[] = { 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0 };
	g_autofree guint8 *edid = NULL;
	gsize block, i;

	check(data, size);
	if (size < MIRACAST_EDID_BLOCK)
		return 0;
	edid = g_memdup2(data, size);
	memcpy(edid, header, sizeof(header));
	edid[18] = 1;
	for (block = 0; block + MIRACAST_EDID_BLOCK <= size; block += MIRACAST_EDID_BLOCK) {
		guint8 sum = 0;

		for (i = 0; i < MIRACAST_EDID_BLOCK - 1; i++)
			sum += edid[block + i];
		edid[block + i] = -sum;
	}
	check(edid, size);
	return 0;
}
