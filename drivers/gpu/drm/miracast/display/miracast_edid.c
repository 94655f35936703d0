// SPDX-License-Identifier: GPL-2.0-only
/*
 * Validity of an EDID, see miracast_edid.h. Offsets are those of VESA E-EDID
 * release A2 and, for the extension count override, HDMI 2.1.
 */
#include <linux/kernel.h>
#include <linux/string.h>

#include <uapi/drm/miracast.h>

#include "miracast_edid.h"

#define EDID_VERSION		18
#define EDID_EXTENSIONS		126
#define CTA_TAG			0x02
#define CTA_REVISION		1
#define CTA_DTD_OFFSET		2
#define CTA_DATA_BLOCKS		4
/* Extended tag (7), two bytes: the code of HF-EEODB and its count. */
#define CTA_EEODB_HEADER	((7 << 5) | 2)
#define CTA_EEODB_CODE		0x78

static bool miracast_edid_checksum_ok(const u8 *block)
{
	unsigned int i;
	u8 sum = 0;

	for (i = 0; i < MIRACAST_EDID_BLOCK; i++)
		sum += block[i];

	return !sum;
}

/*
 * Extension blocks by the HDMI Forum's override data block, which must be the
 * first one of the first extension, or 0 without it.
 */
static size_t miracast_edid_eeodb(const u8 *cta)
{
	if (cta[0] != CTA_TAG || cta[CTA_REVISION] < 3 ||
	    cta[CTA_DTD_OFFSET] < CTA_DATA_BLOCKS + 3 ||
	    cta[CTA_DATA_BLOCKS] != CTA_EEODB_HEADER ||
	    cta[CTA_DATA_BLOCKS + 1] != CTA_EEODB_CODE)
		return 0;

	return cta[CTA_DATA_BLOCKS + 2];
}

/**
 * miracast_edid_valid() - check an EDID
 * @edid: the bytes
 * @len: how many
 *
 * Return: whether header, version, number of blocks and the checksum of every
 * block are right, and @len is at most MIRACAST_MAX_EDID.
 */
bool miracast_edid_valid(const u8 *edid, size_t len)
{
	static const u8 header[] = { 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0 };
	size_t blocks = len / MIRACAST_EDID_BLOCK;
	size_t extensions, i;

	if (!blocks || len % MIRACAST_EDID_BLOCK || len > MIRACAST_MAX_EDID)
		return false;

	if (memcmp(edid, header, sizeof(header)) || edid[EDID_VERSION] != 1)
		return false;

	for (i = 0; i < blocks; i++) {
		if (!miracast_edid_checksum_ok(edid + i * MIRACAST_EDID_BLOCK))
			return false;
	}

	extensions = edid[EDID_EXTENSIONS];
	if (blocks == 1 + extensions)
		return true;

	/* The override stands for a count of one, which old readers see. */
	return extensions == 1 && blocks > 1 &&
	       blocks == 1 + miracast_edid_eeodb(edid + MIRACAST_EDID_BLOCK);
}
