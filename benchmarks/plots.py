"""Draws what was measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib as mpl

mpl.use("svg")
mpl.rcParams["svg.hashsalt"] = "deepaas"  # the same picture from the same records
mpl.rcParams["svg.fonttype"] = "none"

from matplotlib import pyplot as plt  # noqa: E402 - after its settings

from benchmarks import workloads  # noqa: E402 - as above
from benchmarks.contestants import ANCHOR, Deepaas  # noqa: E402 - as above

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.report import Records

_OURS = "#1f6feb"
_OTHERS = "#a0a7b0"


def write(records: Records, folder: Path) -> None:
    """Write the plots into a folder."""
    _ratios(records, folder / "benchmarks.svg")
    if records.of("flat"):
        _flat(records, folder / "flat.svg")


def _ratios(records: Records, path: Path) -> None:
    """Draw the throughput of every server in every workload, against the anchor."""
    runs = [
        (workload, connections)
        for workload in workloads.RACES
        for connections in workload.connections
        if records.of(workload.name)
    ]
    columns = 3
    figure, axes = plt.subplots(
        -(-len(runs) // columns), columns, figsize=(11, 8), layout="constrained"
    )
    for axis in axes.flat[len(runs) :]:
        axis.remove()
    for axis, (workload, connections) in zip(axes.flat, runs, strict=False):
        names = [one for one in records.names(workload.name) if "again" not in one]
        ratios = [
            records.ratio(
                "per_s", workload.name, name, ANCHOR.name, connections=connections
            )
            for name in names
        ]
        colours = [
            _OURS if name.startswith(Deepaas.name) and "2.6" not in name else _OTHERS
            for name in names
        ]
        bars = axis.barh(names, ratios, color=colours)
        axis.bar_label(bars, fmt="%.3g", fontsize=7, padding=2)
        axis.invert_yaxis()
        axis.axvline(1, color="black", linewidth=0.6)
        axis.set_title(f"{workload.name}, {connections} connections", fontsize=9)
        axis.tick_params(labelsize=7)
        axis.margins(x=0.15)
    figure.suptitle("Requests per second, as a ratio to FastAPI inline", fontsize=10)
    _save(figure, path)


def _flat(records: Records, path: Path) -> None:
    """Draw what a request costs while there is more of everything else."""
    labels = list(dict.fromkeys(one["name"] for one in records.of("flat")))
    figure, axes = plt.subplots(1, len(labels), figsize=(11, 3), layout="constrained")
    for axis, label in zip(axes, labels, strict=True):
        sizes = sorted({one["size"] for one in records.of("flat", name=label)})
        costs = [
            records.median("cpu_us", "flat", name=label, size=size) for size in sizes
        ]
        places = range(len(sizes))
        axis.plot(places, costs, color=_OURS, marker="o")
        axis.set_xticks(places, [f"{size:,}" for size in sizes], fontsize=7)
        axis.set_ylim(0, 1.6 * max(costs))
        axis.set_title(label, fontsize=9)
        axis.tick_params(labelsize=7)
    axes[0].set_ylabel("CPU µs a request", fontsize=8)
    _save(figure, path)


def _save(figure: plt.Figure, path: Path) -> None:
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)
