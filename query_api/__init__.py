"""Query API: the JSON API, sign-in, and the pages on top of both (docs/contracts/api.md, Customer surface).

`app.create_app` builds the service; `tenancy` decides whose portal a request is for before any route is chosen.
"""
