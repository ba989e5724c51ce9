/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BASE_DESCRIPTOR_LIMIT_H
#define BASE_DESCRIPTOR_LIMIT_H

#include <stddef.h>

/*
 * How many files this process may have open (RLIMIT_NOFILE). The soft limit is low for the sake of
 * programs that use select(), which we do not, so it is raised to the hard one. The programs that
 * we start get the soft limit that we found, as with the runtime of Go.
 */

/** descriptor_limit_raise() - Return: how many it may be from now on */
size_t descriptor_limit_raise(void);

/** descriptor_limit_restore() - back to what descriptor_limit_raise() found, if it was called, in a
 *  new process; as signal-safety(7) asks for */
void descriptor_limit_restore(void);

#endif
