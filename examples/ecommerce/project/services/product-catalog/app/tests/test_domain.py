import unittest

from app.domain import (
    MOST_QUERY_WORDS,
    NAME_WEIGHT,
    Posting,
    Word,
    free_slug,
    image_type,
    makes_cycle,
    parse_query,
    rank,
    slugify,
    subtree,
    term_weights,
    terms,
    tree_order,
)


class SlugTest(unittest.TestCase):
    def test_case_accents_and_signs_go(self):
        self.assertEqual(slugify("  Café & Crème Brûlée! "), "cafe-creme-brulee")
        self.assertEqual(slugify("USB_C"), "usb-c")

    def test_letters_of_other_scripts_stay(self):
        self.assertEqual(slugify("Обувь"), "обувь")

    def test_a_name_of_signs_still_has_a_slug(self):
        self.assertEqual(slugify("!?"), "category")

    def test_long_names_are_cut_without_a_dash_at_the_end(self):
        self.assertEqual(slugify("a" * 79 + " b"), "a" * 79)

    def test_taken_slugs_are_numbered(self):
        self.assertEqual(free_slug("Shoes", set()), "shoes")
        self.assertEqual(free_slug("Shoes", {"shoes", "shoes-2", "shoes-4"}), "shoes-3")


class TermsTest(unittest.TestCase):
    def test_words_come_in_order_without_case_accents_and_signs(self):
        self.assertEqual(terms("Crème-Brûlée, 2x!"), ["creme", "brulee", "2x"])

    def test_a_letter_with_an_accent_is_one_word_with_it_in_both_forms(self):
        self.assertEqual(terms("re\u0301sume\u0301"), terms("r\u00e9sum\u00e9"))

    def test_the_plural_is_found_by_the_singular(self):
        self.assertEqual(terms("shoes"), terms("shoe"))

    def test_words_that_only_look_like_plurals_stay(self):
        self.assertEqual(terms("glass dress bus gas"), ["glass", "dress", "bus", "gas"])

    def test_terms_are_never_too_long_for_the_index(self):
        self.assertEqual([len(term) for term in terms("x" * 500)], [64])

    def test_text_without_words_has_no_terms(self):
        self.assertEqual(terms(" -- !? __ "), [])


class WeightsTest(unittest.TestCase):
    def test_a_name_outweighs_any_repetition_in_a_description(self):
        weights = term_weights("Lamp", "desk " * 1000)
        self.assertEqual(weights["lamp"], NAME_WEIGHT)
        self.assertLess(weights["desk"], weights["lamp"])

    def test_repetition_and_both_places_count_for_more(self):
        weights = term_weights("Lamp", "A lamp for a desk, any desk. Brass.")
        self.assertGreater(weights["desk"], weights["brass"])
        self.assertEqual(weights["lamp"], NAME_WEIGHT + 1)

    def test_repetition_in_a_name_does_not(self):
        self.assertEqual(term_weights("Lamp Lamp Lamps", ""), {"lamp": NAME_WEIGHT})


class QueryTest(unittest.TestCase):
    def test_only_the_last_word_is_a_prefix(self):
        self.assertEqual(parse_query("Red sho"), [Word("red", False), Word("sho", True)])

    def test_each_word_comes_once_and_the_last_stays_last(self):
        self.assertEqual(parse_query("red shoe red"), [Word("shoe", False), Word("red", True)])

    def test_nothing_to_search_for(self):
        self.assertEqual(parse_query(" ?! "), [])

    def test_long_searches_are_cut(self):
        self.assertEqual(len(parse_query(" ".join(map(str, range(100))))), MOST_QUERY_WORDS)


class RankTest(unittest.TestCase):
    def test_products_that_miss_a_word_are_left_out(self):
        red = [Posting("a", "red", 1.0), Posting("b", "red", 1.0)]
        shoe = [Posting("b", "shoe", 1.0), Posting("c", "shoe", 1.0)]
        matches = [(Word("red", False), red), (Word("shoe", True), shoe)]
        self.assertEqual(rank(matches, 3), ["b"])

    def test_a_word_that_nothing_has_leaves_nothing(self):
        matches = [(Word("red", False), [Posting("a", "red", 1.0)]), (Word("x", True), [])]
        self.assertEqual(rank(matches, 1), [])
        self.assertEqual(rank(list(reversed(matches)), 1), [])
        self.assertEqual(rank([], 1), [])

    def test_heavier_comes_first_and_the_id_decides_among_equals(self):
        lamp = [Posting("c", "lamp", 1.0), Posting("b", "lamp", 4.0), Posting("a", "lamp", 1.0)]
        self.assertEqual(rank([(Word("lamp", True), lamp)], 3), ["b", "a", "c"])

    def test_the_whole_word_beats_its_beginning(self):
        found = [Posting("a", "lampshade", 4.0), Posting("b", "lamp", 4.0)]
        self.assertEqual(rank([(Word("lamp", True), found)], 2), ["b", "a"])

    def test_many_terms_with_the_prefix_count_once(self):
        found = [Posting("a", "lampa", 1.0), Posting("a", "lampb", 1.0), Posting("b", "lamp", 1.0)]
        self.assertEqual(rank([(Word("lamp", True), found)], 2), ["b", "a"])

    def test_a_rare_word_counts_for_more_than_a_common_one(self):
        common = [Posting(product, "desk", 2.0 if product == "a" else 1.0) for product in "abcd"]
        rare = [Posting("a", "brass", 1.0), Posting("b", "brass", 2.0)]
        matches = [(Word("desk", False), common), (Word("brass", True), rare)]
        self.assertEqual(rank(matches, 100), ["b", "a"])


class TreeTest(unittest.TestCase):
    PARENTS = {"home": None, "lamps": "home", "desk": "lamps", "shoes": None}

    def test_a_subtree_has_all_that_lies_below(self):
        self.assertEqual(subtree("home", self.PARENTS), {"home", "lamps", "desk"})
        self.assertEqual(subtree("shoes", self.PARENTS), {"shoes"})

    def test_moving_below_itself_makes_a_cycle(self):
        for parent in ("home", "lamps", "desk"):
            self.assertTrue(makes_cycle("home", parent, self.PARENTS), parent)

    def test_other_moves_do_not(self):
        self.assertFalse(makes_cycle("home", None, self.PARENTS))
        self.assertFalse(makes_cycle("home", "shoes", self.PARENTS))
        self.assertFalse(makes_cycle("desk", "home", self.PARENTS))

    def test_a_cycle_that_is_there_already_ends_the_walk(self):
        self.assertEqual(subtree("a", {"a": "b", "b": "a"}), {"a", "b"})

    def test_parents_come_before_children_and_names_in_order(self):
        names = {"home": "Home", "lamps": "lamps", "desk": "Desk lamps", "shoes": "A shoe"}
        self.assertEqual(tree_order(self.PARENTS, names), ["shoes", "home", "lamps", "desk"])
        flat = dict.fromkeys(names)
        self.assertEqual(tree_order(flat, names), ["shoes", "desk", "home", "lamps"])


class ImageTypeTest(unittest.TestCase):
    def test_the_three_known_types(self):
        self.assertEqual(image_type(b"\x89PNG\r\n\x1a\n" + bytes(8)), "image/png")
        self.assertEqual(image_type(b"\xff\xd8\xff\xe0" + bytes(8)), "image/jpeg")
        self.assertEqual(image_type(b"RIFF\x10\0\0\0WEBPVP8 "), "image/webp")

    def test_everything_else_is_none(self):
        for data in (b"", b"GIF89a", b"<svg/>", b"RIFF\x10\0\0\0WAVEfmt ", b"\x89PNG", b"RIFF"):
            self.assertIsNone(image_type(data), data)


if __name__ == "__main__":
    unittest.main()
