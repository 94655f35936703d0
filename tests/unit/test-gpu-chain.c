// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * From the desktop's dma-buf to the packets, past the processor: source, pump and pipeline
 * are those of a session; the kernel is the desktop below, and the GPU that of fake-gpu.h. Whatever
 * fails on the way, what the sink sees of it is a key frame.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <drm/miracast.h>
#include <drm_fourcc.h>
#include <linux/dma-buf.h>
#include <miracast/frames.h>
#include <miracast/umd.h>

#include "encoders.h"
#include "fake-gpu.h"
#include "frame-pump.h"
#include "gpu-kinds.h"
#include "media-pipeline.h"
#include "rtp-ports.h"
#include "rtp-reader.h"
#include "wfdelements.h"

#define WIDTH 640
#define HEIGHT 480
#define CURSOR_ID 2
#define FENCE_REQUEST _IOWR(DMA_BUF_BASE, 2, guint64)

static GKeyFile *encoders, *devices;

/* ----------------------------------------------------------------------- the desktop */

static struct {
	int screen_fd;
	guint8 *screen;
	struct miracast_frame frame;
	gint offered;
	gint released;
	gint fenced; /* of these, with the fence of the dma-buf */
	gint late;   /* it does not wait for the release */
	gint colours; /* enum: 0 none, 1 that change nothing, 2 turned round */
	int fence_fd;
} desktop;

int miracast_frames_fd(struct miracast_host *host)
{
	return 0;
}

int miracast_frames_acquire(struct miracast_host *host, struct miracast_frame *frame)
{
	if (!g_atomic_int_compare_and_exchange(&desktop.offered, 1, 0))
		return -EAGAIN;
	*frame = desktop.frame;
	return 0;
}

static gboolean is_fence(int fd)
{
	guint64 value;

	return fd >= 0 && read(fd, &value, sizeof(value)) == sizeof(value) && value == 77;
}

int miracast_frames_release(struct miracast_host *host, uint64_t seq, int sync_file)
{
	g_assert_cmpuint(seq, ==, desktop.frame.seq);
	if (is_fence(sync_file))
		g_atomic_int_inc(&desktop.fenced);
	else
		g_assert_cmpint(sync_file, ==, -1);
	g_atomic_int_inc(&desktop.released);
	return g_atomic_int_get(&desktop.late);
}

int miracast_frames_get_buffer(struct miracast_host *host, uint64_t buffer_id, int fds[4], uint32_t *flags)
{
	*flags = MIRACAST_BUFFER_IMPORTED;
	fds[0] = dup(desktop.screen_fd);
	return 1;
}

int miracast_frames_get_retired(struct miracast_host *host, uint64_t ids[16])
{
	return 0;
}

int __wrap_ioctl(int fd, unsigned long request, void *argument);
int __real_ioctl(int fd, unsigned long request, void *argument);

/* A fence that says of itself that it is one. */
int __wrap_ioctl(int fd, unsigned long request, void *argument)
{
	if (request != FENCE_REQUEST)
		return __real_ioctl(fd, request, argument);
	((gint32 *)argument)[1] = eventfd(77, EFD_CLOEXEC | EFD_NONBLOCK);
	return 0;
}

static int no_chunk(struct miracast_host *host, int timeout_ms, unsigned int n_fds, const int *fds, uint32_t *size,
		    void *chunks, uint32_t *outstanding)
{
	return -ETIMEDOUT;
}

static int get_color(struct miracast_host *host, bool hardware_access, uint32_t code, uint32_t in_size, const void *in,
		     uint32_t out_size, void *out, uint32_t *bytes_returned)
{
	const gboolean turned = g_atomic_int_get(&desktop.colours) == 2;
	struct miracast_color *color = out;

	*color = (struct miracast_color){ .serial = desktop.frame.color_serial, .flags = MIRACAST_COLOR_CURVES };
	for (guint i = 0; i < MIRACAST_COLOR_LUT; i++)
		color->red[i] = color->green[i] = color->blue[i] = turned ? 65535 - 257 * i : 257 * i;
	return 0;
}

/* ----------------------------------------------------------------------- the session */

/* Whose facts are in this group of the data. */
static const struct gpu {
	const struct gpu_names *names;
	const char *group;
} gpus[] = {
	{ &gpu_va, FAKE_DEVICE },
	{ &gpu_nv, "nvidia@1.28" },
	{ &gpu_v4l2, "raspberry@1.22" },
};

struct fixture {
	struct rtp_reader *reader;
	GSocket *socket;
	media_pipeline *pipeline;
	frame_pump *pump;
	gpointer source;
	gpu_way *way;
	struct wfd_selection selection;
	const struct video_encoder *next; /* the one that takes the encoder's place */
	gint pictures;
	gint on_gpu; /* of these */
	gint encoded;
	gint last_seq; /* encoded */
	guint failures;
	enum channel_reason reason;
	guint gpu_failures;
	guint encoder_failures;
};

static void wanted(gpointer data)
{
	struct fixture *f = data;

	frame_pump_want(f->pump);
}

static void needed(gpointer data)
{
	struct fixture *f = data;

	frame_pump_poke(f->pump);
}

static void first_sent(gpointer data)
{
}

static void gpu_failed(const char *message, gpointer data)
{
	struct fixture *f = data;

	g_test_message("of the GPU: %s", message);
	f->gpu_failures++;
	gpu_way_give_up(f->way, message);
	frame_pump_poke(f->pump);
}

static gboolean encoder_failed(const char *message, gpointer data)
{
	struct fixture *f = data;

	g_test_message("of the encoder: %s", message);
	f->encoder_failures++;
	if (!f->next)
		return FALSE;
	gpu_way_give_up(f->way, message);
	media_pipeline_set_encoder(f->pipeline, f->next);
	return TRUE;
}

static void failed(enum channel_reason reason, const char *message, gpointer data)
{
	struct fixture *f = data;

	f->failures++;
	f->reason = reason;
}

static void frame_sent(guint64 seq, guint encode_us, guint bytes, gpointer data)
{
}

static void encoded(guint64 seq, gboolean key, enum picture_gain gain, gpointer data)
{
	struct fixture *f = data;

	g_atomic_int_set(&f->last_seq, seq);
	g_atomic_int_inc(&f->encoded);
	frame_pump_encoded(f->pump, seq, key, gain);
}

static const struct media_pipeline_funcs pipeline_funcs = {
	.wanted = wanted,
	.needed = needed,
	.first_sent = first_sent,
	.gpu_failed = gpu_failed,
	.encoder_failed = encoder_failed,
	.failed = failed,
	.frame_sent = frame_sent,
	.encoded = encoded,
};

static void picture(const struct picture *of, const struct frame_info *info, gboolean repeat, gpointer data)
{
	struct fixture *f = data;

	g_atomic_int_inc(&f->pictures);
	if (of->gpu)
		g_atomic_int_inc(&f->on_gpu);
	media_pipeline_push(f->pipeline, of, info, repeat);
}

static void dropped(guint64 seq, gpointer data)
{
}

static void nothing(gpointer data)
{
}

static void unreadable(const char *why, gpointer data)
{
}

static const struct frame_pump_funcs pump_funcs = {
	.picture = picture,
	.dropped = dropped,
	.lost = nothing,
	.unreadable = unreadable,
	.gone = nothing,
};

static void make_desktop(void)
{
	memset(&desktop, 0, sizeof(desktop));
	memset(&fake_gpu, 0, sizeof(fake_gpu));
	desktop.screen_fd = memfd_create("dma-buf", MFD_CLOEXEC);
	g_assert_cmpint(ftruncate(desktop.screen_fd, 1280 * 720 * 4), ==, 0);
	desktop.screen = mmap(NULL, 1280 * 720 * 4, PROT_READ | PROT_WRITE, MAP_SHARED, desktop.screen_fd, 0);
	desktop.frame = (struct miracast_frame){
		.buffer_id = 1,
		.fourcc = DRM_FORMAT_XRGB8888,
		.num_planes = 1,
		.pitch = { WIDTH * 4 },
		.width = WIDTH,
		.height = HEIGHT,
		.cursor_width = 64,
		.cursor_height = 64,
		.cursor_pitch = 256,
		.cursor_buffer_id = CURSOR_ID,
	};
}

static void begin_pipeline(struct fixture *f, const struct gpu_names *device)
{
	g_autoptr(GSocketAddress) address = g_inet_socket_address_new_from_string("127.0.0.1", 0);
	g_autoptr(GError) error = NULL;
	struct media_pipeline_config config = {
		.encoder = video_encoder_find(device->encoder, &error),
		.selection = &f->selection,
		.bit_rate = 2000000,
		.pmt_pid = 0x100,
	};

	g_assert_no_error(error);
	f->reader = rtp_reader_new();
	f->socket = config.socket =
		g_socket_new(G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_DATAGRAM, G_SOCKET_PROTOCOL_UDP, NULL);
	g_assert_true(g_socket_bind(f->socket, address, FALSE, NULL));
	g_assert_true(rtp_ports_connect(g_socket_get_fd(f->socket), "127.0.0.1", rtp_reader_port(f->reader), NULL));
	f->pipeline = media_pipeline_new(&config, &pipeline_funcs, f, &error);
	g_assert_no_error(error);
}

/* A frame; the pump would be woken by the kernel. */
static void offer(struct fixture *f)
{
	desktop.frame.seq++;
	desktop.frame.flags |= MIRACAST_FRAME_FULL;
	desktop.frame.flip_ns = g_get_monotonic_time() * 1000;
	desktop.frame.shown_ns = desktop.frame.flip_ns;
	for (guint i = 0; i < 4096; i++)
		desktop.screen[(desktop.frame.seq * 4096 + i) % (WIDTH * HEIGHT * 4)] ^= 0x55;
	g_atomic_int_set(&desktop.offered, 1);
	frame_pump_want(f->pump);
}

static void begin(struct fixture *f, const struct gpu_names *device)
{
	static const struct miracast_callbacks callbacks = {
		.get_next_chunk = no_chunk,
		.io_control = get_color,
	};
	const struct stream_mode mode = { WIDTH, HEIGHT, 60000 };

	memset(f, 0, sizeof(*f));
	make_desktop();
	f->selection = (struct wfd_selection){
		.mode = wfd_mode_lookup(WFD_SET_R1, WFD_TABLE_CEA, 0),
		.set = WFD_SET_R1,
		.profile = WFD_H264_PROFILE_CBP,
		.level = WFD_LEVEL_3_1,
		.bitrate = 2000000,
		.audio_format = WFD_AUDIO_NONE,
	};
	f->way = gpu_way_new(device->kind, device->converter);
	f->source = frame_source_kernel.create(NULL, &callbacks, NULL);
	frame_source_kernel.set_gpu_way(f->source, f->way);
	f->pump = frame_pump_new(&frame_source_kernel, f->source, &pump_funcs, f, NULL);
	begin_pipeline(f, device);
	frame_pump_set_mode(f->pump, &mode);
	offer(f);
	media_pipeline_play(f->pipeline);
	frame_pump_set_running(f->pump, TRUE);
}

static void end(struct fixture *f)
{
	g_atomic_int_set(&fake_gpu.let_go, 1);
	frame_pump_stop(f->pump);
	media_pipeline_free(f->pipeline);
	frame_pump_free(f->pump);
	frame_source_kernel.destroy(f->source);
	gpu_way_free(f->way);
	rtp_reader_free(f->reader);
	g_object_unref(f->socket);
	munmap(desktop.screen, 1280 * 720 * 4);
	close(desktop.screen_fd);
}

static void run(gint64 ms)
{
	gint64 until = g_get_monotonic_time() + ms * 1000;

	while (g_get_monotonic_time() < until) {
		if (!g_main_context_iteration(NULL, FALSE))
			g_usleep(200);
	}
}

/* Until the newest frame, or a repetition of it, has come out of an encoder. */
static void wait_for_frame(struct fixture *f)
{
	for (guint i = 0; g_atomic_int_get(&f->last_seq) != (gint)desktop.frame.seq; i++) {
		g_assert_cmpuint(i, <, 5000);
		run(1);
	}
}

static void show(struct fixture *f, guint n)
{
	for (guint i = 0; i < n; i++) {
		offer(f);
		wait_for_frame(f);
		run(20);
	}
}

/* So many frames after the first one. */
static void begin_showing(struct fixture *f, const struct gpu_names *device, guint n)
{
	begin(f, device);
	wait_for_frame(f);
	show(f, n);
}

/* So many key frames in all, and no unit that cannot be decoded. */
static void assert_keys(struct fixture *f, guint keys)
{
	g_autoptr(GPtrArray) units = NULL;
	guint found = 0;

	run(100);
	units = rtp_reader_units(f->reader, TRUE);
	for (guint i = 0; i < units->len; i++) {
		const struct rtp_unit *unit = g_ptr_array_index(units, i);

		found += unit->idr;
		if (unit->idr)
			g_assert_true(unit->sps && unit->pps);
	}
	g_test_message("%u units, %u key frames, %d of %d pictures past the processor", units->len, found, f->on_gpu,
		       f->pictures);
	g_assert_cmpuint(((const struct rtp_unit *)g_ptr_array_index(units, 0))->idr, ==, TRUE);
	g_assert_cmpuint(found, ==, keys);
	g_assert_cmpuint(f->failures, ==, 0);
}

/* ------------------------------------------------------------------------------ tests */

/* Each frame is handed over, released with the fence, and seen by nobody else. */
static void test_way(gconstpointer device)
{
	struct fixture f;

	begin(&f, device);
	wait_for_frame(&f);
	show(&f, 10);
	run(300);
	g_assert_cmpint(fake_gpu.converted, ==, 11);
	g_assert_cmpint(desktop.released, ==, 11);
	g_assert_cmpint(desktop.fenced, ==, 11);
	g_assert_cmpint(f.on_gpu, ==, f.pictures);
	/* It is shown again out of the GPU's memory, too. */
	g_assert_cmpint(f.pictures, >, 11);
	g_assert_cmpint(fake_gpu.encoded_gpu, ==, fake_gpu.encoded);
	g_assert_cmpint(fake_gpu.copied, ==, 0);
	/* NVENC says it in the stream; of others such pictures are taken for BT.601. */
	g_assert_cmpint(fake_gpu.matrix, ==, ((const struct gpu_names *)device)->kind == GPU_KIND_GL ?
			GST_VIDEO_COLOR_MATRIX_BT709 : GST_VIDEO_COLOR_MATRIX_BT601);
	assert_keys(&f, 1);
	end(&f);
}

/* What is left of the session afterwards goes through the processor; @held: with the frame that was at hand. */
static void check_given_up(struct fixture *f, gboolean held)
{
	gint on_gpu;

	g_assert_nonnull(gpu_way_given_up(f->way));
	on_gpu = f->on_gpu;
	show(f, 4);
	g_assert_cmpint(f->on_gpu, ==, on_gpu);
	g_assert_cmpint(f->pictures, >=, on_gpu + 4 + held);
	assert_keys(f, 2);
}

/* The frame at hand is not lost. */
static void test_convert_fails(gconstpointer device)
{
	struct fixture f;

	begin_showing(&f, device, 3);
	fake_gpu.convert_fails_at = 5;
	show(&f, 1);
	g_assert_cmpint(desktop.released, ==, 5);
	g_assert_cmpint(desktop.fenced, ==, 4);
	check_given_up(&f, TRUE);
	end(&f);
}

static void test_convert_hangs(gconstpointer device)
{
	struct fixture f;

	begin_showing(&f, device, 3);
	fake_gpu.convert_hangs_at = 5;
	show(&f, 1);
	check_given_up(&f, TRUE);
	end(&f);
}

/* The frame was released by then, and the desktop draws no other: it is read again. */
static void test_encode_fails(gconstpointer device)
{
	struct fixture f;

	begin_showing(&f, device, 3);
	fake_gpu.encode_fails_at = g_atomic_int_get(&fake_gpu.encoded_gpu) + 1;
	/* Perhaps with a repetition of the one before. */
	for (guint i = 0; !f.gpu_failures; i++) {
		g_assert_cmpuint(i, <, 1000);
		run(5);
	}
	run(100);
	g_assert_cmpint(f.on_gpu, <, f.pictures);
	g_assert_cmpuint(f.encoder_failures, ==, 0);
	check_given_up(&f, TRUE);
	g_assert_cmpuint(f.gpu_failures, ==, 1);
	end(&f);
}

/* All the way down: past the GPU, and then another encoder. */
static void test_all_fails(gconstpointer device)
{
	struct fixture f;

	begin(&f, device);
	f.next = video_encoder_find("x264enc", NULL);
	wait_for_frame(&f);
	show(&f, 3);
	fake_gpu.encode_fails = 1;
	for (guint i = 0; !f.encoder_failures; i++) {
		g_assert_cmpuint(i, <, 1000);
		run(5);
	}
	show(&f, 4);
	g_assert_cmpuint(f.gpu_failures, ==, 1);
	g_assert_cmpuint(f.encoder_failures, ==, 1);
	assert_keys(&f, 2);
	end(&f);
}

/* Another encoder is there, and pictures still come past the processor: none of them is its to refuse. */
static void test_successor(gconstpointer device)
{
	struct fixture f;
	gint encoded;

	begin_showing(&f, device, 3);
	media_pipeline_set_encoder(f.pipeline, video_encoder_find("x264enc", NULL));
	for (guint i = 0; i < 3; i++) {
		offer(&f);
		run(50);
	}
	g_assert_null(gpu_way_given_up(f.way));
	encoded = fake_gpu.encoded;
	gpu_way_give_up(f.way, "its encoder has failed");
	show(&f, 4);
	g_assert_cmpint(fake_gpu.encoded, ==, encoded);
	g_assert_cmpuint(f.encoder_failures, ==, 0);
	assert_keys(&f, 2);
	end(&f);
}

/* One of them is on its way to the encoder when that is replaced: nor is that one. */
static void test_queued(gconstpointer device)
{
	struct fixture f;

	begin_showing(&f, device, 3);
	fake_gpu.encode_hangs_at = g_atomic_int_get(&fake_gpu.encoded_gpu) + 1;
	for (guint i = 0; i < 2; i++) {
		offer(&f);
		run(50);
	}
	media_pipeline_set_encoder(f.pipeline, video_encoder_find("x264enc", NULL));
	g_atomic_int_set(&fake_gpu.let_go, 1);
	run(100);
	gpu_way_give_up(f.way, "its encoder has failed");
	show(&f, 4);
	g_assert_cmpuint(f.encoder_failures, ==, 0);
	/* V4L2's can be read by any. */
	assert_keys(&f, ((const struct gpu_names *)device)->kind == GPU_KIND_V4L2 ? 3 : 2);
	end(&f);
}

/* Without another one that is the end, and said once. */
static void test_nothing_left(gconstpointer device)
{
	struct fixture f;

	begin_showing(&f, device, 3);
	fake_gpu.encode_fails = 1;
	for (guint i = 0; !f.failures; i++) {
		g_assert_cmpuint(i, <, 1000);
		run(5);
	}
	run(200);
	g_assert_cmpuint(f.failures, ==, 1);
	g_assert_cmpint(f.reason, ==, CHANNEL_REASON_ENCODER_FAILED);
	end(&f);
}

/* What nobody would draw there goes the other way, and what follows, too. */
static void check_detour(gconstpointer device, void (*change)(void), void (*undo)(void))
{
	struct fixture f;
	gint on_gpu;

	begin_showing(&f, device, 3);
	change();
	on_gpu = -1;
	show(&f, 1);
	on_gpu = f.on_gpu;
	show(&f, 2);
	undo();
	show(&f, 2);
	g_assert_cmpint(f.on_gpu, ==, on_gpu);
	g_assert_null(gpu_way_given_up(f.way));
	assert_keys(&f, 2);
	end(&f);
}

static void cursor_comes(void)
{
	desktop.frame.flags |= MIRACAST_FRAME_CURSOR_VISIBLE;
}

static void cursor_goes(void)
{
	desktop.frame.flags &= ~MIRACAST_FRAME_CURSOR_VISIBLE;
}

static void test_cursor(gconstpointer device)
{
	check_detour(device, cursor_comes, cursor_goes);
}

static void night_comes(void)
{
	desktop.colours = 2;
	desktop.frame.color_serial++;
}

static void night_goes(void)
{
	desktop.colours = 1;
	desktop.frame.color_serial++;
}

static void test_night(gconstpointer device)
{
	check_detour(device, night_comes, night_goes);
}

static void moves(void)
{
	desktop.frame.src_y = 16;
}

static void moves_back(void)
{
	desktop.frame.src_y = 0;
}

static void test_part(gconstpointer device)
{
	check_detour(device, moves, moves_back);
}

/* Colours that change nothing are none. */
static void test_plain_colours(gconstpointer device)
{
	struct fixture f;

	begin(&f, device);
	wait_for_frame(&f);
	night_goes();
	show(&f, 3);
	g_assert_cmpint(f.on_gpu, ==, f.pictures);
	assert_keys(&f, 1);
	end(&f);
}

/* The desktop did not wait: the picture may be torn, and is not shown. */
static void test_torn(gconstpointer device)
{
	struct fixture f;

	begin_showing(&f, device, 1);
	desktop.late = 1;
	offer(&f);
	run(100);
	g_assert_cmpint(f.last_seq, ==, 2);
	desktop.late = 0;
	show(&f, 1);
	g_assert_cmpint(f.on_gpu, ==, f.pictures);
	assert_keys(&f, 1);
	end(&f);
}

/* One that never gets done in time is no way. */
static void test_slow(gconstpointer device)
{
	struct fixture f;

	begin_showing(&f, device, 1);
	desktop.late = 1;
	for (guint i = 0; i < 5; i++) {
		g_assert_null(gpu_way_given_up(f.way));
		offer(&f);
		run(60);
	}
	desktop.late = 0;
	check_given_up(&f, FALSE);
	end(&f);
}

/* A new mode has an encoder of its own, and the same way. */
static void test_mode(gconstpointer device)
{
	const struct stream_mode mode = { 1280, 720, 30000 };
	struct wfd_selection selection;
	struct fixture f;

	begin_showing(&f, device, 3);
	selection = f.selection;
	selection.mode = wfd_mode_lookup(WFD_SET_R1, WFD_TABLE_CEA, 5);
	desktop.frame.width = 1280;
	desktop.frame.height = 720;
	desktop.frame.pitch[0] = 1280 * 4;
	offer(&f);
	media_pipeline_set_mode(f.pipeline, &selection, media_pipeline_pts_in(f.pipeline, 50));
	frame_pump_set_mode(f.pump, &mode);
	wait_for_frame(&f);
	show(&f, 3);
	g_assert_cmpint(desktop.fenced, ==, desktop.released);
	g_assert_cmpint(fake_gpu.converted, ==, 8);
	assert_keys(&f, 2);
	end(&f);
}

/* @all: it has to do with whose memory a picture is in, so it is tried with each kind. */
static const struct {
	const char *name;
	GTestDataFunc func;
	gboolean all;
} tests[] = {
	{ "way", test_way, TRUE },
	{ "convert-fails", test_convert_fails, TRUE },
	{ "convert-hangs", test_convert_hangs },
	{ "encode-fails", test_encode_fails, TRUE },
	{ "all-fails", test_all_fails, TRUE },
	{ "successor", test_successor, TRUE },
	{ "queued", test_queued, TRUE },
	{ "nothing-left", test_nothing_left },
	{ "detour/cursor", test_cursor, TRUE },
	{ "detour/night", test_night },
	{ "detour/part", test_part },
	{ "plain-colours", test_plain_colours },
	{ "torn", test_torn },
	{ "slow", test_slow },
	{ "mode", test_mode, TRUE },
};

int main(int argc, char **argv)
{
	gst_init(NULL, NULL);
	g_test_init(&argc, &argv, NULL);
	g_assert_true(wfd_elements_register());
	encoders = fake_gpu_load(ENCODERS_INI);
	devices = fake_gpu_load(GPU_DEVICES_INI);
	for (guint i = 0; i < G_N_ELEMENTS(gpus); i++) {
		fake_gpu_register(NULL, encoders, devices, gpus[i].group, gpus[i].names->encoder,
				  gpus[i].names->elements);
		for (guint j = 0; j < G_N_ELEMENTS(tests); j++) {
			g_autofree char *path = g_strdup_printf("/gpu-chain/%s/%s", gpus[i].names->name, tests[j].name);

			if (!i || tests[j].all)
				g_test_add_data_func(path, gpus[i].names, tests[j].func);
		}
	}
	return g_test_run();
}
