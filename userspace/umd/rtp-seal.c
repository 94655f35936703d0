// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * RTP packets as DTLS records: see rtp-seal.h.
 */
#include "rtp-seal.h"

#include <string.h>

#include <gnutls/crypto.h>

#define HEADER_SIZE 13
#define NONCE_SIZE 8
#define TAG_SIZE 16
#define APPLICATION_DATA 23
#define EPOCH 1
#define END_OF_SEQUENCE (G_GUINT64_CONSTANT(1) << 48)

struct rtp_seal {
	gnutls_aead_cipher_hd_t cipher;
	guint8 salt[RTP_SEAL_SALT_SIZE];
	guint64 next;
	guint8 plain[RTP_SEAL_MAX_PACKET];
};

rtp_seal *rtp_seal_new(const struct rtp_seal_config *config, GError **error)
{
	g_autoptr(rtp_seal) seal = g_new0(rtp_seal, 1);
	gnutls_datum_t key = { (guint8 *)config->key, (unsigned int)config->key_len };
	int code = GNUTLS_E_INVALID_REQUEST;

	if (config->sequence < END_OF_SEQUENCE && (config->key_len == 16 || config->key_len == 32))
		code = gnutls_aead_cipher_init(&seal->cipher, config->key_len == 16 ? GNUTLS_CIPHER_AES_128_GCM :
										      GNUTLS_CIPHER_AES_256_GCM,
					       &key);
	if (code != GNUTLS_E_SUCCESS) {
		g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "RTP cannot be encrypted: %s",
			    gnutls_strerror(code));
		return NULL;
	}
	memcpy(seal->salt, config->salt, sizeof(seal->salt));
	seal->next = config->sequence;
	return g_steal_pointer(&seal);
}

void rtp_seal_free(rtp_seal *seal)
{
	if (!seal)
		return;
	if (seal->cipher)
		gnutls_aead_cipher_deinit(seal->cipher);
	explicit_bzero(seal, sizeof(*seal));
	g_free(seal);
}

static void put16(guint8 *data, gsize value)
{
	data[0] = (guint8)(value >> 8);
	data[1] = (guint8)value;
}

/* Epoch and sequence number, as they are in the header, the nonce and what is authenticated. */
static void put_number(guint8 *data, guint64 sequence)
{
	guint64 number = GUINT64_TO_BE(sequence | (guint64)EPOCH << 48);

	memcpy(data, &number, sizeof(number));
}

static void put_type(guint8 *data)
{
	data[0] = APPLICATION_DATA;
	put16(data + 1, 0xfefd); /* DTLS 1.2 */
}

gsize rtp_seal_packet(rtp_seal *seal, const struct iovec *parts, guint n, guint8 *record)
{
	guint8 nonce[RTP_SEAL_SALT_SIZE + NONCE_SIZE], authenticated[HEADER_SIZE];
	gsize len = 0, sealed = RTP_SEAL_MAX_PACKET + TAG_SIZE;

	for (guint i = 0; i < n; i++) {
		if (parts[i].iov_len > RTP_SEAL_MAX_PACKET - len)
			return 0;
		memcpy(seal->plain + len, parts[i].iov_base, parts[i].iov_len);
		len += parts[i].iov_len;
	}
	if (seal->next >= END_OF_SEQUENCE)
		return 0;
	put_type(record);
	put_number(record + 3, seal->next);
	put16(record + 11, NONCE_SIZE + len + TAG_SIZE);
	put_number(record + HEADER_SIZE, seal->next);

	memcpy(nonce, seal->salt, sizeof(seal->salt));
	put_number(nonce + sizeof(seal->salt), seal->next);
	put_number(authenticated, seal->next);
	put_type(authenticated + 8);
	put16(authenticated + 11, len);

	seal->next++;
	if (gnutls_aead_cipher_encrypt(seal->cipher, nonce, sizeof(nonce), authenticated, sizeof(authenticated),
				       TAG_SIZE, seal->plain, len, record + HEADER_SIZE + NONCE_SIZE,
				       &sealed) != GNUTLS_E_SUCCESS)
		return 0;
	return HEADER_SIZE + NONCE_SIZE + sealed;
}
