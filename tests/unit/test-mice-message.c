// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Messages of Miracast over Infrastructure, byte by byte.
 */
#include <string.h>

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
	g_test_add_func("/mice-message/refused", test_refused);
	g_test_add_func("/mice-message/unknown-values", test_unknown_values);
	return g_test_run();
}
