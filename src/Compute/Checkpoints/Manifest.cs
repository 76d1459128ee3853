using System.Text.Json;
using System.Text.Json.Serialization;

namespace MoeActors.Compute.Checkpoints;

/// <summary>
/// The truth about one checkpoint (CK-1): what it is of and where every byte of it lies. Immutable. Read and written by
/// <see cref="ManifestFormat"/>; its rules are in <see cref="ManifestRules"/>.
/// </summary>
public sealed record Manifest
{
    /// <summary>Schema version this build writes, and the newest it reads.</summary>
    public const int CurrentSchema = 1;

    /// <summary>Kind of a checkpoint whose every entry is of the checkpoint's own step.</summary>
    public const string Full = "full";

    /// <summary>Schema version of the file.</summary>
    public int Schema { get; init; } = CurrentSchema;

    /// <summary>"full".</summary>
    public string Kind { get; init; } = Full;

    /// <summary>The run, model, tokenizer and corpus it belongs to.</summary>
    public required RunIdentity Identity { get; init; }

    /// <summary>Optimizer steps done: the state is the one after this many steps.</summary>
    public required long Step { get; init; }

    /// <summary>Epoch (EP-1) in which it was written.</summary>
    public required long Epoch { get; init; }

    /// <summary>Fencing token of the coordinator that commits it.</summary>
    public required long FencingToken { get; init; }

    /// <summary>When it was published, UTC.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Seed of every random stream; all are counter-based, so it is their whole state.</summary>
    public required long Seed { get; init; }

    /// <summary>Optimizer steps taken by each unit (Adam's bias correction): "dense", "layers.3.experts.1", … Names must not depend on the placement.</summary>
    public required IReadOnlyDictionary<string, long> Units { get; init; }

    /// <summary>The sample ledger (DA-1), as its own JSON.</summary>
    public required JsonElement Ledger { get; init; }

    /// <summary>Shard files the entries lie in.</summary>
    public required IReadOnlyList<CheckpointFile> Files { get; init; }

    /// <summary>Stored pieces; they tile every (layer, expert, tensor, slot) exactly once.</summary>
    public required IReadOnlyList<CheckpointEntry> Entries { get; init; }

    /// <summary>Checksum of the file it was read from; empty before it is written.</summary>
    [JsonIgnore]
    public string Checksum { get; init; } = "";

    /// <summary>Bytes of all entries.</summary>
    [JsonIgnore]
    public long DataBytes => Entries.Sum(e => e.Bytes);

    /// <summary>Throws <see cref="CheckpointException"/> naming the first difference unless the checkpoint belongs to <paramref name="expected"/>.</summary>
    public void Demand(RunIdentity expected)
    {
        if (expected.Difference(Identity) is ({ } what, { } wanted, { } found))
        {
            throw new CheckpointException(
                $"{CheckpointPaths.ManifestName(Step)}: checkpoint of another {what}: expected {wanted}, found {found}; point at the run directory it was written for");
        }
    }
}
