"""Vercel over HTTP."""

from fakes.kit.kit import Kit, Parts
from fakes.kit.refusals import REFUSAL
from fakes.vercel import wire
from fakes.vercel.routes.account import Account
from fakes.vercel.routes.aliases import AliasRoutes
from fakes.vercel.routes.control import controls
from fakes.vercel.routes.deployments import DeploymentRoutes
from fakes.vercel.routes.guard import headers
from fakes.vercel.routes.projects import ProjectRoutes
from fakes.vercel.routes.sites import SiteRoute, site_route
from fakes.vercel.routes.variables import VariableRoutes
from fakes.vercel.state import VercelState


def build(kit: Kit) -> Parts:
    """Make the fake."""
    state = VercelState(kit, wire.event_payload)
    return Parts(
        state=state,
        routes=[
            SiteRoute(state),
            site_route(state),
            *Account(state).routes(),
            *ProjectRoutes(state).routes(),
            *VariableRoutes(state).routes(),
            *DeploymentRoutes(state).routes(),
            *AliasRoutes(state).routes(),
        ],
        error_body=wire.error_body,
        close=state.close,
        headers=lambda request: headers(request, kit.clock.now()),
        controls=controls(state),
        conditions={REFUSAL.name: state.refusals},
    )
