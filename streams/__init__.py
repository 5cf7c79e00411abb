"""The stream: a Faust application whose agents run transactional pipelines over pure logic."""
