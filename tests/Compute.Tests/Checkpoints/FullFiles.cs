using MoeActors.Compute.Checkpoints.Storage;
using MoeActors.Compute.Files;

namespace MoeActors.Compute.Tests.Checkpoints;

/// <summary>The file system of a disk that is full: names can be had, space cannot.</summary>
internal sealed class FullFiles : IFileOperations
{
    public void CreateFolder(string path) => PosixFiles.Instance.CreateFolder(path);

    public IWritableFile Create(string path, long length)
    {
        PrivateFiles.Create(path).Dispose();
        return new PosixFile(path, length, Posix.Open("/dev/full", Posix.WriteOnly, out _)!, direct: false);
    }

    public IWritableFile? Reuse(string spare, string path, long length) => null;

    public void Rename(string from, string to) => PosixFiles.Instance.Rename(from, to);

    public bool SyncFolder(string path) => PosixFiles.Instance.SyncFolder(path);

    public void DeleteFile(string path) => PosixFiles.Instance.DeleteFile(path);

    public void DeleteFolder(string path) => PosixFiles.Instance.DeleteFolder(path);
}
