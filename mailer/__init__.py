"""Duly: sends invoice reminders, reads the replies, and keeps a record that a lawyer can rely on."""
