// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A user-mode driver for the broker's tests: speaks the channel, and does on the
 * RTSP connection what the test at its other end tells it, one word a line:
 *
 *	stream	all phases up to "streaming", then mode and stats
 *	leave	"end" with sink-left, then exit
 *	crash	abort without a word
 *	lie	"sink" and "end" with text that does things to terminals
 *	garbage	break the rules of the channel
 *	config	say the configuration back
 *	choke	"sink" with short-m3, and "end" with sink-vanished
 *	rtp N	"rtp-port" with N, and, once the socket is connected, its word as a datagram
 *	hang	no longer obey "stop", nor say anything
 *
 * With GST_FAKE_UMD_LATE_MS in the environment it begins so much later.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <gio/gunixinputstream.h>

#include "channel.h"

struct fake {
	GMainLoop *loop;
	channel *channel;
	GDataInputStream *rtsp;
	GVariant *config;
	gboolean copied; /* the desktop has to copy its pictures */
	gboolean hanging;
};

static void say(struct fake *fake, enum channel_message message, GVariant *fields)
{
	g_autoptr(GError) error = NULL;

	if (!channel_send(fake->channel, message, fields, &error))
		g_error("fake-umd: %s", error->message);
}

static void say_end(struct fake *fake, enum channel_reason why, const char *message)
{
	say(fake, CHANNEL_END,
	    g_variant_new_parsed("{'reason': <%s>, 'status': <%u>, 'message': <%s>, 'hint': <%s>}",
				 channel_reason_name(why), channel_reason_status(why), message,
				 channel_reason_hint(why).text));
	g_main_loop_quit(fake->loop);
}

/* Each second, as long as it is well. */
static gboolean say_stats(gpointer user_data)
{
	struct fake *fake = user_data;

	if (fake->hanging)
		return G_SOURCE_REMOVE;
	say(fake, CHANNEL_STATS,
	    g_variant_new_parsed("{'frames-acquired': <uint64 3>, 'frames-encoded': <uint64 3>, "
				 "'frames-sent': <uint64 3>, 'frames-dropped': <uint64 0>, "
				 "'packets': <uint64 9>, 'bytes': <uint64 9000>, 'idr': <uint64 1>, "
				 "'idr-requests': <uint64 0>, 'latency-median-us': <uint64 5000>, "
				 "'latency-p95-us': <uint64 9000>, 'latency-p99-us': <uint64 9500>, "
				 "'latency-waiting-us': <uint64 1000>, 'latency-encoding-us': <uint64 3500>, "
				 "'latency-sending-us': <uint64 500>, 'last-us': <uint64 1000000>, "
				 "'last-offered': <uint64 20>, 'last-sent': <uint64 3>, 'last-dropped': <uint64 17>, "
				 "'last-bytes': <uint64 9000>, 'sink-reports': <uint64 0>, 'sink-lost': <uint64 0>, "
				 "'bit-rate': <uint64 8000000>, 'sound': <'playing'>, "
				 "'pictures': <%s>, 'pictures-read-rate': <uint64 2500000000>, "
				 "'pictures-why': <%s>, 'pictures-way': <%s>, 'pictures-way-why': <%s>, "
				 "'slow-width': <uint32 1920>, 'slow-height': <uint32 1080>, 'slow-refresh': <uint32 60000>, "
				 "'slow-lowered': <%b>, "
				 "'sound-rate': <uint32 44100>, 'sound-channels': <uint32 2>, "
				 "'sound-latency-median-us': <uint64 15200>, "
				 "'sound-latency-p95-us': <uint64 20400>, "
				 "'sound-skipped-us': <uint64 10000>, 'sound-lost-us': <uint64 0>, 'sound-gaps': <uint64 2>}",
				 fake->copied ? "copied" : "shared", fake->copied ? "since it must" : "",
				 fake->copied ? "processor" : "gpu", fake->copied ? "the driver is tired" : "",
				 !fake->copied));
	return G_SOURCE_CONTINUE;
}

static void stream(struct fake *fake)
{
	g_autofree const char **quirks = NULL;
	g_variant_lookup(fake->config, "quirks", "^a&s", &quirks);
	/* Who waits for the last phase finds them there, as with a real one. */
	say(fake, CHANNEL_SINK, g_variant_new_parsed("{'name': <'Fake TV'>, 'model': <'F1'>, 'quirks': <%s>}",
						     quirks && *quirks ? *quirks : "default"));
	say(fake, CHANNEL_MODE,
	    g_variant_new_parsed("{'width': <uint32 1280>, 'height': <uint32 720>, "
				 "'refresh': <uint32 60000>, 'codec': <'H.264'>, "
				 "'profile': <'constrained-baseline'>, 'level': <'3.2'>, "
				 "'audio': <'LPCM'>, 'audio-rate': <uint32 48000>, "
				 "'audio-channels': <uint32 2>, 'bit-rate': <uint32 8000000>}"));
	for (enum channel_phase phase = 0; phase < CHANNEL_N_PHASES; phase++)
		say(fake, CHANNEL_PHASE,
		    g_variant_new_parsed("{'phase': <%s>, 'time-us': <%x>}",
					 channel_phase_name(phase), g_get_monotonic_time()));
	say_stats(fake);
	g_timeout_add_seconds(1, say_stats, fake);
}

static void say_config(struct fake *fake)
{
	g_autofree char *text = g_variant_print(fake->config, TRUE);
	g_autofree char *line = g_strdup_printf("%s\n", text);

	if (write(4, line, strlen(line)) < 0)
		g_error("fake-umd: write");
}

static void lie(struct fake *fake)
{
	/* A title for the window, a line that looks like another, and text that runs backwards. */
	static const char text[] = "\033]0;mine\a\nlistening on $(id)\r\342\200\256gnihton";

	g_assert_cmpint(write(STDERR_FILENO, text, sizeof(text) - 1), ==, sizeof(text) - 1);
	say(fake, CHANNEL_SINK, g_variant_new_parsed("{'name': <%s>, 'model': <%s>}", text, text));
	say(fake, CHANNEL_END,
	    g_variant_new_parsed("{'reason': <%s>, 'status': <uint32 0>, 'message': <%s>, "
				 "'hint': <%s>}", text, text, text));
	g_main_loop_quit(fake->loop);
}

static void choke(struct fake *fake)
{
	say(fake, CHANNEL_SINK, g_variant_new_parsed("{'short-m3': <true>}"));
	say_end(fake, CHANNEL_REASON_SINK_VANISHED, "the display has hung up");
}

/* The broker connects the socket when it likes. */
static gboolean send_word(gpointer user_data)
{
	return write(6, "rtp", 3) == 3 ? G_SOURCE_REMOVE : G_SOURCE_CONTINUE;
}

static void begin_rtp(struct fake *fake, const char *port)
{
	say(fake, CHANNEL_RTP_PORT, g_variant_new_parsed("{'port': <%u>}", (guint32)atoi(port)));
	g_timeout_add(10, send_word, NULL);
}

static void obey(struct fake *fake, const char *line)
{
	fake->copied |= strcmp(line, "stream-copies") == 0;
	if (g_str_has_prefix(line, "stream"))
		stream(fake);
	else if (strcmp(line, "leave") == 0)
		say_end(fake, CHANNEL_REASON_SINK_LEFT, "the display has ended the session");
	else if (strcmp(line, "crash") == 0)
		raise(SIGKILL);
	else if (strcmp(line, "lie") == 0)
		lie(fake);
	else if (strcmp(line, "choke") == 0)
		choke(fake);
	else if (strcmp(line, "garbage") == 0)
		g_assert_cmpint(write(5, "garbage", 7), ==, 7);
	else if (strcmp(line, "config") == 0)
		say_config(fake);
	else if (g_str_has_prefix(line, "rtp "))
		begin_rtp(fake, line + 4);
	else if (strcmp(line, "hang") == 0)
		fake->hanging = TRUE;
}

static void line_came(GObject *source, GAsyncResult *result, gpointer user_data)
{
	struct fake *fake = user_data;
	g_autofree char *line =
		g_data_input_stream_read_line_finish(fake->rtsp, result, NULL, NULL);

	if (!line) {
		if (!fake->hanging)
			say_end(fake, CHANNEL_REASON_SINK_VANISHED, "the display has hung up");
		return;
	}
	obey(fake, line);
	g_data_input_stream_read_line_async(fake->rtsp, G_PRIORITY_DEFAULT, NULL, line_came, fake);
}

static void message_came(channel *ch, enum channel_message message, GVariant *fields,
			 gpointer user_data)
{
	struct fake *fake = user_data;

	if (message == CHANNEL_CONFIG && !fake->config) {
		fake->config = g_variant_ref(fields);
		g_data_input_stream_read_line_async(fake->rtsp, G_PRIORITY_DEFAULT, NULL, line_came,
						    fake);
	} else if (message == CHANNEL_STOP && !fake->hanging) {
		say_end(fake, CHANNEL_REASON_STOPPED, "stopped as asked");
	} else if (message == CHANNEL_IDR) {
		g_assert_cmpint(write(4, "idr\n", 4), ==, 4);
	}
}

static void channel_closed(channel *ch, const GError *error, gpointer user_data)
{
	struct fake *fake = user_data;

	g_main_loop_quit(fake->loop);
}

int main(int argc, char **argv)
{
	static const struct channel_funcs funcs = { message_came, channel_closed };
	g_autoptr(GInputStream) stream_4 = NULL;
	g_autoptr(GError) error = NULL;
	struct fake fake = { .hanging = FALSE };
	const char *late = g_getenv("GST_FAKE_UMD_LATE_MS");

	/* All work here but one. */
	if (argc > 1 && g_str_has_prefix(argv[1], "--check-encoder=")) {
		gboolean works = !strstr(argv[1], "nonsense");

		g_print("%s%s\n", works ? "fakeenc" : "encoder \"nonsense\" is not known",
			works && g_getenv("GST_FAKE_UMD_SOFTWARE") ? CHANNEL_ENCODER_SOFTWARE : "");
		if (g_getenv("GST_FAKE_UMD_PICTURES"))
			g_print("%s\n", g_getenv("GST_FAKE_UMD_PICTURES"));
		return works ? EXIT_SUCCESS : EXIT_FAILURE;
	}
	if (late)
		g_usleep(g_ascii_strtoull(late, NULL, 10) * 1000);
	fake.loop = g_main_loop_new(NULL, FALSE);
	stream_4 = g_unix_input_stream_new(4, FALSE);
	fake.rtsp = g_data_input_stream_new(stream_4);
	fake.channel = channel_new(5, CHANNEL_UMD, &funcs, &fake, &error);
	if (!fake.channel)
		g_error("fake-umd: %s", error->message);
	g_main_loop_run(fake.loop);
	channel_free(fake.channel);
	/* Reads may still be under way; the process ends here anyway. */
	_exit(EXIT_SUCCESS);
}
