// SPDX-License-Identifier: MIT
/*
 * Firmware.  An image travels in a buffer that lives only while FW_LOAD runs;
 * the library keeps a private copy for the next connection, and the digest of
 * that copy is what it names, so the backend cannot run anything else without
 * lying about it.
 *
 * Making it takes two requests: register the staging buffer, then load.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>

#include "internal.h"

static void firmware_unstage(struct coproc_firmware *fw)
{
	struct coproc_buffer *staging = fw->staging;

	if (!staging)
		return;
	fw->staging = NULL;
	staging->owner = NULL;
	object_doom(&staging->o);
}

static void firmware_loaded(struct ctl *ctl, int error, const struct coproc_completion *completion)
{
	struct object *o = (struct object *)((char *)ctl - offsetof(struct object, ctl));

	firmware_unstage((struct coproc_firmware *)o);
	object_request_done(ctl, error, completion);
}

/* The staging buffer was registered, or not. */
void firmware_staged(struct coproc_firmware *fw, int error, uint16_t status, uint64_t detail)
{
	struct coproc_device *dev = fw->o.dev;
	struct coproc_request *request = &fw->o.ctl.request;
	int rc;

	if (error) {
		object_made(&fw->o, error, status, detail);
		return;
	}
	memset(request, 0, sizeof(*request));
	request->op = XENCOPROC_OP_FW_LOAD;
	request->u.fw_load.firmware = fw->o.index;
	request->u.fw_load.kind = fw->kind;
	request->u.fw_load.buffer = fw->staging->o.index;
	request->u.fw_load.length = fw->bytes;
	memcpy(request->u.fw_load.sha256, fw->sha256, sizeof(fw->sha256));
	fw->o.ctl.done = firmware_loaded;
	rc = control_send(dev, &fw->o.ctl, dev->options.load_timeout_ms);
	if (rc)
		object_made(&fw->o, -ECONNRESET, XENCOPROC_LOST, 0);
}

static int firmware_make(struct object *o)
{
	struct coproc_firmware *fw = (struct coproc_firmware *)o;
	struct coproc_device *dev = o->dev;
	struct coproc_buffer *staging;
	uint32_t pages = (uint32_t)((fw->bytes + PAGE - 1) / PAGE);
	int rc;

	rc = buffer_new(dev, pages, XENCOPROC_ACCESS_READ, &staging);
	if (rc)
		return rc;
	staging->owner = fw;
	fw->staging = staging;
	staging->o.state = OBJECT_MAKING;
	rc = staging->o.class->make(&staging->o);
	if (rc) {
		staging->o.state = OBJECT_ABSENT;
		firmware_unstage(fw);
		return rc;
	}
	memcpy(staging->data, fw->image, fw->bytes);
	control_flush(dev);
	return 0;
}

static void firmware_end(struct object *o, struct coproc_request *request)
{
	request->op = XENCOPROC_OP_FW_UNLOAD;
	request->u.fw_unload.firmware = o->index;
}

static void firmware_gone(struct object *o, bool confirmed)
{
	firmware_unstage((struct coproc_firmware *)o);
}

static void firmware_free(struct object *o)
{
	struct coproc_firmware *fw = (struct coproc_firmware *)o;

	free(fw->image);
	free(fw);
}

static const struct object_class firmware_class = {
	.kind = OBJECT_FIRMWARE,
	.name = "firmware images",
	.make = firmware_make,
	.end = firmware_end,
	.gone = firmware_gone,
	.free = firmware_free,
};

unsigned int coproc_firmware_guess(const void *image, size_t bytes)
{
	static const struct {
		unsigned char at[8];
		uint8_t length;
		uint8_t kind;
	} magic[] = {
		{ { 0x7f, 'E', 'L', 'F' }, 4, XENCOPROC_FW_KIND_ELF },
		{ { 0x7e, 0xaa, 0x99, 0x7e }, 4, XENCOPROC_FW_KIND_BITSTREAM },
		{ { 0xff, 0x00 }, 2, XENCOPROC_FW_KIND_BITSTREAM },
		{ { 'p', 'o', 'c', 'l', 'b', 'i', 'n' }, 7, XENCOPROC_FW_KIND_OPENCL_BINARY },
		{ { 0x08 }, 1, XENCOPROC_FW_KIND_ONNX },
	};
	static const char source[] = "__kernel";
	size_t i;

	for (i = 0; i < sizeof(magic) / sizeof(magic[0]); i++)
		if (bytes >= magic[i].length && !memcmp(image, magic[i].at, magic[i].length))
			return magic[i].kind;
	if (memmem(image, bytes, source, sizeof(source) - 1))
		return XENCOPROC_FW_KIND_OPENCL_SOURCE;
	return 0;
}

static int firmware_new(struct coproc_device *dev, const void *image, size_t bytes,
			unsigned int kind, struct coproc_firmware **out)
{
	struct coproc_firmware *fw = calloc(1, sizeof(*fw));
	int rc = -ENOMEM;

	if (fw)
		fw->image = malloc(bytes);
	if (!fw || !fw->image) {
		fail(dev, rc, "out of memory");
		goto out;
	}
	memcpy(fw->image, image, bytes);
	fw->bytes = (uint32_t)bytes;
	fw->kind = kind;
	crypto_hash_sha256(fw->sha256, fw->image, bytes);
	rc = object_add(dev, &fw->o, &firmware_class);
	if (rc)
		goto out;
	*out = fw;
	return 0;
out:
	if (fw)
		free(fw->image);
	free(fw);
	return rc;
}

int coproc_firmware_load(struct coproc_device *dev, const void *image, size_t bytes,
			 unsigned int kind, struct coproc_firmware **firmware)
{
	struct coproc_firmware *fw;
	int rc;

	if (!image || !bytes)
		return fail(dev, -EINVAL, "the firmware image is empty");
	if (!dev->connected)
		return fail(dev, -ENOTCONN, "not connected");
	if (!kind)
		kind = coproc_firmware_guess(image, bytes);
	if (kind < XENCOPROC_FW_KIND_ELF || kind > XENCOPROC_FW_KIND_ONNX)
		return fail(dev, -EINVAL, "not an image of a kind that is known here");
	if (bytes > dev->limits.max_firmware_bytes || bytes > (size_t)XENCOPROC_BUF_PAGES_MAX * PAGE)
		return fail(dev, -EFBIG, "the image has %zu bytes, this device allows %u", bytes,
			    dev->limits.max_firmware_bytes);
	rc = firmware_new(dev, image, bytes, kind, &fw);
	if (rc)
		return rc;
	rc = object_make_wait(&fw->o);
	if (rc == 0)
		*firmware = fw;
	return rc;
}

/* Reads to the end, at most @max bytes and one; -errno or how many. */
static ssize_t read_to_end(int fd, size_t max, char **data)
{
	size_t room = 0, got = 0;
	ssize_t n;
	char *more;

	*data = NULL;
	for (;;) {
		if (got == room) {
			room = room ? room * 2 : 65536;
			if (room > max + 1)
				room = max + 1;
			more = realloc(*data, room);
			if (!more)
				return -ENOMEM;
			*data = more;
		}
		n = read(fd, *data + got, room - got);
		if (n < 0 && errno != EINTR)
			return -errno;
		got += n > 0 ? (size_t)n : 0;
		if (n == 0 || got > max)
			return (ssize_t)got;
	}
}

int coproc_firmware_load_file(struct coproc_device *dev, const char *path, unsigned int kind,
			      struct coproc_firmware **firmware)
{
	size_t max = dev->limits.max_firmware_bytes;
	char *image = NULL;
	ssize_t bytes;
	int fd, rc;

	if (!dev->connected)
		return fail(dev, -ENOTCONN, "not connected");
	fd = open(path, O_RDONLY | O_CLOEXEC);
	bytes = fd < 0 ? -errno : read_to_end(fd, max, &image);
	if (fd >= 0)
		close(fd);
	if (bytes < 0)
		rc = fail(dev, (int)bytes, "%s: %s", path, strerror((int)-bytes));
	else if ((size_t)bytes > max)
		rc = fail(dev, -EFBIG, "%s has more than the %zu bytes that this device allows",
			  path, max);
	else
		rc = coproc_firmware_load(dev, image, (size_t)bytes, kind, firmware);
	free(image);
	return rc;
}

const uint8_t *coproc_firmware_digest(const struct coproc_firmware *firmware)
{
	return firmware->sha256;
}

int coproc_firmware_unload(struct coproc_firmware *firmware)
{
	if (firmware)
		object_doom(&firmware->o);
	return 0;
}
