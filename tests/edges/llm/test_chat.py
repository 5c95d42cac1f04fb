"""Asking a language model: whatever it does, there is an answer or a problem, within the deadline."""

from __future__ import annotations

import json
from time import monotonic

import pytest
from pydantic import ValidationError

from mailer.llm import Chat, LlmSettings
from mailer.llm.chat import FAILURES, MAX_ANSWER_OCTETS, REST_SECONDS
from mailer.secret import SettingsError
from mailer.sections import Llm
from mailer.settings import defaults
from tests.servers.chat import ChatServer, Said, completion, findings

QUESTION = (("system", "Classify."), ("user", json.dumps({"language": "en", "email": "We pay."})))
KEY = "canary-key"


class Seconds:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def chat(server: ChatServer, **changes: object) -> Chat:
    values = {"base_url": server.address, "model": "small", "timeout_seconds": 5.0, **changes}
    return Chat(LlmSettings(**values))  # type: ignore[arg-type]


async def test_it_is_asked_as_any_openai_compatible_endpoint_is(chat_server: ChatServer) -> None:
    answer = await chat(chat_server, key=lambda: KEY).ask(QUESTION)
    assert json.loads(answer.text) == {"findings": [], "unclear": False}
    assert (answer.problem, answer.tokens) == ("", 42)
    assert answer.seconds < 5
    body = json.loads(chat_server.bodies[0])
    assert (body["model"], body["temperature"], body["response_format"]) == ("small", 0, {"type": "json_object"})
    assert [one["role"] for one in body["messages"]] == ["system", "user"]
    assert (chat_server.paths, chat_server.keys) == (["/v1/chat/completions"], [f"Bearer {KEY}"])
    await chat(chat_server).ask(QUESTION)
    assert chat_server.keys[1] == ""


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ((500, "canary"), "HTTP 500"),
        ((429, "{}"), "HTTP 429"),
        ((302, ""), "HTTP 302"),
        ((200, "<html>"), "does not answer as"),
        ((200, "[]"), "does not answer as"),
        ((200, '{"choices": []}'), "does not answer as"),
        ((200, '{"choices": [{"message": null}]}'), "does not answer as"),
        ((200, "[" * 100_000), "does not answer as"),
        ((200, completion(None)), "refused"),
        ((200, completion("  ")), "refused"),
        ((200, '{"choices": [{"message": {"content": "x", "refusal": "no"}}]}'), "refused"),
        ((200, "x" * (MAX_ANSWER_OCTETS + 1)), "cannot be asked"),
    ],
)
async def test_anything_but_an_answer_is_a_problem(chat_server: ChatServer, said: Said, problem: str) -> None:
    chat_server.says = lambda _: said
    answer = await chat(chat_server, key=lambda: KEY).ask(QUESTION)
    assert problem in answer.problem
    assert answer.text == ""
    assert KEY not in answer.problem
    assert len(chat_server.bodies) == 1, "no redirect is followed, nothing is asked twice"


async def test_nobody_waits_beyond_the_deadline(chat_server: ChatServer) -> None:
    chat_server.waits_seconds = 1.5
    began = monotonic()
    answer = await chat(chat_server, timeout_seconds=0.2).ask(QUESTION)
    assert "within 0.2 s" in answer.problem
    assert monotonic() - began < 1.2


async def test_a_key_that_is_not_to_be_had_is_a_problem() -> None:
    def key() -> str:
        raise SettingsError("the llm key file is gone")

    answer = await Chat(LlmSettings(base_url="http://127.0.0.1:9/v1", model="m", key=key)).ask(QUESTION)
    assert answer.problem == "the llm key file is gone"
    odd = LlmSettings(base_url="http://127.0.0.1:9/v1", model="m", key=lambda: "line\nbreak")
    assert "cannot be asked" in (await Chat(odd).ask(QUESTION)).problem
    assert odd.peer == "127.0.0.1:9"


async def test_a_model_that_fails_again_and_again_is_left_alone_for_a_while(chat_server: ChatServer) -> None:
    chat_server.says = lambda _: (503, "")
    seconds = Seconds()
    settings = LlmSettings(base_url=f"{chat_server.address}/", model="m")
    asked = Chat(settings, steady=seconds)
    for _ in range(FAILURES):
        await asked.ask(QUESTION)
    assert asked.rests
    assert "rests" in (await asked.ask(QUESTION)).problem
    assert len(chat_server.bodies) == FAILURES
    chat_server.says = lambda _: (200, findings())
    seconds.now += REST_SECONDS
    assert (await asked.ask(QUESTION)).problem == ""


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"base_url": "https://llm.example/v1"}, r"llm\.model is empty"),
        ({"model": "m"}, "https"),
        ({"model": "m", "base_url": "http://192.0.2.1/v1"}, "https"),
    ],
)
def test_a_model_without_a_name_or_a_safe_address_is_refused_at_the_start(changes: dict[str, str], named: str) -> None:
    shipped = defaults()["llm"]
    assert Llm(**shipped).mode == "off"
    with pytest.raises(ValidationError, match=named):
        Llm(**{**shipped, "mode": "vote", **changes})
    good = Llm(**{**shipped, "mode": "shadow", "model": "m", "base_url": "http://localhost:11434/v1", "api_key": KEY})
    assert good.secret() == KEY
    assert KEY not in repr(good)
