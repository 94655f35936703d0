// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Draws numbered pictures (pattern.h) on a part of an X11 desktop.
 *
 *   painter-x11 GEOMETRY PROGRESS WHO
 *
 * GEOMETRY, WIDTHxHEIGHT+X+Y, is where a monitor is. Each picture reaches the
 * server in one request, so that it is on the screen all at once. Numbers go on
 * where PROGRESS says that the painter before has ended. SIGUSR1: one picture
 * with a band that is too old.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <X11/Xlib.h>
#include <X11/Xutil.h>

#include "pattern.h"

#define PERIOD_MS	20

struct painter {
	Display *display;
	Window window;
	Pixmap next;
	GC gc;
	XImage *ximage;
	struct pattern_image image;
	struct pattern_progress *progress;
	uint32_t who;
};

static volatile sig_atomic_t spoil;

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "painter-x11: %s\n", what);
	exit(1);
}

/* A square, by which its place is found. A server that nobody has given a cursor has none. */
static Cursor create_cursor(Display *display, Window window)
{
	char bits[PATTERN_CURSOR * PATTERN_CURSOR / 8];
	XColor color = { .red = 0xffff };
	Pixmap square;
	Cursor cursor;

	memset(bits, 0xff, sizeof(bits));
	square = XCreateBitmapFromData(display, window, bits, PATTERN_CURSOR, PATTERN_CURSOR);
	cursor = XCreatePixmapCursor(display, square, square, &color, &color, 0, 0);
	XFreePixmap(display, square);
	return cursor;
}

static void open_window(struct painter *p, const char *geometry)
{
	XSetWindowAttributes attributes = { .override_redirect = True };
	unsigned int width, height;
	int x = 0, y = 0, screen;
	Visual *visual;
	int depth;

	if ((XParseGeometry(geometry, &x, &y, &width, &height) & (WidthValue | HeightValue)) !=
	    (WidthValue | HeightValue))
		die("GEOMETRY is not WIDTHxHEIGHT+X+Y");
	p->display = XOpenDisplay(NULL);
	if (!p->display)
		die("no display");
	screen = DefaultScreen(p->display);
	visual = DefaultVisual(p->display, screen);
	depth = DefaultDepth(p->display, screen);
	if (depth != 24)
		die("the screen has not 24 bits per pixel");
	p->window = XCreateWindow(p->display, DefaultRootWindow(p->display), x, y, width, height, 0,
				  depth, InputOutput, visual, CWOverrideRedirect, &attributes);
	p->next = XCreatePixmap(p->display, p->window, width, height, (unsigned int)depth);
	p->gc = XCreateGC(p->display, p->window, 0, NULL);
	p->image = (struct pattern_image){
		.pixels = calloc((size_t)width * height, sizeof(uint32_t)),
		.pitch = width,
		.width = width,
		.height = height,
	};
	if (!p->image.pixels)
		die("no memory");
	p->ximage = XCreateImage(p->display, visual, (unsigned int)depth, ZPixmap, 0,
				 (char *)p->image.pixels, width, height, 32, 0);
	XSelectInput(p->display, p->window, ExposureMask);
	XDefineCursor(p->display, p->window, create_cursor(p->display, p->window));
	XMapRaised(p->display, p->window);
}

static void open_progress(struct painter *p, const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		die(path);
	p->progress = mmap(NULL, sizeof(*p->progress), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p->progress == MAP_FAILED)
		die(path);
	close(fd);
}

/* Whether the server has lost something of the window, as when the screen changed its size. */
static bool exposed(struct painter *p)
{
	bool any = false;
	XEvent event;

	while (XPending(p->display)) {
		XNextEvent(p->display, &event);
		any |= event.type == Expose;
	}
	return any;
}

static void draw(struct painter *p, uint32_t before, uint32_t n)
{
	struct pattern_rect changes[PATTERN_BANDS];
	XRectangle clips[PATTERN_BANDS];
	uint32_t num;

	pattern_draw(&p->image, before, n, p->who);
	if (spoil)
		pattern_draw_cells(&p->image, n - 1, n % 2, p->who);
	spoil = 0;
	num = pattern_changes(&p->image, before, n, changes);
	for (uint32_t i = 0; i < num; i++) {
		const struct pattern_rect *rect = &changes[i];

		clips[i] = (XRectangle){ (short)rect->x, (short)rect->y,
					 (unsigned short)rect->width, (unsigned short)rect->height };
		XPutImage(p->display, p->next, p->gc, p->ximage, (int)rect->x, (int)rect->y,
			  (int)rect->x, (int)rect->y, rect->width, rect->height);
	}
	if (!exposed(p))
		XSetClipRectangles(p->display, p->gc, 0, 0, clips, (int)num, YXBanded);
	XCopyArea(p->display, p->next, p->window, p->gc, 0, 0, p->image.width, p->image.height, 0,
		  0);
	XSetClipMask(p->display, p->gc, None);
	XSync(p->display, False);
}

static void on_usr1(int number)
{
	spoil = number;
}

int main(int argc, char **argv)
{
	const struct timespec period = { 0, PERIOD_MS * 1000000L };
	struct painter painter = { 0 };
	uint32_t before = PATTERN_NONE, n;

	if (argc != 4) {
		fputs("usage: painter-x11 GEOMETRY PROGRESS WHO\n", stderr);
		return 2;
	}
	painter.who = (uint32_t)atoi(argv[3]);
	open_progress(&painter, argv[2]);
	open_window(&painter, argv[1]);
	signal(SIGUSR1, on_usr1);
	n = atomic_load(&painter.progress->drawn) + PATTERN_PERIOD;
	for (;; before = n++) {
		draw(&painter, before, n);
		atomic_store(&painter.progress->drawn, n);
		/* The server shows what was drawn before it takes requests that come later. */
		if (before != PATTERN_NONE)
			pattern_shown(painter.progress, before, pattern_size(&painter.image));
		nanosleep(&period, NULL);
	}
}
