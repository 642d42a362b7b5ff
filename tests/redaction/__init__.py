"""Made-up secrets, texts without any, and what is promised of redaction."""
