// SPDX-License-Identifier: GPL-2.0-only
/*
 * Holds: keeping the desktop off a buffer that the daemon reads (R79), see
 * "Flips" in miracast_drv.h.
 */
#include <linux/dma-fence.h>
#include <linux/ktime.h>
#include <linux/sync_file.h>

#include "miracast_drv.h"
#include "miracast_trace.h"

/*
 * What a hold has that can only be put without the frame lock: taken with
 * miracast_hold_clear(), given back with miracast_hold_put().
 */
struct miracast_hold_refs {
	struct drm_framebuffer *fb;
	struct drm_framebuffer *cursor_fb;
	struct dma_fence *fence;
};

static struct miracast_hold_refs miracast_hold_clear(struct miracast_hold *hold)
{
	struct miracast_hold_refs refs = {
		.fb = hold->fb,
		.cursor_fb = hold->cursor_fb,
		.fence = hold->fence,
	};

	hold->state = MIRACAST_HOLD_NONE;
	hold->fb = NULL;
	hold->cursor_fb = NULL;
	hold->fence = NULL;

	return refs;
}

static void miracast_hold_put(struct miracast_hold_refs refs)
{
	miracast_fb_put(refs.fb);
	miracast_fb_put(refs.cursor_fb);
	dma_fence_put(refs.fence);
}

/* ------------------------------------------------------- with frame_lock */

/**
 * miracast_hold_add() - the daemon has the picture
 * @context: whose
 * @picture: which
 *
 * Return: 0, or -EBUSY when it holds too many.
 */
int miracast_hold_add(struct miracast_context *context,
		      const struct miracast_picture *picture)
{
	struct miracast_hold *hold;
	unsigned int i;

	lockdep_assert_held(&context->pipe->frame_lock);

	for (i = 0; i < MIRACAST_MAX_HELD; i++) {
		hold = &context->holds[i];
		if (hold->state != MIRACAST_HOLD_NONE)
			continue;
		hold->state = MIRACAST_HOLD_READING;
		hold->revoked = false;
		hold->signalled = false;
		hold->seq = picture->seq;
		hold->acquired_ns = ktime_get_ns();
		hold->fb = miracast_fb_get(picture->fb);
		hold->cursor_fb = miracast_fb_get(picture->cursor.fb);
		return 0;
	}

	return -EBUSY;
}

/*
 * Whether the picture, or the cursor's image, may still be read. Not when its
 * fence has signalled: what is left then is to free the hold.
 */
static bool miracast_hold_reads(const struct miracast_hold *hold)
{
	return hold->state != MIRACAST_HOLD_NONE && !hold->revoked &&
	       !READ_ONCE(hold->signalled);
}

static bool miracast_hold_blocks(const struct miracast_hold *hold,
				 const struct miracast_picture *on_screen)
{
	return miracast_hold_reads(hold) &&
	       (hold->fb != on_screen->fb || on_screen->in_place ||
		(hold->cursor_fb && hold->cursor_fb != on_screen->cursor.fb));
}

/* Whether the desktop waits for the daemon to take the picture. */
static bool miracast_hold_awaited(const struct miracast_pipe *pipe)
{
	return pipe->context && pipe->picture.awaited &&
	       pipe->picture.seq != pipe->context->acquired;
}

/**
 * miracast_hold_busy() - whether a buffer is read that the desktop wants
 * @pipe: the pipe
 *
 * One that is off the screen, or that is drawn into while it is shown.
 *
 * Return: whether the commit has to wait.
 */
bool miracast_hold_busy(struct miracast_pipe *pipe)
{
	unsigned int i;

	lockdep_assert_held(&pipe->frame_lock);

	if (!pipe->context)
		return false;

	if (miracast_hold_awaited(pipe))
		return true;

	for (i = 0; i < MIRACAST_MAX_HELD; i++) {
		if (miracast_hold_blocks(&pipe->context->holds[i],
					 &pipe->picture))
			return true;
	}

	return false;
}

/*
 * The daemon has released the picture and believes that it is whole. Whatever it
 * acquires next names all of these pictures, and until then there are no more of
 * them than holds; only when an acquisition failed in the end, and its names came
 * back, there may be one too many.
 */
static void miracast_hold_note_revoked(struct miracast_context *context, u64 seq)
{
	lockdep_assert_held(&context->pipe->frame_lock);

	if (context->num_revoked < MIRACAST_MAX_HELD)
		context->revoked[context->num_revoked++] = seq;
}

static void miracast_hold_revoke(struct miracast_hold *hold)
{
	struct miracast_pipe *pipe = hold->context->pipe;

	hold->revoked = true;
	if (hold->state == MIRACAST_HOLD_FENCED && !READ_ONCE(hold->signalled))
		miracast_hold_note_revoked(hold->context, hold->seq);
	pipe->stats.revoked++;
	trace_miracast_frame_revoke(pipe->connector.base.id, hold->seq,
				    ktime_get_ns() - hold->acquired_ns);
}

/**
 * miracast_hold_revoke_all() - do not wait for this session any more
 * @context: the session's end
 */
void miracast_hold_revoke_all(struct miracast_context *context)
{
	unsigned int i;

	lockdep_assert_held(&context->pipe->frame_lock);

	for (i = 0; i < MIRACAST_MAX_HELD; i++) {
		struct miracast_hold *hold = &context->holds[i];

		if (miracast_hold_reads(hold))
			miracast_hold_revoke(hold);
	}
}

/*
 * What the daemon has read may be torn, so the next picture that it gets is all
 * new. Returns whether there is any such hold.
 */
static bool miracast_hold_revoke_blocking(struct miracast_pipe *pipe)
{
	bool any = false;
	unsigned int i;

	lockdep_assert_held(&pipe->frame_lock);

	for (i = 0; pipe->context && i < MIRACAST_MAX_HELD; i++) {
		struct miracast_hold *hold = &pipe->context->holds[i];

		if (miracast_hold_blocks(hold, &pipe->picture)) {
			miracast_hold_revoke(hold);
			any = true;
		}
	}
	if (any) {
		pipe->damage_full = true;
		pipe->context->key_frame = true;
		miracast_notify_kick(pipe);
	}

	return any;
}

/**
 * miracast_hold_expire() - the desktop will not wait any longer
 * @pipe: the pipe
 *
 * What is revoked is offered again.
 *
 * Context: Any, without pipe->frame_lock.
 */
void miracast_hold_expire(struct miracast_pipe *pipe)
{
	unsigned long flags;

	spin_lock_irqsave(&pipe->frame_lock, flags);
	if (miracast_hold_awaited(pipe))
		pipe->context->late = true;
	pipe->picture.awaited = false;
	if (miracast_hold_revoke_blocking(pipe)) {
		if (pipe->picture.fb)
			pipe->picture.seq = ++pipe->last_seq;
		miracast_frame_begin(pipe);
	}
	spin_unlock_irqrestore(&pipe->frame_lock, flags);
}

/**
 * miracast_hold_drawn_in_place() - pipe->picture has been drawn where it is
 * @pipe: the pipe
 *
 * Return: whether the desktop should look if the daemon reads, before it draws
 * on.
 */
bool miracast_hold_drawn_in_place(struct miracast_pipe *pipe)
{
	const struct miracast_context *context = pipe->context;

	miracast_hold_revoke_blocking(pipe);
	if (!context || !context->streaming)
		return false;

	pipe->picture.awaited = !context->late;

	return true;
}

/* --------------------------------------------------------------- release */

/*
 * Be sure that @hold has no callback, not even one that is about to return: it
 * still needs the context. Taking the callback off waits for the fence's lock,
 * under which callbacks run. Not to be called with frame_lock held.
 */
static void miracast_hold_detach(struct miracast_hold *hold)
{
	struct miracast_pipe *pipe = hold->context->pipe;
	struct dma_fence *fence = NULL;

	spin_lock_irq(&pipe->frame_lock);
	if (hold->state == MIRACAST_HOLD_FENCED)
		fence = dma_fence_get(hold->fence);
	spin_unlock_irq(&pipe->frame_lock);

	if (fence) {
		dma_fence_remove_callback(fence, &hold->cb);
		dma_fence_put(fence);
	}
}

/* The only one who ends a fenced hold while the context lives. */
static void miracast_hold_reap(struct work_struct *work)
{
	struct miracast_context *context =
		container_of(work, struct miracast_context, reap_work);
	unsigned int i;

	for (i = 0; i < MIRACAST_MAX_HELD; i++) {
		struct miracast_hold *hold = &context->holds[i];
		struct miracast_hold_refs refs = { };

		if (!READ_ONCE(hold->signalled))
			continue;

		miracast_hold_detach(hold);
		spin_lock_irq(&context->pipe->frame_lock);
		if (hold->state == MIRACAST_HOLD_FENCED && hold->signalled)
			refs = miracast_hold_clear(hold);
		spin_unlock_irq(&context->pipe->frame_lock);
		miracast_hold_put(refs);
	}
}

/*
 * The fence's lock is held here, which may be one that is taken under ours:
 * the fence may be of this very card. So leave everything to a worker.
 */
static void miracast_hold_signalled(struct dma_fence *fence,
				    struct dma_fence_cb *cb)
{
	struct miracast_hold *hold =
		container_of(cb, struct miracast_hold, cb);
	struct miracast_context *context = hold->context;

	WRITE_ONCE(hold->signalled, true);
	queue_work(miracast_work_queue(context->pipe), &context->reap_work);
}

static struct miracast_hold *
miracast_hold_find(struct miracast_context *context, u64 seq)
{
	unsigned int i;

	for (i = 0; i < MIRACAST_MAX_HELD; i++) {
		struct miracast_hold *hold = &context->holds[i];

		if (hold->state == MIRACAST_HOLD_READING && hold->seq == seq)
			return hold;
	}

	return NULL;
}

/*
 * End the hold on @seq, or let @fence end it; takes over the reference to
 * @fence. Flips look at the holds with each vblank.
 */
static int miracast_hold_release(struct miracast_context *context, u64 seq,
				 struct dma_fence *fence, bool *revoked)
{
	struct miracast_hold_refs refs = { .fence = fence };
	struct miracast_pipe *pipe = context->pipe;
	struct miracast_hold *hold;
	bool wait = false;
	u64 held_ns = 0;
	int ret = 0;

	spin_lock_irq(&pipe->frame_lock);
	hold = miracast_hold_find(context, seq);
	if (!hold) {
		ret = -ENOENT;
	} else {
		*revoked = hold->revoked;
		held_ns = ktime_get_ns() - hold->acquired_ns;
		wait = fence && !hold->revoked;
		if (wait) {
			hold->state = MIRACAST_HOLD_FENCED;
			hold->fence = fence;
			refs.fence = NULL;
		} else {
			refs = miracast_hold_clear(hold);
			refs.fence = fence;
		}
	}
	spin_unlock_irq(&pipe->frame_lock);

	miracast_hold_put(refs);
	if (!ret)
		trace_miracast_frame_release(pipe->connector.base.id, seq,
					     held_ns, *revoked);

	/* Nobody else ends a fenced hold before it has its callback. */
	if (wait && dma_fence_add_callback(fence, &hold->cb,
					   miracast_hold_signalled))
		miracast_hold_signalled(fence, &hold->cb);

	return ret;
}

/**
 * miracast_hold_undo() - the daemon has not been told that it has a picture
 * @context: whose
 * @frame: what it would have been told
 *
 * It is there to be acquired again, all of it.
 */
void miracast_hold_undo(struct miracast_context *context,
			const struct miracast_frame *frame)
{
	struct miracast_pipe *pipe = context->pipe;
	struct miracast_hold_refs refs = { };
	struct miracast_hold *hold;
	unsigned int i;

	spin_lock_irq(&pipe->frame_lock);
	hold = miracast_hold_find(context, frame->seq);
	if (hold)
		refs = miracast_hold_clear(hold);
	if (context->acquired == frame->seq)
		context->acquired = 0;
	for (i = 0; i < frame->num_revoked; i++)
		miracast_hold_note_revoked(context, frame->revoked[i]);
	pipe->damage_full = true;
	pipe->cursor_changed = true;
	spin_unlock_irq(&pipe->frame_lock);

	miracast_hold_put(refs);
	miracast_session_wake(context->session, EPOLLPRI);
}

/* MIRACAST_IOC_RELEASE_FRAME. */
int miracast_frame_release(void *ctx, void *arg)
{
	struct miracast_release_frame *release = arg;
	struct dma_fence *fence = NULL;
	bool revoked = false;
	int ret;

	if (release->flags || release->sync_file < -1)
		return -EINVAL;

	if (release->sync_file >= 0) {
		fence = sync_file_get_fence(release->sync_file);
		if (!fence)
			return -EINVAL;
	}

	ret = miracast_hold_release(ctx, release->seq, fence, &revoked);
	release->flags = revoked ? MIRACAST_RELEASE_REVOKED : 0;

	return ret;
}

/**
 * miracast_hold_find_fb() - a buffer of a picture that is held
 * @context: by whom
 * @id: of the buffer
 *
 * Return: the framebuffer with a reference for the caller, or NULL.
 */
struct drm_framebuffer *miracast_hold_find_fb(struct miracast_context *context,
					      u64 id)
{
	struct drm_framebuffer *fb = NULL;
	unsigned int i;

	spin_lock_irq(&context->pipe->frame_lock);
	for (i = 0; id && !fb && i < MIRACAST_MAX_HELD; i++) {
		const struct miracast_hold *hold = &context->holds[i];

		if (hold->state != MIRACAST_HOLD_READING)
			continue;
		if (miracast_fb_id(hold->fb) == id)
			fb = miracast_fb_get(hold->fb);
		else if (miracast_fb_id(hold->cursor_fb) == id)
			fb = miracast_fb_get(hold->cursor_fb);
	}
	spin_unlock_irq(&context->pipe->frame_lock);

	return fb;
}

/* ------------------------------------------------------------------ life */

void miracast_hold_init(struct miracast_context *context)
{
	unsigned int i;

	INIT_WORK(&context->reap_work, miracast_hold_reap);
	for (i = 0; i < MIRACAST_MAX_HELD; i++)
		context->holds[i].context = context;
}

/* The context is gone from the pipe, and no ioctl is on its way. */
void miracast_hold_drain(struct miracast_context *context)
{
	unsigned int i;

	for (i = 0; i < MIRACAST_MAX_HELD; i++)
		miracast_hold_detach(&context->holds[i]);
	cancel_work_sync(&context->reap_work);

	for (i = 0; i < MIRACAST_MAX_HELD; i++) {
		struct miracast_hold_refs refs;

		spin_lock_irq(&context->pipe->frame_lock);
		refs = miracast_hold_clear(&context->holds[i]);
		spin_unlock_irq(&context->pipe->frame_lock);
		miracast_hold_put(refs);
	}
}
