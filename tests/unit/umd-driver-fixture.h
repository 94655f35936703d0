/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * umd-driver-fixture.h - the driver of miracast-umd under libmiracast's host,
 * between a kernel and a sink that the test plays
 *
 * The kernel's ioctls are those of umd-driver-kernel.c, its messages come through a
 * socket pair; the sink is a thread that is content with everything; the broker
 * keeps the newest statistics.
 */
#pragma once

#include "umd-driver.h"

/* What a sink shows: 640x480 at 60 Hz; that and 720x480, which is this in M4. */
#define VGA "00 00 02 10 00000001 00000000 00000000 00 0000 0000 00 none none"
#define TWO "00 00 01 01 00000003 00000000 00000000 00 0000 0000 00 none none"
#define SECOND_MODE " 00000002 00000000 00000000 "

#define STREAM "rtsp://127.0.0.1/wfd1.0/streamid=0 RTSP/1.0"

struct played_kernel {
	GMutex lock;
	GString *ops;	    /* session ops and I/O control, in order */
	GByteArray *plug;   /* input of MIRACAST_CTL_PLUG */
	guint32 plug_flags; /* of the newest */
	struct miracast_plug newest_plug; /* its header */
	int sound_error;    /* of plugs with a sound card, 0: there is one */
	int older;	    /* of plugs that name drivers, 0: it knows them */
	gboolean shares;    /* its buffers are a GPU's, and can be mapped */
	GArray *statistics; /* struct miracast_statistic */
	guint32 info;
	gboolean frames;  /* the desktop draws all the time ... */
	gboolean still;	  /* ... or one frame only */
	gint64 flip_us;   /* its last frame */
	gint64 frame_us;  /* between two of them; 0: a thirtieth of a second */
	gboolean revokes; /* its hold is revoked */
	gboolean foreign; /* its buffers are a GPU's, and nobody can map them, if the plug lets it ... */
	gboolean always_foreign; /* ... or in any case */
	guint width, height; /* of its frames; 0: 640x480 */
	gboolean changes; /* each of them is another picture */
	int memory;	  /* of its buffer, for that */
	guint64 seq;
	guint64 announced; /* frames of which a chunk record was read */
	gboolean chunks_lost;
};

extern struct played_kernel kernel;

/* How many statistics of this type it got. */
guint count(guint type);
/* Whether one of them was this event. */
gboolean has_event(guint event);

struct fixture {
	int sink[2];	/* sink fd; [0] is the driver's */
	int channel[2]; /* to the broker; the same */
	int rtsp[2];	/* the same */
	int rtp;
	channel *broker;
	guint64 offered, acquired, sent, idr, bit_rate; /* of the newest statistics */
	guint64 sound_latency;				/* the same, median */
	char sound[16];					/* the same */
	guint same_idr;					/* statistics since idr grew */
	char *encoder; /* of the newest mode */
	char *pictures, *pictures_why; /* of the newest statistics */
	guint64 read_rate;	       /* the same */
	guint slow_width;	       /* the same; 0: no mode was too slow */
	gboolean slow_lowered;	       /* the same */
	const char *video;
	const char *more; /* of M3 */
	const char *audio; /* NULL: LPCM */
	const char *quirks; /* rows for this sink, which is called "script" */
	const char *refused; /* a message with this text is answered with 303 ... */
	const char *why;     /* ... and this body; NULL: it is the video */
	struct umd_config config;
	struct miracast_wfd_connection_stats stats;
	struct umd_driver_data driver;
	struct miracast_host *host;
	GThread *runner;
	GThread *sink_thread;
	gint result;
	gint done;
	GMutex lock;
	GString *heard; /* requests that the sink got */
};

/* What a program begins with. */
void umd_driver_init(int *argc, char ***argv);

void begin(struct fixture *f);
/* The driver's loop, until what is waited for has come. */
void wait_until(gboolean (*come)(struct fixture *f), struct fixture *f);
/* The monitor is plugged in; and another one in its place, when the first was there already. */
gboolean is_plugged(struct fixture *f);
gboolean is_plugged_again(struct fixture *f);
/* The sink is told a mode; it plays, and asks for a key frame; it has got some. */
gboolean mode_is_set(struct fixture *f);
gboolean is_playing(struct fixture *f);
gboolean some_sent(struct fixture *f);
/* Pictures go on, whatever they show: one a second at least, and how many is told less often. */
void assert_sends(struct fixture *f);
/* The session has ended. */
gboolean is_done(struct fixture *f);
/* Ends it, if it has not; the result of miracast_host_run(). */
int end(struct fixture *f);
/* What was kept for looking at it after the end. */
void clear(struct fixture *f);

/* A message of the display driver; returns the driver's status. */
int tell(struct fixture *f, guint32 code, gconstpointer payload, gsize size);
/* The desktop has set a mode. */
int tell_mode(struct fixture *f, guint width, guint height, guint hz);

/* The sink says something besides; and has it heard this? */
void sink_say(int fd, const char *head, const char *cseq, const char *body);
gboolean sink_heard(struct fixture *f, const char *text);
/* How often. */
guint sink_heard_times(struct fixture *f, const char *text);
