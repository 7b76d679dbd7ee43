"""When work is refused, how far a worker is sent ahead, and when a dead one returns."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class AdmissionPolicy:
    """Decides whether a prediction may wait.

    Attributes:
        queue_size: Most predictions that wait for a worker, per model.
    """

    queue_size: int

    def admits(self, *, waiting: int) -> bool:
        """Tell whether one more may wait."""
        return waiting < self.queue_size

    def retry_after_s(
        self, *, waiting: int, workers: int, mean_duration_s: float
    ) -> float:
        """Return the seconds after which the queue has probably moved on.

        Half of the queue has to be worked off, by all workers side by side; never
        less than 1 s, the shortest that the Retry-After header can say.
        """
        return max(1.0, waiting / 2 * mean_duration_s / max(1, workers))


@dataclass(frozen=True, kw_only=True, slots=True)
class AheadPolicy:
    """Decides how many predictions a worker holds, the running one included.

    A worker that answers in microseconds would be idle most of the time if it waited
    for the server after each answer, so it is sent some ahead. One of milliseconds is
    sent one: while all processors are busy, the server may come late. One that takes
    long gets none ahead: they would wait behind it while another worker is idle.

    Attributes:
        target_s: Work that may lie ahead of a prediction that was sent, in seconds.
        one_s: A prediction lies behind one that takes no longer than this, in seconds.
        most: Upper bound.
    """

    target_s: float = 0.002
    one_s: float = 0.05
    most: int = 64

    def depth(self, *, mean_duration_s: float, longest_s: float) -> int:
        """Return how many predictions a worker may hold.

        Args:
            mean_duration_s: How long one takes.
            longest_s: How long the longest of late took.
        """
        if mean_duration_s * self.most <= self.target_s:
            return self.most
        least = 2 if longest_s <= self.one_s else 1
        return max(least, int(self.target_s / mean_duration_s))


@dataclass(frozen=True, kw_only=True, slots=True)
class BackOffPolicy:
    """Decides how long a worker that died stays away.

    Only deaths before a first answered request count: a model that cannot start must
    not keep a CPU busy, one that was fine until a bad request must be back at once.
    The first such death is forgiven: it may have been the request and not the model.
    """

    first_s: float = 1.0
    most_s: float = 60.0

    def delay_s(self, *, early_deaths: int) -> float:
        """Return the pause before the next start, after so many deaths in a row."""
        if early_deaths <= 1:
            return 0.0
        # The exponent is bounded because 2.0**1024 overflows.
        return min(self.most_s, self.first_s * 2.0 ** min(early_deaths - 2, 60))


def recent_longest(old: float, new: float, *, keep: float = 0.99) -> float:
    """Return the longest of late after one more; 69 shorter ones halve it."""
    return max(new, old * keep)


def moving_mean(old: float, new: float, *, weight: float = 0.1) -> float:
    """Return the exponentially weighted mean after one more value."""
    return old + weight * (new - old)
