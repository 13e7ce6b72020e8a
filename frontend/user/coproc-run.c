// SPDX-License-Identifier: MIT
/*
 * coproc-run: runs firmware on a shared coprocessor, from the command line.
 *
 * Up to in_flight jobs are out.  Job n uses place n mod in_flight of one input
 * and one output buffer; output is written in the order of the input, so a
 * place is free again when its output was written.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "run.h"

#define PAGE ((size_t)XENCOPROC_PAGE_SIZE)
#define BATCH 64u               /* jobs handed over in one call */

struct place {
	bool ended;
	uint32_t piece;                 /* input bytes */
	struct coproc_done done;
};

struct run {
	struct run_options options;
	struct run_input input;
	struct run_plan plan;
	struct run_figures figures;
	struct coproc_device *dev;
	struct coproc_firmware *firmware;
	struct coproc_context *context;
	struct coproc_queue *queue;
	struct coproc_buffer *in;
	struct coproc_buffer *out;
	struct coproc_info info;
	char reason[512];
	struct place *place;            /* in_flight of them */
	size_t in_stride;
	size_t out_stride;
	uint64_t sent;
	uint64_t written;               /* jobs whose output is through */
	int output;                     /* descriptor, or -1 */
	int signals;                    /* signalfd */
	int exit_status;
	bool stopping;                  /* no new jobs */
	double began;
	double told;                    /* when progress was last shown */
	bool progress;
};

static double seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* ---- getting ready ---- */

static bool open_device(struct run *run)
{
	struct coproc_options options;
	int rc;

	coproc_options_init(&options);
	options.index = run->options.index;
	options.name = run->options.name;
	options.reason = run->reason;
	options.reason_size = sizeof(run->reason);
	if (run->options.timeout > 0 && run->options.timeout < 10)
		options.connect_timeout_ms = (uint32_t)(run->options.timeout * 1000) + 1;
	rc = coproc_open(&options, &run->dev);
	if (rc == 0) {
		coproc_info(run->dev, &run->info);
		return true;
	}
	run_say("%s", run->reason[0] ? run->reason : strerror(-rc));
	run->exit_status = RUN_NO_DEVICE;
	return false;
}

static void say_digest(const char *path)
{
	run_say("see its digest with: sha256sum %s; the backend's administrator adds it to the "
		"list of firmware that this domain may load", path);
}

static bool load_firmware(struct run *run)
{
	const char *path = run->options.firmware;
	int rc = coproc_firmware_load_file(run->dev, path, run->options.kind, &run->firmware);

	if (rc == 0)
		return true;
	run_say("%s: %s", path, coproc_reason(run->dev));
	if (rc == -EREMOTEIO && coproc_refusal(run->dev) == XENCOPROC_DENIED)
		say_digest(path);
	else if (rc == -EREMOTEIO && coproc_refusal(run->dev) == XENCOPROC_BAD_IMAGE)
		run_say("is it an image for a coprocessor of kind %s?", run->info.kind);
	else if (rc == -EINVAL)
		run_say("say with --kind what it is");
	run->exit_status = rc == -ENOENT || rc == -EISDIR || rc == -EACCES ? RUN_FILE :
			   rc == -ECONNRESET ? RUN_LOST : RUN_JOB_FAILED;
	return false;
}

static size_t whole_pages(size_t bytes)
{
	return (bytes + PAGE - 1) / PAGE * PAGE;
}

static bool make_buffers(struct run *run)
{
	unsigned int n = run->options.in_flight;
	int rc = 0;

	run->in_stride = whole_pages(run->plan.piece);
	run->out_stride = whole_pages(run->plan.capacity);
	if (run->in_stride)
		rc = coproc_buffer_create(run->dev, n * run->in_stride, XENCOPROC_ACCESS_READ,
					  &run->in);
	if (rc == 0 && run->out_stride)
		rc = coproc_buffer_create(run->dev, n * run->out_stride,
					  XENCOPROC_ACCESS_READ | XENCOPROC_ACCESS_WRITE,
					  &run->out);
	if (rc == 0)
		return true;
	run_say("no memory to share for %u jobs in flight: %s", n, coproc_reason(run->dev));
	if (rc == -E2BIG || rc == -ENOSPC)
		run_say("try a smaller --in-flight, --chunk or --output-size");
	run->exit_status = rc == -ECONNRESET ? RUN_LOST : RUN_NO_DEVICE;
	return false;
}

/* Fewer in flight when there are fewer jobs, or when a buffer would not do. */
static void fit_in_flight(struct run *run)
{
	size_t most = (size_t)XENCOPROC_BUF_PAGES_MAX * PAGE;
	size_t stride = whole_pages(run->plan.piece > run->plan.capacity ? run->plan.piece :
									  run->plan.capacity);
	unsigned int n = run->options.in_flight;

	if (n > run->plan.jobs)
		n = (unsigned int)run->plan.jobs;
	if (n > run->info.max_entries)
		n = run->info.max_entries;
	while (n > 1 && (n * stride > most ||
			 2 * (size_t)n * (stride / PAGE) + 64 > run->info.max_pages))
		n--;
	run->options.in_flight = n;
}

static bool make_objects(struct run *run)
{
	int rc = coproc_context_create(run->dev, &run->context);

	fit_in_flight(run);
	if (rc == 0)
		rc = coproc_queue_open(run->dev, run->options.qclass, run->options.in_flight,
				       &run->queue);
	if (rc) {
		run_say("%s", coproc_reason(run->dev));
		run->exit_status = rc == -ECONNRESET ? RUN_LOST : RUN_NO_DEVICE;
		return false;
	}
	run->place = calloc(run->options.in_flight, sizeof(*run->place));
	if (!run->place) {
		run_say("out of memory");
		run->exit_status = RUN_NO_DEVICE;
		return false;
	}
	return make_buffers(run);
}

/* The last thing before jobs run: a failure before does not empty the file. */
static bool open_output(struct run *run)
{
	const char *path = run->options.output;

	run->output = -1;
	if (!path)
		return true;
	run->output = strcmp(path, "-") ? open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
					       0666) : dup(1);
	if (run->output >= 0)
		return true;
	run_say("%s: %s", path, strerror(errno));
	run->exit_status = RUN_FILE;
	return false;
}

/* ---- the jobs ---- */

static void stop(struct run *run, int exit_status)
{
	if (!run->stopping)
		coproc_cancel_all(run->queue);
	run->stopping = true;
	if (run->exit_status == RUN_OK)
		run->exit_status = exit_status;
}

/* Fills job @sent, and its input's place. */
static void build_one(struct run *run, uint64_t sent, struct coproc_job *job,
		      struct coproc_piece piece[2])
{
	unsigned int n = (unsigned int)(sent % run->options.in_flight);
	struct place *place = &run->place[n];
	size_t offset;

	*job = (struct coproc_job){
		.context = run->context,
		.firmware = run->firmware,
		.entry = run->options.entry,
		.immediate = run->options.immediate,
		.pieces = piece,
		.run_limit_us = run->options.run_limit_us,
		.start_limit_us = run->options.start_limit_us,
		.priority = run->options.priority,
		.cookie = sent,
	};
	place->ended = false;
	place->piece = run_plan_piece(&run->plan, run->input.size, sent, &offset);
	if (run->in) {
		memcpy((char *)coproc_buffer_data(run->in) + n * run->in_stride,
		       run->input.data + offset, place->piece);
		piece[job->piece_count++] = (struct coproc_piece){
			run->in, XENCOPROC_ACCESS_READ, (uint32_t)(n * run->in_stride),
			place->piece };
	}
	if (run->out)
		piece[job->piece_count++] = (struct coproc_piece){
			run->out, XENCOPROC_ACCESS_WRITE, (uint32_t)(n * run->out_stride),
			run->plan.capacity };
}

/* Jobs that can be sent now.  Not each place by itself as it becomes free: a
 * quarter of them together costs one notification. */
static uint64_t sendable(const struct run *run)
{
	uint64_t out = run->sent - run->written;
	uint64_t room = run->options.in_flight - out;

	if (run->stopping || (out && room < (run->options.in_flight + 3) / 4))
		return 0;
	return run->plan.jobs - run->sent < room ? run->plan.jobs - run->sent : room;
}

static void send_jobs(struct run *run)
{
	struct coproc_piece piece[BATCH][2];
	struct coproc_job job[BATCH];
	uint64_t left = sendable(run);
	unsigned int n, i;
	int rc;

	for (; left; left -= (unsigned int)rc) {
		n = left < BATCH ? (unsigned int)left : BATCH;
		for (i = 0; i < n; i++)
			build_one(run, run->sent + i, &job[i], piece[i]);
		rc = coproc_submit(run->queue, job, n, NULL);
		if (rc == -EAGAIN)
			return;
		if (rc < 0) {
			run_say("cannot submit: %s", coproc_reason(run->dev));
			stop(run, rc == -ENOTCONN ? RUN_LOST : RUN_JOB_FAILED);
			return;
		}
		for (i = 0; i < (unsigned int)rc; i++, run->sent++)
			run->figures.bytes_in +=
				run->place[run->sent % run->options.in_flight].piece;
	}
}

static bool write_all(struct run *run, const char *data, size_t length)
{
	ssize_t n;

	while (length) {
		n = write(run->output, data, length);
		if (n < 0 && errno != EINTR) {
			run_say("%s: %s%s", run->options.output, strerror(errno),
				errno == ENOSPC ? "; what was written until here is good" : "");
			return false;
		}
		data += n > 0 ? n : 0;
		length -= n > 0 ? (size_t)n : 0;
		run->figures.bytes_out += n > 0 ? (size_t)n : 0;
	}
	return true;
}

/* Writes what has ended, in the order of the input. */
static void write_output(struct run *run)
{
	struct place *place;
	uint32_t length;
	size_t n;

	while (run->written < run->sent) {
		n = run->written % run->options.in_flight;
		place = &run->place[n];
		if (!place->ended)
			return;
		run->written++;
		if (run->output < 0 || !run->out || place->done.status != XENCOPROC_OK)
			continue;
		length = run_plan_output(&run->plan, &run->options, place->piece, &place->done);
		if (!write_all(run, (char *)coproc_buffer_data(run->out) + n * run->out_stride,
			       length)) {
			stop(run, RUN_FILE);
			close(run->output);
			run->output = -1;
		}
	}
}

static void job_failed(struct run *run, const struct coproc_done *done)
{
	if (run->stopping && done->status == XENCOPROC_CANCELLED)
		return;
	if (run->exit_status == RUN_OK)
		run_say("job %llu: %s (%s, result 0x%llx)", (unsigned long long)done->cookie,
			coproc_status_explain(done->status), coproc_status_text(done->status),
			(unsigned long long)done->result);
	if (done->status == XENCOPROC_LOST && !run->stopping)
		run_say("%s", coproc_lost_reason(run->dev));
	if (done->status == XENCOPROC_LOST)
		stop(run, RUN_LOST);
	else if (run->options.keep_going)
		run->exit_status = RUN_JOB_FAILED;
	else
		stop(run, RUN_JOB_FAILED);
}

static bool read_done(struct run *run)
{
	struct coproc_done done[64];
	struct place *place;
	int i, n = coproc_read(run->queue, done, 64);

	for (i = 0; i < n; i++) {
		run_figures_add(&run->figures, &done[i]);
		place = &run->place[done[i].cookie % run->options.in_flight];
		place->ended = true;
		place->done = done[i];
		if (done[i].status != XENCOPROC_OK)
			job_failed(run, &done[i]);
	}
	return n > 0;
}

static void check_signal(struct run *run)
{
	struct signalfd_siginfo info;

	if (read(run->signals, &info, sizeof(info)) != (ssize_t)sizeof(info))
		return;
	if (run->stopping && run->exit_status >= RUN_SIGNAL)
		_exit(run->exit_status);        /* asked twice: do not wait */
	if (run->progress)
		run_progress_clear();
	run->progress = false;
	run_say("cancelling the jobs in flight; once more to leave at once");
	stop(run, RUN_SIGNAL + (int)info.ssi_signo);
}

static void check_times(struct run *run)
{
	double now = seconds();

	if (run->options.timeout > 0 && now - run->began > run->options.timeout &&
	    !run->stopping) {
		run_say("not finished in %g s: cancelling the jobs in flight", run->options.timeout);
		stop(run, RUN_TIMEOUT);
	}
	if (run->options.quiet || now - run->began < 2 || now - run->told < 0.2 ||
	    run->stopping || !isatty(2))
		return;
	run->told = now;
	run->progress = true;
	run_progress(&run->figures, now - run->began);
}

/* Until all jobs ended; when stopping, those that are out, but not for ever. */
static void run_jobs(struct run *run)
{
	struct pollfd p[2] = {
		{ .fd = coproc_fd(run->dev), .events = POLLIN },
		{ .fd = run->signals, .events = POLLIN },
	};
	double leave = 0;

	for (;;) {
		send_jobs(run);
		if (run->written == run->sent && (run->stopping || run->sent == run->plan.jobs))
			return;
		if (run->stopping && leave == 0)
			leave = seconds() + 5;
		if (leave > 0 && seconds() > leave)
			return;
		if (poll(p, 2, 200) < 0 && errno != EINTR)
			return;
		if (p[1].revents)
			check_signal(run);
		coproc_dispatch(run->dev);
		while (read_done(run))
			;
		write_output(run);
		check_times(run);
	}
}

/* ---- the end ---- */

static void report(struct run *run)
{
	struct coproc_stats now;
	struct coproc_stats *before = &run->figures.device;

	coproc_stats(run->dev, &now);
	now.sent -= before->sent;
	now.received -= before->received;
	run->figures.device = now;
	run->figures.seconds = seconds() - run->began;
	if (run->progress)
		run_progress_clear();
	if (run->options.json) {
		if (run_report_json(&run->figures, &run->options, &run->info, stdout))
			run_say("standard output: %s", strerror(errno));
	} else if (!run->options.quiet) {
		run_report(&run->figures, &run->options, &run->info);
	}
}

static void close_output(struct run *run)
{
	/* Some file systems only find a full disk now. */
	if (run->output >= 0 && close(run->output) && run->exit_status == RUN_OK) {
		run_say("%s: %s", run->options.output, strerror(errno));
		run->exit_status = RUN_FILE;
	}
}

static bool prepare(struct run *run)
{
	const char *why;
	int rc = run_input_open(&run->input, run->options.input);

	if (rc) {
		run_say("%s: %s", run->options.input, strerror(-rc));
		run->exit_status = RUN_FILE;
		return false;
	}
	if (access(run->options.firmware, R_OK)) {
		run_say("%s: %s", run->options.firmware, strerror(errno));
		run->exit_status = RUN_FILE;
		return false;
	}
	why = run_plan_make(&run->plan, &run->options, run->input.size);
	if (why) {
		run_say("%s", why);
		run->exit_status = RUN_USAGE;
		return false;
	}
	run->figures.total = run->plan.jobs;
	return true;
}

static void block_signals(struct run *run)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	run->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	signal(SIGPIPE, SIG_IGN);
}

int main(int argc, char **argv)
{
	static struct run run;

	if (!run_options_parse(&run.options, argc, argv, &run.exit_status))
		return run.exit_status;
	if (run.options.list)
		return run_list(run.options.json);
	run.exit_status = RUN_OK;
	run.output = -1;
	if (prepare(&run) && open_device(&run) && load_firmware(&run) && make_objects(&run) &&
	    open_output(&run)) {
		block_signals(&run);
		coproc_stats(run.dev, &run.figures.device);
		run.began = seconds();
		run_jobs(&run);
		close_output(&run);
		report(&run);
	}
	coproc_close(run.dev, COPROC_DEFAULT);
	run_input_close(&run.input);
	free(run.place);
	return run.exit_status;
}
