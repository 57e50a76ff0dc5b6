"""What a network, a station, a charge point and a connector may be described as: rules without any store."""
