using System.Text.Json;

namespace MoeActors.Compute.Checkpoints;

/// <summary>The newest fencing token a checkpoints folder has been told of, in the sealed file "fence.json". Read and written under <see cref="StoreLock"/>.</summary>
internal static class FenceFile
{
    public const string Name = "fence.json";
    private const string Remedy = "make sure no other coordinator of this run is alive, then delete the file";

    /// <summary>The token; 0 when none was ever raised.</summary>
    public static long Read(string root)
    {
        string path = Path.Combine(root, Name);
        if (!File.Exists(path))
        {
            return 0;
        }

        byte[] file = File.ReadAllBytes(path);
        SealedJson.Check(file, path, Remedy);
        try
        {
            using JsonDocument document = JsonDocument.Parse(file);
            return document.RootElement.GetProperty("token").GetInt64();
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new CheckpointException($"{path}: holds no fencing token; {Remedy}", e);
        }
    }

    public static bool Write(IFileOperations files, string root, long token) =>
        AtomicFile.Write(files, Path.Combine(root, Name), SealedJson.Seal($"{{\"schema\":1,\"token\":{token}}}\n"));
}
