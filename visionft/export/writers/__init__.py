"""What writes exported files."""
