"""The list of metrics is what `/metrics` gives out."""

from prometheus_client.parser import text_string_to_metric_families

from collector.metrics import METRICS, Metrics


def test_every_metric_of_the_list_is_given_out_with_its_type_and_meaning() -> None:
    families = {family.name: family for family in text_string_to_metric_families(Metrics().text().decode())}
    for metric in METRICS:
        family = families[metric.name.removesuffix("_total")]
        assert family.type == metric.kind
        assert family.documentation == f"{metric.meaning} ({metric.unit})"


def test_events_are_counted_by_outcome_and_reason() -> None:
    metrics = Metrics()
    metrics.count_events(3, {"unknown_type": 2})
    text = metrics.text().decode()
    assert 'cartwake_collector_events_total{code="",outcome="accepted"} 3.0' in text
    assert 'cartwake_collector_events_total{code="unknown_type",outcome="rejected"} 2.0' in text
    assert "cartwake_collector_batch_events_sum 5.0" in text
