// SPDX-License-Identifier: GPL-2.0-only
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <linux/genetlink.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <poll.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <drm/miracast.h>

#include "relay_ends.h"

/* On the stack: threads that share a cache line would hold each other up. */
void burn(unsigned int turns)
{
	volatile unsigned int sum = 0;

	for (unsigned int i = 0; i < turns; i++)
		sum += i;
}

/* ------------------------------------------------------------------ relay */

static void must_ioctl(int fd, unsigned long request, void *arg, const char *what)
{
	if (ioctl(fd, request, arg))
		err(2, "%s", what);
}

static void relay_open(struct relay_end *end)
{
	struct miracast_hello hello = {
		.abi_min = MIRACAST_ABI_VERSION, .abi_max = MIRACAST_ABI_VERSION,
	};
	struct miracast_session_ctl begin = { .op = MIRACAST_SESSION_BEGIN_START };
	struct miracast_session_ctl started = { .op = MIRACAST_SESSION_END_START };
	struct miracast_target_info info = {};
	struct miracast_open_sink sink = {};
	int broker = open("/dev/miracast", O_RDWR | O_CLOEXEC);

	if (broker < 0)
		err(2, "/dev/miracast");
	must_ioctl(broker, MIRACAST_IOC_HELLO, &hello, "HELLO");
	do {
		must_ioctl(broker, MIRACAST_IOC_NEXT_TARGET, &info,
			   "no target of " MIRACAST_BENCH_DRIVER);
	} while (strcmp(info.driver, MIRACAST_BENCH_DRIVER));

	sink.target = info.id;
	sink.flags = end->polled ? MIRACAST_OPEN_NONBLOCK : 0;
	must_ioctl(broker, MIRACAST_IOC_OPEN_SINK, &sink, "OPEN_SINK");
	must_ioctl(sink.fd, MIRACAST_IOC_SESSION, &begin, "BEGIN_START");
	must_ioctl(sink.fd, MIRACAST_IOC_SESSION, &started, "END_START");
	end->fd = sink.fd;
	end->fd_reply = sink.fd;
	end->fd_to = broker;
}

static bool relay_answer(const struct relay_end *end, unsigned int work)
{
	union {
		struct miracast_record record;
		struct {
			/* As long as the record's header. */
			struct miracast_reply reply;
			uint8_t payload[MIRACAST_BENCH_MAX_PAYLOAD];
		};
	} io;
	struct pollfd pollfd = { .fd = end->fd, .events = POLLIN };
	uint32_t payload;
	uint64_t id;

	if (end->polled && poll(&pollfd, 1, -1) < 0)
		return false;
	/* Somebody else may have been quicker. */
	if (read(end->fd, &io, sizeof(io)) < 0)
		return errno == EAGAIN;
	burn(work);
	id = io.record.id;
	payload = io.record.len - sizeof(io.record);
	io.reply = (struct miracast_reply) {
		.len = sizeof(io.reply) + payload,
		.header_len = sizeof(io.reply), .id = id,
	};

	return write(end->fd_reply, &io.reply, io.reply.len) == io.reply.len;
}

/* ------------------------------------------------------------------- pipe */

static void pipe_open(struct relay_end *end)
{
	int to_user[2], to_kernel[2];

	if (pipe2(to_user, O_CLOEXEC) || pipe2(to_kernel, O_CLOEXEC))
		err(2, "pipe");
	end->fd_to = to_user[1];
	end->fd = to_user[0];
	end->fd_reply = to_kernel[1];
	end->fd_from = to_kernel[0];
}

static bool pipe_answer(const struct relay_end *end)
{
	uint8_t data[MIRACAST_BENCH_MAX_PAYLOAD];
	ssize_t got = read(end->fd, data, end->payload);

	return got > 0 && write(end->fd_reply, data, (size_t)got) == got;
}

/* ---------------------------------------------------------------- netlink */

static void netlink_open(struct relay_end *end)
{
	struct nl_sock *sock = nl_socket_alloc();
	int family;

	if (!sock || genl_connect(sock))
		errx(2, "no generic netlink");
	family = genl_ctrl_resolve(sock, MIRACAST_BENCH_FAMILY);
	if (family < 0)
		errx(2, "no family " MIRACAST_BENCH_FAMILY);
	nl_socket_disable_auto_ack(sock);
	if (genl_send_simple(sock, family, MIRACAST_BENCH_CMD_HELLO, 1, 0) < 0)
		errx(2, "netlink hello failed");
	end->fd = nl_socket_get_fd(sock);
	end->fd_reply = end->fd;
}

/* The message itself, without the library, goes back under another name. */
static bool netlink_answer(const struct relay_end *end)
{
	union {
		struct nlmsghdr head;
		uint8_t data[MIRACAST_BENCH_MAX_PAYLOAD + 64];
	} io;
	struct genlmsghdr *genl = NLMSG_DATA(&io.head);

	if (recv(end->fd, &io, sizeof(io), 0) < 0)
		return false;
	genl->cmd = MIRACAST_BENCH_CMD_PONG;
	io.head.nlmsg_flags = NLM_F_REQUEST;

	return send(end->fd_reply, &io, io.head.nlmsg_len, 0) >= 0;
}

/* ------------------------------------------------------------------- FUSE */

#define FUSE_FILE_NODE	2

struct fuse_request {
	struct fuse_in_header head;
	uint8_t body[FUSE_MIN_READ_BUFFER];
};

struct fuse_answer {
	struct fuse_out_header head;
	union {
		struct fuse_init_out init;
		struct fuse_entry_out entry;
		struct fuse_attr_out attr;
		struct fuse_open_out open;
		uint8_t data[MIRACAST_BENCH_MAX_PAYLOAD];
	};
};

static struct fuse_attr fuse_attr_of(uint64_t node)
{
	return (struct fuse_attr) {
		.ino = node,
		.mode = node == FUSE_FILE_NODE ? S_IFREG | 0600 : S_IFDIR | 0700,
		.nlink = 1,
		.size = MIRACAST_BENCH_MAX_PAYLOAD,
	};
}

/* Bytes of the answer's body, or a negative errno. */
static int fuse_serve(const struct fuse_request *request, struct fuse_answer *answer)
{
	struct fuse_read_in read_in;

	memset(answer, 0, offsetof(struct fuse_answer, data) + sizeof(answer->entry));
	switch (request->head.opcode) {
	case FUSE_INIT:
		answer->init.major = FUSE_KERNEL_VERSION;
		answer->init.minor = FUSE_KERNEL_MINOR_VERSION;
		answer->init.max_write = MIRACAST_BENCH_MAX_PAYLOAD;
		return sizeof(answer->init);
	case FUSE_LOOKUP:
		answer->entry.nodeid = FUSE_FILE_NODE;
		answer->entry.attr = fuse_attr_of(FUSE_FILE_NODE);
		return sizeof(answer->entry);
	case FUSE_GETATTR:
		answer->attr.attr = fuse_attr_of(request->head.nodeid);
		return sizeof(answer->attr);
	case FUSE_OPEN:
		answer->open.open_flags = FOPEN_DIRECT_IO;
		return sizeof(answer->open);
	case FUSE_READ:
		memcpy(&read_in, request->body, sizeof(read_in));
		return (int)read_in.size;
	case FUSE_FLUSH:
	case FUSE_RELEASE:
		return 0;
	default:
		return -ENOSYS;
	}
}

static bool fuse_answer_one(const struct relay_end *end)
{
	struct fuse_request request;
	struct fuse_answer answer;
	int bytes;

	if (read(end->fd, &request, sizeof(request)) < (ssize_t)sizeof(request.head))
		return false;
	if (request.head.opcode == FUSE_FORGET)
		return true;
	bytes = fuse_serve(&request, &answer);
	answer.head.len = (uint32_t)sizeof(answer.head) + (uint32_t)(bytes > 0 ? bytes : 0);
	answer.head.error = bytes < 0 ? bytes : 0;
	answer.head.unique = request.head.unique;

	return write(end->fd_reply, &answer, answer.head.len) == answer.head.len;
}

/* Opening the file wants answers already. */
static void *fuse_open_file(void *data)
{
	struct relay_end *end = data;

	end->fd_from = open("/tmp/relay-bench-fuse/file", O_RDONLY | O_CLOEXEC);
	if (end->fd_from < 0)
		err(2, "open of the FUSE file");
	return NULL;
}

static void fuse_open(struct relay_end *end)
{
	char options[64];
	pthread_t opener;

	end->fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	if (end->fd < 0)
		err(2, "/dev/fuse");
	end->fd_reply = end->fd;
	snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=0,group_id=0",
		 end->fd);
	if ((mkdir("/tmp/relay-bench-fuse", 0700) && errno != EEXIST) ||
	    mount("relay-bench", "/tmp/relay-bench-fuse", "fuse", 0, options))
		err(2, "mount of a FUSE file system");

	if (pthread_create(&opener, NULL, fuse_open_file, end))
		errx(2, "no thread");
	/* INIT, LOOKUP, OPEN */
	for (int i = 0; i < 3; i++)
		if (!fuse_answer_one(end))
			err(2, "FUSE");
	pthread_join(opener, NULL);
	/* Goes away with the last file. */
	umount2("/tmp/relay-bench-fuse", MNT_DETACH);
}

/* -------------------------------------------------------------------- all */

void relay_end_open(struct relay_end *end, uint32_t way, uint32_t payload, bool polled)
{
	*end = (struct relay_end) {
		.way = way, .fd_to = -1, .fd_from = -1, .payload = payload, .polled = polled,
	};

	switch (way) {
	case MIRACAST_BENCH_RELAY:
		relay_open(end);
		break;
	case MIRACAST_BENCH_PIPE:
		pipe_open(end);
		break;
	case MIRACAST_BENCH_NETLINK:
		netlink_open(end);
		break;
	case MIRACAST_BENCH_FILE:
		fuse_open(end);
		break;
	}
}

bool relay_end_answer(const struct relay_end *end, unsigned int work)
{
	switch (end->way) {
	case MIRACAST_BENCH_RELAY:
		return relay_answer(end, work);
	case MIRACAST_BENCH_PIPE:
		return pipe_answer(end);
	case MIRACAST_BENCH_NETLINK:
		return netlink_answer(end);
	case MIRACAST_BENCH_FILE:
		return fuse_answer_one(end);
	}
	return false;
}

void relay_end_hang_up(const struct relay_end *end)
{
	/* The broker's close ends the session; that of a FUSE file wants an answer. */
	if (end->way == MIRACAST_BENCH_RELAY)
		close(end->fd_to);
	else if (end->way == MIRACAST_BENCH_FILE)
		close(end->fd_from);
}

void relay_end_close(const struct relay_end *end)
{
	close(end->fd);
	if (end->way == MIRACAST_BENCH_PIPE) {
		close(end->fd_to);
		close(end->fd_from);
		close(end->fd_reply);
	}
}
