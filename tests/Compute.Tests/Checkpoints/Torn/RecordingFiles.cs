using MoeActors.Compute.Checkpoints.Storage;

namespace MoeActors.Compute.Tests.Checkpoints.Torn;

/// <summary>One operation on a disk; paths are relative to the folder that is recorded.</summary>
internal abstract record DiskOperation
{
    public sealed record MakeFolder(string Path) : DiskOperation;

    /// <summary>A new file; its content is inode <paramref name="Inode"/>.</summary>
    public sealed record Create(string Path, int Inode, long Length) : DiskOperation;

    public sealed record Append(int Inode, byte[] Bytes) : DiskOperation;

    public sealed record Sync(int Inode) : DiskOperation;

    public sealed record Rename(string From, string To, int Inode) : DiskOperation;

    public sealed record SyncFolder(string Path) : DiskOperation;

    public sealed record Unlink(string Path) : DiskOperation;

    public sealed record RemoveFolder(string Path) : DiskOperation;
}

/// <summary>Carries out what the checkpoint code does below a folder and writes all of it down, for <see cref="TornDisk"/> to tell what a power failure may leave. Operations of several threads are written down in one order.</summary>
internal sealed class RecordingFiles(string root) : IFileOperations
{
    private readonly Dictionary<string, int> inodes = [];
    private readonly Lock gate = new();
    private int next;

    public List<DiskOperation> Log { get; } = [];

    /// <summary>Whether files' (or folders') syncs are written down as if they were never asked for: code that forgets them.</summary>
    public (bool Files, bool Folders) Forgets { get; init; }

    public void CreateFolder(string path)
    {
        using Lock.Scope one = gate.EnterScope();
        if (!Directory.Exists(path))
        {
            string? parent = Path.GetDirectoryName(path);
            if (parent is not null && parent.Length >= root.Length)
            {
                CreateFolder(parent);
            }

            QuickFiles.Instance.CreateFolder(path);
            Log.Add(new DiskOperation.MakeFolder(Relative(path)));
        }
    }

    public IWritableFile Create(string path, long length)
    {
        using Lock.Scope one = gate.EnterScope();
        IWritableFile file = QuickFiles.Instance.Create(path, length);
        inodes[path] = next++;
        Log.Add(new DiskOperation.Create(Relative(path), inodes[path], length));
        return new RecordedFile(this, inodes[path], file);
    }

    /// <summary>Every file is a new one here; spares written over have tests of their own.</summary>
    public IWritableFile? Reuse(string spare, string path, long length) => null;

    public void Rename(string from, string to)
    {
        using Lock.Scope one = gate.EnterScope();
        QuickFiles.Instance.Rename(from, to);
        inodes.Remove(from, out int inode);
        inodes[to] = inode;
        Log.Add(new DiskOperation.Rename(Relative(from), Relative(to), inode));
    }

    public bool SyncFolder(string path)
    {
        using Lock.Scope one = gate.EnterScope();
        if (!Forgets.Folders && path.StartsWith(root, StringComparison.Ordinal))
        {
            Log.Add(new DiskOperation.SyncFolder(Relative(path)));
        }

        return QuickFiles.Instance.SyncFolder(path);
    }

    public void DeleteFile(string path)
    {
        using Lock.Scope one = gate.EnterScope();
        if (File.Exists(path))
        {
            QuickFiles.Instance.DeleteFile(path);
            inodes.Remove(path);
            Log.Add(new DiskOperation.Unlink(Relative(path)));
        }
    }

    public void DeleteFolder(string path)
    {
        using Lock.Scope one = gate.EnterScope();
        QuickFiles.Instance.DeleteFolder(path);
        if (!Directory.Exists(path))
        {
            Log.Add(new DiskOperation.RemoveFolder(Relative(path)));
        }
    }

    private string Relative(string path) => Path.GetRelativePath(root, path) is var relative && relative == "." ? "" : relative;

    private sealed class RecordedFile(RecordingFiles owner, int inode, IWritableFile file) : IWritableFile
    {
        public void Append(ReadOnlySpan<byte> bytes)
        {
            using Lock.Scope one = owner.gate.EnterScope();
            file.Append(bytes);
            owner.Log.Add(new DiskOperation.Append(inode, bytes.ToArray()));
        }

        public void Sync()
        {
            using Lock.Scope one = owner.gate.EnterScope();
            file.Sync();
            if (!owner.Forgets.Files)
            {
                owner.Log.Add(new DiskOperation.Sync(inode));
            }
        }

        public void Dispose() => file.Dispose();
    }
}
