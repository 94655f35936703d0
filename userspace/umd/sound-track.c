// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The track of sound-track.h.
 */
#include "sound-track.h"

#include <string.h>

#define NS_PER_S G_GUINT64_CONSTANT(1000000000)

/* What sound servers use lies far within. */
#define MIN_RATE 4000
#define MAX_RATE 384000

const GstAudioChannelPosition sound_positions[6] = {
	GST_AUDIO_CHANNEL_POSITION_FRONT_LEFT,	 GST_AUDIO_CHANNEL_POSITION_FRONT_RIGHT,
	GST_AUDIO_CHANNEL_POSITION_REAR_LEFT,	 GST_AUDIO_CHANNEL_POSITION_REAR_RIGHT,
	GST_AUDIO_CHANNEL_POSITION_FRONT_CENTER, GST_AUDIO_CHANNEL_POSITION_LFE1,
};

struct sound_track {
	struct sound_layout layout;
	void (*unit)(const struct sound_unit *unit, gpointer user_data);
	gpointer user_data;
	struct sound_counters counters;

	guint64 begin_ns;
	gboolean fresh; /* nothing has been played since */
	guint64 next; /* place of the next sample, counted from begin_ns */

	/* The unit that is being made: its last sample but one is in front of next. */
	gint16 *samples;
	guint filled;
	guint64 taken_ns; /* when its first sample that is not silence was taken; 0: there is none */
	gboolean discont;

	/* The stream that plays. */
	gboolean playing;
	gboolean usable;
	gboolean complained;
	gboolean placed;	/* it follows what is in the track ... */
	guint64 stream_ns;	/* ... with the sample that has this time */
	guint64 stream_frames;	/* ... and so many after it were taken */
	struct sound_format format;
	guint taken;	    /* samples of the latest block ... */
	guint64 block_ns;   /* ... and its time */
	guint64 left_to_ns; /* the end of what was left out last */
	GstAudioConverter *converter; /* NULL: nothing but channels differs */
	guint held;		      /* the latest samples that went in and are to come out */
	guint mixed_channels;	      /* of what comes out of it */
	GArray *mixed, *ordered;      /* gint16 */
};

/* ------------------------------------------------------------------------- places */

static guint64 duration(guint64 frames, guint rate)
{
	return frames / rate * NS_PER_S + (frames % rate * NS_PER_S + rate / 2) / rate;
}

static guint64 time_of(const sound_track *track, guint64 place)
{
	return track->begin_ns + duration(place, track->layout.format.rate);
}

/* The place that is nearest to a time, which is not before the begin. */
static guint64 place_at(const sound_track *track, guint64 ns)
{
	guint64 since = ns - track->begin_ns;
	guint rate = track->layout.format.rate;

	return since / NS_PER_S * rate + (since % NS_PER_S * rate + NS_PER_S / 2) / NS_PER_S;
}

static guint64 frames_in(const sound_track *track, gint64 ns)
{
	return ns * track->layout.format.rate / (gint64)NS_PER_S;
}

void sound_log_left_out(guint64 time_ns, guint64 duration_ns, const char *why)
{
	g_debug("sound left out: %" G_GUINT64_FORMAT " ns from %" G_GUINT64_FORMAT " ns on, %s", duration_ns,
		time_ns, why);
}

/* @frames of the stream from @time_ns on are not in the track, and never will be. */
static void leave_out(sound_track *track, guint64 *us, guint64 frames, guint64 time_ns, const char *why)
{
	guint rate = MAX(track->format.rate, MIN_RATE);
	guint64 length = duration(frames, rate);

	if (!frames)
		return;
	*us += frames * G_USEC_PER_SEC / rate;
	track->counters.gaps += time_ns > track->left_to_ns + SOUND_TRACK_TOLERANCE_NS;
	track->left_to_ns = MAX(track->left_to_ns, time_ns + length);
	sound_log_left_out(time_ns, length, why);
}

/* -------------------------------------------------------------------------- units */

static void give_out(sound_track *track)
{
	const struct sound_unit unit = {
		.samples = track->samples,
		.frames = track->layout.unit,
		.time_ns = time_of(track, track->next - track->layout.unit),
		.discont = track->discont,
		.silent = !track->taken_ns,
		.taken_ns = track->taken_ns,
	};

	track->filled = 0;
	track->taken_ns = 0;
	track->discont = FALSE;
	track->unit(&unit, track->user_data);
}

static gint16 *room(sound_track *track, guint64 wanted, guint *frames)
{
	*frames = MIN(wanted, track->layout.unit - track->filled);
	return track->samples + (gsize)track->filled * track->layout.format.channels;
}

static void filled(sound_track *track, guint frames)
{
	track->filled += frames;
	track->next += frames;
	if (track->filled == track->layout.unit)
		give_out(track);
}

static void add_silence(sound_track *track, guint64 frames)
{
	while (frames) {
		guint n;
		gint16 *to = room(track, frames, &n);

		memset(to, 0, sound_bytes(&track->layout.format, n));
		filled(track, n);
		frames -= n;
	}
}

/* What has fewer channels than the track plays on the first of them; one on the first two. */
static void spread(gint16 *to, guint channels, const gint16 *from, guint from_channels, guint frames)
{
	memset(to, 0, (gsize)frames * channels * sizeof(*to));
	for (guint n = 0; n < frames; n++, to += channels, from += from_channels) {
		memcpy(to, from, from_channels * sizeof(*to));
		if (from_channels == 1 && channels > 1)
			to[1] = from[0];
	}
}

static void add_samples(sound_track *track, const gint16 *from, guint channels, guint64 frames,
			guint64 taken_ns)
{
	guint own = track->layout.format.channels;

	while (frames) {
		guint n;
		gint16 *to = room(track, frames, &n);

		if (channels == own)
			memcpy(to, from, sound_bytes(&track->layout.format, n));
		else
			spread(to, own, from, channels, n);
		if (!track->taken_ns)
			track->taken_ns = taken_ns;
		from += (gsize)n * channels;
		frames -= n;
		filled(track, n);
	}
}

/* The track goes on at @place, which is far away. */
static void jump(sound_track *track, guint64 place)
{
	if (track->filled)
		add_silence(track, track->layout.unit - track->filled);
	track->next = MAX(place, track->next);
	track->discont = TRUE;
}

static void fill_up_to(sound_track *track, guint64 place)
{
	if (place <= track->next)
		return;
	if (place - track->next > frames_in(track, SOUND_TRACK_JUMP_NS))
		jump(track, place);
	else
		add_silence(track, place - track->next);
}

/* --------------------------------------------------------------------- conversion */

static void set_info(GstAudioInfo *info, guint rate, guint channels)
{
	GstAudioChannelPosition positions[SOUND_MAX_CHANNELS] = { GST_AUDIO_CHANNEL_POSITION_MONO };

	if (channels > 1)
		gst_audio_channel_positions_from_mask(channels, gst_audio_channel_get_fallback_mask(channels),
						      positions);
	gst_audio_info_set_format(info, GST_AUDIO_FORMAT_S16, rate, channels, positions);
}

static gboolean make_converter(sound_track *track, const struct sound_format *format)
{
	const struct sound_format *own = &track->layout.format;
	GstAudioInfo in, out;

	g_clear_pointer(&track->converter, gst_audio_converter_free);
	track->held = 0;
	track->mixed_channels = MIN(format->channels, own->channels);
	if (format->rate < MIN_RATE || format->rate > MAX_RATE || format->channels < 1 ||
	    format->channels > SOUND_MAX_CHANNELS)
		return FALSE;
	if (format->rate == own->rate && format->channels <= own->channels)
		return TRUE;
	set_info(&in, format->rate, format->channels);
	set_info(&out, own->rate, track->mixed_channels);
	track->converter = gst_audio_converter_new(0, &in, &out, NULL);
	if (track->converter)
		track->held = gst_audio_converter_get_max_latency(track->converter);
	return track->converter != NULL;
}

/* A mixer has to know what the channels are: in the order of GStreamer's numbers. */
static const gint16 *ordered(sound_track *track, const gint16 *from, guint frames)
{
	GstAudioChannelPosition valid[G_N_ELEMENTS(sound_positions)];
	guint channels = track->format.channels;

	if (channels != G_N_ELEMENTS(sound_positions) || channels == track->mixed_channels)
		return from;
	memcpy(valid, sound_positions, sizeof(valid));
	gst_audio_channel_positions_to_valid_order(valid, channels);
	g_array_set_size(track->ordered, frames * channels);
	memcpy(track->ordered->data, from, frames * channels * sizeof(*from));
	gst_audio_reorder_channels(track->ordered->data, frames * channels * sizeof(*from),
				   GST_AUDIO_FORMAT_S16, channels, sound_positions, valid);
	return (const gint16 *)track->ordered->data;
}

/* @from NULL: silence. */
static const gint16 *convert(sound_track *track, const gint16 *from, guint frames, guint *out_frames)
{
	gpointer in[1] = { (gpointer)(from ? ordered(track, from, frames) : NULL) }, out[1];

	*out_frames = gst_audio_converter_get_out_frames(track->converter, frames);
	g_array_set_size(track->mixed, *out_frames * track->mixed_channels);
	out[0] = track->mixed->data;
	if (*out_frames &&
	    !gst_audio_converter_samples(track->converter, 0, from ? in : NULL, frames, out, *out_frames))
		*out_frames = 0;
	return (const gint16 *)track->mixed->data;
}

/* ------------------------------------------------------------------------- stream */

/* Does it follow what was taken before? */
static gboolean follows(const sound_track *track, const struct sound_block *block)
{
	gint64 expected = track->stream_ns + duration(track->stream_frames, track->format.rate);

	return track->placed && !block->lost &&
	       ABS((gint64)block->time_ns - expected) < SOUND_TRACK_TOLERANCE_NS;
}

/*
 * Finds the place of the block's first sample that can have one, and goes there.  Returns: how many
 * samples are in front of it, for places that are taken or lie before the track.
 */
static guint64 place(sound_track *track, const struct sound_block *block)
{
	guint64 free_ns = time_of(track, track->next), time = block->time_ns, skip = 0;
	guint rate = track->format.rate;

	track->stream_ns = time;
	track->stream_frames = 0;
	/* Places are those of the track's samples: what comes without a pause may be off by one or two. */
	if (time + 2 * NS_PER_S / track->layout.format.rate < free_ns)
		skip = MIN(((free_ns - time) * rate + NS_PER_S / 2) / NS_PER_S, block->frames);
	/* The next block is placed anew if this one does not reach the track. */
	track->placed = skip < block->frames;
	track->fresh &= !track->placed;
	if (track->placed)
		fill_up_to(track, place_at(track, MAX(time + duration(skip, rate), track->begin_ns)));
	return skip;
}

void sound_track_samples(sound_track *track, const struct sound_block *block, guint64 now_ns)
{
	const gint16 *samples = block->samples;
	guint64 skip = 0, frames = block->frames;
	guint out;

	track->taken = frames;
	track->block_ns = block->time_ns;
	if (!track->playing || !track->usable || !frames)
		return;
	if (now_ns > block->time_ns + SOUND_TRACK_LATE_NS) {
		if (block->time_ns >= track->begin_ns)
			leave_out(track, &track->counters.skipped_us, frames, block->time_ns, "too old");
		track->placed = FALSE;
		return;
	}
	if (!follows(track, block)) {
		skip = place(track, block);
		if (block->time_ns >= track->begin_ns)
			leave_out(track, &track->counters.skipped_us, skip, block->time_ns, "its place is taken");
	}
	track->stream_frames += frames;
	frames -= skip;
	samples += skip * track->format.channels;
	if (!frames)
		return;
	if (track->converter) {
		samples = convert(track, samples, frames, &out);
		frames = out;
	}
	add_samples(track, samples, track->mixed_channels, frames, now_ns - block->waited_ns);
}

void sound_track_lost(sound_track *track, const struct sound_block *block)
{
	guint rate = MAX(track->format.rate, MIN_RATE);
	guint64 after = track->block_ns + duration(track->taken, rate);

	if (block->time_ns)
		after = block->time_ns - duration(block->lost, rate);
	/* Of what comes before the first sound nobody has wanted to hear anything. */
	if (block->torn && !track->fresh)
		leave_out(track, &track->counters.lost_us, track->taken, track->block_ns, "may be overwritten");
	if (!track->fresh)
		leave_out(track, &track->counters.lost_us, block->lost, after, "overwritten");
	track->taken = 0;
}

void sound_track_start(sound_track *track, const struct sound_format *format)
{
	gboolean same = track->playing && track->usable && track->format.rate == format->rate &&
			track->format.channels == format->channels;

	if (track->playing)
		sound_track_stop(track);
	track->playing = TRUE;
	if (same && !track->converter)
		return;
	track->usable = make_converter(track, format);
	if (!track->usable && !track->complained)
		g_warning("sound at %u Hz with %u channels cannot be sent: it is silent", format->rate,
			  format->channels);
	track->complained |= !track->usable;
	track->format = *format;
}

void sound_track_stop(sound_track *track)
{
	if (track->playing && track->usable && track->converter && track->placed) {
		guint out;
		const gint16 *rest = convert(track, NULL, track->held, &out);

		add_samples(track, rest, track->mixed_channels, out, time_of(track, track->next));
	}
	track->playing = FALSE;
	track->placed = FALSE;
}

/* -------------------------------------------------------------------------- track */

guint64 sound_track_advance(sound_track *track, guint64 now_ns)
{
	guint64 late = track->playing ? SOUND_TRACK_STARVED_NS : SOUND_TRACK_MARGIN_NS;
	guint64 step, due;

	/* So far behind that nothing could use it. */
	if (now_ns > time_of(track, track->next) + SOUND_TRACK_LATE_NS) {
		fill_up_to(track, place_at(track, now_ns - late));
		track->placed = FALSE;
	}
	for (;;) {
		step = (guint64)track->layout.silent_units * track->layout.unit - track->filled;
		due = time_of(track, track->next + step) + late;
		if (due > now_ns)
			return due;
		add_silence(track, step);
		track->placed = FALSE;
	}
}

void sound_track_begin(sound_track *track, guint64 time_ns)
{
	track->begin_ns = time_ns;
	track->fresh = TRUE;
	track->next = 0;
	track->filled = 0;
	track->taken_ns = 0;
	track->discont = TRUE;
	track->placed = FALSE;
}

void sound_track_get_counters(const sound_track *track, struct sound_counters *counters)
{
	*counters = track->counters;
}

sound_track *sound_track_new(const struct sound_layout *layout,
			     void (*unit)(const struct sound_unit *unit, gpointer user_data),
			     gpointer user_data)
{
	sound_track *track = g_new0(sound_track, 1);

	track->layout = *layout;
	track->unit = unit;
	track->user_data = user_data;
	track->samples = g_malloc0(sound_bytes(&layout->format, layout->unit));
	track->mixed = g_array_new(FALSE, FALSE, sizeof(gint16));
	track->ordered = g_array_new(FALSE, FALSE, sizeof(gint16));
	track->discont = TRUE;
	return track;
}

void sound_track_free(sound_track *track)
{
	if (!track)
		return;
	g_clear_pointer(&track->converter, gst_audio_converter_free);
	g_array_unref(track->mixed);
	g_array_unref(track->ordered);
	g_free(track->samples);
	g_free(track);
}
