/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "wfd-edid.h"

#define BLOCK 128
#define DESCRIPTOR 18
#define BASE_DESCRIPTORS 54 /* offset of the first of four */
#define N_BASE_DESCRIPTORS 4
#define CTA_DATA 4 /* offset of the data blocks in the extension */
#define CHECKSUM 127
#define MAX_VICS 31 /* of a video data block */

#define MIN_CLOCK 10000000 /* Hz, of a detailed timing */

#define FLAG_HSYNC_POSITIVE (1 << 1)
#define FLAG_VSYNC_POSITIVE (1 << 2)
#define FLAG_DIGITAL_SEPARATE (3 << 3)

static const guint8 header[8] = { 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00 };

static guint8 block_sum(const guint8 *block, gsize len)
{
	guint8 sum = 0;

	for (gsize i = 0; i < len; i++)
		sum += block[i];
	return sum;
}

gboolean wfd_edid_check(const guint8 *data, gsize len, GError **error)
{
	if (len < BLOCK || len % BLOCK != 0) {
		g_set_error(error, WFD_ERROR, WFD_ERROR_TRUNCATED,
			    "an EDID of %" G_GSIZE_FORMAT " bytes; it must be blocks of %d", len,
			    BLOCK);
		return FALSE;
	}
	if (memcmp(data, header, sizeof(header)) != 0) {
		g_set_error_literal(error, WFD_ERROR, WFD_ERROR_SYNTAX,
				    "the EDID does not begin with the EDID header");
		return FALSE;
	}
	if (data[18] != 1) {
		g_set_error(error, WFD_ERROR, WFD_ERROR_RANGE, "EDID version %u is not known",
			    data[18]);
		return FALSE;
	}
	if (len != (gsize)BLOCK * (1 + data[126])) {
		g_set_error(error, WFD_ERROR, WFD_ERROR_TRUNCATED,
			    "the EDID has %" G_GSIZE_FORMAT " blocks and says it has %u", len / BLOCK,
			    1 + data[126]);
		return FALSE;
	}
	for (gsize offset = 0; offset < len; offset += BLOCK) {
		if (block_sum(data + offset, BLOCK) != 0) {
			g_set_error(error, WFD_ERROR, WFD_ERROR_SYNTAX,
				    "wrong checksum in EDID block %" G_GSIZE_FORMAT, offset / BLOCK);
			return FALSE;
		}
	}
	return TRUE;
}

/* ---- timings --------------------------------------------------------------- */

struct timing {
	guint clock_10khz;
	guint hactive, hfront, hsync, hblank;
	guint vactive, vfront, vsync, vblank;
	guint8 flags;
};

/* CTA-861-G Table 1, progressive formats that WFD has; 16:9 where there is a choice. */
static const struct {
	guint8 vic;
	guint16 width, height;
	guint8 hz;
	guint clock_10khz;
	guint16 hfront, hsync, hback;
	guint8 vfront, vsync, vback;
	gboolean positive;
} cta_timings[] = {
	{ 1, 640, 480, 60, 2518, 16, 96, 48, 10, 2, 33, FALSE },
	{ 3, 720, 480, 60, 2700, 16, 62, 60, 9, 6, 30, FALSE },
	{ 18, 720, 576, 50, 2700, 12, 64, 68, 5, 5, 39, FALSE },
	{ 60, 1280, 720, 24, 5940, 1760, 40, 220, 5, 5, 20, TRUE },
	{ 61, 1280, 720, 25, 7425, 2420, 40, 220, 5, 5, 20, TRUE },
	{ 62, 1280, 720, 30, 7425, 1760, 40, 220, 5, 5, 20, TRUE },
	{ 19, 1280, 720, 50, 7425, 440, 40, 220, 5, 5, 20, TRUE },
	{ 4, 1280, 720, 60, 7425, 110, 40, 220, 5, 5, 20, TRUE },
	{ 32, 1920, 1080, 24, 7425, 638, 44, 148, 4, 5, 36, TRUE },
	{ 33, 1920, 1080, 25, 7425, 528, 44, 148, 4, 5, 36, TRUE },
	{ 34, 1920, 1080, 30, 7425, 88, 44, 148, 4, 5, 36, TRUE },
	{ 31, 1920, 1080, 50, 14850, 528, 44, 148, 4, 5, 36, TRUE },
	{ 16, 1920, 1080, 60, 14850, 88, 44, 148, 4, 5, 36, TRUE },
	{ 93, 3840, 2160, 24, 29700, 1276, 88, 296, 8, 10, 72, TRUE },
	{ 94, 3840, 2160, 25, 29700, 1056, 88, 296, 8, 10, 72, TRUE },
	{ 95, 3840, 2160, 30, 29700, 176, 88, 296, 8, 10, 72, TRUE },
	{ 96, 3840, 2160, 50, 59400, 1056, 88, 296, 8, 10, 72, TRUE },
	{ 97, 3840, 2160, 60, 59400, 176, 88, 296, 8, 10, 72, TRUE },
	{ 98, 4096, 2160, 24, 29700, 1020, 88, 296, 8, 10, 72, TRUE },
	{ 99, 4096, 2160, 25, 29700, 968, 88, 128, 8, 10, 72, TRUE },
	{ 100, 4096, 2160, 30, 29700, 88, 88, 128, 8, 10, 72, TRUE },
	{ 101, 4096, 2160, 50, 59400, 968, 88, 128, 8, 10, 72, TRUE },
	{ 102, 4096, 2160, 60, 59400, 88, 88, 128, 8, 10, 72, TRUE },
};

static int find_cta(const struct wfd_mode *mode)
{
	for (guint i = 0; i < G_N_ELEMENTS(cta_timings); i++) {
		if (cta_timings[i].width == mode->width && cta_timings[i].height == mode->height &&
		    cta_timings[i].hz == mode->refresh_hz)
			return i;
	}
	return -1;
}

/* The sync width tells the aspect ratio (CVT 1.2, Table 3-2). */
static guint cvt_vsync(guint width, guint height)
{
	if (width * 3 == height * 4)
		return 4;
	if (width * 9 == height * 16)
		return 5;
	if (width * 10 == height * 16)
		return 6;
	if (width * 4 == height * 5 || width * 9 == height * 15)
		return 7;
	return 10;
}

/*
 * CVT reduced blanking, version 1, with the clock rounded to what a detailed
 * timing can say instead of to 250 kHz: at 30 Hz that would be off by 2 %.
 */
static struct timing cvt_timing(const struct wfd_mode *mode)
{
	const guint min_vblank_us = 460, min_vback = 6;
	struct timing timing = {
		.hactive = mode->width,
		.hfront = 48,
		.hsync = 32,
		.hblank = 160,
		.vactive = mode->height,
		.vfront = 3,
		.vsync = cvt_vsync(mode->width, mode->height),
		.flags = FLAG_DIGITAL_SEPARATE | FLAG_HSYNC_POSITIVE,
	};
	guint period_us = 1000000 / mode->refresh_hz;
	guint lines, shortest;

	timing.vblank = min_vblank_us * mode->height / (period_us - min_vblank_us) + 1;
	timing.vblank = MAX(timing.vblank, timing.vfront + timing.vsync + min_vback);
	lines = timing.vactive + timing.vblank;
	/* Below 10 MHz a descriptor counts as not valid: the smallest modes get longer lines. */
	shortest = MIN_CLOCK / (mode->refresh_hz * lines) + 1;
	if (timing.hactive + timing.hblank < shortest)
		timing.hblank = shortest - timing.hactive;
	timing.clock_10khz = ((guint64)(timing.hactive + timing.hblank) * lines *
			      mode->refresh_hz + 5000) / 10000;
	return timing;
}

static struct timing mode_timing(const struct wfd_mode *mode)
{
	int i = find_cta(mode);

	if (i < 0)
		return cvt_timing(mode);
	return (struct timing){
		.clock_10khz = cta_timings[i].clock_10khz,
		.hactive = mode->width,
		.hfront = cta_timings[i].hfront,
		.hsync = cta_timings[i].hsync,
		.hblank = cta_timings[i].hfront + cta_timings[i].hsync + cta_timings[i].hback,
		.vactive = mode->height,
		.vfront = cta_timings[i].vfront,
		.vsync = cta_timings[i].vsync,
		.vblank = cta_timings[i].vfront + cta_timings[i].vsync + cta_timings[i].vback,
		.flags = FLAG_DIGITAL_SEPARATE |
			 (cta_timings[i].positive ? FLAG_HSYNC_POSITIVE | FLAG_VSYNC_POSITIVE : 0),
	};
}

static gboolean fits_descriptor(const struct wfd_mode *mode)
{
	struct timing timing = mode_timing(mode);

	return timing.hactive < 4096 && timing.vactive < 4096 && timing.clock_10khz <= G_MAXUINT16;
}

static void put_timing(guint8 *out, const struct wfd_mode *mode, const struct wfd_edid_desc *desc)
{
	struct timing t = mode_timing(mode);

	out[0] = t.clock_10khz & 0xff;
	out[1] = t.clock_10khz >> 8;
	out[2] = t.hactive & 0xff;
	out[3] = t.hblank & 0xff;
	out[4] = (t.hactive >> 8) << 4 | t.hblank >> 8;
	out[5] = t.vactive & 0xff;
	out[6] = t.vblank & 0xff;
	out[7] = (t.vactive >> 8) << 4 | t.vblank >> 8;
	out[8] = t.hfront & 0xff;
	out[9] = t.hsync & 0xff;
	out[10] = (t.vfront & 0x0f) << 4 | (t.vsync & 0x0f);
	out[11] = (t.hfront >> 8) << 6 | (t.hsync >> 8) << 4 | (t.vfront >> 4) << 2 | t.vsync >> 4;
	out[12] = desc->width_mm & 0xff;
	out[13] = desc->height_mm & 0xff;
	out[14] = (desc->width_mm >> 8 & 0x0f) << 4 | (desc->height_mm >> 8 & 0x0f);
	out[17] = t.flags;
}

/* ---- one mode at a time goes into the cheapest place that is left ---------- */

struct builder {
	const struct wfd_edid_desc *desc;
	guint8 edid[2 * BLOCK];
	guint n_base_timings;
	guint n_standard;
	guint n_vics;
	guint8 vics[MAX_VICS];
	guint n_pending;
	const struct wfd_mode *pending[WFD_EDID_MAX_MODES];
};

static gboolean add_established(struct builder *b, const struct wfd_mode *mode)
{
	static const struct {
		guint16 width, height;
		guint8 byte, bit;
	} established[] = {
		{ 640, 480, 35, 1 << 5 },
		{ 800, 600, 35, 1 << 0 },
		{ 1024, 768, 36, 1 << 3 },
	};

	for (guint i = 0; i < G_N_ELEMENTS(established); i++) {
		if (mode->refresh_hz == 60 && mode->width == established[i].width &&
		    mode->height == established[i].height) {
			b->edid[established[i].byte] |= established[i].bit;
			return TRUE;
		}
	}
	return FALSE;
}

static gboolean add_standard(struct builder *b, const struct wfd_mode *mode)
{
	static const struct {
		guint width, height;
	} aspects[] = { { 16, 10 }, { 4, 3 }, { 5, 4 }, { 16, 9 } };

	if (mode->refresh_hz != 60 || mode->width % 8 || mode->width > 2288 || b->n_standard == 8)
		return FALSE;
	for (guint i = 0; i < G_N_ELEMENTS(aspects); i++) {
		if (mode->width * aspects[i].height != mode->height * aspects[i].width)
			continue;
		b->edid[38 + 2 * b->n_standard] = mode->width / 8 - 31;
		b->edid[39 + 2 * b->n_standard] = i << 6;
		b->n_standard++;
		return TRUE;
	}
	return FALSE;
}

static gboolean add_vic(struct builder *b, const struct wfd_mode *mode)
{
	int i = find_cta(mode);

	if (i < 0 || b->n_vics == MAX_VICS)
		return FALSE;
	b->vics[b->n_vics++] = cta_timings[i].vic;
	return TRUE;
}

static gboolean add_base_timing(struct builder *b, const struct wfd_mode *mode)
{
	/* The last descriptor is the name. */
	if (b->n_base_timings == N_BASE_DESCRIPTORS - 1 || !fits_descriptor(mode))
		return FALSE;
	put_timing(b->edid + BASE_DESCRIPTORS + DESCRIPTOR * b->n_base_timings++, mode, b->desc);
	return TRUE;
}

static void place_modes(struct builder *b)
{
	const struct wfd_edid_desc *desc = b->desc;
	gboolean preferred_done = FALSE;

	for (guint i = 0; i < desc->n_modes; i++) {
		const struct wfd_mode *mode = desc->modes[i];
		gboolean listed = FALSE;

		if (!preferred_done)
			listed = preferred_done = add_base_timing(b, mode);
		/* A VIC beside the detailed timing tells the mode's aspect and audio timing. */
		listed |= add_vic(b, mode);
		if (listed)
			add_established(b, mode);
		else if (!add_established(b, mode) && !add_standard(b, mode) && !add_base_timing(b, mode))
			b->pending[b->n_pending++] = mode;
	}
}

/* ---- the two blocks -------------------------------------------------------- */

static void put_text(guint8 *out, guint8 tag, const char *text)
{
	gsize i = 0;

	memset(out, ' ', DESCRIPTOR);
	memset(out, 0, 5);
	out[3] = tag;
	for (const char *pos = text; *pos && i < 13; pos = g_utf8_next_char(pos), i++)
		out[5 + i] = g_ascii_isprint(*pos) ? *pos : '?';
	if (i < 13)
		out[5 + i] = '\n';
}

static void put_name(guint8 *out, const char *name)
{
	g_autofree char *valid = g_utf8_make_valid(name && *name ? name : "Miracast", -1);

	put_text(out, 0xfc, valid);
}

static gboolean put_base_block(struct builder *b, GError **error)
{
	/* sRGB, the colour space of a picture that is not told otherwise */
	static const guint8 srgb[10] = {
		0xee, 0x91, 0xa3, 0x54, 0x4c, 0x99, 0x26, 0x0f, 0x50, 0x54,
	};
	const struct wfd_edid_desc *desc = b->desc;
	const char *pnp = desc->manufacturer ? desc->manufacturer : "LNX";
	guint8 *edid = b->edid;
	guint16 id;

	if (strspn(pnp, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != 3 || pnp[3]) {
		g_set_error(error, WFD_ERROR, WFD_ERROR_RANGE,
			    "manufacturer \"%s\" is not three capital letters", pnp);
		return FALSE;
	}
	id = (pnp[0] - '@') << 10 | (pnp[1] - '@') << 5 | (pnp[2] - '@');

	memcpy(edid, header, sizeof(header));
	edid[8] = id >> 8;
	edid[9] = id & 0xff;
	edid[10] = desc->product & 0xff;
	edid[11] = desc->product >> 8;
	for (int i = 0; i < 4; i++)
		edid[12 + i] = desc->serial >> (8 * i);
	edid[16] = 0xff; /* the next byte is a model year: 2024 */
	edid[17] = 2024 - 1990;
	edid[18] = 1;
	edid[19] = 4;
	edid[20] = 0x80 | 2 << 4; /* digital, 8 bits per colour, interface not defined */
	edid[21] = MIN((desc->width_mm + 5) / 10, 255);
	edid[22] = MIN((desc->height_mm + 5) / 10, 255);
	if (!edid[21] || !edid[22])
		edid[21] = edid[22] = 0;
	edid[23] = 220 - 100;
	edid[24] = 1 << 2 | 1 << 1; /* sRGB; the preferred timing is the native one */
	memcpy(edid + 25, srgb, sizeof(srgb));
	edid[35] = 1 << 5; /* 640x480 at 60 Hz: CTA-861 and WFD want it always */
	memset(edid + 38, 0x01, 16); /* standard timings not used yet */

	place_modes(b);

	for (guint i = b->n_base_timings; i < N_BASE_DESCRIPTORS - 1; i++)
		edid[BASE_DESCRIPTORS + DESCRIPTOR * i + 3] = 0x10; /* dummy */
	put_name(edid + BASE_DESCRIPTORS + DESCRIPTOR * (N_BASE_DESCRIPTORS - 1), desc->name);
	edid[126] = 1;
	edid[CHECKSUM] = -block_sum(edid, CHECKSUM);
	return TRUE;
}

/* Returns how many of the pending modes found no room. */
static guint put_cta_block(struct builder *b)
{
	static const guint8 audio[] = {
		1 << 5 | 3, 1 << 3 | 1, 0x06, 0x01, /* LPCM, 2 channels, 44.1 and 48 kHz, 16 bit */
		4 << 5 | 3, 0x01,	0x00, 0x00, /* front left and right */
	};
	/* Selectable RGB quantization, never overscanned. */
	static const guint8 video_capability[] = { 7 << 5 | 2, 0x00, 0x4a };
	guint8 *cta = b->edid + BLOCK;
	guint pos = CTA_DATA;
	guint placed = 0;

	cta[0] = 0x02;
	cta[1] = 3;
	/* Underscanned; one native detailed timing. */
	cta[3] = 1 << 7 | (b->desc->audio ? 1 << 6 : 0) | 1;
	if (b->n_vics) {
		cta[pos++] = 2 << 5 | b->n_vics;
		memcpy(cta + pos, b->vics, b->n_vics);
		pos += b->n_vics;
	}
	if (b->desc->audio) {
		memcpy(cta + pos, audio, sizeof(audio));
		pos += sizeof(audio);
	}
	memcpy(cta + pos, video_capability, sizeof(video_capability));
	pos += sizeof(video_capability);

	cta[2] = pos;
	for (guint i = 0; i < b->n_pending; i++) {
		if (pos + DESCRIPTOR > CHECKSUM || !fits_descriptor(b->pending[i]))
			continue;
		put_timing(cta + pos, b->pending[i], b->desc);
		pos += DESCRIPTOR;
		placed++;
	}
	cta[CHECKSUM] = -block_sum(cta, CHECKSUM);
	return b->n_pending - placed;
}

GBytes *wfd_edid_build(const struct wfd_edid_desc *desc, guint *n_dropped, GError **error)
{
	struct builder builder = { .desc = desc };
	guint dropped;

	if (desc->n_modes == 0 || desc->n_modes > WFD_EDID_MAX_MODES) {
		g_set_error(error, WFD_ERROR, WFD_ERROR_RANGE,
			    "an EDID of %u modes; it can be built from 1 to %d", desc->n_modes,
			    WFD_EDID_MAX_MODES);
		return NULL;
	}
	for (guint i = 0; i < desc->n_modes; i++) {
		if (desc->modes[i]->interlaced) {
			g_set_error_literal(error, WFD_ERROR, WFD_ERROR_RANGE,
					    "an interlaced mode cannot be put into the EDID");
			return NULL;
		}
	}
	if (!put_base_block(&builder, error))
		return NULL;
	dropped = put_cta_block(&builder);
	if (builder.n_base_timings == 0) {
		g_set_error_literal(error, WFD_ERROR, WFD_ERROR_RANGE,
				    "none of the modes fits a detailed timing");
		return NULL;
	}
	if (n_dropped)
		*n_dropped = dropped;
	return g_bytes_new(builder.edid, sizeof(builder.edid));
}
