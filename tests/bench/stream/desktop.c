// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The desktop's process of bench.h.
 */
#include "bench.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <drm_fourcc.h>

#define NS_PER_S G_GUINT64_CONSTANT(1000000000)
/* A source that needs longer to be ready, or to end, is given up. */
#define PATIENCE_US (10 * G_USEC_PER_SEC)

struct desktop {
	const struct bench_mode *mode;
	const struct bench_source *source;
	struct scene *scene;
	struct bench_shared *shared;
	int shared_fd;
	int event_fd;
	int cursor_fd;
	struct {
		int fd;
		guint32 *pixels;
		struct miracast_damage behind; /* where it does not show the scene */
	} buffers[BENCH_BUFFERS];
	guint front;
	struct miracast_rect cursor; /* where it was drawn, without a plane */
	guint64 seq;
	guint64 tick;
	GArray *flips; /* gint64, us; by seq */

	GPid pid;
	clockid_t cpu_clock;
	gboolean has_clock;
};

static guint64 now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * NS_PER_S + now.tv_nsec;
}

static gpointer shared_memory(const char *name, gsize size, int *fd)
{
	gpointer data;

	*fd = memfd_create(name, MFD_CLOEXEC);
	if (*fd < 0 || ftruncate(*fd, size) < 0)
		g_error("%s: %s", name, g_strerror(errno));
	data = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, *fd, 0);
	if (data == MAP_FAILED)
		g_error("%s: %s", name, g_strerror(errno));
	return data;
}

struct desktop *desktop_new(const struct bench_mode *mode, const struct bench_source *source,
			    const char *scene)
{
	struct desktop *d = g_new0(struct desktop, 1);
	const gsize size = (gsize)mode->width * mode->height * 4;
	const struct miracast_rect all = { 0, 0, mode->width, mode->height };
	pthread_mutexattr_t attributes;
	gpointer cursor;

	d->mode = mode;
	d->source = source;
	d->scene = scene_new(scene, mode);
	d->flips = g_array_new(FALSE, TRUE, sizeof(gint64));
	d->shared = shared_memory("shared", sizeof(*d->shared), &d->shared_fd);
	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
	pthread_mutex_init(&d->shared->lock, &attributes);
	pthread_mutexattr_destroy(&attributes);
	d->shared->period_ns = NS_PER_S / mode->fps;
	d->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	cursor = shared_memory("cursor", BENCH_CURSOR * BENCH_CURSOR * 4, &d->cursor_fd);
	memcpy(cursor, scene_cursor_image(), BENCH_CURSOR * BENCH_CURSOR * 4);
	munmap(cursor, BENCH_CURSOR * BENCH_CURSOR * 4);
	for (guint i = 0; i < BENCH_BUFFERS; i++) {
		d->buffers[i].pixels = shared_memory("buffer", size, &d->buffers[i].fd);
		miracast_damage_add(&d->buffers[i].behind, &all);
	}
	return d;
}

void desktop_free(struct desktop *d)
{
	for (guint i = 0; i < BENCH_BUFFERS; i++) {
		munmap(d->buffers[i].pixels, (gsize)d->mode->width * d->mode->height * 4);
		close(d->buffers[i].fd);
	}
	munmap(d->shared, sizeof(*d->shared));
	close(d->shared_fd);
	close(d->event_fd);
	close(d->cursor_fd);
	g_array_unref(d->flips);
	scene_free(d->scene);
	g_free(d);
}

/* ------------------------------------------------------------------- the process */

gboolean desktop_start(struct desktop *d, const struct bench_run *run)
{
	g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
	g_autofree char *port = g_strdup_printf("%u", run->port);
	g_autofree char *rate = g_strdup_printf("%u", run->bit_rate);
	const char *const argv[] = { self, "--source", d->source->name, d->mode->name, rate, port, NULL };
	const int from[] = { d->shared_fd, d->event_fd, d->cursor_fd, d->buffers[0].fd, d->buffers[1].fd,
			     d->buffers[2].fd, d->buffers[3].fd, d->buffers[4].fd, d->buffers[5].fd };
	int to[G_N_ELEMENTS(from)];
	gint64 until = g_get_monotonic_time() + PATIENCE_US;
	g_autoptr(GError) error = NULL;

	G_STATIC_ASSERT(G_N_ELEMENTS(from) == BENCH_FD_BUFFERS - BENCH_FD_SHARED + BENCH_BUFFERS);
	for (guint i = 0; i < G_N_ELEMENTS(to); i++)
		to[i] = BENCH_FD_SHARED + i;
	if (!g_spawn_async_with_pipes_and_fds(NULL, argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL, -1, -1, -1,
					      from, to, G_N_ELEMENTS(to), &d->pid, NULL, NULL, NULL, &error)) {
		g_printerr("stream-bench: %s\n", error->message);
		return FALSE;
	}
	d->has_clock = clock_getcpuclockid(d->pid, &d->cpu_clock) == 0;
	while (!g_atomic_int_get(&d->shared->ready)) {
		if (g_get_monotonic_time() > until || waitpid(d->pid, NULL, WNOHANG | WNOWAIT) > 0)
			return FALSE;
		g_usleep(1000);
	}
	return d->has_clock;
}

gboolean desktop_stop(struct desktop *d)
{
	gint64 until = g_get_monotonic_time() + PATIENCE_US;
	int status = -1;
	pid_t gone;

	if (!d->pid)
		return FALSE;
	g_atomic_int_set(&d->shared->quit, 1);
	eventfd_write(d->event_fd, 1);
	while ((gone = waitpid(d->pid, &status, WNOHANG)) == 0) {
		if (g_get_monotonic_time() > until)
			kill(d->pid, SIGKILL);
		g_usleep(1000);
	}
	d->pid = 0;
	return gone > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

guint64 desktop_source_cpu_ns(const struct desktop *d)
{
	struct timespec used = { 0 };

	clock_gettime(d->cpu_clock, &used);
	return used.tv_sec * NS_PER_S + used.tv_nsec;
}

GHashTable *desktop_source_threads(const struct desktop *d)
{
	GHashTable *threads = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	g_autofree char *tasks = g_strdup_printf("/proc/%d/task", d->pid);
	g_autoptr(GDir) dir = g_dir_open(tasks, 0, NULL);
	const char *task;

	while (dir && (task = g_dir_read_name(dir))) {
		g_autofree char *comm_file = g_build_filename(tasks, task, "comm", NULL);
		g_autofree char *stat_file = g_build_filename(tasks, task, "schedstat", NULL);
		g_autofree char *comm = NULL;
		g_autofree char *stat = NULL;
		guint64 *ns;

		if (!g_file_get_contents(comm_file, &comm, NULL, NULL) ||
		    !g_file_get_contents(stat_file, &stat, NULL, NULL))
			continue;
		g_strstrip(comm);
		ns = g_hash_table_lookup(threads, comm);
		if (!ns) {
			ns = g_new0(guint64, 1);
			g_hash_table_insert(threads, g_steal_pointer(&comm), ns);
		}
		*ns += g_ascii_strtoull(stat, NULL, 10);
	}
	return threads;
}

/* -------------------------------------------------------------------------- flips */

/* A buffer that nobody looks at; BENCH_BUFFERS: there is none. */
static guint find_back_buffer(struct desktop *d)
{
	guint i = 0;

	pthread_mutex_lock(&d->shared->lock);
	while (i < BENCH_BUFFERS && (d->shared->holds[i] || (d->seq && i == d->front)))
		i++;
	pthread_mutex_unlock(&d->shared->lock);
	return i;
}

static void catch_up(struct desktop *d, guint i)
{
	const guint32 *from = scene_pixels(d->scene);
	const guint width = d->mode->width;

	for (guint k = 0; k < d->buffers[i].behind.num; k++) {
		const struct miracast_rect *rect = &d->buffers[i].behind.rects[k];

		for (guint y = rect->y1; y < rect->y2; y++)
			memcpy(d->buffers[i].pixels + (gsize)y * width + rect->x1, from + (gsize)y * width + rect->x1,
			       (rect->x2 - rect->x1) * 4);
	}
	miracast_damage_clear(&d->buffers[i].behind);
}

/* What a desktop without a cursor plane draws, and says that it has. */
static void draw_cursor(struct desktop *d, guint i, int x, int y)
{
	scene_draw_cursor(d->buffers[i].pixels, d->mode, x, y);
	miracast_damage_add(&d->buffers[i].behind, &d->cursor);
}

static void commit(struct desktop *d, guint i, const struct miracast_damage *damage)
{
	const guint64 now = now_ns();
	const gint64 us = now / 1000;
	struct miracast_frame *frame = &d->shared->frame;
	int x, y;

	pthread_mutex_lock(&d->shared->lock);
	d->front = i;
	d->seq++;
	*frame = (struct miracast_frame){
		.seq = d->seq,
		.flip_ns = now,
		.buffer_id = i,
		.fourcc = DRM_FORMAT_XRGB8888,
		.num_planes = 1,
		.pitch = { d->mode->width * 4 },
		.width = d->mode->width,
		.height = d->mode->height,
		.flags = d->seq == 1 ? MIRACAST_FRAME_FULL : 0,
	};
	if (scene_cursor(d->scene, &x, &y) && d->source->cursor_plane) {
		frame->flags |= MIRACAST_FRAME_CURSOR | MIRACAST_FRAME_CURSOR_VISIBLE;
		frame->cursor_x = x;
		frame->cursor_y = y;
		frame->cursor_width = frame->cursor_height = BENCH_CURSOR;
		frame->cursor_pitch = BENCH_CURSOR * 4;
		frame->cursor_buffer_id = BENCH_BUFFERS;
	}
	miracast_damage_merge(&d->shared->damage, damage);
	d->shared->offered = TRUE;
	pthread_mutex_unlock(&d->shared->lock);
	eventfd_write(d->event_fd, 1);
	g_array_set_size(d->flips, d->seq + 1);
	g_array_index(d->flips, gint64, d->seq) = us;
}

static void sleep_until(guint64 ns)
{
	const struct timespec at = { ns / NS_PER_S, ns % NS_PER_S };

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) == EINTR)
		;
}

/* One tick: draw, wait for its time, flip. */
static void tick(struct desktop *d, struct miracast_damage *damage)
{
	gboolean changed = d->tick == 0;
	guint back = BENCH_BUFFERS;
	int x, y;

	if (d->tick > 0)
		changed = scene_next(d->scene, damage);
	if (changed)
		back = find_back_buffer(d);
	if (!d->source->cursor_plane && scene_cursor(d->scene, &x, &y)) {
		miracast_damage_add(damage, &d->cursor);
		d->cursor = scene_cursor_rect(d->mode, x, y);
		miracast_damage_add(damage, &d->cursor);
	}
	for (guint i = 0; i < BENCH_BUFFERS && changed; i++)
		miracast_damage_merge(&d->buffers[i].behind, damage);
	if (back < BENCH_BUFFERS) {
		catch_up(d, back);
		if (!d->source->cursor_plane && scene_cursor(d->scene, &x, &y))
			draw_cursor(d, back, x, y);
	}
	sleep_until(d->shared->start_ns + d->tick * d->shared->period_ns);
	if (back < BENCH_BUFFERS) {
		commit(d, back, damage);
		miracast_damage_clear(damage);
	} else if (changed) {
		/* All are held: this frame is not shown, but has its number, by which the judge knows it. */
		d->seq++;
	}
	d->tick++;
}

void desktop_play(struct desktop *d, double seconds)
{
	guint ticks = (guint)(seconds * d->mode->fps);
	struct miracast_damage damage = { 0 };

	if (!d->tick)
		d->shared->start_ns = now_ns() + d->shared->period_ns;
	for (guint i = 0; i < ticks; i++)
		tick(d, &damage);
}

guint64 desktop_seq(const struct desktop *d)
{
	return d->seq;
}

gint64 desktop_flip_us(const struct desktop *d, guint64 seq)
{
	return seq < d->flips->len ? g_array_index(d->flips, gint64, seq) : 0;
}

guint desktop_shown(const struct desktop *d, guint64 first, guint64 last)
{
	guint n = 0;

	for (guint64 seq = first + 1; seq <= last; seq++)
		n += desktop_flip_us(d, seq) != 0;
	return n;
}

const struct bench_shared *desktop_shared(const struct desktop *d)
{
	return d->shared;
}

guint desktop_pushed(const struct desktop *d)
{
	return g_atomic_int_get(&d->shared->n_pushed);
}
