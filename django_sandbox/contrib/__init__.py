"""Everything optional, each part with what it needs as an extra of the distribution."""
