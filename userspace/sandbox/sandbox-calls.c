// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The layer "calls", by libseccomp: see sandbox.h.
 *
 * What is not in the lists is answered with ENOSYS, as by an older kernel: C
 * libraries then do without, so that one that is newer than these lists works.
 */
#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CALL(name) SCMP_SYS(name)

static const int calls[] = {
	/* memory; mmap, mprotect have rules of their own */
	CALL(brk), CALL(munmap), CALL(mremap), CALL(madvise), CALL(msync), CALL(mincore),
	CALL(mlock), CALL(mlock2), CALL(munlock), CALL(membarrier),
	CALL(get_mempolicy), CALL(set_mempolicy), CALL(mbind),
	/* threads and time */
	CALL(futex), CALL(futex_time64), CALL(futex_waitv), CALL(set_robust_list),
	CALL(get_robust_list), CALL(rseq), CALL(set_tid_address), CALL(exit), CALL(exit_group),
	CALL(sched_yield), CALL(sched_getaffinity), CALL(sched_setaffinity), CALL(sched_getattr),
	CALL(sched_setattr), CALL(sched_getparam), CALL(sched_getscheduler),
	CALL(sched_get_priority_max), CALL(sched_get_priority_min), CALL(getpriority), CALL(getcpu),
	CALL(nanosleep), CALL(clock_nanosleep), CALL(clock_nanosleep_time64), CALL(clock_gettime),
	CALL(clock_gettime64), CALL(clock_getres), CALL(clock_getres_time64), CALL(gettimeofday),
	CALL(time), CALL(times), CALL(timerfd_create), CALL(timerfd_settime),
	CALL(timerfd_settime64), CALL(timerfd_gettime), CALL(timerfd_gettime64),
	CALL(timer_create), CALL(timer_settime), CALL(timer_settime64), CALL(timer_gettime),
	CALL(timer_gettime64), CALL(timer_delete),
	CALL(restart_syscall), CALL(pause), CALL(arch_prctl), CALL(set_thread_area), CALL(set_tls),
	CALL(cacheflush), CALL(riscv_flush_icache),
	/* signals to itself; sending them has rules of its own */
	CALL(rt_sigaction), CALL(rt_sigprocmask), CALL(rt_sigreturn), CALL(rt_sigpending),
	CALL(rt_sigtimedwait), CALL(rt_sigtimedwait_time64), CALL(rt_sigsuspend), CALL(sigaltstack), CALL(sigreturn),
	CALL(signalfd4),
	/* who am I */
	CALL(getpid), CALL(gettid), CALL(getppid), CALL(getpgrp), CALL(getpgid), CALL(getsid),
	CALL(getuid), CALL(geteuid), CALL(getgid), CALL(getegid), CALL(getresuid), CALL(getresgid),
	CALL(getuid32), CALL(geteuid32), CALL(getgid32), CALL(getegid32), CALL(getresuid32),
	CALL(getresgid32), CALL(getgroups), CALL(getgroups32), CALL(capget), CALL(getrusage),
	CALL(getrlimit), CALL(ugetrlimit), CALL(uname), CALL(sysinfo), CALL(getrandom), CALL(getcwd),
	/* what is open */
	CALL(read), CALL(readv), CALL(pread64), CALL(preadv), CALL(write), CALL(writev),
	CALL(pwrite64), CALL(pwritev), CALL(lseek), CALL(_llseek), CALL(close), CALL(close_range),
	CALL(dup), CALL(dup2), CALL(dup3), CALL(fstat), CALL(fstat64),
	CALL(fsync), CALL(fdatasync), CALL(ftruncate), CALL(ftruncate64), CALL(fallocate),
	CALL(fadvise64), CALL(fadvise64_64), CALL(arm_fadvise64_64), CALL(flock), CALL(pipe),
	CALL(pipe2), CALL(eventfd), CALL(eventfd2),
	CALL(poll), CALL(ppoll), CALL(ppoll_time64), CALL(select), CALL(_newselect), CALL(pselect6),
	CALL(pselect6_time64), CALL(epoll_create), CALL(epoll_create1), CALL(epoll_ctl),
	CALL(epoll_wait), CALL(epoll_pwait), CALL(epoll_pwait2),
	/* files: which ones says the layer "files"; open, openat have rules of their own */
	CALL(stat), CALL(stat64), CALL(lstat), CALL(lstat64),
	CALL(newfstatat), CALL(fstatat64), CALL(statx), CALL(access), CALL(faccessat),
	CALL(faccessat2), CALL(readlink), CALL(readlinkat), CALL(getdents), CALL(getdents64),
	CALL(statfs), CALL(statfs64), CALL(fstatfs), CALL(fstatfs64),
	/*
	 * Sockets that are there.  Not sendmsg, sendmmsg: an address in them cannot be seen here,
	 * and takes a datagram past what its socket is connected to.  Where C libraries go
	 * through socketcall(), libseccomp lets these pass there, and no others.
	 */
	CALL(send), CALL(recv), CALL(recvfrom), CALL(recvmsg), CALL(recvmmsg),
	CALL(recvmmsg_time64), CALL(getsockname), CALL(getpeername), CALL(getsockopt),
	CALL(shutdown),
	/* itself: no_new_privs was set, and a filter can only become narrower */
	CALL(seccomp),
};

/* The program itself is executed behind the filter; what else could be says the layer "files". */
static const int starts[] = { CALL(execve), CALL(execveat) };

/* To keep the cache, and for GStreamer's scanner, which is a process of its own. */
static const int maintains[] = {
	CALL(clone), CALL(fork), CALL(vfork), CALL(wait4), CALL(waitid), CALL(waitpid), CALL(kill),
	CALL(mkdir), CALL(mkdirat), CALL(unlink), CALL(unlinkat), CALL(rename), CALL(renameat),
	CALL(renameat2), CALL(chdir), CALL(fchdir), CALL(umask), CALL(chmod), CALL(fchmod),
	CALL(fchmodat), CALL(utimensat),
};

/* What is known and refused: libraries ask, and take it for a lack of rights. */
static const int refused[] = {
	CALL(socket), CALL(connect), CALL(bind), CALL(listen), CALL(accept),
	CALL(accept4), CALL(sendmsg), CALL(sendmmsg), CALL(kill), CALL(ptrace), CALL(mount),
	CALL(sched_setscheduler), CALL(sched_setparam), CALL(memfd_create), CALL(mkdir),
	CALL(unlink), CALL(rename),
};

/* Kinds of devices whose ioctl() calls media libraries make: _IOC_TYPE. */
static const guint8 ioctl_types[] = {
	0xdc, /* the sink fd: drm/miracast.h */
	'b',  /* dma-buf */
};

/* DRM and its sync files. */
static const guint8 graphics_ioctl_types[] = { 'd', '>' };
/* V4L2; those of a virtual terminal, too, which no session has. */
static const guint8 video_ioctl_types[] = { 'V' };
/* Memory as a dma-buf. */
static const guint8 memory_ioctl_types[] = { 'u' };
/* Modesetting, too; its unified memory has plain numbers. */
static const guint8 nvidia_ioctl_types[] = { 'F', 'm', 0 };

/*
 * Not of a type: of each file, how much waits in a socket, and "is this a terminal?".
 * TIOCSTI is not among them.
 */
static const unsigned int ioctl_plain[] = {
	TCGETS, FIONREAD, SIOCOUTQ, FIONBIO, FIOCLEX, FIONCLEX,
};

/* What files are; not whom they send signals to, what leases them or tells of others' doings. */
static const int fcntl_commands[] = {
	F_DUPFD, F_DUPFD_CLOEXEC, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_GETLK, F_SETLK,
	F_SETLKW, F_OFD_GETLK, F_OFD_SETLK, F_OFD_SETLKW, F_GETPIPE_SZ, F_GET_SEALS,
#if __WORDSIZE == 32
	/* Locks have two sets of them there, for fcntl() and fcntl64(). */
	5, 6, 7, 12, 13, 14,
#endif
};

#ifndef SYS_socketcall
/* What the RTSP, RTP and RTCP sockets are set to; no routes, no interfaces, no filters. */
static const struct {
	int level, option;
} socket_options[] = {
	{ IPPROTO_IP, IP_TOS },
	{ IPPROTO_IPV6, IPV6_TCLASS },
	{ SOL_SOCKET, SO_SNDBUF },
	{ SOL_SOCKET, SO_RCVBUF },
	{ SOL_SOCKET, SO_PRIORITY },
	{ SOL_SOCKET, SO_KEEPALIVE },
};
#endif

static const int prctl_options[] = {
	PR_SET_NAME, PR_GET_NAME, PR_SET_PDEATHSIG, PR_SET_NO_NEW_PRIVS, PR_GET_NO_NEW_PRIVS,
	PR_SET_DUMPABLE, PR_GET_DUMPABLE, PR_CAPBSET_READ, PR_GET_SECCOMP, PR_SET_SECCOMP,
	PR_GET_TIMERSLACK,
	PR_SET_TIMERSLACK,
	0x53564d41, /* PR_SET_VMA: names of mappings */
};

/* A filter while it is made; the first error stays. */
struct rules {
	scmp_filter_ctx context;
	int error;
};

static void add(struct rules *rules, uint32_t action, int call, unsigned int n,
		const struct scmp_arg_cmp *arguments)
{
	int error = seccomp_rule_add_array(rules->context, action, call, n, arguments);

	/* Some numbers have two names. */
	if (error && error != -EEXIST && !rules->error)
		rules->error = error;
}

static void allow(struct rules *rules, int call, unsigned int n, const struct scmp_arg_cmp *arguments)
{
	add(rules, SCMP_ACT_ALLOW, call, n, arguments);
}

static void allow_all(struct rules *rules, const int *list, gsize n)
{
	for (gsize i = 0; i < n; i++)
		allow(rules, list[i], 0, NULL);
}

static void allow_if(struct rules *rules, int call, struct scmp_arg_cmp argument)
{
	allow(rules, call, 1, &argument);
}

/*
 * What mmap() gets on some machines is a pointer, behind which cannot be looked.  There C
 * libraries have mmap2(); but on S/390, where the kernel alone keeps code from being written.
 */
#if defined(__i386__) || defined(__arm__)
static const int mapping[] = { CALL(mmap2) };
#else
static const int mapping[] = { CALL(mmap), CALL(mmap2) };
#endif
#if defined(__s390__)
#define MAPPING_CAN_BE_SEEN FALSE
#else
#define MAPPING_CAN_BE_SEEN TRUE
#endif

/*
 * Code is mapped from files and for this process alone: where a shared mapping, as of a
 * graphics card's buffer, can be executed another one of the same writes the code.  And
 * shared memory of no file is in no limit (RLIMIT_DATA).
 */
static void allow_memory(struct rules *rules, gboolean write_xor_execute)
{
	const struct scmp_arg_cmp no_code = SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0);
	const struct scmp_arg_cmp not_written = SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_WRITE, 0);
	const struct scmp_arg_cmp not_shared = SCMP_A3(SCMP_CMP_MASKED_EQ, MAP_SHARED, 0);
	const struct scmp_arg_cmp of_a_file = SCMP_A3(SCMP_CMP_MASKED_EQ, MAP_ANONYMOUS, 0);

	if (!write_xor_execute || !MAPPING_CAN_BE_SEEN) {
		allow_all(rules, mapping, G_N_ELEMENTS(mapping));
		allow(rules, CALL(mprotect), 0, NULL);
		return;
	}
	for (gsize i = 0; i < G_N_ELEMENTS(mapping); i++) {
		allow(rules, mapping[i], 2, (struct scmp_arg_cmp[]){ no_code, not_shared });
		allow(rules, mapping[i], 2, (struct scmp_arg_cmp[]){ no_code, of_a_file });
		allow(rules, mapping[i], 2, (struct scmp_arg_cmp[]){ not_written, not_shared });
	}
	allow_if(rules, CALL(mprotect), no_code);
}

/* The bit of O_TMPFILE that is its own. */
#define NAMELESS (O_TMPFILE & ~O_DIRECTORY)

/* Nothing new; the layer "files" says the same, where there is one. */
static void allow_opening(struct rules *rules, gboolean creates)
{
	static const struct {
		int call;
		unsigned int flags;
	} opening[] = { { CALL(open), 1 }, { CALL(openat), 2 } };
	static const scmp_datum_t kinds[] = { O_CREAT, NAMELESS };

	for (gsize i = 0; i < G_N_ELEMENTS(opening); i++) {
		unsigned int flags = opening[i].flags;

		if (creates) {
			allow(rules, opening[i].call, 0, NULL);
			continue;
		}
		allow_if(rules, opening[i].call, SCMP_CMP(flags, SCMP_CMP_MASKED_EQ, O_CREAT | NAMELESS, 0));
		for (gsize j = 0; j < G_N_ELEMENTS(kinds); j++)
			add(rules, SCMP_ACT_ERRNO(EACCES), opening[i].call, 1,
			    &SCMP_CMP(flags, SCMP_CMP_MASKED_EQ, kinds[j], kinds[j]));
	}
}

/* As this process: execve() keeps the number. */
static void allow_own_signals(struct rules *rules)
{
	static const int sending[] = { CALL(tgkill), CALL(rt_tgsigqueueinfo), CALL(rt_sigqueueinfo) };

	for (gsize i = 0; i < G_N_ELEMENTS(sending); i++)
		allow_if(rules, sending[i], SCMP_A0_32(SCMP_CMP_EQ, (uint32_t)getpid()));
}

static void allow_ioctl_types(struct rules *rules, const guint8 *types, gsize n)
{
	for (gsize i = 0; i < n; i++)
		allow_if(rules, CALL(ioctl),
			 SCMP_A1_32(SCMP_CMP_MASKED_EQ, 0xff00, (uint32_t)types[i] << 8));
}

/*
 * Two ends of our own, as GStreamer wakes its threads with; options; and packets for whom a
 * socket is connected to.
 */
#ifndef SYS_socketcall
static void allow_sockets(struct rules *rules)
{
	/* Datagrams have addresses. */
	const struct scmp_arg_cmp pair[] = {
		SCMP_A0_32(SCMP_CMP_EQ, AF_UNIX),
		SCMP_A1_32(SCMP_CMP_MASKED_EQ, (uint32_t)~(SOCK_CLOEXEC | SOCK_NONBLOCK), SOCK_STREAM),
	};

	for (gsize i = 0; i < G_N_ELEMENTS(socket_options); i++) {
		const struct scmp_arg_cmp both[] = {
			SCMP_A1_32(SCMP_CMP_EQ, (uint32_t)socket_options[i].level),
			SCMP_A2_32(SCMP_CMP_EQ, (uint32_t)socket_options[i].option),
		};

		allow(rules, CALL(setsockopt), G_N_ELEMENTS(both), both);
	}
	allow(rules, CALL(socketpair), G_N_ELEMENTS(pair), pair);
	allow_if(rules, CALL(sendto), SCMP_A4(SCMP_CMP_EQ, 0));
}
#else
/* Through socketcall() no argument can be seen: what needs a look is left out. */
static void allow_sockets(struct rules *rules)
{
	allow(rules, CALL(socketpair), 0, NULL);
}
#endif

static void allow_arguments(struct rules *rules, const struct sandbox_devices *devices)
{
	static const int file_control[] = { CALL(fcntl), CALL(fcntl64) };
	const struct scmp_arg_cmp this_thread[] = { SCMP_A0_32(SCMP_CMP_EQ, PRIO_PROCESS), SCMP_A1_32(SCMP_CMP_EQ, 0) };
	const struct scmp_arg_cmp itself[] = {
		SCMP_A0_32(SCMP_CMP_EQ, (uint32_t)getpid()),
		SCMP_A1_32(SCMP_CMP_EQ, (uint32_t)getpid()),
	};

	allow_ioctl_types(rules, ioctl_types, G_N_ELEMENTS(ioctl_types));
	if (devices->graphics)
		allow_ioctl_types(rules, graphics_ioctl_types, G_N_ELEMENTS(graphics_ioctl_types));
	if (devices->video)
		allow_ioctl_types(rules, video_ioctl_types, G_N_ELEMENTS(video_ioctl_types));
	if (devices->memory) {
		allow_ioctl_types(rules, memory_ioctl_types, G_N_ELEMENTS(memory_ioctl_types));
		for (gsize i = 0; i < G_N_ELEMENTS(file_control); i++)
			allow_if(rules, file_control[i], SCMP_A1_32(SCMP_CMP_EQ, F_ADD_SEALS));
	}
	if (devices->nvidia)
		allow_ioctl_types(rules, nvidia_ioctl_types, G_N_ELEMENTS(nvidia_ioctl_types));
	for (gsize i = 0; i < G_N_ELEMENTS(ioctl_plain); i++)
		allow_if(rules, CALL(ioctl), SCMP_A1_32(SCMP_CMP_EQ, ioctl_plain[i]));
	for (gsize i = 0; i < G_N_ELEMENTS(prctl_options); i++)
		allow_if(rules, CALL(prctl), SCMP_A0_32(SCMP_CMP_EQ, (uint32_t)prctl_options[i]));
	for (gsize i = 0; i < G_N_ELEMENTS(file_control); i++) {
		for (gsize j = 0; j < G_N_ELEMENTS(fcntl_commands); j++)
			allow_if(rules, file_control[i],
				 SCMP_A1_32(SCMP_CMP_EQ, (uint32_t)fcntl_commands[j]));
	}
	allow_sockets(rules);
	/* Of the thread that calls: sound goes before pictures. How far says RLIMIT_NICE. */
	allow(rules, CALL(setpriority), G_N_ELEMENTS(this_thread), this_thread);
	/* Mesa: are two descriptors of a card the same one? */
	allow(rules, CALL(kcmp), G_N_ELEMENTS(itself), itself);
	/* Limits are read. */
	allow_if(rules, CALL(prlimit64), SCMP_A2(SCMP_CMP_EQ, 0));
}

/* Threads, by the call whose flags can be seen: without clone3() C libraries use it. */
static void allow_threads(struct rules *rules)
{
	const unsigned long namespaces = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET |
					 CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP;
	const unsigned long looked_at = CLONE_THREAD | CLONE_VM | namespaces;

#ifdef __s390x__
	allow_if(rules, CALL(clone), SCMP_A1(SCMP_CMP_MASKED_EQ, looked_at, CLONE_THREAD | CLONE_VM));
#else
	allow_if(rules, CALL(clone), SCMP_A0(SCMP_CMP_MASKED_EQ, looked_at, CLONE_THREAD | CLONE_VM));
#endif
}

static void make(struct rules *rules, const struct sandbox_config *config,
		 const struct sandbox_devices *devices)
{
	allow_all(rules, calls, G_N_ELEMENTS(calls));
	allow_all(rules, starts, G_N_ELEMENTS(starts));
	allow_memory(rules, !devices->nvidia);
	allow_opening(rules, config->maintains);
	allow_own_signals(rules);
	allow_arguments(rules, devices);
	allow_threads(rules);
	if (config->maintains)
		allow_all(rules, maintains, G_N_ELEMENTS(maintains));
	for (gsize i = 0; i < G_N_ELEMENTS(refused); i++) {
		gboolean maintained = FALSE;

		for (gsize j = 0; config->maintains && j < G_N_ELEMENTS(maintains); j++)
			maintained |= maintains[j] == refused[i];
		if (!maintained)
			add(rules, SCMP_ACT_ERRNO(EPERM), refused[i], 0, NULL);
	}
}

gboolean sandbox_calls_enter(const struct sandbox_config *config, const struct sandbox_devices *devices,
			     struct sandbox_report *report, GError **error)
{
	struct rules rules = { .context = seccomp_init(SCMP_ACT_ERRNO(ENOSYS)) };

	if (!rules.context) {
		g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOSYS,
			    "no filter of system calls: libseccomp does not know this machine");
		return FALSE;
	}
	/* Each call is looked up in a tree: there is one for each packet. */
	seccomp_attr_set(rules.context, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	make(&rules, config, devices);
	if (!rules.error)
		rules.error = seccomp_load(rules.context);
	seccomp_release(rules.context);
	if (rules.error) {
		g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(-rules.error),
			    "no filter of system calls: %s", g_strerror(-rules.error));
		return FALSE;
	}
	report->has[SANDBOX_CALLS] = g_strdup("a filter of system calls");
	return TRUE;
}
