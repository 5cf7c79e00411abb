"""BG/NBD: how often a customer buys, and whether there still is one.

Peter S. Fader, Bruce G. S. Hardie, Ka Lok Lee, "Counting Your Customers the Easy Way: An Alternative to the Pareto/NBD Model",
Marketing Science 24 (2005), 275-284. While alive a customer buys at a rate of his own (gamma distributed over customers: r, alpha) and
after each purchase is gone with a probability of his own (beta distributed: a, b).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import gammaln, hyp2f1

from analytics.maximum import FitError, Floats, maximise


@dataclass(frozen=True)
class Purchases:
    """One entry a customer, all in the same unit of time.

    `frequency`: purchases after the first; `recency`: time from the first to the last (0 without repeats); `age`: time from the first to
    the end of what was observed.
    """

    frequency: Floats
    recency: Floats
    age: Floats


@dataclass(frozen=True)
class BgNbd:
    """The fitted model; `log_likelihood` is of all customers."""

    r: float
    alpha: float  # in units of time
    a: float
    b: float
    log_likelihood: float = float("nan")

    def alive(self, seen: Purchases) -> Floats:
        """The probability that a customer has not gone, 0 - 1; 1 for who never came back (equation of section 4.2 with x = 0)."""
        return np.asarray(1 / (1 + self._odds_gone(seen)))

    def expected(self, seen: Purchases, ahead: float) -> Floats:
        """Purchases expected in the next `ahead` units of time (equation 10)."""
        x, age = seen.frequency, seen.age
        total = self.alpha + age + ahead
        hyper = hyp2f1(self.r + x, self.b + x, self.a + self.b + x - 1, ahead / total)
        still = 1 - ((self.alpha + age) / total) ** (self.r + x) * hyper
        return np.asarray((self.a + self.b + x - 1) / (self.a - 1) * still / (1 + self._odds_gone(seen)))

    def _odds_gone(self, seen: Purchases) -> Floats:
        x = seen.frequency
        returned = x > 0
        ratio = (self.alpha + seen.age) / (self.alpha + seen.recency)
        return np.where(returned, self.a / (self.b + np.where(returned, x, 1) - 1) * ratio ** (self.r + x), 0.0)


def fit_bg_nbd(seen: Purchases) -> BgNbd:
    """Maximum likelihood. Raises FitError when there is none to be found."""
    if not np.any(seen.frequency > 0):
        raise FitError("no customer came back")
    cells, customers = np.unique(np.stack([seen.frequency, seen.recency, seen.age]), axis=1, return_counts=True)
    grouped = Purchases(*cells)

    def log_likelihood(parameters: Floats) -> float:
        return float(customers @ _log_likelihood(grouped, *parameters))

    start = np.array([1.0, float(np.mean(seen.age)), 1.0, 1.0])
    best, value = maximise(log_likelihood, start)
    r, alpha, a, b = map(float, best)
    return BgNbd(r, alpha, a, b, value)


def _log_likelihood(seen: Purchases, r: float, alpha: float, a: float, b: float) -> Floats:
    """Of each customer: equation 6, with the gammas gathered as in Hardie's note on its implementation in Excel."""
    x = seen.frequency
    returned = x > 0
    buying = gammaln(r + x) - gammaln(r) + r * np.log(alpha)
    staying = gammaln(a + b) + gammaln(b + x) - gammaln(b) - gammaln(a + b + x)
    alive = -(r + x) * np.log(alpha + seen.age)
    gone = np.log(a) - np.log(b + np.where(returned, x, 1) - 1) - (r + x) * np.log(alpha + seen.recency)
    return np.asarray(buying + staying + np.where(returned, np.logaddexp(alive, gone), alive))
