complete --keep-order --exclusive --command obs --arguments "(COMPLETE=fish obs -- (commandline --current-process --tokenize --cut-at-cursor) (commandline --current-token))"
