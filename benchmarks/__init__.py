"""One script per question; ``README.md`` says how they measure and what they answer."""
