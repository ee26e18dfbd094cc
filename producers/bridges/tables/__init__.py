"""CSV and XLSX tables of people: title rows, separators, decimal commas, dates in any dress."""
