"""Write the measurements of many processes as one text for Prometheus, each told apart by labels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prometheus_client.core import Metric

Measured = tuple[str, "list[Metric]"]  # a process's name, and what was counted there


def write_gathered(measured: Mapping[str, Iterable[Measured]]) -> bytes:
    """Return the measurements in Prometheus's text format, with the labels `application` and `replica`.

    `measured` holds those of each application's replicas.
    """
    from prometheus_client import CollectorRegistry, generate_latest

    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Gathered(merge(measured)))
    return generate_latest(registry)


def merge(measured: Mapping[str, Iterable[Measured]]) -> list[Metric]:
    """Return one family for each name, with the samples of all processes."""
    from prometheus_client.core import Metric

    merged: dict[str, Metric] = {}
    for application, replicas in measured.items():
        for name, families in replicas:
            told_apart = {"application": application, "replica": name}
            for family in families:
                whole = merged.setdefault(
                    family.name, Metric(family.name, family.documentation, family.type, family.unit)
                )
                whole.samples += [each._replace(labels={**each.labels, **told_apart}) for each in family.samples]
    return list(merged.values())


class _Gathered:
    """A collector of families that are there already."""

    def __init__(self, families: list[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        return self._families
