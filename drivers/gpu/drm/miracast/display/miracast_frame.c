// SPDX-License-Identifier: GPL-2.0-only
/*
 * The mailbox of the newest picture: publishing it, and acquiring it.
 */
#include <linux/dma-buf.h>
#include <linux/ktime.h>
#include <linux/poll.h>

#include <drm/drm_atomic.h>
#include <drm/drm_atomic_helper.h>
#include <drm/drm_damage_helper.h>
#include <drm/drm_framebuffer.h>
#include <drm/drm_fourcc.h>

#include "miracast_drv.h"
#include "miracast_trace.h"

static_assert(sizeof(struct miracast_frame) <= MIRACAST_MAX_IOCTL_SIZE);

/* ------------------------------------------------------------ publishing */

static bool miracast_picture_same_shape(const struct miracast_picture *a,
					const struct miracast_picture *b)
{
	return a->fb && b->fb && a->fb->format == b->fb->format &&
	       a->src_x == b->src_x && a->src_y == b->src_y &&
	       a->width == b->width && a->height == b->height;
}

static bool miracast_cursor_equal(const struct miracast_cursor *a,
				  const struct miracast_cursor *b)
{
	if (!a->fb && !b->fb)
		return true;

	return a->fb == b->fb && a->x == b->x && a->y == b->y &&
	       a->width == b->width && a->height == b->height &&
	       a->offset == b->offset;
}

static void miracast_picture_set_primary(struct miracast_picture *picture,
					 const struct drm_plane_state *state)
{
	picture->fb = state->visible ? state->fb : NULL;
	picture->src_x = state->src.x1 >> 16;
	picture->src_y = state->src.y1 >> 16;
	picture->width = drm_rect_width(&state->dst);
	picture->height = drm_rect_height(&state->dst);
}

static void miracast_picture_set_cursor(struct miracast_picture *picture,
					const struct drm_plane_state *state,
					bool active)
{
	struct miracast_cursor *cursor = &picture->cursor;
	const struct drm_framebuffer *fb = state->fb;

	if (!state->visible || !active) {
		cursor->fb = NULL;
		return;
	}

	/* Not what check_plane_state() has clipped: all of the image. */
	cursor->fb = state->fb;
	cursor->x = state->crtc_x;
	cursor->y = state->crtc_y;
	cursor->width = state->crtc_w;
	cursor->height = state->crtc_h;
	cursor->offset = fb->offsets[0] +
			 (state->src_y >> 16) * fb->pitches[0] +
			 (state->src_x >> 16) * fb->format->cpp[0];
}

/*
 * What the commit changes of the picture, in its coordinates. A source that
 * begins between two pixels is shown from the first one on, but its damage
 * counts both, at the other end, too.
 */
static void miracast_picture_damage(const struct miracast_picture *picture,
				    const struct drm_plane_state *old,
				    const struct drm_plane_state *new,
				    struct miracast_damage *damage)
{
	struct drm_atomic_helper_damage_iter iter;
	struct miracast_rect rect;
	struct drm_rect clip;

	drm_atomic_helper_damage_iter_init(&iter, old, new);
	drm_atomic_for_each_plane_damage(&iter, &clip) {
		rect.x1 = clip.x1 - picture->src_x;
		rect.y1 = clip.y1 - picture->src_y;
		rect.x2 = min(clip.x2 - picture->src_x, picture->width);
		rect.y2 = min(clip.y2 - picture->src_y, picture->height);
		miracast_damage_add(damage, &rect);
	}
}

/**
 * miracast_frame_begin() - the chunk record of a picture that is offered (R85)
 * @pipe: the pipe
 *
 * For a new picture, and for one that is offered anew.
 *
 * Context: Any, with pipe->frame_lock held.
 */
void miracast_frame_begin(struct miracast_pipe *pipe)
{
	const struct miracast_chunk_info info = {
		.type = MIRACAST_CHUNK_FRAME_START,
		/* The frame's number, R82. */
		.id = MIRACAST_CHUNK_ID(pipe->picture.seq, 0),
	};

	lockdep_assert_held(&pipe->frame_lock);

	if (pipe->picture.fb && pipe->context && pipe->context->streaming)
		miracast_report_chunk(pipe->context->session, &info, NULL, 0);
}

static void miracast_picture_stamp(struct miracast_pipe *pipe,
				   struct miracast_picture *picture,
				   ktime_t now, u64 shown)
{
	lockdep_assert_held(&pipe->frame_lock);

	if (!picture->fb)
		return;

	picture->seq = ++pipe->last_seq;
	/* A cursor that was moved meanwhile has been there a moment later. */
	picture->flip_ns = max_t(u64, ktime_to_ns(now), pipe->picture.flip_ns);
	picture->shown_ns = max(shown, pipe->picture.shown_ns);
	picture->mode_serial = pipe->mode.serial;
	pipe->stats.pictures++;
}

/* Returns whom to wake for pipe->picture without the lock, or NULL. */
static struct miracast_session *miracast_frame_offer(struct miracast_pipe *pipe)
{
	lockdep_assert_held(&pipe->frame_lock);

	if (!pipe->picture.fb || !pipe->context || !pipe->context->streaming)
		return NULL;

	miracast_frame_begin(pipe);

	return miracast_session_get(pipe->context->session);
}

static void miracast_frame_wake(struct miracast_session *session)
{
	if (!session)
		return;

	miracast_session_wake(session, EPOLLPRI);
	miracast_session_put(session);
}

/**
 * miracast_frame_publish() - a commit has changed the picture, or the mode
 * @pipe: the pipe
 * @commit: the commit
 * @now: when
 * @shown: when the vblank is that the commit is complete with
 *
 * Context: Commit tail. The cursor it touches only when the commit does, as
 * miracast_frame_move_cursor() may be at it meanwhile.
 *
 * Return: whether a reader may have the buffer that the desktop draws into next.
 */
bool miracast_frame_publish(struct miracast_pipe *pipe,
			    struct miracast_commit *commit, ktime_t now,
			    u64 shown)
{
	const struct drm_crtc_state *crtc_state =
		drm_atomic_get_new_crtc_state(commit, &pipe->crtc);
	const struct drm_plane_state *primary =
		drm_atomic_get_new_plane_state(commit, pipe->primary);
	const struct drm_plane_state *cursor =
		drm_atomic_get_new_plane_state(commit, pipe->cursor);
	struct miracast_picture old, new;
	struct miracast_session *session;
	struct miracast_damage damage = {};
	bool modeset = drm_atomic_crtc_needs_modeset(crtc_state);
	bool recoloured = crtc_state->color_mgmt_changed;
	bool cursor_changed, full, in_place, redrawn, busy, watched;

	spin_lock_irq(&pipe->frame_lock);
	old = pipe->picture;
	spin_unlock_irq(&pipe->frame_lock);

	new = old;
	if (!crtc_state->active)
		new.fb = NULL;
	else if (primary)
		miracast_picture_set_primary(&new, primary);
	if (cursor)
		miracast_picture_set_cursor(&new, cursor, crtc_state->active);

	cursor_changed = cursor &&
			 !miracast_cursor_equal(&old.cursor, &new.cursor);
	if (!modeset && !recoloured && !primary && !cursor_changed &&
	    old.fb == new.fb)
		return false;

	full = modeset || recoloured || !miracast_picture_same_shape(&old, &new);
	if (primary && new.fb && !full)
		miracast_picture_damage(&new,
					drm_atomic_get_old_plane_state(commit, pipe->primary),
					primary, &damage);
	/* Compositors, too, commit what has not changed; without clips. */
	in_place = primary && !full && old.fb == new.fb &&
		   drm_plane_get_damage_clips_count(primary);
	if (primary) {
		new.in_place = in_place;
		new.awaited = false;
	}

	/* A buffer of the old picture is the desktop's again when this is complete. */
	redrawn = old.fb != new.fb ||
		  (cursor && crtc_state->event && old.cursor.fb != new.cursor.fb);

	miracast_fb_get(new.fb);
	if (cursor)
		miracast_fb_get(new.cursor.fb);

	/* Mode and picture at once: the one without the other would look dark. */
	spin_lock_irq(&pipe->frame_lock);
	if (modeset)
		miracast_notify_mode(pipe, crtc_state);
	if (recoloured)
		miracast_color_update(pipe, crtc_state);
	if (!cursor)
		new.cursor = pipe->picture.cursor;
	miracast_picture_stamp(pipe, &new, now, shown);
	pipe->picture = new;
	pipe->damage_full |= full;
	pipe->cursor_changed |= cursor_changed;
	miracast_damage_merge(&pipe->damage, &damage);
	busy = redrawn && miracast_hold_busy(pipe);
	if (busy)
		pipe->stats.held_flips++;
	watched = in_place && miracast_hold_drawn_in_place(pipe);
	if (!old.fb != !new.fb)
		miracast_notify_kick(pipe);
	session = miracast_frame_offer(pipe);
	spin_unlock_irq(&pipe->frame_lock);

	miracast_fb_put(old.fb);
	if (cursor)
		miracast_fb_put(old.cursor.fb);

	if (new.fb)
		trace_miracast_frame_flip(pipe->connector.base.id, new.seq,
					  to_miracast_fb(new.fb)->id, full,
					  damage.num, busy);
	miracast_frame_wake(session);

	return busy || watched;
}

/**
 * miracast_frame_move_cursor() - only the cursor has changed, out of turn
 * @pipe: the pipe, which is on
 * @state: state of its cursor plane
 *
 * Context: Process, with the plane locked and no commit of it on its way.
 */
void miracast_frame_move_cursor(struct miracast_pipe *pipe,
				const struct drm_plane_state *state)
{
	struct miracast_picture old, new;
	struct miracast_session *session;
	ktime_t now;

	spin_lock_irq(&pipe->frame_lock);
	old = pipe->picture;
	new = old;
	miracast_picture_set_cursor(&new, state, true);
	if (miracast_cursor_equal(&old.cursor, &new.cursor)) {
		spin_unlock_irq(&pipe->frame_lock);
		return;
	}
	miracast_fb_get(new.cursor.fb);
	now = ktime_get();
	miracast_picture_stamp(pipe, &new, now,
			       miracast_vblank_after(&pipe->crtc, now));
	pipe->picture = new;
	pipe->cursor_changed = true;
	session = miracast_frame_offer(pipe);
	spin_unlock_irq(&pipe->frame_lock);

	miracast_fb_put(old.cursor.fb);

	if (new.fb)
		trace_miracast_frame_flip(pipe->connector.base.id, new.seq,
					  miracast_fb_id(new.fb), false, 0,
					  false);
	miracast_frame_wake(session);
}

/* ---------------------------------------------------------- for contexts */

/**
 * miracast_frame_start() - pictures are handed out from now on
 * @context: the session's end
 *
 * Nothing changes when they were before.
 *
 * Return: 0, or -EBUSY when the session is not started, or not any more.
 */
int miracast_frame_start(struct miracast_context *context)
{
	struct miracast_pipe *pipe = context->pipe;
	int ret = 0;

	spin_lock_irq(&pipe->frame_lock);
	if (!context->started) {
		ret = -EBUSY;
	} else if (!context->streaming) {
		context->streaming = true;
		context->acquired = 0;
		context->late = false;
		context->num_revoked = 0;
		context->told = (struct miracast_told) { .on = true };
		pipe->refused = 0;
		pipe->refusals = 0;
		pipe->damage_full = true;
		pipe->cursor_changed = true;
		miracast_frame_begin(pipe);
		/* Wakes for the picture, too. */
		miracast_notify_kick(pipe);
	}
	spin_unlock_irq(&pipe->frame_lock);

	return ret;
}

/**
 * miracast_frame_stop() - no more pictures, and no more waiting for readers
 * @context: the session's end
 */
void miracast_frame_stop(struct miracast_context *context)
{
	struct miracast_pipe *pipe = context->pipe;

	spin_lock_irq(&pipe->frame_lock);
	context->streaming = false;
	miracast_hold_revoke_all(context);
	spin_unlock_irq(&pipe->frame_lock);

	miracast_crtc_end_hold(pipe);
}

/* -------------------------------------------------------- for user space */

/* Whether there is a picture to take: 0, or what MIRACAST_IOC_ACQUIRE_FRAME says. */
static int miracast_frame_available(const struct miracast_context *context)
{
	const struct miracast_picture *picture = &context->pipe->picture;

	lockdep_assert_held(&context->pipe->frame_lock);

	if (!context->streaming || !picture->fb)
		return -ENODATA;
	if (picture->seq == context->acquired)
		return -EAGAIN;

	return 0;
}

static void miracast_frame_fill_damage(struct miracast_pipe *pipe,
				       struct miracast_frame *frame)
{
	if (pipe->damage_full) {
		frame->flags |= MIRACAST_FRAME_FULL;
		frame->num_damage = 1;
		frame->damage[0] = (struct miracast_rect) {
			.x2 = frame->width,
			.y2 = frame->height,
		};
	} else {
		frame->num_damage = pipe->damage.num;
		memcpy(frame->damage, pipe->damage.rects,
		       frame->num_damage * sizeof(frame->damage[0]));
	}

	pipe->damage_full = false;
	miracast_damage_clear(&pipe->damage);
}

static void miracast_frame_fill_cursor(struct miracast_pipe *pipe,
				       struct miracast_frame *frame)
{
	const struct miracast_cursor *cursor = &pipe->picture.cursor;

	if (pipe->cursor_changed)
		frame->flags |= MIRACAST_FRAME_CURSOR;
	pipe->cursor_changed = false;

	if (!cursor->fb)
		return;

	frame->flags |= MIRACAST_FRAME_CURSOR_VISIBLE;
	frame->cursor_x = cursor->x;
	frame->cursor_y = cursor->y;
	frame->cursor_width = cursor->width;
	frame->cursor_height = cursor->height;
	frame->cursor_pitch = cursor->fb->pitches[0];
	frame->cursor_offset = cursor->offset;
	frame->cursor_buffer_id = miracast_fb_id(cursor->fb);
}

static void miracast_frame_fill(struct miracast_pipe *pipe,
				struct miracast_frame *frame)
{
	const struct miracast_picture *picture = &pipe->picture;
	const struct drm_framebuffer *fb = picture->fb;

	frame->seq = picture->seq;
	frame->flip_ns = picture->flip_ns;
	frame->shown_ns = picture->shown_ns;
	frame->buffer_id = miracast_fb_id(picture->fb);
	frame->modifier = DRM_FORMAT_MOD_LINEAR;
	frame->fourcc = fb->format->format;
	frame->num_planes = 1;
	frame->pitch[0] = fb->pitches[0];
	frame->offset[0] = fb->offsets[0];
	frame->src_x = picture->src_x;
	frame->src_y = picture->src_y;
	frame->width = picture->width;
	frame->height = picture->height;
	frame->mode_serial = picture->mode_serial;
	frame->color_serial = pipe->color.serial;
	frame->num_revoked = pipe->context->num_revoked;
	memcpy(frame->revoked, pipe->context->revoked,
	       frame->num_revoked * sizeof(frame->revoked[0]));
	pipe->context->num_revoked = 0;
	miracast_frame_fill_damage(pipe, frame);
	miracast_frame_fill_cursor(pipe, frame);
}

/*
 * One attempt at taking the picture. Returns 0, a negative errno, or how many
 * nodes @spare should have.
 */
static int miracast_frame_take(struct miracast_context *context,
			       struct miracast_frame *frame,
			       struct miracast_spare *spare)
{
	struct miracast_pipe *pipe = context->pipe;
	const struct miracast_picture *picture = &pipe->picture;
	u64 ids[MIRACAST_FRAME_IDS];
	unsigned int unknown, i;
	int ret;

	lockdep_assert_held(&pipe->frame_lock);

	ret = miracast_frame_available(context);
	if (ret)
		return ret;

	ids[0] = miracast_fb_id(picture->fb);
	ids[1] = miracast_fb_id(picture->cursor.fb);
	unknown = miracast_retire_unknown(context, ids, MIRACAST_FRAME_IDS);
	if (context->num_known + unknown > MIRACAST_MAX_KNOWN)
		return -ENOBUFS;
	if (unknown > spare->num)
		return unknown;

	ret = miracast_hold_add(context, picture);
	if (ret)
		return ret;

	for (i = 0; i < MIRACAST_FRAME_IDS; i++)
		miracast_retire_learn(context, ids[i], spare);
	miracast_frame_fill(pipe, frame);
	context->acquired = frame->seq;
	context->late = false;
	pipe->stats.acquired++;

	return 0;
}

/* MIRACAST_IOC_ACQUIRE_FRAME. */
int miracast_frame_acquire(void *ctx, void *arg)
{
	struct miracast_context *context = ctx;
	struct miracast_pipe *pipe = context->pipe;
	struct miracast_frame *frame = arg;
	struct miracast_spare spare = {};
	int ret;

	if (frame->flags)
		return -EINVAL;
	memset(frame, 0, sizeof(*frame));

	/* A new buffer is noted in memory that is to be had without the lock. */
	do {
		spin_lock_irq(&pipe->frame_lock);
		ret = miracast_frame_take(context, frame, &spare);
		spin_unlock_irq(&pipe->frame_lock);
	} while (ret > 0 && !miracast_retire_reserve(&spare, ret));
	miracast_retire_unreserve(&spare);
	if (ret > 0)
		return -ENOMEM;
	if (ret)
		return ret;

	trace_miracast_frame_acquire(pipe->connector.base.id, frame->seq,
				     frame->buffer_id, frame->flags,
				     frame->num_damage,
				     ktime_get_ns() - frame->flip_ns);

	return 0;
}

/* The daemon has not been told of the picture: as if it had not been taken. */
void miracast_frame_acquired(void *ctx, void *arg, bool copied)
{
	if (!copied)
		miracast_hold_undo(ctx, arg);
}

/* MIRACAST_IOC_GET_BUFFER. */
int miracast_frame_get_buffer(void *ctx, void *arg, struct miracast_fds *fds)
{
	struct miracast_context *context = ctx;
	struct miracast_get_buffer *get = arg;
	struct drm_framebuffer *fb;
	struct dma_buf *dma_buf;
	bool imported;

	if (get->flags)
		return -EINVAL;

	fb = miracast_hold_find_fb(context, get->buffer_id);
	if (!fb)
		return -ENOENT;
	dma_buf = miracast_gem_share(fb->obj[0]);
	imported = miracast_gem_is_import(fb->obj[0]);
	drm_framebuffer_put(fb);
	if (IS_ERR(dma_buf))
		return PTR_ERR(dma_buf);

	memset(get->fd, 0xff, sizeof(get->fd));
	get->num_fds = 1;
	get->flags = imported ? MIRACAST_BUFFER_IMPORTED : 0;

	return miracast_fds_add(fds, dma_buf->file, &get->fd[0]);
}

__poll_t miracast_frame_poll(void *ctx)
{
	struct miracast_context *context = ctx;
	struct miracast_pipe *pipe = context->pipe;
	__poll_t events = 0;

	spin_lock_irq(&pipe->frame_lock);
	if (!miracast_frame_available(context) || !list_empty(&context->retired))
		events = EPOLLPRI;
	spin_unlock_irq(&pipe->frame_lock);

	return events;
}
