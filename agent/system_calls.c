/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "system_calls.h"

#include "lib/base/last_words.h"
#include "lib/base/memory.h"

#include <errno.h>
#include <seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>

/*
 * What the agent and its programs may ask the kernel for. The names are those of all architectures;
 * one that an architecture does not have, or that libseccomp does not know yet, is left out.
 *
 * Not here, and the reason for all of this: what reaches beyond the network namespace and the files
 * that are open to root anyway. Mounting, namespaces (mount, unshare, setns, pivot_root, chroot),
 * other processes' memory (ptrace, process_vm_*, kcmp, pidfd_getfd), kernel code (init_module,
 * finit_module, bpf, kexec_*), keys, perf_event_open, userfaultfd, io_uring_*, clocks, quotas, swap,
 * reboot, devices and ports (ioperm, iopl, mknod).
 */
struct call_group {
	const char *reason;
	const char *const *names;
};

static const char *const process_calls[] = {"arch_prctl",
					    "brk",
					    "exit",
					    "exit_group",
					    "get_robust_list",
					    "getcpu",
					    "getegid",
					    "geteuid",
					    "getgid",
					    "getgroups",
					    "getpgid",
					    "getpgrp",
					    "getpid",
					    "getppid",
					    "getpriority",
					    "getresgid",
					    "getresuid",
					    "getrlimit",
					    "getrusage",
					    "getsid",
					    "gettid",
					    "getuid",
					    "membarrier",
					    "prctl",
					    "prlimit64",
					    "restart_syscall",
					    "rseq",
					    "sched_getaffinity",
					    "sched_getattr",
					    "sched_getparam",
					    "sched_getscheduler",
					    "sched_setaffinity",
					    "sched_yield",
					    "set_robust_list",
					    "set_thread_area",
					    "set_tid_address",
					    "setrlimit",
					    "sysinfo",
					    "umask",
					    "uname",
					    "capget",
					    "capset",
					    NULL};

static const char *const memory_calls[] = {
	"madvise",   "mincore",	      "mlock",	      "mlock2",	 "mmap",   "mmap2",
	"mprotect",  "mremap",	      "msync",	      "munlock", "munmap", "pkey_alloc",
	"pkey_free", "pkey_mprotect", "memfd_create", NULL};

static const char *const file_calls[] = {
	"_llseek",     "access",	  "chdir",	"chmod",	"chown",       "close",
	"close_range", "copy_file_range", "creat",	"dup",		"dup2",	       "dup3",
	"faccessat",   "faccessat2",	  "fadvise64",	"fadvise64_64", "fallocate",   "fchdir",
	"fchmod",      "fchmodat",	  "fchown",	"fchownat",	"fcntl",       "fcntl64",
	"fdatasync",   "fgetxattr",	  "flock",	"fstat",	"fstat64",     "fstatat64",
	"fstatfs",     "fstatfs64",	  "fsync",	"ftruncate",	"ftruncate64", "getcwd",
	"getdents",    "getdents64",	  "getxattr",	"lgetxattr",	"link",	       "linkat",
	"lseek",       "lstat",		  "lstat64",	"mkdir",	"mkdirat",     "newfstatat",
	"open",	       "openat",	  "openat2",	"pipe",		"pipe2",       "pread64",
	"preadv",      "preadv2",	  "pwrite64",	"pwritev",	"pwritev2",    "read",
	"readahead",   "readlink",	  "readlinkat", "readv",	"rename",      "renameat",
	"renameat2",   "rmdir",		  "sendfile",	"sendfile64",	"splice",      "stat",
	"stat64",      "statfs",	  "statfs64",	"statx",	"symlink",     "symlinkat",
	"tee",	       "truncate",	  "truncate64", "unlink",	"unlinkat",    "utime",
	"utimensat",   "utimes",	  "vmsplice",	"write",	"writev",      NULL};

static const char *const loop_calls[] = {
	"_newselect",	  "epoll_create",    "epoll_create1",	 "epoll_ctl", "epoll_pwait",
	"epoll_pwait2",	  "epoll_wait",	     "eventfd",		 "eventfd2",  "inotify_add_watch",
	"inotify_init",	  "inotify_init1",   "inotify_rm_watch", "ioctl",     "poll",
	"ppoll",	  "pselect6",	     "select",		 "signalfd",  "signalfd4",
	"timerfd_create", "timerfd_gettime", "timerfd_settime",	 NULL};

static const char *const socket_calls[] = {
	"accept",     "accept4",    "bind",	  "connect",  "getpeername", "getsockname",
	"getsockopt", "listen",	    "recv",	  "recvfrom", "recvmmsg",    "recvmsg",
	"send",	      "sendmmsg",   "sendmsg",	  "sendto",   "setsockopt",  "shutdown",
	"socket",     "socketcall", "socketpair", NULL};

static const char *const time_calls[] = {"alarm",
					 "clock_getres",
					 "clock_getres_time64",
					 "clock_gettime",
					 "clock_gettime64",
					 "clock_nanosleep",
					 "clock_nanosleep_time64",
					 "futex",
					 "futex_time64",
					 "futex_waitv",
					 "getitimer",
					 "getrandom",
					 "gettimeofday",
					 "nanosleep",
					 "ppoll_time64",
					 "pselect6_time64",
					 "recvmmsg_time64",
					 "setitimer",
					 "time",
					 "timer_create",
					 "timer_delete",
					 "timer_getoverrun",
					 "timer_gettime",
					 "timer_settime",
					 "timerfd_gettime64",
					 "timerfd_settime64",
					 "times",
					 "utimensat_time64",
					 NULL};

static const char *const signal_calls[] = {"kill",
					   "pause",
					   "pidfd_open",
					   "pidfd_send_signal",
					   "rt_sigaction",
					   "rt_sigpending",
					   "rt_sigprocmask",
					   "rt_sigqueueinfo",
					   "rt_sigreturn",
					   "rt_sigsuspend",
					   "rt_sigtimedwait",
					   "rt_tgsigqueueinfo",
					   "sigaction",
					   "sigaltstack",
					   "sigprocmask",
					   "sigreturn",
					   "tgkill",
					   "tkill",
					   NULL};

static const char *const program_calls[] = {
	"clone",       "clone3",   "execve",	"execveat", "fork",	"setpgid",
	"setpriority", "setsid",   "vfork",	"wait4",    "waitid",	"waitpid",
	"setuid",      "setgid",   "setgroups", "setreuid", "setregid", "setresuid",
	"setresgid",   "setfsuid", "setfsgid",	NULL};

static const struct call_group groups[] = {
	{"every program: its memory, its threads, who it is", process_calls},
	{"malloc, and the stacks of threads", memory_calls},
	{"manifests, kubeconfig, tokens, /proc and /sys, pipes; of programs: their own files",
	 file_calls},
	{"waiting: the event loop, files that change", loop_calls},
	{"netlink, the API server, probes, the status socket, NodePorts on loopback", socket_calls},
	{"clocks, timers and locks, and random numbers for TLS", time_calls},
	{"ending with a signal, and ending programs", signal_calls},
	{"iptables-restore and credential plugins: to start them, and to wait for them",
	 program_calls},
};

static int allow_all(scmp_filter_ctx filter, struct error *err)
{
	for (size_t i = 0; i < COUNT(groups); i++) {
		for (const char *const *name = groups[i].names; *name; name++) {
			int number = seccomp_syscall_resolve_name(*name), r;

			if (number == __NR_SCMP_ERROR)
				continue;
			r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 0);
			if (r < 0)
				return error_set(err, r, "system call %s (%s): %s", *name,
						 groups[i].reason, strerror(-r));
		}
	}
	return 0;
}

static void tell_what_failed(int number)
{
	last_words("ipvsagent: error: libseccomp failed while it made the filter of system calls, "
		   "as it does without memory; the kernel keeps forwarding as programmed\n");
	/* The handler is gone by now, so this ends the program as if there had been none. */
	raise(number);
}

/*
 * libseccomp 2.5 uses, or frees twice, what it could not allocate. The program then ends by one of
 * these signals, which is right, but not without a word.
 */
static const int fatal_signals[] = {SIGSEGV, SIGABRT, SIGBUS};

struct fatal_actions {
	struct sigaction before[COUNT(fatal_signals)];
};

static void watch_fatal_signals(struct fatal_actions *actions)
{
	struct sigaction action = {.sa_handler = tell_what_failed, .sa_flags = (int)SA_RESETHAND};

	for (size_t i = 0; i < COUNT(fatal_signals); i++)
		sigaction(fatal_signals[i], &action, &actions->before[i]);
}

static void leave_fatal_signals(const struct fatal_actions *actions)
{
	for (size_t i = 0; i < COUNT(fatal_signals); i++)
		sigaction(fatal_signals[i], &actions->before[i], NULL);
}

static int load_filter(struct error *err)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
	int r;

	if (!filter)
		return error_set(err, -ENOMEM, "libseccomp makes no filter");
	r = allow_all(filter, err);
	/* The look-up of a call takes a few comparisons instead of some two hundred. */
	if (r >= 0)
		seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (r >= 0)
		seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
	if (r >= 0) {
		r = seccomp_load(filter);
		if (r < 0)
			error_set(err, r, "seccomp: %s", strerror(-r));
	}
	seccomp_release(filter);
	return r;
}

int system_calls_restrict(struct error *err)
{
	struct fatal_actions actions;
	int r;

	watch_fatal_signals(&actions);
	r = load_filter(err);
	leave_fatal_signals(&actions);
	return r;
}
