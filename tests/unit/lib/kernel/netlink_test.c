/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Against the running kernel's rtnetlink, which answers reads without privilege. */
#include "lib/kernel/netlink.h"

#include "lib/base/memory.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/rtnetlink.h>
#include <linux/seccomp.h>
#include <netlink/msg.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define LOOPBACK  1
#define NO_SUCH	  0x7fffffff
#define UNTOUCHED 12345

static struct netlink *open_netlink(void)
{
	struct netlink *netlink = NULL;
	struct error err = {0};

	if (netlink_open(NETLINK_ROUTE, &netlink, &err) < 0)
		fail_msg("%s", err.text);
	return netlink;
}

static void build_link_request(struct nl_msg *message, int index, int flags)
{
	struct ifinfomsg header = {.ifi_index = index};

	assert_non_null(nlmsg_put(message, 0, 0, RTM_GETLINK, 0, flags));
	assert_int_equal(nlmsg_append(message, &header, sizeof(header), NLMSG_ALIGNTO), 0);
}

static void an_error_belongs_to_its_message(void **state)
{
	struct netlink *netlink = open_netlink();
	struct error err = {0};
	int results[1000];

	(void)state;
	/* The second time with errors in other places, the last message among them. */
	for (int repeated = 0; repeated < 2; repeated++) {
		size_t sent = 0, wrong = repeated ? COUNT(results) - 1 : 3;

		for (size_t i = 0; i < COUNT(results); i++) {
			struct nl_msg *message = netlink_message(netlink);
			results[i] = UNTOUCHED;
			build_link_request(message, i % 7 == wrong % 7 ? NO_SUCH : LOOPBACK, 0);
			if (netlink_batch_add(netlink, message, &results[i]))
				continue;
			assert_int_not_equal(i, sent);
			assert_int_equal(netlink_batch_send(netlink, &err), 0);
			sent = i;
			assert_true(netlink_batch_add(netlink, message, &results[i]));
		}
		assert_int_equal(netlink_batch_send(netlink, &err), 0);
		for (size_t i = 0; i < COUNT(results); i++)
			assert_int_equal(results[i], i % 7 == wrong % 7 ? -ENODEV : 0);
	}
	assert_int_equal(netlink_batch_send(netlink, &err), 0);
	netlink_close(netlink);
}

static int count_messages(void *owner, const struct nlmsghdr *message)
{
	assert_int_equal(message->nlmsg_type, RTM_NEWLINK);
	++*(int *)owner;
	return 0;
}

static int refuse(void *owner, const struct nlmsghdr *message)
{
	(void)message;
	++*(int *)owner;
	return -ECANCELED;
}

static void asks_for_one_and_for_all(void **state)
{
	struct netlink *netlink = open_netlink();
	struct error err = {0};
	struct nl_msg *message;
	int one = 0, all = 0, refused = 0;

	(void)state;
	message = netlink_message(netlink);
	build_link_request(message, LOOPBACK, 0);
	assert_int_equal(netlink_ask(netlink, message, count_messages, &one, &err), 0);
	assert_int_equal(one, 1);

	message = netlink_message(netlink);
	build_link_request(message, 0, NLM_F_DUMP);
	assert_int_equal(netlink_ask(netlink, message, count_messages, &all, &err), 0);
	assert_in_range(all, 1, 100000);

	message = netlink_message(netlink);
	build_link_request(message, NO_SUCH, 0);
	assert_int_equal(netlink_ask(netlink, message, count_messages, &one, &err), -ENODEV);
	assert_string_equal(err.text, "No such device");
	assert_int_equal(one, 1);

	message = netlink_message(netlink);
	build_link_request(message, 0, NLM_F_DUMP);
	assert_int_equal(netlink_ask(netlink, message, refuse, &refused, &err), -ECANCELED);
	assert_int_equal(refused, 1);

	/* What is left of that answer does not disturb the next. */
	message = netlink_message(netlink);
	build_link_request(message, LOOPBACK, 0);
	assert_int_equal(netlink_ask(netlink, message, count_messages, &one, &err), 0);
	assert_int_equal(one, 2);
	netlink_close(netlink);
}

#define EACH_COUNT 100

static int build_each(void *owner, size_t index, struct nl_msg *message)
{
	(void)owner;
	(void)index;
	build_link_request(message, 0, NLM_F_DUMP);
	return 0;
}

static int count_each(void *owner, size_t index, const struct nlmsghdr *message)
{
	int *counts = owner;

	assert_in_range(index, 0, EACH_COUNT - 1);
	return count_messages(&counts[index], message);
}

static int refuse_the_sixtieth(void *owner, size_t index, const struct nlmsghdr *message)
{
	(void)owner;
	(void)message;
	return index == 60 ? -ECANCELED : 0;
}

static int cannot_build(void *owner, size_t index, struct nl_msg *message)
{
	(void)owner;
	(void)index;
	(void)message;
	return -EMSGSIZE;
}

static void asks_for_many(void **state)
{
	struct netlink *netlink = open_netlink();
	int counts[EACH_COUNT] = {0}, all = 0;
	struct error err = {0};
	struct nl_msg *message;

	(void)state;
	message = netlink_message(netlink);
	build_link_request(message, 0, NLM_F_DUMP);
	assert_int_equal(netlink_ask(netlink, message, count_messages, &all, &err), 0);

	assert_int_equal(
		netlink_ask_each(netlink, EACH_COUNT, build_each, count_each, counts, &err), 0);
	for (size_t i = 0; i < EACH_COUNT; i++)
		assert_int_equal(counts[i], all);

	assert_int_equal(
		netlink_ask_each(netlink, EACH_COUNT, build_each, refuse_the_sixtieth, NULL, &err),
		-ECANCELED);
	assert_int_equal(netlink_ask_each(netlink, 1, cannot_build, count_each, counts, &err),
			 -EMSGSIZE);
	assert_int_equal(netlink_ask_each(netlink, 1, build_each, count_each, counts, &err), 0);
	assert_int_equal(counts[0], 2 * all);
	netlink_close(netlink);
}

/* As many container sandboxes do. */
static int forbid_asynchronous_io(void)
{
	struct sock_filter instructions[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_io_setup, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {COUNT(instructions), instructions};
	unsigned long context = 0;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0)
		return -errno;
	return syscall(SYS_io_setup, 1, &context) < 0 && errno == EPERM ? 0 : -EIO;
}

static void asks_for_many_without_asynchronous_io(void **state)
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		if (forbid_asynchronous_io() < 0)
			_exit(1);
		/* A failed assertion leaves by longjmp to where cmocka started the test. */
		asks_for_many(state);
		_exit(42);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 42);
}

/* Whoever has CAP_NET_ADMIN may send to other sockets; namespaces of its own give it to anybody. */
static int become_admin_of_a_namespace(void)
{
	if (unshare(CLONE_NEWNET) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
		return -errno;
	return 0;
}

/* Return: 0, or the errno that sending an answer to a request of @netlink got */
static int forge_answer(const struct netlink *netlink)
{
	struct sockaddr_nl receiver = {.nl_family = AF_NETLINK, .nl_pid = netlink_port(netlink)};
	struct nlmsghdr message = {.nlmsg_len = sizeof(message), .nlmsg_type = NLMSG_DONE};
	int forger = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	ssize_t sent = sendto(forger, &message, sizeof(message), 0,
			      (const struct sockaddr *)&receiver, sizeof(receiver));
	int code = sent < 0 ? errno : 0;

	close(forger);
	return code;
}

static void takes_answers_from_the_kernel_alone(void **state)
{
	pid_t child = fork();
	int status;

	(void)state;
	if (child == 0) {
		if (become_admin_of_a_namespace() < 0)
			_exit(77);
		_exit(forge_answer(open_netlink()));
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		skip(); /* a sandbox that lets nobody have namespaces */
	assert_int_equal(WEXITSTATUS(status), ECONNREFUSED);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_error_belongs_to_its_message),
		cmocka_unit_test(asks_for_one_and_for_all),
		cmocka_unit_test(asks_for_many),
		cmocka_unit_test(asks_for_many_without_asynchronous_io),
		cmocka_unit_test(takes_answers_from_the_kernel_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
