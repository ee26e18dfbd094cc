"""From the topic `live` to whole frames, of the generation that is shown."""
