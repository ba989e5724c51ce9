/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Against the running kernel's rtnetlink, which answers reads without privilege. */
#include "lib/kernel/netlink.h"

#include "lib/base/memory.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <netlink/msg.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/socket.h>
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
		cmocka_unit_test(takes_answers_from_the_kernel_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
