//! The services of a compose file: names, images, published ports.
//!
//! Not YAML: the block style that compose files are written in, line by line. What is written
//! otherwise is passed over, and a file without any service that was understood says so.

/// One service, as far as it was understood.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Service {
    pub(super) name: String,
    /// `postgres:16`, without a registry; empty where it is built.
    pub(super) image: String,
    /// Host port and container port.
    pub(super) ports: Vec<(u16, u16)>,
}

/// Reads the services of a compose file.
pub(super) fn read(text: &str) -> Vec<Service> {
    let mut services: Vec<Service> = Vec::new();
    let mut inside = false;
    let mut level: Option<usize> = None;
    let mut key = String::new();
    for line in text.lines().map(|line| line.split(" #").next().unwrap_or(line).trim_end()) {
        let content = line.trim_start_matches(' ');
        let indent = line.len() - content.len();
        if content.is_empty() || content.starts_with('#') {
            continue;
        }
        if indent == 0 {
            inside = content == "services:";
            level = None;
            continue;
        }
        if !inside {
            continue;
        }
        let names = *level.get_or_insert(indent);
        if indent == names {
            let name = content.trim_end_matches(':').trim_matches(['"', '\'']);
            services.push(Service { name: name.to_owned(), ..Service::default() });
            key.clear();
            continue;
        }
        let Some(service) = services.last_mut() else { continue };
        if let Some(item) = content.strip_prefix("- ") {
            if key == "ports" {
                service.ports.extend(port(item));
            }
        } else if let Some((name, value)) = content.split_once(':') {
            name.clone_into(&mut key);
            if name == "image" {
                let image = value.trim().trim_matches(['"', '\'']);
                image.rsplit('/').next().unwrap_or(image).clone_into(&mut service.image);
            }
        }
    }
    services
}

/// Reads `5432:5432`, `127.0.0.1:5433:5432/tcp`; what has a variable or a range in it is passed over.
fn port(item: &str) -> Option<(u16, u16)> {
    let item = item.trim().trim_matches(['"', '\'']);
    let item = item.split('/').next().unwrap_or(item);
    let mut parts = item.rsplit(':');
    let container = parts.next()?.parse().ok()?;
    let host = parts.next()?.parse().ok()?;
    Some((host, container))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn services_images_and_ports_are_read() {
        let text = "version: '3'\nservices:\n  db:\n    image: docker.io/library/postgres:16 # main\n    ports:\n      - \"127.0.0.1:5433:5432/tcp\"\n      - ${PORT}:1\n    environment:\n      - A=5:6\n\n  web:\n    build: .\n    ports: \n      - 8000:8000\nvolumes:\n  data:\n";
        let services = read(text);
        let shown: Vec<_> = services
            .iter()
            .map(|one| (one.name.as_str(), one.image.as_str(), one.ports.clone()))
            .collect();
        assert_eq!(
            shown,
            [("db", "postgres:16", vec![(5433, 5432)]), ("web", "", vec![(8000, 8000)])]
        );
    }

    proptest! {
        #[test]
        fn no_text_breaks_it(text in "[ a-z:\"'#\\-\\n0-9/$éß]{0,200}") {
            read(&format!("services:\n{text}"));
        }
    }
}
