import unittest
from datetime import UTC, date, datetime, timedelta

from app.domain import (
    KEY_LIFETIME,
    BadCard,
    Card,
    Status,
    Stored,
    Verdict,
    card_brand,
    checked_card,
    fingerprint,
    judge,
    luhn_valid,
    why_not_payable,
)

TODAY = date(2026, 5, 31)
VISA = "4242424242424242"


class Luhn(unittest.TestCase):
    def test_numbers_of_all_lengths(self):
        for number in [VISA, "5555555555554444", "378282246310005", "6011111111111117"]:
            self.assertTrue(luhn_valid(number), number)

    def test_any_single_wrong_digit_is_found(self):
        for place, digit in enumerate(VISA):
            for wrong in set("0123456789") - {digit}:
                self.assertFalse(luhn_valid(VISA[:place] + wrong + VISA[place + 1 :]))

    def test_swapped_neighbours_are_found(self):
        self.assertFalse(luhn_valid("2" + "4" + VISA[2:]))

    def test_what_is_no_number(self):
        for text in ["", "0", "4242 4242", "42424242424242ab", "٤٢٤٢٤٢٤٢٤٢٤٢٤٢٤٢", "0" * 20]:
            self.assertFalse(luhn_valid(text), text)


class Brands(unittest.TestCase):
    def test_brands_and_their_borders(self):
        for number, brand in [
            (VISA, "visa"),
            ("5105105105105100", "mastercard"),
            ("2221000000000009", "mastercard"),
            ("2720990000000000", "mastercard"),
            ("2721000000000000", "card"),
            ("5600000000000000", "card"),
            ("341111111111111", "amex"),
            ("371111111111111", "amex"),
            ("361111111111111", "card"),
            ("6011111111111117", "discover"),
            ("6599999999999999", "discover"),
            ("6600000000000000", "card"),
        ]:
            self.assertEqual(card_brand(number), brand, number)


class Cards(unittest.TestCase):
    def test_blanks_and_hyphens_are_left_out(self):
        card = checked_card("4242 4242-4242 4242", 5, 2026, "123", TODAY)
        self.assertEqual((card.number, card.brand, card.last4), (VISA, "visa", "4242"))

    def test_what_is_wrong_is_said(self):
        for number, month, year, cvc, words in [
            ("4242424242424241", 5, 2030, "123", "mistyped"),
            (VISA, 13, 2030, "123", "month"),
            (VISA, 0, 2030, "123", "month"),
            (VISA, 4, 2026, "123", "expired"),
            (VISA, 12, 2025, "123", "expired"),
            (VISA, 5, 2030, "1234", "3 digits"),
            (VISA, 5, 2030, "12x", "3 digits"),
            ("378282246310005", 5, 2030, "123", "4 digits"),
        ]:
            with self.subTest(words), self.assertRaisesRegex(BadCard, words):
                checked_card(number, month, year, cvc, TODAY)

    def test_a_card_does_not_show_its_number(self):
        shown = repr(Card(VISA, 5, 2030, "987"))
        self.assertNotIn("4242", shown)
        self.assertNotIn("987", shown)


class Fingerprints(unittest.TestCase):
    def test_the_same_request_has_the_same(self):
        card = Card(VISA, 5, 2030, "123")
        self.assertEqual(fingerprint("s", "o", None, card), fingerprint("s", "o", None, card))

    def test_any_other_request_has_another(self):
        card = Card(VISA, 5, 2030, "123")
        prints = {
            fingerprint("s", "o", None, card),
            fingerprint("s", "other", None, card),
            fingerprint("s", "o", "m", None),
            fingerprint("s", "o", "other", None),
            fingerprint("s", "o", None, Card(VISA, 6, 2030, "123")),
            fingerprint("s", "o", None, Card("5555555555554444", 5, 2030, "123")),
            fingerprint("another secret", "o", None, card),
        }
        self.assertEqual(len(prints), 7)

    def test_the_security_code_leaves_no_trace(self):
        self.assertEqual(
            fingerprint("s", "o", None, Card(VISA, 5, 2030, "123")),
            fingerprint("s", "o", None, Card(VISA, 5, 2030, "321")),
        )


class Verdicts(unittest.TestCase):
    begun = datetime(2026, 5, 1, 12, tzinfo=UTC)
    soon = begun + timedelta(seconds=2)

    def verdict(self, status, asked="print", at=soon):
        return judge(Stored("print", status, self.begun), asked, at)

    def test_nothing_stored_is_new(self):
        self.assertEqual(judge(None, "print", self.soon), Verdict.NEW)

    def test_what_was_answered_is_answered_again(self):
        for status in (Status.SUCCEEDED, Status.FAILED, Status.REFUNDED):
            self.assertEqual(self.verdict(status), Verdict.REPLAY)
            late = self.begun + 2 * KEY_LIFETIME
            self.assertEqual(self.verdict(status, at=late), Verdict.REPLAY)

    def test_what_was_begun_is_finished(self):
        self.assertEqual(self.verdict(Status.PROCESSING), Verdict.RESUME)

    def test_another_body_is_no_repetition(self):
        for status in Status:
            self.assertEqual(self.verdict(status, asked="other"), Verdict.MISMATCH)

    def test_a_charge_is_not_repeated_when_the_gateway_may_have_forgotten_its_key(self):
        just = self.begun + KEY_LIFETIME
        self.assertEqual(self.verdict(Status.PROCESSING, at=just), Verdict.RESUME)
        late = just + timedelta(seconds=1)
        self.assertEqual(self.verdict(Status.PROCESSING, at=late), Verdict.EXPIRED)


class Payable(unittest.TestCase):
    def test_only_an_order_that_awaits_payment(self):
        self.assertIsNone(why_not_payable("awaiting_payment"))
        self.assertIn("being checked", why_not_payable("pending"))
        self.assertIn("cancelled", why_not_payable("cancelled"))
        for status in ("paid", "shipped", "delivered"):
            self.assertIn("already paid", why_not_payable(status))


if __name__ == "__main__":
    unittest.main()
