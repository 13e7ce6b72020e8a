/* SPDX-License-Identifier: MIT */
/*
 * An engine whose master is the guest: what the sandbox is for.
 *
 * Linked with the same harness as every engine.  A job's entry says what it
 * tries; the result is the return value, or -errno, of the system call.  Where
 * the call is refused by the filter the process is killed and no result comes.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <xengnttab.h>

#include "backend/engines/engine.h"
#include "tests/engines/evil.h"

static long parent;
static uint8_t *bank;
static xengnttab_handle *handle;

static int evil_prepare(void)
{
	parent = getppid();
	return 0;
}

static uint32_t evil_load(uint32_t firmware, uint32_t kind, const void *image, size_t length,
			  uint64_t *why)
{
	return XENCOPROC_OK;
}

static uint32_t evil_ctx_create(uint32_t context, void *memory)
{
	bank = memory;
	return XENCOPROC_OK;
}

/* As much as there is, in pieces of a mebibyte; how many there were. */
static long eat_memory(int flags)
{
	long n = 0;

	for (; n < 100000; n++) {
		void *p = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS,
			       -1, 0);

		if (p == MAP_FAILED)
			return n;
		memset(p, 1, 1 << 20);
	}
	return n;
}

static long system_call(uint32_t entry)
{
	static const struct sockaddr none;
	static char *const no_args[] = { NULL };

	switch (entry) {
	case EVIL_OPEN:
		return syscall(SYS_openat, AT_FDCWD, "/etc/passwd", O_RDONLY);
	case EVIL_SOCKET:
		return syscall(SYS_socket, AF_INET, SOCK_STREAM, 0);
	case EVIL_CONNECT:
		return syscall(SYS_connect, WORKER_FD_SOCKET, &none, sizeof(none));
	case EVIL_FORK:
		return syscall(SYS_fork);
	case EVIL_CLONE:
		return syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
	case EVIL_EXECVE:
		return syscall(SYS_execve, "/bin/sh", no_args, no_args);
	case EVIL_PTRACE:
		return syscall(SYS_ptrace, PTRACE_ATTACH, parent, 0, 0);
	case EVIL_READ_PARENT:
		return syscall(SYS_process_vm_readv, parent, NULL, 0, NULL, 0, 0);
	case EVIL_KILL_PARENT:
		return syscall(SYS_kill, parent, SIGTERM);
	case EVIL_IOCTL:
		return syscall(SYS_ioctl, WORKER_FD_SOCKET, 0x5401, NULL);
	case EVIL_UNSHARE:
		return syscall(SYS_unshare, 0x10000000);
	case EVIL_MOUNT:
		return syscall(SYS_mount, "none", "/", "tmpfs", 0, NULL);
	case EVIL_SETUID:
		return syscall(SYS_setuid, 0);
	case EVIL_DUMPABLE:
		return syscall(SYS_prctl, PR_SET_DUMPABLE, 1, 0, 0, 0);
	case EVIL_MEMFD:
		return syscall(SYS_memfd_create, "x", 0);
	case EVIL_RLIMIT:
		return syscall(SYS_prlimit64, 0, 7, &(struct { uint64_t a, b; }){ 99, 99 }, NULL);
	case EVIL_SHARED_MEMORY:
		return eat_memory(MAP_SHARED);
	default:
		return -1;
	}
}

/*
 * Stands between the harness and the library, to have the harness's handle, as
 * somebody who took the process over would.
 */
xengnttab_handle *xengnttab_open(struct xentoollog_logger *logger, unsigned int flags)
{
	xengnttab_handle *(*open_real)(struct xentoollog_logger *, unsigned int);

	*(void **)&open_real = dlsym(RTLD_NEXT, "xengnttab_open");
	handle = open_real(logger, flags);
	return handle;
}

static long map_grant(uint32_t domid, uint32_t ref)
{
	void *p = xengnttab_map_grant_ref(handle, domid, ref, PROT_READ);

	return p ? xengnttab_unmap(handle, p, 1) : -1;
}

static void raise_segv(void)
{
	volatile uintptr_t nowhere = 8;

	*(volatile uint8_t *)nowhere = 1;
}

static enum engine_step evil_start(uint32_t context, const struct engine_job *job,
				   struct engine_result *result)
{
	long rc = 0;

	if (job->entry == EVIL_NOTHING)
		rc = 0;
	else if (job->entry == EVIL_MAP)
		rc = map_grant((uint32_t)(job->immediate >> 32), (uint32_t)job->immediate);
	else if (job->entry == EVIL_MEMORY)
		rc = eat_memory(MAP_PRIVATE);
	else if (job->entry == EVIL_WRITE)
		*(volatile uint8_t *)job->operand[0].base = 1;
	else if (job->entry == EVIL_CRASH)
		raise_segv();
	else if (job->entry == EVIL_BANK)
		memset(bank, 0xa5, EVIL_BANK_BYTES);
	else
		rc = system_call(job->entry);
	/* As a fault where the context is to be reset. */
	result->status = job->entry == EVIL_BANK ? XENCOPROC_FAULT : XENCOPROC_OK;
	result->value = (uint64_t)(rc < 0 ? -errno : rc);
	return ENGINE_ENDED;
}

static enum engine_step evil_resume(uint32_t context, struct engine_result *result)
{
	return ENGINE_ENDED;
}

static void evil_reset(uint32_t context)
{
}

static const struct engine evil = {
	.kind = "evil",
	.kinds = 1u << XENCOPROC_FW_KIND_ELF,
	.bank_bytes = EVIL_BANK_BYTES,
	.prepare = evil_prepare,
	.load = evil_load,
	.ctx_create = evil_ctx_create,
	.start = evil_start,
	.resume = evil_resume,
	.reset = evil_reset,
};

int main(int argc, char **argv)
{
	return engine_main(&evil, argc, argv);
}
