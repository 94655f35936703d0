// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The monitor that the desktop sees of a sink without an EDID: one that it knows
 * again, and does not take for another.
 */
#include <string.h>

#include <drm/miracast.h>

#include "monitor.h"

#define PORTS "wfd_client_rtp_ports: RTP/AVP/UDP;unicast 19000 0 mode=play\r\n"
#define VIDEO "wfd_video_formats: 40 00 01 10 000001e3 00000000 00000000 00 0000 0000 00 none none\r\n"

struct look {
	guint product;
	guint serial;
	guint width_mm;
	guint height_mm;
	char name[14];
	guint32 flags;
	GStrv drivers; /* whose buffers can be read, in the order of the plug; NULL: none */
};

static struct look look_importing(const char *friendly, const char *device, const char *model,
				  enum monitor_import import, const GPtrArray *drivers)
{
	g_autofree char *line = model ? g_strdup_printf("intel_sink_model_name: %s\r\n", model) :
					g_strdup("");
	g_autofree char *body = g_strconcat(VIDEO, PORTS, line, NULL);
	const struct wfd_encoder_limits limits = {
		.h264_profiles = WFD_H264_PROFILE_CBP, .max_level = WFD_LEVEL_4_2,
	};
	g_autoptr(GError) error = NULL;
	g_autoptr(wfd_sink_caps) caps = wfd_sink_caps_parse(body, strlen(body), &error);
	g_autoptr(GArray) modes = wfd_negotiate_modes(caps, &limits, &error);
	const struct monitor_desc monitor = {
		.caps = caps,
		.modes = modes,
		.preferred = g_array_index(modes, struct wfd_mode_choice, 0).mode,
		.friendly_name = friendly,
		.device_id = device,
		.import = import,
		.drivers = drivers,
		.blends_cursor = TRUE,
	};
	g_autoptr(GBytes) plug = monitor_plug(&monitor, &error);
	const struct miracast_plug *header = g_bytes_get_data(plug, NULL);
	const guint8 *edid = (const guint8 *)(header + 1) +
			     header->num_modes * sizeof(struct miracast_mode);
	struct look found = {
		.product = edid[10] | edid[11] << 8,
		.serial = edid[12] | edid[13] << 8 | edid[14] << 16 | (guint)edid[15] << 24,
		.width_mm = edid[21] * 10,
		.height_mm = edid[22] * 10,
		.flags = header->flags,
	};

	const struct miracast_import *import_list = (gconstpointer)(edid + header->edid_len);
	g_autoptr(GStrvBuilder) names = g_strv_builder_new();

	g_assert_no_error(error);
	g_assert_cmpuint(g_bytes_get_size(plug), ==, header->size + header->num_modes * header->mode_size +
						     header->edid_len + header->num_imports * header->import_size);
	for (guint i = 0; i < header->num_imports; i++)
		g_strv_builder_add(names, import_list[i].driver);
	if (header->num_imports)
		found.drivers = g_strv_builder_end(names);
	/* The last descriptor is the name; so is the size of the first timing that of the panel. */
	memcpy(found.name, edid + 108 + 5, 13);
	g_strchomp(found.name);
	g_assert_cmpuint(edid[54 + 12] | (edid[54 + 14] & 0xf0) << 4, ==, found.width_mm);
	g_assert_cmpuint(edid[54 + 13] | (edid[54 + 14] & 0x0f) << 8, ==, found.height_mm);
	return found;
}

static struct look look(const char *friendly, const char *device, const char *model, gboolean import)
{
	return look_importing(friendly, device, model, import ? MONITOR_IMPORT_ANY : MONITOR_IMPORT_NONE, NULL);
}

static void assert_same(struct look a, struct look b)
{
	g_assert_cmpuint(a.product, ==, b.product);
	g_assert_cmpuint(a.serial, ==, b.serial);
}

static void test_known_again(void)
{
	/* Whatever it is called. */
	assert_same(look("Living room", "02:00:00:00:00:01", "A1", TRUE),
		    look("Bedroom", "02:00:00:00:00:01", "A1", TRUE));
	assert_same(look("Living room", NULL, "A1", TRUE), look("Living room", NULL, "A1", TRUE));
	/* What was stored under it in an earlier version has to be found in a later one. */
	g_assert_cmphex(look("x", "02:00:00:00:00:01", NULL, TRUE).serial, ==, 0xc35185bb);
}

static void test_told_apart(void)
{
	static const char *const names[][2] = {
		{ "[LG] webOS TV UN8000PTA", "[LG] webOS TV OLED65C9" },
		{ "[TV] Samsung 7 Series (50)", "[TV] Samsung Q60 Series (65)" },
		{ "Living room television", "Living room television (2)" },
	};

	for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
		struct look a = look(names[i][0], NULL, NULL, TRUE);
		struct look b = look(names[i][1], NULL, NULL, TRUE);

		g_assert_cmpuint(a.serial, !=, b.serial);
		g_assert_cmpuint(a.serial, !=, 0);
	}
	/* Two of one make and name. */
	g_assert_cmpuint(look("TV", "02:00:00:00:00:01", "A1", TRUE).serial, !=,
			 look("TV", "02:00:00:00:00:02", "A1", TRUE).serial);
	g_assert_cmpuint(look("TV", "02:00:00:00:00:01", "A1", TRUE).product, ==,
			 look("TV", "02:00:00:00:00:02", "A1", TRUE).product);
	g_assert_cmpuint(look("TV", "02:00:00:00:00:01", "A1", TRUE).product, !=,
			 look("TV", "02:00:00:00:00:01", "B2", TRUE).product);
}

static void test_name(void)
{
	g_assert_cmpstr(look("[TV] Samsung Q60", NULL, NULL, TRUE).name, ==, "Samsung Q60");
	g_assert_cmpstr(look("[LG]   webOS", NULL, NULL, TRUE).name, ==, "webOS");
	/* Nothing else behind it, or no prefix. */
	g_assert_cmpstr(look("[TV]", NULL, NULL, TRUE).name, ==, "[TV]");
	g_assert_cmpstr(look("[TV ", NULL, NULL, TRUE).name, ==, "[TV");
	g_assert_cmpstr(look("TV [2]", NULL, NULL, TRUE).name, ==, "TV [2]");
	g_assert_cmpstr(look("", NULL, NULL, TRUE).name, ==, "Miracast");
}

/* mutter's meta_monitor_has_aspect_as_size(); KWin's scale, a quarter's steps from 96 dpi. */
static void test_size(void)
{
	struct look found = look("TV", NULL, NULL, TRUE);

	g_assert_cmpuint(found.width_mm, ==, 1600);
	g_assert_cmpuint(found.height_mm, ==, 900);
	g_assert_cmpfloat(2160 / (found.height_mm / 25.4) / 96, <, 1.125);
}

static void test_import(void)
{
	static const char *const names[] = { "one", "a driver with a name that is too long", "three" };
	g_autoptr(GPtrArray) drivers = g_ptr_array_new();
	g_auto(GStrv) told = NULL;
	struct look found;

	for (guint i = 0; i < G_N_ELEMENTS(names); i++)
		g_ptr_array_add(drivers, (gpointer)names[i]);
	found = look_importing("TV", NULL, NULL, MONITOR_IMPORT_ANY, drivers);
	g_assert_cmphex(found.flags, ==, MIRACAST_PLUG_CURSOR | MIRACAST_PLUG_IMPORT);
	g_assert_null(found.drivers);
	found = look_importing("TV", NULL, NULL, MONITOR_IMPORT_NONE, drivers);
	g_assert_cmphex(found.flags, ==, MIRACAST_PLUG_CURSOR);
	g_assert_null(found.drivers);
	found = look_importing("TV", NULL, NULL, MONITOR_IMPORT_READABLE, drivers);
	told = found.drivers;
	g_assert_cmphex(found.flags, ==, MIRACAST_PLUG_CURSOR | MIRACAST_PLUG_IMPORT_SYNCED);
	g_assert_cmpuint(g_strv_length(told), ==, 3);
	g_assert_cmpstr(told[0], ==, "one");
	g_assert_cmpstr(told[1], ==, "a driver with a name that is to");
	g_assert_cmpstr(told[2], ==, "three");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/monitor/known-again", test_known_again);
	g_test_add_func("/monitor/told-apart", test_told_apart);
	g_test_add_func("/monitor/name", test_name);
	g_test_add_func("/monitor/size", test_size);
	g_test_add_func("/monitor/import", test_import);
	return g_test_run();
}
