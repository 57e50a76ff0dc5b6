"""What stations want to know from others through us: certificates' standing, contract certificates for EVs."""
