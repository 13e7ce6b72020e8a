// SPDX-License-Identifier: MIT
/*
 * Watched pages have no access.  An instruction that touches one faults; the
 * handler decodes it, tells the rules which bytes it loads or stores, opens
 * the pages for this one instruction by the trap flag, and closes them when
 * the step's trap comes.  String instructions trap after each repetition, so
 * each is seen by itself.
 *
 * After a look at an index the stepping goes on until the look is over, which
 * trace-rules.c defines, so that "twice" can be told from "anew".
 */
#include "trace.h"

#include <capstone/capstone.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#define TRAP_FLAG       0x100
#define STEPS_CALL      20000u  /* of the call that looked */
#define STEPS_CALLER    1000u   /* of its caller, after it */
#define WATCHES         8u

struct area *trace_areas;

static csh decoder;
static cs_insn *decoded;
static bool opened;             /* an area is open */
/* A look that goes on. */
static struct watch {
	struct word *word;      /* NULL: free */
	uintptr_t stack;
	unsigned int steps, level;
	bool returning;         /* the instruction that runs is the return */
} watches[WATCHES];
static struct word *wanted;

struct area *area_at(const void *address)
{
	const uint8_t *at = address;
	struct area *a;

	for (a = trace_areas; a; a = a->next)
		if (at >= a->base && at < a->base + (size_t)a->pages * PAGE)
			return a;
	return NULL;
}

struct area *area_add(void *base, uint32_t pages, const uint32_t *refs, uint32_t domain, int prot)
{
	struct area *a = calloc(1, sizeof(*a));

	if (!a || !(a->refs = malloc(pages * sizeof(*refs))))
		abort();
	memcpy(a->refs, refs, pages * sizeof(*refs));
	a->base = base;
	a->pages = pages;
	a->domain = domain;
	a->prot = prot;
	a->slot = -1;
	a->next = trace_areas;
	trace_areas = a;
	return a;
}

void area_begin(struct area *a, struct what what)
{
	a->what = what;
	if (what.role == ROLE_RING)
		a->loaded = calloc((size_t)a->pages * PAGE, sizeof(*a->loaded));
	if (what.role == ROLE_RING)
		a->dirty = calloc(what.entries, 1);
	if (mprotect(a->base, (size_t)a->pages * PAGE, PROT_NONE))
		abort();
	a->hidden = true;
}

void area_end(void *base, uint32_t pages)
{
	struct area **at, *a;

	for (at = &trace_areas; (a = *at); at = &a->next) {
		if (a->base != base || a->pages != pages)
			continue;
		*at = a->next;
		free(a->loaded);
		free(a->dirty);
		free(a->refs);
		free(a);
		return;
	}
}

void area_open(struct area *a)
{
	mprotect(a->base, (size_t)a->pages * PAGE, a->prot);
	a->open = true;
	opened = true;
}

static void close_all(void)
{
	struct area *a;

	for (a = trace_areas; a; a = a->next) {
		if (!a->open)
			continue;
		mprotect(a->base, (size_t)a->pages * PAGE, PROT_NONE);
		a->open = false;
	}
	opened = false;
}

/* ---- what an instruction touches ---- */

static uintptr_t reg(const greg_t *g, x86_reg r)
{
	switch (r) {
	case X86_REG_RAX: return (uintptr_t)g[REG_RAX];
	case X86_REG_RBX: return (uintptr_t)g[REG_RBX];
	case X86_REG_RCX: return (uintptr_t)g[REG_RCX];
	case X86_REG_RDX: return (uintptr_t)g[REG_RDX];
	case X86_REG_RSI: return (uintptr_t)g[REG_RSI];
	case X86_REG_RDI: return (uintptr_t)g[REG_RDI];
	case X86_REG_RBP: return (uintptr_t)g[REG_RBP];
	case X86_REG_RSP: return (uintptr_t)g[REG_RSP];
	case X86_REG_R8: return (uintptr_t)g[REG_R8];
	case X86_REG_R9: return (uintptr_t)g[REG_R9];
	case X86_REG_R10: return (uintptr_t)g[REG_R10];
	case X86_REG_R11: return (uintptr_t)g[REG_R11];
	case X86_REG_R12: return (uintptr_t)g[REG_R12];
	case X86_REG_R13: return (uintptr_t)g[REG_R13];
	case X86_REG_R14: return (uintptr_t)g[REG_R14];
	case X86_REG_R15: return (uintptr_t)g[REG_R15];
	default: return 0;
	}
}

static uintptr_t effective(const greg_t *g, const cs_insn *in, const cs_x86_op *op)
{
	uintptr_t at = reg(g, op->mem.base) + reg(g, op->mem.index) * (uintptr_t)op->mem.scale;

	if (op->mem.base == X86_REG_RIP)
		at += in->address + in->size;
	return at + (uintptr_t)op->mem.disp;
}

static void touch(struct area *a, uintptr_t fault, bool wrote, const greg_t *g)
{
	const uint8_t *code = (const uint8_t *)g[REG_RIP];
	uint64_t address = (uint64_t)g[REG_RIP];
	size_t room = 15;
	int i;

	if (!cs_disasm_iter(decoder, &code, &room, &address, decoded)) {
		report_undecoded((void *)g[REG_RIP]);
		return;
	}
	for (i = 0; i < decoded->detail->x86.op_count; i++) {
		const cs_x86_op *op = &decoded->detail->x86.operands[i];
		uintptr_t at;

		if (op->type != X86_OP_MEM || op->size == 0)
			continue;
		at = effective(g, decoded, op);
		if (fault < at || fault >= at + op->size)
			continue;
		/* The processor says whether it wrote; the decoder whether it
		 * also reads, as `lock xadd` does. */
		rule_access(a, (const uint8_t *)(at < (uintptr_t)a->base ? (uintptr_t)a->base : at),
			    op->size, !wrote || (op->access & CS_AC_READ && op->access & CS_AC_WRITE),
			    wrote, (void *)g[REG_RIP]);
		return;
	}
	report_undecoded((void *)g[REG_RIP]);
}

/* ---- looks that go on ---- */

void step_watch(struct word *word)
{
	wanted = word;
}

static void watch_begin(uintptr_t stack)
{
	struct watch *w = watches;

	while (w < watches + WATCHES - 1 && w->word && w->word != wanted)
		w++;
	if (w->word)
		w->word->watched = false;
	*w = (struct watch){ .word = wanted, .stack = stack };
	wanted->watched = true;
	wanted = NULL;
}

/* The instruction that runs next leaves the function. */
static bool leaves(const struct watch *w, const greg_t *g)
{
	const uint8_t *code = (const uint8_t *)g[REG_RIP];

	if ((uintptr_t)g[REG_RSP] < w->stack)
		return false;
	return code[0] == 0xc3 || code[0] == 0xc2 || (code[0] == 0xf3 && code[1] == 0xc3);
}

static void watch_one(struct watch *w, const greg_t *g)
{
	if (w->returning) {
		w->level++;
		w->steps = 0;
		w->stack = (uintptr_t)g[REG_RSP];
	}
	w->returning = leaves(w, g);
	if (!w->word->watched || w->level > 1 ||
	    ++w->steps > (w->level ? STEPS_CALLER : STEPS_CALL)) {
		w->word->watched = false;
		w->word = NULL;
	}
}

/* Return: whether one goes on. */
static bool watch_step(const greg_t *g)
{
	bool any = false;

	for (struct watch *w = watches; w < watches + WATCHES; w++) {
		if (!w->word)
			continue;
		watch_one(w, g);
		any |= w->word != NULL;
	}
	return any;
}

static void on_fault(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;
	greg_t *g = uc->uc_mcontext.gregs;
	struct area *a = area_at(info->si_addr);

	if (!a || !a->hidden || a->open) {
		signal(SIGSEGV, SIG_DFL);       /* the program's own: it happens again */
		return;
	}
	if (trace_worker) {
		report_violation("the engine's worker touches a page that no job names (B-PAGE-3)",
				 a, (size_t)((uint8_t *)info->si_addr - a->base),
				 (void *)g[REG_RIP], NULL);
		signal(SIGSEGV, SIG_DFL);
		return;
	}
	area_open(a);           /* before the rules look at the message themselves */
	touch(a, (uintptr_t)info->si_addr, g[REG_ERR] & 2, g);
	if (wanted)
		watch_begin((uintptr_t)g[REG_RSP]);
	g[REG_EFL] |= TRAP_FLAG;
}

static void on_step(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;
	greg_t *g = uc->uc_mcontext.gregs;

	if (opened)
		close_all();
	if (watch_step(g))
		g[REG_EFL] |= TRAP_FLAG;
	else
		g[REG_EFL] &= ~(greg_t)TRAP_FLAG;
}

int step_start(void)
{
	struct sigaction fault = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_NODEFER };
	struct sigaction step = { .sa_sigaction = on_step, .sa_flags = SA_SIGINFO | SA_NODEFER };

	if (cs_open(CS_ARCH_X86, CS_MODE_64, &decoder) != CS_ERR_OK)
		return -ENOSYS;
	cs_option(decoder, CS_OPT_DETAIL, CS_OPT_ON);
	decoded = cs_malloc(decoder);
	if (!decoded || sigaction(SIGSEGV, &fault, NULL) || sigaction(SIGTRAP, &step, NULL))
		return -ENOSYS;
	return 0;
}
