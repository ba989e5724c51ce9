/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SOURCE_KUBE_SOCKETS_H
#define SOURCE_KUBE_SOCKETS_H

#include "lib/base/memory.h"

#include <curl/curl.h>
#include <ev.h>

/** struct kube_sockets - waits in the loop for the sockets and times of a libcurl multi handle */
struct kube_sockets;

/**
 * kube_sockets_new() - take charge of @multi
 * @on_ready:  what curl_multi_socket_action() is to be called with
 */
struct kube_sockets *
kube_sockets_new(struct ev_loop *loop, CURLM *multi,
		 void (*on_ready)(void *owner, curl_socket_t socket, int events), void *owner);

/** kube_sockets_free() - after curl_multi_cleanup(); NULL is fine */
void kube_sockets_free(struct kube_sockets *sockets);

/**
 * kube_sockets_pause() - nothing is told until kube_sockets_resume()
 *
 * libcurl reads as long as a peer keeps up, 100 buffers in one call. Peers stop when nobody reads.
 * To pause transfers within libcurl is no choice: 7.88 forgets data then.
 */
void kube_sockets_pause(struct kube_sockets *sockets);

/** kube_sockets_resume() - fine without a pause, too */
void kube_sockets_resume(struct kube_sockets *sockets);

#endif
