"""What Spaces can run on (huggingface.co/docs/hub/spaces-gpus); prices as of 2026."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Flavor:
    """One kind of hardware; `unit_cost_usd` is for an hour."""

    name: str
    pretty_name: str
    cpu: str
    ram: str
    gpu: str | None
    vram: str | None
    unit_cost_usd: float


FLAVORS = (
    Flavor("cpu-basic", "CPU Basic", "2 vCPU", "16 GB", None, None, 0.0),
    Flavor("cpu-upgrade", "CPU Upgrade", "8 vCPU", "32 GB", None, None, 0.03),
    Flavor("t4-small", "Nvidia T4 - small", "4 vCPU", "15 GB", "T4", "16 GB", 0.4),
    Flavor("t4-medium", "Nvidia T4 - medium", "8 vCPU", "30 GB", "T4", "16 GB", 0.6),
    Flavor("l4x1", "1x Nvidia L4", "8 vCPU", "30 GB", "L4", "24 GB", 0.8),
    Flavor("a10g-small", "Nvidia A10G - small", "4 vCPU", "15 GB", "A10G", "24 GB", 1.0),
    Flavor("a10g-large", "Nvidia A10G - large", "12 vCPU", "46 GB", "A10G", "24 GB", 1.5),
    Flavor("a100-large", "Nvidia A100 - large", "12 vCPU", "142 GB", "A100", "80 GB", 2.5),
)
