// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The source's end of the mailbox of bench.h, and libmiracast's frames, which are that.
 */
#include "bench.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <miracast/frames.h>

#define NS_PER_S G_GUINT64_CONSTANT(1000000000)
/* How late in a period a source of constant rate looks whether there is a new frame. */
#define LOOK_NS (4 * G_GUINT64_CONSTANT(1000000))

static struct bench_shared *shared;
static const struct bench_mode *mode;
static const guint8 *buffers[BENCH_BUFFERS];
static struct bench_frame latest;
static guint64 latest_tick;
static guint held; /* buffer of the frame that was acquired last */
static gboolean undamaged;

static const guint8 *map(int fd, gsize size)
{
	gpointer data = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);

	if (data == MAP_FAILED)
		g_error("a buffer: %s", g_strerror(errno));
	return data;
}

void frames_open(const struct bench_mode *of)
{
	mode = of;
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED, BENCH_FD_SHARED, 0);
	if (shared == MAP_FAILED)
		g_error("shared memory: %s", g_strerror(errno));
	for (guint i = 0; i < BENCH_BUFFERS; i++)
		buffers[i] = map(BENCH_FD_BUFFERS + i, (gsize)mode->width * mode->height * 4);
}

int frames_event_fd(void)
{
	return BENCH_FD_EVENT;
}

gboolean frames_quit(void)
{
	return g_atomic_int_get(&shared->quit);
}

void frames_hide_damage(void)
{
	undamaged = TRUE;
}

void frames_ready(void)
{
	g_atomic_int_set(&shared->ready, 1);
}

void frames_pushed(guint64 seq, gboolean repeat)
{
	gint n = g_atomic_int_get(&shared->n_pushed);

	if (n == BENCH_MAX_PICTURES)
		g_error("too many pictures");
	shared->pushed[n] = (struct bench_pushed){ seq, repeat };
	g_atomic_int_set(&shared->n_pushed, n + 1);
}

/* ------------------------------------------------------------------- libmiracast */

int miracast_frames_fd(struct miracast_host *host)
{
	return BENCH_FD_EVENT;
}

int miracast_frames_acquire(struct miracast_host *host, struct miracast_frame *frame)
{
	eventfd_t value;
	int err = -EAGAIN;

	pthread_mutex_lock(&shared->lock);
	eventfd_read(BENCH_FD_EVENT, &value);
	if (shared->offered) {
		shared->offered = FALSE;
		*frame = shared->frame;
		frame->num_damage = shared->damage.num;
		for (guint i = 0; i < frame->num_damage; i++)
			frame->damage[i] = shared->damage.rects[i];
		if (undamaged && frame->num_damage)
			frame->flags |= MIRACAST_FRAME_FULL;
		miracast_damage_clear(&shared->damage);
		held = frame->buffer_id;
		shared->holds[held]++;
		err = 0;
	}
	pthread_mutex_unlock(&shared->lock);
	return err;
}

int miracast_frames_release(struct miracast_host *host, uint64_t seq, int sync_file)
{
	/* Our source holds one at a time. */
	frames_release(held);
	return 0;
}

int miracast_frames_get_buffer(struct miracast_host *host, uint64_t buffer_id, int fds[4],
			       uint32_t *flags)
{
	*flags = 0;
	fds[0] = dup(buffer_id == BENCH_BUFFERS ? BENCH_FD_CURSOR : BENCH_FD_BUFFERS + (int)buffer_id);
	return 1;
}

int miracast_frames_get_retired(struct miracast_host *host, uint64_t ids[16])
{
	return 0;
}

/* ------------------------------------------------------------------------ others */

void frames_release(guint buffer)
{
	pthread_mutex_lock(&shared->lock);
	shared->holds[buffer]--;
	pthread_mutex_unlock(&shared->lock);
}

static guint64 now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * NS_PER_S + now.tv_nsec;
}

static gboolean take(struct bench_frame *frame)
{
	struct miracast_frame taken;

	if (miracast_frames_acquire(NULL, &taken) < 0)
		return FALSE;
	latest = (struct bench_frame){
		.seq = taken.seq,
		.flip_ns = taken.flip_ns,
		.buffer = taken.buffer_id,
		.pixels = buffers[taken.buffer_id],
		.pitch = taken.pitch[0],
	};
	*frame = latest;
	return TRUE;
}

/* No longer than 100 ms: the event of the end may have been taken for one of a frame. */
static void wait_for_event(int timeout_ms)
{
	struct pollfd event = { BENCH_FD_EVENT, POLLIN, 0 };

	poll(&event, 1, MIN(timeout_ms, 100));
}

gboolean frames_wait(struct bench_frame *frame)
{
	while (!frames_quit()) {
		if (take(frame))
			return TRUE;
		wait_for_event(100);
	}
	return FALSE;
}

static guint64 tick_of(guint64 ns)
{
	return ns < shared->start_ns ? 0 : (ns - shared->start_ns + shared->period_ns / 2) / shared->period_ns;
}

/* The frame before, held anew; FALSE: its buffer has been given to another one. */
static gboolean take_again(struct bench_frame *frame)
{
	gboolean shown;

	pthread_mutex_lock(&shared->lock);
	shown = shared->frame.seq == latest.seq && !shared->offered;
	if (shown)
		shared->holds[latest.buffer]++;
	pthread_mutex_unlock(&shared->lock);
	*frame = latest;
	frame->repeat = TRUE;
	return shown;
}

gboolean frames_wait_at_rate(struct bench_frame *frame)
{
	while (!frames_quit()) {
		guint64 now = now_ns(), due;

		if (take(frame)) {
			latest_tick = tick_of(frame->flip_ns);
			return TRUE;
		}
		if (!latest.seq) {
			wait_for_event(100);
			continue;
		}
		due = shared->start_ns + (latest_tick + 1) * shared->period_ns + LOOK_NS;
		if (now < due) {
			wait_for_event((due - now + 999999) / 1000000);
			continue;
		}
		if (take_again(frame)) {
			latest_tick = MAX(latest_tick + 1, tick_of(now));
			return TRUE;
		}
	}
	return FALSE;
}
