"""When the predictions that wait become one batch."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class BatchPolicy:
    """Decides when an idle worker runs a batch.

    Attributes:
        max_size: Predictions in the largest batch.
        max_delay_s: Longest time that the oldest prediction waits for company.
    """

    max_size: int
    max_delay_s: float

    def send_at(self, *, oldest_arrival: float, waiting: int, now: float) -> float:
        """Return the time at which an idle worker runs a batch; `now` means at once.

        With `max_delay_s` 0 a lone prediction never waits; batches form while the
        worker is busy.
        """
        if waiting >= self.max_size:
            return now
        return max(now, oldest_arrival + self.max_delay_s)
