"""The process dies at every point where it touches the outside, and the next one sets it right."""
