"""The API: who may see and change what, and what comes of it."""

from datetime import UTC, datetime, timedelta

import pytest


def test_a_new_product_starts_with_nothing(client, emit):
    for _ in range(2):
        emit("product.created", product_id="p1", sku="TEA", name="Tea")
    del client.headers["Authorization"]
    assert client.get("/inventory/p1").json() == {
        "product_id": "p1",
        "sku": "TEA",
        "name": "Tea",
        "on_hand": 0,
        "reserved": 0,
        "available": 0,
        "low_stock_threshold": 5,
        "low": True,
    }
    assert client.get("/inventory/p2").status_code == 404


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/inventory"),
        ("GET", "/inventory/alerts"),
        ("GET", "/inventory/report"),
        ("PUT", "/stock/p1"),
        ("POST", "/stock/p1/adjustments"),
    ],
)
def test_only_administrators_see_all_and_change_any(client, customer, method, path):
    body = {"on_hand": 1, "delta": 1, "reason": "gift"}
    assert client.request(method, path, json=body, headers=customer).status_code == 403
    del client.headers["Authorization"]
    assert client.request(method, path, json=body).status_code == 401


def test_adjusting_never_takes_what_is_reserved(client, order, product):
    tea = product(10)
    order((tea, 4))
    path = f"/stock/{tea}/adjustments"
    refused = client.post(path, json={"delta": -7, "reason": "damaged"})
    assert refused.status_code == 409
    assert "4 are reserved" in refused.json()["detail"]
    assert client.put(f"/stock/{tea}", json={"on_hand": 3}).status_code == 409
    assert client.post(path, json={"delta": -6, "reason": "damaged"}).json()["available"] == 0
    for nonsense in ({"delta": 0, "reason": "x"}, {"delta": 1, "reason": "Order sold"}):
        assert client.post(path, json=nonsense).status_code == 422


def test_low_stock_is_told_once_and_listed(client, order, product, bus):
    tea = product(10, threshold=5)
    product(100, threshold=5)
    order((tea, 5))
    order((tea, 1))
    alerts = [data for kind, data in bus.published if kind == "stock.low"]
    assert alerts == [{"product_id": tea, "available": 5}]
    listed = client.get("/inventory/alerts").json()
    assert [item["product_id"] for item in listed["items"]] == [tea]
    client.post(f"/stock/{tea}/adjustments", json={"delta": 10, "reason": "delivery"})
    assert client.get("/inventory/alerts").json()["total"] == 0
    client.post(f"/stock/{tea}/adjustments", json={"delta": -10, "reason": "damaged"})
    assert bus.published[-1] == ("stock.low", {"product_id": tea, "available": 4})


def test_pages(client, product):
    for _ in range(3):
        product(1)
    first = client.get("/inventory?size=2").json()
    second = client.get("/inventory?size=2&page=2").json()
    assert (len(first["items"]), len(second["items"]), first["total"]) == (2, 1, 3)
    assert client.get("/inventory?size=101").status_code == 422


def test_the_report_sums_up_by_reason(client, emit, order, product):
    begin = datetime.now(UTC).isoformat()
    tea = product(10)
    emit("order.paid", order_id=order((tea, 3)))
    client.post(f"/stock/{tea}/adjustments", json={"delta": -1, "reason": " Damaged "})
    report = client.get("/inventory/report", params={"since": begin}).json()
    assert report["totals"] == {
        "products": 1,
        "on_hand": 6,
        "reserved": 0,
        "available": 6,
        "low": 0,
    }
    assert [tuple(group.values()) for group in report["movements"]] == [
        ("damaged", 1, -1, 0),
        ("order reserved", 1, 0, 3),
        ("order sold", 1, -3, -3),
        ("stocktake", 1, 10, 0),
    ]
    later = (datetime.now(UTC) + timedelta(minutes=1)).isoformat()
    assert client.get("/inventory/report", params={"since": later}).json()["movements"] == []
