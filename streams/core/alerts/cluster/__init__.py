"""The statistics that see a poisoning: cases joined to kitchens through the meals they served. Pure; `cluster_watch` is the door."""
