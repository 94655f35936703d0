// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * way-bench [FRAMES]: what a picture costs the processor from the desktop's frame to the encoder's input, on each
 * way that there is (frame-source-kernel.c).  One object of JSON per way.
 *
 * The desktop, which is not counted, changes the whole of a 1080p buffer each time.  The device of the GPU way is that
 * of fake-gpu.h, which draws nothing here: what a GPU does costs the processor nothing, and what its driver does is not known.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <drm/miracast.h>
#include <drm_fourcc.h>
#include <gst/gst.h>
#include <miracast/frames.h>
#include <miracast/umd.h>

#include "fake-gpu.h"
#include "frame-source.h"
#include "gpu-way.h"
#include "picture.h"

#define WIDTH 1920
#define HEIGHT 1080
#define SIZE ((gsize)WIDTH * HEIGHT * 4)
#define WARM_UP 10
/* As long as a hold that was revoked once makes the source careful. */
#define MOST 250

/* How frames go. */
enum way {
	WAY_CONVERTED,	/* read where they are */
	WAY_COPIED,	/* by a source that was too slow once */
	WAY_GPU,
	N_WAYS,
};

static const char *const names[N_WAYS] = { "converted", "copied", "gpu" };

static struct {
	int fd;
	guint32 *pixels;
	guint64 seq;
	gboolean offered;
	gboolean revokes;
} desktop;

/* ------------------------------------------------------------------- the kernel's half */

int miracast_frames_fd(struct miracast_host *host)
{
	return 0;
}

int miracast_frames_acquire(struct miracast_host *host, struct miracast_frame *frame)
{
	if (!desktop.offered)
		return -EAGAIN;
	desktop.offered = FALSE;
	*frame = (struct miracast_frame){
		.seq = desktop.seq,
		.buffer_id = 1,
		.fourcc = DRM_FORMAT_XRGB8888,
		.num_planes = 1,
		.pitch = { WIDTH * 4 },
		.width = WIDTH,
		.height = HEIGHT,
		.num_damage = 1,
		.damage = { { 0, 0, WIDTH, HEIGHT } },
	};
	return 0;
}

int miracast_frames_release(struct miracast_host *host, uint64_t seq, int sync_file)
{
	return desktop.revokes;
}

int miracast_frames_get_buffer(struct miracast_host *host, uint64_t buffer_id, int fds[4], uint32_t *flags)
{
	*flags = 0;
	fds[0] = dup(desktop.fd);
	return 1;
}

int miracast_frames_get_retired(struct miracast_host *host, uint64_t ids[16])
{
	return 0;
}

static int no_chunk(struct miracast_host *host, int timeout_ms, unsigned int n_fds, const int *fds, uint32_t *size,
		    void *chunks, uint32_t *outstanding)
{
	return -ETIMEDOUT;
}

/* ------------------------------------------------------------------------- a run */

static void draw(void)
{
	desktop.seq++;
	for (gsize i = 0; i < SIZE / 4; i++)
		desktop.pixels[i] = (guint32)(i * 2654435761u + desktop.seq * 40503u);
	desktop.offered = TRUE;
}

static guint64 cpu_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return now.tv_sec * G_GUINT64_CONSTANT(1000000000) + now.tv_nsec;
}

/* Processor time of the process in one take(); 0: the frame has not gone the way. */
static guint64 take(gpointer source, struct picture *picture, enum way way)
{
	struct frame_info info = { .accept_torn = TRUE };
	enum frame_result result;
	guint64 begun, spent;

	draw();
	begun = cpu_ns();
	picture_make_writable(picture);
	result = frame_source_kernel.take(source, picture, &info);
	spent = cpu_ns() - begun;
	if (result != FRAME_TAKEN || !info.gpu != (way != WAY_GPU))
		return 0;
	gst_clear_buffer(&info.gpu);
	return spent;
}

static gboolean run(enum way way, guint frames)
{
	static const struct miracast_callbacks callbacks = { .get_next_chunk = no_chunk };
	const struct stream_mode mode = { WIDTH, HEIGHT, 60000 };
	g_autoptr(gpu_way) gpu = gpu_way_new(GPU_KIND_VA, "vapostproc");
	gpointer source = frame_source_kernel.create(NULL, &callbacks, NULL);
	struct picture picture = { 0 };
	guint64 total = 0;

	picture_make_black(&picture, WIDTH, HEIGHT);
	frame_source_kernel.set_mode(source, &mode);
	if (way == WAY_GPU)
		frame_source_kernel.set_gpu_way(source, gpu);
	for (guint i = 0; i < WARM_UP + frames; i++) {
		guint64 spent;

		desktop.revokes = way == WAY_COPIED && i == 0;
		spent = take(source, &picture, way);
		if (!spent) {
			g_printerr("way-bench: a frame has not gone the way \"%s\"\n", names[way]);
			return FALSE;
		}
		if (i >= WARM_UP)
			total += spent;
	}
	g_print("{\"way\": \"%s\", \"frames\": %u, \"cpu_ms_per_frame\": %.3f}\n", names[way], frames, total / 1e6 / frames);
	frame_source_kernel.destroy(source);
	picture_clear(&picture);
	return TRUE;
}

int main(int argc, char **argv)
{
	const guint frames = argc > 1 ? strtoul(argv[1], NULL, 10) : 60;
	gboolean ok = frames > 0 && frames <= MOST;

	if (!ok) {
		g_printerr("usage: way-bench [FRAMES], at most %u\n", MOST);
		return 2;
	}
	gst_init(NULL, NULL);
	fake_gpu_register(NULL, fake_gpu_load(ENCODERS_INI), fake_gpu_load(GPU_DEVICES_INI), "linear@1.28", "vah264enc",
			 "vapostproc");
	fake_gpu.green = TRUE;
	desktop.fd = memfd_create("desktop", MFD_CLOEXEC);
	if (desktop.fd < 0 || ftruncate(desktop.fd, SIZE) < 0)
		return 1;
	desktop.pixels = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, desktop.fd, 0);
	if (desktop.pixels == MAP_FAILED)
		return 1;
	for (guint i = 0; i < N_WAYS && ok; i++)
		ok = run(i, frames);
	return !ok;
}
