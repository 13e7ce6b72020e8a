/* SPDX-License-Identifier: MIT */
/* The Cortex-M engine's ELF loader against what guests may send (F17). */
#include <elf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "backend/engines/cortex-m/firmware/abi.h"
#include "backend/engines/cortex-m/image.h"
#include "tests/unit/tap.h"

#define PAGE            4096u
#define RAM             COPROC_FW_RAM_BASE
#define RAM_END         (COPROC_FW_RAM_BASE + COPROC_FW_RAM_SIZE)
#define CODE_END        (COPROC_FW_CODE_BASE + COPROC_FW_CODE_SIZE)

/* A small image that is good. */
struct sample {
	Elf32_Ehdr h;
	Elf32_Phdr code, data, bss;
	uint32_t text[16];      /* vectors, then Thumb no-operations */
	uint32_t initial[4];
};

static void make_sample(struct sample *s)
{
	*s = (struct sample){
		.h = {
			.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS32, ELFDATA2LSB,
				     EV_CURRENT },
			.e_type = ET_EXEC, .e_machine = EM_ARM, .e_version = EV_CURRENT,
			.e_entry = 9, .e_phoff = offsetof(struct sample, code),
			.e_flags = EF_ARM_EABI_VER5, .e_ehsize = sizeof(Elf32_Ehdr),
			.e_phentsize = sizeof(Elf32_Phdr), .e_phnum = 3,
		},
		.code = { .p_type = PT_LOAD, .p_offset = offsetof(struct sample, text),
			  .p_filesz = 64, .p_memsz = 64, .p_flags = PF_R | PF_X },
		.data = { .p_type = PT_LOAD, .p_offset = offsetof(struct sample, initial),
			  .p_vaddr = RAM, .p_paddr = 64, .p_filesz = 16, .p_memsz = 32,
			  .p_flags = PF_R | PF_W },
		.bss = { .p_type = PT_LOAD, .p_vaddr = RAM + 256, .p_paddr = 0xffff0000,
			 .p_memsz = 4096, .p_flags = PF_R | PF_W },
		.text = { RAM_END, 9, 0xbf00bf00 },
		.initial = { 1, 2, 3, 4 },
	};
}

#define FIELD(f)        offsetof(struct sample, f), sizeof(((struct sample *)0)->f)

/* One or two fields changed, and what has to be said about it. */
static const struct {
	enum image_why why;
	struct {
		size_t offset, size;
		uint32_t value;
	} change[2];
} cases[] = {
	{ IMAGE_OK, { { 0 } } },
	{ IMAGE_MAGIC, { { FIELD(h.e_ident[0]), 0 } } },
	{ IMAGE_MAGIC, { { FIELD(h.e_ident[3]), 'f' } } },
	{ IMAGE_CLASS, { { FIELD(h.e_ident[EI_CLASS]), ELFCLASS64 } } },
	{ IMAGE_ENDIAN, { { FIELD(h.e_ident[EI_DATA]), ELFDATA2MSB } } },
	{ IMAGE_VERSION, { { FIELD(h.e_ident[EI_VERSION]), 0 } } },
	{ IMAGE_VERSION, { { FIELD(h.e_version), 2 } } },
	{ IMAGE_TYPE, { { FIELD(h.e_type), ET_DYN } } },
	{ IMAGE_TYPE, { { FIELD(h.e_type), ET_REL } } },
	{ IMAGE_MACHINE, { { FIELD(h.e_machine), EM_AARCH64 } } },
	{ IMAGE_FLAGS, { { FIELD(h.e_flags), 0 } } },
	{ IMAGE_FLAGS, { { FIELD(h.e_flags), EF_ARM_EABI_VER5 | EF_ARM_BE8 } } },
	{ IMAGE_HEADER_SIZE, { { FIELD(h.e_ehsize), 64 } } },
	{ IMAGE_HEADER_SIZE, { { FIELD(h.e_phentsize), 31 } } },
	{ IMAGE_HEADER_SIZE, { { FIELD(h.e_phentsize), 0 } } },
	{ IMAGE_PHNUM, { { FIELD(h.e_phnum), 0 } } },
	{ IMAGE_PHNUM, { { FIELD(h.e_phnum), IMAGE_SEGMENTS_MAX + 1 } } },
	{ IMAGE_PHNUM, { { FIELD(h.e_phnum), 0xffff } } },
	{ IMAGE_PHOFF, { { FIELD(h.e_phoff), sizeof(struct sample) - 3 * 32 + 1 } } },
	{ IMAGE_PHOFF, { { FIELD(h.e_phoff), 0xffffffe0 } } },
	{ IMAGE_PHOFF, { { FIELD(h.e_phoff), 0x80000000 } } },
	{ IMAGE_SEGMENT_KIND, { { FIELD(data.p_type), PT_DYNAMIC } } },
	{ IMAGE_SEGMENT_KIND, { { FIELD(data.p_type), PT_INTERP } } },
	{ IMAGE_SEGMENT_KIND, { { FIELD(data.p_type), PT_TLS } } },
	{ IMAGE_OK, { { FIELD(data.p_type), PT_NOTE } } },
	{ IMAGE_SEGMENT_FILE, { { FIELD(data.p_offset), sizeof(struct sample) - 15 } } },
	{ IMAGE_SEGMENT_FILE, { { FIELD(data.p_offset), 0xfffffff8 } } },
	{ IMAGE_SEGMENT_FILE, { { FIELD(code.p_filesz), 0x1000 }, { FIELD(code.p_memsz), 0x1000 } } },
	{ IMAGE_SEGMENT_FILE, { { FIELD(code.p_filesz), 0xffffffff },
				{ FIELD(code.p_memsz), 0xffffffff } } },
	{ IMAGE_SEGMENT_SIZES, { { FIELD(data.p_filesz), 33 } } },
	{ IMAGE_SEGMENT_SIZES, { { FIELD(code.p_memsz), 63 } } },
	{ IMAGE_SEGMENT_LOAD, { { FIELD(data.p_paddr), CODE_END - 15 } } },
	{ IMAGE_OK, { { FIELD(data.p_paddr), CODE_END - 16 } } },
	{ IMAGE_SEGMENT_LOAD, { { FIELD(data.p_paddr), 0x40000000 } } },
	{ IMAGE_SEGMENT_LOAD, { { FIELD(data.p_paddr), 0xfffffff8 } } },
	{ IMAGE_SEGMENT_LOAD, { { FIELD(data.p_paddr), RAM - 1 } } },
	{ IMAGE_OK, { { FIELD(data.p_paddr), RAM_END - 16 } } },
	{ IMAGE_SEGMENT_RUN, { { FIELD(bss.p_vaddr), RAM_END - 4095 } } },
	{ IMAGE_SEGMENT_RUN, { { FIELD(bss.p_vaddr), 0xfffff800 } } },
	{ IMAGE_SEGMENT_RUN, { { FIELD(bss.p_memsz), 0xffffffff } } },
	{ IMAGE_SEGMENT_RUN, { { FIELD(data.p_vaddr), 0x60000000 } } },
	{ IMAGE_SEGMENT_RUN, { { FIELD(data.p_vaddr), RAM - 16 } } },
	{ IMAGE_SEGMENT_MOVED, { { FIELD(code.p_paddr), 128 } } },
	{ IMAGE_SEGMENT_MOVED, { { FIELD(code.p_paddr), RAM } } },
	{ IMAGE_SEGMENT_OVERLAP, { { FIELD(data.p_paddr), 63 } } },
	{ IMAGE_SEGMENT_OVERLAP, { { FIELD(data.p_paddr), 0 } } },
	{ IMAGE_SEGMENT_RAM_CODE, { { FIELD(data.p_flags), PF_R | PF_W | PF_X } } },
	{ IMAGE_VECTORS, { { FIELD(code.p_vaddr), 256 }, { FIELD(code.p_paddr), 256 } } },
	{ IMAGE_VECTORS, { { FIELD(code.p_filesz), 7 } } },
	{ IMAGE_VECTORS, { { FIELD(code.p_type), PT_NULL } } },
	{ IMAGE_STACK, { { FIELD(text[0]), RAM } } },
	{ IMAGE_STACK, { { FIELD(text[0]), RAM_END + 8 } } },
	{ IMAGE_STACK, { { FIELD(text[0]), RAM + 4 } } },
	{ IMAGE_STACK, { { FIELD(text[0]), 0 } } },
	{ IMAGE_RESET, { { FIELD(text[1]), 8 } } },
	{ IMAGE_RESET, { { FIELD(text[1]), 0x101 } } },
	{ IMAGE_RESET, { { FIELD(text[1]), RAM + 1 } } },
	{ IMAGE_RESET, { { FIELD(text[1]), 0xffffffff } } },
	{ IMAGE_ENTRY, { { FIELD(h.e_entry), 11 } } },
	{ IMAGE_ENTRY, { { FIELD(h.e_entry), 8 } } },
};

/* Memory with nothing around it, so that a byte too far is a crash. */
static uint8_t *fenced(size_t bytes)
{
	const size_t room = (bytes + PAGE - 1) / PAGE * PAGE;
	uint8_t *p = mmap(NULL, room + 2 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ck_assert_ptr_ne(p, MAP_FAILED);
	ck_assert_int_eq(mprotect(p + PAGE, room, PROT_READ | PROT_WRITE), 0);
	return p + PAGE + room - bytes;
}

START_TEST(each_reason_has_its_number)
{
	uint8_t *bytes = fenced(sizeof(struct sample));
	struct sample s;
	struct image image;

	make_sample(&s);
	for (size_t k = 0; k < 2; k++)
		memcpy((uint8_t *)&s + cases[_i].change[k].offset, &cases[_i].change[k].value,
		       cases[_i].change[k].size);
	memcpy(bytes, &s, sizeof(s));
	ck_assert_int_eq(image_parse(bytes, sizeof(s), &image), cases[_i].why);
}
END_TEST

START_TEST(every_truncation_is_refused)
{
	struct sample s;
	struct image image;

	make_sample(&s);
	for (size_t n = 0; n < sizeof(s); n++) {
		uint8_t *bytes = malloc(n ? n : 1);

		memcpy(bytes, &s, n);
		ck_assert_int_ne(image_parse(bytes, n, &image), IMAGE_OK);
		if (n < sizeof(Elf32_Ehdr))
			ck_assert_int_eq(image_parse(bytes, n, &image), IMAGE_TRUNCATED);
		free(bytes);
	}
}
END_TEST

START_TEST(bytes_land_where_they_belong)
{
	uint8_t *code = fenced(COPROC_FW_CODE_SIZE), *ram = fenced(COPROC_FW_RAM_SIZE);
	struct sample s;
	struct image image;

	make_sample(&s);
	ck_assert_int_eq(image_parse(&s, sizeof(s), &image), IMAGE_OK);
	ck_assert_uint_eq(image.stack, RAM_END);
	ck_assert_uint_eq(image.reset, 8);
	image_place(&image, code, ram);
	ck_assert(memcmp(code, s.text, 64) == 0);
	ck_assert(memcmp(code + 64, s.initial, 16) == 0);
	for (size_t i = 80; i < COPROC_FW_CODE_SIZE; i++)
		ck_assert_uint_eq(code[i], 0);
	for (size_t i = 0; i < COPROC_FW_RAM_SIZE; i++)
		ck_assert_uint_eq(ram[i], 0);
}
END_TEST

/*
 * Mutations of a good image: whatever is accepted can be placed without
 * leaving code and RAM, and begins where the core can begin.
 */
START_TEST(what_is_accepted_is_harmless)
{
	uint8_t *code = fenced(COPROC_FW_CODE_SIZE), *ram = fenced(COPROC_FW_RAM_SIZE);
	static const uint32_t corners[] = { 0, 1, 8, 0x7fffffff, 0x80000000, 0xffffffff, RAM, RAM_END,
					    CODE_END, CODE_END - 1, 0xfffffff0 };
	uint8_t *bytes = fenced(sizeof(struct sample));
	uint32_t accepted = 0;

	srand(7);
	for (uint32_t round = 0; round < 300000; round++) {
		struct sample s;
		struct image image;

		make_sample(&s);
		for (int k = rand() % 4; k >= 0; k--) {
			/* Behind the first bytes, most of which are checked first. */
			size_t at = 16 + (size_t)rand() % (sizeof(s) - 20);

			if (rand() & 1)
				memcpy((uint8_t *)&s + (at & ~3u),
				       &corners[(size_t)rand() % (sizeof(corners) / 4)], 4);
			else
				((uint8_t *)&s)[at] = (uint8_t)rand();
		}
		memcpy(bytes, &s, sizeof(s));
		if (image_parse(bytes, sizeof(s), &image) != IMAGE_OK)
			continue;
		accepted++;
		image_place(&image, code, ram);
		ck_assert(image.reset < CODE_END - 1 && !(image.reset & 1));
		ck_assert(image.stack > RAM && image.stack <= RAM_END);
	}
	/* Both happened, or this proves nothing. */
	ck_assert(accepted > 1000 && accepted < 299000);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("engine-cortex-m-image");
	TCase *t = tcase_create("elf");

	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, each_reason_has_its_number, 0, sizeof(cases) / sizeof(cases[0]));
	tcase_add_test(t, every_truncation_is_refused);
	tcase_add_test(t, bytes_land_where_they_belong);
	tcase_add_test(t, what_is_accepted_is_harmless);
	suite_add_tcase(s, t);
	return s;
}

int main(void)
{
	return tap_main(suite());
}
