// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The kernel of umd-driver-fixture.h.
 */
#include "umd-driver-fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <drm_fourcc.h>

#define FRAME_US (G_USEC_PER_SEC / 30)

struct played_kernel kernel = { .memory = -1 };

static guint width(void)
{
	return kernel.width ? kernel.width : 640;
}

static guint height(void)
{
	return kernel.height ? kernel.height : 480;
}

/* A line, somewhere. */
static void draw(void)
{
	const gsize pitch = width() * 4;
	g_autofree guint8 *line = g_malloc(pitch);

	for (gsize i = 0; i < pitch; i++)
		line[i] = g_random_int();
	g_assert_cmpint(pwrite(kernel.memory, line, pitch, kernel.seq % height() * pitch), ==, pitch);
}

static int kernel_acquire(struct miracast_frame *frame)
{
	gint64 now = g_get_monotonic_time();

	if (!kernel.frames || (kernel.still && kernel.seq) || now - kernel.flip_us < (kernel.frame_us ? kernel.frame_us : FRAME_US)) {
		errno = EAGAIN;
		return -1;
	}
	kernel.flip_us = now;
	if (kernel.changes && kernel.memory >= 0)
		draw();
	*frame = (struct miracast_frame){
		.seq = ++kernel.seq,
		.buffer_id = width(),
		.fourcc = DRM_FORMAT_XRGB8888,
		.num_planes = 1,
		.pitch = { width() * 4 },
		.width = width(),
		.height = height(),
		.flags = MIRACAST_FRAME_FULL,
	};
	return 0;
}

/* A record for each frame, before it is acquired; one at a time, as a small buffer would have it. */
static int kernel_get_chunks(struct miracast_get_chunks *get)
{
	struct miracast_chunk *chunk = (struct miracast_chunk *)(uintptr_t)get->buf_ptr;

	if (kernel.chunks_lost || kernel.announced > kernel.seq || !kernel.frames) {
		errno = kernel.chunks_lost ? ECONNRESET : EAGAIN;
		kernel.chunks_lost = FALSE;
		return -1;
	}
	*chunk = (struct miracast_chunk){
		.len = sizeof(*chunk),
		.header_len = sizeof(*chunk),
		.info = { .type = MIRACAST_CHUNK_FRAME_START,
			  .id = MIRACAST_CHUNK_ID(++kernel.announced, 0) },
	};
	get->used = sizeof(*chunk);
	return 0;
}

static int kernel_get_buffer(struct miracast_get_buffer *get)
{
	if (kernel.always_foreign || (kernel.foreign && kernel.plug_flags & (MIRACAST_PLUG_IMPORT | MIRACAST_PLUG_IMPORT_SYNCED))) {
		get->num_fds = 1;
		get->flags = MIRACAST_BUFFER_IMPORTED;
		get->fd[0] = open("/dev/null", O_WRONLY | O_CLOEXEC);
		return 0;
	}
	get->num_fds = 1;
	get->flags = kernel.shares ? MIRACAST_BUFFER_IMPORTED : 0;
	get->fd[0] = memfd_create("frame", MFD_CLOEXEC);
	if (kernel.memory >= 0)
		close(kernel.memory);
	kernel.memory = dup(get->fd[0]);
	return ftruncate(get->fd[0], width() * 4 * height());
}

static int kernel_ioctl(unsigned long request, void *argument)
{
	static const char *const names[] = { "", "begin-start", "end-start", "fail-start",
					     "begin-stop", "end-stop" };

	switch (request) {
	case MIRACAST_IOC_SESSION: {
		struct miracast_session_ctl *ctl = argument;

		g_string_append(kernel.ops, names[ctl->op]);
		if (ctl->status)
			g_string_append_printf(kernel.ops, "(%d)", ctl->status);
		g_string_append_c(kernel.ops, ' ');
		kernel.info |= ctl->info;
		return 0;
	}
	case MIRACAST_IOC_IO_CONTROL: {
		struct miracast_io_control *ctl = argument;

		g_string_append_printf(kernel.ops, "control-%u ", ctl->code);
		if (ctl->code == MIRACAST_CTL_PLUG) {
			const struct miracast_plug *plug = (gconstpointer)(uintptr_t)ctl->in_ptr;

			if (kernel.older && (plug->num_imports || plug->flags & MIRACAST_PLUG_IMPORT_SYNCED)) {
				errno = kernel.older;
				return -1;
			}
			if (plug->sound_rates && kernel.sound_error) {
				errno = kernel.sound_error;
				return -1;
			}
			kernel.plug_flags = plug->flags;
			kernel.newest_plug = *plug;
			g_byte_array_append(kernel.plug, (const guint8 *)plug, ctl->in_len);
		}
		return 0;
	}
	case MIRACAST_IOC_REPORT_STATUS:
		g_string_append_printf(kernel.ops, "status-%u ",
				       ((struct miracast_report_status *)argument)->status);
		return 0;
	case MIRACAST_IOC_REPORT_STATISTIC:
		g_array_append_vals(kernel.statistics, argument, 1);
		return 0;
	case MIRACAST_IOC_ACQUIRE_FRAME:
		return kernel_acquire(argument);
	case MIRACAST_IOC_GET_BUFFER:
		return kernel_get_buffer(argument);
	case MIRACAST_IOC_RELEASE_FRAME:
		((struct miracast_release_frame *)argument)->flags =
			kernel.revokes ? MIRACAST_RELEASE_REVOKED : 0;
		return 0;
	case MIRACAST_IOC_GET_CHUNKS:
		return kernel_get_chunks(argument);
	default:
		errno = EAGAIN; /* nothing retired */
		return -1;
	}
}

/* In front of the C library's: libmiracast calls this one. */
int ioctl(int fd, unsigned long request, ...)
{
	va_list args;
	void *argument;
	int ret;

	va_start(args, request);
	argument = va_arg(args, void *);
	va_end(args);
	if (_IOC_TYPE(request) != MIRACAST_IOC_MAGIC)
		return syscall(SYS_ioctl, fd, request, argument);
	g_mutex_lock(&kernel.lock);
	ret = kernel_ioctl(request, argument);
	g_mutex_unlock(&kernel.lock);
	return ret;
}

guint count(guint type)
{
	guint n = 0;

	g_mutex_lock(&kernel.lock);
	for (guint i = 0; i < kernel.statistics->len; i++)
		n += g_array_index(kernel.statistics, struct miracast_statistic, i).type == type;
	g_mutex_unlock(&kernel.lock);
	return n;
}

gboolean has_event(guint event)
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

gboolean is_plugged(struct fixture *f)
{
	gboolean plugged;

	g_mutex_lock(&kernel.lock);
	plugged = kernel.plug->len > 0;
	g_mutex_unlock(&kernel.lock);
	return plugged;
}

gboolean is_plugged_again(struct fixture *f)
{
	gboolean again;

	g_mutex_lock(&kernel.lock);
	again = strstr(kernel.ops->str, "control-1 control-1 ") != NULL;
	g_mutex_unlock(&kernel.lock);
	return again;
}
