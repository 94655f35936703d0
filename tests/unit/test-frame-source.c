// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The desktop's pictures: what is read of a frame, and when, so that the desktop
 * neither waits for the conversion nor shows through it. libmiracast's frames
 * are those of the desktop below.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <drm/miracast.h>
#include <drm_fourcc.h>
#include <miracast/frames.h>
#include <miracast/umd.h>

#include "frame-source.h"

#define WIDTH 640
#define HEIGHT 480
#define CURSOR_SIZE 64
#define SCREEN_ID 1
#define CURSOR_ID 2

/* A desktop with one grey screen and a grey cursor. */
static struct {
	int screen_fd;
	int cursor_fd;
	guint8 *screen;
	guint8 *cursor;
	struct miracast_frame frame;
	gboolean offered;
	gboolean late; /* does not wait for the release any more */
	int acquire_error;  /* 0: none */
	gboolean imported;   /* its buffers are a GPU's */
	gboolean unmappable; /* they are in memory that nobody can map */
	gboolean slow;	     /* ... or that is read slowly, by the clock below */
	guint64 clock_ns;
	guint clock_calls;
	guint32 color_serial; /* its night light, which turns all colours round ... */
	int color_error;      /* ... or cannot be had */
	guint color_calls;

	const struct frame_source_class *source_class;
	gpointer source;
	struct picture picture;
	guint8 shown_at_release; /* luma at (0, 0) */
} desktop;

static guint8 luma(guint x, guint y)
{
	return picture_plane(&desktop.picture, 0)[y * picture_stride(&desktop.picture, 0) + x];
}

/* That the picture shows the grey that was drawn. */
static void assert_grey(guint x, guint y, guint grey)
{
	g_assert_cmpint(ABS((int)luma(x, y) - (int)(16 + grey * 219 / 255)), <=, 1);
}

static void draw(guint8 grey)
{
	memset(desktop.screen, grey, WIDTH * HEIGHT * 4);
}

static void draw_area(const struct miracast_rect *area, guint8 grey)
{
	for (guint y = area->y1; y < area->y2; y++)
		memset(desktop.screen + (y * WIDTH + area->x1) * 4, grey,
		       (area->x2 - area->x1) * 4);
}

/* ------------------------------------------------- libmiracast, as the desktop has it */

int miracast_frames_fd(struct miracast_host *host)
{
	return 0;
}

int miracast_frames_acquire(struct miracast_host *host, struct miracast_frame *frame)
{
	if (desktop.acquire_error)
		return desktop.acquire_error;
	if (!desktop.offered)
		return -EAGAIN;
	desktop.offered = FALSE;
	*frame = desktop.frame;
	return 0;
}

/* The desktop draws on at once: white, everywhere. */
int miracast_frames_release(struct miracast_host *host, uint64_t seq, int sync_file)
{
	g_assert_cmpuint(seq, ==, desktop.frame.seq);
	g_assert_cmpint(sync_file, ==, -1);
	desktop.shown_at_release = luma(0, 0);
	draw(255);
	memset(desktop.cursor, 255, CURSOR_SIZE * CURSOR_SIZE * 4);
	return desktop.late;
}

int miracast_frames_get_buffer(struct miracast_host *host, uint64_t buffer_id, int fds[4],
			       uint32_t *flags)
{
	*flags = desktop.imported ? MIRACAST_BUFFER_IMPORTED : 0;
	if (desktop.unmappable)
		fds[0] = open("/dev/null", O_WRONLY | O_CLOEXEC);
	else
		fds[0] = dup(buffer_id == CURSOR_ID ? desktop.cursor_fd : desktop.screen_fd);
	return 1;
}

int miracast_frames_get_retired(struct miracast_host *host, uint64_t ids[16])
{
	return 0;
}

/*
 * In front of the C library's: processor time, as a copy of a MiB takes it, measured
 * twice out of the buffer and once out of other memory.
 */
int clock_gettime(clockid_t id, struct timespec *now)
{
	static const guint64 slow_ns[] = { 0, 9000000, 0, 5000000, 0, 100000 };

	if (id != CLOCK_THREAD_CPUTIME_ID)
		return syscall(SYS_clock_gettime, id, now);
	desktop.clock_ns += desktop.slow ? slow_ns[desktop.clock_calls++ % G_N_ELEMENTS(slow_ns)] :
					   100000;
	*now = (struct timespec){ desktop.clock_ns / 1000000000, desktop.clock_ns % 1000000000 };
	return 0;
}

static int get_no_chunk(struct miracast_host *host, int timeout_ms, unsigned int n_fds,
			const int *fds, uint32_t *size, void *chunks, uint32_t *outstanding)
{
	return -ETIMEDOUT;
}

/* White to black and black to white. */
static int get_color(struct miracast_host *host, bool hardware_access, uint32_t code, uint32_t in_size,
		     const void *in, uint32_t out_size, void *out, uint32_t *bytes_returned)
{
	struct miracast_color *color = out;

	g_assert_cmpuint(code, ==, MIRACAST_CTL_GET_COLOR);
	g_assert_cmpuint(out_size, ==, sizeof(*color));
	desktop.color_calls++;
	if (desktop.color_error)
		return desktop.color_error;
	*color = (struct miracast_color){ .serial = desktop.color_serial, .flags = MIRACAST_COLOR_CURVES };
	for (guint i = 0; i < MIRACAST_COLOR_LUT; i++)
		color->red[i] = color->green[i] = color->blue[i] = 65535 - 257 * i;
	return 0;
}

/* --------------------------------------------------------------------- fixture */

static int shared_memory(gsize size, guint8 **data)
{
	int fd = memfd_create("dma-buf", MFD_CLOEXEC);

	g_assert_cmpint(ftruncate(fd, size), ==, 0);
	*data = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	g_assert_true(*data != MAP_FAILED);
	return fd;
}

static void set_up(void *unused, gconstpointer data)
{
	static const struct miracast_callbacks callbacks = {
		.get_next_chunk = get_no_chunk,
		.io_control = get_color,
	};
	const struct stream_mode mode = { WIDTH, HEIGHT, 30000 };

	memset(&desktop, 0, sizeof(desktop));
	desktop.screen_fd = shared_memory(WIDTH * HEIGHT * 4, &desktop.screen);
	desktop.cursor_fd = shared_memory(CURSOR_SIZE * CURSOR_SIZE * 4, &desktop.cursor);
	desktop.frame = (struct miracast_frame){
		.buffer_id = SCREEN_ID,
		.fourcc = DRM_FORMAT_XRGB8888,
		.num_planes = 1,
		.pitch = { WIDTH * 4 },
		.width = WIDTH,
		.height = HEIGHT,
		.cursor_width = CURSOR_SIZE,
		.cursor_height = CURSOR_SIZE,
		.cursor_pitch = CURSOR_SIZE * 4,
		.cursor_buffer_id = CURSOR_ID,
	};
	gst_video_info_set_format(&desktop.picture.info, GST_VIDEO_FORMAT_I420, WIDTH, HEIGHT);
	desktop.picture.data = g_malloc0(GST_VIDEO_INFO_SIZE(&desktop.picture.info));
	desktop.source_class = &frame_source_kernel;
	desktop.source = desktop.source_class->create(NULL, &callbacks, NULL);
	desktop.source_class->set_mode(desktop.source, &mode);
}

static void tear_down(void *unused, gconstpointer data)
{
	desktop.source_class->destroy(desktop.source);
	munmap(desktop.screen, WIDTH * HEIGHT * 4);
	munmap(desktop.cursor, CURSOR_SIZE * CURSOR_SIZE * 4);
	close(desktop.screen_fd);
	close(desktop.cursor_fd);
	g_free(desktop.picture.data);
}

static enum frame_result take(gboolean accept_torn)
{
	struct frame_info info = { .accept_torn = accept_torn };

	return desktop.source_class->take(desktop.source, &desktop.picture, &info);
}

/* A frame of which @damage is new, or everything, and what is found of it. */
static enum frame_result show(const struct miracast_rect *damage)
{
	desktop.frame.seq++;
	desktop.frame.flags &= ~MIRACAST_FRAME_FULL;
	desktop.frame.num_damage = 0;
	if (damage)
		desktop.frame.damage[desktop.frame.num_damage++] = *damage;
	else
		desktop.frame.flags |= MIRACAST_FRAME_FULL;
	desktop.offered = TRUE;
	return take(FALSE);
}

/* A frame that the desktop did not wait for. */
static void show_late(void)
{
	desktop.late = TRUE;
	g_assert_cmpint(show(NULL), ==, FRAME_TORN);
	desktop.late = FALSE;
}

/* ----------------------------------------------------------------------- tests */

static void test_whole(void *unused, gconstpointer data)
{
	draw(50);
	g_assert_cmpint(show(NULL), ==, FRAME_TAKEN);
	assert_grey(0, 0, 50);
	assert_grey(WIDTH - 1, HEIGHT - 1, 50);
	/* Out of the buffer itself: converted before the desktop was let go. */
	g_assert_cmpint(desktop.shown_at_release, ==, luma(0, 0));
	g_assert_cmpint(take(FALSE), ==, FRAME_NONE);
}

/* A kernel tells the vertical blank; one that does not, the flip, and that is it then. */
static void test_times(void *unused, gconstpointer data)
{
	struct frame_info info = { 0 };

	desktop.frame.flip_ns = 1000000;
	desktop.frame.shown_ns = 9000000;
	desktop.offered = TRUE;
	desktop.frame.seq++;
	g_assert_cmpint(desktop.source_class->take(desktop.source, &desktop.picture, &info), ==, FRAME_TAKEN);
	g_assert_cmpuint(info.flip_ns, ==, 1000000);
	g_assert_cmpuint(info.shown_ns, ==, 9000000);
	desktop.frame.shown_ns = 0;
	desktop.offered = TRUE;
	desktop.frame.seq++;
	g_assert_cmpint(desktop.source_class->take(desktop.source, &desktop.picture, &info), ==, FRAME_TAKEN);
	g_assert_cmpuint(info.shown_ns, ==, 1000000);
}

/* What has not changed is not looked at. */
static void test_damage(void *unused, gconstpointer data)
{
	const struct miracast_rect damage = { 128, 16, 256, 32 };

	draw(50);
	show(NULL);
	draw_area(&damage, 100);
	g_assert_cmpint(show(&damage), ==, FRAME_TAKEN);
	assert_grey(128, 16, 100);
	assert_grey(255, 31, 100);
	assert_grey(127, 16, 50);
	assert_grey(0, HEIGHT - 1, 50);
}

/* The next one is, and is let go before it is converted. */
static void test_torn(void *unused, gconstpointer data)
{
	const struct miracast_rect damage = { 130, 20, 250, 30 };

	draw(50);
	show_late();
	draw(100);
	g_assert_cmpint(show(&damage), ==, FRAME_TAKEN);
	g_assert_cmpint(desktop.shown_at_release, !=, luma(0, 0));
	/* All of it, whatever the desktop has changed: the one before was not shown. */
	assert_grey(0, 0, 100);
	assert_grey(WIDTH - 1, HEIGHT - 1, 100);

	/* The buffer is white, but that only the damage was drawn is what counts. */
	draw_area(&damage, 200);
	g_assert_cmpint(show(&damage), ==, FRAME_TAKEN);
	assert_grey(130, 20, 200);
	assert_grey(249, 29, 200);
	assert_grey(128, 16, 100);
	assert_grey(0, 0, 100);
}

/* Not even copying was quick enough: nothing is converted, the next is whole again. */
static void test_torn_copy(void *unused, gconstpointer data)
{
	const struct miracast_rect damage = { 130, 20, 250, 30 };
	guint8 before;

	draw(50);
	show_late();
	before = luma(0, 0);
	draw(100);
	show_late();
	g_assert_cmpint(luma(0, 0), ==, before);
	draw(150);
	g_assert_cmpint(show(&damage), ==, FRAME_TAKEN);
	assert_grey(0, 0, 150);
	assert_grey(WIDTH - 1, HEIGHT - 1, 150);
}

/* Better than nothing, when the pump says so; and repaired by the next. */
static void test_torn_accepted(void *unused, gconstpointer data)
{
	const struct miracast_rect damage = { 130, 20, 250, 30 };

	desktop.late = TRUE;
	for (guint grey = 50; grey <= 100; grey += 50) {
		draw(grey);
		desktop.frame.seq++;
		desktop.offered = TRUE;
		g_assert_cmpint(take(TRUE), ==, FRAME_TAKEN);
		assert_grey(0, 0, grey);
	}
	desktop.late = FALSE;
	draw(150);
	g_assert_cmpint(show(&damage), ==, FRAME_TAKEN);
	assert_grey(0, 0, 150);
}

/* In the end the frame is trusted again: copies cost, too. */
static void test_care_ends(void *unused, gconstpointer data)
{
	guint frames = 0;

	draw(0);
	show_late();
	do {
		draw(++frames % 2 ? 50 : 200);
		g_assert_cmpint(show(NULL), ==, FRAME_TAKEN);
		assert_grey(0, 0, frames % 2 ? 50 : 200);
	} while (desktop.shown_at_release != luma(0, 0) && frames < 10000);
	g_assert_cmpint(frames, >, 30);
	g_assert_cmpint(frames, <, 10000);
}

/* With care, too, it is the one of the frame, not what it is made into then. */
static void test_cursor(void *unused, gconstpointer data)
{
	const gboolean careful = GPOINTER_TO_INT(data);

	draw(50);
	show(NULL);
	if (careful)
		show_late();
	for (int x = 100; x <= 300; x += 100) {
		draw(50);
		memset(desktop.cursor, 200, CURSOR_SIZE * CURSOR_SIZE * 4);
		for (guint i = 3; i < CURSOR_SIZE * CURSOR_SIZE * 4; i += 4)
			desktop.cursor[i] = 255;
		desktop.frame.flags |= MIRACAST_FRAME_CURSOR_VISIBLE;
		desktop.frame.cursor_x = x;
		desktop.frame.cursor_y = 50;
		g_assert_cmpint(show(&(struct miracast_rect){ 0, 0, 0, 0 }), ==, FRAME_TAKEN);
		assert_grey(x, 50, 200);
		assert_grey(x + CURSOR_SIZE - 1, 50 + CURSOR_SIZE - 1, 200);
		assert_grey(x - 1, 50, 50);
		assert_grey(x - 99, 50, 50);
	}
	desktop.frame.flags &= ~MIRACAST_FRAME_CURSOR_VISIBLE;
	draw(50);
	g_assert_cmpint(show(&(struct miracast_rect){ 0, 0, 0, 0 }), ==, FRAME_TAKEN);
	assert_grey(300, 50, 50);
}

/* A frame of the next mode is kept; that it was waited for is no tear. */
static void test_waits_for_its_mode(void *unused, gconstpointer data)
{
	const struct stream_mode other = { WIDTH / 2, HEIGHT / 2, 30000 };
	const struct stream_mode mode = { WIDTH, HEIGHT, 30000 };

	desktop.source_class->set_mode(desktop.source, &other);
	draw(50);
	g_assert_cmpint(show(NULL), ==, FRAME_NONE);
	desktop.source_class->set_mode(desktop.source, &mode);
	desktop.late = TRUE;
	g_assert_cmpint(take(FALSE), ==, FRAME_TAKEN);
	assert_grey(0, 0, 50);
}

static struct picture_changes changes_of(const struct miracast_rect *damage)
{
	struct frame_info info = { .changes = { .everything = TRUE } };

	desktop.frame.seq++;
	desktop.frame.flags &= ~MIRACAST_FRAME_FULL;
	desktop.frame.num_damage = 0;
	if (damage)
		desktop.frame.damage[desktop.frame.num_damage++] = *damage;
	desktop.offered = TRUE;
	g_assert_cmpint(desktop.source_class->take(desktop.source, &desktop.picture, &info), ==, FRAME_TAKEN);
	return info.changes;
}

static void assert_area(const struct area *area, guint x1, guint y1, guint x2, guint y2)
{
	g_assert_cmpuint(area->x1, ==, x1);
	g_assert_cmpuint(area->y1, ==, y1);
	g_assert_cmpuint(area->x2, ==, x2);
	g_assert_cmpuint(area->y2, ==, y2);
}

/* What was converted is what has changed: damage, where the cursor was, where it is. */
static void test_changes(void *unused, gconstpointer data)
{
	const struct miracast_rect damage = { 128, 16, 256, 32 };
	struct picture_changes changes;

	draw(50);
	show(NULL);
	changes = changes_of(&damage);
	g_assert_false(changes.everything);
	g_assert_cmpuint(changes.n, ==, 1);
	assert_area(&changes.area[0], 128, 16, 256, 32);
	changes = changes_of(NULL);
	g_assert_false(changes.everything);
	g_assert_cmpuint(changes.n, ==, 0);

	desktop.frame.flags |= MIRACAST_FRAME_CURSOR_VISIBLE;
	desktop.frame.cursor_x = 100;
	desktop.frame.cursor_y = 50;
	changes = changes_of(NULL);
	g_assert_cmpuint(changes.n, ==, 1);
	assert_area(&changes.area[0], 100, 50, 164, 114);
	desktop.frame.cursor_x = WIDTH - 10;
	changes = changes_of(NULL);
	g_assert_cmpuint(changes.n, ==, 2);
	assert_area(&changes.area[0], 100, 50, 164, 114);
	assert_area(&changes.area[1], WIDTH - 10, 50, WIDTH, 114);

	/* After one that was not shown, all of it. */
	show_late();
	g_assert_true(changes_of(&damage).everything);
	g_assert_false(changes_of(&damage).everything);
}

static struct picture_changes changes_of_everything(void)
{
	struct frame_info info = { .changes = { .everything = TRUE } };

	desktop.frame.seq++;
	desktop.frame.flags |= MIRACAST_FRAME_FULL;
	desktop.offered = TRUE;
	g_assert_cmpint(desktop.source_class->take(desktop.source, &desktop.picture, &info), ==, FRAME_TAKEN);
	return info.changes;
}

/* A desktop that calls all of each picture new, as KWin does: what is, shows by comparison. */
static void test_undamaged(void *unused, gconstpointer data)
{
	const struct miracast_rect caret = { 200, 100, 202, 116 };
	struct picture_changes changes;

	for (guint i = 0; i < 5; i++) {
		draw(50);
		g_assert_true(changes_of_everything().everything);
	}
	draw(50);
	draw_area(&caret, 200);
	changes = changes_of_everything();
	g_assert_false(changes.everything);
	g_assert_cmpuint(changes.n, ==, 1);
	assert_area(&changes.area[0], 192, 96, 256, 128);
	assert_grey(200, 100, 200);
	assert_grey(0, 0, 50);
	/* The desktop had its buffer back before. */
	draw(50);
	g_assert_cmpuint(changes_of_everything().n, ==, 1);
	assert_grey(200, 100, 50);

	/* Where the cursor was nothing of the desktop's has changed. */
	desktop.frame.flags |= MIRACAST_FRAME_CURSOR_VISIBLE;
	desktop.frame.cursor_x = 100;
	desktop.frame.cursor_y = 50;
	draw(50);
	changes = changes_of_everything();
	g_assert_cmpuint(changes.n, ==, 1);
	assert_area(&changes.area[0], 100, 50, 164, 114);
	assert_grey(100, 50, 255);
	desktop.frame.flags &= ~MIRACAST_FRAME_CURSOR_VISIBLE;
	draw(50);
	changes = changes_of_everything();
	g_assert_cmpuint(changes.n, ==, 1);
	assert_area(&changes.area[0], 100, 50, 164, 114);
	assert_grey(100, 50, 50);

	/* What was torn is not what the next is compared with. */
	show_late();
	draw(50);
	g_assert_true(changes_of_everything().everything);
	assert_grey(0, 0, 50);
	draw(50);
	changes = changes_of_everything();
	g_assert_false(changes.everything);
	g_assert_cmpuint(changes.n, ==, 0);
	/* Nor what the desktop has of another mode. */
	desktop.source_class->set_mode(desktop.source, &(struct stream_mode){ WIDTH, HEIGHT, 60000 });
	draw(70);
	g_assert_true(changes_of_everything().everything);
	assert_grey(WIDTH - 1, HEIGHT - 1, 70);
}

/* What @frames frames say of themselves, each in another buffer if there are more than one. */
static guint complaints(guint frames, gboolean other_buffers, const char *wanted)
{
	guint n = 0;

	for (guint i = 0; i < frames; i++) {
		struct frame_info info = { 0 };

		desktop.frame.seq++;
		desktop.frame.flags |= MIRACAST_FRAME_FULL;
		desktop.frame.buffer_id = other_buffers ? 100 + desktop.frame.seq : SCREEN_ID;
		desktop.offered = TRUE;
		desktop.source_class->take(desktop.source, &desktop.picture, &info);
		n += info.unreadable != NULL;
		if (info.unreadable)
			g_assert_nonnull(strstr(info.unreadable, wanted));
	}
	return n;
}

/* Not one line for each picture, and not for ever: some in a row, and the owner hears of it. */
static void test_unmappable(void *unused, gconstpointer data)
{
	desktop.unmappable = TRUE;
	g_assert_cmpuint(complaints(4, FALSE, "mapped"), ==, 0);
	/* One that can be mapped in between: it was not the memory. */
	desktop.unmappable = FALSE;
	g_assert_cmpuint(complaints(1, TRUE, "mapped"), ==, 0);
	desktop.unmappable = TRUE;
	g_assert_cmpuint(complaints(4, FALSE, "mapped"), ==, 0);
	g_assert_cmpuint(complaints(1, FALSE, "mapped"), ==, 1);
	/* As long as it is so. */
	g_assert_cmpuint(complaints(600, FALSE, "mapped"), ==, 120);
	desktop.unmappable = FALSE;
	draw(50);
	g_assert_cmpint(show(NULL), ==, FRAME_TAKEN);
	assert_grey(0, 0, 50);
}

static void test_slow(void *unused, gconstpointer data)
{
	desktop.imported = TRUE;
	/* Ordinary memory, in however many buffers. */
	g_assert_cmpuint(complaints(50, TRUE, "slowly"), ==, 0);
	desktop.slow = TRUE;
	/* One alone says nothing. */
	g_assert_cmpuint(complaints(1, TRUE, "slowly"), ==, 0);
	g_assert_cmpuint(complaints(1, TRUE, "slowly"), ==, 1);
	desktop.slow = FALSE;
	g_assert_cmpuint(complaints(10, TRUE, "slowly"), ==, 0);
}

/* A desktop with one buffer, as Xorg: it is looked at twice, and then no more. */
static void test_slow_alone(void *unused, gconstpointer data)
{
	desktop.imported = TRUE;
	desktop.slow = TRUE;
	g_assert_cmpuint(complaints(1, FALSE, "slowly"), ==, 0);
	g_assert_cmpuint(complaints(1, FALSE, "slowly"), ==, 1);
	g_assert_cmpuint(complaints(50, FALSE, "slowly"), ==, 0);
	g_assert_cmpuint(desktop.clock_calls, ==, 12);
}

/* The second look says that the first was an accident: a buffer of the usual speed. */
static void test_slow_once(void *unused, gconstpointer data)
{
	desktop.imported = TRUE;
	desktop.slow = TRUE;
	g_assert_cmpuint(complaints(1, FALSE, "slowly"), ==, 0);
	desktop.slow = FALSE;
	g_assert_cmpuint(complaints(1, FALSE, "slowly"), ==, 0);
	desktop.slow = TRUE;
	g_assert_cmpuint(complaints(50, FALSE, "slowly"), ==, 0);
	g_assert_cmpuint(complaints(1, TRUE, "slowly"), ==, 0);
}

/* A desktop that copies already has nothing better to draw into. */
static void test_slow_own(void *unused, gconstpointer data)
{
	desktop.slow = TRUE;
	g_assert_cmpuint(complaints(50, TRUE, "slowly"), ==, 0);
}

/* Whose memory it was, and how fast that is read. */
static void test_memory(void *unused, gconstpointer data)
{
	const gboolean imported = GPOINTER_TO_INT(data);
	struct frame_info info = { .imported = !imported, .read_rate = 1 };

	desktop.imported = imported;
	desktop.frame.seq++;
	desktop.frame.flags |= MIRACAST_FRAME_FULL;
	desktop.offered = TRUE;
	g_assert_cmpint(desktop.source_class->take(desktop.source, &desktop.picture, &info), ==, FRAME_TAKEN);
	g_assert_cmpint(info.imported, ==, imported);
	/* A MiB in 0.1 ms, by the clock above. */
	g_assert_cmpuint(info.read_rate, ==, imported ? (1ULL << 20) * 10000 : 0);
}

/* Night light: once it is fetched, all of the picture has it, and what is new. */
static void test_color(void *unused, gconstpointer data)
{
	const struct miracast_rect damage = { 130, 20, 250, 30 };
	const struct stream_mode mode = { WIDTH, HEIGHT, 30000 };

	draw(50);
	g_assert_cmpint(show(NULL), ==, FRAME_TAKEN);
	assert_grey(0, 0, 50);
	g_assert_cmpuint(desktop.color_calls, ==, 0);

	/* Not to be had now: the picture as it is, and asked for again with the next. */
	desktop.frame.color_serial = desktop.color_serial = 7;
	desktop.color_error = -ENOMEM;
	draw(60);
	g_assert_cmpint(show(NULL), ==, FRAME_TAKEN);
	assert_grey(0, 0, 60);
	desktop.color_error = 0;
	draw(80);
	g_assert_true(changes_of(&damage).everything);
	assert_grey(130, 20, 255 - 80);
	assert_grey(0, 0, 255 - 80);
	g_assert_cmpuint(desktop.color_calls, ==, 2);
	draw(100);
	g_assert_false(changes_of(&damage).everything);
	assert_grey(130, 20, 255 - 100);
	assert_grey(0, 0, 255 - 80);
	g_assert_cmpuint(desktop.color_calls, ==, 2);

	/* It outlives the converter. */
	desktop.source_class->set_mode(desktop.source, &mode);
	draw(120);
	g_assert_cmpint(show(NULL), ==, FRAME_TAKEN);
	assert_grey(0, 0, 255 - 120);
	g_assert_cmpuint(desktop.color_calls, ==, 2);

	/* Another desktop, of another kernel, that knows of none. */
	desktop.frame.color_serial = 0;
	draw(140);
	g_assert_cmpint(show(&damage), ==, FRAME_TAKEN);
	assert_grey(0, 0, 140);
	g_assert_cmpuint(desktop.color_calls, ==, 2);
}

/* That the kernel is out of something does not mean that the monitor has gone. */
static void test_acquire_errors(void *unused, gconstpointer data)
{
	static const int passing[] = { -ENOMEM, -EBUSY, -ENOBUFS, -EINTR, -EMFILE, -ENFILE };
	static const int final[] = { -ENODEV, -EBADF, -EINVAL };
	short events;

	for (guint i = 0; i < G_N_ELEMENTS(passing); i++) {
		desktop.acquire_error = passing[i];
		g_assert_cmpint(take(FALSE), ==, FRAME_NONE);
		/* It is not asked again at once: the frame is there all the time. */
		desktop.source_class->wait_fd(desktop.source, &events);
		g_assert_cmpint(events, ==, 0);
	}
	desktop.acquire_error = 0;
	draw(50);
	g_assert_cmpint(show(NULL), ==, FRAME_TAKEN);
	desktop.source_class->wait_fd(desktop.source, &events);
	g_assert_cmpint(events, ==, POLLPRI);
	for (guint i = 0; i < G_N_ELEMENTS(final); i++) {
		desktop.acquire_error = final[i];
		g_assert_cmpint(take(FALSE), ==, FRAME_GONE);
	}
}

static void add(const char *path, gpointer data, void (*test)(void *, gconstpointer))
{
	g_test_add_vtable(path, 0, data, set_up, test, tear_down);
}

int main(int argc, char **argv)
{
	gst_init(NULL, NULL);
	g_test_init(&argc, &argv, NULL);
	add("/frame-source/whole", NULL, test_whole);
	add("/frame-source/times", NULL, test_times);
	add("/frame-source/damage", NULL, test_damage);
	add("/frame-source/torn/next-is-copied", NULL, test_torn);
	add("/frame-source/torn/copy", NULL, test_torn_copy);
	add("/frame-source/torn/accepted", NULL, test_torn_accepted);
	add("/frame-source/torn/care-ends", NULL, test_care_ends);
	add("/frame-source/cursor", GINT_TO_POINTER(FALSE), test_cursor);
	add("/frame-source/cursor-with-care", GINT_TO_POINTER(TRUE), test_cursor);
	add("/frame-source/changes", NULL, test_changes);
	add("/frame-source/undamaged", NULL, test_undamaged);
	add("/frame-source/waits-for-its-mode", NULL, test_waits_for_its_mode);
	add("/frame-source/unreadable/not-mapped", NULL, test_unmappable);
	add("/frame-source/unreadable/slow", NULL, test_slow);
	add("/frame-source/unreadable/slow-alone", NULL, test_slow_alone);
	add("/frame-source/unreadable/slow-once", NULL, test_slow_once);
	add("/frame-source/unreadable/slow-own", NULL, test_slow_own);
	add("/frame-source/memory/own", GINT_TO_POINTER(FALSE), test_memory);
	add("/frame-source/memory/imported", GINT_TO_POINTER(TRUE), test_memory);
	add("/frame-source/color", NULL, test_color);
	add("/frame-source/acquire-errors", NULL, test_acquire_errors);
	return g_test_run();
}
