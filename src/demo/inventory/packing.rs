//! How many boxes a quantity fills.

/// An article that cannot be packed.
#[derive(Debug, thiserror::Error)]
#[error("cannot pack {sku} into boxes")]
pub(super) struct PackingError {
    sku: String,
    source: DivisionByZero,
}

#[derive(Debug, thiserror::Error)]
#[error("attempt to divide {dividend} by zero: units_per_box is 0")]
struct DivisionByZero {
    dividend: u32,
}

/// Returns how many boxes `quantity` units need, the last one perhaps not full.
pub(super) fn boxes_for(sku: &str, quantity: u32, units_per_box: u32) -> Result<u32, PackingError> {
    divided_up(quantity, units_per_box)
        .map_err(|source| PackingError { sku: sku.to_owned(), source })
}

fn divided_up(dividend: u32, divisor: u32) -> Result<u32, DivisionByZero> {
    if divisor == 0 {
        return Err(DivisionByZero { dividend });
    }
    Ok(dividend.div_ceil(divisor))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::error_chain;

    #[test]
    fn a_box_that_is_not_full_counts() {
        assert_eq!(boxes_for("SKU-1", 7, 6).unwrap(), 2);
    }

    #[test]
    fn an_article_without_units_per_box_cannot_be_packed() {
        assert_eq!(
            error_chain::text(&boxes_for("SKU-9", 7, 0).unwrap_err()),
            "PackingError: cannot pack SKU-9 into boxes\n\
             caused by: DivisionByZero: attempt to divide 7 by zero: units_per_box is 0"
        );
    }
}
