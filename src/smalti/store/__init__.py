"""What is remembered: pictures that were replied as links."""
