"""How the SDK behaves when the array does not: what it repeats, what it raises, what it returns."""

from __future__ import annotations

import time
from typing import Any

from tests.judges.pure_flasharray.judge import Judge, done, raised, refused

CUT = "POST volume-snapshots"


def _cut(judge: Judge, client: Any) -> Any:
    body = judge.sdk.VolumeSnapshotPost(suffix="ab-1")
    return client.post_volume_snapshots(source_names=["db"], volume_snapshot=body)


def a_gateway_timeout_is_repeated_even_for_a_cut(judge: Judge) -> None:
    client = judge.client()
    judge.inject("gateway-timeout", CUT)
    judge.inject("gateway-timeout", CUT, position=2)
    assert [replica.name for replica in done(_cut(judge, client))] == ["db.ab-1"]
    assert judge.count(CUT) == 3


def a_gateway_timeout_after_the_effect_ends_as_a_name_that_is_taken(judge: Judge) -> None:
    client = judge.client()
    judge.inject("gateway-timeout-after-effect", CUT)
    assert "already exists" in refused(_cut(judge, client)).message
    assert judge.count(CUT) == 2


def without_retries_there_is_one_request(judge: Judge) -> None:
    client = judge.client(retries=0)
    judge.inject("gateway-timeout", CUT)
    refused(_cut(judge, client), 504)
    assert judge.count(CUT) == 1


def a_busy_array_is_asked_again_after_the_time_it_names(judge: Judge) -> None:
    client = judge.client()
    judge.inject("busy", CUT)
    started_s = time.monotonic()
    done(_cut(judge, client))
    assert time.monotonic() - started_s >= 1
    assert judge.count(CUT) == 2


def a_busy_array_is_busy_in_its_own_words_too(judge: Judge) -> None:
    client = judge.client()
    judge.inject("server-is-busy", CUT)
    done(_cut(judge, client))
    assert judge.count(CUT) == 2


def a_busy_answer_without_retries_is_worded_by_the_gateway(judge: Judge) -> None:
    client = judge.client(retries=0)
    judge.inject("busy", CUT)
    assert refused(_cut(judge, client), 429).message == "API rate limit exceeded."


def a_login_that_meets_a_busy_array_is_repeated(judge: Judge) -> None:
    judge.inject("busy", "POST login")
    assert done(judge.client().get_arrays())
    assert judge.count("POST login") == 2


def a_server_error_is_returned_not_repeated(judge: Judge) -> None:
    client = judge.client()
    judge.inject("error-before-effect", CUT)
    assert refused(_cut(judge, client), 500).message == "Internal server error."
    assert judge.count(CUT) == 1


def a_dropped_connection_raises_after_one_request(judge: Judge) -> None:
    client = judge.client()
    judge.inject("lost-answer-after-effect", CUT)
    assert "connection" in raised(Exception, _cut, judge, client).lower()  # urllib3's affair, too
    assert judge.count(CUT) == 1
    assert [replica.name for replica in done(client.get_volume_snapshots())] == ["db.ab-1"]


def a_full_array_says_that_a_limit_is_reached(judge: Judge) -> None:
    client = judge.client()
    judge.inject("full", CUT)
    assert "limit reached" in refused(_cut(judge, client)).message
