/* SPDX-License-Identifier: MIT */
/*
 * Firmware images of the Cortex-M engine: ELF32, little-endian ARM, linked for
 * the memory map of firmware/abi.h.
 *
 * The image is a guest's.  These functions read within its length, allocate
 * nothing, and need nothing of the emulator, so that a fuzzer can drive them.
 */
#ifndef COPROC_CORTEX_M_IMAGE_H
#define COPROC_CORTEX_M_IMAGE_H

#include <stddef.h>
#include <stdint.h>

#define IMAGE_SEGMENTS_MAX      16u

/* The result of XENCOPROC_BAD_IMAGE.  Numbers are never reused. */
enum image_why {
	IMAGE_OK                = 0,
	IMAGE_TRUNCATED         = 1,    /* shorter than an ELF header */
	IMAGE_MAGIC             = 2,    /* not ELF */
	IMAGE_CLASS             = 3,    /* not 32-bit */
	IMAGE_ENDIAN            = 4,    /* not little-endian */
	IMAGE_VERSION           = 5,    /* not ELF version 1 */
	IMAGE_TYPE              = 6,    /* not linked to fixed addresses (ET_EXEC) */
	IMAGE_MACHINE           = 7,    /* not ARM */
	IMAGE_FLAGS             = 8,    /* not EABI version 5, or big-endian code */
	IMAGE_HEADER_SIZE       = 9,    /* e_ehsize or e_phentsize is not the standard's */
	IMAGE_PHNUM             = 10,   /* no program headers, or more than 16 */
	IMAGE_PHOFF             = 11,   /* program headers outside of the image */
	IMAGE_SEGMENT_KIND      = 12,   /* dynamic, interpreter or thread-local storage */
	IMAGE_SEGMENT_FILE      = 13,   /* a segment's bytes outside of the image */
	IMAGE_SEGMENT_SIZES     = 14,   /* more bytes in the file than in memory */
	IMAGE_SEGMENT_LOAD      = 15,   /* load address outside of code and RAM */
	IMAGE_SEGMENT_RUN       = 16,   /* run address outside of code and RAM */
	IMAGE_SEGMENT_MOVED     = 17,   /* runs in code, but is loaded elsewhere */
	IMAGE_SEGMENT_OVERLAP   = 18,   /* two segments loaded over each other */
	IMAGE_SEGMENT_RAM_CODE  = 19,   /* executable segment in RAM */
	IMAGE_VECTORS           = 20,   /* nothing loaded at the vector table, address 0 */
	IMAGE_STACK             = 21,   /* initial stack pointer not in RAM, or not 8-aligned */
	IMAGE_RESET             = 22,   /* reset handler not Thumb, or not in loaded code */
	IMAGE_ENTRY             = 23,   /* e_entry is not the reset handler */
};

struct image_segment {
	uint32_t offset;        /* in the image */
	uint32_t address;       /* where it is loaded: within code, or within RAM */
	uint32_t length;        /* bytes, not 0 */
};

struct image {
	const uint8_t *bytes;   /* the caller's, for the life of this */
	uint32_t segments;
	struct image_segment segment[IMAGE_SEGMENTS_MAX];
	uint32_t stack;         /* initial stack pointer */
	uint32_t reset;         /* address of the reset handler, Thumb bit cleared */
};

/**
 * image_parse() - check an image and find what is to be loaded
 *
 * Return: IMAGE_OK with @out filled, else why not.
 */
enum image_why image_parse(const void *bytes, size_t length, struct image *out);

/**
 * image_place() - load a checked image
 * @code: COPROC_FW_CODE_SIZE bytes, zeroed
 * @ram: COPROC_FW_RAM_SIZE bytes, zeroed
 */
void image_place(const struct image *image, uint8_t *code, uint8_t *ram);

#endif /* COPROC_CORTEX_M_IMAGE_H */
