using MoeActors.Compute.Models;

namespace MoeActors.Actors.Tests.Simulation;

/// <summary>A node's snapshots in memory, by the rules of the product's vault: the newest of the newest published checkpoint or before, and newer ones.</summary>
internal sealed class SimVault(SimSeams seams)
{
    private readonly Dictionary<SimPart, SortedDictionary<long, SimState>> kept = [];

    public void Keep(SimPart part, long version, SimState state)
    {
        if (!kept.TryGetValue(part, out SortedDictionary<long, SimState>? versions))
        {
            kept.Add(part, versions = []);
        }

        versions[version] = state;
    }

    public SimState? Find(SimPart part, long version) =>
        kept.TryGetValue(part, out SortedDictionary<long, SimState>? versions) && versions.TryGetValue(version, out SimState state) ? state : null;

    /// <summary>The newest of all.</summary>
    public SimState? Newest(SimPart part) => kept.TryGetValue(part, out SortedDictionary<long, SimState>? versions) && versions.Count > 0 ? versions.Last().Value : null;

    public void Committed(long step)
    {
        foreach (SortedDictionary<long, SimState> versions in kept.Values)
        {
            foreach (long old in versions.Keys.Where(v => v <= step).SkipLast(1).ToArray())
            {
                versions.Remove(old);
            }
        }
    }

    public void GoBack(long step, Func<UnitId, bool> stays)
    {
        foreach ((SimPart part, SortedDictionary<long, SimState> versions) in kept)
        {
            foreach (long gone in versions.Keys.Where(v => (v > step && seams.ForgetsNewer) || !stays(part.Unit)).ToArray())
            {
                versions.Remove(gone);
            }
        }
    }
}
