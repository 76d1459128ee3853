using System.Text.Json;
using System.Text.Json.Serialization;

namespace MoeActors.Compute.Checkpoints.Format;

/// <summary>
/// The truth about one checkpoint (CK-1): what it is of and where every byte of it lies. Immutable. Read and written by
/// <see cref="ManifestFormat"/>; its rules are in <see cref="ManifestRules"/>.
/// </summary>
public sealed record Manifest
{
    /// <summary>Schema version this build writes, and the newest it reads.</summary>
    public const int CurrentSchema = 2;

    /// <summary>Kind of a checkpoint whose every entry is of the checkpoint's own step.</summary>
    public const string Full = "full";

    /// <summary>Kind of a checkpoint in which experts may be of older steps and lie in the files of older checkpoints (MoC, partial experts checkpointing). Since schema 2.</summary>
    public const string Partial = "partial";

    /// <summary>Schema of the file: 1 for a full checkpoint, so that older builds read it; 2 for a partial one.</summary>
    public int Schema { get; init; } = 1;

    /// <summary>"full" or "partial".</summary>
    public string Kind { get; init; } = Full;

    /// <summary>The PLT ledger (tokens each expert has learned from, at the versions the entries are of), as its own JSON; null in a full checkpoint.</summary>
    public JsonElement? Plt { get; init; }

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

    /// <summary>
    /// Optimizer steps taken by each unit (Adam's bias correction): "dense/0", "experts/3/1/0", …; in a partial checkpoint by each expert of a unit:
    /// "experts/3/1/0/5". Names must not depend on the placement.
    /// </summary>
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
