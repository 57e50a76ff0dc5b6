"""What is kept of a station beside charging: settings, certificates, jobs, reports, reservations."""
