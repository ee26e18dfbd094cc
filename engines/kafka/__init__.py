"""One Kafka node in a folder, from locked jars."""
