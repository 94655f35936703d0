/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * channel.h - what miracastd (the broker) and one miracast-umd tell each other
 *
 * A connected pair of AF_UNIX SOCK_SEQPACKET sockets, made by the broker before
 * it starts the process.  Each datagram is one message: a GVariant of type
 * "(sa{sv})" in the machine's byte order, name and fields, in normal form, at
 * most CHANNEL_MAX_DATAGRAM bytes.  There are no replies; order is kept.
 *
 * All messages and fields are in the two lists below, and nowhere else: the
 * encoder, the decoder, the tests and the fuzzer are derived from them.  Both
 * sides check everything against them, for the UMD parses what an untrusted
 * television sends and may have been taken over.  File descriptors that come
 * with a datagram are dropped by the kernel, since none is asked for.
 *
 * What the broker is told is shown to people on terminals and handed on over
 * D-Bus.  So its decoder gives it the fields of the list and no others, and text
 * as channel_clean_text() makes it; the name of a reason is one of the list, and
 * the hint that belongs to it is that of the list and not of the UMD, since a
 * hint is what people type.
 *
 * Growing: a receiver ignores fields that it does not know, and messages that
 * it does not know.  A field that is known has to have the type below.
 *
 * The end of the channel (peer closed it, or died) is the end of the session
 * for both sides.
 */
#pragma once

#include <gio/gio.h>

#include "hint.h"

G_BEGIN_DECLS

#define CHANNEL_MAX_DATAGRAM (16 * 1024)
/* Characters of one text that the UMD sends. */
#define CHANNEL_MAX_TEXT 512

/*
 * M(id, name, receiver)
 *
 * config	first message to the UMD, once; nothing happens before it
 * stop		end the session in an orderly way (TEARDOWN within about 1 s)
 * data-rate	what the link carries now, each second or less often
 * idr		send a key frame
 * phase	the session has come so far; each phase at most once, in order of
 *		CHANNEL_PHASES, but "mode" again after a mode change
 * sink		what the sink says about itself; after M3, and after M2 if that
 *		brought a User-Agent
 * mode		what is being sent; after each M4 that was accepted
 * stats	each second while streaming; counters since the session began
 * rtp-port	where the sink receives; for the broker to connect the socket for RTP,
 *		since the UMD can send only to whom a socket is connected to.  Once
 * encoder-failed	an encoder that had passed its test has stopped; for the broker to
 *		have it written down, since the UMD cannot write
 * end		last message of the UMD; why the session is over
 */
#define CHANNEL_MESSAGES(M) \
	M(CONFIG, "config", CHANNEL_UMD) \
	M(STOP, "stop", CHANNEL_UMD) \
	M(DATA_RATE, "data-rate", CHANNEL_UMD) \
	M(IDR, "idr", CHANNEL_UMD) \
	M(PHASE, "phase", CHANNEL_BROKER) \
	M(SINK, "sink", CHANNEL_BROKER) \
	M(MODE, "mode", CHANNEL_BROKER) \
	M(STATS, "stats", CHANNEL_BROKER) \
	M(RTP_PORT, "rtp-port", CHANNEL_BROKER) \
	M(ENCODER_FAILED, "encoder-failed", CHANNEL_BROKER) \
	M(END, "end", CHANNEL_BROKER)

/*
 * F(message, key, GVariant type, presence)
 *
 * config
 *   source		"kernel" (the sink fd) or "test" (a moving picture)
 *   friendly-name	of the sink, as found by the broker; for the EDID
 *   device-id		of the sink: tells it from others each time, for the EDID; the device
 *			address with Wi-Fi P2P
 *   device-model	manufacturer and model of the sink, as found by the broker
 *   quirks		rows of the user's, in the format of wfd-quirks.h: the text of each file
 *   peer-address	of the sink, numeric; where RTP goes
 *   local-address	of our end, numeric; for wfd_presentation_URL
 *   max-bit-rate	bits per second for video, 0 = no limit
 *   short-m3		M3 asks only for what every sink knows
 *   encoder		GStreamer element to use instead of the best one
 *   width, height	pixels; refresh millihertz: mode that the user wants; it
 *			becomes the preferred one if the sink can do it
 *   audio		one of CHANNEL_AUDIO; without it "desktop"
 *   latency		one of CHANNEL_LATENCIES; without it "normal"
 *   import		"no": never pictures in buffers of the desktop's GPU; "yes": of any
 *			GPU, as long as the UMD can map them and read them in time; without
 *			it of those drivers of which it is known that they show what was drawn
 *   rtp-key, rtp-salt, rtp-sequence	RTP is encrypted, each packet as a DTLS record:
 *			struct rtp_seal_config of rtp-seal.h
 *   sound-card		whether the kernel has sound cards for monitors; without it the UMD
 *			asks for one, and does without if there is none
 * stop
 *   reason		for the log
 * data-rate (struct miracast_data_rate of umd.h)
 *   encoder-bit-rate	bits per second recommended for all of the stream
 *   max-tx-rate	bits per second, what the Wi-Fi driver says
 *   transmitted, failed, retried, multiple-retried	frames since the last one
 * phase
 *   phase		one of CHANNEL_PHASES
 *   time-us		CLOCK_MONOTONIC, microseconds
 * sink
 *   user-agent		of its first request; the others as in M3
 *   quirks		rows of the quirk table that matched
 *   short-m3		it hung up when M3 asked for more than every sink knows: the
 *			next configuration for it should have this, too
 * mode
 *   width, height	pixels
 *   refresh		millihertz
 *   codec, profile, level	"H.264", "constrained-baseline", "4.2"
 *   audio		"LPCM", "AAC", "AC3" or "none"
 *   audio-rate, audio-channels	of the track, if there is one
 *   bit-rate		bits per second that video starts with
 *   encoder		GStreamer element in use
 * stats
 *   frames-*		offered by the desktop; acquired from it; encoded; sent; dropped, because
 *			a newer one came or a hold was revoked
 *   packets, bytes	RTP handed to the network
 *   idr, idr-requests	key frames sent; asked for by the sink (M13)
 *   latency-*-us	desktop's flip to last packet handed to the network, over
 *			the last second; 0 if no frame was sent in it
 *   latency-p99-us, latency-waiting-us, -encoding-us, -sending-us	... and the medians of
 *			its parts: until the encoder had it, until it came out there, until
 *			the last packet
 *   last-us		so long ago were the stats before
 *   last-offered, last-sent, last-dropped, last-bytes	what came to the counters since then
 *   sink-reports	RTCP reports of the sink; without any nobody knows what it has missed
 *   sink-lost		packets that it has missed, by its newest report
 *   bit-rate		bits per second that the encoder is set to
 *   pictures		of a desktop: "shared": they are read out of the memory of the GPU
 *			that drew them; "copied": out of that of the monitor's card, where
 *			the desktop has drawn or copied them
 *   pictures-read-rate	bytes per second at which shared ones are read, if it was measured
 *   pictures-why	why the desktop has to copy, if there is a reason but its own; goes
 *			on from "copied"
 *   pictures-way	of the newest one to the encoder: "gpu": its buffer is handed over;
 *			"processor": it is read and converted. Of a desktop, and of the test
 *			picture where it has both
 *   pictures-way-why	why the former was given up in this session
 *   slow-width, slow-height, slow-refresh	a mode of which this computer cannot encode even half of the
 *			pictures; refresh in mHz
 *   slow-lowered	the desktop was offered lower modes because of that; else it is one that somebody
 *			has chosen, or there are none
 *   sound		what is played: "playing", "silent", or "away": there is no sound
 *			card; without it there is no track
 *   sound-rate, sound-channels	of what is played, while it is
 *   sound-latency-*-us	written by the player to packet handed to the network, as above;
 *			0 if nothing was played
 *   sound-skipped-us	microseconds of what was played that came too late to be sent
 *   sound-lost-us	... that was overwritten before it was read, or meanwhile
 *   sound-gaps		in so many places something was skipped or lost
 * rtp-port
 *   port		1 to 65535, of UDP
 * encoder-failed
 *   encoder		GStreamer element
 *   profiles		WFD_H264_PROFILE_* that it is not to be used for again; or
 *			CHANNEL_ENCODER_PICTURES: its pictures go through the processor
 * end
 *   reason		name of one of CHANNEL_REASONS
 *   status		enum miracast_status, 0xffffffff = none
 *   message		one sentence: what happened
 *   hint		one sentence: what the user can do next; may be ""; for the
 *			UMD's own log, the broker shows that of CHANNEL_REASONS
 */
#define CHANNEL_FIELDS(F) \
	F(CONFIG, "source", "s", CHANNEL_REQUIRED) \
	F(CONFIG, "friendly-name", "s", CHANNEL_REQUIRED) \
	F(CONFIG, "device-id", "s", CHANNEL_OPTIONAL) \
	F(CONFIG, "device-model", "s", CHANNEL_OPTIONAL) \
	F(CONFIG, "quirks", "as", CHANNEL_OPTIONAL) \
	F(CONFIG, "peer-address", "s", CHANNEL_REQUIRED) \
	F(CONFIG, "local-address", "s", CHANNEL_REQUIRED) \
	F(CONFIG, "max-bit-rate", "t", CHANNEL_REQUIRED) \
	F(CONFIG, "short-m3", "b", CHANNEL_OPTIONAL) \
	F(CONFIG, "encoder", "s", CHANNEL_OPTIONAL) \
	F(CONFIG, "width", "u", CHANNEL_OPTIONAL) \
	F(CONFIG, "height", "u", CHANNEL_OPTIONAL) \
	F(CONFIG, "refresh", "u", CHANNEL_OPTIONAL) \
	F(CONFIG, "audio", "s", CHANNEL_OPTIONAL) \
	F(CONFIG, "latency", "s", CHANNEL_OPTIONAL) \
	F(CONFIG, "import", "s", CHANNEL_OPTIONAL) \
	F(CONFIG, "rtp-key", "ay", CHANNEL_OPTIONAL) \
	F(CONFIG, "rtp-salt", "ay", CHANNEL_OPTIONAL) \
	F(CONFIG, "rtp-sequence", "t", CHANNEL_OPTIONAL) \
	F(CONFIG, "sound-card", "b", CHANNEL_OPTIONAL) \
	F(STOP, "reason", "s", CHANNEL_REQUIRED) \
	F(DATA_RATE, "encoder-bit-rate", "t", CHANNEL_REQUIRED) \
	F(DATA_RATE, "max-tx-rate", "t", CHANNEL_OPTIONAL) \
	F(DATA_RATE, "transmitted", "t", CHANNEL_OPTIONAL) \
	F(DATA_RATE, "failed", "t", CHANNEL_OPTIONAL) \
	F(DATA_RATE, "retried", "t", CHANNEL_OPTIONAL) \
	F(DATA_RATE, "multiple-retried", "t", CHANNEL_OPTIONAL) \
	F(PHASE, "phase", "s", CHANNEL_REQUIRED) \
	F(PHASE, "time-us", "x", CHANNEL_REQUIRED) \
	F(SINK, "name", "s", CHANNEL_OPTIONAL) \
	F(SINK, "short-m3", "b", CHANNEL_OPTIONAL) \
	F(SINK, "manufacturer", "s", CHANNEL_OPTIONAL) \
	F(SINK, "model", "s", CHANNEL_OPTIONAL) \
	F(SINK, "version", "s", CHANNEL_OPTIONAL) \
	F(SINK, "user-agent", "s", CHANNEL_OPTIONAL) \
	F(SINK, "quirks", "s", CHANNEL_OPTIONAL) \
	F(MODE, "width", "u", CHANNEL_REQUIRED) \
	F(MODE, "height", "u", CHANNEL_REQUIRED) \
	F(MODE, "refresh", "u", CHANNEL_REQUIRED) \
	F(MODE, "codec", "s", CHANNEL_REQUIRED) \
	F(MODE, "profile", "s", CHANNEL_REQUIRED) \
	F(MODE, "level", "s", CHANNEL_REQUIRED) \
	F(MODE, "audio", "s", CHANNEL_REQUIRED) \
	F(MODE, "audio-rate", "u", CHANNEL_OPTIONAL) \
	F(MODE, "audio-channels", "u", CHANNEL_OPTIONAL) \
	F(MODE, "bit-rate", "u", CHANNEL_REQUIRED) \
	F(MODE, "encoder", "s", CHANNEL_OPTIONAL) \
	F(STATS, "frames-offered", "t", CHANNEL_OPTIONAL) \
	F(STATS, "frames-acquired", "t", CHANNEL_REQUIRED) \
	F(STATS, "frames-encoded", "t", CHANNEL_REQUIRED) \
	F(STATS, "frames-sent", "t", CHANNEL_REQUIRED) \
	F(STATS, "frames-dropped", "t", CHANNEL_REQUIRED) \
	F(STATS, "packets", "t", CHANNEL_REQUIRED) \
	F(STATS, "bytes", "t", CHANNEL_REQUIRED) \
	F(STATS, "idr", "t", CHANNEL_REQUIRED) \
	F(STATS, "idr-requests", "t", CHANNEL_REQUIRED) \
	F(STATS, "latency-median-us", "t", CHANNEL_REQUIRED) \
	F(STATS, "latency-p95-us", "t", CHANNEL_REQUIRED) \
	F(STATS, "latency-p99-us", "t", CHANNEL_OPTIONAL) \
	F(STATS, "latency-waiting-us", "t", CHANNEL_OPTIONAL) \
	F(STATS, "latency-encoding-us", "t", CHANNEL_OPTIONAL) \
	F(STATS, "latency-sending-us", "t", CHANNEL_OPTIONAL) \
	F(STATS, "last-us", "t", CHANNEL_OPTIONAL) \
	F(STATS, "last-offered", "t", CHANNEL_OPTIONAL) \
	F(STATS, "last-sent", "t", CHANNEL_OPTIONAL) \
	F(STATS, "last-dropped", "t", CHANNEL_OPTIONAL) \
	F(STATS, "last-bytes", "t", CHANNEL_OPTIONAL) \
	F(STATS, "sink-reports", "t", CHANNEL_OPTIONAL) \
	F(STATS, "sink-lost", "t", CHANNEL_OPTIONAL) \
	F(STATS, "bit-rate", "t", CHANNEL_OPTIONAL) \
	F(STATS, "pictures", "s", CHANNEL_OPTIONAL) \
	F(STATS, "pictures-read-rate", "t", CHANNEL_OPTIONAL) \
	F(STATS, "pictures-why", "s", CHANNEL_OPTIONAL) \
	F(STATS, "pictures-way", "s", CHANNEL_OPTIONAL) \
	F(STATS, "pictures-way-why", "s", CHANNEL_OPTIONAL) \
	F(STATS, "slow-width", "u", CHANNEL_OPTIONAL) \
	F(STATS, "slow-height", "u", CHANNEL_OPTIONAL) \
	F(STATS, "slow-refresh", "u", CHANNEL_OPTIONAL) \
	F(STATS, "slow-lowered", "b", CHANNEL_OPTIONAL) \
	F(STATS, "sound", "s", CHANNEL_OPTIONAL) \
	F(STATS, "sound-rate", "u", CHANNEL_OPTIONAL) \
	F(STATS, "sound-channels", "u", CHANNEL_OPTIONAL) \
	F(STATS, "sound-latency-median-us", "t", CHANNEL_OPTIONAL) \
	F(STATS, "sound-latency-p95-us", "t", CHANNEL_OPTIONAL) \
	F(STATS, "sound-skipped-us", "t", CHANNEL_OPTIONAL) \
	F(STATS, "sound-lost-us", "t", CHANNEL_OPTIONAL) \
	F(STATS, "sound-gaps", "t", CHANNEL_OPTIONAL) \
	F(RTP_PORT, "port", "u", CHANNEL_REQUIRED) \
	F(ENCODER_FAILED, "encoder", "s", CHANNEL_REQUIRED) \
	F(ENCODER_FAILED, "profiles", "u", CHANNEL_REQUIRED) \
	F(END, "reason", "s", CHANNEL_REQUIRED) \
	F(END, "status", "u", CHANNEL_REQUIRED) \
	F(END, "message", "s", CHANNEL_REQUIRED) \
	F(END, "hint", "s", CHANNEL_REQUIRED)

/* A(id, name): what the audio track carries. */
#define CHANNEL_AUDIO(A) \
	A(NONE, "none")       /* there is none */ \
	A(DESKTOP, "desktop") /* what is played on the monitor's sound card; of the test source: tone */ \
	A(SILENCE, "silence") \
	A(TONE, "tone")       /* tones and clicks, see sound_source_test in sound-source.h */

/* The same names, separated by "|". */
#define CHANNEL_WORD(id, name) "|" name
#define CHANNEL_AUDIO_WORDS (&("" CHANNEL_AUDIO(CHANNEL_WORD))[1])

/*
 * L(id, name): what counts more, that a picture is shown soon or that none is late; the words of
 * [MS-WFDPE] 2.4.1.1.  The first one is the default.
 */
#define CHANNEL_LATENCIES(L) \
	L(NORMAL, "normal") \
	L(LOW, "low") \
	L(HIGH, "high")

#define CHANNEL_LATENCY_WORDS (&("" CHANNEL_LATENCIES(CHANNEL_WORD))[1])

/* P(id, name): how far a session has come. */
#define CHANNEL_PHASES(P) \
	P(CONNECTED, "connected")       /* M1 sent */ \
	P(ANSWERED, "answered")         /* M1 answered: from now on the sink is bound to this connection */ \
	P(CAPABILITIES, "capabilities") /* M3 answered */ \
	P(MONITOR, "monitor")           /* the desktop has a new monitor */ \
	P(MODE, "mode")                 /* M4 accepted */ \
	P(SETUP, "setup")               /* M6 answered */ \
	P(PLAY, "play")                 /* M7 answered */ \
	P(STREAMING, "streaming")       /* first packet handed to the network */

/*
 * R(id, name, status, hint, text): why a session ends; status is the suffix of a
 * MIRACAST_STATUS_*, hint of a HINT_*, text what the user can do.
 */
#define CHANNEL_REASONS(R) \
	R(STOPPED, "stopped", NONE, NONE, "") \
	R(SINK_LEFT, "sink-left", SINK_DISCONNECT_REQUEST, CONNECT_AGAIN, \
	  "Connect again if this was not done on purpose at the display.") \
	R(SINK_VANISHED, "sink-vanished", SINK_DISCONNECT_REQUEST, CHECK_DISPLAY, \
	  "Check that the display is on and in range, then connect again.") \
	R(RESPONSE_TIMEOUT, "response-timeout", CRITICAL_ERROR, RESTART_DISPLAY, \
	  "Switch the display's screen mirroring off and on, then connect again.") \
	R(REQUEST_TIMEOUT, "request-timeout", CRITICAL_ERROR, RESTART_DISPLAY, \
	  "Switch the display's screen mirroring off and on, then connect again.") \
	R(KEEPALIVE_LOST, "keepalive-lost", MISSING_KEEPALIVE, MOVE_CLOSER, \
	  "The display or the link hangs: move closer or restart the display, then connect again.") \
	R(PROTOCOL_ERROR, "protocol-error", CRITICAL_ERROR, CONNECT_AGAIN, \
	  "Connect again; if it happens each time, report the display's model with the debug log.") \
	R(REQUEST_REFUSED, "request-refused", CRITICAL_ERROR, RESTART_DISPLAY, \
	  "Restart the display; if it happens each time, report its model with the debug log.") \
	R(CAPABILITIES_INVALID, "capabilities-invalid", CRITICAL_ERROR, UPDATE_DISPLAY, \
	  "Update the display's firmware; if that does not help, report its model with the debug log.") \
	R(NO_COMMON_MODE, "no-common-mode", CRITICAL_ERROR, CHANGE_MODE, \
	  "Raise the bit rate limit or choose another encoder.") \
	R(BANDWIDTH, "bandwidth", INSUFFICIENT_BANDWIDTH, MOVE_CLOSER, \
	  "Move closer to the display or use 5 GHz, then connect again.") \
	R(MODE_REFUSED, "mode-refused", SINK_FAILED_MODE_CHANGE, CHANGE_MODE, \
	  "Choose another resolution, then connect again.") \
	R(TRANSPORT_REFUSED, "transport-refused", CRITICAL_ERROR, REPORT, \
	  "The display wants a transport that Miracast sources do not offer; report its model.") \
	R(ENCODER_MISSING, "encoder-missing", CRITICAL_ERROR, INSTALL_ENCODER, \
	  "Install an H.264 encoder, for example x264enc of GStreamer's \"ugly\" plugins.") \
	/* It is there, but does not start, or refuses a setting or its device. */ \
	R(ENCODER_FAILED, "encoder-failed", CRITICAL_ERROR, CHOOSE_ENCODER, \
	  "Choose another encoder: miracastctl connect --encoder=x264enc needs no graphics card.") \
	R(PIPELINE_FAILED, "pipeline-failed", CRITICAL_ERROR, CHOOSE_ENCODER, \
	  "Choose another encoder; the log names the element that failed.") \
	/* The desktop's pictures are in memory that cannot be mapped, or only old pictures come out. */ \
	R(PICTURE_UNREADABLE, "picture-unreadable", CRITICAL_ERROR, USE_OTHER_CARD, \
	  "Run the desktop on another graphics card of this computer; report the card and its driver.") \
	/* Not one packet leaves any more: network unreachable, interface down or gone. */ \
	R(LINK_LOST, "link-lost", CRITICAL_ERROR, CHECK_DISPLAY, \
	  "Check that the display is on and in range and that Wi-Fi is on, then connect again.") \
	R(DRIVER_GONE, "driver-gone", CRITICAL_ERROR, LOAD_MODULE, \
	  "Check that miracast.ko is loaded (see the kernel log), then connect again.") \
	R(CONFIGURATION, "configuration", CRITICAL_ERROR, CORRECT_SETTING, \
	  "Correct the setting that the message names.") \
	R(BROKER_GONE, "broker-gone", NONE, START_DAEMON, \
	  "Start miracastd again.") \
	R(INTERNAL, "internal", CRITICAL_ERROR, REPORT, \
	  "This is a bug: report it with the debug log.")

/* In the place of profiles: the encoder is well, but not the way from a dma-buf to it. */
#define CHANNEL_ENCODER_PICTURES 0x80

/* Behind the name that --check-encoder= of a UMD prints: it encodes on the processor. */
#define CHANNEL_ENCODER_SOFTWARE " software"
/* ... else a second line says which way pictures go to it, a part of a sentence. */

enum channel_side {
	CHANNEL_BROKER,
	CHANNEL_UMD,
};

enum channel_presence {
	CHANNEL_OPTIONAL,
	CHANNEL_REQUIRED,
};

enum channel_message {
#define M(id, name, receiver) CHANNEL_##id,
	CHANNEL_MESSAGES(M)
#undef M
	CHANNEL_N_MESSAGES,
};

enum channel_audio {
#define A(id, name) CHANNEL_AUDIO_##id,
	CHANNEL_AUDIO(A)
#undef A
	CHANNEL_N_AUDIO,
};

enum channel_latency {
#define L(id, name) CHANNEL_LATENCY_##id,
	CHANNEL_LATENCIES(L)
#undef L
	CHANNEL_N_LATENCIES,
};

enum channel_phase {
#define P(id, name) CHANNEL_PHASE_##id,
	CHANNEL_PHASES(P)
#undef P
	CHANNEL_N_PHASES,
};

enum channel_reason {
#define R(id, name, status, hint, text) CHANNEL_REASON_##id,
	CHANNEL_REASONS(R)
#undef R
	CHANNEL_N_REASONS,
};

const char *channel_message_name(enum channel_message message);
/* FALSE if there is no such kind; @audio is unchanged then. */
gboolean channel_audio_from_name(const char *name, enum channel_audio *audio);
/* FALSE if there is no such word; @latency is unchanged then. */
gboolean channel_latency_from_name(const char *name, enum channel_latency *latency);
const char *channel_latency_name(enum channel_latency latency);
const char *channel_phase_name(enum channel_phase phase);
/* FALSE if there is no such phase; @phase is unchanged then. */
gboolean channel_phase_from_name(const char *name, enum channel_phase *phase);
const char *channel_reason_name(enum channel_reason reason);
/* FALSE if there is no such reason; @reason is unchanged then. */
gboolean channel_reason_from_name(const char *name, enum channel_reason *reason);
/* enum miracast_status that goes with a reason, and what to do next. */
guint32 channel_reason_status(enum channel_reason reason);
struct hint channel_reason_hint(enum channel_reason reason);

/**
 * channel_clean_text - what somebody who is not trusted says, fit to be shown
 * @text: any bytes
 * @max: characters at most
 *
 * Returns: (transfer full): one line of printable UTF-8: what is not printable,
 * ends a line or changes the direction of writing has become a blank, and blanks
 * at both ends are gone
 */
char *channel_clean_text(const char *text, guint max);

/**
 * struct channel_field - one row of CHANNEL_FIELDS, for tests and printers
 */
struct channel_field {
	enum channel_message message;
	const char *key;
	const char *type;
	enum channel_presence presence;
};

const struct channel_field *channel_fields(gsize *n);

/**
 * channel_encode - bytes of a message
 * @message: which
 * @fields: a{sv}, for example
 *	g_variant_new_parsed("{'phase': <%s>, 'time-us': <%x>}", name, now);
 *	a floating reference is consumed
 *
 * Fails with G_IO_ERROR_INVALID_ARGUMENT if a field is missing, not known or of
 * the wrong type, and with G_IO_ERROR_MESSAGE_TOO_LARGE.
 *
 * Returns: (transfer full): the datagram, or NULL
 */
GBytes *channel_encode(enum channel_message message, GVariant *fields, GError **error);

/**
 * channel_decode - read a message
 * @data: the datagram, any bytes
 * @len: its length
 * @side: who reads; messages for the other side are refused
 * @message: (out): which, or CHANNEL_N_MESSAGES for one that is not known
 * @fields: (out) (transfer full): a{sv}; every required field is there, every
 *	known field has its type; for the broker there are no others, and text
 *	is clean; NULL for a message that is not known
 *
 * Fails with G_IO_ERROR_INVALID_DATA.
 */
gboolean channel_decode(gconstpointer data, gsize len, enum channel_side side,
			enum channel_message *message, GVariant **fields, GError **error);

/**
 * struct channel - one end; opaque
 */
typedef struct channel channel;

/**
 * struct channel_funcs - what the owner of an end wants to hear
 * @message: a message came; @fields as channel_decode() gives it, borrowed; read
 *	it with g_variant_lookup()
 * @closed: the peer has closed its end (@error NULL), or sent something that
 *	breaks the rules, or the socket failed.  Nothing comes after it
 *
 * Both run in the main context that was the thread's default when
 * channel_new() was called.  Both may free the channel.
 */
struct channel_funcs {
	void (*message)(channel *ch, enum channel_message message, GVariant *fields,
			gpointer user_data);
	void (*closed)(channel *ch, const GError *error, gpointer user_data);
};

/**
 * channel_new - take an end into use
 * @fd: connected SOCK_SEQPACKET socket; owned by the channel if the call
 *	succeeds; becomes non-blocking
 * @side: who we are
 * @funcs: static
 *
 * Fails with G_IO_ERROR_INVALID_ARGUMENT if @fd is not such a socket.
 */
channel *channel_new(int fd, enum channel_side side, const struct channel_funcs *funcs,
		     gpointer user_data, GError **error);
/* Stops listening and closes the socket.  NULL is allowed. */
void channel_free(channel *ch);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(channel, channel_free)

/**
 * channel_send - send a message, never waiting
 * @fields: as for channel_encode()
 *
 * Callable from any thread while the channel lives.  Fails like
 * channel_encode(); with G_IO_ERROR_WOULD_BLOCK if the peer does not read and
 * the socket is full: the message is not sent then, and the sender of "stats"
 * does not care; with G_IO_ERROR_BROKEN_PIPE if the peer has gone.
 */
gboolean channel_send(channel *ch, enum channel_message message, GVariant *fields, GError **error);

G_END_DECLS
