/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sound: the ALSA card of a monitor, and the one who hears it.
 *
 * What the two do for each other is told in "Sound" of <uapi/drm/miracast.h>.
 *
 * Objects
 * =======
 *
 * Sound (struct miracast_sound)
 *	Ring, clock and reader of one card. Counted: the pipe has a reference
 *	while the monitor is plugged in, the ALSA card one until ALSA frees it,
 *	which is after the last application has closed it, and the sound fd one,
 *	which a mapping of the ring keeps open. The ring goes with the last.
 *
 * Card (struct snd_card)
 *	Made and registered by a plug, disconnected when the monitor departs:
 *	ALSA stops the stream, wakes who waits, and lets nobody in any more. That
 *	waits for no application. What is left of the card is freed when the last
 *	one has closed it; the module cannot be unloaded before.
 *
 * Stream
 *	The one substream of the card, while an application has it open. What is
 *	known of it here (struct miracast_stream) is set by ALSA's calls.
 *
 * Positions
 * =========
 *
 * Frames are counted since the application prepared the stream. With the clock
 * as the frame that is due now, a stream that is read in time has
 *
 *	position <= released <= taken <= given <= written
 *	            |                    |
 *	position is the clock            at most the lead ahead of the clock
 *
 * written
 *	What the application has written, by ALSA's pointers.
 * given
 *	What the reader may have: what has been written and is due before the lead
 *	is over, as of the last look at the position. Ticks wake it for that.
 * taken
 *	What the reader has read the records of.
 * released
 *	What it has done with: the next read() makes it what has been taken.
 * position
 *	Where ALSA sees the card. The clock, but it does not pass what has been
 *	given and not been released, unless that has been due for longer than the
 *	hold lasts. Then what it has passed is revoked: the reader is told that it
 *	may have read what was torn, and what it did not take is skipped. Without
 *	a reader it is the clock.
 *
 * All of it is a handful of numbers: nothing is queued, nothing is allocated while
 * something plays, and a stream that begins anew throws the rest of the last one
 * away, whose samples are overwritten by then.
 *
 * The timer runs while a stream does. It expires at period boundaries of the
 * application's, and in between often enough.
 *
 * Locks, outermost first
 * ======================
 *
 * ALSA's own, and the stream lock (spinlock, interrupts off)
 *	Held by ALSA around trigger and pointer, taken by the timer. What ALSA
 *	knows, its pointers above all, is looked at under it.
 * sound->lock (spinlock, interrupts off)
 *	All of struct miracast_sound that changes. A leaf but for the timer's and
 *	the wait queue's. The reader takes this one only, so it never gets in the
 *	way of ALSA, nor outlives anything of it.
 *
 * pipe->monitor_lock protects which sound a pipe has. Cards are made and
 * disconnected without it.
 */
#ifndef _MIRACAST_SOUND_H_
#define _MIRACAST_SOUND_H_

#include <linux/err.h>
#include <linux/kconfig.h>
#include <linux/types.h>

#include <drm/miracast.h>

struct miracast_fds;
struct miracast_pipe;
struct miracast_plug;
struct miracast_sound;
struct seq_file;

#if IS_ENABLED(CONFIG_DRM_MIRACAST_SOUND)

#include <linux/hrtimer.h>
#include <linux/kref.h>
#include <linux/spinlock.h>
#include <linux/time64.h>
#include <linux/wait.h>

struct snd_card;
struct snd_pcm_substream;

#define MIRACAST_SOUND_RING	(256 * 1024)	/* bytes; 1.3 s of stereo */
#define MIRACAST_SOUND_TICK_US	5000
#define MIRACAST_SOUND_LEAD_US	20000
#define MIRACAST_SOUND_HOLD_US	20000

/* Bytes of a frame are two for each channel. */
#define MIRACAST_SOUND_SAMPLE	2

/**
 * struct miracast_stream - what plays, or played last
 * @running: the clock goes
 * @fresh: the application has prepared it; it begins at frame 0
 * @serial: counts starts
 * @start_ns: when @base is due
 * @stop_ns: when it stopped
 * @base: position at which it was started last
 * @rate: frames per second
 * @channels: of the ring's frames
 * @buffer_frames: frames of the ring that are in use
 * @period_frames: how often the application wants to be woken
 * @period: number of the period that it has been woken for
 * @position: what ALSA was told last
 * @given: see "Positions"
 * @taken: see "Positions"
 * @released: see "Positions"
 */
struct miracast_stream {
	bool running;
	bool fresh;
	u32 serial;
	u64 start_ns;
	u64 stop_ns;
	u64 base;
	u32 rate;
	u32 channels;
	u32 buffer_frames;
	u32 period_frames;
	u64 period;
	u64 position;
	u64 given;
	u64 taken;
	u64 released;
};

/**
 * struct miracast_sound_told - what the reader knows
 * @serial: the start that it was told of last
 * @playing: it was told of no stop since
 * @revoked: it is to be told that the last record may be torn
 * @lost: frames that it has missed, and is to be told of
 */
struct miracast_sound_told {
	u32 serial;
	bool playing;
	bool revoked;
	u32 lost;
};

/**
 * struct miracast_sound - the sound of a monitor
 * @ref: see "Objects"
 * @rates: MIRACAST_SOUND_44100 and so on; constant
 * @channels: most channels; constant
 * @name: of the card; constant
 * @eld: what a HDMI monitor says of itself; constant
 * @eld_len: bytes of it; constant
 * @iec958: channel status that an application has set; protected by ALSA's lock
 *	of controls
 * @set_up: channels that an application has set up, or 0; READ_ONCE/WRITE_ONCE
 * @card: the card; constant, valid while the monitor is plugged in
 * @card_number: of @card; constant
 * @substream: of @card; constant, valid while the card is
 * @ring: MIRACAST_SOUND_RING bytes; constant
 * @timer: ticks while the stream runs
 * @wait: readers and pollers
 * @lock: see "Locks"; protects what follows
 * @gone: the monitor has departed
 * @reader: somebody has the sound fd
 * @stream: what plays
 * @told: what the reader knows
 * @reads: counts records that were handed out
 * @lost: frames that were skipped, ever
 */
struct miracast_sound {
	struct kref ref;
	u32 rates;
	u32 channels;
	char name[sizeof_field(struct miracast_plug, sound_name)];
	u8 eld[64];
	unsigned int eld_len;
	u8 iec958[4];
	unsigned int set_up;
	struct snd_card *card;
	int card_number;
	struct snd_pcm_substream *substream;
	u8 *ring;
	struct hrtimer timer;
	wait_queue_head_t wait;

	spinlock_t lock; /* see "Locks" */
	bool gone;
	bool reader;
	struct miracast_stream stream;
	struct miracast_sound_told told;
	u64 reads;
	u64 lost;
};

/* miracast_sound.c: ring, clock and reader */
struct miracast_sound *miracast_sound_alloc(const struct miracast_plug *plug);
struct miracast_sound *miracast_sound_get(struct miracast_sound *sound);
void miracast_sound_put(struct miracast_sound *sound);
void miracast_sound_end(struct miracast_sound *sound);
void miracast_sound_prepare(struct miracast_sound *sound);
void miracast_sound_start(struct miracast_sound *sound,
			  const struct miracast_stream *params, s64 queued);
void miracast_sound_stop(struct miracast_sound *sound);
u64 miracast_sound_pointer(struct miracast_sound *sound, s64 queued, s64 *delay);
bool miracast_sound_tick(struct miracast_sound *sound, s64 queued, bool draining,
			 bool *elapsed);
void miracast_sound_rearm(struct miracast_sound *sound);
int miracast_sound_map(struct miracast_sound *sound, struct vm_area_struct *vma);

/* miracast_sound_card.c: what ALSA sees */
struct miracast_sound *miracast_sound_create(struct miracast_pipe *pipe,
					     const struct miracast_plug *plug,
					     const u8 *edid);
void miracast_sound_remove(struct miracast_sound *sound);
void miracast_sound_exit(void);

bool miracast_sound_matches(const struct miracast_sound *sound,
			    const struct miracast_plug *plug);
int miracast_sound_open(void *context, void *arg, struct miracast_fds *fds);
void miracast_sound_show(struct seq_file *m, struct miracast_pipe *pipe);

#else

static inline struct miracast_sound *
miracast_sound_create(struct miracast_pipe *pipe,
		      const struct miracast_plug *plug, const u8 *edid)
{
	return ERR_PTR(-EOPNOTSUPP);
}

static inline void miracast_sound_remove(struct miracast_sound *sound)
{
}

static inline void miracast_sound_exit(void)
{
}

static inline bool miracast_sound_matches(const struct miracast_sound *sound,
					  const struct miracast_plug *plug)
{
	return false;
}

static inline int miracast_sound_open(void *context, void *arg,
				      struct miracast_fds *fds)
{
	const struct miracast_open_sound *open = arg;

	return open->flags & ~MIRACAST_OPEN_NONBLOCK ? -EINVAL : -ENODATA;
}

static inline void miracast_sound_show(struct seq_file *m,
				       struct miracast_pipe *pipe)
{
}

#endif

#endif /* _MIRACAST_SOUND_H_ */
