//! Quantiles of a classic histogram, as Prometheus computes them.
//!
//! Source: `BucketQuantile` of promql/quantile.go; held against what a real Prometheus answered.

/// Decreases of this part of a count are rounding, not a fault.
const TOLERANCE: f64 = 1e-12;

/// Returns the quantile `q` of cumulative buckets (upper bound, count), in any order.
///
/// `NaN` without observations, without the bucket `+Inf`, or with fewer than two buckets. A quantile
/// in the bucket `+Inf` is the highest finite bound: the truth is above it.
pub fn of_buckets(q: f64, buckets: &[(f64, f64)]) -> f64 {
    if q.is_nan() {
        return f64::NAN;
    }
    if q < 0.0 {
        return f64::NEG_INFINITY;
    }
    if q > 1.0 {
        return f64::INFINITY;
    }
    let buckets = ordered(buckets);
    let (Some(last), true) = (buckets.last(), buckets.len() >= 2) else { return f64::NAN };
    if last.0 != f64::INFINITY {
        return f64::NAN;
    }
    let total = last.1;
    if total == 0.0 || total.is_nan() {
        return f64::NAN;
    }
    let rank = q * total;
    let finite = buckets.len() - 1;
    let found = buckets[..finite].iter().position(|(_, count)| *count >= rank).unwrap_or(finite);
    if found == finite {
        return buckets[finite - 1].0;
    }
    let (end, count) = buckets[found];
    if found == 0 {
        return if end <= 0.0 { end } else { end * (rank / count) };
    }
    let (start, below) = buckets[found - 1];
    start + (end - start) * ((rank - below) / (count - below))
}

/// Returns the bounds of the bucket that the quantile lies in: its resolution. `None` where the
/// quantile is no number.
pub fn bucket_of(q: f64, buckets: &[(f64, f64)]) -> Option<(f64, f64)> {
    let value = of_buckets(q, buckets);
    if !value.is_finite() {
        return None;
    }
    let buckets = ordered(buckets);
    let rank = q * buckets.last()?.1;
    let found = buckets.iter().position(|(_, count)| *count >= rank)?;
    let start = if found == 0 { 0.0 } else { buckets[found - 1].0 };
    Some((start, buckets[found].0))
}

/// Sorts by bound, joins equal bounds, and flattens counts that decrease.
fn ordered(buckets: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mut sorted = buckets.to_vec();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut joined: Vec<(f64, f64)> = Vec::with_capacity(sorted.len());
    for (bound, count) in sorted {
        match joined.last_mut() {
            #[expect(clippy::float_cmp, reason = "the same bound written alike")]
            Some(last) if last.0 == bound => last.1 += count,
            _ => joined.push((bound, count)),
        }
    }
    let mut highest = joined.first().map_or(0.0, |(_, count)| *count);
    for (_, count) in &mut joined {
        let near = (*count - highest).abs() <= TOLERANCE * (count.abs() + highest.abs());
        if near || *count < highest {
            *count = highest;
        } else {
            highest = *count;
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    #![expect(clippy::float_cmp, reason = "these numbers are exact")]

    use super::*;

    const INF: f64 = f64::INFINITY;

    #[test]
    fn a_quantile_lies_on_a_line_between_its_buckets_bounds() {
        let buckets = [(1.0, 10.0), (2.0, 20.0), (INF, 20.0)];
        assert_eq!(of_buckets(0.75, &buckets), 1.5);
        assert_eq!(of_buckets(0.25, &buckets), 0.5);
        assert_eq!(bucket_of(0.75, &buckets), Some((1.0, 2.0)));
    }

    #[test]
    fn above_the_highest_bound_only_that_bound_is_known() {
        let buckets = [(1.0, 1.0), (INF, 10.0)];
        assert_eq!(of_buckets(0.95, &buckets), 1.0);
        assert_eq!(bucket_of(0.95, &buckets), Some((1.0, INF)));
    }

    #[test]
    fn nothing_is_known_of_no_observations_or_half_a_histogram() {
        assert!(of_buckets(0.5, &[(1.0, 0.0), (INF, 0.0)]).is_nan());
        assert!(of_buckets(0.5, &[(1.0, 3.0), (2.0, 4.0)]).is_nan());
        assert!(of_buckets(0.5, &[(INF, 4.0)]).is_nan());
        assert!(of_buckets(0.5, &[]).is_nan());
    }

    #[test]
    fn order_and_dips_change_nothing() {
        let straight = [(1.0, 10.0), (2.0, 10.0), (4.0, 20.0), (INF, 20.0)];
        let bent = [(INF, 20.0), (2.0, 9.0), (4.0, 20.0), (1.0, 10.0)];
        assert_eq!(of_buckets(0.9, &bent), of_buckets(0.9, &straight));
    }
}
