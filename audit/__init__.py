"""`pantau audit`: every window anew from the landed lines, in ClickHouse SQL.

    raw_lines --judge--> verdicts --identity, corrections--> events that count --> panes --> windows
                            |                 |                                                |
                        exceptions       event_status           compared with         performance, ...

Nothing of `streams` is used: two programs that agree are hardly wrong in the same way. What they share is
what the line says (parsed once, by the sink), the registry, and the names of columns.
`audit.run` is the entry, `recompute.steps` says which files of `sql/` run, `cut` at which moment both sides are compared,
`docs/audit.md` how it is used.
"""
