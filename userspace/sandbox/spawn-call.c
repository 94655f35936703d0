// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The caller of spawn.h.
 */
#include "spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "sandbox.h"

static int fail(const char *socket_path, const char *why)
{
	fprintf(stderr, "miracast-spawn: %s: %s\n", socket_path, why);
	return SANDBOX_EXIT_PROGRAM;
}

/* Before there is any that is not the program's. */
static uint32_t open_descriptors(void)
{
	uint32_t open = 0;

	for (int fd = 0; fd < SPAWN_DESCRIPTORS; fd++) {
		if (fcntl(fd, F_GETFD) >= 0)
			open |= 1u << fd;
	}
	return open;
}

/* Above those that are passed on. */
static int moved_up(int low)
{
	int fd = low < 0 ? -1 : fcntl(low, F_DUPFD_CLOEXEC, SPAWN_DESCRIPTORS);

	if (low >= 0)
		close(low);
	return fd;
}

static int connect_to(const char *socket_path)
{
	const struct timeval most = { .tv_sec = SPAWN_ANSWER_SECONDS };
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = moved_up(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));

	if (strlen(socket_path) >= sizeof(address.sun_path))
		errno = ENAMETOOLONG;
	else
		strcpy(address.sun_path, socket_path);
	/* Where many wait. */
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &most, sizeof(most));
	if (fd >= 0 && address.sun_path[0] && connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

/* Returns: how many, or -1: too much. */
static int add_strings(char *request, size_t *len, char **strings)
{
	int n;

	for (n = 0; strings[n]; n++) {
		size_t more = strlen(strings[n]) + 1;

		if (n == SPAWN_STRINGS || more > SPAWN_REQUEST_BYTES - *len)
			return -1;
		memcpy(request + *len, strings[n], more);
		*len += more;
	}
	return n;
}

static int send_request(int fd, uint32_t open, char **words)
{
	static char bytes[SPAWN_REQUEST_BYTES];
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(SPAWN_DESCRIPTORS * sizeof(int))];
	} control = { 0 };
	struct spawn_request request = { .passed = open };
	struct iovec data = { bytes, sizeof(request) };
	struct msghdr message = { .msg_iov = &data, .msg_iovlen = 1 };
	int passed[SPAWN_DESCRIPTORS];
	int n_words = add_strings(bytes, &data.iov_len, words);
	int n_variables = add_strings(bytes, &data.iov_len, environ);
	size_t n = 0;

	if (n_words < 0 || n_variables < 0) {
		errno = E2BIG;
		return -1;
	}
	request.words = n_words;
	request.variables = n_variables;
	memcpy(bytes, &request, sizeof(request));
	for (int i = 0; i < SPAWN_DESCRIPTORS; i++) {
		if (open & 1u << i)
			passed[n++] = i;
	}
	if (n) {
		message.msg_control = &control;
		message.msg_controllen = CMSG_SPACE(n * sizeof(int));
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(n * sizeof(int));
		memcpy(CMSG_DATA(&control.header), passed, n * sizeof(int));
	}
	return sendmsg(fd, &message, MSG_NOSIGNAL) < 0 ? -1 : 0;
}

/* Whoever waits for their end waits for the program's. */
static void give_up_descriptors(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int fd = 0; fd <= STDERR_FILENO; fd++) {
		if (null < 0)
			close(fd);
		else
			dup2(null, fd);
	}
	close_range(STDERR_FILENO + 1, SPAWN_DESCRIPTORS - 1, 0);
}

static void forward(int fd, int signals)
{
	struct signalfd_siginfo info;
	int number;

	if (read(signals, &info, sizeof(info)) != sizeof(info))
		return;
	number = info.ssi_signo == SIGUSR1 ? SIGKILL : SIGTERM;
	send(fd, &number, sizeof(number), MSG_NOSIGNAL);
}

/* As it has ended. */
static int end_as(int status)
{
	sigset_t all;

	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	/* The core is the program's matter. */
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	signal(WTERMSIG(status), SIG_DFL);
	sigfillset(&all);
	sigprocmask(SIG_UNBLOCK, &all, NULL);
	raise(WTERMSIG(status));
	return EXIT_FAILURE;
}

static long long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

/* Returns: bytes of the next message, 0 for those of none, -1: it has hung up or does not answer. */
static ssize_t next_message(int fd, int signals, int *status, int timeout_ms)
{
	struct pollfd polled[] = { { .fd = fd, .events = POLLIN }, { .fd = signals, .events = POLLIN } };
	long long end = now_ms() + timeout_ms;

	for (;;) {
		long long left = end - now_ms();

		if (timeout_ms >= 0 && left <= 0)
			return -1;
		if (poll(polled, 2, timeout_ms < 0 ? -1 : (int)left) < 0 && errno != EINTR)
			return -1;
		if (polled[1].revents)
			forward(fd, signals);
		if (polled[0].revents)
			return recv(fd, status, sizeof(*status), MSG_DONTWAIT);
	}
}

int spawn_call(const char *socket_path, char **words)
{
	uint32_t open = open_descriptors();
	int fd, signals, answer;
	sigset_t wanted;

	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	sigemptyset(&wanted);
	sigaddset(&wanted, SIGTERM);
	sigaddset(&wanted, SIGUSR1);
	sigprocmask(SIG_BLOCK, &wanted, NULL);
	fd = connect_to(socket_path);
	signals = moved_up(signalfd(-1, &wanted, SFD_CLOEXEC));
	if (fd < 0 || signals < 0 || send_request(fd, open, words) < 0)
		return fail(socket_path, strerror(errno));
	if (next_message(fd, signals, &answer, SPAWN_ANSWER_SECONDS * 1000) != 1)
		return fail(socket_path, "its unit does not start, see its log");
	give_up_descriptors();
	if (next_message(fd, signals, &answer, -1) == sizeof(answer))
		return end_as(answer);
	/* The server was killed, and the program with it. */
	return end_as(SIGKILL);
}
