"""What people set up in the dashboard for themselves."""
