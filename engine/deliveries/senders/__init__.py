"""The ways out, a module each: signed webhooks, e-mail, and by apprise whatever chat or SMS service there is."""
