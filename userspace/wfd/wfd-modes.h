/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * wfd-modes.h - the display modes of Wi-Fi Display and the H.264 levels
 *
 * WFD names a display mode by a bit in one of three tables: CEA, VESA and HH
 * (handheld).  WFD v2.1 Tables 34 to 36 give the bits of wfd_video_formats,
 * Tables 71 to 73 those of wfd2_video_formats; Microsoft's wfdx_video_formats
 * ([MS-WFDPE] 2.7.1.1) continues the first tables in another way, and its
 * microsoft_video_formats has one table of its own.  All of them are kept in
 * one array in wfd-modes.c; a row says in which of the four sets it is valid.
 * A mode is therefore named by (set, table, bit).
 *
 * Refresh rates are nominal: "60" also stands for 60000/1001 (WFD v2.1, note
 * under Table 34), so comparisons with a real mode go through
 * wfd_mode_matches_rate(), never through ==.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Table number as the low bits of the "native" field have it. */
enum wfd_table {
	WFD_TABLE_CEA = 0,
	WFD_TABLE_VESA = 1,
	WFD_TABLE_HH = 2,
	WFD_N_TABLES = 3,
};

/**
 * enum wfd_set - whose bit numbering
 * @WFD_SET_R1: wfd_video_formats, 32 bit masks
 * @WFD_SET_R2: wfd2_video_formats, 48 bit masks
 * @WFD_SET_X: wfdx_video_formats of Microsoft, 40 bit masks
 * @WFD_SET_MS: microsoft_video_formats, one 48 bit mask; it is treated as
 *	the CEA table of its set
 *
 * Values are bits, so that a row can be in several sets.
 */
enum wfd_set {
	WFD_SET_R1 = 1 << 0,
	WFD_SET_R2 = 1 << 1,
	WFD_SET_X = 1 << 2,
	WFD_SET_MS = 1 << 3,
};

/*
 * H.264 profile bits of wfd_video_formats (Table 32).  wfd2 and wfdx add
 * others to the same field; they are kept as numbers, these two are the ones
 * this source encodes.
 */
#define WFD_H264_PROFILE_CBP 0x01 /* Constrained Baseline */
#define WFD_H264_PROFILE_CHP 0x02 /* Constrained High; "RHP" in v2.1 */

/*
 * H.264 levels in the order of the level bits: bit n of the level field is
 * enum value n (Table 33: bits 0 to 4; wfd2 and wfdx continue with 5 to 7).
 */
enum wfd_level {
	WFD_LEVEL_3_1,
	WFD_LEVEL_3_2,
	WFD_LEVEL_4,
	WFD_LEVEL_4_1,
	WFD_LEVEL_4_2,
	WFD_LEVEL_5,
	WFD_LEVEL_5_1,
	WFD_LEVEL_5_2,
	WFD_N_LEVELS,
};

/**
 * struct wfd_mode - one row of the tables
 * @sets: OR of enum wfd_set: where this row's bit means this mode
 * @table: enum wfd_table
 * @bit: bit number in the mask, 0 = least significant
 * @width: active pixels per line
 * @height: active lines per frame (both fields, if interlaced)
 * @refresh_hz: nominal frames per second, fields per second if @interlaced
 * @interlaced: TRUE for "i" modes; the Constrained Baseline profile cannot
 *	code them
 * @min_level: lowest H.264 level that WFD allows for it (Table 10)
 *
 * Rows are static and constant; pointers to them stay valid for ever and two
 * equal pointers are the same mode.
 */
struct wfd_mode {
	guint8 sets;
	guint8 table;
	guint8 bit;
	gboolean interlaced;
	guint16 width;
	guint16 height;
	guint refresh_hz;
	enum wfd_level min_level;
};

/**
 * wfd_modes - all rows
 * @n: (out): their number
 *
 * Grouped by table; Microsoft's own (WFD_SET_MS) come last.
 */
const struct wfd_mode *wfd_modes(gsize *n);

/**
 * wfd_mode_lookup - the mode of a bit
 * Returns: the row, or NULL for a reserved bit.
 */
const struct wfd_mode *wfd_mode_lookup(enum wfd_set set, enum wfd_table table, guint bit);

/**
 * wfd_mode_find - the mode that carries a given progressive timing
 * @set: numbering to search
 * @refresh_mhz: real refresh rate in mHz (59940, 60000, 59790, ...)
 *
 * Returns: the row whose size is equal and whose nominal rate matches in the
 * sense of wfd_mode_matches_rate(); NULL if there is none.  When a size is in
 * two tables the CEA row wins.
 */
const struct wfd_mode *wfd_mode_find(enum wfd_set set, guint width, guint height,
				     guint refresh_mhz);

/**
 * wfd_mode_matches_rate - is @refresh_mhz the nominal rate of @mode?
 *
 * Within 1 %: covers 1000/1001 rates and the rounding of CVT and DMT timings
 * (1366x768 is 59.79 Hz, 800x600 is 60.32 Hz), keeps 24, 25 and 30 apart.
 */
gboolean wfd_mode_matches_rate(const struct wfd_mode *mode, guint refresh_mhz);

/* Pixels per second, interlaced modes counted with half their lines. */
guint64 wfd_mode_pixel_rate(const struct wfd_mode *mode);

/* "1920x1080p60"; caller frees. */
char *wfd_mode_to_string(const struct wfd_mode *mode);

/**
 * wfd_level_from_bits - highest level named in a level field
 * @bits: the field; more than one bit may be set by careless sinks
 *
 * Bits above 5.2 are ignored.  Returns: the level, or -1 if none is set.
 */
int wfd_level_from_bits(guint bits);

/* The bit of a level: 1 << level. */
guint wfd_level_to_bit(enum wfd_level level);

/* As GStreamer caps spell it: "3.1". */
const char *wfd_level_name(enum wfd_level level);

/* level_idc of H.264, ten times its number: 31. */
guint8 wfd_level_idc(enum wfd_level level);

/**
 * wfd_level_max_bitrate - most bits per second a stream of this level may have
 * @profile: WFD_H264_PROFILE_CBP or _CHP (25 % more, H.264 Table A-2)
 */
guint wfd_level_max_bitrate(enum wfd_level level, guint profile);

/**
 * wfd_level_for - lowest level whose picture size and macroblock rate limits
 * (H.264 Table A-1) hold for a size and rate
 *
 * It can be higher than the @min_level of the same mode: Table 10 of WFD lets
 * 1080p24 pass as 3.2, which H.264 does not.
 *
 * Returns: the level, or -1 when even 5.2 is not enough.
 */
int wfd_level_for(guint width, guint height, guint refresh_hz);

G_END_DECLS
