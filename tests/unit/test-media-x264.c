// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What the media pipeline tells our own element on libx264 that others cannot do: bursts, and that there are to be no patches.
 */
#include "media-pipeline-fixture.h"
#include "media-pipeline-private.h"

static guint kbits(struct fixture *f, const char *property)
{
	guint value;

	g_object_get(f->pipeline->video_encoder, property, &value, NULL);
	return value;
}

static struct wfd_selection with_burst(void)
{
	struct wfd_selection selection = VGA60;

	selection.burst_bitrate = 2 * selection.bitrate;
	return selection;
}

/* Twice the bit rate, but never more than the driver says, and none where a queue has stood. */
static void test_burst(void)
{
	const struct wfd_selection selection = with_burst();
	const guint agreed = selection.bitrate / 1000;
	struct fixture f;

	begin_encoder(&f, "wfdx264enc", selection, &(struct wfd_quirks){ .pmt_pid = 0x100 });
	g_assert_cmpuint(kbits(&f, "bitrate"), ==, agreed);
	g_assert_cmpuint(kbits(&f, "burst-bitrate"), ==, 2 * agreed);
	media_pipeline_limit_bit_rate(f.pipeline, agreed * 1500);
	g_assert_cmpuint(kbits(&f, "bitrate"), ==, agreed);
	g_assert_cmpuint(kbits(&f, "burst-bitrate"), ==, agreed * 3 / 2);
	media_pipeline_limit_bit_rate(f.pipeline, agreed * 500);
	g_assert_cmpuint(kbits(&f, "bitrate"), ==, agreed / 2);
	g_assert_cmpuint(kbits(&f, "burst-bitrate"), ==, agreed / 2);
	media_pipeline_limit_bit_rate(f.pipeline, 0);
	g_assert_cmpuint(kbits(&f, "burst-bitrate"), ==, 2 * agreed);
	media_pipeline_play(f.pipeline);
	g_atomic_int_set(&network.counted, 2000000);
	for (guint i = 0; i < 30; i++) {
		push(&f, 0, FALSE);
		run(15);
	}
	g_atomic_int_set(&network.counted, 0);
	g_assert_cmpuint(kbits(&f, "burst-bitrate"), ==, kbits(&f, "bitrate"));
	end(&f);
}

/* An encoder that is made anew, for another mode, gets what the first one got. */
static void test_plain(void)
{
	for (guint plain = 0; plain < 2; plain++) {
		struct wfd_selection other = HD30;
		struct fixture f;
		gboolean patches;

		other.burst_bitrate = 3000000;
		begin_encoder(&f, "wfdx264enc", with_burst(), &(struct wfd_quirks){ .pmt_pid = 0x100, .plain_video = plain });
		g_object_get(f.pipeline->video_encoder, "patches", &patches, NULL);
		g_assert_cmpint(patches, ==, !plain);
		media_pipeline_play(f.pipeline);
		push(&f, 0, FALSE);
		run(50);
		media_pipeline_set_mode(f.pipeline, &other, 0);
		set_picture(&f, other.mode);
		for (guint i = 0; i < 10; i++) {
			push(&f, 0, FALSE);
			run(50);
		}
		g_object_get(f.pipeline->video_encoder, "patches", &patches, NULL);
		g_assert_cmpint(patches, ==, !plain);
		g_assert_cmpuint(kbits(&f, "bitrate"), ==, other.bitrate / 1000);
		g_assert_cmpuint(kbits(&f, "burst-bitrate"), ==, 3000);
		end(&f);
	}
}

int main(int argc, char **argv)
{
	g_autoptr(GstPlugin) plugin = NULL;
	g_autoptr(GError) error = NULL;

	media_init(&argc, &argv);
	plugin = gst_plugin_load_file(X264_PLUGIN, &error);
	g_assert_no_error(error);
	g_test_add_func("/media-pipeline/x264/burst", test_burst);
	g_test_add_func("/media-pipeline/x264/plain", test_plain);
	return g_test_run();
}
