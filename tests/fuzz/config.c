/* SPDX-License-Identifier: MIT */
/*
 * Target "config": coprocd.conf.  What is accepted is inside the documented
 * ranges and complete; what is not is refused with a word on standard error.
 *
 * libconfuse keeps its lexer in static variables and does not free its last
 * buffer: LeakSanitizer is told so (lsan-suppressions), and nothing of coprocd.
 * Input: the file.
 */
#include <sys/mman.h>
#include <unistd.h>

#include "backend/config.h"
#include "fuzz.h"

static int file = -1;
static char path[64];

static void check_coprocessor(const struct config_coprocessor *c)
{
	size_t name = c->name ? strlen(c->name) : 0;

	fuzz_check(name >= 1 && name <= 31 && c->engine && *c->engine && !strchr(c->engine, '/'));
	fuzz_check(c->policy);
	fuzz_check(c->max_queues >= 1 && c->max_queues <= 30);
	fuzz_check(c->max_ring_order >= 5 && c->max_ring_order <= 9);
	fuzz_check(c->max_contexts >= 1 && c->max_contexts <= 65536);
	fuzz_check(c->max_buffers >= 1 && c->max_buffers <= 65536);
	fuzz_check(c->max_pages >= 1 && c->max_pages <= 16777216);
	fuzz_check(c->max_firmware >= 1 && c->max_firmware <= 65536);
	fuzz_check(c->max_firmware_bytes >= 1 && c->max_firmware_bytes <= 67108864);
	fuzz_check(c->max_operands >= 4 && c->max_operands <= 4096);
	fuzz_check(c->max_run_limit_us >= 1 && c->max_run_limit_us <= 3600000000u);
	fuzz_check(c->realtime_budget_us <= c->realtime_period_us);
	for (uint32_t i = 0; i < c->allowed_count; i++)
		fuzz_check(config_allows(c, c->allowed[i]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct config *config;

	fuzz_quiet();
	if (file < 0) {
		file = memfd_create("coprocd.conf", MFD_CLOEXEC);
		snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	}
	if (file < 0 || ftruncate(file, 0) || pwrite(file, data, size, 0) != (ssize_t)size)
		abort();
	config = config_load(path, "/engines");
	if (!config)
		return 0;
	fuzz_check(config->count >= 1 && config->engine_dir);
	for (uint32_t i = 0; i < config->count; i++) {
		check_coprocessor(&config->coprocessors[i]);
		for (uint32_t k = 0; k < i; k++)
			fuzz_check(strcmp(config->coprocessors[i].name, config->coprocessors[k].name));
	}
	config_free(config);
	return 0;
}
