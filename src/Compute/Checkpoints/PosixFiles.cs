using Microsoft.Win32.SafeHandles;

namespace MoeActors.Compute.Checkpoints;

/// <summary>The real file system.</summary>
public sealed class PosixFiles : IFileOperations
{
    /// <summary>The one instance; it has no state.</summary>
    public static PosixFiles Instance { get; } = new();

    /// <inheritdoc/>
    public void CreateFolder(string path) => Directory.CreateDirectory(path);

    /// <inheritdoc/>
    public IWritableFile Create(string path, long length) => new PosixFile(path, length);

    /// <inheritdoc/>
    public IWritableFile? Reuse(string spare, string path, long length) => PosixFile.Reuse(spare, path, length);

    /// <inheritdoc/>
    public void Rename(string from, string to) => File.Move(from, to, overwrite: true);

    /// <inheritdoc/>
    public bool SyncFolder(string path)
    {
        using SafeFileHandle folder = Posix.Open(path, flags: 0, out int error) ?? throw Posix.Error(path, error);
        error = Posix.Sync(folder);
        return error switch
        {
            0 => true,
            Posix.Invalid or Posix.NotSupported or Posix.NoSystemCall or Posix.BadFile => false,
            _ => throw Posix.Error(path, error),
        };
    }

    /// <inheritdoc/>
    public void DeleteFile(string path)
    {
        if (File.Exists(path))
        {
            File.Delete(path);
        }
    }

    /// <inheritdoc/>
    public void DeleteFolder(string path)
    {
        if (Directory.Exists(path) && !Directory.EnumerateFileSystemEntries(path).Any())
        {
            Directory.Delete(path);
        }
    }
}
