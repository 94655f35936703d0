/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-h264-au.c - NAL units before the first slice, and the SPS among them
 */
#include <glib.h>
#include <string.h>

#include "h264-au.h"
#include "h264-sps.h"

#define AUD "\0\0\0\1\x09\xf0"
#define SPS "\0\0\0\1\x67\x42\xc0\x1f\xda"
#define PPS "\0\0\0\1\x68\xce\x3c\x80"
#define SEI "\0\0\0\1\x06\x05\x01\xaa\x80"
#define IDR "\0\0\0\1\x65\x88\x84\x00\x00\x01\x67\x42"
#define P "\0\0\0\1\x41\x9a\x02"
#define BYTES(literal) (const guint8 *)(literal), sizeof(literal) - 1

struct fixture {
	struct wfd_h264_parameter_sets sets;
	struct wfd_h264_au au;
};

static void set_up(struct fixture *f, gconstpointer data)
{
	wfd_h264_parameter_sets_init(&f->sets);
}

static void tear_down(struct fixture *f, gconstpointer data)
{
	wfd_h264_parameter_sets_clear(&f->sets);
}

static void test_idr(struct fixture *f, gconstpointer data)
{
	guint8 profile[3];

	g_assert_false(wfd_h264_parameter_sets_profile(&f->sets, profile));
	wfd_h264_au_scan(BYTES(AUD SPS PPS SEI IDR), &f->sets, &f->au);
	g_assert_true(f->au.has_aud && f->au.has_sps && f->au.has_pps && f->au.has_slice && f->au.idr);
	g_assert_cmpuint(f->au.aud_end, ==, sizeof(AUD) - 1);
	g_assert_cmpmem(f->sets.sps->data, f->sets.sps->len, SPS, sizeof(SPS) - 1);
	g_assert_cmpmem(f->sets.pps->data, f->sets.pps->len, PPS, sizeof(PPS) - 1);
	g_assert_true(wfd_h264_parameter_sets_profile(&f->sets, profile));
	g_assert_cmpmem(profile, 3, "\x42\xc0\x1f", 3);
}

static void test_plain(struct fixture *f, gconstpointer data)
{
	wfd_h264_au_scan(BYTES(P), &f->sets, &f->au);
	g_assert_true(f->au.has_slice && !f->au.idr && !f->au.has_aud && !f->au.has_sps && !f->au.has_pps);
	g_assert_cmpuint(f->au.aud_end, ==, 0);
	g_assert_cmpuint(f->sets.sps->len, ==, 0);
}

/* Three-byte start codes, zero bytes between NAL units, two PPS. */
static void test_short_start_codes(struct fixture *f, gconstpointer data)
{
	static const char au[] = "\0\0\1\x09\x10\0\0\0\0\1\x67\x64\x00\x28\xaa\0\0\1\x68\x01\0\0\1\x68\x02\0\0\1\x65\x88";

	wfd_h264_au_scan(BYTES(au), &f->sets, &f->au);
	g_assert_true(f->au.has_aud && f->au.idr);
	g_assert_cmpuint(f->au.aud_end, ==, 5);
	g_assert_cmpmem(f->sets.sps->data, f->sets.sps->len, "\0\0\0\1\x67\x64\x00\x28\xaa", 9);
	g_assert_cmpmem(f->sets.pps->data, f->sets.pps->len, "\0\0\0\1\x68\x01\0\0\0\1\x68\x02", 12);
}

static void test_sets_replaced(struct fixture *f, gconstpointer data)
{
	wfd_h264_au_scan(BYTES(SPS PPS IDR), &f->sets, &f->au);
	wfd_h264_au_scan(BYTES("\0\0\1\x67\x64\x00\x28" IDR), &f->sets, &f->au);
	g_assert_true(f->au.has_sps && !f->au.has_pps);
	g_assert_cmpmem(f->sets.sps->data, f->sets.sps->len, "\0\0\0\1\x67\x64\x00\x28", 8);
	g_assert_cmpmem(f->sets.pps->data, f->sets.pps->len, PPS, sizeof(PPS) - 1);
}

/* A delimiter that is not the first NAL unit belongs to another access unit. */
static void test_late_aud(struct fixture *f, gconstpointer data)
{
	wfd_h264_au_scan(BYTES(SPS AUD IDR), &f->sets, &f->au);
	g_assert_false(f->au.has_aud);
	g_assert_cmpuint(f->au.aud_end, ==, 0);
}

static void test_malformed(struct fixture *f, gconstpointer data)
{
	g_autofree guint8 *huge = g_malloc0(2 * WFD_H264_MAX_PARAMETER_SETS);

	wfd_h264_au_scan(NULL, 0, &f->sets, &f->au);
	g_assert_false(f->au.has_slice);
	for (gsize size = 0; size < sizeof(AUD SPS PPS IDR); size++) {
		g_autofree guint8 *cut = g_memdup2(AUD SPS PPS IDR, size);

		wfd_h264_au_scan(cut, size, &f->sets, &f->au);
		wfd_h264_au_scan(cut, size, NULL, &f->au);
	}
	memset(huge, 0x55, 2 * WFD_H264_MAX_PARAMETER_SETS);
	memcpy(huge, "\0\0\1\x67", 4);
	wfd_h264_au_scan(huge, 2 * WFD_H264_MAX_PARAMETER_SETS, &f->sets, &f->au);
	g_assert_true(f->au.has_sps);
	g_assert_cmpuint(f->sets.sps->len, ==, 0);
}

static void test_codec_data(struct fixture *f, gconstpointer data)
{
	static const char avcc[] = "\x01\x42\xc0\x1f\xff\xe1\x00\x05\x67\x42\xc0\x1f\xda\x01\x00\x04\x68\xce\x3c\x80";

	g_assert_true(wfd_h264_codec_data(BYTES(avcc), &f->sets));
	g_assert_cmpmem(f->sets.sps->data, f->sets.sps->len, SPS, sizeof(SPS) - 1);
	g_assert_cmpmem(f->sets.pps->data, f->sets.pps->len, PPS, sizeof(PPS) - 1);

	/* Cut anywhere it is refused and changes nothing. */
	for (gsize size = 0; size < sizeof(avcc) - 1; size++) {
		g_autofree guint8 *cut = g_memdup2(avcc, size);

		g_assert_false(wfd_h264_codec_data(cut, size, &f->sets));
		g_assert_cmpuint(f->sets.sps->len, ==, sizeof(SPS) - 1);
	}
	g_assert_true(wfd_h264_codec_data(BYTES("\0\0\1\x67\x64\x00\x28\0\0\1\x68\x11"), &f->sets));
	g_assert_cmphex(f->sets.sps->data[5], ==, 0x64);
	g_assert_false(wfd_h264_codec_data(BYTES(SPS), &f->sets));
}

/* SPS of encoders, and what they become: one bit less, and a byte more where that makes a start code. */
static void test_clear_fixed_rate(struct fixture *f, gconstpointer data)
{
	static const struct {
		const char *fixed;
		const char *cleared;
	} cases[] = {
		/* x264: 1080p30 and 1080p60, both profiles */
		{ "6742c028da01e0089f970110000003001000000303c8f1832a",
		  "6742c028da01e0089f970110000003001000000303c0f1832a" },
		{ "67640028acb403c0113f2e0220000003002000000791e30654",
		  "67640028acb403c0113f2e0220000003002000000781e30654" },
		{ "6742c02ada01e0089f970110000003001000000788f1832a",
		  "6742c02ada01e0089f970110000003001000000780f1832a" },
		/* by hand: the flag is all that is in its byte */
		{ "6742c01fa680a03db01880000003008001000042", "6742c01fa680a03db0188000000300800100000302" },
		/* not fixed, or without a VUI, or cut before the flag */
		{ "6742c02ada01e0089f970110000003001000000780f1832a", NULL },
		{ "6742c01fda014016e8", NULL },
		{ "6742c028da01e0089f97011000000300100000", NULL },
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GByteArray) in = g_byte_array_new();
		g_autoptr(GByteArray) wanted = g_byte_array_new();
		g_autoptr(GByteArray) out = g_byte_array_new();
		const char *both[] = { cases[i].fixed, cases[i].cleared };
		GByteArray *arrays[] = { in, wanted };

		for (guint n = 0; n < 2 && both[n]; n++) {
			g_byte_array_append(arrays[n], BYTES(AUD "\0\0\0\1"));
			for (const char *hex = both[n]; *hex; hex += 2) {
				guint8 byte = g_ascii_xdigit_value(hex[0]) << 4 | g_ascii_xdigit_value(hex[1]);

				g_byte_array_append(arrays[n], &byte, 1);
			}
			g_byte_array_append(arrays[n], BYTES(PPS IDR));
		}
		g_assert_true(wfd_h264_clear_fixed_rate(in->data, in->len, out) == (cases[i].cleared != NULL));
		g_assert_cmpmem(out->data, out->len, wanted->data, wanted->len);
	}
	{
		g_autoptr(GByteArray) out = g_byte_array_new();

		g_assert_false(wfd_h264_clear_fixed_rate(BYTES(AUD P), out));
		g_assert_false(wfd_h264_clear_fixed_rate(NULL, 0, out));
		g_assert_cmpuint(out->len, ==, 0);
	}
}

#define ADD(name, function) \
	g_test_add("/h264-au/" name, struct fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("idr", test_idr);
	ADD("plain", test_plain);
	ADD("short-start-codes", test_short_start_codes);
	ADD("sets-replaced", test_sets_replaced);
	ADD("late-aud", test_late_aud);
	ADD("malformed", test_malformed);
	ADD("codec-data", test_codec_data);
	ADD("clear-fixed-rate", test_clear_fixed_rate);
	return g_test_run();
}
