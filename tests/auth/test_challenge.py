"""The chain of challenges: order, single use, fake challenge, and what is refused."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limpet.auth.challenge import Accepted, ChallengeChain, Check, Offer
from limpet.auth.digest import CLIENT_DIGESTS, verify_hmac
from limpet.auth.module import Attempt, Authenticator
from limpet.errors import AuthenticationFailed, LocalProtocolError
from limpet.values import Secret
from tests.auth.support import CLIENT_SALT, entropy, respond


@dataclasses.dataclass
class Module:
    """An authenticator whose answer the test gives itself."""

    proof: bool = True
    needs_challenge: bool = True
    needs_clear: bool = False
    prompt: str = "password"
    user: str = ""

    async def verify(self, _attempt: Attempt | None, /) -> None:
        raise AuthenticationFailed("the tests decide")

    async def reveal_password(self) -> Secret | None:
        return None


def chain(*modules: Authenticator, private: bool = False, wants_challenge: bool = True) -> ChallengeChain:
    return ChallengeChain(
        modules,
        client_digests=[*CLIENT_DIGESTS, "xor"],
        client_salt_digests=CLIENT_DIGESTS,
        private=private,
        wants_challenge=wants_challenge,
    )


def offer_of(login: ChallengeChain, salt: bytes = bytes(64)) -> Offer:
    step = login.next_step(salt)
    assert isinstance(step, Offer)
    return step


def check_of(login: ChallengeChain) -> Check:
    step = login.next_step(bytes(64))
    assert isinstance(step, Check)
    return step


def accepted(login: ChallengeChain) -> bool:
    return login.next_step(bytes(64)) == Accepted()


def test_no_modules_and_no_wish_for_a_challenge_is_accepted_at_once() -> None:
    assert accepted(chain(wants_challenge=False))


def test_one_module_gets_the_answer_to_its_challenge() -> None:
    module = Module(prompt="who goes there")
    login = chain(module)
    offer = offer_of(login, b"s" * 64)
    assert offer == Offer(b"s" * 64, "hmac+sha512", "hmac+sha512", "who goes there")
    waiting = [login.waiting]
    login.respond(respond(offer, b"pw"), CLIENT_SALT, "alice")
    waiting.append(login.waiting)
    assert waiting == [True, False]
    check = check_of(login)
    assert check.authenticator is module
    assert check.attempt is not None
    assert check.attempt.username == "alice"
    verify_hmac(check.attempt, [b"pw"])
    login.passed()
    assert accepted(login)


def test_an_empty_prompt_becomes_the_usual_one() -> None:
    assert offer_of(chain(Module(prompt=""))).prompt == "password"


def test_modules_are_asked_in_their_order_each_with_its_own_challenge() -> None:
    draw = entropy()
    first, silent, second = Module(), Module(needs_challenge=False), Module()
    login = chain(first, silent, second)
    salts = []
    for module, password in ((first, b"one"), (silent, b""), (second, b"two")):
        if module.needs_challenge:
            offer = offer_of(login, draw(64))
            salts.append(offer.server_salt)
            login.respond(respond(offer, password), CLIENT_SALT, "")
        check = check_of(login)
        assert check.authenticator is module
        assert (check.attempt is None) is (module is silent)
        if check.attempt is not None:
            verify_hmac(check.attempt, [password])
        login.passed()
    assert accepted(login)
    assert len(set(salts)) == 2


def test_an_old_response_does_not_answer_a_new_challenge() -> None:
    login = chain(Module(), Module())
    offer = offer_of(login, b"a" * 64)
    response = respond(offer, b"same")
    login.respond(response, CLIENT_SALT, "")
    check_of(login)
    login.passed()
    offer_of(login, b"b" * 64)
    login.respond(response, CLIENT_SALT, "")
    attempt = check_of(login).attempt
    assert attempt is not None
    with pytest.raises(AuthenticationFailed):
        verify_hmac(attempt, [b"same"])


def test_a_challenge_takes_one_response_only() -> None:
    login = chain(Module())
    offer = offer_of(login)
    login.respond(respond(offer, b"wrong"), CLIENT_SALT, "")
    with pytest.raises(AuthenticationFailed, match="without a challenge"):
        login.respond(respond(offer, b"right"), CLIENT_SALT, "")
    with pytest.raises(LocalProtocolError):
        login.next_step(bytes(64))


def test_a_response_before_any_challenge_is_refused() -> None:
    login = chain(Module())
    with pytest.raises(AuthenticationFailed, match="without a challenge"):
        login.respond(b"x" * 128, CLIENT_SALT, "")


@pytest.mark.parametrize(
    ("response", "client_salt", "message"),
    [
        (b"", CLIENT_SALT, "did not answer"),
        (b"x" * 128, b"", "client salt of 0 bytes"),
        (b"x" * 128, b"s" * 15, "client salt of 15 bytes"),
        (b"x" * 128, b"s" * 257, "client salt of 257 bytes"),
        (b"x" * 128, bytes(64), "our own salt"),
        (b"x" * 20_000, CLIENT_SALT, "too long"),
    ],
)
def test_an_unfit_response_ends_the_login(response: bytes, client_salt: bytes, message: str) -> None:
    login = chain(Module())
    offer_of(login)
    with pytest.raises(AuthenticationFailed, match=message):
        login.respond(response, client_salt, "")
    with pytest.raises(LocalProtocolError):
        login.next_step(bytes(64))
    with pytest.raises(LocalProtocolError):
        login.passed()


@pytest.mark.parametrize("size", [16, 32, 256])
def test_client_salts_of_the_allowed_sizes_pass(size: int) -> None:
    login = chain(Module())
    offer = offer_of(login)
    login.respond(respond(offer, b"pw", b"c" * size), b"c" * size, "")
    attempt = check_of(login).attempt
    assert attempt is not None
    verify_hmac(attempt, [b"pw"])


@pytest.mark.parametrize("modules", [(), (Module(needs_challenge=False),)], ids=["none", "silent"])
def test_a_client_that_wants_a_challenge_gets_a_fake_one_and_any_answer_passes(modules: tuple[Module, ...]) -> None:
    login = chain(*modules)
    for _ in modules:
        check_of(login)
        login.passed()
    offer = offer_of(login)
    assert offer.digest == "hmac+sha512"
    login.respond(b"", b"", "")
    assert accepted(login)


def test_a_fake_challenge_never_asks_for_the_clear_password() -> None:
    login = ChallengeChain(
        (), client_digests=["xor"], client_salt_digests=CLIENT_DIGESTS, private=True, wants_challenge=True
    )
    with pytest.raises(AuthenticationFailed, match="cannot proceed"):
        login.next_step(bytes(64))


def test_no_fake_challenge_follows_a_real_one() -> None:
    login = chain(Module(), wants_challenge=True)
    login.respond(respond(offer_of(login), b"pw"), CLIENT_SALT, "")
    check_of(login)
    login.passed()
    assert accepted(login)


def test_a_module_that_needs_the_clear_password_gets_xor_in_private_only() -> None:
    assert offer_of(chain(Module(needs_clear=True), private=True)).digest == "xor"
    login = chain(Module(needs_clear=True), private=False)
    with pytest.raises(AuthenticationFailed, match="not encrypted"):
        login.next_step(bytes(64))
    with pytest.raises(LocalProtocolError):
        login.next_step(bytes(64))


def test_a_hello_without_digest_lists_is_refused_when_a_challenge_is_due() -> None:
    login = ChallengeChain([Module()], client_digests=[], client_salt_digests=[], private=True, wants_challenge=False)
    with pytest.raises(AuthenticationFailed, match="cannot proceed"):
        login.next_step(bytes(64))


def test_nothing_goes_on_after_failed() -> None:
    login = chain(Module())
    offer_of(login)
    login.failed()
    with pytest.raises(LocalProtocolError):
        login.next_step(bytes(64))
    with pytest.raises(AuthenticationFailed):
        login.respond(b"x", CLIENT_SALT, "")


def test_passed_without_a_check_is_our_own_error() -> None:
    login = chain(Module())
    with pytest.raises(LocalProtocolError):
        login.passed()
    offer_of(login)
    with pytest.raises(LocalProtocolError):
        login.passed()


def test_an_accepted_login_has_no_further_step() -> None:
    login = chain(wants_challenge=False)
    assert accepted(login)
    with pytest.raises(LocalProtocolError):
        login.next_step(bytes(64))


@pytest.mark.parametrize("size", [0, 16, 63, 65])
def test_entropy_of_another_size_is_our_own_error(size: int) -> None:
    with pytest.raises(LocalProtocolError, match="entropy"):
        chain(Module()).next_step(bytes(size))


def test_the_number_of_challenges_is_bounded() -> None:
    chain(*[Module()] * 8, *[Module(needs_challenge=False)] * 5)
    with pytest.raises(LocalProtocolError, match="at most 8"):
        chain(*[Module()] * 9)


def test_the_user_is_the_first_name_that_decides() -> None:
    assert chain(Module(), Module(user="alice"), Module(user="bob")).user == "alice"
    assert chain(Module()).user == ""


def test_steps_show_no_salts() -> None:
    assert "00" not in repr(offer_of(chain(Module()))).replace("sha512", "")


@given(
    st.lists(st.sampled_from(["step", "respond", "passed", "failed"]), max_size=12),
    st.lists(st.booleans(), max_size=3),
)
def test_no_order_of_calls_accepts_without_every_module_having_passed(calls: list[str], challenges: list[bool]) -> None:
    login = chain(*[Module(needs_challenge=needed) for needed in challenges])
    passed = 0
    for call in calls:
        try:
            match call:
                case "step":
                    if login.next_step(bytes(64)) == Accepted():
                        assert passed == len(challenges)
                case "respond":
                    login.respond(b"x" * 128, CLIENT_SALT, "")
                case "passed":
                    login.passed()
                    passed += 1
                case _:
                    login.failed()
        except (AuthenticationFailed, LocalProtocolError):
            continue
