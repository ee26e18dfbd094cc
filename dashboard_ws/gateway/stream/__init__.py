"""From the topic `live` to complete frames, of the generation that is shown."""
