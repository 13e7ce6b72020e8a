// SPDX-License-Identifier: MIT
/*
 * Opening, closing, and questions about the device as a whole.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <sodium.h>
#include <xenstore_lib.h>
#include <xentoollog.h>

#include "internal.h"

/* ---- options ---- */

void coproc_options_init(struct coproc_options *options)
{
	memset(options, 0, sizeof(*options));
	options->size = sizeof(*options);
	options->index = COPROC_INDEX_ANY;
	options->connect_timeout_ms = 10000;
	options->control_timeout_ms = 10000;
	options->load_timeout_ms = 60000;
	options->wait_timeout_ms = 60000;
	options->close_timeout_ms = 5000;
}

/* A program may know fewer options than this library, or more. */
static void options_take(struct coproc_options *own, const struct coproc_options *given)
{
	size_t size;

	coproc_options_init(own);
	if (!given)
		return;
	size = given->size < sizeof(*own) ? given->size : sizeof(*own);
	memcpy(own, given, size);
	own->size = sizeof(*own);
}

/* ---- the Xen libraries' handles ---- */

/* Their errors are reported once, by this library, with what they mean. */
static void log_nothing(struct xentoollog_logger *logger, xentoollog_level level, int errnoval,
			const char *context, const char *format, va_list al)
{
}

static void progress_nothing(struct xentoollog_logger *logger, const char *context,
			     const char *doing_what, int percent, unsigned long done,
			     unsigned long total)
{
}

static void destroy_nothing(struct xentoollog_logger *logger)
{
}

static struct xentoollog_logger silent = { log_nothing, progress_nothing, destroy_nothing };

static int no_driver(struct coproc_device *dev, const char *what, const char *node,
		     const char *module)
{
	int error = errno ? errno : ENXIO;

	if (error == EACCES || error == EPERM)
		return fail(dev, -EACCES, "no permission for %s (%s): run as root, or give this "
			    "user the right to it", node, what);
	if (error == ENOENT || error == ENODEV || error == ENXIO)
		return fail(dev, -ENXIO, "no %s: %s is missing; load the module %s, in a Xen guest",
			    what, node, module);
	return fail(dev, -error, "%s: %s", node, strerror(error));
}

static int open_drivers(struct coproc_device *dev)
{
	errno = 0;
	dev->gntshr = xengntshr_open(&silent, 0);
	if (!dev->gntshr)
		return no_driver(dev, "grant driver", "/dev/xen/gntalloc", "xen-gntalloc");
	errno = 0;
	dev->evtchn = xenevtchn_open(&silent, 0);
	if (!dev->evtchn)
		return no_driver(dev, "event channel driver", "/dev/xen/evtchn", "xen-evtchn");
	return pump_open(dev);
}

/*
 * One program per device, because its directory in xenstore has one state.  A
 * name in the abstract namespace goes away with whoever holds it.  It has in
 * it which xenstored this is, for where several worlds share a kernel.
 */
int lock_device(struct coproc_device *dev, uint32_t domain)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	struct stat st = { 0 };
	int length, rc;

	if (stat(xs_daemon_socket(), &st))
		memset(&st, 0, sizeof(st));
	length = snprintf(name.sun_path + 1, sizeof(name.sun_path) - 1,
			  "xen-coproc/%lx:%lx/%u/%d", (unsigned long)st.st_dev,
			  (unsigned long)st.st_ino, domain, dev->index);
	dev->lock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (dev->lock < 0)
		return fail(dev, -errno, "no socket: %s", strerror(errno));
	rc = bind(dev->lock, (struct sockaddr *)&name,
		  (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)length));
	if (rc == 0)
		return 0;
	if (errno == EADDRINUSE)
		return fail(dev, -EBUSY, "coprocessor %d is in use by another program",
			    dev->index);
	return fail(dev, -errno, "cannot take coprocessor %d: %s", dev->index, strerror(errno));
}

/* ---- open and close ---- */

static void device_free(struct coproc_device *dev)
{
	objects_free(dev);
	link_close(dev, false);
	store_close(dev);
	pump_close(dev);
	if (dev->evtchn)
		xenevtchn_close(dev->evtchn);
	if (dev->gntshr)
		xengntshr_close(dev->gntshr);
	if (dev->lock >= 0)
		close(dev->lock);
	free(dev);
}

static struct coproc_device *device_new(const struct coproc_options *options)
{
	struct coproc_device *dev = calloc(1, sizeof(*dev));

	if (!dev)
		return NULL;
	options_take(&dev->options, options);
	dev->inner = -1;
	dev->outer = -1;
	dev->timer = -1;
	dev->ready = -1;
	dev->lock = -1;
	dev->link.port = -1;
	dev->timer_at = NEVER;
	dev->next_job = 1;
	dev->mine = COPROC_STATE_UNKNOWN;
	dev->wish = COPROC_WISH_STAY;
	dev->told = COPROC_CONNECTING;
	control_reset(&dev->link);
	return dev;
}

/* What there is to say when the time was over, beside that it was. */
static int connect_timed_out(struct coproc_device *dev)
{
	unsigned int peer = COPROC_PEER_VANISHED;
	unsigned int own;

	if (dev->xs && store_states(dev, &peer, &own) == 0 && peer == COPROC_PEER_VANISHED)
		return fail(dev, -ETIMEDOUT, "the backend's directory %s is not there: is the "
			    "backend's domain running?", dev->peer_dir);
	return fail(dev, -ETIMEDOUT, "the backend did not connect in %u ms (it is in %s, this side "
		    "in %s): is coprocd running, and does it know this coprocessor?",
		    dev->options.connect_timeout_ms, coproc_state_name(peer),
		    coproc_state_name(dev->mine));
}

static int wait_connected(struct coproc_device *dev, uint64_t deadline)
{
	int rc;

	while (!dev->connected) {
		if (connection_state(dev) == COPROC_LOST)
			return -ENOTCONN;
		if (now_us() >= deadline)
			return -ETIMEDOUT;
		rc = pump(dev, deadline);
		if (rc)
			return rc;
	}
	return 0;
}

static int device_connect(struct coproc_device *dev)
{
	int rc;

	dev->look = true;
	connection_settle(dev);
	if (dev->options.flags & COPROC_OPEN_NOWAIT) {
		pump_timer(dev);
		return dev->gave_up ? dev->failure : 0;
	}
	rc = wait_connected(dev, deadline_in(dev->options.connect_timeout_ms));
	if (rc == -ENOTCONN)
		return dev->failure ? dev->failure : rc;
	return rc == -ETIMEDOUT ? connect_timed_out(dev) : rc;
}

int coproc_open(const struct coproc_options *options, struct coproc_device **device)
{
	struct coproc_device *dev = device_new(options);
	char *reason;
	int rc;

	if (!dev)
		return -ENOMEM;
	reason = dev->options.reason;
	rc = sodium_init() < 0 ? fail(dev, -EIO, "libsodium cannot start") : open_drivers(dev);
	if (rc == 0)
		rc = store_open(dev);
	if (rc == 0)
		rc = store_find(dev);
	if (rc == 0)
		rc = store_peer(dev);
	if (rc == 0)
		rc = device_connect(dev);
	/* Neither is kept: they are the caller's. */
	dev->options.name = NULL;
	dev->options.reason = NULL;
	if (rc == 0) {
		*device = dev;
		return 0;
	}
	if (reason && options->reason_size)
		snprintf(reason, options->reason_size, "%s", dev->reason);
	coproc_close(dev, COPROC_DEFAULT);
	return rc;
}

/* Cancels what is live and waits for it, half of the time at most. */
static void end_jobs(struct coproc_device *dev, uint64_t deadline)
{
	uint32_t i;

	for (i = 1; i < dev->table[OBJECT_QUEUE].room; i++)
		if (dev->table[OBJECT_QUEUE].at[i])
			coproc_cancel_all((struct coproc_queue *)dev->table[OBJECT_QUEUE].at[i]);
	while (dev->live_jobs && dev->link.ready && now_us() < deadline)
		if (pump(dev, deadline))
			break;
}

int coproc_close(struct coproc_device *dev, int timeout_ms)
{
	uint64_t deadline;
	uint64_t now = now_us();
	int rc = 0;

	if (!dev)
		return 0;
	deadline = deadline_of(timeout_ms, dev->options.close_timeout_ms);
	dev->closing = true;
	if (dev->dir[0] && dev->peer_dir[0] && dev->inner >= 0) {
		end_jobs(dev, now + (deadline - now) / 2);
		dev->late_at = deadline;
		dev->overdue = false;
		if (dev->wish == COPROC_WISH_STAY)
			dev->wish = COPROC_WISH_LEAVE;
		dev->look = true;
		dev->look_at = 0;
		do {
			rc = pump(dev, deadline);
		} while (!rc && !dev->over && now_us() < deadline);
		if (!dev->over) {
			/* One last step of the table: it does not unmap. */
			dev->late = true;
			dev->overdue = true;
			dev->look = true;
			connection_settle(dev);
		}
		if (dev->overdue)
			rc = -ETIMEDOUT;
		connection_drop(dev, false);
	}
	device_free(dev);
	return rc;
}

/* ---- questions ---- */

enum coproc_connection coproc_state(const struct coproc_device *dev)
{
	return connection_state(dev);
}

const char *coproc_reason(const struct coproc_device *dev)
{
	return dev->reason;
}

const char *coproc_lost_reason(const struct coproc_device *dev)
{
	return dev->lost_reason;
}

unsigned int coproc_refusal(const struct coproc_device *dev)
{
	return dev->refusal;
}

uint64_t coproc_refusal_detail(const struct coproc_device *dev)
{
	return dev->refusal_detail;
}

int coproc_fd(const struct coproc_device *dev)
{
	return dev->outer;
}

int coproc_wait_connected(struct coproc_device *dev, int timeout_ms)
{
	int rc = wait_connected(dev, deadline_of(timeout_ms, dev->options.connect_timeout_ms));

	pump_ready(dev);
	if (rc == -ETIMEDOUT)
		return fail(dev, rc, "not connected in time");
	if (rc == -ENOTCONN)
		return fail(dev, rc, "the connection is lost: %s",
			    dev->lost_reason[0] ? dev->lost_reason : strerror(-dev->failure));
	return rc;
}

int coproc_reconnect(struct coproc_device *dev)
{
	if (dev->connected)
		return -EISCONN;
	connection_drop(dev, false);
	dev->removed = false;
	dev->wish = COPROC_WISH_STAY;
	dev->gave_up = false;
	dev->over = false;
	dev->late = false;
	dev->failure = 0;
	dev->give_up_at = 0;
	dev->mine = COPROC_STATE_UNKNOWN;
	dev->look = true;
	dev->look_at = 0;
	connection_settle(dev);
	pump_timer(dev);
	return dev->gave_up ? dev->failure : 0;
}

int coproc_info(const struct coproc_device *dev, struct coproc_info *info)
{
	if (!dev->ever)
		return -ENOTCONN;
	*info = dev->info;
	return 0;
}

void coproc_stats(const struct coproc_device *dev, struct coproc_stats *stats)
{
	*stats = dev->stats;
}

int coproc_settle(struct coproc_device *dev, int timeout_ms)
{
	uint64_t deadline = deadline_of(timeout_ms, dev->options.wait_timeout_ms);
	int rc = 0;

	control_pump(dev);
	while (dev->doomed && rc == 0) {
		if (!dev->link.ready)
			rc = fail(dev, -ENOTCONN, "not connected");
		else if (now_us() >= deadline)
			rc = fail(dev, -ETIMEDOUT, "the backend did not let go in time");
		else
			rc = pump(dev, deadline);
	}
	pump_ready(dev);
	return rc;
}

static int query_kind(unsigned int what)
{
	switch (what) {
	case XENCOPROC_QUERY_QUEUE:
		return OBJECT_QUEUE;
	case XENCOPROC_QUERY_CONTEXT:
	case XENCOPROC_QUERY_TIMELINE:
		return OBJECT_CONTEXT;
	case XENCOPROC_QUERY_BUFFER:
		return OBJECT_BUFFER;
	case XENCOPROC_QUERY_FIRMWARE:
		return OBJECT_FIRMWARE;
	default:
		return OBJECT_KINDS;
	}
}

int coproc_query(struct coproc_device *dev, unsigned int what, const void *object,
		 uint64_t *value)
{
	struct coproc_request request = { .op = XENCOPROC_OP_QUERY };
	const struct object *o = object;
	struct coproc_completion completion;
	int kind = query_kind(what);
	int rc;

	if (what < XENCOPROC_QUERY_DEVICE || what > XENCOPROC_QUERY_WEIGHT)
		return fail(dev, -EINVAL, "there is no such question");
	if (!dev->connected)
		return fail(dev, -ENOTCONN, "not connected");
	request.u.query.what = what;
	if (kind != OBJECT_KINDS) {
		rc = object_usable(o, dev);
		if (rc || (int)o->class->kind != kind)
			return fail(dev, rc ? rc : -EINVAL, "this is no object to ask that of");
		request.u.query.object = o->index;
	}
	rc = control_call(dev, &request, &completion);
	if (rc)
		return rc;
	if (completion.status != XENCOPROC_OK)
		return refused(dev, "query", completion.status, completion.result);
	*value = completion.result;
	return 0;
}
