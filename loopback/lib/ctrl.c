// SPDX-License-Identifier: MIT
/*
 * libxenctrl.so.4.17, the part that xenstored and vchan-socket-proxy use: is
 * this domain alive?  A program that needs another function of it fails when
 * that symbol is looked up, not with a wrong answer.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <xenctrl.h>

#include "loopback/lib/client.h"
#include "loopback/lib/toolcore.h"

#define INFO_BATCH 256u

struct xc_interface_core {
	struct lb_active_handle ah;	/* first: the callback casts back */
	int sock;
	pthread_mutex_t lock;
	xc_error last;
};

/* The broker serves a restricted handle nothing that this library asks for. */
static int restrict_cb(struct lb_active_handle *ah, domid_t domid)
{
	xc_interface *xch = (xc_interface *)ah;
	int rc;

	if (xch->sock < 0)
		return 0;
	pthread_mutex_lock(&xch->lock);
	rc = lb_ask(xch->sock, LB_OP_RESTRICT, domid, 0, 0, NULL);
	pthread_mutex_unlock(&xch->lock);
	return rc;
}

xc_interface *xc_interface_open(xentoollog_logger *logger, xentoollog_logger *dombuild_logger,
				unsigned int open_flags)
{
	xc_interface *xch = calloc(1, sizeof(*xch));
	int saved;

	if (!xch)
		return NULL;
	if (open_flags & XC_OPENFLAG_DUMMY) {
		xch->sock = -1;
	} else {
		xch->sock = lb_connect(1);
		if (xch->sock < 0) {
			saved = errno;
			free(xch);
			errno = saved;
			return NULL;
		}
	}
	pthread_mutex_init(&xch->lock, NULL);
	xch->ah.restrict_callback = restrict_cb;
	xentoolcore__register_active_handle(&xch->ah);
	return xch;
}

int xc_interface_close(xc_interface *xch)
{
	if (!xch)
		return 0;
	xentoolcore__deregister_active_handle(&xch->ah);
	if (xch->sock >= 0)
		close(xch->sock);
	pthread_mutex_destroy(&xch->lock);
	free(xch);
	return 0;
}

const xc_error *xc_get_last_error(xc_interface *xch)
{
	return &xch->last;
}

void xc_clear_last_error(xc_interface *xch)
{
	memset(&xch->last, 0, sizeof(xch->last));
}

const char *xc_error_code_to_desc(int code)
{
	switch (code) {
	case XC_ERROR_NONE: return "No error details";
	case XC_INTERNAL_ERROR: return "Internal error";
	case XC_INVALID_PARAM: return "Invalid argument";
	default: return "Unknown error code";
	}
}

struct info_rep {
	struct lb_rep h;
	struct lb_dominfo dom[INFO_BATCH];
};

/* Domains with id >= first, at most max; their number or -1 with errno. */
static int get_info(xc_interface *xch, uint32_t first, unsigned int max, struct info_rep *rep)
{
	struct lb_req req = { LB_OP_DOMINFO, { first, max < INFO_BATCH ? max : INFO_BATCH, 0 } };
	struct iovec iov = { &req, sizeof(req) };
	struct lb_call call = { .req = &iov, .nreq = 1, .rep = rep, .rep_size = sizeof(*rep) };
	int rc;

	pthread_mutex_lock(&xch->lock);
	rc = lb_call(xch->sock, &call);
	if (rc < 0) {
		xch->last.code = XC_INTERNAL_ERROR;
		strncpy(xch->last.message, strerror(errno), sizeof(xch->last.message) - 1);
	}
	pthread_mutex_unlock(&xch->lock);
	if (rc < 0)
		return -1;
	if (call.rep_len != sizeof(rep->h) + rep->h.value * sizeof(rep->dom[0])) {
		errno = EPROTO;
		return -1;
	}
	return (int)rep->h.value;
}

int xc_domain_getinfo(xc_interface *xch, uint32_t first_domid, unsigned int max_doms,
		      xc_dominfo_t *info)
{
	struct info_rep rep;
	unsigned int done = 0;
	int n = 0, i;

	while (done < max_doms && (n = get_info(xch, first_domid, max_doms - done, &rep)) > 0)
		for (i = 0; i < n; i++, done++) {
			const struct lb_dominfo *d = &rep.dom[i];

			info[done] = (xc_dominfo_t){
				.domid = d->domid, .nr_pages = d->pages,
				.dying = !!(d->flags & LB_DOM_DYING),
				.running = !(d->flags & LB_DOM_DYING),
				.nr_online_vcpus = 1,
			};
			first_domid = d->domid + 1;
		}
	if (!done) {
		if (n == 0)
			errno = ESRCH;
		return -1;
	}
	return (int)done;
}

int xc_domain_getinfolist(xc_interface *xch, uint32_t first_domain, unsigned int max_domains,
			  xc_domaininfo_t *info)
{
	struct info_rep rep;
	unsigned int done = 0;
	int n = 0, i;

	while (done < max_domains && (n = get_info(xch, first_domain, max_domains - done, &rep)) > 0)
		for (i = 0; i < n; i++, done++) {
			const struct lb_dominfo *d = &rep.dom[i];

			info[done] = (xc_domaininfo_t){
				.domain = (domid_t)d->domid, .tot_pages = d->pages,
				.flags = d->flags & LB_DOM_DYING ? XEN_DOMINF_dying
								 : XEN_DOMINF_running,
				.nr_online_vcpus = 1,
			};
			first_domain = d->domid + 1;
		}
	return n < 0 && !done ? -1 : (int)done;
}

int xc_domain_destroy(xc_interface *xch, uint32_t domid)
{
	int rc;

	pthread_mutex_lock(&xch->lock);
	rc = lb_ask(xch->sock, LB_OP_DESTROY, domid, 0, 0, NULL);
	pthread_mutex_unlock(&xch->lock);
	return rc;
}
