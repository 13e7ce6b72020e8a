// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * The protocol's numbers as words: for logs, tools and test output.
 */
#include "message.h"

struct status_words {
	const char *text;
	const char *explain;
};

/* Indexed by enum xencoproc_status; the hole between its two runs is empty. */
static const struct status_words words[] = {
	[XENCOPROC_OK] = { "ok", "the request was carried out" },
	[XENCOPROC_FAILED] = { "failed", "the firmware reported a failure; result is its code" },
	[XENCOPROC_FAULT] = { "fault", "the job did what it may not; result holds kind and address" },
	[XENCOPROC_TIMED_OUT] = { "timed-out", "the job ran longer than its run limit" },
	[XENCOPROC_EXPIRED] = { "expired", "the job was not started within its start limit" },
	[XENCOPROC_CANCELLED] = { "cancelled", "the frontend cancelled the job" },
	[XENCOPROC_LOST] = { "lost", "the backend or the device was lost meanwhile" },
	[XENCOPROC_BAD_OP] = { "bad-op", "the operation is unknown, or not for this queue" },
	[XENCOPROC_BAD_FIELD] = { "bad-field",
		"a field is outside its range, or a reserved one is not zero" },
	[XENCOPROC_BAD_OBJECT] = { "bad-object", "the request names an object that does not exist" },
	[XENCOPROC_IN_USE] = { "in-use", "the request creates an object that exists" },
	[XENCOPROC_BAD_RANGE] = { "bad-range", "a piece lies outside its buffer" },
	[XENCOPROC_BAD_ACCESS] = { "bad-access", "the request needs more access than was granted" },
	[XENCOPROC_BAD_GRANT] = { "bad-grant", "the hypervisor refused a grant or event channel" },
	[XENCOPROC_BAD_DIGEST] = { "bad-digest", "the image does not have the digest that was given" },
	[XENCOPROC_BAD_IMAGE] = { "bad-image", "the engine's loader refused the image" },
	[XENCOPROC_NO_QUOTA] = { "no-quota", "the domain has used what it may" },
	[XENCOPROC_DENIED] = { "denied", "policy forbids it" },
	[XENCOPROC_NOT_SUPPORTED] = { "not-supported",
		"the request needs a feature that was not negotiated" },
	[XENCOPROC_NOT_FOUND] = { "not-found", "there is nothing to cancel, or no image of that digest" },
	[XENCOPROC_STOPPED] = { "stopped", "the coprocessor is stopped" },
	[XENCOPROC_NO_MEMORY] = { "no-memory", "the backend has no memory for it now" },
};

static const struct status_words *find(unsigned int status)
{
	if (status < sizeof(words) / sizeof(words[0]) && words[status].text)
		return &words[status];
	return NULL;
}

const char *coproc_status_text(unsigned int status)
{
	const struct status_words *found = find(status);

	return found ? found->text : "unknown-status";
}

const char *coproc_status_explain(unsigned int status)
{
	const struct status_words *found = find(status);

	return found ? found->explain : "unknown-status";
}

const char *coproc_op_text(unsigned int op)
{
	switch (op) {
	case XENCOPROC_OP_NOP:
		return "NOP";
	case XENCOPROC_OP_QUEUE_OPEN:
		return "QUEUE_OPEN";
	case XENCOPROC_OP_QUEUE_CLOSE:
		return "QUEUE_CLOSE";
	case XENCOPROC_OP_CTX_CREATE:
		return "CTX_CREATE";
	case XENCOPROC_OP_CTX_DESTROY:
		return "CTX_DESTROY";
	case XENCOPROC_OP_BUF_REGISTER:
		return "BUF_REGISTER";
	case XENCOPROC_OP_BUF_RELEASE:
		return "BUF_RELEASE";
	case XENCOPROC_OP_FW_LOAD:
		return "FW_LOAD";
	case XENCOPROC_OP_FW_UNLOAD:
		return "FW_UNLOAD";
	case XENCOPROC_OP_CANCEL:
		return "CANCEL";
	case XENCOPROC_OP_CTX_SIGNAL:
		return "CTX_SIGNAL";
	case XENCOPROC_OP_QUERY:
		return "QUERY";
	case XENCOPROC_OP_JOB:
		return "JOB";
	default:
		return NULL;
	}
}

const char *coproc_class_text(unsigned int qclass)
{
	switch (qclass) {
	case XENCOPROC_CLASS_REALTIME:
		return "realtime";
	case XENCOPROC_CLASS_NORMAL:
		return "normal";
	case XENCOPROC_CLASS_BATCH:
		return "batch";
	default:
		return NULL;
	}
}
