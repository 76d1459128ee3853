using MoeActors.Compute.Parameters;

namespace MoeActors.Actors.Tests.Simulation;

/// <summary>A node's snapshots in memory, by the rules of the product's vault: the newest of the newest published checkpoint or before, and newer ones.</summary>
internal sealed class SimVault(SimSeams seams)
{
    private readonly Dictionary<SimPart, SortedDictionary<long, SimState>> kept = [];
    private readonly HashSet<(SimPart, long)> altered = [], lost = [];

    public void Keep(SimPart part, long version, SimState state)
    {
        if (!kept.TryGetValue(part, out SortedDictionary<long, SimState>? versions))
        {
            kept.Add(part, versions = []);
        }

        versions[version] = state;
        altered.Remove((part, version));
        lost.Remove((part, version));
    }

    /// <summary>Every snapshot is altered, and the vault can know it by their checksums.</summary>
    public void Corrupt()
    {
        foreach ((SimPart part, SortedDictionary<long, SimState> versions) in kept)
        {
            foreach (long version in versions.Keys.ToArray())
            {
                versions[version] = versions[version] with { Chain = versions[version].Chain ^ 1 };
                altered.Add((part, version));
            }
        }
    }

    /// <summary>Every snapshot is gone; what lies where it was is anything.</summary>
    public void Lose()
    {
        lost.UnionWith(kept.SelectMany(p => p.Value.Keys.Select(v => (p.Key, v))));
        kept.Clear();
    }

    public SimState? Find(SimPart part, long version) =>
        lost.Contains((part, version)) ? seams.VerifiesSnapshots ? null : default(SimState)
        : seams.VerifiesSnapshots && altered.Contains((part, version)) ? null : kept.TryGetValue(part, out SortedDictionary<long, SimState>? versions) && versions.TryGetValue(version, out SimState state) ? state : null;

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
