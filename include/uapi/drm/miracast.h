/* SPDX-License-Identifier: (GPL-2.0-only WITH Linux-syscall-note) OR MIT */
/*
 * User space interface of /dev/miracast.
 *
 * A Miracast source is split in two: a display driver, in the kernel, has a
 * connector on which a wireless display appears as a monitor; a user space
 * process talks to that display over the network and sends it the picture.
 * /dev/miracast is what the two have between them: messages from the driver,
 * calls to the driver, and, with miracast.ko, the pictures. One more process,
 * the broker, hands the sessions out. This file is the manual of all of it.
 *
 * Objects
 * =======
 *
 * Target
 *	A place where a Miracast monitor can appear: one connector of a display
 *	driver. miracast.ko brings a fixed number of them (module parameter
 *	max_sinks); another display driver may register its own. A target has
 *	an id, unique and never reused while the module is loaded.
 *
 * Broker fd
 *	What open("/dev/miracast") returns. One at a time (-EBUSY): the broker
 *	sees and controls every session. Opening it is the right to capture
 *	every monitor that it plugs, so the node is 0600 and udev narrows it.
 *	Its close ends every session.
 *
 * Sink fd
 *	What MIRACAST_IOC_OPEN_SINK returns: the kernel context of one session
 *	on one target. It is meant to be handed to the process that talks to
 *	that sink. Its last close destroys the context and with it the monitor.
 *	The broker can destroy it from outside under a process that hangs
 *	(MIRACAST_IOC_DESTROY_SINK). After that, or after the display driver has
 *	gone, every call on the sink fd fails with -ENODEV and poll() says
 *	EPOLLHUP | EPOLLERR.
 *
 * Both fds are O_CLOEXEC and tied to the open file, not to a process: a
 * duplicate that is passed on or inherited keeps the session alive.
 *
 * Handshake
 * =========
 *
 * The first call on a broker fd must be MIRACAST_IOC_HELLO; anything else
 * fails with -EPROTO until it has succeeded. Sink fds inherit the version.
 *
 * Session states
 * ==============
 *
 *	          BEGIN_START           END_START
 *	 STOPPED -------------> STARTING ---------> STARTED
 *	    ^                      |                   |
 *	    | END_STOP             | FAIL_START        | BEGIN_STOP, or a status
 *	    |                      v                   v report
 *	    +------------------ STOPPING <-------------+
 *
 * A context begins in STOPPED and may be started once more after each stop.
 *
 *	state     | kernel sends a message         | reader of the sink fd
 *	----------+--------------------------------+----------------------------
 *	STOPPED,  |                                |
 *	  never   | accepted, held                 | nothing
 *	  started |                                |
 *	STARTING  | accepted, held                 | nothing
 *	STARTED   | accepted, delivered            | records, in order of sending
 *	STOPPING, |                                |
 *	  STOPPED | accepted, then completed with  | nothing
 *	  again   | -ESHUTDOWN                     |
 *
 * BEGIN_STOP and FAIL_START complete everything held or delivered with
 * -ECANCELED at once; they never wait for user space. A new BEGIN_START after
 * a stop opens the gate for a new generation of messages.
 *
 * Requests that the state machine has no arrow for fail with -EBUSY
 * (-ESHUTDOWN when the session is stopping) and change nothing.
 *
 * Messages, kernel to user
 * ========================
 *
 * read() on the sink fd returns exactly one record: a header, of which struct
 * miracast_record is what this file knows, and at header_len the payload, len
 * bytes in all. Any number of threads may read; each record goes to one of them.
 * Records are handed out in the order in which they were sent, completions have
 * no order. A buffer too small for the next record: -EMSGSIZE, and the record
 * stays queued; one of MIRACAST_MAX_RECORD bytes is never too small. No record:
 * wait, or -EAGAIN with O_NONBLOCK or RWF_NOWAIT. poll(): EPOLLIN.
 *
 * Each MIRACAST_REC_MESSAGE wants one reply: one write() of a struct
 * miracast_reply followed by its payload, at most out_max bytes, by any
 * thread, in any order. The kernel sender gets the status and the bytes. A
 * message completes exactly once, by whichever comes first: the reply, the
 * sender's cancel, its timeout, a stop, the destruction of the context. A
 * reply that lost that race fails with -ENOENT and harms nobody.
 *
 * write() fails with -EINVAL (len does not match the write, header_len is longer
 * than that or ends before the id, status not in [-4095, 0], payload beside a
 * status below 0), -E2BIG (a header with something that the kernel does not
 * know), -EMSGSIZE (payload longer than out_max), -ENOENT (no such message
 * outstanding), -EFAULT. Nothing has happened then: the message stays
 * outstanding, if it was.
 *
 * I/O control, user to kernel
 * ===========================
 *
 * MIRACAST_IOC_IO_CONTROL calls the display driver synchronously, in the
 * calling process, one call per context at a time. While a start is in progress
 * only the thread that began it gets through, others wait until it ends; while
 * a stop is in progress the thread that began it gets through and others fail
 * with -ESHUTDOWN. The MIRACAST_CTL_* codes below are those of miracast.ko;
 * another display driver may define its own from MIRACAST_CTL_DRIVER_BASE on.
 *
 * Frames
 * ======
 *
 * The sink fd is a mailbox of the newest finished picture of its monitor.
 * poll(): EPOLLPRI when there is one that was not acquired yet, or when
 * buffers have been retired. MIRACAST_IOC_ACQUIRE_FRAME takes it: sizes,
 * damage since the frame that this fd acquired before, cursor, and the id of
 * the buffer. The pixels are a dma-buf; MIRACAST_IOC_GET_BUFFER gives its file
 * descriptor, which should be done once per id and kept: the steady state
 * passes no descriptor and copies nothing. Pictures are finished when they
 * are announced; no fence need be waited for.
 *
 * The desktop may not draw into a buffer that is held: the flip away from it
 * is reported to the compositor only after MIRACAST_IOC_RELEASE_FRAME.
 * So convert or upload, release, then encode. After two refresh periods (at
 * least 34 ms) the hold is revoked: the desktop goes on, and the release says
 * so (MIRACAST_RELEASE_REVOKED): what was read may be torn and should be
 * thrown away. Nothing that the daemon does, or fails to do, holds the desktop
 * up for longer. A desktop that waits by a fence (OUT_FENCE_PTR) is not held up
 * at all: what is not released by the vblank is revoked there.
 *
 * A picture is handed out with its commit, and the desktop is told that it is on
 * the screen with the vertical blank after that, as any monitor does: that time
 * is in the event of the flip, and players that show a picture and play its sound
 * at one moment go by it. It is known at the commit already (struct
 * miracast_frame, shown_ns), so nobody has to wait for it: send at once, with a
 * time stamp of shown_ns on the axis of the sound, which lies in the future by one
 * refresh period at most. A display that obeys time stamps shows the picture by
 * that part of a period later than one that was stamped with the commit, and in
 * the desktop's own steps; with the commit's time, picture and sound would be
 * apart by up to a period, 33 ms at 30 Hz, of which half is noticed. flip_ns is for
 * how long things have taken. A flip that is held up (see above) is told later, and
 * one whose commit sits across a blank with the blank after that.
 *
 * The cursor image of a held picture is protected in the same way when the
 * desktop changes the image by a commit, as Wayland compositors do. The legacy
 * cursor ioctls wait for nobody, and their callers draw into the image that is on
 * the screen without saying so: such an image may be torn, and nobody can tell.
 *
 * A release with a sync_file, for reading that goes on in a GPU, counts from the
 * moment at which that signals. The deadline is the same, so the hold may be
 * revoked after RELEASE_FRAME has returned. Then the next picture that is
 * acquired, which is offered at once and is damaged everywhere, names those
 * pictures (struct miracast_frame, revoked): what was made of them may be torn.
 *
 * A desktop that draws into the buffer that is on the screen, as Xorg does
 * without page flips, is held up in the same way when it says what it has drawn
 * (DRM_IOCTL_MODE_DIRTYFB): until the daemon has taken and released the picture,
 * or as long as a hold lasts. A hold that is left when it says so is revoked, as
 * it drew while the daemon read. A picture that is taken later than the desktop
 * waits may be torn, and nobody can tell. So may be what lies outside of the damage
 * of a frame that a cursor has brought (MIRACAST_FRAME_CURSOR): the desktop does not
 * wait with its drawing until that is released.
 *
 * Desktops change the colours of a monitor as a whole: night light, a calibration,
 * a reading mode. A GPU does it on the way to the monitor, so what it does is not in
 * the pixels, and here the reader has to do it: MIRACAST_CTL_GET_COLOR. The frame
 * says which transformation it is to be shown with (color_serial); with a new one
 * everything is damaged. A reader that leaves it out shows the desktop without, and
 * the desktop does not know.
 *
 * A buffer that the desktop has destroyed is retired: MIRACAST_IOC_GET_RETIRED
 * names its id, after which it never comes back, and the dma-buf should be
 * closed.
 *
 * Buffers of other drivers
 * ========================
 *
 * A desktop with a GPU of its own draws into that GPU's buffers, and asks this card
 * to show them as they are (PRIME import). Whether a reader can do with them is the
 * reader's to say, before the monitor appears: it names in the plug whose buffers it
 * takes, and the card accepts those and refuses all others (-EOPNOTSUPP). A refusal
 * is safe with nearly every desktop: it copies into buffers of this card, which are
 * in memory and can always be mapped, at the price of one copy of each picture.
 * wlroots (0.19) does not copy, and has nothing to show then. A buffer that was
 * accepted and cannot be read is black or old on the screen with all of them, and
 * they cannot know. So what is not known to be readable should not be taken.
 *
 * For a reader that maps buffers with the CPU there are three questions:
 *
 * Is there a mapping at all?
 *	What has no mmap() is always refused. Where mmap() fails afterwards, that is
 *	found out with the first picture.
 * How fast is it?
 *	Memory that the CPU does not cache is read at some 280 MB/s, too slowly for
 *	anything. The reader finds that out by measuring the first pictures.
 * Is what it shows what was drawn?
 *	That cannot be found out: a mapping that shows an old picture looks like one of
 *	a desktop that stands still, and desktops commit, with damage, pictures in
 *	which nothing has changed. It has to be known of the exporter. The contract of
 *	dma-bufs is that a CPU may read between the two DMA_BUF_IOCTL_SYNC. An exporter
 *	for which that takes some work does it in its begin_cpu_access(). One without
 *	that function says that its memory is the same for everybody at all times, and
 *	of virtio_gpu that is not true: with 3D its buffers are drawn into on the host,
 *	and what the guest maps is memory that nothing is written to. So a reader
 *	should take buffers of exporters that have begin_cpu_access()
 *	(MIRACAST_PLUG_IMPORT_SYNCED), and of those that it knows by name (struct
 *	miracast_import) to have such memory as they say.
 *
 * All buffers are linear and of the formats of the planes: no others can be made
 * framebuffers. When the reader finds that it cannot do with what it has got, it
 * unplugs and plugs in again, and names fewer.
 *
 * Sound
 * =====
 *
 * A plug that names sampling rates (struct miracast_plug, sound_rates) brings a
 * sound card with the monitor: an ALSA card with one playback device, as that of
 * an HDMI output, with the name that the plug gives. It goes with the monitor:
 * unplug, stop, the end of the context and of the driver take it away under those
 * who play, for whom it is like a USB headset that is pulled out. Plugging again
 * with the same rates, channels and name leaves the card, and what plays, alone;
 * other ones replace the card. Needs MIRACAST_FEATURE_SOUND.
 *
 * Sound fd
 *	What MIRACAST_IOC_OPEN_SOUND returns: the one reader of the card that is
 *	plugged in now; nobody else can hear. O_CLOEXEC, read only. Without it what
 *	is played is heard by nobody, at the pace of the clock. When the card has
 *	gone, read() fails with -ENODEV and poll() says EPOLLHUP | EPOLLERR, for
 *	good; a card that comes afterwards is opened anew.
 *
 * Samples
 *	Signed 16 bits, little endian, channels interleaved: 2 (front left, front
 *	right) or 6 (front left, front right, rear left, rear right, front centre,
 *	low frequencies: as ALSA has it where nobody asks). A frame of sound is one
 *	sample of each channel.
 *
 * Ring
 *	The memory that the application, or sound server, writes its samples to;
 *	nothing copies them. mmap(PROT_READ, MAP_SHARED) of the sound fd, offset 0,
 *	at most ring_bytes (struct miracast_open_sound), shows it; done once, it is
 *	good for all that is played on the card, and stays mapped, without meaning,
 *	after the card has gone. It cannot be mapped for writing (-EACCES).
 *
 * read() on the sound fd returns exactly one struct miracast_sound_record; no
 * payload. A buffer too small for it: -EMSGSIZE, and it stays; one of
 * MIRACAST_MAX_HEADER bytes is never too small. No record: wait, or -EAGAIN with
 * O_NONBLOCK or RWF_NOWAIT. poll(): EPOLLIN. The records of what plays are
 *
 *	START  SAMPLES SAMPLES SAMPLES ...  STOP
 *
 * START and STOP come whenever the application begins, ends, pauses, resumes,
 * falls behind, or is suspended. When it goes so fast that the reader misses it,
 * a START follows without a STOP before. Whoever opens the fd while something
 * plays begins with START, too.
 *
 * Time
 *	The clock of the card is CLOCK_MONOTONIC, which stamps pictures (flip_ns),
 *	too: frame f is due at
 *
 *		START.time_ns + (f - START.frame) * 1000000000 / rate
 *
 *	exactly, rounded down, however long it plays; each SAMPLES says so of its
 *	first frame. It is the moment at which an application that looks at the
 *	card's position believes the frame to be heard. Frames are handed out
 *	before they are due, as far as the application has written them: at most
 *	lead_us before. While something plays there is a look at what has been
 *	written every tick_us or more often; nothing is done while nothing plays.
 *
 * Frames that no SAMPLES names, between two of them, were not written in time, by
 * an application that has asked ALSA to go on then; silence is due in their place.
 * What is handed out is final: an application that rewinds less than lead_us
 * before the card's position changes nothing in it.
 *
 * Hold
 *	The samples that a record names are held until the next read() of the sound
 *	fd, also one that gives -EAGAIN: the position that the application sees
 *	stays before them, so it does not write there. It stays so for no longer
 *	than hold_us after they are due. Then the hold is revoked: the position goes
 *	on, hold_us behind the clock, what was not read meanwhile is skipped, and
 *	the next record says so: MIRACAST_SOUND_REVOKED, the samples of the record
 *	that was read before may be torn, and lost, how many frames were skipped. A
 *	reader that hangs holds no application up for longer; one that is not
 *	there, not at all.
 *
 * So: poll, then read until -EAGAIN, and copy the samples of each record before
 * the next read.
 *
 * Growing
 * =======
 *
 * Structures grow at their ends, and there only. Each travels with its size:
 * that of an ioctl in its request number (_IOC_SIZE), headers of records, replies
 * and chunk records in their header_len, struct miracast_plug in its size,
 * struct miracast_mode in the plug's mode_size, struct miracast_import in its
 * import_size, what follows a struct miracast_message in the message's len, the
 * output of I/O control in bytes_returned. Program and kernel may therefore be of
 * different age:
 *
 *	who writes | the reader knows more of it  | the reader knows less of it
 *	-----------+------------------------------+-------------------------------
 *	program    | what is missing counts as    | what the kernel does not know
 *	           | zero                         | must be zero, else -E2BIG
 *	kernel     | what is missing counts as    | the program ignores the rest;
 *	           | zero                         | into its ioctl structure and
 *	           |                              | output only what fits is written
 *
 * So zero means "as it was before" in all that is added. What a program must not
 * ignore is not added in this way: it has a code or a flag of its own that a
 * program asks for. MIRACAST_FEATURE_* say what is there. In a structure that both
 * write, what is marked "out" is not looked at by the kernel. Input of a code
 * that has none may be zeros. Headers never exceed MIRACAST_MAX_HEADER, and those
 * that the kernel writes are multiples of 8 bytes. struct miracast_rect and
 * struct miracast_message stay as they are.
 *
 * Reserved members and unknown flag bits must be zero (-EINVAL). Structures hold
 * no pointers except __u64 user addresses and have the same layout for 32-bit
 * callers.
 *
 * Errors
 * ======
 *
 * Common to all: -ENODEV context or driver gone, -EFAULT bad address, -ENOTTY
 * unknown request, -EINVAL bad argument, -EPROTO no handshake, -ENOMEM.
 *
 * What is copied for I/O control and replies is charged to the caller's cgroup,
 * messages to that of the one who opened the sink. When a cgroup is at its limit
 * the call, or the sender, gets -ENOMEM; nobody is killed for it.
 *
 * A call that fails has changed nothing, with one exception: when only the
 * result cannot be written (-EFAULT), HELLO, NEXT_TARGET, SESSION, IO_CONTROL,
 * GET_CHUNKS and RELEASE_FRAME have been carried out. OPEN_SINK, ACQUIRE_FRAME,
 * GET_BUFFER, GET_RETIRED and OPEN_SOUND have not: no descriptor, no hold, no id
 * is lost.
 *
 * Memory that faults for long (userfaultfd, FUSE) holds up the call that uses it
 * and nobody else: stop, destroy, unbind and the desktop do not wait for it.
 * While a call runs it is a user of its fd: a close that comes meanwhile is the
 * last one when the call returns.
 */
#ifndef _UAPI_DRM_MIRACAST_H
#define _UAPI_DRM_MIRACAST_H

#include <linux/ioctl.h>
#include <linux/types.h>

#if defined(__cplusplus)
extern "C" {
#endif

/*
 * Version of the interface in this file. It stays when structures grow or codes
 * are added, see "Growing"; MIRACAST_FEATURE_* say what has been added.
 */
#define MIRACAST_ABI_VERSION	2

#define MIRACAST_MAX_MESSAGE	(64 * 1024)	/* payload bytes, either way */
#define MIRACAST_MAX_HEADER	128		/* bytes before a payload, ever */
#define MIRACAST_MAX_RECORD	(MIRACAST_MAX_HEADER + MIRACAST_MAX_MESSAGE)
#define MIRACAST_MAX_QUEUED	256		/* messages outstanding per session */
#define MIRACAST_MAX_QUEUED_BYTES (1024 * 1024)	/* input + out_max of those */
#define MIRACAST_MAX_IO_CONTROL	(64 * 1024)	/* bytes, either way */
#define MIRACAST_MAX_CHUNK_DATA	256		/* private bytes per chunk record */
#define MIRACAST_MAX_CHUNKS	64		/* chunk records queued per session */
#define MIRACAST_MAX_DAMAGE	16		/* rectangles per frame */
#define MIRACAST_MAX_HELD	4		/* frames held per sink fd */
#define MIRACAST_MAX_MODES	128		/* modes in one plug */
#define MIRACAST_MAX_EDID	(256 * 128)	/* bytes */
#define MIRACAST_MAX_IMPORTS	64		/* drivers named in one plug */

/* ------------------------------------------------------------ broker fd */

/**
 * struct miracast_hello - MIRACAST_IOC_HELLO, agree on the version
 * @abi_min: in: oldest version the caller speaks
 * @abi_max: in: newest version the caller speaks
 * @abi: out: the version in use, within that range
 * @num_targets: out: targets registered now
 * @features: out: MIRACAST_FEATURE_* of miracast.ko; constant while it is loaded
 * @max_chunk_data: out: private bytes per chunk record
 * @reserved: zero
 *
 * Fails with -EPROTONOSUPPORT when the ranges do not meet; @abi then holds the
 * kernel's version, for the error message. A second call fails with -EBUSY.
 */
struct miracast_hello {
	__u32 abi_min;
	__u32 abi_max;
	__u32 abi;
	__u32 num_targets;
	__u64 features;
	__u32 max_chunk_data;
	__u32 reserved;
};

/* struct miracast_frame names pictures that were revoked after their release. */
#define MIRACAST_FEATURE_REVOKED	(1 << 0)
/* MIRACAST_PLUG_IMPORT decides on buffers of other drivers. */
#define MIRACAST_FEATURE_IMPORT		(1 << 1)
/* Sound cards, see "Sound"; not in a kernel that was built without ALSA. */
#define MIRACAST_FEATURE_SOUND		(1 << 2)
/*
 * MIRACAST_PLUG_IMPORT_SYNCED, and the list of struct miracast_import; struct
 * miracast_get_buffer says whose a buffer is.
 */
#define MIRACAST_FEATURE_IMPORT_LIST	(1 << 3)
/* MIRACAST_CTL_GET_COLOR, and color_serial of struct miracast_frame. */
#define MIRACAST_FEATURE_COLOR		(1 << 4)

/**
 * enum miracast_state - session state of a target
 * @MIRACAST_STATE_STOPPED: no session, or not yet started, or stopped
 * @MIRACAST_STATE_STARTING: between BEGIN_START and END_START or FAIL_START
 * @MIRACAST_STATE_STARTED: messages flow
 * @MIRACAST_STATE_STOPPING: between the stop, or a status report, and END_STOP
 */
enum miracast_state {
	MIRACAST_STATE_STOPPED = 0,
	MIRACAST_STATE_STARTING = 1,
	MIRACAST_STATE_STARTED = 2,
	MIRACAST_STATE_STOPPING = 3,
};

#define MIRACAST_TARGET_OPEN	(1 << 0)	/* a context exists */
#define MIRACAST_TARGET_PLUGGED	(1 << 1)	/* a monitor is reported */

/**
 * struct miracast_target_info - MIRACAST_IOC_NEXT_TARGET, walk the targets
 * @id: in: the id after which to look, 0 for the first; out: the id found
 * @state: out: enum miracast_state
 * @flags: out: MIRACAST_TARGET_*
 * @connector_id: out: DRM object id of the connector, 0 if there is none
 * @card_minor: out: minor number of its /dev/dri/card*, 0xffffffff if none
 * @driver: out: name of the display driver, NUL terminated
 * @name: out: name of the target (the connector's name), NUL terminated
 * @last_status: out: last status reported on this target, or
 *	MIRACAST_STATUS_NONE
 * @reserved: zero
 *
 * Fails with -ENOENT when there is none after @id. poll() on the broker fd
 * says EPOLLPRI after targets have come or gone since the last walk that
 * reached the end.
 */
struct miracast_target_info {
	__u32 id;
	__u32 state;
	__u32 flags;
	__u32 connector_id;
	__u32 card_minor;
	__u32 last_status;
	char driver[32];
	char name[32];
	__u64 reserved;
};

/**
 * struct miracast_open_sink - MIRACAST_IOC_OPEN_SINK, create a context
 * @target: in: target id; 0 takes the first free one of any driver
 * @flags: in: MIRACAST_OPEN_NONBLOCK or 0
 * @fd: out: the sink fd, O_CLOEXEC
 * @target_opened: out: the target that was taken
 *
 * -EBUSY: the target has a context, or none is free; -ENOENT: no such
 * target; -EMFILE, -ENFILE; -EINVAL: also when the caller's structure ends
 * before @fd.
 */
struct miracast_open_sink {
	__u32 target;
	__u32 flags;
	__s32 fd;
	__u32 target_opened;
};

#define MIRACAST_OPEN_NONBLOCK	(1 << 0)	/* the sink fd is O_NONBLOCK */

/**
 * struct miracast_destroy_sink - MIRACAST_IOC_DESTROY_SINK, forced teardown
 * @target: in: target id
 * @reserved: zero
 *
 * Destroys the target's context now, whoever holds its fd: messages are
 * completed with -ECANCELED, the monitor departs, later calls on the sink fd
 * fail. Returns when the context is gone. -ENOENT: no context there.
 */
struct miracast_destroy_sink {
	__u32 target;
	__u32 reserved;
};

/* -------------------------------------------------------------- sink fd */

/**
 * enum miracast_session_op - arrows of the state machine
 * @MIRACAST_SESSION_BEGIN_START: STOPPED to STARTING; the caller's thread
 *	becomes the one whose I/O control gets through
 * @MIRACAST_SESSION_END_START: STARTING to STARTED; held messages flow
 * @MIRACAST_SESSION_FAIL_START: STARTING to STOPPING, with the reason in status
 * @MIRACAST_SESSION_BEGIN_STOP: STARTED or STOPPING to STOPPING; from STOPPED
 *	too, so that a stop is always safe; the caller's thread becomes the one
 *	whose I/O control gets through
 * @MIRACAST_SESSION_END_STOP: STOPPING to STOPPED
 */
enum miracast_session_op {
	MIRACAST_SESSION_BEGIN_START = 1,
	MIRACAST_SESSION_END_START = 2,
	MIRACAST_SESSION_FAIL_START = 3,
	MIRACAST_SESSION_BEGIN_STOP = 4,
	MIRACAST_SESSION_END_STOP = 5,
};

/**
 * struct miracast_session_ctl - MIRACAST_IOC_SESSION, move the session on
 * @op: in: enum miracast_session_op
 * @info: in: with END_START the MIRACAST_SESSION_* bits; else zero
 * @status: in: with FAIL_START a negative errno; else zero
 * @state: out: the state afterwards
 */
struct miracast_session_ctl {
	__u32 op;
	__u32 info;
	__s32 status;
	__u32 state;
};

#define MIRACAST_SESSION_MONITOR_CONNECTED	(1 << 0)	/* the sink has a panel */
#define MIRACAST_SESSION_REDUCED_MODES		(1 << 1)	/* some left out for the link */

/**
 * enum miracast_record_type - what a record that was read is
 * @MIRACAST_REC_MESSAGE: a message that wants one reply
 * @MIRACAST_REC_CANCEL: the message with this id, delivered before, is no
 *	longer wanted (its sender cancelled or timed out); no payload, no reply.
 *	A reply that is already on its way simply fails with -ENOENT
 */
enum miracast_record_type {
	MIRACAST_REC_MESSAGE = 1,
	MIRACAST_REC_CANCEL = 2,
};

/**
 * struct miracast_record - begins what read() returns; the payload follows
 * @len: bytes of header and payload
 * @header_len: bytes of the header; the payload begins there
 * @type: enum miracast_record_type
 * @id: the message; unique in the session and never reused
 * @out_max: most payload bytes that the reply may carry
 * @flags: zero for now
 */
struct miracast_record {
	__u32 len;
	__u16 header_len;
	__u16 type;
	__u64 id;
	__u32 out_max;
	__u32 flags;
};

/**
 * struct miracast_reply - begins what write() takes; the payload follows
 * @len: bytes of header and payload, equal to the length of the write
 * @header_len: bytes of the header: the size of this structure
 * @flags: zero
 * @id: the message
 * @status: 0 or a negative errno
 * @reserved: zero
 */
struct miracast_reply {
	__u32 len;
	__u16 header_len;
	__u16 flags;
	__u64 id;
	__s32 status;
	__u32 reserved;
};

/**
 * struct miracast_io_control - MIRACAST_IOC_IO_CONTROL, call the driver
 * @code: in: MIRACAST_CTL_*
 * @flags: in: MIRACAST_IO_CONTROL_HARDWARE_ACCESS or 0
 * @in_ptr: in: user address of the input
 * @out_ptr: in: user address for the output
 * @in_len: in: bytes of input, at most MIRACAST_MAX_IO_CONTROL
 * @out_len: in: room for output, at most MIRACAST_MAX_IO_CONTROL
 * @bytes_returned: out: bytes of output that the driver wrote
 * @reserved: zero
 *
 * Input is copied in once before, output copied out once after the call.
 * Whatever the driver returns is returned; -EMSGSIZE: lengths above the
 * limit; -EOPNOTSUPP: no such code, or hardware access asked of a driver
 * without hardware; -ESHUTDOWN, -EINTR: see "I/O control" above.
 */
struct miracast_io_control {
	__u32 code;
	__u32 flags;
	__u64 in_ptr;
	__u64 out_ptr;
	__u32 in_len;
	__u32 out_len;
	__u32 bytes_returned;
	__u32 reserved;
};

#define MIRACAST_IO_CONTROL_HARDWARE_ACCESS	(1 << 0)

/**
 * enum miracast_status - why a session ends (MIRACAST_STATUS)
 * @MIRACAST_STATUS_CRITICAL_ERROR: any error without a value of its own
 * @MIRACAST_STATUS_MISSING_KEEPALIVE: the sink stopped answering M16
 * @MIRACAST_STATUS_SINK_DISCONNECT_REQUEST: the sink tore the session down
 * @MIRACAST_STATUS_INSUFFICIENT_BANDWIDTH: the mode can no longer be carried
 * @MIRACAST_STATUS_SINK_FAILED_MODE_CHANGE: the sink refused a mode
 */
enum miracast_status {
	MIRACAST_STATUS_CRITICAL_ERROR = 0,
	MIRACAST_STATUS_MISSING_KEEPALIVE = 1,
	MIRACAST_STATUS_SINK_DISCONNECT_REQUEST = 2,
	MIRACAST_STATUS_INSUFFICIENT_BANDWIDTH = 3,
	MIRACAST_STATUS_SINK_FAILED_MODE_CHANGE = 4,
};

#define MIRACAST_STATUS_NONE	0xffffffffU	/* nothing reported yet; never sent */

/**
 * struct miracast_report_status - MIRACAST_IOC_REPORT_STATUS, end the session
 * @status: in: enum miracast_status
 * @error: in: negative errno with the details, or 0; for the log only
 *
 * Any report moves a starting or started session to STOPPING without a
 * thread that owns I/O control. Later reports are logged only.
 */
struct miracast_report_status {
	__u32 status;
	__s32 error;
};

/**
 * enum miracast_chunk_type - stage that a chunk record speaks of
 * @MIRACAST_CHUNK_UNKNOWN: not used
 * @MIRACAST_CHUNK_COLOR_CONVERT: colour conversion done; processing_time
 * @MIRACAST_CHUNK_ENCODE: encoding done; processing_time and encode_rate
 * @MIRACAST_CHUNK_FRAME_START: the desktop has a new frame
 * @MIRACAST_CHUNK_FRAME_DROPPED: work on the frame was abandoned
 */
enum miracast_chunk_type {
	MIRACAST_CHUNK_UNKNOWN = 0,
	MIRACAST_CHUNK_COLOR_CONVERT = 1,
	MIRACAST_CHUNK_ENCODE = 2,
	MIRACAST_CHUNK_FRAME_START = 3,
	MIRACAST_CHUNK_FRAME_DROPPED = 4,
};

/* Their meaning is agreed between the display driver and its user space. */
#define MIRACAST_CHUNK_DRIVER_1	0x80000000U
#define MIRACAST_CHUNK_DRIVER_2	0x80000001U

/* A chunk id: 40 bits of frame number, 24 bits of part number. */
#define MIRACAST_CHUNK_ID(frame, part) \
	(((__u64)(frame) & 0xffffffffffULL) | ((__u64)(part) << 40))
#define MIRACAST_CHUNK_ID_FRAME(id)	((id) & 0xffffffffffULL)
#define MIRACAST_CHUNK_ID_PART(id)	((id) >> 40)

/**
 * struct miracast_chunk_info - one processing step of one part of a frame
 * @type: enum miracast_chunk_type
 * @processing_time: microseconds, 0 where it has no meaning
 * @id: MIRACAST_CHUNK_ID(); the frame is the seq of struct miracast_frame
 * @encode_rate: kilobits per second, 0 where it has no meaning
 * @reserved: zero
 */
struct miracast_chunk_info {
	__u32 type;
	__u32 processing_time;
	__u64 id;
	__u32 encode_rate;
	__u32 reserved;
};

/**
 * struct miracast_chunk - one packed record that MIRACAST_IOC_GET_CHUNKS gives
 * @len: bytes of this record, its private data and padding to 8 bytes
 * @header_len: bytes of this structure; the private data begins there
 * @data_len: bytes of private data
 * @info: what was processed
 */
struct miracast_chunk {
	__u32 len;
	__u16 header_len;
	__u16 data_len;
	struct miracast_chunk_info info;
};

/**
 * struct miracast_get_chunks - MIRACAST_IOC_GET_CHUNKS, drain encode chunks
 * @buf_ptr: in: user address of the buffer
 * @buf_len: in: its size
 * @used: out: bytes written: as many whole records as fit
 * @outstanding: out: records left, a hint
 * @needed: out: with -EMSGSIZE the size of the next record, else 0
 *
 * For display drivers whose hardware encodes; miracast.ko reports
 * MIRACAST_CHUNK_FRAME_START here. Never waits: poll() says EPOLLRDBAND.
 * -EAGAIN: none; -EMSGSIZE: the next does not fit and stays;
 * -ECONNRESET, once: the queue overflowed, all that was queued is lost, and
 * the stream should go on with an IDR.
 */
struct miracast_get_chunks {
	__u64 buf_ptr;
	__u32 buf_len;
	__u32 used;
	__u32 outstanding;
	__u32 needed;
};

/**
 * enum miracast_statistic_type - what MIRACAST_IOC_REPORT_STATISTIC logs
 * @MIRACAST_STATISTIC_CHUNK_COMPLETE: a chunk record
 * @MIRACAST_STATISTIC_CHUNK_SENT: the first packet of the chunk is about to
 *	be sent; only info.id counts
 * @MIRACAST_STATISTIC_EVENT: a protocol event
 */
enum miracast_statistic_type {
	MIRACAST_STATISTIC_CHUNK_COMPLETE = 0,
	MIRACAST_STATISTIC_CHUNK_SENT = 1,
	MIRACAST_STATISTIC_EVENT = 2,
};

/**
 * enum miracast_protocol_event - events worth a line in the trace
 * @MIRACAST_EVENT_IDR_REQUEST: the sink asked for an IDR picture
 * @MIRACAST_EVENT_MONITOR_ARRIVE: a monitor was plugged into the sink
 * @MIRACAST_EVENT_MONITOR_DEPART: it was unplugged
 */
enum miracast_protocol_event {
	MIRACAST_EVENT_IDR_REQUEST = 0,
	MIRACAST_EVENT_MONITOR_ARRIVE = 1,
	MIRACAST_EVENT_MONITOR_DEPART = 2,
};

/**
 * struct miracast_statistic - MIRACAST_IOC_REPORT_STATISTIC, log
 * @type: in: enum miracast_statistic_type
 * @event: in: enum miracast_protocol_event, with type EVENT; else zero
 * @info: in: with the chunk types; else zero
 *
 * Becomes a trace event, miracast:miracast_statistic; no other effect.
 */
struct miracast_statistic {
	__u32 type;
	__u32 event;
	struct miracast_chunk_info info;
};

/* ------------------------------------------- miracast.ko: I/O control */

/**
 * enum miracast_ctl - I/O control codes of miracast.ko
 * @MIRACAST_CTL_PLUG: monitor arrival; input struct miracast_plug, then its
 *	modes, then its EDID, then its imports; no output. Only in STARTED. Again
 *	while plugged: replaces modes, EDID, imports and flags, and the sound card
 *	if that is another one. Buffers that were imported before stay
 * @MIRACAST_CTL_UNPLUG: monitor departure; no input, no output; also when
 *	there is none
 * @MIRACAST_CTL_GET_MODE: output struct miracast_mode_state: what the
 *	desktop has set now; no input
 * @MIRACAST_CTL_GET_COLOR: output struct miracast_color: what the desktop has set
 *	now; no input
 * @MIRACAST_CTL_DRIVER_BASE: first code for another driver's own use
 */
enum miracast_ctl {
	MIRACAST_CTL_PLUG = 1,
	MIRACAST_CTL_UNPLUG = 2,
	MIRACAST_CTL_GET_MODE = 3,
	MIRACAST_CTL_GET_COLOR = 4,
	MIRACAST_CTL_DRIVER_BASE = 0x10000,
};

/**
 * struct miracast_mode - one mode that sink, link and encoder can carry
 * @width: pixels
 * @height: lines
 * @refresh: millihertz; at least 23900
 * @flags: MIRACAST_MODE_PREFERRED or 0
 */
struct miracast_mode {
	__u32 width;
	__u32 height;
	__u32 refresh;
	__u32 flags;
};

#define MIRACAST_MODE_PREFERRED	(1 << 0)

/**
 * struct miracast_import - a driver whose buffers the caller can read
 * @driver: its name, NUL terminated: that of the DRM driver (DRM_IOCTL_VERSION)
 *	which has exported the dma-buf; of what is not a buffer of GEM, or is exported
 *	in a driver's own way, the exp_name of /proc/PID/fdinfo
 */
struct miracast_import {
	char driver[32];
};

/**
 * struct miracast_plug - the monitor that arrives
 * @size: bytes of this structure
 * @flags: MIRACAST_PLUG_*
 * @num_modes: modes that follow this structure, at most MIRACAST_MAX_MODES
 * @mode_size: bytes of each: the size of struct miracast_mode
 * @edid_len: bytes of EDID that follow the modes, multiple of 128, or 0
 * @monitor_type: DRM_MODE_CONNECTOR_* between sink and panel, 0 unknown
 * @sound_rates: MIRACAST_SOUND_44100 | MIRACAST_SOUND_48000, which the sound card
 *	takes; 0: there is none
 * @sound_channels: 2, or 6 for a card that takes 2 or 6; 0 without a card
 * @sound_name: name of the card, UTF-8 without control characters, NUL terminated;
 *	empty without a card
 * @num_imports: struct miracast_import that follow the EDID, at most
 *	MIRACAST_MAX_IMPORTS
 * @import_size: bytes of each: the size of struct miracast_import; 0 if there are
 *	none
 *
 * The connector offers the modes of the EDID that the list holds, too: a mode
 * matches when its size is equal and its refresh within 0.5 %. Without an EDID,
 * or when nothing matches, it offers the list. An empty list sets no limit and
 * needs an EDID. The EDID is checked (-EINVAL) and then shown as it is.
 *
 * The input is as long as structure, modes, EDID and imports together (-EINVAL).
 * When there can be no sound card, -EOPNOTSUPP (no MIRACAST_FEATURE_SOUND) or -ENOSPC (ALSA has
 * no room for one more), the monitor is not plugged in either; it may be without.
 */
struct miracast_plug {
	__u32 size;
	__u32 flags;
	__u32 num_modes;
	__u32 mode_size;
	__u32 edid_len;
	__u32 monitor_type;
	__u32 sound_rates;
	__u32 sound_channels;
	char sound_name[32];
	__u32 num_imports;
	__u32 import_size;
};

#define MIRACAST_SOUND_44100	(1 << 0)
#define MIRACAST_SOUND_48000	(1 << 1)

/*
 * The caller blends the cursor into the picture. Without: the cursor plane takes no
 * cursor that is seen (-EINVAL), and the desktop draws it into the picture instead. One
 * that is there when a plug takes the flag away stays until the desktop moves it.
 */
#define MIRACAST_PLUG_CURSOR	(1 << 0)
/*
 * The caller can read pictures in buffers that other drivers have made, whichever,
 * and that the desktop has imported (PRIME): it has a GPU that imports them itself,
 * or it takes what comes. See "Buffers of other drivers".
 */
#define MIRACAST_PLUG_IMPORT	(1 << 1)
/* The same of drivers that make their memory ready for the CPU (begin_cpu_access()). */
#define MIRACAST_PLUG_IMPORT_SYNCED (1 << 2)
/*
 * What neither of the two allows, nor the plug's imports, is refused. Imports are
 * made for the card, so each monitor that is plugged in has to allow them; and those
 * of a driver that lets nobody map its buffers are refused in any case.
 */

/* ----------------------------------------------- miracast.ko: messages */

/**
 * enum miracast_message_code - what miracast.ko's messages say
 * @MIRACAST_MSG_MODE_SET: the desktop has set a mode; struct
 *	miracast_mode_state. Sent after the commit, which does not wait. The
 *	monitor is on, whatever POWER has said before; POWER follows if it is not.
 *	Reply status: 0, or why the mode cannot be carried. With -ERANGE the
 *	connector's link-status becomes bad and the desktop is told, so that it
 *	chooses another one, or the same once more, three times for a monitor;
 *	so it does, too, when a plug brings a list without the mode that is set
 * @MIRACAST_MSG_MODE_OFF: the desktop has switched the monitor off for good
 *	(disabled, no longer in use); no frames follow; drop cached buffers
 * @MIRACAST_MSG_POWER: the desktop blanked (standby) or woke the monitor, or took
 *	the picture off it or put one on;
 *	struct miracast_power; put the sink in low power or wake it
 * @MIRACAST_MSG_KEY_FRAME: the picture is discontinuous; send an IDR
 */
enum miracast_message_code {
	MIRACAST_MSG_MODE_SET = 1,
	MIRACAST_MSG_MODE_OFF = 2,
	MIRACAST_MSG_POWER = 3,
	MIRACAST_MSG_KEY_FRAME = 4,
};

/**
 * struct miracast_message - beginning of each message of miracast.ko
 * @code: enum miracast_message_code
 * @len: bytes of this structure and the one that follows
 *
 * Codes that a reader does not know are answered with -EOPNOTSUPP.
 */
struct miracast_message {
	__u32 code;
	__u32 len;
};

/**
 * struct miracast_mode_state - the mode that is set
 * @width: active pixels; 0: the monitor is off
 * @height: active lines
 * @refresh: millihertz
 * @serial: counts mode sets; struct miracast_frame carries the same value
 */
struct miracast_mode_state {
	__u32 width;
	__u32 height;
	__u32 refresh;
	__u32 serial;
};

/**
 * struct miracast_power - payload of MIRACAST_MSG_POWER
 * @on: 1 the monitor is on, 0 standby
 * @reserved: zero
 */
struct miracast_power {
	__u32 on;
	__u32 reserved;
};

/* ------------------------------------------------- miracast.ko: frames */

/**
 * struct miracast_rect - half-open rectangle, in pixels of the picture
 * @x1: left, inclusive
 * @y1: top, inclusive
 * @x2: right, exclusive
 * @y2: bottom, exclusive
 */
struct miracast_rect {
	__u32 x1;
	__u32 y1;
	__u32 x2;
	__u32 y2;
};

#define MIRACAST_COLOR_LUT	256

/**
 * struct miracast_color - what becomes of a pixel's colour before it is shown
 * @serial: counts what the desktop has set; 0: nothing yet
 * @flags: MIRACAST_COLOR_*
 * @matrix: with MIRACAST_COLOR_MATRIX: rows for red, green and blue out, by what red,
 *	green and blue are multiplied; sign and magnitude, 32 bits of which are the
 *	fraction, as in struct drm_color_ctm
 * @red: with MIRACAST_COLOR_CURVES: what becomes of each value of red, of 65535
 * @green: the same of green
 * @blue: the same of blue
 *
 * First the matrix, then, of its result between 0 and 1, the curves. Both are of the
 * values as they are in the buffer, with the cursor in its place.
 */
struct miracast_color {
	__u32 serial;
	__u32 flags;
	__u64 matrix[9];
	__u16 red[MIRACAST_COLOR_LUT];
	__u16 green[MIRACAST_COLOR_LUT];
	__u16 blue[MIRACAST_COLOR_LUT];
};

#define MIRACAST_COLOR_MATRIX	(1 << 0)
#define MIRACAST_COLOR_CURVES	(1 << 1)

#define MIRACAST_FRAME_FULL	(1 << 0)	/* everything is damaged */
#define MIRACAST_FRAME_CURSOR	(1 << 1)	/* the cursor changed */
#define MIRACAST_FRAME_CURSOR_VISIBLE (1 << 2)	/* cursor_* are valid */

/**
 * struct miracast_frame - MIRACAST_IOC_ACQUIRE_FRAME, take the newest picture
 * @seq: out: number of the picture, rising; gaps are pictures that were
 *	skipped
 * @flip_ns: out: CLOCK_MONOTONIC of the commit that brought it
 * @buffer_id: out: the buffer with the pixels
 * @modifier: out: DRM format modifier
 * @fourcc: out: DRM_FORMAT_*
 * @num_planes: out: memory planes used
 * @pitch: out: bytes per line of each plane
 * @offset: out: byte offset of each plane; points at the buffer's origin
 * @src_x: out: left edge of the picture in the buffer, pixels
 * @src_y: out: top edge of the picture in the buffer
 * @width: out: size of the picture
 * @height: out: size of the picture
 * @mode_serial: out: mode set that it belongs to
 * @flags: in: zero; out: MIRACAST_FRAME_*
 * @num_damage: out: valid entries of @damage
 * @num_revoked: out: valid entries of @revoked
 * @damage: out: what changed since the last picture acquired through this
 *	fd; with MIRACAST_FRAME_FULL one rectangle of the whole
 * @cursor_x: out: left edge of the cursor image in the picture; may be negative
 * @cursor_y: out: top edge
 * @cursor_width: out: size of the cursor image, ARGB8888 premultiplied
 * @cursor_height: out: size of the cursor image
 * @cursor_pitch: out: bytes per line of the cursor image
 * @cursor_offset: out: byte offset of the cursor image
 * @cursor_buffer_id: out: buffer with the cursor image, for GET_BUFFER
 * @revoked: out: seq of pictures that were released with a sync_file, and whose
 *	hold was revoked before that signalled; each is named once
 * @shown_ns: out: CLOCK_MONOTONIC of the first vertical blank after @flip_ns; 0
 *	from a kernel that does not know it
 * @color_serial: out: struct miracast_color that it is to be shown with, or a newer
 *	one; 0: as it is
 * @reserved: out: zero
 *
 * Never waits: -EAGAIN when there is no newer picture (poll for EPOLLPRI),
 * -ENODATA when the monitor is off or not plugged in, -EBUSY when
 * MIRACAST_MAX_HELD frames are held, -ENOBUFS when more than 1000 retired ids
 * wait for MIRACAST_IOC_GET_RETIRED. After a hold has been revoked the picture
 * on the screen can be acquired anew, with a @seq of its own.
 */
struct miracast_frame {
	__u64 seq;
	__u64 flip_ns;
	__u64 buffer_id;
	__u64 modifier;
	__u32 fourcc;
	__u32 num_planes;
	__u32 pitch[4];
	__u32 offset[4];
	__u32 src_x;
	__u32 src_y;
	__u32 width;
	__u32 height;
	__u32 mode_serial;
	__u32 flags;
	__u32 num_damage;
	__u32 num_revoked;
	struct miracast_rect damage[MIRACAST_MAX_DAMAGE];
	__s32 cursor_x;
	__s32 cursor_y;
	__u32 cursor_width;
	__u32 cursor_height;
	__u32 cursor_pitch;
	__u32 cursor_offset;
	__u64 cursor_buffer_id;
	__u64 revoked[MIRACAST_MAX_HELD];
	__u64 shown_ns;
	__u32 color_serial;
	__u32 reserved;
};

/**
 * struct miracast_release_frame - MIRACAST_IOC_RELEASE_FRAME, give it back
 * @seq: in: the picture
 * @flags: in: zero; out: MIRACAST_RELEASE_*
 * @sync_file: in: -1, or a sync_file that signals when reading has ended; the
 *	release then counts from that moment, see "Frames"
 *
 * -ENOENT: not held by this fd; -EINVAL: also when @sync_file is none.
 */
struct miracast_release_frame {
	__u64 seq;
	__u32 flags;
	__s32 sync_file;
};

#define MIRACAST_RELEASE_REVOKED (1 << 0)	/* hold ended before: maybe torn */

/**
 * struct miracast_get_buffer - MIRACAST_IOC_GET_BUFFER, fetch a dma-buf
 * @buffer_id: in: from a frame that is held by this fd
 * @num_fds: out: valid entries of @fd
 * @flags: in: zero; out: MIRACAST_BUFFER_*
 * @fd: out: dma-buf of each memory plane, O_CLOEXEC; planes that share a
 *	dma-buf share its descriptor
 *
 * To be read only: it is what the desktop shows. The descriptor of a buffer of
 * this card is O_RDONLY, so that it cannot be mapped for writing (-EACCES). That
 * is all it stops: a driver that imports the dma-buf does not look at the mode
 * and can write to it. The descriptor of an imported buffer is the compositor's
 * own dma-buf, with whatever mode that has.
 *
 * The cursor image of a held frame is a buffer, too. -ENOENT: no such buffer in
 * a held frame; -EMFILE; -EINVAL: also when the caller's structure ends before
 * the descriptors.
 */
struct miracast_get_buffer {
	__u64 buffer_id;
	__u32 num_fds;
	__u32 flags;
	__s32 fd[4];
};

#define MIRACAST_BUFFER_IMPORTED (1 << 0)	/* another driver's */

/**
 * struct miracast_get_retired - MIRACAST_IOC_GET_RETIRED, buffers that are gone
 * @ids: out: buffer ids that will not come back
 * @num_ids: out: valid entries of @ids
 * @outstanding: out: more of them wait
 *
 * Only ids that were given out through this fd are named. None: -EAGAIN.
 */
struct miracast_get_retired {
	__u64 ids[16];
	__u32 num_ids;
	__u32 outstanding;
};

/* -------------------------------------------------- miracast.ko: sound */

/**
 * struct miracast_open_sound - MIRACAST_IOC_OPEN_SOUND, hear what is played
 * @flags: in: MIRACAST_OPEN_NONBLOCK or 0
 * @fd: out: the sound fd, O_CLOEXEC
 * @ring_bytes: out: size of the ring, a multiple of the page size
 * @tick_us: out: while something plays, what is new is handed out at least this
 *	often, microseconds
 * @lead_us: out: how long before they are due frames are handed out, at most
 * @hold_us: out: how long after they are due frames are held, at most
 *
 * -ENODATA: no sound card is plugged in; -EBUSY: it has a reader; -EMFILE, -ENFILE;
 * -EINVAL: also when the caller's structure ends before @fd.
 */
struct miracast_open_sound {
	__u32 flags;
	__s32 fd;
	__u32 ring_bytes;
	__u32 tick_us;
	__u32 lead_us;
	__u32 hold_us;
};

/**
 * enum miracast_sound_type - what a record of the sound fd says
 * @MIRACAST_SOUND_START: something begins to play: rate, channels, buffer_bytes;
 *	frame is due at time_ns
 * @MIRACAST_SOUND_SAMPLES: frames in the ring, which are held from now on
 * @MIRACAST_SOUND_STOP: it has ended, at time_ns; frame is that after the last one
 */
enum miracast_sound_type {
	MIRACAST_SOUND_START = 1,
	MIRACAST_SOUND_SAMPLES = 2,
	MIRACAST_SOUND_STOP = 3,
};

/**
 * struct miracast_sound_record - what read() of the sound fd returns
 * @len: bytes of the record
 * @header_len: bytes of this structure
 * @type: enum miracast_sound_type
 * @time_ns: CLOCK_MONOTONIC, see above; with SAMPLES: when @frame is due, which
 *	is in the future as a rule
 * @frame: with SAMPLES: the first one; counts from 0 when the application prepares
 *	the device, and goes on over a pause
 * @offset: with SAMPLES: where that is in the ring, bytes; else zero
 * @frames: with SAMPLES: how many, at least 1; they do not go beyond @buffer_bytes,
 *	a further record goes on at offset 0; else zero
 * @rate: frames per second
 * @channels: 2 or 6; a frame has twice as many bytes
 * @buffer_bytes: bytes of the ring that are in use, a multiple of a frame's
 * @flags: MIRACAST_SOUND_REVOKED or 0
 * @lost: frames that were skipped since the last record, as they were not read in
 *	time
 * @reserved: zero
 */
struct miracast_sound_record {
	__u32 len;
	__u16 header_len;
	__u16 type;
	__u64 time_ns;
	__u64 frame;
	__u32 offset;
	__u32 frames;
	__u32 rate;
	__u32 channels;
	__u32 buffer_bytes;
	__u32 flags;
	__u32 lost;
	__u32 reserved;
};

#define MIRACAST_SOUND_REVOKED	(1 << 0)	/* the record before: maybe torn */

/* --------------------------------------------------------------- ioctls */

/* 0xDC in Documentation/userspace-api/ioctl/ioctl-number.rst, all of it. */
#define MIRACAST_IOC_MAGIC	0xdc

#define MIRACAST_IOC_HELLO \
	_IOWR(MIRACAST_IOC_MAGIC, 0x00, struct miracast_hello)
#define MIRACAST_IOC_NEXT_TARGET \
	_IOWR(MIRACAST_IOC_MAGIC, 0x01, struct miracast_target_info)
#define MIRACAST_IOC_OPEN_SINK \
	_IOWR(MIRACAST_IOC_MAGIC, 0x02, struct miracast_open_sink)
#define MIRACAST_IOC_DESTROY_SINK \
	_IOW(MIRACAST_IOC_MAGIC, 0x03, struct miracast_destroy_sink)

#define MIRACAST_IOC_SESSION \
	_IOWR(MIRACAST_IOC_MAGIC, 0x10, struct miracast_session_ctl)
#define MIRACAST_IOC_IO_CONTROL \
	_IOWR(MIRACAST_IOC_MAGIC, 0x11, struct miracast_io_control)
#define MIRACAST_IOC_REPORT_STATUS \
	_IOW(MIRACAST_IOC_MAGIC, 0x12, struct miracast_report_status)
#define MIRACAST_IOC_REPORT_STATISTIC \
	_IOW(MIRACAST_IOC_MAGIC, 0x13, struct miracast_statistic)
#define MIRACAST_IOC_GET_CHUNKS \
	_IOWR(MIRACAST_IOC_MAGIC, 0x14, struct miracast_get_chunks)

/*
 * From here on the display drivers' own, on their sink fds. A number means one
 * thing, whatever the driver: each has a block that is allotted here.
 *
 *	0x40 to 0x4f	miracast.ko
 *	0xe0 to 0xef	miracast_test.ko
 *	0xf0 to 0xff	miracast_test.ko, on /dev/miracast_test
 */
#define MIRACAST_IOC_DRIVER_BASE 0x40
#define MIRACAST_IOC_ACQUIRE_FRAME \
	_IOWR(MIRACAST_IOC_MAGIC, 0x40, struct miracast_frame)
#define MIRACAST_IOC_RELEASE_FRAME \
	_IOWR(MIRACAST_IOC_MAGIC, 0x41, struct miracast_release_frame)
#define MIRACAST_IOC_GET_BUFFER \
	_IOWR(MIRACAST_IOC_MAGIC, 0x42, struct miracast_get_buffer)
#define MIRACAST_IOC_GET_RETIRED \
	_IOWR(MIRACAST_IOC_MAGIC, 0x43, struct miracast_get_retired)
#define MIRACAST_IOC_OPEN_SOUND \
	_IOWR(MIRACAST_IOC_MAGIC, 0x44, struct miracast_open_sound)

#if defined(__cplusplus)
}
#endif

#endif /* _UAPI_DRM_MIRACAST_H */
