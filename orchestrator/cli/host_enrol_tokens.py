"""`quiesce host enrol-token`: who may enrol."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import click

from orchestrator import logs
from orchestrator.cli.installation import open_installation
from orchestrator.cli.output import Answer, answers, columns, local_time, rfc3339
from orchestrator.plugin import Secret
from orchestrator.registry.agent_tokens import KnownToken
from orchestrator.registry.agents import KnownAgent
from orchestrator.service.enrolment import LONGEST_LIFE, MOST_USES, Enrolments

_LIFE: Final = re.compile(r"(\d{1,4})([mhd])")
_UNIT: Final = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}


def open_enrolments() -> Enrolments:
    """Return the enrolments of the installation that the environment names."""
    installation = open_installation()
    return Enrolments(installation.folder, installation.database)


@click.group("enrol-token")
def enrol_token() -> None:
    """Make, list or revoke tokens with which hosts enrol."""


def _life(_ctx: click.Context, _parameter: click.Parameter, value: str) -> timedelta:
    found = _LIFE.fullmatch(value)
    life = int(found[1]) * _UNIT[found[2]] if found else timedelta(0)
    if not timedelta(0) < life <= LONGEST_LIFE:
        raise click.BadParameter(f"Write it as 30m, 24h or 7d; {LONGEST_LIFE.days} days at most.")
    return life


@enrol_token.command()
@click.option(
    "--uses", type=click.IntRange(1, MOST_USES), default=1, show_default=True, help="How many hosts."
)
@click.option(
    "--expires", "life", callback=_life, default="24h", show_default=True, help="After 30m, 24h, 7d."
)
@click.option(
    "--match", "host_rule", default="*", show_default=True, help="Names of the hosts, such as *.corp."
)
@click.option("--approve", "approves", is_flag=True, help="Hosts that enrol with it need no person.")
@click.option("--hub", "hub_url", metavar="URL", help="https://HOST:PORT of the hub, as the hosts see it.")
@click.option(
    "--ca-file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="What the hub's certificate is verified with, if it is a company's own.",
)
@answers("quiesce.enrol-token/1")
def create(
    uses: int, life: timedelta, host_rule: str, approves: bool, hub_url: str | None, ca_file: Path | None
) -> Answer:
    """Make a token and print it, once. It is a secret."""
    known, token = open_enrolments().create_token(
        datetime.now(UTC),
        uses=uses,
        life=life,
        host_rule=host_rule,
        approves=approves,
        hub_url=hub_url,
        ca_file=ca_file,
    )
    logs.never_print(Secret(token.text()))
    logs.never_print(token.secret)
    result = {**token_result(known), "hub": token.hub_url, "enrolment": token.text()}
    said = f"Token {known.token_id}: {uses} use(s) until {local_time(known.expires_at)}, for {host_rule}."
    how = "On each host, as its administrator:"
    return Answer(result, f"{said}\n{how}\n\nquiesce agent enrol {token.text()}\n")


@enrol_token.command("list")
@answers("quiesce.enrol-tokens/1")
def list_() -> Answer:
    """List the tokens, and who enrolled with them."""
    enrolments = open_enrolments()
    agents = enrolments.agents.list()
    tokens = sorted(enrolments.tokens.list(), key=lambda each: each.created_at)
    used_by = {each.token_id: [one for one in agents if one.token_id == each.token_id] for each in tokens}
    now = datetime.now(UTC)
    rows: list[tuple[str, ...]] = [("TOKEN", "HOSTS", "USES LEFT", "EXPIRES", "APPROVES", "STATE")]
    rows += [_row(each, now) for each in tokens]
    lines = columns(rows).splitlines()
    text = [lines[0]]
    for line, each in zip(lines[1:], tokens, strict=True):
        text += [line, *(f"    {_enrolment_line(one)}" for one in used_by[each.token_id])]
    result = [
        token_result(each)
        | {"good": each.is_good(now), "enrolled": [*map(_enrolled, used_by[each.token_id])]}
        for each in tokens
    ]
    return Answer({"tokens": result}, "\n".join(text) if tokens else "No token was ever made.")


@enrol_token.command()
@click.argument("token_id", metavar="ID")
@answers("quiesce.enrol-token-revoked/1")
def revoke(token_id: str) -> Answer:
    """Let nobody enrol with the token ID any more. Hosts that did stay as they are."""
    open_enrolments().tokens.revoke(token_id, datetime.now(UTC))
    return Answer(
        {"revoked": token_id}, f"Revoked {token_id}. See `quiesce host pending --all` for its hosts."
    )


def token_result(token: KnownToken) -> dict[str, Any]:
    """Return a token as data: all but what its secret could be tried with."""
    return {
        "id": token.token_id,
        "match": token.host_rule,
        "approves": token.approves,
        "uses": token.uses,
        "uses_left": token.uses_left,
        "created_at": rfc3339(token.created_at),
        "expires_at": rfc3339(token.expires_at),
        "revoked_at": None if token.revoked_at is None else rfc3339(token.revoked_at),
    }


def _row(token: KnownToken, now: datetime) -> tuple[str, ...]:
    state = "good" if token.is_good(now) else "revoked" if token.revoked_at else "spent"
    left = f"{token.uses_left} of {token.uses}"
    return (
        *(token.token_id, token.host_rule, left, local_time(token.expires_at)),
        *("yes" if token.approves else "no", state),
    )


def _enrolled(agent: KnownAgent) -> dict[str, Any]:
    return {
        "agent": agent.agent_id,
        "host_name": agent.host_name,
        "fingerprint": agent.fingerprint,
        "enrolled_at": rfc3339(agent.enrolled_at),
        "state": agent.state.value,
    }


def _enrolment_line(agent: KnownAgent) -> str:
    return f"{agent.host_name}  {agent.agent_id}  {agent.state.value}  {local_time(agent.enrolled_at)}"
