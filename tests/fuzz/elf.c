/* SPDX-License-Identifier: MIT */
/*
 * Target "elf": the Cortex-M engine's loader.  Whatever the image: each
 * segment lies inside of the image and inside of code or RAM, no two are
 * loaded over each other, stack and reset handler are where a core can use
 * them, loading writes nothing else, and doing it twice gives the same.
 *
 * Input: the image.
 */
#include "backend/engines/cortex-m/firmware/abi.h"
#include "backend/engines/cortex-m/image.h"
#include "fuzz.h"

/* Of exactly these sizes, so that AddressSanitizer sees a byte too far. */
static uint8_t *code, *ram;

static bool inside(uint64_t start, uint64_t length, uint64_t base, uint64_t size)
{
	return start >= base && start + length <= base + size;
}

static void check_segment(const struct image *image, uint32_t n, size_t size)
{
	const struct image_segment *s = &image->segment[n];

	fuzz_check(s->length > 0);
	fuzz_check((uint64_t)s->offset + s->length <= size);
	fuzz_check(inside(s->address, s->length, COPROC_FW_CODE_BASE, COPROC_FW_CODE_SIZE) ||
		   inside(s->address, s->length, COPROC_FW_RAM_BASE, COPROC_FW_RAM_SIZE));
	for (uint32_t i = 0; i < n; i++) {
		const struct image_segment *o = &image->segment[i];

		fuzz_check((uint64_t)s->address + s->length <= o->address ||
			   (uint64_t)o->address + o->length <= s->address);
	}
}

/* What has been loaded is there, and taken away again nothing is left. */
static void check_place(const struct image *image)
{
	for (uint32_t i = 0; i < image->segments; i++) {
		const struct image_segment *s = &image->segment[i];
		uint8_t *at = s->address >= COPROC_FW_RAM_BASE && COPROC_FW_RAM_BASE > COPROC_FW_CODE_BASE ?
			ram + (s->address - COPROC_FW_RAM_BASE) : code + (s->address - COPROC_FW_CODE_BASE);

		fuzz_check(!memcmp(at, image->bytes + s->offset, s->length));
		memset(at, 0, s->length);
	}
}

static bool all_zero(const uint8_t *at, size_t size)
{
	return !at[0] && !memcmp(at, at + 1, size - 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct image image, again;
	enum image_why why;
	uint8_t *copy;
	bool large = false;

	if (!code) {
		code = calloc(1, COPROC_FW_CODE_SIZE);
		ram = calloc(1, COPROC_FW_RAM_SIZE);
	}
	/* As long as the image and no longer. */
	copy = malloc(size ? size : 1);
	if (!code || !ram || !copy)
		abort();
	if (size)
		memcpy(copy, data, size);
	memset(&image, 0xa5, sizeof(image));
	memset(&again, 0x5a, sizeof(again));
	why = image_parse(copy, size, &image);
	fuzz_check(why == image_parse(copy, size, &again));
	fuzz_check(why <= IMAGE_ENTRY && image.segments <= IMAGE_SEGMENTS_MAX);
	for (uint32_t i = 0; i < image.segments; i++) {
		check_segment(&image, i, size);
		large |= image.segment[i].length > 4096;
	}
	if (why == IMAGE_OK) {
		fuzz_check(image.segments == again.segments && image.stack == again.stack &&
			   image.reset == again.reset);
		fuzz_check(image.stack > COPROC_FW_RAM_BASE && image.stack % 8 == 0 &&
			   image.stack <= COPROC_FW_RAM_BASE + COPROC_FW_RAM_SIZE);
		fuzz_check(inside(image.reset, 2, COPROC_FW_CODE_BASE, COPROC_FW_CODE_SIZE) &&
			   image.reset % 2 == 0);
		image_place(&image, code, ram);
		check_place(&image);
		/* A look at a megabyte: not each time. */
		if (large || data[size - 1] % 64 == 0)
			fuzz_check(all_zero(code, COPROC_FW_CODE_SIZE) &&
				   all_zero(ram, COPROC_FW_RAM_SIZE));
	}
	free(copy);
	return 0;
}
