"""What adapters share to reach agencies' software: lines, mailboxes, folders, databases, filing."""
