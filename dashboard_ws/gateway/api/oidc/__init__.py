"""Log-in at the desk with an account of an OpenID Connect provider, where one is configured."""
