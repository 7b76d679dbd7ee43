"""The way in for Apache OpenWhisk: a container that is an action.

`action` answers the platform's two requests. A call is a request to the HTTP API in
disguise (`web_action`, passed on by `in_process`) or a plain invocation (`invocation`).
"""
