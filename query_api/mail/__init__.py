"""Mail: messages, SMTP, and the worker that sends them."""
