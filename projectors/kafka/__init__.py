"""How Kafka is reached: client settings, topics, offsets and records, through aiokafka."""
