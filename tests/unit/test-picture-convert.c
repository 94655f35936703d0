// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Conversion of the desktop's pixels: colours as BT.709 has them, parts of a
 * picture like the whole of it, the cursor where it belongs.
 */
#include <math.h>
#include <string.h>
#include <time.h>

#include <drm_fourcc.h>

#include <drm/miracast.h>

#include "picture-convert.h"

struct buffer {
	guint width, height, pitch;
	guint8 *data;
	struct picture picture;
};

static void buffer_init(struct buffer *b, guint width, guint height)
{
	b->width = width;
	b->height = height;
	b->pitch = width * 4 + 64;
	b->data = g_malloc0((gsize)b->pitch * height);
	gst_video_info_set_format(&b->picture.info, GST_VIDEO_FORMAT_I420, width, height);
	b->picture.data = g_malloc0(GST_VIDEO_INFO_SIZE(&b->picture.info));
}

static void buffer_clear(struct buffer *b)
{
	g_free(b->data);
	g_free(b->picture.data);
}

static void set_pixel(struct buffer *b, guint x, guint y, guint8 red, guint8 green, guint8 blue)
{
	guint8 *pixel = b->data + (gsize)y * b->pitch + x * 4;

	pixel[0] = blue;
	pixel[1] = green;
	pixel[2] = red;
	pixel[3] = 0xff;
}

static void fill(struct buffer *b, guint8 red, guint8 green, guint8 blue)
{
	for (guint y = 0; y < b->height; y++) {
		for (guint x = 0; x < b->width; x++)
			set_pixel(b, x, y, red, green, blue);
	}
}

static guint8 sample(const struct buffer *b, guint plane, guint x, guint y)
{
	guint shift = plane ? 1 : 0;

	return picture_plane(&b->picture, plane)[(y >> shift) * picture_stride(&b->picture, plane) +
						 (x >> shift)];
}

static void assert_near(guint8 value, double wanted)
{
	g_assert_cmpfloat(fabs(value - wanted), <=, 1.6);
}

/* ITU-R BT.709, limited range. */
static void assert_color(const struct buffer *b, guint x, guint y, double red, double green,
			 double blue)
{
	double luma = 0.2126 * red + 0.7152 * green + 0.0722 * blue;

	assert_near(sample(b, 0, x, y), 16 + luma * 219 / 255);
	assert_near(sample(b, 1, x, y), 128 + (blue - luma) / 1.8556 * 224 / 255);
	assert_near(sample(b, 2, x, y), 128 + (red - luma) / 1.5748 * 224 / 255);
}

static struct area whole_of(const struct buffer *b)
{
	return (struct area){ 0, 0, b->width, b->height };
}

static void convert(struct buffer *b, struct picture_converter *converter, struct area area)
{
	const struct rgb_view view = { b->data, b->pitch };

	picture_converter_run(converter, &view, &b->picture, &area);
}

static void test_colors(void)
{
	static const guint8 colors[][3] = {
		{ 0, 0, 0 },	{ 255, 255, 255 }, { 255, 0, 0 },  { 0, 255, 0 },
		{ 0, 0, 255 },	{ 128, 128, 128 }, { 17, 99, 211 },
	};
	struct picture_converter *converter = picture_converter_new(DRM_FORMAT_XRGB8888, 640, 480);
	struct buffer b;

	buffer_init(&b, 640, 480);
	for (gsize i = 0; i < G_N_ELEMENTS(colors); i++) {
		const guint8 *c = colors[i];

		fill(&b, c[0], c[1], c[2]);
		convert(&b, converter, whole_of(&b));
		assert_color(&b, 0, 0, c[0], c[1], c[2]);
		assert_color(&b, 639, 479, c[0], c[1], c[2]);
		memset(b.picture.data, 0, GST_VIDEO_INFO_SIZE(&b.picture.info));
		convert(&b, converter, (struct area){ 300, 200, 310, 210 });
		assert_color(&b, 305, 205, c[0], c[1], c[2]);
		g_assert_cmpuint(sample(&b, 0, 0, 0), ==, 0);
	}
	buffer_clear(&b);
	picture_converter_free(converter);
}

#define ONE (1ULL << 32)
#define MINUS (1ULL << 63)

/* What the desktop has set: twice the red, half the green, and blue less red. */
static void set_matrix(struct miracast_color *color)
{
	static const guint64 matrix[9] = { 2 * ONE, 0, 0, 0, ONE / 2, 0, MINUS | ONE, 0, ONE };

	color->flags |= MIRACAST_COLOR_MATRIX;
	memcpy(color->matrix, matrix, sizeof(matrix));
}

/* A curve of each kind: half, turned round, all or nothing. */
static void set_curves(struct miracast_color *color)
{
	color->flags |= MIRACAST_COLOR_CURVES;
	for (guint i = 0; i < MIRACAST_COLOR_LUT; i++) {
		color->red[i] = i * 257 / 2;
		color->green[i] = 65535 - i * 257;
		color->blue[i] = i < 128 ? 0 : 65535;
	}
}

/* The same without: what changes nothing costs nothing, and is not looked at. */
static void test_night_light(void)
{
	static const guint8 colors[][3] = {
		{ 0, 0, 0 }, { 255, 255, 255 }, { 100, 200, 150 }, { 200, 31, 190 }, { 127, 128, 129 },
	};
	struct picture_converter *converter = picture_converter_new(DRM_FORMAT_XRGB8888, 640, 480);
	struct miracast_color matrix = { 0 }, curves = { 0 }, both = { 0 }, none = { 0 };
	struct buffer b;

	set_matrix(&matrix);
	set_matrix(&both);
	set_curves(&curves);
	set_curves(&both);
	buffer_init(&b, 640, 480);
	for (gsize i = 0; i < G_N_ELEMENTS(colors); i++) {
		const guint8 *c = colors[i];
		double red = MIN(2 * c[0], 255), green = c[1] / 2.0, blue = MAX(c[2] - c[0], 0);

		fill(&b, c[0], c[1], c[2]);
		picture_converter_set_color(converter, &matrix);
		convert(&b, converter, whole_of(&b));
		assert_color(&b, 0, 0, red, green, blue);
		assert_color(&b, 639, 479, red, green, blue);
		picture_converter_set_color(converter, &curves);
		convert(&b, converter, whole_of(&b));
		assert_color(&b, 639, 0, c[0] / 2.0, 255 - c[1], c[2] < 128 ? 0 : 255);
		picture_converter_set_color(converter, &both);
		convert(&b, converter, whole_of(&b));
		assert_color(&b, 0, 479, red / 2.0, 255 - green, blue < 128 ? 0 : 255);
		picture_converter_set_color(converter, &none);
		convert(&b, converter, whole_of(&b));
		assert_color(&b, 0, 0, c[0], c[1], c[2]);
	}
	buffer_clear(&b);
	picture_converter_free(converter);
}

static void test_no_night_light(void)
{
	struct miracast_color color = { .flags = MIRACAST_COLOR_MATRIX | MIRACAST_COLOR_CURVES };

	for (guint i = 0; i < 9; i += 4)
		color.matrix[i] = ONE;
	for (guint i = 0; i < MIRACAST_COLOR_LUT; i++)
		color.red[i] = color.green[i] = color.blue[i] = i * 257 - (i % 2 ? 100 : 0);
	g_assert_null(picture_color_new(&color));
	color.flags = 0;
	memset(color.red, 0xff, sizeof(color.red));
	g_assert_null(picture_color_new(&color));
}

/* Whatever a desktop sets: no overflow, black or white in the end. */
static void test_wild_colors(void)
{
	struct miracast_color color = { .flags = MIRACAST_COLOR_MATRIX };
	struct picture_color *prepared;
	guint32 rgb[] = { 0xffffff, 0x000000, 0x010101 };

	memset(color.matrix, 0x7f, 3 * sizeof(color.matrix[0]));
	memset(color.matrix + 3, 0xff, 3 * sizeof(color.matrix[0]));
	prepared = picture_color_new(&color);
	picture_color_apply(prepared, rgb, G_N_ELEMENTS(rgb));
	g_assert_cmphex(rgb[0], ==, 0xff0000);
	g_assert_cmphex(rgb[1], ==, 0x000000);
	g_assert_cmphex(rgb[2], ==, 0x300000); /* 3 times 16, the most there is */
	picture_color_free(prepared);
}

static void noise(struct buffer *b)
{
	for (gsize i = 0; i < (gsize)b->pitch * b->height; i++)
		b->data[i] = g_test_rand_int();
}

/* All parts together are the whole, whatever the size. */
static void test_parts(void)
{
	static const guint sizes[][2] = { { 640, 480 }, { 1366, 768 }, { 1920, 1080 }, { 864, 480 } };

	for (gsize i = 0; i < G_N_ELEMENTS(sizes); i++) {
		guint width = sizes[i][0];
		guint height = sizes[i][1];
		struct picture_converter *converter =
			picture_converter_new(DRM_FORMAT_XRGB8888, width, height);
		struct buffer b;
		g_autofree guint8 *wanted = NULL;
		gsize size;

		buffer_init(&b, width, height);
		noise(&b);
		convert(&b, converter, whole_of(&b));
		size = GST_VIDEO_INFO_SIZE(&b.picture.info);
		wanted = g_memdup2(b.picture.data, size);
		memset(b.picture.data, 0, size);
		for (guint y = 0; y < height; y += 100)
			convert(&b, converter, (struct area){ 0, y, width, MIN(y + 100, height) });
		g_assert_cmpmem(b.picture.data, size, wanted, size);
		buffer_clear(&b);
		picture_converter_free(converter);
	}
}

static void test_cursor(void)
{
	/* Opaque red, half transparent black (premultiplied), nothing. */
	static const guint8 pixels[3][4] = { { 0, 0, 255, 255 }, { 0, 0, 0, 128 }, { 0, 0, 0, 0 } };
	struct picture_converter *converter = picture_converter_new(DRM_FORMAT_XRGB8888, 640, 480);
	guint8 image[64 * 64 * 4];
	struct cursor_image cursor = { image, 64 * 4, 100, 100, 64, 64 };
	struct rgb_view source;
	struct buffer b;

	for (guint i = 0; i < 64 * 64; i++)
		memcpy(image + i * 4, pixels[MIN(i % 64 / 20, 2)], 4);
	buffer_init(&b, 640, 480);
	fill(&b, 200, 200, 200);
	source = (struct rgb_view){ b.data, b.pitch };
	convert(&b, converter, whole_of(&b));
	picture_converter_cursor(converter, &source, &b.picture, &cursor);
	assert_color(&b, 108, 130, 255, 0, 0);
	assert_color(&b, 130, 130, 99.6, 99.6, 99.6);
	assert_color(&b, 150, 130, 200, 200, 200);
	assert_color(&b, 99, 130, 200, 200, 200);
	/* The desktop's buffer itself is not touched. */
	g_assert_cmpuint(b.data[130 * b.pitch + 108 * 4], ==, 200);

	/* Corners, partly and wholly outside. */
	for (int x = -100; x <= 700; x += 50) {
		for (int y = -100; y <= 540; y += 40) {
			cursor.x = x;
			cursor.y = y;
			picture_converter_cursor(converter, &source, &b.picture, &cursor);
		}
	}
	cursor.x = G_MAXINT32;
	cursor.y = G_MININT32;
	picture_converter_cursor(converter, &source, &b.picture, &cursor);
	buffer_clear(&b);
	picture_converter_free(converter);
}

/* Red, green and blue of a pixel, 0 to 255 each. */
struct color {
	double channel[3];
};

static struct color color_at(const struct buffer *b, guint32 fourcc, guint x, guint y)
{
	const guint8 *line = b->data + (gsize)y * b->pitch;
	guint32 wide;
	guint16 narrow;

	memcpy(&narrow, line + 2 * x, sizeof(narrow));
	if (fourcc == DRM_FORMAT_RGB565)
		return (struct color){ { (narrow >> 11) * 255 / 31.0, (narrow >> 5 & 63) * 255 / 63.0,
					 (narrow & 31) * 255 / 31.0 } };
	memcpy(&wide, line + 4 * x, sizeof(wide));
	switch (fourcc) {
	case DRM_FORMAT_XBGR8888:
	case DRM_FORMAT_ABGR8888:
		return (struct color){ { wide & 255, wide >> 8 & 255, wide >> 16 & 255 } };
	case DRM_FORMAT_XRGB2101010:
	case DRM_FORMAT_ARGB2101010:
		return (struct color){ { (wide >> 20 & 1023) * 255 / 1023.0,
					 (wide >> 10 & 1023) * 255 / 1023.0,
					 (wide & 1023) * 255 / 1023.0 } };
	default:
		return (struct color){ { wide >> 16 & 255, wide >> 8 & 255, wide & 255 } };
	}
}

/* The four pixels that share a chroma sample; at odd edges there are fewer. */
static struct color mean_at(const struct buffer *b, guint32 fourcc, guint x, guint y)
{
	struct color sum = { { 0 } };

	for (guint i = 0; i < 4; i++) {
		struct color color = color_at(b, fourcc, MIN((x & ~1u) + i % 2, b->width - 1),
					      MIN((y & ~1u) + i / 2, b->height - 1));

		for (guint channel = 0; channel < 3; channel++)
			sum.channel[channel] += color.channel[channel] / 4;
	}
	return sum;
}

static double luma_of(const struct color *color)
{
	return 0.2126 * color->channel[0] + 0.7152 * color->channel[1] + 0.0722 * color->channel[2];
}

/* Each sample is what the equations of BT.709 say, in all formats, and at edges of all kinds. */
static void test_samples(void)
{
	static const guint32 fourccs[] = {
		DRM_FORMAT_XRGB8888, DRM_FORMAT_ARGB8888,    DRM_FORMAT_XBGR8888,   DRM_FORMAT_ABGR8888,
		DRM_FORMAT_RGB565,   DRM_FORMAT_XRGB2101010, DRM_FORMAT_ARGB2101010,
	};
	static const guint sizes[][2] = { { 640, 16 }, { 641, 17 }, { 1, 1 }, { 2, 3 }, { 333, 40 } };

	for (gsize i = 0; i < G_N_ELEMENTS(fourccs) * G_N_ELEMENTS(sizes); i++) {
		guint32 fourcc = fourccs[i / G_N_ELEMENTS(sizes)];
		const guint *size = sizes[i % G_N_ELEMENTS(sizes)];
		struct picture_converter *converter =
			picture_converter_new(fourcc, size[0], size[1]);
		struct buffer b;

		buffer_init(&b, size[0], size[1]);
		noise(&b);
		convert(&b, converter, whole_of(&b));
		for (guint y = 0; y < b.height; y++) {
			for (guint x = 0; x < b.width; x++) {
				struct color color = color_at(&b, fourcc, x, y);
				struct color mean = mean_at(&b, fourcc, x, y);
				double luma = luma_of(&mean);

				assert_near(sample(&b, 0, x, y), 16 + luma_of(&color) * 219 / 255);
				assert_near(sample(&b, 1, x, y),
					    128 + (mean.channel[2] - luma) / 1.8556 * 224 / 255);
				assert_near(sample(&b, 2, x, y),
					    128 + (mean.channel[0] - luma) / 1.5748 * 224 / 255);
			}
		}
		buffer_clear(&b);
		picture_converter_free(converter);
	}
}

/* A grey desktop has no colour, whatever its brightness. */
static void test_greys(void)
{
	struct picture_converter *converter = picture_converter_new(DRM_FORMAT_XRGB8888, 512, 2);
	struct buffer b;

	buffer_init(&b, 512, 2);
	for (guint x = 0; x < 512; x++) {
		set_pixel(&b, x, 0, x / 2, x / 2, x / 2);
		set_pixel(&b, x, 1, x / 2, x / 2, x / 2);
	}
	convert(&b, converter, whole_of(&b));
	for (guint x = 0; x < 512; x++) {
		g_assert_cmpuint(sample(&b, 1, x, 0), ==, 128);
		g_assert_cmpuint(sample(&b, 2, x, 0), ==, 128);
	}
	g_assert_cmpuint(sample(&b, 0, 0, 0), ==, 16);
	g_assert_cmpuint(sample(&b, 0, 511, 1), ==, 235);
	buffer_clear(&b);
	picture_converter_free(converter);
}

/* A cursor is blended in every format. */
static void test_cursor_formats(void)
{
	static const guint32 fourccs[] = { DRM_FORMAT_XRGB8888, DRM_FORMAT_XBGR8888, DRM_FORMAT_RGB565,
					   DRM_FORMAT_XRGB2101010 };

	for (gsize i = 0; i < G_N_ELEMENTS(fourccs); i++) {
		struct picture_converter *converter = picture_converter_new(fourccs[i], 640, 480);
		guint8 image[64 * 64 * 4];
		struct cursor_image cursor = { image, 64 * 4, 301, 203, 64, 64 };
		struct rgb_view source;
		struct buffer b;

		for (guint pixel = 0; pixel < 64 * 64; pixel++)
			memcpy(image + pixel * 4, (const guint8[]){ 0, 0, 255, 255 }, 4);
		buffer_init(&b, 640, 480);
		source = (struct rgb_view){ b.data, b.pitch };
		convert(&b, converter, whole_of(&b));
		picture_converter_cursor(converter, &source, &b.picture, &cursor);
		assert_color(&b, 330, 230, 255, 0, 0);
		assert_color(&b, 200, 230, 0, 0, 0);
		buffer_clear(&b);
		picture_converter_free(converter);
	}
}

static void test_formats(void)
{
	g_assert_null(picture_converter_new(DRM_FORMAT_YUYV, 640, 480));
	g_assert_null(picture_converter_new(DRM_FORMAT_XRGB8888, 640, 0));
}

/* Microseconds that this thread has worked: other load does not count. */
static double worked_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return now.tv_sec * 1e6 + now.tv_nsec / 1e3;
}

static void time_area(const char *name, struct buffer *b, struct picture_converter *converter,
		      struct area area, guint runs)
{
	double begin = worked_us();

	for (guint i = 0; i < runs; i++)
		convert(b, converter, area);
	g_test_message("%s: %.0f us", name, (worked_us() - begin) / runs);
}

/* What GStreamer's own converter needs for the same picture. */
static void time_gstreamer(struct buffer *b, guint runs)
{
	GstVideoInfo rgb;
	GstVideoConverter *converter;
	GstVideoFrame from = { 0 }, to = { 0 };
	double begin;

	gst_video_info_set_format(&rgb, GST_VIDEO_FORMAT_BGRx, b->width, b->height);
	gst_video_colorimetry_from_string(&b->picture.info.colorimetry, PICTURE_COLORIMETRY);
	converter = gst_video_converter_new(&rgb, &b->picture.info, NULL);
	from.info = rgb;
	from.info.stride[0] = b->pitch;
	from.data[0] = b->data;
	to.info = b->picture.info;
	for (guint plane = 0; plane < 3; plane++)
		to.data[plane] = picture_plane(&b->picture, plane);
	begin = worked_us();
	for (guint i = 0; i < runs; i++)
		gst_video_converter_frame(converter, &from, &to);
	g_test_message("GstVideoConverter, whole: %.0f us",
		       (worked_us() - begin) / runs);
	gst_video_converter_free(converter);
}

/* Only measures; run with -m perf. */
static void test_speed(void)
{
	struct picture_converter *converter = picture_converter_new(DRM_FORMAT_XRGB8888, 1920, 1080);
	struct buffer b;

	buffer_init(&b, 1920, 1080);
	time_area("1920x1080 whole", &b, converter, whole_of(&b), 100);
	time_area("1920x1080 half", &b, converter, (struct area){ 0, 0, 960, 1080 }, 100);
	time_area("400x300", &b, converter, (struct area){ 500, 500, 900, 800 }, 1000);
	time_area("20x20", &b, converter, (struct area){ 500, 500, 520, 520 }, 1000);
	time_gstreamer(&b, 50);
	buffer_clear(&b);
	picture_converter_free(converter);
}

int main(int argc, char *argv[])
{
	g_test_init(&argc, &argv, NULL);
	gst_init(NULL, NULL);
	g_test_add_func("/picture-convert/night-light", test_night_light);
	g_test_add_func("/picture-convert/no-night-light", test_no_night_light);
	g_test_add_func("/picture-convert/wild-colors", test_wild_colors);
	g_test_add_func("/picture-convert/colors", test_colors);
	g_test_add_func("/picture-convert/parts", test_parts);
	g_test_add_func("/picture-convert/cursor", test_cursor);
	g_test_add_func("/picture-convert/samples", test_samples);
	g_test_add_func("/picture-convert/greys", test_greys);
	g_test_add_func("/picture-convert/cursor-formats", test_cursor_formats);
	g_test_add_func("/picture-convert/formats", test_formats);
	if (g_test_perf())
		g_test_add_func("/picture-convert/speed", test_speed);
	return g_test_run();
}
