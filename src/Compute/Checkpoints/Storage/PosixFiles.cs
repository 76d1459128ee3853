using MoeActors.Compute.Files;

namespace MoeActors.Compute.Checkpoints.Storage;

/// <summary>The real file system.</summary>
public sealed class PosixFiles : IFileOperations
{
    /// <summary>The one instance; it has no state.</summary>
    public static PosixFiles Instance { get; } = new();

    /// <inheritdoc/>
    public void CreateFolder(string path) => PrivateFiles.CreateFolder(path);

    /// <inheritdoc/>
    public IWritableFile Create(string path, long length) => new PosixFile(path, length);

    /// <inheritdoc/>
    public IWritableFile? Reuse(string spare, string path, long length) => PosixFile.Reuse(spare, path, length);

    /// <inheritdoc/>
    public void Rename(string from, string to) => File.Move(from, to, overwrite: true);

    /// <inheritdoc/>
    public bool SyncFolder(string path) => Posix.SyncFolder(path);

    /// <inheritdoc/>
    public void DeleteFile(string path) => Demand(path, Posix.Unlink(path, folder: false));

    /// <inheritdoc/>
    public void DeleteFolder(string path)
    {
        int error = Posix.Unlink(path, folder: true);
        Demand(path, error is Posix.NotEmpty or Posix.Exists or Posix.NotFolder ? 0 : error);
    }

    private static void Demand(string path, int error)
    {
        if (error is not (0 or Posix.NoEntry))
        {
            throw Posix.Error(path, error);
        }
    }
}
