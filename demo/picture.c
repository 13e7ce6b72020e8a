/* SPDX-License-Identifier: MIT */
#include "demo/picture.h"

#include <err.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>
#include <png.h>

#define SIDE_MAX	16384u

/* libjpeg ends the process on an error unless it is led out of there. */
struct way_out {
	struct jpeg_error_mgr manager;
	jmp_buf there;
	char text[JMSG_LENGTH_MAX];
};

static void leave(j_common_ptr info)
{
	struct way_out *out = (struct way_out *)info->err;

	out->manager.format_message(info, out->text);
	longjmp(out->there, 1);
}

static int decode(struct picture *picture, struct jpeg_decompress_struct *jpeg, FILE *file)
{
	jpeg_create_decompress(jpeg);
	jpeg_stdio_src(jpeg, file);
	jpeg_read_header(jpeg, TRUE);
	jpeg->out_color_space = JCS_RGB;
	jpeg->dct_method = JDCT_ISLOW;
	jpeg_start_decompress(jpeg);
	if (jpeg->output_width > SIDE_MAX || jpeg->output_height > SIDE_MAX)
		return -1;
	picture->w = jpeg->output_width;
	picture->h = jpeg->output_height;
	picture->channels = 3;
	picture->p = malloc((size_t)picture->w * picture->h * 3);
	if (!picture->p)
		return -1;
	while (jpeg->output_scanline < jpeg->output_height) {
		JSAMPROW row = picture->p + (size_t)jpeg->output_scanline * picture->w * 3;

		jpeg_read_scanlines(jpeg, &row, 1);
	}
	jpeg_finish_decompress(jpeg);
	return 0;
}

int picture_read_jpeg(struct picture *picture, const char *path)
{
	struct jpeg_decompress_struct jpeg = { 0 };
	struct way_out out;
	FILE *file = fopen(path, "rb");
	volatile int rc = -1;

	*picture = (struct picture){ 0 };
	if (!file) {
		warn("cannot read %s", path);
		return -1;
	}
	jpeg.err = jpeg_std_error(&out.manager);
	out.manager.error_exit = leave;
	if (setjmp(out.there)) {
		warnx("%s: %s", path, out.text);
	} else {
		rc = decode(picture, &jpeg, file);
		if (rc)
			warnx("%s: too large", path);
	}
	jpeg_destroy_decompress(&jpeg);
	fclose(file);
	if (rc) {
		free(picture->p);
		picture->p = NULL;
	}
	return rc;
}

static uint32_t clamp(int64_t v, uint32_t end)
{
	return v < 0 ? 0 : v >= end ? end - 1 : (uint32_t)v;
}

void picture_surround(uint8_t *to, const struct picture *from, uint32_t border)
{
	uint32_t x, y, w = from->w + 2 * border, n = from->channels;

	for (y = 0; y < from->h + 2 * border; y++) {
		const uint8_t *row = from->p +
				     (size_t)clamp((int64_t)y - border, from->h) * from->w * n;

		for (x = 0; x < w; x++, to += n)
			memcpy(to, row + (size_t)clamp((int64_t)x - border, from->w) * n, n);
	}
}

/* libpng's simplified interface: 8-bit grey, linear rows. */
int picture_write_png(const char *path, const struct picture *picture)
{
	png_image png = { .version = PNG_IMAGE_VERSION, .width = picture->w,
			  .height = picture->h, .format = PNG_FORMAT_GRAY };

	if (png_image_write_to_file(&png, path, 0, picture->p, (png_int_32)picture->w, NULL))
		return 0;
	warnx("cannot write %s: %s", path, png.message);
	return -1;
}

int picture_read_png(struct picture *picture, const char *path)
{
	png_image png = { .version = PNG_IMAGE_VERSION };

	*picture = (struct picture){ .channels = 1 };
	if (png_image_begin_read_from_file(&png, path) && png.width <= SIDE_MAX &&
	    png.height <= SIDE_MAX) {
		png.format = PNG_FORMAT_GRAY;
		picture->w = png.width;
		picture->h = png.height;
		picture->p = malloc(PNG_IMAGE_SIZE(png));
		if (picture->p && png_image_finish_read(&png, NULL, picture->p, 0, NULL))
			return 0;
	}
	warnx("cannot read %s: %s", path, png.message[0] ? png.message : "too large");
	png_image_free(&png);
	free(picture->p);
	picture->p = NULL;
	return -1;
}
