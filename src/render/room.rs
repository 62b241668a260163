//! Which rows of too many are drawn: the most telling ones, each with all above it.

/// Marks rows in `kept`, which has those that are drawn anyhow: in the given order each one that still
/// has room with those above it, at most `room` in all.
pub(super) fn keep(
    order: impl IntoIterator<Item = usize>,
    above: impl Fn(usize) -> Option<usize>,
    kept: &mut [bool],
    mut room: usize,
) {
    for row in order {
        if room == 0 {
            break;
        }
        let upwards = std::iter::successors(Some(row), |row| above(*row));
        let needed: Vec<usize> = upwards.take_while(|row| !kept[*row]).take(room + 1).collect();
        if needed.len() <= room {
            room -= needed.len();
            for row in needed {
                kept[row] = true;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_kept_with_those_above_it_or_not_at_all() {
        // 0 has 1 has 2; 3 stands alone.
        let above = |row: usize| [None, Some(0), Some(1), None][row];
        let kept = |order: &[usize], room| {
            let mut kept = vec![false; 4];
            keep(order.iter().copied(), above, &mut kept, room);
            kept
        };
        assert_eq!(kept(&[2, 3], 2), [false, false, false, true]);
        assert_eq!(kept(&[2, 3], 3), [true, true, true, false]);
        assert_eq!(kept(&[1, 2, 3], 3), [true, true, true, false]);
    }
}
