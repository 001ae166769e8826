"""A customer buys, over the real services and their events."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

from conftest import ADDRESS, DECLINED_CARD, Client, until


def stock_is(client: Client, product_id: str, on_hand: int, reserved: int) -> None:
    def probe() -> bool:
        stock = client.stock(product_id)
        return (stock["on_hand"], stock["reserved"]) == (on_hand, reserved)

    until(probe, f"stock of {product_id} is {on_hand} with {reserved} reserved")


def ordered(customer: Client, product: dict[str, Any], quantity: int = 1) -> dict[str, Any]:
    """An order of the product for which the stock is reserved."""
    customer.add_to_cart(product["id"], quantity)
    return customer.order_reaches(customer.place_order()["id"], "awaiting_payment")


def payments_of(customer: Client) -> list[dict[str, Any]]:
    return customer.expect(200, "GET", "payment-processing", "/payments")["items"]


def charges(admin: Client, order_id: str, customer: Client) -> Counter[str]:
    """How many transactions of each kind the gateway made for an order."""
    mine = {one["id"] for one in payments_of(customer) if one["order_id"] == order_id}
    found: Counter[str] = Counter()
    page = 1
    while True:
        path = f"/transactions?page={page}&size=100"
        listed = admin.expect(200, "GET", "payment-processing", path)
        found.update(one["kind"] for one in listed["items"] if one["payment_id"] in mine)
        if page * listed["size"] >= listed["total"]:
            return found
        page += 1


def test_buying_from_search_to_paid(nobody, admin, customer, new_product):
    lamp = new_product(price_cents=2599, on_hand=10)
    plain = new_product(price_cents=1000, on_hand=4)
    found = nobody.expect(200, "GET", "product-catalog", f"/search?q={lamp['sku']}")
    assert lamp["id"] in [one["id"] for one in found["items"]]

    customer.add_to_cart(lamp["id"], 2)
    cart = customer.add_to_cart(plain["id"], 1)
    assert (cart["total_cents"], cart["item_count"]) == (2 * 2599 + 1000, 3)

    order = customer.place_order()
    assert order["status"] in ("pending", "awaiting_payment")
    assert order["total_cents"] == 2 * 2599 + 1000
    assert order["shipping_address"]["city"] == ADDRESS["city"]
    customer.order_reaches(order["id"], "awaiting_payment")
    stock_is(nobody, lamp["id"], on_hand=10, reserved=2)
    stock_is(nobody, plain["id"], on_hand=4, reserved=1)

    answer = customer.pay(order["id"])
    assert answer.status_code == 201, answer.text
    payment = answer.json()
    assert (payment["status"], payment["amount_cents"]) == ("succeeded", order["total_cents"])
    assert payment["method"]["last4"] == "4242"

    customer.order_reaches(order["id"], "paid")
    until(lambda: customer.cart()["items"] == [], "the cart of a paid order is emptied")
    stock_is(nobody, lamp["id"], on_hand=8, reserved=0)
    stock_is(nobody, plain["id"], on_hand=3, reserved=0)
    told = customer.expect(200, "GET", "order-management", f"/order-status/{order['id']}")
    steps = [step["status"] for step in told["history"]]
    assert steps == ["pending", "awaiting_payment", "paid"]


def test_an_order_of_more_than_there_is_is_cancelled_with_the_reason(nobody, customer, new_product):
    plenty, scarce = new_product(on_hand=50), new_product(on_hand=1)
    customer.add_to_cart(plenty["id"], 5)
    customer.add_to_cart(scarce["id"], 2)
    order = customer.order_reaches(customer.place_order()["id"], "cancelled")
    assert order["reason"]
    # All or nothing: what there was enough of is not kept either.
    stock_is(nobody, plenty["id"], on_hand=50, reserved=0)
    stock_is(nobody, scarce["id"], on_hand=1, reserved=0)
    assert customer.pay(order["id"]).status_code == 409


def test_two_customers_cannot_both_get_the_last_one(nobody, new_customer, new_product):
    last = new_product(on_hand=1)
    buyers = [new_customer(), new_customer()]
    for buyer in buyers:
        buyer.add_to_cart(last["id"])
    with ThreadPoolExecutor(2) as pool:
        orders = list(pool.map(lambda buyer: buyer.place_order()["id"], buyers))

    def settled() -> list[str] | None:
        pairs = zip(buyers, orders, strict=True)
        seen = sorted(buyer.order(order)["status"] for buyer, order in pairs)
        return None if "pending" in seen else seen

    assert until(settled, "both orders are settled") == ["awaiting_payment", "cancelled"]
    stock_is(nobody, last["id"], on_hand=1, reserved=1)


def test_after_a_declined_card_another_one_pays(customer, new_product):
    order = ordered(customer, new_product())
    declined = customer.pay(order["id"], card=DECLINED_CARD)
    assert declined.status_code == 402, declined.text
    assert customer.order(order["id"])["status"] == "awaiting_payment"

    assert customer.pay(order["id"]).status_code == 201
    customer.order_reaches(order["id"], "paid")
    assert sorted(one["status"] for one in payments_of(customer)) == ["failed", "succeeded"]
    assert customer.pay(order["id"]).status_code == 409, "a paid order is not paid again"


def test_the_same_key_twice_at_once_charges_once(admin, customer, new_product):
    order = ordered(customer, new_product())
    key = str(uuid4())
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda _: customer.pay(order["id"], key), range(2)))
    assert [one.status_code for one in answers] == [201, 201], [one.text for one in answers]
    assert answers[0].json()["id"] == answers[1].json()["id"]
    assert customer.pay(order["id"], key).json()["id"] == answers[0].json()["id"]
    assert charges(admin, order["id"], customer)["charge"] == 1

    other_body = customer.pay(order["id"], key, card=DECLINED_CARD)
    assert other_body.status_code == 422, other_body.text


def test_two_keys_at_once_charge_one_order_once(admin, customer, new_product):
    order = ordered(customer, new_product())
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda _: customer.pay(order["id"]), range(2)))
    assert sorted(one.status_code for one in answers) == [201, 409], [one.text for one in answers]
    assert charges(admin, order["id"], customer)["charge"] == 1


def test_an_order_asked_for_twice_with_one_key_is_one_order(nobody, customer, new_product):
    product = new_product(on_hand=10)
    customer.add_to_cart(product["id"], 3)
    key = {"Idempotency-Key": str(uuid4())}
    first = customer.place_order(headers=key)
    again = customer.request(
        "POST",
        "order-management",
        "/orders",
        json={"shipping_address": ADDRESS},
        headers=key,
    )
    assert again.status_code in (200, 201), again.text
    assert again.json()["id"] == first["id"]
    customer.order_reaches(first["id"], "awaiting_payment")
    stock_is(nobody, product["id"], on_hand=10, reserved=3)


def test_cancelling_before_payment_gives_the_stock_back(nobody, customer, new_product):
    product = new_product(on_hand=7)
    order = ordered(customer, product, 3)
    stock_is(nobody, product["id"], on_hand=7, reserved=3)
    path = f"/orders/{order['id']}/cancel"
    body = {"reason": "changed my mind"}
    cancelled = customer.expect(200, "POST", "order-management", path, json=body)
    assert cancelled["status"] == "cancelled"
    stock_is(nobody, product["id"], on_hand=7, reserved=0)
    assert customer.pay(order["id"]).status_code == 409
    customer.expect(409, "POST", "order-management", path, json=body)


def test_cancelling_a_paid_order_refunds_it_once_and_gives_the_stock_back(
    admin, customer, new_product
):
    product = new_product(on_hand=10)
    order = ordered(customer, product)
    assert customer.pay(order["id"]).status_code == 201
    customer.order_reaches(order["id"], "paid")
    stock_is(customer, product["id"], on_hand=9, reserved=0)
    customer.expect(200, "POST", "order-management", f"/orders/{order['id']}/cancel", json={})

    def refunded() -> bool:
        return [one["status"] for one in payments_of(customer)] == ["refunded"]

    until(refunded, "the payment of a cancelled order is refunded")
    assert charges(admin, order["id"], customer) == {"charge": 1, "refund": 1}
    stock_is(customer, product["id"], on_hand=10, reserved=0)


def test_an_empty_cart_cannot_be_ordered(customer):
    customer.expect(409, "POST", "order-management", "/orders", json={"shipping_address": ADDRESS})


def test_the_administrator_ships_and_then_it_is_too_late_to_cancel(admin, customer, new_product):
    order = ordered(customer, new_product())
    path = f"/orders/{order['id']}"
    shipped = {"status": "shipped"}
    admin.expect(409, "PUT", "order-management", f"{path}/status", json=shipped)
    assert customer.pay(order["id"]).status_code == 201
    customer.order_reaches(order["id"], "paid")
    customer.expect(403, "PUT", "order-management", f"{path}/status", json=shipped)
    for status in ("shipped", "delivered"):
        body = {"status": status}
        admin.expect(200, "PUT", "order-management", f"{path}/status", json=body)
        assert customer.order(order["id"])["status"] == status
    customer.expect(409, "POST", "order-management", f"{path}/cancel", json={})
