using MoeActors.Actors.Checkpointing;
using MoeActors.Compute.Checkpoints;
using MoeActors.Compute.Checkpoints.Format;
using MoeActors.Compute.Checkpoints.Partial;
using MoeActors.Compute.Checkpoints.Retention;
using MoeActors.Compute.Specs;

namespace MoeActors.Actors.Tests.Checkpointing;

/// <summary>What must hold of a store that <see cref="SavingRun"/> was writing to, whatever ended it.</summary>
internal static unsafe class SavedState
{
    /// <summary>The first thing wrong with any checkpoint: damaged, incomplete (CK-1), or with content, versions or ages that no recovery may see (RC-1). Null when all are right.</summary>
    public static string? Problem(CheckpointStore store, RunSpec spec, CancellationToken cancel)
    {
        CheckpointListing listing = store.List();
        if (listing.Broken is [var broken, ..])
        {
            return broken.Reason;
        }

        foreach (Manifest manifest in listing.Valid)
        {
            if (Completeness.Check(ExpectedState.Of(spec), manifest.Entries) is [var missing, ..])
            {
                return $"step {manifest.Step}: {missing.Message}";
            }

            if (store.Verify(manifest.Step, cancel) is [var problem, ..])
            {
                return $"step {manifest.Step}: {problem.Message}";
            }

            if (Content(store, spec, manifest) is { } wrong)
            {
                return $"step {manifest.Step}: {wrong}";
            }
        }

        return null;
    }

    /// <summary>Files that neither a manifest refers to nor retention accounts for.</summary>
    /// <param name="store">The store.</param>
    /// <param name="names">All files or objects in it.</param>
    public static IReadOnlyList<string> Others(CheckpointStore store, IEnumerable<string> names)
    {
        IReadOnlyList<Manifest> manifests = store.List().Valid;
        HashSet<string> known = [.. manifests.SelectMany(m => m.Files).Select(f => f.File), .. manifests.Select(m => CheckpointPaths.ManifestName(m.Step)), ".lock", "fence.json"];
        return [.. names.Where(n => !known.Contains(n) && !n.StartsWith("spare/", StringComparison.Ordinal))];
    }

    private static string? Content(CheckpointStore store, RunSpec spec, Manifest manifest)
    {
        PecMask mask = PecMask.Parse(spec.Checkpoint.Mask);
        bool partial = spec.Checkpoint.Mode == CheckpointMode.Partial;

        // Each expert is saved within ⌈N/K⌉ checkpoints, a killed one not counted: it never was.
        long oldest = Math.Max(1, manifest.Step - ((spec.Model.Moe.Experts + spec.Checkpoint.KPersist - 1) / spec.Checkpoint.KPersist) + 1);
        byte[] buffer = new byte[manifest.Entries.Max(e => e.Bytes)];
        using var reader = new CheckpointReader(store.Storage, manifest);
        fixed (byte* memory = buffer)
        {
            foreach (CheckpointEntry entry in manifest.Entries)
            {
                bool mayBeOld = partial && entry.Expert >= 0 && mask.Prunes(entry.Slot);
                if (entry.Version > manifest.Step || entry.Version < (mayBeOld ? oldest : manifest.Step))
                {
                    return $"{entry.Name} is of step {entry.Version}";
                }

                reader.ReadInto(entry, (nint)memory);
                bool right = entry.Dtype == ElementTypes.BF16
                    ? !new Span<ushort>(memory, (int)entry.Count).ContainsAnyExcept(SavingRun.Half(entry.Version))
                    : !new Span<float>(memory, (int)entry.Count).ContainsAnyExcept(entry.Version);
                if (!right)
                {
                    return $"{entry.Name} holds another state than that of step {entry.Version}";
                }
            }
        }

        return null;
    }
}
