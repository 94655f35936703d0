// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Miracast over Infrastructure, as displays offer it over the air: see mice-offer.h.
 */
#include "mice-offer.h"

#include <string.h>

#define VENDOR_SIZE 3
#define ATTRIBUTE_HEADER_SIZE 4

static const guint8 microsoft[VENDOR_SIZE] = { 0x00, 0x01, 0x37 };

/* BSSID (0x2003) and preference (0x2004) tell us nothing that we could use. */
enum attribute {
	ATTRIBUTE_CAPABILITY = 0x2001,
	ATTRIBUTE_HOST = 0x2002,
	ATTRIBUTE_ADDRESS = 0x2005,
};

#define CAPABILITY_SUPPORTED 0x01
#define CAPABILITY_ENCRYPTION 0x02
#define CAPABILITY_VERSION(value) (((value) >> 2) & 0x07)
#define CAPABILITY_PIN 0x20

static guint16 get16(const guint8 *data)
{
	return (guint16)(data[0] << 8 | data[1]);
}

/* Some end it with zeros, as if it were a string of C's. */
static gboolean take_text(const char *what, const guint8 *value, gsize len, char *text, gsize size,
			  GError **error)
{
	while (len && value[len - 1] == 0)
		len--;
	if (len >= size) {
		g_set_error(error, WFD_ERROR, WFD_ERROR_RANGE, "%s has %" G_GSIZE_FORMAT " bytes", what, len);
		return FALSE;
	}
	if (!g_utf8_validate((const char *)value, (gssize)len, NULL)) {
		g_set_error(error, WFD_ERROR, WFD_ERROR_SYNTAX, "%s is not valid UTF-8", what);
		return FALSE;
	}
	for (gsize i = 0; i < len; i++) {
		if (value[i] < 0x20 || value[i] == 0x7f) {
			g_set_error(error, WFD_ERROR, WFD_ERROR_SYNTAX, "%s has control characters", what);
			return FALSE;
		}
	}
	memcpy(text, value, len);
	text[len] = 0;
	return TRUE;
}

static gboolean take_capability(const guint8 *value, gsize len, struct mice_offer *offer,
				GError **error)
{
	if (len != 1) {
		g_set_error(error, WFD_ERROR, WFD_ERROR_RANGE,
			    "the capability has %" G_GSIZE_FORMAT " bytes", len);
		return FALSE;
	}
	offer->supported = (*value & CAPABILITY_SUPPORTED) != 0;
	offer->encryption = (*value & CAPABILITY_ENCRYPTION) != 0;
	offer->version = CAPABILITY_VERSION(*value);
	/* Without encryption it counts as not set. */
	offer->pin = offer->encryption && (*value & CAPABILITY_PIN) != 0;
	return TRUE;
}

static gboolean take_attribute(guint16 id, const guint8 *value, gsize len, struct mice_offer *offer,
			       GError **error)
{
	switch (id) {
	case ATTRIBUTE_CAPABILITY:
		return take_capability(value, len, offer, error);
	case ATTRIBUTE_HOST:
		return take_text("the host name", value, len, offer->host, sizeof(offer->host), error);
	case ATTRIBUTE_ADDRESS:
		if (offer->n_addresses == MICE_OFFER_MAX_ADDRESSES)
			return TRUE;
		return take_text("an address", value, len, offer->addresses[offer->n_addresses++],
				 MICE_OFFER_ADDRESS_SIZE, error);
	default:
		return TRUE;
	}
}

gboolean mice_offer_parse(const guint8 *data, gsize len, struct mice_offer *offer, GError **error)
{
	gboolean has_capability = FALSE;
	gsize at = VENDOR_SIZE;

	memset(offer, 0, sizeof(*offer));
	if (len < VENDOR_SIZE || memcmp(data, microsoft, VENDOR_SIZE) != 0) {
		g_set_error(error, WFD_ERROR, WFD_ERROR_NO_MATCH, "the attribute is of another vendor");
		return FALSE;
	}
	while (at < len) {
		guint16 id, size;

		if (len - at < ATTRIBUTE_HEADER_SIZE ||
		    get16(data + at + 2) > len - at - ATTRIBUTE_HEADER_SIZE) {
			g_set_error(error, WFD_ERROR, WFD_ERROR_TRUNCATED,
				    "an attribute of Microsoft's goes beyond its end");
			return FALSE;
		}
		id = get16(data + at);
		size = get16(data + at + 2);
		at += ATTRIBUTE_HEADER_SIZE;
		has_capability |= id == ATTRIBUTE_CAPABILITY;
		if (!take_attribute(id, data + at, size, offer, error))
			return FALSE;
		at += size;
	}
	if (!has_capability)
		g_set_error(error, WFD_ERROR, WFD_ERROR_MISSING, "there is no capability attribute");
	return has_capability;
}
