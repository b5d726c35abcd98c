"""
Tests of the smallest fix: it clears its finding, causes no other, and changes the minimum.

`HYPOTHESIS_PROFILE=ci` tries 5 000 configurations with findings instead of 150.
"""

import contextlib
import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from fractions import Fraction

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

from tests.support.any_class import schema_of
from workerctl.budget import declaration
from workerctl.budget.pipeline import PIPELINE, Pipeline, StageSettings
from workerctl.checks.base import Check, Context
from workerctl.checks.engine.run import run
from workerctl.checks.table import CHECKS
from workerctl.commands.budget.remedies import CODES, Change, Remedies, recommended, remedies
from workerctl.commands.budget.search import StepRange, nearest, step_range_of
from workerctl.preflight import Request, context_of
from workerctl.report.findings import Finding, Location, Severity, Suppression
from workerctl.schema.declarations import Variable
from workerctl.schema.loading import Loaded, changed, load
from workerctl.settings import Settings as OurSettings
from workerctl.sources.options import Options
from workerctl.sources.values import Value

TIMES = tuple(
    check for check in CHECKS if check.code[:3] in {"TMO", "BUD"} or check.code == "SET001"
)
GRACE = "SHUTDOWN_GRACE_SECONDS"
TODAY = date(2026, 11, 22)


class Settings(OurSettings):
    """A team's settings, with upper bounds that the built-in ones do not have."""

    JOB_TIMEOUT_SECONDS: int = Field(600, gt=0, le=900)
    SHUTDOWN_GRACE_SECONDS: int = Field(60, ge=0, lt=601)
    LLM_TIMEOUT_SECONDS: int = Field(120, ge=5)
    LLM_RETRY_MAX_WAIT: float = Field(8.0, gt=0.15)
    WAIT_AT_MOST: float | None = None
    SCAN_TIMEOUT: int = 40


@pytest.fixture(scope="module", autouse=True)
def _elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Run the tests in a directory without a project."""
    with contextlib.chdir(tmp_path_factory.mktemp("elsewhere")):
        yield


def configuration(texts: Mapping[str, str], default: type[OurSettings] = OurSettings) -> Loaded:
    """Return the configuration that results from these texts."""
    return changed(load(default, Options(env_files=(), isolated=True), environ={}), texts)


class Doctor:
    """A configuration, its remedies, and methods to try them."""

    def __init__(
        self, loaded: Loaded, table: Iterable[Check] = TIMES, pipeline: Pipeline = PIPELINE
    ) -> None:
        self.loaded = loaded
        self.table = tuple(table)
        self.pipeline = pipeline

    def context(self, texts: Mapping[str, str] | None = None) -> Context:
        """Return the context of the checks with these texts."""
        loaded = changed(self.loaded, texts or {})
        return context_of(loaded, Request(), TODAY).replace(pipeline=self.pipeline)

    def remedies(self) -> Remedies:
        """Return the remedies of the configuration."""
        return remedies(self.context(), self.context, self.table)

    def findings(self, texts: Mapping[str, str] | None = None) -> dict[tuple[str, str], Severity]:
        """Return the severities of the findings with these texts, by code and setting."""
        return {
            (finding.code, finding.fields[0]): finding.severity
            for result in run(self.context(texts), self.table)
            for finding in result.findings
        }

    def clears(self, texts: Mapping[str, str], *codes: str) -> bool:
        """Return whether these texts clear the codes, and cause no new or more severe finding."""
        before, after = self.findings(), self.findings(texts)
        worse = [key for key in after if after[key] > before.get(key, 0)]
        return not worse and not any(code in codes for code, _ in after)

    def back(self, change: Change) -> str | None:
        """
        Return a value one unit nearer to the current one, or None if there is no such value.
        """
        value = getattr(self.loaded.settings, change.name)
        if isinstance(value, bool):
            return None
        unit = Fraction(1, 10) if isinstance(value, float) else Fraction(1)
        old, new = Fraction(str(value)), Fraction(change.text)
        nearer = new + unit if new < old else new - unit
        if (nearer - old) * (new - old) <= 0:
            return None
        return str(float(nearer)) if isinstance(value, float) else str(nearer)


def as_texts(changes: Iterable[Change]) -> dict[str, str]:
    """Return changes as texts by the name of the setting."""
    return {change.name: change.text for change in changes}


# ------------------------------------------------------------------------------- every suggestion

_enormous = st.sampled_from([10**6, 10**9, 10**12, 10**30]).map(str)
_waits = st.integers(0, 300).map(lambda tenths: str(tenths / 10)) | st.sampled_from(["0.05", "3e2"])


def _numbers(least: int, most: int) -> st.SearchStrategy[str]:
    plain = st.integers(least, most).map(str)
    return st.one_of([plain] * 9 + [_enormous])


_switch = st.sampled_from(["true", "false"])
_retries = st.integers(0, 10).map(str)
_TEXTS = {
    "ENV": st.sampled_from(["development", "staging", "production"]),
    "JOB_TIMEOUT_SECONDS": st.integers(1, 900).map(str) | _numbers(1, 10_000),
    "JOB_MAX_RETRIES": _numbers(0, 3),
    "JOB_RETRY_INTERVALS_SECONDS": st.sampled_from(["30,60", "10"]),
    GRACE: _numbers(0, 4000),
    "STORAGE_TIMEOUT_SECONDS": _numbers(1, 120),
    "STORAGE_MAX_RETRIES": _retries,
    "STORAGE_RETRY_DELAY_SECONDS": _waits,
    "LLM_TIMEOUT_SECONDS": _numbers(1, 300),
    "LLM_CONNECT_TIMEOUT_SECONDS": _numbers(1, 30),
    "LLM_MAX_RETRIES": _retries,
    "LLM_SDK_MAX_RETRIES": _numbers(0, 4),
    "LLM_RETRY_BASE_WAIT": _waits,
    "LLM_RETRY_MAX_WAIT": _waits,
    "EMBEDDING_TIMEOUT_SECONDS": _numbers(1, 300),
    "EMBEDDING_MAX_RETRIES": _retries,
    "EMBEDDING_SDK_MAX_RETRIES": _numbers(0, 4),
    "EMBEDDING_RETRY_BASE_WAIT": _waits,
    "EMBEDDING_RETRY_MAX_WAIT": _waits,
    "VISUAL_TIMEOUT_SECONDS": _numbers(1, 300),
    "WEBHOOK_TIMEOUT_SECONDS": _numbers(1, 60),
    "WEBHOOK_MAX_RETRIES": _retries,
    "WEBHOOK_RETRY_DELAY_SECONDS": _waits,
    "USE_PARALLEL_LLM": _switch,
    "ANALYSIS_MODE": st.sampled_from(["phase_1", "phase_2"]),
}
_NUMERIC = sorted({*_TEXTS} - {"ENV", "ANALYSIS_MODE", "JOB_RETRY_INTERVALS_SECONDS"})
_configurations = st.lists(st.sampled_from(sorted(_TEXTS)), max_size=8, unique=True).flatmap(
    lambda names: st.fixed_dictionaries({name: _TEXTS[name] for name in names})
)


def _require_sound(doctor: Doctor, found: Remedies) -> None:
    """
    Require that every offer clears its finding, causes no other and is minimal.
    """
    assert set(found.alone) == {finding.code for finding in found.findings}
    for code, changes in found.alone.items():
        for change in changes:
            _require_tight(doctor, {}, change, code)
    for change in found.together:
        rest = as_texts(other for other in found.together if other != change)
        assert not doctor.clears(rest, *CODES), (change, found)
        _require_tight(doctor, rest, change, *CODES)


def _require_tight(doctor: Doctor, rest: dict[str, str], change: Change, *codes: str) -> None:
    assert doctor.clears({**rest, change.name: change.text}, *codes), change
    nearer = doctor.back(change)
    if nearer is not None:
        assert not doctor.clears({**rest, change.name: nearer}, *codes), (change, nearer)


_others = st.lists(st.tuples(st.sampled_from(_NUMERIC), st.integers(0, 3)), max_size=4)


def _require_complete(doctor: Doctor, found: Remedies, others: list[tuple[str, int]]) -> None:
    """
    Require that no extreme value of a setting that is not offered clears a finding.
    """
    for name, which in others:
        value = getattr(doctor.loaded.settings, name)
        extremes = ["0", "1", "600", "999999999"]
        extreme = str(not value) if isinstance(value, bool) else extremes[which]
        for code, changes in found.alone.items():
            if name not in {change.name for change in changes}:
                assert not doctor.clears({name: extreme}, code), (name, extreme, found)


@pytest.mark.generated
@settings(max_examples=settings().max_examples // 2)
@given(texts=_configurations, others=_others)
def test_every_suggestion_clears_its_finding_and_causes_no_other(
    texts: dict[str, str], others: list[tuple[str, int]]
) -> None:
    """
    The checks of timeouts and budgets agree, and the built-in settings always have a solution.
    """
    doctor = Doctor(configuration(texts))
    found = doctor.remedies()
    assume(found.findings)

    _require_sound(doctor, found)
    _require_complete(doctor, found, others)
    assert found.together
    assert found.together == recommended(doctor.context(), doctor.context, TIMES)


@pytest.mark.generated
@settings(max_examples=settings().max_examples // 20)
@given(texts=_configurations)
def test_every_suggestion_passes_all_checks(texts: dict[str, str]) -> None:
    """
    Every suggestion also passes the checks that do not concern time.
    """
    table = [check for check in CHECKS if check.boot]
    doctor = Doctor(configuration(texts), table)
    found = doctor.remedies()
    assume(found.findings)

    _require_sound(doctor, found)
    assert found.together


@pytest.mark.generated
@settings(max_examples=settings().max_examples // 10)
@given(texts=_configurations)
def test_bounded_settings_may_have_no_solution(texts: dict[str, str]) -> None:
    """
    There is no solution only if setting everything to its minimum does not help either.
    """
    loaded = configuration(texts, Settings)
    doctor = Doctor(loaded)
    assume(not loaded.invalid)
    found = doctor.remedies()
    assume(found.findings)

    _require_sound(doctor, found)
    if not found.together:
        assert set(CODES) & {code for code, _ in doctor.findings(_everything_least(loaded))}


def _everything_least(loaded: Loaded) -> dict[str, str]:
    fields = type(loaded.settings).model_fields
    least = {"JOB_TIMEOUT_SECONDS": "900", GRACE: "600", "USE_PARALLEL_LLM": "true"}
    for name in PIPELINE.settings:
        value = getattr(loaded.settings, name)
        if name not in least and isinstance(value, int | float):
            scale = step_range_of(fields[name], value)
            least[name] = scale.text(scale.least)
    return {**least, "LLM_CONNECT_TIMEOUT_SECONDS": "1"}


# ------------------------------------------------------------------------------------- by example


def shown(found: Remedies) -> tuple[dict[str, str], str]:
    """
    Return remedies in a compact written form.
    """
    alone = {code: " ".join(map(str, changes)) for code, changes in found.alone.items()}
    return alone, " ".join(map(str, found.together))


@pytest.mark.parametrize(
    ("texts", "alone", "together"),
    [
        (
            {"JOB_TIMEOUT_SECONDS": "900"},
            {"BUD001": "LLM_TIMEOUT_SECONDS=33 LLM_MAX_RETRIES=0 JOB_TIMEOUT_SECONDS=1547"},
            "JOB_TIMEOUT_SECONDS=1547",
        ),
        (
            {"LLM_SDK_MAX_RETRIES": "2"},
            {
                "BUD002": "LLM_SDK_MAX_RETRIES=0",
                "BUD001": "LLM_TIMEOUT_SECONDS=44 LLM_MAX_RETRIES=0 LLM_SDK_MAX_RETRIES=0 "
                "JOB_TIMEOUT_SECONDS=3508",
            },
            "LLM_SDK_MAX_RETRIES=0",
        ),
        (
            # A longer timeout alone would exceed the grace period, so a deploy would kill the job.
            {"ENV": "production", "JOB_TIMEOUT_SECONDS": "900", GRACE: "900"},
            {"BUD001": "LLM_TIMEOUT_SECONDS=33 LLM_MAX_RETRIES=0"},
            f"JOB_TIMEOUT_SECONDS=1547 {GRACE}=1237",
        ),
        (
            # A shorter timeout would make the other finding worse.
            {"ENV": "staging", "JOB_TIMEOUT_SECONDS": "1500", GRACE: "1000"},
            {
                "BUD001": "STORAGE_TIMEOUT_SECONDS=20 STORAGE_MAX_RETRIES=1 "
                "LLM_TIMEOUT_SECONDS=113 LLM_MAX_RETRIES=1 LLM_CONNECT_TIMEOUT_SECONDS=3 "
                "EMBEDDING_TIMEOUT_SECONDS=50 EMBEDDING_MAX_RETRIES=2 WEBHOOK_MAX_RETRIES=0 "
                "JOB_TIMEOUT_SECONDS=1547",
                "BUD004": f"LLM_TIMEOUT_SECONDS=80 LLM_MAX_RETRIES=1 {GRACE}=1237",
            },
            f"JOB_TIMEOUT_SECONDS=1547 {GRACE}=1237",
        ),
        (
            {"LLM_TIMEOUT_SECONDS": str(10**30)},
            {"BUD001": "LLM_TIMEOUT_SECONDS=153"},
            "LLM_TIMEOUT_SECONDS=153",
        ),
        (
            {"LLM_MAX_RETRIES": "0", "JOB_MAX_RETRIES": "0", "LLM_SDK_MAX_RETRIES": str(10**30)},
            {"BUD001": "LLM_SDK_MAX_RETRIES=2"},
            "LLM_SDK_MAX_RETRIES=2",
        ),
        (
            {"USE_PARALLEL_LLM": "false", "ANALYSIS_MODE": "phase_2", "LLM_MAX_RETRIES": "10"},
            # A timeout of seven seconds would be less than the connect timeout.
            {"BUD001": "LLM_MAX_RETRIES=0 JOB_TIMEOUT_SECONDS=8029"},
            "JOB_TIMEOUT_SECONDS=8029",
        ),
    ],
)
def test_remedies_by_example(texts: dict[str, str], alone: dict[str, str], together: str) -> None:
    """
    A remedy is the largest sufficient value below the current one, or the smallest above it.
    """
    assert shown(Doctor(configuration(texts)).remedies()) == (alone, together)


def test_several_settings_may_have_to_change() -> None:
    """
    If no single setting clears a finding, a combination is offered.
    """
    texts = {"JOB_TIMEOUT_SECONDS": "700", "LLM_MAX_RETRIES": "3", "STORAGE_MAX_RETRIES": "5"}
    doctor = Doctor(configuration(texts, Settings))

    assert shown(doctor.remedies()) == (
        {"BUD001": ""},
        "JOB_TIMEOUT_SECONDS=889 STORAGE_MAX_RETRIES=3 LLM_MAX_RETRIES=0",
    )


def test_the_grace_period_may_be_bounded() -> None:
    """
    A bounded grace period requires a shorter job, together with its timeout.
    """
    doctor = Doctor(configuration({"ENV": "production", GRACE: "500"}, Settings))
    found = doctor.remedies()

    assert {finding.code for finding in found.findings} == {"BUD001", "BUD004"}
    assert found.together
    _require_sound(doctor, found)


def test_fixed_numbers_have_no_remedy() -> None:
    """
    A pipeline of fixed numbers has no remedy.
    """
    pipeline = Pipeline((StageSettings("slow", 90),), job_timeout=100, job_retries=0)
    found = Doctor(configuration({}), pipeline=pipeline).remedies()

    assert [finding.code for finding in found.findings] == ["BUD001"]
    assert (found.alone, found.together) == ({"BUD001": ()}, ())


@pytest.mark.parametrize(("fixed", "together"), [(79, "SCAN_TIMEOUT=1"), (80, "")])
def test_a_timeout_of_0_is_not_a_remedy(fixed: int, together: str) -> None:
    """
    It would mean no timeout, although nothing forbids it.
    """
    stages = (StageSettings("scan", "SCAN_TIMEOUT"), StageSettings("fixed", fixed))
    pipeline = Pipeline(stages, job_timeout=100, job_retries=0)
    doctor = Doctor(configuration({}, Settings), pipeline=pipeline)

    assert shown(doctor.remedies()) == ({"BUD001": together}, together)


def test_a_job_timeout_of_0_is_not_a_remedy() -> None:
    """
    A job without a timeout could not be judged, so no finding would be left.
    """
    pipeline = Pipeline((StageSettings("slow", "LLM_TIMEOUT_SECONDS"),), "SCAN_TIMEOUT")
    texts = {"ENV": "production", GRACE: "0", "SCAN_TIMEOUT": "600"}
    found = Doctor(configuration(texts, Settings), pipeline=pipeline).remedies()

    assert found.alone == {"BUD004": (Change(GRACE, "120"),)}


class _Calls(BaseModel):
    timeout: int = Field(60, gt=0)


@dataclasses.dataclass(frozen=True)
class _Waits:
    cap: float = 30.0


class _Foreign(BaseSettings):
    calls: _Calls = _Calls()
    waits: _Waits = _Waits()
    job_timeout: int = 100


def test_nested_fields_of_any_class_are_remedies() -> None:
    """
    A remedy names the variable; the values of nested models and dataclasses are tried on copies.
    """
    schema = schema_of(_Foreign)
    cap = Variable("APP_WAITS__CAP", ("waits", "cap"), FieldInfo(annotation=float))
    schema = schema.replace(variables={**schema.variables, cap.name: cap})
    stage = StageSettings("a", "calls.timeout", retries=1, base=50, cap="waits.cap")
    pipeline = declaration.resolved(Pipeline((stage,), "job_timeout"), schema, "PIPELINE")
    context = context_of(configuration({}), Request(), TODAY)
    context = context.replace(schema=schema, settings=_Foreign(), pipeline=pipeline)

    def apply(texts: Mapping[str, str]) -> Context:
        assert set(texts) <= {"APP_CALLS__TIMEOUT", "APP_WAITS__CAP", "APP_JOB_TIMEOUT"}
        new = context.settings
        if "APP_CALLS__TIMEOUT" in texts:
            calls = _Calls(timeout=int(texts["APP_CALLS__TIMEOUT"]))
            new = new.model_copy(update={"calls": calls})
        if "APP_WAITS__CAP" in texts:
            waits = _Waits(float(texts["APP_WAITS__CAP"]))
            new = new.model_copy(update={"waits": waits})
        if "APP_JOB_TIMEOUT" in texts:
            new = new.model_copy(update={"job_timeout": int(texts["APP_JOB_TIMEOUT"])})
        names = {"APP_JOB_TIMEOUT", *texts}
        chosen = {name: Value("", Location("default")) for name in names}
        return context.replace(settings=new, values=context.values.replace(chosen=chosen))

    context = apply({})
    found = remedies(context, apply, [each for each in TIMES if each.code == "BUD001"])
    assert found.alone["BUD001"] == (
        Change("APP_CALLS__TIMEOUT", "25"),
        Change("APP_JOB_TIMEOUT", "188"),
    )
    assert found.together == (Change("APP_JOB_TIMEOUT", "188"),)
    assert _Foreign().calls.timeout == 60


def test_a_boolean_may_be_the_remedy() -> None:
    """
    Switching to parallel calls is offered, because they take as long as one.
    """
    stages = (StageSettings("slow", 90, times=3, side_by_side="USE_PARALLEL_LLM"),)
    doctor = Doctor(
        configuration({"USE_PARALLEL_LLM": "false"}), pipeline=Pipeline(stages, job_timeout=200)
    )

    assert shown(doctor.remedies()) == (
        {"BUD001": "USE_PARALLEL_LLM=true"},
        "USE_PARALLEL_LLM=true",
    )


def test_a_boolean_may_be_part_of_a_combination() -> None:
    """
    A boolean and a number are combined if neither is sufficient alone.
    """
    stages = (
        StageSettings("slow", "LLM_TIMEOUT_SECONDS", times=3, side_by_side="USE_PARALLEL_LLM"),
        StageSettings("fixed", 70),
    )
    loaded = configuration(
        {"USE_PARALLEL_LLM": "false", "LLM_CONNECT_TIMEOUT_SECONDS": "4"}, Settings
    )
    doctor = Doctor(loaded, pipeline=Pipeline(stages, job_timeout=100))

    assert shown(doctor.remedies()) == (
        {"BUD001": ""},
        "USE_PARALLEL_LLM=true LLM_TIMEOUT_SECONDS=10",
    )


def test_a_cap_of_none_is_not_changed() -> None:
    """
    A cap of None is not a number, so it is not reduced.
    """
    stages = (
        StageSettings("slow", "LLM_TIMEOUT_SECONDS", "LLM_MAX_RETRIES", 1, cap="WAIT_AT_MOST"),
        StageSettings("fixed", 70),
    )
    doctor = Doctor(configuration({}, Settings), pipeline=Pipeline(stages, job_timeout=90))

    assert shown(doctor.remedies()) == ({"BUD001": ""}, "")


def test_without_a_finding_there_is_nothing_to_do() -> None:
    """
    Without findings there are no remedies and no recommendation.
    """
    doctor = Doctor(configuration({}))

    assert doctor.remedies() == Remedies((), {}, ())
    assert recommended(doctor.context(), doctor.context, CHECKS) == ()


def test_an_enormous_number_is_reduced() -> None:
    """
    A number of thousands of digits is reduced to the largest value that fits.
    """
    found = Doctor(configuration({"LLM_TIMEOUT_SECONDS": "9" * 4000})).remedies()

    assert shown(found) == ({"BUD001": "LLM_TIMEOUT_SECONDS=153"}, "LLM_TIMEOUT_SECONDS=153")


def test_a_suppressed_finding_gets_no_remedy() -> None:
    """
    A suppressed finding gets no remedy, and does not restrict the remedies of other findings.
    """
    doctor = Doctor(configuration({"LLM_SDK_MAX_RETRIES": "2", "JOB_TIMEOUT_SECONDS": "900"}))
    accepted = (Suppression("BUD001", "it is a test", date(2027, 1, 1)),)

    def judge(texts: Mapping[str, str]) -> Context:
        return doctor.context(texts).replace(suppressions=accepted)

    found = remedies(judge({}), judge, TIMES)
    assert [finding.code for finding in found.findings] == ["BUD002"]
    assert shown(found) == ({"BUD002": "LLM_SDK_MAX_RETRIES=0"}, "LLM_SDK_MAX_RETRIES=0")


def _slow_enough(context: Context) -> Iterator[Finding]:
    """A team's check that limits the job timeout, and crashes if there are no retries."""
    if context.settings.JOB_TIMEOUT_SECONDS > 1200:
        yield Finding("ACM001", Severity.INFO, "Too long.")
    if not context.settings.LLM_MAX_RETRIES:
        raise ZeroDivisionError


def _never(context: Context) -> Iterator[Finding]:
    raise AssertionError


def test_checks_of_a_team_restrict_the_remedies() -> None:
    """
    A change is not offered if a team's check finds something or crashes.

    Checks that do not run at boot are not used.
    """
    table = (
        *TIMES,
        Check("ACM001", "All is well", _slow_enough),
        Check("ACM002", "It is", _never, boot=False),
    )
    doctor = Doctor(configuration({"JOB_TIMEOUT_SECONDS": "900"}), table)
    found = remedies(doctor.context(), doctor.context, table)

    assert shown(found) == ({"BUD001": "LLM_TIMEOUT_SECONDS=33"}, "LLM_TIMEOUT_SECONDS=33")


def test_an_invalid_value_prevents_only_the_remedies_that_need_it() -> None:
    """
    With an invalid timeout the sum is not judged, but the number of requests is.
    """
    doctor = Doctor(configuration({"LLM_SDK_MAX_RETRIES": "2", "WEBHOOK_TIMEOUT_SECONDS": "soon"}))

    assert shown(doctor.remedies()) == (
        {"BUD002": "LLM_SDK_MAX_RETRIES=0"},
        "LLM_SDK_MAX_RETRIES=0",
    )


# ------------------------------------------------------------------------------------- the search


@pytest.mark.generated
@given(way=st.tuples(st.integers(-50, 50), st.integers(-50, 50)), border=st.integers(-60, 60))
def test_the_nearest_step_is_found(way: tuple[int, int], border: int) -> None:
    """
    The first sufficient step of the path is found; the start itself is not a candidate.
    """
    start, end = way
    steps = range(start + 1, end + 1) if start < end else range(start - 1, end - 1, -1)

    def does(step: int) -> bool:
        return step >= border if start < end else step <= border

    assert nearest(way, does) == next(filter(does, steps), None)


@pytest.mark.parametrize(
    ("bounds", "value", "scale"),
    [
        ({}, 5, StepRange(Fraction(1), 0, 10**9 - 1, has_maximum=False)),
        ({"ge": 2, "le": 9}, 5, StepRange(Fraction(1), 2, 9, has_maximum=True)),
        ({"gt": 2, "lt": 9}, 5, StepRange(Fraction(1), 3, 8, has_maximum=True)),
        ({"ge": 0.25, "le": 0.95}, 0.5, StepRange(Fraction(1, 10), 3, 9, has_maximum=True)),
        ({"gt": 0.2, "lt": 0.9}, 0.5, StepRange(Fraction(1, 10), 3, 8, has_maximum=True)),
        (
            {"gt": 0.25, "multiple_of": 0.5},
            0.5,
            StepRange(Fraction(1, 10), 3, 10**10 - 10, has_maximum=False),
        ),
    ],
)
def test_a_scale_keeps_the_bounds_of_its_setting(
    bounds: dict[str, float], value: float, scale: StepRange
) -> None:
    """
    The range of an integer is in whole units, that of a float in tenths, within its bounds.
    """
    info: FieldInfo = Field(**bounds)  # type: ignore[call-overload]

    assert step_range_of(info, value) == scale
    assert scale.text(scale.least) == str(
        scale.least / (1 if scale.unit == 1 else 10)
    ).removesuffix(".0")
