import unittest

from app.domain import (
    MAX_ON_HAND,
    OWN_REASONS,
    Missing,
    State,
    Stock,
    StockError,
    low_alert_due,
    missing,
    next_step,
    wanted,
)


class Arithmetic(unittest.TestCase):
    def test_a_new_product_has_nothing_and_is_low(self):
        self.assertEqual((Stock().available, Stock().low), (0, True))

    def test_reserving_leaves_on_hand_and_lowers_what_is_available(self):
        stock = Stock(on_hand=10).reserve(4)
        self.assertEqual((stock.on_hand, stock.reserved, stock.available), (10, 4, 6))

    def test_releasing_undoes_reserving(self):
        self.assertEqual(Stock(on_hand=10).reserve(4).release(4), Stock(on_hand=10))

    def test_committing_takes_from_the_shelf_and_keeps_the_rest_available(self):
        stock = Stock(on_hand=10).reserve(4).commit(4)
        self.assertEqual((stock.on_hand, stock.reserved, stock.available), (6, 0, 6))

    def test_more_than_is_there_cannot_be_reserved(self):
        self.assertEqual(Stock(on_hand=10).reserve(10).available, 0)
        with self.assertRaises(StockError):
            Stock(on_hand=10).reserve(11)

    def test_more_than_is_reserved_cannot_be_released_or_committed(self):
        for change in (Stock.release, Stock.commit):
            with self.assertRaises(StockError):
                change(Stock(on_hand=10, reserved=2), 3)

    def test_adjustments_and_counts_stop_at_what_is_reserved(self):
        stock = Stock(on_hand=10, reserved=4)
        self.assertEqual(stock.adjust(-6).on_hand, 4)
        self.assertEqual(stock.count(4).available, 0)
        for change, number in ((stock.adjust, -7), (stock.count, 3)):
            with self.assertRaisesRegex(StockError, "4 are reserved"):
                change(number)

    def test_no_more_is_on_hand_than_the_database_can_note(self):
        with self.assertRaises(StockError):
            Stock(on_hand=MAX_ON_HAND).adjust(1)

    def test_a_count_keeps_the_threshold_unless_it_sets_one(self):
        stock = Stock(low_stock_threshold=7)
        self.assertEqual(stock.count(20).low_stock_threshold, 7)
        self.assertEqual(stock.count(20, 0).low_stock_threshold, 0)


class Alerts(unittest.TestCase):
    def test_due_when_stock_becomes_low_and_only_then(self):
        full, low, lower = Stock(on_hand=6), Stock(on_hand=5), Stock(on_hand=4)
        self.assertTrue(low_alert_due(full, low))
        self.assertFalse(low_alert_due(low, lower))
        self.assertFalse(low_alert_due(low, full))
        self.assertFalse(low_alert_due(full, Stock(on_hand=60)))

    def test_what_is_reserved_counts_as_gone(self):
        stock = Stock(on_hand=8)
        self.assertTrue(low_alert_due(stock, stock.reserve(3)))
        # Selling what was reserved changes nothing about what is available.
        self.assertFalse(low_alert_due(stock.reserve(3), stock.reserve(3).commit(3)))

    def test_a_higher_threshold_makes_stock_low_too(self):
        stock = Stock(on_hand=8)
        self.assertTrue(low_alert_due(stock, stock.count(8, 8)))

    def test_after_a_delivery_the_next_shortage_is_told_again(self):
        low = Stock(on_hand=5)
        self.assertTrue(low_alert_due(low.adjust(10), low.adjust(10).reserve(12)))


class Reserving(unittest.TestCase):
    def test_lines_of_the_same_product_are_one_and_all_are_in_order(self):
        items = [("tea", 2), ("cup", 1), ("tea", 3)]
        lines = wanted({"product_id": key, "quantity": n} for key, n in items)
        self.assertEqual(list(lines.items()), [("cup", 1), ("tea", 5)])

    def test_an_order_for_nothing_of_a_product_is_a_mistake(self):
        for quantity in (0, -2):
            with self.assertRaises(ValueError):
                wanted([{"product_id": "tea", "quantity": quantity}])

    def test_nothing_is_missing_when_there_is_just_enough(self):
        self.assertEqual(missing({"tea": Stock(on_hand=7, reserved=2)}, {"tea": 5}), [])

    def test_everything_that_is_missing_is_named(self):
        stocks = {"tea": Stock(on_hand=7, reserved=3), "cup": Stock(on_hand=1)}
        self.assertEqual(
            missing(stocks, {"cup": 1, "pot": 2, "tea": 5}),
            [Missing("pot", 2, 0), Missing("tea", 5, 4)],
        )


class Steps(unittest.TestCase):
    def test_a_reserved_order_is_paid_or_cancelled(self):
        stock = Stock(on_hand=10, reserved=4)
        paid = next_step(State.RESERVED, "order.paid")
        self.assertEqual((paid.state, paid.change(stock, 4)), (State.COMMITTED, Stock(on_hand=6)))
        gone = next_step(State.RESERVED, "order.cancelled")
        self.assertEqual((gone.state, gone.change(stock, 4)), (State.RELEASED, Stock(on_hand=10)))

    def test_goods_of_a_paid_order_that_is_cancelled_come_back(self):
        step = next_step(State.COMMITTED, "order.cancelled")
        self.assertEqual((step.state, step.change(Stock(6), 4)), (State.RETURNED, Stock(10)))

    def test_an_order_that_is_cancelled_before_it_came_is_remembered(self):
        self.assertEqual(next_step(None, "order.cancelled").state, State.RELEASED)

    def test_nothing_happens_twice(self):
        for event in ("order.paid", "order.cancelled"):
            for state in State:
                step = next_step(state, event)
                if step is not None:
                    self.assertIsNone(next_step(step.state, event), (state, event))

    def test_orders_that_hold_nothing_cannot_be_paid_or_cancelled(self):
        for state in (State.REJECTED, State.RELEASED, State.RETURNED):
            self.assertIsNone(next_step(state, "order.paid"))
            self.assertIsNone(next_step(state, "order.cancelled"))
        self.assertIsNone(next_step(None, "order.paid"))

    def test_each_movement_of_an_order_has_a_reason_of_its_own(self):
        self.assertEqual(
            OWN_REASONS,
            {"order reserved", "order released", "order sold", "order returned", "stocktake"},
        )


if __name__ == "__main__":
    unittest.main()
