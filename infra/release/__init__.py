"""What a release consists of: the functions as zips, a template that names them, checksums, a bill of materials."""
