"""Hosted models by their litellm names."""

from __future__ import annotations

import os
import sys
from contextlib import redirect_stdout
from typing import Any

from rubrictool.backends import Completion, Request, refuses_temperature
from rubrictool.errors import BackendError, Final, InputError, TemperatureRefused, Transient
from rubrictool.texts import one_line

_NEEDS_ADDRESS = ("hosted_vllm/", "openai_like/", "custom_openai/")
_TRANSIENT = {
    "APIConnectionError", "APIError", "APIResponseValidationError", "BadGatewayError", "InternalServerError",
    "MidStreamFallbackError", "RateLimitError", "ServiceUnavailableError", "Timeout",
}  # fmt: skip


class Hosted:
    """One model of a hosted provider, through litellm.

    Raises `InputError` for a name that litellm does not know or whose key is not in the environment.
    """

    recorded = False

    def __init__(self, model: str, *, timeout_s: float = 300) -> None:
        self._litellm = _load()
        self._model, self._timeout_s = model, timeout_s
        _check_set_up(self._litellm, model)

    async def complete(self, request: Request) -> Completion:
        """The provider's reply. Raises `Transient`, `TemperatureRefused` or `Final`."""
        try:
            reply = await self._litellm.acompletion(
                **request.body(), timeout=self._timeout_s, num_retries=0, max_retries=0
            )
        except Exception as error:  # litellm raises its own classes, the openai client's and bare ones; sorted below
            raise classified(error) from None
        return _completion(reply)

    async def close(self) -> None:
        """litellm keeps its own connections."""


def classified(error: Exception) -> BackendError:
    """Whether it is worth asking again after an exception of litellm's."""
    names = [kind.__name__ for kind in type(error).__mro__]
    message = f"{names[0]}: {one_line(str(error), width=300)}"
    if refuses_temperature(message) and "BadRequestError" in names:
        return TemperatureRefused(message)
    final = {"BadRequestError", "AuthenticationError", "PermissionDeniedError", "NotFoundError"} & set(names)
    return Transient(message) if names[0] in _TRANSIENT and not final else Final(message)


def _load() -> Any:
    # Without these litellm reaches for the network at import and prints to stdout.
    os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    with redirect_stdout(sys.stderr):
        import litellm
    litellm.suppress_debug_info = True
    litellm.telemetry = False
    return litellm


def _check_set_up(litellm: Any, model: str) -> None:
    if model.startswith(_NEEDS_ADDRESS):
        raise InputError(f"{model} names no server; write {model.partition('/')[2]}@http://HOST:PORT/v1")
    try:
        with redirect_stdout(sys.stderr):
            litellm.get_llm_provider(model)
            environment = litellm.validate_environment(model)
    except litellm.BadRequestError:
        raise InputError(
            f"{model}: litellm knows no such model; write PROVIDER/MODEL, or NAME@URL for a server"
        ) from None
    if missing := environment.get("missing_keys"):
        raise InputError(f"{model} needs {' and '.join(missing)} in the environment")


def _completion(reply: Any) -> Completion:
    if not reply.choices:
        raise Transient("a reply without choices")
    choice, usage = reply.choices[0], getattr(reply, "usage", None)
    if choice.finish_reason == "content_filter":
        raise Final("the model refused: content filter")
    return Completion(
        # A provider may send half of a surrogate pair, which no file of ours could hold.
        text=(choice.message.content or "").encode(errors="replace").decode(),
        truncated=choice.finish_reason == "length",
        prompt_tokens=getattr(usage, "prompt_tokens", 0) or 0,
        completion_tokens=getattr(usage, "completion_tokens", 0) or 0,
    )
