// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The table of encoders: against the properties that three releases of GStreamer
 * really have, against encoders that do not work, and against those that are
 * installed here: all that a sink can be promised is encoded.
 */
#define GST_USE_UNSTABLE_API
#include <string.h>
#include <unistd.h>

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <gst/app/gstappsink.h>
#include <gst/app/gstappsrc.h>
#include <gst/codecparsers/gsth264parser.h>
#include <gst/video/video.h>

#include "encoders-private.h"
#include "fake-encoder.h"
#include "h264-promise.h"

static GKeyFile *data;

/* ------------------------------------------------- the table and what elements have */

static const struct encoder_row *row_of(const char *group)
{
	g_autofree char *element = g_strndup(group, strchr(group, '@') - group);
	const struct encoder_row *rows;
	gsize n;

	rows = encoder_rows(&n);
	for (gsize i = 0; i < n; i++) {
		if (strcmp(rows[i].element, element) == 0)
			return &rows[i];
	}
	g_error("%s is in no row", element);
}

static guint64 number(GObject *element, const char *property)
{
	GParamSpec *spec = g_object_class_find_property(G_OBJECT_GET_CLASS(element), property);
	gint64 value;

	g_assert_nonnull(spec);
	if (G_IS_PARAM_SPEC_UINT(spec)) {
		guint found;

		g_object_get(element, property, &found, NULL);
		return found;
	} else {
		gint found;

		g_object_get(element, property, &found, NULL);
		value = found;
	}
	g_assert_cmpint(value, >=, 0);
	return value;
}

static gboolean has(GObject *element, const char *property)
{
	return g_object_class_find_property(G_OBJECT_GET_CLASS(element), property) != NULL;
}

static char *text(GObject *element, const char *property)
{
	g_auto(GValue) value = G_VALUE_INIT;

	g_object_get_property(element, property, &value);
	if (G_VALUE_HOLDS_ENUM(&value)) {
		g_autoptr(GEnumClass) values = g_type_class_ref(G_VALUE_TYPE(&value));

		return g_strdup(g_enum_get_value(values, g_value_get_enum(&value))->value_nick);
	}
	return gst_value_serialize(&value);
}

static void assert_is(GObject *element, const char *property, const char *wanted)
{
	g_autofree char *found = has(element, property) ? text(element, property) : NULL;

	if (found)
		g_assert_cmpstr(found, ==, wanted);
}

/* That what an element was made is a live one, whatever it calls this. */
static void assert_live(GObject *element, const struct encoder_row *row,
			const struct video_encoder_settings *settings)
{
	static const char *const b_frames[] = { "b-frames", "bframes", NULL };

	for (const char *const *name = b_frames; *name; name++)
		assert_is(element, *name, "0");
	for (const char *const *name = (const char *const[]){ "rate-control", "rc-mode", NULL };
	     *name; name++) {
		if (strcmp(row->element, "openh264enc") != 0)
			assert_is(element, *name, "cbr");
	}
	if (has(element, "cabac")) {
		g_autofree char *cabac = text(element, "cabac");

		g_assert_true(strcmp(cabac, "false") == 0 || strcmp(cabac, "off") == 0);
	}
	assert_is(element, "dct8x8", settings->high ? "true" : "false");
	assert_is(element, "rc-lookahead", "0");
	assert_is(element, "patches", settings->plain ? "false" : "true");
	if (row->key_interval) {
		guint64 found = number(element, row->key_interval);
		guint64 wanted = (guint64)settings->key_interval_s * settings->fps;

		/* Never 0: that is a key frame per second for some. */
		g_assert_cmpuint(found, >, 0);
		if (wanted && wanted < 1000)
			g_assert_cmpuint(found, ==, wanted);
		else
			g_assert_cmpuint(found, >=, 1000);
	}
	if (row->scaled[0].property) {
		guint64 unit = strcmp(row->element, "openh264enc") == 0 ? 1 : 1000;

		g_assert_cmpuint(number(element, "bitrate"), ==, settings->bit_rate / unit);
		if (has(element, "burst-bitrate"))
			g_assert_cmpuint(number(element, "burst-bitrate"), ==, settings->burst_bit_rate / unit);
	} else {
		g_autoptr(GstStructure) controls = NULL;
		int rate = 0, mode = 0, cabac = 1, b_frames_there = 1;

		g_object_get(element, "extra-controls", &controls, NULL);
		g_assert_true(gst_structure_get(controls, "video_bitrate", G_TYPE_INT, &rate,
						"video_bitrate_mode", G_TYPE_INT, &mode,
						"h264_entropy_mode", G_TYPE_INT, &cabac,
						"video_b_frames", G_TYPE_INT, &b_frames_there, NULL));
		g_assert_cmpint(rate, ==, settings->bit_rate);
		g_assert_cmpint(mode, ==, 1); /* CBR */
		g_assert_cmpint(cabac, ==, 0);
		g_assert_cmpint(b_frames_there, ==, 0);
	}
}

static void apply_all(GType type, const struct encoder_row *row, const char *fit)
{
	for (guint high = 0; high < 2; high++) {
		gboolean expected = strstr(fit, high ? "CHP" : "CBP") != NULL;

		for (guint i = 0; i < 3 * 3 * 4; i++) {
			static const guint rates[] = { 1500000, 12000000, 240000000 };
			static const guint fps[] = { 24, 50, 60 };
			static const guint seconds[] = { 0, 1, 4, 60 };
			const struct video_encoder_settings settings = {
				.bit_rate = rates[i % 3],
				.burst_bit_rate = rates[i % 3] * 2,
				.fps = fps[i / 3 % 3],
				.key_interval_s = seconds[i / 9],
				.slices = 1,
				.high = high,
				.plain = i % 2,
			};
			g_autoptr(GObject) element = g_object_ref_sink(g_object_new(type, NULL));
			g_autoptr(GError) error = NULL;
			gboolean fits = (row->profiles & 1u << high) &&
					encoder_apply_row(row, element, &settings, &error);

			if (error && !i)
				g_test_message("%s: %s", row->element, error->message);
			g_assert_cmpint(fits, ==, expected);
			if (!fits)
				continue;
			assert_live(element, row, &settings);
			encoder_apply_bit_rate(row, element, 2000000, 3000000);
			if (row->scaled[0].property)
				g_assert_cmpuint(number(element, "bitrate") % 2000, ==, 0);
			if (has(element, "burst-bitrate"))
				g_assert_cmpuint(number(element, "burst-bitrate"), ==, 3000);
		}
	}
}

static void test_properties(gconstpointer group)
{
	const struct encoder_row *row = row_of(group);
	g_autofree char *fit = g_key_file_get_string(data, group, "fit", NULL);
	g_autofree char *least = g_key_file_get_string(data, group, "fit-least", NULL);

	apply_all(fake_encoder_type(data, group, FALSE), row, fit);
	apply_all(fake_encoder_type(data, group, TRUE), row, least);
}

/* What is said to have been set, and was not. */
static void test_read_back(void)
{
	static const struct {
		const char *group;
		const char *property;
		const char *fit;
	} stuck[] = {
		{ "vah264enc@1.22", "cabac", "" },
		{ "vah264enc@1.22", "ref-frames", "" },
		/* High cannot be made; that it is on harms nobody then */
		{ "nvh264enc@1.26", "cabac", "" },
		{ "nvh264enc@1.26", "rc-mode", "" },
		{ "nvh264enc@1.26", "preset", "CBP CHP" },
		{ "qsvh264enc@1.22", "low-latency", "" },
		{ "x264enc@1.22", "threads", "" },
		{ "openh264enc@1.22", "bitrate", "" },
		{ "v4l2h264enc@1.22", "extra-controls", "" },
	};

	for (guint i = 0; i < G_N_ELEMENTS(stuck); i++) {
		const struct encoder_row *row = row_of(stuck[i].group);
		GType type = fake_encoder_type(data, stuck[i].group, FALSE);

		fake_encoder_stick(type, stuck[i].property);
		for (guint high = 0; high < 2; high++) {
			const struct video_encoder_settings settings = {
				.bit_rate = 3000000, .fps = 30, .slices = 1, .high = high,
			};
			g_autoptr(GObject) element = g_object_ref_sink(g_object_new(type, NULL));
			g_autoptr(GError) error = NULL;
			gboolean fits = encoder_apply_row(row, element, &settings, &error);

			g_assert_cmpint(fits, ==, strstr(stuck[i].fit, high ? "CHP" : "CBP") != NULL);
			if (!fits)
				g_assert_nonnull(strstr(error->message, stuck[i].property));
		}
	}
}

static void assert_spec(GParamSpec *spec, char **words)
{
	if (strcmp(words[0], "uint") == 0) {
		GParamSpecUInt *found = G_PARAM_SPEC_UINT(spec);

		g_assert_cmpuint(found->minimum, ==, g_ascii_strtoull(words[1], NULL, 10));
		g_assert_cmpuint(found->maximum, ==, g_ascii_strtoull(words[2], NULL, 10));
		g_assert_cmpuint(found->default_value, ==, g_ascii_strtoull(words[3], NULL, 10));
	} else if (strcmp(words[0], "int") == 0) {
		GParamSpecInt *found = G_PARAM_SPEC_INT(spec);

		g_assert_cmpint(found->minimum, ==, g_ascii_strtoll(words[1], NULL, 10));
		g_assert_cmpint(found->maximum, ==, g_ascii_strtoll(words[2], NULL, 10));
		g_assert_cmpint(found->default_value, ==, g_ascii_strtoll(words[3], NULL, 10));
	} else if (strcmp(words[0], "boolean") == 0) {
		g_assert_cmpint(G_PARAM_SPEC_BOOLEAN(spec)->default_value, ==,
				strcmp(words[1], "true") == 0);
	} else if (strcmp(words[0], "enum") == 0) {
		GEnumClass *class = G_PARAM_SPEC_ENUM(spec)->enum_class;
		g_autoptr(GString) nicks = g_string_new(NULL);

		for (guint i = 0; i < class->n_values; i++)
			g_string_append_printf(nicks, "%s%s", i ? "," : "",
					       class->values[i].value_nick);
		g_assert_cmpstr(nicks->str, ==, words[1]);
		g_assert_cmpstr(g_enum_get_value(class, G_PARAM_SPEC_ENUM(spec)->default_value)
					->value_nick,
				==, words[2]);
	} else if (strcmp(words[0], "flags") == 0) {
		g_assert_true(G_IS_PARAM_SPEC_FLAGS(spec));
	} else {
		g_assert_cmpstr(words[0], ==, "string");
		g_assert_true(G_IS_PARAM_SPEC_STRING(spec));
	}
}

static guint compare_facts(GstElement *element, const char *group)
{
	g_auto(GStrv) keys = g_key_file_get_keys(data, group, NULL, NULL);
	guint compared = 0;

	for (char **key = keys; keys && *key; key++) {
		g_autofree char *value = g_key_file_get_string(data, group, *key, NULL);
		g_auto(GStrv) words = g_strsplit(value, " ", -1);
		GParamSpec *spec;

		if (g_str_has_prefix(*key, "fit"))
			continue;
		g_test_message("%s %s", group, *key);
		spec = g_object_class_find_property(G_OBJECT_GET_CLASS(element), *key);
		g_assert_nonnull(spec);
		assert_spec(spec, words);
		compared++;
	}
	return compared;
}

/* That the facts are facts, for what is installed in a release that they are of. */
static void test_facts(void)
{
	static const char *const software[] = { "x264enc", "openh264enc", NULL };
	guint major, minor, micro, nano, compared = 0;

	gst_version(&major, &minor, &micro, &nano);
	for (const char *const *name = software; *name; name++) {
		g_autoptr(GstElement) element = gst_element_factory_make(*name, NULL);
		g_autofree char *group = g_strdup_printf("%s@%u.%u", *name, major, minor);

		if (!element)
			continue;
		gst_object_ref_sink(element);
		compared += compare_facts(element, group);
	}
	g_test_message("%u properties compared", compared);
}

/* ------------------------------------------------------------ encoders that do not work */

static char *notes_name(void)
{
	return g_build_filename(g_get_user_cache_dir(), "miracast", "encoders", NULL);
}

/* In a process of its own: what is installed is looked up once. Nothing is known before. */
static void in_own_process(gconstpointer path)
{
	g_autofree char *name = notes_name();

	g_remove(name);
	g_test_trap_subprocess(path, 100 * G_USEC_PER_SEC, G_TEST_SUBPROCESS_DEFAULT);
	g_test_trap_assert_passed();
}

static void assert_chosen(const char *name, const char *element)
{
	g_autoptr(GError) error = NULL;
	const struct video_encoder *encoder = video_encoder_choose(name, &error);

	g_assert_no_error(error);
	g_assert_cmpstr(video_encoder_element(encoder), ==, element);
}

static void choose_past(enum fake_behaviour behaviour)
{
	g_autoptr(GError) error = NULL;

	fake_encoder_register(data, "vah264enc@1.26", "vah264enc", behaviour);
	/* Nor does one that cannot be configured: no CBR. */
	fake_encoder_register(data, "vah264lpenc@1.22", "vah264lpenc", FAKE_SWALLOWS);
	/* A further device, which belongs to the first row. */
	fake_encoder_register(data, "vah264enc@1.28", "varenderD129h264enc", FAKE_FAILS);
	g_assert_cmpstr(video_encoder_element(video_encoder_find(NULL, NULL)), ==, "vah264enc");
	assert_chosen(NULL, "x264enc");
	/* What the user names is not replaced in silence. */
	g_assert_null(video_encoder_choose("varenderD129h264enc", &error));
	g_assert_error(error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
	g_assert_nonnull(strstr(error->message, "varenderD129h264enc"));
	g_clear_error(&error);
	g_assert_null(video_encoder_find("vah264lpenc", &error));
	g_assert_nonnull(strstr(error->message, "rate-control"));
	g_clear_error(&error);
	g_assert_null(video_encoder_find("nosuchenc", &error));
	g_assert_nonnull(strstr(error->message, "not installed or not known"));
}

static void past_swallows(void)
{
	choose_past(FAKE_SWALLOWS);
}

static void past_fails(void)
{
	choose_past(FAKE_FAILS);
}

static void past_hangs(void)
{
	choose_past(FAKE_HANGS);
}

/* A processor that has not encoded a picture when the test's time is over is slow, or busy. */
static void slow_software(void)
{
	struct wfd_encoder_limits limits = { 0 };

	fake_encoder_register(data, "x264enc@1.22", "x264enc", FAKE_HANGS);
	assert_chosen(NULL, "x264enc");
	assert_chosen("x264enc", "x264enc");
	video_encoder_limits(video_encoder_find(NULL, NULL), &limits);
	g_assert_cmpuint(limits.h264_profiles, ==, WFD_H264_PROFILE_CBP | WFD_H264_PROFILE_CHP);
	g_assert_cmpuint(limits.max_pixel_rate, ==, 1920 * 1080 * 30);
}

/* What M4 is about to promise is tried, and what fails in a session is not taken again. */
static void give_up(void)
{
	g_autofree char *name = notes_name();
	g_autoptr(GKeyFile) notes = g_key_file_new();
	const struct video_encoder *fake;
	struct wfd_selection selection = {
		.mode = wfd_mode_lookup(WFD_SET_R2, WFD_TABLE_CEA, 21),
		.profile = WFD_H264_PROFILE_CHP,
		.level = WFD_LEVEL_5_2,
		.bitrate = 12000000,
	};
	struct wfd_encoder_limits limits = { 0 };
	g_autoptr(GError) error = NULL;

	fake_encoder_register(data, "vah264enc@1.26", "vah264enc", FAKE_FAILS);
	fake = video_encoder_find(NULL, NULL);
	g_assert_false(video_encoder_try(fake, &selection, &error));
	g_assert_nonnull(strstr(error->message, "the driver does not do this"));
	video_encoder_limits(fake, &limits);
	g_assert_cmpuint(limits.h264_profiles, ==, WFD_H264_PROFILE_CBP);
	g_assert_true(video_encoder_find(NULL, NULL) == fake);
	video_encoder_failed(fake, WFD_H264_PROFILE_CBP, "it stopped");
	/* The next process knows. */
	g_assert_true(g_key_file_load_from_file(notes, name, G_KEY_FILE_NONE, NULL));
	g_assert_cmpint(g_key_file_get_integer(notes, "vah264enc", "failed", NULL), ==,
			WFD_H264_PROFILE_CBP);
	g_assert_cmpstr(video_encoder_element(video_encoder_find(NULL, NULL)), ==, "x264enc");
	g_assert_true(video_encoder_try(video_encoder_find(NULL, NULL), &selection, NULL));
}

/* A device that works is used, and for what it does; one that fails its test twice is known by then. */
static void works(void)
{
	struct wfd_selection selection = {
		.mode = wfd_mode_lookup(WFD_SET_R2, WFD_TABLE_CEA, 21),
		.profile = WFD_H264_PROFILE_CHP,
		.level = WFD_LEVEL_5_2,
		.bitrate = 12000000,
	};
	g_autofree char *name = notes_name();
	g_autoptr(GKeyFile) notes = g_key_file_new();
	g_autofree gint *failed = NULL;
	struct wfd_encoder_limits limits = { 0 };
	const struct video_encoder *fake;
	g_autoptr(GError) error = NULL;
	gsize n = 0;

	fake_encoder_register(data, "vah264enc@1.28", "vah264enc", FAKE_FAILS);
	fake_encoder_register(data, "vah264lpenc@1.28", "vah264lpenc", FAKE_WORKS);
	fake = video_encoder_choose(NULL, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(video_encoder_element(fake), ==, "vah264lpenc");
	video_encoder_limits(fake, &limits);
	g_assert_cmpuint(limits.h264_profiles, ==, BOTH_PROFILES);
	g_assert_false(limits.software);
	g_assert_cmpuint(limits.max_pixel_rate, ==, 0);
	g_assert_cmpuint(limits.max_width, ==, 0);
	/* Not 3840x2160. */
	g_assert_false(video_encoder_try(fake, &selection, &error));
	g_clear_error(&error);
	video_encoder_limits(fake, &limits);
	g_assert_cmpuint(limits.h264_profiles, ==, BOTH_PROFILES);
	g_assert_cmpuint(limits.max_width, ==, 1920);
	/* But 720p, without another test. */
	selection.mode = wfd_mode_lookup(WFD_SET_R1, WFD_TABLE_CEA, 5);
	selection.level = WFD_LEVEL_3_1;
	g_assert_true(video_encoder_try(fake, &selection, &error));

	g_assert_true(g_key_file_load_from_file(notes, name, G_KEY_FILE_NONE, NULL));
	failed = g_key_file_get_integer_list(notes, "vah264enc", "tests-failed", &n, NULL);
	g_assert_cmpuint(n, ==, 2);
	g_assert_cmpint(failed[0], ==, 1);
	g_assert_cmpint(failed[1], ==, 1);
	g_assert_false(g_key_file_has_key(notes, "vah264lpenc", "tests-failed", NULL));
}

/* The second process knows; a driver that kills processes is known by the third. */
static void remembers(void)
{
	g_autofree char *name = notes_name();
	g_autoptr(GError) error = NULL;
	g_autoptr(GKeyFile) notes = g_key_file_new();

	fake_encoder_register(data, "vah264enc@1.26", "vah264enc", FAKE_FAILS);
	fake_encoder_register(data, "vah264enc@1.28", "varenderD129h264enc", FAKE_FAILS);
	fake_encoder_register(data, "vah264lpenc@1.28", "vah264lpenc", FAKE_SWALLOWS);
	assert_chosen("x264enc", "x264enc");
	g_assert_true(g_key_file_load_from_file(notes, name, G_KEY_FILE_NONE, NULL));
	g_assert_cmpuint(g_key_file_get_uint64(notes, "x264enc", "pixels-per-second", NULL), >,
			 1000000);
	/*
	 * As processes would leave it that were killed by the driver: the second one. What
	 * another process tests at this moment is not given up for that.
	 */
	g_key_file_set_integer(notes, "vah264enc", "testing", G_MAXINT);
	g_key_file_set_integer(notes, "vah264enc", "ended-while-testing", 1);
	/* And one that stopped in a session with one profile, and never encoded the other. */
	g_key_file_set_integer(notes, "vah264lpenc", "failed", WFD_H264_PROFILE_CHP);
	g_key_file_set_integer_list(notes, "vah264lpenc", "tests-failed", (gint[]){ 2, 0 }, 2);
	g_key_file_set_integer(notes, "varenderD129h264enc", "testing", getpid());
	g_key_file_set_integer(notes, "varenderD129h264enc", "ended-while-testing", 1);
	g_assert_true(g_key_file_save_to_file(notes, name, NULL));
	assert_chosen(NULL, "x264enc");
	g_assert_null(video_encoder_find("vah264enc", &error));
	g_assert_nonnull(strstr(error->message, "have ended"));
	g_clear_error(&error);
	g_assert_null(video_encoder_find("vah264lpenc", &error));
	g_assert_nonnull(strstr(error->message, "its tests"));
	g_clear_error(&error);
	g_assert_null(video_encoder_find("varenderD129h264enc", &error));
	g_assert_nonnull(strstr(error->message, "the driver does not do this"));
}

/* A measured encoder is offered what it holds, and 1080p30 in any case. */
static void measured(void)
{
	const struct video_encoder *encoder;
	struct wfd_encoder_limits limits = { 0 };

	assert_chosen("x264enc", "x264enc");
	encoder = video_encoder_find("x264enc", NULL);
	video_encoder_limits(encoder, &limits);
	g_test_message("x264enc: %" G_GUINT64_FORMAT " pixels per second measured, %" G_GUINT64_FORMAT
		       " offered", encoder->measured, limits.max_pixel_rate);
	g_assert_cmpuint(encoder->measured, >, 1000000);
	g_assert_true(limits.software);
	((struct video_encoder *)encoder)->measured = 10000000;
	video_encoder_limits(encoder, &limits);
	g_assert_cmpuint(limits.max_pixel_rate, ==, 1920 * 1080 * 30);
	/* 1080p60 with a fifth to spare, and nothing beyond, however many processors there are */
	((struct video_encoder *)encoder)->measured = 160000000;
	video_encoder_limits(encoder, &limits);
	g_assert_cmpuint(limits.max_pixel_rate, ==, 128000000);
}

/* --------------------------------------------------------------- what can be promised */

struct promise {
	const struct wfd_mode *mode;
	guint profile;
	enum wfd_level level;
};

/* A sink that can show everything with this profile and level, in one of the numberings. */
static wfd_sink_caps *sink(guint numbering, guint profile, guint level)
{
	static const char ports[] =
		"wfd_client_rtp_ports: RTP/AVP/UDP;unicast 19000 0 mode=play\r\n";
	g_autofree char *formats = NULL;
	g_autofree char *body = NULL;

	if (numbering == 0)
		formats = g_strdup_printf("wfd_video_formats: 00 00 %02x %02x 0001ffff 1fffffff "
				       "00000fff 00 0000 0000 00 none none\r\n", profile, level);
	else if (numbering == 1)
		formats = g_strdup_printf("wfd2_video_formats: 00 01 %02x %04x 000007ffffff "
				       "0003ffffffff 000000000fff 00 0000 0000 00 00\r\n",
				       profile, level);
	else
		formats = g_strdup_printf("wfdx_video_formats: 0000 00 %04x %04x 0007ffffff 01ffffffff "
				       "0000000fff 00 0000 0000 00 none none\r\n", profile, level);
	body = g_strconcat(formats, ports, NULL);
	return wfd_sink_caps_parse(body, strlen(body), NULL);
}

/* All that any sink can be promised with what @encoder can. */
static GArray *all_promises(const struct video_encoder *encoder)
{
	GArray *promises = g_array_new(FALSE, FALSE, sizeof(struct promise));
	struct wfd_encoder_limits limits = { 0 };

	video_encoder_limits(encoder, &limits);
	limits.max_pixel_rate = 0;
	for (guint i = 0; i < 3 * WFD_N_LEVELS * 2; i++) {
		g_autoptr(wfd_sink_caps) caps = sink(i / 2 / WFD_N_LEVELS, 1u << i % 2,
						     wfd_level_to_bit(i / 2 % WFD_N_LEVELS));
		g_autoptr(GArray) choices = NULL;

		g_assert_nonnull(caps);
		choices = wfd_negotiate_modes(caps, &limits, NULL);
		for (guint c = 0; choices && c < choices->len; c++) {
			const struct wfd_mode_choice *choice =
				&g_array_index(choices, struct wfd_mode_choice, c);
			gboolean again = FALSE;

			for (guint p = 0; p < promises->len && !again; p++) {
				const struct promise *other =
					&g_array_index(promises, struct promise, p);

				again = other->profile == choice->profile &&
					other->level == choice->level &&
					other->mode->width == choice->mode->width &&
					other->mode->height == choice->mode->height &&
					other->mode->refresh_hz == choice->mode->refresh_hz;
			}
			if (!again)
				g_array_append_val(promises,
						   ((struct promise){ choice->mode, choice->profile,
								      choice->level }));
		}
	}
	return promises;
}

static GstElement *add(GstElement *pipeline, const char *factory)
{
	GstElement *element = gst_element_factory_make(factory, NULL);

	g_assert_nonnull(element);
	gst_bin_add(GST_BIN(pipeline), element);
	return element;
}

/* The first access unit of a grey picture. */
static GBytes *encode_one(const struct video_encoder *encoder, const struct promise *promise)
{
	const struct wfd_encoder_limits limits = { .link_rate = G_MAXUINT };
	const struct wfd_mode *mode = promise->mode;
	const struct wfd_selection selection = {
		.mode = mode,
		.profile = promise->profile,
		.level = promise->level,
		.bitrate = wfd_suggest_bitrate(mode, promise->level, promise->profile, &limits, 0),
	};
	const struct video_encoder_settings settings = {
		.bit_rate = selection.bitrate,
		.fps = mode->refresh_hz,
		.slices = 1,
		.high = promise->profile == WFD_H264_PROFILE_CHP,
	};
	g_autoptr(GstElement) pipeline = gst_object_ref_sink(gst_pipeline_new(NULL));
	g_autoptr(GstCaps) caps = gst_caps_new_simple(
		"video/x-raw", "format", G_TYPE_STRING, "I420", "width", G_TYPE_INT, mode->width,
		"height", G_TYPE_INT, mode->height, "framerate", GST_TYPE_FRACTION,
		mode->refresh_hz, 1, "colorimetry", G_TYPE_STRING, GST_VIDEO_COLORIMETRY_BT709, NULL);
	g_autoptr(GstCaps) encoded = video_encoder_caps(encoder, &selection);
	GstElement *source = add(pipeline, "appsrc"), *element = add(pipeline, encoder->element);
	GstElement *filter = add(pipeline, "capsfilter"), *parse = add(pipeline, "h264parse");
	GstElement *sink = add(pipeline, "appsink");
	g_autoptr(GstSample) sample = NULL;
	g_autoptr(GError) error = NULL;
	GstVideoInfo info;
	GstBuffer *picture;
	gpointer bytes;
	gsize size;

	g_object_set(source, "caps", caps, "format", GST_FORMAT_TIME, NULL);
	g_object_set(filter, "caps", encoded, NULL);
	g_object_set(sink, "sync", FALSE, NULL);
	g_assert_true(video_encoder_configure(encoder, element, &settings, &error));
	g_assert_true(gst_element_link_many(source, element, filter, parse, sink, NULL));
	gst_element_set_state(pipeline, GST_STATE_PLAYING);
	gst_video_info_from_caps(&info, caps);
	picture = gst_buffer_new_allocate(NULL, info.size, NULL);
	gst_buffer_memset(picture, 0, 128, info.size);
	GST_BUFFER_PTS(picture) = 0;
	gst_app_src_push_buffer(GST_APP_SRC(source), picture);
	/* Nothing follows: a picture that is held back is as bad as none. */
	sample = gst_app_sink_try_pull_sample(GST_APP_SINK(sink), 20 * GST_SECOND);
	gst_element_set_state(pipeline, GST_STATE_NULL);
	if (!sample)
		return NULL;
	gst_buffer_extract_dup(gst_sample_get_buffer(sample), 0, G_MAXSIZE, &bytes, &size);
	return g_bytes_new_take(bytes, size);
}

static void read_sps(GBytes *unit, GstH264SPS *sps)
{
	GstH264NalParser *parser = gst_h264_nal_parser_new();
	gsize size, at = 0;
	const guint8 *bytes = g_bytes_get_data(unit, &size);
	GstH264NalUnit nal;

	do {
		g_assert_cmpint(gst_h264_parser_identify_nalu(parser, bytes, at, size, &nal), <=,
				GST_H264_PARSER_NO_NAL_END);
		at = nal.offset + nal.size;
	} while (nal.type != GST_H264_NAL_SPS);
	g_assert_cmpint(gst_h264_parser_parse_sps(parser, &nal, sps), ==, GST_H264_PARSER_OK);
	gst_h264_nal_parser_free(parser);
}

/* MaxDpbMbs of H.264 table A-1 */
static const guint max_dpb_macroblocks[WFD_N_LEVELS] = {
	18000, 20480, 32768, 32768, 34816, 110400, 184320, 184320,
};

/* What the SPS says of BT.709 colours, or, if it says nothing, what is put in front. */
static void assert_colour(const struct video_encoder *encoder, const GstH264SPS *sps,
			  const struct wfd_mode *mode)
{
	g_autoptr(GstCaps) caps = video_encoder_input_caps(encoder, mode);
	gboolean says = sps->vui_parameters_present_flag &&
			sps->vui_parameters.colour_description_present_flag;
	const char *colours = NULL;

	g_assert_cmpint(says, ==, encoder->row->says_colour);
	if (says)
		g_assert_cmpuint(sps->vui_parameters.matrix_coefficients, ==, 1);
	if (!gst_caps_is_any(caps))
		colours = gst_structure_get_string(gst_caps_get_structure(caps, 0), "colorimetry");
	/* Displays take small pictures that say nothing for BT.601, others for BT.709. */
	g_assert_cmpstr(colours, ==, !says && mode->height <= 576 ? "bt601" : NULL);
}

static void assert_kept(const struct video_encoder *encoder, GBytes *unit,
			const struct promise *promise)
{
	const struct wfd_mode *mode = promise->mode;
	GstH264SPS sps = { 0 };
	guint macroblocks;

	read_sps(unit, &sps);
	if (promise->profile == WFD_H264_PROFILE_CHP) {
		g_assert_cmpuint(sps.profile_idc, ==, 100);
		g_assert_cmpuint(sps.constraint_set4_flag, ==, 1);
		g_assert_cmpuint(sps.constraint_set5_flag, ==, 1);
	} else {
		g_assert_cmpuint(sps.profile_idc, ==, 66);
		g_assert_cmpuint(sps.constraint_set1_flag, ==, 1);
	}
	g_assert_cmpuint(sps.level_idc, ==, wfd_level_idc(promise->level));
	g_assert_cmpint(sps.frame_cropping_flag ? sps.crop_rect_width : sps.width, ==, mode->width);
	g_assert_cmpint(sps.frame_cropping_flag ? sps.crop_rect_height : sps.height, ==, mode->height);
	g_assert_true(sps.frame_mbs_only_flag);
	assert_colour(encoder, &sps, mode);
	/* The level is true of what the decoder has to keep. */
	macroblocks = (sps.width + 15) / 16 * ((sps.height + 15) / 16);
	g_assert_cmpuint(MAX(sps.num_ref_frames, 1) * macroblocks, <=,
			 max_dpb_macroblocks[promise->level]);
	gst_h264_sps_clear(&sps);
}

static void test_promises(gconstpointer name)
{
	g_autoptr(GError) error = NULL;
	const struct video_encoder *encoder = video_encoder_find(name, &error);
	g_autoptr(GArray) promises = NULL;
	guint mended = 0;

	g_assert_no_error(error);
	promises = all_promises(encoder);
	g_assert_cmpuint(promises->len, >, 60);
	for (guint i = 0; i < promises->len; i++) {
		const struct promise *promise = &g_array_index(promises, struct promise, i);
		g_autofree char *mode = wfd_mode_to_string(promise->mode);
		g_autoptr(GBytes) unit = NULL;
		g_autofree guint8 *bytes = NULL;
		gsize size;

		g_test_message("%s: %s profile %u level %s", (const char *)name, mode, promise->profile,
			       wfd_level_name(promise->level));
		unit = encode_one(encoder, promise);
		g_assert_nonnull(unit);
		bytes = g_memdup2(g_bytes_get_data(unit, &size), g_bytes_get_size(unit));
		size = g_bytes_get_size(unit);
		switch (h264_promise_keep(bytes, size, promise->profile, promise->level)) {
		case H264_PROMISE_MENDED:
			mended++;
			break;
		case H264_PROMISE_KEPT:
			break;
		default:
			g_assert_not_reached();
		}
		g_bytes_unref(unit);
		unit = g_bytes_new(bytes, size);
		assert_kept(encoder, unit, promise);
	}
	g_test_message("%s: %u promises, %u mended", (const char *)name, promises->len, mended);
}

/* Our element does not work, for whatever reason: GStreamer's takes its place. */
static void past_ours(void)
{
	fake_encoder_register(data, "wfdx264enc@ours", "wfdx264enc", FAKE_FAILS);
	g_assert_cmpstr(video_encoder_element(video_encoder_find(NULL, NULL)), ==, "wfdx264enc");
	assert_chosen(NULL, "x264enc");
}

#ifdef X264_PLUGIN
/* In processes of their own, since it is preferred to x264enc where it is known. */
static void load_ours(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GstPlugin) plugin = gst_plugin_load_file(X264_PLUGIN, &error);

	g_assert_no_error(error);
	g_assert_cmpstr(gst_plugin_get_license(plugin), ==, "GPL");
}

static void ours_is_first(void)
{
	g_autoptr(GstElement) element = NULL;

	load_ours();
	assert_chosen(NULL, "wfdx264enc");
	assert_chosen("x264enc", "x264enc");
	element = gst_object_ref_sink(gst_element_factory_make("wfdx264enc", NULL));
	compare_facts(element, "wfdx264enc@ours");
}

static void promises_of_ours(void)
{
	load_ours();
	test_promises("wfdx264enc");
}
#endif

/* ---------------------------------------------------------------- keeping a promise */

static void test_promise_bytes(void)
{
	guint8 high[] = { 0, 0, 0, 1, 9, 0x10, 0, 0, 0, 1, 0x67, 100, 0, 40, 0xac, 0, 0, 1, 0x65, 1 };
	guint8 baseline[] = { 0, 0, 1, 0x67, 66, 0xc0, 32, 0x80 };
	guint8 none[] = { 0, 0, 1, 9, 0x10, 0, 0, 1, 0x41, 1, 0, 0, 1, 0x67, 100, 0, 40 };

	g_assert_cmpint(h264_promise_keep(high, sizeof(high), WFD_H264_PROFILE_CHP, WFD_LEVEL_4_2),
			==, H264_PROMISE_MENDED);
	g_assert_cmphex(high[12], ==, 0x0c);
	g_assert_cmpuint(high[13], ==, 42);
	g_assert_cmpint(h264_promise_keep(high, sizeof(high), WFD_H264_PROFILE_CHP, WFD_LEVEL_4_2),
			==, H264_PROMISE_KEPT);
	g_assert_cmpint(h264_promise_keep(high, sizeof(high), WFD_H264_PROFILE_CBP, WFD_LEVEL_4_2),
			==, H264_PROMISE_BROKEN);
	g_assert_cmphex(high[12], ==, 0x0c);
	/* Downward, too. */
	g_assert_cmpint(h264_promise_keep(baseline, sizeof(baseline), WFD_H264_PROFILE_CBP,
					  WFD_LEVEL_3_1), ==, H264_PROMISE_MENDED);
	g_assert_cmpuint(baseline[6], ==, 31);
	/* None before the first slice; cut off; nothing at all. */
	g_assert_cmpint(h264_promise_keep(none, sizeof(none), WFD_H264_PROFILE_CHP, WFD_LEVEL_4),
			==, H264_PROMISE_NONE);
	for (gsize size = 0; size < 7; size++)
		g_assert_cmpint(h264_promise_keep(baseline, size, WFD_H264_PROFILE_CBP,
						  WFD_LEVEL_3_1), ==, H264_PROMISE_NONE);
}

static void add_process(const char *name, GTestFunc function)
{
	g_autofree char *path = g_strdup_printf("/encoders/%s", name);
	g_autofree char *inner = g_strdup_printf("%s/subprocess/it", path);

	/* Of a test that is not run nothing is freed. */
	g_test_add_data_func(path, g_intern_string(inner), in_own_process);
	g_test_add_func(inner, function);
}

int main(int argc, char **argv)
{
	g_autoptr(GError) error = NULL;
	g_auto(GStrv) groups = NULL;
	int result;

	gst_init(NULL, NULL);
	g_test_init(&argc, &argv, NULL);
	data = g_key_file_new();
	g_key_file_load_from_file(data, ENCODERS_INI, G_KEY_FILE_NONE, &error);
	g_assert_no_error(error);
	groups = g_key_file_get_groups(data, NULL);
	for (char **group = groups; *group; group++) {
		g_autofree char *path = g_strdup_printf("/encoders/properties/%s", *group);

		g_test_add_data_func(path, *group, test_properties);
	}
	g_test_add_func("/encoders/read-back", test_read_back);
	g_test_add_func("/encoders/facts", test_facts);
	add_process("past-one-that-swallows", past_swallows);
	add_process("past-one-that-fails", past_fails);
	add_process("past-one-that-hangs", past_hangs);
	add_process("slow-software", slow_software);
	add_process("works", works);
	add_process("give-up", give_up);
	add_process("remembers", remembers);
	add_process("measured", measured);
	add_process("past-ours", past_ours);
#ifdef X264_PLUGIN
	add_process("ours-is-first", ours_is_first);
	add_process("promises-of-ours", promises_of_ours);
#endif
	g_test_add_func("/encoders/promise-bytes", test_promise_bytes);
	g_test_add_data_func("/encoders/promises/x264enc", "x264enc", test_promises);
	g_test_add_data_func("/encoders/promises/openh264enc", "openh264enc", test_promises);
	result = g_test_run();
	g_key_file_unref(data);
	return result;
}
