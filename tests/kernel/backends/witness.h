/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BACKENDS_WITNESS_H
#define BACKENDS_WITNESS_H

/*
 * What the kernel tests of the backends share: a network namespace of their own, and the kernel's
 * state as ipvsadm, ip and /proc tell it. A test never trusts the code that it tests.
 */

/** witness_enter_namespace() - a fresh network namespace for the rest of this process; for cmocka's
 *  setup functions; loopback is up */
int witness_enter_namespace(void **state);

/** witness_read() - what the shell command prints; it must succeed; valid until the next call */
const char *witness_read(const char *command);

/** witness_number() - the number which the shell command prints */
long witness_number(const char *command);

/** witness_expect() - the shell command must print @output */
void witness_expect(const char *command, const char *output);

/** witness_run() - a shell command which must succeed */
void witness_run(const char *command);

/** witness_seconds() - monotonic time */
double witness_seconds(void);

#endif
