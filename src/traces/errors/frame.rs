//! The application's own frame in a stack trace of Python, Java, JavaScript, Go, .NET or Rust.

use serde::Serialize;

/// A place in a program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Frame {
    /// The file as the trace names it.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
    /// The function; empty when the trace does not say.
    pub function: String,
}

/// Parts of paths and names that belong to a library or a runtime.
const FOREIGN: [&str; 28] = [
    "site-packages/",
    "dist-packages/",
    "lib/python",
    "<frozen ",
    "node_modules/",
    "node:",
    "internal/",
    ".cargo/registry/",
    "/rustc/",
    "library/std/",
    "library/core/",
    "/go/pkg/mod/",
    "/go/src/",
    "/vendor/",
    "java.",
    "javax.",
    "jdk.",
    "sun.",
    "jakarta.",
    "kotlin.",
    "scala.",
    "org.springframework.",
    "org.apache.",
    "org.hibernate.",
    "com.zaxxer.",
    "io.netty.",
    "System.",
    "Microsoft.",
];

/// Returns the frame of the application's own code that is nearest to where the exception was thrown;
/// `None` when there is none, or the trace is in no known form.
///
/// Of a chain of exceptions it is the last one's that has such a frame in Python, which writes the
/// cause first, and the first one's elsewhere. Cost: one pass over the text.
pub(super) fn of_application(stacktrace: &str) -> Option<Frame> {
    let lines: Vec<&str> = stacktrace.lines().map(str::trim).collect();
    let mut frames = lines.iter().enumerate().filter_map(|(at, line)| {
        let before = at.checked_sub(1).map_or("", |before| lines[before]);
        read(line, before).filter(is_own)
    });
    if lines.iter().any(|line| line.starts_with("File \"")) {
        frames.next_back()
    } else {
        frames.next()
    }
}

fn is_own(frame: &Frame) -> bool {
    let foreign = |part: &&str| {
        // Paths hold a foreign folder anywhere, names of packages begin with it.
        if part.ends_with('.') {
            frame.function.starts_with(*part)
        } else {
            frame.file.contains(*part)
        }
    };
    !FOREIGN.iter().any(foreign)
}

fn read(line: &str, before: &str) -> Option<Frame> {
    if let Some(rest) = line.strip_prefix("File \"") {
        return python(rest);
    }
    if let Some(rest) = line.strip_prefix("at ") {
        return in_brackets(rest).or_else(|| dotnet(rest)).or_else(|| {
            // Rust writes the function on the line above, numbered; JavaScript may have none.
            let function = before.split_once(": ").filter(|(number, _)| is_number(number));
            place(rest, function.map_or("", |(_, function)| function))
        });
    }
    // Go: the function's call, then the place with the offset of the instruction.
    let (rest, _) = line.split_once(" +0x").unwrap_or((line, ""));
    let function = before.rsplit_once('(').map(|(function, _)| function);
    function.filter(|_| rest.contains(".go:")).and_then(|function| place(rest, function))
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// `app.py", line 12, in charge`
fn python(rest: &str) -> Option<Frame> {
    let (file, rest) = rest.split_once("\", line ")?;
    let (line, function) = rest.split_once(", in ").unwrap_or((rest, ""));
    frame(file, line, function)
}

/// `shop.Orders.take(Orders.java:12)`, `take (/srv/orders.js:12:5)`
fn in_brackets(rest: &str) -> Option<Frame> {
    let (function, rest) = rest.strip_suffix(')')?.rsplit_once('(')?;
    place(rest, function.trim())
}

/// `Shop.Orders.Take() in /srv/Orders.cs:line 12`
fn dotnet(rest: &str) -> Option<Frame> {
    let (function, rest) = rest.split_once(" in ")?;
    let (file, line) = rest.rsplit_once(":line ")?;
    frame(file, line, function)
}

/// `file:line` or `file:line:column`
fn place(text: &str, function: &str) -> Option<Frame> {
    let (head, last) = text.rsplit_once(':')?;
    if !head.contains(['.', '/']) {
        return None;
    }
    match head.rsplit_once(':') {
        Some((file, line)) if is_number(line) && is_number(last) => frame(file, line, function),
        _ => frame(head, last, function),
    }
}

fn frame(file: &str, line: &str, function: &str) -> Option<Frame> {
    let (file, function) = (file.to_owned(), function.to_owned());
    Some(Frame { file, line: line.parse().ok()?, function }).filter(|frame| !frame.file.is_empty())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(stacktrace: &str) -> Option<String> {
        let frame = of_application(stacktrace)?;
        Some(format!("{}:{} {}", frame.file, frame.line, frame.function))
    }

    #[test]
    fn it_is_the_innermost_frame_that_is_no_librarys() {
        for (stacktrace, expected) in [
            (
                "Traceback (most recent call last):\n  File \"/srv/app.py\", line 9, in take\n    pay()\n  \
                 File \"/srv/pay.py\", line 12, in charge\n    post()\n  \
                 File \"/usr/lib/python3.11/site-packages/httpx/_api.py\", line 5, in post\nhttpx.ReadTimeout",
                "/srv/pay.py:12 charge",
            ),
            (
                "shop.PayError: no\n\tat java.base/java.lang.Thread.run(Thread.java:1583)\n\t\
                 at org.springframework.web.Servlet.service(Servlet.java:9)\n\t\
                 at shop.Orders.take(Orders.java:12)\n\tat shop.Main.main(Main.java:3)",
                "Orders.java:12 shop.Orders.take",
            ),
            (
                "Error: no\n    at Socket.<anonymous> (node:net:3:2)\n    \
                 at take (/srv/orders.js:12:5)\n    at /srv/main.js:3:1",
                "/srv/orders.js:12 take",
            ),
            ("Error: no\n    at /srv/main.js:3:1", "/srv/main.js:3 "),
            (
                "goroutine 1 [running]:\nruntime/debug.Stack()\n\t/usr/local/go/src/runtime/debug/stack.go:26 +0x5e\n\
                 main.take(...)\n\t/srv/orders.go:12 +0x1d",
                "/srv/orders.go:12 main.take",
            ),
            (
                "no\n   at System.Net.Http.Send() in /_/Http.cs:line 3\n   at Shop.Orders.Take() in /srv/Orders.cs:line 12",
                "/srv/Orders.cs:12 Shop.Orders.Take()",
            ),
            (
                "   4: core::panicking::panic\n             at /rustc/1a2b/library/core/src/panicking.rs:75:14\n   \
                 5: shop::orders::take\n             at ./src/orders.rs:12:5",
                "./src/orders.rs:12 shop::orders::take",
            ),
        ] {
            assert_eq!(shown(stacktrace).as_deref(), Some(expected));
        }
    }

    #[test]
    fn a_trace_of_libraries_alone_or_in_no_known_form_has_none() {
        let library = "  File \"/usr/lib/python3.11/site-packages/httpx/_api.py\", line 5, in post";
        for text in [library, "", "it broke at noon", "at 12:30", "File \"x\", line many, in y"] {
            assert_eq!(shown(text), None, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_to_its_end(text in "([ \t]*(File \"|at |, line |[a-z(:.)]|é|[0-9]{1,12}|\n)){0,40}") {
            if let Some(frame) = of_application(&text) {
                prop_assert!(text.contains(&frame.file) && text.contains(&frame.function));
            }
        }
    }
}
