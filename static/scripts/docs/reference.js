// Shows the description of the REST API.
SwaggerUIBundle({ url: "/openapi.json", dom_id: "#reference", tryItOutEnabled: true });
