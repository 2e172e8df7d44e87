"""Off switches: each mechanism can be taken out alone."""

from __future__ import annotations

from sim.parts import Part, par


def _on(doc: str) -> bool:
    switch: bool = par(True, doc, flag="input")
    return switch


class Mechanisms(Part):
    """true = the mechanism works; false = it is neutral and nothing else changes."""

    switching_costs: bool = _on("kappa of platform and family")
    home_cloud: bool = _on("eta: pull of the home cloud")
    communities: bool = _on("developers: utility, contributions, cheaper self-hosting")
    consideration: bool = _on("awareness; off = every platform is considered")
    attention: bool = _on("attention shocks by events")
    goodwill: bool = _on("campaigns, their cost and the goodwill they leave")
    reliability: bool = _on("omega: remembered reliability")
    capacity: bool = _on("limited accelerators; off = everything is served, no scarcity cost")
    spill_over: bool = _on("unserved volume tries its second choice")
    learning: bool = _on("own experience lowers unit cost")
    self_hosting: bool = _on("HOST offers")
    lasting_taste: bool = _on("xi: lasting taste of a client for a platform")
    adoption: bool = _on("Bass adoption; off = all workloads from the start")
    usage_response: bool = _on("volume answers to price")
    long_documents: bool = _on("penalty for too short a context window")
    triggers: bool = _on("reviews after a price rise or a fall of reliability")
    agent_platforms: bool = _on("agents and builders of platforms; off = there are none")
    supply_shocks: bool = _on("random shocks to bought accelerators")
    migration: bool = _on("home clouds move toward the platform of the largest spend")
    key_accounts: bool = _on("auctions of key accounts; off = nobody bids")
    derivatives: bool = _on("derivative models of open families")
    imitation: bool = _on("families marked `imitates` follow rivals' models")
    research: bool = _on("research strategies: spending and steps up the quality ladder")
