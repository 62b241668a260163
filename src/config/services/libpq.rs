//! PostgreSQL's own variables, which psql and every driver on libpq read, as one address.
//!
//! Source: section 34.15 of PostgreSQL's manual. `localhost` is asked where no host is named, and TLS is
//! taken where the server has it, as libpq does.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::ServiceVariable;
use crate::config::Environment;

/// Returns the service that they name; `None` where neither a host nor a database is set.
pub(super) fn service(environment: &Environment) -> Option<ServiceVariable> {
    let get = |name: &'static str| environment.get_nonempty(name).map(str::trim);
    let variable = ["PGHOST", "PGDATABASE"].into_iter().find(|name| get(name).is_some())?;
    let value =
        |name: &'static str| Some(utf8_percent_encode(get(name)?, NON_ALPHANUMERIC).to_string());
    let is_socket = get("PGHOST").is_some_and(|host| host.starts_with('/'));
    let hosts = hosts(get("PGHOST").unwrap_or("localhost"), get("PGPORT"));
    Some(ServiceVariable {
        variable,
        id: "postgres",
        kind: None,
        observability: false,
        value: address(&hosts, is_socket, value),
        // In a file too it stands for all of them.
        written: format!("${{{variable}}}"),
    })
}

/// Joins the lists of hosts and ports; one port is that of all hosts.
fn hosts(hosts: &str, ports: Option<&str>) -> String {
    let ports: Vec<&str> = ports.map(|ports| ports.split(',').collect()).unwrap_or_default();
    let one = |(place, host): (usize, &str)| {
        let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
        let port = ports.get(place).or(ports.last()).filter(|port| !port.is_empty());
        port.map_or_else(|| host.clone(), |port| format!("{host}:{port}"))
    };
    hosts.split(',').enumerate().map(one).collect::<Vec<_>>().join(",")
}

fn address(hosts: &str, is_socket: bool, part: impl Fn(&'static str) -> Option<String>) -> String {
    let port = part("PGPORT").map_or_else(String::new, |port| format!(":{port}"));
    let hosts = if is_socket { &port } else { hosts };
    let socket = part("PGHOST").filter(|_| is_socket).map(|folder| ("host", folder));
    let login = match (part("PGUSER"), part("PGPASSWORD")) {
        (None, None) => String::new(),
        (user, None) => format!("{}@", user.unwrap_or_default()),
        (user, Some(password)) => format!("{}:{password}@", user.unwrap_or_default()),
    };
    let mode = part("PGSSLMODE").unwrap_or_else(|| "prefer".to_owned());
    let authorities = part("PGSSLROOTCERT").map(|file| ("sslrootcert", file));
    let parameters = socket.into_iter().chain([("sslmode", mode)]).chain(authorities);
    let parameters: Vec<String> =
        parameters.map(|(name, value)| format!("{name}={value}")).collect();
    let database = part("PGDATABASE").unwrap_or_default();
    format!("postgres://{login}{hosts}/{database}?{}", parameters.join("&"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(pairs: &[(&'static str, &str)]) -> (String, String) {
        let service = service(&Environment::from_pairs(pairs)).unwrap();
        (service.value, service.written)
    }

    #[test]
    fn they_are_one_address_and_the_file_names_them() {
        let (value, written) = named(&[
            ("PGHOST", "db.internal"),
            ("PGPORT", "5433"),
            ("PGUSER", "ada"),
            ("PGPASSWORD", "p@ss/word"),
            ("PGDATABASE", "orders"),
            ("PGSSLMODE", "verify-full"),
        ]);
        assert_eq!(
            value,
            "postgres://ada:p%40ss%2Fword@db.internal:5433/orders?sslmode=verify%2Dfull"
        );
        assert_eq!(written, "${PGHOST}");
    }

    #[test]
    fn what_is_not_set_is_as_libpq_has_it() {
        let (value, written) = named(&[("PGDATABASE", "orders")]);
        assert_eq!(value, "postgres://localhost/orders?sslmode=prefer");
        assert_eq!(written, "${PGDATABASE}");
        let lists = named(&[("PGHOST", "a,::1"), ("PGPORT", "1,2")]).0;
        assert_eq!(lists, "postgres://a:1,[::1]:2/?sslmode=prefer");
        assert_eq!(service(&Environment::from_pairs(&[("PGUSER", "ada")])), None);
    }

    #[test]
    fn a_folder_is_that_of_a_socket() {
        let (value, written) = named(&[("PGHOST", "/run/pg"), ("PGPORT", "5433")]);
        assert_eq!(value, "postgres://:5433/?host=%2Frun%2Fpg&sslmode=prefer");
        assert_eq!(written, "${PGHOST}");
    }
}
