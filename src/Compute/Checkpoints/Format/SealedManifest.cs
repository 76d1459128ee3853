using System.Text.Json;

namespace MoeActors.Compute.Checkpoints.Format;

/// <summary>A manifest as it stands in its file. All properties but plt are required: a file that lacks one is refused.</summary>
internal sealed record SealedManifest(
    string Checksum,
    int Schema,
    string Kind,
    RunIdentity Identity,
    long Step,
    long Epoch,
    long FencingToken,
    DateTimeOffset CreatedAt,
    long Seed,
    Dictionary<string, long> Units,
    JsonElement Ledger,
    CheckpointFile[] Files,
    CheckpointEntry[] Entries,
    JsonElement? Plt = null)
{
    public Manifest ToManifest(string checksum) => new()
    {
        Schema = Schema,
        Kind = Kind,
        Identity = Identity,
        Step = Step,
        Epoch = Epoch,
        FencingToken = FencingToken,
        CreatedAt = CreatedAt,
        Seed = Seed,
        Units = Units,
        Ledger = Ledger,
        Files = Files,
        Entries = Entries,
        Checksum = checksum,
        Plt = Plt,
    };
}
