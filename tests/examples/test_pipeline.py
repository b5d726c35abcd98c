"""
The whole pipeline in this process, with real services: its results, logs and failures.
"""

import base64
import io
import json
import logging
from typing import Any

import pytest
from PIL import Image
from resume_worker import rows
from resume_worker.local.machine import Local
from resume_worker.samples import making as samples
from resume_worker.samples.people import ENGLISH, PEOPLE
from resume_worker.stages import STAGES
from resume_worker.stages.privacy import PERSONAL
from resume_worker.tasks import full_pipeline

from workerctl.runtime import exceptions
from workerctl.settings import get_settings

_KINDS = ("pdf", "docx", "hwp", "hwpx")


def _run(here: Local, kind: str = "pdf", job_id: str = "test-job") -> dict[str, Any]:
    return full_pipeline(job_id=job_id, file_path=here.documents[kind], user_id="test-user")


def _change(monkeypatch: pytest.MonkeyPatch, **changes: object) -> None:
    for name, value in changes.items():
        monkeypatch.setenv(name, str(value))
    get_settings.cache_clear()


def _stored(here: Local, data: bytes) -> str:
    (here.directory / "storage/other").write_bytes(data)
    return "other"


def test_pipeline_completes(here: Local):
    """The integration test of the refactoring plan passes with real services instead of mocks."""
    result = full_pipeline(job_id="test-job", file_path="resume.pdf", user_id="test-user")
    assert result["success"] is True


@pytest.mark.parametrize("kind", _KINDS)
def test_every_kind_of_document_is_read_and_stored_encrypted(here: Local, kind: str):
    person, result = PEOPLE[kind], _run(here, kind)
    (row,) = here.services.rows("candidates", id=result["candidate_id"])
    opened = {
        column: here.sealer.open("candidates", column, row["id"], row[column])
        for column in PERSONAL
    }
    assert opened == {column: getattr(person, column) for column in PERSONAL}
    assert not any(text in json.dumps(row, ensure_ascii=False) for text in opened.values())
    assert row["skills"] == person.skills.split(", ")
    assert (row["job_id"], row["user_id"]) == ("test-job", "test-user")
    with Image.open(io.BytesIO(base64.b64decode(row["thumbnail"]))) as picture:
        assert picture.format == "PNG"


def test_a_value_opens_in_its_own_place_only(here: Local):
    result = _run(here)
    (row,) = here.services.rows("candidates", id=result["candidate_id"])
    for column, place in (("phone", row["id"]), ("name", "another row")):
        with pytest.raises(exceptions.EncryptionError):
            here.sealer.open("candidates", column, place, row["name"])


def test_chunks_are_embedded_without_personal_data_and_stored_encrypted(here: Local):
    person, result = PEOPLE["pdf"], _run(here)
    chunks = here.services.rows("candidate_chunks", candidate_id=result["candidate_id"])
    texts = [
        here.sealer.open("candidate_chunks", "content", chunk["id"], chunk["content"])
        for chunk in chunks
    ]
    assert [chunk["kind"] for chunk in chunks] == ["structured", "raw_full", "raw_section"]
    assert [len(chunk["embedding"]) for chunk in chunks] == [1536] * 3
    assert texts[0] == person.skills
    assert "[name]" in texts[1]
    for column in (*PERSONAL, "portfolio"):
        assert not any(getattr(person, column) in text for text in texts)


def test_the_result_has_counts_and_durations_and_no_personal_data(here: Local):
    result = _run(here)
    assert result == {
        "success": True,
        "job_id": "test-job",
        "candidate_id": rows.candidate_id("test-job"),
        "found": {"name": 1, "phone": 1, "email": 1, "address": 1, "skills": 3, "portfolio": 1},
        "encrypted": ["name", "phone", "email", "address", "chunks"],
        "chunks": 3,
        "embedded": 3,
        "thumbnail": True,
        "seconds": result["seconds"],
        "missing": [],
    }
    assert tuple(result["seconds"]) == STAGES


@pytest.mark.parametrize("level", ["INFO", "DEBUG"])
def test_no_log_line_holds_personal_data_or_a_key(
    here: Local, level: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
):
    _change(monkeypatch, LOG_LEVEL=level)
    caplog.set_level(level)
    here.services.misbehave("llm", "error", times=1)
    _run(here)
    settings, person = get_settings(), PEOPLE["pdf"]
    secrets = [
        settings.OPENAI_API_KEY,
        settings.SUPABASE_SERVICE_ROLE_KEY,
        settings.WEBHOOK_SECRET,
        settings.ENCRYPTION_KEY,
    ]
    forbidden = [getattr(person, column) for column in PERSONAL]
    forbidden += [secret.get_secret_value()[:12] for secret in secrets]
    logged = caplog.text + "".join(str(vars(record)) for record in caplog.records)
    assert "Job test-job: database took" in logged
    assert "stamina.retry_scheduled" in logged
    assert not any(text in logged for text in forbidden)


def test_a_second_run_of_a_job_replaces_what_the_first_one_stored(here: Local):
    first, second = _run(here), _run(here)
    assert (
        first["candidate_id"]
        == second["candidate_id"]
        != _run(here, "pdf", "other")["candidate_id"]
    )
    assert len(here.services.rows("candidates", job_id="test-job")) == 1


def test_the_application_is_notified_with_a_valid_signature(here: Local):
    result = _run(here)
    details = {name: result[name] for name in ("job_id", "candidate_id", "chunks", "embedded")}
    assert here.services.deliveries() == [{"status": "completed", **details}]


def test_without_a_webhook_no_notification_is_sent(here: Local, monkeypatch: pytest.MonkeyPatch):
    env = here.directory / ".env"
    lines = env.read_text().splitlines()
    env.write_text("\n".join(line for line in lines if not line.startswith("WEBHOOK_")))
    get_settings.cache_clear()
    assert _run(here)["missing"] == []
    assert here.services.deliveries() == []


@pytest.mark.parametrize(
    ("changes", "requests"),
    [
        ({}, 3),
        ({"USE_PARALLEL_LLM": "false"}, 3),
        ({"ANALYSIS_MODE": "phase_2", "ANTHROPIC_API_KEY": "any"}, 4),
        ({"USE_NEW_ASYNC_HELPER": "false"}, 3),
    ],
)
def test_every_way_to_call_the_models_finds_the_same(
    here: Local, monkeypatch: pytest.MonkeyPatch, changes: dict[str, str], requests: int
):
    _change(monkeypatch, **changes)
    assert _run(here)["found"]["skills"] == 3
    assert here.services.requests()["llm test-job"] == requests


@pytest.mark.parametrize("changes", [{}, {"USE_PARALLEL_LLM": "false"}])
def test_the_error_of_one_model_is_raised(
    here: Local, monkeypatch: pytest.MonkeyPatch, changes: dict[str, str]
):
    """The error has its own class, not an exception group, even if the calls are concurrent."""
    _change(monkeypatch, **changes, OPENAI_MINI_MODEL="small")
    here.services.misbehave("llm", "unauthorized")
    with pytest.raises(exceptions.ProviderAuthError):
        _run(here)


def test_a_transient_error_is_retried_within_its_stage(here: Local):
    for service in ("storage", "llm", "embedding", "database", "webhook"):
        here.services.misbehave(service, "error", times=1)
    assert _run(here)["missing"] == []
    assert here.services.requests()["storage test-job"] == 2


@pytest.mark.parametrize(
    ("service", "mode", "error"),
    [
        ("storage", "error", exceptions.StorageDownloadError),
        ("storage", "unauthorized", exceptions.ProviderAuthError),
        ("storage", "bad_json", exceptions.InvalidFileError),
        ("llm", "rate_limit", exceptions.LLMRateLimitError),
        ("llm", "error", exceptions.LLMUnavailableError),
        ("llm", "unauthorized", exceptions.ProviderAuthError),
        ("llm", "bad_json", exceptions.LLMParseError),
        ("llm", "hang", exceptions.LLMTimeoutError),
        ("database", "error", exceptions.DatabaseConnectionError),
    ],
)
def test_what_ends_a_job_has_the_class_of_its_cause(
    here: Local,
    monkeypatch: pytest.MonkeyPatch,
    service: str,
    mode: str,
    error: type[exceptions.WorkerBaseException],
):
    _change(monkeypatch, STORAGE_MAX_RETRIES=0, LLM_MAX_RETRIES=0)
    here.services.misbehave(service, mode, retry_after=60)
    with pytest.raises(error) as caught:
        _run(here)
    assert type(caught.value) is error
    assert caught.value.retry_after == (60 if mode == "rate_limit" else None)


def test_a_wait_that_is_too_long_for_a_stage_is_left_to_the_job(here: Local):
    here.services.misbehave("llm", "rate_limit", retry_after=60)
    with pytest.raises(exceptions.LLMRateLimitError):
        _run(here)
    assert here.services.requests()["llm test-job"] == 1


@pytest.mark.parametrize("mode", ["error", "unauthorized", "bad_json"])
def test_without_a_thumbnail_the_candidate_is_stored(here: Local, mode: str):
    here.services.misbehave("thumbnail", mode)
    with pytest.raises(exceptions.VisualAgentFailure) as failure:
        _run(here)
    result = failure.value.details["result"]
    (row,) = here.services.rows("candidates", id=result["candidate_id"])
    assert row["thumbnail"] is None
    assert (result["thumbnail"], result["missing"]) == (False, ["VISUAL_AGENT_FAILURE"])
    assert here.services.requests()["thumbnail test-job"] == 1


def test_vectors_that_are_missing_are_counted(here: Local, monkeypatch: pytest.MonkeyPatch):
    """If the first of two batches fails permanently, the second one is still embedded."""
    _change(
        monkeypatch,
        EMBEDDING_MAX_RETRIES=0,
        CHUNK_KOREAN_SIZE=20,
        CHUNK_KOREAN_OVERLAP=5,
        CHUNK_KOREAN_THRESHOLD=0,
    )
    here.services.misbehave("embedding", "error", times=1)
    with pytest.raises(exceptions.EmbeddingPartialFailure) as failure:
        _run(here)
    details = failure.value.details
    result = details["result"]
    assert (details["missing"], details["cause"]) == (16, "EMBEDDING_TIMEOUT")
    assert result["embedded"] == result["chunks"] - 16 > 0
    chunks = here.services.rows("candidate_chunks", candidate_id=result["candidate_id"])
    assert [chunk["embedding"] is None for chunk in chunks].count(True) == 16


def test_a_failed_notification_is_a_partial_failure(here: Local):
    here.services.misbehave("webhook", "error")
    with pytest.raises(exceptions.PartialFailureException) as failure:
        _run(here)
    assert failure.value.details["cause"] == "WEBHOOK_DELIVERY"
    assert failure.value.details["result"]["success"] is True


def test_several_missing_parts_are_reported_together(here: Local):
    here.services.misbehave("embedding", "error")
    here.services.misbehave("thumbnail", "error")
    with pytest.raises(exceptions.PartialFailureException) as failure:
        _run(here)
    missing = ["EMBEDDING_PARTIAL_FAILURE", "VISUAL_AGENT_FAILURE"]
    assert type(failure.value) is exceptions.PartialFailureException
    assert failure.value.details["missing"] == missing
    assert failure.value.details["result"]["missing"] == missing


def test_a_document_about_two_people_is_rejected(here: Local):
    person = PEOPLE["docx"]
    others = person._replace(about=(*person.about, "Name: Another Person"))
    path = _stored(here, samples.docx(others))
    with pytest.raises(exceptions.MultiIdentityError) as failure:
        full_pipeline("test-job", path, "test-user")
    assert failure.value.details == {"people": 2}
    assert here.services.rows("candidates") == []


def test_a_person_without_a_portfolio_or_a_phone_is_stored_as_found(here: Local):
    person = PEOPLE["docx"]._replace(portfolio="none", phone="none", skills="")
    labels = {field: label for field, label in ENGLISH.items() if field != "skills"}
    path = _stored(here, samples.docx(person, labels))
    result = full_pipeline("test-job", path, "test-user")
    assert result["found"] == {"name": 1, "email": 1, "address": 1}
    assert result["encrypted"] == ["name", "email", "address", "chunks"]
    assert (result["thumbnail"], result["chunks"]) == (False, 2)


@pytest.mark.parametrize("path", ["/etc/passwd", "../other", "a/../../b", ""])
def test_a_path_that_leaves_the_bucket_is_refused_before_any_request(here: Local, path: str):
    with pytest.raises(exceptions.ValidationError):
        full_pipeline("test-job", path, "test-user")
    assert here.services.requests() == {}


def test_a_missing_or_too_large_file_is_never_retried(here: Local, monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(exceptions.ProviderRequestError):
        full_pipeline("missing", "missing.pdf", "test-user")
    _change(monkeypatch, MAX_FILE_SIZE_MB=1)
    with pytest.raises(exceptions.InvalidFileError):
        full_pipeline("large", _stored(here, bytes(1024 * 1024 + 1)), "test-user")
    requests = here.services.requests()
    assert (requests["storage missing"], requests["storage large"]) == (1, 1)


def test_no_file_of_a_document_stays_behind(
    here: Local, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
):
    temporary = tmp_path_factory.mktemp("temporary")
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    _run(here)
    with pytest.raises(exceptions.InvalidFileError):
        full_pipeline("test-job", _stored(here, b"no document"), "test-user")
    assert list(temporary.iterdir()) == []


def test_an_error_about_a_document_quotes_nothing_of_it(here: Local):
    """An invalid answer is not quoted, because it may repeat the text that the model read."""
    here.services.misbehave("llm", "bad_json")
    with pytest.raises(exceptions.LLMParseError) as failure:
        _run(here)
    assert failure.value.__context__ is None
    assert failure.value.details == {"model": "gpt-4o-mini", "answer": "identity_check"}


def test_a_missing_part_is_logged(here: Local, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.WARNING)
    here.services.misbehave("thumbnail", "error")
    with pytest.raises(exceptions.VisualAgentFailure):
        _run(here)
    assert "Job test-job continues without a part: VISUAL_AGENT_FAILURE" in caplog.text
