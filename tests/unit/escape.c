// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A user-mode driver that somebody else has taken over: tries to get out in each of the
 * ways below, and says what came of it, one line each:
 *
 *	held NAME: why
 *	OPEN NAME
 *
 * and then what it is to have:
 *
 *	has NAME
 *	lacks NAME: why
 *
 * To be started by miracast-sandbox, or by miracastd as its user-mode driver.  Nothing
 * that it does changes the system where it is let: what would is called with arguments
 * that the kernel refuses after it has looked at who asks, so "open" means that the
 * call was answered otherwise than with EPERM, EACCES or ENOSYS.
 *
 *	escape			all that follow
 *	escape --foreign-abi	a call by the numbers of 32-bit programs; ends the process
 *	escape --foreign-x32	... by those of programs with short pointers; the same
 *	escape anything else	nothing: it is not for a session
 *
 * Expects a parent process, and descriptors 4, 6 and 7 as umd-process.h has them; what
 * is not passed counts as held.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <linux/sched.h>
#include <linux/sockios.h>
#include <linux/tiocl.h>
#include <linux/vt.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "escape.h"

#define PAGE 4096

/* ---- files ---------------------------------------------------------------------- */

static long read_it(const char *path)
{
	char byte;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	/* A file that may be opened and has nothing to read is open. */
	long n = fd < 0 ? -1 : read(fd, &byte, 1);

	if (n < 0 && fd >= 0 && (errno == EISDIR || errno == EAGAIN || errno == EINVAL))
		n = 0;
	if (fd >= 0)
		close(fd);
	return n;
}

static long write_it(const char *path)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd >= 0)
		close(fd);
	return fd;
}

static long create_in(const char *directory)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/miracast-escape-%d", directory, getpid());
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return -1;
	close(fd);
	unlink(path);
	return 0;
}

static long create_nameless_in(const char *directory)
{
	int fd = open(directory, O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);

	if (fd >= 0)
		close(fd);
	return fd;
}

static long make_directory(const char *path)
{
	return mkdir(path, 0700) < 0 ? -1 : rmdir(path);
}

static long link_to(const char *path)
{
	return symlink("/etc/passwd", path) < 0 ? -1 : unlink(path);
}

static long run_it(const char *path)
{
	char *argv[] = { (char *)path, NULL };
	char *environment[] = { NULL };
	int status = 0;
	/* There is more to be tried, so by a child if one can be had. */
	pid_t child = fork();

	if (child <= 0)
		execve(path, argv, environment);
	if (child == 0)
		_exit(errno);
	if (child < 0)
		return -1;
	waitpid(child, &status, 0);
	errno = WEXITSTATUS(status);
	return errno == EACCES || errno == ENOENT ? -1 : 0;
}

/* It is there, and may be read: nothing that is looked up by name would come into being. */
static long open_to_create(const char *path)
{
	int fd = open(path, O_RDONLY | O_CREAT | O_CLOEXEC, 0600);

	if (fd >= 0)
		close(fd);
	return fd;
}

static long open_by_handle(const char *unused)
{
	return syscall(SYS_open_by_handle_at, AT_FDCWD, NULL, 0);
}

/* ---- other processes -------------------------------------------------------------- */

static long wait_for(long child)
{
	if (child == 0)
		_exit(0);
	if (child > 0)
		waitpid(child, NULL, 0);
	return child;
}

static long fork_it(const char *unused) { return wait_for(fork()); }

static long clone_process(const char *unused)
{
	return wait_for(syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL));
}

static long clone3_process(const char *unused)
{
	struct clone_args arguments = { .exit_signal = SIGCHLD };

	return wait_for(syscall(SYS_clone3, &arguments, sizeof(arguments)));
}

static long clone_namespace(const char *unused)
{
	return wait_for(syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, NULL));
}

static long kill_parent(const char *unused) { return kill(getppid(), 0); }
static long kill_all(const char *unused) { return kill(-1, 0); }
static long kill_group(const char *unused) { return kill(0, 0); }

static long tgkill_parent(const char *unused)
{
	return syscall(SYS_tgkill, getppid(), getppid(), 0);
}

static long tkill_parent(const char *unused) { return syscall(SYS_tkill, getppid(), 0); }

static long queue_to_parent(const char *unused)
{
	siginfo_t info = { .si_code = SI_QUEUE };

	return syscall(SYS_rt_sigqueueinfo, getppid(), 0, &info);
}

static long open_parent(const char *unused)
{
	int fd = syscall(SYS_pidfd_open, getppid(), 0);

	if (fd >= 0)
		close(fd);
	return fd;
}

/* Its descriptors would be ours. */
static long take_descriptor(const char *unused) { return syscall(SYS_pidfd_getfd, 0, 0, 0); }
static long trace_parent(const char *unused) { return ptrace(PTRACE_PEEKDATA, getppid(), NULL, NULL); }

static long read_parent(const char *unused)
{
	char byte;
	struct iovec here = { &byte, 1 }, there = { (void *)&open_parent, 1 };

	return process_vm_readv(getppid(), &here, 1, &there, 1, 0);
}

/* Whoever it is: they come when something can be read. */
static long signal_by_file(const char *unused) { return fcntl(FD_RTP, F_SETOWN, getppid()); }
static long other_signal_by_file(const char *unused) { return fcntl(FD_RTP, F_SETSIG, SIGKILL); }
static long lease_file(const char *unused) { return fcntl(FD_RTP, F_SETLEASE, F_UNLCK); }
static long watch_directory(const char *unused) { return fcntl(FD_RTP, F_NOTIFY, 1); }

static long large_pipe(const char *unused)
{
	int fds[2];
	long result;

	if (pipe(fds) < 0)
		return -1;
	result = fcntl(fds[0], F_SETPIPE_SZ, 1 << 20);
	close(fds[0]);
	close(fds[1]);
	return result;
}

static long limit_parent(const char *unused)
{
	struct rlimit limits;

	return prlimit(getppid(), RLIMIT_NOFILE, NULL, &limits) < 0 ?
		       -1 : prlimit(getppid(), RLIMIT_NOFILE, &limits, NULL);
}

static long share_memory(const char *unused)
{
	return syscall(SYS_shmget, 0x6d697261, PAGE, 0600);
}

static long message_queue(const char *unused) { return syscall(SYS_msgget, 0x6d697261, 0600); }
static long posix_queue(const char *unused) { return syscall(SYS_mq_open, "miracast", O_RDONLY, 0, NULL); }
static long semaphores(const char *unused) { return syscall(SYS_semget, 0x6d697261, 1, 0600); }

/* ---- rights ----------------------------------------------------------------------- */

/* Who is asks systemd, and gets. */
static long be_root(const char *unused)
{
	errno = EPERM;
	return getuid() && geteuid() && getgid() && getegid() ? -1 : 0;
}

static long become_root(const char *unused) { return setresuid(0, 0, 0); }
static long join_root(const char *unused) { return setresgid(0, 0, 0); }
static long other_groups(const char *unused) { return syscall(SYS_setgroups, 0, NULL); }
static long other_files(const char *unused) { return syscall(SYS_setfsuid, 0) < 0 ? -1 : 0; }

static long take_capabilities(const char *unused)
{
	struct {
		unsigned int version;
		int pid;
	} header = { 0x20080522, 0 };
	struct {
		unsigned int effective, permitted, inheritable;
	} data[2] = { { 1, 1, 0 }, { 0, 0, 0 } };

	return syscall(SYS_capset, &header, data);
}

static long has_capabilities(const char *unused)
{
	struct {
		unsigned int version;
		int pid;
	} header = { 0x20080522, 0 };
	struct {
		unsigned int effective, permitted, inheritable;
	} data[2] = { { 0, 0, 0 }, { 0, 0, 0 } };

	if (syscall(SYS_capget, &header, data) < 0)
		return -1;
	errno = EPERM;
	return data[0].permitted || data[1].permitted || data[0].effective ? 0 : -1;
}

static long gain_privileges(const char *unused)
{
	errno = EPERM;
	return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? -1 : 0;
}

static long secure_bits(const char *unused) { return prctl(PR_SET_SECUREBITS, 0, 0, 0, 0); }
static long keep_capabilities(const char *unused) { return prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0); }
static long new_user_namespace(const char *unused) { return unshare(CLONE_NEWUSER); }
static long new_mounts(const char *unused) { return unshare(CLONE_NEWNS); }
static long own_files(const char *unused) { return unshare(CLONE_FS); }
static long enter_namespace(const char *unused) { return setns(-1, 0); }
static long mount_it(const char *unused) { return mount(NULL, NULL, NULL, 0, NULL); }
static long unmount_it(const char *unused) { return syscall(SYS_umount2, NULL, 0); }
static long open_file_system(const char *unused) { return syscall(SYS_fsopen, NULL, 0); }
static long open_mounts(const char *unused) { return syscall(SYS_open_tree, -1, NULL, 0); }
static long move_mounts(const char *unused) { return syscall(SYS_move_mount, -1, NULL, -1, NULL, 0); }
static long other_root(const char *unused) { return syscall(SYS_pivot_root, NULL, NULL); }
static long change_root(const char *unused) { return chroot("/"); }

/* ---- the kernel --------------------------------------------------------------------- */

static long add_a_key(const char *unused) { return syscall(SYS_add_key, NULL, NULL, NULL, 0, 0); }
static long key_control(const char *unused) { return syscall(SYS_keyctl, 0, -3, 0, 0, 0); }
static long request_a_key(const char *unused) { return syscall(SYS_request_key, NULL, NULL, NULL, 0); }
static long io_uring(const char *unused) { return syscall(SYS_io_uring_setup, 1, NULL); }
static long bpf_program(const char *unused) { return syscall(SYS_bpf, BPF_PROG_LOAD, NULL, 0); }
static long perf_event(const char *unused) { return syscall(SYS_perf_event_open, NULL, 0, -1, -1, 0); }
static long user_faults(const char *unused) { return syscall(SYS_userfaultfd, ~0); }
static long memory_file(const char *unused) { return syscall(SYS_memfd_create, NULL, 0); }
static long secret_memory(const char *unused) { return syscall(SYS_memfd_secret, ~0); }
static long load_module(const char *unused) { return syscall(SYS_finit_module, -1, NULL, 0); }
static long load_kernel(const char *unused) { return syscall(SYS_kexec_load, 0, ~0UL, NULL, 0); }
static long reboot_it(const char *unused) { return syscall(SYS_reboot, 0, 0, 0, NULL); }
static long swap_on(const char *unused) { return syscall(SYS_swapon, NULL, 0); }
static long name_host(const char *unused) { return syscall(SYS_sethostname, NULL, 1); }
static long set_clock(const char *unused) { return syscall(SYS_clock_settime, CLOCK_REALTIME, NULL); }
static long read_log(const char *unused) { return syscall(SYS_syslog, 3, NULL, 1); }
static long account(const char *unused) { return syscall(SYS_acct, (char *)-1); }
static long watch_files(const char *unused) { return syscall(SYS_fanotify_init, ~0, 0); }
static long other_personality(const char *unused) { return personality(ADDR_NO_RANDOMIZE); }
static long compare(const char *unused) { return syscall(SYS_kcmp, getpid(), getppid(), 0, 0, 0); }
static long move_pages(const char *unused) { return syscall(SYS_move_pages, getppid(), 0, NULL, NULL, NULL, 0); }
static long splice_it(const char *unused) { return syscall(SYS_vmsplice, -1, NULL, 0, 0); }
static long raw_io(const char *unused)
{
#ifdef SYS_iopl
	return syscall(SYS_iopl, 3);
#else
	errno = ENOSYS;
	return -1;
#endif
}

static long type_for_others(const char *unused) { return ioctl(STDERR_FILENO, TIOCSTI, NULL); }
static long paste_for_others(const char *unused) { return ioctl(STDERR_FILENO, TIOCLINUX, NULL); }
static long line_discipline(const char *unused) { return ioctl(STDERR_FILENO, TIOCSETD, NULL); }

static long other_console(const char *unused) { return ioctl(STDERR_FILENO, VT_ACTIVATE, -1); }

static long real_time(const char *unused)
{
	struct sched_param parameters = { .sched_priority = 1 };

	return syscall(SYS_sched_setscheduler, 0, SCHED_FIFO, &parameters);
}

static long nicer(const char *unused) { return setpriority(PRIO_PROCESS, 0, -20); }
static long nicer_miracastd(const char *unused) { return setpriority(PRIO_PROCESS, getppid(), -1); }
static long nicer_user(const char *unused) { return setpriority(PRIO_USER, 0, 1); }

static long more_files(const char *unused)
{
	struct rlimit limits = { 1 << 20, 1 << 20 };

	return setrlimit(RLIMIT_NOFILE, &limits);
}

/* ---- memory ---------------------------------------------------------------------------- */

static long unmap(void *memory, size_t size)
{
	if (memory == MAP_FAILED)
		return -1;
	return munmap(memory, size);
}

static long writable_code(const char *unused)
{
	return unmap(mmap(NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS,
			  -1, 0), PAGE);
}

static long code_that_was_written(const char *unused)
{
	char *memory = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	long result;

	if (memory == MAP_FAILED)
		return -1;
	memory[0] = 0;
	result = mprotect(memory, PAGE, PROT_READ | PROT_EXEC);
	munmap(memory, PAGE);
	return result;
}

/* Code that another mapping of the same writes, as one of a graphics card's buffer would. */
static long shared_code(const char *unused)
{
	return unmap(mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_SHARED | MAP_ANONYMOUS, -1, 0), PAGE);
}

/* It counts for nobody. */
static long memory_without_bounds(const char *unused)
{
	return unmap(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0), PAGE);
}

static long code_by_key(const char *unused)
{
	char *memory = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	long result = syscall(SYS_pkey_mprotect, memory, PAGE, PROT_READ | PROT_EXEC, -1);

	munmap(memory, PAGE);
	return result;
}

/* All of the machine's; nothing of it is touched. */
static long much_memory(const char *unused)
{
	const size_t size = (size_t)5 << 30;

	return unmap(mmap(NULL, size, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0), size);
}

static long core_file(const char *unused)
{
	struct rlimit limits;

	getrlimit(RLIMIT_CORE, &limits);
	errno = EPERM;
	return limits.rlim_max > 1 ? 0 : -1;
}

/* ---- all of them ------------------------------------------------------------------------- */

static const struct attempt attempts[] = {
	{ "read /etc/passwd", read_it, "/etc/passwd" },
	{ "read /etc/shadow", read_it, "/etc/shadow" },
	{ "read /etc/machine-id", read_it, "/etc/machine-id" },
	{ "list /", read_it, "/" },
	{ "list /home", read_it, "/home" },
	{ "list /root", read_it, "/root" },
	{ "list /run", read_it, "/run" },
	{ "list /proc", read_it, "/proc" },
	{ "read its own status", read_it, "/proc/self/status" },
	{ "read the maps of process 1", read_it, "/proc/1/maps" },
	{ "read the command line of process 1", read_it, "/proc/1/cmdline" },
	{ "read the environment of process 1", read_it, "/proc/1/environ" },
	{ "write its own memory", write_it, "/proc/self/mem" },
	{ "write its own score", write_it, "/proc/self/oom_score_adj" },
	{ "read the kernel's symbols", read_it, "/proc/kallsyms" },
	{ "write a sysctl", write_it, "/proc/sys/kernel/core_pattern" },
	{ "trigger a SysRq", write_it, "/proc/sysrq-trigger" },
	{ "list control groups", read_it, "/sys/fs/cgroup" },
	{ "list the network's interfaces", read_it, "/sys/class/net" },
	{ "write /dev/mem", write_it, "/dev/mem" },
	{ "read the kernel's log", read_it, "/dev/kmsg" },
	{ "write the terminal", write_it, "/dev/tty" },
	{ "write a console", write_it, "/dev/tty1" },
	{ "open a graphics card's outputs", write_it, "/dev/dri/card0" },
	{ "open another monitor's pictures", write_it, "/dev/miracast" },
	{ "read a keyboard", read_it, "/dev/input/event0" },
	{ "make a keyboard", write_it, "/dev/uinput" },
	{ "open a microphone", read_it, "/dev/snd/pcmC0D0c" },
	{ "open a tunnel", write_it, "/dev/net/tun" },
	{ "open FUSE", write_it, "/dev/fuse" },
	{ "open KVM", write_it, "/dev/kvm" },
	{ "open a disk", read_it, "/dev/vda" },
	{ "create a file in /tmp", create_in, "/tmp" },
	{ "create a file in /var/tmp", create_in, "/var/tmp" },
	{ "create a file in /dev/shm", create_in, "/dev/shm" },
	{ "create a file in /run/miracast", create_in, "/run/miracast" },
	{ "create a file in the cache", create_in, "/var/cache/miracast/miracast" },
	{ "create a file here", create_in, "." },
	{ "create a nameless file", create_nameless_in, "/tmp" },
	{ "make a directory", make_directory, "/tmp/miracast-escape" },
	{ "make a link", link_to, "/tmp/miracast-escape" },
	{ "run a shell", run_it, "/bin/sh" },
	{ "run su", run_it, "/bin/su" },
	{ "run pkexec", run_it, "/usr/bin/pkexec" },
	{ "open a file by its handle", open_by_handle, NULL },
	{ "open a file to create it", open_to_create, "/etc/ld.so.cache" },

	{ "fork", fork_it, NULL },
	{ "clone a process", clone_process, NULL },
	{ "clone a process, new call", clone3_process, NULL },
	{ "clone into a namespace", clone_namespace, NULL },
	{ "signal miracastd", kill_parent, NULL },
	{ "signal everybody", kill_all, NULL },
	{ "signal its process group", kill_group, NULL },
	{ "signal miracastd by its thread", tgkill_parent, NULL },
	{ "signal miracastd by the old call", tkill_parent, NULL },
	{ "queue a signal for miracastd", queue_to_parent, NULL },
	{ "a descriptor of miracastd", open_parent, NULL },
	{ "miracastd's descriptors", take_descriptor, NULL },
	{ "signals for miracastd by a file", signal_by_file, NULL },
	{ "another signal by a file", other_signal_by_file, NULL },
	{ "lease a file", lease_file, NULL },
	{ "watch a directory", watch_directory, NULL },
	{ "a large pipe", large_pipe, NULL },
	{ "trace miracastd", trace_parent, NULL },
	{ "read miracastd's memory", read_parent, NULL },
	{ "limit miracastd", limit_parent, NULL },
	{ "share memory", share_memory, NULL },
	{ "a message queue", message_queue, NULL },
	{ "a POSIX message queue", posix_queue, NULL },
	{ "semaphores", semaphores, NULL },

	{ "be root", be_root, NULL },
	{ "become root", become_root, NULL },
	{ "join root's group", join_root, NULL },
	{ "have no groups", other_groups, NULL },
	{ "root's files", other_files, NULL },
	{ "have capabilities", has_capabilities, NULL },
	{ "take capabilities", take_capabilities, NULL },
	{ "gain privileges", gain_privileges, NULL },
	{ "secure bits", secure_bits, NULL },
	{ "keep capabilities", keep_capabilities, NULL },
	{ "a user namespace", new_user_namespace, NULL },
	{ "a mount namespace", new_mounts, NULL },
	{ "a directory of its own", own_files, NULL },
	{ "enter a namespace", enter_namespace, NULL },
	{ "mount", mount_it, NULL },
	{ "unmount", unmount_it, NULL },
	{ "open a file system", open_file_system, NULL },
	{ "open mounts", open_mounts, NULL },
	{ "move mounts", move_mounts, NULL },
	{ "pivot_root", other_root, NULL },
	{ "chroot", change_root, NULL },

	{ "add a key", add_a_key, NULL },
	{ "use keys", key_control, NULL },
	{ "request a key", request_a_key, NULL },
	{ "io_uring", io_uring, NULL },
	{ "BPF", bpf_program, NULL },
	{ "performance events", perf_event, NULL },
	{ "userfaultfd", user_faults, NULL },
	{ "memory as a file", memory_file, NULL },
	{ "secret memory", secret_memory, NULL },
	{ "load a module", load_module, NULL },
	{ "load a kernel", load_kernel, NULL },
	{ "reboot", reboot_it, NULL },
	{ "swap", swap_on, NULL },
	{ "name the host", name_host, NULL },
	{ "set the clock", set_clock, NULL },
	{ "read the log", read_log, NULL },
	{ "accounting", account, NULL },
	{ "watch all files", watch_files, NULL },
	{ "another personality", other_personality, NULL },
	{ "compare with miracastd", compare, NULL },
	{ "move miracastd's pages", move_pages, NULL },
	{ "splice", splice_it, NULL },
	{ "raw I/O", raw_io, NULL },
	{ "type for others (TIOCSTI)", type_for_others, NULL },
	{ "paste for others (TIOCLINUX)", paste_for_others, NULL },
	{ "a line discipline", line_discipline, NULL },
	{ "switch the console", other_console, NULL },
	{ "real time", real_time, NULL },
	{ "the highest priority", nicer, NULL },
	{ "another priority for miracastd", nicer_miracastd, NULL },
	{ "another priority for a user", nicer_user, NULL },
	{ "more descriptors", more_files, NULL },

	{ "memory to write and run", writable_code, NULL },
	{ "run what was written", code_that_was_written, NULL },
	{ "run what was written, by a key", code_by_key, NULL },
	{ "run what is written elsewhere", shared_code, NULL },
	{ "memory without bounds", memory_without_bounds, NULL },
	{ "5 GiB of memory", much_memory, NULL },
	{ "a core file", core_file, NULL },
	{ NULL },
};

/* Calls that are refused whatever they are called with: here with nothing that makes sense. */
#define CALL(name) { #name, SYS_##name }
static const struct {
	const char *name;
	long number;
} calls[] = {
	CALL(acct), CALL(adjtimex), CALL(chdir), CALL(clock_adjtime), CALL(delete_module),
	CALL(fchmod), CALL(fchown), CALL(fgetxattr), CALL(fsconfig), CALL(fsetxattr), CALL(fsmount),
	CALL(fspick), CALL(getxattr), CALL(init_module), CALL(inotify_add_watch),
	CALL(inotify_init1), CALL(io_setup), CALL(io_uring_enter), CALL(io_uring_register),
	CALL(ioprio_set), CALL(linkat), CALL(mknodat), CALL(mount_setattr), CALL(mq_unlink),
	CALL(name_to_handle_at), CALL(openat2), CALL(pidfd_send_signal), CALL(pkey_alloc),
	CALL(process_madvise), CALL(process_vm_writev), CALL(quotactl), CALL(remap_file_pages),
	CALL(renameat2), CALL(semtimedop), CALL(setitimer), CALL(setpgid), CALL(setrlimit),
	CALL(settimeofday), CALL(setxattr), CALL(shmat), CALL(splice), CALL(symlinkat),
	CALL(sync_file_range), CALL(syncfs), CALL(tee), CALL(truncate), CALL(unlinkat),
	CALL(utimensat), CALL(setdomainname),
#ifdef SYS_kexec_file_load
	CALL(kexec_file_load),
#endif
#ifdef SYS_modify_ldt
	CALL(modify_ldt), CALL(ioperm), CALL(uselib), CALL(creat),
#endif
	/* Newer than some kernels' headers. */
	{ "cachestat", 451 }, { "fchmodat2", 452 }, { "statmount", 457 }, { "listmount", 458 },
	{ "lsm_set_self_attr", 460 }, { "setxattrat", 463 }, { "open_tree_attr", 467 },
};

static const struct {
	const char *name;
	const char *path;
} needs[] = {
	{ "the linker's cache", "/etc/ld.so.cache" },
	/* Whose buffers show old pictures: imports.h. */
	{ "the graphics cards", "/sys/class/drm" },
	/* If there is one: what libdrm asks which driver it wants. */
	{ "what a graphics card is", "/sys/class/drm/renderD128/device/uevent" },
};

static int is_held(long result)
{
	switch (result < 0 ? errno : 0) {
	case EPERM:
	case EACCES:
	case ENOSYS:
	/* It is not there, was not passed, or is more than is allowed. */
	case EROFS:
	case ENOENT:
	case ENXIO:
	case ENODEV:
	case EBADF:
	case EAFNOSUPPORT:
	case EPROTONOSUPPORT:
	case ENOMEM:
		return 1;
	default:
		return 0;
	}
}

static void try_all(const struct attempt *all)
{
	for (; all->name; all++) {
		long result;

		errno = 0;
		result = all->attempt(all->argument);
		if (is_held(result))
			fprintf(stderr, "held %s: %s\n", all->name, strerrorname_np(errno));
		else
			fprintf(stderr, "OPEN %s\n", all->name);
	}
}

static void try_calls(void)
{
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		errno = 0;
		if (syscall(calls[i].number, -1L, -1L, -1L, -1L, -1L, -1L) < 0 &&
		    (errno == EPERM || errno == EACCES || errno == ENOSYS))
			fprintf(stderr, "held call %s: %s\n", calls[i].name, strerrorname_np(errno));
		else
			fprintf(stderr, "OPEN call %s\n", calls[i].name);
	}
}

/* Where what was installed for the driver alone is: a plug-in of its own, say. */
static void look_beside_itself(void)
{
	char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);
	char *end;

	path[n > 0 ? n : 0] = 0;
	end = strrchr(path, '/');
	if (!end) {
		fprintf(stderr, "lacks its name: %s\n", strerrorname_np(errno));
		return;
	}
	*end = 0;
	if (read_it(path) < 0)
		fprintf(stderr, "lacks what lies beside it: %s\n", strerrorname_np(errno));
	else
		fprintf(stderr, "has what lies beside it\n");
}

/* What the sockets of a session are asked and told. */
static void look_at_sockets(void)
{
	int value = 0xa0, pair[2];

	if (setsockopt(FD_RTP, IPPROTO_IP, IP_TOS, &value, sizeof(value)) < 0)
		fprintf(stderr, "lacks a class of its packets: %s\n", strerrorname_np(errno));
	else
		fprintf(stderr, "has a class of its packets\n");
	if (ioctl(FD_RTP, SIOCOUTQ, &value) < 0)
		fprintf(stderr, "lacks what waits in a socket: %s\n", strerrorname_np(errno));
	else
		fprintf(stderr, "has what waits in a socket\n");
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		fprintf(stderr, "lacks a pair of sockets: %s\n", strerrorname_np(errno));
	else
		fprintf(stderr, "has a pair of sockets\n");
}

static void look_at_needs(void)
{
	for (size_t i = 0; i < sizeof(needs) / sizeof(needs[0]); i++) {
		if (read_it(needs[i].path) < 0)
			fprintf(stderr, "lacks %s: %s\n", needs[i].name, strerrorname_np(errno));
		else
			fprintf(stderr, "has %s\n", needs[i].name);
	}
	if (write_it("/dev/dri/renderD128") < 0)
		fprintf(stderr, "lacks a graphics card: %s\n", strerrorname_np(errno));
	else
		fprintf(stderr, "has a graphics card\n");
	/* sound-pump.c */
	if (setpriority(PRIO_PROCESS, 0, -11) < 0)
		fprintf(stderr, "lacks sound first: %s\n", strerrorname_np(errno));
	else
		fprintf(stderr, "has sound first\n");
	/* Mesa: do two descriptors share a card's context? */
	if (syscall(SYS_kcmp, getpid(), getpid(), 0, 1, 1) < 0)
		fprintf(stderr, "lacks comparing descriptors: %s\n", strerrorname_np(errno));
	else
		fprintf(stderr, "has comparing descriptors\n");
	look_at_sockets();
	look_beside_itself();
}

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "--foreign-abi") == 0) {
#ifdef __x86_64__
		long result;

		/* getpid */
		__asm__ volatile("int $0x80" : "=a"(result) : "a"(20) : "memory");
		fprintf(stderr, "OPEN 32-bit calls: %ld\n", result);
#endif
		return 0;
	}
	if (argc > 1 && strcmp(argv[1], "--foreign-x32") == 0) {
#ifdef __x86_64__
		fprintf(stderr, "OPEN x32 calls: %ld\n", syscall(0x40000000 | SYS_getpid));
#endif
		return 0;
	}
	/* What miracastd asks before a sink has said anything. */
	if (argc > 1)
		return 0;
	/* Of the highest level, if whoever reads the log looks for one. */
	fprintf(stderr, "<0>escape: a line for everybody\n");
	try_all(attempts);
	try_all(network_attempts);
	try_calls();
	look_at_needs();
	fprintf(stderr, "escape: that was all\n");
	return 0;
}
