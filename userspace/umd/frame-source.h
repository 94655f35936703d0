/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * frame-source.h - where pictures come from
 *
 * A source updates a persistent I420 picture from the newest frame that it has,
 * touching only what changed, and says when that frame was shown.  The pump
 * (frame-pump.h) decides when: sources never queue, so that the newest frame
 * wins.  Two exist: frame_source_kernel (the desktop, through libmiracast) and
 * frame_source_test (a moving picture, no kernel).
 */
#pragma once

#include <gio/gio.h>
#include <gst/video/video.h>

G_BEGIN_DECLS

struct gpu_way;
struct miracast_callbacks;
struct miracast_host;

/**
 * struct picture - I420, BT.709 limited range, the layout of a GstVideoInfo
 * @data: GST_VIDEO_INFO_SIZE() bytes
 * @memory: (nullable): that they are in, of which buffers are made without a copy: see picture.h
 * @gpu: (nullable): the same picture in memory of a GPU (gpu-way.h); @data is another one then
 */
struct picture {
	GstVideoInfo info;
	guint8 *data;
	GstMemory *memory;
	GstBuffer *gpu;
};

static inline guint8 *picture_plane(const struct picture *picture, guint plane)
{
	return picture->data + GST_VIDEO_INFO_PLANE_OFFSET(&picture->info, plane);
}

static inline int picture_stride(const struct picture *picture, guint plane)
{
	return GST_VIDEO_INFO_PLANE_STRIDE(&picture->info, plane);
}

/* Half-open, in pixels. */
struct area {
	guint x1, y1, x2, y2;
};

#define PICTURE_MAX_CHANGES 20

/**
 * struct picture_changes - where a picture differs from the one before it
 * @everything: perhaps everywhere
 * @n: else in so many places; 0: nowhere
 * @area: these, within the picture; they may overlap
 */
struct picture_changes {
	gboolean everything;
	guint n;
	struct area area[PICTURE_MAX_CHANGES];
};

/* What a picture would gain by being encoded once more. */
enum picture_gain {
	GAIN_NONE,
	GAIN_UNKNOWN, /* perhaps something; not all encoders say */
	GAIN_SOME,
};

/* Caps, and what the conversion has to match: one place. */
#define PICTURE_COLORIMETRY GST_VIDEO_COLORIMETRY_BT709

/**
 * struct stream_mode - what is being sent
 * @refresh_mhz: millihertz
 * @rest_ms: so long the sink was promised to wait for a picture at most; 0: nothing was said
 */
struct stream_mode {
	guint width;
	guint height;
	guint refresh_mhz;
	guint rest_ms;
};

/**
 * struct frame_info - about the frame that was taken
 * @seq: number of the frame
 * @flip_ns: CLOCK_MONOTONIC of the desktop's flip, from which on it can be taken
 * @shown_ns: at which the desktop believes it to be on the screen: as a rule the vertical
 *	blank after that, in the future when the frame is taken
 * @convert_us: time that reading and converting took
 * @skipped: frames between the one taken before and this one
 * @offered: frames that the desktop made since the take() before
 * @imported: it was in memory of another driver, which the desktop has handed over
 * @read_rate: bytes per second at which that memory is read; 0: not known, or not imported
 * @lost: nobody looked for so long that the kernel has lost count (R63)
 * @unreadable: (nullable): the source cannot do with the desktop's buffers; why, a
 *	sentence for people. Once per handful of frames or buffers, as long as it is so
 * @accept_torn: for the source: nothing has been shown for so long that a torn
 *	picture is better
 * @changes: what this call has changed in the picture
 * @gpu: (nullable): out, with FRAME_TAKEN: the picture, which was not drawn into: it is in here;
 *	the caller's to unref
 */
struct frame_info {
	guint64 seq;
	guint64 flip_ns;
	guint64 shown_ns;
	guint convert_us;
	guint skipped;
	guint offered;
	gboolean imported;
	guint64 read_rate;
	gboolean lost;
	const char *unreadable;
	gboolean accept_torn;
	struct picture_changes changes;
	GstBuffer *gpu;
};

/**
 * enum frame_result - what take() found
 * @FRAME_TAKEN: the picture and the info are updated
 * @FRAME_NONE: nothing new
 * @FRAME_TORN: the desktop took the buffer back meanwhile: the picture must not
 *	be shown, the next frame will repair it; the info says which frame it was.
 *	With @accept_torn such a picture is FRAME_TAKEN
 * @FRAME_GONE: the source has gone for good
 */
enum frame_result {
	FRAME_TAKEN,
	FRAME_NONE,
	FRAME_TORN,
	FRAME_GONE,
};

/**
 * struct frame_source_class - functions of a source
 * @create: @host and @callbacks are the driver's; any thread
 * @destroy: any thread, after the pump has ended
 * @wait_fd: file descriptor that poll() says @events of when take() is worth
 *	while; the pump's thread, like the others below
 * @set_mode: the stream has this mode now and @picture is black; a frame of
 *	another size is not taken, and kept until the mode matches
 * @set_gpu_way: (nullable): frames may go it from now on; while the pump does not run.  NULL: none
 *	may
 * @take: never waits; @offered, @lost and @unreadable, 0 before, are valid with any result;
 *	@accept_torn is the caller's; @changes, everything before, is valid with FRAME_TAKEN
 */
struct frame_source_class {
	const char *name;
	gpointer (*create)(struct miracast_host *host, const struct miracast_callbacks *callbacks,
			   GError **error);
	void (*destroy)(gpointer source);
	int (*wait_fd)(gpointer source, short *events);
	void (*set_mode)(gpointer source, const struct stream_mode *mode);
	void (*set_gpu_way)(gpointer source, struct gpu_way *way);
	enum frame_result (*take)(gpointer source, const struct picture *picture,
				  struct frame_info *info);
};

extern const struct frame_source_class frame_source_kernel;
extern const struct frame_source_class frame_source_test;

G_END_DECLS
