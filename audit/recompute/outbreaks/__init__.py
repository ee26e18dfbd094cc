"""Alerts of illness a second time, `illness_reported` and `foodborne_cluster`: docs/suspected-clusters.md gives the rule in figures.

lives       from when until when an event counted, as corrections of it came
reported    what counts at one moment: people ill, roll calls, meals, batches
fed         the registry: who is fed by which kitchen
chances     tails of distributions
expected    how many people ill and absent one must expect on a day
one_report  one recipient and day against that
exposed     who got what a kitchen served on a day
one_meal    those people against what to expect of them
followed    the moments at which is judged, and the life of each alert

It shares nothing with `streams`. Times are epoch ms, days are local days (days since 1970-01-01).
"""
