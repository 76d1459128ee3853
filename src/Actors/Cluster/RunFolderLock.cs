namespace MoeActors.Actors.Cluster;

/// <summary>
/// The lock of a run's folder: held by the coordinator in charge, freed by the operating system when its process dies. Two clusters on one
/// folder are refused.
/// </summary>
public sealed class RunFolderLock : IDisposable
{
    private readonly FileStream file;

    private RunFolderLock(FileStream file) => this.file = file;

    /// <summary>Takes the lock; throws <see cref="IOException"/> with the reason and the remedy.</summary>
    public static RunFolderLock Take(string folder, string name = "run.lock")
    {
        Directory.CreateDirectory(folder);
        string path = Path.Combine(folder, name);
        try
        {
            return new RunFolderLock(new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
        }
        catch (IOException e) when (e is not FileNotFoundException and not DirectoryNotFoundException)
        {
            throw new IOException($"{path} is held by another coordinator: this run is being trained elsewhere; stop that one first", e);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => file.Dispose();
}
