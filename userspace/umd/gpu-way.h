/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * gpu-way.h - from the desktop's dma-buf to the encoder, past the processor
 *
 * A picture has two ways to the encoder:
 *
 *	CPU way	the dma-buf is mapped, what has changed is converted to I420, the desktop
 *		goes on, and the encoder is given that memory (picture-convert.h).  Always there
 *	GPU way	the dma-buf is handed to the converter of the encoder's device, which makes NV12
 *		of it in memory of that device; the encoder is given that.  The processor sees
 *		no pixel
 *
 * This is the GPU way as far as the converter.  It runs in a pipeline and a thread of its own,
 *
 *     appsrc (memory:DMABuf) ! CONVERTER ! appsink (NV12)
 *
 * with a converter of each kind of device (enum gpu_kind):
 *
 *	VA	vapostproc, into memory:VAMemory
 *	GL	glupload and glcolorconvert, into memory:GLMemory, on the first device that EGL has.
 *		NVENC's elements take no dma-buf, but textures
 *	V4L2	v4l2convert, a device beside the encoder's, into dma-bufs of ordinary caps, as
 *		V4L2's elements had them before they knew memory:DMABuf
 *
 * Vulkan's encoder (vulkanh264enc) is not among them: vulkanupload takes no dma-buf (GStreamer 1.28), and who
 * draws a picture into it through the processor is no better off than with VA or NVENC, which the same devices have.
 *
 * The pipeline is one of its own because a picture is needed again after the desktop has drawn on, and since a driver that
 * hangs there must not take anybody with it.
 *
 * Who owns what
 *	The dma-buf is the kernel's frame, held by the source.  struct gpu_memory keeps a
 *	descriptor of its own, so that what a driver has remembered of a buffer never is
 *	another one.  What comes out is a buffer of the converter's pool, the caller's to unref;
 *	buffers of it that are pushed into an encoder keep it.
 *
 * When the frame is released
 *	At once when the converter has given its picture, which as a rule is before the GPU has read
 *	anything (V4L2's has, and there is no fence): the release goes with a fence of the dma-buf
 *	(gpu_memory_fence()), and the kernel counts from the moment at which that signals
 *	(struct miracast_release_frame).  A kernel that has no such fence is waited for.  Whether a driver that has left implicit
 *	synchronisation (xe for VA, NVIDIA's for OpenGL) puts its reads there is not known here;
 *	where it does not, a picture that the desktop draws into at once may be torn.
 *
 * How the way is chosen
 *	By the encoder's row having a converter, by the test at start (gpu-test.c), which has sent
 *	pictures all the way and looked at them, and then for each frame: of a format that the
 *	converter says it imports, from the buffer's left upper corner, without a cursor of its
 *	own and without colours of its own, since nothing would draw these two.  The cursor could be left
 *	to the desktop, by a card that refuses it; but mutter (48 to 50) then commits it with each
 *	picture again, all of which are refused, and the display stands still while the mouse is on it.
 *	Other frames go the CPU way, and for as long as WAY_PAUSE_US of frame-source-kernel.c the
 *	next ones with them, because to change the way is a key frame.
 *
 * How it is given up
 *	ready --gpu_way_convert() fails, or gives nothing within CONVERT_NS--> given up
 *	ready --gpu_way_give_up(): the encoder has failed with such a picture, or frames were
 *		released too late, several in a row--> given up
 *	For the session, with a reason; the frame at hand, which is still held, goes the CPU way. One
 *	that hangs keeps its thread and memory for ever.  The sink notices a key frame, because
 *	the encoder is made anew for other memory (media-pipeline-private.h).  If an encoder
 *	fails on the CPU way, too, the next one of the table takes its place.
 *
 * Devices.  Converter and encoder are in different pipelines and must speak to the device through
 * the same connection, or neither knows the other's memory: gpu_way_share_device(). There is one to
 * each device of the process, that which was opened first; of two elements that open it at the same time, each in
 * the thread of its pipeline, the second one gives its own up.  Of GL there is one in all, since its elements
 * do not say which device they have.  V4L2 has none: a dma-buf is what it is.
 *
 * Threads: gpu_way_convert() one at a time; the others any.
 */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

/* Of pictures behind the converter; those of the CPU way are I420. */
#define GPU_WAY_FORMAT "NV12"

/* Whose memory they are in: see above. None: of an encoder without a converter. */
enum gpu_kind {
	GPU_KIND_NONE,
	GPU_KIND_VA,
	GPU_KIND_GL,
	GPU_KIND_V4L2,
};

/* A dma-buf, for as long as it is known; opaque. */
struct gpu_memory;

/* @fd stays the caller's.  NULL, with errno: it is none, or there is no descriptor left. */
struct gpu_memory *gpu_memory_new(int fd);
void gpu_memory_free(struct gpu_memory *memory);
/*
 * A sync_file that signals when all that was submitted has read the buffer; the caller's
 * to close.  -1: all of it has, or nobody knows better.
 */
int gpu_memory_fence(const struct gpu_memory *memory);

/**
 * struct gpu_picture - a picture in a dma-buf, borrowed for the call
 * @modifier: DRM format modifier
 * @offset, @pitch: bytes, of the one plane that it has
 */
struct gpu_picture {
	const struct gpu_memory *memory;
	guint32 fourcc;
	guint64 modifier;
	guint width;
	guint height;
	guint offset;
	guint pitch;
};

typedef struct gpu_way gpu_way;

/*
 * OpenGL's elements look for a screen and a window, and there is neither: they are told to use the device alone, unless the
 * user has told them something else.  Before gst_init(), and before there is a second thread.
 */
void gpu_way_set_environment(void);

/* Names of a converter's elements. */
char **gpu_way_elements(const char *converter);

/**
 * gpu_way_new - of one converter; nothing is opened yet
 * @converter: as gst_parse_launch() has it, see video_encoder_converter()
 */
gpu_way *gpu_way_new(enum gpu_kind kind, const char *converter);
/* NULL is allowed. */
void gpu_way_free(gpu_way *way);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(gpu_way, gpu_way_free)

/* Of pictures from now on, as caps have it; PICTURE_COLORIMETRY before. Lives for ever. */
void gpu_way_set_colorimetry(gpu_way *way, const char *colorimetry);

/* Why it was given up, lives as long as @way; NULL: it was not. */
const char *gpu_way_given_up(gpu_way *way);
/* Says so, once. */
void gpu_way_give_up(gpu_way *way, const char *why);

/* The format can be handed to a converter at all; whether this one takes it is seen when it is. */
gboolean gpu_way_knows(guint32 fourcc);

/**
 * gpu_way_convert - NV12 of a picture
 *
 * Waits for the converter: not for a GPU, which is given work, but for all of the picture where that is
 * V4L2's.  NULL with @error: G_IO_ERROR_NOT_SUPPORTED, the
 * converter does not import such buffers, others it may; anything else: the way is given up.
 */
GstBuffer *gpu_way_convert(gpu_way *way, const struct gpu_picture *picture, GError **error);

/* What such pictures are for an encoder; @colorimetry: as the converter was told, since some write it into the stream. */
GstCaps *gpu_way_caps(enum gpu_kind kind, guint width, guint height, guint refresh_hz, const char *colorimetry);
/* Are they such, of whatever kind? */
gboolean gpu_way_is(const GstCaps *caps);

/* Before a pipeline with elements of the device leaves NULL. */
void gpu_way_share_device(GstElement *pipeline);

G_END_DECLS
