//! Rows that are alike, found without a table that holds the texts of every row.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher, Hash};

/// Returns the groups of rows with the same key that have at least `least` members, each in the order
/// of `rows`; the groups in no order.
///
/// Numbers are sorted, and only rows whose key has a partner are looked at again: most rows of a large
/// trace have none. O(n log n).
pub(super) fn groups<K: Hash + Eq>(
    rows: impl Iterator<Item = usize>,
    key: impl Fn(usize) -> K,
    least: usize,
) -> Vec<Vec<usize>> {
    let hasher = BuildHasherDefault::<DefaultHasher>::default();
    let mut hashed: Vec<(u64, usize)> = rows.map(|row| (hasher.hash_one(key(row)), row)).collect();
    hashed.sort_unstable();
    let mut found = Vec::new();
    for same in hashed.chunk_by(|one, other| one.0 == other.0).filter(|same| same.len() >= least) {
        let first = key(same[0].1);
        if same[1..].iter().all(|(_, row)| key(*row) == first) {
            found.push(same.iter().map(|(_, row)| *row).collect());
            continue;
        }
        // Two keys with one hash.
        let mut exact: HashMap<K, Vec<usize>> = HashMap::new();
        for (_, row) in same {
            exact.entry(key(*row)).or_default().push(*row);
        }
        found.extend(exact.into_values().filter(|rows| rows.len() >= least));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A key of which all have the same hash.
    #[derive(PartialEq, Eq)]
    struct Colliding(usize);

    impl Hash for Colliding {
        fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
            0.hash(state);
        }
    }

    #[test]
    fn groups_of_the_least_size_are_found_even_where_hashes_collide() {
        let mut plain = groups(0..10, |row| row % 4, 3);
        plain.sort_unstable();
        assert_eq!(plain, [[0, 4, 8], [1, 5, 9]]);
        let mut colliding = groups(0..10, |row| Colliding(row % 4), 3);
        colliding.sort_unstable();
        assert_eq!(colliding, plain);
        assert_eq!(groups(0..10, |row| row, 2), Vec::<Vec<usize>>::new());
    }
}
