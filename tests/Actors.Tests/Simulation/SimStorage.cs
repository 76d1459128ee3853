using System.Runtime.InteropServices;

using MoeActors.Compute.Checkpoints.Format;
using MoeActors.Compute.Checkpoints.Storage;

namespace MoeActors.Actors.Tests.Simulation;

/// <summary>The simulated disk as a process of the product sees it: the order of writes, syncs and renames is the product's own (shard writer, atomic file, retention).</summary>
internal sealed class SimStorage(SimDisk disk, SimSeams seams, Func<bool> isFull) : ICheckpointStorage, IFileOperations
{
    public string Location => "sim:";

    public string Remedy => "wait";

    public bool ExcludesProcesses => true;

    public string Describe(string name) => $"sim:{name}";

    public IReadOnlyList<StoredObject> List(string folder) => seams.Listed(folder,
        [.. disk.Live.Where(f => folder.Length == 0 ? !f.Key.Contains('/') : f.Key.StartsWith(folder + "/", StringComparison.Ordinal))
            .OrderBy(f => f.Key, StringComparer.Ordinal).Select(f => new StoredObject(f.Key, f.Value.Bytes.Count))]);

    public IReadOnlyList<string> Folders() => [.. disk.Folders.Order(StringComparer.Ordinal)];

    public SmallObject? Read(string name) => disk.Live.TryGetValue(name, out SimDisk.Inode? inode) ? inode.Whole() : null;

    public IStoredFile? Open(string name) => disk.Live.TryGetValue(name, out SimDisk.Inode? inode) ? new OpenFile(inode) : null;

    public void CreateFolder(string folder)
    {
        if (folder.Length > 0)
        {
            Demand();
            disk.CreateFolder(folder);
            disk.SyncFolder("");
        }
    }

    public IWritableFile Create(string name, long length)
    {
        Demand();
        return new Written(this, disk.Create(name), name);
    }

    public IWritableFile? Reuse(string spare, string path, long length) => null;

    public void Rename(string from, string to) => disk.Rename(from, to);

    public bool SyncFolder(string folder)
    {
        disk.SyncFolder(folder);
        return true;
    }

    public bool Put(string name, ReadOnlySpan<byte> content, PutCondition condition)
    {
        Demand();
        return Read(name)?.Tag == condition.Tag ? AtomicFile.Write(this, name, content) : throw new PutConflictException($"{name}: changed");
    }

    public void Delete(string name) => disk.Delete(name);

    public void DeleteFile(string path) => disk.Delete(path);

    public void DeleteIf(string name, string tag)
    {
        if (Read(name)?.Tag == tag)
        {
            Delete(name);
        }
    }

    public void DeleteFolder(string folder) => disk.DeleteFolder(folder);

    public void DeleteLeftovers()
    {
        foreach (StoredObject left in List("").Where(f => f.Name.EndsWith(AtomicFile.TemporarySuffix, StringComparison.Ordinal)))
        {
            Delete(left.Name);
        }
    }

    public IDisposable Exclusive() => new Nothing();

    private void Demand()
    {
        if (isFull())
        {
            throw new IOException("no space left on device");
        }
    }

    private sealed class Nothing : IDisposable
    {
        public void Dispose()
        {
        }
    }

    private sealed class Written(SimStorage owner, SimDisk.Inode inode, string name) : IWritableFile
    {
        public void Append(ReadOnlySpan<byte> bytes) => inode.Bytes.AddRange(bytes);

        public void Sync()
        {
            owner.Demand();
            if (owner.Seams.SyncsFiles)
            {
                owner.Disk.Change($"fsync {name}", () => inode.Synced = inode.Bytes.Count);
            }
        }

        public void Dispose()
        {
        }
    }

    private SimDisk Disk => disk;

    private SimSeams Seams => seams;

    private sealed class OpenFile(SimDisk.Inode inode) : IStoredFile
    {
        public long Bytes => inode.Bytes.Count;

        public IRangeReader Range(long offset, long count) => new OpenRange(inode, offset, count);

        public void Dispose()
        {
        }
    }

    private sealed class OpenRange(SimDisk.Inode inode, long offset, long count) : IRangeReader
    {
        private int done;

        public int Read(Span<byte> into)
        {
            ReadOnlySpan<byte> all = CollectionsMarshal.AsSpan(inode.Bytes);
            int from = (int)Math.Min(offset + done, all.Length), n = (int)Math.Min(Math.Min(into.Length, count - done), all.Length - from);
            all.Slice(from, n).CopyTo(into);
            done += n;
            return n;
        }

        public void Dispose()
        {
        }
    }
}
