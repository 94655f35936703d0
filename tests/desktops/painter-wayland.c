// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Draws numbered pictures (pattern.h) on all of one monitor of a Wayland desktop.
 *
 *   painter-wayland CONNECTOR PROGRESS WHO
 *
 * Goes to full screen on the monitor of that name, each time that it appears,
 * and draws as often as the compositor asks for it. Numbers go on where
 * PROGRESS says that the painter before has ended. SIGUSR1: one picture with a
 * band that is too old.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <wayland-client.h>

#include "pattern.h"
#include "xdg-shell-client.h"

#define BUFFERS		4
/* A compositor that shows nothing asks for nothing: then draw slowly. */
#define IDLE_MS		500

struct output {
	struct wl_output *proxy;
	uint32_t global;
	int32_t width, height;
	char name[32];
	struct output *next;
};

struct buffer {
	struct wl_buffer *proxy;
	struct pattern_image image;
	uint32_t number;
	bool busy;
};

static struct {
	const char *connector;
	uint32_t who;
	struct pattern_progress *progress;

	struct wl_display *display;
	struct wl_compositor *compositor;
	struct wl_shm *shm;
	struct xdg_wm_base *shell;
	struct output *outputs;

	struct wl_surface *surface;
	struct xdg_surface *xdg_surface;
	struct xdg_toplevel *toplevel;
	struct wl_callback *callback;
	int32_t width, height; /* what the compositor wants */
	bool configured;
	struct buffer buffers[BUFFERS];
	uint32_t number;       /* committed last */
	uint32_t called;       /* the compositor has looked at this one */
	uint32_t size, called_size; /* pattern_size() of the two */
} painter;

static volatile sig_atomic_t spoil;

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "painter-wayland: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void draw(void);

/* ---------------------------------------------------------------- buffers */

static struct wl_buffer *shm_buffer(uint32_t width, uint32_t height, uint32_t format,
				    uint32_t **pixels)
{
	size_t size = (size_t)width * height * sizeof(uint32_t);
	int fd = memfd_create("painter", MFD_CLOEXEC);
	struct wl_shm_pool *pool;
	struct wl_buffer *buffer;

	if (fd < 0 || ftruncate(fd, (off_t)size))
		die("memory");
	*pixels = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (*pixels == MAP_FAILED)
		die("memory");
	pool = wl_shm_create_pool(painter.shm, fd, (int32_t)size);
	buffer = wl_shm_pool_create_buffer(pool, 0, (int32_t)width, (int32_t)height,
					   (int32_t)(width * sizeof(uint32_t)), format);
	wl_shm_pool_destroy(pool);
	close(fd);
	return buffer;
}

static void buffer_released(void *data, struct wl_buffer *proxy)
{
	struct buffer *buffer = data;

	(void)proxy;
	buffer->busy = false;
}

static const struct wl_buffer_listener buffer_listener = { .release = buffer_released };

/* A buffer of that size that the compositor does not read, or NULL. */
static struct buffer *free_buffer(uint32_t width, uint32_t height)
{
	struct buffer *buffer = painter.buffers;

	while (buffer->busy) {
		if (++buffer == painter.buffers + BUFFERS)
			return NULL;
	}
	if (buffer->image.width == width && buffer->image.height == height)
		return buffer;
	if (buffer->proxy) {
		wl_buffer_destroy(buffer->proxy);
		munmap(buffer->image.pixels,
		       (size_t)buffer->image.pitch * buffer->image.height * sizeof(uint32_t));
	}
	*buffer = (struct buffer){ .image = { NULL, width, width, height } };
	buffer->proxy = shm_buffer(width, height, WL_SHM_FORMAT_XRGB8888, &buffer->image.pixels);
	wl_buffer_add_listener(buffer->proxy, &buffer_listener, buffer);
	return buffer;
}

/* ---------------------------------------------------------------- drawing */

/*
 * The compositor has taken picture @painter.number for a repaint. It repaints
 * after the last flip has ended, so the one before has been shown.
 */
static void frame_done(void *data, struct wl_callback *callback, uint32_t time)
{
	(void)data, (void)time;
	wl_callback_destroy(callback);
	painter.callback = NULL;
	pattern_shown(painter.progress, painter.called, painter.called_size);
	painter.called = painter.number;
	painter.called_size = painter.size;
	draw();
}

static const struct wl_callback_listener frame_listener = { .done = frame_done };

static void draw(void)
{
	struct pattern_rect changes[PATTERN_BANDS];
	struct buffer *buffer;
	uint32_t num, n = painter.number + 1;

	if (!painter.configured)
		return;
	buffer = free_buffer((uint32_t)painter.width, (uint32_t)painter.height);
	if (!buffer)
		return;
	pattern_draw(&buffer->image, buffer->number, n, painter.who);
	if (spoil)
		pattern_draw_cells(&buffer->image, n - 1, n % 2, painter.who);
	spoil = 0;
	buffer->number = n;
	buffer->busy = true;
	wl_surface_attach(painter.surface, buffer->proxy, 0, 0);
	num = pattern_changes(&buffer->image, n - 1, n, changes);
	for (uint32_t i = 0; i < num; i++)
		wl_surface_damage_buffer(painter.surface, (int32_t)changes[i].x,
					 (int32_t)changes[i].y, (int32_t)changes[i].width,
					 (int32_t)changes[i].height);
	if (!painter.callback) {
		painter.callback = wl_surface_frame(painter.surface);
		wl_callback_add_listener(painter.callback, &frame_listener, NULL);
	}
	wl_surface_commit(painter.surface);
	painter.number = n;
	painter.size = pattern_size(&buffer->image);
	atomic_store(&painter.progress->drawn, n);
}

/* ----------------------------------------------------------------- window */

static void surface_configure(void *data, struct xdg_surface *surface, uint32_t serial)
{
	(void)data;
	xdg_surface_ack_configure(surface, serial);
	painter.configured = true;
	draw();
}

static const struct xdg_surface_listener surface_listener = { .configure = surface_configure };

static void toplevel_configure(void *data, struct xdg_toplevel *toplevel, int32_t width,
			       int32_t height, struct wl_array *states)
{
	(void)data, (void)toplevel, (void)states;
	if (!width || !height)
		return;
	painter.width = width;
	painter.height = height;
}

static void toplevel_close(void *data, struct xdg_toplevel *toplevel)
{
	(void)data, (void)toplevel;
	exit(0);
}

static const struct xdg_toplevel_listener toplevel_listener = {
	.configure = toplevel_configure,
	.close = toplevel_close,
};

static void open_window(const struct output *output)
{
	if (painter.toplevel) {
		xdg_toplevel_set_fullscreen(painter.toplevel, output->proxy);
		return;
	}
	painter.width = output->width;
	painter.height = output->height;
	painter.surface = wl_compositor_create_surface(painter.compositor);
	painter.xdg_surface = xdg_wm_base_get_xdg_surface(painter.shell, painter.surface);
	xdg_surface_add_listener(painter.xdg_surface, &surface_listener, NULL);
	painter.toplevel = xdg_surface_get_toplevel(painter.xdg_surface);
	xdg_toplevel_add_listener(painter.toplevel, &toplevel_listener, NULL);
	xdg_toplevel_set_title(painter.toplevel, painter.connector);
	xdg_toplevel_set_app_id(painter.toplevel, "painter");
	xdg_toplevel_set_fullscreen(painter.toplevel, output->proxy);
	wl_surface_commit(painter.surface);
}

static void shell_ping(void *data, struct xdg_wm_base *shell, uint32_t serial)
{
	(void)data;
	xdg_wm_base_pong(shell, serial);
}

static const struct xdg_wm_base_listener shell_listener = { .ping = shell_ping };

/* ---------------------------------------------------------------- pointer */

/* What does not set a cursor has none with some compositors. */
static void pointer_enter(void *data, struct wl_pointer *pointer, uint32_t serial,
			  struct wl_surface *surface, wl_fixed_t x, wl_fixed_t y)
{
	static struct wl_surface *cursor;
	struct wl_buffer *buffer;
	uint32_t *pixels;

	(void)data, (void)surface, (void)x, (void)y;
	if (!cursor) {
		cursor = wl_compositor_create_surface(painter.compositor);
		buffer = shm_buffer(PATTERN_CURSOR, PATTERN_CURSOR, WL_SHM_FORMAT_ARGB8888, &pixels);
		for (int i = 0; i < PATTERN_CURSOR * PATTERN_CURSOR; i++)
			pixels[i] = PATTERN_CURSOR_PIXEL;
		wl_surface_attach(cursor, buffer, 0, 0);
		wl_surface_damage_buffer(cursor, 0, 0, PATTERN_CURSOR, PATTERN_CURSOR);
		wl_surface_commit(cursor);
	}
	wl_pointer_set_cursor(pointer, serial, cursor, 0, 0);
}

static void pointer_leave(void *data, struct wl_pointer *pointer, uint32_t serial,
			  struct wl_surface *surface)
{
	(void)data, (void)pointer, (void)serial, (void)surface;
}

static void pointer_motion(void *data, struct wl_pointer *pointer, uint32_t time, wl_fixed_t x,
			   wl_fixed_t y)
{
	(void)data, (void)pointer, (void)time, (void)x, (void)y;
}

static void pointer_button(void *data, struct wl_pointer *pointer, uint32_t serial, uint32_t time,
			   uint32_t button, uint32_t state)
{
	(void)data, (void)pointer, (void)serial, (void)time, (void)button, (void)state;
}

static void pointer_axis(void *data, struct wl_pointer *pointer, uint32_t time, uint32_t axis,
			 wl_fixed_t value)
{
	(void)data, (void)pointer, (void)time, (void)axis, (void)value;
}

static const struct wl_pointer_listener pointer_listener = {
	.enter = pointer_enter,
	.leave = pointer_leave,
	.motion = pointer_motion,
	.button = pointer_button,
	.axis = pointer_axis,
};

static void seat_capabilities(void *data, struct wl_seat *seat, uint32_t capabilities)
{
	static struct wl_pointer *pointer;

	(void)data;
	if (capabilities & WL_SEAT_CAPABILITY_POINTER && !pointer) {
		pointer = wl_seat_get_pointer(seat);
		wl_pointer_add_listener(pointer, &pointer_listener, NULL);
	} else if (!(capabilities & WL_SEAT_CAPABILITY_POINTER) && pointer) {
		wl_pointer_destroy(pointer);
		pointer = NULL;
	}
}

static const struct wl_seat_listener seat_listener = { .capabilities = seat_capabilities };

/* ---------------------------------------------------------------- outputs */

static void output_geometry(void *data, struct wl_output *proxy, int32_t x, int32_t y,
			    int32_t width, int32_t height, int32_t subpixel, const char *make,
			    const char *model, int32_t transform)
{
	(void)data, (void)proxy, (void)x, (void)y, (void)width, (void)height;
	(void)subpixel, (void)make, (void)model, (void)transform;
}

static void output_mode(void *data, struct wl_output *proxy, uint32_t flags, int32_t width,
			int32_t height, int32_t refresh)
{
	struct output *output = data;

	(void)proxy, (void)refresh;
	if (flags & WL_OUTPUT_MODE_CURRENT) {
		output->width = width;
		output->height = height;
	}
}

static void output_scale(void *data, struct wl_output *proxy, int32_t factor)
{
	(void)data, (void)proxy, (void)factor;
}

static void output_name(void *data, struct wl_output *proxy, const char *name)
{
	struct output *output = data;

	(void)proxy;
	snprintf(output->name, sizeof(output->name), "%s", name);
}

static void output_description(void *data, struct wl_output *proxy, const char *description)
{
	(void)data, (void)proxy, (void)description;
}

/* New, or changed. */
static void output_done(void *data, struct wl_output *proxy)
{
	struct output *output = data;

	(void)proxy;
	if (!strcmp(output->name, painter.connector))
		open_window(output);
}

static const struct wl_output_listener output_listener = {
	.geometry = output_geometry,
	.mode = output_mode,
	.done = output_done,
	.scale = output_scale,
	.name = output_name,
	.description = output_description,
};

static void output_add(struct wl_output *proxy, uint32_t global)
{
	struct output *output = calloc(1, sizeof(*output));

	if (!output)
		die("memory");
	*output = (struct output){ .proxy = proxy, .global = global, .next = painter.outputs };
	painter.outputs = output;
	wl_output_add_listener(proxy, &output_listener, output);
}

/* --------------------------------------------------------------- registry */

static void global_added(void *data, struct wl_registry *registry, uint32_t name,
			 const char *interface, uint32_t version)
{
	(void)data, (void)version;
	if (!strcmp(interface, wl_compositor_interface.name)) {
		painter.compositor = wl_registry_bind(registry, name, &wl_compositor_interface, 4);
	} else if (!strcmp(interface, wl_shm_interface.name)) {
		painter.shm = wl_registry_bind(registry, name, &wl_shm_interface, 1);
	} else if (!strcmp(interface, xdg_wm_base_interface.name)) {
		painter.shell = wl_registry_bind(registry, name, &xdg_wm_base_interface, 1);
		xdg_wm_base_add_listener(painter.shell, &shell_listener, NULL);
	} else if (!strcmp(interface, wl_seat_interface.name)) {
		wl_seat_add_listener(wl_registry_bind(registry, name, &wl_seat_interface, 1),
				     &seat_listener, NULL);
	} else if (!strcmp(interface, wl_output_interface.name)) {
		output_add(wl_registry_bind(registry, name, &wl_output_interface, 4), name);
	}
}

static void global_removed(void *data, struct wl_registry *registry, uint32_t name)
{
	struct output **link = &painter.outputs, *output;

	(void)data, (void)registry;
	while (*link && (*link)->global != name)
		link = &(*link)->next;
	output = *link;
	if (!output)
		return;
	*link = output->next;
	wl_output_release(output->proxy);
	free(output);
}

static const struct wl_registry_listener registry_listener = {
	.global = global_added,
	.global_remove = global_removed,
};

static void open_display(void)
{
	painter.display = wl_display_connect(NULL);
	if (!painter.display)
		die("the compositor");
	wl_registry_add_listener(wl_display_get_registry(painter.display), &registry_listener, NULL);
	if (wl_display_roundtrip(painter.display) < 0)
		die("the compositor");
	if (!painter.compositor || !painter.shm || !painter.shell) {
		fputs("painter-wayland: no desktop\n", stderr);
		exit(1);
	}
}

static void open_progress(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		die(path);
	painter.progress = mmap(NULL, sizeof(*painter.progress), PROT_READ | PROT_WRITE, MAP_SHARED,
				fd, 0);
	if (painter.progress == MAP_FAILED)
		die(path);
	close(fd);
	painter.number = atomic_load(&painter.progress->drawn) + PATTERN_PERIOD;
	painter.called = atomic_load(&painter.progress->shown);
	painter.called_size = atomic_load(&painter.progress->size);
}

/* Until there is something to dispatch, or nobody has asked for long. */
static void wait_and_dispatch(void)
{
	struct pollfd pollfd = { wl_display_get_fd(painter.display), POLLIN, 0 };

	while (wl_display_prepare_read(painter.display))
		wl_display_dispatch_pending(painter.display);
	wl_display_flush(painter.display);
	if (poll(&pollfd, 1, IDLE_MS) > 0) {
		wl_display_read_events(painter.display);
	} else {
		wl_display_cancel_read(painter.display);
		draw();
	}
	if (wl_display_dispatch_pending(painter.display) < 0)
		die("the compositor");
}

static void on_usr1(int number)
{
	spoil = number;
}

int main(int argc, char **argv)
{
	if (argc != 4) {
		fputs("usage: painter-wayland CONNECTOR PROGRESS WHO\n", stderr);
		return 2;
	}
	painter.connector = argv[1];
	painter.who = (uint32_t)atoi(argv[3]);
	open_progress(argv[2]);
	open_display();
	signal(SIGUSR1, on_usr1);
	for (;;)
		wait_and_dispatch();
}
