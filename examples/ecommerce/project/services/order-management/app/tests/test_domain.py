import itertools
import unittest

from app.domain import (
    MOVES,
    Actor,
    Line,
    MoveRefused,
    Reaction,
    Status,
    can_move,
    check_move,
    missing_words,
    reaction,
    total_cents,
)


class Moves(unittest.TestCase):
    def test_the_way_of_an_order_that_goes_well(self):
        way = [
            (Status.PENDING, Status.AWAITING_PAYMENT, Actor.INVENTORY),
            (Status.AWAITING_PAYMENT, Status.PAID, Actor.PAYMENTS),
            (Status.PAID, Status.SHIPPED, Actor.ADMIN),
            (Status.SHIPPED, Status.DELIVERED, Actor.ADMIN),
        ]
        for current, target, actor in way:
            check_move(current, target, actor)

    def test_a_customer_may_only_cancel_and_only_before_shipping(self):
        allowed = {
            (current, target)
            for current, target in itertools.product(Status, Status)
            if can_move(current, target, Actor.CUSTOMER)
        }
        before_shipping = (Status.PENDING, Status.AWAITING_PAYMENT, Status.PAID)
        self.assertEqual(allowed, {(s, Status.CANCELLED) for s in before_shipping})

    def test_only_payments_make_an_order_paid(self):
        for status, actor in itertools.product(Status, Actor):
            expected = status == Status.AWAITING_PAYMENT and actor == Actor.PAYMENTS
            self.assertEqual(can_move(status, Status.PAID, actor), expected)

    def test_nothing_leaves_a_final_status(self):
        self.assertFalse([m for m in MOVES if m[0] in (Status.CANCELLED, Status.DELIVERED)])

    def test_no_way_leads_back(self):
        def longest(status, seen=()):
            self.assertNotIn(status, seen)
            after = [longest(target, (*seen, status)) for (s, target) in MOVES if s == status]
            return 1 + max(after, default=-1)

        self.assertEqual(longest(Status.PENDING), 4)

    def test_a_refusal_says_why(self):
        for current, target, actor, words in [
            (Status.SHIPPED, Status.CANCELLED, Actor.CUSTOMER, "is shipped can't become cancelled"),
            (Status.CANCELLED, Status.CANCELLED, Actor.ADMIN, "already cancelled"),
            (Status.PAID, Status.SHIPPED, Actor.CUSTOMER, "customer may not set"),
            (Status.AWAITING_PAYMENT, Status.SHIPPED, Actor.ADMIN, "is awaiting payment can't"),
        ]:
            with self.subTest(words), self.assertRaisesRegex(MoveRefused, words):
                check_move(current, target, actor)


class Reactions(unittest.TestCase):
    def test_an_event_in_time_moves(self):
        self.assertEqual(
            reaction(Status.PENDING, Status.AWAITING_PAYMENT, Actor.INVENTORY), Reaction.MOVE
        )

    def test_what_came_for_a_cancelled_order_is_given_back(self):
        for target, actor in [
            (Status.PAID, Actor.PAYMENTS),
            (Status.AWAITING_PAYMENT, Actor.INVENTORY),
        ]:
            self.assertEqual(reaction(Status.CANCELLED, target, actor), Reaction.CANCEL_AGAIN)

    def test_an_event_that_came_twice_is_ignored(self):
        for current, target, actor in [
            (Status.PAID, Status.PAID, Actor.PAYMENTS),
            (Status.DELIVERED, Status.PAID, Actor.PAYMENTS),
            (Status.PAID, Status.AWAITING_PAYMENT, Actor.INVENTORY),
            (Status.CANCELLED, Status.CANCELLED, Actor.INVENTORY),
        ]:
            self.assertEqual(reaction(current, target, actor), Reaction.IGNORE)


class Totals(unittest.TestCase):
    def test_lines_and_their_sum(self):
        lines = [Line("a", "Cup", 1250, 3), Line("b", "Spoon", 199, 2)]
        self.assertEqual([line.total_cents for line in lines], [3750, 398])
        self.assertEqual(total_cents(lines), 4148)
        self.assertEqual(total_cents([]), 0)

    def test_impossible_lines_are_refused(self):
        for price, quantity in [(100, 0), (100, -1), (-1, 1)]:
            with self.assertRaises(ValueError):
                Line("a", "Cup", price, quantity)


class Words(unittest.TestCase):
    def test_missing_goods_are_named(self):
        missing = [{"product_id": "a", "requested": 3, "available": 1}]
        self.assertEqual(
            missing_words(missing, {"a": "Cup"}), "Not enough in stock: Cup (3 wanted, 1 there)"
        )
        self.assertIn("a product (3 wanted", missing_words(missing, {}))
        self.assertEqual(missing_words([], {}), "Not enough in stock")


if __name__ == "__main__":
    unittest.main()
