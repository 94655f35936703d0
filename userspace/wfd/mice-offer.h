/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mice-offer.h - what a display says over the air of Miracast over Infrastructure
 *
 * Beacons and Probe Responses of a display that can also be reached over the network
 * carry a WPS Vendor Extension attribute (0x1049) of Microsoft's ([MS-MICE] 2.2.8):
 *
 *	vendor(3): 00 01 37, then attributes: id(2) length(2) value
 *
 * Numbers are big endian.  It is unprotected, and anybody can send it: it says where to
 * look, never who is there.
 *
 * Threads and errors: wfd-error.h.
 */
#pragma once

#include <glib.h>

#include "wfd-error.h"

G_BEGIN_DECLS

/* RFC 1035: 253 characters, and the end */
#define MICE_OFFER_HOST_SIZE 254
/* As many as INET6_ADDRSTRLEN */
#define MICE_OFFER_ADDRESS_SIZE 46
/* Further ones are passed over. */
#define MICE_OFFER_MAX_ADDRESSES 4

/**
 * struct mice_offer - one such attribute
 * @supported: the display takes Miracast over Infrastructure now
 * @encryption: and encrypted streams
 * @pin: and shows a PIN if it is asked to; only with @encryption
 * @version: of the protocol
 * @host: its host name in the network, ""; printable ASCII or UTF-8, and not checked
 *	for being one
 * @addresses, @n_addresses: its IP addresses, as text, and not checked for being some
 */
struct mice_offer {
	gboolean supported;
	gboolean encryption;
	gboolean pin;
	guint8 version;
	char host[MICE_OFFER_HOST_SIZE];
	char addresses[MICE_OFFER_MAX_ADDRESSES][MICE_OFFER_ADDRESS_SIZE];
	guint n_addresses;
};

/**
 * mice_offer_parse - the value of a Vendor Extension attribute
 * @data, @len: from the vendor's id on
 * @offer: (out): undefined on failure
 *
 * Fails with WFD_ERROR_NO_MATCH if it is another vendor's, _TRUNCATED, _RANGE,
 * _SYNTAX, and with _MISSING if it does not say what the display can do.
 */
gboolean mice_offer_parse(const guint8 *data, gsize len, struct mice_offer *offer, GError **error);

G_END_DECLS
