#!/usr/bin/env bash
# A trace as a page and as a picture, opened in a real browser: it draws within its bounds, is readable in light and in
# dark, and loads and runs nothing, whatever the spans are called.
set -euo pipefail
obs=${OBS:-$PWD/target/release/obs}
here=$PWD/tests/live
. tests/live/installed.bash
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

commands chromium -- chromium
node_packages page puppeteer-core

# The browser keeps its profile there too.
export HOME=$folder NODE_PATH=$cache/page/node_modules

# A service that means harm: markup, quotes, what moves a terminal's cursor, a megabyte; and below it wide names, 40 deep.
jq -n '
  "<script>alert(1)</script>" as $script | "\"><img src=x onerror=alert(2)>" as $quoted
  | "\u001b[2J\u001b]0;owned\u0007\u202e\u0000" as $moves
  | def text($key; $value): {key: $key, value: {stringValue: $value}};
  def span($number; $parent; $name): {traceId: ("ab" * 16), spanId: "00000000000000\($number)", name: $name, kind: 2,
    parentSpanId: (if $parent then "00000000000000\($parent)" else "" end),
    startTimeUnixNano: "\(1700000000 + $number)000000000", endTimeUnixNano: "\(1700000200 - $number)000000000"};
  def hostile: . + {
    attributes: [text($script; $quoted), text($quoted; $script), text("moves"; $moves), text("large"; "<&" * 500000)],
    status: {code: 2, message: ($quoted + $moves)},
    events: [{timeUnixNano: "1700000055000000000", name: ($script + $moves)}, {timeUnixNano: "1700000056000000000", name: "exception",
      attributes: [text("exception.type"; $quoted), text("exception.message"; $script + $moves),
        text("exception.stacktrace"; "\($script)\n\($quoted)\n" * 100)]}]};
  [span(10; null; $script + $moves), span(11; 10; $quoted * 50), span(12; 11; "&amp;]]>--></style></svg>") | hostile] as $hostile
  | [range(13; 53) as $number | span($number; $number - 1; "\($number) " + "漢字" * 60)] as $wide
  | {resourceSpans: [{resource: {attributes: [text("service.name"; $script + "'\''")]},
      scopeSpans: [{scope: {name: $quoted}, spans: ($hostile + $wide)}]}]}' >"$folder/hostile.json"

flaky=018f3c1e9b7a7c448d215a0b6f4e2d12
down=018f3c1e9b7a7c448d215a0b6f4e2d13
recorded=tests/fixtures/otlp/traces.otlp.jsonl
opens() { # file, texts that are read there
  timeout 120 node "$here/page.js" "$(command -v chromium)" "$@"
}
for format in html svg; do
  "$obs" --quiet trace --file $recorded $flaky -o $format >"$folder/flaky.$format"
  "$obs" --quiet trace --file $recorded $down -o $format >"$folder/down.$format"
  "$obs" --quiet trace --file "$folder/hostile.json" -o $format >"$folder/hostile.$format"
  holds "$format of a recorded trace" opens "$folder/flaky.$format" 'GET /checkout/{cart}' 'charge_with_retry' $flaky
  holds "$format of a recorded trace that failed" opens "$folder/down.$format" 'GET /checkout/{cart}' 'charge_with_retry' $down
  holds "$format of a hostile trace" opens "$folder/hostile.$format" '<script>alert(1)</script>' '&amp;' '52 漢字'
done
[ $failed = 0 ] && echo 'a trace as a page and as a picture: within its bounds, readable in light and dark, loads and runs nothing'
exit $failed
