/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mode tables (WFD v2.1 Tables 34-36, 71-73; [MS-WFDPE] 2.7.1) and H.264 levels. */
#include "wfd-modes.h"

static void test_table_samples(void)
{
	static const struct {
		enum wfd_set set;
		enum wfd_table table;
		guint bit;
		const char *name;
	} samples[] = {
		{ WFD_SET_R1, WFD_TABLE_CEA, 0, "640x480p60" },
		{ WFD_SET_R1, WFD_TABLE_CEA, 5, "1280x720p30" },
		{ WFD_SET_R1, WFD_TABLE_CEA, 8, "1920x1080p60" },
		{ WFD_SET_R1, WFD_TABLE_CEA, 9, "1920x1080i60" },
		{ WFD_SET_R1, WFD_TABLE_CEA, 10, "1280x720p25" },
		{ WFD_SET_R1, WFD_TABLE_CEA, 16, "1920x1080p24" },
		{ WFD_SET_R2, WFD_TABLE_CEA, 17, "3840x2160p24" },
		{ WFD_SET_X, WFD_TABLE_CEA, 17, "3840x2160p30" },
		{ WFD_SET_R2, WFD_TABLE_CEA, 26, "4096x2160p60" },
		{ WFD_SET_X, WFD_TABLE_CEA, 26, "4096x2160p24" },
		{ WFD_SET_R1, WFD_TABLE_VESA, 1, "800x600p60" },
		{ WFD_SET_R1, WFD_TABLE_VESA, 24, "1680x1024p30" },
		{ WFD_SET_R1, WFD_TABLE_VESA, 27, "1680x1050p60" },
		{ WFD_SET_R1, WFD_TABLE_VESA, 28, "1920x1200p30" },
		{ WFD_SET_R2, WFD_TABLE_VESA, 29, "1920x1200p60" },
		{ WFD_SET_X, WFD_TABLE_VESA, 29, "2560x1440p30" },
		{ WFD_SET_R2, WFD_TABLE_VESA, 33, "2560x1600p60" },
		{ WFD_SET_R1, WFD_TABLE_HH, 0, "800x480p30" },
		{ WFD_SET_R1, WFD_TABLE_HH, 11, "848x480p60" },
		{ WFD_SET_MS, WFD_TABLE_CEA, 2, "1920x1280p24" },
		{ WFD_SET_MS, WFD_TABLE_CEA, 19, "4500x3000p60" },
	};

	for (guint i = 0; i < G_N_ELEMENTS(samples); i++) {
		const struct wfd_mode *mode =
			wfd_mode_lookup(samples[i].set, samples[i].table, samples[i].bit);
		g_autofree char *name = NULL;

		g_assert_nonnull(mode);
		name = wfd_mode_to_string(mode);
		g_assert_cmpstr(name, ==, samples[i].name);
	}
	g_assert_null(wfd_mode_lookup(WFD_SET_R1, WFD_TABLE_CEA, 17));
	g_assert_null(wfd_mode_lookup(WFD_SET_R1, WFD_TABLE_VESA, 29));
	g_assert_null(wfd_mode_lookup(WFD_SET_R1, WFD_TABLE_HH, 12));
	g_assert_null(wfd_mode_lookup(WFD_SET_MS, WFD_TABLE_CEA, 21));
}

/* No bit twice, no hole: every table is bits 0 to n - 1. */
static void test_tables_complete(void)
{
	static const struct {
		enum wfd_set set;
		enum wfd_table table;
		guint n;
	} tables[] = {
		{ WFD_SET_R1, WFD_TABLE_CEA, 17 },  { WFD_SET_R1, WFD_TABLE_VESA, 29 },
		{ WFD_SET_R1, WFD_TABLE_HH, 12 },   { WFD_SET_R2, WFD_TABLE_CEA, 27 },
		{ WFD_SET_R2, WFD_TABLE_VESA, 34 }, { WFD_SET_R2, WFD_TABLE_HH, 12 },
		{ WFD_SET_X, WFD_TABLE_CEA, 27 },   { WFD_SET_X, WFD_TABLE_VESA, 33 },
		{ WFD_SET_X, WFD_TABLE_HH, 12 },    { WFD_SET_MS, WFD_TABLE_CEA, 21 },
	};
	const struct wfd_mode *modes;
	gsize n_modes;

	modes = wfd_modes(&n_modes);
	for (guint i = 0; i < G_N_ELEMENTS(tables); i++) {
		guint64 seen = 0;

		for (gsize m = 0; m < n_modes; m++) {
			guint64 bit = G_GUINT64_CONSTANT(1) << modes[m].bit;

			if (!(modes[m].sets & tables[i].set) || modes[m].table != tables[i].table)
				continue;
			g_assert_cmpuint(seen & bit, ==, 0);
			seen |= bit;
		}
		g_assert_cmphex(seen, ==, (G_GUINT64_CONSTANT(1) << tables[i].n) - 1);
	}
}

/* Table 10 allows less than H.264 for three modes, and never asks for less than the rest. */
static void test_min_level_against_h264(void)
{
	const struct wfd_mode *modes;
	gsize n;

	modes = wfd_modes(&n);
	for (gsize i = 0; i < n; i++) {
		const struct wfd_mode *mode = &modes[i];
		int level = wfd_level_for(mode->width, mode->height,
					  mode->interlaced ? mode->refresh_hz / 2 : mode->refresh_hz);
		g_autofree char *name = wfd_mode_to_string(mode);

		if (g_str_equal(name, "1920x1080p24") || g_str_equal(name, "1920x1080p25"))
			g_assert_cmpint(mode->min_level, ==, WFD_LEVEL_3_2);
		else if (g_str_equal(name, "1920x1200p30"))
			g_assert_cmpint(mode->min_level, ==, WFD_LEVEL_4_2);
		else if (mode->width == 4500)
			g_assert_cmpint(level, ==, -1);
		else
			g_assert_cmpint(mode->min_level, ==, level);
	}
}

static void test_find(void)
{
	const struct wfd_mode *p60 = wfd_mode_lookup(WFD_SET_R1, WFD_TABLE_CEA, 8);

	g_assert_true(wfd_mode_find(WFD_SET_R1, 1920, 1080, 60000) == p60);
	g_assert_true(wfd_mode_find(WFD_SET_R1, 1920, 1080, 59940) == p60);
	g_assert_true(wfd_mode_find(WFD_SET_R1, 1920, 1080, 23976) ==
		      wfd_mode_lookup(WFD_SET_R1, WFD_TABLE_CEA, 16));
	g_assert_true(wfd_mode_find(WFD_SET_R1, 1366, 768, 59790) ==
		      wfd_mode_lookup(WFD_SET_R1, WFD_TABLE_VESA, 13));
	g_assert_true(wfd_mode_find(WFD_SET_R1, 800, 600, 60317) ==
		      wfd_mode_lookup(WFD_SET_R1, WFD_TABLE_VESA, 1));
	/* There is 1080i60, but a desktop does not set interlaced modes. */
	g_assert_null(wfd_mode_find(WFD_SET_R1, 720, 576, 60000));
	g_assert_null(wfd_mode_find(WFD_SET_R1, 3840, 2160, 60000));
	g_assert_nonnull(wfd_mode_find(WFD_SET_R2, 3840, 2160, 60000));
	g_assert_null(wfd_mode_find(WFD_SET_R1, 1920, 1080, 0));
	g_assert_null(wfd_mode_find(WFD_SET_R1, 1920, 1080, G_MAXUINT));
	g_assert_cmpuint(wfd_mode_pixel_rate(p60), ==, 124416000);
	g_assert_cmpuint(wfd_mode_pixel_rate(wfd_mode_lookup(WFD_SET_R1, WFD_TABLE_CEA, 9)), ==,
			 62208000);
}

static void test_levels(void)
{
	g_assert_cmpint(wfd_level_from_bits(0x00), ==, -1);
	g_assert_cmpint(wfd_level_from_bits(0x01), ==, WFD_LEVEL_3_1);
	g_assert_cmpint(wfd_level_from_bits(0x10), ==, WFD_LEVEL_4_2);
	g_assert_cmpint(wfd_level_from_bits(0x1f), ==, WFD_LEVEL_4_2);
	g_assert_cmpint(wfd_level_from_bits(0x80), ==, WFD_LEVEL_5_2);
	g_assert_cmpint(wfd_level_from_bits(0xff00), ==, -1);
	for (int level = 0; level < WFD_N_LEVELS; level++)
		g_assert_cmpint(wfd_level_from_bits(wfd_level_to_bit(level)), ==, level);
	g_assert_cmpstr(wfd_level_name(WFD_LEVEL_4), ==, "4");
	g_assert_cmpuint(wfd_level_max_bitrate(WFD_LEVEL_3_1, WFD_H264_PROFILE_CBP), ==, 14000000);
	g_assert_cmpuint(wfd_level_max_bitrate(WFD_LEVEL_4, WFD_H264_PROFILE_CBP), ==, 20000000);
	g_assert_cmpuint(wfd_level_max_bitrate(WFD_LEVEL_4_2, WFD_H264_PROFILE_CHP), ==, 62500000);
	g_assert_cmpint(wfd_level_for(1920, 1080, 60), ==, WFD_LEVEL_4_2);
	g_assert_cmpint(wfd_level_for(G_MAXUINT, G_MAXUINT, 1), ==, -1);
	g_assert_cmpint(wfd_level_for(16, 16, G_MAXUINT), ==, -1);
}

int main(int argc, char *argv[])
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/wfd/modes/tables-34-36-71-73", test_table_samples);
	g_test_add_func("/wfd/modes/tables-complete", test_tables_complete);
	g_test_add_func("/wfd/modes/table-10-min-level", test_min_level_against_h264);
	g_test_add_func("/wfd/modes/find", test_find);
	g_test_add_func("/wfd/modes/table-33-levels", test_levels);
	return g_test_run();
}
