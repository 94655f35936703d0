// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Messages of Miracast over Infrastructure, byte by byte.
 */
#include <string.h>

#include <gio/gio.h>

#include "mice-message.h"

/* "PC" on port 7236 (0x1C44), as [MS-MICE] 2.2.1 lays it out. */
static const guint8 source_ready[] = {
	0x00, 0x23, 0x01, 0x01,
	0x00, 0x00, 0x04, 'P', 0x00, 'C', 0x00,
	0x02, 0x00, 0x02, 0x1c, 0x44,
	0x03, 0x00, 0x10, 0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77,
	0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff,
};

static const guint8 stop_projection[] = {
	0x00, 0x1e, 0x01, 0x02,
	0x00, 0x00, 0x04, 'P', 0x00, 'C', 0x00,
	0x03, 0x00, 0x10, 0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77,
	0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff,
};

static struct mice_message message_of(enum mice_command command, char *name, guint16 port)
{
	struct mice_message message = { .command = command, .name = name, .rtsp_port = port,
					.has_source_id = TRUE };

	for (guint i = 0; i < MICE_SOURCE_ID_SIZE; i++)
		message.source_id[i] = (guint8)(0x11 * i);
	return message;
}

static void test_golden(void)
{
	char name[] = "PC";
	struct mice_message ready = message_of(MICE_SOURCE_READY, name, 7236);
	struct mice_message stop = message_of(MICE_STOP_PROJECTION, name, 0);
	g_autoptr(GBytes) ready_bytes = mice_message_build(&ready);
	g_autoptr(GBytes) stop_bytes = mice_message_build(&stop);

	g_assert_cmpmem(g_bytes_get_data(ready_bytes, NULL), g_bytes_get_size(ready_bytes), source_ready,
			sizeof(source_ready));
	g_assert_cmpmem(g_bytes_get_data(stop_bytes, NULL), g_bytes_get_size(stop_bytes), stop_projection,
			sizeof(stop_projection));
}

static void test_parse(void)
{
	struct mice_message message;
	g_autoptr(GError) error = NULL;

	g_assert_true(mice_message_parse(source_ready, sizeof(source_ready), &message, &error));
	g_assert_no_error(error);
	g_assert_cmpint(message.command, ==, MICE_SOURCE_READY);
	g_assert_cmpstr(message.name, ==, "PC");
	g_assert_cmpuint(message.rtsp_port, ==, 7236);
	g_assert_true(message.has_source_id);
	g_assert_cmpuint(message.source_id[15], ==, 0xff);
	mice_message_clear(&message);

	g_assert_true(mice_message_parse(stop_projection, sizeof(stop_projection), &message, &error));
	g_assert_cmpint(message.command, ==, MICE_STOP_PROJECTION);
	g_assert_cmpuint(message.rtsp_port, ==, 0);
	mice_message_clear(&message);
}

/* What only makes sense with more than ASCII: a pair of units, and a name that is too long. */
static void test_names(void)
{
	g_autoptr(GString) text = g_string_new("Büro ");
	g_autoptr(GBytes) bytes = NULL;
	struct mice_message message, back;
	g_autoptr(GError) error = NULL;
	const guint8 *data;
	gsize len;

	for (guint i = 0; i < 200; i++)
		g_string_append(text, "📺");
	message = message_of(MICE_SOURCE_READY, text->str, 7236);
	bytes = mice_message_build(&message);
	data = g_bytes_get_data(bytes, &len);
	g_assert_true(mice_message_parse(data, len, &back, &error));
	g_assert_no_error(error);
	g_assert_true(g_utf8_validate(back.name, -1, NULL));
	g_assert_true(g_str_has_prefix(text->str, back.name));
	/* 5 units and 127 pairs; half a pair is not sent */
	g_assert_cmpint(g_utf8_strlen(back.name, -1), ==, 5 + 127);
	mice_message_clear(&back);
}

static void test_size(void)
{
	static const guint8 tiny[] = { 0x00, 0x03, 0x01, 0x02 };
	static const guint8 huge[] = { 0xff, 0xff, 0x01, 0x02 };
	static const guint8 version[] = { 0x00, 0x04, 0x02, 0x02 };
	g_autoptr(GError) error = NULL;
	gsize size = 1;

	g_assert_true(mice_message_size(source_ready, 3, &size, NULL));
	g_assert_cmpuint(size, ==, 0);
	g_assert_true(mice_message_size(source_ready, 4, &size, NULL));
	g_assert_cmpuint(size, ==, sizeof(source_ready));
	g_assert_false(mice_message_size(tiny, sizeof(tiny), &size, &error));
	g_assert_error(error, WFD_ERROR, WFD_ERROR_SYNTAX);
	g_clear_error(&error);
	g_assert_false(mice_message_size(huge, sizeof(huge), &size, &error));
	g_assert_error(error, WFD_ERROR, WFD_ERROR_TOO_BIG);
	g_clear_error(&error);
	g_assert_false(mice_message_size(version, sizeof(version), &size, &error));
	g_assert_error(error, WFD_ERROR, WFD_ERROR_RANGE);
}

/* [MS-MICE] 3.1.5.6.1 */
static const struct {
	const char *pin;
	const char *address;
	guint8 hash[MICE_HASH_SIZE];
} hashes[] = {
	{ "12345678", "192.0.2.100",
	  { 0x60, 0x54, 0x09, 0xf8, 0x32, 0x30, 0x8a, 0xd0, 0xb8, 0x93, 0xa7, 0xf9, 0x1b, 0xe4, 0x2b, 0x26,
	    0x4c, 0x73, 0x72, 0xb3, 0x6e, 0x90, 0x77, 0x50, 0x6e, 0x1b, 0x4c, 0xc1, 0x83, 0xde, 0x79, 0xda } },
	{ "98765432", "2001:db8:1f::4242",
	  { 0xb3, 0x45, 0x2b, 0x2c, 0x46, 0xc8, 0x3d, 0x28, 0xd8, 0xd4, 0x64, 0xb6, 0x69, 0x7a, 0x81, 0xd1,
	    0xaf, 0x3f, 0x35, 0x61, 0x07, 0xe1, 0xd0, 0x73, 0x1e, 0xa9, 0xbb, 0x18, 0x38, 0x03, 0xf9, 0xc7 } },
};

static void test_pin_hash(void)
{
	for (guint i = 0; i < G_N_ELEMENTS(hashes); i++) {
		g_autoptr(GInetAddress) address = g_inet_address_new_from_string(hashes[i].address);
		guint8 hash[MICE_HASH_SIZE];

		mice_pin_hash(hashes[i].pin, g_inet_address_to_bytes(address),
			      g_inet_address_get_native_size(address), hash);
		g_assert_cmpmem(hash, sizeof(hash), hashes[i].hash, MICE_HASH_SIZE);
	}
}

/* What a source says of security, byte by byte. */
static void test_security_golden(void)
{
	static const guint8 request[] = {
		0x00, 0x22, 0x01, 0x04, 0x05, 0x00, 0x01, 0x03, 0x00, 0x00, 0x04, 'P', 0x00, 'C', 0x00,
		0x03, 0x00, 0x10, 0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77,
		0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff,
	};
	static const guint8 challenge_begins[] = { 0x00, 0x3a, 0x01, 0x05, 0x06, 0x00, 0x20 };
	char name[] = "PC";
	struct mice_message message = message_of(MICE_SESSION_REQUEST, name, 0);
	g_autoptr(GBytes) bytes = NULL, sealed = NULL;
	g_autoptr(GByteArray) values = NULL;
	struct mice_message back;
	g_autoptr(GError) error = NULL;
	const guint8 *data;
	gsize len;

	message.options = MICE_OPTION_ENCRYPTION | MICE_OPTION_PIN;
	bytes = mice_message_build(&message);
	g_assert_cmpmem(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), request, sizeof(request));
	g_clear_pointer(&bytes, g_bytes_unref);

	message = message_of(MICE_PIN_CHALLENGE, NULL, 0);
	message.has_hash = TRUE;
	memcpy(message.hash, hashes[0].hash, MICE_HASH_SIZE);
	bytes = mice_message_build(&message);
	data = g_bytes_get_data(bytes, &len);
	g_assert_cmpuint(len, ==, 0x3a);
	g_assert_cmpmem(data, sizeof(challenge_begins), challenge_begins, sizeof(challenge_begins));
	g_assert_true(mice_message_parse(data, len, &back, &error));
	g_assert_no_error(error);
	g_assert_cmpmem(back.hash, MICE_HASH_SIZE, hashes[0].hash, MICE_HASH_SIZE);
	mice_message_clear(&back);
	/* Values and header make the same. */
	values = mice_message_build_values(&message);
	sealed = mice_message_seal(MICE_PIN_CHALLENGE, values->data, values->len);
	g_assert_true(g_bytes_equal(bytes, sealed));
}

static void test_security_parse(void)
{
	static const guint8 handshake[] = { 0, 10, 1, 3, 4, 0, 3, 0x16, 0xfe, 0xfd };
	/* What a later version has to say of options is behind them. */
	static const guint8 request[] = { 0, 32, 1, 4, 5, 0, 2, 0xfe, 0x77, 0, 0, 0, 3, 0, 16,
					  0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 201 };
	guint8 response[43] = { 0, 43, 1, 6, 7, 0, 1, 1, 6, 0, 32 };
	struct mice_message message;
	enum mice_command command;
	const guint8 *body;
	gsize len;

	g_assert_true(mice_message_parse(handshake, sizeof(handshake), &message, NULL));
	g_assert_cmpmem(g_bytes_get_data(message.token, NULL), g_bytes_get_size(message.token), handshake + 7, 3);
	mice_message_clear(&message);
	g_assert_false(mice_message_parse(request, sizeof(request), &message, NULL));
	g_assert_true(mice_message_open(request, sizeof(request), &command, &body, &len, NULL));
	g_assert_cmpint(command, ==, MICE_SESSION_REQUEST);
	g_assert_cmpuint(len, ==, sizeof(request) - MICE_HEADER_SIZE);
	/* Without the last byte it is right. */
	g_assert_true(mice_message_parse_values(command, body, len - 1, &message, NULL));
	g_assert_cmpuint(message.options, ==, MICE_OPTION_PIN);
	mice_message_clear(&message);
	g_assert_true(mice_message_parse(response, sizeof(response), &message, NULL));
	g_assert_true(message.has_result);
	g_assert_cmpuint(message.result, ==, MICE_PIN_WRONG);
	mice_message_clear(&message);
	g_assert_false(mice_message_open(handshake, sizeof(handshake) - 1, &command, &body, &len, NULL));
}

#define REFUSE(what, code, ...) { what, { __VA_ARGS__ }, sizeof((const guint8[]){ __VA_ARGS__ }), code }

static const struct {
	const char *what;
	guint8 data[24];
	gsize len;
	int code;
} refused[] = {
	REFUSE("no command", WFD_ERROR_RANGE, 0, 4, 1, 0),
	REFUSE("an unknown command", WFD_ERROR_RANGE, 0, 4, 1, 7),
	REFUSE("less than it says", WFD_ERROR_TRUNCATED, 0, 5, 1, 2),
	REFUSE("more than it says", WFD_ERROR_TRUNCATED, 0, 4, 1, 2, 9),
	REFUSE("half a header of a value", WFD_ERROR_TRUNCATED, 0, 6, 1, 2, 9, 0),
	REFUSE("a value beyond the end", WFD_ERROR_TRUNCATED, 0, 8, 1, 2, 9, 0, 2, 0),
	REFUSE("a port of three bytes", WFD_ERROR_RANGE, 0, 10, 1, 2, 2, 0, 3, 0x1c, 0x44, 0),
	REFUSE("port 0", WFD_ERROR_RANGE, 0, 9, 1, 2, 2, 0, 2, 0, 0),
	REFUSE("a short id", WFD_ERROR_RANGE, 0, 8, 1, 2, 3, 0, 1, 0),
	REFUSE("half a unit", WFD_ERROR_SYNTAX, 0, 8, 1, 2, 0, 0, 1, 'P'),
	REFUSE("half a pair", WFD_ERROR_SYNTAX, 0, 9, 1, 2, 0, 0, 2, 0x00, 0xd8),
	REFUSE("two names", WFD_ERROR_SYNTAX, 0, 14, 1, 2, 0, 0, 2, 'P', 0, 0, 0, 2, 'C', 0),
	REFUSE("a source that is not ready", WFD_ERROR_MISSING, 0, 9, 1, 1, 2, 0, 2, 0x1c, 0x44),
	REFUSE("a handshake without a token", WFD_ERROR_MISSING, 0, 4, 1, 3),
	REFUSE("an empty token", WFD_ERROR_RANGE, 0, 7, 1, 3, 4, 0, 0),
};

static void test_refused(void)
{
	for (guint i = 0; i < G_N_ELEMENTS(refused); i++) {
		struct mice_message message;
		g_autoptr(GError) error = NULL;

		g_test_message("%s", refused[i].what);
		g_assert_false(mice_message_parse(refused[i].data, refused[i].len, &message, &error));
		g_assert_error(error, WFD_ERROR, refused[i].code);
	}
}

static void test_unknown_values(void)
{
	static const guint8 data[] = { 0, 14, 1, 2, 1, 0, 0, 200, 0, 4, 1, 2, 3, 4 };
	struct mice_message message;
	g_autoptr(GError) error = NULL;

	g_assert_true(mice_message_parse(data, sizeof(data), &message, &error));
	g_assert_no_error(error);
	g_assert_cmpint(message.command, ==, MICE_STOP_PROJECTION);
	mice_message_clear(&message);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/mice-message/golden", test_golden);
	g_test_add_func("/mice-message/parse", test_parse);
	g_test_add_func("/mice-message/names", test_names);
	g_test_add_func("/mice-message/size", test_size);
	g_test_add_func("/mice-message/pin-hash", test_pin_hash);
	g_test_add_func("/mice-message/security-golden", test_security_golden);
	g_test_add_func("/mice-message/security-parse", test_security_parse);
	g_test_add_func("/mice-message/refused", test_refused);
	g_test_add_func("/mice-message/unknown-values", test_unknown_values);
	return g_test_run();
}
