/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bench.h - what an encoding source costs, on frames of a desktop that is played
 *
 * Two processes.  The desktop's draws a scene, flips at the times of the mode's grid, and
 * receives the RTP that comes back; it is not what is measured.  The source's, started
 * anew for each run, takes frames out of a mailbox in shared memory, which has the rules
 * of miracast.ko (newest wins, damage adds up, a buffer that is held is not drawn into;
 * nothing is revoked), and sends a transport stream; its processor time counts.
 *
 *	scene.c		what the desktop shows, a pure function of the scene's name and size
 *	desktop.c	the desktop's process: buffers, flips, damage by the kernel module's code
 *	frames.c	the source's end of the mailbox; miracast_frames_*() of it
 *	source_*.c	the sources that are compared
 *	judge.c		what has arrived: which picture is which, delay, quality
 *
 * Every source notes each picture that it gives its encoder (frames_pushed()).  None
 * reorders or drops behind that, so the n-th access unit that arrives is the n-th picture.
 */
#pragma once

#include <glib.h>
#include <pthread.h>

#include "miracast_damage.h"

#define BENCH_BUFFERS 6
/* Pictures of one run at most, five minutes at 60 a second and what is repeated. */
#define BENCH_MAX_PICTURES 40000
/* The cursor is a square of so many pixels. */
#define BENCH_CURSOR 64

/**
 * struct bench_mode - a mode of the table in main.c
 * @cea: its bit in Wi-Fi Display's table
 * @bit_rate: what our session process would send, bits per second
 */
struct bench_mode {
	const char *name;
	guint cea;
	guint width;
	guint height;
	guint fps;
	guint bit_rate;
};

/* --------------------------------------------------------------------- scenes */

struct scene;

/* XRGB8888, no gap between lines. NULL: no such scene. */
struct scene *scene_new(const char *name, const struct bench_mode *mode);
void scene_free(struct scene *scene);
const guint32 *scene_pixels(const struct scene *scene);
/*
 * The next frame: draws what is new, and adds where that is to @damage.  FALSE: nothing
 * is, and the cursor has not moved.  Frame 0 is what scene_new() has drawn.
 */
gboolean scene_next(struct scene *scene, struct miracast_damage *damage);
/* Where the cursor is; FALSE: it is hidden. */
gboolean scene_cursor(const struct scene *scene, int *x, int *y);
/* BENCH_CURSOR lines of as many pixels, ARGB8888, premultiplied. */
const guint32 *scene_cursor_image(void);
/* Puts the cursor onto @pixels, as a desktop without a cursor plane does. */
void scene_draw_cursor(guint32 *pixels, const struct bench_mode *mode, int x, int y);
struct miracast_rect scene_cursor_rect(const struct bench_mode *mode, int x, int y);
/* Their names, NULL at the end. */
extern const char *const scene_names[];

/* -------------------------------------------------------------------- mailbox */

struct bench_pushed {
	guint64 seq;
	guint32 repeat;
};

/**
 * struct bench_shared - memory of both processes
 * @lock: covers the mailbox
 * @holds: frames of each buffer that the source holds
 * @start_ns, @period_ns: the grid of the flips
 * @pushed: pictures that the source's encoder got; written by the source only
 */
struct bench_shared {
	pthread_mutex_t lock;
	gboolean offered;
	struct miracast_frame frame;
	struct miracast_damage damage;
	guint holds[BENCH_BUFFERS];

	guint64 start_ns;
	guint64 period_ns;
	gint ready; /* the source waits for frames */
	gint quit;
	gint n_pushed;
	struct bench_pushed pushed[BENCH_MAX_PICTURES];
};

/* Descriptors of the source's process. */
#define BENCH_FD_SHARED 3
#define BENCH_FD_EVENT 4
#define BENCH_FD_CURSOR 5
#define BENCH_FD_BUFFERS 6

/* ------------------------------------------------------------- the source's process */

/**
 * struct bench_run - for a source
 * @bit_rate: bits per second, for sources whose rate is not a part of what they are
 * @port: of 127.0.0.1, where RTP goes
 */
struct bench_run {
	const struct bench_mode *mode;
	guint bit_rate;
	guint16 port;
};

/**
 * struct bench_source - something that encodes a desktop
 * @cursor_plane: the cursor is not in the picture, but beside it
 * @bt601: its colours are those of standard definition
 * @run: until frames_quit()
 */
struct bench_source {
	const char *name;
	const char *what;
	gboolean cursor_plane;
	gboolean bt601;
	int (*run)(const struct bench_run *run);
};

extern const struct bench_source source_miracast;
extern const struct bench_source source_miracast_undamaged;
extern const struct bench_source source_miracast_x264enc;
extern const struct bench_source source_gnd;
extern const struct bench_source source_gnd_cbr;
extern const struct bench_source source_ffmpeg;
extern const struct bench_source source_x264;

/* A frame that is held. */
struct bench_frame {
	guint64 seq;
	guint64 flip_ns;
	guint buffer;
	const guint8 *pixels;
	guint pitch;
	gboolean repeat;
};

void frames_open(const struct bench_mode *mode);
int frames_event_fd(void);
gboolean frames_quit(void);
/* The kernel says of each frame from now on that it is damaged everywhere, as under KWin. */
void frames_hide_damage(void);
void frames_ready(void);
void frames_pushed(guint64 seq, gboolean repeat);
/* The next new frame; FALSE: the run is over. */
gboolean frames_wait(struct bench_frame *frame);
/*
 * The same at a constant rate: the frame before again, at a time of the grid at which there
 * is no new one.  Of a repeated frame the hold is another one.
 */
gboolean frames_wait_at_rate(struct bench_frame *frame);
/* Any thread. */
void frames_release(guint buffer);

/* ------------------------------------------------------------ the desktop's process */

struct desktop;

struct desktop *desktop_new(const struct bench_mode *mode, const struct bench_source *source,
			    const char *scene);
void desktop_free(struct desktop *desktop);
/* Starts the source's process and waits until it is ready. FALSE: it is not. */
gboolean desktop_start(struct desktop *desktop, const struct bench_run *run);
/* Flips for so long. */
void desktop_play(struct desktop *desktop, double seconds);
/* Ends the source's process; FALSE: it has failed. */
gboolean desktop_stop(struct desktop *desktop);
/* Processor time of the source's process so far. */
guint64 desktop_source_cpu_ns(const struct desktop *desktop);
/* That of its threads: guint64 *, ns, by their names; to be unrefed. */
GHashTable *desktop_source_threads(const struct desktop *desktop);
/* Number of the newest frame; 1 is the first one. */
guint64 desktop_seq(const struct desktop *desktop);
/* CLOCK_MONOTONIC of the flip of a frame, us; 0: it was not shown. */
gint64 desktop_flip_us(const struct desktop *desktop, guint64 seq);
/* Frames that were shown, after @first and up to @last. */
guint desktop_shown(const struct desktop *desktop, guint64 first, guint64 last);
const struct bench_shared *desktop_shared(const struct desktop *desktop);
/* Pictures that the source's encoder has got so far. */
guint desktop_pushed(const struct desktop *desktop);

/* ----------------------------------------------------------------------- judge */

/**
 * struct judgement - of the pictures that the encoder got in a span of time
 * @pictures: new ones
 * @repeats: and others
 * @bits: of the video's elementary stream
 * @delay_median_us, @delay_p95_us: from the flip to the arrival of the last packet
 * @psnr, @ssim: of the luma, decoded, mean over the time: what the display shows, of a sample
 * @fresh_psnr: mean over those of the sample that are new
 * @until_sharp: pictures from a new page on until it has 40 dB, the worst; 0: no page did
 */
struct judgement {
	guint pictures;
	guint repeats;
	guint64 bits;
	gint64 delay_median_us;
	gint64 delay_p95_us;
	double psnr;
	double ssim;
	double fresh_psnr;
	guint until_sharp;
};

/**
 * struct judge_case - what to judge
 * @units: struct rtp_unit of the video, all that arrived
 * @scene: its name
 * @first, @end: pictures from the one on and before the other count, as they were pushed
 */
struct judge_case {
	GPtrArray *units;
	const struct desktop *desktop;
	const struct bench_mode *mode;
	const struct bench_source *source;
	const char *scene;
	guint first;
	guint end;
};

/* FALSE: what arrived is not what was sent; says why. */
gboolean judge(const struct judge_case *c, struct judgement *out);
