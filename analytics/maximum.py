"""The largest value of a function of positive parameters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

Floats = npt.NDArray[Any]
LARGEST_LOG = 18.0  # e^18: a parameter that wanders off to there has no best value


class FitError(ValueError):
    """No best parameters were found: too few customers, or customers who do not differ. The message is for the analyst."""


def maximise(value: Callable[[Floats], float], start: Floats) -> tuple[Floats, float]:
    """Parameters (all positive) and the value there, by Nelder and Mead's search over their logarithms, begun twice. Raises FitError."""

    def loss(logs: Floats) -> float:
        if np.any(np.abs(logs) > LARGEST_LOG):
            return np.inf
        return -value(np.exp(logs))

    options = {"maxiter": 4000, "maxfev": 8000, "xatol": 1e-6, "fatol": 1e-6}
    logs = np.log(start)
    for _ in range(2):  # the second search begins where the first one ended, with a fresh simplex: it does not stay in a corner
        found = minimize(loss, logs, method="Nelder-Mead", options=options)
        logs = found.x
    if not found.success or not np.isfinite(found.fun) or np.any(np.abs(logs) > LARGEST_LOG - 1):
        raise FitError("no best parameters: too few customers who came back, or they do not differ")
    return np.exp(logs), -float(found.fun)
