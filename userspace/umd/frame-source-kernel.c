// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The desktop's pictures, through libmiracast.
 *
 * Of a frame only what has changed is converted, out of the dma-buf, which is
 * mapped once per buffer; then the frame is released, so that the desktop can
 * draw on, before anything is encoded (R79).
 *
 * The desktop does not wait longer than the kernel's deadline. Where reading has
 * outlasted it the next frames are read with care: copied, which takes a
 * fraction of the time, released, and converted out of the copy.  So are those of a
 * desktop that calls all of each picture new: the copy shows what is (frame-copy.h).
 *
 * Where there is a GPU way (gpu-way.h) the dma-buf is handed to that instead, and the frame
 * released with its fence. What cannot go there, and what fails there, is converted as
 * above, in the same call.
 */
#include "frame-source.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include <drm/miracast.h>
#include <drm_fourcc.h>
#include <linux/dma-buf.h>
#include <miracast/frames.h>

#include "desktop-buffers.h"
#include "frame-copy.h"
#include "gpu-way.h"
#include "picture-convert.h"

/* So many frames are read with care after one that was read too slowly. */
#define CAREFUL_FRAMES 300
/*
 * After a frame that only the processor can show others go that way, too, for so long: to change the
 * way is a key frame, and colours that have gone come back.
 */
#define WAY_PAUSE_US (10 * G_USEC_PER_SEC)
/* So many in a row that were too late for the desktop are too slow; one may be an accident. */
#define LATE_MOST 5

/* What there is to see of a frame, while it is held or in a copy. */
struct view {
	struct rgb_view desktop;
	struct cursor_image cursor; /* no data: there is none */
	const struct mapping *mappings[2]; /* of the two; may be NULL */
};

/* The parts of a frame that are new; @everything: one area that is the whole. */
struct areas {
	struct area area[1 + MIRACAST_MAX_DAMAGE];
	guint n;
	gboolean everything;
};

struct kernel_source {
	struct miracast_host *host;
	const struct miracast_callbacks *callbacks;
	struct desktop_buffers buffers;
	struct picture_converter *converter;
	guint32 converter_fourcc;
	struct stream_mode mode;
	struct miracast_color color; /* of the newest picture; serial 0: none */

	gboolean holds;		     /* @frame is held: it has another size than the stream ... */
	gboolean waited;	     /* ... or had, until the stream followed */
	struct miracast_frame frame;
	gboolean everything;	     /* the picture is not what the desktop shows anywhere */
	struct area cursor;	     /* where the cursor was drawn */
	guint careful;		     /* so many frames are to be read with care */
	struct compare_policy compare; /* whether they are compared with those before */
	struct frame_copy *copy;     /* what either reads: as new as the picture; NULL: it has to be whole */
	guint8 *cursor_copy;	     /* ... and the cursor's image */
	guint64 last_seq;
	gboolean complained;
	gboolean no_frame_for_now; /* the kernel could not hand one over */

	gpu_way *way;	       /* NULL: everything goes the CPU way */
	gboolean on_gpu;       /* the newest picture has gone the other one, and ours is not up to date */
	gboolean coloured;     /* what is shown is not what is in the buffer */
	gint64 cpu_until_us;   /* no other way before */
	guint late_on_gpu;     /* frames in a row that the desktop did not wait for there */
};

static gpointer kernel_create(struct miracast_host *host, const struct miracast_callbacks *callbacks,
			      GError **error)
{
	struct kernel_source *s;

	if (miracast_frames_fd(host) < 0) {
		g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
				    "there is no kernel behind this session");
		return NULL;
	}
	s = g_new0(struct kernel_source, 1);
	s->host = host;
	s->callbacks = callbacks;
	desktop_buffers_init(&s->buffers, host);
	return s;
}

static void kernel_destroy(gpointer data)
{
	struct kernel_source *s = data;

	if (s->holds)
		miracast_frames_release(s->host, s->frame.seq, -1);
	desktop_buffers_clear(&s->buffers);
	picture_converter_free(s->converter);
	frame_copy_free(s->copy);
	g_free(s->cursor_copy);
	g_free(s);
}

static int kernel_wait_fd(gpointer data, short *events)
{
	struct kernel_source *s = data;

	/* The frame is still there: looking again at once would not help. */
	*events = s->no_frame_for_now ? 0 : POLLPRI;
	return miracast_frames_fd(s->host);
}

static void kernel_set_mode(gpointer data, const struct stream_mode *mode)
{
	struct kernel_source *s = data;

	s->mode = *mode;
	s->everything = TRUE;
	s->cursor = (struct area){ 0 };
	g_clear_pointer(&s->converter, picture_converter_free);
}

/* Does a picture of that geometry lie within the buffer? */
static gboolean fits(const struct mapping *mapping, guint64 offset, guint64 pitch, guint64 right,
		     guint64 bottom, guint bytes)
{
	return right * bytes <= pitch && bottom > 0 &&
	       offset + pitch * (bottom - 1) + right * bytes <= mapping->size;
}

static void complain_once(struct kernel_source *s, const char *what)
{
	if (!s->complained)
		g_warning("the desktop's picture cannot be shown: %s (format %.4s, modifier 0x%llx)",
			  what, (const char *)&s->frame.fourcc,
			  (unsigned long long)s->frame.modifier);
	s->complained = TRUE;
}

static gboolean prepare_converter(struct kernel_source *s, const struct miracast_frame *frame)
{
	if (frame->modifier != DRM_FORMAT_MOD_LINEAR && frame->modifier != DRM_FORMAT_MOD_INVALID) {
		complain_once(s, "its layout is not linear");
		return FALSE;
	}
	if (s->converter && s->converter_fourcc == frame->fourcc)
		return TRUE;
	g_clear_pointer(&s->converter, picture_converter_free);
	g_clear_pointer(&s->copy, frame_copy_free);
	s->converter = picture_converter_new(frame->fourcc, frame->width, frame->height);
	s->converter_fourcc = frame->fourcc;
	s->everything = TRUE;
	if (s->converter)
		picture_converter_set_color(s->converter, &s->color);
	else
		complain_once(s, "no conversion for it");
	return s->converter != NULL;
}

/* The desktop's newest, which are the frame's as a rule, if that has others than the one before. */
static void follow_color(struct kernel_source *s, const struct miracast_frame *frame)
{
	struct miracast_color color = { 0 };
	struct picture_color *effect;

	if (frame->color_serial == s->color.serial)
		return;
	/* When that fails, the next frame has them. */
	if (frame->color_serial &&
	    s->callbacks->io_control(s->host, false, MIRACAST_CTL_GET_COLOR, 0, NULL, sizeof(color), &color, NULL))
		return;
	s->color = color;
	s->everything = TRUE;
	effect = picture_color_new(&color);
	s->coloured = effect != NULL;
	picture_color_free(effect);
	if (s->converter)
		picture_converter_set_color(s->converter, &s->color);
}

static struct area clip(const struct miracast_rect *rect, const struct miracast_frame *frame)
{
	return (struct area){
		MIN(rect->x1, frame->width),
		MIN(rect->y1, frame->height),
		MIN(rect->x2, frame->width),
		MIN(rect->y2, frame->height),
	};
}

static void add_area(struct areas *areas, const struct area *area)
{
	if (area->x1 < area->x2 && area->y1 < area->y2)
		areas->area[areas->n++] = *area;
}

static void find_changes(const struct kernel_source *s, const struct miracast_frame *frame,
			 struct areas *areas)
{
	areas->n = 0;
	areas->everything = s->everything || frame->flags & MIRACAST_FRAME_FULL;
	if (areas->everything) {
		add_area(areas, &(struct area){ 0, 0, frame->width, frame->height });
		return;
	}
	/* What the cursor covered, and what the desktop drew. */
	add_area(areas, &s->cursor);
	for (guint i = 0; i < MIN(frame->num_damage, MIRACAST_MAX_DAMAGE); i++) {
		struct area area = clip(&frame->damage[i], frame);

		add_area(areas, &area);
	}
}

static void look_at_cursor(struct kernel_source *s, const struct miracast_frame *frame,
			   struct view *view)
{
	struct cursor_image cursor = {
		.pitch = frame->cursor_pitch,
		.x = frame->cursor_x,
		.y = frame->cursor_y,
		.width = frame->cursor_width,
		.height = frame->cursor_height,
	};
	struct mapping *mapping;

	if (!(frame->flags & MIRACAST_FRAME_CURSOR_VISIBLE))
		return;
	mapping = desktop_buffers_map(&s->buffers, frame->cursor_buffer_id);
	if (!mapping || !fits(mapping, frame->cursor_offset, cursor.pitch, cursor.width,
			      cursor.height, 4))
		return;
	cursor.data = mapping->data + frame->cursor_offset;
	view->cursor = cursor;
	view->mappings[1] = mapping;
}

/* FALSE: the frame cannot be read. */
static gboolean look_at(struct kernel_source *s, const struct miracast_frame *frame,
			struct view *view)
{
	guint64 pitch = frame->pitch[0];
	struct mapping *mapping;
	guint bytes;

	*view = (struct view){ 0 };
	if (!prepare_converter(s, frame))
		return FALSE;
	follow_color(s, frame);
	bytes = picture_converter_bytes_per_pixel(s->converter);
	mapping = desktop_buffers_map_picture(&s->buffers, frame->buffer_id);
	if (!mapping)
		return FALSE;
	if (!fits(mapping, frame->offset[0], pitch, (guint64)frame->src_x + frame->width,
		  (guint64)frame->src_y + frame->height, bytes)) {
		complain_once(s, "it does not lie within its buffer");
		return FALSE;
	}
	view->desktop.data = mapping->data + frame->offset[0] + frame->src_y * pitch +
			     (gsize)frame->src_x * bytes;
	view->desktop.pitch = pitch;
	view->mappings[0] = mapping;
	look_at_cursor(s, frame, view);
	return TRUE;
}

static void sync_view(const struct view *view, guint64 flags)
{
	for (guint i = 0; i < G_N_ELEMENTS(view->mappings); i++) {
		if (view->mappings[i])
			mapping_sync(view->mappings[i], flags);
	}
}

/*
 * Copies what is new into the copy, and leaves of @areas what differs from it where the desktop has not
 * said what is new. Not where that is all we know of the picture or of the copy itself.
 */
static void copy_desktop(struct kernel_source *s, struct areas *areas, const struct rgb_view *desktop)
{
	const gboolean compare = s->copy && areas->everything && !s->everything;
	guint n;

	if (!s->copy)
		s->copy = frame_copy_new(s->frame.width, s->frame.height,
					 picture_converter_bytes_per_pixel(s->converter));
	if (!compare) {
		for (guint i = 0; i < areas->n; i++)
			frame_copy_update(s->copy, desktop, &areas->area[i]);
		return;
	}
	compare_policy_result(&s->compare,
			      frame_copy_compare(s->copy, desktop, areas->area, MIRACAST_MAX_DAMAGE, &n));
	areas->n = n;
	areas->everything = FALSE;
	/* What it covered is in no picture of the desktop's. */
	add_area(areas, &s->cursor);
}

/* Copies what has changed, and makes @view one of the copy. */
static void copy_view(struct kernel_source *s, struct areas *areas, struct view *view)
{
	gsize cursor_pitch = view->cursor.width * 4;

	copy_desktop(s, areas, &view->desktop);
	view->desktop = frame_copy_view(s->copy);
	if (!view->cursor.data)
		return;
	s->cursor_copy = g_realloc(s->cursor_copy, cursor_pitch * view->cursor.height);
	for (guint y = 0; y < view->cursor.height; y++)
		memcpy(s->cursor_copy + y * cursor_pitch,
		       view->cursor.data + (gsize)y * view->cursor.pitch, cursor_pitch);
	view->cursor.data = s->cursor_copy;
	view->cursor.pitch = cursor_pitch;
}

/* Whether the frame is read out of a copy. The first copy is of everything. */
static gboolean wants_copy(struct kernel_source *s)
{
	/* What is damaged everywhere because we have not seen all that was before says nothing of the desktop. */
	if (!s->everything && compare_policy_frame(&s->compare, s->frame.flags & MIRACAST_FRAME_FULL))
		return TRUE;
	return s->careful || s->compare.state == COMPARE_COMPARING;
}

static void add_change(struct picture_changes *changes, const struct area *area)
{
	if (area->x1 < area->x2 && area->y1 < area->y2)
		changes->area[changes->n++] = *area;
}

/* What was converted is what has changed, and then the cursor. */
static void tell_changes(const struct kernel_source *s, const struct areas *areas, struct picture_changes *changes)
{
	G_STATIC_ASSERT(G_N_ELEMENTS(areas->area) + 1 <= PICTURE_MAX_CHANGES);
	changes->everything = areas->everything;
	changes->n = 0;
	for (guint i = 0; i < areas->n && !areas->everything; i++)
		add_change(changes, &areas->area[i]);
	if (!areas->everything)
		add_change(changes, &s->cursor);
}

static void convert_view(struct kernel_source *s, const struct areas *areas,
			 const struct view *view, const struct picture *picture,
			 struct picture_changes *changes)
{
	for (guint i = 0; i < areas->n; i++)
		picture_converter_run(s->converter, &view->desktop, picture, &areas->area[i]);
	s->everything = FALSE;
	s->cursor = (struct area){ 0 };
	if (view->cursor.data) {
		picture_converter_cursor(s->converter, &view->desktop, picture, &view->cursor);
		s->cursor = cursor_area(&view->cursor, s->frame.width, s->frame.height);
	}
	tell_changes(s, areas, changes);
}

/* What the kernel has reported since: a chunk record for each frame that the desktop made. */
static void read_chunks(struct kernel_source *s, struct frame_info *info)
{
	guint8 records[4096] __attribute__((aligned(8)));
	int err;

	do {
		const struct miracast_chunk *chunk;
		uint32_t size = sizeof(records);

		err = s->callbacks->get_next_chunk(s->host, 0, 0, NULL, &size, records, NULL);
		if (err == -ECONNRESET)
			info->lost = TRUE;
		for (uint32_t at = 0; !err && at < size; at += chunk->len) {
			chunk = (const struct miracast_chunk *)(records + at);
			info->offered += chunk->info.type == MIRACAST_CHUNK_FRAME_START;
		}
	} while (!err || err == -ECONNRESET);
}

/* The newest frame into s->frame. A frame of another size waits for its mode. */
static int acquire(struct kernel_source *s)
{
	struct miracast_frame frame;
	int err = miracast_frames_acquire(s->host, &frame);

	if (err == -EAGAIN)
		return s->holds ? 0 : err;
	if (err)
		return err;
	if (s->holds) {
		/* What was held was never shown, and so was its damage. */
		miracast_frames_release(s->host, s->frame.seq, -1);
		s->everything = TRUE;
	}
	s->frame = frame;
	s->holds = TRUE;
	s->waited = FALSE;
	return 0;
}

/* Lets the desktop go on, with a fence when that signals; 1 if it has, perhaps, before. */
static int release(struct kernel_source *s, struct frame_info *info, int fence)
{
	info->seq = s->frame.seq;
	info->skipped = s->last_seq && s->frame.seq > s->last_seq ?
				MIN(s->frame.seq - s->last_seq - 1, G_MAXUINT) : 0;
	s->last_seq = s->frame.seq;
	s->holds = FALSE;
	return miracast_frames_release(s->host, s->frame.seq, fence);
}

/* May it go the GPU way? If not, the next ones do not either. */
static gboolean wants_gpu(struct kernel_source *s)
{
	const struct miracast_frame *frame = &s->frame;
	const gint64 now = g_get_monotonic_time();

	if (!s->way || gpu_way_given_up(s->way))
		return FALSE;
	follow_color(s, frame);
	if (s->coloured || frame->src_x || frame->src_y || frame->flags & MIRACAST_FRAME_CURSOR_VISIBLE ||
	    !gpu_way_knows(frame->fourcc)) {
		s->cpu_until_us = now + WAY_PAUSE_US;
		return FALSE;
	}
	return now >= s->cpu_until_us;
}

/* NULL: it does not go, for now or for good. */
static GstBuffer *convert_on_gpu(struct kernel_source *s, struct mapping **mapping)
{
	const struct miracast_frame *frame = &s->frame;
	struct gpu_picture picture = {
		.fourcc = frame->fourcc,
		.modifier = frame->modifier == DRM_FORMAT_MOD_INVALID ? DRM_FORMAT_MOD_LINEAR : frame->modifier,
		.width = frame->width,
		.height = frame->height,
		.offset = frame->offset[0],
		.pitch = frame->pitch[0],
	};
	g_autoptr(GError) error = NULL;
	GstBuffer *buffer;

	*mapping = desktop_buffers_find(&s->buffers, frame->buffer_id);
	picture.memory = *mapping ? mapping_for_gpu(*mapping) : NULL;
	if (!picture.memory)
		return NULL;
	buffer = gpu_way_convert(s->way, &picture, &error);
	if (!buffer)
		s->cpu_until_us = g_get_monotonic_time() + WAY_PAUSE_US;
	return buffer;
}

/* It has no picture of its own to tell the changes of: it is what the desktop has drawn. */
static void tell_damage(const struct kernel_source *s, struct picture_changes *changes)
{
	struct areas areas = { .n = 0 };

	changes->everything = !s->on_gpu || s->frame.flags & MIRACAST_FRAME_FULL;
	changes->n = 0;
	for (guint i = 0; i < MIN(s->frame.num_damage, MIRACAST_MAX_DAMAGE); i++) {
		struct area area = clip(&s->frame.damage[i], &s->frame);

		add_area(&areas, &area);
	}
	for (guint i = 0; i < areas.n && !changes->everything; i++)
		changes->area[changes->n++] = areas.area[i];
}

/* Hands the frame that is held to the GPU, and releases it. FALSE: it is still held. */
static gboolean pass_frame(struct kernel_source *s, struct frame_info *info, enum frame_result *result)
{
	struct mapping *mapping;
	GstBuffer *buffer;
	int fence, err;

	if (!wants_gpu(s) || !(buffer = convert_on_gpu(s, &mapping)))
		return FALSE;
	info->imported = mapping->imported;
	info->read_rate = 0;
	tell_damage(s, &info->changes);
	fence = gpu_memory_fence(mapping->gpu);
	err = release(s, info, fence);
	if (fence >= 0)
		close(fence);
	/* Of ours nothing is true any more. */
	s->everything = TRUE;
	g_clear_pointer(&s->copy, frame_copy_free);
	s->on_gpu = TRUE;
	info->gpu = buffer;
	if (err == -ENODEV)
		*result = FRAME_GONE;
	else
		*result = err && !s->waited && !info->accept_torn ? FRAME_TORN : FRAME_TAKEN;
	s->late_on_gpu = err ? s->late_on_gpu + 1 : 0;
	if (s->late_on_gpu >= LATE_MOST)
		gpu_way_give_up(s->way, "its pictures come later than the desktop waits");
	if (*result != FRAME_TAKEN) {
		gst_clear_buffer(&info->gpu);
		s->on_gpu = FALSE;
	}
	return TRUE;
}

/*
 * The GPU way was given up after the newest frame had gone it and been released. If the desktop stands
 * still there is no other, and its buffer is as it was; if it does not, the next one mends this one.
 */
static enum frame_result read_again(struct kernel_source *s, const struct picture *picture, struct frame_info *info)
{
	struct areas areas;
	struct view view;

	if (!s->on_gpu || !s->way || !gpu_way_given_up(s->way))
		return FRAME_NONE;
	s->on_gpu = FALSE;
	s->everything = TRUE;
	if (!look_at(s, &s->frame, &view))
		return FRAME_NONE;
	find_changes(s, &s->frame, &areas);
	sync_view(&view, DMA_BUF_SYNC_START);
	convert_view(s, &areas, &view, picture, &info->changes);
	sync_view(&view, DMA_BUF_SYNC_END);
	return FRAME_TAKEN;
}

/* Reads the frame that is held, and releases it. */
static enum frame_result read_frame(struct kernel_source *s, const struct picture *picture,
				    struct frame_info *info)
{
	gboolean readable, revoked, torn, copied = FALSE;
	struct areas areas;
	struct view view;
	int err;

	s->on_gpu = FALSE;
	readable = look_at(s, &s->frame, &view);
	info->unreadable = s->buffers.unreadable;
	s->buffers.unreadable = NULL;
	if (readable) {
		info->imported = view.mappings[0]->imported;
		info->read_rate = info->imported ? view.mappings[0]->read_rate : 0;
		find_changes(s, &s->frame, &areas);
		copied = wants_copy(s);
		/* One that is not kept as new as the picture is worth nothing. */
		if (!copied)
			g_clear_pointer(&s->copy, frame_copy_free);
		sync_view(&view, DMA_BUF_SYNC_START);
		if (copied)
			copy_view(s, &areas, &view);
		else
			convert_view(s, &areas, &view, picture, &info->changes);
		sync_view(&view, DMA_BUF_SYNC_END);
	}
	err = release(s, info, -1);
	if (err == -ENODEV)
		return FRAME_GONE;
	if (!readable) {
		s->everything = TRUE;
		return FRAME_NONE;
	}

	/*
	 * Revoked: the desktop has perhaps drawn into what was read, and then the
	 * next frame is near. A frame that had to wait for its mode was revoked
	 * for that; if the desktop stands still there is no next one, so it is
	 * better than black.
	 */
	revoked = err != 0;
	torn = revoked && !s->waited && !info->accept_torn;
	if (copied && !torn)
		convert_view(s, &areas, &view, picture, &info->changes);
	if (revoked) {
		s->everything = TRUE;
		s->careful = CAREFUL_FRAMES;
	} else if (s->careful) {
		s->careful--;
	}
	return torn ? FRAME_TORN : FRAME_TAKEN;
}

/* Out of something; that the monitor has gone is another thing. */
static gboolean is_passing(int err)
{
	switch (err) {
	case -ENOMEM:
	case -ENOBUFS:
	case -EBUSY:
	case -EINTR:
	case -EMFILE:
	case -ENFILE:
		return TRUE;
	default:
		return FALSE;
	}
}

static enum frame_result kernel_take(gpointer data, const struct picture *picture,
				     struct frame_info *info)
{
	struct kernel_source *s = data;
	gint64 begin = g_get_monotonic_time();
	enum frame_result result;
	int err;

	read_chunks(s, info);
	desktop_buffers_drop_retired(&s->buffers);
	err = acquire(s);
	s->no_frame_for_now = is_passing(err);
	if (err == -EAGAIN)
		return read_again(s, picture, info);
	if (err == -ENODATA || s->no_frame_for_now)
		return FRAME_NONE;
	if (err)
		return FRAME_GONE;
	if (s->frame.width != s->mode.width || s->frame.height != s->mode.height) {
		s->waited = TRUE;
		return FRAME_NONE;
	}
	if (!pass_frame(s, info, &result))
		result = read_frame(s, picture, info);
	if (result == FRAME_TAKEN) {
		info->flip_ns = s->frame.flip_ns;
		/* Older modules do not say. */
		info->shown_ns = s->frame.shown_ns ? s->frame.shown_ns : s->frame.flip_ns;
		info->convert_us = g_get_monotonic_time() - begin;
	}
	return result;
}

static void kernel_set_gpu_way(gpointer data, gpu_way *way)
{
	struct kernel_source *s = data;

	s->way = way;
}

const struct frame_source_class frame_source_kernel = {
	.name = "kernel",
	.create = kernel_create,
	.destroy = kernel_destroy,
	.wait_fd = kernel_wait_fd,
	.set_mode = kernel_set_mode,
	.set_gpu_way = kernel_set_gpu_way,
	.take = kernel_take,
};
