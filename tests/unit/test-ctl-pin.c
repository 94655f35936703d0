// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * miracastctl pin: the PIN that a display shows, typed for a session that nobody waits for.  The test plays miracastd.
 */
#include <string.h>

#include "cast-mock.h"
#include "ctl-fixture.h"
#include "ctl-process.h"

struct pin_fixture {
	mock mock;
	Miracast1Session *session; /* number 7, with "TV" */
	GSubprocess *ctl;
	char *output, *errors; /* of it, when it has ended */
	gboolean ended;
};

static void set_up_pin(struct pin_fixture *f, gconstpointer data)
{
	mock_set_up(&f->mock, NULL);
	mock_start(&f->mock);
	f->session = mock_session(&f->mock, 7, "a", "TV");
	miracast1_session_set_pin_wanted(f->session, TRUE);
}

static void tear_down_pin(struct pin_fixture *f, gconstpointer data)
{
	g_clear_object(&f->ctl);
	g_clear_object(&f->session);
	g_free(f->output);
	g_free(f->errors);
	mock_tear_down(&f->mock, NULL);
}

static void has_ended(GObject *source, GAsyncResult *result, gpointer user_data)
{
	struct pin_fixture *f = user_data;

	g_assert_true(g_subprocess_wait_finish(f->ctl, result, NULL));
	f->ended = TRUE;
}

static char *all_of(GInputStream *stream)
{
	char text[2000] = "";

	g_assert_true(g_input_stream_read_all(stream, text, sizeof(text) - 1, NULL, NULL, NULL));
	return g_strdup(text);
}

/* @input: (nullable): what is typed, and then the end; else nothing is typed, and it may be */
static void start(struct pin_fixture *f, const char *input, const char *const *arguments)
{
	GOutputStream *stream;

	g_clear_object(&f->ctl);
	f->ctl = ctl_process(G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE |
				     G_SUBPROCESS_FLAGS_STDERR_PIPE, arguments);
	stream = g_subprocess_get_stdin_pipe(f->ctl);
	if (input) {
		g_assert_true(g_output_stream_write_all(stream, input, strlen(input), NULL, NULL, NULL));
		g_assert_true(g_output_stream_close(stream, NULL, NULL));
	}
}

/* Exit status; what it has said is f->output and f->errors. */
static int finish(struct pin_fixture *f)
{
	f->ended = FALSE;
	g_subprocess_wait_async(f->ctl, NULL, has_ended, f);
	WAIT(f->ended);
	g_free(f->output);
	g_free(f->errors);
	f->output = all_of(g_subprocess_get_stdout_pipe(f->ctl));
	f->errors = all_of(g_subprocess_get_stderr_pipe(f->ctl));
	return g_subprocess_get_exit_status(f->ctl);
}

static int run(struct pin_fixture *f, const char *input, const char *const *arguments)
{
	start(f, input, arguments);
	return finish(f);
}
#define RUN(f, input, ...) run(f, input, (const char *const[]){ __VA_ARGS__, NULL })
#define START(f, input, ...) start(f, input, (const char *const[]){ __VA_ARGS__, NULL })

static JsonNode *json_of(struct pin_fixture *f)
{
	g_autoptr(GError) error = NULL;
	JsonNode *json = json_from_string(f->output, &error);

	g_assert_no_error(error);
	note((const char *const[]){ "pin", NULL }, json);
	return json;
}

#define TRIED "It is tried now. To see how it goes: miracastctl status\n"

static void test_given(struct pin_fixture *f, gconstpointer data)
{
	g_autoptr(JsonNode) json = NULL;

	g_assert_cmpint(RUN(f, NULL, "--json", "pin", "tv", "8765-4321"), ==, 0);
	g_assert_cmpstr(f->mock.pin, ==, "8765-4321");
	g_assert_cmpstr(f->errors, ==, "");
	json = json_of(f);
	g_assert_cmpint(json_object_get_int_member(object(json), "entered"), ==, 7);
	/* By its number, as status says it. */
	g_assert_cmpint(RUN(f, NULL, "pin", "7", "12345670"), ==, 0);
	g_assert_cmpstr(f->mock.pin, ==, "12345670");
	g_assert_cmpstr(f->output, ==, TRIED);
}

static void test_asked(struct pin_fixture *f, gconstpointer data)
{
	static const char *const inputs[] = { "1234 5670\nmore", " 1234 5670 \n", "1234 5670" };

	for (guint i = 0; i < G_N_ELEMENTS(inputs); i++) {
		g_assert_cmpint(RUN(f, inputs[i], "pin", "TV"), ==, 0);
		g_assert_cmpstr(f->mock.pin, ==, "1234 5670");
		g_assert_cmpstr(f->errors, ==, "PIN that TV shows: ");
		g_assert_cmpstr(f->output, ==, TRIED);
		g_clear_pointer(&f->mock.pin, g_free);
	}
	/* Who says nothing is not taken to have said "". */
	g_assert_cmpint(RUN(f, "", "pin", "TV"), ==, 2);
	g_assert_cmpint(RUN(f, "\n", "pin", "TV"), ==, 2);
	g_assert_null(f->mock.pin);
}

static void was_read(GObject *source, GAsyncResult *result, gpointer user_data)
{
	g_assert_true(g_input_stream_read_all_finish(G_INPUT_STREAM(source), result, NULL, NULL));
	*(gboolean *)user_data = TRUE;
}

/* The two minutes have gone by. */
static void test_too_late(struct pin_fixture *f, gconstpointer data)
{
	char prompt[] = "PIN that TV shows: ", said[sizeof(prompt)] = "";
	gboolean done = FALSE;

	START(f, NULL, "pin", "TV");
	g_input_stream_read_all_async(g_subprocess_get_stderr_pipe(f->ctl), said, sizeof(said) - 1, G_PRIORITY_DEFAULT, NULL,
				      was_read, &done);
	WAIT(done);
	g_assert_cmpstr(said, ==, prompt);
	miracast1_session_set_pin_wanted(f->session, FALSE);
	g_assert_cmpint(finish(f), ==, 1);
	g_assert_cmpstr(f->errors, ==, "\nmiracastctl: session 7 does not wait for a PIN any more\n"
				       "  -> See what the session waits for: miracastctl status\n");
	g_assert_null(f->mock.pin);
}

static void test_pin_refused(struct pin_fixture *f, gconstpointer data)
{
	g_autoptr(JsonNode) unknown = NULL, not_wanted = NULL;

	g_assert_cmpint(RUN(f, NULL, "pin", "TV", "12"), ==, 1);
	g_assert_nonnull(strstr(f->errors, "a PIN has 4 to 16 digits"));
	g_assert_cmpint(RUN(f, NULL, "--json", "pin", "Other", "1234"), ==, 1);
	unknown = json_of(f);
	assert_error(unknown, "session-unknown");
	g_assert_cmpint(RUN(f, NULL, "pin"), ==, 2);
	g_assert_cmpint(RUN(f, NULL, "pin", "TV", "1234", "5670"), ==, 2);
	/* Nobody is asked for what is not wanted. */
	miracast1_session_set_pin_wanted(f->session, FALSE);
	g_assert_cmpint(RUN(f, NULL, "--json", "pin", "TV"), ==, 1);
	g_assert_cmpstr(f->errors, ==, "");
	not_wanted = json_of(f);
	assert_error(not_wanted, "pin-not-wanted");
}

/* Of two sessions that which waits. */
static void test_pin_complete(struct pin_fixture *f, gconstpointer data)
{
	g_autoptr(Miracast1Session) other = mock_session(&f->mock, 8, "b", "Other");

	g_assert_cmpint(RUN(f, NULL, "complete", "pin", ""), ==, 0);
	g_assert_cmpstr(f->output, ==, "TV\t7\n");
	g_assert_cmpint(RUN(f, NULL, "complete", "disconnect", ""), ==, 0);
	g_assert_nonnull(strstr(f->output, "Other\t8\n"));
	/* The PIN itself cannot be known. */
	g_assert_cmpint(RUN(f, NULL, "complete", "pin", "TV", ""), ==, 0);
	g_assert_cmpstr(f->output, ==, "");
}

/* Not in a suite of their own: that would come after the one that holds what was printed against the schema. */
#define TEST(name, function) g_test_add("/ctl/pin-" name, struct pin_fixture, NULL, set_up_pin, function, tear_down_pin)

void add_pin_tests(void)
{
	TEST("given", test_given);
	TEST("asked", test_asked);
	TEST("too-late", test_too_late);
	TEST("refused", test_pin_refused);
	TEST("complete", test_pin_complete);
}
