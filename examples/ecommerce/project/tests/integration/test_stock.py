"""Stock as the administrator sees it."""

from conftest import until


def alerted(admin) -> set[str]:
    """The products in the list of alerts, be it a page or a plain list."""
    answer = admin.expect(200, "GET", "inventory", "/inventory/alerts")
    items = answer["items"] if isinstance(answer, dict) else answer
    return {one["product_id"] for one in items}


def test_an_order_that_takes_the_stock_below_its_threshold_raises_an_alert(
    admin, customer, new_product
):
    product = new_product(on_hand=6, low_stock_threshold=5)
    assert product["id"] not in alerted(admin)
    customer.add_to_cart(product["id"], 3)
    customer.order_reaches(customer.place_order()["id"], "awaiting_payment")
    stock = until(lambda: (now := customer.stock(product["id"]))["low"] and now, "the stock is low")
    assert (stock["available"], stock["reserved"]) == (3, 3)
    assert product["id"] in alerted(admin)

    path = f"/stock/{product['id']}/adjustments"
    body = {"delta": 20, "reason": "delivery"}
    admin.expect(200, "POST", "inventory", path, json=body)
    assert product["id"] not in alerted(admin)


def test_what_is_reserved_cannot_be_taken_away(admin, customer, new_product):
    product = new_product(on_hand=5)
    customer.add_to_cart(product["id"], 4)
    customer.order_reaches(customer.place_order()["id"], "awaiting_payment")
    path = f"/stock/{product['id']}/adjustments"
    admin.expect(409, "POST", "inventory", path, json={"delta": -2, "reason": "broken"})
    admin.expect(200, "POST", "inventory", path, json={"delta": -1, "reason": "broken"})
    assert customer.stock(product["id"])["available"] == 0


def test_a_deleted_product_leaves_catalog_inventory_and_cart(admin, customer, new_product):
    product = new_product()
    admin.expect(204, "DELETE", "product-catalog", f"/products/{product['id']}")
    until(
        lambda: (
            customer.request("GET", "inventory", f"/inventory/{product['id']}").status_code == 404
        ),
        "inventory has heard of product.deleted",
    )
    line = {"product_id": product["id"], "quantity": 1}
    customer.expect(404, "POST", "shopping-cart", "/cart/items", json=line)
