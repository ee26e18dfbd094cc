"""Pure: alerts and the clock in, messages out. No Kafka, network, disk or clock."""
