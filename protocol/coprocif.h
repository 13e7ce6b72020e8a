/* SPDX-License-Identifier: MIT */
/*
 * coprocif version 1: sharing a coprocessor between Xen guests.
 *
 * This is the C form of the wire protocol whose normative text is coprocif.md.
 * It is freestanding: it needs nothing but fixed-width integers, compiles as
 * C99, C11 and C++, and has the same layout for every compiler, because no
 * structure here has implicit padding.  layout.tbl states each offset once;
 * layout.md and coprocif-layout.h are made from it and the build fails when
 * they disagree with this file.
 *
 * Everything in shared memory is little-endian.  Fields called reserved are
 * zero; the receiver refuses a message in which they are not.
 */
#ifndef XENCOPROC_COPROCIF_H
#define XENCOPROC_COPROCIF_H

#if defined(__KERNEL__)
#include <linux/types.h>
#else
#include <stdint.h>
#endif

/* xenbus device type, and the one protocol version this header describes. */
#define XENCOPROC_DEVICE_TYPE           "vcoproc"
#define XENCOPROC_VERSION_1             1

/* Shared pages are of this size whatever the page size of either side. */
#define XENCOPROC_PAGE_SIZE             4096u

/* "No grant", in every array of grant references, and "no object". */
#define XENCOPROC_GREF_NONE             0xffffffffu
#define XENCOPROC_NONE                  0xffffffffu

/* ---- Rings ----------------------------------------------------------- */

/*
 * A cell is all that one side shares about one ring: 64 bytes, one writer.
 * Ring r uses cell r of the frontend's index page and cell r of the
 * backend's index page.
 */
struct xencoproc_cell {
	uint32_t index;         /* free-running: what this side has produced or consumed */
	uint32_t event;         /* the consumer: tell me when your index passes this one */
	uint32_t reserved[14];
};

#define XENCOPROC_CELLS                 64u
#define XENCOPROC_RING_EVENT            0u
#define XENCOPROC_RING_SQ(queue)        (2u * (queue) + 2u)
#define XENCOPROC_RING_CQ(queue)        (2u * (queue) + 3u)

#define XENCOPROC_QUEUE_CONTROL         0u
#define XENCOPROC_QUEUE_MAX             30u     /* job queues are 1 .. 30 */

#define XENCOPROC_ORDER_MIN             5u      /* 32 entries */
#define XENCOPROC_ORDER_MAX             9u      /* 512 entries */
#define XENCOPROC_CONTROL_ORDER         5u
#define XENCOPROC_EVENT_ORDER           7u      /* 128 events, one page */

#define XENCOPROC_SQE_SIZE              128u
#define XENCOPROC_CQE_SIZE              32u
#define XENCOPROC_SQ_PAGES_MAX          16u
#define XENCOPROC_CQ_PAGES_MAX          4u

/* Pages of a submission or completion ring of 2^order entries. */
#define XENCOPROC_SQ_PAGES(order)       (1u << ((order) - 5u))
#define XENCOPROC_CQ_PAGES(order)       ((order) > 7u ? 1u << ((order) - 7u) : 1u)

/* ---- Messages -------------------------------------------------------- */

enum xencoproc_op {
	/* any queue */
	XENCOPROC_OP_INVALID            = 0,
	XENCOPROC_OP_NOP                = 1,
	/* the control queue */
	XENCOPROC_OP_QUEUE_OPEN         = 2,
	XENCOPROC_OP_QUEUE_CLOSE        = 3,
	XENCOPROC_OP_CTX_CREATE         = 4,
	XENCOPROC_OP_CTX_DESTROY        = 5,
	XENCOPROC_OP_BUF_REGISTER       = 6,
	XENCOPROC_OP_BUF_RELEASE        = 7,
	XENCOPROC_OP_FW_LOAD            = 8,
	XENCOPROC_OP_FW_UNLOAD          = 9,
	XENCOPROC_OP_CANCEL             = 10,
	XENCOPROC_OP_CTX_SIGNAL         = 11,
	XENCOPROC_OP_QUERY              = 12,
	/* job queues */
	XENCOPROC_OP_JOB                = 16
};

enum xencoproc_class {
	XENCOPROC_CLASS_REALTIME        = 1,
	XENCOPROC_CLASS_NORMAL          = 2,
	XENCOPROC_CLASS_BATCH           = 3
};

enum xencoproc_access {
	XENCOPROC_ACCESS_READ           = 1,    /* the coprocessor may read */
	XENCOPROC_ACCESS_WRITE          = 2     /* the coprocessor may write */
};

enum xencoproc_fw_kind {
	XENCOPROC_FW_KIND_ELF           = 1,
	XENCOPROC_FW_KIND_BITSTREAM     = 2,
	XENCOPROC_FW_KIND_OPENCL_BINARY = 3,
	XENCOPROC_FW_KIND_OPENCL_SOURCE = 4,
	XENCOPROC_FW_KIND_ONNX          = 5
};

/* The first 16 bytes of every submission. */
struct xencoproc_sqe_header {
	uint16_t op;            /* enum xencoproc_op */
	uint16_t flags;         /* per operation */
	uint16_t slot;          /* < entries of the queue, unique among its live requests */
	uint16_t reserved;
	uint64_t id;            /* the frontend's own, given back in the completion */
};

/* NOP, and the shape of a submission before its operation is known. */
struct xencoproc_sqe {
	struct xencoproc_sqe_header h;
	uint8_t  body[112];     /* zero for NOP */
};

struct xencoproc_sqe_queue_open {
	struct xencoproc_sqe_header h;
	uint32_t queue;         /* 1 .. max-queues */
	uint16_t qclass;        /* enum xencoproc_class */
	uint16_t order;         /* log2 of the number of entries */
	uint32_t event_channel; /* the frontend's port, 0: share the device's */
	uint32_t journal_ref;   /* feature-journal; else XENCOPROC_GREF_NONE */
	uint32_t sq_ref[XENCOPROC_SQ_PAGES_MAX];
	uint32_t cq_ref[XENCOPROC_CQ_PAGES_MAX];
	uint8_t  reserved[16];
};

struct xencoproc_sqe_queue_close {
	struct xencoproc_sqe_header h;
	uint32_t queue;
	uint8_t  reserved[108];
};

struct xencoproc_sqe_ctx_create {
	struct xencoproc_sqe_header h;
	uint32_t context;       /* < max-contexts, chosen by the frontend */
	uint32_t save_buffer;   /* feature-save-area; else XENCOPROC_NONE */
	uint8_t  reserved[104];
};

struct xencoproc_sqe_ctx_destroy {
	struct xencoproc_sqe_header h;
	uint32_t context;
	uint8_t  reserved[108];
};

#define XENCOPROC_DIRS_MAX              16u
#define XENCOPROC_DIR_ENTRIES           1024u
#define XENCOPROC_BUF_PAGES_MAX         (XENCOPROC_DIRS_MAX * XENCOPROC_DIR_ENTRIES)

struct xencoproc_sqe_buf_register {
	struct xencoproc_sqe_header h;
	uint32_t buffer;        /* < max-buffers, chosen by the frontend */
	uint32_t pages;         /* 1 .. XENCOPROC_BUF_PAGES_MAX */
	uint16_t access;        /* enum xencoproc_access bits the grants allow */
	uint16_t dirs;          /* directories used: ceil(pages / 1024) */
	uint32_t reserved0;
	uint32_t dir_ref[XENCOPROC_DIRS_MAX];
	uint8_t  reserved1[32];
};

/* A directory page: grant references of the buffer's pages, unused all ones. */
struct xencoproc_directory {
	uint32_t gref[XENCOPROC_DIR_ENTRIES];
};

struct xencoproc_sqe_buf_release {
	struct xencoproc_sqe_header h;
	uint32_t buffer;
	uint8_t  reserved[108];
};

#define XENCOPROC_FW_F_DIGEST_ONLY      0x0001u /* feature-digest-load: no image, by digest */

struct xencoproc_sqe_fw_load {
	struct xencoproc_sqe_header h;
	uint32_t firmware;      /* < max-firmware, chosen by the frontend */
	uint32_t kind;          /* enum xencoproc_fw_kind */
	uint32_t buffer;        /* where the image lies; XENCOPROC_NONE with DIGEST_ONLY */
	uint32_t offset;        /* bytes */
	uint32_t length;        /* bytes, not 0 unless DIGEST_ONLY */
	uint32_t sig_offset;    /* feature-firmware-signature: in the same buffer; else 0 */
	uint32_t sig_length;
	uint32_t reserved0;
	uint8_t  sha256[32];    /* of the image */
	uint8_t  reserved1[48];
};

struct xencoproc_sqe_fw_unload {
	struct xencoproc_sqe_header h;
	uint32_t firmware;
	uint8_t  reserved[108];
};

struct xencoproc_sqe_cancel {
	struct xencoproc_sqe_header h;
	uint32_t queue;         /* of the job to cancel */
	uint16_t target_slot;
	uint16_t reserved0;
	uint64_t target_id;
	uint8_t  reserved1[96];
};

struct xencoproc_sqe_ctx_signal {
	struct xencoproc_sqe_header h;
	uint32_t context;
	uint32_t reserved0;
	uint64_t value;         /* the timeline becomes at least this */
	uint8_t  reserved1[96];
};

enum xencoproc_query {
	XENCOPROC_QUERY_DEVICE          = 1,    /* enum xencoproc_device_state */
	XENCOPROC_QUERY_QUEUE           = 2,    /* 0: closed, else live jobs + 1 */
	XENCOPROC_QUERY_CONTEXT         = 3,    /* 0: absent, else times reset + 1 */
	XENCOPROC_QUERY_TIMELINE        = 4,    /* of a context */
	XENCOPROC_QUERY_BUFFER          = 5,    /* 0: absent, else its pages */
	XENCOPROC_QUERY_FIRMWARE        = 6,    /* 0: absent, 1: usable, 2: revoked */
	XENCOPROC_QUERY_EVENTS_LOST     = 7,    /* since the connection began */
	XENCOPROC_QUERY_WEIGHT          = 8     /* what the toolstack gave, now */
};

struct xencoproc_sqe_query {
	struct xencoproc_sqe_header h;
	uint32_t what;          /* enum xencoproc_query */
	uint32_t object;        /* index of the queue, context, buffer or firmware; else 0 */
	uint8_t  reserved[104];
};

/* A piece of a buffer that a job uses. */
struct xencoproc_operand {
	uint16_t buffer;
	uint16_t access;        /* enum xencoproc_access bits, within the buffer's own */
	uint32_t offset;        /* bytes */
	uint32_t length;        /* bytes; 0 is allowed */
};

#define XENCOPROC_INLINE_OPERANDS       4u

#define XENCOPROC_JOB_F_WAIT            0x0001u /* start when wait_context reached wait_value */
#define XENCOPROC_JOB_F_SIGNAL          0x0002u /* at the end, the own timeline becomes signal_value */
#define XENCOPROC_JOB_F_TABLE           0x0004u /* operand[0] is a table of operands */
#define XENCOPROC_JOB_F_RESTARTABLE     0x0008u /* may run again after the backend was lost */

struct xencoproc_sqe_job {
	struct xencoproc_sqe_header h;
	uint32_t context;
	uint32_t firmware;
	uint32_t entry;         /* which of the image's entry points: a number it defines */
	uint32_t run_limit_us;  /* 0: max-run-limit-us */
	uint32_t start_limit_us;/* 0: none; from acceptance to start */
	uint16_t operands;      /* used ones of operand[] */
	uint8_t  priority;      /* inside the class; greater is sooner */
	uint8_t  reserved0;
	uint64_t immediate;     /* passed to the firmware as it is */
	uint32_t wait_context;
	uint32_t wait_device;   /* feature-cross-timeline; else 0 */
	uint64_t wait_value;
	uint64_t signal_value;
	struct xencoproc_operand operand[XENCOPROC_INLINE_OPERANDS];
	uint64_t reserved1;
};

/* ---- Completions ----------------------------------------------------- */

enum xencoproc_status {
	XENCOPROC_OK                    = 0,
	/* how an admitted job can end otherwise */
	XENCOPROC_FAILED                = 1,    /* the firmware says so; result is its code */
	XENCOPROC_FAULT                 = 2,    /* result: address, and kind << 32 */
	XENCOPROC_TIMED_OUT             = 3,    /* ran longer than its run limit */
	XENCOPROC_EXPIRED               = 4,    /* not started within its start limit */
	XENCOPROC_CANCELLED             = 5,
	XENCOPROC_LOST                  = 6,    /* the backend or the device was lost meanwhile */
	/* why a request was refused */
	XENCOPROC_BAD_OP                = 16,   /* unknown, or not for this queue */
	XENCOPROC_BAD_FIELD             = 17,   /* a value outside its range, or reserved not zero */
	XENCOPROC_BAD_OBJECT            = 18,   /* names an object that does not exist */
	XENCOPROC_IN_USE                = 19,   /* creates an object that exists */
	XENCOPROC_BAD_RANGE             = 20,   /* a piece outside its buffer */
	XENCOPROC_BAD_ACCESS            = 21,   /* more access than was granted */
	XENCOPROC_BAD_GRANT             = 22,   /* the hypervisor refused a grant or port */
	XENCOPROC_BAD_DIGEST            = 23,   /* the image does not hash to what was said */
	XENCOPROC_BAD_IMAGE             = 24,   /* the engine's loader refused it; result: why */
	XENCOPROC_NO_QUOTA              = 25,   /* the domain has used what it may */
	XENCOPROC_DENIED                = 26,   /* policy: class, firmware, quarantine */
	XENCOPROC_NOT_SUPPORTED         = 27,   /* needs a feature that was not negotiated */
	XENCOPROC_NOT_FOUND             = 28,   /* nothing to cancel; no image of that digest */
	XENCOPROC_STOPPED               = 29,   /* the coprocessor is stopped */
	XENCOPROC_NO_MEMORY             = 30    /* the backend is out of memory; later it may not be */
};

struct xencoproc_cqe {
	uint64_t id;
	uint16_t slot;
	uint16_t status;        /* enum xencoproc_status */
	uint16_t flags;         /* XENCOPROC_CQE_F_* */
	uint16_t reserved;
	uint64_t result;
	uint32_t waited_us;     /* from acceptance to start, or to the end if never started */
	uint32_t ran_us;        /* on the coprocessor, without pauses */
};

#define XENCOPROC_CQE_F_STARTED         0x0001u /* the job had started */
#define XENCOPROC_CQE_F_PREEMPTED       0x0002u /* it was paused at least once */

/* result >> 32 of XENCOPROC_FAULT */
enum xencoproc_fault {
	XENCOPROC_FAULT_READ            = 1,
	XENCOPROC_FAULT_WRITE           = 2,
	XENCOPROC_FAULT_FETCH           = 3,
	XENCOPROC_FAULT_OPCODE          = 4,
	XENCOPROC_FAULT_ENGINE          = 5     /* the engine's process died; no address */
};

/* ---- Events ---------------------------------------------------------- */

enum xencoproc_event_type {
	XENCOPROC_EVENT_DEVICE          = 1,    /* value: enum xencoproc_device_state */
	XENCOPROC_EVENT_CTX_RESET       = 2,    /* object: context; status: why; value: times */
	XENCOPROC_EVENT_FW_REVOKED      = 3,    /* object: firmware */
	XENCOPROC_EVENT_LIMITS          = 4     /* weight, cap or class changed: read them again */
};

enum xencoproc_device_state {
	XENCOPROC_DEVICE_RUNNING        = 1,
	XENCOPROC_DEVICE_PAUSED         = 2,
	XENCOPROC_DEVICE_STOPPED        = 3
};

struct xencoproc_event {
	uint32_t sequence;      /* +1 for each event, sent or lost */
	uint32_t lost;          /* events lost since the connection began */
	uint16_t type;          /* enum xencoproc_event_type */
	uint16_t status;        /* enum xencoproc_status */
	uint32_t object;
	uint64_t value;
	uint64_t reserved;
};

/* ---- Journal --------------------------------------------------------- */

/* One cell per slot of a queue, written by the backend only. */
struct xencoproc_journal_cell {
	uint32_t state;         /* enum xencoproc_journal_state */
	uint32_t tag;           /* the low half of the job's id */
};

enum xencoproc_journal_state {
	XENCOPROC_JOURNAL_FREE          = 0,
	XENCOPROC_JOURNAL_ACCEPTED      = 1,
	XENCOPROC_JOURNAL_STARTED       = 2
};

#endif /* XENCOPROC_COPROCIF_H */
