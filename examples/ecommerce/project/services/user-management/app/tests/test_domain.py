import unittest
from datetime import UTC, datetime, timedelta

from app.domain import (
    LOCK_TIME,
    MAX_FAILURES,
    Attempts,
    ConflictError,
    RuleError,
    check_admin_remains,
    check_password,
    check_roles,
    normalise_email,
)

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


class EmailTest(unittest.TestCase):
    def test_case_and_surrounding_blanks_do_not_matter(self):
        self.assertEqual(normalise_email("  Ann.Lee@Example.COM\n"), "ann.lee@example.com")

    def test_one_letter_has_one_form_however_it_is_typed(self):
        self.assertEqual(normalise_email("rene\u0301@x.org"), normalise_email("ren\u00e9@x.org"))

    def test_different_mailboxes_stay_different(self):
        self.assertNotEqual(normalise_email("a.b@x.org"), normalise_email("ab@x.org"))

    def test_control_characters_are_dropped(self):
        self.assertEqual(normalise_email("a\x00nn@x.org"), "ann@x.org")


class PasswordTest(unittest.TestCase):
    def refuses(self, password: str, words: str) -> None:
        with self.assertRaisesRegex(RuleError, words):
            check_password(password, "ann.lee@example.com")

    def test_long_ones_pass(self):
        check_password("abcdefghij", "ann@example.com")
        check_password("correct horse battery staple", "ann@example.com")
        check_password("x1y2" * 32, "ann@example.com")

    def test_the_bounds_of_length(self):
        self.refuses("abcdefghi", "at least 10")
        self.refuses("x1y2" * 32 + "z", "at most 128")

    def test_few_different_characters_are_refused(self):
        self.refuses("abcabcabcabc", "different")

    def test_the_address_is_refused_in_any_case(self):
        self.refuses("ANN.LEE@example.com", "not your e-mail")


class RolesTest(unittest.TestCase):
    def test_each_role_comes_once_and_in_order(self):
        self.assertEqual(check_roles(["admin", "customer", "admin"]), ["customer", "admin"])

    def test_unknown_and_missing_roles_are_refused(self):
        with self.assertRaisesRegex(RuleError, "'root'"):
            check_roles(["customer", "root"])
        with self.assertRaisesRegex(RuleError, "at least one"):
            check_roles([])

    def test_the_last_admin_stays(self):
        with self.assertRaises(ConflictError):
            check_admin_remains("ann", ["customer"], ["ann"])

    def test_an_admin_goes_when_another_remains(self):
        check_admin_remains("ann", ["customer"], ["ann", "bob"])

    def test_others_may_change_while_there_is_one_admin(self):
        check_admin_remains("bob", ["support"], ["ann"])
        check_admin_remains("ann", ["admin", "support"], ["ann"])


class AttemptsTest(unittest.TestCase):
    def failing(self, times: int, start: Attempts | None = None) -> Attempts:
        attempts = start or Attempts()
        for _ in range(times):
            attempts = attempts.after_failure(NOON)
        return attempts

    def test_one_less_than_the_limit_does_not_lock(self):
        attempts = self.failing(MAX_FAILURES - 1)
        self.assertEqual(attempts, Attempts(MAX_FAILURES - 1))
        self.assertFalse(attempts.wait(NOON))

    def test_the_limit_locks_for_the_whole_time_and_not_longer(self):
        attempts = self.failing(MAX_FAILURES)
        self.assertEqual(attempts.wait(NOON), LOCK_TIME)
        self.assertEqual(attempts.wait(NOON + LOCK_TIME - SECOND), SECOND)
        self.assertFalse(attempts.wait(NOON + LOCK_TIME))
        self.assertFalse(attempts.wait(NOON + LOCK_TIME + SECOND))

    def test_trying_while_locked_does_not_prolong_the_wait(self):
        locked = self.failing(MAX_FAILURES)
        self.assertEqual(locked.after_failure(NOON + LOCK_TIME - SECOND), locked)

    def test_after_the_wait_all_tries_are_there_again(self):
        attempts = self.failing(MAX_FAILURES)
        later = NOON + LOCK_TIME
        for _ in range(MAX_FAILURES - 1):
            attempts = attempts.after_failure(later)
        self.assertFalse(attempts.wait(later))
        self.assertEqual(attempts.after_failure(later).wait(later), LOCK_TIME)


if __name__ == "__main__":
    unittest.main()
