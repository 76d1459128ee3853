using System.Text.Json;

using MoeActors.Actors.Cluster;
using MoeActors.Actors.Faults;
using MoeActors.Actors.Protocol;
using MoeActors.Compute.Checkpoints;
using MoeActors.Compute.Data;
using MoeActors.Compute.Models;

namespace MoeActors.Actors.Checkpointing;

/// <summary>Makes a checkpoint exist: gathers the parts into a manifest, has the store check and publish it, applies retention (CK-1, CK-2).</summary>
internal static class Publisher
{
    /// <summary>Largest checkpoint whose hashes are computed on publishing: beyond it the extra read would cost too much.</summary>
    private const long HashLimit = 2L << 30;

    public static CommittedCheckpoint Publish(RunSpec spec, string runFolder, long fence, PendingCheckpoint checkpoint, FlightRecorder flight)
    {
        flight.EnterStorage(Phase.Commit, checkpoint.Step);
        var store = new CheckpointStore(Path.Combine(runFolder, "checkpoints"));
        var entries = new List<CheckpointEntry>();
        var stepCounts = new SortedDictionary<string, long>(StringComparer.Ordinal);
        foreach (SnapshotPersisted part in checkpoint.Parts.Values)
        {
            CheckpointWriterActor.Part content = JsonSerializer.Deserialize<CheckpointWriterActor.Part>(part.EntriesJson)
                ?? throw new CheckpointException($"checkpoint {checkpoint.Step}: node {part.Node} sent an empty part");
            entries.AddRange(content.Entries);
            foreach ((string unit, long steps) in content.StepCounts)
            {
                stepCounts[unit] = steps;
            }
        }

        Manifest manifest = Manifests.Of(spec, checkpoint, fence, entries, stepCounts);
        store.Publish(manifest, ExpectedState.Of(spec));
        flight.EnterStorage(Phase.Commit, checkpoint.Step);
        store.Retain(new RetentionPolicy(spec.Checkpoint.Keep, spec.Checkpoint.KeepEvery));
        long bytes = checkpoint.Parts.Values.Sum(p => p.Bytes);
        (string weights, string state) = ("", "");
        if (bytes <= HashLimit)
        {
            using var reader = new CheckpointReader(store, manifest);
            (weights, state) = (StateHash.Weights(reader), StateHash.State(reader));
        }

        flight.EnterStorage(Phase.Idle, checkpoint.Step);
        return new CommittedCheckpoint(
            checkpoint.Step, bytes, checkpoint.Parts.Values.Max(p => p.Bytes), 0, checkpoint.Parts.Values.Max(p => p.PersistMs), weights, state);
    }
}

/// <summary>PURE: which tensors a complete checkpoint holds.</summary>
internal static class ExpectedState
{
    public static IReadOnlyList<ExpectedTensor> Of(RunSpec spec)
    {
        string[] slots = spec.Training.Precision == Precision.BFloat16 ? ["master", "m", "v", "weights"] : ["master", "m", "v"];
        var expected = new List<ExpectedTensor>();
        var layouts = new List<ParameterLayout> { ParameterLayout.Dense(spec.Model) };
        layouts.AddRange(spec.Model.MoeLayers().Select(layer => ParameterLayout.Experts(spec.Model, layer, 0, spec.Model.Moe.Experts)));
        foreach (ParameterEntry entry in layouts.SelectMany(l => l.Entries))
        {
            expected.Add(new ExpectedTensor(entry.Name, entry.Layer, entry.Expert, entry.Shape, slots));
        }

        return expected;
    }
}

/// <summary>PURE: a manifest from a run's record and its parts.</summary>
internal static class Manifests
{
    public static Manifest Of(
        RunSpec spec, PendingCheckpoint checkpoint, long fence, IReadOnlyList<CheckpointEntry> entries, IReadOnlyDictionary<string, long> stepCounts)
    {
        SampleLedger ledger = SampleLedger.After(spec, checkpoint.Step);
        return new Manifest
        {
            RunId = spec.RunId,
            Lineage = Lineage.Of(spec),
            Step = checkpoint.Step,
            Epoch = checkpoint.Epoch,
            Fence = fence,
            Kind = "full",
            CreatedAt = DateTimeOffset.UtcNow,
            Entries = entries,
            StepCounts = stepCounts,
            Ledger = JsonSerializer.SerializeToElement(ledger),
            Seed = spec.Training.Seed,
            ModelHash = Lineage.Of(spec),
            TokenizerHash = spec.Data.TokenizerHash,
            CorpusHash = spec.Data.CorpusHash,
        };
    }
}
