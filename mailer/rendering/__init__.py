"""Words and bytes for people: templates (Jinja), amounts and dates (Babel), and the MIME message around them."""
