"""A language model behind an OpenAI-compatible address: asked over plain HTTP, believed in nothing."""

from mailer.llm.chat import Answer, Chat
from mailer.llm.settings import LlmSettings

__all__ = ["Answer", "Chat", "LlmSettings"]
