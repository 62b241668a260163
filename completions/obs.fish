# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_obs_global_optspecs
    string join \n o/output= e/env= url= timeout= color= ascii utc show-secrets no-pager log-format= q/quiet h/help V/version
end

function __fish_obs_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_obs_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_obs_using_subcommand
    set -l cmd (__fish_obs_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c obs -n "__fish_obs_needs_command" -s o -l output -d 'How the answer is written; jsonl and raw are for logs alone' -r -f -a "human\t'For people: text, coloured on a terminal'
json\t'One JSON document'
jsonl\t'One JSON document a line (`logs`)'
raw\t'Lines as they were written, nothing masked (`logs`)'"
complete -c obs -n "__fish_obs_needs_command" -s e -l env -d 'The environment of the configuration to use' -r
complete -c obs -n "__fish_obs_needs_command" -l url -d 'The embedded backend to ask, as `http://HOST:PORT` [default: the running one, else the stored file]' -r
complete -c obs -n "__fish_obs_needs_command" -l timeout -d 'How long one request to a backend may take [default: 5s]' -r
complete -c obs -n "__fish_obs_needs_command" -l color -d 'When to use colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c obs -n "__fish_obs_needs_command" -l log-format -d 'How notes, warnings and what obs does are written to standard error: text, or JSON log lines' -r -f -a "text\t'For people'
json\t'As log lines, one JSON object each'"
complete -c obs -n "__fish_obs_needs_command" -l ascii -d 'Keep to ASCII symbols'
complete -c obs -n "__fish_obs_needs_command" -l utc -d 'Show times in UTC and not in the local zone'
complete -c obs -n "__fish_obs_needs_command" -l show-secrets -d 'Show secrets as they are'
complete -c obs -n "__fish_obs_needs_command" -l no-pager -d 'Do not use a pager'
complete -c obs -n "__fish_obs_needs_command" -s q -l quiet -d 'Leave out notes, and hints beside an answer'
complete -c obs -n "__fish_obs_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c obs -n "__fish_obs_needs_command" -s V -l version -d 'Print version'
complete -c obs -n "__fish_obs_needs_command" -f -a "check" -d 'Tell whether the application and what it stands on are healthy'
complete -c obs -n "__fish_obs_needs_command" -f -a "logs" -d 'Show log lines, by request, level, time or text'
complete -c obs -n "__fish_obs_needs_command" -f -a "trace" -d 'Show where a request\'s time went and where it failed'
complete -c obs -n "__fish_obs_needs_command" -f -a "issues" -d 'List errors, or show one'
complete -c obs -n "__fish_obs_needs_command" -f -a "errors" -d 'List recent failing requests, each with an id to follow'
complete -c obs -n "__fish_obs_needs_command" -f -a "request" -d 'Tell the story of one request: logs, spans and errors on one timeline'
complete -c obs -n "__fish_obs_needs_command" -f -a "runbook" -d 'Show what to do: read, search, whom to call, what an error means'
complete -c obs -n "__fish_obs_needs_command" -f -a "serve" -d 'Run the embedded backend: receives traces, logs and errors, answers the commands'
complete -c obs -n "__fish_obs_needs_command" -f -a "demo" -d 'Start the backend and a reference service, break it, and show what obs says'
complete -c obs -n "__fish_obs_needs_command" -f -a "config" -d 'Show every setting and where it comes from'
complete -c obs -n "__fish_obs_needs_command" -f -a "completions" -d 'Write the script by which a shell completes obs'
complete -c obs -n "__fish_obs_needs_command" -f -a "man" -d 'Write the manual pages'
complete -c obs -n "__fish_obs_needs_command" -f -a "demo-service" -d 'One of the reference service\'s processes'
complete -c obs -n "__fish_obs_using_subcommand check" -l skip -d 'Leave out checks of this id, group or kind; can be given several times' -r
complete -c obs -n "__fish_obs_using_subcommand check" -l wait -d 'Look again until all is well, at most that long' -r
complete -c obs -n "__fish_obs_using_subcommand check" -l deadline -d 'How long all checks together may take' -r
complete -c obs -n "__fish_obs_using_subcommand check" -l window -d 'The time between two scrapes of /metrics' -r
complete -c obs -n "__fish_obs_using_subcommand check" -l fail-on -d 'What counts as unhealthy' -r -f -a "fail\t'Only failures'
warn\t'Warnings too'"
complete -c obs -n "__fish_obs_using_subcommand check" -s o -l output -d 'How the answer is written; jsonl and raw are for logs alone' -r -f -a "human\t'For people: text, coloured on a terminal'
json\t'One JSON document'
jsonl\t'One JSON document a line (`logs`)'
raw\t'Lines as they were written, nothing masked (`logs`)'"
complete -c obs -n "__fish_obs_using_subcommand check" -s e -l env -d 'The environment of the configuration to use' -r
complete -c obs -n "__fish_obs_using_subcommand check" -l url -d 'The embedded backend to ask, as `http://HOST:PORT` [default: the running one, else the stored file]' -r
complete -c obs -n "__fish_obs_using_subcommand check" -l timeout -d 'How long one request to a backend may take [default: 5s]' -r
complete -c obs -n "__fish_obs_using_subcommand check" -l color -d 'When to use colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c obs -n "__fish_obs_using_subcommand check" -l log-format -d 'How notes, warnings and what obs does are written to standard error: text, or JSON log lines' -r -f -a "text\t'For people'
json\t'As log lines, one JSON object each'"
complete -c obs -n "__fish_obs_using_subcommand check" -l ascii -d 'Keep to ASCII symbols'
complete -c obs -n "__fish_obs_using_subcommand check" -l utc -d 'Show times in UTC and not in the local zone'
complete -c obs -n "__fish_obs_using_subcommand check" -l show-secrets -d 'Show secrets as they are'
complete -c obs -n "__fish_obs_using_subcommand check" -l no-pager -d 'Do not use a pager'
complete -c obs -n "__fish_obs_using_subcommand check" -s q -l quiet -d 'Leave out notes, and hints beside an answer'
complete -c obs -n "__fish_obs_using_subcommand check" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c obs -n "__fish_obs_using_subcommand logs" -s r -l request-id -d 'Only lines of this request: its id in any form, as request id or trace id' -r
complete -c obs -n "__fish_obs_using_subcommand logs" -s l -l level -d 'Only lines at least this bad: trace, debug, info, warn, error, fatal' -r
complete -c obs -n "__fish_obs_using_subcommand logs" -l since -d 'Only lines since then: 15m, 06:30, 2026-11-22T06:30:00Z' -r
complete -c obs -n "__fish_obs_using_subcommand logs" -l until -d 'Only lines until then' -r
complete -c obs -n "__fish_obs_using_subcommand logs" -s g -l grep -d 'Only lines that match this regular expression' -r
complete -c obs -n "__fish_obs_using_subcommand logs" -l service -d 'Only lines of this service' -r
complete -c obs -n "__fish_obs_using_subcommand logs" -s n -l limit -d 'Show at most the last N lines [default: all of files, 10 before -f; 1000 of a backend, which gives 100000 at most]' -r
complete -c obs -n "__fish_obs_using_subcommand logs" -s o -l output -d 'How the answer is written; jsonl and raw are for logs alone' -r -f -a "human\t'For people: text, coloured on a terminal'
json\t'One JSON document'
jsonl\t'One JSON document a line (`logs`)'
raw\t'Lines as they were written, nothing masked (`logs`)'"
complete -c obs -n "__fish_obs_using_subcommand logs" -s e -l env -d 'The environment of the configuration to use' -r
complete -c obs -n "__fish_obs_using_subcommand logs" -l url -d 'The embedded backend to ask, as `http://HOST:PORT` [default: the running one, else the stored file]' -r
complete -c obs -n "__fish_obs_using_subcommand logs" -l timeout -d 'How long one request to a backend may take [default: 5s]' -r
complete -c obs -n "__fish_obs_using_subcommand logs" -l color -d 'When to use colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c obs -n "__fish_obs_using_subcommand logs" -l log-format -d 'How notes, warnings and what obs does are written to standard error: text, or JSON log lines' -r -f -a "text\t'For people'
json\t'As log lines, one JSON object each'"
complete -c obs -n "__fish_obs_using_subcommand logs" -l anywhere -d 'With --request-id, on files: also lines that hold the id anywhere, as in a message'
complete -c obs -n "__fish_obs_using_subcommand logs" -s f -l follow -d 'Keep showing what is appended'
complete -c obs -n "__fish_obs_using_subcommand logs" -l full -d 'Show long values and ids whole'
complete -c obs -n "__fish_obs_using_subcommand logs" -l ascii -d 'Keep to ASCII symbols'
complete -c obs -n "__fish_obs_using_subcommand logs" -l utc -d 'Show times in UTC and not in the local zone'
complete -c obs -n "__fish_obs_using_subcommand logs" -l show-secrets -d 'Show secrets as they are'
complete -c obs -n "__fish_obs_using_subcommand logs" -l no-pager -d 'Do not use a pager'
complete -c obs -n "__fish_obs_using_subcommand logs" -s q -l quiet -d 'Leave out notes, and hints beside an answer'
complete -c obs -n "__fish_obs_using_subcommand logs" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c obs -n "__fish_obs_using_subcommand trace" -s o -l output -d 'How the answer is written; jsonl and raw are for logs alone' -r -f -a "human\t'For people: text, coloured on a terminal'
json\t'One JSON document'
jsonl\t'One JSON document a line (`logs`)'
raw\t'Lines as they were written, nothing masked (`logs`)'"
complete -c obs -n "__fish_obs_using_subcommand trace" -s e -l env -d 'The environment of the configuration to use' -r
complete -c obs -n "__fish_obs_using_subcommand trace" -l url -d 'The embedded backend to ask, as `http://HOST:PORT` [default: the running one, else the stored file]' -r
complete -c obs -n "__fish_obs_using_subcommand trace" -l timeout -d 'How long one request to a backend may take [default: 5s]' -r
complete -c obs -n "__fish_obs_using_subcommand trace" -l color -d 'When to use colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c obs -n "__fish_obs_using_subcommand trace" -l log-format -d 'How notes, warnings and what obs does are written to standard error: text, or JSON log lines' -r -f -a "text\t'For people'
json\t'As log lines, one JSON object each'"
complete -c obs -n "__fish_obs_using_subcommand trace" -l all -d 'Show every span: fold nothing, cut nothing'
complete -c obs -n "__fish_obs_using_subcommand trace" -l ascii -d 'Keep to ASCII symbols'
complete -c obs -n "__fish_obs_using_subcommand trace" -l utc -d 'Show times in UTC and not in the local zone'
complete -c obs -n "__fish_obs_using_subcommand trace" -l show-secrets -d 'Show secrets as they are'
complete -c obs -n "__fish_obs_using_subcommand trace" -l no-pager -d 'Do not use a pager'
complete -c obs -n "__fish_obs_using_subcommand trace" -s q -l quiet -d 'Leave out notes, and hints beside an answer'
complete -c obs -n "__fish_obs_using_subcommand trace" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c obs -n "__fish_obs_using_subcommand issues" -s r -l request-id -d 'Only errors of this request, with the very event of each' -r
complete -c obs -n "__fish_obs_using_subcommand issues" -l since -d 'Only errors last seen since then [default: 24h]' -r
complete -c obs -n "__fish_obs_using_subcommand issues" -l limit -d 'How many issues to list [default: 50]' -r
complete -c obs -n "__fish_obs_using_subcommand issues" -s o -l output -d 'How the answer is written; jsonl and raw are for logs alone' -r -f -a "human\t'For people: text, coloured on a terminal'
json\t'One JSON document'
jsonl\t'One JSON document a line (`logs`)'
raw\t'Lines as they were written, nothing masked (`logs`)'"
complete -c obs -n "__fish_obs_using_subcommand issues" -s e -l env -d 'The environment of the configuration to use' -r
complete -c obs -n "__fish_obs_using_subcommand issues" -l url -d 'The embedded backend to ask, as `http://HOST:PORT` [default: the running one, else the stored file]' -r
complete -c obs -n "__fish_obs_using_subcommand issues" -l timeout -d 'How long one request to a backend may take [default: 5s]' -r
complete -c obs -n "__fish_obs_using_subcommand issues" -l color -d 'When to use colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c obs -n "__fish_obs_using_subcommand issues" -l log-format -d 'How notes, warnings and what obs does are written to standard error: text, or JSON log lines' -r -f -a "text\t'For people'
json\t'As log lines, one JSON object each'"
complete -c obs -n "__fish_obs_using_subcommand issues" -l ascii -d 'Keep to ASCII symbols'
complete -c obs -n "__fish_obs_using_subcommand issues" -l utc -d 'Show times in UTC and not in the local zone'
complete -c obs -n "__fish_obs_using_subcommand issues" -l show-secrets -d 'Show secrets as they are'
complete -c obs -n "__fish_obs_using_subcommand issues" -l no-pager -d 'Do not use a pager'
complete -c obs -n "__fish_obs_using_subcommand issues" -s q -l quiet -d 'Leave out notes, and hints beside an answer'
complete -c obs -n "__fish_obs_using_subcommand issues" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c obs -n "__fish_obs_using_subcommand errors" -l since -d 'Only requests that failed since then [default: 1h]' -r
complete -c obs -n "__fish_obs_using_subcommand errors" -l limit -d 'How many groups to show [default: 20]' -r
complete -c obs -n "__fish_obs_using_subcommand errors" -s o -l output -d 'How the answer is written; jsonl and raw are for logs alone' -r -f -a "human\t'For people: text, coloured on a terminal'
json\t'One JSON document'
jsonl\t'One JSON document a line (`logs`)'
raw\t'Lines as they were written, nothing masked (`logs`)'"
complete -c obs -n "__fish_obs_using_subcommand errors" -s e -l env -d 'The environment of the configuration to use' -r
complete -c obs -n "__fish_obs_using_subcommand errors" -l url -d 'The embedded backend to ask, as `http://HOST:PORT` [default: the running one, else the stored file]' -r
complete -c obs -n "__fish_obs_using_subcommand errors" -l timeout -d 'How long one request to a backend may take [default: 5s]' -r
complete -c obs -n "__fish_obs_using_subcommand errors" -l color -d 'When to use colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c obs -n "__fish_obs_using_subcommand errors" -l log-format -d 'How notes, warnings and what obs does are written to standard error: text, or JSON log lines' -r -f -a "text\t'For people'
json\t'As log lines, one JSON object each'"
complete -c obs -n "__fish_obs_using_subcommand errors" -l ascii -d 'Keep to ASCII symbols'
complete -c obs -n "__fish_obs_using_subcommand errors" -l utc -d 'Show times in UTC and not in the local zone'
complete -c obs -n "__fish_obs_using_subcommand errors" -l show-secrets -d 'Show secrets as they are'
complete -c obs -n "__fish_obs_using_subcommand errors" -l no-pager -d 'Do not use a pager'
complete -c obs -n "__fish_obs_using_subcommand errors" -s q -l quiet -d 'Leave out notes, and hints beside an answer'
complete -c obs -n "__fish_obs_using_subcommand errors" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c obs -n "__fish_obs_using_subcommand request" -s o -l output -d 'How the answer is written; jsonl and raw are for logs alone' -r -f -a "human\t'For people: text, coloured on a terminal'
json\t'One JSON document'
jsonl\t'One JSON document a line (`logs`)'
raw\t'Lines as they were written, nothing masked (`logs`)'"
complete -c obs -n "__fish_obs_using_subcommand request" -s e -l env -d 'The environment of the configuration to use' -r
complete -c obs -n "__fish_obs_using_subcommand request" -l url -d 'The embedded backend to ask, as `http://HOST:PORT` [default: the running one, else the stored file]' -r
complete -c obs -n "__fish_obs_using_subcommand request" -l timeout -d 'How long one request to a backend may take [default: 5s]' -r
complete -c obs -n "__fish_obs_using_subcommand request" -l color -d 'When to use colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c obs -n "__fish_obs_using_subcommand request" -l log-format -d 'How notes, warnings and what obs does are written to standard error: text, or JSON log lines' -r -f -a "text\t'For people'
json\t'As log lines, one JSON object each'"
complete -c obs -n "__fish_obs_using_subcommand request" -l ascii -d 'Keep to ASCII symbols'
complete -c obs -n "__fish_obs_using_subcommand request" -l utc -d 'Show times in UTC and not in the local zone'
complete -c obs -n "__fish_obs_using_subcommand request" -l show-secrets -d 'Show secrets as they are'
complete -c obs -n "__fish_obs_using_subcommand request" -l no-pager -d 'Do not use a pager'
complete -c obs -n "__fish_obs_using_subcommand request" -s q -l quiet -d 'Leave out notes, and hints beside an answer'
complete -c obs -n "__fish_obs_using_subcommand request" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c obs -n "__fish_obs_using_subcommand runbook; and not __fish_seen_subcommand_from search contacts explain" -l request-id -d 'The request that the section\'s links lead to' -r
complete -c obs -n "__fish_obs_using_subcommand runbook; and not __fish_seen_subcommand_from search contacts explain" -s o -l output -d 'How the answer is written; jsonl and raw are for logs alone' -r -f -a "human\t'For people: text, coloured on a terminal'
json\t'One JSON document'
jsonl\t'One JSON document a line (`logs`)'
raw\t'Lines as they were written, nothing masked (`logs`)'"
complete -c obs -n "__fish_obs_using_subcommand runbook; and not __fish_seen_subcommand_from search contacts explain" -s e -l env -d 'The environment of the configuration to use' -r
complete -c obs -n "__fish_obs_using_subcommand runbook; and not __fish_seen_subcommand_from search contacts explain" -l url -d 'The embedded backend to ask, as `http://HOST:PORT` [default: the running one, else the stored file]' -r
complete -c obs -n "__fish_obs_using_subcommand runbook; and not __fish_seen_subcommand_from search contacts explain" -l timeout -d 'How long one request to a backend may take [default: 5s]' -r
complete -c obs -n "__fish_obs_using_subcommand runbook; and not __fish_seen_subcommand_from search contacts explain" -l color -d 'When to use colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c obs -n "__fish_obs_using_subcommand runbook; and not __fish_seen_subcommand_from search contacts explain" -l log-format -d 'How notes, warnings and what obs does are written to standard error: text, or JSON log lines' -r -f -a "text\t'For people'
json\t'As log lines, one JSON object each'"
complete -c obs -n "__fish_obs_using_subcommand runbook; and not __fish_seen_subcommand_from search contacts explain" -l ascii -d 'Keep to ASCII symbols'
complete -c obs -n "__fish_obs_using_subcommand runbook; and not __fish_seen_subcommand_from search contacts explain" -l utc -d 'Show times in UTC and not in the local zone'
complete -c obs -n "__fish_obs_using_subcommand runbook; and not __fish_seen_subcommand_from search contacts explain" -l show-secrets -d 'Show secrets as they are'
complete -c obs -n "__fish_obs_using_subcommand runbook; and not __fish_seen_subcommand_from search contacts explain" -l no-pager -d 'Do not use a pager'
complete -c obs -n "__fish_obs_using_subcommand runbook; and not __fish_seen_subcommand_from search contacts explain" -s q -l quiet -d 'Leave out notes, and hints beside an answer'
complete -c obs -n "__fish_obs_using_subcommand runbook; and not __fish_seen_subcommand_from search contacts explain" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c obs -n "__fish_obs_using_subcommand runbook; and not __fish_seen_subcommand_from search contacts explain" -a "search" -d 'Find words in headings, patterns, steps and text'
complete -c obs -n "__fish_obs_using_subcommand runbook; and not __fish_seen_subcommand_from search contacts explain" -a "contacts" -d 'Show whom to call, and when'
complete -c obs -n "__fish_obs_using_subcommand runbook; and not __fish_seen_subcommand_from search contacts explain" -a "explain" -d 'Hold an error against the patterns: its cause, and what to do next'
complete -c obs -n "__fish_obs_using_subcommand runbook; and __fish_seen_subcommand_from search" -s o -l output -d 'How the answer is written; jsonl and raw are for logs alone' -r -f -a "human\t'For people: text, coloured on a terminal'
json\t'One JSON document'
jsonl\t'One JSON document a line (`logs`)'
raw\t'Lines as they were written, nothing masked (`logs`)'"
complete -c obs -n "__fish_obs_using_subcommand runbook; and __fish_seen_subcommand_from search" -s e -l env -d 'The environment of the configuration to use' -r
complete -c obs -n "__fish_obs_using_subcommand runbook; and __fish_seen_subcommand_from search" -l url -d 'The embedded backend to ask, as `http://HOST:PORT` [default: the running one, else the stored file]' -r
complete -c obs -n "__fish_obs_using_subcommand runbook; and __fish_seen_subcommand_from search" -l timeout -d 'How long one request to a backend may take [default: 5s]' -r
complete -c obs -n "__fish_obs_using_subcommand runbook; and __fish_seen_subcommand_from search" -l color -d 'When to use colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c obs -n "__fish_obs_using_subcommand runbook; and __fish_seen_subcommand_from search" -l log-format -d 'How notes, warnings and what obs does are written to standard error: text, or JSON log lines' -r -f -a "text\t'For people'
json\t'As log lines, one JSON object each'"
complete -c obs -n "__fish_obs_using_subcommand runbook; and __fish_seen_subcommand_from search" -l ascii -d 'Keep to ASCII symbols'
complete -c obs -n "__fish_obs_using_subcommand runbook; and __fish_seen_subcommand_from search" -l utc -d 'Show times in UTC and not in the local zone'
complete -c obs -n "__fish_obs_using_subcommand runbook; and __fish_seen_subcommand_from search" -l show-secrets -d 'Show secrets as they are'
complete -c obs -n "__fish_obs_using_subcommand runbook; and __fish_seen_subcommand_from search" -l no-pager -d 'Do not use a pager'
complete -c obs -n "__fish_obs_using_subcommand runbook; and __fish_seen_subcommand_from search" -s q -l quiet -d 'Leave out notes, and hints beside an answer'
complete -c obs -n "__fish_obs_using_subcommand runbook; and __fish_seen_subcommand_from search" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c obs -n "__fish_obs_using_subcommand runbook; and __fish_seen_subcommand_from contacts" -s o -l output -d 'How the answer is written; jsonl and raw are for logs alone' -r -f -a "human\t'For people: text, coloured on a terminal'
json\t'One JSON document'
jsonl\t'One JSON document a line (`logs`)'
raw\t'Lines as they were written, nothing masked (`logs`)'"
complete -c obs -n "__fish_obs_using_subcommand runbook; and __fish_seen_subcommand_from contacts" -s e -l env -d 'The environment of the configuration to use' -r
complete -c obs -n "__fish_obs_using_subcommand runbook; and __fish_seen_subcommand_from contacts" -l url -d 'The embedded backend to ask, as `http://HOST:PORT` [default: the running one, else the stored file]' -r
complete -c obs -n "__fish_obs_using_subcommand runbook; and __fish_seen_subcommand_from contacts" -l timeout -d 'How long one request to a backend may take [default: 5s]' -r
complete -c obs -n "__fish_obs_using_subcommand runbook; and __fish_seen_subcommand_from contacts" -l color -d 'When to use colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c obs -n "__fish_obs_using_subcommand runbook; and __fish_seen_subcommand_from contacts" -l log-format -d 'How notes, warnings and what obs does are written to standard error: text, or JSON log lines' -r -f -a "text\t'For people'
json\t'As log lines, one JSON object each'"
complete -c obs -n "__fish_obs_using_subcommand runbook; and __fish_seen_subcommand_from contacts" -l ascii -d 'Keep to ASCII symbols'
complete -c obs -n "__fish_obs_using_subcommand runbook; and __fish_seen_subcommand_from contacts" -l utc -d 'Show times in UTC and not in the local zone'
complete -c obs -n "__fish_obs_using_subcommand runbook; and __fish_seen_subcommand_from contacts" -l show-secrets -d 'Show secrets as they are'
complete -c obs -n "__fish_obs_using_subcommand runbook; and __fish_seen_subcommand_from contacts" -l no-pager -d 'Do not use a pager'
complete -c obs -n "__fish_obs_using_subcommand runbook; and __fish_seen_subcommand_from contacts" -s q -l quiet -d 'Leave out notes, and hints beside an answer'
complete -c obs -n "__fish_obs_using_subcommand runbook; and __fish_seen_subcommand_from contacts" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c obs -n "__fish_obs_using_subcommand runbook; and __fish_seen_subcommand_from explain" -s o -l output -d 'How the answer is written; jsonl and raw are for logs alone' -r -f -a "human\t'For people: text, coloured on a terminal'
json\t'One JSON document'
jsonl\t'One JSON document a line (`logs`)'
raw\t'Lines as they were written, nothing masked (`logs`)'"
complete -c obs -n "__fish_obs_using_subcommand runbook; and __fish_seen_subcommand_from explain" -s e -l env -d 'The environment of the configuration to use' -r
complete -c obs -n "__fish_obs_using_subcommand runbook; and __fish_seen_subcommand_from explain" -l url -d 'The embedded backend to ask, as `http://HOST:PORT` [default: the running one, else the stored file]' -r
complete -c obs -n "__fish_obs_using_subcommand runbook; and __fish_seen_subcommand_from explain" -l timeout -d 'How long one request to a backend may take [default: 5s]' -r
complete -c obs -n "__fish_obs_using_subcommand runbook; and __fish_seen_subcommand_from explain" -l color -d 'When to use colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c obs -n "__fish_obs_using_subcommand runbook; and __fish_seen_subcommand_from explain" -l log-format -d 'How notes, warnings and what obs does are written to standard error: text, or JSON log lines' -r -f -a "text\t'For people'
json\t'As log lines, one JSON object each'"
complete -c obs -n "__fish_obs_using_subcommand runbook; and __fish_seen_subcommand_from explain" -l ascii -d 'Keep to ASCII symbols'
complete -c obs -n "__fish_obs_using_subcommand runbook; and __fish_seen_subcommand_from explain" -l utc -d 'Show times in UTC and not in the local zone'
complete -c obs -n "__fish_obs_using_subcommand runbook; and __fish_seen_subcommand_from explain" -l show-secrets -d 'Show secrets as they are'
complete -c obs -n "__fish_obs_using_subcommand runbook; and __fish_seen_subcommand_from explain" -l no-pager -d 'Do not use a pager'
complete -c obs -n "__fish_obs_using_subcommand runbook; and __fish_seen_subcommand_from explain" -s q -l quiet -d 'Leave out notes, and hints beside an answer'
complete -c obs -n "__fish_obs_using_subcommand runbook; and __fish_seen_subcommand_from explain" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c obs -n "__fish_obs_using_subcommand serve" -l port -d 'The port on 127.0.0.1; when it is in use, the next free of the 32 after it; 0 takes any' -r
complete -c obs -n "__fish_obs_using_subcommand serve" -l listen -d 'The address to listen on in the place of 127.0.0.1; beyond loopback it needs a token' -r
complete -c obs -n "__fish_obs_using_subcommand serve" -l token-file -d 'The file with the token that every request must carry [env: `OBS_SERVE_TOKEN`, the token itself]' -r -F
complete -c obs -n "__fish_obs_using_subcommand serve" -l syslog -d 'Also store what comes by syslog (RFC 5424, RFC 3164) at this address, over TCP and UDP' -r
complete -c obs -n "__fish_obs_using_subcommand serve" -l store -d 'The file to store in [default: `$XDG_DATA_HOME/obs/store.sqlite`]' -r -F
complete -c obs -n "__fish_obs_using_subcommand serve" -l tail -d 'Also store the log lines of this file, as it grows; can be given several times' -r -F
complete -c obs -n "__fish_obs_using_subcommand serve" -l ready-file -d 'Write where it answers to this file when it is ready' -r -F
complete -c obs -n "__fish_obs_using_subcommand serve" -l announce-as -d 'The name to announce it under' -r
complete -c obs -n "__fish_obs_using_subcommand serve" -s o -l output -d 'How the answer is written; jsonl and raw are for logs alone' -r -f -a "human\t'For people: text, coloured on a terminal'
json\t'One JSON document'
jsonl\t'One JSON document a line (`logs`)'
raw\t'Lines as they were written, nothing masked (`logs`)'"
complete -c obs -n "__fish_obs_using_subcommand serve" -s e -l env -d 'The environment of the configuration to use' -r
complete -c obs -n "__fish_obs_using_subcommand serve" -l url -d 'The embedded backend to ask, as `http://HOST:PORT` [default: the running one, else the stored file]' -r
complete -c obs -n "__fish_obs_using_subcommand serve" -l timeout -d 'How long one request to a backend may take [default: 5s]' -r
complete -c obs -n "__fish_obs_using_subcommand serve" -l color -d 'When to use colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c obs -n "__fish_obs_using_subcommand serve" -l log-format -d 'How notes, warnings and what obs does are written to standard error: text, or JSON log lines' -r -f -a "text\t'For people'
json\t'As log lines, one JSON object each'"
complete -c obs -n "__fish_obs_using_subcommand serve" -l until-stdin-ends -d 'Stop when standard input ends: for a parent that may die'
complete -c obs -n "__fish_obs_using_subcommand serve" -l ascii -d 'Keep to ASCII symbols'
complete -c obs -n "__fish_obs_using_subcommand serve" -l utc -d 'Show times in UTC and not in the local zone'
complete -c obs -n "__fish_obs_using_subcommand serve" -l show-secrets -d 'Show secrets as they are'
complete -c obs -n "__fish_obs_using_subcommand serve" -l no-pager -d 'Do not use a pager'
complete -c obs -n "__fish_obs_using_subcommand serve" -s q -l quiet -d 'Leave out notes, and hints beside an answer'
complete -c obs -n "__fish_obs_using_subcommand serve" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c obs -n "__fish_obs_using_subcommand demo" -l port -d 'The backend\'s port on 127.0.0.1; the next free one is taken when it is in use' -r
complete -c obs -n "__fish_obs_using_subcommand demo" -s o -l output -d 'How the answer is written; jsonl and raw are for logs alone' -r -f -a "human\t'For people: text, coloured on a terminal'
json\t'One JSON document'
jsonl\t'One JSON document a line (`logs`)'
raw\t'Lines as they were written, nothing masked (`logs`)'"
complete -c obs -n "__fish_obs_using_subcommand demo" -s e -l env -d 'The environment of the configuration to use' -r
complete -c obs -n "__fish_obs_using_subcommand demo" -l url -d 'The embedded backend to ask, as `http://HOST:PORT` [default: the running one, else the stored file]' -r
complete -c obs -n "__fish_obs_using_subcommand demo" -l timeout -d 'How long one request to a backend may take [default: 5s]' -r
complete -c obs -n "__fish_obs_using_subcommand demo" -l color -d 'When to use colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c obs -n "__fish_obs_using_subcommand demo" -l log-format -d 'How notes, warnings and what obs does are written to standard error: text, or JSON log lines' -r -f -a "text\t'For people'
json\t'As log lines, one JSON object each'"
complete -c obs -n "__fish_obs_using_subcommand demo" -l once -d 'Show everything once and end'
complete -c obs -n "__fish_obs_using_subcommand demo" -l ascii -d 'Keep to ASCII symbols'
complete -c obs -n "__fish_obs_using_subcommand demo" -l utc -d 'Show times in UTC and not in the local zone'
complete -c obs -n "__fish_obs_using_subcommand demo" -l show-secrets -d 'Show secrets as they are'
complete -c obs -n "__fish_obs_using_subcommand demo" -l no-pager -d 'Do not use a pager'
complete -c obs -n "__fish_obs_using_subcommand demo" -s q -l quiet -d 'Leave out notes, and hints beside an answer'
complete -c obs -n "__fish_obs_using_subcommand demo" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c obs -n "__fish_obs_using_subcommand config; and not __fish_seen_subcommand_from show" -s o -l output -d 'How the answer is written; jsonl and raw are for logs alone' -r -f -a "human\t'For people: text, coloured on a terminal'
json\t'One JSON document'
jsonl\t'One JSON document a line (`logs`)'
raw\t'Lines as they were written, nothing masked (`logs`)'"
complete -c obs -n "__fish_obs_using_subcommand config; and not __fish_seen_subcommand_from show" -s e -l env -d 'The environment of the configuration to use' -r
complete -c obs -n "__fish_obs_using_subcommand config; and not __fish_seen_subcommand_from show" -l url -d 'The embedded backend to ask, as `http://HOST:PORT` [default: the running one, else the stored file]' -r
complete -c obs -n "__fish_obs_using_subcommand config; and not __fish_seen_subcommand_from show" -l timeout -d 'How long one request to a backend may take [default: 5s]' -r
complete -c obs -n "__fish_obs_using_subcommand config; and not __fish_seen_subcommand_from show" -l color -d 'When to use colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c obs -n "__fish_obs_using_subcommand config; and not __fish_seen_subcommand_from show" -l log-format -d 'How notes, warnings and what obs does are written to standard error: text, or JSON log lines' -r -f -a "text\t'For people'
json\t'As log lines, one JSON object each'"
complete -c obs -n "__fish_obs_using_subcommand config; and not __fish_seen_subcommand_from show" -l ascii -d 'Keep to ASCII symbols'
complete -c obs -n "__fish_obs_using_subcommand config; and not __fish_seen_subcommand_from show" -l utc -d 'Show times in UTC and not in the local zone'
complete -c obs -n "__fish_obs_using_subcommand config; and not __fish_seen_subcommand_from show" -l show-secrets -d 'Show secrets as they are'
complete -c obs -n "__fish_obs_using_subcommand config; and not __fish_seen_subcommand_from show" -l no-pager -d 'Do not use a pager'
complete -c obs -n "__fish_obs_using_subcommand config; and not __fish_seen_subcommand_from show" -s q -l quiet -d 'Leave out notes, and hints beside an answer'
complete -c obs -n "__fish_obs_using_subcommand config; and not __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c obs -n "__fish_obs_using_subcommand config; and not __fish_seen_subcommand_from show" -f -a "show" -d 'Show every setting and where it comes from'
complete -c obs -n "__fish_obs_using_subcommand config; and __fish_seen_subcommand_from show" -s o -l output -d 'How the answer is written; jsonl and raw are for logs alone' -r -f -a "human\t'For people: text, coloured on a terminal'
json\t'One JSON document'
jsonl\t'One JSON document a line (`logs`)'
raw\t'Lines as they were written, nothing masked (`logs`)'"
complete -c obs -n "__fish_obs_using_subcommand config; and __fish_seen_subcommand_from show" -s e -l env -d 'The environment of the configuration to use' -r
complete -c obs -n "__fish_obs_using_subcommand config; and __fish_seen_subcommand_from show" -l url -d 'The embedded backend to ask, as `http://HOST:PORT` [default: the running one, else the stored file]' -r
complete -c obs -n "__fish_obs_using_subcommand config; and __fish_seen_subcommand_from show" -l timeout -d 'How long one request to a backend may take [default: 5s]' -r
complete -c obs -n "__fish_obs_using_subcommand config; and __fish_seen_subcommand_from show" -l color -d 'When to use colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c obs -n "__fish_obs_using_subcommand config; and __fish_seen_subcommand_from show" -l log-format -d 'How notes, warnings and what obs does are written to standard error: text, or JSON log lines' -r -f -a "text\t'For people'
json\t'As log lines, one JSON object each'"
complete -c obs -n "__fish_obs_using_subcommand config; and __fish_seen_subcommand_from show" -l variables -d 'Also list the environment variables that obs reads'
complete -c obs -n "__fish_obs_using_subcommand config; and __fish_seen_subcommand_from show" -l ascii -d 'Keep to ASCII symbols'
complete -c obs -n "__fish_obs_using_subcommand config; and __fish_seen_subcommand_from show" -l utc -d 'Show times in UTC and not in the local zone'
complete -c obs -n "__fish_obs_using_subcommand config; and __fish_seen_subcommand_from show" -l show-secrets -d 'Show secrets as they are'
complete -c obs -n "__fish_obs_using_subcommand config; and __fish_seen_subcommand_from show" -l no-pager -d 'Do not use a pager'
complete -c obs -n "__fish_obs_using_subcommand config; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Leave out notes, and hints beside an answer'
complete -c obs -n "__fish_obs_using_subcommand config; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c obs -n "__fish_obs_using_subcommand completions" -s o -l output -d 'How the answer is written; jsonl and raw are for logs alone' -r -f -a "human\t'For people: text, coloured on a terminal'
json\t'One JSON document'
jsonl\t'One JSON document a line (`logs`)'
raw\t'Lines as they were written, nothing masked (`logs`)'"
complete -c obs -n "__fish_obs_using_subcommand completions" -s e -l env -d 'The environment of the configuration to use' -r
complete -c obs -n "__fish_obs_using_subcommand completions" -l url -d 'The embedded backend to ask, as `http://HOST:PORT` [default: the running one, else the stored file]' -r
complete -c obs -n "__fish_obs_using_subcommand completions" -l timeout -d 'How long one request to a backend may take [default: 5s]' -r
complete -c obs -n "__fish_obs_using_subcommand completions" -l color -d 'When to use colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c obs -n "__fish_obs_using_subcommand completions" -l log-format -d 'How notes, warnings and what obs does are written to standard error: text, or JSON log lines' -r -f -a "text\t'For people'
json\t'As log lines, one JSON object each'"
complete -c obs -n "__fish_obs_using_subcommand completions" -l ascii -d 'Keep to ASCII symbols'
complete -c obs -n "__fish_obs_using_subcommand completions" -l utc -d 'Show times in UTC and not in the local zone'
complete -c obs -n "__fish_obs_using_subcommand completions" -l show-secrets -d 'Show secrets as they are'
complete -c obs -n "__fish_obs_using_subcommand completions" -l no-pager -d 'Do not use a pager'
complete -c obs -n "__fish_obs_using_subcommand completions" -s q -l quiet -d 'Leave out notes, and hints beside an answer'
complete -c obs -n "__fish_obs_using_subcommand completions" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c obs -n "__fish_obs_using_subcommand man" -l folder -d 'Write one page for each command into this folder' -r -F
complete -c obs -n "__fish_obs_using_subcommand man" -s o -l output -d 'How the answer is written; jsonl and raw are for logs alone' -r -f -a "human\t'For people: text, coloured on a terminal'
json\t'One JSON document'
jsonl\t'One JSON document a line (`logs`)'
raw\t'Lines as they were written, nothing masked (`logs`)'"
complete -c obs -n "__fish_obs_using_subcommand man" -s e -l env -d 'The environment of the configuration to use' -r
complete -c obs -n "__fish_obs_using_subcommand man" -l url -d 'The embedded backend to ask, as `http://HOST:PORT` [default: the running one, else the stored file]' -r
complete -c obs -n "__fish_obs_using_subcommand man" -l timeout -d 'How long one request to a backend may take [default: 5s]' -r
complete -c obs -n "__fish_obs_using_subcommand man" -l color -d 'When to use colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c obs -n "__fish_obs_using_subcommand man" -l log-format -d 'How notes, warnings and what obs does are written to standard error: text, or JSON log lines' -r -f -a "text\t'For people'
json\t'As log lines, one JSON object each'"
complete -c obs -n "__fish_obs_using_subcommand man" -l ascii -d 'Keep to ASCII symbols'
complete -c obs -n "__fish_obs_using_subcommand man" -l utc -d 'Show times in UTC and not in the local zone'
complete -c obs -n "__fish_obs_using_subcommand man" -l show-secrets -d 'Show secrets as they are'
complete -c obs -n "__fish_obs_using_subcommand man" -l no-pager -d 'Do not use a pager'
complete -c obs -n "__fish_obs_using_subcommand man" -s q -l quiet -d 'Leave out notes, and hints beside an answer'
complete -c obs -n "__fish_obs_using_subcommand man" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c obs -n "__fish_obs_using_subcommand demo-service" -s o -l output -d 'How the answer is written; jsonl and raw are for logs alone' -r -f -a "human\t'For people: text, coloured on a terminal'
json\t'One JSON document'
jsonl\t'One JSON document a line (`logs`)'
raw\t'Lines as they were written, nothing masked (`logs`)'"
complete -c obs -n "__fish_obs_using_subcommand demo-service" -s e -l env -d 'The environment of the configuration to use' -r
complete -c obs -n "__fish_obs_using_subcommand demo-service" -l url -d 'The embedded backend to ask, as `http://HOST:PORT` [default: the running one, else the stored file]' -r
complete -c obs -n "__fish_obs_using_subcommand demo-service" -l timeout -d 'How long one request to a backend may take [default: 5s]' -r
complete -c obs -n "__fish_obs_using_subcommand demo-service" -l color -d 'When to use colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c obs -n "__fish_obs_using_subcommand demo-service" -l log-format -d 'How notes, warnings and what obs does are written to standard error: text, or JSON log lines' -r -f -a "text\t'For people'
json\t'As log lines, one JSON object each'"
complete -c obs -n "__fish_obs_using_subcommand demo-service" -l ascii -d 'Keep to ASCII symbols'
complete -c obs -n "__fish_obs_using_subcommand demo-service" -l utc -d 'Show times in UTC and not in the local zone'
complete -c obs -n "__fish_obs_using_subcommand demo-service" -l show-secrets -d 'Show secrets as they are'
complete -c obs -n "__fish_obs_using_subcommand demo-service" -l no-pager -d 'Do not use a pager'
complete -c obs -n "__fish_obs_using_subcommand demo-service" -s q -l quiet -d 'Leave out notes, and hints beside an answer'
complete -c obs -n "__fish_obs_using_subcommand demo-service" -s h -l help -d 'Print help (see more with \'--help\')'
