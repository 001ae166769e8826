"""The user service: accounts, sign-in and profiles."""

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from app import accounts
from app.database import connect
from app.domain import ConflictError, RuleError
from app.observability import instrument
from app.routes import auth, profiles, users
from app.settings import Settings


def create_app(settings: Settings | None = None) -> FastAPI:
    settings = settings or Settings()
    app = FastAPI(title="User management", exception_handlers={RuleError: _answer_rule_error})
    app.state.settings = settings
    app.state.sessions = connect(settings.database_url)
    instrument(app, "user-management", settings.log_level)
    for module in (auth, users, profiles):
        app.include_router(module.router)
    accounts.ensure_admin(app.state.sessions, settings)
    return app


def _answer_rule_error(request: Request, error: RuleError) -> JSONResponse:
    status = 409 if isinstance(error, ConflictError) else 422
    return JSONResponse({"detail": str(error)}, status)
