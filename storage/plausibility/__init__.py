"""View `plausibility`: days of a kitchen whose figures deserve a question. It states, it corrects nothing."""
