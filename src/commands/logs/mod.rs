//! `obs logs`: what did it say?
//!
//! Here: the arguments, and which of the three ways is taken. `files` has files and standard input
//! read, by `reading`, without any runtime: those that `expand` finds under what was named, with
//! their older parts, `several` at once. `inputs` opens them whatever they are compressed with, `follow` keeps reading
//! them, `backend` asks where telemetry is stored; what they find goes to `answer`.

mod answer;
mod backend;
mod expand;
mod file_source;
mod files;
mod follow;
mod index;
mod inputs;
mod lookup;
mod plan;
mod reading;
mod several;

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, Subcommand};
use clap_complete::ArgValueCandidates;
use regex::Regex;

use crate::completion::recent_ids;
use crate::config::Origin;
use crate::context::{Context, read_id};
use crate::error::{Error, Outcome, Result};
use crate::logs::{Condition, LogFilter};
use crate::model::Severity;
use crate::render::{Columns, Format};

/// Arguments of `obs logs`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, disable_help_subcommand = true)]
#[command(after_help = "\
Examples:
  obs logs app.log --request-id 018f3c1e-9b7a-7c44-8d21-5a0b6f4e2d12
  obs logs app.log worker.log --level error --since 15m
  obs logs /var/log/app               every file in it; app.log, app.log.1, app.log.2.gz as one
  kubectl logs deploy/api | obs logs --grep 'timed? ?out'
  obs logs app.log --where 'status >= 500 and path ~ \"^/api\" and not user.id = 7'
  obs logs --level warn -f            what the running backend receives
  obs logs app.log --fields time,status,path -o csv
  obs logs app.log --level error --group
  obs logs app.log --since 1h --stats status
  obs logs app.log --level error -C 3 what else their requests said
  obs logs app.log --hide user,http --reverse -n 20
  obs logs app.log -o raw             the lines as they were written

Without FILE it reads standard input when that is a pipe, else the files of obs.toml and every source
there, at once; without any it asks the running `obs serve` or `obs demo`. With --url or OBS_URL it asks
that backend alone. A source is a [[source]] of a kind: loki, grafana (a Loki behind it), victorialogs,
elasticsearch, opensearch; LOKI_ADDR is one too. Of what they give each line is judged again here, and a
note says what each was asked. Following one asks it again each second. In your own file, and in no repository's,
a source may be a program and its arguments, which is run without a shell, for 30 s at most:
  [[source]]
  kind = \"command\"
  command = [\"kubectl\", \"logs\", \"-l\", \"app=api\", \"--prefix\", \"--since=1h\"]
or [\"journalctl\", \"-o\", \"json\", \"-u\", \"api\", \"-n\", \"50000\"], [\"docker\", \"logs\", \"api\"]. What it prints is read, not its
errors; when it fails the answer is in part: exit code 3.

With -r the lines that have no request id, only the trace of that request, are shown too, when one of its
lines names both: files are then read twice. Pipes are read once and tell the trace; -f shows such lines from
where the trace is known on.

Ids of 16 characters and more are looked up in a large file by its index, which is kept in the cache
folder: obs logs index --help. A file that is called index is ./index.

--where takes comparisons, joined by and, or, not and parentheses:
  FIELD = VALUE   also != < <= > >=   numbers with units: took > 500ms, size >= 2MiB
  FIELD ~ REGEX   also !~             level >= warn, time > 15m: by what they mean
  FIELD in (VALUE, ..)                exists(FIELD); FIELD = null where it is not there
FIELD is time, level, service, message, logger, request_id, trace_id, span_id, exception, source, line
or a name in the line, nested ones joined by dots, odd ones in quotes. != and !~ hold for a record that
lacks the field, no other comparison does. A traceback in lines below a record is its exception. Access logs have
client, user, method, path, status, size, referer and user_agent. A time without a year (old syslog, klog) has that
of the last writing to its file; in a pipe and with -f it is none.

In a file of 32 MiB or more, --since and --until are looked up: it is assumed that lines whose times are
out of order are so by a minute at most, or stand within 4 MiB. A file that shows otherwise where it is
looked at, or has no times, is read whole, as is one that is compressed.")]
pub struct LogsArgs {
    /// Files to read, with the older parts of rotated ones; folders, patterns ('logs/*.log'); - is standard input
    #[arg(value_name = "FILE")]
    files: Vec<OsString>,
    /// Leave out the older parts of rotated logs (app.log.1, app.log-20261121.gz)
    #[arg(long)]
    no_rotated: bool,
    /// Only lines of this request: its id in any form, as request id or trace id
    #[arg(short, long, value_name = "ID", add = ArgValueCandidates::new(recent_ids))]
    request_id: Option<String>,
    /// Only lines at least this bad: trace, debug, info, warn, error, fatal
    #[arg(short, long, value_name = "LEVEL")]
    level: Option<String>,
    /// Only lines since then: 15m, 06:30, 2026-11-22T06:30:00Z, "last deploy" (of obs.toml)
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Only lines until then
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// Only lines that match this regular expression
    #[arg(short, long, value_name = "REGEX")]
    grep: Option<String>,
    /// Only lines of this service; a line that names none is of what its file is called: inventory.log
    #[arg(long, value_name = "NAME")]
    service: Option<String>,
    /// Only lines for which this holds: 'status >= 500 and not user.id = 7' (see below)
    #[arg(long = "where", value_name = "EXPRESSION")]
    condition: Option<String>,
    /// With --request-id, on files: also lines that hold the id anywhere, as in a message
    #[arg(long, requires = "request_id")]
    anywhere: bool,
    /// Keep showing what is appended
    #[arg(short, long)]
    follow: bool,
    /// Show at most the last N lines [default: all of files, 10 before -f; 1000 of a backend, which gives 100000 at most]
    #[arg(short = 'n', long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    limit: Option<u32>,
    /// Show long values and ids whole
    #[arg(long)]
    full: bool,
    /// Show only these, in this order: time,level,status,user.id (human, csv, md, logfmt)
    #[arg(long, value_name = "NAME,..", value_delimiter = ',', conflicts_with = "hide")]
    fields: Vec<String>,
    /// Show all but these and what is nested in them (human, csv, md, logfmt)
    #[arg(long, value_name = "NAME,..", value_delimiter = ',')]
    hide: Vec<String>,
    /// Show the newest line first
    #[arg(long, conflicts_with = "follow")]
    reverse: bool,
    /// Count lines by what they say, numbers, ids and quoted texts left out, the most frequent first
    #[arg(long, conflicts_with_all = ["follow", "reverse", "fields", "hide", "full"])]
    group: bool,
    /// Read files whole, whatever their indexes say
    #[arg(long, requires = "request_id", conflicts_with = "follow")]
    no_index: bool,
    /// Say on standard error which files are read whole and which by an index, and how much of them
    #[arg(long, conflicts_with = "follow")]
    explain: bool,
    /// Count the values of this field, with percentiles of numbers and a histogram over time
    #[arg(long, value_name = "FIELD", conflicts_with_all = ["follow", "reverse", "fields", "hide", "group"])]
    stats: Option<String>,
    /// Also the N records before and after each match: of its request (trace) where it names one, else of its file
    ///
    /// Files and standard input only. They are looked for among 10000 records and 8 MiB on either side; `--` marks
    /// what is left out between them.
    #[arg(short = 'C', long, value_name = "N", conflicts_with_all = ["follow", "group", "stats", "limit"],
        value_parser = clap::value_parser!(u16).range(1..=1000))]
    context: Option<u16>,
    #[command(subcommand)]
    command: Option<LogsCommand>,
}

#[derive(Debug, Subcommand)]
enum LogsCommand {
    /// Make the indexes of files, by which ids are looked up in them
    Index(index::IndexArgs),
}

/// What is asked for, understood.
#[derive(Clone)]
struct Request {
    filter: LogFilter,
    limit: Option<u32>,
    full: bool,
    follow: bool,
    columns: Columns,
    reverse: bool,
    group: bool,
    use_index: bool,
    explain: bool,
    stats: Option<String>,
    /// How many neighbours of a match are shown with it, on either side.
    neighbours: Option<usize>,
}

/// Where lines come from.
enum Input {
    Stdin,
    Files(Vec<PathBuf>),
    /// Backends, and the files that are configured beside them.
    Backend(Vec<PathBuf>),
}

/// Shows the lines that are asked for.
pub fn run(args: LogsArgs, context: &mut Context) -> Result<Outcome> {
    if let Some(LogsCommand::Index(args)) = &args.command {
        return index::run(args, context);
    }
    context.output.only_of_logs()?;
    if args.follow && context.output.is_json() {
        return Err(Error::usage("one JSON document cannot be followed")
            .hint("one document a line can: obs logs -f -o jsonl"));
    }
    if args.group {
        context.output.only_human_or_json("logs --group")?;
    }
    if args.stats.is_some() {
        context.output.only_human_or_json("logs --stats")?;
    }
    let request = understand(&args, context)?;
    let with_older = !args.no_rotated;
    let input = choose(args.files, context)?;
    match input {
        Input::Stdin if request.explain => context.output.note("standard input is read whole"),
        Input::Backend(_) if request.explain => {
            context
                .output
                .note("no file is looked up: a backend is asked, which has indexes of its own");
        }
        _ => {}
    }
    match input {
        Input::Stdin => files::from_stdin(&request, context),
        Input::Files(files) if request.follow => follow::files(&files, &request, context),
        Input::Files(files) => {
            files::from_files(expand::expand(&files, with_older), &request, context)
        }
        Input::Backend(files) => {
            backend::run(expand::expand(&files, with_older), &request, context)
        }
    }
}

fn understand(args: &LogsArgs, context: &mut Context) -> Result<Request> {
    let mut moment = |flag, text: &Option<String>| {
        text.as_deref().map(|text| context.moment(flag, text)).transpose()
    };
    let (since, until) = (moment("--since", &args.since)?, moment("--until", &args.until)?);
    let filter = LogFilter {
        correlation: args.request_id.as_deref().map(read_id).transpose()?,
        traces: Vec::new(),
        level: args.level.as_deref().map(level).transpose()?,
        since,
        until,
        grep: args.grep.as_deref().map(regex).transpose()?,
        service: args.service.clone(),
        anywhere: args.anywhere,
        condition: args.condition.as_deref().map(|text| condition(text, context)).transpose()?,
    };
    if let (Some(since), Some(until)) = (filter.since, filter.until)
        && since > until
    {
        return Err(Error::usage(format!("--since {since} is after --until {until}")));
    }
    Ok(Request {
        filter,
        limit: args.limit,
        full: args.full,
        follow: args.follow,
        columns: columns(args, context)?,
        reverse: args.reverse,
        group: args.group,
        use_index: !args.no_index,
        explain: args.explain,
        neighbours: args.context.map(usize::from),
        stats: args.stats.as_deref().map(stats_field).transpose()?,
    })
}

/// Reads `--fields` and `--hide`, and refuses them where a record is always whole.
fn columns(args: &LogsArgs, context: &Context) -> Result<Columns> {
    let named = |names: &[String]| -> Vec<String> {
        let names = names.iter().map(|name| name.trim().to_owned());
        names.filter(|name| !name.is_empty()).collect()
    };
    let columns = Columns { only: named(&args.fields), hidden: named(&args.hide) };
    let flag = if args.fields.is_empty() { "--hide" } else { "--fields" };
    let format = context.output.format();
    if !columns.is_all() && matches!(format, Format::Json | Format::Jsonl | Format::Raw) {
        return Err(Error::usage(format!("{flag} is for human, csv, md and logfmt"))
            .hint("as JSON a record is whole: obs logs -o jsonl | jq"));
    }
    let fixed = |name: &&String| *name == "time" || *name == "level";
    if let Some(name) = columns.hidden.iter().find(fixed).filter(|_| format == Format::Human) {
        return Err(Error::usage(format!("a line always has its {name}"))
            .hint("choose what it has: --fields message,status"));
    }
    Ok(columns)
}

fn choose(files: Vec<OsString>, context: &mut Context) -> Result<Input> {
    if files.iter().any(|file| file == "-") {
        if files.len() > 1 {
            return Err(Error::usage("standard input cannot be read together with files"));
        }
        return Ok(Input::Stdin);
    }
    if !files.is_empty() {
        return Ok(Input::Files(files.into_iter().map(PathBuf::from).collect()));
    }
    if matches!(context.settings.url.origin, Origin::Flag(_) | Origin::Variable(_)) {
        return Ok(Input::Backend(Vec::new()));
    }
    if stdin_has_lines() {
        return Ok(Input::Stdin);
    }
    let configured = &context.settings.log_files;
    if !configured.value.is_empty() {
        let files = configured.value.clone();
        let note = format!("reading {} files ({})", files.len(), configured.origin);
        context.output.note(&note);
        let alone = !context.has_log_sources();
        return Ok(if alone { Input::Files(files) } else { Input::Backend(files) });
    }
    Ok(Input::Backend(Vec::new()))
}

/// Says whether standard input is a pipe, a socket or a file: not a terminal, not `/dev/null`.
#[cfg(unix)]
fn stdin_has_lines() -> bool {
    use std::os::unix::fs::FileTypeExt as _;
    std::fs::metadata("/dev/stdin").is_ok_and(|metadata| {
        let kind = metadata.file_type();
        kind.is_fifo() || kind.is_socket() || kind.is_file()
    })
}

#[cfg(not(unix))]
fn stdin_has_lines() -> bool {
    use std::io::IsTerminal as _;
    !std::io::stdin().is_terminal()
}

/// Reads the field of `--stats`.
fn stats_field(name: &str) -> Result<String> {
    match name.trim() {
        "" => {
            Err(Error::usage("--stats needs the name of a field").hint("obs logs --stats status"))
        }
        "time" => Err(Error::usage("hardly two records have one time")
            .hint("the histogram over time is part of all statistics: obs logs --stats level")),
        name => Ok(name.to_owned()),
    }
}

fn level(name: &str) -> Result<Severity> {
    Severity::from_name(name).ok_or_else(|| {
        Error::usage(format!("`{name}` is no level"))
            .hint("there are: trace, debug, info, warn, error, fatal")
    })
}

fn condition(text: &str, context: &Context) -> Result<Arc<Condition>> {
    Condition::parse(text, &context.now).map(Arc::new).map_err(|error| {
        Error::usage("--where cannot be understood")
            .because(error)
            .hint("for example: --where 'status >= 500 and path ~ \"^/api\"'")
    })
}

fn regex(pattern: &str) -> Result<Regex> {
    Regex::new(pattern).map_err(|error| {
        Error::usage("--grep is no regular expression")
            .because(error)
            .hint("for plain text put a backslash before each of . * + ? ( ) [ ] { } | ^ $")
    })
}
