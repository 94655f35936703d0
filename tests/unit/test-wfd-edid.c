/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Judging a sink's EDID and building one; edid-decode judges what is built. */
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>

#include "wfd-edid.h"

static const struct wfd_mode *mode(enum wfd_set set, const char *name)
{
	const struct wfd_mode *modes;
	gsize n;

	modes = wfd_modes(&n);
	for (gsize i = 0; i < n; i++) {
		g_autofree char *candidate = wfd_mode_to_string(&modes[i]);

		if ((modes[i].sets & set) && g_str_equal(candidate, name))
			return &modes[i];
	}
	g_error("no mode %s", name);
}

/* @names is "1920x1080p60 ..."; modes of R2 contain those of R1. */
static GBytes *build(const char *names, const struct wfd_edid_desc *more, guint *dropped)
{
	struct wfd_edid_desc desc = more ? *more : (struct wfd_edid_desc){ 0 };
	const struct wfd_mode *modes[WFD_EDID_MAX_MODES];
	g_auto(GStrv) words = g_strsplit(names, " ", -1);
	g_autoptr(GError) error = NULL;
	GBytes *edid;
	gsize len;
	const guint8 *data;

	for (desc.n_modes = 0; words[desc.n_modes]; desc.n_modes++)
		modes[desc.n_modes] = mode(WFD_SET_R2 | WFD_SET_MS, words[desc.n_modes]);
	desc.modes = modes;
	edid = wfd_edid_build(&desc, dropped, &error);
	g_assert_no_error(error);
	data = g_bytes_get_data(edid, &len);
	g_assert_cmpuint(len, ==, 256);
	g_assert_true(wfd_edid_check(data, len, &error));
	return edid;
}

/* Text of edid-decode --check; fails the test unless the EDID conforms. */
static char *decode(GBytes *edid)
{
	g_autofree char *path = NULL;
	g_autoptr(GSubprocess) process = NULL;
	g_autoptr(GError) error = NULL;
	g_autofree char *output = NULL;
	gsize len;
	const char *data = g_bytes_get_data(edid, &len);
	int fd = g_file_open_tmp("wfd-edid-XXXXXX", &path, &error);

	g_assert_no_error(error);
	g_close(fd, NULL);
	g_file_set_contents(path, data, len, &error);
	g_assert_no_error(error);
	process = g_subprocess_new(G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_MERGE,
				   &error, EDID_DECODE, "--check", path, NULL);
	g_assert_no_error(error);
	g_subprocess_communicate_utf8(process, NULL, NULL, &output, NULL, &error);
	g_assert_no_error(error);
	g_unlink(path);
	if (!g_subprocess_get_successful(process) || !strstr(output, "EDID conformity: PASS"))
		g_error("edid-decode:\n%s", output);
	return g_steal_pointer(&output);
}

static void assert_says(const char *output, const char *words)
{
	if (!strstr(output, words))
		g_error("edid-decode does not say \"%s\":\n%s", words, output);
}

static void test_conformity(void)
{
	static const char *const lists[] = {
		"1920x1080p60",
		"640x480p60",
		"1920x1080p60 1920x1080p30 1280x720p60 720x480p60 640x480p60",
		"3840x2160p60 3840x2160p30 1920x1080p60 1280x720p60 640x480p60",
		"1366x768p60 1280x720p60 1024x768p60 800x600p60 640x480p60",
		"1920x1200p60 1600x1200p60 1680x1050p60 1400x1050p60 1440x900p60 640x480p60",
		"854x480p30 848x480p60 640x360p30 960x540p60 640x480p60",
		"2560x1600p60 2560x1440p60 3240x2160p60 1920x1280p24 640x480p60",
		"720x576p50 1280x720p50 1920x1080p50 1920x1080p25 1280x720p24 640x480p60",
	};

	for (guint i = 0; i < G_N_ELEMENTS(lists); i++) {
		const struct wfd_edid_desc desc = {
			.name = "Living room", .serial = 7, .audio = i & 1,
			.width_mm = i & 2 ? 1600 : 0, .height_mm = i & 2 ? 900 : 0,
		};
		guint dropped = 99;
		g_autoptr(GBytes) edid = build(lists[i], &desc, &dropped);

		g_free(decode(edid));
		g_assert_cmpuint(dropped, ==, 0);
	}
}

static void test_content(void)
{
	const struct wfd_edid_desc desc = {
		.manufacturer = "GSM", .product = 0x1234, .name = "Fernseher Küche, groß",
		.audio = TRUE,
	};
	g_autoptr(GBytes) edid = build(
		"1920x1080p60 1280x720p60 1440x900p60 1366x768p60 640x480p60", &desc, NULL);
	g_autofree char *output = decode(edid);

	assert_says(output, "Manufacturer: GSM");
	assert_says(output, "Fernseher K?c");
	assert_says(output, "DTD 1:  1920x1080   60.000000 Hz");
	assert_says(output, "VIC  16:");
	assert_says(output, "VIC   4:");
	assert_says(output, "1440x900");
	assert_says(output, "1366x768");
	assert_says(output, "Basic audio support");
}

/* CVT timings must be within the 1 % by which a mode is recognised again. */
static void test_timing_rates(void)
{
	const struct wfd_mode *modes;
	gsize n;

	modes = wfd_modes(&n);
	for (gsize i = 0; i < n; i++) {
		const struct wfd_mode *one = &modes[i];
		const struct wfd_edid_desc desc = { .modes = &one, .n_modes = 1 };
		g_autoptr(GBytes) edid = NULL;
		g_autoptr(GError) error = NULL;
		const guint8 *dtd;
		guint clock, total;

		edid = wfd_edid_build(&desc, NULL, &error);
		if (one->interlaced || one->width > 4095) {
			g_assert_error(error, WFD_ERROR, WFD_ERROR_RANGE);
			continue;
		}
		g_assert_no_error(error);
		dtd = (const guint8 *)g_bytes_get_data(edid, NULL) + 54;
		clock = (dtd[0] | dtd[1] << 8) * 10000u;
		g_assert_cmpuint((guint)(dtd[2] | (dtd[4] & 0xf0) << 4), ==, one->width);
		g_assert_cmpuint((guint)(dtd[5] | (dtd[7] & 0xf0) << 4), ==, one->height);
		total = (dtd[2] + dtd[3] + ((dtd[4] & 0xf0) << 4) + ((dtd[4] & 0x0f) << 8)) *
			(dtd[5] + dtd[6] + ((dtd[7] & 0xf0) << 4) + ((dtd[7] & 0x0f) << 8));
		g_assert_true(wfd_mode_matches_rate(one, (guint)((guint64)clock * 1000 / total)));
	}
}

/* 4096x2160 is too wide for a detailed timing: a VIC, and the next mode takes its place. */
static void test_4096(void)
{
	g_autoptr(GBytes) edid = build("4096x2160p60 1920x1080p60 640x480p60", NULL, NULL);
	g_autofree char *output = decode(edid);

	assert_says(output, "VIC 102:");
	assert_says(output, "DTD 1:  1920x1080   60.000000 Hz");
}

static void test_no_room(void)
{
	GString *names = g_string_new("1920x1080p60");
	const struct wfd_mode *modes;
	g_autoptr(GBytes) edid = NULL;
	guint dropped = 0;
	gsize n;

	modes = wfd_modes(&n);
	for (gsize i = 0; i < n; i++) {
		g_autofree char *name = wfd_mode_to_string(&modes[i]);

		if ((modes[i].sets & WFD_SET_R1) && modes[i].table != WFD_TABLE_CEA)
			g_string_append_printf(names, " %s", name);
	}
	edid = build(names->str, NULL, &dropped);
	g_free(decode(edid));
	g_assert_cmpuint(dropped, >, 0);
	g_assert_cmpuint(dropped, <, 41);
	g_string_free(names, TRUE);
}

static void assert_bad_desc(const struct wfd_edid_desc *desc)
{
	g_autoptr(GError) error = NULL;

	g_assert_null(wfd_edid_build(desc, NULL, &error));
	g_assert_error(error, WFD_ERROR, WFD_ERROR_RANGE);
}

static void test_bad_desc(void)
{
	const struct wfd_mode *full_hd = mode(WFD_SET_R1, "1920x1080p60");
	const struct wfd_mode *interlaced = mode(WFD_SET_R1, "1920x1080i60");
	const struct wfd_mode *too_wide = mode(WFD_SET_R2, "4096x2160p60");
	const struct wfd_mode *many[WFD_EDID_MAX_MODES + 1] = { 0 };

	assert_bad_desc(&(struct wfd_edid_desc){ .modes = many, .n_modes = 0 });
	assert_bad_desc(&(struct wfd_edid_desc){ .modes = many, .n_modes = G_N_ELEMENTS(many) });
	assert_bad_desc(&(struct wfd_edid_desc){ .modes = &interlaced, .n_modes = 1 });
	assert_bad_desc(&(struct wfd_edid_desc){ .modes = &too_wide, .n_modes = 1 });
	assert_bad_desc(&(struct wfd_edid_desc){ .modes = &full_hd, .n_modes = 1,
						 .manufacturer = "LG" });
	assert_bad_desc(&(struct wfd_edid_desc){ .modes = &full_hd, .n_modes = 1,
						 .manufacturer = "LGEX" });
	assert_bad_desc(&(struct wfd_edid_desc){ .modes = &full_hd, .n_modes = 1,
						 .manufacturer = "lge" });
}

static void assert_check(const guint8 *data, gsize len, enum wfd_error code)
{
	g_autoptr(GError) error = NULL;

	g_assert_false(wfd_edid_check(data, len, &error));
	g_assert_error(error, WFD_ERROR, (int)code);
}

static void test_check(void)
{
	g_autoptr(GBytes) edid = build("1920x1080p60 640x480p60", NULL, NULL);
	guint8 copy[3 * 128] = { 0 };

	memcpy(copy, g_bytes_get_data(edid, NULL), 256);
	g_assert_true(wfd_edid_check(copy, 256, NULL));
	assert_check(copy, 0, WFD_ERROR_TRUNCATED);
	assert_check(copy, 127, WFD_ERROR_TRUNCATED);
	assert_check(copy, 128, WFD_ERROR_TRUNCATED); /* an extension is missing */
	assert_check(copy, 200, WFD_ERROR_TRUNCATED);
	assert_check(copy, 384, WFD_ERROR_TRUNCATED); /* one too many */
	copy[1] ^= 1;
	assert_check(copy, 256, WFD_ERROR_SYNTAX);
	copy[1] ^= 1;
	copy[18] = 2;
	assert_check(copy, 256, WFD_ERROR_RANGE);
	copy[18] = 1;
	copy[60] ^= 1;
	assert_check(copy, 256, WFD_ERROR_SYNTAX);
	copy[60] ^= 1;
	copy[200] ^= 1;
	assert_check(copy, 256, WFD_ERROR_SYNTAX);
}

int main(int argc, char *argv[])
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/wfd/edid/conformity", test_conformity);
	g_test_add_func("/wfd/edid/content", test_content);
	g_test_add_func("/wfd/edid/timing-rates", test_timing_rates);
	g_test_add_func("/wfd/edid/4096", test_4096);
	g_test_add_func("/wfd/edid/no-room", test_no_room);
	g_test_add_func("/wfd/edid/bad-description", test_bad_desc);
	g_test_add_func("/wfd/edid/check", test_check);
	return g_test_run();
}
