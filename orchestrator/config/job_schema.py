"""Every key of a job file: its form, its default and what it is for. The reference page is made from this."""

from __future__ import annotations

import re
from dataclasses import fields, replace
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo

from orchestrator.config.job import Job
from orchestrator.config.registered_name import registered_name
from orchestrator.model.budgets import DEFAULT_BUDGETS, Budgets
from orchestrator.model.grades import Grade
from orchestrator.model.sessions import HOLD_LIMIT_S, MOST_ATTEMPTS
from orchestrator.policy.budgets import tighten
from orchestrator.policy.consistency import CLONE_CONTEXT

# Planned, so a job that names one is told so rather than offered a spelling.
NOT_BUILT: Final = (
    "schedule", "retention", "deliver", "rpo", "pre", "post", "standby", "lock", "replicate", "notify",
)  # fmt: skip

BUDGET_KEYS: Final = tuple(field.name for field in fields(Budgets))


def _job_name(name: str) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,39}", name):
        raise ValueError("use 1 to 40 lower-case letters, digits and hyphens; begin with no hyphen")
    return name


def _context(value: object) -> object:
    if isinstance(value, str) and re.fullmatch(r"0[xX][0-9a-fA-F]{1,8}", value):
        return int(value, 16)
    return value


def _captions(captions: list[str]) -> list[str]:
    if len(set(captions)) < len(captions):
        raise ValueError("name each once")
    return captions


def _budget_key(key: str) -> str:
    if key not in BUDGET_KEYS:
        raise ValueError(f"unknown; the budgets are {', '.join(BUDGET_KEYS)}")
    return key


def _lun_id(key: str) -> str:
    if not re.fullmatch(r"[a-z0-9]+\.[!-~]+", key):  # naa.624a without quotes is the key `naa` to TOML
        raise ValueError('write the LUN id in quotes, for example "naa.624a9370…"')
    return key


def _with_clones(verify: bool, info: ValidationInfo) -> bool:
    if verify and not info.data.get("clone", False):
        raise ValueError("only a clone can be looked into; add `clone = true`")
    return verify


def _with_verification(truncate: bool, info: ValidationInfo) -> bool:
    if truncate and not info.data.get("verify", False):
        raise ValueError("logs are truncated only after a verification; add `verify = true`")
    return truncate


RegisteredName = Annotated[str, AfterValidator(registered_name)]
Caption = Annotated[str, Field(min_length=1, max_length=255, pattern=r"^[^\x00-\x1f\x7f]+$")]
LunId = Annotated[str, AfterValidator(_lun_id)]
Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]


def _stricter(budgets: dict[str, float]) -> dict[str, float]:
    tightened = tighten(DEFAULT_BUDGETS, budgets)
    if not isinstance(tightened, Budgets):
        first = tightened[0]
        raise ValueError(f"{first.subject.removeprefix('budgets.')} = {first.text.rstrip('.')}")
    return budgets


class JobSchema(BaseModel):
    """One job file."""

    model_config = ConfigDict(extra="forbid", strict=True)

    name: Annotated[str, AfterValidator(_job_name)] = Field(
        description="Name of the job: 1 to 40 lower-case letters, digits and hyphens."
    )
    host: RegisteredName = Field(description="The host, as registered with `quiesce host add`.")
    servers: Annotated[list[RegisteredName], AfterValidator(_captions)] = Field(
        default_factory=list,
        description="Further hosts with copies of the same databases: the other members of a database "
        "availability group. Each database is cloned on one of them.",
    )
    copies: Literal["active", "passive-preferred", "servers"] = Field(
        default="active",
        description="Which copy that is: the active one; a passive one, if one is in order; or the first "
        "that is in order, of `host` and `servers` as they are listed.",
    )
    databases: Annotated[list[Caption], AfterValidator(_captions)] = Field(
        min_length=1,
        description="The databases to clone, as `quiesce host show` calls them; each brings its logs. On a "
        "host without writers: mount points.",
    )
    backup_type: Literal["copy", "full", "incremental", "differential", "log"] = Field(
        default="copy",
        description='What the writers are told. "copy" changes no backup chain; "full" makes them truncate '
        "their logs and takes `truncate = true`; the others are refused.",
    )
    consistency: Literal[
        "writer-verified", "agent-quiesced", "file-system-consistent", "crash-consistent", "break-off"
    ] = Field(
        default=Grade.WRITER_VERIFIED.value,
        description="The least grade to accept. The last two are understood, and refused.",
    )
    freeze: bool = Field(
        default=True, description="Freeze the writers. `false` asks for a break-off, which is refused."
    )
    context: Annotated[int, BeforeValidator(_context)] = Field(
        default=CLONE_CONTEXT,
        ge=0,
        le=0xFFFFFFFF,
        description='VSS snapshot context, a number or "0x…". Contexts without writers are refused.',
    )
    clone: bool = Field(default=False, description="Make array volumes from the replicas as well.")
    verify: Annotated[bool, AfterValidator(_with_clones)] = Field(
        default=False,
        description="Look into the clones and check every page and log. Needs `clone = true`.",
    )
    truncate: Annotated[bool, AfterValidator(_with_verification)] = Field(
        default=False,
        description="Let the writers truncate their logs, but only after the verification has passed. Needs "
        '`verify = true` and `backup_type = "full"`.',
    )
    hold_limit_s: Annotated[float, Field(gt=0, le=HOLD_LIMIT_S, allow_inf_nan=False)] = Field(
        default=HOLD_LIMIT_S,
        description="How long the writers are held for the verification when `truncate = true`. Then they "
        "are told that the backup failed, and keep their logs.",
    )
    attempts: int = Field(
        default=MOST_ATTEMPTS,
        ge=1,
        le=MOST_ATTEMPTS,
        description="How often a set is begun at most when a writer, or VSS, had a passing trouble: after "
        "half a minute or after ten, as its status code advises.",
    )
    lun_array: dict[LunId, RegisteredName] = Field(
        default_factory=dict,
        description="Table: LUN id (in quotes) = array to use, for LUNs that several arrays claim.",
    )
    budgets: Annotated[
        dict[Annotated[str, AfterValidator(_budget_key)], Seconds], AfterValidator(_stricter)
    ] = Field(default_factory=dict, description="Table: limits in seconds, stricter than the defaults only.")

    def job(self) -> Job:
        """Return the job, free of this schema."""
        return Job(
            name=self.name,
            host=self.host,
            databases=tuple(self.databases),
            backup_type=self.backup_type,
            consistency=self.consistency,
            freeze=self.freeze,
            context=self.context,
            clone=self.clone,
            lun_array=self.lun_array,
            budgets=replace(DEFAULT_BUDGETS, **self.budgets),
            verify=self.verify,
            truncate=self.truncate,
            hold_limit_s=self.hold_limit_s,
            attempts=self.attempts,
            servers=tuple(self.servers),
            copies=self.copies,
        )
