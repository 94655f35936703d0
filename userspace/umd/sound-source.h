/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * sound-source.h - where sound comes from
 *
 * A source hands over what is played, in pieces, each with the time of its first sample.
 * The pump (sound-pump.h) asks for them and says how long to wait; sources never wait and never
 * queue.  Two exist: sound_source_kernel (the monitor's sound card, through libmiracast) and
 * sound_source_test (tones and clicks, no kernel).
 *
 * States
 *
 *	          look(), and there is a card         START
 *	 AWAY ---------------------------> SILENT ------------> PLAYING
 *	  ^                                  |  ^     STOP         |
 *	  |           the card has gone      |  +------------------+
 *	  +----------------------------------+---------------------+
 *
 * What is wanted is one thing: to read the card of the monitor that is plugged now.  The owner
 * says look() each time it has plugged one; whether there is a card is known at once then, so
 * AWAY waits for nothing but the next look(), and costs nothing.  A card that has gone is
 * noticed when it is read, which poll() says.  SILENT costs no wakeup either.  In PLAYING
 * the source has something to say every few milliseconds; one that does not is taken for
 * silent by the track SOUND_TRACK_STARVED_NS after its last sample was due (sound-track.h), so no state can hang.
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

struct miracast_host;

/*
 * Samples are signed 16 bit, native byte order, interleaved; six channels are FL FR RL RR FC LFE,
 * as ALSA has them.
 */
#define SOUND_MAX_CHANNELS 8

/**
 * struct sound_format
 * @rate: samples of a channel per second
 * @channels: number of channels
 */
struct sound_format {
	guint rate;
	guint channels;
};

static inline gsize sound_bytes(const struct sound_format *format, guint frames)
{
	return (gsize)frames * format->channels * sizeof(gint16);
}

/**
 * enum sound_result - what take() found
 * @SOUND_NONE: nothing new
 * @SOUND_START: what follows is a stream of @format
 * @SOUND_SAMPLES: @frames samples; the time of each is that of the one before and 1/rate
 * @SOUND_STOP: nothing is played any more, for now; or there is a card, which is silent
 * @SOUND_GONE: there is no card any more; a stream has ended with it
 */
enum sound_result {
	SOUND_NONE,
	SOUND_START,
	SOUND_SAMPLES,
	SOUND_STOP,
	SOUND_GONE,
};

/**
 * struct sound_block - a piece of what is played
 * @format: of the stream
 * @samples: borrowed until the next take(), which is when the player may overwrite them: to
 *	be copied at once
 * @frames: how many
 * @time_ns: CLOCK_MONOTONIC at which the first one is due: at which the player believes it to
 *	be heard.  It may lie in the future
 * @waited_ns: for so long at most it was there to be taken, and nobody has said so
 * @lost: samples in front of these that were overwritten before anybody has read them
 * @torn: the block before was read too late: some of it may have been overwritten
 */
struct sound_block {
	struct sound_format format;
	const gint16 *samples;
	guint frames;
	guint64 time_ns;
	guint64 waited_ns;
	guint lost;
	gboolean torn;
};

/**
 * struct sound_source_class - functions of a source
 * @create: @format is that of the track, which a source without one of its own may use
 * @destroy: after the pump has ended
 * @look: there may be a card now; any thread
 * @wait_fd: descriptor that poll() says POLLIN of when take() is worth while, -1: there
 *	is none, until look(); the pump's thread, like take()
 * @take: never waits.  @block is valid with SOUND_START and SOUND_SAMPLES; its lost and
 *	torn with any result
 */
struct sound_source_class {
	const char *name;
	gpointer (*create)(struct miracast_host *host, const struct sound_format *format,
			   GError **error);
	void (*destroy)(gpointer source);
	void (*look)(gpointer source);
	int (*wait_fd)(gpointer source);
	enum sound_result (*take)(gpointer source, struct sound_block *block);
};

extern const struct sound_source_class sound_source_kernel;

/* How long before they are due the test source has samples: as long as the kernel's module. */
#define SOUND_TEST_LEAD_NS (20 * 1000 * 1000)

/*
 * All of it a function of CLOCK_MONOTONIC, so that it fits to the flashes of
 * frame_source_test.  Always PLAYING, in the format of the track.  Each channel has a sine of
 * its own at -12 dBFS (FL 440, FR 660, FC 880, LFE 60, RL 1100 and RR 1320 Hz), in phase with
 * the whole second; all but LFE have a click in addition: 10 ms of 4000 Hz at -6 dBFS, beginning
 * with each whole second.
 */
extern const struct sound_source_class sound_source_test;

/* Nothing plays, ever. */
extern const struct sound_source_class sound_source_silence;

G_END_DECLS
