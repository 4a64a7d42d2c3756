"""Words read without the text encoder's last layers give diffusers' picture, within 1/255."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from pipeline.errors import SettingError
from tests.conftest import MakeStyle
from tests.tools.diffusers_reference import embed_style_by_diffusers, load_diffusers_sd15, prepare_stock
from tests.tools.drawing_requests import make_request
from tests.tools.requests import change_request

if TYPE_CHECKING:
    from pipeline.engine.engine import Engine


@pytest.mark.parametrize("guidance_scale", [1.0, 7.0])
def test_it_equals_stock(sd15_engine: Engine, sd15_folder: Path, make_style: MakeStyle, guidance_scale: float) -> None:
    request = make_request(sd15_engine, make_style("neon", 1), clip_skip=1, guidance_scale=guidance_scale)
    stock = load_diffusers_sd15(sd15_folder)
    # diffusers 0.42 looks for the final norm in text_model, which transformers 5 has no more
    object.__setattr__(stock.text_encoder, "text_model", stock.text_encoder)
    image = request.styles.parts[0][0].image
    style = embed_style_by_diffusers(stock, sd15_folder / "ip_adapter" / "models" / "image_encoder", image)
    lines = Image.fromarray(request.edges.pixels).convert("RGB")
    stock_picture = stock(image=lines, clip_skip=1, **prepare_stock(stock, request, style)).images[0]
    drawn, plain = (
        np.asarray(sd15_engine.draw(each).images[0]).astype(int)
        for each in (request, change_request(request, clip_skip=0))
    )
    assert np.abs(drawn - np.asarray(stock_picture).astype(int)).max() <= 1
    assert np.abs(drawn - plain).max() > 8


def test_more_layers_than_there_are_is_told(sd15_engine: Engine, make_style: MakeStyle) -> None:
    with pytest.raises(SettingError, match="Clip skip .* is at most"):
        sd15_engine.draw(make_request(sd15_engine, make_style("neon", 1), clip_skip=11))
