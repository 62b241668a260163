use proptest::prelude::*;

use super::*;

const PG: &[&str] = &["postgres", "postgresql"];

fn read(text: &str) -> Address {
    Address::read(text, PG, Some(5432)).unwrap()
}

#[test]
fn every_part_of_a_url_is_read_and_decoded() {
    let address =
        read("postgresql+psycopg://ada:p%40ss@db.internal:6432/orders?sslmode=disable&x=1");
    assert_eq!(address.scheme, "postgresql");
    assert_eq!((address.host.as_str(), address.port), ("db.internal", 6432));
    assert_eq!(address.user.as_deref(), Some("ada"));
    assert_eq!(address.password.as_ref().unwrap().expose(), "p@ss");
    assert_eq!(address.path, "orders");
    assert_eq!(address.parameter(&["x"]), Some("1"));
    assert_eq!(address.tls, Tls::Off);
}

#[test]
fn a_password_that_nobody_encoded_is_read_too() {
    for password in ["p@ss#w?rd", "a/b", "a?b", "#", "@"] {
        let address = read(&format!("postgres://ada:{password}@db/orders"));
        assert_eq!(address.password.as_ref().unwrap().expose(), password);
        assert_eq!((address.host.as_str(), address.path.as_str()), ("db", "orders"));
    }
    let address = read("postgres://ada:pw@db/orders?mail=a@b");
    assert_eq!((address.host.as_str(), address.parameter(&["mail"])), ("db", Some("a@b")));
    assert_eq!(read("postgres://db/orders?mail=a@b").host, "db");
}

#[test]
fn what_may_be_a_password_is_neither_shown_nor_looked_up() {
    for text in [
        "postgres://app:12/34@127.0.0.1:15999/orders",
        "postgres://ada:p@ss/w#r:d?%41@127.0.0.1:15999/orders",
        "postgres://db/orders@x?a=b",
        "postgres://app:12?34@db/orders",
    ] {
        let error = Address::read(text, PG, Some(5432)).unwrap_err();
        assert!(
            error.contains("%2F") && !error.contains("34@") && !error.contains("ss/w"),
            "{error}"
        );
    }
}

#[test]
fn a_host_and_a_port_suffice() {
    let address = read("[::1]:5433");
    assert_eq!((address.host.as_str(), address.port), ("::1", 5433));
    assert_eq!(address.to_string(), "postgres://[::1]:5433");
    assert_eq!(read("db").to_string(), "postgres://db:5432");
}

#[test]
fn what_is_shown_has_no_secret() {
    let address = read("postgres://ada:hunter2@db/orders?sslpassword=hunter2");
    assert_eq!(address.to_string(), "postgres://db:5432/orders");
    assert!(!format!("{:?}", address.password).contains("hunter2"));
    for text in
        ["postgres://u:hunter2@db:hunter2", "hunter2://x", "postgres://[u:hunter2", "a\u{7}hunter2"]
    {
        let error = Address::read(text, PG, None).unwrap_err();
        assert!(!error.contains("hunter2"), "{error}");
    }
}

#[test]
fn several_hosts_are_kept() {
    let address = read("postgres://a:1,b,c:3/x");
    assert_eq!((address.host.as_str(), address.port), ("a", 1));
    assert_eq!(address.others, [("b".to_owned(), 5432), ("c".to_owned(), 3)]);
}

#[test]
fn a_socket_of_the_system_is_a_host() {
    assert_eq!(read("postgres:///orders?host=/run/postgresql").host, "/run/postgresql");
    let redis = Address::read("redis+socket:///run/redis.sock", &["redis"], Some(6379)).unwrap();
    assert_eq!((redis.host.as_str(), redis.path.as_str()), ("/run/redis.sock", ""));
}

#[test]
fn tls_is_what_drivers_take_it_for() {
    let tls = |text: &str| {
        Address::read(text, &["postgres", "mysql", "redis", "rediss"], None).map(|it| it.tls)
    };
    assert_eq!(tls("postgres://db?sslmode=prefer"), Ok(Tls::Prefer));
    assert_eq!(tls("postgres://db?sslmode=require"), Ok(Tls::Unverified));
    assert_eq!(tls("postgres://db?sslmode=verify-full"), Ok(Tls::Verified));
    assert_eq!(tls("postgres://db?sslmode=verify-ca"), Ok(Tls::Chain));
    assert_eq!(tls("postgres://db?sslmode=require&sslrootcert=/ca.pem"), Ok(Tls::Chain));
    assert_eq!(tls("postgres://db?sslmode=require&sslrootcert=system"), Ok(Tls::Verified));
    assert_eq!(tls("mysql://db?ssl-mode=VERIFY_CA&ssl-ca=/ca.pem"), Ok(Tls::Chain));
    assert_eq!(tls("rediss://db"), Ok(Tls::Verified));
    assert_eq!(tls("rediss://db?ssl_cert_reqs=none"), Ok(Tls::Unverified));
    assert_eq!(tls("redis://db"), Ok(Tls::Off));
    assert!(tls("postgres://db?sslmode=maybe").is_err());
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,60}") {
        drop(Address::read(&text, PG, Some(1)));
        drop(Address::read(&format!("postgres://{text}"), PG, None));
    }

    #[test]
    fn a_login_never_shows_its_password(password in "[a-z0-9%#?@:]{6,20}") {
        let text = format!("postgres://u:secret-{password}@db/x");
        match Address::read(&text, PG, None) {
            Ok(address) => prop_assert!(!address.to_string().contains("secret-")),
            Err(error) => prop_assert!(!error.contains("secret-")),
        }
    }
}
