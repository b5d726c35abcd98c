"""
The services of the example work, require their keys, and misbehave on request.
"""

import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import openai
import pytest
from PIL import Image
from resume_worker.services import reading
from resume_worker.services.process import RunningServices, running_services
from resume_worker.services.server import Keys
from resume_worker.signature import HEADER, is_genuine, sign

_KEYS = Keys("llm-key", "storage-key", "signing-key")
_STORAGE = {"Authorization": "Bearer storage-key"}
_SCHEMA = {"type": "json_schema", "json_schema": {"name": "resume", "schema": {}}}


@pytest.fixture(name="services", scope="module")
def _services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServices]:
    root = tmp_path_factory.mktemp("root")
    (root / "storage").mkdir()
    (root / "storage/한글 1.pdf").write_bytes(b"%PDF")
    (root / "secret").write_text("not in the storage")
    with running_services(root / "storage", _KEYS) as services:
        yield services


@pytest.fixture(name="client")
def _client(services: RunningServices) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=services.url, timeout=5) as client:
        yield client
    services.behave()


@pytest.fixture(name="llm")
def _llm(services: RunningServices) -> Iterator[openai.OpenAI]:
    url = f"{services.url}/v1"
    with openai.OpenAI(api_key=_KEYS.openai, base_url=url, max_retries=0, timeout=1) as llm:
        yield llm
    services.behave()


def _ask(llm: openai.OpenAI, text: str = "Name: Jane Sample") -> str | None:
    answer = llm.chat.completions.create(
        model="any", messages=[{"role": "user", "content": text}], response_format=_SCHEMA
    )
    return answer.choices[0].message.content


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/chat/completions", b"{}"),
        ("/v1/embeddings", b"{}"),
        ("/storage/v1/object/resumes/x", b""),
        ("/rest/v1/candidates", b""),
        ("/functions/v1/thumbnail", b"{}"),
        ("/hooks/worker", b"{}"),
    ],
)
def test_no_service_answers_without_its_key(client: httpx.Client, path: str, body: bytes):
    method = "GET" if path.startswith("/storage") else "POST"
    assert client.request(method, path, content=body).status_code == 401


@pytest.mark.parametrize(
    "path", ["..%2Fsecret", "%2E%2E/secret", "..%2F..%2Fetc/passwd", "none", ""]
)
def test_the_storage_serves_its_files_and_no_others(client: httpx.Client, path: str):
    address = "/storage/v1/object/resumes/"
    found = client.get(f"{address}%ED%95%9C%EA%B8%80%201.pdf", headers=_STORAGE)
    assert (found.status_code, found.content) == (200, b"%PDF")
    assert client.get(f"{address}{path}", headers=_STORAGE).status_code == 404


def test_rows_are_found_by_column_and_replaced_by_id(
    client: httpx.Client, services: RunningServices
):
    rows = [{"id": "1", "job_id": "a", "n": 1}, {"id": "2", "job_id": "b", "n": 2}]
    assert client.post("/rest/v1/things", json=rows, headers=_STORAGE).status_code == 201
    assert client.post("/rest/v1/things", json={**rows[0], "n": 3}, headers=_STORAGE).is_success
    assert services.rows("things", job_id="a") == [{"id": "1", "job_id": "a", "n": 3}]
    assert len(services.rows("things")) == 2
    assert services.rows("others") == []


def test_a_thumbnail_is_a_picture_of_its_own_for_each_address(client: httpx.Client):
    pictures = [
        client.post("/functions/v1/thumbnail", json={"url": url}, headers=_STORAGE).content
        for url in ("https://one.example", "https://two.example", "https://one.example")
    ]
    with Image.open(io.BytesIO(pictures[0])) as picture:
        picture.load()
        assert (picture.format, picture.size) == ("PNG", (64, 64))
    assert pictures[0] == pictures[2] != pictures[1]


def test_the_model_answers_from_the_text_it_is_sent(llm: openai.OpenAI):
    text = "이름: 홍길동\n주소: 어디시 1\nTel. 010-0000-1234\nSkills: Go, C, Go\na@b.example"
    assert reading.resume(text) == {
        "name": "홍길동",
        "phone": "010-0000-1234",
        "email": "a@b.example",
        "address": "어디시 1",
        "skills": ["Go", "C"],
        "portfolio": None,
    }
    assert "홍길동" in (_ask(llm, text) or "")
    assert "홍길동" not in (_ask(llm) or "")


@pytest.mark.parametrize(
    ("text", "people"),
    [
        ("Name: A B\nName: C D", 2),
        ("Name: A B\nName: a  b", 1),
        ("a@example.com b@example.com", 2),
        ("nothing", 1),
    ],
)
def test_people_are_counted_by_name_or_else_by_address(text: str, people: int):
    assert reading.people(text) == {"people": people}


def test_an_unknown_schema_or_a_broken_request_is_refused(client: httpx.Client):
    key = {"Authorization": "Bearer llm-key"}
    schema = {"json_schema": {"name": "other"}}
    request = {"model": "any", "messages": [], "response_format": schema}
    for body in ({"json": request}, {"content": b"{"}, {"json": {}}):
        answer = client.post("/v1/chat/completions", headers=key, **body)
        assert answer.status_code == 400


def test_texts_with_the_same_words_have_close_vectors(llm: openai.OpenAI):
    texts = ["python redis queue", "queue redis python", "painting with oil"]
    vectors = [
        item.embedding
        for item in llm.embeddings.create(model="any", input=texts, dimensions=256).data
    ]
    same, other = (sum(a * b for a, b in zip(vectors[0], v, strict=True)) for v in vectors[1:])
    assert [len(vector) for vector in vectors] == [256] * 3
    assert same == pytest.approx(1)
    assert other < 0.5
    plain = llm.embeddings.create(
        model="any", input=texts[0], dimensions=256, encoding_format="float"
    )
    assert plain.data[0].embedding == pytest.approx(vectors[0], abs=1e-6)


def test_a_rate_limit_has_a_retry_time_and_ends(services: RunningServices, llm: openai.OpenAI):
    services.misbehave("llm", "rate_limit", times=2, retry_after=7)
    for _ in range(2):
        with pytest.raises(openai.RateLimitError) as limit:
            _ask(llm)
        assert limit.value.response.headers["Retry-After"] == "7"
    assert _ask(llm)


def test_a_hanging_service_makes_the_client_time_out(services: RunningServices, llm: openai.OpenAI):
    services.misbehave("llm", "hang", times=1)
    with pytest.raises(openai.APITimeoutError):
        _ask(llm)
    assert _ask(llm)


@pytest.mark.parametrize(
    ("mode", "error"),
    [("unauthorized", openai.AuthenticationError), ("error", openai.InternalServerError)],
)
def test_a_refused_key_and_a_crash_are_the_errors_of_the_sdk(
    services: RunningServices, llm: openai.OpenAI, mode: str, error: type[Exception]
):
    services.misbehave("llm", mode)
    with pytest.raises(error):
        _ask(llm)
    services.behave()
    assert _ask(llm)


def test_a_malformed_answer_is_sent_as_a_success(services: RunningServices, llm: openai.OpenAI):
    services.misbehave("llm", "bad_json")
    assert (_ask(llm) or "").startswith("Of course!")
    services.misbehave("storage", "bad_json")
    page = httpx.get(f"{services.url}/storage/v1/object/resumes/x")
    assert (page.status_code, page.headers["Content-Type"]) == (200, "text/html")


def test_a_misbehaviour_can_affect_one_job_only(services: RunningServices, client: httpx.Client):
    services.misbehave("database", "error", job="unlucky")
    for job, status in (("unlucky", 500), ("lucky", 200)):
        headers = {**_STORAGE, "X-Client-Request-Id": job}
        assert client.get("/rest/v1/candidates", headers=headers).status_code == status
    assert services.requests()["database unlucky"] == 1


def test_an_unknown_misbehaviour_is_refused(services: RunningServices):
    with pytest.raises(httpx.HTTPStatusError, match="400"):
        services.misbehave("llm", "sulk")
    for path in ("/_none", "/none"):
        assert httpx.get(f"{services.url}{path}").status_code == 404


def test_a_notification_needs_a_valid_signature(services: RunningServices, client: httpx.Client):
    body = b'{"job_id": "1"}'
    for secret, status in (("another-key", 401), (_KEYS.webhook, 204)):
        headers = {HEADER: sign(body, secret)}
        assert client.post("/hooks/worker", content=body, headers=headers).status_code == status
    assert services.deliveries() == [{"job_id": "1"}]


def test_a_signature_is_valid_for_one_body_and_a_few_minutes():
    signed = sign(b"body", "secret")
    assert is_genuine(b"body", "secret", signed)
    assert not is_genuine(b"other", "secret", signed)
    assert not is_genuine(b"body", "secret", sign(b"body", "secret", time.time() - 400))
    assert not any(
        is_genuine(b"body", "secret", text) for text in ("", "t=", "t=1,v1=é", signed[2:])
    )


def test_the_services_do_not_outlive_their_parent(tmp_path: Path):
    """A demo that is killed without a chance to clean up leaves no server behind."""
    script = (
        "import sys, time; sys.path.insert(0, sys.argv[2])\n"
        "from pathlib import Path\n"
        "from resume_worker.services.process import running_services\n"
        "from resume_worker.services.server import Keys\n"
        "with running_services(Path(sys.argv[1]), Keys('a', 'b', 'c')) as services:\n"
        "    print(services.url, flush=True); time.sleep(60)\n"
    )
    examples = str(Path(reading.__file__).parents[2])
    command = [sys.executable, "-c", script, str(tmp_path), examples]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as owner:
        url = (owner.stdout.readline() if owner.stdout else "").strip()
        assert httpx.get(f"{url}/_requests").status_code == 200
        os.kill(owner.pid, signal.SIGKILL)
    deadline = time.monotonic() + 20
    while _answers(url) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _answers(url)


def test_services_that_cannot_start_are_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(RuntimeError, match="do not start"), running_services(tmp_path, _KEYS):
        pass


def _answers(url: str) -> bool:
    try:
        httpx.get(f"{url}/_requests", timeout=5)
    except httpx.TransportError:
        return False
    return True
