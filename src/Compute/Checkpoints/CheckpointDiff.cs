using MoeActors.Compute.Checkpoints.Format;

namespace MoeActors.Compute.Checkpoints;

/// <summary>How two checkpoints differ, told by their manifests alone. Immutable.</summary>
/// <param name="From">Step of the one.</param>
/// <param name="To">Step of the other.</param>
/// <param name="Same">Entries of the same bytes in both.</param>
/// <param name="AddedBytes">Stored bytes that only the second refers to.</param>
/// <param name="RemovedBytes">Stored bytes that only the first refers to.</param>
/// <param name="Units">By layer and expert, the dense part first.</param>
/// <param name="Entries">Entries that differ.</param>
public sealed record CheckpointDiff(
    long From, long To, int Same, long AddedBytes, long RemovedBytes, IReadOnlyList<UnitDifference> Units, IReadOnlyList<EntryDifference> Entries)
{
    /// <summary>PURE: compares entries by tensor, slot and range. Bytes count as stored once where both refer to the same place of the same file.</summary>
    public static CheckpointDiff Between(Manifest from, Manifest to)
    {
        static (string, string, long, long) Key(CheckpointEntry e) => (e.Tensor, e.Slot, e.Begin, e.Count);
        Dictionary<(string, string, long, long), CheckpointEntry> before = from.Entries.ToDictionary(Key);
        HashSet<(string, long)> beforeAt = [.. from.Entries.Select(e => (e.File, e.Offset))], afterAt = [.. to.Entries.Select(e => (e.File, e.Offset))];
        var entries = new List<EntryDifference>();
        int same = 0;
        foreach (CheckpointEntry e in to.Entries)
        {
            if (!before.Remove(Key(e), out CheckpointEntry? old))
            {
                entries.Add(new(EntryChange.Added, e.Name, e.Layer, e.Expert, null, e.Version, e.Bytes));
            }
            else if (old.Checksum != e.Checksum)
            {
                entries.Add(new(EntryChange.Changed, e.Name, e.Layer, e.Expert, old.Version, e.Version, e.Bytes));
            }
            else if (old.Version != e.Version)
            {
                entries.Add(new(EntryChange.Version, e.Name, e.Layer, e.Expert, old.Version, e.Version, e.Bytes));
            }
            else
            {
                same++;
            }
        }

        entries.AddRange(before.Values.Select(e => new EntryDifference(EntryChange.Removed, e.Name, e.Layer, e.Expert, e.Version, null, e.Bytes)));
        CheckpointEntry[] added = [.. to.Entries.Where(e => !beforeAt.Contains((e.File, e.Offset)))], removed = [.. from.Entries.Where(e => !afterAt.Contains((e.File, e.Offset)))];
        ILookup<(int, int), EntryDifference> differences = entries.ToLookup(e => (e.Layer, e.Expert));
        List<UnitDifference> units = [.. from.Entries.Concat(to.Entries).Select(e => (e.Layer, e.Expert)).Distinct()
            .OrderBy(u => u.Expert >= 0).ThenBy(u => u.Layer).ThenBy(u => u.Expert)
            .Select(u => new UnitDifference(
                u.Layer,
                u.Expert,
                Newest(from, u),
                Newest(to, u),
                differences[u].Count(),
                added.Where(e => (e.Layer, e.Expert) == u).Sum(e => e.Bytes),
                removed.Where(e => (e.Layer, e.Expert) == u).Sum(e => e.Bytes)))];
        return new CheckpointDiff(from.Step, to.Step, same, added.Sum(e => e.Bytes), removed.Sum(e => e.Bytes), units, entries);
    }

    private static long? Newest(Manifest manifest, (int Layer, int Expert) unit) =>
        manifest.Entries.Where(e => (e.Layer, e.Expert) == unit).Select(e => (long?)e.Version).Max();
}

/// <summary>What became of an entry.</summary>
public enum EntryChange
{
    /// <summary>Other bytes.</summary>
    Changed,

    /// <summary>The same bytes under another version.</summary>
    Version,

    /// <summary>Only in the second.</summary>
    Added,

    /// <summary>Only in the first.</summary>
    Removed,
}

/// <summary>An entry that differs.</summary>
/// <param name="Change">How.</param>
/// <param name="Name">Stored name.</param>
/// <param name="Layer">Decoder block or -1.</param>
/// <param name="Expert">Expert or -1.</param>
/// <param name="From">Version in the first; null when it is not there.</param>
/// <param name="To">Version in the second; null when it is not there.</param>
/// <param name="Bytes">Its length.</param>
public sealed record EntryDifference(EntryChange Change, string Name, int Layer, int Expert, long? From, long? To, long Bytes);

/// <summary>How an expert, or the dense part of a block, differs.</summary>
/// <param name="Layer">Decoder block or -1.</param>
/// <param name="Expert">Expert or -1.</param>
/// <param name="From">Newest version in the first; null when it is not there.</param>
/// <param name="To">Newest version in the second; null when it is not there.</param>
/// <param name="Entries">Entries that differ.</param>
/// <param name="AddedBytes">Stored bytes that only the second refers to.</param>
/// <param name="RemovedBytes">Stored bytes that only the first refers to.</param>
public sealed record UnitDifference(int Layer, int Expert, long? From, long? To, int Entries, long AddedBytes, long RemovedBytes);
