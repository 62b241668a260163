//! The applications by name.

/// One of the two applications.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// Takes orders; calls [`Service::Inventory`] for each.
    OrdersApi,
    /// Knows the stock and reserves it.
    Inventory,
}

impl Service {
    /// Every application, in the order in which they must start.
    pub const ALL: [Self; 2] = [Self::Inventory, Self::OrdersApi];

    /// Returns the name: `service` in log lines, `service.name` in spans, a tag in error events.
    pub fn name(self) -> &'static str {
        match self {
            Self::OrdersApi => "orders-api",
            Self::Inventory => "inventory",
        }
    }

    /// Returns the application of that name, or `None` for any other text.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|service| service.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_service_is_found_by_its_own_name() {
        for service in Service::ALL {
            assert_eq!(Service::from_name(service.name()), Some(service));
        }
        assert_eq!(Service::from_name("billing"), None);
    }
}
