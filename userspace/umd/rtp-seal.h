/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * rtp-seal.h - RTP packets as DTLS records ([MS-MICE] 3.2.5.8, RFC 6347, RFC 5288)
 *
 * With Miracast over Infrastructure the daemon has agreed on a key with the display, by
 * DTLS over their control channel; the specification wants all RTP packets encrypted with
 * it, and does not say how that looks.  Here each packet becomes one record of DTLS 1.2,
 * of the type "application data", with AES-GCM, in a datagram of its own:
 *
 *	type(1) version(2) epoch(2) sequence(6) length(2)	epoch 1
 *	explicit nonce(8)					epoch and sequence again
 *	packet, encrypted
 *	tag(16)
 *
 * Two records of one sequence number would give the key away: each gets the next one,
 * whether the network takes it or not; and the daemon's own are others.
 *
 * Thread: one at a time.
 */
#pragma once

#include <sys/uio.h>

#include <gio/gio.h>

G_BEGIN_DECLS

#define RTP_SEAL_OVERHEAD (13 + 8 + 16)
/* Longer packets are not sent by anybody. */
#define RTP_SEAL_MAX_PACKET 1500
#define RTP_SEAL_MAX (RTP_SEAL_MAX_PACKET + RTP_SEAL_OVERHEAD)
#define RTP_SEAL_SALT_SIZE 4

/**
 * struct rtp_seal_config - what the daemon gives
 * @key, @key_len: 16 bytes for AES-128-GCM or 32 for AES-256-GCM; 0: RTP is not encrypted
 * @salt: the part of the nonce that is the same in all records
 * @sequence: the first one; 48 bits
 */
struct rtp_seal_config {
	guint8 key[32];
	gsize key_len;
	guint8 salt[RTP_SEAL_SALT_SIZE];
	guint64 sequence;
};

typedef struct rtp_seal rtp_seal;

/* Fails with G_IO_ERROR_INVALID_ARGUMENT. */
rtp_seal *rtp_seal_new(const struct rtp_seal_config *config, GError **error);
/* NULL is allowed. */
void rtp_seal_free(rtp_seal *seal);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(rtp_seal, rtp_seal_free)

/**
 * rtp_seal_packet - make the next record
 * @parts, @n: of the packet
 * @record: RTP_SEAL_MAX bytes
 *
 * Returns: its size; 0: the packet is too long, or the numbers are used up
 */
gsize rtp_seal_packet(rtp_seal *seal, const struct iovec *parts, guint n, guint8 *record);

G_END_DECLS
