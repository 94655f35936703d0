/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Display half of miracast.ko: what its files share.
 *
 * Objects
 * =======
 *
 * Device (struct miracast_device)
 *	One DRM card on one platform device, with a fixed number of pipes. Its
 *	memory, and that of the pipes, is managed by DRM and outlives unbind
 *	for as long as a compositor has the card open.
 *
 * Pipe (struct miracast_pipe)
 *	Primary and cursor plane, CRTC, encoder and connector, wired one to
 *	one, and the target that it is for the relay.
 *
 * Context (struct miracast_context)
 *	The pipe's end of one session, between create_context() and
 *	destroy_context(). pipe->context is how everybody else finds it, and
 *	only under the frame lock; who needs the session without that lock
 *	takes a reference to the session. Its work items are queued under the
 *	frame lock, while pipe->context still points to it, so after it has
 *	been taken away they can be cancelled for good.
 *
 * Monitor (struct miracast_monitor)
 *	What the daemon has plugged in: EDID, modes and imports. Immutable; replaced as
 *	a whole, and counted, so that whoever reads it holds up nobody. NULL:
 *	the connector is disconnected.
 *
 * Sound (struct miracast_sound)
 *	The ALSA card that came with the monitor, see miracast_sound.h. NULL: none.
 *
 * Framebuffer (struct miracast_fb)
 *	A framebuffer with the id under which the daemon knows it. The dma-buf
 *	that the daemon is given is made each time, or is the original one of
 *	a foreign buffer; the framebuffer has no reference to it.
 *
 * Picture (struct miracast_picture)
 *	What is on the screen: references to the framebuffers of primary and
 *	cursor plane and where they are. Written by the commit tail, and for
 *	cursors that move between commits by miracast_frame_move_cursor().
 *
 * Hold (struct miracast_hold)
 *	A picture that the daemon has acquired. It keeps the framebuffer, and
 *	the flip away from it, see below.
 *
 * Flips
 * =====
 *
 * A compositor draws into a buffer again once the flip away from it has been
 * reported complete, so this is where the daemon's reading is protected
 * (R79). The commit tail publishes the new picture at once, with the time of the
 * vblank that comes next, and the flip's event waits in pipe->flip for that very
 * vblank, also when it passes before the event is there: what the daemon is told
 * and what the compositor is told is one time. When a hold is on another
 * framebuffer than the new one the flip is held: each vblank looks whether the
 * holds are gone, or the deadline has passed; then the holds are revoked. A flip
 * with an out-fence is complete with the next vblank, as a fence must not wait
 * for user space: holds that are left then are revoked. Disabling the CRTC, a
 * stop and the end of the context complete a held flip at once.
 *
 * The cursor's image is a buffer like any other: a commit that changes it waits
 * for the holds of the old one. Unless nobody waits for the commit, as those of
 * the legacy cursor ioctls, which may redraw the image as they like anyway.
 *
 * Xorg without page flips draws into the buffer that is on the screen, and says
 * so afterwards (DRM_IOCTL_MODE_DIRTYFB): a commit of the same framebuffer with
 * FB_DAMAGE_CLIPS. What is being read then is torn, so its hold is revoked;
 * and the event that the commit waits for is held until the daemon has taken
 * and released the new picture, within the same deadline. A daemon that has let
 * it pass is not waited for again before it has taken a picture.
 *
 * Messages
 * ========
 *
 * The commit tail must neither wait nor allocate, so it changes state only and
 * kicks the context's worker, which compares what is with what it told the
 * daemon last. One message is outstanding at a time: changes that come
 * meanwhile fall into one, and the order of messages is that of the changes.
 *
 * Locks, outermost first
 * ======================
 *
 * DRM's mode_config.mutex and modeset locks
 *	Never taken in a context callback: what sits in an ioctl of the card
 *	must not delay the end of a session (R25). Hotplug is reported by a
 *	worker.
 * pipe->monitor_lock (spinlock)
 *	Which monitor pipe->monitor is and which sound pipe->sound, and
 *	pipe->hotplug_next. A leaf; process context.
 * drm->event_lock (spinlock, interrupts off)
 *	pipe->flip, as all events. DRM's own locks of vblanks are below it,
 *	and pipe->vblank.lock below those.
 * pipe->frame_lock (spinlock, interrupts off)
 *	Picture, damage, holds, context, statistics. A leaf but for the locks of
 *	work queues and of the session's chunk records, and pipe->vblank.lock. No
 *	framebuffer, fence or session is put under it.
 */
#ifndef _MIRACAST_DRV_H_
#define _MIRACAST_DRV_H_

#include <linux/dma-fence.h>
#include <linux/hashtable.h>
#include <linux/hrtimer.h>
#include <linux/kref.h>
#include <linux/ktime.h>
#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include <drm/drm_connector.h>
#include <drm/drm_crtc.h>
#include <drm/drm_device.h>
#include <drm/drm_encoder.h>
#include <drm/drm_framebuffer.h>
#include <drm/drm_plane.h>
#include <drm/miracast.h>

#include "miracast_compat.h"
#include "miracast_damage.h"

struct dma_buf;
struct drm_driver;
struct drm_file;
struct drm_mode_create_dumb;
struct drm_pending_vblank_event;
struct seq_file;

#define MIRACAST_MAX_PIPES	8
#define MIRACAST_KNOWN_BITS	6
/* Ids given out through one fd and not yet fetched as retired. */
#define MIRACAST_MAX_KNOWN	1024
/* Framebuffers; larger than any mode, for desktops that span monitors. */
#define MIRACAST_MAX_FB_SIZE	8192
#define MIRACAST_MIN_CURSOR	64
#define MIRACAST_MAX_CURSOR	256

/**
 * struct miracast_fb - framebuffer that the daemon may be given
 * @base: the framebuffer
 * @id: for the daemon; unique while the module is loaded; constant
 */
struct miracast_fb {
	struct drm_framebuffer base;
	u64 id;
};

/* drm_gem_fb_destroy() frees what begins with the framebuffer. */
static_assert(offsetof(struct miracast_fb, base) == 0);

static inline struct miracast_fb *to_miracast_fb(struct drm_framebuffer *fb)
{
	return container_of(fb, struct miracast_fb, base);
}

/* These take NULL for a plane that is off; 0 is no id. */
static inline u64 miracast_fb_id(struct drm_framebuffer *fb)
{
	return fb ? to_miracast_fb(fb)->id : 0;
}

static inline struct drm_framebuffer *miracast_fb_get(struct drm_framebuffer *fb)
{
	if (fb)
		drm_framebuffer_get(fb);

	return fb;
}

static inline void miracast_fb_put(struct drm_framebuffer *fb)
{
	if (fb)
		drm_framebuffer_put(fb);
}

/**
 * struct miracast_monitor - what the daemon has plugged in
 * @ref: references: of the pipe, and of whoever looks at it just now
 * @plug: as given
 * @data: @plug.num_modes struct miracast_mode, then @plug.edid_len bytes, then
 *	@plug.num_imports struct miracast_import
 */
struct miracast_monitor {
	struct kref ref;
	struct miracast_plug plug;
	u8 data[] __aligned(8);
};

/**
 * struct miracast_cursor - the cursor image on the screen
 * @fb: framebuffer, referenced, or NULL when there is nothing to see
 * @x: left edge in the picture
 * @y: top edge in the picture
 * @width: pixels
 * @height: pixels
 * @offset: byte offset of the image in the buffer
 */
struct miracast_cursor {
	struct drm_framebuffer *fb;
	s32 x;
	s32 y;
	u32 width;
	u32 height;
	u32 offset;
};

/**
 * struct miracast_picture - what is on the screen
 * @fb: framebuffer, referenced, or NULL when there is nothing to see
 * @seq: number of the picture
 * @flip_ns: CLOCK_MONOTONIC of the commit
 * @shown_ns: that of the vblank after it
 * @src_x: left edge of the picture in @fb
 * @src_y: top edge of the picture in @fb
 * @width: pixels
 * @height: pixels
 * @mode_serial: mode set that it belongs to
 * @in_place: drawn into @fb while that was on the screen
 * @awaited: the desktop waits for the daemon to take it
 * @cursor: the cursor
 */
struct miracast_picture {
	struct drm_framebuffer *fb;
	u64 seq;
	u64 flip_ns;
	u64 shown_ns;
	u32 src_x;
	u32 src_y;
	u32 width;
	u32 height;
	u32 mode_serial;
	bool in_place;
	bool awaited;
	struct miracast_cursor cursor;
};

struct miracast_known;
struct miracast_sound;

/* A picture has two buffers: that of the primary plane and the cursor's. */
#define MIRACAST_FRAME_IDS	2

/**
 * struct miracast_spare - nodes for buffer ids that the daemon does not know yet
 * @num: how many there are
 * @known: they
 */
struct miracast_spare {
	unsigned int num;
	struct miracast_known *known[MIRACAST_FRAME_IDS];
};

enum miracast_hold_state {
	/* Free. */
	MIRACAST_HOLD_NONE,
	/* The daemon reads. */
	MIRACAST_HOLD_READING,
	/* The daemon has released it as of a fence that has not signalled. */
	MIRACAST_HOLD_FENCED,
};

/**
 * struct miracast_hold - a picture that the daemon has
 * @state: of the hold; protected by pipe->frame_lock, like all but @cb
 * @revoked: the desktop goes on without waiting for it
 * @signalled: @fence has signalled; set by its callback without a lock
 * @seq: the picture
 * @acquired_ns: when it was taken, for the trace
 * @fb: its framebuffer, referenced
 * @cursor_fb: its cursor's framebuffer, referenced, or NULL
 * @fence: with MIRACAST_HOLD_FENCED, referenced
 * @cb: of @fence
 * @context: whose it is; constant
 */
struct miracast_hold {
	enum miracast_hold_state state;
	bool revoked;
	bool signalled;
	u64 seq;
	u64 acquired_ns;
	struct drm_framebuffer *fb;
	struct drm_framebuffer *cursor_fb;
	struct dma_fence *fence;
	struct dma_fence_cb cb;
	struct miracast_context *context;
};

/**
 * struct miracast_told - what the daemon knows, or what it should know
 * @serial: of the mode that is set, 0 when there is none
 * @on: the monitor shows something: it is not blanked, and has a picture
 */
struct miracast_told {
	u32 serial;
	bool on;
};

/**
 * struct miracast_context - end of a session
 * @pipe: where; constant
 * @session: with whom; referenced; constant
 * @started: the session is; protected by pipe->frame_lock, like all that
 *	follows but the work items
 * @streaming: pictures are handed out: started and plugged
 * @acquired: number of the newest picture that was taken
 * @late: it was not, while the desktop waited for that
 * @holds: pictures that are held
 * @known: buffer ids that were given out
 * @num_known: entries of @known, @retired and @telling
 * @retired: known buffers that are gone
 * @telling: the same, while the daemon is told
 * @reap_work: frees holds whose fence has signalled
 * @told: what the daemon knows
 * @told_code: message that is outstanding, 0 for none
 * @key_frame: a MIRACAST_MSG_KEY_FRAME is due
 * @revoked: pictures that were revoked after the daemon had released them
 * @num_revoked: entries of @revoked
 * @notify_work: tells the daemon what it does not know, later when there was no
 *	memory for that
 */
struct miracast_context {
	struct miracast_pipe *pipe;
	struct miracast_session *session;

	bool started;
	bool streaming;
	u64 acquired;
	bool late;
	struct miracast_hold holds[MIRACAST_MAX_HELD];
	DECLARE_HASHTABLE(known, MIRACAST_KNOWN_BITS);
	unsigned int num_known;
	struct list_head retired;
	struct list_head telling;
	struct work_struct reap_work;

	struct miracast_told told;
	u32 told_code;
	bool key_frame;
	u64 revoked[MIRACAST_MAX_HELD];
	unsigned int num_revoked;
	struct delayed_work notify_work;
};

/**
 * struct miracast_vblank - a CRTC's vblanks, see miracast_vblank.c
 * @timer: expires with each vblank that somebody waits for
 * @crtc: whose they are; constant
 * @lock: protects what follows, and the arming of @timer; a leaf but for the
 *	timer's own
 * @origin: when the mode was set; a vblank
 * @period: nanoseconds between two vblanks; 0 before the first mode
 * @enabled: somebody waits
 */
struct miracast_vblank {
	struct hrtimer timer;
	struct drm_crtc *crtc;
	spinlock_t lock;	/* protects what follows, and arming */
	ktime_t origin;
	u64 period;
	bool enabled;
};

/**
 * struct miracast_stats - counters for debugfs
 * @pictures: published
 * @acquired: taken by a daemon
 * @held_flips: flips that had to wait
 * @revoked: holds that were revoked
 * @refused: messages that the daemon answered with an error
 */
struct miracast_stats {
	u64 pictures;
	u64 acquired;
	u64 held_flips;
	u64 revoked;
	u64 refused;
};

/**
 * struct miracast_pipe - from plane to connector
 * @crtc: the CRTC
 * @encoder: the encoder
 * @connector: the connector
 * @primary: plane of the picture
 * @cursor: plane of the cursor
 * @vblank: its vblanks
 * @target: in the relay, while the device is bound
 * @monitor_lock: see "Locks"
 * @monitor: what is plugged in, referenced, or NULL; protected by
 *	@monitor_lock
 * @sound: its sound card, referenced, or NULL; protected by @monitor_lock
 * @hotplug_next: when user space may be told of the next hotplug, in jiffies;
 *	protected by @monitor_lock
 * @cursor_allowed: the daemon blends the cursor, or the last one did;
 *	READ_ONCE/WRITE_ONCE
 * @hotplug_work: tells user space of a change of @monitor, and of a mode that
 *	is not for it
 * @flip: event of a flip that waits for its vblank, or NULL; protected by
 *	drm->event_lock, as what follows; it comes with a vblank reference
 * @flip_from: number of the vblank that @flip is complete with at the earliest
 * @flip_held: it waits for holds as well
 * @flip_until: until when it does; 0 for a flip that signals a fence
 * @frame_lock: see "Locks"; protects what follows
 * @picture: what is on the screen
 * @last_seq: number of the newest picture
 * @mode: mode that is set, width 0 when off
 * @color: colours that are set
 * @refused: serial of the mode that the daemon has refused last, or 0
 * @refusals: how often it has, since the monitor came
 * @on: the CRTC is active
 * @damage: what changed since a picture was taken
 * @damage_full: everything did
 * @cursor_changed: the cursor did
 * @context: the session's end, or NULL
 * @stats: counters
 */
struct miracast_pipe {
	struct drm_crtc crtc;
	struct drm_encoder encoder;
	struct drm_connector connector;
	struct drm_plane *primary;
	struct drm_plane *cursor;
	struct miracast_vblank vblank;
	struct miracast_target *target;

	spinlock_t monitor_lock;	/* see "Locks" */
	struct miracast_monitor *monitor;
	struct miracast_sound *sound;
	u64 hotplug_next;
	bool cursor_allowed;
	struct delayed_work hotplug_work;

	struct drm_pending_vblank_event *flip;
	u64 flip_from;
	bool flip_held;
	ktime_t flip_until;

	spinlock_t frame_lock;		/* see "Locks" */
	struct miracast_picture picture;
	u64 last_seq;
	struct miracast_mode_state mode;
	struct miracast_color color;
	u32 refused;
	unsigned int refusals;
	bool on;
	struct miracast_damage damage;
	bool damage_full;
	bool cursor_changed;
	struct miracast_context *context;
	struct miracast_stats stats;
};

static inline struct miracast_pipe *crtc_to_pipe(struct drm_crtc *crtc)
{
	return container_of(crtc, struct miracast_pipe, crtc);
}

static inline struct miracast_pipe *
connector_to_pipe(struct drm_connector *connector)
{
	return container_of(connector, struct miracast_pipe, connector);
}

/**
 * struct miracast_device - the card
 * @drm: the DRM device
 * @work_queue: for all work items
 * @last_buffer_id: newest miracast_fb.id
 * @num_pipes: entries of @pipes
 * @pipes: constant after probe
 */
struct miracast_device {
	struct drm_device drm;
	struct workqueue_struct *work_queue;
	atomic64_t last_buffer_id;
	unsigned int num_pipes;
	struct miracast_pipe *pipes[MIRACAST_MAX_PIPES];
};

static inline struct miracast_device *to_miracast_device(struct drm_device *drm)
{
	return container_of(drm, struct miracast_device, drm);
}

static inline struct workqueue_struct *
miracast_work_queue(struct miracast_pipe *pipe)
{
	return to_miracast_device(pipe->crtc.dev)->work_queue;
}

/* miracast_plane.c */
struct drm_plane *miracast_primary_create(struct drm_device *drm, u32 crtcs);
struct drm_plane *miracast_cursor_create(struct drm_device *drm, u32 crtcs);

/* miracast_crtc.c */
struct miracast_pipe *miracast_crtc_create(struct drm_device *drm,
					   struct drm_plane *primary,
					   struct drm_plane *cursor);
void miracast_crtc_commit_tail(struct miracast_commit *commit);
void miracast_crtc_end_hold(struct miracast_pipe *pipe);
void miracast_crtc_clean_up(struct drm_device *drm);
void miracast_crtc_handle_vblank(struct drm_crtc *crtc);
enum drm_mode_status
miracast_crtc_mode_valid(struct drm_crtc *crtc,
			 const struct drm_display_mode *mode);
u32 miracast_mode_refresh(const struct drm_display_mode *mode);

/* miracast_color.c */
int miracast_color_init(struct drm_crtc *crtc);
bool miracast_color_check(const struct drm_crtc_state *crtc_state);
void miracast_color_update(struct miracast_pipe *pipe,
			   const struct drm_crtc_state *crtc_state);
size_t miracast_color_get(struct miracast_pipe *pipe, void *out,
			  size_t out_len);

/* miracast_vblank.c */
int miracast_vblank_init(struct drm_crtc *crtc);
void miracast_vblank_on(struct drm_crtc *crtc);
u64 miracast_vblank_period(struct drm_crtc *crtc);
u64 miracast_vblank_after(struct drm_crtc *crtc, ktime_t now);
u64 miracast_vblank_number(struct drm_crtc *crtc, u64 time);
int miracast_vblank_enable(struct drm_crtc *crtc);
void miracast_vblank_disable(struct drm_crtc *crtc);
bool miracast_vblank_get_timestamp(struct drm_crtc *crtc, int *max_error,
				   ktime_t *vblank_time, bool in_vblank_irq);

/* miracast_connector.c */
int miracast_connector_init(struct miracast_pipe *pipe);
int miracast_connector_plug(struct miracast_pipe *pipe, const void *in,
			    size_t in_len);
void miracast_connector_unplug(struct miracast_pipe *pipe);
void miracast_connector_kick(struct miracast_pipe *pipe);
struct miracast_monitor *miracast_monitor_get(struct miracast_pipe *pipe);
void miracast_monitor_put(struct miracast_monitor *monitor);
bool miracast_monitor_imports(const struct miracast_monitor *monitor,
			      bool synced, const char *driver);

/* miracast_gem.c */
int miracast_gem_dumb_create(struct drm_file *file, struct drm_device *drm,
			     struct drm_mode_create_dumb *args);
int miracast_gem_dumb_map_offset(struct drm_file *file, struct drm_device *drm,
				 u32 handle, u64 *offset);
struct drm_gem_object *miracast_gem_prime_import(struct drm_device *drm,
						 struct dma_buf *dma_buf);
bool miracast_gem_is_import(const struct drm_gem_object *obj);
struct dma_buf *miracast_gem_share(struct drm_gem_object *obj);

/* miracast_fb.c */
struct drm_framebuffer *
miracast_fb_create(struct drm_device *drm, struct drm_file *file,
		   const struct drm_format_info *info,
		   const struct drm_mode_fb_cmd2 *cmd);

/* miracast_frame.c: the mailbox */
bool miracast_frame_publish(struct miracast_pipe *pipe,
			    struct miracast_commit *commit, ktime_t now,
			    u64 shown);
void miracast_frame_move_cursor(struct miracast_pipe *pipe,
				const struct drm_plane_state *state);
void miracast_frame_begin(struct miracast_pipe *pipe);
int miracast_frame_start(struct miracast_context *context);
void miracast_frame_stop(struct miracast_context *context);
int miracast_frame_acquire(void *context, void *arg);
void miracast_frame_acquired(void *context, void *arg, bool copied);
int miracast_frame_get_buffer(void *context, void *arg,
			      struct miracast_fds *fds);
__poll_t miracast_frame_poll(void *context);

/* miracast_hold.c: buffers that the daemon reads */
void miracast_hold_init(struct miracast_context *context);
void miracast_hold_drain(struct miracast_context *context);
int miracast_hold_add(struct miracast_context *context,
		      const struct miracast_picture *picture);
bool miracast_hold_busy(struct miracast_pipe *pipe);
void miracast_hold_revoke_all(struct miracast_context *context);
void miracast_hold_expire(struct miracast_pipe *pipe);
bool miracast_hold_drawn_in_place(struct miracast_pipe *pipe);
struct drm_framebuffer *miracast_hold_find_fb(struct miracast_context *context,
					      u64 id);
int miracast_frame_release(void *context, void *arg);
void miracast_hold_undo(struct miracast_context *context,
			const struct miracast_frame *frame);

/* miracast_buffer_id.c: buffer ids that were given out */
unsigned int miracast_retire_unknown(struct miracast_context *context,
				     const u64 *ids, unsigned int num);
int miracast_retire_reserve(struct miracast_spare *spare, unsigned int num);
void miracast_retire_unreserve(struct miracast_spare *spare);
void miracast_retire_learn(struct miracast_context *context, u64 id,
			   struct miracast_spare *spare);
void miracast_retire_fb(struct drm_device *drm, u64 id);
void miracast_retire_drain(struct miracast_context *context);
int miracast_retire_get(void *context, void *arg);
void miracast_retire_got(void *context, void *arg, bool copied);

/* miracast_notify.c: messages */
void miracast_notify_init(struct miracast_context *context);
void miracast_notify_kick(struct miracast_pipe *pipe);
void miracast_notify_mode(struct miracast_pipe *pipe,
			  const struct drm_crtc_state *crtc_state);

/* miracast_target_ops.c */
extern const struct miracast_target_ops miracast_target_ops;

#endif /* _MIRACAST_DRV_H_ */
