// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Blocks of AAC that are joined, against strings of their bits.
 */
#include "aac-join.h"

#include <string.h>

static GByteArray *bytes_of(const char *bits)
{
	GByteArray *bytes = g_byte_array_new();
	gsize n = strlen(bits);

	g_byte_array_set_size(bytes, (n + 7) / 8);
	if (n)
		memset(bytes->data, 0, bytes->len);
	for (gsize i = 0; i < n; i++) {
		if (bits[i] == '1')
			bytes->data[i / 8] |= 0x80 >> i % 8;
	}
	return bytes;
}

static char *bits_of(const GByteArray *bytes)
{
	GString *bits = g_string_new(NULL);

	for (gsize i = 0; i < bytes->len * 8; i++)
		g_string_append_c(bits, bytes->data[i / 8] >> (7 - i % 8) & 1 ? '1' : '0');
	return g_string_free(bits, FALSE);
}

static char *number(guint value, guint n)
{
	GString *bits = g_string_new(NULL);

	while (n--)
		g_string_append_c(bits, value >> n & 1 ? '1' : '0');
	return g_string_free(bits, FALSE);
}

static char *random_bits(GRand *rand, guint n)
{
	GString *bits = g_string_new(NULL);

	while (n--)
		g_string_append_c(bits, g_rand_boolean(rand) ? '1' : '0');
	return g_string_free(bits, FALSE);
}

/* Blocks of any length, in bits; zeros behind the END are some bytes as well. */
static void test_join(void)
{
	static const char *const ids[] = { "000", "001", "001", "000" };
	static const char *const heads[] = { "0000000", "0010000", "0010001", "0110000" };
	g_autoptr(GRand) rand = g_rand_new_with_seed(5);
	g_autoptr(GByteArray) out = g_byte_array_new();

	for (guint run = 0; run < 2000; run++) {
		g_autoptr(GString) wanted = g_string_new(NULL);
		g_autoptr(GPtrArray) made = g_ptr_array_new_with_free_func((GDestroyNotify)g_byte_array_unref);
		g_autofree char *found = NULL;
		struct aac_block blocks[AAC_PARTS];

		for (guint i = 0; i < AAC_PARTS; i++) {
			g_autofree char *tag = random_bits(rand, 4);
			g_autofree char *payload = random_bits(rand, g_rand_int_range(rand, 0, 400));
			guint gain = g_rand_int_range(rand, 0, 256);
			g_autofree char *before = number(gain, 8);
			g_autofree char *after = number(i == AAC_LFE ? MIN(gain + AAC_LFE_GAIN, 255) : gain, 8);
			g_autofree char *bits = g_strconcat(ids[i], tag, before, payload, "111",
							    run % 3 ? "" : "0000000000000000000", NULL);
			GByteArray *block = bytes_of(bits);

			g_ptr_array_add(made, block);
			blocks[i] = (struct aac_block){ block->data, block->len };
			g_string_append_printf(wanted, "%s%s%s", heads[i], after, payload);
		}
		g_string_append(wanted, "111");
		while (wanted->len % 8)
			g_string_append_c(wanted, '0');
		g_assert_true(aac_join(blocks, out));
		found = bits_of(out);
		g_assert_cmpstr(found, ==, wanted->str);
	}
}

static void test_refused(void)
{
	static const char *const bad[] = {
		"",
		"0000000000000000",
		/* no END */
		"00000001000000010110",
		/* nothing in front of it */
		"000000010000111",
		"111",
		/* a pair, an LFE, and what fills up */
		"001000010000000101111",
		"011000010000000101111",
		"110000010000000101111",
	};
	g_autoptr(GByteArray) single = bytes_of("000000010000000101111");
	g_autoptr(GByteArray) pair = bytes_of("001000010000000101111");
	const struct aac_block good[AAC_PARTS] = {
		{ single->data, single->len },
		{ pair->data, pair->len },
		{ pair->data, pair->len },
		{ single->data, single->len },
	};
	g_autoptr(GByteArray) out = g_byte_array_new();

	g_assert_true(aac_join(good, out));
	for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
		for (guint part = 0; part < AAC_PARTS; part++) {
			g_autoptr(GByteArray) block = bytes_of(bad[i]);
			struct aac_block blocks[AAC_PARTS];
			gboolean is_pair = part == AAC_FRONT || part == AAC_REAR;

			if (i == 5 && is_pair)
				continue;
			memcpy(blocks, good, sizeof(blocks));
			blocks[part] = (struct aac_block){ block->data, block->len };
			g_assert_false(aac_join(blocks, out));
			g_assert_cmpuint(out->len, ==, 0);
		}
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/aac-join/join", test_join);
	g_test_add_func("/aac-join/refused", test_refused);
	return g_test_run();
}
