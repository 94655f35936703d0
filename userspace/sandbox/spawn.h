/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * spawn.h - programs that systemd starts in place of the daemon
 *
 * A daemon that starts programs as other accounts, and ends them, has to have CAP_SETUID, CAP_SETGID and CAP_KILL,
 * and a unit wide enough for all that they need.  Where there is systemd, each kind of them has a unit of its own
 * instead, with an account and restrictions of its own, and the daemon needs none of that:
 *
 *	miracastd			unit behind a socket, started by it
 *	   | fork, exec			   |
 *	miracast-spawn call SOCKET …	miracast-spawn serve
 *	   |   descriptors, environment,   | fork, exec
 *	   |   words, signals  ----->      |
 *	   |   <-----  wait status         |
 *	 ends as the program has ended	the program
 *
 * The caller is the program's stand-in: a child of the daemon's, which goes on to start, watch and end it as any
 * other child (GSubprocess), and needs to know only which signal means the end.  So there is one way to deal with
 * processes, whoever starts them, and nothing of this waits in the daemon.
 *
 *	caller gets	program gets
 *	SIGTERM		SIGTERM
 *	SIGUSR1		SIGKILL; the caller lives until the program is gone, as the daemon would see it of a child
 *	SIGKILL, or the daemon dies
 *			SIGTERM, as the connection ends, and SIGKILL after SPAWN_GRACE_SECONDS
 *
 * It is the server that sends them, as the same account, so neither side needs a right for it, and that the
 * program is stopped, or spins, is nothing to it.  If the server dies so does the program: by PR_SET_PDEATHSIG, and
 * since systemd ends all that is in the unit.  A server that nobody calls, and a caller whom nobody answers, give up
 * after SPAWN_ANSWER_SECONDS: the caller with SANDBOX_EXIT_PROGRAM and words on stderr.
 *
 * A unit takes longer to start than a program, so it can be had ready: a caller that hangs up without a word has the
 * server wait for another one, for SPAWN_READY_SECONDS.
 *
 * One connection is one program.  The socket is SOCK_SEQPACKET, of the daemon's account alone: whoever may call is
 * trusted with the account of the unit, and its restrictions are what holds him.  Its messages:
 *
 *	caller	struct spawn_request, with descriptors, then its words and then its variables, each with its 0
 *	server	one byte: it is being started
 *	caller	int: a signal
 *	server	int: how it has ended (wait(2)); the end
 *
 * All descriptors of the caller go to the program, under the same numbers.  Neither side keeps them: the ends of
 * pipes and sockets end with the program.
 *
 * Single threads; libc alone, since a session waits for it.
 */
#pragma once

#include <stdint.h>

/* Descriptors 0 to this one, without it, are passed on. */
#define SPAWN_DESCRIPTORS 16
/* All of a request; the kernel takes as much at once. */
#define SPAWN_REQUEST_BYTES 65536
/* Words, or variables. */
#define SPAWN_STRINGS 256

/* Time in which systemd has the unit started, and the unit the program. */
#define SPAWN_ANSWER_SECONDS 10
/* Time in which a server that was to be ready is called. */
#define SPAWN_READY_SECONDS 120
/* Time that a program has for its end when its caller is gone. */
#define SPAWN_GRACE_SECONDS 5

/* Exit status of a program that is not there; as the shell's. */
#define SPAWN_EXIT_MISSING 127

/**
 * struct spawn_request - what comes first
 * @passed: bit n: a descriptor n comes with it, in this order
 * @words: how many; the first one is the program
 * @variables: how many
 */
struct spawn_request {
	uint32_t passed;
	uint32_t words;
	uint32_t variables;
};

/* Both return the exit status. */
int spawn_call(const char *socket_path, char **words);
int spawn_serve(void);
