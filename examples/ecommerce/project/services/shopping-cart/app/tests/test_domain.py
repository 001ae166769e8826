import unittest
from datetime import UTC, datetime, timedelta

from app.domain import MAX_LINES, MAX_QUANTITY, Cart, LimitExceeded, Line, NotInCart, expires_at


class Adding(unittest.TestCase):
    def test_an_empty_cart_costs_nothing(self):
        self.assertEqual((Cart().total_cents, Cart().item_count), (0, 0))

    def test_totals_are_sums_of_whole_cents(self):
        cart = Cart().add("tea", "Tea", 1999, 3).add("cup", "Cup", 5, 2)
        self.assertEqual(cart.total_cents, 3 * 1999 + 2 * 5)
        self.assertEqual(cart.item_count, 5)
        self.assertEqual([line.total_cents for line in cart.lines], [5997, 10])

    def test_adding_again_adds_up_and_takes_the_new_price(self):
        cart = Cart().add("tea", "Tea", 500, 2).add("cup", "Cup", 5, 1)
        cart = cart.add("tea", "Green tea", 450, 1)
        self.assertEqual(cart.lines[0], Line("tea", "Green tea", 450, 3, position=0))
        self.assertEqual(len(cart.lines), 2)

    def test_the_cart_that_was_added_to_stays_as_it_was(self):
        before = Cart().add("tea", "Tea", 500, 2)
        before.add("tea", "Tea", 500, 1)
        self.assertEqual(before.item_count, 2)

    def test_at_most_99_of_one_product_however_they_come(self):
        full = Cart().add("tea", "Tea", 500, MAX_QUANTITY)
        with self.assertRaises(LimitExceeded):
            full.add("tea", "Tea", 500, 1)
        with self.assertRaises(LimitExceeded):
            Cart().add("tea", "Tea", 500, MAX_QUANTITY + 1)

    def test_at_most_50_products_but_more_of_those_that_are_there(self):
        cart = Cart()
        for number in range(MAX_LINES):
            cart = cart.add(f"p{number}", "Thing", 100, 1)
        with self.assertRaises(LimitExceeded):
            cart.add("one too many", "Thing", 100, 1)
        self.assertEqual(cart.add("p0", "Thing", 100, 1).item_count, MAX_LINES + 1)

    def test_nothing_or_less_cannot_be_added(self):
        for quantity in (0, -1):
            with self.assertRaises(ValueError):
                Cart().add("tea", "Tea", 500, quantity)


class Changing(unittest.TestCase):
    def setUp(self):
        self.cart = Cart().add("tea", "Tea", 500, 2).add("cup", "Cup", 5, 1)

    def test_a_quantity_replaces_the_old_one_and_the_order_stays(self):
        changed = self.cart.set_quantity("tea", 7)
        self.assertEqual(
            [(x.product_id, x.quantity) for x in changed.lines], [("tea", 7), ("cup", 1)]
        )

    def test_zero_takes_a_product_out(self):
        self.assertEqual(self.cart.set_quantity("tea", 0), self.cart.remove("tea"))
        self.assertIsNone(self.cart.remove("tea").find("tea"))

    def test_what_is_not_there_cannot_be_changed_but_removed(self):
        with self.assertRaises(NotInCart):
            self.cart.set_quantity("pot", 1)
        self.assertEqual(self.cart.remove("pot"), self.cart)

    def test_limits_hold_here_too(self):
        self.assertEqual(
            self.cart.set_quantity("tea", MAX_QUANTITY).lines[0].quantity, MAX_QUANTITY
        )
        with self.assertRaises(LimitExceeded):
            self.cart.set_quantity("tea", MAX_QUANTITY + 1)
        with self.assertRaises(ValueError):
            self.cart.set_quantity("tea", -1)

    def test_lines_keep_their_order_when_one_between_them_goes(self):
        cart = self.cart.add("pot", "Pot", 900, 1).remove("cup").add("jam", "Jam", 300, 1)
        self.assertEqual([x.product_id for x in cart.lines], ["tea", "pot", "jam"])
        self.assertEqual(Cart.of(list(reversed(cart.lines))), cart)


class Expiry(unittest.TestCase):
    NOW = datetime(2024, 2, 28, 23, 59, 30, tzinfo=UTC)

    def test_the_rest_of_the_life_is_added_to_now(self):
        self.assertEqual(expires_at(self.NOW, 1500), self.NOW + timedelta(seconds=1.5))
        self.assertEqual(expires_at(self.NOW, 60_000).date().isoformat(), "2024-02-29")

    def test_a_key_without_an_end_or_that_is_not_there_has_none(self):
        self.assertIsNone(expires_at(self.NOW, -1))
        self.assertIsNone(expires_at(self.NOW, -2))


if __name__ == "__main__":
    unittest.main()
