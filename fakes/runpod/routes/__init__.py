"""HTTP of the RunPod fake: read, ask the state or the GPU, answer. One file per part of the API."""

from starlette.routing import Route

from fakes.kit.kit import Kit, Parts
from fakes.runpod import FAKE, errors, wire
from fakes.runpod.attached import Attached
from fakes.runpod.conditions import PRODUCTION_LOAD
from fakes.runpod.gpu import Gpu
from fakes.runpod.impairment import Impairments
from fakes.runpod.load import Load
from fakes.runpod.management import Management
from fakes.runpod.routes.control import controls
from fakes.runpod.routes.gaps import Gaps
from fakes.runpod.routes.jobs import JobRoutes
from fakes.runpod.routes.management import V1Routes, V2Routes
from fakes.runpod.routes.worker import WorkerRoutes
from fakes.runpod.state import State


def build(kit: Kit) -> Parts:
    """The fake's routes and state."""
    state = State(kit)
    gpu = Gpu(state, kit)
    attached = Attached(state, gpu, kit.clock.real, kit.ids)
    gpu.start()
    load = Load(state, gpu, kit.clock)
    load.forget()
    by_route = (
        V1Routes(Management(state, gpu, kit, errors.V1Words())).rows()
        | V2Routes(Management(state, gpu, kit, errors.V2Words()), kit.clock).rows()
        | JobRoutes(state, gpu).rows()
        | WorkerRoutes(state, attached).rows()
    )

    def reset() -> None:
        gpu.reset()
        attached.reset()

    def close() -> None:
        gpu.close()
        attached.close()

    state.on_reset = reset
    routes = [
        Route(row.path, by_route[row.method, row.path], methods=[row.method])
        for row in FAKE.coverage
        if row.level != "absent"
    ]
    return Parts(
        state=state,
        routes=(*routes, Gaps(state)),
        error_body=wire.error_body,
        close=close,
        controls=controls(state, gpu, attached, kit.url),
        conditions={PRODUCTION_LOAD.name: load, **dict.fromkeys(Impairments.kinds, gpu.impairments)},
    )
