/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_PROCESSES_H
#define AGENT_PROCESSES_H

#include <sys/types.h>

/**
 * processes_find() - a process of this name that does not run our own program
 * @name:  as in /proc/PID/comm: the program's name, 15 bytes at most
 *
 * In a container only the processes of its PID namespace are seen. Return: its number; 0 if there
 * is none
 */
pid_t processes_find(const char *name);

#endif
