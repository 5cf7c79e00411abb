"""BG/NBD and Gamma-Gamma against the published fit of the CDNOW data, and against numbers drawn from the models themselves."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import numpy as np
import pytest

from analytics.bg_nbd import BgNbd, Purchases, fit_bg_nbd
from analytics.gamma_gamma import GammaGamma, fit_gamma_gamma
from analytics.lifetime import lifetime_value
from analytics.maximum import FitError, Floats

DATA = Path(os.environ.get("CARTWAKE_DATA") or Path(__file__).resolve().parents[3] / "shared" / "data")
SUMMARY = DATA / "cdnow" / "cdnow_customers_summary.csv"
PUBLISHED = BgNbd(r=0.243, alpha=4.414, a=0.793, b=2.426)
CUSTOMER = Purchases(np.array([2.0]), np.array([30.43]), np.array([38.86]))


def cdnow() -> Purchases:
    if not SUMMARY.exists():
        pytest.skip(f"{SUMMARY.name} is not there; it belongs to the shared test data (CARTWAKE_DATA), which is no part of the product")
    with SUMMARY.open() as lines:
        rows = list(csv.DictReader(lines))
    return Purchases(*(np.array([float(row[name]) for row in rows]) for name in ("frequency", "recency", "T")))


def test_the_published_parameters_of_cdnow_are_found() -> None:
    model = fit_bg_nbd(cdnow())
    assert (model.r, model.alpha, model.a, model.b) == pytest.approx((0.243, 4.414, 0.793, 2.426), rel=0.01)
    assert model.log_likelihood == pytest.approx(-9582.4, abs=0.1)
    assert model.expected(CUSTOMER, 39)[0] == pytest.approx(1.226, rel=0.01)
    assert model.alive(CUSTOMER)[0] == pytest.approx(0.7266, rel=0.01)


def test_the_published_customer_with_the_published_parameters() -> None:
    assert PUBLISHED.expected(CUSTOMER, 39)[0] == pytest.approx(1.226, abs=0.001)
    assert PUBLISHED.alive(CUSTOMER)[0] == pytest.approx(0.7266, abs=0.0005)


def test_who_never_came_back_counts_as_alive() -> None:
    once = Purchases(np.array([0.0]), np.array([0.0]), np.array([38.86]))
    assert PUBLISHED.alive(once)[0] == 1
    assert 0 < PUBLISHED.expected(once, 39)[0] < PUBLISHED.expected(CUSTOMER, 39)[0]


def drawn(random: np.random.Generator, customers: int, r: float, alpha: float, a: float, b: float) -> Purchases:
    """Customers as the model says that they are: waits are exponential, after each purchase a coin says who is gone."""
    found = []
    for rate, leaves in zip(random.gamma(r, 1 / alpha, customers), random.beta(a, b, customers), strict=True):
        age, at, count, last = float(random.integers(20, 60)), 0.0, 0, 0.0
        while True:
            at += random.exponential(1 / rate)
            if at > age:
                break
            count, last = count + 1, at
            if random.random() < leaves:
                break
        found.append((float(count), last, age))
    return Purchases(*np.array(found).T)


def test_the_parameters_that_customers_were_drawn_with_are_found() -> None:
    random = np.random.default_rng(5)
    seen = drawn(random, 20_000, 0.8, 6.0, 0.9, 3.0)
    model = fit_bg_nbd(seen)
    assert (model.r, model.alpha) == pytest.approx((0.8, 6.0), rel=0.1)
    assert model.a / (model.a + model.b) == pytest.approx(0.9 / 3.9, rel=0.1)


def test_the_spending_that_was_drawn_is_found() -> None:
    random = np.random.default_rng(6)
    purchases = random.integers(1, 12, 20_000).astype(float)
    means = random.gamma(6.0 * purchases, 1 / (random.gamma(4.0, 1 / 15.0, purchases.size) * purchases))
    model = fit_gamma_gamma(purchases, means)
    assert (model.p, model.q, model.v) == pytest.approx((6.0, 4.0, 15.0), rel=0.1)
    assert model.expected(np.array([0.0]), np.array([0.0]))[0] == pytest.approx(model.p * model.v / (model.q - 1))


def test_one_who_bought_often_is_expected_to_spend_what_he_did() -> None:
    model = GammaGamma(p=6.25, q=3.74, v=15.44)
    few, many = model.expected(np.array([1.0, 1000.0]), np.array([100.0, 100.0]))
    assert few < many == pytest.approx(100, rel=0.01)


@pytest.mark.parametrize("discount", [0.0, 0.01])
def test_a_lifetime_is_the_purchases_to_come_times_their_value(discount: float) -> None:
    worth = lifetime_value(PUBLISHED, CUSTOMER, np.array([20.0]), 39, discount)[0]
    whole = PUBLISHED.expected(CUSTOMER, 39)[0] * 20
    assert worth == pytest.approx(whole) if discount == 0 else whole / 1.01**39 < worth < whole


@pytest.mark.parametrize("times", [np.array([]), np.zeros(3)])
def test_customers_who_never_came_back_have_no_best_parameters(times: Floats) -> None:
    with pytest.raises(FitError):
        fit_bg_nbd(Purchases(times, times, times + 10.0))
