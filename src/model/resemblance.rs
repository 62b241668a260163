//! Words that look alike: what somebody who mistyped one probably meant.

/// How many letters may be wrong.
const DISTANCE_MAX: usize = 3;

/// Returns the known word that differs least from `word`, or `None` when none is near.
///
/// Near is at most three letters inserted, left out or replaced, and fewer than `word` has.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let letters = word.chars().count();
    known
        .into_iter()
        .map(|known| (distance(word, known), known))
        .filter(|(distance, _)| *distance <= DISTANCE_MAX && *distance < letters)
        .min()
        .map(|(_, known)| known)
}

/// Counts the insertions, deletions and replacements that turn one word into the other.
fn distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.chars().count()).collect();
    for (i, a) in one.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in other.chars().enumerate() {
            let replaced = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(row[j + 1] + 1);
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_is_found_and_a_far_one_is_not() {
        assert_eq!(nearest("sevrity", ["direct", "severity"]), Some("severity"));
        assert_eq!(nearest("pool", ["contacts", "first-five-minutes"]), None);
        assert_eq!(nearest("x", ["ab"]), None);
    }
}
