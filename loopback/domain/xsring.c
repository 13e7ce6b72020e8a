// SPDX-License-Identifier: MIT
#include "loopback/domain/xsring.h"

#include <string.h>

static size_t min(size_t a, size_t b)
{
	return a < b ? a : b;
}

ssize_t lb_xsring_put(struct xenstore_domain_interface *r, const void *p, size_t n)
{
	/* [A] pairs with xenstored's store of req_cons: what it has read may
	 * be overwritten only after we saw the index. */
	uint32_t cons = __atomic_load_n(&r->req_cons, __ATOMIC_ACQUIRE);
	uint32_t prod = r->req_prod;
	size_t off, part;

	if (prod - cons > XENSTORE_RING_SIZE)
		return -1;
	n = min(n, XENSTORE_RING_SIZE - (prod - cons));
	off = MASK_XENSTORE_IDX(prod);
	part = min(n, XENSTORE_RING_SIZE - off);
	memcpy(r->req + off, p, part);
	memcpy(r->req, (const char *)p + part, n - part);
	/* [B] the bytes before the index that shows them. */
	__atomic_store_n(&r->req_prod, prod + (uint32_t)n, __ATOMIC_RELEASE);
	return (ssize_t)n;
}

ssize_t lb_xsring_get(struct xenstore_domain_interface *r, void *p, size_t n)
{
	/* [C] pairs with xenstored's store of rsp_prod, as [B] on its side. */
	uint32_t prod = __atomic_load_n(&r->rsp_prod, __ATOMIC_ACQUIRE);
	uint32_t cons = r->rsp_cons;
	size_t off, part;

	if (prod - cons > XENSTORE_RING_SIZE)
		return -1;
	n = min(n, prod - cons);
	off = MASK_XENSTORE_IDX(cons);
	part = min(n, XENSTORE_RING_SIZE - off);
	memcpy(p, r->rsp + off, part);
	memcpy((char *)p + part, r->rsp, n - part);
	/* [D] the bytes are ours before xenstored may write there again. */
	__atomic_store_n(&r->rsp_cons, cons + (uint32_t)n, __ATOMIC_RELEASE);
	return (ssize_t)n;
}
