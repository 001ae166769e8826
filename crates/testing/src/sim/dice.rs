//! Randomness that a seed repeats.

use std::ops::RangeInclusive;

/// A stream of numbers (splitmix64): the same for the same seed and stream.
#[derive(Debug, Clone)]
pub(super) struct Dice(u64);

impl Dice {
    /// The numbers of `stream`; streams of one seed know nothing of each other, so that one more
    /// throw in one of them leaves the others as they were.
    pub fn new(seed: u64, stream: u64) -> Self {
        let mut dice = Self(seed.wrapping_mul(0xd134_2543_de82_ef95) ^ stream.rotate_left(40));
        dice.throw();
        dice
    }

    /// The next number.
    pub fn throw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `count`; 0 when there is none.
    pub fn below(&mut self, count: u64) -> u64 {
        u64::try_from((u128::from(self.throw()) * u128::from(count)) >> 64).unwrap_or(0)
    }

    /// A number of the range, its ends included.
    pub fn within(&mut self, range: RangeInclusive<u64>) -> u64 {
        range.start() + self.below(range.end().saturating_sub(*range.start()).saturating_add(1))
    }

    /// A number of the range, as a `u32`.
    pub fn number(&mut self, range: RangeInclusive<u32>) -> u32 {
        let drawn = self.within(u64::from(*range.start())..=u64::from(*range.end()));
        u32::try_from(drawn).unwrap_or(u32::MAX)
    }

    /// True `per_mille` times in a thousand.
    pub fn chance(&mut self, per_mille: u64) -> bool {
        self.below(1_000) < per_mille
    }

    /// One of the items, if there is any.
    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        let place = self.below(items.len() as u64);
        items.get(usize::try_from(place).unwrap_or(0))
    }

    /// One of these.
    pub fn one_of<T: Copy, const COUNT: usize>(&mut self, items: [T; COUNT]) -> T {
        items[usize::try_from(self.below(COUNT as u64)).unwrap_or(0)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_repeats_its_numbers_and_stays_within_the_range() {
        let (mut a, mut b) = (Dice::new(7, 1), Dice::new(7, 1));
        for _ in 0..1_000 {
            let drawn = a.within(3..=5);
            assert_eq!(drawn, b.within(3..=5));
            assert!((3..=5).contains(&drawn));
        }
        assert_ne!(Dice::new(7, 1).throw(), Dice::new(7, 2).throw());
        assert_ne!(Dice::new(7, 1).throw(), Dice::new(8, 1).throw());
    }

    #[test]
    fn chances_come_out_about_as_often_as_said() {
        let mut dice = Dice::new(1, 1);
        let hits = (0..10_000).filter(|_| dice.chance(250)).count();
        assert!((2_300..2_700).contains(&hits), "{hits}");
    }
}
