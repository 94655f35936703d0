// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What displays say over the air of Miracast over Infrastructure, byte by byte.
 */
#include <string.h>

#include "mice-offer.h"

#define VENDOR 0x00, 0x01, 0x37
#define CAPABILITY(value) 0x20, 0x01, 0x00, 0x01, value

/* All attributes of [MS-MICE] 2.2.8: BSSID and preference are passed over. */
static const guint8 complete[] = {
	VENDOR, CAPABILITY(0x27),
	0x20, 0x02, 0x00, 0x04, 'T', 'V', '-', '7',
	0x20, 0x03, 0x00, 0x06, 0x02, 0x00, 0x00, 0x00, 0x01, 0x00,
	0x20, 0x04, 0x00, 0x02, 0x00, 0x01,
	0x20, 0x05, 0x00, 0x0a, '1', '9', '2', '.', '0', '.', '2', '.', '7', 0x00,
	0x20, 0x05, 0x00, 0x0c, '2', '0', '0', '1', ':', 'd', 'b', '8', ':', ':', '7', 0x00,
};

static void test_complete(void)
{
	struct mice_offer offer;
	g_autoptr(GError) error = NULL;

	g_assert_true(mice_offer_parse(complete, sizeof(complete), &offer, &error));
	g_assert_no_error(error);
	g_assert_true(offer.supported);
	g_assert_true(offer.encryption);
	g_assert_true(offer.pin);
	g_assert_cmpuint(offer.version, ==, 1);
	g_assert_cmpstr(offer.host, ==, "TV-7");
	g_assert_cmpuint(offer.n_addresses, ==, 2);
	g_assert_cmpstr(offer.addresses[0], ==, "192.0.2.7");
	g_assert_cmpstr(offer.addresses[1], ==, "2001:db8::7");
}

static void test_capabilities(void)
{
	static const struct {
		guint8 value;
		gboolean supported, encryption, pin;
		guint version;
	} cases[] = {
		{ 0x00, FALSE, FALSE, FALSE, 0 },
		{ 0x05, TRUE, FALSE, FALSE, 1 },
		{ 0x07, TRUE, TRUE, FALSE, 1 },
		{ 0x27, TRUE, TRUE, TRUE, 1 },
		/* A PIN without encryption counts as none. */
		{ 0x25, TRUE, FALSE, FALSE, 1 },
		{ 0xdd, TRUE, FALSE, FALSE, 7 },
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		const guint8 data[] = { VENDOR, CAPABILITY(cases[i].value) };
		struct mice_offer offer;

		g_test_message("%02x", cases[i].value);
		g_assert_true(mice_offer_parse(data, sizeof(data), &offer, NULL));
		g_assert_cmpint(offer.supported, ==, cases[i].supported);
		g_assert_cmpint(offer.encryption, ==, cases[i].encryption);
		g_assert_cmpint(offer.pin, ==, cases[i].pin);
		g_assert_cmpuint(offer.version, ==, cases[i].version);
		g_assert_cmpstr(offer.host, ==, "");
	}
}

#define REFUSE(what, code, ...) { what, { __VA_ARGS__ }, sizeof((const guint8[]){ __VA_ARGS__ }), code }

static const struct {
	const char *what;
	guint8 data[24];
	gsize len;
	int code;
} refused[] = {
	REFUSE("half a vendor", WFD_ERROR_NO_MATCH, 0x00, 0x01),
	REFUSE("another vendor", WFD_ERROR_NO_MATCH, 0x00, 0x37, 0x2a, CAPABILITY(5)),
	REFUSE("nothing", WFD_ERROR_MISSING, VENDOR),
	REFUSE("a host alone", WFD_ERROR_MISSING, VENDOR, 0x20, 0x02, 0x00, 0x02, 't', 'v'),
	REFUSE("half a header", WFD_ERROR_TRUNCATED, VENDOR, CAPABILITY(5), 0x20, 0x02, 0x00),
	REFUSE("beyond the end", WFD_ERROR_TRUNCATED, VENDOR, CAPABILITY(5), 0x20, 0x02, 0x00, 0x03, 't', 'v'),
	REFUSE("no capability in it", WFD_ERROR_RANGE, VENDOR, 0x20, 0x01, 0x00, 0x00),
	REFUSE("two bytes of capability", WFD_ERROR_RANGE, VENDOR, 0x20, 0x01, 0x00, 0x02, 5, 5),
	REFUSE("an escape", WFD_ERROR_SYNTAX, VENDOR, CAPABILITY(5), 0x20, 0x02, 0x00, 0x02, 0x1b, ']'),
	REFUSE("a zero in it", WFD_ERROR_SYNTAX, VENDOR, CAPABILITY(5), 0x20, 0x02, 0x00, 0x03, 't', 0, 'v'),
	REFUSE("no UTF-8", WFD_ERROR_SYNTAX, VENDOR, CAPABILITY(5), 0x20, 0x02, 0x00, 0x01, 0xff),
};

static void test_refused(void)
{
	for (guint i = 0; i < G_N_ELEMENTS(refused); i++) {
		struct mice_offer offer;
		g_autoptr(GError) error = NULL;

		g_test_message("%s", refused[i].what);
		g_assert_false(mice_offer_parse(refused[i].data, refused[i].len, &offer, &error));
		g_assert_error(error, WFD_ERROR, refused[i].code);
	}
}

/* The longest name there can be, and one more; and more addresses than anybody needs. */
static void test_sizes(void)
{
	guint8 host[3 + 5 + 4 + MICE_OFFER_HOST_SIZE] = { VENDOR, CAPABILITY(5), 0x20, 0x02, 0x00 };
	guint8 many[3 + 5 + 9 * 6] = { VENDOR, CAPABILITY(5) };
	struct mice_offer offer;
	g_autoptr(GError) error = NULL;

	memset(host + 12, 'h', MICE_OFFER_HOST_SIZE);
	host[11] = MICE_OFFER_HOST_SIZE - 1;
	g_assert_true(mice_offer_parse(host, sizeof(host) - 1, &offer, &error));
	g_assert_no_error(error);
	g_assert_cmpuint(strlen(offer.host), ==, MICE_OFFER_HOST_SIZE - 1);
	host[11] = MICE_OFFER_HOST_SIZE;
	g_assert_false(mice_offer_parse(host, sizeof(host), &offer, &error));
	g_assert_error(error, WFD_ERROR, WFD_ERROR_RANGE);
	for (guint i = 0; i < 9; i++)
		memcpy(many + 8 + 6 * i, (const guint8[]){ 0x20, 0x05, 0x00, 0x02, ':', ':' }, 6);
	g_assert_true(mice_offer_parse(many, sizeof(many), &offer, NULL));
	g_assert_cmpuint(offer.n_addresses, ==, MICE_OFFER_MAX_ADDRESSES);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/mice-offer/complete", test_complete);
	g_test_add_func("/mice-offer/capabilities", test_capabilities);
	g_test_add_func("/mice-offer/refused", test_refused);
	g_test_add_func("/mice-offer/sizes", test_sizes);
	return g_test_run();
}
