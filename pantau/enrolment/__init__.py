"""How far each unit has come on the way from a code to reports every week."""
