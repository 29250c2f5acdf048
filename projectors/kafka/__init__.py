"""Kafka access through aiokafka: client settings, topics, offsets and records."""
