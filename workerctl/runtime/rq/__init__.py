"""
Worker and job classes for RQ that decide, from the error, whether a failed job runs again.

    rq worker -w workerctl.runtime.rq.Worker -j workerctl.runtime.rq.Job --with-scheduler

A job raises what it likes; `workerctl.runtime.exceptions` has classes that say what they mean:

    def full_pipeline(path):
        text = extract_text(path)
        if not text:
            raise InvalidFileError("The file holds no text.")  # fails at once
        with translate_errors("llm"):
            answer = client.responses.create(model="gpt-4o", input=text)  # a 503 runs again

Producers do not change. `Retry(max=3, interval=[30, 120])` limits the number of further runs, and
its intervals are upper bounds of the delays before them; without it, those of the pipeline apply:
JOB_MAX_RETRIES and JOB_RETRY_INTERVALS_SECONDS in the built-in schema. Delayed retries are enqueued
by RQ's scheduler, so at least one worker of each queue needs `--with-scheduler`.
`workerctl.runtime.jobs.policy` documents the rules and the record that a job keeps of them in
`job.meta["workerctl"]`.

**Settings.** The classes use `get_settings()`: the settings class that WORKERCTL_SETTINGS or
`[tool.workerctl] settings` names, else the one that a script has passed to `boot`, else the
built-in one. With any other class, a job runs again only if a pipeline is declared or its producer
says so.

**Queues and Redis** come from RQ's command line, unless `-c workerctl.runtime.rq_settings` takes
them from the settings. If they differ from what the settings say, the worker warns at its start.

**Dead letters.** RQ calls `on_failure` after every failed run, and `is_final` finds the last one:

    def on_failure(job, connection, kind, error, traceback):
        if is_final(job):
            dead_letters.add(job.id)

    queue.enqueue(full_pipeline, "cv.pdf", on_failure=on_failure)

`on_failure` is also called, with a `WorkHorseDiedError`, when the last work-horse of a job was
killed, which RQ alone does not do.

**Partial failures.** A job that raises a `PartialFailureException` finishes with
`details["result"]`, and adds to `job.meta["warnings"]`. RQ deletes finished jobs after 500 seconds:
set a longer `result_ttl`, or copy the warnings to where they are needed.

**Timeouts.** A job that catches RQ's `JobTimeoutException`, as `except Exception` does, runs on. So
does one that uses SIGALRM itself, as `signal.alarm` and timeout decorators do, because that cancels
RQ's timer. If it ends after its timeout, the log and `job.meta["warnings"]` say so.

**SIGTERM** is handled by RQ: the worker takes no further job and lets the running one finish (warm
shutdown). A second signal, at least a second later, kills the work-horse (cold shutdown). A
work-horse dies of a SIGTERM, so signal the worker, not its process group. BUD004 compares the grace
period of the orchestrator with the worst case of a job.

**SIGKILL.** If only a worker is killed, its scheduler and its running work-horse live on. The
scheduler of these classes ends with its worker. With RQ's classes, it keeps the worker's
connections open, and Redis gives the next job to the dead worker: there, kill the process group or
the cgroup, as systemd (`KillMode=control-group`) and containers do.

**SpawnWorker.** Before RQ 3.0, its child processes use RQ's own classes and ignore `-w` and `-j`.
Use `rq.worker.SpawnWorker` there, and decorate the job functions with `worker_job`, which has no
effect where `Job` is in use. A new process does not run the script of the worker. The class of this
package passes it the names of the worker's settings classes, and refuses to start with one that
cannot be imported by name, such as a class of the script. RQ's own class does not, so a decorated
job warns: set WORKERCTL_SETTINGS, or call `boot` in the module of the job.

This package alone imports RQ. It supports RQ 1.16 to 3.0.
"""

from __future__ import annotations

from workerctl.runtime.jobs.failures import is_final
from workerctl.runtime.rq.job import Job, worker_job
from workerctl.runtime.rq.workers import SimpleWorker, SpawnWorker, Worker

__all__ = ["Job", "SimpleWorker", "SpawnWorker", "Worker", "is_final", "worker_job"]
