"""The peers that Pantau's agent is compared with: the same job, each written as well as ours.

They run in an environment of their own (`make rivals`) and share with Pantau only `contracts`.
"""
