"""Each of these tests meets a server that takes commands ahead of their turn (RFC 2920), and one that does not."""

from __future__ import annotations

import pytest

from tests.edges.channels import scripted


@pytest.fixture(autouse=True, params=["ahead", "in turn"])
def pipelining(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether the scripted server says PIPELINING."""
    ahead: bool = request.param == "ahead"
    monkeypatch.setattr(scripted, "USUAL", ("8BITMIME", "SIZE 50000000", *(["PIPELINING"] if ahead else [])))
    return ahead
