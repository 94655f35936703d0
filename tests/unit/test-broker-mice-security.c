// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * PIN and encryption with Miracast over Infrastructure: what is said before a session.
 */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#include "mice-fixture.h"
#include "mock-resolver.h"

#define PIN "12345678"

static void say_message(struct fixture *f, const struct mice_message *message)
{
	g_autoptr(GBytes) bytes = NULL;
	g_autoptr(GByteArray) values = NULL;
	g_autoptr(GBytes) record = NULL;
	const guint8 *data;
	gsize len;

	if (!f->sealed) {
		bytes = mice_message_build(message);
	} else {
		values = mice_message_build_values(message);
		record = mock_dtls_seal(f->dtls, values->data, values->len);
		data = g_bytes_get_data(record, &len);
		bytes = mice_message_seal(message->command, data, len);
	}
	data = g_bytes_get_data(bytes, &len);
	say(f, data, len);
}

static gboolean was_told_of_security(struct fixture *f)
{
	mice_message_clear(&f->heard);
	return was_contacted(f) && take_sealed(f->control, f->sealed ? f->dtls : NULL, &f->heard);
}

static void hear_command(struct fixture *f, enum mice_command command)
{
	wait_until(was_told_of_security, f);
	g_assert_cmpint(f->heard.command, ==, command);
}

/* The display's part of the handshake, after what it is told before it. */
static void shake(struct fixture *f)
{
	f->dtls = mock_dtls_new(NULL);
	while (!mock_dtls_is_ready(f->dtls)) {
		g_autoptr(GPtrArray) answers = NULL;

		hear_command(f, MICE_SECURITY_HANDSHAKE);
		g_assert_true(f->heard.has_source_id);
		answers = mock_dtls_shake(f->dtls, f->heard.token);
		for (guint i = 0; i < answers->len; i++)
			say_message(f, &(struct mice_message){ .command = MICE_SECURITY_HANDSHAKE,
							       .token = answers->pdata[i] });
	}
}

static gboolean pin_is_wanted(struct fixture *f)
{
	return session_wants_pin(only_session(f));
}

static void begin_secure(struct fixture *f, const char *security)
{
	g_autofree char *what = g_strdup_printf("mice:127.0.0.1:%u", f->port);

	begin_with(f, what, g_variant_new_parsed("{'security': <%s>}", security));
}

/* Until the PIN is wanted. */
static void begin_pin(struct fixture *f)
{
	begin_secure(f, "pin");
	hear_command(f, MICE_SESSION_REQUEST);
	g_assert_cmpuint(f->heard.options, ==, MICE_OPTION_ENCRYPTION | MICE_OPTION_PIN);
	g_assert_cmpstr(f->heard.name, ==, OWN_NAME);
	shake(f);
	f->sealed = TRUE;
	wait_until(pin_is_wanted, f);
}

static void hash_of(const char *pin, const char *host, guint8 *hash)
{
	g_autoptr(GInetAddress) address = g_inet_address_new_from_string(host);

	mice_pin_hash(pin, g_inet_address_to_bytes(address), g_inet_address_get_native_size(address), hash);
}

static void enter_pin(struct fixture *f, const char *pin)
{
	g_autoptr(GError) error = NULL;

	g_assert_true(session_enter_pin(only_session(f), pin, &error));
	g_assert_no_error(error);
	g_assert_false(session_wants_pin(only_session(f)));
	hear_command(f, MICE_PIN_CHALLENGE);
}

static void answer_pin(struct fixture *f, guint8 result, const char *pin, const char *host)
{
	struct mice_message message = { .command = MICE_PIN_RESPONSE, .has_hash = TRUE,
					.has_result = TRUE, .result = result };

	hash_of(pin, host, message.hash);
	say_message(f, &message);
}

/* What the display hears next is where to call. */
static void go_on(struct fixture *f)
{
	hear_command(f, MICE_SOURCE_READY);
	f->ready = f->heard;
	memset(&f->heard, 0, sizeof(f->heard));
	f->rtsp = dial_from(f, "127.0.0.1", "127.0.0.1");
	tell(f, "stream");
	wait_until(streams, f);
}

static gboolean is_gone_sealed(struct fixture *f)
{
	if (f->control && was_told_of_security(f)) {
		g_assert_true(f->heard.command == MICE_STOP_PROJECTION || f->heard.command == 0);
		g_clear_object(&f->control);
	}
	return is_gone(f);
}

static void test_encrypted(struct fixture *f, gconstpointer data)
{
	begin_secure(f, "encryption");
	shake(f);
	go_on(f);
	g_assert_cmpstr(f->ready.name, ==, OWN_NAME);
	end(f);
}

/* Our end of the control channel, which nobody hands out: by who is at its other end. */
static int own_end(struct fixture *f)
{
	struct sockaddr_in there;
	socklen_t len = sizeof(there);

	for (int fd = 3; fd < 1024; fd++) {
		len = sizeof(there);
		if (getpeername(fd, (struct sockaddr *)&there, &len) == 0 && there.sin_family == AF_INET &&
		    ntohs(there.sin_port) == f->port)
			return fd;
	}
	g_assert_not_reached();
}

/* Several messages are one step of the handshake, and the display confirms the first one when it has all of them. */
static void test_not_held_back(struct fixture *f, gconstpointer data)
{
	int no_delay = 0;
	socklen_t len = sizeof(no_delay);

	begin_secure(f, "encryption");
	shake(f);
	g_assert_cmpint(getsockopt(own_end(f), IPPROTO_TCP, TCP_NODELAY, &no_delay, &len), ==, 0);
	g_assert_cmpint(no_delay, !=, 0);
	go_on(f);
	end(f);
}

/* The stream's process gets what it needs, and nobody else. */
static void test_encrypted_config(struct fixture *f, gconstpointer data)
{
	g_autofree char *text = NULL;

	begin_secure(f, "encryption");
	shake(f);
	wait_until(was_told, f);
	f->rtsp = dial_from(f, "127.0.0.1", "127.0.0.1");
	text = ask_config(f);
	g_assert_nonnull(strstr(text, "'rtp-key'"));
	g_assert_nonnull(strstr(text, "'rtp-salt'"));
	g_assert_nonnull(strstr(text, "'rtp-sequence'"));
	g_assert_false(g_variant_lookup(session_path(only_session(f)), "rtp-key", "@ay", NULL));
}

static void test_pin(struct fixture *f, gconstpointer data)
{
	guint8 hash[MICE_HASH_SIZE];

	begin_pin(f);
	/* As people type it. */
	enter_pin(f, "1234-56 78");
	hash_of(PIN, "127.0.0.1", hash);
	g_assert_cmpmem(f->heard.hash, MICE_HASH_SIZE, hash, MICE_HASH_SIZE);
	answer_pin(f, MICE_PIN_ACCEPTED, PIN, "127.0.0.1");
	go_on(f);
	session_end(only_session(f), reason_new_code(REASON_DISCONNECTED, "enough"));
	wait_until(is_gone_sealed, f);
	assert_reason(f, "disconnected");
}

/* Two of the attempts, and then the right one. */
static void test_pin_wrong(struct fixture *f, gconstpointer data)
{
	begin_pin(f);
	for (guint i = 0; i < 2; i++) {
		enter_pin(f, "00000000");
		answer_pin(f, MICE_PIN_WRONG, PIN, "127.0.0.1");
		wait_until(pin_is_wanted, f);
	}
	enter_pin(f, PIN);
	answer_pin(f, MICE_PIN_ACCEPTED, PIN, "127.0.0.1");
	go_on(f);
	session_end(only_session(f), reason_new_code(REASON_DISCONNECTED, "enough"));
	wait_until(is_gone_sealed, f);
}

static void test_pin_too_often(struct fixture *f, gconstpointer data)
{
	begin_pin(f);
	for (guint i = 0; i < 3; i++) {
		wait_until(pin_is_wanted, f);
		enter_pin(f, "00000000");
		answer_pin(f, MICE_PIN_WRONG, PIN, "127.0.0.1");
	}
	wait_until(is_gone_sealed, f);
	assert_reason(f, "pin-wrong");
}

/* Who accepts a PIN has to know it. */
static void test_impostor(struct fixture *f, gconstpointer data)
{
	begin_pin(f);
	enter_pin(f, PIN);
	answer_pin(f, MICE_PIN_ACCEPTED, "87654321", "127.0.0.1");
	wait_until(is_gone_sealed, f);
	assert_reason(f, "pin-wrong");
}

static void test_pin_invalid(struct fixture *f, gconstpointer data)
{
	begin_pin(f);
	enter_pin(f, PIN);
	answer_pin(f, 2, PIN, "127.0.0.1");
	wait_until(is_gone_sealed, f);
	assert_reason(f, "control-protocol");
}

/* What is no PIN is not sent, nor one that nobody wants. */
static void test_pin_refused(struct fixture *f, gconstpointer data)
{
	static const char *const typed[] = { "", "123", "12345678901234567", "12a45678", "-- --", "12\n45678" };

	begin_pin(f);
	for (guint i = 0; i < G_N_ELEMENTS(typed); i++) {
		g_autoptr(GError) error = NULL;

		g_assert_false(session_enter_pin(only_session(f), typed[i], &error));
		g_assert_error(error, REASON_ERROR, REASON_CONFIGURATION);
		g_assert_true(session_wants_pin(only_session(f)));
	}
	session_end(only_session(f), reason_new_code(REASON_DISCONNECTED, "enough"));
	wait_until(is_gone_sealed, f);
	for (guint i = 0; i < 2; i++) {
		g_autoptr(GError) error = NULL;

		g_assert_false(session_enter_pin(only_session(f), PIN, &error));
		g_assert_error(error, REASON_ERROR, REASON_PIN_NOT_WANTED);
		forget_call(f);
		if (i == 0)
			start_streaming(f);
	}
}

static void test_pin_not_entered(struct fixture *f, gconstpointer data)
{
	begin_pin(f);
	wait_until(is_gone_sealed, f);
	assert_reason(f, "pin-not-entered");
	g_assert_false(session_wants_pin(only_session(f)));
}

/* The display hangs up: before a PIN, and after one. */
static void test_pin_hangs_up(struct fixture *f, gconstpointer data)
{
	begin_pin(f);
	g_clear_object(&f->control);
	wait_until(is_gone, f);
	assert_reason(f, "rejected");
	forget_call(f);
	begin_pin(f);
	enter_pin(f, PIN);
	g_clear_object(&f->control);
	wait_until(is_gone, f);
	assert_reason(f, "pin-wrong");
}

static void test_handshake_ends(struct fixture *f, gconstpointer data)
{
	begin_secure(f, "encryption");
	hear_command(f, MICE_SECURITY_HANDSHAKE);
	g_clear_object(&f->control);
	wait_until(is_gone, f);
	assert_reason(f, "encryption-failed");
	forget_call(f);
	/* It says nothing. */
	begin_secure(f, "encryption");
	hear_command(f, MICE_SECURITY_HANDSHAKE);
	wait_until(is_gone_politely, f);
	assert_reason(f, "encryption-failed");
	forget_call(f);
	/* It says what is no handshake. */
	begin_secure(f, "encryption");
	hear_command(f, MICE_SECURITY_HANDSHAKE);
	SAY(f, 0, 9, 1, 3, 4, 0, 2, 0x16, 0xfe);
	wait_until(is_gone_politely, f);
	assert_reason(f, "encryption-failed");
}

/* Messages that come when they should not. */
static void test_out_of_order(struct fixture *f, gconstpointer data)
{
	struct mice_message response = { .command = MICE_PIN_RESPONSE, .has_hash = TRUE, .has_result = TRUE };
	struct mice_message handshake = { .command = MICE_SECURITY_HANDSHAKE };
	g_autoptr(GBytes) token = g_bytes_new_static("\x16\xfe\xfd", 3);

	begin_pin(f);
	say_message(f, &response);
	wait_until(is_gone_sealed, f);
	assert_reason(f, "control-protocol");
	forget_call(f);

	begin_secure(f, "encryption");
	hear_command(f, MICE_SECURITY_HANDSHAKE);
	say_message(f, &response);
	wait_until(is_gone_politely, f);
	assert_reason(f, "control-protocol");
	forget_call(f);

	handshake.token = token;
	begin_pin(f);
	f->sealed = FALSE;
	say_message(f, &handshake);
	f->sealed = TRUE;
	wait_until(is_gone_sealed, f);
	assert_reason(f, "control-protocol");
}

/* In the open, where it has to be encrypted: but for the end, which anybody can make. */
static void test_not_sealed(struct fixture *f, gconstpointer data)
{
	struct mice_message response = { .command = MICE_PIN_RESPONSE, .has_hash = TRUE, .has_result = TRUE };

	begin_pin(f);
	enter_pin(f, PIN);
	f->sealed = FALSE;
	hash_of(PIN, "127.0.0.1", response.hash);
	say_message(f, &response);
	f->sealed = TRUE;
	/* Nothing that could be understood is said any more. */
	hear_command(f, 0);
	wait_until(is_gone, f);
	assert_reason(f, "control-protocol");
	forget_call(f);
	begin_pin(f);
	SAY_STOP(f);
	wait_until(is_gone_sealed, f);
	assert_reason(f, "sink-left");
}

/* The display ends it, as it has to. */
static void test_stopped_sealed(struct fixture *f, gconstpointer data)
{
	begin_pin(f);
	enter_pin(f, PIN);
	answer_pin(f, MICE_PIN_ACCEPTED, PIN, "127.0.0.1");
	go_on(f);
	say_message(f, &(struct mice_message){ .command = MICE_STOP_PROJECTION, .has_source_id = TRUE });
	wait_until(is_gone, f);
	assert_reason(f, "sink-left");
}

#define ADD(name, function) \
	g_test_add("/mice-security/" name, struct fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv)
{
	int status;

	g_test_init(&argc, &argv, NULL);
	mock_resolver_install();
	own_rtsp_port = 7237;
	ADD("encrypted", test_encrypted);
	ADD("not-held-back", test_not_held_back);
	ADD("encrypted-config", test_encrypted_config);
	ADD("pin", test_pin);
	ADD("pin-wrong", test_pin_wrong);
	ADD("pin-too-often", test_pin_too_often);
	ADD("impostor", test_impostor);
	ADD("pin-invalid", test_pin_invalid);
	ADD("pin-refused", test_pin_refused);
	ADD("pin-not-entered", test_pin_not_entered);
	ADD("pin-hangs-up", test_pin_hangs_up);
	ADD("handshake-ends", test_handshake_ends);
	ADD("out-of-order", test_out_of_order);
	ADD("not-sealed", test_not_sealed);
	ADD("stopped-sealed", test_stopped_sealed);
	status = g_test_run();
	mock_resolver_remove();
	return status;
}
