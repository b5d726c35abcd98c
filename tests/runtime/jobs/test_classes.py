"""
Tests of the worker and job classes with the installed RQ and a real Redis.
"""

import ast
import pickle
import subprocess
import sys
from pathlib import Path

import pytest
import rq.job
import rq.worker
from pydantic_settings import BaseSettings
from rq import Queue
from rq.registry import StartedJobRegistry

import workerctl.runtime
from workerctl.runtime import rq as ours
from workerctl.runtime.exceptions import InvalidFileError, LLMRateLimitError, LLMTimeoutError
from workerctl.runtime.jobs import failures, fingerprint, policy
from workerctl.runtime.retry import Verdict
from workerctl.runtime.rq import workers
from workerctl.runtime.rq.failing import WorkHorseDiedError
from workerctl.settings import get_settings

PUBLISHED = {b"workerctl:version", b"workerctl:keys", b"workerctl:fields", b"workerctl:fingerprint"}

pytestmark = pytest.mark.usefixtures("configured")


@pytest.fixture
def worker(connection):
    """
    A worker that has registered with RQ.
    """
    made = ours.SimpleWorker([Queue("jobs", connection=connection)], connection=connection)
    made.register_birth()
    return made


@pytest.fixture
def job(connection):
    """
    A job in the queue.
    """
    return Queue("jobs", connection=connection, job_class=ours.Job).enqueue("builtins.len", "four")


def published_fields(connection, worker) -> set[bytes]:
    """
    Return the names of workerctl's fields in RQ's record of the worker.
    """
    return {name for name in connection.hgetall(worker.key) if name.startswith(b"workerctl:")}


def test_the_configuration_is_published_in_rqs_record_and_expires_with_it(connection, worker):
    assert published_fields(connection, worker) == PUBLISHED
    assert 0 < connection.ttl(worker.key) <= worker.worker_ttl + 60
    (found,) = rq.worker.Worker.all(connection=connection)
    assert found.name == worker.name
    worker.register_death()
    assert 0 < connection.ttl(worker.key) <= 60


def test_an_expired_record_is_published_again(connection, worker):
    connection.delete(worker.key)
    worker.heartbeat()
    assert published_fields(connection, worker) == PUBLISHED


def test_a_heartbeat_within_a_pipeline_publishes_nothing(connection, worker):
    connection.delete(worker.key)
    with connection.pipeline() as pipeline:
        worker.heartbeat(60, pipeline)
        worker.heartbeat(60, pipeline=pipeline)
        assert published_fields(connection, worker) == set()


def test_what_redis_keeps_of_a_failure_holds_no_secret(connection):
    """RQ stores the whole traceback, in which a third-party exception may show a secret."""
    key = get_settings().ENCRYPTION_KEY.get_secret_value()
    queue = Queue("jobs", connection=connection, job_class=ours.Job)
    job = queue.enqueue("builtins.int", f"key {key[:8]} is wrong", 16)
    ours.SimpleWorker([queue], connection=connection).work(burst=True)
    stored = job.latest_result().exc_string
    assert "ValueError: invalid literal" in stored
    assert key[:6] not in stored


@pytest.mark.parametrize(("scheduler", "warnings"), [(False, 1), (True, 0)])
def test_a_worker_without_a_scheduler_says_that_retries_wait(
    connection, caplog, scheduler: bool, warnings: int
):
    """Without a scheduler, RQ never enqueues scheduled retries."""
    worker = ours.SimpleWorker([Queue("jobs", connection=connection)], connection=connection)
    worker.work(burst=True, with_scheduler=scheduler)
    assert caplog.text.count("--with-scheduler") == warnings


def test_run_async_in_an_async_job_asks_for_await(connection, monkeypatch):
    """RQ 3 runs `async def` jobs itself; run_async() in one names the coroutine to await."""
    monkeypatch.syspath_prepend(Path(__file__).parent / "scripts")
    queue = Queue("jobs", connection=connection, job_class=ours.Job)
    job = queue.enqueue("rq_jobs_async.nested")
    ours.SimpleWorker([queue], connection=connection).work(burst=True)
    assert "write `await inner()`" in job.latest_result().exc_string


def test_a_failure_to_publish_does_not_stop_the_worker(connection, worker, monkeypatch, caplog):
    connection.delete(worker.key)
    connection.set(worker.key, "of another kind")
    worker._publish()
    monkeypatch.setattr(fingerprint, "published", lambda _: 1 / 0)
    connection.delete(worker.key)
    worker.register_birth()
    worker.heartbeat()
    assert published_fields(connection, worker) == set()
    messages = [record.getMessage() for record in caplog.records if "published" in record.msg]
    assert messages == [
        "The configuration could not be published (ResponseError).",
        "The configuration could not be published (ZeroDivisionError).",
    ]


def test_a_bad_configuration_ends_the_start_before_the_worker_registers(connection, monkeypatch):
    monkeypatch.setenv("JOB_MAX_RETRIES", "many")
    get_settings.cache_clear()
    worker = ours.Worker([Queue("jobs", connection=connection)], connection=connection)
    with pytest.raises(SystemExit, match=r"\AThe configuration has 1 error:\n  SET001 JOB_MAX_RET"):
        worker.work(burst=True)
    assert connection.keys() == []


@pytest.mark.parametrize("options", [[], ["-c", "workerctl.runtime.rq_settings"]])
def test_a_bad_configuration_ends_the_command_without_a_traceback(
    database, environ, directory, options
):
    command = [sys.executable, "-m", "rq.cli", "worker", "-w", "workerctl.runtime.rq.Worker"]
    done = subprocess.run(
        [*command, "--url", database, *options],
        env={**environ, "JOB_MAX_RETRIES": "many"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith(
        "The configuration has 1 error:\n  SET001 JOB_MAX_RETRIES must be"
    )
    assert "Traceback" not in done.stderr


def test_without_a_job_class_the_worker_uses_ours(connection):
    queue = Queue("jobs", connection=connection)
    job = queue.enqueue(f"{__name__}.missing")
    worker = ours.SimpleWorker([queue], connection=connection)
    assert worker.work(burst=True)
    assert worker.job_class is ours.Job
    job.refresh()
    assert job.meta["workerctl"]["final"]


def test_a_job_class_that_is_not_a_subclass_of_ours_is_reported(connection, caplog):
    class Own(rq.job.Job):
        pass

    worker = ours.SimpleWorker(["jobs"], connection=connection, job_class=Own)
    worker.work(burst=True)
    assert (
        "The job class Own is not a subclass of workerctl.runtime.rq.Job: "
        "its partial failures count as failures."
    ) in caplog.messages


def test_without_a_valid_configuration_a_job_is_retried_by_the_defaults(job, monkeypatch):
    monkeypatch.setenv("JOB_MAX_RETRIES", "many")
    get_settings.cache_clear()
    failures.decide(job, LLMTimeoutError("late"), failures.classify(LLMTimeoutError("late")))
    assert job.retries_left == 2
    assert 1 <= job.retry_intervals[0] <= 30


@pytest.mark.parametrize(
    ("asked", "said"),
    [(1_796_000_000_000, "1.796e+12 s"), (172_800, "172800 s"), (86_400, None), (None, None)],
)
def test_a_wait_that_is_cut_is_reported(job, caplog, asked, said):
    """A point in time in place of seconds would park the job for years, or end the worker."""
    error = LLMRateLimitError("slow", retry_after=asked)
    failures.decide(job, error, failures.classify(error))
    (delay,) = job.retry_intervals
    assert delay <= 86_406
    cut = [text for text in caplog.messages if "is reduced to 86400 s" in text]
    assert len(cut) == (said is not None)
    assert all(f"LLMRateLimitError, whose retry_after of {said} is reduced" in text for text in cut)


def too_late() -> None:
    """
    Ask for a wait that is a point in time in milliseconds.
    """
    raise LLMRateLimitError("slow", {"retry_after": 1_796_000_000_000})


def test_a_job_that_asks_for_a_point_in_time_is_scheduled(connection):
    queue = Queue("jobs", connection=connection, job_class=ours.Job)
    job = queue.enqueue(too_late)
    ours.SimpleWorker([queue], connection=connection).work(burst=True)
    assert job.get_status(refresh=True) == "scheduled"


PIPELINE = """
[tool.workerctl.pipeline]
job_timeout = 600
job_retries = {retries}

[[tool.workerctl.pipeline.stages]]
name = "fetch"
timeout = 30
"""
BAD_PROJECTS = pytest.mark.parametrize(
    ("table", "message", "default"),
    [
        (PIPELINE.format(retries='"JOB_MAX_RETRY"'), "\nDid you mean JOB_MAX_RETRIES?\n", 2),
        (PIPELINE.format(retries="[1]"), "job_retries", 2),
        ("[tool.workerctl]\npreload = 5\n", "preload", 0),
        ("[tool.workerctl", "pyproject.toml", 0),
    ],
    ids=["typo", "type", "another key", "syntax"],
)


@BAD_PROJECTS
def test_a_bad_project_ends_the_command_without_a_traceback(
    database, environ, directory, table, message, default
):
    (directory / "pyproject.toml").write_text(table)
    done = subprocess.run(
        [
            *(sys.executable, "-m", "rq.cli", "worker", "--burst", "--url", database),
            *("-w", "workerctl.runtime.rq.Worker", "--with-scheduler"),
        ],
        env=environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert message in done.stderr
    assert "Traceback" not in done.stderr


@BAD_PROJECTS
def test_a_bad_project_does_not_change_what_a_failed_job_gets(
    connection, directory, table, message, default
):
    """Under RQ's own worker, which did not check it. The defaults are those of the class."""
    (directory / "pyproject.toml").write_text(table)
    get_settings.cache_clear()
    for retries, error, left in ((3, InvalidFileError("x"), 0), (3, LLMTimeoutError("x"), 3)):
        job = Queue("jobs", connection=connection).enqueue("builtins.len", "four")
        job.retries_left = retries
        failures.decide(job, error, failures.classify(error))
        assert job.retries_left == left
        assert job.get_meta()["workerctl"]["attempts"][0]["error"] == type(error).__name__
    job.retries_left = None
    job.meta.clear()
    failures.grant_retries(job, connection)
    failures.decide(job, LLMTimeoutError("x"), failures.classify(LLMTimeoutError("x")))
    assert job.retries_left == default


class TeamSettings(BaseSettings):
    """
    A class of a team, which has no pipeline of the built-in schema.
    """

    name: str = ""


def test_a_bad_pipeline_of_a_class_of_a_team_grants_no_retries(connection, directory, job):
    (directory / "pyproject.toml").write_text(PIPELINE.format(retries='"TYPO"'))
    get_settings.cache_clear()
    get_settings.boot_with(get_settings(TeamSettings))
    failures.decide(job, LLMTimeoutError("x"), failures.classify(LLMTimeoutError("x")))
    assert job.retries_left == 0
    assert job.meta["workerctl"]["attempts"][0]["error"] == "LLMTimeoutError"


class UnreadableError(InvalidFileError):
    """
    A permanent error of which nothing can be recorded.
    """

    @property
    def error_code(self):
        """
        Fail.
        """
        raise LookupError("sk-live")


def test_a_failure_that_cannot_be_recorded_is_decided_all_the_same(job, caplog):
    job.retries_left = 3
    failures.decide(job, UnreadableError("no text"), Verdict("permanent", "why"))
    assert job.retries_left == 0
    assert job.get_meta()["workerctl"]["final"]
    assert f"Job {job.id}: could not record its failure (LookupError)." in caplog.messages


def test_the_intervals_of_a_producer_limit_every_wait(job):
    job.retries_left, job.retry_intervals = 9, [1, 1, 1000]
    verdict = failures.classify(LLMTimeoutError("late"))
    for _ in range(2):
        failures.decide(job, LLMTimeoutError("late"), verdict)
        assert job.retry_intervals == [1]
    failures.decide(job, LLMTimeoutError("late"), verdict)
    assert job.get_meta()["workerctl"]["intervals"] == [1, 1, 1000]


def cancel_and_fail() -> None:
    """
    Fail with a retryable error, after someone has cancelled the job.
    """
    current = rq.job.get_current_job()
    rq.job.Job.fetch(current.id, connection=current.connection).cancel()
    raise LLMTimeoutError("late")


def test_a_job_that_was_cancelled_while_it_ran_does_not_run_again(connection):
    queue = Queue("jobs", connection=connection, job_class=ours.Job)
    job = queue.enqueue(cancel_and_fail)
    ours.SimpleWorker([queue], connection=connection).work(burst=True)
    job.refresh()
    assert job.meta["workerctl"]["final"]
    assert queue.scheduled_job_registry.count == queue.count == 0


def test_an_unknown_error_is_reported_without_its_text(job, caplog):
    class StrangeError(Exception):
        pass

    error = StrangeError("sk-live")
    failures.decide(job, error, failures.classify(error))
    (message,) = [text for text in caplog.messages if "runs once more" in text]
    assert "StrangeError" in message
    assert "sk-live" not in message


def test_a_job_of_a_dead_worker_is_final_when_no_retry_is_left(connection, job):
    """RQ's clean-up calls on_failure before workerctl can classify the failure."""
    for left, final in ((None, True), (0, True), (1, False)):
        job.retries_left = left
        assert ours.is_final(job) is final


ERRORS = [
    (InvalidFileError("no text"), 3, True),
    (LLMTimeoutError("late"), None, False),
    (LLMTimeoutError("late"), 1, False),
    (LLMTimeoutError("late"), 0, True),
    (MemoryError(), 3, False),
]
RAISED = tuple({type(error) for error, _, _ in ERRORS})


def fail(error: Exception) -> None:
    """
    Raise an error.
    """
    raise error


def state(connection, job) -> tuple:
    """
    Return all that a predicate could change: the job's attributes, its record, and its hash.
    """
    return {**vars(job)}, pickle.dumps(job.meta), connection.hgetall(job.key)


@pytest.mark.parametrize(("error", "left", "final"), ERRORS)
def test_is_final_foresees_the_decision_on_a_late_failure_and_changes_nothing(
    connection, job, error, left, final
):
    failures.supervise(job)
    assert job.perform() == 4
    job.retries_left = left
    try:
        fail(error)
    except RAISED:
        before = state(connection, job)
        assert ours.is_final(job) is final
        assert state(connection, job) == before
        failures.decide_late(job)
        assert job.get_meta()["workerctl"]["final"] is final
        decided = state(connection, job)
        assert ours.is_final(job) is final
        assert state(connection, job) == decided
    assert (job.retries_left == 0) is final


@pytest.mark.parametrize(("error", "left", "_final"), ERRORS)
def test_a_late_failure_under_a_worker_of_rq_itself_is_final_when_no_retry_is_left(
    connection, job, error, left, _final
):
    assert job.perform() == 4
    job.retries_left = left
    try:
        fail(error)
    except RAISED:
        before = state(connection, job)
        assert ours.is_final(job) is (not left)
        assert state(connection, job) == before


def test_the_clean_up_of_rq_finds_a_dead_workers_job_final(connection, job):
    job.set_status("started")
    registry = StartedJobRegistry("jobs", connection=connection, job_class=ours.Job)
    connection.zadd(registry.key, {f"{job.id}:execution": 1})
    registry.cleanup()
    assert rq.job.Job.fetch(job.id, connection=connection).get_status() == "failed"


def test_a_job_that_someone_runs_again_loses_its_mark_while_it_runs(job):
    policy.ensure_record(job.meta)["final"] = True
    assert job.perform() == 4
    assert job.get_meta()["workerctl"]["final"] is False


def test_a_decorated_function_outside_a_job_is_the_function():
    @ours.worker_job
    def function(number: int) -> int:
        """Describe the function."""
        return number + 1

    assert function(1) == 2
    assert function.__doc__ == "Describe the function."


def test_an_async_function_is_not_decorated():
    with pytest.raises(TypeError, match="call run_async"):

        @ours.worker_job
        async def function() -> None: ...


def test_a_record_that_cannot_be_read_back_changes_no_decision(connection, worker, job, caplog):
    connection.hset(job.key, "meta", b"no pickle")
    policy.ensure_record(job.meta)["horse_deaths"] = 0
    job.retries_left = 3
    worker.handle_work_horse_killed(job, 1, 9, None)
    assert job.retries_left == 3
    assert any("could not read its record (" in text for text in caplog.messages)


def test_an_on_failure_of_a_killed_job_that_fails_itself_is_reported(worker, job, caplog):
    job._failure_callback_name = f"{__name__}.no_such_function"
    worker._call_on_failure(job, WorkHorseDiedError("killed"))
    assert any("on_failure failed (" in text for text in caplog.messages)


@pytest.mark.parametrize("callback", [None, list.append])
def test_on_failure_of_a_killed_job_is_called_if_there_is_one(worker, job, callback, caplog):
    calls: list = []
    death = WorkHorseDiedError("killed")
    job._failure_callback = callback and (lambda *given: callback(calls, given))
    worker._call_on_failure(job, death)
    expected = (job, job.connection, WorkHorseDiedError, death, None)
    assert calls == ([expected] if callback else [])
    assert caplog.messages == []


def test_the_spawn_worker_of_an_older_rq_is_refused_with_an_alternative(connection, monkeypatch):
    monkeypatch.setattr(workers, "VERSION", "2.10.0")
    with pytest.raises(RuntimeError, match=r"^SpawnWorker of RQ 2\.10\.0 .* with worker_job\.$"):
        ours.SpawnWorker(["jobs"], connection=connection)


def test_the_runtime_does_not_use_rqs_retry():
    """Before 2.1, RQ records a job that returns a `Retry` as finished."""
    for path in Path(workerctl.runtime.__file__).parent.rglob("*.py"):
        tree = ast.parse(path.read_text())
        names = [node.id for node in ast.walk(tree) if isinstance(node, ast.Name)]
        names += [node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)]
        names += [node.name for node in ast.walk(tree) if isinstance(node, ast.alias)]
        assert "Retry" not in names


def test_only_the_rq_module_imports_rq():
    program = """
import sys
from workerctl.runtime.jobs import fingerprint
from workerctl.runtime.jobs import failures
from workerctl.runtime.jobs import policy
from workerctl.runtime.jobs import warm
print(sorted({"rq", "redis", "cryptography", "typer", "rich"} & set(sys.modules)))
"""
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "[]\n"


def test_the_command_line_of_rq_takes_both_classes(connection, database, environ, directory):
    """`rq worker` accepts both classes; its jobs inherit the modules that the parent preloaded."""
    (directory / "pyproject.toml").write_text(
        '[tool.workerctl]\npreload = ["colorsys", "no_sdk"]\n'
    )
    (directory / "own_jobs.py").write_text(
        "import os, sys\ndef job(): return ['colorsys' in sys.modules, os.getppid()]\n"
    )
    queue = Queue("jobs", connection=connection)
    job, bad = queue.enqueue("own_jobs.job"), queue.enqueue("own_jobs.missing")
    worker = [
        *(sys.executable, "-m", "rq.cli", "worker", "--burst", "--with-scheduler"),
        *("-w", "workerctl.runtime.rq.Worker", "-j", "workerctl.runtime.rq.Job"),
        *("--url", database, "jobs"),
    ]
    with subprocess.Popen(
        worker, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
        assert "preload: no_sdk failed (ModuleNotFoundError)" in errors
        assert job.return_value() == [True, process.pid]
    bad.refresh()
    assert bad.meta["workerctl"]["final"]
