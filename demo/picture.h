/* SPDX-License-Identifier: MIT */
/* Photographs in (JPEG), drawings out and in again (PNG, grey). */
#ifndef DEMO_PICTURE_H
#define DEMO_PICTURE_H

#include <stdint.h>

struct picture {
	uint8_t *p;		/* rows without gaps, malloc()ed */
	uint32_t w, h;
	uint32_t channels;	/* bytes of a pixel: 3 or 1 */
};

/**
 * picture_read_jpeg() - a photograph as RGB
 *
 * Return: 0, or -1 after a line on standard error.
 */
int picture_read_jpeg(struct picture *picture, const char *path);

/**
 * picture_surround() - copy with a border that repeats the outermost pixels
 * @to: (@from->w + 2 * @border) by (@from->h + 2 * @border) pixels of room,
 *      rows without gaps
 */
void picture_surround(uint8_t *to, const struct picture *from, uint32_t border);

/* A drawing, grey.  Return: 0, or -1 after a line on standard error. */
int picture_write_png(const char *path, const struct picture *picture);
int picture_read_png(struct picture *picture, const char *path);

#endif /* DEMO_PICTURE_H */
