namespace MoeActors.Compute.Tests.Checkpoints;

/// <summary>A folder that ends with the test.</summary>
internal sealed class TempFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("checkpoints-").FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
