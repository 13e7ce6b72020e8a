/* SPDX-License-Identifier: MIT */
/*
 * A guest that has many jobs run and tells what it holds, early and at the end.
 *
 *	hostile-flat FIRMWARE JOBS DIR
 *
 * After a fifth of the jobs and after all it makes DIR/early and DIR/late, and
 * goes on when DIR/early-seen and DIR/late-seen are there, so that the script
 * can look at the backend at the same moments.
 */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "frontend/user/coproc.h"

#define IN_FLIGHT       256u

static struct coproc_device *device;
static const char *dir;

static void must(int good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "hostile-flat: %s: %s\n", what, device ? coproc_reason(device) : "");
	exit(1);
}

static uint64_t tell(const char *when)
{
	uint64_t heap = mallinfo2().uordblks + mallinfo2().hblkhd;
	char path[300];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, when);
	f = fopen(path, "w");
	must(f != NULL, path);
	fprintf(f, "%llu %d\n", (unsigned long long)heap, (int)getpid());
	fclose(f);
	snprintf(path, sizeof(path), "%s/%s-seen", dir, when);
	while (access(path, F_OK))
		usleep(10000);
	return heap;
}

static unsigned int run(struct coproc_queue *q, const struct coproc_job *job, unsigned int jobs)
{
	static struct coproc_job batch[32];
	static struct coproc_done done[IN_FLIGHT];
	unsigned int submitted = 0, ended = 0, good = 0;

	for (unsigned int i = 0; i < 32; i++)
		batch[i] = *job;
	while (ended < jobs) {
		int n = 1;

		while (n > 0 && submitted < jobs && coproc_queue_room(q) >= 32) {
			n = coproc_submit(q, batch, jobs - submitted < 32 ? jobs - submitted : 32, NULL);
			submitted += n > 0 ? (unsigned int)n : 0;
		}
		n = coproc_wait_any(q, done, IN_FLIGHT, 60000);
		must(n > 0, "a wait");
		for (int i = 0; i < n; i++)
			good += done[i].status == XENCOPROC_OK;
		ended += (unsigned int)n;
	}
	return good;
}

int main(int argc, char **argv)
{
	struct coproc_firmware *firmware;
	struct coproc_context *context;
	struct coproc_queue *q;
	unsigned int jobs, good;

	if (argc != 4)
		return 2;
	jobs = (unsigned int)atoi(argv[2]);
	dir = argv[3];
	must(coproc_open(NULL, &device) == 0, "a device");
	must(coproc_firmware_load_file(device, argv[1], 0, &firmware) == 0, "firmware");
	must(coproc_context_create(device, &context) == 0, "a context");
	must(coproc_queue_open(device, XENCOPROC_CLASS_NORMAL, IN_FLIGHT, &q) == 0, "a queue");
	const struct coproc_job job = { .context = context, .firmware = firmware };

	good = run(q, &job, jobs / 5);
	tell("early");
	good += run(q, &job, jobs - jobs / 5);
	tell("late");
	printf("%u of %u\n", good, jobs);
	return coproc_close(device, 5000) || good != jobs;
}
