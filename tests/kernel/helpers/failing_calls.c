/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * To be preloaded into the agent: one of its calls fails, the n-th since that was last asked for; or the agent
 * is killed before its n-th write to the kernel. That is a message by which it asks for a change over netlink (of those
 * that are sent at once, the kernel gets the ones before), a value in /proc/sys, the start of a program, or a piece
 * of a program's input. The file that FAILING_CALLS names has fields of 16 bytes, numbers but the last:
 *
 *   order, kind, n, error  what is asked for; another order begins to count anew, and n of 0 only counts.
 *                          kind is enum kind; error is a position among those that the call may well fail
 *                          with, coming back short among them
 *   done                   the order that is being followed
 *   count                  calls of that kind since then
 *   what failed            "sendto ENOBUFS", or "ipset 9" for what was not written, of 32 bytes; empty until then
 *
 * Only the agent counts, neither what starts it nor what it starts.
 */
/* So that open() and open64() are two. */
#undef _FILE_OFFSET_BITS

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/genetlink.h>
#include <linux/ip_vs.h>
#include <linux/netfilter/ipset/ip_set.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define FIELD_SIZE   16
#define CONTROL_SIZE 128

/* Instead of an errno: it does less than it was asked for. */
#define SHORT (-1)

enum kind { KIND_SYSTEM, KIND_MEMORY, KIND_WRITE };

enum field {
	FIELD_ORDER,
	FIELD_KIND,
	FIELD_NUMBER,
	FIELD_ERROR,
	FIELD_DONE,
	FIELD_COUNT,
	FIELD_FAILED
};

#define CODES(...)             \
	(const int[])          \
	{                      \
		__VA_ARGS__, 0 \
	}

static char *control;
static pid_t owner;
static long followed = -1;
static unsigned long count;

static long read_field(enum field field)
{
	return strtol(control + field * FIELD_SIZE, NULL, 10);
}

static void write_field(enum field field, long value)
{
	char text[FIELD_SIZE + 1];

	snprintf(text, sizeof(text), "%-15ld\n", value);
	memcpy(control + field * FIELD_SIZE, text, FIELD_SIZE);
}

__attribute__((constructor)) static void prepare(void)
{
	bool is_agent = strcmp(program_invocation_short_name, "ipvsagent") == 0;
	const char *path = is_agent ? getenv("FAILING_CALLS") : NULL;
	int descriptor = path ? (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC) : -1;
	void *mapped;

	if (descriptor < 0)
		return;
	unsetenv("LD_PRELOAD");
	mapped = mmap(NULL, CONTROL_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
	close(descriptor);
	if (mapped == MAP_FAILED)
		return;
	owner = getpid();
	control = mapped;
}

/* Begins to count anew if that was asked for. */
static void follow(void)
{
	if (read_field(FIELD_ORDER) == followed)
		return;
	followed = read_field(FIELD_ORDER);
	__atomic_store_n(&count, 0, __ATOMIC_SEQ_CST);
	memset(control + FIELD_FAILED * FIELD_SIZE, ' ', 2 * FIELD_SIZE - 1);
	write_field(FIELD_DONE, followed);
}

static void tell(const char *name, const char *how)
{
	char text[2 * FIELD_SIZE + 1];

	snprintf(text, sizeof(text), "%-14.14s %-16s\n", name, how);
	memcpy(control + FIELD_FAILED * FIELD_SIZE, text, sizeof(text) - 1);
}

static void tell_failure(const char *name, int code)
{
	tell(name, code == SHORT ? "short" : strerrorname_np(code));
}

/* @codes: ends with 0. Return: what this call fails with, or 0 */
static int failure(enum kind kind, const int *codes)
{
	int before = errno, known = 0, code = 0;
	long number;

	if (!control || getpid() != owner)
		return 0;
	follow();
	if (read_field(FIELD_KIND) == (long)kind) {
		number = (long)__atomic_add_fetch(&count, 1, __ATOMIC_SEQ_CST);
		write_field(FIELD_COUNT, number);
		while (codes[known])
			known++;
		if (number == read_field(FIELD_NUMBER))
			code = codes[read_field(FIELD_ERROR) % known];
	}
	errno = before;
	return code;
}

/* Return: whether it fails, with errno set */
static bool fails(enum kind kind, const char *name, const int *codes)
{
	int code = failure(kind, codes);

	if (!code)
		return false;
	tell_failure(name, code);
	errno = code;
	return true;
}

/* Datagrams come and go whole. */
static bool is_stream(int descriptor)
{
	struct stat about;
	int type = SOCK_STREAM;
	socklen_t length = sizeof(type);

	getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &length);
	return type == SOCK_STREAM && fstat(descriptor, &about) == 0 && (about.st_mode & S_IFMT);
}

static bool is_last_write(void)
{
	return failure(KIND_WRITE, CODES(EPERM)) != 0;
}

/* @type: of a message; -1: none */
static void end_before(const char *name, int type)
{
	char text[FIELD_SIZE] = "";

	if (type >= 0)
		snprintf(text, sizeof(text), "%d", type);
	tell(name, text);
	kill(owner, SIGKILL);
	for (;;)
		pause();
}

static void before_write(const char *name)
{
	if (is_last_write())
		end_before(name, -1);
}

static void before_open(const char *path, int flags)
{
	if ((flags & O_ACCMODE) != O_RDONLY &&
	    strncmp(path, "/proc/sys/", strlen("/proc/sys/")) == 0)
		before_write(strrchr(path, '/') + 1);
}

static int option_of(int socket, int name)
{
	int value = -1, before = errno;
	socklen_t length = sizeof(value);

	getsockopt(socket, SOL_SOCKET, name, &value, &length);
	errno = before;
	return value;
}

/* Return: the number of the change that the message asks for, as netlink_monitor knows them; or -1 */
static int change_of(int protocol, const struct nlmsghdr *message)
{
	int type = message->nlmsg_type, command;

	if ((message->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP)
		return -1;
	switch (protocol) {
	case NETLINK_ROUTE:
		return type >= RTM_BASE && (type - RTM_BASE) % 4 != 2 ? type : -1;
	case NETLINK_NETFILTER:
		command = NFNL_MSG_TYPE(type);
		if (NFNL_SUBSYS_ID(type) == NFNL_SUBSYS_IPSET)
			return (command >= IPSET_CMD_CREATE && command <= IPSET_CMD_SWAP) ||
					       command == IPSET_CMD_ADD || command == IPSET_CMD_DEL
				       ? command
				       : -1;
		return NFNL_SUBSYS_ID(type) == NFNL_SUBSYS_CTNETLINK && command != 1 ? type : -1;
	case NETLINK_GENERIC:
		if (type == GENL_ID_CTRL)
			return -1;
		command = ((const struct genlmsghdr *)NLMSG_DATA(message))->cmd;
		return command == IPVS_CMD_GET_SERVICE || command == IPVS_CMD_GET_DEST ||
				       command == IPVS_CMD_GET_CONFIG ||
				       command == IPVS_CMD_GET_INFO
			       ? -1
			       : command;
	default:
		return -1;
	}
}

static const char *protocol_name(int protocol)
{
	return protocol == NETLINK_ROUTE ? "route" : protocol == NETLINK_GENERIC ? "ipvs" : "ipset";
}

/* Programs get their input over a socket without a name; the status socket has one. */
static bool is_input(int socket)
{
	struct sockaddr_storage name;
	socklen_t length = sizeof(name);

	return socket > STDERR_FILENO && option_of(socket, SO_DOMAIN) == AF_UNIX &&
	       syscall(SYS_getsockname, socket, &name, &length) == 0 &&
	       length == sizeof(name.ss_family);
}

static void before_send(int socket, const void *bytes, size_t size)
{
	const char *at = bytes, *end = at + size;
	int protocol = option_of(socket, SO_PROTOCOL);

	if (!control || getpid() != owner)
		return;
	if (is_input(socket))
		before_write("input");
	if (option_of(socket, SO_DOMAIN) != AF_NETLINK)
		return;
	while ((size_t)(end - at) >= sizeof(struct nlmsghdr)) {
		const struct nlmsghdr *message = (const void *)at;
		int change = change_of(protocol, message);

		if (change >= 0 && is_last_write()) {
			if (at > (const char *)bytes)
				syscall(SYS_sendto, socket, bytes,
					(size_t)(at - (const char *)bytes), 0, NULL, 0);
			end_before(protocol_name(protocol), change);
		}
		if (message->nlmsg_len < sizeof(*message))
			return;
		at += NLMSG_ALIGN(message->nlmsg_len);
	}
}

/* The same for a call that may come back short. Return: as failure() */
static int fails_or_is_short(const char *name, bool may_be_short, const int *codes)
{
	int code = failure(KIND_SYSTEM, codes);

	if (code == SHORT && !may_be_short)
		code = codes[0];
	if (code)
		tell_failure(name, code);
	if (code && code != SHORT)
		errno = code;
	return code;
}

#define FIND_NEXT(type, name, parameters) \
	static type(*next) parameters;    \
                                          \
	if (!next)                        \
		*(void **)&next = dlsym(RTLD_NEXT, #name);

/* A function of libc of the same name, which does @first, and fails with @failed. */
#define WRAP_FIRST(type, failed, name, parameters, arguments, first, ...) \
	type name parameters                                              \
	{                                                                 \
		FIND_NEXT(type, name, parameters)                         \
		first;                                                    \
		if (fails(KIND_SYSTEM, #name, CODES(__VA_ARGS__)))        \
			return failed;                                    \
		return next arguments;                                    \
	}
#define NOTHING (void)0
#define WRAP_AS(type, failed, name, parameters, arguments, ...) \
	WRAP_FIRST(type, failed, name, parameters, arguments, NOTHING, __VA_ARGS__)
#define WRAP(type, name, parameters, arguments, ...) \
	WRAP_AS(type, -1, name, parameters, arguments, __VA_ARGS__)

/* The same, which may come back short: as if called with @less where @condition. */
#define WRAP_SHORT(type, name, parameters, arguments, first, condition, less, ...)     \
	type name parameters                                                           \
	{                                                                              \
		FIND_NEXT(type, name, parameters)                                      \
		int code;                                                              \
                                                                                       \
		first;                                                                 \
		code = fails_or_is_short(#name, condition, CODES(__VA_ARGS__, SHORT)); \
		if (code == SHORT)                                                     \
			return next less;                                              \
		return code ? -1 : next arguments;                                     \
	}

#define NO_DESCRIPTOR EMFILE, ENFILE, ENOMEM
#define NOT_SENT      ENOBUFS, ENOMEM, EINTR, EAGAIN, EPERM
#define NOT_RECEIVED  ENOBUFS, ENOMEM, EINTR, EAGAIN
#define PART(size)    ((size) > 1 ? (size) / 2 : (size))

WRAP(int, socket, (int domain, int type, int protocol), (domain, type, protocol), NO_DESCRIPTOR,
     ENOBUFS)
WRAP(int, socketpair, (int domain, int type, int protocol, int pair[2]),
     (domain, type, protocol, pair), NO_DESCRIPTOR)
WRAP(int, bind, (int socket, const struct sockaddr *address, socklen_t length),
     (socket, address, length), EADDRINUSE, ENOMEM)
WRAP(int, connect, (int socket, const struct sockaddr *address, socklen_t length),
     (socket, address, length), ENOBUFS, EINTR)
WRAP(int, listen, (int socket, int backlog), (socket, backlog), EADDRINUSE)
WRAP(int, accept4, (int socket, struct sockaddr *address, socklen_t *length, int flags),
     (socket, address, length, flags), NO_DESCRIPTOR, ECONNABORTED)
WRAP(int, setsockopt, (int socket, int level, int name, const void *value, socklen_t length),
     (socket, level, name, value, length), ENOMEM, ENOBUFS)
WRAP(int, getsockname, (int socket, struct sockaddr *address, socklen_t *length),
     (socket, address, length), ENOBUFS)
WRAP_SHORT(ssize_t, send, (int socket, const void *bytes, size_t size, int flags),
	   (socket, bytes, size, flags), before_send(socket, bytes, size), is_stream(socket),
	   (socket, bytes, PART(size), flags), NOT_SENT)
WRAP_FIRST(ssize_t, -1, sendto,
	   (int socket, const void *bytes, size_t size, int flags, const struct sockaddr *address,
	    socklen_t length),
	   (socket, bytes, size, flags, address, length), before_send(socket, bytes, size),
	   NOT_SENT)
WRAP_FIRST(ssize_t, -1, sendmsg, (int socket, const struct msghdr *message, int flags),
	   (socket, message, flags),
	   before_send(socket, message->msg_iov->iov_base, message->msg_iov->iov_len), NOT_SENT)
WRAP_SHORT(ssize_t, recv, (int socket, void *bytes, size_t size, int flags),
	   (socket, bytes, size, flags), NOTHING, is_stream(socket),
	   (socket, bytes, PART(size), flags), NOT_RECEIVED)
WRAP(ssize_t, recvfrom,
     (int socket, void *restrict bytes, size_t size, int flags, struct sockaddr *restrict address,
      socklen_t *restrict length),
     (socket, bytes, size, flags, address, length), NOT_RECEIVED)
WRAP(ssize_t, recvmsg, (int socket, struct msghdr *message, int flags), (socket, message, flags),
     NOT_RECEIVED)
WRAP_SHORT(int, recvmmsg,
	   (int socket, struct mmsghdr *messages, unsigned int most, int flags,
	    struct timespec *timeout),
	   (socket, messages, most, flags, timeout), NOTHING, true,
	   (socket, messages, 1, flags, timeout), NOT_RECEIVED)
WRAP_SHORT(ssize_t, read, (int descriptor, void *bytes, size_t size), (descriptor, bytes, size),
	   NOTHING, is_stream(descriptor), (descriptor, bytes, PART(size)), EINTR, EIO, EAGAIN,
	   ENOMEM)
WRAP_SHORT(ssize_t, write, (int descriptor, const void *bytes, size_t size),
	   (descriptor, bytes, size), NOTHING, is_stream(descriptor),
	   (descriptor, bytes, PART(size)), EINTR, EIO, ENOSPC, EAGAIN)
WRAP_SHORT(ssize_t, splice,
	   (int from, off64_t *at, int to, off64_t *there, size_t size, unsigned int flags),
	   (from, at, to, there, size, flags), NOTHING, true,
	   (from, at, to, there, PART(size), flags), EINTR, EAGAIN, ENOMEM)
WRAP(int, pipe2, (int ends[2], int flags), (ends, flags), NO_DESCRIPTOR)
WRAP(int, dup2, (int descriptor, int other), (descriptor, other), EINTR, EMFILE)
WRAP(int, eventfd, (unsigned int value, int flags), (value, flags), NO_DESCRIPTOR)
WRAP(int, timerfd_create, (int clock, int flags), (clock, flags), NO_DESCRIPTOR)
WRAP(int, epoll_create1, (int flags), (flags), NO_DESCRIPTOR)
WRAP(int, epoll_ctl, (int epoll, int operation, int descriptor, struct epoll_event *event),
     (epoll, operation, descriptor, event), ENOMEM, ENOSPC)
WRAP_SHORT(int, epoll_wait, (int epoll, struct epoll_event *events, int most, int timeout),
	   (epoll, events, most, timeout), NOTHING, true, (epoll, events, 1, timeout), EINTR)
WRAP(int, poll, (struct pollfd * descriptors, nfds_t number, int timeout),
     (descriptors, number, timeout), EINTR, ENOMEM)
WRAP(int, inotify_init1, (int flags), (flags), NO_DESCRIPTOR)
WRAP(int, inotify_add_watch, (int inotify, const char *path, uint32_t mask), (inotify, path, mask),
     ENOMEM, ENOSPC)
WRAP(int, pthread_create,
     (pthread_t *restrict thread, const pthread_attr_t *restrict attributes, void *(*run)(void *),
      void *restrict argument),
     (thread, attributes, run, argument), EAGAIN)
WRAP_AS(void *, MAP_FAILED, mmap,
	(void *address, size_t size, int protection, int flags, int descriptor, off_t offset),
	(address, size, protection, flags, descriptor, offset), ENOMEM)
WRAP_AS(void *, MAP_FAILED, mmap64,
	(void *address, size_t size, int protection, int flags, int descriptor, off64_t offset),
	(address, size, protection, flags, descriptor, offset), ENOMEM)
WRAP(int, mprotect, (void *address, size_t size, int protection), (address, size, protection),
     ENOMEM)
WRAP_AS(FILE *, NULL, fopen, (const char *restrict path, const char *restrict mode), (path, mode),
	NO_DESCRIPTOR, EIO)
WRAP_AS(FILE *, NULL, fopen64, (const char *restrict path, const char *restrict mode), (path, mode),
	NO_DESCRIPTOR, EIO)
WRAP_AS(DIR *, NULL, opendir, (const char *path), (path), NO_DESCRIPTOR)
WRAP(ssize_t, __getdelim,
     (char **restrict line, size_t *restrict size, int delimiter, FILE *restrict stream),
     (line, size, delimiter, stream), EIO, ENOMEM)
WRAP_AS(char *, NULL, fgets, (char *restrict line, int size, FILE *restrict stream),
	(line, size, stream), EIO)

/* Not found with dlsym(), which allocates. */
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *block, size_t size);

void *malloc(size_t size)
{
	return fails(KIND_MEMORY, "malloc", CODES(ENOMEM)) ? NULL : __libc_malloc(size);
}

void *calloc(size_t number, size_t size)
{
	return fails(KIND_MEMORY, "calloc", CODES(ENOMEM)) ? NULL : __libc_calloc(number, size);
}

void *realloc(void *block, size_t size)
{
	return fails(KIND_MEMORY, "realloc", CODES(ENOMEM)) ? NULL : __libc_realloc(block, size);
}

/* What is read as a mode where nobody gave one is not looked at. */
#define TAKE_MODE(mode, flags)               \
	do {                                 \
		va_list more;                \
                                             \
		va_start(more, flags);       \
		mode = va_arg(more, mode_t); \
		va_end(more);                \
	} while (0)

/* @parameters, @arguments: what comes before the path */
#define WRAP_OPEN(name, parameters, arguments)                                             \
	int name(UNWRAP parameters const char *path, int flags, ...)                       \
	{                                                                                  \
		FIND_NEXT(int, name, (UNWRAP parameters const char *path, int flags, ...)) \
		mode_t mode;                                                               \
                                                                                           \
		before_open(path, flags);                                                  \
		TAKE_MODE(mode, flags);                                                    \
		if (fails(KIND_SYSTEM, #name, CODES(NO_DESCRIPTOR, EINTR, EIO)))           \
			return -1;                                                         \
		return next(UNWRAP arguments path, flags, mode);                           \
	}
#define UNWRAP(...) __VA_ARGS__
WRAP_OPEN(open, (), ())
WRAP_OPEN(open64, (), ())
WRAP_OPEN(openat64, (int directory, ), (directory, ))
/* Headers declare it for programs that are built with _FORTIFY_SOURCE only. */
int __open64_2(const char *path, int flags);
WRAP_FIRST(int, -1, __open64_2, (const char *path, int flags), (path, flags),
	   before_open(path, flags), NO_DESCRIPTOR, EINTR, EIO)

#ifdef __x86_64__
/* It returns twice, which a function in between could not: the real one is jumped to. */
void *real_vfork(void);
void *real_vfork(void)
{
	before_write("vfork");
	return fails(KIND_SYSTEM, "vfork", CODES(EAGAIN, ENOMEM)) ? NULL
								  : dlsym(RTLD_NEXT, "vfork");
}

__asm__(".globl vfork\n"
	".type vfork, @function\n"
	"vfork:\n"
	"	subq $8, %rsp\n"
	"	call real_vfork@PLT\n"
	"	addq $8, %rsp\n"
	"	testq %rax, %rax\n"
	"	jz 1f\n"
	"	jmp *%rax\n"
	"1:	movl $-1, %eax\n"
	"	ret\n"
	".size vfork, .-vfork\n");
#endif
