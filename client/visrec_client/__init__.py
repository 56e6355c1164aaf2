"""Client of VisRec's REST API."""
