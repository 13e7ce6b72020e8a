/* SPDX-License-Identifier: MIT */
#include "backend/engines/cortex-m/image.h"

#include <elf.h>
#include <stdbool.h>
#include <string.h>

#include "backend/engines/cortex-m/firmware/abi.h"

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "ELF headers are read in host byte order"
#endif

#define VECTORS_SIZE    8u      /* stack pointer and reset handler */

/* All arithmetic on the guest's numbers is in 64 bits, where it cannot wrap. */
static bool within(uint64_t start, uint64_t length, uint64_t base, uint64_t size)
{
	return start >= base && length <= size && start - base <= size - length;
}

static bool in_code(uint32_t start, uint32_t length)
{
	return within(start, length, COPROC_FW_CODE_BASE, COPROC_FW_CODE_SIZE);
}

static bool in_ram(uint32_t start, uint32_t length)
{
	return within(start, length, COPROC_FW_RAM_BASE, COPROC_FW_RAM_SIZE);
}

static enum image_why check_header(const Elf32_Ehdr *h, size_t length)
{
	if (memcmp(h->e_ident, ELFMAG, SELFMAG))
		return IMAGE_MAGIC;
	if (h->e_ident[EI_CLASS] != ELFCLASS32)
		return IMAGE_CLASS;
	if (h->e_ident[EI_DATA] != ELFDATA2LSB)
		return IMAGE_ENDIAN;
	if (h->e_ident[EI_VERSION] != EV_CURRENT || h->e_version != EV_CURRENT)
		return IMAGE_VERSION;
	if (h->e_type != ET_EXEC)
		return IMAGE_TYPE;
	if (h->e_machine != EM_ARM)
		return IMAGE_MACHINE;
	if ((h->e_flags & EF_ARM_EABIMASK) != EF_ARM_EABI_VER5 || (h->e_flags & EF_ARM_BE8))
		return IMAGE_FLAGS;
	if (h->e_ehsize != sizeof(*h) || h->e_phentsize != sizeof(Elf32_Phdr))
		return IMAGE_HEADER_SIZE;
	if (h->e_phnum == 0 || h->e_phnum > IMAGE_SEGMENTS_MAX)
		return IMAGE_PHNUM;
	if (!within(h->e_phoff, (uint64_t)h->e_phnum * sizeof(Elf32_Phdr), 0, length))
		return IMAGE_PHOFF;
	return IMAGE_OK;
}

/* Where a segment of the memory map may be: its file bytes, its load, its run address. */
static enum image_why check_segment(const Elf32_Phdr *p, size_t length)
{
	if (p->p_filesz > p->p_memsz)
		return IMAGE_SEGMENT_SIZES;
	if (!within(p->p_offset, p->p_filesz, 0, length))
		return IMAGE_SEGMENT_FILE;
	if (!in_code(p->p_vaddr, p->p_memsz) && !in_ram(p->p_vaddr, p->p_memsz))
		return IMAGE_SEGMENT_RUN;
	if ((p->p_flags & PF_X) && !in_code(p->p_vaddr, p->p_memsz))
		return IMAGE_SEGMENT_RAM_CODE;
	if (p->p_filesz == 0)
		return IMAGE_OK;
	if (!in_code(p->p_paddr, p->p_filesz) && !in_ram(p->p_paddr, p->p_filesz))
		return IMAGE_SEGMENT_LOAD;
	if (in_code(p->p_vaddr, p->p_memsz) && p->p_paddr != p->p_vaddr)
		return IMAGE_SEGMENT_MOVED;
	return IMAGE_OK;
}

static enum image_why add_segment(struct image *image, const Elf32_Phdr *p)
{
	for (uint32_t i = 0; i < image->segments; i++) {
		const struct image_segment *s = &image->segment[i];

		if ((uint64_t)p->p_paddr < (uint64_t)s->address + s->length &&
		    (uint64_t)s->address < (uint64_t)p->p_paddr + p->p_filesz)
			return IMAGE_SEGMENT_OVERLAP;
	}
	image->segment[image->segments++] = (struct image_segment){
		.offset = p->p_offset,
		.address = p->p_paddr,
		.length = p->p_filesz,
	};
	return IMAGE_OK;
}

static enum image_why read_segments(struct image *image, const Elf32_Ehdr *h, size_t length)
{
	for (uint32_t i = 0; i < h->e_phnum; i++) {
		enum image_why why;
		Elf32_Phdr p;

		memcpy(&p, image->bytes + h->e_phoff + i * sizeof(p), sizeof(p));
		if (p.p_type == PT_DYNAMIC || p.p_type == PT_INTERP || p.p_type == PT_TLS)
			return IMAGE_SEGMENT_KIND;
		if (p.p_type != PT_LOAD || p.p_memsz == 0)
			continue;
		why = check_segment(&p, length);
		if (why == IMAGE_OK && p.p_filesz)
			why = add_segment(image, &p);
		if (why != IMAGE_OK)
			return why;
	}
	return IMAGE_OK;
}

/* The bytes that will be at an address of code, or NULL if none are loaded there. */
static const uint8_t *loaded(const struct image *image, uint32_t address, uint32_t length)
{
	for (uint32_t i = 0; i < image->segments; i++) {
		const struct image_segment *s = &image->segment[i];

		if (within(address, length, s->address, s->length))
			return image->bytes + s->offset + (address - s->address);
	}
	return NULL;
}

static enum image_why check_vectors(struct image *image, uint32_t entry)
{
	const uint8_t *vectors = loaded(image, COPROC_FW_CODE_BASE, VECTORS_SIZE);
	uint32_t stack, reset;

	if (!vectors)
		return IMAGE_VECTORS;
	memcpy(&stack, vectors, sizeof(stack));
	memcpy(&reset, vectors + sizeof(stack), sizeof(reset));
	/* The stack grows down, so it may begin right behind the RAM. */
	if (!within(stack, 0, COPROC_FW_RAM_BASE, COPROC_FW_RAM_SIZE) ||
	    stack == COPROC_FW_RAM_BASE || (stack & 7))
		return IMAGE_STACK;
	if (!(reset & 1) || !in_code(reset & ~1u, 2) || !loaded(image, reset & ~1u, 2))
		return IMAGE_RESET;
	if (entry != reset)
		return IMAGE_ENTRY;
	image->stack = stack;
	image->reset = reset & ~1u;
	return IMAGE_OK;
}

enum image_why image_parse(const void *bytes, size_t length, struct image *out)
{
	enum image_why why;
	Elf32_Ehdr h;

	memset(out, 0, sizeof(*out));
	out->bytes = bytes;
	if (length < sizeof(h))
		return IMAGE_TRUNCATED;
	memcpy(&h, bytes, sizeof(h));
	why = check_header(&h, length);
	if (why == IMAGE_OK)
		why = read_segments(out, &h, length);
	if (why == IMAGE_OK)
		why = check_vectors(out, h.e_entry);
	return why;
}

void image_place(const struct image *image, uint8_t *code, uint8_t *ram)
{
	for (uint32_t i = 0; i < image->segments; i++) {
		const struct image_segment *s = &image->segment[i];
		uint8_t *to = in_code(s->address, s->length) ?
			code + (s->address - COPROC_FW_CODE_BASE) :
			ram + (s->address - COPROC_FW_RAM_BASE);

		memcpy(to, image->bytes + s->offset, s->length);
	}
}
