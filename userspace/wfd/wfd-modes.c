/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdlib.h>

#include "wfd-modes.h"

/* Column values of the table below. */
#define ALL (WFD_SET_R1 | WFD_SET_R2 | WFD_SET_X)
#define R2 WFD_SET_R2
#define X WFD_SET_X
#define MS WFD_SET_MS
#define SCAN_p FALSE
#define SCAN_i TRUE
#define M(sets_, table_, bit_, width_, height_, scan, hz, level) \
	{ \
		.sets = (sets_), .table = WFD_TABLE_##table_, .bit = (bit_), \
		.interlaced = SCAN_##scan, .width = (width_), .height = (height_), \
		.refresh_hz = (hz), .min_level = WFD_LEVEL_##level, \
	}

/*
 * The level is Table 10's where it names the mode, else the lowest level of
 * H.264 Table A-1 that holds it.  The two disagree for 1080p24, 1080p25 and
 * 1920x1200p30, where Table 10 allows less than H.264 does; see
 * wfd_level_for().  4500x3000 is beyond every level of H.264.
 */
static const struct wfd_mode modes[] = {
	/* Tables 34 and 71, [MS-WFDPE] 2.7.1.1.1 */
	M(ALL, CEA, 0, 640, 480, p, 60, 3_1),
	M(ALL, CEA, 1, 720, 480, p, 60, 3_1),
	M(ALL, CEA, 2, 720, 480, i, 60, 3_1),
	M(ALL, CEA, 3, 720, 576, p, 50, 3_1),
	M(ALL, CEA, 4, 720, 576, i, 50, 3_1),
	M(ALL, CEA, 5, 1280, 720, p, 30, 3_1),
	M(ALL, CEA, 6, 1280, 720, p, 60, 3_2),
	M(ALL, CEA, 7, 1920, 1080, p, 30, 4),
	M(ALL, CEA, 8, 1920, 1080, p, 60, 4_2),
	M(ALL, CEA, 9, 1920, 1080, i, 60, 4),
	M(ALL, CEA, 10, 1280, 720, p, 25, 3_1),
	M(ALL, CEA, 11, 1280, 720, p, 50, 3_2),
	M(ALL, CEA, 12, 1920, 1080, p, 25, 3_2),
	M(ALL, CEA, 13, 1920, 1080, p, 50, 4_2),
	M(ALL, CEA, 14, 1920, 1080, i, 50, 4),
	M(ALL, CEA, 15, 1280, 720, p, 24, 3_1),
	M(ALL, CEA, 16, 1920, 1080, p, 24, 3_2),
	M(R2, CEA, 17, 3840, 2160, p, 24, 5_1),
	M(X, CEA, 17, 3840, 2160, p, 30, 5_1),
	M(R2, CEA, 18, 3840, 2160, p, 25, 5_1),
	M(X, CEA, 18, 3840, 2160, p, 60, 5_2),
	M(R2, CEA, 19, 3840, 2160, p, 30, 5_1),
	M(X, CEA, 19, 4096, 2160, p, 30, 5_2),
	M(R2, CEA, 20, 3840, 2160, p, 50, 5_2),
	M(X, CEA, 20, 4096, 2160, p, 60, 5_2),
	M(R2, CEA, 21, 3840, 2160, p, 60, 5_2),
	M(X, CEA, 21, 3840, 2160, p, 25, 5_1),
	M(R2, CEA, 22, 4096, 2160, p, 24, 5_1),
	M(X, CEA, 22, 3840, 2160, p, 50, 5_2),
	M(R2, CEA, 23, 4096, 2160, p, 25, 5_1),
	M(X, CEA, 23, 4096, 2160, p, 25, 5_1),
	M(R2, CEA, 24, 4096, 2160, p, 30, 5_2),
	M(X, CEA, 24, 4096, 2160, p, 50, 5_2),
	M(R2, CEA, 25, 4096, 2160, p, 50, 5_2),
	M(X, CEA, 25, 3840, 2160, p, 24, 5_1),
	M(R2, CEA, 26, 4096, 2160, p, 60, 5_2),
	M(X, CEA, 26, 4096, 2160, p, 24, 5_1),

	/* Tables 35 and 72, [MS-WFDPE] 2.7.1.1.1 */
	M(ALL, VESA, 0, 800, 600, p, 30, 3_1),
	M(ALL, VESA, 1, 800, 600, p, 60, 3_2),
	M(ALL, VESA, 2, 1024, 768, p, 30, 3_1),
	M(ALL, VESA, 3, 1024, 768, p, 60, 3_2),
	M(ALL, VESA, 4, 1152, 864, p, 30, 3_2),
	M(ALL, VESA, 5, 1152, 864, p, 60, 4),
	M(ALL, VESA, 6, 1280, 768, p, 30, 3_2),
	M(ALL, VESA, 7, 1280, 768, p, 60, 4),
	M(ALL, VESA, 8, 1280, 800, p, 30, 3_2),
	M(ALL, VESA, 9, 1280, 800, p, 60, 4),
	M(ALL, VESA, 10, 1360, 768, p, 30, 3_2),
	M(ALL, VESA, 11, 1360, 768, p, 60, 4),
	M(ALL, VESA, 12, 1366, 768, p, 30, 3_2),
	M(ALL, VESA, 13, 1366, 768, p, 60, 4_2),
	M(ALL, VESA, 14, 1280, 1024, p, 30, 3_2),
	M(ALL, VESA, 15, 1280, 1024, p, 60, 4_2),
	M(ALL, VESA, 16, 1400, 1050, p, 30, 4),
	M(ALL, VESA, 17, 1400, 1050, p, 60, 4_2),
	M(ALL, VESA, 18, 1440, 900, p, 30, 4),
	M(ALL, VESA, 19, 1440, 900, p, 60, 4_2),
	M(ALL, VESA, 20, 1600, 900, p, 30, 4),
	M(ALL, VESA, 21, 1600, 900, p, 60, 4_2),
	M(ALL, VESA, 22, 1600, 1200, p, 30, 4),
	M(ALL, VESA, 23, 1600, 1200, p, 60, 4_2),
	M(ALL, VESA, 24, 1680, 1024, p, 30, 4),
	M(ALL, VESA, 25, 1680, 1024, p, 60, 4_2),
	M(ALL, VESA, 26, 1680, 1050, p, 30, 4),
	M(ALL, VESA, 27, 1680, 1050, p, 60, 4_2),
	M(ALL, VESA, 28, 1920, 1200, p, 30, 4_2),
	M(R2, VESA, 29, 1920, 1200, p, 60, 5),
	M(X, VESA, 29, 2560, 1440, p, 30, 5),
	M(R2, VESA, 30, 2560, 1440, p, 30, 5),
	M(X, VESA, 30, 2560, 1440, p, 60, 5_1),
	M(R2, VESA, 31, 2560, 1440, p, 60, 5_1),
	M(X, VESA, 31, 2560, 1600, p, 30, 5),
	M(R2, VESA, 32, 2560, 1600, p, 30, 5),
	M(X, VESA, 32, 2560, 1600, p, 60, 5_1),
	M(R2, VESA, 33, 2560, 1600, p, 60, 5_1),

	/* Tables 36 and 73 */
	M(ALL, HH, 0, 800, 480, p, 30, 3_1),
	M(ALL, HH, 1, 800, 480, p, 60, 3_1),
	M(ALL, HH, 2, 854, 480, p, 30, 3_1),
	M(ALL, HH, 3, 854, 480, p, 60, 3_1),
	M(ALL, HH, 4, 864, 480, p, 30, 3_1),
	M(ALL, HH, 5, 864, 480, p, 60, 3_1),
	M(ALL, HH, 6, 640, 360, p, 30, 3_1),
	M(ALL, HH, 7, 640, 360, p, 60, 3_1),
	M(ALL, HH, 8, 960, 540, p, 30, 3_1),
	M(ALL, HH, 9, 960, 540, p, 60, 3_2),
	M(ALL, HH, 10, 848, 480, p, 30, 3_1),
	M(ALL, HH, 11, 848, 480, p, 60, 3_1),

	/* [MS-WFDPE] 2.7.1.2.1 */
	M(MS, CEA, 0, 1920, 1280, p, 30, 5),
	M(MS, CEA, 1, 1920, 1280, p, 60, 5),
	M(MS, CEA, 2, 1920, 1280, p, 24, 5),
	M(MS, CEA, 3, 2160, 1440, p, 30, 5),
	M(MS, CEA, 4, 2160, 1440, p, 60, 5_1),
	M(MS, CEA, 5, 2160, 1440, p, 24, 5),
	M(MS, CEA, 6, 2256, 1504, p, 30, 5),
	M(MS, CEA, 7, 2256, 1504, p, 60, 5_1),
	M(MS, CEA, 8, 2256, 1504, p, 24, 5),
	M(MS, CEA, 9, 2736, 1824, p, 30, 5),
	M(MS, CEA, 10, 2736, 1824, p, 60, 5_2),
	M(MS, CEA, 11, 2736, 1824, p, 24, 5),
	M(MS, CEA, 12, 3000, 2000, p, 30, 5_1),
	M(MS, CEA, 13, 3000, 2000, p, 60, 5_2),
	M(MS, CEA, 14, 3000, 2000, p, 24, 5_1),
	M(MS, CEA, 15, 3240, 2160, p, 30, 5_1),
	M(MS, CEA, 16, 3240, 2160, p, 60, 5_2),
	M(MS, CEA, 17, 3240, 2160, p, 24, 5_1),
	M(MS, CEA, 18, 4500, 3000, p, 30, 5_2),
	M(MS, CEA, 19, 4500, 3000, p, 60, 5_2),
	M(MS, CEA, 20, 4500, 3000, p, 24, 5_2),
};

#undef ALL
#undef R2
#undef X
#undef MS
#undef SCAN_p
#undef SCAN_i
#undef M

/* H.264 Tables A-1 (macroblocks) and A-2 (bit rates of the Baseline profile). */
static const struct {
	const char *name;
	guint8 idc;
	guint max_macroblock_rate;
	guint max_macroblocks;
	guint max_kbit;
} levels[WFD_N_LEVELS] = {
	[WFD_LEVEL_3_1] = { "3.1", 31, 108000, 3600, 14000 },
	[WFD_LEVEL_3_2] = { "3.2", 32, 216000, 5120, 20000 },
	[WFD_LEVEL_4] = { "4", 40, 245760, 8192, 20000 },
	[WFD_LEVEL_4_1] = { "4.1", 41, 245760, 8192, 50000 },
	[WFD_LEVEL_4_2] = { "4.2", 42, 522240, 8704, 50000 },
	[WFD_LEVEL_5] = { "5", 50, 589824, 22080, 135000 },
	[WFD_LEVEL_5_1] = { "5.1", 51, 983040, 36864, 240000 },
	[WFD_LEVEL_5_2] = { "5.2", 52, 2073600, 36864, 240000 },
};

const struct wfd_mode *wfd_modes(gsize *n)
{
	*n = G_N_ELEMENTS(modes);
	return modes;
}

const struct wfd_mode *wfd_mode_lookup(enum wfd_set set, enum wfd_table table, guint bit)
{
	for (gsize i = 0; i < G_N_ELEMENTS(modes); i++) {
		if ((modes[i].sets & set) && modes[i].table == table && modes[i].bit == bit)
			return &modes[i];
	}
	return NULL;
}

const struct wfd_mode *wfd_mode_find(enum wfd_set set, guint width, guint height,
				     guint refresh_mhz)
{
	for (gsize i = 0; i < G_N_ELEMENTS(modes); i++) {
		const struct wfd_mode *mode = &modes[i];

		if ((mode->sets & set) && !mode->interlaced && mode->width == width &&
		    mode->height == height && wfd_mode_matches_rate(mode, refresh_mhz))
			return mode;
	}
	return NULL;
}

gboolean wfd_mode_matches_rate(const struct wfd_mode *mode, guint refresh_mhz)
{
	gint64 nominal = (gint64)mode->refresh_hz * 1000;

	return llabs(nominal - (gint64)refresh_mhz) <= nominal / 100;
}

guint64 wfd_mode_pixel_rate(const struct wfd_mode *mode)
{
	guint64 rate = (guint64)mode->width * mode->height * mode->refresh_hz;

	return mode->interlaced ? rate / 2 : rate;
}

char *wfd_mode_to_string(const struct wfd_mode *mode)
{
	return g_strdup_printf("%ux%u%c%u", mode->width, mode->height, mode->interlaced ? 'i' : 'p',
			       mode->refresh_hz);
}

int wfd_level_from_bits(guint bits)
{
	for (int level = WFD_N_LEVELS - 1; level >= 0; level--) {
		if (bits & (1u << level))
			return level;
	}
	return -1;
}

guint wfd_level_to_bit(enum wfd_level level)
{
	return 1u << level;
}

const char *wfd_level_name(enum wfd_level level)
{
	return levels[level].name;
}

guint8 wfd_level_idc(enum wfd_level level)
{
	return levels[level].idc;
}

guint wfd_level_max_bitrate(enum wfd_level level, guint profile)
{
	guint kbit = levels[level].max_kbit;

	return (profile & WFD_H264_PROFILE_CHP ? kbit * 5 / 4 : kbit) * 1000;
}

int wfd_level_for(guint width, guint height, guint refresh_hz)
{
	guint64 macroblocks = (((guint64)width + 15) / 16) * (((guint64)height + 15) / 16);

	for (int level = 0; level < WFD_N_LEVELS; level++) {
		if (macroblocks <= levels[level].max_macroblocks &&
		    macroblocks * refresh_hz <= levels[level].max_macroblock_rate)
			return level;
	}
	return -1;
}
