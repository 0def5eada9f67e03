"""What a release consists of: the built functions as zips, a template that names them, checksums, a bill of materials."""
