// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The driver of miracast-umd: the monitor that it makes of a sink, and its modes. See umd-driver-fixture.h.
 */
#include <errno.h>

#include "fake-encoder.h"
#include "umd-driver-fixture.h"
#include "wfd-edid.h"

#define HDMI 11 /* DRM_MODE_CONNECTOR_HDMIA */

#define MANY "00 00 02 10 0001FFFF 3FFFFFFF 00000FFF 00 0000 0000 00 none none"

/* The monitor that the sink describes is the monitor that the kernel gets. */
static void check_monitor(gboolean copies)
{
	const struct wfd_mode *mode = wfd_mode_lookup(WFD_SET_R1, WFD_TABLE_CEA, 0);
	struct wfd_edid_desc desc = { .name = "Panel", .modes = &mode, .n_modes = 1 };
	g_autoptr(GBytes) edid = wfd_edid_build(&desc, NULL, NULL);
	g_autoptr(GString) more = g_string_new("wfd_connector_type: 05\r\nwfd_display_edid: 0002 ");
	const guint8 *bytes = g_bytes_get_data(edid, NULL);
	struct fixture f = { .video = VGA, .config = { .kernel = TRUE, .copies = copies } };
	const struct miracast_plug *plug;
	const struct miracast_mode *modes;

	for (gsize i = 0; i < g_bytes_get_size(edid); i++)
		g_string_append_printf(more, "%02x", bytes[i]);
	g_string_append(more, "\r\n");
	f.more = more->str;
	begin(&f);
	wait_until(is_plugged, &f);
	g_assert_cmpuint(kernel.info, ==, MIRACAST_SESSION_MONITOR_CONNECTED);
	plug = (const struct miracast_plug *)kernel.plug->data;
	modes = (const struct miracast_mode *)(plug + 1);
	g_assert_cmpuint(plug->monitor_type, ==, HDMI);
	/* Of which drivers is for the machine's cards to say. */
	if (copies)
		g_assert_cmpuint(plug->flags, ==, MIRACAST_PLUG_CURSOR);
	else
		g_assert_cmpuint(plug->flags, ==, MIRACAST_PLUG_CURSOR | MIRACAST_PLUG_IMPORT_SYNCED);
	g_assert_cmpint(plug->num_imports > 0, ==, !copies);
	g_assert_cmpuint(plug->size, ==, sizeof(*plug));
	g_assert_cmpuint(plug->mode_size, ==, sizeof(*modes));
	g_assert_cmpuint(plug->num_modes, ==, 1);
	g_assert_cmpuint(modes[0].width, ==, 640);
	g_assert_cmpuint(modes[0].refresh, ==, 60000);
	g_assert_cmpmem(modes + 1, plug->edid_len, bytes, g_bytes_get_size(edid));

	/* The desktop's mode is the sink's. */
	g_assert_cmpint(tell_mode(&f, 640, 480, 60), ==, 0);
	wait_until(mode_is_set, &f);
	g_assert_cmpint(end(&f), ==, 0);
	g_assert_cmpstr(kernel.ops->str, ==, "begin-start end-start control-1 begin-stop end-stop ");
	clear(&f);
}

static void test_monitor(void)
{
	check_monitor(FALSE);
}

static void test_monitor_without_imports(void)
{
	check_monitor(TRUE);
}

/* The panel is pulled out of the sink: the session ends by itself, and both are told. */
static void test_unplugged(void)
{
	struct fixture f = { .video = VGA, .config.kernel = TRUE };

	begin(&f);
	wait_until(is_plugged, &f);
	g_assert_true(has_event(MIRACAST_EVENT_MONITOR_ARRIVE));
	g_assert_cmpint(tell_mode(&f, 640, 480, 60), ==, 0);
	wait_until(is_playing, &f);
	g_assert_false(has_event(MIRACAST_EVENT_MONITOR_DEPART));
	sink_say(f.rtsp[1], "SET_PARAMETER " STREAM, "200", "wfd_connector_type: none\r\n");
	wait_until(is_done, &f);
	g_assert_true(has_event(MIRACAST_EVENT_MONITOR_DEPART));
	g_assert_true(sink_heard(&f, "wfd_trigger_method: TEARDOWN"));
	g_assert_cmpint(end(&f), ==, 0);
	g_assert_cmpstr(kernel.ops->str, ==,
			"begin-start end-start control-1 status-2 begin-stop end-stop ");
	clear(&f);
}

/* A sink that says that it has no panel: no error, even on a slow link, and a stream. */
static void test_no_panel(void)
{
	struct fixture f = {
		.video = VGA,
		.more = "wfd_connector_type: none\r\nwfd_display_edid: none\r\n",
		.config.kernel = TRUE,
		.stats.current_bit_rate = 1000000,
	};

	begin(&f);
	wait_until(is_plugged, &f);
	g_assert_cmpuint(kernel.info & MIRACAST_SESSION_MONITOR_CONNECTED, ==, 0);
	g_assert_cmpint(end(&f), ==, 0);
	clear(&f);
}

/* ---------------------------------------------- what the link and the encoder leave */

static guint count_modes(guint64 bit_rate, guint32 *info)
{
	struct fixture f = { .video = MANY, .config.kernel = TRUE, .stats.current_bit_rate = bit_rate };
	guint modes;

	begin(&f);
	wait_until(is_plugged, &f);
	modes = ((const struct miracast_plug *)kernel.plug->data)->num_modes;
	*info = kernel.info;
	g_assert_cmpint(end(&f), ==, 0);
	clear(&f);
	return modes;
}

/* A slow link leaves out modes, and the kernel is told so; a fast one, or an unknown one, does not. */
static void test_slower_link(void)
{
	const guint32 connected = MIRACAST_SESSION_MONITOR_CONNECTED;
	guint32 info, fast_info, slow_info;
	guint modes = count_modes(0, &info);
	guint fast_modes = count_modes(100000000, &fast_info);
	guint slow_modes = count_modes(2000000, &slow_info);

	g_assert_cmpuint(info, ==, connected);
	g_assert_cmpuint(fast_info, ==, connected);
	g_assert_cmpuint(slow_info, ==, connected | MIRACAST_SESSION_REDUCED_MODES);
	g_assert_cmpuint(fast_modes, ==, modes);
	g_assert_cmpuint(slow_modes, <, modes);
	g_assert_cmpuint(slow_modes, >, 1);
}

static void test_slow_link(void)
{
	struct fixture f = { .video = VGA, .stats.current_bit_rate = 1000000 };

	begin(&f);
	wait_until(is_done, &f);
	g_assert_cmpint(end(&f), ==, -ENOSPC);
	g_assert_cmpstr(kernel.ops->str, ==, "begin-start fail-start(-28) end-stop ");
	clear(&f);
}

/* Is 3840x2160p60 in the list, and the first, which is the preferred one? */
static gboolean offers_uhd(const struct wfd_mode_request *wish)
{
	struct fixture f = {
		.video = VGA,
		.more = "wfd2_video_formats: 00 01 02 0080 000000200081 000000000000 000000000000 00 "
			"0000 0000 00 00\r\n",
		.config = { .kernel = TRUE, .wish = *wish },
	};
	const struct miracast_plug *plug;
	const struct miracast_mode *modes;
	gboolean offered = FALSE;

	begin(&f);
	wait_until(is_plugged, &f);
	plug = (const struct miracast_plug *)kernel.plug->data;
	modes = (const struct miracast_mode *)(plug + 1);
	for (guint i = 0; i < plug->num_modes; i++) {
		offered |= modes[i].width == 3840 && modes[i].refresh == 60000;
		if (modes[i].width == 3840)
			g_assert_cmpuint(modes[i].flags, ==, MIRACAST_MODE_PREFERRED);
	}
	g_assert_cmpint(end(&f), ==, 0);
	clear(&f);
	return offered;
}

/* One thread does not encode that in time; who asks for it gets it all the same. */
static void test_too_much(void)
{
	g_assert_false(offers_uhd(&(struct wfd_mode_request){ 0 }));
	g_assert_true(offers_uhd(&(struct wfd_mode_request){ 3840, 2160, 60000 }));
}

/* ------------------------------------------------------------------- refusals of M4 */

/* Modes of the newest monitor; the one before came with two. */
static void assert_only_vga(void)
{
	const struct miracast_plug *first = (const struct miracast_plug *)kernel.plug->data;
	gsize size = sizeof(*first) + 2 * sizeof(struct miracast_mode) + first->edid_len +
		     first->num_imports * first->import_size;
	const struct miracast_plug *second =
		(const struct miracast_plug *)(kernel.plug->data + size);
	const struct miracast_mode *mode = (const struct miracast_mode *)(second + 1);

	g_assert_cmpuint(first->num_modes, ==, 2);
	g_assert_cmpuint(second->num_modes, ==, 1);
	g_assert_cmpuint(mode->width, ==, 640);
}

/* The mode that the desktop has set is not the sink's: it plays another, and the desktop is told. */
static void test_mode_refused(void)
{
	struct fixture f = { .video = TWO, .refused = SECOND_MODE, .config.kernel = TRUE };

	begin(&f);
	wait_until(is_plugged, &f);
	g_assert_cmpint(tell_mode(&f, 720, 480, 60), ==, 0);
	wait_until(is_playing, &f);
	g_assert_true(is_plugged_again(&f));
	assert_only_vga();
	g_assert_cmpint(tell_mode(&f, 720, 480, 60), ==, -ERANGE);
	g_assert_cmpint(tell_mode(&f, 640, 480, 60), ==, 0);
	kernel.frames = TRUE;
	wait_until(some_sent, &f);
	g_assert_cmpint(end(&f), ==, 0);
	kernel.frames = FALSE;
	clear(&f);
}

/* The same in play: the stream keeps its mode. */
static void test_mode_refused_in_play(void)
{
	struct fixture f = { .video = TWO, .refused = SECOND_MODE, .config.kernel = TRUE };

	begin(&f);
	wait_until(is_plugged, &f);
	g_assert_cmpint(tell_mode(&f, 640, 480, 60), ==, 0);
	wait_until(is_playing, &f);
	g_assert_cmpint(tell_mode(&f, 720, 480, 60), ==, 0);
	wait_until(is_plugged_again, &f);
	assert_only_vga();
	assert_sends(&f);
	g_assert_cmpint(tell_mode(&f, 640, 480, 60), ==, 0);
	kernel.frames = TRUE;
	wait_until(some_sent, &f);
	g_assert_false(is_done(&f));
	g_assert_cmpint(end(&f), ==, 0);
	kernel.frames = FALSE;
	clear(&f);
}

/* Nothing at all is to its taste. */
static void test_all_modes_refused(void)
{
	struct fixture f = { .video = TWO, .refused = "wfd_presentation_URL", .config.kernel = TRUE };

	begin(&f);
	wait_until(is_plugged, &f);
	g_assert_cmpint(tell_mode(&f, 640, 480, 60), ==, 0);
	wait_until(is_done, &f);
	g_assert_cmpuint(sink_heard_times(&f, "wfd_presentation_URL"), ==, 2);
	end(&f);
	clear(&f);
}

int main(int argc, char *argv[])
{
	umd_driver_init(&argc, &argv);
	fake_encoder_register_bad(ENCODERS_INI);
	g_test_add_func("/umd-driver/R34-R35-R67-R72-monitor", test_monitor);
	g_test_add_func("/umd-driver/monitor-without-imports", test_monitor_without_imports);
	g_test_add_func("/umd-driver/R70-R71-R81-unplugged", test_unplugged);
	g_test_add_func("/umd-driver/mode-refused", test_mode_refused);
	g_test_add_func("/umd-driver/mode-refused-in-play", test_mode_refused_in_play);
	g_test_add_func("/umd-driver/all-modes-refused", test_all_modes_refused);
	g_test_add_func("/umd-driver/R29-R33-no-panel", test_no_panel);
	g_test_add_func("/umd-driver/R29-R30-slower-link", test_slower_link);
	g_test_add_func("/umd-driver/R32-link-too-slow", test_slow_link);
	g_test_add_func("/umd-driver/more-than-can-be-encoded", test_too_much);
	return g_test_run();
}
