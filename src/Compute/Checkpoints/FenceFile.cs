using System.Text.Json;

using MoeActors.Compute.Checkpoints.Format;
using MoeActors.Compute.Checkpoints.Storage;

namespace MoeActors.Compute.Checkpoints;

/// <summary>
/// The newest fencing token a store has been told of, in the sealed object "fence.json". Read and replaced within
/// <see cref="ICheckpointStorage.Exclusive"/>, under the condition that it is the one that was read.
/// </summary>
/// <param name="Token">The token; 0 when none was ever raised.</param>
/// <param name="Owner">Whose it is: the id of the journal of the coordinator that raised it; "" when it did not say.</param>
/// <param name="Found">The object it was read from; null when there is none.</param>
internal sealed record FenceFile(long Token, string Owner, SmallObject? Found)
{
    public const string Name = "fence.json";
    private const string Remedy = "make sure no other coordinator of this run is alive, then delete the file";

    public static FenceFile Read(ICheckpointStorage storage)
    {
        SmallObject? found = storage.Read(Name);
        if (found is null)
        {
            return new FenceFile(0, "", null);
        }

        string path = storage.Describe(Name);
        SealedJson.Check(found.Content, path, Remedy);
        try
        {
            using JsonDocument document = JsonDocument.Parse(found.Content);
            JsonElement root = document.RootElement;
            return new FenceFile(root.GetProperty("token").GetInt64(), root.TryGetProperty("owner", out JsonElement owner) ? owner.GetString() ?? "" : "", found);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new CheckpointException($"{path}: holds no fencing token; {Remedy}", e);
        }
    }

    /// <summary>Puts <paramref name="token"/> of <paramref name="owner"/> in its place.</summary>
    public void Replace(ICheckpointStorage storage, long token, string owner)
    {
        string whose = owner.Length == 0 ? "" : $",\"owner\":{JsonSerializer.Serialize(owner)}";
        storage.Put(Name, SealedJson.Seal($"{{\"schema\":1,\"token\":{token}{whose}}}\n"), PutCondition.After(Found));
    }
}
