// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The media pipeline with a real encoder (x264enc) and real packets, read back by a reader
 * of its own (rtp-reader.h).
 *
 * The encoder is x264enc under its own name, but of a type that the test derives from it: it
 * can be told to do to its output what others do.
 */
#include <errno.h>
#include <linux/sockios.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>

#include <gst/app/gstappsink.h>
#include <gst/app/gstappsrc.h>
#include <gst/video/video.h>

#include "media-pipeline.h"
#include "rtp-ports.h"
#include "picture.h"
#include "rtp-reader.h"
#include "wfd-quirks.h"
#include "sound-pump.h"
#include "wfdchanged.h"
#include "wfdtsmux.h"

#define MSEC_US 1000

/* -------------------------------------------------------- an encoder that misbehaves */

static struct {
	gboolean rewrites; /* counts pictures and makes times of that, as vah264enc did before 1.24.3 */
	gboolean forgets;  /* what is attached to a picture does not come out */
	guint stalls_ms;   /* the next picture takes so long */
	gint takes_ms;	   /* each picture takes so much longer; atomic */
	gint made;	   /* encoders so far */
	const guint8 *memory; /* of the latest picture that it got */
	guint areas;	   /* ... and metas that say what is new in it */
	GObject *latest; /* borrowed: the one made last */
} encoder;

struct counter {
	guint n;
	GstClockTime first;
};

static GstPadProbeReturn spoil(GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
	GstBuffer *buffer = gst_buffer_make_writable(gst_pad_probe_info_get_buffer(info));
	struct counter *counter = data;

	GST_PAD_PROBE_INFO_DATA(info) = buffer;
	if (!counter->n)
		counter->first = GST_BUFFER_PTS(buffer);
	if (encoder.rewrites)
		GST_BUFFER_PTS(buffer) = GST_BUFFER_DTS(buffer) = counter->first + counter->n * (GST_SECOND / 60);
	counter->n++;
	if (encoder.forgets) {
		gpointer state = NULL;
		GstMeta *meta;

		while ((meta = gst_buffer_iterate_meta(buffer, &state))) {
			gst_buffer_remove_meta(buffer, meta);
			state = NULL;
		}
	}
	if (g_atomic_int_get(&encoder.takes_ms))
		g_usleep(g_atomic_int_get(&encoder.takes_ms) * MSEC_US);
	if (encoder.stalls_ms) {
		g_usleep(encoder.stalls_ms * MSEC_US);
		encoder.stalls_ms = 0;
	}
	return GST_PAD_PROBE_OK;
}

/* Where the picture lies that the encoder gets, and what it is told of it. */
static GstPadProbeReturn look(GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
	const GQuark changed = g_quark_from_static_string(WFD_CHANGED);
	GstBuffer *buffer = gst_pad_probe_info_get_buffer(info);
	gpointer state = NULL;
	GstMeta *meta;
	GstMapInfo map;

	g_assert_true(gst_buffer_map(buffer, &map, GST_MAP_READ));
	encoder.memory = map.data;
	gst_buffer_unmap(buffer, &map);
	encoder.areas = 0;
	while ((meta = gst_buffer_iterate_meta_filtered(buffer, &state, GST_VIDEO_REGION_OF_INTEREST_META_API_TYPE)))
		encoder.areas += ((GstVideoRegionOfInterestMeta *)meta)->roi_type == changed;
	return GST_PAD_PROBE_OK;
}

static void encoder_init(GTypeInstance *instance, gpointer class)
{
	g_autoptr(GstPad) pad = gst_element_get_static_pad(GST_ELEMENT(instance), "src");
	g_autoptr(GstPad) sink = gst_element_get_static_pad(GST_ELEMENT(instance), "sink");

	gst_pad_add_probe(sink, GST_PAD_PROBE_TYPE_BUFFER, look, NULL, NULL);

	encoder.latest = G_OBJECT(instance);
	g_atomic_int_inc(&encoder.made);
	gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, spoil, g_new0(struct counter, 1), g_free);
}

/* The element that everybody gets who asks for x264enc. */
static void register_encoder(void)
{
	g_autoptr(GstElementFactory) factory = gst_element_factory_find("x264enc");
	GstElement *element = gst_element_factory_create(factory, NULL);
	GTypeInfo info = { .instance_init = encoder_init };
	GTypeQuery query;
	GType type;

	g_assert_nonnull(element);
	g_type_query(G_OBJECT_TYPE(element), &query);
	info.class_size = query.class_size;
	info.instance_size = query.instance_size;
	type = g_type_register_static(query.type, "TestEncoder", &info, 0);
	gst_object_unref(element);
	g_assert_true(gst_element_register(NULL, "x264enc", GST_RANK_PRIMARY, type));
}

/* ------------------------------------------------------ a network that may be away */

static gint unreachable;
static gint held_ms; /* the next packets take so long */
static gint counted; /* what SIOCOUTQ says */

int __wrap_ioctl(int fd, unsigned long request, ...);
int __real_ioctl(int fd, unsigned long request, ...);

int __wrap_ioctl(int fd, unsigned long request, ...)
{
	va_list args;
	void *argument;

	va_start(args, request);
	argument = va_arg(args, void *);
	va_end(args);
	if (request != SIOCOUTQ)
		return __real_ioctl(fd, request, argument);
	*(int *)argument = g_atomic_int_get(&counted);
	return 0;
}

ssize_t __wrap_writev(int fd, const struct iovec *vectors, int n);
ssize_t __real_writev(int fd, const struct iovec *vectors, int n);

ssize_t __wrap_writev(int fd, const struct iovec *vectors, int n)
{
	gint ms = g_atomic_int_and((guint *)&held_ms, 0);

	if (ms)
		g_usleep(ms * MSEC_US);
	if (!g_atomic_int_get(&unreachable))
		return __real_writev(fd, vectors, n);
	errno = ENETUNREACH;
	return -1;
}

/* ------------------------------------------------------------------------ a session */

struct fixture {
	struct rtp_reader *reader;
	media_pipeline *pipeline;
	sound_pump *sound; /* of tones, if the mode has sound */
	gpointer sound_source;
	GSocket *socket;
	struct wfd_selection selection;
	struct picture picture;
	struct frame_info info;
	GArray *shown; /* guint64, of the pictures pushed */

	gint wants;
	gint needs;
	gint sent;
	gint encoded;
	gint divisor; /* as told; 0: nothing was */
	gint settled; /* the latest one */
	guint failures;
	enum channel_reason reason;
};

static void wanted(gpointer data)
{
	struct fixture *f = data;

	g_atomic_int_set(&f->wants, 1);
}

static void needed(gpointer data)
{
	struct fixture *f = data;

	g_atomic_int_inc(&f->needs);
}

static void first_sent(gpointer data)
{
}

static void failed(enum channel_reason reason, const char *message, gpointer data)
{
	struct fixture *f = data;

	g_test_message("failed: %s", message);
	f->failures++;
	f->reason = reason;
}

static void frame_sent(guint64 seq, guint encode_us, guint bytes, gpointer data)
{
	struct fixture *f = data;

	g_atomic_int_inc(&f->sent);
}

static void encoded(guint64 seq, gboolean key, enum picture_gain gain, gpointer data)
{
	struct fixture *f = data;

	g_atomic_int_set(&f->settled, gain == GAIN_NONE);
	g_atomic_int_inc(&f->encoded);
}

static void load(guint divisor, gpointer data)
{
	struct fixture *f = data;

	g_atomic_int_set(&f->divisor, divisor);
}

static const struct media_pipeline_funcs funcs = {
	.wanted = wanted,
	.needed = needed,
	.first_sent = first_sent,
	.failed = failed,
	.frame_sent = frame_sent,
	.load = load,
	.encoded = encoded,
};

static struct wfd_selection select_mode(guint bit, guint8 profile, enum wfd_level level)
{
	return (struct wfd_selection){
		.mode = wfd_mode_lookup(WFD_SET_R1, WFD_TABLE_CEA, bit),
		.set = WFD_SET_R1,
		.profile = profile,
		.level = level,
		.bitrate = 2000000,
		.audio_format = WFD_AUDIO_NONE,
	};
}

#define VGA60 select_mode(0, WFD_H264_PROFILE_CBP, WFD_LEVEL_3_1)
#define HD30 select_mode(5, WFD_H264_PROFILE_CHP, WFD_LEVEL_3_1)

static void set_picture(struct fixture *f, const struct wfd_mode *mode)
{
	g_free(f->picture.data);
	gst_video_info_set_format(&f->picture.info, GST_VIDEO_FORMAT_I420, mode->width, mode->height);
	f->picture.data = g_malloc(GST_VIDEO_INFO_SIZE(&f->picture.info));
	memset(f->picture.data, 128, GST_VIDEO_INFO_SIZE(&f->picture.info));
}

static void sound_unit(const struct sound_unit *unit, gpointer data)
{
	struct fixture *f = data;

	media_pipeline_push_sound(f->pipeline, unit);
}

static void begin_sound(struct fixture *f)
{
	struct sound_layout layout;

	if (!media_pipeline_sound_layout(&f->selection, &layout))
		return;
	f->sound_source = sound_source_test.create(NULL, &layout.format, NULL);
	f->sound = sound_pump_new(&sound_source_test, f->sound_source, &layout, sound_unit, f, NULL);
	g_assert_nonnull(f->sound);
}

static void play(struct fixture *f)
{
	media_pipeline_play(f->pipeline);
	if (f->sound)
		sound_pump_set_running(f->sound, TRUE);
}

static void pause_stream(struct fixture *f)
{
	if (f->sound)
		sound_pump_set_running(f->sound, FALSE);
	media_pipeline_pause(f->pipeline);
}

#define LEAST_BIT_RATE 400000

/* @quirks: its pmt_pid, frame_marker and lead_ms */
static void begin_with(struct fixture *f, struct wfd_selection selection, const struct wfd_quirks *quirks)
{
	g_autoptr(GSocketAddress) address = g_inet_socket_address_new_from_string("127.0.0.1", 0);
	g_autoptr(GError) error = NULL;
	struct media_pipeline_config config = {
		.encoder = video_encoder_find("x264enc", &error),
		.selection = &f->selection,
		.bit_rate = selection.bitrate,
		.least_bit_rate = LEAST_BIT_RATE,
		.pmt_pid = quirks->pmt_pid,
		.frame_marker = quirks->frame_marker,
		.lead_ms = quirks->lead_ms,
	};

	memset(f, 0, sizeof(*f));
	memset(&encoder, 0, sizeof(encoder));
	g_assert_no_error(error);
	f->selection = selection;
	f->shown = g_array_new(FALSE, FALSE, sizeof(guint64));
	f->reader = rtp_reader_new();
	f->socket = config.socket = g_socket_new(G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_DATAGRAM, G_SOCKET_PROTOCOL_UDP, NULL);
	g_assert_true(g_socket_bind(f->socket, address, FALSE, NULL));
	g_assert_true(rtp_ports_connect(g_socket_get_fd(f->socket), "127.0.0.1", rtp_reader_port(f->reader), NULL));
	set_picture(f, selection.mode);
	f->pipeline = media_pipeline_new(&config, &funcs, f, &error);
	g_assert_no_error(error);
	begin_sound(f);
}

static void begin(struct fixture *f, struct wfd_selection selection)
{
	begin_with(f, selection, &(struct wfd_quirks){ .pmt_pid = 0x100 });
}

static void end(struct fixture *f)
{
	sound_pump_free(f->sound);
	if (f->sound_source)
		sound_source_test.destroy(f->sound_source);
	media_pipeline_free(f->pipeline);
	rtp_reader_free(f->reader);
	g_object_unref(f->socket);
	g_array_unref(f->shown);
	g_free(f->picture.data);
}

/* The main context, for so long. */
static void run(gint64 ms)
{
	gint64 until = g_get_monotonic_time() + ms * MSEC_US;

	while (g_get_monotonic_time() < until) {
		if (!g_main_context_iteration(NULL, FALSE))
			g_usleep(200);
	}
}

/* So long after a flip is the vertical blank that it is shown with, at most. */
#define LATEST_BLANK_MS 9

/* As the pump does: a picture when the encoder wants one, that has come @age_us ago. */
static void push(struct fixture *f, gint64 age_us, gboolean repeat)
{
	gint64 until = g_get_monotonic_time() + 5 * G_USEC_PER_SEC;
	gsize size = GST_VIDEO_INFO_SIZE(&f->picture.info);

	while (!g_atomic_int_compare_and_exchange(&f->wants, 1, 0)) {
		g_assert_cmpint(g_get_monotonic_time(), <, until);
		if (!g_main_context_iteration(NULL, FALSE))
			g_usleep(100);
	}
	if (!repeat) {
		f->info.seq++;
		f->info.flip_ns = (g_get_monotonic_time() - age_us) * 1000;
		for (guint i = 0; i < 64; i++)
			f->picture.data[(f->info.seq * 640 + i) % size] ^= 0x55;
		/* The desktop's vertical blank is some time after its flip. */
		f->info.shown_ns = f->info.flip_ns + f->info.seq % 4 * (LATEST_BLANK_MS / 3) * MSEC_US * 1000;
		g_array_append_val(f->shown, f->info.shown_ns);
	}
	media_pipeline_push(f->pipeline, &f->picture, &f->info, repeat);
}

static const struct rtp_unit *unit_at(GPtrArray *units, guint i)
{
	g_assert_cmpuint(i, <, units->len);
	return g_ptr_array_index(units, i);
}

static void assert_begins(const struct rtp_unit *unit)
{
	g_assert_true(unit->idr);
	g_assert_true(unit->sps);
	g_assert_true(unit->pps);
}

/* ---------------------------------------------------------------------------- times */

/*
 * Each picture has the time of the vertical blank after its flip, from a desktop that shows pictures as it likes, and
 * whatever the encoder makes of times and of what is attached.
 */
static gint64 shown_ticks(const struct fixture *f, guint i)
{
	return g_array_index(f->shown, guint64, i) * 9 / 100000;
}

static void check_times(gboolean rewrites, gboolean forgets)
{
	static const guint gaps_ms[] = { 17, 17, 120, 17, 33, 200, 17, 17, 90, 50, 17, 17, 17, 150, 17 };
	struct media_stats stats;
	g_autoptr(GPtrArray) units = NULL;
	gint64 base = G_MAXINT64;
	guint late = 0;
	struct fixture f;

	begin(&f, VGA60);
	encoder.rewrites = rewrites;
	encoder.forgets = forgets;
	media_pipeline_play(f.pipeline);
	for (guint i = 0; i < G_N_ELEMENTS(gaps_ms); i++) {
		push(&f, i % 3 * 2 * MSEC_US, FALSE);
		run(gaps_ms[i]);
	}
	run(50);
	media_pipeline_take_stats(f.pipeline, &stats);
	units = rtp_reader_units(f.reader, TRUE);
	g_assert_cmpuint(units->len, ==, f.shown->len);
	g_assert_cmpint(f.sent, ==, f.shown->len);
	for (guint i = 0; i < units->len; i++)
		base = MIN(base, (gint64)unit_at(units, i)->pts - shown_ticks(&f, i));
	for (guint i = 0; i < units->len; i++) {
		const struct rtp_unit *unit = unit_at(units, i);

		/* Too late for its time, on a slow machine: shown at once. */
		if ((gint64)unit->pts - unit->pcr <= 90 * 6)
			late++;
		else
			g_assert_cmpint((gint64)unit->pts - shown_ticks(&f, i) - base, <=, 2);
	}
	g_assert_cmpuint(late, <=, units->len / 3);
	g_assert_cmpuint(stats.latency.median_us, >, 0);
	g_assert_cmpuint(stats.latency.median_us, <, 500 * MSEC_US);
	g_assert_cmpuint(stats.latency.p95_us, >=, stats.latency.median_us);
	g_assert_cmpuint(stats.latency.p99_us, >=, stats.latency.p95_us);
	/* Its parts, of which each is one of the whole. */
	g_assert_cmpuint(stats.encoding.median_us, >, 0);
	g_assert_cmpuint(stats.waiting.median_us, <=, stats.latency.p99_us);
	g_assert_cmpuint(stats.encoding.p99_us, <=, stats.latency.p99_us);
	g_assert_cmpuint(stats.sending.median_us, >, 0);
	g_assert_cmpuint(stats.sending.median_us, <=, stats.latency.p99_us);
	end(&f);
}

static void test_times(void)
{
	check_times(FALSE, FALSE);
}

static void test_times_of_encoder(void)
{
	check_times(TRUE, TRUE);
}

/* A picture that is shown again has the time of now; one that waited for long, too. */
static void test_times_of_old_pictures(void)
{
	g_autoptr(GPtrArray) units = NULL;
	struct fixture f;

	begin(&f, VGA60);
	media_pipeline_play(f.pipeline);
	push(&f, 5 * G_USEC_PER_SEC, FALSE);
	run(100);
	push(&f, 0, TRUE);
	run(100);
	push(&f, 0, TRUE);
	run(50);
	units = rtp_reader_units(f.reader, TRUE);
	g_assert_cmpuint(units->len, ==, 3);
	for (guint i = 0; i < units->len; i++) {
		gint64 lead = (gint64)unit_at(units, i)->pts - unit_at(units, i)->pcr;

		g_assert_cmpint(lead, >, 0);
		g_assert_cmpint(lead, <, 90 * 100);
	}
	end(&f);
}

/* ------------------------------------------------------------------------- the clock */

/*
 * A picture that takes 400 ms is late, and the clock of the sink goes on as before: those
 * behind it are shown as soon after their arrival as those before.
 */
static void test_late_picture(void)
{
	g_autoptr(GPtrArray) units = NULL;
	/* Of those that were encoded fastest. */
	gint64 before = 0, after = 0;
	struct fixture f;

	begin(&f, VGA60);
	media_pipeline_play(f.pipeline);
	for (guint i = 0; i < 60; i++) {
		if (i == 20)
			encoder.stalls_ms = 400;
		push(&f, 0, FALSE);
		run(17);
	}
	run(50);
	units = rtp_reader_units(f.reader, TRUE);
	g_assert_cmpuint(units->len, ==, 60);
	for (guint i = 0; i < units->len; i++) {
		gint64 lead = (gint64)unit_at(units, i)->pts - unit_at(units, i)->pcr;

		g_assert_cmpuint(unit_at(units, i)->steps, ==, 1);
		g_assert_cmpint(lead, >=, 0);
		if (i >= 5 && i < 20)
			before = MAX(before, lead);
		if (i >= 30)
			after = MAX(after, lead);
	}
	g_assert_cmpint(after - before, <, 90 * 20);
	end(&f);
}

/* A sink that wants pictures long before they are shown, and to be told where each one ends. */
static void check_quirks(const struct wfd_quirks *quirks, gint64 least_lead_ms, gint64 most_lead_ms)
{
	g_autoptr(GPtrArray) units = NULL;
	gint64 longest = 0;
	struct fixture f;

	begin_with(&f, VGA60, quirks);
	media_pipeline_play(f.pipeline);
	for (guint i = 0; i < 10; i++) {
		push(&f, 0, FALSE);
		run(17);
	}
	run(100);
	units = rtp_reader_units(f.reader, TRUE);
	g_assert_cmpuint(units->len, ==, 10);
	for (guint i = 0; i < units->len; i++) {
		longest = MAX(longest, (gint64)unit_at(units, i)->pts - unit_at(units, i)->pcr);
		/* RFC 2250: only where time jumps, which is at the first packet. */
		if (i > 0)
			g_assert_cmpint(unit_at(units, i)->marker, ==, quirks->frame_marker);
	}
	/* Of the one that was encoded fastest. */
	g_assert_cmpint(longest, >, 90 * least_lead_ms);
	g_assert_cmpint(longest, <=, 90 * (most_lead_ms + LATEST_BLANK_MS));
	end(&f);
}

static void test_quirks(void)
{
	check_quirks(&(struct wfd_quirks){ .pmt_pid = 0x100 }, 0, 27);
	check_quirks(&(struct wfd_quirks){ .pmt_pid = 0x200, .lead_ms = 300, .frame_marker = TRUE }, 150, 301);
}

/* The longest lead of pictures from the one numbered @first on. */
static gint64 longest_lead(GPtrArray *units, guint first)
{
	gint64 longest = G_MININT64;

	for (guint i = first; i < units->len; i++)
		longest = MAX(longest, (gint64)unit_at(units, i)->pts - unit_at(units, i)->pcr);
	return longest;
}

/*
 * Pictures are ahead of the clock by no more than a period and 10 ms, but for what the desktop is ahead of
 * its vertical blank; with "low" by no more than a period, with "high" by much more.  Who changes that while the
 * stream runs makes one step of the clock, which says so.  And a picture that is there is sent.
 */
static void test_latency(void)
{
	static const struct {
		enum channel_latency latency;
		gint64 least_ms, most_ms;
	} turns[] = {
		{ CHANNEL_LATENCY_NORMAL, 1, 27 },
		{ CHANNEL_LATENCY_LOW, 1, 17 },
		{ CHANNEL_LATENCY_LOW, 1, 17 },
		{ CHANNEL_LATENCY_HIGH, 90, 134 },
		{ CHANNEL_LATENCY_NORMAL, 1, 27 },
	};
	struct media_stats stats;
	guint steps = 1, first = 0;
	struct fixture f;

	begin(&f, VGA60);
	media_pipeline_play(f.pipeline);
	for (guint turn = 0; turn < G_N_ELEMENTS(turns); turn++) {
		g_autoptr(GPtrArray) units = NULL;

		media_pipeline_set_latency(f.pipeline, turns[turn].latency);
		for (guint i = 0; i < 20; i++) {
			push(&f, 0, FALSE);
			run(17);
		}
		run(60);
		units = rtp_reader_units(f.reader, TRUE);
		g_assert_cmpuint(units->len, ==, first + 20);
		g_test_message("%s: %.1f ms ahead at most", channel_latency_name(turns[turn].latency),
			       longest_lead(units, first) / 90.0);
		g_assert_cmpint(longest_lead(units, first), >=, 90 * turns[turn].least_ms);
		g_assert_cmpint(longest_lead(units, first), <=, 90 * (turns[turn].most_ms + LATEST_BLANK_MS));
		steps += turn && turns[turn].latency != turns[turn - 1].latency;
		g_assert_cmpuint(unit_at(units, units->len - 1)->steps, ==, steps);
		g_assert_cmpuint(unit_at(units, first)->steps, ==, steps);
		first = units->len;
	}
	media_pipeline_take_stats(f.pipeline, &stats);
	g_test_message("sent after %u us", (guint)stats.sending.median_us);
	g_assert_cmpuint(stats.sending.median_us, <=, 2000);
	end(&f);
}

/* Pictures as soon as the encoder wants them, until @divisor was told; returns how long that took. */
static gint64 push_until(struct fixture *f, gint divisor)
{
	const gint64 begin = g_get_monotonic_time();

	while (g_atomic_int_get(&f->divisor) != divisor) {
		g_assert_cmpint(g_get_monotonic_time() - begin, <, 20 * G_USEC_PER_SEC);
		push(f, 0, FALSE);
	}
	return g_get_monotonic_time() - begin;
}

/*
 * An encoder that becomes slow in mid-session, at 60 Hz: within a second only half the pictures are wanted, and
 * all of them again when it has been as quick as before for a while.  A new mode begins with all.
 */
static void test_slow_encoder(void)
{
	struct wfd_selection hd = HD30;
	struct fixture f;
	gint64 took;

	begin(&f, VGA60);
	media_pipeline_play(f.pipeline);
	for (guint i = 0; i < 30; i++) {
		push(&f, 0, FALSE);
		run(17);
	}
	g_assert_cmpint(f.divisor, ==, 0);
	g_atomic_int_set(&encoder.takes_ms, 22);
	took = push_until(&f, 2);
	g_test_message("half of them after %.0f ms", took / 1000.0);
	g_assert_cmpint(took, <=, G_USEC_PER_SEC);
	g_atomic_int_set(&encoder.takes_ms, 0);
	took = push_until(&f, 1);
	g_test_message("all after %.0f ms", took / 1000.0);
	g_assert_cmpint(took, >=, 2 * G_USEC_PER_SEC);
	g_atomic_int_set(&encoder.takes_ms, 22);
	push_until(&f, 2);
	g_atomic_int_set(&encoder.takes_ms, 0);
	set_picture(&f, hd.mode);
	media_pipeline_set_mode(f.pipeline, &hd, media_pipeline_pts_in(f.pipeline, 20));
	push_until(&f, 1);
	g_assert_cmpuint(f.failures, ==, 0);
	end(&f);
}

/* ------------------------------------------------------------------- PLAY and PAUSE */

/* After each PLAY: an IDR with its parameter sets, shown soon, nothing older; in between nothing at all. */
static void test_pauses(void)
{
	struct wfd_selection selection = VGA60;
	guint32 rtp_base = 0;
	struct fixture f;

	selection.audio_format = WFD_AUDIO_AAC;
	selection.audio_mode = WFD_AAC_48K_16_2;
	begin(&f, selection);
	for (guint n = 0; n < 8; n++) {
		g_autoptr(GPtrArray) units = NULL;
		g_autoptr(GPtrArray) sound = NULL;
		gint64 played = g_get_monotonic_time();
		guint packets, first = 0, first_sound = 0;

		play(&f);
		for (guint i = 0; i < 12; i++) {
			push(&f, 0, FALSE);
			run(i == 11 ? n % 3 : 17);
		}
		pause_stream(&f);
		/* What has left arrives. */
		run(60);
		packets = rtp_reader_packets(f.reader);
		/* The pump may come too late. */
		if (n % 2)
			push(&f, 0, FALSE);
		run(150);
		g_assert_cmpuint(rtp_reader_packets(f.reader), ==, packets);

		units = rtp_reader_units(f.reader, TRUE);
		sound = rtp_reader_units(f.reader, FALSE);
		while (first < units->len && unit_at(units, first)->arrival_us < played)
			first++;
		while (first_sound < sound->len && unit_at(sound, first_sound)->arrival_us < played)
			first_sound++;
		assert_begins(unit_at(units, first));
		if (n == 0)
			rtp_base = unit_at(units, first)->rtp - (guint32)unit_at(units, first)->pcr;
		/* RTP time and PCR tell the same time as in the first PLAY, to a tick. */
		g_assert_cmpint(ABS((gint32)(unit_at(units, first)->rtp - (guint32)unit_at(units, first)->pcr - rtp_base)), <=, 2);
		for (guint i = first; i < units->len; i++) {
			gint64 lead = (gint64)unit_at(units, i)->pts - unit_at(units, i)->pcr;

			g_assert_cmpint(lead, >=, 0);
			g_assert_cmpint(lead, <=, 90 * 100);
		}
		/* Sound begins with the picture, and not with what was left over. */
		g_assert_cmpuint(first_sound, <, sound->len);
		g_assert_cmpint((gint64)(unit_at(sound, first_sound)->pts - unit_at(units, first)->pts), >=, 0);
		g_assert_cmpint((gint64)(unit_at(sound, first_sound)->pts - unit_at(units, first)->pts), <, 90 * 100);
	}
	g_assert_cmpuint(f.failures, ==, 0);
	end(&f);
}

/* ----------------------------------------------------------------------------- sound */

/* Samples of the first channel, decoded; the first one has the time of the first unit. */
static GArray *decode(GPtrArray *units, enum wfd_audio_format format, guint channels)
{
	GArray *samples = g_array_new(FALSE, FALSE, sizeof(gint16));
	g_autoptr(GstElement) pipeline = NULL;
	g_autoptr(GstElement) source = NULL;
	g_autoptr(GstElement) sink = NULL;
	g_autoptr(GError) error = NULL;
	g_autofree char *text = NULL;

	if (format == WFD_AUDIO_LPCM) {
		for (guint i = 0; i < units->len; i++) {
			const struct rtp_unit *unit = unit_at(units, i);

			/* Behind the private header. */
			for (guint at = 4; at + 2 * channels <= unit->data->len; at += 2 * channels) {
				gint16 value = unit->data->data[at] << 8 | unit->data->data[at + 1];

				g_array_append_val(samples, value);
			}
		}
		return samples;
	}
	text = g_strdup_printf("appsrc name=source caps=%s ! %s ! %s ! audioconvert ! "
			       "audio/x-raw,format=S16LE,channels=%u ! appsink name=sink sync=false",
			       format == WFD_AUDIO_AAC ? "audio/mpeg,mpegversion=2,stream-format=adts" : "audio/x-ac3",
			       format == WFD_AUDIO_AAC ? "aacparse" : "ac3parse",
			       format == WFD_AUDIO_AAC ? "avdec_aac" : "avdec_ac3", channels);
	pipeline = gst_parse_launch(text, &error);
	g_assert_no_error(error);
	source = gst_bin_get_by_name(GST_BIN(pipeline), "source");
	sink = gst_bin_get_by_name(GST_BIN(pipeline), "sink");
	gst_element_set_state(pipeline, GST_STATE_PLAYING);
	for (guint i = 0; i < units->len; i++) {
		const struct rtp_unit *unit = unit_at(units, i);

		gst_app_src_push_buffer(GST_APP_SRC(source), gst_buffer_new_memdup(unit->data->data, unit->data->len));
	}
	gst_app_src_end_of_stream(GST_APP_SRC(source));
	for (;;) {
		g_autoptr(GstSample) sample = gst_app_sink_pull_sample(GST_APP_SINK(sink));
		GstMapInfo map;

		if (!sample)
			break;
		g_assert_true(gst_buffer_map(gst_sample_get_buffer(sample), &map, GST_MAP_READ));
		for (gsize at = 0; at + 2 * channels <= map.size; at += 2 * channels)
			g_array_append_vals(samples, map.data + at, 1);
		gst_buffer_unmap(gst_sample_get_buffer(sample), &map);
	}
	gst_element_set_state(pipeline, GST_STATE_NULL);
	return samples;
}

/* How long a click of the test source is. */
#define CLICK_MS 10

/* Each click, which the test source has with each second, has the PTS that a picture of that second has. */
static void check_clicks(const struct fixture *f, GPtrArray *units, GPtrArray *pictures, guint frame,
			 guint later_ms)
{
	guint rate = wfd_audio_rate(f->selection.audio_format, f->selection.audio_mode);
	guint channels = wfd_audio_channels(f->selection.audio_format, f->selection.audio_mode);
	g_autoptr(GArray) samples = decode(units, f->selection.audio_format, channels);
	gint64 base = G_MAXINT64, last = -(gint64)rate;
	/* So soon it may be the rest of a click that came before the sound, and what the decoder makes of its beginning. */
	guint cut = CLICK_MS * rate / 1000 + 2 * frame;
	guint clicks = 0;

	for (guint i = 0; i < pictures->len; i++)
		base = MIN(base, (gint64)unit_at(pictures, i)->pts - shown_ticks(f, i));
	for (guint i = 0; i < samples->len; i++) {
		gint64 off;

		if (ABS(g_array_index(samples, gint16, i)) < 12000 || i < last + rate / 2)
			continue;
		last = i;
		if (i < cut)
			continue;
		clicks++;
		off = ((gint64)unit_at(units, 0)->pts + (gint64)i * 90000 / rate - base) % 90000 - later_ms * 90;
		if (off > 45000)
			off -= 90000;
		g_test_message("click off by %.2f ms", off / 90.0);
		g_assert_cmpint(ABS(off), <=, 90);
	}
	g_assert_cmpuint(clicks, >=, 1);
}

/* Sound of two seconds, as a rule from the middle of a click on: no gap, each sample at its time, and soon. */
static void check_sound(enum wfd_audio_format format, guint32 mode, guint frame, guint later_ms, guint limit_ms)
{
	struct wfd_selection selection = VGA60;
	g_autoptr(GPtrArray) units = NULL;
	g_autoptr(GPtrArray) pictures = NULL;
	struct sound_state state;
	struct media_stats stats;
	struct fixture f;
	guint rate;

	selection.audio_format = format;
	selection.audio_mode = mode;
	rate = wfd_audio_rate(format, mode);
	begin(&f, selection);
	/* The first unit is of what is played some 20 ms after PLAY. */
	run((2 * G_USEC_PER_SEC - g_get_monotonic_time() % G_USEC_PER_SEC) / MSEC_US - 20 + CLICK_MS / 2);
	play(&f);
	for (guint i = 0; i < 110; i++) {
		push(&f, 0, FALSE);
		run(20);
	}
	sound_pump_get_state(f.sound, &state);
	pause_stream(&f);
	run(50);
	units = rtp_reader_units(f.reader, FALSE);
	pictures = rtp_reader_units(f.reader, TRUE);
	g_assert_cmpuint(units->len, >=, 2 * rate / frame);
	for (guint i = 1; i < units->len; i++) {
		gint64 step = unit_at(units, i)->pts - unit_at(units, i - 1)->pts;

		g_assert_cmpint(ABS(step * rate - 90000 * (gint64)frame), <=, 2 * rate);
	}
	check_clicks(&f, units, pictures, frame, later_ms);
	media_pipeline_take_stats(f.pipeline, &stats);
	g_test_message("latency %.1f ms, 95 %%: %.1f ms", stats.sound_latency.median_us / 1000.0,
		       stats.sound_latency.p95_us / 1000.0);
	g_assert_cmpuint(stats.sound_latency.median_us, >, 0);
	g_assert_cmpuint(stats.sound_latency.median_us, <=, limit_ms * MSEC_US);
	g_assert_cmpuint(stats.sound_skipped_us, ==, 0);
	g_assert_cmpuint(state.counters.skipped_us, ==, 0);
	g_assert_cmpuint(state.counters.lost_us, ==, 0);
	g_assert_cmpint(state.activity, ==, SOUND_PLAYING);
	g_assert_cmpuint(f.failures, ==, 0);
	end(&f);
}

/* Nothing leaves for 400 ms: of the sound that has waited the oldest is skipped, once, and the newest is sent. */
static void test_sound_held(void)
{
	struct wfd_selection selection = VGA60;
	g_autoptr(GPtrArray) units = NULL;
	guint gaps = 0, missing_us = 0, late = 0;
	struct media_stats stats;
	struct fixture f;

	selection.audio_format = WFD_AUDIO_LPCM;
	selection.audio_mode = WFD_LPCM_48K_16_2;
	begin(&f, selection);
	play(&f);
	for (guint i = 0; i < 50; i++) {
		if (i == 25)
			g_atomic_int_set(&held_ms, 400);
		push(&f, 0, FALSE);
		run(20);
	}
	media_pipeline_take_stats(f.pipeline, &stats);
	pause_stream(&f);
	run(50);
	units = rtp_reader_units(f.reader, FALSE);
	for (guint i = 1; i < units->len; i++) {
		gint64 missing = unit_at(units, i)->pts - unit_at(units, i - 1)->pts - 900;

		/* By the sink's clock. */
		late += (gint64)unit_at(units, i)->pts - unit_at(units, i)->pcr < -90 * 150;
		if (missing < 900)
			continue;
		gaps++;
		missing_us += missing * 100 / 9;
		/* Behind the gap is what was as new as may wait: of 400 ms, and what came before they were over. */
		g_assert_cmpint(missing, >=, 90 * 150);
		g_assert_cmpint(missing, <=, 90 * 350);
	}
	/* Nothing is sent that has waited for long, but what was on its way. */
	g_assert_cmpuint(late, <=, 1);
	g_assert_cmpuint(gaps, ==, 1);
	g_assert_cmpuint(stats.sound_gaps, ==, 1);
	g_assert_cmpint(ABS((gint)(stats.sound_skipped_us - missing_us)), <=, 100);
	end(&f);
}

static void test_sound_lpcm(void)
{
	check_sound(WFD_AUDIO_LPCM, WFD_LPCM_48K_16_2, 480, 0, 25);
	check_sound(WFD_AUDIO_LPCM, WFD_LPCM_44K1_16_2, 480, 0, 25);
}

static void test_sound_aac(void)
{
	check_sound(WFD_AUDIO_AAC, WFD_AAC_48K_16_2, 1024, 17, 40);
	check_sound(WFD_AUDIO_AAC, WFD_AAC_48K_16_6, 1024, 17, 40);
}

static void test_sound_ac3(void)
{
	check_sound(WFD_AUDIO_AC3, WFD_AC3_48K_16_2, 1536, 0, 50);
	check_sound(WFD_AUDIO_AC3, WFD_AC3_48K_16_6, 1536, 0, 50);
}

/* ------------------------------------------------------------------------ key frames */

/* A desktop that stands still gets key frames as often as one that does not: by time. */
static void test_key_frames_by_time(void)
{
	g_autoptr(GPtrArray) units = NULL;
	gint64 began = g_get_monotonic_time();
	guint64 last = 0;
	struct fixture f;

	begin(&f, VGA60);
	media_pipeline_play(f.pipeline);
	push(&f, 0, FALSE);
	while (g_get_monotonic_time() < began + 9 * G_USEC_PER_SEC) {
		run(200);
		push(&f, 0, TRUE);
	}
	run(50);
	units = rtp_reader_units(f.reader, TRUE);
	for (guint i = 0; i < units->len; i++) {
		if (unit_at(units, i)->idr) {
			assert_begins(unit_at(units, i));
			last = unit_at(units, i)->pts;
		}
		g_assert_cmpuint(unit_at(units, i)->pts - last, <=, 90000 * 5);
	}
	g_assert_cmpint(f.needs, ==, 0);
	end(&f);
}

/*
 * A sink that asks 50 times a second gets four key frames a second; they are pictures that would
 * have come anyway, and one that is due while nothing flows is asked for.
 */
static void test_key_frames_asked(void)
{
	g_autoptr(GPtrArray) units = NULL;
	guint pushed = 0, idr = 0;
	gint64 pushed_us;
	struct fixture f;

	begin(&f, VGA60);
	media_pipeline_play(f.pipeline);
	for (guint i = 0; i < 100; i++) {
		media_pipeline_key_frame(f.pipeline);
		if (i % 2 == 0) {
			push(&f, 0, FALSE);
			pushed++;
		}
		run(20);
	}
	run(50);
	units = rtp_reader_units(f.reader, TRUE);
	g_assert_cmpuint(units->len, ==, pushed);
	for (guint i = 0; i < units->len; i++)
		idr += unit_at(units, i)->idr;
	/* 2 s, a little more on a slow machine. */
	g_assert_cmpuint(idr, >=, 7);
	g_assert_cmpuint(idr, <=, 1 + (unit_at(units, units->len - 1)->pts - unit_at(units, 0)->pts) / (90000 / 4));

	/* Now nothing comes by itself. */
	run(300);
	pushed_us = g_get_monotonic_time();
	push(&f, 0, TRUE);
	run(20);
	g_atomic_int_set(&f.needs, 0);
	media_pipeline_key_frame(f.pipeline);
	run(100);
	if (g_get_monotonic_time() - pushed_us < 240 * MSEC_US)
		g_assert_cmpint(f.needs, ==, 0);
	run(250);
	g_assert_cmpint(f.needs, ==, 1);
	end(&f);
}

/* Key frames of two seconds in which all is said to be new, or nothing. */
static guint64 key_frames_of_noise(gboolean moves)
{
	g_autoptr(GRand) random = g_rand_new_with_seed(1);
	struct media_stats stats;
	struct fixture f;

	begin(&f, VGA60);
	f.info.changes.everything = moves;
	media_pipeline_play(f.pipeline);
	for (guint i = 0; i < 60; i++) {
		for (gsize at = 0; at < GST_VIDEO_INFO_SIZE(&f.picture.info); at += 4)
			*(guint32 *)(f.picture.data + at) = g_rand_int(random);
		push(&f, 0, FALSE);
		run(33);
	}
	media_pipeline_take_stats(f.pipeline, &stats);
	end(&f);
	return stats.idr;
}

/* Where all moves, and takes the bits, one who misses something need not ask. */
static void test_key_frames_in_motion(void)
{
	g_assert_cmpuint(key_frames_of_noise(TRUE), >=, 4);
	g_assert_cmpuint(key_frames_of_noise(FALSE), <=, 2);
}

static guint encoder_bit_rate(void)
{
	guint kbits;

	g_object_get(encoder.latest, "bitrate", &kbits, NULL);
	return kbits * 1000;
}

/* The kernel does not get rid of what it has: the encoder gets less; and no more than the driver says. */
static void test_rate(void)
{
	struct media_stats stats;
	struct fixture f;
	guint agreed;

	begin(&f, VGA60);
	agreed = f.selection.bitrate;
	g_assert_cmpuint(agreed, >, 2 * LEAST_BIT_RATE);
	media_pipeline_play(f.pipeline);
	for (guint i = 0; i < 20; i++) {
		push(&f, 0, FALSE);
		run(15);
	}
	media_pipeline_take_stats(f.pipeline, &stats);
	g_assert_cmpuint(stats.bit_rate, ==, agreed);
	g_assert_cmpuint(encoder_bit_rate(), ==, agreed / 1000 * 1000);
	g_atomic_int_set(&counted, 2000000);
	for (guint i = 0; i < 30; i++) {
		push(&f, 0, FALSE);
		run(15);
	}
	g_atomic_int_set(&counted, 0);
	media_pipeline_take_stats(f.pipeline, &stats);
	g_assert_cmpuint(stats.bit_rate, ==, LEAST_BIT_RATE);
	g_assert_cmpuint(encoder_bit_rate(), ==, LEAST_BIT_RATE);
	end(&f);

	begin(&f, VGA60);
	media_pipeline_limit_bit_rate(f.pipeline, agreed / 2);
	g_assert_cmpuint(encoder_bit_rate(), ==, agreed / 2000 * 1000);
	media_pipeline_limit_bit_rate(f.pipeline, 0);
	g_assert_cmpuint(encoder_bit_rate(), ==, agreed / 1000 * 1000);
	end(&f);
}

/* The path is away for a second: the session goes on, and with a key frame that nobody asked for. */
static void test_network_away(void)
{
	g_autoptr(GPtrArray) units = NULL;
	guint n, first;
	struct fixture f;

	begin(&f, VGA60);
	media_pipeline_play(f.pipeline);
	for (n = 0; n < 90; n++) {
		g_atomic_int_set(&unreachable, n >= 20 && n < 50);
		push(&f, 0, FALSE);
		run(17);
	}
	run(50);
	units = rtp_reader_units(f.reader, TRUE);
	/* The one in front of the gap is complete only when it ends. */
	for (first = 1; first < units->len; first++) {
		if (unit_at(units, first)->idr)
			break;
	}
	assert_begins(unit_at(units, first));
	g_assert_cmpuint(first, >=, 19);
	g_assert_cmpuint(first, <=, 30);
	g_assert_cmpuint(units->len, <=, 62);
	g_assert_cmpuint(f.failures, ==, 0);
	end(&f);
}

/* ------------------------------------------------------------------------ a new mode */

static void check_mode(struct wfd_selection from, struct wfd_selection to, const guint8 profile[2], guint delay_ms)
{
	g_autoptr(GPtrArray) units = NULL;
	guint64 at;
	guint first, changed;
	struct fixture f;

	begin(&f, from);
	media_pipeline_play(f.pipeline);
	for (guint i = 0; i < 10; i++) {
		push(&f, 0, FALSE);
		run(30);
	}
	at = media_pipeline_pts_in(f.pipeline, 150);
	/* The answer takes its time. */
	for (guint i = 0; i < delay_ms / 30; i++) {
		push(&f, 0, FALSE);
		run(30);
	}
	media_pipeline_set_mode(f.pipeline, &to, at);
	/* One of the old size that was on its way, then new ones. */
	push(&f, 0, FALSE);
	set_picture(&f, to.mode);
	for (guint i = 0; i < 20; i++) {
		push(&f, 0, FALSE);
		run(30);
	}
	run(50);
	g_assert_cmpuint(f.failures, ==, 0);
	units = rtp_reader_units(f.reader, TRUE);
	first = unit_at(units, 0)->profile[0];
	g_assert_cmphex(first, ==, from.profile == WFD_H264_PROFILE_CHP ? 100 : 66);
	for (changed = 1; changed < units->len; changed++) {
		if (unit_at(units, changed)->idr)
			break;
	}
	assert_begins(unit_at(units, changed));
	/* Not sent before its time. */
	g_assert_cmpint((gint64)unit_at(units, changed)->pts - unit_at(units, changed)->pcr, <=, 90 * 85);
	g_assert_cmphex(unit_at(units, changed)->profile[0], ==, profile[0]);
	g_assert_cmphex(unit_at(units, changed)->profile[1] & 0x0c, ==, profile[1]);
	if (delay_ms < 150 && unit_at(units, changed)->pts - unit_at(units, changed)->pcr > 90 * 6)
		g_assert_cmpuint(unit_at(units, changed)->pts, ==, at);
	else if (delay_ms < 150)
		g_assert_cmpuint(unit_at(units, changed)->pts - at, <, 90 * 500); /* too late, on a slow machine */
	else
		g_assert_cmpuint(unit_at(units, changed)->pts, >, at);
	g_assert_cmpuint(units->len - changed, >=, 8);
	for (guint i = changed + 1; i < units->len; i++)
		g_assert_false(unit_at(units, i)->idr);
	g_assert_cmpint(encoder.made, ==, 2);
	end(&f);
}

static void test_mode(void)
{
	static const guint8 high[] = { 100, 0x0c }, baseline[] = { 66, 0 };

	check_mode(VGA60, HD30, high, 30);
	check_mode(HD30, VGA60, baseline, 0);
}

/* The sink answers after the time that it was told. */
static void test_mode_late(void)
{
	static const guint8 high[] = { 100, 0x0c };

	check_mode(VGA60, HD30, high, 600);
}

/* Neither a pause nor the end waits for the time of a mode. */
static void test_mode_and_pause(void)
{
	g_autoptr(GPtrArray) units = NULL;
	struct wfd_selection to = HD30;
	struct fixture f;
	guint n;

	begin(&f, VGA60);
	media_pipeline_play(f.pipeline);
	push(&f, 0, FALSE);
	run(50);
	media_pipeline_set_mode(f.pipeline, &to, media_pipeline_pts_in(f.pipeline, 100));
	media_pipeline_pause(f.pipeline);
	set_picture(&f, to.mode);
	push(&f, 0, FALSE);
	run(200);
	units = rtp_reader_units(f.reader, TRUE);
	n = units->len;
	media_pipeline_play(f.pipeline);
	/* A machine that is busy takes its time to make the encoder. */
	for (gint64 until = g_get_monotonic_time() + 10 * G_USEC_PER_SEC;
	     units->len <= n && g_get_monotonic_time() < until;) {
		push(&f, 0, FALSE);
		run(30);
		g_clear_pointer(&units, g_ptr_array_unref);
		units = rtp_reader_units(f.reader, TRUE);
	}
	assert_begins(unit_at(units, n));
	g_assert_cmphex(unit_at(units, n)->profile[0], ==, 100);
	media_pipeline_set_mode(f.pipeline, &f.selection, media_pipeline_pts_in(f.pipeline, 1000));
	g_assert_cmpuint(f.failures, ==, 0);
	end(&f);
}

/* --------------------------------------------------------------------- the picture */

static void wait_encoded(struct fixture *f, gint n)
{
	for (guint i = 0; g_atomic_int_get(&f->encoded) < n; i++) {
		g_assert_cmpuint(i, <, 5000);
		run(1);
	}
}

/* The encoder reads it where it was drawn, and is told what is new in it. */
static void test_picture_in_place(void)
{
	const struct picture_changes two = { .n = 2, .area = { { 0, 0, 16, 16 }, { 32, 32, 48, 64 } } };
	struct fixture f;

	begin(&f, VGA60);
	g_free(f.picture.data);
	f.picture.data = NULL;
	picture_make_black(&f.picture, f.selection.mode->width, f.selection.mode->height);
	play(&f);
	for (gint i = 1; i <= 4; i++) {
		f.info.changes = i == 1 ? (struct picture_changes){ .everything = TRUE } : two;
		push(&f, 0, FALSE);
		wait_encoded(&f, i);
		g_assert_true(encoder.memory == f.picture.data);
		/* One says that the others say what is new. */
		g_assert_cmpuint(encoder.areas, ==, i == 1 ? 0 : 3);
		/* When it wants another one it is done with this. */
		while (!g_atomic_int_get(&f.wants))
			run(1);
		g_assert_false(picture_make_writable(&f.picture));
	}
	f.info.changes = (struct picture_changes){ 0 };
	push(&f, 0, TRUE);
	wait_encoded(&f, 5);
	g_assert_cmpuint(encoder.areas, ==, 1);
	picture_clear(&f.picture);
	end(&f);
}

/* A picture that is encoded again and again has nothing to gain in the end, and that is told. */
static void test_picture_settles(void)
{
	struct fixture f;
	gint n = 1;

	begin(&f, VGA60);
	play(&f);
	push(&f, 0, FALSE);
	wait_encoded(&f, n);
	g_assert_false(f.settled);
	while (!g_atomic_int_get(&f.settled)) {
		g_assert_cmpint(++n, <, 100);
		push(&f, 0, TRUE);
		wait_encoded(&f, n);
	}
	/* A key frame begins anew. */
	media_pipeline_key_frame(f.pipeline);
	run(300);
	push(&f, 0, TRUE);
	wait_encoded(&f, n + 1);
	g_assert_false(f.settled);
	end(&f);
}

int main(int argc, char **argv)
{
	gst_init(&argc, &argv);
	g_test_init(&argc, &argv, NULL);
	g_assert_true(wfd_ts_mux_register());
	register_encoder();
	g_test_add_func("/media-pipeline/quirks", test_quirks);
	g_test_add_func("/media-pipeline/latency", test_latency);
	g_test_add_func("/media-pipeline/slow-encoder", test_slow_encoder);
	g_test_add_func("/media-pipeline/times/flips", test_times);
	g_test_add_func("/media-pipeline/times/of-the-encoder", test_times_of_encoder);
	g_test_add_func("/media-pipeline/times/of-old-pictures", test_times_of_old_pictures);
	g_test_add_func("/media-pipeline/late-picture", test_late_picture);
	g_test_add_func("/media-pipeline/pauses", test_pauses);
	g_test_add_func("/media-pipeline/sound/held", test_sound_held);
	g_test_add_func("/media-pipeline/sound/lpcm", test_sound_lpcm);
	g_test_add_func("/media-pipeline/sound/aac", test_sound_aac);
	g_test_add_func("/media-pipeline/sound/ac3", test_sound_ac3);
	g_test_add_func("/media-pipeline/key-frames/by-time", test_key_frames_by_time);
	g_test_add_func("/media-pipeline/key-frames/asked", test_key_frames_asked);
	g_test_add_func("/media-pipeline/key-frames/in-motion", test_key_frames_in_motion);
	g_test_add_func("/media-pipeline/rate", test_rate);
	g_test_add_func("/media-pipeline/network-away", test_network_away);
	g_test_add_func("/media-pipeline/picture/in-place", test_picture_in_place);
	g_test_add_func("/media-pipeline/picture/settles", test_picture_settles);
	g_test_add_func("/media-pipeline/mode/in-time", test_mode);
	g_test_add_func("/media-pipeline/mode/late", test_mode_late);
	g_test_add_func("/media-pipeline/mode/and-pause", test_mode_and_pause);
	return g_test_run();
}
