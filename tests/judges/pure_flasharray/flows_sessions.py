"""Versions, TLS, sessions, headers."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from tests.judges.pure_flasharray.judge import Judge, done, raised, refused


def the_newest_version_that_both_know_is_chosen(judge: Judge) -> None:
    assert judge.client().get_rest_version() == "2.26"


def an_older_version_may_be_pinned(judge: Judge) -> None:
    client = judge.client(version="2.4")
    assert client.get_rest_version() == "2.4"
    assert len(done(client.get_volumes())) == 3


def a_version_that_the_array_lacks_is_refused(judge: Judge) -> None:
    assert "2.25" in raised(ValueError, judge.client, version="2.25")
    assert judge.count("POST login") == 0


def a_certificate_of_our_ca_is_trusted(judge: Judge) -> None:
    assert done(judge.client().get_arrays())[0].os == "Purity//FA"


def a_certificate_is_not_trusted_without_our_ca(judge: Judge) -> None:
    said = raised(Exception, judge.client, ca_file=None)  # of which class is urllib3's affair
    assert "certificate verify failed" in said.lower(), said


def a_login_opens_a_session_and_a_logout_ends_it(judge: Judge) -> None:
    client = judge.client()
    done(client.get_arrays())
    client._token_man.close_session()  # what the SDK does when the interpreter ends
    assert judge.statuses("POST logout") == [200]
    done(client.get_arrays())
    assert judge.statuses("GET arrays") == [200, 401, 200]
    assert judge.statuses("POST login") == [200, 200]


def a_wrong_api_token_is_refused_by_name(judge: Judge) -> None:
    said = raised(judge.sdk.PureError, judge.client, api_token="0000")
    assert "Invalid API token" in said, said
    assert "401" in said, said


def an_expired_session_is_renewed_once(judge: Judge) -> None:
    client = judge.client()
    judge.inject("session-expired", "GET volumes")
    assert len(done(client.get_volumes())) == 3
    assert judge.statuses("GET volumes") == [401, 200]
    assert judge.statuses("POST logout") == [401]  # the SDK logs out first, and does not mind the answer
    assert judge.statuses("POST login") == [200, 200]


def headers_are_given_because_the_request_id_is_echoed(judge: Judge) -> None:
    response = judge.client().get_arrays(x_request_id="11111111-2222-3333-4444-555555555555")
    assert response.headers.x_request_id == "11111111-2222-3333-4444-555555555555"


def a_request_id_of_the_sdk_is_echoed_too(judge: Judge) -> None:
    assert len(judge.client().get_arrays().headers.x_request_id) == 36


def the_rate_limit_is_announced(judge: Judge) -> None:
    headers = judge.client().get_volumes().headers
    assert headers.ratelimit_limit == "100;w=1;burst=40"
    assert headers.ratelimit_remaining.isdecimal()
    assert headers.ratelimit_reset.isdecimal()


def one_client_serves_eight_threads(judge: Judge) -> None:
    client = judge.client()
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: len(done(client.get_volumes())), range(24)))
    assert answers == [3] * 24


def the_arrays_clock_is_read(judge: Judge) -> None:
    client = judge.client()
    first = done(client.get_arrays())[0].as_of
    judge.control("clock", {"skew_s": 3600})
    second = done(client.get_arrays())[0].as_of
    assert 3_600_000 <= second - first < 3_700_000


def rights_are_read_from_the_role_of_the_account(judge: Judge) -> None:
    client, sdk = judge.client(), judge.sdk
    role = sdk.AdminRole(name="readonly")
    done(client.post_admins(names=["viewer"], admin=sdk.AdminPost(password="not-used", role=role)))
    token = done(client.post_admins_api_tokens(names=["viewer"]))[0].api_token
    viewer = judge.client(api_token=token.token)
    assert done(viewer.get_admins(names=["viewer"]))[0].role.name == "readonly"
    assert refused(viewer.post_protection_groups(names=["pg"]), 403).message == "Operation is not permitted."
    assert done(viewer.get_volumes())


def controllers_say_that_they_are_ready(judge: Judge) -> None:
    controllers = done(judge.client().get_controllers())
    assert {controller.mode for controller in controllers} == {"primary", "secondary"}
    assert {controller.status for controller in controllers} == {"ready"}
