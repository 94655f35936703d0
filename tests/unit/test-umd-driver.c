// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The driver of miracast-umd: what it makes of a sink and of the kernel's
 * messages, and what it tells the kernel.
 */
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <gst/gst.h>

#include "fake-encoder.h"
#include "umd-driver-fixture.h"
#include "wfd-edid.h"
#include "wfdtsmux.h"

#define HDMI 11 /* DRM_MODE_CONNECTOR_HDMIA */

#define VGA "00 00 02 10 00000001 00000000 00000000 00 0000 0000 00 none none"
#define MANY "00 00 02 10 0001FFFF 3FFFFFFF 00000FFF 00 0000 0000 00 none none"

static gboolean some_sent(struct fixture *f)
{
	return count(MIRACAST_STATISTIC_CHUNK_SENT) >= 10 && count(MIRACAST_STATISTIC_EVENT);
}

static gboolean is_standby(struct fixture *f)
{
	return sink_heard(f, "\r\nwfd_standby\r\n");
}

static gboolean is_awake(struct fixture *f)
{
	return sink_heard(f, "wfd_trigger_method: PLAY\r\n");
}

/* Conversion, encoding, sending: each once for each frame, in this order. */
static void check_statistics(void)
{
	g_autoptr(GHashTable) steps = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);

	for (guint i = 0; i < kernel.statistics->len; i++) {
		const struct miracast_statistic *s =
			&g_array_index(kernel.statistics, struct miracast_statistic, i);
		guint64 id = s->info.id;
		guint step = GPOINTER_TO_UINT(g_hash_table_lookup(steps, &id));

		if (s->type == MIRACAST_STATISTIC_EVENT) {
			g_assert_cmpuint(s->event, ==, MIRACAST_EVENT_IDR_REQUEST);
			continue;
		}
		g_assert_cmpuint(MIRACAST_CHUNK_ID_PART(id), ==, 0);
		if (s->type == MIRACAST_STATISTIC_CHUNK_SENT) {
			g_assert_cmpuint(step, ==, 2);
		} else if (s->info.type == MIRACAST_CHUNK_ENCODE) {
			g_assert_cmpuint(step, ==, 1);
			g_assert_cmpuint(s->info.processing_time, >, 0);
			g_assert_cmpuint(s->info.encode_rate, >, 0);
		} else {
			g_assert_cmpuint(s->info.type, ==, MIRACAST_CHUNK_COLOR_CONVERT);
			g_assert_cmpuint(step, ==, 0);
			g_assert_cmpuint(s->info.encode_rate, ==, 0);
		}
		g_hash_table_replace(steps, g_memdup2(&id, sizeof(id)), GUINT_TO_POINTER(step + 1));
	}
}

static void test_statistics(void)
{
	struct fixture f = { .video = VGA };

	begin(&f);
	wait_until(some_sent, &f);
	g_assert_cmpint(end(&f), ==, 0);
	g_assert_cmpstr(kernel.ops->str, ==, "begin-start end-start begin-stop end-stop ");
	check_statistics();
	clear(&f);
}

/* One whose stream does not say what its colours are, so that they are converted. */
static void test_other_encoder(void)
{
	g_autofree char *name = g_strdup("openh264enc");
	struct fixture f = { .video = VGA, .config.encoder = name };

	begin(&f);
	wait_until(some_sent, &f);
	g_assert_cmpint(end(&f), ==, 0);
	clear(&f);
}

static gboolean has_encoder(struct fixture *f)
{
	return f->encoder != NULL;
}

/* The last test: the best encoder has one profile left, which this sink does not decode. */
static void test_no_common_profile(void)
{
	struct fixture f = { .video = "00 00 01 10 00000001 00000000 00000000 00 0000 0000 00 none none" };

	video_encoder_give_up(video_encoder_find("x264enc", NULL), WFD_H264_PROFILE_CBP, "a test");
	begin(&f);
	wait_until(has_encoder, &f);
	g_assert_cmpstr(f.encoder, ==, "openh264enc");
	g_assert_cmpint(end(&f), ==, 0);
	clear(&f);
}

static void test_messages(void)
{
	const struct miracast_mode_state odd = { .width = 123, .height = 45, .refresh = 60000 };
	struct fixture f = { .video = VGA };
	struct miracast_power power = { 0 };
	guint8 grown[sizeof(power) + 8];

	memset(grown, 0xff, sizeof(grown));
	begin(&f);
	wait_until(some_sent, &f);
	g_assert_cmpint(tell(&f, 99, "", 0), ==, -EOPNOTSUPP);
	g_assert_cmpint(tell(&f, MIRACAST_MSG_POWER, "", 0), ==, -EINVAL);
	g_assert_cmpint(tell(&f, MIRACAST_MSG_MODE_SET, &odd, sizeof(odd)), ==, -ERANGE);
	g_assert_cmpint(tell(&f, MIRACAST_MSG_KEY_FRAME, "", 0), ==, 0);
	g_assert_cmpint(tell(&f, MIRACAST_MSG_POWER, &power, sizeof(power)), ==, 0);
	wait_until(is_standby, &f);
	power.on = 1;
	/* A newer kernel says more. */
	memcpy(grown, &power, sizeof(power));
	g_assert_cmpint(tell(&f, MIRACAST_MSG_POWER, grown, sizeof(grown)), ==, 0);
	wait_until(is_awake, &f);
	g_assert_cmpint(end(&f), ==, 0);
	clear(&f);
}

static gboolean mode_is_set(struct fixture *f)
{
	return sink_heard(f, "wfd_presentation_URL");
}

/* The monitor that the sink describes is the monitor that the kernel gets. */
static void check_monitor(gboolean copies)
{
	const struct wfd_mode *mode = wfd_mode_lookup(WFD_SET_R1, WFD_TABLE_CEA, 0);
	const struct miracast_mode_state vga = { .width = 640, .height = 480, .refresh = 60000 };
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
	g_assert_cmpint(tell(&f, MIRACAST_MSG_MODE_SET, &vga, sizeof(vga)), ==, 0);
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

/* What the broker's config message says of them. */
static void test_config_import(void)
{
	static const struct {
		const char *value;
		gboolean valid, copies;
	} cases[] = {
		{ NULL, TRUE, FALSE }, { "no", TRUE, TRUE }, { "yes", TRUE, FALSE },
		{ "", FALSE, FALSE }, { "maybe", FALSE, FALSE },
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_auto(GVariantDict) fields = G_VARIANT_DICT_INIT(NULL);
		g_autoptr(GVariant) message = NULL;
		g_autoptr(umd_config) config = NULL;
		g_autoptr(GError) error = NULL;

		g_variant_dict_insert(&fields, "source", "s", "kernel");
		g_variant_dict_insert(&fields, "peer-address", "s", "192.0.2.1");
		g_variant_dict_insert(&fields, "local-address", "s", "192.0.2.2");
		if (cases[i].value)
			g_variant_dict_insert(&fields, "import", "s", cases[i].value);
		message = g_variant_ref_sink(g_variant_dict_end(&fields));
		config = umd_config_new(message, &error);
		g_assert_cmpint(config != NULL, ==, cases[i].valid);
		if (config)
			g_assert_cmpint(config->copies, ==, cases[i].copies);
		else
			g_assert_nonnull(strstr(error->message, "import"));
	}
}

/* One of the specification's words, or none: then the sink has a say in it. */
static void test_config_latency(void)
{
	static const struct {
		const char *value;
		gboolean valid;
		enum channel_latency latency;
	} cases[] = {
		{ NULL, TRUE, CHANNEL_LATENCY_NORMAL }, { "normal", TRUE, CHANNEL_LATENCY_NORMAL },
		{ "low", TRUE, CHANNEL_LATENCY_LOW }, { "high", TRUE, CHANNEL_LATENCY_HIGH },
		{ "", FALSE, 0 }, { "none", FALSE, 0 },
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *text = g_strdup_printf(
			"{'source': <'test'>, 'peer-address': <'192.0.2.1'>, 'local-address': <'192.0.2.2'>%s%s%s}",
			cases[i].value ? ", 'latency': <'" : "", cases[i].value ? cases[i].value : "",
			cases[i].value ? "'>" : "");
		g_autoptr(GError) error = NULL;
		g_autoptr(GVariant) message = g_variant_parse(G_VARIANT_TYPE_VARDICT, text, NULL, NULL, &error);
		g_autoptr(umd_config) config = NULL;

		g_assert_no_error(error);
		config = umd_config_new(message, &error);
		g_assert_cmpint(config != NULL, ==, cases[i].valid);
		if (!config) {
			g_assert_nonnull(strstr(error->message, "latency"));
			continue;
		}
		g_assert_cmpint(config->latency, ==, cases[i].latency);
		g_assert_cmpint(config->latency_chosen, ==, cases[i].value != NULL);
	}
}

/* A kernel without sound cards is one of which the broker says so. */
static void test_config_sound_card(void)
{
	static const char *const fields[] = { "", ", 'sound-card': <true>", ", 'sound-card': <false>" };

	for (guint i = 0; i < G_N_ELEMENTS(fields); i++) {
		g_autofree char *text = g_strdup_printf("{'source': <'kernel'>, 'peer-address': <'192.0.2.1'>, "
							"'local-address': <'192.0.2.2'>%s}", fields[i]);
		g_autoptr(GVariant) message = g_variant_ref_sink(g_variant_new_parsed(text));
		g_autoptr(GError) error = NULL;
		g_autoptr(umd_config) config = umd_config_new(message, &error);

		g_assert_no_error(error);
		g_assert_cmpint(config->no_card, ==, i == 2);
	}
}

/* How RTP is encrypted is said whole, or not at all. */
static void test_config_seal(void)
{
	static const struct {
		const char *fields;
		gboolean valid;
		gsize key_len;
	} cases[] = {
		{ "", TRUE, 0 },
		{ ", 'rtp-key': <@ay [%s]>, 'rtp-salt': <@ay [1,2,3,4]>, 'rtp-sequence': <uint64 7>", TRUE, 16 },
		{ ", 'rtp-key': <@ay [%s,%s]>, 'rtp-salt': <@ay [1,2,3,4]>, 'rtp-sequence': <uint64 7>", TRUE, 32 },
		{ ", 'rtp-key': <@ay [%s,%s,0]>, 'rtp-salt': <@ay [1,2,3,4]>, 'rtp-sequence': <uint64 7>", FALSE, 0 },
		{ ", 'rtp-key': <@ay [%s]>, 'rtp-salt': <@ay [1,2,3]>, 'rtp-sequence': <uint64 7>", FALSE, 0 },
		{ ", 'rtp-key': <@ay [%s]>, 'rtp-salt': <@ay [1,2,3,4]>", FALSE, 0 },
		{ ", 'rtp-key': <@ay []>, 'rtp-salt': <@ay [1,2,3,4]>, 'rtp-sequence': <uint64 7>", FALSE, 0 },
		{ ", 'rtp-salt': <@ay [1,2,3,4]>", FALSE, 0 },
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_auto(GStrv) pieces = g_strsplit(cases[i].fields, "%s", -1);
		g_autofree char *fields = g_strjoinv("9,8,7,6,5,4,3,2,9,8,7,6,5,4,3,2", pieces);
		g_autofree char *text = g_strdup_printf("{'source': <'kernel'>, 'peer-address': <'192.0.2.1'>, "
							"'local-address': <'192.0.2.2'>%s}", fields);
		g_autoptr(GVariant) message = g_variant_ref_sink(g_variant_new_parsed(text));
		g_autoptr(GError) error = NULL;
		g_autoptr(umd_config) config = umd_config_new(message, &error);

		g_test_message("%s", fields);
		g_assert_cmpint(config != NULL, ==, cases[i].valid);
		if (config)
			g_assert_cmpuint(config->seal.key_len, ==, cases[i].key_len);
		else
			g_assert_nonnull(strstr(error->message, "rtp-"));
	}
}

static gboolean has_event(guint event)
{
	gboolean has = FALSE;

	g_mutex_lock(&kernel.lock);
	for (guint i = 0; i < kernel.statistics->len; i++) {
		const struct miracast_statistic *s =
			&g_array_index(kernel.statistics, struct miracast_statistic, i);

		has |= s->type == MIRACAST_STATISTIC_EVENT && s->event == event;
	}
	g_mutex_unlock(&kernel.lock);
	return has;
}

/* The sink asks for a key frame once it plays. */
static gboolean is_playing(struct fixture *f)
{
	return has_event(MIRACAST_EVENT_IDR_REQUEST);
}

/* The panel is pulled out of the sink: the session ends by itself, and both are told. */
static void test_unplugged(void)
{
	const struct miracast_mode_state vga = { .width = 640, .height = 480, .refresh = 60000 };
	struct fixture f = { .video = VGA, .config.kernel = TRUE };

	begin(&f);
	wait_until(is_plugged, &f);
	g_assert_true(has_event(MIRACAST_EVENT_MONITOR_ARRIVE));
	g_assert_cmpint(tell(&f, MIRACAST_MSG_MODE_SET, &vga, sizeof(vga)), ==, 0);
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

static gboolean some_dropped(struct fixture *f)
{
	return count(MIRACAST_STATISTIC_CHUNK_COMPLETE) >= 3;
}

/*
 * The kernel takes each frame back before it is read: none of them is sent, but one
 * after a second without any, which this takes on a busy machine only.
 */
static void test_dropped(void)
{
	const struct miracast_mode_state vga = { .width = 640, .height = 480, .refresh = 60000 };
	struct fixture f = { .video = VGA, .config.kernel = TRUE };
	gboolean taken = FALSE;
	gint64 begun;
	guint n = 0;

	kernel.frames = TRUE;
	kernel.revokes = TRUE;
	begin(&f);
	wait_until(is_plugged, &f);
	begun = g_get_monotonic_time();
	g_assert_cmpint(tell(&f, MIRACAST_MSG_MODE_SET, &vga, sizeof(vga)), ==, 0);
	wait_until(some_dropped, &f);
	g_assert_cmpint(end(&f), ==, 0);
	for (guint i = 0; i < kernel.statistics->len; i++) {
		const struct miracast_statistic *s =
			&g_array_index(kernel.statistics, struct miracast_statistic, i);

		if (s->type == MIRACAST_STATISTIC_EVENT)
			continue;
		taken |= s->type != MIRACAST_STATISTIC_CHUNK_COMPLETE ||
			 s->info.type != MIRACAST_CHUNK_FRAME_DROPPED;
		if (!taken)
			g_assert_cmpuint(s->info.id, ==, MIRACAST_CHUNK_ID(++n, 0));
	}
	g_assert_cmpuint(n, >, 0);
	if (taken)
		g_assert_cmpint(g_get_monotonic_time() - begun, >=, G_USEC_PER_SEC);
	kernel.frames = FALSE;
	kernel.revokes = FALSE;
	clear(&f);
}

static gboolean is_back(struct fixture *f)
{
	gboolean back;

	g_mutex_lock(&kernel.lock);
	back = strstr(kernel.ops->str, "control-1 control-2 control-1 ") != NULL;
	g_mutex_unlock(&kernel.lock);
	return back && f->acquired >= 3 && count(MIRACAST_STATISTIC_CHUNK_SENT) >= 3;
}

/*
 * Pictures in memory that nobody can map: the monitor comes back as one that the
 * desktop has to copy them for.  Where that does not help, the session ends.
 */
static void test_unreadable(gconstpointer always)
{
	const struct miracast_mode_state vga = { .width = 640, .height = 480, .refresh = 60000 };
	/* Whatever cards this machine has. */
	struct fixture f = { .video = VGA, .config = { .kernel = TRUE, .imports = TRUE } };

	kernel.frames = TRUE;
	kernel.foreign = TRUE;
	kernel.always_foreign = GPOINTER_TO_INT(always);
	begin(&f);
	wait_until(is_plugged, &f);
	g_assert_cmphex(kernel.plug_flags & MIRACAST_PLUG_IMPORT, ==, MIRACAST_PLUG_IMPORT);
	g_assert_cmpint(tell(&f, MIRACAST_MSG_MODE_SET, &vga, sizeof(vga)), ==, 0);
	wait_until(always ? is_done : is_back, &f);
	g_assert_cmphex(kernel.plug_flags & MIRACAST_PLUG_IMPORT, ==, 0);
	g_assert_cmpint(end(&f), ==, 0);
	g_assert_true(g_str_has_prefix(kernel.ops->str,
				       "begin-start end-start control-1 control-2 control-1 "));
	g_assert_true(!always || f.driver.reason == CHANNEL_REASON_PICTURE_UNREADABLE);
	kernel.frames = FALSE;
	kernel.foreign = FALSE;
	kernel.always_foreign = FALSE;
	clear(&f);
}

/* Before the first picture they count as the desktop's own. */
static gboolean has_own(struct fixture *f)
{
	return g_strcmp0(f->pictures, "copied") == 0 && f->acquired >= 3 && f->sent >= 3;
}

static gboolean has_shared(struct fixture *f)
{
	return g_strcmp0(f->pictures, "shared") == 0 && f->read_rate;
}

/* What the user is told of the memory that pictures are in. */
static void check_pictures(const struct umd_config *config, gboolean shares, int older, const char *why)
{
	const struct miracast_mode_state vga = { .width = 640, .height = 480, .refresh = 60000 };
	struct fixture f = { .video = VGA, .config = *config };

	kernel.frames = TRUE;
	kernel.shares = shares;
	kernel.older = older;
	begin(&f);
	wait_until(is_plugged, &f);
	if (older)
		g_assert_cmphex(kernel.plug_flags, ==, MIRACAST_PLUG_CURSOR);
	g_assert_cmpint(tell(&f, MIRACAST_MSG_MODE_SET, &vga, sizeof(vga)), ==, 0);
	wait_until(shares ? has_shared : has_own, &f);
	g_assert_cmpint(f.read_rate > 0, ==, shares);
	if (why)
		g_assert_nonnull(strstr(f.pictures_why, why));
	else if (shares)
		g_assert_null(f.pictures_why);
	g_assert_cmpint(end(&f), ==, 0);
	kernel.frames = FALSE;
	kernel.shares = FALSE;
	kernel.older = 0;
	clear(&f);
}

static void test_pictures(void)
{
	static const struct umd_config usual = { .kernel = TRUE }, copies = { .kernel = TRUE, .copies = TRUE };

	check_pictures(&usual, FALSE, 0, NULL);
	check_pictures(&usual, TRUE, 0, NULL);
	check_pictures(&copies, FALSE, 0, "--import=no");
	/* A kernel that cannot be told whose buffers are readable gets none of them. */
	check_pictures(&usual, FALSE, E2BIG, "older");
	check_pictures(&usual, FALSE, EINVAL, "older");
}

static gboolean sends_again(struct fixture *f)
{
	return f->acquired && f->sent >= 8;
}

/* A picture that is sent again and again is reported once. */
static void test_still_picture(void)
{
	const struct miracast_mode_state vga = { .width = 640, .height = 480, .refresh = 60000 };
	struct fixture f = { .video = VGA, .config.kernel = TRUE };

	kernel.frames = TRUE;
	kernel.still = TRUE;
	begin(&f);
	wait_until(is_plugged, &f);
	g_assert_cmpint(tell(&f, MIRACAST_MSG_MODE_SET, &vga, sizeof(vga)), ==, 0);
	wait_until(sends_again, &f);
	g_assert_cmpint(end(&f), ==, 0);
	g_assert_cmpuint(f.acquired, ==, 1);
	/* Converted and encoded; sent. */
	g_assert_cmpuint(count(MIRACAST_STATISTIC_CHUNK_COMPLETE), ==, 2);
	g_assert_cmpuint(count(MIRACAST_STATISTIC_CHUNK_SENT), ==, 1);
	kernel.frames = FALSE;
	kernel.still = FALSE;
	clear(&f);
}

/* ------------------------------------------------------ the output goes off and on */

/* Everything that asks a sink to do something in play. */
static guint count_triggers(struct fixture *f)
{
	return sink_heard_times(f, "\r\nwfd_standby\r\n") +
	       sink_heard_times(f, "wfd_trigger_method: PAUSE") +
	       sink_heard_times(f, "wfd_trigger_method: PLAY");
}

/* Pictures go on, whatever they show: one a second at least, and how many is told less often. */
static void assert_sends(struct fixture *f)
{
	guint64 before = f->sent;
	gint64 deadline = g_get_monotonic_time() + 5 * G_USEC_PER_SEC;

	while (f->sent < before + 2) {
		g_assert_cmpint(g_get_monotonic_time(), <, deadline);
		if (!g_main_context_iteration(NULL, FALSE))
			g_usleep(500);
	}
}

/* A sink that has not offered standby is asked for nothing, and gets pictures all the time. */
static void test_off_is_black(void)
{
	const struct miracast_mode_state vga = { .width = 640, .height = 480, .refresh = 60000 };
	struct fixture f = {
		.video = VGA,
		.more = "wfd_standby_resume_capability: none\r\n",
		.config.kernel = TRUE,
	};
	const struct miracast_power off = { .on = 0 };

	kernel.frames = TRUE;
	begin(&f);
	wait_until(is_plugged, &f);
	g_assert_cmpint(tell(&f, MIRACAST_MSG_MODE_SET, &vga, sizeof(vga)), ==, 0);
	wait_until(some_sent, &f);
	kernel.frames = FALSE;
	g_assert_cmpint(tell(&f, MIRACAST_MSG_MODE_OFF, "", 0), ==, 0);
	assert_sends(&f);
	g_assert_cmpint(tell(&f, MIRACAST_MSG_POWER, &off, sizeof(off)), ==, 0);
	assert_sends(&f);
	g_assert_cmpuint(count_triggers(&f), ==, 0);
	g_assert_cmpint(end(&f), ==, 0);
	clear(&f);
}

/* A desktop that dies leaves a monitor without a picture, then none; the next one lights it. */
static void test_another_desktop(void)
{
	const struct miracast_mode_state vga = { .width = 640, .height = 480, .refresh = 60000 };
	const struct miracast_power off = { .on = 0 };
	struct fixture f = { .video = VGA, .config.kernel = TRUE };
	guint sent;

	kernel.frames = TRUE;
	begin(&f);
	wait_until(is_plugged, &f);
	g_assert_cmpint(tell(&f, MIRACAST_MSG_MODE_SET, &vga, sizeof(vga)), ==, 0);
	wait_until(some_sent, &f);
	g_assert_cmpint(tell(&f, MIRACAST_MSG_POWER, &off, sizeof(off)), ==, 0);
	g_assert_cmpint(tell(&f, MIRACAST_MSG_MODE_OFF, "", 0), ==, 0);
	assert_sends(&f);
	sent = count(MIRACAST_STATISTIC_CHUNK_SENT);
	g_assert_cmpint(tell(&f, MIRACAST_MSG_MODE_SET, &vga, sizeof(vga)), ==, 0);
	assert_sends(&f);
	assert_sends(&f);
	/* Frames of the desktop: repetitions are not counted here. */
	g_assert_cmpuint(count(MIRACAST_STATISTIC_CHUNK_SENT), >, sent);
	g_assert_cmpint(end(&f), ==, 0);
	kernel.frames = FALSE;
	clear(&f);
}

/* Off and on before a sink could answer anything: the desktop's frames are sent as before. */
static void test_off_and_on(void)
{
	const struct miracast_mode_state vga = { .width = 640, .height = 480, .refresh = 60000 };
	struct fixture f = { .video = VGA, .config.kernel = TRUE };
	guint sent;

	kernel.frames = TRUE;
	begin(&f);
	wait_until(is_plugged, &f);
	g_assert_cmpint(tell(&f, MIRACAST_MSG_MODE_SET, &vga, sizeof(vga)), ==, 0);
	wait_until(some_sent, &f);
	for (guint i = 0; i < 3; i++) {
		g_assert_cmpint(tell(&f, MIRACAST_MSG_MODE_OFF, "", 0), ==, 0);
		g_assert_cmpint(tell(&f, MIRACAST_MSG_MODE_SET, &vga, sizeof(vga)), ==, 0);
	}
	assert_sends(&f);
	/* Frames of the desktop, that is: repetitions are not counted here. */
	sent = count(MIRACAST_STATISTIC_CHUNK_SENT);
	assert_sends(&f);
	g_assert_cmpuint(count(MIRACAST_STATISTIC_CHUNK_SENT), >, sent);
	g_assert_cmpuint(count_triggers(&f), ==, 0);
	g_assert_cmpint(end(&f), ==, 0);
	kernel.frames = FALSE;
	clear(&f);
}

/* ------------------------------------------------------------------- refusals of M4 */

#define TWO "00 00 01 01 00000003 00000000 00000000 00 0000 0000 00 none none"
#define SECOND_MODE " 00000002 00000000 00000000 "

static gboolean is_plugged_again(struct fixture *f)
{
	gboolean again;

	g_mutex_lock(&kernel.lock);
	again = strstr(kernel.ops->str, "control-1 control-1 ") != NULL;
	g_mutex_unlock(&kernel.lock);
	return again;
}

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
	const struct miracast_mode_state wide = { .width = 720, .height = 480, .refresh = 60000 };
	const struct miracast_mode_state vga = { .width = 640, .height = 480, .refresh = 60000 };
	struct fixture f = { .video = TWO, .refused = SECOND_MODE, .config.kernel = TRUE };

	begin(&f);
	wait_until(is_plugged, &f);
	g_assert_cmpint(tell(&f, MIRACAST_MSG_MODE_SET, &wide, sizeof(wide)), ==, 0);
	wait_until(is_playing, &f);
	g_assert_true(is_plugged_again(&f));
	assert_only_vga();
	g_assert_cmpint(tell(&f, MIRACAST_MSG_MODE_SET, &wide, sizeof(wide)), ==, -ERANGE);
	g_assert_cmpint(tell(&f, MIRACAST_MSG_MODE_SET, &vga, sizeof(vga)), ==, 0);
	kernel.frames = TRUE;
	wait_until(some_sent, &f);
	g_assert_cmpint(end(&f), ==, 0);
	kernel.frames = FALSE;
	clear(&f);
}

/* The same in play: the stream keeps its mode. */
static void test_mode_refused_in_play(void)
{
	const struct miracast_mode_state wide = { .width = 720, .height = 480, .refresh = 60000 };
	const struct miracast_mode_state vga = { .width = 640, .height = 480, .refresh = 60000 };
	struct fixture f = { .video = TWO, .refused = SECOND_MODE, .config.kernel = TRUE };

	begin(&f);
	wait_until(is_plugged, &f);
	g_assert_cmpint(tell(&f, MIRACAST_MSG_MODE_SET, &vga, sizeof(vga)), ==, 0);
	wait_until(is_playing, &f);
	g_assert_cmpint(tell(&f, MIRACAST_MSG_MODE_SET, &wide, sizeof(wide)), ==, 0);
	wait_until(is_plugged_again, &f);
	assert_only_vga();
	assert_sends(&f);
	g_assert_cmpint(tell(&f, MIRACAST_MSG_MODE_SET, &vga, sizeof(vga)), ==, 0);
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
	const struct miracast_mode_state vga = { .width = 640, .height = 480, .refresh = 60000 };
	struct fixture f = { .video = TWO, .refused = "wfd_presentation_URL", .config.kernel = TRUE };

	begin(&f);
	wait_until(is_plugged, &f);
	g_assert_cmpint(tell(&f, MIRACAST_MSG_MODE_SET, &vga, sizeof(vga)), ==, 0);
	wait_until(is_done, &f);
	g_assert_cmpuint(sink_heard_times(&f, "wfd_presentation_URL"), ==, 2);
	end(&f);
	clear(&f);
}

/* It is the sound that the sink does not like: the mode stays, and goes without. */
static void test_audio_refused(void)
{
	struct fixture f = {
		.video = TWO,
		.refused = "wfd_audio_codecs: LPCM",
		.why = "wfd_audio_codecs: 415\r\n",
		.config.audio = CHANNEL_AUDIO_SILENCE,
	};

	begin(&f);
	wait_until(some_sent, &f);
	g_assert_cmpuint(sink_heard_times(&f, "wfd_presentation_URL"), ==, 2);
	g_assert_cmpuint(sink_heard_times(&f, "wfd_audio_codecs: LPCM"), ==, 1);
	g_assert_cmpuint(sink_heard_times(&f, SECOND_MODE), ==, 2);
	g_assert_cmpint(end(&f), ==, 0);
	clear(&f);
}

#define TWO_PROFILES "00 00 02 04 00000001 00000000 00000000 00 0000 0000 00 none none, " \
		     "01 04 00000001 00000000 00000000 00 0000 0000 00 none none"

static gboolean has_rate(struct fixture *f)
{
	return f->bit_rate != 0;
}

/* What a row of quirks forbids is not chosen, though both sides could. */
static void check_quirks(const char *quirks, const char *video, const char *audio, guint64 least, guint64 most)
{
	struct fixture f = {
		.video = TWO_PROFILES,
		.audio = "LPCM 00000002 00, AAC 00000001 00",
		.quirks = quirks,
		.config.audio = CHANNEL_AUDIO_SILENCE,
	};

	begin(&f);
	wait_until(has_rate, &f);
	g_assert_cmpuint(sink_heard_times(&f, video), ==, 1);
	g_assert_cmpuint(sink_heard_times(&f, audio), ==, 1);
	g_assert_cmpuint(f.bit_rate, >=, least);
	g_assert_cmpuint(f.bit_rate, <=, most);
	g_assert_cmpint(end(&f), ==, 0);
	clear(&f);
}

static void test_quirks(void)
{
	check_quirks(NULL, "wfd_video_formats: 00 00 02 ", "wfd_audio_codecs: AAC", 700001, G_MAXUINT);
	check_quirks("[mine]\nname=script\nbaseline-only=true\naudio-codecs=LPCM\nmax-bit-rate=700\n",
		     "wfd_video_formats: 00 00 01 ", "wfd_audio_codecs: LPCM", 100000, 700000);
}

/* A sound card comes with the monitor, with the display's name, of which whole characters fit in. */
static void test_sound_card(void)
{
	struct fixture f = {
		.video = VGA,
		.more = "intel_friendly_name: A television of thirty letters\xc3\xa9\r\n",
		.config = { .kernel = TRUE, .audio = CHANNEL_AUDIO_DESKTOP },
	};

	begin(&f);
	wait_until(is_plugged, &f);
	g_assert_cmphex(kernel.newest_plug.sound_rates, ==, MIRACAST_SOUND_44100 | MIRACAST_SOUND_48000);
	g_assert_cmpuint(kernel.newest_plug.sound_channels, ==, 2);
	g_assert_cmpstr(kernel.newest_plug.sound_name, ==, "A television of thirty letters");
	g_assert_cmpint(end(&f), ==, 0);
	clear(&f);
}

/* One that the user, or the sink, does not want. */
static void check_no_sound(enum channel_audio audio, const char *codecs)
{
	const struct miracast_mode_state vga = { .width = 640, .height = 480, .refresh = 60000 };
	struct fixture f = {
		.video = VGA,
		.audio = codecs,
		.config = { .kernel = TRUE, .audio = audio },
	};

	begin(&f);
	wait_until(is_plugged, &f);
	g_assert_cmphex(kernel.newest_plug.sound_rates, ==, 0);
	g_assert_cmpuint(kernel.newest_plug.sound_channels, ==, 0);
	g_assert_cmpstr(kernel.newest_plug.sound_name, ==, "");
	g_assert_cmpint(tell(&f, MIRACAST_MSG_MODE_SET, &vga, sizeof(vga)), ==, 0);
	wait_until(mode_is_set, &f);
	if (audio != CHANNEL_AUDIO_SILENCE)
		g_assert_false(sink_heard(&f, "wfd_audio_codecs: "));
	g_assert_cmpint(end(&f), ==, 0);
	clear(&f);
}

static void test_no_sound(void)
{
	check_no_sound(CHANNEL_AUDIO_NONE, NULL);
	check_no_sound(CHANNEL_AUDIO_SILENCE, NULL);
	check_no_sound(CHANNEL_AUDIO_DESKTOP, "none");
}

/* A kernel that has no sound cards gets the monitor alone, and the stream is as ever. */
static void test_no_sound_in_kernel(void)
{
	static const int errors[] = { E2BIG, EOPNOTSUPP, ENOSPC };
	const struct miracast_mode_state vga = { .width = 640, .height = 480, .refresh = 60000 };

	for (guint i = 0; i < G_N_ELEMENTS(errors); i++) {
		struct fixture f = {
			.video = VGA,
			.config = { .kernel = TRUE, .audio = CHANNEL_AUDIO_DESKTOP },
		};

		kernel.sound_error = errors[i];
		begin(&f);
		wait_until(is_plugged, &f);
		g_assert_cmphex(kernel.newest_plug.sound_rates, ==, 0);
		g_assert_cmpint(tell(&f, MIRACAST_MSG_MODE_SET, &vga, sizeof(vga)), ==, 0);
		wait_until(mode_is_set, &f);
		g_assert_true(sink_heard(&f, "wfd_audio_codecs: LPCM"));
		g_assert_cmpint(end(&f), ==, 0);
		clear(&f);
		kernel.sound_error = 0;
	}
}

/* One that is known to have none is not asked for one. */
static void test_no_sound_card(void)
{
	struct fixture f = {
		.video = VGA,
		.config = { .kernel = TRUE, .audio = CHANNEL_AUDIO_DESKTOP, .no_card = TRUE },
	};

	begin(&f);
	wait_until(is_plugged, &f);
	g_assert_cmphex(kernel.newest_plug.sound_rates, ==, 0);
	g_assert_null(strstr(strstr(kernel.ops->str, "control-1 ") + 1, "control-1 "));
	g_assert_cmpint(end(&f), ==, 0);
	clear(&f);
}

/* The sink does not take the sound that it has named: the card goes. */
static void test_sound_refused(void)
{
	const struct miracast_mode_state vga = { .width = 640, .height = 480, .refresh = 60000 };
	struct fixture f = {
		.video = TWO,
		.refused = "wfd_audio_codecs: LPCM",
		.why = "wfd_audio_codecs: 415\r\n",
		.config = { .kernel = TRUE, .audio = CHANNEL_AUDIO_DESKTOP },
	};

	begin(&f);
	wait_until(is_plugged, &f);
	g_assert_cmpuint(kernel.newest_plug.sound_channels, ==, 2);
	g_assert_cmpint(tell(&f, MIRACAST_MSG_MODE_SET, &vga, sizeof(vga)), ==, 0);
	wait_until(is_playing, &f);
	g_assert_true(is_plugged_again(&f));
	g_assert_cmphex(kernel.newest_plug.sound_rates, ==, 0);
	g_assert_cmpuint(kernel.newest_plug.num_modes, ==, 2);
	g_assert_cmpint(end(&f), ==, 0);
	clear(&f);
}

static gboolean has_sound_latency(struct fixture *f)
{
	return f->sound_latency > 0;
}

/* The track carries what is played, and the broker is told how soon. */
static void test_sound_statistics(void)
{
	struct fixture f = { .video = VGA, .config.audio = CHANNEL_AUDIO_DESKTOP };

	begin(&f);
	wait_until(has_sound_latency, &f);
	g_assert_cmpstr(f.sound, ==, "playing");
	g_assert_cmpint(end(&f), ==, 0);
	clear(&f);
}

static gboolean plays_without_idr(struct fixture *f)
{
	return f->acquired >= 10 && f->idr && f->same_idr >= 2;
}

static gboolean sends_idr(struct fixture *f)
{
	return f->same_idr == 0;
}

/*
 * The records of the kernel are read: they count the desktop's frames, and when
 * some were lost the sink, which would ask for key frames, gets one unasked.
 */
static void test_chunks(void)
{
	const struct miracast_mode_state vga = { .width = 640, .height = 480, .refresh = 60000 };
	struct fixture f = {
		.video = VGA,
		.more = "wfd_idr_request_capability: 1\r\n",
		.config.kernel = TRUE,
	};

	kernel.frames = TRUE;
	begin(&f);
	wait_until(is_plugged, &f);
	g_assert_cmpint(tell(&f, MIRACAST_MSG_MODE_SET, &vga, sizeof(vga)), ==, 0);
	wait_until(plays_without_idr, &f);
	g_mutex_lock(&kernel.lock);
	kernel.chunks_lost = TRUE;
	g_mutex_unlock(&kernel.lock);
	wait_until(sends_idr, &f);
	/* One record for each frame, perhaps one of a frame that is not acquired yet. */
	g_assert_cmpuint(f.offered - f.acquired, <=, 1);
	g_assert_cmpint(end(&f), ==, 0);
	kernel.frames = FALSE;
	clear(&f);
}

static gboolean has_idr(struct fixture *f)
{
	return f->idr > 0;
}

/* A sink that reports what it misses gets key frames also if it does not ask for them (M13). */
static void test_reported_loss(void)
{
	/* One block, 5 of 256 lost. */
	static const guint8 report[32] = { 0x81, 201, 0, 7, [12] = 5 };
	struct fixture f = { .video = VGA };
	struct sockaddr_in to;
	socklen_t len = sizeof(to);
	gint64 end_us;
	guint64 before;

	begin(&f);
	wait_until(has_idr, &f);
	before = f.idr;
	g_assert_cmpint(getsockname(f.config.ports.rtcp, (struct sockaddr *)&to, &len), ==, 0);
	/* By time there are two of them in this time at the most. */
	for (end_us = g_get_monotonic_time() + 4 * G_USEC_PER_SEC; g_get_monotonic_time() < end_us;) {
		g_assert_cmpint(sendto(f.rtp, report, sizeof(report), 0, (struct sockaddr *)&to, len), ==, sizeof(report));
		for (guint i = 0; i < 50; i++) {
			g_main_context_iteration(NULL, FALSE);
			g_usleep(10000);
		}
	}
	g_assert_cmpuint(f.idr, >=, before + 4);
	g_assert_cmpint(end(&f), ==, 0);
	clear(&f);
}

static gboolean has_bit_rate(struct fixture *f)
{
	return f->bit_rate > 0;
}

static gboolean has_slower_rate(struct fixture *f)
{
	return f->bit_rate == 2000000 * 85 / 100;
}

static gboolean has_old_rate(struct fixture *f)
{
	return f->bit_rate > 2000000;
}

/* The encoder follows what the link carries, down and up again; 0 is no news. */
static void test_data_rate(void)
{
	struct miracast_data_rate rate = { .encoder_bit_rate = 2000000 };
	struct fixture f = { .video = VGA };
	guint64 before;

	begin(&f);
	wait_until(has_bit_rate, &f);
	before = f.bit_rate;
	g_assert_cmpuint(before, >, 2000000);
	miracast_host_set_data_rate(f.host, &rate);
	wait_until(has_slower_rate, &f);
	rate.encoder_bit_rate = 100000000;
	miracast_host_set_data_rate(f.host, &rate);
	wait_until(has_old_rate, &f);
	g_assert_cmpuint(f.bit_rate, ==, before);
	rate.encoder_bit_rate = 0;
	miracast_host_set_data_rate(f.host, &rate);
	f.bit_rate = 0;
	wait_until(has_bit_rate, &f);
	g_assert_cmpuint(f.bit_rate, ==, before);
	g_assert_cmpint(end(&f), ==, 0);
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

static void test_slow_link(void)
{
	struct fixture f = { .video = VGA, .stats.current_bit_rate = 1000000 };

	begin(&f);
	wait_until(is_done, &f);
	g_assert_cmpint(end(&f), ==, -ENOSPC);
	g_assert_cmpstr(kernel.ops->str, ==, "begin-start fail-start(-28) end-stop ");
	clear(&f);
}

/* The best encoder of this machine, which does not work: no session fails for that. */
static void add_bad_encoder(void)
{
	g_autoptr(GKeyFile) data = g_key_file_new();
	g_autoptr(GError) error = NULL;

	g_key_file_load_from_file(data, ENCODERS_INI, G_KEY_FILE_NONE, &error);
	g_assert_no_error(error);
	fake_encoder_register(data, "vah264enc@1.26", "vah264enc", FAKE_FAILS);
}

int main(int argc, char *argv[])
{
	g_test_init(&argc, &argv, NULL);
	gst_init(NULL, NULL);
	g_assert_true(wfd_ts_mux_register());
	add_bad_encoder();
	g_test_add_func("/umd-driver/quirks", test_quirks);
	g_test_add_func("/umd-driver/R81-R86-statistics", test_statistics);
	g_test_add_func("/umd-driver/other-encoder", test_other_encoder);
	g_test_add_func("/umd-driver/R55-messages", test_messages);
	g_test_add_func("/umd-driver/R34-R35-R67-R72-monitor", test_monitor);
	g_test_add_func("/umd-driver/monitor-without-imports", test_monitor_without_imports);
	g_test_add_func("/umd-driver/config-import", test_config_import);
	g_test_add_func("/umd-driver/config-latency", test_config_latency);
	g_test_add_func("/umd-driver/pictures", test_pictures);
	g_test_add_func("/umd-driver/config-sound-card", test_config_sound_card);
	g_test_add_func("/umd-driver/config-seal", test_config_seal);
	g_test_add_func("/umd-driver/R70-R71-R81-unplugged", test_unplugged);
	g_test_add_func("/umd-driver/R87-dropped", test_dropped);
	g_test_add_func("/umd-driver/R83-still-picture", test_still_picture);
	g_test_add_func("/umd-driver/off-is-black", test_off_is_black);
	g_test_add_func("/umd-driver/off-and-on", test_off_and_on);
	g_test_add_func("/umd-driver/another-desktop", test_another_desktop);
	g_test_add_func("/umd-driver/mode-refused", test_mode_refused);
	g_test_add_func("/umd-driver/mode-refused-in-play", test_mode_refused_in_play);
	g_test_add_func("/umd-driver/all-modes-refused", test_all_modes_refused);
	g_test_add_func("/umd-driver/audio-refused", test_audio_refused);
	g_test_add_func("/umd-driver/sound/card", test_sound_card);
	g_test_add_func("/umd-driver/sound/none", test_no_sound);
	g_test_add_func("/umd-driver/sound/none-in-kernel", test_no_sound_in_kernel);
	g_test_add_func("/umd-driver/sound/no-card", test_no_sound_card);
	g_test_add_func("/umd-driver/sound/refused", test_sound_refused);
	g_test_add_func("/umd-driver/sound/statistics", test_sound_statistics);
	g_test_add_data_func("/umd-driver/unreadable/copied", GINT_TO_POINTER(FALSE), test_unreadable);
	g_test_add_data_func("/umd-driver/unreadable/always", GINT_TO_POINTER(TRUE), test_unreadable);
	g_test_add_func("/umd-driver/R60-R63-R64-chunks", test_chunks);
	g_test_add_func("/umd-driver/reported-loss", test_reported_loss);
	g_test_add_func("/umd-driver/R88-R89-data-rate", test_data_rate);
	g_test_add_func("/umd-driver/R29-R33-no-panel", test_no_panel);
	g_test_add_func("/umd-driver/R29-R30-slower-link", test_slower_link);
	g_test_add_func("/umd-driver/R32-link-too-slow", test_slow_link);
	g_test_add_func("/umd-driver/more-than-can-be-encoded", test_too_much);
	g_test_add_func("/umd-driver/no-common-profile", test_no_common_profile);
	return g_test_run();
}
