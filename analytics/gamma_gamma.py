"""Gamma-Gamma: what a customer spends in a purchase.

Peter S. Fader, Bruce G. S. Hardie, "The Gamma-Gamma Model of Monetary Value" (note 025, 2013, brucehardie.com), after Colombo and Jiang
(1999). What a customer spends varies about a mean of his own (gamma with shape p), and those means vary over customers (q, v).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import gammaln

from analytics.maximum import FitError, Floats, maximise


@dataclass(frozen=True)
class GammaGamma:
    """The fitted model; `v` is in units of money, `log_likelihood` of the customers who came back."""

    p: float
    q: float
    v: float
    log_likelihood: float = float("nan")

    def expected(self, purchases: Floats, mean_value: Floats) -> Floats:
        """What a customer will spend in a purchase, from the mean of so many; the mean of all customers where there were none."""
        return np.asarray(self.p * (self.v + purchases * mean_value) / (self.p * purchases + self.q - 1))


def fit_gamma_gamma(purchases: Floats, mean_value: Floats) -> GammaGamma:
    """Maximum likelihood over customers with at least one purchase of a positive mean value. Raises FitError."""
    if np.any(purchases <= 0) or np.any(mean_value <= 0):
        raise ValueError("only customers with purchases of a positive mean value have a likelihood")

    def log_likelihood(parameters: Floats) -> float:
        p, q, v = parameters
        shape = p * purchases
        parts = gammaln(shape + q) - gammaln(shape) - gammaln(q) + q * np.log(v) + (shape - 1) * np.log(mean_value)
        return float(np.sum(parts + shape * np.log(purchases) - (shape + q) * np.log(purchases * mean_value + v)))

    best, value = maximise(log_likelihood, np.array([2.0, 2.0, float(np.mean(mean_value))]))
    p, q, v = map(float, best)
    model = GammaGamma(p, q, v, value)
    if model.q <= 1:
        raise FitError(f"the spending of customers varies so much that its mean is infinite (q = {model.q:.3f})")
    return model
