using MoeActors.Compute.Checkpoints.Storage;

namespace MoeActors.Compute.Tests.Checkpoints;

/// <summary>The file system without its waits: syncs return at once. For tests whose subject is not durability.</summary>
internal sealed class QuickFiles : IFileOperations
{
    public static QuickFiles Instance { get; } = new();

    public void CreateFolder(string path) => PosixFiles.Instance.CreateFolder(path);

    public IWritableFile Create(string path, long length) => new QuickFile(path);

    public IWritableFile? Reuse(string spare, string path, long length)
    {
        File.Move(spare, path, overwrite: true);
        return new QuickFile(path, FileMode.Open, length);
    }

    public void Rename(string from, string to) => PosixFiles.Instance.Rename(from, to);

    public bool SyncFolder(string path) => Directory.Exists(path) ? true : throw new DirectoryNotFoundException(path);

    public void DeleteFile(string path) => PosixFiles.Instance.DeleteFile(path);

    public void DeleteFolder(string path) => PosixFiles.Instance.DeleteFolder(path);

    private sealed class QuickFile(string path, FileMode mode = FileMode.Create, long? length = null) : IWritableFile
    {
        private readonly FileStream stream = Open(path, mode, length);

        public void Append(ReadOnlySpan<byte> bytes) => stream.Write(bytes);

        public void Sync() => stream.Flush();

        public void Dispose() => stream.Dispose();

        private static FileStream Open(string path, FileMode mode, long? length)
        {
            var stream = new FileStream(path, mode, FileAccess.Write, FileShare.Read);
            if (length is { } bytes)
            {
                stream.SetLength(bytes);
            }

            return stream;
        }
    }
}
