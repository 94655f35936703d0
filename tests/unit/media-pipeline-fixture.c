// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The encoder, the network and the session of media-pipeline-fixture.h.
 */
#include "media-pipeline-fixture.h"

#include <errno.h>
#include <linux/sockios.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>

#include "rtp-ports.h"
#include "wfdchanged.h"
#include "wfdtsmux.h"

/* ------------------------------------------------------- an encoder that misbehaves */

struct played_encoder encoder;

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

/* ------------------------------------------------------- a network that may be away */

struct played_network network;

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
	*(int *)argument = g_atomic_int_get(&network.counted);
	return 0;
}

ssize_t __wrap_writev(int fd, const struct iovec *vectors, int n);
ssize_t __real_writev(int fd, const struct iovec *vectors, int n);

ssize_t __wrap_writev(int fd, const struct iovec *vectors, int n)
{
	gint ms = g_atomic_int_and((guint *)&network.held_ms, 0);

	if (ms)
		g_usleep(ms * MSEC_US);
	if (!g_atomic_int_get(&network.unreachable))
		return __real_writev(fd, vectors, n);
	errno = ENETUNREACH;
	return -1;
}

/* ------------------------------------------------------------------------ a session */

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

struct wfd_selection select_mode(guint bit, guint8 profile, enum wfd_level level)
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

void set_picture(struct fixture *f, const struct wfd_mode *mode)
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

void play(struct fixture *f)
{
	media_pipeline_play(f->pipeline);
	if (f->sound)
		sound_pump_set_running(f->sound, TRUE);
}

void pause_stream(struct fixture *f)
{
	if (f->sound)
		sound_pump_set_running(f->sound, FALSE);
	media_pipeline_pause(f->pipeline);
}

void begin_encoder(struct fixture *f, const char *name, struct wfd_selection selection, const struct wfd_quirks *quirks)
{
	g_autoptr(GSocketAddress) address = g_inet_socket_address_new_from_string("127.0.0.1", 0);
	g_autoptr(GError) error = NULL;
	struct media_pipeline_config config = {
		.encoder = video_encoder_find(name, &error),
		.selection = &f->selection,
		.bit_rate = selection.bitrate,
		.least_bit_rate = LEAST_BIT_RATE,
		.pmt_pid = quirks->pmt_pid,
		.frame_marker = quirks->frame_marker,
		.lead_ms = quirks->lead_ms,
		.plain_video = quirks->plain_video,
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

void begin_with(struct fixture *f, struct wfd_selection selection, const struct wfd_quirks *quirks)
{
	begin_encoder(f, "x264enc", selection, quirks);
}

void begin(struct fixture *f, struct wfd_selection selection)
{
	begin_with(f, selection, &(struct wfd_quirks){ .pmt_pid = 0x100 });
}

void end(struct fixture *f)
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

void run(gint64 ms)
{
	gint64 until = g_get_monotonic_time() + ms * MSEC_US;

	while (g_get_monotonic_time() < until) {
		if (!g_main_context_iteration(NULL, FALSE))
			g_usleep(200);
	}
}

void push(struct fixture *f, gint64 age_us, gboolean repeat)
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

const struct rtp_unit *unit_at(GPtrArray *units, guint i)
{
	g_assert_cmpuint(i, <, units->len);
	return g_ptr_array_index(units, i);
}

void assert_begins(const struct rtp_unit *unit)
{
	g_assert_true(unit->idr);
	g_assert_true(unit->sps);
	g_assert_true(unit->pps);
}

gint64 shown_ticks(const struct fixture *f, guint i)
{
	return g_array_index(f->shown, guint64, i) * 9 / 100000;
}

void media_init(int *argc, char ***argv)
{
	gst_init(argc, argv);
	g_test_init(argc, argv, NULL);
	g_assert_true(wfd_ts_mux_register());
	register_encoder();
}
