# For the scripts beside it: what they need from registries, kept under target/live, so that a second run is quick.
cache=$PWD/target/live

debian() { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$@" >/dev/null; }

commands() { # names, "--", the packages of Debian that have them
  local missing=0
  while [ "$1" != -- ]; do
    command -v "$1" >/dev/null || missing=1
    shift
  done
  [ $missing = 0 ] || debian "${@:2}"
}

# What is installed is named by the list of what was asked for: a changed list installs anew.
installed_once() { # folder, installing command, packages
  local into=$1
  shift
  [ "$(cat "$into/installed" 2>/dev/null)" = "$*" ] && return
  rm -rf "$into" && mkdir -p "$into"
  "${@:1:1}" "$into" "${@:2}"
  echo "$*" >"$into/installed"
}
by_pip() { python3 -m venv "$1" && "$1/bin/pip" install --quiet --disable-pip-version-check "${@:2}"; }
by_npm() { npm install --prefix "$1" --silent --no-audit --no-fund "${@:2}"; }

python_packages() { # name of the environment, packages
  python3 -c 'import ensurepip, venv' 2>/dev/null || debian python3 python3-venv
  installed_once "$cache/$1" by_pip "${@:2}"
}
node_packages() {
  commands node npm -- nodejs npm
  installed_once "$cache/$1" by_npm "${@:2}"
}

# Waits for the file that a backend writes when it is ready.
ready() { for _ in $(seq 200); do [ -f "$1" ] && return; sleep 0.05; done; return 1; }

failed=0
holds() { # words, command that says yes or no
  local words=$1
  shift
  if "$@" >"$folder/said" 2>&1; then return; fi
  echo "not so: $words"
  head -c 2000 "$folder/said"
  failed=1
}
