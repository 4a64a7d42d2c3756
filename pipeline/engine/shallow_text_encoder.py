"""Read words without the text encoder's last layers, as diffusers' `clip_skip` does."""

from __future__ import annotations

from typing import Any

from transformers.modeling_outputs import BaseModelOutput

from pipeline.errors import SettingError


class ShallowTextEncoder:
    """ShallowTextEncoder stands for one of CLIP's text encoders: what the layer `clip_skip` before the last one gives,
    (B, tokens, width), through the final norm. All else is the encoder's own.
    """

    def __init__(self, text_encoder: Any, clip_skip: int) -> None:
        self._text_encoder, self._clip_skip = text_encoder, clip_skip

    def __getattr__(self, name: str) -> Any:
        return getattr(self._text_encoder, name)

    def __call__(self, *given: Any, **named: Any) -> BaseModelOutput:
        read = self._text_encoder(*given, **{**named, "output_hidden_states": True, "return_dict": True})
        states = read.hidden_states[-(self._clip_skip + 1)]
        return BaseModelOutput(last_hidden_state=find_final_norm(self._text_encoder)(states))


def find_final_norm(text_encoder: Any) -> Any:
    """Return what follows the last layer; it lies in `text_model` or, since transformers 5, beside it."""
    return getattr(text_encoder, "text_model", text_encoder).final_layer_norm


def expect_layers(text_encoder: Any, clip_skip: int) -> None:
    """Raise SettingError where a text encoder has not so many layers to leave out."""
    layers = int(text_encoder.config.num_hidden_layers)
    if clip_skip >= layers:
        raise SettingError(
            f"Words are read in {layers} layers here: Clip skip (clip_skip) is at most {layers - 1}; {clip_skip} came."
        )
