"""Problem details (RFC 9457): the one shape of every HTTP error. Nothing of the inside gets out."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final, cast

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

MEDIA_TYPE: Final = "application/problem+json"


class Problem(Exception):
    """Answer the request with this problem. `detail` says what is wrong and what to do."""

    def __init__(
        self, status: int, title: str, detail: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.title = title
        self.detail = detail
        self.headers = dict(headers or {})


def problem_response(
    status: int,
    title: str,
    detail: str,
    headers: Mapping[str, str] | None = None,
    **members: Any,
) -> JSONResponse:
    """The response; `members` are further members of the object, e.g. `errors`."""
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail} | members
    return JSONResponse(body, status, headers, MEDIA_TYPE)


def response_of(problem: Problem) -> JSONResponse:
    """The response that says `problem`."""
    return problem_response(problem.status, problem.title, problem.detail, problem.headers)


def _from_problem(_request: Request, error: Exception) -> Response:
    return response_of(cast(Problem, error))


def _from_http(_request: Request, error: Exception) -> Response:
    fault = cast(HTTPException, error)
    title = HTTPStatus(fault.status_code).phrase
    details = {
        404: "There is nothing at this address; /openapi.json lists what there is.",
        405: "This address does not take that method; the Allow header names those it takes.",
    }
    detail = fault.detail if fault.detail != title else details.get(fault.status_code, title)
    return problem_response(fault.status_code, title, detail, fault.headers)


def _from_validation(_request: Request, error: Exception) -> Response:
    # `input` would send back what came in, which may hold what must not be written anywhere.
    errors = [
        {"at": ".".join(str(part) for part in item["loc"]), "problem": item["msg"]}
        for item in cast(RequestValidationError, error).errors()
    ]
    detail = "; ".join(f"{item['at']}: {item['problem']}" for item in errors)
    return problem_response(422, "Unprocessable Content", detail, errors=errors)


def from_fault(_request: Request, _error: Exception) -> Response:
    """The response to a request that met a fault of ours."""
    # The server logs the traceback; the client gets none of it.
    return problem_response(
        500, "Internal Server Error", "A fault on our side, noted in the log. Try again later."
    )


def install(app: FastAPI) -> None:
    """Make every error of `app` a problem: ours, 404 and 405, failed validation, and faults."""
    app.add_exception_handler(Problem, _from_problem)
    app.add_exception_handler(HTTPException, _from_http)
    app.add_exception_handler(RequestValidationError, _from_validation)
    app.add_exception_handler(Exception, from_fault)
