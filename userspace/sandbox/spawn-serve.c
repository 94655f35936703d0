// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The server of spawn.h.
 */
#include "spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sandbox.h"

/* What systemd passes comes here (sd_listen_fds(3)). */
#define LISTEN_FD 3

struct program {
	char *words[SPAWN_STRINGS + 1];
	char *variables[SPAWN_STRINGS + 1];
	uint32_t passed;
	int fds[SPAWN_DESCRIPTORS]; /* by their numbers there; above SPAWN_DESCRIPTORS here */
};

static int fail(const char *what)
{
	fprintf(stderr, "miracast-spawn: %s: %s\n", what, strerror(errno));
	return EXIT_FAILURE;
}

static int wait_for_input(int fd, int seconds)
{
	struct pollfd polled = { .fd = fd, .events = POLLIN };

	if (poll(&polled, 1, seconds * 1000) > 0)
		return 0;
	errno = ETIMEDOUT;
	return -1;
}

/* It has something to say: not only that it will come back. */
static int has_words(int fd)
{
	char byte;

	return wait_for_input(fd, SPAWN_ANSWER_SECONDS) == 0 && recv(fd, &byte, 1, MSG_PEEK) > 0;
}

/* One connection: the unit's socket is one, or has one for us. */
static int accept_caller(void)
{
	const char *passed = getenv("LISTEN_FDS");
	int listens = 0;
	socklen_t len = sizeof(listens);

	if (!passed || strcmp(passed, "1") != 0) {
		errno = EINVAL;
		return -1;
	}
	if (getsockopt(LISTEN_FD, SOL_SOCKET, SO_ACCEPTCONN, &listens, &len) < 0)
		return -1;
	if (!listens)
		return fcntl(LISTEN_FD, F_DUPFD_CLOEXEC, SPAWN_DESCRIPTORS);
	while (wait_for_input(LISTEN_FD, SPAWN_READY_SECONDS) == 0) {
		int fd = accept4(LISTEN_FD, NULL, NULL, SOCK_CLOEXEC);

		if (fd < 0 || has_words(fd))
			return fd;
		close(fd);
	}
	return -1;
}

/* Strings from @*at on; NULL: there are not as many. */
static char *take_strings(char *at, const char *end, uint32_t n, char **strings)
{
	if (n > SPAWN_STRINGS)
		return NULL;
	for (uint32_t i = 0; i < n; i++) {
		char *zero = memchr(at, 0, end - at);

		if (!zero)
			return NULL;
		strings[i] = at;
		at = zero + 1;
	}
	strings[n] = NULL;
	return at;
}

static int take_descriptors(struct program *program, struct msghdr *message)
{
	struct cmsghdr *header = CMSG_FIRSTHDR(message);
	size_t n = 0, i = 0;
	int came[SPAWN_DESCRIPTORS];

	if (message->msg_flags & MSG_CTRUNC)
		return -1;
	if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS) {
		n = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		memcpy(came, CMSG_DATA(header), n * sizeof(int));
	}
	for (int fd = 0; fd < SPAWN_DESCRIPTORS; fd++) {
		program->fds[fd] = -1;
		if (!(program->passed & 1u << fd))
			continue;
		if (i == n)
			return -1;
		/* Out of the way of all numbers that are to be. */
		program->fds[fd] = fcntl(came[i], F_DUPFD_CLOEXEC, SPAWN_DESCRIPTORS);
		close(came[i++]);
		if (program->fds[fd] < 0)
			return -1;
	}
	return i == n ? 0 : -1;
}

static int receive(int fd, struct program *program)
{
	static char bytes[SPAWN_REQUEST_BYTES];
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(SPAWN_DESCRIPTORS * sizeof(int))];
	} control;
	struct iovec data = { bytes, sizeof(bytes) };
	struct msghdr message = {
		.msg_iov = &data, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof(control),
	};
	struct spawn_request request;
	char *at = bytes + sizeof(request);
	ssize_t len;

	if (wait_for_input(fd, SPAWN_ANSWER_SECONDS) < 0)
		return -1;
	len = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
	if (len < 0)
		return -1;
	errno = EPROTO;
	if ((size_t)len < sizeof(request) || message.msg_flags & MSG_TRUNC)
		return -1;
	memcpy(&request, bytes, sizeof(request));
	program->passed = request.passed;
	if (take_descriptors(program, &message) < 0)
		return -1;
	at = take_strings(at, bytes + len, request.words, program->words);
	if (at)
		at = take_strings(at, bytes + len, request.variables, program->variables);
	return at == bytes + len && request.words ? 0 : -1;
}

/* In the child. */
static void become(const struct program *program)
{
	sigset_t none;

	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	signal(SIGTERM, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	for (int fd = 0; fd < SPAWN_DESCRIPTORS; fd++) {
		if (program->passed & 1u << fd)
			dup2(program->fds[fd], fd);
		else
			close(fd);
	}
	/* Looked for where the program is to look. */
	environ = (char **)program->variables;
	execvp(program->words[0], program->words);
	fprintf(stderr, "miracast-spawn: %s: %s\n", program->words[0], strerror(errno));
	_exit(errno == ENOENT ? SPAWN_EXIT_MISSING : SANDBOX_EXIT_PROGRAM);
}

/* It may be one that nothing ends; systemd loses patience then. */
static int wait_for_end(int fd, pid_t pid, int pidfd)
{
	struct pollfd polled[] = { { .fd = fd, .events = POLLIN }, { .fd = pidfd, .events = POLLIN } };
	int grace = -1, status = 0, number;

	for (;;) {
		int n = poll(polled, 2, grace);

		if (n < 0 && errno != EINTR)
			return fail("poll");
		if (polled[1].revents)
			break;
		if (n == 0) {
			pidfd_send_signal(pidfd, SIGKILL, NULL, 0);
			grace = -1;
		}
		if (n <= 0 || !polled[0].revents)
			continue;
		if (recv(fd, &number, sizeof(number), MSG_DONTWAIT) == sizeof(number)) {
			pidfd_send_signal(pidfd, number, NULL, 0);
			continue;
		}
		/* It has hung up. */
		polled[0].fd = -1;
		pidfd_send_signal(pidfd, SIGTERM, NULL, 0);
		grace = SPAWN_GRACE_SECONDS * 1000;
	}
	if (waitpid(pid, &status, 0) == pid)
		send(fd, &status, sizeof(status), MSG_NOSIGNAL);
	return EXIT_SUCCESS;
}

int spawn_serve(void)
{
	struct program program = { 0 };
	int fd = accept_caller();
	int pidfd;
	pid_t pid;

	if (fd < 0 && errno == ETIMEDOUT)
		return EXIT_SUCCESS; /* nobody wants it any more */
	if (fd < 0)
		return fail("no socket");
	close(LISTEN_FD);
	if (receive(fd, &program) < 0)
		return fail("the call");
	/* What systemd sends to the whole unit the program gets by itself. */
	signal(SIGTERM, SIG_IGN);
	send(fd, "", 1, MSG_NOSIGNAL);
	pid = fork();
	if (pid == 0)
		become(&program);
	pidfd = pid < 0 ? -1 : pidfd_open(pid, 0);
	if (pidfd < 0)
		return fail("fork");
	for (int i = 0; i < SPAWN_DESCRIPTORS; i++) {
		if (program.fds[i] >= 0)
			close(program.fds[i]);
	}
	return wait_for_end(fd, pid, pidfd);
}
