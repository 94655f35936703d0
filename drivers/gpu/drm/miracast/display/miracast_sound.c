// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sound of a monitor: the ring, the clock, and the one who hears it. See
 * miracast_sound.h; what ALSA sees of it is in miracast_sound_card.c.
 */
#include <linux/anon_inodes.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/uio.h>
#include <linux/vmalloc.h>

#include "miracast_drv.h"
#include "miracast_sound.h"
#include "miracast_trace.h"

/* ------------------------------------------------------------------- life */

static void miracast_sound_release(struct kref *ref)
{
	struct miracast_sound *sound =
		container_of(ref, struct miracast_sound, ref);

	vfree(sound->ring);
	kfree(sound);
}

void miracast_sound_put(struct miracast_sound *sound)
{
	kref_put(&sound->ref, miracast_sound_release);
}

struct miracast_sound *miracast_sound_get(struct miracast_sound *sound)
{
	kref_get(&sound->ref);

	return sound;
}

/* A ring, and nobody who plays or hears; without a card yet. */
struct miracast_sound *miracast_sound_alloc(const struct miracast_plug *plug)
{
	struct miracast_sound *sound;

	sound = kzalloc(sizeof(*sound), MIRACAST_GFP_USER);
	if (!sound)
		return ERR_PTR(-ENOMEM);
	sound->ring = __vmalloc(MIRACAST_SOUND_RING,
				MIRACAST_GFP_USER | __GFP_ZERO);
	if (!sound->ring) {
		kfree(sound);
		return ERR_PTR(-ENOMEM);
	}

	kref_init(&sound->ref);
	sound->rates = plug->sound_rates;
	sound->channels = plug->sound_channels;
	memcpy(sound->name, plug->sound_name, sizeof(sound->name));
	init_waitqueue_head(&sound->wait);
	spin_lock_init(&sound->lock);

	return sound;
}

/* The monitor departs: the reader is told, and will hear no more. */
void miracast_sound_end(struct miracast_sound *sound)
{
	spin_lock_irq(&sound->lock);
	sound->gone = true;
	spin_unlock_irq(&sound->lock);
	wake_up_interruptible_poll(&sound->wait, EPOLLHUP | EPOLLERR);
}

bool miracast_sound_matches(const struct miracast_sound *sound,
			    const struct miracast_plug *plug)
{
	return sound->rates == plug->sound_rates &&
	       sound->channels == plug->sound_channels &&
	       !strcmp(sound->name, plug->sound_name);
}

/* ------------------------------------------------------------------ clock */

/* What such a time is in frames, rounded down; exact for ever. */
static u64 miracast_stream_frames(const struct miracast_stream *stream, u64 ns)
{
	return mul_u64_u32_div(ns, stream->rate, NSEC_PER_SEC);
}

/* When a frame is due. */
static u64 miracast_stream_time(const struct miracast_stream *stream, u64 frame)
{
	return stream->start_ns + mul_u64_u32_div(frame - stream->base,
						  NSEC_PER_SEC, stream->rate);
}

/* The frame that is due now. */
static u64 miracast_stream_clock(const struct miracast_stream *stream)
{
	return stream->base +
	       miracast_stream_frames(stream, ktime_get_ns() - stream->start_ns);
}

/* How much is between ALSA's pointer and the application's is what is queued. */
static s64 miracast_stream_written(const struct miracast_stream *stream,
				   s64 queued)
{
	return (s64)stream->position + queued;
}

static void miracast_sound_skip(struct miracast_sound *sound, u64 frames)
{
	sound->told.lost = min_t(u64, sound->told.lost + frames, U32_MAX);
	sound->lost += frames;
}

/* The hold of what is before @position has been revoked, if there was one. */
static void miracast_sound_revoke(struct miracast_sound *sound, u64 position)
{
	struct miracast_stream *stream = &sound->stream;
	u64 passed = min(position, stream->given);

	if (passed <= stream->released)
		return;

	sound->told.revoked |= stream->taken > stream->released;
	if (passed > stream->taken) {
		miracast_sound_skip(sound, passed - stream->taken);
		stream->taken = passed;
	}
	stream->released = passed;
	trace_miracast_sound_revoked(sound->card_number, passed, sound->lost);
}

/* The reader may have what is due soon. */
static void miracast_sound_give(struct miracast_sound *sound, u64 clock,
				s64 written)
{
	struct miracast_stream *stream = &sound->stream;
	u64 lead = miracast_stream_frames(stream, MIRACAST_SOUND_LEAD_US *
						  NSEC_PER_USEC);
	s64 given = min_t(s64, written, clock + lead);

	if (sound->reader && given > (s64)stream->given)
		stream->given = given;
}

/*
 * Where the card is when its clock is at @clock, see "Positions". Afterwards nobody
 * holds what is before, and the reader may have what is due soon; it has to be
 * woken for that by a tick.
 */
static u64 miracast_sound_position(struct miracast_sound *sound, u64 clock,
				   s64 queued)
{
	struct miracast_stream *stream = &sound->stream;
	u64 position = clock;
	u64 hold = miracast_stream_frames(stream, MIRACAST_SOUND_HOLD_US *
						  NSEC_PER_USEC);

	lockdep_assert_held(&sound->lock);

	miracast_sound_give(sound, clock, miracast_stream_written(stream, queued));

	if (sound->reader && stream->released < stream->given) {
		position = min(position, stream->released);
		if (clock > hold)
			position = max(position, clock - hold);
	}
	position = max(position, stream->position);

	if (sound->reader)
		miracast_sound_revoke(sound, position);
	/* What was not written in time, and what nobody hears. */
	if (!sound->reader || stream->given < position) {
		stream->given = max(stream->given, position);
		stream->taken = stream->given;
		stream->released = stream->given;
	}

	return position;
}

static void miracast_sound_wake(struct miracast_sound *sound)
{
	wake_up_interruptible_poll(&sound->wait, EPOLLIN | EPOLLRDNORM);
}

/*
 * Have the timer expire at the next part of a period: as few parts as are no
 * longer than a tick.
 */
static void miracast_sound_arm(struct miracast_sound *sound)
{
	const struct miracast_stream *stream = &sound->stream;
	u32 tick = miracast_stream_frames(stream, MIRACAST_SOUND_TICK_US *
						  NSEC_PER_USEC);
	u32 parts = DIV_ROUND_UP(stream->period_frames, tick);
	u64 part = div_u64(miracast_stream_clock(stream) * parts,
			   stream->period_frames) + 1;
	u64 frame = DIV_ROUND_UP_ULL(part * stream->period_frames, parts);

	lockdep_assert_held(&sound->lock);

	/* Times are rounded down. */
	hrtimer_start(&sound->timer,
		      ns_to_ktime(miracast_stream_time(stream, frame) + 1),
		      HRTIMER_MODE_ABS);
}

/* The application begins anew: whatever is in the ring is not to be heard. */
void miracast_sound_prepare(struct miracast_sound *sound)
{
	struct miracast_stream *stream = &sound->stream;
	unsigned long flags;

	spin_lock_irqsave(&sound->lock, flags);
	if (sound->reader)
		miracast_sound_skip(sound, stream->given - stream->taken);
	sound->told.revoked |= sound->reader && stream->taken > stream->released;
	stream->taken = stream->given;
	stream->released = stream->given;
	stream->fresh = true;
	stream->position = 0;
	spin_unlock_irqrestore(&sound->lock, flags);
}

/**
 * miracast_sound_start() - the clock goes, from where it stood
 * @sound: the sound, whose stream does not run
 * @params: rate, channels, buffer_frames and period_frames of it
 * @queued: frames that the application is ahead of ALSA's pointer
 *
 * Context: Any, with the stream lock held.
 */
void miracast_sound_start(struct miracast_sound *sound,
			  const struct miracast_stream *params, s64 queued)
{
	struct miracast_stream *stream = &sound->stream;
	unsigned long flags;

	spin_lock_irqsave(&sound->lock, flags);
	if (stream->fresh) {
		stream->given = 0;
		stream->taken = 0;
		stream->released = 0;
		stream->fresh = false;
	}
	stream->rate = params->rate;
	stream->channels = params->channels;
	stream->buffer_frames = params->buffer_frames;
	stream->period_frames = params->period_frames;
	stream->running = true;
	stream->serial++;
	stream->base = stream->position;
	stream->start_ns = ktime_get_ns();
	stream->period = div_u64(stream->position, stream->period_frames);

	miracast_sound_position(sound, miracast_stream_clock(&sound->stream),
				queued);
	miracast_sound_arm(sound);
	trace_miracast_sound_start(sound->card_number, stream->rate,
				   stream->channels, stream->buffer_frames,
				   stream->period_frames, stream->base,
				   stream->start_ns);
	spin_unlock_irqrestore(&sound->lock, flags);

	miracast_sound_wake(sound);
}

/**
 * miracast_sound_stop() - the clock stands still
 * @sound: the sound
 *
 * A tick may be on its way yet; hrtimer_cancel() waits for it.
 *
 * Context: Any, with the stream lock held.
 */
void miracast_sound_stop(struct miracast_sound *sound)
{
	unsigned long flags;

	spin_lock_irqsave(&sound->lock, flags);
	sound->stream.running = false;
	sound->stream.stop_ns = ktime_get_ns();
	hrtimer_try_to_cancel(&sound->timer);
	trace_miracast_sound_stop(sound->card_number, sound->stream.position,
				  sound->stream.given, sound->lost);
	spin_unlock_irqrestore(&sound->lock, flags);

	miracast_sound_wake(sound);
}

/**
 * miracast_sound_pointer() - where the card is
 * @sound: the sound
 * @queued: frames that the application is ahead of ALSA's pointer
 * @delay: receives how many frames from there on have been due already, negated
 *
 * Context: Any, with the stream lock held.
 *
 * Return: frame of the ring.
 */
u64 miracast_sound_pointer(struct miracast_sound *sound, s64 queued, s64 *delay)
{
	struct miracast_stream *stream = &sound->stream;
	u64 clock, position, offset;
	unsigned long flags;

	spin_lock_irqsave(&sound->lock, flags);
	position = stream->position;
	*delay = 0;
	if (stream->running) {
		/* Once: between two looks at the clock it goes on. */
		clock = miracast_stream_clock(stream);
		position = miracast_sound_position(sound, clock, queued);
		*delay = position - clock;
		stream->position = position;
	}
	offset = 0;
	if (position)
		div64_u64_rem(position, stream->buffer_frames, &offset);
	spin_unlock_irqrestore(&sound->lock, flags);

	return offset;
}

/**
 * miracast_sound_tick() - some time has passed
 * @sound: the sound
 * @queued: frames that the application is ahead of ALSA's pointer
 * @draining: the application waits for the end of what is queued
 * @elapsed: receives whether a period has elapsed, or all that was queued has
 *
 * Context: Any, with the stream lock held.
 *
 * Return: whether the stream runs.
 */
bool miracast_sound_tick(struct miracast_sound *sound, s64 queued, bool draining,
			 bool *elapsed)
{
	struct miracast_stream *stream = &sound->stream;
	bool running, given = false;
	unsigned long flags;
	u64 position, period;

	*elapsed = false;

	spin_lock_irqsave(&sound->lock, flags);
	running = stream->running;
	if (running) {
		position = miracast_sound_position(sound,
						   miracast_stream_clock(stream),
						   queued);
		given = stream->taken < stream->given;
		period = div_u64(position, stream->period_frames);
		*elapsed = period != stream->period ||
			   (draining &&
			    (s64)position >= miracast_stream_written(stream, queued));
		stream->period = period;
	}
	spin_unlock_irqrestore(&sound->lock, flags);

	if (given)
		miracast_sound_wake(sound);

	return running;
}

/* After a tick, if the stream still runs. */
void miracast_sound_rearm(struct miracast_sound *sound)
{
	unsigned long flags;

	spin_lock_irqsave(&sound->lock, flags);
	if (sound->stream.running)
		miracast_sound_arm(sound);
	spin_unlock_irqrestore(&sound->lock, flags);
}

/* ----------------------------------------------------------------- reader */

static bool miracast_sound_readable(const struct miracast_sound *sound)
{
	const struct miracast_stream *stream = &sound->stream;

	lockdep_assert_held(&sound->lock);

	return stream->serial != sound->told.serial ||
	       stream->taken < stream->given ||
	       (sound->told.playing && !stream->running);
}

static bool miracast_sound_ready(struct miracast_sound *sound)
{
	bool ready;

	spin_lock_irq(&sound->lock);
	ready = sound->gone || miracast_sound_readable(sound);
	spin_unlock_irq(&sound->lock);

	return ready;
}

/* The next samples, up to the end of what is in use of the ring. */
static void miracast_sound_take(struct miracast_sound *sound,
				struct miracast_sound_record *record)
{
	struct miracast_stream *stream = &sound->stream;
	u64 at;

	div64_u64_rem(stream->taken, stream->buffer_frames, &at);
	record->type = MIRACAST_SOUND_SAMPLES;
	record->frame = stream->taken;
	record->time_ns = miracast_stream_time(stream, stream->taken);
	record->frames = min(stream->given - stream->taken,
			     stream->buffer_frames - at);
	record->offset = at * stream->channels * MIRACAST_SOUND_SAMPLE;
	stream->taken += record->frames;
}

/* What is before in the ring may be written to again; what comes next? */
static int miracast_sound_next(struct miracast_sound *sound,
			       struct miracast_sound_record *record)
{
	struct miracast_stream *stream = &sound->stream;
	struct miracast_sound_told *told = &sound->told;

	lockdep_assert_held(&sound->lock);

	if (sound->gone)
		return -ENODEV;
	stream->released = stream->taken;
	if (!miracast_sound_readable(sound))
		return -EAGAIN;

	memset(record, 0, sizeof(*record));
	record->len = sizeof(*record);
	record->header_len = sizeof(*record);
	record->rate = stream->rate;
	record->channels = stream->channels;
	record->buffer_bytes = stream->buffer_frames * stream->channels *
			       MIRACAST_SOUND_SAMPLE;
	record->flags = told->revoked ? MIRACAST_SOUND_REVOKED : 0;
	record->lost = told->lost;
	told->revoked = false;
	told->lost = 0;

	if (stream->serial != told->serial) {
		record->type = MIRACAST_SOUND_START;
		record->frame = stream->base;
		record->time_ns = stream->start_ns;
		told->serial = stream->serial;
		told->playing = true;
	} else if (stream->taken < stream->given) {
		miracast_sound_take(sound, record);
	} else {
		record->type = MIRACAST_SOUND_STOP;
		record->frame = stream->taken;
		record->time_ns = stream->stop_ns;
		told->playing = false;
	}
	sound->reads++;

	return 0;
}

/* The record could not be copied: as if it had not been read, if it still is the last. */
static void miracast_sound_undo(struct miracast_sound *sound,
				const struct miracast_sound_record *record,
				const struct miracast_sound_told *told, u64 reads)
{
	struct miracast_stream *stream = &sound->stream;

	spin_lock_irq(&sound->lock);
	if (sound->reads == reads) {
		sound->told.serial = told->serial;
		sound->told.playing = told->playing;
		if (stream->taken == record->frame + record->frames &&
		    stream->released <= record->frame)
			stream->taken = record->frame;
	}
	sound->told.revoked |= record->flags & MIRACAST_SOUND_REVOKED;
	sound->told.lost = min_t(u64, (u64)sound->told.lost + record->lost,
				 U32_MAX);
	spin_unlock_irq(&sound->lock);
}

static ssize_t miracast_sound_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	struct miracast_sound *sound = iocb->ki_filp->private_data;
	bool nonblock = (iocb->ki_filp->f_flags & O_NONBLOCK) ||
			(iocb->ki_flags & IOCB_NOWAIT);
	struct miracast_sound_record record;
	struct miracast_sound_told told;
	u64 reads;
	int ret;

	if (iov_iter_count(to) < sizeof(record))
		return -EMSGSIZE;

	for (;;) {
		spin_lock_irq(&sound->lock);
		told = sound->told;
		ret = miracast_sound_next(sound, &record);
		reads = sound->reads;
		spin_unlock_irq(&sound->lock);
		if (ret != -EAGAIN || nonblock)
			break;
		ret = wait_event_interruptible(sound->wait,
					       miracast_sound_ready(sound));
		if (ret)
			break;
	}
	if (ret)
		return ret;

	if (copy_to_iter(&record, sizeof(record), to) != sizeof(record)) {
		miracast_sound_undo(sound, &record, &told, reads);
		return -EFAULT;
	}

	return sizeof(record);
}

static __poll_t miracast_sound_poll(struct file *file, poll_table *wait)
{
	struct miracast_sound *sound = file->private_data;
	__poll_t events = 0;

	poll_wait(file, &sound->wait, wait);

	spin_lock_irq(&sound->lock);
	if (sound->gone)
		events = EPOLLHUP | EPOLLERR;
	else if (miracast_sound_readable(sound))
		events = EPOLLIN | EPOLLRDNORM;
	spin_unlock_irq(&sound->lock);

	return events;
}

/*
 * Maps all of the ring that @vma asks for at once. A page that came with its
 * first use could no longer come when the card is gone: ALSA since 7.3 answers
 * such a fault with SIGBUS, and the application would die of an unplug.
 */
int miracast_sound_map(struct miracast_sound *sound, struct vm_area_struct *vma)
{
	unsigned long offset = vma->vm_pgoff << PAGE_SHIFT, at;
	int ret;

	if (vma->vm_pgoff > MIRACAST_SOUND_RING >> PAGE_SHIFT ||
	    vma->vm_end - vma->vm_start > MIRACAST_SOUND_RING - offset)
		return -EINVAL;

	for (at = vma->vm_start; at < vma->vm_end; at += PAGE_SIZE) {
		ret = vm_insert_page(vma, at,
				     vmalloc_to_page(sound->ring + offset));
		if (ret)
			return ret;
		offset += PAGE_SIZE;
	}

	return 0;
}

/* The file is read only, so nobody can make the mapping writable. */
static int miracast_sound_mmap(struct file *file, struct vm_area_struct *vma)
{
	if (!(vma->vm_flags & VM_MAYSHARE) || vma->vm_pgoff)
		return -EINVAL;

	return miracast_sound_map(file->private_data, vma);
}

static int miracast_sound_file_release(struct inode *inode, struct file *file)
{
	struct miracast_sound *sound = file->private_data;

	spin_lock_irq(&sound->lock);
	sound->reader = false;
	spin_unlock_irq(&sound->lock);
	miracast_sound_put(sound);

	return 0;
}

static const struct file_operations miracast_sound_fops = {
	.owner = THIS_MODULE,
	.release = miracast_sound_file_release,
	.read_iter = miracast_sound_read_iter,
	.poll = miracast_sound_poll,
	.mmap = miracast_sound_mmap,
};

/* Begins with what is given from now on; -EBUSY, or -ENODATA if it has gone. */
static int miracast_sound_claim(struct miracast_sound *sound)
{
	struct miracast_stream *stream = &sound->stream;
	int ret = 0;

	spin_lock_irq(&sound->lock);
	if (sound->gone) {
		ret = -ENODATA;
	} else if (sound->reader) {
		ret = -EBUSY;
	} else {
		sound->reader = true;
		stream->taken = stream->given;
		stream->released = stream->given;
		memset(&sound->told, 0, sizeof(sound->told));
		sound->told.serial = stream->serial - stream->running;
	}
	spin_unlock_irq(&sound->lock);

	return ret;
}

/* The reference passes to the file, unless there is an error. */
static struct file *miracast_sound_file(struct miracast_sound *sound,
					bool nonblock)
{
	struct file *file;

	file = anon_inode_getfile("[miracast-sound]", &miracast_sound_fops, sound,
				  O_RDONLY | (nonblock ? O_NONBLOCK : 0));
	if (IS_ERR(file))
		return file;

	stream_open(file_inode(file), file);
	file->f_mode |= FMODE_NOWAIT;

	return file;
}

/* What is plugged in, with a reference, or NULL. */
static struct miracast_sound *miracast_sound_find(struct miracast_pipe *pipe)
{
	struct miracast_sound *sound;

	spin_lock(&pipe->monitor_lock);
	sound = pipe->sound ? miracast_sound_get(pipe->sound) : NULL;
	spin_unlock(&pipe->monitor_lock);

	return sound;
}

/* MIRACAST_IOC_OPEN_SOUND. */
int miracast_sound_open(void *ctx, void *arg, struct miracast_fds *fds)
{
	struct miracast_context *context = ctx;
	struct miracast_open_sound *open = arg;
	struct miracast_sound *sound;
	struct file *file;
	int ret;

	if (open->flags & ~MIRACAST_OPEN_NONBLOCK)
		return -EINVAL;

	sound = miracast_sound_find(context->pipe);
	if (!sound)
		return -ENODATA;
	ret = miracast_sound_claim(sound);
	if (ret) {
		miracast_sound_put(sound);
		return ret;
	}

	open->ring_bytes = MIRACAST_SOUND_RING;
	open->tick_us = MIRACAST_SOUND_TICK_US;
	open->lead_us = MIRACAST_SOUND_LEAD_US;
	open->hold_us = MIRACAST_SOUND_HOLD_US;

	file = miracast_sound_file(sound, open->flags & MIRACAST_OPEN_NONBLOCK);
	if (IS_ERR(file)) {
		spin_lock_irq(&sound->lock);
		sound->reader = false;
		spin_unlock_irq(&sound->lock);
		miracast_sound_put(sound);
		return PTR_ERR(file);
	}

	/* From here on the file is the reader, whatever happens. */
	return miracast_fds_add(fds, file, &open->fd);
}

/* ---------------------------------------------------------------- debugfs */

void miracast_sound_show(struct seq_file *m, struct miracast_pipe *pipe)
{
	struct miracast_sound *sound = miracast_sound_find(pipe);
	struct miracast_stream stream;
	bool reader;
	u64 lost;

	if (!sound)
		return;

	spin_lock_irq(&sound->lock);
	stream = sound->stream;
	reader = sound->reader;
	lost = sound->lost;
	spin_unlock_irq(&sound->lock);

	seq_printf(m, "  sound card %d rates 0x%x channels %u%s lost %llu\n",
		   sound->card_number, sound->rates, sound->channels,
		   reader ? " heard" : "", lost);
	seq_printf(m, "  stream %s %u Hz %u channels buffer %u period %u position %llu given %llu released %llu\n",
		   stream.running ? "runs" : "stands", stream.rate,
		   stream.channels, stream.buffer_frames, stream.period_frames,
		   stream.position, stream.given, stream.released);
	miracast_sound_put(sound);
}
