// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The way from a dma-buf to the encoder past the processor, with the elements of GPUs
 * that are not here (fake-gpu.h) and buffers that are memory files.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <drm_fourcc.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <linux/dma-buf.h>

#include "encoders-private.h"
#include "fake-gpu.h"
#include "gpu-kinds.h"
#include "picture.h"
#include "udmabuf.h"

static GKeyFile *encoders, *devices;

/* ----------------------------------------------------------------- memory, and its kernel */

static gboolean no_memory; /* there is no such device */
static int fence_fd = -1;  /* what the kernel gives for a fence; -1: it has none */
static guint fences;

int __wrap_udmabuf_create(int memfd, gsize size);
int __wrap_ioctl(int fd, unsigned long request, void *argument);
int __real_ioctl(int fd, unsigned long request, void *argument);

int __wrap_udmabuf_create(int memfd, gsize size)
{
	errno = ENOENT;
	return no_memory ? -1 : fcntl(memfd, F_DUPFD_CLOEXEC, 3);
}

int __wrap_ioctl(int fd, unsigned long request, void *argument)
{
	struct {
		guint32 flags;
		gint32 fd;
	} *export = argument;

	if (request != _IOWR(DMA_BUF_BASE, 2, guint64))
		return __real_ioctl(fd, request, argument);
	fences++;
	if (fence_fd < 0) {
		errno = ENOTTY;
		return -1;
	}
	/* What one who writes waits for. */
	g_assert_cmpuint(export->flags, ==, DMA_BUF_SYNC_WRITE);
	export->fd = fcntl(fence_fd, F_DUPFD_CLOEXEC, 3);
	return 0;
}

/* ------------------------------------------------------------------- a process each */

static void in_own_process(gconstpointer path)
{
	g_autofree char *directory = g_dir_make_tmp("miracast-gpu-XXXXXX", NULL);
	g_autofree char *notes = g_build_filename(directory, "miracast", "encoders", NULL);
	g_autofree char *parent = g_path_get_dirname(notes);

	g_setenv("XDG_CACHE_HOME", directory, TRUE);
	g_test_trap_subprocess(path, 60 * G_USEC_PER_SEC, G_TEST_SUBPROCESS_INHERIT_STDERR);
	g_test_trap_assert_passed();
	g_unlink(notes);
	g_rmdir(parent);
	g_rmdir(directory);
}

static void add_process(const char *name, GTestDataFunc function, gconstpointer data)
{
	g_autofree char *path = g_strdup_printf("/gpu-way/%s", name);
	g_autofree char *inner = g_strdup_printf("%s/subprocess/it", path);

	/* Of a test that is not run nothing is freed. */
	g_test_add_data_func(path, g_intern_string(inner), in_own_process);
	g_test_add_data_func(inner, data, function);
}

static const struct gpu_names *kind_of(const char *group)
{
	if (g_str_has_prefix(group, "nvidia") || g_str_has_prefix(group, "blocks"))
		return &gpu_nv;
	return g_str_has_prefix(group, "raspberry") ? &gpu_v4l2 : &gpu_va;
}

static const struct video_encoder *choose(const char *group)
{
	const struct gpu_names *kind = kind_of(group);
	const struct video_encoder *encoder;
	g_autoptr(GError) error = NULL;

	fake_gpu_register(NULL, encoders, devices, group, kind->encoder, kind->elements);
	encoder = video_encoder_choose(NULL, &error);
	g_assert_no_error(error);
	/* Whatever becomes of dma-bufs. */
	g_assert_cmpstr(video_encoder_element(encoder), ==, kind->encoder);
	g_assert_cmpint(video_encoder_gpu_kind(encoder), ==, kind->kind);
	return encoder;
}

static void assert_said(const struct video_encoder *encoder, const char *part)
{
	g_autofree char *said = video_encoder_pictures(encoder);

	g_test_message("pictures go %s", said);
	if (!strstr(said, part))
		g_error("\"%s\" is not in \"%s\"", part, said);
}

static void assert_refused(const struct video_encoder *encoder, const char *why)
{
	g_assert_null(video_encoder_converter(encoder));
	assert_said(encoder, "through the processor");
	assert_said(encoder, why);
}

/* ------------------------------------------------------------------ the test at start */

static void test_passes(gconstpointer group)
{
	const struct gpu_names *kind = kind_of(group);
	const struct video_encoder *encoder = choose(group);

	g_assert_cmpstr(video_encoder_converter(encoder), ==, kind->converter);
	g_assert_cmpint(encoder->gpu, ==, GPU_SEEN);
	assert_said(encoder, kind->said);
	g_assert_cmpint(fake_gpu.copied, ==, 0);
	g_assert_cmpint(fake_gpu.encoded_gpu, >=, 3);
	g_assert_cmpint(fake_gpu.held, ==, 0);
	g_assert_cmpuint(fences, >=, 3);
}

/* As in the field: the driver has no linear XR24 among what it imports. */
static void test_refuses(gconstpointer group)
{
	g_autofree char *why = g_strdup_printf("%s does not import buffers of format XR24 with modifier 0x0",
					       kind_of(group)->said);

	assert_refused(choose(group), why);
	g_assert_cmpint(fake_gpu.converted, ==, 0);
}

/* Those that have a fault, and the sets of faults, and what is said of each. */
static const char *const of[] = { "linear@1.28", "nvidia@1.28", "raspberry@1.28" };

static const struct fault {
	struct fake_gpu what;
	const char *why;
} faults[] = {
	{ { .convert_fails_at = 1 }, "the driver does not import this buffer" },
	{ { .convert_fails_at = 3 }, "the driver does not import this buffer" },
	{ { .convert_hangs_at = 2 }, "does not come back" },
	{ { .encode_fails_at = 1 }, "the driver does not encode this surface" },
	{ { .encode_fails_at = 2 }, "the driver does not encode this surface" },
	{ { .swaps = 1 }, "is not what was drawn" },
	{ { .old = 1 }, "is not what was drawn" },
	{ { .green = 1 }, "is not what was drawn" },
};

/* @data: which of all */
static void test_fault(gconstpointer data)
{
	const guint number = GPOINTER_TO_UINT(data);
	const struct fault *fault = &faults[number % G_N_ELEMENTS(faults)];

	fake_gpu = fault->what;
	assert_refused(choose(of[number / G_N_ELEMENTS(faults)]), fault->why);
	g_atomic_int_set(&fake_gpu.let_go, 1);
}

/* It is what the encoder does that decides: one that holds back is not for us, whatever the converter does. */
static void test_holds(gconstpointer unused)
{
	g_autoptr(GError) error = NULL;
	const struct video_encoder *encoder;

	fake_gpu.no_live = 1;
	fake_gpu_register(NULL, encoders, devices, "linear@1.28", "vah264enc", "vapostproc");
	encoder = video_encoder_choose(NULL, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(video_encoder_element(encoder), !=, "vah264enc");
	assert_said(encoder, "through the processor, where the encoder is");
}

static void test_no_memory(gconstpointer unused)
{
	no_memory = TRUE;
	assert_refused(choose("linear@1.28"), "no buffer to test it with");
}

static void test_no_converter(gconstpointer unused)
{
	fake_gpu_register(NULL, encoders, devices, "linear@1.28", "vah264enc", NULL);
	assert_refused(video_encoder_choose(NULL, NULL), "no converter of its device");
}

/* Of two elements one is there. */
static void test_half(gconstpointer element)
{
	fake_gpu_register(NULL, encoders, devices, "nvidia@1.28", "nvh264enc", element);
	assert_refused(video_encoder_choose(NULL, NULL), "no converter of its device");
}

static void test_unseen(gconstpointer unused)
{
	for (const char *const *name = (const char *const[]){ "avdec_h264", "openh264dec", NULL }; *name; name++) {
		g_autoptr(GstElementFactory) factory = gst_element_factory_find(*name);
		/* A plug-in that is loaded afterwards would bring it back. */
		g_autoptr(GstPluginFeature) loaded =
			factory ? gst_plugin_feature_load(GST_PLUGIN_FEATURE(factory)) : NULL;

		if (loaded)
			gst_registry_remove_feature(gst_registry_get(), loaded);
	}
	/* What nobody sees nobody knows. */
	fake_gpu.green = 1;
	assert_said(choose("linear@1.28"), "for want of a decoder");
}

/* A second device has a converter of its own. */
static void test_devices(gconstpointer unused)
{
	const struct video_encoder *encoder;

	fake_gpu_register(NULL, encoders, devices, "iHD@1.28", NULL, "vapostproc");
	fake_gpu_register(NULL, encoders, devices, "linear@1.28", "varenderD129h264lpenc", "varenderD129postproc");
	encoder = video_encoder_choose(NULL, NULL);
	g_assert_cmpstr(video_encoder_element(encoder), ==, "varenderD129h264lpenc");
	g_assert_cmpstr(video_encoder_converter(encoder), ==, "varenderD129postproc");
}

/* They have no names for single devices. */
static void test_devices_nv(gconstpointer unused)
{
	fake_gpu_register(NULL, encoders, devices, "nvidia@1.28", "nvh264device1enc", "glupload ! glcolorconvert");
	g_assert_cmpstr(video_encoder_converter(video_encoder_choose(NULL, NULL)), ==, "glupload ! glcolorconvert");
}

/* ------------------------------------------------------------------------ remembered */

/* As a second process finds it; a failure in a session counts, too. */
static void test_remembers(gconstpointer unused)
{
	const struct video_encoder *constant = choose("linear@1.28");
	struct video_encoder *encoder = (struct video_encoder *)constant;
	const gint before = fake_gpu.converted;

	encoder->gpu = GPU_UNTESTED;
	encoder_test_gpu(encoder, FALSE);
	g_assert_cmpint(fake_gpu.converted, ==, before);
	g_assert_nonnull(video_encoder_converter(encoder));

	video_encoder_gpu_failed(encoder, "the driver is tired");
	g_assert_null(video_encoder_converter(encoder));
	encoder->gpu = GPU_UNTESTED;
	encoder_test_gpu(encoder, FALSE);
	g_assert_cmpint(fake_gpu.converted, ==, before);
	assert_refused(encoder, "it has failed in a session: the driver is tired");

	/* Unless the user names the encoder. */
	encoder_test_gpu(encoder, TRUE);
	g_assert_cmpint(fake_gpu.converted, >, before);
	g_assert_nonnull(video_encoder_converter(encoder));
}

/* Two processes were ended in the midst of it: the encoder is used, but not this way. */
static void test_kills(gconstpointer unused)
{
	g_autoptr(GKeyFile) notes = encoder_notes_load();

	g_key_file_set_integer(notes, "vah264enc, pictures in dma-bufs", "testing", G_MAXINT);
	g_key_file_set_integer(notes, "vah264enc, pictures in dma-bufs", "ended-while-testing", 1);
	encoder_notes_save(notes);
	assert_refused(choose("linear@1.28"), "processes have ended");
	g_assert_cmpint(fake_gpu.converted, ==, 0);
}

/* ----------------------------------------------------------------------- the way itself */

struct desktop {
	struct udmabuf *buffer;
	struct gpu_memory *memory;
	struct gpu_picture picture;
	gpu_way *way;
};

static void begin(struct desktop *d, const char *group)
{
	const struct gpu_names *kind = kind_of(group);

	fake_gpu_register(NULL, encoders, devices, group, kind->encoder, kind->elements);
	d->buffer = udmabuf_new(640 * 480 * 4 + 4096, NULL);
	d->memory = gpu_memory_new(d->buffer->fd);
	d->picture = (struct gpu_picture){ d->memory, DRM_FORMAT_XRGB8888, 0, 640, 480, 0, 640 * 4 };
	d->way = gpu_way_new(kind->kind, kind->converter);
}

static void end(struct desktop *d)
{
	gpu_way_free(d->way);
	gpu_memory_free(d->memory);
	udmabuf_free(d->buffer);
}

static guint luma_at(GstBuffer *buffer, gsize at)
{
	guint8 luma;

	g_assert_cmpuint(gst_buffer_extract(buffer, at, &luma, 1), ==, 1);
	return luma;
}

/* Where the picture is in its buffer, and how long its lines are, is told and believed. */
static void test_layout(gconstpointer group)
{
	struct desktop d;
	g_autoptr(GstBuffer) first = NULL;
	g_autoptr(GstBuffer) second = NULL;

	begin(&d, group);
	memset(d.buffer->data, 0, d.buffer->size);
	memset(d.buffer->data + 4096, 255, 600 * 4);
	d.picture.offset = 4096;
	d.picture.width = 600;
	first = gpu_way_convert(d.way, &d.picture, NULL);
	g_assert_nonnull(first);
	g_assert_cmpuint(luma_at(first, 0), >=, 230);
	g_assert_cmpuint(luma_at(first, 599), >=, 230);
	g_assert_cmpuint(luma_at(first, 600), <=, 20);
	/* One at a time is not all there can be: the first stays what it is. */
	memset(d.buffer->data + 4096, 0, 600 * 4);
	second = gpu_way_convert(d.way, &d.picture, NULL);
	g_assert_cmpuint(luma_at(second, 0), <=, 20);
	g_assert_cmpuint(luma_at(first, 0), >=, 230);
	end(&d);
}

/* The converter's pool gets its buffer back when nobody has a buffer of the picture any more. */
static void test_kept(gconstpointer unused)
{
	struct picture picture = { 0 };
	GstBuffer *pushed, *converted;
	struct desktop d;
	int before;

	begin(&d, "linear@1.28");
	converted = gpu_way_convert(d.way, &d.picture, NULL);
	before = GST_MINI_OBJECT_REFCOUNT_VALUE(converted);
	picture_set_gpu(&picture, gst_buffer_ref(converted));
	pushed = picture_to_buffer(&picture);
	picture_clear(&picture);
	g_assert_cmpint(GST_MINI_OBJECT_REFCOUNT_VALUE(converted), ==, before + 1);
	g_assert_true(gst_buffer_peek_memory(pushed, 0) == gst_buffer_peek_memory(converted, 0));
	gst_buffer_unref(pushed);
	g_assert_cmpint(GST_MINI_OBJECT_REFCOUNT_VALUE(converted), ==, before);
	gst_buffer_unref(converted);
	end(&d);
}

/* One that a driver does not take says nothing of others. */
static void test_modifiers(gconstpointer group)
{
	struct desktop d;
	g_autoptr(GError) error = NULL;
	g_autoptr(GstBuffer) buffer = NULL;

	begin(&d, group);
	g_assert_null(gpu_way_convert(d.way, &d.picture, &error));
	g_assert_error(error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
	g_assert_null(gpu_way_given_up(d.way));
	/* XRGB8888 in tiles, which Intel's takes as ARGB8888 alone. */
	d.picture.modifier = g_str_has_prefix(group, "radeonsi") ? 0x0200000000000901 :
			     g_str_has_prefix(group, "blocks") ? 0x0300000000606014 :
			     g_str_has_prefix(group, "lunarlake") ? 0x0100000000000009 : 0x0100000000000002;
	buffer = gpu_way_convert(d.way, &d.picture, NULL);
	g_assert_nonnull(buffer);
	end(&d);
}

/* It is slower than a desktop waits, once, and then never asked again. */
static void test_hangs(gconstpointer unused)
{
	struct desktop d;
	g_autoptr(GstBuffer) first = NULL;
	g_autoptr(GError) error = NULL;
	gint64 begun;

	begin(&d, "linear@1.28");
	fake_gpu.convert_hangs_at = 2;
	first = gpu_way_convert(d.way, &d.picture, NULL);
	g_assert_nonnull(first);
	begun = g_get_monotonic_time();
	g_assert_null(gpu_way_convert(d.way, &d.picture, &error));
	g_assert_error(error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
	g_assert_cmpint(g_get_monotonic_time() - begun, >=, 90000);
	g_clear_error(&error);
	g_assert_null(gpu_way_convert(d.way, &d.picture, &error));
	g_assert_error(error, G_IO_ERROR, G_IO_ERROR_CLOSED);
	g_assert_nonnull(strstr(gpu_way_given_up(d.way), "does not come back"));
	/* The thread has what it needs when it does. */
	end(&d);
	g_atomic_int_set(&fake_gpu.let_go, 1);
	g_usleep(100000);
}

static void test_fence(gconstpointer unused)
{
	struct desktop d;
	int fence;

	begin(&d, "linear@1.28");
	fence_fd = eventfd(0, EFD_CLOEXEC);
	fence = gpu_memory_fence(d.memory);
	g_assert_cmpint(fence, >=, 0);
	close(fence);
	/* An older kernel has none: then it is waited for, and that is no reason to wait for the release. */
	close(fence_fd);
	fence_fd = -1;
	g_assert_cmpint(gpu_memory_fence(d.memory), ==, -1);
	end(&d);
}

/* Frames that are converted are encoded: whose memory it is they agree on. */
static void check_encoder(struct desktop *d, const struct gpu_names *kind)
{
	const struct wfd_selection selection = encoder_test_selection(0, WFD_H264_PROFILE_CBP);
	g_autoptr(GstCaps) caps = gpu_way_caps(kind->kind, 640, 480, 60, "bt709");
	struct encoder_line line = { 0 };
	g_autoptr(GError) error = NULL;

	/* The encoder opens its device in the thread of its pipeline. */
	encoder_line_build(&line, video_encoder_find(kind->encoder, NULL), &selection, caps, &error);
	g_assert_no_error(error);
	encoder_line_start(&line, &error);
	g_assert_no_error(error);
	for (guint i = 0; i < 3; i++) {
		GstBuffer *converted = gpu_way_convert(d->way, &d->picture, &error);
		g_autoptr(GstSample) unit = NULL;

		g_assert_no_error(error);
		converted = gst_buffer_make_writable(converted);
		GST_BUFFER_PTS(converted) = i * GST_SECOND / 60;
		unit = encoder_line_encode(&line, converted, GST_SECOND, &error);
		g_assert_no_error(error);
	}
	encoder_line_clear(&line);
}

/* Each asks whether there is a connection before the other one has made it. */
static void test_together(gconstpointer group)
{
	const struct gpu_names *kind = kind_of(group);
	struct desktop d;

	begin(&d, group);
	fake_gpu.open_together = 2;
	check_encoder(&d, kind);
	g_assert_cmpint(fake_gpu.opened, ==, 2);
	/* Of who opens it later, too. */
	gpu_way_free(d.way);
	d.way = gpu_way_new(kind->kind, kind->converter);
	check_encoder(&d, kind);
	g_assert_cmpint(fake_gpu.opened, ==, 2);
	end(&d);
}

/* One device has been opened; that is nothing to another one. */
static void test_apart(gconstpointer unused)
{
	struct desktop d, second;
	g_autoptr(GstBuffer) buffer = NULL;

	begin(&d, "linear@1.28");
	/* Before the encoder asks: at one moment each would open one, see test_together(). */
	buffer = gpu_way_convert(d.way, &d.picture, NULL);
	g_assert_nonnull(buffer);
	gst_clear_buffer(&buffer);
	check_encoder(&d, &gpu_va);
	g_assert_cmpint(fake_gpu.opened, ==, 1);
	fake_gpu_register(NULL, encoders, devices, "linear@1.28", NULL, "varenderD129postproc");
	second = d;
	for (guint i = 0; i < 2; i++) {
		second.way = gpu_way_new(GPU_KIND_VA, "varenderD129postproc");
		buffer = gpu_way_convert(second.way, &d.picture, NULL);
		g_assert_nonnull(buffer);
		gst_clear_buffer(&buffer);
		gpu_way_free(second.way);
		g_assert_cmpint(fake_gpu.opened, ==, 2);
	}
	check_encoder(&d, &gpu_va);
	end(&d);
}

/* Nor is one of another kind; @no_path: nor if neither says which device it is. */
static void test_kinds(gconstpointer no_path)
{
	struct desktop of_va, of_nv;

	fake_gpu.no_path = no_path != NULL;
	begin(&of_va, "linear@1.28");
	begin(&of_nv, "nvidia@1.28");
	for (guint i = 0; i < 2; i++) {
		check_encoder(&of_nv, &gpu_nv);
		check_encoder(&of_va, &gpu_va);
	}
	end(&of_va);
	end(&of_nv);
}

/* --------------------------------------------------------------------------- all of it */

int main(int argc, char **argv)
{
	gst_init(NULL, NULL);
	g_test_init(&argc, &argv, NULL);
	encoders = fake_gpu_load(ENCODERS_INI);
	devices = fake_gpu_load(GPU_DEVICES_INI);
	add_process("passes/plain", test_passes, "plain@1.22");
	add_process("passes/linear", test_passes, "linear@1.28");
	add_process("passes/alpha", test_passes, "alpha@1.28");
	add_process("passes/nvidia-1.22", test_passes, "nvidia@1.22");
	add_process("passes/nvidia-1.28", test_passes, "nvidia@1.28");
	add_process("passes/raspberry-1.22", test_passes, "raspberry@1.22");
	add_process("passes/raspberry-1.28", test_passes, "raspberry@1.28");
	add_process("refuses/blocks", test_refuses, "blocks@1.28");
	add_process("refuses/iHD", test_refuses, "iHD@1.28");
	add_process("refuses/lunarlake", test_refuses, "lunarlake@1.28");
	add_process("refuses/radeonsi", test_refuses, "radeonsi@1.26");
	for (guint i = 0; i < G_N_ELEMENTS(of) * G_N_ELEMENTS(faults); i++) {
		g_autofree char *name = g_strdup_printf("fault/%u", i);

		add_process(name, test_fault, GUINT_TO_POINTER(i));
	}
	add_process("holds", test_holds, NULL);
	add_process("no-memory", test_no_memory, NULL);
	add_process("no-converter", test_no_converter, NULL);
	add_process("half/upload", test_half, "glupload");
	add_process("half/convert", test_half, "glcolorconvert");
	add_process("unseen", test_unseen, NULL);
	add_process("devices/va", test_devices, NULL);
	add_process("devices/nv", test_devices_nv, NULL);
	add_process("remembers", test_remembers, NULL);
	add_process("kills", test_kills, NULL);
	add_process("layout/va", test_layout, "linear@1.28");
	add_process("layout/nvidia", test_layout, "nvidia@1.28");
	add_process("layout/raspberry", test_layout, "raspberry@1.22");
	add_process("kept", test_kept, NULL);
	add_process("modifiers/blocks", test_modifiers, "blocks@1.28");
	add_process("modifiers/iHD", test_modifiers, "iHD@1.28");
	add_process("modifiers/lunarlake", test_modifiers, "lunarlake@1.28");
	add_process("modifiers/radeonsi", test_modifiers, "radeonsi@1.26");
	add_process("hangs", test_hangs, NULL);
	add_process("fence", test_fence, NULL);
	add_process("together/va", test_together, "linear@1.28");
	add_process("together/nvidia", test_together, "nvidia@1.28");
	add_process("apart/devices", test_apart, NULL);
	add_process("apart/kinds", test_kinds, NULL);
	add_process("apart/kinds-without-path", test_kinds, "");
	return g_test_run();
}
