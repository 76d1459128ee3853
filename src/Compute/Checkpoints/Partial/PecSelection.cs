namespace MoeActors.Compute.Checkpoints.Partial;

/// <summary>
/// Which K of the N experts of each MoE layer a checkpoint saves whole (MoC, partial experts checkpointing). Pure: every rank computes the same choice from the manifest.
/// <para>
/// Sequential: the least recently saved first. The versions in the manifest are thereby the cursor, which survives restarts; and since a just-saved expert is behind all
/// others, any checkpoints whose K sum to N or more have saved every expert, whatever happened to K or the layout (CK-2 needs no expert to stay behind for ever). Experts of
/// equal version are taken in cyclic order from offset m, the ordinal of the MoE layer: from a full checkpoint on, K = 1 saves e(c, m) = order[(c + m) mod N], interleaved over
/// layers and EP positions.
/// </para>
/// <para>
/// Load-aware: the most unsaved tokens first, equal ones as above. An expert no token goes to is not saved again while K others have some, and loses nothing: its last version is its present state.
/// How long another waits is not bounded by any number of checkpoints, only by its load.
/// </para>
/// </summary>
public static class PecSelection
{
    /// <summary>One depth: the <paramref name="k"/> experts of each layer that are saved, both as snapshot and in storage.</summary>
    public static ExpertSelection OneLevel(IReadOnlyList<PecLayer> layers, int k)
    {
        ArgumentNullException.ThrowIfNull(layers);
        IReadOnlyList<int>[] chosen = [.. layers.Select((layer, m) => Ascending(Ranked(layer, null, m, k).Take(k)))];
        return new(chosen, chosen, $"{Policy(layers)}: {k} of {Experts(layers)} experts in each of {layers.Count} MoE layers");
    }

    /// <summary>
    /// Two depths, Persist ⊆ Snapshot in each layer: <paramref name="kPersist"/> experts are chosen by what is in storage, then <paramref name="kSnapshot"/> −
    /// <paramref name="kPersist"/> more by what is in host memory. Equal ones for storage are taken by the age of their snapshots, so that what must be
    /// persisted is mostly what would be snapshotted anyway: for even K both walks then have their full period, N/K_persist and N/K_snapshot checkpoints.
    /// </summary>
    /// <param name="persisted">By MoE layer: versions (and load) against storage.</param>
    /// <param name="snapshots">By MoE layer: versions (and load) against host memory; a persisted version counts as a snapshot.</param>
    /// <param name="kSnapshot">Experts of a layer that are snapshotted.</param>
    /// <param name="kPersist">Experts of a layer that are persisted; at most <paramref name="kSnapshot"/>.</param>
    public static ExpertSelection TwoLevel(IReadOnlyList<PecLayer> persisted, IReadOnlyList<PecLayer> snapshots, int kSnapshot, int kPersist)
    {
        ArgumentNullException.ThrowIfNull(persisted);
        ArgumentNullException.ThrowIfNull(snapshots);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(kPersist, kSnapshot);
        ArgumentOutOfRangeException.ThrowIfNotEqual(snapshots.Count, persisted.Count);
        var persist = new IReadOnlyList<int>[persisted.Count];
        var snapshot = new IReadOnlyList<int>[persisted.Count];
        for (int m = 0; m < persisted.Count; m++)
        {
            int[] first = [.. Ranked(persisted[m], snapshots[m].Saved, m, kPersist).Take(kPersist)];
            IEnumerable<int> more = Ranked(snapshots[m], null, m, kSnapshot).Except(first).Take(kSnapshot - kPersist);
            (persist[m], snapshot[m]) = (Ascending(first), Ascending(first.Concat(more)));
        }

        return new(
            snapshot,
            persist,
            $"{Policy(persisted)}: {kSnapshot} of {Experts(persisted)} experts snapshotted, {kPersist} of them persisted, in each of {persisted.Count} MoE layers");
    }

    private static IEnumerable<int> Ranked(PecLayer layer, IReadOnlyList<long>? thenBy, int ordinal, int k)
    {
        int n = layer.Order.Count;
        ArgumentOutOfRangeException.ThrowIfLessThan(k, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(k, n);
        ArgumentOutOfRangeException.ThrowIfNotEqual(layer.Saved.Count, n);
        return Enumerable.Range(0, n)
            .Select(i => layer.Order[(ordinal + i) % n])
            .OrderByDescending(e => layer.Load?[e] ?? 0)
            .ThenBy(e => layer.Saved[e])
            .ThenBy(e => thenBy?[e] ?? 0);
    }

    private static int[] Ascending(IEnumerable<int> experts) => [.. experts.Order()];

    private static int Experts(IReadOnlyList<PecLayer> layers) => layers.Count == 0 ? 0 : layers[0].Order.Count;

    private static string Policy(IReadOnlyList<PecLayer> layers) =>
        layers.Any(l => l.Load is not null) ? "load-aware, most unsaved tokens first" : "sequential, least recently saved first";
}
