"""What stands around every request: middleware, problem details, the OpenAPI document, paging, the server."""
