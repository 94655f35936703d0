// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The channel between broker and UMD: everything in the lists of channel.h goes
 * through, everything that is not in them does not.
 */
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "channel.h"

static GVariant *sample_value(const char *type)
{
	switch (*type) {
	case 's':
		return g_variant_new_string("text");
	case 't':
		return g_variant_new_uint64(1);
	case 'u':
		return g_variant_new_uint32(2);
	case 'x':
		return g_variant_new_int64(3);
	case 'b':
		return g_variant_new_boolean(TRUE);
	case 'a':
		if (type[1] == 'y')
			return g_variant_new_bytestring("bytes");
		return g_variant_new_strv((const char *const[]){ "one", "two" }, 2);
	default:
		g_assert_not_reached();
	}
}

/* All fields of a message, except @without. */
static GVariant *sample(enum channel_message message, const char *without)
{
	GVariantDict dict;
	gsize n;
	const struct channel_field *fields = channel_fields(&n);

	g_variant_dict_init(&dict, NULL);
	for (gsize i = 0; i < n; i++) {
		if (fields[i].message == message && g_strcmp0(fields[i].key, without) != 0)
			g_variant_dict_insert_value(&dict, fields[i].key, sample_value(fields[i].type));
	}
	return g_variant_dict_end(&dict);
}

static gboolean decode(GBytes *bytes, enum channel_side side, enum channel_message *message,
		       GVariant **fields, GError **error)
{
	gsize len;
	gconstpointer data = g_bytes_get_data(bytes, &len);

	return channel_decode(data, len, side, message, fields, error);
}

/* The side that reads a message: the other one refuses it. */
static enum channel_side receiver(enum channel_message message)
{
#define M(id, name, side) [CHANNEL_##id] = side,
	static const enum channel_side sides[] = { CHANNEL_MESSAGES(M) };
#undef M
	return sides[message];
}

static void test_round_trip(void)
{
	for (guint i = 0; i < CHANNEL_N_MESSAGES; i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(GVariant) wanted = g_variant_ref_sink(sample(i, NULL));
		g_autoptr(GBytes) bytes = channel_encode(i, wanted, &error);
		g_autoptr(GVariant) fields = NULL;
		enum channel_message message;

		g_assert_no_error(error);
		g_assert_true(decode(bytes, receiver(i), &message, &fields, &error));
		g_assert_cmpuint(message, ==, i);
		g_assert_true(g_variant_equal(fields, wanted));
		g_clear_pointer(&fields, g_variant_unref);
		g_assert_false(decode(bytes, !receiver(i), &message, &fields, &error));
		g_assert_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
		g_assert_null(fields);
	}
}

/* A datagram that channel_encode() would not make. */
static GBytes *raw(const char *name, GVariant *fields)
{
	g_autoptr(GVariant) datagram =
		g_variant_ref_sink(g_variant_new("(s@a{sv})", name, fields));

	return g_variant_get_data_as_bytes(datagram);
}

static void test_fields(void)
{
	gsize n;
	const struct channel_field *table = channel_fields(&n);

	for (gsize i = 0; i < n; i++) {
		const char *name = channel_message_name(table[i].message);
		gboolean required = table[i].presence == CHANNEL_REQUIRED;
		g_autoptr(GBytes) missing = raw(name, sample(table[i].message, table[i].key));
		g_autoptr(GBytes) wrong = NULL;
		g_autoptr(GVariant) fields = NULL;
		g_autoptr(GVariant) of_wrong = NULL;
		g_autoptr(GVariant) some = g_variant_ref_sink(sample(table[i].message, table[i].key));
		enum channel_message message;
		GVariantDict dict;

		g_assert_cmpint(decode(missing, receiver(table[i].message), &message, &fields, NULL),
				==, !required);
		g_variant_dict_init(&dict, some);
		g_variant_dict_insert(&dict, table[i].key, "y", 1);
		wrong = raw(name, g_variant_dict_end(&dict));
		g_assert_false(decode(wrong, receiver(table[i].message), &message, &of_wrong, NULL));
	}
}

static void test_encode_errors(void)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *huge = g_strnfill(CHANNEL_MAX_DATAGRAM, 'x');

	g_assert_null(channel_encode(CHANNEL_STOP, g_variant_new_parsed("@a{sv} {}"), &error));
	g_assert_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
	g_clear_error(&error);
	g_assert_null(channel_encode(CHANNEL_STOP, g_variant_new_parsed("{'reason': <1>}"), &error));
	g_assert_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
	g_clear_error(&error);
	g_assert_null(channel_encode(
		CHANNEL_STOP, g_variant_new_parsed("{'reason': <'x'>, 'raeson': <'x'>}"), &error));
	g_assert_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
	g_clear_error(&error);
	g_assert_null(channel_encode(CHANNEL_STOP, g_variant_new_parsed("{'reason': <%s>}", huge),
				     &error));
	g_assert_error(error, G_IO_ERROR, G_IO_ERROR_MESSAGE_TOO_LARGE);
}

static void test_growing(void)
{
	g_autoptr(GBytes) unknown = raw("later-message", g_variant_new_parsed("@a{sv} {}"));
	g_autoptr(GBytes) more =
		raw("stop", g_variant_new_parsed("{'reason': <'x'>, 'later-field': <1>}"));
	g_autoptr(GVariant) fields = NULL;
	enum channel_message message;

	g_assert_true(decode(unknown, CHANNEL_UMD, &message, &fields, NULL));
	g_assert_cmpuint(message, ==, CHANNEL_N_MESSAGES);
	g_assert_null(fields);
	g_assert_true(decode(more, CHANNEL_UMD, &message, &fields, NULL));
	g_assert_cmpuint(message, ==, CHANNEL_STOP);
}

/* What the broker hands on: no text that does more than be read, no field that nobody has checked. */
static void test_clean(void)
{
	g_autoptr(GBytes) bytes = raw("sink", g_variant_new_parsed(
		"{'name': <' TV\n\x1b[2J\u202e\u2028x'>, 'later-field': <'\x1b[2J'>}"));
	g_autofree char *many = g_strnfill(2 * CHANNEL_MAX_TEXT, 'x');
	g_autofree char *cut = channel_clean_text(many, 3);
	g_autoptr(GVariant) fields = NULL;
	enum channel_message message;
	const char *name;

	g_assert_true(decode(bytes, CHANNEL_BROKER, &message, &fields, NULL));
	g_assert_cmpuint(g_variant_n_children(fields), ==, 1);
	g_assert_true(g_variant_lookup(fields, "name", "&s", &name));
	g_assert_cmpstr(name, ==, "TV  [2J  x");
	g_assert_cmpstr(cut, ==, "xxx");
}

static void test_garbage(void)
{
	g_autoptr(GBytes) good = raw("stop", g_variant_new_parsed("{'reason': <'x'>}"));
	gsize len;
	const guint8 *data = g_bytes_get_data(good, &len);
	g_autofree guint8 *bytes = g_memdup2(data, len);
	enum channel_message message;
	GVariant *fields;

	/* No byte may be missing; flipped bytes may make another message, not a crash. */
	for (gsize i = 0; i < len; i++) {
		g_assert_false(channel_decode(bytes, i, CHANNEL_UMD, &message, &fields, NULL));
		g_assert_null(fields);
		bytes[i] ^= 0x55;
		channel_decode(bytes, len, CHANNEL_UMD, &message, &fields, NULL);
		g_clear_pointer(&fields, g_variant_unref);
		bytes[i] ^= 0x55;
	}
}

static void test_names(void)
{
	for (guint i = 0; i < CHANNEL_N_PHASES; i++) {
		enum channel_phase phase;

		g_assert_true(channel_phase_from_name(channel_phase_name(i), &phase));
		g_assert_cmpuint(phase, ==, i);
	}
	g_assert_false(channel_phase_from_name("nowhere", &(enum channel_phase){ 0 }));
	g_assert_false(channel_reason_from_name("nothing", &(enum channel_reason){ 0 }));
	for (guint i = 0; i < CHANNEL_N_REASONS; i++) {
		for (guint j = 0; j < i; j++)
			g_assert_cmpstr(channel_reason_name(i), !=, channel_reason_name(j));
		/* Every failure says what to do next. */
		g_assert_true(i == CHANNEL_REASON_STOPPED || *channel_reason_hint(i).text);
	}
}

struct peer {
	channel *ch;
	guint messages;
	gboolean closed;
	gboolean failed;
	gboolean free_in_message;
};

static void on_message(channel *ch, enum channel_message message, GVariant *fields, gpointer data)
{
	struct peer *peer = data;

	g_assert_false(peer->closed);
	peer->messages++;
	if (peer->free_in_message)
		g_clear_pointer(&peer->ch, channel_free);
}

static void on_closed(channel *ch, const GError *error, gpointer data)
{
	struct peer *peer = data;

	g_assert_false(peer->closed);
	peer->closed = TRUE;
	peer->failed = error != NULL;
	g_clear_pointer(&peer->ch, channel_free);
}

static const struct channel_funcs funcs = { on_message, on_closed };

static int peer_init(struct peer *peer)
{
	g_autoptr(GError) error = NULL;
	int fds[2];

	memset(peer, 0, sizeof(*peer));
	g_assert_no_errno(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds));
	peer->ch = channel_new(fds[0], CHANNEL_UMD, &funcs, peer, &error);
	g_assert_no_error(error);
	return fds[1];
}

static void run_loop(void)
{
	while (g_main_context_iteration(NULL, FALSE))
		;
}

static void send_stop(int fd)
{
	g_autoptr(GBytes) bytes = raw("stop", g_variant_new_parsed("{'reason': <'x'>}"));
	gsize len;
	gconstpointer data = g_bytes_get_data(bytes, &len);

	g_assert_cmpint(send(fd, data, len, 0), ==, len);
}

static void test_receive(void)
{
	struct peer peer;
	int fd = peer_init(&peer);

	for (guint i = 0; i < 40; i++)
		send_stop(fd);
	run_loop();
	g_assert_cmpuint(peer.messages, ==, 40);
	send_stop(fd);
	close(fd);
	run_loop();
	g_assert_cmpuint(peer.messages, ==, 41);
	g_assert_true(peer.closed);
	g_assert_false(peer.failed);
}

static void test_receive_bad(void)
{
	g_autofree char *huge = g_strnfill(CHANNEL_MAX_DATAGRAM + 1, 'x');
	struct peer peer;
	int fd = peer_init(&peer);

	send_stop(fd);
	g_assert_cmpint(send(fd, "nonsense", 8, 0), ==, 8);
	send_stop(fd);
	run_loop();
	g_assert_cmpuint(peer.messages, ==, 1);
	g_assert_true(peer.failed);
	close(fd);

	fd = peer_init(&peer);
	g_assert_cmpint(send(fd, huge, CHANNEL_MAX_DATAGRAM + 1, 0), >, 0);
	run_loop();
	g_assert_true(peer.failed);
	close(fd);
}

static void test_free_in_message(void)
{
	struct peer peer;
	int fd = peer_init(&peer);

	peer.free_in_message = TRUE;
	send_stop(fd);
	send_stop(fd);
	run_loop();
	g_assert_cmpuint(peer.messages, ==, 1);
	g_assert_null(peer.ch);
	close(fd);
}

static void test_send(void)
{
	g_autoptr(GError) error = NULL;
	struct peer peer;
	int fd = peer_init(&peer);
	guint sent = 0;

	/* A peer that does not read never makes us wait. */
	while (channel_send(peer.ch, CHANNEL_PHASE, sample(CHANNEL_PHASE, NULL), &error))
		sent++;
	g_assert_error(error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
	g_assert_cmpuint(sent, >=, 8);
	g_clear_error(&error);
	close(fd);
	g_assert_false(channel_send(peer.ch, CHANNEL_PHASE, sample(CHANNEL_PHASE, NULL), &error));
	g_assert_error(error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE);
	channel_free(peer.ch);
}

static void test_wrong_socket(void)
{
	g_autoptr(GError) error = NULL;
	int fds[2];

	g_assert_no_errno(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds));
	g_assert_null(channel_new(fds[0], CHANNEL_UMD, &funcs, NULL, &error));
	g_assert_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
	close(fds[0]);
	close(fds[1]);
}

int main(int argc, char *argv[])
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/channel/round-trip", test_round_trip);
	g_test_add_func("/channel/fields", test_fields);
	g_test_add_func("/channel/encode-errors", test_encode_errors);
	g_test_add_func("/channel/growing", test_growing);
	g_test_add_func("/channel/clean", test_clean);
	g_test_add_func("/channel/garbage", test_garbage);
	g_test_add_func("/channel/names", test_names);
	g_test_add_func("/channel/receive", test_receive);
	g_test_add_func("/channel/receive-bad", test_receive_bad);
	g_test_add_func("/channel/free-in-message", test_free_in_message);
	g_test_add_func("/channel/send", test_send);
	g_test_add_func("/channel/wrong-socket", test_wrong_socket);
	return g_test_run();
}
