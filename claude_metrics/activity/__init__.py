"""What a tool call was for, and which checks a session ran."""
