using MoeActors.Actors.Checkpointing;
using MoeActors.Actors.Protocol;
using MoeActors.Actors.State;
using MoeActors.Compute.Parameters;
using MoeActors.Compute.Specs;

namespace MoeActors.Actors.Cluster.Coordinator;

/// <summary>A recovery point that the nodes hold in memory, unit by unit.</summary>
/// <param name="Plan">Its step and why.</param>
/// <param name="Sources">By unit: who holds it.</param>
/// <param name="Redo">The decision that made it, for who has not carried it out; null where no decision is known.</param>
internal sealed record MemoryPoint(RestorePlan Plan, IReadOnlyList<UnitSource> Sources, DecidedUpdate? Redo)
{
    /// <summary>
    /// PURE: steps that may be gone on from, best first. A coordinator that decided the last step itself knows it; one that has taken over goes by what the nodes have heard and done. Never before the newest
    /// checkpoint, which is then the better choice.
    /// </summary>
    public static IReadOnlyList<(long Step, DecidedUpdate? Redo)> Candidates(CoordinatorState state, IReadOnlyList<Holdings> held)
    {
        DecidedUpdate[] decided = [.. held.Select(h => h.Decided).Append(state.LastUpdate).OfType<DecidedUpdate>()];
        IEnumerable<long> steps = state.TakenOver
            ? held.SelectMany(h => h.Live.Concat(h.Copies)).Select(u => u.Step).Concat(decided.Select(d => d.Step + 1)).Distinct().OrderDescending()
            : [state.Step];
        return [.. steps.Where(s => s >= state.NewestCheckpoint && s >= 0).Select(s => (s, decided.FirstOrDefault(d => d.Step + 1 == s)))];
    }

    /// <summary>
    /// PURE: the first candidate of which every unit is held: live where its rank is placed, live where it was before, or as a peer's copy. A unit one step behind counts where its reduced gradient and the
    /// decision are known (ST-1). Null, and why, where some unit of each is lost.
    /// </summary>
    /// <param name="spec">The run.</param>
    /// <param name="nodeOfRank">Node index of each logical rank in the epoch that begins.</param>
    /// <param name="held">What each node holds, in node-index order.</param>
    /// <param name="candidates">Steps to try.</param>
    /// <param name="why">Why none will do; empty when one does.</param>
    public static MemoryPoint? Choose(
        RunSpec spec, IReadOnlyList<int> nodeOfRank, IReadOnlyList<Holdings> held, IReadOnlyList<(long Step, DecidedUpdate? Redo)> candidates, out string why)
    {
        IReadOnlyList<UnitId> units = UnitOrder.All(spec.Model, spec.Layout);
        why = candidates.Count == 0 ? "no step after the newest checkpoint is held in memory" : "";
        Dictionary<int, UnitHolding>[] live = [.. held.Select(h => h.Live.DistinctBy(u => u.Unit).ToDictionary(u => u.Unit))];
        Dictionary<int, UnitHolding>[] copies = [.. held.Select(h => h.Copies.DistinctBy(u => u.Unit).ToDictionary(u => u.Unit))];
        foreach ((long step, DecidedUpdate? redo) in candidates)
        {
            bool Reaches(Dictionary<int, UnitHolding> of, int unit) =>
                of.TryGetValue(unit, out UnitHolding? h) && (h.Step == step || RollForward.Misses(h.Step, h.Reduced, step, redo));

            var sources = new List<UnitSource>();
            var lost = new List<UnitId>();
            for (int u = 0; u < units.Count; u++)
            {
                int home = nodeOfRank[UnitOrder.OwnerRank(spec.Layout, units[u])];
                int other = Array.FindIndex(live, l => Reaches(l, u)), copy = Reaches(copies[home], u) ? home : Array.FindIndex(copies, c => Reaches(c, u));
                UnitSource? source = Reaches(live[home], u) ? new UnitSource(u, RestoreRung.Live, home)
                    : other >= 0 ? new UnitSource(u, RestoreRung.Live, other)
                    : copy >= 0 ? new UnitSource(u, RestoreRung.Peer, copy)
                    : null;
                if (source is null)
                {
                    lost.Add(units[u]);
                }
                else
                {
                    sources.Add(source);
                }
            }

            if (lost.Count == 0)
            {
                why = "";
                return new MemoryPoint(PlanOf(step, sources, units, spec, nodeOfRank), sources, redo);
            }

            why = why.Length > 0 ? why : $"{lost.Count} of {units.Count} units of step {step} are lost ({lost[0]}{(lost.Count > 1 ? ", …" : "")}): no live state, no copy";
        }

        return null;
    }

    private static RestorePlan PlanOf(long step, List<UnitSource> sources, IReadOnlyList<UnitId> units, RunSpec spec, IReadOnlyList<int> nodeOfRank)
    {
        int peers = sources.Count(s => s.Rung == RestoreRung.Peer);
        int moved = sources.Count(s => s.Rung == RestoreRung.Live && s.Node != nodeOfRank[UnitOrder.OwnerRank(spec.Layout, units[s.Unit])]);
        string[] parts =
        [
            .. sources.Count > peers + moved ? (string[])[$"live state of {sources.Count - peers - moved} units"] : [],
            .. moved > 0 ? (string[])[$"live state of {moved} units that move"] : [],
            .. peers > 0 ? (string[])[$"peers' copies of {peers} units"] : [],
        ];
        string rung = (peers, sources.Count - peers) switch { (0, _) => "live state", (_, 0) => "peer copies", _ => "live state, peer copies" };
        return new RestorePlan(step, [], [], $"memory at step {step}: {string.Join(", ", parts)}") { Rung = rung };
    }
}
