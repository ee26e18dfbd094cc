"""Commands that put load on an installation or measure one."""
