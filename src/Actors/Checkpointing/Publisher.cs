using System.Text.Json;

using MoeActors.Actors.Cluster.Journal;
using MoeActors.Actors.Diagnostics;
using MoeActors.Actors.Protocol;
using MoeActors.Compute.Checkpoints;
using MoeActors.Compute.Checkpoints.Format;
using MoeActors.Compute.Checkpoints.Retention;
using MoeActors.Compute.Data;
using MoeActors.Compute.Parameters;
using MoeActors.Compute.Specs;

namespace MoeActors.Actors.Checkpointing;

/// <summary>Makes a checkpoint exist: gathers the parts into a manifest, has the store check and publish it, applies retention (CK-1, CK-2).</summary>
internal static class Publisher
{
    /// <summary>Largest checkpoint whose hashes are computed on publishing: beyond it the extra read would cost too much.</summary>
    public const long HashLimit = 2L << 30;

    /// <summary>Publishes; <paramref name="enter"/> is told what storage is busy with. Of more than <paramref name="hashed"/> bytes no hashes are computed.</summary>
    public static CommittedCheckpoint Publish(RunSpec spec, CheckpointStore store, RetentionRequest retention, PendingCheckpoint checkpoint, Action<Phase> enter, long hashed = HashLimit, TimeProvider? time = null)
    {
        enter(Phase.Commit);
        var entries = new List<CheckpointEntry>();
        var files = new List<CheckpointFile>();
        var stepCounts = new SortedDictionary<string, long>(StringComparer.Ordinal);
        foreach (SnapshotPersisted part in checkpoint.Parts.Values)
        {
            CheckpointWriterActor.Part content = JsonSerializer.Deserialize<CheckpointWriterActor.Part>(part.EntriesJson)
                ?? throw new CheckpointException($"checkpoint {checkpoint.Step}: node {part.Node} sent an empty part");
            entries.AddRange(content.Entries);
            files.AddRange(content.Files);
            foreach ((string unit, long steps) in content.StepCounts)
            {
                stepCounts[unit] = steps;
            }
        }

        IReadOnlyList<CheckpointEntry> written = [.. entries];
        if (checkpoint.Base is { } old)
        {
            // What this checkpoint leaves out lies where it lay (MoC: an expert's newest version may be in an older checkpoint).
            Manifest before = store.Open(old, RunIdentity.Of(spec));
            HashSet<(string, string)> known = [.. entries.Select(e => (e.Tensor, e.Slot))];
            entries.AddRange(before.Entries.Where(e => !known.Contains((e.Tensor, e.Slot))));
            HashSet<string> referred = [.. entries.Select(e => e.File)];
            files.AddRange(before.Files.Where(f => referred.Contains(f.File)));
            foreach ((string unit, long steps) in before.Units)
            {
                stepCounts.TryAdd(unit, steps);
            }
        }

        Manifest manifest = Manifests.Of(spec, checkpoint, retention.FencingToken, files, entries, stepCounts, (time ?? TimeProvider.System).GetUtcNow());
        store.Publish(manifest, ExpectedState.Of(spec));
        enter(Phase.Commit);
        RetentionResult kept = store.Retain(retention);
        long bytes = checkpoint.Parts.Values.Sum(p => p.Bytes);
        (string weights, string state) = ("", "");
        if (manifest.DataBytes <= hashed)
        {
            (weights, state) = HashesOf(store, manifest);
        }

        enter(Phase.Idle);
        return new CommittedCheckpoint(
            checkpoint.Step, bytes, BytesPerRank(spec, written), checkpoint.Parts.Values.Max(p => p.PersistMs), weights, state)
        {
            Kind = checkpoint.Order.Complete ? Manifest.Full : Manifest.Partial,
            SnapshotMs = checkpoint.Parts.Values.Max(p => p.SnapshotMs),
            Kept = kept.Decision.Keep,
        };
    }

    /// <summary>Hashes of a checkpoint's weights and of its whole state; reads all of it.</summary>
    public static Tuple<string, string> HashesOf(CheckpointStore store, Manifest manifest)
    {
        using var reader = new CheckpointReader(store.Storage, manifest);
        return Tuple.Create(StateHash.Weights(reader), StateHash.State(reader));
    }

    private static long[] BytesPerRank(RunSpec spec, IEnumerable<CheckpointEntry> entries)
    {
        long[] bytes = new long[spec.Layout.Ranks];
        foreach (CheckpointEntry entry in entries)
        {
            // A unit's file carries its name: "dense-3", "experts-1-2-0".
            UnitId unit = UnitId.Parse(Path.GetFileNameWithoutExtension(entry.File).Replace('-', '/'));
            bytes[UnitOrder.OwnerRank(spec.Layout, unit)] += entry.Bytes;
        }

        return bytes;
    }
}

/// <summary>PURE: a manifest from a run's record and its parts.</summary>
internal static class Manifests
{
    public static Manifest Of(
        RunSpec spec,
        PendingCheckpoint checkpoint,
        long fence,
        IReadOnlyList<CheckpointFile> files,
        IReadOnlyList<CheckpointEntry> entries,
        IReadOnlyDictionary<string, long> stepCounts,
        DateTimeOffset now)
    {
        // Recomputed samples are counted in the report: the state of a disturbed run is that of the undisturbed one (DA-1).
        SampleLedger ledger = checkpoint.Ledger with { Recomputed = 0 };
        return new Manifest
        {
            Identity = RunIdentity.Of(spec),
            Step = checkpoint.Step,
            Epoch = checkpoint.Epoch,
            FencingToken = fence,
            Kind = spec.Checkpoint.Mode == CheckpointMode.Partial ? Manifest.Partial : Manifest.Full,
            Schema = spec.Checkpoint.Mode == CheckpointMode.Partial ? Manifest.CurrentSchema : 1,
            Plt = checkpoint.Facts.Plt is { } plt ? JsonSerializer.Deserialize<JsonElement>(plt.ToJson()) : null,
            CreatedAt = now,
            Files = files,
            Entries = entries,
            Units = stepCounts,
            Ledger = JsonSerializer.Deserialize<JsonElement>(ledger.ToJson()),
            Seed = spec.Training.Seed,
        };
    }
}
