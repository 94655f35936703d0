// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * DTLS with a display, and its stream: the daemon's client and the user-mode driver's
 * records, with a server of the test's.
 */
#include <string.h>

#include "mice-dtls.h"
#include "mock-dtls.h"
#include "reason.h"
#include "rtp-seal.h"

/* Carry tokens to and fro until nothing is said any more; FALSE: the client has failed. */
static gboolean shake(mice_dtls *client, mock_dtls *server, GError **error)
{
	g_autoptr(GPtrArray) tokens = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
	gboolean ok = mice_dtls_shake(client, NULL, tokens, error);

	while (ok && tokens->len) {
		g_autoptr(GBytes) token = g_bytes_ref(tokens->pdata[0]);
		g_autoptr(GPtrArray) answers = NULL;

		g_ptr_array_remove_index(tokens, 0);
		answers = mock_dtls_shake(server, token);
		for (guint i = 0; ok && i < answers->len; i++)
			ok = mice_dtls_shake(client, answers->pdata[i], tokens, error);
	}
	return ok;
}

static void assert_opens(mock_dtls *server, GBytes *record, const char *text)
{
	gsize len;
	const guint8 *data = g_bytes_get_data(record, &len);
	g_autoptr(GBytes) plain = mock_dtls_open(server, data, len);

	g_assert_nonnull(plain);
	g_assert_cmpmem(g_bytes_get_data(plain, NULL), g_bytes_get_size(plain), text, strlen(text));
}

static void say(mice_dtls *client, mock_dtls *server, const char *text)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) record = mice_dtls_seal(client, (const guint8 *)text, strlen(text), &error);

	g_assert_no_error(error);
	assert_opens(server, record, text);
}

static void hear(mice_dtls *client, mock_dtls *server, const char *text)
{
	g_autoptr(GBytes) record = mock_dtls_seal(server, text, strlen(text));
	g_autoptr(GBytes) plain = NULL;
	g_autoptr(GError) error = NULL;
	gsize len;
	const guint8 *data = g_bytes_get_data(record, &len);

	plain = mice_dtls_open(client, data, len, &error);
	g_assert_no_error(error);
	g_assert_cmpmem(g_bytes_get_data(plain, NULL), g_bytes_get_size(plain), text, strlen(text));
}

static mice_dtls *new_client(void)
{
	g_autoptr(GError) error = NULL;
	mice_dtls *client = mice_dtls_new(&error);

	g_assert_no_error(error);
	return client;
}

static void test_session(void)
{
	g_autoptr(mice_dtls) client = new_client();
	g_autoptr(mock_dtls) server = mock_dtls_new(NULL);
	g_autoptr(GError) error = NULL;
	g_autofree char *description = NULL;

	g_assert_true(shake(client, server, &error));
	g_assert_no_error(error);
	g_assert_true(mice_dtls_is_ready(client));
	g_assert_true(mock_dtls_is_ready(server));
	description = mice_dtls_describe(client);
	g_assert_nonnull(strstr(description, "DTLS1.2"));
	g_assert_nonnull(strstr(description, "GCM"));
	say(client, server, "who are you");
	hear(client, server, "a display");
}

/* Each cipher: what the stream's process makes is understood, in front of it and behind it, too. */
static void test_stream(gconstpointer priority)
{
	static const struct iovec parts[] = { { (void *)"packet", 6 }, { (void *)" of RTP", 7 } };
	g_autoptr(mice_dtls) client = new_client();
	g_autoptr(mock_dtls) server = mock_dtls_new(priority);
	g_autoptr(GError) error = NULL;
	g_autoptr(rtp_seal) seal = NULL;
	struct mice_dtls_keys keys;
	struct rtp_seal_config config = { .sequence = MICE_DTLS_MEDIA_FIRST };

	g_assert_true(shake(client, server, &error));
	g_assert_no_error(error);
	say(client, server, "ready");
	g_assert_true(mice_dtls_give_keys(client, &keys, &error));
	g_assert_no_error(error);
	config.key_len = keys.key_len;
	memcpy(config.key, keys.key, keys.key_len);
	memcpy(config.salt, keys.salt, sizeof(config.salt));
	seal = rtp_seal_new(&config, &error);
	g_assert_no_error(error);
	for (guint i = 0; i < 100; i++) {
		guint8 record[RTP_SEAL_MAX];
		gsize size = rtp_seal_packet(seal, parts, G_N_ELEMENTS(parts), record);
		g_autoptr(GBytes) plain = mock_dtls_open(server, record, size);

		g_assert_cmpuint(size, ==, 13 + RTP_SEAL_OVERHEAD);
		g_assert_nonnull(plain);
		g_assert_cmpmem(g_bytes_get_data(plain, NULL), g_bytes_get_size(plain), "packet of RTP", 13);
	}
	say(client, server, "enough");
	/* Numbers would be used a second time. */
	g_assert_false(mice_dtls_give_keys(client, &keys, &error));
	g_assert_error(error, REASON_ERROR, REASON_ENCRYPTION_FAILED);
}

/* Who is in the middle has what the display has said; also when the stream's keys were taken, which GnuTLS forgets it with. */
static void test_again(void)
{
	g_autoptr(mice_dtls) client = new_client();
	g_autoptr(mock_dtls) server = mock_dtls_new(NULL);
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) record = NULL;
	g_autoptr(GBytes) first = NULL;
	struct mice_dtls_keys keys;

	g_assert_true(shake(client, server, &error));
	record = mock_dtls_seal(server, "the PIN is right", 16);
	first = mice_dtls_open(client, g_bytes_get_data(record, NULL), g_bytes_get_size(record), &error);
	g_assert_nonnull(first);
	g_assert_true(mice_dtls_give_keys(client, &keys, &error));
	hear(client, server, "and this is new");
	g_assert_null(mice_dtls_open(client, g_bytes_get_data(record, NULL), g_bytes_get_size(record), &error));
	g_assert_error(error, REASON_ERROR, REASON_ENCRYPTION_FAILED);
	g_assert_false(mice_dtls_is_ready(client));
}

/* No two records have one number, and each says the one that it has. */
static void test_numbers(void)
{
	const struct rtp_seal_config config = { .key_len = 16, .sequence = (G_GUINT64_CONSTANT(1) << 48) - 2 };
	g_autoptr(rtp_seal) seal = rtp_seal_new(&config, NULL);
	const struct iovec part = { (void *)"x", 1 };
	guint8 first[RTP_SEAL_MAX], second[RTP_SEAL_MAX], third[RTP_SEAL_MAX];

	g_assert_cmpuint(rtp_seal_packet(seal, &part, 1, first), ==, RTP_SEAL_OVERHEAD + 1);
	g_assert_cmpuint(rtp_seal_packet(seal, &part, 1, second), ==, RTP_SEAL_OVERHEAD + 1);
	g_assert_cmpmem(first, 11, "\x17\xfe\xfd\x00\x01\xff\xff\xff\xff\xff\xfe", 11);
	g_assert_cmpmem(second, 11, "\x17\xfe\xfd\x00\x01\xff\xff\xff\xff\xff\xff", 11);
	/* There is no further one. */
	g_assert_cmpuint(rtp_seal_packet(seal, &part, 1, third), ==, 0);
}

static void test_sizes(void)
{
	struct rtp_seal_config config = { .key_len = 32 };
	g_autoptr(rtp_seal) seal = rtp_seal_new(&config, NULL);
	g_autofree guint8 *packet = g_malloc0(RTP_SEAL_MAX_PACKET + 1);
	struct iovec part = { packet, RTP_SEAL_MAX_PACKET };
	guint8 record[RTP_SEAL_MAX];
	g_autoptr(GError) error = NULL;

	g_assert_cmpuint(rtp_seal_packet(seal, &part, 1, record), ==, RTP_SEAL_MAX);
	part.iov_len++;
	g_assert_cmpuint(rtp_seal_packet(seal, &part, 1, record), ==, 0);
	config.key_len = 17;
	g_assert_null(rtp_seal_new(&config, &error));
	g_assert_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
}

/* A display that has nothing that we would use. */
static void test_no_cipher(void)
{
	g_autoptr(mice_dtls) client = new_client();
	g_autoptr(mock_dtls) server = mock_dtls_new("NORMAL:-CIPHER-ALL:+AES-128-CBC");
	g_autoptr(GError) error = NULL;

	g_assert_false(shake(client, server, &error));
	g_assert_error(error, REASON_ERROR, REASON_ENCRYPTION_FAILED);
	g_assert_false(mice_dtls_is_ready(client));
}

static void assert_not_opened(mice_dtls *client, const void *data, gsize len)
{
	g_autoptr(GError) error = NULL;

	g_assert_null(mice_dtls_open(client, data, len, &error));
	g_assert_error(error, REASON_ERROR, REASON_ENCRYPTION_FAILED);
	/* And it is over. */
	g_assert_false(mice_dtls_is_ready(client));
	g_assert_null(mice_dtls_seal(client, (const guint8 *)"x", 1, NULL));
}

static const char *const broken[] = { "changed", "cut", "again", "plain", "nothing", "too-early" };

static void test_broken(gconstpointer how)
{
	g_autoptr(mice_dtls) client = new_client();
	g_autoptr(mock_dtls) server = mock_dtls_new(NULL);
	g_autoptr(GBytes) record = NULL;
	g_autofree guint8 *data = NULL;
	gsize len;

	if (strcmp(how, "too-early") == 0) {
		assert_not_opened(client, "\x17\xfe\xfd", 3);
		return;
	}
	g_assert_true(shake(client, server, NULL));
	record = mock_dtls_seal(server, "a display", 9);
	data = g_memdup2(g_bytes_get_data(record, &len), g_bytes_get_size(record));
	if (strcmp(how, "changed") == 0) {
		data[len - 1] ^= 1;
	} else if (strcmp(how, "cut") == 0) {
		len--;
	} else if (strcmp(how, "again") == 0) {
		g_autoptr(GBytes) plain = mice_dtls_open(client, data, len, NULL);

		g_assert_nonnull(plain);
	} else if (strcmp(how, "plain") == 0) {
		memset(data, 'x', len);
	} else {
		len = 0;
	}
	assert_not_opened(client, data, len);
}

/* Whatever a display sends instead of the handshake, byte by byte. */
static void test_noise(void)
{
	for (guint seed = 0; seed < 200; seed++) {
		g_autoptr(GRand) rand = g_rand_new_with_seed(seed);
		g_autoptr(mice_dtls) client = new_client();
		g_autoptr(mock_dtls) server = mock_dtls_new(NULL);
		g_autoptr(GPtrArray) tokens = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
		gboolean ok = mice_dtls_shake(client, NULL, tokens, NULL);

		while (ok && tokens->len) {
			g_autoptr(GBytes) token = g_bytes_ref(tokens->pdata[0]);
			g_autoptr(GPtrArray) answers = mock_dtls_shake(server, token);

			g_ptr_array_remove_index(tokens, 0);
			for (guint i = 0; ok && i < answers->len; i++) {
				gsize len;
				const guint8 *data = g_bytes_get_data(answers->pdata[i], &len);
				g_autofree guint8 *copy = g_memdup2(data, len);
				g_autoptr(GBytes) noise = NULL;

				for (guint n = g_rand_int_range(rand, 0, 4); n; n--)
					copy[g_rand_int_range(rand, 0, (gint32)len)] = (guint8)g_rand_int(rand);
				noise = g_bytes_new(copy, (gsize)g_rand_int_range(rand, (gint32)len / 2, (gint32)len + 1));
				ok = mice_dtls_shake(client, noise, tokens, NULL);
			}
		}
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/mice-dtls/session", test_session);
	g_test_add_data_func("/mice-dtls/stream-128", "NORMAL:-CIPHER-ALL:+AES-128-GCM", test_stream);
	g_test_add_data_func("/mice-dtls/stream-256", "NORMAL:-CIPHER-ALL:+AES-256-GCM", test_stream);
	g_test_add_func("/mice-dtls/again", test_again);
	g_test_add_func("/mice-dtls/numbers", test_numbers);
	g_test_add_func("/mice-dtls/sizes", test_sizes);
	g_test_add_func("/mice-dtls/no-cipher", test_no_cipher);
	for (guint i = 0; i < G_N_ELEMENTS(broken); i++) {
		g_autofree char *name = g_strconcat("/mice-dtls/broken/", broken[i], NULL);

		g_test_add_data_func(name, broken[i], test_broken);
	}
	g_test_add_func("/mice-dtls/noise", test_noise);
	return g_test_run();
}
