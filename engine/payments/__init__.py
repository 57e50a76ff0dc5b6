"""Money of drivers: held, raised, taken and given back, over a provider whom alone the payer's card is shown."""
