"""Complete an order: with its lines read and its styles chosen it is a request."""

from __future__ import annotations

from pipeline.own_weights import Adapter, Embedding, Lora
from pipeline.request.order import Order
from pipeline.values import Drawing, EdgeMap, GenerationRequest, Repaint, StartPicture, StyleMask, StyleMix


def build_request(
    order: Order,
    edges: EdgeMap,
    mix: StyleMix,
    *,
    colours: Drawing | None = None,
    mask: StyleMask | None = None,
    repaints: tuple[Repaint, ...] = (),
    loras: tuple[Lora, ...] = (),
    embeddings: tuple[Embedding, ...] = (),
    start: StartPicture | None = None,
    own_adapter: Adapter | None = None,
) -> GenerationRequest:
    """Put the order, its lines and the styles chosen for it together; the edge map decides the size."""
    height, width = edges.pixels.shape
    return GenerationRequest(
        engine=order.engine,
        prompt=order.prompt,
        negative_prompt=order.negative_prompt,
        edges=edges,
        styles=mix,
        width=width,
        height=height,
        sampling=order.sampling,
        conditioning=order.conditioning,
        shortcuts=order.shortcuts,
        colours=colours,
        mask=mask,
        palette=order.palette,
        repaints=repaints,
        enlargement=order.enlargement,
        loras=loras,
        embeddings=embeddings,
        start=start,
        own_adapter=own_adapter,
        hires=order.hires,
    )
