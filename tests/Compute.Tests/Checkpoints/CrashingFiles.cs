using MoeActors.Compute.Checkpoints.Storage;

namespace MoeActors.Compute.Tests.Checkpoints;

/// <summary>The crash: nothing between the checkpoint code and the test may swallow it.</summary>
internal sealed class SimulatedCrashException : Exception;

/// <summary>A file system up to a chosen operation, which is not carried out; knows what a power failure at that moment may take away.</summary>
internal sealed class CrashingFiles(int survive = int.MaxValue) : IFileOperations
{
    private readonly HashSet<string> unsyncedContent = [];
    private readonly List<(string Folder, Action Undo)> unsyncedNames = [];

    public List<string> Operations { get; } = [];

    public void CreateFolder(string path) => Do("create folder", path, () => Directory.CreateDirectory(path));

    public IWritableFile Create(string path, long length)
    {
        IWritableFile? file = null;
        Do("create", path, () =>
        {
            unsyncedNames.Add((Path.GetDirectoryName(path)!, () => File.Delete(path)));
            unsyncedContent.Add(path);
            file = QuickFiles.Instance.Create(path, length);
        });
        return new TrackedFile(this, path, file!);
    }

    public IWritableFile? Reuse(string spare, string path, long length)
    {
        IWritableFile? file = null;
        Do("reuse", path, () =>
        {
            unsyncedNames.Add((Path.GetDirectoryName(path)!, () => MoveBack(spare, path)));
            unsyncedContent.Add(path);
            file = QuickFiles.Instance.Reuse(spare, path, length);
        });
        return new TrackedFile(this, path, file!);
    }

    public void Rename(string from, string to) => Do("rename", to, () =>
    {
        byte[]? before = File.Exists(to) ? File.ReadAllBytes(to) : null;
        unsyncedNames.Add((Path.GetDirectoryName(to)!, () =>
        {
            MoveBack(from, to);
            Restore(to, before);
        }
        ));
        QuickFiles.Instance.Rename(from, to);
        if (unsyncedContent.Remove(from))
        {
            unsyncedContent.Add(to);
        }
    });

    public bool SyncFolder(string path)
    {
        Do("sync folder", path, () => unsyncedNames.RemoveAll(n => n.Folder == path));
        return QuickFiles.Instance.SyncFolder(path);
    }

    public void DeleteFile(string path) => Do("delete", path, () =>
    {
        if (File.Exists(path))
        {
            byte[] content = File.ReadAllBytes(path);
            unsyncedNames.Add((Path.GetDirectoryName(path)!, () => Restore(path, content)));
        }

        QuickFiles.Instance.DeleteFile(path);
    });

    public void DeleteFolder(string path) => Do("delete folder", path, () => QuickFiles.Instance.DeleteFolder(path));

    /// <summary>What the disk may look like after the power failure: unsynced names undone, unsynced contents gone, or either.</summary>
    public void LosePower(bool names, bool contents)
    {
        if (contents)
        {
            foreach (string path in unsyncedContent.Where(File.Exists))
            {
                File.WriteAllBytes(path, new byte[new FileInfo(path).Length]);
            }
        }

        if (names)
        {
            foreach ((_, Action undo) in Enumerable.Reverse(unsyncedNames))
            {
                undo();
            }
        }
    }

    // The file as it is by now: what was written into it since is not undone with its name.
    private static void MoveBack(string from, string to)
    {
        if (File.Exists(to))
        {
            Directory.CreateDirectory(Path.GetDirectoryName(from)!);
            File.Move(to, from, overwrite: true);
        }
    }

    private static void Restore(string path, byte[]? content)
    {
        if (content is null)
        {
            File.Delete(path);
        }
        else if (Directory.Exists(Path.GetDirectoryName(path)))
        {
            File.WriteAllBytes(path, content);
        }
    }

    private void Do(string what, string path, Action action)
    {
        if (Operations.Count >= survive)
        {
            throw new SimulatedCrashException();
        }

        Operations.Add($"{what} {Path.GetFileName(path)}");
        action();
    }

    private sealed class TrackedFile(CrashingFiles owner, string path, IWritableFile file) : IWritableFile
    {
        public void Append(ReadOnlySpan<byte> bytes)
        {
            byte[] copy = bytes.ToArray();
            owner.Do("append", path, () => file.Append(copy));
        }

        public void Sync() => owner.Do("sync", path, () =>
        {
            file.Sync();
            owner.unsyncedContent.Remove(path);
        });

        public void Dispose() => file.Dispose();
    }
}
