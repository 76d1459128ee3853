using MoeActors.Actors.Cluster.Membership;
using MoeActors.Actors.Cluster.Placements;
using MoeActors.Actors.Protocol;
using MoeActors.Compute.Specs;

namespace MoeActors.Actors.Cluster.Coordinator;

/// <summary>PURE: who is where, from the coordinator's state.</summary>
internal static class Topologies
{
    /// <summary>
    /// The cluster now. A coordinator that has just taken office knows the run's nodes from its journal before each has said hello again: those it has not lost are there.
    /// </summary>
    /// <param name="state">What the coordinator knows.</param>
    /// <param name="coordinator">Name of its node.</param>
    public static Topology Of(CoordinatorState state, string coordinator)
    {
        bool running = state.Phase is not (RunPhase.Idle or RunPhase.Ended);
        Placement? placement = running ? state.Placement : null;
        IEnumerable<NodeIdentity> unheard = running ? state.Participants.Where(n => state.Members.Values.All(m => m.Name != n.Name) && !state.Lost.Contains(n.Incarnation)) : [];
        ModelSpec? model = running ? state.Spec?.Model : null;
        return new Topology(
            running, running ? state.RunFolder : "", state.Epoch, state.Step, state.Fence, coordinator, [.. state.Members.Values, .. unheard],
            placement is null ? [] : [.. placement.NodeOfRank.Select(n => placement.Nodes[n].Name)],
            model?.MoeLayers().Count ?? 0, model?.Moe.Experts ?? 0);
    }
}
